"""An archive taken over: dated as it is, once, whatever happens meanwhile; afterwards an article like any other."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from lxml import etree
from sqlalchemy import select

from pipeline.channel import Rendition, Standing
from pipeline.commands.importing import Reader, Scratch
from pipeline.engine import Engine, Unfit
from pipeline.engine import importing as engine_importing
from pipeline.engine.importing import Import, Result
from pipeline.manuscript import archive
from pipeline.manuscript.words import shipped
from pipeline.newsroom import load
from pipeline.record import tables
from pipeline.record.gate import Wake
from pipeline.record.importing import Came, Part
from pipeline.record.report import Report
from pipeline.record.store import Store
from pipeline.rollout import DeliveryState, Pace, RolloutState
from pipeline.testing import article_of, picture
from tests.standins.running import ROOT

CHANNELS = ("website", "feeds", "app")
NEWSROOM = """
[newsroom]
name = "青河县融媒体中心"
short_name = "青河融媒"
tag_authority = "www.qinghe.gov.cn,2020"

[site]
url = "http://127.0.0.1:8000"
name = "青河县人民政府"
domain = "www.qinghe.gov.cn"
id_code = "6205240001"
organiser = "青河县人民政府办公室"
contact = "0938-0000000"
icp = "陇ICP备00000000号"
police = "甘公网安备00000000000000号"
description = "青河县人民政府门户网站"

[[column]]
id = "yaowen"
name = "青河要闻"
description = "重要新闻"
keywords = ["青河县"]

[[column]]
id = "xiangzhen"
name = "乡镇动态"
description = "乡镇工作"
keywords = ["乡镇"]
series = "乡镇动态"

[[channel]]
id = "website"
kind = "website"
name = "县政府网站"

[[channel]]
id = "feeds"
kind = "feeds"
name = "订阅"

[[channel]]
id = "app"
kind = "app"
name = "客户端"

[[channel]]
id = "post"
kind = "tests.standins.kinds:Asking"
endpoint = "http://127.0.0.1:9"
name = "快讯"
"""
MANY = 70
SMALL = 20
"""Articles of a batch in these tests: three and a half of them."""


class House(NamedTuple):
    engine: Engine
    folder: Path
    """The archive."""
    wakes: list[Wake]
    environment: dict[str, str]

    @property
    def store(self) -> Store:
        return self.engine.store

    @property
    def site(self) -> Path:
        return self.engine.configuration.site

    def take_over(self, *, dry: bool = False) -> Result:
        """The whole folder imported in this process."""
        whole = Result()
        importing = Import(self.engine, "记者甲")
        reader = Reader(self.folder, importing.newsroom, shipped(), "", self.engine.clock.now())
        for result in importing.finished():
            whole.imported += result.imported
        scratch = Scratch()
        for file in archive.manuscripts(self.folder, Counter()):
            one = reader.one(file)
            assert not one.problems
            scratch.keep(one)
        for batch in scratch.batches(reader):
            result = importing.imported(batch, dry=dry)
            whole.imported += result.imported
            whole.known += result.known
            whole.unseen += result.unseen
            whole.refused |= result.refused
        scratch.close()
        return whole

    def command(self, *words: str, killed: str = "") -> subprocess.CompletedProcess[str]:
        """A command as a process; `killed`: after which call of which function it kills itself, `module:name:n`."""
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, killed, str(SMALL), *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def work(self) -> None:
        """Whatever has been asked for is done."""
        while self.wakes:
            self.engine.run(self.wakes.pop(0).delivery_id)

    def reports(self) -> list[Report]:
        return [one for state in RolloutState for one in self.store.reports([state])]


PROGRAM = """
import os, signal, sys
from importlib import import_module
from pipeline.engine import importing
killed, small, *words = sys.argv[1:]
importing.BATCH = int(small)
if killed:
    module, name, count = killed.split(":")
    owner, _, attribute = name.rpartition(".")
    owner = getattr(import_module(module), owner)
    true, left = getattr(owner, attribute), [int(count)]
    def counted(*given, **named):
        made = true(*given, **named)
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return made
    setattr(owner, attribute, counted)
sys.argv = ["newsroom", *words]
from pipeline.commands import main
main.main_newsroom()
"""
KILLED = (
    "pipeline.record.importing:Importing.reserve:1",
    "pipeline.record.importing:Importing.take_over:1",
    "channels.files:Files.write:7",
    "channels.files:Files.write:60",
    "channels.feeds.writing:Writing.rewrite_all:2",
    "channels.app.tree:Tree.bring_up_to_date:2",
    "channels.tree:TreeChannel._rebuilt:6",
    "pipeline.record.importing:Importing.finish:2",
)
"""Where an import is killed: before anything, in the middle of files, lists and feeds, right before it is recorded, and
between two batches."""


@pytest.fixture
def house(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(engine_importing, "BATCH", SMALL)
    monkeypatch.setattr("pipeline.commands.importing.BATCH", SMALL)
    file = tmp_path / "newsroom.toml"
    file.write_text(NEWSROOM, encoding="utf-8")
    chosen = {"TONGFA_DATA": str(tmp_path / "var"), "TONGFA_DATABASE_URL": database}
    configuration = load(file, chosen).model_copy(update={"pace": Pace(lead=timedelta(0))})
    configuration.data.mkdir()
    wakes: list[Wake] = []
    store = Store(configuration.database, pace=configuration.pace, locks=configuration.data / "run/locks")
    store.migrate()
    environment = {**os.environ, **chosen, "TONGFA_CONFIG": str(file)}
    folder = tmp_path / "archive"
    folder.mkdir()
    engine = Engine(configuration, store, send=wakes.extend)
    yield House(engine, folder, wakes, environment)
    store.close()


def old(house: House, count: int, *, since: int = 0) -> None:
    """Manuscripts of two columns, one a day, in folders by year and month; file 0 is of the first day."""
    for n in range(since, since + count):
        day = datetime(2015, 3, 1, tzinfo=UTC) + timedelta(days=n)
        path = house.folder / f"{day:%Y/%m}" / f"{n:03d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        column = ("yaowen", "xiangzhen")[n % 2]
        path.write_text(
            f"---\n标题: 青河县第{n}篇旧稿\n栏目: {column}\n日期: {day:%Y-%m-%d} 09:30\n来源: 青河县融媒体中心\n"
            f"记者: 张三\n---\n\n第{n}篇旧稿的正文。群众反映良好。\n",
            encoding="utf-8",
        )


def entries(house: House, channel: str) -> list[tuple[int, str]]:
    """(ordinal, headline) of what stands on a channel, the oldest first."""
    catalogue = house.store.catalogue(channel, house.engine.clock.now, house.engine.newsroom.columns)
    found = catalogue.span(-10_000, 10_000)
    return [(entry.ordinal, entry.revision.article.headline) for entry in found]


def all_is_well(house: House, count: int) -> None:
    """Every manuscript is there once, complete, in the order of the dates, on every channel."""
    reports = house.reports()
    assert len(reports) == count
    assert {one.state for one in reports} == {RolloutState.COMPLETE}
    states = {(one.state, one.channel) for report in reports for one in report.deliveries}
    assert states == {(DeliveryState.VERIFIED, channel) for channel in CHANNELS}
    for channel in CHANNELS:
        found = entries(house, channel)
        assert found == [(n - count, f"青河县第{n}篇旧稿") for n in range(count)]
    assert len({one.headline for one in reports}) == count
    pages = [path for path in house.site.glob("20*/*/a*.html") if "gone" not in path.name]
    assert len(pages) == count
    titles = [
        item.findtext("title")
        for path in house.site.glob("feeds/rss-archive-*.xml")
        for item in etree.parse(path).iter("item")
    ]
    assert sorted(map(str, titles)) == sorted(f"青河县第{n}篇旧稿" for n in range(count))
    told = [
        change["id"]
        for path in (house.site / "app/api").glob("changes*")
        for file in ([path] if path.is_file() else path.iterdir())
        for change in json.loads(file.read_bytes())["changes"]
    ]
    assert len(set(told)) == count
    assert house.store.audit().holds


def public(house: House) -> dict[str, bytes]:
    return {
        str(path.relative_to(house.site)): path.read_bytes()
        for path in house.site.rglob("*")
        if path.is_file() and ".staging" not in path.parts
    }


def test_an_archive_is_dated_as_it_is_and_marked(house: House) -> None:
    old(house, MANY)
    result = house.take_over()
    assert (result.imported, result.known, result.unseen, result.refused) == (MANY, 0, 0, {})
    house.store.seal()
    all_is_well(house, MANY)
    with house.store.reading() as tx:
        rows = tx.execute(select(tables.article).order_by(tables.article.c.published_at)).all()
    assert [row.imported_from for row in rows][:2] == ["2015/03/000.md", "2015/03/001.md"]
    assert [f"{row.published_at.astimezone(house.engine.newsroom.zone):%Y-%m-%d %H:%M}" for row in rows][:2] == [
        "2015-03-01 09:30",
        "2015-03-02 09:30",
    ]
    report = house.store.report(house.store.latest_rollout(f"a{rows[0].id}"))
    assert report.articles[0].imported_from == "2015/03/000.md"
    assert report.editor == "记者甲"
    assert {one.evidence.standing for one in report.deliveries if one.evidence} == {Standing.LIVE}
    assert [one.what for one in house.store.events(report.rollout)] == [
        "import accepted",
        *["import verified"] * 3,
        "rollout complete",
    ]
    assert house.store.health(house.engine.clock.now()).imported == MANY
    assert house.store.articles(5) == []
    assert len(house.store.articles(5, imported=True)) == 5


def test_a_second_import_adds_only_what_is_new(house: House) -> None:
    old(house, 5)
    house.take_over()
    before = public(house)
    assert house.take_over().known == 5
    assert public(house) == before
    old(house, 3, since=5)
    result = house.take_over()
    assert (result.imported, result.known) == (3, 5)
    assert [n for n, _ in entries(house, "website")] == [*range(-8, 0)]


def test_nothing_is_brought_back_that_was_withdrawn_after_its_import(house: House) -> None:
    old(house, 3)
    house.take_over()
    gone = next(one.article for one in house.reports() if one.headline == "青河县第1篇旧稿")
    house.engine.withdraw(gone, reason="与事实不符", editor="记者甲")
    house.work()
    result = house.take_over()
    assert (result.imported, result.known) == (0, 3)
    assert not list(house.site.glob(f"2015/03/{gone}.html"))
    assert list(house.site.glob(f"2015/03/{gone}.gone.html"))


def test_news_before_and_after_an_archive_stays_the_news(house: House) -> None:
    """What readers of the home page and of the feeds see: the archive is where they look for the past."""
    for n in range(3):
        house.engine.publish(article_of(f"新闻{n}"), {}, editor="记者甲", channels=CHANNELS)
        house.work()
    old(house, MANY)
    feed = (house.site / "feeds/rss.xml").read_bytes()
    house.take_over()
    titles = [item.findtext("title") for item in etree.parse(house.site / "feeds/rss.xml").iter("item")]
    assert titles == ["新闻2", "新闻1", "新闻0"]
    assert etree.fromstring(feed).findall(".//item") != []
    home = (house.site / "index.html").read_text(encoding="utf-8").replace("<wbr>", "")
    assert home.index("新闻2") < home.index("新闻0") < home.index(f"青河县第{MANY - 1}篇旧稿")
    assert "新闻" in (house.site / "sitemap-news.xml").read_text(encoding="utf-8")
    assert "旧稿" not in (house.site / "sitemap-news.xml").read_text(encoding="utf-8")
    house.engine.publish(article_of("新闻3"), {}, editor="记者甲", channels=CHANNELS)
    house.work()
    assert [n for n, _ in entries(house, "website")][-4:] == [1, 2, 3, 4]
    latest = json.loads((house.site / "app/api/latest.json").read_bytes())
    assert [one["ordinal"] for one in latest["items"]][:5] == [4, 3, 2, 1, -1]


def test_an_imported_article_is_corrected_and_withdrawn_like_any(house: House) -> None:
    house.engine.publish(article_of("新闻"), {}, editor="记者甲", channels=CHANNELS)
    house.work()
    old(house, 4)
    house.take_over()
    known = {one.headline: one.article for one in house.reports()}
    corrected = house.store.revision(known["青河县第2篇旧稿"]).article
    house.engine.correct(
        known["青河县第2篇旧稿"],
        corrected.model_copy(update={"body": "<p>更正后的正文。</p>"}),
        {},
        editor="记者甲",
        note="日期有误",
    )
    house.work()
    report = house.store.report(house.store.latest_rollout(known["青河县第2篇旧稿"]))
    assert (report.state, {one.state for one in report.deliveries}) == (
        RolloutState.COMPLETE,
        {DeliveryState.VERIFIED},
    )
    page = next(house.site.glob(f"2015/03/{report.article}.html")).read_text(encoding="utf-8")
    assert "更正后的正文" in page
    assert "2015-03-03" in page
    house.engine.withdraw(known["青河县第0篇旧稿"], reason="与事实不符", editor="记者甲")
    house.work()
    items = etree.parse(house.site / "feeds/rss.xml").findall(".//item")
    assert len(items) == 3  # the news; what was corrected and what was withdrawn has to be told
    gone = house.store.report(house.store.latest_rollout(known["青河县第0篇旧稿"]))
    assert {one.state for one in gone.deliveries} == {DeliveryState.WITHDRAWN}


def test_what_a_correction_overtakes_in_the_middle_is_left_to_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    old(house, 4)
    true = Import._seen

    def overtaken(self: Import, parts: Sequence[Part], renditions: Mapping[tuple[str, str], Rendition]) -> list[Came]:
        article = parts[0].revision.article.model_copy(update={"body": "<p>更正后的正文。</p>"})
        house.engine.correct(parts[0].revision.id, article, {}, editor="记者乙", note="有误")
        return true(self, parts, renditions)

    monkeypatch.setattr(Import, "_seen", overtaken)
    house.take_over()
    house.work()
    corrected = next(one for one in house.reports() if one.action == "correct")
    assert (corrected.state, {one.state for one in corrected.deliveries}) == (
        RolloutState.COMPLETE,
        {DeliveryState.VERIFIED},
    )
    assert not [one for one in house.reports() if one.state not in (RolloutState.COMPLETE, RolloutState.CANCELLED)]
    page = next(house.site.glob(f"2015/03/{corrected.article}.html")).read_text(encoding="utf-8")
    assert "更正后的正文" in page


@pytest.mark.parametrize("killed", KILLED)
def test_killed_and_repeated_everything_is_there_once(house: House, killed: str) -> None:
    old(house, MANY)
    done = house.command("import", str(house.folder), killed=killed)
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = house.command("import", str(house.folder), "--json")
    assert again.returncode == 0, again.stderr
    all_is_well(house, MANY)
    third = house.command("import", str(house.folder), "--json")
    assert json.loads(third.stdout)["imported"] == 0
    assert json.loads(third.stdout)["known"] == MANY


def test_what_a_killed_import_left_the_workers_finish_if_nobody_repeats_it(house: House) -> None:
    old(house, 6)
    done = house.command("import", str(house.folder), killed="channels.files:Files.write:12")
    assert done.returncode == -signal.SIGKILL, done.stderr
    with house.store.writing() as tx:  # ten minutes later
        tx.execute(tables.delivery.update().values(due=house.engine.clock.now(), wake_at=house.engine.clock.now()))
    while house.engine.sweep():
        house.work()
    all_is_well(house, 6)


def test_a_lost_site_is_made_again_from_the_record(house: House) -> None:
    house.engine.publish(article_of("新闻"), {}, editor="记者甲", channels=CHANNELS)
    house.work()
    old(house, MANY)
    house.take_over()
    gone = next(one.article for one in house.reports() if one.headline == "青河县第1篇旧稿")
    house.engine.withdraw(gone, reason="与事实不符", editor="记者甲")
    house.work()
    before = public(house)
    shutil.rmtree(house.site)
    assert house.command("rebuild", "--check").returncode == 1
    done = house.command("rebuild")
    assert (done.returncode, done.stdout.count(f" {MANY + 1} ")) == (0, len(CHANNELS)), done.stderr
    after = public(house)
    differing = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert {path for path in differing if not path.startswith("app/api/changes")} == set()
    checked = house.command("rebuild", "--check")
    assert (checked.returncode, len(checked.stdout.splitlines())) == (0, 1), checked.stdout
    (house.site / "index.html").write_text("<h1>改过的首页</h1>", encoding="utf-8")
    checked = house.command("rebuild", "website", "--check")
    assert (checked.returncode, checked.stdout.splitlines()[0]) == (1, "website: http://127.0.0.1:8000/index.html")


def test_one_article_that_cannot_go_out_holds_up_no_other(house: House) -> None:
    old(house, 4)
    bad = house.folder / "2015/03/002.md"
    bad.write_text(bad.read_text(encoding="utf-8").replace("群众", "群\ufffe众"), encoding="utf-8")
    (house.folder / "undated.md").write_text("---\n标题: 没有日期\n---\n\n正文。\n", encoding="utf-8")
    (house.folder / "nowhere.md").write_text(
        "---\n标题: 没有栏目\n栏目: 无此栏目\n日期: 2015-01-01\n---\n\n正文。\n", encoding="utf-8"
    )
    (house.folder / "2014-05-06 附件.md").write_text("---\n标题: 日期在文件名\n---\n\n正文。\n", encoding="utf-8")
    (house.folder / "table.xlsx").write_bytes(b"-")
    dry = house.command("import", str(house.folder), "--json", "--dry-run")
    told = house.command("import", str(house.folder), "--json")
    assert told.returncode == 2
    *refused, answer = map(json.loads, told.stdout.splitlines())
    assert {one["file"] for one in refused} >= {"undated.md", "nowhere.md"}
    assert {one["field"] for refusal in refused for one in refusal["problems"]} >= {"date", "column"}
    assert answer["passed_over"] == {".xlsx": 1}
    assert answer["refused"] == len(refused)
    assert answer["imported"] + len(refused) == 7
    assert answer["imported"] == json.loads(dry.stdout.splitlines()[-1])["imported"]
    assert "日期在文件名" in {one.headline for one in house.reports()}
    people = house.command("import", str(house.folder))
    assert "undated.md" in people.stderr


def test_a_dry_run_takes_nothing_over(house: House) -> None:
    old(house, 5)
    assert house.take_over(dry=True).imported == 5
    assert house.reports() == []
    with suppress(FileNotFoundError):
        assert not list(house.site.glob("2015/*"))


def test_channels_that_cannot_take_an_archive_are_refused_by_name(house: House) -> None:
    with pytest.raises(Unfit) as refused:
        Import(house.engine, "记者甲", ["website", "post"])
    assert list(refused.value.problems) == ["post"]
    assert "快讯" in str(refused.value.problems["post"][0].message)
    assert [one.id for one in Import(house.engine, "记者甲").outlets] == [*CHANNELS]
    told = house.command("import", str(house.folder), "--channels", "post")
    assert told.returncode == 2
    assert "快讯" in told.stderr


def test_pictures_of_an_archive_stand_in_the_record_and_in_public(house: House) -> None:
    _, data = picture("#8e1a17", (640, 400))
    old(house, 2)
    (house.folder / "2015/03/pic.jpg").write_bytes(data)
    path = house.folder / "2015/03/000.md"
    path.write_text(path.read_text(encoding="utf-8") + "\n![现场](pic.jpg)\n", encoding="utf-8")
    result = house.take_over()
    assert (result.imported, result.unseen) == (2, 0)
    assert list(house.site.glob("2015/03/a*/*.jpg"))
    assert list(house.site.glob("feeds/media/a*/*"))
    assert list(house.site.glob("app/api/media/a*/*"))


def test_an_imported_number_of_a_series_is_kept_and_none_is_given(house: House) -> None:
    old(house, 3)
    for n, number in ((0, 4), (1, 4)):
        path = house.folder / f"2015/03/00{n}.md"
        text = path.read_text(encoding="utf-8").replace("栏目: yaowen", "栏目: xiangzhen")
        path.write_text(text.replace("来源:", f"序号: {number}\n来源:"), encoding="utf-8")
    result = house.take_over()
    assert result.imported == 2
    assert list(result.refused) == ["2015/03/000.md"]
    with house.store.reading() as tx:
        assert sorted(filter(None, tx.scalars(select(tables.article.c.number)))) == [4]
