"""Forms: tables that hold a manuscript, or go with it through the house (审签单, 报送表).

A form's cells are labels and values. Data tables of an article have their labels side by side in the first row, so
they are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.channel import Text
from pipeline.credit import Credit
from pipeline.manuscript import fields, names, reasons
from pipeline.manuscript.body import _BREAK as BREAK
from pipeline.manuscript.body import Block
from pipeline.manuscript.body import _tidy as tidied
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.lines import Kind, is_form, kind_of
from pipeline.manuscript.roles import duty_of, printed
from pipeline.manuscript.taking import put_headline
from pipeline.manuscript.words import Words

_LONG = 40
"""Characters from which a cell without a label holds text."""
_STRONG = re.compile(r"意见|审|签|报送|供稿|投稿|撰稿|拟稿|稿件|送审|播发|标题|题目")
_TITLES = frozenset({"标题", "题目", "稿件标题", "稿件题目", "稿件名称", "文章标题", "新闻标题", "信息标题"})


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
    if any(block.tag != "p" or kind_of(block.text, draft.words)[0] not in (Kind.TITLE, Kind.FORM) for block in above):
        return above
    if len(above) > 3:
        return above
    for block in above:
        draft.dropped(block.text, reasons.FORM, line=block.hints.line, guessed=not is_form(block.text, draft.words))
    return []


@dataclass(frozen=True, slots=True)
class _Entry:
    """A cell with the label beside or above it; "" where it has none."""

    label: str
    cell: Block


def _form(table: Block, words: Words) -> list[_Entry] | None:
    """The entries of a table that is a form; None for any other."""
    entries: list[_Entry] = []
    rows = table.children
    skip = False
    for place, row in enumerate(rows):
        if skip:
            skip = False
            continue
        cells = [cell for cell in row.children if cell.runs or cell.tag]
        filled = [cell for cell in cells if cell.text]
        labels = [_label(cell, words) for cell in filled]
        below = [cell for cell in rows[place + 1].children] if place + 1 < len(rows) else []
        if len(filled) >= 2 and all(labels) and len(below) == len(cells) and not any(_label(one, words) for one in below if one.text):
            entries += [_Entry(label or "", value) for label, value in zip(labels, below, strict=False)]
            skip = True
            continue
        entries += _entries(cells, words)
    labelled = [one for one in entries if one.label]
    named = {one.label for one in labelled}
    strong = [label for label in named if _STRONG.search(label)]
    headed = any(not one.label and is_form(one.cell.text, words) for one in entries)
    if len(labelled) >= 2 and strong and (headed or len(named) >= 2) and len(labelled) * 2 >= len([one for one in entries if one.cell.text]):
        return entries
    return None


def _entries(cells: Sequence[Block], words: Words) -> Iterator[_Entry]:
    label = ""
    for cell in cells:
        found = "" if label else _label(cell, words)
        if found:
            label = found
        elif cell.text or label:
            yield _Entry(label, cell)
            label = ""
    if label:
        yield _Entry(label, Block("td"))


def _label(cell: Block, words: Words) -> str:
    bare = "".join(cell.text.split()).strip(":：").replace("（", "(").split("(")[0]
    if not 0 < len(bare) <= 10:
        return ""
    known = bare in words.labels or bare in _TITLES or duty_of(bare, words) is not None or fields.field_of(bare) is not None
    return bare if known and not bare.isascii() else ""


def _read(form: Sequence[_Entry], draft: Draft) -> Iterator[Block]:
    for entry in form:
        label, cell = entry.label, entry.cell
        lines = list(_lines(cell))
        if not lines:
            if label:
                draft.dropped(label, Text.of(reasons.PRIVATE.template, label=label))
            continue
        text = cell.text
        why = Text.of(reasons.CELL.template, label=label)
        if label in _TITLES or fields.field_of(label) == "headline":
            put_headline(text, draft)
            draft.took(f"{label} {text}", ["headline"], why)
        elif label in draft.words.forms.text or (not label and _is_text(lines, draft.words)):
            if label:
                draft.dropped(label, Text.of(reasons.PRIVATE.template, label=label))
            yield from lines
        elif not label:
            draft.dropped(text, reasons.FORM)
        elif not _credited(label, text, draft, why):
            draft.dropped(f"{label} {text}", Text.of(reasons.PRIVATE.template, label=label))


def _credited(label: str, text: str, draft: Draft, why: Text) -> bool:
    """Whether the cell names who had a role, or fills another field of the article."""
    duty = duty_of(label, draft.words)
    if duty is not None:
        people = names.split(re.sub(r"[（(]?(?:签字|签名|签章)[)）]?[:：]?|\d{4}年\d{1,2}月\d{1,2}日|\d{1,2}月\d{1,2}日", " ", text))
        persons = tuple(one for one in people if names.is_person(one, draft.words))
        offices = tuple(one for one in people if names.is_organisation(one, draft.words))
        if people and len(persons) + len(offices) == len(people):
            draft.credit(Credit(role=printed(label), duty=duty, names=persons, organisations=offices))
            draft.took(f"{label} {text}", ["credits"], why)
            return True
        return False
    field = fields.field_of(label)
    if any(mark in label for mark in draft.words.forms.private) and label not in ("供稿单位", "来稿单位", "栏目"):
        return False
    if field == fields.DATE:
        draft.date = draft.date or text
        draft.took(f"{label} {text}", ["date"], why)
        return True
    if field in ("source", "kicker", "subhead", "column", "summary", "series", "short_headline"):
        draft.put(field, text)
        draft.took(f"{label} {text}", [field], why)
        return True
    if field == "keywords":
        draft.put(field, fields.keywords(text))
        draft.took(f"{label} {text}", [field], why)
        return True
    return False


def _lines(cell: Block) -> Iterator[Block]:
    """The cell's paragraphs."""
    part: list = []
    for run in [*cell.runs, BREAK]:
        if run == BREAK:
            if runs := tidied(part):
                yield Block("p", runs, hints=replace(cell.hints, bold=False, centred=False, size=0))
            part = []
        else:
            part.append(run)


def _is_text(lines: Sequence[Block], words: Words) -> bool:
    text = "".join(line.text for line in lines)
    return len(text) >= _LONG and any(kind_of(line.text, words)[0] is Kind.TEXT for line in lines)


