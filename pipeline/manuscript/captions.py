"""Captions: which words belong to which picture, in the text and in tables that only lay pictures out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.channel import Text
from pipeline.manuscript.block import Block, Hints, Run, tidy
from pipeline.manuscript.draft import Draft

LONGEST = 120
"""Characters of a caption; what is longer is text."""
_LONGEST_CENTRED = 40
"""Of one that is told by nothing but its place."""
_PREFIX = re.compile("^(?:图片说明|图说|图注|图片|图)\\s*[:：]\\s*|^[▲△↑▼]\\s*")
"""What says that a line is a caption, and is no part of it."""
_SIGN = re.compile("[上下左右中前后]?图为|(?:图片说明|图说|图注|图片|[上下左右中]?图)\\s*[:：]|[▲△↑▼]")
_MOST_COLUMNS = 63
"""Word knows no more."""


def captioned(content: Iterable[Block], draft: Draft) -> list[Block]:
    """The blocks with the paragraphs that say what a picture shows as its caption."""
    written: list[Block] = []
    for block in content:
        before = written[-1] if written else None
        if before is not None and before.image is not None and not before.image.caption and _is_caption(block):
            words = block.text_with_readings
            caption = _PREFIX.sub("", words)
            if caption != words:
                draft.took(words, ("images",), Text.of("it begins like a caption"), line=block.hints.line)
            image = before.image.model_copy(update={"caption": caption, "alt": before.image.alt or caption})
            written[-1] = replace(before, image=image)
        elif block.image is not None and block.image.caption and not block.image.alt:
            written.append(replace(block, image=block.image.model_copy(update={"alt": block.image.caption})))
        else:
            written.append(block)
    return written


def _is_caption(block: Block) -> bool:
    if block.tag != "p" or not block.text or len(block.text) > LONGEST or block.note or any(r.note for r in block.runs):
        return False
    if block.hints.role == "caption" or _SIGN.match(block.text):
        return True
    return block.hints.centred and len(block.text) <= _LONGEST_CENTRED and not block.text.endswith(("。", "：", ":"))


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table while it is read."""

    tag: str
    runs: tuple[Run, ...]
    """Its text, tidy."""
    pictures: tuple[int, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()

    def span(self, name: str) -> int:
        return min(int(dict(self.spans).get(name, "1")), _MOST_COLUMNS)


def laid_out(rows: Sequence[Sequence[Cell]], hints: Hints) -> list[int | Block] | None:
    """What a table that only lays pictures out shows: its pictures, by number, each followed by the paragraph that is
    its caption; None if it is a table with data.

    Such a table has words in its pictures' cells, right below pictures, or alone in their row beside pictures.
    """
    if not any(cell.pictures for row in rows for cell in row):
        return None
    grid = _grid(rows)
    below: dict[int, Cell] = {}
    """By the identity of the picture's cell: the words below it."""
    ending: dict[int, tuple[int, Cell]] = {}
    """The last cell of each column, and the row in which the next one begins."""
    for number, row in enumerate(grid):
        lone = 0
        for column, cell in row.items():
            over = [ending[one] for one in range(column, column + cell.span("colspan")) if one in ending]
            pictured = [above for end, above in over if end == number and above.pictures]
            if cell.runs and not cell.pictures and pictured:
                below[id(pictured[-1])] = cell
            elif cell.runs and not cell.pictures:
                lone += 1
        ending.update({column: (number + cell.span("rowspan"), cell) for column, cell in row.items()})
        if lone > 1 or (lone and any(cell.pictures and cell.runs for cell in row.values())):
            return None
    taken = set(map(id, below.values()))
    shown: list[int | Block] = []
    for row in grid:
        for cell in row.values():
            if id(cell) in taken:
                continue
            shown.extend(cell.pictures)
            words = [one for one in (cell, below.get(id(cell))) if one is not None and one.runs]
            shown.extend(Block("p", tidy(one.runs), hints=_as_caption(one, hints, cell)) for one in words)
    return shown


def _as_caption(words: Cell, hints: Hints, cell: Cell) -> Hints:
    """Words of a cell with a picture, or of the one below it, are its caption if they are short."""
    short = sum(len(run.text) for run in words.runs) <= LONGEST
    return replace(hints, role="caption" if cell.pictures and short else hints.role)


def _grid(rows: Sequence[Sequence[Cell]]) -> list[dict[int, Cell]]:
    """The cells of each row by the column in which they begin."""
    grid: list[dict[int, Cell]] = []
    reaching: dict[int, int] = {}
    """How many further rows a cell from above covers, by column."""
    for row in rows:
        found: dict[int, Cell] = {}
        covered = {column for column, left in reaching.items() if left}
        reaching = {column: left - 1 for column, left in reaching.items() if left}
        column = 0
        for cell in row:
            while column in covered:
                column += 1
            found[column] = cell
            for over in range(column, column + cell.span("colspan")):
                reaching[over] = cell.span("rowspan") - 1
            column += cell.span("colspan")
        grid.append(found)
    return grid
