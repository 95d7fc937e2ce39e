"""Half-width punctuation between Chinese characters: 增产,增收 for 增产，增收 (GB/T 15834-2011).

Only marks with Chinese on both sides are looked at, so figures (12,345), times (8:30), file names and code are no
matter of these rules; nor is anything in an address.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pipeline.article import Image
from pipeline.channel import Text
from pipeline.manuscript.block import Block, Run
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft

FIELDS = ("headline", "short_headline", "kicker", "subhead", "summary", "editors_note")
"""The fields of an article in which somebody writes sentences."""
FULL = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）"}

_HAN = "〇々\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_MARK = re.compile(f"(?<=[{_HAN}”’》〉）】」』])(?P<mark>[,;:?!])(?P<space> *)(?=[{_HAN}“‘《〈（【「『”’》〉）】」』])")
_PAIR = re.compile(f"(?<![!-~])(?P<open>[(])(?=[{_HAN}])[^()\n]*(?<=[{_HAN}])(?P<close>[)])(?![0-9A-Za-z_])")
# Nothing in it may be tried anew from each of many characters: what has no end takes time by the square of its length.
_ADDRESS = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,31}://\S+|www\.\S+|[!-~]{1,64}@[!-~]+|`[^`\n]*`")
_AROUND = 8
"""Characters on both sides by which a place is told."""


class Change(NamedTuple):
    """A mark, or the space behind one, and what stands there instead."""

    start: int
    end: int
    instead: str


def changes(text: str) -> list[Change]:
    """What is to be changed in a text, in its order.

    >>> changes("增产,增收(见下),12,345亩,8:30到")
    [Change(start=2, end=3, instead='，'), Change(start=5, end=6, instead='（'), Change(start=8, end=9, instead='）')]
    """
    kept = [edge for one in _ADDRESS.finditer(text) for edge in one.span()]
    found: list[Change] = []
    for pattern in (_PAIR, _MARK):  # brackets first: a mark behind one stands behind Chinese then
        due = [
            Change(*one.span(name), "" if name == "space" else FULL[mark])
            for one in pattern.finditer(text)
            for name, mark in one.groupdict().items()
            if mark and not bisect_right(kept, one.start(name)) % 2  # else between the two ends of an address
        ]
        if pattern is _PAIR:
            text = _changed(text, due)
        found += due
    return sorted(found)


def mended(text: str) -> str:
    """The text with what `changes` says.

    >>> mended("他说:“好”,又说 http://例.中国/甲,乙")
    '他说：“好”，又说 http://例.中国/甲,乙'
    """
    return _changed(text, changes(text))


def _changed(text: str, due: Sequence[Change]) -> str:
    pieces, at = [], 0
    for one in due:
        pieces += [text[at : one.start], one.instead]
        at = one.end
    return "".join([*pieces, text[at:]])


def places(text: str) -> Iterator[str]:
    """Where half-width marks stand, each with a few characters around it."""
    for one in changes(text):
        if one.instead:
            yield one_line(text[max(one.start - _AROUND, 0) : one.end + _AROUND])


def mend(content: Sequence[Block], draft: Draft) -> list[Block]:
    """The body with full-width marks, and the draft's fields; tells where they were changed."""
    found: list[str] = []
    for name in FIELDS:
        if (text := draft.text(name)) and changes(text):
            found += places(text)
            draft.fields[name] = mended(text)
    blocks = [_mended_block(block, found) for block in content]
    if found:
        draft.notice(
            "text",
            Text.of(
                "half-width punctuation between Chinese characters was made full-width in {count} places: {text}",
                count=len(found),
                text=told(found),
            ),
            Text.of("nothing to do, unless a name or a formula is written so"),
        )
    return blocks


def told(found: Sequence[str], most: int = 3) -> str:
    """The first places, for a message."""
    return " … ".join(found[:most])


def _mended_block(block: Block, found: list[str]) -> Block:
    runs = _mended_runs(block.runs, found)
    children = tuple(_mended_block(child, found) for child in block.children)
    return replace(block, runs=runs, children=children, image=block.image and _mended_image(block.image, found))


def _mended_runs(runs: Sequence[Run], found: list[str]) -> tuple[Run, ...]:
    """The runs of a block, looked at as one text: a mark may stand at the edge of bold type."""
    joined = "".join("\n" * len(run.text) if run.note else run.text for run in runs)
    due = changes(joined)
    if not due:
        return tuple(runs)
    found += places(joined)
    characters = list(joined)
    for one in due:
        characters[one.start : one.end] = [one.instead, *[""] * (one.end - one.start - 1)]
    written, at = [], 0
    for run in runs:
        text = run.text if run.note else "".join(characters[at : at + len(run.text)])
        at += len(run.text)
        written.append(replace(run, text=text))
    return tuple(run for run in written if run.text)


def _mended_image(image: Image, found: list[str]) -> Image:
    update: dict[str, Any] = {}
    for name in ("caption", "alt"):
        if changes(text := getattr(image, name)):
            update[name] = mended(text)
            found += places(text) if name == "caption" else []
    return image.model_copy(update=update) if update else image
