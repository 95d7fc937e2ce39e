"""`make bench`: what Tongfa costs, as ratios measured in one run, in the form of the README's table.

    python -m tests.benchmarks [--quick]

Absolute times on a shared machine say little; each figure here stands beside what it is compared with, both measured
in turn in this run: an empty Celery group, no-op Celery tasks, the same deed on a small archive. `--quick`: what takes
two minutes; ends with 1 where a figure is worse than its goal by more than half.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import (
    archive,
    backlog,
    commands,
    counts,
    floor,
    importing,
    kinds,
    live,
    serving,
    skew,
    television,
    throughput,
)
from tests.benchmarks.table import Line, show

GIB = 2**30


def _whole(folder: Path) -> Iterator[Line]:
    yield from kinds.lines(folder)  # first: the spoken form before anything else has loaded the model
    yield from counts.lines(folder)
    yield television.line()
    yield from commands.lines(folder / "commands")
    yield from live.lines(folder)
    yield from floor.lines(folder)
    yield from throughput.lines(folder)
    yield from throughput.on_postgresql(folder)
    yield from importing.lines(folder / "import")
    yield from archive.lines(folder / "archives")
    yield from serving.lines(folder / "serving")
    yield from backlog.lines(folder / "backlog")


def _quick(folder: Path) -> Iterator[Line]:
    yield from counts.lines(folder)
    yield television.line()
    yield from commands.lines(folder / "commands")
    yield from live.lines(folder, rounds=3)
    yield from floor.lines(folder)
    yield from throughput.lines(folder, articles=10, workers=[1])
    yield from importing.lines(folder / "import", few=100, many=300)
    yield from archive.lines(folder / "archives", sizes=[100, 2_000])
    yield from serving.lines(folder / "serving", rounds=3)
    yield from backlog.lines(folder / "backlog", articles=60)


def main() -> int:
    parser = argparse.ArgumentParser(description="what Tongfa costs")
    parser.add_argument("--quick", action="store_true", help="two minutes of it, and whether the goals are met")
    quick = parser.parse_args().quick
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    print(f"{os.cpu_count()} processors, {memory:.0f} GiB, Python {platform.python_version()}\n")
    shown = show(_quick if quick else _whole)
    if not quick:
        print()
        skew.measure()
        return 0
    missed = [line for line in shown if line.goal is not None and line.goal.is_missed_by_far(line.figure)]
    for line in missed:
        print(f"\n{line.what}: {line.figure:.3g}, worse than {line.goal} by more than half", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
