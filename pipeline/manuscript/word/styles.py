"""How letters and paragraphs look: styles with what they inherit, and what is said of one paragraph or run."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from pipeline.manuscript.word.names import (
    Element,
    Properties,
    W,
    integer,
    name,
    properties,
    switched,
    value,
)

_ROLES = {
    **dict.fromkeys(("title", "标题", "大标题", "主标题", "文章标题"), "title"),
    **dict.fromkeys(("subtitle", "副标题", "副题"), "subtitle"),
    **dict.fromkeys(("caption", "题注", "图注", "图片说明"), "caption"),
}
"""What a paragraph is, by the name of its style in small letters."""
_HEADING = re.compile(r"(?:heading|标题)\s*([1-9])", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|目录)\s*(?:[1-9]|heading|标题)?", re.IGNORECASE)
_ALIGNED = {"center": "center", "right": "right", "end": "right"}
_RAISED = {"superscript": "sup", "subscript": "sub", "baseline": "no"}
_DEFAULT_SIZE = 10.0
"""Points, where nothing is said."""
_LARGEST_SIZE = 2 * 1638
"""Half points; Word takes no more."""
_Inherited = TypeVar("_Inherited")


@dataclass(frozen=True, slots=True)
class Letters:
    """How letters look; None, 0 or "" where nothing is said."""

    bold: bool | None = None
    italic: bool | None = None
    hidden: bool | None = None
    struck: bool | None = None
    raised: str = ""
    """"sup", "sub" or "no"."""
    size: float = 0
    """In points."""
    font: str = ""
    """The East-Asian one."""
    latin: str = ""
    """The one of Latin letters and of symbols."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a paragraph looks."""

    style: str = ""
    """The style's id."""
    role: str = ""
    """As in `Hints`."""
    align: str = ""
    """"center", "right" or ""."""
    level: int | None = None
    """Outline level, 0 for a first heading."""
    numbering: tuple[str, int | None] | None = None
    """The list it is an item of, and its level there if that is said."""
    page: bool = False
    """Whether a page begins with it."""
    contents: bool = False
    """Whether it is a line of a table of contents."""
    letters: Letters = field(default_factory=Letters)


class Styles:
    """The styles of a document, with its theme's fonts."""

    def __init__(self, root: Element | None, theme: Element | None = None) -> None:
        self._fonts = _fonts(theme)
        said = {name(one): one for one in root if name(one) == "docDefaults"} if root is not None else {}
        defaults = properties(said.get("docDefaults"))
        normal = self._letters(
            Letters(size=_DEFAULT_SIZE), properties(properties(defaults.get("rPrDefault")).get("rPr"))
        )
        self._unstyled = _shaped(Look(letters=normal), properties(properties(defaults.get("pPrDefault")).get("pPr")))
        self._paragraphs = _inherited(_of(root, "paragraph"), self._unstyled, self._paragraph_style)
        self._characters = _inherited(_of(root, "character"), Letters(), self._character_style)
        self.lists = {
            style: value(properties(properties(properties(one).get("pPr")).get("numPr")), "numId") or ""
            for style, one in _of(root, "numbering").items()
        }
        """The id of the list that a style of lists stands for."""
        for style, one in _of(root, "paragraph").items():
            if one.get(f"{W}default") in ("1", "true", "on"):
                self._unstyled = self._paragraphs[style]

    def _paragraph_style(self, above: Look, style: str, element: Element) -> Look:
        said = properties(element)
        called = (value(said, "name") or "").strip()
        shaped = _shaped(replace(above, style=style), properties(said.get("pPr")))
        heading = _HEADING.fullmatch(called)
        return replace(
            shaped,
            role="" if heading else _ROLES.get(called.lower(), above.role),
            level=int(heading[1]) - 1 if heading else shaped.level,
            contents=above.contents or bool(_CONTENTS.fullmatch(called)),
            letters=self._letters(above.letters, properties(said.get("rPr"))),
        )

    def _character_style(self, above: Letters, style: str, element: Element) -> Letters:  # noqa: ARG002
        return self._letters(above, properties(properties(element).get("rPr")))

    def paragraph(self, said: Properties) -> Look:
        """A paragraph's look. The format of its mark says nothing of its letters."""
        style = self._paragraphs.get(value(said, "pStyle") or "", self._unstyled)
        return _shaped(style, said) if said else style

    def run(self, paragraph: Letters, said: Properties) -> Letters:
        """How a run looks in a paragraph whose style gives its letters this look.

        Bold, italic, hidden and struck of the two styles take each other back (ECMA-376, part 1, 17.7.3).
        """
        if not said:
            return paragraph
        style = self._characters.get(value(said, "rStyle") or "")
        below = paragraph
        if style is not None:
            below = Letters(
                bold=_both(paragraph.bold, style.bold),
                italic=_both(paragraph.italic, style.italic),
                hidden=_both(paragraph.hidden, style.hidden),
                struck=_both(paragraph.struck, style.struck),
                raised=style.raised or paragraph.raised,
                size=style.size or paragraph.size,
                font=style.font or paragraph.font,
                latin=style.latin or paragraph.latin,
            )
        return self._letters(below, said)

    def _letters(self, below: Letters, said: Properties) -> Letters:
        """Letters as properties change them."""
        if not said:
            return below
        struck = [one for one in (switched(said, "strike"), switched(said, "dstrike")) if one is not None]
        fonts = said.get("rFonts")
        size = integer(value(said, "sz"), 0, most=_LARGEST_SIZE) / 2
        bold, italic, hidden = (switched(said, toggle) for toggle in ("b", "i", "vanish"))
        return Letters(
            bold=below.bold if bold is None else bold,
            italic=below.italic if italic is None else italic,
            hidden=below.hidden if hidden is None else hidden,
            struck=any(struck) if struck else below.struck,
            raised=_RAISED.get(value(said, "vertAlign") or "", below.raised),
            size=size or below.size,
            font=below.font if fonts is None else self._font(fonts, "eastAsia") or below.font,
            latin=below.latin if fonts is None else self._font(fonts, "ascii") or below.latin,
        )

    def _font(self, fonts: Element, script: str) -> str:
        themed = self._fonts.get(fonts.get(f"{W}{script}Theme", ""), "")
        return themed or fonts.get(f"{W}{script}", "")


def _both(paragraph: bool | None, style: bool | None) -> bool | None:
    return paragraph if style is None else bool(paragraph) != style


def _shaped(look: Look, said: Properties) -> Look:
    """A paragraph's look as properties change it; letters aside."""
    if not said:
        return look
    align, level, page = value(said, "jc"), value(said, "outlineLvl"), switched(said, "pageBreakBefore")
    numbering = look.numbering
    if (listed := said.get("numPr")) is not None:
        given = properties(listed)
        number = value(given, "numId") or (numbering[0] if numbering else "0")
        depth = value(given, "ilvl")
        numbering = None if number == "0" else (number, None if depth is None else integer(depth, 0, most=8))
    return replace(
        look,
        align=look.align if align is None else _ALIGNED.get(align, ""),
        level=look.level if level is None else int(level) if level in set("012345678") else None,
        page=look.page if page is None else page,
        numbering=numbering,
    )


def _of(root: Element | None, kind: str) -> dict[str, Element]:
    """The styles of a kind by their ids."""
    return {
        one.get(f"{W}styleId", ""): one
        for one in (root if root is not None else ())
        if name(one) == "style" and one.get(f"{W}type", "paragraph") == kind
    }


def _inherited(
    elements: Mapping[str, Element], base: _Inherited, derived: Callable[[_Inherited, str, Element], _Inherited]
) -> dict[str, _Inherited]:
    """What styles are with what they inherit. Each is looked at once, whatever chains or circles they make."""
    found: dict[str, _Inherited] = {}
    for style in elements:
        chain: dict[str, None] = {}
        above: str | None = style
        while above is not None and above in elements and above not in found and above not in chain:
            chain[above] = None
            above = value(properties(elements[above]), "basedOn")
        look = found.get(above or "", base)
        for ancestor in reversed(chain):
            look = found[ancestor] = derived(look, ancestor, elements[ancestor])
    return found


def _fonts(theme: Element | None) -> dict[str, str]:
    """The fonts of a theme by the names that runs call them by, such as minorEastAsia."""
    found: dict[str, str] = {}
    for group in theme.iter("{*}majorFont", "{*}minorFont") if theme is not None else ():
        size = "major" if name(group) == "a:majorFont" else "minor"
        faces = {name(one): one.get("typeface", "") for one in group if name(one) in ("a:latin", "a:ea")}
        chinese = next((one.get("typeface", "") for one in group if one.get("script") == "Hans"), "")
        found[f"{size}EastAsia"] = faces.get("a:ea") or chinese
        found[f"{size}Ascii"] = found[f"{size}HAnsi"] = faces.get("a:latin", "")
    return found
