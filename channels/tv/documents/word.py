"""The script as a two-column form on A4, for Word, WPS and LibreOffice (DOCX)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from docx import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from channels.tv.documents.wording import captions, head, label, number
from channels.tv.house import house
from channels.tv.script import Cue, Script, Titles

SONG, FANG, HEI = "宋体", "仿宋", "黑体"
"""Fonts that Word and WPS have on every Chinese machine; LibreOffice takes its own in their place."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every part of a DOCX: the first that a ZIP can name."""


def docx(script: Script) -> bytes:
    """The two-column form on A4, as Word, WPS and LibreOffice open it. The same script gives the same bytes."""
    words = house().words
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2)
    section.top_margin, section.bottom_margin = Cm(1.8), Cm(1.8)
    style = document.styles["Normal"]
    style.font.size = Pt(12)
    _font(style, SONG)
    style.paragraph_format.space_after = Pt(0)

    _line(document.add_paragraph(), script.station, SONG, 12, centred=True)
    title = words["notice"] if script.kind == "kind_notice" else words["script"]
    form = words["form"].format(programme=script.programme, script=title)
    _line(document.add_paragraph(), form, HEI, 20, centred=True, after=8)
    _docx_head(document, script)
    document.add_paragraph().paragraph_format.line_spacing = Pt(8)
    _docx_cues(document, script)
    for name, shown in captions(script):
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.space_before = Pt(6)
        paragraph.paragraph_format.left_indent, paragraph.paragraph_format.first_line_indent = Cm(2.4), Cm(-2.4)
        _line(paragraph, f"{name}　", HEI, 11)
        _line(paragraph, "　｜　".join(shown), SONG, 11)
    _docx_text(document, words["full_text"], script.full_text)
    _docx_text(document, words["notes"], script.notes or ())
    _page_numbers(section.footer.paragraphs[0], words["page"])
    _line(section.header.paragraphs[0], f"{number(script.story)}　{script.slug}", SONG, 9, colour="666666")
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = script.headline, script.station, script.station
    properties.comments, properties.keywords, properties.revision = "", "", 1
    properties.created = properties.modified = datetime.combine(
        date.fromisoformat(script.day), datetime.min.time(), tzinfo=UTC
    ).replace(tzinfo=None)
    out = io.BytesIO()
    document.save(out)
    return _settled(out.getvalue())


def _docx_text(document: Any, heading: str, paragraphs: Sequence[str]) -> None:
    """Text for the editor under its heading; nothing if there is none."""
    if not paragraphs:
        return
    above = document.add_paragraph()
    above.paragraph_format.space_before, above.paragraph_format.space_after = Pt(14), Pt(4)
    above.paragraph_format.keep_with_next = True
    _line(above, heading, HEI, 12)
    for text_ in paragraphs:
        paragraph = document.add_paragraph()
        paragraph.paragraph_format.first_line_indent = Pt(21)
        paragraph.paragraph_format.line_spacing = 1.25
        _line(paragraph, text_, SONG, 10.5)


def _docx_head(document: Any, script: Script) -> None:
    rows = head(script)
    table = _table(document, len(rows), (2.3, 6.6, 2.3, 5.8))
    for place, fields in enumerate(rows):
        cells = table.rows[place].cells
        if len(fields) == 1:
            cells[1].merge(cells[3])
        for column, (name, value) in enumerate(fields):
            _line(cells[2 * column].paragraphs[0], name, HEI, 11, centred=True)
            _shade(cells[2 * column], "F2F2F2")
            _line(cells[2 * column + 1].paragraphs[0], value, SONG, 11)
        for cell in cells:
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
            _padding(cell)
    table.rows[-1].height = Cm(1.1)  # room for two signatures


def _docx_cues(document: Any, script: Script) -> None:
    words = house().words
    table = _table(document, 1, (4.6, 12.4))
    header = table.rows[0]
    _repeat(header)
    for cell, name in zip(header.cells, (words["picture"], words["voice"]), strict=True):
        _line(cell.paragraphs[0], name, HEI, 12, centred=True)
        _shade(cell, "E4E4E4")
        _padding(cell)
    if script.titles:
        _docx_row(table.add_row(), script.opening, words["titles"], script.titles)
    elif script.opening:
        _shown(table.add_row().cells[0], script.opening)
        _padding(table.rows[-1].cells[0])
    for cue in script.cues:
        _docx_row(table.add_row(), cue.picture, label(cue), cue)
    if script.ending:
        _shown(table.add_row().cells[0], script.ending)
        _padding(table.rows[-1].cells[0])
    for row in table.rows:
        for cell, width in zip(row.cells, (4.6, 12.4), strict=True):
            cell.width = Cm(width)
        if row is not header:
            _together(row)


def _docx_row(row: Any, picture: str, name: str, heard: Cue | Titles) -> None:
    """What is seen, and what is heard."""
    left, right = row.cells
    _shown(left, picture)
    first = right.paragraphs[0]
    _line(first, f"【{name}】", HEI, 11)
    _line(first, f"　{house().length(heard.seconds)}", SONG, 10, colour="666666")
    if heard.text:
        first.paragraph_format.keep_with_next = True
        said = right.add_paragraph()
        said.paragraph_format.line_spacing = 1.4
        _line(said, heard.text, FANG, 14)
    if heard.readings:
        read = right.add_paragraph()
        pairs = "；".join(f"{printed}：{spoken}" for printed, spoken in heard.readings)
        _line(read, f"{house().words['read_as']}　{pairs}", SONG, 9.5, colour="555555")
    for cell in row.cells:
        _padding(cell)


def _shown(cell: Any, picture: str) -> None:
    """The 画面 column: a paragraph a line."""
    for place, line in enumerate(picture.split("\n")):
        _line(cell.add_paragraph() if place else cell.paragraphs[0], line, SONG, 11)


# -- what Word wants to be told ---------------------------------------------------------------------------


def _table(document: Any, rows: int, widths: Sequence[float]) -> Any:
    table = document.add_table(rows=rows, cols=len(widths))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
        for cell in column.cells:
            cell.width = Cm(width)
    return table


def _line(
    paragraph: Any, text: str, font: str, size: float, *, centred: bool = False, after: float = 0, colour: str = ""
) -> None:
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    _font(run, font)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if after:
        paragraph.paragraph_format.space_after = Pt(after)


def _font(where: Any, name: str) -> None:
    """Western and Chinese characters in one font: Word keeps them apart."""
    where.font.name = name
    fonts = where.element.get_or_add_rPr().get_or_add_rFonts()
    for kind in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(kind), name)


def _child(parent: Any, name: str, **values: str) -> Any:
    element = OxmlElement(name)
    for key, value in values.items():
        element.set(qn(f"w:{key}"), value)
    parent.append(element)
    return element


def _shade(cell: Any, colour: str) -> None:
    _child(cell._tc.get_or_add_tcPr(), "w:shd", val="clear", color="auto", fill=colour)


def _padding(cell: Any) -> None:
    for paragraph in cell.paragraphs:
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)


def _repeat(row: Any) -> None:
    """A table's head on every page."""
    _child(row._tr.get_or_add_trPr(), "w:tblHeader", val="true")


def _together(row: Any) -> None:
    """No page break within a row."""
    _child(row._tr.get_or_add_trPr(), "w:cantSplit", val="true")


def _page_numbers(paragraph: Any, form: str) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    before, _, rest = form.partition("{page}")
    between, _, after = rest.partition("{pages}")
    _line(paragraph, before, SONG, 9)
    _field(paragraph, "PAGE")
    _line(paragraph, between, SONG, 9)
    _field(paragraph, "NUMPAGES")
    _line(paragraph, after, SONG, 9)


def _field(paragraph: Any, name: str) -> None:
    run = paragraph.add_run()
    run.font.size = Pt(9)
    _child(run._r, "w:fldChar", fldCharType="begin")
    _child(run._r, "w:instrText").text = name
    _child(run._r, "w:fldChar", fldCharType="separate")
    _child(run._r, "w:t").text = "1"
    _child(run._r, "w:fldChar", fldCharType="end")


def _settled(data: bytes) -> bytes:
    """The same package with fixed times and order of parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as settled:
        names = sorted(given.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            content = given.read(name)
            part = zipfile.ZipInfo(name, EPOCH)
            part.compress_type = zipfile.ZIP_DEFLATED
            part.external_attr = 0o600 << 16
            part.create_system = 3
            settled.writestr(part, content)
    return out.getvalue()
