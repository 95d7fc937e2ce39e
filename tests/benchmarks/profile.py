"""Where the processor's time goes: each step of each of the demo's channels, and what the engine takes beside.

    python -m tests.benchmarks.profile [--articles 40] [--memory]

One process, without stand-ins (WeChat writes payloads, TV asks no device); milliseconds of CPU an article, the average
of all after the first few. `--memory`: what a worker's memory is made of before its first step, in MB.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from channels.website import phrases
from pipeline.engine import Engine
from pipeline.newsroom import demo_file, load
from pipeline.rollout import Step
from pipeline.testing import article_of
from pipeline.workers import logs, tasks
from tests.benchmarks.throughput import WARM, Alone

STEPS = (Step.PREPARE, Step.RELEASE, Step.VERIFY)


def measure(folder: Path, articles: int) -> None:
    """Print the table."""
    alone = Alone.of(demo_file(), folder / "profile")
    costs: Counter[tuple[str, Step]] = Counter()
    attempt = alone.engine.steps.attempt

    def timed(claim: Any, *more: Any) -> Any:
        began = time.process_time()
        done = attempt(claim, *more)
        costs[claim.channel, claim.step] += time.process_time() - began
        return done

    with closing(alone.engine):
        for n in range(WARM):
            alone.publish(article_of(f"热身{n}"))
        alone.engine.steps.attempt = timed  # type: ignore[method-assign]
        accepting = working = 0.0
        for n in range(articles):
            began = time.process_time()
            rollout = alone.engine.publish(article_of(f"第{n}篇稿件"), {}, editor="bench").rollout_id
            accepted = time.process_time()
            alone.work()
            accepting += accepted - began
            working += time.process_time() - accepted
            alone.settled(rollout)
        print("| milliseconds of CPU an article | " + " | ".join(STEPS) + " | together |")
        print("|---" * (len(STEPS) + 2) + "|")
        for outlet in alone.engine.newsroom.outlets:
            mine = [costs[outlet.id, step] / articles for step in STEPS]
            print(f"| {outlet.id} | " + " | ".join(_ms(one) for one in (*mine, sum(mine))) + " |")
        blank = " | " * (len(STEPS) + 1)
        print(f"| the engine: claims, outcomes, gate {blank}{_ms((working - costs.total()) / articles)} |")
        print(f"| the submission: check on all channels, acceptance {blank}{_ms(accepting / articles)} |")


def weigh(folder: Path) -> None:
    """Print what each part of a worker adds to its memory (Linux)."""
    with closing(
        tasks.open_engine(load(demo_file(), {**os.environ, "TONGFA_DATA": str(folder / "weighed")}))
    ) as engine:
        outlets = [one.id for one in engine.newsroom.outlets]
        parts: list[tuple[str, Callable[[], object]]] = [
            ("Python, the engine, libraries, this program", lambda: None),
            ("the modules of the six channels", lambda: [engine.channel(one) for one in outlets]),
            ("the dictionary by which headlines are broken", lambda: phrases.broken("青河县")),
            *((f"{one}: what its first article would else wait for", partial(_warm, engine, one)) for one in outlets),
        ]
        print("| part of a worker | adds, MB | together |\n|---|---|---|")
        before = 0
        for what, make in parts:
            make()
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
            together = pages * os.sysconf("SC_PAGE_SIZE") // 2**20
            print(f"| {what} | {together - before} | {together} |")
            before = together


def _warm(engine: Engine, channel: str) -> None:
    engine.channel(channel).warm()


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="where the processor's time goes")
    parser.add_argument("--articles", type=int, default=40)
    parser.add_argument("--memory", action="store_true")
    given = parser.parse_args()
    logs.configure(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="tongfa-bench-") as folder:
        if given.memory:
            weigh(Path(folder))
        else:
            measure(Path(folder), given.articles)


if __name__ == "__main__":
    main()
