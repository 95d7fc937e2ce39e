"""What becomes of a rollout when something of it has changed: the gate, the instant, its end.

Every function works in somebody's transaction, which has locked the rollouts concerned (`locks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, bindparam, select, update

from pipeline.record import chain, locks, tables
from pipeline.rollout import GATE_PASSED, DeliveryState, Pace, Part, Rank, RolloutState, Step, after_gate, gate, instant

_d, _r = tables.delivery.c, tables.rollout.c
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


class Wake(NamedTuple):
    """Whom to wake for what: all that a Celery message carries."""

    delivery_id: int
    step: Step
    channel: str = ""
    """So that a worker can see whether this channel has had its share of the threads."""
    rank: Rank = Rank.USUAL


def settle(
    tx: Connection, rollout: int, now: datetime, pace: Pace, known: Row[Any] | None = None, parts: Sequence[Any] = ()
) -> list[Wake]:
    """Apply the gate, or what follows it, to a rollout whose deliveries have changed.

    `known` and `parts`: its row and those of its deliveries, where they have just been read. It is locked.
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
        if state is RolloutState.READY:
            values["release_at"] = instant(head.go_live_at, now, pace)
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
        chain.note(tx, now, "engine", f"rollout {state}", article=head.article_id, rollout=rollout)
    if values:
        tx.execute(_CHANGE, {"changed": rollout, **values})
    return wakes


def lapse(tx: Connection, narrowed: ColumnElement[bool], now: datetime, pace: Pace) -> None:
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
        settle(tx, rollout, now, pace)


def publication(tx: Connection, row: Row[Any]) -> Sequence[Row[Any]]:
    """The deliveries of the same rollout on the same channel that are not overtaken, in the articles' order."""
    return tx.execute(_TOGETHER, {"of": row.rollout_id, "on": row.channel}).all()
