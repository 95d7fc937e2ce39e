"""The check shortly before a moment: what was prepared long ahead still holds, or somebody hears of it in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline.article import Newsroom, Outlet, Revision
from pipeline.channel import Delivery, Problem, Receipt, Rendition, Text
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import article_of
from tests.engine.bench import BUNDLING, OUTLETS, PACE, Bench
from tests.engine.simulation import Bundling, Mute, Outside

HOUR = timedelta(hours=1)
EXPIRED = Problem(
    field="secret", message=Text.of("the password has expired"), remedy=Text.of("set a new one in the console")
)


def scheduled(bench: Bench, ahead: timedelta = HOUR) -> tuple[str, datetime]:
    """An article that is prepared, and its moment: the id of its rollout, and when."""
    moment = bench.clock.now() + ahead
    accepted = bench.engine.publish(article_of(), {}, editor="记者甲", go_live_at=moment)
    bench.arrive()
    return accepted.rollout_id, moment


def all_went_out_at(bench: Bench, rollout: str, moment: datetime) -> None:
    bench.clock.moment = max(bench.clock.moment, moment - PACE.arm)
    bench.sweep()
    bench.run()
    assert bench.report(rollout).state is RolloutState.COMPLETE
    assert {at for outlet in bench.outlets.values() for at in outlet.released_at.values()} == {moment}


def test_what_was_prepared_long_ahead_is_checked_before_the_gate(bench: Bench) -> None:
    rollout, moment = scheduled(bench)
    assert {one.state for one in bench.report(rollout).deliveries} == {DeliveryState.PREPARED}
    assert {one.checked_at for one in bench.report(rollout).deliveries} == {None}
    bench.clock.moment = moment - PACE.check - timedelta(seconds=1)
    assert bench.engine.sweep() == 0
    bench.clock.moment = moment - PACE.check
    for number, wake in enumerate(bench.store.overdue(bench.clock.now()), 1):
        assert bench.report(rollout).state is RolloutState.PREPARING
        bench.engine.run(wake.delivery_id)
        assert [one.checked_at is not None for one in bench.report(rollout).deliveries].count(True) == number
    assert bench.report(rollout).state is RolloutState.READY
    assert [outlet.checks for outlet in bench.outlets.values()] == [1, 1, 1]
    all_went_out_at(bench, rollout, moment)
    assert [outlet.checks for outlet in bench.outlets.values()] == [1, 1, 1]


def test_a_near_moment_is_not_checked_twice(bench: Bench) -> None:
    """What was prepared a short while ago holds: its moment's gate passes at once."""
    rollout, moment = scheduled(bench, PACE.check)
    assert bench.report(rollout).state is RolloutState.READY
    assert {one.checked_at for one in bench.report(rollout).deliveries} == {bench.report(rollout).accepted_at}
    assert bench.engine.sweep() == 0
    all_went_out_at(bench, rollout, moment)
    assert [outlet.checks for outlet in bench.outlets.values()] == [0, 0, 0]


def test_a_channel_that_lost_what_was_staged_is_prepared_again(bench: Bench) -> None:
    rollout, moment = scheduled(bench)
    bench.outlets["post"].staged.clear()
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    assert bench.report(rollout).state is RolloutState.READY
    assert len(bench.outlets["post"].staged) == 1
    all_went_out_at(bench, rollout, moment)


def test_a_channel_that_no_longer_works_holds_the_rollout_before_its_moment(bench: Bench) -> None:
    """After `Pace.checks` tries, with what is wrong and what to do; mended, it goes out at its moment."""
    rollout, moment = scheduled(bench)
    bench.outlets["post"].problems = [EXPIRED]
    bench.clock.moment = moment - PACE.check
    for tried in range(1, PACE.checks + 1):
        assert bench.report(rollout).state is RolloutState.PREPARING
        bench.sweep()
        assert bench.outlets["post"].checks == tried
        assert bench.part(rollout, "post").error == EXPIRED
        bench.clock.advance(PACE.wake + PACE.backoff * 2 ** (tried - 1))
    assert bench.clock.now() < moment - timedelta(minutes=1), "there is time left to act"
    report = bench.report(rollout)
    assert report.state is RolloutState.HELD
    assert bench.part(rollout, "post").state is DeliveryState.FAILED
    assert [one.rollout for one in bench.store.stuck()] == [rollout]

    bench.outlets["post"].problems = []
    bench.engine.retry(rollout, editor="记者甲")
    bench.arrive()
    report = bench.report(rollout)
    assert (report.state, report.go_live_at, report.release_at) == (RolloutState.READY, moment, moment)
    all_went_out_at(bench, rollout, moment)


def test_a_moment_that_has_passed_while_it_was_held_is_not_made_up(bench: Bench) -> None:
    rollout, moment = scheduled(bench)
    bench.outlets["post"].problems = [EXPIRED]
    bench.clock.moment = moment - PACE.check
    bench.run()
    assert bench.report(rollout).state is RolloutState.HELD
    bench.clock.moment = moment + HOUR
    bench.sweep()
    assert not any(outlet.public for outlet in bench.outlets.values())
    bench.outlets["post"].problems = []
    bench.engine.retry(rollout, editor="记者甲")
    bench.run()
    assert bench.report(rollout).go_live_at == moment + HOUR
    assert bench.store.revision("a1").published_at == moment + HOUR


def test_a_short_trouble_holds_nothing(bench: Bench) -> None:
    rollout, moment = scheduled(bench)
    bench.outlets["post"].problems = [EXPIRED]
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    bench.outlets["post"].problems = []
    bench.weather = {"find": "busy"}
    for _ in range(PACE.checks):
        bench.clock.advance(PACE.wake + timedelta(seconds=10))
        bench.sweep()
    assert bench.report(rollout).state is RolloutState.READY
    assert {one.error for one in bench.report(rollout).deliveries} == {None}
    all_went_out_at(bench, rollout, moment)


def test_a_worker_that_dies_at_the_check_holds_nothing(bench: Bench) -> None:
    rollout, moment = scheduled(bench)
    bench.clock.moment = moment - PACE.check
    assert bench.store.claim(bench.part(rollout, "post").id, bench.clock.now())
    bench.sweep()
    assert bench.report(rollout).state is RolloutState.PREPARING
    bench.clock.advance(PACE.lease + PACE.arm)
    bench.sweep()
    assert bench.report(rollout).state is RolloutState.READY
    all_went_out_at(bench, rollout, moment)


def test_a_correction_for_a_later_moment_is_checked_too(bench: Bench) -> None:
    known = bench.publish()
    bench.run()
    article = bench.store.revision(known).article.model_copy(update={"body": "<p>新</p>"})
    moment = bench.clock.now() + HOUR
    rollout = bench.engine.correct(known, article, {}, editor="记者甲", go_live_at=moment).rollout_id
    bench.arrive()
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    assert [outlet.checks for outlet in bench.outlets.values()] == [1, 1, 1]
    all_went_out_at(bench, rollout, moment)


OPTIONAL = (*OUTLETS[:2], Outlet(id="app", kind="outside", name="app", required=False))


def test_a_channel_that_may_fail_is_released_with_the_others(database: str, tmp_path: Path) -> None:
    """The gate does not wait for its check; nor does its release begin before the others'."""
    bench = Bench(database, tmp_path, OPTIONAL)
    rollout, moment = scheduled(bench)
    bench.clock.moment = moment - PACE.check
    wakes = {wake.delivery_id: wake for wake in bench.store.overdue(bench.clock.now())}
    optional = bench.part(rollout, "app").id
    for one in wakes.keys() - {optional}:
        bench.engine.run(one)
    assert bench.report(rollout).state is RolloutState.READY
    assert not bench.engine.run(optional), "its moment has not come"
    all_went_out_at(bench, rollout, moment)
    bench.store.close()


def test_where_no_channel_is_required_all_wait_for_the_moment(database: str, tmp_path: Path) -> None:
    outlets = tuple(one.model_copy(update={"required": False}) for one in OUTLETS)
    bench = Bench(database, tmp_path, outlets)
    rollout, moment = scheduled(bench)
    assert bench.report(rollout).state is RolloutState.READY
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    assert not any(outlet.public for outlet in bench.outlets.values())
    all_went_out_at(bench, rollout, moment)
    bench.store.close()


def test_the_check_of_a_channel_that_may_fail_goes_on_past_the_gate(database: str, tmp_path: Path) -> None:
    """Its trouble at the check does not make its release early or late."""
    bench = Bench(database, tmp_path, OPTIONAL)
    rollout, moment = scheduled(bench)
    bench.outlets["app"].problems = [EXPIRED]
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    bench.outlets["app"].problems = []
    bench.clock.advance(timedelta(minutes=1))
    bench.sweep()
    assert not any(outlet.public for outlet in bench.outlets.values())
    all_went_out_at(bench, rollout, moment)
    bench.store.close()


def test_a_channel_that_may_fail_is_tried_again_before_the_moment(database: str, tmp_path: Path) -> None:
    """That opens no gate: everything still waits for its moment."""
    bench = Bench(database, tmp_path, OPTIONAL)
    bench.outlets["app"].weather = lambda what: "refused" if what == "prepare" else ""
    rollout, moment = scheduled(bench)
    assert bench.part(rollout, "app").state is DeliveryState.FAILED
    bench.outlets["app"].weather = lambda _: ""
    bench.engine.retry(rollout, editor="记者甲")
    bench.arrive()
    assert bench.report(rollout).state is RolloutState.PREPARING
    assert {one.state for one in bench.report(rollout).deliveries} == {DeliveryState.PREPARED}
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    all_went_out_at(bench, rollout, moment)
    bench.store.close()


class Unasked(Mute):
    """It cannot be asked, but what was staged stays."""

    def prepare(self, delivery: Delivery) -> Receipt:
        assert not self.staged, "nobody can tell whether it may be repeated"
        return super().prepare(delivery)


def test_where_nobody_can_ask_the_check_asks_only_whether_the_channel_works(database: str, tmp_path: Path) -> None:
    bench = Bench(database, tmp_path, outside=Unasked)
    rollout, moment = scheduled(bench)
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    assert [outlet.checks for outlet in bench.outlets.values()] == [1, 1, 1]
    assert bench.report(rollout).state is RolloutState.READY
    all_went_out_at(bench, rollout, moment)
    bench.store.close()


def test_the_public_date_is_the_minute_of_the_release(bench: Bench) -> None:
    """Accepted at 10:00:59 and released at 10:01:01, it was once dated 10:00: a minute early is a violation."""
    bench.clock.moment = bench.clock.now().replace(second=59, microsecond=0)
    accepted = bench.engine.publish(article_of(), {}, editor="记者甲")
    assert bench.store.revision("a1").published_at == bench.clock.now()
    bench.clock.advance(timedelta(seconds=2))
    bench.run()
    report = bench.report(accepted.rollout_id)
    assert report.state is RolloutState.COMPLETE
    assert report.release_at is not None
    assert bench.store.revision("a1").published_at == report.release_at
    assert report.release_at.minute != report.accepted_at.minute


def test_what_goes_out_in_the_minute_in_which_it_was_accepted_keeps_its_date(bench: Bench) -> None:
    bench.clock.moment = accepted_at = bench.clock.now().replace(second=5, microsecond=0)
    bench.publish()
    bench.run()
    assert bench.store.revision("a1").published_at == accepted_at


def test_a_correction_is_dated_by_its_release_too(bench: Bench) -> None:
    bench.publish()
    bench.run()
    published_at = bench.store.revision("a1").published_at
    bench.clock.moment = bench.clock.now().replace(second=59, microsecond=0) + timedelta(minutes=1)
    rollout = bench.correct("a1", "<p>改。</p>")
    bench.clock.advance(timedelta(seconds=2))
    bench.run()
    revision = bench.store.revision("a1")
    assert (revision.published_at, revision.corrected_at) == (published_at, bench.report(rollout).release_at)


@pytest.mark.parametrize("trouble", ["busy", "lost"])
def test_what_was_prepared_anew_for_another_minute_is_not_prepared_once_more(bench: Bench, trouble: str) -> None:
    """Where the release then fails, the channel is asked: a platform without keys would have a second draft."""
    calls: list[str] = []

    def weather(what: str) -> str:
        calls.append(what)
        return trouble if what == "release" and calls.count("release") == 1 else ""

    bench.outlets["site"].weather = weather
    bench.clock.moment = bench.clock.now().replace(second=59, microsecond=0)
    accepted = bench.engine.publish(article_of(), {}, editor="记者甲")
    bench.clock.advance(timedelta(seconds=2))
    bench.run()
    assert bench.report(accepted.rollout_id).state is RolloutState.COMPLETE
    assert calls.count("prepare") == 2, "once when it was accepted, once for its minute"
    assert [what for what, _, _ in bench.outlets["site"].deeds] == ["release"]


def test_all_articles_of_a_publication_are_known_as_they_were_prepared_anew(database: str, tmp_path: Path) -> None:
    bench = Bench(database, tmp_path, BUNDLING)
    bench.clock.moment = bench.clock.now().replace(second=59, microsecond=0)
    accepted = bench.together("一", "二", "三")
    bench.clock.advance(timedelta(seconds=2))
    bench.run()
    assert bench.report(accepted.rollout_id).state is RolloutState.COMPLETE
    for known in accepted.article_ids:
        rendition = bench.outlets["post"].render(bench.store.revision(known), bench.newsroom)
        assert bench.part(accepted.rollout_id, "post", known).digest == rendition.digest
    bench.store.close()


@pytest.mark.parametrize("undated", ["一", "三"])
def test_a_publication_is_prepared_anew_also_where_only_another_article_of_it_is_dated(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undated: str
) -> None:
    """The leader, the first of them, looks at its own rendition alone no longer."""
    whole = Outside.render

    def render(it: Outside, revision: Revision, newsroom: Newsroom) -> Rendition:
        if revision.article.headline == undated:
            return Rendition.of("text/plain", f"{revision.id} {revision.number}")
        return whole(it, revision, newsroom)

    monkeypatch.setattr(Outside, "render", render)
    bench = Bench(database, tmp_path, BUNDLING)
    bench.clock.moment = bench.clock.now().replace(second=59, microsecond=0)
    accepted = bench.together("一", "二", "三")
    bench.clock.advance(timedelta(seconds=2))
    bench.run()
    post = bench.outlets["post"]
    assert isinstance(post, Bundling)
    assert post.wrong == []
    assert bench.report(accepted.rollout_id).state is RolloutState.COMPLETE
    [shown] = post.posts
    for known, (_, _, digest) in zip(accepted.article_ids, shown, strict=True):
        assert digest == post.render(bench.store.revision(known), bench.newsroom).digest
    bench.store.close()
