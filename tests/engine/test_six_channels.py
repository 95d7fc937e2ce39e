"""The demo newsroom as an editor meets it: six channels on real workers, WeChat and the prompter on stand-ins.

What columns promise is seen from outside: over HTTP, in the accounts' posts and in the prompter's running order.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from pipeline.commands import demo
from pipeline.newsroom import demo_file, examples
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.workers.broker import free_port
from tests.engine.commands import Outcome, record_of, run, until

CHECK = timedelta(seconds=12)
"""How long before its moment a rollout is checked here."""
SERIES = "2026年乡村振兴系列报道"


@dataclass
class Six:
    """The newsroom that is up, and what the public sees of it."""

    folder: Path
    environment: dict[str, str]

    def run(self, *words: str | Path) -> Outcome:
        return run(self.folder, self.environment, *words)

    def write(self, name: str, headline: str, column: str, text: str = "正文一段，写得清楚。") -> Path:
        path = self.folder / f"{name}.md"
        path.write_text(f"---\n标题: {headline}\n栏目: {column}\n编号: {name}\n---\n\n{text}\n", encoding="utf-8")
        return path

    def rundown(self, day: str) -> str:
        """A day's running order, as the newsroom reads it."""
        return (self.folder / "data" / "tv" / "pages" / day / "index.html").read_text(encoding="utf-8")

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.environment['TONGFA_SITE_URL']}/{path}", timeout=20, allow_redirects=False)

    def admin(self, method: str, path: str, **told: Any) -> Any:
        base = self.environment["TONGFA_WECHAT_API"].removesuffix("cgi-bin/")
        answer = requests.request(method, f"{base}admin/{path}", json=told, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def shut_out(self, appid: str) -> None:
        """The account takes no calls from here any more."""
        self.admin("PUT", f"settings/{appid}", ips=["203.0.113.7"])
        self.admin("POST", "expire")

    def let_in(self, appid: str) -> None:
        self.admin("PUT", f"settings/{appid}", ips=[])

    def posts(self, appid: str) -> list[list[dict[str, Any]]]:
        """The articles of each of an account's posts that are still public."""
        posts = [one for one in self.admin("GET", "state")["post"] if one["appid"] == appid]
        return [[item for item in one["news_item"] if not item.get("is_deleted")] for one in posts]

    def titles(self, appid: str) -> list[list[str]]:
        return [titles for post in self.posts(appid) if (titles := [item["title"] for item in post])]


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Six]:
    folder = tmp_path_factory.mktemp("six")
    file = folder / "newsroom.toml"
    text = demo_file().read_text(encoding="utf-8")
    file.write_text(text.replace("[engine]", f"[engine]\ncheck = {CHECK.seconds}\nchecks = 3", 1), encoding="utf-8")
    listen = f"127.0.0.1:{free_port()}"  # the demo's own is everybody's who runs it at this moment
    with demo.running(file, folder / "data", TONGFA_LISTEN=listen, TONGFA_SITE_URL=f"http://{listen}") as environment:
        yield Six(folder, environment)


def opened(six: Six, name: str, address: str, *more: str) -> Outcome:
    note = six.folder / f"{address}.txt"
    note.write_text(f"即日起，武山县融媒体中心开设《{name}》栏目，多角度展示全县发展成效。", encoding="utf-8")
    return six.run(
        *("newsroom", "column", "open", name, "--note", note, "--banner", examples() / "tuopin.jpg"),
        *("--address", address, "--wait", "--json", *more),
    )


def states(done: Outcome) -> set[str]:
    return {one["state"] for one in done.json["deliveries"]}


def test_a_column_opens_everywhere_and_its_articles_follow(six: Six) -> None:
    early = six.write("early", "开栏之前", "乡村振兴看武山")
    refused = six.run("queue-submit", early)
    assert refused.code == 2
    assert "there is no column 乡村振兴看武山" in refused.err

    done = opened(six, "乡村振兴看武山", "xczx", "--series", SERIES)
    assert (done.code, states(done)) == (0, {"verified"}), done.err
    page = six.get("xczx/").text
    assert "多角度展示全县发展成效" in page
    assert 'href="/xczx/"' in six.get("").text, "the menu leads to it"
    assert "/feeds/xczx/rss.xml" in six.get("feeds/opml.xml").text
    assert [one["name"] for one in six.get("app/api/newsroom.json").json()["columns"]].count("乡村振兴看武山") == 1
    day = re.search(r"\d{4}-\d\d-\d\d", done.json["deliveries"][-1]["receipt"]["ids"]["programme"])
    assert day is not None
    assert "乡村振兴看武山" in six.rundown(day[0])
    assert six.get(f"tv/{day[0]}/").status_code == 404, "nobody reads it before it is aired"
    for appid in demo.ACCOUNTS.values():
        [[post]] = [post for post in six.posts(appid) if "乡村振兴看武山" in post[0]["title"]]
        assert "#乡村振兴看武山" in post["content"]
        assert "<img" in post["content"]

    first = six.run("queue-submit", early, "--wait", "--json")
    assert (first.code, states(first)) == (0, {"verified"}), first.err
    assert first.json["articles"][0]["series"] == f"{SERIES}之一"
    second = six.run("queue-submit", six.write("second", "第二篇", "乡村振兴看武山"), "--wait", "--json")
    third = six.run("queue-submit", six.write("third", "第三篇", "乡村振兴看武山"), "--wait", "--json")
    assert third.json["articles"][0]["series"] == f"{SERIES}之三"
    where = third.json["deliveries"][0]["receipt"]["ids"]["path"]
    assert "第二篇" in six.get(where).text
    assert "多角度展示全县发展成效" in six.get(first.json["deliveries"][0]["receipt"]["ids"]["path"]).text
    gone = six.run("newsroom", "withdraw", second.json["article"], "--reason", "数据有误", "--wait", "--json")
    assert gone.code == 0, gone.err
    after = six.get(where).text
    assert "第二篇" not in after.partition("<main")[2].partition("</main>")[0]
    assert "之二" in after, "the gap is explained"
    fourth = six.run("queue-submit", six.write("fourth", "第四篇", "乡村振兴看武山"), "--wait", "--json")
    assert fourth.json["articles"][0]["series"] == f"{SERIES}之四"


def test_a_column_is_renamed_and_closed_everywhere(six: Six) -> None:
    assert opened(six, "两会时间", "lh").code == 0
    guid = re.search(r"<id>[^<]+</id>", six.get("feeds/lh/atom.xml").text)

    done = six.run("newsroom", "column", "rename", "两会时间", "代表委员说", "--address", "dbwys", "--wait", "--json")
    assert (done.code, states(done)) == (0, {"verified"}), done.err
    for old, new in (("lh/", "/dbwys/"), ("feeds/lh/rss.xml", "/feeds/dbwys/rss.xml")):
        answer = six.get(old)
        assert answer.status_code == 301
        assert urlsplit(urljoin(answer.url, answer.headers["location"])).path == new
    assert re.search(r"<id>[^<]+</id>", six.get("feeds/dbwys/atom.xml").text)[0] == guid[0]  # type: ignore[index]

    done = six.run("newsroom", "column", "close", "代表委员说", "--line", "感谢一路相伴。", "--wait", "--json")
    assert (done.code, states(done)) == (0, {"verified"}), done.err
    assert "感谢一路相伴。" in six.get("dbwys/").text
    refused = six.run("queue-submit", six.write("late", "收官之后", "两会时间"))
    assert refused.code == 2
    assert "the column 代表委员说 is closed" in refused.err
    told = {one["column"]["name"]: one["state"] for one in six.run("newsroom", "column", "list", "--json").json}
    assert told["代表委员说"] == "closed"
    assert told["武山要闻"] == "open"


def test_where_one_account_cannot_it_opens_nowhere(six: Six) -> None:
    appid = demo.ACCOUNTS["WECHAT_RONGMEI"]
    before = {one: six.titles(one) for one in demo.ACCOUNTS.values()}
    six.shut_out(appid)
    try:
        held = opened(six, "春风行动", "cfxd")
        assert held.code == 3
        report = six.run("newsroom", "report", held.json["rollout"])
        assert "武山融媒: ip:" in report.out
        assert "IP list" in report.out
        assert six.get("cfxd/").status_code == 404
        assert "cfxd" not in six.get("feeds/opml.xml").text + six.get("").text
        assert {one: six.titles(one) for one in demo.ACCOUNTS.values()} == before
    finally:
        six.let_in(appid)
    retried = six.run("newsroom", "retry", held.json["rollout"], "--wait")
    assert retried.code == 0, retried.out + retried.err
    assert six.get("cfxd/").status_code == 200


def test_articles_go_out_together(six: Six) -> None:
    files = [six.write(f"topic-{n}", f"专题稿件之{word}", "武山要闻") for n, word in enumerate("甲乙丙")]

    done = six.run("queue-submit", *files, "--together", "--wait", "--json")

    assert (done.code, states(done)) == (0, {"verified"}), done.err
    assert len(done.json["deliveries"]) == 18
    headlines = ["专题稿件之甲", "专题稿件之乙", "专题稿件之丙"]
    for appid in demo.ACCOUNTS.values():
        assert headlines in six.titles(appid), "one message of three"
    day = done.json["deliveries"][-1]["receipt"]["ids"]["programme"]
    rundown = six.rundown(day)
    places = [rundown.index(one) for one in headlines]
    assert places == sorted(places)
    gone = six.run("newsroom", "withdraw", done.json["articles"][1]["article"], "--reason", "数据有误", "--wait")
    assert gone.code == 0, gone.err
    for appid in demo.ACCOUNTS.values():
        assert [headlines[0], headlines[2]] in six.titles(appid)
    again = six.run("queue-submit", files[0], "--json")
    assert json.loads(again.out)["created"] is False


def test_what_was_prepared_ahead_is_checked_before_its_moment(six: Six) -> None:
    appid = demo.ACCOUNTS["WECHAT_FABU"]
    moment = datetime.now(UTC).replace(microsecond=0) + 2 * CHECK
    path = six.write("ahead", "定时的稿件", "武山要闻")
    done = six.run("queue-submit", path, "--at", moment.isoformat(), "--json")
    assert done.code == 0, done.err
    rollout = done.json["rollout"]

    def report() -> dict[str, Any]:
        found: dict[str, Any] = six.run("newsroom", "report", rollout, "--json").json
        return found

    def standing() -> set[DeliveryState]:
        return {one.state for one in store.report(rollout).deliveries}

    with record_of(six.folder / "newsroom.toml", six.environment) as store:
        until(lambda: standing() == {DeliveryState.PREPARED}, "it is prepared at once")
        six.shut_out(appid)
        try:
            until(lambda: store.report(rollout).state is RolloutState.HELD, "the check has found it")
        finally:
            six.let_in(appid)
    held = report()
    assert datetime.fromisoformat(held["ended_at"]) < moment, "there is still time to act"
    [failed] = [one for one in held["deliveries"] if one["state"] == "failed"]
    assert (failed["channel"], failed["error"]["field"]) == ("wechat-fabu", "ip")
    retried = six.run("newsroom", "retry", rollout, "--wait")
    assert retried.code == 0, retried.out + retried.err
    assert datetime.fromisoformat(report()["release_at"]) >= moment
