"""What taking over an archive costs: `newsroom import` of short texts, to website, feeds and app, as a process.

python -m tests.benchmarks.importing 1000 10000     these lines alone, for archives of these sizes

CPU time is that of all its processes, the readers' among them, of both archives the difference: what a start costs is
in none of them. The rate is that of the processor's time: of a machine that is busy with something else the clock says
nothing.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pipeline.engine import Engine
from pipeline.newsroom import demo_file, load
from pipeline.record.store import Store
from pipeline.rollout import Pace
from pipeline.testing import article_of
from pipeline.workers import logs

CHANNELS = ("website", "feeds", "app")
FEW, MANY = 250, 1_000
ONE_BY_ONE = 12
"""Articles published the ordinary way, for comparison."""
GOAL = 100
"""Articles a second."""
PARAGRAPH = "各乡镇认真落实工作部署，扎实推进各项工作取得新成效。群众反映良好，农户收入稳步增加。"

Row = tuple[str, str, str, float]


class Cost(NamedTuple):
    cpu: float
    """Seconds."""
    peak: int
    """The largest process's memory, in KB."""


def rows(folder: Path, few: int = FEW, many: int = MANY) -> list[Row]:
    folder.mkdir(parents=True, exist_ok=True)
    small, large = (_imported(folder / str(size), size) for size in (few, many))
    each = (large.cpu - small.cpu) / (many - few)
    ordinary = _published(folder / "ordinary")
    return [
        (
            f"an archive of {many:,} short texts imported to {len(CHANNELS)} channels, for each (goal: {GOAL}/s)",
            f"{each * 1000:.1f} ms CPU, {1 / each:.0f}/s",
            f"published the ordinary way: {ordinary * 1000:.1f} ms CPU",
            each / ordinary,
        ),
        (
            f"the same: peak memory of its largest process, {many:,} articles",
            f"{large.peak / 1024:.0f} MB",
            f"{few:,} articles: {small.peak / 1024:.0f} MB",
            large.peak / small.peak,
        ),
    ]


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
    environment = {**os.environ, "TONGFA_DATA": str(folder / "var"), "TONGFA_CONFIG": str(demo_file())}
    newsroom = str(Path(sys.executable).with_name("newsroom"))
    command = [newsroom, "import", str(folder / "archive"), "--channels", ",".join(CHANNELS)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss)


def _published(data: Path) -> float:
    """Seconds of the processor for an article on the same channels, step by step in one process."""
    data.mkdir(parents=True)
    configuration = load(demo_file(), {"TONGFA_DATA": str(data)}).model_copy(update={"pace": Pace(lead=timedelta(0))})
    store = Store(configuration.database, pace=configuration.pace, locks=data / "locks")
    store.migrate()
    wakes: list[int] = []
    engine = Engine(configuration, store, send=lambda sent: wakes.extend(wake.delivery_id for wake in sent))
    began = 0.0
    for n in range(ONE_BY_ONE + 1):
        engine.publish(article_of(f"第{n}篇"), {}, editor="bench", channels=CHANNELS)
        while wakes:
            engine.run(wakes.pop(0))
        began = began or time.process_time()  # the first one compiles templates
    cost = (time.process_time() - began) / ONE_BY_ONE
    engine.close()
    return cost


def main(sizes: Sequence[int]) -> None:
    logs.configure(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="tongfa-bench-") as folder:
        for what, measured, beside, ratio in rows(Path(folder), *sizes):
            print(f"| {what} | {measured} | {beside} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]])
