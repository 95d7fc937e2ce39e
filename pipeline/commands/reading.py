"""`newsroom read`, and what every command does with a manuscript: read it, show how, ask about what is in doubt.

Asked is only who sits at a terminal. Elsewhere, and with --yes, the reading holds as it is; elsewhere its doubts are
told on standard error, too. With --strict a manuscript with doubts is a bad one.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import wraps
from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from pipeline import newsroom as configuring
from pipeline.article import Article, House, Newsroom, Outlet, Revision
from pipeline.article.reading import Decision, Doubt, ManuscriptProblem
from pipeline.channel import Channel, ChannelError, Problem, Text, utc_now
from pipeline.commands import terminal
from pipeline.commands.answers import (
    BAD,
    DONE,
    as_option,
    config_option,
    err,
    json_option,
    out,
    print_json,
    problems_told,
    who,
)
from pipeline.commands.sheet import Look, Row, quoted, sheet, told
from pipeline.commands.telling import tell
from pipeline.manuscript import BadManuscript, Manuscript, read
from pipeline.manuscript.fields import NAMES
from pipeline.manuscript.words import BadWords, Words, beside, shipped
from pipeline.newsroom import BadConfiguration, Configuration, locate
from pipeline.workers import tasks

YES = frozenset({"y", "yes", "是", "是的", "对", "好", "用"})
NO = frozenset({"", "n", "no", "不", "不是", "不用", "否"})


@dataclasses.dataclass(frozen=True)
class Asking:
    """The options that every command has which reads a manuscript."""

    yes: bool
    strict: bool
    whole: bool

    def __post_init__(self) -> None:
        if self.yes and self.strict:
            raise click.UsageError(_("--yes takes what is in doubt, --strict refuses it: give one of them"))


def reads_manuscripts(command: Callable[..., int]) -> Callable[..., int]:
    """Give the command those options, as one `Asking` before its own arguments."""

    @wraps(command)
    def asking(*before: Any, yes: bool, strict: bool, whole: bool, **own: Any) -> int:
        return command(*before, Asking(yes, strict, whole), **own)

    for option in (
        click.option("-v", "--verbose", "whole", is_flag=True, help="show every line that was left out or recognised"),
        click.option("--strict", is_flag=True, help="refuse a manuscript in which something is in doubt"),
        click.option("--yes", is_flag=True, help="take it as it was read, without asking about what is in doubt"),
    ):
        asking = option(asking)
    return asking


def words_of(config: str | None) -> Words:
    """The words by which this newsroom's manuscripts are read. Raises `BadConfiguration`."""
    try:
        path = locate(config)
    except BadConfiguration:  # `newsroom read` needs no newsroom
        return shipped()
    try:
        return beside(path)
    except BadWords as error:
        problem = Problem(
            field="reading.toml",
            message=Text.of("the words for reading manuscripts cannot be used: {reason}", reason=str(error)),
            remedy=Text.of("correct the place named; what may stand there is described in config/reading.toml"),
        )
        raise BadConfiguration(path.parent / "reading.toml", (problem,)) from error


@dataclasses.dataclass(frozen=True)
class Desk:
    """Where a command reads manuscripts, and who sits there."""

    asking: Asking
    newsroom: Newsroom | None
    editor: str
    now: datetime
    as_json: bool
    untitled: str = ""
    """The headline of a text that needs none of its own."""
    column: str = ""
    """The column that the editor names, instead of the manuscript's."""
    words: Words = dataclasses.field(default_factory=shipped)
    """By which the parts of a manuscript are known."""
    alone: bool = dataclasses.field(default_factory=lambda: not at_terminal())
    """Whether nobody can be asked."""
    remarks: Callable[[Article], Sequence[tuple[Outlet, Sequence[Text]]]] = lambda _: ()
    """What channels want an editor to do before an article goes out there."""

    def read(self, path: Path, decided: Mapping[str, str] | None = None) -> Manuscript:
        """Read a manuscript and do nothing else. Raises `BadManuscript`."""
        zone, house = (self.newsroom.zone, self.newsroom.house) if self.newsroom else (None, House())
        today = self.now.astimezone(zone).date()
        found = read(path, untitled=self.untitled, decided=decided or {}, words=self.words, house=house, today=today)
        if not self.column:
            return found
        return dataclasses.replace(found, article=found.article.model_copy(update={"column": self.column}))

    def show(self, path: Path, manuscript: Manuscript) -> None:
        if not self.as_json:
            rows = sheet(manuscript.article, manuscript.reading, self.newsroom, whole=self.asking.whole)
            asked = [
                Row(outlet.name, tuple(map(tell, said)), Look.ASK) for outlet, said in self.remarks(manuscript.article)
            ]
            terminal.show_reading(out, str(path), [*rows, *asked])
            out.print()

    def settled(self, path: Path, manuscript: Manuscript) -> Manuscript:
        """The manuscript that was shown, once what is in doubt has been answered.

        Raises `BadManuscript` where that cannot be, or the answer is that the file has to be changed; Abort where the
        editor leaves.
        """
        doubts = [doubtful(path.name, one) for one in self._open(manuscript)]
        if doubts and self.asking.strict:
            raise BadManuscript(path, doubts)
        if not doubts or self.asking.yes or self.as_json:
            return manuscript
        if self.alone:
            terminal.show_problems(err, doubts, str(path))
            return manuscript
        err.print(_("Enter keeps what was read. Ctrl-C leaves, and nothing is done."))
        return self._asked(path, manuscript)

    def _asked(self, path: Path, manuscript: Manuscript) -> Manuscript:
        decided: dict[str, str] = {}
        while doubts := self._open(manuscript):
            doubt, before = doubts[0], manuscript
            yes = confirmed(doubt)
            if yes and not doubt.instead:
                raise BadManuscript(path, [doubtful(path.name, doubt)])
            value = doubt.instead if yes else doubt.taken
            answer = Decision(field=doubt.field, question=doubt.question, yes=yes, value=value, by=self.editor)
            if yes:
                decided[doubt.field] = value
                manuscript = self.read(path, decided)
            reading = manuscript.reading.decided((*before.reading.decisions, answer))
            manuscript = dataclasses.replace(manuscript, reading=reading)
            if yes:
                self.show(path, manuscript)
        return manuscript

    def _open(self, manuscript: Manuscript) -> list[Doubt]:
        """What is in doubt, but for the column where the editor has named it."""
        return [one for one in manuscript.reading.undecided if not (self.column and one.field == "column")]

    def take(self, path: Path) -> Manuscript:
        """Read one manuscript, show how and ask. Raises `BadManuscript`."""
        manuscript = self.read(path)
        self.show(path, manuscript)
        return self.settled(path, manuscript)


def at_terminal() -> bool:
    """Whether somebody sees what is shown and can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()


def confirmed(doubt: Doubt) -> bool:
    """Ask the editor; Enter is no."""
    place = "" if doubt.line is None else _("line {line}: ").format(line=doubt.line)
    err.print(f"? {place}{tell(doubt.question)}", style="bold yellow")
    if doubt.instead:
        err.print("  " + _("now: {taken}").format(taken=quoted(doubt.taken)))
        err.print("  " + _("if yes: {instead}").format(instead=quoted(doubt.instead)))
    return said_yes()


def said_yes() -> bool:
    """What the editor answers to a question that has been told; Enter is no."""
    while True:
        answer = click.prompt("  [y/N]", default="", show_default=False, prompt_suffix="", err=True)
        bare = unicodedata.normalize("NFKC", answer).strip().lower()
        if bare in YES or bare in NO:
            return bare in YES
        err.print("  " + _("y for yes; n or Enter for no"))


def doubtful(file: str, doubt: Doubt) -> ManuscriptProblem:
    """A doubt as a problem of its manuscript: what would settle it."""
    taken, instead = quoted(doubt.taken), quoted(doubt.instead)
    if not doubt.instead:
        remedy = Text.of("if so, change the file and hand it in again; if not, take it with --yes")
    elif doubt.field in NAMES:
        remedy = Text.of(
            "write a line “{name}: …” with {taken} or {instead}; or answer at a terminal; or take {taken} with --yes",
            name=NAMES[doubt.field][0],
            taken=taken,
            instead=instead,
        )
    else:
        remedy = Text.of(
            "answer at a terminal (now: {taken}; if yes: {instead}); or take {taken} with --yes",
            taken=taken,
            instead=instead,
        )
    return ManuscriptProblem(file=file, line=doubt.line, field=doubt.field, message=doubt.question, remedy=remedy)


def as_read(manuscript: Manuscript) -> dict[str, Any]:
    """All of it, for programs."""
    return {"article": manuscript.article.model_dump(mode="json"), "reading": told(manuscript.reading)}


@click.command("read")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@reads_manuscripts
@as_option
@json_option
@config_option
def read_(asking: Asking, files: tuple[Path, ...], editor: str | None, as_json: bool, config: str | None) -> int:
    configuration = _configuration(config)
    newsroom = configuration.newsroom if configuration else None
    remarks = _remarks(configuration) if configuration else lambda _: ()
    desk = Desk(asking, newsroom, who(editor), utc_now(), as_json, words=words_of(config), remarks=remarks)
    code = DONE
    for path in files:
        manuscript: Manuscript | None = None
        try:
            manuscript = desk.read(path)
            desk.show(path, manuscript)
            manuscript = desk.settled(path, manuscript)
            problems: tuple[ManuscriptProblem, ...] = ()
        except BadManuscript as error:
            problems, code = error.problems, BAD
        if as_json:
            read_so = as_read(manuscript) if manuscript else {}
            if manuscript:
                said = remarks(manuscript.article)
                read_so["remarks"] = [{"channel": outlet.id, "remarks": [*map(tell, some)]} for outlet, some in said]
            print_json({"file": str(path), "problems": problems_told({"": problems}), **read_so})
        else:
            terminal.show_problems(err, problems, str(path))
    return code


def _configuration(config: str | None) -> Configuration | None:
    """The newsroom's, if there is one here: a manuscript can be read without."""
    try:
        path = locate(config)
    except BadConfiguration:
        if config or os.environ.get("TONGFA_CONFIG"):
            raise
        return None
    return configuring.load(path)


def _remarks(configuration: Configuration) -> Callable[[Article], Sequence[tuple[Outlet, Sequence[Text]]]]:
    """What the newsroom's channels say of an article as they would bring it out. The record is not asked: an article of
    a column that is only opened there is looked at as one of the first."""
    newsroom, store = configuration.newsroom, tasks.store_of(configuration)
    channels: dict[str, Channel] = {}

    def said(article: Article) -> list[tuple[Outlet, Sequence[Text]]]:
        known = [one for one in newsroom.columns if article.column and one.is_called(article.column)]
        filed = article.model_copy(update={"column": (known or newsroom.columns)[0].id})
        revision = Revision(id="a0", number=1, article=filed, published_at=utc_now())
        found = []
        for outlet in newsroom.outlets:
            with suppress(BadConfiguration, ChannelError):  # doctor and the submission tell these
                if outlet.id not in channels:
                    channels[outlet.id] = configuring.open_channel(configuration, outlet, store.notebook(outlet.id))
                channel = channels[outlet.id]
                if type(channel).remarks is not Channel.remarks:
                    found.append((outlet, channel.remarks(channel.render(revision, newsroom))))
        return [(outlet, some) for outlet, some in found if some]

    return said
