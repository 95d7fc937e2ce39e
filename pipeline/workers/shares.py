"""Which of a worker's threads do what: no channel takes those of another, however slow it is."""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

import structlog

log = structlog.get_logger("tongfa")

ADDED = 4
"""Channels, at least, that can be added to a worker that runs without anybody's share being too large."""


def share_of(threads: int, channels: int) -> int:
    """How many of a worker's threads one channel may have at once."""
    return max(2, threads // max(1, channels))


def pool_of(threads: int, channels: int) -> int:
    """How many threads a worker may have: enough for the shares of all, and of as many channels again, which may be
    added while it runs. What is not needed is never started."""
    return max(threads, share_of(threads, channels) * channels) + 2 * max(ADDED, channels)


class _Waiting(NamedTuple):
    """A wake-up that waits for a thread of its channel; the lowest comes first."""

    rank: int
    arrival: int
    delivery: int


class Shares:
    """What a worker's threads do, at most `most` of them at once for one channel. Thread-safe.

    `run`: does a step of a delivery, and asks whether it may go on with the next one.

    A wake-up for a channel that has its share waits here and not in a thread; a thread of that channel goes on with it,
    the lowest rank first. Nothing is lost with it: what it is about is due in the record.
    """

    def __init__(self, run: Callable[[int, Callable[[], bool]], object], *, most: int) -> None:
        self._run = run
        self.most = most
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, list[_Waiting]] = {}
        """By channel: a heap."""
        self._ranks: dict[int, int] = {}
        """What waits, each delivery with the lowest rank that it was woken with."""
        self._arrivals = count()

    def run(self, delivery: int, channel: str, rank: int) -> None:
        """Do the step, and then whatever waits for a thread of this channel; or let it wait."""
        with self._lock:
            if self._busy[channel] >= self.most:
                if rank < self._ranks.get(delivery, rank + 1):
                    self._ranks[delivery] = rank
                    heapq.heappush(
                        self._waiting.setdefault(channel, []), _Waiting(rank, next(self._arrivals), delivery)
                    )
                return
            self._busy[channel] += 1
        following: int | None = delivery
        while following is not None:
            try:
                self._run(following, lambda: self._has_room(channel))
            except Exception:  # the database is away: this one is woken again; those behind it must not wait for it
                log.exception("step", delivery=following, channel=channel)
            following = self._next(channel)

    def end(self) -> None:
        """Begin nothing more: the worker stops. What waits here is woken again elsewhere."""
        with self._lock:
            self._waiting.clear()
            self._ranks.clear()

    def waiting(self) -> list[int]:
        """The deliveries that wait here."""
        with self._lock:
            return sorted(self._ranks)

    def _has_room(self, channel: str) -> bool:
        """Whether another step of the channel would find a thread: else the next one goes before a second of one."""
        with self._lock:
            return self._busy[channel] < self.most

    def _next(self, channel: str) -> int | None:
        """What this thread does next for the channel; None: nothing, and it has left it."""
        with self._lock:
            heap = self._waiting.get(channel, [])
            while heap:
                first = heapq.heappop(heap)
                if self._ranks.pop(first.delivery, None) is not None:  # else it came again, with a lower rank
                    return first.delivery
            self._busy[channel] -= 1
            return None
