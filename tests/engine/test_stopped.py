"""A worker that is stopped in the middle of a transaction: what everybody else can still do, and that nothing is twice.

On PostgreSQL all goes on. SQLite has one writer: there who reads goes on, and who writes is told whom to let go on.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.record import roster
from pipeline.record.store import Store
from tests.conftest import fresh_database
from tests.engine.commands import Newsroom, Up, has_ended, make, record_of, until
from tests.standins.running import Running

ANSWERS = 30.0
"""Seconds within which every command has to answer, beyond what it takes to start one on this machine now."""
PLACES = ("UPDATE delivery SET lease_until", "INSERT INTO event", "UPDATE chain")
"""In the middle of a claim, of recording what came of it, and of sealing what has happened."""
ANSWERED = (0, 5)
"""Exit codes: done; or still under way, as a report may find what has just been handed in."""
COMMANDS = (
    ("newsroom", "status"),
    ("newsroom", "list"),
    ("newsroom", "report", "a1"),
    ("newsroom", "audit", "verify"),
    ("newsroom", "audit", "show", "a1"),
)
"""They change nothing."""


@contextmanager
def under_way(folder: Path, database: str = "") -> Iterator[tuple[Newsroom, Store]]:
    """A newsroom that is up, with one article that is public everywhere, and its record; its leases are short."""
    with Running("keyed", folder / "post.jsonl") as post, Running("asking", folder / "app.jsonl") as app:
        newsroom = make(folder, [("post", post), ("app", app)])
        engine = "[engine]\nlease = 8\nsettle = 1\narm = 0.5\nwake = 1\n"
        engine += f'database = "{database}"\n' if database else ""
        path = folder / "newsroom.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("[engine]\n", engine), encoding="utf-8")
        with Up(newsroom) as up:
            up.first_line()
            done = newsroom.submit(newsroom.write("先发的稿件"), "--wait")
            assert done.code == 0, (done, up.log)
            with record_of(path, newsroom.environment) as store:
                yield newsroom, store


def prompt(newsroom: Newsroom) -> Newsroom:
    """The same newsroom, where a command that has not answered in time is a failure."""
    started = time.monotonic()
    newsroom.run("newsroom", "--help")
    return dataclasses.replace(newsroom, patience=ANSWERS + time.monotonic() - started)


@contextmanager
def stopped_worker(newsroom: Newsroom, store: Store, words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One more worker, which has stopped in the middle of a transaction: articles were submitted until it did."""
    command = [sys.executable, "-m", "tests.engine.stopping", words, "worker", "--queue", "steps"]
    with (newsroom.folder / "stopped.log").open("wb") as log:
        worker = subprocess.Popen(
            command, cwd=newsroom.folder, env=newsroom.environment, stdin=subprocess.DEVNULL, stderr=log
        )
    try:
        until(lambda: is_stopped(worker.pid) or on_the_roster(store, worker.pid), "it works", 90)
        number = 0
        while not is_stopped(worker.pid):
            assert number < 40, "it was never stopped"
            number += 1
            newsroom.submit(newsroom.write(f"第{number}篇"))
            until(lambda: is_stopped(worker.pid) or has_ended(store), "one of the two has it", 90)
        yield worker
    finally:
        worker.kill()
        worker.wait()


def is_stopped(process: int) -> bool:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def on_the_roster(store: Store, process: int) -> roster.Worker | None:
    return next((one for one in roster.workers(store) if one.process == process), None)


def is_missed(store: Store, process: int) -> bool:
    """Whether it has not been seen for so long that nobody counts on it."""
    known = on_the_roster(store, process)
    return known is not None and not known.is_there


def is_named(at_once: Newsroom, worker: subprocess.Popen[bytes]) -> bool:
    """Whether the operator's check names the stopped worker; it never says that nobody works."""
    said = at_once.run("newsroom", "doctor").out
    assert "none is running" not in said
    return f"if it has been stopped, let it go on: kill -CONT {worker.pid}" in said


def nothing_is_twice(newsroom: Newsroom) -> None:
    for name, receiver in newsroom.receivers.items():
        deeds = Counter((one["action"], one["article"], one["revision"]) for one in receiver.deeds())
        published = [deed for deed in deeds if deed[0] == "publish"]
        assert published, name
        assert {deed: count for deed, count in deeds.items() if deed in published and count > 1} == {}, name


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells that a process is stopped")
@pytest.mark.parametrize("words", PLACES)
def test_on_postgresql_everything_goes_on(postgresql: str, tmp_path: Path, words: str) -> None:
    with (
        under_way(tmp_path, fresh_database(postgresql)) as (newsroom, store),
        stopped_worker(newsroom, store, words) as worker,
    ):
        at_once = prompt(newsroom)
        answers = [
            at_once.submit(newsroom.write("停住之后")),
            at_once.run("newsroom", "withdraw", "a1", "--reason", "撤"),
            *(at_once.run(*words) for words in COMMANDS),
        ]
        assert [one for one in answers if one.code not in ANSWERED] == []
        until(lambda: is_missed(store, worker.pid))
        assert is_named(at_once, worker), "the operator is told who has stopped"
        until(lambda: has_ended(store), "what the stopped worker had at hand is done by another", 90)
        assert is_stopped(worker.pid)
        for receiver in newsroom.receivers.values():
            assert receiver.public()["a1"] == ()
            assert [one for one in receiver.public().values() if len(one) > 1] == []
        os.kill(worker.pid, signal.SIGCONT)
        last = newsroom.submit(newsroom.write("又走起来"), "--wait")
        assert last.code == 0, last
        until(lambda: has_ended(store), patience=60)
        nothing_is_twice(newsroom)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who has locked a file")
def test_on_sqlite_it_is_named(tmp_path: Path) -> None:
    with under_way(tmp_path) as (newsroom, store), stopped_worker(newsroom, store, PLACES[0]) as worker:
        at_once = prompt(newsroom)
        for words in COMMANDS:
            answer = at_once.run(*words)
            assert answer.code == 0, (words, answer)
        until(lambda: is_missed(store, worker.pid))
        assert is_named(at_once, worker), "the operator is told who has stopped"
        for refused in (
            at_once.submit(newsroom.write("停住之后")),
            at_once.run("newsroom", "withdraw", "a1", "--reason", "撤"),
        ):
            assert refused.code == 1
            assert f"a process holds the database: {worker.pid} {sys.executable}" in refused.err
            assert f"→ it has been stopped: let it go on with kill -CONT {worker.pid}, or end it" in refused.err
        os.kill(worker.pid, signal.SIGCONT)
        until(lambda: newsroom.submit(newsroom.write("停住之后")).code == 0)
        assert newsroom.run("newsroom", "withdraw", "a1", "--reason", "撤").code == 0
        until(lambda: has_ended(store), patience=90)
        nothing_is_twice(newsroom)
