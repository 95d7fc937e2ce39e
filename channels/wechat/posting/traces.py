"""What receipts name of an article on the account, and by that what its revisions have left there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from channels.wechat.account import SENDING, SENT, Account, Draft, Item, Post, Status
from channels.wechat.content.marker import name_of
from channels.wechat.errors import UsedUp, asked
from channels.wechat.ledger import Ledger
from channels.wechat.posting.companions import order_of, together
from pipeline.channel import Action, Delivery, Problem, Refused, Standing, Text, Unavailable


class Cleared(NamedTuple):
    """What has become of an article's earlier posts and messages."""

    pending: bool
    """Something is still in WeChat's queue."""
    unseen: bool
    """Something may be, and could not be asked about today."""
    found: tuple[str, ...]
    """The traces of what was public and is deleted."""
    blindly: bool = False
    """Whether that was done by what receipts say, because nothing could be looked at: to be done once a day."""


class Traces:
    """What articles have left on one account: found by what receipts and the ledger say, looked at, and deleted."""

    def __init__(self, account: Account, ledger: Ledger, *, name: str, publication: str, settling: timedelta) -> None:
        self._account = account
        self._ledger = ledger
        self._name = name
        """The account's, for people."""
        self._publication = publication
        """What a publication is called in a receipt."""
        self._settling = settling
        """After this time it can be seen what became of a submission whose answer was lost."""

    def of(self, delivery: Delivery) -> tuple[str, ...]:
        """What this article may have left on the account before this delivery. Raises `Unavailable` if unknown."""
        own, article, withdrawing = own_ids(delivery), delivery.revision.id, delivery.action is Action.WITHDRAW
        found: list[str] = []
        for ids in (delivery.previous.ids if delivery.previous is not None else {}, own if withdrawing else {}):
            found += traces_of(ids, article)
            media_id = ids.get("media_id", "")
            # An older revision's draft may have become this one's: what became of it is no older thing then.
            if "article_id" not in ids and (withdrawing or media_id != own.get("media_id")):
                found += self._submitted_as(media_id, ids, article)
        return tuple(dict.fromkeys([*found, *own.get("earlier", "").split()]))

    def also(self, ids: Mapping[str, str], draft: Draft, article: str) -> dict[str, str]:
        """The names of a withdrawal, with what has just been handed in."""
        traces = [*ids.get("earlier", "").split(), *self._submitted_as(draft.media_id, ids, article)]
        return {**ids, "earlier": " ".join(dict.fromkeys(traces))}

    def is_public(self, trace: str, name: str) -> bool:
        """Whether what a trace names shows this article; a publication under way counts as shown."""
        kind, _, value = trace.partition(":")
        if kind == "article":
            post = self._account.post(value)
            return post is not None and bool(post.places(name))
        if kind == "message":
            return not self._ledger.is_deleted(value) and self._account.message(message_of(value)[0]) in (SENT, SENDING)
        state = self._account.publication(value)
        if state is None or state.status is not Status.PUBLISHED:
            return state is not None and state.status is Status.UNDER_WAY
        return self.is_public(f"article:{state.article_id}", name)

    def cleared(self, delivery: Delivery, traces: Iterable[str], keep: tuple[str, int] | None = None) -> Cleared:
        """Delete what older revisions show, or with a withdrawal all. `keep`: (article id, index) of what stays.

        Whatever can still be asked is asked: that the day's calls of one question are used up is no reason not to
        delete what another one shows; first the list of posts, then each post, last the place that a receipt names.
        Raises `UsedUp` if nothing is known to be deleted, or nothing more can be deleted today.
        """
        name = name_of(delivery.revision, delivery.configured)
        below = None if delivery.action is Action.WITHDRAW else delivery.revision.number
        pending, found = False, list[str]()
        articles: list[str] = []
        told = told_places(delivery)
        unasked = answered = 0
        blindly = False
        for kind, value in (trace.split(":", 1) for trace in traces):
            if kind == "article":
                articles.append(value)
            elif kind == "message":
                still, was = self._message_gone(value)
                pending, answered = pending or still, answered + 1
                found += [f"{kind}:{value}"] if was else []
            else:
                try:
                    state = asked(partial(self._account.publication, value))
                except UsedUp:
                    unasked += 1
                    continue
                answered += 1
                if state is not None:
                    pending = pending or state.status is Status.UNDER_WAY
                    if state.status is Status.PUBLISHED:
                        articles.append(state.article_id)
                        if len(state.urls) == 1:
                            told.append((state.article_id, next(iter(state.urls))))
        try:
            shown = [
                (post.article_id, index)
                for post in self._posts(delivery, name, articles, certain=bool(answered))
                for index in post.places(name)
                if is_older(post.item(index), below)
            ]
        except UsedUp:
            shown, unasked, blindly = list(dict.fromkeys(told)), unasked + 1, True
            if not shown:
                raise
        shown = [place for place in shown if place != keep]
        for article_id, index in shown:
            asked(partial(self._account.delete_post, article_id, index))
        # Each publication that could not be asked about and is out shows as a post that no receipt names.
        unnamed = {article_id for article_id, _ in shown} - set(articles)
        return Cleared(
            pending=pending,
            unseen=unasked > len(unnamed),
            found=(*found, *(f"article:{one}" for one, _ in shown)),
            blindly=blindly,
        )

    def _posts(self, delivery: Delivery, name: str, articles: Iterable[str], *, certain: bool) -> list[Post]:
        """The posts that may show the article: by the list of posts, and by their names where they are known.

        `certain`: of something that the article left it is known already what it shows.
        """
        posts: dict[str, Post] = {}
        missing: UsedUp | None = None
        try:
            listed = asked(partial(self._account.posts, name, delivery.revision.published_at))
            posts = {post.article_id: post for post in listed}
        except UsedUp as used_up:
            missing = used_up
        for article_id in articles:
            try:
                if article_id not in posts and (post := asked(partial(self._account.post, article_id))) is not None:
                    posts[article_id] = post
            except UsedUp as used_up:
                if missing is not None:  # neither the list nor the post itself can be looked at
                    raise used_up from None
        if missing is not None and not (posts or certain):
            raise missing
        return list(posts.values())

    def _message_gone(self, trace: str) -> tuple[bool, bool]:
        """Delete an article of a mass message; (it is still being sent, it was public)."""
        if self._ledger.is_deleted(trace):
            return False, False
        msg_id, index = message_of(trace)
        try:
            status = asked(partial(self._account.message, msg_id))
        except UsedUp:
            status = SENT  # what has not been sent yet cannot be deleted, and says so
        if status == SENT:
            self._account.delete_message(msg_id, index)
            self._ledger.deleted(trace)  # of several, WeChat does not say which are left
        return status == SENDING, status == SENT

    def wait_for(self, media_id: str) -> None:
        """Raise `Unavailable` while WeChat may still be at a submission that had no answer."""
        submission = self._ledger.submission(media_id)
        if submission is None or submission.publication:
            return
        left = self._settling - submission.age
        if left > timedelta(0):
            seconds = left // timedelta(seconds=1) + 1
            raise Unavailable(
                Problem(
                    field="release",
                    message=Text.of("WeChat did not answer when {account} handed in the article", account=self._name),
                    remedy=Text.of("in {seconds} seconds it can be seen what became of it", seconds=seconds),
                ),
                retry_after=left,
            )

    def _submitted_as(self, media_id: str, ids: Mapping[str, str], article: str) -> list[str]:
        submission = self._ledger.submission(media_id) if media_id else None
        if submission is None:
            return []
        if not submission.publication:
            self.wait_for(media_id)
            return []
        return traces_of({**places_in(ids), self._publication: submission.publication}, article)


def told_places(delivery: Delivery) -> list[tuple[str, int]]:
    """(article id, index) of what the receipts say that the article, or an earlier revision of it, shows."""
    own = own_ids(delivery) if delivery.action is Action.WITHDRAW else {}
    told = [own, delivery.previous.ids if delivery.previous is not None else {}]
    return [(ids["article_id"], index_of(ids, delivery.revision.id)) for ids in told if "article_id" in ids]


def media_id_in(ids: Mapping[str, str]) -> str:
    """The draft that a receipt names. Raises `Refused` if it names none."""
    if "media_id" not in ids:
        raise Refused(
            Problem(
                field="release",
                message=Text.of("there is no draft to release"),
                remedy=Text.of("run: newsroom retry, which prepares it first"),
            )
        )
    return ids["media_id"]


def index_of(ids: Mapping[str, str], article: str) -> int:
    """The article's place, from 1, in what a receipt names."""
    articles = ids.get("articles", "").split()
    return articles.index(article) + 1 if article in articles else int(ids.get("index", "1"))


def message_trace(ids: Mapping[str, str], article: str) -> str:
    """An article of a mass message: the message's id, and the article's index if that is not 1."""
    index = index_of(ids, article)
    return ids["msg_id"] + (f"/{index}" if index != 1 else "")


def places_in(ids: Mapping[str, str]) -> dict[str, str]:
    """What a receipt says of the places in a publication."""
    return {name: value for name, value in ids.items() if name in ("articles", "index")}


def message_of(trace: str) -> tuple[str, int]:
    """(message id, index from 1)."""
    msg_id, _, index = trace.partition("/")
    return msg_id, int(index or 1)


def is_older(item: Item | None, below: int | None) -> bool:
    """Whether this article's revision is below a number; any is if there is none."""
    return item is not None and item.marker is not None and (below is None or item.marker.revision < below)


def own_ids(delivery: Delivery) -> dict[str, str]:
    """What the delivery's own receipt names."""
    return dict(delivery.receipt.ids) if delivery.receipt is not None else {}


def known_ids(delivery: Delivery) -> dict[str, str]:
    """What is known of the delivery so far. The receipt of a version before this one does not name the others."""
    ids = {**own_ids(delivery), **kept_traces(delivery)}
    if (name := together(delivery)) and ids.get("together") == name:
        ids["articles"] = order_of(delivery)
    return ids


def shown_ids(delivery: Delivery) -> dict[str, str]:
    """What a withdrawal's receipt keeps of what it took down."""
    ids = delivery.previous.ids if delivery.previous is not None else own_ids(delivery)
    return {name: value for name, value in ids.items() if name in ("article_id", "articles", "index", "msg_id")}


def kept_traces(delivery: Delivery) -> dict[str, str]:
    """The part of a receipt that names what earlier revisions left, so that it is not lost on the way."""
    before = traces_of(delivery.previous.ids, delivery.revision.id) if delivery.previous is not None else []
    found = dict.fromkeys([*before, *own_ids(delivery).get("earlier", "").split()])
    return {"earlier": " ".join(found)} if found else {}


def traces_of(ids: Mapping[str, str], article: str) -> list[str]:
    """What a receipt names of things public or about to be: `article:…`, `publish:…`, `message:…`."""
    own = [
        f"{kind}:{message_trace(ids, article) if kind == 'message' else ids[name]}"
        for kind, name in (("article", "article_id"), ("publish", "publish_id"), ("message", "msg_id"))
        if name in ids and not (kind == "publish" and "article_id" in ids)
    ]
    return [*ids.get("earlier", "").split(), *own]


def has_been_out(delivery: Delivery, traces: Iterable[str]) -> bool:
    """Whether the article has been out, as far as receipts tell."""
    before = [receipt.standing for receipt in (delivery.previous, delivery.receipt) if receipt is not None]
    return (
        Standing.LIVE in before
        or Standing.WITHDRAWN in before
        or any(not trace.startswith("publish:") for trace in traces)
    )


def settled(ids: Mapping[str, str]) -> dict[str, str]:
    """The names of what is live, once nothing older is left."""
    return {name: value for name, value in ids.items() if name != "earlier"}
