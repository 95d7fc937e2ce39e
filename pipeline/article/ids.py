"""What people call articles and rollouts: `a` or `r` and six characters, of which the last checks all the others.

The characters are Crockford's base 32 in lower case (https://www.crockford.com/base32.html): no i, l, o and u. The
check character is that of H. M. Damm (Total anti-symmetrische Quasigruppen, Marburg 2004) over the field of 32
elements: it finds every single wrong character, the letter of the kind included, and every exchange of two neighbours.

Five characters are drawn by chance, with two letters among them at least: so no single error makes an id look like
those of records from before version 0012 of the tables, `a7`, `r12`, which stay what they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

Kind = Literal["a", "r"]
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 5
"""Characters that are drawn."""
CODES = 1 << 5 * LENGTH
"""How many numbers they can stand for."""
ARTICLE = r"^a(?:[0-9]+|[0-9a-hjkmnp-tv-z]{6})$"
"""What an article's id looks like, for documents that name it."""

_LOOKS_LIKE = str.maketrans("oil", "011")
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_OVERFLOW, _POLYNOMIAL = 32, 0b100101
"""x⁵ + x² + 1, by which the field of 32 elements is made."""


def spelled(kind: Kind, code: int) -> str:
    """The id that a drawn number stands for; `code` is below `CODES`.

    >>> spelled("a", 8_765_432)
    'a8bfzrk'
    """
    drawn = "".join(ALPHABET[code >> 5 * place & 31] for place in reversed(range(LENGTH)))
    return f"{kind}{drawn}{_check(kind + drawn)}"


def is_fair(code: int) -> bool:
    """Whether a number may be drawn: its characters have two letters at least."""
    return sum(code >> 5 * place & 31 > 9 for place in range(LENGTH)) > 1


def code_of(known: str, kind: Kind) -> int | None:
    """What an id stands for: a drawn number, or an old id's own number; None if it is no id of this kind.

    >>> code_of("a8bfzrk", "a"), code_of("a7", "a"), code_of("a8bfzr6", "a"), code_of("r7", "a")
    (8765432, 7, None, None)
    """
    told = known.removeprefix(kind)
    if told == known or not told.isascii():
        return None
    if told.isdigit():
        return int(told) if told == str(int(told)) and int(told) < CODES else None
    if len(told) != LENGTH + 1 or not set(told) <= _VALUES.keys() or _check(known[:-1]) != known[-1]:
        return None
    code = 0
    for character in told[:LENGTH]:
        code = code << 5 | _VALUES[character]
    return code if is_fair(code) else None


def is_spelled(known: str) -> bool:
    """Whether it has the length and the letters of a drawn id, right or not."""
    return len(known) == LENGTH + 2 and known[0] in "ar" and set(known[1:]) <= _VALUES.keys()


def slips(known: str) -> Iterator[str]:
    """The drawn ids that somebody may have meant: one character wrong, wanting or too many, or two neighbours
    exchanged; whatever their case, and with the letters for which digits were meant."""
    told = known.strip().lower()
    told = told[:1] + told[1:].translate(_LOOKS_LIKE)
    meant = {told}
    meant |= {told[:at] + one + told[at + 1 :] for at in range(len(told)) for one in ALPHABET}
    meant |= {told[:at] + told[at + 1 :] for at in range(len(told))}
    meant |= {told[:at] + one + told[at:] for at in range(len(told) + 1) for one in ALPHABET}
    meant |= {told[:at] + second + first + told[at + 2 :] for at, (first, second) in enumerate(pairwise(told))}
    for one in sorted(meant - {known}):
        kinds: tuple[Kind, ...] = ("a", "r")
        if len(one) == LENGTH + 2 and any(code_of(one, kind) is not None and not one[1:].isdigit() for kind in kinds):
            yield one


def _check(told: str) -> str:
    state = 0
    for character in told:
        state = (state ^ _VALUES[character]) << 1
        if state & _OVERFLOW:
            state ^= _POLYNOMIAL
    return ALPHABET[state]
