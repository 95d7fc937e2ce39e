"""What the record says: reports of rollouts, articles, figures for an operator. Reads only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Row,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from pipeline.article import Announcement, Column, Deed, Revision
from pipeline.article.reading import Reading
from pipeline.channel import Action
from pipeline.record import chain, tables
from pipeline.record.database import Database
from pipeline.record.due import STEPPING, claimable
from pipeline.record.ids import Numbered, article_id, at_random, is_id, number_of, rollout_id
from pipeline.record.report import ArticleLine, AsRead, Event, Health, Overview, Report
from pipeline.record.rollouts import article_of, parsed, reports_of, revision_of
from pipeline.record.testimony import told_by
from pipeline.rollout import DeliveryState, RolloutState

_d, _r = tables.delivery.c, tables.rollout.c
_newer = tables.delivery.alias("newer")
UNDER_WAY = (RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED)


# Statements that every step needs are built once: building one takes longer than the database does to answer it.

_a, _v = tables.article.c, tables.revision.c
_announcing = tables.article.alias("announcing")
_REVISION = (
    select(_v.record, _v.corrected_at, _v.note, _a.published_at)
    .join(tables.article, _a.id == _v.article_id)
    .where(_v.article_id == bindparam("of"), _v.number == bindparam("version"))
)
_WHEN = cast(type_coerce(_a.published_at, BigInteger), String) + "." + cast(_r.article_id, String)
_WHICH = cast(_r.id, String) + "." + cast(_r.revision, String) + "." + _r.action
ANNOUNCED = (
    select(
        func.aggregate_strings(
            _WHEN + "." + _WHICH,
            " ",
        )
    )
    .select_from(tables.rollout.join(tables.article, _a.id == _r.article_id))
    .where(
        # So that the database begins with the few that announce something, however many rollouts there are.
        _r.article_id.in_(select(_announcing.c.id).where(_announcing.c.announces > "")),
        _r.release_at <= bindparam("now", type_=tables.Instant()),
        or_(
            _r.state.in_([RolloutState.READY, RolloutState.RELEASED]),
            and_(
                _r.state == RolloutState.COMPLETE,
                exists().where(_d.rollout_id == _r.id, _d.released_at.is_not(None)).correlate(tables.rollout),
            ),
        ),
    )
)
"""The rollouts whose announcements' moment has come, as one text (`Reports.announced_as`), so that it can be a column
of what else is asked: every step needs it, and mostly there are none."""


_STUCK = (
    select(_d.rollout_id)
    .where(
        _d.state.in_([DeliveryState.FAILED, DeliveryState.UNKNOWN]),
        ~exists().where(_newer.c.article_id == _d.article_id, _newer.c.rollout_id > _d.rollout_id),
    )
    .distinct()
    .order_by(_d.rollout_id)
)


class Reports(Database):
    """The database as readers see it."""

    numbered: Numbered = staticmethod(at_random)
    """By which new articles and rollouts get their ids."""

    def revision_at(self, tx: Connection, number: int, version: int) -> Revision:
        row = tx.execute(_REVISION, {"of": number, "version": version}).one()
        return revision_of(number, version, row)

    def last_rollout(self, tx: Connection, number: int) -> Row[Any]:
        """The rollout that an article was last in."""
        newest = select(func.max(_d.rollout_id)).where(_d.article_id == number).scalar_subquery()
        return tx.execute(select(tables.rollout).where(_r.id == newest)).one()

    def newest(self, tx: Connection, number: int) -> Row[Any]:
        """An article's newest revision, as it stands in its table."""
        c = tables.revision.c
        return tx.execute(
            select(tables.revision).where(c.article_id == number).order_by(c.number.desc()).limit(1)
        ).one()

    def awaited_moment(self, known: str, now: datetime) -> datetime | None:
        """When an article that is not out yet is to go out; None if it is out, or no later moment was asked for."""
        with self.reading() as tx:
            number = number_of(tx, known, "a")
            last = select(func.max(_d.rollout_id)).where(_d.article_id == number).scalar_subquery()
            query = select(_r.go_live_at).where(_r.id == last, _r.action == Action.PUBLISH, _r.go_live_at > now)
            found: datetime | None = tx.scalar(query)
        return found

    def announced(self, now: datetime) -> list[Announcement]:
        """What has been made of columns up to `now`, in the order of the moments: the announcements whose moment has
        come on some channel and that have not been withdrawn, each in its last revision."""
        with self.reading() as tx:
            return self.announced_as(tx, tx.scalar(ANNOUNCED, {"now": now}))

    def announced_as(self, tx: Connection, told: str | None) -> list[Announcement]:
        """The same from what `ANNOUNCED` told."""
        return [one for one in self._announced(tx, told).values() if one is not None]

    def _announced(self, tx: Connection, told: str | None) -> dict[int, Announcement | None]:
        """The announcements whose moment has come, by article; None for those that have been withdrawn."""
        rows = [
            ([int(one) for one in numbers], action)
            for *numbers, action in (one.split(".") for one in (told or "").split())
        ]
        last = {article: (revision, action) for (_, article, _, revision), action in sorted(rows)}
        return {
            article: None if action == Action.WITHDRAW else self._announcement(tx, article, revision)
            for article, (revision, action) in last.items()
        }

    def _announcement(self, tx: Connection, article: int, revision: int) -> Announcement | None:
        """What a revision announces. It never becomes another, so it is read once."""
        known = self._announcements
        if (article, revision) not in known:
            known[article, revision] = self.revision_at(tx, article, revision).article.announces
        return known[article, revision]

    @cached_property
    def _announcements(self) -> dict[tuple[int, int], Announcement | None]:
        return {}

    def column_counts(self) -> dict[str, int]:
        """How many articles each column has, by its id: announcements and what is withdrawn left out."""
        a = tables.article.c
        newest = (
            select(func.max(_d.rollout_id)).where(_d.article_id == a.id).correlate(tables.article).scalar_subquery()
        )
        last = select(_r.action).where(_r.id == newest).scalar_subquery()
        query = (
            select(a.column, func.count())
            .where(a.announces.is_(None), func.coalesce(last, Action.WITHDRAW) != Action.WITHDRAW)
            .group_by(a.column)
        )
        with self.reading() as tx:
            return {row[0]: row[1] for row in tx.execute(query)}

    def awaited(self, now: datetime) -> list[tuple[Announcement, datetime, str]]:
        """What has been accepted to be made of columns, but whose moment has not come, with that and the rollout."""
        a = tables.article.c
        newer = exists().where(_newer.c.article_id == _r.article_id, _newer.c.rollout_id > _r.id)
        query = (
            select(_r.id, _r.article_id, _r.revision, _r.go_live_at)
            .join(tables.article, a.id == _r.article_id)
            .where(a.announces.is_not(None), _r.action != Action.WITHDRAW, _r.state != RolloutState.CANCELLED, ~newer)
            .order_by(_r.id)
        )
        with self.reading() as tx:
            out = self._announced(tx, tx.scalar(ANNOUNCED, {"now": now}))
            rows = [row for row in tx.execute(query) if row.article_id not in out]
            found = [(row, self.revision_at(tx, row.article_id, row.revision).article.announces) for row in rows]
        return [(one, row.go_live_at, rollout_id(row.id)) for row, one in found if one is not None]

    def waiting_columns(self, now: datetime) -> list[tuple[Column, datetime, str]]:
        """The columns whose opening has been accepted but whose moment has not come, with that and the rollout."""
        return [(one.column, moment, known) for one, moment, known in self.awaited(now) if one.deed is Deed.OPEN]

    def revision(self, known: str) -> Revision:
        """The newest revision of an article; `Impossible` if there is none."""
        with self.reading() as tx:
            number = number_of(tx, known, "a")
            return self.revision_at(tx, number, self.newest(tx, number).number)

    def read_image(self, digest: str) -> bytes:
        with self.reading() as tx:
            data = tx.scalar(select(tables.image.c.data).where(tables.image.c.digest == digest))
        if data is None:
            raise KeyError(digest)
        return bytes(data)

    def latest_rollout(self, known: str) -> str:
        """The id of an article's last rollout."""
        with self.reading() as tx:
            return rollout_id(self.last_rollout(tx, number_of(tx, known, "a")).id)

    def report(self, known: str) -> Report:
        """The report of a rollout; `Impossible` if there is none."""
        with self.reading() as tx:
            return next(reports_of(tx, [number_of(tx, known, "r")]))

    def readings(self, known: str) -> tuple[AsRead, ...]:
        """How the manuscripts of a rollout were read, in the order of its articles; `Impossible` if there is none."""
        of = _d.rollout_id == bindparam("number")
        mine = select(_d.article_id, _d.revision, func.min(_d.id).label("first")).where(of)
        parts = mine.group_by(_d.article_id, _d.revision).subquery()
        query = (
            select(_v.article_id, _v.number, _v.record, _v.reading)
            .join(parts, and_(parts.c.article_id == _v.article_id, parts.c.revision == _v.number))
            .order_by(parts.c.first)
        )
        with self.reading() as tx:
            rows = tx.execute(query, {"number": number_of(tx, known, "r")}).all()
        return tuple(
            AsRead(
                article=article_id(row.article_id),
                revision=row.number,
                record=article_of(row.record),
                reading=parsed(Reading, row.reading),
            )
            for row in rows
        )

    def events(self, known: str) -> list[Event]:
        """What happened to an article (`a1`), in a rollout (`r1`), or on a channel beside those (`tv`: its notebook,
        who locked a programme), in order; `Impossible` if there is none."""
        e = tables.event.c
        with self.reading() as tx:
            if not is_id(known):
                told = json.dumps({"channel": known}, ensure_ascii=False)[1:-1]
                beside = and_(e.article_id.is_(None), e.rollout_id.is_(None), e.data.contains(told, autoescape=True))
                if rows := tx.execute(select(tables.event).where(beside).order_by(e.id)).all():
                    return [event_of(row) for row in rows]
            if known.startswith("a"):
                mine = e.article_id == number_of(tx, known, "a")
            else:
                mine = e.rollout_id == number_of(tx, known, "r")
            rows = tx.execute(select(tables.event).where(mine).order_by(e.id)).all()
        return [event_of(row) for row in rows]

    def event(self, number: int) -> Event | None:
        """One sealed event by its number, if there is such a one."""
        with self.reading() as tx:
            row = tx.execute(select(tables.event).where(tables.event.c.number == number)).one_or_none()
        return None if row is None else event_of(row)

    def reports(self, states: Iterable[RolloutState]) -> list[Report]:
        """The rollouts in these states, oldest first."""
        with self.reading() as tx:
            return list(reports_of(tx, tx.scalars(select(_r.id).where(_r.state.in_([*states])).order_by(_r.id)).all()))

    def stuck(self) -> list[Report]:
        """The articles' last rollouts of which a delivery failed or is unknown: they wait for a person."""
        with self.reading() as tx:
            return list(reports_of(tx, tx.scalars(_STUCK).all()))

    def overview(self, now: datetime, most: int | None) -> Overview:
        """Where things stand: what waits for a person, and of what is under way the newest, up to `most` (None: all).

        A dozen statements, however much is under way; all of one moment.
        """
        with self.reading() as tx:
            held = tx.scalars(select(_r.id).where(_r.state == RolloutState.HELD)).all()
            waiting = sorted({*held, *tx.scalars(_STUCK)})
            running = select(_r.id).where(_r.state.in_(UNDER_WAY), ~_r.id.in_(_STUCK)).order_by(_r.id.desc())
            newest = tx.scalars(running.limit(most)).all()
            count = tx.scalar(select(func.count()).select_from(running.order_by(None).subquery())) or 0
            return Overview(
                waiting=tuple(reports_of(tx, waiting)),
                under_way=tuple(reports_of(tx, newest)),
                more=count - len(newest),
                health=self._health(tx, now),
            )

    def stranded(self, known: Collection[str]) -> dict[str, list[str]]:
        """The rollouts with something still to do on channels that are not among the known ones, by channel."""
        newer = exists().where(_newer.c.article_id == _d.article_id, _newer.c.rollout_id > _d.rollout_id)
        waiting = _d.state.in_([*STEPPING, DeliveryState.FAILED, DeliveryState.UNKNOWN])
        query = (
            select(_d.channel, _d.rollout_id)
            .where(waiting, ~_d.overtaken, _d.channel.not_in(known), ~newer)
            .distinct()
            .order_by(_d.channel, _d.rollout_id)
        )
        found: dict[str, list[str]] = {}
        with self.reading() as tx:
            for row in tx.execute(query):
                found.setdefault(row.channel, []).append(rollout_id(row.rollout_id))
        return found

    def articles(self, limit: int, *, imported: bool = False) -> list[ArticleLine]:
        """The articles accepted last, each with its last rollout; `imported`: those that came from an archive, instead
        of the others."""
        with self.reading() as tx:
            last = (
                select(func.max(_d.rollout_id).label("rollout"), _d.article_id, func.max(_d.revision).label("revision"))
                .join(tables.article, _a.id == _d.article_id)
                .where(_a.imported_from.is_not(None) if imported else _a.imported_from.is_(None))
                .group_by(_d.article_id)
                .order_by(_d.article_id.desc())
                .limit(limit)
                .subquery()
            )
            rows = tx.execute(
                select(last.c.article_id, last.c.revision, _r.id, _r.action, _r.state)
                .join(tables.rollout, _r.id == last.c.rollout)
                .order_by(last.c.article_id.desc())
            ).all()
            parts: dict[int, list[DeliveryState]] = {}
            for part in tx.execute(select(_d.rollout_id, _d.state).where(_d.rollout_id.in_([row.id for row in rows]))):
                parts.setdefault(part.rollout_id, []).append(DeliveryState(part.state))
            lines = []
            for row in rows:
                revision = self.revision_at(tx, row.article_id, row.revision)
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
                        deliveries=tuple(parts.get(row.id, ())),
                    )
                )
        return lines

    def health(self, now: datetime) -> Health:
        """How many of each state, and since when the oldest due delivery waits."""
        with self.reading() as tx:
            return self._health(tx, now)

    def _health(self, tx: Connection, now: datetime) -> Health:
        rollouts = {row[0]: row[1] for row in tx.execute(select(_r.state, func.count()).group_by(_r.state))}
        deliveries = {row[0]: row[1] for row in tx.execute(select(_d.state, func.count()).group_by(_d.state))}
        oldest = tx.scalar(select(func.min(_d.due)).where(claimable(now)))
        imported = tx.scalar(select(func.count()).where(_a.imported_from.is_not(None))) or 0
        told = tx.scalar(select(func.count()).where(tables.feedback.c.closed_at.is_(None))) or 0
        return Health(rollouts=rollouts, deliveries=deliveries, oldest_overdue=oldest, imported=imported, feedback=told)


def event_of(row: Any) -> Event:
    data = chain.data_of(row)
    mine = (one for one in told_by(data) if one["table"] == "delivery" and one.get("id") == row.delivery_id)
    told = {**data, **next(mine, {})}  # earlier versions named these digests beside the rest
    return Event(
        id=row.id,
        number=row.number,
        at=row.at,
        who=row.who,
        what=row.what,
        article="" if row.article_id is None else article_id(row.article_id),
        rollout="" if row.rollout_id is None else rollout_id(row.rollout_id),
        **{name: str(data.get(name, "")) for name in ("channel", "error", "reading", "account")},
        **{name: str(told.get(name) or "") for name in ("receipt", "evidence")},
        digest=row.digest,
        hash=row.hash or "",
    )
