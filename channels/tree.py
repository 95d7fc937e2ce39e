"""The life of an article's files in a public tree, once for every kind that has one.

    prepare    what a release needs is staged, and it is proven that it could be put in place
    release    under the channel's lock, and only if nothing newer is its last word, the article is brought before the
               public, what names it is derived, and what was staged is forgotten
    withdraw   the same of what is left of it; what was staged is forgotten in any case

    verify     the caches that can be told are told what has changed, then it is read back
    rebuild    the same of many at once: what shows several of them is derived once

A kind says what is special: what it stages (`stage`), how it brings an entry before the public (`bring`), or many
(`bring_all`), whom it tells of it once the lock is free (`told`), and what the public sees of it (`evidence`).
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, islice
from typing import ClassVar, Self

from channels.beside import Beside
from channels.caches import Caches
from channels.files import Files
from channels.held import Held
from pipeline.article import Column, Newsroom, Revision, addresses
from pipeline.article.addresses import beside
from pipeline.channel import (
    Action,
    Asset,
    Channel,
    ChannelError,
    Delivery,
    Entry,
    Evidence,
    Note,
    Notebook,
    Receipt,
    Rendition,
    Setting,
    Standing,
    Text,
    Unavailable,
    utc_now,
)

AT_ONCE = 250
"""Articles whose files are made in one go: under one lock of the channel, with the lists once."""


class TreeChannel(Channel):
    """A channel whose publications are files under the root of `files`."""

    files: Files
    mark: ClassVar[str]
    """The name under which the rendition itself is staged, last: where it is, everything is."""

    rebuilds: ClassVar[bool] = True
    keeps_pictures: ClassVar[bool] = False
    """Whether the articles' pictures are kept beside the tree as the record has them: one kind of a newsroom is
    enough."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._led = False

    @property
    def ground(self) -> str:
        return self.files.storage.ground

    def prepare(self, delivery: Delivery) -> Receipt:
        if delivery.rendition is not None:  # a withdrawal needs no preparation
            self.files.prove(*self.places(delivery))
            self.stage(delivery, delivery.rendition)
            self.files.stage(token(delivery.revision), self.mark, delivery.rendition.body.encode())
        return self.receipt(delivery, Standing.STAGED)

    def release(self, delivery: Delivery) -> Receipt:
        return self._done(delivery, Standing.LIVE)

    def withdraw(self, delivery: Delivery) -> Receipt:
        return self._done(delivery, Standing.WITHDRAWN)

    def verify(self, delivery: Delivery) -> Evidence:
        purged_at = self.caches.purge(delivery)
        until = delivery.receipt.cached_until if delivery.receipt and self.files.is_asked else None
        return self.evidence(delivery).model_copy(update={"purged_at": purged_at, "cached_until": until})

    def figures(self) -> list[Text]:
        """How it is read back, and whether the caches in front of the site can be told what has changed."""
        if self.files.is_asked:
            found = [Text.of("read back as the public gets it: {url}", url=self.files.address)]
            try:
                self.files.seen("")
            except ChannelError as trouble:
                found += [Text.of("but from this machine it cannot be reached:"), trouble.problem.message]
        elif self.files.address:
            found = [Text.of("read back from the storage, not through {url}", url=self.files.address)]
        else:
            found = []
        return [*found, *self.caches.said()]

    def rebuild(self, deliveries: Iterable[Delivery]) -> Iterator[tuple[str, Receipt]]:
        left, self._swift._led = iter(deliveries), False
        self._swift.files.storage.staging = self.files.storage.staging
        while batch := list(islice(left, AT_ONCE)):
            yield from self._swift._rebuilt(batch)

    def differing(self, deliveries: Iterable[Delivery]) -> Iterator[str]:
        looking = type(self)(replace(self.setting, notebook=_Closed(self.setting.notebook)))
        left = iter(deliveries)
        while batch := list(islice(left, AT_ONCE)):
            looking.files.differing = []
            list(looking._rebuilt(batch))
            yield from map(looking.files.where, dict.fromkeys(looking.files.differing))

    @cached_property
    def memory(self) -> Beside:
        return Beside(self.files, pictures=self.keeps_pictures)

    @cached_property
    def caches(self) -> Caches:
        """Those between the files and their readers."""
        return Caches(self.setting, self.files.address)

    @cached_property
    def _swift(self) -> Self:
        """The same channel, which does not wait for the disk."""
        swift = type(self)(self.setting)
        swift.files.storage.waits = False
        return swift

    def _rebuilt(self, batch: Sequence[Delivery]) -> Iterator[tuple[str, Receipt]]:
        """What announces a column is brought one by one, as ever: it changes all of the column's files."""
        with batch[0].catalogue.exclusive():
            held = Held(batch[0].catalogue)
            batch = [replace(one, catalogue=held) for one in batch]
            now = held.entries([one.revision.id for one in batch])
            due = [(entry, one) for one in batch if (entry := now.get(one.revision.id)) and _is_last(one, entry)]
            for entry, one in due:
                self.memory.note(entry, one)
            plain = [(entry, one) for entry, one in due if not entry.revision.article.announces]
            if plain:
                self.bring_all(plain)
            for entry, one in due:
                if entry.revision.article.announces:
                    self.bring(entry, one)
                self.unstage(entry.revision)
        standing = {one.key: Standing.WITHDRAWN if entry.withdrawn_at else Standing.LIVE for entry, one in due}
        for one in batch:
            known = standing.get(one.key)
            yield one.revision.id, self.receipt(one, known) if known else self.find(one)

    def verify_all(self, deliveries: Iterable[Delivery]) -> Iterator[tuple[str, Evidence]]:
        reader = type(self)(self.setting)
        left = iter(deliveries)
        while batch := list(islice(left, AT_ONCE)):
            held = Held(batch[0].catalogue)
            held.read(batch)
            with reader.files.remembering():
                for one in batch:
                    try:
                        seen = reader.evidence(replace(one, catalogue=held))
                    except Unavailable:  # nobody serves it now: each is looked for again later
                        left = chain(batch[batch.index(one) :], left)
                        yield from ((unseen.revision.id, reader._unseen(unseen)) for unseen in left)
                        return
                    yield one.revision.id, seen

    def _unseen(self, delivery: Delivery) -> Evidence:
        url = self.names(delivery)[1]
        return Evidence(url=url, at=utc_now(), standing=Standing.ABSENT, digest="", extract="")

    def _done(self, delivery: Delivery, standing: Standing) -> Receipt:
        with delivery.catalogue.exclusive():
            if standing is Standing.WITHDRAWN:
                self.unstage(delivery.revision)
            entry = _due(delivery)
            if entry is None:
                if standing is Standing.WITHDRAWN and delivery.entry is None:
                    self.memory.note(_never(delivery), delivery)
                return self.find(delivery)
            self.memory.note(entry, delivery)
            with self.files.noting() as changed:
                taken = self.bring(entry, delivery)
            self.caches.note(delivery, changed)
            self.unstage(delivery.revision)
        return self.receipt(delivery, standing, self.told(entry, delivery, taken))

    # -- what is special of a kind ------------------------------------------------------------------------

    @abstractmethod
    def names(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        """The ids and the public address of the delivery's article, for its receipt."""

    @abstractmethod
    def evidence(self, delivery: Delivery) -> Evidence:
        """What the public sees of it now."""

    @abstractmethod
    def places(self, delivery: Delivery) -> Sequence[str]:
        """Paths that the delivery's release will write, one for each folder."""

    @abstractmethod
    def stage(self, delivery: Delivery, rendition: Rendition) -> None:
        """Keep under the revision's `token` what a release would else have to make."""

    @abstractmethod
    def bring(self, entry: Entry, delivery: Delivery) -> datetime:
        """Put the article, or what is left of a withdrawn one, before the public, then derive whatever names it.

        Called while the channel's lock is held. Returns when the article itself stood there. What is staged is left
        to be forgotten afterwards, so that a release broken off in the middle is seen by `find` and repeated.
        """

    @abstractmethod
    def bring_all(self, deeds: Sequence[tuple[Entry, Delivery]]) -> None:
        """`bring` for many entries, none of which announces a column."""

    def told(self, entry: Entry, delivery: Delivery, taken: datetime) -> datetime:  # noqa: ARG002
        """Tell others of it: the files are there, the lock is free. Returns when the public had the article."""
        return taken

    # -- what they share ----------------------------------------------------------------------------------

    def receipt(self, delivery: Delivery, standing: Standing, at: datetime | None = None) -> Receipt:
        """The channel's answer; `at`: see `Receipt.at`."""
        ids, url = self.names(delivery)
        done = standing in (Standing.LIVE, Standing.WITHDRAWN)
        until = self.caches.until(utc_now()) if done else None
        return Receipt(standing=standing, ids=ids, url=url, at=at, cached_until=until)

    def is_staged(self, delivery: Delivery) -> bool:
        """Whether exactly this delivery's rendition is prepared."""
        return delivery.rendition is not None and (
            self.files.staged(token(delivery.revision), self.mark) == delivery.rendition.body.encode()
        )

    def unstage(self, revision: Revision) -> None:
        """Forget what was prepared of this revision and of those before it."""
        for number in range(1, revision.number + 1):
            self.files.discard(token(revision, number))

    def keep(self, folder: str, shown: Iterable[Asset]) -> None:
        """Delete what a folder of pictures shows no more: a picture may be what was wrong."""
        self.files.prune(folder, {asset.name for asset in shown})

    # -- where columns stood before -----------------------------------------------------------------------

    def leading(self, column: Column, delivery: Delivery) -> Mapping[str, bytes]:  # noqa: ARG002
        """By the names of the column's files: what says in each one's former place where it stands."""
        return {}

    def is_free(self, address: str, newsroom: Newsroom) -> bool:
        """Whether nothing else stands at a column's former address now."""
        taken = any(column.address == address for column in newsroom.columns)
        return not taken and re.fullmatch(addresses.FOLDER, address) is not None

    def lead(self, delivery: Delivery, former: Mapping[str, Column]) -> None:
        """Make these addresses lead to columns, and nothing stand there any more. While the channel's lock is held."""
        newsroom = delivery.newsroom
        said = {address: self.leading(column, delivery) for address, column in former.items()}
        for address, documents in said.items():
            for name, document in documents.items():
                self.files.write(f"{address}/{beside(name, 'moved')}", document)
        known = addresses.read(self.files.read(addresses.LISTING))
        moves = {address: column.address for address, column in {**self._former(newsroom), **former}.items()}
        now = addresses.renewed(known, moves, {column.address for column in newsroom.columns})
        if now:
            self.files.write(addresses.LISTING, addresses.written(now))
        elif known:
            self.files.delete(addresses.LISTING)
        for address, documents in said.items():
            self.files.prune(address, {beside(name, "moved") for name in documents})

    def lead_what_does_not(self, delivery: Delivery, *, locked: bool = False) -> None:
        """Once in this process's life: make those former addresses lead that the listing has not, be it lost or the
        tree as old as the first edition. `locked`: whether the channel's lock is held already."""
        if not self._led:
            listed = addresses.read(self.files.read(addresses.LISTING))
            former = {one: column for one, column in self._former(delivery.newsroom).items() if one not in listed}
            if former:
                with nullcontext() if locked else delivery.catalogue.exclusive():
                    self.lead(delivery, former)
            self._led = True

    def leads(self, address: str, column: Column, file: str, shown: Collection[bytes | None]) -> bool:
        """Whether the public gets from a column's former address to the column: by the listing, or by what stands in
        the file's place until a server has read it. `shown`: what the file at the column's address may be."""
        listed = addresses.read(self.files.seen(addresses.LISTING)).get(address) == column.address
        there = self.files.seen(f"{address}/{file}")
        return listed and (there is None or there in shown)

    def _former(self, newsroom: Newsroom) -> dict[str, Column]:
        """The columns by the addresses that lead to them."""
        had = ((address, column) for column in newsroom.columns for address in column.former_addresses)
        return {address: column for address, column in had if self.is_free(address, newsroom)}


class _Closed:
    """A notebook in which nothing is written, whatever one is told."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, page: str) -> Note | None:
        return self._notebook.read(page)

    def write(self, page: str, text: str, over: int | None = None, *, by: str = "", deed: str = "") -> bool:  # noqa: ARG002
        return True

    def drop(self, page: str, over: int) -> bool:  # noqa: ARG002
        return True

    def pages(self, prefix: str = "") -> Sequence[str]:
        return self._notebook.pages(prefix)

    def prune(self, prefix: str, unwritten: timedelta) -> int:  # noqa: ARG002
        return 0

    def exclusive(self) -> AbstractContextManager[None]:
        return self._notebook.exclusive()


def token(revision: Revision, number: int = 0) -> str:
    """Where a revision's files are staged."""
    return f"{revision.id}.{number or revision.number}"


def _never(delivery: Delivery) -> Entry:
    """What is remembered of an article that was withdrawn before it came out: an older record must not bring it out."""
    return Entry(
        revision=delivery.revision,
        receipt=Receipt(standing=Standing.ABSENT),
        ordinal=0,
        column_ordinal=0,
        withdrawn_at=utc_now(),
        reason=delivery.reason,
    )


def _due(delivery: Delivery) -> Entry | None:
    """The article's entry, if what the delivery does is the channel's last word; None: its moment has not come, or it
    is late."""
    entry = delivery.entry
    return entry if entry is not None and _is_last(delivery, entry) else None


def _is_last(delivery: Delivery, entry: Entry) -> bool:
    if delivery.is_overtaken_by(entry):
        return False
    return delivery.action is Action.WITHDRAW or entry.revision.number == delivery.revision.number
