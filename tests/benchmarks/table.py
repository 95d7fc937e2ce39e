"""The bench's table: a line is two measurements of one run, their ratio, and what that should be."""

from __future__ import annotations

from typing import NamedTuple


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
