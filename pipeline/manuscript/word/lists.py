"""Paragraphs with automatic numbers: which of them are lists of a web page, and which keep their number as text."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.manuscript.word.line import Piece


def listed(pieces: list[Piece], *, in_cell: bool = False) -> Iterator[str]:
    """The pieces as markup, neighbouring items of a list in `<ul>` or `<ol>`, nested by level.

    A list with plain numbers stays one only if nothing stands between its items and it counts from 1: otherwise, as in
    the cells of a table, the numbers would be lost, and stand in the text instead.
    """
    whole = set() if in_cell else _whole(pieces)
    opened: list[tuple[int, str]] = []
    """Level and tag of the lists in which the place stands."""
    for piece in pieces:
        label = piece.label if _is_item(piece, whole) else None
        while opened and (label is None or opened[-1][0] > label.level):
            yield f"</li></{opened.pop()[1]}>"
        if label is None:
            text = piece.label.text if piece.label is not None else ""
            yield piece.html(text if piece.letters or in_cell else "")
            continue
        tag = "ul" if label.bullet else "ol"
        if opened and opened[-1] == (label.level, tag):
            yield "</li><li>"
        else:
            if opened and opened[-1][0] == label.level:
                yield f"</li></{opened.pop()[1]}>"
            opened.append((label.level, tag))
            yield f"<{tag}><li>"
        yield piece.html()
    while opened:
        yield f"</li></{opened.pop()[1]}>"


_Series = tuple[str, int, int]


def _is_item(piece: Piece, whole: set[_Series]) -> bool:
    label = piece.label
    if label is None or piece.tag != "p" or not piece.letters:
        return False
    return label.bullet or label.series in whole


def _whole(pieces: list[Piece]) -> set[_Series]:
    """The lists with plain numbers that stand in one place and count from 1."""
    groups: dict[_Series, set[int]] = {}
    numbers: dict[_Series, list[int]] = {}
    group = 0
    for piece in pieces:
        label = piece.label
        if label is None or piece.tag != "p" or not (label.bullet or label.plain):
            group += bool(piece.letters or piece.pictured or piece.tag != "p")
        elif label.plain and piece.letters:
            groups.setdefault(label.series, set()).add(group)
            numbers.setdefault(label.series, []).append(label.number)
    return {
        series
        for series, found in groups.items()
        if len(found) == 1 and numbers[series] == list(range(1, len(numbers[series]) + 1))
    }
