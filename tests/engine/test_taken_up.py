"""From one configuration to the next: what a step goes by, what becomes of the adapters, and what the record remembers
of where channels brought their articles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from channels.feeds import Feeds
from pipeline.article import Article, Column, Outlet
from pipeline.channel import Receipt, Refused
from pipeline.commands import standing
from pipeline.engine import Engine, Unfit
from pipeline.engine.importing import rebuilt
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.record import grounds
from pipeline.record.store import Store
from pipeline.testing import article_of, newsroom_of
from pipeline.workers import tasks
from tests.engine.bench import PACE, RUNNING, Bench
from tests.engine.simulation import TROUBLE, ManualClock


def feeds(id: str = "feeds", root: str = "site/feeds", **more: Any) -> Outlet:
    own = {name: more.pop(name) for name in ("name", "retired", "required", "kind") if name in more}
    told = {"kind": "feeds", "name": f"订阅{id}", **own}
    return Outlet(id=id, **told, options={"root": root, "verify": "storage", **more})


def account(id: str, appid: str) -> Outlet:
    return Outlet(id=id, kind="wechat", name=id, options={"appid": appid, "secret_env": "PATH"})


class House:
    """A record, and the engine of a worker that is started anew, or takes up another file while it runs."""

    def __init__(self, database: str, data: Path) -> None:
        self.data, self.database = data, database
        self.clock = ManualClock()
        self.store = Store(database, pace=PACE, locks=data / "locks")
        self.store.migrate()
        self.engine: Engine

    def configuration(self, *outlets: Outlet) -> Configuration:
        return Configuration(
            path=self.data / "newsroom.toml",
            newsroom=newsroom_of(*outlets),
            pace=PACE,
            data=self.data,
            database=self.database,
            broker="",
            workers=1,
            releases=3,
            listen="",
        )

    def start(self, *outlets: Outlet) -> None:
        self.engine = Engine(self.configuration(*outlets), self.store, clock=self.clock, chance=lambda: 0.0)
        self.engine.channels.settle()

    def take_up(self, *outlets: Outlet) -> None:
        self.engine.take_up(self.configuration(*outlets))

    def publish(self, headline: str, *channels: str) -> str:
        known = self.engine.publish(article_of(headline), {}, editor="记者甲", channels=channels).article_id
        self.run()
        return known

    def correct(self, known: str) -> str:
        article: Article = self.store.revision(known).article.model_copy(update={"body": "<p>更正</p>"})
        rollout = self.engine.correct(known, article, {}, editor="记者甲", note="有误").rollout_id
        self.run()
        return rollout

    def run(self) -> None:
        for _ in range(200):
            for one in self.store.overdue(self.clock.now()):
                self.engine.run(one.delivery_id)
            if not self.store.reports(RUNNING):
                return
            self.clock.advance(PACE.lead)
        raise AssertionError("it hangs")

    def states(self, known: str) -> Mapping[str, str]:
        report = self.store.report(self.store.latest_rollout(known) if known.startswith("a") else known)
        return {one.channel: one.state for one in report.deliveries}

    def amiss(self) -> list[str]:
        found = standing.of_channels(self.store, self.engine.newsroom)
        return [f"{one.what}: {one.problem.message} → {one.problem.remedy}" for one in found if one.problem]


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    made = House(database, tmp_path)
    with closing(made.store):
        yield made


def refused(deed: Callable[[], object]) -> str:
    with pytest.raises(BadConfiguration) as told:
        deed()
    return "; ".join(f"{one.field}: {one.message} → {one.remedy}" for one in told.value.problems)


# -- steps and adapters ----------------------------------------------------------------------------------


def test_a_step_under_way_ends_with_the_configuration_that_it_began_with(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.start(feeds())
    before, closed, seen = house.engine.channel("feeds"), [], []
    monkeypatch.setattr(Feeds, "close", lambda self: closed.append(self.outlet.name))
    prepare = Feeds.prepare

    def changed_meanwhile(self: Feeds, delivery: Any) -> Receipt:
        if not seen:
            house.take_up(feeds(name="青河订阅"))
            assert house.engine.channel("feeds").outlet.name == "青河订阅", "others begin with the new one"
            assert closed == [], "somebody is at work with the former one"
        seen.append((self, delivery.configured.outlets[0].name))
        return prepare(self, delivery)

    monkeypatch.setattr(Feeds, "prepare", changed_meanwhile)
    known = house.publish("一")
    assert seen == [(before, "订阅feeds")]
    assert closed == ["订阅feeds"]
    assert house.states(known) == {"feeds": "verified"}


def test_what_was_prepared_before_a_change_goes_out_as_it_is_after_it(house: House) -> None:
    house.start(feeds())
    accepted = house.engine.publish(article_of("一"), {}, editor="记者甲")
    house.engine.run(accepted.wakes[0].delivery_id)
    newsroom = house.engine.newsroom
    site = newsroom.site.model_copy(update={"url": "https://www.qinghe.example"})
    house.engine.take_up(
        house.configuration().model_copy(update={"newsroom": newsroom.model_copy(update={"site": site})})
    )
    house.run()
    assert house.states(accepted.article_id) == {"feeds": "verified"}
    assert "https://www.qinghe.example/" in (house.data / "site/feeds/rss.xml").read_text(encoding="utf-8")


def test_a_channel_that_fails_to_open_is_refused_if_it_is_new(house: House) -> None:
    house.start(feeds())
    told = refused(lambda: house.take_up(feeds(), feeds("x", "site/x", kind="no.such.module:Kind")))
    assert "the kind no.such.module:Kind cannot be loaded" in told
    assert [one.id for one in house.engine.newsroom.outlets] == ["feeds"]
    assert house.states(house.publish("照旧")) == {"feeds": "verified"}


def test_instants_are_met_together_across_a_change(bench: Bench) -> None:
    before = bench.engine.steps._line
    bench.engine.take_up(bench.engine.configuration)
    assert bench.engine.steps._line is before


# -- one place for each ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "roots",
    [
        ("site/feeds", "site/feeds"),
        ("site/feeds", "./site//other/../feeds"),
        ("site/feeds", "link"),
        ("site/feeds", "site/feeds/inner"),
        ("site/feeds/inner", "site/feeds"),
        ("memory://bucket/feeds", "memory://bucket/feeds/"),
        ("memory://bucket", "memory://bucket/feeds"),
    ],
)
def test_two_feeds_in_one_place_are_refused_with_both_names(house: House, roots: tuple[str, str]) -> None:
    (house.data / "link").symlink_to("site/feeds")
    two = (feeds("feeds", roots[0]), feeds("rss", roots[1]))
    told = refused(lambda: house.start(*two))
    assert "订阅feeds (feeds) and 订阅rss (rss) have one place" in told
    house.start(feeds("feeds", roots[0]))
    assert refused(lambda: house.take_up(*two)) == told
    with pytest.raises(BadConfiguration):
        Engine(house.configuration(*two), house.store).publish(article_of("一"), {}, editor="记者甲")


def test_what_stands_beside_or_is_of_another_kind_is_no_clash(house: House) -> None:
    site = Outlet(id="website", kind="website", name="网站", options={"root": "site"})
    house.start(site, feeds(), feeds("rss", "site/feeds-two"), account("fabu", "wx1"), account("rongmei", "wx2"))


def test_one_account_twice_is_refused(house: House) -> None:
    told = refused(lambda: house.start(account("fabu", "wx1"), account("rongmei", "wx1")))
    assert "fabu (fabu) and rongmei (rongmei) have one place, wechat:wx1" in told


def test_two_kinds_over_one_root_are_refused(house: House) -> None:
    app = Outlet(id="app", kind="app", name="客户端", options={"root": "site/feeds"})
    assert "订阅feeds (feeds) and 客户端 (app) have one place" in refused(lambda: house.start(feeds(), app))


def test_a_place_in_the_data_folder_is_the_same_on_every_machine(house: House, tmp_path: Path) -> None:
    house.start(feeds())
    known = house.publish("一")
    house.data = tmp_path / "another-machine"
    house.start(feeds())
    assert house.amiss() == []
    assert house.states(known) == {"feeds": "verified"}


def test_a_worker_that_is_started_again_goes_by_what_the_others_go_by(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    right, wrong = house.configuration(feeds()), house.configuration(feeds(), feeds("rss"))
    with closing(tasks._started(right)) as first:
        assert first.configuration == right
    with pytest.raises(BadConfiguration):
        tasks._started(wrong)
    monkeypatch.setenv("TONGFA_ATTACHED", "1")
    with closing(tasks._started(wrong)) as second:
        assert second.configuration == right


# -- an id is for ever -----------------------------------------------------------------------------------


def test_a_channel_under_a_new_id_over_the_old_ones_place_is_refused(house: House) -> None:
    house.start(feeds())
    house.publish("一")
    told = refused(lambda: house.take_up(feeds("rss")))
    assert "is the place of the channel feeds (订阅feeds), of which something is public there" in told
    assert "call it feeds again" in told
    assert refused(lambda: house.start(feeds("rss"))) == told, "also when it is started anew"


def test_as_long_as_nothing_is_public_an_id_may_be_another(house: House) -> None:
    house.start(feeds())
    house.take_up(feeds("rss"))
    assert house.states(house.publish("一")) == {"rss": "verified"}
    assert house.amiss() == []


def test_another_kind_under_an_old_id_is_refused(house: House) -> None:
    house.start(feeds())
    house.publish("一")
    app = Outlet(id="feeds", kind="app", name="客户端", options={"root": "site/app"})
    told = refused(lambda: house.take_up(app))
    assert "feeds is of the kind app, but what is public there is of the kind feeds" in told
    assert "give the new channel an id of its own" in told


def test_a_removed_channel_is_named_as_long_as_something_is_public_there(house: House) -> None:
    house.start(feeds(), feeds("rss", "site/rss"))
    known = house.publish("一")
    house.take_up(feeds())
    [told] = house.amiss()
    assert told.startswith("channel 订阅rss (rss): the newsroom's file has it no more, but 1 articles are public there")
    house.take_up(feeds(), feeds("rss", "site/rss", retired=True))
    assert house.amiss() == []
    house.engine.withdraw(known, reason="撤", editor="记者甲")
    house.run()
    house.take_up(feeds())
    assert house.amiss() == [], "nothing is public there any more"


def test_a_channel_that_was_moved_is_named_until_it_is_rebuilt(house: House) -> None:
    house.start(feeds())
    house.publish("一")
    house.take_up(feeds(root="elsewhere"))
    [told] = house.amiss()
    assert "it is at elsewhere now; 1 articles are still public at site/feeds" in told
    assert "newsroom rebuild feeds" in told
    house.start(feeds(root="elsewhere"))
    assert house.amiss() == [told], "also after a restart"
    house.start(feeds())
    assert house.amiss() == [], "it was put back"
    house.start(feeds(root="elsewhere"))
    assert list(rebuilt(house.engine, "feeds"))
    assert house.amiss() == []
    assert "一" in (house.data / "elsewhere/rss.xml").read_text(encoding="utf-8")


def test_what_is_noted_is_noted_once(house: House) -> None:
    house.start(feeds())
    first = house.store.notebook(grounds.BOOK).read("feeds")
    house.start(feeds())
    house.take_up(feeds())
    assert first is not None
    again = house.store.notebook(grounds.BOOK).read("feeds")
    assert again is not None
    assert again.version == first.version


# -- columns ---------------------------------------------------------------------------------------------


def with_columns(house: House, *columns: Column) -> Configuration:
    newsroom = house.engine.newsroom
    return house.engine.configuration.model_copy(
        update={"newsroom": newsroom.model_copy(update={"columns": tuple(columns)})}
    )


def test_a_column_in_which_articles_stand_is_not_forgotten(house: House) -> None:
    house.start(feeds())
    first, *others = house.engine.newsroom.columns
    house.publish("一")
    house.engine.take_up(with_columns(house, first))
    assert house.engine.newsroom.columns == (first,), "nothing stood in the others"
    told = refused(lambda: house.engine.take_up(with_columns(house, *others)))
    assert told.startswith(f"column {first.id}: the file has it no more, but 1 articles stand in {first.name}")
    moved = first.model_copy(update={"address": "elsewhere", "name": "另一个名"})
    assert f"1 articles lead to {first.address}" in refused(lambda: house.engine.take_up(with_columns(house, moved)))
    known = moved.model_copy(update={"former_addresses": (first.address,)})
    house.engine.take_up(with_columns(house, known))
    assert house.states(house.publish("二")) == {"feeds": "verified"}
    house.engine.take_up(with_columns(house, known, *others))
    for one in house.store.articles(9):
        house.engine.withdraw(one.id, reason="撤", editor="记者甲")
    article = article_of("三", column=others[0].id)
    house.engine.publish(article, {}, editor="记者甲")
    house.run()
    house.engine.take_up(with_columns(house, *others))


# -- retired ---------------------------------------------------------------------------------------------


def test_a_retired_channel_takes_nothing_new_and_loses_nothing_old(house: House) -> None:
    house.start(feeds(), feeds("rss", "site/rss"))
    known, other = house.publish("一"), house.publish("二")
    house.take_up(feeds(), feeds("rss", "site/rss", retired=True))
    assert house.states(house.publish("三")) == {"feeds": "verified"}
    with pytest.raises(Unfit) as told:
        house.publish("四", "feeds", "rss")
    assert [str(one.message) for one in told.value.problems["rss"]] == ["订阅rss is retired: it takes no new articles"]
    assert house.states(house.correct(known)) == {"feeds": "verified", "rss": "verified"}
    assert "更正" in (house.data / "site/rss/rss.xml").read_text(encoding="utf-8")
    house.engine.withdraw(other, reason="撤", editor="记者甲")
    house.run()
    assert house.states(other) == {"feeds": "withdrawn", "rss": "withdrawn"}
    assert list(rebuilt(house.engine, "rss"))


def test_a_retired_channel_holds_nothing_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.start(feeds(), feeds("rss", "site/rss"))
    known = house.publish("一")
    house.take_up(feeds(), feeds("rss", "site/rss", retired=True))
    prepare = Feeds.prepare

    def fails(self: Feeds, delivery: Any) -> Receipt:
        if self.outlet.retired:
            raise Refused(TROUBLE)
        return prepare(self, delivery)

    monkeypatch.setattr(Feeds, "prepare", fails)
    assert house.states(house.correct(known)) == {"feeds": "verified", "rss": "failed"}


def test_where_all_are_retired_an_article_is_refused(house: House) -> None:
    house.start(feeds(retired=True))
    with pytest.raises(Unfit, match="every channel of the newsroom is retired"):
        house.publish("一")
