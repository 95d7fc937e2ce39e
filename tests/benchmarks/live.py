"""How long until an article is live: beside an empty Celery group, and beside a channel that takes ten seconds.

python -m tests.benchmarks.live [--rounds 15]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pipeline.engine import Engine
from pipeline.newsroom import demo_file
from pipeline.testing import article_of
from tests.benchmarks import commands
from tests.benchmarks.idle import SLOW, idle_newsroom
from tests.benchmarks.table import Goal, Line, show
from tests.benchmarks.throughput import environment_of, noop_worker, running, until

ROUNDS = 15
TAKES = 10
"""Seconds that the slow channel takes for one article."""
WAITING = 24
"""Articles that wait for it."""
LOOK = 0.001


def lines(folder: Path, rounds: int = ROUNDS) -> Iterator[Line]:
    yield from _group(folder / "live", rounds)
    yield _beside_a_slow_one(folder, rounds)


def _group(data: Path, rounds: int) -> Iterator[Line]:
    """The demo's six channels without their stand-ins, against six tasks that do nothing."""
    environment = environment_of(demo_file(), data)
    with running(environment) as engine:
        yield commands.submitting(data, environment, "a newsroom is up")
        with noop_worker(engine, environment) as counted:
            count = len(engine.newsroom.outlets)
            _until_live(engine, "热身")
            groups, lives = [], []
            for n in range(rounds):  # in turn: what disturbs one disturbs the other
                began = time.perf_counter()
                counted(count)
                groups.append(time.perf_counter() - began)
                lives.append(_until_live(engine, f"第{n}篇测速稿件"))
    lead = engine.store.pace.lead / timedelta(seconds=1)
    live, group = statistics.median(lives) - lead, statistics.median(groups)
    yield Line(
        f"submit → live on {count} channels, without the lead of {lead * 1000:.0f} ms",
        f"{live * 1000:.0f} ms",
        f"empty Celery group of {count}: {group * 1000:.1f} ms",
        live / group,
        Goal(13),  # what is in the way of 8: docs/performance.md
    )


def _beside_a_slow_one(folder: Path, rounds: int) -> Line:
    environment = environment_of(idle_newsroom(folder, TAKES), folder / "slow")
    with running(environment) as engine:
        _until_live(engine, "热身", "idle-1")
        alone = statistics.median(_until_live(engine, f"独自{n}", "idle-1") for n in range(rounds))
        for n in range(WAITING):
            engine.publish(article_of(f"等候{n}"), {}, editor="bench", channels=[SLOW])
        beside = statistics.median(_until_live(engine, f"同时{n}", "idle-1") for n in range(rounds))
    return Line(
        f"an article beside a channel of {TAKES} s with {WAITING} waiting, until live",
        f"{beside * 1000:.0f} ms",
        f"alone: {alone * 1000:.0f} ms",
        beside / alone,
        Goal(1.5),
    )


def _until_live(engine: Engine, headline: str, *channels: str) -> float:
    """Seconds from the submission until every channel shows it."""
    began = time.perf_counter()
    rollout = engine.publish(article_of(headline), {}, editor="bench", channels=channels).rollout_id
    until(lambda: all(one.live_at for one in engine.store.report(rollout).deliveries), pause=LOOK)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="until an article is live")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = parser.parse_args().rounds
    show(lambda folder: lines(folder, rounds))


if __name__ == "__main__":
    main()
