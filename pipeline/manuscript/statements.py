"""The grammar of credits: roles, names, sources and what stands between them, token by token."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from pipeline.article.credit import Credit, Duty
from pipeline.manuscript import names
from pipeline.manuscript.roles import printed
from pipeline.manuscript.words import Words

_BREAKS = r"\s　\xa0|｜丨/／;；,，、&＆"
_SPACE = re.compile(rf"[{_BREAKS}。·•]+")
_WORD = re.compile(rf"[^{_BREAKS}]+")
_COLON = re.compile(r"[\s　\xa0]{0,4}(?:[:：|｜丨/／•]+|[\s　][-—–]+[\s　])[\s　]*")
_GAP = re.compile(r"[\s　\xa0|｜丨;；]+")
_FULL_STOP = re.compile("[。！？!?；;…]")
_SOURCE = re.compile(
    r"(?:(?:信息|稿件|文章|新闻|内容|本文|资料|消息)\s*)?(?:来\s*源(?!于)|稿\s*源|出\s*处)\s*[:：|｜丨/／]\s*"
    r"|(?:供稿|来稿|投稿)(?:单位|部门)\s*[:：]\s*|转载?自\s*[:：]\s*"
)
_LONGEST_SOURCE = 40
_GIVEN_BY = re.compile(
    r"(?:本文|文中|以上)?(?:图片|照片|图|组图|图文|视频|素材|资料)(?:均|皆|都)?(?:由|为)\s*(.{2,24}?)\s*(?:提供|拍摄|供图|摄)。?"
)
_BEHIND = re.compile(r"([文图摄写])(?=[\s　\xa0]|$)")
"""Behind a name, set apart by a space: 张三 文 李四 图."""
_GLUED = ("摄影报道", "图文报道", "摄影", "供图", "供稿", "拍摄", "整理", "文图", "摄")
"""What stands directly behind a name: 张三摄, 县气象局供图."""
_MADE_UP = re.compile(r"[\u3400-\u9fff]{2,3}[甲乙丙丁戊己庚辛]")
_ASKS = frozenset({"记者", "主播", "技术", "主任", "主编", "总监", "图", "图片", "配图", "漫画", "视频"})
"""Behind these a colon may begin what somebody says (记者：没有) or what is seen (图：采摘现场): a name has to have a
usual surname."""
_NO_DEED = frozenset({"报道", "报导", "综合报道", "采访报道", "联合报道", "编译", "综合"})
"""Behind names: that they reported is said already."""
_CONTRIBUTED = frozenset({"供稿", "投稿", "来稿", "供稿人"})
"""An office that contributed a text is its source."""

_TEXT_AND_PICTURES = re.compile(
    "|".join(
        r"[\s　]{0,2}[/／、和&]?[\s　]{0,2}".join(parts)
        for parts in (
            ("(?:摄影|图)", "(?:文)?", "报[道导]"),
            ("(?:撰?文|文字|采写|文并)", "(?:图片?|摄影?)"),
            ("(?:图片?|摄影)", "(?:文字|文)"),
        )
    )
)
"""One word, or two with a stroke, for who wrote and took the pictures: 文/图, 图文, 摄影报道, 文字 摄影."""


class Token(NamedTuple):
    kind: Literal["role", "behind", "source", "word"]
    text: str
    adjacent: bool = False
    """A role that follows another without names between them: 编辑、校对：张三."""


@dataclass(slots=True)
class Statements:
    """One reading of a line that may be credits."""

    words: Words
    enclosed: bool
    """Whether the line stands in brackets, where roles need no colons."""
    credits: list[Credit] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    labelled: bool = False
    """Whether a role or a source is followed by a colon or a bar."""
    trusted: bool = False
    """Whether a person has been named: what follows in a name's place is one."""
    unroled: tuple[str, ...] = ()
    """Names met before any role: what they did stands behind them."""

    def read(self, text: str) -> bool:
        """Whether all of the text is credits and sources; they are in `credits` and `fields`."""
        if given := _GIVEN_BY.fullmatch(text):
            return self._give([("图片", Duty.PHOTOGRAPHER)], names.split(given[1]), strictly=False)
        return self._read(text) and bool(self.credits or self.fields)

    def _read(self, text: str) -> bool:
        roles: list[tuple[str, Duty]] = []
        waiting: list[str] = []
        for token in self._tokens(text):
            if token.kind == "word" or (token.kind == "behind" and _is_half_a_name(waiting)):
                waiting.append(token.text)
                continue
            if waiting and not self._take(roles, waiting):
                return False
            if token.kind == "role":
                roles = [*(roles if token.adjacent and not waiting else []), *self._roles(token.text)]
            elif (roles and not waiting) or not self._other(token, waiting):
                return False
            else:
                roles = []
            waiting = []
        return self._take(roles, waiting) if waiting else not roles or self._behind(roles)

    def _other(self, token: Token, waiting: Sequence[str]) -> bool:
        """Take a source, or a role behind the names that were waiting."""
        if token.kind == "source":
            return self._source(token.text)
        return self._behind(self._roles(token.text), names.split(" ".join(waiting)))

    def _tokens(self, text: str) -> Iterator[Token]:
        place, after_role = 0, False
        while place < len(text):
            if space := _SPACE.match(text, place):
                place = space.end()
            elif source := _SOURCE.match(text, place):
                place = self._end_of_source(text, source.end())
                self.labelled, after_role = True, False
                yield Token("source", text[source.end() : place].strip(" 　|｜丨/／;；,，、（()）"))
            elif place and (behind := _BEHIND.match(text, place)):
                place, after_role = behind.end(), False
                yield Token("behind", behind[1])
            elif role := self._role_at(text, place):
                spelled, place, colon = role
                self.labelled = self.labelled or colon
                yield Token("role", spelled, adjacent=after_role)
                after_role = not colon or _TEXT_AND_PICTURES.fullmatch(spelled) is not None
            elif word := _WORD.match(text, place):
                place, after_role = word.end(), False
                yield from self._word(word[0])
            else:
                place += 1

    def _word(self, word: str) -> Iterator[Token]:
        for mark in _GLUED:
            name = word.removesuffix(mark)
            if name != word and len(name) > 1 and self._is_named(name, strictly=True):
                yield Token("word", name)
                yield Token("role", mark)
                return
        yield Token("word", word)

    def _role_at(self, text: str, place: int) -> tuple[str, int, bool] | None:
        """(role as written, where it ends with its colon, whether it has one) at this place of the text."""
        both = _TEXT_AND_PICTURES.match(text, place)
        match = both or self.words.role.match(text, place)
        if match is None:
            return None
        end = match.end()
        colon = _COLON.match(text, end)
        if both is None and len(printed(match["word"])) == 1 and (colon is None or colon.end() >= len(text)):
            return None  # 文, 图 and 摄 are parts of names and words
        if colon and not (both is None and colon[0].strip() in "/／" and self._role_at(text, colon.end())):
            return match[0], colon.end(), True
        rest = _WORD.match(text, end)
        if rest and not colon and not self._may_follow(rest[0]):
            return None
        return match[0], end, False

    def _may_follow(self, rest: str) -> bool:
        """Whether what is glued to a role without a colon is a name: 记者张三, and not 记者站."""
        return rest in _NO_DEED or bool(_MADE_UP.fullmatch(rest)) or names.is_person(rest, self.words, strictly=True)

    def _end_of_source(self, text: str, start: int) -> int:
        """Where a source's value ends: before the next role or source behind a gap, or with the line."""
        for gap in _GAP.finditer(text, start):
            if gap.end() > start and (self._role_at(text, gap.end()) or _SOURCE.match(text, gap.end())):
                return gap.start()
        return len(text)

    def _roles(self, spelled: str) -> list[tuple[str, Duty]]:
        if spelled == "写":
            return [("文", Duty.AUTHOR)]
        both = _TEXT_AND_PICTURES.fullmatch(spelled)
        if both and len(spelled) > 1:
            text = ("记者", Duty.REPORTER) if re.search("报|采", spelled) else ("文", Duty.AUTHOR)
            return [text, ("摄影", Duty.PHOTOGRAPHER)]
        match = self.words.role.fullmatch(spelled)
        if match is None:
            return []
        role = printed(match["grade"] + match["word"])
        for own in self.words.names.own:
            role = role.removeprefix(own)
        return [("摄影" if role == "摄" else role, self.words.duties[printed(match["word"])])]

    def _take(self, roles: Sequence[tuple[str, Duty]], waiting: Sequence[str]) -> bool:
        """Give the names to the roles before them; without any they wait for what stands behind them."""
        found = names.split(" ".join(waiting))
        while found and found[-1] in _NO_DEED:
            found = found[:-1]
        if roles:
            return self._give(roles, found, strictly=not (self.labelled or self.enclosed))
        self.unroled = found if all(self._is_named(one, strictly=True) for one in found) else ()
        return bool(self.unroled)

    def _give(self, roles: Sequence[tuple[str, Duty]], found: Sequence[str], *, strictly: bool) -> bool:
        if not 0 < len(found) <= 40:
            return False
        asked = strictly or (not self.enclosed and any(role in _ASKS for role, _ in roles))
        # Where nothing else says so the first has to have a usual surname; then the others need none.
        for one in found:
            if not self._is_named(one, strictly=asked and not self.trusted):
                return False
            self.trusted = True
        offices = tuple(one for one in found if names.is_organisation(one, self.words))
        persons = tuple(one for one in found if one not in offices)
        for role, duty in roles:
            if role in _CONTRIBUTED and not persons:
                self.fields.append(("source", "、".join(offices)))
            else:
                self.credits.append(Credit(role=role, duty=duty, names=persons, organisations=offices))
        return True

    def _behind(self, roles: Sequence[tuple[str, Duty]], last: Sequence[str] = ()) -> bool:
        """Roles behind names: what those before them did, or did as well. `last`: only those named last."""
        named = self.unroled or last or [name for credit in self.credits for name in credit.everybody]
        for role, duty in roles:
            if not self.unroled and (role in _NO_DEED or (self.credits and duty is not Duty.PHOTOGRAPHER)):
                continue  # they have a role already
            if not self._give([(role, duty)], list(named), strictly=False):
                return False
        self.unroled = ()
        return bool(named)

    def _source(self, value: str) -> bool:
        if not 0 < len(value) <= _LONGEST_SOURCE or _FULL_STOP.search(value) or value.count("，") > 1:
            return False
        self.fields.append(("source", value))
        return True

    def _is_named(self, name: str, *, strictly: bool) -> bool:
        return (
            names.is_person(name, self.words, strictly=strictly)
            or bool(_MADE_UP.fullmatch(name))
            or names.is_organisation(name, self.words)
        )


def _is_half_a_name(waiting: Sequence[str]) -> bool:
    """Whether the words end in the first half of a name that a space divides: 李 of 李　文."""
    singles = 0
    for word in reversed(waiting):
        if len(word) != 1:
            break
        singles += 1
    return singles % 2 == 1
