"""A request under way: what its connection has to know of it."""

from __future__ import annotations

import time
from contextvars import ContextVar


class Call:
    """A request under way: how long it may still take, and whether any of it left this machine."""

    def __init__(self, read: float, total: float) -> None:
        self.read = read
        self.deadline = time.monotonic() + total
        self.sent = False

    def left(self) -> float:
        """Seconds to the end; TimeoutError when it has come."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time of the whole call is over")
        return left


current: ContextVar[Call] = ContextVar("call")
"""The call of this thread."""
