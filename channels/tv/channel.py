"""The `tv` kind: an article becomes one story in the running order of its broadcast day.

    {id}/pages/index.html               the days
    {id}/pages/2026-11-24/index.html    the rundown, prompter.html, programme.txt, programme.rtf
    {id}/pages/2026-11-24/a1.html       a story's script; a1.docx, a1.txt, a1.rtf
    {id}/mos/2026-11-24/1000-….mos.xml  without a device: the messages, for mosromgr and others

All of it is made from the running orders, which stand in the notebook (`rundown`). With `root`, a place that all
machines of a newsroom can write, the first three stand in it, and the messages in its folder `mos`.

Options: those of the programme (`programme.Terms`: programme, air, duration, deadline, days, speed, story, lead,
opening, closing, column_titles, producer), of its files (`root`, `staging`, `verify`; `url`, where `root` is served),
and `mos` (the prompter's `host:port`, default the environment's TONGFA_{ID}_MOS; none: files), `mos_id`,
`ncs_id` (how device and newsroom call each other), `answer` (seconds a device may take to acknowledge).

What is to be aired is nobody's business before: the pages stand outside the public site. `newsroom serve` shows them at
`/inside/{id}/` to the newsroom's own network (`networks`, default this machine) and to whoever has a signed link, and
with `public = "after-air"` the scripts of a day to everybody once it was aired (`admission`). A `root` in the public
site is refused.

A release has two parts, each under the channel's lock; between the two another story may be taken. First the device is
brought to the running order with the story in it (`playout`): with its last answer the channel has taken it
(`Receipt.at`). Then the pages follow, the rundown last of a day's: so a deed that breaks off is found unfinished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, date, datetime
from functools import cache
from typing import ClassVar

from channels.body import NOT_HTML, column_of, refuse_characters
from channels.files import Files
from channels.options import option_problems
from channels.tv import admission, documents, mos, spoken
from channels.tv.admission import Admission
from channels.tv.house import house
from channels.tv.options import AFTER_AIR, OPTIONS, address_of, device_of, names_of, wrong_address, wrong_options
from channels.tv.papers import SHOWN, Look, Papers, page_path
from channels.tv.playout import Deed, Playout, body_of
from channels.tv.programme import Calendar, Lock, Programme, Slot, Story, terms_of
from channels.tv.rundown import Rundowns, parsed
from channels.tv.script import Script, write
from pipeline.article import Newsroom, Revision
from pipeline.channel import (
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
    Unpublishable,
    utc_now,
)

PAGES = "pages"
"""The folder of the pages in the channel's own."""
SITE, FORMER = "site", "tv"
"""The public site's folder, and where in it the pages stood before."""


class Television(Channel):
    kind: ClassVar[str] = "tv"
    corrects: ClassVar[Correction] = Correction.NOTICE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.terms, self._problems = terms_of(self.options, self.outlet.name)
        url = str(self.options.get("url") or "")
        self.files = Files.of(setting, f"{self.outlet.id}/{PAGES}", f"{url.rstrip('/')}/" if url else "", public=False)
        self.names, self._address = names_of(self.options), address_of(setting)
        self.rundowns = Rundowns(setting.notebook)
        device = device_of(self._address, self.options, self.names)
        calendar = self.calendar(setting.newsroom)
        self.papers = Papers(self.files, self.rundowns, calendar, setting.newsroom)
        self.admission = Admission.of(self.outlet.id, self.options, setting.secrets)
        self.playout = Playout(self.rundowns, calendar, self.outlet.id, device, self.names, self._messages())

    @property
    def ground(self) -> str:
        return self.files.storage.ground

    def close(self) -> None:
        if self.playout.device is not None:
            self.playout.device.close()

    def warm(self) -> None:
        spoken.model()  # half a second
        documents.load()

    def _messages(self) -> Files:
        """Where the messages stand if there is no device: beside the pages, or under their `root`."""
        if "root" in self.options:
            return self.files
        own = self.setting.data / self.outlet.id
        return Files(str(own), staging=str(own / "staging"))

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
        length = len(self.names.envelope(mos.FIRST, mos.story_message(body_of(script)).xml).encode("utf-16-be"))
        if length > mos.LIMIT_MESSAGE:
            raise Unpublishable.over("body", mos.LIMIT_MESSAGE // 2, length // 2)
        return Rendition.of("application/json", script.canonical())

    def preview(self, revision: Revision, rendition: Rendition, newsroom: Newsroom, media: Media) -> tuple[str, bytes]:  # noqa: ARG002
        """The script as people read and print it."""
        return "text/html", documents.preview(_script(rendition), rendition.digest)

    def remarks(self, rendition: Rendition) -> list[Text]:
        """What an editor has to do before it is aired."""
        return [need.text for need in _script(rendition).needs or ()]

    def prepare(self, delivery: Delivery) -> Receipt:
        """Make all documents and stage them; raises `Refused` if the programme is locked, or would be public."""
        if wrong := self._in_public():
            raise Refused(wrong[0], code="public")
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return self._receipt(delivery, Standing.STAGED)
        slot, script = self._slot(delivery), _script(delivery.rendition)
        programme = self.load(slot.day)
        story = _story(delivery.revision, delivery.rendition, script, ordinal=0)
        self._refuse(programme, story, delivery)
        self.rundowns.scripts(programme)  # now, and not at the moment of release, it is said if one is lost
        self.rundowns.keep(slot.day, delivery.rendition)
        self.papers.stage(delivery.revision, delivery.rendition, script)
        return self._receipt(delivery, Standing.STAGED, self._doubts(programme.put(story), story, slot, script))

    def release(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            entry = delivery.entry
            if delivery.rendition is None or entry is None or delivery.is_late:
                return self.find(delivery)
            slot, script = self._slot(delivery), _script(delivery.rendition)
            before = self.load(slot.day)
            story = _story(delivery.revision, delivery.rendition, script, ordinal=entry.ordinal)
            self._refuse(before, story, delivery)
            self.rundowns.keep(slot.day, delivery.rendition)
            taken = self._bring(before.put(story), before, delivery.revision.updated_at)
        with delivery.catalogue.exclusive():
            programme = self.load(slot.day)
            now = programme.find(story.id)
            if now is None or now.digest != story.digest:  # overtaken meanwhile
                return self.find(delivery)
            self.papers.show_story(delivery, delivery.rendition, script)
            self.papers.show(programme)
            self.papers.unstage(delivery.revision)
        return self._receipt(delivery, Standing.LIVE, at=taken)

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            self.papers.unstage(delivery.revision)
            entry = delivery.entry
            if entry is None or entry.withdrawn_at is None or delivery.is_late:
                return self.find(delivery)
            changed = [slot.day for slot in self._slots(delivery) if self._take_out(slot, entry, delivery)]
            taken = utc_now()
            for day in changed:
                self.papers.show(self.load(day))
            standing = self._standing_of_withdrawal(delivery, self.files.read)
        aired = self._aired(delivery, entry.withdrawn_at) if standing is Standing.WITHDRAWN else None
        return self._receipt(delivery, standing, aired, at=taken)

    def find(self, delivery: Delivery) -> Receipt:
        if delivery.action is Action.WITHDRAW:
            return self._receipt(delivery, self._standing_of_withdrawal(delivery, self.files.read))
        slot = self._slot(delivery)
        programme = self.load(slot.day)
        whole = self._holds(delivery, slot, programme) and self.papers.shows(delivery, slot, self.files.read)
        return self._receipt(delivery, Standing.LIVE if whole else self._otherwise(delivery, programme, slot))

    def verify(self, delivery: Delivery) -> Evidence:
        """The device's acknowledgement of this very text (without a device: the files, merged), and the pages."""
        slot, seen = self._slot(delivery), cache(self.files.seen)
        headline = " ".join(delivery.revision.article.headline.split())
        page = seen(page_path(slot))
        if delivery.action is Action.WITHDRAW:
            standing = self._standing_of_withdrawal(delivery, seen)
        else:
            programme = self.load(slot.day)
            whole = (
                self._holds(delivery, slot, programme)
                and (programme.dropped or self.playout.holds(programme, slot.story, _text(delivery)))
                and self.papers.shows(delivery, slot, seen)
            )
            standing = Standing.LIVE if whole else self._otherwise(delivery, programme, slot)
        return Evidence(
            url=self.files.where(page_path(slot)),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(page).hexdigest() if page is not None else "",
            extract=f"{slot.day} {self.terms.air:%H:%M} {headline}{self._played(slot)}",
        )

    def _played(self, slot: Slot) -> str:
        """What the device says has become of the story, in the house's words; "" if it says nothing of it."""
        return house().played(*self.rundowns.statuses(slot.day).get(slot.story, ("", "")))

    def check(self) -> list[Problem]:
        found = [
            *option_problems(self.setting, OPTIONS),
            *self._problems,
            *self.files.problems(self.setting),
            *wrong_options(self.options, self.files),
            *admission.problems(self.outlet.id, self.options, self.setting.secrets),
            *self._in_public(),
        ]
        try:
            found += self.locked(utc_now())
            if wrong := wrong_address(self._address):
                found.append(wrong)
            else:
                with self.setting.exclusive() if self._address else nullcontext():
                    self.playout.greet()
        except ChannelError as trouble:
            found.append(trouble.problem)
        return found

    def figures(self) -> list[Text]:
        """Where the pages are, and whether anybody can read them."""
        site = self.setting.data / SITE
        found = [Text.of("scripts, running order and prompter: {folder}", folder=self.files.where("index.html"))]
        if not self._in_public() and (old := site / FORMER / "index.html").exists():
            found.append(
                Text.of(
                    "scripts of earlier programmes are still public: delete the folder {folder}", folder=str(old.parent)
                )
            )
        return found

    def _in_public(self) -> list[Problem]:
        return admission.in_public(self.files, self.setting.data / SITE)

    def inside(self, path: str, client: str) -> tuple[int, bytes] | None:
        """The papers, see `admission` for whom; with `public = "after-air"` a day's scripts for everybody after it."""
        now = utc_now()
        place, is_open = self.admission.opens(path, client, now)
        if self.options.get("public") == AFTER_AIR:
            is_open |= admission.is_of_one_story(place) and now >= self._over(place)
        return self.papers.read(place) if is_open and admission.is_page(place) else None

    def _over(self, place: str) -> datetime:
        """When what a page is of has been aired; of what all pages load: always, of what is no day: never."""
        day = place.partition("/")[0]
        if day == "assets":
            return datetime.min.replace(tzinfo=UTC)
        try:
            return self.calendar(self.newsroom).over(date.fromisoformat(day))
        except ValueError:
            return datetime.max.replace(tzinfo=UTC)

    def restored(self) -> None:
        with self.setting.exclusive():
            self.playout.doubt()
            for day in self.rundowns.days():
                self.papers.make_again(self.load(day))

    def locked(self, now: datetime) -> list[Problem]:
        """That the programme is locked which a story of this moment would join, and who decides; empty if it is not.

        After the deadline that is the next programme: that the day's is locked by then is as it should be.
        """
        calendar = self.calendar(self.newsroom)
        try:
            self.load(calendar.joins(now)).refuse_change(calendar, now)
        except Refused as refusal:
            return [refusal.problem]
        return []

    # -- for editors --------------------------------------------------------------------------------------

    def load(self, day: date) -> Programme:
        """The programme of a day; an empty one if nothing has come for it yet, or it was `dropped`."""
        return self.rundowns.load(day)

    def move(self, day: date, story: str, position: int, by: str, now: datetime) -> Programme:
        """Put a story at another position. KeyError if it is not in the programme, `Refused` if that is locked."""

        def moved(programme: Programme) -> Programme:
            programme.refuse_change(self.calendar(self.newsroom), now)
            return programme.move(story, position)

        return self._edit(day, moved, now, Deed(by, "story moved"))

    def lock(self, day: date, by: str, now: datetime) -> Programme:
        """Refuse all changes from now on, and tell the device that the running order is ready to air."""

        def locked(programme: Programme) -> Programme:
            return programme.model_copy(update={"lock": programme.lock or Lock(by=by, at=now)})

        return self._edit(day, locked, now, Deed(by, "programme locked"), keep=True)

    def unlock(self, day: date, by: str, now: datetime) -> Programme:
        """Take changes again."""

        def unlocked(programme: Programme) -> Programme:
            return programme.model_copy(update={"lock": None})

        return self._edit(day, unlocked, now, Deed(by, "programme unlocked"), keep=True)

    def _edit(
        self, day: date, change: Callable[[Programme], Programme], now: datetime, deed: Deed, *, keep: bool = False
    ) -> Programme:
        """Change a programme by hand. `keep`: the change stands even if the device refuses to hear of it."""
        with self.setting.exclusive():
            before = self.load(day)
            if before.dropped:
                before.refuse_change(self.calendar(self.newsroom), now)
            after = change(before)
            try:
                self.playout.bring(after, before, now, keep=keep, deed=deed)
            finally:
                self.papers.show(self.load(day))
            return self.load(day)

    # -- the running order: only while the lock is held ---------------------------------------------------

    def _refuse(self, programme: Programme, story: Story, delivery: Delivery) -> None:
        """Raise `Refused` if the programme takes no changes and does not have this text already."""
        known = programme.find(story.id)
        if known is None or known.digest != story.digest:
            programme.refuse_change(self.calendar(delivery.configured), delivery.revision.updated_at)

    def _bring(self, programme: Programme, before: Programme, moment: datetime) -> datetime:
        """As `Playout.bring`; with a day's first story goes what nobody needs any more."""
        taken = self.playout.bring(programme, before, moment)
        if before.version is None:
            self.rundowns.drop(moment.astimezone(self.newsroom.zone).date(), but=SHOWN)
        return taken

    def _doubts(self, programme: Programme, story: Story, slot: Slot, script: Script) -> Text | None:
        """What an editor should know before the programme has this story.

        `render` knows times, not programmes: it makes a notice also of what never went out.
        """
        if slot.corrects is not None and not self._was_aired(slot.corrects, story.article):
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
        return next((need.text for need in script.needs or ()), None)

    def _was_aired(self, day: date, story: str) -> bool:
        programme = self.load(day)
        return self.files.exists(f"{day}/{story}.html") if programme.dropped else programme.find(story) is not None

    def _take_out(self, slot: Slot, entry: Entry, delivery: Delivery) -> bool:
        """Withdraw one story from one programme, and its papers; False if it never was in it.

        Of a day that was dropped nobody knows any more how to say it without the story: what has its whole text goes.
        """
        before = self.load(slot.day)
        moment = entry.withdrawn_at or delivery.revision.updated_at
        if before.dropped:
            if not self.files.exists(page_path(slot)):
                return False
            self.papers.unprompt(slot.day)
        elif before.find(slot.story):
            before.refuse_change(self.calendar(delivery.configured), moment)
            self._bring(before.take_out(slot.story), before, moment)
        elif before.was_withdrawn(slot.story):
            self._bring(before, before, moment)
        else:
            return False
        self.papers.retire(slot, entry, delivery.reason or entry.reason)
        return True

    # -- reading ------------------------------------------------------------------------------------------

    def _slot(self, delivery: Delivery) -> Slot:
        return self.calendar(delivery.configured).slot(delivery.revision)

    def _slots(self, delivery: Delivery) -> Sequence[Slot]:
        return self.calendar(delivery.configured).slots(delivery.revision)

    def _holds(self, delivery: Delivery, slot: Slot, programme: Programme) -> bool:
        """Whether the programme has exactly this rendition, acknowledged, and nothing newer overruled it."""
        has = delivery.rendition is not None and programme.holds(slot.story, delivery.rendition.digest)
        return (has or programme.dropped) and not delivery.is_late

    def _otherwise(self, delivery: Delivery, programme: Programme, slot: Slot) -> Standing:
        """Where a revision stands that is not on the programme as it should be."""
        if self.papers.staged(delivery):
            return Standing.STAGED
        return Standing.WITHDRAWN if programme.was_withdrawn(slot.story) else Standing.ABSENT

    def _standing_of_withdrawal(self, delivery: Delivery, look: Look) -> Standing:
        """LIVE as long as a programme, the device for all we know, or a page has a story of the article."""
        gone = False
        for slot in self._slots(delivery):
            programme, page = self.load(slot.day), look(page_path(slot))
            shown = page is not None
            if not programme.dropped:
                shown |= self.papers.lists(slot, look)
            withdrawn = programme.was_withdrawn(slot.story)
            unsure = withdrawn and (programme.view.doubtful(slot.story) or slot.story in programme.view.order)
            if programme.find(slot.story) or unsure or shown:
                return Standing.LIVE
            gone |= withdrawn or self.files.notice(page_path(slot)) is not None
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
            url=self.files.where(page_path(slot)),
            at=at,
            note=note or (self.papers.where(slot) if standing is Standing.LIVE else None),
        )


def _story(revision: Revision, rendition: Rendition, script: Script, *, ordinal: int) -> Story:
    """The rendition as the programme's list has it."""
    return Story(
        id=script.story,
        article=revision.id,
        revision=revision.number,
        digest=rendition.digest,
        text=body_of(script).digest,
        slug=script.slug,
        seconds=script.seconds,
        kind=script.kind,
        reporters=script.reporters,
        arrived=revision.updated_at,
        ordinal=ordinal,
    )


def _script(rendition: Rendition) -> Script:
    return parsed(rendition.body)


def _text(delivery: Delivery) -> str:
    """The digest of what the prompter shows of it."""
    return body_of(_script(delivery.rendition)).digest if delivery.rendition else ""
