"""Plain text: one paragraph a line, the fields in lines that are recognised by their look."""

from __future__ import annotations

from pathlib import Path

from pipeline.manuscript.body import Block, Hints, paragraph
from pipeline.manuscript.characters import decode
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.recognition import harvest


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:  # noqa: ARG001
    """The body's blocks and the images' bytes (none); fields and problems go into the draft."""
    lines = enumerate(decode(data, draft).split("\n"), 1)
    content = [block for line, text in lines if (block := paragraph(text, Hints(line=line)))]
    return harvest(content, draft), {}
