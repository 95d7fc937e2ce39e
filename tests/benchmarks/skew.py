"""How close together six channels are released: at rest, under load, and beside a slow one.

    python -m tests.benchmarks.skew [--rounds 100] [--real-time] [--turn 0.0002]

The demo's newsroom with its stand-ins, real workers and real HTTP. A round opens a column, publishes an article in a
standing column, and takes the column back (which is not counted): two rollouts. Under load a bulk import of old
articles to website, feeds and app runs beside.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import requests

from pipeline.article import Column
from pipeline.commands import demo, doctor
from pipeline.commands.telling import tell
from pipeline.engine import Engine, Piece
from pipeline.engine.columns import new
from pipeline.newsroom import demo_file, load, locate
from pipeline.record.report import Report
from pipeline.rollout import RolloutState
from pipeline.testing import article_of
from pipeline.workers import logs, tasks

ROUNDS = 100
"""Two rollouts each."""
PLATFORM = 0.5
"""Seconds that WeChat's stand-in takes from a submission to its publication."""
SLOW_ROUNDS = 5
SLOW_SECONDS = 10
"""How late one account's stand-in answers to the call that publishes."""
ROW = "| {what} | {p50} | {p99} | {count} |"


def measure(rounds: int = ROUNDS, *engine_lines: str) -> None:
    """Print the table's rows: each figure as median, 99th percentile and how many rollouts.

    `engine_lines`: added to the table [engine] of the demo's file.
    """
    logs.configure(logging.ERROR)
    with (
        tempfile.TemporaryDirectory(prefix="tongfa-skew-") as folder,
        demo.running(_configured(Path(folder), engine_lines), Path(folder) / "data") as environment,
        closing(tasks.open_engine(load(locate(None, environment), environment))) as engine,
    ):
        for finding in doctor.priority(engine.configuration):
            print(f"({tell(finding.what).strip()})")
        print("| skew on six channels | p50 | p99 | rollouts |\n|---|---|---|---|")
        _lift_quotas(environment)
        _round(engine, "热身")  # every worker has loaded what it needs
        _rows("at rest", [one for n in range(rounds) for one in _round(engine, f"静息{n}")])
        with _bulk_import(environment):
            _rows("under load", [one for n in range(rounds) for one in _round(engine, f"负载{n}")])
        _until(lambda: not engine.store.reports([RolloutState.PREPARING, RolloutState.READY]))
        slow = [one for n in range(SLOW_ROUNDS) for one in _round(engine, f"慢{n}", lambda: _slow_down(environment))]
        _rows(f"the other five while one takes {SLOW_SECONDS} s", [_without_slowest(one) for one in slow])


def _configured(folder: Path, lines: Sequence[str]) -> Path:
    """The demo's file with these lines more."""
    told = demo_file().read_text(encoding="utf-8").replace("[engine]\n", "\n".join(["[engine]", *lines, ""]), 1)
    file = folder / "newsroom.toml"
    file.write_text(told, encoding="utf-8")
    return file


def _round(engine: Engine, name: str, before: Callable[[], None] = lambda: None) -> list[Report]:
    note = article_of("-", body="<p>即日起开设本栏目，敬请关注。</p>", column="")
    column: Column = new(f"测速栏目{name}", note, address=f"cs{time.monotonic_ns()}")
    before()
    opened = engine.open_column(column, Piece(note, {}), editor="bench")
    first = _released(engine, opened.rollout_id)
    before()
    article = engine.publish(article_of(f"{name}之稿"), {}, editor="bench")
    second = _released(engine, article.rollout_id)
    _released(engine, engine.withdraw(opened.article_id, reason="测速", editor="bench").rollout_id)
    return [first, second]


def _released(engine: Engine, rollout: str) -> Report:
    """The report once every delivery has come to an end."""
    _until(lambda: engine.store.report(rollout).state is RolloutState.COMPLETE)
    report = engine.store.report(rollout)
    if any(one.error for one in report.deliveries):
        raise RuntimeError(report)
    return report


def _rows(where: str, reports: Sequence[Report]) -> None:
    starts = [one.start_ms for one in reports if one.start_ms is not None]
    skews = [one.skew_ms for one in reports if one.skew_ms is not None]
    seen = [_until_seen(one) for one in reports]
    for what, figures in (
        ("first to last release begun", starts),
        ("first to last release taken", skews),
        (f"instant to visible on the last channel, WeChat's stand-in waits {PLATFORM} s", seen),
    ):
        count = f"{len(figures)}"
        print(ROW.format(what=f"{where}: {what}", p50=_ms(figures, 50), p99=_ms(figures, 99), count=count), flush=True)


def _until_seen(report: Report) -> float:
    live = [one.live_at for one in report.deliveries if one.live_at]
    return (max(live) - (report.release_at or report.go_live_at)) / timedelta(milliseconds=1)


def _ms(figures: Sequence[float], percent: int) -> str:
    return f"{statistics.quantiles(figures, n=100, method='inclusive')[percent - 1]:.1f} ms"


def _without_slowest(report: Report) -> Report:
    """The report without the delivery that was taken last."""
    slowest = max((one for one in report.deliveries if one.released_at), key=lambda one: one.released_at or one.due)
    kept = tuple(one for one in report.deliveries if one.id != slowest.id)
    return report.model_copy(
        update={
            "deliveries": kept,
            "start_ms": _spread([one.started_at for one in kept if one.started_at]),
            "skew_ms": _spread([one.released_at for one in kept if one.released_at]),
        }
    )


def _spread(moments: Sequence[datetime]) -> float:
    return (max(moments) - min(moments)) / timedelta(milliseconds=1)


# -- what happens beside ---------------------------------------------------------------------------------


@contextmanager
def _bulk_import(environment: dict[str, str]) -> Iterator[None]:
    """Another process that submits articles, one after another, a few at most under way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bulk"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        if process.stdout is not None:
            process.stdout.readline()
        yield
    finally:
        process.communicate()  # its standard input ends, so it stops


def _admin(environment: dict[str, str], path: str, told: dict[str, object]) -> None:
    base = environment["TONGFA_WECHAT_API"].removesuffix("cgi-bin/")
    requests.put(f"{base}admin/{path}", json=told, timeout=10).raise_for_status()


def _lift_quotas(environment: dict[str, str]) -> None:
    """WeChat takes a hundred publications a day; this is about how close together they are."""
    calls = ("submit", "get", "delete", "getarticle", "batchget")
    limits = {f"{part}/{call}": 10**6 for part in ("freepublish", "draft") for call in (*calls, "add", "update")}
    for appid in demo.ACCOUNTS.values():
        told = {"limits": {**limits, "media/uploadimg": 10**6}, "delay": PLATFORM}
        _admin(environment, f"settings/{appid}", told)


def _slow_down(environment: dict[str, str]) -> None:
    _admin(environment, "faults", {"next": ["slow@freepublish/submit"], "delay": SLOW_SECONDS})


def _until(done: Callable[[], bool], limit: float = 300) -> None:
    pause, deadline = threading.Event(), time.monotonic() + limit
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the bench has waited too long")
        pause.wait(0.02)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    arguments.add_argument("--real-time", action="store_true", help="[engine] real_time = true")
    arguments.add_argument("--turn", help="[engine] turn, in seconds")
    given = arguments.parse_args()
    lines = ["real_time = true"] if given.real_time else []
    measure(given.rounds, *lines, *([f"turn = {given.turn}"] if given.turn else []))
