"""Who of a process's threads comes next to what only one may have."""

from __future__ import annotations

import heapq
import threading
from itertools import count


class Turns:
    """A lock whose waiting threads come in order: whoever keeps others waiting first, then by arrival. Thread-safe.

    `threading.Lock` gives itself to whoever looks at the right moment; where many threads write, one that holds its
    channel's lock meanwhile would keep all others of that channel waiting for a second.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._arrivals = count()
        self.waiting: list[tuple[bool, int, threading.Lock]] = []
        """A heap: whether it can wait, when it came, and what it sleeps on."""

    def acquire(self, *, first: bool, timeout: float) -> bool:
        """Have it, before all who are not `first`; False if that was not to be in `timeout` seconds."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return True
            bell = threading.Lock()
            bell.acquire()
            mine = (not first, next(self._arrivals), bell)
            heapq.heappush(self.waiting, mine)
        if bell.acquire(timeout=timeout):
            return True
        with self._lock:
            if mine not in self.waiting:  # it was given in this very moment
                return True
            self.waiting.remove(mine)
            heapq.heapify(self.waiting)
            return False

    def release(self) -> None:
        """Give it to the next."""
        with self._lock:
            if self.waiting:
                heapq.heappop(self.waiting)[2].release()
            else:
                self._taken = False
