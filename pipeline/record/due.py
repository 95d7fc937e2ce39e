"""Which deliveries have something to do now: by this workers claim, sweepers wake, and operators count."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BindParameter, ColumnElement, and_, exists, or_

from pipeline.record import tables
from pipeline.rollout import STEP_OF, RolloutState, Step

_d, _r = tables.delivery.c, tables.rollout.c
_older = tables.delivery.alias("older")
_bundled = tables.delivery.alias("bundled")
_leader = tables.delivery.alias("leader")
STEPPING = [*STEP_OF]
"""The states of deliveries that have a next step."""
SHARED = [state for state in STEPPING if STEP_OF[state] is not Step.VERIFY]
"""Those whose next step is one for all articles of a publication."""
RUNNING = [RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]


def due(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Deliveries whose next step is due, free and not overtaken, whatever else it has to wait for."""
    free = or_(_d.lease_until.is_(None), _d.lease_until <= now)
    return and_(_d.state.in_(STEPPING), _d.due <= now, free, _d.overtaken.is_(False))


def claimable(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Deliveries that are due, in a rollout that goes on, and the oldest in flight of their article and channel.

    An older one is in flight also while another article's delivery is that has it in the same publication. Of those
    that are one publication the first that is not overtaken, the leader, does for all whatever comes before the
    reading back, and none of them while one is in flight that did so before it was overtaken.
    """
    in_flight = exists().where(
        _older.c.article_id == _d.article_id,
        _older.c.channel == _d.channel,
        _older.c.id < _d.id,
        _older.c.lease_until > now,
    )
    with_another = exists().where(
        _bundled.c.article_id == _d.article_id,
        _bundled.c.channel == _d.channel,
        _bundled.c.id < _d.id,
        _bundled.c.bundled,
        _bundled.c.rollout_id != _d.rollout_id,
        _older.c.rollout_id == _bundled.c.rollout_id,
        _older.c.channel == _d.channel,
        _older.c.lease_until > now,
    )
    led = exists().where(
        _d.bundled,
        _d.state.in_(SHARED),
        *(_leader.c.rollout_id == _d.rollout_id, _leader.c.channel == _d.channel, _leader.c.bundled),
        or_(
            and_(_leader.c.id < _d.id, _leader.c.state == _d.state, _leader.c.overtaken.is_(False)),
            and_(_leader.c.id != _d.id, _leader.c.state.in_(SHARED), _leader.c.lease_until > now),
        ),
    )
    running = exists().where(_r.id == _d.rollout_id, _r.state.in_(RUNNING)).correlate(tables.delivery)
    return and_(due(now), running, ~in_flight, ~with_another, ~led)
