"""Taking over what public trees remember and an older record does not know.

A rollout comes back under its own number, with its articles as they stand in public and their places in the channels'
catalogues. What its channels have of it is in doubt, like all that was under way at a copy: each is asked, those whose
publications are files and those that only answer. So there is one way from here on, and the record is the whole truth
again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, and_, exists, insert, select, update

from pipeline.channel import Action, Entry
from pipeline.record import chain, copying, locks, restoring, rows, tables
from pipeline.record.due import STEPPING
from pipeline.record.gate import settle
from pipeline.record.importing import IMPORTED
from pipeline.record.memos import Told
from pipeline.record.reports import Reports
from pipeline.record.retelling import retell
from pipeline.rollout import GATE_PASSED, DeliveryState, RolloutState, first_state

_a, _d, _p, _r, _v = (
    table.c for table in (tables.article, tables.delivery, tables.placement, tables.rollout, tables.revision)
)


class Deed(NamedTuple):
    """What one channel remembers of the last deed on one article."""

    channel: str
    entry: Entry
    told: Told


class News(NamedTuple):
    """What a channel has that the record has not."""

    what: Literal["published", "corrected", "withdrawn", "under way"]
    """`under way`: the record knows of the rollout, but not that it has come so far."""
    deed: Deed


class Adopting(Reports):
    """What a restored record learns."""

    def news(self, deeds: Iterable[Deed]) -> list[News]:
        """Those of these deeds that the record does not know, in the order of their rollouts."""
        found = []
        with self.reading() as tx:
            for one in deeds:
                here = and_(_d.rollout_id == one.told.rollout, _d.article_id == one.told.article)
                mine = select(_d.id).where(here, _d.channel == one.channel)
                if tx.scalar(select(exists().where(here))):
                    unplaced = one.entry.ordinal and not tx.scalar(select(exists().where(_p.delivery_id.in_(mine))))
                    if unplaced and tx.scalar(mine) is not None:
                        found.append(News("under way", one))
                    continue
                known = tx.scalar(select(exists().where(_a.id == one.told.article)))
                what = _WHAT[one.told.action] if known or one.told.action is Action.WITHDRAW else "published"
                found.append(News(what, one))
        return sorted(found, key=lambda one: (one.deed.told.rollout, one.deed.told.article, one.deed.channel))

    def adopt(
        self, news: Sequence[News], picture: Callable[[str], bytes | None], *, who: str, now: datetime
    ) -> dict[str, list[str]]:
        """Take all of it over, in one transaction; the pictures that nobody remembers, by article."""
        lost: dict[str, list[str]] = {}
        of: dict[int, list[Deed]] = defaultdict(list)
        for one in news:
            of[one.deed.told.rollout].append(one.deed)
        with self.writing() as tx:
            for number in sorted(of):
                self._take_over(tx, of[number], picture, lost, who, now)
            for table in (tables.article, tables.rollout):
                copying.go_on_after(tx, table.name)
            restoring.note(tx, who, now, taken_over=len(of))
        return lost

    def _take_over(
        self,
        tx: Connection,
        deeds: Sequence[Deed],
        picture: Callable[[str], bytes | None],
        lost: dict[str, list[str]],
        who: str,
        now: datetime,
    ) -> None:
        """One rollout, with what each of these channels remembers of it."""
        told = deeds[0].told
        articles = {one.told.article: one for one in deeds}
        for one in articles.values():
            if missing := _kept_article(tx, one, picture, now):
                lost[one.entry.revision.id] = missing
        head = tx.execute(locks.ROLLOUT, {"of": told.rollout}).one_or_none()
        if head is None:
            _insert_rollout(tx, deeds[0])
        elif head.state not in GATE_PASSED:
            passed = {"state": RolloutState.READY, "release_at": told.release_at, "at_gate": None, "ended_at": None}
            tx.execute(update(tables.rollout).where(_r.id == told.rollout).values(**passed))
        for one in articles.values():
            _insert_deliveries(tx, one, now)
        for one in deeds:
            _place(tx, one, now)
        for number in articles:
            self._overtake_older(tx, number, now)
        for one in articles.values():
            chain.note(
                tx,
                now,
                who,
                f"{told.action} accepted",
                article=one.told.article,
                rollout=told.rollout,
                digest=one.entry.revision.article.digest,
                reason=told.reason,
                taken_over=", ".join(sorted(each.channel for each in deeds)),
                editor=told.editor,
            )
        settle(tx, told.rollout, now, self.pace)
        nowhere = sorted({digest for one in articles.values() for digest in lost.get(one.entry.revision.id, ())})
        first = tx.scalars(select(_r.article_id).where(_r.id == told.rollout)).one()  # the rollout is told with it
        retell(tx, [*{*articles, first}], now, who, "taken over", **({"lost": nowhere} if nowhere else {}))

    def _overtake_older(self, tx: Connection, article: int, now: datetime) -> None:
        """The last word wins: no rollout of the article but the last one goes on. No worker is at any of them."""
        last = self.last_rollout(tx, article).id
        older = and_(_d.article_id == article, _d.rollout_id < last, ~_d.overtaken)
        rollouts = tx.scalars(select(_d.rollout_id).where(older).distinct()).all()
        stepping = and_(older, _d.state.in_(STEPPING))
        tx.execute(update(tables.delivery).where(stepping).values(state=DeliveryState.SUPERSEDED))
        tx.execute(update(tables.delivery).where(older).values(overtaken=True, due=None))
        for number in rollouts:
            settle(tx, number, now, self.pace)


_WHAT: dict[Action, Literal["published", "corrected", "withdrawn"]] = {
    Action.PUBLISH: "published",
    Action.CORRECT: "corrected",
    Action.WITHDRAW: "withdrawn",
}


def _kept_article(tx: Connection, deed: Deed, picture: Callable[[str], bytes | None], now: datetime) -> list[str]:
    """See to it that the record has the article in this revision, dated as in public; the pictures it cannot have."""
    revision, number = deed.entry.revision, deed.told.article
    article = revision.article
    values: dict[str, Any] = {"key": article.key, "published_at": revision.published_at, "number": article.number}
    if not tx.execute(update(tables.article).where(_a.id == number).values(**values)).rowcount:
        row = rows.article(number, article, published_at=revision.published_at, accepted_at=deed.told.accepted_at)
        tx.execute(insert(tables.article).values(**row))
    here = and_(_v.article_id == number, _v.number == revision.number)
    if not tx.execute(update(tables.revision).where(here).values(corrected_at=revision.corrected_at)).rowcount:
        row = rows.revision(
            number,
            revision.number,
            article,
            accepted_at=now,
            corrected_at=revision.corrected_at,
            note=revision.note,
        )
        tx.execute(insert(tables.revision).values(**row))
    missing = []
    for digest in dict.fromkeys(image.digest for image in article.images):
        if tx.scalar(select(exists().where(tables.image.c.digest == digest))):
            continue
        data = picture(digest)
        if data is None:
            missing.append(digest)
        else:
            tx.execute(insert(tables.image).values(digest=digest, data=data))
    return missing


def _insert_rollout(tx: Connection, deed: Deed) -> None:
    told = deed.told
    row = rows.rollout(
        told.rollout,
        told.article,
        deed.entry.revision.number,
        told.action,
        RolloutState.READY,
        go_live_at=told.go_live_at,
        release_at=told.release_at,
        accepted_at=told.accepted_at,
        editor=told.editor,
        reason=told.reason,
        rank=told.rank,
    )
    tx.execute(insert(tables.rollout).values(**row))


def _insert_deliveries(tx: Connection, deed: Deed, now: datetime) -> None:
    """The article's deliveries on all channels of the rollout; those that are there are in doubt already."""
    here = and_(_d.rollout_id == deed.told.rollout, _d.article_id == deed.told.article)
    there = set(tx.scalars(select(_d.channel).where(here)))
    for channel, kind, bundled in deed.told.sent:
        if channel not in there:
            row = rows.delivery(
                deed.told.rollout,
                deed.told.article,
                deed.entry.revision.number,
                channel,
                kind,
                deed.told.action,
                first_state(deed.told.action),
                due=now,
                bundled=bundled,
                doubt=True,
            )
            tx.execute(insert(tables.delivery).values(**row))


def _place(tx: Connection, deed: Deed, now: datetime) -> None:
    """Where the article stands on the channel, by what that remembers; that it is there is asked of the channel."""
    entry = deed.entry
    here = and_(_d.rollout_id == deed.told.rollout, _d.article_id == deed.told.article, _d.channel == deed.channel)
    delivery = tx.scalar(select(_d.id).where(here))
    if delivery is None:  # it was sent there by a rollout of which another channel has the last word
        return
    asked = {"state": first_state(deed.told.action), "due": now, "doubt": True, "problem": None, "failed_in": None}
    tx.execute(update(tables.delivery).where(here, ~_d.overtaken, _d.state.in_(_UNSEEN)).values(**asked))
    if not entry.ordinal:
        return
    if not tx.scalar(select(exists().where(_p.delivery_id == delivery))):
        row = rows.placement(
            delivery,
            deed.channel,
            deed.told.article,
            entry.revision.number,
            entry.revision.article.column,
            (entry.ordinal, entry.column_ordinal),
            deed.told.release_at if entry.ordinal > 0 else entry.revision.published_at,
            withdrawn=deed.told.action is Action.WITHDRAW,
            reason=entry.reason,
        )
        tx.execute(insert(tables.placement).values(**row))
    for column, ordinal in (("", entry.ordinal), (entry.revision.article.column, entry.column_ordinal)):
        _count(tx, deed.channel, column if ordinal > 0 else IMPORTED + column, abs(ordinal))


_UNSEEN = (DeliveryState.PENDING, DeliveryState.PREPARED, DeliveryState.FAILED, DeliveryState.UNKNOWN)


def _count(tx: Connection, channel: str, column: str, at_least: int) -> None:
    """Give out no ordinal again."""
    c = tables.counter.c
    here = and_(c.channel == channel, c.column == column)
    value = tx.scalar(select(c.value).where(here))
    if value is None:
        tx.execute(insert(tables.counter).values(channel=channel, column=column, value=at_least))
    elif value < at_least:
        tx.execute(update(tables.counter).where(here).values(value=at_least))
