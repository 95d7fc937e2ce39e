"""What auditors are told: findings, the key, heads from outside, and reports that say only what is confirmed."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipeline import newsroom as configuring
from pipeline.commands import language
from pipeline.record.database import sqlite_module
from pipeline.record.keys import BEFORE, KEY, fingerprint
from pipeline.workers import tasks
from tests.unit.commands import FILE, Command

pytestmark = pytest.mark.usefixtures("alone")

SECRET, OTHER = "a-key-of-the-newsroom-that-is-long-enough", "another-key-that-is-long-enough-too"


@pytest.fixture
def article(submit: Command, newsroom: Command) -> Path:
    """A file of an article that has been submitted as a1, and all of it sealed."""
    path = Path("short.md")
    path.write_text(FILE, encoding="utf-8")
    assert submit(path, "--as", "记者甲").code == 0
    assert newsroom("audit", "verify").code == 0
    return path


@pytest.fixture
def forge() -> Callable[[str], None]:
    """Write into the database."""

    def forge(statement: str) -> None:
        with closing(sqlite_module().connect("var/newsroom.db", isolation_level=None)) as database:
            database.execute(statement)

    return forge


def test_each_finding_says_what_where_and_what_it_should_be(
    newsroom: Command, article: Path, forge: Callable[[str], None]
) -> None:
    forge("UPDATE rollout SET editor = '编辑丁', go_live_at = go_live_at + 3600000000")
    forge("DELETE FROM delivery WHERE channel = 'app'")
    forge("UPDATE revision SET record = replace(record, '短讯', '长讯')")

    done = newsroom("audit", "verify")

    assert (done.code, done.out) == (1, "")
    assert "✗ a1, revision 1: headline and text is not what event 1 says\n  there is: digest " in done.err
    assert (
        "✗ r1: the name of who submitted it is not what event 1 says\n  there is: “编辑丁”; there should be: “记者甲”"
        in done.err
    )
    assert "✗ r1: moment asked for is not what event 1 says\n" in done.err
    assert "✗ r1, 新武山APP, a1: it is missing, and event 1 speaks of it\n" in done.err
    assert done.err.endswith("  → compare the database with its last backup: somebody wrote into the record\n")
    [told] = newsroom("audit", "verify", "--json").json
    assert not told["holds"]
    assert {(one["difference"], one["table"], one["field"]) for one in told["findings"]} == {
        *(("changed", "rollout", "editor"), ("changed", "rollout", "go_live_at")),
        *(("changed", "revision", "record"), ("missing", "delivery", "")),
    }


def test_findings_are_told_in_chinese(
    newsroom: Command, article: Path, forge: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue has them, or the English is seen: either way nothing is left out."""
    forge("UPDATE rollout SET editor = '编辑丁'")
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    language.choose("zh_CN")
    assert "编辑丁" in newsroom("audit", "verify").err


def test_a_report_says_plainly_what_is_not_confirmed(
    newsroom: Command, article: Path, forge: Callable[[str], None]
) -> None:
    forge("UPDATE rollout SET editor = '编辑丁'")
    forge("UPDATE revision SET record = replace(record, '短讯', '长讯')")

    done = newsroom("report", "r1", "--html", "r1.html")

    made = Path("r1.html").read_text(encoding="utf-8")
    assert "not confirmed by the record of events" in done.err
    for place in (made, newsroom("report", "r1").out):
        assert "长讯" not in place
        assert "记者甲" in place
    assert "(headline not confirmed)" in made
    assert "Not confirmed by the record of events" in made
    assert "there is: “编辑丁”; there should be: “记者甲”" in made
    [told] = newsroom("report", "r1", "--json").json
    assert (told["confirmed"], told["editor"], told["articles"][0]["headline"]) == (False, "记者甲", "")
    assert {one["field"] for one in told["unconfirmed"]} == {"editor", "record"}
    assert told["readings"] == []


def test_where_no_event_speaks_of_it_nothing_is_reported(
    newsroom: Command, article: Path, forge: Callable[[str], None]
) -> None:
    forge("DELETE FROM event")
    done = newsroom("report", "r1", "--html", "r1.html")
    assert done.code != 0
    assert "nothing of r1 is confirmed" in done.err
    made = Path("r1.html").read_text(encoding="utf-8")
    assert "短讯" not in made
    assert "So none of it is shown here" in made
    assert "短讯" not in newsroom("report", "r1").out


def test_who_acted_is_shown(newsroom: Command, article: Path) -> None:
    shown = newsroom("audit", "show", "r1").out
    assert re.search(r"记者甲, \S+ \(\d+\) @ \S+", shown)
    assert "submitted under the account " in newsroom("report", "r1").out
    assert " @ " in newsroom("report", "r1", "--json").json[0]["account"]


def test_a_key_is_taken_into_use_changed_and_asked_for(
    newsroom: Command, submit: Command, article: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert newsroom("audit", "key").code == 2
    for weak in ("short", "with spaces between its words"):
        monkeypatch.setenv(KEY, weak)
        assert newsroom("audit", "key").code == 2
    monkeypatch.setenv(KEY, SECRET)
    before = newsroom("audit", "verify")
    assert before.code == 1
    assert "sealed without a key, though TONGFA_AUDIT_KEY is set" in before.err
    taken = newsroom("audit", "key", "--as", "编辑乙")
    assert fingerprint(SECRET) in taken.out
    assert SECRET not in taken.out
    assert newsroom("audit", "verify").code == 0
    assert "nothing new" in newsroom("audit", "key").out
    assert f"  sealed by the key with the fingerprint {fingerprint(SECRET)}\n" in newsroom("audit", "verify").out
    Path("two.md").write_text(FILE.replace("短讯", "又讯"), encoding="utf-8")
    assert submit("two.md").code == 0
    monkeypatch.setenv(KEY, OTHER)
    monkeypatch.setenv(BEFORE, SECRET)
    assert newsroom("audit", "key").code == 0
    assert newsroom("audit", "verify").code == 0
    monkeypatch.delenv(BEFORE)
    told = newsroom("audit", "verify")
    assert told.code == 1
    assert f"sealed by a key that is not at hand, fingerprint {fingerprint(SECRET)}" in told.err
    assert "broken" not in told.err
    assert "not at hand" in newsroom("doctor").out


def test_heads_are_compared(newsroom: Command, submit: Command, article: Path, forge: Callable[[str], None]) -> None:
    [told] = newsroom("audit", "verify", "--json").json
    Path("heads.txt").write_text(f"{told['events']} {told['last']} 2026-11-27T08:00:01+08:00 -\n", encoding="utf-8")
    done = newsroom("audit", "verify", "--heads", "heads.txt")
    assert done.code == 0
    assert "✓ the heads that were sent outside agree: 1, the last is 1\n" in done.out
    with Path("heads.txt").open("a", encoding="utf-8") as file:
        file.write(f"9 {'ab' * 32} 2026-11-27T09:00:01+08:00 -\n")
    done = newsroom("audit", "verify", "--heads", "heads.txt")
    assert done.code == 1
    assert "the chain ends with event 1, but head 9 was sent outside at 2026-11-27T09:00:01+08:00" in done.err
    assert "as when an older backup has been restored; the last head that agrees: 1" in done.err
    Path("none.txt").write_text("nothing\n", encoding="utf-8")
    assert newsroom("audit", "verify", "--heads", "none.txt").code == 2


def test_heads_that_do_not_get_out_are_told_until_they_do(newsroom: Command, article: Path) -> None:
    place = Path("newsroom.toml")
    text = f'{place.read_text(encoding="utf-8")}\n[audit]\nfile = "away/heads.txt"\nevery = 0\n'
    place.write_text(text, encoding="utf-8")

    def send() -> int:
        with closing(tasks.open_engine(configuring.load(place.absolute()))) as engine:
            return engine.send_heads()

    assert "✗ heads of the event chain, [audit] file: up to event 0\n" in newsroom("doctor").out
    assert send() == 0
    assert "heads of the event chain do not get out ([audit] file), the last was of event 0" in newsroom("status").out
    assert "no such folder" in newsroom("doctor").out
    Path("away").mkdir()
    assert send() == 1
    assert "✓ heads of the event chain, [audit] file: up to event 1\n" in newsroom("doctor").out
    assert "do not get out" not in newsroom("status").out
    assert newsroom("status", "--json").json[0]["heads"][0]["number"] == 1
    assert newsroom("audit", "verify", "--heads", "away/heads.txt").code == 0
