"""A channel that does nothing: what remains is what the engine costs."""

from __future__ import annotations

from pipeline.article import Newsroom, Revision
from pipeline.channel import (
    Action,
    Channel,
    Correction,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Rendition,
    Standing,
    utc_now,
)


class Idle(Channel):
    """Takes everything at once, and keeps none of it."""

    kind = "idle"
    corrects = Correction.IN_PLACE
    stages = False

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        return Rendition.of("text/plain", revision.article.headline)

    def release(self, delivery: Delivery) -> Receipt:
        return self.find(delivery)

    def find(self, delivery: Delivery) -> Receipt:
        return Receipt(standing=self._standing(delivery))

    def withdraw(self, delivery: Delivery) -> Receipt:
        return self.find(delivery)

    def verify(self, delivery: Delivery) -> Evidence:
        return Evidence(url="", at=utc_now(), standing=self._standing(delivery), digest="", extract="")

    def check(self) -> list[Problem]:
        return []

    def _standing(self, delivery: Delivery) -> Standing:
        return Standing.WITHDRAWN if delivery.action is Action.WITHDRAW else Standing.LIVE
