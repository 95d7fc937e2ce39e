"""The script of a story, made from the article by rules that select and never invent.

    write(revision, newsroom, terms, slot)   # → Script

What an editor wrote for television wins: paragraphs of the body that begin with 导语： 解说： 同期声（人名）： 画面：
字幕： 编后：, or headings of these names, are used as they stand, in their order. Otherwise the house's order is made
from the text:

    导语      whole sentences from the beginning, 60–110 characters, never the headline again
    解说      a segment a paragraph or 一是/二是/三是: its first sentence, then the facts that there is time for
    同期声    quoted persons, with speaker and post as the article names them
    编后      the last sentence if it looks ahead

A story of a column with a face of its own (a series or a banner) begins with the column's titles (片头), over which
its number in the series is said. The record that opens, renames or closes a column (开栏、更名、收官) is read by the
presenter as it stands, after the house's words.

Every sentence of it stands in the article; a clause taken from a sentence that is too long ends with a full stop.
A notice (更正), the titles and the words before an announcement are the exceptions: the house's templates.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cached_property
from typing import Any

from channels import byline, label
from channels.tv.house import house
from channels.tv.programme import Slot, Terms
from channels.tv.spoken import spoken, syllables
from pipeline.article import Article, Deed, Newsroom, Revision, note_of, text_of
from pipeline.article import House as Printing
from pipeline.article.credit import ROLES, Duty, Group
from pipeline.article.value import Frozen

BAR, BARS = 15, 2
"""Characters of a line of a title bar, and its lines."""
FIGURES, FIGURE = 6, 20
"""How many figures are worth a graphic, and the characters of one."""
BITES = 2
"""Sound bites that the rules choose at most."""
COMFORTABLE = 60
"""Syllables of a sentence that is easily read in one go with its figures."""
SLACK = 1.15
"""A text that is this little over the target is taken whole."""
STOPS = "。！？!?…"
OPEN, CLOSED = "“「『《（(", "”」』》）)"
SPACE = re.compile(r"\s+")


KINDS = {Deed.OPEN: "kind_opening", Deed.RENAME: "kind_renaming", Deed.CLOSE: "kind_ending"}
"""A column's announcements, as keys of the house's words."""


FIELDS = {
    "reporters": (Duty.REPORTER, "reporters"),
    "camera": (Duty.PHOTOGRAPHER, "camera"),
    "editors": (Duty.EDITOR, "editors"),
    "reviewers": (Duty.REVIEWER, "reviewed"),
    "approvers": (Duty.APPROVER, "approved"),
}
"""The fields for people of a script: whose they are, and the key of their name among the house's words."""


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
            said = said.replace(characters + _aloud(reading), characters)
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


def readings(text: str, said: str) -> tuple[tuple[str, str], ...]:
    """Where a text and its spoken form differ, clause by clause, each with the character after it.

    >>> readings("全县26341户，入户2次", "全县两万六千三百四十一户，入户两次")
    (('26341户', '两万六千三百四十一户'), ('2次', '两次'))
    """
    clauses, read = _clauses(text), _clauses(said)
    pairs = list(zip(clauses, read, strict=True)) if len(clauses) == len(read) else [(text, said)]
    return tuple(dict.fromkeys(found for pair in pairs if pair[0] != pair[1] for found in _differences(*pair)))


def _differences(printed: str, said: str) -> Iterator[tuple[str, str]]:
    """The places of one clause; those with a single character between them are one."""
    matcher = SequenceMatcher(None, printed, said, autojunk=False)
    places: list[list[int]] = []
    for tag, *ends in matcher.get_opcodes():
        if tag == "equal":
            continue
        if places and ends[0] - places[-1][1] <= 1:
            places[-1][1::2] = ends[1::2]
        else:
            places.append(ends)
    for start, end, said_start, said_end in places:
        yield printed[start : end + 1], said[said_start : said_end + 1]


_SPLIT = re.compile(r"[，。；：！？、“”‘’（）《》\s]|,(?!\d{3})|;")


def _clauses(text: str) -> list[str]:
    return _SPLIT.split(text)


# -- how characters are read: what stands above them in the article ---------------------------------------


MARK = "\ufdd0"
"""Stands behind characters where their reading will be put: a noncharacter, which no text of ours holds."""
Given = Mapping[str, Sequence[tuple[int, str, str]]]
"""By clause: (place behind the characters, the characters, how they are read)."""


def _aloud(reading: str) -> str:
    return house().words["reading"].format(reading=reading)


def readings_given(article: Article) -> Given:
    """The readings that the article gives, by the clause that they stand in.

    Sentences are chosen, joined and cut on the way to the script; their clauses stay what they were.
    """
    found: dict[str, list[tuple[int, str, str]]] = {}
    for part in article.parts(tables=False):
        if part.find(".//rt") is None:
            continue
        own, given = copy.deepcopy(part), []
        for other in own.xpath(".//ul | .//ol"):
            other.drop_tree()
        for above in own.iter("rt"):
            given.append((text_of(above.getparent()), text_of(above)))
        for above in own.iter("rt"):
            above.tag, above.text = "span", MARK
        behind = iter(given)
        for clause in _clauses(text_of(own)):
            before, *rest = clause.split(MARK)
            if not rest:
                continue
            places = []
            for more in rest:
                places.append((len(before), *next(behind)))
                before += more
            found[before] = places
    return found


def _read_aloud(text: str, given: Given) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """(how the text is said, the same with the readings behind their characters, those readings)."""
    marked, used = "", []
    for clause, behind in zip(_clauses(text), [*_SPLIT.findall(text), ""], strict=True):
        start = 0
        for place, characters, reading in given.get(clause, ()):
            marked += clause[start:place] + MARK
            used.append((characters, reading))
            start = place
        marked += clause[start:] + behind
    first, *rest = spoken(marked).split(MARK)
    shown = first + "".join(_aloud(reading) + behind for (_, reading), behind in zip(used, rest, strict=True))
    return first + "".join(rest), shown, tuple(dict.fromkeys(used))


# -- reading the article ----------------------------------------------------------------------------------


@dataclass
class Block:
    """A paragraph of the body, a list together with the paragraph that announces it, or an editor's own part."""

    text: str
    part: str = ""
    """What the editor labelled it: lead, segment, bite, picture, caption, closing; "" for none."""
    who: str = ""
    pictures: list[str] = field(default_factory=list)
    """Captions of the article's pictures beside it."""
    quoted: bool = False
    """A block quotation: a document's words, or an editor's remark."""

    @cached_property
    def units(self) -> list[Unit]:
        """Its sentences and sound bites, in order."""
        return [unit for sentence in sentences(self.text) if _key(sentence) for unit in _units(sentence)]


@dataclass(frozen=True)
class Unit:
    """A sentence, or what a person says."""

    text: str
    speaker: str = ""
    post: str = ""
    bite: bool = False

    @cached_property
    def syllables(self) -> int:
        return syllables(spoken(self.text))


class Reader:
    """Reads a body into blocks; tables are left to the graphics department, notes to the editor."""

    def __init__(self, article: Article) -> None:
        self._article = article
        self.blocks: list[Block] = []
        self._waiting: list[str] = []
        """Captions of pictures that stand before the first block."""
        self._under = ""
        """The part that a heading or a label on a line of its own has opened."""

    def read(self, element: Any) -> None:
        match element.tag:
            case "table":
                pass
            case "figure":
                self._picture(self._captions(element))
            case "h2" | "h3":
                self._under = house().part_of(text_of(element).strip(":： "))
            case "ul" | "ol":
                self._list([text_of(item) for item in element.iter("li")])
            case "p":
                if not note_of(element):
                    self._paragraph(text_of(element))
            case _:
                for paragraph in element.iter("p"):
                    self._paragraph(text_of(paragraph), quoted=True)

    def _captions(self, figure: Any) -> Iterator[str]:
        """What its pictures are called, and that a machine has made them."""
        below = figure.find("figcaption")
        caption = text_of(below) if below is not None else ""
        for place, picture in enumerate(figure.iter("img")):
            name = caption if place == 0 and caption else "" if caption else picture.get("alt", "")
            words = label.of_picture(self._article.image(picture.get("src", "").removeprefix("image:")))
            if name or words:
                yield house().pictures["made"].format(caption=name, words=words) if name and words else name or words

    def _picture(self, captions: Iterable[str]) -> None:
        (self.blocks[-1].pictures if self.blocks else self._waiting).extend(captions)

    def _list(self, items: Sequence[str]) -> None:
        """A list belongs to the paragraph that announces it."""
        last = self.blocks[-1] if self.blocks else None
        if last is not None and not last.part and last.text.endswith((":", "：")):
            last.text += "".join(_stopped(item) for item in items)
        else:
            self.blocks += [Block(item, part=self._under) for item in items if item]

    def _paragraph(self, text: str, *, quoted: bool = False) -> None:
        words = house()
        if (told := words.pattern("picture_note").match(text)) and len(text) <= BARS * BAR + len(told.group()):
            self._picture([text[told.end() :]])
            return
        if found := words.label.fullmatch(text):
            block = Block(found["text"].strip(), words.part_of(found["label"]), (found["who"] or "").strip())
            self._under = "" if block.text else block.part
        else:
            block = Block(text, part=self._under, quoted=quoted)
        if block.text:
            block.pictures, self._waiting = self._waiting, []
            self.blocks.append(block)


def _blocks(article: Article) -> list[Block]:
    """The body in reading order."""
    reader = Reader(article)
    for element in article.blocks:
        reader.read(element)
    return reader.blocks


def _text(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def sentences(text: str) -> list[str]:
    """A paragraph's sentences with their stops; together they are the paragraph, but for what has no word in it.

    Quotations stay whole.

    >>> sentences("“收成好。”他说。再来！")
    ['“收成好。”他说。', '再来！']
    """
    verbs = re.compile(rf"[^，,。；“”]{{0,24}}(?:{house().article['verbs']})")
    found, start, depth = [], 0, 0
    for place, character in enumerate(text):
        if character in OPEN:
            depth += 1
        elif character in CLOSED:
            depth = max(0, depth - 1)
        here, follows = text[: place + 1], text[place + 1 :]
        ended = character in STOPS and depth == 0 and follows[:1] not in (*STOPS, *CLOSED)
        quoted = character in CLOSED and depth == 0 and here[-2:-1] in STOPS and not verbs.match(follows)
        if ended or quoted:
            found.append(text[start : place + 1])
            start = place + 1
    if text[start:].strip():
        found.append(text[start:])
    return [one.strip() for one in found if any(character.isalnum() for character in one)]  # "……" says nothing


def _units(sentence: str) -> Iterator[Unit]:
    """A sentence as it is, or the sound bite in it and what else it says."""
    words = house()
    verbs = words.article["verbs"]
    after = re.fullmatch(
        rf"“(?P<said>[^“”]*(?:“[^”]*”)?[^”]*[{STOPS}])”(?P<tail>(?P<who>[^，,。：:；“”]{{1,24}}?)(?:{verbs})(?P<more>[，,].+|道?[。！]?))",
        sentence,
    )
    before = re.fullmatch(
        rf"(?P<who>[^，,。：:；“”]{{1,24}}?)(?:{verbs})道?[：:，,]“(?P<said>[^”]{{6,}})”[。！？]?", sentence
    )
    alone = re.fullmatch(rf"“(?P<said>[^“”]{{6,}}[{STOPS}])”", sentence)
    found = after or before or alone
    if found is None:
        yield Unit(sentence)
        return
    post, name = _person(found.groupdict().get("who") or "")
    yield Unit(found["said"], name, post, bite=True)
    if after and re.match("[，,]", after["more"]):
        yield Unit(after["tail"])


def _person(who: str) -> tuple[str, str]:
    """(post, name) of a speaker as the article names him: the name follows the title."""
    who = re.sub(r"^(?:对此|随后|当天|记者了解到)", "", who)
    titles = list(re.finditer(house().article["titles"], who))
    if titles:
        post, name = who[: titles[-1].end()], who[titles[-1].end() :]
        return post, re.sub(r"(?:也|还|笑着|高兴地|激动地|向记者|对记者|告诉记者)+$", "", name)
    return "", who


# -- choosing ---------------------------------------------------------------------------------------------


def _key(text: str) -> str:
    """A text without punctuation: what makes two sentences the same."""
    return re.sub(r"[^\w]", "", text)


def choose_lead(units: Sequence[Unit], headline: str, limits: tuple[int, int]) -> tuple[str, int]:
    """The lead from the article's first sentences, and how many of them it uses up.

    Whole sentences until the least length is reached; a sentence too long for the most is cut after a clause.
    """
    least, most = limits
    chosen, used = "", 0
    for place, unit in enumerate(units):
        if unit.bite or len(chosen) >= least:
            break
        text = _stopped(unit.text if place else re.sub(rf"^(?:{house().article['dateline']})", "", unit.text))
        if _key(text) in ("", _key(headline)):
            used += 1
            continue
        if len(chosen) + len(text) > most:
            cut = _cut(text, most - len(chosen))
            if cut and len(chosen) + len(cut) >= least:
                chosen, used = chosen + cut, used + 1
            break
        chosen, used = chosen + text, used + 1
    if not chosen and (first := next((unit for unit in units if not unit.bite and _key(unit.text)), None)):
        chosen, used = _cut(first.text, most) or first.text, units.index(first) + 1
    return chosen, used


def _stopped(text: str) -> str:
    """A sentence that can be followed by another: a line of its own without a stop gets one."""
    return text if not text or text[-1] in STOPS + CLOSED + "：:；;，," else f"{text}。"


def _cut(text: str, most: int) -> str:
    """The sentence's beginning up to a clause's end, in at most `most` characters, with a full stop; "" if none."""
    depth, end = 0, 0
    for place, character in enumerate(text[:most]):
        depth += (character in OPEN) - (character in CLOSED)
        if character in "，,；;" and depth == 0:
            end = place
    return text[:end] + "。" if end else ""


def _has_figures(text: str) -> bool:
    return bool(re.search(r"\d", text))


class Choice:
    """Which sentences and sound bites of the blocks make the story, within `room` syllables."""

    def __init__(self, blocks: Sequence[Block], room: float) -> None:
        points = house().pattern("points")
        self.units = [block.units for block in blocks]
        self.room = room
        self.points = [place for place, block in enumerate(blocks) if block.units and points.match(block.text)]
        self._taken: set[tuple[int, int]] = set()

    def made(self) -> list[list[Unit]]:
        """The chosen units of each block, in the article's order.

        First what every story needs: each point's first sentence (else the article's), the key fact that stands before
        the points, and sound bites. Then, in rounds over the blocks, sentences with figures and of a comfortable
        length, then any that still fit.
        """
        if sum(unit.syllables for many in self.units for unit in many) <= self.room * SLACK:
            return self.units
        for place in self.points:
            self._take(place, 0, must=True)
        before = self.units[: self.points[0]] if self.points else []
        facts = [(place, n) for place, n, unit in _each(before) if not unit.bite and _has_figures(unit.text)]
        for place, n in facts[:1]:
            self._take(place, n)
        if not self._taken:
            first = next(((place, n) for place, n, unit in _each(self.units) if not unit.bite), None)
            if first and self.room > 0:
                self._take(*first, must=True)
        for place, n in [(place, n) for place, n, unit in _each(self.units) if unit.bite][:BITES]:
            self._take(place, n)
        for comfortable in (True, False):
            while self._round(comfortable=comfortable):
                pass
        return [
            [unit for n, unit in enumerate(many) if (place, n) in self._taken] for place, many in enumerate(self.units)
        ]

    def _take(self, place: int, n: int, *, must: bool = False) -> bool:
        syllables_ = self.units[place][n].syllables
        if not must and syllables_ > self.room:
            return False
        self._taken.add((place, n))
        self.room -= syllables_
        return True

    def _round(self, *, comfortable: bool) -> bool:
        """One more sentence from each block that has one that fits; False if none had."""
        found = False
        for place, many in enumerate(self.units):
            fitting = [
                n
                for n, unit in enumerate(many)
                if (place, n) not in self._taken
                and not unit.bite
                and unit.syllables <= self.room
                and (not comfortable or (_has_figures(unit.text) and unit.syllables <= COMFORTABLE))
            ]
            if fitting:
                found = self._take(place, min(fitting, key=lambda n: _weight(self.units[place][n].text, n)))
        return found


def _each(units: Sequence[Sequence[Unit]]) -> Iterator[tuple[int, int, Unit]]:
    """(block, place in it, unit) of all."""
    for place, many in enumerate(units):
        for n, unit in enumerate(many):
            yield place, n, unit


def _weight(text: str, place: int) -> tuple[bool, int]:
    """Results first, then the article's order."""
    return not any(word in text for word in house().article["result_words"]), place


# -- writing ----------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """Makes cues at one speed."""

    speed: int
    given: Given
    """How the article says that characters are read."""

    def cue(self, kind: Kind, text: str, picture: str, speaker: str = "", post: str = "") -> Cue:
        said, shown, marked = _read_aloud(text, self.given)
        return Cue(
            kind=kind,
            picture=picture,
            text=text,
            spoken=shown,
            seconds=seconds_of(said, self.speed),
            speaker=speaker,
            post=post,
            marked=marked or None,
        )

    def bite(self, text: str, speaker: str, post: str) -> Cue:
        name = f"{post}{speaker}"
        return self.cue(Kind.BITE, text, house().pictures["speaker"].format(name=name).strip(), speaker, post)

    def block(self, units: Iterable[Unit], captions: Sequence[str]) -> Iterator[Cue]:
        """A block's chosen units: sentences in a row are one segment."""
        row: list[str] = []
        captions = list(captions)
        for unit in [*units, None]:
            if unit is not None and not unit.bite:
                row.append(_stopped(unit.text))
                continue
            if row:
                text = "".join(row)
                yield self.cue(Kind.SEGMENT, text, self.picture(text, captions))
                row, captions = [], []
            if unit is not None:
                yield self.bite(unit.text, unit.speaker, unit.post)

    def picture(self, text: str, captions: Sequence[str]) -> str:
        words = house()
        form = words.pictures["photograph"]
        shown = [caption if caption.startswith("图") else form.format(caption=caption) for caption in captions]
        return "\n".join([*shown, words.shot_for(text)])


def write(revision: Revision, newsroom: Newsroom, terms: Terms, slot: Slot) -> Script:
    """The script of a revision in its slot."""
    article, words = revision.article, house()
    writer = Writer(terms.speed, readings_given(article))
    blocks = _blocks(article)
    own = any(block.part for block in blocks)
    column = newsroom.column_of(article).name
    opening, titles = ("", None) if slot.corrects else _titles(article, column, terms, writer)
    if slot.corrects:
        cues = [writer.cue(Kind.LEAD, _notice(revision, terms, slot.corrects), words.pictures["anchor"])]
        kind = "kind_notice"
    elif article.announces:
        cues = _own(blocks, article, terms, writer) if own else [_announcement(blocks, article, terms, writer)]
        kind = KINDS[article.announces.deed]
    else:
        spent = titles.seconds if titles else 0
        cues = _own(blocks, article, terms, writer) if own else _digest(blocks, article, terms, writer, spent=spent)
        kind = "kind_reader" if all(cue.kind in (Kind.LEAD, Kind.CLOSING) for cue in cues) else "kind_package"
    return Script(
        story=slot.story,
        slug=" ".join((article.short_headline or article.headline).split()),
        kind=kind,
        programme=terms.programme,
        day=f"{slot.day}",
        air=f"{terms.air:%H:%M}",
        station=newsroom.name,
        headline=" ".join(article.headline.split()),
        column=column,
        series=article.series,
        **{field: _entries(article, duty, called, newsroom.house) for field, (duty, called) in FIELDS.items()},
        others=_others(article, newsroom.house) or None,
        label=label.of_text(article) or None,
        picture_labels=(() if slot.corrects else label.of_pictures(article)) or None,
        cues=tuple(cues),
        opening=opening,
        titles=titles,
        ending=words.pictures["ending"].format(column=column) if opening and _numbered(article) else "",
        title_bar=_title_bar(article, [block.text for block in blocks if block.part == "caption"]),
        straps=tuple(
            dict.fromkeys(
                Strap(name=cue.speaker or cue.post, post=cue.post if cue.speaker else "")
                for cue in cues
                if cue.kind is Kind.BITE and (cue.speaker or cue.post)
            )
        ),
        figures=() if article.announces else _figures(cues),
        full_text=tuple(article.paragraphs(marked=True)),
        notes=article.notes or None,
        speed=terms.speed,
        target=0 if article.announces else terms.story,
        own=own and not slot.corrects,
    )


def _entries(article: Article, duty: Duty, field: str, printing: Printing) -> tuple[str, ...]:
    """Those with a duty, for its field of the form: each with the role that they had, unless it is what the field is
    called anyway."""
    own = {ROLES[duty], "".join(house().words[field].split())}
    found: list[str] = []
    for credit in byline.credits_of(article, duty.group):
        if credit.duty is duty:
            names = byline.names_printed(credit, printing)
            found += names if credit.role in own else [str(byline.Printed(credit.role, byline.BETWEEN.join(names)))]
    return tuple(dict.fromkeys(found))


def _others(article: Article, printing: Printing) -> tuple[tuple[str, str], ...]:
    fields = {duty for duty, _ in FIELDS.values()}
    return tuple(
        (credit.role, byline.side_by_side(byline.names_printed(credit, printing)))
        for credit in byline.credits_of(article, *Group)
        if credit.duty not in fields
    )


def _numbered(article: Article) -> str:
    """Its place in its series, as a line; "" if it is in none."""
    return article.series or (house().words["numbered"].format(number=article.number) if article.number else "")


def _titles(article: Article, column: str, terms: Terms, writer: Writer) -> tuple[str, Titles | None]:
    """The picture of the column's titles, and what is heard of them; ("", None) for a column without a face of its own.

    They are not shorter than what is said over them.
    """
    words, series = house(), _numbered(article)
    if not (series or article.banner or article.announces):
        return "", None
    picture = words.pictures["opening_numbered" if series else "opening"].format(column=column, series=series)
    text = words.announcement["numbered"].format(column=column, series=series) if series else ""
    said = spoken(text)
    seconds = max(terms.column_titles, seconds_of(said, writer.speed))
    return picture, Titles(text=text, spoken=said, seconds=seconds)


def _announcement(blocks: Sequence[Block], article: Article, terms: Terms, writer: Writer) -> Cue:
    """What the presenter says of a column that opens, is renamed or closes: the house's words and the whole text."""
    words, announced = house(), article.announces
    text = "".join(_stopped(block.text) for block in blocks) or _stopped(" ".join(article.headline.split()))
    if announced is not None:
        form = words.announcement[announced.deed]
        text = form.format(programme=terms.programme, column=announced.column.name, text=text)
    return writer.cue(Kind.LEAD, text, words.pictures["anchor"])


def _notice(revision: Revision, terms: Terms, aired: date) -> str:
    """What the anchor says about a story that was aired: which, when, and what is right."""
    article = revision.article
    lead, _ = choose_lead([unit for block in _blocks(article) for unit in block.units], article.headline, terms.lead)
    form = house().notice["with_note" if revision.note.strip() else "without_note"]
    return form.format(
        month=aired.month,
        day=aired.day,
        programme=terms.programme,
        headline=" ".join(article.headline.split()),
        note=revision.note.strip().rstrip("。"),
        lead=lead.rstrip("。"),
    )


def _own(blocks: Sequence[Block], article: Article, terms: Terms, writer: Writer) -> list[Cue]:
    """The editor's parts as they stand; only a missing lead is chosen from the rest of the article."""
    words = house()
    cues: list[Cue] = []
    picture: list[str] = []
    for block in blocks:
        match block.part:
            case "picture":
                picture.append(block.text)
            case "lead" | "closing":
                name = "anchor" if block.part == "lead" else "closing"
                cues.append(writer.cue(Kind(block.part), block.text, "\n".join(picture) or words.pictures[name]))
                picture = []
            case "segment":
                shown = "\n".join(picture) or writer.picture(block.text, block.pictures)
                cues.append(writer.cue(Kind.SEGMENT, block.text, shown))
                picture = []
            case "bite":
                post, name = block.who.rpartition(" ")[::2] if " " in block.who else _person(block.who)
                text = re.sub(r"^“([^“”]*)”$", r"\1", block.text)
                cues.append(writer.bite(text, name, post))
    if not any(cue.kind is Kind.LEAD for cue in cues):
        rest = [unit for block in blocks if not block.part for unit in block.units]
        lead, _ = choose_lead(rest, article.headline, terms.lead)
        if lead:
            cues.insert(0, writer.cue(Kind.LEAD, lead, words.pictures["anchor"]))
    if all(cue.kind in (Kind.LEAD, Kind.CLOSING) for cue in cues):
        # The editor wrote the lead (or the closing) alone: the rest of the article makes the voice-over.
        rest_blocks = [block for block in blocks if not block.part and not block.quoted]
        if rest_blocks:
            made = _digest(rest_blocks, article, terms, writer, spent=sum(cue.seconds for cue in cues), lead=False)
            place = next((n for n, cue in enumerate(cues) if cue.kind is Kind.CLOSING), len(cues))
            given = {_key(cue.text) for cue in cues}
            cues[place:place] = [cue for cue in made if _key(cue.text) not in given and cue.kind is not Kind.CLOSING]
    return cues


def _digest(
    blocks: Sequence[Block], article: Article, terms: Terms, writer: Writer, *, spent: int = 0, lead: bool = True
) -> list[Cue]:
    """The house's order out of an article that was not written for television."""
    words = house()
    text = [block for block in blocks if not block.quoted] or list(blocks)
    cues: list[Cue] = []
    if lead:
        opening = _run(text)
        chosen, used = choose_lead(opening, article.headline, terms.lead)
        if chosen:
            cues.append(writer.cue(Kind.LEAD, chosen, words.pictures["anchor"]))
        text = _without(text, used)
    closing = _closing(text)
    spent += sum(cue.seconds for cue in cues)
    room = max(0.0, (terms.story - spent) * terms.speed / 60) - (closing.syllables if closing else 0)
    if closing:
        text[-1].units.pop()
    for block, units in zip(text, Choice(text, room).made(), strict=True):
        cues += writer.block(units, block.pictures)
    if closing:
        cues.append(writer.cue(Kind.CLOSING, closing.text, words.pictures["closing"]))
    if lead and not cues:  # nothing but pictures and tables
        cues.append(writer.cue(Kind.LEAD, " ".join(article.headline.split()), words.pictures["anchor"]))
    return cues


def _run(blocks: Sequence[Block]) -> list[Unit]:
    """The sentences from the beginning up to the first point (一是 …)."""
    points = house().pattern("points")
    found: list[Unit] = []
    for place, block in enumerate(blocks):
        if place and points.match(block.text):
            break
        found += block.units
    return found


def _without(blocks: Sequence[Block], used: int) -> list[Block]:
    """The blocks without the first `used` units; what pictures stood beside them stay with what follows."""
    left: list[Block] = []
    pictures: list[str] = []
    for block in blocks:
        units = block.units[used:]
        used = max(0, used - len(block.units))
        pictures += block.pictures
        if not units:
            continue
        rest = Block(block.text, block.part, block.who, pictures, block.quoted)
        rest.__dict__["units"] = units
        if len(units) != len(block.units):
            rest.text = "".join(unit.text for unit in units)
        left.append(rest)
        pictures = []
    return left


def _closing(blocks: Sequence[Block]) -> Unit | None:
    """The last sentence, if it looks ahead and there is something before it."""
    units = blocks[-1].units if blocks else []
    if not units or units[-1].bite or len(units) + len(blocks) < 3:
        return None
    return units[-1] if units[-1].text.startswith(tuple(house().article["closers"])) else None


def _title_bar(article: Article, captions: Sequence[str]) -> tuple[str, ...]:
    """At most two lines of at most 15 characters: the editor's, else the headline's halves, else the short headline."""
    if captions:
        return tuple(line for caption in captions for line in caption.split())[:BARS]
    for headline in (article.headline, article.short_headline):
        lines = _filled(headline.split())
        if lines and len(lines) <= BARS and all(len(line) <= BAR for line in lines):
            return tuple(lines)
    lines = (article.short_headline or article.headline).split()
    if len(lines) == 1:
        cuts = [match.end() for match in re.finditer("[，,：:、！？]", lines[0])]
        halves = [(lines[0][:cut], lines[0][cut:]) for cut in cuts]
        fitting = [pair for pair in halves if all(0 < len(half.rstrip("，,、：:")) <= BAR for half in pair)]
        if fitting:
            return tuple(half.rstrip("，,、：:") for half in fitting[0])
    return tuple(lines[:BARS])


def _filled(parts: Sequence[str]) -> list[str]:
    """A headline's parts, short ones of three and more joined into lines."""
    if len(parts) <= BARS:
        return list(parts)
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]} {part}".strip()
        if len(joined) <= BAR:
            lines[-1] = joined
        else:
            lines.append(part)
    return lines


def _figures(cues: Iterable[Cue]) -> tuple[str, ...]:
    """Clauses of the script with figures that are worth a graphic."""
    found = []
    for cue in cues:
        if cue.kind is Kind.BITE:
            continue
        for clause in re.split(r"[，,。；;：:！？!?…“”]", cue.text):
            years_only = not re.search(r"\d", re.sub(r"\d{4}年|\d{1,2}月|\d{1,2}日", "", clause))
            if 0 < len(clause) <= FIGURE and not years_only:
                found.append(clause.strip("、 "))
    return tuple(dict.fromkeys(found))[:FIGURES]
