"""The words of a script: what its head, its rows and its captions say, and what the prompter shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from channels.byline import side_by_side
from channels.tv.house import house
from channels.tv.script import Cue, Kind, Script

KEPT = 128
"""Stories whose part of a day's pages is kept."""


def label(cue: Cue) -> str:
    """The kind of a row, with the speaker of a sound bite."""
    words = house().words
    if cue.kind is Kind.BITE and (name := f"{cue.post} {cue.speaker}".strip()):
        return words["cue_bite"].format(name=name)
    return words[cue.kind]


def lines(script: Script) -> tuple[tuple[str, str], ...]:
    """What the prompter shows: (instruction, what is read or "" where nothing is), a pair a row."""
    before = ((f"【{script.opening.splitlines()[0]}】", script.titles.spoken),) if script.titles else ()
    return (*before, *((f"【{label(cue)}】", cue.spoken) for cue in script.cues))


def weekday(day: str) -> str:
    return house().words["weekdays"].split()[date.fromisoformat(day).weekday()]


def number(story: str) -> str:
    """The story's number as it is printed and spoken of."""
    return story.upper()


def head(script: Script) -> list[list[tuple[str, str]]]:
    """The head of the form: rows of one or two fields, each (name, value)."""
    words, told = house().words, house()
    over = script.seconds - script.target
    room = words["exact"] if not over else words["over" if over > 0 else "under"].format(length=told.length(abs(over)))
    target = f"（{words['target'].format(length=told.length(script.target))}，{room}）" if script.target else ""
    column = f"{script.column}　{script.series}".strip()
    labels = [[(words["label"], "　".join(labels_shown(script)))]] if labels_shown(script) else []
    needs = [[(words["editor"], "；".join(words[need] for need in script.needs))]] if script.needs else []
    others = [(_spread(role), names) for role, names in script.others or ()]
    return [
        [
            (words["date"], f"{script.day}　{weekday(script.day)}"),
            (words["slot"], f"{script.air}　《{script.programme}》"),
        ],
        [(words["number"], number(script.story)), (words["kind"], words[script.kind])],
        [(words["slug"], script.headline)],
        *needs,
        *labels,
        [(words["column"], column), (words["length"], f"{told.length(script.seconds)}{target}")],
        [(words["reporters"], side_by_side(script.reporters)), (words["camera"], side_by_side(script.camera))],
        *(others[place : place + 2] for place in range(0, len(others), 2)),
        [
            (words["editors"], side_by_side(script.editors)),
            (words["speed"], words["per_minute"].format(speed=script.speed)),
        ],
        [(words["reviewed"], signature(script.reviewers)), (words["approved"], signature(script.approvers))],
    ]


def _spread(role: str) -> str:
    """A role as wide as the names of the form's own fields."""
    return {2: "　　", 3: " "}.get(len(role), "").join(role)


def labels_shown(script: Script) -> list[str]:
    """What has to be read on the screen of what a machine has made, and for how long."""
    words = house().words
    text = [words["label_text"].format(words=script.label)] if script.label else []
    return [*text, *(words["label_picture"].format(words=one) for one in script.picture_labels or ())]


def signature(names: Sequence[str]) -> str:
    """Who has to sign, and room for it."""
    return "　".join(filter(None, (side_by_side(names), house().words["signed"])))


def played(script: Script) -> list[str]:
    """What is played in or shown with the story, a line each: the column's titles with their time, the captions."""
    before = [f"{script.opening.splitlines()[0]}　{house().length(script.titles.seconds)}"] if script.titles else []
    return [*before, *(line for _, shown in captions(script) for line in shown)]


def captions(script: Script) -> list[tuple[str, list[str]]]:
    """The lower thirds: (what they are, their lines)."""
    words = house().words
    bars = [f"{line}（{words['over_bar']}）" if line in script.wide_bars else line for line in script.title_bar]
    straps = [f"{strap.name}　{strap.post}".strip() for strap in script.straps]
    bug = [f"《{script.column}》", *script.opening.splitlines()[1:]] if script.titles else []
    listed = {
        "label": labels_shown(script),
        "bug": bug,
        "title_bar": bars,
        "name_strap": straps,
        "figures": list(script.figures),
    }
    return [(words[name], shown) for name, shown in listed.items() if shown]
