"""What reading a manuscript ends in: a `Manuscript`, or `BadManuscript` with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from pipeline.article import Article
from pipeline.article.credit import Aigc, Credit, joined
from pipeline.article.reading import Doubt, Line, ManuscriptProblem, Reading
from pipeline.channel import Text
from pipeline.manuscript.words import Words, shipped


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
    reading: Reading

    @property
    def notices(self) -> tuple[ManuscriptProblem, ...]:
        """What an editor should know but need not act on."""
        return self.reading.notices


MOST_TOLD = 100
"""Problems, and notices, that are told of one file; nobody reads more."""

MOST_LINES = 1000
"""Lines of a reading; a page's noise has some dozens."""


class Draft:
    """One manuscript while it is read: the fields found so far, what is wrong, what is worth a notice."""

    def __init__(
        self, file: str, decided: Mapping[str, str] = MappingProxyType({}), words: Words | None = None
    ) -> None:
        self.file = file
        self.decided = decided
        self.words = words or shipped()
        """What the editor has said of fields in doubt: it holds, whatever the signs."""
        self.problems: list[ManuscriptProblem] = []
        self.notices: list[ManuscriptProblem] = []
        self.fields: dict[str, str | int | tuple[str, ...]] = {}
        self.credits: list[Credit] = []
        self.aigc: Aigc | None = None
        self.date = ""
        self.doubts: list[Doubt] = []
        self.warnings: list[ManuscriptProblem] = []
        self.read: list[Line] = []
        """What of the text is no text of the article."""
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

    def took(
        self, text: str, fields: Sequence[str], why: Text, *, line: int | None = None, guessed: bool = False
    ) -> None:
        """Note that a line of the text has become these fields of the article."""
        if len(self.read) < MOST_LINES:
            self.read.append(Line(text=text, fields=tuple(fields), why=why, guessed=guessed, line=line))

    def dropped(self, text: str, why: Text, *, line: int | None = None, guessed: bool = False) -> None:
        """Note that a line of the text does not go out."""
        self.took(text, (), why, line=line, guessed=guessed)

    def warn(self, field: str, message: Text, remedy: Text, *, line: int | None = None) -> None:
        """Something an editor would ask about the article as it was read."""
        self.warnings.append(ManuscriptProblem(file=self.file, line=line, field=field, message=message, remedy=remedy))

    def credit(self, *credits: Credit) -> None:
        """Add credits; those of one role are put together."""
        self.credits = list(joined((*self.credits, *credits)))

    def reading(self) -> Reading:
        return Reading(
            file=self.file,
            date=self.date,
            lines=tuple(self.read),
            doubts=tuple(self.doubts),
            notices=tuple(self.notices),
            warnings=tuple(self.warnings),
        )

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
