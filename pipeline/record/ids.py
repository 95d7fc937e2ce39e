"""What articles and rollouts are called."""

from __future__ import annotations

import re
from typing import Literal

from pipeline.channel import Problem, Text
from pipeline.record.refusals import Impossible


def article_id(number: int) -> str:
    return f"a{number}"


def rollout_id(number: int) -> str:
    return f"r{number}"


def number_of(known: str, kind: Literal["a", "r"]) -> int:
    """The row number of an article's id (`a12`) or a rollout's (`r12`); `Impossible` if it is none."""
    digits = known.removeprefix(kind)
    if digits == known or not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise Impossible(
            Problem(
                field="ID",
                message=Text.of("{known} is not an id", known=known),
                remedy=Text.of("articles are called a1, a2 …, rollouts r1, r2 …: see newsroom list"),
            )
        )
    return int(digits)


AN_ID = re.compile(r"[ar][0-9]+")
