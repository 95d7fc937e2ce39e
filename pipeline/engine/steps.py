"""One step of one delivery: what is asked, made and read back, and what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from pipeline import faults, lease
from pipeline.article import columns_after
from pipeline.channel import (
    Action,
    Channel,
    Companion,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Recovery,
    Refused,
    Standing,
    Text,
    Unavailable,
    Unpublishable,
)
from pipeline.engine.channels import Channels
from pipeline.engine.moment import Clock, StartLine
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.record import waits
from pipeline.record.claiming import Claim, Earlier
from pipeline.record.deciding import Recorded
from pipeline.record.ids import rollout_id
from pipeline.record.store import Store
from pipeline.rollout import Again, Done, Never, Outcome, Seen, Step, Unknowable, adopted, happened, judge

log = structlog.get_logger("tongfa")


SECOND = timedelta(seconds=1)
RECORD_AGAIN = SECOND
"""Between two tries to record an outcome while the database is away."""


ELSEWHERE = 4
"""Tries of a step whose channel this worker does not know, some seconds in all, before a person is asked."""


class Attempt(NamedTuple):
    """What came of one try at a step."""

    outcome: Outcome
    receipt: Receipt | None = None
    evidence: Evidence | None = None
    digest: str = ""
    beside: Mapping[str, str] = MappingProxyType({})
    """The digests of what was prepared with it, by the articles' ids."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    """When the channel had taken it."""
    delivery: Delivery | None = None
    """As the adapter saw it; the step that follows at once need not make it again."""


class _SetBack(Exception):
    """A channel knows of a later word than this record does."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.message))
        self.problem = problem


class Steps:
    """What a worker lets the adapters do. Thread-safe."""

    def __init__(
        self,
        configuration: Configuration,
        channels: Channels,
        store: Store,
        clock: Clock,
        chance: Callable[[], float],
        line: StartLine | None = None,
    ) -> None:
        self._configuration = configuration
        self._channels = channels
        self._store = store
        self._clock = clock
        self._line = line or StartLine(clock)
        self._chance = chance

    def after(self, configuration: Configuration, channels: Channels) -> Steps:
        """The same with another configuration. Who waits for an instant waits together with those of the other."""
        return Steps(configuration, channels, self._store, self._clock, self._chance, self._line)

    def in_use(self) -> AbstractContextManager[None]:
        """See `Channels.in_use`."""
        return self._channels.in_use()

    def attempt(self, claim: Claim, before: Delivery | None = None) -> Attempt:
        """Let the adapter do the claimed step. Never raises for what an adapter does.

        `before`: the delivery as it was in the step before, where this one follows at once.
        """
        with structlog.contextvars.bound_contextvars(
            rollout=rollout_id(claim.rollout_id), delivery=claim.delivery_id, channel=claim.channel, fence=claim.fence
        ):
            channel = self._opened(claim)
            if not isinstance(channel, Channel):
                return Attempt(channel)
            try:
                with lease.held(lambda: (claim.lease_until - self._store.pace.settle - self._clock.now()) / SECOND):
                    return self._work(channel, claim, before)
            except _SetBack as back:
                log.warning("withdrawn since the backup", step=claim.step)
                outcome: Outcome = Unknowable(back.problem)
            except (Unpublishable, Refused) as refusal:
                log.warning("refused", step=claim.step, problem=str(refusal.problem.message), detail=refusal.detail)
                outcome = Never(refusal.problem)
            except Unavailable as trouble:
                log.info("unavailable", step=claim.step, problem=str(trouble.problem.message), detail=trouble.detail)
                outcome = self._again(channel, claim, trouble)
            except SQLAlchemyError as error:
                log.exception("the record failed", step=claim.step)
                outcome = self._again(channel, claim, Unavailable(waits.trouble(error), sent=True))
            except Exception as error:
                log.exception("adapter failed", step=claim.step)
                outcome = self._faulty(channel, claim, error)
            return Attempt(outcome)

    def _opened(self, claim: Claim) -> Channel | Outcome:
        """The claimed delivery's channel, or what comes of it that there is none here."""
        if claim.channel not in self._channels:
            log.warning("unknown channel", step=claim.step, configuration=str(self._configuration.path))
            return self._at_last(claim, _unknown(claim, self._configuration, self._channels.refused))
        try:
            return self._channels[claim.channel]
        except BadConfiguration as error:  # its kind is not installed on this machine, or fails here
            log.warning("channel cannot be opened", step=claim.step, problem=str(error), exc_info=True)
            return self._at_last(claim, error.problems[0])

    def _at_last(self, claim: Claim, problem: Problem) -> Outcome:
        """A person has to act, unless another worker can: one has read the configuration before it was changed."""
        if claim.attempts + 1 < ELSEWHERE:
            return Again(problem, None, claim.doubt)
        return Never(problem, claim.doubt)

    def finish(self, claim: Claim, attempt: Attempt, *, go_on: bool = False) -> Recorded | None:
        """Record what came of a claimed step; None if the claim no longer holds. `go_on`: see `Store.record`.

        What has happened must not be forgotten because the database is just being started again: as long as the claim
        holds it is tried anew.
        """
        while True:
            try:
                return self._record(claim, attempt, go_on)
            except SQLAlchemyError as error:
                again = self._clock.now() + RECORD_AGAIN
                if not waits.is_passing(error) or again >= claim.lease_until:
                    raise
                log.warning("not recorded yet", delivery=claim.delivery_id, error=str(waits.trouble(error).message))
                self._clock.wait_until(again)

    def _record(self, claim: Claim, attempt: Attempt, go_on: bool) -> Recorded | None:
        now = self._clock.now()
        verdict = judge(
            claim.step,
            claim.action,
            attempt.outcome,
            attempts=claim.attempts,
            accepted_for=now - claim.accepted_at if claim.accepted_at else timedelta(0),
            now=now,
            pace=self._store.pace,
            chance=self._chance(),
        )
        recorded = self._store.record(
            claim,
            verdict,
            now=now,
            receipt=attempt.receipt,
            evidence=attempt.evidence,
            digest=attempt.digest,
            beside=attempt.beside,
            started_at=attempt.started_at,
            ended_at=attempt.ended_at,
            go_on=go_on,
        )
        log.info(
            "step" if recorded is not None else "stale step dropped",
            rollout=rollout_id(claim.rollout_id),
            delivery=claim.delivery_id,
            channel=claim.channel,
            fence=claim.fence,
            step=claim.step,
            state=verdict.state,
        )
        return recorded

    def _work(self, channel: Channel, claim: Claim, before: Delivery | None) -> Attempt:
        if claim.doubt and claim.step in (Step.PREPARE, Step.RELEASE) and channel.recovers is Recovery.PERSON:
            return Attempt(Unknowable(_undecided(claim.channel)))
        asks = channel.recovers is Recovery.ASK
        previous = claim.previous
        if asks and claim.earlier and not claim.attempts:
            # Asked at once, the channel may not know yet what an overtaken delivery has just done.
            raise Unavailable(_undecided(claim.channel), retry_after=self._until_told(channel))
        for earlier in claim.earlier:
            if asks:
                receipt = channel.find(self._delivery_of(channel, claim, earlier))
                self._store.settle_doubt(earlier, receipt, self._clock.now())
                if receipt.standing is not Standing.ABSENT and (previous is None or previous.id <= earlier.id):
                    previous = earlier.model_copy(update={"receipt": receipt})
        if before is None:
            delivery = self._delivery(channel, claim, previous)
        else:
            delivery = dataclasses.replace(before, receipt=claim.receipt)
        match claim.step:
            case Step.PREPARE:
                receipt = self._prepared(channel, claim, delivery, asks=asks)
                return _staged(delivery, receipt)
            case Step.CHECK:
                return self._checked(channel, claim, delivery)
            case Step.RELEASE:
                return self._released(channel, claim, delivery, asks=asks)
            case Step.FOLLOW:
                receipt = channel.find(delivery)
                return Attempt(Done(receipt), receipt, delivery=delivery)
            case Step.VERIFY:
                evidence = channel.verify(delivery)
                seen = Seen(happened(claim.action, evidence.standing), self._cached_until(claim, evidence))
                return Attempt(seen, evidence=evidence)

    def _cached_until(self, claim: Claim, evidence: Evidence) -> datetime | None:
        """The record's time until when caches may still hold what was there before: never longer after the channel had
        taken it than its receipt said, even if the clock has been set back since."""
        if evidence.cached_until is None:
            return None
        until = self._store.clock.steady(evidence.cached_until)
        if claim.accepted_at is None or claim.receipt is None or claim.receipt.at is None:
            return until
        return min(until, claim.accepted_at + max(evidence.cached_until - claim.receipt.at, timedelta(0)))

    def _prepared(self, channel: Channel, claim: Claim, delivery: Delivery, *, asks: bool) -> Receipt:
        if claim.doubt and asks:
            found = self._asked(channel, claim, delivery)
            if _is_done(Step.PREPARE, claim, found):
                return found
        self._in_time(claim)
        return channel.prepare(delivery)

    def _asked(self, channel: Channel, claim: Claim, delivery: Delivery) -> Receipt:
        """What the channel says of a deed in doubt. Raises `_SetBack` for what only a word explains that this record
        does not know: it was restored from a backup, and the article has been withdrawn since that was made."""
        found = channel.find(delivery)
        withdrawn = found.standing is Standing.WITHDRAWN and claim.action is not Action.WITHDRAW
        if withdrawn and claim.delivery_id <= self._store.restored_through():
            raise _SetBack(_gone_since(claim))
        return found

    def _checked(self, channel: Channel, claim: Claim, delivery: Delivery) -> Attempt:
        """Shortly before the moment: the channel works, and has what was prepared; what it has lost is made again."""
        if problems := channel.check():
            return Attempt(Again(problems[0], None, claim.doubt))
        if channel.recovers is Recovery.PERSON:  # it cannot be asked
            return Attempt(Done(claim.receipt or Receipt(standing=Standing.STAGED)))
        receipt = self._asked(channel, claim, delivery) if channel.recovers is Recovery.ASK else None
        if receipt is None or not _is_done(Step.CHECK, claim, receipt):
            self._in_time(claim)
            receipt = channel.prepare(delivery)
        return _staged(delivery, receipt)

    def _released(self, channel: Channel, claim: Claim, delivery: Delivery, *, asks: bool) -> Attempt:
        outdated = _is_outdated(claim, delivery)
        if asks and (claim.doubt or (outdated and claim.attempts)):  # an earlier try may have prepared it anew
            found = self._asked(channel, claim, delivery)
            if adopted(Step.RELEASE, claim.action, found.standing):
                _remember(channel, delivery)
                return Attempt(Done(found), found, delivery=delivery)
            if claim.action is not Action.WITHDRAW:
                if found.standing is Standing.ABSENT:
                    self._in_time(claim)
                    found = channel.prepare(delivery)
                if found.standing is Standing.STAGED:
                    delivery = dataclasses.replace(delivery, receipt=found)
        elif outdated:
            self._in_time(claim)
            delivery = dataclasses.replace(delivery, receipt=channel.prepare(delivery))
        with self._line.at(claim.release_at) if claim.release_at else nullcontext():
            started_at = self._in_time(claim)
            receipt = channel.withdraw(delivery) if claim.action is Action.WITHDRAW else channel.release(delivery)
            ended_at = self._clock.now()
        told_at = receipt.at and self._store.clock.steady(receipt.at)
        taken_at = told_at if told_at and started_at <= told_at <= ended_at else ended_at
        return _staged(delivery, receipt)._replace(started_at=started_at, ended_at=taken_at, delivery=delivery)

    def _in_time(self, claim: Claim) -> datetime:
        """Now; raises `Unavailable` if a deed begun now (half a lease at most) might not end before the lease does.

        This worker was stopped for so long that soon another will be at it, and find nothing of a call under way.
        """
        now = self._clock.now()
        if now >= claim.lease_until - self._store.pace.lease / 2:
            raise Unavailable(lease.stalled(), sent=claim.doubt)
        return now

    def _again(self, channel: Channel, claim: Claim, trouble: Unavailable) -> Outcome:
        deed = claim.step in (Step.PREPARE, Step.CHECK, Step.RELEASE)
        if trouble.sent and deed and channel.recovers is Recovery.PERSON:
            return Unknowable(trouble.problem)
        # A question that failed leaves the doubt about the deed before it as it was.
        doubt = (trouble.sent or claim.doubt) and deed
        wait = trouble.retry_after
        if doubt and channel.recovers is Recovery.ASK:
            wait = max(wait or timedelta(0), self._until_told(channel))
        return Again(trouble.problem, wait, doubt)

    def _until_told(self, channel: Channel) -> timedelta:
        """Asked sooner after a deed, a channel may say that it did not happen though it did, or is still to happen."""
        return max(channel.visibility_lag, self._store.pace.settle)

    def _faulty(self, channel: Channel, claim: Claim, error: Exception) -> Outcome:
        """Before the gate a fault of the adapter holds the rollout at once; after it there is only forward."""
        sent = not isinstance(error, faults.NotRendered)
        again = self._again(channel, claim, Unavailable(faults.fault(channel.outlet, error, type(channel)), sent=sent))
        return Never(again.problem, again.sent) if isinstance(again, Again) and _before_gate(claim) else again

    def _delivery(self, channel: Channel, claim: Claim, previous: Earlier | None) -> Delivery:
        catalogue = self._store.catalogue(claim.channel, self._clock.now, self._configuration.newsroom.columns)
        columns = columns_after(self._configuration.newsroom.columns, claim.announced)
        newsroom = self._configuration.newsroom.with_columns(columns)
        rendition = None if claim.action is Action.WITHDRAW else faults.rendered(channel, claim.revision, newsroom)
        companions = tuple(
            Companion(revision=one, rendition=faults.rendered(channel, one, newsroom)) for one in claim.companions
        )
        return Delivery(
            key=claim.key,
            action=claim.action,
            revision=claim.revision,
            configured=self._configuration.newsroom,
            rendition=rendition,
            receipt=claim.receipt,
            previous=previous.receipt if previous else None,
            reason=claim.reason if claim.action is Action.WITHDRAW else "",
            companions=companions,
            memo=claim.memo,
            catalogue=catalogue,
            media=self._store.media(),
        )

    def _delivery_of(self, channel: Channel, claim: Claim, earlier: Earlier) -> Delivery:
        """An earlier delivery as its adapter saw it, to ask what became of it."""
        return self._delivery(
            channel,
            claim.model_copy(
                update={
                    "action": earlier.action,
                    "revision": earlier.revision,
                    "receipt": earlier.receipt,
                    "reason": earlier.reason,
                }
            ),
            None,
        )


def _is_outdated(claim: Claim, delivery: Delivery) -> bool:
    """Whether something else was prepared than is to go out, of it or of what is one publication with it: it was dated
    by another minute, or its column has been renamed since."""
    if claim.digest and delivery.rendition and delivery.rendition.digest != claim.digest:
        return True
    return any(
        prepared != one.rendition.digest
        for one in delivery.companions
        if (prepared := claim.prepared.get(one.revision.id))
    )


def _is_done(step: Step, claim: Claim, found: Receipt) -> bool:
    """Whether what is found need not be prepared; in doubt also what is out already, which a restored record does not
    know. Then the release finds it so."""
    return adopted(step, claim.action, found.standing) or (
        claim.doubt and adopted(Step.RELEASE, claim.action, found.standing)
    )


def _remember(channel: Channel, delivery: Delivery) -> None:
    """What is found done was not always done by its own release, which notes it: the feed derived for another article
    shows this one too, once its moment has come."""
    if channel.memory is None:
        return
    with delivery.catalogue.exclusive():
        entry = delivery.entry
        if entry is not None and not delivery.is_overtaken_by(entry):
            channel.memory.note(entry, delivery)


def _before_gate(claim: Claim) -> bool:
    return claim.step in (Step.PREPARE, Step.CHECK) and claim.release_at is None


def _staged(delivery: Delivery, receipt: Receipt) -> Attempt:
    digest = delivery.rendition.digest if delivery.rendition else ""
    beside = {one.revision.id: one.rendition.digest for one in delivery.companions}
    return Attempt(Done(receipt), receipt, digest=digest, beside=beside)


def _undecided(channel: str) -> Problem:
    return Problem(
        field="release",
        message=Text.of("a worker was stopped while it was at {channel}: nobody can tell what it did", channel=channel),
        remedy=Text.of("look in the channel's own console, then run: newsroom retry"),
    )


def _unknown(claim: Claim, configuration: Configuration, refused: Problem | None) -> Problem:
    if refused is not None:
        return Problem(
            field="channel",
            message=Text.of(
                "{path} is refused as it stands, and as it was before it has no channel {channel}",
                path=str(configuration.path),
                channel=claim.channel,
            ),
            remedy=Text.of(
                "mend the file where newsroom doctor says, then run: newsroom retry {rollout}",
                rollout=rollout_id(claim.rollout_id),
            ),
        )
    return Problem(
        field="channel",
        message=Text.of(
            "the newsroom's file {path} has no channel {channel}", path=str(configuration.path), channel=claim.channel
        ),
        remedy=Text.of(
            "put the channel back with this id, with retired = true if it takes nothing new, then run: "
            "newsroom retry {rollout}",
            rollout=rollout_id(claim.rollout_id),
        ),
    )


def _gone_since(claim: Claim) -> Problem:
    return Problem(
        field="release",
        message=Text.of(
            "{channel} says that {article} was withdrawn: that happened after the backup was made from which this "
            "record was restored",
            channel=claim.channel,
            article=claim.revision.id,
        ),
        remedy=Text.of(
            "leave it so with: newsroom withdraw {article}; or let it go out again with: newsroom retry {rollout}",
            article=claim.revision.id,
            rollout=rollout_id(claim.rollout_id),
        ),
    )
