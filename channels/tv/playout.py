"""The prompter or playout brought to the running order wanted, message by message; without a device, the files of it.

What is wanted is written down first, with the message that is on its way, then said; with the last answer the device
has taken it, and what it holds is written down. So a deed that breaks off is found unfinished, on whatever machine, and
is finished by its repetition or by the next deed on that programme. A story the device refuses is taken back.

Whoever calls has the channel's lock.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from typing import Any, NamedTuple

from channels.files import Files
from channels.tv import documents, mos
from channels.tv.mos import Device, Folder, Line, Names, Sending
from channels.tv.programme import Calendar, Programme
from channels.tv.rundown import Overtaken, Rundowns
from channels.tv.script import Script
from pipeline.channel import ChannelError, Problem, Refused, Text, Unavailable, utc_now

log = logging.getLogger("tongfa.tv")
DAYS = 14
"""Broadcast days that are looked back at when old running orders are ended, and that a device may ask for."""
MERGED = 2
"""Days whose files are remembered as they were last read."""
MESSAGES = "mos"
"""The folder of the messages where there is no device."""


class Deed(NamedTuple):
    """Who changes a programme, and in a word what it is, for the record's events; empty: the newsroom's own work."""

    by: str = ""
    what: str = ""


ROUTINE = Deed()
UNSURE = Sending(number=0, name="", digest="")
"""Something was said, and what: then all of it has to be said again."""


class Playout:
    """A channel's device, or where there is none the folder `mos/` of `files`."""

    def __init__(
        self, rundowns: Rundowns, calendar: Calendar, channel: str, device: Device | None, names: Names, files: Files
    ) -> None:
        self.rundowns, self.calendar, self.channel = rundowns, calendar, channel
        self.device, self.names, self.files = device, names, files
        self._merged_once: dict[date, tuple[list[str], mos.Merged]] = {}
        """By day: the files as they were last read, and what they make."""

    def greet(self) -> None:
        """Look whether it answers, or the folder can be written. Raises `Unavailable`."""
        if self.device is None:
            self.files.write(f"{MESSAGES}/.writable", b"")
            self.files.delete(f"{MESSAGES}/.writable")
            return
        with self._line(utc_now().date(), self.rundowns.numbers()):
            pass

    def holds(self, programme: Programme, story: str, text: str) -> bool:
        """Whether the device's acknowledgement, or the files merged, are of this very text of the story."""
        if self.device is not None:
            return programme.view.texts.get(story) == text
        try:
            merged = self._merged(programme.day)
        except ValueError:  # somebody has put his hand on them
            return False
        return story in merged.order and merged.digest(story) == text

    def _merged(self, day: date) -> mos.Merged:
        """What a day's files make. All are read; those that are as they were last time need not be understood again."""
        messages = self.folder(day).messages()
        known, merged = self._merged_once.get(day, ([], mos.Merged()))
        if messages[: len(known)] != known:
            known, merged = [], mos.Merged()
        merged = mos.merge(messages[len(known) :], merged)
        others = {other: self._merged_once[other] for other in [*self._merged_once][-MERGED:] if other != day}
        self._merged_once = {**others, day: (messages, merged)}
        return merged

    def folder(self, day: date) -> Folder:
        """A day's files."""
        return Folder(self.files, self.names, f"{MESSAGES}/{day}")

    def bring(
        self,
        programme: Programme,
        before: Programme,
        moment: datetime,
        *,
        keep: bool = False,
        deed: Deed = ROUTINE,
    ) -> datetime:
        """Write the programme down in the place of `before` and bring the device to it; when the device had taken it.

        If the device refuses, `before` stands again; with `keep` the change stands nevertheless.
        """
        plan = mos.plan(self._order(programme), self._bodies(programme), programme.view, self._lost(programme))
        deed = deed if programme != before else ROUTINE
        if not plan:
            self._save(programme, before, deed)
            return utc_now()
        numbers = self.rundowns.numbers()
        with ExitStack() as talk:
            try:
                line = talk.enter_context(self._line(programme.day, numbers))
            except Unavailable:  # nothing has been said: what is wanted stands written, for the next deed
                self._save(programme, before, deed)
                raise
            try:
                told, refusal = self._say(line, programme, plan, numbers, deed)
                taken = utc_now()
                if refusal is not None:
                    stands = told if keep else before.model_copy(update={"view": told.view, "version": told.version})
                    stands = self.rundowns.save(stands, deed="refused by the prompter")
                    self._take_back(line, stands, numbers)
                    raise refusal
                self.rundowns.save(told)
            except Overtaken:  # another was speaking too: nobody knows what the device holds
                self.rundowns.save(_seen(self.rundowns.load(programme.day), sending=UNSURE))
                raise
            if not programme.view.known:
                self._end_old(line, programme.day, moment, numbers)
        return taken

    def doubt(self) -> None:
        """What the device holds of each running order may be something newer: all of it is said again with the next
        deed, under numbers that were never used."""
        self.rundowns.leap()
        for day in self.rundowns.days()[-DAYS:]:
            programme = self.rundowns.load(day)
            if programme.view.known and not programme.view.ended:
                self.rundowns.save(_seen(programme, sending=UNSURE), deed="in doubt")

    def _save(self, programme: Programme, before: Programme, deed: Deed) -> None:
        if programme != before:
            self.rundowns.save(programme, by=deed.by, deed=deed.what)

    def _lost(self, programme: Programme) -> str:
        """With which message to say all again because the files are gone that said it; "" if they are there."""
        if self.device is not None or not programme.view.numbers:
            return ""
        listed = self.folder(programme.day).listed()
        if any(name.startswith(f"{max(programme.view.numbers.values())}-") for name in listed):
            return ""
        return "roReplace" if listed else "roCreate"

    # -- saying it ------------------------------------------------------------------------------------

    def _say(
        self, line: Line, programme: Programme, plan: Sequence[mos.Message], numbers: Iterator[int], deed: Deed
    ) -> tuple[Programme, Refused | None]:
        """Say what differs. If the device refuses, it may have lost what it had: all of it goes out again, once."""
        anew = ""
        refusal: Refused | None = None
        while True:
            programme, refused = self._said(line, programme, plan, numbers, deed)
            deed = ROUTINE
            if refused is None:
                return programme, None
            message, reason = refused
            if refusal is None or message.name == "roStorySend":  # of a story's text it says most; else the first word
                refusal = _refused(reason, message.story, programme)
            if not anew:
                anew = "roReplace"
            elif message.name == "roReplace":  # there are devices that replace only what they know
                anew = "roCreate"
            else:
                return programme, refusal
            plan = mos.plan(self._order(programme), self._bodies(programme), programme.view, anew)

    def _take_back(self, line: Line, programme: Programme, numbers: Iterator[int]) -> None:
        """Bring the device back to the programme that stands after it has refused another: what it refused leaves its
        order, and what it has lost on the way is said again. What it does not take now, the next deed says."""
        back = mos.plan(self._order(programme), self._bodies(programme), programme.view)
        if not back:
            return
        try:
            told, _ = self._said(line, programme, back, numbers, ROUTINE)
        except Unavailable as trouble:
            log.warning("the prompter was not brought back after a refusal: %s", trouble)
        else:
            self.rundowns.save(told)

    def _said(
        self, line: Line, programme: Programme, messages: Sequence[mos.Message], numbers: Iterator[int], deed: Deed
    ) -> tuple[Programme, tuple[mos.Message, str] | None]:
        """Say these messages in order; the programme with what the device has acknowledged, what was refused, and why.

        What is wanted and the first message are written down before it is said, and where it breaks off; that
        everything was acknowledged is for the caller to write down.
        """
        for place, message in enumerate(messages):
            left, sending = messages[place:], programme.view.sending
            again = sending is not None and sending.repeats(left)
            number = sending.number if sending is not None and again else next(numbers)
            programme = _seen(programme, sending=Sending.of(number, left))
            if place == 0:
                programme = self.rundowns.save(programme, by=deed.by, deed=deed.what)
            try:
                ack = line.say(number, message)
            except ChannelError:
                if place:
                    self.rundowns.save(programme)
                raise
            if not ack.ok:
                return _seen(programme, sending=None), (message, ack.reason)
            view = mos.acknowledged(programme.view, message, number)
            programme = programme.model_copy(update={"view": view})
        return programme, None

    @contextmanager
    def _line(self, day: date, numbers: Iterator[int]) -> Iterator[Line]:
        if self.device is None:
            yield self.folder(day)
            return
        with self.device.connected(numbers.__next__, self._answer) as talk:
            yield talk

    def _answer(self, request: Any) -> str | None:
        """What the device is answered; what it tells of a story's being played is written down."""
        if (told := mos.status_of(request)) is not None:
            day = told.order.removeprefix(f"{self.channel}-")
            if self._order_id_is(told.order):
                self.rundowns.note_status(date.fromisoformat(day), told)
            return mos.heard(told.order)
        return mos.answer_to(request, self._orders, self.names)

    def _order_id_is(self, order: str) -> bool:
        return any(self._order_id(day) == order for day in self.rundowns.days()[-DAYS:])

    def _end_old(self, line: Line, day: date, moment: datetime, numbers: Iterator[int]) -> None:
        """Let the device forget earlier days, each once the programme after it is on air: reruns need it so long."""
        for old in self.rundowns.days()[-DAYS:]:
            if old == day or moment < self.calendar.on_air(self.calendar.next(old)):
                continue
            programme = self.rundowns.load(old)
            if programme.view.known and not programme.view.ended:
                message, number = mos.end(self._order_id(old)), next(numbers)
                where = line if self.device else self.folder(old)
                where.say(number, message)  # a device that says no has forgotten it already
                view = mos.acknowledged(programme.view, message, number)
                self.rundowns.save(programme.model_copy(update={"view": view}))

    # -- what is wanted -------------------------------------------------------------------------------

    def _orders(self) -> list[mos.Order]:
        """What a device may ask for."""
        programmes = [self.rundowns.load(day) for day in self.rundowns.days()[-DAYS:]]
        return [self._order(one) for one in programmes if one.view.known and not one.view.ended]

    def _order_id(self, day: date) -> str:
        return f"{self.channel}-{day}"

    def _order(self, programme: Programme) -> mos.Order:
        return mos.Order(
            id=self._order_id(programme.day),
            slug=f"{self.calendar.terms.programme} {programme.day}",
            start=self.calendar.on_air(programme.day),
            seconds=self.calendar.terms.duration,
            stories=tuple(
                mos.Listed(id=story.id, slug=story.slug, seconds=story.seconds, text=story.text)
                for story in programme.stories
            ),
            ready=programme.lock is not None,
        )

    def _bodies(self, programme: Programme) -> mos.Bodies:
        stories = {story.id: story for story in programme.stories}
        return lambda story: body_of(self.rundowns.script(programme.day, stories[story]))


def body_of(script: Script) -> mos.Body:
    """The story as the device gets it."""
    return mos.Body(
        id=script.story,
        slug=script.slug,
        seconds=script.seconds,
        paragraphs=documents.lines(script),
        items=tuple(mos.Item(id=f"{place}", slug=line) for place, line in enumerate(documents.played(script), 1)),
    )


def _seen(programme: Programme, *, sending: Sending | None) -> Programme:
    view = programme.view.model_copy(update={"sending": sending})
    return programme.model_copy(update={"view": view})


def _refused(reason: str, story: str, programme: Programme) -> Refused:
    message = (
        Text.of("the prompter refuses the story {story}: {reason}", story=story, reason=reason)
        if story
        else Text.of("the prompter refuses the running order of {day}: {reason}", day=f"{programme.day}", reason=reason)
    )
    return Refused(
        Problem(
            field="mos",
            message=message,
            remedy=Text.of("look at the prompter; then run: newsroom retry"),
        ),
        code="NACK",
        detail=reason,
    )
