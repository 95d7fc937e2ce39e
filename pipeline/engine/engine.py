"""The engine: accept a submission, run one step of a delivery, sweep for what is due. No Celery here.

    submit → deliveries are rows → `Wake`s are sent (best effort) → `run` claims, lets the adapter work, records

Everything that may be lost, doubled, late or out of order is only a wake-up.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import AwareDatetime

from pipeline import faults
from pipeline.article import Article, Column, Deed, Newsroom, Outlet, Place, Revision, columns_after
from pipeline.article.reading import Reading
from pipeline.article.value import Frozen
from pipeline.channel import Channel, ChannelError, Heard, Problem, Rendition, Text
from pipeline.engine import columns, heads
from pipeline.engine.channels import NOWHERE, Channels, refuse_retired
from pipeline.engine.moment import Clock
from pipeline.engine.steps import Steps
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.record.gate import Wake
from pipeline.record.refusals import leads_nowhere
from pipeline.record.store import Store
from pipeline.record.submission import Accepted, Submission
from pipeline.record.sweeping import Waiting


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
        self.clock = clock or store.clock
        self._given = channels or {}
        self.channels = Channels(configuration, store, self._given)
        self.steps = Steps(configuration, self.channels, store, self.clock, chance)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()

    def _wall(self, moment: datetime) -> datetime:
        """What people's clocks show at a moment of the record's time."""
        return self.store.clock.wall(moment)

    def _moment(self, asked: datetime | None) -> datetime | None:
        """The record's time of the moment that a person asked for, None if he asked for none."""
        return asked and self.store.clock.steady(asked)

    def take_up(self, configuration: Configuration, *, warm: bool = True) -> None:
        """Go by another configuration of this newsroom from now on. A step that is under way ends with the one that it
        began with. Called by one thread at a time.

        Every adapter is made anew, and the former ones are closed after their last step. Raises `BadConfiguration`,
        and goes on as before, where a channel that is new or changed cannot be opened, two would be in one place, or
        something of the newsroom would be forgotten that public articles need.
        """
        self._refuse_forgotten(configuration)
        before, channels = self.channels, Channels(configuration, self.store, self._given)
        channels.settle(but=before.outlets)
        if warm:
            channels.warm()
        self.steps = self.steps.after(configuration, channels)
        self.configuration, self.newsroom, self.channels = configuration, configuration.newsroom, channels
        before.leave()

    def _refuse_forgotten(self, configuration: Configuration) -> None:
        was, now = self.newsroom.columns, configuration.newsroom.columns
        if {(one.id, one.address) for one in was} - {(one.id, one.address) for one in now} and (
            problems := columns.forgotten(was, now, self.store.column_counts())
        ):
            raise BadConfiguration(configuration.path, tuple(problems))

    # -- for editors ----------------------------------------------------------------------------------

    def channel(self, channel_id: str) -> Channel:
        """The adapter of a configured channel. KeyError if none is configured so."""
        return self.channels[channel_id]

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
            ColumnLine(column=one, state="waiting", articles=0, opens_at=self._wall(moment), rollout=rollout)
            for one, moment, rollout in self.store.waiting_columns(now)
        ]
        return [*lines, *waiting]

    def drafts(self, article: Article, channels: Sequence[str] = (), known: str | None = None) -> list[Draft]:
        """The article rendered for every channel (or these), as it would go out now. Raises `Unfit`.

        `known`: the id of the article it would correct.
        """
        wall = self._wall(self.clock.now())
        newsroom = self.newsroom.with_columns(self.columns())
        before = None if known is None else self.store.revision(known)
        article, column = self._filed(article, newsroom, before)
        place = Place.unknown() if before else self.store.place(column)
        article = article.completed(column, place, before.article if before else None)
        if before is None:
            revision = Revision(id="a0", number=1, article=article, published_at=wall)
        else:
            revision = Revision(
                id=before.id,
                number=before.number + 1,
                article=article,
                published_at=before.published_at,
                corrected_at=wall,
            )
        drafts, problems = [], {}
        for outlet in self._outlets(channels):
            channel = self.channel(outlet.id)
            try:
                rendition = faults.rendered(channel, revision, newsroom)
                drafts.append(Draft(outlet=outlet, revision=revision, rendition=rendition))
            except (ChannelError, faults.NotRendered) as error:
                problems[outlet.id] = [faults.unfit(channel, error)]
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
                (one, self._wall(moment).astimezone(newsroom.zone), rollout)
                for one, moment, rollout in self.store.waiting_columns(self.clock.now())
            ]
            raise Unfit({"": [columns.refuse(article.column, newsroom.columns, waiting)]})
        return article.model_copy(update={"column": column.id}), column

    def _outlets(self, channels: Sequence[str]) -> list[Outlet]:
        """These channels, or those that take new articles. What is done on a retired one is required nowhere: nobody
        looks after it any more."""
        return [
            outlet.model_copy(update={"required": outlet.required and not outlet.retired})
            for outlet in self.newsroom.outlets
            if (outlet.id in channels if channels else not outlet.retired)
        ]

    def _refuse_retired(self, channels: Sequence[str]) -> None:
        retired = {one.id: [refuse_retired(one)] for one in self.newsroom.outlets if one.retired and one.id in channels}
        if retired or not self._outlets(channels):
            raise Unfit(retired or {"": [NOWHERE]})

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
        urgent: bool = False,
    ) -> Accepted:
        """Accept an article for all channels (or these). When this returns, nothing of it can be lost.

        Raises `Unfit` (and stores nothing) if a channel could never take it, `Changed` if the newsroom has
        the article with another content.
        """
        piece = Piece(article, media, reading)
        return self.publish_together([piece], editor=editor, channels=channels, go_live_at=go_live_at, urgent=urgent)

    def publish_together(
        self,
        pieces: Sequence[Piece],
        *,
        editor: str,
        channels: Sequence[str] = (),
        go_live_at: datetime | None = None,
        urgent: bool = False,
    ) -> Accepted:
        """Accept articles as one rollout (专题): one gate, one instant. Raises as `publish` does, and
        `BadConfiguration` where two channels have one place.

        `urgent`: before all that waits; of what the newsroom has already and is under way, from now on.
        """
        self.channels.grounds(but=self.channels.outlets)  # two in one place: nothing new goes out by such a file
        self._refuse_retired(channels)
        self._refuse_too_many(len(pieces), channels)
        for piece in pieces:
            self.drafts(piece.article, channels)
        now = self.clock.now()
        accepted = self.store.publish(
            [self._submission(piece, channels) for piece in pieces],
            editor=editor,
            go_live_at=self._moment(go_live_at) or now,
            now=now,
            urgent=urgent,
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
        dry: bool = False,
    ) -> Accepted:
        """Accept a correction for every channel that the article was sent to; the last word wins.

        Raises `Impossible` if the text is another article's, `Unfit` if a channel could never take it. Without a moment
        of its own it keeps that of an article which waits for one. `dry`: only look what would become of it.
        """
        keys, sent = self._keys(article), self.store.sent_to(known)
        self.store.refuse_anothers(known, keys)
        channels = [outlet.id for outlet in sent]
        self.drafts(article, channels, known if channels else None)
        now = self.clock.now()
        submission = self._submission(Piece(article, media, reading), channels, self.store.revision(known))
        # The old text still stands where nobody knows the way any more: its delivery says so, and holds up no other.
        lost = [outlet for outlet in sent if outlet.id not in self.channels]
        accepted = self.store.correct(
            known,
            dataclasses.replace(submission, outlets=[*submission.outlets, *lost], keys=keys),
            note=note,
            editor=editor,
            go_live_at=self._moment(go_live_at) or self.store.awaited_moment(known, now) or now,
            now=now,
            dry=dry,
        )
        return accepted if dry else self._announce(accepted)

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

    def withdraw(
        self, known: str, *, reason: str, editor: str, go_live_at: datetime | None = None, dry: bool = False
    ) -> Accepted:
        """Accept a withdrawal from every channel that the article was sent to. `dry`: as with `correct`."""
        now = self.clock.now()
        moment = self._moment(go_live_at) or now
        accepted = self.store.withdraw(known, reason=reason, editor=editor, go_live_at=moment, now=now, dry=dry)
        return accepted if dry else self._announce(accepted)

    def retry(self, rollout: str, *, editor: str, adopt: bool = False) -> None:
        """Try again what failed, was held or is unknown."""
        self.send(self.store.retry(rollout, editor=editor, adopt=adopt, now=self.clock.now()))

    def lead(self, known: str, until: datetime | None, *, editor: str) -> list[Outlet]:
        """Let an article lead until then wherever there is a lead (头条), None: no longer. The channels concerned.

        `Impossible` if it is public on none of them.
        """
        self.store.revision(known)
        now, done = self.clock.now(), []
        for outlet in self.newsroom.outlets:
            channel = self.channel(outlet.id)
            catalogue = self.store.catalogue(outlet.id, self.clock.now, self.newsroom.columns)
            entry = catalogue.entry(known) if channel.pins else None
            if entry is not None and entry.withdrawn_at is None:
                channel.pin(entry, until, catalogue, by=editor, at=self._wall(now))
                done.append(outlet)
        if not done:
            raise leads_nowhere(known)
        return done

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

    def inside(self, channel_id: str, path: str, client: str) -> tuple[int, bytes] | None:
        """What a channel shows to the newsroom alone, see `Channel.inside`; None for one that is not configured."""
        try:
            channel = self.channel(channel_id)
        except KeyError:
            return None
        return channel.inside(path, client)

    # -- for workers ----------------------------------------------------------------------------------

    def warm(self) -> None:
        """Let every channel load what takes long. One that cannot is told of where it is needed."""
        self.channels.warm()

    def sweep(self) -> int:
        """Wake whatever is due and was forgotten; how many that were. What waits to be heard is not sent again."""
        now = self.clock.now()
        wakes = [*self.store.admit(now), *self.store.overdue(now, self.waiting)]
        self.send(wakes)
        return len(wakes)

    def have_heard(self, deliveries: Sequence[int]) -> None:
        """The wake-ups of these deliveries have arrived, and wait for a thread: nobody need send them again yet."""
        self.store.heard(deliveries, self.clock.now())

    def seal(self) -> int:
        """Chain the events that have happened since the last time; how many."""
        return self.store.seal()

    def send_heads(self) -> int:
        """Send the head of the chain outside, wherever it is due; to how many places."""
        if not any(heads.places(self.configuration.audit)):
            return 0
        return heads.send_due(self.configuration.audit, self.newsroom, self.store)

    def index(self) -> int:
        """Follow what has been sealed, so that readers find it; how many revisions were added."""
        return self.store.index()

    def run(self, delivery_id: int, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Do the next step of a delivery, if it is due and free, and what can be done at once after it.

        False: there was nothing to do. `go_on`: whether the thread may do more than one step.
        """
        claim = self.store.claim(delivery_id, self.clock.now())
        if claim is None:
            return False
        before, steps = None, self.steps  # to the end of it by one configuration
        with steps.in_use():
            while claim is not None:
                attempt = steps.attempt(claim, before)
                done = steps.finish(claim, attempt, go_on=go_on())
                before = attempt.delivery
                self.send(done.wakes if done else ())
                claim = done.following if done else None
        return True
