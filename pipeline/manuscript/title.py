"""The title of a manuscript with styles: headline, 引题 and 副题 by their style or their look."""

from __future__ import annotations

import re

from pipeline.manuscript.block import Block
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.credits import LONGEST_TITLE, credits, is_line_of_its_own, put_headline
from pipeline.manuscript.draft import Draft

_LARGER = 0.5
"""Points by which one line must be larger than another to outrank it."""


def titled(content: list[Block], draft: Draft) -> list[Block]:
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
