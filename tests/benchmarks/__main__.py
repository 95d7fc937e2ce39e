"""`make bench`: what Tongfa costs, as ratios measured in one run, in the form of the README's table.

Absolute times on a shared machine say little; each figure here stands beside what it is compared with, both measured
in turn in this run: an empty Celery group, no-op Celery tasks, the same deed on a small archive.
"""

from __future__ import annotations

import logging
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from sqlalchemy import insert

from channels.http import Http
from channels.tv import spoken
from pipeline.article import Article, Outlet
from pipeline.channel import Action, Delivery, Receipt, Setting, Standing
from pipeline.engine import Engine
from pipeline.manuscript import read
from pipeline.newsroom import Configuration, demo_file, examples, kind, load
from pipeline.record import tables
from pipeline.record.store import Store
from pipeline.rollout import DeliveryState, Pace, RolloutState
from pipeline.standins.fake_wechat import DEMO, Server
from pipeline.testing import MemoryNotebook, Rehearsal, article_of, newsroom_of, revision_of
from pipeline.workers import broker, logs, tasks
from tests.benchmarks import commands, importing, skew, television

ARCHIVES = (100, 1_000, 10_000)
ROUNDS = 15
NOOPS = 2_000
ARTICLES = 60


def main() -> None:
    logs.configure(logging.ERROR)
    print("| what | measured | beside | ratio |\n|---|---|---|---|")
    _spoken()  # before anything else has loaded the model
    with tempfile.TemporaryDirectory(prefix="tongfa-bench-") as folder:
        for row in commands.rows(Path(folder) / "commands"):
            _row(*row)
        _live(Path(folder) / "live")
        _archive(Path(folder))
        _renditions(Path(folder) / "renditions")
        _row(*television.row())
        for row in importing.rows(Path(folder) / "importing"):
            _row(*row)
        _outside_http(Path(folder) / "wechat")
    print()
    skew.measure()


def _row(what: str, measured: str, beside: str, ratio: float | str) -> None:
    shown = ratio if isinstance(ratio, str) else f"{ratio:.2f}"
    print(f"| {what} | {measured} | {beside} | {shown} |", flush=True)


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.1f} ms"


# -- a running newsroom against bare Celery -------------------------------------------------------------


def _live(data: Path) -> None:
    data.mkdir()
    environment = {**os.environ, "TONGFA_DATA": str(data), "TONGFA_LOG": "json"}
    configuration = load(demo_file(), environment)
    with _processes(environment):
        engine = tasks.open_engine(configuration)
        client = broker.client(configuration)
        channels = len(configuration.newsroom.outlets)
        app = tasks.celery_app(broker.address(configuration))
        lead = configuration.pace.lead / timedelta(seconds=1)

        def group() -> float:
            client.set("bench.done", 0)
            started = time.perf_counter()
            for _ in range(channels):
                app.send_task("bench.noop", queue="bench", retry=False)
            _until(lambda: int(client.get("bench.done") or 0) >= channels)
            return time.perf_counter() - started

        def live(number: int) -> float:
            article = article_of(f"第{number}篇测速稿件")
            started = time.perf_counter()
            rollout = engine.publish(article, {}, editor="bench").rollout_id
            _until(lambda: all(one.live_at for one in engine.store.report(rollout).deliveries))
            return time.perf_counter() - started - lead

        _row(*commands.submitting(data, {**environment, "TONGFA_CONFIG": str(demo_file())}, "a newsroom is up"))
        group(), live(0)
        groups, lives = zip(*[(group(), live(n + 1)) for n in range(ROUNDS)], strict=True)
        _row(
            f"submit → live on {channels} channels, without the lead of {lead * 1000:.0f} ms",
            _ms(lives),
            f"empty Celery group of {channels}: {_ms(groups)}",
            statistics.median(lives) / statistics.median(groups),
        )
        client.set("bench.done", 0)
        started = time.perf_counter()
        for _ in range(NOOPS):
            app.send_task("bench.noop", queue="bench", retry=False)
        _until(lambda: int(client.get("bench.done") or 0) >= NOOPS)
        noops = NOOPS / (time.perf_counter() - started)
        started = time.perf_counter()
        for n in range(ARTICLES):
            engine.publish(article_of(f"第{n}篇批量稿件"), {}, editor="bench")
        _until(lambda: not engine.store.reports([RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]))
        deliveries = ARTICLES * channels / (time.perf_counter() - started)
        _row(
            "deliveries a second, each prepared, released and read back",
            f"{deliveries:.0f}/s",
            f"no-op Celery tasks: {noops:.0f}/s",
            deliveries / noops,
        )
        client.close()
        engine.close()


@contextmanager
def _processes(environment: dict[str, str]) -> Iterator[None]:
    """A newsroom, and a worker with the same settings for a task that does nothing."""
    up = subprocess.Popen(
        [sys.executable, "-m", "pipeline", "up", "--config", str(demo_file())],
        env={**environment, "TONGFA_ATTACHED": "1", "PYTHONUNBUFFERED": "1", "TONGFA_LISTEN": "127.0.0.1:8765"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    noop = None
    try:
        _until(lambda: any((Path(environment["TONGFA_DATA"]) / "run/workers").glob("releases-*")))
        noop = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.noop", str(demo_file())],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        yield
    finally:
        if noop is not None:
            noop.terminate()
            noop.wait()
        up.communicate()


def _until(done: Callable[[], bool], limit: float = 300) -> None:
    """Look every millisecond."""
    pause, deadline = threading.Event(), time.monotonic() + limit
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the bench has waited too long")
        pause.wait(0.001)


class Alone(NamedTuple):
    """An engine without broker and workers: every step is run here, one after the other."""

    engine: Engine
    wakes: list[int]

    def publish(self, article: Article) -> str:
        rollout = self.engine.publish(article, {}, editor="bench").rollout_id
        while self.wakes:
            self.engine.run(self.wakes.pop(0))
        report = self.engine.store.report(rollout)
        if report.state is not RolloutState.COMPLETE:
            raise RuntimeError(report)
        return report.article


# -- one more article, on archives of three sizes -------------------------------------------------------


def _archive(folder: Path) -> None:
    newsrooms = {size: _filled(folder / str(size), size) for size in ARCHIVES}
    times: dict[int, list[float]] = {size: [] for size in ARCHIVES}
    for n in range(ROUNDS):
        for size, newsroom in newsrooms.items():  # in turn: what disturbs one disturbs all
            started = time.perf_counter()
            newsroom.publish(article_of(f"档案{size}之外的第{n}篇"))
            times[size].append(time.perf_counter() - started)
    base = statistics.median(times[ARCHIVES[0]])
    channels = len(newsrooms[ARCHIVES[0]].engine.newsroom.outlets)
    for size in ARCHIVES[1:]:
        _row(
            f"one more article on {channels} channels, {size:,} in the archive",
            _ms(times[size]),
            f"{ARCHIVES[0]} in the archive: {base * 1000:.1f} ms",
            statistics.median(times[size]) / base,
        )
    for newsroom in newsrooms.values():
        newsroom.engine.close()


def _alone(data: Path) -> Alone:
    data.mkdir()
    configuration: Configuration = load(demo_file(), {"TONGFA_DATA": str(data)}).model_copy(
        update={"pace": Pace(lead=timedelta(0))}
    )
    store = Store(configuration.database, pace=configuration.pace, locks=data / "locks")
    store.migrate()
    wakes: list[int] = []
    return Alone(Engine(configuration, store, send=lambda sent: wakes.extend(wake.delivery_id for wake in sent)), wakes)


def _filled(data: Path, size: int) -> Alone:
    """A newsroom with `size` articles: the first published, the others copied in the database and as files."""
    alone = _alone(data)
    engine = alone.engine
    first = alone.publish(article_of("档案之首", column="yaowen"))
    newsroom, site = engine.newsroom, engine.configuration.site
    revision = engine.store.revision(first)
    page = (site / newsroom.path(revision)).read_bytes()
    rows: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("article", "revision", "rollout", "delivery", "placement")
    }
    now = engine.clock.now()
    for number in range(2, size + 1):
        at = now - timedelta(minutes=size - number)
        article = article_of(f"档案第{number}篇", column="yaowen")
        rows["article"].append(
            {"id": number, "key": article.key, "column": "yaowen", "published_at": at, "accepted_at": at}
        )
        rows["revision"].append(
            {
                "article_id": number,
                "number": 1,
                "digest": article.digest,
                "record": article.model_dump_json(),
                "corrected_at": None,
                "note": "",
                "accepted_at": at,
            }
        )
        rows["rollout"].append(
            {
                "id": number,
                "article_id": number,
                "revision": 1,
                "action": Action.PUBLISH,
                "state": RolloutState.COMPLETE,
                "go_live_at": at,
                "release_at": at,
                "reason": "",
                "editor": "bench",
                "accepted_at": at,
                "ended_at": at,
            }
        )
        for offset, outlet in enumerate(newsroom.outlets):
            delivery = len(newsroom.outlets) * (number - 1) + offset + 1
            rows["delivery"].append(_delivery(delivery, number, outlet, Receipt(standing=Standing.LIVE)))
            rows["placement"].append(
                {
                    "delivery_id": delivery,
                    "channel": outlet.id,
                    "article_id": number,
                    "revision": 1,
                    "column": "yaowen",
                    "ordinal": number,
                    "column_ordinal": number,
                    "instant": at,
                    "withdrawn": False,
                    "reason": "",
                }
            )
        target = site / newsroom.path(revision_of(article, id=f"a{number}", at=at))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(page)
    with engine.store.writing() as tx:
        for name, values in rows.items():
            tx.execute(insert(tables.metadata.tables[name]), values)
        tx.execute(tables.counter.update().values(value=size))
    alone.publish(article_of("档案之末"))
    return alone


def _delivery(number: int, article: int, outlet: Outlet, receipt: Receipt) -> dict[str, object]:
    return {
        "id": number,
        "rollout_id": article,
        "article_id": article,
        "revision": 1,
        "channel": outlet.id,
        "kind": outlet.kind,
        "action": Action.PUBLISH,
        "required": True,
        "state": DeliveryState.VERIFIED,
        "fence": 1,
        "doubt": False,
        "overtaken": False,
        "bundled": False,
        "attempts": 0,
        "tries": 3,
        "receipt": receipt.model_dump_json(),
    }


# -- each kind by itself --------------------------------------------------------------------------------


def _renditions(data: Path) -> None:
    """The whole of the example article, kind by kind: rendering, and everything from preparing to reading back."""
    article = read(examples() / "wushan-sibuzhai.md").article.model_copy(update={"column": "yaowen"})
    engine = _alone(data).engine
    renders: dict[str, list[float]] = {}
    wholes: dict[str, list[float]] = {}
    rehearsals = {outlet.id: Rehearsal(engine.channel(outlet.id)) for outlet in engine.newsroom.outlets}
    for n in range(1, ROUNDS + 1):
        revision = revision_of(article.model_copy(update={"headline": f"{article.headline}{n}"}), id=f"a{n}")
        for name, rehearsal in rehearsals.items():
            started = time.perf_counter()
            rehearsal.channel.render(revision, engine.newsroom)
            renders.setdefault(name, []).append(time.perf_counter() - started)
            started = time.perf_counter()
            delivery: Delivery = rehearsal.publish(revision)
            rehearsal.verify(delivery)
            wholes.setdefault(name, []).append(time.perf_counter() - started)
    for name in rehearsals:
        rate = 1 / statistics.median(renders[name])
        _row(
            f"{name}: the example article, prepared, released and read back",
            _ms(wholes[name]),
            f"rendering alone: {_ms(renders[name])}, {rate:.0f}/s",
            statistics.median(wholes[name]) / statistics.median(renders[name]),
        )
    engine.close()


def _spoken() -> None:
    """The spoken form of the example article, once the model is loaded."""
    text = "\n".join(read(examples() / "wushan-sibuzhai.md").article.paragraphs())
    started = time.perf_counter()
    spoken.model()
    loaded = time.perf_counter() - started
    spoken.spoken(text)
    times = []
    for n in range(ROUNDS):
        started = time.perf_counter()
        spoken.spoken(f"{text}{n}")
        times.append(time.perf_counter() - started)
    rate = len(text) / statistics.median(times)
    _row(
        f"tv: the example's spoken form, {len(text)} characters, {rate:,.0f} a second",
        _ms(times),
        f"loading the model, once a worker: {loaded * 1000:.0f} ms",
        statistics.median(times) / loaded,
    )


def _outside_http(data: Path) -> None:
    """What an account's delivery costs beside its own calls: everything but the time inside `Http`."""
    inside: list[float] = []
    once = Http._once

    def timed(self: Http, *given: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            return once(self, *given, **named)
        finally:
            inside.append(time.perf_counter() - started)

    appid, settings = next(iter(DEMO.items()))
    account = {appid: replace(settings, delay=0)}
    with Server("127.0.0.1", 0, data / "fake", account) as server, mock.patch.object(Http, "_once", timed):
        options = {"appid": appid, "api": server.api, "follow": 0}
        outlet = Outlet(id="bench", kind="wechat", name="武山发布", options=options)
        newsroom = newsroom_of(outlet)
        setting = Setting(
            notebook=MemoryNotebook(),
            outlet=outlet,
            newsroom=newsroom,
            data=data,
            secrets={"TONGFA_BENCH_SECRET": settings.secret},
        )
        rehearsal = Rehearsal(kind("wechat")(setting))
        whole, calls = [], []
        for n in range(ROUNDS + 1):
            inside.clear()
            started = time.perf_counter()
            rehearsal.verify(rehearsal.publish(revision_of(article_of(f"第{n}篇"), id=f"a{n + 1}")))
            whole.append(time.perf_counter() - started)
            calls.append(sum(inside))
    beside = [total - http for total, http in zip(whole[1:], calls[1:], strict=True)]
    _row(
        "wechat: time outside its own HTTP calls, draft to read-back",
        _ms(beside),
        f"inside them, on loopback: {_ms(calls[1:])}",
        statistics.median(beside) / statistics.median(calls[1:]),
    )


if __name__ == "__main__":
    main()
