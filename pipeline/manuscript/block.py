"""What a body is made of: blocks of runs of text, and what the source says of them beyond their text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from pipeline.article import Image
from pipeline.manuscript.characters import clean, one_line

MARKS = ("strong", "em", "sub", "sup")
"""Inline elements that may surround text, in the order in which they are nested."""
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TO_NOTE = "#note-"
_CHINESE = re.compile("[\u2e80-\u303f\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\u2018-\u201d\u2026\u2014]")


@dataclass(frozen=True, slots=True)
class Run:
    """Text with one look. A line break is a run of its own, `BREAK`; so is a reference to a note."""

    text: str
    marks: frozenset[str] = frozenset()
    """Of `MARKS`."""
    href: str = ""
    """Where it leads: an address, or `#note-3` for a reference to that note (its text is then `[3]`)."""
    reading: str = ""
    """How this text is read aloud (注音), such as zuò for 岞; written as `<ruby>`."""

    @property
    def note(self) -> int:
        """The note it refers to; 0 for text."""
        number = self.href.removeprefix(_TO_NOTE)
        return int(number) if number != self.href and number.isdecimal() else 0


BREAK = Run("\n", frozenset({"br"}))


def reference(note: int, text: str = "") -> Run:
    """A reference to the note of this number, as it stands in the text."""
    return Run(text or f"[{note}]", frozenset({"sup"}), f"{_TO_NOTE}{note}")


@dataclass(frozen=True, slots=True)
class Hints:
    """What the source says of a paragraph beyond its text; it is not written into the body."""

    line: int | None = None
    role: str = ""
    """"title", "subtitle" or "caption" where the source has a style, or a place, for it."""
    centred: bool = False
    right: bool = False
    """Aligned with the right margin, as 落款 and dates are."""
    bold: bool = False
    size: float = 0
    """Size of its letters, in points; 0 if unknown."""
    rows: tuple[float, ...] = ()
    """Size of the letters of each of its lines, where breaks divide lines of different sizes."""
    font: str = ""
    """Name of the font of most of its Chinese letters, such as 黑体; "" if unknown."""
    page: bool = False
    """Whether a new page or section begins with it."""
    box: bool = False
    """Whether it stands in a text box."""


UNHINTED = Hints()


@dataclass(frozen=True, slots=True)
class Block:
    """An element of the body: one of `Article.BLOCKS` (headings still at the source's level), li, tr, th or td."""

    tag: str
    runs: tuple[Run, ...] = ()
    children: tuple[Block, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()
    """colspan and rowspan of a cell."""
    image: Image | None = None
    hints: Hints = field(default=UNHINTED, compare=False)
    note: int = 0
    """The number of the note (脚注) whose text this paragraph is, without the number; 0 for all other blocks."""

    @property
    def text(self) -> str:
        """Its own text on one line, without its children's, references to notes and readings."""
        return " ".join("".join(run.text for run in self.runs if not run.note).split())

    @property
    def text_with_readings(self) -> str:
        """`text` for what can hold no ruby: the readings in brackets behind their words."""
        return " ".join("".join(spelt(run) for run in self.runs if not run.note).split())


def spelt(run: Run) -> str:
    """A run as plain text.

    >>> spelt(Run("岞", reading="zuò"))
    '岞（zuò）'
    """
    return f"{run.text}（{run.reading}）" if run.reading else run.text


def paragraph(text: str, hints: Hints = UNHINTED) -> Block | None:
    """A paragraph of plain text; None if there is nothing in it."""
    runs = tidy([Run(text)])
    return Block("p", runs, hints=hints) if runs else None


def truncated(block: Block, keep: int) -> Block:
    """The block with the first `keep` characters of its text (as `"".join(run.text …)`)."""
    kept: list[Run] = []
    for run in block.runs:
        if keep <= 0:
            break
        kept.append(replace(run, text=run.text[:keep]))
        keep -= len(run.text)
    return replace(block, runs=tidy(kept))


def divided(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Web pages divide paragraphs by two breaks, or by one and an indent."""
    part: list[Run] = []
    broken = False
    for run in runs:
        if run == BREAK:
            if broken:
                yield part
                part = []
            broken = True
            part.append(run)
            continue
        if broken and re.match("\\s*[\u3000\xa0]{2}", run.text):
            yield part
            part = []
        part.append(run)
        broken = broken and not run.text.strip(" \t\n")
    yield part


_Piece = tuple[str, Run]
"""A character, or the whole text that has one reading, and its look."""


def tidy(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Runs with the same look joined, cleaned and in NFC; white space collapsed over the whole paragraph and none
    at its ends, indents removed; between Chinese characters a line end of the source is no space."""
    lines: list[list[_Piece]] = [[]]
    for run in runs:
        look = replace(run, text="")
        if run == BREAK:
            lines.append([])
        elif not run.reading:
            lines[-1].extend((character, look) for character in clean(run.text))
        elif text := one_line(run.text):
            lines[-1].append((text, look))
    tidied: list[Run] = []
    for line in lines:
        found = list(_joined(_collapsed(line)))
        if found and tidied:
            tidied.append(BREAK)
        tidied.extend(found)
    return tuple(tidied)


def _collapsed(line: list[_Piece]) -> list[_Piece]:
    start, end = 0, len(line)
    while start < end and line[start][0].isspace():
        start += 1
    while end > start and line[end - 1][0].isspace():
        end -= 1
    kept: list[_Piece] = []
    for space, group in itertools.groupby(line[start:end], key=lambda piece: piece[0] in " \t\n"):
        pieces = list(group)
        if not space:
            kept.extend(pieces)
            continue
        kept.append(("\n" if any(character == "\n" for character, _ in pieces) else " ", pieces[0][1]))
    return [
        (" ", look) if character == "\n" else (character, look)
        for place, (character, look) in enumerate(kept)
        if not (character == "\n" and _CHINESE.match(kept[place - 1][0][-1]) and _CHINESE.match(kept[place + 1][0]))
    ]


def _joined(line: list[_Piece]) -> Iterator[Run]:
    """Neighbours of one look as one run; what has a reading is never joined: 妈妈 is read mā, and mā again."""
    own = itertools.count(1)
    for (look, _), group in itertools.groupby(line, key=lambda piece: (piece[1], piece[1].reading and next(own))):
        if text := clean("".join(character for character, _ in group)):
            yield replace(look, text=text)
