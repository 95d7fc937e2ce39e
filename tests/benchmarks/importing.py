"""What taking over an archive costs: `newsroom import` of short texts, to website, feeds and app, as a process.

python -m tests.benchmarks.importing 1000 10000     these lines alone, for archives of these sizes

CPU time is that of all its processes, the readers' among them, of both archives the difference: what a start costs is
in none of them. The rate is that of the processor's time: of a machine that is busy with something else the clock says
nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pipeline.newsroom import demo_file
from pipeline.testing import article_of
from tests.benchmarks.table import Goal, Line, show
from tests.benchmarks.throughput import Alone

CHANNELS = ("website", "feeds", "app")
FEW, MANY = 250, 1_000
ONE_BY_ONE = 12
"""Articles published the ordinary way, for comparison."""
PARAGRAPH = "各乡镇认真落实工作部署，扎实推进各项工作取得新成效。群众反映良好，农户收入稳步增加。"


_WEIGH = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""Runs a command and says what it took. A small process of its own, because Linux counts in a process's memory what
its starter had: that of a bench is larger than an import's."""


class Cost(NamedTuple):
    cpu: float
    """Seconds."""
    peak: int
    """The largest process's memory, in KB."""


def lines(folder: Path, few: int = FEW, many: int = MANY) -> Iterator[Line]:
    folder.mkdir(parents=True, exist_ok=True)
    small, large = (_imported(folder / str(size), size) for size in (few, many))
    each = (large.cpu - small.cpu) / (many - few)
    ordinary = _published(folder / "ordinary")
    yield Line(
        f"an archive of {many:,} short texts imported to {len(CHANNELS)} channels: articles a second of CPU",
        f"{each * 1000:.1f} ms each",
        f"published the ordinary way: {ordinary * 1000:.1f} ms",
        1 / each,
        Goal(100, at_least=True, timed=True),
    )
    yield Line(
        f"the same: peak memory of its largest process, {many:,} articles",
        f"{large.peak / 1024:.0f} MB",
        f"{few:,} articles: {small.peak / 1024:.0f} MB",
        large.peak / small.peak,
        Goal(1.2),
    )
    anew = _newsroom(folder / str(many), "rebuild")
    yield Line(
        "the same made anew by `newsroom rebuild`: articles a second of CPU",
        f"{anew.cpu / many * 1000:.1f} ms each",
        f"imported: {each * 1000:.1f} ms",
        many / anew.cpu,
    )


def archive(folder: Path, count: int) -> None:
    """So many manuscripts of four paragraphs, one an hour since 2005, in folders by year and month."""
    for n in range(count):
        moment = datetime(2005, 1, 1, tzinfo=UTC) + timedelta(hours=n)
        path = folder / f"{moment:%Y/%m}" / f"{n:06d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = "\n\n".join(f"青河县第{n}篇旧稿第{part}段，{PARAGRAPH}" for part in range(1, 5))
        head = f"标题: 青河县第{n}篇旧稿\n栏目: {('yaowen', 'xiangzhen')[n % 2]}\n日期: {moment:%Y-%m-%d %H:%M}"
        path.write_text(f"---\n{head}\n来源: 青河县融媒体中心\n记者: 张三\n---\n\n{body}\n", encoding="utf-8")


def _imported(folder: Path, count: int) -> Cost:
    archive(folder / "archive", count)
    return _newsroom(folder, "import", str(folder / "archive"), "--channels", ",".join(CHANNELS))


def _newsroom(folder: Path, *words: str) -> Cost:
    """What a command costs. Raises CalledProcessError if it failed."""
    environment = {**os.environ, "TONGFA_DATA": str(folder / "var"), "TONGFA_CONFIG": str(demo_file())}
    command = [sys.executable, "-c", _WEIGH, str(Path(sys.executable).with_name("newsroom")), *words]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    cpu, peak = done.stdout.split()
    return Cost(float(cpu), int(peak))


def _published(data: Path) -> float:
    """Seconds of the processor for an article on the same channels, step by step in one process."""
    alone = Alone.of(demo_file(), data)
    began = 0.0
    with closing(alone.engine):
        for n in range(ONE_BY_ONE + 1):
            alone.engine.publish(article_of(f"第{n}篇"), {}, editor="bench", channels=CHANNELS)
            alone.work()
            began = began or time.process_time()  # the first one compiles templates
        return (time.process_time() - began) / ONE_BY_ONE


if __name__ == "__main__":
    show(lambda folder: lines(folder, *map(int, sys.argv[1:])))
