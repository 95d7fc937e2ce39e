"""What a transaction locks, and in which order, so that it waits for nobody but who is at the same thing.

    names  →  articles, by rising id  →  rollouts, by falling id  →  a channel's counters, pictures

Everybody keeps this order, so nobody waits in a circle. A delivery is changed only by who has its rollout; a newer
rollout of an article is made only by who has the article and whatever is under way of it, so that the newer is not
there before the older knows that it has been overtaken. SQLite has one writer at a time, and needs none of this: there
`FOR UPDATE` says nothing.

Of PostgreSQL's locks the weaker one is taken (`FOR NO KEY UPDATE`): rows that refer to the locked one may be inserted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, bindparam, func, select

from pipeline.record import tables
from pipeline.record.due import claimable

_a, _d, _r = tables.article.c, tables.delivery.c, tables.rollout.c
ROLLOUT = (
    select(tables.rollout, tables.SHIFT.label("shift"))
    .where(_r.id == bindparam("of"))
    .with_for_update(key_share=True, of=tables.rollout)
)
"""One rollout's row, by its id, and by how many microseconds the wall clock is ahead of the record's; locked."""
ROLLOUT_OF = (
    select(tables.rollout)
    .join(tables.delivery, _d.rollout_id == _r.id)
    .where(_d.id == bindparam("of"))
    .with_for_update(key_share=True, of=tables.rollout)
)
"""A delivery's rollout, locked."""
ROLLOUT_TO_CLAIM = (
    select(_r.id)
    .join(tables.delivery, _d.rollout_id == _r.id)
    .where(_d.id == bindparam("claimed"), claimable(bindparam("at", type_=tables.Instant())))
    .with_for_update(key_share=True, of=tables.rollout)
)
"""The same, if the delivery's next step is due and free; otherwise nothing, and nothing is locked."""


def number_of(name: str) -> int:
    """The number of the advisory lock of this name in PostgreSQL."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def names(tx: Connection, alone: Iterable[str], together: Collection[str] = ()) -> None:
    """Have these names to oneself (`alone`), or among others who do not mind, until the transaction ends."""
    if tx.dialect.name == "sqlite":
        return
    mine = frozenset(alone)
    for name in sorted(mine.union(together)):
        lock = func.pg_advisory_xact_lock if name in mine else func.pg_advisory_xact_lock_shared
        tx.execute(select(lock(number_of(name))))


def many(tx: Connection, alone: Collection[str]) -> None:
    """Have hundreds of names to oneself, in one statement and in the order of `names`."""
    if tx.dialect.name != "sqlite":
        numbers = func.unnest([number_of(name) for name in sorted(set(alone))], type_=BigInteger)
        tx.execute(select(func.pg_advisory_xact_lock(numbers.column_valued("name"))))


def articles(tx: Connection, ids: Collection[int]) -> None:
    """Nobody else makes a rollout of these articles."""
    if tx.dialect.name != "sqlite":
        tx.execute(select(_a.id).where(_a.id.in_(ids)).order_by(_a.id).with_for_update(key_share=True))


def rollouts(tx: Connection, which: ColumnElement[bool], *, free: bool = False) -> Sequence[Row[Any]]:
    """The rollouts of which something is so, locked, the newest first; `free`: those that nobody else has locked."""
    query = select(tables.rollout).where(which).order_by(_r.id.desc())
    return tx.execute(query.with_for_update(key_share=True, skip_locked=free)).all()
