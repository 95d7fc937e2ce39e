"""The words by which the parts of a manuscript are known: config/reading.toml, and what a newsroom adds to it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator

from pipeline.article.credit import Duty
from pipeline.article.value import Frozen

_HERE = Path(__file__).parent.parent
SHIPPED = (_HERE / "_config" if (_HERE / "_config").is_dir() else _HERE.parent / "config") / "reading.toml"


_EMPLOYER = (
    r"(?:[\u3400-\u9fffA-Za-z·]{2,16}?(?:中心|社|台|报|网|融媒|融媒体|客户端|日报|晚报)[ \t\u3000\xa0]{0,4}"
    r"|[\u3400-\u9fffA-Za-z·]{1,16}?(?:在线|传媒|频道|电视|广播|视听|平台|云))"
)
_PAD = r"[^\S\n]{0,4}"
"""White space that makes roles equally long. By its category: where wide spaces are listed, Python makes a table of all
characters for each of some hundred places."""


class BadWords(Exception):
    """The file cannot be used; the message says where and why."""


class Names(Frozen):
    grades: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    none: tuple[str, ...] = ()


def _patterns(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"“{value}” is no regular expression: {error}") from error
    return values


class Forms(Frozen):
    names: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    letterheads: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    private: tuple[str, ...] = ()

    _compiled = field_validator("names", "marks", "letterheads")(_patterns)


class Noise(Frozen):
    lines: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    sidebar: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    beside_footer: tuple[str, ...] = ()

    _compiled = field_validator("lines", "below", "beside_footer")(_patterns)


class Words(Frozen):
    """Tables of words; the patterns are joined and compiled once."""

    roles: dict[Duty, tuple[str, ...]] = Field(default_factory=dict)
    names: Names = Names()
    forms: Forms = Forms()
    noise: Noise = Noise()

    def with_those_of(self, other: Words) -> Words:
        """Both tables in one."""
        return Words.model_validate(_merged(self.model_dump(), other.model_dump()))

    @cached_property
    def duties(self) -> dict[str, Duty]:
        return {word: duty for duty, words in self.roles.items() for word in words}

    @cached_property
    def role(self) -> re.Pattern[str]:
        """A role with what may stand before it: groups `employer`, `grade`, `word`. Spaces may pad its characters."""
        words, grades = (
            "|".join(_PAD.join(map(re.escape, one)) for one in sorted(some, key=len, reverse=True))
            for some in (self.duties, self.names.grades)
        )
        return re.compile(rf"(?P<employer>{_EMPLOYER})??(?P<grade>(?:(?:{grades}){_PAD}){{0,3}})(?P<word>{words})")

    @cached_property
    def form(self) -> re.Pattern[str]:
        return _any((*self.forms.names, *self.forms.marks))

    @cached_property
    def letterhead(self) -> re.Pattern[str]:
        return _any(self.forms.letterheads)

    @cached_property
    def labels(self) -> frozenset[str]:
        return frozenset(self.forms.labels)

    @cached_property
    def line(self) -> re.Pattern[str]:
        return _any(self.noise.lines)

    @cached_property
    def below(self) -> re.Pattern[str]:
        return _any(self.noise.below)

    @cached_property
    def beside_footer(self) -> re.Pattern[str]:
        return _any(self.noise.beside_footer)


@cache
def shipped() -> Words:
    return load(SHIPPED)


def load(path: Path) -> Words:
    """The words of one file. Raises `BadWords`."""
    try:
        return Words.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadWords(f"{path}: {error}") from error
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BadWords(f"{path}: {told}") from error


def beside(configuration: Path) -> Words:
    """The shipped words with those of the reading.toml beside a newsroom's file, if there is one. Raises `BadWords`."""
    own = configuration.parent / SHIPPED.name
    return shipped().with_those_of(load(own)) if own.is_file() and own.resolve() != SHIPPED.resolve() else shipped()


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)")


def _merged(first: dict[Any, Any], second: dict[Any, Any]) -> dict[Any, Any]:
    merged = dict(first)
    for key, value in second.items():
        known = merged.get(key)
        merged[key] = (
            _merged(known, value) if isinstance(known, dict) else tuple(dict.fromkeys((*(known or ()), *value)))
        )
    return merged
