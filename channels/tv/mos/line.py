"""Two ways to say it: to a device over TCP, one message at a time with its acknowledgement; or as files of a folder."""

from __future__ import annotations

import codecs
import logging
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Any, Protocol

from channels.files import Files
from channels.tv.mos.words import Message, Names, Order, described, element, named, parse, story_listed, xml_of
from pipeline import lease
from pipeline.article.value import Frozen
from pipeline.channel import Problem, Text, Unavailable

log = logging.getLogger("tongfa.mos")
UPPER_PORT = 10541
LIMIT_ANSWER = 4 * 2**20
"""Bytes of what a device may send as one message."""
NUMBER = re.compile("[0-9]{1,10}")
"""What a device's number for its message may look like."""
CONNECT, ANSWER, DEED = 3.0, 5.0, 20.0
"""Seconds for a connection, for one acknowledgement, and for everything said in one deed."""
BEAT = 5.0
"""Seconds of silence after which a heartbeat is said on a connection that stands: devices made with @mos-connection
expect one every few seconds."""


class Stream:
    """Cuts what comes over the wire into messages; characters may be split between two packets."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16-be")(errors="replace")
        self._text = ""

    def feed(self, data: bytes) -> list[str]:
        """The messages completed by these bytes. ValueError if one is longer than any message may be."""
        self._text += self._decoder.decode(data).replace("\ufeff", "")
        found = []
        while (end := self._text.find("</mos>")) >= 0:
            whole, self._text = _within_limit(self._text[: end + 6]), self._text[end + 6 :]
            found.append(whole[max(0, whole.find("<mos>")) :])
        _within_limit(self._text)
        return found


def _within_limit(text: str) -> str:
    """It, or ValueError: with what stands before it, a message is no longer than any may be."""
    if len(text) * 4 > LIMIT_ANSWER and len(text.encode("utf-16-be")) > LIMIT_ANSWER:
        raise ValueError(f"a message of more than {LIMIT_ANSWER} bytes")
    return text


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
        return self.files.names(self.folder)

    def messages(self) -> list[str]:
        """The files' content, in the same order."""
        read = (self.files.read(f"{self.folder}/{name}") for name in self.listed())
        return [(data or b"").decode("utf-8", "replace") for data in read]


Answers = Callable[[Any], str | None]
"""What the newsroom answers to a device's request, given as the request's element: the inner XML, None for nothing."""


class Device:
    """A MOS device at its upper port.

    The connection is made with the first deed and stands as long as this process and the device do, with heartbeats in
    between: to many devices a hang-up is an error. Nothing is said on it but in a deed; who breaks it off costs the
    next deed a new one.
    """

    def __init__(self, host: str, port: int, names: Names, *, answer: float = ANSWER, beat: float = BEAT) -> None:
        self.host, self.port, self.names, self.answer, self.beat = host, port, names, answer, beat
        self._using = threading.Lock()
        """Held by whoever speaks on the connection or reads from it."""
        self._talk: Talk | None = None

    @contextmanager
    def connected(self, number: Callable[[], int], answers: Answers) -> Iterator[Talk]:
        """The connection for one deed; it begins with a heartbeat, so that a device that is away costs no doubt.

        `number` gives the next message's number. Raises `Unavailable`, with `sent` false.
        """
        lease.require()
        with self._using:
            talk = self._standing(number, answers)
            try:
                yield talk
            except Unavailable:
                self._hang_up()
                raise

    def close(self) -> None:
        """End the connection, if it stands; the next deed would make a new one."""
        with self._using:
            self._hang_up()

    def _standing(self, number: Callable[[], int], answers: Answers) -> Talk:
        """The connection that stands, if it does: one that was broken off meanwhile is made again."""
        if self._talk is not None:
            try:
                self._talk.begin(number, answers)
            except Unavailable as trouble:
                self._hang_up()
                if not isinstance(trouble.__cause__, ConnectionError):
                    raise
            else:
                return self._talk
        talk = Talk(self._connection(), self, number, answers)
        try:
            talk.begin(number, answers)
        except Unavailable:
            talk.close()
            raise
        self._talk = talk
        threading.Thread(target=self._tend, args=(talk,), name=f"mos {self.host}", daemon=True).start()
        return talk

    def _tend(self, talk: Talk) -> None:
        """Between deeds: answer what the device asks, and a heartbeat when it has been silent; until it breaks off."""
        while True:
            spoken_to = talk.waits(self.beat)
            with self._using:
                if self._talk is not talk:
                    return
                try:
                    talk.attend(beat=not spoken_to)
                except Unavailable as trouble:
                    log.info("the prompter %s:%s has gone: %s", self.host, self.port, trouble.detail)
                    self._hang_up()
                    return

    def _hang_up(self) -> None:
        if self._talk is not None:
            self._talk.close()
        self._talk = None

    def _connection(self) -> socket.socket:
        try:
            sock = socket.create_connection((self.host, self.port), timeout=CONNECT)
        except OSError as error:
            raise self.away("cannot be reached", error=error, sent=False) from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

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

    def __init__(
        self,
        sock: socket.socket,
        device: Device,
        number: Callable[[], int],
        answers: Answers,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: seconds, never stepped."""
        self._sock, self._device, self._number, self._answers, self._clock = sock, device, number, answers, clock
        self._stream = Stream()
        self._waiting: list[str] = []
        self._deadline = clock() + DEED
        self._beat_number = 0

    def begin(self, number: Callable[[], int], answers: Answers) -> None:
        """A deed begins: its time, and a heartbeat."""
        self._number, self._answers = number, answers
        self._deadline = self._clock() + min(DEED, lease.left())
        self.heartbeat()

    def close(self) -> None:
        self._sock.close()

    def waits(self, seconds: float) -> bool:
        """Wait until the device has said something, or so long; whether it has."""
        try:
            return bool(select.select([self._sock], [], [], seconds)[0])
        except (OSError, ValueError):  # closed meanwhile: whoever asks sees that it is not his any more
            return True

    def attend(self, *, beat: bool) -> None:
        """Answer what the device has asked between two deeds, or see whether it lives. Raises `Unavailable`."""
        self._deadline = self._clock() + DEED
        if beat:
            self.heartbeat(self._beat_number)
            return
        try:
            self._sock.settimeout(0)
            self._hear(self._sock.recv(65536))
        except BlockingIOError:  # what had come was read in a deed
            pass
        except OSError as error:
            raise self._device.away("broke off", sent=False, error=error) from error
        while self._waiting:
            try:
                asked = parse(self._waiting.pop(0))
            except ValueError:
                continue
            self._reply(asked, self._beat_number, self._deadline, sent=False)

    def heartbeat(self, number: int = 0) -> None:
        """Whether the device lives. Raises `Unavailable`: nothing has happened yet. Without `number` a new one, which
        serves again between deeds."""
        self._beat_number = number = number or self._number()
        self._send(number, _beat(), self._deadline, sent=False)
        self._receive(number, lambda answer: Ack(ok=True) if answer.find("heartbeat") is not None else None, sent=False)

    def say(self, number: int, message: Message) -> Ack:
        self._send(number, message.xml, self._deadline, sent=True)
        return self._receive(number, _ack, sent=True)

    def _send(self, number: int, xml: str, until: float, *, sent: bool) -> None:
        try:
            self._sock.settimeout(self._left(until))
            self._sock.sendall(self._device.names.envelope(number, xml).encode("utf-16-be"))
        except TimeoutError as error:
            raise self._device.away("did not answer", sent=sent, error=error) from error
        except OSError as error:
            raise self._device.away("broke off", sent=sent, error=error) from error

    def _receive(self, number: int, read: Callable[[Any], Ack | None], *, sent: bool) -> Ack:
        """The answer to message `number`; requests that come first are answered, stale answers passed over.

        However much the device says meanwhile: its time for the answer is over when it is, and so is the deed's.
        """
        until = min(self._clock() + self._device.answer, self._deadline)
        while True:
            try:
                answer = parse(self._next(until))
            except TimeoutError as error:
                raise self._device.away("did not answer", sent=sent, error=error) from error
            except OSError as error:
                raise self._device.away("broke off", sent=sent, error=error) from error
            except ValueError:  # not to be understood: the answer is still to come
                continue
            theirs = (answer.findtext("messageID") or "").strip()
            found = read(answer)
            if found is not None and theirs in ("", str(number)):
                return found
            if found is None:
                self._reply(answer, number, until, sent=sent)

    def _reply(self, asked: Any, number: int, until: float, *, sent: bool) -> None:
        """Answer a request with its own number, or this where it has none."""
        theirs = (asked.findtext("messageID") or "").strip()
        if (reply := self._answers(asked)) is not None:
            self._send(int(theirs) if NUMBER.fullmatch(theirs) else number, reply, until, sent=sent)

    def _next(self, until: float) -> str:
        """The next message. TimeoutError if none is whole at that moment, another OSError if none will be."""
        while True:
            self._sock.settimeout(self._left(until))
            if self._waiting:
                return self._waiting.pop(0)
            self._hear(self._sock.recv(65536))

    def _hear(self, data: bytes) -> None:
        if not data:
            raise ConnectionError("closed by the device")
        try:
            self._waiting += self._stream.feed(data)
        except ValueError as error:
            raise ConnectionError(str(error)) from error

    def _left(self, until: float) -> float:
        """Seconds until then; TimeoutError if that is over."""
        left = until - self._clock()
        if left <= 0:
            raise TimeoutError("no time left")
        return left


def _beat() -> str:
    return f"<heartbeat><time>{datetime.now().astimezone().isoformat(timespec='seconds')}</time></heartbeat>"


# -- what the newsroom answers ----------------------------------------------------------------------------


class Status(Frozen):
    """What a device says has become of a story: PLAY, STOP, READY …"""

    order: str
    story: str
    status: str
    time: str
    """As the device writes it; "" if it does not."""


def status_of(request: Any) -> Status | None:
    """The status of a story that a message tells (`roElementStat`, in older devices `roStoryStat`); None if none."""
    told = request.find("roElementStat")
    if told is None or told.get("element") != "STORY":
        told = request.find("roStoryStat")
    if told is None:
        return None
    order, story, status, time_ = (
        (told.findtext(name) or "").strip() for name in ("roID", "storyID", "status", "time")
    )
    return Status(order=order, story=story, status=status.upper(), time=time_) if order and story and status else None


def heard(order: str) -> str:
    """What the newsroom answers to a status."""
    return xml_of(element("roAck", named("roID", order), named("roStatus", "OK")))


def answer_to(request: Any, orders: Callable[[], Sequence[Order]], names: Names) -> str | None:
    """What the newsroom answers to a device: heartbeat, reqMachInfo, roReq, roReqAll. None to anything else."""
    if request.find("heartbeat") is not None:
        return _beat()
    if request.find("reqMachInfo") is not None:
        return xml_of(_machine(names.ncs))
    if (asked := request.find("roReq")) is not None:
        wanted = (asked.findtext("roID") or "").strip()
        for order in orders():
            if order.id == wanted:
                return xml_of(described("roList", order, [story_listed(story) for story in order.stories]))
        return xml_of(element("roAck", named("roID", wanted), named("roStatus", "Unknown running order")))
    if request.find("roReqAll") is not None:
        listed = [described("ro", order, []) for order in orders()]
        return xml_of(element("roListAll", *listed))
    return None


def _machine(name: str) -> Any:
    """What the newsroom is, under the name that the device knows it by."""
    profiles = element("supportedProfiles")
    profiles.set("deviceType", "NCS")
    for number in range(8):
        profile = named("mosProfile", "YES" if number in (0, 2, 4) else "NO")
        profile.set("number", str(number))
        profiles.append(profile)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    return element(
        "listMachInfo",
        named("manufacturer", "Tongfa"),
        named("model", "Tongfa"),
        named("hwRev", "0"),
        named("swRev", version("tongfa")),
        named("DOM", "0"),
        named("SN", "0"),
        named("ID", name),
        named("time", now),
        named("mosRev", "2.8.5"),
        profiles,
    )
