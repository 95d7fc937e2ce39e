"""docs/operations.md, tried: its commands as they stand there, in a newsroom that is set back and moved."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.commands import Newsroom, Outcome, Up, make
from tests.standins.running import ROOT, Running

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BOXES = dict(re.findall(r"<!-- run: (\w+) -->\n```sh\n(.*?)```", PAGE, re.DOTALL))


class Drawn(Newsroom):
    """A newsroom whose commands are as they are installed: ids are drawn."""

    def command(self, *words: str | Path) -> list[str]:
        return [str(self.commands / str(words[0])), *map(str, words[1:])]


class Operator:
    """Who reads the page and types what it says, in the newsroom's folder."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.typed: set[str] = set()

    def types(self, box: str) -> Outcome:
        self.typed.add(box)
        environment = self.newsroom.environment
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        done = subprocess.run(
            ["/bin/sh", "-ec", BOXES[box]],
            cwd=self.newsroom.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def trees(self, root: str) -> dict[str, bytes]:
        site = self.newsroom.folder / root / "site"
        return {
            str(path.relative_to(site)): path.read_bytes()
            for path in site.rglob("*")
            if path.is_file() and ".staging" not in path.parts
        }


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    with Running("asking", tmp_path / "post.jsonl") as post:
        yield Operator(Drawn(**vars(make(tmp_path, [("post", post)]))))


@pytest.mark.timeout(600)
def test_the_page_is_true(operator: Operator) -> None:
    newsroom, post = operator.newsroom, operator.newsroom.receivers["post"]
    with Up(newsroom) as up:
        up.first_line()
        assert newsroom.run("queue-submit", newsroom.write("甲"), "--wait", "--yes").code == 0
        assert newsroom.run("queue-submit", newsroom.write("乙"), "--wait", "--yes").code == 0
        packed = operator.types("backup")
        assert packed.code == 0, packed.err
        assert "2 articles" in packed.out
        assert newsroom.run("queue-submit", newsroom.write("丙"), "--wait", "--yes").code == 0
        [known] = re.findall(r"(a\w{6})  .*乙", newsroom.run("newsroom", "list").out)
        assert newsroom.run("newsroom", "withdraw", known, "--reason", "有误", "--wait").code == 0
        refused = operator.types("restore")
        assert refused.code == 2
        assert "A newsroom is up" in refused.err
    deeds, trees = post.deeds(), operator.trees("var")
    assert operator.types("look").code == 0
    restored = operator.types("restore")
    assert restored.code == 1, restored.err
    assert "The public sees what the record does not know" in restored.err
    kept = list((newsroom.folder / "var").glob("newsroom.db.before_*"))
    assert len(kept) == 1
    assert str(kept[0]) in restored.out
    too_old = newsroom.run("newsroom", "up")
    assert too_old.code == 2
    assert "older than what the public sees" in too_old.err
    assert newsroom.run("newsroom", "worker").code == 2
    assert "older than what the public sees" in newsroom.run("newsroom", "doctor").out
    listed = operator.types("list")
    assert listed.code == 0
    assert "丙" in listed.out
    assert re.search("withdrawn later than the record knows: 乙", listed.out)
    assert newsroom.run("newsroom", "restore", "--reconcile").code == 2  # nobody sits there, and nothing is said
    reconciled = operator.types("reconcile")
    assert reconciled.code == 0, reconciled.err
    with Up(newsroom) as up:
        up.first_line()
        assert newsroom.run("queue-submit", newsroom.write("丁"), "--wait", "--yes").code == 0
    assert {path: data for path, data in operator.trees("var").items() if path.endswith(".gone.html")} == {
        path: data for path, data in trees.items() if path.endswith(".gone.html")
    }
    assert post.deeds()[: len(deeds)] == deeds
    done = [(one["article"], one["action"], one["revision"]) for one in post.deeds() if one["action"] != "stage"]
    assert len(done) == len({*done}) == 5
    shutil.rmtree(newsroom.folder / "var" / "site")
    assert operator.types("rebuild").code == 0
    assert newsroom.run("newsroom", "audit", "verify").code == 0
    elsewhere = operator.types("elsewhere")
    assert elsewhere.code == 0, elsewhere.err
    assert (newsroom.folder / "elsewhere" / "newsroom.toml").read_bytes() == (
        newsroom.folder / "newsroom.toml"
    ).read_bytes()
    pages = [path for path in operator.trees("elsewhere/var") if re.search(r"\d+/\d+/a\w+\.html$", path)]
    assert len(pages) == 2  # what the backup knows
    assert operator.typed == set(BOXES)
