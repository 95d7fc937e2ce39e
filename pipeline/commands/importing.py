"""`newsroom import` and `newsroom rebuild`: thousands of articles at once.

An archive is read twice: first every manuscript, by several processes, into a scratch file ordered by date, so that the
newest come first; then, batch by batch, what is accepted. So the memory that it takes does not grow with the archive.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from gettext import gettext as _
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import NamedTuple

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pipeline.article import Article, Newsroom
from pipeline.article.reading import Reading
from pipeline.channel import Problem, Text
from pipeline.commands import terminal
from pipeline.commands.answers import (
    BAD,
    BROKEN,
    DONE,
    FAILED,
    as_option,
    config_option,
    err,
    json_option,
    open_engine,
    out,
    print_json,
    problems_told,
    who,
)
from pipeline.commands.editors import chosen_channels
from pipeline.commands.reading import words_of
from pipeline.engine import Piece, Unfit
from pipeline.engine.importing import BATCH, Dated, Import, Result, differing, filed, rebuilt
from pipeline.manuscript import BadManuscript, archive, read
from pipeline.manuscript.words import Words

READ_AT_ONCE = 32
"""Manuscripts that a process is given at a time."""
ALONE = 64
"""Fewer manuscripts than this are read by this process itself: others take a second to start."""
LOCK = "import archive"
"""Whoever imports has the channel of this name to himself: there can be none, its id has a space."""


class Read(NamedTuple):
    """What a process made of one manuscript: an article that can be taken over, or its problems."""

    file: str
    problems: Sequence[Problem] = ()
    key: str = ""
    published_at: datetime = datetime.min.replace(tzinfo=UTC)
    article: str = ""
    reading: str = ""
    pictured: bool = False


@dataclass(frozen=True)
class Reader:
    """How the manuscripts of an archive are read. Goes to other processes."""

    folder: Path
    newsroom: Newsroom
    words: Words
    column: str
    now: datetime

    def manuscript(self, file: str) -> tuple[Article, Mapping[str, bytes], Reading]:
        """Raises `BadManuscript`, `Unfit`."""
        found = read(self.folder / file, words=self.words, house=self.newsroom.house)
        article = found.article.model_copy(update={"column": self.column}) if self.column else found.article
        return filed(article, self.newsroom), found.media, found.reading

    def all(self, files: Sequence[str]) -> list[Read]:
        return [self.one(file) for file in files]

    def one(self, file: str) -> Read:
        try:
            article, media, reading = self.manuscript(file)
        except BadManuscript as error:
            return Read(file, error.problems)
        except Unfit as error:
            return Read(file, [problem for many in error.problems.values() for problem in many])
        moment = archive.moment_of(reading, file, self.newsroom.zone)
        if moment is None or moment > self.now:
            return Read(file, [_undated(moment)])
        return Read(
            file,
            (),
            article.key,
            moment,
            article.model_dump_json(),
            reading.model_dump_json(),
            bool(media),
        )


class Scratch:
    """What was read, by date, in a file without a name: SQLite's own, gone when this process is, however it ends."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(
            "CREATE TABLE read (key TEXT PRIMARY KEY, at INT, file TEXT, article TEXT, reading TEXT, pictured INT)"
        )
        self._file.execute("CREATE INDEX by_date ON read (at DESC, file)")

    def keep(self, one: Read) -> str | None:
        """None; or, where a file is the same article, that file: this one is not kept."""
        row = (one.key, round(one.published_at.timestamp()), one.file, one.article, one.reading, one.pictured)
        if self._file.execute("INSERT OR IGNORE INTO read VALUES (?, ?, ?, ?, ?, ?)", row).rowcount:
            return None
        return str(self._file.execute("SELECT file FROM read WHERE key = ?", (one.key,)).fetchone()[0])

    def batches(self, reader: Reader) -> Iterator[list[Dated]]:
        """What was kept, the newest first. A manuscript with pictures is read again for them."""
        rows = self._file.execute("SELECT at, file, article, reading, pictured FROM read ORDER BY at DESC, file")
        while some := rows.fetchmany(BATCH):
            yield [
                Dated(
                    Piece(
                        Article.model_validate_json(article),
                        reader.manuscript(file)[1] if pictured else {},
                        Reading.model_validate_json(reading),
                    ),
                    datetime.fromtimestamp(at, reader.newsroom.zone),
                    file,
                )
                for at, file, article, reading, pictured in some
            ]

    def counted(self, what: str) -> int:
        return int(self._file.execute(f"SELECT count({what}) FROM read").fetchone()[0])  # noqa: S608 - our own words

    def close(self) -> None:
        self._file.close()


@dataclass
class Told:
    """What has come of an import so far; refusals are told as they come."""

    newsroom: Newsroom
    as_json: bool
    imported: int = 0
    known: int = 0
    unseen: int = 0
    refused: int = 0

    def add(self, result: Result) -> None:
        self.imported += result.imported
        self.known += result.known
        self.unseen += result.unseen
        for file, problems in result.refused.items():
            self.refuse(file, problems)

    def refuse(self, file: str, problems: Mapping[str, Sequence[Problem]]) -> None:
        self.refused += 1
        if self.as_json:
            print_json({"file": file, "problems": problems_told(problems)})
        else:
            terminal.show_refused(err, problems, file, self.newsroom)


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER")
@click.option("--column", default="", metavar="NAME", help="the column (栏目), instead of the manuscripts' own")
@click.option("--channels", metavar="A,B", help="only these channels, by id; default: all that can take an archive")
@click.option("--dry-run", "dry", is_flag=True, help="read and check everything, and take nothing over")
@as_option
@json_option
@config_option
def import_(
    folder: Path, column: str, channels: str | None, dry: bool, editor: str | None, as_json: bool, config: str | None
) -> int:
    with closing(open_engine(config)) as engine, engine.store.exclusive(LOCK):
        try:
            importing = Import(engine, who(editor), chosen_channels(channels, engine))
        except Unfit as error:
            terminal.show_refused(err, error.problems, "", engine.newsroom)
            return BAD
        reader = Reader(folder, importing.newsroom, words_of(config), column, engine.store.clock.wall())
        told, passed = Told(engine.newsroom, as_json), Counter[str]()
        with _progress(quiet=as_json) as step, closing(Scratch()) as scratch:
            for result in () if dry else importing.finished():
                told.add(result)
                step(_("left by an earlier import"), told.imported, None)
            for number, one in enumerate(_read_all(reader, archive.manuscripts(folder, passed)), 1):
                twin = None if one.problems else scratch.keep(one)
                if one.problems or twin:
                    told.refuse(one.file, {"": one.problems or [_twin(twin or "")]})
                step(_("read"), number, None)
            total, done = scratch.counted("*"), 0
            for batch in scratch.batches(reader):
                told.add(importing.imported(batch, dry=dry))
                done += len(batch)
                step(_("checked") if dry else _("imported"), done, total)
        _tell(told, passed, [outlet.id for outlet in importing.outlets], dry=dry)
        if not dry:
            engine.seal()
            engine.index()
            os.sync()
        return BAD if told.refused else FAILED if told.unseen else DONE


def _tell(told: Told, passed: Mapping[str, int], channels: Sequence[str], *, dry: bool) -> None:
    if told.as_json:
        print_json(
            {
                "imported": told.imported,
                "known": told.known,
                "unseen": told.unseen,
                "refused": told.refused,
                "channels": channels,
                "passed_over": dict(passed),
            }
        )
        return
    said = (
        _("{count} articles can be imported to {channels}, {known} the newsroom has already, {refused} are refused")
        if dry
        else _("{count} articles imported to {channels}, {known} the newsroom had already, {refused} refused")
    )
    counts = {"count": told.imported, "known": told.known, "refused": told.refused}
    out.print(said.format(channels=", ".join(channels), **counts))
    if passed:
        kinds = ", ".join(f"{suffix} {count}" for suffix, count in sorted(passed.items()))
        out.print(_("passed over, because files of these kinds are not read: {kinds}").format(kinds=kinds))
    if told.unseen:
        said = _("{count} deliveries were not read back as they should be: the workers look again, see newsroom status")
        err.print(said.format(count=told.unseen))


@click.command("rebuild")
@click.argument("channels", nargs=-1, metavar="[CHANNEL…]")
@click.option("--check", is_flag=True, help="only say which files are not as they should be")
@config_option
def rebuild(channels: tuple[str, ...], check: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        wanted = chosen_channels(",".join(channels), engine)
        able = [outlet.id for outlet in engine.newsroom.outlets if engine.channel(outlet.id).rebuilds]
        if unable := [one for one in wanted if one not in able]:
            raise click.UsageError(
                _("{channels}: what the public gets there are no files that could be made anew").format(
                    channels=", ".join(unable)
                )
            )
        if check:
            found = 0
            for channel in wanted or able:
                for place in differing(engine, channel):
                    out.print(f"{channel}: {place}")
                    found += 1
            out.print(_("files that are not as they should be: {count}").format(count=found))
            return BROKEN if found else DONE
        for channel in wanted or able:
            with _progress(quiet=False) as step:
                number = 0
                for number, _one in enumerate(rebuilt(engine, channel), 1):
                    step(channel, number, None)
            out.print(_("{channel}: {count} articles made anew").format(channel=channel, count=number))
        if not channels:
            out.print(_("search: {count} revisions made anew").format(count=engine.store.index_anew()))
        os.sync()
        return DONE


def _read_all(reader: Reader, files: Iterable[str]) -> Iterator[Read]:
    """Every manuscript read, in the order given; a few batches at a time, so that none waits in memory."""
    left = iter(files)
    head = list(islice(left, ALONE))
    if len(head) < ALONE:
        yield from map(reader.one, head)
        return
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_end_with_parent) as pool:
        waiting: deque[Future[list[Read]]] = deque()
        batches = _batched(head, left)
        while True:
            while len(waiting) < 2 * workers and (batch := next(batches, None)):
                waiting.append(pool.submit(reader.all, batch))
            if not waiting:
                return
            yield from waiting.popleft().result()


def _end_with_parent() -> None:
    """A reader whose import was killed would wait for ever."""

    def watch() -> None:
        if parent := parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _batched(head: list[str], left: Iterator[str]) -> Iterator[list[str]]:
    yield from (head[at : at + READ_AT_ONCE] for at in range(0, len(head), READ_AT_ONCE))
    yield from iter(lambda: list(islice(left, READ_AT_ONCE)), [])


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """Tells at a terminal how far it has come: (what, how many, of how many)."""
    if quiet or not err.is_terminal:
        yield lambda _what, _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, transient=True) as progress:
        tasks = {}

        def step(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield step


def _undated(moment: datetime | None) -> Problem:
    message = (
        Text.of("the manuscript does not say when it came out, nor does its path")
        if moment is None
        else Text.of("{moment} has still to come", moment=f"{moment:%Y-%m-%d %H:%M}")
    )
    remedy = Text.of("write a line “日期: 2015-03-02”, or put the date into the name of the file or its folder")
    return Problem(field="date", message=message, remedy=remedy)


def _twin(file: str) -> Problem:
    return Problem(
        field="",
        message=Text.of("it is the same article as {file}", file=file),
        remedy=Text.of("leave one out; if they are two articles, give one another headline or 编号"),
    )
