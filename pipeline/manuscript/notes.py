"""Notes (脚注、尾注): numbered in the order in which the text refers to them, and put last.

A reader marks the text's references with `block.reference(n)` and each paragraph of a note with `Block.note = n`, or
writes markup for `body.blocks`: `<sup data-note="k"></sup>` in the text and `<p data-note="k">…</p>` anywhere. Any
numbers will do: `numbered` gives the final ones.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from lxml import html as lxml_html

from pipeline.manuscript.block import BREAK, Block, Run, reference, spelt, tidy

UNNAMED = "\ufffc"
"""The text of a reference that shows nothing of its own; where it leads to no note, nothing is left of it."""

BEGINNING = re.compile(r"\s*\[(\d{1,5})\]\s*")
"""How the text of a note begins in a canonical body."""
_NOTED = frozenset({"p", "div", "section", "aside", "blockquote", "ul", "ol", "li", "dd"})
"""What may hold the text of a note."""


@dataclass(frozen=True, slots=True)
class Note:
    """The text of a note, taken out of the document."""

    key: str
    """The source's name of it."""
    element: lxml_html.HtmlElement
    begun: bool
    """Whether its number stands before the text."""


def notes_of(document: lxml_html.HtmlElement) -> list[Note]:
    """The notes of a document, in its order, taken out of it."""
    found = []
    # The inner ones first: what is taken out of a note is then not in its copy.
    for element in reversed(document.xpath(".//*[@data-note or starts-with(@id, 'note-')]")):
        key = element.get("data-note")
        begun = None
        if key is None and element.tag == "p":
            # A page may call anything note-1; in a canonical body the text begins with the number.
            begun = BEGINNING.match(element.text or "")
            key = begun[1] if begun and element.get("id") == f"note-{begun[1]}" else None
        if key is not None and element.tag in _NOTED:
            found.append(Note(key, deepcopy(element), begun is not None))
            element.text = None
            del element[:]
            element.tag = "span"  # what follows it stays where it is
    return found[::-1]


def numbered(content: Sequence[Block]) -> list[Block]:
    """The blocks with their notes last, each one paragraph, numbered from 1 in the order in which the text first refers
    to them; then those to which nothing refers. What refers to no note is text. Doing it twice changes nothing."""
    text: list[Block] = []
    notes: dict[int, list[Block]] = {}
    for block in content:
        if block.note and block.runs:
            notes.setdefault(block.note, []).append(block)
        elif not block.note:
            text.append(block)
    if not notes and not any(True for _ in _references(text)):
        return text
    numbers = _numbers(text, notes)
    shown = [kept for block in text for kept in _with_numbers(block, numbers)]
    for note in sorted(notes, key=numbers.__getitem__):
        first, *more = notes[note]
        lines = [*first.runs, *(run for block in more for run in (BREAK, *block.runs))]
        if runs := _runs(lines, numbers):
            shown.append(replace(first, tag="p", runs=runs, note=numbers[note]))
    return shown


def lines(block: Block) -> Iterator[list[Run]]:
    """Any block as lines of text, as a note holds it; pictures are no text."""
    if block.tag == "tr":
        yield [run for cell in block.children for run in (*cell.runs, Run(" "))]
        return
    if block.runs:
        yield list(block.runs)
    for number, child in enumerate(block.children, 1):
        first, *more = [*lines(child)] or [[]]
        yield [Run(f"{number}. "), *first] if block.tag == "ol" else first
        yield from more


def plain(content: Iterable[Block]) -> str:
    """The text of blocks on one line, as it is quoted where it is left out."""
    found = (spelt(run) for block in content for line in lines(block) for run in (*line, Run(" ")) if not run.note)
    return " ".join("".join(found).split())


def _numbers(text: Iterable[Block], notes: Mapping[int, list[Block]]) -> dict[int, int]:
    """The final number of each note by its provisional one."""
    order = dict.fromkeys(note for note in _references(text) if note in notes)
    waiting = deque(order)
    for started in notes:
        while waiting:
            for note in _references(notes[waiting.popleft()]):
                if note in notes and note not in order:
                    order[note] = None
                    waiting.append(note)
        if started not in order:
            order[started] = None
            waiting.append(started)
    return {note: number for number, note in enumerate(order, 1)}


def _references(blocks: Iterable[Block]) -> Iterator[int]:
    for block in blocks:
        yield from (run.note for run in block.runs if run.note)
        yield from _references(block.children)


def _runs(runs: Iterable[Run], numbers: Mapping[int, int]) -> tuple[Run, ...]:
    kept: list[Run] = []
    for run in runs:
        if not run.note:
            kept.append(run)
        elif run.note in numbers:
            kept.append(reference(numbers[run.note]))
        elif text := run.text.replace(UNNAMED, ""):
            kept.append(Run(text, run.marks))
    return tuple(reference(run.note) if run.note else run for run in tidy(kept))


def _with_numbers(block: Block, numbers: Mapping[int, int]) -> list[Block]:
    """The block with the final numbers; without what holds nothing but references that lead nowhere."""
    runs = _runs(block.runs, numbers)
    children = tuple(kept for child in block.children for kept in _with_numbers(child, numbers))
    changed = replace(block, runs=runs, children=children)
    if runs or block.tag in ("figure", "td", "th"):
        return [changed]
    if block.tag == "li":
        return [item for list_ in children for item in list_.children]
    written = any(cell.runs for row in children for cell in row.children) if block.tag == "table" else bool(children)
    return [changed] if written else []
