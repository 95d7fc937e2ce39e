"""Claiming: the right to do one step of one delivery, with all that the step has to know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import AwareDatetime
from sqlalchemy import Connection, Row, Select, and_, bindparam, exists, insert, or_, select, update

from pipeline.article import Announcement, Revision
from pipeline.article.value import Frozen
from pipeline.channel import Action, Delivery, Memo, Receipt, Standing
from pipeline.record import locks, rows, tables
from pipeline.record.due import claimable
from pipeline.record.gate import lapse, publication
from pipeline.record.ids import article_id
from pipeline.record.memos import memos
from pipeline.record.reports import ANNOUNCED, Reports
from pipeline.record.rollouts import parsed, revision_of
from pipeline.record.upserts import ByDialect
from pipeline.rollout import DeliveryState, RolloutState, Step, step_of

_d, _r, _p = tables.delivery.c, tables.rollout.c, tables.placement.c
_a, _v = tables.article.c, tables.revision.c
_before, _beside = tables.delivery.alias("before"), tables.delivery.alias("beside")
# Statements that every step needs are built once: building one takes longer than the database does to answer it.

_CLAIM = (
    update(tables.delivery)
    .where(_d.id == bindparam("claimed"), claimable(bindparam("at", type_=tables.Instant())))
    .values(
        fence=_d.fence + 1,
        doubt=or_(_d.doubt, _d.lease_until.is_not(None)),
        lease_until=bindparam("until", type_=tables.Instant()),
        tries=_d.tries + 1,
    )
)

_CLAIMED: Select[Any] = (
    select(
        *(one for one in _d if one.name not in ("evidence", "problem")),
        *(_r.state.label("rollout_state"), _r.release_at, _r.reason),
        *(_v.record, _v.corrected_at, _v.note, _a.published_at),
        exists()
        .where(_before.c.article_id == _d.article_id, _before.c.channel == _d.channel, _before.c.id < _d.id)
        .label("older"),
        exists()
        .where(*(_beside.c.rollout_id == _d.rollout_id, _beside.c.channel == _d.channel, _beside.c.id != _d.id))
        .label("beside"),
        exists().where(_p.channel == _d.channel, _p.article_id == _d.article_id).label("placed"),
        ANNOUNCED.scalar_subquery().label("announced"),
        tables.SHIFT.label("shift"),
    )
    .join(tables.rollout, _r.id == _d.rollout_id)
    .join(tables.revision, and_(_v.article_id == _d.article_id, _v.number == _d.revision))
    .join(tables.article, _a.id == _d.article_id)
    .where(_d.id == bindparam("claimed"))
)
"""All that a step has to know, in one statement: asked one by one it takes most of a step's time. `older`, `beside`,
`placed`: whether there is more to ask."""

_OLDER = (
    select(tables.delivery)
    .where(
        *(_d.article_id == bindparam("of"), _d.channel == bindparam("on"), _d.id < bindparam("before")),
        or_(_d.doubt, _d.receipt.is_not(None), _d.overtaken),
    )
    .order_by(_d.id)
)

_PLACED = (
    select(tables.placement)
    .where(_p.channel == bindparam("on"), _p.article_id == bindparam("of"))
    .order_by(_p.delivery_id.desc())
    .limit(1)
)

_COUNT = ByDialect(
    lambda insert: (
        insert(tables.counter)
        .on_conflict_do_update(index_elements=["channel", "column"], set_={"value": tables.counter.c.value + 1})
        .returning(tables.counter.c.column, tables.counter.c.value)
    )
)


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
    announced: tuple[Announcement, ...]
    """What has been made of columns, see `Reports.announced`."""
    companions: tuple[Revision, ...]
    """The rollout's articles that are not overtaken, in order, if the channel puts several into one publication."""
    prepared: Mapping[str, str] = {}
    """The digests of what was prepared of these, by their ids."""
    places: Mapping[int, Mapping[str, Any]] = {}
    """By delivery, the rows by which it and those it leads stand in the channel's catalogue from the instant on."""
    memo: Memo | None = None
    """Of a release: what a public tree is to remember with it."""

    @property
    def key(self) -> str:
        return Delivery.key_of(self.revision, self.channel, self.action)


class Claiming(Reports):
    """Who works on what. No two processes have the same step."""

    def claim(self, delivery_id: int, now: datetime) -> Claim | None:
        """Take the delivery's next step, if it is due, free and the oldest of its article and channel; else None."""
        lease_until = now + self.pace.lease
        with self.writing() as tx:
            known = {"claimed": delivery_id, "at": now, "now": now}
            if not self.sqlite and tx.execute(locks.ROLLOUT_TO_CLAIM, known).one_or_none() is None:
                return None
            if not tx.execute(_CLAIM, {**known, "until": lease_until + self.pace.arm}).rowcount:
                return None
            row = tx.execute(_CLAIMED, known).one()
            mine = {"of": row.article_id, "on": row.channel, "before": row.id}
            older = tx.execute(_OLDER, mine).all() if row.older else []
            lapsed = [one for one in older if one.overtaken and one.lease_until and one.lease_until <= now]
            if lapsed:
                locks.rollouts(tx, _r.id.in_({one.rollout_id for one in lapsed}))
                lapse(tx, _d.id.in_([one.id for one in lapsed]), now, self.pace)
                older = tx.execute(_OLDER, mine).all()
            # Of which the channel said that it knows nothing: that one left nothing to build upon.
            told = [one for one in older if one.receipt and not _is_absent(parsed(Receipt, one.receipt))]
            step = step_of(DeliveryState(row.state), RolloutState(row.rollout_state))
            together = [row] if not row.beside else publication(tx, row) if row.bundled or step is Step.RELEASE else []
            claim = Claim(
                delivery_id=row.id,
                rollout_id=row.rollout_id,
                fence=row.fence,
                lease_until=row.lease_until,
                step=step,
                action=row.action,
                channel=row.channel,
                revision=revision_of(row.article_id, row.revision, row),
                reason=row.reason,
                release_at=row.release_at,
                accepted_at=row.released_at,
                attempts=row.attempts,
                doubt=row.doubt,
                receipt=parsed(Receipt, row.receipt),
                digest=row.digest or "",
                earlier=tuple(self._earlier(tx, one) for one in older if one.doubt),
                previous=self._earlier(tx, told[-1]) if told else None,
                announced=tuple(self.announced_as(tx, row.announced)),
                companions=tuple(self.revision_at(tx, one.article_id, one.revision) for one in together if one.bundled),
                prepared={article_id(one.article_id): one.digest for one in together if one.bundled and one.digest},
            )
            if step is not Step.RELEASE:
                return claim
            places, shift = {}, timedelta(microseconds=row.shift)
            for one in together:  # in the articles' order, whichever is claimed first
                if one.state == row.state and (
                    place := self._place(tx, one, claim, shift, anew=one is row and not row.placed)
                ):  # last: others wait for the counters until this has been committed
                    places[one.id] = place
            return claim.model_copy(update={"places": places, "memo": memos(tx, [row.id]).get(row.id)})

    def _earlier(self, tx: Connection, row: Row[Any]) -> Earlier:
        return Earlier(
            id=row.id,
            action=row.action,
            revision=self.revision_at(tx, row.article_id, row.revision),
            receipt=parsed(Receipt, row.receipt),
            digest=row.digest or "",
            reason=tx.scalar(select(_r.reason).where(_r.id == row.rollout_id)) or "",
        )

    def _place(
        self, tx: Connection, row: Row[Any], claim: Claim, shift: timedelta, *, anew: bool
    ) -> Mapping[str, Any] | None:
        """Give the article its place in the channel's catalogue, valid from the common instant; its row, if it has one.

        `claim`: the one with which the release of all of them begins; `anew`: it is known to have no place yet.
        """
        before = None if anew else tx.execute(_PLACED, {"on": row.channel, "of": row.article_id}).first()
        if before is not None and before.delivery_id == row.id:
            return dict(before._mapping)
        if before is None:
            if row.action == Action.WITHDRAW:
                return None
            own = row.id == claim.delivery_id
            column = (claim.revision if own else self.revision_at(tx, row.article_id, row.revision)).article.column
            mine = [{"channel": row.channel, "column": one, "value": 1} for one in ("", column)]
            counted = tx.execute(_COUNT[tx.dialect.name], mine)
            ordinals = {one.column: one.value for one in counted}
            ordinal, column_ordinal = ordinals[""], ordinals[column]
        else:
            column, ordinal, column_ordinal = before.column, before.ordinal, before.column_ordinal
        place = rows.placement(
            row.id,
            row.channel,
            row.article_id,
            row.revision,
            column,
            (ordinal, column_ordinal),
            claim.release_at,
            dated=claim.release_at + shift if claim.release_at and shift else None,
            withdrawn=row.action == Action.WITHDRAW,
            reason=claim.reason,
        )
        tx.execute(insert(tables.placement), place)
        return place


def _is_absent(receipt: Receipt | None) -> bool:
    return receipt is not None and receipt.standing is Standing.ABSENT
