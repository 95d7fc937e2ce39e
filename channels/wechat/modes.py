"""The three ways to go out on an account: `Drafting`, `Publishing` and `Sending`. The rules stand in `posting`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from channels.label import is_labelled
from channels.wechat.account import SENDING, SENT, Draft, Item, Post, Publication, Status
from channels.wechat.content.marker import Marker
from channels.wechat.content.rendition import fields_of
from channels.wechat.posting.companions import each_of, holds, own_marker, together, with_each
from channels.wechat.posting.remarks import DELETED, REMARKS
from channels.wechat.posting.steps import Posting, is_placed
from channels.wechat.posting.traces import index_of, is_older, kept_traces, known_ids, message_trace, own_ids
from pipeline.channel import (
    Action,
    ChannelError,
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

_BY_HAND = Text.of(
    "the article waits among the drafts of {account}: open mp.weixin.qq.com > 草稿箱 and press 发表; "
    "a version published by hand has to be deleted by hand too"
)
_BY_HAND_DECLARED = Text.of(
    "the article waits among the drafts of {account}: open mp.weixin.qq.com > 草稿箱, set its 创作来源 to "
    "内容由AI生成, for it was made by a machine, wholly or in part, and press 发表; "
    "a version published by hand has to be deleted by hand too"
)
_MESSAGES = {
    "DELETE": (Standing.WITHDRAWN, DELETED),
    "SEND_FAIL": (Standing.STAGED, REMARKS[Status.FAILED]),
}


class Drafting(Posting):
    """`mode = "draft"`: for an account that may not publish by program. A person presses the button."""

    def release(self, delivery: Delivery) -> Receipt:
        if not delivery.is_late:
            marker, ids = own_marker(delivery), own_ids(delivery)
            if ids.get("together", "") != marker.together and (own := self._own_draft(delivery, {})) is not None:
                ids = self._names(delivery, own.media_id)  # a companion has made it again
            self._own_issue(delivery, ids)
            for draft in self._outdated(marker):
                self._drop(draft, marker.name)
            return self._waiting(delivery, {**ids, **kept_traces(delivery)})
        return self.find(delivery)

    def verify(self, delivery: Delivery) -> Evidence:
        if delivery.action is Action.WITHDRAW:
            return self._seen_gone(delivery)
        marker = own_marker(delivery)
        draft = self.account.draft(own_ids(delivery)["media_id"]) if "media_id" in own_ids(delivery) else None
        if draft is None and together(delivery):  # one of them was taken out: then the others are in a new one
            draft = next((self.account.draft(one.media_id) for one in self.account.drafts(marker.name)), None)
        place = None if draft is None else draft.place(marker.name, marker.revision)
        if draft is not None and place is not None:
            evidence = self._seen(delivery, draft.items[place], draft.items[place].url, Standing.ABSENT)
            return evidence if is_placed(delivery) else evidence.model_copy(update={"standing": Standing.STAGED})
        for post in self.account.posts(marker.name, delivery.revision.published_at):
            for index in post.places(marker.name, marker.revision):
                item = self._read(post, index)
                return self._seen(delivery, item, item.url if item else "", Standing.ABSENT)
        return Evidence(url="", at=utc_now(), standing=Standing.ABSENT, digest="", extract="")

    def _outdated(self, marker: Marker) -> list[Draft]:
        """Drafts with older revisions of the article."""
        drafts = self.account.drafts(marker.name) if marker.revision > 1 else []
        return [
            draft
            for draft in drafts
            if all(is_older(item, marker.revision) for item in draft.items if item.is_of(marker.name))
        ]

    def _read(self, post: Post, index: int) -> Item | None:
        """The article of a post, with its content."""
        whole = self.account.post(post.article_id)
        return None if whole is None else whole.item(index)

    def _found(self, delivery: Delivery) -> Receipt:
        ids = own_ids(delivery)
        draft = self._own_draft(delivery, ids)
        if draft is None and "media_id" in ids:  # changed by hand, or published by hand
            draft = self._own_draft(delivery, {})
        marker = own_marker(delivery)
        if draft is not None:
            ids["media_id"] = draft.media_id
            if is_placed(delivery) and not self._outdated(marker):
                return self._waiting(delivery, ids)
            return Receipt(standing=Standing.STAGED, ids=ids)
        for post in self.account.posts(marker.name, delivery.revision.published_at):
            for index in post.places(marker.name, marker.revision):
                item = post.item(index)
                shown = {"article_id": post.article_id, "index": str(index)}
                return Receipt(standing=Standing.LIVE, ids={**ids, **shown}, url=item.url if item else "")
        if delivery.receipt is not None and delivery.receipt.standing is Standing.LIVE and not delivery.is_late:
            return delivery.receipt  # published or deleted by hand: nobody can be asked, and it is not made twice
        return Receipt(standing=Standing.ABSENT, ids=ids)

    def _may_change(self, draft: Draft, marker: Marker) -> bool:  # noqa: ARG002
        """Never: an older revision's draft may be what was delivered, until this one's moment has come."""
        return False

    def _is_outdated(self, draft: Draft, marker: Marker) -> bool:
        """Only if it holds this very revision: with an older one it may be what was delivered, also to the others."""
        return super()._is_outdated(draft, marker) and draft.place(marker.name, marker.revision) is not None

    def _keep_rest(self, draft: Draft, name: str) -> None:
        """The others stay among the drafts, in a new one: nothing can be taken out of a draft."""
        rest = [place for place, item in enumerate(draft.items) if not item.is_of(name)]
        wanted = [draft.items[place].marker for place in rest]
        first = wanted[0]
        if first is not None and not any(
            [item.marker for item in other.items] == wanted for other in self.account.drafts(first.name)
        ):
            self.account.copy(draft.media_id, rest)

    def _waiting(self, delivery: Delivery, ids: dict[str, str]) -> Receipt:
        def waiting(one: Delivery) -> Receipt:
            form = _BY_HAND_DECLARED if is_labelled(one.revision.article) else _BY_HAND
            return Receipt(standing=Standing.LIVE, ids=ids, note=form.given(account=self.name))

        return with_each(delivery, waiting)


class Publishing(Posting):
    """`mode = "publish"`: free publishing, 发布. Shown on the account's page, not pushed to followers."""

    def release(self, delivery: Delivery) -> Receipt:
        if delivery.is_late:
            return self.find(delivery)
        ids = known_ids(delivery)
        media_id = _media_id(ids)
        known = self.ledger.submission(media_id)
        if known is None:
            self._own_issue(delivery, ids)
        elif (done := self._handed_in(known, ids)) is not None:
            return done
        elif (found := self.find(delivery)).standing is not Standing.STAGED:
            return found
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
        return self._seen(delivery, item, receipt.url or (item.url if item else ""), Standing.ABSENT)

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
        if (state := self.account.publication(ids["publish_id"])) is None:
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
        if delivery.revision.number > 1 or traces:
            pending, _ = self.traces.cleared(delivery, traces, keep=(article_id, index))
            if pending:
                return self._under_way(delivery, {**ids, "earlier": " ".join(traces)}, url=url)
        return Receipt(standing=Standing.LIVE, ids=_settled(ids), url=url)

    def _without_draft(self, delivery: Delivery) -> Receipt:
        """The draft is no longer there: published after all, or deleted by hand."""
        found = self.find(delivery)
        if found.standing in (Standing.ACCEPTED, Standing.LIVE):
            return found
        raise _draft_lost(self.name)


class Sending(Posting):
    """`mode = "mass"`: 群发, a message to the followers. WeChat takes a key for it and sends once for each."""

    def release(self, delivery: Delivery) -> Receipt:
        if delivery.is_late:
            return self.find(delivery)
        ids = known_ids(delivery)
        media_id = _media_id(ids)
        known = self.ledger.submission(media_id)
        if known is None:
            self._own_issue(delivery, ids)
        elif (done := self._handed_in(known, ids)) is not None:
            return done
        msg_id = self.account.send(media_id, ids.get("key") or _key(delivery), self.tag)
        at = self.now()
        if not msg_id:
            raise _draft_lost(self.name)
        self.ledger.submitted(media_id, known.claim if known is not None else "", msg_id)
        return Receipt(standing=Standing.ACCEPTED, ids={**ids, "msg_id": msg_id}, at=at)

    def verify(self, delivery: Delivery) -> Evidence:
        """What WeChat says of the message; its text cannot be read back by program."""
        if delivery.action is Action.WITHDRAW:
            return self._seen_gone(delivery)
        found = self.find(delivery)
        title = str(fields_of(delivery.rendition)["title"]) if delivery.rendition is not None else ""
        digest = hashlib.sha256(f"{found.ids.get('msg_id', '')} {found.standing}".encode()).hexdigest()
        return Evidence(url=found.url, at=utc_now(), standing=found.standing, digest=digest, extract=title)

    def _found(self, delivery: Delivery) -> Receipt:
        ids = known_ids(delivery)
        submission = self.ledger.submission(ids["media_id"]) if "media_id" in ids else None
        msg_id, draft = ids.get("msg_id") or (submission.publication if submission else ""), None
        if not msg_id:
            draft = self.account.draft(ids["media_id"]) if "media_id" in ids else self._own_draft(delivery, ids)
            if draft is None and "key" in ids:
                # A draft that is gone can no longer be sent: under its key WeChat only tells whether it has been.
                msg_id = self.account.send(ids["media_id"], ids["key"], self.tag)
        if msg_id:
            ids["msg_id"] = msg_id
            if self.ledger.is_deleted(message_trace(ids, delivery.revision.id)):
                return Receipt(standing=Standing.WITHDRAWN, ids=ids, note=DELETED)
            status = self.account.message(msg_id)
            if status == SENT:
                return self._sent(delivery, ids)
            if status in _MESSAGES:
                standing, note = _MESSAGES[status]
                return Receipt(standing=standing, ids=ids, note=note)
            if status:
                return self._under_way(delivery, ids)
        if draft is None or not holds(draft, own_marker(delivery)):
            return Receipt(standing=Standing.ABSENT, ids=ids)
        return Receipt(standing=Standing.STAGED, ids={**ids, **self._names(delivery, draft.media_id)})

    def _sent(self, delivery: Delivery, ids: dict[str, str]) -> Receipt:
        traces = self.traces.of(delivery)
        if delivery.revision.number > 1 or traces:
            pending, _ = self.traces.cleared(delivery, traces)
            if pending:
                return self._under_way(delivery, {**ids, "earlier": " ".join(traces)})
        return Receipt(standing=Standing.LIVE, ids=_settled(ids))

    _publication = "msg_id"

    def _names(self, delivery: Delivery, media_id: str) -> dict[str, str]:
        return {**super()._names(delivery, media_id), "key": _key(delivery)}

    def _may_come(self, publication: str) -> bool:
        return self.account.message(publication) in (SENT, SENDING)


def _media_id(ids: Mapping[str, str]) -> str:
    if "media_id" not in ids:
        raise Refused(
            Problem(
                field="release",
                message=Text.of("there is no draft to release"),
                remedy=Text.of("run: newsroom retry, which prepares it first"),
            )
        )
    return ids["media_id"]


def _key(delivery: Delivery) -> str:
    """32 characters for `clientmsgid`. The date keeps a newsroom that begins anew, with old ids, from old keys."""
    revision, told = delivery.revision, [delivery.key]
    for one in [each.revision for each in delivery.companions] if together(delivery) else [revision]:
        told += [delivery.configured.guid(one.id), one.published_at.isoformat()]
    if name := together(delivery):  # the same for all of them
        told[0] = name
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]


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


def _draft_lost(account: str) -> Unavailable:
    """Said with `sent`, so that the engine asks, finds nothing, and prepares again."""
    return Unavailable(
        Problem(
            field="draft",
            message=Text.of("the draft is no longer among those of {account}", account=account),
            remedy=Text.of("it is looked for, and made again if it is gone"),
        ),
        sent=True,
    )


def _settled(ids: Mapping[str, str]) -> dict[str, str]:
    """The names of what is live, once nothing older is left."""
    return {name: value for name, value in ids.items() if name != "earlier"}
