"""The whole record as members of a backup, and back: one way for both databases, from each to each.

    record/0001-article.jsonl     rows of a table: a line with its name and columns, then a row a line
    pictures/{digest}             a picture's bytes, as they came

Read in one transaction that sees one moment, while others write. Neither a second copy of the database on its disk nor
a program of the database's is needed, and what was SQLite can become PostgreSQL: that is why it is not the one's file
and the other's `pg_dump`. What can be made again, or is of this moment only, stays behind: the readers' index, the
workers' roster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, TableClause, column, delete, func, insert, inspect, select, table, text

from pipeline.record import migrations, tables
from pipeline.record.ids import BITS

_LEFT = frozenset({"alembic_version", "worker", "search_state", "sqlite_sequence"})
_INDEX = "searched"
"""Begins the names of the readers' index's tables."""
_LARGE = 1 << 20
"""Characters of a member, about."""
_PICTURES = tables.image.name
_DRAWN = frozenset({tables.article.name, tables.rollout.name})
"""Whose numbers have a drawn id below the ordinal, see `ids`."""


def migration(tx: Connection) -> str:
    """The last migration of this record."""
    return str(tx.scalar(text("SELECT version_num FROM alembic_version")))


def last_event(tx: Connection) -> int:
    """The number of the last event's row."""
    return tx.scalar(select(func.max(tables.event.c.id))) or 0


def counts(tx: Connection) -> dict[str, int]:
    """How much there is of what people count."""
    told = {"articles": tables.article, "rollouts": tables.rollout, "pictures": tables.image, "events": tables.event}
    return {name: tx.scalar(select(func.count()).select_from(one)) or 0 for name, one in told.items()}


def members(tx: Connection) -> Iterator[tuple[str, bytes]]:
    """The record as it is for this transaction, piece by piece."""
    number = 0
    for one in _tables(tx):
        if one.name == _PICTURES:
            for digest in tx.scalars(select(one.c.digest).order_by(one.c.digest)).all():
                data = tx.scalar(select(one.c.data).where(one.c.digest == digest))
                yield f"pictures/{digest}", bytes(data or b"")
            continue
        head = json.dumps({"table": one.name, "columns": [each.name for each in one.columns]})
        lines, length = [head], 0
        with tx.execute(select(one).execution_options(yield_per=500)) as rows:
            for row in rows:
                lines.append(json.dumps(list(row), ensure_ascii=False))
                length += len(lines[-1])
                if length > _LARGE:
                    number += 1
                    yield _piece(number, one.name, lines)
                    lines, length = [head], 0
        if len(lines) > 1:
            number += 1
            yield _piece(number, one.name, lines)


def _piece(number: int, name: str, lines: Iterable[str]) -> tuple[str, bytes]:
    return f"record/{number:04}-{name}.jsonl", "\n".join(lines).encode()


def load(tx: Connection, migrated: str, packed: Iterable[tuple[str, bytes]], sequences: Mapping[str, int]) -> None:
    """Fill an empty database: its tables as they were, what was packed, and then what has been migrated since."""
    migrations.upgrade(tx, migrated)
    known = {one.name: one for one in _tables(tx)}
    for one in reversed(known.values()):
        tx.execute(delete(one))  # what a migration has put there
    for name, data in packed:
        if name.startswith("pictures/"):
            tx.execute(insert(known[_PICTURES]), {"digest": name.removeprefix("pictures/"), "data": data})
        elif name.startswith("record/"):
            head, *lines = data.decode().split("\n")
            told = json.loads(head)
            rows = [dict(zip(told["columns"], json.loads(line), strict=True)) for line in lines]
            tx.execute(insert(known[told["table"]]), rows)
    for name, last in sequences.items():
        _go_on(tx, name, last)
    migrations.upgrade(tx)


def _tables(tx: Connection) -> list[TableClause]:
    """Those of the record as this database has them, each after those that it refers to."""
    inspector = inspect(tx)
    ordered = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
    kept = [name for name in ordered if name not in _LEFT and not name.startswith(_INDEX)]
    return [table(name, *(column(one["name"], one["type"]) for one in inspector.get_columns(name))) for name in kept]


# -- numbers that are never given out again ---------------------------------------------------------------


def sequences(tx: Connection) -> dict[str, int]:
    """By table: the last ordinal given out, whatever row bears it, or none any more."""
    found = {}
    for one in _tables(tx):
        last = _last(tx, one.name)
        if last is not None:
            found[one.name] = last >> BITS or last if one.name in _DRAWN else last
    return found


def go_on_after(tx: Connection, name: str) -> None:
    """Give out no ordinal that a row of this table has; for articles and rollouts that came with their numbers."""
    ids = table(name, column("id")).c.id
    highest = tx.scalar(select(func.max(ids))) or 0
    last = max(highest >> BITS or highest, sequences(tx).get(name, 0))
    if last:
        _go_on(tx, name, last)


def _last(tx: Connection, name: str) -> int | None:
    if tx.dialect.name == "sqlite":
        last: int | None = tx.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name})
        return last
    sequence = _sequence(tx, name)
    if sequence is None:
        return None
    row = tx.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - the catalogue's own name
    return int(row.last_value) if row.is_called else None


def _sequence(tx: Connection, name: str) -> str | None:
    keys = inspect(tx).get_pk_constraint(name)["constrained_columns"]
    if len(keys) != 1:
        return None
    found: str | None = tx.scalar(select(func.pg_get_serial_sequence(name, keys[0])))
    return found


def _go_on(tx: Connection, name: str, last: int) -> None:
    """Give out nothing again: the next number comes after this ordinal."""
    if tx.dialect.name == "sqlite":
        told: dict[str, Any] = {"name": name, "last": last << BITS if name in _DRAWN else last}
        tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), told)
        tx.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), told)
    elif (sequence := _sequence(tx, name)) is not None:
        tx.execute(select(func.setval(sequence, max(last, 1))))
