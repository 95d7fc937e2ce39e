"""Workers sign in to the record: whoever asks sees those of all machines, and who has not been seen for a while."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.channel import Text
from pipeline.commands import doctor, terminal
from pipeline.engine import Engine
from pipeline.newsroom import Configuration, Misconfigured
from pipeline.record import roster
from pipeline.record.roster import FORGOTTEN, GONE, Presence
from pipeline.record.store import Store
from pipeline.rereading import GoneBy, Rereading
from pipeline.workers import tasks
from pipeline.workers.shares import Shares
from tests.engine.bench import PACE, Bench


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    with closing(Store(database, pace=PACE, locks=tmp_path / "locks")) as made:
        made.migrate()
        yield made


def elsewhere(store: Store, host: str, process: int, queue: str, **values: object) -> None:
    """A worker of another machine has signed in."""
    mine = Presence(store, queue, Path("/var/lib/tongfa"))
    mine.show()
    told = {"host": host, "process": process, **values}
    names = ", ".join(f"{name} = :{name}" for name in told)
    here = {"here": socket.gethostname(), "mine": os.getpid(), "q": queue}
    with store.writing() as tx:
        tx.execute(
            text(f"UPDATE worker SET {names} WHERE host = :here AND process = :mine AND queue = :q"), told | here
        )


def long_ago(store: Store, by: timedelta) -> None:
    """Nobody has been seen for so long."""
    with store.writing() as tx:
        tx.execute(text("UPDATE worker SET seen = seen - :by"), {"by": by // timedelta(microseconds=1)})


def test_a_worker_is_seen_from_everywhere_until_it_signs_off(store: Store, tmp_path: Path) -> None:
    presence = Presence(store, "steps", tmp_path)
    presence.show()
    elsewhere(store, "other-host", 4711, "releases")
    steps, releases = sorted(roster.workers(store), key=lambda one: one.queue, reverse=True)
    assert (steps.host, steps.process, steps.queue, steps.data) == (
        socket.gethostname(),
        os.getpid(),
        "steps",
        str(tmp_path),
    )
    assert steps.version
    assert steps.is_here
    assert not releases.is_here
    assert steps.is_there
    assert releases.is_there
    presence.end()
    assert [one.queue for one in roster.workers(store)] == ["releases"]


def test_who_is_not_seen_is_not_there_and_later_forgotten(store: Store, tmp_path: Path) -> None:
    elsewhere(store, "other-host", 4711, "steps")
    long_ago(store, GONE)
    [silent] = roster.workers(store)
    assert not silent.is_there
    long_ago(store, FORGOTTEN)
    assert roster.workers(store) == []
    Presence(store, "steps", tmp_path).show()
    with store.reading() as tx:
        assert tx.scalar(text("SELECT count(*) FROM worker")) == 1, "whoever is there strikes off the forgotten"


def test_who_was_forgotten_and_goes_on_is_there_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster, "BEAT", timedelta(0))
    presence = Presence(store, "steps", tmp_path)
    presence.show()
    [before] = roster.workers(store)
    long_ago(store, FORGOTTEN * 2)
    presence.show()
    [after] = roster.workers(store)
    assert after.is_there
    assert after.started == before.started


def test_it_is_said_no_oftener_than_need_be(store: Store, tmp_path: Path) -> None:
    presence = Presence(store, "steps", tmp_path)
    presence.show()
    long_ago(store, timedelta(seconds=1))
    [before] = roster.workers(store)
    presence.show()
    [after] = roster.workers(store)
    assert after.seen == before.seen


def test_what_it_goes_by_and_what_it_refuses_is_said_at_once(store: Store, tmp_path: Path) -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    presence = Presence(store, "steps", tmp_path)
    presence.show(before := GoneBy(digest="0" * 64, since=at, restart=("engine.workers",)))
    [one] = roster.workers(store)
    assert one.gone_by == before
    refused = Misconfigured(field="site.icp", line=7, message=Text.of("{n} wrong", n=1), remedy=Text.of("mend it"))
    presence.show(after := before.model_copy(update={"refused": refused, "refused_at": at}))
    [one] = roster.workers(store)
    assert one.gone_by == after, "it does not wait for its next sign"


def test_a_worker_that_was_killed_is_struck_off_by_the_next_on_its_machine(store: Store, tmp_path: Path) -> None:
    gone = 2**22 + 1  # Linux gives out no such number
    elsewhere(store, socket.gethostname(), gone, "steps", data=str(tmp_path))
    elsewhere(store, "other-host", gone, "steps", data=str(tmp_path))
    elsewhere(store, socket.gethostname(), gone, "releases", data="/another/newsroom")
    Presence(store, "steps", tmp_path).show()
    left = {(one.host, one.process, one.data) for one in roster.workers(store)}
    assert left == {
        (socket.gethostname(), os.getpid(), str(tmp_path)),
        ("other-host", gone, str(tmp_path)),
        (socket.gethostname(), gone, "/another/newsroom"),
    }


# -- who asks ---------------------------------------------------------------------------------------------


@pytest.fixture
def bench(database: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(database, tmp_path)
    yield made
    made.store.close()


def findings(bench: Bench) -> dict[str, str]:
    """What doctor finds of the workers, with what is wrong."""
    found = doctor._all_workers(bench.engine.configuration)
    return {str(one.what): f"{one.problem.message} → {one.problem.remedy}" if one.problem else "" for one in found}


def test_doctor_sees_the_workers_of_all_machines(bench: Bench) -> None:
    for host in ("host-a", "host-b"):
        elsewhere(bench.store, host, 11, "steps")
    elsewhere(bench.store, "host-b", 12, "releases", version="9.9")
    found = findings(bench)
    assert found["workers for steps: 2"] == ""
    assert found["workers for releases: 1"] == ""
    assert any(one.startswith("  process 11 on host-a, version ") for one in found)
    assert "9.9" in found["workers"], "they should be of one version"


def test_doctor_names_the_worker_that_was_stopped(bench: Bench) -> None:
    elsewhere(bench.store, "host-a", 11, "steps")
    long_ago(bench.store, GONE)
    elsewhere(bench.store, "host-b", 12, "releases")
    found = findings(bench)
    assert found["workers for steps: 0"].startswith("none is running → newsroom up")
    assert "kill -CONT 11" in found["worker for steps: process 11 on host-a"]
    assert found["workers for releases: 1"] == ""


def test_people_are_told_who_is_there_and_who_is_missing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere(bench.store, "host-a", 11, "steps")
    elsewhere(bench.store, "host-b", 12, "steps")
    out = terminal.console()
    terminal.show_workers(out, roster.workers(bench.store))
    terminal.show_missing(out, roster.workers(bench.store), bench.newsroom)
    told = capsys.readouterr().out
    assert told.splitlines() == [
        "workers: 2 for preparation, 0 for releases, on host-a, host-b",
        "No worker for releases is running: newsroom up, or newsroom worker, starts them; nothing is lost",
    ]
    long_ago(bench.store, GONE)
    terminal.show_workers(out, roster.workers(bench.store))
    terminal.show_missing(out, roster.workers(bench.store), bench.newsroom)
    told = capsys.readouterr().out
    assert "No worker for steps, releases is running" in told
    assert "The worker for steps (process 11 on host-a) has not been seen since 20" in told


def test_the_loop_of_a_worker_shows_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the loop comes by, and no longer."""
    seen = []

    class Ended:
        def wait(self, _seconds: float) -> bool:
            seen.append([one.queue for one in roster.workers(bench.store)])
            return len(seen) > 2

    def sweep(engine: Engine, configuration: Configuration) -> None:
        sign = tasks.signs_of_life(configuration) / "steps-1"
        rereading = Rereading(configuration, engine.take_up)
        tasks._sweep(engine, "steps", Shares(engine.run, most=1), sign, Ended(), rereading)  # type: ignore[arg-type]

    sweep(bench.engine, bench.engine.configuration)
    assert seen == [["steps"]] * 3
    assert roster.workers(bench.store) == []
