"""What is read otherwise than it is printed: figures, and characters that have their reading above them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from channels.tv.house import house
from channels.tv.spoken import spoken
from pipeline.article import Article, text_of

CACHED = 512
"""Texts of which it is remembered where they are read otherwise: every paper of a story asks."""


COMPARED = 400
"""Characters of a clause up to which it is looked where it is read otherwise: that takes their square."""


@lru_cache(maxsize=CACHED)
def readings(text: str, said: str) -> tuple[tuple[str, str], ...]:
    """Where a text and its spoken form differ, clause by clause, each with the character after it.

    >>> readings("全县26341户，入户2次", "全县两万六千三百四十一户，入户两次")
    (('26341户', '两万六千三百四十一户'), ('2次', '两次'))
    """
    clauses, read = _clauses(text), _clauses(said)
    pairs = list(zip(clauses, read, strict=True)) if len(clauses) == len(read) else [(text, said)]
    return tuple(dict.fromkeys(found for pair in pairs if pair[0] != pair[1] for found in _differences(*pair)))


def _differences(printed: str, said: str) -> Iterator[tuple[str, str]]:
    """The places of one clause; those with a single character between them are one."""
    if len(printed) > COMPARED:
        yield printed, said
        return
    matcher = SequenceMatcher(None, printed, said, autojunk=False)
    places: list[list[int]] = []
    for tag, *ends in matcher.get_opcodes():
        if tag == "equal":
            continue
        if places and ends[0] - places[-1][1] <= 1:
            places[-1][1::2] = ends[1::2]
        else:
            places.append(ends)
    for start, end, said_start, said_end in places:
        yield printed[start : end + 1], said[said_start : said_end + 1]


_SPLIT = re.compile(r"[，。；：！？、“”‘’（）《》\s]|,(?!\d{3})|;")


def _clauses(text: str) -> list[str]:
    return _SPLIT.split(text)


# -- how characters are read: what stands above them in the article ---------------------------------------

MARK = "\ufdd0"
"""Stands behind characters where their reading will be put: a noncharacter, which no text of ours holds."""
Given = Mapping[str, Sequence[tuple[int, str, str]]]
"""By clause: (place behind the characters, the characters, how they are read)."""


def aloud(reading: str) -> str:
    """How a reading stands behind its characters."""
    return house().words["reading"].format(reading=reading)


def readings_given(article: Article) -> Given:
    """The readings that the article gives, by the clause that they stand in.

    Sentences are chosen, joined and cut on the way to the script; their clauses stay what they were.
    """
    found: dict[str, list[tuple[int, str, str]]] = {}
    for part in article.parts(tables=False):
        if part.find(".//rt") is None:
            continue
        own, given = copy.deepcopy(part), []
        for other in own.xpath(".//ul | .//ol"):
            other.drop_tree()
        for above in own.iter("rt"):
            given.append((text_of(above.getparent()), text_of(above)))
        for above in own.iter("rt"):
            above.tag, above.text = "span", MARK
        behind = iter(given)
        for clause in _clauses(text_of(own)):
            before, *rest = clause.split(MARK)
            if not rest:
                continue
            places = []
            for more in rest:
                places.append((len(before), *next(behind)))
                before += more
            found[before] = places
    return found


def read_aloud(text: str, given: Given) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """(how the text is said, the same with the readings behind their characters, those readings)."""
    marked, used = "", []
    for clause, behind in zip(_clauses(text), [*_SPLIT.findall(text), ""], strict=True):
        start = 0
        for place, characters, reading in given.get(clause, ()):
            marked += clause[start:place] + MARK
            used.append((characters, reading))
            start = place
        marked += clause[start:] + behind
    first, *rest = spoken(marked).split(MARK)
    shown = first + "".join(aloud(reading) + behind for (_, reading), behind in zip(used, rest, strict=True))
    return first + "".join(rest), shown, tuple(dict.fromkeys(used))
