"""How an account's articles look: its colours, and the style sheet that is written into every element."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import css_inline
from lxml import html as lxml_html

from channels.templating import templates


class Theme(NamedTuple):
    """The colours of an account, as `#rrggbb`."""

    accent: str
    """Banner, headings, marks."""
    on_accent: str
    """Small text on it; large text is white."""
    tint: str
    """Ground of boxes."""
    ink: str
    """Text on that ground."""


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "red": Theme("#b3261e", "#ffe3df", "#fcf3f1", "#5c413d"),
        "green": Theme("#2c6e49", "#dcf2e4", "#f0f7f2", "#35503f"),
        "blue": Theme("#1f5fa6", "#deecfb", "#eff5fb", "#34495f"),
        "amber": Theme("#8f5a0a", "#fdeccd", "#fbf6ec", "#584622"),
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """What of an account's options shows in its articles."""

    account: str
    """The account's name."""
    theme: Theme = THEMES["red"]
    comments: bool = False
    cover: tuple[int, int] = (1410, 600)
    """Width and height of the account's own cover."""


def styled(page: str, look: Look) -> str:
    """A fragment with one element at its top, its classes turned into styles."""
    sheet = templates("wechat").get_template("article.css").render(theme=look.theme)
    # A CR would come back from any parser as LF, or be written as a reference.
    inlined = css_inline.inline_fragment(page.replace("\r", "").strip(), sheet)
    tree = lxml_html.fragment_fromstring(inlined)
    for element in tree.iter():
        if not isinstance(element.tag, str):  # a mark
            element.tail = (element.tail or "").strip() or None
            continue
        element.attrib.pop("class", None)
        if "style" in element.attrib:
            element.set("style", _compact(element.get("style", "")))
        if element.tag in ("section", "table", "tbody", "tr"):
            for inside in element:
                inside.tail = (inside.tail or "").strip() or None
            element.text = (element.text or "").strip() or None
    return serialised(tree)


def serialised(element: lxml_html.HtmlElement) -> str:
    """Its HTML, without what follows it."""
    return str(lxml_html.tostring(element, encoding="unicode", with_tail=False))


def _compact(style: str) -> str:
    """A style without the white space that counts against the limit."""
    return ";".join(re.sub(r":\s+", ":", part.strip()) for part in style.split(";") if part.strip())
