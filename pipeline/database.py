"""One database: its transactions, its one writer, the event chain, and a lock for every channel.

SQLite (WAL) by default, PostgreSQL by URL, from the same code.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, select, text, update

from pipeline import migrations, tables
from pipeline.channel import Problem, Text, Unavailable
from pipeline.rollout import Pace

SAFE_SQLITE = (3, 51, 3)
"""Earlier versions can corrupt a WAL database in a rare reset race (sqlite.org, WAL-reset bug)."""


def sqlite_module() -> ModuleType:
    """The SQLite to use: Python's own, or the newer one of the pysqlite3 wheel where Python's is not safe."""
    if sqlite3.sqlite_version_info < SAFE_SQLITE:
        with suppress(ImportError):  # no wheel for this platform: `newsroom doctor` says so
            return importlib.import_module("pysqlite3.dbapi2")
    return sqlite3


TURN = timedelta(seconds=2)
"""How long to wait for the turn to write."""
LOOK = timedelta(milliseconds=1)
"""Between two looks at a file lock."""
_HEAD = "tongfa.chain"
"""Under this the writing connection knows the hash of the last event."""
_LOCK = select(tables.chain.c.hash).with_for_update()
_APPEND, _MOVE = insert(tables.event), update(tables.chain)

BEGINNING = "0" * 64
"""What stands for the hash before the first event."""


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
    """How many were read: all, or up to the broken one."""
    since: datetime | None
    """The time of the first event."""
    last: str
    """The hash of the last event that holds, which covers all before it."""
    broken: int | None
    """The id of the first event that does not hold; None if all do."""
    flaw: Flaw | None


class Database:
    """One database. Thread-safe; open one per process.

    `locks` is the folder of the channels' locks where the database is SQLite.
    """

    def __init__(self, url: str, *, pace: Pace, locks: Path) -> None:
        self.pace = pace
        self._locks = locks
        self._queues: dict[str, threading.Lock] = {}
        self.sqlite = url.startswith("sqlite")
        if self.sqlite:
            self.engine = create_engine(url, module=sqlite_module(), pool_size=32, max_overflow=32)
            _tune_sqlite(self.engine)
        else:
            self.engine = create_engine(url, pool_size=16, max_overflow=32, pool_pre_ping=True)

    def close(self) -> None:
        self.engine.dispose()

    def migrate(self) -> None:
        """Create the tables, or bring them up to date. Safe to call from several processes at once."""
        if self.sqlite:
            self._locks.mkdir(parents=True, exist_ok=True)
            # Two processes that switch a new file to WAL at once: one gets SQLITE_BUSY, whatever its time-out.
            with FileLock(self._locks / "migrate.lock"), self.engine.connect() as connection:
                connection.exec_driver_sql("COMMIT")
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                connection.exec_driver_sql("BEGIN")
        with self._begin("IMMEDIATE") as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(726011)"))
            migrations.upgrade(connection)

    def ready(self) -> bool:
        """Whether the database answers and has the tables."""
        with self._begin("DEFERRED") as connection:
            return inspect(connection).has_table("chain")

    # -- transactions ---------------------------------------------------------------------------------

    @contextmanager
    def _begin(self, mode: str) -> Iterator[Connection]:
        with self.engine.connect().execution_options(sqlite_mode=mode) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self._begin("DEFERRED") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction of the one writer."""
        with self._turn(), self._begin("IMMEDIATE") as connection:
            connection.info[_HEAD] = connection.scalar(_LOCK)
            yield connection

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the other writers of this SQLite file by a file lock.

        SQLite itself would sleep ever longer between two looks, up to a tenth of a second, and let others go first.
        Whoever does not get the turn in time (a process that was stopped may have it) relies on SQLite's own lock.
        """
        if not self.sqlite:
            yield
            return
        with self._file_lock("writer", TURN):
            yield

    @contextmanager
    def _file_lock(self, name: str, patience: timedelta) -> Iterator[bool]:
        """A lock of all processes on this machine, freed when its holder dies; whether it was got in time.

        This process's threads queue for it, and only the first looks at the file: the others would take the
        processor from the one that has the lock.
        """
        deadline = time.monotonic() + patience / timedelta(seconds=1)
        queue = self._queues.setdefault(name, threading.Lock())
        if not queue.acquire(timeout=patience / timedelta(seconds=1)):
            yield False
            return
        lock = FileLock(self._locks / f"{name}.lock", poll_interval=LOOK / timedelta(seconds=1))
        try:
            with suppress(Timeout):
                lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
            yield lock.is_locked
        finally:
            lock.release(force=True)
            queue.release()

    def append(
        self,
        tx: Connection,
        now: datetime,
        who: str,
        what: str,
        *,
        article: int | None = None,
        rollout: int | None = None,
        delivery: int | None = None,
        digest: str = "",
        **data: object,
    ) -> None:
        """Append to the chain: each event's hash covers its content and the hash before it."""
        previous = tx.info[_HEAD]
        content = {
            "at": now,
            "who": who,
            "what": what,
            "article_id": article,
            "rollout_id": rollout,
            "delivery_id": delivery,
            "digest": digest,
            "data": json.dumps(data, ensure_ascii=False, sort_keys=True, default=str),
            "previous": previous,
        }
        digested = _event_hash(content)
        tx.execute(_APPEND, {**content, "hash": digested})
        tx.execute(_MOVE, {"hash": digested})
        tx.info[_HEAD] = digested

    def broken_event(self) -> int | None:
        """The id of the first event whose hash does not hold, None if the whole chain does."""
        return self.chain().broken

    def chain(self) -> Chain:
        """Read every event and check that each is what was written; some ten thousand a second.

        Safe while others append: the end of the chain is read first, and has to be met on the way or be its start.
        """
        before, since, count, number = BEGINNING, None, 0, 0
        with self.reading() as tx:
            head = tx.scalar(select(tables.chain.c.hash))
            met = head == before
            events = select(tables.event).order_by(tables.event.c.id).execution_options(yield_per=1000)
            with tx.execute(events) as read:
                for row in read.mappings():
                    content = {name: row[name] for name in row if name not in ("id", "hash")}
                    count, number, since = count + 1, int(row["id"]), since or row["at"]
                    changed = row["hash"] != _event_hash(content)
                    if changed or row["previous"] != before:
                        return Chain(count, since, before, number, Flaw.CHANGED if changed else Flaw.GAP)
                    before = row["hash"]
                    met = met or head == before
        return Chain(count, since, before, None if met else number, None if met else Flaw.CUT)

    def version(self) -> str:
        """Name and version of the database."""
        with self.reading() as tx:
            if self.sqlite:
                return f"SQLite {tx.scalar(text('SELECT sqlite_version()'))}"
            return f"PostgreSQL {tx.scalar(text('SHOW server_version'))}"

    @contextmanager
    def exclusive(self, channel: str, patience: timedelta = timedelta(seconds=15)) -> Iterator[None]:
        """A channel's lock: a file lock beside SQLite, an advisory lock in PostgreSQL; freed when its holder dies."""
        busy = Unavailable(
            Problem(
                field="storage",
                message=Text.of("another worker has held the lock of {channel} for too long", channel=channel),
                remedy=Text.of("if this lasts, restart the workers"),
            )
        )
        if self.sqlite:
            self._locks.mkdir(parents=True, exist_ok=True)
            with self._file_lock(f"channel-{channel}", patience) as locked:
                if not locked:
                    raise busy
                yield
            return
        name = int.from_bytes(hashlib.sha256(channel.encode()).digest()[:8], "big", signed=True)
        with self._begin("DEFERRED") as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = {int(patience.total_seconds() * 1000)}"))
            try:
                connection.execute(select(func.pg_advisory_xact_lock(name)))
            except Exception as error:
                if getattr(getattr(error, "orig", None), "sqlstate", "") == "55P03":
                    raise busy from error
                raise
            yield


def _event_hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps({**content, "at": content["at"].isoformat()}, ensure_ascii=False, sort_keys=True).encode()
    ).hexdigest()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the module
        for pragma in ("busy_timeout=30000", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_mode', 'DEFERRED')}")
