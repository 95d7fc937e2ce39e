"""Nobody waits for another's rollout, and nobody waits in a circle: on PostgreSQL, which has more than one writer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.record import chain, locks, waits
from pipeline.record.gate import ABREAST
from pipeline.record.refusals import Impossible
from pipeline.record.submission import Changed
from pipeline.rollout import ENDED, RolloutState, Step
from pipeline.testing import article_of
from tests.conftest import fresh_database
from tests.engine.bench import BUNDLING, Bench, at_once
from tests.engine.commands import until
from tests.engine.load import load
from tests.engine.lock_waits import Wait, waits_in

SHORT = timedelta(milliseconds=50)


@pytest.fixture
def bench(postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """A bench on PostgreSQL where everybody fails who has to wait for longer than a moment."""
    monkeypatch.setattr(waits, "LOCK", SHORT)
    made = Bench(fresh_database(postgresql), tmp_path, BUNDLING)
    yield made
    made.store.close()


@contextmanager
def in_the_middle(bench: Bench, rollout: str) -> Iterator[None]:
    """Somebody is in the middle of a transaction of this rollout: all of it is locked, and an event is written."""
    with bench.store.writing() as tx:
        tx.execute(locks.ROLLOUT, {"of": int(rollout[1:])})
        tx.execute(text("UPDATE delivery SET tries = tries WHERE rollout_id = :of"), {"of": int(rollout[1:])})
        chain.note(tx, bench.clock.now(), "engine", "in the middle", rollout=int(rollout[1:]))
        yield


def test_whoever_is_in_the_middle_of_a_rollout_keeps_nobody_else_from_anything(bench: Bench) -> None:
    """Everything that can be done is done to other articles, while the transaction of one stays open."""
    known = bench.publish("停在中间")
    bench.arrive()
    assert bench.report(known).state is RolloutState.COMPLETE
    with in_the_middle(bench, bench.report(known).rollout):
        others = [bench.publish(f"第{n}条") for n in range(3)]
        together = bench.together("一", "二", "三")
        with pytest.raises(Changed):
            bench.publish("第1条", summary="别的内容")
        bench.correct(others[0], "<p>新</p>")
        bench.withdraw(others[1])
        bench.withdraw(together.article_ids[1])
        for _ in range(20):
            bench.arrive()
            bench.clock.advance(timedelta(seconds=3))
            bench.engine.sweep()
            bench.engine.seal()
        ended = [*others, *together.article_ids]
        assert {one.state for article in ended for one in bench.report(article).deliveries} <= ENDED
        assert bench.store.chain().unsealed == 0
        with pytest.raises(waits.Held):
            bench.withdraw(known)
    bench.withdraw(known)
    bench.run()
    assert {one.state for one in bench.report(known).deliveries} <= ENDED
    assert bench.store.broken_event() is None


def test_what_is_tried_again_keeps_nobody_from_the_rest(bench: Bench) -> None:
    held = []
    for n in range(2):
        bench.weather = {"prepare": "refused"}
        held.append(bench.report(bench.publish(f"第{n}条")).rollout)
        bench.arrive()
    with in_the_middle(bench, held[0]):
        bench.engine.retry(held[1], editor="记者甲")
        bench.arrive()
        with pytest.raises(waits.Held):
            bench.engine.retry(held[0], editor="记者甲")
    bench.engine.retry(held[0], editor="记者甲")


def test_who_submits_to_a_column_waits_for_none_but_who_takes_it_away(bench: Bench) -> None:
    with bench.store.writing() as tx:
        locks.names(tx, ["column:tuopin"])
        bench.publish("一", column="yaowen")
        with pytest.raises(waits.Held):
            bench.publish("二", column="tuopin")
    with bench.store.writing() as tx:
        locks.names(tx, ["key:yaowen/四"], ["column:tuopin"])  # as an article of a column that does not count
        bench.publish("三", column="tuopin")


def test_articles_of_a_column_that_counts_come_one_after_another(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(fresh_database(postgresql), tmp_path)
    series = bench.newsroom.columns[0].model_copy(
        update={"id": "series", "name": "系列", "address": "xilie", "series": "系列报道"}
    )
    bench.open(series)
    bench.run()
    published = at_once(6, lambda n: bench.publish(f"第{n}条", column="series"))
    numbers = sorted(bench.store.revision(str(known)).article.number or 0 for known in published)
    assert numbers == [1, 2, 3, 4, 5, 6]
    bench.store.close()


def test_the_same_pictures_in_many_articles_at_once(postgresql: str, tmp_path: Path) -> None:
    bench = Bench(fresh_database(postgresql), tmp_path)
    media = {f"{n:064x}": b"x" * 1000 for n in range(20)}

    def publish(n: int) -> object:
        chosen = list(media)
        random.Random(n).shuffle(chosen)
        return bench.engine.publish(article_of(f"第{n}条"), {one: media[one] for one in chosen}, editor="记者甲")

    at_once(6, publish)
    assert {bench.store.read_image(one) for one in media} == {b"x" * 1000}
    bench.store.close()


def test_ordinals_of_one_channel_are_given_out_once_and_without_gaps(postgresql: str, tmp_path: Path) -> None:
    bench = Bench(fresh_database(postgresql), tmp_path)
    for n in range(ABREAST):
        bench.publish(f"第{n}条", column=("yaowen", "tuopin")[n % 2])
    while bench.messages[0].step is Step.PREPARE:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    wakes = [*bench.messages]
    assert len(wakes) == 3 * ABREAST
    at_once(12, lambda n: [bench.engine.run(wake.delivery_id) for wake in wakes[n::12]])
    with bench.store.reading() as tx:
        rows = tx.execute(text('SELECT channel, "column", ordinal, column_ordinal FROM placement')).all()
    for channel in ("site", "post", "app"):
        mine = [row for row in rows if row.channel == channel]
        assert sorted(row.ordinal for row in mine) == list(range(1, ABREAST + 1))
        for column in ("yaowen", "tuopin"):
            assert sorted(row.column_ordinal for row in mine if row.column == column) == list(
                range(1, ABREAST // 2 + 1)
            )
    bench.store.close()


@pytest.mark.parametrize("seed", range(3))
def test_nobody_waits_in_a_circle(postgresql: str, tmp_path: Path, seed: int) -> None:
    """All that can happen, by many at once, to a handful of articles that share their rollouts. PostgreSQL ends a
    circle by refusing one of those in it: nobody is refused here."""
    bench = Bench(fresh_database(postgresql), tmp_path, BUNDLING)
    articles = [known for n in range(3) for known in bench.together(f"{n}一", f"{n}二", f"{n}三").article_ids]
    weather = ["", "", "", "lost", "busy", "refused"]

    def some(n: int) -> None:
        chance = random.Random(seed * 100 + n)
        deeds: list[Callable[[], object]] = [
            lambda: bench.correct(chance.choice(articles), f"<p>{chance.random()}</p>"),
            lambda: bench.withdraw(chance.choice(articles)) if chance.random() < 0.1 else None,
            lambda: bench.engine.retry(bench.report(chance.choice(articles)).rollout, editor="记者甲"),
            lambda: bench.clock.advance(timedelta(seconds=chance.choice([1, 3, 70]))),
            bench.engine.sweep,
            bench.engine.seal,
            lambda: bench.weather.update({chance.choice(["prepare", "release", "find"]): chance.choice(weather)}),
            lambda: bench.store.claim(chance.randrange(1, 60), bench.clock.now()),
            *[lambda: bench.engine.run(bench.messages.pop(0).delivery_id)] * 8,
        ]
        for _ in range(60):
            with suppress(Impossible, IndexError):
                chance.choice(deeds)()

    at_once(6, some)
    assert bench.store.broken_event() is None
    bench.store.close()


# -- measured ---------------------------------------------------------------------------------------------


def test_a_wait_is_found_where_there_is_one(tmp_path: Path) -> None:
    """The ruler of the next test: somebody waits for a rollout, somebody for a column."""
    with waits_in(tmp_path, SHORT) as measured, ThreadPoolExecutor(2) as pool:
        bench = Bench(measured.url, tmp_path)
        known = bench.publish()
        with in_the_middle(bench, bench.report(known).rollout):
            waiting = pool.submit(bench.withdraw, known)
            until(lambda: measured.found)
        waiting.result()
        with bench.store.writing() as tx:
            locks.names(tx, ["column:yaowen"])
            waiting = pool.submit(bench.publish, "二")
            until(lambda: len(measured.found) == 2)
        waiting.result()
        assert measured.found[0].what == "rollout"
        assert measured.found[1].what.startswith("advisory lock")
        assert [allowed(one) for one in measured.found] == [True, False]
        bench.store.close()


def test_three_workers_at_six_channels_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Nothing but the engine's own work: three processes, six channels that do nothing, one PostgreSQL.

    Whoever waits for longer than 50 ms is in the server's log. Deliveries of one rollout may wait for each other, and
    rollouts that get their ordinals on one channel; nobody else does.
    """
    with waits_in(tmp_path, SHORT) as measured:
        assert load(measured.url, tmp_path, workers=3, articles=12) == 3 * 12
        assert [one for one in measured.found if not allowed(one)] == []


def allowed(wait: Wait) -> bool:
    """What order demands: see `pipeline.record.locks`."""
    return wait.what in ("rollout", "counter", "counter_pkey")
