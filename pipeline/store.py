"""The record: every transaction on the tables, on SQLite and PostgreSQL alike.

A transaction applies the rules of `rollout` and appends to the event chain; none of them waits for a
channel. Methods that change something return the `Wake`s that should now be sent.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from filelock import FileLock, Timeout
from pydantic import AwareDatetime
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    create_engine,
    event,
    exists,
    func,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)

from pipeline import migrations, tables
from pipeline.article import Article, Frozen, Outlet, Revision
from pipeline.channel import Action, Entry, Evidence, Problem, Receipt, Standing, Text, Unavailable
from pipeline.rollout import (
    ENDED,
    GATE_PASSED,
    STATE_BEFORE,
    STEP_OF,
    DeliveryState,
    Pace,
    Part,
    RolloutState,
    Step,
    Verdict,
    after_gate,
    first_state,
    gate,
    instant,
)

SAFE_SQLITE = (3, 51, 3)
"""Earlier versions can corrupt a WAL database in a rare reset race (sqlite.org, WAL-reset bug)."""

Value = TypeVar("Value", bound=Frozen)
_d, _r, _p = tables.delivery.c, tables.rollout.c, tables.placement.c
_RUNNING = [RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]
_STEPPING = [*STEP_OF]


class Wake(NamedTuple):
    """Whom to wake for what: all that a Celery message carries."""

    delivery_id: int
    step: Step


class Accepted(NamedTuple):
    """What became of a submission. `created` is False when the newsroom already has exactly this."""

    article_id: str
    revision: int
    rollout_id: str
    created: bool
    wakes: Sequence[Wake]


class Changed(Exception):
    """The newsroom has this article with another content: a correction must be asked for."""

    def __init__(self, article_id: str) -> None:
        super().__init__(article_id)
        self.article_id = article_id


class Impossible(Exception):
    """What was asked for cannot be done with this article or rollout; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.message))
        self.problem = problem


class Earlier(Frozen):
    """An earlier delivery of the same article on the same channel."""

    id: int
    action: Action
    revision: Revision
    receipt: Receipt | None
    digest: str
    reason: str


class Claim(Frozen):
    """The right to do one step of one delivery, until `lease_until` or until somebody takes a higher `fence`."""

    delivery_id: int
    rollout_id: int
    fence: int
    lease_until: AwareDatetime
    step: Step
    action: Action
    channel: str
    revision: Revision
    reason: str
    release_at: AwareDatetime | None
    accepted_at: AwareDatetime | None
    """When the channel accepted it."""
    attempts: int
    doubt: bool
    receipt: Receipt | None
    digest: str
    earlier: tuple[Earlier, ...]
    """Earlier deliveries whose last step has an unknown outcome: ask before acting."""
    previous: Earlier | None
    """The newest earlier delivery that has a receipt."""

    @property
    def key(self) -> str:
        return f"{self.revision.id}.{self.revision.number}.{self.channel}.{self.action}"


class DeliveryReport(Frozen):
    """One line of a report."""

    id: int
    channel: str
    kind: str
    action: Action
    required: bool
    state: DeliveryState
    attempts: int
    prepared_at: AwareDatetime | None
    started_at: AwareDatetime | None
    """When the release call left."""
    released_at: AwareDatetime | None
    """When the channel had taken it."""
    live_at: AwareDatetime | None
    verified_at: AwareDatetime | None
    due: AwareDatetime | None
    digest: str
    receipt: Receipt | None
    evidence: Evidence | None
    error: Problem | None


class Report(Frozen):
    """What became of a rollout."""

    rollout: str
    article: str
    headline: str
    revision: int
    action: Action
    state: RolloutState
    editor: str
    reason: str
    accepted_at: AwareDatetime
    go_live_at: AwareDatetime
    release_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    skew_ms: float | None
    """First to last release taken by its channel, in milliseconds; None before two channels took theirs."""
    deliveries: tuple[DeliveryReport, ...]


class ArticleLine(Frozen):
    """One article in `newsroom list`."""

    id: str
    headline: str
    revision: int
    column: str
    published_at: AwareDatetime
    rollout: str
    action: Action
    state: RolloutState


class Health(Frozen):
    """Figures for an operator, from SQL alone."""

    rollouts: Mapping[str, int]
    deliveries: Mapping[str, int]
    oldest_overdue: AwareDatetime | None


def article_id(number: int) -> str:
    return f"a{number}"


def rollout_id(number: int) -> str:
    return f"r{number}"


def sqlite_module() -> ModuleType:
    """The SQLite to use: Python's own, or the newer one of the pysqlite3 wheel where Python's is not safe."""
    if sqlite3.sqlite_version_info < SAFE_SQLITE:
        with suppress(ImportError):  # no wheel for this platform: `newsroom doctor` says so
            return importlib.import_module("pysqlite3.dbapi2")
    return sqlite3


class Store:
    """One database. Thread-safe; open one per process.

    `locks` is the folder of the channels' locks where the database is SQLite.
    """

    def __init__(self, url: str, *, pace: Pace, locks: Path) -> None:
        self.pace = pace
        self._locks = locks
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
    def _read(self) -> Iterator[Connection]:
        with self._begin("DEFERRED") as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A transaction of the one writer."""
        with self._begin("IMMEDIATE") as connection:
            connection.execute(select(tables.chain.c.hash).with_for_update())
            yield connection

    def _append(
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
        previous = tx.scalar(select(tables.chain.c.hash))
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
        tx.execute(insert(tables.event).values(**content, hash=digested))
        tx.execute(update(tables.chain).values(hash=digested))

    def broken_event(self) -> int | None:
        """The id of the first event whose hash does not hold, None if the whole chain does."""
        before = "0" * 64
        with self._read() as tx:
            for row in tx.execute(select(tables.event).order_by(tables.event.c.id)).mappings():
                content = {name: row[name] for name in row if name not in ("id", "hash")}
                if row["previous"] != before or row["hash"] != _event_hash(content):
                    return int(row["id"])
                before = row["hash"]
            last = tx.scalar(select(func.max(tables.event.c.id)))
            return None if tx.scalar(select(tables.chain.c.hash)) == before else int(last or 0)

    # -- accepting ------------------------------------------------------------------------------------

    def publish(
        self,
        article: Article,
        media: Mapping[str, bytes],
        outlets: Sequence[Outlet],
        *,
        editor: str,
        go_live_at: datetime,
        now: datetime,
    ) -> Accepted:
        """Accept an article: it, its rollout and its deliveries are committed, or nothing is.

        Raises `Changed` if the newsroom has the article (same key, not withdrawn) with another content.
        """
        with self._write() as tx:
            known = tx.execute(
                select(tables.article.c.id)
                .where(tables.article.c.key == article.key)
                .order_by(tables.article.c.id.desc())
            ).scalar()
            if known is not None:
                last = self._last_rollout(tx, known)
                if last.action != Action.WITHDRAW:
                    newest = self._newest(tx, known)
                    if newest.digest == article.digest:
                        return Accepted(article_id(known), newest.number, rollout_id(last.id), False, ())
                    raise Changed(article_id(known))
            number = _inserted(
                tx, insert(tables.article).values(key=article.key, published_at=go_live_at, accepted_at=now)
            )
            return self._accept(
                tx, number, 1, article, media, outlets, Action.PUBLISH, editor=editor, go_live_at=go_live_at, now=now
            )

    def correct(
        self,
        known: str,
        article: Article,
        media: Mapping[str, bytes],
        outlets: Sequence[Outlet],
        *,
        note: str,
        editor: str,
        go_live_at: datetime,
        now: datetime,
    ) -> Accepted:
        """Accept the next revision of an article; nothing new if the content is that of the last one.

        An article that never went out is simply published with the new text, without a notice.
        """
        with self._write() as tx:
            number, last = self._live_article(tx, known)
            newest = self._newest(tx, number)
            if newest.digest == article.digest:
                return Accepted(known, newest.number, rollout_id(last.id), False, ())
            if article.column != Article.model_validate_json(newest.record).column:
                raise Impossible(
                    Problem(
                        field="column",
                        message=Text.of("a correction cannot move {article} to another column", article=known),
                        remedy=Text.of("withdraw the article and submit it anew in the other column"),
                    )
                )
            public = tx.scalar(select(exists().where(_p.article_id == number)))
            action = Action.CORRECT if public else Action.PUBLISH
            tx.execute(update(tables.article).where(tables.article.c.id == number).values(key=article.key))
            if not public:
                tx.execute(update(tables.article).where(tables.article.c.id == number).values(published_at=go_live_at))
            return self._accept(
                tx,
                number,
                newest.number + 1,
                article,
                media,
                outlets,
                action,
                note=note,
                editor=editor,
                go_live_at=go_live_at,
                now=now,
            )

    def withdraw(self, known: str, *, reason: str, editor: str, go_live_at: datetime, now: datetime) -> Accepted:
        """Accept a withdrawal from every channel the article was ever sent to; it waits for no channel."""
        with self._write() as tx:
            number, _ = self._live_article(tx, known)
            newest = self._newest(tx, number)
            sent = tx.execute(
                select(_d.channel, func.max(_d.kind).label("kind"), func.max(_d.id).label("last"))
                .where(_d.article_id == number)
                .group_by(_d.channel)
                .order_by("last")
            ).all()
            outlets = [Outlet(id=row.channel, kind=row.kind, name=row.channel, required=False) for row in sent]
            return self._start(
                tx,
                number,
                newest.number,
                outlets,
                Action.WITHDRAW,
                reason=reason,
                editor=editor,
                go_live_at=go_live_at,
                now=now,
                digest=newest.digest,
            )

    def channels_of(self, known: str) -> list[str]:
        """The ids of the channels an article was sent to."""
        with self._read() as tx:
            return list(tx.scalars(select(_d.channel).where(_d.article_id == _number(known)).distinct()))

    def _accept(
        self,
        tx: Connection,
        number: int,
        version: int,
        article: Article,
        media: Mapping[str, bytes],
        outlets: Sequence[Outlet],
        action: Action,
        *,
        editor: str,
        go_live_at: datetime,
        now: datetime,
        note: str = "",
    ) -> Accepted:
        have = set(tx.scalars(select(tables.image.c.digest).where(tables.image.c.digest.in_(media))))
        for digest, data in media.items():
            if digest not in have:
                tx.execute(insert(tables.image).values(digest=digest, data=data))
        tx.execute(
            insert(tables.revision).values(
                article_id=number,
                number=version,
                digest=article.digest,
                record=article.model_dump_json(),
                corrected_at=go_live_at if action is Action.CORRECT else None,
                note=note if action is Action.CORRECT else "",
                accepted_at=now,
            )
        )
        return self._start(
            tx,
            number,
            version,
            outlets,
            action,
            reason=note,
            editor=editor,
            go_live_at=go_live_at,
            now=now,
            digest=article.digest,
        )

    def _start(
        self,
        tx: Connection,
        number: int,
        version: int,
        outlets: Sequence[Outlet],
        action: Action,
        *,
        reason: str,
        editor: str,
        go_live_at: datetime,
        now: datetime,
        digest: str,
    ) -> Accepted:
        """Insert the rollout and its deliveries, and overtake everything of the article that is still under way."""
        self._overtake(tx, number, now)
        rollout = _inserted(
            tx,
            insert(tables.rollout).values(
                article_id=number,
                revision=version,
                action=action,
                state=RolloutState.PREPARING,
                go_live_at=go_live_at,
                reason=reason,
                editor=editor,
                accepted_at=now,
            ),
        )
        state = first_state(action)
        for outlet in outlets:
            tx.execute(
                insert(tables.delivery).values(
                    rollout_id=rollout,
                    article_id=number,
                    revision=version,
                    channel=outlet.id,
                    kind=outlet.kind,
                    action=action,
                    required=outlet.required,
                    state=state,
                    due=now if state is DeliveryState.PENDING else None,
                    wake_at=now + self.pace.wake,
                    fence=0,
                    doubt=False,
                    overtaken=False,
                    attempts=0,
                    tries=0,
                )
            )
        self._append(
            tx, now, editor, f"{action} accepted", article=number, rollout=rollout, digest=digest, reason=reason
        )
        wakes = self._settle(tx, rollout, now)
        if state is DeliveryState.PENDING:
            ids = tx.scalars(select(_d.id).where(_d.rollout_id == rollout).order_by(_d.id))
            wakes = [*(Wake(one, Step.PREPARE) for one in ids), *wakes]
        return Accepted(article_id(number), version, rollout_id(rollout), True, wakes)

    def _overtake(self, tx: Connection, number: int, now: datetime) -> None:
        """The last word wins: nothing older of the article starts again; what is in flight ends as superseded."""
        under_way = and_(_d.article_id == number, _d.state.in_(_STEPPING))
        rollouts = list(tx.scalars(select(_d.rollout_id).where(under_way).distinct()))
        held = and_(_r.article_id == number, _r.state == RolloutState.HELD)
        tx.execute(update(tables.rollout).where(held).values(state=RolloutState.CANCELLED))
        tx.execute(update(tables.delivery).where(under_way).values(overtaken=True, due=None))
        tx.execute(
            update(tables.delivery).where(under_way, _d.lease_until.is_(None)).values(state=DeliveryState.SUPERSEDED)
        )
        self._lapse(tx, under_way, now)
        for rollout in rollouts:
            self._settle(tx, rollout, now)

    def _live_article(self, tx: Connection, known: str) -> tuple[int, Row[Any]]:
        """The article's number and last rollout; `Impossible` if it does not exist or is withdrawn."""
        number = _number(known)
        if tx.scalar(select(tables.article.c.id).where(tables.article.c.id == number)) is None:
            raise Impossible(
                Problem(
                    field="ID",
                    message=Text.of("there is no article {article}", article=known),
                    remedy=Text.of("newsroom list shows the articles and their ids"),
                )
            )
        last = self._last_rollout(tx, number)
        if last.action == Action.WITHDRAW:
            raise Impossible(
                Problem(
                    field="ID",
                    message=Text.of(
                        "{article} has been withdrawn (rollout {rollout})", article=known, rollout=rollout_id(last.id)
                    ),
                    remedy=Text.of("to bring it back, submit the manuscript again: it becomes a new article"),
                )
            )
        return number, last

    def _last_rollout(self, tx: Connection, number: int) -> Row[Any]:
        return tx.execute(select(tables.rollout).where(_r.article_id == number).order_by(_r.id.desc()).limit(1)).one()

    def _newest(self, tx: Connection, number: int) -> Row[Any]:
        c = tables.revision.c
        return tx.execute(
            select(tables.revision).where(c.article_id == number).order_by(c.number.desc()).limit(1)
        ).one()

    # -- working --------------------------------------------------------------------------------------

    def _claimable(self, now: datetime) -> Any:
        older = tables.delivery.alias("older")
        in_flight = exists().where(
            older.c.article_id == _d.article_id,
            older.c.channel == _d.channel,
            older.c.id < _d.id,
            older.c.lease_until > now,
        )
        running = exists().where(_r.id == _d.rollout_id, _r.state.in_(_RUNNING))
        return and_(
            _d.state.in_(_STEPPING),
            _d.due <= now,
            or_(_d.lease_until.is_(None), _d.lease_until <= now),
            _d.overtaken.is_(False),
            running,
            ~in_flight,
        )

    def claim(self, delivery_id: int, now: datetime) -> Claim | None:
        """Take the delivery's next step, if it is due, free and the oldest of its article and channel; else None."""
        lease_until = now + self.pace.lease
        with self._write() as tx:
            row = tx.execute(
                update(tables.delivery)
                .where(_d.id == delivery_id, self._claimable(now))
                .values(
                    fence=_d.fence + 1,
                    doubt=or_(_d.doubt, _d.lease_until.is_not(None)),
                    lease_until=lease_until + self.pace.arm,
                    tries=_d.tries + 1,
                )
                .returning(tables.delivery)
            ).one_or_none()
            if row is None:
                return None
            rollout = tx.execute(select(tables.rollout).where(_r.id == row.rollout_id)).one()
            older = and_(_d.article_id == row.article_id, _d.channel == row.channel, _d.id < row.id)
            self._lapse(tx, older, now)
            doubtful = tx.execute(select(tables.delivery).where(older, _d.doubt).order_by(_d.id)).all()
            step = STEP_OF[DeliveryState(row.state)]
            if step is Step.RELEASE:
                self._place(tx, row, rollout.release_at, rollout.reason)
            previous = tx.execute(
                select(tables.delivery)
                .where(
                    _d.article_id == row.article_id,
                    _d.channel == row.channel,
                    _d.id < row.id,
                    _d.receipt.is_not(None),
                )
                .order_by(_d.id.desc())
                .limit(1)
            ).one_or_none()
            return Claim(
                delivery_id=row.id,
                rollout_id=row.rollout_id,
                fence=row.fence,
                lease_until=row.lease_until,
                step=step,
                action=row.action,
                channel=row.channel,
                revision=self._revision(tx, row.article_id, row.revision),
                reason=rollout.reason,
                release_at=rollout.release_at,
                accepted_at=row.released_at,
                attempts=row.attempts,
                doubt=row.doubt,
                receipt=_parsed(Receipt, row.receipt),
                digest=row.digest or "",
                earlier=tuple(self._earlier(tx, one) for one in doubtful),
                previous=None if previous is None else self._earlier(tx, previous),
            )

    def _lapse(self, tx: Connection, narrowed: ColumnElement[bool], now: datetime) -> None:
        """Overtaken deliveries whose worker died in the middle lose their fence; what they did is in doubt."""
        rows = tx.execute(
            update(tables.delivery)
            .where(narrowed, _d.overtaken, _d.lease_until <= now)
            .values(fence=_d.fence + 1, lease_until=None, doubt=True, state=DeliveryState.SUPERSEDED)
            .returning(_d.rollout_id)
        )
        for rollout in set(rows.scalars()):
            self._settle(tx, rollout, now)

    def _earlier(self, tx: Connection, row: Row[Any]) -> Earlier:
        return Earlier(
            id=row.id,
            action=row.action,
            revision=self._revision(tx, row.article_id, row.revision),
            receipt=_parsed(Receipt, row.receipt),
            digest=row.digest or "",
            reason=tx.scalar(select(_r.reason).where(_r.id == row.rollout_id)) or "",
        )

    def _place(self, tx: Connection, row: Row[Any], release_at: datetime, reason: str) -> None:
        """Give the article its place in the channel's catalogue, valid from the common instant."""
        if tx.scalar(select(exists().where(_p.delivery_id == row.id))):
            return
        before = tx.execute(
            select(tables.placement)
            .where(_p.channel == row.channel, _p.article_id == row.article_id)
            .order_by(_p.delivery_id.desc())
            .limit(1)
        ).one_or_none()
        if before is None:
            if row.action == Action.WITHDRAW:
                return
            column = self._revision(tx, row.article_id, row.revision).article.column
            ordinal, column_ordinal = self._next(tx, row.channel, ""), self._next(tx, row.channel, column)
        else:
            column, ordinal, column_ordinal = before.column, before.ordinal, before.column_ordinal
        tx.execute(
            insert(tables.placement).values(
                delivery_id=row.id,
                channel=row.channel,
                article_id=row.article_id,
                revision=row.revision,
                column=column,
                ordinal=ordinal,
                column_ordinal=column_ordinal,
                instant=release_at,
                withdrawn=row.action == Action.WITHDRAW,
                reason=reason if row.action == Action.WITHDRAW else "",
            )
        )

    def _next(self, tx: Connection, channel: str, column: str) -> int:
        c = tables.counter.c
        here = and_(c.channel == channel, c.column == column)
        value = tx.scalar(update(tables.counter).where(here).values(value=c.value + 1).returning(c.value))
        if value is None:
            tx.execute(insert(tables.counter).values(channel=channel, column=column, value=1))
            return 1
        return int(value)

    def settle_doubt(self, earlier: Earlier, receipt: Receipt) -> None:
        """Keep what the channel said of an older delivery whose outcome was unknown."""
        with self._write() as tx:
            tx.execute(
                update(tables.delivery)
                .where(_d.id == earlier.id, _d.overtaken)
                .values(doubt=False, receipt=receipt.model_dump_json())
            )

    def record(
        self,
        claim: Claim,
        verdict: Verdict,
        *,
        now: datetime,
        receipt: Receipt | None = None,
        evidence: Evidence | None = None,
        digest: str = "",
        started_at: datetime | None = None,
        ended_at: datetime | None = None,
    ) -> list[Wake] | None:
        """Record a step's outcome; None, and nothing is recorded, if the claim's fence no longer holds.

        `started_at` and `ended_at` frame the adapter's release call.
        """
        with self._write() as tx:
            row = tx.execute(
                select(tables.delivery).where(
                    _d.id == claim.delivery_id, _d.fence == claim.fence, _d.lease_until.is_not(None)
                )
            ).one_or_none()
            if row is None:
                return None
            state = verdict.state
            if row.overtaken and state not in (DeliveryState.VERIFIED, DeliveryState.WITHDRAWN):
                state = DeliveryState.SUPERSEDED  # also where it failed: nobody need act on what has been overtaken
            values: dict[str, Any] = {
                "state": state,
                "due": None if state in ENDED else verdict.due,
                "wake_at": verdict.due and verdict.due + (self.pace.wake if verdict.due <= now else timedelta(0)),
                "lease_until": None,
                "doubt": verdict.doubt,
                "attempts": verdict.attempts,
                "problem": verdict.problem and verdict.problem.model_dump_json(),
                "failed_in": verdict.failed_in,
            }
            if receipt is not None:
                values["receipt"] = receipt.model_dump_json()
            if evidence is not None:
                values["evidence"] = evidence.model_dump_json()
            if digest:
                values["digest"] = digest
            match verdict.state:
                case DeliveryState.PREPARED if claim.step is Step.PREPARE:
                    values["prepared_at"] = now
                case DeliveryState.RELEASED if row.released_at is None:
                    values |= {"started_at": started_at, "released_at": ended_at or now}
                case DeliveryState.LIVE:
                    values["live_at"] = row.live_at or ended_at or now
                    if row.released_at is None:
                        values |= {"started_at": started_at, "released_at": ended_at or now}
                case DeliveryState.VERIFIED | DeliveryState.WITHDRAWN:
                    values["verified_at"] = evidence.at if evidence else now
                case DeliveryState.FAILED if claim.step is Step.RELEASE and not verdict.doubt:
                    tx.execute(tables.placement.delete().where(_p.delivery_id == row.id))
            tx.execute(update(tables.delivery).where(_d.id == row.id).values(**values))
            self._append(
                tx,
                now,
                "engine",
                f"{claim.step} {state}",
                article=row.article_id,
                rollout=row.rollout_id,
                delivery=row.id,
                digest=digest or row.digest or "",
                channel=row.channel,
                fence=claim.fence,
                error=str(verdict.problem.message) if verdict.problem else "",
            )
            wakes = self._settle(tx, row.rollout_id, now)
            if values["due"] is not None and values["due"] <= now:
                wakes.append(Wake(row.id, STEP_OF[state]))
            if row.overtaken:
                newer = select(_d.id, _d.state).where(
                    _d.article_id == row.article_id, _d.channel == row.channel, _d.id > row.id, self._claimable(now)
                )
                wakes += [Wake(one.id, STEP_OF[DeliveryState(one.state)]) for one in tx.execute(newer)]
            return wakes

    def _settle(self, tx: Connection, rollout: int, now: datetime) -> list[Wake]:
        """Apply the gate, or what follows it, to a rollout whose deliveries have changed."""
        head = tx.execute(select(tables.rollout).where(_r.id == rollout)).one()
        rows = tx.execute(select(tables.delivery).where(_d.rollout_id == rollout)).all()
        state = RolloutState(head.state)
        values: dict[str, Any] = {}
        if state is RolloutState.PREPARING:
            state = gate([Part(DeliveryState(row.state), row.required) for row in rows])
            if state is RolloutState.READY:
                values["release_at"] = instant(head.go_live_at, now, self.pace)
        released = any(row.released_at for row in rows)
        if state in GATE_PASSED:
            state = after_gate([DeliveryState(row.state) for row in rows], released)
        wakes: list[Wake] = []
        if state in (RolloutState.READY, RolloutState.RELEASED):
            release_at = values.get("release_at", head.release_at)
            due = max(release_at - self.pace.arm, now - self.pace.arm)
            waiting = [row.id for row in rows if row.state == DeliveryState.PREPARED and row.due is None]
            waiting = [one for one in waiting if not any(row.id == one and row.overtaken for row in rows)]
            tx.execute(
                update(tables.delivery)
                .where(_d.id.in_(waiting))
                .values(due=due, wake_at=due if due > now else now + self.pace.wake)
            )
            if due <= now:
                wakes = [Wake(one, Step.RELEASE) for one in waiting]
        if state != head.state:
            values["state"] = state
            if state in (RolloutState.COMPLETE, RolloutState.CANCELLED, RolloutState.HELD):
                values["ended_at"] = now
            self._append(tx, now, "engine", f"rollout {state}", article=head.article_id, rollout=rollout)
        if values:
            tx.execute(update(tables.rollout).where(_r.id == rollout).values(**values))
        return wakes

    def overdue(self, now: datetime, limit: int = 100) -> list[Wake]:
        """What is due and was not woken lately; each is given out to one sweeper only."""
        late = and_(self._claimable(now), or_(_d.wake_at.is_(None), _d.wake_at <= now))
        lapsed = and_(_d.overtaken, _d.lease_until <= now)
        with self._read() as tx:
            if tx.scalar(select(_d.id).where(or_(late, lapsed)).limit(1)) is None:
                return []
        with self._write() as tx:
            self._lapse(tx, lapsed, now)
            rows = tx.execute(select(_d.id, _d.state).where(late).order_by(_d.due).limit(limit)).all()
            tx.execute(
                update(tables.delivery).where(_d.id.in_([row.id for row in rows])).values(wake_at=now + self.pace.wake)
            )
            return [Wake(row.id, STEP_OF[DeliveryState(row.state)]) for row in rows]

    # -- a person decides -----------------------------------------------------------------------------

    def retry(self, known: str, *, editor: str, adopt: bool, now: datetime) -> list[Wake]:
        """Try again what failed, was held or is unknown. `adopt`: the person has seen that it is live.

        A rollout that never passed its gate gets a new moment and is prepared afresh, so that its date is true.
        """
        number = _number(known)
        with self._write() as tx:
            head = tx.execute(select(tables.rollout).where(_r.id == number)).one_or_none()
            if head is None:
                raise _no_rollout(known)
            last = self._last_rollout(tx, head.article_id)
            if last.id != number:
                raise Impossible(
                    Problem(
                        field="ID",
                        message=Text.of(
                            "a newer rollout, {newer}, has taken the place of {rollout}",
                            newer=rollout_id(last.id),
                            rollout=known,
                        ),
                        remedy=Text.of("retry {newer} instead", newer=rollout_id(last.id)),
                    )
                )
            rows = tx.execute(select(tables.delivery).where(_d.rollout_id == number)).all()
            stuck = [row for row in rows if row.state in (DeliveryState.FAILED, DeliveryState.UNKNOWN)]
            if not stuck:
                raise Impossible(
                    Problem(
                        field="ID",
                        message=Text.of("nothing of {rollout} has failed", rollout=known),
                        remedy=Text.of("newsroom report {rollout} shows where it stands", rollout=known),
                    )
                )
            held = head.state == RolloutState.HELD
            if held:
                moment = max(head.go_live_at, now)
                tx.execute(
                    update(tables.rollout)
                    .where(_r.id == number)
                    .values(state=RolloutState.PREPARING, go_live_at=moment, ended_at=None)
                )
                if head.action == Action.PUBLISH:
                    here = tables.article.c.id == head.article_id
                    tx.execute(update(tables.article).where(here).values(published_at=moment))
                else:
                    c = tables.revision.c
                    here = and_(c.article_id == head.article_id, c.number == head.revision)
                    tx.execute(update(tables.revision).where(here).values(corrected_at=moment))
            else:
                tx.execute(
                    update(tables.rollout).where(_r.id == number).values(state=RolloutState.RELEASED, ended_at=None)
                )
            wakes = []
            for row in rows if held else stuck:
                step = Step.PREPARE if held else Step(row.failed_in or Step.PREPARE)
                state = STATE_BEFORE[step]
                if adopt and row.state == DeliveryState.UNKNOWN:
                    state = DeliveryState.PREPARED if step is Step.PREPARE else DeliveryState.LIVE
                tx.execute(
                    update(tables.delivery)
                    .where(_d.id == row.id)
                    .values(
                        state=state,
                        due=now if state is not DeliveryState.PREPARED or not held else None,
                        wake_at=now + self.pace.wake,
                        attempts=0,
                        doubt=row.doubt and not adopt,
                        problem=None,
                        failed_in=None,
                    )
                )
                wakes.append(Wake(row.id, STEP_OF[state]))
            self._append(tx, now, editor, "retry", article=head.article_id, rollout=number, adopt=adopt)
            return [*wakes, *self._settle(tx, number, now)]

    # -- reading --------------------------------------------------------------------------------------

    def _revision(self, tx: Connection, number: int, version: int) -> Revision:
        c, a = tables.revision.c, tables.article.c
        row = tx.execute(
            select(c.record, c.corrected_at, c.note, a.published_at)
            .join(tables.article, a.id == c.article_id)
            .where(c.article_id == number, c.number == version)
        ).one()
        return _revision_of(number, version, row)

    def revision(self, known: str) -> Revision:
        """The newest revision of an article; `Impossible` if there is none."""
        number = _number(known)
        with self._read() as tx:
            version = tx.scalar(
                select(func.max(tables.revision.c.number)).where(tables.revision.c.article_id == number)
            )
            if version is None:
                raise Impossible(
                    Problem(
                        field="ID",
                        message=Text.of("there is no article {article}", article=known),
                        remedy=Text.of("newsroom list shows the articles and their ids"),
                    )
                )
            return self._revision(tx, number, version)

    def media(self) -> SqlMedia:
        return SqlMedia(self)

    def read_image(self, digest: str) -> bytes:
        with self._read() as tx:
            data = tx.scalar(select(tables.image.c.data).where(tables.image.c.digest == digest))
        if data is None:
            raise KeyError(digest)
        return bytes(data)

    def latest_rollout(self, known: str) -> str:
        """The id of an article's last rollout."""
        with self._read() as tx:
            found = tx.scalar(select(func.max(_r.id)).where(_r.article_id == _number(known)))
        if found is None:
            raise _no_rollout(known)
        return rollout_id(found)

    def report(self, known: str) -> Report:
        """The report of a rollout; `Impossible` if there is none."""
        number = _number(known)
        with self._read() as tx:
            head = tx.execute(select(tables.rollout).where(_r.id == number)).one_or_none()
            if head is None:
                raise _no_rollout(known)
            rows = tx.execute(select(tables.delivery).where(_d.rollout_id == number).order_by(_d.id)).all()
            revision = self._revision(tx, head.article_id, head.revision)
        taken = [row.released_at for row in rows if row.released_at is not None]
        return Report(
            rollout=rollout_id(head.id),
            article=revision.id,
            headline=revision.article.headline,
            revision=head.revision,
            action=head.action,
            state=head.state,
            editor=head.editor,
            reason=head.reason,
            accepted_at=head.accepted_at,
            go_live_at=head.go_live_at,
            release_at=head.release_at,
            ended_at=head.ended_at,
            skew_ms=(max(taken) - min(taken)) / timedelta(milliseconds=1) if len(taken) > 1 else None,
            deliveries=tuple(
                DeliveryReport(
                    id=row.id,
                    channel=row.channel,
                    kind=row.kind,
                    action=row.action,
                    required=row.required,
                    state=row.state,
                    attempts=row.tries,
                    prepared_at=row.prepared_at,
                    started_at=row.started_at,
                    released_at=row.released_at,
                    live_at=row.live_at,
                    verified_at=row.verified_at,
                    due=row.due,
                    digest=row.digest or "",
                    receipt=_parsed(Receipt, row.receipt),
                    evidence=_parsed(Evidence, row.evidence),
                    error=_parsed(Problem, row.problem),
                )
                for row in rows
            ),
        )

    def reports(self, states: Iterable[RolloutState]) -> list[Report]:
        """The rollouts in these states, oldest first."""
        with self._read() as tx:
            ids = list(tx.scalars(select(_r.id).where(_r.state.in_([*states])).order_by(_r.id)))
        return [self.report(rollout_id(one)) for one in ids]

    def articles(self, limit: int) -> list[ArticleLine]:
        """The newest articles, each with its last rollout."""
        last = select(func.max(_r.id)).group_by(_r.article_id)
        with self._read() as tx:
            rows = tx.execute(
                select(tables.rollout).where(_r.id.in_(last)).order_by(_r.article_id.desc()).limit(limit)
            ).all()
            lines = []
            for row in rows:
                revision = self._revision(tx, row.article_id, row.revision)
                lines.append(
                    ArticleLine(
                        id=revision.id,
                        headline=revision.article.headline,
                        revision=row.revision,
                        column=revision.article.column,
                        published_at=revision.published_at,
                        rollout=rollout_id(row.id),
                        action=row.action,
                        state=row.state,
                    )
                )
        return lines

    def health(self, now: datetime) -> Health:
        """How many of each state, and since when the oldest due delivery waits."""
        with self._read() as tx:
            rollouts = {row[0]: row[1] for row in tx.execute(select(_r.state, func.count()).group_by(_r.state))}
            deliveries = {row[0]: row[1] for row in tx.execute(select(_d.state, func.count()).group_by(_d.state))}
            oldest = tx.scalar(select(func.min(_d.due)).where(self._claimable(now)))
        return Health(rollouts=rollouts, deliveries=deliveries, oldest_overdue=oldest)

    def version(self) -> str:
        """Name and version of the database."""
        with self._read() as tx:
            if self.sqlite:
                return f"SQLite {tx.scalar(text('SELECT sqlite_version()'))}"
            return f"PostgreSQL {tx.scalar(text('SHOW server_version'))}"

    def catalogue(self, channel: str, clock: Callable[[], datetime]) -> SqlCatalogue:
        return SqlCatalogue(self, channel, clock)

    @contextmanager
    def exclusive(self, channel: str, patience: timedelta = timedelta(seconds=15)) -> Iterator[None]:
        """A channel's lock: a file lock beside SQLite, an advisory lock in PostgreSQL; freed when its holder dies."""
        busy = Unavailable(
            Problem(
                field="storage",
                message=Text.of("another worker has held the lock of {channel} for too long", channel=channel),
                remedy=Text.of("it is tried again by itself; if this lasts, restart the workers"),
            )
        )
        if self.sqlite:
            self._locks.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._locks / f"{channel}.lock", timeout=patience.total_seconds(), poll_interval=0.005)
            try:
                lock.acquire()
            except Timeout:
                raise busy from None
            try:
                yield
            finally:
                lock.release()
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


class SqlMedia:
    """`Media` from the image table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, digest: str) -> bytes:
        return self._store.read_image(digest)


class SqlCatalogue:
    """`Catalogue` of one channel from the placement table."""

    def __init__(self, store: Store, channel: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._channel = channel
        self._clock = clock

    def exclusive(self) -> AbstractContextManager[None]:
        return self._store.exclusive(self._channel)

    def _current(self, *columns: Any) -> Select[Any]:
        """The placements in force: of each article the newest whose instant has come."""
        now = self._clock()
        newer = tables.placement.alias("newer")
        overruled = exists().where(
            newer.c.channel == _p.channel,
            newer.c.article_id == _p.article_id,
            newer.c.delivery_id > _p.delivery_id,
            newer.c.instant <= now,
        )
        return select(*columns).where(_p.channel == self._channel, _p.instant <= now, ~overruled)

    def _entries(self, narrowed: Callable[[Select[Any]], Select[Any]]) -> list[Entry]:
        v, a = tables.revision.c, tables.article.c
        query = self._current(
            tables.placement, v.record, v.corrected_at, v.note, a.published_at, _d.receipt
        ).select_from(
            tables.placement.join(tables.article, a.id == _p.article_id)
            .join(tables.revision, and_(v.article_id == _p.article_id, v.number == _p.revision))
            .join(tables.delivery, _d.id == _p.delivery_id)
        )
        with self._store._read() as tx:
            return [self._entry(row) for row in tx.execute(narrowed(query))]

    def _entry(self, row: Row[Any]) -> Entry:
        return Entry(
            revision=_revision_of(row.article_id, row.revision, row),
            receipt=_parsed(Receipt, row.receipt) or Receipt(standing=Standing.STAGED),
            ordinal=row.ordinal,
            column_ordinal=row.column_ordinal,
            withdrawn_at=row.instant if row.withdrawn else None,
            reason=row.reason,
        )

    def entry(self, article_id: str) -> Entry | None:
        found = self._entries(lambda query: query.where(_p.article_id == _number(article_id)))
        return found[0] if found else None

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        ordinal = _p.ordinal if column is None else _p.column_ordinal

        def narrowed(query: Select[Any]) -> Select[Any]:
            query = _in(query, column).where(~_p.withdrawn).order_by(ordinal.desc())
            return (query if before is None else query.where(ordinal < before)).limit(limit)

        return self._entries(narrowed)

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        ordinal = _p.ordinal if column is None else _p.column_ordinal
        return self._entries(lambda query: _in(query, column).where(ordinal.between(first, last)).order_by(ordinal))

    def last(self, column: str | None = None) -> int:
        ordinal = _p.ordinal if column is None else _p.column_ordinal
        query = _in(self._current(ordinal), column).order_by(ordinal.desc()).limit(1)
        with self._store._read() as tx:
            return int(tx.scalar(query) or 0)

    def count(self, column: str | None = None) -> int:
        with self._store._read() as tx:
            return int(tx.scalar(_in(self._current(func.count()), column).where(~_p.withdrawn)) or 0)

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        here = self.entry(article_id)
        if here is None:
            return None, None
        column, ordinal = here.revision.article.column, here.column_ordinal

        def one(side: Any, order: Any) -> Entry | None:
            found = self._entries(lambda query: _in(query, column).where(~_p.withdrawn, side).order_by(order).limit(1))
            return found[0] if found else None

        return (
            one(_p.column_ordinal < ordinal, _p.column_ordinal.desc()),
            one(_p.column_ordinal > ordinal, _p.column_ordinal.asc()),
        )


def _in(query: Select[Any], column: str | None) -> Select[Any]:
    return query if column is None else query.where(_p.column == column)


def _revision_of(number: int, version: int, row: Any) -> Revision:
    return Revision(
        id=article_id(number),
        number=version,
        article=Article.model_validate_json(row.record),
        published_at=row.published_at,
        corrected_at=row.corrected_at,
        note=row.note,
    )


def _parsed(model: type[Value], stored: str | None) -> Value | None:
    return None if stored is None else model.model_validate_json(stored)


def _number(known: str) -> int:
    """The row number of `a12` or `r12`; `Impossible` if it is no id."""
    digits = known[1:] if known[:1] in ("a", "r") else known
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise Impossible(
            Problem(
                field="ID",
                message=Text.of("{known} is not an id", known=known),
                remedy=Text.of("articles are called a1, a2 …, rollouts r1, r2 …: see newsroom list"),
            )
        )
    return int(digits)


def _no_rollout(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("there is no rollout {rollout}", rollout=known),
            remedy=Text.of("newsroom list shows the articles and their rollouts"),
        )
    )


def _inserted(tx: Connection, statement: Any) -> int:
    key: Any = tx.execute(statement).inserted_primary_key
    return int(key[0])


def _event_hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(
        json.dumps({**content, "at": content["at"].isoformat()}, ensure_ascii=False, sort_keys=True).encode()
    ).hexdigest()


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the module
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('sqlite_mode', 'DEFERRED')}")
