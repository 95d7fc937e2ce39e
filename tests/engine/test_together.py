"""Articles that go out together (专题): one gate, one instant, and the last word on each of them all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.article import Outlet
from pipeline.channel import Action, Delivery, Receipt, Standing
from pipeline.engine import Piece, Unfit
from pipeline.record.claiming import Claim
from pipeline.record.refusals import Impossible
from pipeline.record.submission import Changed
from pipeline.rollout import DeliveryState, RolloutState, Step
from pipeline.testing import article_of
from tests.engine.bench import BUNDLING, PACE, Bench, at_once
from tests.engine.simulation import Bundling

HOUR = timedelta(hours=1)
Overtaking = Callable[[Bench, str], str]


@pytest.fixture
def bench(database: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(database, tmp_path, BUNDLING)
    yield bench
    bench.store.close()


def post_of(bench: Bench) -> Bundling:
    post = bench.outlets["post"]
    assert isinstance(post, Bundling)
    return post


def correct(bench: Bench, known: str) -> str:
    return bench.correct(known, "<p>新</p>")


def withdraw(bench: Bench, known: str) -> str:
    return bench.withdraw(known)


overtaking = pytest.mark.parametrize("overtake", [correct, withdraw])


def all_is_as_the_last_word_says(bench: Bench, gone: set[str]) -> None:
    """Every outlet shows the newest text of each article that is not withdrawn; nothing went out twice or came back."""
    for outlet in bench.outlets.values():
        articles = {one.id for one in bench.store.articles(99)}
        assert set(outlet.public) == articles - gone, outlet.outlet.id
        for known, (number, _digest) in outlet.public.items():
            assert number == bench.store.revision(known).number, f"{outlet.outlet.id} shows an old text of {known}"
        assert len(outlet.deeds) == len(set(outlet.deeds)), outlet.deeds
        for known in articles:
            order = [number + (what == "withdraw") / 2 for what, article, number in outlet.deeds if article == known]
            assert order == sorted(order), outlet.deeds
    assert post_of(bench).wrong == []


def claimed(bench: Bench, rollout: str, channel: str, article: str, step: Step) -> Claim:
    """The claim of a worker that has begun a step and is stopped before it acts."""
    claim = bench.store.claim(bench.part(rollout, channel, article).id, bench.clock.now())
    assert claim is not None
    assert claim.step is step
    return claim


def at_the_gate(bench: Bench, rollout: str) -> None:
    """Run until everything is prepared, and no release has been claimed."""
    while bench.store.report(rollout).state is RolloutState.PREPARING:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    assert bench.store.report(rollout).state is RolloutState.READY


# -- one rollout ------------------------------------------------------------------------------------------


def test_several_articles_are_one_rollout(bench: Bench) -> None:
    accepted = bench.together("一", "二", "三")
    assert accepted.article_ids == ("a1", "a2", "a3")
    report = bench.store.report(accepted.rollout_id)
    assert [one.headline for one in report.articles] == ["一", "二", "三"]
    assert [(one.article, one.channel) for one in report.deliveries] == [
        (article, channel) for article in accepted.article_ids for channel in ("site", "post", "app")
    ]
    for known in accepted.article_ids:
        assert bench.store.latest_rollout(known) == accepted.rollout_id
        assert [one.what for one in bench.store.events(known)] == ["publish accepted"]


def test_they_pass_one_gate_and_go_out_at_one_instant(bench: Bench) -> None:
    accepted = bench.together("一", "二", "三")
    wakes = list(bench.messages)
    for wake in wakes[:-1]:
        bench.engine.run(wake.delivery_id)
    assert bench.store.report(accepted.rollout_id).state is RolloutState.PREPARING
    assert not any(outlet.public for outlet in bench.outlets.values())
    bench.engine.run(wakes[-1].delivery_id)
    assert bench.store.report(accepted.rollout_id).state is RolloutState.READY
    bench.run()
    report = bench.store.report(accepted.rollout_id)
    assert report.state is RolloutState.COMPLETE
    assert {one.state for one in report.deliveries} == {DeliveryState.VERIFIED}
    assert {at for outlet in bench.outlets.values() for at in outlet.released_at.values()} == {report.release_at}
    assert {bench.store.revision(one).published_at for one in accepted.article_ids} == {report.go_live_at}
    assert [[article for article, *_ in post] for post in post_of(bench).posts] == [["a1", "a2", "a3"]]
    all_is_as_the_last_word_says(bench, set())
    assert bench.store.broken_event() is None


def test_what_goes_out_alone_is_not_bundled(bench: Bench) -> None:
    accepted = bench.together("一")
    claim = claimed(bench, accepted.rollout_id, "post", "a1", Step.PREPARE)
    assert claim.companions == ()


def test_a_channel_that_does_not_bundle_gets_each_for_itself(bench: Bench) -> None:
    accepted = bench.together("一", "二")
    site = claimed(bench, accepted.rollout_id, "site", "a2", Step.PREPARE)
    post = claimed(bench, accepted.rollout_id, "post", "a1", Step.PREPARE)
    assert site.companions == ()
    assert [one.id for one in post.companions] == ["a1", "a2"]
    assert bench.store.claim(bench.part(accepted.rollout_id, "post", "a2").id, bench.clock.now()) is None


def test_too_many_for_a_channel_are_refused_by_its_name(bench: Bench) -> None:
    with pytest.raises(Unfit) as caught:
        bench.together("一", "二", "三", "四", "五")
    [(channel, [problem])] = caught.value.problems.items()
    assert (channel, str(problem.message)) == ("post", "post takes 3 articles at once")
    assert str(problem.remedy) == "leave out 2, or submit them in several rollouts"
    assert bench.store.articles(9) == []


def test_what_one_channel_could_not_take_is_not_stored(bench: Bench) -> None:
    """All are accepted, or none is."""
    with pytest.raises(Unfit):
        bench.engine.publish_together(
            [Piece(article_of("一"), {}), Piece(article_of("二", column="无此栏目"), {})], editor="记者甲"
        )
    assert bench.store.articles(9) == []


@pytest.mark.parametrize("last", ["a1", "a3"])
def test_ordinals_follow_the_articles_order_whichever_thread_is_first(bench: Bench, last: str) -> None:
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    bench.messages.sort(key=lambda wake: wake.delivery_id, reverse=last == "a1")
    bench.run()
    for channel in bench.outlets:
        entries = bench.store.catalogue(channel, bench.clock.now).span(1, 9)
        assert [(one.revision.id, one.ordinal, one.column_ordinal) for one in entries] == [
            ("a1", 1, 1),
            ("a2", 2, 2),
            ("a3", 3, 3),
        ]


def test_ordinals_of_releases_that_are_claimed_at_once(bench: Bench) -> None:
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    parts = bench.store.report(accepted.rollout_id).deliveries[::-1]
    claims = at_once(len(parts), lambda n: bench.store.claim(parts[n].id, bench.clock.now()))
    led = [("a3", "post"), ("a2", "post")]
    assert [(one.article, one.channel) for one, claim in zip(parts, claims, strict=True) if claim is None] == led
    bench.clock.advance(PACE.lead)
    entries = bench.store.catalogue("post", bench.clock.now).span(1, 9)
    assert [one.revision.id for one in entries] == ["a1", "a2", "a3"]


# -- the leader -------------------------------------------------------------------------------------------


def states(bench: Bench, rollout: str, channel: str = "post") -> list[str]:
    return [one.state for one in bench.store.report(rollout).deliveries if one.channel == channel]


def counted(bench: Bench) -> list[str]:
    """Every step that is given to the adapter of `post`, with its article, as it happens."""
    post, calls = post_of(bench), list[str]()
    for name in ("prepare", "release", "find", "verify"):
        deed = getattr(post, name)

        def told(delivery: Delivery, deed: Callable[[Delivery], object] = deed, name: str = name) -> object:
            calls.append(f"{name} {delivery.revision.id}")
            return deed(delivery)

        setattr(post, name, told)
    return calls


def test_one_does_every_step_for_all_and_each_is_read_back_by_itself(bench: Bench) -> None:
    calls = counted(bench)
    moment = bench.clock.now() + HOUR
    accepted = bench.together("一", "二", "三", at=moment)
    bench.arrive()
    assert states(bench, accepted.rollout_id) == ["prepared"] * 3
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    bench.clock.moment = moment - PACE.arm
    bench.sweep()
    bench.run()
    assert states(bench, accepted.rollout_id) == ["verified"] * 3
    verifies = [call for call in calls if call.startswith("verify")]
    assert sorted(verifies) == ["verify a1", "verify a2", "verify a3"]
    asked = [call for call in calls if call not in verifies and not call.startswith("find")]
    assert asked == ["prepare a1", "release a1"]
    report = bench.store.report(accepted.rollout_id)
    post = [one for one in report.deliveries if one.channel == "post"]
    assert len({one.digest for one in post}) == 3, "each has its own rendition"
    assert len({one.released_at for one in post}) == 1
    told = {one.article for one in bench.store.events("a3") if one.what == "release live"}
    assert told == {"a3"}
    assert bench.store.broken_event() is None


def test_what_was_accepted_is_followed_by_one_and_each_gets_its_own_address(bench: Bench) -> None:
    post, calls = post_of(bench), counted(bench)
    live = post.release
    addresses = {f"a{n}": f"https://example.org/{n}" for n in (1, 2, 3)}

    def accepting(delivery: Delivery) -> Receipt:
        return live(delivery).model_copy(update={"standing": Standing.ACCEPTED, "ids": {"publication": "7"}})

    def found(delivery: Delivery) -> Receipt:
        calls.append(f"find {delivery.revision.id}")
        each = {
            known: Receipt(standing=Standing.LIVE, ids={"publication": "7"}, url=url)
            for known, url in addresses.items()
        }
        return each.pop(delivery.revision.id).model_copy(update={"each": each})

    post.release, post.find = accepting, found  # type: ignore[method-assign]
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    bench.engine.run(bench.part(accepted.rollout_id, "post", "a1").id)
    assert states(bench, accepted.rollout_id) == ["released"] * 3
    for known in accepted.article_ids:
        receipt = bench.part(accepted.rollout_id, "post", known).receipt
        assert receipt is not None
        assert (receipt.standing, receipt.ids) == (Standing.ACCEPTED, {"publication": "7"})
    assert len(bench.store.hasten("post", {"publication": "7"}, bench.clock.now())) == 3
    calls.clear()
    for known in reversed(accepted.article_ids):  # whichever message comes first
        bench.engine.run(bench.part(accepted.rollout_id, "post", known).id)
    assert [call for call in calls if call.startswith("find")][:1] == ["find a1"]
    assert states(bench, accepted.rollout_id)[1:] == ["live"] * 2
    for known in accepted.article_ids:
        receipt = bench.part(accepted.rollout_id, "post", known).receipt
        assert receipt is not None
        assert receipt.url == addresses[known]
        assert receipt.each == {}, "it is told once"


@pytest.mark.parametrize("step", ["prepare", "release"])
def test_an_unknown_outcome_of_the_leader_is_that_of_all(bench: Bench, step: str) -> None:
    calls = counted(bench)
    accepted = bench.together("一", "二", "三")
    if step == "release":
        at_the_gate(bench, accepted.rollout_id)
    post_of(bench).weather = lambda what: "lost" if what == step else ""
    while bench.part(accepted.rollout_id, "post", "a1").error is None:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    errors = [bench.part(accepted.rollout_id, "post", one).error for one in accepted.article_ids]
    assert errors[0] is not None
    assert errors == errors[:1] * 3
    post_of(bench).weather = lambda _: ""
    bench.run()
    assert [call for call in calls if call.startswith(step)] == [f"{step} a1"], "asked, and not repeated"
    all_is_as_the_last_word_says(bench, set())


@overtaking
def test_the_leader_is_overtaken_and_the_next_one_leads(bench: Bench, overtake: Overtaking) -> None:
    """Before the gate: what was prepared with it is prepared again without it."""
    calls = counted(bench)
    moment = bench.clock.now() + HOUR
    bench.together("一", "二", "三", at=moment)
    bench.arrive()
    overtake(bench, "a1")
    bench.arrive()
    for at in (moment - PACE.check, moment - PACE.arm):
        bench.clock.moment = at
        bench.sweep()
    bench.run()
    assert [call for call in calls if call.endswith("a2") and call.split()[0] != "find"] == [
        "prepare a2",
        "release a2",
        "verify a2",
    ]
    assert [[article for article, *_ in post] for post in post_of(bench).posts if len(post) > 1] == [["a2", "a3"]]
    assert post_of(bench).released_at["a2"] == post_of(bench).released_at["a3"] == moment
    all_is_as_the_last_word_says(bench, {"a1"} if overtake is withdraw else set())


@overtaking
def test_nobody_leads_while_one_that_was_overtaken_is_still_at_it(bench: Bench, overtake: Overtaking) -> None:
    """Its worker has died: the next one leads when its lease has ended, and asks first."""
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    claimed(bench, accepted.rollout_id, "post", "a1", Step.RELEASE)
    overtake(bench, "a1")
    second = bench.part(accepted.rollout_id, "post", "a2").id
    assert bench.store.claim(second, bench.clock.now()) is None
    bench.clock.advance(PACE.lease + PACE.arm)
    claim = bench.store.claim(second, bench.clock.now())
    assert claim is not None
    assert claim.doubt
    assert [one.id for one in claim.companions] == ["a2", "a3"]
    bench.engine.steps.finish(claim, bench.engine.steps.attempt(claim))
    bench.run()
    all_is_as_the_last_word_says(bench, {"a1"} if overtake is withdraw else set())


def test_one_that_the_public_sees_otherwise_is_looked_after_alone(bench: Bench) -> None:
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    bench.engine.run(bench.part(accepted.rollout_id, "post", "a1").id)
    post = post_of(bench)
    calls, seen = counted(bench), post.public.pop("a3")
    bench.engine.run(bench.part(accepted.rollout_id, "post", "a3").id)
    assert states(bench, accepted.rollout_id) == ["live", "live", "prepared"]
    post.public["a3"] = seen  # a cache has let go of it
    bench.run()
    assert states(bench, accepted.rollout_id) == ["verified"] * 3
    assert "release a1" not in calls
    assert "release a3" not in calls
    all_is_as_the_last_word_says(bench, set())


# -- submitted again --------------------------------------------------------------------------------------


def test_the_same_set_again_is_the_same_rollout(bench: Bench) -> None:
    first = bench.together("一", "二")
    again = bench.together("一", "二")
    assert (again.rollout_id, again.article_ids, again.created) == (first.rollout_id, first.article_ids, False)
    bench.run()
    again = bench.together("二", "一")
    assert (again.rollout_id, again.article_ids, again.created) == (first.rollout_id, ("a2", "a1"), False)
    assert len(bench.store.articles(9)) == 2


def test_simultaneous_submissions_of_one_set_are_one(bench: Bench) -> None:
    accepted = at_once(5, lambda _: bench.together("一", "二"))
    assert [one.created for one in accepted].count(True) == 1  # type: ignore[attr-defined]
    assert len({one.rollout_id for one in accepted}) == 1  # type: ignore[attr-defined]


def test_a_set_that_is_partly_known_is_refused(bench: Bench) -> None:
    known = bench.publish("一")
    with pytest.raises(Impossible) as caught:
        bench.together("零", "一", "二")
    assert str(caught.value.problem.message) == f"“一” is {known} already"
    bench.together("二", "三")
    with pytest.raises(Impossible):
        bench.together("一", "二")
    with pytest.raises(Changed):
        bench.together("二", "三", summary="别的内容")
    assert len(bench.store.articles(9)) == 3


def test_one_article_twice_in_a_set_is_refused(bench: Bench) -> None:
    with pytest.raises(Impossible) as caught:
        bench.together("一", "二", "一")
    assert str(caught.value.problem.message) == "“一” is in it twice"
    assert bench.store.articles(9) == []


# -- held -------------------------------------------------------------------------------------------------


def test_one_that_cannot_be_prepared_holds_all_until_somebody_acts(bench: Bench) -> None:
    accepted = bench.together("一", "二", "三")
    bench.outlets["app"].weather = lambda what: "refused" if what == "prepare" else ""
    bench.run()
    report = bench.store.report(accepted.rollout_id)
    assert report.state is RolloutState.HELD
    assert {one.channel for one in report.deliveries if one.state is DeliveryState.FAILED} == {"app"}
    assert not any(outlet.public for outlet in bench.outlets.values())
    assert bench.together("一", "二", "三").rollout_id == accepted.rollout_id

    bench.clock.advance(HOUR)
    bench.outlets["app"].weather = lambda _: ""
    bench.engine.retry(accepted.rollout_id, editor="记者甲")
    bench.run()
    report = bench.store.report(accepted.rollout_id)
    assert report.state is RolloutState.COMPLETE
    assert {at for outlet in bench.outlets.values() for at in outlet.released_at.values()} == {report.release_at}
    assert {bench.store.revision(one).published_at for one in accepted.article_ids} == {report.go_live_at}
    assert report.go_live_at >= report.accepted_at + HOUR, "the date is true"
    all_is_as_the_last_word_says(bench, set())


@overtaking
def test_one_of_a_held_rollout_is_overtaken_and_the_others_go_out_when_tried_again(
    bench: Bench, overtake: Overtaking
) -> None:
    accepted = bench.together("一", "二", "三")
    bench.weather = {"prepare": "refused"}
    bench.run()
    overtake(bench, "a1")
    bench.run()
    report = bench.store.report(accepted.rollout_id)
    assert report.state is RolloutState.HELD, "nobody has said yet that the others may go out without it"
    assert {one.state for one in report.deliveries if one.article == "a1"} == {DeliveryState.SUPERSEDED}
    bench.engine.retry(accepted.rollout_id, editor="记者甲")
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    all_is_as_the_last_word_says(bench, {"a1"} if overtake is withdraw else set())


def test_a_held_rollout_whose_articles_are_all_overtaken_is_cancelled(bench: Bench) -> None:
    accepted = bench.together("一", "二")
    bench.weather = {"prepare": "refused"}
    bench.run()
    bench.withdraw("a1")
    bench.correct("a2", "<p>新</p>")
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.CANCELLED
    with pytest.raises(Impossible):
        bench.engine.retry(accepted.rollout_id, editor="记者甲")
    all_is_as_the_last_word_says(bench, {"a1"})


def test_what_a_worker_prepared_before_a_retry_does_not_count_after_it(bench: Bench) -> None:
    """It has the old date: only what is prepared afresh opens the gate."""
    accepted = bench.together("一", "二")
    late = claimed(bench, accepted.rollout_id, "site", "a1", Step.PREPARE)
    attempt = bench.engine.steps.attempt(late)
    bench.weather = {"prepare": "refused"}
    bench.arrive()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.HELD
    bench.clock.advance(timedelta(seconds=5))
    bench.engine.retry(accepted.rollout_id, editor="记者甲")
    assert bench.engine.steps.finish(late, attempt) is None
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    all_is_as_the_last_word_says(bench, set())


# -- one of them is overtaken -----------------------------------------------------------------------------


@overtaking
def test_before_the_gate(bench: Bench, overtake: Overtaking) -> None:
    """The others do not wait for it, nor does anything of its older text go out."""
    accepted = bench.together("一", "二", "三")
    for wake in list(bench.messages)[:5]:
        bench.engine.run(wake.delivery_id)
    overtake(bench, "a2")
    bench.run()
    report = bench.store.report(accepted.rollout_id)
    assert report.state is RolloutState.COMPLETE
    states = {one.article: one.state for one in report.deliveries}
    assert states == {"a1": "verified", "a2": "superseded", "a3": "verified"}
    assert [[article for article, *_ in post] for post in post_of(bench).posts if len(post) > 1] == [["a1", "a3"]]
    assert bench.report("a2").action is (Action.WITHDRAW if overtake is withdraw else Action.PUBLISH)
    all_is_as_the_last_word_says(bench, {"a2"} if overtake is withdraw else set())


@overtaking
@pytest.mark.parametrize("before", [timedelta(minutes=30), timedelta(minutes=5), timedelta(seconds=2)])
def test_while_the_others_wait_for_their_moment(bench: Bench, overtake: Overtaking, before: timedelta) -> None:
    """Before it is checked once more, after that and the gate, and shortly before the instant."""
    moment = bench.clock.now() + HOUR
    accepted = bench.together("一", "二", "三", at=moment)
    bench.arrive()
    bench.clock.moment = moment - max(before, PACE.check)
    bench.sweep()
    bench.clock.moment = moment - before
    overtake(bench, "a2")
    bench.arrive()
    for at in (moment - PACE.check, moment - PACE.arm):
        bench.clock.moment = max(bench.clock.moment, at)
        bench.sweep()
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    assert bench.outlets["site"].released_at["a1"] == moment
    assert post_of(bench).released_at["a1"] == post_of(bench).released_at["a3"] == moment
    all_is_as_the_last_word_says(bench, {"a2"} if overtake is withdraw else set())


@overtaking
@pytest.mark.parametrize("overtaken", ["a1", "a2", "a3"])
def test_between_the_gate_and_the_instant(bench: Bench, overtake: Overtaking, overtaken: str) -> None:
    """A release that has begun and would publish the whole post comes to its end first; then the last word is said."""
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    begun = claimed(bench, accepted.rollout_id, "post", "a1", Step.RELEASE)
    bench.messages.clear()
    overtake(bench, overtaken)
    bench.arrive()
    bench.engine.steps.finish(begun, bench.engine.steps.attempt(begun))
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    all_is_as_the_last_word_says(bench, {overtaken} if overtake is withdraw else set())


@overtaking
def test_while_one_is_being_prepared(bench: Bench, overtake: Overtaking) -> None:
    accepted = bench.together("一", "二", "三")
    begun = claimed(bench, accepted.rollout_id, "post", "a1", Step.PREPARE)
    attempt = bench.engine.steps.attempt(begun)
    overtake(bench, "a2")
    bench.engine.steps.finish(begun, attempt)
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    all_is_as_the_last_word_says(bench, {"a2"} if overtake is withdraw else set())


@overtaking
@pytest.mark.parametrize("trouble", ["busy", "lost"])
def test_while_a_release_fails(bench: Bench, overtake: Overtaking, trouble: str) -> None:
    """Tried again, it does not publish the post that holds the older text."""
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    begun = claimed(bench, accepted.rollout_id, "post", "a1", Step.RELEASE)
    bench.weather = {"release": trouble}
    attempt = bench.engine.steps.attempt(begun)
    overtake(bench, "a2")
    bench.engine.steps.finish(begun, attempt)
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    all_is_as_the_last_word_says(bench, {"a2"} if overtake is withdraw else set())


@overtaking
def test_after_another_has_brought_it_out(bench: Bench, overtake: Overtaking) -> None:
    """The post is public, and every delivery in it knows: nobody has to be asked what became of it."""
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    bench.engine.run(bench.part(accepted.rollout_id, "post", "a1").id)
    assert set(post_of(bench).public) == {"a1", "a2", "a3"}
    rollout = overtake(bench, "a2")
    claim = bench.store.claim(bench.part(rollout, "post").id, bench.clock.now())
    assert claim is not None
    assert claim.earlier == ()
    assert claim.previous is not None
    assert claim.previous.receipt is not None
    assert claim.previous.receipt.standing is Standing.LIVE
    bench.engine.steps.finish(claim, bench.engine.steps.attempt(claim))
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    all_is_as_the_last_word_says(bench, {"a2"} if overtake is withdraw else set())


@overtaking
def test_one_that_failed_is_tried_again_without_what_has_been_overtaken(bench: Bench, overtake: Overtaking) -> None:
    accepted = bench.together("一", "二", "三")
    at_the_gate(bench, accepted.rollout_id)
    bench.outlets["post"].weather = lambda what: "refused" if what == "release" else ""
    bench.run()
    assert {bench.part(accepted.rollout_id, "post", one).state for one in accepted.article_ids} == {"failed"}
    bench.outlets["post"].weather = lambda _: ""
    overtake(bench, "a2")
    bench.run()
    assert [one.rollout for one in bench.store.stuck()] == [accepted.rollout_id]
    bench.engine.retry(accepted.rollout_id, editor="记者甲")
    bench.run()
    assert bench.part(accepted.rollout_id, "post", "a2").state is DeliveryState.FAILED, "it is as it was"
    assert [[article for article, *_ in post] for post in post_of(bench).posts if len(post) > 1] == [["a1", "a3"]]
    assert bench.store.stuck() == []
    all_is_as_the_last_word_says(bench, {"a2"} if overtake is withdraw else set())


def test_what_failed_still_waits_for_a_person_when_another_is_overtaken(bench: Bench) -> None:
    """The rollout has come to an end, it has not been cancelled."""
    accepted = bench.together("一", "二")
    at_the_gate(bench, accepted.rollout_id)
    for outlet in bench.outlets.values():
        outlet.weather = lambda what: "refused" if what == "release" else ""
    bench.withdraw("a1")
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.COMPLETE
    assert [one.rollout for one in bench.store.stuck()] == [accepted.rollout_id]


def test_all_of_them_are_overtaken(bench: Bench) -> None:
    accepted = bench.together("一", "二")
    bench.withdraw("a1")
    bench.withdraw("a2")
    bench.run()
    assert bench.store.report(accepted.rollout_id).state is RolloutState.CANCELLED
    assert not any(outlet.public for outlet in bench.outlets.values())


def test_articles_of_one_rollout_can_be_corrected_afterwards(bench: Bench) -> None:
    bench.together("一", "二", "三")
    bench.run()
    bench.correct("a2", "<p>新</p>")
    bench.withdraw("a3")
    bench.run()
    assert bench.report("a2").action is Action.CORRECT
    all_is_as_the_last_word_says(bench, {"a3"})


def test_a_moment_of_several_outlets_that_may_fail(database: str, tmp_path: Path) -> None:
    """A channel that is not required is left behind, and the others go out together without it."""
    outlets = (*BUNDLING, Outlet(id="extra", kind="bundling", name="extra", required=False))
    bench = Bench(database, tmp_path, outlets)
    bench.outlets["extra"].weather = lambda what: "refused" if what == "prepare" else ""
    accepted = bench.together("一", "二")
    bench.run()
    report = bench.store.report(accepted.rollout_id)
    assert report.state is RolloutState.COMPLETE
    assert {one.channel for one in report.deliveries if one.state is DeliveryState.FAILED} == {"extra"}
    bench.outlets["extra"].weather = lambda _: ""
    bench.engine.retry(accepted.rollout_id, editor="记者甲")
    bench.run()
    all_is_as_the_last_word_says(bench, set())
    bench.store.close()
