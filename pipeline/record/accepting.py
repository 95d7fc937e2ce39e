"""Accepting: articles, corrections and withdrawals become rollouts, each in one transaction, or nothing is kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, and_, exists, func, insert, or_, select, update

from pipeline.article import Article, Column, Outlet, Place
from pipeline.article.reading import Reading
from pipeline.channel import Action, Problem, Text
from pipeline.record import chain, locks, rows, tables, testimony
from pipeline.record.columns import column_of, completed, counted, place_in, refuse_if_filled
from pipeline.record.due import RUNNING, STEPPING, due
from pipeline.record.gate import Wake, cancel, lapse, settle
from pipeline.record.ids import article_id, drawn, number_of, rollout_id
from pipeline.record.refusals import Impossible, anothers, published_already, there_twice
from pipeline.record.reports import Reports
from pipeline.record.submission import Accepted, Changed, Submission
from pipeline.record.testimony import Told
from pipeline.rollout import GATE_PASSED, DeliveryState, Rank, RolloutState, Step, first_state, rank_of, step_of

_d, _r, _p = tables.delivery.c, tables.rollout.c, tables.placement.c
_INSERTED = insert(tables.delivery).returning(_d.id, sort_by_parameter_order=True)


class _Begun(NamedTuple):
    """A revision that a rollout is to publish, correct or withdraw."""

    number: int
    version: int
    digest: str
    outlets: Sequence[Outlet]
    bundling: Collection[str] = ()
    reading: Reading | None = None
    rows: Sequence[Told] = ()
    """What has been made of rows for it."""


class Accepting(Reports):
    """What editors hand in. Methods that start something return the `Wake`s that should now be sent."""

    def publish(
        self,
        submissions: Sequence[Submission],
        *,
        editor: str,
        go_live_at: datetime,
        now: datetime,
        urgent: bool = False,
    ) -> Accepted:
        """Accept articles for one rollout: they, it and its deliveries are committed, or nothing is.

        Raises `Changed` if the newsroom has an article (same key, not withdrawn) with another content, `Impossible`
        if it has only some of them, one is there twice, or a number in a series is taken. `urgent`: before all that
        waits; also where the newsroom has it already.
        """
        keys = [one.article.key for one in submissions]
        for one in submissions:
            if keys.count(one.article.key) > 1:
                raise there_twice(one.article)
        alone, together = [f"key:{key}" for key in keys], list[str]()
        for one in submissions:
            (alone if counted(one) else together).extend(column_of(one))
        with self.writing() as tx:
            locks.names(tx, alone, together)
            known = [self._known(tx, one.article, one.column) for one in submissions]
            if all(known):
                rollouts = {last.id for _, _, last in filter(None, known)}
                if len(rollouts) == 1:
                    ids = tuple(article_id(number) for number, _, _ in filter(None, known))
                    _, newest, last = next(filter(None, known))
                    wakes = self._hasten_all(tx, last.id, editor, now) if urgent and last.rank > Rank.URGENT else ()
                    return Accepted(ids, newest.number, rollout_id(last.id), False, wakes)
            for one, there in zip(submissions, known, strict=True):
                if there:
                    raise published_already(one.article, article_id(there[0]))
            begun, date = [], _date(tx, go_live_at)
            for one in submissions:
                article = completed(tx, one)
                [number] = drawn(tx, tables.article, 1, self.numbered)
                values = rows.article(number, article, published_at=date, accepted_at=now)
                tx.execute(insert(tables.article).values(**values))
                made = self._revise(tx, number, 1, article, one, Action.PUBLISH, "", date, now)
                begun.append(made._replace(rows=[testimony.new(tables.article, values), *made.rows]))
            rows.keep(tx, {digest: data for one in submissions for digest, data in one.media.items()})
            return self._start(
                tx, begun, Action.PUBLISH, reason="", editor=editor, go_live_at=go_live_at, now=now, urgent=urgent
            )

    def correct(
        self,
        known: str,
        submission: Submission,
        *,
        note: str,
        editor: str,
        go_live_at: datetime,
        now: datetime,
        dry: bool = False,
    ) -> Accepted:
        """Accept the next revision of an article; nothing new if the content is that of the last one.

        An article that never went out is simply published with the new text, without a notice. `Impossible` if the
        text is another article's, or would move this one to another column or number. `dry`: only look what would
        become of it.
        """
        with self.writing(keep=not dry) as tx:
            locks.names(tx, column_of(submission) if counted(submission) else ())
            number, last = self._live_article(tx, known)
            self._refuse_anothers(tx, number, submission.keys or (submission.article.key,))
            newest = self.newest(tx, number)
            before = Article.model_validate_json(newest.record)
            article = completed(tx, submission, (number, before))
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
            date = _date(tx, go_live_at)
            if not public:
                values["published_at"] = date
            tx.execute(update(tables.article).where(tables.article.c.id == number).values(**values))
            begun = self._revise(tx, number, newest.number + 1, article, submission, action, note, date, now)
            rows.keep(tx, submission.media)
            became = [testimony.changed(tables.article, number, values), *begun.rows, *self._overtake(tx, number, now)]
            begun = begun._replace(rows=became)
            return self._start(tx, [begun], action, reason=note, editor=editor, go_live_at=go_live_at, now=now)

    def refuse_anothers(self, known: str, keys: Collection[str]) -> None:
        """Raise `Impossible` if a file that may be known by these keys is another article's, not the known one's."""
        with self.reading() as tx:
            self._refuse_anothers(tx, number_of(tx, known, "a"), keys)

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
            gone = {one: self.last_rollout(tx, one).action == Action.WITHDRAW for one in others}
            other = min(others, key=gone.__getitem__)
            raise anothers(article_id(number), article_id(other), self._record(tx, other), gone=gone[other])

    def _record(self, tx: Connection, number: int) -> Article:
        """The article in its newest revision."""
        return Article.model_validate_json(self.newest(tx, number).record)

    def withdraw(
        self, known: str, *, reason: str, editor: str, go_live_at: datetime, now: datetime, dry: bool = False
    ) -> Accepted:
        """Accept a withdrawal from every channel the article was ever sent to; it waits for no channel. `dry`: as with
        `correct`."""
        with self.writing(keep=not dry) as tx:
            column = tx.scalar(
                select(tables.article.c.announces).where(tables.article.c.id == number_of(tx, known, "a"))
            )
            locks.names(tx, [f"column:{column}"] if column else ())
            number, _ = self._live_article(tx, known)
            newest = self.newest(tx, number)
            refuse_if_filled(tx, Article.model_validate_json(newest.record))
            sent = self._sent_to(tx, number)
            begun = _Begun(number, newest.number, newest.digest, sent, rows=self._overtake(tx, number, now))
            return self._start(
                tx, [begun], Action.WITHDRAW, reason=reason, editor=editor, go_live_at=go_live_at, now=now
            )

    def place(self, column: Column) -> Place:
        """The place that the column's next article will have."""
        with self.reading() as tx:
            return place_in(tx, column)

    def has(self, key: str) -> bool:
        """Whether the newsroom has an article of this key that is not withdrawn."""
        a = tables.article.c
        with self.reading() as tx:
            number = tx.scalar(select(a.id).where(a.key == key).order_by(a.id.desc()).limit(1))
            return number is not None and self.last_rollout(tx, number).action != Action.WITHDRAW

    def _known(self, tx: Connection, article: Article, column: Column | None) -> tuple[int, Row[Any], Row[Any]] | None:
        """The newsroom's article of this key, unless it is withdrawn: its number, newest revision and last rollout.

        Raises `Changed` if its content is another; what its column gave to it does not count.
        """
        a = tables.article.c
        number = tx.scalar(select(a.id).where(a.key == article.key).order_by(a.id.desc()).limit(1))
        if number is None:
            return None
        last = self.last_rollout(tx, number)
        if last.action == Action.WITHDRAW:
            return None
        newest = self.newest(tx, number)
        before = Article.model_validate_json(newest.record)
        if column is not None:
            article = article.completed(column, Place.unknown(), before)
        if before != article:
            raise Changed(article_id(number))
        return number, newest, last

    def sent_to(self, known: str) -> list[Outlet]:
        """The channels an article was sent to, as the record knows them: what it does there is required nowhere."""
        with self.reading() as tx:
            return self._sent_to(tx, number_of(tx, known, "a"))

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
        date: datetime,
        now: datetime,
    ) -> _Begun:
        """Keep a revision."""
        corrected = action is Action.CORRECT
        values = rows.revision(
            number,
            version,
            article,
            accepted_at=now,
            corrected_at=date if corrected else None,
            note=note if corrected else "",
            reading=submission.reading,
        )
        tx.execute(insert(tables.revision).values(**values))
        made = [testimony.new(tables.revision, values)]
        return _Begun(
            number, version, article.digest, submission.outlets, submission.bundling, submission.reading, made
        )

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
        urgent: bool = False,
    ) -> Accepted:
        """Insert the rollout and its deliveries."""
        rank = rank_of(action, urgent=urgent)
        [rollout] = drawn(tx, tables.rollout, 1, self.numbered)
        head = rows.rollout(
            rollout,
            begun[0].number,
            begun[0].version,
            action,
            RolloutState.PREPARING,
            go_live_at=go_live_at,
            accepted_at=now,
            editor=editor,
            reason=reason,
            rank=rank,
        )
        tx.execute(insert(tables.rollout).values(**head))
        state = first_state(action)
        parts = [
            rows.delivery(
                rollout,
                one.number,
                one.version,
                outlet.id,
                outlet.kind,
                action,
                state,
                due=now if state is DeliveryState.PENDING else None,
                wake_at=now + self.pace.wake,
                required=outlet.required,
                bundled=len(begun) > 1 and outlet.id in one.bundling,
            )
            for one in begun
            for outlet in one.outlets
        ]
        ids = tx.scalars(_INSERTED, parts).all() if parts else []
        made = [{**row, "id": number} for row, number in zip(parts, ids, strict=True)]
        for one in begun:
            mine = [testimony.new(tables.delivery, row) for row in made if row["article_id"] == one.number]
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
                rows=[*one.rows, *([testimony.new(tables.rollout, head)] if one is begun[0] else []), *mine],
            )
        wakes = settle(tx, rollout, now, self.pace)
        if state is DeliveryState.PENDING:
            wakes = [*(Wake(row["id"], Step.PREPARE, row["channel"], rank) for row in made), *wakes]
        articles = tuple(article_id(one.number) for one in begun)
        return Accepted(articles, begun[0].version, rollout_id(rollout), True, wakes)

    def _hasten_all(self, tx: Connection, rollout: int, editor: str, now: datetime) -> list[Wake]:
        """A rollout under way is urgent from now on: what waits of it is woken anew, before all others."""
        head = tx.execute(locks.ROLLOUT, {"of": rollout}).one()
        if head.state not in RUNNING:
            return []
        tx.execute(update(tables.rollout).where(_r.id == rollout).values(rank=Rank.URGENT))
        chain.note(tx, now, editor, "urgent", article=head.article_id, rollout=rollout)
        waiting = select(_d.id, _d.channel, _d.state).where(_d.rollout_id == rollout, due(now)).order_by(_d.id)
        wakes = [
            Wake(row.id, step_of(DeliveryState(row.state), RolloutState(head.state)), row.channel, Rank.URGENT)
            for row in tx.execute(waiting)
        ]
        return [*wakes, *settle(tx, rollout, now, self.pace)]

    def _overtake(self, tx: Connection, number: int, now: datetime) -> list[Told]:
        """The last word wins: nothing older of the article starts again; what is in flight ends as superseded. What an
        event has to say of that.

        Its rollouts are locked (`_live_article`).
        """
        here = _d.article_id == number
        under_way = and_(here, _d.state.in_(STEPPING))
        rollouts = list(tx.scalars(select(_d.rollout_id).where(under_way).distinct()))
        mine = select(_d.rollout_id).where(here, ~_d.overtaken)
        held = list(tx.scalars(select(_r.id).where(_r.id.in_(mine), _r.state == RolloutState.HELD)))
        self._doubt_together(tx, number)
        overtaking = update(tables.delivery).where(here, ~_d.overtaken).values(overtaken=True, due=None)
        became: dict[int, dict[str, Any]] = {
            one: {"overtaken": True} for one in tx.scalars(overtaking.returning(_d.id)).all()
        }
        ended = [one for rollout in held for one in self._give_up(tx, rollout, number, now)]
        waiting = update(tables.delivery).where(under_way, _d.lease_until.is_(None))
        ended += tx.scalars(waiting.values(state=DeliveryState.SUPERSEDED).returning(_d.id)).all()
        for one in ended:
            became.setdefault(one, {})["state"] = DeliveryState.SUPERSEDED
        lapse(tx, under_way, now, self.pace)
        for rollout in rollouts:
            settle(tx, rollout, now, self.pace)
        return [testimony.changed(tables.delivery, one, became[one]) for one in sorted(became)]

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

    def _give_up(self, tx: Connection, rollout: int, number: int, now: datetime) -> Sequence[int]:
        """An article of a held rollout has been overtaken, and its deliveries end: if it was the only one, so does the
        rollout. The deliveries."""
        here = and_(_d.rollout_id == rollout, _d.article_id == number)
        ending = update(tables.delivery).where(here).values(state=DeliveryState.SUPERSEDED, due=None)
        ended = tx.scalars(ending.returning(_d.id)).all()
        others = exists().where(_d.rollout_id == rollout, ~_d.overtaken)
        if not tx.scalar(select(others)):
            cancel(tx, rollout, now)
        return ended

    def _live_article(self, tx: Connection, known: str) -> tuple[int, Row[Any]]:
        """The article's number and last rollout; `Impossible` if it does not exist or is withdrawn.

        It is locked, and so is every rollout in which something of it may still change.
        """
        number = number_of(tx, known, "a")
        locks.articles(tx, [number])
        open_ = select(_d.rollout_id).where(_d.article_id == number, or_(~_d.overtaken, _d.state.in_(STEPPING)))
        locks.rollouts(tx, _r.id.in_(open_))
        last = self.last_rollout(tx, number)
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


def _date(tx: Connection, moment: datetime) -> datetime:
    """What the wall clock will show at a moment of the record's time: what the public reads."""
    return moment + timedelta(microseconds=tx.scalar(select(tables.SHIFT)) or 0)
