"""A worker's threads: a slow channel keeps none from the others, and nothing that waits is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from pipeline.rollout import Rank
from pipeline.workers.shares import Shares, share_of


class Work:
    """Steps that take until they are let go; each says that it has begun."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.may: dict[int, bool] = {}
        """Whether each might have gone on with a second step."""
        self._lock = threading.Lock()
        self._begun: dict[int, threading.Event] = {}
        self._go: dict[int, threading.Event] = {}
        self.slow: set[int] = set()

    def __call__(self, delivery: int, go_on: Callable[[], bool]) -> None:
        self._event(self._begun, delivery).set()
        if delivery in self.slow:
            assert self._event(self._go, delivery).wait(20)
        may = go_on()
        with self._lock:
            self.done.append(delivery)
            self.may[delivery] = may

    def begun(self, delivery: int) -> bool:
        return self._event(self._begun, delivery).wait(20)

    def has_begun(self, delivery: int) -> bool:
        return self._event(self._begun, delivery).is_set()

    def go(self, *deliveries: int) -> None:
        for delivery in deliveries:
            self._event(self._go, delivery).set()

    def _event(self, events: dict[int, threading.Event], delivery: int) -> threading.Event:
        with self._lock:
            return events.setdefault(delivery, threading.Event())


def test_every_channel_has_threads_of_its_own() -> None:
    assert [share_of(4, channels) for channels in (0, 1, 2, 6)] == [4, 4, 2, 2]
    assert share_of(32, 6) == 5


def test_a_slow_channel_keeps_no_thread_from_another() -> None:
    work = Work()
    shares = Shares(work, most=2)
    work.slow = {1, 2}
    with ThreadPoolExecutor(4) as pool:
        slow = [pool.submit(shares.run, number, "slow", Rank.USUAL) for number in range(1, 25)]
        assert work.begun(1)
        assert work.begun(2)
        quick = [pool.submit(shares.run, 100 + number, "quick", Rank.USUAL) for number in range(10)]
        for one in [*slow[2:], *quick]:
            one.result(20)  # none of them has had to wait for what is slow
        assert sorted(work.done) == list(range(100, 110))
        assert shares.waiting() == list(range(3, 25))
        work.go(1, 2)
        for one in slow:
            one.result(20)
    assert sorted(work.done) == [*range(1, 25), *range(100, 110)]
    assert shares.waiting() == []


def test_what_is_urgent_is_the_next_of_its_channel_and_nothing_is_done_twice() -> None:
    work = Work()
    shares = Shares(work, most=1)
    work.slow = {1}
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(shares.run, 1, "tv", Rank.USUAL)
        assert work.begun(1)
        for delivery, rank in (
            (2, Rank.USUAL),
            (3, Rank.CORRECTION),
            (4, Rank.URGENT),
            (2, Rank.USUAL),
            (5, Rank.USUAL),
        ):
            shares.run(delivery, "tv", rank)
        shares.run(5, "tv", Rank.URGENT)  # somebody is in a hurry with it now
        assert shares.waiting() == [2, 3, 4, 5]
        work.go(1)
        first.result(20)
    assert work.done == [1, 4, 5, 3, 2]


def test_a_step_that_fails_holds_up_none_of_those_behind_it() -> None:
    done: list[int] = []
    entered, go = threading.Event(), threading.Event()

    def run(delivery: int, _: Callable[[], bool]) -> None:
        if delivery == 1:
            entered.set()
            assert go.wait(20)
        if delivery in (1, 2):
            raise OSError("the database is away")
        done.append(delivery)

    shares = Shares(run, most=1)
    with ThreadPoolExecutor(1) as pool:
        first: Future[None] = pool.submit(shares.run, 1, "tv", Rank.USUAL)
        assert entered.wait(20)
        shares.run(2, "tv", Rank.USUAL)
        shares.run(3, "tv", Rank.USUAL)
        go.set()
        first.result(20)
    assert done == [3]
    shares.run(4, "tv", Rank.USUAL)
    assert done == [3, 4], "the channel has its thread again"


def test_a_second_step_is_done_only_where_the_next_first_one_would_find_a_thread() -> None:
    work = Work()
    shares = Shares(work, most=2)
    work.slow = {1, 2}
    with ThreadPoolExecutor(3) as pool:
        both = [pool.submit(shares.run, number, "tv", Rank.USUAL) for number in (1, 2)]
        assert work.begun(1)
        assert work.begun(2)
        shares.run(9, "web", Rank.USUAL)
        work.go(1)
        both[0].result(20)
        work.go(2)
        both[1].result(20)
    assert work.may == {9: True, 1: False, 2: True}


def test_a_worker_that_stops_does_not_begin_what_waits() -> None:
    work = Work()
    shares = Shares(work, most=1)
    work.slow = {1}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(shares.run, 1, "tv", Rank.USUAL)
        assert work.begun(1)
        shares.run(2, "tv", Rank.USUAL)
        shares.end()
        assert shares.waiting() == []
        work.go(1)
        first.result(20)
    assert work.done == [1]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_than_its_share_at_once(most: int) -> None:
    lock, now, seen = threading.Lock(), 0, list[int]()
    meeting = threading.Barrier(most)

    def run(delivery: int, _: Callable[[], bool]) -> None:
        nonlocal now
        with lock:
            now += 1
            seen.append(now)
        if delivery < most:
            meeting.wait(20)  # its whole share is at work at once
        with lock:
            now -= 1

    shares = Shares(run, most=most)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(shares.run, number, "web", Rank.USUAL) for number in range(200)]
        for job in jobs:
            job.result(20)
    assert max(seen) == most
    assert len(seen) == 200
