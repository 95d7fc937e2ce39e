"""`mode = "draft"`: what is prepared waits among the drafts. The rules stand in `posting`."""

from __future__ import annotations

from channels.label import is_labelled
from channels.wechat.account import Draft, Item, Post
from channels.wechat.content.marker import Marker
from channels.wechat.posting.companions import own_marker, together, with_each
from channels.wechat.posting.readback import seen
from channels.wechat.posting.steps import Posting, is_placed
from channels.wechat.posting.traces import is_older, kept_traces, own_ids
from pipeline.channel import Action, Delivery, Evidence, Receipt, Standing, Text, utc_now

_BY_HAND = Text.of(
    "the article waits among the drafts of {account}: open mp.weixin.qq.com > 草稿箱 and press 发表; "
    "a version published by hand has to be deleted by hand too"
)
_BY_HAND_DECLARED = Text.of(
    "the article waits among the drafts of {account}: open mp.weixin.qq.com > 草稿箱, set its 创作来源 to "
    "内容由AI生成, for it was made by a machine, wholly or in part, and press 发表; "
    "a version published by hand has to be deleted by hand too"
)


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
            evidence = seen(delivery, draft.items[place], draft.items[place].url, Standing.ABSENT)
            return evidence if is_placed(delivery) else evidence.model_copy(update={"standing": Standing.STAGED})
        for post in self.account.posts(marker.name, delivery.revision.published_at):
            for index in post.places(marker.name, marker.revision):
                item = self._read(post, index)
                return seen(delivery, item, item.url if item else "", Standing.ABSENT)
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

    def _is_outdated(self, draft: Draft, marker: Marker, story: bool) -> bool:
        """Only if it holds this very revision: with an older one it may be what was delivered, also to the others."""
        return super()._is_outdated(draft, marker, story) and draft.place(marker.name, marker.revision) is not None

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
