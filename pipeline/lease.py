"""How long the step that this thread is at is still its own.

A worker may be stopped anywhere: by a machine that sleeps, by one that swaps, by a signal. When it goes on it stands
where it stood, perhaps between two calls, and another has long taken the step over and asked what became of it.
So whatever has an effect outside asks here right before it, and none is begun that the other could not have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pipeline.channel import Problem, Text, Unavailable

_left: ContextVar[Callable[[], float] | None] = ContextVar("lease", default=None)


@contextmanager
def held(left: Callable[[], float]) -> Iterator[None]:
    """The step is this thread's for `left()` seconds. Threads that an adapter begins by itself know nothing of it."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


def left() -> float:
    """Seconds in which an effect may still begin; infinity for who works without a lease, as `newsroom rebuild`."""
    ask = _left.get()
    return float("inf") if ask is None else ask()


def require() -> None:
    """Raise `Unavailable` if it is too late for an effect."""
    if left() <= 0:
        raise Unavailable(stalled())


def stalled() -> Problem:
    """What people are told of it."""
    return Problem(
        field="release",
        message=Text.of("the worker was stopped in the middle of its work, for so long that another may be at it"),
        remedy=Text.of("it is tried again by itself; look why the machine stalled"),
    )
