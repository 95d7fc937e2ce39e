"""A process reads the newsroom's file again when it has changed, and refuses it as a whole where it is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.channel import Problem, Text
from pipeline.newsroom import BadConfiguration, Configuration, data_of, load
from pipeline.rereading import Rereading, keep, kept
from tests.unit.test_newsroom_file import MINIMAL

MORE = '[[channel]]\nid = "app"\nkind = "app"\nname = "客户端"\n'


class Process:
    """What reads the file again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.write_text(MINIMAL, encoding="utf-8")
        self.taken: list[Configuration] = []
        self.trouble: Exception | None = None
        self.now = datetime(2026, 11, 27, 8, tzinfo=UTC)
        self.rereading = Rereading(load(path, {}), self._take_up, environment={}, now=lambda: self.now)

    def _take_up(self, wanted: Configuration) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.taken.append(wanted)

    def looks(self, text: str | None = None, times: int = 2) -> list[bool]:
        """The file becomes this, and is looked at so often."""
        if text is not None:
            self.path.write_text(text, encoding="utf-8")
        return [self.rereading.look() for _ in range(times)]

    def names(self) -> list[str]:
        return [outlet.id for outlet in self.rereading.configuration.newsroom.outlets]

    def refusal(self) -> tuple[str, int | None, str]:
        refused = self.rereading.gone_by.refused
        return (refused.field, refused.line, str(refused.message)) if refused else ("", None, "")


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path / "newsroom.toml")


def test_a_file_that_has_not_changed_is_left_alone(process: Process) -> None:
    assert process.looks(times=3) == [False] * 3
    assert process.looks(MINIMAL, 3) == [False] * 3, "it was written again as it was"
    assert process.taken == []


def test_a_change_is_taken_up_once_nobody_writes_at_it_any_more(process: Process) -> None:
    before = process.rereading.gone_by
    process.now += timedelta(hours=1)
    assert process.looks(MINIMAL + MORE) == [False, True]
    assert [one.newsroom.outlets[-1].id for one in process.taken] == ["app"]
    assert process.names() == ["feeds", "app"]
    assert process.rereading.gone_by.digest != before.digest
    assert process.rereading.gone_by.since == process.now
    assert process.looks() == [False, False]


def test_what_somebody_is_writing_is_not_read(process: Process) -> None:
    whole = MINIMAL + MORE
    for written in range(len(MINIMAL), len(whole)):
        assert process.looks(whole[:written], 1) == [False], "never twice the same"
    assert (process.taken, process.refusal()) == ([], ("", None, ""))
    assert process.looks(whole) == [False, True]


def test_what_is_only_written_otherwise_changes_nothing(process: Process) -> None:
    before = process.rereading.gone_by
    process.looks("# 一行说明\n" + MINIMAL)
    assert (process.taken, process.rereading.gone_by) == ([], before)


@pytest.mark.parametrize(
    ("before", "after", "field", "line"),
    [
        ('id_code = "6205240001"', 'id_code = "62"', "site.id_code", 11),
        ('short_name = "武山融媒"', "short_name = 武山融媒", "TOML", 4),
        ('icp = "陇ICP备00000000号"', "", "site.icp", 7),
        ('name = "要闻"', 'name = "要闻"\nnmae = "x"', "column.1.nmae", 21),
        ('kind = "feeds"', "", "channel.1.kind", 24),
        ("[[channel]]", "[[chanel]]", "chanel", 24),
        ("[[column]]", "[column]", "column", 18),
        ("[[column]]", '[engine]\nworkers = "many"\n[[column]]', "engine.workers", 19),
        ("[[column]]", '[house]\npeople = "nobody.txt"\n[[column]]', "house.people", None),
    ],
)
def test_a_file_that_is_wrong_is_refused_as_a_whole(
    process: Process, before: str, after: str, field: str, line: int | None
) -> None:
    running = process.rereading.configuration
    assert MINIMAL.count(before) == 1
    assert process.looks((MINIMAL + MORE).replace(before, after, 1)) == [False, True]
    assert process.refusal()[:2] == (field, line)
    assert (process.taken, process.rereading.configuration) == ([], running)
    assert process.rereading.gone_by.refused_at == process.now
    assert process.looks(times=3) == [False] * 3, "it is said once"

    process.now += timedelta(minutes=5)
    process.looks("[newsroom")
    assert process.rereading.gone_by.refused_at == process.now - timedelta(minutes=5), "since it is wrong"
    assert process.looks(MINIMAL) == [False, True]
    assert process.rereading.gone_by.refused is None
    assert process.taken == [], "it is as it was"


def test_a_file_that_is_gone_is_refused(process: Process) -> None:
    process.path.unlink()
    process.looks()
    assert process.refusal()[2] == "it cannot be read: No such file or directory"


def test_what_the_channels_refuse_is_refused(process: Process) -> None:
    problem = Problem(field="channel app", message=Text.of("no"), remedy=Text.of("yes"))
    process.trouble = BadConfiguration(process.path, (problem,))
    process.looks(MINIMAL + MORE)
    assert process.refusal() == ("channel app", None, "no")
    assert process.names() == ["feeds"]


def test_what_was_refused_may_be_right_a_while_later(process: Process) -> None:
    problem = Problem(field="channel app", message=Text.of("something is public"), remedy=Text.of("withdraw it"))
    process.trouble = BadConfiguration(process.path, (problem,))
    process.looks(MINIMAL + MORE)
    process.trouble = None
    assert process.looks(times=3) == [False] * 3
    process.now += timedelta(minutes=1)
    assert process.looks(times=1) == [True]
    assert (process.names(), process.refusal()) == (["feeds", "app"], ("", None, ""))


def test_what_is_only_in_the_way_is_tried_again(process: Process) -> None:
    process.trouble = OSError("the database is away")
    with pytest.raises(OSError, match="away"):
        process.looks(MINIMAL + MORE)
    process.trouble = None
    assert process.looks(times=1) == [True]
    assert process.names() == ["feeds", "app"]


def test_what_a_process_was_started_with_stays(process: Process) -> None:
    engine = '[engine]\ndata = "elsewhere"\nworkers = 9\nlease = 20\nlisten = "0.0.0.0:80"\n'
    before = process.rereading.configuration
    process.looks(MINIMAL + MORE + engine)
    restart = ("engine.data", "engine.database", "engine.lease", "engine.listen", "engine.workers")
    assert process.rereading.gone_by.restart == restart
    after = process.rereading.configuration
    assert process.names() == ["feeds", "app"], "all else is taken up"
    assert (after.data, after.workers, after.pace) == (before.data, before.workers, before.pace)
    process.looks(MINIMAL + MORE)
    assert process.rereading.gone_by.restart == ()


def test_the_list_of_people_is_read_again_too(process: Process, tmp_path: Path) -> None:
    people = tmp_path / "people.txt"
    people.write_text("记者甲\n", encoding="utf-8")
    process.looks(MINIMAL + '[house]\npeople = "people.txt"\n')
    people.write_text("记者甲\n记者乙\n", encoding="utf-8")
    process.looks()
    assert process.rereading.configuration.newsroom.house.people == ("记者甲", "记者乙")


def test_the_digest_names_what_machines_have_in_common(tmp_path: Path) -> None:
    def digest(text: str, **environment: str) -> str:
        path = tmp_path / "newsroom.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, environment).digest

    same = digest(MINIMAL)
    assert digest("# \n" + MINIMAL + "[engine]\nworkers = 9\n", TONGFA_DATA="/srv", TONGFA_LISTEN="[::]:80") == same
    other = (MINIMAL + MORE, MINIMAL + "[engine]\nlease = 9\n", MINIMAL.replace("要闻", "新闻"))
    assert len({same, *map(digest, other), digest(MINIMAL, TONGFA_SITE_URL="https://a.example")}) == 5


# -- while the file is wrong -----------------------------------------------------------------------------


def test_what_is_gone_by_is_kept_for_whoever_works_meanwhile(process: Process, tmp_path: Path) -> None:
    configuration = load(process.path, {"TONGFA_DATA": str(tmp_path / "data")})
    assert kept(process.path, configuration.data) is None
    keep(configuration)
    found = kept(process.path, configuration.data)
    assert found == configuration
    assert found is not None
    assert found.digest == configuration.digest
    assert kept(tmp_path / "another.toml", configuration.data) is None, "it is of another file"


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        ('[engine]\ndata = "here"\n[[', {}, "here"),
        ("[engine\n  data='there'  # of everything", {}, "there"),
        ("[[", {}, "var"),
        ('[engine]\ndata = "here"\n[[', {"TONGFA_DATA": "/srv/tongfa"}, "/srv/tongfa"),
    ],
)
def test_the_data_folder_of_a_file_that_is_wrong(
    tmp_path: Path, text: str, environment: dict[str, str], expected: str
) -> None:
    path = tmp_path / "newsroom.toml"
    path.write_text(text, encoding="utf-8")
    assert data_of(path, environment) == (tmp_path / expected).resolve()
