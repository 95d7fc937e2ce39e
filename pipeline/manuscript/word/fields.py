"""Fields: what Word works out while it prints. Their codes are no text; what they show is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from lxml import etree

from pipeline.manuscript.characters import clean
from pipeline.manuscript.word import eq
from pipeline.manuscript.word.names import Element, W, child, integer, name, properties, switched, value
from pipeline.manuscript.word.symbols import symbol

CHECKED, UNCHECKED = "☑", "☐"
_CONTENTS = frozenset({"TOC", "TOA", "INDEX"})
_WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_TAGS = re.compile("<[^>]*>")
_MOST_WORDS = 20
_GONE = frozenset({"del", "moveFrom"})


@dataclass(slots=True)
class _Field:
    """A field that has begun and not ended."""

    data: Element | None
    """`w:ffData` of a form."""
    codes: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """Markup of text of the document found where the code should be."""
    in_result: bool = False
    contents: bool = False
    href: str = ""
    shows: bool = False
    """Whether its result holds anything."""


class Fields:
    """The fields in which a place of the document stands."""

    def __init__(self) -> None:
        self._open: list[_Field] = []
        self._coding: list[_Field] = []
        """Those of them whose result has not begun."""
        self._contents = 0
        self._links: list[str] = []

    @property
    def in_code(self) -> bool:
        return bool(self._coding)

    @property
    def in_contents(self) -> bool:
        """Whether the place is in a table of contents."""
        return self._contents > 0

    @property
    def href(self) -> str:
        """Where a HYPERLINK around the place leads."""
        return self._links[-1] if self._links else ""

    def character(self, element: Element) -> str:
        """Take a `w:fldChar`; the answer is markup of what a field shows that has no result."""
        match element.get(f"{W}fldCharType"):
            case "begin":
                self._begun(_Field(child(element, "ffData")))
            case "separate" if self._open:
                self._separated()
            case "end" if self._open:
                return self.ended()
        return ""

    def simple(self, element: Element) -> None:
        """Enter a `w:fldSimple`, which ends with `ended`."""
        self._begun(_Field(child(element, "ffData"), [element.get(f"{W}instr", "")]))
        self._separated()

    def ended(self) -> str:
        """Leave the innermost field; the answer as of `character`."""
        last = self._open.pop()
        if last.in_result:
            self._contents -= last.contents
            if last.href:
                self._links.pop()
        else:
            self._coding.pop()
        shown = "" if last.shows else _shown(last)
        if self._open:
            self._open[-1].shows |= last.shows or bool(shown)
        if self._coding:
            self._coding[-1].codes.append(_TAGS.sub("", shown))
            return ""
        return shown

    def add_code(self, text: str) -> None:
        if self._coding:
            self._coding[-1].codes.append(text)

    def add_text(self, text: str, *, struck: bool) -> None:
        """Text of the document in a code; it belongs to the code, unless that is none."""
        self.add_code(text)
        shown = escape(clean(text))
        self._coding[-1].texts.append(f"<del>{shown}</del>" if struck else shown)

    def show(self) -> None:
        """Note that something is shown here."""
        if self._open:
            self._open[-1].shows = True

    def _begun(self, one: _Field) -> None:
        self._open.append(one)
        self._coding.append(one)

    def _separated(self) -> None:
        here = self._open[-1]
        if here.in_result:
            return
        here.in_result = True
        self._coding.pop()
        kind, arguments = _words("".join(here.codes))
        here.contents = kind in _CONTENTS
        here.href = _address(arguments) if kind == "HYPERLINK" else ""
        self._contents += here.contents
        if here.href:
            self._links.append(here.href)


def _words(code: str) -> tuple[str, list[str]]:
    """The kind of a field, in capitals, and what follows it."""
    found = []
    for match in _WORDS.finditer(code):
        found.append(match[2] if match[1] is None else re.sub(r"\\(.)", r"\1", match[1]))
        if len(found) == _MOST_WORDS:
            break
    return (found[0].upper(), found[1:]) if found else ("", [])


def _address(arguments: list[str]) -> str:
    """Where a HYPERLINK leads; "" for a place in the document."""
    return arguments[0] if arguments and not arguments[0].startswith("\\") else ""


def _shown(last: _Field) -> str:
    """What a field without result shows, as markup."""
    code = "".join(last.codes)
    kind, arguments = _words(code)
    # Some programs write eq\o\ac(○,1) without a space.
    if kind.startswith("EQ") and (kind == "EQ" or kind[2] == "\\"):
        return eq.shown(code.strip()[2:])
    if kind in _SHOWN:
        return escape(_SHOWN[kind](arguments, last.data))
    return "".join(last.texts)


def _symbol(arguments: list[str], data: Element | None) -> str:  # noqa: ARG001
    """SYMBOL 252 \\f "Wingdings"."""
    at = arguments.index("\\f") + 1 if "\\f" in arguments else len(arguments)
    font = arguments[at] if at < len(arguments) else ""
    code = arguments[0] if arguments else ""
    number = integer(code, 0) if not code.lower().startswith("0x") else int(code[2:6] or "0", 16)
    return symbol(font, f"{number:X}")


def _check_box(arguments: list[str], data: Element | None) -> str:  # noqa: ARG001
    said = properties(properties(data).get("checkBox"))
    on = switched(said, "checked") if "checked" in said else switched(said, "default")
    return CHECKED if on else UNCHECKED


def _drop_down(arguments: list[str], data: Element | None) -> str:  # noqa: ARG001
    choices: Element | None = properties(data).get("ddList")
    said = properties(choices)
    listed = choices if choices is not None else ()
    entries: list[str] = [one.get(f"{W}val", "") for one in listed if name(one) == "listEntry"]
    chosen = integer(value(said, "result") or value(said, "default"), 0)
    return clean(entries[chosen]) if chosen < len(entries) else ""


def _quoted(arguments: list[str], data: Element | None) -> str:  # noqa: ARG001
    return clean(arguments[0]) if arguments else ""


_SHOWN: dict[str, Callable[[list[str], Element | None], str]] = {
    "SYMBOL": _symbol,
    "FORMCHECKBOX": _check_box,
    "FORMDROPDOWN": _drop_down,
    "QUOTE": _quoted,
}


@dataclass(slots=True)
class _Begun:
    """A field met while the tree is settled."""

    characters: list[Element]
    has_code: bool = False


def settle(root: Element) -> None:
    """Take the meaning from `w:fldChar`s that have no partner or no code, so that an unfinished field hides no text.
    Fields do not reach beyond a text box, and what is deleted is not there."""
    if next(root.iter(f"{W}fldChar"), None) is None:
        return
    scopes: list[list[_Begun]] = [[]]
    gone = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        called = name(element)
        if called in _GONE:
            gone += 1 if event == "start" else -1
        elif called == "txbxContent":
            if event == "start":
                scopes.append([])
            else:
                _without_meaning(scopes.pop())
        elif event == "start" and not gone:
            if called == "fldChar":
                _match(element, scopes[-1])
            elif called == "instrText" and scopes[-1]:
                scopes[-1][-1].has_code = True
    _without_meaning(scopes[0])


def _match(element: Element, opened: list[_Begun]) -> None:
    kind = element.get(f"{W}fldCharType")
    if kind == "begin":
        opened.append(_Begun([element]))
        return
    while opened and not opened[-1].has_code:
        _without_meaning([opened.pop()])
    if opened and kind == "separate":
        opened[-1].characters.append(element)
    elif opened and kind == "end":
        opened.pop()
    else:
        element.set(f"{W}fldCharType", "")


def _without_meaning(fields: list[_Begun]) -> None:
    for one in fields:
        for character in one.characters:
            character.set(f"{W}fldCharType", "")
