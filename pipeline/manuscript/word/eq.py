"""`EQ` fields: characters that Word sets over, beside and around each other, as markup of one line.

A code such as `eq \\o\\ac(○,2)` is a text with commands; a command has options and, in brackets, arguments parted by
commas or semicolons. What is written nowhere else – a digit in a circle, 拼音 over a character – is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from pipeline.manuscript.characters import clean, one_line
from pipeline.manuscript.word.counting import circled

_SWITCH = re.compile(r"""\\\*\s*(?:"[^"]*"|[^\s\\]+)\s*""")
"""How the field is formatted: of no meaning for its text."""
_COMMAND = re.compile(r"\\([a-z]+)\s*")
_OPTION = re.compile(r"\\(?:([a-z]+)\s*([+-]?\d*)|([^\w\s]))\s*", re.IGNORECASE)
_DEEPEST = 40
"""Commands inside each other."""
_CIRCLES = frozenset("○◯〇⚪OoΟО0")
_SIMPLE = re.compile(r"[\w.%‰°]+|\([^()]*\)")
_TAGS = re.compile("<[^>]*>")


def shown(code: str) -> str:
    """What an EQ field shows, as markup; `code` is what follows the word EQ.

    >>> shown("\\\\o\\\\ac(○,2)"), shown("\\\\f(1,2)"), shown('\\\\* jc2 \\\\o\\\\ad(\\\\s\\\\up 9(zuò),岞)')
    ('②', '1/2', '<ruby>岞<rt>zuò</rt></ruby>')
    """
    return _Code(clean(_SWITCH.sub("", code)).strip()).text()


class _Code:
    """A code while it is read, from left to right, once."""

    def __init__(self, code: str) -> None:
        self.code = code
        self.place = 0

    def text(self, depth: int = 0, ends: str = "") -> str:
        """Markup up to one of the characters of `ends`, or to the end of the code."""
        written: list[str] = []
        while self.place < len(self.code) and self.code[self.place] not in (ends or "\0"):
            if self.code[self.place] != "\\":
                written.append(escape(self.code[self.place]))
                self.place += 1
            elif (command := _COMMAND.match(self.code, self.place)) and depth < _DEEPEST:
                self.place = command.end()
                written.append(self._command(command[1], depth))
            else:
                written.append(escape(self.code[self.place + 1 : self.place + 2]))
                self.place += 2
        return "".join(written)

    def _command(self, name: str, depth: int) -> str:
        options: dict[str, str] = {}
        while option := _OPTION.match(self.code, self.place):
            options[(option[1] or "").lower() or "sign"] = option[3] or option[2] or ""
            self.place = option.end()
        if self.code[self.place : self.place + 1] != "(":
            return ""
        arguments: list[str] = []
        while self.place < len(self.code) and (self.code[self.place] != ")" or not arguments):
            self.place += 1
            arguments.append(self.text(depth + 1, ",;)").strip())
        self.place += 1
        return _COMMANDS.get(name[0], _row)(options, arguments)


_Options = dict[str, str]


def _row(options: _Options, arguments: list[str]) -> str:  # noqa: ARG001
    return " ".join(filter(None, arguments))


def _fraction(options: _Options, arguments: list[str]) -> str:  # noqa: ARG001
    return "/".join(map(bracketed, arguments))


def _radical(options: _Options, arguments: list[str]) -> str:  # noqa: ARG001
    *degree, radicand = arguments
    return radical("".join(degree), radicand)


def _raised(options: _Options, arguments: list[str]) -> str:
    """Several arguments stand above each other: the first high, the last low."""
    if len(arguments) > 1:
        return f"<sup>{arguments[0]}</sup><sub>{''.join(arguments[1:])}</sub>"
    tag = "sup" if "up" in options else "sub" if "do" in options else ""
    return f"<{tag}>{arguments[0]}</{tag}>" if tag and arguments[0] else arguments[0]


def _over(options: _Options, arguments: list[str]) -> str:  # noqa: ARG001
    """Characters set over each other: one in a circle, 拼音 over its character, or something drawn."""
    around, *inside = arguments
    inner = "".join(inside)
    if around in _CIRCLES and inner:
        return circled(_plain(inner)) or around + inner
    raised = re.fullmatch("<sup>(.*)</sup>", around, re.DOTALL)
    if raised and inner and not inner.startswith("<"):
        return f"<ruby>{inner}<rt>{raised[1]}</rt></ruby>"
    return around.replace("<sup>", "").replace("</sup>", "") + inner.replace("<sub>", "").replace("</sub>", "")


def _integral(options: _Options, arguments: list[str]) -> str:
    sign = next((sign for option, sign in (("su", "∑"), ("pr", "∏")) if option in options), "∫")
    lower, upper, *of = [*arguments, "", ""][: max(3, len(arguments))]
    return limits(sign, lower, upper) + "".join(of)


def _in_brackets(options: _Options, arguments: list[str]) -> str:
    sign = options.get("sign", "(")
    left, right = sign, {"[": "]", "{": "}", "(": ")", "<": ">"}.get(sign, sign)
    return escape(left) + "".join(arguments) + escape(right)


def _list(options: _Options, arguments: list[str]) -> str:  # noqa: ARG001
    return ",".join(arguments)


_COMMANDS: dict[str, Callable[[_Options, list[str]], str]] = {
    "b": _in_brackets, "f": _fraction, "i": _integral, "l": _list, "o": _over, "r": _radical, "s": _raised,
}  # fmt: skip
"""By the command's first letter, as Word takes them; of all others the arguments stay."""


def _plain(markup: str) -> str:
    return one_line(_TAGS.sub("", markup))


def bracketed(markup: str) -> str:
    """Markup in brackets, unless it is one number or word."""
    return markup if not markup or _SIMPLE.fullmatch(_plain(markup)) else f"({markup})"


def radical(degree: str, radicand: str) -> str:
    """A root in one line.

    >>> radical("", "2"), radical("3", "a+b"), radical("n", "x")
    ('√2', '∛(a+b)', '<sup>n</sup>√x')
    """
    signs = {"": "√", "2": "√", "3": "∛", "4": "∜"}
    return (signs.get(_plain(degree)) or f"<sup>{degree}</sup>√") + bracketed(radicand)


def limits(sign: str, lower: str, upper: str) -> str:
    """A sign with what stands below and above it."""
    return sign + (f"<sub>{lower}</sub>" if lower else "") + (f"<sup>{upper}</sup>" if upper else "")
