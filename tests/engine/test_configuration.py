"""A record that knows more channels than the newsroom's file: nothing hangs, nothing is lost, somebody is told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from pipeline.article import Outlet
from pipeline.channel import Action
from pipeline.commands import terminal
from pipeline.engine import Engine
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import article_of
from tests.engine.bench import OUTLETS, RUNNING, Bench
from tests.engine.simulation import Outside

GHOST = Outlet(id="ghost", kind="outside", name="旧渠道")


class House:
    """One record; its file is changed by `configure`, which is when its workers start anew."""

    def __init__(self, database: str, data: Path, ghost: Outlet = GHOST) -> None:
        self.bench = Bench(database, data, (*OUTLETS, ghost))
        self.whole = self.bench.engine
        self.ghost = self.bench.outlets["ghost"]

    def configure(self, *, ghost: bool) -> None:
        engine = self.whole
        if not ghost:
            newsroom = self.whole.newsroom.model_copy(update={"outlets": OUTLETS})
            engine = Engine(
                self.whole.configuration.model_copy(update={"newsroom": newsroom}),
                self.bench.store,
                send=self.bench.messages.extend,
                clock=self.bench.clock,
                chance=lambda: 0.0,
                channels={outlet.id: self.bench.outlets[outlet.id] for outlet in OUTLETS},
            )
        self.bench.engine = engine

    def run(self) -> int:
        """Until nothing is due any more; how many steps that took."""
        steps = 0
        for _ in range(120):
            while self.bench.messages:
                steps += self.bench.engine.run(self.bench.messages.pop(0).delivery_id)
            if not self.bench.store.reports(RUNNING):
                break
            self.bench.clock.advance(timedelta(seconds=2))
            self.bench.engine.sweep()
        return steps


@pytest.fixture(params=[True, False], ids=["required", "not required"])
def house(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[House]:
    house = House(database, tmp_path, GHOST.model_copy(update={"required": request.param}))
    yield house
    house.bench.store.close()


def ghost_part(house: House, known: str) -> tuple[DeliveryState, str, str]:
    """Where the lost channel's delivery of an article's last rollout stands, why, and what to do."""
    part = house.bench.part(house.bench.store.latest_rollout(known), "ghost")
    told = part.error
    return part.state, str(told.message) if told else "", str(told.remedy) if told else ""


def test_a_rollout_with_a_channel_that_is_gone_is_held_until_that_is_back(house: House) -> None:
    known = house.bench.publish()
    house.configure(ghost=False)
    steps = house.run()
    assert steps <= 3 * len(OUTLETS) + 10, "it is not tried for ever"
    state, why, remedy = ghost_part(house, known)
    assert state is DeliveryState.FAILED
    assert "newsroom.toml has no channel ghost" in why
    assert f"newsroom retry {house.bench.store.latest_rollout(known)}" in remedy
    report = house.bench.report(known)
    required = any(one.required for one in report.deliveries if one.channel == "ghost")
    assert report.state is (RolloutState.HELD if required else RolloutState.COMPLETE)
    public = [bool(house.bench.outlets[one.id].public) for one in OUTLETS]
    assert public == [not required] * len(OUTLETS)
    assert [one.rollout for one in house.bench.store.stuck()] == [report.rollout]
    assert house.bench.store.stranded([one.id for one in OUTLETS]) == {"ghost": [report.rollout]}
    house.bench.clock.advance(timedelta(days=1))
    assert house.bench.engine.sweep() == 0

    house.bench.engine.retry(report.rollout, editor="记者甲")  # too early
    house.run()
    assert ghost_part(house, known)[0] is DeliveryState.FAILED

    house.configure(ghost=True)
    house.bench.engine.retry(report.rollout, editor="记者甲")
    house.run()
    assert {one.state for one in house.bench.report(known).deliveries} == {DeliveryState.VERIFIED}
    assert house.bench.store.stranded([*house.bench.outlets]) == {}
    assert house.ghost.deeds == [("release", known, 1)]


def test_status_says_what_a_rollout_waits_for(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    known, began = house.bench.publish(), house.bench.clock.now()
    report, newsroom, out = house.bench.report(known), house.bench.newsroom, terminal.console()
    terminal.show_report(out, report, newsroom, began)
    assert "due since" not in capsys.readouterr().out, "nobody asks yet"
    terminal.show_report(out, report, newsroom, began + timedelta(minutes=1))
    told = capsys.readouterr().out
    required = [one.name for one in (*OUTLETS, house.ghost.outlet) if one.required]
    assert f"nothing goes out before these are prepared: {', '.join(required)}" in told
    assert told.count(": due since 08:00:00") == len(report.deliveries)
    house.run()
    terminal.show_report(out, house.bench.report(known), newsroom, house.bench.clock.now() + timedelta(days=1))
    assert "due since" not in capsys.readouterr().out, "it has ended"


def test_a_worker_that_has_read_the_file_before_holds_nothing_up(house: House) -> None:
    known = house.bench.publish()
    house.configure(ghost=False)
    ghost = next(one.id for one in house.bench.report(known).deliveries if one.channel == "ghost")
    assert house.bench.engine.run(ghost)
    state, why, _ = ghost_part(house, known)
    assert state is DeliveryState.PENDING
    assert "has no channel ghost" in why, "it is told already"
    house.configure(ghost=True)
    house.run()
    assert {one.state for one in house.bench.report(known).deliveries} == {DeliveryState.VERIFIED}


@pytest.mark.parametrize("weather", ["", "lost"])
def test_a_release_is_not_repeated_because_its_channel_was_away(house: House, weather: str) -> None:
    known = house.bench.publish()
    while house.bench.report(known).state is RolloutState.PREPARING:
        house.bench.engine.run(house.bench.messages.pop(0).delivery_id)
    house.bench.clock.advance(timedelta(seconds=2))
    house.ghost.weather = lambda what: weather if what == "release" else ""
    ghost = next(one.id for one in house.bench.report(known).deliveries if one.channel == "ghost")
    assert house.bench.engine.run(ghost, lambda: False)
    house.ghost.weather = lambda _: ""
    house.configure(ghost=False)
    house.run()
    assert ghost_part(house, known)[0] is DeliveryState.FAILED
    report = house.bench.report(known)
    assert report.state is RolloutState.COMPLETE
    assert {one.state for one in report.deliveries if one.channel != "ghost"} == {DeliveryState.VERIFIED}
    house.configure(ghost=True)
    house.bench.engine.retry(report.rollout, editor="记者甲")
    house.run()
    assert {one.state for one in house.bench.report(known).deliveries} == {DeliveryState.VERIFIED}
    assert house.ghost.deeds == [("release", known, 1)]


@pytest.mark.parametrize("deed", [Action.CORRECT, Action.WITHDRAW])
def test_what_stands_on_a_lost_channel_is_not_forgotten(house: House, deed: Action) -> None:
    known = house.bench.publish()
    house.run()
    house.configure(ghost=False)
    rollout = house.bench.correct(known, "<p>新</p>") if deed is Action.CORRECT else house.bench.withdraw(known)
    house.run()
    report = house.bench.report(rollout)
    assert report.state is RolloutState.COMPLETE
    states = {one.channel: one.state for one in report.deliveries}
    done = DeliveryState.VERIFIED if deed is Action.CORRECT else DeliveryState.WITHDRAWN
    assert states == {**{one.id: done for one in OUTLETS}, "ghost": DeliveryState.FAILED}
    assert "has no channel ghost" in ghost_part(house, known)[1]
    assert house.ghost.public[known][0] == 1
    house.configure(ghost=True)
    house.bench.engine.retry(rollout, editor="记者甲")
    house.run()
    assert {one.state for one in house.bench.report(rollout).deliveries} == {done}
    assert house.ghost.public.get(known, (0, ""))[0] == (2 if deed is Action.CORRECT else 0)


def test_a_later_word_needs_no_retry_of_the_earlier(house: House) -> None:
    known = house.bench.publish()
    house.configure(ghost=False)
    house.run()
    house.configure(ghost=True)
    house.bench.withdraw(known)
    house.run()
    assert house.bench.store.stuck() == []
    assert house.ghost.deeds in ([], [("withdraw", known, 1)])


def test_a_moment_far_ahead_is_told_of_by_doctor_before_it_comes(house: House) -> None:
    moment = house.bench.clock.now() + timedelta(days=1)
    accepted = house.bench.engine.publish(article_of(), {}, editor="记者甲", go_live_at=moment)
    house.bench.arrive()
    house.configure(ghost=False)
    assert house.bench.store.stranded([one.id for one in OUTLETS]) == {"ghost": [accepted.rollout_id]}
    house.bench.clock.advance(timedelta(days=1) - house.bench.store.pace.check)
    house.bench.engine.sweep()
    house.run()
    required = house.bench.report(accepted.rollout_id).state is RolloutState.HELD  # while there is time to act
    if not required:
        house.bench.clock.advance(house.bench.store.pace.check)
        house.run()
    assert required is any(one.required for one in house.bench.report("r1").deliveries if one.channel == "ghost")
    state, why, _ = ghost_part(house, accepted.article_id)
    assert (state, "has no channel ghost" in why) == (DeliveryState.FAILED, True)


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyError("appid"), "KeyError: 'appid'"), (RuntimeError("no driver"), "RuntimeError: no driver")],
)
def test_an_adapter_that_cannot_be_opened_is_told_of_on_its_delivery(
    house: House, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    known = house.bench.publish()
    del house.whole.channels._open["ghost"]

    class Unopened(Outside):
        def __init__(self, *_: object) -> None:
            raise error

    with monkeypatch.context() as patched:
        patched.setattr("pipeline.newsroom.kind", lambda _: Unopened)
        patched.setattr("pipeline.newsroom._registered", lambda: EntryPoints([EntryPoint("outside", "", "")]))
        for _ in range(len(house.bench.messages)):
            house.bench.engine.run(house.bench.messages.pop(0).delivery_id)
        state, why, _ = ghost_part(house, known)
        assert state is DeliveryState.PENDING
        assert re.fullmatch(rf"the adapter of ghost \(kind outside\) failed in {__file__}:\d+: {told}", why)
    house.whole.channels._open["ghost"] = house.ghost
    house.run()
    assert {one.state for one in house.bench.report(known).deliveries} == {DeliveryState.VERIFIED}


def test_a_kind_that_is_not_installed_here_is_named(house: House) -> None:
    known = house.bench.publish()
    del house.whole.channels._open["ghost"]
    house.run()
    state, why, remedy = ghost_part(house, known)
    assert state is DeliveryState.FAILED
    assert why == "there is no kind of channel called outside"
    assert "a third party's comes with its package" in remedy
