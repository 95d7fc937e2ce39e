"""The head of a manuscript: what forms, pages and newsrooms set above the text, and the lines that may be its headline.

Evidence goes before order: first what a line says, then its look, then its place. `title` decides among the candidates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.channel import Text
from pipeline.manuscript import reasons
from pipeline.manuscript.credits import alone
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.line import (
    Kind,
    Line,
    column_of,
    is_bold,
    is_dashed,
    is_labelled,
    is_numbered,
    note_of,
    without_mark,
)
from pipeline.manuscript.names import is_organisation
from pipeline.manuscript.taking import put_headline, take_said

LARGER = 0.5
"""Points by which one line must be larger than another to outrank it."""
_MOST_LINES = 60
"""Lines before the text; a page's head has some dozens."""
_LOOK_AHEAD = 3
_LONGEST_LARGE = 60
_ISSUE = re.compile("第.{1,8}期")
_THEME = re.compile(r"主题\s*[:：]\s*")


@dataclass(slots=True)
class Head:
    """The lines of a manuscript while its head is read."""

    draft: Draft
    lines: Sequence[Line]
    taken: set[int] = field(default_factory=set)
    """Places of lines that are no text; what they are stands in the draft."""
    candidates: list[int] = field(default_factory=list)
    """Lines that may be headline, 引题 or 副题."""
    forms: list[int] = field(default_factory=list)
    """Lines that look like the name of a form."""
    reads_on: bool = field(init=False)
    """Whether there is running text at all; a poem has none."""
    text_size: float = field(init=False)
    """The size of the letters of most of the text, in points; 0 if unknown."""

    def __post_init__(self) -> None:
        sizes: Counter[float] = Counter()
        for line in self.lines:
            if line.kind is Kind.TEXT:
                sizes[line.block.hints.size] += len(line.block.text)
        self.text_size = sizes.most_common(1)[0][0] if sizes else 0
        self.reads_on = bool(sizes)

    def scan(self) -> None:
        """Take what is known by its words, up to the text; keep the candidates."""
        place = 0
        while place < min(len(self.lines), _MOST_LINES):
            line = self.lines[place]
            if line.kind is Kind.NOTE:
                place = self._note(place)
            elif line.kind is not Kind.PICTURE and not self._known(place):
                if self._begins_text(place):
                    break
                self.candidates.append(place)
            place += 1

    def is_apart(self, place: int) -> bool:
        """Whether the line stands out: in the middle, bold, larger than the text, or a title by its style."""
        block = self.lines[place].block
        return (
            block.tag == "h1"
            or block.hints.centred
            or is_bold(block)
            or block.hints.role in ("title", "subtitle")
            or block.hints.size > self.text_size + LARGER
        )

    def weight(self, place: int) -> tuple[float, bool, bool]:
        """How much the line's look says that it is the title."""
        block = self.lines[place].block
        return block.hints.size, is_bold(block), block.hints.centred

    def is_named(self) -> bool:
        return bool(self.candidates) or bool(self.draft.text("headline"))

    def repeats(self, text: str) -> bool:
        known = self.draft.text("headline")
        return bool(known) and bare(text) == "".join(known.split())

    def is_followed_by_head(self, place: int) -> bool:
        """Whether credits, a date or a series follow before any text: then the line still belongs to the head."""
        for line in self.lines[place + 1 : place + 1 + _LOOK_AHEAD]:
            if line.said is not None:
                return bool(line.said.became)
            if line.kind in (Kind.SERIES, Kind.NOTE, Kind.NUMBER) or is_dashed(line.text):
                return True
            if line.kind is not Kind.TITLE:
                return False
        return False

    def _note(self, place: int) -> int:
        """编者按 on one line, or as a heading with the note in the paragraph below it; the place of its last line."""
        line = self.lines[place]
        note, last = note_of(line.text) or "", place
        below = self.lines[place + 1] if place + 1 < len(self.lines) else None
        if not note and below is not None and below.block.tag == "p":
            note, last = below.text, place + 1
        self.draft.put("editors_note", note, line=line.number)
        for one in range(place, last + 1):
            self.taken.add(one)
            self.draft.took(self.lines[one].text, ["editors_note"], reasons.NOTE, line=self.lines[one].number)
        return last

    def _known(self, place: int) -> bool:
        """Whether words alone explain the line; if so, it has been taken."""
        line, draft = self.lines[place], self.draft
        match line.kind:
            case Kind.SAID if line.said is not None:
                take_said(line, line.said, draft)
            case Kind.NOISE:
                draft.dropped(line.text, reasons.BUTTONS, line=line.number)
            case Kind.CRUMB:
                draft.dropped(line.text, reasons.CRUMB, line=line.number)
            case Kind.FORM:
                self.forms.append(place)
                if _ISSUE.search(line.text):
                    self._masthead(reasons.FORM, self.candidates)
                return True
            case Kind.NUMBER:
                self._letter(place)
            case Kind.SERIES if not draft.text("series"):
                draft.put("series", line.text.rstrip(" :：　"), line=line.number)
                draft.took(line.text, ["series"], reasons.SERIES, line=line.number)
            case Kind.COLUMN if not draft.text("column"):
                draft.put("column", column_of(line.text)[0], line=line.number)
                draft.took(line.text, ["column"], reasons.COLUMN, line=line.number)
            case Kind.TITLE:
                if not self._known_by_place(place):
                    return False
            case _:
                return False
        self.taken.add(place)
        return True

    def _known_by_place(self, place: int) -> bool:
        line = self.lines[place]
        if self.repeats(line.text):
            self.draft.took(line.text, ["headline"], reasons.REPEATED, line=line.number)
        elif self._is_theme(place):
            put_headline(_THEME.sub("", line.text), self.draft, line.number)
            self.draft.took(line.text, ["headline"], reasons.LABELLED, line=line.number)
        elif self.is_named() and not self.draft.credits and (authors := alone(line.text, self.draft.words)):
            take_said(line, authors, self.draft, guessed=True)
        else:
            return False
        return True

    def _is_theme(self, place: int) -> bool:
        """主题：… is the headline where 引题 or 副题 stand beside it with their names; elsewhere it is a meeting's."""
        beside = (one.said for one in self.lines[max(place - 2, 0) : place + 3] if one.said is not None)
        named = {name for told in beside for name, _ in told.fields}
        return bool(_THEME.match(self.lines[place].text)) and bool(named & {"kicker", "subhead"})

    def _masthead(self, why: Text, names: Sequence[int]) -> None:
        """Drop the name that stands above the number of an issue or a letter."""
        for above in list(names):
            self.draft.dropped(self.lines[above].text, why, line=self.lines[above].number)
            self.taken.add(above)
            self.candidates.remove(above)

    def _letter(self, place: int) -> None:
        """文号, and the 红头 above it. Web pages show the number below the title; letters have it above."""
        self.draft.dropped(self.lines[place].text, reasons.LETTERHEAD, line=self.lines[place].number)
        names = [above for above in self.candidates if self._is_letterhead(above)]
        if self.draft.text("headline") or self._is_title(self._below(place)):
            names = self.candidates
        self._masthead(reasons.LETTERHEAD, names)

    def _below(self, place: int) -> int | None:
        """The place of the first line below that may say something of the article."""
        known = (Kind.SAID, Kind.NOISE, Kind.PICTURE, Kind.NUMBER, Kind.FORM)
        return next((one for one in range(place + 1, len(self.lines)) if self.lines[one].kind not in known), None)

    def _is_title(self, place: int | None) -> bool:
        """Whether the line below a 文号 may be what the letter is called: no heading in it, and not whom it is for."""
        if place is None:
            return False
        text = self.lines[place].text
        known = is_dashed(text) or is_numbered(text) or is_labelled(text) or is_organisation(text, self.draft.words)
        return (self.lines[place].kind is Kind.TITLE and not known) or self._is_title_by_look(place)

    def _is_letterhead(self, place: int) -> bool:
        """Whether the line is the 红头 of an office: its name, with 文件 or without."""
        text, words = "".join(self.lines[place].text.split()), self.draft.words
        return is_organisation(text, words) or bool(words.letterhead.fullmatch(text))

    def _begins_text(self, place: int) -> bool:
        """Whether an unknown line is the first of the text, and no candidate."""
        line = self.lines[place]
        if line.kind is not Kind.TITLE:
            return not self._is_title_by_look(place)
        if not self.is_named() or is_dashed(line.text):
            return False
        if any(bare(line.text) == bare(self.lines[one].text) for one in self.candidates):
            return False  # the headline again
        if not self.reads_on:
            return not self._goes_on(place)
        if self.is_apart(place):
            return False
        return (
            is_numbered(line.text)
            or is_labelled(line.text)
            or any(self.is_apart(one) for one in self.candidates)
            or not self.is_followed_by_head(place)
        )

    def _is_title_by_look(self, place: int) -> bool:
        """A title may end like a sentence, where its look says that it is one."""
        hints, text = self.lines[place].block.hints, self.lines[place].text
        large = hints.centred and len(text) <= _LONGEST_LARGE and hints.size > self.text_size + LARGER
        return bool(self.lines[place].block.runs) and (hints.role in ("title", "subtitle") or large)

    def _goes_on(self, place: int) -> bool:
        """Whether the line looks like the candidate directly above it, and is larger than what follows."""
        above, below = self.candidates[-1] if self.candidates else None, self.lines[place + 1 : place + 2]
        return (
            above == place - 1
            and self.weight(above) == self.weight(place)
            and bool(below)
            and self.weight(place)[0] > below[0].block.hints.size + LARGER
        )


def bare(text: str) -> str:
    """A headline without what may stand around it and without spaces, to be compared."""
    return "".join(without_mark(column_of(text)[1]).split())
