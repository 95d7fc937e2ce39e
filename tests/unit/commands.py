"""Commands run in this process: what a test gives them and what they leave behind."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import click
import pytest

from pipeline.commands import main

FILE = """\
---
标题: 短讯一则
记者: 记者甲
---

正文一段。
"""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def said(self) -> str:
        """What follows the readings of the manuscripts."""
        return self.out.rpartition("\n\n")[2]


Command = Callable[..., Outcome]


def runs(command: click.Command, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    def run(*words: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", [str(command.name), *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main._run(command)
        code = ended.value.code
        assert isinstance(code, int)
        return Outcome(code, *capfd.readouterr())

    return run
