"""Choosing: which sentences make the lead, and which sentences and sound bites the story."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from channels.tv.house import house
from channels.tv.script.reading import CLOSED, OPEN, Block, Unit, key, stopped

BITES = 2
"""Sound bites that the rules choose at most."""
COMFORTABLE = 60
"""Syllables of a sentence that is easily read in one go with its figures."""
SLACK = 1.15
"""A text that is this little over the target is taken whole."""


def choose_lead(units: Sequence[Unit], headline: str, limits: tuple[int, int]) -> tuple[str, int]:
    """The lead from the article's first sentences, and how many of them it uses up.

    Whole sentences until the least length is reached; a sentence too long for the most is cut after a clause.
    """
    least, most = limits
    chosen, used = "", 0
    for place, unit in enumerate(units):
        if unit.bite or len(chosen) >= least:
            break
        text = stopped(unit.text if place else re.sub(rf"^(?:{house().article['dateline']})", "", unit.text))
        if key(text) in ("", key(headline)):
            used += 1
            continue
        if len(chosen) + len(text) > most:
            cut = _cut(text, most - len(chosen))
            if cut and len(chosen) + len(cut) >= least:
                chosen, used = chosen + cut, used + 1
            break
        chosen, used = chosen + text, used + 1
    if not chosen and (first := next((unit for unit in units if not unit.bite and key(unit.text)), None)):
        chosen, used = _cut(first.text, most) or first.text, units.index(first) + 1
    return chosen, used


def _cut(text: str, most: int) -> str:
    """The sentence's beginning up to a clause's end, in at most `most` characters, with a full stop; "" if none."""
    depth, end = 0, 0
    for place, character in enumerate(text[:most]):
        depth += (character in OPEN) - (character in CLOSED)
        if character in "，,；;" and depth == 0:
            end = place
    return text[:end] + "。" if end else ""


def _has_figures(text: str) -> bool:
    return bool(re.search(r"\d", text))


class Choice:
    """Which sentences and sound bites of the blocks make the story, within `room` syllables."""

    def __init__(self, blocks: Sequence[Block], room: float) -> None:
        points = house().pattern("points")
        self.units = [block.units for block in blocks]
        self.room = room
        self.points = [place for place, block in enumerate(blocks) if block.units and points.match(block.text)]
        self._taken: set[tuple[int, int]] = set()

    def made(self) -> Sequence[Sequence[Unit]]:
        """The chosen units of each block, in the article's order.

        First what every story needs: each point's first sentence (else the article's), the key fact that stands before
        the points, and sound bites. Then, in rounds over the blocks, sentences with figures and of a comfortable
        length, then any that still fit.
        """
        if sum(unit.syllables for many in self.units for unit in many) <= self.room * SLACK:
            return self.units
        for place in self.points:
            self._take(place, 0, must=True)
        before = self.units[: self.points[0]] if self.points else []
        facts = [(place, n) for place, n, unit in _each(before) if not unit.bite and _has_figures(unit.text)]
        for place, n in facts[:1]:
            self._take(place, n)
        if not self._taken:
            first = next(((place, n) for place, n, unit in _each(self.units) if not unit.bite), None)
            if first and self.room > 0:
                self._take(*first, must=True)
        for place, n in [(place, n) for place, n, unit in _each(self.units) if unit.bite][:BITES]:
            self._take(place, n)
        for comfortable in (True, False):
            while self._round(comfortable=comfortable):
                pass
        return [
            [unit for n, unit in enumerate(many) if (place, n) in self._taken] for place, many in enumerate(self.units)
        ]

    def _take(self, place: int, n: int, *, must: bool = False) -> bool:
        syllables_ = self.units[place][n].syllables
        if not must and syllables_ > self.room:
            return False
        self._taken.add((place, n))
        self.room -= syllables_
        return True

    def _round(self, *, comfortable: bool) -> bool:
        """One more sentence from each block that has one that fits; False if none had."""
        found = False
        for place, many in enumerate(self.units):
            fitting = [
                n
                for n, unit in enumerate(many)
                if (place, n) not in self._taken
                and not unit.bite
                and unit.syllables <= self.room
                and (not comfortable or (_has_figures(unit.text) and unit.syllables <= COMFORTABLE))
            ]
            if fitting:
                found = self._take(place, min(fitting, key=lambda n: _weight(self.units[place][n].text, n)))
        return found


def _each(units: Sequence[Sequence[Unit]]) -> Iterator[tuple[int, int, Unit]]:
    """(block, place in it, unit) of all."""
    for place, many in enumerate(units):
        for n, unit in enumerate(many):
            yield place, n, unit


def _weight(text: str, place: int) -> tuple[bool, int]:
    """Results first, then the article's order."""
    return not any(word in text for word in house().article["result_words"]), place
