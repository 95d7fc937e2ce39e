"""A backlog of thousands: whether the newsroom stays as fast, and what goes before it.

    python -m tests.benchmarks.backlog [--articles 3000]

The demo's newsroom with real workers. Somebody submits thousands of articles for website, feeds and app at once; while
they wait an article is submitted as urgent, another is corrected and a third withdrawn.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select

from pipeline.commands import demo
from pipeline.engine import Engine
from pipeline.newsroom import demo_file, load
from pipeline.record import tables
from pipeline.record.due import due
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import article_of
from pipeline.workers import tasks
from tests.benchmarks.processes import peaks
from tests.benchmarks.table import Goal, Line, show
from tests.benchmarks.throughput import MEMORY

ARTICLES = 3_000
CHANNELS = ("website", "feeds", "app")
SAMPLE = 200
"""Articles of the backlog that are looked at."""
LOOK = 0.5
"""Seconds between two looks at how far it is."""
FEW = 50
"""Deliveries due, under which the length of the queue says nothing."""
PATIENCE = 3_600.0


class Look(NamedTuple):
    """How far it was at some time."""

    at: float
    done: int
    """Deliveries read back."""
    queued: int
    due: int


def lines(data: Path, articles: int = ARTICLES) -> Iterator[Line]:
    """The table's lines."""
    with (
        demo.running(demo_file(), data) as environment,
        closing(tasks.open_engine(load(demo_file(), environment))) as engine,
    ):
        said = f"{articles:,} articles on {len(CHANNELS)} channels"
        wrong, bad = (_publish(engine, name) for name in ("有误的一篇", "不当的一篇"))
        for known in (wrong, bad):
            _ended(engine, engine.store.latest_rollout(known))
        looks: list[Look] = []
        stop = threading.Event()
        watch = threading.Thread(target=_watch, args=(engine, looks, stop))
        watch.start()
        began = time.monotonic()
        waiting = [_publish(engine, f"第{number}篇积压稿件") for number in range(articles)]
        accepted = time.monotonic() - began
        left = looks[-1].due if looks else 0
        yield Line(
            f"{said}: accepted a second", f"{articles / accepted:.0f}", f"{left:,} due at the last", articles / accepted
        )
        yield from _urgent(engine, wrong, bad)
        deadline = time.monotonic() + PATIENCE
        while engine.store.health(engine.clock.now()).rollouts.keys() & {"preparing", "ready", "released"}:
            if time.monotonic() > deadline:
                raise TimeoutError("the backlog has not been worked off")
            stop.wait(2 * LOOK)
        stop.set()
        watch.join()
        yield from _told(looks)
        yield _apart(engine, waiting[:: max(1, articles // SAMPLE)])
        for role, most in sorted(peaks(data).items()):
            yield Line(f"{role}: most memory, MB", f"{most:.0f} MB", said, most, MEMORY)


def _urgent(engine: Engine, wrong: str, bad: str) -> Iterator[Line]:
    """What is handed in behind the backlog, until it is live on all channels."""
    article = article_of("快讯：道路恢复通行")
    before = engine.store.revision(wrong).article
    deeds = (
        (
            "an urgent article",
            Goal(5, timed=True),
            lambda: engine.publish(article, {}, editor="bench", channels=CHANNELS, urgent=True),
        ),
        ("a withdrawal", Goal(2, timed=True), lambda: engine.withdraw(bad, reason="撤", editor="bench")),
        (
            "a correction",
            Goal(5, timed=True),
            lambda: engine.correct(
                wrong, before.model_copy(update={"body": "<p>更正后的一篇。</p>"}), {}, editor="bench", note="有误"
            ),
        ),
    )
    for what, goal, deed in deeds:
        began = time.monotonic()
        took = _ended(engine, deed().rollout_id) - began
        yield Line(f"{what} behind the backlog, seconds until live everywhere", f"{took:.1f} s", "", took, goal)


def _publish(engine: Engine, headline: str) -> str:
    return engine.publish(article_of(headline), {}, editor="bench", channels=CHANNELS).article_id


def _ended(engine: Engine, rollout: str) -> float:
    """When a rollout's deliveries were all live, or gone."""
    pause, deadline = threading.Event(), time.monotonic() + PATIENCE
    while not all(one.live_at for one in engine.store.report(rollout).deliveries):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{rollout} is not live")
        pause.wait(0.05)
    return time.monotonic()


def _watch(engine: Engine, looks: list[Look], stop: threading.Event) -> None:
    d = tables.delivery.c
    settled = select(func.count()).where(d.state.in_([DeliveryState.VERIFIED, DeliveryState.WITHDRAWN]))
    while not stop.wait(LOOK):
        waiting = engine.waiting()
        now = engine.clock.now()
        running = tables.rollout.c.state.in_([RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED])
        joined = tables.delivery.join(tables.rollout, tables.rollout.c.id == d.rollout_id)
        with engine.store.reading() as tx:
            done = tx.scalar(settled) or 0
            awaited = tx.scalar(select(func.count()).select_from(joined).where(due(now), running)) or 0
        queued = waiting.steps + waiting.releases if waiting else 0
        looks.append(Look(time.monotonic(), done, queued, awaited))


def _told(looks: list[Look]) -> Iterator[Line]:
    """What the looks say: the rate of each quarter of the deliveries, and how long the queue was."""
    first, last = looks[0].done, looks[-1].done
    bounds = [first + (last - first) * quarter / 4 for quarter in range(5)]
    moments = [next(one.at for one in looks if one.done >= bound) for bound in bounds]
    rates = [(last - first) / 4 / (end - begin) for begin, end in pairwise(moments)]
    quarters = ", ".join(f"{rate:.0f}" for rate in rates)
    yield Line(
        "rate of the last quarter of the backlog ÷ first quarter",
        f"{quarters} deliveries a second",
        "",
        rates[-1] / rates[0],
        Goal(0.8, at_least=True),
    )
    lengths = [one.queued / one.due for one in looks if one.due >= FEW]
    most = max(lengths, default=0)
    yield Line("messages queued ÷ deliveries due, at most", f"{most:.2f}", f"{len(looks)} looks", most, Goal(1.5))


def _apart(engine: Engine, articles: list[str]) -> Line:
    """How far apart a rollout's channels took it, while thousands waited (promise 3)."""
    reports = (engine.store.report(engine.store.latest_rollout(one)) for one in articles)
    skews = [one.skew_ms / 1000 for one in reports if one.skew_ms is not None]
    middle, most = statistics.median(skews), max(skews)
    return Line(
        "first to last channel of an article in the backlog, median", f"{middle:.2f} s", f"at most {most:.1f} s", middle
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="a backlog, and what goes before it")
    parser.add_argument("--articles", type=int, default=ARTICLES)
    articles = parser.parse_args().articles
    show(lambda folder: lines(folder / "data", articles))


if __name__ == "__main__":
    main()
