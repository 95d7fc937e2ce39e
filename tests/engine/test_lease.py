"""A deed that comes late, and a worker that was stopped in the middle of one: whoever takes over does nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from channels.http import Http
from channels.storage import Storage
from channels.tv.mos import Device, Names
from pipeline import lease
from pipeline.channel import Unavailable
from pipeline.rollout import RolloutState
from tests.engine.bench import PACE, Bench
from tests.engine.simulation import LATE, Mute
from tests.standins.running import Running


def over() -> AbstractContextManager[None]:
    return lease.held(lambda: 0.0)


@pytest.fixture
def bench(database: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(database, tmp_path)
    yield made
    made.store.close()


def test_a_release_that_comes_after_its_line_broke_off_is_waited_for(bench: Bench) -> None:
    known = bench.publish()
    bench.weather = {"release": "late"}
    bench.run()
    assert bench.report(known).state is RolloutState.COMPLETE
    bench.clock.advance(LATE)
    for one in bench.outlets.values():
        one.arrive()
        assert len(one.deeds) == 1


def test_a_withdrawal_waits_for_a_release_that_nobody_has_answered(bench: Bench) -> None:
    known = bench.publish()
    bench.weather = {"release": "late"}
    bench.arrive()
    late = [one for one in bench.outlets.values() if one.coming]
    bench.withdraw(known)
    bench.run()
    for one in bench.outlets.values():
        bench.clock.advance(LATE)
        one.arrive()
        assert not one.public
    assert len(late) == 1
    assert [what for what, *_ in late[0].deeds] == ["release", "withdraw"]


@pytest.mark.parametrize("deed", ["prepare", "release", "withdraw"])
def test_who_was_stopped_in_a_step_that_others_have_done_does_nothing(bench: Bench, deed: str) -> None:
    known = bench.publish()
    stopped = []

    def stop() -> None:
        stopped.append(bench.clock.now())
        bench.clock.advance(2 * PACE.lease)
        bench.sweep()

    for one in bench.outlets.values():
        one.stop = stop
    if deed == "withdraw":
        bench.run()
        bench.withdraw(known)
    bench.weather = {deed: "stopped"}
    bench.run()
    assert len(stopped) == 1
    assert bench.report(known).state is RolloutState.COMPLETE
    for one in bench.outlets.values():
        assert len(one.deeds) == len(set(one.deeds)) == (2 if deed == "withdraw" else 1)


def test_it_costs_no_person_a_decision(database: str, tmp_path: Path) -> None:
    """Where nobody can be asked, what was not begun is simply begun."""
    bench = Bench(database, tmp_path, outside=Mute)
    known = bench.publish()
    for one in bench.outlets.values():
        one.stop = lambda: bench.clock.advance(PACE.lease - PACE.settle)
    bench.weather = {"release": "stopped"}
    bench.run()
    assert bench.report(known).state is RolloutState.COMPLETE
    bench.store.close()


# -- whatever has an effect outside asks first ----------------------------------------------------------


def test_a_question_needs_no_lease_and_a_deed_does(tmp_path: Path) -> None:
    with Running("asking", tmp_path / "journal.jsonl") as receiver, Http(receiver.url) as http:
        with over():
            assert http.get("/public/none", expected=(404,)).status == 404
            with pytest.raises(Unavailable) as caught:
                http.call("DELETE", "/publications/a1")
        assert not caught.value.sent
        assert http.call("DELETE", "/publications/a1").status == 200


def test_a_call_ends_with_the_lease(tmp_path: Path) -> None:
    """However long it may take otherwise: this outlet answers after three seconds (by its seed)."""
    slow = Running("asking", tmp_path / "journal.jsonl", seed=2, delay=3.0, slow=1.0)
    with slow, Http(slow.url) as http, lease.held(lambda: 0.2), pytest.raises(Unavailable) as caught:
        http.call("DELETE", "/publications/a1")
    assert caught.value.sent


def test_files_stay_as_another_has_left_them(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path / "site"))
    storage.write(f"{storage.root}/a", b"theirs")
    storage.write(f"{storage.staging}/a", b"ours")
    for deed in (
        lambda: storage.write(f"{storage.root}/a", b"ours"),
        lambda: storage.move(f"{storage.staging}/a", f"{storage.root}/a"),
        lambda: storage.remove(f"{storage.root}/a"),
        lambda: storage.clear(storage.root),
    ):
        with over(), pytest.raises(Unavailable):
            deed()
    assert storage.read(f"{storage.root}/a") == b"theirs"


def test_nothing_is_said_to_a_prompter() -> None:
    device = Device("127.0.0.1", 9, Names())
    with over(), pytest.raises(Unavailable) as caught, device.connected(lambda: 1, lambda _: None):
        pytest.fail("it was spoken to")
    assert caught.value.problem == lease.stalled()
