"""One database: its transactions, the event chain, and a lock for every channel.

SQLite (WAL) by default, PostgreSQL by URL, from the same code.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.channel import Problem, Text, Unavailable
from pipeline.record import chain, migrations, waits
from pipeline.record.chain import Chain, Head
from pipeline.record.clock import RecordClock
from pipeline.record.keys import Keys
from pipeline.record.turns import Turns
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


class Database:
    """One database. Thread-safe; open one per process.

    `locks` is the folder of the channels' locks where the database is SQLite; `keys` are those that seal events, by
    default this process's own.
    """

    def __init__(self, url: str, *, pace: Pace, locks: Path, keys: Keys | None = None) -> None:
        self.pace = pace
        self.keys = keys or Keys()
        self.locks = locks
        self._queues: dict[str, Turns] = {}
        self.clock = RecordClock(self)
        self._own = threading.local()
        """`awaited`: whether this thread holds a channel's lock."""
        self.sqlite = url.startswith("sqlite")
        if self.sqlite:
            self.engine = create_engine(url, module=sqlite_module(), pool_size=32, max_overflow=32)
            _tune_sqlite(self.engine)
        else:
            self.engine = create_engine(
                url,
                connect_args=waits.arguments(make_url(url)),
                isolation_level="READ COMMITTED",  # whoever has a lock sees what was committed before it had it
                pool_size=16,
                max_overflow=32,
                pool_timeout=waits.LOCK / timedelta(seconds=1),
                pool_pre_ping=True,  # the server may have been started again since
            )

    def close(self) -> None:
        self.engine.dispose()

    def migrate(self) -> None:
        """Create the tables or bring them up to date, and begin the clock. Any number of processes may do so at once.

        The clock may write when it begins, and wait for others longer than a transaction may do nothing: so it is not
        left to the first who asks for the time.
        """
        self._have_tables()
        self.clock.now()

    def _have_tables(self) -> None:
        if self.sqlite:
            self.locks.mkdir(parents=True, exist_ok=True)
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
            with FileLock(place, timeout=(waits.TURN + waits.BUSY) / timedelta(seconds=1), mode=0o660):
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
    def _begin(self, mode: str, *, keep: bool = True) -> Iterator[Connection]:
        with (
            self._telling(),
            self.engine.connect().execution_options(sqlite_mode=mode) as connection,
            connection.begin() as transaction,
        ):
            yield connection
            if not keep:
                transaction.rollback()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Raise `waits.Held` where somebody else has held what is needed for too long."""
        try:
            yield
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
        """A transaction that changes nothing; `long`: one that reads the whole record, all of it of one moment."""
        with self._of_one_moment(statement_timeout=waits.LONG) if long else self._begin("DEFERRED") as connection:
            yield connection

    def snapshot(self) -> AbstractContextManager[Connection]:
        """A transaction that sees the whole record as it is at one moment, for as long as it takes; others write on."""
        return self._of_one_moment(statement_timeout=None, idle_in_transaction_session_timeout=None)

    @contextmanager
    def _of_one_moment(self, **patience: Any) -> Iterator[Connection]:
        if self.sqlite:  # what a reader sees in WAL mode is that of its first question
            with self._begin("DEFERRED") as connection:
                yield connection
            return
        with (
            self._telling(),
            self.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
            connection.begin(),
        ):
            connection.execute(text("SET TRANSACTION READ ONLY"))
            waits.patience(connection, **patience)
            yield connection

    @contextmanager
    def writing(self, *, keep: bool = True) -> Iterator[Connection]:
        """A transaction that changes something. On SQLite it is the only one; on PostgreSQL see `locks`.

        `keep`: False undoes it at its end: what it would have come to is known, and nothing has changed.
        """
        with self._turn(), self._begin("IMMEDIATE", keep=keep) as connection:
            yield connection

    @contextmanager
    def at_once(self) -> Iterator[Connection]:
        """For one statement that changes something. PostgreSQL ends it by itself, whatever becomes of this process."""
        if self.sqlite:
            with self.writing() as connection:
                yield connection
        else:
            with self._telling(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
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

    def turns(self, name: str) -> Turns:
        """Where this process's threads queue for what is called so: the writer's turn, or a channel's lock."""
        return self._queues.setdefault(name, Turns())

    @contextmanager
    def _queued(self, name: str, patience: timedelta) -> Iterator[bool]:
        """This process's threads queue for what processes wait for; whether it was this one's turn in time.

        Only the first looks at the lock: the others would take processor and connections from the one that has it.
        """
        queue = self.turns(name)
        had = queue.acquire(first=getattr(self._own, "awaited", False), timeout=patience / timedelta(seconds=1))
        try:
            yield had
        finally:
            if had:
                queue.release()

    @contextmanager
    def _file_lock(self, name: str, patience: timedelta) -> Iterator[bool]:
        """A lock of all processes on this machine, freed when its holder dies; whether it was got in time."""
        deadline = time.monotonic() + patience / timedelta(seconds=1)
        with self._queued(name, patience) as first:
            if not first:
                yield False
                return
            with locked_file(self._lock_file(name), deadline) as locked:
                yield locked

    def _lock_file(self, name: str) -> Path:
        return self.locks / f"{name}.lock"

    # -- the event chain ------------------------------------------------------------------------------

    def seal(self) -> int:
        """Number and chain what has been committed; how many events. Any number of processes may try at once."""
        sealed = 0
        while True:
            with self.reading() as tx:
                if not chain.unsealed(tx):
                    return sealed
            with self.writing() as tx:
                count = chain.seal(tx, self.keys)
            sealed += count
            if count < chain.BATCH:
                return sealed

    def seal_if_may(self) -> None:
        """Seal what is there; nothing where somebody else has the database, or this account may only read."""
        try:
            self.seal()
        except SQLAlchemyError as error:
            if not (isinstance(error, waits.Held) or waits.is_forbidden(error)):
                raise

    def head(self) -> Head:
        """The last sealed event."""
        with self.reading() as tx:
            return chain.head(tx)

    def take_key(self, who: str) -> Head:
        """From here on the current key seals; the head that this made."""
        now = self.clock.now()
        with self.writing() as tx:
            return chain.take_key(tx, self.keys, now, who)

    def chain(self) -> Chain:
        """Seal what is there, if that may be, and walk along the whole chain, which tells how much is left unsealed."""
        self.seal_if_may()
        with self.reading(long=True) as tx:
            return chain.walk(tx, self.keys)

    def broken_event(self) -> int | None:
        """The number of the first event whose hash does not hold, None if the whole chain does."""
        return self.chain().broken

    def version(self) -> str:
        """Name and version of the database."""
        with self.reading() as tx:
            if self.sqlite:
                return f"SQLite {tx.scalar(text('SELECT sqlite_version()'))}"
            return f"PostgreSQL {tx.scalar(text('SHOW server_version'))}"

    @contextmanager
    def exclusive(self, channel: str, patience: timedelta = timedelta(seconds=15)) -> Iterator[None]:
        """A channel's lock: a file lock beside SQLite, an advisory lock in PostgreSQL; freed when its holder dies.

        A holder that has been stopped keeps it: once it goes on it would write what is out of date by then. While it is
        held no transaction is open. Raises `Unavailable` where it is not to be had, with who has it, and where it was
        lost together with the database.
        """
        name = f"channel-{channel}"
        if self.sqlite:
            self.locks.mkdir(parents=True, exist_ok=True)
            with self._file_lock(name, patience) as locked:
                if not locked:
                    raise _busy(channel, waits.holder_of(self._lock_file(name)))
                with self._awaited():
                    yield
            return
        deadline = time.monotonic() + patience / timedelta(seconds=1)
        with self._queued(name, patience) as first:
            if not first:
                raise _busy(channel, None)
            with self._session_lock(channel, timedelta(seconds=max(0.001, deadline - time.monotonic()))):
                yield

    @contextmanager
    def _awaited(self) -> Iterator[None]:
        """Others wait for what this thread holds: whatever it waits for itself, it comes first."""
        self._own.awaited = True
        try:
            yield
        finally:
            self._own.awaited = False

    @contextmanager
    def _session_lock(self, channel: str, patience: timedelta) -> Iterator[None]:
        """PostgreSQL: a lock of a connection and of no transaction, for its holder may be on the network."""
        lock = channel_lock(channel)
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for setting, value in (("lock_timeout", waits.milliseconds(patience)), ("statement_timeout", 0)):
                connection.execute(text(f"SET {setting} = {value}"))
            try:
                connection.execute(select(func.pg_advisory_lock(lock)))
            except DBAPIError as error:
                connection.invalidate()  # it may have been given in the very moment in which we gave up
                if not waits.in_vain(error):
                    raise
                with self.reading() as tx:
                    raise _busy(channel, waits.locker(tx, lock)) from error
            try:
                yield
            finally:
                self._unlock(connection, channel)

    def _unlock(self, connection: Connection, channel: str) -> None:
        """Let go of the lock, or of the whole connection: no other user of it may inherit the lock."""
        try:
            held = connection.scalar(select(func.pg_advisory_unlock(channel_lock(channel))))
            connection.execute(text("RESET lock_timeout"))
            connection.execute(text("RESET statement_timeout"))
        except DBAPIError as error:
            connection.invalidate()
            raise _lost(channel) from error
        if not held:
            raise _lost(channel)


@contextmanager
def locked_file(place: Path, deadline: float) -> Iterator[bool]:
    """A file locked until the block ends, or until this process does; whether that was to be had by `deadline`, by
    `time.monotonic`.

    Every transaction takes one. filelock, which takes the same lock (flock), needs for it as long as SQLite for all of
    the transaction's statements.
    """
    while True:
        file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
        try:
            locked = _flock(file, deadline)
            if locked and not os.fstat(file).st_nlink:
                continue  # it has been deleted, and others lock the one that has come in its place
            yield locked
            return
        finally:
            os.close(file)


def _flock(file: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOOK / timedelta(seconds=1))
        else:
            return True


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


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the module
        for pragma in (f"busy_timeout={waits.milliseconds(waits.BUSY)}", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_mode', 'DEFERRED')}")
