"""The head of a manuscript: headline, 引题, 副题, and what forms, pages and newsrooms set above the text.

Evidence goes before order: first what a line says, then its look, then its place. What cannot be known is guessed, and
the guess stands in the reading.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.channel import Text
from pipeline.manuscript import reasons
from pipeline.manuscript.credits import Said, alone
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.lines import (
    Kind,
    Line,
    column_of,
    is_bold,
    is_dashed,
    is_labelled,
    is_numbered,
    note_of,
    without_dashes,
    without_mark,
)
from pipeline.manuscript.taking import put_headline, take_said
from pipeline.reading import Doubt

_ISSUE = re.compile("第.{1,8}期")
_LARGER = 0.5
"""Points by which one line must be larger than another to outrank it."""
_MOST_LINES = 60
"""Lines before the text; a page's head has some dozens."""


def without_head(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """The lines that are left when headline, credits and noise above the text have been taken."""
    head = _Head(draft, list(lines))
    head.scan()
    head.name()
    return [line for place, line in enumerate(lines) if place not in head.taken]


@dataclass(slots=True)
class _Head:
    draft: Draft
    lines: list[Line]
    taken: set[int] = field(default_factory=set)
    candidates: list[int] = field(default_factory=list)
    """Lines that may be headline, 引题 or 副题."""
    forms: list[int] = field(default_factory=list)

    def scan(self) -> None:
        """Take what is known by its words, up to the text; keep the candidates."""
        place = 0
        while place < min(len(self.lines), _MOST_LINES):
            line = self.lines[place]
            if line.kind is Kind.NOTE:
                place = self._note(place)
                continue
            if line.kind is Kind.TEXT and line.block.image is None:
                if not self._is_title_anyway(place):
                    break
                self.candidates.append(place)
            elif line.block.image is None and not self._known(place):
                if self._begins_text(place):
                    break
                self.candidates.append(place)
            place += 1

    def _note(self, place: int) -> int:
        """编者按 on one line, or as a heading with the note in the paragraph below it."""
        line = self.lines[place]
        note = note_of(line.text) or ""
        self.taken.add(place)
        self.draft.put("editors_note", note, line=line.number)
        self.draft.took(line.text, ["editors_note"], reasons.NOTE, line=line.number)
        below = place + 1
        if not note and below < len(self.lines) and self.lines[below].block.tag == "p":
            following = self.lines[below]
            self.draft.put("editors_note", following.text, line=following.number)
            self.draft.took(following.text, ["editors_note"], reasons.NOTE, line=following.number)
            self.taken.add(below)
            return below + 1
        return below

    def _known(self, place: int) -> bool:
        """Whether the line is one that words alone explain; if so, it has been taken."""
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
                    self._masthead(reasons.FORM)
                return True
            case Kind.SERIES if not draft.text("series"):
                draft.put("series", line.text.rstrip(" :：　"), line=line.number)
                draft.took(line.text, ["series"], reasons.SERIES, line=line.number)
            case Kind.COLUMN if not self._named() or not draft.text("column"):
                draft.put("column", column_of(line.text)[0], line=line.number)
                draft.took(line.text, ["column"], reasons.COLUMN, line=line.number)
            case Kind.NUMBER:
                self._letter(place)
            case Kind.TITLE if self._is_theme(place):
                put_headline(re.sub(r"^主题\s*[:：]\s*", "", line.text), draft, line.number)
                draft.took(line.text, ["headline"], reasons.LABELLED, line=line.number)
            case Kind.TITLE if self._is_byline(line.text):
                told = alone(line.text, draft.words)
                take_said(line, told or Said(), draft, guessed=True)
            case Kind.TITLE if self._repeats(line.text):
                draft.took(line.text, ["headline"], reasons.REPEATED, line=line.number)
            case _:
                return False
        self.taken.add(place)
        return True

    def _is_theme(self, place: int) -> bool:
        """主题：… is the headline where 引题 or 副题 stand beside it with their names; elsewhere it is a meeting's."""
        beside = [one.said for one in self.lines[max(place - 2, 0) : place + 3] if one.said is not None]
        named = {name for told in beside for name, _ in told.fields}
        return bool(re.match(r"主题\s*[:：]", self.lines[place].text)) and bool(named & {"kicker", "subhead"})

    def _is_byline(self, text: str) -> bool:
        """Whether it is the author's name alone below the headline."""
        return self._named() and not self.draft.credits and alone(text, self.draft.words) is not None

    def _letter(self, place: int) -> None:
        """文号, and the 红头 above it."""
        self.draft.dropped(self.lines[place].text, reasons.LETTERHEAD, line=self.lines[place].number)
        self._masthead(reasons.LETTERHEAD)

    def _masthead(self, why: Text) -> None:
        """What stands above the number of an issue or a letter is its name."""
        for above in self.candidates:
            self.draft.dropped(self.lines[above].text, why, line=self.lines[above].number)
            self.taken.add(above)
        self.candidates.clear()

    def _named(self) -> bool:
        return bool(self.candidates) or bool(self.draft.text("headline"))

    def _repeats(self, text: str) -> bool:
        known = self.draft.text("headline")
        return bool(known) and _bare(text) == "".join(known.split())

    def _is_title_anyway(self, place: int) -> bool:
        """A title may end like a sentence, where its look says that it is one."""
        hints, text = self.lines[place].block.hints, self.lines[place].text
        return hints.role in ("title", "subtitle") or (
            bool(text) and hints.centred and len(text) <= 60 and self._size(place) > self._text_size() + _LARGER
        )

    def _begins_text(self, place: int) -> bool:
        """Whether a line that may be a title is the first of the text, for it follows the title without a sign."""
        line = self.lines[place]
        if not self._named() or is_dashed(line.text):
            return False
        if any(_bare(line.text) == _bare(self.lines[one].text) for one in self.candidates):
            return False  # the headline again
        if is_numbered(line.text) or is_labelled(line.text):
            return True
        if not any(one.kind is Kind.TEXT and one.block.runs for one in self.lines):
            return not self._joins_title(place)  # a poem: nothing of it reads on
        if self._stands_out(place):
            return False
        if any(self._stands_out(one) for one in self.candidates):
            return True
        return not self._is_followed_by_head(place)

    def _joins_title(self, place: int) -> bool:
        """Whether the line looks like the candidate directly above it, and larger than what follows."""
        above, below = self.candidates[-1] if self.candidates else None, self.lines[place + 1 : place + 2]
        return (
            above == place - 1
            and self._weight(above) == self._weight(place)
            and bool(below)
            and self._size(place) > below[0].block.hints.size + _LARGER
        )

    def _is_followed_by_head(self, place: int) -> bool:
        """Whether credits, a date or a series follow before any text: then the line still belongs to the head."""
        for line in self.lines[place + 1 : place + 4]:
            if line.kind in (Kind.SAID, Kind.SERIES, Kind.NOTE) or is_dashed(line.text):
                return line.kind is not Kind.SAID or bool(line.said and line.said.became)
            if line.kind is not Kind.TITLE or line.block.image is not None:
                return False
        return False

    def _stands_out(self, place: int) -> bool:
        block = self.lines[place].block
        hints = block.hints
        return (
            block.tag == "h1" or hints.centred or is_bold(block) or hints.role in ("title", "subtitle")
            or self._size(place) > self._text_size() + _LARGER
        )  # fmt: skip

    def _size(self, place: int) -> float:
        return self.lines[place].block.hints.size

    def _text_size(self) -> float:
        """The size of the letters of most of the text, 0 if unknown."""
        sizes: dict[float, int] = {}
        for line in self.lines:
            if line.kind is Kind.TEXT and line.block.runs:
                sizes[line.block.hints.size] = sizes.get(line.block.hints.size, 0) + len(line.text)
        return max(sizes, key=lambda size: sizes[size]) if sizes else 0

    # The headline among the candidates

    def name(self) -> None:
        """Choose headline, 引题 and 副题 among the candidates."""
        draft = self.draft
        title = self._decided() or self._by_look() or ([] if draft.text("headline") else self._by_place())
        if not title and not draft.text("headline") and self.forms:
            title = [one for one in self.forms if len(self.lines[one].text) >= 8][-1:]
        for place in self.forms:
            if place not in title:
                draft.dropped(self.lines[place].text, reasons.FORM, line=self.lines[place].number)
                self.taken.add(place)
        if title:
            self._headline(title)
        self._around(title)

    def _decided(self) -> list[int]:
        wanted = "".join(self.draft.decided.get("headline", "").split())
        if not wanted:
            return []
        for place in (*self.candidates, *self.forms):
            if "".join(self.lines[place].text.split()) == wanted:
                return [place]
        return []

    def _by_look(self) -> list[int]:
        """The title by its style, else the largest of the lines set apart; neighbours of one look are one title."""
        if self.draft.text("headline"):
            return []
        styled = [one for one in self.candidates if self.lines[one].block.hints.role == "title"]
        headings = [one for one in self.candidates if self.lines[one].block.tag == "h1"]
        if styled or headings:
            return self._run((styled or headings)[:1])
        apart = [one for one in self.candidates if self._stands_out(one) and not is_dashed(self.lines[one].text)
                 and not is_numbered(self.lines[one].text)]  # fmt: skip
        if not apart:
            return []
        weights = {one: self._weight(one) for one in apart}
        largest = max(weight[0] for weight in weights.values())
        big = [one for one in apart if weights[one][0] >= largest - _LARGER]
        best = max(big, key=lambda one: weights[one][1:])
        first = next(one for one in big if weights[one][1:] == weights[best][1:])
        return (
            self._run([first]) if len(big) < len(self.candidates) or weights[first][1] or weights[first][0] else [first]
        )

    def _weight(self, place: int) -> tuple[float, bool, bool]:
        hints = self.lines[place].block.hints
        return hints.size, is_bold(self.lines[place].block), hints.centred

    def _run(self, title: list[int]) -> list[int]:
        """The title with the lines directly below it that look the same, or stand in the same paragraph."""
        for one in self.candidates:
            if one <= title[-1]:
                continue
            last, line = self.lines[title[-1]], self.lines[one]
            same = line.parent == last.parent or (
                line.block.hints.role == last.block.hints.role
                and self._weight(one) == self._weight(title[-1])
                and line.block.tag == last.block.tag
                and (line.block.hints.size > 0 or line.block.hints.role == "title")
            )
            if one != title[-1] + 1 or not same or is_dashed(line.text) or is_numbered(line.text):
                break
            title = [*title, one]
        return title

    def _by_place(self) -> list[int]:
        """Without looks the first candidate; what follows it before the credits may be its second line or a 副题."""
        return self.candidates[:1]

    def _headline(self, title: Sequence[int]) -> None:
        lines = [self.lines[one] for one in title]
        first = lines[0]
        looked = self._stands_out(title[0])
        why = (
            reasons.DECIDED if self.draft.decided.get("headline")
            else reasons.TITLE_STYLE if first.block.hints.role == "title" or first.block.tag == "h1"
            else reasons.TITLE_LOOK if looked
            else reasons.TITLE_FIRST
        )  # fmt: skip
        put_headline(" ".join(line.text for line in lines), self.draft, first.number)
        for place, line in zip(title, lines, strict=True):
            self.taken.add(place)
            self.draft.took(line.text, ["headline"], why, line=line.number, guessed=place in self.forms)

    def _around(self, title: Sequence[int]) -> None:
        """引题 above, 副题 below; what is neither and stands above the headline does not become text."""
        for place in self.candidates:
            line = self.lines[place]
            if place in self.taken:
                continue
            if self._repeats(line.text):
                self._became(place, "headline", reasons.REPEATED)
            elif title and place < title[0]:
                self._above(place, title)
            elif is_dashed(line.text) and self._named():
                self._became(place, "subhead", reasons.DASHED)
            elif self._is_subhead(place, title):
                self._became(place, "subhead", reasons.BELOW_TITLE)
            elif (
                title
                and not self._stands_out(title[0])
                and not is_numbered(line.text)
                and self._is_followed_by_head(place)
            ):
                self._became(place, "subhead", reasons.BETWEEN, guessed=True)
                self._doubt(line.text)
        if title and not self._stands_out(title[0]):
            after = next((one for one in range(title[-1] + 1, len(self.lines)) if one not in self.taken), None)
            if after is not None and self.lines[after].kind is Kind.TITLE and not is_numbered(self.lines[after].text):
                self._doubt(self.lines[after].text)

    def _above(self, place: int, title: Sequence[int]) -> None:
        line = self.lines[place]
        hints, head = line.block.hints, self.lines[title[0]].block.hints
        if hints.centred or hints.role == "subtitle" or not self._stands_out(title[0]):
            self._became(place, "kicker", reasons.ABOVE_TITLE, guessed=not hints.centred)
        elif is_bold(line.block) and not head.centred:
            self._became(place, "kicker", reasons.ABOVE_TITLE, guessed=True)
        else:
            self.draft.dropped(line.text, reasons.ABOVE_UNKNOWN, line=line.number, guessed=True)
            self.taken.add(place)

    def _is_subhead(self, place: int, title: Sequence[int]) -> bool:
        line = self.lines[place]
        if line.block.hints.role == "subtitle":
            return True
        if not title or line.block.tag != "p" or is_numbered(line.text):
            return False
        return self._stands_out(title[0]) and line.block.hints.centred

    def _became(self, place: int, field_name: str, why: Text, *, guessed: bool = False) -> None:
        line = self.lines[place]
        text = without_dashes(line.text) if field_name == "subhead" else line.text
        known = self.draft.text(field_name)
        if field_name != "headline":
            if known and self.draft.lines.get(field_name) is not None or known:
                self.draft.fields[field_name] = f"{known} {text}" if text not in known else known
            else:
                self.draft.put(field_name, text, line=line.number)
        self.draft.took(line.text, [field_name], why, line=line.number, guessed=guessed)
        self.taken.add(place)

    def _doubt(self, text: str) -> None:
        taken = self.draft.text("headline")
        if self.draft.decided.get("headline") or any(one.field == "headline" for one in self.draft.doubts):
            return
        self.draft.doubts.append(
            Doubt(
                field="headline",
                question=Text.of("is “{instead}” the headline, instead of “{taken}”?", instead=text, taken=taken),
                taken=taken,
                instead=text,
            )
        )


def _bare(text: str) -> str:
    """A headline without what may stand around it and without spaces, to be compared."""
    return "".join(without_mark(column_of(text)[1]).split())
