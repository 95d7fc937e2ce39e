"""Automatic numbers: what Word prints before a paragraph, counted as Word counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.manuscript.characters import clean
from pipeline.manuscript.word.counting import counted
from pipeline.manuscript.word.names import Element, W, child, integer, name, properties, switched, value

_LEVELS = 9
_PLAIN = re.compile(r"%[1-9][.)）、．]?")
"""How the numbers of a list look that a web page numbers itself."""
_SPELT = re.compile("[\u3400-\u9fff]")
_ENDED = re.compile("[\\s.)）、．：:，,】〕\\]\u2460-\u24ff\u2776-\u2793\u3200-\u32ff]$")
_LONGEST = 200
"""Characters of a number's text; Word takes 31."""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before one paragraph of a list."""

    text: str
    """As it is printed, with what parts it from the paragraph; "" where nothing is printed."""
    bullet: bool
    plain: bool
    """Whether an ordered list of a web page says the same."""
    number: int
    level: int
    series: tuple[str, int, int]
    """Equal for paragraphs that are counted together."""


@dataclass(frozen=True, slots=True)
class _Level:
    format: str
    text: str
    start: int
    suffix: str
    restart: int | None
    """The level, from 1, behind which it begins anew; 0 for never."""
    decimal: bool
    """Whether all numbers in it are written in digits."""
    style: str
    """The style of paragraphs that stand on this level."""


@dataclass(slots=True)
class _Counts:
    """How far one list has come: the numbers of its levels, and how often each began."""

    numbers: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)
    begun: list[int] = field(default_factory=lambda: [0] * _LEVELS)


class Numbering:
    """The numbering part, and where its lists stand."""

    def __init__(self, root: Element | None, styled: Mapping[str, str]) -> None:
        """`styled`: the list that a style of lists stands for."""
        elements = list(root) if root is not None else []
        self._lists = {one.get(f"{W}numId", ""): one for one in elements if name(one) == "num"}
        self._forms = {one.get(f"{W}abstractNumId", ""): one for one in elements if name(one) == "abstractNum"}
        self._styled = styled
        self._link: dict[str, str] = {}
        self._formed: dict[str, Mapping[int, _Level]] = {}
        self._levels: dict[str, tuple[str, Mapping[int, _Level]]] = {}
        self._counts: dict[str, _Counts] = {}
        self._begun: set[str] = set()

    def label(self, number: tuple[str, int | None], style: str) -> Label | None:
        """Count one more paragraph of this list and level; None if there is no such list.

        `style`: the paragraph's, which says the level where nothing else does.
        """
        listed, depth = number
        form, levels = self._form(listed)
        if not levels:
            return None
        if depth is None:
            depth = next((at for at, level in levels.items() if style and level.style == style), 0)
        level = levels.get(depth) or _Level("decimal", f"%{depth + 1}.", 1, "tab", None, False, "")
        counts = self._counts.setdefault(form, _Counts())
        self._restarted(listed, counts)
        number_here = self._counted(counts, levels, depth, level)
        bullet = level.format == "bullet"
        series = (form, depth, counts.begun[depth])
        return Label(
            text=_bullet(level) if bullet else self._printed(counts, levels, level),
            bullet=bullet and not _SPELT.search(level.text),
            plain=level.format == "decimal" and bool(_PLAIN.fullmatch(level.text.strip())),
            number=number_here,
            level=depth,
            series=series,
        )

    def _restarted(self, listed: str, counts: _Counts) -> None:
        """A list that begins anew does so at its first paragraph."""
        if listed in self._begun:
            return
        self._begun.add(listed)
        for change in self._lists[listed]:
            said = properties(change)
            if name(change) == "lvlOverride" and "startOverride" in said:
                at = integer(change.get(f"{W}ilvl"), 0, most=_LEVELS - 1)
                counts.numbers[at] = integer(value(said, "startOverride"), 1) - 1
                counts.begun[at] += 1

    @staticmethod
    def _counted(counts: _Counts, levels: Mapping[int, _Level], depth: int, level: _Level) -> int:
        before = counts.numbers[depth]
        counts.begun[depth] += before is None
        number = level.start if before is None else before + 1
        counts.numbers[depth] = number
        for deeper in range(depth + 1, _LEVELS):
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or depth < restart:
                counts.numbers[deeper] = None
        for above in range(depth):
            if counts.numbers[above] is None:
                counts.numbers[above] = levels[above].start if above in levels else 1
                counts.begun[above] += 1
        return number

    @staticmethod
    def _printed(counts: _Counts, levels: Mapping[int, _Level], level: _Level) -> str:
        def shown(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            form = "decimal" if level.decimal or at not in levels else levels[at].format
            return "" if form in ("none", "bullet") else counted(counts.numbers[at] or 0, form)

        text = "" if level.format == "none" and "%" in level.text else re.sub("%([1-9])", shown, level.text)
        if level.suffix == "nothing" or not text or _ENDED.search(text):
            return text
        return text + ("\u3000" if _SPELT.match(text[-1]) else " ")

    def _form(self, listed: str) -> tuple[str, Mapping[int, _Level]]:
        """The form by which a list counts, and its levels with what the list changes of them."""
        if listed not in self._levels:
            form = self._linked(listed)
            if form not in self._formed:
                self._formed[form] = dict(_level(one) for one in self._forms.get(form, ()) if name(one) == "lvl")
            changes = [
                _level(level)
                for change in self._lists.get(listed, ())
                if name(change) == "lvlOverride" and (level := child(change, "lvl")) is not None
            ]
            self._levels[listed] = form, {**self._formed[form], **dict(changes)} if changes else self._formed[form]
        return self._levels[listed]

    def _linked(self, listed: str) -> str:
        """The id of a list's form. A form may only name a style, whose list has the form; they may make a circle."""
        seen: dict[str, None] = {}
        form = ""
        while listed in self._lists and listed not in seen and listed not in self._link:
            seen[listed] = None
            said = value(properties(self._lists[listed]), "abstractNumId") or ""
            style = value(properties(self._forms.get(said)), "numStyleLink")
            if style is None:
                form = said
                break
            listed = self._styled.get(style, "")
        form = form or self._link.get(listed, "")
        self._link.update(dict.fromkeys(seen, form))
        return form


def _level(element: Element) -> tuple[int, _Level]:
    said = properties(element)
    depth = integer(element.get(f"{W}ilvl"), 0, most=_LEVELS - 1)
    form = value(said, "numFmt") or "decimal"
    restart = value(said, "lvlRestart")
    return depth, _Level(
        format=form,
        text=clean(value(said, "lvlText") or "")[:_LONGEST] if "lvlText" in said else f"%{depth + 1}.",
        start=integer(value(said, "start"), 0 if form == "bullet" else 1),
        suffix=value(said, "suff") or "tab",
        restart=None if restart is None else integer(restart, 0),
        decimal=bool(switched(said, "isLgl")),
        style=value(said, "pStyle") or "",
    )


def _bullet(level: _Level) -> str:
    """A bullet is a sign, unless somebody wrote words for one: 注："""
    return level.text if _SPELT.search(level.text) else ""
