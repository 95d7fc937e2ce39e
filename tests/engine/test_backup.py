"""Backups: one file, from either database to either; broken and newer ones are refused; what was under way is asked."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from pipeline.channel import Delivery, Receipt, Standing
from pipeline.engine import Piece, backups
from pipeline.record import backup, copying, restoring, tables
from pipeline.record.backup import Packed
from pipeline.record.refusals import Impossible
from pipeline.record.roster import Presence
from pipeline.record.store import Store
from pipeline.rollout import DeliveryState, Pace, RolloutState
from pipeline.testing import article_of, picture
from tests.conftest import fresh_database, fresh_file
from tests.engine.bench import Bench
from tests.engine.simulation import Outside

EMPTY = """
[newsroom]
name = "青河县融媒体中心"
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of another newsroom, with tables."""
    if request.param == "sqlite":
        return fresh_file(tmp_path / "elsewhere" / "newsroom.db")
    return fresh_database(request.getfixturevalue("postgresql"))


def pack(bench: Bench, place: Path) -> Packed:
    path = bench.engine.configuration.path
    path.write_text(EMPTY, encoding="utf-8")
    return backups.write(bench.engine.configuration, bench.store, place, bench.clock.now())


def put(store: Store, place: Path, bench: Bench) -> str:
    packed = backups.checked(place)
    return restoring.restore(store, place, packed.head, digest=packed.digest, who="记者甲", now=bench.clock.now())


def opened(url: str, folder: Path) -> Store:
    return Store(url, pace=Pace(), locks=folder / "locks")


def everything(store: Store) -> dict[str, list[Any]]:
    """All rows, by table."""
    with store.reading() as tx:
        return {
            one.name: sorted(map(tuple, tx.execute(select(one))), key=repr)
            for one in tables.metadata.sorted_tables
            if one.name not in ("worker", "search_state", "searched")
        }


def busy(bench: Bench) -> list[str]:
    """Articles of every sort: seen, waiting, withdrawn, with a picture."""
    made = [bench.publish(f"第{n}条") for n in range(4)]
    bench.run()
    image, data = picture("#345", (320, 180), "架豆丰收")
    body = f'<p>正文。</p><figure><img src="image:{image.digest}" alt="{image.alt}"/></figure>'
    pictured = article_of("有图", body=body, images=[image])
    made.append(bench.engine.publish(pictured, {image.digest: data}, editor="记者甲").article_id)
    bench.withdraw(made[0])
    bench.run()
    bench.correct(made[1], "<p>更正。</p>")
    made.append(bench.publish("等待"))
    bench.store.notebook("app").write("page", "记住")
    return made


def test_what_is_packed_comes_back_on_either_database(bench: Bench, elsewhere: str, tmp_path: Path) -> None:
    busy(bench)
    bench.store.seal()
    before = everything(bench.store)
    packed = pack(bench, tmp_path / "a.backup")
    assert packed.head.counts["articles"] == 6
    assert packed.head.counts["pictures"] == 1
    assert packed.size == (tmp_path / "a.backup").stat().st_size
    with closing(opened(elsewhere, tmp_path)) as store:
        put(store, tmp_path / "a.backup", bench)
    with closing(opened(elsewhere, tmp_path)) as store:
        store.migrate()
        after = everything(store)
        assert store.broken_event() is None
        assert store.chain().last
    for name in ("article", "revision", "image", "placement", "counter", "notebook", "chain", "feedback"):
        assert after[name] == before[name], name
    assert set(before["event"]) <= set(after["event"])


def test_it_goes_on_where_the_copy_stood(bench: Bench, elsewhere: str, tmp_path: Path) -> None:
    """Articles and rollouts come after those of the copy, a notebook's versions never come back."""
    known = busy(bench)
    notebook = bench.store.notebook("app")
    note = notebook.read("page")
    assert note
    assert notebook.drop("page", note.version)
    pack(bench, tmp_path / "a.backup")
    with closing(opened(elsewhere, tmp_path)) as store:
        put(store, tmp_path / "a.backup", bench)
    other = Bench(elsewhere, tmp_path / "elsewhere")
    assert other.publish("之后") not in known
    assert [line.headline for line in other.store.articles(1)] == ["之后"]
    assert other.store.notebook("app").write("page", "又记")
    again = other.store.notebook("app").read("page")
    assert again
    assert again.version > note.version
    other.store.close()


def test_the_record_that_was_there_is_kept(database: str, tmp_path: Path) -> None:
    bench = Bench(database, tmp_path)
    bench.publish("先")
    pack(bench, tmp_path / "a.backup")
    bench.publish("后")
    aside = put(bench.store, tmp_path / "a.backup", bench)
    bench.store.close()
    with closing(opened(database, tmp_path)) as store:
        assert [one.headline for one in store.articles(9)] == ["先"]
        if store.sqlite:
            with closing(opened(f"sqlite:///{aside}", tmp_path)) as kept:
                assert [one.headline for one in kept.articles(9)] == ["后", "先"]
        else:
            with store.reading() as tx:
                kept_articles = tx.exec_driver_sql(f'SELECT count(*) FROM "{aside}".article').scalar()
            assert kept_articles == 2


def test_it_is_refused_while_workers_work(bench: Bench, tmp_path: Path) -> None:
    presence = Presence(bench.store, "steps", tmp_path)
    presence.show()
    with pytest.raises(Impossible) as refused:
        restoring.refuse_if_used(bench.store)
    assert "workers work with this record" in str(refused.value.problem.message)
    presence.end()
    restoring.refuse_if_used(bench.store)


# -- files that are none ------------------------------------------------------------------------------------


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    bench = Bench(fresh_file(tmp_path / "newsroom.db"), tmp_path)
    bench.publish("第一条")
    pack(bench, tmp_path / "a.backup")
    bench.store.close()
    return tmp_path / "a.backup"


def changed(data: bytes) -> bytes:
    """A letter of a headline is another, the tar is whole."""
    plain = gzip.decompress(data)
    return gzip.compress(plain.replace("第一条".encode(), "第二条".encode(), 1))


def newer(data: bytes, **fields: object) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as old, tarfile.open(fileobj=made, mode="w:gz") as new:
        for member in old:
            file = old.extractfile(member)
            assert file
            content = file.read()
            if member.name == backup.HEAD:
                content = json.dumps({**json.loads(content), **fields}).encode()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: data[: len(data) // 2], "is damaged"),
        (lambda data: data[:-200], "is damaged"),
        (changed, "is not what was packed"),
        (lambda data: b"nothing of the kind" * 20, "is no backup"),
        (lambda data: b"", "is no backup"),
        (lambda data: newer(data, format=2, program="9.0"), "newer version of this program, 9.0"),
        (lambda data: newer(data, migration="9999", program="9.0"), "newer version of this program, 9.0"),
        (lambda data: newer(data, newsroom="别的"), "is not what was packed"),
    ],
)
def test_a_file_that_is_broken_or_newer_is_refused_whole(
    packed: Path, spoil: Callable[[bytes], bytes], words: str
) -> None:
    packed.write_bytes(spoil(packed.read_bytes()))
    with pytest.raises(Impossible) as refused:
        backups.checked(packed)
    assert words in str(refused.value.problem.message)


def test_every_bit_counts(packed: Path) -> None:
    """Wherever a byte is changed, it is noticed, or changes nothing (what gzip and tar fill up with)."""
    whole = packed.read_bytes()
    good = hashlib.sha256(b"".join(data for _, data in backup.members(packed))).digest()
    for place in range(0, len(whole), 97):
        packed.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            backups.checked(packed)
        except Impossible:
            continue
        assert hashlib.sha256(b"".join(data for _, data in backup.members(packed))).digest() == good


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    place = tmp_path / "a.backup"
    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(OSError, match="No space"), backup.packing(place) as pack:
        pack.add("x", b"1")
    assert [*tmp_path.iterdir()] == []


def test_no_password_is_in_it(tmp_path: Path) -> None:
    bench = Bench(fresh_file(tmp_path / "newsroom.db"), tmp_path)
    file = bench.engine.configuration.path
    file.write_text('[engine]\ndatabase = "postgresql+psycopg://a:geheim@db.invalid/x"\n', encoding="utf-8")
    backups.write(bench.engine.configuration, bench.store, tmp_path / "a.backup", bench.clock.now())
    bench.store.close()
    assert dict(backups.configured(tmp_path / "a.backup")) == {
        "newsroom.toml": b'[engine]\ndatabase = "postgresql+psycopg://a:***@db.invalid/x"\n'
    }
    assert (tmp_path / "a.backup").stat().st_mode & 0o777 == 0o600


# -- what was under way -------------------------------------------------------------------------------------


class Telling(Outside):
    """An outlet that says of what it had that it is gone."""

    def find(self, delivery: Delivery) -> Receipt:
        found = super().find(delivery)
        gone = found.standing is not Standing.LIVE and delivery.revision.id in self.gone
        return Receipt(standing=Standing.WITHDRAWN) if gone else found


class Restored:
    """A newsroom whose record is set back, and whose outlets are not."""

    def __init__(self, url: str, folder: Path, outside: type[Outside] = Outside) -> None:
        self.url, self.folder = url, folder
        self.before = Bench(url, folder, outside=outside)
        self.outside = outside

    def back(self, place: Path) -> Bench:
        self.before.store.close()
        after = Bench(self.url, self.folder, outside=self.outside)
        put(after.store, place, self.before)
        after.store.close()
        after = Bench(self.url, self.folder, outside=self.outside)
        after.clock.moment = self.before.clock.moment + timedelta(hours=3)
        for name, outlet in self.before.outlets.items():
            for what in ("staged", "public", "gone", "deeds"):
                setattr(after.outlets[name], what, getattr(outlet, what))
        assert after.store.audit().holds
        return after


@pytest.mark.parametrize("steps", range(10))
def test_what_was_under_way_is_not_done_twice(database: str, tmp_path: Path, steps: int) -> None:
    """The copy is made after so many steps, the article goes out everywhere, and three hours later it is set back."""
    house = Restored(database, tmp_path)
    before = house.before
    known = before.publish()
    for _ in range(steps):
        if before.messages:
            before.engine.run(before.messages.pop(0).delivery_id)
    pack(before, tmp_path / "a.backup")
    before.run()
    deeds = {name: [*outlet.deeds] for name, outlet in before.outlets.items()}
    assert all(("release", known, 1) in these for these in deeds.values())
    after = house.back(tmp_path / "a.backup")
    after.engine.sweep()
    after.run()
    assert after.report(known).state is RolloutState.COMPLETE
    assert {one.state for one in after.report(known).deliveries} == {DeliveryState.VERIFIED}
    assert {name: outlet.deeds for name, outlet in after.outlets.items()} == deeds
    assert after.store.audit().holds
    after.store.close()


def test_what_had_not_gone_out_goes_out(database: str, tmp_path: Path) -> None:
    house = Restored(database, tmp_path)
    known = house.before.publish()
    pack(house.before, tmp_path / "a.backup")
    after = house.back(tmp_path / "a.backup")
    after.engine.sweep()
    after.run()
    assert after.report(known).state is RolloutState.COMPLETE
    assert all([what for what, _, _ in one.deeds] == ["release"] for one in after.outlets.values())
    after.store.close()


def test_what_was_withdrawn_since_is_not_brought_back(database: str, tmp_path: Path) -> None:
    """No tree remembers here: the outlets say that it was withdrawn, and a person decides."""
    house = Restored(database, tmp_path, Telling)
    known = house.before.publish()
    pack(house.before, tmp_path / "a.backup")
    house.before.run()
    house.before.withdraw(known)
    house.before.run()
    after = house.back(tmp_path / "a.backup")
    after.engine.sweep()
    after.run()
    assert all(known not in outlet.public for outlet in after.outlets.values())
    [report] = after.store.reports([RolloutState.HELD])
    [told] = {str(one.error.message) for one in report.deliveries if one.error and one.state is DeliveryState.UNKNOWN}
    assert "after the backup was made" in told
    after.withdraw(known)
    after.run()
    assert after.report(known).state is RolloutState.COMPLETE
    after.store.close()


def test_a_moment_that_has_passed_is_asked_about(database: str, tmp_path: Path) -> None:
    """It waited for its moment at the copy, went out at that, and the record is set back later."""
    house = Restored(database, tmp_path)
    before = house.before
    at = before.clock.now() + timedelta(hours=1)
    accepted = before.engine.publish_together([Piece(article_of("定时"), {})], editor="记者甲", go_live_at=at)
    before.arrive()
    pack(before, tmp_path / "a.backup")
    before.clock.advance(timedelta(minutes=59, seconds=30))
    before.engine.sweep()
    before.run()
    deeds = {name: [*outlet.deeds] for name, outlet in before.outlets.items()}
    assert all(deeds.values())
    after = house.back(tmp_path / "a.backup")
    after.engine.sweep()
    after.run()
    assert after.report(accepted.rollout_id).state is RolloutState.COMPLETE
    assert {name: outlet.deeds for name, outlet in after.outlets.items()} == deeds
    after.store.close()


def test_the_copy_is_of_one_moment(bench: Bench, tmp_path: Path) -> None:
    """What is accepted while it is read is not in it."""
    bench.publish("之前")
    with bench.store.snapshot() as tx:
        assert copying.counts(tx)["articles"] == 1
        bench.publish("之间")
        names = [name for name, _ in copying.members(tx)]
        assert copying.counts(tx)["articles"] == 1
    assert any("article" in name for name in names)
    with bench.store.reading() as now:
        assert now.scalar(select(func.count()).select_from(tables.article)) == 2
