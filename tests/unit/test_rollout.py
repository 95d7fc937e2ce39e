"""The rules of a rollout, over every combination of states and outcomes."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.channel import Action, Problem, Receipt, Standing, Text
from pipeline.rollout import (
    ENDED,
    STATE_BEFORE,
    STEP_OF,
    Again,
    DeliveryState,
    Done,
    Never,
    Outcome,
    Pace,
    Part,
    RolloutState,
    Seen,
    Step,
    Unknowable,
    Verdict,
    adopted,
    after_gate,
    backoff,
    check_due,
    first_state,
    gate,
    happened,
    instant,
    judge,
    step_of,
)

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
PACE = Pace()
TROUBLE = Problem(field="http", message=Text.of("the line is bad"), remedy=Text.of("wait"))
STATES = st.sampled_from(list(DeliveryState))
PARTS = st.lists(
    st.builds(
        lambda state, required, overtaken, checked: Part(
            state, required, overtaken=overtaken or state is DeliveryState.SUPERSEDED, checked=checked
        ),
        *(STATES, st.booleans(), st.booleans(), st.booleans()),
    ),
    min_size=1,
    max_size=7,
)


def judged(
    step: Step,
    outcome: Outcome,
    action: Action = Action.PUBLISH,
    *,
    attempts: int = 0,
    accepted_for: timedelta = timedelta(0),
) -> Verdict:
    return judge(step, action, outcome, attempts=attempts, accepted_for=accepted_for, now=NOW, pace=PACE, chance=0.5)


def done(standing: Standing) -> Done:
    return Done(Receipt(standing=standing))


OUTCOMES: list[Outcome] = [
    *(done(standing) for standing in Standing),
    Seen(True),
    Seen(False),
    Again(TROUBLE, None, False),
    Again(TROUBLE, timedelta(minutes=10), True),
    Never(TROUBLE),
    Unknowable(TROUBLE),
]
CASES = [
    (step, action, outcome, attempts)
    for step, action, outcome, attempts in itertools.product(Step, Action, OUTCOMES, (0, PACE.attempts - 1))
    if isinstance(outcome, Seen) is (step is Step.VERIFY) or isinstance(outcome, Again | Never | Unknowable)
]


@pytest.mark.parametrize(("step", "action", "outcome", "attempts"), CASES)
def test_every_outcome_leads_somewhere(step: Step, action: Action, outcome: Outcome, attempts: int) -> None:
    """No delivery is left without a next step, an end, or a gate to wait for; whoever fails says why and what to do."""
    verdict = judged(step, outcome, action, attempts=attempts)
    if verdict.state in ENDED:
        assert verdict.due is None
    elif verdict.state is DeliveryState.PREPARED and step in (Step.PREPARE, Step.CHECK) and isinstance(outcome, Done):
        assert verdict.due is None, "the gate says when"
    else:
        assert verdict.due is not None
        assert verdict.due >= NOW
        assert verdict.state in STEP_OF
    if verdict.state in (DeliveryState.FAILED, DeliveryState.UNKNOWN):
        assert verdict.failed_in is step
        assert verdict.problem is not None
        assert verdict.problem.message.template
        assert verdict.problem.remedy.template


@pytest.mark.parametrize(
    ("step", "outcome", "state"),
    [
        (Step.PREPARE, done(Standing.STAGED), DeliveryState.PREPARED),
        (Step.RELEASE, done(Standing.LIVE), DeliveryState.LIVE),
        (Step.RELEASE, done(Standing.ACCEPTED), DeliveryState.RELEASED),
        (Step.RELEASE, done(Standing.ABSENT), DeliveryState.FAILED),
        (Step.FOLLOW, done(Standing.ACCEPTED), DeliveryState.RELEASED),
        (Step.FOLLOW, done(Standing.LIVE), DeliveryState.LIVE),
        (Step.FOLLOW, done(Standing.WITHDRAWN), DeliveryState.FAILED),
        (Step.VERIFY, Seen(True), DeliveryState.VERIFIED),
        (Step.VERIFY, Seen(False), DeliveryState.PREPARED),
        (Step.RELEASE, Never(TROUBLE), DeliveryState.FAILED),
        (Step.RELEASE, Unknowable(TROUBLE), DeliveryState.UNKNOWN),
    ],
)
def test_what_follows(step: Step, outcome: Outcome, state: DeliveryState) -> None:
    assert judged(step, outcome).state is state


@pytest.mark.parametrize("standing", list(Standing))
def test_a_withdrawal_wants_the_opposite(standing: Standing) -> None:
    gone = standing in (Standing.WITHDRAWN, Standing.ABSENT)
    assert happened(Action.WITHDRAW, standing) is gone
    assert happened(Action.PUBLISH, standing) is (standing is Standing.LIVE)
    assert judged(Step.VERIFY, Seen(True), Action.WITHDRAW).state is DeliveryState.WITHDRAWN


@pytest.mark.parametrize("action", list(Action))
def test_what_a_cache_may_still_hold_is_no_fault_yet(action: Action) -> None:
    """It is read again once it cannot be a cache's any more, and nothing is counted until then."""
    until = NOW + timedelta(seconds=62)
    verdict = judged(Step.VERIFY, Seen(False, until), action, attempts=2)
    assert (verdict.state, verdict.due, verdict.attempts, verdict.doubt) == (DeliveryState.LIVE, until, 2, False)
    assert verdict.problem is not None
    late = judged(Step.VERIFY, Seen(False, NOW), action, attempts=2)
    assert (late.state, late.attempts, late.doubt) == (DeliveryState.PREPARED, 3, True)
    assert judged(Step.VERIFY, Seen(True, until), action).state in (DeliveryState.VERIFIED, DeliveryState.WITHDRAWN)


def test_what_the_channel_never_shows_is_given_to_a_person() -> None:
    patient = judged(Step.FOLLOW, done(Standing.ACCEPTED), accepted_for=PACE.follow_limit)
    tired = judged(Step.FOLLOW, done(Standing.ACCEPTED), accepted_for=PACE.follow_limit + timedelta(seconds=1))
    assert (patient.state, tired.state) == (DeliveryState.RELEASED, DeliveryState.FAILED)


@given(age=st.timedeltas(timedelta(0), PACE.follow_limit))
def test_following_asks_ever_less_often(age: timedelta) -> None:
    """Questions are counted (WeChat: 100 a day): a whole `follow_limit` costs few of them."""
    due = judged(Step.FOLLOW, done(Standing.ACCEPTED), accepted_for=age).due
    assert due is not None
    assert due - NOW >= max(PACE.follow, age / 4)


def test_following_to_the_end_costs_few_questions() -> None:
    asked, age = 0, timedelta(0)
    while age < PACE.follow_limit:
        age += max(PACE.follow, age / 4)
        asked += 1
    assert asked < 50


@given(attempts=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_backoff_is_bounded_and_jittered(attempts: int, chance: float) -> None:
    pause = backoff(attempts, PACE, chance)
    assert PACE.backoff / 2 <= pause <= PACE.backoff_limit
    assert backoff(attempts, PACE, chance, timedelta(hours=1)) == timedelta(hours=1), "what the channel asked for"


def test_doubt_only_where_something_was_sent() -> None:
    assert judged(Step.RELEASE, Again(TROUBLE, None, True)).doubt
    assert not judged(Step.RELEASE, Again(TROUBLE, None, False)).doubt


def test_a_channel_says_when_it_wants_to_be_asked_next() -> None:
    accepted = Receipt(standing=Standing.ACCEPTED)
    assert judged(Step.FOLLOW, Done(accepted)).due == NOW + PACE.follow
    asked = accepted.model_copy(update={"again": timedelta(minutes=7)})
    assert judged(Step.FOLLOW, Done(asked)).due == NOW + timedelta(minutes=7)


@pytest.mark.parametrize(
    ("step", "action", "found", "is_adopted"),
    [
        (Step.PREPARE, Action.PUBLISH, Standing.STAGED, True),
        (Step.PREPARE, Action.PUBLISH, Standing.ABSENT, False),
        (Step.RELEASE, Action.PUBLISH, Standing.STAGED, False),
        (Step.RELEASE, Action.PUBLISH, Standing.ACCEPTED, True),
        (Step.RELEASE, Action.CORRECT, Standing.LIVE, True),
        (Step.RELEASE, Action.WITHDRAW, Standing.LIVE, False),
        (Step.RELEASE, Action.WITHDRAW, Standing.WITHDRAWN, True),
        (Step.RELEASE, Action.WITHDRAW, Standing.ABSENT, True),
    ],
)
def test_what_is_found_is_adopted_or_repeated(step: Step, action: Action, found: Standing, is_adopted: bool) -> None:
    assert adopted(step, action, found) is is_adopted


@given(parts=PARTS)
def test_the_gate_opens_only_when_every_required_channel_is_prepared(parts: list[Part]) -> None:
    state = gate(parts)
    mine = [part for part in parts if not part.overtaken]
    required = {part.state for part in mine if part.required}
    if state is RolloutState.READY:
        assert not required & {DeliveryState.PENDING, DeliveryState.FAILED, DeliveryState.UNKNOWN}
        assert all(part.checked for part in mine if part.required)
        assert mine
    if state is RolloutState.HELD:
        assert required & {DeliveryState.FAILED, DeliveryState.UNKNOWN}
    if state is RolloutState.CANCELLED:
        assert all(part.state in ENDED for part in parts), "nothing may be in flight"
    assert state in (RolloutState.PREPARING, RolloutState.READY, RolloutState.HELD, RolloutState.CANCELLED)


@given(parts=PARTS)
def test_the_gate_does_not_wait_for_what_may_fail(parts: list[Part]) -> None:
    relaxed = [part._replace(required=False) for part in parts]
    if any(not part.overtaken for part in parts):
        assert gate(relaxed) is RolloutState.READY


@given(states=st.lists(STATES, min_size=1), released=st.booleans(), overtaken=st.booleans())
def test_after_the_gate_there_is_only_forward(states: list[DeliveryState], released: bool, overtaken: bool) -> None:
    state = after_gate(states, released=released, overtaken=overtaken)
    ended = all(one in ENDED for one in states)
    assert (state in (RolloutState.COMPLETE, RolloutState.CANCELLED)) is ended
    assert state is not RolloutState.HELD
    if released or not overtaken:
        assert state is not RolloutState.CANCELLED


def test_the_instant() -> None:
    assert instant(NOW, NOW, PACE) == NOW + PACE.lead
    assert instant(NOW + timedelta(hours=1), NOW, PACE) == NOW + timedelta(hours=1)


@given(ahead=st.timedeltas(timedelta(0), timedelta(days=30)))
def test_what_is_prepared_long_ahead_is_checked_once_more(ahead: timedelta) -> None:
    """Never before it was prepared, and never for a moment so near that it can be relied on."""
    due = check_due(NOW + ahead, NOW, PACE)
    assert (due is None) is (ahead <= PACE.check)
    assert due is None or NOW < due == NOW + ahead - PACE.check


def test_prepared_is_checked_before_the_gate_and_released_after_it() -> None:
    assert step_of(DeliveryState.PREPARED, RolloutState.PREPARING) is Step.CHECK
    assert step_of(DeliveryState.PREPARED, RolloutState.READY) is Step.RELEASE
    assert step_of(DeliveryState.PREPARED, RolloutState.RELEASED) is Step.RELEASE
    assert step_of(DeliveryState.PENDING, RolloutState.PREPARING) is Step.PREPARE


def test_a_check_gives_up_while_a_person_can_still_act() -> None:
    """Its tries end sooner than those of other steps, and together with their waits long before the moment."""
    patient = judged(Step.CHECK, Again(TROUBLE, None, False), attempts=PACE.checks - 2)
    tired = judged(Step.CHECK, Again(TROUBLE, None, False), attempts=PACE.checks - 1)
    assert (patient.state, tired.state) == (DeliveryState.PREPARED, DeliveryState.FAILED)
    assert tired.failed_in is Step.CHECK
    waits = sum((backoff(n, PACE, 1.0) for n in range(1, PACE.checks)), timedelta(0))
    assert waits < PACE.check / 2


def test_states_and_steps_belong_together() -> None:
    assert {STATE_BEFORE[step]: step for step in Step} == STEP_OF
    assert set(STEP_OF) | ENDED == set(DeliveryState)
    assert first_state(Action.WITHDRAW) is DeliveryState.PREPARED, "it waits for nobody"
    assert first_state(Action.PUBLISH) is first_state(Action.CORRECT) is DeliveryState.PENDING
