"""What a story of a television programme costs the processor: prepared, released and read back.

python -m tests.benchmarks.television     this line alone
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.manuscript import read
from pipeline.newsroom import examples
from pipeline.testing import NOON, Rehearsal, revision_of
from tests import form
from tests.benchmarks.table import Goal, Line
from tests.channels.tv_newsroom import television

STORIES = 24
"""Of one day: more than a county's programme has."""


def line() -> Line:
    """A line of the table: the median story of a day beside what python-docx takes for a form with nothing in it."""
    costs = []
    article = read(examples() / "wushan-sibuzhai.md").article
    with tempfile.TemporaryDirectory(prefix="tongfa-bench-") as folder:
        rehearsal = Rehearsal(television(Path(folder)))
        for n in range(STORIES + 1):
            changed = article.model_copy(update={"headline": f"{article.headline}{n}"})
            delivery = rehearsal.delivery(revision_of(changed, id=f"a{n}", at=NOON + timedelta(minutes=n)))
            costs.append(_cost(lambda one=delivery: rehearsal.verify(rehearsal.release(rehearsal.prepare(one)))))
    empty = [_cost(form.made) for _ in range(STORIES + 1)]
    cost, beside = (statistics.median(one[1:]) * 1000 for one in (costs, empty))  # the first one compiles templates
    return Line(
        f"TV: a story of {STORIES} of a day, prepared to read back, milliseconds of CPU",
        f"{cost:.1f} ms",
        f"an empty form by python-docx: {beside:.1f} ms",
        cost,
        Goal(20, timed=True),
    )


def _cost(deed: Callable[[], Any]) -> float:
    """Seconds of this process on the processor."""
    before = time.process_time()
    deed()
    return time.process_time() - before


if __name__ == "__main__":
    print(line())
