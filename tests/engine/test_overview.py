"""Where things stand, however much is under way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import event, select, update

from pipeline.record import tables
from pipeline.record.reports import UNDER_WAY
from pipeline.rollout import DeliveryState, RolloutState
from tests.engine.backlog import copies
from tests.engine.bench import Bench

MANY = 3_000


@contextmanager
def statements(bench: Bench) -> Iterator[list[str]]:
    """The statements that the database gets meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(bench.store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(bench.store.engine, "before_cursor_execute", note)


def put(bench: Bench, number: int, state: DeliveryState) -> None:
    """One delivery of a rollout stands so."""
    d = tables.delivery.c
    with bench.store.writing() as tx:
        one = tx.scalar(select(d.id).where(d.rollout_id == number).limit(1))
        tx.execute(update(tables.delivery).where(d.id == one).values(state=state))


def test_a_backlog_costs_no_more_statements_than_a_few(bench: Bench) -> None:
    bench.publish()
    copies(bench.store, range(2, 22))
    with statements(bench) as few:
        bench.store.overview(bench.clock.now(), 20)
    copies(bench.store, range(22, 22 + MANY))
    with statements(bench) as many:
        view = bench.store.overview(bench.clock.now(), 20)

    assert len(many) == len(few) <= 14
    newest = range(21 + MANY, 1 + MANY, -1)
    assert [one.rollout for one in view.under_way] == [f"r{number}" for number in newest]
    assert all(len(one.deliveries) == 3 for one in view.under_way)
    assert view.more == MANY + 1
    assert view.health.rollouts == {RolloutState.PREPARING: MANY + 21}
    assert view.health.deliveries == {DeliveryState.PENDING: 3 * (MANY + 21)}


def test_all_of_a_backlog_is_read_in_batches(bench: Bench) -> None:
    bench.publish()
    copies(bench.store, range(2, MANY))
    with statements(bench) as seen:
        view = bench.store.overview(bench.clock.now(), None)

    assert len(seen) < 40
    assert (len(view.under_way), view.more) == (MANY - 1, 0)
    assert view.under_way[-1] == bench.store.report("r1")
    assert list(reversed(view.under_way)) == bench.store.reports(UNDER_WAY)


def test_what_needs_a_person_is_always_there_and_first(bench: Bench) -> None:
    bench.publish()
    copies(bench.store, range(2, 5))
    copies(bench.store, range(5, 7), RolloutState.HELD)
    copies(bench.store, range(7, 9), RolloutState.COMPLETE)
    copies(bench.store, range(9, 40))
    for number, state in ((2, DeliveryState.FAILED), (3, DeliveryState.UNKNOWN), (7, DeliveryState.FAILED)):
        put(bench, number, state)
    view = bench.store.overview(bench.clock.now(), 20)

    assert [one.rollout for one in view.waiting] == ["r2", "r3", "r5", "r6", "r7"]
    assert [one.rollout for one in view.under_way] == [f"r{number}" for number in range(39, 19, -1)]
    assert view.more == len({1, 4, *range(9, 20)})


def test_what_was_overtaken_needs_nobody(bench: Bench) -> None:
    known = bench.publish()
    put(bench, 1, DeliveryState.FAILED)
    assert [one.rollout for one in bench.store.overview(bench.clock.now(), 20).waiting] == ["r1"]
    bench.withdraw(known)

    assert not bench.store.overview(bench.clock.now() + timedelta(hours=1), 20).waiting
