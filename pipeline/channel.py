"""The channel contract: the only door between the engine and the channels.

A kind of channel is one subclass of `Channel`, registered in the entry-point group
`tongfa.channels`. The engine calls its methods; it never calls the engine. Time belongs to the
engine: an adapter never loops, sleeps or repeats a call. `pipeline.testing.ChannelContract` is the
suite that every kind passes.

An adapter reports trouble with exactly three errors: `Unpublishable` and `Refused` (trying again
cannot help) and `Unavailable` (it can). Each carries a `Problem` for a person.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import AwareDatetime, Field

from pipeline.article import Column, Newsroom, Outlet, Revision
from pipeline.article.credit import Aigc
from pipeline.article.feedback import Form
from pipeline.article.problem import Problem, Text
from pipeline.article.searching import Found
from pipeline.article.value import Frozen

__all__ = [
    "Action",
    "Asset",
    "Catalogue",
    "Channel",
    "ChannelError",
    "Companion",
    "Correction",
    "Delivery",
    "Entry",
    "Evidence",
    "Heard",
    "Kept",
    "Media",
    "Memo",
    "Memory",
    "Note",
    "Notebook",
    "Problem",
    "Receipt",
    "Recovery",
    "Refused",
    "Rendition",
    "Setting",
    "Standing",
    "Text",
    "Unavailable",
    "Unpublishable",
    "utc_now",
]


class Standing(StrEnum):
    """Where an article stands on a channel, as the channel itself says."""

    ABSENT = "absent"
    """The channel knows nothing of it, and nothing of it has been public."""
    STAGED = "staged"
    """Uploaded, invisible to the public."""
    ACCEPTED = "accepted"
    """Taken for publication, not yet visible (WeChat's queue); ask `find` until it is."""
    LIVE = "live"
    """The public sees it."""
    WITHDRAWN = "withdrawn"
    """It was public and no longer is."""


class Correction(StrEnum):
    """How a channel can correct what it has published."""

    IN_PLACE = "in place"
    """The same address shows the new revision."""
    REPLACES = "replaces"
    """A new post takes the place of the old one."""
    NOTICE = "notice"
    """A notice follows; what has been seen or heard cannot be changed."""


class Recovery(StrEnum):
    """How an unknown outcome (time-out, crash) is settled."""

    ASK = "ask"
    """`find` tells whether it happened."""
    KEY = "key"
    """The channel takes `Delivery.key` and does one deed per key: the step is simply repeated."""
    PERSON = "person"
    """Neither; the delivery becomes `unknown` and a person decides."""


class Action(StrEnum):
    """What a rollout does with an article."""

    PUBLISH = "publish"
    CORRECT = "correct"
    WITHDRAW = "withdraw"


class Asset(Frozen):
    """A file that goes with a rendition: a derivative of one of the article's images."""

    name: str
    """Its name beside the rendition, unique in it and made from its content's digest."""
    media_type: str
    source: str
    """Digest of the `Image` it is made from; the bytes come from `Delivery.media`."""
    width: int
    height: int
    animated: bool = False
    """Whether it moves as its image does; else it is the image's first picture."""
    aigc: Aigc | None = None
    """The label of AI-made content that the file carries, this newsroom's part in it."""


class Rendition(Frozen):
    """A revision in one channel's native form: pure output, no side effect."""

    media_type: str
    body: str
    assets: tuple[Asset, ...] = ()
    digest: str
    """SHA-256 of body and assets; equal renditions are the same publication."""

    @classmethod
    def of(cls, media_type: str, body: str, assets: Sequence[Asset] = ()) -> Rendition:
        """The rendition with its digest computed."""
        # What is not set is not counted: an asset that gains a field is the same asset.
        content = "\0".join([media_type, body, *(asset.model_dump_json(exclude_defaults=True) for asset in assets)])
        return cls(
            media_type=media_type, body=body, assets=tuple(assets), digest=hashlib.sha256(content.encode()).hexdigest()
        )


class Receipt(Frozen):
    """What the channel answered. Serialised into the delivery's row: never a secret in it."""

    standing: Standing
    ids: dict[str, str] = Field(default_factory=dict)
    """The channel's own names for it: media id, publish id, message id …"""
    url: str = ""
    """Where the public finds it, if known."""
    at: AwareDatetime | None = None
    """When the channel had taken it, where that is before the end of the call: for files, when the article itself stood
    in public and only lists and the like were left to bring up to date. None: when the call ended."""
    again: timedelta | None = None
    """Of ACCEPTED: after which time the channel wants to be asked next, where it has a word in that."""
    note: Text | None = None
    """What a person should know or do, such as «press publish by hand»."""
    cached_until: AwareDatetime | None = None
    """Until when caches between the outlet and its readers may still hold what was there before. None: there are no
    such caches."""
    each: dict[str, Receipt] = Field(default_factory=dict)
    """Of several articles in one publication: the receipts of the others, by their ids, where they have something of
    their own, such as an address. Whoever is not in it has this very one."""


class Evidence(Frozen):
    """What was read back from where the public gets it."""

    url: str
    """Where it was looked for. "" only where the channel gives an article no address before it is public."""
    at: AwareDatetime
    """When it was read."""
    standing: Standing
    """LIVE only if the public sees exactly the delivery's revision."""
    digest: str
    """Digest of what was read, in the adapter's terms; of a withdrawn article that of its notice. "": nothing there."""
    extract: str
    """A line a person recognises: the headline as published; of a withdrawn article its notice or the reason. "":
    nothing there."""
    cached_until: AwareDatetime | None = None
    """Until when this may be what a cache holds from before; None: it was read beyond all caches."""
    purged_at: AwareDatetime | None = None
    """When the caches had been told to drop what has changed; None: none is told."""


class Heard(Frozen):
    """What a channel made of a call that its platform made to the newsroom."""

    reply: str = ""
    media_type: str = "text/plain"
    ids: dict[str, str] = Field(default_factory=dict)
    """Names in a delivery's receipt: the deliveries that carry them are looked after at once."""


class Entry(Frozen):
    """One article in a channel's catalogue. No correction moves it to another column, or changes its series' number."""

    revision: Revision
    receipt: Receipt
    ordinal: int
    """Its permanent number on the channel, from 1 in order of release; gaps stay. What was imported from an archive is
    before all that: -1 downwards, from the newest on."""
    column_ordinal: int
    """The same within its column."""
    withdrawn_at: AwareDatetime | None = None
    """Set once it has been withdrawn; `reason` then holds the public reason."""
    reason: str = ""

    @property
    def changed_at(self) -> datetime | None:
        """When what stands there was last corrected, or withdrawn; None: it is as it was first published."""
        return self.withdrawn_at or self.revision.corrected_at


class Catalogue(Protocol):
    """What stands on one channel: every article whose moment has come, also those released this very instant.

    Lists, feeds and indexes are derived from this alone, while `exclusive` is held: then simultaneous
    releases cannot lose each other's entry, a late worker cannot bring back an older state, and a
    rebuild gives the same bytes. An entry released at this instant by another worker may not have
    its own page yet: who links to pages looks first whether they are there.
    """

    def exclusive(self) -> AbstractContextManager[None]:
        """The channel's lock: that of `Setting.exclusive`. Raises `Unavailable` if it is not free in time."""

    def entry(self, article_id: str) -> Entry | None:
        """The article's current entry, also if withdrawn; None if its moment has not come."""

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        """Entries not withdrawn, newest first, of one column (by id) or all; `before` excludes its ordinal and
        later ones (the column's ordinals if a column is given)."""

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        """Entries with ordinals `first` … `last`, withdrawn ones included, oldest first."""

    def changed(self, since: datetime, before: int, limit: int, column: str | None = None) -> Sequence[Entry]:
        """Entries with ordinals below `before` that have been corrected or withdrawn at `since` or later
        (`Entry.changed_at`), latest change first, of two at one moment the higher ordinal first."""

    def last(self, column: str | None = None) -> int:
        """The highest ordinal given so far to what was released, 0 if none."""

    def imported(self, column: str | None = None) -> int:
        """How many ordinals below zero have been given: those of imported articles."""

    def entries(self, article_ids: Sequence[str]) -> Mapping[str, Entry]:
        """`entry` of each of these, by id; of whom the moment has not come is not among them."""

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        """The live articles of the same column right before and right after this one (withdrawn or not)."""

    def columns(self) -> Sequence[Column]:
        """The newsroom's columns as they stand now: configured or opened, closed ones included, in the menu's order.

        While `exclusive` is held it is one and the same answer.
        """


class Media(Protocol):
    """The bytes of images, by digest."""

    def read(self, digest: str) -> bytes:
        """The file's bytes; KeyError if there is no such image."""


class Memo(Frozen):
    """What the record wants to be remembered with a deed, outside of itself: by that it is known later whether the
    record is one that knows of the deed."""

    position: int
    """Rises with everything that happens in the record."""
    text: str
    """In the record's own words."""


class Kept(Frozen):
    """What a channel remembers of the last deed that changed an article's place in public."""

    entry: Entry
    """Its ordinals are 0 if it was withdrawn before it ever had a place."""
    memo: Memo


class Memory(Protocol):
    """What a channel remembers beside its public files, where no reader gets: what it has brought before the public.

    If the record is lost and an older one takes its place, it is told here what has happened since.
    """

    def note(self, entry: Entry, delivery: Delivery) -> None:
        """Remember that this entry stands before the public, with the delivery's memo. While the channel's lock is
        held."""

    def last(self) -> Memo | None:
        """The memo with the highest position; None if nothing is remembered."""

    def stamp(self, memo: Memo) -> None:
        """From now on this is the last one, whatever stood there: the record has been told all."""

    def all(self) -> Iterator[Kept]:
        """What is remembered, one for each article."""

    def picture(self, digest: str) -> bytes | None:
        """An article's picture as the record had it; None if this channel does not keep it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Companion:
    """One of several articles that a rollout publishes together (专题)."""

    revision: Revision
    rendition: Rendition


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One channel's part of a rollout, as the adapter sees it."""

    key: str
    """Stable name of the deed: article, revision, channel and action. Idempotency key where one is taken, together
    with the rendition's digest where content is sent under it: a held rollout that is tried again has a new date."""
    action: Action
    revision: Revision
    """For a withdrawal the revision last published; `reason` holds why."""
    configured: Newsroom
    """As the configuration file has it; see `newsroom`."""
    rendition: Rendition | None = None
    """What `render` gave; None for a withdrawal."""
    receipt: Receipt | None = None
    """What this delivery's own earlier steps got."""
    previous: Receipt | None = None
    """What the article's earlier delivery on this channel got, published or only staged."""
    reason: str = ""
    """The public reason of a withdrawal."""
    companions: tuple[Companion, ...] = ()
    """The rollout's articles in their order, this one among them, where the channel puts several into one publication
    (`Channel.together`); empty for an article that goes out alone. What has been overtaken is not in it, so what was
    prepared with others is outdated. The receipt is that of all of them (`Receipt.each`); each is verified itself."""
    memo: Memo | None = field(default=None, repr=False)
    """What a kind with a `Channel.memory` keeps in it before it changes anything public."""
    catalogue: Catalogue = field(repr=False)
    media: Media = field(repr=False)

    @staticmethod
    def key_of(revision: Revision, channel: str, action: Action) -> str:
        """The key of this deed on the channel with this id."""
        return f"{revision.id}.{revision.number}.{channel}.{action}"

    @property
    def newsroom(self) -> Newsroom:
        """The newsroom with its columns as they stand now (`Catalogue.columns`)."""
        return self.configured.with_columns(self.catalogue.columns())

    @property
    def entry(self) -> Entry | None:
        """The article's entry on the channel as it stands now; None: its moment has not come. Read anew each time."""
        return self.catalogue.entry(self.revision.id)

    @property
    def is_late(self) -> bool:
        """Whether something newer is the channel's last word: this deed must not be done any more.

        For a publication or correction that is a newer revision, or that the article is withdrawn; for a withdrawal,
        that it stands. Whoever changes something public asks this while he holds the channel's lock.
        """
        entry = self.entry
        return entry is not None and self.is_overtaken_by(entry)

    def is_overtaken_by(self, entry: Entry) -> bool:
        """The rule of `is_late`, for who has read the entry already."""
        if self.action is Action.WITHDRAW:
            return entry.withdrawn_at is None
        return entry.withdrawn_at is not None or entry.revision.number > self.revision.number


class Note(Frozen):
    """A page of a notebook as it was read."""

    text: str
    version: int
    """Names what was written: no later text of the page bears it, also after the page was dropped."""
    age: timedelta
    """How long ago that was, by the record's own clock: those of several machines differ."""


class Notebook(Protocol):
    """What one channel has to remember between two calls: pages of text in the record, one and the same on every
    machine.

    Pages are named by the adapter (`programme/2026-11-24`). Each change is committed when the call returns, and is an
    event with the page's name, its version and the digest of its text, never the text itself. While the record cannot
    be used every method raises `Unavailable` with `sent`, since the adapter may be in the middle of a deed.
    """

    def read(self, page: str) -> Note | None:
        """The page as it stands; None if there is none."""

    def write(self, page: str, text: str, over: int | None = None, *, by: str = "", deed: str = "") -> bool:
        """Compare and set: the text in the place of version `over`; None: the page must not be there yet.

        False, and nothing has happened, if something else stands there: of several that write over one version, one
        gets True. For the event, `by` names the person who decided it, if one did, and `deed` says in at most 32
        characters what it was.
        """

    def drop(self, page: str, over: int) -> bool:
        """Remove the page if it still is of this version; whether it was."""

    def pages(self, prefix: str = "") -> Sequence[str]:
        """The names that begin with `prefix`, in the order of their characters."""

    def prune(self, prefix: str, unwritten: timedelta) -> int:
        """Remove the pages that begin with `prefix` and have not been written for so long; how many they were."""

    def exclusive(self) -> AbstractContextManager[None]:
        """See `Setting.exclusive`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """Where a channel instance lives: what `Channel` is constructed with."""

    outlet: Outlet
    newsroom: Newsroom
    data: Path
    """The data folder of this machine, which no other one sees and which may be lost at any time: a kind keeps in it,
    under its own id, what it can make again, and what people are to find there."""
    notebook: Notebook = field(repr=False)
    """Whatever the kind has to remember stands here and nowhere else."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The process's environment: the only place secrets come from."""

    def exclusive(self) -> AbstractContextManager[None]:
        """The channel's lock, over processes and machines: the one that `Catalogue.exclusive` takes as well, so never
        one inside the other. Free again when its holder ends, however that happens.

        Raises `Unavailable`, with who or what is in the way, if it is not free in time.
        """
        return self.notebook.exclusive()


class ChannelError(Exception):
    """Root of the three errors an adapter may raise. `problem` is for a person, `detail` for the log."""

    def __init__(self, problem: Problem, *, detail: str = "") -> None:
        super().__init__(f"{problem.field}: {problem.message}")
        self.problem = problem
        self.detail = detail


class Unpublishable(ChannelError):
    """The article itself cannot go out here as it is: permanent until somebody corrects it."""

    @classmethod
    def over(cls, field: str, limit: int, actual: int) -> Unpublishable:
        """A field is longer than the channel takes; both numbers in characters."""
        return cls(
            Problem(
                field=field,
                message=Text.of(
                    "{field} has {actual} characters, the channel takes {limit}",
                    field=field,
                    actual=actual,
                    limit=limit,
                ),
                remedy=Text.of("shorten {field} by {over} characters", field=field, over=actual - limit),
            )
        )


class Refused(ChannelError):
    """The channel said no and will say no again (credentials, rights, a ban). `code` is its own word for it."""

    def __init__(self, problem: Problem, *, code: str = "", detail: str = "") -> None:
        super().__init__(problem, detail=detail)
        self.code = code


class Unavailable(ChannelError):
    """The channel could not be reached or was busy: the engine tries again.

    `retry_after`: what the channel asked for. `sent`: the request may have had its effect, so the
    outcome is unknown and the engine asks (`find`) before it repeats.
    """

    def __init__(
        self, problem: Problem, *, retry_after: timedelta | None = None, sent: bool = False, detail: str = ""
    ) -> None:
        super().__init__(problem, detail=detail)
        self.retry_after = retry_after
        self.sent = sent


class Channel(ABC):
    """One configured channel. Instances are shared by threads; keep no state of a delivery in them."""

    kind: ClassVar[str]
    corrects: ClassVar[Correction]
    recovers: ClassVar[Recovery] = Recovery.ASK
    together: ClassVar[int | None] = None
    """How many articles of one rollout the channel puts into one publication at most; None: each is its own. Of those
    one, the leader, is prepared, checked, released and followed, and its receipt is that of all."""
    stages: ClassVar[bool] = True
    """Whether the channel can hold an article that the public does not see: drafts, staged files. Where it cannot,
    `prepare` need not be written, and `find` says ABSENT where others say STAGED."""
    rebuilds: ClassVar[bool] = False
    """Whether `rebuild` is written: whether it can bring thousands of articles before the public at once, because all
    that the public gets of them are files that the record can make again."""
    pins: ClassVar[bool] = False
    """Whether `pin` is written: whether one article can be put before all others there (头条)."""
    visibility_lag: ClassVar[timedelta] = timedelta(0)
    """How long after a deed `find` may still say it did not happen."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.outlet = setting.outlet
        self.newsroom = setting.newsroom
        self.options: Mapping[str, Any] = setting.outlet.options

    @property
    def ground(self) -> str:
        """Where only this channel may bring anything: a folder, without links, the address of a storage, an account.
        Two channels on one ground would spoil each other's work, so such a configuration is refused; and what is public
        on it stays there when the channel is given another. "": nobody else could be there."""
        return ""

    @property
    def memory(self) -> Memory | None:
        """What it remembers beside its public files; None for a kind that has none, and knows what its outlet tells."""
        return None

    def close(self) -> None:  # noqa: B027 - most kinds have none
        """Let go of standing connections: the configuration has changed, and another instance has taken its place.

        No step of this one is under way."""

    def restored(self) -> None:  # noqa: B027 - most kinds ask the outlet first
        """The record, and with it the notebook, has been set back to a backup: what the notebook says of the outlet may
        be older than what the outlet has. Called once, while no worker works; asks no outlet."""

    def warm(self) -> None:  # noqa: B027 - most kinds need none
        """Load and make what every article needs and what takes long: templates, models, pictures that are drawn.

        Called once by each worker before its first step, so that no release waits for it; a command that renders one
        article does without, so `__init__` is the wrong place.
        """

    @abstractmethod
    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        """The revision in this channel's form. Pure and deterministic; raises `Unpublishable`."""

    def preview(self, revision: Revision, rendition: Rendition, newsroom: Newsroom, media: Media) -> tuple[str, bytes]:  # noqa: ARG002
        """What the public will see, as one file that is complete in itself: its media type and its content."""
        return rendition.media_type, rendition.body.encode()

    def remarks(self, rendition: Rendition) -> list[Text]:  # noqa: ARG002
        """What an editor should look at in it, though it can go out as it is."""
        return []

    def prepare(self, delivery: Delivery) -> Receipt:  # noqa: ARG002
        """Upload or stage everything, invisible to the public: STAGED. Safe to repeat.

        Asked for once more before the release where the rendition has become another one: what was accepted in an
        earlier minute is dated by that of its instant.

        A kind that `stages` has to write it. One that does not may look here whether the channel could take it.
        """
        if self.stages:
            raise NotImplementedError(f"{type(self).__name__} says that it stages, so it needs prepare")
        return Receipt(standing=Standing.STAGED)

    @abstractmethod
    def release(self, delivery: Delivery) -> Receipt:
        """Make the prepared revision public, quickly: LIVE or ACCEPTED. Safe to repeat.

        If it `is_late`, do nothing and answer as `find` does.
        """

    @abstractmethod
    def find(self, delivery: Delivery) -> Receipt:
        """Where this delivery's revision stands: a question that brings nothing before the public.

        Asked after an unknown outcome and to follow ACCEPTED. Where the platform decides the moment of visibility and
        a correction is a new post (REPLACES), following also takes down the older one, once the new one is public.

        For publish and correct, an older revision that is still public does not count: ABSENT, or STAGED
        if this one is prepared. For withdraw: LIVE as long as any revision is public, STAGED if only drafts of it
        are left, else WITHDRAWN, or ABSENT if none ever was public.
        """

    @abstractmethod
    def withdraw(self, delivery: Delivery) -> Receipt:
        """Take the article off the channel, staged or live. Safe to repeat.

        WITHDRAWN, or ABSENT if it never was there. If it `is_late`, do nothing and answer as `find` does.
        """

    @abstractmethod
    def verify(self, delivery: Delivery) -> Evidence:
        """Read it back from where the public gets it, and say what was seen, whatever was expected."""

    def rebuild(self, deliveries: Iterable[Delivery]) -> Iterator[tuple[str, Receipt]]:
        """Put articles where the public gets them, as the catalogue has them: an archive that is imported, or whatever
        was lost. Yields each article's id with what `find` says of it now, in the order given, after each batch.

        The same bytes as the ordinary way, however the deliveries are divided; what shows many articles is written once
        a batch, and a batch is taken from the iterable as it is needed. Nobody is told of it as of news (hubs,
        webhooks), and nothing waits for the disk. Whatever the catalogue knows something newer of is left to that: safe
        to repeat, beside releases too. The deliveries are one channel's, and none needs to have been prepared.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot make its files anew")

    def differing(self, deliveries: Iterable[Delivery]) -> Iterator[str]:
        """Where a person would see what `rebuild` would change now: somebody was at it by hand, or it is lost. Changes
        nothing. A kind that `rebuilds` has it, too."""
        raise NotImplementedError(f"{type(self).__name__} cannot make its files anew")

    def verify_all(self, deliveries: Iterable[Delivery]) -> Iterator[tuple[str, Evidence]]:
        """`verify` of many articles: their ids, with what was seen. A kind that can reads once what shows many of them;
        then what was read may be some seconds older than `Evidence.at`."""
        return ((delivery.revision.id, self.verify(delivery)) for delivery in deliveries)

    def pin(self, entry: Entry, until: datetime | None, catalogue: Catalogue, *, by: str, at: datetime) -> None:
        """Let an article that is public there go before all others, from now until then; None: no longer.

        `by` decided it, `at` that moment. Called by a person's command: nothing of it is a delivery, and what the
        article's own manuscript says of it (`Article.lead`) the kind reads for itself.
        """
        raise NotImplementedError(f"{type(self).__name__} has no place for a lead")

    @abstractmethod
    def check(self) -> list[Problem]:
        """What is wrong with configuration, credentials, quotas or devices; empty if nothing.

        For `newsroom doctor`, and shortly before the moment of a rollout that was prepared long ahead.
        """

    def figures(self) -> list[Text]:
        """What an operator may want to know, such as how much of a quota is used. For `newsroom doctor`."""
        return []

    def inside(self, path: str, client: str) -> tuple[int, bytes] | None:  # noqa: ARG002
        """What stands at `/inside/{channel's id}/{path}` for the newsroom, not for the public: status and content; None
        if there is nothing, or nothing for whoever asks. `client` is his address, "" where that is not beyond doubt.
        """
        return None

    def asked(self, page: Found | Form, newsroom: Newsroom) -> bytes | None:  # noqa: ARG002
        """A page in the channel's own frame that the server makes when readers ask for it: what they found, or the form
        by which they tell the newsroom something; None if the kind has no such pages."""
        return None

    def hear(self, method: str, query: Mapping[str, str], body: bytes) -> Heard:  # noqa: ARG002
        """A call from the platform to `/hooks/{channel's id}`, only ever a hint: the engine then asks `find`.

        Raises `Refused` for a call that is not signed by the platform; a kind that expects none refuses all.
        """
        raise Refused(
            Problem(
                field=self.outlet.id,
                message=Text.of("{channel} expects no calls", channel=self.outlet.id),
                remedy=Text.of("correct the address configured at the platform"),
            )
        )


def utc_now() -> datetime:
    """Now, aware: by the clock that all machines of the newsroom go by (`go_by`), however this one's is set.

    Adapters date by it what they did and read, and tell the day; how long something takes they never measure with it.
    """
    return _clock[-1]()


def go_by(clock: Callable[[], datetime]) -> None:
    """From now on `utc_now` tells this clock's time, in the whole process: like `datetime.now` it is one for all."""
    _clock[:] = [clock]


def _machines() -> datetime:
    return datetime.now(UTC)


_clock: list[Callable[[], datetime]] = [_machines]
