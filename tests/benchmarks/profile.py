"""Where the processor's time goes: each step of each of the demo's channels, and what the engine takes beside.

    python -m tests.benchmarks.profile [--articles 40]

One process, without stand-ins (WeChat writes payloads, TV asks no device); milliseconds of CPU an article, the average
of all after the first few.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from pipeline.newsroom import demo_file
from pipeline.rollout import Step
from pipeline.testing import article_of
from pipeline.workers import logs
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


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="where the processor's time goes")
    parser.add_argument("--articles", type=int, default=40)
    articles = parser.parse_args().articles
    logs.configure(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="tongfa-bench-") as folder:
        measure(Path(folder), articles)


if __name__ == "__main__":
    main()
