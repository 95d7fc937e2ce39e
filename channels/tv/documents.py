"""What people hold in their hands: the script as a two-column form (DOCX, HTML), the prompter's text (plain, RTF,
a page), the rundown of a day and the list of days. All made from scripts and programmes: the same in, the same bytes
out. What a day's pages show of one story is kept, so that a story more costs what that story costs.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any

from docx import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from markupsafe import Markup

from channels.byline import side_by_side
from channels.templating import TEMPLATES, templates
from channels.tv.house import house
from channels.tv.programme import Calendar, Programme
from channels.tv.script import Cue, Kind, Script, Titles

SONG, FANG, HEI = "宋体", "仿宋", "黑体"
"""Fonts that Word and WPS have on every Chinese machine; LibreOffice takes its own in their place."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every part of a DOCX: the first that a ZIP can name."""
ASSETS = ("tv.css", "prompter.js")
KEPT = 128
"""Stories whose part of a day's pages is kept."""


# -- the words of a script --------------------------------------------------------------------------------


def label(cue: Cue) -> str:
    """The kind of a row, with the speaker of a sound bite."""
    words = house().words
    if cue.kind is Kind.BITE and (name := f"{cue.post} {cue.speaker}".strip()):
        return words["cue_bite"].format(name=name)
    return words[cue.kind]


def lines(script: Script) -> tuple[tuple[str, str], ...]:
    """What the prompter shows: (instruction, what is read or "" where nothing is), a pair a row."""
    before = ((f"【{script.opening.splitlines()[0]}】", script.titles.spoken),) if script.titles else ()
    return (*before, *((f"【{label(cue)}】", cue.spoken) for cue in script.cues))


def weekday(day: str) -> str:
    return house().words["weekdays"].split()[date.fromisoformat(day).weekday()]


def number(story: str) -> str:
    """The story's number as it is printed and spoken of."""
    return story.upper()


def head(script: Script) -> list[list[tuple[str, str]]]:
    """The head of the form: rows of one or two fields, each (name, value)."""
    words, told = house().words, house()
    over = script.seconds - script.target
    room = words["exact"] if not over else words["over" if over > 0 else "under"].format(length=told.length(abs(over)))
    target = f"（{words['target'].format(length=told.length(script.target))}，{room}）" if script.target else ""
    column = f"{script.column}　{script.series}".strip()
    labels = [[(words["label"], "　".join(labels_shown(script)))]] if labels_shown(script) else []
    others = [(_spread(role), names) for role, names in script.others or ()]
    return [
        [
            (words["date"], f"{script.day}　{weekday(script.day)}"),
            (words["slot"], f"{script.air}　《{script.programme}》"),
        ],
        [(words["number"], number(script.story)), (words["kind"], words[script.kind])],
        [(words["slug"], script.headline)],
        *labels,
        [(words["column"], column), (words["length"], f"{told.length(script.seconds)}{target}")],
        [(words["reporters"], side_by_side(script.reporters)), (words["camera"], side_by_side(script.camera))],
        *(others[place : place + 2] for place in range(0, len(others), 2)),
        [
            (words["editors"], side_by_side(script.editors)),
            (words["speed"], words["per_minute"].format(speed=script.speed)),
        ],
        [(words["reviewed"], signature(script.reviewers)), (words["approved"], signature(script.approvers))],
    ]


def _spread(role: str) -> str:
    """A role as wide as the names of the form's own fields."""
    return {2: "　　", 3: " "}.get(len(role), "").join(role)


def labels_shown(script: Script) -> list[str]:
    """What has to be read on the screen of what a machine has made, and for how long."""
    words = house().words
    text = [words["label_text"].format(words=script.label)] if script.label else []
    return [*text, *(words["label_picture"].format(words=one) for one in script.picture_labels or ())]


def signature(names: Sequence[str]) -> str:
    """Who has to sign, and room for it."""
    return "　".join(filter(None, (side_by_side(names), house().words["signed"])))


def played(script: Script) -> list[str]:
    """What is played in or shown with the story, a line each: the column's titles with their time, the captions."""
    before = [f"{script.opening.splitlines()[0]}　{house().length(script.titles.seconds)}"] if script.titles else []
    return [*before, *(line for _, shown in captions(script) for line in shown)]


def captions(script: Script) -> list[tuple[str, list[str]]]:
    """The lower thirds: (what they are, their lines)."""
    words = house().words
    bars = [f"{line}（{words['over_bar']}）" if line in script.wide_bars else line for line in script.title_bar]
    straps = [f"{strap.name}　{strap.post}".strip() for strap in script.straps]
    bug = [f"《{script.column}》", *script.opening.splitlines()[1:]] if script.titles else []
    listed = {
        "label": labels_shown(script),
        "bug": bug,
        "title_bar": bars,
        "name_strap": straps,
        "figures": list(script.figures),
    }
    return [(words[name], shown) for name, shown in listed.items() if shown]


# -- HTML -------------------------------------------------------------------------------------------------


@cache
def _asset(name: str) -> tuple[str, bytes]:
    data = (TEMPLATES / "tv" / name).read_bytes()
    stem, _, ending = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(data).hexdigest()[:16]}.{ending}", data


def assets() -> Mapping[str, bytes]:
    """The files that the pages load, by their path under the channel's root."""
    return dict(_asset(name) for name in ASSETS)


def load() -> None:
    """Compile the templates, so that the first page is made as quickly as any."""
    for name in templates("tv").list_templates(extensions=["html"]):
        templates("tv").get_template(name)


def _render(template: str, up: str, **values: Any) -> bytes:
    """`up`: the way from the page to the channel's root."""
    hrefs = {name: up + _asset(name)[0] for name in ASSETS}
    known: dict[str, Any] = {
        "words": house().words, "house": house(), "up": up, "css": hrefs["tv.css"], "js": hrefs["prompter.js"],
        "number": number, "label": label, "weekday": weekday, "length": house().length,
    }  # fmt: skip
    return templates("tv").get_template(template).render(**known, **values).encode()


def page(script: Script, digest: str) -> bytes:
    """The script as a page for reading and printing; it bears the rendition's digest."""
    return _render("script.html", "../", script=script, head=head(script), captions=captions(script), digest=digest)


def preview(script: Script, digest: str) -> bytes:
    """The same with its style inside."""
    shown = page(script, digest).decode()
    css = _asset("tv.css")[1].decode()
    link = f'<link rel="stylesheet" href="../{_asset("tv.css")[0]}">'
    return shown.replace(link, f"<style>{css}</style>").encode()


def gone(headline: str, day: str, reason: str) -> bytes:
    """What stands in the place of a withdrawn story's script."""
    return _render("gone.html", "../", headline=headline, day=day, reason=reason)


def rundown(programme: Programme, calendar: Calendar, *, station: str) -> bytes:
    """The day's running order with planned and used time, and back-timing."""
    used, over, zone, lock = programme.used(), programme.over(calendar.terms), calendar.zone, programme.lock
    return _render(
        "rundown.html",
        "../",
        programme=programme,
        terms=calendar.terms,
        rows=programme.rows(calendar),
        used=used,
        over=over,
        clock=lambda moment: f"{moment.astimezone(zone):%H:%M:%S}",
        locked_at=f"{lock.at.astimezone(zone):%m-%d %H:%M}" if lock else "",
        begins=calendar.on_air(programme.day),
        ends=calendar.over(programme.day),
        station=station,
    )


def link(story: str, digest: str = "") -> bytes:
    """How the rundown refers to a story's page, with the rendition's digest; without one, how that begins."""
    begins = f'<a href="{story}.html" data-digest="'
    return (f'{begins}{digest}">' if digest else begins).encode()


def prompter(programme: Programme, scripts: Sequence[Script], calendar: Calendar) -> bytes:
    """The whole programme in large type, scrolling by itself."""
    shown = [(script, _read(script)) for script in scripts]
    return _render("prompter.html", "../", programme=programme, shown=shown, terms=calendar.terms)


@lru_cache(maxsize=KEPT)
def _read(script: Script) -> Markup:
    """What is read of a story, as the prompter's page has it."""
    return Markup(_render("read.html", "../", lines=lines(script)).decode())  # noqa: S704 - rendered with escaping on


def index(programmes: Sequence[Programme], calendar: Calendar, *, station: str) -> bytes:
    """The list of days, the newest first."""
    return _render("index.html", "", programmes=programmes, terms=calendar.terms, station=station)


# -- plain text and RTF -----------------------------------------------------------------------------------


def text(scripts: Sequence[Script]) -> bytes:
    """What the prompter reads, as plain UTF-8: a heading a story, a blank line between parts."""
    parts = []
    for script in scripts:
        parts += [f"【{number(script.story)}】{script.slug}", *(one for pair in lines(script) for one in pair), ""]
    return "\n\n".join(part for part in parts if part).encode() + b"\n"


def rtf(scripts: Sequence[Script]) -> bytes:
    """The same as RTF, 36 point and black, for prompters that read nothing else; all characters are escaped."""
    head = r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fnil\fcharset134 SimHei;}}\uc1\f0\fs72"
    stories = [(r"\page" if place else "") + _rtf_story(script) for place, script in enumerate(scripts)]
    return "\n".join([head, *stories, "}"]).encode("ascii")


@lru_cache(maxsize=KEPT)
def _rtf_story(script: Script) -> str:
    out = [rf"\pard{{\b {_rtf(f'【{number(script.story)}】{script.slug}')}}}\par"]
    for instruction, said in lines(script):
        out.append(rf"{{\i\fs48 {_rtf(instruction)}}}\par" + (rf" {_rtf(said)}\par" if said else ""))
    return "\n".join(out)


_RTF = re.compile(r"[^ -\[\]-z|~]")


def _rtf(text: str) -> str:
    """`\\uN?` for each UTF-16 unit, N signed (RTF 1.9)."""
    return _RTF.sub(lambda found: _rtf_character(found.group()), text)


@cache
def _rtf_character(character: str) -> str:
    if character in "\\{}":
        return "\\" + character
    units = character.encode("utf-16-be")
    values = [int.from_bytes(units[place : place + 2], "big") for place in range(0, len(units), 2)]
    return "".join(f"\\u{value - 0x10000 if value > 0x7FFF else value}?" for value in values)


# -- DOCX -------------------------------------------------------------------------------------------------


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
