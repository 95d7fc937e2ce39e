"""A running order that is set back to a backup: the device ends with each story once, and the papers are made again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from channels.tv import Television
from pipeline.channel import Notebook, Standing
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.testing import MemoryNotebook, Rehearsal
from tests.channels.tv_newsroom import DAY, put, story, television


@pytest.fixture
def prompter() -> Iterator[Prompter]:
    with Prompter() as standing:
        yield standing


def copied(notebook: Notebook) -> MemoryNotebook:
    copy = MemoryNotebook()
    for page in notebook.pages():
        note = notebook.read(page)
        assert note
        copy.write(page, note.text)
    return copy


def test_the_device_ends_with_each_story_once(prompter: Prompter, tmp_path: Path) -> None:
    options = {"mos": f"127.0.0.1:{prompter.port}", "answer": 0.5}
    notebook = MemoryNotebook()
    before = Rehearsal(television(tmp_path, notebook, **options))
    put(before, story(1))
    backup = copied(notebook)
    put(before, story(2))
    put(before, story(3))
    said = [int(line.split()[0]) for line in prompter.prompter.log]
    channel = television(tmp_path / "elsewhere", backup, **options)
    channel.restored()
    after = Rehearsal(channel)
    after.catalogue, after.receipts = before.catalogue, before.receipts
    for number in (
        2,
        3,
    ):  # what the record learned, or had in doubt: each is asked about, and not there by the notebook
        delivery = after.delivery(story(number))
        assert channel.find(delivery).standing is Standing.ABSENT
        put(after, story(number))
    shown = [one["id"] for one in prompter.prompter.state()["orders"][f"tv-{DAY}"]["stories"]]
    assert shown == ["a1", "a2", "a3"]
    later = [int(line.split()[0]) for line in prompter.prompter.log][len(said) :]
    assert min(later) > max(said)
    assert {after.verify(after.delivery(story(number))).standing for number in (1, 2, 3)} == {Standing.LIVE}


def test_the_papers_are_made_again(tmp_path: Path) -> None:
    """An empty data folder, and the notebook of the backup."""
    notebook = MemoryNotebook()
    rehearsal = Rehearsal(television(tmp_path, notebook))
    deliveries = [put(rehearsal, story(number)) for number in (1, 2)]
    pages = papers(rehearsal.channel)
    shutil.rmtree(tmp_path / "tv" / "pages")
    rehearsal.channel.restored()
    assert papers(rehearsal.channel) == pages
    deliveries.append(put(rehearsal, story(3)))  # says the running order again
    assert {rehearsal.verify(one).standing for one in deliveries} == {Standing.LIVE}


def papers(channel: object) -> dict[str, bytes]:
    assert isinstance(channel, Television)
    root = Path(channel.files.root)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
