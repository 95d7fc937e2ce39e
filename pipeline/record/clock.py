"""The record's clock. It never steps, and all machines have the same.

    record's time = clock underneath + offset        wall time = record's time + shift

Underneath is, beside SQLite, the machine's time since it was started, which nobody can set; with PostgreSQL the
server's clock, which each process asks for now and then and carries on by its own time since the start. Offset and
shift stand in the record. So whoever sets a clock changes nothing for what is measured from one moment to another:
leases, what is due, patience, which of two came first. All of that is in the record's time, and so are its events.

By the wall clock is what people ask for and read: `--at 18:00`, the date under a headline, midnight. When that clock
has been set, its difference to the record's (`shift`) changes, and what waits for its moment is moved by as much.
"""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import structlog
from sqlalchemy import BigInteger, Connection, DateTime, Row, exists, func, select, type_coerce, update
from sqlalchemy.exc import SQLAlchemyError

from pipeline.record import chain, tables, testimony, waits
from pipeline.rollout import DeliveryState, RolloutState

log = structlog.get_logger("tongfa")

NAP = 0.0001
"""Seconds. An event would be woken through a lock, by which threads come after one another instead of together."""
STEP = timedelta(milliseconds=50)
"""A machine's clock that differs by more from what it was has been set; what is less is how long it takes to look."""
FAR = timedelta(seconds=2)
"""A server's clock that differs by more has been set, or this process was stopped; what is less is how clocks drift."""
BEAT = timedelta(seconds=4)
"""Between two signs of a worker that it is there; also how often the server's clock is asked for."""
UNHEARD = 3 * BEAT
"""After so long without a sign of any worker, either none is there or the server's clock has been put forward."""

_c, _d, _r = tables.clock.c, tables.delivery.c, tables.rollout.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_BOOT = Path("/proc/sys/kernel/random/boot_id")
SINCE_START = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""The time since a machine's start that nobody can set; also while it sleeps, where the system tells."""
_KEPT = select(tables.clock)
_ASKED = select(func.clock_timestamp(type_=DateTime(timezone=True)).label("there"), *_c)


class Transactions(Protocol):
    """What a clock needs of its database."""

    sqlite: bool

    def reading(self) -> AbstractContextManager[Connection]: ...

    def writing(self) -> AbstractContextManager[Connection]: ...


class _Reading(NamedTuple):
    """One look at the clock of a server and at what the record says of it, in microseconds."""

    there: int
    """The record's time by it, before anybody has seen whether it was set."""
    here: int
    """This process's time since the start, at the same moment."""
    shift: int
    seen: int
    """The record's time when a worker was there last."""


class RecordClock:
    """The clock of one database's record, as a process reads it. Thread-safe.

    It is set by the first who asks, outside a transaction: whoever opens the record (`Database.migrate`).
    """

    def __init__(self, database: Transactions) -> None:
        self._database = database
        self._setting = threading.Lock()
        self._offset: int | None = None
        """Microseconds from the machine's start to the record's time."""
        self._shift = timedelta(0)
        self._asked = 0
        self._telling = threading.Lock()
        self._told = 0

    def now(self) -> datetime:
        """The record's time. It never goes back for who asks again: whoever has waited for an instant finds it past,
        though the server has been asked meanwhile, and an answer is exact to some milliseconds only."""
        offset = self._running()
        with self._telling:
            self._told = max(self._told, _ticks() + offset)
            return _moment(self._told)

    def wall(self, moment: datetime | None = None) -> datetime:
        """What the wall clock shows at a moment of the record's time, by how it is set now; without one: now."""
        return (self.now() if moment is None else moment) + self.shift

    def steady(self, wall: datetime) -> datetime:
        """The record's time when the wall clock will show this, unless it is set meanwhile."""
        return wall - self.shift

    @property
    def shift(self) -> timedelta:
        """By how much the wall clock is ahead of the record's."""
        self._running()
        return self._shift

    def wait_until(self, moment: datetime) -> None:
        """Return at `moment`, within a fraction of a millisecond: a long sleep, then the last of it in short naps."""
        while (left := (moment - self.now()) / timedelta(seconds=1)) > 0:
            time.sleep(left - 0.002 if left > 0.004 else NAP)

    def watch(self) -> None:
        """Look whether the wall clock has been set; whoever loops calls it again and again."""
        self._running()
        if self._database.sqlite:
            self._watch_machine()
        elif _ticks() - self._asked > _micro(BEAT):
            self._watch_server()

    def beat(self, tx: Connection, now: datetime) -> None:
        """Somebody works at this moment, so that nobody's clock will ever be before it."""
        tx.execute(update(tables.clock).where(_c.seen < _since(now)).values(seen=_since(now)))

    def ahead(self) -> timedelta:
        """By how much this machine's own clock is ahead of what all go by."""
        return datetime.now(UTC) - self.wall()

    def _running(self) -> int:
        if self._offset is None:
            with self._setting:
                if self._offset is None:
                    if self._database.sqlite:
                        self._offset = self._begin_with_machine()
                    else:
                        self._offset = self._begin_with_server()
            self.watch()
        return self._offset

    # -- one machine ----------------------------------------------------------------------------------

    def _begin_with_machine(self) -> int:
        """As the record says, if that is of this start of the machine; else its time goes on from where it was.

        No process of before that start is there any more: all leases are over.
        """
        with self._database.reading() as tx:
            row = tx.execute(_KEPT).one()
        offset = int(row.offset)
        if not _is_of_this_start(row):
            try:
                offset = self._begin_anew()
            except (SQLAlchemyError, OSError) as error:
                if not _may_only_read(error):
                    raise
                offset = _after(row) - _ticks()
        self._shift = row.shift * _MICROSECOND
        return offset

    def _begin_anew(self) -> int:
        with self._database.writing() as tx:
            row = tx.execute(_KEPT).one()
            if _is_of_this_start(row):
                return int(row.offset)
            now = _after(row)
            if row.boot:
                over = _d.lease_until > _moment(now)
                tx.execute(update(tables.delivery).where(over).values(lease_until=_moment(now)))
            offset = now - _ticks()
            tx.execute(update(tables.clock).values(boot=_this_start(), offset=offset, seen=now))
            return offset

    def _watch_machine(self) -> None:
        if abs(self._machine_shift() - self._shift) < STEP:
            return
        try:
            self._shift = self._told_shift()
        except (SQLAlchemyError, OSError) as error:
            if not _may_only_read(error):
                raise
            self._shift = self._machine_shift()

    def _told_shift(self) -> timedelta:
        """By how much the wall clock is ahead, as now the record knows, too."""
        with self._database.writing() as tx:
            before: timedelta = tx.execute(select(_c.shift)).scalar_one() * _MICROSECOND
            shift = self._machine_shift()
            if abs(shift - before) < STEP:
                return before
            self._set(tx, shift - before)
            return shift

    def _machine_shift(self) -> timedelta:
        while True:
            before, wall, after = self.now(), datetime.now(UTC), self.now()
            if after - before < STEP / 5:  # else something else had the processor
                return wall - before

    # -- a server -------------------------------------------------------------------------------------

    def _begin_with_server(self) -> int:
        """As the server's clock and the record say, but never before a moment at which somebody has been seen.

        If somebody has a lease and nobody has been seen for long, all of them are gone, or that clock has been put
        forward: whoever lives says so before long.
        """
        reading = self._ask()
        if self._somebody_is_at_work(reading):
            patience = time.monotonic() + (BEAT + FAR) / timedelta(seconds=1)
            first = reading
            while reading.seen == first.seen and time.monotonic() < patience:
                time.sleep(0.2)
                reading = self._ask()
            if reading.seen == first.seen:
                return reading.there - reading.here
        by = reading.there - reading.seen
        if reading.seen and (by < -_micro(FAR) or (by > _micro(UNHEARD) and self._somebody_is_at_work(reading))):
            self._offset = reading.seen - reading.here
            self._correct()
            reading = self._ask()
        return reading.there - reading.here

    def _somebody_is_at_work(self, reading: _Reading) -> bool:
        if not reading.seen or reading.there - reading.seen <= _micro(UNHEARD):
            return False
        with self._database.reading() as tx:
            leased = exists().where(_d.lease_until > _moment(reading.seen))
            return bool(tx.scalar(select(leased)))

    def _watch_server(self) -> None:
        reading = self._ask()
        own = reading.here + self._running()
        drifted = abs(reading.there - own) <= _micro(FAR)
        stopped = reading.seen > own + _micro(FAR)  # others have gone on, while this process did not
        if not (drifted or stopped):
            self._correct()
            reading = self._ask()
        self._offset = reading.there - reading.here

    def _correct(self) -> None:
        """The server's clock has been set: the record's goes on as this process has carried it."""
        with self._database.writing() as tx:
            tx.execute(_KEPT.with_for_update())
            reading = self._read(tx)
            by = reading.there - (reading.here + (self._offset or 0))
            if abs(by) > _micro(FAR):  # else somebody else has seen it first
                tx.execute(update(tables.clock).values(offset=_c.offset - by))
                self._set(tx, by * _MICROSECOND)

    def _ask(self) -> _Reading:
        """A look that did not take long, if there is one to be had."""
        for _ in range(5):
            with self._database.reading() as tx:
                reading, took = self._read(tx), _ticks()
            if took - reading.here < _micro(STEP):
                break
        self._asked, self._shift = reading.here, reading.shift * _MICROSECOND
        return reading

    def _read(self, tx: Connection) -> _Reading:
        before = _ticks()
        row = tx.execute(_ASKED).one()
        here = (before + _ticks()) // 2
        return _Reading(_since(row.there) + row.offset, here, row.shift, row.seen)

    # -- when the wall clock has been set -------------------------------------------------------------

    def _set(self, tx: Connection, by: timedelta) -> None:
        """The wall clock has been put forward by so much (or back): what waits for its moment is moved.

        Not what somebody is already waiting for with the thing in his hand: the moment was right when he took it.
        """
        now, micro = _moment(_ticks() + (self._offset or 0)), by // _MICROSECOND
        open_ = _r.state.in_([RolloutState.PREPARING, RolloutState.READY, RolloutState.HELD])
        armed = exists().where(
            _d.rollout_id == _r.id, _d.state == DeliveryState.PREPARED, _d.lease_until > now, _r.release_at.is_not(None)
        )
        wait = select(_r.id).where(open_, _r.go_live_at > now, ~armed)
        locked = wait.order_by(_r.id.desc()).with_for_update(key_share=True)  # in the order of `locks`
        waiting = tx.scalars(locked).all()
        moved = {name: type_coerce(_r[name], BigInteger) - micro for name in ("go_live_at", "release_at")}
        moving = update(tables.rollout).where(_r.id.in_(waiting)).values(moved)
        became = tx.execute(moving.returning(_r.id, _r.article_id, _r.go_live_at, _r.release_at)).all()
        due = {name: type_coerce(_d[name], BigInteger) - micro for name in ("due", "wake_at")}
        mine = (_d.rollout_id.in_(waiting), _d.state == DeliveryState.PREPARED, _d.due.is_not(None), _d.attempts == 0)
        tx.execute(update(tables.delivery).where(*mine, _d.lease_until.is_(None)).values(due))
        tx.execute(update(tables.clock).values(shift=_c.shift + micro))
        chain.note(tx, now, "engine", "clock set", by_seconds=by / timedelta(seconds=1))
        for one in became:
            told = testimony.changed(tables.rollout, one.id, {name: getattr(one, name) for name in moved})
            chain.note(tx, now, "engine", "moved", article=one.article_id, rollout=one.id, rows=[told])
        log.warning("the clock has been set", by_seconds=by / timedelta(seconds=1), moved=len(waiting))


def _ticks() -> int:
    """Microseconds since this machine was started; nobody can set that."""
    return time.clock_gettime_ns(SINCE_START) // 1000


@cache
def _this_start() -> str:
    """By which this start of the machine is told from all others; "?" where the system does not tell."""
    with suppress(OSError):
        return _BOOT.read_text(encoding="ascii").strip()
    with suppress(OSError, subprocess.SubprocessError):  # macOS
        asked = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
        told = subprocess.run(asked, capture_output=True, text=True, timeout=5, check=True)
        return told.stdout.strip()
    return "?"


def _is_of_this_start(row: Row[Any]) -> bool:
    """Whether the record's offset is of this start of this machine; its time is never before one that was seen."""
    return bool(row.boot == _this_start() and _ticks() + row.offset >= row.seen - _micro(FAR))


def _after(row: Row[Any]) -> int:
    """The record's time after the machine has been started: later than any there was before."""
    return int(max(row.seen + _micro(UNHEARD), _since(datetime.now(UTC)) - row.shift))


def _may_only_read(error: Exception) -> bool:
    """Whether this account may not write into the record, or into its folder."""
    return waits.is_forbidden(error) if isinstance(error, SQLAlchemyError) else isinstance(error, PermissionError)


def _moment(micro: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micro)


def _since(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _micro(time: timedelta) -> int:
    return time // _MICROSECOND
