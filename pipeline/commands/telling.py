"""Messages in the reader's language: how a `Text` is told, and the words for states and events."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Collection
from datetime import datetime
from gettext import gettext as _

from pipeline.channel import Action, Problem, Standing, Text
from pipeline.commands.language import N_
from pipeline.record.chain import Flaw
from pipeline.record.report import Report
from pipeline.rollout import DeliveryState, RolloutState, Step

_TRANSLATED = ("field", "reason")


ROLLOUT = {
    RolloutState.PREPARING: N_("preparing"),
    RolloutState.READY: N_("ready, waiting for the moment"),
    RolloutState.RELEASED: N_("being released"),
    RolloutState.COMPLETE: N_("complete"),
    RolloutState.HELD: N_("held: nothing has gone out"),
    RolloutState.CANCELLED: N_("cancelled"),
}
DELIVERY = {
    DeliveryState.PENDING: N_("preparing"),
    DeliveryState.PREPARED: N_("prepared"),
    DeliveryState.RELEASED: N_("accepted by the channel"),
    DeliveryState.LIVE: N_("live"),
    DeliveryState.VERIFIED: N_("live, seen"),
    DeliveryState.WITHDRAWN: N_("withdrawn, seen gone"),
    DeliveryState.FAILED: N_("failed"),
    DeliveryState.SUPERSEDED: N_("overtaken"),
    DeliveryState.UNKNOWN: N_("unknown: please decide"),
}
_NOWHERE, _NOT_EVERYWHERE = N_("failed on every channel"), N_("ended, but it failed on some channels")
_UNDECIDED = N_("ended, but for channels that need a decision")
ACTION = {Action.PUBLISH: N_("publish"), Action.CORRECT: N_("correct"), Action.WITHDRAW: N_("withdraw")}
STEP = {
    Step.PREPARE: N_("preparation"),
    Step.RELEASE: N_("release"),
    Step.FOLLOW: N_("follow-up"),
    Step.VERIFY: N_("reading back"),
}
STANDING = {
    Standing.ABSENT: N_("not there"),
    Standing.STAGED: N_("staged, not public"),
    Standing.ACCEPTED: N_("accepted, not yet visible"),
    Standing.LIVE: N_("visible to the public"),
    Standing.WITHDRAWN: N_("no longer visible"),
}
FLAW = {
    Flaw.CHANGED: N_("it was changed after it was written"),
    Flaw.GAP: N_("what was written before it was removed or replaced"),
    Flaw.CUT: N_("what was written after it was removed"),
    Flaw.KEY: N_("the end of the chain names another key than its events"),
}


def ended_as(state: RolloutState, parts: Collection[DeliveryState]) -> str:
    """How a rollout stands, for a heading, untranslated. `parts`: where its deliveries stand. One that has ended is
    called complete only if every channel has done what it was to do; what was overtaken has no say.

    >>> ended_as(RolloutState.COMPLETE, [DeliveryState.VERIFIED, DeliveryState.FAILED])
    'ended, but it failed on some channels'
    """
    mine = {part for part in parts if part is not DeliveryState.SUPERSEDED}
    if state is not RolloutState.COMPLETE or not mine & {DeliveryState.FAILED, DeliveryState.UNKNOWN}:
        return ROLLOUT[state]
    if mine == {DeliveryState.FAILED}:
        return _NOWHERE
    return _NOT_EVERYWHERE if DeliveryState.FAILED in mine else _UNDECIDED


def tell(text: Text) -> str:
    """The message in the process's language.

    A value called `field` is the name of a field and translated too; so is a `reason` that the system or a library
    gives, where the catalogue knows it.

    >>> tell(Text.of("{field} is too long by {over}", field="headline", over=3))
    'headline is too long by 3'
    """
    values = {
        name: gettext.gettext(value) if name in _TRANSLATED and isinstance(value, str) and value else value
        for name, value in text.values.items()
    }
    template = gettext.gettext(text.template)
    return template.format_map(values) if values else template


def tell_problem(problem: Problem) -> str:
    """Where, what, and what to do, in one line."""
    field = gettext.gettext(problem.field) if problem.field else ""
    place = f"{field}: " if field else ""
    return f"{place}{tell(problem.message)}\n  → {tell(problem.remedy)}"


def told_of_caches(report: Report, shown: Callable[[datetime], str]) -> str:
    """What caches may still show of what was corrected or withdrawn, and until when; "" if nothing."""
    until = report.cached_until
    if until is None:
        return ""
    if purged := report.purged_at:
        said = _("caches told to drop it at {moment}; at addresses with a query string until {until} at most")
        return said.format(moment=shown(purged), until=shown(until))
    return _("caches may show what was there before until {until} at most").format(until=shown(until))


NOTES = (N_("note"), N_("note dropped"), N_("notes dropped"), N_("channel taken up"))
"""What happens to a channel's notebook, where its adapter has no better word."""
DEEDS = (
    *(N_("programme locked"), N_("programme unlocked"), N_("story moved"), N_("refused by the prompter")),
    *(N_("lead pinned"), N_("lead unpinned")),
)
"""The words of adapters."""


_IMPORTED = {"accepted": N_("submission accepted")} | {str(state): said for state, said in DELIVERY.items()}
_ASKED = {
    "retry": N_("asked to try again"),
    "urgent": N_("asked to go first"),
    "dated": N_("dated by the minute of its moment"),
    "lapsed": N_("overtaken while a worker had it"),
    "clock set": N_("the wall clock was set"),
    "moved": N_("moved with the wall clock that was set"),
    "taken over": N_("taken over from what the public sees"),
    "audit key": N_("another key seals from here on"),
}


def tell_what(what: str) -> str:
    """What an event says happened: `publish accepted`, `find absent`, `rollout complete`, `retry`, an adapter's deed.

    >>> tell_what("release verified")
    'release: live, seen'
    """
    subject, _, outcome = what.partition(" ")
    if subject in ACTION and outcome == "accepted":
        subject, outcome = ACTION[Action(subject)], N_("submission accepted")
    elif subject == "import" and outcome in _IMPORTED:
        subject, outcome = N_("import from an archive"), _IMPORTED[outcome]
    elif subject in STEP and outcome in DELIVERY:
        subject, outcome = STEP[Step(subject)], DELIVERY[DeliveryState(outcome)]
    elif subject == "find" and outcome in STANDING:
        subject, outcome = N_("asked the channel"), STANDING[Standing(outcome)]
    elif subject == N_("rollout") and outcome in ROLLOUT:
        outcome = N_("ended") if outcome == RolloutState.COMPLETE else ROLLOUT[RolloutState(outcome)]
    elif what in _ASKED:
        return gettext.gettext(_ASKED[what])
    else:
        return gettext.gettext(what)
    return gettext.gettext("{subject}: {outcome}").format(
        subject=gettext.gettext(subject), outcome=gettext.gettext(outcome)
    )


def tell_who(who: str) -> str:
    """Who did what an event says: an editor's name, or the engine."""
    return gettext.gettext(who) if who == N_("engine") else who
