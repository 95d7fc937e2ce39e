"""Headings told by their look: a pure rule on blocks, for sources that have no style or element for them.

Official papers number their headings and set them apart by their font (GB/T 9704: 一、 in 黑体, （一） in 楷体); news
has short lines in bold. A line is a heading only if it looks otherwise than the text and is no sentence; one without a
number also only if there are more of its look and each has text below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.manuscript.block import BREAK, HEADINGS, Block, tidy

_CHINESE = "[一二三四五六七八九十百〇零]{1,5}"
_NUMBERED = (
    re.compile(rf"{_CHINESE}、|第{_CHINESE}(?:章|部分|编|篇)"),
    re.compile(rf"[（(]{_CHINESE}[）)]|第{_CHINESE}节"),
)
"""How headings of the first and of the second level are numbered."""
_DIGITS = re.compile(r"(?:\d{1,2}[.、．]|[（(]\d{1,2}[）)]|[①-⑳]|[⑴-⑽])(?!\d)")
_LONGEST_NUMBERED = 50
_LONGEST = 30
"""Characters."""
_SENTENCE = ("。", "；", "，", "、", "：", ";", ",", ":", "…", ".")
"""What no heading ends with."""
_NO_HEADING = re.compile(
    r"[（(【\[□■●◆▲△▼—]|(?!0\d)\d|.*[：:｜|/／]|.*(?:摄|供图)$|.{0,3}(?:记者|编辑|审核|通讯员|来源)"
)
"""How lines without number begin, or what is in them, that are something else."""
_LARGER = 1.0
"""Points."""
_FAMILIES = (
    ("hei", re.compile("黑|hei|pingfang", re.IGNORECASE)),
    ("kai", re.compile("楷|kai", re.IGNORECASE)),
    ("title", re.compile("标宋|biaosong", re.IGNORECASE)),
    ("fangsong", re.compile("仿宋|fangsong", re.IGNORECASE)),
    ("song", re.compile("宋|song|simsun", re.IGNORECASE)),
)
"""Families of fonts by what is in their names; the first that fits."""
_SETS_APART = frozenset({"hei", "kai", "title"})


@dataclass(frozen=True, slots=True)
class _Look:
    family: str
    bold: bool
    size: float

    def stands_out(self, text: _Look) -> bool:
        """Whether it is more than the look of the text."""
        other_font = self.family in _SETS_APART and text.family not in ("", self.family)
        larger = 0 < text.size <= self.size - _LARGER
        return (self.bold and not text.bold) or other_font or larger


def headed(content: Sequence[Block]) -> list[Block]:
    """The blocks with the paragraphs that are headings as h2 and h3; all others as they are."""
    paragraphs = [block for block in content if block.tag == "p" and block.text and not block.note]
    text = _look_of_text(paragraphs)
    if text is None:
        return list(content)
    level = {place: _level(block) for place, block in enumerate(content) if _may_be(block, text)}
    numbered = {place: found for place, found in level.items() if found is not None}
    others = _others(content, level, text)
    tags = _tags(content, numbered)
    named = {**{place: tags[found] for place, found in numbered.items()}, **dict.fromkeys(others, tags[2])}
    return [_as_heading(block, named[place]) if place in named else block for place, block in enumerate(content)]


def _look(block: Block) -> _Look:
    """A paragraph's look; in web pages it is bold if all its text is."""
    written = [run for run in block.runs if run != BREAK and not run.note and run.text.strip()]
    bold = block.hints.bold or all("strong" in run.marks for run in written)
    family = next((family for family, names in _FAMILIES if names.search(block.hints.font)), "")
    return _Look(family, bold, block.hints.size)


def _look_of_text(paragraphs: list[Block]) -> _Look | None:
    """The look of most of the text; lines that may be headings say nothing of it, if there is anything else."""
    letters: Counter[_Look] = Counter()
    for block in [block for block in paragraphs if block.text.endswith(_SENTENCE[0])] or paragraphs:
        letters[_look(block)] += len(block.text)
    return max(letters, key=lambda look: letters[look]) if letters else None


def _may_be(block: Block, text: _Look) -> bool:
    if block.tag != "p" or block.note or not 1 < len(block.text) <= _LONGEST_NUMBERED or BREAK in block.runs:
        return False
    if block.text.endswith(_SENTENCE) or block.hints.role or block.hints.right or block.hints.box:
        return False
    return _look(block).stands_out(text)


def _level(block: Block) -> int | None:
    """0 for 一、, 1 for （一）, None for a line without such a number."""
    return next((level for level, number in enumerate(_NUMBERED) if number.match(block.text)), None)


def _others(content: Sequence[Block], level: dict[int, int | None], text: _Look) -> list[int]:
    """Headings without number, or with digits: several of one look, all below the beginning of the text and all with
    text right below them."""
    below: dict[_Look, list[bool]] = {}
    places: dict[_Look, list[int]] = {}
    begun = False
    for place, block in enumerate(content):
        if place not in level:
            begun = begun or (block.tag == "p" and _look(block) == text and len(block.text) > _LONGEST)
            continue
        words = _DIGITS.sub("", block.text)
        if not begun or level[place] is not None or len(words) > _LONGEST or _NO_HEADING.match(words):
            continue
        following = next((number for number in range(place + 1, len(content)) if content[number].image is None), None)
        look = _look(block)
        below.setdefault(look, []).append(following is not None and following not in level)
        places.setdefault(look, []).append(place)
    return [place for look, found in places.items() if len(found) > 1 and all(below[look]) for place in found]


def _tags(content: Sequence[Block], numbered: dict[int, int]) -> tuple[str, str, str]:
    """The elements for the two levels of numbers and for lines without; headings that have one already come first."""
    known: dict[int | None, str] = {}
    for block in content:
        if block.tag in HEADINGS:
            known.setdefault(_level(block), block.tag)
    first = known.get(0, "h2")
    has_first = 0 in known or 0 in numbered.values()
    second = known.get(1, "h3" if has_first else "h2")
    return first, second, known.get(None, "h3" if has_first or 1 in numbered.values() else "h2")


def _as_heading(block: Block, tag: str) -> Block:
    runs = tidy(run if run == BREAK else replace(run, marks=run.marks - {"strong"}) for run in block.runs)
    return replace(block, tag=tag, runs=runs)
