"""Choosing: which sentences make the lead, and which sentences and sound bites the story.

Whole sentences only, and none without what it refers to: a sentence that leans on the one before it (其中…, 该镇…) is
taken together with that one or not at all. What cannot be heard is left out: addresses, what points at a table, lines
that are no sentences. Where no good choice is left, that is said: an editor has to look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from channels.tv.house import house
from channels.tv.script.form import Need
from channels.tv.script.reading import Block, Unit, key, stopped

BITES = 2
"""Sound bites that the rules choose at most."""
COMFORTABLE = 60
"""Syllables of a sentence that is easily read in one go with its figures."""
SLACK = 1.15
"""A text that is this little over the target is taken whole."""
WINDOW = 5
"""From so many sentences at the beginning the lead is chosen."""
CLEARLY = 2
"""By so much a later sentence has to be better news than the first, to be said before it."""
PHRASE = 9
"""Characters of a slogan's phrases: 压责任、强推进，持续攻坚不松劲."""
SHORT = 10
"""Characters of a lead that says too little."""


@dataclass(frozen=True)
class Lead:
    """What the anchor says first: its sentences by their places among those that it was chosen from."""

    text: str = ""
    places: tuple[int, ...] = ()
    needs: tuple[Need, ...] = ()
    """Why an editor has to look at it."""


def choose_lead(units: Sequence[Unit], headline: str, limits: tuple[int, int]) -> Lead:
    """The sentence with the result, from the article's first ones, and those after it up to the least length.

    The result is what has figures and what the headline promises; policy comes later. What is no longer than the most
    is never left for something longer; if there is nothing else, it is taken as it is, and an editor is told.
    """
    least, most = limits
    texts = [stopped(unit.text if place else _without_dateline(unit.text)) for place, unit in enumerate(units)]
    heard = [
        not unit.bite and unit.airable and key(text) not in ("", key(headline))
        for unit, text in zip(units, texts, strict=True)
    ]
    heads = [place for place, unit in enumerate(units) if heard[place] and unit.stands]
    if not heads:
        return _for_want_of_better(units, texts, headline)
    window = heads[:WINDOW]
    value = {place: max(_news(texts[one], headline) for one in _run(units, heard, place)) - place for place in window}
    fitting = [place for place in window if len(texts[place]) <= most]
    best = max(fitting or window, key=lambda place: (value[place], -place))
    start = best if heads[0] not in fitting or value[best] >= value[heads[0]] + CLEARLY else heads[0]
    chosen, text = [start], texts[start]
    for place in range(start + 1, len(units)):
        if len(text) >= least or not heard[place] or len(text) + len(texts[place]) > most or is_policy(texts[place]):
            break
        chosen, text = [*chosen, place], text + texts[place]
    needs = [Need.SHORTER] if not fitting else []
    poor = len(text) < SHORT or (is_policy(texts[start]) and not units[start].has_figures)
    return Lead(text, tuple(chosen), (*needs, Need.LEAD) if poor else tuple(needs))


def _run(units: Sequence[Unit], heard: Sequence[bool], place: int) -> range:
    """A sentence with those that lean on it."""
    end = place + 1
    while end < len(units) and heard[end] and not units[end].stands:
        end += 1
    return range(place, end)


def _for_want_of_better(units: Sequence[Unit], texts: Sequence[str], headline: str) -> Lead:
    """The first sentence that is not the headline again, whatever it is."""
    for place, unit in enumerate(units):
        if not unit.bite and not unit.has_address and key(texts[place]) not in ("", key(headline)):
            return Lead(texts[place], (place,), (Need.LEAD,))
    return Lead()


def _without_dateline(text: str) -> str:
    return re.sub(rf"^(?:{house().article['dateline']})+", "", text)


def _news(text: str, headline: str) -> float:
    """How much of a result a sentence tells."""
    pairs = {headline[place : place + 2] for place in range(len(headline) - 1)}
    promised = sum(pair.isalnum() and pair in text for pair in pairs)
    return min(promised, 4) * 0.75 + 2 * _has_results(text) + Unit(text).has_figures * 2 - 4 * is_policy(text)


def is_policy(text: str) -> bool:
    """Whether it says under what guidance something was done, and not what."""
    return bool(house().pattern("policy").search(text))


def _has_results(text: str) -> bool:
    return any(word in text for word in house().article["result_words"])


@dataclass
class Choice:
    """Which sentences and sound bites of the blocks make the story, within `room` syllables.

    `lead`: places of the sentences that were said already, counted over all blocks; those before them are not said any
    more.
    """

    blocks: Sequence[Block]
    room: float
    lead: Sequence[int] = ()
    needs: list[Need] = field(default_factory=list)
    """Why an editor has to look at it."""

    def __post_init__(self) -> None:
        self.units = [unit for block in self.blocks for unit in block.units]
        self._blocks: list[range] = []
        for block in self.blocks:
            start = self._blocks[-1].stop if self._blocks else 0
            self._blocks.append(range(start, start + len(block.units)))
        self._taken: set[int] = set(self.lead)
        points = house().pattern("points")
        spans = [
            span
            for span, block in zip(self._blocks, self.blocks, strict=True)
            if len(span) and points.match(block.text)
        ]
        self.points = [span for span in spans if span.start not in self._taken]
        self._banned = self._skipped()

    def made(self) -> Sequence[Sequence[Unit]]:
        """The chosen units of each block, in the article's order."""
        self._ban_slogans()
        if self._cost(self._sayable()) <= self.room * SLACK:
            self._taken.update(self._sayable())
        else:
            self._choose()
        left_out = [unit for place, unit in enumerate(self.units) if not unit.airable]
        if any(not self._taken.intersection(span) for span in self.points):
            self.needs.append(Need.POINTS)
        if any(unit.has_address or unit.points_away for unit in left_out):
            self.needs.append(Need.LEFT_OUT)
        said = self._taken - set(self.lead)
        return [[self.units[place] for place in span if place in said] for span in self._blocks]

    def _choose(self) -> None:
        """First each point's fact, the key fact that stands before the points, and sound bites. Then, in rounds over
        the blocks, sentences with figures and of a comfortable length, then any that still fit."""
        before = range(self.points[0].start) if self.points else range(0)
        facts = [place for place in before if self.units[place].has_figures and not self.units[place].bite]
        for place in [place for place in facts if place not in self._taken and self._fits(place)][:1]:
            self._take(place)
        self._choose_points()
        if self._taken == set(self.lead):
            for place in range(len(self.units)):
                if not self.units[place].bite and self.room > 0 and self._take(place):
                    break
        for place in [place for place in range(len(self.units)) if self.units[place].bite][:BITES]:
            self._take(place)
        for comfortable in (True, False):
            while self._round(comfortable=comfortable):
                pass

    def _skipped(self) -> set[int]:
        """What stands before the lead in the article and must not be said after it: policy, and all of it if what
        follows the lead leans on the lead."""
        before, after = range(min(self.lead, default=0)), max(self.lead, default=-1) + 1
        leans = self.lead and after < len(self.units) and not self.units[after].stands
        return {place for place in before if leans or is_policy(self.units[place].text)}

    # -- points (一是 …) ----------------------------------------------------------------------------------

    def _ban_slogans(self) -> None:
        """A point that is nothing but a slogan is none; nor is the number of one after it."""
        for span in self.points:
            if self._is_slogan(span.start) and not self._facts(span):
                later = [one.start for one in self.points if one.start >= span.start]
                self._banned.update(later if all(map(self._is_slogan, later)) else [span.start])
                return

    def _choose_points(self) -> None:
        """All points with their numbers, each with a fact; else the facts of slogans, without their numbers, and of the
        others as many as fit, from the first."""
        slogans = [span for span in self.points if self._is_slogan(span.start)]
        facts = {span.start: self._facts(span)[:1] for span in slogans}
        whole = [place for span in self.points for place in (span.start, *facts.get(span.start, ()))]
        if not self._banned and self._cost(whole) <= self.room:
            for place in whole:
                self._take(place)
            return
        self._banned.update(span.start for span in slogans)
        for span in self.points:
            wanted = facts.get(span.start, [span.start])
            if not all(map(self._take, wanted)) and span.start not in facts:
                self._banned.update(one.start for one in self.points if one.start > span.start)
                return

    def _is_slogan(self, place: int) -> bool:
        """Whether a point's first sentence is nothing but short phrases without a fact."""
        text = house().pattern("points").sub("", self.units[place].text, count=1)
        clauses = [clause for clause in re.split(r"[，,、；;。！]", text) if clause.strip()]
        short = all(len(clause) <= PHRASE for clause in clauses) and (len(clauses) > 1 or len(text) <= PHRASE - 2)
        return short and not self.units[place].has_figures and not _has_results(text)

    def _facts(self, span: range) -> list[int]:
        """The sentences of a point that may stand for it, the best first."""
        facts = [place for place in span if place > span.start and self.units[place].has_figures and self._fits(place)]
        short = [place for place in facts if self._cost(self._with(place) or ()) <= COMFORTABLE]
        return sorted(short, key=self._weight)

    # -- taking -------------------------------------------------------------------------------------------

    def _sayable(self) -> list[int]:
        return [place for place in range(len(self.units)) if self._with(place) is not None]

    def _with(self, place: int) -> list[int] | None:
        """What has to be taken with a unit: itself and what it leans on; None if that cannot be said."""
        needed = []
        while place not in self._taken:
            if place < 0 or place in self._banned or not self.units[place].airable:
                return None
            needed.append(place)
            if self.units[place].stands:
                break
            place -= 1
        return needed

    def _cost(self, places: Iterable[int]) -> int:
        return sum(self.units[place].syllables for place in set(places) - self._taken)

    def _fits(self, place: int) -> bool:
        needed = self._with(place)
        return needed is not None and self._cost(needed) <= self.room

    def _take(self, place: int) -> bool:
        needed = self._with(place)
        if needed is None or self._cost(needed) > self.room:
            return False
        self.room -= self._cost(needed)
        self._taken.update(needed)
        return True

    def _weight(self, place: int) -> tuple[bool, bool, int]:
        """Results first, of a comfortable length, then the article's order."""
        unit = self.units[place]
        return self._cost(self._with(place) or [place]) > COMFORTABLE, not _has_results(unit.text), place

    def _round(self, *, comfortable: bool) -> bool:
        """One more sentence from each block that has one that fits; False if none had."""
        found = False
        for span in self._blocks:
            fitting = [
                place
                for place in span
                if place not in self._taken
                and not self.units[place].bite
                and self._fits(place)
                and not is_policy(self.units[place].text)
                and (not comfortable or (self.units[place].has_figures and self.units[place].syllables <= COMFORTABLE))
            ]
            if fitting:
                found = self._take(min(fitting, key=self._weight))
        return found
