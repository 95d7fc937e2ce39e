"""The newsroom with five channels: two WeChat accounts on a stand-in over HTTP, real workers, broker and files."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.newsroom import load
from pipeline.rollout import RolloutState
from pipeline.workers import tasks
from tests.engine.commands import Newsroom, Up, make, until

ACCOUNTS = {"wechat-fabu": ("wxfabu", "武山发布"), "wechat-rongmei": ("wxrongmei", "武山融媒")}
TOKEN = "callback-token"
_ACCOUNT = """
[[channel]]
id = "{id}"
kind = "wechat"
name = "{name}"
appid = "{appid}"
secret_file = "{id}.secret"
callback_env = "WUSHAN_CALLBACK"
api = "{api}"
follow = {follow}
settling = 3
"""
_APP = """
[[channel]]
id = "app"
kind = "app"
name = "新武山APP"
"""


class WeChat:
    """The stand-in as a process of its own."""

    def __init__(self, newsroom: Newsroom) -> None:
        accounts = " ".join(f"{appid}:{appid}-secret:{name}" for appid, name in ACCOUNTS.values())
        command = newsroom.command("newsroom", "fake-wechat", "--data", newsroom.folder / "wechat", "--delay", "0.3")
        environment = {**newsroom.environment, "FAKE_WECHAT_ACCOUNTS": accounts}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def admin(self, method: str, path: str, **value: Any) -> Any:
        answer = requests.request(method, f"{self.url}/admin/{path}", json=value, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def published(self) -> dict[str, list[str]]:
        """The titles that each account's public posts show, by appid."""
        shown: dict[str, list[str]] = {appid: [] for appid, _ in ACCOUNTS.values()}
        for post in self.admin("GET", "state")["post"]:
            shown[post["appid"]] += [item["title"] for item in post["news_item"] if not item.get("is_deleted")]
        return shown

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    monkeypatch.setenv("WUSHAN_CALLBACK", TOKEN)
    return make(tmp_path)


@pytest.fixture
def wechat(newsroom: Newsroom) -> Iterator[WeChat]:
    with ExitStack() as stack:
        wechat = WeChat(newsroom)
        stack.callback(wechat.close)
        yield wechat


def five_channels(newsroom: Newsroom, wechat: WeChat, *, follow: float = 1.0, callback: bool = False) -> None:
    """Write the rest of the newsroom's file: two accounts and the app."""
    data = newsroom.folder / "var"
    data.mkdir()
    text = (newsroom.folder / "newsroom.toml").read_text(encoding="utf-8")
    for id, (appid, name) in ACCOUNTS.items():
        text += _ACCOUNT.format(id=id, name=name, appid=appid, api=f"{wechat.url}/cgi-bin/", follow=follow)
        (data / f"{id}.secret").write_text(f"{appid}-secret\n", encoding="utf-8")
        if callback:
            hook = f"http://127.0.0.1:{newsroom.port}/hooks/{id}"
            wechat.admin("PUT", f"settings/{appid}", callback=hook, callback_token=TOKEN)
    (newsroom.folder / "newsroom.toml").write_text(text + _APP, encoding="utf-8")


def states(report: dict[str, Any]) -> dict[str, str]:
    return {one["channel"]: one["state"] for one in report["deliveries"]}


def public(newsroom: Newsroom, wechat: WeChat, headline: str) -> set[str]:
    """The channels on which the public sees this headline."""
    site = newsroom.folder / "var/site"
    pages = [path.read_text(encoding="utf-8") for path in site.glob("20*/*/a*.html")]
    feed = site / "feeds/rss.xml"
    articles = [path.read_text(encoding="utf-8") for path in site.glob("app/api/articles/*.json")]
    found = {id for id, (appid, _) in ACCOUNTS.items() if headline in wechat.published()[appid]}
    found |= {"website"} if any(headline in page for page in pages) else set()
    found |= {"feeds"} if feed.exists() and headline in feed.read_text(encoding="utf-8") else set()
    return found | ({"app"} if any(headline in article for article in articles) else set())


EVERYWHERE = {"website", "feeds", "app", *ACCOUNTS}


def test_five_channels_and_a_platform_that_calls_when_it_is_done(newsroom: Newsroom, wechat: WeChat) -> None:
    """Asked only every ten minutes, WeChat's own call makes the end known at once."""
    five_channels(newsroom, wechat, follow=600, callback=True)
    with Up(newsroom) as up:
        up.first_line()
        done = newsroom.submit(newsroom.write("五个渠道一起发"), "--wait", "--json")
        assert done.code == 0, (done, up.log)
        assert set(states(done.json)) == EVERYWHERE
        assert set(states(done.json).values()) == {"verified"}
        assert done.json["skew_ms"] is not None
        assert public(newsroom, wechat, "五个渠道一起发") == EVERYWHERE
        assert newsroom.get("hooks/wechat-fabu").status_code == 403, "not signed by the platform"
        assert newsroom.get("hooks/nobody").status_code == 404
        corrected = newsroom.write("五个渠道一起发", "正文已更正。", name="更正")
        done = newsroom.run("newsroom", "correct", "a1", corrected, "--note", "有误", "--wait", "--json")
        assert done.code == 0, (done, up.log)
        assert {appid: len(titles) for appid, titles in wechat.published().items()} == {"wxfabu": 1, "wxrongmei": 1}
        done = newsroom.run("newsroom", "withdraw", "a1", "--reason", "撤", "--wait", "--json")
        assert done.code == 0, (done, up.log)
        assert public(newsroom, wechat, "五个渠道一起发") == set()
        assert "撤稿：“" in newsroom.get("feeds/rss.xml").text, "readers show the notice in its place"
        told = newsroom.run("newsroom", "doctor")
        assert "calls today" in told.out
        assert not re.search("wxfabu-secret|callback-token", told.out + up.log), "no secret is ever told"


def test_one_account_that_cannot_prepare_holds_everything(newsroom: Newsroom, wechat: WeChat) -> None:
    five_channels(newsroom, wechat)
    wechat.admin("PUT", "settings/wxfabu", ips=["10.9.8.7"])
    with Up(newsroom) as up:
        up.first_line()
        held = newsroom.submit(newsroom.write("一个渠道备不好"), "--wait")
        assert held.code == 3, (held, up.log)
        assert "武山发布" in held.out
        assert "127.0.0.1" in held.out, "the address that the account has to allow"
        assert "newsroom retry r1" in held.out
        report = newsroom.report("r1")
        assert report["state"] == "held"
        assert states(report)["wechat-fabu"] == "failed"
        assert public(newsroom, wechat, "一个渠道备不好") == set()
        wechat.admin("PUT", "settings/wxfabu", ips=[])
        done = newsroom.run("newsroom", "retry", "r1", "--wait")
        assert done.code == 0, (done, up.log)
        assert public(newsroom, wechat, "一个渠道备不好") == EVERYWHERE


def test_sixteen_deliveries_at_once_with_lost_answers_and_ending_tokens(newsroom: Newsroom, wechat: WeChat) -> None:
    """Eight articles on two accounts by two workers of each queue: one draft and one publication each."""
    five_channels(newsroom, wechat)
    with Up(newsroom) as up, ExitStack() as stack:
        up.first_line()
        second = subprocess.Popen(
            newsroom.command("newsroom", "worker"),
            cwd=newsroom.folder,
            env=newsroom.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(second.communicate)
        stack.callback(second.terminate)
        until(lambda: len(list((newsroom.folder / "var/run/workers").glob("releases-*"))) == 2)
        lost = ["lost@draft/add", "lost@freepublish/submit", "lost@draft/add", "lost@freepublish/submit"]
        wechat.admin("PUT", "faults", next=lost)
        headlines = [f"第{n}篇同时发出" for n in range(8)]
        paths = [newsroom.write(headline) for headline in headlines]
        with ThreadPoolExecutor(8) as pool:
            submitted = list(pool.map(lambda path: newsroom.submit(path, "--json"), paths))
        assert all(one.code == 0 for one in submitted)
        seen: set[str] = set()

        def at_rest() -> bool:
            """Every time one more publication is seen, all tokens end."""
            titles = {title for titles in wechat.published().values() for title in titles}
            if titles - seen:
                seen.update(titles)
                wechat.admin("POST", "expire")
            return all(engine.store.report(one.json["rollout"]).state is RolloutState.COMPLETE for one in submitted)

        engine = stack.enter_context(closing(tasks.open_engine(load(newsroom.folder / "newsroom.toml", {}))))
        until(at_rest, "the deliveries never came to rest", patience=120)
        assert not wechat.admin("GET", "faults")["next"], "every fault has struck"
        for one in submitted:
            assert set(states(newsroom.report(one.json["rollout"])).values()) == {"verified"}
        for titles in wechat.published().values():
            assert Counter(titles) == Counter(headlines)
        made = Counter((deed["appid"], deed["deed"]) for deed in wechat.admin("GET", "state")["deed"])
        for appid, _ in ACCOUNTS.values():
            assert made[appid, "draft/add"] == made[appid, "freepublish/submit"] == 8, made
