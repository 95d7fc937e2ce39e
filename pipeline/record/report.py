"""What became of rollouts and articles, as values: what reports are made of."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AwareDatetime, Field, computed_field

from pipeline.article import Article, Newsroom
from pipeline.article.reading import Reading
from pipeline.article.value import Frozen
from pipeline.channel import Action, Evidence, Problem, Receipt
from pipeline.rollout import DeliveryState, RolloutState


class AsRead(Frozen):
    """An article of a rollout and how its manuscript was read."""

    article: str
    """Its id."""
    revision: int
    record: Article
    reading: Reading | None
    """None where there was no manuscript, or it was read before readings were kept."""


class DeliveryReport(Frozen):
    """One line of a report."""

    id: int
    article: str
    channel: str
    kind: str
    action: Action
    required: bool
    state: DeliveryState
    attempts: int
    """Steps begun, repeats included: three for a delivery that went well at once."""
    prepared_at: AwareDatetime | None
    checked_at: AwareDatetime | None
    """When it was last known to be ready for its moment."""
    started_at: AwareDatetime | None
    """When the release call left."""
    released_at: AwareDatetime | None
    """When the channel had taken it."""
    live_at: AwareDatetime | None
    verified_at: AwareDatetime | None
    due: AwareDatetime | None
    digest: str
    receipt: Receipt | None
    evidence: Evidence | None
    error: Problem | None


class Published(Frozen):
    """An article of a rollout."""

    article: str
    """Its id."""
    headline: str
    revision: int
    column: str
    """Its id."""
    series: str
    digest: str
    """Of the revision's record."""
    imported_from: str = ""
    """Of what was imported from an archive, the manuscript's path in it."""


class Report(Frozen):
    """What became of a rollout."""

    rollout: str
    articles: tuple[Published, ...] = Field(min_length=1)
    """In the order in which they were submitted together; usually one."""
    action: Action
    state: RolloutState
    editor: str
    reason: str
    accepted_at: AwareDatetime
    go_live_at: AwareDatetime
    release_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    ready_at: AwareDatetime | None
    """Since when it waits before the gate, prepared, for those that go out; None if it does not."""
    start_ms: float | None
    """First to last release begun, in milliseconds; None before two have."""
    skew_ms: float | None
    """First to last release taken by its channel, in milliseconds; None before two channels took theirs."""
    deliveries: tuple[DeliveryReport, ...]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def article(self) -> str:
        """The id of its (first) article."""
        return self.articles[0].article

    @computed_field  # type: ignore[prop-decorator]
    @property
    def revision(self) -> int:
        """The number of its (first) article's revision."""
        return self.articles[0].revision

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cached_until(self) -> AwareDatetime | None:
        """Until when caches may still hold what a correction or withdrawal has changed; None: nothing of that kind."""
        if self.action is Action.PUBLISH:
            return None
        moments = [one.receipt.cached_until for one in self.deliveries if one.receipt]
        return max((one for one in moments if one), default=None)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def purged_at(self) -> AwareDatetime | None:
        """When all of these caches had been told to drop it; None: not all have been."""
        kept = [one for one in self.deliveries if one.receipt and one.receipt.cached_until]
        told = [one.evidence.purged_at if one.evidence else None for one in kept]
        return max((one for one in told if one), default=None) if all(told) else None

    def name(self, one: DeliveryReport, newsroom: Newsroom) -> str:
        """What a delivery is called: its channel's name, with the article's id where there are several."""
        channel = next((outlet.name for outlet in newsroom.outlets if outlet.id == one.channel), one.channel)
        return channel if len(self.articles) == 1 else f"{channel} {one.article}"

    @property
    def headline(self) -> str:
        return self.articles[0].headline


class Event(Frozen):
    """One link of the event chain."""

    id: int
    number: int | None
    """Its place in the chain; None: it is not sealed yet."""
    at: AwareDatetime
    who: str
    """The editor, or `engine`."""
    what: str
    """`publish accepted`, `release live`, `rollout complete`, `retry` …"""
    article: str
    rollout: str
    channel: str
    error: str
    digest: str
    """Of the record that was accepted, or of the rendition."""
    reading: str = ""
    """The digest of the reading that was accepted with the record."""
    account: str = ""
    """Where a person acted, the account of the operating system: `name (uid) @ host`."""
    receipt: str
    """Digest of what the channel answered, where it did (`Receipt` as JSON)."""
    evidence: str
    """Digest of what was read back (`Evidence` as JSON)."""
    hash: str
    """Empty as long as it is not sealed."""


class ArticleLine(Frozen):
    """One article in `newsroom list`."""

    id: str
    headline: str
    revision: int
    column: str
    published_at: AwareDatetime
    rollout: str
    action: Action
    state: RolloutState
    deliveries: tuple[DeliveryState, ...] = ()
    """Where its parts of that rollout stand."""


class Health(Frozen):
    """Figures for an operator, from SQL alone."""

    rollouts: Mapping[str, int]
    deliveries: Mapping[str, int]
    oldest_overdue: AwareDatetime | None
    imported: int = 0
    """Articles that were imported from archives."""
    feedback: int = 0
    """Messages of readers that are open."""


class Overview(Frozen):
    """Where things stand."""

    waiting: tuple[Report, ...]
    """What waits for a person, oldest first: held, or with a delivery that failed or is unknown."""
    under_way: tuple[Report, ...]
    """The newest of the others that are under way, newest first."""
    more: int
    """How many more are under way."""
    health: Health
