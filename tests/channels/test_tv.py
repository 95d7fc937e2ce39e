"""The `tv` kind: the contract, without a device and with the stand-in over TCP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from lxml import html

from channels.tv import Television
from pipeline.article import Revision
from pipeline.channel import Setting
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.testing import ChannelContract, Rehearsal
from tests.standins.disk import disk_full


def alter(rehearsal: Rehearsal, path: str, old: str, new: str, *, messages: bool = False) -> None:
    channel = rehearsal.channel
    assert isinstance(channel, Television)
    files = channel.playout.files if messages else channel.files
    before = files.read(path)
    assert before is not None
    assert old.encode() in before
    files.write(path, before.replace(old.encode(), new.encode()))


class TelevisionContract(ChannelContract):
    """What stands on paper, for the contract."""

    shows_pictures = False

    def refusing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:
        return disk_full(after)

    def notice(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """The page of the programme that comes next: a notice there, or that the story was withdrawn."""
        channel = rehearsal.channel
        assert isinstance(channel, Television)
        slot = channel.calendar(rehearsal.newsroom).slot(revision)
        path = f"{slot.day}/{slot.story}.html"
        page = channel.files.read(path) or channel.files.notice(path)
        assert page is not None
        return html.document_fromstring(page.decode()).text_content()

    def copies(self, rehearsal: Rehearsal, revision: Revision) -> int:
        """How often the day's running order has the story."""
        channel = rehearsal.channel
        assert isinstance(channel, Television)
        rundown = channel.files.read("2026-11-24/index.html") or b""
        return rundown.count(f'href="{revision.id}.html"'.encode())

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        alter(rehearsal, f"2026-11-24/{revision.id}.html", words, "")

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """The script without the whole manuscript below it and what it says of how things are read aloud."""
        channel = rehearsal.channel
        assert isinstance(channel, Television)
        page = channel.files.read(f"2026-11-24/{revision.id}.html")
        assert page is not None
        (sheet,) = html.document_fromstring(page.decode()).iter("main")
        for beside in (sheet.find_class("full")[0], *sheet.find_class("read")):
            beside.drop_tree()
        return str(html.tostring(sheet, encoding="unicode", with_tail=False))


class TestTelevision(TelevisionContract):
    """Without a device: the messages are files."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Television:
        return Television(rehearsal_setting("tv", name="武山新闻", root=str(tmp_path / "pages")))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "mos/2026-11-24/1001-roStorySend.mos.xml", "五点二万亩", "九点九万亩", messages=True)


class TestTelevisionWithAPrompter(TelevisionContract):
    """With a MOS device on a real socket."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Iterator[Television]:
        with Prompter() as prompter:
            options = {"root": str(tmp_path / "pages"), "mos": f"127.0.0.1:{prompter.port}"}
            yield Television(rehearsal_setting("tv", name="武山新闻", **options))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "2026-11-24/a1.html", "5.2万亩", "9.9万亩")
