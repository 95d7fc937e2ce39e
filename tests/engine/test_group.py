"""Accounts of one machine: those of the group hand in, nobody else reads what is not public, everybody what is."""

from __future__ import annotations

import grp
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.newsroom import load
from pipeline.workers import folder as data_folder
from tests.engine.commands import Newsroom, Outcome, Up, make

EDITOR, STRANGER = 54_321, 54_322
"""Accounts that no machine has."""
GROUP = next((one for one in grp.getgrall() if one.gr_gid not in (0, os.getgid()) and not one.gr_mem), None)
needs_accounts = pytest.mark.skipif(os.geteuid() != 0 or GROUP is None, reason="only root can be other accounts")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def grouped(newsroom: Newsroom, group: str) -> None:
    file = newsroom.folder / "newsroom.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[engine]", f'[engine]\ngroup = "{group}"'), encoding="utf-8")


@pytest.fixture
def shared() -> Iterator[Newsroom]:
    """A newsroom that is up, in a folder to which every account comes; its group has no other members."""
    assert GROUP is not None
    folder = Path(tempfile.mkdtemp(prefix="tf", dir="/tmp"))
    folder.chmod(0o755)
    before = os.umask(0o022)
    newsroom = make(folder)
    grouped(newsroom, GROUP.gr_name)
    try:
        with Up(newsroom) as up:
            up.first_line()
            yield newsroom
    finally:
        os.umask(before)
        shutil.rmtree(folder)


def by(newsroom: Newsroom, uid: int, *words: str | Path, member: bool) -> Outcome:
    """A command that this account gives."""
    assert GROUP is not None
    account = [str(uid), str(GROUP.gr_gid if member else 0), str(newsroom.folder / "甲的稿件.md")]
    done = subprocess.run(
        [sys.executable, "-m", "tests.standins.account", *account, *map(str, words)],
        cwd=newsroom.folder,
        env={**newsroom.environment, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def readable(uid: int, root: Path) -> set[str]:
    """The files below a folder that an account can read."""
    found = [path for path in sorted(root.rglob("*")) if path.is_file()]
    told = subprocess.run(
        ["sh", "-c", 'for f in "$@"; do cat "$f" >/dev/null 2>&1 && echo "$f"; done; true', "sh", *map(str, found)],
        user=uid,
        group=60_000,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {Path(line).relative_to(root).as_posix() for line in told.splitlines()}


@needs_accounts
def test_an_editor_of_the_group_hands_in_and_a_stranger_reads_only_what_is_public(shared: Newsroom) -> None:
    done = shared.submit(shared.write("甲的稿件"), "--wait")
    assert done.code == 0, done
    waiting = shared.write("乙的稿件")

    for words in (("queue-submit", waiting, "--at", "2099-01-01 08:00"), ("newsroom", "status"), ("newsroom", "list")):
        told = by(shared, EDITOR, *words, member=True)
        assert told.code == 0, told
    assert "乙的稿件" in shared.run("newsroom", "list").out
    done = by(shared, EDITOR, "newsroom", "withdraw", "a1", "--reason", "有误", "--wait", member=True)
    assert done.code == 0, done
    assert by(shared, EDITOR, "newsroom", "audit", "verify", member=True).code == 0
    done = shared.submit(shared.write("丙的稿件"), "--wait")  # what the editor's command has left is no bar
    assert done.code == 0, done

    refused = by(shared, STRANGER, "queue-submit", waiting, member=False)
    assert refused.code == 2, refused
    assert "this account may not use the data folder" in refused.err
    assert GROUP is not None
    assert f"usermod -aG {GROUP.gr_name}" in refused.err

    data = shared.folder / "var"
    seen = readable(STRANGER, data)
    assert {path.partition("/")[0] for path in seen} == {"site"}
    assert not [path for path in seen if ".staging" in path]
    public = {
        path.relative_to(data).as_posix()
        for path in (data / "site").rglob("*")
        if path.is_file() and ".staging" not in path.parts
    }
    assert seen == public, "and all of it: a web server has an account of its own"
    assert "乙的稿件" not in "".join((data / path).read_text("utf-8", "replace") for path in seen)


# -- without other accounts -------------------------------------------------------------------------------


def test_without_a_group_only_the_owner_writes_and_nobody_else_reads(newsroom: Newsroom) -> None:
    before = os.umask(0o022)
    try:
        assert newsroom.submit(newsroom.write("只有自己")).code == 0
    finally:
        os.umask(before)
    data = newsroom.folder / "var"
    assert mode(data) & 0o7027 == 0o001, "others may pass, to what is public"
    private = [path for path in data.rglob("*") if not path.relative_to(data).as_posix().startswith("site")]
    assert private
    assert [path for path in private if mode(path) & 0o007] == []
    assert [path for path in data.glob("newsroom.db*") if mode(path) & 0o027] == []


def test_what_an_earlier_version_left_open_is_closed(newsroom: Newsroom) -> None:
    assert newsroom.submit(newsroom.write("旧的")).code == 0
    data = newsroom.folder / "var"
    (data / "website/staging").mkdir(parents=True)
    (data / "site").mkdir()
    (data / "wechat.secret").write_text("a-secret\n", encoding="utf-8")
    for path in (data, *data.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert newsroom.run("newsroom", "list").code == 0
    assert mode(data) & 0o007 == 0o001
    open_ = {path.name for path in data.iterdir() if mode(path) & 0o007}
    assert open_ == {"site"}


def test_a_group_that_there_is_not_is_named(newsroom: Newsroom) -> None:
    grouped(newsroom, "no-such-group")
    done = newsroom.run("newsroom", "list")
    assert done.code == 2
    assert "engine.group: this machine has no group no-such-group\n  → make it (groupadd no-such-group)" in done.err


def test_the_group_of_a_folder_can_write_in_it(newsroom: Newsroom) -> None:
    own = grp.getgrgid(os.getgid()).gr_name
    grouped(newsroom, own)
    before = os.umask(0o077)
    try:
        data_folder.admit(load(newsroom.folder / "newsroom.toml", {}))
    finally:
        os.umask(before)
    data = newsroom.folder / "var"
    assert mode(data) & 0o2077 == 0o2071
    assert mode(data / "newsroom.db") == 0o660
    assert data.stat().st_gid == os.getgid()
