"""A channel in memory whose answers get lost, and a clock that stands still: for the engine's property tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.article import Newsroom, Outlet, Revision
from pipeline.channel import (
    Action,
    Channel,
    Correction,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Refused,
    Rendition,
    Setting,
    Standing,
    Text,
    Unavailable,
)

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)

TROUBLE = Problem(field="http", message=Text.of("the line is bad"), remedy=Text.of("wait"))


class ManualClock:
    """Time moves only when somebody moves it."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def wait_until(self, moment: datetime) -> None:
        self.moment = max(self.moment, moment)

    def advance(self, by: timedelta) -> None:
        self.moment += by


class Outside(Channel):
    """An outlet that has no idempotency key and answers questions; `weather` says what happens to each call.

    It returns "" (all is well), "lost" (effect without answer), "busy" (neither), or "refused".
    `deeds` is the outlet's own record: (what, article, revision).
    """

    kind = "outside"
    corrects = Correction.IN_PLACE

    def __init__(self, setting: Setting, clock: ManualClock, weather: Callable[[str], str]) -> None:
        super().__init__(setting)
        self.clock = clock
        self.weather = weather
        self.staged: set[tuple[str, str]] = set()
        self.public: dict[str, tuple[int, str]] = {}
        self.gone: set[str] = set()
        self.deeds: list[tuple[str, str, int]] = []
        self.released_at: dict[str, datetime] = {}

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        return Rendition.of("text/plain", f"{revision.id} {revision.number} {revision.published_at} {newsroom.name}")

    def _do(self, what: str, effect: Callable[[], None]) -> None:
        weather = self.weather(what)
        if weather == "refused":
            raise Refused(TROUBLE)
        if weather == "busy":
            raise Unavailable(TROUBLE)
        effect()
        if weather == "lost":
            raise Unavailable(TROUBLE, sent=True)

    def prepare(self, delivery: Delivery) -> Receipt:
        assert delivery.rendition is not None
        entry = (delivery.revision.id, delivery.rendition.digest)
        self._do("prepare", lambda: self.staged.add(entry))
        return Receipt(standing=Standing.STAGED)

    def release(self, delivery: Delivery) -> Receipt:
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None or entry.withdrawn_at is not None or entry.revision.number > delivery.revision.number:
            return self.find(delivery)
        assert delivery.rendition is not None
        digest = delivery.rendition.digest
        assert (delivery.revision.id, digest) in self.staged, "released without having been prepared"

        def effect() -> None:
            self.public[delivery.revision.id] = (delivery.revision.number, digest)
            self.deeds.append(("release", delivery.revision.id, delivery.revision.number))
            self.released_at[delivery.revision.id] = self.clock.now()

        self._do("release", effect)
        return Receipt(standing=Standing.LIVE)

    def find(self, delivery: Delivery) -> Receipt:
        self._do("find", lambda: None)
        if delivery.action is Action.WITHDRAW:
            live = delivery.revision.id in self.public
            gone = Standing.WITHDRAWN if delivery.revision.id in self.gone else Standing.ABSENT
            return Receipt(standing=Standing.LIVE if live else gone)
        assert delivery.rendition is not None
        digest = delivery.rendition.digest
        if self.public.get(delivery.revision.id, (0, ""))[1] == digest:
            return Receipt(standing=Standing.LIVE)
        staged = (delivery.revision.id, digest) in self.staged
        return Receipt(standing=Standing.STAGED if staged else Standing.ABSENT)

    def withdraw(self, delivery: Delivery) -> Receipt:
        def effect() -> None:
            if self.public.pop(delivery.revision.id, None) is not None:
                self.gone.add(delivery.revision.id)
                self.deeds.append(("withdraw", delivery.revision.id, delivery.revision.number))

        self._do("withdraw", effect)
        return Receipt(standing=Standing.WITHDRAWN if delivery.revision.id in self.gone else Standing.ABSENT)

    def verify(self, delivery: Delivery) -> Evidence:
        return Evidence(url="memory:", at=self.clock.now(), standing=self.find(delivery).standing)

    def check(self) -> list[Problem]:
        return []


def setting_for(outlet: Outlet, newsroom: Newsroom, data: object) -> Setting:
    return Setting(outlet=outlet, newsroom=newsroom, data=Path(str(data)))
