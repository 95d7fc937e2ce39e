"""What somebody can do who has the database: change rows, and make the events and the chain fit again.

The most careful forger has no key: with one he would be the newsroom.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table, select, text, update

from pipeline.record import chain, tables
from pipeline.record.keys import Keys
from pipeline.record.testimony import canonical

NO_KEY = Keys({})


def change(tx: Connection, table: Table, key: int, values: dict[str, Any]) -> None:
    """Another value in a row, and nothing else."""
    tx.execute(update(table).where(next(iter(table.primary_key)) == key).values(**values))


def rewrite(tx: Connection, table: Table, key: int, values: dict[str, Any]) -> None:
    """Another value in a row and in every event that tells of it."""
    change(tx, table, key, values)
    told = canonical(table.name, values)
    own = next(iter(table.primary_key)).name
    for event in tx.execute(select(tables.event)).all():
        data = json.loads(event.data)
        for row in data.get("rows", ()):
            implied = {"article": event.article_id, "rollout": event.rollout_id, "revision": event.article_id}
            if row["table"] == table.name and row.get(own, implied.get(table.name)) == key:
                row.update({name: value for name, value in told.items() if name in row})
        again = json.dumps(data, ensure_ascii=False, sort_keys=True)
        tx.execute(update(tables.event).where(tables.event.c.id == event.id).values(data=again))


def renew(tx: Connection) -> None:
    """The chain made anew over whatever events there are, without a key; its head fits."""
    events = tx.execute(select(tables.event).order_by(tables.event.c.id)).mappings().all()
    tx.execute(text("UPDATE event SET number = NULL"))
    before = chain.BEGINNING
    for number, row in enumerate(events, 1):
        hashed = chain.event_hash({**row, "previous": before}, NO_KEY, "")
        place = {"number": number, "previous": before, "hash": hashed}
        tx.execute(update(tables.event).where(tables.event.c.id == row["id"]).values(**place))
        before = hashed
    tx.execute(update(tables.chain).values(number=len(events), hash=before, key=""))


def cut(tx: Connection, after: int) -> None:
    """The tail of the chain cut off, and its head put where it ends now."""
    tx.execute(text("DELETE FROM event WHERE number > :after"), {"after": after})
    last = tx.scalar(select(tables.event.c.hash).order_by(tables.event.c.number.desc()).limit(1))
    tx.execute(update(tables.chain).values(number=after, hash=last or chain.BEGINNING))


def delete_article(tx: Connection, article: int, *, events: bool = False) -> None:
    """All rows of an article that is alone in its rollouts, and its events if asked for."""
    rollouts = tx.scalars(select(tables.rollout.c.id).where(tables.rollout.c.article_id == article)).all()
    for table in ("placement", "delivery", "rollout", "revision", *(["event"] if events else [])):
        tx.execute(text(f"DELETE FROM {table} WHERE article_id = :article"), {"article": article})
    tx.execute(text("DELETE FROM article WHERE id = :article"), {"article": article})
    assert rollouts


Deed = Callable[[Connection], None]
