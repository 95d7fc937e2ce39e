"""What reading a manuscript ends in: a `Manuscript`, or `BadManuscript` with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.article import Article
from pipeline.channel import Problem, Text


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


class BadManuscript(Exception):
    """The file cannot become an article as it is. `problems`: all that was found, in the order of the lines,
    then what has no line."""

    def __init__(self, path: Path, problems: Sequence[ManuscriptProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.path = path
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manuscript:
    """A manuscript that was read."""

    article: Article
    media: Mapping[str, bytes] = field(repr=False)
    """The images' bytes by digest, exactly those of `article.images`."""
    notices: tuple[Problem, ...] = ()
    """What an editor should know but need not act on."""


MOST_TOLD = 100
"""Problems, and notices, that are told of one file; nobody reads more."""

PEOPLE = ("reporters", "photographers", "editors", "reviewers", "approvers")


class Draft:
    """One manuscript while it is read: the fields found so far, what is wrong, what is worth a notice."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[ManuscriptProblem] = []
        self.notices: list[ManuscriptProblem] = []
        self.fields: dict[str, str | int | tuple[str, ...]] = {}
        self.lines: dict[str, int | None] = {}

    def wrong(self, field: str, message: Text, remedy: Text, *, line: int | None = None) -> None:
        """Something that keeps the file from becoming an article."""
        problem = ManuscriptProblem(file=self.file, line=line, field=field, message=message, remedy=remedy)
        if len(self.problems) < MOST_TOLD:
            self.problems.append(problem)

    def notice(self, field: str, message: Text, remedy: Text, *, line: int | None = None) -> None:
        """Something the editor should know. The same notice is kept once."""
        notice = ManuscriptProblem(file=self.file, line=line, field=field, message=message, remedy=remedy)
        if len(self.notices) < MOST_TOLD and notice not in self.notices:
            self.notices.append(notice)

    def put(self, field: str, value: str | int | tuple[str, ...], *, line: int | None = None) -> None:
        """Fill a field from a line of the text. Lists grow; of two different single values the first holds."""
        known = self.fields.get(field)
        if value in ("", ()):
            return
        if isinstance(value, tuple) and isinstance(known, tuple):
            value = known + tuple(one for one in value if one not in known)
        elif known is not None and known != value:
            self.notice(
                field,
                Text.of(
                    "{field} is given twice: {first} and {second}; the first is used",
                    field=field,
                    first=str(known),
                    second=str(value),
                ),
                Text.of("delete the one that is wrong"),
                line=line,
            )
            return
        self.fields[field] = value
        self.lines.setdefault(field, line)

    def text(self, field: str) -> str:
        """A single-valued field as text, "" if it has not been found."""
        return str(self.fields.get(field, ""))
