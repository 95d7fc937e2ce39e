"""The fields of a manuscript as people write them: their names, names of persons, numbers of a series, dates."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from pipeline.manuscript.characters import one_line

DATE = "date"
"""Accepted and checked, never kept: the moment of publication belongs to the engine."""

NAMES: dict[str, tuple[str, ...]] = {
    "headline": ("标题", "题目", "主标题", "title", "headline"),
    "kicker": ("引题", "肩题", "眉题", "kicker"),
    "subhead": ("副题", "副标题", "subhead", "subtitle"),
    "short_headline": ("短标题", "short_headline", "short_title"),
    "column": ("栏目", "column"),
    "series": ("系列", "系列报道", "series"),
    "number": ("序号", "篇次", "number"),
    "reference": ("编号", "稿号", "稿件编号", "reference", "id"),
    "source": ("来源", "稿件来源", "信息来源", "文章来源", "供稿", "供稿单位", "source"),
    "reporters": ("记者", "reporter", "reporters"),
    "correspondents": ("通讯员", "correspondent", "correspondents"),
    "authors": ("作者", "author", "authors"),
    "photographers": ("摄影", "photographer", "photographers"),
    "editors": ("编辑", "editor", "editors"),
    "proofreaders": ("校对", "proofreader", "proofreaders"),
    "reviewers": ("审核", "reviewer", "reviewers"),
    "approvers": ("签发", "approver", "approvers"),
    "keywords": ("关键词", "关键字", "keywords", "tags"),
    "editors_note": ("编者按", "编者的话", "editors_note", "note"),
    "summary": ("摘要", "导读", "内容提要", "summary"),
    DATE: ("时间", "日期", "发布时间", "发布日期", "成稿时间", "date", "time"),
}
"""Every field and the names a manuscript may give it, Chinese or English; more of persons' roles: `roles.duty_of`."""

FIELD_OF = {name: field for field, names in NAMES.items() for name in names}

_NUMERALS = {character: value for value, character in enumerate("零一二三四五六七八九")}
_NUMERAL = "[零一二三四五六七八九十]{1,3}|[0-9０-９]{1,4}"
_NUMBER = re.compile(rf"(?:之|第)\s*({_NUMERAL})\s*[篇期集回]?$|[（(]\s*({_NUMERAL})\s*[)）]$")
_SPLIT = re.compile(r"[、,，;；/／|｜]+")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?"
    r"(?:[T\s]*(\d{1,2})\s*[:：时]\s*(\d{1,2})\s*(?:[:：分]\s*(\d{1,2})(?:\.\d+)?\s*秒?)?\s*分?\s*(Z|[+-]\d\d:?\d\d)?)?"
)


def field_of(name: str) -> str | None:
    """The field that goes by this name, or None.

    >>> field_of("责任编辑"), field_of("Title"), field_of("short-headline")
    ('editors', 'headline', 'short_headline')
    """
    return FIELD_OF.get(name) or FIELD_OF.get(name.strip().lower().replace("-", "_").replace(" ", "_"))


def nearest_name(name: str) -> str | None:
    """The known name that looks most like this one, or None if none does."""
    close = difflib.get_close_matches(name.strip().lower(), FIELD_OF, n=1, cutoff=0.5)
    return close[0] if close else None


def keywords(value: str | Iterable[str]) -> tuple[str, ...]:
    """Key words, divided like names, where no single characters are put together.

    >>> keywords("脱贫攻坚、四个不摘 武山县")
    ('脱贫攻坚', '四个不摘', '武山县')
    """
    if not isinstance(value, str):
        return tuple(dict.fromkeys(one_line(word) for word in value if one_line(word)))
    parts = [part for part in _SPLIT.split(value) if part.strip()]
    words = [word for part in parts for word in (part.split() if any(map(_chinese, part)) else [one_line(part)])]
    return tuple(dict.fromkeys(words))


def series_number(series: str) -> int | None:
    """The number at the end of a series' name, None if there is none. Digits, or Chinese numerals up to ninety-nine.

    >>> series_number("2019年脱贫攻坚奔小康系列报道之三"), series_number("走基层（十二）"), series_number("走基层")
    (3, 12, None)
    """
    match = _NUMBER.search(series.rstrip(" :：。"))
    return (_value(match[1] or match[2]) or None) if match else None


def number(text: str) -> int | None:
    """A number standing alone, in digits or Chinese numerals; None if it is not one or not above zero."""
    return (_value(text) or None) if re.fullmatch(_NUMERAL, text) else None


def is_date(text: str) -> bool:
    """Whether `text` is a date, with or without a time, and nothing else.

    >>> is_date("2020/1/10 16:18:42"), is_date("2020年1月10日"), is_date("2020-13-01"), is_date("十月")
    (True, True, False, False)
    """
    return moment_of(text, UTC) is not None


def moment_of(text: str, zone: tzinfo) -> datetime | None:
    """The moment that a date says, in its own offset or else in `zone`; without a time of day the day's beginning. None
    if it is no date.

    >>> f"{moment_of('2020年1月10日 16:18', UTC)}", f"{moment_of('2020-1-10T08:00:00+08:00', UTC)}"
    ('2020-01-10 16:18:00+00:00', '2020-01-10 08:00:00+08:00')
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    *figures, offset = match.groups()
    year, month, day, hour, minute, second = (int(part or 0) for part in figures)
    try:
        own = datetime.strptime(offset, "%z").tzinfo if offset else zone
        return datetime(year, month, day, hour, minute, second, tzinfo=own)
    except ValueError:
        return None


def _value(numeral: str) -> int:
    if numeral.isdigit():
        return int(numeral)
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return _NUMERALS[numeral] if len(numeral) == 1 else 0
    if len(tens) > 1 or len(ones) > 1 or "十" in tens:
        return 0
    return (_NUMERALS[tens] if tens else 1) * 10 + (_NUMERALS[ones] if ones else 0)


def _chinese(text: str) -> bool:
    return bool(text) and "\u3400" <= text[0] <= "\u9fff"
