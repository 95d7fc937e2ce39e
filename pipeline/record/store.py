"""The record: every transaction on the tables, on SQLite and PostgreSQL alike.

A transaction applies the rules of `rollout` and notes an event; it locks its rollout (`locks`), and none of them waits
for a channel. Methods that change something return the `Wake`s that should now be sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import AwareDatetime
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from pipeline.article import Article, Column, Deed, Outlet, Place, Revision
from pipeline.article.reading import Reading
from pipeline.article.value import Frozen
from pipeline.channel import Action, Evidence, Problem, Receipt, Standing, Text
from pipeline.record import chain, locks, tables
from pipeline.record.catalogue import SqlCatalogue, SqlMedia
from pipeline.record.notebook import SqlNotebook
from pipeline.record.reports import (
    RUNNING,
    STEPPING,
    Impossible,
    Reports,
    article_id,
    claimable,
    due,
    no_article,
    no_rollout,
    number_of,
    parsed,
    rollout_id,
)
from pipeline.rollout import (
    ENDED,
    GATE_PASSED,
    STATE_BEFORE,
    STEP_OF,
    DeliveryState,
    Part,
    RolloutState,
    Step,
    Verdict,
    after_gate,
    check_due,
    first_state,
    gate,
    instant,
    step_of,
)

_d, _r, _p = tables.delivery.c, tables.rollout.c, tables.placement.c


# Statements that every step needs are built once: building one takes longer than the database does to answer it.

_INSERT: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_CLAIM = (
    update(tables.delivery)
    .where(_d.id == bindparam("claimed"), claimable(bindparam("at", type_=tables.Instant())))
    .values(
        fence=_d.fence + 1,
        doubt=or_(_d.doubt, _d.lease_until.is_not(None)),
        lease_until=bindparam("until", type_=tables.Instant()),
        tries=_d.tries + 1,
    )
    .returning(tables.delivery)
)
_CLAIMED = select(tables.delivery).where(
    _d.id == bindparam("of"), _d.fence == bindparam("fenced"), _d.lease_until.is_not(None)
)
_PARTS = select(_d.id, _d.state, _d.required, _d.overtaken, _d.checked_at, _d.released_at, _d.due).where(
    _d.rollout_id == bindparam("of")
)
_OLDER = (
    select(tables.delivery)
    .where(
        *(_d.article_id == bindparam("of"), _d.channel == bindparam("on"), _d.id < bindparam("before")),
        or_(_d.doubt, _d.receipt.is_not(None), _d.overtaken),
    )
    .order_by(_d.id)
)
_TOGETHER = (
    select(tables.delivery)
    .where(_d.rollout_id == bindparam("of"), _d.channel == bindparam("on"), ~_d.overtaken)
    .order_by(_d.id)
)
_PLACED = (
    select(tables.placement)
    .where(_p.channel == bindparam("on"), _p.article_id == bindparam("of"))
    .order_by(_p.delivery_id.desc())
    .limit(1)
)
_COUNT = {
    dialect: made(tables.counter)
    .values(channel=bindparam("on"), column=bindparam("within"), value=1)
    .on_conflict_do_update(index_elements=["channel", "column"], set_={"value": tables.counter.c.value + 1})
    .returning(tables.counter.c.value)
    for dialect, made in _INSERT.items()
}
_KEEP = {dialect: made(tables.image).on_conflict_do_nothing() for dialect, made in _INSERT.items()}


class Wake(NamedTuple):
    """Whom to wake for what: all that a Celery message carries."""

    delivery_id: int
    step: Step


class Waiting(NamedTuple):
    """How many wake-ups wait to be heard: for releases, and for all other steps."""

    steps: int = 0
    releases: int = 0


@dataclass(frozen=True, kw_only=True)
class Submission:
    """An article with everything that its acceptance needs."""

    article: Article
    media: Mapping[str, bytes]
    outlets: Sequence[Outlet]
    column: Column | None = None
    """The article's column, which completes it; None: it is taken as it is."""
    bundling: Collection[str] = field(default=())
    """The ids of the channels that put the articles of one rollout into one publication."""
    reading: Reading | None = None
    """How the article's manuscript was read; None where there was none."""
    keys: Collection[str] = field(default=())
    """The keys under which its file may have been accepted before; none: its article's own."""


class Accepted(NamedTuple):
    """What became of a submission. `created` is False when the newsroom already has exactly this."""

    article_ids: tuple[str, ...]
    revision: int
    rollout_id: str
    created: bool
    wakes: Sequence[Wake]

    @property
    def article_id(self) -> str:
        """The id of its (first) article."""
        return self.article_ids[0]


class Changed(Exception):
    """The newsroom has this article with another content: a correction must be asked for."""

    def __init__(self, article_id: str) -> None:
        super().__init__(article_id)
        self.article_id = article_id


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
    companions: tuple[Revision, ...]
    """The rollout's articles that are not overtaken, in order, if the channel puts several into one publication."""

    @property
    def key(self) -> str:
        return f"{self.revision.id}.{self.revision.number}.{self.channel}.{self.action}"


class _Begun(NamedTuple):
    """A revision that a rollout is to publish, correct or withdraw."""

    number: int
    version: int
    digest: str
    outlets: Sequence[Outlet]
    bundling: Collection[str] = ()
    reading: Reading | None = None


class Store(Reports):
    """The record and every change to it. Thread-safe; open one per process."""

    def media(self) -> SqlMedia:
        return SqlMedia(self)

    def catalogue(self, channel: str, clock: Callable[[], datetime], configured: Sequence[Column] = ()) -> SqlCatalogue:
        return SqlCatalogue(self, channel, clock, configured)

    def notebook(self, channel: str) -> SqlNotebook:
        return SqlNotebook(self, channel)

    # -- accepting ------------------------------------------------------------------------------------

    def publish(
        self, submissions: Sequence[Submission], *, editor: str, go_live_at: datetime, now: datetime
    ) -> Accepted:
        """Accept articles for one rollout: they, it and its deliveries are committed, or nothing is.

        Raises `Changed` if the newsroom has an article (same key, not withdrawn) with another content, `Impossible`
        if it has only some of them, one is there twice, or a number in a series is taken.
        """
        keys = [one.article.key for one in submissions]
        for one in submissions:
            if keys.count(one.article.key) > 1:
                raise _there_twice(one.article)
        alone, together = [f"key:{key}" for key in keys], list[str]()
        for one in submissions:
            (alone if _counted(one) else together).extend(_column_of(one))
        with self.writing() as tx:
            locks.names(tx, alone, together)
            known = [self._known(tx, one.article, one.column) for one in submissions]
            if all(known):
                rollouts = {last.id for _, _, last in filter(None, known)}
                if len(rollouts) == 1:
                    ids = tuple(article_id(number) for number, _, _ in filter(None, known))
                    _, newest, last = next(filter(None, known))
                    return Accepted(ids, newest.number, rollout_id(last.id), False, ())
            for one, there in zip(submissions, known, strict=True):
                if there:
                    raise _published_already(one.article, article_id(there[0]))
            begun = []
            for one in submissions:
                article = self._completed(tx, one)
                number = _inserted(
                    tx,
                    insert(tables.article).values(
                        key=article.key,
                        column=article.column,
                        number=article.number,
                        announces=article.column if article.announces else None,
                        published_at=go_live_at,
                        accepted_at=now,
                    ),
                )
                begun.append(self._revise(tx, number, 1, article, one, Action.PUBLISH, "", go_live_at, now))
            self._keep(tx, submissions)
            return self._start(tx, begun, Action.PUBLISH, reason="", editor=editor, go_live_at=go_live_at, now=now)

    def correct(
        self, known: str, submission: Submission, *, note: str, editor: str, go_live_at: datetime, now: datetime
    ) -> Accepted:
        """Accept the next revision of an article; nothing new if the content is that of the last one.

        An article that never went out is simply published with the new text, without a notice. `Impossible` if the
        text is another article's, or would move this one to another column or number.
        """
        with self.writing() as tx:
            locks.names(tx, _column_of(submission) if _counted(submission) else ())
            number, last = self._live_article(tx, known)
            self._refuse_anothers(tx, number, submission.keys or (submission.article.key,))
            newest = self._newest(tx, number)
            before = Article.model_validate_json(newest.record)
            article = self._completed(tx, submission, (number, before))
            if before == article:
                return Accepted((known,), newest.number, rollout_id(last.id), False, ())
            if article.column != before.column:
                raise Impossible(
                    Problem(
                        field="column",
                        message=Text.of("a correction cannot move {article} to another column", article=known),
                        remedy=Text.of("withdraw the article and submit it anew in the other column"),
                    )
                )
            public = tx.scalar(select(exists().where(_p.article_id == number)))
            if public and article.number != before.number:
                raise Impossible(
                    Problem(
                        field="number",
                        message=Text.of(
                            "{article} went out as number {number} of the series: a correction cannot change that",
                            article=known,
                            number=before.number or "—",
                        ),
                        remedy=Text.of("leave the number out: a correction keeps it"),
                    )
                )
            action = Action.CORRECT if public else Action.PUBLISH
            values: dict[str, Any] = {"key": article.key, "number": article.number}
            if not public:
                values["published_at"] = go_live_at
            tx.execute(update(tables.article).where(tables.article.c.id == number).values(**values))
            begun = self._revise(tx, number, newest.number + 1, article, submission, action, note, go_live_at, now)
            self._keep(tx, [submission])
            self._overtake(tx, number, now)
            return self._start(tx, [begun], action, reason=note, editor=editor, go_live_at=go_live_at, now=now)

    def refuse_anothers(self, known: str, keys: Collection[str]) -> None:
        """Raise `Impossible` if a file that may be known by these keys is another article's, not the known one's."""
        with self.reading() as tx:
            self._refuse_anothers(tx, number_of(known, "a"), keys)

    def _refuse_anothers(self, tx: Connection, number: int, keys: Collection[str]) -> None:
        """An announcement is also known by its column and headline: so its text was handed in."""
        a = tables.article.c
        if tx.scalar(select(a.key).where(a.id == number)) in keys:
            return
        announcing = tx.scalars(select(a.id).where(a.announces.is_not(None), a.id != number))
        others = [
            *tx.scalars(select(a.id).where(a.key.in_(keys), a.id != number).order_by(a.id.desc())),
            *(one for one in announcing if self._record(tx, one).titled_key in keys),
        ]
        if others:
            gone = {one: self._last_rollout(tx, one).action == Action.WITHDRAW for one in others}
            other = min(others, key=gone.__getitem__)
            raise _anothers(article_id(number), article_id(other), self._record(tx, other), gone=gone[other])

    def _record(self, tx: Connection, number: int) -> Article:
        """The article in its newest revision."""
        return Article.model_validate_json(self._newest(tx, number).record)

    def withdraw(self, known: str, *, reason: str, editor: str, go_live_at: datetime, now: datetime) -> Accepted:
        """Accept a withdrawal from every channel the article was ever sent to; it waits for no channel."""
        with self.writing() as tx:
            column = tx.scalar(select(tables.article.c.announces).where(tables.article.c.id == number_of(known, "a")))
            locks.names(tx, [f"column:{column}"] if column else ())
            number, _ = self._live_article(tx, known)
            newest = self._newest(tx, number)
            self._refuse_if_filled(tx, Article.model_validate_json(newest.record))
            begun = _Begun(number, newest.number, newest.digest, self._sent_to(tx, number))
            self._overtake(tx, number, now)
            return self._start(
                tx, [begun], Action.WITHDRAW, reason=reason, editor=editor, go_live_at=go_live_at, now=now
            )

    def place(self, column: Column) -> Place:
        """The place that the column's next article will have."""
        with self.reading() as tx:
            return self._place_in(tx, column)

    def has(self, key: str) -> bool:
        """Whether the newsroom has an article of this key that is not withdrawn."""
        a = tables.article.c
        with self.reading() as tx:
            number = tx.scalar(select(a.id).where(a.key == key).order_by(a.id.desc()).limit(1))
            return number is not None and self._last_rollout(tx, number).action != Action.WITHDRAW

    def _known(self, tx: Connection, article: Article, column: Column | None) -> tuple[int, Row[Any], Row[Any]] | None:
        """The newsroom's article of this key, unless it is withdrawn: its number, newest revision and last rollout.

        Raises `Changed` if its content is another; what its column gave to it does not count.
        """
        a = tables.article.c
        number = tx.scalar(select(a.id).where(a.key == article.key).order_by(a.id.desc()).limit(1))
        if number is None:
            return None
        last = self._last_rollout(tx, number)
        if last.action == Action.WITHDRAW:
            return None
        newest = self._newest(tx, number)
        before = Article.model_validate_json(newest.record)
        if column is not None:
            article = article.completed(column, Place.unknown(), before)
        if before != article:
            raise Changed(article_id(number))
        return number, newest, last

    def _completed(self, tx: Connection, submission: Submission, before: tuple[int, Article] | None = None) -> Article:
        """The article with what its column adds. `before`: the number and record of the article it corrects."""
        article, column = submission.article, submission.column
        if column is None or article.announces:
            return article
        place = Place.unknown() if before else self._place_in(tx, column)
        article = article.completed(column, place, before[1] if before else None)
        if column.series and article.number:
            a = tables.article.c
            taken = tx.scalar(
                select(a.id).where(
                    a.column == column.id,
                    a.number == article.number,
                    a.id != (before[0] if before else 0),
                    ~_never_seen(a.id),
                )
            )
            if taken is not None:
                raise Impossible(
                    Problem(
                        field="number",
                        message=Text.of(
                            "number {number} of the series is {article} already",
                            number=article.number,
                            article=article_id(taken),
                        ),
                        remedy=Text.of("leave the number out: the next one is given by itself"),
                    )
                )
        return article

    def _place_in(self, tx: Connection, column: Column) -> Place:
        if not column.counts:  # it may have tens of thousands of articles
            return Place.unknown()
        a = tables.article.c
        counted = and_(a.column == column.id, a.announces.is_(None), ~_never_seen(a.id))
        last, first = tx.execute(select(func.max(a.number), func.count() == 0).where(counted)).one()
        return Place(number=(last or 0) + 1, first=bool(first))

    def _refuse_if_filled(self, tx: Connection, article: Article) -> None:
        """A column is not taken away under its articles."""
        if article.announces is None or article.announces.deed is not Deed.OPEN:
            return
        a = tables.article.c
        others = and_(a.column == article.column, a.announces.is_(None))
        newest = (
            select(func.max(_d.rollout_id).label("rollout"))
            .join(tables.article, a.id == _d.article_id)
            .where(others)
            .group_by(_d.article_id)
            .subquery()
        )
        live = (
            select(func.count())
            .select_from(newest.join(tables.rollout, _r.id == newest.c.rollout))
            .where(_r.action != Action.WITHDRAW, _r.state != RolloutState.CANCELLED)
        )
        if count := tx.scalar(live):
            raise Impossible(
                Problem(
                    field="ID",
                    message=Text.of("the column has {count} articles", count=count),
                    remedy=Text.of(
                        "close it: newsroom column close {column}; or withdraw its articles first",
                        column=article.column,
                    ),
                )
            )

    def sent_to(self, known: str) -> list[Outlet]:
        """The channels an article was sent to, as the record knows them: what it does there is required nowhere."""
        with self.reading() as tx:
            return self._sent_to(tx, number_of(known, "a"))

    def _sent_to(self, tx: Connection, number: int) -> list[Outlet]:
        sent = tx.execute(
            select(_d.channel, func.max(_d.kind).label("kind"), func.max(_d.id).label("last"))
            .where(_d.article_id == number)
            .group_by(_d.channel)
            .order_by("last")
        )
        return [Outlet(id=row.channel, kind=row.kind, name=row.channel, required=False) for row in sent]

    def _revise(
        self,
        tx: Connection,
        number: int,
        version: int,
        article: Article,
        submission: Submission,
        action: Action,
        note: str,
        go_live_at: datetime,
        now: datetime,
    ) -> _Begun:
        """Keep a revision."""
        tx.execute(
            insert(tables.revision).values(
                article_id=number,
                number=version,
                digest=article.digest,
                record=article.model_dump_json(),
                corrected_at=go_live_at if action is Action.CORRECT else None,
                note=note if action is Action.CORRECT else "",
                accepted_at=now,
                reading=submission.reading and submission.reading.model_dump_json(),
            )
        )
        return _Begun(number, version, article.digest, submission.outlets, submission.bundling, submission.reading)

    def _keep(self, tx: Connection, submissions: Sequence[Submission]) -> None:
        """Keep the pictures; in their order, so that two who keep the same do not wait for each other."""
        media = {digest: data for one in submissions for digest, data in one.media.items()}
        if media:
            have = set(tx.scalars(select(tables.image.c.digest).where(tables.image.c.digest.in_(media))))
            for digest in sorted(media.keys() - have):
                tx.execute(_KEEP[tx.dialect.name], {"digest": digest, "data": media[digest]})

    def _start(
        self,
        tx: Connection,
        begun: Sequence[_Begun],
        action: Action,
        *,
        reason: str,
        editor: str,
        go_live_at: datetime,
        now: datetime,
    ) -> Accepted:
        """Insert the rollout and its deliveries."""
        rollout = _inserted(
            tx,
            insert(tables.rollout).values(
                article_id=begun[0].number,
                revision=begun[0].version,
                action=action,
                state=RolloutState.PREPARING,
                go_live_at=go_live_at,
                reason=reason,
                editor=editor,
                accepted_at=now,
            ),
        )
        state = first_state(action)
        common = {
            "rollout_id": rollout,
            "action": action,
            "state": state,
            "due": now if state is DeliveryState.PENDING else None,
            "wake_at": now + self.pace.wake,
            "fence": 0,
            "doubt": False,
            "overtaken": False,
            "attempts": 0,
            "tries": 0,
        }
        rows = [
            {
                **common,
                "article_id": one.number,
                "revision": one.version,
                "channel": outlet.id,
                "kind": outlet.kind,
                "required": outlet.required,
                "bundled": len(begun) > 1 and outlet.id in one.bundling,
            }
            for one in begun
            for outlet in one.outlets
        ]
        if rows:
            tx.execute(insert(tables.delivery), rows)
        for one in begun:
            chain.note(
                tx,
                now,
                editor,
                f"{action} accepted",
                article=one.number,
                rollout=rollout,
                digest=one.digest,
                reason=reason,
                reading=one.reading.digest if one.reading else "",
            )
        wakes = self._settle(tx, rollout, now)
        if state is DeliveryState.PENDING:
            ids = tx.scalars(select(_d.id).where(_d.rollout_id == rollout).order_by(_d.id))
            wakes = [*(Wake(one, Step.PREPARE) for one in ids), *wakes]
        articles = tuple(article_id(one.number) for one in begun)
        return Accepted(articles, begun[0].version, rollout_id(rollout), True, wakes)

    def _overtake(self, tx: Connection, number: int, now: datetime) -> None:
        """The last word wins: nothing older of the article starts again; what is in flight ends as superseded.

        Its rollouts are locked (`_live_article`).
        """
        here = _d.article_id == number
        under_way = and_(here, _d.state.in_(STEPPING))
        rollouts = list(tx.scalars(select(_d.rollout_id).where(under_way).distinct()))
        mine = select(_d.rollout_id).where(here, ~_d.overtaken)
        held = list(tx.scalars(select(_r.id).where(_r.id.in_(mine), _r.state == RolloutState.HELD)))
        self._doubt_together(tx, number)
        tx.execute(update(tables.delivery).where(here, ~_d.overtaken).values(overtaken=True, due=None))
        for rollout in held:
            self._give_up(tx, rollout, number)
        tx.execute(
            update(tables.delivery).where(under_way, _d.lease_until.is_(None)).values(state=DeliveryState.SUPERSEDED)
        )
        self._lapse(tx, under_way, now)
        for rollout in rollouts:
            self._settle(tx, rollout, now)

    def _doubt_together(self, tx: Connection, number: int) -> None:
        """An article that was to go out in one publication with others is overtaken: all of them have to ask first.

        What was prepared for the others holds its text; and one of them may have brought it out already.
        """
        here = and_(_d.article_id == number, _d.bundled, ~_d.overtaken)
        passed = select(_r.id).where(_r.state.in_(GATE_PASSED))
        unreleased = _d.state.in_([DeliveryState.PREPARED, DeliveryState.FAILED])
        others = and_(_d.rollout_id.in_(select(_d.rollout_id).where(here)), _d.article_id != number, ~_d.overtaken)
        for shared in (and_(here, _d.rollout_id.in_(passed)), and_(others, _d.bundled)):
            tx.execute(update(tables.delivery).where(shared, unreleased).values(doubt=True))

    def _give_up(self, tx: Connection, rollout: int, number: int) -> None:
        """An article of a held rollout has been overtaken: if it was the only one, so is the rollout."""
        here = and_(_d.rollout_id == rollout, _d.article_id == number)
        tx.execute(update(tables.delivery).where(here).values(overtaken=True, state=DeliveryState.SUPERSEDED, due=None))
        others = exists().where(_d.rollout_id == rollout, ~_d.overtaken)
        if not tx.scalar(select(others)):
            tx.execute(update(tables.rollout).where(_r.id == rollout).values(state=RolloutState.CANCELLED))

    def _live_article(self, tx: Connection, known: str) -> tuple[int, Row[Any]]:
        """The article's number and last rollout; `Impossible` if it does not exist or is withdrawn.

        It is locked, and so is every rollout in which something of it may still change.
        """
        number = number_of(known, "a")
        locks.articles(tx, [number])
        if tx.scalar(select(tables.article.c.id).where(tables.article.c.id == number)) is None:
            raise no_article(known)
        open_ = select(_d.rollout_id).where(_d.article_id == number, or_(~_d.overtaken, _d.state.in_(STEPPING)))
        locks.rollouts(tx, _r.id.in_(open_))
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
        newest = select(func.max(_d.rollout_id)).where(_d.article_id == number).scalar_subquery()
        return tx.execute(select(tables.rollout).where(_r.id == newest)).one()

    def _newest(self, tx: Connection, number: int) -> Row[Any]:
        c = tables.revision.c
        return tx.execute(
            select(tables.revision).where(c.article_id == number).order_by(c.number.desc()).limit(1)
        ).one()

    # -- working --------------------------------------------------------------------------------------

    def claim(self, delivery_id: int, now: datetime) -> Claim | None:
        """Take the delivery's next step, if it is due, free and the oldest of its article and channel; else None."""
        lease_until = now + self.pace.lease
        with self.writing() as tx:
            rollout = tx.execute(locks.ROLLOUT_TO_CLAIM, {"of": delivery_id, "at": now}).one_or_none()
            if rollout is None:
                return None
            row = tx.execute(
                _CLAIM, {"claimed": delivery_id, "at": now, "until": lease_until + self.pace.arm}
            ).one_or_none()
            if row is None:
                return None
            mine = {"of": row.article_id, "on": row.channel, "before": row.id}
            older = tx.execute(_OLDER, mine).all()
            lapsed = [one for one in older if one.overtaken and one.lease_until and one.lease_until <= now]
            if lapsed:
                locks.rollouts(tx, _r.id.in_({one.rollout_id for one in lapsed}))
                self._lapse(tx, _d.id.in_([one.id for one in lapsed]), now)
                older = tx.execute(_OLDER, mine).all()
            # Of which the channel said that it knows nothing: that one left nothing to build upon.
            told = [one for one in older if one.receipt and not _is_absent(parsed(Receipt, one.receipt))]
            step = step_of(DeliveryState(row.state), RolloutState(rollout.state))
            together = self._together(tx, row) if row.bundled or step is Step.RELEASE else []
            claim = Claim(
                delivery_id=row.id,
                rollout_id=row.rollout_id,
                fence=row.fence,
                lease_until=row.lease_until,
                step=step,
                action=row.action,
                channel=row.channel,
                revision=self.revision_at(tx, row.article_id, row.revision),
                reason=rollout.reason,
                release_at=rollout.release_at,
                accepted_at=row.released_at,
                attempts=row.attempts,
                doubt=row.doubt,
                receipt=parsed(Receipt, row.receipt),
                digest=row.digest or "",
                earlier=tuple(self._earlier(tx, one) for one in older if one.doubt),
                previous=self._earlier(tx, told[-1]) if told else None,
                companions=tuple(self.revision_at(tx, one.article_id, one.revision) for one in together if one.bundled),
            )
            if step is Step.RELEASE:  # last: others wait for the counters until this has been committed
                for one in together:  # in the articles' order, whichever is claimed first
                    if one.state == row.state:
                        self._place(tx, one, rollout.release_at, rollout.reason)
            return claim

    def _together(self, tx: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
        """The deliveries of the same rollout on the same channel that are not overtaken, in the articles' order."""
        return tx.execute(_TOGETHER, {"of": row.rollout_id, "on": row.channel}).all()

    def _lapse(self, tx: Connection, narrowed: ColumnElement[bool], now: datetime) -> None:
        """Overtaken deliveries whose worker died in the middle lose their fence; what they did is in doubt.

        Their rollouts are locked.
        """
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
            revision=self.revision_at(tx, row.article_id, row.revision),
            receipt=parsed(Receipt, row.receipt),
            digest=row.digest or "",
            reason=tx.scalar(select(_r.reason).where(_r.id == row.rollout_id)) or "",
        )

    def _place(self, tx: Connection, row: Row[Any], release_at: datetime, reason: str) -> None:
        """Give the article its place in the channel's catalogue, valid from the common instant."""
        before = tx.execute(_PLACED, {"on": row.channel, "of": row.article_id}).first()
        if before is not None and before.delivery_id == row.id:
            return
        if before is None:
            if row.action == Action.WITHDRAW:
                return
            column = self.revision_at(tx, row.article_id, row.revision).article.column
            ordinal, column_ordinal = self._next(tx, row.channel, ""), self._next(tx, row.channel, column)
        else:
            column, ordinal, column_ordinal = before.column, before.ordinal, before.column_ordinal
        tx.execute(
            insert(tables.placement),
            {
                "delivery_id": row.id,
                "channel": row.channel,
                "article_id": row.article_id,
                "revision": row.revision,
                "column": column,
                "ordinal": ordinal,
                "column_ordinal": column_ordinal,
                "instant": release_at,
                "withdrawn": row.action == Action.WITHDRAW,
                "reason": reason if row.action == Action.WITHDRAW else "",
            },
        )

    def _next(self, tx: Connection, channel: str, column: str) -> int:
        return int(tx.scalar(_COUNT[tx.dialect.name], {"on": channel, "within": column}))

    def settle_doubt(self, earlier: Earlier, receipt: Receipt, now: datetime) -> None:
        """Keep what the channel said of an older delivery whose outcome was unknown."""
        told = receipt.model_dump_json()
        with self.writing() as tx:
            tx.execute(locks.ROLLOUT_OF, {"of": earlier.id})
            settled = tx.execute(
                update(tables.delivery)
                .where(_d.id == earlier.id, _d.overtaken)
                .values(doubt=False, receipt=told)
                .returning(tables.delivery)
            ).one_or_none()
            if settled is not None:
                chain.note(
                    tx,
                    now,
                    "engine",
                    f"find {receipt.standing}",
                    article=settled.article_id,
                    rollout=settled.rollout_id,
                    delivery=settled.id,
                    digest=earlier.digest,
                    channel=settled.channel,
                    receipt=chain.digest_of(told),
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
        beside: Mapping[str, str] = MappingProxyType({}),
        started_at: datetime | None = None,
        ended_at: datetime | None = None,
    ) -> list[Wake] | None:
        """Record a step's outcome; None, and nothing is recorded, if the claim's fence no longer holds.

        `started_at` and `ended_at` frame the adapter's release call; `beside` has the digests of what was prepared
        with it, by the articles' ids. What came of a leader's step comes of all whom it leads.
        """
        with self.writing() as tx:
            rollout = tx.execute(locks.ROLLOUT, {"of": claim.rollout_id}).one()
            row = tx.execute(_CLAIMED, {"of": claim.delivery_id, "fenced": claim.fence}).one_or_none()
            if row is None:
                return None
            state = verdict.state
            if row.overtaken and state not in (DeliveryState.VERIFIED, DeliveryState.WITHDRAWN):
                state = DeliveryState.SUPERSEDED  # also where it failed: nobody need act on what has been overtaken
            together = self._together(tx, row) if row.bundled else []
            values = self._outcome(claim, verdict, state, row, rollout, now, started_at, ended_at)
            if row.bundled and verdict.state in (DeliveryState.PENDING, DeliveryState.PREPARED, DeliveryState.FAILED):
                now_together = [(article_id(one.article_id), one.revision) for one in together]
                values["doubt"] |= now_together != [(one.id, one.number) for one in claim.companions]
            if state is DeliveryState.VERIFIED or state is DeliveryState.WITHDRAWN:
                values["verified_at"] = evidence.at if evidence else now
            led = [] if row.overtaken or claim.step is Step.VERIFY else [one for one in together if _is_led(one, row)]
            for one in (row, *led):
                own = dict(values)
                if receipt is not None:
                    its = receipt if one is row else receipt.each.get(article_id(one.article_id), receipt)
                    own["receipt"] = its.model_copy(update={"each": {}}).model_dump_json()
                if evidence is not None:
                    own["evidence"] = evidence.model_dump_json()
                if prepared := digest if one is row else beside.get(article_id(one.article_id), ""):
                    own["digest"] = prepared
                tx.execute(update(tables.delivery).where(_d.id == one.id).values(**own))
                if verdict.state is DeliveryState.FAILED and claim.step is Step.RELEASE and not verdict.doubt:
                    tx.execute(tables.placement.delete().where(_p.delivery_id == one.id))
                self._note_step(tx, now, claim, verdict, one, own)
            wakes = self._settle(tx, row.rollout_id, now, rollout)
            if values["due"] is not None and values["due"] <= now:
                step = step_of(state, RolloutState(rollout.state))
                wakes += [Wake(one.id, step) for one in ((row, *led) if step is Step.VERIFY else (row,))]
            if row.overtaken:  # what waited for it may begin, and of those it led the next one leads
                newer = select(_d.id, _d.state).where(
                    *(_d.article_id.in_([row.article_id, *(one.article_id for one in together)]), _d.id > row.id),
                    *(_d.channel == row.channel, claimable(now)),
                )
                wakes += [Wake(one.id, STEP_OF[DeliveryState(one.state)]) for one in tx.execute(newer)]
            return wakes

    def _outcome(
        self,
        claim: Claim,
        verdict: Verdict,
        state: DeliveryState,
        row: Row[Any],
        rollout: Row[Any],
        now: datetime,
        started_at: datetime | None,
        ended_at: datetime | None,
    ) -> dict[str, Any]:
        """What a step's outcome makes of a delivery's row, the same for all that it is one publication with."""
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
        match verdict.state:
            case DeliveryState.PREPARED if claim.step is Step.PREPARE:
                due = check_due(rollout.go_live_at, now, self.pace)
                values |= {"prepared_at": now, "due": due, "wake_at": due, "checked_at": None if due else now}
            case DeliveryState.PREPARED if claim.step is Step.CHECK and verdict.due is None:
                values["checked_at"] = now
            case DeliveryState.RELEASED if row.released_at is None:
                values |= {"started_at": started_at, "released_at": ended_at or now}
            case DeliveryState.LIVE:
                values["live_at"] = row.live_at or ended_at or now
                if row.released_at is None:
                    values |= {"started_at": started_at, "released_at": ended_at or now}
        return values

    def _note_step(
        self, tx: Connection, now: datetime, claim: Claim, verdict: Verdict, row: Row[Any], values: Mapping[str, Any]
    ) -> None:
        led = {} if row.id == claim.delivery_id else {"leader": claim.delivery_id}
        chain.note(
            tx,
            now,
            "engine",
            f"{claim.step} {values['state']}",
            article=row.article_id,
            rollout=row.rollout_id,
            delivery=row.id,
            digest=values.get("digest") or row.digest or "",
            channel=row.channel,
            fence=row.fence,
            error=str(verdict.problem.message) if verdict.problem else "",
            **{name: chain.digest_of(values[name]) for name in ("receipt", "evidence") if name in values},
            **led,
        )

    def _settle(self, tx: Connection, rollout: int, now: datetime, known: Row[Any] | None = None) -> list[Wake]:
        """Apply the gate, or what follows it, to a rollout whose deliveries have changed.

        `known`: its row, where it has just been read. It is locked.
        """
        head = tx.execute(locks.ROLLOUT, {"of": rollout}).one() if known is None else known
        rows = tx.execute(_PARTS, {"of": rollout}).all()
        state = RolloutState(head.state)
        values: dict[str, Any] = {}
        if state is RolloutState.PREPARING:
            state = gate(
                [
                    Part(
                        DeliveryState(row.state),
                        row.required,
                        overtaken=row.overtaken,
                        checked=row.checked_at is not None or row.state != DeliveryState.PREPARED,
                    )
                    for row in rows
                ]
            )
            if state is RolloutState.READY:
                values["release_at"] = instant(head.go_live_at, now, self.pace)
        released = any(row.released_at for row in rows)
        if state in GATE_PASSED:
            overtaken = all(row.overtaken for row in rows)
            state = after_gate([DeliveryState(row.state) for row in rows], released=released, overtaken=overtaken)
        wakes: list[Wake] = []
        if state in (RolloutState.READY, RolloutState.RELEASED):
            release_at = values.get("release_at", head.release_at)
            due = max(release_at - self.pace.arm, now - self.pace.arm)
            # Also what was still to be checked (the gate waits for required ones only): it is released with the rest.
            waiting = [
                row.id
                for row in rows
                if row.state == DeliveryState.PREPARED
                and not row.overtaken
                and (row.due is None or row.due < release_at - self.pace.arm)
            ]
            if waiting:
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
            chain.note(tx, now, "engine", f"rollout {state}", article=head.article_id, rollout=rollout)
        if values:
            tx.execute(update(tables.rollout).where(_r.id == rollout).values(**values))
        return wakes

    def overdue(self, now: datetime, waiting: Callable[[], Waiting | None] = Waiting, limit: int = 100) -> list[Wake]:
        """What is due and was not woken lately, the longest forgotten first; each is given out to one sweeper only.

        No more than there are deliveries due beyond the wake-ups that wait already: theirs are among those. `waiting`
        is asked only if something is late; None: nobody can tell, and nothing could be sent.
        """
        late = and_(claimable(now), or_(_d.wake_at.is_(None), _d.wake_at <= now))
        lapsed = and_(_d.overtaken, _d.lease_until <= now)
        with self.reading() as tx:
            forgotten = tx.scalar(select(_d.id).where(late).limit(1)) is not None
            dead = list(tx.scalars(select(_d.rollout_id).where(lapsed).distinct()))
        for rollout in dead:
            with self.writing() as tx:
                if locks.rollouts(tx, _r.id == rollout, free=True):
                    self._lapse(tx, and_(lapsed, _d.rollout_id == rollout), now)
        room = self._unwoken(now, waiting()) if forgotten or dead else Waiting()
        return [
            wake
            for lane, most in zip((~_RELEASING, _RELEASING), room, strict=True)
            if most > 0
            for wake in self._given_out(and_(late, lane), min(most, limit), now)
        ]

    def _given_out(self, late: ColumnElement[bool], limit: int, now: datetime) -> list[Wake]:
        """Some of these deliveries, those never woken first, then the longest due; nobody else gets them for a while.

        One statement: on PostgreSQL nobody waits for what a sweeper does with it, or for a sweeper that was stopped.
        """
        first = (
            select(_d.id)
            .join(tables.rollout, _r.id == _d.rollout_id)
            .where(late)
            .order_by(_d.wake_at.asc().nulls_first(), _d.due)
            .limit(limit)
        )
        if not self.sqlite:  # as an array, so that it is looked up once, whatever the planner thinks
            first = first.with_for_update(key_share=True, skip_locked=True, of=tables.delivery)
            which = _d.id == func.any(func.array(first.scalar_subquery()))
        else:
            which = _d.id.in_(first)
        rollout = select(_r.state).where(_r.id == _d.rollout_id).correlate(tables.delivery).scalar_subquery()
        given = update(tables.delivery).where(which).values(wake_at=now + self.pace.wake)
        with self.at_once() as tx:
            rows = tx.execute(given.returning(_d.id, _d.state, _d.due, rollout.label("rollout"))).all()
        rows = sorted(rows, key=lambda row: (row.due, row.id))
        return [Wake(row.id, step_of(DeliveryState(row.state), RolloutState(row.rollout))) for row in rows]

    def _unwoken(self, now: datetime, waiting: Waiting | None) -> Waiting:
        """How many deliveries are due for whom no wake-up waits."""
        if waiting is None:
            return Waiting()
        counted = select(func.count(), func.count().filter(_RELEASING)).select_from(
            tables.delivery.join(tables.rollout, _r.id == _d.rollout_id)
        )
        with self.reading() as tx:
            total, releases = tx.execute(counted.where(due(now), _r.state.in_(RUNNING))).one()
        return Waiting(total - releases - waiting.steps, releases - waiting.releases)

    def hasten(self, channel: str, ids: Mapping[str, str], now: datetime) -> list[Wake]:
        """Follow at once the accepted deliveries of this channel whose receipt carries one of these names."""
        accepted = and_(
            *(_d.channel == channel, _d.state == DeliveryState.RELEASED, _d.lease_until.is_(None)),
            _d.due.is_not(None),
        )
        with self.reading() as tx:
            rows = tx.execute(select(_d.id, _d.receipt).where(accepted)).all()
        meant = [row.id for row in rows if ids.items() & json.loads(row.receipt or "{}").get("ids", {}).items()]
        return [Wake(one, Step.FOLLOW) for one in meant if self._hastened(one, accepted, now)]

    def _hastened(self, delivery: int, still: ColumnElement[bool], now: datetime) -> bool:
        """Make a delivery's next step due now, unless somebody is at it; whether that was done."""
        with self.writing() as tx:
            tx.execute(locks.ROLLOUT_OF, {"of": delivery})
            soon = {"due": now, "wake_at": now + self.pace.wake}
            return bool(tx.execute(update(tables.delivery).where(_d.id == delivery, still).values(**soon)).rowcount)

    # -- a person decides -----------------------------------------------------------------------------

    def retry(self, known: str, *, editor: str, adopt: bool, now: datetime) -> list[Wake]:
        """Try again what failed, was held or is unknown. `adopt`: the person has seen that it is live.

        A rollout that never passed its gate gets a new moment and is prepared afresh, so that its date is true.
        """
        number = number_of(known, "r")
        with self.writing() as tx:
            locks.articles(tx, tx.scalars(select(_d.article_id).where(_d.rollout_id == number).distinct()).all())
            head = tx.execute(locks.ROLLOUT, {"of": number}).one_or_none()
            if head is None:
                raise no_rollout(known)
            rows = tx.execute(select(tables.delivery).where(_d.rollout_id == number)).all()
            last = {one: self._last_rollout(tx, one).id for one in {row.article_id for row in rows}}
            mine = [row for row in rows if last[row.article_id] == number]  # the others have been overtaken
            stuck = [row for row in mine if row.state in _STUCK]
            held = head.state == RolloutState.HELD
            if not mine or (not stuck and not held and any(row.state in _STUCK for row in rows)):
                newer = rollout_id(max(last.values()))
                raise Impossible(
                    Problem(
                        field="ID",
                        message=Text.of(
                            "a newer rollout, {newer}, has taken the place of {rollout}",
                            newer=newer,
                            rollout=known,
                        ),
                        remedy=Text.of("retry {newer} instead", newer=newer),
                    )
                )
            if not stuck and not held:
                raise Impossible(
                    Problem(
                        field="ID",
                        message=Text.of("nothing of {rollout} has failed", rollout=known),
                        remedy=Text.of("newsroom report {rollout} shows where it stands", rollout=known),
                    )
                )
            if held:
                moment = max(head.go_live_at, now)
                tx.execute(
                    update(tables.rollout)
                    .where(_r.id == number)
                    .values(state=RolloutState.PREPARING, go_live_at=moment, ended_at=None)
                )
                if head.action == Action.PUBLISH:
                    waiting = {row.article_id for row in mine}
                    tx.execute(
                        update(tables.article).where(tables.article.c.id.in_(waiting)).values(published_at=moment)
                    )
                else:
                    c = tables.revision.c
                    here = and_(c.article_id == head.article_id, c.number == head.revision)
                    tx.execute(update(tables.revision).where(here).values(corrected_at=moment))
            elif head.state != RolloutState.PREPARING:  # a channel that may fail is tried again before the gate, too
                tx.execute(
                    update(tables.rollout).where(_r.id == number).values(state=RolloutState.RELEASED, ended_at=None)
                )
            wakes = []
            for row in mine if held else stuck:
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
                        # Where nobody can be asked, the person who says «again» has settled it.
                        doubt=row.doubt and not adopt and row.state != DeliveryState.UNKNOWN,
                        problem=None,
                        failed_in=None,
                        # What a worker is still preparing has the old date: it does not count any more.
                        **({"checked_at": None, "fence": _d.fence + 1} if held else {}),
                    )
                )
                wakes.append(Wake(row.id, STEP_OF[state]))
            chain.note(tx, now, editor, "retry", article=head.article_id, rollout=number, adopt=adopt)
            return [*wakes, *self._settle(tx, number, now)]


_RELEASING = and_(_d.state == DeliveryState.PREPARED, _r.state != RolloutState.PREPARING)
"""Deliveries whose next step is `Step.RELEASE`, with their rollouts; see `step_of`."""
_STUCK = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


def _column_of(submission: Submission) -> list[str]:
    """The name of its column's lock: whoever takes a column away has it alone."""
    return [] if submission.column is None else [f"column:{submission.column.id}"]


def _counted(submission: Submission) -> bool:
    """Whether its column gives it something that depends on those before it, so that they come one after another."""
    return submission.column is not None and submission.column.counts and submission.article.announces is None


def _is_absent(receipt: Receipt | None) -> bool:
    return receipt is not None and receipt.standing is Standing.ABSENT


def _is_led(row: Row[Any], leader: Row[Any]) -> bool:
    """Whether a delivery of the same rollout and channel is one publication with the leader, and stood where it did."""
    return bool(row.id != leader.id and row.bundled and row.state == leader.state)


def _inserted(tx: Connection, statement: Any) -> int:
    key: Any = tx.execute(statement).inserted_primary_key
    return int(key[0])


def _never_seen(article: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an article was withdrawn before it stood on any channel: then its number is free again."""
    withdrawn = exists().where(_d.article_id == article, _d.action == Action.WITHDRAW)
    return and_(withdrawn, ~exists().where(_p.article_id == article))


def _there_twice(article: Article) -> Impossible:
    return Impossible(
        Problem(
            field="",
            message=Text.of("“{headline}” is in it twice", headline=article.headline),
            remedy=Text.of("leave one out; if they are two articles, give one another headline or 编号"),
        )
    )


def _anothers(article: str, other: str, record: Article, *, gone: bool) -> Impossible:
    message = (
        Text.of(
            "this is “{headline}”, {other}, which has been withdrawn; it is not {article}",
            headline=record.headline,
            other=other,
            article=article,
        )
        if gone
        else Text.of(
            "this is “{headline}”, {other}; it is not {article}", headline=record.headline, other=other, article=article
        )
    )
    remedy = (
        Text.of(
            "to publish it again, submit it: queue-submit FILE; if it is the text of {article}, give it another "
            "headline or 编号",
            article=article,
        )
        if gone
        else Text.of(
            "newsroom correct {other} FILE; if it is the text of {article}, give it another headline or 编号",
            other=other,
            article=article,
        )
    )
    return Impossible(Problem(field="ID", message=message, remedy=remedy))


def _published_already(article: Article, known: str) -> Impossible:
    return Impossible(
        Problem(
            field="",
            message=Text.of("“{headline}” is {article} already", headline=article.headline, article=known),
            remedy=Text.of("leave it out: what goes out together is submitted together, and only once"),
        )
    )
