"""What becomes of a rollout when something of it has changed: the gate, the instant, its end.

Every function works in somebody's transaction, which has locked the rollouts concerned (`locks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, select, update

from pipeline.channel import Action
from pipeline.record import chain, locks, tables
from pipeline.rollout import GATE_PASSED, DeliveryState, Pace, Part, Rank, RolloutState, Step, after_gate, gate, instant

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
            _date(tx, head, values["release_at"])
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


def _date(tx: Connection, head: Row[Any], release_at: datetime) -> None:
    """Date what goes out by the minute in which it does, where it was accepted for an earlier one: a public date a
    minute off is a violation (国办秘函〔2019〕19号). In the common case both are one minute, and all stays as prepared.

    Whoever has an article locked is about to overtake this rollout: that article is left to him, since nobody who has
    a rollout may wait for an article (`locks`).
    """
    if release_at.replace(second=0, microsecond=0) == head.go_live_at.replace(second=0, microsecond=0):
        return
    if head.action == Action.PUBLISH:
        mine = select(_d.article_id).where(_d.rollout_id == head.id, ~_d.overtaken)
        free = select(_a.id).where(_a.id.in_(mine)).with_for_update(skip_locked=True, key_share=True)
        tx.execute(update(tables.article).where(_a.id.in_(tx.scalars(free).all())).values(published_at=release_at))
    elif head.action == Action.CORRECT:
        here = and_(_v.article_id == head.article_id, _v.number == head.revision)
        tx.execute(update(tables.revision).where(here).values(corrected_at=release_at))


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
