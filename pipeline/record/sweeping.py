"""Sweeping: what is due and nobody was woken for, and what a platform says it has done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from pipeline.record import locks, tables
from pipeline.record.due import RUNNING, claimable, due
from pipeline.record.gate import Crowd, Wake, before_gate, lapse, settle
from pipeline.record.reports import Reports
from pipeline.rollout import DeliveryState, Rank, RolloutState, Step, step_of

_d, _r = tables.delivery.c, tables.rollout.c
CHUNK = 500
"""Deliveries in one statement."""
_RELEASING = and_(_d.state == DeliveryState.PREPARED, _r.state != RolloutState.PREPARING)
"""Deliveries whose next step is `Step.RELEASE`, with their rollouts; see `step_of`."""


class Waiting(NamedTuple):
    """How many wake-ups wait to be heard: for releases, and for all other steps."""

    steps: int = 0
    releases: int = 0


class Sweeping(Reports):
    """Nothing that is due is forgotten, whatever became of its message."""

    def overdue(self, now: datetime, waiting: Callable[[], Waiting | None] = Waiting, limit: int = 100) -> list[Wake]:
        """What is due and was not woken lately, by rank, then the longest forgotten; each goes to one sweeper only.

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
                    lapse(tx, and_(lapsed, _d.rollout_id == rollout), now, self.pace)
        room = self._unwoken(now, waiting()) if forgotten or dead else Waiting()
        return [
            wake
            for lane, most in zip((~_RELEASING, _RELEASING), room, strict=True)
            if most > 0
            for wake in self._given_out(and_(late, lane), min(most, limit), now)
        ]

    def admit(self, now: datetime) -> list[Wake]:
        """Let through the gate whoever waits before it and for whom there is room now, in their order."""
        with self.reading() as tx:
            first = before_gate(tx)
            if not first:
                return []
            crowd = Crowd(tx, now, self.pace)
            of: dict[int, list[str]] = {}
            for row in tx.execute(select(_d.rollout_id, _d.channel).where(_d.rollout_id.in_(first))):
                of.setdefault(row.rollout_id, []).append(row.channel)
        wakes: list[Wake] = []
        for rollout in first:
            if crowd.has_room(of[rollout]):
                crowd.add(of[rollout])
                with self.writing() as tx:
                    if locks.rollouts(tx, _r.id == rollout, free=True):
                        wakes += settle(tx, rollout, now, self.pace, admitted=True)
        return wakes

    def _given_out(self, late: ColumnElement[bool], limit: int, now: datetime) -> list[Wake]:
        """Some of these deliveries: by rank, never woken, longest due. Nobody else gets them for a while.

        One statement: on PostgreSQL nobody waits for what a sweeper does with it, or for a sweeper that was stopped.
        """
        first = (
            select(_d.id)
            .join(tables.rollout, _r.id == _d.rollout_id)
            .where(late)
            .order_by(_r.rank, _d.wake_at.asc().nulls_first(), _d.due)
            .limit(limit)
        )
        if not self.sqlite:  # as an array, so that it is looked up once, whatever the planner thinks
            first = first.with_for_update(key_share=True, skip_locked=True, of=tables.delivery)
            which = _d.id == func.any(func.array(first.scalar_subquery()))
        else:
            which = _d.id.in_(first)
        mine = {
            name: select(column).where(_r.id == _d.rollout_id).correlate(tables.delivery).scalar_subquery().label(name)
            for name, column in (("rollout", _r.state), ("rank", _r.rank))
        }
        given = update(tables.delivery).where(which).values(wake_at=now + self.pace.wake)
        with self.at_once() as tx:
            rows = tx.execute(given.returning(_d.id, _d.channel, _d.state, _d.due, *mine.values())).all()
        return [
            Wake(row.id, step_of(DeliveryState(row.state), RolloutState(row.rollout)), row.channel, Rank(row.rank))
            for row in sorted(rows, key=lambda row: (row.rank, row.due, row.id))
        ]

    def heard(self, deliveries: Sequence[int], now: datetime) -> None:
        """These deliveries have been woken; whoever is at one of them is not waited for."""
        for start in range(0, len(deliveries), CHUNK):
            mine = _d.id.in_(deliveries[start : start + CHUNK])
            if not self.sqlite:
                mine = _d.id.in_(select(_d.id).where(mine).with_for_update(key_share=True, skip_locked=True))
            with self.at_once() as tx:
                tx.execute(update(tables.delivery).where(mine).values(wake_at=now + self.pace.wake))

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
            told = select(_d.id, _d.receipt, _r.rank).join(tables.rollout, _r.id == _d.rollout_id)
            rows = tx.execute(told.where(accepted)).all()
        meant = [row for row in rows if ids.items() & json.loads(row.receipt or "{}").get("ids", {}).items()]
        return [
            Wake(row.id, Step.FOLLOW, channel, Rank(row.rank)) for row in meant if self._hastened(row.id, accepted, now)
        ]

    def _hastened(self, delivery: int, still: ColumnElement[bool], now: datetime) -> bool:
        """Make a delivery's next step due now, unless somebody is at it; whether that was done."""
        with self.writing() as tx:
            tx.execute(locks.ROLLOUT_OF, {"of": delivery})
            soon = {"due": now, "wake_at": now + self.pace.wake}
            return bool(tx.execute(update(tables.delivery).where(_d.id == delivery, still).values(**soon)).rowcount)
