"""`newsroom feedback`: what readers have told, and what status and doctor say of it; and what `newsroom read` asks."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from pipeline import newsroom as configuring
from pipeline.article.feedback import Told
from pipeline.workers import tasks
from tests.unit.commands import Command

TOLD = (
    Told(page="/2026/11/a1.html", text="“架豆”写成了“架逗”。\n[bold]第二行[/bold]", contact="138-0000-0000"),
    Told(text="打不开首页"),
)


def tell() -> None:
    configuration = configuring.load(Path("newsroom.toml"))
    configuration.data.mkdir(parents=True, exist_ok=True)
    with closing(tasks.store_of(configuration)) as store:
        store.migrate()
        for one in TOLD:
            store.tell(one, datetime(2026, 11, 24, 4, 0, tzinfo=UTC))


def test_editors_see_what_readers_tell_and_say_what_became_of_it(newsroom: Command, submit: Command) -> None:
    assert newsroom("feedback").out == "no message of a reader is open\n"
    tell()

    listed = newsroom("feedback")

    assert listed.out.splitlines() == [
        "f2  2026-11-24 12:00",
        "    打不开首页",
        "f1  2026-11-24 12:00  http://127.0.0.1:8000/2026/11/a1.html",
        "    “架豆”写成了“架逗”。",
        "    [bold]第二行[/bold]",
        "    contact: 138-0000-0000",
    ]
    [told] = newsroom("feedback", "--json", "--limit", "1").json
    assert [(one["reference"], one["text"], one["closed_at"]) for one in told] == [("f2", "打不开首页", None)]
    assert "messages of readers that are open: 2, see newsroom feedback\n" in newsroom("status").out
    assert newsroom("status", "--json").json[0]["feedback"] == 2
    assert "messages of readers that are open: 2" in newsroom("doctor").out

    assert newsroom("feedback", "close", "f2").code == 2, "a note is asked for"
    done = newsroom("feedback", "close", "f2", "--note", "已恢复", "--as", "编辑乙")
    assert (done.code, done.out) == (0, "f2 is closed; still open: 1\n")
    assert [one["reference"] for one in newsroom("feedback", "--json").json[0]] == ["f1"]
    assert "by 编辑乙: 已恢复\n" in newsroom("feedback", "--all").out
    for unknown in ("f2", "f9", "a1"):
        refused = newsroom("feedback", "close", unknown, "--note", "x")
        assert refused.code == 2
        assert refused.err


def test_a_reading_says_what_an_editor_has_to_do(newsroom: Command, submit: Command) -> None:
    """Nothing is kept for it: no database, and no files of a channel."""
    shutil.copytree(configuring.examples(), "examples")

    read = newsroom("read", "examples/qiushou.md")

    assert read.code == 0
    [row] = [line for line in read.out.splitlines() if line.startswith("《武山新闻》")]
    assert row.split(maxsplit=1)[1] == "needs an editor: it is told in pictures; write the voice-over"
    [told] = newsroom("read", "examples/qiushou.md", "--json").json
    assert told["remarks"] == [{"channel": "tv", "remarks": [row.split(maxsplit=1)[1]]}]
    assert "《武山新闻》" not in newsroom("read", "examples/renju.md").out
    assert not Path("var").exists()
