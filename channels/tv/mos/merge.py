"""Our own reader: the running order that a sequence of messages makes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field

from channels.tv.mos.words import digest_of, parse
from pipeline.article.value import Frozen


class Merged(Frozen):
    """A running order as a sequence of messages makes it."""

    id: str = ""
    slug: str = ""
    order: tuple[str, ...] = ()
    slugs: dict[str, str] = Field(default_factory=dict)
    texts: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """By story: what is read, a string a paragraph."""
    ready: bool = False
    ended: bool = False

    def digest(self, story: str) -> str:
        """The digest of a story's text, as `Body.digest` has it; "" if there is none."""
        return digest_of(self.slugs.get(story, ""), self.texts[story]) if story in self.texts else ""


def merge(messages: Iterable[str], merged: Merged = Merged()) -> Merged:  # noqa: B008 - frozen
    """Read the messages of one running order in the order of their numbers, after those that made `merged`.

    ValueError for what is no message.
    """
    roots = [parse(text) for text in messages]
    for root in sorted(roots, key=lambda root: int(root.findtext("messageID"))):
        merged = _merge(merged, root[-1])
    return merged


def _merge(merged: Merged, said: Any) -> Merged:
    order, slugs, texts = list(merged.order), dict(merged.slugs), dict(merged.texts)
    ready, ended = merged.ready, merged.ended
    if said.tag in ("roCreate", "roReplace"):
        order = [story.findtext("storyID") for story in said.iterfind("story")]
        slugs = {story.findtext("storyID"): story.findtext("storySlug") or "" for story in said.iterfind("story")}
        texts, ready = {}, False
    elif said.tag == "roStorySend":
        story = said.findtext("storyID")
        slugs[story] = said.findtext("storySlug") or ""
        texts[story] = tuple(p.text for p in said.iterfind("storyBody/p") if p.text)
    elif said.tag == "roElementAction":
        target = said.findtext("element_target/storyID") or ""
        stories = said.findall("element_source/story")
        ids = [one.findtext("storyID") for one in stories] or [
            one.text for one in said.iterfind("element_source/storyID")
        ]
        operation = said.get("operation")
        place = order.index(target) if target else len(order)
        for one in ids:
            if one in order and operation != "INSERT":
                place -= order.index(one) < place
                order.remove(one)
        if operation != "DELETE":
            order[place:place] = ids
        if operation == "REPLACE" and target in order and target not in ids:
            order.remove(target)
        for one in stories:
            slugs[one.findtext("storyID")] = one.findtext("storySlug") or ""
        if operation in ("REPLACE", "DELETE"):
            texts = {one: text for one, text in texts.items() if one not in ids}
    elif said.tag == "roReadyToAir":
        ready = said.findtext("roAir") == "READY"
    elif said.tag == "roDelete":
        ended = True
    return Merged(
        id=said.findtext("roID") or merged.id,
        slug=said.findtext("roSlug") or merged.slug,
        order=tuple(order),
        slugs=slugs,
        texts=texts,
        ready=ready,
        ended=ended,
    )
