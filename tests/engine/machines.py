"""Several machines: worker sets with nothing in common but PostgreSQL, Redis and where the public files stand.

Each has a data folder of its own, empty at the start. All channels are there: WeChat's two accounts on a stand-in, the
prompter on a MOS device. An editor's command runs on any of the machines.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs

from pipeline.record.due import RUNNING
from pipeline.record.store import Store
from pipeline.rollout import RolloutState
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.standins.fake_wechat.terms import LIMITS
from tests.engine.commands import COMMANDS, Outcome, broker_on_a_port, has_ended, run, until
from tests.engine.test_accounts import WeChat
from tests.standins.running import ROOT

ACCOUNTS = {"wechat-fabu": "wxfabu", "wechat-rongmei": "wxrongmei"}
QUEUES = ("steps", "releases")
PATIENCE = 90.0
"""Seconds within which a command, or whatever is waited for, has to come to its end."""
_FILE = """
[newsroom]
name = "青河县融媒体中心"
short_name = "青河融媒"
tag_authority = "www.qinghe.example,2026"

[site]
url = "http://qinghe.invalid"
name = "青河县人民政府"
domain = "www.qinghe.example"
id_code = "0000000000"
organiser = "青河县人民政府办公室"
contact = "000-0000000"
icp = "青ICP备00000000号"
police = "青公网安备00000000000000号"
description = "青河县人民政府门户网站"

[engine]
listen = ""
workers = 3
releases = 6
lease = 12
settle = 2
arm = 0.5
lead = 0.5
sweep = 0.5
wake = 2
backoff = 0.3
backoff_limit = 2
follow = 0.3
attempts = 1000

[[column]]
id = "yaowen"
name = "青河要闻"
description = "重要新闻"
keywords = ["青河县"]

[[channel]]
id = "website"
kind = "website"
name = "县政府网站"
root = "{public}"
verify = "storage"

[[channel]]
id = "feeds"
kind = "feeds"
name = "订阅"
root = "{public}/feeds"
verify = "storage"

[[channel]]
id = "app"
kind = "app"
name = "青河APP"
root = "{public}/app"
verify = "storage"

[[channel]]
id = "tv"
kind = "tv"
name = "《青河新闻》"
programme = "青河新闻"
air = "23:50"
deadline = "23:40"
duration = 9000
mos = "127.0.0.1:{mos}"
answer = 2
root = "{private}/tv"
"""
_ACCOUNT = """
[[channel]]
id = "{id}"
kind = "wechat"
name = "{id}"
appid = "{appid}"
secret_env = "MACHINES_{appid}"
api = "{api}/cgi-bin/"
follow = 0.5
settling = 3
"""


@dataclass
class Machine:
    """One host: its data folder, its workers."""

    name: str
    data: Path
    environment: Mapping[str, str]
    log: Path
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, queue: str) -> None:
        command = [sys.executable, "-m", "pipeline", "worker", "--queue", queue]
        with self.log.open("ab") as log:
            self.workers[queue] = subprocess.Popen(
                command, cwd=self.data, env={**self.environment, "REMAP_SIGTERM": "SIGQUIT"}, stdout=log, stderr=log
            )

    def kill(self, queue: str) -> None:
        """As when the power fails, and the machine comes up again."""
        self.workers[queue].kill()
        self.workers[queue].wait()
        self.start(queue)

    def end(self) -> None:
        for worker in self.workers.values():
            worker.send_signal(signal.SIGCONT)
            worker.terminate()
        for worker in self.workers.values():
            try:
                worker.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
                raise

    def run(self, *words: str | Path) -> Outcome:
        """A command on this machine."""
        return run(self.data, self.environment, *words, patience=PATIENCE)


@dataclass
class Machines:
    """The newsroom on all of them, and what the outside sees of it."""

    folder: Path
    public: str
    """Where the public files stand: a folder, or an object store's URL."""
    machines: Sequence[Machine]
    wechat: WeChat
    prompter: Prompter

    def __getitem__(self, number: int) -> Machine:
        return self.machines[number % len(self.machines)]

    def come_to_rest(self, store: Store, patience: float = 240.0) -> None:
        try:
            until(lambda: has_ended(store), "everything has come to its end", patience)
        except AssertionError as error:
            left = [
                f"{one.rollout} {one.state}: {delivery.channel} {delivery.state}: {delivery.error}"
                for one in (*store.reports([*RUNNING, RolloutState.HELD]), *store.stuck())
                for delivery in one.deliveries
                if delivery.error or delivery.due
            ]
            raise AssertionError("not at its end: " + "\n".join(left)) from error

    def files(self, pattern: str) -> dict[str, str]:
        """The public files of this pattern by their path in the public folder."""
        fs, root = url_to_fs(self.public)
        fs.invalidate_cache()
        return {path.removeprefix(f"{root}/"): fs.cat_file(path).decode() for path in fs.glob(f"{root}/{pattern}")}

    # -- what the outside sees ----------------------------------------------------------------------------

    def submissions(self) -> Counter[tuple[str, str]]:
        """How often each draft has been handed in: by account and media id."""
        deeds = self.wechat.admin("GET", "state")["deed"]
        return Counter((one["appid"], one["media_id"]) for one in deeds if one["deed"] == "freepublish/submit")

    def posts(self, appid: str) -> dict[str, list[str]]:
        """What stands on an account: by the headline, the texts of its public articles."""
        shown = defaultdict(list)
        for post in self.wechat.admin("GET", "state")["post"]:
            if post["appid"] == appid:
                for item in post["news_item"]:
                    if not item.get("is_deleted"):
                        shown[item["title"]].append(item["content"])
        return shown

    def calls(self, appid: str) -> Counter[str]:
        """How many calls of each name the platform has counted for an account."""
        counted: Counter[str] = Counter()
        for one in self.wechat.admin("GET", "state")["count"]:
            if one["appid"] == appid:
                counted[one["call"]] += one["value"]
        return counted

    def stories(self) -> list[str]:
        """The slugs in the device's running orders, in their order."""
        orders = self.prompter.prompter.state()["orders"]
        return [story["slug"] for _, order in sorted(orders.items()) for story in order["stories"]]

    def numbers_given_twice(self) -> dict[int, set[str]]:
        """The message numbers under which the device was told different things."""
        said = defaultdict(set)
        for line in self.prompter.prompter.log:
            number, what, _fate = line.split(" ", 1)[0], line.split(" ", 1)[1].rpartition(" ")[0], line
            said[int(number)].add(what)
        return {number: what for number, what in said.items() if len(what) > 1}


@contextmanager
def several(folder: Path, database: str, *, count: int = 3, public: str = "", **more: str) -> Iterator[Machines]:
    """Worker sets on so many machines. `public`: where the public files stand; `more` is added to the environment."""
    with ExitStack() as stack:
        broker = stack.enter_context(broker_on_a_port(folder))
        wechat = WeChat(_Commands(folder))  # type: ignore[arg-type]
        stack.callback(wechat.close)
        for appid in ACCOUNTS.values():  # a day's worth of questions is asked here within minutes
            wechat.admin("PUT", f"settings/{appid}", limits=dict.fromkeys(LIMITS, 10**6))
        prompter = stack.enter_context(Prompter())
        file = folder / "newsroom.toml"
        public = public or str(folder / "public")
        text = _FILE.format(public=public, private=folder / "private", mos=prompter.port)
        for id, appid in ACCOUNTS.items():
            text += _ACCOUNT.format(id=id, appid=appid, api=wechat.url)
        file.write_text(text, encoding="utf-8")
        shared = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "TONGFA_"))},
            "PYTHONPATH": str(ROOT),
            "TONGFA_CONFIG": str(file),
            "TONGFA_DATABASE_URL": database,
            "TONGFA_BROKER_URL": broker,
            "TONGFA_LOG": "json",
            **{f"MACHINES_{appid}": f"{appid}-secret" for appid in ACCOUNTS.values()},
            **more,
        }
        machines = []
        for number in range(count):
            data = folder / f"machine-{number}"
            data.mkdir()
            own = {**shared, "TONGFA_DATA": str(data)}
            machines.append(Machine(f"machine-{number}", data, own, folder / f"machine-{number}.log"))
        made = Machines(folder, public, machines, wechat, prompter)
        for machine in machines:
            stack.callback(machine.end)
            for queue in QUEUES:
                machine.start(queue)
        yield made


@dataclass
class _Commands:
    """As much of a newsroom as the stand-in's process needs."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def command(self, *words: str | Path) -> list[str]:
        return [str(COMMANDS / words[0]), *map(str, words[1:])]


def told(done: Outcome) -> Any:
    """A command's answer; AssertionError with all that it said if it did not succeed."""
    assert done.code == 0, done
    return json.loads(done.out.splitlines()[-1])
