"""An engine on the bench: outlets in memory, a clock that the test moves, messages that wait to be run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.article import Article, Column, Outlet
from pipeline.engine import Engine, Piece
from pipeline.newsroom import Configuration
from pipeline.record.gate import Wake
from pipeline.record.report import DeliveryReport, Report
from pipeline.record.store import Store
from pipeline.record.submission import Accepted
from pipeline.rollout import Pace, RolloutState
from pipeline.testing import article_of, newsroom_of
from tests.engine.simulation import Bundling, ManualClock, Outside, setting_for

PACE = Pace()
OUTLETS = tuple(Outlet(id=name, kind="outside", name=name) for name in ("site", "post", "app"))
BUNDLING = tuple(
    Outlet(id=name, kind=kind, name=name)
    for name, kind in (("site", "outside"), ("post", "bundling"), ("app", "outside"))
)
"""`post` puts up to three articles of a rollout into one publication."""
RUNNING = [RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]


class Bench:
    """An engine with outlets in memory; messages are kept until somebody runs them.

    `weather` holds what happens to the next call of each sort, whichever outlet gets it; an outlet's own `weather`
    can be set instead.
    """

    def __init__(
        self, url: str, data: Path, outlets: tuple[Outlet, ...] = OUTLETS, outside: type[Outside] = Outside
    ) -> None:
        self.clock = ManualClock()
        self.messages: list[Wake] = []
        self.weather: dict[str, str] = {}
        self.newsroom = newsroom_of(*outlets)
        configuration = Configuration(
            path=data / "newsroom.toml",
            newsroom=self.newsroom,
            pace=PACE,
            data=data,
            database=url,
            broker="",
            workers=1,
            releases=3,
            listen="",
        )
        self.store = Store(url, pace=PACE, locks=data / "locks")
        self.store.migrate()
        kinds = {"outside": outside, "bundling": Bundling}
        self.outlets = {
            one.id: kinds[one.kind](
                setting_for(one, self.newsroom, data), self.clock, lambda what: self.weather.pop(what, "")
            )
            for one in outlets
        }
        self.engine = Engine(
            configuration,
            self.store,
            send=self.messages.extend,
            clock=self.clock,
            chance=lambda: 0.0,
            channels=self.outlets,
        )

    # -- editors --------------------------------------------------------------------------------------

    def publish(self, headline: str = "武山架豆喜获丰收", **fields: object) -> str:
        return self.engine.publish(article_of(headline, **fields), {}, editor="记者甲").article_id

    def together(self, *headlines: str, at: datetime | None = None, **fields: object) -> Accepted:
        pieces = [Piece(article_of(one, **fields), {}) for one in headlines]
        return self.engine.publish_together(pieces, editor="记者甲", go_live_at=at)

    def correct(self, known: str, body: str) -> str:
        article = self.store.revision(known).article.model_copy(update={"body": body})
        return self.engine.correct(known, article, {}, editor="记者甲", note="有误").rollout_id

    def withdraw(self, known: str) -> str:
        return self.engine.withdraw(known, reason="撤", editor="记者甲").rollout_id

    def open(self, column: Column, note: Article | None = None, at: datetime | None = None) -> Accepted:
        """Open a column; its 编者按 is the note's text, or what the column has."""
        told = note or article_of("-", body=f"<p>{column.note or column.description}</p>", column="")
        return self.engine.open_column(column, Piece(told, {}), editor="记者甲", go_live_at=at)

    # -- workers --------------------------------------------------------------------------------------

    def arrive(self) -> None:
        """Every message that is under way arrives, and those that this sends; no time passes but for a release."""
        while self.messages:
            self.engine.run(self.messages.pop(0).delivery_id)

    def run(self) -> None:
        """Until nothing is due any more; time passes only where something waits for it."""
        for _ in range(60):
            self.arrive()
            if not self.store.reports(RUNNING):
                return
            self.clock.advance(timedelta(seconds=2))
            self.engine.sweep()

    def sweep(self) -> None:
        """What is due is woken, and done."""
        self.engine.sweep()
        self.arrive()

    # -- readers --------------------------------------------------------------------------------------

    def report(self, known: str) -> Report:
        return self.store.report(self.store.latest_rollout(known) if known.startswith("a") else known)

    def part(self, rollout: str, channel: str, article: str = "") -> DeliveryReport:
        """One delivery of a rollout; `article`: its id, if there are several."""
        (found,) = [
            one
            for one in self.store.report(rollout).deliveries
            if one.channel == channel and article in ("", one.article)
        ]
        return found


def at_once(count: int, deed: Callable[[int], object]) -> list[object]:
    """`deed` in `count` threads that start together."""
    barrier = threading.Barrier(count)

    def started(number: int) -> object:
        barrier.wait()
        return deed(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(started, range(count)))
