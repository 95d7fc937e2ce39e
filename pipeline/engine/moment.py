"""The common instant, and how those who release together wait for it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

NAP = 0.0001
"""Seconds. An event would be woken through a lock, by which threads come after one another instead of together."""


class Clock(Protocol):
    """Time as the engine sees it."""

    def now(self) -> datetime: ...

    def wait_until(self, moment: datetime) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait_until(self, moment: datetime) -> None:
        """Return at `moment`, within a fraction of a millisecond: a long sleep, then the last of it in short naps."""
        while (left := (moment - self.now()) / timedelta(seconds=1)) > 0:
            time.sleep(left - 0.002 if left > 0.004 else NAP)


class StartLine:
    """Where the releases of one instant wait for it: none of this process begins while another has still to wake.

    Otherwise the first would keep the others from the processor, and they would begin one after the other.
    """

    PATIENCE = 0.01
    """Seconds that those who are awake wait for the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[datetime, list[bool]] = {}
        """By the moment: for each that waits for it, whether it is awake."""

    def wait_for(self, moment: datetime) -> None:
        """Return at `moment`, together with all who wait for the same."""
        with self._lock:
            past = self._clock.now() - timedelta(minutes=1)
            self._lines = {awaited: line for awaited, line in self._lines.items() if awaited > past}
            line = self._lines.setdefault(moment, [])
            line.append(False)
            place = len(line) - 1
        self._clock.wait_until(moment)
        line[place] = True
        deadline = time.monotonic() + self.PATIENCE
        while not all(line) and time.monotonic() < deadline:
            time.sleep(NAP)
