"""The steps of a delivery on an account, as far as all modes share them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from channels.wechat.account import Account, Draft, Status
from channels.wechat.content.look import Look
from channels.wechat.content.marker import Marker, digest_of, name_of
from channels.wechat.content.rendition import (
    said,
)
from channels.wechat.errors import UsedUp, asked, until_tomorrow
from channels.wechat.ledger import Ledger, Submission
from channels.wechat.media import BUDGET, Pictures
from channels.wechat.posting.companions import each_of, holds, order_of, own_marker, together
from channels.wechat.posting.remarks import LEFT_STANDING, QUEUED, UNSEEN
from channels.wechat.posting.sent import Articles, Wanted, is_story
from channels.wechat.posting.traces import Traces, has_been_out, kept_traces, shown_ids
from channels.wechat.series import lines
from pipeline.channel import (
    Action,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Refused,
    Standing,
    Text,
    Unavailable,
    utc_now,
)

SETTLING = 300.0
"""Seconds after which a submission whose answer was lost shows among drafts and posts what became of it."""
FOLLOW = 5.0
"""Seconds between the first two questions what became of a submission; later half of the time gone by, because WeChat
takes 100 questions a day for all articles together."""


class Posting(ABC):
    """One mode: the steps of `Channel`. Knows nothing but what the delivery, the ledger and WeChat say."""

    _publication = "publish_id"
    """What a publication is called in a receipt."""

    def __init__(
        self,
        account: Account,
        pictures: Pictures,
        ledger: Ledger,
        *,
        name: str,
        look: Look,
        now: Callable[[], datetime] = utc_now,
        settling: float = SETTLING,
        follow: float = FOLLOW,
        tag: int | None = None,
    ) -> None:
        self.account = account
        self.articles = Articles(pictures)
        self.ledger = ledger
        self.name = name
        """The account's name, for people."""
        self.look = look
        self.now = now
        self.settling = timedelta(seconds=settling)
        self.follow = timedelta(seconds=follow)
        self.tag = tag
        self.traces = Traces(account, ledger, name=name, publication=self._publication, settling=self.settling)

    # -- the steps -----------------------------------------------------------------------------------------

    def prepare(self, delivery: Delivery) -> Receipt:
        """A draft with this revision, uploaded pictures and cover: made, or an unpublished older one changed."""
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return Receipt(standing=Standing.STAGED, ids=kept_traces(delivery))
        if delivery.is_late:
            return self.find(delivery)
        wanted = [self._wanted(one) for one in each_of(delivery)]
        marker = next(one.marker for one in wanted if one.delivery.revision.id == delivery.revision.id)
        drafts = self.account.drafts(marker.name)
        media_id = _stored(drafts, wanted) or self._made(drafts, marker, wanted)
        self.ledger.prune()
        return Receipt(standing=Standing.STAGED, ids=self._names(delivery, media_id))

    @abstractmethod
    def release(self, delivery: Delivery) -> Receipt: ...

    def find(self, delivery: Delivery) -> Receipt:
        """See `Channel.find`. Following a submission also ends it: the older revision is deleted once this is out."""
        if delivery.action is Action.WITHDRAW:
            return self._gone(delivery)
        return self._found(delivery)

    def withdraw(self, delivery: Delivery) -> Receipt:
        """Delete whatever bears the article's name: posts, messages, drafts."""
        if delivery.is_late:
            return self.find(delivery)
        return self._taken_down(delivery)

    @abstractmethod
    def verify(self, delivery: Delivery) -> Evidence: ...

    # -- preparing -----------------------------------------------------------------------------------------

    def _wanted(self, delivery: Delivery) -> Wanted:
        said_beside = lines(delivery, self.look)
        filled = digest_of(said(said_beside)[0])
        return Wanted(delivery, own_marker(delivery)._replace(filled=filled), said_beside)

    def _made(self, drafts: Sequence[Draft], marker: Marker, wanted: Sequence[Wanted]) -> str:
        """The media id of the draft made of these articles, or of one changed: their own, or an older revision's."""
        drafts = self._cleared_of_others(drafts, marker, any(is_story(one) for one in wanted))
        target = _own(drafts, marker) or next((draft for draft in drafts if self._may_change(draft, marker)), None)
        there = {item.marker for item in target.items} if target is not None else set()
        until = time.monotonic() + BUDGET
        articles = [(one, self.articles.sent(one, until)) for one in wanted if one.marker not in there]
        if target is None:
            if media_id := self._added(wanted, articles):
                return media_id
        elif all(
            self.account.update(target.media_id, target.place(one.marker.name) or 0, article)
            for one, article in articles
        ):
            return target.media_id
        raise self._missing(wanted)

    def _added(self, wanted: Sequence[Wanted], articles: Sequence[tuple[Wanted, dict[str, Any]]]) -> str:
        """The media id of a new draft; "" if a cover is not there. A message of pictures that does not keep the mark by
        which it is found again could go out twice: it is made an article instead."""
        media_id = self.account.add([article for _, article in articles])
        (first, article), *_ = articles
        if media_id and article["article_type"] == "newspic":
            made = self.account.draft(media_id)
            if made is not None and made.place(first.marker.name, first.marker.revision) is None:
                self.account.delete_draft(media_id)
                until = time.monotonic() + BUDGET
                return self.account.add([self.articles.article(one, until) for one in wanted])
        return media_id

    def _missing(self, wanted: Iterable[Wanted]) -> Unavailable:
        # Draft and cover cannot be told apart in the answer: both are looked at anew.
        for one in wanted:
            self.articles.forget(one)
        return Unavailable(
            Problem(
                field="draft",
                message=Text.of("the draft or its cover was deleted at mp.weixin.qq.com meanwhile"),
                remedy=Text.of("it is made again by itself"),
            )
        )

    def _names(self, delivery: Delivery, media_id: str) -> dict[str, str]:
        """What a prepared delivery's receipt says of its draft, and of the articles in it."""
        ids = {"media_id": media_id, **kept_traces(delivery)}
        if name := together(delivery):
            ids |= {"together": name, "articles": order_of(delivery)}
        known = self.ledger.submission(media_id)
        # What failed is told, so that it is not taken for another one's hand when this is handed in again.
        return ids | ({self._publication: known.publication} if known is not None and known.publication else {})

    def _may_change(self, draft: Draft, marker: Marker) -> bool:
        """Whether an older revision's draft can become this one's: it is alone in it and nobody has handed it in."""
        return self.ledger.submission(draft.media_id) is None and any(
            item.is_of(marker.name)
            and item.marker is not None
            and item.marker.revision < marker.revision
            and not item.marker.together
            for item in draft.items
        )

    def _cleared_of_others(self, drafts: Iterable[Draft], marker: Marker, story: bool) -> list[Draft]:
        """Delete the drafts that were made for this article with other companions than it has now, or as another kind
        of message; those that are left."""
        left = []
        for draft in drafts:
            if self._is_outdated(draft, marker, story) and self._is_ours(draft) and (claim := self._taken(draft)):
                self.account.delete_draft(draft.media_id)
                self.ledger.not_submitted(draft.media_id, claim)
            else:
                left.append(draft)
        return left

    def _is_outdated(self, draft: Draft, marker: Marker, story: bool) -> bool:
        return any(
            item.is_of(marker.name)
            and item.marker is not None
            and item.marker.revision <= marker.revision
            and (item.marker.together != marker.together or bool(item.pictures) != story)
            for item in draft.items
        )

    def _is_ours(self, draft: Draft) -> bool:
        """Whether it holds nothing but what was put into it together."""
        named = {item.marker.together if item.marker is not None else None for item in draft.items}
        return len(draft.items) == 1 or (len(named) == 1 and named != {""} and None not in named)

    def _taken(self, draft: Draft) -> str:
        """Our claim, if nobody has handed this draft in, nor will; else ""."""
        known = self.ledger.submission(draft.media_id)
        return "" if known is not None and self._is_on_its_way(known) else self.ledger.claim(draft.media_id, known)

    def _is_on_its_way(self, known: Submission) -> bool:
        """Whether what was handed in may still come out, or has."""
        if not known.publication:
            return known.age < self.settling
        try:
            return asked(partial(self._may_come, known.publication))
        except UsedUp:  # it may, as far as anybody can tell today
            return True

    def _may_come(self, publication: str) -> bool:
        state = self.account.publication(publication)
        return state is not None and state.status in (Status.UNDER_WAY, Status.PUBLISHED)

    # -- where it stands -----------------------------------------------------------------------------------

    @abstractmethod
    def _found(self, delivery: Delivery) -> Receipt:
        """`find` for a publication or correction."""

    def _under_way(
        self, delivery: Delivery, ids: dict[str, str], *, url: str = "", note: Text | None = None
    ) -> Receipt:
        """ACCEPTED: WeChat is still at it. From when it has been so, the receipt keeps; the questions become rarer."""
        before, now = delivery.receipt, self.now()
        since, last = now, self.follow
        if before is not None and before.standing is Standing.ACCEPTED and before.at is not None:
            since, last = before.at, max(self.follow, before.again or self.follow)
        again = max(self.follow, min((now - since) / 2, 2 * last))  # even if the clock has been set meanwhile
        return Receipt(standing=Standing.ACCEPTED, ids=ids, url=url, at=since, again=again, note=note)

    def _own_draft(self, delivery: Delivery, ids: Mapping[str, str]) -> Draft | None:
        """The draft that holds exactly this rendition, by its media id or else among all."""
        marker = own_marker(delivery)
        if media_id := ids.get("media_id"):
            draft = self.account.draft(media_id)
            return draft if draft is not None and holds(draft, marker) else None
        return next((draft for draft in self.account.drafts(marker.name) if holds(draft, marker)), None)

    # -- handing in ----------------------------------------------------------------------------------------

    def _own_issue(self, delivery: Delivery, ids: Mapping[str, str]) -> None:
        """Raise `Unavailable` if the draft was prepared with other companions than there are now."""
        if ids.get("together", "") != together(delivery):
            raise Unavailable(
                Problem(
                    field="draft",
                    message=Text.of("one of the articles that were to go out together has been overtaken"),
                    remedy=Text.of("the draft is made again without it"),
                ),
                sent=True,  # so that the engine asks, finds nothing of the kind, and prepares again
            )

    def _cleared(
        self,
        delivery: Delivery,
        traces: Collection[str],
        ids: dict[str, str],
        *,
        keep: tuple[str, int] | None = None,
        url: str = "",
    ) -> Receipt | None:
        """Delete what older revisions show, for this one is public; what the receipt says while that is not done."""
        if delivery.revision.number == 1 and not traces:
            return None
        ids = {**ids, "earlier": " ".join(traces)}
        try:
            cleared = self.traces.cleared(delivery, traces, keep=keep)
        except UsedUp:
            return self._tomorrow(self._under_way(delivery, ids, url=url, note=LEFT_STANDING))
        if not (cleared.pending or cleared.unseen):
            return None
        waiting = self._under_way(delivery, ids, url=url, note=UNSEEN if cleared.unseen else None)
        return self._tomorrow(waiting) if cleared.blindly else waiting

    def _tomorrow(self, waiting: Receipt) -> Receipt:
        """Asked about again when the day's calls begin anew."""
        return waiting.model_copy(update={"again": until_tomorrow(self.now())})

    # -- taking down ---------------------------------------------------------------------------------------

    def _taken_down(self, delivery: Delivery) -> Receipt:
        traces, name = self.traces.of(delivery), name_of(delivery.revision, delivery.configured)
        ids = {**shown_ids(delivery), "earlier": " ".join(traces)}
        cleared = self.traces.cleared(delivery, traces)
        if cleared.pending or cleared.unseen:
            ids["earlier"] = " ".join(dict.fromkeys([*traces, *cleared.found]))
            waiting = self._under_way(delivery, ids, note=UNSEEN if cleared.unseen else QUEUED)
            return self._tomorrow(waiting) if cleared.blindly else waiting
        for draft in self.account.drafts(name):
            if not self._drop(draft, name):
                return self._under_way(delivery, self.traces.also(ids, draft, delivery.revision.id), note=QUEUED)
        was_there = bool(cleared.found) or has_been_out(delivery, traces)
        return Receipt(standing=Standing.WITHDRAWN if was_there else Standing.ABSENT, ids=ids)

    def _gone(self, delivery: Delivery) -> Receipt:
        """`find` for a withdrawal: a question, except that one that waits for WeChat's queue is brought to its end."""
        if delivery.receipt is not None and delivery.receipt.standing is Standing.ACCEPTED:
            return self._taken_down(delivery)
        traces = self.traces.of(delivery)
        name = name_of(delivery.revision, delivery.configured)
        ids = {**shown_ids(delivery), "earlier": " ".join(traces)}
        if self._is_public(delivery, traces, name):
            return Receipt(standing=Standing.LIVE, ids=ids)
        if self.account.drafts(name):
            return Receipt(standing=Standing.STAGED, ids=ids)
        was_there = has_been_out(delivery, traces)
        return Receipt(standing=Standing.WITHDRAWN if was_there else Standing.ABSENT, ids=ids)

    def _is_public(self, delivery: Delivery, traces: Iterable[str], name: str) -> bool:
        """Whether the public sees, or may soon see, anything of the article.

        What cannot be asked about today counts as seen, so that it is deleted rather than waited for; once all that
        there was has been deleted, the list of posts alone is enough.
        """
        gone = delivery.receipt is not None and delivery.receipt.standing is Standing.WITHDRAWN
        questions: list[Callable[[], bool]] = [
            lambda: bool(self.account.posts(name, delivery.revision.published_at)),
            *(partial(self.traces.is_public, trace, name) for trace in traces),
        ]
        unasked: list[UsedUp] = []
        for place, question in enumerate(questions):
            try:
                if asked(question):
                    return True
            except UsedUp as used_up:
                if gone and place == 0:
                    raise
                unasked.append(used_up)
        return bool(unasked) and not gone

    def _drop(self, draft: Draft, name: str) -> bool:
        """Delete a draft that holds the article; its companions are prepared again. False if it was handed in."""
        if all(item.is_of(name) for item in draft.items):
            self.account.delete_draft(draft.media_id)
            return True
        if self._is_ours(draft):
            if not (claim := self._taken(draft)):
                return False
            self._keep_rest(draft, name)
            self.account.delete_draft(draft.media_id)
            self.ledger.not_submitted(draft.media_id, claim)
            return True
        raise Refused(
            Problem(
                field="draft",
                message=Text.of("a draft of {account} holds other articles beside this one", account=self.name),
                remedy=Text.of("take the article out of it at mp.weixin.qq.com (草稿箱), then run: newsroom retry"),
            )
        )

    def _keep_rest(self, draft: Draft, name: str) -> None:  # noqa: ARG002
        """Before a draft is deleted: save the others in it, if nobody will prepare them again."""
        return

    # -- reading back --------------------------------------------------------------------------------------

    def _seen_gone(self, delivery: Delivery) -> Evidence:
        found = self._gone(delivery)
        url = (delivery.previous.url if delivery.previous else "") or found.url
        return Evidence(url=url, at=utc_now(), standing=found.standing, digest="", extract=delivery.reason)


def is_placed(delivery: Delivery) -> bool:
    """Whether the moment of this revision has come and it is the last word."""
    entry = delivery.entry
    return entry is not None and entry.withdrawn_at is None and entry.revision.number == delivery.revision.number


def _own(drafts: Iterable[Draft], marker: Marker) -> Draft | None:
    """The draft of this revision and these companions, if there is one."""
    return next(
        (
            draft
            for draft in drafts
            for item in draft.items
            if item.is_of(marker.name)
            and item.marker is not None
            and (item.marker.revision, item.marker.together) == (marker.revision, marker.together)
        ),
        None,
    )


def _stored(drafts: Iterable[Draft], wanted: Iterable[Wanted]) -> str:
    """The media id of the draft that holds just what would be sent; "" if there is none."""
    markers = {one.marker for one in wanted}
    return next((draft.media_id for draft in drafts if markers <= {item.marker for item in draft.items}), "")
