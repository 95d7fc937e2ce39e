"""Summaries (摘要) of running text: whole sentences, never cut inside quotations or brackets."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property

_PAIRS = dict(zip("“‘「『《〈（(【[〔〖{｛［«", "”’」』》〉）)】]〕〗}｝］»", strict=True))
_OPENER = {closer: opener for opener, closer in _PAIRS.items()}
_BRACKET = re.compile("[" + re.escape("".join((*_PAIRS, *_OPENER))) + '"]')
_CLOSERS = "".join(_OPENER) + '"'
_SPEECH = frozenset('“‘「『"')
"""What opens the words of a person."""
_ENDS = "。！？!?"
_END = re.compile(
    rf"[。！？][{_ENDS}]*"  # full-width
    rf"|[!?][{_ENDS}]*(?![0-9A-Za-z=&/])"  # and not in an address
    r"|(?<=[0-9a-z)\]”’\"])\.(?=\s+[^\s0-9a-z]|\s*$)"  # Latin, and not in 5.2 or J. Smith
)
_CLAUSE = re.compile(r"[，；、]|[,;](?![0-9])")
_TRAILING = "，、；：,;:—－ \u3000"
_WORD = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.,:/%‰_-]*[0-9A-Za-z%‰])?[万亿千百十]*")
"""What no cut may go through: 5.2 becomes another number."""
_JOINER = "\u200d"
_LEADS_ON = tuple("：；，、:;,")
"""A paragraph that ends so goes on in the next one."""


def shortened(paragraphs: Iterable[str], limit: int) -> str:
    """The opening of a text in at most `limit` characters: as many whole sentences as fit.

    Where the first alone is longer, it is cut with … at the end of a clause, else where it has to be; what a cut inside
    a long quotation or bracket leaves open is closed behind the ….

    >>> shortened(["他说：“好。收成好。”大家笑了。明年再来。"], 19)
    '他说：“好。收成好。”大家笑了。'
    >>> shortened(["在“一测算、三核实”的基础上，逐户逐人逐项核查摸底。"], 20)
    '在“一测算、三核实”的基础上…'
    """
    text = _Opening(limit)
    for paragraph in filter(None, paragraphs):
        text.add(paragraph)
        if text.is_enough:
            break
    if len(text.joined) <= limit:
        return text.joined
    whole = max(text.ends(), default=0)
    return text.joined[:whole].rstrip() if whole else text.cut()


class _Opening:
    """The beginning of a text: paragraphs put together, and which brackets belong to each other.

    A place is the number of characters before it. Brackets that nothing opens or closes are like any other character.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._parts: list[str] = []
        self._length = 0
        self._ended: set[int] = set()
        """The places where paragraphs end, but for those that lead on to the next."""
        self._pairs: list[tuple[int, int]] = []
        """From the place before the opening one to that before the closing one, where it opens within the limit."""
        self._open: list[tuple[str, int]] = []
        self._waiting: Counter[str] = Counter()

    def add(self, paragraph: str) -> None:
        """Put a paragraph, which is not empty, behind the others."""
        if self._parts and not _meets(self._parts[-1], paragraph):
            self._parts.append(" ")
            self._length += 1
        for found in _BRACKET.finditer(paragraph):
            self._bracket(found[0], self._length + found.start())
        self._parts.append(paragraph)
        self._length += len(paragraph)
        if not paragraph.endswith(_LEADS_ON):
            self._ended.add(self._length)

    @cached_property
    def joined(self) -> str:
        """All that has been added; to be asked for when that is all."""
        return "".join(self._parts)

    def _bracket(self, bracket: str, place: int) -> None:
        opener = _OPENER.get(bracket, bracket)
        if bracket in _PAIRS or (bracket == '"' and not self._waiting[bracket]):
            self._open.append((bracket, place))
            self._waiting[bracket] += 1
        elif self._waiting[opener]:
            while True:
                known, began = self._open.pop()
                self._waiting[known] -= 1
                if known == opener:
                    break
            if began < self.limit:
                self._pairs.append((began, place))

    @property
    def is_enough(self) -> bool:
        """Whether the limit is passed, and whatever opens before it has been closed."""
        return self._length > self.limit and not (self._open and self._open[0][1] < self.limit)

    def _inside(self, place: int) -> list[tuple[int, int]]:
        """The pairs around a place, the innermost first."""
        return sorted((pair for pair in self._pairs if pair[0] < place <= pair[1]), reverse=True)

    def ends(self) -> Iterator[int]:
        """The places within the limit where sentences end."""
        yield from (place for place in self._ended if place <= self.limit and not self._inside(place))
        for found in _END.finditer(self.joined):
            if found.end() > self.limit:
                return
            place = self._closed(found.end())
            if place <= self.limit and not self._inside(place) and self.joined[place : place + 1] not in _ENDS:
                yield place

    def _closed(self, place: int) -> int:
        """The place behind what closes right behind the end of a sentence, if the sentence around it ends there, too.

        «他说：“好。”» is one; in «“好。”他说。» and «标语“加油！”随处可见。» the sentence goes on.
        """
        closing = {end: began for began, end in self._pairs}
        behind = place
        while behind in closing:
            began = closing[behind]
            behind += 1
        if behind == place or behind in self._ended:
            return behind
        introduced = began and self.joined[began] in _SPEECH and self.joined[began - 1] in "：:，,"
        return behind if introduced else place

    def cut(self) -> str:
        """The beginning within the limit, with … for the rest of the sentence."""
        last = self.limit - 1
        if last < 1:
            return "…"[: max(self.limit, 0)]
        clauses = [one.start() for one in _CLAUSE.finditer(self.joined, 1) if one.start() <= last]
        outside = [place for place in clauses if not self._inside(place)]
        if outside:
            return self._ended_at(outside[-1])
        least = self.limit // 3
        through = _through_words(self.joined, last)
        everywhere = range(last, 0, -1)
        between = [place for place in everywhere if place not in through]
        tries = (
            *(place for place in between if place >= least and not self._inside(place)),
            *(place for place in reversed(clauses) if place >= least),
            *between,
            *everywhere,
        )
        return next((told for told in map(self._ended_at, tries) if len(told) <= self.limit), "…")

    def _ended_at(self, place: int) -> str:
        closers = "".join(self.joined[end] for _began, end in self._inside(place))
        return self.joined[:place].rstrip(_TRAILING) + "…" + closers


def _meets(before: str, after: str) -> bool:
    """Whether two paragraphs may stand together without a space: the first ends with a full stop or the like."""
    last = before.rstrip(_CLOSERS)[-1:]
    return bool(last) and unicodedata.category(last).startswith("P") and not (last.isascii() and after[0].isascii())


def _through_words(text: str, last: int) -> set[int]:
    """The places up to `last` inside a word in Latin letters, a number or a composed character."""
    words = (found.span() for found in _WORD.finditer(text, 0, last + 1))
    inside = {place for start, end in words for place in range(start + 1, end)}
    return inside | {place for place in range(1, last + 1) if _joins(text[place]) or text[place - 1] == _JOINER}


def _joins(character: str) -> bool:
    return character == _JOINER or unicodedata.category(character).startswith("M")
