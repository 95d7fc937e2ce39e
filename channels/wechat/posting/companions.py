"""Articles that go out together: one draft, one publication, and a receipt for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from channels.wechat.account import Draft
from channels.wechat.content.marker import Marker, digest_of
from channels.wechat.content.rendition import marker_of
from pipeline.channel import Delivery, Receipt, Rendition


def rendition_of(delivery: Delivery) -> Rendition:
    """What goes out. ValueError for a withdrawal."""
    if delivery.rendition is None:
        raise ValueError("a withdrawal has no rendition")
    return delivery.rendition


def with_each(delivery: Delivery, receipt_of: Callable[[Delivery], Receipt]) -> Receipt:
    """The delivery's receipt, with those of the others that go out together with it."""
    each = {one.revision.id: receipt_of(one) for one in each_of(delivery)}
    return each.pop(delivery.revision.id).model_copy(update={"each": each})


def own_marker(delivery: Delivery) -> Marker:
    """The marker of the delivery's article, but for what will be filled in."""
    return marker_of(rendition_of(delivery))._replace(together=together(delivery))


def together(delivery: Delivery) -> str:
    """Names the articles that go out with this one, their renditions and their order; "" if it goes alone."""
    if len(delivery.companions) < 2:
        return ""
    return digest_of(
        "\0".join(f"{one.revision.id} {one.revision.number} {one.rendition.digest}" for one in delivery.companions)
    )


def each_of(delivery: Delivery) -> list[Delivery]:
    """The delivery for each of the articles that go out together; it alone if there are no others."""
    companions = delivery.companions if together(delivery) else ()
    return [dataclasses.replace(delivery, revision=one.revision, rendition=one.rendition) for one in companions] or [
        delivery
    ]


def holds(draft: Draft, marker: Marker) -> bool:
    """Whether the draft has exactly this rendition in it, with exactly these companions."""
    return any(item.marker is not None and item.marker._replace(filled=marker.filled) == marker for item in draft.items)


def order_of(delivery: Delivery) -> str:
    """The ids of those that go out together, in their order, as a receipt names them."""
    return " ".join(one.revision.id for one in delivery.companions)
