"""newsroom.toml: what is read from it, what overrides it, and how its mistakes are told."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from channels.app import App
from channels.feeds import Feeds
from channels.website import Website
from pipeline import newsroom
from pipeline.article import Outlet
from pipeline.channel import Channel, Setting
from pipeline.commands import doctor
from pipeline.newsroom import BadConfiguration
from pipeline.testing import MemoryNotebook, Rehearsal, article_of, newsroom_of, revision_of
from pipeline.workers.tasks import sign, signs_of_life

MINIMAL = """
[newsroom]
name = "武山县融媒体中心"
short_name = "武山融媒"
tag_authority = "www.wushan.gov.cn,2020"

[site]
url = "http://127.0.0.1:8000/"
name = "武山县人民政府"
domain = "www.wushan.gov.cn"
id_code = "6205240001"
organiser = "办公室"
contact = "0938-0000000"
icp = "陇ICP备00000000号"
police = "甘公网安备00000000000000号"
description = "门户网站"

[[column]]
id = "yaowen"
name = "要闻"
description = "要闻"
keywords = ["要闻"]

[[channel]]
id = "feeds"
kind = "feeds"
name = "订阅"
hub = "https://hub.example/"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "newsroom.toml"


def loaded(path: Path, text: str = MINIMAL, **environment: str) -> newsroom.Configuration:
    path.write_text(text, encoding="utf-8")
    return newsroom.load(path, environment)


def problems(path: Path, text: str, **environment: str) -> dict[str, str]:
    """What is wrong with it, by field."""
    with pytest.raises(BadConfiguration) as refused:
        loaded(path, text, **environment)
    assert refused.value.path == path
    assert all(str(one.remedy) for one in refused.value.problems)
    return {one.field: str(one.message) for one in refused.value.problems}


def test_the_demo_newsroom_is_valid_and_its_kinds_are_registered() -> None:
    demo = newsroom.load(newsroom.demo_file(), {})

    assert demo.newsroom.name == "武山县融媒体中心"
    assert {outlet.kind for outlet in demo.newsroom.outlets} <= set(newsroom.kinds())
    for outlet in demo.newsroom.outlets:
        assert isinstance(newsroom.open_channel(demo, outlet, MemoryNotebook(), environment={}), Channel)


def test_a_minimal_file_and_its_defaults(path: Path) -> None:
    found = loaded(path)

    assert found.data == path.parent.resolve() / "var"
    assert found.database == f"sqlite:///{found.data}/newsroom.db"
    assert (found.broker, found.listen) == ("", "127.0.0.1:8000")
    assert found.site == found.data / "site"
    assert found.newsroom.site.url == "http://127.0.0.1:8000"
    assert found.newsroom.outlets[0].options == {"hub": "https://hub.example/"}


def test_the_environment_overrides_the_file(path: Path) -> None:
    found = loaded(
        path,
        MINIMAL + '[engine]\ndata = "here"\nlisten = "0.0.0.0:80"\nlease = 20\n',
        TONGFA_DATA="/srv/tongfa",
        TONGFA_DATABASE_URL="postgresql+psycopg://db/tongfa",
        TONGFA_BROKER_URL="redis://redis/0",
        TONGFA_LISTEN="[::1]:8001",
        TONGFA_SITE_URL="https://www.wushan.gov.cn",
    )

    assert found.data == Path("/srv/tongfa")
    assert (found.database, found.broker) == ("postgresql+psycopg://db/tongfa", "redis://redis/0")
    assert (found.listen, found.newsroom.site.url) == ("[::1]:8001", "https://www.wushan.gov.cn")
    assert found.pace.lease == timedelta(seconds=20)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ('id_code = "6205240001"', 'id_code = "62"', "site.id_code"),
        ('id_code = "6205240001"', "", "site.id_code"),
        ('short_name = "武山融媒"', 'short_name = "武山融媒"\nnmae = "x"', "newsroom.nmae"),
        ('keywords = ["要闻"]', "keywords = []", "column.1.keywords"),
        ('id = "feeds"', 'id = "RSS 订阅"', "channel.1.id"),
        ("[[column]]", "[engine]\nleese = 3\n[[column]]", "engine.leese"),
        ("[[column]]", '[[site.purge]]\naddress = "http://cache/"\n[[column]]', "site.purge.1"),
        ("[[column]]", '[[site.purge]]\naddress = "cache{path}"\n[[column]]', "site.purge.1.address"),
        ("[[column]]", '[[site.purge]]\naddress = "http://a{path}"\nmethod = "P U"\n[[column]]', "site.purge.1.method"),
        ('id_code = "6205240001"', 'id_code = "6205240001"\nheld = -1', "site.held"),
        ("[[column]]", '[engine]\nlisten = "8000"\n[[column]]', "engine.listen"),
        ("[[column]]", '[engine]\nworkers = "many"\n[[column]]', "engine.workers"),
        ('short_name = "武山融媒"', 'short_name = "x"\ntimezone = "Asia/Wushan"', "newsroom.timezone"),
        ("[[column]]", '[house]\nspaced_names = "wide"\n[[column]]', "house.spaced_names"),
        ("[[column]]", "[house]\nspaced_name = true\n[[column]]", "house.spaced_name"),
        ('short_name = "武山融媒"', "short_name = 武山", "TOML"),
    ],
)
def test_a_mistake_is_told_by_its_key(path: Path, before: str, after: str, field: str) -> None:
    assert before in MINIMAL
    assert problems(path, MINIMAL.replace(before, after, 1)).keys() == {field}


LOCALES = [("zh_CN", "zh-CN"), ("zh_Hans_SG", "zh-Hans-SG"), ("ug_CN.UTF-8", "ug-CN"), ("uz_UZ@cyrillic", "uz-UZ")]


@pytest.mark.parametrize(("locale", "language"), [*LOCALES, ("bo", "bo")])
def test_the_language_of_what_is_published(locale: str, language: str) -> None:
    assert newsroom_of().model_copy(update={"locale": locale}).language == language


@pytest.mark.parametrize(("kind", "files"), [(Website, 5), (Feeds, 5), (App, 3)])
def test_every_outlet_names_the_same_language(kind: type[Channel], files: int, tmp_path: Path) -> None:
    outlet = Outlet(id=kind.kind, kind=kind.kind, name="outlet")
    foreign = newsroom_of(outlet).model_copy(update={"locale": "ug_CN.UTF-8"})
    setting = Setting(outlet=outlet, newsroom=foreign, data=tmp_path, notebook=MemoryNotebook())
    Rehearsal(kind(setting)).publish(revision_of(article_of()))
    public = [path.read_text("utf-8") for path in tmp_path.rglob("*.*") if path.suffix in (".html", ".xml", ".json")]
    named = [re.sub('<meta property="og:locale"[^>]*>', "", text) for text in public if "ug-" in text.lower()]
    assert len(named) >= files
    assert not any("ug_CN" in text for text in named)


def test_the_house_prints_plainly_unless_it_says_otherwise(path: Path) -> None:
    assert loaded(path).newsroom.house.spaced_names is False
    assert newsroom.load(newsroom.demo_file(), {}).newsroom.house.spaced_names is False
    assert loaded(path, MINIMAL + "[house]\nspaced_names = true\n").newsroom.house.spaced_names is True


def test_mistakes_are_told_together(path: Path) -> None:
    text = MINIMAL.replace('icp = "陇ICP备00000000号"', "").replace('name = "要闻"', "")

    assert problems(path, text) == {"site.icp": "Field required", "column.1.name": "Field required"}


def test_ids_are_used_once(path: Path) -> None:
    channel = MINIMAL[MINIMAL.index("[[channel]]") :]

    [message] = problems(path, MINIMAL + channel).values()

    assert "id used twice: feeds" in message


def test_where_the_file_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadConfiguration) as refused:
        newsroom.locate(None, {})
    assert "newsroom init DIR" in str(refused.value.problems[0].remedy)

    usual = tmp_path / "config" / "newsroom.toml"
    usual.parent.mkdir()
    usual.touch()
    assert newsroom.locate(None, {}) == usual
    (tmp_path / "newsroom.toml").touch()
    assert newsroom.locate(None, {}) == tmp_path / "newsroom.toml"
    assert newsroom.locate(None, {"TONGFA_CONFIG": str(usual)}) == usual
    assert newsroom.locate("newsroom.toml", {"TONGFA_CONFIG": str(usual)}) == tmp_path / "newsroom.toml"
    with pytest.raises(BadConfiguration):
        newsroom.locate("gone.toml", {"TONGFA_CONFIG": str(usual)})


@pytest.mark.parametrize("kind", ["weibo", "no.such.module:Kind", "pathlib:NoSuchName", "pathlib:Path"])
def test_a_kind_that_is_none(path: Path, kind: str) -> None:
    configuration = loaded(path)

    with pytest.raises(BadConfiguration) as refused:
        newsroom.open_channel(configuration, Outlet(id="x", kind=kind, name="x"), MemoryNotebook(), environment={})

    [problem] = refused.value.problems
    assert kind in str(problem.message)
    assert problem.remedy.template


def test_a_third_partys_kind_is_named_by_module_and_class() -> None:
    assert newsroom.kind("tests.standins.kinds:Keyed").kind == "keyed"


# -- what releases ask the system for -----------------------------------------------------------------------


def test_real_time_and_shorter_turns_are_off_until_they_are_asked_for(path: Path) -> None:
    usual = loaded(path)
    assert (usual.real_time, usual.turn) == (False, timedelta(seconds=sys.getswitchinterval()))
    asked = loaded(path, MINIMAL + "[engine]\nreal_time = true\nturn = 0.0002\n")
    assert (asked.real_time, asked.turn) == (True, timedelta(microseconds=200))


@pytest.mark.parametrize("line", ["turn = 0", "turn = -1", 'turn = "soon"', 'real_time = "when there is time"'])
def test_what_releases_cannot_ask_for_is_refused(path: Path, line: str) -> None:
    assert problems(path, f"{MINIMAL}[engine]\n{line}\n").keys() == {f"engine.{line.split(maxsplit=1)[0]}"}


def test_the_doctor_says_so_where_the_system_does_not_let_releases_come_first(path: Path) -> None:
    configuration = loaded(path, MINIMAL + "[engine]\nreal_time = true\n")
    signs = signs_of_life(configuration)
    signs.mkdir(parents=True)
    sign(signs / f"releases-{os.getpid()}")
    [finding] = doctor.priority(configuration)
    assert finding.problem is not None
    assert finding.problem.field == "[engine] real_time"
    assert not list(doctor.priority(loaded(path))), "nobody asked for it"


def test_a_lease_has_to_leave_time_for_a_deed(path: Path) -> None:
    with pytest.raises(BadConfiguration) as caught:
        loaded(path, MINIMAL + "[engine]\nlease = 6\n")
    (problem,) = caught.value.problems
    assert problem.field == "engine.settle"
    assert "half of the lease" in str(problem.message)
    assert loaded(path, MINIMAL + "[engine]\nlease = 6\nsettle = 2\n").pace.settle == timedelta(seconds=2)
