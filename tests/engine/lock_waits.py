"""Who waited for a lock of PostgreSQL for how long: read from the server's own log.

with waits_in(folder, timedelta(milliseconds=50)) as measured:
    …  # work on measured.url
measured.found
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import create_engine, text

from tests.conftest import fresh_database, postgresql_server

_WAITING = re.compile(r"\[(\d+)\] LOG:  process \d+ still waiting for \w+ on (.+?) after [\d.]+ ms")
_CONTEXT = re.compile(r'\[(\d+)\] CONTEXT:  .* in relation "(\w+)"')
_TUPLE = re.compile(r"tuple \S+ of relation (\d+)")


class Wait(NamedTuple):
    """Somebody who waited too long."""

    what: str
    """The table of whose row another had a lock; what the log says, where it was no row."""
    log: str
    """All that the log says."""


class Measured:
    """A database on a server of its own, which logs every wait that is longer than `limit`."""

    def __init__(self, server: str, log: Path, limit: timedelta) -> None:
        self._log = log
        self._server = server
        engine = create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for setting in ("log_lock_waits = on", f"deadlock_timeout = {limit // timedelta(milliseconds=1)}"):
                connection.execute(text(f"ALTER SYSTEM SET {setting}"))
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()
        self.url = fresh_database(server)

    @property
    def found(self) -> list[Wait]:
        """The waits so far. The server is asked for the names of tables: it has to be there."""
        lines = self._log.read_text(encoding="utf-8").splitlines()
        found = []
        for at, line in enumerate(lines):
            if waiting := _WAITING.search(line):
                told = []
                for after in lines[at + 1 :]:
                    if f"[{waiting[1]}] LOG:" in after:
                        break
                    told.append(after)
                context = next(
                    (one for one in map(_CONTEXT.search, told) if one is not None and one[1] == waiting[1]), None
                )
                row = _TUPLE.search(waiting[2])
                what = context[2] if context else self._table(int(row[1])) if row else waiting[2]
                found.append(Wait(what, "\n".join([line, *told[:3]])))
        return found

    def _table(self, number: int) -> str:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            name = connection.scalar(text("SELECT relname FROM pg_class WHERE oid = :number"), {"number": number})
        engine.dispose()
        return str(name)


@contextmanager
def waits_in(folder: Path, limit: timedelta) -> Iterator[Measured]:
    """A server in this folder that measures."""
    with postgresql_server(folder) as server:
        yield Measured(server.url, folder / "data" / "log", limit)
