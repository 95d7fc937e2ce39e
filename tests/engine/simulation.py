"""Channels in memory whose answers get lost, and a clock that stands still: for the engine's property tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline import lease
from pipeline.article import Newsroom, Outlet, Revision
from pipeline.channel import (
    Action,
    Channel,
    Companion,
    Correction,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Recovery,
    Refused,
    Rendition,
    Setting,
    Standing,
    Text,
    Unavailable,
)
from pipeline.testing import MemoryNotebook

START = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)

LATE = timedelta(seconds=2.9)
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

    It returns "" (all is well), "lost" (effect without answer), "late" (the effect comes `LATE` after the line broke
    off), "busy" (neither), "refused", or "stopped": `stop` is called, as if the worker had been stopped before it sent
    anything.
    `deeds` is the outlet's own record: (what, article, revision).
    """

    kind = "outside"
    corrects = Correction.IN_PLACE

    def __init__(self, setting: Setting, clock: ManualClock, weather: Callable[[str], str]) -> None:
        super().__init__(setting)
        self.clock = clock
        self.weather = weather
        self.stop: Callable[[], None] = lambda: None
        self.coming: list[tuple[datetime, Callable[[], None]]] = []
        self.staged: set[tuple[str, str]] = set()
        self.public: dict[str, tuple[int, str]] = {}
        self.gone: set[str] = set()
        self.deeds: list[tuple[str, str, int]] = []
        self.released_at: dict[str, datetime] = {}
        self.problems: list[Problem] = []
        self.checks = 0

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        return Rendition.of("text/plain", f"{revision.id} {revision.number} {revision.published_at} {newsroom.name}")

    def _do(self, what: str, effect: Callable[[], None]) -> None:
        weather = self.weather(what)
        if weather == "stopped":
            self.stop()
        if what != "find":
            lease.require()
        self.arrive()
        if weather == "refused":
            raise Refused(TROUBLE)
        if weather == "busy":
            raise Unavailable(TROUBLE)
        if weather == "late":
            self.coming.append((self.clock.now() + LATE, effect))
        else:
            effect()
        if weather in ("lost", "late"):
            raise Unavailable(TROUBLE, sent=True)

    def arrive(self) -> None:
        """What was under way has its effect, if its time has come."""
        now = self.clock.now()
        due = [effect for at, effect in self.coming if at <= now]
        self.coming = [(at, effect) for at, effect in self.coming if at > now]
        for effect in due:
            effect()

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
        standing = self.find(delivery).standing
        return Evidence(url="memory:", at=self.clock.now(), standing=standing, digest="", extract="")

    def check(self) -> list[Problem]:
        self.checks += 1
        return [TROUBLE] if self.weather("check") else self.problems


class Bundling(Outside):
    """An outlet that puts up to three articles of a rollout into one post, all of it or nothing (like WeChat).

    A draft holds certain texts and has a name; publishing it makes all of them public. It is published only if it is
    exactly what the delivery's companions are: `wrong` has what was asked for otherwise.
    """

    kind = "bundling"
    together = 3

    def __init__(self, setting: Setting, clock: ManualClock, weather: Callable[[str], str]) -> None:
        super().__init__(setting, clock, weather)
        self.drafts: dict[str, Post] = {}
        self.posts: list[Post] = []
        self.wrong: list[str] = []

    def prepare(self, delivery: Delivery) -> Receipt:
        post = _post(delivery)
        name = " ".join(f"{article}.{number}.{digest[:8]}" for article, number, digest in post)
        self._do("prepare", lambda: self.drafts.update({name: post}))
        return Receipt(standing=Standing.STAGED, ids={"draft": name})

    def release(self, delivery: Delivery) -> Receipt:
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None or entry.withdrawn_at is not None or entry.revision.number > delivery.revision.number:
            return self.find(delivery)
        if self._is_public(delivery):
            return Receipt(standing=Standing.LIVE)
        assert delivery.receipt is not None
        post = self.drafts.get(delivery.receipt.ids.get("draft", ""), ())
        if post != _post(delivery):
            self.wrong.append(f"{delivery.key}: {post} instead of {_post(delivery)}")
            raise Refused(TROUBLE)

        def effect() -> None:
            self.posts.append(post)
            for article, number, digest in post:
                self.public[article] = (number, digest)
                self.deeds.append(("release", article, number))
                self.released_at[article] = self.clock.now()

        self._do("release", effect)
        return Receipt(standing=Standing.LIVE)

    def find(self, delivery: Delivery) -> Receipt:
        if delivery.action is Action.WITHDRAW:
            return super().find(delivery)
        self._do("find", lambda: None)
        if self._is_public(delivery):
            return Receipt(standing=Standing.LIVE)
        names = [name for name, post in self.drafts.items() if post == _post(delivery)]
        return (
            Receipt(standing=Standing.STAGED, ids={"draft": names[0]}) if names else Receipt(standing=Standing.ABSENT)
        )

    def _is_public(self, delivery: Delivery) -> bool:
        assert delivery.rendition is not None
        return self.public.get(delivery.revision.id, (0, ""))[1] == delivery.rendition.digest


Post = tuple[tuple[str, int, str], ...]
"""The texts of a post: article, revision, digest."""


def _post(delivery: Delivery) -> Post:
    assert delivery.rendition is not None
    alone = Companion(revision=delivery.revision, rendition=delivery.rendition)
    return tuple(
        (one.revision.id, one.revision.number, one.rendition.digest) for one in delivery.companions or (alone,)
    )


class Mute(Outside):
    """Takes no key and cannot be asked."""

    recovers = Recovery.PERSON

    def find(self, delivery: Delivery) -> Receipt:
        raise AssertionError("nobody may ask")

    def verify(self, delivery: Delivery) -> Evidence:
        there = Standing.LIVE if delivery.revision.id in self.public else Standing.ABSENT
        return Evidence(url="memory:", at=self.clock.now(), standing=there, digest="", extract="")


def setting_for(outlet: Outlet, newsroom: Newsroom, data: object) -> Setting:
    return Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=Path(str(data)))
