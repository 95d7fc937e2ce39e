"""What kinds ask of their options, in one place: `newsroom doctor` tells the problems."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from pipeline.channel import Problem, Setting, Text


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
            message=Text.of("{option} is {value}", option=field, value=str(value)),
            remedy=Text.of("write one of: {choices}", choices=", ".join(f'"{choice}"' for choice in choices)),
        )
    ]
