"""Credits as people write them: one line → who did what, where it comes from, when.

A line is read token by token: roles, names, sources, dates and a page's buttons. It is a line of credits only if
nothing of it is left over; what merely begins like one («记者从县里获悉…») stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


from pipeline.credit import Credit, Duty, joined
from pipeline.manuscript import fields, names
from pipeline.manuscript.roles import printed
from pipeline.manuscript.words import Words, shipped

LONGEST = 240
"""Characters of a line of credits; a 摘要 or a list of 关键词 may have `LONGEST_FIELD`."""
LONGEST_FIELD = 1000

_BULLETS = re.compile(r"^[\s　□■◇◆○●◎▲△▶►▷☐☆★※*#·•✎✍🖋📷🎤|｜丨—–-]+")
_PAIRS = {"（": "）", "(": ")", "【": "】", "[": "]", "〔": "〕", "［": "］", "{": "}", "「": "」"}
_SEPARATOR = re.compile(r"[\s　\xa0|｜丨/／;；,，、。·•&＆]+")
_COLON = re.compile(r"[\s　\xa0]{0,4}(?:[:：|｜丨/／•]+|[\s　][-—–]+[\s　])[\s　]*")
_DATE = re.compile(
    r"[（(\[【]?(?:(?:发布|发表|更新|成稿|编辑|录入|添加|上传|播出|刊发|来稿|采集)?(?:时间|日期|于)\s*[:：]?\s*)?"
    r"((?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?(?:[T\s　]*\d{1,2}\s*[:：时]\s*\d{1,2}(?:\s*[:：分]\s*\d{1,2}"
    r"(?:\.\d+)?\s*秒?)?\s*分?(?:Z|[+-]\d\d:?\d\d)?)?)(?![\d.])[)）\]】]?"
)
_WEEKDAY = re.compile(r"[（(]?(?:星期|周)[一二三四五六日天][)）]?")
_WHERE = re.compile(r"(?:发表于|发布于|IP属地[:：]?|原创)\s*[\u3400-\u9fff]{0,4}")
_BUTTONS = re.compile(
    r"[\[【(（]?\s*(?:打印(?:本页|本文|此页|文章)?|关闭(?:窗口|本页|页面)?|我要(?:评论|纠错)|分享(?:到|至)?[:：]?|收藏(?:本页|本文)?|"
    r"返回(?:顶部|列表|首页)?|复制链接|(?:字\s*体|字\s*号|文字大小|视力保护色|背景色)\s*[:：]?\s*(?:[\[【(（]?\s*(?:特大|超大|大|中|小|默认|标准|A[+-]?)\s*[\]】)）]?\s*[|｜/、]?\s*)*"
    r"|(?:浏览|阅读|点击|访问|查看|观看)(?:次数|人数|量|数|率)?\s*[:：]?\s*[\[【(（]?\s*\d[\d,.]*\s*[万+]*\s*[\]】)）]?\s*(?:次|人次|人)?"
    r"|(?:浏览|阅读|点击|访问)(?:次数|人数|量|数|率)\s*[:：]?\s*次?|人气\s*[:：]\s*\d+|评论\s*[:：(（]\s*\d+\s*[)）]?)\s*[\]】)）]?"
)
_SOURCE = re.compile(
    r"(?:(?:信息|稿件|文章|新闻|内容|本文|资料|消息)\s*)?(?:来\s*源(?!于)|稿\s*源|出\s*处)\s*[:：|｜/／]\s*|(?:供稿|来稿|投稿)(?:单位|部门)\s*[:：]\s*|(?:转载?自)\s*[:：]\s*"
)
_OTHER_SOURCE = re.compile(r"(?:图片?|照片|数据|视频|音频|素材|题图|封面)\s*来\s*源")
_GIVEN_BY = re.compile(
    r"(?:(?:本文|文中|以上)?(?:图片|照片|图|组图|图文|视频|素材|资料)(?:均|皆|都)?(?:由|为)\s*)(.{2,24}?)\s*(?:提供|拍摄|供图|摄)[。]?"
)
_DATELINE = re.compile(r"^[\u3400-\u9fffA-Za-z\d·]{0,20}?(?:讯|电|消息)\s*[:：]?\s*(?=[（(【\[]?[\u3400-\u9fff]{0,12}(?:记者|通讯员))")
_LABELLED = re.compile(r"^([\u3400-\u9fffA-Za-z_]{1,8}(?:[\s　]+[\u3400-\u9fff])?)\s*[:：]\s*(\S.*)$")
_FULL_STOP = re.compile("[。！？!?；;…]")
_MADE_UP = re.compile(r"[\u3400-\u9fff]{2,3}[甲乙丙丁戊己庚辛]")

WHOLE_LINE = ("headline", "kicker", "subhead", "short_headline", "series", "column", "keywords", "summary", "number", "reference")
"""Fields whose value runs to the end of the line, whatever follows."""

_BOTH = {  # words for text and pictures in one: (before a name, behind names that have a role already)
    "摄影报道": (Duty.REPORTER, Duty.PHOTOGRAPHER), "摄影报导": (Duty.REPORTER, Duty.PHOTOGRAPHER),
    "图文报道": (Duty.REPORTER, Duty.PHOTOGRAPHER), "图文": (Duty.AUTHOR, Duty.PHOTOGRAPHER),
    "文图": (Duty.AUTHOR, Duty.PHOTOGRAPHER), "文并图": (Duty.AUTHOR, Duty.PHOTOGRAPHER),
    "撰文摄影": (Duty.AUTHOR, Duty.PHOTOGRAPHER), "文字摄影": (Duty.AUTHOR, Duty.PHOTOGRAPHER),
    "采写摄影": (Duty.REPORTER, Duty.PHOTOGRAPHER), "文摄影": (Duty.AUTHOR, Duty.PHOTOGRAPHER),
    "文摄": (Duty.AUTHOR, Duty.PHOTOGRAPHER), "摄影文": (Duty.AUTHOR, Duty.PHOTOGRAPHER),
}  # fmt: skip
_BOTH_SPELLED = re.compile(
    "|".join(
        r"[\s　]{0,2}[/／、和&]?[\s　]{0,2}".join(parts)
        for parts in (
            ("摄影", "报[道导]"), ("图", "文", "报[道导]"), ("图", "文"), ("文", "图"), ("文", "并", "图"), ("撰文", "摄影"),
            ("文字", "摄影"), ("采写", "摄影"), ("文", "摄影?"), ("摄影", "文"), ("图片", "文字"), ("文字", "图片"), ("撰文", "图片?"),
        )
    )
)  # fmt: skip
_BEHIND = re.compile(r"(文|图|摄|写)(?=[\s　\xa0]|$)")
"""Behind a name, set apart by a space: 张三 文 李四 图."""
_NO_DEED = frozenset({"报道", "报导", "综合报道", "采访报道", "联合报道", "编译", "综合"})
"""Behind names: that they reported is said already."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says, if it is nothing but credits, a date or a web page's buttons."""

    credits: tuple[Credit, ...] = ()
    fields: tuple[tuple[str, str | int | tuple[str, ...]], ...] = ()
    """(field of the article, value)."""
    date: str = ""
    labelled: bool = False
    """Whether its roles are followed by colons or bars."""
    enclosed: bool = False

    @property
    def became(self) -> tuple[str, ...]:
        """The fields it gives, for the reading; empty for buttons alone."""
        told = (*(["credits"] if self.credits else []), *(name for name, _ in self.fields))
        return (*told, *(["date"] if self.date else []))

    def has(self, *duties: Duty) -> bool:
        return any(credit.duty in duties for credit in self.credits)


NOTHING = Said()


def said(text: str, words: Words | None = None) -> Said | None:
    """What a line says; None for a line that is, or may be, text.

    >>> said("(天水在线编辑:马文洁)").credits[0].names
    ('马文洁',)
    >>> [(one.role, one.names) for one in said("（记者 张三 摄影报道）").credits]
    [('记者', ('张三',)), ('摄影', ('张三',))]
    >>> said("(2020/1/10 16:18:42)  来源:武山县融媒体中心  打印本页").fields
    (('source', '武山县融媒体中心'),)
    >>> said("记者在现场看到，编辑：甲") is None
    True
    """
    if len(text) > LONGEST_FIELD:
        return None
    return _said(text, words or shipped())



def _said(text: str, words: Words) -> Said | None:
    whole = _whole_line(text)
    if whole is not None:
        return whole
    if len(text) > LONGEST or _OTHER_SOURCE.search(text):
        return None
    bare, enclosed = _opened(text)
    if text[:1] in "□■○●◎◇◆☐▢✎/／" and (byline := alone(bare, words)) is not None:
        return byline
    pressed = _BUTTONS.sub(" ", bare)
    dates: list[str] = []

    def dated(match: re.Match[str]) -> str:
        if not fields.is_date(" ".join(match[1].split())):
            return match[0]
        dates.append(match[1].strip())
        return " "

    plain = _WEEKDAY.sub(" ", _DATE.sub(dated, pressed)) if _DATE.search(pressed) else pressed
    if dates:
        plain = _WHERE.sub(" ", plain)
    plain = plain.strip(" \t　\xa0|｜丨/／,，、;；")
    if dates and names.is_organisation(plain, words):
        plain = ""  # 青河融媒 2026年5月9日 18:20: the account, which says it in a line of its own if it is the source
    if not plain or set(plain) <= set("[]【】()（）|｜/／-—·:： 　"):
        told = bool(dates) or pressed != bare
        return Said(date=dates[0] if dates else "", enclosed=enclosed) if told else None
    # What is left may be enclosed only now: 2020-01-10 （记者 张三）.
    plain, inner = _opened(plain)
    found = _Statements(words, enclosed or inner or bool(dates)).read(plain)
    if found is None:
        return None
    return Said(
        joined(found.credits), tuple(found.fields), dates[0] if dates else "", found.labelled, enclosed or inner
    )


def closing(text: str, words: Words) -> tuple[int, Said] | None:
    """Credits that end a paragraph, in brackets or as «… 张三 摄», and where they begin; None if it ends in text."""
    match = re.search(r"\s*[（(【\[]([^（）()【】\[\]]{2,120})[)）】\]]\s*[。.]?\s*$", text)
    if match:
        found = _said(f"（{match[1]}）", words) or alone(match[1], words)
        return (match.start(), found) if found and found.credits and match.start() else None
    tail = text[-60:]
    for match in re.finditer(r"(?<=[。！？!?”…])[\s　]*(?=[^。！？!?]{2,40}$)", tail):
        found = _said(tail[match.end() :].strip(), words)
        if found and found.credits:
            return len(text) - len(tail) + match.start(), found
    return None


def alone(text: str, words: Words) -> Said | None:
    """One to four names and nothing else, which in brackets at an article's end are its authors'."""
    if _FULL_STOP.search(text) or len(text) > 30:
        return None
    found = names.split(text)
    if not 0 < len(found) <= 4 or not all(names.is_person(one, words, strictly=True) for one in found):
        return None
    return Said((Credit(role="作者", duty=Duty.AUTHOR, names=found),), enclosed=True)


def _whole_line(text: str) -> Said | None:
    """A field that has the rest of the line: 标题：…, 关键词：…; None where the line begins with no such label."""
    match = _LABELLED.match(text.strip())
    name = "".join(match[1].split()) if match else ""
    field_name = fields.field_of(name) if match and not name.isascii() else None
    if match is None or field_name not in WHOLE_LINE:
        return None
    value: str | int | tuple[str, ...] | None = match[2].strip()
    if field_name == "keywords":
        value = fields.keywords(match[2])
    elif field_name == "number":
        value = fields.number(match[2].strip())
    elif field_name == "series":
        value = match[2].rstrip(" :：　")
    return None if value is None else Said(fields=((field_name, value),), labelled=True)


def _opened(text: str) -> tuple[str, bool]:
    """The line without bullets before it and brackets around it, and whether there were such brackets."""
    bare = _BULLETS.sub("", text).strip(" \t　\xa0")
    stripped = bare.rstrip("。. 　")
    last = _PAIRS.get(stripped[:1])
    if last and stripped.endswith(last) and not any(mark in stripped[1:-1] for mark in (stripped[0], last)):
        return stripped[1:-1].strip(" 　"), True
    return bare, False


@dataclass(slots=True)
class _Statements:
    """One reading of a line's tokens."""

    words: Words
    enclosed: bool
    credits: list[Credit] = field(default_factory=list)
    fields: list[tuple[str, str]] = field(default_factory=list)
    labelled: bool = False
    _adjacent: bool = False
    """Whether the role just met follows another without names between them: 编辑、校对：张三."""
    _unroled: tuple[str, ...] = ()
    """Names met before any role."""

    def read(self, text: str) -> _Statements | None:
        """Itself, filled; None if something of the text is no part of credits."""
        text = _DATELINE.sub("", text) if not self.enclosed else text
        if (given := _GIVEN_BY.fullmatch(text)) is not None:
            return self if self._gave(("图片",), given[1], strictly=False) else None
        if text[:1] in _PAIRS:  # 本报讯（记者 张三）
            text, inside = _opened(text)
            self.enclosed = self.enclosed or inside
        roles: list[tuple[str, Duty]] = []
        waiting: list[str] = []
        spoken: list[str] = []
        for kind, token in self._tokens(text):
            if kind == "role":
                if waiting and not self._take(roles, waiting):
                    return None
                if waiting or not roles or not self._adjacent:
                    spoken += waiting
                    roles, waiting = [], []
                roles = [*roles, *self._roles(token)]
            elif kind == "behind":
                if _is_half_a_name(waiting):
                    waiting.append(token)
                    continue
                if not (self._take(roles, waiting) if waiting else bool(self.credits)):
                    return None
                if not self._behind(self._roles({"写": "文"}.get(token, token)), spoken, of=names.split(" ".join(waiting))):
                    return None
                roles, waiting = [], []
            elif kind == "source":
                if (waiting or roles) and not self._take(roles, waiting):
                    return None
                roles, waiting = [], []
                if len(token) > 40 or _FULL_STOP.search(token) or not token or token.count("，") > 1:
                    return None
                self.fields.append(("source", token))
            else:
                waiting.append(token)
        return self._end(roles, waiting, spoken)

    def _end(self, roles: list[tuple[str, Duty]], waiting: list[str], spoken: list[str]) -> _Statements | None:
        if waiting:
            return self if self._take(roles, waiting) and self._convincing() else None
        if roles:
            return self if self._behind(roles, spoken) and self._convincing() else None
        return self if self._convincing() else None

    def _convincing(self) -> bool:
        return bool(self.credits or self.fields)


    def _tokens(self, text: str) -> Iterator[tuple[str, str]]:
        """("role", as written), ("source", value) and ("word", text) in their order."""
        place, after_role = 0, False
        while place < len(text):
            space = _SEPARATOR.match(text, place)
            if space:
                place = space.end()
                continue
            source = _SOURCE.match(text, place)
            if source:
                end = self._until_label(text, source.end())
                self.labelled, after_role = True, False
                yield "source", text[source.end() : end].strip(" 　|｜丨/／;；,，、（()）")
                place = end
                continue
            behind = _BEHIND.match(text, place) if place else None
            if behind:
                after_role = False
                yield "behind", behind[1]
                place = behind.end()
                continue
            role = self._role_at(text, place)
            if role is not None:
                self._adjacent = after_role
                after_role = True
                token, place, colon = role
                self.labelled = self.labelled or colon
                yield "role", token
                if colon:
                    after_role = False
                    self._adjacent = False
                continue
            word = re.compile(r"[^\s　\xa0|｜丨/／;；,，、&＆]+").match(text, place)
            if word is None:
                place += 1
                continue
            after_role = False
            yield from self._word(word[0])
            place = word.end()

    def _word(self, word: str) -> Iterator[tuple[str, str]]:
        """A word, or a name with what its bearer did behind it: 张三摄, 县气象局供图."""
        for mark in ("摄影报道", "图文报道", "摄影", "供图", "供稿", "拍摄", "整理", "摄", "文图"):
            if word.endswith(mark) and len(word) - len(mark) >= 2:
                name = word[: -len(mark)]
                if names.is_person(name, self.words, strictly=True) or names.is_organisation(name, self.words):
                    yield "word", name
                    yield "role", mark
                    return
        yield "word", word

    def _role_at(self, text: str, place: int) -> tuple[str, int, bool] | None:
        """(role as written, where it ends with its colon, whether it has one) at this place of the text."""
        both = _BOTH_SPELLED.match(text, place)
        match = both or self.words.role.match(text, place)
        if match is None:
            return None
        end = match.end()
        colon = _COLON.match(text, end)
        word = "".join((match[0] if both else match["word"]).split())
        if both is None and len(word) == 1 and not (colon and colon.end() < len(text)) and not (
            end >= len(text) and place
        ):
            return None  # 文, 图 and 摄 are parts of names and words
        if colon and not (both is None and colon[0].strip() in "/／" and self._role_at(text, colon.end())):
            return match[0], colon.end(), True
        follows = text[end : end + 1]
        if follows and not _SEPARATOR.match(follows) and not colon:
            rest = re.compile(r"[^\s　\xa0|｜丨/／;；,，、&＆]+").match(text, end)
            if rest is None or not self._may_be_named(rest[0]):
                return None
        return match[0], end, False

    def _may_be_named(self, rest: str) -> bool:
        return names.is_person(rest, self.words, strictly=True) or bool(_MADE_UP.fullmatch(rest)) or (
            rest in _NO_DEED
        ) or (self.enclosed and names.is_person(rest, self.words))

    def _until_label(self, text: str, start: int) -> int:
        """Where a source's value ends: before the next role or source behind a space, or at the end."""
        for space in re.compile(r"[\s　\xa0|｜丨;；]+").finditer(text, start):
            after = space.end()
            if after > start and (self._role_at(text, after) or _SOURCE.match(text, after)):
                return space.start()
        return len(text)

    def _roles(self, token: str) -> list[tuple[str, Duty]]:
        spelled = re.sub(r"[\s　\xa0/／、和&]", "", token)
        if spelled in _BOTH:
            return [("文" if one is Duty.AUTHOR else "记者" if one is Duty.REPORTER else "摄影", one) for one in _BOTH[spelled]]
        match = self.words.role.fullmatch(token)
        if match is None:
            return []
        role = printed(match["grade"] + match["word"])
        role = "摄影" if role == "摄" else role
        for own in ("本报", "本台", "本网", "本刊", "本社"):
            role = role.removeprefix(own)
        return [(role, self.words.duties[printed(match["word"])])]

    def _take(self, roles: list[tuple[str, Duty]], waiting: list[str]) -> bool:
        """Give the names to the roles before them."""
        text = " ".join(waiting)
        if not roles:
            return bool(waiting) and self._pending(text)
        return self._gave(tuple(role for role, _ in roles), text, strictly=not (self.labelled or self.enclosed), duties=tuple(duty for _, duty in roles))



    def _pending(self, text: str) -> bool:
        """Names before any role: those who did what comes behind them."""
        found = names.split(text)
        if not found or not all(self._named(one, strictly=True) for one in found):
            return False
        self._unroled = found
        return True

    def _gave(self, roles: Sequence[str], text: str, *, strictly: bool, duties: Sequence[Duty] = (Duty.PHOTOGRAPHER,)) -> bool:
        found = names.split(text)
        while found and found[-1] in _NO_DEED:
            found = found[:-1]
        if not 0 < len(found) <= 40:
            return False
        for role in roles:
            asked = strictly or role in ("记者", "主持人", "主持", "技术", "主任", "主编") and not self.enclosed
            if not all(self._named(one, strictly=asked) for one in found):
                return False
        persons = tuple(one for one in found if not names.is_organisation(one, self.words))
        offices = tuple(one for one in found if names.is_organisation(one, self.words))
        for role, duty in zip(roles, duties, strict=True):
            if role in ("供稿", "投稿", "来稿", "供稿人") and offices and not persons:
                self.fields.append(("source", "、".join(offices)))
            else:
                self.credits.append(Credit(role=role, duty=duty, names=persons, organisations=offices))
        return True

    def _named(self, name: str, *, strictly: bool) -> bool:
        return (
            names.is_person(name, self.words, strictly=strictly)
            or bool(_MADE_UP.fullmatch(name))
            or names.is_organisation(name, self.words)
        )

    def _behind(self, roles: list[tuple[str, Duty]], spoken: list[str], of: Sequence[str] = ()) -> bool:
        """Roles behind names: what those named before them did as well, or did. `of`: only the last named."""
        named = self._unroled or tuple(of) or tuple(name for credit in self.credits for name in credit.everybody)
        if not named:
            return False
        for role, duty in roles:
            if role in _NO_DEED or (duty is not Duty.PHOTOGRAPHER and self.credits and not self._unroled):
                continue
            self._gave((role,), "、".join(named), strictly=False, duties=(duty,))
        self._unroled = ()
        return True


def _is_half_a_name(waiting: Sequence[str]) -> bool:
    """Whether the words end in the first half of a name that a space divides: 李 of 李　文."""
    singles = 0
    for word in reversed(waiting):
        if len(word) != 1:
            break
        singles += 1
    return singles % 2 == 1


def put_together(all_said: Iterable[Said]) -> tuple[Credit, ...]:
    return joined(credit for one in all_said for credit in one.credits)
