"""Forms: tables that hold a manuscript, or go with it through the house (审签单, 报送表).

A form's cells are labels and values. Data tables of an article have their labels side by side in the first row, so
they are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.article.credit import Credit
from pipeline.manuscript import fields, names, reasons
from pipeline.manuscript.block import Block
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.line import Kind, divided, kind_of
from pipeline.manuscript.roles import duty_of, printed
from pipeline.manuscript.taking import put_headline
from pipeline.manuscript.words import Words

_LONG = 40
"""Characters from which a cell without a label holds text."""
_LONGEST_LABEL = 10
_STRONG = re.compile(r"意见|审|签|报送|供稿|投稿|撰稿|拟稿|稿件|送审|播发|标题|题目")
"""What of a form's labels no table of data has."""
_TITLES = frozenset(
    {"标题", "题目", "稿件标题", "稿件题目", "稿件名称", "文章标题", "新闻标题", "信息标题", "稿件", "文题"}
)
_PLAIN = ("source", "kicker", "subhead", "column", "summary", "series", "short_headline", "keywords")
"""Fields that a cell may fill as it stands."""
_SIGNED = re.compile(r"[（(]?(?:签字|签名|签章)[)）]?[:：]?|(?:\d{4}年)?\d{1,2}月\d{1,2}日")
_MOST_ABOVE = 3


def without_forms(content: Sequence[Block], draft: Draft) -> list[Block]:
    """The content with each form read: its fields in the draft, its text in its place."""
    left: list[Block] = []
    for block in content:
        form = _form(block, draft.words) if block.tag == "table" else None
        if form is None:
            left.append(block)
        else:
            left = _without_its_heading(left, draft)
            left.extend(_read(form, draft))
    return left


def _without_its_heading(above: list[Block], draft: Draft) -> list[Block]:
    """What stands above a form at the beginning of a manuscript is the form's name and number."""
    kinds = [kind_of(block.text, draft.words)[0] if block.tag == "p" else Kind.TEXT for block in above]
    if len(above) > _MOST_ABOVE or any(kind not in (Kind.TITLE, Kind.FORM) for kind in kinds):
        return above
    for block, kind in zip(above, kinds, strict=True):
        draft.dropped(block.text, reasons.FORM, line=block.hints.line, guessed=kind is Kind.TITLE)
    return []


@dataclass(frozen=True, slots=True)
class _Entry:
    """A cell with the label beside or above it; "" where it has none."""

    label: str
    cell: Block
    written: str = ""
    """The label as it stands there."""


def _form(table: Block, words: Words) -> list[_Entry] | None:
    """The entries of a table that is a form; None for any other."""
    entries = list(_entries(table, words))
    named = {one.label for one in entries if one.label}
    filled = sum(1 for one in entries if one.cell.text)
    labelled = sum(1 for one in entries if one.label)
    strong = any(_STRONG.search(label) for label in named)
    return entries if len(named) >= 2 and strong and labelled * 2 >= filled else None


def _entries(table: Block, words: Words) -> Iterator[_Entry]:
    rows = [row.children for row in table.children]
    place = 0
    while place < len(rows):
        labels = [_label(cell, words) for cell in rows[place] if cell.text]
        below = rows[place + 1] if place + 1 < len(rows) else ()
        if (
            len(labels) > 1
            and all(labels)
            and len(below) == len(rows[place])
            and not any(_label(cell, words) for cell in below if cell.text)
        ):
            # 初审 | 复审 | 终审, and the names in the row below.
            heads = [cell for cell in rows[place] if cell.text]
            yield from (_Entry(label, cell, head.text) for label, cell, head in zip(labels, below, heads, strict=False))
            place += 2
        else:
            yield from _pairs(rows[place], words)
            place += 1


def _pairs(cells: Sequence[Block], words: Words) -> Iterator[_Entry]:
    label = written = ""
    for cell in cells:
        found = "" if label else _label(cell, words)
        if found:
            label, written = found, cell.text
        elif cell.text or label:
            yield _Entry(label, cell, written)
            label = written = ""
    if label:
        yield _Entry(label, Block("td"), written)


def _label(cell: Block, words: Words) -> str:
    """The label that a cell is; "" if it is none."""
    bare = "".join(cell.text.split()).strip(":：").replace("（", "(").split("(")[0]
    if not 0 < len(bare) <= _LONGEST_LABEL or bare.isascii():
        return ""
    known = (
        bare in words.labels
        or bare in _TITLES
        or duty_of(bare, words) is not None
        or fields.field_of(bare) is not None
        or (bare.endswith(words.forms.private) and not names.is_organisation(bare, words))
    )
    return bare if known else ""


def _read(form: Sequence[_Entry], draft: Draft) -> Iterator[Block]:
    for label, cell, written in ((one.label, one.cell, one.written) for one in form):
        lines = [replace(line, tag="p", spans=()) for line in divided(cell)]
        cited = f"{written} {cell.text}".strip()
        named = label in _TITLES or fields.field_of(label) == "headline"
        if lines and named:
            put_headline(cell.text, draft)
            draft.took(cited, ["headline"], reasons.CELL.given(label=label))
        elif lines and (label in draft.words.forms.text or (not label and _is_text(lines, draft.words))):
            if label:
                draft.dropped(written, reasons.PART)
            yield from lines
        elif not label:
            draft.dropped(cited, reasons.FORM)
        elif not lines or not _taken(label, cell.text, cited, draft):
            draft.dropped(cited, reasons.PRIVATE.given(label=label))


def _taken(label: str, text: str, cited: str, draft: Draft) -> bool:
    """Whether the cell names who had a role, or fills another field of the article."""
    duty, field = duty_of(label, draft.words), fields.field_of(label)
    why = reasons.CELL.given(label=label)
    if duty is not None:
        people = names.split(_SIGNED.sub(" ", text))
        offices = tuple(one for one in people if names.is_organisation(one, draft.words))
        persons = tuple(one for one in people if names.is_person(one, draft.words))
        if not people or len(persons) + len(offices) < len(people):
            return False
        draft.credit(Credit(role=printed(label), duty=duty, names=persons, organisations=offices))
        draft.took(cited, ["credits"], why)
        return True
    if field == fields.DATE:
        draft.date = draft.date or text
        draft.took(cited, ["date"], why)
        return True
    if field in _PLAIN:
        draft.put(field, fields.keywords(text) if field == "keywords" else text)
        draft.took(cited, [field], why)
        return True
    return False


def _is_text(lines: Sequence[Block], words: Words) -> bool:
    text = "".join(line.text for line in lines)
    return len(text) >= _LONG and any(kind_of(line.text, words)[0] is Kind.TEXT for line in lines)
