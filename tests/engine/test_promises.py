"""The six promises under random interleavings: lost, doubled, late and reordered messages, crashes, corrections, of
articles alone and together, now and at a moment to come.

No broker and no processes here: the engine is driven step by step by hypothesis, with a clock that only
the test moves. `test_campaign.py` does the same to real processes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pipeline.channel import Action
from pipeline.engine import Engine, Piece
from pipeline.newsroom import Configuration
from pipeline.record.claiming import Claim
from pipeline.record.gate import Wake
from pipeline.record.store import Store
from pipeline.rollout import ENDED, DeliveryState, Pace, RolloutState
from pipeline.testing import article_of, newsroom_of
from tests.conftest import LONG, fresh_database, fresh_file
from tests.engine.bench import BUNDLING, RUNNING
from tests.engine.simulation import Bundling, ManualClock, Outside, setting_for

PACE = Pace(attempts=1000)
OUTLETS = (*BUNDLING[:2], BUNDLING[2].model_copy(update={"required": False}))
AHEAD = st.sampled_from([0, 0, 0, 3, 20, 900])
"""Seconds from now until an article's moment."""
WEATHER = st.sampled_from(["", "", "", "", "lost", "lost", "late", "busy", "busy", "refused", "stopped"])


class Newsroom(RuleBasedStateMachine):
    """Rules are what can happen to a newsroom; `teardown` lets it come to rest and looks at the outlets."""

    def __init__(self, database: str = "") -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock()
        self.forecast: list[str] = []
        self.messages: list[Wake] = []
        self.running: list[Claim] = []
        self.texts: dict[str, int] = {}
        self.last_word: dict[str, Action] = {}
        newsroom = newsroom_of(*OUTLETS)
        data = Path(self.folder.name)
        configuration = Configuration(
            path=data / "newsroom.toml",
            newsroom=newsroom,
            pace=PACE,
            data=data,
            database=database or fresh_file(data / "newsroom.db"),
            broker="",
            workers=1,
            releases=3,
            listen="",
        )
        self.store = Store(configuration.database, pace=PACE, locks=data)
        self.store.migrate()
        self.outlets = {
            outlet.id: {"outside": Outside, "bundling": Bundling}[outlet.kind](
                setting_for(outlet, newsroom, data), self.clock, self.weather
            )
            for outlet in OUTLETS
        }
        for one in self.outlets.values():
            one.stop = self.others_go_on
        self.engine = Engine(
            configuration,
            self.store,
            send=self.messages.extend,
            clock=self.clock,
            chance=lambda: 0.0,
            channels=self.outlets,
        )

    def weather(self, what: str) -> str:
        return self.forecast.pop() if self.forecast and what != "verify" else ""

    def teardown(self) -> None:
        try:
            self.come_to_rest()
            self.everything_is_as_commanded()
        finally:
            self.store.close()
            self.folder.cleanup()

    # -- what can happen ------------------------------------------------------------------------------

    @initialize(count=st.sampled_from([1, 2, 3, 3]), arrived=st.integers(0, 14))
    def first(self, count: int, arrived: int) -> None:
        """Some articles on their way: before their gate, at it, or past it."""
        self.publish(count, 0)
        self.many_messages_arrive(arrived)

    @rule(count=st.sampled_from([1, 1, 2, 3]), ahead=AHEAD)
    def publish(self, count: int, ahead: int) -> None:
        pieces = [Piece(article_of(f"消息{len(self.texts) + n}"), {}) for n in range(count)]
        accepted = self.engine.publish_together(pieces, editor="记者甲", go_live_at=self.moment(ahead))
        for known in accepted.article_ids:
            self.texts[known] = 1
            self.last_word[known] = Action.PUBLISH

    def moment(self, ahead: int) -> datetime:
        return self.clock.now() + timedelta(seconds=ahead)

    @rule(data=st.data(), ahead=AHEAD)
    def correct(self, data: st.DataObject, ahead: int) -> None:
        known = data.draw(st.sampled_from(sorted(self.texts)))
        if self.last_word[known] is Action.WITHDRAW:
            return
        self.texts[known] += 1
        article = self.store.revision(known).article.model_copy(update={"summary": f"第{self.texts[known]}稿"})
        self.engine.correct(known, article, {}, editor="记者甲", go_live_at=self.moment(ahead))
        self.last_word[known] = Action.CORRECT

    @rule(data=st.data(), ahead=AHEAD)
    def withdraw(self, data: st.DataObject, ahead: int) -> None:
        known = data.draw(st.sampled_from(sorted(self.texts)))
        if self.last_word[known] is Action.WITHDRAW:
            return
        self.engine.withdraw(known, reason="撤", editor="记者甲", go_live_at=self.moment(ahead))
        self.last_word[known] = Action.WITHDRAW

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), weather=st.lists(WEATHER, max_size=4))
    def a_message_arrives(self, data: st.DataObject, weather: list[str]) -> None:
        self.forecast = weather
        self.engine.run(self.take(data).delivery_id)

    @precondition(lambda self: self.messages)
    @rule(count=st.sampled_from([3, 6, 9, 12, 30]))
    def many_messages_arrive(self, count: int) -> None:
        """In order and without trouble: so that there are rollouts of several articles at and past their gates."""
        self.forecast = []
        while self.messages and count:
            self.engine.run(self.messages.pop(0).delivery_id)
            count -= 1

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def a_message_is_lost(self, data: st.DataObject) -> None:
        self.take(data)

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def a_message_is_doubled(self, data: st.DataObject) -> None:
        self.messages.append(data.draw(st.sampled_from(self.messages)))

    @precondition(lambda self: self.messages)
    @rule(data=st.data())
    def a_worker_claims_and_stops(self, data: st.DataObject) -> None:
        """It may be killed for good, or wake up much later."""
        if claim := self.store.claim(self.take(data).delivery_id, self.clock.now()):
            self.running.append(claim)

    @precondition(lambda self: self.messages)
    @rule(data=st.data(), weather=st.lists(WEATHER, max_size=4))
    def a_worker_dies_before_it_records(self, data: st.DataObject, weather: list[str]) -> None:
        self.forecast = weather
        if claim := self.store.claim(self.take(data).delivery_id, self.clock.now()):
            self.engine.steps.attempt(claim)

    @precondition(lambda self: self.running)
    @rule(weather=st.lists(WEATHER, max_size=4))
    def a_stopped_worker_wakes_up(self, weather: list[str]) -> None:
        """If its lease is over it must do nothing; the engine looks right before the effect."""
        self.forecast = weather
        claim = self.running.pop(0)
        self.engine.steps.finish(claim, self.engine.steps.attempt(claim))

    def others_go_on(self) -> None:
        """A worker is stopped in the middle of a step, for longer than its lease; others take over what it was at."""
        self.clock.advance(2 * PACE.lease)
        self.engine.sweep()
        for _ in range(len(self.messages)):
            self.engine.run(self.messages.pop(0).delivery_id)

    @rule(seconds=st.sampled_from([1, 5, 70, 300]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    @rule()
    def a_sweeper_looks(self) -> None:
        self.engine.sweep()

    # -- what must hold -------------------------------------------------------------------------------

    @invariant()
    def nothing_is_public_before_all_are_prepared(self) -> None:
        for outlet in self.outlets.values():
            for known, moment in outlet.released_at.items():
                report = self.store.report(self.store.latest_rollout(known))
                if report.action is Action.PUBLISH and known in outlet.public:
                    assert report.release_at is not None, "released before the gate"
                    assert moment >= report.release_at >= report.go_live_at
                    needed = [  # an overtaken one has no say, even while a worker is still at it
                        one
                        for one in report.deliveries
                        if one.required and self.store.latest_rollout(one.article) == report.rollout
                    ]
                    assert all(one.prepared_at is not None for one in needed)

    @invariant()
    def what_goes_out_together_is_what_was_prepared(self) -> None:
        """No post holds what has been overtaken since, or lacks one of its articles."""
        for outlet in self.outlets.values():
            if isinstance(outlet, Bundling):
                assert outlet.wrong == []

    @invariant()
    def nothing_goes_out_twice(self) -> None:
        for outlet in self.outlets.values():
            assert len(outlet.deeds) == len(set(outlet.deeds)), outlet.deeds

    @invariant()
    def an_older_state_never_comes_back(self) -> None:
        for outlet in self.outlets.values():
            for known in self.texts:
                done = [(what, number) for what, article, number in outlet.deeds if article == known]
                order = [number + (0.5 if what == "withdraw" else 0) for what, number in done]
                assert order == sorted(order), done

    @rule(data=st.data())
    def somebody_tries_again(self, data: st.DataObject) -> None:
        if stuck := self.stuck():
            self.engine.retry(data.draw(st.sampled_from(stuck)), editor="记者甲")

    def stuck(self) -> list[str]:
        """The rollouts that wait for a person."""
        held = self.store.reports([RolloutState.HELD])
        return sorted({one.rollout for one in [*held, *self.store.stuck()]})

    def come_to_rest(self) -> None:
        """Let everything happen that is due, and let a person try again what failed."""
        self.forecast = []
        for _ in range(400):
            self.engine.sweep()
            while self.messages:
                self.engine.run(self.messages.pop(0).delivery_id)
            stuck = self.stuck()
            for one in stuck:
                self.engine.retry(one, editor="记者甲")
            if not stuck and not self.store.reports(RUNNING):
                return
            self.clock.advance(timedelta(seconds=30))
        raise AssertionError([report.model_dump() for report in self.store.reports(RUNNING)])

    def everything_is_as_commanded(self) -> None:
        for known, action in self.last_word.items():
            report = self.store.report(self.store.latest_rollout(known))
            assert report.state is RolloutState.COMPLETE
            wanted = DeliveryState.WITHDRAWN if action is Action.WITHDRAW else DeliveryState.VERIFIED
            assert {one.state for one in report.deliveries if one.article == known} == {wanted}
            for outlet in self.outlets.values():
                public = outlet.public.get(known, (None, ""))[0]
                assert public == (None if action is Action.WITHDRAW else self.texts[known])
        audit = self.store.audit()
        assert audit.holds, audit
        for report in self.store.reports(RolloutState):
            assert all(one.state in ENDED for one in report.deliveries)
        self.nothing_goes_out_twice()
        self.an_older_state_never_comes_back()
        self.what_goes_out_together_is_what_was_prepared()

    def take(self, data: st.DataObject) -> Wake:
        return self.messages.pop(data.draw(st.integers(0, len(self.messages) - 1)))


def promised(machine: Callable[[], Newsroom], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.long
@pytest.mark.timeout(7200 if LONG else 900)  # only a failure takes that long: hypothesis makes it smaller
def test_promises_on_sqlite() -> None:
    promised(Newsroom, 500 if LONG else 24)


@pytest.mark.long
@pytest.mark.timeout(7200 if LONG else 900)
def test_promises_on_postgresql(postgresql: str) -> None:
    promised(lambda: Newsroom(fresh_database(postgresql)), 100 if LONG else 8)
