"""What HTML's elements and attributes mean in a manuscript: blocks or text, kept or left out, and what they hint at."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from lxml import html as lxml_html

from pipeline.manuscript.block import HEADINGS, Hints
from pipeline.manuscript.characters import one_line

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""What a link may lead to."""

MARK_OF = {"strong": "strong", "b": "strong", "em": "em", "i": "em", "cite": "em", "sub": "sub", "sup": "sup"}
STRUCK = frozenset({"del", "s", "strike"})
_CONTAINERS = frozenset({
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "footer", "header", "hgroup", "html", "li", "main", "section", "summary", "tbody", "td", "tfoot", "th", "thead",
    "tr",
})  # fmt: skip
BLOCKS = HEADINGS | _CONTAINERS | {"p", "ul", "ol", "table", "blockquote", "figure", "pre", "hr", "caption"}
MEDIA = frozenset({"video", "audio", "iframe", "object", "embed", "svg", "canvas", "math"})
DROPPED = MEDIA | {
    "script", "style", "template", "noscript", "noframes", "nav", "head", "title", "button", "select", "textarea",
    "applet",
}  # fmt: skip
"""What is left out with all that is in it."""
_MOST_SPANS = 1000
_SIZE = r"\d{1,4}(?:\.\d)?"
_LONGEST_NAME = 100
"""Characters of a font's name."""


def holds_blocks(element: lxml_html.HtmlElement) -> bool:
    return any(inner.tag in BLOCKS for inner in element.iterdescendants())


def is_block(element: lxml_html.HtmlElement) -> bool:
    return element.tag in BLOCKS or (element.tag not in STRUCK and holds_blocks(element))


def source_line(element: lxml_html.HtmlElement) -> int | None:
    """The line of the manuscript that it stands in, if its reader has told."""
    value = element.get("data-line", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def hints_of(element: lxml_html.HtmlElement, outer: Hints) -> Hints:
    """What the element's attributes say of its text; `outer`: what is said around it, of which all but `rows` holds."""
    if not element.keys():
        return replace(outer, rows=()) if outer.rows else outer
    size, rows = element.get("data-size", ""), element.get("data-rows", "")
    return Hints(
        line=source_line(element) or outer.line,
        role=element.get("data-role") or outer.role,
        centred=outer.centred or "data-centred" in element.attrib,
        right=outer.right or "data-right" in element.attrib,
        bold=outer.bold or "data-bold" in element.attrib,
        size=float(size) if re.fullmatch(_SIZE, size) else outer.size,
        rows=tuple(map(float, rows.split())) if re.fullmatch(rf"{_SIZE}( {_SIZE}){{0,99}}", rows) else (),
        font=one_line(element.get("data-font", ""))[:_LONGEST_NAME] or outer.font,
        box=outer.box or "data-box" in element.attrib,
    )


def may_be_linked(address: str) -> bool:
    """Whether a link may lead there, see `SCHEMES`."""
    try:
        return urlsplit(address).scheme.lower() in SCHEMES
    except ValueError:
        return False


def spans_of(cell: lxml_html.HtmlElement) -> tuple[tuple[str, str], ...]:
    """(attribute, value) of what makes a table's cell span others."""
    found = []
    for name in ("colspan", "rowspan"):
        value = cell.get(name, "")
        if value.isascii() and value.isdigit() and len(value) < 5 and 1 < int(value) <= _MOST_SPANS:
            found.append((name, str(int(value))))
    return tuple(found)
