"""What newsroom and device speak of, its limits, and how it is written: values, elements, the envelope of a message."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lxml import etree
from pydantic import AwareDatetime, Field

from pipeline.article.value import Frozen

LIMIT_NAME = 128
"""Characters of IDs and slugs."""
LIMIT_MESSAGE = 64 * 1024
"""Bytes of a message on the wire: more than that, devices with the buffers of the standard's first years cut off."""
FIRST = 1000
"""The number of the first message ever."""
SCHEMA = "urn:tongfa:mos:story"


class Item(Frozen):
    """Something to be played or shown with a story: a caption, a graphic."""

    id: str
    slug: str


class Listed(Frozen):
    """A story as a running order lists it: without its text."""

    id: str
    slug: str
    seconds: int
    text: str
    """The digest of its text, see `Body.digest`."""


class Body(Frozen):
    """A story as the device gets it."""

    id: str
    slug: str
    seconds: int
    paragraphs: tuple[tuple[str, str], ...]
    """(instruction to the presenter or "", what is read or "" where nothing is), in spoken form."""
    items: tuple[Item, ...] = ()

    @property
    def digest(self) -> str:
        """Of everything in it: equal digests are the same text on the prompter."""
        return digest_of(self.slug, [said for _, said in self.paragraphs if said])


class Order(Frozen):
    """The running order wanted."""

    id: str
    slug: str
    start: AwareDatetime
    seconds: int
    stories: tuple[Listed, ...]
    ready: bool = False
    """Approved for air: the programme is locked."""


Bodies = Callable[[str], Body]
"""A story of the running order, by its id; asked only for what has to be said."""


def digest_of(slug: str, paragraphs: Iterable[str]) -> str:
    """The digest of a story's text by its slug and what is read."""
    return hashlib.sha256("\n".join([slug[:LIMIT_NAME], *paragraphs]).encode()).hexdigest()


class Sending(Frozen):
    """A message on its way: said, not yet answered. After a crash some of what was to follow may have been said too."""

    number: int
    name: str
    digest: str
    """Of the message and all that was to be said after it."""
    story: str = ""
    """Whose it is; "" for the whole running order."""

    @classmethod
    def of(cls, number: int, messages: Sequence[Message]) -> Sending:
        """The first of these messages on its way."""
        first = messages[0]
        return cls(number=number, name=first.name, digest=_digest_of_all(messages), story=first.story)

    def repeats(self, messages: Sequence[Message]) -> bool:
        """Whether it was on its way to say exactly these."""
        return bool(messages) and self.digest == _digest_of_all(messages)


class View(Frozen):
    """What the device has acknowledged of one running order."""

    known: bool = False
    ended: bool = False
    ready: bool = False
    order: tuple[str, ...] = ()
    slugs: dict[str, str] = Field(default_factory=dict)
    texts: dict[str, str] = Field(default_factory=dict)
    """By story: the digest of the last text acknowledged."""
    numbers: dict[str, int] = Field(default_factory=dict)
    """By story: the number of the message that carried it."""
    sending: Sending | None = None
    """Set while an answer is outstanding, also from an earlier process: then its outcome is unknown."""

    def doubtful(self, story: str) -> bool:
        """Whether nobody knows what the device holds of this story."""
        return self.sending is not None and self.sending.story in ("", story)


class Message(Frozen):
    """One message without its envelope: what it is called, what it says, what it does to a view."""

    name: str
    xml: str
    story: str = ""
    before: str = ""
    """INSERT, MOVE: the story before which it comes; "" for the end."""
    operation: str = ""
    stories: tuple[tuple[str, str], ...] = ()
    """(id, slug) of the stories it names."""
    text: str = ""
    ready: bool = False

    @property
    def label(self) -> str:
        """Its name in a file's name."""
        return f"{self.name}-{self.operation}" if self.operation else self.name


def _digest_of_all(messages: Iterable[Message]) -> str:
    return hashlib.sha256("\0".join(message.xml for message in messages).encode()).hexdigest()


# -- how it is written ------------------------------------------------------------------------------------


def described(name: str, order: Order, stories: Sequence[Any]) -> Any:
    """A running order with these elements of its stories, in an element called `name`."""
    return element(
        name,
        named("roID", order.id),
        named("roSlug", order.slug[:LIMIT_NAME]),
        named("roEdStart", order.start.isoformat(timespec="seconds")),
        named("roEdDur", _clock(order.seconds)),
        *stories,
    )


def story_listed(story: Listed) -> Any:
    """A story as a running order lists it: without its text."""
    return element("story", named("storyID", story.id), named("storySlug", story.slug[:LIMIT_NAME]), times(story))


def times(story: Body | Listed) -> Any:
    """How long a story is."""
    return element(
        "mosExternalMetadata",
        named("mosScope", "PLAYLIST"),
        named("mosSchema", SCHEMA),
        element("mosPayload", named("StoryDuration", str(story.seconds))),
    )


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def named(name: str, text: str) -> Any:
    """An element with nothing but text in it."""
    element = etree.Element(name)
    element.text = text or None
    return element


def element(name: str, *children: Any) -> Any:
    """An element with nothing but these in it."""
    element = etree.Element(name)
    element.extend(children)
    return element


def xml_of(element: Any) -> str:
    """It as text."""
    text: str = etree.tostring(element, encoding="unicode")
    return text


class Names(Frozen):
    """How newsroom and device call each other."""

    mos: str = "PROMPTER"
    ncs: str = "TONGFA"

    def envelope(self, number: int, xml: str) -> str:
        """A whole message."""
        head = element("mos", named("mosID", self.mos), named("ncsID", self.ncs), named("messageID", str(number)))
        return xml_of(head).removesuffix("</mos>") + xml + "</mos>"


_DECLARATION = re.compile(r"^\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE[^>\[]*>\s*)?")


def parse(text: str) -> Any:
    """A message as an element. Entities, document types and external references are not followed: ValueError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(_DECLARATION.sub("", text).encode(), parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no XML: {error}") from error
    if root.tag != "mos" or any(isinstance(one, etree._Entity) for one in root.iter()):
        raise ValueError("no MOS message")
    return root
