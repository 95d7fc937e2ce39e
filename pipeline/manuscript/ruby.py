"""`<ruby>` (注音) → runs with their readings, in every form that HTML knows: `rb` or none, one `rt` behind each base or
all behind all, end tags left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from lxml import html as lxml_html

from pipeline.manuscript.block import BREAK, Run, spelt
from pipeline.manuscript.characters import one_line

_PARTS = {"rb": "base", "rt": "reading", "rtc": "reading", "rp": "bracket"}
"""What the text in an element is; a bracket is for programs that know no ruby."""
_Part = tuple[str, bool, "str | lxml_html.HtmlElement"]
"""What it is of `_PARTS`, whether an element of its own begins with it, and the text or inline element."""


def read(
    element: lxml_html.HtmlElement, inline: Callable[[str | lxml_html.HtmlElement], Iterable[Run]]
) -> Iterator[Run]:
    """The runs of a `ruby` element; `inline` gives those of a text or an inline element in it."""
    bases: list[list[Run]] = []
    readings: list[str] = []
    for kind, begins, content in _parts(element, "base"):
        runs = [*inline(content)] if kind != "bracket" else []
        if kind == "reading":
            readings += [""] if begins or not readings else []
            readings[-1] += "".join(run.text for run in runs if _is_read(run))
            if unread := [run for run in runs if not _is_read(run)]:
                bases += [] if bases else [[]]
                bases[-1].extend(unread)
        elif kind == "base" and (begins or any(run.text.strip() for run in runs)):
            if readings:
                yield from _paired(bases, readings)
                bases, readings = [], []
            bases += [[]] if begins or not bases else []
            bases[-1].extend(runs)
    yield from _paired(bases, readings)


def _parts(element: lxml_html.HtmlElement, kind: str) -> Iterator[_Part]:
    yield kind, element.tag in _PARTS, element.text or ""
    for child in element:
        if child.tag in _PARTS:
            yield from _parts(child, _PARTS[child.tag])
        else:
            yield kind, False, child
        if child.tail:
            yield kind, False, child.tail


def _paired(bases: list[list[Run]], readings: list[str]) -> Iterator[Run]:
    """Each base with its reading; the last one takes what is left of both."""
    pairs = min(len(bases), len(readings))
    for place in range(max(pairs, 1)):
        last = place == pairs - 1 or not pairs
        runs = [run for base in (bases[place:] if last else bases[place : place + 1]) for run in base]
        yield from _with_reading(runs, one_line(" ".join(readings[place:] if last else readings[place : place + 1])))


def _with_reading(runs: list[Run], reading: str) -> Iterator[Run]:
    """One run of all the text; pictures and references to notes, which have no reading, follow it."""
    words = [run for run in runs if _is_read(run)]
    text = one_line("".join(" " if run == BREAK else spelt(run) for run in words))
    if not text or not reading:
        yield from words
        yield Run(reading)
    else:
        first = next(run for run in words if run.text.strip())
        yield replace(first, text=text, reading=reading)
    yield from (run for run in runs if not _is_read(run))


def _is_read(run: Run) -> bool:
    """Whether it is text, and neither a picture nor a reference to a note."""
    return not run.note and run.marks != {"img"}
