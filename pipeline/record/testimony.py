"""What events say of rows: each tells what its transaction made of them, and the audit holds the rows against it.

    {"table": "delivery", "new": true, "id": 17, "channel": "site", "state": "pending"}      a row that came to be
    {"table": "delivery", "id": 17, "state": "live", "receipt": "9f86d0…"}                   what changed of it
    {"table": "placement", "delivery_id": 17, "gone": true}                                  it was taken away

Only what people are told is told (`PROVEN`); what the engine needs for its work (leases, fences, wake-ups, ranks) is
not. Of a new row `None` and `False` are left out, and so are the article and the rollout of the event itself. Times are
microseconds since 1970 UTC, as in the tables; of long texts (`TEXTS`) the SHA-256 is told, of all others the value, so
that the audit can say what should stand there. The event as a whole is JSON with sorted keys.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Table

from pipeline.record import tables

_WORK = {
    "rollout": {"rank", "at_gate"},
    "delivery": {"due", "wake_at", "lease_until", "fence", "doubt", "attempts", "tries"},
}
PROVEN: Mapping[str, tuple[str, ...]] = {
    one.name: tuple(column.name for column in one.c if column.name not in _WORK.get(one.name, ()))
    for one in (tables.article, tables.revision, tables.rollout, tables.delivery, tables.placement)
}
"""The columns of each table that events tell of."""
TEXTS = frozenset({"key", "record", "reading", "receipt", "evidence", "problem"})
"""Columns of which the digest is told."""
_KEYS: Mapping[str, tuple[str, ...]] = {
    name: tuple(column.name for column in tables.metadata.tables[name].primary_key) for name in PROVEN
}
_IMPLIED: Mapping[str, Mapping[str, str]] = {
    "article": {"id": "article"},
    "revision": {"article_id": "article"},
    "rollout": {"id": "rollout", "article_id": "article"},
    "delivery": {"rollout_id": "rollout", "article_id": "article"},
    "placement": {"article_id": "article"},
}
"""Columns that a new row has from its event: of which of the two that this one speaks of."""

Told = dict[str, Any]
"""One row's part of an event, as above."""


class Row(NamedTuple):
    """A row by its table's name and primary key."""

    table: str
    key: tuple[int, ...]


def digest_of(stored: str) -> str:
    """By which an event names what stands in the record as text."""
    return hashlib.sha256(stored.encode()).hexdigest()


def new(table: Table, values: Mapping[Any, Any]) -> Told:
    """What an event says of a row that has been inserted. Its article and rollout are the event's."""
    told, implied = canonical(table.name, values), _IMPLIED[table.name]
    return {"table": table.name, "new": True, **{name: told[name] for name in told if name not in implied}}


def whole(table: Table, values: Mapping[Any, Any]) -> Told:
    """What an event says of a row that is told anew from here on, whatever article and rollout the event itself has."""
    return {"table": table.name, "new": True, **canonical(table.name, values)}


def changed(table: Table, key: int | tuple[int, ...], values: Mapping[Any, Any]) -> Told:
    """What an event says of a row that has been updated. `values`: by column; those that are not told are left out."""
    keys = key if isinstance(key, tuple) else (key,)
    told = {name: _value(name, values[name]) for name in PROVEN[table.name] if name in values}
    return {"table": table.name, **dict(zip(_KEYS[table.name], keys, strict=True)), **told}


def gone(table: Table, key: int) -> Told:
    """What an event says of a row that has been deleted."""
    return {"table": table.name, _KEYS[table.name][0]: key, "gone": True}


def canonical(table: str, values: Mapping[Any, Any]) -> Told:
    """A row as an event tells it: what is proven of it, without `None` and `False`."""
    told = {name: _value(name, values[name]) for name in PROVEN[table] if name in values}
    return {name: value for name, value in told.items() if value is not None and value is not False}


def row_of(told: Told, article: int | None, rollout: int | None) -> Row:
    """Which row an event's part speaks of. `article`, `rollout`: the event's; of a new row they are filled in."""
    table = told["table"]
    if told.get("new"):
        for name, part in _IMPLIED[table].items():
            told.setdefault(name, article if part == "article" else rollout)
    return Row(table, tuple(told[name] for name in _KEYS[table]))


def key_of(table: str, values: Mapping[Any, Any]) -> Row:
    """Which row these values are."""
    return Row(table, tuple(values[name] for name in _KEYS[table]))


def told_by(data: Mapping[str, Any]) -> Iterable[Told]:
    """The rows of which an event's data speaks."""
    rows = data.get("rows")
    mine = rows if isinstance(rows, list) else ()
    return [one for one in mine if isinstance(one, dict) and str(one.get("table")) in PROVEN]


def _value(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, datetime):
        return tables.microseconds(value)
    return digest_of(value) if name in TEXTS else str(value)
