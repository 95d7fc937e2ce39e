"""The `tv` kind: the contract, without a device and with the stand-in over TCP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from channels.tv import Television
from pipeline.article import Revision
from pipeline.channel import Setting
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.testing import ChannelContract, Rehearsal


def alter(rehearsal: Rehearsal, path: str, old: str, new: str, *, state: bool = False) -> None:
    channel = rehearsal.channel
    assert isinstance(channel, Television)
    files = channel.state if state else channel.files
    before = files.read(path)
    assert before is not None
    assert old.encode() in before
    files.write(path, before.replace(old.encode(), new.encode()))


class TestTelevision(ChannelContract):
    """Without a device: the messages are files."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting]) -> Television:
        return Television(rehearsal_setting("tv", name="武山新闻"))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "mos/2026-11-24/1001-roStorySend.mos.xml", "五点二万亩", "九点九万亩", state=True)


class TestTelevisionWithAPrompter(ChannelContract):
    """With a MOS device on a real socket."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting]) -> Iterator[Television]:
        with Prompter() as prompter:
            yield Television(rehearsal_setting("tv", name="武山新闻", mos=f"127.0.0.1:{prompter.port}"))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "2026-11-24/a1.html", "5.2万亩", "9.9万亩")
