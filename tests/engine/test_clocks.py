"""Clocks that are wrong, and that are set while something is under way: it is later at most, and never twice.

Against real workers, by a clock that stands before the C library's (`tests.standins.stepping`).
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import LONG, fresh_database, fresh_file, postgresql_server
from tests.engine.clocks import Clocks, machines_with
from tests.standins.stepping import SteppingClock, needs_compiler

pytestmark = [needs_compiler, pytest.mark.long, pytest.mark.timeout(7200 if LONG else 600)]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = (HOUR, -HOUR, DAY, -DAY)
ROUNDS = 20 if LONG else 1
OFF = timedelta(seconds=90)


def stepped_through(newsroom: Clocks, clock: SteppingClock, rounds: int) -> None:
    """Set the clock while outlets are called, so often each way; afterwards nothing is missing and nothing twice."""
    newsroom.publish("先发的稿件")
    newsroom.come_to_rest()
    for number in range(rounds):
        for step in STEPS:
            newsroom.slow(2.5)
            newsroom.catch(f"第{number}次{step}")
            clock.step(step)
            newsroom.come_to_rest()
            newsroom.slow(0)
            assert newsroom.twice() == {}
    newsroom.publish("后发的稿件")
    newsroom.come_to_rest()
    assert newsroom.twice() == {}
    assert newsroom.missing() == {}
    assert newsroom.store.broken_event() is None


def test_a_machines_clock_is_set_during_a_call(tmp_path: Path) -> None:
    clock = SteppingClock(tmp_path)
    with machines_with(tmp_path, fresh_file(tmp_path / "newsroom.db"), [clock, clock]) as newsroom:
        stepped_through(newsroom, clock, ROUNDS)


def test_the_clock_of_one_of_two_machines_is_set_during_a_call(postgresql: str, tmp_path: Path) -> None:
    right, other = SteppingClock(tmp_path, "right"), SteppingClock(tmp_path, "other")
    with machines_with(tmp_path, fresh_database(postgresql), [right, other]) as newsroom:
        stepped_through(newsroom, other, ROUNDS)


def test_the_databases_clock_is_set_during_a_call(tmp_path: Path) -> None:
    clock, right = SteppingClock(tmp_path, "server"), SteppingClock(tmp_path, "right")
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in clock.environment.items():
                environment.setenv(name, value)
            server = stack.enter_context(postgresql_server(tmp_path / "postgresql"))
        newsroom = stack.enter_context(machines_with(tmp_path, fresh_database(server.url), [right, right]))
        stepped_through(newsroom, clock, ROUNDS)


@pytest.mark.parametrize("off", [OFF, -OFF])
def test_a_machine_whose_clock_is_off_releases_with_the_others(postgresql: str, tmp_path: Path, off: timedelta) -> None:
    right, wrong = SteppingClock(tmp_path, "right"), SteppingClock(tmp_path, "wrong")
    wrong.step(off)
    with machines_with(tmp_path, fresh_database(postgresql), [right, wrong]) as newsroom:
        newsroom.publish("先发的稿件")
        newsroom.come_to_rest()
        for number in range(ROUNDS):
            moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=12)
            newsroom.publish(f"定时稿件{number}", "--at", moment.isoformat())
            newsroom.come_to_rest()
            asked, released = list(newsroom.released().items())[-1]
            assert min(released) >= moment, "nobody goes out before"
            assert max(released) - min(released) < OFF / 2, "all go out at once, whatever their machines' clocks say"
            assert timedelta(0) <= newsroom.store.revision(asked).published_at - moment < OFF / 2
            newsroom.publish(f"即时稿件{number}")
            newsroom.come_to_rest()
            at_once, released = list(newsroom.released().items())[-1]
            assert abs(newsroom.store.revision(at_once).published_at - min(released)) < OFF / 2
        assert newsroom.twice() == {}
        assert newsroom.missing() == {}
        said = newsroom.run("newsroom", "doctor")
        seconds, way = round(abs(off) / timedelta(seconds=1)), "ahead" if off > timedelta(0) else "behind"
        assert f"is {seconds} s {way}" in said.out, said
        assert "chrony" in said.out
        assert f"is {seconds} s {way}" in newsroom.run("newsroom", "status").out
