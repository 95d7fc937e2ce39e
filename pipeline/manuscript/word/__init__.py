"""Word files as Word and WPS write them, and what LibreOffice turns into such files.

The paragraphs become plain HTML with hints (style, alignment, bold, size, font …) for `body.blocks`. What is no
running text – headers and footers, comments, deleted and hidden text, codes of fields, tables of contents – stays out;
what of it somebody wrote stands in the reading.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.channel import Text
from pipeline.manuscript import html
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.headings import headed
from pipeline.manuscript.images import Pictures
from pipeline.manuscript.recognition import harvest
from pipeline.manuscript.word import fields, office, sections
from pipeline.manuscript.word.inline import Source
from pipeline.manuscript.word.kinds import Kind, recognised
from pipeline.manuscript.word.names import W, child
from pipeline.manuscript.word.notes import Notes
from pipeline.manuscript.word.numbering import Numbering
from pipeline.manuscript.word.package import FileRefused, Package, damaged
from pipeline.manuscript.word.story import Story
from pipeline.manuscript.word.styles import Styles
from pipeline.manuscript.word.told import Told

MOST_PARAGRAPHS = 50_000
"""A long article has some hundreds, with its tables."""


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    """The body's blocks and the images' bytes; fields and problems go into the draft."""
    try:
        kind = recognised(data)
        if kind is Kind.PAGE:
            return html.read(data, path, draft)
        package = Package(data if kind is Kind.DOCX else office.as_docx(data, kind.value))
        written = markup(package, draft)
    except FileRefused as refused:
        draft.wrong("file", refused.message, refused.remedy)
        return [], {}
    if kind is not Kind.DOCX:
        draft.notice(
            "file",
            Text.of("the file is of the kind {suffix} and was read by LibreOffice", suffix=kind.value),
            Text.of("compare the preview with the document"),
        )
    pictures = Pictures(draft, package.picture)
    content = blocks(written, draft, pictures.take)
    return headed(harvest(content, draft)), pictures.media


def markup(package: Package, draft: Draft) -> str:
    """The text of a document with its notes, as `body.blocks` reads it. Raises `FileRefused`."""
    root = package.xml(package.main)
    body = child(root, "body")
    if body is None:
        raise damaged("it has no body")
    if sum(1 for _ in body.iter(f"{W}p")) > MOST_PARAGRAPHS:
        raise FileRefused(
            Text.of("the text has more than {limit} paragraphs", limit=MOST_PARAGRAPHS),
            Text.of("copy the text alone into a new document"),
        )
    relations = package.relations(package.main)
    styles = Styles(package.related(relations, "styles"), package.related(relations, "theme"))
    source = Source(styles, Numbering(package.related(relations, "numbering"), styles.lists), Told(draft))
    fields.settle(root)
    sections.settle(root)
    notes = Notes(package, relations)
    text = Story(source, relations, notes.reference).markup(body)
    written = text + "".join(notes.markup(source))
    source.told.finish()
    return written
