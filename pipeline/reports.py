"""What the record says: reports of rollouts, articles, figures for an operator. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select

from pipeline import tables
from pipeline.article import Article, Frozen, Revision
from pipeline.channel import Action, Evidence, Problem, Receipt, Text
from pipeline.database import Database
from pipeline.rollout import STEP_OF, DeliveryState, RolloutState

Value = TypeVar("Value", bound=Frozen)
_d, _r = tables.delivery.c, tables.rollout.c
_older = tables.delivery.alias("older")
STEPPING = [*STEP_OF]
"""The states of deliveries that have a next step."""
RUNNING = [RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]


class Impossible(Exception):
    """What was asked for cannot be done with this article or rollout; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.message))
        self.problem = problem


class DeliveryReport(Frozen):
    """One line of a report."""

    id: int
    channel: str
    kind: str
    action: Action
    required: bool
    state: DeliveryState
    attempts: int
    """Steps begun, repeats included: three for a delivery that went well at once."""
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


def claimable(now: datetime) -> ColumnElement[bool]:
    """Deliveries whose next step is due, free, not overtaken, and the oldest in flight of their article and channel."""
    in_flight = exists().where(
        _older.c.article_id == _d.article_id,
        _older.c.channel == _d.channel,
        _older.c.id < _d.id,
        _older.c.lease_until > now,
    )
    running = exists().where(_r.id == _d.rollout_id, _r.state.in_(RUNNING))
    return and_(
        _d.state.in_(STEPPING),
        _d.due <= now,
        or_(_d.lease_until.is_(None), _d.lease_until <= now),
        _d.overtaken.is_(False),
        running,
        ~in_flight,
    )


class Reports(Database):
    """The database as readers see it."""

    def revision_at(self, tx: Connection, number: int, version: int) -> Revision:
        c, a = tables.revision.c, tables.article.c
        row = tx.execute(
            select(c.record, c.corrected_at, c.note, a.published_at)
            .join(tables.article, a.id == c.article_id)
            .where(c.article_id == number, c.number == version)
        ).one()
        return revision_of(number, version, row)

    def revision(self, known: str) -> Revision:
        """The newest revision of an article; `Impossible` if there is none."""
        number = number_of(known, "a")
        with self.reading() as tx:
            version = tx.scalar(
                select(func.max(tables.revision.c.number)).where(tables.revision.c.article_id == number)
            )
            if version is None:
                raise no_article(known)
            return self.revision_at(tx, number, version)

    def read_image(self, digest: str) -> bytes:
        with self.reading() as tx:
            data = tx.scalar(select(tables.image.c.data).where(tables.image.c.digest == digest))
        if data is None:
            raise KeyError(digest)
        return bytes(data)

    def latest_rollout(self, known: str) -> str:
        """The id of an article's last rollout."""
        with self.reading() as tx:
            found = tx.scalar(select(func.max(_r.id)).where(_r.article_id == number_of(known, "a")))
        if found is None:
            raise no_article(known)
        return rollout_id(found)

    def report(self, known: str) -> Report:
        """The report of a rollout; `Impossible` if there is none."""
        number = number_of(known, "r")
        with self.reading() as tx:
            head = tx.execute(select(tables.rollout).where(_r.id == number)).one_or_none()
            if head is None:
                raise no_rollout(known)
            rows = tx.execute(select(tables.delivery).where(_d.rollout_id == number).order_by(_d.id)).all()
            revision = self.revision_at(tx, head.article_id, head.revision)
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
                    receipt=parsed(Receipt, row.receipt),
                    evidence=parsed(Evidence, row.evidence),
                    error=parsed(Problem, row.problem),
                )
                for row in rows
            ),
        )

    def reports(self, states: Iterable[RolloutState]) -> list[Report]:
        """The rollouts in these states, oldest first."""
        with self.reading() as tx:
            ids = list(tx.scalars(select(_r.id).where(_r.state.in_([*states])).order_by(_r.id)))
        return [self.report(rollout_id(one)) for one in ids]

    def stuck(self) -> list[Report]:
        """The articles' last rollouts of which a delivery failed or is unknown: they wait for a person."""
        last = select(func.max(_r.id)).group_by(_r.article_id)
        waiting = _d.state.in_([DeliveryState.FAILED, DeliveryState.UNKNOWN])
        with self.reading() as tx:
            found = select(_d.rollout_id).where(waiting, _d.rollout_id.in_(last)).distinct().order_by(_d.rollout_id)
            ids = list(tx.scalars(found))
        return [self.report(rollout_id(one)) for one in ids]

    def articles(self, limit: int) -> list[ArticleLine]:
        """The newest articles, each with its last rollout."""
        last = select(func.max(_r.id)).group_by(_r.article_id)
        with self.reading() as tx:
            rows = tx.execute(
                select(tables.rollout).where(_r.id.in_(last)).order_by(_r.article_id.desc()).limit(limit)
            ).all()
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
                    )
                )
        return lines

    def health(self, now: datetime) -> Health:
        """How many of each state, and since when the oldest due delivery waits."""
        with self.reading() as tx:
            rollouts = {row[0]: row[1] for row in tx.execute(select(_r.state, func.count()).group_by(_r.state))}
            deliveries = {row[0]: row[1] for row in tx.execute(select(_d.state, func.count()).group_by(_d.state))}
            oldest = tx.scalar(select(func.min(_d.due)).where(claimable(now)))
        return Health(rollouts=rollouts, deliveries=deliveries, oldest_overdue=oldest)


def revision_of(number: int, version: int, row: Any) -> Revision:
    return Revision(
        id=article_id(number),
        number=version,
        article=Article.model_validate_json(row.record),
        published_at=row.published_at,
        corrected_at=row.corrected_at,
        note=row.note,
    )


def parsed(model: type[Value], stored: str | None) -> Value | None:
    return None if stored is None else model.model_validate_json(stored)


def number_of(known: str, kind: Literal["a", "r"]) -> int:
    """The row number of an article's id (`a12`) or a rollout's (`r12`); `Impossible` if it is none."""
    digits = known.removeprefix(kind)
    if digits == known or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise Impossible(
            Problem(
                field="ID",
                message=Text.of("{known} is not an id", known=known),
                remedy=Text.of("articles are called a1, a2 …, rollouts r1, r2 …: see newsroom list"),
            )
        )
    return int(digits)


def no_article(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("there is no article {article}", article=known),
            remedy=Text.of("newsroom list shows the articles and their ids"),
        )
    )


def no_rollout(known: str) -> Impossible:
    return Impossible(
        Problem(
            field="ID",
            message=Text.of("there is no rollout {rollout}", rollout=known),
            remedy=Text.of("newsroom list shows the articles and their rollouts"),
        )
    )
