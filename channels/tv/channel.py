"""The `tv` kind: an article becomes one story in the running order of its broadcast day.

    {id}/pages/index.html               the days
    {id}/pages/2026-11-24/index.html    the rundown, prompter.html, programme.txt, programme.rtf
    {id}/pages/2026-11-24/a1.html       a story's script; a1.docx, a1.txt, a1.rtf
    {id}/2026-11-24/programme.json      the running order: order, lock, what the device acknowledged (data folder)
    {id}/2026-11-24/a1.1.json           the script of a story's revision
    {id}/mos/2026-11-24/1000-….mos.xml  without a device: the messages, for mosromgr and others

Options: those of the programme (`programme.Terms`: programme, air, duration, deadline, days, speed, story, lead,
opening, closing, column_titles, producer), of its files (`root`, `staging`, `verify`; `url`, where `root` is served),
and `mos` (the prompter's `host:port`, default the environment's TONGFA_{ID}_MOS; none: files), `mos_id`,
`ncs_id` (how device and newsroom call each other), `answer` (seconds a device may take to acknowledge).

What is to be aired is nobody's business before: the pages stand outside the public site, in the data folder, for
whoever of the newsroom can read that. With a `root` in the site's folder they are public.

A release has two parts. What it wants is written first, with the message that is on its way, then said to the device,
message by message: with the last answer the channel has taken it (`Receipt.at`). Then what the device holds is written
down, and the pages follow. So a deed that breaks off is found unfinished and is finished by its repetition, or by the
next deed on that programme. A story the device refuses is taken back. Each part stands under the catalogue's lock and
one of the channel's own, which the commands take too; between the two another story may be taken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from channels import files
from channels.body import NOT_HTML, column_of, refuse_characters
from channels.files import Files
from channels.options import unknown_options
from channels.tv import documents, mos, spoken
from channels.tv.mos import Device, Folder, Line, Names, Sending
from channels.tv.programme import Calendar, Lock, Programme, Slot, Story, Terms, terms_of
from channels.tv.script import Script, write
from pipeline.article import Newsroom, Revision
from pipeline.channel import (
    GONE,
    Action,
    Channel,
    ChannelError,
    Correction,
    Delivery,
    Entry,
    Evidence,
    Media,
    Problem,
    Receipt,
    Refused,
    Rendition,
    Setting,
    Standing,
    Text,
    Unavailable,
    Unpublishable,
    mark_of,
    utc_now,
)

MARK = "script.json"
"""Staged last: where it is, everything is."""
OPTIONS = {*files.OPTIONS, *Terms.model_fields, "url", "mos", "mos_id", "ncs_id", "answer"}
PAGES = "pages"
"""The folder of the pages in the channel's own."""
SITE, FORMER = "site", "tv"
"""The public site's folder, and where in it the pages stood before."""
PATIENCE = 10.0
"""Seconds to wait for the channel's own lock."""
POLL = 0.005
"""Seconds between two looks whether it is free."""
DAYS = 14
"""Broadcast days that are looked back at when old running orders are ended, and that a device may ask for."""
FORMS = ("docx", "txt", "rtf")
NUMBERS = 32
"""Numbers of messages that a process keeps at a time."""
KEPT = 128
"""Scripts and programmes that are kept as they were read, by their content."""


class Television(Channel):
    kind: ClassVar[str] = "tv"
    corrects: ClassVar[Correction] = Correction.NOTICE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        spoken.model()  # half a second, now and not within the first article
        documents.load()
        self.terms, self._problems = terms_of(self.options, self.outlet.name)
        url = str(self.options.get("url") or "")
        self.files = Files.of(setting, f"{self.outlet.id}/{PAGES}", f"{url.rstrip('/')}/" if url else "")
        own = setting.data / self.outlet.id
        self.state = Files(str(own), staging=str(own / "unstaged"))
        self._own = own
        self.names = Names(
            mos=str(self.options.get("mos_id") or "PROMPTER"), ncs=str(self.options.get("ncs_id") or "TONGFA")
        )
        variable = f"TONGFA_{self.outlet.id.replace('-', '_').upper()}_MOS"
        self._address = str(self.options.get("mos") or setting.secrets.get(variable, ""))
        self.device = self._device()
        self._reserved = range(0)
        """Numbers of messages that are kept for this process; only while the lock is held."""

    def _device(self) -> Device | None:
        if not self._address:
            return None
        host, port, _ = _host_port(self._address)
        answer = self.options.get("answer")
        seconds = float(answer) if isinstance(answer, int | float) and answer > 0 else mos.ANSWER
        return Device(host, port, self.names, answer=seconds)

    def calendar(self, newsroom: Newsroom) -> Calendar:
        """The programme's days and times in the newsroom's zone."""
        return Calendar(terms=self.terms, timezone=newsroom.timezone)

    # -- the contract -------------------------------------------------------------------------------------

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        """The script, as canonical JSON; every document is made from it alone."""
        refuse_characters(revision, NOT_HTML)
        column_of(revision.article, newsroom)
        script = write(revision, newsroom, self.terms, self.calendar(newsroom).slot(revision))
        if script.seconds > self.terms.room:
            raise Unpublishable(
                Problem(
                    field="body",
                    message=Text.of(
                        "the script takes {seconds} seconds, the whole programme has {room}",
                        seconds=script.seconds,
                        room=self.terms.room,
                    ),
                    remedy=Text.of("shorten what is marked as voice-over or lead in the manuscript"),
                )
            )
        length = len(self.names.envelope(mos.FIRST, mos.story_message(_body(script)).xml).encode("utf-16-be"))
        if length > mos.LIMIT_MESSAGE:
            raise Unpublishable.over("body", mos.LIMIT_MESSAGE // 2, length // 2)
        return Rendition.of("application/json", script.canonical())

    def preview(self, revision: Revision, rendition: Rendition, newsroom: Newsroom, media: Media) -> tuple[str, bytes]:  # noqa: ARG002
        """The script as people read and print it."""
        return "text/html", documents.preview(_script(rendition), rendition.digest)

    def prepare(self, delivery: Delivery) -> Receipt:
        """Make all documents and stage them; raises `Refused` if the programme is locked."""
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return self._receipt(delivery, Standing.STAGED)
        slot, script = self._slot(delivery), _script(delivery.rendition)
        programme = self.load(slot.day)
        story = _story(delivery.revision, delivery.rendition, script, ordinal=0)
        self._refuse(programme, story, delivery)
        self._scripts(programme)  # now, and not at the moment of release, it is said if one is lost
        token = _token(delivery.revision)
        for name, data in _papers(script, delivery.rendition).items():
            self.files.stage(token, name, data)
        self.state.stage(token, MARK, delivery.rendition.body.encode())
        self.files.stage(token, MARK, delivery.rendition.body.encode())
        return self._receipt(delivery, Standing.STAGED, self._doubts(programme.put(story), story, slot))

    def release(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive(), self._alone():
            entry = delivery.catalogue.entry(delivery.revision.id)
            if (
                delivery.rendition is None
                or entry is None
                or entry.withdrawn_at is not None
                or entry.revision.number != delivery.revision.number
            ):
                return self.find(delivery)
            slot, script = self._slot(delivery), _script(delivery.rendition)
            before = self.load(slot.day)
            story = _story(delivery.revision, delivery.rendition, script, ordinal=entry.ordinal)
            self._refuse(before, story, delivery)
            self._keep(delivery.revision, delivery.rendition, _script_path(slot.day, story))
            taken = self._bring(before.put(story), before, delivery.revision.updated_at)
        with delivery.catalogue.exclusive(), self._alone():
            programme = self.load(slot.day)
            now = programme.find(story.id)
            if now is None or now.digest != story.digest:  # overtaken meanwhile
                return self.find(delivery)
            self._show_story(delivery.revision, delivery.rendition, script)
            self._show(programme)
            self._unstage(delivery.revision)
        return self._receipt(delivery, Standing.LIVE, at=taken)

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive(), self._alone():
            self._unstage(delivery.revision)
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is None or entry.withdrawn_at is None:
                return self.find(delivery)
            changed = [slot.day for slot in self._slots(delivery) if self._take_out(slot, entry, delivery)]
            taken = utc_now()
            for day in changed:
                self._show(self.load(day))
            standing = self._standing_of_withdrawal(delivery)
        aired = self._aired(delivery, entry.withdrawn_at) if standing is Standing.WITHDRAWN else None
        return self._receipt(delivery, standing, aired, at=taken)

    def find(self, delivery: Delivery) -> Receipt:
        if delivery.action is Action.WITHDRAW:
            return self._receipt(delivery, self._standing_of_withdrawal(delivery))
        if self._staged(delivery):  # also if the page is there already: the release was broken off
            return self._receipt(delivery, Standing.STAGED)
        slot = self._slot(delivery)
        held = self._holds(delivery, slot, self.load(slot.day))
        page = held and self.files.read(_page_path(slot)) == _page(delivery)
        return self._receipt(delivery, Standing.LIVE if page else self._otherwise(delivery, slot))

    def verify(self, delivery: Delivery) -> Evidence:
        """The device's acknowledgement of this very text (without a device: the files, merged), and the pages."""
        slot = self._slot(delivery)
        page = self.files.seen(_page_path(slot))
        if delivery.action is Action.WITHDRAW:
            standing = self._standing_of_withdrawal(delivery)
            if page is not None and mark_of(page) != GONE:
                standing = Standing.LIVE
        else:
            programme = self.load(slot.day)
            rundown = self.files.seen(f"{slot.day}/index.html") or b""
            whole = (
                self._holds(delivery, slot, programme)
                and self._is_said(delivery, slot)
                and page == _page(delivery)
                and f'href="{slot.story}.html"'.encode() in rundown
            )
            standing = Standing.LIVE if whole else self._otherwise(delivery, slot)
        return Evidence(
            url=self.files.where(_page_path(slot)),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(page).hexdigest() if page is not None else "",
            extract=f"{slot.day} {self.terms.air:%H:%M} {' '.join(delivery.revision.article.headline.split())}",
        )

    def check(self) -> list[Problem]:
        found = [
            *unknown_options(self.setting, OPTIONS),
            *self._problems,
            *self.files.problems(self.setting),
        ]
        if self.options.get("verify") == "http" and not self.files.address:
            found.append(
                Problem(
                    field="url",
                    message=Text.of("{option} is {value}", option="verify", value="http"),
                    remedy=Text.of("write with url where the folder of root is served, or leave verify out"),
                )
            )
        answer = self.options.get("answer", mos.ANSWER)
        if not isinstance(answer, int | float) or not 0 < answer <= mos.DEED:
            found.append(
                Problem(
                    field="answer",
                    message=Text.of("{option} is {value}", option="answer", value=str(answer)),
                    remedy=Text.of("write a number of seconds up to {limit}", limit=mos.DEED),
                )
            )
        try:
            self.state.write(".writable", b"")
            self.state.delete(".writable")
            found += self.locked(utc_now())
            if self.device and not _host_port(self._address)[2]:
                found.append(
                    Problem(
                        field="mos",
                        message=Text.of("{address} is no address of a prompter", address=self._address),
                        remedy=Text.of("write host:port; the port is usually {port}", port=mos.UPPER_PORT),
                    )
                )
            elif self.device:
                with self._alone(), self._line(utc_now().date(), self._numbers()):
                    pass
        except ChannelError as trouble:
            found.append(trouble.problem)
        return found

    def figures(self) -> list[Text]:
        """Where the pages are, and whether anybody can read them."""
        site, pages = self.setting.data / SITE, Path(self.files.root)
        found = [Text.of("scripts, running order and prompter: {folder}", folder=self.files.where("index.html"))]
        if self.files.is_local and pages.is_relative_to(site):
            found.append(
                Text.of("they are public before they are aired: {folder} is in the public site", folder=str(pages))
            )
        elif (old := site / FORMER / "index.html").exists():
            found.append(
                Text.of(
                    "scripts of earlier programmes are still public: delete the folder {folder}", folder=str(old.parent)
                )
            )
        return found

    def locked(self, now: datetime) -> list[Problem]:
        """That the programme is locked which a story of this moment would join, and who decides; empty if it is not.

        After the deadline that is the next programme: that the day's is locked by then is as it should be.
        """
        calendar = self.calendar(self.newsroom)
        try:
            self.load(calendar.joins(now)).refuse_if_locked(calendar, now)
        except Refused as refusal:
            return [refusal.problem]
        return []

    # -- for editors --------------------------------------------------------------------------------------

    def load(self, day: date) -> Programme:
        """The programme of a day; an empty one if nothing has come for it yet."""
        data = self.state.read(f"{day}/programme.json")
        return _programme(data) if data else Programme(day=day)

    def days(self) -> list[date]:
        """The broadcast days that have a programme, oldest first."""
        data = self.state.read("days.json")
        return [date.fromisoformat(day) for day in json.loads(data)] if data else []

    def move(self, day: date, story: str, position: int, now: datetime) -> Programme:
        """Put a story at another position. KeyError if it is not in the programme, `Refused` if that is locked."""

        def moved(programme: Programme) -> Programme:
            programme.refuse_if_locked(self.calendar(self.newsroom), now)
            return programme.move(story, position)

        return self._edit(day, moved, now)

    def lock(self, day: date, by: str, now: datetime) -> Programme:
        """Refuse all changes from now on, and tell the device that the running order is ready to air."""

        def locked(programme: Programme) -> Programme:
            return programme.model_copy(update={"lock": programme.lock or Lock(by=by, at=now)})

        return self._edit(day, locked, now, keep=True)

    def unlock(self, day: date, now: datetime) -> Programme:
        """Take changes again."""
        return self._edit(day, lambda programme: programme.model_copy(update={"lock": None}), now, keep=True)

    def _edit(
        self, day: date, change: Callable[[Programme], Programme], now: datetime, *, keep: bool = False
    ) -> Programme:
        """Change a programme by hand. `keep`: the change stands even if the device refuses to hear of it."""
        with self._alone():
            before = self.load(day)
            after = change(before)
            try:
                self._bring(after, after if keep else before, now)
            finally:
                self._show(self.load(day))
            return self.load(day)

    # -- the running order: only while the lock is held ---------------------------------------------------

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The channel's own lock on this machine, which the commands take as well."""
        self._own.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._own / "lock", timeout=PATIENCE, poll_interval=POLL):
                yield
        except Timeout as error:
            raise Unavailable(
                Problem(
                    field="programme",
                    message=Text.of("the programme is being changed by somebody else"),
                    remedy=Text.of("it is tried again by itself"),
                )
            ) from error

    def _refuse(self, programme: Programme, story: Story, delivery: Delivery) -> None:
        """Raise `Refused` if the programme is locked and does not have this text already."""
        known = programme.find(story.id)
        if known is None or known.digest != story.digest:
            programme.refuse_if_locked(self.calendar(delivery.configured), delivery.revision.updated_at)

    def _doubts(self, programme: Programme, story: Story, slot: Slot) -> Text | None:
        """What an editor should know before the programme has this story.

        `render` knows times, not programmes: it makes a notice also of what never went out.
        """
        if slot.corrects is not None and self.load(slot.corrects).find(story.article) is None:
            return Text.of(
                "{programme} of {day} was aired without the story that this notice corrects; "
                "to air it as a story, withdraw it and submit it as a new article",
                programme=self.terms.programme,
                day=f"{slot.corrects}",
            )
        if (over := programme.over(self.terms)) > 0:
            return Text.of(
                "{programme} of {day} is {seconds} seconds too long with it",
                programme=self.terms.programme,
                day=f"{slot.day}",
                seconds=over,
            )
        return None

    def _bring(self, programme: Programme, before: Programme, moment: datetime) -> datetime:
        """Write the programme down and bring the device to it; when the device had taken it.

        If the device refuses, `before` stands again.
        """
        order = self._order(programme)
        plan = mos.plan(order, self._bodies(programme), programme.view)
        if not plan:
            self._save(programme)
            return utc_now()
        numbers = self._numbers()
        with ExitStack() as deed:
            try:
                line = deed.enter_context(self._line(programme.day, numbers))
            except Unavailable:  # nothing has been said: what is wanted stands written, for the next deed
                self._save(programme)
                raise
            told, refusal = self._say(line, programme, plan, numbers)
            taken = utc_now()
            if refusal is not None:
                self._save(before.model_copy(update={"view": told.view}))
                raise refusal
            self._save(told)
            if not programme.view.known:
                self._end_old(line, programme.day, moment, numbers)
        return taken

    def _say(
        self, line: Line, programme: Programme, plan: Sequence[mos.Message], numbers: Iterator[int]
    ) -> tuple[Programme, Refused | None]:
        """Say what differs. If the device refuses, it may have lost what it had: all of it goes out again, once."""
        anew = ""
        refusal: Refused | None = None
        while True:
            programme, refused = self._said(line, programme, plan, numbers)
            if refused is None:
                return programme, None
            message, reason = refused
            refusal = _refused(reason, message.story, programme) if anew != "roCreate" or refusal is None else refusal
            if not anew:
                anew = "roReplace"
            elif message.name == "roReplace":  # there are devices that replace only what they know
                anew = "roCreate"
            else:
                return programme, refusal
            plan = mos.plan(self._order(programme), self._bodies(programme), programme.view, anew)

    def _said(
        self, line: Line, programme: Programme, messages: Sequence[mos.Message], numbers: Iterator[int]
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
                self._save(programme)
            try:
                ack = line.say(number, message)
            except ChannelError:
                self._save(programme)
                raise
            if not ack.ok:
                return _seen(programme, sending=None), (message, ack.reason)
            view = mos.acknowledged(programme.view, message, number)
            programme = programme.model_copy(update={"view": view})
        return programme, None

    @contextmanager
    def _line(self, day: date, numbers: Iterator[int]) -> Iterator[Line]:
        if self.device is None:
            yield Folder(self.state, self.names, f"mos/{day}")
            return
        with self.device.connected(numbers.__next__, self._answers) as talk:
            yield talk

    def _end_old(self, line: Line, day: date, moment: datetime, numbers: Iterator[int]) -> None:
        """Let the device forget earlier days, each once the programme after it is on air: reruns need it so long."""
        calendar = self.calendar(self.newsroom)
        for old in self.days()[-DAYS:]:
            if old == day or moment < calendar.on_air(calendar.next(old)):
                continue
            programme = self.load(old)
            if programme.view.known and not programme.view.ended:
                message, number = mos.end(self._order_id(old)), next(numbers)
                where = line if self.device else Folder(self.state, self.names, f"mos/{old}")
                where.say(number, message)  # a device that says no has forgotten it already
                view = mos.acknowledged(programme.view, message, number)
                self._save(programme.model_copy(update={"view": view}))

    def _numbers(self) -> Iterator[int]:
        """The numbers of the next messages, each kept before it is used.

        Many are kept together, and the rest of them used in the next deed unless another process has taken some since:
        numbers grow, whoever speaks, and what is lost with a process are numbers only.
        """
        data = self.state.read("numbers.json")
        kept = int(json.loads(data)["next"]) if data else mos.FIRST
        if self._reserved.stop != kept:
            self._reserved = range(0)
        while True:
            if not self._reserved:
                self.state.write("numbers.json", json.dumps({"next": kept + NUMBERS}).encode())
                self._reserved = range(kept, kept + NUMBERS)
                kept += NUMBERS
            number, self._reserved = self._reserved[0], self._reserved[1:]
            yield number

    def _save(self, programme: Programme) -> Programme:
        data = programme.model_dump_json(indent=1).encode()
        days = self.days()
        if programme.day not in days:
            self.state.write("days.json", json.dumps([f"{day}" for day in sorted([*days, programme.day])]).encode())
        self.state.write(f"{programme.day}/programme.json", data)
        return programme

    def _answers(self, request: object) -> str | None:
        return mos.answer_to(request, self._orders)

    def _orders(self) -> list[mos.Order]:
        """What a device may ask for."""
        programmes = [self.load(day) for day in self.days()[-DAYS:]]
        return [self._order(one) for one in programmes if one.view.known and not one.view.ended]

    def _order_id(self, day: date) -> str:
        return f"{self.outlet.id}-{day}"

    def _order(self, programme: Programme) -> mos.Order:
        return mos.Order(
            id=self._order_id(programme.day),
            slug=f"{self.terms.programme} {programme.day}",
            start=self.calendar(self.newsroom).on_air(programme.day),
            seconds=self.terms.duration,
            stories=tuple(
                mos.Listed(id=story.id, slug=story.slug, seconds=story.seconds, text=story.text)
                for story in programme.stories
            ),
            ready=programme.lock is not None,
        )

    def _bodies(self, programme: Programme) -> mos.Bodies:
        stories = {story.id: story for story in programme.stories}
        return lambda story: _body(self._script_of(programme.day, stories[story]))

    def _scripts(self, programme: Programme) -> list[Script]:
        return [self._script_of(programme.day, story) for story in programme.stories]

    def _script_of(self, day: date, story: Story) -> Script:
        """The script of a story of the programme; raises `Refused` if it is lost."""
        data = self.state.read(_script_path(day, story))
        if data is None:
            raise Refused(
                Problem(
                    field="programme",
                    message=Text.of("the script of {story} of {day} is lost", story=story.id, day=f"{day}"),
                    remedy=Text.of("restore the folder {folder} from its backup", folder=str(self._own)),
                ),
                code="lost",
            )
        return _parsed(data)

    def _keep(self, revision: Revision, rendition: Rendition, path: str) -> None:
        """The script that was prepared, for as long as the programme has the story."""
        if not self.state.publish(_token(revision), MARK, path):
            self.state.write(path, rendition.body.encode())

    def _take_out(self, slot: Slot, entry: Entry, delivery: Delivery) -> bool:
        """Withdraw one story from one programme, and its papers; False if it never was in it."""
        before = self.load(slot.day)
        moment = entry.withdrawn_at or delivery.revision.updated_at
        if before.find(slot.story):
            before.refuse_if_locked(self.calendar(delivery.configured), moment)
        elif not before.was_withdrawn(slot.story):
            return False
        self._bring(before.take_out(slot.story), before, moment)
        headline = " ".join(entry.revision.article.headline.split())
        self.files.write(
            _page_path(slot), documents.gone(headline, f"{slot.day}", NOT_HTML.sub("", delivery.reason or entry.reason))
        )
        for form in FORMS:
            self.files.delete(f"{slot.day}/{slot.story}.{form}")
        return True

    # -- what people see ----------------------------------------------------------------------------------

    def _furnish(self) -> None:
        """Put in place what pages load; the names bear the contents' digests."""
        for path, data in documents.assets().items():
            if not self.files.exists(path):
                self.files.write(path, data)

    def _show_story(self, revision: Revision, rendition: Rendition, script: Script) -> None:
        """Put the staged papers in place; make those that were lost."""
        made: dict[str, bytes] = {}
        for name in (*(f"script.{form}" for form in FORMS), "script.html"):
            path = f"{script.day}/{script.story}.{name.partition('.')[2]}"
            if not self.files.publish(_token(revision), name, path):
                made = made or _papers(script, rendition)
                self.files.write(path, made[name])

    def _show(self, programme: Programme) -> None:
        """Write what shows the whole programme: rundown, prompter, and the list of days."""
        calendar, station, scripts = self.calendar(self.newsroom), self.newsroom.name, self._scripts(programme)
        self._furnish()
        days = self.days()
        at = f"{programme.day}"
        self.files.write(f"{at}/prompter.html", documents.prompter(programme, scripts, calendar))
        self.files.write(f"{at}/programme.txt", documents.text(scripts))
        self.files.write(f"{at}/programme.rtf", documents.rtf(scripts))
        self.files.write(f"{at}/index.html", documents.rundown(programme, calendar, station=station))
        programmes = [programme if day == programme.day else self.load(day) for day in reversed(days[-2 * DAYS :])]
        self.files.write("index.html", documents.index(programmes, calendar, station=station))

    def _unstage(self, revision: Revision) -> None:
        """Forget what was prepared of this revision and of those before it."""
        for number in range(1, revision.number + 1):
            self.files.discard(_token(revision, number))
            self.state.discard(_token(revision, number))

    # -- reading ------------------------------------------------------------------------------------------

    def _slot(self, delivery: Delivery) -> Slot:
        return self.calendar(delivery.configured).slot(delivery.revision)

    def _slots(self, delivery: Delivery) -> Sequence[Slot]:
        """Where the article may stand: in the programme that it joined first, and its last notice."""
        last = self._slot(delivery)
        first = self.calendar(delivery.configured).slot(delivery.revision.model_copy(update={"corrected_at": None}))
        return [first] if first.story == last.story else [first, last]

    def _staged(self, delivery: Delivery) -> bool:
        return delivery.rendition is not None and (
            self.files.staged(_token(delivery.revision), MARK) == delivery.rendition.body.encode()
        )

    def _holds(self, delivery: Delivery, slot: Slot, programme: Programme) -> bool:
        """Whether the programme has exactly this rendition, acknowledged, and nothing newer overruled it."""
        entry = delivery.catalogue.entry(delivery.revision.id)
        story = programme.find(slot.story)
        return (
            delivery.rendition is not None
            and entry is not None
            and entry.withdrawn_at is None
            and entry.revision.number == delivery.revision.number
            and story is not None
            and story.digest == delivery.rendition.digest
            and not programme.view.doubtful(slot.story)
            and programme.acknowledged(story)
        )

    def _is_said(self, delivery: Delivery, slot: Slot) -> bool:
        """Whether the device's acknowledgement, or the merged files, are of this delivery's own text."""
        if delivery.rendition is None:
            return False
        text = _body(_script(delivery.rendition)).digest
        if self.device is not None:
            return self.load(slot.day).view.texts.get(slot.story) == text
        try:
            merged = mos.merge(self._messages(slot.day))
        except ValueError:  # somebody has put his hand on them
            return False
        return slot.story in merged.order and merged.digest(slot.story) == text

    def _messages(self, day: date) -> list[str]:
        """The day's files."""
        folder = f"{self.state.root}/mos/{day}"
        names = [str(found).rpartition("/")[2] for found in self.state.fs.find(folder)]
        return [(self.state.read(f"mos/{day}/{name}") or b"").decode("utf-8", "replace") for name in sorted(names)]

    def _otherwise(self, delivery: Delivery, slot: Slot) -> Standing:
        """Where a revision stands that is not on the programme as it should be."""
        if self._staged(delivery):
            return Standing.STAGED
        return Standing.WITHDRAWN if self.load(slot.day).was_withdrawn(slot.story) else Standing.ABSENT

    def _standing_of_withdrawal(self, delivery: Delivery) -> Standing:
        """LIVE as long as a programme, or the device for all we know, has a story of the article."""
        gone = False
        for slot in self._slots(delivery):
            programme = self.load(slot.day)
            withdrawn = programme.was_withdrawn(slot.story)
            unsure = withdrawn and (programme.view.doubtful(slot.story) or slot.story in programme.view.order)
            if programme.find(slot.story) or unsure:
                return Standing.LIVE
            gone = gone or withdrawn
        return Standing.WITHDRAWN if gone else Standing.ABSENT

    def _aired(self, delivery: Delivery, moment: datetime) -> Text | None:
        """What a person has to know if the story had been on air before it was withdrawn."""
        day = self._slots(delivery)[0].day
        if moment < self.calendar(delivery.configured).on_air(day):
            return None
        return Text.of(
            "it was on air on {day}; whether the viewers need a notice is for {who} to decide",
            day=f"{day}",
            who=self.terms.producer or self.newsroom.short_name,
        )

    def _receipt(
        self, delivery: Delivery, standing: Standing, note: Text | None = None, *, at: datetime | None = None
    ) -> Receipt:
        slot = self._slot(delivery)
        number = self.load(slot.day).view.numbers.get(slot.story) if standing is Standing.LIVE else None
        return Receipt(
            standing=standing,
            ids={
                "programme": f"{slot.day}",
                "story": slot.story,
                **({"message": f"{number}"} if number is not None else {}),
            },
            url=self.files.where(_page_path(slot)),
            at=at,
            note=note or (self._pages(slot) if standing is Standing.LIVE else None),
        )

    def _pages(self, slot: Slot) -> Text:
        """Where the day's pages stand, for whoever reads the report."""
        rundown, prompter = (self.files.where(f"{slot.day}/{name}") for name in ("index.html", "prompter.html"))
        return Text.of("running order: {rundown}  prompter: {prompter}", rundown=rundown, prompter=prompter)


def _story(revision: Revision, rendition: Rendition, script: Script, *, ordinal: int) -> Story:
    """The rendition as the programme's list has it."""
    return Story(
        id=script.story,
        article=revision.id,
        revision=revision.number,
        digest=rendition.digest,
        text=_body(script).digest,
        slug=script.slug,
        seconds=script.seconds,
        kind=script.kind,
        reporters=script.reporters,
        arrived=revision.updated_at,
        ordinal=ordinal,
    )


def _script(rendition: Rendition) -> Script:
    return _parsed(rendition.body.encode())


@lru_cache(maxsize=KEPT)
def _parsed(data: bytes) -> Script:
    return Script.model_validate_json(data)


@lru_cache(maxsize=KEPT)
def _programme(data: bytes) -> Programme:
    return Programme.model_validate_json(data)


def _body(script: Script) -> mos.Body:
    """The story as the device gets it."""
    return mos.Body(
        id=script.story,
        slug=script.slug,
        seconds=script.seconds,
        paragraphs=documents.lines(script),
        items=tuple(mos.Item(id=f"{place}", slug=line) for place, line in enumerate(documents.played(script), 1)),
    )


def _papers(script: Script, rendition: Rendition) -> dict[str, bytes]:
    """Every document of one story, by the name under which it is staged."""
    return {
        "script.html": documents.page(script, rendition.digest),
        "script.docx": documents.docx(script),
        "script.txt": documents.text([script]),
        "script.rtf": documents.rtf([script]),
    }


def _page(delivery: Delivery) -> bytes:
    rendition = delivery.rendition
    return documents.page(_script(rendition), rendition.digest) if rendition else b""


def _page_path(slot: Slot) -> str:
    return f"{slot.day}/{slot.story}.html"


def _script_path(day: date, story: Story) -> str:
    return f"{day}/{story.id}.{story.revision}.json"


def _token(revision: Revision, number: int = 0) -> str:
    """Where a revision is staged."""
    return f"{revision.id}.{number or revision.number}"


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


def _host_port(address: str) -> tuple[str, int, bool]:
    """Host, port and whether the address is one: `host` or `host:port`."""
    try:
        parts = urlsplit(f"//{address}")
        return parts.hostname or address, parts.port or mos.UPPER_PORT, bool(parts.hostname)
    except ValueError:
        return address, mos.UPPER_PORT, False
