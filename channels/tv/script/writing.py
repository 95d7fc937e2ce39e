"""Writing: the script of a revision, made from what an editor wrote for television, or from what was chosen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from channels import byline, label
from channels.tv.house import house
from channels.tv.programme import Slot, Terms
from channels.tv.script.choosing import Choice, choose_lead
from channels.tv.script.form import BAR, BARS, Cue, Kind, Need, Script, Strap, Titles, seconds_of
from channels.tv.script.pronunciation import Given, read_aloud, readings_given
from channels.tv.script.reading import CLOSED, DATES, OPEN, Block, Unit, blocks_of, key, person, stopped
from channels.tv.spoken import ADDRESS, spoken
from pipeline.article import Article, Deed, Newsroom, Revision
from pipeline.article import House as Printing
from pipeline.article.credit import ROLES, Duty, Group

FIGURES, FIGURE = 6, 20
"""How many figures are worth a graphic, and the characters of one."""
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

PICTURE_STORY, TOLD = 3, 10
"""Pictures from which an article may be told in them, and seconds: with less to say than that it is."""


@dataclass
class Writer:
    """Makes cues at one speed."""

    speed: int
    given: Given
    """How the article says that characters are read."""
    topic: str = ""
    """What the story is about: its picture serves where a text suggests none."""
    needs: list[Need] = field(default_factory=list)
    """Why an editor has to look at it."""

    def cue(self, kind: Kind, text: str, picture: str, speaker: str = "", post: str = "") -> Cue:
        said, shown, marked = read_aloud(text, self.given)
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
                row.append(stopped(unit.text))
                continue
            if row:
                text = "".join(row)
                yield self.cue(Kind.SEGMENT, text, self.picture(text, captions))
                row, captions = [], []
            if unit is not None:
                yield self.bite(unit.text, unit.speaker, unit.post)

    def picture(self, text: str, captions: Sequence[str]) -> str:
        words, shown = house(), map(_photograph, captions)
        return "\n".join([*shown, words.shot_for(text) or words.shot_for(self.topic) or words.pictures["voice"]])


def write(revision: Revision, newsroom: Newsroom, terms: Terms, slot: Slot) -> Script:
    """The script of a revision in its slot."""
    article, words = revision.article, house()
    writer = Writer(terms.speed, readings_given(article), topic=f"{article.headline} {article.summary}")
    blocks = blocks_of(article)
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
        needs=tuple(dict.fromkeys([*writer.needs, *([Need.ADDRESS] if _addressed(cues) else [])])) or None,
    )


def _addressed(cues: Iterable[Cue]) -> bool:
    """Whether there are addresses in what is read, as an editor's own words may have them."""
    return any(ADDRESS.search(cue.text) for cue in cues)


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
    text = "".join(stopped(block.text) for block in blocks) or stopped(" ".join(article.headline.split()))
    if announced is not None:
        form = words.announcement[announced.deed]
        text = form.format(programme=terms.programme, column=announced.column.name, text=text)
    return writer.cue(Kind.LEAD, text, words.pictures["anchor"])


def _notice(revision: Revision, terms: Terms, aired: date) -> str:
    """What the anchor says about a story that was aired: which, when, and what is right."""
    article = revision.article
    units = [unit for block in blocks_of(article) for unit in block.units]
    lead = choose_lead(units, article.headline, terms.lead).text
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
                who = re.sub(r"(?<= [\u4e00-\u9fff])[ 　]+(?=[\u4e00-\u9fff]$)", "", block.who)  # 农技员 张 三
                post, name = who.rpartition(" ")[::2] if " " in who else person(who)
                text = re.sub(r"^“([^“”]*)”$", r"\1", block.text)
                cues.append(writer.bite(text, name, post))
    if not any(cue.kind is Kind.LEAD for cue in cues):
        rest = [unit for block in blocks if not block.part for unit in block.units]
        lead = choose_lead(rest, article.headline, terms.lead)
        if lead.text:
            writer.needs += lead.needs
            cues.insert(0, writer.cue(Kind.LEAD, lead.text, words.pictures["anchor"]))
    if all(cue.kind in (Kind.LEAD, Kind.CLOSING) for cue in cues):
        # The editor wrote the lead (or the closing) alone: the rest of the article makes the voice-over.
        rest_blocks = [block for block in blocks if not block.part and not block.quoted]
        if rest_blocks:
            made = _digest(rest_blocks, article, terms, writer, spent=sum(cue.seconds for cue in cues), lead=False)
            place = next((n for n, cue in enumerate(cues) if cue.kind is Kind.CLOSING), len(cues))
            given = {key(cue.text) for cue in cues}
            cues[place:place] = [cue for cue in made if key(cue.text) not in given and cue.kind is not Kind.CLOSING]
    return cues


def _digest(
    blocks: Sequence[Block], article: Article, terms: Terms, writer: Writer, *, spent: int = 0, lead: bool = True
) -> list[Cue]:
    """The house's order out of an article that was not written for television."""
    words = house()
    text = [block for block in blocks if not block.quoted] or list(blocks)
    cues: list[Cue] = []
    said: Sequence[int] = ()
    writer.needs += _no_story(text, article)
    if Need.DIALOGUE in writer.needs:
        return [writer.cue(Kind.LEAD, " ".join(article.headline.split()), words.pictures["anchor"])] if lead else []
    if lead:
        chosen = choose_lead(_run(text), article.headline, terms.lead)
        if chosen.text:
            cues.append(writer.cue(Kind.LEAD, chosen.text, words.pictures["anchor"]))
        said = chosen.places
        writer.needs += chosen.needs
    spent += sum(cue.seconds for cue in cues)
    choice = Choice(text, max(0.0, (terms.story - spent) * terms.speed / 60), said)
    pictures: list[str] = []
    for block, units in zip(text, choice.made(), strict=True):
        pictures += block.pictures
        if units:
            cues += writer.block(units, pictures)
            pictures = []
    writer.needs += choice.needs
    if lead and len(article.images) >= PICTURE_STORY and sum(cue.seconds for cue in cues) < TOLD:
        writer.needs.append(Need.PICTURES)
    if lead and not cues:  # nothing but pictures and tables
        cues.append(writer.cue(Kind.LEAD, " ".join(article.headline.split()), words.pictures["anchor"]))
    return _with_pictures(cues, pictures)


def _with_pictures(cues: list[Cue], captions: Sequence[str]) -> list[Cue]:
    """The last voice-over with the pictures that stand behind it in the article."""
    last = next((place for place in range(len(cues) - 1, -1, -1) if cues[place].kind is Kind.SEGMENT), None)
    if last is None or not captions:
        return cues
    shown = "\n".join(map(_photograph, captions))
    cues[last] = cues[last].model_copy(update={"picture": f"{shown}\n{cues[last].picture}"})
    return cues


def _photograph(caption: str) -> str:
    return caption if caption.startswith("图") else house().pictures["photograph"].format(caption=caption)


def _no_story(blocks: Sequence[Block], article: Article) -> list[Need]:
    """Why it is no story that rules can take sentences from."""
    words = house()
    asked = sum(bool(words.pattern("dialogue").match(block.text)) for block in blocks)
    found = [Need.DIALOGUE] if asked > 1 else []
    return [*found, Need.DOCUMENT] if words.pattern("document").search(article.headline.strip()) else found


def _run(blocks: Sequence[Block]) -> list[Unit]:
    """The sentences from the beginning up to the first point (一是 …)."""
    points = house().pattern("points")
    found: list[Unit] = []
    for place, block in enumerate(blocks):
        if place and points.match(block.text):
            break
        found += block.units
    return found


def _title_bar(article: Article, captions: Sequence[str]) -> tuple[str, ...]:
    """At most two lines of at most 15 characters: the editor's, else the headline's halves, else the short headline.

    No line begins inside a quotation.
    """
    if captions:
        return tuple(line for caption in captions for line in caption.split())[:BARS]
    for headline in (article.headline, article.short_headline):
        lines = _filled(_parts(headline, r"\s+"))
        if lines and len(lines) <= BARS and all(len(line) <= BAR for line in lines):
            return tuple(lines)
    lines = _parts(article.short_headline or article.headline, r"\s+")
    if len(lines) == 1:
        parts = _parts(lines[0], "(?<=[，,：:、！？])")
        halves = [("".join(parts[:cut]), "".join(parts[cut:])) for cut in range(1, len(parts))]
        fitting = [pair for pair in halves if all(0 < len(half.rstrip("，,、：:")) <= BAR for half in pair)]
        if fitting:
            return tuple(half.rstrip("，,、：:") for half in fitting[0])
    return tuple(lines[:BARS])


def _parts(text: str, between: str) -> list[str]:
    """A text divided at this pattern, but never within quotation marks or brackets."""
    found, start = [], 0
    for cut in re.finditer(between, text):
        before = text[: cut.start()]
        if sum(map(before.count, OPEN)) <= sum(map(before.count, CLOSED)):
            found.append(text[start : cut.start()])
            start = cut.end()
    return [part for part in [*found, text[start:]] if part.strip()]


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
    """Clauses of the script with figures that are worth a graphic: amounts, no dates, times or telephones."""
    found = []
    for cue in cues:
        if cue.kind is Kind.BITE:
            continue
        for clause in re.split(r"[，,。；;！？!?…“”]|[：:](?!\d)", cue.text):
            shown = re.sub(r"^(?:\d{1,2}[.．、]|[（(]\d{1,2}[)）])\s*", "", clause).strip("、 ")
            counted = re.sub(rf"{DATES.pattern}|\d{{1,2}}[时点分]", "", shown)
            if 0 < len(shown) <= FIGURE and re.search(r"\d", counted):
                found.append(shown)
    return tuple(dict.fromkeys(found))[:FIGURES]
