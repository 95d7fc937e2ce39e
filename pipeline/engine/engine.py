"""The engine: accept a submission, run one step of a delivery, sweep for what is due. No Celery here.

    submit → deliveries are rows → `Wake`s are sent (best effort) → `run` claims, lets the adapter work, records

Everything that may be lost, doubled, late or out of order is only a wake-up.
"""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

import structlog
from pydantic import AwareDatetime
from sqlalchemy.exc import SQLAlchemyError

from pipeline.article import Article, Column, Deed, Newsroom, Outlet, Place, Revision, columns_after
from pipeline.article.reading import Reading
from pipeline.article.value import Frozen
from pipeline.channel import (
    Action,
    Channel,
    Companion,
    Delivery,
    Evidence,
    Heard,
    Problem,
    Receipt,
    Recovery,
    Refused,
    Rendition,
    Standing,
    Text,
    Unavailable,
    Unpublishable,
)
from pipeline.engine import columns
from pipeline.newsroom import BadConfiguration, Configuration, open_channel
from pipeline.record import waits
from pipeline.record.claiming import Claim, Earlier
from pipeline.record.gate import Wake
from pipeline.record.store import Store
from pipeline.record.submission import Accepted, Submission
from pipeline.record.sweeping import Waiting
from pipeline.rollout import Again, Done, Never, Outcome, Seen, Step, Unknowable, adopted, happened, judge

log = structlog.get_logger("tongfa")


RECORD_AGAIN = timedelta(seconds=1)
"""Between two tries to record an outcome while the database is away."""


class Clock(Protocol):
    """Time as the engine sees it."""

    def now(self) -> datetime: ...

    def wait_until(self, moment: datetime) -> None: ...


ELSEWHERE = 4
"""Tries of a step whose channel this worker does not know, some seconds in all, before a person is asked."""
NAP = 0.0001
"""Seconds. An event would be woken through a lock, by which threads come after one another instead of together."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait_until(self, moment: datetime) -> None:
        """Return at `moment`, within a fraction of a millisecond: a long sleep, then the last of it in short naps."""
        while (left := (moment - self.now()) / timedelta(seconds=1)) > 0:
            time.sleep(left - 0.002 if left > 0.004 else NAP)


class StartLine:
    """Where the releases of one instant wait for it: none of this process begins while another has still to wake.

    Otherwise the first would keep the others from the processor, and they would begin one after the other.
    """

    PATIENCE = 0.01
    """Seconds that those who are awake wait for the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[datetime, list[bool]] = {}
        """By the moment: for each that waits for it, whether it is awake."""

    def wait_for(self, moment: datetime) -> None:
        """Return at `moment`, together with all who wait for the same."""
        with self._lock:
            past = self._clock.now() - timedelta(minutes=1)
            self._lines = {awaited: line for awaited, line in self._lines.items() if awaited > past}
            line = self._lines.setdefault(moment, [])
            line.append(False)
            place = len(line) - 1
        self._clock.wait_until(moment)
        line[place] = True
        deadline = time.monotonic() + self.PATIENCE
        while not all(line) and time.monotonic() < deadline:
            time.sleep(NAP)


class Unfit(Exception):
    """The article cannot go out as it is: `problems` per channel. Nothing has been stored."""

    def __init__(self, problems: Mapping[str, Sequence[Problem]]) -> None:
        super().__init__("; ".join(f"{channel}: {one.message}" for channel, many in problems.items() for one in many))
        self.problems = problems


class Piece(NamedTuple):
    """An article as a manuscript has it, with the bytes of its pictures by their digest."""

    article: Article
    media: Mapping[str, bytes]
    reading: Reading | None = None
    """How the manuscript was read; None where there is none."""


class Draft(Frozen):
    """How an article would look on one channel."""

    outlet: Outlet
    revision: Revision
    rendition: Rendition


class ColumnLine(Frozen):
    """One column in `newsroom column list`."""

    column: Column
    state: Literal["open", "closed", "waiting"]
    """`waiting`: its opening is under way, or its moment has not come."""
    articles: int
    """How many have been accepted for it and not been withdrawn."""
    opens_at: AwareDatetime | None = None
    rollout: str = ""
    """What opens it, as long as it waits."""


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


class Engine:
    """A newsroom at work. Thread-safe; one per process.

    `send` delivers wake-ups and may lose them; `waiting` tells how many of them have not arrived yet, None if nobody
    can say. Neither may raise.
    """

    def __init__(
        self,
        configuration: Configuration,
        store: Store,
        *,
        send: Callable[[Iterable[Wake]], None] = lambda _: None,
        waiting: Callable[[], Waiting | None] = Waiting,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        self.configuration = configuration
        self.newsroom: Newsroom = configuration.newsroom
        self.store = store
        self.send = send
        self.waiting = waiting
        self.clock = clock or SystemClock()
        self._line = StartLine(self.clock)
        self.chance = chance
        self._channels = dict(channels or {})
        self._opening = threading.Lock()

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    # -- for editors ----------------------------------------------------------------------------------

    def channel(self, channel_id: str) -> Channel:
        """The adapter of a configured channel, opened at first use. KeyError if none is configured so."""
        with self._opening:
            if channel_id not in self._channels:
                self._channels[channel_id] = open_channel(
                    self.configuration, self._outlet(channel_id), self.store.notebook(channel_id)
                )
            return self._channels[channel_id]

    def knows(self, channel_id: str) -> bool:
        """Whether a channel is configured so."""
        return channel_id in self._channels or any(outlet.id == channel_id for outlet in self.newsroom.outlets)

    def _outlet(self, channel_id: str) -> Outlet:
        for outlet in self.newsroom.outlets:
            if outlet.id == channel_id:
                return outlet
        raise KeyError(channel_id)

    def columns(self) -> tuple[Column, ...]:
        """The newsroom's columns as they stand now: configured or opened, closed ones included."""
        return columns_after(self.newsroom.columns, self.store.announced(self.clock.now()))

    def column_lines(self) -> list[ColumnLine]:
        """Every column with where it stands, for people."""
        now = self.clock.now()
        counts = self.store.column_counts()
        lines = [
            ColumnLine(column=one, state="closed" if one.closed else "open", articles=counts.get(one.id, 0))
            for one in self.columns()
        ]
        waiting = [
            ColumnLine(column=one, state="waiting", articles=0, opens_at=moment, rollout=rollout)
            for one, moment, rollout in self.store.waiting_columns(now)
        ]
        return [*lines, *waiting]

    def drafts(self, article: Article, channels: Sequence[str] = (), known: str | None = None) -> list[Draft]:
        """The article rendered for every channel (or these), as it would go out now. Raises `Unfit`.

        `known`: the id of the article it would correct.
        """
        now = self.clock.now()
        newsroom = self.newsroom.with_columns(self.columns())
        before = None if known is None else self.store.revision(known)
        article, column = self._filed(article, newsroom, before)
        place = Place.unknown() if before else self.store.place(column)
        article = article.completed(column, place, before.article if before else None)
        if before is None:
            revision = Revision(id="a0", number=1, article=article, published_at=now)
        else:
            revision = Revision(
                id=before.id,
                number=before.number + 1,
                article=article,
                published_at=before.published_at,
                corrected_at=now,
            )
        drafts, problems = [], {}
        for outlet in self._outlets(channels):
            try:
                rendition = self.channel(outlet.id).render(revision, newsroom)
                drafts.append(Draft(outlet=outlet, revision=revision, rendition=rendition))
            except Unpublishable as refusal:
                problems[outlet.id] = [refusal.problem]
        if problems:
            raise Unfit(problems)
        return drafts

    def _filed(self, article: Article, newsroom: Newsroom, before: Revision | None) -> tuple[Article, Column]:
        """The article with its column's id in place of the name that the manuscript gives, and the column.

        Raises `Unfit` if there is no such column, or it takes no new articles.
        """
        if before is not None and before.article.announces is not None:
            article = columns.rewritten(before.article, article)
        if article.announces is not None:
            return article, article.announces.column
        try:
            column = newsroom.column(article.column)
        except KeyError:
            column = None
        if column is None or (column.closed and (before is None or before.article.column != column.id)):
            waiting = [
                (one, moment.astimezone(newsroom.zone), rollout)
                for one, moment, rollout in self.store.waiting_columns(self.clock.now())
            ]
            raise Unfit({"": [columns.refuse(article.column, newsroom.columns, waiting)]})
        return article.model_copy(update={"column": column.id}), column

    def _outlets(self, channels: Sequence[str]) -> list[Outlet]:
        return [outlet for outlet in self.newsroom.outlets if not channels or outlet.id in channels]

    def _submission(self, piece: Piece, channels: Sequence[str], before: Revision | None = None) -> Submission:
        article, column = self._filed(piece.article, self.newsroom.with_columns(self.columns()), before)
        outlets = self._outlets(channels)
        return Submission(
            article=article,
            media=piece.media,
            outlets=outlets,
            column=column,
            bundling=[outlet.id for outlet in outlets if self.channel(outlet.id).together is not None],
            reading=piece.reading,
        )

    def publish(
        self,
        article: Article,
        media: Mapping[str, bytes],
        *,
        editor: str,
        channels: Sequence[str] = (),
        go_live_at: datetime | None = None,
        reading: Reading | None = None,
    ) -> Accepted:
        """Accept an article for all channels (or these). When this returns, nothing of it can be lost.

        Raises `Unfit` (and stores nothing) if a channel could never take it, `Changed` if the newsroom has
        the article with another content.
        """
        piece = Piece(article, media, reading)
        return self.publish_together([piece], editor=editor, channels=channels, go_live_at=go_live_at)

    def publish_together(
        self,
        pieces: Sequence[Piece],
        *,
        editor: str,
        channels: Sequence[str] = (),
        go_live_at: datetime | None = None,
    ) -> Accepted:
        """Accept articles as one rollout (专题): one gate, one instant. Raises as `publish` does."""
        self._refuse_too_many(len(pieces), channels)
        for piece in pieces:
            self.drafts(piece.article, channels)
        now = self.clock.now()
        accepted = self.store.publish(
            [self._submission(piece, channels) for piece in pieces],
            editor=editor,
            go_live_at=go_live_at or now,
            now=now,
        )
        return self._announce(accepted)

    def _refuse_too_many(self, count: int, channels: Sequence[str]) -> None:
        problems = {
            outlet.id: [
                Problem(
                    field="--together",
                    message=Text.of("{channel} takes {limit} articles at once", channel=outlet.name, limit=limit),
                    remedy=Text.of("leave out {over}, or submit them in several rollouts", over=count - limit),
                )
            ]
            for outlet in self._outlets(channels)
            if (limit := self.channel(outlet.id).together) is not None and 1 < limit < count
        }
        if problems:
            raise Unfit(problems)

    def correct(
        self,
        known: str,
        article: Article,
        media: Mapping[str, bytes],
        *,
        editor: str,
        note: str = "",
        go_live_at: datetime | None = None,
        reading: Reading | None = None,
    ) -> Accepted:
        """Accept a correction for every channel that the article was sent to; the last word wins.

        Raises `Impossible` if the text is another article's, `Unfit` if a channel could never take it. Without a moment
        of its own it keeps that of an article which waits for one.
        """
        keys, sent = self._keys(article), self.store.sent_to(known)
        self.store.refuse_anothers(known, keys)
        channels = [outlet.id for outlet in sent]
        self.drafts(article, channels, known if channels else None)
        now = self.clock.now()
        submission = self._submission(Piece(article, media, reading), channels, self.store.revision(known))
        # The old text still stands where nobody knows the way any more: its delivery says so, and holds up no other.
        lost = [outlet for outlet in sent if not self.knows(outlet.id)]
        accepted = self.store.correct(
            known,
            dataclasses.replace(submission, outlets=[*submission.outlets, *lost], keys=keys),
            note=note,
            editor=editor,
            go_live_at=go_live_at or self.store.awaited_moment(known, now) or now,
            now=now,
        )
        return self._announce(accepted)

    def _keys(self, article: Article) -> tuple[str, ...]:
        """What the newsroom may know a file's article by: in the column that it names; in any, if it names none."""
        columns = self._present_and_awaited()
        if article.column:
            with suppress(KeyError):
                columns = [self.newsroom.with_columns(columns).column(article.column)]
        keys = (article.model_copy(update={"column": column.id}).key for column in columns)
        return tuple(dict.fromkeys(keys))

    def open_column(self, column: Column, note: Piece, *, editor: str, go_live_at: datetime | None = None) -> Accepted:
        """Accept the opening of a column on every channel at once; `note`: its 编者按 as an article, with the banner.

        Raises `Unfit` if there is such a column already, or a channel could never open it.
        """
        article = columns.opening(column, note.article)
        if not self.store.has(article.key):
            self._refuse_taken(column, self._present_and_awaited())
        return self.publish(article, note.media, editor=editor, go_live_at=go_live_at, reading=note.reading)

    def rename_column(
        self, known: str, name: str, address: str, *, editor: str, go_live_at: datetime | None = None
    ) -> Accepted:
        """Accept another name, and another address, for a column everywhere. Raises `Unfit`."""
        before = self._column(known)
        after = before.model_copy(update={"name": name, "address": address})
        self._refuse_taken(after, [one for one in self._present_and_awaited() if one.id != before.id])
        if (before.name, before.address) == (name, address):
            self._refuse_taken(after, [before])
        made = self.store.announced(self.clock.now())
        times = sum(one.deed is Deed.RENAME and one.column.id == before.id for one in made)
        article = columns.renaming(before, name, address, self.newsroom, times)
        return self.publish(article, {}, editor=editor, go_live_at=go_live_at)

    def close_column(self, known: str, line: str, *, editor: str, go_live_at: datetime | None = None) -> Accepted:
        """Accept that a column takes no more articles, and the closing line ("": the house's own). Raises `Unfit`."""
        column = self._column(known)
        if column.closed:
            raise Unfit({"": [columns.refuse(known, self.columns(), [])]})
        return self.publish(columns.closing(column, line, self.newsroom), {}, editor=editor, go_live_at=go_live_at)

    def _column(self, known: str) -> Column:
        """The column of this id or name. Raises `Unfit`."""
        now = self.newsroom.with_columns(self.columns())
        try:
            if known:
                return now.column(known)
        except KeyError:
            pass
        raise Unfit({"": [columns.refuse(known, now.columns, [])]})

    def _present_and_awaited(self) -> list[Column]:
        """The columns as they stand, and as they will once what has been accepted for them has come."""
        return [*self.columns(), *(one.column for one, _, _ in self.store.awaited(self.clock.now()))]

    def _refuse_taken(self, column: Column, others: Sequence[Column]) -> None:
        for other in others:
            for field, value in (("name", column.name), ("id", column.id), ("address", column.address)):
                if other.is_called(value):
                    raise Unfit({"": [columns.taken(field, value, other)]})

    def withdraw(self, known: str, *, reason: str, editor: str, go_live_at: datetime | None = None) -> Accepted:
        """Accept a withdrawal from every channel that the article was sent to."""
        now = self.clock.now()
        return self._announce(
            self.store.withdraw(known, reason=reason, editor=editor, go_live_at=go_live_at or now, now=now)
        )

    def retry(self, rollout: str, *, editor: str, adopt: bool = False) -> None:
        """Try again what failed, was held or is unknown."""
        self.send(self.store.retry(rollout, editor=editor, adopt=adopt, now=self.clock.now()))

    def _announce(self, accepted: Accepted) -> Accepted:
        self.send(accepted.wakes)
        return accepted

    def hear(self, channel_id: str, method: str, query: Mapping[str, str], body: bytes) -> Heard:
        """A call from a channel's platform: whatever it concerns is looked after at once.

        Raises KeyError for a channel that is not configured, `Refused` for a call that is not the platform's.
        """
        heard = self.channel(channel_id).hear(method, query, body)
        if heard.ids:
            self.send(self.store.hasten(channel_id, heard.ids, self.clock.now()))
        return heard

    # -- for workers ----------------------------------------------------------------------------------

    def sweep(self) -> int:
        """Wake whatever is due and was forgotten; how many that were. What waits to be heard is not sent again."""
        wakes = self.store.overdue(self.clock.now(), self.waiting)
        self.send(wakes)
        return len(wakes)

    def seal(self) -> int:
        """Chain the events that have happened since the last time; how many."""
        return self.store.seal()

    def run(self, delivery_id: int) -> bool:
        """Do the next step of a delivery, if it is due and free. False: there was nothing to do."""
        claim = self.store.claim(delivery_id, self.clock.now())
        if claim is None:
            return False
        self.send(self.finish(claim, self.attempt(claim)) or ())
        return True

    def attempt(self, claim: Claim) -> Attempt:
        """Let the adapter do the claimed step. Never raises for what an adapter does."""
        with structlog.contextvars.bound_contextvars(
            rollout=f"r{claim.rollout_id}", delivery=claim.delivery_id, channel=claim.channel, fence=claim.fence
        ):
            channel = self._opened(claim)
            if not isinstance(channel, Channel):
                return Attempt(channel)
            try:
                return self._work(channel, claim)
            except (Unpublishable, Refused) as refusal:
                log.warning("refused", step=claim.step, problem=str(refusal.problem.message), detail=refusal.detail)
                return Attempt(Never(refusal.problem))
            except Unavailable as trouble:
                log.info("unavailable", step=claim.step, problem=str(trouble.problem.message), detail=trouble.detail)
                return Attempt(self._again(channel, claim, trouble))
            except Exception as error:
                log.exception("adapter failed", step=claim.step)
                return Attempt(self._again(channel, claim, Unavailable(_broken(claim.channel, error), sent=True)))

    def _opened(self, claim: Claim) -> Channel | Outcome:
        """The claimed delivery's channel, or what comes of it that there is none here."""
        if not self.knows(claim.channel):
            log.warning("unknown channel", step=claim.step, configuration=str(self.configuration.path))
            return self._at_last(claim, _unknown(claim, self.configuration))
        try:
            return self.channel(claim.channel)
        except BadConfiguration as error:  # its kind is not installed on this machine
            log.warning("channel cannot be opened", step=claim.step, problem=str(error))
            return self._at_last(claim, error.problems[0])
        except Exception as error:
            log.exception("channel cannot be opened", step=claim.step)
            return Again(_broken(claim.channel, error), None, claim.doubt)

    def _at_last(self, claim: Claim, problem: Problem) -> Outcome:
        """A person has to act, unless another worker can: one has read the configuration before it was changed."""
        if claim.attempts + 1 < ELSEWHERE:
            return Again(problem, None, claim.doubt)
        return Never(problem, claim.doubt)

    def _again(self, channel: Channel, claim: Claim, trouble: Unavailable) -> Outcome:
        deed = claim.step in (Step.PREPARE, Step.CHECK, Step.RELEASE)
        if trouble.sent and deed and channel.recovers is Recovery.PERSON:
            return Unknowable(trouble.problem)
        # A question that failed leaves the doubt about the deed before it as it was.
        doubt = (trouble.sent or claim.doubt) and deed
        # Asked sooner than that, a channel may say that it did not happen though it did.
        wait = max(trouble.retry_after or timedelta(0), channel.visibility_lag) if doubt else trouble.retry_after
        return Again(trouble.problem, wait, doubt)

    def _work(self, channel: Channel, claim: Claim) -> Attempt:
        if claim.doubt and claim.step in (Step.PREPARE, Step.RELEASE) and channel.recovers is Recovery.PERSON:
            return Attempt(Unknowable(_undecided(claim.channel)))
        asks = channel.recovers is Recovery.ASK
        previous = claim.previous
        if asks and claim.earlier and channel.visibility_lag and not claim.attempts:
            # Asked at once, the channel may not know yet what an overtaken delivery has just done.
            raise Unavailable(_undecided(claim.channel), retry_after=channel.visibility_lag)
        for earlier in claim.earlier:
            if asks:
                receipt = channel.find(self._delivery_of(channel, claim, earlier))
                self.store.settle_doubt(earlier, receipt, self.clock.now())
                if receipt.standing is not Standing.ABSENT and (previous is None or previous.id <= earlier.id):
                    previous = earlier.model_copy(update={"receipt": receipt})
        delivery = self._delivery(channel, claim, previous)
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
                return Attempt(Done(receipt), receipt)
            case Step.VERIFY:
                evidence = channel.verify(delivery)
                return Attempt(Seen(happened(claim.action, evidence.standing)), evidence=evidence)

    def _prepared(self, channel: Channel, claim: Claim, delivery: Delivery, *, asks: bool) -> Receipt:
        if claim.doubt and asks:
            found = channel.find(delivery)
            if adopted(Step.PREPARE, claim.action, found.standing):
                return found
        self._in_time(claim)
        return channel.prepare(delivery)

    def _checked(self, channel: Channel, claim: Claim, delivery: Delivery) -> Attempt:
        """Shortly before the moment: the channel works, and has what was prepared; what it has lost is made again."""
        if problems := channel.check():
            return Attempt(Again(problems[0], None, claim.doubt))
        if channel.recovers is Recovery.PERSON:  # it cannot be asked
            return Attempt(Done(claim.receipt or Receipt(standing=Standing.STAGED)))
        receipt = channel.find(delivery) if channel.recovers is Recovery.ASK else None
        if receipt is None or not adopted(Step.CHECK, claim.action, receipt.standing):
            self._in_time(claim)
            receipt = channel.prepare(delivery)
        return _staged(delivery, receipt)

    def _released(self, channel: Channel, claim: Claim, delivery: Delivery, *, asks: bool) -> Attempt:
        if claim.doubt and asks:
            found = channel.find(delivery)
            if adopted(Step.RELEASE, claim.action, found.standing):
                return Attempt(Done(found), found)
            if claim.action is not Action.WITHDRAW:
                if found.standing is Standing.ABSENT:
                    self._in_time(claim)
                    found = channel.prepare(delivery)
                if found.standing is Standing.STAGED:
                    delivery = dataclasses.replace(delivery, receipt=found)
        if claim.release_at is not None:
            self._line.wait_for(claim.release_at)
        started_at = self._in_time(claim)
        receipt = channel.withdraw(delivery) if claim.action is Action.WITHDRAW else channel.release(delivery)
        ended_at = self.clock.now()
        taken_at = receipt.at if receipt.at and started_at <= receipt.at <= ended_at else ended_at
        return Attempt(Done(receipt), receipt, started_at=started_at, ended_at=taken_at)

    def _in_time(self, claim: Claim) -> datetime:
        """Now; raises `Unavailable` if a deed begun now (half a lease at most) might not end before the lease does.

        This worker was stopped for so long that soon another will be at it, and find nothing of a call under way.
        """
        now = self.clock.now()
        if now >= claim.lease_until - self.store.pace.lease / 2:
            raise Unavailable(_stalled(claim.channel), sent=claim.doubt)
        return now

    def finish(self, claim: Claim, attempt: Attempt) -> list[Wake] | None:
        """Record what came of a claimed step; None if the claim no longer holds.

        What has happened must not be forgotten because the database is just being started again: as long as the claim
        holds it is tried anew.
        """
        while True:
            try:
                return self._record(claim, attempt)
            except SQLAlchemyError as error:
                again = self.clock.now() + RECORD_AGAIN
                if not waits.is_passing(error) or again >= claim.lease_until:
                    raise
                log.warning("not recorded yet", delivery=claim.delivery_id, error=str(waits.trouble(error).message))
                self.clock.wait_until(again)

    def _record(self, claim: Claim, attempt: Attempt) -> list[Wake] | None:
        now = self.clock.now()
        verdict = judge(
            claim.step,
            claim.action,
            attempt.outcome,
            attempts=claim.attempts,
            accepted_for=now - claim.accepted_at if claim.accepted_at else timedelta(0),
            now=now,
            pace=self.store.pace,
            chance=self.chance(),
        )
        wakes = self.store.record(
            claim,
            verdict,
            now=now,
            receipt=attempt.receipt,
            evidence=attempt.evidence,
            digest=attempt.digest,
            beside=attempt.beside,
            started_at=attempt.started_at,
            ended_at=attempt.ended_at,
        )
        log.info(
            "step" if wakes is not None else "stale step dropped",
            rollout=f"r{claim.rollout_id}",
            delivery=claim.delivery_id,
            channel=claim.channel,
            fence=claim.fence,
            step=claim.step,
            state=verdict.state,
        )
        return wakes

    def _delivery(self, channel: Channel, claim: Claim, previous: Earlier | None) -> Delivery:
        catalogue = self.store.catalogue(claim.channel, self.clock.now, self.newsroom.columns)
        newsroom = self.newsroom.with_columns(catalogue.columns())
        rendition = None if claim.action is Action.WITHDRAW else channel.render(claim.revision, newsroom)
        companions = tuple(Companion(revision=one, rendition=channel.render(one, newsroom)) for one in claim.companions)
        return Delivery(
            key=claim.key,
            action=claim.action,
            revision=claim.revision,
            configured=self.newsroom,
            rendition=rendition,
            receipt=claim.receipt,
            previous=previous.receipt if previous else None,
            reason=claim.reason if claim.action is Action.WITHDRAW else "",
            companions=companions,
            catalogue=catalogue,
            media=self.store.media(),
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


def _unknown(claim: Claim, configuration: Configuration) -> Problem:
    return Problem(
        field="channel",
        message=Text.of(
            "the newsroom's file {path} has no channel {channel}", path=str(configuration.path), channel=claim.channel
        ),
        remedy=Text.of(
            "put the channel back with this id and restart the workers, then run: newsroom retry {rollout}; "
            "if it is gone for good, withdraw {article} and submit it again, or look after it there by hand",
            rollout=f"r{claim.rollout_id}",
            article=claim.revision.id,
        ),
    )


def _stalled(channel: str) -> Problem:
    return Problem(
        field="release",
        message=Text.of("the worker was stopped before it could release on {channel}", channel=channel),
        remedy=Text.of("look why the machine stalled"),
    )


def _broken(channel: str, error: Exception) -> Problem:
    return Problem(
        field="adapter",
        message=Text.of(
            "the adapter of {channel} failed: {error}", channel=channel, error=f"{type(error).__name__}: {error}"
        ),
        remedy=Text.of("the log has the details for its maker"),
    )
