"""Sections: where one ends and the next begins on a new page."""

from __future__ import annotations

import itertools

from pipeline.manuscript.word.names import Element, Properties, W, name, properties, value

_NEW_PAGE = "page"
"""An attribute of ours."""


def settle(root: Element) -> None:
    """Mark every `w:sectPr` behind which a page begins: it is the following section that says how it begins."""
    found = [one for one in root.iter(f"{W}sectPr") if name(one.getparent()) != "sectPrChange"]
    for section, following in itertools.pairwise(found):
        if value(properties(following), "type") != "continuous":
            section.set(_NEW_PAGE, "1")


def begins_page(said: Properties) -> bool:
    """Whether a page begins behind the paragraph with these properties."""
    section = said.get("sectPr")
    return section is not None and section.get(_NEW_PAGE) is not None
