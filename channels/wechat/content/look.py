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
    """Banner, and the edges of boxes."""
    on_accent: str
    """Small text on it; large text is white."""
    tint: str
    """The sky of a drawn cover."""
    ink: str
    """Text in boxes."""
    word: str
    """Headings and marks: the accent, as dark as it has to be for dark mode to make it light enough to be read."""

    @property
    def wash(self) -> str:
        """Ground of boxes: the accent laid thinly over whatever is below it, white by day and black by night.

        WeChat's readers (its open `mp-darkmode`) turn a pale ground into a light grey in dark mode, unless it is grey
        itself, almost white, or as thin as this.
        """
        red, green, blue = (int(self.accent[place : place + 2], 16) for place in (1, 3, 5))
        return f"rgba({red},{green},{blue},.06)"


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "red": Theme("#b3261e", "#ffe3df", "#fcf3f1", "#5c413d", "#a9231b"),
        "green": Theme("#2c6e49", "#dcf2e4", "#f0f7f2", "#35503f", "#2c6e49"),
        "blue": Theme("#1f5fa6", "#deecfb", "#eff5fb", "#34495f", "#1f5fa6"),
        "amber": Theme("#8f5a0a", "#fdeccd", "#fbf6ec", "#584622", "#83510a"),
    }
)


_LONG = re.compile("([!-~]{16,})")
"""What has no place where a line may end, and is longer than the words of a language."""


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
    _let_break(tree)
    return serialised(tree)


def serialised(element: lxml_html.HtmlElement) -> str:
    """Its HTML, without what follows it."""
    return str(lxml_html.tostring(element, encoding="unicode", with_tail=False))


def _let_break(tree: lxml_html.HtmlElement) -> None:
    """Let addresses and the like begin in the line they stand in: one that is moved to the next, to be broken there all
    the same, leaves a line behind that is stretched over the page."""
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and element.text:
            for place, one in enumerate(_apart(element, element.text)):
                element.insert(place, one)
        if element is not tree and element.tail:
            for one in reversed(_apart(element, element.tail, after=True)):
                element.addnext(one)


def _apart(element: lxml_html.HtmlElement, text: str, *, after: bool = False) -> list[lxml_html.HtmlElement]:
    """The long words of an element's text (or of what follows it), each as an element with what comes behind it; what
    comes before the first stays where it is."""
    first, *rest = _LONG.split(text)
    if rest:
        setattr(element, "tail" if after else "text", first or None)
    found = []
    for word, behind in zip(rest[::2], rest[1::2], strict=True):
        span = lxml_html.Element("span", {"style": "word-break:break-all"})
        span.text, span.tail = word, behind or None
        found.append(span)
    return found


def _compact(style: str) -> str:
    """A style without the white space that counts against the limit."""
    return ";".join(re.sub(r":\s+", ":", part.strip()) for part in style.split(";") if part.strip())
