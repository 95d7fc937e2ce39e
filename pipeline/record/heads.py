"""Heads of the chain outside the record: one a line, in any text that has such lines.

    812 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 2026-11-27T08:00:01+08:00 5e884898da280471
    number   hash of the event                                           when it was sent    key's fingerprint, or -

A head covers all that was before it. Whoever has heads that nobody with the database can change knows of whatever has
been changed below them, with or without a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from pipeline.record import chain, tables
from pipeline.record.chain import Head
from pipeline.record.database import Database
from pipeline.record.upserts import ByDialect

_LINE = re.compile(r"(?:^|[\s\"])(\d{1,18}) ([0-9a-f]{64}) (\S+) ([0-9a-f]{16}|-)(?=$|[\s\"\\])")
_AT_ONCE = 500
_e, _h = tables.event.c, tables.head.c
_KNOW = ByDialect(lambda insert: insert(tables.head).on_conflict_do_nothing())


class Sent(NamedTuple):
    """A head as it was sent."""

    number: int
    hash: str
    at: str
    key: str


class Compared(NamedTuple):
    """What came of holding a chain against heads that were sent outside."""

    heads: int
    """How many there were."""
    agreeing: int = 0
    """The number of the last one before any that the chain has not; 0: none."""
    other: Sent | None = None
    """The first one whose event is another in the chain, or is not there though later ones are."""
    beyond: Sent | None = None
    """The last one that is beyond the chain's end."""
    end: int = 0
    """The number of the chain's last event."""

    @property
    def agree(self) -> bool:
        return self.other is None and self.beyond is None


class Standing(NamedTuple):
    """How far a place outside is."""

    place: str
    number: int
    """Of the last head that was sent there; 0: none was."""
    sent_at: datetime | None
    problem: str | None
    """What kept the last try from it."""


def line(head: Head, at: datetime) -> str:
    """A head as it is sent."""
    return f"{head.number} {head.hash} {at.isoformat(timespec='seconds')} {head.key or '-'}"


def lines(text: Iterable[str]) -> Iterator[Sent]:
    """The heads in a text, line by line."""
    for one in text:
        for number, hashed, at, key in _LINE.findall(one):
            yield Sent(int(number), hashed, at, "" if key == "-" else key)


def compare(tx: Connection, sent: Iterable[Sent]) -> Compared:
    """Hold the chain against heads, in whatever order they come; the same memory however many they are."""
    left, end = iter(sent), chain.head(tx).number
    found = Compared(0, end=end)
    while some := list(islice(left, _AT_ONCE)):
        mine = select(_e.number, _e.hash).where(_e.number.in_({one.number for one in some}))
        hashes = {row.number: row.hash for row in tx.execute(mine)}
        for one in some:
            found = found._replace(heads=found.heads + 1)
            if one.number > end:
                if found.beyond is None or one.number > found.beyond.number:
                    found = found._replace(beyond=one)
            elif hashes.get(one.number) == one.hash:
                found = found._replace(agreeing=max(found.agreeing, one.number))
            elif found.other is None or one.number < found.other.number:
                found = found._replace(other=one)
    if found.other is not None and found.agreeing > found.other.number:
        found = found._replace(agreeing=0)
    return found


class Heads:
    """Which places have had which head, as the record knows it, so that any number of workers send each once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self) -> list[Standing]:
        with self._database.reading() as tx:
            rows = tx.execute(select(tables.head).order_by(_h.place)).all()
        return [Standing(row.place, row.number, row.sent_at, row.problem) for row in rows]

    def due(self, place: str, every: timedelta) -> Head | None:
        """The head that is to be sent there now, by whoever gets it; None: it has been, or not long ago another was."""
        now = self._database.clock.now()
        with self._database.reading() as tx:
            head = chain.head(tx)
            row = tx.execute(select(_h.number, _h.tried_at).where(_h.place == place)).one_or_none()
        if head.number == 0 or (row is not None and row.number == head.number):
            return None
        if row is not None and row.tried_at is not None and now - every < row.tried_at <= now:
            return None
        with self._database.writing() as tx:
            tx.execute(_KNOW[tx.dialect.name], {"place": place, "number": 0})
            mine = (
                _h.place == place,
                _h.tried_at.is_(None) if row is None else _h.tried_at.is_not_distinct_from(row[1]),
            )
            got = tx.execute(update(tables.head).where(*mine).values(tried_at=now)).rowcount
        return head if got else None

    def sent(self, place: str, head: Head) -> None:
        """It is there."""
        now = self._database.clock.now()
        with self._database.writing() as tx:
            tx.execute(
                update(tables.head)
                .where(_h.place == place)
                .values(number=head.number, sent_at=now, tried_at=now, problem=None)
            )

    def failed(self, place: str, problem: str) -> None:
        """It is not there, and why."""
        with self._database.writing() as tx:
            tx.execute(update(tables.head).where(_h.place == place).values(problem=problem))
