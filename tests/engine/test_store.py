"""The record's promises on SQLite and PostgreSQL: one winner for every claim and gate, nothing stale, a whole chain."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, text

from pipeline.article import Article, Column, Revision
from pipeline.channel import Action, Problem, Receipt, Standing, Text, Unavailable
from pipeline.engine import Attempt
from pipeline.record import catalogue, waits
from pipeline.record.claiming import Claim
from pipeline.record.ids import article_id
from pipeline.record.importing import Old
from pipeline.record.refusals import Impossible
from pipeline.record.store import Store
from pipeline.record.submission import Changed, Submission
from pipeline.rollout import Again, DeliveryState, RolloutState, Step
from pipeline.testing import MemoryCatalogue, article_of, revision_of
from tests.conftest import fresh_file
from tests.engine.bench import OUTLETS, PACE, Bench, at_once
from tests.engine.simulation import Mute

ZHAOPIN = Column(id="zp", name="招聘", description="招聘信息", keywords=("招聘",), note="按语。")


def test_an_article_goes_its_way(bench: Bench) -> None:
    known = bench.publish()
    report = bench.report(known)
    assert (report.state, report.revision, report.editor) == (RolloutState.PREPARING, 1, "记者甲")
    bench.run()
    report = bench.report(known)
    assert report.state is RolloutState.COMPLETE
    assert {one.state for one in report.deliveries} == {DeliveryState.VERIFIED}
    assert report.skew_ms is not None
    assert all(one.prepared_at and one.released_at and one.verified_at for one in report.deliveries)
    assert bench.store.broken_event() is None


def test_the_same_again_is_nothing_new(bench: Bench) -> None:
    known = bench.publish()
    again = bench.engine.publish(article_of(), {}, editor="记者乙")
    assert (again.article_id, again.created) == (known, False)
    with pytest.raises(Changed):
        bench.publish(summary="别的内容")
    assert len(bench.store.articles(10)) == 1


def test_simultaneous_submissions_of_one_article_are_one(bench: Bench) -> None:
    accepted = at_once(6, lambda _: bench.engine.publish(article_of(), {}, editor="记者甲"))
    assert [one.created for one in accepted].count(True) == 1  # type: ignore[attr-defined]
    assert len({one.article_id for one in accepted}) == 1  # type: ignore[attr-defined]


def test_a_withdrawn_article_can_come_again_as_a_new_one(bench: Bench) -> None:
    known = bench.publish()
    bench.run()
    bench.withdraw(known)
    bench.run()
    assert {one.state for one in bench.report(known).deliveries} == {DeliveryState.WITHDRAWN}
    again = bench.publish()
    bench.run()
    assert again != known
    for outlet in bench.outlets.values():
        assert set(outlet.public) == {again}


@pytest.mark.parametrize("deed", ["correct", "withdraw"])
def test_what_cannot_be_done_says_what_can(bench: Bench, deed: str) -> None:
    known = bench.publish()
    bench.withdraw(known)
    with pytest.raises(Impossible) as caught:
        bench.correct(known, "<p>新</p>") if deed == "correct" else bench.withdraw(known)
    assert caught.value.problem.remedy.template
    with pytest.raises(Impossible):
        bench.store.report("r99")
    with pytest.raises(Impossible):
        bench.store.report("第一篇")


def test_a_correction_stays_in_its_column(bench: Bench) -> None:
    known = bench.publish()
    moved = article_of(column="tuopin", body="<p>新</p>")
    with pytest.raises(Impossible) as caught:
        bench.engine.correct(known, moved, {}, editor="记者甲")
    assert caught.value.problem.field == "column"


def correct(bench: Bench, known: str, headline: str, **fields: object) -> str:
    """Correct an article with the text of a file; the rollout."""
    given = {"column": "", "body": "<p>更正。</p>", **fields}
    return bench.engine.correct(known, article_of(headline, **given), {}, editor="记者甲").rollout_id


OF_ANOTHER = {
    "as it was submitted": ("架豆", {"column": "yaowen"}),
    "by the column's name": ("架豆", {"column": "武山要闻"}),
    "without a column": ("架豆", {}),
    "with other blanks": ("  架豆\n", {}),
    "of another column": ("洋芋", {"column": "乡镇动态"}),
    "of another column, which it does not name": ("洋芋", {}),
    "with its own number": ("别的标题", {"reference": "2026-7", "column": "tuopin"}),
    "withdrawn": ("韭菜", {}),
    "the text of a column's opening": ("开栏的话", {}),
}


@pytest.mark.parametrize(("headline", "fields"), OF_ANOTHER.values(), ids=[*OF_ANOTHER])
def test_a_correction_with_the_text_of_another_article_names_that(
    bench: Bench, headline: str, fields: dict[str, Any]
) -> None:
    known = {
        bench.publish("架豆", column="yaowen"): "架豆",
        bench.publish("洋芋", column="xiangzhen"): "洋芋",
        bench.publish("有编号", column="xiangzhen", reference="2026-7"): "有编号",
        bench.publish("韭菜"): "韭菜",
        bench.open(ZHAOPIN, article_of("开栏的话", column="", body="<p>按语。</p>")).article_id: "开栏的话",
    }
    bench.withdraw("a4")
    mine = bench.publish("花椒", column="yaowen")
    bench.run()
    before = bench.store.revision(mine)
    with pytest.raises(Impossible) as caught:
        correct(bench, mine, headline, **fields)
    told = {**caught.value.problem.message.values, **caught.value.problem.remedy.values}
    assert (told["headline"], told["article"]) == (known[str(told["other"])], mine)
    assert told["headline"] in (headline.strip(), "有编号")
    if told["other"] != "a4":
        assert f"newsroom correct {told['other']} FILE" in str(caught.value.problem.remedy)
    assert bench.store.revision(mine) == before, "nothing has been stored"


def test_the_store_itself_refuses_the_text_of_another_article(bench: Bench) -> None:
    bench.publish("架豆")
    mine, now = bench.publish("花椒"), bench.clock.now()
    of_another = Submission(article=article_of("架豆"), media={}, outlets=())
    with pytest.raises(Impossible, match="a1"):
        bench.store.correct(mine, of_another, note="", editor="记者甲", go_live_at=now, now=now)


def test_a_columns_opening_takes_no_articles_text(bench: Bench) -> None:
    bench.publish("架豆")
    opening = bench.open(ZHAOPIN).article_id
    bench.run()
    with pytest.raises(Impossible) as caught:
        correct(bench, opening, "架豆")
    assert caught.value.problem.message.values["other"] == "a1"
    correct(bench, opening, "-", body="<p>新按语。</p>")
    correct(bench, opening, "今起开栏", body="<p>再改按语。</p>")
    bench.run()
    assert [one.announces and one.announces.column.note for one in (bench.store.revision(opening).article,)] == [
        "再改按语。"
    ]


def test_a_corrected_headline_frees_the_old_one(bench: Bench) -> None:
    first = bench.publish("架豆", column="yaowen")
    correct(bench, first, "架豆喜获丰收")
    correct(bench, first, "架豆")
    correct(bench, first, "架豆喜获丰收")
    second = bench.publish("架豆", column="yaowen")
    assert second != first
    with pytest.raises(Impossible) as caught:
        correct(bench, first, "架豆")
    assert caught.value.problem.message.values["other"] == second
    correct(bench, first, "架豆", reference="2026-8", column="武山要闻")  # the way out that is named
    assert bench.store.revision(first).article.headline == "架豆"


def test_an_article_submitted_again_after_its_withdrawal_keeps_its_own_text(bench: Bench) -> None:
    bench.withdraw(bench.publish("架豆"))
    again = bench.publish("架豆")
    assert correct(bench, again, "架豆")


def test_two_articles_of_one_headline_are_told_apart_by_their_column(bench: Bench) -> None:
    first, second = bench.publish("简讯", column="yaowen"), bench.publish("简讯", column="xiangzhen")
    correct(bench, first, "简讯")
    correct(bench, second, "简讯", column="乡镇动态")
    assert [bench.store.revision(one).number for one in (first, second)] == [2, 2]


def test_one_claim_has_one_winner(bench: Bench) -> None:
    bench.publish()
    wake = bench.messages[0]
    claims = at_once(8, lambda _: bench.store.claim(wake.delivery_id, bench.clock.now()))
    assert len([claim for claim in claims if claim is not None]) == 1


def test_the_gate_has_one_winner(bench: Bench) -> None:
    bench.publish()
    claims = [bench.store.claim(wake.delivery_id, bench.clock.now()) for wake in bench.messages]
    attempts = [bench.engine.steps.attempt(claim) for claim in claims if claim]
    sent = at_once(3, lambda n: bench.engine.steps.finish(claims[n], attempts[n]))  # type: ignore[arg-type]
    releases = [wake for one in sent for wake in one.wakes]  # type: ignore[attr-defined]
    assert sorted(wake.delivery_id for wake in releases) == [1, 2, 3]
    assert {wake.step for wake in releases} == {Step.RELEASE}


def test_each_overdue_wake_is_given_to_one_sweeper(bench: Bench) -> None:
    for n in range(5):
        bench.publish(f"第{n}条")
    bench.clock.advance(PACE.wake * 2)
    found = at_once(6, lambda _: bench.store.overdue(bench.clock.now()))
    wakes = [wake.delivery_id for wakes in found for wake in wakes]  # type: ignore[attr-defined]
    assert sorted(wakes) == list(range(1, 16))


def test_a_stale_worker_records_nothing(bench: Bench) -> None:
    bench.publish()
    late = bench.store.claim(1, bench.clock.now())
    assert late is not None
    bench.clock.advance(PACE.lease * 2)
    newer = bench.store.claim(1, bench.clock.now())
    assert newer is not None
    assert newer.fence > late.fence
    assert newer.doubt, "the first may have had its effect"
    assert bench.engine.steps.finish(newer, bench.engine.steps.attempt(newer)) is not None
    assert bench.engine.steps.finish(late, bench.engine.steps.attempt(late)) is None
    assert bench.report("a1").deliveries[0].state is DeliveryState.PREPARED


def test_held_then_retried_with_a_true_date(bench: Bench) -> None:
    known = bench.publish()
    before = bench.store.revision(known).published_at
    bench.weather = {"prepare": "refused"}
    bench.run()
    report = bench.report(known)
    assert report.state is RolloutState.HELD
    assert [one.state for one in report.deliveries].count(DeliveryState.FAILED) == 1
    assert not any(outlet.public for outlet in bench.outlets.values())
    bench.clock.advance(timedelta(hours=3))
    bench.engine.retry(report.rollout, editor="记者甲")
    bench.run()
    assert bench.report(known).state is RolloutState.COMPLETE
    assert bench.store.revision(known).published_at - before >= timedelta(hours=3)


def test_what_is_held_is_overtaken_by_a_correction(bench: Bench) -> None:
    known = bench.publish()
    bench.weather = {"prepare": "refused"}
    bench.run()
    held = bench.report(known).rollout
    bench.correct(known, "<p>新</p>")
    bench.run()
    assert bench.report(held).state is RolloutState.CANCELLED
    report = bench.report(known)
    assert (report.state, report.action) == (RolloutState.COMPLETE, Action.PUBLISH), "nothing was public: no correction"
    with pytest.raises(Impossible):
        bench.engine.retry(held, editor="记者甲")


def test_one_channel_fails_alone(bench: Bench) -> None:
    known = bench.publish()
    bench.weather = {"release": "refused"}
    bench.run()
    report = bench.report(known)
    assert report.state is RolloutState.COMPLETE
    assert sorted(one.state for one in report.deliveries) == ["failed", "verified", "verified"]
    assert [one.error is not None for one in report.deliveries].count(True) == 1
    bench.engine.retry(report.rollout, editor="记者甲")
    bench.run()
    assert {one.state for one in bench.report(known).deliveries} == {DeliveryState.VERIFIED}


def test_withdrawn_while_a_dead_worker_held_it(bench: Bench) -> None:
    """The overtaken rollout comes to an end too, also where the worker that had its deliveries never comes back."""
    known = bench.publish()
    first = bench.report(known).rollout
    for wake in bench.messages[:2]:
        assert bench.store.claim(wake.delivery_id, bench.clock.now())
    bench.messages.clear()
    bench.withdraw(known)
    bench.run()
    bench.clock.advance(PACE.lease * 2)
    bench.engine.sweep()
    bench.run()
    assert bench.report(first).state is RolloutState.CANCELLED
    assert bench.report(known).state is RolloutState.COMPLETE


@pytest.mark.parametrize("adopt", [False, True])
def test_where_nobody_can_tell_a_person_decides(database: str, tmp_path: Path, adopt: bool) -> None:
    bench = Bench(database, tmp_path, outside=Mute)
    known = bench.publish()
    bench.weather = {"release": "lost"}
    bench.run()
    report = bench.report(known)
    assert sorted(one.state for one in report.deliveries) == ["unknown", "verified", "verified"]
    assert [one.rollout for one in bench.store.stuck()] == [report.rollout]
    if not adopt:  # the person has looked: it did not happen
        (lost,) = [one for one in report.deliveries if one.state is DeliveryState.UNKNOWN]
        bench.outlets[lost.channel].public.clear()
        bench.outlets[lost.channel].deeds.clear()
    bench.engine.retry(report.rollout, editor="记者甲", adopt=adopt)
    bench.run()
    assert {one.state for one in bench.report(known).deliveries} == {DeliveryState.VERIFIED}
    assert all(len(outlet.deeds) == 1 for outlet in bench.outlets.values())
    bench.store.close()


def test_a_worker_killed_in_the_middle_leaves_it_to_a_person(database: str, tmp_path: Path) -> None:
    bench = Bench(database, tmp_path, outside=Mute)
    known = bench.publish()
    claim = bench.store.claim(1, bench.clock.now())
    assert claim is not None
    bench.engine.steps.attempt(claim)  # and it dies before it records
    bench.clock.advance(PACE.lease * 2)
    bench.run()
    report = bench.report(known)
    assert (report.state, report.deliveries[0].state) == (RolloutState.HELD, DeliveryState.UNKNOWN)
    bench.store.close()


def test_where_everything_fails_after_the_gate_it_does_not_count_as_overtaken(bench: Bench) -> None:
    known = bench.publish()
    while bench.report(known).state is RolloutState.PREPARING:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    for outlet in bench.outlets.values():
        outlet.weather = lambda what: "refused" if what == "release" else ""
    bench.run()
    assert bench.report(known).state is RolloutState.COMPLETE
    assert {one.state for one in bench.report(known).deliveries} == {DeliveryState.FAILED}


def test_a_moment_in_the_future_is_kept(bench: Bench) -> None:
    moment = bench.clock.now() + timedelta(hours=2)
    accepted = bench.engine.publish(article_of(), {}, editor="记者甲", go_live_at=moment)
    while bench.messages:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    assert bench.store.report(accepted.rollout_id).state is RolloutState.PREPARING
    bench.clock.advance(timedelta(hours=1, minutes=49))
    assert bench.engine.sweep() == 0
    bench.clock.advance(timedelta(minutes=1))
    assert bench.engine.sweep() == len(OUTLETS), "what was prepared long ahead is checked once more"
    while bench.messages:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    assert bench.store.report(accepted.rollout_id).state is RolloutState.READY
    bench.clock.advance(timedelta(minutes=9))
    assert bench.engine.sweep() == 0
    assert not any(outlet.public for outlet in bench.outlets.values())
    bench.run()
    assert {at for outlet in bench.outlets.values() for at in outlet.released_at.values()} == {moment}
    assert bench.store.revision(accepted.article_id).published_at == moment


def test_a_changed_event_is_found(bench: Bench) -> None:
    bench.publish()
    bench.run()
    assert bench.store.broken_event() is None
    with bench.store.writing() as tx:
        tx.execute(text("UPDATE event SET who = 'somebody else' WHERE id = 3"))
    assert bench.store.broken_event() == 3


def test_a_cut_chain_is_found(bench: Bench) -> None:
    bench.publish()
    assert bench.store.seal() == 1
    with bench.store.writing() as tx:
        tx.execute(text("DELETE FROM event WHERE id = (SELECT max(id) FROM event)"))
    assert bench.store.broken_event() is not None


def test_a_channels_lock_keeps_others_out(bench: Bench) -> None:
    with bench.store.exclusive("site"), pytest.raises(Unavailable):
        _locked_elsewhere(bench, "site")
    _locked_elsewhere(bench, "site")
    with bench.store.exclusive("site"):
        _locked_elsewhere(bench, "post")


def test_one_at_a_time_has_a_channels_lock_among_processes_and_threads(database: str, tmp_path: Path) -> None:
    stores = [Store(database, pace=PACE, locks=tmp_path) for _ in range(2)]  # as two processes
    inside, most = 0, 0

    def enter(n: int) -> None:
        nonlocal inside, most
        for _ in range(20):
            with stores[n % 2].exclusive("site"):
                inside += 1
                most = max(most, inside)
                stores[n % 2].ready()
                inside -= 1

    at_once(6, enter)
    assert (inside, most) == (0, 1)
    with stores[0].exclusive("site"), pytest.raises(Unavailable):
        _enter(stores[1], "site")
    with stores[1].exclusive("site"):  # who gave up has left nothing behind
        pass
    for store in stores:
        store.close()


def _enter(store: Store, channel: str) -> None:
    with store.exclusive(channel, patience=timedelta(milliseconds=50)):
        pass


@pytest.mark.timeout(30)
def test_a_channels_lock_is_no_turn_to_write(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "TURN", timedelta(minutes=10))  # whoever waits for it here waits for itself
    with bench.store.exclusive("writer"), bench.store.writing() as tx:
        assert tx.scalar(text("SELECT count(*) FROM event")) == 0


def _locked_elsewhere(bench: Bench, channel: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_enter, bench.store, channel).result()


def test_several_processes_may_migrate_at_once(empty_database: str, tmp_path: Path) -> None:
    stores = [Store(empty_database, pace=PACE, locks=tmp_path) for _ in range(5)]
    at_once(5, lambda n: stores[n].migrate())
    assert all(store.ready() for store in stores)
    for store in stores:
        store.close()


DEEDS = st.lists(
    st.tuples(st.sampled_from(["publish", "publish", "import", "correct", "withdraw"]), st.integers(0, 9)), max_size=12
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=DEEDS)
def test_the_catalogue_is_the_one_in_memory(
    deeds: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`SqlCatalogue` answers what `MemoryCatalogue` (which the contract suite uses) answers."""
    folder = tmp_path_factory.mktemp("catalogue")
    bench, memory = Bench(fresh_file(folder / "n.db"), folder, OUTLETS[:1]), MemoryCatalogue()
    known: list[str] = []
    first = bench.clock.now()
    for n, (deed, which) in enumerate(deeds):
        one = known[which % len(known)] if known else ""
        if deed == "import":
            one = _imported(bench, article_of(f"旧{n}", column=("yaowen", "tuopin")[which % 2]))
            known.append(one)
            memory.place(bench.store.revision(one), imported=True)
        elif deed == "publish" or not one:
            one = bench.publish(f"第{n}条", column=("yaowen", "tuopin")[which % 2])
            known.append(one)
            memory.place(bench.store.revision(one), Receipt(standing=Standing.LIVE))
        elif deed == "correct":
            bench.correct(one, f"<p>第{n}稿</p>")
            memory.place(bench.store.revision(one), Receipt(standing=Standing.LIVE))
        else:
            bench.withdraw(one)
            known.remove(one)
        bench.run()
        if deed == "withdraw" and one not in known:
            memory.remove(one, bench.report(one).release_at or bench.clock.now(), "撤")
    catalogue = bench.store.catalogue("site", bench.clock.now)
    for column in (None, "yaowen", "tuopin", "xiangzhen"):
        assert _names(catalogue.live(column)) == _names(memory.live(column))
        assert _names(catalogue.live(column, 2, 3)) == _names(memory.live(column, 2, 3))
        assert _names(catalogue.span(2, 4, column)) == _names(memory.span(2, 4, column))
        assert _names(catalogue.span(-9, 9, column)) == _names(memory.span(-9, 9, column))
        assert catalogue.last(column) == memory.last(column)
        assert catalogue.imported(column) == memory.imported(column)
        for since, before, limit in ((first, 99, 99), (first, 4, 2), (bench.clock.now() + timedelta(days=1), 99, 99)):
            assert _names(catalogue.changed(since, before, limit, column)) == _names(
                memory.changed(since, before, limit, column)
            )
    everything = memory.span(-99, 99)
    ids = [entry.revision.id for entry in everything]
    assert _names(catalogue.entries([*ids, "a99"])[one] for one in ids) == _names(everything)
    for entry in everything:
        article = entry.revision.id
        assert [one and one.revision.id for one in catalogue.neighbours(article)] == [
            one and one.revision.id for one in memory.neighbours(article)
        ]
    assert catalogue.entry("a99") is None
    bench.store.close()


def _imported(bench: Bench, article: Article) -> str:
    at = bench.clock.now() - timedelta(days=1)
    [number] = bench.store.reserve(1)
    revision = Revision(id=article_id(number), number=1, article=article, published_at=at)
    column = bench.newsroom.column(article.column)
    old = Old(number=number, revision=revision, column=column, file="旧.md", media={}, reading=None, digests={})
    bench.store.take_over([old], bench.newsroom.outlets, editor="记者甲", now=bench.clock.now())
    return revision.id


def _names(entries: object) -> list[tuple[str, int, int, int, bool]]:
    return [
        (one.revision.id, one.revision.number, one.ordinal, one.column_ordinal, one.withdrawn_at is not None)
        for one in entries  # type: ignore[attr-defined]
    ]


def test_naive_times_are_refused_at_the_border(bench: Bench) -> None:
    article: Article = article_of()
    with pytest.raises(Exception, match="time without zone"):
        bench.store.publish(
            [Submission(article=article, media={}, outlets=OUTLETS)],
            editor="",
            go_live_at=bench.clock.now().replace(tzinfo=None),
            now=bench.clock.now(),
        )
    assert bench.store.articles(1) == []


def test_the_record_is_kept_whole(bench: Bench) -> None:
    known = bench.publish(headline="“引号”与𠮷", body="<p>a &amp; b</p>")
    found = bench.store.revision(known)
    assert found == revision_of(article_of("“引号”与𠮷", body="<p>a &amp; b</p>"), id=known, at=bench.clock.now())


def test_what_left_nothing_is_nothing_to_build_upon(bench: Bench) -> None:
    """An overtaken correction of which the channel says that it is not there: what was before it counts, each time."""
    known = bench.publish()
    bench.arrive()
    trouble = Again(Problem(field="x", message=Text.of("lost"), remedy=Text.of("wait")), None, True)

    def claimed() -> Claim:
        bench.clock.advance(timedelta(minutes=5))
        rollout = bench.store.latest_rollout(known)
        claim = bench.store.claim(bench.part(rollout, channel).id, bench.clock.now())
        assert claim is not None
        return claim

    channel = next(iter(bench.outlets))
    bench.correct(known, "<p>第二版</p>")
    bench.engine.steps.finish(claimed(), Attempt(trouble))
    bench.correct(known, "<p>第三版</p>")
    claim = claimed()
    [earlier] = claim.earlier
    bench.store.settle_doubt(earlier, Receipt(standing=Standing.ABSENT), bench.clock.now())
    bench.engine.steps.finish(claim, Attempt(trouble))

    previous = claimed().previous

    assert previous is not None
    assert previous.revision.number == 1
    assert previous.receipt is not None
    assert previous.receipt.standing is Standing.LIVE


# -- questions that every release asks ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "index"),
    [
        (catalogue._last(False), "placement_in_order"),
        (catalogue._last(True), "placement_in_column"),
        (catalogue._live(False, False), "placement_in_order"),
        (catalogue._live(True, True), "placement_in_column"),
        (catalogue._span(False), "placement_in_order"),
        (catalogue._span(True), "placement_in_column"),
        (catalogue._beside(later=True), "placement_in_column"),
        (catalogue._beside(later=False), "placement_in_column"),
        (catalogue._changed(False), "placement_changed"),
        (catalogue._changed(True), "placement_changed"),
        (catalogue._ENTRY, "placement_of_article"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_a_catalogue_is_asked_is_found_by_its_own_index(question: Select[Any], index: str, tmp_path: Path) -> None:
    """However many articles there are: SQLite takes an index that fits less if there is one (seen: that of the
    moments, for the newest article), and then reads all of a channel."""
    store = Store(f"sqlite:///{tmp_path / 'db'}", pace=PACE, locks=tmp_path / "locks")
    store.migrate()
    compiled = question.compile(store.engine)
    asked = "EXPLAIN QUERY PLAN " + re.sub(r"\(__\[POSTCOMPILE_\w+\]\)", "(NULL)", str(compiled))
    with store.reading() as tx:
        plan = [row[3] for row in tx.exec_driver_sql(asked, (None,) * asked.count("?"))]
    store.close()
    assert any(f" placement USING INDEX {index} " in one.replace("COVERING ", "") for one in plan), plan
