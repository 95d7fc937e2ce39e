"""What becomes of a rollout when something of it has changed: the gate, the instant, its end.

Every function works in somebody's transaction, which has locked the rollouts concerned (`locks`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, exists, func, select, update

from pipeline.channel import Action, Receipt
from pipeline.record import chain, locks, tables, testimony
from pipeline.rollout import (
    GATE_PASSED,
    DeliveryState,
    Pace,
    Part,
    Rank,
    RolloutState,
    Step,
    adopted,
    after_gate,
    gate,
    instant,
)

_a, _d, _r, _v = tables.article.c, tables.delivery.c, tables.rollout.c, tables.revision.c
# Statements that every step needs are built once: building one takes longer than the database does to answer it.

_PARTS = select(_d.id, _d.channel, _d.state, _d.required, _d.overtaken, _d.checked_at, _d.released_at, _d.due).where(
    _d.rollout_id == bindparam("of")
)

_CHANGE = update(tables.rollout).where(_r.id == bindparam("changed"))

_TOGETHER = (
    select(tables.delivery)
    .where(_d.rollout_id == bindparam("of"), _d.channel == bindparam("on"), ~_d.overtaken)
    .order_by(_d.id)
)


ABREAST = 8
"""Deliveries of one channel between the gate and their release, at once. Beyond that each channel's queue would have a
length of its own, and the channels of a rollout come to it one after the other: so rollouts wait before the gate."""

_ANYBODY_WAITS = select(exists().where(_r.at_gate.is_not(None)))
_WAITING = select(_r.id).where(_r.at_gate.is_not(None)).order_by(_r.rank, _r.id)

_GOING_OUT = (
    select(
        _d.channel,
        func.count().filter(_r.release_at > bindparam("late", type_=tables.Instant())).label("soon"),
        func.count()
        .filter(_r.release_at <= bindparam("late", type_=tables.Instant()), _d.lease_until.is_(None))
        .label("overdue"),
    )
    .join(tables.rollout, _r.id == _d.rollout_id)
    .where(
        *(_d.state == DeliveryState.PREPARED, _d.due <= bindparam("at", type_=tables.Instant())),
        *(_r.state.in_([RolloutState.READY, RolloutState.RELEASED]), _d.attempts == 0, ~_d.overtaken),
    )
    .group_by(_d.channel)
)


class Crowd:
    """How many deliveries are on their way from the gate to each channel, as a transaction finds it.

    What is tried again is not counted, and nothing of a channel that is late by `Pace.patience`: the unit of failure
    is one channel, and nobody waits for one that is slower than the newsroom.
    """

    def __init__(self, tx: Connection, now: datetime, pace: Pace) -> None:
        rows = tx.execute(_GOING_OUT, {"at": now, "late": now - pace.patience})
        self._on: Counter[str] = Counter({row.channel: row.soon for row in rows if not row.overdue})

    def has_room(self, channels: Iterable[str]) -> bool:
        """Whether a rollout on these channels would be taken by all of them at its instant."""
        return all(self._on[channel] < ABREAST for channel in channels)

    def add(self, channels: Iterable[str]) -> None:
        """A rollout on these channels goes out too."""
        self._on.update(channels)


class Wake(NamedTuple):
    """Whom to wake for what: all that a Celery message carries."""

    delivery_id: int
    step: Step
    channel: str = ""
    """So that a worker can see whether this channel has had its share of the threads."""
    rank: Rank = Rank.USUAL


def settle(
    tx: Connection,
    rollout: int,
    now: datetime,
    pace: Pace,
    known: Row[Any] | None = None,
    parts: Sequence[Any] = (),
    *,
    admitted: bool = False,
) -> list[Wake]:
    """Apply the gate, or what follows it, to a rollout whose deliveries have changed.

    `known` and `parts`: its row and those of its deliveries, where they have just been read. It is locked. `admitted`:
    it need not wait before the gate (any more).
    """
    head = tx.execute(locks.ROLLOUT, {"of": rollout}).one() if known is None else known
    rows = parts or tx.execute(_PARTS, {"of": rollout}).all()
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
        waits = state is RolloutState.READY and not admitted and _waits(tx, head, rows, now, pace)
        if waits:
            state = RolloutState.PREPARING
        elif state is RolloutState.READY:
            values["release_at"] = instant(head.go_live_at, now, pace)
            _date(tx, head, values["release_at"], now)
        if waits is not (head.at_gate is not None):
            values["at_gate"] = now if waits else None
    released = any(row.released_at for row in rows)
    if state in GATE_PASSED:
        overtaken = all(row.overtaken for row in rows)
        state = after_gate([DeliveryState(row.state) for row in rows], released=released, overtaken=overtaken)
    wakes: list[Wake] = []
    if state in (RolloutState.READY, RolloutState.RELEASED):
        release_at = values.get("release_at", head.release_at)
        due = max(release_at - pace.arm, now - pace.arm)
        # Also what was still to be checked (the gate waits for required ones only): it is released with the rest.
        waiting = [
            row.id
            for row in rows
            if row.state == DeliveryState.PREPARED
            and not row.overtaken
            and (row.due is None or row.due < release_at - pace.arm)
        ]
        if waiting:
            tx.execute(
                update(tables.delivery)
                .where(_d.id.in_(waiting))
                .values(due=due, wake_at=due if due > now else now + pace.wake)
            )
        if due <= now:
            on = {row.id: row.channel for row in rows}
            wakes = [Wake(one, Step.RELEASE, on[one], Rank(head.rank)) for one in waiting]
    if state != head.state:
        values["state"] = state
        if state in (RolloutState.COMPLETE, RolloutState.CANCELLED, RolloutState.HELD):
            values["ended_at"] = now
        _note(tx, now, head, values)
    if values:
        tx.execute(_CHANGE, {"changed": rollout, **values})
    return wakes


def cancel(tx: Connection, rollout: int, now: datetime) -> None:
    """Nothing of a held rollout is to go out any more. It is locked."""
    state = {"state": RolloutState.CANCELLED}
    [head] = tx.execute(update(tables.rollout).where(_r.id == rollout).values(**state).returning(_r.id, _r.article_id))
    _note(tx, now, head, state)


def _note(tx: Connection, now: datetime, head: Row[Any], values: Mapping[str, Any]) -> None:
    """What has become of a rollout, as an event of its first article."""
    rows = [testimony.changed(tables.rollout, head.id, values)]
    chain.note(tx, now, "engine", f"rollout {values['state']}", article=head.article_id, rollout=head.id, rows=rows)


def _waits(tx: Connection, head: Row[Any], parts: Sequence[Any], now: datetime, pace: Pace) -> bool:
    """Whether a rollout that is ready has to wait before the gate, for room or for those that came before it.

    Never what has a moment of its own, and nothing that is urgent, corrects or withdraws.
    """
    if head.rank != Rank.USUAL or head.go_live_at > now + pace.lead:
        return False
    if head.at_gate is not None or tx.scalar(_ANYBODY_WAITS):
        return True
    return not Crowd(tx, now, pace).has_room(row.channel for row in parts)


def before_gate(tx: Connection) -> list[int]:
    """The first rollouts that wait before the gate."""
    return list(tx.scalars(_WAITING.limit(ABREAST)))


def _date(tx: Connection, head: Row[Any], release_at: datetime, now: datetime) -> None:
    """Date what goes out by the minute in which it does, where it was accepted for an earlier one: a public date a
    minute off is a violation (国办秘函〔2019〕19号). In the common case both are one minute, and all stays as prepared.

    Whoever has an article locked is about to overtake this rollout: that article is left to him, since nobody who has
    a rollout may wait for an article (`locks`). What is out already, as a restored record finds, has its date.
    """
    shift = timedelta(microseconds=head.shift)
    date, before = release_at + shift, head.go_live_at + shift
    if date.replace(second=0, microsecond=0) == before.replace(second=0, microsecond=0):
        return
    receipts = tx.scalars(select(_d.receipt).where(_d.rollout_id == head.id, _d.doubt, _d.receipt.is_not(None)))
    if any(adopted(Step.RELEASE, head.action, Receipt.model_validate_json(one).standing) for one in receipts):
        return
    if head.action == Action.PUBLISH:
        mine = select(_d.article_id).where(_d.rollout_id == head.id, ~_d.overtaken)
        free = tx.scalars(select(_a.id).where(_a.id.in_(mine)).with_for_update(skip_locked=True, key_share=True)).all()
        tx.execute(update(tables.article).where(_a.id.in_(free)).values(published_at=date))
        dated = {one: testimony.changed(tables.article, one, {"published_at": date}) for one in free}
    elif head.action == Action.CORRECT:
        key = (head.article_id, head.revision)
        here = and_(_v.article_id == head.article_id, _v.number == head.revision)
        tx.execute(update(tables.revision).where(here).values(corrected_at=date))
        dated = {head.article_id: testimony.changed(tables.revision, key, {"corrected_at": date})}
    else:
        return
    about = [{"article": one, "rollout": head.id, "rows": [told]} for one, told in dated.items()]
    chain.note_all(tx, [chain.content(now, "engine", "dated", **one) for one in about])


def lapse(tx: Connection, narrowed: ColumnElement[bool], now: datetime, pace: Pace) -> None:
    """Overtaken deliveries whose worker died in the middle lose their fence; what they did is in doubt.

    Their rollouts are locked.
    """
    rows = tx.execute(
        update(tables.delivery)
        .where(narrowed, _d.overtaken, _d.lease_until <= now)
        .values(fence=_d.fence + 1, lease_until=None, doubt=True, state=DeliveryState.SUPERSEDED)
        .returning(_d.id, _d.rollout_id, _d.article_id, _d.channel)
    ).all()
    chain.note_all(tx, [_lapsed(row, now) for row in rows])
    for rollout in {row.rollout_id for row in rows}:
        settle(tx, rollout, now, pace)


def _lapsed(row: Row[Any], now: datetime) -> dict[str, Any]:
    rows = [testimony.changed(tables.delivery, row.id, {"state": DeliveryState.SUPERSEDED})]
    about = {"article": row.article_id, "rollout": row.rollout_id, "delivery": row.id, "channel": row.channel}
    return chain.content(now, "engine", "lapsed", **about, rows=rows)


def publication(tx: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """The deliveries of the same rollout on the same channel that are not overtaken, in the articles' order."""
    return tx.execute(_TOGETHER, {"of": row.rollout_id, "on": row.channel}).all()
