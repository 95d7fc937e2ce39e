"""A data folder that version 0.1.0 wrote, met by today's: nothing is lost, nothing goes out twice, ids stay.

`tests/upgrade/data-0.1.0.tar.xz` is what a newsroom of that version (commit adb6e2b) left behind: three articles, two
of them published together, one corrected; one withdrawn; one that was prepared and whose moment had not come; a
locked programme; and the platform as its stand-in remembers it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from pipeline.article.ids import is_spelled
from pipeline.newsroom import demo_file, load
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.standins.fake_wechat import DEMO
from pipeline.workers import tasks
from pipeline.workers.broker import free_port
from tests.engine.commands import Outcome, run, until
from tests.standins.running import ROOT

LEFT = ROOT / "tests" / "upgrade" / "data-0.1.0.tar.xz"
LOCKED, AIRED = "2026-12-04", "2026-11-27"
"""The days of the programmes that it left."""


@dataclass
class Upgraded:
    """The newsroom on the old folder, up with today's version."""

    folder: Path
    environment: Mapping[str, str]
    wechat: str
    prompter: Prompter
    before: Mapping[str, Any]
    """What the platform knew before."""

    def run(self, *words: str | Path) -> Outcome:
        return run(self.folder, self.environment, *words)

    def write(self, headline: str, text: str) -> Path:
        path = self.folder / f"{headline}.md"
        path.write_text(f"---\n标题: {headline}\n栏目: 武山要闻\n记者: 记者甲\n---\n\n{text}\n", encoding="utf-8")
        return path

    def platform(self) -> Any:
        return requests.get(f"{self.wechat}/admin/state", timeout=20).json()

    def posts(self, headline: str) -> list[str]:
        """The texts of the public articles of this headline, on both accounts."""
        return [
            item["content"]
            for post in self.platform()["post"]
            for item in post["news_item"]
            if not item.get("is_deleted") and item["title"] == headline
        ]


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgraded]:
    folder = tmp_path_factory.mktemp("upgrade")
    data = folder / "var"
    with tarfile.open(LEFT) as archive:
        archive.extractall(data, filter="data")
    (folder / "newsroom.toml").write_text(demo_file().read_text(encoding="utf-8"), encoding="utf-8")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "TONGFA_"))},
        "PYTHONPATH": str(ROOT),
        "TONGFA_CONFIG": str(folder / "newsroom.toml"),
        "TONGFA_DATA": str(data),
        "TONGFA_LISTEN": f"127.0.0.1:{free_port()}",
        "TONGFA_ATTACHED": "1",
    }
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        command = [
            sys.executable,
            "-m",
            "pipeline",
            "fake-wechat",
            "--data",
            str(data / "fake-wechat"),
            "--port",
            "0",
        ]
        wechat = stack.enter_context(
            subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        )
        stack.callback(wechat.terminate)
        assert wechat.stdout is not None
        address = f"http://127.0.0.1:{wechat.stdout.readline().strip()}"
        before = requests.get(f"{address}/admin/state", timeout=20).json()
        prompter = stack.enter_context(Prompter())
        environment |= {"TONGFA_WECHAT_API": f"{address}/cgi-bin/", "TONGFA_TV_MOS": f"127.0.0.1:{prompter.port}"}
        for name, appid in zip(("WECHAT_FABU", "WECHAT_RONGMEI"), DEMO, strict=True):
            environment |= {f"TONGFA_{name}_APPID": appid, f"TONGFA_{name}_SECRET": DEMO[appid].secret}
        up = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "pipeline", "up"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        )
        stack.callback(up.communicate)  # its standard input ends, so it stops
        assert up.stdout is not None
        assert up.stdout.readline(), (folder / "log").read_text(encoding="utf-8")
        yield Upgraded(folder, environment, address, prompter, before)


def test_what_waited_for_its_moment_goes_out_and_ids_go_on(upgraded: Upgraded) -> None:
    until(lambda: "r6" in upgraded.run("newsroom", "status", "r6").out)
    until(lambda: "complete" in upgraded.run("newsroom", "status", "r6").out, "it goes out", 90)
    report = upgraded.run("newsroom", "report", "a5", "--json").json
    assert {one["state"] for one in report["deliveries"]} == {"verified"}
    assert len(upgraded.posts("青河县明日开放新图书馆")) == 2
    done = upgraded.run("queue-submit", upgraded.write("升级之后", "新的一条。"), "--wait", "--json")
    assert (done.code, is_spelled(done.json["article"])) == (0, True), done
    listed = upgraded.run("newsroom", "list").out
    assert listed.index(f"{done.json['article']} ") < listed.index("a5 ") < listed.index("a4 ")
    told = upgraded.run("newsroom", "audit", "verify")
    assert told.code == 0, told
    assert "written by an earlier version and covered in part only: " in told.out


def test_what_was_uploaded_and_submitted_is_remembered(upgraded: Upgraded) -> None:
    headline = "青河县三座便民桥通车"
    assert len(upgraded.posts(headline)) == 2
    (upgraded.folder / "qiao.jpg").write_bytes(_picture(upgraded))
    text = "青河县三座便民桥11月26日通车。\n\n![便民桥（记者甲 摄）](qiao.jpg)\n\n三座桥共投入资金350万元。"
    done = upgraded.run(
        "newsroom", "correct", "a1", upgraded.write(headline, text), "--note", "有误", "--wait", "--json"
    )
    assert done.code == 0, done
    assert len(upgraded.posts(headline)) == 2
    assert all("350万元" in content for content in upgraded.posts(headline))
    assert uploads(upgraded.platform()) == uploads(upgraded.before), "the account still had the picture"
    gone = upgraded.run("newsroom", "withdraw", "a2", "--reason", "有误", "--wait")
    assert gone.code == 0, gone
    assert upgraded.posts("青河县清理河道十二公里") == []
    assert len(upgraded.posts("清河行动进校园")) == 2, "the one that was published together with it stays"
    submitted = Counter(one["media_id"] for one in upgraded.platform()["deed"] if one["deed"] == "freepublish/submit")
    assert set(submitted.values()) == {1}


def uploads(platform: Mapping[str, Any]) -> int:
    return sum(one["deed"] == "uploadimg" for one in platform["deed"])


def _picture(upgraded: Upgraded) -> bytes:
    """The picture of the old a1, as the record has it."""
    with closing(tasks.open_engine(load(upgraded.folder / "newsroom.toml", upgraded.environment))) as engine:
        [image] = engine.store.revision("a1").article.images
        return engine.store.media().read(image.digest)


def test_the_programmes_and_their_locks_are_still_there(upgraded: Upgraded) -> None:
    locked = upgraded.run("newsroom", "programme", "show", LOCKED).out
    assert "编辑乙" in locked
    shown = upgraded.run("newsroom", "programme", "show", AIRED).out
    assert [word for word in ("a1", "a3") if word in shown] == ["a1", "a3"], shown
    numbers = [int(line.split()[0]) for line in upgraded.prompter.prompter.log]
    assert numbers
    assert min(numbers) >= 1032, "none is given a second time"
