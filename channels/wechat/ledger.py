"""What an account remembers on this machine: uploaded pictures, calls of the day, submissions under way.

One small SQLite file, shared by the machine's processes. Losing it costs little: pictures are uploaded again, the
day's count starts anew, and after an unknown outcome WeChat alone is asked. So a failure of it fails nothing, but for
articles that go out together: which of their deliveries hands in the draft is decided here, so they wait.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from channels.wechat.errors import BEIJING

log = logging.getLogger("tongfa.wechat")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS upload (purpose TEXT, digest TEXT, answer TEXT, PRIMARY KEY (purpose, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS call (day TEXT, name TEXT, count INTEGER, PRIMARY KEY (day, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS submission (draft TEXT PRIMARY KEY, at REAL, publication TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS question (publication TEXT PRIMARY KEY, since REAL, asked REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outcome (publication TEXT PRIMARY KEY, at REAL, answer TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS used_up (day TEXT, name TEXT, PRIMARY KEY (day, name)) WITHOUT ROWID;
"""
_KEEP = 30 * 86400
"""Seconds for which submissions and questions are kept."""


class Submission(NamedTuple):
    """A draft handed in for publication."""

    at: float
    """Seconds since the epoch."""
    publication: str
    """What WeChat answered: publish_id or msg_id; "" if no answer came (yet)."""


class Turns:
    """Locks by name, for the threads of one process. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def of(self, name: str) -> Any:
        """The lock of this name, the same as long as anybody holds it or waits for it."""
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())


class Ledger:
    """The memory of one account. Thread-safe, and safe for several processes. Never raises for the file's sake."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path = path
        self._now = now
        self._making = threading.Lock()
        self._made = False

    # -- pictures ----------------------------------------------------------------------------------------

    def uploaded(self, purpose: str, picture: str) -> str:
        """What WeChat called this picture when it was uploaded for `purpose`; "" if it never was.

        `picture` names its content, such as by a digest.
        """
        rows = self._rows("SELECT answer FROM upload WHERE purpose = ? AND digest = ?", purpose, picture)
        return str(rows[0][0]) if rows else ""

    def upload(self, purpose: str, picture: str, answer: str) -> None:
        self._rows("INSERT OR REPLACE INTO upload VALUES (?, ?, ?)", purpose, picture, answer)

    def forget_upload(self, answer: str) -> None:
        """WeChat no longer knows it: somebody deleted it in the material library."""
        self._rows("DELETE FROM upload WHERE answer = ?", answer)

    # -- the day's calls -----------------------------------------------------------------------------------

    def count(self, call: str) -> None:
        """One more call of this name today, in Beijing."""
        self._rows(
            "INSERT INTO call VALUES (?, ?, 1) ON CONFLICT (day, name) DO UPDATE SET count = count + 1",
            self._today(),
            call,
        )

    def counts(self) -> dict[str, int]:
        """Today's calls by name."""
        rows = self._rows("SELECT name, count FROM call WHERE day = ? ORDER BY name", self._today())
        return {str(name): int(count) for name, count in rows}

    def use_up(self, call: str) -> None:
        """WeChat has said that the day's calls of this name are used up, whoever made them."""
        self._rows("INSERT OR IGNORE INTO used_up VALUES (?, ?)", self._today(), call)

    def used_up(self) -> set[str]:
        """The calls of which it has said so today."""
        return {str(name) for (name,) in self._rows("SELECT name FROM used_up WHERE day = ?", self._today())}

    # -- submissions ---------------------------------------------------------------------------------------

    def claim(self, draft: str, known: Submission | None) -> bool | None:
        """Note, before it is done, that this draft is handed in: true for exactly one, over threads and processes.

        `known`: what `submission` said before; if that is no longer so, another one was quicker. None: it cannot be
        noted, because the file cannot be used.
        """
        now = self._now().timestamp()
        if known is None:
            return self._one("INSERT OR IGNORE INTO submission VALUES (?, ?, '')", draft, now)
        return self._one(
            "UPDATE submission SET at = ?, publication = '' WHERE draft = ? AND at = ? AND publication = ?",
            now, draft, *known,
        )  # fmt: skip

    def submitted(self, draft: str, publication: str) -> None:
        now = self._now().timestamp()
        self._rows("INSERT OR REPLACE INTO submission VALUES (?, ?, ?)", draft, now, publication)

    def prune(self) -> None:
        """Forget what is too old to matter."""
        for table in ("submission", "outcome"):
            self._rows(f"DELETE FROM {table} WHERE at < ?", self._now().timestamp() - _KEEP)  # noqa: S608 - two names

    def not_submitted(self, draft: str) -> None:
        """WeChat refused: nothing was handed in."""
        self._rows("DELETE FROM submission WHERE draft = ?", draft)

    def submission(self, draft: str) -> Submission | None:
        rows = self._rows("SELECT at, publication FROM submission WHERE draft = ?", draft)
        return Submission(float(rows[0][0]), str(rows[0][1])) if rows else None

    # -- questions -----------------------------------------------------------------------------------------

    def due(self, publication: str, first: float) -> bool:
        """Whether it is time to ask again what became of a publication; if so, it counts as asked now.

        `first`: seconds between the first two questions; later the wait is half of the time gone by, because WeChat
        takes 100 questions a day for all articles together.
        """
        now = self._now().timestamp()
        rows = self._rows("SELECT since, asked FROM question WHERE publication = ?", publication)
        since, asked = (float(rows[0][0]), float(rows[0][1])) if rows else (now, 0.0)
        if asked and now - asked < max(first, (asked - since) / 2):
            return False
        self._rows("INSERT OR REPLACE INTO question VALUES (?, ?, ?)", publication, since, now)
        return True

    def outcome(self, publication: str) -> str:
        """What `end` was told of it; "" if nothing."""
        rows = self._rows("SELECT answer FROM outcome WHERE publication = ?", publication)
        return str(rows[0][0]) if rows else ""

    def end(self, publication: str, answer: str) -> None:
        """Keep what became of a publication: of several articles all follow it, and one question is enough."""
        self._rows("INSERT OR REPLACE INTO outcome VALUES (?, ?, ?)", publication, self._now().timestamp(), answer)

    def hurry(self, publication: str) -> None:
        """Something is known to have happened: the next question is due at once."""
        self._rows("UPDATE question SET asked = 0 WHERE publication = ?", publication)

    # -- the file --------------------------------------------------------------------------------------------

    def _today(self) -> str:
        return f"{self._now().astimezone(BEIJING):%Y-%m-%d}"

    def _rows(self, statement: str, *values: object) -> list[Any]:
        """The rows of a statement, committed; none if the file cannot be used."""
        done = self._done(statement, values)
        return [] if done is None else done[0]

    def _one(self, statement: str, *values: object) -> bool | None:
        """Whether a statement changed a row; None if the file cannot be used."""
        done = self._done(statement, values)
        return None if done is None else done[1] == 1

    def _done(self, statement: str, values: tuple[object, ...]) -> tuple[list[Any], int] | None:
        """(the rows, how many were changed) by a statement, committed; None if the file cannot be used."""
        try:
            with closing(self._open()) as connection, connection:
                cursor = connection.execute(statement, values)
                return cursor.fetchall(), cursor.rowcount
        except sqlite3.OperationalError as error:  # locked for too long, no space, not writable
            log.warning("the account's memory %s cannot be used: %s", self.path, error)
        except sqlite3.DatabaseError as error:  # not a database, or damaged: begin anew
            log.warning("the account's memory %s is damaged and begins anew: %s", self.path, error)
            with self._making, suppress(OSError):
                self.path.unlink()
                self._made = False
        except OSError as error:
            log.warning("the account's memory %s cannot be used: %s", self.path, error)
        return None

    def _open(self) -> sqlite3.Connection:
        with self._making:
            if not self._made:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with closing(self._connect()) as connection:
                    connection.executescript(_SCHEMA)
                self._made = True
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        # A rollback journal: old versions of SQLite can damage a write-ahead log. Unsynced: it may be lost.
        connection = sqlite3.connect(self.path, timeout=5)
        connection.execute("PRAGMA synchronous = OFF")
        return connection
