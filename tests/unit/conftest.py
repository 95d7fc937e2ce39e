"""The commands of an editor and an operator, in an empty folder."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import newsroom as configuring
from pipeline.commands import editors, main
from pipeline.workers import logs, sending
from tests.unit.commands import Command, runs


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty folder, English, no logs, nobody to wake."""
    monkeypatch.chdir(tmp_path)
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "TONGFA_CONFIG", "TONGFA_DATA", "TONGFA_LISTEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    monkeypatch.setattr(sending.Sender, "__call__", lambda sender, _: setattr(sender, "away", True))
    before = gettext.textdomain()
    yield
    gettext.textdomain(before)


@pytest.fixture
def newsroom(alone: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command `newsroom`."""
    return runs(main.newsroom, monkeypatch, capfd)


@pytest.fixture
def submit(newsroom: Command, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command `queue-submit`, in a folder with the demo newsroom."""
    text = configuring.demo_file().read_text(encoding="utf-8")
    Path("newsroom.toml").write_text(text.replace('data = "../var"', 'data = "var"'), encoding="utf-8")
    return runs(editors.queue_submit, monkeypatch, capfd)
