"""Credits as people write them: one line → who did what, where it comes from, when.

A line is one of credits only if nothing of it is left over; what merely begins like one («记者从县里获悉…») is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.article.credit import Credit, Duty, joined
from pipeline.manuscript import fields, names
from pipeline.manuscript.label import NoLabel, labelled
from pipeline.manuscript.statements import Statements
from pipeline.manuscript.words import Words, shipped

LONGEST = 240
"""Characters of a line of credits; a 摘要 or a list of 关键词 may have `LONGEST_FIELD`."""
LONGEST_FIELD = 1000
WHOLE_LINE = frozenset(
    {
        "headline",
        "kicker",
        "subhead",
        "short_headline",
        "series",
        "column",
        "keywords",
        "summary",
        "number",
        "reference",
    }
)
"""Fields whose value runs to the end of the line, whatever follows."""

_BULLETS = re.compile(r"^[\s　□■◇◆○●◎▲△▶►▷➤▍▌▎▏◉⊙☐☆★※*#·•✎✍🖋📷🎤|｜丨—–-]+")
_BYLINE_BULLETS = "□■○●◎◇◆☐▢✎/／"
_PAIRS = {"（": "）", "(": ")", "【": "】", "[": "]", "〔": "〕", "［": "］", "{": "}", "「": "」"}
_SIDE_BY_SIDE = re.compile(r"[】\])）]\s*[【\[(（]")
"""【编辑：张三】【审核：李四】."""
_EMPTY = frozenset("[]【】()（）|｜/／-—·:： 　")
_EDGES = " \t　\xa0|｜丨/／,，、;；"
_DATE = re.compile(
    r"[（(\[【]?(?:(?:发布|发表|更新|成稿|编辑|录入|添加|上传|播出|刊发|来稿|采集|拟稿|撰稿|交稿|送审|投稿|报送|审稿|签发)?(?:时间|日期|于)\s*[:：]?\s*)?"
    r"((?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?"
    r"(?:[T\s　]*\d{1,2}\s*[:：时]\s*\d{1,2}(?:\s*[:：分]\s*\d{1,2}(?:\.\d+)?\s*秒?)?\s*分?(?:Z|[+-]\d\d:?\d\d)?)?)"
    r"(?![\d.])[)）\]】]?"
)
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[-/月]\d{1,2}日?[\s　]+\d{1,2}[:：]\d{2}(?![\d:])")
"""As apps print it, without the year."""
_WEEKDAY = re.compile(r"[（(]?(?:星期|周)[一二三四五六日天][)）]?")
_WHERE = re.compile(
    r"(?:发表于|发布于|IP属地[:：]?|原创)\s*[\u3400-\u9fff]{0,4}|(?:来自|发自)\s*\S{2,16}|第\s*\w{1,3}\s*版"
)
"""What WeChat prints beside a post's date."""
_BUTTONS = re.compile(
    r"[\[【(（]?\s*(?:打印(?:本页|本文|此页|文章)?|关闭(?:窗口|本页|页面)?|我要(?:评论|纠错)|分享(?:到|至)?[:：]?"
    r"|收藏(?:本页|本文)?|返回(?:顶部|列表|首页)?|复制链接"
    r"|(?:字\s*体|字\s*号|文字大小|视力保护色|背景色)\s*[:：]?\s*"
    r"(?:[\[【(（]?\s*(?:特大|超大|大|中|小|默认|标准|A[+-]?)\s*[\]】)）]?\s*[|｜/、]?\s*)*"
    r"|(?:浏览|阅读|点击|访问|查看|观看)(?:次数|人数|量|数|率)?\s*[:：]?\s*[\[【(（]?\s*\d[\d,.]*\s*[万+]*\s*[\]】)）]?\s*"
    r"(?:次|人次|人)?"
    r"|(?:浏览|阅读|点击|访问)(?:次数|人数|量|数|率)\s*[:：]?\s*次?|人气\s*[:：]\s*\d+|(?<![\u3400-\u9fff])(?:收藏|评论|点赞|转发|分享|纠错|朗读|举报)(?![\u3400-\u9fff])|评论\s*[:：(（]\s*\d+\s*[)）]?"
    r")\s*[\]】)）]?"
)
_OTHER_SOURCE = re.compile(r"(?:图片?|照片|数据|视频|音频|素材|题图|封面)\s*来\s*源")
_DATELINE = re.compile(
    r"^[\u3400-\u9fffA-Za-z\d·]{0,20}?(?:讯|电|消息)\s*[:：]?\s*(?=[（(【\[]?[\u3400-\u9fff]{0,12}(?:记者|通讯员))"
)
_LABELLED = re.compile(r"^([\u3400-\u9fffA-Za-z_]{1,8}(?:[\s　]+[\u3400-\u9fff])?)\s*[:：]\s*(\S.*)$")
_IN_BRACKETS = re.compile(r"\s*[（(【\[]([^（）()【】\[\]]{2,120})[)）】\]]\s*[。.]?\s*$")
_LAST_SENTENCE = re.compile(r"(?<=[。！？!?”…])[\s　]*(?=[^。！？!?]{2,40}$)")
_LONGEST_CLOSING, _LONGEST_SENTENCE = 140, 60
"""Characters of credits that end a paragraph: in brackets, and as a sentence of their own."""
_AIGC = re.compile(
    r"(?:AIGC|AI(?:生成)?(?:标识|内容)?|人工智能生成(?:合成)?(?:内容)?(?:标识)?)\s*[:：]\s*(\S{1,4}|\{.+\})"
)
_EDITED = re.compile("(?:主?编印?|印发?|主办)$")
"""Behind the office that edits a bulletin, beside the date of its issue."""
_MOST_AUTHORS = 4


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says, if it is nothing but credits, a date or a web page's buttons."""

    credits: tuple[Credit, ...] = ()
    fields: tuple[tuple[str, str | int | tuple[str, ...]], ...] = ()
    """(field of the article, value)."""
    date: str = ""
    labelled: bool = False
    """Whether its roles are followed by colons or bars."""

    @property
    def became(self) -> tuple[str, ...]:
        """The fields it gives, for the reading; none for buttons alone."""
        named = (*(["credits"] if self.credits else []), *(name for name, _ in self.fields))
        return (*named, *(["date"] if self.date else []))


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
    known = words or shipped()
    if len(text) > LONGEST_FIELD:
        return None
    byline = alone(_opened(text)[0], known) if text[:1] in _BYLINE_BULLETS else None
    return _ai_label(text) or _whole_line(text) or byline or _said(text, known)


def _said(text: str, known: Words) -> Said | None:
    if len(text) > LONGEST or _OTHER_SOURCE.search(text):
        return None
    bare, enclosed = _opened(text)
    pressed = _BUTTONS.sub(" ", bare)
    plain, date = _without_date(pressed, known)
    if set(plain) <= _EMPTY:
        return Said(date=date) if date or pressed != bare else None
    plain, inside = _opened(_DATELINE.sub("", plain))
    statements = Statements(known, enclosed or inside or bool(date))
    if not statements.read(plain):
        return None
    return Said(joined(statements.credits), tuple(statements.fields), date, statements.labelled)


def closing(text: str, words: Words) -> tuple[int, Said] | None:
    """Credits that end a paragraph, in brackets or as «… 张三 摄», and where they begin; None if it ends in text."""
    start = max(len(text) - _LONGEST_CLOSING, 0)
    if bracket := _IN_BRACKETS.search(text[start:]):
        found = said(f"（{bracket[1]}）", words) or alone(bracket[1], words)
        begin = start + bracket.start()
        return (begin, found) if found and found.credits and begin else None
    start = max(len(text) - _LONGEST_SENTENCE, 0)
    for sentence in _LAST_SENTENCE.finditer(text[start:]):
        found = said(text[start + sentence.end() :].strip(), words)
        if found and found.credits:
            return start + sentence.start(), found
    return None


def alone(text: str, words: Words) -> Said | None:
    """A few names, with their office or without: below a headline, or in brackets at the end, they are the authors'."""
    if len(text) > 40 or re.search("[。！？!?；;…，,]", text):
        return None
    found = names.split(text)
    offices = tuple(one for one in found if names.is_organisation(one, words))
    persons = tuple(one for one in found if one not in offices)
    if not 0 < len(persons) <= _MOST_AUTHORS or not all(names.is_person(one, words, strictly=True) for one in persons):
        return None
    return Said((Credit(role="作者", duty=Duty.AUTHOR, names=persons, organisations=offices),))


def _ai_label(text: str) -> Said | None:
    """AIGC：是|可能|否, on a line of its own."""
    match = _AIGC.fullmatch(_opened(text)[0])
    if match is None:
        return None
    try:
        labelled(match[1])
    except NoLabel:
        return None
    return Said(fields=(("aigc", match[1]),), labelled=True)


def _whole_line(text: str) -> Said | None:
    """A field that has the rest of the line: 标题：…, 关键词：…; None where the line begins with no such label."""
    match = _LABELLED.match(text.strip())
    name = "".join(match[1].split()) if match else ""
    field = fields.field_of(name) if name and not name.isascii() else None
    if match is None or field not in WHOLE_LINE:
        return None
    given = match[2].strip()
    value: str | int | tuple[str, ...] | None = (
        fields.keywords(given) if field == "keywords"
        else fields.number(given) if field == "number"
        else given.rstrip(" :：　") if field == "series"
        else given
    )  # fmt: skip
    return None if value is None else Said(fields=((field, value),), labelled=True)


def _opened(text: str) -> tuple[str, bool]:
    """The line without bullets before it and brackets around it, and whether there were such brackets."""
    bare = _BULLETS.sub("", text).strip(" \t　\xa0")
    stripped = _SIDE_BY_SIDE.sub(" ", bare.rstrip("。. 　"))
    last = _PAIRS.get(stripped[:1])
    if last and stripped.endswith(last) and not any(mark in stripped[1:-1] for mark in (stripped[0], last)):
        return stripped[1:-1].strip(" 　"), True
    return bare, False


def _without_date(text: str, words: Words) -> tuple[str, str]:
    """The line without the dates on it, and the first of these."""
    dates = [match[1].strip() for match in _DATE.finditer(text) if fields.is_date(match[1])]
    dates += [match[0] for match in _CLOCK.finditer(text)] if not dates else []
    if not dates:
        return text.strip(_EDGES), ""
    plain = _CLOCK.sub(" ", _DATE.sub(lambda match: " " if fields.is_date(match[1]) else match[0], text))
    plain = _WHERE.sub(" ", _WEEKDAY.sub(" ", plain)).strip(_EDGES)
    # 青河融媒 2026年5月9日 18:20: the account's own name; if it is the source, a line of its own says so.
    return "" if names.is_organisation(_EDITED.sub("", plain), words) else plain, dates[0]
