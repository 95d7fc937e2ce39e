"""The lines around a text: title, series, 编者按, credits at its beginning and end, and what a web page adds.

Word files, web pages and plain text carry their fields as lines that a reader recognises by their look.
`harvest` takes these lines out of the blocks and fills the draft's fields; what is left is the body.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from pipeline.channel import Text
from pipeline.credit import PEOPLE
from pipeline.manuscript import fields
from pipeline.manuscript.body import Block, truncated
from pipeline.manuscript.draft import Draft

LONGEST_TITLE = 100
"""Characters; a first line longer than that is text."""
LONGEST_CREDITS = 1000
"""Characters; a 摘要 or a list of 关键词 may be that long."""

_LABELS = "|".join(sorted((name for name in fields.FIELD_OF if not name.isascii()), key=len, reverse=True))
_UNKEPT = "校对|监制|监审|主编|总编|值班总编|值班主任|策划|统筹|制作|制图|视频|剪辑|播音|主播|配音"
"""Credits that newsrooms give and the record has no field for."""
_LABEL = re.compile(
    rf"(?:^|(?<=[\s　|｜/／;；,，、】)）]))([\u4e00-\u9fff]{{0,6}}?)({_LABELS}|{_UNKEPT})\s*(?:[:：]|[/／](?=\S))\s*"
)
_WHOLE_LINE = ("headline", "kicker", "subhead", "short_headline", "series", "column", "keywords", "summary")
"""Fields whose value runs to the end of the line, whatever follows."""

_NOTE = re.compile(r"^(?:[【\[(（]\s*编者(?:按|的话)\s*[】\])）]\s*[:：]?|编者(?:按|的话)(?:\s*[:：]|\s+|$))\s*")
_SERIES = re.compile(
    r"^\S.{0,40}(?:系列|连载|走笔|述评).{0,10}(?:之|第|[（(])\s*[零一二三四五六七八九十\d]{1,4}\s*[篇期集回]?[)）]?\s*[:：]?$"
)
_COLUMN = re.compile(r"^【\s*([^【】]{1,20}?)\s*】\s*(?=\S)")
_PICTURED = re.compile(r"\s*[(（](?:图|组图|多图|图文|高清图)[)）]$")
_BREADCRUMB = re.compile(r"^(?:您(?:现在)?所在的?位置|您的位置|当前位置|现在的?位置|首页\s*(?:>|＞|»|/))")
_JUNK = re.compile(
    r"[\[【(（]?\s*(?:打印本页|打印本文|打印|关闭窗口|关闭本页|关闭|我要评论|我要纠错|分享到[:：]?|收藏本页|返回顶部|复制链接|"
    r"(?:字体|字号)\s*[:：]?\s*[\[【(（]?\s*大\s*[|｜/]?\s*中\s*[|｜/]?\s*小|(?:浏览次数|浏览量|阅读次数|阅读量|点击数|点击率|点击)\s*[:：]\s*\d*\s*次?)"
    r"\s*[\]】)）]?"
)
_NOISE = re.compile(
    r"^[【\[■●◆▶]?\s*(?:(?:摄影)?相关(?:图片|新闻|链接|文章|阅读|报道|信息|稿件|内容)|延伸阅读|热门推荐|热点新闻|推荐阅读|猜你喜欢|"
    r"上一篇.*|下一篇.*|版权声明.*|免责声明.*)\s*[】\]]?\s*[:：]?$"
)
_FULL_STOP = re.compile("[。！？!?；]")

_OUTLET = "本报|本台|本网|新华社|融媒体|全媒体|见习|实习|特约|首席|武山融媒"
_ROLE = re.compile(
    rf"^(?:{_OUTLET}){{0,3}}(摄影报道|摄影报导|图文报道|文/图|图/文|文／图|图／文|图文|报道|报导|责任编辑|记者|通讯员|作者|摄影|编辑|审核|签发)"
)
_FIELD_OF_ROLE = {
    "记者": "reporters", "通讯员": "reporters", "作者": "reporters", "摄影": "photographers",
    "编辑": "editors", "责任编辑": "editors", "审核": "reviewers", "签发": "approvers",
}  # fmt: skip
_PICTURES_TOO = frozenset({"摄影报道", "摄影报导", "图文报道", "文/图", "图/文", "文／图", "图／文", "图文", "摄影"})
"""Behind the reporters' names: they took the pictures as well."""
_REPORT = frozenset({"报道", "报导"})
_BOTH = re.compile(r"(?:文\s*[/／、]?\s*图|图\s*[/／、]?\s*文|图文)\s*[:：/／]\s*")
_NAME = re.compile(r"[\u3400-\u9fff]{2,5}|[\u3400-\u9fff]{1,8}[·•][\u3400-\u9fff·•]{1,12}|[A-Za-z][A-Za-z .'’-]{1,40}")
_NO_NAME = frozenset({"手记", "招待会", "招待会上", "观察", "调查", "述评", "站", "节", "专访", "部", "室"})
_PADDED = re.compile(r"(?<![\u4e00-\u9fff])([\u4e00-\u9fff])[ 　]+([\u4e00-\u9fff])(?=\s*[:：])")
"""编　辑：, as lines are made equally long in Word."""
_EMPLOYER = re.compile(r"^[\u4e00-\u9fff·]{1,14}?(?:中心|社|台|报|网|云|客户端)\s*(?=记者|通讯员)")
_ENCLOSED = re.compile(r"^[（(\[【]\s*([^（）()\[\]【】]+?)\s*[)）\]】]$")
_DATED = re.compile(r"[（(]?(?:(?:时间|日期)\s*[:：]\s*)?\d{4}[-/.年\s\d月日:：时分秒]+[)）]?")
_CLOSING = re.compile(r"\s*[（(]([^（）()]{2,60})[)）]\s*$")
_OPENING = re.compile(r"^.{0,20}?[（(]([^（）()]{2,60})[)）]")

Credits = list[tuple[str, str | tuple[str, ...]]]
"""(field, value) pairs; the field is "" for a credit that the record has no field for, with its label and names."""


def harvest(content: Sequence[Block], draft: Draft, *, page: bool = False) -> list[Block]:
    """The body's blocks, with what stands around them taken out and put into the draft's fields.

    A headline that the reader has found already is only looked for to be dropped where it is repeated.
    `page`: the text comes from a web page, so lists of related articles below it are dropped, with a notice.
    """
    left = _without_noise(list(content), draft) if page else list(content)
    left = _head(left, draft)
    left = _tail(left, draft)
    _opening(left, draft)
    if "number" not in draft.fields and (counted := fields.series_number(draft.text("series"))):
        draft.put("number", counted)
    return left


def harvest_around(content: Sequence[Block], draft: Draft) -> None:
    """Source and persons from what a web page shows outside the text; what the text itself says holds."""
    for block in content:
        found = credits(block.text) or []
        _put([(field, value) for field, value in found if field == "source" or field in PEOPLE], draft, None)


def put_headline(text: str, draft: Draft, line: int | None = None) -> None:
    """Take `text` as the headline: a column in 【】 before it and a «(图)» behind it are not part of it."""
    match = _COLUMN.match(text)
    if match and draft.text("column") in ("", match[1]):
        draft.put("column", match[1], line=line)
        text = text[match.end() :]
    draft.put("headline", _PICTURED.sub("", text).strip(), line=line)


def looks_like_title(text: str) -> bool:
    """Whether a first line without any other sign may be the headline."""
    return 0 < len(text) <= LONGEST_TITLE and not text.endswith(("。", "；", ";", "，", ","))


def is_line_of_its_own(text: str) -> bool:
    """Whether a line says where the page is, to which series the article belongs, or begins the 编者按."""
    return any(pattern.match(text) for pattern in (_BREADCRUMB, _NOTE, _SERIES))


def credits(text: str) -> Credits | None:
    """What a line says, if it is nothing but credits, a date or a web page's buttons; None for any other line.

    >>> credits("(天水在线编辑:马文洁)")
    [('editors', ('马文洁',))]
    >>> credits("（记者 张三 摄影报道）")
    [('reporters', ('张三',)), ('photographers', ('张三',))]
    >>> credits("(2020/1/10 16:18:42)  来源:武山县融媒体中心  打印本页")
    [('source', '武山县融媒体中心')]
    >>> credits("记者在现场看到，编辑：甲") is None
    True
    """
    if len(text) > LONGEST_CREDITS:
        return None
    bare = _JUNK.sub(" ", text).strip(" \t　|｜")
    if enclosed := _ENCLOSED.match(bare):
        bare = enclosed[1]
    if not bare or fields.is_date(bare):
        return []
    bare = _BOTH.sub("文/图 ", _PADDED.sub(r"\1\2", bare))
    spoken = _spoken(bare, bool(enclosed))
    return spoken if spoken is not None or not _LABEL.search(bare) else _labelled(bare)


def _labelled(text: str) -> Credits | None:
    """Credits with colons: 来源：… 编辑：… 审核：…"""
    matches = list(_LABEL.finditer(text))
    first = matches[0]
    before = text[: first.start()].strip(" 　()（）|｜")
    if before and not fields.is_date(before):
        # What stands before may be spoken: «记者 张三 编辑：李四».
        spoken = _spoken(before, True)
        if spoken is None:
            return None
    else:
        spoken = []
    if fields.field_of(first[2]) in _WHOLE_LINE:
        if first.start() or first[1]:
            return None
        matches = [first]
    found: Credits = list(spoken)
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        value = text[match.end() : following.start() if following else len(text)].strip(" 　|｜/／;；,，、")
        value = value.rstrip("】)）]") if match.start() and text[match.start() - 1] in "【(（[" else value
        field = fields.field_of(match[2]) or ""
        # 图片来源 and 活动时间 are part of what the article says.
        read = None if match[1] and field in ("source", fields.DATE) else _read(field, value, match[2])
        if read is None:
            return None
        found.extend(read)
    return found


def _read(field: str, value: str, label: str) -> Credits | None:
    found: Credits = [(field, value)]
    fits = len(value) <= 40 and not _FULL_STOP.search(value)
    if field == fields.DATE:
        found, fits = [], fields.is_date(value)
    elif field == "keywords":
        found, fits = [(field, fields.keywords(value))], True
    elif field in PEOPLE or not field:
        names = fields.people(value)
        found = [(field, names)] if field else [("", (label, *names))]
        # In an interview «记者：…» is followed by a question.
        fits = len(names) <= 12 and all(
            _NAME.fullmatch(name) if label == "记者" else name.isascii() or len(name) <= 15 for name in names
        )
        fits = fits and not any(_FULL_STOP.search(name) for name in names)
    elif field == "number":
        fits = fields.number(value) is not None
    elif field in _WHOLE_LINE:
        fits = True
    return found if fits else None


def _spoken(text: str, enclosed: bool) -> Credits | None:
    """Credits without colons: 记者 张三 通讯员 李四 文/图. Without brackets they need spaces between the words."""
    text = _EMPLOYER.sub("", text)
    if len(text) > 60 or not _ROLE.match(text) or not (enclosed or re.search(r"\s", text)):
        return None
    found: Credits = []
    names: tuple[str, ...] = ()
    for role, given in _said(text):
        if any(not _NAME.fullmatch(name) or name in _NO_NAME for name in given):
            return None
        if role in _PICTURES_TOO and (given or names):
            if given and role != "摄影":
                found.append(("reporters", given))
            found.append(("photographers", given or names))
        elif role in _FIELD_OF_ROLE and given:
            found.append((_FIELD_OF_ROLE[role], given))
            names += given if _FIELD_OF_ROLE[role] == "reporters" else ()
        elif role not in _REPORT or given:
            return None
    return found or None


def _said(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """(role, names) in the order of the words; names before any role stand under ""."""
    said: list[tuple[str, list[str]]] = []
    for word in text.replace("、", " 、 ").split():
        role = _ROLE.match(word)
        rest = word[role.end() :] if role else ""
        if role and (not rest or _NAME.fullmatch(rest)):
            said.append((role[1], [rest]))
        else:
            said = said or [("", [])]
            said[-1][1].append(word)
    return [(role_name, fields.people(" ".join(words))) for role_name, words in said]


def _head(content: list[Block], draft: Draft) -> list[Block]:
    """Recognised lines at the beginning; they may come in any order, the first unknown one ends them."""
    place = 0
    while place < len(content):
        block = content[place]
        text = block.text
        if block.tag not in ("p", "h1", "h2", "h3"):
            break
        taken = _take(block, draft)
        if not taken and "headline" not in draft.fields and looks_like_title(text):
            put_headline(text, draft, block.hints.line)
            taken = True
        if not taken:
            break
        place += 1
        if _NOTE.fullmatch(text) and place < len(content) and content[place].tag == "p":
            # 编者按 as a heading of its own: the paragraph below it is the note.
            draft.put("editors_note", content[place].text, line=content[place].hints.line)
            place += 1
    return content[place:]


def _take(block: Block, draft: Draft) -> bool:
    """Fill the draft's fields from one block; whether it was recognised."""
    text, line = block.text, block.hints.line
    if _BREADCRUMB.match(text):
        return True
    if note := _NOTE.match(text):
        draft.put("editors_note", text[note.end() :], line=line)
        return True
    if _is_headline(text, draft):
        return True
    if _SERIES.match(text) and not draft.text("series"):
        draft.put("series", text.rstrip(" :：　"), line=line)
        return True
    found = credits(text)
    if found is None:
        return False
    _put(found, draft, line)
    return True


def _is_headline(text: str, draft: Draft) -> bool:
    known = draft.text("headline")
    bare = _PICTURED.sub("", _COLUMN.sub("", text))
    return bool(known) and "".join(bare.split()) == "".join(known.split())


def _put(found: Credits, draft: Draft, line: int | None) -> None:
    for field, value in found:
        if not field:
            draft.notice(
                "body",
                Text.of("the credit “{label}：{names}” was left out", label=value[0], names="、".join(value[1:])),
                Text.of("nothing to do: the record has no field for it"),
                line=line,
            )
        elif field == "headline":
            put_headline(str(value), draft, line)
        elif field == "number":
            draft.put(field, fields.number(str(value)) or 0, line=line)
        elif field == "series":
            draft.put(field, str(value).rstrip(" :：　"), line=line)
        else:
            draft.put(field, value, line=line)


def _tail(content: list[Block], draft: Draft) -> list[Block]:
    """Recognised lines at the end, and credits in brackets that close the last paragraph."""
    recognised = list(takewhile(lambda block: block.tag == "p" and _is_credit(block.text), reversed(content)))
    while recognised and _DATED.fullmatch(recognised[-1].text):
        recognised.pop()  # the date of a notice stands below its text
    if recognised and len(recognised) == len(content):
        return content
    for block in reversed(recognised):
        _put(credits(block.text) or [], draft, block.hints.line)
    left = content[: len(content) - len(recognised)]
    if left and left[-1].tag == "p":
        whole = "".join(run.text for run in left[-1].runs)
        closing = _CLOSING.search(whole)
        found = credits(closing[1]) if closing else None
        if closing and found and any(field in PEOPLE for field, _ in found) and closing.start():
            _put(found, draft, left[-1].hints.line)
            left[-1] = truncated(left[-1], closing.start())
    return left


def _is_credit(text: str) -> bool:
    found = credits(text)
    return found is not None and not any(field in ("headline", "kicker", "subhead") for field, _ in found)


def _opening(content: list[Block], draft: Draft) -> None:
    """本报讯（记者 张三）…: the reporter is noted, the sentence stays as its author wrote it."""
    first = next((block for block in content if block.tag == "p"), None)
    opening = _OPENING.match(first.text) if first else None
    if first and opening and re.match(r"(?:\S{0,12}讯\s*)?[（(]", first.text):
        found = credits(f"（{opening[1]}）")
        if found and all(field in PEOPLE for field, _ in found):
            _put(found, draft, first.hints.line)


def _without_noise(content: list[Block], draft: Draft) -> list[Block]:
    """Everything from a line such as 相关新闻 on is another article's; credits below it are still this one's."""
    for place, block in enumerate(content):
        if place and block.tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6") and _NOISE.match(block.text):
            kept = [later for later in content[place:] if later.tag == "p" and later.runs and credits(later.text)]
            draft.notice(
                "body",
                Text.of(
                    "“{heading}” and what follows it ({count} paragraphs) were left out",
                    heading=block.text,
                    count=len(content) - place - 1 - len(kept),
                ),
                Text.of("if it belongs to the article, move it before that line"),
                line=block.hints.line,
            )
            return content[:place] + kept
    return content
