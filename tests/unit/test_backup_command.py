"""`newsroom backup` and `newsroom restore` as they are typed: what is refused, and what is said."""

from __future__ import annotations

import errno
import os
import tarfile
from pathlib import Path

import pytest

from tests.unit.commands import FILE, Command


def test_it_says_what_it_holds(submit: Command, newsroom: Command, tmp_path: Path) -> None:
    Path("a.md").write_text(FILE, encoding="utf-8")
    assert submit("a.md").code == 0
    done = newsroom("backup", "a.backup", "--json")
    assert done.code == 0
    [told] = done.json
    assert told["counts"]["articles"] == 1
    assert told["size"] == Path("a.backup").stat().st_size
    assert len(told["digest"]) == 64
    again = newsroom("backup", "a.backup")
    assert again.code == 2
    assert "is there already" in again.err
    assert newsroom("backup", "a.backup", "--replace").code == 0


def test_it_is_never_public(submit: Command, newsroom: Command) -> None:
    Path("a.md").write_text(FILE, encoding="utf-8")
    assert submit("a.md").code == 0
    site = Path(newsroom("doctor").out.partition("data folder ")[2].partition(":")[0]) / "site"
    site.mkdir(parents=True, exist_ok=True)
    refused = newsroom("backup", site / "a.backup")
    assert refused.code == 2
    assert "would be public" in refused.err


def test_a_full_disk_is_named(submit: Command, newsroom: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    done = newsroom("backup", "a.backup")
    assert done.code == 1
    assert "There is no room for the backup" in done.err
    assert not Path("a.backup").exists()


def test_what_is_no_backup_changes_nothing(submit: Command, newsroom: Command) -> None:
    Path("a.md").write_text(FILE, encoding="utf-8")
    assert submit("a.md").code == 0
    Path("b.backup").write_text("nothing of the kind", encoding="utf-8")
    before = newsroom("list").out
    refused = newsroom("restore", "b.backup", "--yes")
    assert refused.code == 2
    assert "is no backup of a newsroom" in refused.err
    assert newsroom("list").out == before
    assert newsroom("restore").code == 2
    assert newsroom("restore", "--reconcile", "--withdraw", "all").code == 2


def test_it_is_put_back(submit: Command, newsroom: Command) -> None:
    Path("a.md").write_text(FILE, encoding="utf-8")
    assert submit("a.md").code == 0
    assert newsroom("backup", "a.backup").code == 0
    Path("b.md").write_text(FILE.replace("短讯一则", "短讯二则"), encoding="utf-8")
    assert submit("b.md").code == 0
    looked = newsroom("restore", "a.backup", "--dry-run")
    assert looked.code == 0
    assert "is whole" in looked.out
    assert "短讯二则" in newsroom("list").out
    done = newsroom("restore", "a.backup")
    assert done.code == 0, done.err
    assert "is kept" in done.out
    listed = newsroom("list").out
    assert "短讯一则" in listed
    assert "短讯二则" not in listed
