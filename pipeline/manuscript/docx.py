"""Word files as Word and WPS write them.

The paragraphs become plain HTML with hints (style, centred, bold, size) for `body.blocks`; then the title is
found by its style or its look. What is not the final text stays out: deleted and hidden text, comments,
footnotes, headers and footers.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import docx
from lxml import etree

from pipeline.article import numeral
from pipeline.channel import Text
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.characters import clean, one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.images import PictureRefused, Pictures
from pipeline.manuscript.recognition import harvest

_MB = 1024 * 1024
LARGEST_UNPACKED = 100 * _MB
"""Bytes, of all parts together; more is refused before anything is unpacked."""
LARGEST_XML = 10 * _MB
"""Bytes, of all parts but the pictures; a hundred pages take two or three MB."""
MOST_PARTS = 5000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "v": "urn:schemas-microsoft-com:vml",
}
_W = f"{{{_NAMESPACES['w']}}}"
_R = f"{{{_NAMESPACES['r']}}}"
_MC = f"{{{_NAMESPACES['mc']}}}"

_TITLE_STYLES = frozenset({"title", "标题", "大标题", "主标题", "文章标题"})
_SUBTITLE_STYLES = frozenset({"subtitle", "副标题", "副题"})
_CAPTION_STYLES = frozenset({"caption", "题注", "图注", "图片说明"})
_HEADING_STYLE = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_OFF = frozenset({"0", "false", "off", "none"})
_AUTOMATIC_ALT = re.compile(
    r"(?:图片|图像|Picture|Image|IMG)[\s_-]*\d*|.*\.(?:jpe?g|png|gif|webp|bmp)|\w{20,}", re.IGNORECASE
)
_CHINESE_COUNTING = frozenset(
    {"chineseCounting", "chineseCountingThousand", "chineseLegalSimplified", "japaneseCounting", "ideographDigital",
     "ideographTraditional", "taiwaneseCounting", "taiwaneseCountingThousand"}
)  # fmt: skip
_LARGER = 0.5
"""Points by which one line must be larger than another to outrank it."""


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:  # noqa: ARG001
    """The body's blocks and the images' bytes; fields and problems go into the draft."""
    document = _opened(data, draft)
    if document is None:
        return [], {}
    source = _Source(document, draft)
    pictures = Pictures(draft, source.picture)
    content = blocks(source.html(), draft, pictures.take)
    return harvest(content, draft), pictures.media


@dataclass(frozen=True, slots=True)
class _Document:
    """The parts of the package that are read."""

    body: etree._Element
    styles: etree._Element | None
    numbering: etree._Element | None
    addresses: dict[str, str]
    """Of links and linked pictures, by relationship."""
    names: dict[str, str]
    """Of embedded parts, by relationship."""
    parts: dict[str, bytes]
    """Their content, by name, such as word/media/image1.png."""


def _opened(data: bytes, draft: Draft) -> _Document | None:
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            draft.wrong(
                "file",
                Text.of("the file is locked with a password"),
                Text.of("open it in Word or WPS, take the password away and save it"),
            )
        else:
            draft.wrong(
                "file",
                Text.of("the file is an old Word file (.doc), whatever its name says"),
                Text.of("open it in Word or WPS and save it as “Word document (.docx)”"),
            )
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            written = [part for part in parts if part.filename.lower().endswith((".xml", ".rels"))]
            unpacked, text = (sum(part.file_size for part in some) for some in (parts, written))
            if unpacked > LARGEST_UNPACKED or text > LARGEST_XML or len(parts) > MOST_PARTS:
                draft.wrong(
                    "file",
                    Text.of(
                        "unpacked, the file has {size} MB in {parts} parts, of that {text} MB text; "
                        "at most {limit} MB are read, {text_limit} MB of them text",
                        size=unpacked // _MB,
                        parts=len(parts),
                        text=text // _MB,
                        limit=LARGEST_UNPACKED // _MB,
                        text_limit=LARGEST_XML // _MB,
                    ),
                    Text.of("make its pictures smaller, or copy text and pictures into a new document"),
                )
                return None
            # Also where it is written in UTF-16.
            if any(b"<!DOCTYPE" in package.read(part).replace(b"\0", b"") for part in written):
                raise ValueError("a document type declaration is not allowed in a Word file")
        opened = docx.Document(io.BytesIO(data))
        if opened.element.body is None:
            raise ValueError("it has no body")
        relations = opened.part.rels.values()
        addresses = {one.rId: one.target_ref for one in relations if one.is_external}
        inner = {one.rId: one.target_part for one in relations if not one.is_external}
        trees = {one.reltype.rpartition("/")[2]: one.target_part.blob for one in relations if not one.is_external}
        return _Document(
            body=opened.element.body,
            styles=_tree(trees.get("styles")),
            numbering=_tree(trees.get("numbering")),
            addresses=addresses,
            names={rid: part.partname.lstrip("/") for rid, part in inner.items()},
            parts={part.partname.lstrip("/"): part.blob for part in inner.values()},
        )
    except Exception as error:  # python-docx and zipfile meet broken packages with whatever they stumble over
        draft.wrong(
            "file",
            Text.of("the file is damaged or no Word document: {reason}", reason=str(error) or type(error).__name__),
            Text.of("open it in Word or WPS and save it again as “Word document (.docx)”"),
        )
        return None


def _tree(blob: bytes | None) -> etree._Element | None:
    return None if blob is None else etree.fromstring(blob, etree.XMLParser(resolve_entities=False, no_network=True))


@dataclass(slots=True)
class _Look:
    """A paragraph style with what it inherits."""

    name: str = ""
    centred: bool = False
    bold: bool = False
    size: float = 0
    level: int | None = None
    """Outline level, 0 for a first heading."""
    numbering: tuple[str, int] | None = None


@dataclass(slots=True)
class _Field:
    """A complex field (HYPERLINK, PAGE …) that has begun and not ended."""

    code: str = ""
    shown: bool = False
    """Whether its result has begun."""


@dataclass(slots=True)
class _List:
    """What the numbering part says of one level of a list."""

    format: str = "decimal"
    text: str = "%1."
    start: int = 1


class _Source:
    """One document, written as HTML with hints."""

    def __init__(self, document: _Document, draft: Draft) -> None:
        self.document = document
        self.draft = draft
        self.looks = _styles(document.styles)
        self.lists = _lists(document.numbering)
        self.counts: dict[tuple[str, int], int] = {}
        self.fields: list[_Field] = []

    def picture(self, name: str) -> bytes:
        """`Load` of embedded pictures by the part's name, of linked ones by their address."""
        if name in self.document.parts:
            return self.document.parts[name]
        if name:
            raise PictureRefused(
                Text.of("the picture {name} is only linked, not in the document", name=name[:200]),
                Text.of("insert the picture itself: Insert – Pictures, not “link to file”"),
            )
        raise PictureRefused(
            Text.of("a picture of the document is missing in the file"), Text.of("insert the picture again and save")
        )

    def html(self) -> str:
        """The document's text."""
        return "".join(self._list_marked(list(self._blocks(self.document.body))))

    def _blocks(self, parent: etree._Element) -> Iterator[_Piece]:
        """Paragraphs and tables in their order."""
        for element in parent:
            match _name(element):
                case "p":
                    yield self._paragraph(element)
                case "tbl":
                    yield _Piece(self._table(element))
                case "sdt" | "sdtContent" | "ins" | "moveTo" | "customXml" | "smartTag":
                    if element.find("w:sdtPr/w:docPartObj", _NAMESPACES) is None:  # a table of contents
                        yield from self._blocks(element)
                case "AlternateContent":
                    yield from self._blocks(_choice(element))
                case "altChunk":
                    self._left_out(Text.of("a document inserted in the document was left out"))

    def _list_marked(self, pieces: list[_Piece]) -> Iterator[str]:
        """Neighbouring items of one list inside <ul> or <ol>, nested by level."""
        opened: list[str] = []
        for piece in [*pieces, _Piece("")]:
            keep = 0
            while keep < min(len(opened), len(piece.lists)) and opened[keep] == piece.lists[keep]:
                keep += 1
            while len(opened) > keep:
                yield f"</li></{opened.pop()}>"
            if piece.lists and keep == len(piece.lists):
                yield "</li><li>"
            for place, tag in enumerate(piece.lists[keep:], keep + 1):
                opened.append(tag)
                start = piece.number if place == len(piece.lists) and tag == "ol" else 1
                yield f'<{tag} start="{start}"><li>'
            yield piece.html

    def _paragraph(self, element: etree._Element) -> _Piece:
        properties = element.find("w:pPr", _NAMESPACES)
        look = self._look(properties)
        runs = list(self._runs(element))
        text = "".join(run.html for run in runs)
        level = look.level
        hints = [f' data-size="{size:g}"' for size in [max((run.size or look.size for run in runs), default=0)] if size]
        if look.centred:
            hints.append(' data-centred=""')
        written = [run for run in runs if run.written]
        bold = bool(written) and all(look.bold if run.bold is None else run.bold for run in written)
        if bold:
            hints.append(' data-bold=""')
        name = look.name.lower()
        for role, styles in (("title", _TITLE_STYLES), ("subtitle", _SUBTITLE_STYLES), ("caption", _CAPTION_STYLES)):
            if name in styles:
                hints.append(f' data-role="{role}"')
                level = None
        lists: tuple[str, ...] = ()
        number = 1
        if look.numbering is not None and written:
            label, lists, number = self._numbered(look.numbering, heading=level is not None)
            text = escape(label) + text
        tag = "p" if level is None else f"h{min(level + 1, 6)}"
        return _Piece(f"<{tag}{''.join(hints)}>{text}</{tag}>", lists, number)

    def _look(self, properties: etree._Element | None) -> _Look:
        """What the paragraph's style and its own properties say together."""
        if properties is None:
            return self.looks.get("", _Look())
        style = self.looks.get(_value(properties, "w:pStyle") or "", self.looks.get("", _Look()))
        return _merged(style, properties, properties.find("w:rPr", _NAMESPACES), own=True)

    def _numbered(self, numbering: tuple[str, int], *, heading: bool) -> tuple[str, tuple[str, ...], int]:
        """What Word prints before the paragraph, or the lists it is an item of (outermost first), and its number."""
        number_id, level = numbering
        for deeper in [key for key in self.counts if key[0] == number_id and key[1] > level]:
            del self.counts[deeper]
        form = self.lists.get((number_id, level), _List())
        count = self.counts.get((number_id, level), form.start - 1) + 1
        self.counts[(number_id, level)] = count
        if form.format == "none" or (heading and form.format == "bullet"):
            return "", (), count
        if form.format != "bullet" and (heading or form.format in _CHINESE_COUNTING or form.text not in _PLAIN_LABELS):
            # 一、 and （一） are part of the text of an official paper; a list of a web page would lose them.
            def shown(match: re.Match[str]) -> str:
                at = int(match[1]) - 1
                above = self.lists.get((number_id, at), _List())
                return _counted(self.counts.get((number_id, at), above.start), above.format)

            return re.sub("%([1-9])", shown, form.text), (), count
        tags = ["ul" if self.lists.get((number_id, n), form).format == "bullet" else "ol" for n in range(level + 1)]
        return "", tuple(tags), count

    def _runs(self, parent: etree._Element, href: str = "") -> Iterator[_Run]:
        for element in parent:
            match _name(element):
                case "r":
                    yield from self._run(element, href)
                case "hyperlink":
                    address = self.document.addresses.get(element.get(f"{_R}id", ""), "")
                    yield from self._runs(element, address or href)
                case "ins" | "moveTo":
                    self._tracked()
                    yield from self._runs(element, href)
                case "del" | "moveFrom":
                    self._tracked()
                case "fldSimple" | "smartTag" | "customXml" | "sdt" | "sdtContent" | "dir" | "bdo":
                    yield from self._runs(element, href)
                case "AlternateContent":
                    yield from self._runs(_choice(element), href)
                case "oMath" | "oMathPara":
                    self._left_out(Text.of("a formula was left out"))

    def _run(self, element: etree._Element, href: str) -> Iterator[_Run]:
        properties = element.find("w:rPr", _NAMESPACES)
        if _switched(properties, "w:vanish"):
            return
        text = "".join(self._pieces(element))
        if not text:
            return
        if _switched(properties, "w:strike") or _switched(properties, "w:dstrike"):
            text = f"<del>{text}</del>"
        bold = _switched(properties, "w:b")
        for tag, on in (
            ("strong", bold),
            ("em", _switched(properties, "w:i")),
            ("sup", _value(properties, "w:vertAlign") == "superscript"),
            ("sub", _value(properties, "w:vertAlign") == "subscript"),
        ):
            if on:
                text = f"<{tag}>{text}</{tag}>"
        href = href or next((found for one in self.fields if (found := _linked(one.code)) and one.shown), "")
        if href:
            text = f'<a href="{escape(href)}">{text}</a>'
        written = any(child.text and child.text.strip() for child in element.iterchildren(f"{_W}t"))
        yield _Run(text, written=written, bold=bold, size=_points(properties))

    def _pieces(self, run: etree._Element) -> Iterator[str]:
        for element in run:
            name = _name(element)
            if name == "fldChar":
                self._field(element.get(f"{_W}fldCharType", ""))
            elif name == "instrText" and self.fields:
                self.fields[-1].code += element.text or ""
            elif not any(not one.shown for one in self.fields):
                yield from self._piece(element, name)

    def _piece(self, element: etree._Element, name: str) -> Iterator[str]:
        match name:
            case "t":
                yield escape(clean(element.text or ""))
            case "tab" | "ptab":
                yield " "
            case "br" if element.get(f"{_W}type", "textWrapping") == "textWrapping":
                yield "<br>"
            case "cr":
                yield "<br>"
            case "noBreakHyphen":
                yield "-"
            case "sym":
                self._left_out(Text.of("a character of a symbol font was left out"))
            case "drawing" | "pict" | "object":
                yield from self._drawing(element)
            case "AlternateContent":
                for inner in _choice(element):
                    yield from self._piece(inner, _name(inner))
            case "footnoteReference" | "endnoteReference":
                self._left_out(Text.of("footnotes were left out"))
            case "commentReference":
                self._left_out(Text.of("comments were left out"))

    def _drawing(self, element: etree._Element) -> Iterator[str]:
        if element.find(".//w:txbxContent", _NAMESPACES) is not None:
            words = "".join(element.xpath(".//w:txbxContent//w:t/text()", namespaces=_NAMESPACES))
            self._left_out(Text.of("a text box was left out: {text}", text=one_line(words)[:40]))
        described = element.find(".//wp:docPr", _NAMESPACES)
        alt = one_line(described.get("descr", "")) if described is not None else ""
        if _AUTOMATIC_ALT.fullmatch(alt):
            alt = ""
        found = [
            *(one.get(f"{_R}embed") or one.get(f"{_R}link") for one in element.iterfind(".//a:blip", _NAMESPACES)),
            *(one.get(f"{_R}id") for one in element.iterfind(".//v:imagedata", _NAMESPACES)),
        ]
        for relation in found:
            name = self.document.names.get(relation) or self.document.addresses.get(relation, "")
            yield f'<img src="{escape(clean(name))}" alt="{escape(alt)}">'
        if not found and element.find(".//a:graphicData", _NAMESPACES) is not None:
            self._left_out(Text.of("a chart or drawing was left out; only pictures are published"))

    def _field(self, kind: str) -> None:
        match kind:
            case "begin":
                self.fields.append(_Field())
            case "separate" if self.fields:
                self.fields[-1].shown = True
            case "end" if self.fields:
                self.fields.pop()

    def _table(self, table: etree._Element) -> str:
        """Rows and cells; cells joined downwards in Word have their rowspan counted here."""
        rows: list[list[_Cell]] = []
        above: dict[int, _Cell] = {}
        for row in table.iterfind("w:tr", _NAMESPACES):
            properties = row.find("w:trPr", _NAMESPACES)
            if properties is not None and properties.find("w:del", _NAMESPACES) is not None:
                self._tracked()
                continue
            heading = properties is not None and _switched(properties, "w:tblHeader")
            written: list[_Cell] = []
            column = 0
            for cell in row.iterfind(".//w:tc", _NAMESPACES):
                if next(cell.iterancestors(f"{_W}tr")) is not row:
                    continue
                own = cell.find("w:tcPr", _NAMESPACES)
                merge = own.find("w:vMerge", _NAMESPACES) if own is not None else None
                span = min(max(_integer(_value(own, "w:gridSpan"), 1), 1), 100)
                if merge is not None and merge.get(f"{_W}val") != "restart" and column in above:
                    above[column].rows += 1
                else:
                    inside = "".join(self._list_marked(list(self._blocks(cell))))
                    above[column] = _Cell("th" if heading else "td", inside, columns=span)
                    written.append(above[column])
                    if merge is None:
                        above.pop(column)
                column += span
            rows.append(written)
        lines = ("".join(cell.html() for cell in row) for row in rows)
        return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"

    def _tracked(self) -> None:
        self._left_out(Text.of("the document has tracked changes: insertions were taken, deletions left out"))

    def _left_out(self, message: Text) -> None:
        self.draft.notice(
            "body", message, Text.of("compare the preview with the document; write in the text what is missing")
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A paragraph or table as HTML, and the lists it is an item of."""

    html: str
    lists: tuple[str, ...] = ()
    number: int = 1
    """The item's, if it opens its list."""


@dataclass(frozen=True, slots=True)
class _Run:
    html: str
    written: bool
    """Whether it holds letters, not only a picture or a space."""
    bold: bool | None
    size: float


@dataclass(slots=True)
class _Cell:
    tag: str
    inside: str
    columns: int = 1
    rows: int = field(default=1)

    def html(self) -> str:
        return f'<{self.tag} colspan="{self.columns}" rowspan="{self.rows}">{self.inside}</{self.tag}>'


_PLAIN_LABELS = frozenset(f"%{level}{mark}" for level in range(1, 10) for mark in (".", "", ")", "）", "、", "．"))


def _titled(content: list[Block], draft: Draft) -> list[Block]:
    """Find headline, 引题 and 副题 by style or look; the other blocks remain."""
    lead = _lead(content)
    styled = [place for place, block in enumerate(content[:15]) if block.hints.role == "title"]
    if not styled:
        first = next((place for place in lead if content[place].tag == "h1"), None)
        styled = [] if first is None else [first]
    title = styled or _largest([place for place in lead if content[place].hints.centred], content)
    if not title:
        bold = next((place for place in lead if content[place].hints.bold), None)
        title = [] if bold is None else [bold]
    if not title:
        return content
    put_headline(one_line(" ".join(content[place].text for place in title)), draft)
    taken = set(title)
    for place in lead:
        block = content[place]
        if place in taken:
            continue
        if place > title[-1] and (block.hints.role == "subtitle" or block.text.startswith("—") or block.hints.centred):
            draft.put("subhead", re.sub("^[—-]+\\s*", "", block.text))
            taken.add(place)
        elif place < title[0] and (block.hints.centred or block.hints.role == "subtitle"):
            draft.put("kicker", block.text)
            taken.add(place)
    return [block for place, block in enumerate(content) if place not in taken]


def _lead(content: list[Block]) -> list[int]:
    """The places of the lines before the text that may be title, 引题 or 副题: short, set apart, and no credits."""
    found: list[int] = []
    for place, block in enumerate(content):
        apart = block.hints.centred or block.hints.bold or block.hints.role in ("title", "subtitle")
        if block.tag not in ("p", "h1") or len(block.text) > LONGEST_TITLE:
            break
        if credits(block.text) is not None or is_line_of_its_own(block.text):
            continue
        if not (apart or block.tag == "h1" or (found and block.text.startswith("——"))):
            break
        found.append(place)
    return found


def _largest(places: list[int], content: list[Block]) -> list[int]:
    """Of the centred lines the largest ones, bold before plain, as far as they follow each other."""

    def weight(place: int) -> tuple[float, bool]:
        return content[place].hints.size, content[place].hints.bold

    if not places:
        return []
    largest = max(weight(place)[0] for place in places)
    big = [place for place in places if weight(place)[0] >= largest - _LARGER]
    bold = [place for place in big if weight(place)[1]]
    first, *others = bold or big
    title = [first]
    if bold or len(big) < len(places):
        for place in others:
            if place == title[-1] + 1 and not content[place].text.startswith("—"):
                title.append(place)
    return title


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _choice(element: etree._Element) -> etree._Element:
    """Of mc:AlternateContent the branch that holds a picture, else the first."""
    branches = list(element.iterchildren(f"{_MC}Choice", f"{_MC}Fallback"))
    pictured = [b for b in branches if b.find(".//a:blip", _NAMESPACES) is not None]
    return next(iter([*pictured, *branches]), etree.Element("nothing"))


def _value(properties: etree._Element | None, name: str) -> str | None:
    found = properties.find(name, _NAMESPACES) if properties is not None else None
    return None if found is None else found.get(f"{_W}val")


def _switched(properties: etree._Element | None, name: str) -> bool | None:
    """A toggle property: on, off or not said."""
    found = properties.find(name, _NAMESPACES) if properties is not None else None
    return None if found is None else found.get(f"{_W}val", "1") not in _OFF


def _integer(value: str | None, otherwise: int) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 7 else otherwise


def _points(properties: etree._Element | None) -> float:
    return _integer(_value(properties, "w:sz"), 0) / 2


def _linked(code: str) -> str:
    match = re.match(r'\s*HYPERLINK\s+"([^"]+)"', code)
    return match[1] if match else ""


def _styles(root: etree._Element | None) -> dict[str, _Look]:
    """Paragraph styles by id, with what they inherit; "" is the default one."""
    if root is None:
        return {}
    defaults = _Look(size=_points(root.find("w:docDefaults/w:rPrDefault/w:rPr", _NAMESPACES)) or 10)
    elements = {
        style.get(f"{_W}styleId", ""): style
        for style in root.iterfind("w:style", _NAMESPACES)
        if style.get(f"{_W}type") == "paragraph"
    }
    found: dict[str, _Look] = {}
    for name, element in elements.items():
        chain: list[str] = []
        above: str | None = name
        while above is not None and above in elements and above not in chain:
            chain.append(above)
            above = _value(elements[above], "w:basedOn")
        look = defaults
        for ancestor in reversed(chain):
            style = elements[ancestor]
            look = _merged(look, style.find("w:pPr", _NAMESPACES), style.find("w:rPr", _NAMESPACES))
            look.name = (_value(style, "w:name") or "").strip()
            heading = _HEADING_STYLE.fullmatch(look.name)
            look.level = int(heading[1]) - 1 if heading else look.level
        found[name] = look
        if element.get(f"{_W}default") in ("1", "true"):
            found[""] = look
    return found


def _merged(
    look: _Look, paragraph: etree._Element | None, letters: etree._Element | None, *, own: bool = False
) -> _Look:
    """A look changed by properties. `own`: a paragraph's mark is formatted, which says nothing of its letters."""
    centred = _value(paragraph, "w:jc")
    level = _value(paragraph, "w:outlineLvl")
    numbering = paragraph.find("w:numPr", _NAMESPACES) if paragraph is not None else None
    changed = _Look(look.name, look.centred, look.bold, look.size, look.level, look.numbering)
    if centred is not None:
        changed.centred = centred == "center"
    if level is not None:
        changed.level = int(level) if level in set("012345678") else None
    if numbering is not None:
        number_id = _value(numbering, "w:numId") or (look.numbering[0] if look.numbering else "0")
        depth = min(_integer(_value(numbering, "w:ilvl"), 0), 8)
        changed.numbering = None if number_id == "0" else (number_id, depth)
    if not own:
        bold = _switched(letters, "w:b")
        changed.bold = look.bold if bold is None else bold
        changed.size = _points(letters) or look.size
    return changed


def _lists(root: etree._Element | None) -> dict[tuple[str, int], _List]:
    """Levels of lists by (numId, level)."""
    if root is None:
        return {}
    forms = {one.get(f"{_W}abstractNumId"): one for one in root.iterfind("w:abstractNum", _NAMESPACES)}
    found: dict[tuple[str, int], _List] = {}
    for number in root.iterfind("w:num", _NAMESPACES):
        abstract = forms.get(_value(number, "w:abstractNumId"))
        levels = [] if abstract is None else list(abstract.iterfind("w:lvl", _NAMESPACES))
        levels += list(number.iterfind("w:lvlOverride/w:lvl", _NAMESPACES))
        for level in levels:
            at = _integer(level.get(f"{_W}ilvl"), 0)
            found[(number.get(f"{_W}numId", ""), at)] = _List(
                format=_value(level, "w:numFmt") or "decimal",
                text=clean(_value(level, "w:lvlText") or f"%{at + 1}."),
                start=_integer(_value(level, "w:start"), 1),
            )
    return found


def _counted(count: int, form: str) -> str:
    """A list's number as Word prints it; forms that are rare in Chinese papers are written in digits."""
    if form in _CHINESE_COUNTING and 0 < count < 100:
        return numeral(count)
    if form in ("lowerLetter", "upperLetter") and 0 < count <= 26:
        return chr(ord("a" if form == "lowerLetter" else "A") + count - 1)
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese"):
        return chr(0x2460 + count - 1) if 0 < count <= 20 else str(count)
    return str(count)
