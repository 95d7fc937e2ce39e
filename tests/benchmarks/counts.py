"""What a step asks of the database: statements and commits, the same on every machine.

    python -m tests.benchmarks.counts

Six channels that do nothing, one process, SQLite.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import event

from pipeline.testing import article_of
from tests.benchmarks.idle import CHANNELS, idle_newsroom
from tests.benchmarks.table import Goal, Line, show
from tests.benchmarks.throughput import Alone

ARTICLES = 5


def lines(folder: Path) -> Iterator[Line]:
    alone = Alone.of(idle_newsroom(folder), folder / "counts")
    store, steps = alone.engine.store, alone.engine.steps
    counted = {"statements": 0, "commits": 0}
    each: list[int] = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def _asked(_: Any, __: Any, statement: str, *___: Any) -> None:
        counted["statements"] += not statement.startswith("BEGIN")
        counted["commits"] += statement == "BEGIN IMMEDIATE"  # a transaction that only reads has nothing to commit

    with closing(alone.engine):
        alone.publish(article_of("热身"))
        commits = 0
        finish = steps.finish

        def finished(*given: Any, **named: Any) -> Any:
            done = finish(*given, **named)
            each.append(counted["statements"])
            counted["statements"] = 0
            return done

        steps.finish = finished  # type: ignore[method-assign]
        for n in range(ARTICLES):
            rollout = alone.engine.publish(article_of(f"第{n}篇"), {}, editor="bench").rollout_id
            counted.update(statements=0, commits=0)
            alone.work()
            commits += counted["commits"]
            alone.settled(rollout)
    statements, deliveries = statistics.median(each), ARTICLES * CHANNELS
    yield Line("statements a step, median", f"{statements:.0f}", f"{len(each)} steps", statements, Goal(8))
    yield Line(
        "commits a delivery", f"{commits / deliveries:.1f}", f"{deliveries} deliveries", commits / deliveries, Goal(5)
    )


if __name__ == "__main__":
    show(lines)
