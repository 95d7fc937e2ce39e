"""Tables: cells joined sideways and downwards, rows that begin later or end earlier, whatever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipeline.manuscript.word.names import (
    Element,
    Properties,
    child,
    integer,
    name,
    properties,
    switched,
    text_of,
    value,
)
from pipeline.manuscript.word.told import Gone, Told

_MOST_COLUMNS = 63
"""Word knows no more."""
_APART = frozenset({"tbl", "p"})
"""What no row or cell of this table stands in."""


@dataclass(slots=True)
class _Cell:
    tag: str
    inside: list[str]
    columns: int
    rows: int = 1

    def html(self) -> str:
        return f'<{self.tag} colspan="{self.columns}" rowspan="{self.rows}">{"".join(self.inside)}</{self.tag}>'


def tables(table: Element, inside: Callable[[Element], str], told: Told) -> list[str]:
    """The rows of a table as HTML; `inside` gives the markup of a cell's content. Nothing that stands in a cell is
    lost, also where Word shows nothing of it because the cell is joined with another.

    There is one answer, unless some rows hold tables of their own: those rows only lay out a page, and the ones around
    them are tables without them.
    """
    written: list[tuple[bool, list[list[_Cell]]]] = []
    above: dict[int, _Cell] = {}
    """The cells that may go on downwards, by their first column."""
    for row in _within(table, "tr"):
        said = properties(child(row, "trPr"))
        if "del" in said:
            told.drop(text_of(row), Gone.DELETED)
            told.paragraph()
            continue
        nested = any(child(cell, "tbl") is not None for cell in _within(row, "tc"))
        if not written or written[-1][0] is not nested:
            written.append((nested, []))
            above = {}
        written[-1][1].append(_cells(row, said, above, inside, told))
    return ["".join(f"<tr>{''.join(cell.html() for cell in cells)}</tr>" for cells in rows) for _, rows in written]


def _cells(
    row: Element, said: Properties, above: dict[int, _Cell], inside: Callable[[Element], str], told: Told
) -> list[_Cell]:
    """One row; `above` is brought up to date."""
    tag = "th" if switched(said, "tblHeader") else "td"
    cells: list[_Cell] = []
    column = _skipped(said, "gridBefore", cells, tag)
    beside: _Cell | None = None
    """The cell that may go on sideways."""
    for element in _within(row, "tc"):
        own = properties(child(element, "tcPr"))
        if "cellDel" in own:
            told.drop(text_of(element), Gone.DELETED)
            told.paragraph()
            continue
        columns = _span(own, "gridSpan")
        down, across = _joined(own, "vMerge"), _joined(own, "hMerge")
        over = above.get(column)
        if across is False and beside is not None:
            beside.columns += columns
            beside.inside.append(inside(element))
        elif down is False and over is not None:
            over.rows += 1
            over.inside.append(inside(element))
            beside = None
        else:
            beside = _Cell(tag, [inside(element)], columns)
            cells.append(beside)
            above.pop(column, None)
            if down is not None:
                above[column] = beside
        column += columns
    _skipped(said, "gridAfter", cells, tag)
    return cells


def _joined(said: Properties, how: str) -> bool | None:
    """Whether cells are joined from this one on (True), or it is joined with the one before (False); None: neither."""
    return None if how not in said else value(said, how) == "restart"


def _span(said: Properties, called: str) -> int:
    return max(integer(value(said, called), 1, most=_MOST_COLUMNS), 1)


def _skipped(said: Properties, called: str, cells: list[_Cell], tag: str) -> int:
    """How many columns a row leaves empty at one of its ends; an empty cell takes their place."""
    columns = integer(value(said, called), 0, most=_MOST_COLUMNS)
    if columns:
        cells.append(_Cell(tag, [], columns))
    return columns


def _within(parent: Element, wanted: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, also those in content controls."""
    for element in parent:
        called = name(element)
        if called == wanted:
            yield element
        elif called not in _APART:
            yield from _within(element, wanted)
