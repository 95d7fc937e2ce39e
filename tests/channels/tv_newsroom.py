"""What the tests of the television channel share: a channel with its rehearsal, and stories for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from channels.tv import Television
from channels.tv.script import Script
from pipeline.article import Outlet, Revision
from pipeline.channel import Delivery, Notebook, Setting
from pipeline.testing import NOON, MemoryNotebook, Rehearsal, article_of, newsroom_of, revision_of

EXAMPLES = Path(__file__).parents[2] / "examples"
DAY = "2026-11-24"
"""The broadcast day of what comes at `NOON`, 12:00 in Beijing; the programme is on air at 19:30."""


def television(data: Path, notebook: Notebook | None = None, **options: Any) -> Television:
    """A channel on one machine; those that have one notebook are one and the same on several."""
    outlet = Outlet(id="tv", kind="tv", name="武山新闻", options=options)
    newsroom = newsroom_of(outlet)
    return Television(Setting(notebook=notebook or MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=data))


def story(
    n: int, *, version: int = 1, at: datetime | None = None, hours: float = 0, note: str = "", **fields: Any
) -> Revision:
    """The n-th article of the day; a later version `hours` after the first."""
    moment = at or NOON + timedelta(minutes=n)
    revision = revision_of(article_of(f"武山县第{n}条消息", **fields), version, id=f"a{n}", at=moment, note=note)
    if version > 1 and hours:
        return revision.model_copy(update={"corrected_at": moment + timedelta(hours=hours)})
    return revision


def put(rehearsal: Rehearsal, revision: Revision) -> Delivery:
    """Prepare and release."""
    return rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))


def script_of(delivery: Delivery) -> Script:
    assert delivery.rendition is not None
    return Script.model_validate_json(delivery.rendition.body)
