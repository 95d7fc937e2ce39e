"""The common instant, and how those who release together wait for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Protocol

from pipeline.record.clock import NAP


class Clock(Protocol):
    """Time as the engine sees it: the record's, see `RecordClock`."""

    def now(self) -> datetime: ...

    def wait_until(self, moment: datetime) -> None: ...


class _Line:
    """Those who release at one moment."""

    def __init__(self) -> None:
        self.awake: list[bool] = []
        """For each who waits for it, whether it is awake."""
        self.done = 0
        """How many have released."""


class StartLine:
    """Where the releases of one instant wait for it and for each other: none of this process begins while another has
    still to wake, and none does anything else while another is still releasing.

    Otherwise the first would keep the others from the processor, and they would come one after the other.
    """

    WAKING = 0.01
    """Seconds that those who are awake wait for the last."""
    RELEASING = 0.1
    """Seconds that those who have released wait for the last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._lines: dict[datetime, _Line] = {}

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Begin at `moment`, together with all who wait for the same, and end with them."""
        with self._changed:
            past = self._clock.now() - timedelta(minutes=1)
            self._lines = {awaited: line for awaited, line in self._lines.items() if awaited > past}
            line = self._lines.setdefault(moment, _Line())
            line.awake.append(False)
            place = len(line.awake) - 1
        self._clock.wait_until(moment)
        line.awake[place] = True
        deadline = time.monotonic() + self.WAKING
        while not all(line.awake) and time.monotonic() < deadline:
            time.sleep(NAP)
        try:
            yield
        finally:
            with self._changed:
                line.done += 1
                self._changed.notify_all()
        with self._changed:
            self._changed.wait_for(lambda: line.done >= len(line.awake), self.RELEASING)
