"""The names of WordprocessingML (ECMA-376, part 1) and how its properties are read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PREFIXES = {
    _WORD: "",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m:",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc:",
    "http://schemas.openxmlformats.org/drawingml/2006/main": "a:",
    "http://schemas.openxmlformats.org/drawingml/2006/picture": "pic:",
    "http://schemas.openxmlformats.org/drawingml/2006/chart": "c:",
    "http://schemas.openxmlformats.org/drawingml/2006/diagram": "dgm:",
    "http://schemas.microsoft.com/office/drawing/2014/chartex": "c:",
    "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing": "wp:",
    "http://schemas.microsoft.com/office/word/2010/wordml": "w14:",
    "http://schemas.openxmlformats.org/package/2006/relationships": "rel:",
    "urn:schemas-microsoft-com:vml": "v:",
}
STRICT = {
    "http://purl.oclc.org/ooxml/wordprocessingml/main": _WORD,
    "http://purl.oclc.org/ooxml/officeDocument/relationships": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    "http://purl.oclc.org/ooxml/officeDocument/math": "http://schemas.openxmlformats.org/officeDocument/2006/math",
    "http://purl.oclc.org/ooxml/drawingml/": "http://schemas.openxmlformats.org/drawingml/2006/",
}
"""Namespaces of the strict form of the standard (or how they begin), and those of the form that all programs write."""

W = f"{{{_WORD}}}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

_OFF = frozenset({"0", "false", "off", "none"})

Properties = Mapping[str, Element]
"""The children of a properties element by their names."""
NOTHING: Properties = {}


def name(element: Element) -> str:
    """The element's name: of WordprocessingML without prefix, of other vocabularies with the usual one (`m:r`).

    "" for what is no element.
    """
    return _short(element.tag) if isinstance(element.tag, str) else ""


@lru_cache(maxsize=4096)
def _short(tag: str) -> str:
    namespace, _, local = tag.removeprefix("{").rpartition("}")
    return f"{_PREFIXES.get(namespace, '?:')}{local}"


def properties(element: Element | None) -> Properties:
    """What a properties element (`pPr`, `rPr` …) says; of a thing said twice the first holds."""
    if element is None:
        return NOTHING
    found: dict[str, Element] = {}
    for child in element:
        found.setdefault(name(child), child)
    return found


def child(element: Element, called: str) -> Element | None:
    """The first child of this name."""
    return next((one for one in element if name(one) == called), None)


def value(said: Properties, called: str) -> str | None:
    """The `val` of a property; None if nothing is said of it."""
    found = said.get(called)
    return None if found is None else found.get(f"{W}val")


def switched(said: Properties, called: str) -> bool | None:
    """A property that is on or off; None if nothing is said of it."""
    found = said.get(called)
    return None if found is None else found.get(f"{W}val", "1") not in _OFF


def integer(text: str | None, otherwise: int, *, most: int = 999_999) -> int:
    """A number from 0 to `most`; `otherwise` if it is none."""
    return min(int(text), most) if text and text.isascii() and text.isdigit() and len(text) < 10 else otherwise


def text_of(element: Element) -> str:
    """All text in an element as it is shown, also that of tracked deletions; paragraphs apart."""
    parts = (
        "\n" if name(one) == "p" else one.text or "" for one in element.iter(f"{W}p", f"{W}t", f"{W}delText", f"{M}t")
    )
    return "".join(parts).strip("\n")
