"""The reading as people see it (读稿单): some dozen named rows, the same in a terminal and on the report's page.

`facts` says what the article became; `remarks` what was left out, guessed, decided and is in doubt, and what is worth a
look. Both are text in the process's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from gettext import gettext as _
from typing import Any, NamedTuple

from pydantic import BaseModel

from pipeline.article import Article, Image, Newsroom
from pipeline.article.credit import Aigc, Certainty, Credit
from pipeline.article.reading import Decision, Doubt, Line, ManuscriptProblem, Reading
from pipeline.channel import Text
from pipeline.commands.language import N_
from pipeline.commands.telling import tell
from pipeline.engine.columns import UNTITLED

SHORT = 24
"""Characters that are quoted of a line, where there are many."""
LONGER = 60
"""Characters that are quoted of a line that stands alone."""
MOST_QUOTED = 4
MOST_PICTURES = 5

AIGC = {
    Certainty.IS: N_("made by a machine"),
    Certainty.MAY_BE: N_("may be made by a machine"),
    Certainty.SUSPECTED: N_("suspected to be made by a machine"),
}


class Look(StrEnum):
    """How a row wants to be seen."""

    PLAIN = "plain"
    HEADLINE = "headline"
    SOFT = "soft"
    ASK = "ask"
    """A person has to look."""


class Row(NamedTuple):
    """One named line of the sheet, or several."""

    name: str
    lines: tuple[str, ...]
    look: Look = Look.PLAIN


def sheet(article: Article, reading: Reading, newsroom: Newsroom | None = None, *, whole: bool = False) -> list[Row]:
    """The whole of it. `whole`: every line that was left out or recognised, with the reason.

    `newsroom` tells the name of a column that the manuscript does not name.
    """
    return [*facts(article, reading, newsroom, whole=whole), *remarks(reading, whole=whole)]


def facts(article: Article, reading: Reading, newsroom: Newsroom | None = None, *, whole: bool = False) -> list[Row]:
    """What was read from the manuscript."""
    rows = [
        Row(
            _("headline"),
            (_("– (the house's own)") if article.headline == UNTITLED else article.headline,),
            Look.HEADLINE,
        ),
        Row(_("kicker"), _one(article.kicker)),
        Row(_("subhead"), _one(article.subhead)),
        Row(_("column"), (_column(article, newsroom),)),
        Row(_("source"), (article.source or "–",)),
        Row(_("date"), _one(reading.date)),
        Row(_("credits"), (credited(article.credits) or "–",)),
        Row(_("text"), (_counted(article),)),
        Row(_("pictures"), tuple(_pictures(article.images, MOST_PICTURES if not whole else len(article.images)))),
        Row(_("AI label"), tuple(_labels(article)) or (_("none declared"),)),
        *_rest(article, whole=whole),
    ]
    return [row for row in rows if row.lines]


def remarks(reading: Reading, *, whole: bool = False) -> list[Row]:
    """What a person should know of how it was read."""
    rows = [
        Row(_("left out"), tuple(_dropped(reading.dropped, whole=whole)), Look.SOFT),
        Row(_("recognised"), tuple(map(_taken, _recognised(reading))) if whole else (), Look.SOFT),
        Row(_("guessed"), tuple(map(_taken, reading.guesses)), Look.ASK),
        Row(_("noticed"), tuple(map(problem, reading.notices))),
        Row(_("decided"), tuple(map(decision, reading.decisions))),
        Row(_("in doubt"), tuple(map(doubt, reading.undecided)), Look.ASK),
        Row(_("to check"), tuple(map(problem, reading.warnings)), Look.ASK),
    ]
    return [row for row in rows if row.lines]


def told(value: Any) -> Any:
    """A value as JSON for programs, with its messages in the process's language."""
    if isinstance(value, Text):
        return tell(value)
    if isinstance(value, BaseModel):
        return {name: told(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, tuple | list):
        return [told(one) for one in value]
    return value


def quoted(text: str, longest: int = LONGER) -> str:
    """A line of the manuscript between quotation marks, on one line and no longer than that; – for nothing."""
    line = " ".join(text.split())
    return f"“{line if len(line) <= longest else line[: longest - 1] + '…'}”" if line else "–"


def credited(credits: Iterable[Credit]) -> str:
    """The credits by role, as they are printed."""
    return _("; ").join(f"{one.role} {'、'.join(one.everybody)}" for one in credits if one.everybody)


def doubt(one: Doubt) -> str:
    """A doubt with what hangs on it."""
    if not one.instead:
        return _place(one.line) + _("{question} If so, the file has to be changed.").format(question=tell(one.question))
    return _place(one.line) + _("{question} Now: {taken}; if yes: {instead}").format(
        question=tell(one.question), taken=quoted(one.taken), instead=quoted(one.instead)
    )


def decision(one: Decision) -> str:
    """An answer, and whose it is."""
    said = _("{question} Yes, said {editor}: {value}") if one.yes else _("{question} No, said {editor}: still {value}")
    return said.format(question=tell(one.question), editor=one.by, value=quoted(one.value))


def problem(one: ManuscriptProblem) -> str:
    """What was met and what to do, on one line."""
    return f"{_place(one.line)}{tell(one.message)} → {tell(one.remedy)}"


def became(line: Line) -> str:
    """What a line of the manuscript became."""
    return _(", ").join(_(field) for field in line.fields) or _("left out")


def _place(line: int | None) -> str:
    return "" if line is None else _("line {line}: ").format(line=line)


def _one(text: str) -> tuple[str, ...]:
    return (text,) if text else ()


def _column(article: Article, newsroom: Newsroom | None) -> str:
    if article.column:
        try:
            return newsroom.column(article.column).name if newsroom else article.column
        except KeyError:
            return article.column
    if newsroom is None:
        return _("– (the newsroom's first)")
    return _("{column} (the newsroom's first: the manuscript names none)").format(column=newsroom.columns[0].name)


def _counted(article: Article) -> str:
    blocks = list(article.blocks)
    notes = sum(1 for block in blocks if block.get("id", "").startswith("note-"))
    counts = {
        N_("paragraphs"): sum(1 for block in blocks for _p in block.iter("p")) - notes,
        N_("headings"): sum(block.tag in ("h2", "h3") for block in blocks),
        N_("lists"): sum(block.tag in ("ul", "ol") for block in blocks),
        N_("tables"): sum(block.tag == "table" for block in blocks),
        N_("notes"): notes,
        N_("characters"): sum(len("".join(text.split())) for text in article.paragraphs()),
    }
    return _(", ").join(f"{_(name)} {count}" for name, count in counts.items())


def _pictures(images: Sequence[Image], most: int) -> Iterator[str]:
    for number, image in enumerate(images[:most], 1):
        said = quoted(image.caption) if image.caption else _("no caption")
        yield f"{number}. {image.width}×{image.height} {said}"
    if len(images) > most:
        yield _("and {count} more").format(count=len(images) - most)


def _labels(article: Article) -> Iterator[str]:
    if article.aigc:
        yield _("text: {label}").format(label=_aigc(article.aigc))
    for number, image in enumerate(article.images, 1):
        if image.aigc:
            yield _("picture {number}: {label}").format(number=number, label=_aigc(image.aigc))


def _aigc(label: Aigc) -> str:
    return _(AIGC[label.label]) + (f" ({label.producer})" if label.producer else "")


def _rest(article: Article, *, whole: bool) -> list[Row]:
    """The fields that few manuscripts have: each in its row, or all in one."""
    given = {
        _("short headline"): article.short_headline,
        _("series"): article.series,
        _("number"): str(article.number or ""),
        _("reference"): article.reference,
        _("lead until"): article.lead,
        _("keywords"): "、".join(article.keywords),
        _("summary"): article.summary,
        _("editor's note"): article.editors_note,
    }
    filled = {name: text for name, text in given.items() if text}
    if whole:
        return [Row(name, tuple(text.splitlines())) for name, text in filled.items()]
    one = _("; ").join(f"{name} {quoted(text, SHORT)}" for name, text in filled.items())
    return [Row(_("besides"), _one(one))]


def _recognised(reading: Reading) -> list[Line]:
    return [line for line in reading.lines if line.fields and not line.guessed]


def _dropped(lines: Sequence[Line], *, whole: bool) -> Iterator[str]:
    if whole:
        yield from (f"{_place(line.line)}{quoted(line.text, len(line.text))} – {tell(line.why)}" for line in lines)
    elif lines:
        shown = " ".join(quoted(line.text, SHORT) for line in lines[:MOST_QUOTED])
        more = len(lines) - MOST_QUOTED
        yield _("{shown} and {count} more lines (-v shows them)").format(shown=shown, count=more) if more > 0 else shown


def _taken(line: Line) -> str:
    return f"{_place(line.line)}{quoted(line.text)} → {became(line)} ({tell(line.why)})"
