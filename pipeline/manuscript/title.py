"""Headline, 引题 and 副题 among the lines above the text: by style, by look, by place."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.article.reading import Doubt
from pipeline.channel import Text
from pipeline.manuscript import reasons
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.head import LARGER, Head
from pipeline.manuscript.line import Kind, Line, is_bold, is_dashed, is_numbered, without_dashes
from pipeline.manuscript.taking import LONGEST_FORM_NAME, put_headline

_LONGEST_OF_TWO, _NEARLY = 16, 2
"""Characters: of each line of a headline in two, and by how many they differ at most."""


def without_head(lines: Sequence[Line], draft: Draft) -> list[Line]:
    """The lines that are left when headline, credits and noise above the text have been taken."""
    head = Head(draft, lines)
    head.scan()
    title = _chosen(head)
    for place in head.forms:
        if place not in title:
            head.taken.add(place)
            draft.dropped(lines[place].text, reasons.FORM, line=lines[place].number)
    if title:
        _name(head, title)
    for place in head.candidates:
        if place not in head.taken:
            _beside(head, title, place)
    _ask(head, title)
    return [line for place, line in enumerate(lines) if place not in head.taken]


def _chosen(head: Head) -> list[int]:
    """The places of the headline's lines; none if the reader of the format has named it already."""
    if decided := "".join(head.draft.decided.get("headline", "").split()):
        same = (one for one in (*head.candidates, *head.forms) if "".join(head.lines[one].text.split()) == decided)
        return list(same)[:1]
    if head.draft.text("headline"):
        return []
    if title := _by_look(head) or _by_place(head):
        return title
    # What only looks like a form's name may be a headline after all, if there is no other.
    return [one for one in head.forms if len(head.lines[one].text) > LONGEST_FORM_NAME][-1:]


def _by_look(head: Head) -> list[int]:
    """The title by its style, else the first of the largest lines set apart, with those that go on with it."""
    styled = [one for one in head.candidates if head.lines[one].block.hints.role == "title"]
    styled = styled or [one for one in head.candidates if head.lines[one].block.tag == "h1"]
    if styled:
        return _with_next(head, styled[0])
    apart = [
        one
        for one in head.candidates
        if head.is_apart(one) and not is_dashed(head.lines[one].text) and not is_numbered(head.lines[one].text)
    ]
    if not apart:
        return []
    largest = max(head.weight(one)[0] for one in apart)
    big = [one for one in apart if head.weight(one)[0] >= largest - LARGER]
    best = max(head.weight(one)[1:] for one in big)
    return _with_next(head, next(one for one in big if head.weight(one)[1:] == best))


def _by_place(head: Head) -> list[int]:
    """The first candidate; with the second, where both are short, about equally long, and the credits follow."""
    first = head.candidates[:1]
    second = head.candidates[1:2]
    if not second or second[0] != first[0] + 1 or not head.is_followed_by_head(second[0]):
        return first
    lengths = [len(head.lines[one].text) for one in (*first, *second)]
    paired = max(lengths) <= _LONGEST_OF_TWO and abs(lengths[0] - lengths[1]) <= _NEARLY
    plain = not any(is_dashed(head.lines[one].text) or "：" in head.lines[one].text for one in second)
    return [*first, *second] if paired and plain else first


def _with_next(head: Head, first: int) -> list[int]:
    """The title with the lines directly below it that look the same, or stand in the same paragraph."""
    title = [first]
    for one in head.candidates:
        if one != title[-1] + 1:
            continue
        last, line = head.lines[title[-1]], head.lines[one]
        looks = (line.block.tag, line.block.hints.role, head.weight(one))
        sized = line.block.hints.size > 0 or line.block.hints.role == "title"
        same = sized and looks == (last.block.tag, last.block.hints.role, head.weight(title[-1]))
        same = same or (line.parent == last.parent and line.block.hints == last.block.hints)
        if not same or is_dashed(line.text) or is_numbered(line.text):
            break
        title.append(one)
    return title


def _name(head: Head, title: Sequence[int]) -> None:
    lines = [head.lines[one] for one in title]
    block = lines[0].block
    why = (
        reasons.DECIDED if head.draft.decided.get("headline")
        else reasons.TITLE_STYLE if block.hints.role == "title" or block.tag == "h1"
        else reasons.TITLE_LOOK if head.is_apart(title[0])
        else reasons.TITLE_FIRST
    )  # fmt: skip
    put_headline(" ".join(line.text for line in lines), head.draft, lines[0].number)
    paired = len(title) > 1 and not head.is_apart(title[0])
    for place, line in zip(title, lines, strict=True):
        head.taken.add(place)
        head.draft.took(line.text, ["headline"], why, line=line.number, guessed=paired or place in head.forms)


def _beside(head: Head, title: Sequence[int], place: int) -> None:
    """引题 above, 副题 below; what is neither and stands above the headline does not become text."""
    line = head.lines[place]
    if head.repeats(line.text):
        _became(head, place, "headline", reasons.REPEATED)
    elif title and place < title[0]:
        _above(head, title, place)
    elif is_dashed(line.text):
        _became(head, place, "subhead", reasons.DASHED)
    elif line.block.hints.role == "subtitle" or (
        title and head.is_apart(title[0]) and line.block.hints.centred and not is_numbered(line.text)
    ):
        _became(head, place, "subhead", reasons.BELOW_TITLE)
    elif title and not head.is_apart(title[0]) and head.is_followed_by_head(place):
        _became(head, place, "subhead", reasons.BETWEEN, guessed=True)


def _above(head: Head, title: Sequence[int], place: int) -> None:
    line = head.lines[place]
    centred = head.lines[title[0]].block.hints.centred
    hints = line.block.hints
    if (
        hints.centred
        or hints.role == "subtitle"
        or not head.is_apart(title[0])
        or (is_bold(line.block) and not centred)
    ):
        _became(head, place, "kicker", reasons.ABOVE_TITLE, guessed=not hints.centred)
    else:
        head.draft.dropped(line.text, reasons.ABOVE_UNKNOWN, line=line.number, guessed=True)
        head.taken.add(place)


def _became(head: Head, place: int, field: str, why: Text, *, guessed: bool = False) -> None:
    """Take the line for 引题 or 副题; several of them are one, in their order."""
    line, draft = head.lines[place], head.draft
    if field != "headline":
        text = without_dashes(line.text) if field == "subhead" else line.text
        draft.fields[field] = f"{draft.text(field)} {text}".strip()
        draft.lines.setdefault(field, line.number)
    draft.took(line.text, [field], why, line=line.number, guessed=guessed)
    head.taken.add(place)


def _ask(head: Head, title: Sequence[int]) -> None:
    """Without a look to go by, the line below the headline may be the headline, or its second line: ask."""
    if not title or head.is_apart(title[0]) or head.draft.decided.get("headline"):
        return
    guessed = [one for one in head.candidates if one > title[-1] and one in head.taken]
    left = [one for one in range(title[-1] + 1, len(head.lines)) if one not in head.taken]
    place = next(iter([*title[1:], *guessed, *left]), None)
    if place is None or head.lines[place].kind is not Kind.TITLE or is_numbered(head.lines[place].text):
        return
    taken, instead = head.draft.text("headline"), head.lines[place].text
    if head.repeats(instead) or is_dashed(instead):
        return
    head.draft.doubts.append(
        Doubt(
            field="headline",
            question=Text.of("is “{instead}” the headline, instead of “{taken}”?", instead=instead, taken=taken),
            taken=taken,
            instead=instead,
            line=head.lines[place].number,
        )
    )
