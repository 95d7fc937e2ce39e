"""Markdown, with front matter in which every field has its name, or without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.channel import Text
from pipeline.manuscript import dialect, fields, frontmatter
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.emphasis import hides
from pipeline.manuscript.encodings import decode
from pipeline.manuscript.images import Pictures, beside
from pipeline.manuscript.recognition import harvest


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    """The body's blocks and the images' bytes; fields and problems go into the draft."""
    lines = decode(data, draft).split("\n")
    start = frontmatter.read(lines, draft)
    pictures = Pictures(draft, beside(path))
    content = blocks(dialect.rendered(lines[start:], start, draft), draft, pictures.take)
    _tell_marks(content, draft)
    content = [_alt_as_caption(block) for block in harvest(content, draft)]
    if "number" not in draft.fields and (counted := fields.series_number(draft.text("series"))):
        draft.put("number", counted, line=draft.lines.get("series"))
    return content, pictures.media


def _alt_as_caption(block: Block) -> Block:
    """`![words](file)`: the words are all the author says of the picture."""
    if block.image is None or block.image.caption or not block.image.alt:
        return block
    return replace(block, image=block.image.model_copy(update={"caption": block.image.alt}))


def _tell_marks(content: list[Block], draft: Draft) -> None:
    for block in content:
        if any("**" in run.text and not hides(run.text) for run in block.runs):
            draft.notice(
                "body",
                Text.of("the signs ** are still in the text: {text}", text=block.text[:40]),
                Text.of("if they are not meant as asterisks, write them in pairs, or <strong>…</strong>"),
                line=block.hints.line,
            )
