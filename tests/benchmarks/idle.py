"""A channel that does nothing: what remains is what the engine costs."""

from __future__ import annotations

import time
from pathlib import Path

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
from pipeline.newsroom import demo_file

CHANNELS = 6
SLOW = "slow"


class Idle(Channel):
    """Takes everything at once, and keeps none of it. Its option `takes`: seconds for which it prepares."""

    kind = "idle"
    corrects = Correction.IN_PLACE
    stages = False

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        return Rendition.of("text/plain", revision.article.headline)

    def prepare(self, delivery: Delivery) -> Receipt:
        time.sleep(float(self.options.get("takes", 0)))
        return super().prepare(delivery)

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


def idle_newsroom(folder: Path, takes: float = 0, lead: float | None = None) -> Path:
    """The file of the demo's newsroom with channels that do nothing in the place of its own; `takes`: with one more,
    `SLOW`, that takes so many seconds. `lead`: seconds from the gate to the instant, where not as usual."""
    ids = [*(f"idle-{n}" for n in range(1, CHANNELS + 1)), *([SLOW] if takes else [])]
    channels = "".join(
        f'[[channel]]\nid = "{one}"\nkind = "tests.benchmarks.idle:Idle"\nname = "渠道{one}"\n'
        + (f"takes = {takes}\n" if one == SLOW else "")
        for one in ids
    )
    file = folder / "idle.toml"
    text = demo_file().read_text(encoding="utf-8").partition("[[channel]]")[0]
    if lead is not None:
        text = text.replace("[engine]\n", f"[engine]\nlead = {lead}\n", 1)
    file.write_text(text + channels, encoding="utf-8")
    return file
