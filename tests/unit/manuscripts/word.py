"""Word files made part by part, as Word, WPS and hostile hands make them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from pipeline.manuscript import Manuscript, read
from tests.unit.manuscripts import assert_canonical

_SPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "wpg": "http://schemas.microsoft.com/office/word/2010/wordprocessingGroup",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "v": "urn:schemas-microsoft-com:vml",
    "kso": "http://www.wps.cn/officeDocument/2013/wpsCustomData",
}
XMLNS = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in _SPACES.items())
_OFFICE = _SPACES["r"]
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def styled(number: str, name: str, more: str = "", kind: str = "paragraph") -> str:
    """A style with this id and name."""
    return f'<w:style w:type="{kind}" w:styleId="{number}"><w:name w:val="{name}"/>{more}</w:style>'


STYLES = (
    '<w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:eastAsia="宋体"/><w:sz w:val="21"/></w:rPr></w:rPrDefault>'
    '</w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>'
    + styled("t", "Title")
    + styled("h1", "heading 1")
    + styled("h2", "heading 2")
)
HEADLINE = "青河县新桥通车"
LEAD = "这是一段没有任何别的东西的正文，它只是为了让下面的内容不在文章的开头，并且足够长。"


def t(text: str, tag: str = "t") -> str:
    return f'<w:{tag} xml:space="preserve">{escape(text)}</w:{tag}>'


def r(inside: str, look: str = "") -> str:
    """A run; `inside` is its text, or its markup."""
    return f"<w:r><w:rPr>{look}</w:rPr>{inside if inside.startswith('<') else t(inside)}</w:r>"


def p(*runs: str, ppr: str = "") -> str:
    """A paragraph; what is no markup is a run's text."""
    return f"<w:p><w:pPr>{ppr}</w:pPr>{''.join(one if one.startswith('<') else r(one) for one in runs)}</w:p>"


def style(name: str) -> str:
    return f'<w:pStyle w:val="{name}"/>'


def numbered(number: int | str, level: int = 0) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def table(*rows: Sequence[str] | str) -> str:
    """A table; a row is the markup of its cells or a row's own markup."""
    return (
        "<w:tbl>"
        + "".join(one if isinstance(one, str) else f"<w:tr>{''.join(one)}</w:tr>" for one in rows)
        + "</w:tbl>"
    )


def cell(inside: str, properties: str = "") -> str:
    content = inside if inside.startswith("<w:") else p(inside)
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{content}</w:tc>"


def field_of(code: str, *result: str) -> str:
    """A complex field."""
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'.format
    shown = mark("separate") + "".join(result) if result else ""
    return f"{mark('begin')}<w:r>{t(code, 'instrText')}</w:r>{shown}{mark('end')}"


def vml(content: str) -> str:
    """A text box as it was before 2010."""
    return f"<w:pict><v:shape><v:textbox><w:txbxContent>{content}</w:txbxContent></v:textbox></v:shape></w:pict>"


def drawn(graphic: str, described: str = "") -> str:
    """DrawingML."""
    return (
        f'<w:drawing><wp:anchor><wp:docPr id="1" name="x" descr="{described}"/><a:graphic><a:graphicData uri="x">'
        f"{graphic}</a:graphicData></a:graphic></wp:anchor></w:drawing>"
    )


def shape(content: str) -> str:
    return f"<wps:wsp><wps:txbx><w:txbxContent>{content}</w:txbxContent></wps:txbx></wps:wsp>"


def choice(drawing: str, fallback: str | None = None, requires: str = "wps") -> str:
    return (
        f'<mc:AlternateContent><mc:Choice Requires="{requires}">{drawing}</mc:Choice>'
        + ("" if fallback is None else f"<mc:Fallback>{fallback}</mc:Fallback>")
        + "</mc:AlternateContent>"
    )


def box(content: str, *, fallback: bool = True) -> str:
    """A run with a text box as Word writes it today: for itself, and once more for older programs."""
    return r(choice(drawn(shape(content)), vml(content) if fallback else None))


def picture(number: str, described: str = "") -> str:
    return r(drawn(f'<pic:pic><pic:blipFill><a:blip r:embed="{number}"/></pic:blipFill></pic:pic>', described))


@dataclass
class Word:
    """A Word file of this text (between headline and nothing)."""

    body: str
    styles: str = ""
    """Added to `STYLES`."""
    numbering: str = ""
    footnotes: Mapping[str, str] = field(default_factory=dict)
    """The markup of notes by their ids."""
    endnotes: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, bytes] = field(default_factory=dict)
    """Pictures by file name; each is the relationship of that name without its ending."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses by relationship."""
    parts: Mapping[str, str | bytes] = field(default_factory=dict)
    """Other parts of the package, or other bytes for these."""
    headline: str = HEADLINE

    def __bytes__(self) -> bytes:
        written: dict[str, str] = {"styles": f"<w:styles {XMLNS}>{STYLES}{self.styles}</w:styles>"}
        if self.numbering:
            written["numbering"] = f"<w:numbering {XMLNS}>{self.numbering}</w:numbering>"
        for kind, notes in (("footnote", self.footnotes), ("endnote", self.endnotes)):
            if notes:
                inside = "".join(f'<w:{kind} w:id="{number}">{text}</w:{kind}>' for number, text in notes.items())
                written[f"{kind}s"] = f"<w:{kind}s {XMLNS}>{inside}</w:{kind}s>"
        related = "".join(
            [
                *(relation(f"part-{name}", name, f"{name}.xml") for name in written),
                *(relation(name.partition(".")[0], "image", f"media/{name}") for name in self.media),
                *(relation(name, "hyperlink", target, external=True) for name, target in self.links.items()),
            ]
        )
        title = p(self.headline, ppr=style("t")) if self.headline else ""
        parts: dict[str, str | bytes] = {
            "[Content_Types].xml": _content_types(written),
            "_rels/.rels": relations(relation("rId1", "officeDocument", "word/document.xml")),
            "word/document.xml": f"<w:document {XMLNS}><w:body>{title}{self.body}</w:body></w:document>",
            "word/_rels/document.xml.rels": relations(related),
            **{f"word/{name}.xml": text for name, text in written.items()},
            **{f"word/media/{name}": data for name, data in self.media.items()},
            **self.parts,
        }
        return zipped(parts)

    def read(self, folder: Path, name: str = "稿件.docx") -> Manuscript:
        path = folder / name
        path.write_bytes(bytes(self))
        manuscript = read(path)
        assert_canonical(manuscript.article.body)
        return manuscript

    def text(self, folder: Path) -> str:
        """The body that is read."""
        return self.read(folder).article.body


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in parts.items():
            package.writestr(name, data)
    return buffer.getvalue()


def numbering(*lists: Sequence[tuple[str, str]], more: str = "") -> str:
    """Forms of lists, each the (format, text) of its levels; the list of the first is 1. `more`: other elements."""
    forms = "".join(
        form(number, "".join(level(at, *one) for at, one in enumerate(lists[number - 1])))
        for number in range(1, len(lists) + 1)
    )
    return forms + "".join(num(number, number) for number in range(1, len(lists) + 1)) + more


def form(number: int, levels: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{number}">{levels}</w:abstractNum>'


def level(at: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/>{more}</w:lvl>'
    )


def num(number: int, form: int, changes: str = "") -> str:
    return f'<w:num w:numId="{number}"><w:abstractNumId w:val="{form}"/>{changes}</w:num>'


def relation(number: str, kind: str, target: str, *, external: bool = False) -> str:
    """A relationship; `kind` is the last part of its type."""
    mode = ' TargetMode="External"' if external else ""
    return f'<Relationship Id="{number}" Type="{_OFFICE}/{kind}" Target="{escape(target)}"{mode}/>'


def relations(inside: str) -> str:
    """A part with relationships."""
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>'


def _content_types(parts: Mapping[str, str]) -> str:
    named = {"document": "document.main", **{name: name for name in parts}}
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_TYPES}.{kind}+xml"/>' for name, kind in named.items()
    )
    defaults = "".join(
        f'<Default Extension="{ending}" ContentType="{kind}"/>'
        for ending, kind in {
            "rels": "application/vnd.openxmlformats-package.relationships+xml",
            "xml": "application/xml",
            "png": "image/png",
        }.items()
    )
    return f'<Types xmlns="{_PACKAGE}/content-types">{defaults}{overrides}</Types>'
