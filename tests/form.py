"""The prepared form of the television script: `python -m tests.form` (make form) writes `templates/tv/form.docx` anew.

python-docx makes it, from its own template: A4, the form's fonts, a header and a footer, and of all styles only those
that the form uses. What a script has of its own is written into it by `channels.tv.documents.word`.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from channels.tv.documents.word import EPOCH, FORM

STYLES = {"Normal", "DefaultParagraphFont", "TableNormal", "NoList", "TableGrid", "Header", "HeaderChar", "Footer",
          "FooterChar"}  # fmt: skip
UNUSED = (RT.NUMBERING, RT.CUSTOM_XML, "http://schemas.microsoft.com/office/2007/relationships/stylesWithEffects")
"""Parts that python-docx's template has and no form needs: lists, the bibliography, styles again for Word 2010."""


def made() -> bytes:
    """The prepared form: the same bytes from the same python-docx."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin, section.bottom_margin = Cm(1.8), Cm(1.8)
    section.footer.is_linked_to_previous = section.header.is_linked_to_previous = False
    style = document.styles["Normal"]
    style.font.size = Pt(12)
    style.font.name = "宋体"
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for kind in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(kind), "宋体")
    style.paragraph_format.space_after = Pt(0)
    for one in list(document.styles):
        if one.style_id not in STYLES:
            one.delete()
    _drop(document.part, UNUSED)
    _drop(document.part.package, (RT.THUMBNAIL,))
    out = io.BytesIO()
    document.save(out)
    return _settled(out.getvalue())


def _drop(part: Any, kinds: tuple[str, ...]) -> None:
    """Take away what a part refers to with these relationships."""
    for name, relationship in list(part.rels.items()):
        if relationship.reltype in kinds:
            del part.rels[name]


def _settled(data: bytes) -> bytes:
    """The same package with fixed times and order of parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as settled:
        for name in sorted(given.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            part = zipfile.ZipInfo(name, EPOCH)
            part.compress_type = zipfile.ZIP_DEFLATED
            settled.writestr(part, given.read(name))
    return out.getvalue()


if __name__ == "__main__":
    FORM.write_bytes(made())
