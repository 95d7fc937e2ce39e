"""What receipts name of an article on the account, and by that what its revisions have left there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from channels.wechat.account import Item
from channels.wechat.posting.companions import order_of, together
from pipeline.channel import Delivery, Standing


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
    """What the delivery's own receipt names."""
    """What is known of the delivery so far. The receipt of a version before this one does not name the others."""
    ids = {**own_ids(delivery), **kept_traces(delivery)}
    if (name := together(delivery)) and ids.get("together") == name:
        ids["articles"] = order_of(delivery)
    return ids


def shown_ids(delivery: Delivery) -> dict[str, str]:
    """What the delivery's own receipt names."""
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
