"""The order in which threads come to what only one may have."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from pipeline.record.database import Database
from pipeline.record.turns import Turns
from pipeline.rollout import Pace


class Line:
    """Threads that queue for one `Turns`, in the order in which they were started; who was given it, in order."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.given: list[str] = []
        self._threads: list[threading.Thread] = []

    def come(self, name: str, *, first: bool = False) -> None:
        """Another thread comes, and waits."""

        def take() -> None:
            assert self.turns.acquire(first=first, timeout=30)
            self.given.append(name)
            self.turns.release()

        before = len(self.turns.waiting)
        self._threads.append(threading.Thread(target=take, daemon=True))
        self._threads[-1].start()
        _until(lambda: len(self.turns.waiting) > before)

    def end(self) -> None:
        for one in self._threads:
            one.join(30)


def _until(so: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not so():
        pause.wait(0.001)


def test_threads_come_in_the_order_of_their_arrival() -> None:
    line = Line()
    assert line.turns.acquire(first=False, timeout=0)
    for name in "abcdef":
        line.come(name)
    line.turns.release()
    line.end()
    assert line.given == [*"abcdef"]


def test_who_keeps_others_waiting_comes_before_all_who_do_not() -> None:
    line = Line()
    assert line.turns.acquire(first=False, timeout=0)
    for name, first in (("a", False), ("B", True), ("c", False), ("D", True)):
        line.come(name, first=first)
    line.turns.release()
    line.end()
    assert line.given == ["B", "D", "a", "c"]


def test_who_has_waited_in_vain_is_not_given_it_later() -> None:
    line = Line()
    assert line.turns.acquire(first=False, timeout=0)
    assert not line.turns.acquire(first=True, timeout=0.01)
    line.come("a")
    line.turns.release()
    line.end()
    assert line.given == ["a"]
    assert line.turns.acquire(first=False, timeout=0), "nobody has it"


def test_each_of_many_threads_has_it_alone() -> None:
    turns, inside, most = Turns(), [0], [0]

    def work(first: bool) -> None:
        for _ in range(200):
            if turns.acquire(first=first, timeout=0.0005 if first else 30):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                inside[0] -= 1
                turns.release()

    threads = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert most == [1]
    assert turns.acquire(first=False, timeout=0), "nobody has been forgotten with it"


def test_who_holds_a_channels_lock_writes_before_all_who_hold_none(tmp_path: Path) -> None:
    """Else a release that writes in its channel's notebook waits behind every step of all other channels."""
    record = Database(f"sqlite:///{tmp_path / 'record.db'}", pace=Pace(), locks=tmp_path)
    given: list[str] = []

    def write(name: str) -> None:
        with record.writing():
            given.append(name)

    def release() -> None:
        with record.exclusive("app"):
            write("release")

    with record.writing():
        queue = record.turns("writer")
        threads = []
        for count, deed in enumerate((lambda: write("step"), lambda: write("step"), release), start=1):
            threads.append(threading.Thread(target=deed))
            threads[-1].start()
            _until(lambda count=count: len(queue.waiting) == count)  # type: ignore[misc]
    for one in threads:
        one.join(30)
    record.close()
    assert given == ["release", "step", "step"]
