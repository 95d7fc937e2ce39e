"""A backup in the place of the record: the record that was there is kept aside, and nothing that was under way at the
copy is repeated before its channel has been asked.

What has happened since the copy nobody can read in it. So every delivery that had not come to a good end is in doubt,
as after a crash (`Claim.doubt`); what had been prepared and waited for its gate is prepared once more, because that
asks too. What a channel then says that only a later word of the newsroom explains, a person decides
(`steps.Steps`, `restored_through`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, and_, func, inspect, select, text, update

from pipeline.channel import Action, Problem, Text
from pipeline.record import backup, chain, copying, roster, tables, testimony, waits
from pipeline.record.backup import Head
from pipeline.record.database import Database
from pipeline.record.refusals import Impossible
from pipeline.rollout import DeliveryState, RolloutState

RESTORED = "restored"
"""The event of a restoration."""
_d, _e, _r = tables.delivery.c, tables.event.c, tables.rollout.c
_ENDED_WELL = (DeliveryState.VERIFIED, DeliveryState.WITHDRAWN, DeliveryState.SUPERSEDED)
_JUST_NOW = timedelta(microseconds=1)


def refuse_if_used(database: Database) -> None:
    """Raise `Impossible` while workers work with this record, naming them; a database without tables has none."""
    with database.reading() as tx:
        if not inspect(tx).has_table(tables.worker.name):
            return
    if there := [one for one in roster.workers(database) if one.is_there and not one.has_ended]:
        who = ", ".join(sorted({f"{one.process} ({one.host})" for one in there}))
        message = Text.of("workers work with this record: {workers}", workers=who)
        remedy = Text.of(
            "stop newsroom up and newsroom worker on every machine, and repeat the command; who was killed on another "
            "machine is forgotten after {seconds} seconds",
            seconds=roster.GONE // timedelta(seconds=1),
        )
        raise Impossible(Problem(field="workers", message=message, remedy=remedy))


def restore(database: Database, place: Path, head: Head, *, digest: str, who: str, now: datetime) -> str:
    """Put the backup at `place`, which has been `checked`, into this database; where the record is that stood there
    before, "" if there was none."""
    told = {"backup": digest, "taken_at": head.taken_at.isoformat(), "last_event": head.last_event}
    if database.sqlite:
        return _as_file(database, place, head, told, who, now)
    with database.writing() as tx:
        waits.patience(tx, statement_timeout=None, idle_in_transaction_session_timeout=None)
        aside = _aside(tx, now)
        _fill(tx, backup.members(place), head, told, who, now)
    return aside


def doubt(tx: Connection, now: datetime) -> int:
    """Whoever goes on asks first, for every delivery that has not come to a good end; how many they are."""
    gone = and_(_d.overtaken, _d.lease_until.is_not(None))
    tx.execute(update(tables.delivery).where(gone).values(lease_until=now - _JUST_NOW))  # the sweeper ends them
    open_ = and_(_d.state.not_in(_ENDED_WELL), ~_d.overtaken)
    changed = {"doubt": True, "lease_until": None, "fence": _d.fence + 1, "wake_at": None}
    tx.execute(update(tables.delivery).where(open_).values(**changed))
    waiting = select(_r.id).where(_r.state == RolloutState.PREPARING)
    before_gate = and_(open_, _d.rollout_id.in_(waiting), _d.state == DeliveryState.PREPARED)
    anew = {"state": DeliveryState.PENDING, "due": now, "checked_at": None}
    anew_too = update(tables.delivery).where(before_gate, _d.action != Action.WITHDRAW).values(**anew)
    begun_anew = set(tx.scalars(anew_too.returning(_d.id)))
    tx.execute(update(tables.rollout).where(_r.state == RolloutState.PREPARING).values(at_gate=None))
    rows = tx.execute(select(_d.id, _d.article_id, _d.rollout_id, _d.channel, _d.state, _d.digest).where(open_)).all()
    for row in rows:
        about = {"article": row.article_id, "rollout": row.rollout_id, "delivery": row.id, "channel": row.channel}
        told = [testimony.changed(tables.delivery, row.id, anew)] if row.id in begun_anew else []
        chain.note(tx, now, "engine", f"doubt {row.state}", digest=row.digest or "", rows=told, **about)
    return len(rows)


def note(tx: Connection, who: str, now: datetime, **told: object) -> None:
    """That the record is not what it was: what it has of deliveries up to now may be older than what channels have."""
    chain.note(tx, now, who, RESTORED, through=tx.scalar(select(func.max(_d.id))) or 0, **told)


def restored_through(tx: Connection) -> int:
    """The last delivery that was in the backup from which this record was restored; 0 if it never was."""
    newest = select(_e.data).where(_e.what == RESTORED).order_by(_e.id.desc()).limit(1)
    told = tx.scalar(newest)
    return int(json.loads(told)["through"]) if told else 0


def _fill(
    tx: Connection, packed: Iterable[tuple[str, bytes]], head: Head, told: dict[str, Any], who: str, now: datetime
) -> None:
    copying.load(tx, head.migration, packed, head.sequences)
    tx.execute(update(tables.clock).values(boot="", offset=-tables.clock.c.shift))  # by whatever clock is here
    note(tx, who, now, **told)
    doubt(tx, now)


def _stamp(now: datetime) -> str:
    return f"before_{now:%Y%m%d_%H%M%S}"


# -- PostgreSQL ---------------------------------------------------------------------------------------------


def _aside(tx: Connection, now: datetime) -> str:
    """Move the record's tables into a schema of their own, if there are any; its name."""
    there = [
        one for one in inspect(tx).get_table_names() if one in tables.metadata.tables or one.startswith("searched")
    ]
    if not there:
        return ""
    schema = f"tongfa_{_stamp(now)}"
    tx.execute(text(f'CREATE SCHEMA "{schema}"'))
    for one in (*there, "alembic_version"):
        tx.execute(text(f'ALTER TABLE "{one}" SET SCHEMA "{schema}"'))
    return schema


# -- SQLite -------------------------------------------------------------------------------------------------


def _as_file(database: Database, place: Path, head: Head, told: dict[str, Any], who: str, now: datetime) -> str:
    """Made beside the old file, then put in its place: whatever happens, one of the two is there whole."""
    stands = Path(database.engine.url.database or "")
    made = stands.with_name(f"{stands.name}.restoring")
    _forget(made, *_logs(made))
    database.locks.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o660))
        with closing(Database(f"sqlite:///{made}", pace=database.pace, locks=database.locks)) as new:
            with new.writing() as tx:
                _fill(tx, backup.members(place), head, told, who, now)
            new.migrate()
        _into_one(database, stands)
        database.close()
        aside = ""
        if stands.exists() and stands.stat().st_size:
            aside = str(stands.with_name(f"{stands.name}.{_stamp(now)}"))
            os.link(stands, aside)
        _forget(*_logs(stands))
        os.replace(made, stands)
    finally:
        _forget(made, *_logs(made))
    return aside


def _into_one(database: Database, stands: Path) -> None:
    """All of the record into the one file, without its log. Raises `Impossible` while somebody works with it."""
    with database.reading() as tx:
        tx.exec_driver_sql("COMMIT")
        busy = tx.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        tx.exec_driver_sql("BEGIN")
    if not busy:
        return
    holder = waits.holder_of(stands.with_name(f"{stands.name}-shm"), stands)
    message = (
        Text.of("a process holds the database: {process}", process=holder.who)
        if holder
        else Text.of("another process has held the database for too long")
    )
    remedy = Text.of("stop newsroom serve and whatever else has it open, and repeat the command")
    raise Impossible(Problem(field=waits.DATABASE, message=message, remedy=remedy))


def _logs(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}{ending}") for ending in ("-wal", "-shm")]


def _forget(*files: Path) -> None:
    for one in files:
        with suppress(FileNotFoundError):
            one.unlink()
