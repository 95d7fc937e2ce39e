"""Which blocks of a manuscript are its text, and what the others are: one recogniser for all formats."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.article.reading import Doubt
from pipeline.channel import Text
from pipeline.manuscript import fields, reasons
from pipeline.manuscript.block import Block
from pipeline.manuscript.captions import captioned
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.forms import without_forms
from pipeline.manuscript.line import Kind, Line, behind, is_numbered, joined, kind_of, lines_of
from pipeline.manuscript.tail import opening, without_closing, without_other_articles, without_tail
from pipeline.manuscript.taking import put_headline, take
from pipeline.manuscript.title import without_head

__all__ = ["harvest", "harvest_around", "put_headline"]


def harvest(content: Sequence[Block], draft: Draft) -> list[Block]:
    """The body's blocks, with what stands around them taken out and put into the draft's fields and reading.

    A headline that the reader has found already is only looked for to be dropped where it is repeated.
    """
    notes = [block for block in content if block.note]
    text = [block for block in content if not block.note]
    lines = lines_of(without_forms(text, draft), draft.words)
    lines = without_other_articles(lines, draft)
    lines = without_second(lines, draft)
    lines = without_tail(without_head(lines, draft), draft)
    left = captioned(without_label(joined(lines), draft), draft)
    left = without_closing(left, draft)
    opening(left, draft)
    if "number" not in draft.fields and (counted := fields.series_number(draft.text("series"))):
        draft.put("number", counted)
    return [*left, *notes]


def harvest_around(content: Sequence[Block], draft: Draft) -> None:
    """Source and persons from what a web page shows outside the text; what the text itself says holds."""
    known = {credit.duty for credit in draft.credits}
    for block in content:
        kind, told = kind_of(block.text, draft.words)
        if kind is Kind.SAID and told is not None:
            own = tuple(credit for credit in told.credits if credit.duty not in known)
            sources = tuple(pair for pair in told.fields if pair[0] == "source" and not draft.text("source"))
            take(type(told)(own, sources, told.date), draft, None)


def without_label(content: list[Block], draft: Draft) -> list[Block]:
    """The text without the word 正文 before it, where the parts of a manuscript are named."""
    for place, block in enumerate(content[:2] if len(content) > 1 else []):
        label = re.match(r"(?:【正文】|\[正文\]|（正文）|正文)\s*[:：]?\s*", block.text) if block.tag == "p" else None
        named = label and (label[0].strip() != "正文" or label[0] == block.text)
        if label and named and (len(block.text) > label.end() or any(one.text for one in content[place + 1 :])):
            draft.dropped(label[0].strip(), reasons.PART, line=block.hints.line)
            left = behind(block, label.end())
            return [*content[:place], *([left] if left.runs else []), *content[place + 1 :]]
    return content


def without_second(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """The first of two articles in one file. The second is told with its headline: credits of two are never mixed."""
    texts = [place for place, line in enumerate(lines) if line.kind is Kind.TEXT]
    if not texts:
        return list(lines)
    first = next((line for line in lines[: texts[0]] if line.kind is Kind.TITLE), None)
    headline = draft.text("headline") or (first.text if first else "")
    for place in range(texts[0] + 1, len(lines)):
        titled = lines[place].kind is Kind.TITLE and not is_numbered(lines[place].text)
        if titled and headline and _is_second(lines, place, first):
            return _cut(lines, place, draft, headline)
    return list(lines)


def _is_second(lines: Sequence[Line], place: int, first: Line | None) -> bool:
    """Whether a line in the middle is a headline: it looks like the first, begins a page, and has a text of its own.

    `first`: the line of the first headline, None if the reader of the format has taken it.
    """
    line = lines[place]
    same = line.block.tag == "h1" if first is None else _is_like(line, first)
    paged = line.block.hints.page
    follows = [one for one in lines[place + 1 : place + 4] if one.block.runs]
    if not any(one.kind is Kind.TEXT for one in follows):
        return False
    told, before = follows[0].said, lines[place - 1].said
    named = told is not None and bool(told.credits)
    ended = before is not None and bool(before.credits)
    return (same and (named or paged or ended)) or (named and (paged or ended))


def _is_like(line: Line, first: Line) -> bool:
    mine, its = line.block.hints, first.block.hints
    apart = its.centred or its.role == "title" or its.bold or first.block.tag == "h1"
    look = (first.block.tag, its.size, its.centred, its.role, its.bold)
    return apart and (line.block.tag, mine.size, mine.centred, mine.role, mine.bold) == look


def _cut(lines: Sequence[Line], place: int, draft: Draft, headline: str) -> list[Line]:
    other = lines[place].text
    for line in lines[place:]:
        if line.text:
            draft.dropped(line.text, reasons.OTHER_ARTICLE.given(headline=other), line=line.number)
    draft.notice(
        "file",
        Text.of(
            "the file holds two articles: “{first}” and “{second}”; only the first was read",
            first=headline,
            second=other,
        ),
        Text.of("put the second article into a file of its own"),
        line=lines[place].number,
    )
    draft.doubts.append(
        Doubt(
            field="file",
            question=Text.of(
                "does the file hold a second article, “{second}”, that has to go out as well?", second=other
            ),
            taken=headline,
            instead="",
            line=lines[place].number,
        )
    )
    return list(lines[:place])
