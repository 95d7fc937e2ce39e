"""How an article's or a rollout's id and the number of its row belong together.

A number is an ordinal, which rises, and below it the `BITS` that were drawn for the id: so rows stay in the order in
which they came, the id is in the number, and what people have seen is not given out again, by no restored database
either. A number that has nothing above these bits is of before version 0012 of the tables; its id is like `a7`.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select, text

from pipeline.article import ids
from pipeline.article.ids import CODES, Kind
from pipeline.channel import Problem, Text
from pipeline.record import tables
from pipeline.record.refusals import Impossible, no_article, no_rollout

Numbered = Callable[[int], int]
"""The number of the row that comes at this ordinal; asked again where its id is taken."""

BITS = CODES.bit_length() - 1
_TABLES = {"a": tables.article, "r": tables.rollout}
_KINDS: tuple[Kind, ...] = ("a", "r")
_NONE = {"a": no_article, "r": no_rollout}


def at_random(ordinal: int, below: Callable[[int], int] = secrets.randbelow) -> int:
    """Under an id drawn by chance. `below`: a whole number below this, from 0 on."""
    code = below(CODES)
    while not ids.is_fair(code):
        code = below(CODES)
    return ordinal << BITS | code


def seeded(seed: str) -> Numbered:
    """Always the same ids in the same order: for demos, whose records nobody restores."""
    chance = random.Random(seed)  # noqa: S311 - nothing is kept secret by it

    def numbered(ordinal: int) -> int:
        return at_random(ordinal, chance.randrange)

    return numbered


def counted(ordinal: int) -> int:
    """`a1`, `a2` …, as it was before: for tests, which read better so."""
    return ordinal


def article_id(number: int) -> str:
    return _id("a", number)


def rollout_id(number: int) -> str:
    return _id("r", number)


def _id(kind: Kind, number: int) -> str:
    return f"{kind}{number}" if number < CODES else ids.spelled(kind, number % CODES)


def code_of(known: str, kind: Kind) -> int:
    """What an id that the record has given out stands for in `tables.code`. Raises ValueError for what is none."""
    code = ids.code_of(known, kind)
    if code is None:
        raise ValueError(f"{known} is no id")
    return code


def is_id(known: str) -> bool:
    """Whether an article or a rollout may be called so."""
    return any(ids.code_of(known, kind) is not None for kind in _KINDS)


def number_of(tx: Connection, known: str, kind: Kind) -> int:
    """The number of the row with this id; `Impossible` if it is no id, or nothing is called so."""
    code = ids.code_of(known, kind)
    if code is None:
        raise Impossible(_not_an_id(tx, known))
    mine = _TABLES[kind].c.id
    number: int | None = tx.scalar(select(mine).where(tables.code(mine) == code))
    if number is None or _id(kind, number) != known:
        raise _NONE[kind](known)
    return number


def _not_an_id(tx: Connection, known: str) -> Problem:
    message = (
        Text.of("{known} is mistyped: its last character does not fit the others", known=known)
        if ids.is_spelled(known)
        else Text.of("{known} is not an id", known=known)
    )
    meant = _meant(tx, known)
    return Problem(
        field="ID",
        message=message,
        remedy=Text.of("did you mean {other}?", other=meant)
        if meant
        else Text.of("newsroom list shows the articles and their rollouts, with their ids"),
    )


def _meant(tx: Connection, known: str) -> str:
    """The one id of the record that is meant by a slip; "" if that is not sure."""
    if len(known) > ids.LENGTH + 4:
        return ""
    slips = [*ids.slips(known)]
    there = []
    for kind in _KINDS:
        mine = _TABLES[kind].c.id
        codes = {code_of(one, kind) for one in slips if one[0] == kind}
        found = tx.scalars(select(mine).where(tables.code(mine).in_(codes), mine >= CODES)).all() if codes else []
        there += [_id(kind, number) for number in found]
    return there[0] if len(there) == 1 else ""


def drawn(tx: Connection, table: Table, count: int, numbered: Numbered) -> list[int]:
    """Numbers for so many new rows, rising, which nobody else gets, under ids that none has; whoever does not use one
    leaves a gap.

    Two transactions of PostgreSQL that draw the same id at the same moment: the later is refused by the index, whole.
    """
    ordinals = _ordinals(tx, table.name, count)
    numbers = [numbered(one) for one in ordinals]
    while taken := _taken(tx, table, numbers):
        numbers = [
            numbered(ordinal) if number % CODES in taken else number
            for ordinal, number in zip(ordinals, numbers, strict=True)
        ]
    if tx.dialect.name == "sqlite":
        tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        last = {"name": table.name, "last": numbers[-1]}
        tx.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), last)
    return numbers


def _ordinals(tx: Connection, table: str, count: int) -> Sequence[int]:
    if tx.dialect.name == "sqlite":
        last = tx.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}) or 0
        first = (last >> BITS or last) + 1
        return range(first, first + count)
    each = select(func.nextval(func.pg_get_serial_sequence(table, "id"))).select_from(func.generate_series(1, count))
    return sorted(tx.scalars(each))


def _taken(tx: Connection, table: Table, numbers: Sequence[int]) -> set[Any]:
    """The drawn codes that a row has, or that were drawn twice."""
    codes = [number % CODES for number in numbers]
    there = select(tables.code(table.c.id)).where(tables.code(table.c.id).in_(codes))
    return {*tx.scalars(there), *(one for one in set(codes) if codes.count(one) > 1)}
