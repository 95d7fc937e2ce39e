"""How many deliveries a second: workers against bare Celery tasks, and against one process alone.

    python -m tests.benchmarks.throughput [--articles 60] [--workers 1 2 4] [--postgresql]

The demo's six channels without their stand-ins (WeChat writes payloads, TV asks no device), and six that do nothing.
A worker is a pair of processes, one for each queue, as `newsroom up` and `newsroom worker` start them. Beside each
rate stands how much processor time the newsroom's processes took for a delivery: the limit of a rate is the number of
processors by that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from pipeline.article import Article
from pipeline.engine import Engine
from pipeline.newsroom import Configuration, demo_file, load
from pipeline.record.reports import UNDER_WAY
from pipeline.record.store import Store
from pipeline.rollout import Pace, RolloutState
from pipeline.testing import article_of
from pipeline.workers import broker, sending, tasks
from tests.benchmarks.idle import idle_newsroom
from tests.benchmarks.processes import peaks, used
from tests.benchmarks.table import Goal, Line, show
from tests.conftest import fresh_database, postgresql_server

ARTICLES = 60
NOOPS = 2_000
WARM = 3
"""Articles before those that are counted: each process has loaded by then what it needs."""
DEMO, IDLE = "six demo channels", "six channels that do nothing"
GOALS = {DEMO: Goal(0.035, at_least=True), IDLE: Goal(0.08, at_least=True)}
"""What is in the way of more: docs/performance.md."""
ALONE = {DEMO: Goal(0.8, at_least=True), IDLE: Goal(0.35, at_least=True)}
MEMORY = Goal(200)
LEAD = 0.05
"""Seconds from the gate to the instant, where channels do nothing. With the usual half a second the gate would be
measured and not the work: eight articles at once wait for their instant, so some eleven a second go out on any machine,
however quick."""


class Rate(NamedTuple):
    """Deliveries a second, and seconds of processor time of the newsroom's processes for each."""

    per_second: float
    processor: float

    def __str__(self) -> str:
        return f"{self.per_second:.0f}/s, {self.processor * 1000:.0f} ms CPU each"


def lines(
    folder: Path, articles: int = ARTICLES, workers: Sequence[int] = (1, 2, 4), server: str = ""
) -> Iterator[Line]:
    """The table's lines. `server`: a PostgreSQL server's URL; "": SQLite."""
    database = "PostgreSQL" if server else "SQLite"
    for what, file in ((DEMO, demo_file()), (IDLE, idle_newsroom(folder, lead=LEAD))):
        place = folder / database / what.replace(" ", "-")
        alone = _alone(file, place / "alone", articles, fresh_database(server) if server else "")
        for count in workers:
            environment = environment_of(file, place / str(count), fresh_database(server) if server else "")
            with running(environment, count) as engine:
                noops = noops_a_second(engine, environment)
                rate = _rate(engine, articles)
                most = peaks(engine.configuration.data)
            named = f"{what}, {count} worker{'s' if count > 1 else ''}, {database}"
            yield Line(
                f"{named}: deliveries a second",
                f"{rate}",
                f"no-op Celery tasks: {noops:.0f}/s",
                rate.per_second / noops,
                GOALS[what],
            )
            yield Line(
                f"{named}: the same",
                f"{rate}",
                f"one process alone: {alone}",
                rate.per_second / alone.per_second,
                ALONE[what],
            )
            largest = max(most, key=lambda role: most[role])
            yield Line(f"{named}: largest process", f"{most[largest]:.0f} MB", largest, most[largest], MEMORY)


def on_postgresql(folder: Path, articles: int = ARTICLES, workers: Sequence[int] = (1, 2, 4)) -> Iterator[Line]:
    """The same lines with a PostgreSQL server of their own."""
    with postgresql_server(folder / "server") as server:
        yield from lines(folder, articles, workers, server.url)


def environment_of(file: Path, data: Path, database: str = "") -> dict[str, str]:
    """This process's environment for a newsroom without a web server, on this database or on SQLite in `data`."""
    told = {"TONGFA_CONFIG": str(file), "TONGFA_DATA": str(data), "TONGFA_LISTEN": "", "TONGFA_LOG": "json"}
    return {**os.environ, **told, **({"TONGFA_DATABASE_URL": database} if database else {})}


@contextmanager
def running(environment: dict[str, str], workers: int = 1) -> Iterator[Engine]:
    """A newsroom with so many workers."""
    configuration = load(Path(environment["TONGFA_CONFIG"]), environment)
    with ExitStack() as stack:
        for count in range(1, workers + 1):
            words = ["up"] if count == 1 else ["worker"]
            stack.enter_context(_process([sys.executable, "-m", "pipeline", *words], environment))
            until(lambda least=count: _workers(configuration) >= least)  # type: ignore[misc]
        yield stack.enter_context(closing(tasks.open_engine(configuration)))


def _workers(configuration: Configuration) -> int:
    """How many work on each queue."""
    here = tasks.signs_of_life(configuration)
    return min(len(list(here.glob(f"{queue}-*"))) for queue in (sending.STEPS, sending.RELEASES))


@contextmanager
def _process(command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    """A process that ends with its standard input."""
    process = subprocess.Popen(
        command,
        env={**environment, "TONGFA_ATTACHED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.communicate()


def until(done: Callable[[], bool], limit: float = 600, pause: float = 0.02) -> None:
    """Look until it is so. Raises TimeoutError."""
    waiting, deadline = threading.Event(), time.monotonic() + limit
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the bench has waited too long")
        waiting.wait(pause)


def _rate(engine: Engine, articles: int) -> Rate:
    for n in range(WARM):
        _publish(engine, f"热身{n}")
    _settled(engine)
    data = engine.configuration.data
    before, began = used(data), time.perf_counter()
    for n in range(articles):
        _publish(engine, f"第{n}篇批量稿件")
    _settled(engine)
    took = time.perf_counter() - began
    deliveries = articles * len(engine.newsroom.outlets)
    return Rate(deliveries / took, (used(data) - before) / deliveries)


def _publish(engine: Engine, headline: str) -> None:
    engine.publish(article_of(headline), {}, editor="bench")


def _settled(engine: Engine) -> None:
    """Wait until nothing is under way. Raises where something has not gone out."""
    until(lambda: not engine.store.health(engine.clock.now()).rollouts.keys() & set(UNDER_WAY), pause=0.1)
    counts = engine.store.health(engine.clock.now()).rollouts
    if counts.keys() != {RolloutState.COMPLETE}:
        raise RuntimeError(f"not everything went out: {counts}")


def noops_a_second(engine: Engine, environment: dict[str, str]) -> float:
    """How many Celery tasks a second that only count, by one worker with the newsroom's settings."""
    with noop_worker(engine, environment) as counted:
        began = time.perf_counter()
        counted(NOOPS)
        return NOOPS / (time.perf_counter() - began)


@contextmanager
def noop_worker(engine: Engine, environment: dict[str, str]) -> Iterator[Callable[[int], None]]:
    """Sends so many tasks that only count, and returns when all have been done."""
    configuration = engine.configuration
    app = tasks.celery_app(broker.address(configuration))
    command = [sys.executable, "-m", "tests.benchmarks.noop", environment["TONGFA_CONFIG"]]
    worker = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with closing(broker.client(configuration)) as client:

            def counted(count: int) -> None:
                client.set("bench.done", 0)
                for _ in range(count):
                    app.send_task("bench.noop", queue="bench", retry=False)
                until(lambda: int(client.get("bench.done") or 0) >= count, pause=0.001)

            counted(1)
            yield counted
    finally:
        worker.terminate()
        worker.wait()


# -- one process alone --------------------------------------------------------------------------------


class Alone(NamedTuple):
    """An engine without broker and workers: every step is run here, one after the other."""

    engine: Engine
    wakes: list[int]

    @classmethod
    def of(cls, file: Path, data: Path, database: str = "") -> Alone:
        """A newsroom of its own in `data`, whose rollouts wait for no instant."""
        data.mkdir(parents=True)
        told = {"TONGFA_DATA": str(data), **({"TONGFA_DATABASE_URL": database} if database else {})}
        configuration: Configuration = load(file, told).model_copy(update={"pace": Pace(lead=timedelta(0))})
        store = Store(configuration.database, pace=configuration.pace, locks=data / "locks")
        store.migrate()
        wakes: list[int] = []
        return cls(Engine(configuration, store, send=lambda sent: wakes.extend(one.delivery_id for one in sent)), wakes)

    def publish(self, article: Article) -> str:
        rollout = self.engine.publish(article, {}, editor="bench").rollout_id
        self.work()
        return self.settled(rollout)

    def work(self) -> None:
        """Do every step that somebody was woken for."""
        while self.wakes:
            self.engine.run(self.wakes.pop(0))

    def settled(self, rollout: str) -> str:
        """The article of a rollout that is complete. Raises RuntimeError for another."""
        report = self.engine.store.report(rollout)
        if report.state is not RolloutState.COMPLETE:
            raise RuntimeError(report)
        return report.article


def _alone(file: Path, data: Path, articles: int, database: str) -> Rate:
    alone = Alone.of(file, data, database)
    with closing(alone.engine):
        for n in range(WARM):
            alone.publish(article_of(f"热身{n}"))
        began, before = time.perf_counter(), time.process_time()
        for n in range(articles):
            alone.publish(article_of(f"第{n}篇批量稿件"))
        took, spent = time.perf_counter() - began, time.process_time() - before
        deliveries = articles * len(alone.engine.newsroom.outlets)
    return Rate(deliveries / took, spent / deliveries)


def main() -> None:
    parser = argparse.ArgumentParser(description="deliveries a second")
    parser.add_argument("--articles", type=int, default=ARTICLES)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--postgresql", action="store_true", help="on PostgreSQL instead of SQLite")
    given = parser.parse_args()
    if given.postgresql:
        show(lambda folder: on_postgresql(folder, given.articles, given.workers))
    else:
        show(lambda folder: lines(folder, given.articles, given.workers))


if __name__ == "__main__":
    main()
