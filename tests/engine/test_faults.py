"""An adapter that raises what the contract does not know: before the gate all is held, after it the work goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from pipeline.article import Newsroom as House
from pipeline.article import Revision
from pipeline.channel import Problem, Recovery, Rendition
from pipeline.engine import Unfit
from pipeline.rollout import DeliveryState, RolloutState
from tests.engine.bench import OUTLETS, Bench
from tests.engine.commands import Newsroom, Up, make, until
from tests.engine.simulation import Outside
from tests.standins import kinds
from tests.standins.running import Running

HERE = re.escape(__file__)


class Faulty(Outside):
    """Fails where the weather says so."""

    kind = "faulty"

    def _do(self, what: str, effect: object) -> None:
        weather = self.weather(what)
        if weather == "broken":
            raise KeyError(what)
        if weather == "database":
            raise OperationalError("SELECT 1", {}, Exception("the server is away"))
        super_weather, self.weather = self.weather, lambda _: weather
        try:
            super()._do(what, effect)  # type: ignore[arg-type]
        finally:
            self.weather = super_weather

    def render(self, revision: Revision, newsroom: House) -> Rendition:
        if self.weather("render") == "broken":
            raise ZeroDivisionError("division by zero")
        return super().render(revision, newsroom)

    def check(self) -> list[Problem]:
        if self.weather("check") == "broken":
            raise KeyError("check")
        return []


class Person(Faulty):
    """It cannot be asked."""

    recovers = Recovery.PERSON


@pytest.fixture
def bench(database: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(database, tmp_path, OUTLETS, Faulty)
    yield bench
    bench.store.close()


def broken(bench: Bench, *methods: str, how: str = "broken") -> None:
    """From now on the outlet `post` fails in these."""
    bench.outlets["post"].weather = lambda what: how if what in methods else ""


@pytest.mark.parametrize("method", ["prepare", "render"])
def test_before_the_gate_the_rollout_is_held_at_once_and_the_adapter_named(bench: Bench, method: str) -> None:
    known = bench.publish()
    broken(bench, method)
    with capture_logs() as logs:
        bench.arrive()

    report = bench.report(known)
    assert report.state is RolloutState.HELD
    part = bench.part(report.rollout, "post")
    assert (part.state, part.attempts) == (DeliveryState.FAILED, 1), "no second try"
    assert part.error
    assert re.match(rf"the adapter of post \(kind outside\) failed in {HERE}:\d+: ", str(part.error.message))
    assert not any(outlet.public for outlet in bench.outlets.values())
    [told] = [one for one in logs if one["event"] == "adapter failed"]
    assert told["exc_info"], "the log has the traceback"

    broken(bench)
    bench.engine.retry(report.rollout, editor="记者甲")
    bench.run()
    assert bench.report(known).state is RolloutState.COMPLETE
    assert all(outlet.deeds == [("release", known, 1)] for outlet in bench.outlets.values())


def test_the_check_before_a_far_moment_holds_too(bench: Bench) -> None:
    moment = bench.clock.now() + timedelta(days=1)
    accepted = bench.together("明天见报", at=moment)
    bench.arrive()
    broken(bench, "check")
    bench.clock.advance(timedelta(days=1) - bench.store.pace.check)
    bench.sweep()
    assert bench.report(accepted.rollout_id).state is RolloutState.HELD


@pytest.mark.parametrize("method", ["release", "find"])
def test_after_the_gate_it_is_tried_again(bench: Bench, method: str) -> None:
    known = bench.publish()
    while bench.report(known).state is RolloutState.PREPARING:
        bench.engine.run(bench.messages.pop(0).delivery_id)
    broken(bench, method)
    bench.clock.advance(timedelta(seconds=1))
    bench.arrive()
    bench.sweep()
    part = bench.part(bench.report(known).rollout, "post")
    assert part.state in (DeliveryState.PREPARED, DeliveryState.LIVE)
    assert part.error
    assert f"{__file__}:" in str(part.error.message)

    broken(bench)
    bench.run()
    assert {one.state for one in bench.report(known).deliveries} == {DeliveryState.VERIFIED}
    assert bench.outlets["post"].deeds == [("release", known, 1)]


def test_a_withdrawal_by_a_broken_adapter_goes_on(bench: Bench) -> None:
    known = bench.publish()
    bench.run()
    broken(bench, "withdraw")
    bench.withdraw(known)
    bench.arrive()
    broken(bench)
    bench.run()
    assert {one.state for one in bench.report(known).deliveries} == {DeliveryState.WITHDRAWN}


def test_a_record_that_is_away_is_no_fault_of_the_adapter(bench: Bench) -> None:
    known = bench.publish()
    broken(bench, "prepare", how="database")
    bench.arrive()
    report = bench.report(known)
    assert (report.state, bench.part(report.rollout, "post").state) == (RolloutState.PREPARING, DeliveryState.PENDING)
    broken(bench)
    bench.run()
    assert bench.report(known).state is RolloutState.COMPLETE


@pytest.mark.parametrize(("method", "state"), [("render", DeliveryState.FAILED), ("prepare", DeliveryState.UNKNOWN)])
def test_a_person_is_asked_only_where_something_may_have_happened(
    database: str, tmp_path: Path, method: str, state: DeliveryState
) -> None:
    bench = Bench(database, tmp_path, OUTLETS, Person)
    known = bench.publish()
    broken(bench, method)
    bench.arrive()
    report = bench.report(known)
    assert (report.state, bench.part(report.rollout, "post").state) == (RolloutState.HELD, state)
    bench.store.close()


def test_one_that_may_fail_holds_nobody(database: str, tmp_path: Path) -> None:
    outlets = tuple(one.model_copy(update={"required": one.id != "post"}) for one in OUTLETS)
    bench = Bench(database, tmp_path, outlets, Faulty)
    known = bench.publish()
    broken(bench, "prepare")
    bench.run()
    states = {one.channel: one.state for one in bench.report(known).deliveries}
    assert states == {"site": DeliveryState.VERIFIED, "app": DeliveryState.VERIFIED, "post": DeliveryState.FAILED}
    bench.store.close()


def test_what_is_handed_in_is_refused_by_channel_and_nothing_stored(bench: Bench) -> None:
    broken(bench, "render")
    with pytest.raises(Unfit) as refused:
        bench.publish()
    [problem] = refused.value.problems["post"]
    assert re.match(rf"the adapter of post \(kind outside\) failed in {HERE}:\d+: ZeroDivision", str(problem.message))
    assert bench.store.articles(10) == []


def test_a_method_that_cannot_even_be_called_is_placed_by_its_class(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Faulty, "render", lambda self: None)
    with pytest.raises(Unfit) as refused:
        bench.publish()
    assert f"{__file__}:" in str(refused.value.problems["post"][0].message)


# -- the commands, and real workers -----------------------------------------------------------------------

CHANNEL = """
[[channel]]
id = "board"
kind = "tests.standins.kinds:Broken"
name = "公告栏"
endpoint = "{url}"
breaks = "{breaks}"
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A newsroom that is up, with an adapter that fails in the methods that the file `breaks` names."""
    folder = tmp_path_factory.mktemp("board")
    with ExitStack() as stack:
        receiver = stack.enter_context(Running("keyed", folder / "board.jsonl"))
        newsroom = make(folder)
        file = folder / "newsroom.toml"
        own = CHANNEL.format(url=receiver.url, breaks=folder / "breaks")
        file.write_text(file.read_text(encoding="utf-8") + own, encoding="utf-8")
        newsroom.receivers["board"] = receiver
        up = stack.enter_context(Up(newsroom))
        up.first_line()
        yield newsroom


def breaks(newsroom: Newsroom, *methods: str) -> None:
    (newsroom.folder / "breaks").write_text(" ".join(methods), encoding="utf-8")


PLACE = rf"{re.escape(kinds.__file__)}:\d+"


@pytest.mark.parametrize("words", [("queue-submit",), ("newsroom", "preview")])
def test_a_command_tells_of_an_adapter_that_cannot_render(board: Newsroom, words: tuple[str, ...]) -> None:
    breaks(board, "render")
    before = board.run("newsroom", "list").out

    done = board.run(*words, board.write("公告栏坏了"))

    assert done.code == 2
    assert "Traceback" not in done.err
    assert re.search(
        rf"for 公告栏: adapter: the adapter of board \(kind tests.standins.kinds:Broken\) failed in {PLACE}: KeyError",
        done.err,
    )
    assert "--channels" in done.err
    assert board.run("newsroom", "list").out == before


def test_the_others_can_go_out_without_it(board: Newsroom) -> None:
    breaks(board, "render")
    done = board.submit(board.write("先发两个渠道"), "--channels", "website,feeds", "--wait")
    assert done.code == 0, done


def test_a_worker_holds_at_once_what_an_adapter_cannot_prepare(board: Newsroom) -> None:
    breaks(board, "prepare")
    held = board.submit(board.write("备不好"), "--wait", "--timeout", "20", "--json")
    assert held.code == 3, held
    [part] = [one for one in held.json["deliveries"] if one["channel"] == "board"]
    assert (part["state"], part["attempts"]) == ("failed", 1)
    assert re.search(PLACE, str(part["error"]))
    log = (board.folder / "up.log").read_text(encoding="utf-8")
    assert "adapter failed" in log
    assert "in _answer" in log, "the traceback"

    breaks(board)
    done = board.run("newsroom", "retry", held.json["rollout"], "--wait")
    assert done.code == 0, done


def test_a_worker_tries_again_what_fails_after_the_gate(board: Newsroom) -> None:
    breaks(board, "release")
    known = board.submit(board.write("放行以后"), "--json").json["rollout"]

    def tried() -> bool:
        [part] = [one for one in board.report(known)["deliveries"] if one["channel"] == "board"]
        return part["error"] is not None and part["state"] == "prepared"

    until(tried)
    breaks(board)
    until(lambda: board.report(known)["state"] == "complete")
    assert [one["state"] for one in board.report(known)["deliveries"]] == ["verified"] * 3
