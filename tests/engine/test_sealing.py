"""Events get their place in the chain after they have been committed: none is lost, none stands before its cause."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text

from pipeline.channel import Action
from pipeline.record import chain, tables
from pipeline.record.report import Event
from pipeline.record.store import Store
from pipeline.testing import NOON
from tests.conftest import fresh_database
from tests.engine.bench import BUNDLING, PACE, Bench, at_once


def told(store: Store) -> list[tuple[int | None, str]]:
    """The number and words of every event, in the order in which they were written."""
    with store.reading() as tx:
        return [(row.number, row.what) for row in tx.execute(select(tables.event).order_by(tables.event.c.id))]


def test_what_is_committed_late_is_sealed_later(postgresql: str, tmp_path: Path) -> None:
    """An event with a lower id than what is sealed already is found all the same; what was undone leaves a gap."""
    with closing(Store(fresh_database(postgresql), pace=PACE, locks=tmp_path)) as store:
        store.migrate()
        with store.writing() as late:
            chain.note(late, NOON, "engine", "late", rollout=1)
            with store.writing() as undone:
                chain.note(undone, NOON, "engine", "undone")
                undone.get_transaction().rollback()  # type: ignore[union-attr]
            with store.writing() as early:
                chain.note(early, NOON, "engine", "early", rollout=2)
            assert store.seal() == 1
            walked = store.chain()
            assert (walked.events, walked.unsealed, walked.broken) == (1, 0, None)
        assert store.seal() == 1
        assert told(store) == [(2, "late"), (1, "early")]
        assert (store.chain().events, store.broken_event()) == (2, None)
        assert store.seal() == 0


def test_one_seals_at_a_time_and_nobody_waits_for_it(postgresql: str, tmp_path: Path) -> None:
    with closing(Store(fresh_database(postgresql), pace=PACE, locks=tmp_path)) as store:
        store.migrate()
        with store.writing() as tx:
            chain.note(tx, NOON, "engine", "one")
        with store.writing() as sealing:
            assert chain.seal(sealing, store.keys) == 1
            with store.writing() as tx:
                chain.note(tx, NOON, "engine", "two")
            assert store.seal() == 0
            assert store.chain().unsealed == 2, "what has not been committed is not there yet"
        assert store.chain().unsealed == 0


def test_it_is_sealed_in_batches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        bench.publish(f"第{number}条")
    sealed, seal = [], chain.seal
    monkeypatch.setattr(chain, "BATCH", 2)
    monkeypatch.setattr(chain, "seal", lambda tx, keys: sealed.append(seal(tx, keys, 2)) or sealed[-1])
    assert bench.store.seal() == 5
    assert sealed == [2, 2, 1]
    assert [number for number, _ in told(bench.store)] == [1, 2, 3, 4, 5]


def test_no_event_stands_before_an_earlier_one_of_its_rollout(database: str, tmp_path: Path) -> None:
    """Many at work, articles alone and together, corrected and withdrawn, while others seal all the time."""
    bench = Bench(database, tmp_path, BUNDLING)
    ended = threading.Event()

    def work(number: int) -> None:
        chance = random.Random(number)
        for n in range(6):
            together = bench.together(*(f"第{number}-{n}-{k}条" for k in range(chance.choice([1, 2]))))
            for known in together.article_ids:
                deed = chance.choice([None, Action.CORRECT, Action.WITHDRAW])
                if deed is Action.CORRECT:
                    bench.correct(known, "<p>新</p>")
                elif deed is Action.WITHDRAW:
                    bench.withdraw(known)
            for _ in range(20):
                if bench.messages:
                    bench.engine.run(bench.messages.pop(chance.randrange(len(bench.messages))).delivery_id)

    def seal() -> None:
        while not ended.is_set():
            bench.store.seal()

    sealers = [threading.Thread(target=seal) for _ in range(2)]
    for thread in sealers:
        thread.start()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    ended.set()
    for thread in sealers:
        thread.join()
    walked = bench.store.chain()
    assert (walked.broken, walked.unsealed) == (None, 0)
    by_rollout = defaultdict(list)
    with bench.store.reading() as tx:
        numbers = []
        for row in tx.execute(select(tables.event).order_by(tables.event.c.id)):
            by_rollout[row.rollout_id].append(row.number)
            numbers.append(row.number)
    assert sorted(numbers) == list(range(1, walked.events + 1))
    assert len(by_rollout) > 20
    assert [one for one in by_rollout.values() if one != sorted(one)] == []
    bench.store.close()


def test_at_once_all_get_a_place(bench: Bench) -> None:
    at_once(6, lambda n: (bench.publish(f"第{n}条"), bench.store.seal()))
    bench.store.seal()
    assert sorted(number or 0 for number, _ in told(bench.store)) == [1, 2, 3, 4, 5, 6]
    assert bench.store.broken_event() is None


def test_an_event_names_what_it_speaks_of(bench: Bench) -> None:
    """The record, the rendition, what the channel answered and what was read back: each by its digest."""
    known = bench.publish()
    bench.run()
    events = bench.store.events(bench.report(known).rollout)
    accepted = next(one for one in events if one.what == "publish accepted")
    assert accepted.digest == bench.store.revision(known).article.digest
    with bench.store.reading() as tx:
        delivery = tx.execute(select(tables.delivery).where(tables.delivery.c.channel == "site")).one()
    mine = {one.what: one for one in events if one.channel == "site"}
    assert mine["prepare prepared"].digest == mine["release live"].digest == delivery.digest
    assert mine["release live"].receipt == hashlib.sha256(delivery.receipt.encode()).hexdigest()
    assert mine["verify verified"].evidence == hashlib.sha256(delivery.evidence.encode()).hexdigest()
    assert mine["verify verified"].receipt == ""


def test_what_a_channel_said_of_an_older_delivery_is_an_event(bench: Bench) -> None:
    known = bench.publish()
    first = bench.report(known).rollout
    bench.run()
    bench.correct(known, "<p>第二稿</p>")
    bench.weather = {"release": "lost"}
    while "release" in bench.weather:
        bench.clock.advance(PACE.wake)
        bench.sweep()
    second = bench.report(known).rollout
    bench.correct(known, "<p>第三稿</p>")
    bench.run()
    asked = [one for one in bench.store.events(second) if one.what.startswith("find ")]
    assert [one.what for one in asked] == ["find live"]
    assert len(asked[0].receipt) == 64
    assert [one for one in bench.store.events(first) if one.what.startswith("find ")] == []


def test_who_may_only_read_the_record_can_check_it(postgresql: str, tmp_path: Path) -> None:
    """An auditor's account, or a copy that follows the database: nothing is sealed, and what is not is counted."""
    url = make_url(fresh_database(postgresql))
    bench = Bench(url.render_as_string(hide_password=False), tmp_path)
    bench.publish("一")
    bench.store.seal()
    bench.publish("二")
    with bench.store.writing() as tx:
        tx.execute(text("DROP ROLE IF EXISTS auditor"))
        tx.execute(text("CREATE ROLE auditor LOGIN"))
        tx.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor"))
    theirs = url.update_query_dict({"user": "auditor"}).set(username="auditor").render_as_string(hide_password=False)
    with closing(Store(theirs, pace=PACE, locks=tmp_path)) as store:
        store.migrate()
        walked = store.chain()
    assert (walked.events, walked.unsealed, walked.broken) == (1, 1, None)
    with bench.store.writing() as tx:
        tx.execute(text("DROP OWNED BY auditor"))
        tx.execute(text("DROP ROLE auditor"))
    assert bench.store.chain().unsealed == 0
    bench.store.close()


@pytest.mark.parametrize("what", ["hash", "previous", "number"])
def test_a_place_in_the_chain_cannot_be_taken_away(bench: Bench, what: str) -> None:
    """Whoever takes a seal off an event makes it look new; the one after it tells."""
    for number in range(3):
        bench.publish(f"第{number}条")
    bench.store.seal()
    with bench.store.writing() as tx:
        tx.execute(text(f"UPDATE event SET {what} = NULL WHERE number = 2"))
    assert bench.store.broken_event() == (3 if what == "number" else 2)


def test_an_event_that_is_not_sealed_says_so(bench: Bench) -> None:
    known = bench.publish()
    [event] = bench.store.events(known)
    assert (event.number, event.hash) == (None, "")
    bench.store.seal()
    [event] = bench.store.events(known)
    assert event.number == 1
    assert event == bench.store.event(1)
    assert json.loads(event.model_dump_json())["number"] == 1
    assert isinstance(event, Event)
