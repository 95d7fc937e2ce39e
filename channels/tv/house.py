"""The station's words and the words its rules look for: `templates/tv/house.toml`, read once."""

from __future__ import annotations

import re
import tomllib
from functools import cache, cached_property
from typing import Any

from channels.templating import TEMPLATES
from pipeline.article.value import Frozen

NAMED = 3
"""Of the things that a text names, how many are suggested to be filmed."""


class Shot(Frozen):
    """A suggestion for the 画面 column: the picture for texts that contain one of the words."""

    words: tuple[str, ...]
    picture: str


class House(Frozen):
    """What stands in the file, by its tables."""

    words: dict[str, str]
    notice: dict[str, str]
    announcement: dict[str, str]
    pictures: dict[str, str]
    shot: tuple[Shot, ...]
    labels: dict[str, tuple[str, ...]]
    article: dict[str, Any]

    def played(self, status: str, at: str) -> str:
        """What a device's status of a story says to people, behind its name; "" for those that say nothing to them."""
        name = self.words.get(f"status_{status.lower()}", "")
        return self.words["status"].format(status=name, at=at.replace("T", " ")) if name else ""

    def length(self, seconds: int) -> str:
        """Seconds as people write them: under a minute in seconds, else in minutes and seconds."""
        minutes, rest = divmod(seconds, 60)
        return self.words["minutes" if minutes else "seconds"].format(minutes=minutes, seconds=rest)

    def shot_for(self, text: str) -> str:
        """The suggested picture for a text: what its earliest key word stands for, and which of these words it has; ""
        where it has none."""
        places = sorted(
            (text.find(word), word, shot.picture) for shot in self.shot for word in shot.words if word in text
        )
        if not places:
            return ""
        picture = places[0][2]
        named = [word for _, word, _ in places if word not in picture]
        return picture + (self.pictures["named"].format(words="、".join(named[:NAMED])) if named else "")

    def pattern(self, name: str) -> re.Pattern[str]:
        return re.compile(str(self.article[name]))

    @cached_property
    def label(self) -> re.Pattern[str]:
        """A label at a paragraph's beginning: groups `label`, `who` (in brackets after it) and `text`."""
        names = sorted((name for many in self.labels.values() for name in many), key=len, reverse=True)
        any_name = f"(?:{'|'.join(names)})"
        return re.compile(
            rf"[【（(]?(?P<label>(?<![【（(]){any_name}|(?<=[【（(]){any_name}(?=[】）)]))[】）)]?"
            rf"\s*(?:[（(](?P<who>[^（()）]*)[)）])?\s*(?:[:：]|(?<=[】）)])(?![:：]))\s*(?P<text>.*)",
            re.DOTALL,
        )

    def part_of(self, label: str) -> str:
        """Which part of the script a label names; "" if none."""
        return next((part for part, names in self.labels.items() if label in names), "")


@cache
def house() -> House:
    return House(**tomllib.loads((TEMPLATES / "tv" / "house.toml").read_text(encoding="utf-8")))
