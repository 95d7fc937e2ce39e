"""`mode = "publish"`: free publishing, 发布. The rules stand in `posting`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from channels.wechat.account import Post, Publication, Status
from channels.wechat.errors import UsedUp, asked
from channels.wechat.ledger import Submission
from channels.wechat.posting.companions import each_of, holds, own_marker, together, with_each
from channels.wechat.posting.handing import Handing
from channels.wechat.posting.readback import seen
from channels.wechat.posting.remarks import DELETED, REMARKS, draft_lost
from channels.wechat.posting.traces import index_of, known_ids, settled
from pipeline.channel import (
    Action,
    ChannelError,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Standing,
    Text,
    Unavailable,
    utc_now,
)


class Publishing(Handing):
    """`mode = "publish"`: free publishing, 发布. Shown on the account's page, not pushed to followers."""

    def _hand_in(self, delivery: Delivery, ids: dict[str, str], known: Submission | None) -> Receipt:
        if known is not None and (found := self.find(delivery)).standing is not Standing.STAGED:
            return found
        media_id = ids["media_id"]
        if not (claim := self.ledger.claim(media_id, known)):
            raise _busy(self.name)
        try:
            publish_id = self.account.submit(media_id)
        except ChannelError as error:
            if not (isinstance(error, Unavailable) and error.sent):
                self.ledger.not_submitted(media_id, claim)
            raise
        at = self.now()
        if publish_id:
            self.ledger.submitted(media_id, claim, publish_id)
            return Receipt(standing=Standing.ACCEPTED, ids={**ids, "publish_id": publish_id}, at=at)
        self.ledger.not_submitted(media_id, claim)
        return self._without_draft(delivery)

    def verify(self, delivery: Delivery) -> Evidence:
        if delivery.action is Action.WITHDRAW:
            return self._seen_gone(delivery)
        receipt = delivery.receipt
        if receipt is None or "article_id" not in receipt.ids:
            receipt = self.find(delivery)
            if "article_id" not in receipt.ids:
                return Evidence(url=receipt.url, at=utc_now(), standing=receipt.standing, digest="", extract="")
        post, marker = self.account.post(receipt.ids["article_id"]), own_marker(delivery)
        places = [] if post is None else post.places(marker.name, marker.revision)
        item = None if post is None else post.item(next(iter(places), index_of(receipt.ids, delivery.revision.id)))
        return seen(delivery, item, receipt.url or (item.url if item else ""), Standing.ABSENT)

    def _found(self, delivery: Delivery) -> Receipt:
        ids = known_ids(delivery)
        marker = own_marker(delivery)
        if "article_id" in ids:
            url = delivery.receipt.url if delivery.receipt is not None else ""
            post = self.account.post(ids["article_id"])
            places = [] if post is None else post.places(marker.name, marker.revision)
            if post is None or not places:
                return Receipt(standing=Standing.WITHDRAWN, ids=ids, note=DELETED)
            return self._public(delivery, ids, post.article_id, places[0], url)
        submission = self.ledger.submission(ids["media_id"]) if "media_id" in ids else None
        publish_id = (submission.publication if submission else "") or ids.get("publish_id", "")
        if publish_id and (followed := self._followed(delivery, {**ids, "publish_id": publish_id})) is not None:
            return followed
        return self._searched(delivery, ids)

    def _followed(self, delivery: Delivery, ids: dict[str, str]) -> Receipt | None:
        """What became of the submission; None if WeChat does not know it."""
        try:
            state = asked(partial(self.account.publication, ids["publish_id"]))
        except UsedUp:  # the list of posts shows what has come out; what it does not show may still come
            return self._posted(delivery, ids) or self._under_way(delivery, ids)
        if state is None:
            return None
        match state.status:
            case Status.UNDER_WAY:
                return self._under_way(delivery, ids)
            case Status.PUBLISHED:
                return self._published(delivery, ids, state)
            case Status.DELETED | Status.BANNED:
                shown = {"article_id": state.article_id} if state.article_id else {}
                return Receipt(standing=Standing.WITHDRAWN, ids={**ids, **shown}, note=REMARKS[state.status])
            case _:
                # Handed in twice, because WeChat took longer than it was waited for, it has gone out once all the same.
                standing = Standing.STAGED if ids.get("together", "") == together(delivery) else Standing.ABSENT
                failed = Receipt(standing=standing, ids=ids, note=REMARKS[state.status])
                return self._posted(delivery, ids) or failed

    def _published(self, delivery: Delivery, ids: dict[str, str], state: Publication) -> Receipt:
        """What was handed in is out; the article is found at its own place in it."""
        articles, own = ids.get("articles", "").split(), delivery.revision.id
        if len(state.urls) < 2 or (len(articles) == len(state.urls) and own in articles):
            index = index_of(ids, own) if own in articles else next(iter(state.urls), 1)
            receipt = self._public(delivery, ids, state.article_id, index, state.urls.get(index, ""))
            urls = {article: state.urls.get(place, "") for place, article in enumerate(articles, 1)}
            return _addressed(delivery, receipt, urls)
        post, marker = self.account.post(state.article_id), own_marker(delivery)  # others were added by hand
        index = next(iter(post.places(marker.name, marker.revision) if post else []), next(iter(state.urls), 1))
        receipt = self._public(delivery, ids, state.article_id, index, state.urls.get(index, ""))
        return _addressed(delivery, receipt, _addresses(delivery, post) if post else {})

    def _searched(self, delivery: Delivery, ids: dict[str, str]) -> Receipt:
        """What the lists of drafts and posts say."""
        marker = own_marker(delivery)
        if "media_id" not in ids:
            drafts = [
                draft
                for draft in self.account.drafts(marker.name)
                if draft.place(marker.name, marker.revision) is not None
            ]
            for draft in drafts:
                if (submission := self.ledger.submission(draft.media_id)) is not None:
                    ids = {**ids, "media_id": draft.media_id}
                    told = {**ids, "publish_id": submission.publication}
                    if submission.publication and (followed := self._followed(delivery, told)) is not None:
                        return followed
                    break
                if holds(draft, marker):
                    return Receipt(standing=Standing.STAGED, ids=self._names(delivery, draft.media_id))
        if (posted := self._posted(delivery, ids)) is not None:
            return posted
        if "media_id" in ids:
            self.traces.wait_for(ids["media_id"])
            if self._own_draft(delivery, ids) is not None:
                return Receipt(standing=Standing.STAGED, ids=ids)
        return Receipt(standing=Standing.ABSENT, ids=ids)

    def _posted(self, delivery: Delivery, ids: dict[str, str]) -> Receipt | None:
        """What the list of posts says; None if it does not have this revision."""
        marker = own_marker(delivery)
        for post in self.account.posts(marker.name, delivery.revision.published_at):
            for index in post.places(marker.name, marker.revision):
                item = post.item(index)
                receipt = self._public(delivery, ids, post.article_id, index, item.url if item else "")
                return _addressed(delivery, receipt, _addresses(delivery, post))
        return None

    def _public(self, delivery: Delivery, ids: dict[str, str], article_id: str, index: int, url: str) -> Receipt:
        """It is out: whatever older revision is public goes now."""
        ids = {**ids, "article_id": article_id} | ({} if "articles" in ids else {"index": str(index)})
        traces = self.traces.of(delivery)
        waiting = self._cleared(delivery, traces, ids, keep=(article_id, index), url=url)
        return waiting or Receipt(standing=Standing.LIVE, ids=settled(ids), url=url)

    def _without_draft(self, delivery: Delivery) -> Receipt:
        """The draft is no longer there: published after all, or deleted by hand."""
        found = self.find(delivery)
        if found.standing in (Standing.ACCEPTED, Standing.LIVE):
            return found
        raise draft_lost(self.name)


def _addressed(delivery: Delivery, receipt: Receipt, urls: Mapping[str, str]) -> Receipt:
    """The receipt with those of the others, each with its address."""
    own = {**urls, delivery.revision.id: receipt.url}
    return with_each(delivery, lambda one: receipt.model_copy(update={"url": own.get(one.revision.id, "")}))


def _addresses(delivery: Delivery, post: Post) -> dict[str, str]:
    """Where the public finds each of the articles that went out together; nothing for one that went alone."""
    found = {}
    for one in each_of(delivery) if together(delivery) else ():
        marker = own_marker(one)
        for index in post.places(marker.name, marker.revision):
            item = post.item(index)
            found[one.revision.id] = item.url if item else ""
    return found


def _busy(account: str) -> Unavailable:
    return Unavailable(
        Problem(
            field="release",
            message=Text.of("another process is handing in the draft of {account}", account=account),
            remedy=Text.of("it is tried again by itself"),
        ),
    )
