"""The event chain: committed events, numbered one after the other, each with a hash that covers the one before it.

Whoever changes something inserts events; they carry neither number nor hash and lock nothing. A moment later they are
sealed, in batches, by whoever gets to it. The chain's order is one in which no event of a rollout stands before an
earlier one of the same rollout: its transactions come one after the other, so that its ids rise, and what is sealed
together is sealed in the order of the ids. A transaction that commits late is found all the same, because what is
wanting is known by having no number, not by where the last batch ended.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, update

from pipeline.record import tables

BEGINNING = "0" * 64
"""What stands for the hash before the first event."""
BATCH = 500
"""Events sealed in one transaction: some hundredths of a second."""

_e, _c = tables.event.c, tables.chain.c
_INSERT = insert(tables.event)
_HEAD = select(_c.number, _c.hash)
_TAKEN_HEAD = _HEAD.with_for_update(skip_locked=True)
_UNSEALED = select(tables.event).where(_e.number.is_(None))
_NEXT = _UNSEALED.order_by(_e.id).limit(bindparam("limit"))
_SEAL = (
    update(tables.event)
    .where(_e.id == bindparam("of"))
    .values(number=bindparam("sealed"), previous=bindparam("before"), hash=bindparam("hashed"))
)
_SEALED = select(tables.event).where(_e.number.is_not(None)).order_by(_e.number).execution_options(yield_per=1000)


class Flaw(StrEnum):
    """What is wrong with the event at which a chain breaks."""

    CHANGED = "changed"
    """It is not what was written."""
    GAP = "gap"
    """It is, but what was written before it is not there, or is something else."""
    CUT = "cut"
    """What was written after it is gone."""


class Chain(NamedTuple):
    """What one walk along the event chain has found."""

    events: int
    """How many were read: all that are sealed, or up to the broken one."""
    since: datetime | None
    """The time of the first event."""
    last: str
    """The hash of the last event that holds, which covers all before it."""
    broken: int | None
    """The number of the first event that does not hold; None if all do."""
    flaw: Flaw | None
    unsealed: int = 0
    """How many events have happened since that nothing covers yet."""


def note(tx: Connection, now: datetime, who: str, what: str, **told: Any) -> None:
    """Insert an event; `told`: see `content`. Of a rollout only whoever has locked it does so."""
    tx.execute(_INSERT, content(now, who, what, **told))


def content(
    now: datetime,
    who: str,
    what: str,
    *,
    article: int | None = None,
    rollout: int | None = None,
    delivery: int | None = None,
    digest: str = "",
    **data: object,
) -> dict[str, Any]:
    """An event's row as it is inserted."""
    return {
        "at": now,
        "who": who,
        "what": what,
        "article_id": article,
        "rollout_id": rollout,
        "delivery_id": delivery,
        "digest": digest,
        "data": json.dumps(data, ensure_ascii=False, sort_keys=True, default=str),
    }


def unsealed(tx: Connection) -> bool:
    """Whether there is anything to seal."""
    return tx.execute(_UNSEALED.limit(1)).first() is not None


def seal(tx: Connection, limit: int = BATCH) -> int:
    """Give numbers and hashes to so many committed events at most; how many got them: none while another is at it."""
    head = tx.execute(_TAKEN_HEAD).one_or_none()
    if head is None:
        return 0
    number, before = head
    sealed = []
    for row in tx.execute(_NEXT, {"limit": limit}).mappings():
        number += 1
        hashed = event_hash({**row, "previous": before})
        sealed.append({"of": row["id"], "sealed": number, "before": before, "hashed": hashed})
        before = hashed
    if sealed:
        tx.execute(_SEAL, sealed)
        tx.execute(update(tables.chain).values(number=number, hash=before))
    return len(sealed)


def walk(tx: Connection) -> Chain:
    """Read every sealed event and check that each is what was written; some ten thousand a second.

    Safe while others seal: the end of the chain is read first, and has to be met on the way or be its start.
    """
    before, since, count, number = BEGINNING, None, 0, 0
    head = tx.execute(_HEAD).one().hash
    met = head == before
    with tx.execute(_SEALED) as read:
        for row in read.mappings():
            count, number, since = count + 1, int(row["number"]), since or row["at"]
            changed = row["hash"] != event_hash(row)
            if changed or row["previous"] != before:
                return Chain(count, since, before, number, Flaw.CHANGED if changed else Flaw.GAP)
            before = row["hash"]
            met = met or head == before
    open_end = tx.scalar(select(func.count()).select_from(_UNSEALED.subquery())) or 0
    return Chain(count, since, before, None if met else number, None if met else Flaw.CUT, open_end)


_COVERED = ("at", "who", "what", "article_id", "rollout_id", "delivery_id", "digest", "data", "previous")


def event_hash(event: Mapping[Any, Any]) -> str:
    """SHA-256 over an event's content and the hash of the event before it (`previous`)."""
    content = {name: event[name] for name in _COVERED}
    content["at"] = content["at"].isoformat()
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def digest_of(stored: str) -> str:
    """By which an event names what stands in the record as text: a receipt, evidence."""
    return hashlib.sha256(stored.encode()).hexdigest()
