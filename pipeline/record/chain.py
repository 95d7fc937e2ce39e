"""The event chain: committed events, numbered one after the other, each with a hash that covers the one before it.

Whoever changes something inserts events; they carry neither number nor hash and lock nothing. A moment later they are
sealed, in batches, by whoever gets to it. The chain's order is one in which no event of a rollout stands before an
earlier one of the same rollout: its transactions come one after the other, so that its ids rise, and what is sealed
together is sealed in the order of the ids. A transaction that commits late is found all the same, because what is
wanting is known by having no number, not by where the last batch ended.

A newsroom that has a key (`keys`) seals with it. Which one stands in the chain: an event `audit key` says from where
on, itself included, another holds. Whoever has not the key of the head seals nothing; others do.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, literal_column, select, update

from pipeline.record import tables
from pipeline.record.account import NOBODY, account
from pipeline.record.keys import Keys
from pipeline.record.testimony import Told

BEGINNING = "0" * 64
"""What stands for the hash before the first event."""
BATCH = 500
"""Events sealed in one transaction: some hundredths of a second."""
REKEYED = "audit key"
"""What an event says happened from which on another key seals."""

_e, _c = tables.event.c, tables.chain.c
_INSERT = insert(tables.event)
_HEAD = select(_c.number, _c.hash, _c.key)
_UNSEALED = select(tables.event).where(_e.number.is_(None))
_NEXT = _UNSEALED.order_by(_e.id).limit(bindparam("limit"))
_SEAL = (
    update(tables.event)
    .where(_e.id == bindparam("of"))
    .values(number=bindparam("sealed"), previous=bindparam("before"), hash=bindparam("hashed"))
)
_SEALED = select(tables.event).where(_e.number.is_not(None)).order_by(_e.number).execution_options(yield_per=1000)
# By the very words of the index's condition.
_REKEYED = select(_e.number, _e.data).where(literal_column("what = 'audit key'"), _e.number.is_not(None))


class Flaw(StrEnum):
    """What is wrong with the event at which a chain breaks."""

    CHANGED = "changed"
    """It is not what was written."""
    GAP = "gap"
    """It is, but what was written before it is not there, or is something else."""
    CUT = "cut"
    """What was written after it is gone."""
    KEY = "key"
    """The head names another key than the events do."""


class Head(NamedTuple):
    """The last sealed event."""

    number: int
    hash: str
    key: str
    """The fingerprint of the key that sealed it; "" of none."""


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
    key: str = ""
    """The fingerprint of the key beside the head; "" of none."""
    unchecked: int = 0
    """How many events are sealed by keys that are not at hand: only that they follow each other has been seen."""
    missing: tuple[str, ...] = ()
    """The fingerprints of those keys."""
    unkeyed: bool = False
    """Whether there is a key at hand and the head is sealed by none."""

    @property
    def holds(self) -> bool:
        """Whether it has been seen to be as it was written, by the key at hand if there is one."""
        return self.broken is None and not self.missing and not self.unkeyed


def note(tx: Connection, now: datetime, who: str, what: str, **told: Any) -> None:
    """Insert an event; `told`: see `content`. Of a rollout only whoever has locked it does so."""
    tx.execute(_INSERT, content(now, who, what, **told))


def note_all(tx: Connection, contents: Sequence[Mapping[str, Any]]) -> None:
    """Insert events, each made by `content`, in one statement; none if there are none."""
    if contents:
        tx.execute(_INSERT, list(contents))


def content(
    now: datetime,
    who: str,
    what: str,
    *,
    article: int | None = None,
    rollout: int | None = None,
    delivery: int | None = None,
    digest: str = "",
    rows: Sequence[Told] = (),
    **data: object,
) -> dict[str, Any]:
    """An event's row as it is inserted. `rows`: what its transaction has made of rows, see `testimony`. Where a person
    acted, the account of the operating system stands in it beside the name."""
    told = {**data, **({"rows": rows} if rows else {}), **({} if who in NOBODY else {"account": account()})}
    return {
        "at": now,
        "who": who,
        "what": what,
        "article_id": article,
        "rollout_id": rollout,
        "delivery_id": delivery,
        "digest": digest,
        "data": json.dumps(told, ensure_ascii=False, sort_keys=True, default=str),
    }


def data_of(row: Any) -> Mapping[str, Any]:
    """What an event's row has as JSON; nothing where somebody wrote something else into the record."""
    try:
        data = json.loads(row.data)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def unsealed(tx: Connection) -> bool:
    """Whether there is anything to seal."""
    return tx.execute(_UNSEALED.limit(1)).first() is not None


def head(tx: Connection) -> Head:
    """The last sealed event, as the record names it."""
    return Head(*tx.execute(_HEAD).one())


def seal(tx: Connection, keys: Keys, limit: int = BATCH) -> int:
    """Give numbers and hashes to so many committed events at most; how many got them: none while another is at it, or
    where the key of the head is not at hand. The first event of all takes the key into use."""
    found = tx.execute(_HEAD.with_for_update(skip_locked=True)).one_or_none()
    if found is None:
        return 0
    last = Head(*found)
    if last.number == 0 and keys.current and not last.key:
        at = tx.scalar(select(func.min(_e.at)).where(_e.number.is_(None)))
        last = _rekeyed(tx, keys, last, content(at, "engine", REKEYED, key=keys.current, before=""))
    return _sealed(tx, keys, last, limit)


def take_key(tx: Connection, keys: Keys, now: datetime, who: str) -> Head:
    """From here on the current key seals. What is still to be sealed is so by the former one, where that is at hand."""
    last = Head(*tx.execute(_HEAD.with_for_update()).one())
    if last.key == keys.current:
        return last
    while _sealed(tx, keys, last, BATCH) == BATCH:
        last = head(tx)
    last = head(tx)
    return _rekeyed(tx, keys, last, content(now, who, REKEYED, key=keys.current, before=last.key))


def _rekeyed(tx: Connection, keys: Keys, last: Head, event: dict[str, Any]) -> Head:
    """Insert the event from which on the current key seals, the first that it does."""
    number, hashed = last.number + 1, event_hash({**event, "previous": last.hash}, keys, keys.current)
    tx.execute(_INSERT, {**event, "number": number, "previous": last.hash, "hash": hashed})
    tx.execute(update(tables.chain).values(number=number, hash=hashed, key=keys.current))
    return Head(number, hashed, keys.current)


def _sealed(tx: Connection, keys: Keys, last: Head, limit: int) -> int:
    if last.key not in keys:
        return 0
    number, before = last.number, last.hash
    sealed = []
    for row in tx.execute(_NEXT, {"limit": limit}).mappings():
        number += 1
        hashed = event_hash({**row, "previous": before}, keys, last.key)
        sealed.append({"of": row["id"], "sealed": number, "before": before, "hashed": hashed})
        before = hashed
    if sealed:
        tx.execute(_SEAL, sealed)
        tx.execute(update(tables.chain).values(number=number, hash=before))
    return len(sealed)


@dataclass(frozen=True)
class Seals:
    """Which key seals which events, as the chain says, and which of those are at hand."""

    keys: Keys
    since: Sequence[int]
    """Numbers of events from which on another key seals, rising."""
    fingerprints: Sequence[str]
    """Those keys."""

    @classmethod
    def read(cls, tx: Connection, keys: Keys) -> Seals:
        rows = tx.execute(_REKEYED.order_by(_e.number)).all()
        return cls(keys, [row.number for row in rows], [str(data_of(row).get("key", "")) for row in rows])

    @property
    def missing(self) -> tuple[str, ...]:
        """The keys that are not at hand."""
        return tuple(one for one in dict.fromkeys(self.fingerprints) if one not in self.keys)

    def key_of(self, number: int) -> str:
        """The fingerprint of the key that seals the event of this number."""
        at = bisect_right(self.since, number)
        return self.fingerprints[at - 1] if at else ""

    def fits(self, event: Mapping[Any, Any]) -> bool | None:
        """Whether a sealed event is what was written; None: the key is not at hand."""
        key = self.key_of(event["number"])
        return event["hash"] == event_hash(event, self.keys, key) if key in self.keys else None


def walk(tx: Connection, keys: Keys) -> Chain:
    """Read every sealed event and check that each is what was written; some ten thousand a second.

    Safe while others seal: the end of the chain is read first, and has to be met on the way or be its start.
    """
    before, since, count, number, unchecked = BEGINNING, None, 0, 0, 0
    last, seals = head(tx), Seals.read(tx, keys)
    met = last.hash == before

    def found(broken: int | None, flaw: Flaw | None, unsealed: int = 0) -> Chain:
        unkeyed = _is_unkeyed(last, keys)
        return Chain(count, since, before, broken, flaw, unsealed, last.key, unchecked, seals.missing, unkeyed)

    with tx.execute(_SEALED) as read:
        for row in read.mappings():
            count, number, since = count + 1, int(row["number"]), since or row["at"]
            fits = seals.fits(row)
            unchecked += fits is None
            if fits is False or row["previous"] != before:
                return found(number, Flaw.CHANGED if fits is False else Flaw.GAP)
            before = row["hash"]
            met = met or last.hash == before
    if not met:
        return found(number, Flaw.CUT)
    if last.key != (seals.fingerprints[-1] if seals.fingerprints else ""):
        return found(number, Flaw.KEY)
    return found(None, None, tx.scalar(select(func.count()).select_from(_UNSEALED.subquery())) or 0)


def glance(tx: Connection, keys: Keys, articles: Sequence[int]) -> Chain:
    """The same of the events of some articles alone: that each is what was written, and has the right one before it and
    after it. The rest of the chain is not read."""
    last, seals = head(tx), Seals.read(tx, keys)
    rows = tx.execute(_OF_ARTICLES, {"these": articles}).mappings().all()
    sealed = [row for row in rows if row["number"] is not None]
    seen = [seals.fits(row) for row in sealed]
    flaws = [_flaw(row, last, fits=fits) for row, fits in zip(sealed, seen, strict=True)]
    at = next((at for at, flaw in enumerate(flaws) if flaw), len(sealed))
    broken, flaw = (sealed[at]["number"], flaws[at]) if at < len(sealed) else (None, None)
    if not rows and last.number:  # whatever there is of these articles, events spoke of it once
        broken, flaw = 0, Flaw.CUT
    return Chain(
        len(sealed),
        sealed[0]["at"] if sealed else None,
        sealed[at - 1]["hash"] if at else BEGINNING,
        broken,
        flaw,
        len(rows) - len(sealed),
        last.key,
        seen.count(None),
        seals.missing if None in seen else (),
        _is_unkeyed(last, keys),
    )


def _flaw(event: Mapping[Any, Any], last: Head, *, fits: bool | None) -> Flaw | None:
    """What is wrong with a sealed event between its neighbours (`before` and `after`)."""
    if fits is False:
        return Flaw.CHANGED
    if event["previous"] != (event["before"] or BEGINNING):
        return Flaw.GAP
    after = last.hash if event["number"] == last.number else event["after"]
    return None if event["hash"] == after else Flaw.CUT


def _is_unkeyed(last: Head, keys: Keys) -> bool:
    return bool(keys.current) and not last.key and last.number > 0


def account_of(tx: Connection, rollout: int, articles: Sequence[int]) -> str:
    """The account of the operating system under which a rollout of these articles was submitted, if an event says."""
    mine = (_e.article_id.in_(articles), _e.rollout_id == rollout, _e.what.like("% accepted"))
    first = tx.execute(select(_e.data).where(*mine).order_by(_e.id).limit(1)).one_or_none()
    return "" if first is None else str(data_of(first).get("account", ""))


_before, _after = tables.event.alias("before"), tables.event.alias("after")
_OF_ARTICLES = (
    select(
        tables.event,
        select(_before.c.hash)
        .where(_before.c.number < _e.number)
        .order_by(_before.c.number.desc())
        .limit(1)
        .scalar_subquery()
        .label("before"),
        select(_after.c.previous)
        .where(_after.c.number > _e.number)
        .order_by(_after.c.number)
        .limit(1)
        .scalar_subquery()
        .label("after"),
    )
    .where(_e.article_id.in_(bindparam("these", expanding=True)))
    .order_by(_e.number.nulls_last(), _e.id)
)
_COVERED = ("at", "who", "what", "article_id", "rollout_id", "delivery_id", "digest", "data", "previous")


def event_hash(event: Mapping[Any, Any], keys: Keys, key: str) -> str:
    """The seal of an event's content and the hash of the event before it (`previous`), by the key of a fingerprint."""
    content = {name: event[name] for name in _COVERED}
    content["at"] = content["at"].isoformat()
    return keys.hash(key, json.dumps(content, ensure_ascii=False, sort_keys=True).encode())
