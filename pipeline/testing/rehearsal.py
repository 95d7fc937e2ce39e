"""One channel driven as the engine drives it: notebook, catalogue and pictures in memory, the same order of calls."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from itertools import count

from pipeline.article import Column, Newsroom, Revision, columns_after
from pipeline.channel import (
    Action,
    Catalogue,
    Channel,
    Companion,
    Delivery,
    Entry,
    Evidence,
    Note,
    Receipt,
    Recovery,
    Standing,
    Unavailable,
    utc_now,
)
from pipeline.testing.samples import NOON

FOLLOW_AT_MOST = 50


class MemoryNotebook:
    """A `Notebook` in memory, for tests and previews. Thread-safe. `now`: the record's clock.

    Two adapters that have one of these are one channel on two machines.
    """

    def __init__(self, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._written: dict[str, tuple[str, int, datetime]] = {}
        self._versions = count(1)
        self._guard = threading.Lock()
        self._lock = threading.Lock()
        self._holder: int | None = None
        self.deeds: list[tuple[str, str, str]] = []
        """(by, deed, page) of every write, as its event has them."""

    def read(self, page: str) -> Note | None:
        with self._guard:
            if page not in self._written:
                return None
            text, version, at = self._written[page]
            return Note(text=text, version=version, age=max(self._now() - at, timedelta(0)))

    def write(self, page: str, text: str, over: int | None = None, *, by: str = "", deed: str = "") -> bool:
        with self._guard:
            if self._version(page) != over:
                return False
            self._written[page] = (text, next(self._versions), self._now())
            self.deeds.append((by or "engine", deed or "note", page))
            return True

    def drop(self, page: str, over: int) -> bool:
        with self._guard:
            return self._version(page) == over and self._written.pop(page, None) is not None

    def pages(self, prefix: str = "") -> Sequence[str]:
        with self._guard:
            return sorted(page for page in self._written if page.startswith(prefix))

    def prune(self, prefix: str, unwritten: timedelta) -> int:
        with self._guard:
            before = self._now() - unwritten
            old = [page for page, (_, _, at) in self._written.items() if page.startswith(prefix) and at <= before]
            for page in old:
                del self._written[page]
            return len(old)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        # In the record such a channel would wait for itself until its patience ends.
        assert self._holder != threading.get_ident(), (
            "the channel's lock is taken inside itself\n"
            "  the contract: Setting.exclusive and Catalogue.exclusive are one lock, and never one inside the other\n"
            "  what to do: take it once, around all that has to stay together"
        )
        with self._lock:
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None

    def _version(self, page: str) -> int | None:
        return self._written[page][1] if page in self._written else None


class MemoryCatalogue:
    """A `Catalogue` in memory; `place` and `remove` are what the engine does as a release or withdrawal starts.

    `lock` is the channel's: that of its notebook.
    """

    def __init__(
        self, configured: Sequence[Column] = (), lock: Callable[[], AbstractContextManager[None]] | None = None
    ) -> None:
        self._configured = configured
        self._entries: dict[str, Entry] = {}
        self._lock = lock or MemoryNotebook().exclusive

    def place(self, revision: Revision, receipt: Receipt | None = None, *, imported: bool = False) -> None:
        known = self._entries.get(revision.id)
        column = revision.article.column
        self._entries[revision.id] = Entry(
            revision=revision,
            receipt=receipt or (known.receipt if known else Receipt(standing=Standing.STAGED)),
            ordinal=known.ordinal if known else self._next(None, imported=imported),
            column_ordinal=known.column_ordinal if known else self._next(column, imported=imported),
        )

    def _next(self, column: str | None, *, imported: bool) -> int:
        return -self.imported(column) - 1 if imported else self.last(column) + 1

    def remove(self, article_id: str, at: datetime, reason: str) -> None:
        if known := self._entries.get(article_id):
            self._entries[article_id] = known.model_copy(update={"withdrawn_at": at, "reason": reason})

    def exclusive(self) -> AbstractContextManager[None]:
        return self._lock()

    def entry(self, article_id: str) -> Entry | None:
        return self._entries.get(article_id)

    def _of(self, column: str | None) -> list[tuple[int, Entry]]:
        """(ordinal, entry) of one column or all, oldest first."""
        chosen = [
            (entry.ordinal if column is None else entry.column_ordinal, entry)
            for entry in self._entries.values()
            if column is None or entry.revision.article.column == column
        ]
        return sorted(chosen, key=lambda pair: pair[0])

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        found = [
            entry
            for ordinal, entry in reversed(self._of(column))
            if entry.withdrawn_at is None and (before is None or ordinal < before)
        ]
        return found[:limit]

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        return [entry for ordinal, entry in self._of(column) if first <= ordinal <= last]

    def changed(self, since: datetime, before: int, limit: int, column: str | None = None) -> Sequence[Entry]:
        found = [
            (entry.changed_at, ordinal, entry)
            for ordinal, entry in self._of(column)
            if ordinal < before and entry.changed_at is not None and entry.changed_at >= since
        ]
        return [entry for *_, entry in sorted(found, key=lambda one: one[:2], reverse=True)][:limit]

    def last(self, column: str | None = None) -> int:
        return max((0, *(ordinal for ordinal, _ in self._of(column))))

    def imported(self, column: str | None = None) -> int:
        return -min((0, *(ordinal for ordinal, _ in self._of(column))))

    def entries(self, article_ids: Sequence[str]) -> dict[str, Entry]:
        return {one: self._entries[one] for one in article_ids if one in self._entries}

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        here = self._entries[article_id]
        others = [
            entry
            for _, entry in self._of(here.revision.article.column)
            if entry.withdrawn_at is None and entry.revision.id != article_id
        ]
        before = [entry for entry in others if entry.column_ordinal < here.column_ordinal]
        after = [entry for entry in others if entry.column_ordinal > here.column_ordinal]
        return (before[-1] if before else None, after[0] if after else None)

    def columns(self) -> Sequence[Column]:
        live = sorted((one for one in self._entries.values() if one.withdrawn_at is None), key=lambda one: one.ordinal)
        announced = (entry.revision.article.announces for entry in live)
        return columns_after(self._configured, (one for one in announced if one is not None))


class MemoryMedia(dict[str, bytes]):
    """A `Media` in memory."""

    def read(self, digest: str) -> bytes:
        return self[digest]


class Rehearsal:
    """One channel driven as the engine drives it, without an engine.

    `settle` lets the channel's `visibility_lag` pass, where it has one: it is called after every public deed.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.settle: Callable[[], None] = lambda: None
        self.catalogue = MemoryCatalogue(channel.newsroom.columns, channel.setting.exclusive)
        self.media = MemoryMedia()
        self.receipts: dict[str, Receipt] = {}

    def beside(self, channel: Channel) -> Rehearsal:
        """The same channel opened on another machine: it shares the record, and nothing else."""
        other = Rehearsal(channel)
        other.settle, other.catalogue, other.media, other.receipts = (
            self.settle,
            self.catalogue,
            self.media,
            self.receipts,
        )
        return other

    @property
    def staged(self) -> Standing:
        """What `find` says of what has been prepared."""
        return Standing.STAGED if self.channel.stages else Standing.ABSENT

    @property
    def newsroom(self) -> Newsroom:
        """The newsroom as it stands now."""
        return self.channel.newsroom.with_columns(self.catalogue.columns())

    def delivery(
        self,
        revision: Revision,
        action: Action | None = None,
        *,
        reason: str = "",
        companions: tuple[Companion, ...] = (),
    ) -> Delivery:
        action = action or (Action.PUBLISH if revision.number == 1 else Action.CORRECT)
        catalogue: Catalogue = self.catalogue
        return Delivery(
            key=Delivery.key_of(revision, self.channel.outlet.id, action),
            action=action,
            revision=revision,
            configured=self.channel.newsroom,
            rendition=None if action is Action.WITHDRAW else self.channel.render(revision, self.newsroom),
            previous=self.receipts.get(revision.id),
            reason=reason,
            companions=companions,
            catalogue=catalogue,
            media=self.media,
        )

    def together(self, revisions: Sequence[Revision]) -> list[Delivery]:
        """The deliveries of a rollout of several articles."""
        companions = tuple(
            Companion(revision=one, rendition=self.channel.render(one, self.newsroom)) for one in revisions
        )
        told = companions if self.channel.together else ()
        return [self.delivery(one, companions=told) for one in revisions]

    def each(self, deliveries: Sequence[Delivery], step: Callable[[Delivery], Delivery]) -> list[Delivery]:
        """A step of articles that go out together: of those that are one publication the first one's, the leader's,
        whose receipt then is that of all."""
        if not self.channel.together:
            return [step(one) for one in deliveries]
        leader = step(deliveries[0])
        receipt = leader.receipt
        assert receipt is not None
        shared = (with_receipt(one, receipt.each.get(one.revision.id, receipt)) for one in deliveries[1:])
        return [leader, *shared]

    def release_each(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Released and followed to LIVE: all of them stand in the catalogue from the first call on."""
        for one in deliveries:
            self.catalogue.place(one.revision, one.receipt)
        live = self.each(deliveries, lambda one: self.follow(self.release(one)))
        for one in live:
            self._remember(one)
        return live

    def prepare(self, delivery: Delivery) -> Delivery:
        return with_receipt(delivery, self.channel.prepare(delivery))

    def release(self, delivery: Delivery) -> Delivery:
        """The prepared delivery released; the article stands in the catalogue from the call on, as with the engine."""
        self.catalogue.place(delivery.revision, delivery.receipt)
        try:
            delivery = with_receipt(delivery, self.channel.release(delivery))
        finally:
            self.settle()
        self._remember(delivery)
        return delivery

    def resume(self, delivery: Delivery) -> Delivery:
        """What the engine does with a release or withdrawal whose outcome is unknown: it asks before it repeats.

        As long as the channel says that it cannot tell yet (`Unavailable`), it is asked again.
        """
        for _ in range(FOLLOW_AT_MOST):
            try:
                return self._resumed(delivery)
            except Unavailable as trouble:
                said = trouble
        raise AssertionError(f"after {FOLLOW_AT_MOST} questions still unavailable") from said

    def _resumed(self, delivery: Delivery) -> Delivery:
        withdrawal = delivery.action is Action.WITHDRAW
        if self.channel.recovers is Recovery.ASK:
            found = self.channel.find(delivery)
            done = (Standing.WITHDRAWN, Standing.ABSENT) if withdrawal else (Standing.ACCEPTED, Standing.LIVE)
            if found.standing in done:
                return with_receipt(delivery, found)
            if not withdrawal:
                if found.standing is Standing.ABSENT:
                    found = self.channel.prepare(delivery)
                delivery = with_receipt(delivery, found) if found.standing is Standing.STAGED else delivery
        return self.take_back(delivery) if withdrawal else self.release(delivery)

    def follow(self, delivery: Delivery) -> Delivery:
        """Ask until the channel says LIVE; fails if it never does."""
        for _ in range(FOLLOW_AT_MOST):
            if delivery.receipt is not None and delivery.receipt.standing is Standing.LIVE:
                self._remember(delivery)
                return delivery
            delivery = with_receipt(delivery, self.channel.find(delivery))
        raise AssertionError(
            f"released, and after {FOLLOW_AT_MOST} questions still not live: find says {delivery.receipt}\n"
            "  the contract: release answers LIVE or ACCEPTED; find then follows until the public sees it: LIVE\n"
            "  what to do: let find ask the outlet for exactly this revision; if the outlet shows a deed only some "
            "time later, declare that as visibility_lag"
        )

    def publish(self, revision: Revision) -> Delivery:
        """Prepare, release and follow to LIVE."""
        return self.follow(self.release(self.prepare(self.delivery(revision))))

    def withdraw(self, revision: Revision, reason: str = "", *, at: datetime = NOON + timedelta(days=1)) -> Delivery:
        return self.take_back(self.withdrawal(revision, reason, at=at))

    def withdrawal(self, revision: Revision, reason: str = "", *, at: datetime = NOON + timedelta(days=1)) -> Delivery:
        """A withdrawal whose moment has come: the record says so before the channel is called."""
        delivery = self.delivery(revision, Action.WITHDRAW, reason=reason)
        self.catalogue.remove(revision.id, at, reason)
        return delivery

    def take_back(self, delivery: Delivery) -> Delivery:
        """The withdrawal done."""
        try:
            delivery = with_receipt(delivery, self.channel.withdraw(delivery))
        finally:
            self.settle()
        self._remember(delivery)
        return delivery

    def verify(self, delivery: Delivery) -> Evidence:
        return self.channel.verify(delivery)

    def _remember(self, delivery: Delivery) -> None:
        if delivery.receipt is not None:
            self.receipts[delivery.revision.id] = delivery.receipt
            entry = self.catalogue.entry(delivery.revision.id)
            if entry is not None and entry.withdrawn_at is None:
                self.catalogue.place(entry.revision, delivery.receipt)


def with_receipt(delivery: Delivery, receipt: Receipt) -> Delivery:
    """The delivery as it goes into its next step."""
    return dataclasses.replace(delivery, receipt=receipt)
