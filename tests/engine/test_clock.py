"""The record's clock: it goes on whatever is set, and what waits for a moment by the wall clock is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pipeline.channel import go_by, utc_now
from pipeline.newsroom import load
from pipeline.record import clock
from pipeline.record.roster import Presence
from pipeline.record.store import Store
from pipeline.workers import tasks
from tests.conftest import fresh_database, fresh_file
from tests.engine.bench import PACE, Bench
from tests.engine.bench import RUNNING as UNDER_WAY
from tests.engine.commands import make

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEAR = timedelta(seconds=30)
"""Longer than anything here takes, and far less than any step."""


class Set:
    """The clocks that somebody may set: this machine's, or the server's; and the machine may be started anew."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.machine, self.server, self.started = timedelta(0), timedelta(0), timedelta(0)
        mine, ticks, read = self, clock._ticks, clock.RecordClock._read

        class Machine(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + mine.machine

        def server(it: clock.RecordClock, tx: Any) -> Any:
            reading = read(it, tx)
            return reading._replace(there=reading.there + mine.server // timedelta(microseconds=1))

        monkeypatch.setattr(clock, "datetime", Machine)
        monkeypatch.setattr(clock, "_ticks", lambda: ticks() - self.started // timedelta(microseconds=1))
        monkeypatch.setattr(clock.RecordClock, "_read", server)
        monkeypatch.setattr(clock, "BEAT", timedelta(0))  # the server's clock is asked for with every look
        self._monkeypatch = monkeypatch

    def start_machine(self) -> None:
        """It has been off for some seconds."""
        self._monkeypatch.setattr(clock, "_this_start", lambda: "another start")
        self.started = timedelta(microseconds=clock._ticks()) - timedelta(seconds=5)


@pytest.fixture
def sets(monkeypatch: pytest.MonkeyPatch) -> Set:
    return Set(monkeypatch)


@pytest.fixture
def opened(database: str, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the record, as one process more."""
    stores: list[Store] = []

    def one() -> Store:
        stores.append(Store(database, pace=PACE, locks=tmp_path / "locks"))
        stores[-1].migrate()
        return stores[-1]

    yield one
    for store in stores:
        store.close()


def put(store: Store, sets: Set, by: timedelta) -> None:
    """The clock that the record hangs on is set."""
    if store.sqlite:
        sets.machine += by
    else:
        sets.server += by


def now() -> datetime:
    return datetime.now(UTC)


def since(moment: datetime) -> int:
    """As the record has it."""
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)


@pytest.mark.parametrize("by", [HOUR, -HOUR, DAY, -DAY])
def test_it_does_not_step_and_the_wall_clock_does(opened: Callable[[], Store], sets: Set, by: timedelta) -> None:
    store = opened()
    Presence(store, "steps", Path("/data")).show()
    before = store.clock.now()
    assert abs(store.clock.wall() - now()) < NEAR
    put(store, sets, by)
    store.clock.watch()
    assert timedelta(0) <= store.clock.now() - before < NEAR
    assert abs(store.clock.wall() - (now() + by)) < NEAR
    assert store.clock.wall(store.clock.steady(now())) - now() < NEAR
    other = opened()  # whoever comes later sees the same
    assert abs(other.clock.now() - store.clock.now()) < NEAR
    assert abs(other.clock.wall() - store.clock.wall()) < NEAR


@pytest.mark.parametrize("by", [-HOUR, -DAY])
def test_who_comes_after_a_step_back_that_nobody_saw_goes_on_from_what_was_seen(
    opened: Callable[[], Store], sets: Set, by: timedelta
) -> None:
    store = opened()
    Presence(store, "steps", Path("/data")).show()
    before = store.clock.now()
    put(store, sets, by)
    later = opened()
    assert abs(later.clock.now() - before) < NEAR
    assert abs(later.clock.wall() - (now() + by)) < NEAR


def test_who_comes_while_others_have_not_seen_the_servers_step_waits_for_their_word(
    postgresql: str, tmp_path: Path, sets: Set
) -> None:
    bench = Bench(fresh_database(postgresql), tmp_path)
    with closing(bench.store) as store:
        Presence(store, "steps", Path("/data")).show()
        rollout = bench.publish()
        assert rollout
        with store.writing() as tx:
            leased = since(store.clock.now() + PACE.lease)
            tx.execute(text("UPDATE delivery SET lease_until = :until"), {"until": leased})
        before = store.clock.now()
        sets.server += HOUR
        other = Store(str(store.engine.url.render_as_string(hide_password=False)), pace=PACE, locks=tmp_path / "locks")
        ask, asked = other.clock._ask, []

        def hear() -> Any:
            if len(asked) == 2:  # the living worker says that it is there
                with store.writing() as tx:
                    store.clock.beat(tx, store.clock.now())
            asked.append(reading := ask())
            return reading

        other.clock._ask = hear  # type: ignore[method-assign]
        with closing(other):
            assert abs(other.clock.now() - before) < NEAR, "the lease still holds"
            store.clock.watch()
            assert abs(store.clock.now() - other.clock.now()) < NEAR
            assert abs(store.clock.wall() - (now() + HOUR)) < NEAR


@pytest.mark.parametrize("by", [timedelta(0), DAY, -DAY])
def test_after_the_machine_was_started_all_leases_are_over_and_time_goes_on(
    tmp_path: Path, sets: Set, by: timedelta
) -> None:
    url = fresh_file(tmp_path / "newsroom.db")
    bench = Bench(url, tmp_path)
    with closing(bench.store) as store:
        Presence(store, "steps", Path("/data")).show()
        bench.publish()
        before = store.clock.now()
        with store.writing() as tx:
            tx.execute(text("UPDATE delivery SET lease_until = :until"), {"until": since(before + PACE.lease)})
        sets.start_machine()
        sets.machine += by
        with closing(Store(url, pace=PACE, locks=tmp_path / "locks")) as after:
            assert after.clock.now() >= before
            assert abs(after.clock.wall() - (now() + by)) < NEAR
            with after.reading() as tx:
                [until] = set(tx.scalars(text("SELECT lease_until FROM delivery")))
            assert until <= since(after.clock.now())


@pytest.mark.parametrize("by", [HOUR, -HOUR])
def test_what_was_asked_for_by_the_wall_clock_is_moved_and_what_is_due_is_not(
    database: str, tmp_path: Path, sets: Set, by: timedelta
) -> None:
    bench = Bench(database, tmp_path)
    bench.engine.clock = bench.engine.store.clock
    with closing(bench.store) as store:
        Presence(store, "steps", Path("/data")).show()
        at_once = bench.publish("即时")
        moment = store.clock.wall() + 3 * HOUR
        later = bench.together("定时", at=moment).article_id
        before = {one.rollout: one.go_live_at for one in store.reports(UNDER_WAY)}
        put(store, sets, by)
        store.clock.watch()
        after = {one.rollout: one.go_live_at for one in store.reports(UNDER_WAY)}
        first, second = (store.latest_rollout(one) for one in (at_once, later))
        assert abs(after[second] - before[second]) < timedelta(seconds=1), "18:00 is 18:00, by the clock as it is set"
        assert abs(after[first] - before[first] - by) < NEAR, "by the new clock that was then"
        assert abs(store.revision(later).published_at - moment) < timedelta(seconds=1)
        with store.reading() as tx:
            assert max(tx.scalars(text("SELECT due FROM delivery"))) <= since(store.clock.now())


def test_time_never_goes_back_for_who_asks_again(tmp_path: Path) -> None:
    """A server's answer is exact to some milliseconds only: a release that had waited for its instant found that it
    was still to come, took nothing, and failed."""
    with closing(Store(fresh_file(tmp_path / "newsroom.db"), pace=PACE, locks=tmp_path / "locks")) as store:
        store.migrate()
        before = store.clock.now()
        assert store.clock._offset is not None
        store.clock._offset -= 1_000_000
        assert store.clock.now() == before
        store.clock._offset += 2_000_000
        assert store.clock.now() > before


def test_adapters_tell_the_time_that_all_machines_go_by(tmp_path: Path, sets: Set) -> None:
    with closing(Store(fresh_file(tmp_path / "newsroom.db"), pace=PACE, locks=tmp_path / "locks")) as store:
        store.migrate()
        go_by(store.clock.wall)
        assert abs(utc_now() - now()) < NEAR
        sets.machine += HOUR
        store.clock.watch()
        assert abs(utc_now() - (now() + HOUR)) < NEAR


def test_who_opens_a_newsroom_has_its_clock_before_any_transaction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may wait some seconds for others' word: begun within a transaction, PostgreSQL would end that meanwhile."""
    newsroom = make(tmp_path)
    with closing(tasks.open_engine(load(newsroom.folder / "newsroom.toml", {}))) as engine:
        monkeypatch.setattr(Store, "_begin", None)
        assert engine.clock.now() <= engine.clock.now()
