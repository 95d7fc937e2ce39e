"""Workers that do nothing but the engine's own work: processes of several threads, on channels that do nothing.

    load(url, folder, workers=3, articles=12)  →  how many rollouts have come to their end

Each publishes its articles and works at whatever is due, as a worker does, without Celery.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from pipeline.article import Newsroom, Outlet, Revision
from pipeline.channel import Channel, Correction, Delivery, Evidence, Problem, Receipt, Rendition, Standing, utc_now
from pipeline.engine import Engine
from pipeline.newsroom import Configuration
from pipeline.record import tables
from pipeline.record.store import Store
from pipeline.rollout import Pace, RolloutState
from pipeline.testing import article_of, newsroom_of
from tests.engine.bench import RUNNING
from tests.engine.simulation import setting_for
from tests.standins.running import ROOT

CHANNELS = tuple(Outlet(id=f"c{n}", kind="nothing", name=f"c{n}") for n in range(6))
PACE = Pace(lead=timedelta(milliseconds=50), arm=timedelta(milliseconds=30), sweep=timedelta(milliseconds=200))
THREADS = 4


class Nothing(Channel):
    """Does nothing, and says it did."""

    kind = "nothing"
    corrects = Correction.IN_PLACE

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        return Rendition.of("text/plain", revision.article.headline)

    def prepare(self, delivery: Delivery) -> Receipt:
        return Receipt(standing=Standing.STAGED)

    def release(self, delivery: Delivery) -> Receipt:
        return Receipt(standing=Standing.LIVE)

    def find(self, delivery: Delivery) -> Receipt:
        return Receipt(standing=Standing.ABSENT)

    def withdraw(self, delivery: Delivery) -> Receipt:
        return Receipt(standing=Standing.WITHDRAWN)

    def verify(self, delivery: Delivery) -> Evidence:
        return Evidence(url="", at=utc_now(), standing=Standing.LIVE, digest="", extract="")

    def check(self) -> list[Problem]:
        return []


def load(url: str, folder: Path, *, workers: int, articles: int) -> int:
    """Run that many processes, each with that many articles, to their end; how many rollouts are complete."""
    with closing(Store(url, pace=PACE, locks=folder)) as store:
        store.migrate()
        command = [sys.executable, "-m", "tests.engine.load", url, str(folder), str(articles)]
        running = [subprocess.Popen([*command, str(number)], cwd=ROOT) for number in range(workers)]
        assert [one.wait() for one in running] == [0] * workers
        assert store.broken_event() is None
        with store.reading() as tx:
            complete = tables.rollout.c.state == RolloutState.COMPLETE
            return tx.scalar(select(func.count()).select_from(tables.rollout).where(complete)) or 0


def main() -> None:
    url, folder, articles, number = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    newsroom = newsroom_of(*CHANNELS)
    configuration = Configuration(
        path=folder / "newsroom.toml",
        newsroom=newsroom,
        pace=PACE,
        data=folder,
        database=url,
        broker="",
        workers=THREADS,
        releases=THREADS,
        listen="",
    )
    messages: queue.SimpleQueue[int] = queue.SimpleQueue()
    with closing(Store(url, pace=PACE, locks=folder)) as store:
        engine = Engine(
            configuration,
            store,
            send=lambda wakes: [messages.put(wake.delivery_id) for wake in wakes] and None,
            channels={outlet.id: Nothing(setting_for(outlet, newsroom, folder)) for outlet in CHANNELS},
        )
        ended = threading.Event()
        failures: list[BaseException] = []

        def forever(deed: Callable[[], object], pause: float) -> threading.Thread:
            def run() -> None:
                try:
                    while not ended.wait(pause):
                        deed()
                except BaseException as error:
                    failures.append(error)
                    raise

            thread = threading.Thread(target=run)
            thread.start()
            return thread

        def work() -> None:
            try:
                delivery = messages.get(timeout=0.1)
            except queue.Empty:
                return
            engine.run(delivery)

        loops = [forever(work, 0) for _ in range(THREADS)]
        loops += [forever(engine.sweep, PACE.sweep / timedelta(seconds=1)), forever(engine.seal, 0.2)]
        for n in range(articles):
            engine.publish(article_of(f"第{number}-{n}条"), {}, editor="记者甲")
        query = select(func.count()).select_from(tables.rollout).where(tables.rollout.c.state.in_(RUNNING))

        def under_way() -> int:
            with store.reading() as tx:
                return tx.scalar(query) or 0

        while under_way() and not failures:
            ended.wait(0.1)
        ended.set()
        for loop in loops:
            loop.join()
        sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
