"""What a careful news editor would ask about an article as it was read.

`warnings_of` looks at values alone: nothing here keeps a manuscript from going out, and nothing is changed by it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from lxml.html import HtmlElement

from pipeline.article import Article, House
from pipeline.article.credit import Duty, Group
from pipeline.article.reading import ManuscriptProblem, Reading
from pipeline.channel import Text
from pipeline.manuscript import punctuation
from pipeline.manuscript.credits import closing, said
from pipeline.manuscript.line import is_form
from pipeline.manuscript.words import Words, shipped

LONGEST_HEADLINE = 40
"""Characters. Two lines on a telephone; a headline in print rarely has thirty."""
FAR = timedelta(days=30)
"""How far from today a manuscript's date is worth a question."""
MOST_NAMED = 5
"""Names, or pictures, that one warning tells."""

_NAMELESS = frozenset(
    ("标题", "题目", "主标题", "正文", "稿件", "新闻", "无标题", "未命名", "文档", "新建文档", "untitled", "title")
)
_BRACKETS = "（）()【】[]《》〈〉“”\"'「」『』〔〕<>"
_NUMBERED = re.compile(
    r"(?=.*[0-9])[0-9年月日时分第总期号刊版次页稿()（）〔〕\[\]【】\s./:：,，、·-]+"  # 2026年第35期(总第120期)
    r"|第[零〇一二三四五六七八九十百]+[期号次版]"
    r"|.*[〔\[【（(][12][0-9]{3}[〕\]】）)]\s*第?\s*[0-9]+\s*号"  # 青融媒发〔2026〕12号
)
_AS_FILES_ARE = re.compile(r"(?:IMG|DSC|DOC|WPS|Scan|新建|文档|副本)[\s_-]?.{0,30}?[0-9()（）]+", re.IGNORECASE)
_MARK = re.compile(r"[（(【\[〔]([^（()）【】\[\]〔〕]{1,12})[)）】\]〕]")
_ENDINGS = "。，；、：,;:"

_LAST = 4
"""Paragraphs at the end in which credits may have stayed: an unknown line below them keeps them there."""
_DATE = re.compile(r"([12][0-9]{3})\D{1,3}([0-9]{1,2})\D{1,3}([0-9]{1,2})")
_OF_THE_HOUSE = frozenset(Duty) - {Duty.CORRESPONDENT, Duty.AUTHOR}
"""Whom the list knows: 通讯员 and authors come from everywhere."""


class _Seen(NamedTuple):
    """All that a rule looks at."""

    article: Article
    reading: Reading
    house: House
    today: date | None
    words: Words


class _Warning(NamedTuple):
    field: str
    message: Text
    remedy: Text


def warnings_of(
    article: Article,
    reading: Reading,
    *,
    house: House,
    today: date | None = None,
    words: Words | None = None,
) -> tuple[ManuscriptProblem, ...]:
    """What is worth a question, each with its remedy, in the order in which an editor reads.

    `today`: in the newsroom's zone; None where nobody asks about dates. `words`: default the shipped ones.
    """
    seen = _Seen(article, reading, house, today, words or shipped())
    lines = {field: line.line for line in reversed(reading.lines) for field in line.fields}
    return tuple(
        ManuscriptProblem(
            file=reading.file,
            line=lines.get(one.field),
            field=one.field,
            message=one.message,
            remedy=one.remedy,
        )
        for rule in _RULES
        for one in rule(seen)
    )


def is_no_headline(headline: str, words: Words) -> bool:
    """Whether a headline is what stands on a form, a number or a name of nothing, or carries the mark of a draft.

    >>> [is_no_headline(one, shipped()) for one in ("稿件审签单", "2026年第35期", "架豆丰收（送审稿）", "一表通办")]
    [True, True, True, False]
    """
    bare = "".join(headline.split()).strip(_BRACKETS)
    if bare.lower() in _NAMELESS or _NUMBERED.fullmatch(bare) or _AS_FILES_ARE.fullmatch(bare):
        return True
    return any(is_form(one, words) for one in (headline, *_MARK.findall(headline)))


def _headline(seen: _Seen) -> Iterator[_Warning]:
    headline = seen.article.headline
    if is_no_headline(headline, seen.words):
        yield _Warning(
            "headline",
            Text.of("“{headline}” looks like the name of a form, a draft or a number", headline=headline),
            Text.of("write the headline as “标题: …”, or as the first line"),
        )
    if len(headline) > LONGEST_HEADLINE and not seen.article.short_headline:
        yield _Warning(
            "headline",
            Text.of("the headline has {actual} characters", actual=len(headline)),
            Text.of(
                "shorten it to {limit}, or give a “短标题: …” for the channels that have no room",
                limit=LONGEST_HEADLINE,
            ),
        )
    if headline.endswith(tuple(_ENDINGS)):
        yield _Warning(
            "headline",
            Text.of("the headline ends with “{mark}”: it may be a line of the text", mark=headline[-1]),
            Text.of("write the headline as “标题: …”, or take the mark off"),
        )


def _source(seen: _Seen) -> Iterator[_Warning]:
    if not seen.article.source:
        yield _Warning(
            "source",
            Text.of("the manuscript names no source: the newsroom's own name is shown"),
            Text.of("write “来源: …” as a line of its own"),
        )


def _byline(seen: _Seen) -> Iterator[_Warning]:
    if not any(credit.group is Group.BYLINE and credit.everybody for credit in seen.article.credits):
        yield _Warning(
            "reporters",
            Text.of("nobody is named as reporter, correspondent or author"),
            Text.of("write “记者: …”, “通讯员: …” or “作者: …” as a line of its own"),
        )


def _people(seen: _Seen) -> Iterator[_Warning]:
    known = {_squeezed(name): name for name in seen.house.people}
    if not known:
        return
    named = [name for credit in seen.article.credits if credit.duty in _OF_THE_HOUSE for name in credit.names]
    strangers = [name for name in dict.fromkeys(named) if _squeezed(name) not in known]
    for name in strangers[:MOST_NAMED]:
        close = difflib.get_close_matches(_squeezed(name), known, n=1, cutoff=0.6)
        yield _Warning(
            "credits",
            Text.of("{name} is not in the newsroom's list of people", name=name),
            Text.of("did you mean {nearest}?", nearest=known[close[0]])
            if close
            else Text.of("correct the name, or add it to the list ([house] people)"),
        )
    if len(strangers) > MOST_NAMED:
        yield _Warning(
            "credits",
            Text.of("{count} more names are not in the newsroom's list of people", count=len(strangers) - MOST_NAMED),
            Text.of("correct the names, or add them to the list ([house] people)"),
        )


def _date(seen: _Seen) -> Iterator[_Warning]:
    dated = _day(seen.reading.date)
    if dated is None or seen.today is None or abs(dated - seen.today) <= FAR:
        return
    days = abs(dated - seen.today).days
    yield _Warning(
        "date",
        Text.of("the manuscript is dated {date}: {days} days ago", date=seen.reading.date, days=days)
        if dated < seen.today
        else Text.of("the manuscript is dated {date}: in {days} days", date=seen.reading.date, days=days),
        Text.of("see whether it is the right file; it goes out with the moment of its release"),
    )


def _text(seen: _Seen) -> Iterator[_Warning]:
    text = [block for block in seen.article.blocks if block.tag != "figure" and not _is_note(block)]
    if len(text) == 1 and text[0].tag == "p":
        yield _Warning(
            "body",
            Text.of("the text is one paragraph of {count} characters", count=len(_text_of(text[0]))),
            Text.of("see whether its paragraphs ran together"),
        )
    for block in text[-_LAST:]:
        told = _text_of(block)
        if block.tag == "p" and (closing(told, seen.words) or _is_credits(told, seen.words)):
            yield _Warning(
                "body",
                Text.of("“{text}” stands in the text and looks like credits", text=told[-40:]),
                Text.of("write each as a line of its own at the end, such as “编辑: …”"),
            )


def _is_credits(text: str, words: Words) -> bool:
    found = said(text, words)
    return found is not None and found.became not in ((), ("date",))


def _pictures(seen: _Seen) -> Iterator[_Warning]:
    bare = [number for number, image in enumerate(seen.article.images, 1) if not image.caption]
    if bare:
        shown = "、".join(map(str, bare[:MOST_NAMED])) + ("…" if len(bare) > MOST_NAMED else "")
        yield _Warning(
            "images",
            Text.of("pictures without a caption: {numbers} of {count}", numbers=shown, count=len(seen.article.images)),
            Text.of("write the caption as the paragraph below the picture, or as its description"),
        )


def _punctuation(seen: _Seen) -> Iterator[_Warning]:
    article = seen.article
    texts = [*(getattr(article, name) for name in punctuation.FIELDS), *map(_text_of, article.blocks)]
    found = [place for text in texts for place in punctuation.places(text)]
    if found and seen.house.punctuation == "warn":
        yield _Warning(
            "text",
            Text.of(
                "half-width punctuation stands between Chinese characters in {count} places: {text}",
                count=len(found),
                text=punctuation.told(found),
            ),
            Text.of('write it full-width (，；：？！), or let the newsroom do it: [house] punctuation = "mend"'),
        )


_RULES: tuple[Callable[[_Seen], Iterator[_Warning]], ...] = (
    _headline,
    _source,
    _byline,
    _people,
    _date,
    _text,
    _pictures,
    _punctuation,
)


def _is_note(block: HtmlElement) -> bool:
    return str(block.get("id", "")).startswith("note-")


def _text_of(block: HtmlElement) -> str:
    return " ".join(str(block.text_content()).split())


def _squeezed(name: str) -> str:
    return "".join(name.split())


def _day(text: str) -> date | None:
    """The first whole date in a text; None if there is none."""
    found = _DATE.search(text)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
