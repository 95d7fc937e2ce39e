"""How little a delivery could cost with these libraries, whatever the engine did: what no rate can get past.

    python -m tests.benchmarks.floor

Two Celery messages, and as many statements and commits as a delivery has now, of the smallest kind. The ratio is the
one of `throughput` (deliveries a second ÷ no-op tasks a second) that would be left.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import bindparam, select, update

from pipeline.record import tables
from pipeline.testing import article_of
from tests.benchmarks.idle import idle_newsroom
from tests.benchmarks.processes import used
from tests.benchmarks.table import Line, show
from tests.benchmarks.throughput import Alone, environment_of, noop_worker, running

TASKS = 2_000
MESSAGES, STATEMENTS, COMMITS = 2, 20, 5
"""Of a delivery; see `counts`."""
DELIVERIES = 200
_ASK = select(tables.rollout).where(tables.rollout.c.id == bindparam("of"))
_CHANGE = update(tables.rollout).where(tables.rollout.c.id == bindparam("of")).values(editor=bindparam("by"))


def lines(folder: Path) -> Iterator[Line]:
    file = idle_newsroom(folder)
    task = _task(file, folder / "floor")
    record = _record(Alone.of(file, folder / "floor-alone"))
    least = MESSAGES * task + record
    yield Line(
        f"the least a delivery can cost: {MESSAGES} messages, {STATEMENTS} statements in {COMMITS} transactions",
        f"{least * 1000:.1f} ms CPU",
        f"a no-op Celery task: {task * 1000:.2f} ms CPU",
        task / least,
    )


def _task(file: Path, data: Path) -> float:
    """Seconds of CPU for a task that only counts: of who sends it, of the broker, and of its worker."""
    environment = environment_of(file, data)
    with running(environment) as engine, noop_worker(engine, environment) as counted:
        before = used(data) + time.process_time()
        counted(TASKS)
        return (used(data) + time.process_time() - before) / TASKS


def _record(alone: Alone) -> float:
    """Seconds of CPU for the statements of a delivery in its transactions."""
    with closing(alone.engine):
        alone.publish(article_of("热身"))
        with alone.engine.store.reading() as tx:
            of = tx.scalar(select(tables.rollout.c.id))
        began = time.process_time()
        for n in range(DELIVERIES * COMMITS):
            with alone.engine.store.writing() as tx:
                for _ in range(STATEMENTS // COMMITS - 1):
                    tx.execute(_ASK, {"of": of}).one()
                tx.execute(_CHANGE, {"of": of, "by": f"bench {n}"})
        return (time.process_time() - began) / DELIVERIES


if __name__ == "__main__":
    show(lines)
