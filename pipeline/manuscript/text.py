"""Plain text: one paragraph a line, the fields in lines that are recognised by their look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.manuscript.body import Block, Hints, paragraph
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.encodings import decode
from pipeline.manuscript.paragraphs import meet, starts
from pipeline.manuscript.recognition import harvest

_CENTRED = re.compile("\u3000{3,}|[ \xa0]{6,}|\t{2,}")
"""What stands before a line that is in the middle of the page; a paragraph has two at most."""


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:  # noqa: ARG001
    """The body's blocks and the images' bytes (none); fields and problems go into the draft."""
    lines = decode(data, draft).split("\n")
    content = [block for line, text in _paragraphs(lines) if (block := paragraph(text, _hints(line, lines[line - 1])))]
    return harvest(content, draft), {}


def _paragraphs(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The number of each paragraph's first line, and its text: lines that a program broke at a width are joined."""
    begun = starts(lines, plain=True)
    parts: list[str] = []
    first = 0
    for place, line in enumerate(lines):
        text = line.strip()
        if parts and (not text or place in begun):
            yield first + 1, "".join(parts)
            parts = []
        if text:
            first = first if parts else place
            parts += [text if not parts or meet(parts[-1], text) else f" {text}"]
    if parts:
        yield first + 1, "".join(parts)


def _hints(line: int, raw: str) -> Hints:
    return Hints(line=line, centred=bool(_CENTRED.match(raw)))
