"""What readers tell (网站找错): kept as it came, listed for editors, closed with a note; their contacts for a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime
from sqlalchemy import func, insert, select, update

from pipeline.article.feedback import REFERENCE, Told
from pipeline.article.value import Frozen
from pipeline.channel import Problem, Text
from pipeline.record import chain, tables
from pipeline.record.refusals import Impossible
from pipeline.record.reports import Reports

MOST, WITHIN = 120, timedelta(hours=1)
"""Messages that are taken of everybody together. More is no county's readers, and nobody could read it."""
READER = "reader"
"""Who it is in an event."""

_f = tables.feedback.c
_OPEN = _f.closed_at.is_(None)


class TooMany(Exception):
    """More has been told lately than can be read: later is soon enough."""


class Message(Frozen):
    """What a reader told, and what became of it."""

    reference: str
    at: AwareDatetime
    page: str
    text: str
    contact: str
    """"" if none was given, or its time is over."""
    closed_at: AwareDatetime | None
    closed_by: str
    note: str


class Feedback(Reports):
    """What readers tell."""

    def tell(self, told: Told, now: datetime) -> str:
        """Keep a message; its reference. The same, while it is open, is one message. Raises `TooMany`."""
        with self.writing() as tx:
            known = tx.scalar(select(_f.id).where(_f.digest == told.digest, _OPEN).limit(1))
            if known is not None:
                return f"f{known}"
            former = tx.scalar(select(_f.at).order_by(_f.id.desc()).limit(1).offset(MOST - 1))
            if former is not None and former > now - WITHIN:
                raise TooMany
            values = {**told.model_dump(), "digest": told.digest, "at": now, "closed_by": "", "note": ""}
            key = tx.execute(insert(tables.feedback).values(**values)).inserted_primary_key
            reference = f"f{key[0]}" if key else ""
            chain.note(tx, now, READER, "feedback", digest=told.digest, feedback=reference)
        return reference

    def told(self, *, closed: bool = False, limit: int = 100) -> Sequence[Message]:
        """What is open, the newest first; `closed`: all of it."""
        query = select(tables.feedback).order_by(_f.id.desc()).limit(limit)
        with self.reading() as tx:
            rows = tx.execute(query if closed else query.where(_OPEN)).mappings().all()
        return [
            Message(reference=f"f{row['id']}", **{name: row[name] for name in Message.model_fields if name in row})
            for row in rows
        ]

    def still_open(self) -> int:
        """How many messages are open."""
        with self.reading() as tx:
            return tx.scalar(select(func.count()).select_from(tables.feedback).where(_OPEN)) or 0

    def close_feedback(self, reference: str, *, editor: str, note: str, now: datetime) -> None:
        """Say what became of a message. `Impossible` if there is none of this reference, or it is closed."""
        number = int(reference[1:]) if REFERENCE.fullmatch(reference) else 0
        with self.writing() as tx:
            done = {"closed_at": now, "closed_by": editor, "note": note}
            row = tx.execute(
                update(tables.feedback).where(_f.id == number, _OPEN).values(**done).returning(_f.digest)
            ).first()
            if row is None:
                there = tx.execute(select(_f.closed_by).where(_f.id == number)).first()
                raise _none(reference) if there is None else _closed(reference, there.closed_by)
            chain.note(tx, now, editor, "feedback closed", digest=row.digest, feedback=reference, reason=note)

    def forget_contacts(self, before: datetime, now: datetime) -> int:
        """Delete whom to ask from what was told before a moment; how many that were."""
        theirs = (_f.contact != "", _f.at < before)
        with self.reading() as tx:
            if tx.execute(select(_f.id).where(*theirs).limit(1)).first() is None:
                return 0
        with self.writing() as tx:
            gone = tx.scalars(update(tables.feedback).where(*theirs).values(contact="").returning(_f.id)).all()
            for one in sorted(gone):
                chain.note(tx, now, "engine", "contact deleted", feedback=f"f{one}")
        return len(gone)


def _none(reference: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("there is no message {reference}", reference=reference),
            remedy=Text.of("messages of readers are called f1, f2 …: see newsroom feedback"),
        )
    )


def _closed(reference: str, editor: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("{reference} has been closed already, by {editor}", reference=reference, editor=editor),
            remedy=Text.of("see what was noted: newsroom feedback --all"),
        )
    )
