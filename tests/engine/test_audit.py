"""What somebody does who has the database is named by the audit, or hidden from it where the documentation says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, Table, event, func, select, text, update

from pipeline.article import Article, feedback
from pipeline.engine import Piece
from pipeline.record import audit, chain, heads, tables, testimony
from pipeline.record.audit import Difference, Finding
from pipeline.record.auditing import Audit
from pipeline.record.chain import Flaw, Head
from pipeline.record.heads import Sent
from pipeline.record.keys import BEFORE, KEY, Keys, fingerprint
from pipeline.record.refusals import Impossible
from pipeline.record.retelling import retell
from pipeline.record.store import Store
from pipeline.testing import NOON, article_of
from pipeline.testing.samples import picture
from tests.benchmarks import counts
from tests.conftest import fresh_file
from tests.engine import forging
from tests.engine.bench import BUNDLING, PACE, Bench

SECRET, OTHER = "a-key-of-the-newsroom-that-is-long-enough", "another-key-that-is-long-enough-too"


class Told(NamedTuple):
    """A newsroom's record with its story: a1 with a picture, corrected; a2 of another editor; a3, the newest."""

    bench: Bench
    sent: list[Sent]
    """Heads as they were sent outside: after each article."""

    def audit(self, *, with_heads: bool = False) -> Audit:
        return self.bench.store.audit(self.sent if with_heads else None)

    def forge(self, *deeds: Callable[[Connection], None]) -> None:
        with self.bench.store.writing() as tx:
            if self.bench.store.sqlite:
                tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            for deed in deeds:
                deed(tx)


def tell(url: str, data: Path) -> Told:
    bench, sent = Bench(url, data), []

    def seal() -> None:
        bench.store.seal()
        [one] = heads.lines([heads.line(bench.store.head(), bench.clock.now())])
        sent.append(one)

    image, jpeg = picture(size=(16, 9))
    piece = Piece(article_of("青河县通车", images=[image]), {image.digest: jpeg})
    first = bench.engine.publish_together([piece], editor="记者甲").article_ids[0]
    bench.run()
    seal()
    bench.correct(first, "<p>第二稿。</p>")
    bench.run()
    seal()
    for headline, editor in (("青河县开馆", "编辑乙"), ("青河县种树", "编辑丙")):
        bench.engine.publish(article_of(headline), {}, editor=editor)
        bench.run()
        seal()
    return Told(bench, sent)


@pytest.fixture
def record(database: str, tmp_path: Path) -> Iterator[Told]:
    """On each of the two databases, without a key."""
    told = tell(database, tmp_path)
    yield told
    told.bench.store.close()


@pytest.fixture
def open_record(tmp_path: Path) -> Iterator[Told]:
    """On SQLite, without a key."""
    told = tell(fresh_file(tmp_path / "newsroom.db"), tmp_path)
    yield told
    told.bench.store.close()


@pytest.fixture
def keyed_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """On SQLite, sealed by a key from the first event on."""
    monkeypatch.setenv(KEY, SECRET)
    told = tell(fresh_file(tmp_path / "newsroom.db"), tmp_path)
    yield told
    told.bench.store.close()


def of_article(deed: Callable[[Article], Article]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Another record of a1's first revision."""

    def changed(row: dict[str, Any]) -> dict[str, Any]:
        article = deed(Article.model_validate_json(row["record"]))
        return {"record": article.model_dump_json(), "digest": article.digest}

    return changed


Values = Callable[[dict[str, Any]], dict[str, Any]]


class Change(NamedTuple):
    """Another value in one row: as it is made, and how it is hidden."""

    table: Table
    key: int
    values: Values

    def plain(self, tx: Connection) -> None:
        forging.change(tx, self.table, self.key, self._made(tx))

    def careful(self, tx: Connection) -> None:
        forging.rewrite(tx, self.table, self.key, self._made(tx))
        forging.renew(tx)

    def _made(self, tx: Connection) -> dict[str, Any]:
        own = next(iter(self.table.primary_key))
        row = tx.execute(select(self.table).where(own == self.key)).mappings().first()
        assert row is not None
        return self.values(dict(row))


def later(*names: str) -> Values:
    return lambda row: {name: row[name] + timedelta(hours=1) for name in names}


def falsified(name: str) -> Values:
    """Another text in an answer as JSON."""

    def values(row: dict[str, Any]) -> dict[str, Any]:
        told = json.loads(row[name])
        return {name: json.dumps({**told, "url": "https://example.org/elsewhere"})}

    return values


def renamed(article: Article) -> Article:
    return article.model_copy(update={"headline": "另一个标题"})


def reworded(article: Article) -> Article:
    return article.model_copy(update={"body": "<p>另一段正文。</p>"})


CHANGES = {
    "09 the headline": Change(tables.revision, 2, of_article(renamed)),
    "09 the text": Change(tables.revision, 2, of_article(reworded)),
    "10 a receipt": Change(tables.delivery, 1, falsified("receipt")),
    "10 evidence": Change(tables.delivery, 1, falsified("evidence")),
    "10 times": Change(tables.delivery, 1, later("released_at", "live_at", "verified_at")),
    "13 the editor's name": Change(tables.rollout, 1, lambda _: {"editor": "编辑丁"}),
    "14 the moment of release": Change(tables.rollout, 1, later("release_at")),
    "15 a correction's note": Change(tables.rollout, 2, lambda _: {"reason": "别的理由"}),
}
"""What is another value somewhere."""


def swap(tx: Connection) -> None:
    """Events 4 and 5 in each other's place."""
    for number, place in ((4, -1), (5, 4), (-1, 5)):
        tx.execute(text("UPDATE event SET number = :place WHERE number = :number"), {"number": number, "place": place})


def add(tx: Connection) -> None:
    """An event of somebody's own, in a place of its own behind all others."""
    number, hashed, _ = chain.head(tx)
    made = {**chain.content(NOON, "编辑丁", "retry", article=1, rollout=1), "previous": hashed, "number": number + 1}
    made["hash"] = chain.event_hash(made, forging.NO_KEY, "")
    tx.execute(tables.event.insert(), made)
    tx.execute(text("UPDATE chain SET number = number + 1, hash = :hash"), {"hash": made["hash"]})


def add_between(tx: Connection) -> None:
    made = chain.content(NOON, "编辑丁", "retry", article=1, rollout=1)
    row = tx.execute(select(tables.event).where(tables.event.c.number == 3)).mappings().one()
    tx.execute(text("UPDATE event SET number = NULL WHERE number = 3"))
    tx.execute(tables.event.insert(), {**made, "number": 3, "previous": row["previous"], "hash": row["hash"]})


def rebuild(tx: Connection) -> None:
    """Somebody else is said to have submitted it, and every hash is made anew."""
    tx.execute(text("UPDATE event SET who = '编辑丁' WHERE number = 1"))
    forging.renew(tx)


def shorten(tx: Connection) -> None:
    """The last article's events, and the head put before them."""
    last = tx.scalar(select(func.max(tables.event.c.number)).where(tables.event.c.article_id < 3))
    forging.cut(tx, int(last or 0))


def empty(tx: Connection) -> None:
    tx.execute(text("DELETE FROM event"))
    tx.execute(update(tables.chain).values(number=0, hash=chain.BEGINNING, key=""))


def run(statement: str) -> Callable[[Connection], None]:
    return lambda tx: tx.execute(text(statement)) and None


def lost_delivery(tx: Connection) -> None:
    run("DELETE FROM placement WHERE delivery_id = 7")(tx)
    run("DELETE FROM delivery WHERE id = 7")(tx)


def repaint(tx: Connection) -> None:
    _, data = picture("#000000", size=(16, 9))
    tx.execute(update(tables.image).values(data=data))


def without_last(tx: Connection) -> None:
    """The newest article, its events and the head: as if it had never been."""
    forging.delete_article(tx, 3, events=True)
    shorten(tx)


def without_second(tx: Connection) -> None:
    forging.delete_article(tx, 2, events=True)
    forging.renew(tx)


def without_delivery(tx: Connection) -> None:
    """A delivery, and whatever events say of it."""
    run("DELETE FROM event WHERE delivery_id = 7")(tx)
    lost_delivery(tx)
    for row in tx.execute(select(tables.event)).all():
        data = json.loads(row.data)
        left = [one for one in data.get("rows", ()) if one.get("table") != "delivery" or one["id"] != 7]
        told = json.dumps({**data, "rows": left}, ensure_ascii=False, sort_keys=True)
        tx.execute(update(tables.event).where(tables.event.c.id == row.id).values(data=told))
    forging.renew(tx)


def repaint_all(tx: Connection) -> None:
    """Another picture under another digest, in the record and in the events."""
    image, data = picture("#000000", size=(16, 9))
    tx.execute(update(tables.image).values(data=data, digest=image.digest))
    row = tx.execute(select(tables.revision.c.record).where(tables.revision.c.article_id == 1)).first()
    assert row is not None
    old = Article.model_validate_json(row.record).images[0].digest
    for number in (1, 2):
        here = (tables.revision.c.article_id == 1) & (tables.revision.c.number == number)
        record = tx.scalar(select(tables.revision.c.record).where(here)).replace(old, image.digest)
        digest = testimony.digest_of(record)
        before = tx.scalar(select(tables.revision.c.digest).where(here))
        tx.execute(update(tables.revision).where(here).values(record=record, digest=digest))
        for event_ in tx.execute(select(tables.event.c.id, tables.event.c.data, tables.event.c.digest)).all():
            again = event_.data.replace(before, digest)
            named = event_.digest.replace(before, digest)
            tx.execute(update(tables.event).where(tables.event.c.id == event_.id).values(data=again, digest=named))
    forging.renew(tx)


PLAIN: dict[str, Callable[[Connection], Any]] = {
    "01 an event changed": run("UPDATE event SET who = '编辑丁' WHERE number = 5"),
    "02 an event deleted": run("DELETE FROM event WHERE number = 5"),
    "03 an event added": add_between,
    "04 events exchanged": swap,
    "05 the tail cut": run("DELETE FROM event WHERE number > 20"),
    "06 tail and head cut together": shorten,
    "07 all events deleted": empty,
    "08 the chain made anew": rebuild,
    **{name: one.plain for name, one in CHANGES.items()},
    "11 a delivery deleted": lost_delivery,
    "12 an article deleted": lambda tx: forging.delete_article(tx, 2),
    "16 a picture replaced": repaint,
}
"""The sixteen of the issue, the simple way; some of them are several."""
CAREFUL: dict[str, Callable[[Connection], Any]] = {
    "03 an event added": add,
    "06 tail and head cut, with all that they tell of": without_last,
    "08 the chain made anew": rebuild,
    **{name: one.careful for name, one in CHANGES.items()},
    "11 a delivery deleted": without_delivery,
    "12 an article deleted": without_second,
    "16 a picture replaced": repaint_all,
}
"""The same by somebody who makes events and chain fit again, as well as it can be done without the key."""
HIDDEN = {"08 the chain made anew"}
"""What needs no more care to stay hidden."""


def test_there_are_sixteen() -> None:
    assert {name[:2] for name in PLAIN} == {f"{n:02}" for n in range(1, 17)}


def test_a_record_that_nobody_touched_holds(record: Told) -> None:
    found = record.audit(with_heads=True)
    assert found.holds
    assert (found.looked.rows, found.looked.pictures, found.looked.uncovered) == (35, 1, 0)
    assert found.heads == (4, record.sent[-1].number, None, None, record.sent[-1].number)


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_done_to_the_record_is_named(record: Told, name: str) -> None:
    """Without a key, and without heads outside."""
    record.forge(PLAIN[name])
    assert record.audit().holds is (name in HIDDEN)


@pytest.mark.parametrize("name", CAREFUL)
def test_who_makes_everything_fit_again_is_not_found_without_key_and_heads(open_record: Told, name: str) -> None:
    """As `docs/audit.md` says: the record alone proves nothing against who can write all of it."""
    open_record.forge(CAREFUL[name])
    assert open_record.audit().holds


@pytest.mark.parametrize("name", CAREFUL)
def test_heads_outside_find_whoever_makes_everything_fit_again(open_record: Told, name: str) -> None:
    open_record.forge(CAREFUL[name])
    found = open_record.audit(with_heads=True)
    if name.startswith("03"):  # after the last head: the next one covers it
        assert found.holds
        return
    assert not found.holds
    assert found.heads is not None
    assert not found.heads.agree


@pytest.mark.parametrize("name", CAREFUL)
def test_the_key_finds_whoever_makes_everything_fit_again(keyed_record: Told, name: str) -> None:
    """But for who takes the newest away with all that speaks of it: what is left is as it was."""
    keyed_record.forge(CAREFUL[name])
    found = keyed_record.audit()
    assert found.holds is name.startswith("06")
    assert found.holds or found.chain.unkeyed or found.chain.broken is not None


@pytest.mark.parametrize("name", [*PLAIN, *(f"{name}, carefully" for name in CAREFUL)])
def test_with_key_and_heads_all_are_named(keyed_record: Told, name: str) -> None:
    keyed_record.forge(PLAIN[name] if name in PLAIN else CAREFUL[name.removesuffix(", carefully")])
    assert not keyed_record.audit(with_heads=True).holds


# -- each column -----------------------------------------------------------------------------------------


def other(table: str, name: str, value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(tables.metadata.tables[table].c[name].type, tables.Instant):
        return (value or NOON) + timedelta(seconds=1)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return f"{value or ''}x"


COLUMNS = [
    (table, name)
    for table, names in testimony.PROVEN.items()
    for name in names
    if name not in (column.name for column in tables.metadata.tables[table].primary_key)
]


@pytest.mark.parametrize(("table", "name"), COLUMNS)
def test_another_value_in_any_column_is_named(open_record: Told, table: str, name: str) -> None:
    known = tables.metadata.tables[table]
    key = next(iter(known.primary_key))
    with open_record.bench.store.writing() as tx:
        tx.execute(text("PRAGMA defer_foreign_keys = ON"))
        first = tx.execute(select(known).order_by(*known.primary_key)).mappings().first()
        assert first is not None
        if name.endswith("_id"):  # there has to be such a one
            value: Any = first[name] + 1
        else:
            value = other(table, name, first[name])
        here = [column == first[column.name] for column in known.primary_key]
        tx.execute(update(known).where(*here).values({name: value}))
    findings = open_record.audit().looked.findings
    assert findings
    named = [one for one in findings if one.table == table and one.key[0] == first[key.name]]
    assert [one.field for one in named if one.difference is Difference.CHANGED] == [name] or name in (
        "article_id",
        "delivery_id",
    )
    assert named, findings


def test_a_finding_says_what_is_where_and_what_should_be(open_record: Told) -> None:
    open_record.forge(CHANGES["14 the moment of release"].plain, CHANGES["13 the editor's name"].plain)
    found = open_record.audit().looked.findings
    event = next(one for one in open_record.bench.store.events("r1") if one.what == "rollout ready")
    moment, name = sorted(found, key=lambda one: one.field, reverse=True)
    assert (moment.difference, moment.rollout, moment.field, moment.event) == (
        *(Difference.CHANGED, "r1", "release_at"),
        event.number,
    )
    assert moment.found - moment.should == timedelta(hours=1)  # type: ignore[operator]
    assert (name.field, name.found, name.should, name.event) == ("editor", "编辑丁", "记者甲", 1)


def test_what_nobody_speaks_of_is_named(open_record: Told) -> None:
    """A delivery and a place in the lists that somebody put in."""
    with open_record.bench.store.writing() as tx:
        row = dict(tx.execute(select(tables.delivery).where(tables.delivery.c.id == 1)).mappings().one())
        tx.execute(tables.delivery.insert(), {**row, "id": 99, "channel": "fax"})
        place = dict(tx.execute(select(tables.placement)).mappings().first() or {})
        tx.execute(tables.placement.insert(), {**place, "delivery_id": 99, "ordinal": 99})
    assert [(one.difference, one.table, one.key) for one in open_record.audit().looked.findings] == [
        (Difference.ADDED, "delivery", (99,)),
        (Difference.ADDED, "placement", (99,)),
    ]


def test_a_picture_that_is_missing_is_named(open_record: Told) -> None:
    open_record.forge(run("DELETE FROM image"))
    [found] = {(one.difference, one.table, one.article) for one in open_record.audit().looked.findings}
    assert found == (Difference.MISSING, "image", "a1")


def test_it_goes_by_articles_whichever_numbers_they_have(open_record: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is looked at once, deleted ones too, and no more of them at once than that."""
    whole = open_record.audit().looked
    monkeypatch.setattr(audit, "AT_ONCE", 1)
    assert open_record.audit().looked == whole
    open_record.forge(lambda tx: forging.delete_article(tx, 2))
    missing = {one.article for one in open_record.audit().looked.findings}
    assert missing == {"a2"}


def test_what_is_under_way_holds_at_any_moment(database: str, tmp_path: Path) -> None:
    """After each single step, of articles alone and together, overtaken, held and tried again."""
    with closing(Bench(database, tmp_path, BUNDLING).store) as store:
        bench = Bench(database, tmp_path, BUNDLING)

        def holds() -> None:
            found = store.audit()
            assert found.holds, found

        def run_some(steps: int) -> None:
            for _ in range(steps):
                if bench.messages:
                    bench.engine.run(bench.messages.pop(0).delivery_id)
                    holds()

        first = bench.publish()
        run_some(2)
        bench.correct(first, "<p>新</p>")
        holds()
        run_some(20)
        bench.weather = {"prepare": "refused"}
        held = bench.together("一", "二")
        run_some(20)
        bench.clock.advance(timedelta(minutes=3))
        bench.engine.retry(held.rollout_id, editor="编辑乙")
        holds()
        bench.correct(held.article_ids[0], "<p>又</p>")
        holds()
        bench.withdraw(first)
        holds()
        claimed = bench.messages and bench.store.claim(bench.messages[-1].delivery_id, bench.clock.now())
        bench.clock.advance(PACE.lease * 2)
        bench.sweep()
        holds()
        assert claimed is not None
        bench.run()
        holds()
        bench.store.close()


def test_it_asks_the_same_of_the_database_for_one_article_however_many_there_are(open_record: Told) -> None:
    bench = open_record.bench
    seen: list[str] = []
    event.listen(bench.store.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    assert bench.store.confirmed("r1").holds
    few = len(seen)
    for n in range(5):
        bench.publish(f"第{n}条")
    bench.run()
    seen.clear()
    confirmed = bench.store.confirmed("r1")
    assert (len(seen), confirmed.chain.events) == (few, 26)
    with bench.store.reading() as tx:
        plan = tx.execute(text("EXPLAIN QUERY PLAN SELECT * FROM event WHERE article_id IN (1)")).all()
    assert "event_of_article" in str(plan)


def test_notebooks_and_what_readers_told_are_held_against_events_too(record: Told) -> None:
    """Also where an older page was put back with its older version."""
    bench = record.bench
    notebook = bench.store.notebook("tv")
    assert notebook.write("programme", "一")
    first = notebook.read("programme")
    assert first is not None
    for page in ("numbers", "gone"):
        assert notebook.write(page, "1")
    assert notebook.write("programme", "二", first.version)
    gone = notebook.read("gone")
    assert gone is not None
    assert notebook.drop("gone", gone.version)
    told = feedback.Told(page="/a", text="错别字一处", contact="12345")
    for n in range(3):
        bench.store.tell(told.model_copy(update={"text": f"错别字{n}处"}), NOON)
    bench.store.close_feedback("f1", editor="编辑乙", note="已改", now=NOON)
    bench.store.forget_contacts(NOON + timedelta(days=1), NOON)
    assert record.audit().holds
    record.forge(
        run(f"UPDATE notebook SET text = '一', version = {first.version} WHERE page = 'programme'"),
        run("UPDATE notebook SET page = 'gone' WHERE page = 'numbers'"),
        run("UPDATE feedback SET note = '没有错' WHERE id = 1"),
        run("UPDATE feedback SET text = '很好很好' WHERE id = 2"),
        run("DELETE FROM feedback WHERE id = 3"),
    )
    assert {(one.difference, one.table, one.key, one.field) for one in record.audit().looked.findings} == {
        (Difference.CHANGED, "notebook", ("tv", "programme"), "text"),
        (Difference.ADDED, "notebook", ("tv", "gone"), ""),
        (Difference.CHANGED, "feedback", ("f1",), "note"),
        (Difference.CHANGED, "feedback", ("f2",), "digest"),
        (Difference.MISSING, "feedback", ("f3",), ""),
    }


def test_telling_it_costs_a_step_no_question_and_no_commit(tmp_path: Path) -> None:
    """What events say is known when it is done: the figures are those of before there was an audit of rows."""
    measured = {line.what: line.figure for line in counts.lines(tmp_path)}
    assert measured == {"statements a step, median": 6, "commits a delivery": 5}


# -- keys ------------------------------------------------------------------------------------------------


def keys(current: str = "", *before: str) -> Keys:
    return Keys({KEY: current, BEFORE: " ".join(before)})


def elsewhere(told: Told, keys: Keys) -> Store:
    """The same record for a process with other keys."""
    url = told.bench.store.engine.url.render_as_string(hide_password=False)
    return Store(url, pace=PACE, locks=told.bench.store.locks, keys=keys)


def test_a_missing_or_wrong_key_is_told_as_such(keyed_record: Told) -> None:
    """It is never called broken; and nobody without the key seals."""
    key = fingerprint(SECRET)
    for theirs in (keys(), keys(OTHER)):
        with closing(elsewhere(keyed_record, theirs)) as store:
            found = store.audit()
            assert (found.holds, found.chain.broken) == (False, None)
            assert (found.chain.missing, found.chain.unchecked) == ((key,), found.chain.events)
            keyed_record.bench.publish("没有钥匙的人不能封")
            assert store.seal() == 0
            assert store.confirmed("r1").chain.missing == (key,)
    assert keyed_record.bench.store.seal() > 0
    assert keyed_record.audit().holds


def test_a_key_comes_into_use_when_somebody_says_so_and_can_be_changed(open_record: Told) -> None:
    unkeyed = open_record.bench.store.head()
    with closing(elsewhere(open_record, keys(SECRET))) as store:
        open_record.bench.publish("还没有钥匙")
        assert store.seal() > 0, "until then it is sealed as before"
        assert store.audit().chain.unkeyed
        head = store.take_key("编辑乙")
        assert (head.key, store.audit().holds) == (fingerprint(SECRET), True)
        assert head.number == store.head().number > unkeyed.number
        assert store.take_key("编辑乙") == head, "a second time nothing changes"
        open_record.bench.publish("有钥匙")
        assert store.seal() > 0
    with closing(elsewhere(open_record, keys(OTHER, SECRET))) as store:
        assert store.take_key("编辑乙").key == fingerprint(OTHER)
        assert store.audit().holds
        taken = [one for one in store.events("r1") if one.what == chain.REKEYED]
        assert taken == []
    with closing(elsewhere(open_record, keys(OTHER))) as store:
        found = store.audit().chain
        assert (found.missing, found.broken) == ((fingerprint(SECRET),), None)
        assert 0 < found.unchecked < found.events


def test_a_report_from_a_chain_made_anew_without_the_key_says_so(keyed_record: Told) -> None:
    keyed_record.forge(CHANGES["13 the editor's name"].careful)
    seen = keyed_record.bench.store.confirmed("r1")
    assert (seen.holds, seen.chain.unkeyed) == (False, True)


def test_a_key_is_not_in_the_record(keyed_record: Told) -> None:
    place = keyed_record.bench.store.engine.url.database
    assert SECRET.encode() not in Path(place or "").read_bytes()


def test_who_takes_the_key_off_the_head_is_found(keyed_record: Told) -> None:
    keyed_record.forge(run("UPDATE chain SET key = ''"))
    assert keyed_record.audit().chain.flaw is Flaw.KEY
    keyed_record.bench.publish("继续")
    found = keyed_record.audit().chain
    assert found.broken is not None, "what was sealed meanwhile has no key"


# -- heads -----------------------------------------------------------------------------------------------


def test_a_restored_older_backup_is_told_from_a_change(open_record: Told) -> None:
    """The tail is missing, and what there is is as it was; if the newsroom went on, the head after it is another."""
    open_record.forge(without_last)
    found = open_record.audit(with_heads=True)
    assert found.looked.findings == []
    assert found.heads is not None
    assert (found.heads.other, found.heads.beyond) == (None, open_record.sent[-1])
    assert found.heads.agreeing == open_record.sent[-2].number == found.heads.end
    for headline in ("一", "二"):
        open_record.bench.publish(headline)
        open_record.bench.run()
    found = open_record.audit(with_heads=True)
    assert found.heads is not None
    assert (found.heads.other, found.heads.beyond) == (open_record.sent[-1], None)
    assert found.heads.agreeing == open_record.sent[-2].number


def test_heads_are_found_in_any_text(open_record: Told) -> None:
    head, at = Head(812, "ab" * 32, ""), NOON
    said = heads.line(head, at)
    texts = [f"{said}\n", f"From: x\n\n> quoted\n{said}\r\n", f'{{"head": "{said}"}}', f"POST {said} 200"]
    for one in texts:
        assert [(sent.number, sent.hash, sent.key) for sent in heads.lines(one.splitlines())] == [(812, "ab" * 32, "")]
    assert list(heads.lines(["812 abc", "", said[:-20]])) == []


# -- earlier versions ------------------------------------------------------------------------------------


def age(tx: Connection) -> None:
    """Make the record as a version left it whose events did not tell of rows."""
    for row in tx.execute(select(tables.event)).all():
        data = json.loads(row.data)
        told = {name: value for name, value in data.items() if name not in ("rows", "account")}
        mine = [one for one in data.get("rows", ()) if one["table"] == "delivery" and one.get("id") == row.delivery_id]
        told |= {name: one[name] for one in mine for name in ("receipt", "evidence") if name in one}
        again = json.dumps(told, ensure_ascii=False, sort_keys=True)
        tx.execute(update(tables.event).where(tables.event.c.id == row.id).values(data=again))
    forging.renew(tx)


def test_what_an_earlier_version_wrote_is_counted_and_held_against_what_it_says(open_record: Told) -> None:
    open_record.forge(age)
    found = open_record.audit()
    assert found.holds
    assert found.looked.uncovered == found.looked.rows
    rows = found.looked.rows
    open_record.bench.correct("a1", "<p>新版本的一稿。</p>")
    open_record.bench.run()
    found = open_record.audit()
    assert (found.holds, found.looked.uncovered) == (True, rows), found
    open_record.forge(CHANGES["10 a receipt"].plain, run("UPDATE revision SET record = '{}' WHERE article_id = 3"))
    assert [(one.table, one.field) for one in open_record.audit().looked.findings] == [
        ("revision", "record"),
        ("delivery", "receipt"),
    ]


def test_what_was_changed_in_bulk_is_told_anew(open_record: Told) -> None:
    """And what an earlier version wrote is covered from then on, too."""
    open_record.forge(age, run("UPDATE delivery SET state = 'failed'"), run("UPDATE rollout SET editor = '编辑丁'"))
    open_record.forge(lambda tx: retell(tx, [1, 2, 3], NOON, "编辑丁", "restored"))
    found = open_record.audit()
    assert (found.holds, found.looked.uncovered) == (True, 0)
    open_record.forge(run("UPDATE delivery SET state = 'verified' WHERE id = 7"))
    [one] = open_record.audit().looked.findings
    assert (one.key, one.found, one.should) == ((7,), "verified", "failed")


# -- reports ---------------------------------------------------------------------------------------------


def fields(findings: list[Finding]) -> list[str]:
    return [one.field for one in findings]


def test_a_report_says_what_events_say_and_nothing_else(open_record: Told) -> None:
    before = open_record.bench.store.confirmed("r1").report
    open_record.forge(
        *(CHANGES[name].plain for name in ("10 times", "10 receipt", "13 the editor's name") if name in CHANGES)
    )
    open_record.forge(CHANGES["10 a receipt"].plain, CHANGES["14 the moment of release"].plain)
    seen = open_record.bench.store.confirmed("r1")
    assert not seen.holds
    [first, *others] = before.deliveries
    assert seen.report == before.model_copy(
        update={"deliveries": (first.model_copy(update={"receipt": None}), *others)}
    ), "names, moments and states as events say; a receipt, of which they say the digest only, not at all"
    assert open_record.bench.store.confirmed("r3").holds, "another article's is not concerned"


def test_a_false_headline_is_not_reported(open_record: Told) -> None:
    open_record.forge(
        lambda tx: (
            tx.execute(
                update(tables.revision)
                .where(tables.revision.c.article_id == 2)
                .values(record=renamed(article_of("青河县开馆")).model_dump_json())
            )
            and None
        )
    )
    seen = open_record.bench.store.confirmed("r3")
    assert ([one.headline for one in seen.report.articles], seen.doubted) == ([""], {"a2"})


@pytest.mark.parametrize("deed", [empty, run("UPDATE event SET who = '编辑丁' WHERE number = 1")])
def test_where_the_events_are_not_what_was_written_nothing_is_reported(
    open_record: Told, deed: Callable[[Connection], None]
) -> None:
    open_record.forge(deed)
    assert open_record.bench.store.confirmed("r1").hidden


NONSENSE = run('UPDATE event SET data = \'{"rows": [5, {"table": [1]}, {"table": "rollout"}]}\' WHERE number = 9')


@pytest.mark.parametrize(
    "deed",
    [
        run("DELETE FROM revision WHERE article_id = 2"),
        run("UPDATE revision SET record = 'no JSON' WHERE article_id = 2"),
        run("UPDATE delivery SET receipt = 'no JSON' WHERE article_id = 2"),
        run("UPDATE delivery SET rollout_id = 1 WHERE article_id = 2"),
        NONSENSE,
    ],
)
def test_what_cannot_even_be_read_is_named(open_record: Told, deed: Callable[[Connection], None]) -> None:
    open_record.forge(deed)
    assert not open_record.audit().holds
    if deed is not NONSENSE:
        with pytest.raises(Impossible, match="cannot be read"):
            open_record.bench.store.confirmed("r3")


def test_who_acted_stands_beside_the_name(open_record: Told) -> None:
    events = open_record.bench.store.events("r1")
    [accepted] = [one for one in events if one.what == "publish accepted"]
    assert accepted.who == "记者甲"
    assert " @ " in accepted.account
    assert {one.account for one in events if one.who == "engine"} == {""}
    assert open_record.bench.store.confirmed("r1").account == accepted.account
