"""How a web page looks, as far as it tells what a paragraph is: hints for `body.blocks`, and what is not shown.

Of style sheets only plain selectors are read (p, .name, p.name, #name), which is what Word and most editors write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lxml import html as lxml_html

_MOST_RULES = 5_000
_DECLARATION = re.compile(r"([a-zA-Z-]{1,40})\s*:\s*([^;]{1,400})")
_SELECTOR = re.compile(r"([a-zA-Z][a-zA-Z0-9]*)?(?:([.#])([\w-]{1,80}))?")
_LENGTH = re.compile(r"([\d.]{1,8})\s*(pt|px|em|rem|%)?$")
_POINTS = {"pt": 1.0, "px": 0.75, "em": 12.0, "rem": 12.0, "%": 0.12, None: 0.75}
_FONT_SIZES = {"1": 7.5, "2": 10, "3": 12, "4": 13.5, "5": 18, "6": 24, "7": 36}
"""Of `<font size>`, in points (HTML, 15.3.4)."""
_NAMED_SIZES = {"xx-small": 7, "x-small": 7.5, "small": 10, "medium": 12, "large": 13.5, "x-large": 18, "xx-large": 24}
_READ = frozenset({
    "text-align", "font-size", "font-weight", "font-family", "font", "display", "visibility", "mso-element", "mso-list",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "li", "main", "ol", "p", "pre", "section",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_ROLES = {"msotitle": "title", "msosubtitle": "subtitle", "msocaption": "caption"}
"""Word's own classes."""

Sheet = Mapping[str, Mapping[str, str]]
"""Declarations by selector."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What text inherits."""

    align: str = ""
    size: float = 0
    bold: bool = False
    font: str = ""
    holder: lxml_html.HtmlElement | None = None


@dataclass(slots=True)
class _Seen:
    """The looks of a block's own text, each with the number of its characters."""

    total: int = 0
    bold: int = 0
    sizes: Counter[float] = field(default_factory=Counter)
    fonts: Counter[str] = field(default_factory=Counter)


def sheet(document: lxml_html.HtmlElement) -> Sheet:
    """The rules of a page's style elements that matter here."""
    found: dict[str, dict[str, str]] = {}
    for text in document.xpath("//style/text()"):
        for selectors, declarations in _rules(re.sub(r"<!--|-->", "", str(text))):
            style = _declared(declarations)
            for selector in selectors.split(",") if style else ():
                name = selector.strip()
                if _SELECTOR.fullmatch(name) and name and len(found) < _MOST_RULES:
                    found.setdefault(name.lower(), {}).update(style)
    return found


def style_of(element: lxml_html.HtmlElement, rules: Sheet) -> dict[str, str]:
    """The declarations that hold for an element: its tag's, its classes', its id's, its own."""
    tag = str(element.tag).lower()
    style = dict(rules.get(tag, {}))
    if rules:
        for name in (element.get("class") or "").lower().split()[:20]:
            style.update(rules.get(f".{name}", {}))
            style.update(rules.get(f"{tag}.{name}", {}))
        if name := (element.get("id") or "").lower():
            style.update(rules.get(f"#{name}", {}))
    style.update(_declared(element.get("style") or ""))
    return style


def is_hidden(element: lxml_html.HtmlElement, style: Mapping[str, str]) -> bool:
    """Whether the page does not show an element and what is in it."""
    return (
        style.get("display") == "none"
        or style.get("visibility") == "hidden"
        or _LENGTH.sub(r"\1", style.get("font-size", "")) in ("0", "0.0")
        or "hidden" in element.attrib
        or element.get("aria-hidden", "").lower() == "true"
    )


def dress(main: lxml_html.HtmlElement, rules: Sheet) -> None:
    """Say in attributes of the blocks how they look: data-line, -centred, -right, -bold, -size, -font, -role. What of
    the page's own is called so is taken off."""
    seen: dict[lxml_html.HtmlElement, _Seen] = {}
    stack: list[tuple[lxml_html.HtmlElement, _Look]] = [(main, _Look())]
    while stack:
        element, outer = stack.pop()
        if not isinstance(element.tag, str):
            continue
        kept = element.get("data-note")
        for name in [name for name in element.attrib if str(name).startswith("data-")]:
            del element.attrib[name]
        if kept is not None:
            element.set("data-note", kept)
        look = _look(element, style_of(element, rules), outer)
        _mark(element, look)
        for text, of in _texts(element, look):
            if of.holder is not None and (count := len("".join(text.split()))):
                one = seen.setdefault(of.holder, _Seen())
                one.total += count
                one.bold += count * of.bold
                one.sizes[of.size] += count
                one.fonts[of.font] += count
        stack.extend((child, look) for child in element)
    for holder, one in seen.items():
        _sum_up(holder, one)


def _texts(element: lxml_html.HtmlElement, look: _Look) -> Iterator[tuple[str, _Look]]:
    yield element.text or "", look
    for child in element:
        yield child.tail or "", look


def _look(element: lxml_html.HtmlElement, style: Mapping[str, str], outer: _Look) -> _Look:
    tag = element.tag
    align = style.get("text-align") or (element.get("align") or "").lower() or ("center" if tag == "center" else "")
    weight = style.get("font-weight", "")
    bold = tag in ("b", "strong") or weight in ("bold", "bolder") or (weight.isdigit() and int(weight[:4]) >= 600)
    plain = weight in ("normal", "lighter") or (weight.isdigit() and int(weight[:4]) < 600)
    font = style.get("font-family") or (element.get("face") or "")
    return replace(
        outer,
        align=(align if tag in _BLOCKS or tag == "center" else "") or outer.align,
        size=_size(element, style) or outer.size,
        bold=(outer.bold or bold) and not plain,
        font=font.split(",")[0].strip(" '\"") or outer.font,
        holder=element if tag in _BLOCKS else outer.holder,
    )


def _size(element: lxml_html.HtmlElement, style: Mapping[str, str]) -> float:
    """In points; 0 if nothing is said."""
    said = style.get("font-size", "").lower()
    if said in _NAMED_SIZES:
        return _NAMED_SIZES[said]
    if (length := _LENGTH.match(said)) and length[1].count(".") < 2 and length[1].strip("."):
        return float(length[1]) * _POINTS[length[2]]
    return _FONT_SIZES.get(element.get("size", ""), 0) if element.tag == "font" else 0


def _mark(element: lxml_html.HtmlElement, look: _Look) -> None:
    if element.sourceline:
        element.set("data-line", str(element.sourceline))
    names = (element.get("class") or "").lower().split()[:20]
    role = next((_ROLES[name] for name in names if name in _ROLES), "")
    if role or any("caption" in name for name in names):
        element.set("data-role", role or "caption")
    if element.tag in _BLOCKS and not any(child.tag in _BLOCKS for child in element):
        if look.align in ("center", "-webkit-center", "middle"):
            element.set("data-centred", "")
        elif look.align in ("right", "end"):
            element.set("data-right", "")


def _sum_up(holder: lxml_html.HtmlElement, seen: _Seen) -> None:
    if seen.bold * 10 >= seen.total * 9:
        holder.set("data-bold", "")
    if size := seen.sizes.most_common(1)[0][0]:
        holder.set("data-size", f"{size:.1f}".removesuffix(".0"))
    if font := seen.fonts.most_common(1)[0][0]:
        holder.set("data-font", font[:60])


def _declared(text: str) -> dict[str, str]:
    found = {name.lower(): value.strip().lower() for name, value in _DECLARATION.findall(text)}
    return {name: value.removesuffix("!important").strip() for name, value in found.items() if name in _READ}


def _rules(text: str) -> Iterator[tuple[str, str]]:
    """(selectors, declarations) of the rules that stand outside of @media and the like."""
    depth = 0
    start = 0
    selectors = ""
    for brace in re.finditer(r"/\*.*?(?:\*/|$)|[{}]", text, re.DOTALL):
        if brace[0] == "{":
            if depth == 0:
                selectors, start = text[start : brace.start()].strip(), brace.end()
            depth += 1
        elif brace[0] == "}":
            depth = max(depth - 1, 0)
            if depth == 0:
                if not selectors.startswith("@"):
                    yield re.sub(r"/\*.*?\*/", "", selectors, flags=re.DOTALL), text[start : brace.start()]
                start = brace.end()
