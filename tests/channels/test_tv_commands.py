"""`newsroom programme`, as an editor uses it, and the stand-in's command."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from channels.tv import Television
from channels.tv.commands import programme
from pipeline.channel import Channel
from pipeline.commands import telling
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.testing import NOON, MemoryNotebook, Rehearsal
from tests.channels.tv_newsroom import DAY, put, story, television

Run = Callable[..., Result]


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    return Rehearsal(television(tmp_path, producer="王五"))


@pytest.fixture
def run(rehearsal: Rehearsal) -> Run:
    def open_(kind: str) -> Channel:
        assert kind == "tv"
        return rehearsal.channel

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(programme, arguments, obj=open_)

    return run


@pytest.fixture(autouse=True)
def before_air(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.tv.duty.utc_now", lambda: story(1).published_at)


def order(result: Result) -> list[str]:
    return [line.split()[1] for line in result.output.splitlines() if line[:3].strip().isdecimal()]


def test_show(run: Run, rehearsal: Rehearsal) -> None:
    for n in (1, 2):
        put(rehearsal, story(n))
    result = run("show")  # of the next programme
    assert result.exit_code == 0
    assert result.output.startswith(f"武山新闻  {DAY}  19:30\n")
    assert order(result) == ["a1", "a2"]
    assert "planned 15 分 00 秒" in result.output
    assert "19:30:00" in result.output
    assert "!" not in result.output
    assert run("show", DAY).output == result.output
    pages = rehearsal.channel.setting.data / "tv" / "pages" / DAY
    assert result.output.endswith(f"running order: {pages}/index.html  prompter: {pages}/prompter.html\n")
    assert all((pages / name).is_file() for name in ("index.html", "prompter.html"))
    assert order(run("show", "2026-12-01")) == []
    assert "prompter.html" not in run("show", "2026-12-01").output


def test_a_link_opens_what_it_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = television(tmp_path)
    secret = {"TONGFA_TV_LINKS": "sixteen characters and more"}
    signing = Television(dataclasses.replace(channel.setting, secrets=secret))
    put(Rehearsal(signing), story(1))
    monkeypatch.setattr("channels.tv.channel.utc_now", lambda: story(1).published_at)

    def asked(channel: Channel, *arguments: str) -> Result:
        return CliRunner().invoke(programme, ["link", *arguments], obj=lambda _: channel)

    for what, page in ((DAY, f"{DAY}/index.html"), ("all", "index.html")):
        address = asked(signing, what, "--hours", "2").output.strip()
        assert address.startswith(f"{channel.newsroom.site.url.rstrip('/')}/inside/tv/~")
        assert address.endswith(f"/{page}")
        assert signing.inside(address.partition("/inside/tv/")[2], "203.0.113.9") is not None
    refused = asked(channel, DAY)
    assert refused.exit_code == 1
    assert "TONGFA_TV_LINKS" in refused.output


def test_move(run: Run, rehearsal: Rehearsal) -> None:
    for n in (1, 2, 3):
        put(rehearsal, story(n))
    assert order(run("move", DAY, "A3", "1")) == ["a3", "a1", "a2"]
    assert order(run("move", DAY, "a3", "99")) == ["a1", "a2", "a3"]
    missing = run("move", DAY, "a9", "1")
    assert missing.exit_code == 1
    assert "there is no story a9" in missing.output


def test_lock_and_unlock(run: Run, rehearsal: Rehearsal) -> None:
    put(rehearsal, story(1))
    locked = run("lock", DAY, "--as", "李四")
    assert "locked by 李四 since 2026-11-24 12:01" in locked.output
    refused = run("move", DAY, "a1", "1")
    assert refused.exit_code == 1
    assert "locked by 李四" in refused.output
    assert "王五 decides" in refused.output
    assert "李四" in run("lock", DAY, "--as", "赵六").output  # the first lock stands
    assert "locked" not in run("unlock", DAY).output
    assert run("move", DAY, "a1", "1").exit_code == 0


def test_what_people_decide_bears_their_names(run: Run, rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 2):
        put(rehearsal, story(n))
    monkeypatch.setenv("LOGNAME", "zhangsan")
    for arguments in (
        ("move", DAY, "a2", "1", "--as", "张三"),
        ("move", DAY, "a2", "1", "--as", "李四"),  # it is there already: nothing is decided
        ("lock", DAY, "--as", "李四"),
        ("lock", DAY, "--as", "赵六"),
        ("unlock", DAY, "--as", "王五"),
        ("unlock", DAY),
        ("lock", DAY),
    ):
        assert run(*arguments).exit_code == 0, arguments
    notebook = rehearsal.channel.setting.notebook
    assert isinstance(notebook, MemoryNotebook)
    assert [(by, deed, page) for by, deed, page in notebook.deeds if by != "engine"] == [
        ("张三", "story moved", f"programme/{DAY}"),
        ("李四", "programme locked", f"programme/{DAY}"),
        ("王五", "programme unlocked", f"programme/{DAY}"),
        ("zhangsan", "programme locked", f"programme/{DAY}"),
    ]
    assert all(deed in telling.DEEDS for by, deed, _ in notebook.deeds if by != "engine")


def test_a_day_of_which_only_the_pages_are_kept(run: Run, rehearsal: Rehearsal) -> None:
    for n in range(30):
        put(rehearsal, story(n, at=NOON - timedelta(days=29 - n)))
    shown = run("show", "2026-10-26")
    assert "it was aired long ago" in shown.output
    pages = rehearsal.channel.setting.data / "tv" / "pages" / "2026-10-26"
    assert f"{pages}/index.html" in shown.output
    assert (pages / "index.html").is_file()
    refused = run("lock", "2026-10-26")
    assert refused.exit_code == 1
    assert "aired long ago" in refused.output
    assert order(run("show", "2026-10-27")) == ["a1"]


def test_dates_that_are_none(run: Run) -> None:
    result = run("show", "tomorrow")
    assert result.exit_code == 2
    assert "write it like 2026-12-01" in result.output


def test_another_kind(rehearsal: Rehearsal) -> None:
    result = CliRunner().invoke(programme, ["show"], obj=lambda kind: object())
    assert result.exit_code == 1
    assert "no channel of the kind tv" in result.output


def test_a_prompter_that_is_away_is_told_and_the_lock_stands(tmp_path: Path) -> None:
    with Prompter() as prompter:
        rehearsal = Rehearsal(television(tmp_path, mos=f"127.0.0.1:{prompter.port}", answer=0.3))
        put(rehearsal, story(1))
    result = CliRunner().invoke(programme, ["lock", DAY, "--as", "李四"], obj=lambda kind: rehearsal.channel)
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
    shown = CliRunner().invoke(programme, ["show", DAY], obj=lambda kind: rehearsal.channel)
    assert "locked by 李四" in shown.output


def test_a_story_that_waits_for_the_prompter_is_marked(tmp_path: Path) -> None:
    with Prompter() as prompter:
        rehearsal = Rehearsal(television(tmp_path, mos=f"127.0.0.1:{prompter.port}", answer=0.3))
        put(rehearsal, story(1))
        prompter.prompter.fail(["deaf"], "")
        with pytest.raises(Exception, match="did not answer"):
            put(rehearsal, story(2))
    shown = CliRunner().invoke(programme, ["show", DAY], obj=lambda kind: rehearsal.channel)
    assert "! 武山县第2条消息" in shown.output
    assert "has not acknowledged" in shown.output


def test_the_commands_enter_by_their_group() -> None:
    (found,) = entry_points(group="tongfa.commands", name="programme")
    assert found.load() is programme
    assert all(command.help for command in (programme, *programme.commands.values()))
