"""What people are told of the newsroom's configuration: who goes by another one, and what in it is still an example."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.channel import Text
from pipeline.commands import standing
from pipeline.newsroom import Configuration, Misconfigured, demo_file, load
from pipeline.record.roster import Worker
from pipeline.rereading import GoneBy
from tests.unit.commands import Command
from tests.unit.test_newsroom_file import MINIMAL

AT = datetime(2026, 11, 27, 0, 30, tzinfo=UTC)
WRONG = Misconfigured(field="site.icp", line=7, message=Text.of("Field required"), remedy=Text.of("write it"))
REAL = (
    MINIMAL.replace("www.wushan.gov.cn,2020", "www.qinghe.example,2026")
    .replace("6205240001", "6201230045")
    .replace("0938-0000000", "0931-1234567")
    .replace("陇ICP备00000000号", "陇ICP备12345678号")
    .replace("甘公网安备00000000000000号", "甘公网安备62012302000123号")
)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return configured(tmp_path, MINIMAL)


def configured(folder: Path, text: str) -> Configuration:
    (folder / "newsroom.toml").write_text(text, encoding="utf-8")
    return load(folder / "newsroom.toml", {})


def worker(host: str, gone_by: GoneBy | None, queue: str = "steps", silent: timedelta = timedelta(0)) -> Worker:
    told = {"data": "/var/lib/tongfa", "version": "1", "started": AT, "seen": AT, "silent": silent}
    return Worker(host=host, process=os.getpid(), queue=queue, gone_by=gone_by, **told)  # type: ignore[arg-type]


def told(workers: list[Worker], configuration: Configuration) -> list[str]:
    found = standing.of_processes(workers, configuration)
    return [f"{one.what}: {one.problem.field}: {one.problem.message}" for one in found if one.problem]


def test_who_goes_by_the_file_as_it_stands_is_not_told_of(configuration: Configuration) -> None:
    same = GoneBy(digest=configuration.digest, since=AT)
    assert told([worker("a", same), worker("b", same), worker("c", None)], configuration) == []
    assert told([], configuration) == []


def test_a_refusal_is_told_once_for_each_machine_with_its_line_and_since_when(configuration: Configuration) -> None:
    refusing = GoneBy(digest="0" * 64, since=AT, refused=WRONG, refused_at=AT)
    both = [worker("a", refusing), worker("a", refusing, "releases"), worker("b", refusing)]
    assert told(both, configuration) == [
        f"configuration on {host}: refused since 2026-11-27 08:30:00, the one before goes on: "
        f"{configuration.path}:7: site.icp: Field required"
        for host in ("a", "b")
    ]


def test_what_needs_a_restart_is_named(configuration: Configuration) -> None:
    waiting = GoneBy(digest=configuration.digest, since=AT, restart=("engine.data", "engine.workers"))
    [said] = told([worker("a", waiting), worker("a", waiting, "releases")], configuration)
    assert said.startswith("configuration on a: engine.data, engine.workers: changed in the file;")


def test_machines_that_differ_are_named_and_those_that_are_gone_are_not(configuration: Configuration) -> None:
    same, other = GoneBy(digest=configuration.digest, since=AT), GoneBy(digest="1234567890", since=AT)
    [said] = told([worker("a", same), worker("b", other)], configuration)
    assert "b: 12345678" in said
    assert f"a: {configuration.digest[:8]}" in said
    assert told([worker("a", other)], configuration), "the file here is another than theirs"
    gone = worker("elsewhere-" + socket.gethostname(), other, silent=timedelta(hours=1))
    assert told([worker("a", same), gone], configuration) == []


# -- identities ------------------------------------------------------------------------------------------


def examples(configuration: Configuration) -> list[str]:
    return [one.problem.field for one in standing.of_identity(configuration) if one.problem]


def test_identities_of_the_demo_are_refused_unless_it_is_one(tmp_path: Path) -> None:
    whole = ["site.id_code", "site.icp", "site.police", "site.contact", "newsroom.tag_authority"]
    assert examples(configured(tmp_path, MINIMAL)) == whole
    assert examples(configured(tmp_path, MINIMAL.replace("[newsroom]", "[newsroom]\ndemo = true"))) == []
    assert examples(load(demo_file(), {})) == []
    assert examples(configured(tmp_path, REAL)) == []


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("6201230045", "0000000000", "site.id_code"),
        ("陇ICP备12345678号", "青ICP备00000000号", "site.icp"),
        ("0931-1234567", "值班电话 0938-0000000", "site.contact"),
        ("0931-1234567", "000-0000000", "site.contact"),
        ("甘公网安备62012302000123号", "甘公网安备00000000000000号", "site.police"),
    ],
)
def test_numbers_that_nobody_was_given_are_refused(tmp_path: Path, before: str, after: str, field: str) -> None:
    assert REAL.count(before) == 1
    assert examples(configured(tmp_path, REAL.replace(before, after))) == [field]


def test_a_newsroom_that_was_just_made_is_told_so(newsroom: Command) -> None:
    assert newsroom("init", "made").code == 0
    done = newsroom("doctor", "--config", "made/newsroom.toml")
    assert done.code == 1
    assert "newsroom.tag_authority: www.wushan.gov.cn,2020 is an example's" in done.out
    assert "[newsroom] demo = true" in done.out
