"""What a script is: rows of what is seen and heard, with their times, and the fields of its form."""

from __future__ import annotations

import json
from enum import StrEnum

from channels.tv.script.pronunciation import aloud, readings
from channels.tv.spoken import syllables
from pipeline.article.value import Frozen
from pipeline.channel import Text

BAR, BARS = 15, 2
"""Characters of a line of a title bar, and its lines."""


class Kind(StrEnum):
    """The kinds of parts, as keys of the house's words."""

    LEAD = "lead"
    """The anchor on camera."""
    SEGMENT = "segment"
    """Voice-over."""
    BITE = "bite"
    """A person speaks."""
    CLOSING = "closing"
    """The anchor again."""


class Need(StrEnum):
    """Why an editor has to look at a script before it is aired, as keys of the house's words."""

    LEAD = "editor_lead"
    SHORTER = "editor_long"
    POINTS = "editor_points"
    LEFT_OUT = "editor_left_out"
    DIALOGUE = "editor_dialogue"
    DOCUMENT = "editor_document"
    ADDRESS = "editor_address"
    PICTURES = "editor_pictures"

    @property
    def text(self) -> Text:
        """The same for the report."""
        return _NEEDS[self]


_NEEDS = {
    Need.LEAD: Text.of("needs an editor: no sentence tells the result by itself; write the lead"),
    Need.SHORTER: Text.of("needs an editor: the lead's sentence is too long, and was not cut; shorten it"),
    Need.POINTS: Text.of("needs an editor: some of the points have no fact that stands by itself, and are left out"),
    Need.LEFT_OUT: Text.of("needs an editor: sentences with addresses or about tables and pictures are left out"),
    Need.DIALOGUE: Text.of("needs an editor: questions and answers are no script; write voice-over and bites"),
    Need.DOCUMENT: Text.of("needs an editor: it is an official document; write a story about it"),
    Need.PICTURES: Text.of("needs an editor: it is told in pictures; write the voice-over"),
    Need.ADDRESS: Text.of("needs an editor: there is an address of web or mail in what is read"),
}


class Cue(Frozen):
    """One row of the script: what is seen and what is heard."""

    kind: Kind
    picture: str
    text: str
    """As printed, with figures."""
    spoken: str
    """As read aloud."""
    seconds: int
    speaker: str = ""
    post: str = ""
    marked: tuple[tuple[str, str], ...] | None = None
    """Characters whose reading the article gives, with it: it stands behind them in `spoken`."""

    @property
    def readings(self) -> tuple[tuple[str, str], ...]:
        """The places where print and reading differ: (as printed, as read)."""
        said = self.spoken
        for characters, reading in self.marked or ():
            said = said.replace(characters + aloud(reading), characters)
        return (*readings(self.text, said), *(self.marked or ()))


class Titles(Frozen):
    """A column's titles (片头): how long they take, and what is said over them, if anything."""

    text: str = ""
    spoken: str = ""
    seconds: int

    @property
    def readings(self) -> tuple[tuple[str, str], ...]:
        return readings(self.text, self.spoken)


class Strap(Frozen):
    """A name strap (人名条)."""

    name: str
    post: str = ""


class Script(Frozen):
    """A story's script. All text is the article's; times are whole seconds and add up."""

    story: str
    slug: str
    kind: str
    programme: str
    day: str
    """Broadcast date, ISO 8601."""
    air: str
    """`HH:MM`."""
    station: str
    headline: str
    column: str = ""
    series: str = ""
    reporters: tuple[str, ...] = ()
    """These and the next as they are printed: with their role where it is not the field's own."""
    camera: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] | None = None
    """(role, names) of the credits that have no field of their own: 通讯员, 配音, 剪辑, 监制."""
    label: str | None = None
    """What has to be read on the screen as long as the story lasts, if a machine has made the text."""
    picture_labels: tuple[str, ...] | None = None
    """The same of its pictures, as long as they are seen."""
    cues: tuple[Cue, ...]
    opening: str = ""
    """The picture of the column's titles before the story, a line a line; "" for none."""
    titles: Titles | None = None
    """What is heard of them."""
    ending: str = ""
    title_bar: tuple[str, ...] = ()
    straps: tuple[Strap, ...] = ()
    figures: tuple[str, ...] = ()
    full_text: tuple[str, ...] = ()
    """With readings and the marks of notes."""
    notes: tuple[str, ...] | None = None
    """脚注, for the editor: nobody reads them aloud."""
    speed: int
    target: int
    """Seconds that it should take; 0 where that is no question: an announcement is as long as it is."""
    own: bool = False
    """Whether an editor wrote it for television."""
    needs: tuple[Need, ...] | None = None
    """Why an editor has to look at it before it is aired."""

    @property
    def seconds(self) -> int:
        return (self.titles.seconds if self.titles else 0) + sum(cue.seconds for cue in self.cues)

    @property
    def lead(self) -> Cue | None:
        return next((cue for cue in self.cues if cue.kind is Kind.LEAD), None)

    @property
    def segments(self) -> tuple[Cue, ...]:
        return tuple(cue for cue in self.cues if cue.kind is Kind.SEGMENT)

    @property
    def bites(self) -> tuple[Cue, ...]:
        return tuple(cue for cue in self.cues if cue.kind is Kind.BITE)

    @property
    def closing(self) -> Cue | None:
        return next((cue for cue in self.cues if cue.kind is Kind.CLOSING), None)

    @property
    def wide_bars(self) -> tuple[str, ...]:
        """Lines of the title bar that do not fit into it."""
        return tuple(line for line in self.title_bar if len(line) > BAR)

    def canonical(self) -> str:
        """The one way to write it down: the rendition's body."""
        return json.dumps(self.model_dump(mode="json", exclude_none=True), ensure_ascii=False, indent=1)


def seconds_of(said: str, speed: int) -> int:
    """How long a spoken form takes, in whole seconds, at least one; `speed` in syllables a minute."""
    return max(1, round(syllables(said) * 60 / speed)) if said else 0
