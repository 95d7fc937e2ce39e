"""How long anybody waits for the database, and what is said where that was in vain: who holds it, and what to do.

Whoever waits longer than these times gives up with a `Held` that names the holder, where it can be found.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, Connection, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError

from pipeline.channel import Problem, Text

DATABASE = "[engine] database"
"""The key of the configuration that whoever cannot use the database has to look at."""

CONNECT = timedelta(seconds=5)
"""To reach a server: longer than it takes with some lost packets, and an editor still waits for it."""
IDLE = timedelta(seconds=5)
"""A transaction in which nobody asks anything: its process has been stopped, or its machine is gone. The server undoes
it, so that what it had locked is free before anybody gives up. No transaction of ours waits for anything outside."""
LOCK = timedelta(seconds=8)
"""For a lock. Longer than `IDLE`: who waits for a stopped process of ours goes on instead of failing, and only somebody
else's open transaction is met by it. Short enough that every command answers within a quarter of a minute."""
STATEMENT = timedelta(seconds=10)
"""For one statement, its locks included. Longer than `LOCK`, so that the true cause is told first."""
LONG = timedelta(minutes=10)
"""For one statement where the whole record is read, or rebuilt by a migration."""
TCP = timedelta(seconds=15)
"""For an answer to what was sent, before the other side counts as gone."""
KEEPALIVE = {"idle": 10, "interval": 3, "count": 3}
"""Seconds of silence before the other side is asked whether it is there, seconds between two questions, and how many
remain unanswered: a machine that vanished is noticed after some 20 seconds, by either side."""
TURN = timedelta(seconds=2)
"""SQLite: for the turn to write, among the processes of this program."""
BUSY = timedelta(seconds=3)
"""SQLite: after that, for the database's own lock, which other programs take too. Nothing writes for that long."""

_NAME = "tongfa"
_WRITE = 120
"""The byte of SQLite's `-shm` file that whoever writes has locked (sqlite.org/walformat.html, 2.3.1)."""


def milliseconds(wait: timedelta) -> int:
    """As PostgreSQL and SQLite want their times."""
    return wait // timedelta(milliseconds=1)


# -- how the connections are made ---------------------------------------------------------------------


def arguments(url: URL) -> dict[str, str | int]:
    """psycopg's arguments for a connection to this server (libpq's keywords); what the URL says itself has precedence.

    The server is told to look after its side, too: only it can free what a machine had locked that is gone.
    """
    settings = {
        "lock_timeout": milliseconds(LOCK),
        "statement_timeout": milliseconds(STATEMENT),
        "idle_in_transaction_session_timeout": milliseconds(IDLE),
        "tcp_user_timeout": milliseconds(TCP),
        **{f"tcp_keepalives_{name}": value for name, value in KEEPALIVE.items()},
    }
    options = [f"-c {name}={value}" for name, value in settings.items()]
    ours: dict[str, str | int] = {
        "application_name": f"{_NAME} {socket.gethostname()[:40]} {os.getpid()}",
        "connect_timeout": CONNECT // timedelta(seconds=1),
        "tcp_user_timeout": milliseconds(TCP),
        "keepalives": 1,
        **{f"keepalives_{name}": value for name, value in KEEPALIVE.items()},
    }
    theirs = url.query
    return {
        **{name: value for name, value in ours.items() if name not in theirs},
        "options": " ".join([*options, *_several(theirs.get("options", ""))]),
    }


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def patience(connection: Connection, **waits: timedelta | None) -> None:
    """Other times for the rest of a PostgreSQL transaction, by the server's names; None: as long as it takes."""
    told = {name: str(milliseconds(wait) if wait else 0) for name, wait in waits.items()}
    connection.execute(select(*(func.set_config(name, time, True) for name, time in told.items())))


# -- who holds it -------------------------------------------------------------------------------------


class Holder(NamedTuple):
    """Who holds what somebody else waits for."""

    who: str
    """For people: a process with its command, or a session of the server."""
    remedy: Text


class Held(SQLAlchemyError):
    """Somebody waited in vain for what another holds; `problem` says who that is and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.message))
        self.problem = problem


_NOBODY = Text.of("repeat the command: whoever held it has let it go")
_STOPPED = Text.of("it has been stopped: let it go on with kill -CONT {process}, or end it with kill -9 {process}")
_BUSY = Text.of("wait until it is done; if it hangs, end it with kill {process}, and repeat the command")
_ELSEWHERE = Text.of(
    "look at process {process} on {host}: kill -CONT lets it go on if it has been stopped, kill -9 ends it"
)
_SESSION = Text.of("let that session end its transaction, or end it: SELECT pg_terminate_backend({session})")


def held(holder: Holder | None, unknown: Text = _NOBODY) -> Held:
    """What to raise; `unknown`: the remedy where nobody can tell who it is."""
    if holder is None:
        message = Text.of("another process has held the database for too long")
        return Held(Problem(field=DATABASE, message=message, remedy=unknown))
    message = Text.of("a process holds the database: {process}", process=holder.who)
    return Held(Problem(field=DATABASE, message=message, remedy=holder.remedy))


def held_file(*paths: Path) -> Held:
    """`held` by whoever has locked one of these files."""
    return held(holder_of(*paths), Text.of("find the process that holds it: fuser -v {path}", path=str(paths[-1])))


def in_vain(error: DBAPIError) -> bool:
    """Whether the database gave up to wait for somebody else."""
    locked = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in (5, 6)  # SQLITE_BUSY, SQLITE_LOCKED
    return locked or _state(error) == "55P03"  # lock_not_available


def is_forbidden(error: SQLAlchemyError) -> bool:
    """Whether the database may only be read here: by this user's rights, or because it is a copy of another."""
    read_only = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0) & 0xFF == 8  # SQLITE_READONLY
    return read_only or _state(error) in ("42501", "25006")  # insufficient_privilege, read_only_sql_transaction


def is_passing(error: SQLAlchemyError) -> bool:
    """Whether the same transaction, begun anew, may succeed: the database was away, restarted, or held."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, Held | OperationalError)


def _state(error: Exception) -> str:
    """The five characters by which PostgreSQL names an error; empty where there are none."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")


def holder_of(*paths: Path) -> Holder | None:
    """The process of this machine that has locked one of these files; None where the system does not tell (not Linux).

    Of SQLite's `-shm` only the lock of whoever writes counts: everybody who reads has others.
    """
    wanted = {path.stat().st_ino: path for path in paths if path.exists()}
    for inode, first, last, process in _locks():
        path = wanted.get(inode)
        if path is not None and process != os.getpid() and _has_open(process, path):
            if path.name.endswith("-shm") and not first <= _WRITE <= last:
                continue
            return _process(process)
    return None


def _locks() -> Iterator[tuple[int, int, int, int]]:
    """The write locks that the kernel knows: inode, first and last byte, process (proc_locks(5))."""
    with suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            number, _kind, _mode, access, process, place, first, last = line.split()[-8:]
            if access == "WRITE" and "->" not in number:
                yield (
                    int(place.rpartition(":")[2]),
                    int(first),
                    2**63 if last == "EOF" else int(last),
                    int(process),
                )


def _has_open(process: int, path: Path) -> bool:
    """An inode's number says nothing without its device, which `/proc/locks` has in another form than `stat`."""
    with suppress(OSError):
        return any(os.path.samefile(one, path) for one in Path(f"/proc/{process}/fd").iterdir() if one.exists())
    return True  # somebody else's process, into which nobody may look


def _process(process: int) -> Holder:
    """A process of this machine."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
        stopped = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in ("T", "t")
    except OSError:
        words, stopped = [], False
    who = " ".join([str(process), *words]).strip()
    return Holder(who, (_STOPPED if stopped else _BUSY).given(process=process))


_WRITING = text("""
    SELECT pid, application_name, coalesce(client_addr::text, '') AS address
    FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL
    ORDER BY state = 'idle in transaction' DESC, xact_start
    LIMIT 1
""")
_LOCKING = text("""
    SELECT a.pid, a.application_name, coalesce(a.client_addr::text, '') AS address
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.locktype = 'advisory' AND l.objsubid = 1 AND a.pid <> pg_backend_pid()
      AND ((l.classid::bigint << 32) | l.objid::bigint) = :lock
    LIMIT 1
""")


def writer(connection: Connection) -> Holder | None:
    """The session of this PostgreSQL database that has been writing for longest without an end, if there is one."""
    return _session(connection, _WRITING)


def locker(connection: Connection, lock: int) -> Holder | None:
    """The session that has this advisory lock of this PostgreSQL database, if there is one."""
    return _session(connection, _LOCKING, lock=lock)


def _session(connection: Connection, question: Any, **given: object) -> Holder | None:
    row = connection.execute(question, given).one_or_none()
    if row is None:
        return None
    name, _, process = row.application_name.rpartition(" ")
    host = name.removeprefix(f"{_NAME} ")
    if name == host or not process.isdecimal():
        who = f"{row.application_name or '?'} ({row.pid}{', ' if row.address else ''}{row.address})"
        return Holder(who, _SESSION.given(session=row.pid))
    if host == socket.gethostname()[:40] and Path(f"/proc/{process}").exists():
        return _process(int(process))
    return Holder(f"{process} ({host})", _ELSEWHERE.given(process=process, host=host))


# -- what is said -------------------------------------------------------------------------------------

_START = Text.of("start it, or correct its address (TONGFA_DATABASE_URL)")
_AGAIN = Text.of("repeat the command; if this lasts, look into the database's own log")
_ROOM = Text.of("free some space on the disk of the database, and repeat the command")
_FOLDER = Text.of("look whether its folder is there and may be written, or correct its address (TONGFA_DATABASE_URL)")
_RESTORE = Text.of("keep the file as it is, and put the last backup in its place")
_REMEDIES: Mapping[str | int, Text] = {
    "57014": Text.of("look what keeps the database busy (SELECT * FROM pg_stat_activity), and repeat the command"),
    "25P03": Text.of("this process was stopped in the middle; nothing of it was kept: repeat the command"),
    **dict.fromkeys(("57P01", "57P02", "57P03", "53300", "08006", "40001"), _AGAIN),
    "53100": _ROOM,
    "42501": Text.of("give the database's user the right to it"),
    "25006": Text.of("name the database that may be written: this one is a copy (TONGFA_DATABASE_URL)"),
    8: _FOLDER,  # SQLITE_READONLY
    10: _AGAIN,  # SQLITE_IOERR
    11: _RESTORE,  # SQLITE_CORRUPT
    13: _ROOM,  # SQLITE_FULL
    14: _FOLDER,  # SQLITE_CANTOPEN
    26: _RESTORE,  # SQLITE_NOTADB
}
"""By PostgreSQL's name for an error, or SQLite's number. An error that names none has not reached a database."""


def trouble(error: Exception) -> Problem:
    """What to say where the database cannot be used."""
    if isinstance(error, Held):
        return error.problem
    cause = getattr(error, "orig", None) or error
    code = _state(error) or getattr(cause, "sqlite_errorcode", 0) & 0xFF
    message = Text.of("the database cannot be used: {reason}", reason=str(cause).strip())
    return Problem(field=DATABASE, message=message, remedy=_REMEDIES.get(code, _START))
