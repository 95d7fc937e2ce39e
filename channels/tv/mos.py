"""MOS 2.8.5, what a newsroom system (NCS) says to a prompter or playout (the MOS device), and how it is understood.

Three parts, each usable by itself:

    plan(order, body, view)  which messages bring a device from what it has acknowledged to the running order wanted
    Device, Folder           two ways to say them: over TCP, one at a time with its acknowledgement; or as files
    merge(messages)          our own reader: the running order that a sequence of messages makes

The device is connected for one deed and let go. A device asks the newsroom for what it lacks, never the other way; so
after any doubt the whole running order goes out again as `roReplace`, which is safe to repeat. A message that has to
be said again, because nobody answered, keeps its number.

The wire: TCP to the device's upper port, UTF-16 big endian, no length prefix: a message is `<mos>` … `</mos>`.
Stories are moved upwards only, one at a time: the standard, mosromgr and @mos-connection agree on what that means.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from lxml import etree
from pydantic import AwareDatetime, Field

from channels.files import Files
from pipeline.article.value import Frozen
from pipeline.channel import Problem, Text, Unavailable

UPPER_PORT = 10541
LIMIT_NAME = 128
"""Characters of IDs and slugs."""
LIMIT_MESSAGE = 64 * 1024
"""Bytes of a message on the wire: more than that, devices with the buffers of the standard's first years cut off."""
LIMIT_ANSWER = 4 * 2**20
"""Bytes of what a device may send as one message."""
CONNECT, ANSWER, DEED = 3.0, 5.0, 20.0
"""Seconds for a connection, for one acknowledgement, and for everything said in one deed."""
FIRST = 1000
"""The number of the first message ever."""
SCHEMA = "urn:tongfa:mos:story"
SAFE = ("roCreate", "roReplace", "roStorySend", "roReadyToAir", "roDelete")
"""What may be said again with its number; after any other message without an answer only `roReplace` is safe."""


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


# -- what to say ------------------------------------------------------------------------------------------


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
        yield _action(order, "DELETE", source=[_named("storyID", gone)], story=gone)
        here.remove(gone)
    for place, story in enumerate(wanted):
        if story in here:
            continue
        following = next((one for one in wanted[place + 1 :] if one in here), "")
        yield _action(order, "INSERT", target=following, source=[_story(listed[story])], story=story,
                      stories=((story, listed[story].slug),))  # fmt: skip
        here.insert(here.index(following) if following else len(here), story)
        texts.pop(story, None)
    for place, story in enumerate(wanted):
        if here[place] != story:
            yield _action(order, "MOVE", target=here[place], source=[_named("storyID", story)], story=story)
            here.remove(story)
            here.insert(place, story)
    for story in wanted:
        if story in view.slugs and view.slugs[story] != listed[story].slug:
            yield _action(order, "REPLACE", target=story, source=[_story(listed[story])], story=story,
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
    return _message("roDelete", _element("roDelete", _named("roID", order_id)))


def _order_message(name: str, order: Order) -> Message:
    return _message(
        name,
        _described(name, order, [_story(story) for story in order.stories]),
        stories=tuple((story.id, story.slug) for story in order.stories),
    )


def _described(name: str, order: Order, stories: Sequence[Any]) -> Any:
    return _element(
        name,
        _named("roID", order.id),
        _named("roSlug", order.slug[:LIMIT_NAME]),
        _named("roEdStart", order.start.isoformat(timespec="seconds")),
        _named("roEdDur", _clock(order.seconds)),
        *stories,
    )


def _ready(order: Order) -> Message:
    said = _element("roReadyToAir", _named("roID", order.id), _named("roAir", "READY" if order.ready else "NOT READY"))
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
    said = _element("roElementAction", _named("roID", order.id))
    said.set("operation", operation)
    if target is not None:
        said.append(_element("element_target", _named("storyID", target)))
    said.append(_element("element_source", *source))
    return _message("roElementAction", said, story=story, before=target or "", operation=operation, stories=stories)


def _story_send(order_id: str, story: Body) -> Message:
    said = _element(
        "roStorySend",
        _named("roID", order_id),
        _named("storyID", story.id),
        _named("storySlug", story.slug[:LIMIT_NAME]),
        _body(story),
        _times(story),
    )
    return _message("roStorySend", said, story=story.id, text=story.digest)


def story_message(story: Body) -> Message:
    """A story's `roStorySend` in no particular running order: how long it gets."""
    return _story_send("-" * 16, story)


def _body(story: Body) -> Any:
    body = _element("storyBody")
    for instruction, text in story.paragraphs:
        if instruction:
            body.append(_element("p", _named("pi", instruction)))
        if text:
            body.append(_named("p", text))
    for item in story.items:
        body.append(
            _element(
                "storyItem",
                _named("itemID", item.id),
                _named("itemSlug", item.slug[:LIMIT_NAME]),
                _named("objID", f"{story.id}.{item.id}"),
                _named("mosID", "CG"),
            )
        )
    return body


def _story(story: Listed) -> Any:
    """A story as a running order lists it: without its text."""
    return _element("story", _named("storyID", story.id), _named("storySlug", story.slug[:LIMIT_NAME]), _times(story))


def _times(story: Body | Listed) -> Any:
    return _element(
        "mosExternalMetadata",
        _named("mosScope", "PLAYLIST"),
        _named("mosSchema", SCHEMA),
        _element("mosPayload", _named("StoryDuration", str(story.seconds))),
    )


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _named(name: str, text: str) -> Any:
    element = etree.Element(name)
    element.text = text or None
    return element


def _element(name: str, *children: Any) -> Any:
    element = etree.Element(name)
    element.extend(children)
    return element


def _message(name: str, element: Any, **effect: Any) -> Message:
    return Message(name=name, xml=etree.tostring(element, encoding="unicode"), **effect)


class Names(Frozen):
    """How newsroom and device call each other."""

    mos: str = "PROMPTER"
    ncs: str = "TONGFA"

    def envelope(self, number: int, xml: str) -> str:
        """A whole message."""
        head = _element("mos", _named("mosID", self.mos), _named("ncsID", self.ncs), _named("messageID", str(number)))
        return _text(head).removesuffix("</mos>") + xml + "</mos>"


# -- understanding ----------------------------------------------------------------------------------------

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


class Stream:
    """Cuts what comes over the wire into messages; characters may be split between two packets."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16-be")(errors="replace")
        self._text = ""
        self._bytes = 0

    def feed(self, data: bytes) -> list[str]:
        """The messages completed by these bytes. ValueError if one is longer than any message may be."""
        self._text += self._decoder.decode(data).replace("\ufeff", "")
        found = []
        while (end := self._text.find("</mos>")) >= 0:
            whole, self._text = self._text[: end + 6], self._text[end + 6 :]
            found.append(whole[max(0, whole.find("<mos>")) :])
        if len(self._text) * 2 > LIMIT_ANSWER:
            raise ValueError("a message without an end")
        return found


class Ack(Frozen):
    """A device's answer."""

    ok: bool
    reason: str = ""


_WHITE = re.compile(r"\s+")


def _ack(answer: Any) -> Ack | None:
    """What an answer says; None if it is none."""
    for name, status in (("roAck", "roStatus"), ("mosAck", "status")):
        if (found := answer.find(name)) is not None:
            said = _WHITE.sub(" ", found.findtext(status) or "").strip()
            ok = said.upper() in ("OK", "ACK")
            detail = _WHITE.sub(" ", found.findtext("statusDescription") or "").strip()
            return Ack(ok=ok, reason="" if ok else (detail or said)[:200])
    return None


# -- two ways to say it -----------------------------------------------------------------------------------


class Line(Protocol):
    """Where messages go during one deed."""

    def say(self, number: int, message: Message) -> Ack:
        """Say it and wait for the answer. `Unavailable(sent=True)` if there is none."""


class Folder:
    """Without a device: messages become numbered files of a folder, which mosromgr and others merge."""

    def __init__(self, files: Files, names: Names, folder: str) -> None:
        self.files, self.names, self.folder = files, names, folder

    def say(self, number: int, message: Message) -> Ack:
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{self.names.envelope(number, message.xml)}\n'
        self.files.write(f"{self.folder}/{number}-{message.label}.mos.xml", text.encode())
        return Ack(ok=True)

    def listed(self) -> list[str]:
        """What the files are called, in the order of their numbers as long as these have as many digits."""
        folder = f"{self.files.root}/{self.folder}"
        self.files.fs.invalidate_cache(folder)  # another machine may have written
        return sorted(str(found).rpartition("/")[2] for found in self.files.fs.find(folder))

    def messages(self) -> list[str]:
        """The files' content, in the same order."""
        read = (self.files.read(f"{self.folder}/{name}") for name in self.listed())
        return [(data or b"").decode("utf-8", "replace") for data in read]


Answers = Callable[[Any], str | None]
"""What the newsroom answers to a device's request, given as the request's element: the inner XML, None for nothing."""


class Device:
    """A MOS device at its upper port."""

    def __init__(self, host: str, port: int, names: Names, *, answer: float = ANSWER) -> None:
        self.host, self.port, self.names, self.answer = host, port, names, answer

    @contextmanager
    def connected(self, number: Callable[[], int], answers: Answers) -> Iterator[Talk]:
        """A connection for one deed; it begins with a heartbeat, so that a device that is away costs no doubt.

        `number` gives the next message's number. Raises `Unavailable`, with `sent` false.
        """
        try:
            sock = socket.create_connection((self.host, self.port), timeout=CONNECT)
        except OSError as error:
            raise self.away("cannot be reached", error=error, sent=False) from error
        with sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            talk = Talk(sock, self, number, answers)
            talk.heartbeat()
            yield talk

    def away(self, what: str, *, sent: bool, error: Exception | None = None) -> Unavailable:
        messages = {
            "cannot be reached": Text.of("the prompter {host} cannot be reached", host=f"{self.host}:{self.port}"),
            "did not answer": Text.of("the prompter {host} did not answer in time", host=f"{self.host}:{self.port}"),
            "broke off": Text.of("the connection to the prompter {host} broke off", host=f"{self.host}:{self.port}"),
        }
        return Unavailable(
            Problem(
                field="mos",
                message=messages[what],
                remedy=Text.of(
                    "check that the prompter is running, and the option mos in the channel's configuration; "
                    "it is tried again by itself"
                ),
            ),
            sent=sent,
            detail=repr(error) if error else "",
        )


class Talk:
    """One connection: one message at a time, each with its answer; what the device asks meanwhile is answered."""

    def __init__(self, sock: socket.socket, device: Device, number: Callable[[], int], answers: Answers) -> None:
        self._sock, self._device, self._number, self._answers = sock, device, number, answers
        self._stream = Stream()
        self._waiting: list[str] = []
        self._deadline = time.monotonic() + DEED

    def heartbeat(self) -> None:
        """Whether the device lives. Raises `Unavailable`: nothing has happened yet."""
        number = self._number()
        self._send(number, _beat(), sent=False)
        self._receive(number, lambda answer: Ack(ok=True) if answer.find("heartbeat") is not None else None, sent=False)

    def say(self, number: int, message: Message) -> Ack:
        self._send(number, message.xml, sent=True)
        return self._receive(number, _ack, sent=True)

    def _send(self, number: int, xml: str, *, sent: bool) -> None:
        try:
            self._sock.settimeout(self._left())
            self._sock.sendall(self._device.names.envelope(number, xml).encode("utf-16-be"))
        except OSError as error:
            raise self._device.away("broke off", sent=sent, error=error) from error

    def _receive(self, number: int, read: Callable[[Any], Ack | None], *, sent: bool) -> Ack:
        """The answer to message `number`; requests that come first are answered, stale answers passed over."""
        until = time.monotonic() + self._device.answer
        while True:
            while self._waiting:
                try:
                    answer = parse(self._waiting.pop(0))
                except ValueError:  # not to be understood: the answer is still to come
                    continue
                theirs = (answer.findtext("messageID") or "").strip()
                found = read(answer)
                if found is not None and theirs in ("", str(number)):
                    return found
                if found is None and (reply := self._answers(answer)) is not None:
                    self._send(int(theirs) if theirs.isdecimal() else number, reply, sent=sent)
            try:
                self._sock.settimeout(max(0.001, min(until - time.monotonic(), self._left())))
                data = self._sock.recv(65536)
                self._waiting += self._stream.feed(data)
            except TimeoutError as error:
                raise self._device.away("did not answer", sent=sent, error=error) from error
            except (OSError, ValueError) as error:
                raise self._device.away("broke off", sent=sent, error=error) from error
            if not data:
                raise self._device.away("broke off", sent=sent)

    def _left(self) -> float:
        return max(0.001, self._deadline - time.monotonic())


def _beat() -> str:
    return f"<heartbeat><time>{datetime.now().astimezone().isoformat(timespec='seconds')}</time></heartbeat>"


def answer_to(request: Any, orders: Callable[[], Sequence[Order]]) -> str | None:
    """What the newsroom answers to a device: heartbeat, reqMachInfo, roReq, roReqAll. None to anything else."""
    if request.find("heartbeat") is not None:
        return _beat()
    if request.find("reqMachInfo") is not None:
        return _text(_machine())
    if (asked := request.find("roReq")) is not None:
        wanted = (asked.findtext("roID") or "").strip()
        for order in orders():
            if order.id == wanted:
                return _text(_described("roList", order, [_story(story) for story in order.stories]))
        return _text(_element("roAck", _named("roID", wanted), _named("roStatus", "Unknown running order")))
    if request.find("roReqAll") is not None:
        listed = [_described("ro", order, []) for order in orders()]
        return _text(_element("roListAll", *listed))
    return None


def _text(element: Any) -> str:
    text: str = etree.tostring(element, encoding="unicode")
    return text


def _machine() -> Any:
    profiles = _element("supportedProfiles")
    profiles.set("deviceType", "NCS")
    for number in range(8):
        profile = _named("mosProfile", "YES" if number in (0, 2, 4) else "NO")
        profile.set("number", str(number))
        profiles.append(profile)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return _element(
        "listMachInfo",
        _named("manufacturer", "Tongfa"),
        _named("model", "Tongfa"),
        _named("hwRev", "0"),
        _named("swRev", "0.1"),
        _named("DOM", "0"),
        _named("SN", "0"),
        _named("ID", "TONGFA"),
        _named("time", now),
        _named("mosRev", "2.8.5"),
        profiles,
    )


# -- our own reader ---------------------------------------------------------------------------------------


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


def merge(messages: Iterable[str]) -> Merged:
    """Read the messages of one running order in the order of their numbers. ValueError for what is no message."""
    roots = [parse(text) for text in messages]
    merged = Merged()
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
