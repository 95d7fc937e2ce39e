"""What commands cost: processor time, their own and the system's, beside a Python that does nothing.

Wall time would say how busy the machine is. Each is run once beforehand, so that its modules are compiled and the
database is made.
"""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pipeline.newsroom import demo_file, examples, load
from pipeline.workers import tasks
from tests.benchmarks.table import Goal, Line
from tests.engine.backlog import copies

EXAMPLE = "wushan-sibuzhai.md"
ROUNDS = 7
BACKLOG = 2_645
"""Rollouts under way."""

HELP, SUBMIT = Goal(0.25, timed=True), Goal(0.8, timed=True)


def lines(data: Path) -> list[Line]:
    """`newsroom --help`, `queue-submit` where no newsroom is up, and `newsroom status` with a backlog."""
    data.mkdir()
    environment = {"TONGFA_DATA": str(data), "TONGFA_CONFIG": str(demo_file())}
    made = [
        _row("`newsroom --help`", lambda _: ["newsroom", "--help"], environment, HELP),
        submitting(data, environment, "no newsroom is up"),
    ]
    with closing(tasks.open_engine(load(demo_file(), {**os.environ, **environment}))) as engine:
        known = len(engine.store.articles(1_000))
        copies(engine.store, range(known + 1, BACKLOG + 1))
    return [*made, _row(f"`newsroom status`, {BACKLOG:,} under way", lambda _: ["newsroom", "status"], environment)]


def submitting(data: Path, environment: Mapping[str, str], where: str) -> Line:
    """`queue-submit` of the example until it is accepted, each time under another headline."""
    text = (examples() / EXAMPLE).read_text(encoding="utf-8")

    def submit(number: int) -> list[str]:
        file = data / f"{number}.md"
        file.write_text(re.sub("(?m)^(标题: .*)$", rf"\g<1>{number}", text, count=1), encoding="utf-8")
        return ["queue-submit", str(file), "--column", "yaowen", "--yes"]

    return _row(f"`queue-submit` of the example, until accepted, {where}", submit, environment, SUBMIT)


def _row(
    what: str, command: Callable[[int], Sequence[str]], environment: Mapping[str, str], goal: Goal | None = None
) -> Line:
    own, bare = [], []
    for number in range(ROUNDS + 1):
        bare.append(_cpu([sys.executable, "-c", "pass"], environment))
        name, *words = command(number)
        own.append(_cpu([str(Path(sys.executable).with_name(name)), *words], environment))
    own_time, bare_time = statistics.median(own[1:]), statistics.median(bare[1:])
    return Line(f"{what}, seconds of CPU", f"{own_time:.2f} s", f"`python -c pass`: {bare_time:.3f} s", own_time, goal)


def _cpu(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Seconds of the processor that the command took. Raises CalledProcessError if it failed."""
    whole = {**os.environ, **environment}
    whole.pop("PYTHONDONTWRITEBYTECODE", None)  # as installed: nobody compiles the modules anew for each command
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=whole, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
