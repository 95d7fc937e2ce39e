"""The programme: one running order (串联单) a broadcast day, and which one a story belongs to. Pure values, no I/O.

A revision's times decide, nothing else: what comes by the deadline of a broadcast day joins that day's programme, what
comes later the next one's. A correction before the programme is on air replaces the story in it; once it has been
aired, what was heard cannot be changed, and a notice joins the next programme.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from channels.tv.mos import View
from pipeline.article import Revision
from pipeline.article.value import Frozen
from pipeline.channel import Problem, Refused, Text


def _number(value: Any) -> Any:
    """True is no number of anything, although Python counts it as 1."""
    if isinstance(value, bool):
        raise PydanticCustomError("number", "Input should be a number")
    return value


def _of_the_clock(value: Any) -> Any:
    """1930 is no time, although it could be seconds after midnight; the zone is the newsroom's."""
    if isinstance(value, int | float):
        raise PydanticCustomError("clock", "Input should be a time, such as 19:30")
    return value


def _without_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise PydanticCustomError("zone", "Input should be a time without a zone: the newsroom has one")
    return value


Whole = Annotated[int, BeforeValidator(_number)]
Day = Annotated[Whole, Field(ge=1, le=7)]
Clock = Annotated[time, BeforeValidator(_of_the_clock), AfterValidator(_without_zone)]


class Terms(Frozen):
    """A programme's terms, from the channel's options."""

    programme: str
    """Its name, such as 武山新闻."""
    air: Clock = time(19, 30)
    """When it begins, in the newsroom's time."""
    duration: Whole = Field(default=900, gt=0)
    """Seconds on air."""
    deadline: Clock = time(18, 0)
    """New stories that come later join the next programme."""
    days: tuple[Day, ...] = Field(default=(1, 2, 3, 4, 5, 6, 7), min_length=1)
    """The days of the week with a programme, 1 for Monday."""
    speed: Whole = Field(default=260, ge=100, le=500)
    """Syllables a minute: broadcast news is read at 250–270 (185 in the 1960s, up to 300 today)."""
    story: Whole = Field(default=90, gt=0)
    """Seconds a story should take."""
    lead: tuple[Whole, Whole] = (60, 110)
    """Characters of a lead, at least and at most."""
    opening: Whole = Field(default=0, ge=0)
    """Seconds of the programme's own titles before the first story."""
    closing: Whole = Field(default=0, ge=0)
    """Seconds of its credits after the last."""
    column_titles: Whole = Field(default=6, ge=0, le=60)
    """Seconds of a column's own titles before its stories."""
    producer: str = ""
    """Who decides about a locked programme."""

    @property
    def room(self) -> int:
        """Seconds for stories."""
        return self.duration - self.opening - self.closing


def terms_of(options: Mapping[str, Any], name: str) -> tuple[Terms, list[Problem]]:
    """The terms, with the default in the place of every option that has no sense, and what is wrong with those."""
    given = {key: options[key] for key in Terms.model_fields if key in options}
    given.setdefault("programme", name)
    problems = []
    try:
        found = Terms(**given)
    except ValidationError as error:
        wrong = {str(one["loc"][0]): one["msg"] for one in error.errors()}
        for option, reason in wrong.items():
            problems.append(
                Problem(
                    field=option,
                    message=Text.of("{reason}", reason=reason),
                    remedy=Text.of("see the channel tv in docs/channels.md for what {option} takes", option=option),
                )
            )
        found = Terms(**{"programme": name, **{key: value for key, value in given.items() if key not in wrong}})
    if not 0 < found.lead[0] <= found.lead[1] or found.room <= 0:
        option = "duration" if found.room <= 0 else "lead"
        problems.append(
            Problem(
                field=option,
                message=Text.of("{option} leaves nothing to fill", option=option),
                remedy=Text.of("see the channel tv in docs/channels.md for what {option} takes", option=option),
            )
        )
        found = found.model_copy(update={"lead": (60, 110)} if option == "lead" else {"opening": 0, "closing": 0})
    return found, problems


class Calendar(Frozen):
    """Broadcast days and their times, in the newsroom's zone."""

    terms: Terms
    timezone: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def on_air(self, day: date) -> datetime:
        """When the programme of this day begins."""
        return datetime.combine(day, self.terms.air, self.zone)

    def over(self, day: date) -> datetime:
        """When it ends."""
        return self.on_air(day) + timedelta(seconds=self.terms.duration)

    def next(self, day: date) -> date:
        """The broadcast day after this one."""
        return next(day + timedelta(n) for n in range(1, 8) if (day + timedelta(n)).isoweekday() in self.terms.days)

    def joins(self, moment: datetime) -> date:
        """The broadcast day whose programme a story of this moment joins."""
        local = moment.astimezone(self.zone)
        late = local.time() > min(self.terms.deadline, self.terms.air)
        if local.isoweekday() in self.terms.days and not late:
            return local.date()
        return self.next(local.date())

    def slot(self, revision: Revision) -> Slot:
        """Where a revision goes."""
        first = self.joins(revision.published_at)
        if revision.corrected_at is None or revision.corrected_at < self.on_air(first):
            return Slot(day=first, story=revision.id)
        later = self.joins(revision.corrected_at)
        return Slot(day=later, story=f"{revision.id}-{later:%Y%m%d}", corrects=first)

    def slots(self, revision: Revision) -> Sequence[Slot]:
        """Where the article may stand: in the programme that it joined first, and its last notice."""
        last = self.slot(revision)
        first = self.slot(revision.model_copy(update={"corrected_at": None}))
        return [first] if first.story == last.story else [first, last]


class Slot(Frozen):
    """A place in a programme: the broadcast day and the story's permanent id in it."""

    day: date
    story: str
    corrects: date | None = None
    """Set for a notice: the day on which the story that it corrects was aired."""


class Story(Frozen):
    """One story of a programme."""

    id: str
    """Permanent: no correction, move or insertion changes it."""
    article: str
    revision: int
    digest: str
    """Of the rendition: which text of the story this is."""
    text: str
    """Of what the prompter shows, see `mos.digest_of`."""
    slug: str
    seconds: int
    kind: str
    """A key of the house's words: kind_package, kind_reader, kind_notice, kind_opening …"""
    reporters: tuple[str, ...] = ()
    arrived: AwareDatetime
    """The moment of its first revision in this programme: the order of arrival."""
    ordinal: int
    """The article's number on the channel: the order among those of one moment."""


class Lock(Frozen):
    """Who locked a programme, and when."""

    by: str
    at: AwareDatetime


class Row(Frozen):
    """A line of the rundown."""

    position: int
    story: Story
    start: AwareDatetime
    """When it begins if everything before it takes its time."""
    back: AwareDatetime
    """When it has to begin for the programme to end in time: counted from the end."""
    acknowledged: bool
    """Whether the device (or the files) holds exactly this text."""


class Programme(Frozen):
    """The running order of one broadcast day."""

    day: date
    stories: tuple[Story, ...] = ()
    """In the order in which they are aired."""
    withdrawn: tuple[Story, ...] = ()
    """What was taken out: their ids are never given again."""
    lock: Lock | None = None
    view: View = View()
    """What the device has acknowledged."""
    version: int | None = Field(default=None, exclude=True)
    """What it was read as, of its page in the notebook; None: there is none."""
    dropped: bool = Field(default=False, exclude=True)
    """Nothing is known of it any more: so long ago was it aired."""

    def find(self, story: str) -> Story | None:
        return next((one for one in self.stories if one.id == story), None)

    def was_withdrawn(self, story: str) -> bool:
        return any(one.id == story for one in self.withdrawn)

    def put(self, story: Story) -> Programme:
        """The story's text replaced where it stands; a new story in after the last that arrived before it."""
        known = self.find(story.id)
        if known:
            story = story.model_copy(update={"arrived": known.arrived, "ordinal": known.ordinal})
            return self._with(tuple(story if one.id == story.id else one for one in self.stories))
        earlier = [
            place
            for place, one in enumerate(self.stories, 1)
            if (one.arrived, one.ordinal) < (story.arrived, story.ordinal)
        ]
        place = max(earlier, default=0)
        kept = tuple(one for one in self.withdrawn if one.id != story.id)
        return self._with((*self.stories[:place], story, *self.stories[place:]), kept)

    def take_out(self, story: str) -> Programme:
        """Without the story."""
        gone = tuple(one for one in self.stories if one.id == story)
        return self._with(tuple(one for one in self.stories if one.id != story), (*self.withdrawn, *gone))

    def move(self, story: str, position: int) -> Programme:
        """The story at this position, from 1; beyond the end is the end. KeyError if it is not in it."""
        moved = self.find(story)
        if moved is None:
            raise KeyError(story)
        others = [one for one in self.stories if one.id != story]
        place = min(max(position - 1, 0), len(others))
        return self._with((*others[:place], moved, *others[place:]))

    def _with(self, stories: tuple[Story, ...], withdrawn: tuple[Story, ...] | None = None) -> Programme:
        out = self.withdrawn if withdrawn is None else withdrawn
        return self.model_copy(update={"stories": stories, "withdrawn": out})

    def acknowledged(self, story: Story) -> bool:
        """Whether the device holds this story's last text."""
        held = story.id in self.view.order or self.view.ended
        return held and self.view.texts.get(story.id) == story.text

    def holds(self, story: str, digest: str) -> bool:
        """Whether it has this story with exactly the rendition of this digest, acknowledged and beyond doubt."""
        found = self.find(story)
        return (
            found is not None and found.digest == digest and not self.view.doubtful(story) and self.acknowledged(found)
        )

    def used(self) -> int:
        """Seconds of all stories."""
        return sum(story.seconds for story in self.stories)

    def over(self, terms: Terms) -> int:
        """Seconds beyond the programme's room; negative: left over."""
        return self.used() - terms.room

    def rows(self, calendar: Calendar) -> list[Row]:
        """The rundown with its times, from the beginning and back from the end."""
        terms = calendar.terms
        first = calendar.on_air(self.day) + timedelta(seconds=terms.opening)
        last = calendar.over(self.day) - timedelta(seconds=terms.closing)
        before = accumulate((story.seconds for story in self.stories), initial=0)
        used = self.used()
        return [
            Row(
                position=position,
                story=story,
                start=first + timedelta(seconds=gone),
                back=last - timedelta(seconds=used - gone),
                acknowledged=self.acknowledged(story),
            )
            for position, (story, gone) in enumerate(zip(self.stories, before, strict=False), 1)
        ]

    def refuse_change(self, calendar: Calendar, moment: datetime) -> None:
        """Raise `Refused` if it is locked and not over yet, naming who decides, or if it was aired long ago."""
        terms = calendar.terms
        if self.dropped:
            raise Refused(
                Problem(
                    field="programme",
                    message=Text.of(
                        "{programme} of {day} was aired long ago: only its pages are kept",
                        programme=terms.programme,
                        day=f"{self.day}",
                    ),
                    remedy=Text.of("withdraw the article, and submit it as a new one for the next programme"),
                ),
                code="dropped",
            )
        if self.lock is None or moment >= calendar.over(self.day):
            return
        raise Refused(
            Problem(
                field="programme",
                message=Text.of(
                    "{programme} of {day} is locked by {by} since {at}",
                    programme=terms.programme,
                    day=f"{self.day}",
                    by=self.lock.by,
                    at=f"{self.lock.at.astimezone(calendar.zone):%m-%d %H:%M}",
                ),
                remedy=Text.of(
                    "{who} decides: newsroom programme unlock {day}, then newsroom retry; "
                    "or submit it after the broadcast, for the next programme",
                    who=terms.producer or self.lock.by,
                    day=f"{self.day}",
                ),
            ),
            code="locked",
        )
