"""What to say: the messages that bring a device from what it has acknowledged to the running order wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree

from channels.tv.mos.words import (
    LIMIT_NAME,
    Bodies,
    Body,
    Message,
    Order,
    View,
    described,
    element,
    named,
    story_listed,
    times,
)

SAFE = ("roCreate", "roReplace", "roStorySend", "roReadyToAir", "roDelete")
"""What may be said again with its number; after any other message without an answer only `roReplace` is safe."""


def plan(order: Order, body: Bodies, view: View, anew: str = "") -> list[Message]:
    """The messages that bring the device to `order`.

    `anew`: say all of it again, beginning with this message (roReplace, or roCreate to a device that knows nothing).
    While an answer is outstanding, what was said is repeated if that is safe and still what has to be said first;
    otherwise nobody knows what the device holds, and all of it is said again. What `body` raises passes.
    """
    if view.ended or not (view.known or view.sending or order.stories):
        return []
    if anew:
        return _all(anew, order, body)
    said = list(_differences(order, body, view)) if view.known else _all("roCreate", order, body)
    sending = view.sending
    if sending and not (sending.name in SAFE and sending.repeats(said)):
        return _all("roReplace", order, body)
    return said


def _all(name: str, order: Order, body: Bodies) -> list[Message]:
    said = [_order_message(name, order), *(_story_send(order.id, body(story.id)) for story in order.stories)]
    return [*said, _ready(order)] if order.ready else said


def _differences(order: Order, body: Bodies, view: View) -> Iterator[Message]:
    wanted = [story.id for story in order.stories]
    listed = {story.id: story for story in order.stories}
    here = list(view.order)
    texts = dict(view.texts)
    for gone in [story for story in here if story not in listed]:
        yield _action(order, "DELETE", source=[named("storyID", gone)], story=gone)
        here.remove(gone)
    for place, story in enumerate(wanted):
        if story in here:
            continue
        following = next((one for one in wanted[place + 1 :] if one in here), "")
        yield _action(order, "INSERT", target=following, source=[story_listed(listed[story])], story=story,
                      stories=((story, listed[story].slug),))  # fmt: skip
        here.insert(here.index(following) if following else len(here), story)
        texts.pop(story, None)
    for place, story in enumerate(wanted):
        if here[place] != story:
            yield _action(order, "MOVE", target=here[place], source=[named("storyID", story)], story=story)
            here.remove(story)
            here.insert(place, story)
    for story in wanted:
        if story in view.slugs and view.slugs[story] != listed[story].slug:
            yield _action(order, "REPLACE", target=story, source=[story_listed(listed[story])], story=story,
                          stories=((story, listed[story].slug),))  # fmt: skip
            texts.pop(story, None)
    for story in wanted:
        if texts.get(story) != listed[story].text:
            yield _story_send(order.id, body(story))
    if order.ready != view.ready:
        yield _ready(order)


def acknowledged(view: View, message: Message, number: int) -> View:
    """What the device holds once it has acknowledged the message."""
    order, slugs, texts, numbers = list(view.order), dict(view.slugs), dict(view.texts), dict(view.numbers)
    known, ended, ready = True, view.ended, view.ready
    match message.name, message.operation:
        case "roCreate" | "roReplace", _:
            order, slugs, texts, ready = [one for one, _ in message.stories], dict(message.stories), {}, False
        case "roStorySend", _:
            texts[message.story], numbers[message.story] = message.text, number
        case _, "DELETE":
            order.remove(message.story)
            texts.pop(message.story, None)
        case _, "INSERT":
            order.insert(order.index(message.before) if message.before else len(order), message.story)
            slugs |= dict(message.stories)
            texts.pop(message.story, None)
        case _, "MOVE":
            order.remove(message.story)
            order.insert(order.index(message.before), message.story)
        case _, "REPLACE":
            slugs |= dict(message.stories)
            texts.pop(message.story, None)
        case "roReadyToAir", _:
            ready = message.ready
        case "roDelete", _:
            ended, order = True, []
    return View(known=known, ended=ended, ready=ready, order=tuple(order), slugs=slugs, texts=texts, numbers=numbers)


def end(order_id: str) -> Message:
    """The day is over: the device may forget the running order."""
    return _message("roDelete", element("roDelete", named("roID", order_id)))


# -- the messages ----------------------------------------------------------------------------------------


def _order_message(name: str, order: Order) -> Message:
    return _message(
        name,
        described(name, order, [story_listed(story) for story in order.stories]),
        stories=tuple((story.id, story.slug) for story in order.stories),
    )


def _ready(order: Order) -> Message:
    said = element("roReadyToAir", named("roID", order.id), named("roAir", "READY" if order.ready else "NOT READY"))
    return _message("roReadyToAir", said, ready=order.ready)


def _action(
    order: Order,
    operation: str,
    *,
    source: Sequence[Any],
    story: str,
    target: str | None = None,
    stories: tuple[tuple[str, str], ...] = (),
) -> Message:
    said = element("roElementAction", named("roID", order.id))
    said.set("operation", operation)
    if target is not None:
        said.append(element("element_target", named("storyID", target)))
    said.append(element("element_source", *source))
    return _message("roElementAction", said, story=story, before=target or "", operation=operation, stories=stories)


def _story_send(order_id: str, story: Body) -> Message:
    said = element(
        "roStorySend",
        named("roID", order_id),
        named("storyID", story.id),
        named("storySlug", story.slug[:LIMIT_NAME]),
        _body(story),
        times(story),
    )
    return _message("roStorySend", said, story=story.id, text=story.digest)


def story_message(story: Body) -> Message:
    """A story's `roStorySend` in no particular running order: how long it gets."""
    return _story_send("-" * 16, story)


def _body(story: Body) -> Any:
    body = element("storyBody")
    for instruction, text in story.paragraphs:
        if instruction:
            body.append(element("p", named("pi", instruction)))
        if text:
            body.append(named("p", text))
    for item in story.items:
        body.append(
            element(
                "storyItem",
                named("itemID", item.id),
                named("itemSlug", item.slug[:LIMIT_NAME]),
                named("objID", f"{story.id}.{item.id}"),
                named("mosID", "CG"),
            )
        )
    return body


def _message(name: str, element: Any, **effect: Any) -> Message:
    return Message(name=name, xml=etree.tostring(element, encoding="unicode"), **effect)
