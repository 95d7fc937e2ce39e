"""The ends of lines: where one ends a paragraph, and where an editor's program only broke it to fit its window.

Who writes Chinese presses Enter for a paragraph; Markdown joins such lines into one. Who lets a program break lines at
a width means nothing by it. Which of the two a file is can be seen from all of its lines: broken lines are about
equally long, end in mid-sentence, and hold sentence marks within.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

_WIDTHS = range(30, 165)
"""Columns (an ideograph takes two) at which programs break lines; shorter lines are verse, lists or credits."""
_VERSE = 24
"""Columns; a shorter line was ended by its author, also behind a comma."""
_WINDOW = 80
"""Columns of a terminal; a longer line without its full stop is a paragraph that lacks it."""
_FULL = 0.8
"""A line of at least this share of the width was broken there; words, and marks that begin no line, stay whole."""
_CLOSED = re.compile(r"[。！？!?…；;：:][”’」』）)】》\]*_~]*$|[”」』】》]$")
_OPEN = re.compile(r"[，、,][”’*_~]*$")
_INDENTED = re.compile("[\u3000\xa0]{2}| {2,}|\t")
_HAN = "\u2e80-\u303f\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\u2018-\u201d\u2026\u2014\U00020000-\U000323af"
_CHINESE = re.compile(f"[{_HAN}]")
_WITHIN = re.compile("[，。；！？]")
_ITEM = re.compile(
    r"[（(]?[一二三四五六七八九十百]{1,4}[)）、.．]|[（(]?\d{1,3}[)）、]|\d{1,3}[.．](?!\d)"
    r"|[①-⑳㈠-㈩⑴-⒇◆●■★▲△○□※•·☑☐✓]|第[一二三四五六七八九十百\d]{1,4}[章节条款]"
)
_LABELLED = re.compile(rf"[【\[（(]?[{_HAN}]{{1,8}}[】\]）)]?\s*[：:|｜]")
_MARKUP = re.compile(r"#{1,6}[ \t]|<[A-Za-z/!]|!\[|([-*_~=·•—…][ \t]*){3,}$|\[\^[^\]\s]{1,40}\]:")
"""Lines of Markdown that are something of their own."""
_LIST = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_RULE_OF_TABLE = re.compile(r"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?")
_BREAK = re.compile(r"(?: {2,}|\\)$")
"""What makes a break within a paragraph."""
_QUOTED = re.compile(r"^(?:[ \t]*>)+[ \t]?")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,})")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without the marks of a quotation around it."""

    place: int
    raw: str
    text: str
    width: int
    row: bool = False
    """Whether it is a row of a table, below its head."""


def starts(lines: Sequence[str], *, plain: bool = False) -> frozenset[int]:
    """The places in `lines` (from 0) at which a paragraph begins though no empty line stands before.

    Lines are Markdown's: inside a fence of ``` and inside tables nothing begins, and words without Chinese go on over
    the end of a line. `plain`: they are plain text's, where a line is a paragraph unless a program broke it.

    >>> sorted(starts(["第一段。", "第二段。", "", "　　第三段", "　　第四段"]))
    [1, 4]
    """
    runs = list(_runs(lines, plain=plain))
    width = _width(runs)
    return frozenset(
        after.place
        for run in runs
        for before, after in pairwise(run)
        if not after.row and (before.row or _begins(before, after, width, plain=plain))
    )


def columns(text: str) -> int:
    """The width of a text in a fixed font."""
    return len(text) + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


def meet(before: str, after: str) -> bool:
    """Whether two lines touch where at least one of them is Chinese: between them no space is meant."""
    return bool(_CHINESE.match(before[-1:]) or _CHINESE.match(after[:1]))


def _runs(lines: Sequence[str], *, plain: bool) -> Iterator[list[_Line]]:
    """Lines that follow each other without an empty one."""
    if plain:
        found = [_Line(place, raw, raw.strip(), columns(raw.strip())) for place, raw in enumerate(lines)]
        yield from (list(run) for empty, run in groupby(found, key=lambda line: not line.text) if not empty)
        return
    run: list[_Line] = []
    fence = ""
    inset = 0
    for place, whole in enumerate(lines):
        raw = _QUOTED.sub("", whole)
        mark = _FENCE.match(raw)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        text = raw.strip()
        if not text or mark or fence:
            yield _with_rows(run)
            run, inset = [], 0
            continue
        if item := _LIST.match(raw):
            inset = item.end()
        elif inset and raw[:inset].isspace():
            raw = raw[inset:]  # goes on in the item
        else:
            inset = 0
        run.append(_Line(place, raw, text, columns(text)))
    yield _with_rows(run)


def _with_rows(run: list[_Line]) -> list[_Line]:
    """The lines with those of a table marked: from the one above |---|---| to the last that has a bar."""
    ruled = [n for n, line in enumerate(run) if n and "|" in run[n - 1].text and _RULE_OF_TABLE.fullmatch(line.text)]
    last = 0
    for start in ruled:
        end = max(start, last)
        while end < len(run) and "|" in run[end].text:
            run[end] = replace(run[end], row=True)
            end += 1
        last = end
    return run


def _width(runs: Sequence[Sequence[_Line]]) -> int:
    """The width at which a program broke the lines of this file; 0 if none did."""
    inner = [(line, after) for run in runs for line, after in pairwise(run) if not line.row]
    broken = [line for line, after in inner if _is_broken(line, after)]
    if not broken:
        return 0
    width = max(line.width for run in runs if len(run) > 1 for line in run if not line.row)
    full = [line for line in broken if line.width >= width * _FULL]
    closed = [line for line, after in inner if line.width >= _VERSE and _CLOSED.search(line.text)]
    prose = sum(len(_WITHIN.findall(line.text[:-1])) for line in full)
    equal = len(full) * 3 >= len(broken) * 2 and len(full) > len(closed)
    return width if width in _WIDTHS and equal and prose * 2 >= len(full) else 0


def _is_broken(line: _Line, after: _Line) -> bool:
    """Whether a line of some length ends in mid-sentence, and the next goes on."""
    if line.width < _VERSE or _CLOSED.search(line.text) or _MARKUP.match(line.text) or _is_beginning(after):
        return False
    return bool(_CHINESE.search(line.text))


def _is_beginning(line: _Line) -> bool:
    """Whether a line says by itself that it begins something."""
    return bool(
        _INDENTED.match(line.raw) or _ITEM.match(line.text) or _LABELLED.match(line.text) or _MARKUP.match(line.text)
    )


def _begins(before: _Line, after: _Line, width: int, *, plain: bool) -> bool:
    chinese = meet(before.text, after.text)
    if (chinese and _is_beginning(after)) or _MARKUP.match(before.text):
        return True
    if width and before.width >= width * _FULL:
        return False
    if not chinese:
        return plain
    if not plain and _BREAK.search(before.raw):
        return bool(_CLOSED.search(before.text.rstrip("\\")))
    if before.width < _VERSE:
        return True
    # A sentence with its clauses that stops in the middle, and the next line ends it.
    stops = before.width <= _WINDOW and _WITHIN.search(before.text) and not _CLOSED.search(before.text)
    halved = not plain and stops and _CLOSED.search(after.text)
    return not (_OPEN.search(before.text) or halved)
