"""The wheel on a machine that has nothing else of the project: installed, set up, run, an article published."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.workers.broker import free_port
from tests.engine.commands import Newsroom, Up
from tests.standins.running import ROOT

QUIET = ("--quiet", "--disable-pip-version-check")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", *QUIET, "--no-deps", "--wheel-dir", folder, ROOT)
    [made] = folder.glob("tongfa-*.whl")
    return made


def _run(*words: str | Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([*map(str, words)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_carries_everything_that_is_no_module(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())

    for source, target in (("templates", "channels/_templates"), ("examples", "pipeline/_examples")):
        files = [path for path in (ROOT / source).rglob("*") if path.is_file()]
        assert {f"{target}/{path.relative_to(ROOT / source)}" for path in files} <= names
    assert "pipeline/_config/newsroom.toml" in names
    assert "pipeline/commands/locale/zh_CN/LC_MESSAGES/tongfa.mo" in names
    assert any(name.startswith("pipeline/record/migrations/versions/") for name in names)
    assert {"pipeline/py.typed", "channels/py.typed", "pipeline/testing/contract/kind.py"} <= names
    assert not any(name.startswith("tests/") for name in names)


@pytest.mark.timeout(600)
def test_a_newsroom_from_the_wheel_publishes_the_example(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    _run(sys.executable, "-m", "venv", environment)
    python = environment / "bin" / "python"
    _run(python, "-m", "pip", "install", *QUIET, wheel)
    folder = tmp_path / "county"
    folder.mkdir()
    newsroom = Newsroom(folder, free_port(), commands=environment / "bin", modules="")
    assert newsroom.run("newsroom", "init", ".").code == 0
    file = folder / "newsroom.toml"
    file.write_text(
        file.read_text(encoding="utf-8")
        .replace("http://127.0.0.1:8000", f"http://127.0.0.1:{newsroom.port}")
        .replace("[newsroom]", "[newsroom]\ndemo = true", 1)
        .replace("[engine]", f'[engine]\nlisten = "127.0.0.1:{newsroom.port}"', 1),
        encoding="utf-8",
    )
    assert newsroom.run("newsroom", "--help", LANG="C.UTF-8").out.startswith("用法：")

    with Up(newsroom) as up:
        assert "the newsroom is up" in up.first_line()
        opened = newsroom.run(
            *("newsroom", "column", "open", "脱贫攻坚奔小康", "--note", "examples/tuopin.md"),
            *("--banner", "examples/tuopin.jpg", "--wait", "--json"),
        )
        assert opened.code == 0, opened.err
        done = newsroom.submit("examples/wushan-sibuzhai.md", "--wait", "--json")
        assert done.code == 0, done.err
        assert {one["state"] for one in done.json["deliveries"]} == {"verified"}
        page = next(one for one in done.json["deliveries"] if one["channel"] == "website")["receipt"]["url"]
        assert "四个不摘" in newsroom.get(page.partition(f":{newsroom.port}/")[2]).text
        assert newsroom.run("newsroom", "doctor").code == 0
        assert up.interrupt() == 0
