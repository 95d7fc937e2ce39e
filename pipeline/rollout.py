"""The rules of a rollout: states, transitions, the gate, supersession. Pure functions, no I/O.

    rollout   preparing → ready → released → complete        (or held, cancelled)
    delivery  pending → prepared → released → live → verified | withdrawn
                                              (or failed, superseded, unknown)

`record` applies them inside its transactions; nothing else decides what a state leads to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NamedTuple

from pydantic import Field, ValidationInfo, field_validator

from pipeline.article.value import Frozen
from pipeline.channel import Action, Problem, Receipt, Standing, Text


class RolloutState(StrEnum):
    """Where a rollout stands."""

    PREPARING = "preparing"
    """Channels are being prepared; nothing is public."""
    READY = "ready"
    """The gate is passed: every release waits for the common instant. From here only forward."""
    RELEASED = "released"
    """The first channel has taken its release."""
    COMPLETE = "complete"
    """Every delivery has come to an end."""
    HELD = "held"
    """A required channel could not be prepared: nothing goes out until somebody acts."""
    CANCELLED = "cancelled"
    """Overtaken before anything went out."""


class DeliveryState(StrEnum):
    """Where a delivery stands: the last step that is known to be done."""

    PENDING = "pending"
    PREPARED = "prepared"
    """Staged on its channel, invisible."""
    RELEASED = "released"
    """Taken by its channel, which has not yet shown it (ACCEPTED)."""
    LIVE = "live"
    """Visible (or gone, for a withdrawal), as the channel says."""
    VERIFIED = "verified"
    """Read back from where the public gets it."""
    WITHDRAWN = "withdrawn"
    """A withdrawal, read back as gone."""
    FAILED = "failed"
    """A person has to act; the error says how."""
    SUPERSEDED = "superseded"
    """A newer rollout of the same article took its place."""
    UNKNOWN = "unknown"
    """Nobody can tell whether it happened; a person decides."""


class Step(StrEnum):
    """What is done next for a delivery."""

    PREPARE = "prepare"
    CHECK = "check"
    """Shortly before the moment of a rollout that was prepared long ahead: whether all of it still holds."""
    RELEASE = "release"
    FOLLOW = "follow"
    VERIFY = "verify"


class Rank(IntEnum):
    """Which wake-ups are heard first where many wait: the lower ones. kombu keeps a list in Redis for each number."""

    URGENT = 0
    """What must not be seen any longer, and what an editor says is urgent."""
    CORRECTION = 3
    USUAL = 6


def rank_of(action: Action, *, urgent: bool = False) -> Rank:
    """What is wrong in public goes before what is new."""
    if urgent or action is Action.WITHDRAW:
        return Rank.URGENT
    return Rank.CORRECTION if action is Action.CORRECT else Rank.USUAL


ENDED = frozenset(
    {
        DeliveryState.VERIFIED,
        DeliveryState.WITHDRAWN,
        DeliveryState.FAILED,
        DeliveryState.SUPERSEDED,
        DeliveryState.UNKNOWN,
    }
)
"""A delivery in one of these is done with; only `newsroom retry` moves FAILED and UNKNOWN."""

GATE_PASSED = frozenset({RolloutState.READY, RolloutState.RELEASED, RolloutState.COMPLETE})

STEP_OF = {
    DeliveryState.PENDING: Step.PREPARE,
    DeliveryState.PREPARED: Step.RELEASE,
    DeliveryState.RELEASED: Step.FOLLOW,
    DeliveryState.LIVE: Step.VERIFY,
}
"""The next step from each state that has one."""

STATE_BEFORE = {step: state for state, step in STEP_OF.items()} | {Step.CHECK: DeliveryState.PREPARED}
"""The state a step starts from: where a retry goes back to."""


class Pace(Frozen):
    """The engine's times. All are durations; a rollout's instants are in its row."""

    lease: timedelta = timedelta(seconds=60)
    """How long one attempt at a step may take; an adapter's calls together stay under half of it."""
    settle: timedelta = Field(timedelta(seconds=3), validate_default=True)
    """For how long an outlet may still be at a deed that it has not answered: a call may outlive its caller, in a queue
    or behind a gateway that gave up. So long nobody asks what became of it, and in so much of a lease's end none is
    begun."""
    lead: timedelta = timedelta(milliseconds=500)
    """From the passing of the gate to the common instant, when no later one was asked for."""
    check: timedelta = timedelta(minutes=10)
    """How long before its moment a rollout that was prepared earlier is checked once more, before its gate."""
    arm: timedelta = timedelta(milliseconds=1500)
    """How long before the instant a release is claimed, to wait for it inside a worker's thread."""
    patience: timedelta = timedelta(seconds=30)
    """How late a channel may be with its releases before no rollout waits for it at the gate any more."""
    sweep: timedelta = timedelta(milliseconds=500)
    """Between two looks of a sweeper."""
    wake: timedelta = timedelta(seconds=3)
    """How long a wake-up may be under way before the sweeper sends another."""
    backoff: timedelta = timedelta(seconds=1)
    """The first wait before a step is tried again; it doubles each time."""
    backoff_limit: timedelta = timedelta(minutes=5)
    follow: timedelta = timedelta(seconds=1)
    """The first wait before asking a channel whether what it accepted is visible; then a quarter of the time so far."""
    follow_limit: timedelta = timedelta(hours=6)
    """How long a channel may take to show what it accepted before a person is asked."""
    attempts: int = 12
    """Failed tries before a person is asked: of `prepare`, and of all that follows it."""
    checks: int = 8
    """The same of the check before the moment: about two minutes, while there is still time for a person to act."""

    @field_validator("settle")
    @classmethod
    def _leaves_time(cls, settle: timedelta, info: ValidationInfo) -> timedelta:
        if "lease" in info.data and settle >= info.data["lease"] / 2:
            raise ValueError("it has to be less than half of the lease, or nothing could ever be begun")
        return settle


class Done(NamedTuple):
    """The adapter did the step, or found it done."""

    receipt: Receipt


class Seen(NamedTuple):
    """`verify` read the public copy and it is as it should be (`right`) or not."""

    right: bool
    cached_until: datetime | None = None
    """Until when a wrong one may be a cache's, from before."""


class Again(NamedTuple):
    """The step may succeed later. `sent`: it may even have happened."""

    problem: Problem
    retry_after: timedelta | None
    sent: bool


class Never(NamedTuple):
    """The step cannot succeed. `sent`: an earlier try may have happened all the same."""

    problem: Problem
    sent: bool = False


class Unknowable(NamedTuple):
    """It may have happened and the channel cannot be asked."""

    problem: Problem


Outcome = Done | Seen | Again | Never | Unknowable


class Verdict(Frozen):
    """What an outcome makes of a delivery."""

    state: DeliveryState
    due: datetime | None
    """When its next step is due; None: when the gate says so, or never."""
    attempts: int
    """Failed tries of the step it stands before."""
    doubt: bool
    """Whether the last try may have had its effect: then the next one asks first."""
    problem: Problem | None = None
    failed_in: Step | None = None


def backoff(attempts: int, pace: Pace, chance: float, asked: timedelta | None = None) -> timedelta:
    """How long to wait after `attempts` failures: exponential with jitter, never less than the channel asked.

    `chance` is uniform in [0, 1); time and randomness come from outside so that tests need neither.
    """
    doubled = min(pace.backoff * (1 << min(attempts - 1, 20)), pace.backoff_limit)
    return max(doubled * (0.5 + chance / 2), asked or timedelta(0))


def judge(
    step: Step,
    action: Action,
    outcome: Outcome,
    *,
    attempts: int,
    accepted_for: timedelta,
    now: datetime,
    pace: Pace,
    chance: float,
) -> Verdict:
    """The delivery's next state after `step` ended with `outcome`.

    `attempts` counts the failures before it, `accepted_for` is the time since the channel accepted it.
    """
    verdict: Verdict
    match outcome:
        case Done(receipt) if step in (Step.PREPARE, Step.CHECK):  # what is out already is asked about once more
            out = adopted(Step.RELEASE, action, receipt.standing)
            verdict = Verdict(state=DeliveryState.PREPARED, due=None, attempts=0, doubt=out)
        case Done(receipt) if receipt.standing is Standing.ACCEPTED and accepted_for > pace.follow_limit:
            verdict = _failed(step, _NEVER_VISIBLE, attempts)
        case Done(receipt) if receipt.standing is Standing.ACCEPTED:
            due = now + (receipt.again or max(pace.follow, accepted_for / 4))
            verdict = Verdict(state=DeliveryState.RELEASED, due=due, attempts=attempts, doubt=False)
        case Done(receipt) if happened(action, receipt.standing):
            verdict = Verdict(state=DeliveryState.LIVE, due=now, attempts=attempts, doubt=False)
        case Done(receipt):  # the channel lost or rejected what it had taken
            verdict = _failed(step, _not_taken(receipt), attempts + 1)
        case Seen(right=True):
            state = DeliveryState.WITHDRAWN if action is Action.WITHDRAW else DeliveryState.VERIFIED
            verdict = Verdict(state=state, due=None, attempts=attempts, doubt=False)
        case Seen(right=False, cached_until=until) if (
            until and now < until
        ):  # nothing is wrong yet, and nothing counted
            verdict = Verdict(state=DeliveryState.LIVE, due=until, attempts=attempts, doubt=False, problem=_CACHED)
        case Again() | Seen() if attempts + 1 >= (pace.checks if step is Step.CHECK else pace.attempts):
            problem, sent = (outcome.problem, outcome.sent) if isinstance(outcome, Again) else (_NOT_SEEN, False)
            verdict = _failed(step, problem, attempts + 1, doubt=sent)
        case Seen():  # the public sees something else: ask the channel, and release again unless it says it did
            due = now + backoff(attempts + 1, pace, chance)
            verdict = Verdict(
                state=DeliveryState.PREPARED, due=due, attempts=attempts + 1, doubt=True, problem=_NOT_SEEN
            )
        case Again(problem, retry_after, sent):
            due = now + backoff(attempts + 1, pace, chance, retry_after)
            state = STATE_BEFORE[step]
            verdict = Verdict(state=state, due=due, attempts=attempts + 1, doubt=sent, problem=problem)
        case Never(problem, sent):
            verdict = _failed(step, problem, attempts + 1, doubt=sent)
        case Unknowable(problem):
            verdict = _failed(step, problem, attempts + 1, doubt=True, state=DeliveryState.UNKNOWN)
    return verdict


def _failed(
    step: Step,
    problem: Problem,
    attempts: int,
    *,
    doubt: bool = False,
    state: DeliveryState = DeliveryState.FAILED,
) -> Verdict:
    return Verdict(state=state, due=None, attempts=attempts, doubt=doubt, problem=problem, failed_in=step)


def happened(action: Action, standing: Standing) -> bool:
    """Whether this standing is what the action wanted."""
    if action is Action.WITHDRAW:
        return standing in (Standing.WITHDRAWN, Standing.ABSENT)
    return standing is Standing.LIVE


def adopted(step: Step, action: Action, found: Standing) -> bool:
    """Whether what `find` says means that `step` is already done and need not be repeated."""
    if step in (Step.PREPARE, Step.CHECK):
        return found is Standing.STAGED
    return found is Standing.ACCEPTED or happened(action, found)


def first_state(action: Action) -> DeliveryState:
    """A withdrawal has nothing to prepare and waits for nobody."""
    return DeliveryState.PREPARED if action is Action.WITHDRAW else DeliveryState.PENDING


class Part(NamedTuple):
    """What the gate needs to know of a delivery."""

    state: DeliveryState
    required: bool
    overtaken: bool = False
    """A newer rollout of its article has taken its place: it has no say any more."""
    checked: bool = True
    """Whether what was prepared is known to hold at the rollout's moment."""


def gate(parts: Collection[Part]) -> RolloutState:
    """What a rollout before its gate becomes: READY when every required part is prepared, HELD when one cannot be.

    Of several articles, those that have been overtaken are left out; a rollout that has been overtaken as a whole is
    CANCELLED once nothing is in flight.
    """
    mine = [part for part in parts if not part.overtaken]
    if parts and not mine:
        ended = all(part.state in ENDED for part in parts)
        return RolloutState.CANCELLED if ended else RolloutState.PREPARING
    required = [part for part in mine if part.required]
    if any(part.state in (DeliveryState.FAILED, DeliveryState.UNKNOWN) for part in required):
        return RolloutState.HELD
    waiting = any(part.state is DeliveryState.PENDING or not part.checked for part in required)
    return RolloutState.PREPARING if waiting else RolloutState.READY


def check_due(go_live_at: datetime, now: datetime, pace: Pace) -> datetime | None:
    """When what is prepared now has to be checked once more; None if its moment is near enough to rely on it."""
    return go_live_at - pace.check if go_live_at - now > pace.check else None


def step_of(state: DeliveryState, rollout: RolloutState) -> Step:
    """The next step of a delivery in this state, in a rollout in that one."""
    if state is DeliveryState.PREPARED and rollout is RolloutState.PREPARING:
        return Step.CHECK
    return STEP_OF[state]


def after_gate(states: Iterable[DeliveryState], *, released: bool, overtaken: bool) -> RolloutState:
    """What a rollout past its gate has become.

    `released`: at least one channel has taken it; `overtaken`: every article of it has a newer rollout.
    """
    if set(states) <= ENDED:
        return RolloutState.CANCELLED if overtaken and not released else RolloutState.COMPLETE
    return RolloutState.RELEASED if released else RolloutState.READY


def instant(go_live_at: datetime, now: datetime, pace: Pace) -> datetime:
    """The common instant of a rollout whose gate passes now."""
    return max(go_live_at, now + pace.lead)


_NEVER_VISIBLE = Problem(
    field="release",
    message=Text.of("the channel took it but has not shown it"),
    remedy=Text.of("look in the channel's own console, then run: newsroom retry"),
)
_CACHED = Problem(
    field="verify",
    message=Text.of("the public may still get from caches what was there before"),
    remedy=Text.of("nothing: it is read again once they have to ask; [[site.purge]] makes that sooner"),
)
_NOT_SEEN = Problem(
    field="verify",
    message=Text.of("the public sees something else than what was released"),
    remedy=Text.of("look at the public address: somebody may have changed it by hand; then run: newsroom retry"),
)


def _not_taken(receipt: Receipt) -> Problem:
    return Problem(
        field="release",
        message=Text.of("the channel says it is {standing}", standing=receipt.standing.value),
        remedy=receipt.note or Text.of("look in the channel's own console, then run: newsroom retry"),
    )
