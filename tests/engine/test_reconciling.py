"""An older record under newer public trees: it is refused, told what it does not know, and then goes on with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from pipeline.article import Outlet
from pipeline.channel import Action
from pipeline.engine import Engine, Piece, backups, importing, reconciling
from pipeline.newsroom import Configuration, load
from pipeline.record import ids, restoring
from pipeline.record.gate import Wake
from pipeline.record.refusals import Impossible
from pipeline.record.reports import Reports
from pipeline.record.store import Store
from pipeline.rollout import DeliveryState, RolloutState, Step
from pipeline.testing import article_of, picture
from tests.channels.test_website import serving
from tests.engine.bench import RUNNING
from tests.engine.simulation import ManualClock, Outside, setting_for
from tests.engine.test_importing import NEWSROOM

FILES = ("website", "feeds", "app")


@pytest.fixture(autouse=True)
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids as a newsroom has them: those of two records differ."""
    monkeypatch.setattr(Reports, "numbered", staticmethod(ids.at_random))


class House:
    """A newsroom with website, feeds and app, and an outlet in memory that only answers."""

    def __init__(self, folder: Path, database: str, clock: ManualClock, post: Outside | None = None) -> None:
        self.folder, self.database, self.clock = folder, database, clock
        file = folder / "newsroom.toml"
        if not file.exists():
            file.write_text(NEWSROOM, encoding="utf-8")
        loaded = load(file, {"TONGFA_DATABASE_URL": database})
        self.configuration: Configuration = loaded
        self.store = Store(database, pace=loaded.pace, locks=folder / "locks")
        self.store.migrate()
        outlet = Outlet(id="post", kind="outside", name="快讯")
        self.post = post or Outside(setting_for(outlet, loaded.newsroom, folder), clock, lambda _: "")
        self.messages: list[Wake] = []
        self.engine = Engine(
            loaded,
            self.store,
            send=self.messages.extend,
            clock=clock,
            chance=lambda: 0.0,
            channels={"post": self.post},
        )

    def publish(self, headline: str, *, pictured: bool = False) -> str:
        images, media = [], {}
        body = f"<p>{headline}，正文。</p>"
        if pictured:
            image, data = picture("#456", (320, 180), headline)
            images, media = [image], {image.digest: data}
            body += f'<figure><img src="image:{image.digest}" alt="{image.alt}"/></figure>'
        article = article_of(headline, body=body, images=images, column="青河要闻")
        return self.engine.publish(article, media, editor="记者甲").article_id

    def correct(self, known: str, body: str) -> None:
        article = self.store.revision(known).article.model_copy(update={"body": body})
        self.engine.correct(known, article, {}, editor="记者甲", note="有误")

    def withdraw(self, known: str) -> None:
        self.engine.withdraw(known, reason="内容有误", editor="记者甲")

    def run(self) -> None:
        for _ in range(60):
            while self.messages:
                self.engine.run(self.messages.pop(0).delivery_id)
            if not self.store.reports(RUNNING):
                assert self.store.audit().holds
                return
            self.clock.advance(timedelta(seconds=2))
            self.engine.sweep()

    def pack(self) -> Path:
        place = self.folder / "a.backup"
        backups.write(self.configuration, self.store, place, self.clock.now())
        return place

    def opened(self) -> House:
        """The newsroom with its record as that stands now; three hours later."""
        self.store.close()
        self.clock.advance(timedelta(hours=3))
        return House(self.folder, self.database, self.clock, self.post)

    def restored(self, place: Path) -> House:
        packed = backups.checked(place)
        restoring.restore(self.store, place, packed.head, digest=packed.digest, who="记者甲", now=self.clock.now())
        return self.opened()

    def trees(self) -> dict[str, bytes]:
        """What is public."""
        root = self.configuration.site
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)
        }

    def states(self) -> dict[str, str]:
        return {line.headline: f"{line.action} {line.state}" for line in self.store.articles(99)}

    def differing(self) -> list[str]:
        return [place for channel in FILES for place in importing.differing(self.engine, channel)]


@pytest.fixture
def house(database: str, tmp_path: Path) -> House:
    return House(tmp_path, database, ManualClock())


def busy(house: House) -> tuple[Path, Mapping[str, str]]:
    """A copy in the middle of a day; afterwards much happens."""
    known = {name: house.publish(name) for name in ("甲", "乙", "丙")}
    house.run()
    known["途中"] = house.publish("途中")
    place = house.pack()
    house.run()
    known["新"] = house.publish("新", pictured=True)
    house.correct(known["甲"], "<p>甲，更正后的正文。</p>")
    house.withdraw(known["乙"])
    house.run()
    known["末"] = house.publish("末")
    house.run()
    return place, known


def test_an_older_record_is_refused_and_learns(house: House) -> None:
    place, known = busy(house)
    trees, deeds, before = house.trees(), [*house.post.deeds], house.states()
    after = house.restored(place)
    with pytest.raises(Impossible) as refused:
        reconciling.refuse_if_behind(after.engine)
    assert "older than what the public sees" in str(refused.value.problem.message)
    assert "restore a newer backup" in str(refused.value.problem.remedy)
    assert "--reconcile" in str(refused.value.problem.remedy)
    found = reconciling.news(after.engine)
    newer = reconciling.newer(found)
    assert {(one.headline, one.what) for one in newer} == {
        ("新", "published"),
        ("甲", "corrected"),
        ("乙", "withdrawn"),
        ("末", "published"),
    }
    assert all(one.channels == ("app", "feeds", "website") and one.unanswering == ("post",) for one in newer)
    made = reconciling.reconcile(after.engine, found, who="记者甲")
    assert not made.lost
    reconciling.refuse_if_behind(after.engine)
    after.engine.sweep()
    after.run()
    assert after.states() == before
    assert after.trees() == trees
    assert after.post.deeds == deeds
    assert after.differing() == []
    assert {one.article for one in newer} <= set(known.values())
    assert after.store.broken_event() is None
    reconciling.refuse_if_behind(after.engine)
    assert reconciling.news(after.engine) == []
    after.store.close()


def test_what_was_learned_is_the_record_s_own(house: House) -> None:
    """It is corrected and withdrawn like any other, keeps its place, and its trees can be made again."""
    place, known = busy(house)
    after = house.restored(place)
    reconciling.reconcile(after.engine, reconciling.news(after.engine), who="记者甲")
    after.engine.sweep()
    after.run()
    fresh = after.publish("之后")
    assert fresh not in known.values()
    after.correct(known["新"], "<p>新，又一版。</p>")
    after.withdraw(known["末"])
    after.run()
    assert ("withdraw", known["末"], 1) in after.post.deeds
    assert ("release", known["新"], 2) in after.post.deeds
    feed = (after.configuration.site / "feeds" / "rss.xml").read_text(encoding="utf-8")
    assert [feed.count(f"<title>{name}</title>") for name in ("之后", "新", "途中", "丙", "甲")] == [1] * 5
    trees = after.trees()
    shutil.rmtree(after.configuration.site)
    for channel in FILES:
        list(importing.rebuilt(after.engine, channel))
    made = after.trees()
    assert {path for path in {*trees, *made} if trees.get(path) != made.get(path)} <= {"app/api/changes.json"}
    after.store.close()


def test_what_the_operator_does_not_want_is_withdrawn_everywhere(house: House) -> None:
    place, known = busy(house)
    after = house.restored(place)
    found = reconciling.news(after.engine)
    reconciling.reconcile(after.engine, found, [known["新"]], reason="不再发布", who="记者甲")
    after.engine.sweep()
    after.run()
    assert after.states()["新"] == f"{Action.WITHDRAW} {RolloutState.COMPLETE}"
    assert known["新"] not in after.post.public
    assert (after.configuration.site / "2026/11" / f"{known['新']}.gone.html").exists()
    after.store.close()


def test_what_was_only_under_way_needs_no_word(house: House) -> None:
    """Nothing is unknown to the record: it learns how far it had come."""
    house.publish("甲")
    house.run()
    known = house.publish("途中")
    place = house.pack()
    house.run()
    trees, deeds = house.trees(), [*house.post.deeds]
    after = house.restored(place)
    found = reconciling.news(after.engine)
    assert {one.what for one in found} == {"under way"}
    assert reconciling.newer(found) == []
    reconciling.reconcile(after.engine, found, who="记者甲")
    reconciling.refuse_if_behind(after.engine)
    after.engine.sweep()
    after.run()
    assert after.trees() == trees
    assert after.post.deeds == deeds
    assert {one.state for one in after.store.report(after.store.latest_rollout(known)).deliveries} == {
        DeliveryState.VERIFIED
    }
    after.store.close()


def test_what_only_another_article_s_release_has_shown_is_remembered(house: House) -> None:
    """A feed is derived of all whose moment has come: also of one whose own release has died before it did anything."""
    house.publish("甲")
    house.run()
    place = house.pack()
    dead, other = house.publish("乙"), house.publish("丙")
    first = min(one.delivery_id for one in house.messages if one.channel == "feeds")
    while house.messages:
        wake = house.messages.pop(0)
        if (wake.step, wake.delivery_id) == (Step.RELEASE, first):
            assert house.store.claim(wake.delivery_id, house.clock.now()), "its worker dies with this"
        else:
            house.engine.run(wake.delivery_id)
        house.clock.advance(timedelta(milliseconds=10))
    shown = house.trees()["feeds/rss.xml"].decode()
    assert dead in shown
    assert other in shown
    house.run()
    assert {one.state for one in house.store.report(house.store.latest_rollout(dead)).deliveries} == {
        DeliveryState.VERIFIED
    }
    after = house.restored(place)
    remembered = {(one.deed.entry.revision.id, one.deed.channel) for one in reconciling.news(after.engine)}
    assert {(one, channel) for one in (dead, other) for channel in FILES} == remembered
    after.store.close()


def test_a_newer_record_is_not_refused(house: House) -> None:
    house.publish("甲")
    house.run()
    reconciling.refuse_if_behind(house.engine)
    after = house.restored(house.pack())
    reconciling.refuse_if_behind(after.engine)
    assert reconciling.news(after.engine) == []
    after.publish("乙")
    after.engine.sweep()
    after.run()
    reconciling.refuse_if_behind(after.engine)
    after.store.close()


def test_a_file_put_back_by_hand_is_refused_as_well(tmp_path: Path) -> None:
    """Somebody stops the newsroom and copies yesterday's database over today's."""
    house = House(tmp_path, f"sqlite:///{tmp_path / 'newsroom.db'}", ManualClock())
    house.publish("甲")
    house.run()
    house.store.close()
    shutil.copy(tmp_path / "newsroom.db", tmp_path / "yesterday.db")
    house = house.opened()
    house.publish("乙")
    house.run()
    trees, deeds = house.trees(), [*house.post.deeds]
    house.store.close()
    shutil.copy(tmp_path / "yesterday.db", tmp_path / "newsroom.db")
    after = house.opened()
    after.publish("丙")  # it has been used since: its events are as many as the tree knows
    after.publish("丁")
    after.store.seal()
    with pytest.raises(Impossible):
        reconciling.refuse_if_behind(after.engine)
    reconciling.reconcile(after.engine, reconciling.news(after.engine), who="记者甲")
    reconciling.refuse_if_behind(after.engine)
    assert {path for path, data in after.trees().items() if trees.get(path) != data} == set()
    assert after.post.deeds == deeds
    after.engine.sweep()
    after.run()
    assert after.states().keys() == {"甲", "乙", "丙", "丁"}
    assert len(after.post.deeds) == len({*after.post.deeds}) == 4
    after.store.close()


def test_another_newsroom_s_trees_are_refused(tmp_path: Path) -> None:
    one = House(tmp_path, f"sqlite:///{tmp_path / 'one.db'}", ManualClock())
    one.publish("甲")
    one.run()
    one.store.close()
    other = House(tmp_path, f"sqlite:///{tmp_path / 'other.db'}", ManualClock())
    with pytest.raises(Impossible):
        reconciling.refuse_if_behind(other.engine)
    other.store.close()


def test_an_import_is_remembered_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.publish("甲")
    house.run()
    place = house.pack()
    moment = house.clock.now() - timedelta(days=4000)
    article = article_of("旧闻", body="<p>旧闻，正文。</p>", column="yaowen")
    filed = importing.filed(article, house.engine.newsroom)
    taken = importing.Import(house.engine, "记者甲").imported([importing.Dated(Piece(filed, {}), moment, "旧闻.md")])
    assert taken.imported == 1
    trees = house.trees()
    after = house.restored(place)
    found = reconciling.news(after.engine)
    assert {one.headline for one in reconciling.newer(found)} == {"旧闻"}
    reconciling.reconcile(after.engine, found, who="记者甲")
    after.engine.sweep()
    after.run()
    assert after.trees() == trees
    assert after.differing() == []
    after.store.close()


def test_what_was_withdrawn_before_it_came_out_stays_so(house: House) -> None:
    """The copy knows that it was to come out; the public has never seen it, and does not."""
    house.publish("甲")
    house.run()
    known = house.publish("不发")
    place = house.pack()
    house.withdraw(known)
    house.run()
    assert ("release", known, 1) not in house.post.deeds
    trees = house.trees()
    after = house.restored(place)
    [newer] = reconciling.newer(found := reconciling.news(after.engine))
    assert (newer.headline, newer.what) == ("不发", "withdrawn")
    reconciling.reconcile(after.engine, found, who="记者甲")
    assert reconciling.news(after.engine) == []
    after.engine.sweep()
    after.run()
    assert after.trees() == trees
    assert ("release", known, 1) not in after.post.deeds
    assert after.states()["不发"] == f"{Action.WITHDRAW} {RolloutState.COMPLETE}"
    after.store.close()


def test_what_a_tree_remembers_nobody_else_reads(house: House) -> None:
    """Its pictures stand with the website alone, and a server answers nothing of it."""
    house.publish("图", pictured=True)
    house.run()
    site = house.configuration.site
    for root, pictures in ((site, 1), (site / "feeds", 0), (site / "app", 0)):
        beside = root / ".staging"
        assert beside.stat().st_mode & 0o777 == 0o700
        assert len([*beside.glob("record/entries/*")]) == 1
        assert len([*beside.glob("record/pictures/*")]) == pictures
    with serving(site) as address:
        for path in ("/.staging/record/last", "/feeds/.staging/record/last", "/%2estaging/record/last"):
            assert requests.get(address + path, timeout=10).status_code == 404
    house.store.close()
