"""What kinds ask of their options, in one place: `newsroom doctor` tells the problems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from pipeline.channel import Problem, Setting, Text


class Takes(NamedTuple):
    """What an option takes."""

    fits: Callable[[Any], bool]
    remedy: Text = Text(template="")
    """What to write instead of what does not fit."""

    def of(self, options: Mapping[str, Any], name: str, default: Any) -> Any:
        """The option; the default where it is missing or does not fit."""
        value = options.get(name, default)
        return value if self.fits(value) else default


def seconds(limit: float, *, least: float = 0) -> Takes:
    """A number of seconds: more than `least`, or 0 as well where that is less than 0; at most `limit`."""
    return Takes(
        lambda value: _is_number(value) and least < value <= limit,
        Text.of("write a number of seconds up to {limit}", limit=limit),
    )


def _is_number(value: object) -> bool:
    """True and False are numbers in Python, and in nobody's configuration."""
    return isinstance(value, int | float) and not isinstance(value, bool)


ANYTHING = Takes(lambda _: True)
"""The kind looks at it itself."""
TEXT = Takes(lambda value: isinstance(value, str), Text.of("write it in quotation marks"))
FLAG = Takes(lambda value: isinstance(value, bool), Text.of("write true or false, without quotation marks"))
WHOLE = Takes(
    lambda value: _is_number(value) and isinstance(value, int),
    Text.of("write a whole number, without quotation marks"),
)


def option_problems(setting: Setting, known: Mapping[str, Takes]) -> list[Problem]:
    """Options that the kind does not read, and values that these do not take."""
    wrong = [
        Problem(
            field=option,
            message=Text.of("{option} is {value}", option=option, value=_shown(value)),
            remedy=known[option].remedy,
        )
        for option, value in sorted(setting.outlet.options.items())
        if option in known and not known[option].fits(value)
    ]
    return unknown_options(setting, known) + wrong


def _shown(value: object) -> str:
    """A value as it is written in the configuration."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def unknown_options(setting: Setting, known: Collection[str]) -> list[Problem]:
    """Options that the kind does not read: most likely misspelt."""
    return [
        Problem(
            field=option,
            message=Text.of("the kind {kind} has no option {option}", kind=setting.outlet.kind, option=option),
            remedy=Text.of("use one of {options}", options=", ".join(sorted(known))),
        )
        for option in sorted(set(setting.outlet.options) - set(known))
    ]


def address_problems(field: str, address: str) -> list[Problem]:
    """Whether an address, if there is one, is a whole web address, in ASCII as documents and calls need it."""
    parts = urlsplit(address)
    plain = address.isascii() and address.isprintable()
    if not address or (plain and parts.scheme in ("http", "https") and parts.hostname):
        return []
    return [
        Problem(
            field=field,
            message=Text.of("{address} is no web address", address=address),
            remedy=Text.of("write it in full, with https:// or http:// and the host's name"),
        )
    ]


def choice_problems(field: str, value: object, choices: Sequence[str]) -> list[Problem]:
    """Whether a value is one of the choices."""
    if value in choices:
        return []
    return [
        Problem(
            field=field,
            message=Text.of("{option} is {value}", option=field, value=_shown(value)),
            remedy=Text.of("write one of: {choices}", choices=", ".join(f'"{choice}"' for choice in choices)),
        )
    ]
