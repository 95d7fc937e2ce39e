"""Deciding: what came of a step, and what a person says of what nobody can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, and_, bindparam, select, update

from pipeline.channel import Action, Evidence, Problem, Receipt, Text
from pipeline.record import chain, locks, tables, testimony
from pipeline.record.claiming import Claim, Earlier
from pipeline.record.due import claimable
from pipeline.record.gate import Wake, settle
from pipeline.record.ids import article_id, number_of, rollout_id
from pipeline.record.refusals import Impossible
from pipeline.record.reports import Reports
from pipeline.record.testimony import Told
from pipeline.rollout import (
    ENDED,
    STATE_BEFORE,
    STEP_OF,
    DeliveryState,
    Pace,
    Rank,
    RolloutState,
    Step,
    Verdict,
    check_due,
    step_of,
)

_d, _r, _p = tables.delivery.c, tables.rollout.c, tables.placement.c
_DELIVERIES: Select[Any] = (
    select(
        *(_d.id, _d.rollout_id, _d.article_id, _d.revision, _d.channel, _d.required, _d.bundled),
        *(_d.state, _d.due, _d.lease_until, _d.fence, _d.overtaken, _d.tries, _d.digest),
        *(_d.checked_at, _d.released_at, _d.live_at),
    )
    .where(_d.rollout_id == bindparam("of"))
    .order_by(_d.id)
)
"""All of a rollout's, with what the rules look at."""
_CHANGE = update(tables.delivery).where(_d.id == bindparam("changed"))
_STUCK = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


class Recorded(NamedTuple):
    """What follows from an outcome."""

    wakes: Sequence[Wake]
    following: Claim | None = None
    """The next step of the same delivery, claimed for who did the last."""


class Deciding(Reports):
    """Outcomes, and what follows from them: by the rules of `rollout`, with an event each."""

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
                    rows=[testimony.changed(tables.delivery, settled.id, {"receipt": told})],
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
        go_on: bool = False,
    ) -> Recorded | None:
        """Record a step's outcome; None, and nothing is recorded, if the claim's fence no longer holds.

        `started_at` and `ended_at` frame the adapter's release call; `beside` has the digests of what was prepared
        with it, by the articles' ids. What came of a leader's step comes of all whom it leads. `go_on`: whoever did
        the step would do the next one too.
        """
        with self.writing() as tx:
            rollout = tx.execute(locks.ROLLOUT, {"of": claim.rollout_id}).one()
            rows = tx.execute(_DELIVERIES, {"of": claim.rollout_id}).all()
            row = next(one for one in rows if one.id == claim.delivery_id)
            if row.fence != claim.fence or row.lease_until is None:
                return None
            state = verdict.state
            if row.overtaken and state not in (DeliveryState.VERIFIED, DeliveryState.WITHDRAWN):
                state = DeliveryState.SUPERSEDED  # also where it failed: nobody need act on what has been overtaken
            together = [one for one in rows if one.channel == row.channel and not one.overtaken] if row.bundled else []
            values = self._outcome(claim, verdict, state, row, rollout, now, started_at, ended_at)
            if row.bundled and verdict.state in (DeliveryState.PENDING, DeliveryState.PREPARED, DeliveryState.FAILED):
                now_together = [(article_id(one.article_id), one.revision) for one in together]
                values["doubt"] |= now_together != [(one.id, one.number) for one in claim.companions]
            if state is DeliveryState.VERIFIED or state is DeliveryState.WITHDRAWN:
                values["verified_at"] = evidence.at - timedelta(microseconds=rollout.shift) if evidence else now
            following = _following(claim, values, receipt, now, self.pace) if go_on and not row.overtaken else None
            if following is not None:
                values |= {
                    "fence": following.fence,
                    "lease_until": following.lease_until + self.pace.arm,
                    "tries": row.tries + 1,
                }
            led = [] if row.overtaken or claim.step is Step.VERIFY else [one for one in together if _is_led(one, row)]
            changed: dict[int, Mapping[str, Any]] = {}
            for one in (row, *led):
                own = changed[one.id] = dict(values)
                if receipt is not None:
                    its = receipt if one is row else receipt.each.get(article_id(one.article_id), receipt)
                    own["receipt"] = its.model_copy(update={"each": {}}).model_dump_json()
                if evidence is not None:
                    own["evidence"] = evidence.model_dump_json()
                if prepared := digest if one is row else beside.get(article_id(one.article_id), ""):
                    own["digest"] = prepared
                tx.execute(_CHANGE, {"changed": one.id, **own})
                became = [testimony.changed(tables.delivery, one.id, own), *_place(tx, claim, verdict, one.id)]
                self._note_step(tx, now, claim, verdict, one, own, became)
            parts = [
                SimpleNamespace(**{**one._mapping, **changed[one.id]}) if one.id in changed else one for one in rows
            ]
            wakes = settle(tx, row.rollout_id, now, self.pace, rollout, parts)
            if values["due"] is not None and values["due"] <= now and following is None:
                step, rank = step_of(state, RolloutState(rollout.state)), Rank(rollout.rank)
                each = (row, *led) if step is Step.VERIFY else (row,)
                wakes += [Wake(one.id, step, one.channel, rank) for one in each]
            if row.overtaken:  # what waited for it may begin, and of those it led the next one leads
                newer = (
                    select(_d.id, _d.state, _r.rank)
                    .join(tables.rollout, _r.id == _d.rollout_id)
                    .where(
                        *(_d.article_id.in_([row.article_id, *(one.article_id for one in together)]), _d.id > row.id),
                        *(_d.channel == row.channel, claimable(now)),
                    )
                )
                wakes += [
                    Wake(one.id, STEP_OF[DeliveryState(one.state)], row.channel, Rank(one.rank))
                    for one in tx.execute(newer)
                ]
            return Recorded(wakes, following)

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
        self,
        tx: Connection,
        now: datetime,
        claim: Claim,
        verdict: Verdict,
        row: Row[Any],
        values: Mapping[str, Any],
        rows: Sequence[Told],
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
            rows=rows,
            **led,
        )

    def retry(self, known: str, *, editor: str, adopt: bool, now: datetime) -> list[Wake]:
        """Try again what failed, was held or is unknown. `adopt`: the person has seen that it is live.

        A rollout that never passed its gate gets a new moment and is prepared afresh, so that its date is true.
        """
        with self.writing() as tx:
            number = number_of(tx, known, "r")
            locks.articles(tx, tx.scalars(select(_d.article_id).where(_d.rollout_id == number).distinct()).all())
            head = tx.execute(locks.ROLLOUT, {"of": number}).one()
            rows = tx.execute(select(tables.delivery).where(_d.rollout_id == number)).all()
            last = {one: self.last_rollout(tx, one).id for one in {row.article_id for row in rows}}
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
            told: dict[int, list[Told]] = {head.article_id: []}
            if held:
                moment = max(head.go_live_at, now)
                date = moment + timedelta(microseconds=head.shift)
                anew = {"state": RolloutState.PREPARING, "go_live_at": moment, "ended_at": None}
                tx.execute(update(tables.rollout).where(_r.id == number).values(**anew))
                told[head.article_id].append(testimony.changed(tables.rollout, number, anew))
                if head.action == Action.PUBLISH:
                    dated: dict[str, Any] = {"published_at": date}
                    waiting = {row.article_id for row in mine}
                    tx.execute(update(tables.article).where(tables.article.c.id.in_(waiting)).values(**dated))
                    for one in waiting:
                        told.setdefault(one, []).append(testimony.changed(tables.article, one, dated))
                else:
                    c, key = tables.revision.c, (head.article_id, head.revision)
                    here = and_(c.article_id == head.article_id, c.number == head.revision)
                    dated = {"corrected_at": date}
                    if tx.execute(update(tables.revision).where(here).values(**dated)).rowcount:
                        told[head.article_id].append(testimony.changed(tables.revision, key, dated))
            elif head.state != RolloutState.PREPARING:  # a channel that may fail is tried again before the gate, too
                again = {"state": RolloutState.RELEASED, "ended_at": None}
                tx.execute(update(tables.rollout).where(_r.id == number).values(**again))
                told[head.article_id].append(testimony.changed(tables.rollout, number, again))
            wakes = []
            for row in mine if held else stuck:
                step = Step.PREPARE if held else Step(row.failed_in or Step.PREPARE)
                state = STATE_BEFORE[step]
                if adopt and row.state == DeliveryState.UNKNOWN:
                    state = DeliveryState.PREPARED if step is Step.PREPARE else DeliveryState.LIVE
                values = {
                    "state": state,
                    "due": now if state is not DeliveryState.PREPARED or not held else None,
                    "wake_at": now + self.pace.wake,
                    "attempts": 0,
                    # Where nobody can be asked, the person who says «again» has settled it.
                    "doubt": row.doubt and not adopt and row.state != DeliveryState.UNKNOWN,
                    "problem": None,
                    "failed_in": None,
                    # What a worker is still preparing has the old date: it does not count any more.
                    **({"checked_at": None, "fence": _d.fence + 1} if held else {}),
                }
                tx.execute(update(tables.delivery).where(_d.id == row.id).values(**values))
                told.setdefault(row.article_id, []).append(testimony.changed(tables.delivery, row.id, values))
                wakes.append(Wake(row.id, STEP_OF[state], row.channel, Rank(head.rank)))
            about: dict[str, Any] = {"rollout": number, "adopt": adopt}
            chain.note_all(
                tx, [chain.content(now, editor, "retry", article=one, rows=its, **about) for one, its in told.items()]
            )
            return [*wakes, *settle(tx, number, now, self.pace)]


def _place(tx: Connection, claim: Claim, verdict: Verdict, delivery: int) -> list[Told]:
    """What has become of the place that a delivery was given when its release was claimed: if nothing went out, it has
    none."""
    if claim.step is not Step.RELEASE:
        return []
    if verdict.state is DeliveryState.FAILED and not verdict.doubt:
        tx.execute(tables.placement.delete().where(_p.delivery_id == delivery))
        return [testimony.gone(tables.placement, delivery)]
    return [testimony.new(tables.placement, claim.places[delivery])] if delivery in claim.places else []


def _following(
    claim: Claim, values: Mapping[str, Any], receipt: Receipt | None, now: datetime, pace: Pace
) -> Claim | None:
    """The claim of the reading back that is due at once, by whoever has just released; None where that is not so.

    What is one publication with others is read back by each for itself, and what has had to ask for earlier deliveries
    begins anew with what it was told.
    """
    if values["state"] is not DeliveryState.LIVE or values["due"] is None or values["due"] > now:
        return None
    if claim.companions or claim.earlier:
        return None
    return claim.model_copy(
        update={
            "fence": claim.fence + 1,
            "lease_until": now + pace.lease,
            "step": Step.VERIFY,
            "attempts": values["attempts"],
            "doubt": values["doubt"],
            "receipt": receipt and receipt.model_copy(update={"each": {}}),
            "accepted_at": values.get("released_at", claim.accepted_at),
        }
    )


def _is_led(row: Row[Any], leader: Row[Any]) -> bool:
    """Whether a delivery of the same rollout and channel is one publication with the leader, and stood where it did."""
    return bool(row.id != leader.id and row.bundled and row.state == leader.state)
