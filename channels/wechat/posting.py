"""The steps of a delivery on an account, as far as all modes share them; `modes` has what differs.

WeChat takes no key for what it makes (but for mass messages), answers a submission long before the public sees
anything, and has no way to change what is published. From this follow the rules here:

- Every draft bears a marker (`content.Marker`). Before a draft is made, the drafts are searched for the article;
  after an unknown outcome the drafts and the posts are. What a submission was answered with is kept in the ledger.
- While a submission has had no answer and WeChat may still be at it (`SETTLING`), nobody can tell what became of it:
  `find` says `Unavailable` until it can.
- A correction is a second post. The first one is deleted as soon as the second is public and never before, so that
  the article is never missing; this ends in `find`, which follows the second, because WeChat decides the moment. Only
  posts whose marker names an older revision of this very article are ever deleted, and a withdrawal deletes all of
  them. So whoever comes late, twice or in between can do no harm, and every repetition comes to the same end.
- A withdrawal also catches what is still in WeChat's queue: it stays ACCEPTED until that is out, and then deletes it.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from channels.wechat.account import Account, Draft, Item, Status
from channels.wechat.content import (
    Marker,
    fields_of,
    marker_of,
    name_of,
    said,
    shown_in,
    too_long,
    with_addresses,
)
from channels.wechat.ledger import Ledger
from channels.wechat.media import Pictures
from pipeline.channel import (
    Action,
    Asset,
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
"""Seconds between the first two questions what became of a submission."""

REMARKS = {
    Status.NOT_ORIGINAL: Text.of("WeChat's check of originality refused it: change the article and correct it"),
    Status.FAILED: Text.of("publishing failed at WeChat: look at mp.weixin.qq.com (发表记录), then newsroom retry"),
    Status.REJECTED: Text.of("WeChat's review rejected it: change the article and correct it"),
    Status.DELETED: Text.of("it was deleted by hand at mp.weixin.qq.com"),
    Status.BANNED: Text.of("WeChat has banned it: look at mp.weixin.qq.com (通知中心)"),
}
DELETED = REMARKS[Status.DELETED]


SENT, SENDING = "SEND_SUCCESS", "SENDING"
"""`msg_status` of message/mass/get."""


class Posting(ABC):
    """One mode: the steps of `Channel`. Knows nothing but what the delivery, the ledger and WeChat say."""

    def __init__(
        self,
        account: Account,
        pictures: Pictures,
        ledger: Ledger,
        *,
        name: str,
        now: Callable[[], datetime] = utc_now,
        settling: float = SETTLING,
        follow: float = FOLLOW,
        tag: int | None = None,
    ) -> None:
        self.account = account
        self.pictures = pictures
        self.ledger = ledger
        self.name = name
        """The account's name, for people."""
        self.now = now
        self.settling = settling
        self.follow = follow
        self.tag = tag

    # -- the steps -----------------------------------------------------------------------------------------

    def prepare(self, delivery: Delivery) -> Receipt:
        """A draft with this revision, uploaded pictures and cover: made, or an unpublished older one changed."""
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return Receipt(standing=Standing.STAGED, ids=kept_traces(delivery))
        if is_late(delivery):
            return self.find(delivery)
        marker = marker_of(delivery.rendition)
        drafts = self.account.drafts(marker.name)
        own = next((draft for draft in drafts if draft.place(marker.name, marker.revision) is not None), None)
        target = own or next((draft for draft in drafts if self._may_change(draft, marker)), None)
        stored = own.media_id if own is not None and _holds(own, marker) else ""
        media_id = stored or self._stored(delivery, target, marker)
        return Receipt(standing=Standing.STAGED, ids={"media_id": media_id, **kept_traces(delivery)})

    @abstractmethod
    def release(self, delivery: Delivery) -> Receipt: ...

    def find(self, delivery: Delivery) -> Receipt:
        """See `Channel.find`. Following a submission also ends it: the older revision is deleted once this is out."""
        if delivery.action is Action.WITHDRAW:
            return self._gone(delivery)
        return self._found(delivery)

    def withdraw(self, delivery: Delivery) -> Receipt:
        """Delete whatever bears the article's name: posts, messages, drafts."""
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is not None and entry.withdrawn_at is None:
            return self.find(delivery)
        return self._taken_down(delivery)

    @abstractmethod
    def verify(self, delivery: Delivery) -> Evidence: ...

    # -- preparing -----------------------------------------------------------------------------------------

    def _stored(self, delivery: Delivery, target: Draft | None, marker: Marker) -> str:
        """The media id of the draft made, or of `target` changed."""
        article = self._finished(delivery)
        if target is not None:
            index = target.place(marker.name) or 0
            if self.account.update(target.media_id, index, article):
                return target.media_id
        elif media_id := self.account.add(article):
            return media_id
        # Draft and cover cannot be told apart in the answer: both are looked at anew.
        self.pictures.forget(str(article["thumb_media_id"]))
        raise Unavailable(
            Problem(
                field="draft",
                message=Text.of("the draft or its cover was deleted at mp.weixin.qq.com meanwhile"),
                remedy=Text.of("it is made again by itself"),
            )
        )

    def _finished(self, delivery: Delivery) -> dict[str, Any]:
        """The article as it is sent: with the pictures' addresses and the cover's media id in their places."""
        if delivery.rendition is None:
            raise ValueError("a withdrawal has no article")
        fields = fields_of(delivery.rendition)
        assets = {asset.name: asset for asset in delivery.rendition.assets}
        cover: Asset | None = assets.get(fields["thumb_media_id"])
        shown = shown_in(delivery.revision.article, fields["content"])
        addresses, thumb = self.pictures.upload(shown, cover, delivery.media)
        content = with_addresses(fields["content"], addresses)
        if wrong := too_long(content):
            raise wrong
        return {**fields, "content": content, "thumb_media_id": thumb}

    def _may_change(self, draft: Draft, marker: Marker) -> bool:
        """Whether an older revision's draft can become this one's: nobody has handed it in."""
        return self.ledger.submission(draft.media_id) is None and any(
            item.is_of(marker.name) and item.marker is not None and item.marker.revision < marker.revision
            for item in draft.items
        )

    # -- where it stands -----------------------------------------------------------------------------------

    @abstractmethod
    def _found(self, delivery: Delivery) -> Receipt:
        """`find` for a publication or correction."""

    def _own_draft(self, delivery: Delivery, ids: Mapping[str, str]) -> Draft | None:
        """The draft that holds exactly this rendition, by its media id or else among all."""
        marker = own_marker(delivery)
        if media_id := ids.get("media_id"):
            draft = self.account.draft(media_id)
            return draft if draft is not None and _holds(draft, marker) else None
        return next((draft for draft in self.account.drafts(marker.name) if _holds(draft, marker)), None)

    # -- taking down ---------------------------------------------------------------------------------------

    def _taken_down(self, delivery: Delivery) -> Receipt:
        traces, name = self._traces(delivery), name_of(delivery.revision, delivery.newsroom)
        ids = {**_shown(delivery), "earlier": " ".join(traces)}
        pending, found = self._cleared(delivery, traces)
        if pending:
            return Receipt(standing=Standing.ACCEPTED, ids=ids, note=_QUEUED)
        for draft in self.account.drafts(name):
            self._drop(draft, name)
        was_there = found or _was_there(delivery, traces)
        return Receipt(standing=Standing.WITHDRAWN if was_there else Standing.ABSENT, ids=ids)

    def _gone(self, delivery: Delivery) -> Receipt:
        """`find` for a withdrawal: a question, except that one that waits for WeChat's queue is brought to its end."""
        receipt, traces = delivery.receipt, self._traces(delivery)
        if receipt is not None and receipt.standing is Standing.ACCEPTED:
            if any(not self.ledger.due(trace, self.follow) for trace in traces if trace.startswith("publish:")):
                return receipt
            return self._taken_down(delivery)
        name = name_of(delivery.revision, delivery.newsroom)
        ids = {**_shown(delivery), "earlier": " ".join(traces)}
        public = bool(self.account.posts(name, delivery.revision.published_at)) or any(
            self._is_public(trace, name) for trace in traces
        )
        if public:
            return Receipt(standing=Standing.LIVE, ids=ids)
        if self.account.drafts(name):
            return Receipt(standing=Standing.STAGED, ids=ids)
        was_there = _was_there(delivery, traces)
        return Receipt(standing=Standing.WITHDRAWN if was_there else Standing.ABSENT, ids=ids)

    def _is_public(self, trace: str, name: str) -> bool:
        kind, _, value = trace.partition(":")
        if kind == "article":
            post = self.account.post(value)
            return post is not None and bool(post.places(name))
        if kind == "message":
            return self.account.message(value) == SENT
        state = self.account.publication(value)
        if state is None or state.status is not Status.PUBLISHED:
            return state is not None and state.status is Status.UNDER_WAY
        return self._is_public(f"article:{state.article_id}", name)

    def _traces(self, delivery: Delivery) -> tuple[str, ...]:
        """What this article may have left on the account before this delivery. Raises `Unavailable` if unknown."""
        own, withdrawing = own_ids(delivery), delivery.action is Action.WITHDRAW
        found: list[str] = []
        for ids in (delivery.previous.ids if delivery.previous is not None else {}, own if withdrawing else {}):
            found += _traces_of(ids)
            media_id = ids.get("media_id", "")
            # An older revision's draft may have become this one's: what became of it is no older thing then.
            if "article_id" not in ids and (withdrawing or media_id != own.get("media_id")):
                found += self._submitted_as(media_id)
        return tuple(dict.fromkeys([*found, *own.get("earlier", "").split()]))

    def _submitted_as(self, media_id: str) -> list[str]:
        submission = self.ledger.submission(media_id) if media_id else None
        if submission is None:
            return []
        if not submission.publication:
            self._wait_for(media_id)
            return []
        return [self._trace(submission.publication)]

    def _trace(self, publication: str) -> str:
        return f"publish:{publication}"

    def _wait_for(self, media_id: str) -> None:
        """Raise `Unavailable` while WeChat may still be at a submission that had no answer."""
        submission = self.ledger.submission(media_id)
        if submission is None or submission.publication:
            return
        left = submission.at + self.settling - self.now().timestamp()
        if left > 0:
            raise Unavailable(
                Problem(
                    field="release",
                    message=Text.of("WeChat did not answer when {account} handed in the article", account=self.name),
                    remedy=Text.of("in {seconds} seconds it can be seen what became of it", seconds=round(left) + 1),
                ),
                retry_after=timedelta(seconds=left),
            )

    def _cleared(
        self, delivery: Delivery, traces: Iterable[str], keep: tuple[str, int] | None = None
    ) -> tuple[bool, bool]:
        """Delete what older revisions show, or with a withdrawal all; (something is still in the queue, something was).

        `keep`: (article id, index) of what stays.
        """
        name = name_of(delivery.revision, delivery.newsroom)
        below = None if delivery.action is Action.WITHDRAW else delivery.revision.number
        pending = found = False
        articles: list[str] = []
        for kind, value in (trace.split(":", 1) for trace in traces):
            if kind == "article":
                articles.append(value)
            elif kind == "message":
                if (status := self.account.message(value)) == SENT:
                    self.account.delete_message(value)
                    found = True
                pending = pending or status == SENDING
            elif (state := self.account.publication(value)) is not None:
                pending = pending or state.status is Status.UNDER_WAY
                if state.status is Status.PUBLISHED:
                    articles.append(state.article_id)
        posts = {post.article_id: post for post in self.account.posts(name, delivery.revision.published_at)}
        for article_id in articles:
            if article_id not in posts and (post := self.account.post(article_id)) is not None:
                posts[article_id] = post
        for post in posts.values():
            for index in post.places(name):
                if (post.article_id, index) != keep and is_older(post.item(index), below):
                    self.account.delete_post(post.article_id, index)
                    found = True
        return pending, found

    def _drop(self, draft: Draft, name: str) -> None:
        if all(item.is_of(name) for item in draft.items):
            self.account.delete_draft(draft.media_id)
            return
        raise Refused(
            Problem(
                field="draft",
                message=Text.of("a draft of {account} holds other articles beside this one", account=self.name),
                remedy=Text.of("take the article out of it at mp.weixin.qq.com (草稿箱), then run: newsroom retry"),
            )
        )

    # -- reading back --------------------------------------------------------------------------------------

    def _seen(self, delivery: Delivery, item: Item | None, url: str, otherwise: Standing) -> Evidence:
        """Evidence from one article as WeChat shows it, compared with the rendition."""
        if item is None:
            return Evidence(url=url, at=utc_now(), standing=otherwise)
        text, pictures = said(item.content)
        right = False
        if delivery.rendition is not None:
            fields = fields_of(delivery.rendition)
            right = (
                item.marker is not None
                and (item.marker.name, item.marker.revision)
                == (name_of(delivery.revision, delivery.newsroom), delivery.revision.number)
                and "".join(item.title.split()) == "".join(str(fields["title"]).split())
                and (text, pictures) == said(fields["content"])
            )
        standing = Standing.WITHDRAWN if item.deleted else Standing.LIVE if right else otherwise
        digest = hashlib.sha256(f"{item.title}\0{pictures}\0{text}".encode()).hexdigest()
        return Evidence(url=url, at=utc_now(), standing=standing, digest=digest, extract=item.title)

    def _seen_gone(self, delivery: Delivery) -> Evidence:
        found = self._gone(delivery)
        url = (delivery.previous.url if delivery.previous else "") or found.url
        return Evidence(url=url, at=utc_now(), standing=found.standing, extract=delivery.reason)


_QUEUED = Text.of("WeChat is still publishing it: it is deleted as soon as that is done")


def is_late(delivery: Delivery) -> bool:
    """Whether the channel's last word is newer than this delivery."""
    entry = delivery.catalogue.entry(delivery.revision.id)
    return entry is not None and (entry.withdrawn_at is not None or entry.revision.number > delivery.revision.number)


def is_placed(delivery: Delivery) -> bool:
    """Whether the moment of this revision has come and it is the last word."""
    entry = delivery.catalogue.entry(delivery.revision.id)
    return entry is not None and entry.withdrawn_at is None and entry.revision.number == delivery.revision.number


def own_marker(delivery: Delivery) -> Marker:
    if delivery.rendition is None:
        raise ValueError("a withdrawal has no marker of its own")
    return marker_of(delivery.rendition)


def _was_there(delivery: Delivery, traces: Iterable[str]) -> bool:
    """Whether the article has been out, as far as receipts tell."""
    before = [receipt.standing for receipt in (delivery.previous, delivery.receipt) if receipt is not None]
    return (
        Standing.LIVE in before
        or Standing.WITHDRAWN in before
        or any(not trace.startswith("publish:") for trace in traces)
    )


def _holds(draft: Draft, marker: Marker) -> bool:
    """Whether the draft has exactly this rendition in it."""
    return any(item.marker == marker for item in draft.items)


def is_older(item: Item | None, below: int | None) -> bool:
    """Whether this article's revision is below a number; any is if there is none."""
    return item is not None and item.marker is not None and (below is None or item.marker.revision < below)


def own_ids(delivery: Delivery) -> dict[str, str]:
    return dict(delivery.receipt.ids) if delivery.receipt is not None else {}


def _shown(delivery: Delivery) -> dict[str, str]:
    """What a withdrawal's receipt keeps of what it took down."""
    ids = delivery.previous.ids if delivery.previous is not None else own_ids(delivery)
    return {name: value for name, value in ids.items() if name in ("article_id", "index", "msg_id")}


def kept_traces(delivery: Delivery) -> dict[str, str]:
    """The part of a receipt that names what earlier revisions left, so that it is not lost on the way."""
    before = _traces_of(delivery.previous.ids) if delivery.previous is not None else []
    found = dict.fromkeys([*before, *own_ids(delivery).get("earlier", "").split()])
    return {"earlier": " ".join(found)} if found else {}


def _traces_of(ids: Mapping[str, str]) -> list[str]:
    """What a receipt names of things public or about to be: `article:…`, `publish:…`, `message:…`."""
    own = [
        f"{kind}:{ids[name]}"
        for kind, name in (("article", "article_id"), ("publish", "publish_id"), ("message", "msg_id"))
        if name in ids and not (kind == "publish" and "article_id" in ids)
    ]
    return [*ids.get("earlier", "").split(), *own]
