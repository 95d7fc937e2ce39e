"""The reading (读稿单): what was read from a manuscript, and how.

Nothing of a manuscript vanishes or changes its role unseen: whatever of its text does not stand in the article's body
or captions stands here as a `Line`, with what it became and why.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pipeline.article.problem import Problem, Text
from pipeline.article.value import Frozen


class ManuscriptProblem(Problem):
    """A problem and where in the manuscript it is.

    >>> problem = ManuscriptProblem(file="a.md", line=3, field="date",
    ...     message=Text.of("not a date"), remedy=Text.of("write 2020-01-10"))
    >>> str(problem)
    'a.md:3: date: not a date (write 2020-01-10)'
    """

    file: str
    """The manuscript's file name, as the editor gave it."""
    line: int | None = None
    """Line, from 1; None where the format has no lines or the whole file is meant."""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.field}: {self.message} ({self.remedy})"


class Line(Frozen):
    """Text of the manuscript that is no text of the article."""

    text: str
    """As it stood there."""
    fields: tuple[str, ...] = ()
    """What it became, by the names of `Article`'s fields ("date" is shown and never kept); empty: it was dropped."""
    why: Text
    """The sign by which it was recognised."""
    guessed: bool = False
    """Whether that sign is weak: a person should look."""
    line: int | None = None


class Doubt(Frozen):
    """A question to the editor; without an answer the reading holds as it is."""

    field: str
    question: Text
    """To be answered with yes or no."""
    taken: str
    """What the reading took."""
    instead: str
    """What `read(…, decided={field: instead})` takes if the answer is yes; "" where yes means: stop, the file has to be
    changed."""
    line: int | None = None


class Decision(Frozen):
    """What an editor answered to a doubt."""

    field: str
    question: Text
    yes: bool
    value: str
    """What holds now: the doubt's `instead` if the answer is yes, else what had been taken."""
    by: str
    """Who answered."""

    def settles(self, doubt: Doubt) -> bool:
        """Whether nobody has to be asked again: it is the same question, or asks about what was decided."""
        return self.field == doubt.field and (
            self.question == doubt.question or (self.yes and self.value == doubt.taken)
        )


class Reading(Frozen):
    """How one manuscript was read. Headline, credits and the rest stand in the article that was made of it."""

    file: str
    date: str = ""
    """The date that the manuscript gives itself, as written. The moment of publication belongs to the engine."""
    lines: tuple[Line, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    notices: tuple[ManuscriptProblem, ...] = ()
    """What was met in reading: left out, converted, given twice."""
    warnings: tuple[ManuscriptProblem, ...] = ()
    """What an editor would ask about the article as it was read: no source, no reporter, a picture without caption."""
    decisions: tuple[Decision, ...] = ()
    """What an editor was asked before the article was accepted, and answered."""

    @property
    def dropped(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if not line.fields)

    @property
    def guesses(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.guessed)

    @property
    def undecided(self) -> tuple[Doubt, ...]:
        """The doubts that nobody has answered."""
        return tuple(doubt for doubt in self.doubts if not any(one.settles(doubt) for one in self.decisions))

    @property
    def digest(self) -> str:
        """SHA-256 of the whole reading."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def warned(self, warnings: Iterable[ManuscriptProblem]) -> Reading:
        """The reading with these warnings, too."""
        more = tuple(one for one in warnings if one not in self.warnings)
        return self.model_copy(update={"warnings": self.warnings + more})

    def decided(self, decisions: Iterable[Decision]) -> Reading:
        """The reading with an editor's answers."""
        return self.model_copy(update={"decisions": (*self.decisions, *decisions)})
