"""The audit of what stands beside articles: pages of the channels' notebooks, and what readers told.

Each page, and each message that is there, has to be as the last event says that speaks of it. What an adapter has
dropped is not looked for: notebooks forget old pages by the hundred. Needs memory for the names of what is there now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from pipeline.article.feedback import Told
from pipeline.record import chain, tables
from pipeline.record.audit import Difference, Finding
from pipeline.record.testimony import digest_of

_e = tables.event.c
_BESIDE = (
    select(_e.number, _e.who, _e.what, _e.digest, _e.data)
    .where(_e.article_id.is_(None), _e.rollout_id.is_(None))
    .order_by(_e.number.nulls_last(), _e.id)
    .execution_options(yield_per=1000)
)
_NAMES = select(tables.notebook.c.channel, tables.notebook.c.page)
Page = tuple[str, str]
"""A page of a notebook: its channel and its name."""
Said = tuple[int | None, Mapping[str, Any]]
"""The number of the last event that speaks of something, and what it says."""
_NOTHING: Said = (None, {})


def look_beside(tx: Connection) -> Iterator[Finding]:
    """What is not as events say."""
    pages: dict[Page, Said] = {(row.channel, row.page): _NOTHING for row in tx.execute(_NAMES)}
    messages: dict[str, Said] = {}
    with tx.execute(_BESIDE) as read:
        for event in read:
            data = chain.data_of(event)
            if "page" in data and "version" in data:
                here = (str(data.get("channel")), str(data["page"]))
                if here in pages:
                    told = {"version": data["version"], "digest": event.digest}
                    pages[here] = (event.number, told) if event.digest else _NOTHING
            elif "feedback" in data:
                _hear(messages, str(data["feedback"]), event, data)
    yield from _pages(tx, pages)
    yield from _messages(tx, messages)


def _hear(messages: dict[str, Said], reference: str, event: Any, data: Mapping[str, Any]) -> None:
    _, said = messages.get(reference, _NOTHING)
    told: dict[str, Any] = {"digest": event.digest or said.get("digest")}
    if event.what == "feedback closed":
        told |= {"closed_by": event.who, "note": data.get("reason", "")}
    messages[reference] = (event.number, {**said, **told})


def _pages(tx: Connection, said: Mapping[Page, Said]) -> Iterator[Finding]:
    pages = select(tables.notebook).order_by(tables.notebook.c.version).execution_options(yield_per=100)
    with tx.execute(pages) as read:
        for row in read:
            here = (row.channel, row.page)
            number, told = said.get(here, _NOTHING)
            if not told:
                yield Finding(Difference.ADDED, "notebook", here, channel=row.channel)
            elif (row.version, digest_of(row.text)) != (told["version"], told["digest"]):
                values = {"found": digest_of(row.text), "should": told["digest"], "event": number}
                yield Finding(Difference.CHANGED, "notebook", here, channel=row.channel, field="text", **values)


def _messages(tx: Connection, said: Mapping[str, Said]) -> Iterator[Finding]:
    with tx.execute(select(tables.feedback).order_by(tables.feedback.c.id)) as read:
        there = set[str]()
        for row in read:
            reference = f"f{row.id}"
            there.add(reference)
            number, told = said.get(reference, _NOTHING)
            if not told:
                yield Finding(Difference.ADDED, "feedback", (reference,))
                continue
            stands = {
                "digest": Told(page=row.page, text=row.text, contact="").digest,
                "closed_by": row.closed_by,
                "note": row.note,
            }
            for name, found in stands.items():
                should = told.get(name) or ""
                if found != should:
                    values = {"found": found, "should": should, "event": number}
                    yield Finding(Difference.CHANGED, "feedback", (reference,), field=name, **values)
    for reference in said.keys() - there:
        yield Finding(Difference.MISSING, "feedback", (reference,), event=said[reference][0])
