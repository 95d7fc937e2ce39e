"""The bench's table: a line is two measurements of one run, their ratio, and what that should be."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from pipeline.workers import logs


class Goal(NamedTuple):
    """What a figure should be."""

    value: float
    at_least: bool = False
    timed: bool = False
    """Whether it is a time and no ratio: then it tells of the machine as well, and nothing fails by it."""

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:g}"

    def is_met(self, figure: float) -> bool:
        return figure >= self.value if self.at_least else figure <= self.value

    def is_missed_by_far(self, figure: float) -> bool:
        """Worse by more than half: no machine is as noisy as that."""
        if self.timed:
            return False
        return figure < self.value / 2 if self.at_least else figure > self.value * 1.5


class Line(NamedTuple):
    """A line of the table."""

    what: str
    measured: str
    beside: str
    figure: float
    goal: Goal | None = None

    def __str__(self) -> str:
        figure = f"{self.figure:.0f}" if self.figure >= 100 else f"{self.figure:.3g}"
        return f"| {self.what} | {self.measured} | {self.beside} | {figure} | {self.goal or ''} |"


HEAD = "| what | measured | beside | ratio | goal |\n|---|---|---|---|---|"


def show(lines: Callable[[Path], Iterable[Line]]) -> list[Line]:
    """Print what these lines come to, each as soon as it is there; they are given an empty folder."""
    logs.configure(logging.ERROR)
    print(HEAD)
    shown = []
    with tempfile.TemporaryDirectory(prefix="tongfa-bench-") as folder:
        for line in lines(Path(folder)):
            print(line, flush=True)
            shown.append(line)
    return shown
