"""The workers of all machines: each signs in to the record, says every few seconds that it is there, and signs off.

Whoever was killed is not there any more `GONE` after it was last seen, and forgotten soon after. Times are those of the
record's clock, so that machines whose clocks differ agree on who is there; how far each is off stands beside it.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import Connection, RowMapping, delete, select

from pipeline.article.value import Frozen
from pipeline.record import tables
from pipeline.record.clock import BEAT
from pipeline.record.database import Database
from pipeline.record.rollouts import parsed
from pipeline.record.upserts import ByDialect
from pipeline.rereading import GoneBy

QUEUES = ("steps", "releases")
"""The queues that workers work on; both are needed."""
GONE = timedelta(seconds=16)
"""Unseen for so long, a worker has been stopped or killed, or its machine is gone: some signs may come late."""
FORGOTTEN = timedelta(minutes=10)
"""Unseen for so long, it is not told of any more. Should it go on after all, it signs in again."""

_w = tables.worker.c


def _sign(made: Any) -> Any:
    signed = made(tables.worker)
    told = {name: signed.excluded[name] for name in ("data", "version", "started", "seen", "ahead", "gone_by")}
    return signed.on_conflict_do_update(index_elements=["host", "process", "queue"], set_=told)


_SIGN = ByDialect(_sign)


OFF = timedelta(seconds=3)
"""A clock that is off by more is wrong; what is less is how long it takes to ask. Nothing depends on it: nobody but
people who read logs, and what runs beside this program, go by the clock of a worker's machine."""


class Worker(Frozen):
    """A process that works on one queue."""

    host: str
    process: int
    """Its id there."""
    queue: str
    data: str
    """Its data folder."""
    version: str
    """Of this program."""
    started: AwareDatetime
    seen: AwareDatetime
    ahead: timedelta = timedelta(0)
    """By how much its machine's clock is ahead of what all go by; negative where it is behind."""
    gone_by: GoneBy | None = None
    """Which configuration it goes by; None of a version that did not say so."""
    silent: timedelta = timedelta(0)
    """For how long it has not been seen."""

    @property
    def is_there(self) -> bool:
        """Whether it works; of one of this machine its process tells, even while nobody can write into the record."""
        return self.silent < GONE or (self.is_here and _works(self.process))

    @property
    def is_off(self) -> bool:
        """Whether its machine's clock is wrong."""
        return abs(self.ahead) > OFF

    @property
    def has_ended(self) -> bool:
        """Whether it is known to be no more, though it was seen a moment ago: a process of this machine has ended."""
        return self.is_here and not _runs(self.process)

    @property
    def is_here(self) -> bool:
        """Whether it is a process of this machine."""
        return self.host == socket.gethostname()


def workers(database: Database) -> Sequence[Worker]:
    """All that have signed in and neither signed off nor been forgotten, by queue, host and start."""
    now = database.clock.now()
    with database.reading() as tx:
        rows = tx.execute(select(tables.worker).order_by(_w.queue, _w.host, _w.started)).mappings().all()
    return [_worker(row, now) for row in rows if now - row["seen"] < FORGOTTEN]


def _worker(row: RowMapping, now: datetime) -> Worker:
    ahead, gone_by = timedelta(microseconds=row["ahead"]), parsed(GoneBy, row["gone_by"])
    return Worker(**{**row, "ahead": ahead, "gone_by": gone_by}, silent=now - row["seen"])


class Presence:
    """This process on the roster, as one that works on a queue; `show` whenever its loop comes by."""

    def __init__(self, database: Database, queue: str, data: Path) -> None:
        self._database = database
        self._queue = queue
        self._data = data
        self._me: Worker | None = None
        self._shown = 0.0
        self._gone_by: GoneBy | None = None

    def show(self, gone_by: GoneBy | None = None) -> None:
        """Sign in, or say again that it is there if the last time was a while ago, or `gone_by` is another."""
        clock, moment = self._database.clock, time.monotonic()
        new, self._gone_by = gone_by != self._gone_by, gone_by
        if self._me is not None and moment - self._shown < BEAT / timedelta(seconds=1) and not new:
            return
        now = clock.now()
        with self._database.writing() as tx:
            clock.beat(tx, now)
            me = self._sign(tx, now)
            tx.execute(delete(tables.worker).where(_w.seen < now - FORGOTTEN))
        self._me, self._shown = me, moment

    def end(self) -> None:
        """Sign off."""
        if self._me is not None:
            with self._database.writing() as tx:
                mine = (_w.host == self._me.host, _w.process == self._me.process, _w.queue == self._me.queue)
                tx.execute(delete(tables.worker).where(*mine))
                self._me = None

    def _sign(self, tx: Connection, now: datetime) -> Worker:
        """Those before it on this machine and data folder that are no more are struck off."""
        me = Worker(
            host=socket.gethostname(),
            process=os.getpid(),
            queue=self._queue,
            data=str(self._data),
            version=version("tongfa"),
            started=now,
            seen=now,
            ahead=self._database.clock.ahead(),
            gone_by=self._gone_by,
        )
        if self._me is not None:
            me = me.model_copy(update={"started": self._me.started})
        else:
            here = (_w.host == me.host, _w.data == me.data)
            ended = [one for one in tx.scalars(select(_w.process).where(*here).distinct()) if not _runs(one)]
            tx.execute(delete(tables.worker).where(*here, _w.process.in_(ended)))
        gone_by = self._gone_by.model_dump_json() if self._gone_by else None
        told = {"ahead": me.ahead // timedelta(microseconds=1), "gone_by": gone_by}
        tx.execute(_SIGN[tx.dialect.name], me.model_dump(exclude={"silent"}) | told)
        return me


def _works(process: int) -> bool:
    """Whether there is a process of this id on this machine that is neither stopped nor dead. Only Linux tells."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"T", "t", "Z", "X"}


def _runs(process: int) -> bool:
    """Whether there is a process of this id on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True
