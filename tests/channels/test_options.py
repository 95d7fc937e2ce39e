"""What is written in a channel's table of the configuration: every kind tells what it cannot take."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from channels.options import FLAG, Takes
from pipeline.article import Outlet
from pipeline.channel import Channel, Setting
from pipeline.newsroom import kind, kinds
from pipeline.testing import MemoryNotebook, newsroom_of


def opened(name: str, data: Path, **options: Any) -> Channel:
    outlet = Outlet(id=name, kind=name, name="青河发布", options=options)
    return kind(name)(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet), data=data))


def declared(name: str) -> dict[str, Takes]:
    options: dict[str, Takes] = __import__(kind(name).__module__, fromlist=["OPTIONS"]).OPTIONS
    return options


EVERY = [(name, option) for name in kinds() for option in declared(name)]


def told(name: str, data: Path, **options: Any) -> set[str]:
    """The options of which something is said that is not said without them."""
    without = {(one.field, str(one.message)) for one in opened(name, data).check()}
    found = {(one.field, str(one.message)) for one in opened(name, data, **options).check()}
    return {field for field, _ in found - without}


@pytest.mark.parametrize(("name", "option"), EVERY)
@pytest.mark.parametrize("value", [True, False, [True], {"a": 1}], ids=str)
def test_what_is_no_value_of_an_option_is_told(
    name: str, option: str, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where Python would take it: True is a number to it, and any value a text."""
    monkeypatch.chdir(tmp_path)
    is_right = declared(name)[option] is FLAG and isinstance(value, bool)
    assert (option in told(name, tmp_path, **{option: value})) is not is_right


@pytest.mark.parametrize(
    ("name", "option", "wrong", "right"),
    [
        ("tv", "answer", [True, "5", 0, -1, 21, math.nan, math.inf], [1, 0.5, 20]),
        ("tv", "mos", [10541], []),
        ("tv", "mos_id", [7], ["PROMPTER-2"]),
        ("tv", "duration", [True, 0, "lang"], [600]),
        ("tv", "lead", [[True, 110], [60]], [[40, 80]]),
        ("tv", "days", [[True, 2], [0, 1], [8]], [[1, 3, 5]]),
        ("tv", "air", [1930, 19.5, "1930", "19:30+08:00"], ["20:00", "20:00:00"]),
        ("tv", "deadline", [18, "abends"], ["17:30"]),
        ("wechat", "follow", [True, "5", math.nan, -2], [0, 600]),
        ("wechat", "settling", ["bald", 86_401], [0, 2.5]),
        ("wechat", "mass_tag", [True, "2", 2.0], [2]),
        ("wechat", "comments", ["false", "no", 1, 0], [True, False]),
        ("app", "secret", [5], ["MY_SECRET"]),
        ("website", "root", [5], []),
    ],
)
def test_what_an_option_takes(
    name: str, option: str, wrong: list[object], right: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [value for value in wrong if option not in told(name, tmp_path, **{option: value})] == []
    assert [value for value in right if option in told(name, tmp_path, **{option: value})] == []


def test_a_wrong_value_does_nothing(tmp_path: Path) -> None:
    """The channel goes on as if it were not there."""
    assert opened("tv", tmp_path, air=1930, days=[0, 9]).terms == opened("tv", tmp_path).terms  # type: ignore[attr-defined]
    assert opened("wechat", tmp_path, comments="false").look.comments is False  # type: ignore[attr-defined]
    assert opened("tv", tmp_path, mos="127.0.0.1:9", answer=True).playout.device.answer == 5  # type: ignore[attr-defined]


def test_it_is_told_as_it_was_written(tmp_path: Path) -> None:
    (problem,) = opened("tv", tmp_path, answer=True).check()
    assert (str(problem.message), str(problem.remedy)) == (
        "answer is true",
        "write a number of seconds up to 20.0",
    )
