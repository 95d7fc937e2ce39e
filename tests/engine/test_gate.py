"""Before the gate: no more rollouts go out at once than their channels take at their instant (promise 3)."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

from rich.console import Console

from pipeline.commands import terminal
from pipeline.record.gate import ABREAST
from pipeline.record.report import Report
from pipeline.rollout import RolloutState, Step
from pipeline.testing import article_of
from tests.engine.bench import PACE, Bench

MANY = 3 * ABREAST


def prepare(bench: Bench) -> None:
    """All that is to be prepared is; nothing is released, and no time passes."""
    releases = [one for one in bench.messages if one.step is Step.RELEASE]
    while bench.messages:
        wake = bench.messages.pop(0)
        if wake.step is Step.RELEASE:
            releases.append(wake)
        else:
            bench.engine.run(wake.delivery_id, lambda: False)
    bench.messages.extend(releases)


def _told(report: Report, bench: Bench) -> str:
    out = Console(file=StringIO(), width=200)
    terminal.show_report(out, report, bench.newsroom)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def states(bench: Bench, articles: list[str]) -> list[RolloutState]:
    return [bench.report(one).state for one in articles]


def ready(count: int, of: int) -> list[RolloutState]:
    return [RolloutState.READY] * count + [RolloutState.PREPARING] * (of - count)


def test_of_many_only_those_have_an_instant_whom_the_channels_take_at_it(bench: Bench) -> None:
    articles = [bench.publish(f"第{n}条") for n in range(MANY)]
    prepare(bench)
    assert states(bench, articles) == ready(ABREAST, MANY)
    waiting = bench.report(articles[-1])
    assert waiting.ready_at == bench.clock.now()
    assert "waits for those before it" in _told(waiting, bench)
    assert bench.report(articles[0]).ready_at is None
    bench.engine.sweep()
    assert states(bench, articles) == ready(ABREAST, MANY), "there is no room yet"
    for wave in (2, 3):
        bench.arrive()
        bench.engine.sweep()
        done = ABREAST * (wave - 1)
        assert states(bench, articles) == [RolloutState.COMPLETE] * done + ready(ABREAST, MANY - done)
    bench.arrive()
    assert states(bench, articles) == [RolloutState.COMPLETE] * MANY
    for report in map(bench.report, articles):
        assert report.skew_ms == 0


def test_who_comes_later_does_not_go_before_those_who_wait(bench: Bench) -> None:
    articles = [bench.publish(f"第{n}条") for n in range(ABREAST + 1)]
    prepare(bench)
    bench.arrive()  # there is room again, and nobody has looked yet
    late = bench.publish("后来的一条")
    prepare(bench)
    assert states(bench, [articles[-1], late]) == ready(0, 2)
    bench.engine.sweep()
    assert states(bench, [articles[-1], late]) == ready(2, 2)


def test_what_is_urgent_corrects_withdraws_or_has_a_moment_does_not_wait(bench: Bench) -> None:
    wrong, bad = bench.publish("有误的一条"), bench.publish("不当的一条")
    bench.run()
    crowd = [bench.publish(f"第{n}条") for n in range(MANY)]
    prepare(bench)
    assert states(bench, crowd).count(RolloutState.PREPARING) == MANY - ABREAST
    moment = bench.clock.now() + PACE.lead + timedelta(seconds=1)
    deeds = [
        bench.engine.publish(article_of("加急的一条"), {}, editor="甲", urgent=True),
        bench.engine.publish(article_of("定时的一条"), {}, editor="甲", go_live_at=moment),
    ]
    rollouts = [*(one.rollout_id for one in deeds), bench.correct(wrong, "<p>改正</p>"), bench.withdraw(bad)]
    prepare(bench)
    assert [bench.report(one).state for one in rollouts] == ready(4, 4)
    assert bench.report(rollouts[1]).release_at == moment


def test_who_is_made_urgent_passes_those_who_wait(bench: Bench) -> None:
    articles = [bench.publish(f"第{n}条") for n in range(MANY)]
    prepare(bench)
    record = bench.store.revision(articles[-1]).article
    bench.engine.publish(record, {}, editor="记者甲", urgent=True)
    assert states(bench, articles) == [*ready(ABREAST, MANY - 1), RolloutState.READY]


def test_who_is_withdrawn_before_the_gate_leaves_it(bench: Bench) -> None:
    articles = [bench.publish(f"第{n}条") for n in range(ABREAST + 2)]
    prepare(bench)
    bench.withdraw(articles[ABREAST])
    bench.run()
    released = {article for outlet in bench.outlets.values() for _, article, _ in outlet.deeds}
    assert released == {*articles} - {articles[ABREAST]}
    with bench.store.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM rollout WHERE at_gate IS NOT NULL").scalar() == 0


def test_nobody_waits_for_a_channel_that_is_late_or_fails(bench: Bench) -> None:
    """Its releases are not even begun for half a minute, as if it had no worker: the others of all rollouts go on."""
    articles = [bench.publish(f"第{n}条") for n in range(MANY)]
    prepare(bench)
    slow = bench.newsroom.outlets[1].id
    mine = {one.id for article in articles for one in bench.report(article).deliveries if one.channel == slow}

    def others() -> None:
        while wakes := [one for one in bench.messages if one.delivery_id not in mine]:
            bench.messages.clear()
            for wake in wakes:
                bench.engine.run(wake.delivery_id)

    others()
    bench.engine.sweep()
    assert states(bench, articles).count(RolloutState.PREPARING) == MANY - ABREAST
    bench.clock.advance(PACE.patience + PACE.lead)
    bench.engine.sweep()
    assert states(bench, articles).count(RolloutState.PREPARING) == MANY - 2 * ABREAST
    others()
    bench.engine.sweep()
    assert RolloutState.PREPARING not in states(bench, articles)

    bench.messages.clear()
    bench.clock.advance(PACE.wake)
    bench.run()
    assert states(bench, articles) == [RolloutState.COMPLETE] * MANY


def test_an_article_for_other_channels_does_not_wait_with_them(bench: Bench) -> None:
    site, post, app = (one.id for one in bench.newsroom.outlets)
    crowd = [
        bench.engine.publish(article_of(f"第{n}条"), {}, editor="甲", channels=[site, post]).article_id
        for n in range(ABREAST + 1)
    ]
    prepare(bench)
    alone = bench.engine.publish(article_of("只发一处"), {}, editor="甲", channels=[app]).article_id
    prepare(bench)
    bench.engine.sweep()
    assert states(bench, [crowd[-1], alone]) == [RolloutState.PREPARING, RolloutState.READY]
