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
from sqlalchemy import Connection, Engine, create_engine, event, func, insert, inspect, make_url, select, text, update
from sqlalchemy.exc import DBAPIError

from pipeline import migrations, tables, waits
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
            self.engine = create_engine(
                url,
                connect_args=waits.arguments(make_url(url)),
                pool_size=16,
                max_overflow=32,
                pool_timeout=waits.LOCK / timedelta(seconds=1),
                pool_pre_ping=True,  # the server may have been started again since
            )

    def close(self) -> None:
        self.engine.dispose()

    def migrate(self) -> None:
        """Create the tables, or bring them up to date. Safe to call from several processes at once."""
        if self.sqlite:
            self._locks.mkdir(parents=True, exist_ok=True)
        with self.reading() as connection:
            settled = not self.sqlite or connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            if settled and migrations.is_present(connection):
                return  # as always but once: nobody need wait for anybody
        if self.sqlite:
            with self._migrating():
                self._upgrade()
        else:
            self._upgrade()

    @contextmanager
    def _migrating(self) -> Iterator[None]:
        """Alone among the processes that migrate a SQLite file, which is in WAL mode then.

        Two processes that switch a new file to WAL at once: one gets SQLITE_BUSY, whatever its time-out.
        """
        place = self._lock_file("migrate")
        try:
            with FileLock(place, timeout=(waits.TURN + waits.BUSY) / timedelta(seconds=1)):
                with self.engine.connect() as connection:
                    connection.exec_driver_sql("COMMIT")
                    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                    connection.exec_driver_sql("BEGIN")
                yield
        except Timeout as error:
            raise waits.held_file(place) from error

    def _upgrade(self) -> None:
        with self._begin("IMMEDIATE") as connection:
            if not self.sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(726011)"))
                waits.patience(connection, statement_timeout=None, idle_in_transaction_session_timeout=waits.LONG)
            migrations.upgrade(connection)

    def ready(self) -> bool:
        """Whether the database answers and has the tables."""
        with self._begin("DEFERRED") as connection:
            return inspect(connection).has_table("chain")

    # -- transactions ---------------------------------------------------------------------------------

    @contextmanager
    def _begin(self, mode: str) -> Iterator[Connection]:
        """A transaction. Raises `waits.Held` where somebody else has held what it needs for too long."""
        try:
            with self.engine.connect().execution_options(sqlite_mode=mode) as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            if waits.in_vain(error):
                raise self._held() from error
            raise

    def _held(self) -> waits.Held:
        """Who holds the database now."""
        if self.sqlite:
            place = self.engine.url.database or ""
            return waits.held_file(Path(f"{place}-shm"), Path(place))
        with self.engine.connect() as connection:
            return waits.held(waits.writer(connection))

    @contextmanager
    def reading(self, *, long: bool = False) -> Iterator[Connection]:
        """A transaction that changes nothing; `long`: one that reads the whole record."""
        with self._begin("DEFERRED") as connection:
            if long and not self.sqlite:
                waits.patience(connection, statement_timeout=waits.LONG)
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
        with self._file_lock("writer", waits.TURN):
            yield

    @contextmanager
    def _queued(self, name: str, patience: timedelta) -> Iterator[bool]:
        """This process's threads queue for what processes wait for; whether it was this one's turn in time.

        Only the first looks at the lock: the others would take processor and connections from the one that has it.
        """
        queue = self._queues.setdefault(name, threading.Lock())
        first = queue.acquire(timeout=patience / timedelta(seconds=1))
        try:
            yield first
        finally:
            if first:
                queue.release()

    @contextmanager
    def _file_lock(self, name: str, patience: timedelta) -> Iterator[bool]:
        """A lock of all processes on this machine, freed when its holder dies; whether it was got in time."""
        deadline = time.monotonic() + patience / timedelta(seconds=1)
        with self._queued(name, patience) as first:
            if not first:
                yield False
                return
            lock = FileLock(self._lock_file(name), poll_interval=LOOK / timedelta(seconds=1))
            try:
                with suppress(Timeout):
                    lock.acquire(timeout=max(0.0, deadline - time.monotonic()))
                yield lock.is_locked
            finally:
                lock.release(force=True)

    def _lock_file(self, name: str) -> Path:
        return self._locks / f"{name}.lock"

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
        with self.reading(long=True) as tx:
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
        """A channel's lock: a file lock beside SQLite, an advisory lock in PostgreSQL; freed when its holder dies.

        A holder that has been stopped keeps it: once it goes on it would write what is out of date by then. Raises
        `Unavailable` where it is not to be had, with who has it, and where it was lost together with the database.
        """
        name = f"channel-{channel}"
        if self.sqlite:
            self._locks.mkdir(parents=True, exist_ok=True)
            with self._file_lock(name, patience) as locked:
                if not locked:
                    raise _busy(channel, waits.holder_of(self._lock_file(name)))
                yield
            return
        deadline = time.monotonic() + patience / timedelta(seconds=1)
        with self._queued(name, patience) as first:
            if not first:
                raise _busy(channel, None)
            try:
                with self._begin("DEFERRED") as connection:
                    self._lock_channel(connection, channel, timedelta(seconds=max(0.001, deadline - time.monotonic())))
                    yield
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise _lost(channel) from error
                raise

    def _lock_channel(self, connection: Connection, channel: str, patience: timedelta) -> None:
        lock = channel_lock(channel)
        waits.patience(
            connection, lock_timeout=patience, statement_timeout=None, idle_in_transaction_session_timeout=None
        )
        try:
            connection.execute(select(func.pg_advisory_xact_lock(lock)))
        except DBAPIError as error:
            if not waits.in_vain(error):
                raise
            with self.reading() as tx:
                raise _busy(channel, waits.locker(tx, lock)) from error


def channel_lock(channel: str) -> int:
    """The number of a channel's advisory lock in PostgreSQL."""
    return int.from_bytes(hashlib.sha256(channel.encode()).digest()[:8], "big", signed=True)


def _busy(channel: str, holder: waits.Holder | None) -> Unavailable:
    """Whose lock of a channel another waited for in vain."""
    if holder is None:
        message = Text.of("another worker has held the lock of {channel} for too long", channel=channel)
        remedy = Text.of("if this lasts, restart the workers")
    else:
        message = Text.of("a process holds the lock of {channel}: {process}", channel=channel, process=holder.who)
        remedy = holder.remedy
    return Unavailable(Problem(field="storage", message=message, remedy=remedy))


def _lost(channel: str) -> Unavailable:
    problem = Problem(
        field="storage",
        message=Text.of("the lock of {channel} was lost: the database has been started again", channel=channel),
        remedy=Text.of("nothing need be done: the step is done again by itself"),
    )
    return Unavailable(problem, sent=True)


def _event_hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps({**content, "at": content["at"].isoformat()}, ensure_ascii=False, sort_keys=True).encode()
    ).hexdigest()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the module
        for pragma in (f"busy_timeout={waits.milliseconds(waits.BUSY)}", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_mode', 'DEFERRED')}")
