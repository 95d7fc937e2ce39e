"""Each kind of channel by itself: rendering the example article, and everything from preparing to reading back."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from channels.http import Http
from channels.tv import spoken
from pipeline.article import Outlet
from pipeline.channel import Setting
from pipeline.manuscript import read
from pipeline.newsroom import demo_file, examples, kind
from pipeline.standins.fake_wechat import DEMO, Server
from pipeline.testing import MemoryNotebook, Rehearsal, article_of, newsroom_of, revision_of
from tests.benchmarks.table import Line
from tests.benchmarks.throughput import Alone

ROUNDS = 15


def lines(folder: Path) -> Iterator[Line]:
    yield _spoken()
    yield from _renditions(folder / "renditions")
    yield _outside_http(folder / "wechat")


def _renditions(data: Path) -> Iterator[Line]:
    """The whole of the example article, kind by kind: rendering, and everything from preparing to reading back."""
    article = read(examples() / "wushan-sibuzhai.md").article.model_copy(update={"column": "yaowen"})
    engine = Alone.of(demo_file(), data).engine
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
            delivery = rehearsal.publish(revision)
            rehearsal.verify(delivery)
            wholes.setdefault(name, []).append(time.perf_counter() - started)
    for name in rehearsals:
        rate = 1 / statistics.median(renders[name])
        yield Line(
            f"{name}: the example article, prepared, released and read back",
            _ms(wholes[name]),
            f"rendering alone: {_ms(renders[name])}, {rate:.0f}/s",
            statistics.median(wholes[name]) / statistics.median(renders[name]),
        )
    engine.close()


def _spoken() -> Line:
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
    return Line(
        f"tv: the example's spoken form, {len(text)} characters, {rate:,.0f} a second",
        _ms(times),
        f"loading the model, once a worker: {loaded * 1000:.0f} ms",
        statistics.median(times) / loaded,
    )


def _outside_http(data: Path) -> Line:
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
    return Line(
        "wechat: time outside its own HTTP calls, draft to read-back",
        _ms(beside),
        f"inside them, on loopback: {_ms(calls[1:])}",
        statistics.median(beside) / statistics.median(calls[1:]),
    )


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.1f} ms"
