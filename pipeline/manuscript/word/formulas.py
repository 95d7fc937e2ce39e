"""Formulas (OMML; ECMA-376, part 1, chapter 22) as markup of one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from html import escape

from pipeline.manuscript.characters import clean
from pipeline.manuscript.word.eq import bracketed, limits, radical
from pipeline.manuscript.word.names import Element, M, child, name

_NOT_SHOWN = frozenset({"del", "moveFrom", "m:ctrlPr", "rPr", "pPr"})


def line(formula: Element) -> str:
    """A formula (`m:oMath`, or any part of one) in one line: fractions with a stroke, what is raised as `<sup>`."""
    called = name(formula)
    if called in ("m:t", "t"):
        return escape(clean(formula.text or ""))
    if called in _NOT_SHOWN or (called.startswith("m:") and called.endswith("Pr")):
        return ""
    return _FORMS.get(called, _all)(formula)


def is_plain(formula: Element) -> bool:
    """Whether nothing in it stands above, below or around something else: a number, say."""
    return not any(name(part) in _FORMS for part in formula.iter())


def _all(part: Element) -> str:
    return "".join(map(line, part))


def _of(part: Element, called: str) -> str:
    """One argument of a form, such as `m:num`."""
    found = child(part, called)
    return _all(found).strip() if found is not None else ""


def _said(part: Element, group: str, called: str) -> str | None:
    """A property of a form; None if nothing is said of it."""
    properties = child(part, group)
    found = child(properties, called) if properties is not None else None
    return None if found is None else clean(found.get(f"{M}val", ""))


def _fraction(part: Element) -> str:
    return f"{bracketed(_of(part, 'm:num'))}/{bracketed(_of(part, 'm:den'))}"


def _scripts(part: Element) -> str:
    below, above = _of(part, "m:sub"), _of(part, "m:sup")
    base = _of(part, "m:e")
    return limits("", below, above) + base if name(part) == "m:sPre" else limits(base, below, above)


def _root(part: Element) -> str:
    return radical(_of(part, "m:deg"), _of(part, "m:e"))


def _nary(part: Element) -> str:
    sign = _said(part, "m:naryPr", "m:chr")
    return limits(escape("∫" if sign is None else sign), _of(part, "m:sub"), _of(part, "m:sup")) + _of(part, "m:e")


def _delimited(part: Element) -> str:
    begin, end, between = (_said(part, "m:dPr", one) for one in ("m:begChr", "m:endChr", "m:sepChr"))
    inside = escape("|" if between is None else between).join(_all(one).strip() for one in part if name(one) == "m:e")
    return escape("(" if begin is None else begin) + inside + escape(")" if end is None else end)


def _function(part: Element) -> str:
    of = _of(part, "m:e")
    return _of(part, "m:fName") + (of if of.startswith("(") else f" {of}")


def _limit(part: Element) -> str:
    of, at = _of(part, "m:e"), _of(part, "m:lim")
    return limits(of, "", at) if name(part) == "m:limUpp" else limits(of, at, "")


def _accent(part: Element) -> str:
    """An accent stands behind its letter if it is a combining character."""
    accent = _said(part, "m:accPr", "m:chr") or "\u0302"
    return _of(part, "m:e") + (accent if unicodedata.combining(accent[0]) else "")


def _rows(part: Element) -> str:
    return "；".join(filter(None, (_all(one).strip() for one in part if name(one) == "m:e")))


def _matrix(part: Element) -> str:
    rows = ([_all(one).strip() for one in row if name(one) == "m:e"] for row in part if name(row) == "m:mr")
    return "；".join("，".join(row) for row in rows)


_FORMS: dict[str, Callable[[Element], str]] = {
    "m:f": _fraction,
    **dict.fromkeys(("m:sSup", "m:sSub", "m:sSubSup", "m:sPre"), _scripts),
    "m:rad": _root,
    "m:nary": _nary,
    "m:d": _delimited,
    "m:func": _function,
    **dict.fromkeys(("m:limLow", "m:limUpp"), _limit),
    "m:acc": _accent,
    "m:eqArr": _rows,
    "m:m": _matrix,
}
