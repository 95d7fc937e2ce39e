"""The processes of a newsroom on one machine, started, watched, started again and stopped together.

    with Processes(environment) as processes:
        processes.start("serve", "serve")
        processes.watch(stop)          # until `stop` is set

A child is in a session of its own, so that Ctrl-C reaches only the parent, which stops the children in order. It ends
by itself when its parent is gone, however that ended (`end_with_parent`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

import structlog
from filelock import FileLock, Timeout

from pipeline.newsroom import Configuration
from pipeline.workers import broker

log = structlog.get_logger("tongfa")

PATIENCE = 40.0
"""Seconds a child may take to stop: a worker lets the steps under way end (28 s)."""
POLL = 0.2
QUICK = 5.0
"""Seconds: a child that ends sooner than this after its start is started again ever later."""
LONGEST_PAUSE = 30.0


@dataclass
class _Child:
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0


class Processes:
    """Children of this process by name; each runs `newsroom` with the given arguments.

    They are started in order and stopped all at once, but for the first, which the others may need until their end.
    """

    def __init__(self, environment: Mapping[str, str], output: IO[bytes] | None = None) -> None:
        self._children: dict[str, _Child] = {}
        # A worker told to stop ends the steps under way instead of waiting for its queue (Celery's soft shutdown).
        # Two arenas for all threads instead of one for each: some dozen threads keep less memory to themselves (glibc).
        told = {"REMAP_SIGTERM": "SIGQUIT", "TONGFA_ATTACHED": "1"}
        self._environment = {"MALLOC_ARENA_MAX": "2", **environment, **told}
        self._output = output

    def __enter__(self) -> Self:
        return self

    def start(self, name: str, *arguments: str) -> None:
        """Start `newsroom` with these arguments, and again whenever it ends by itself (`watch`)."""
        self._children[name] = _Child([sys.executable, "-m", "pipeline", *arguments])
        self._start(self._children[name])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        processes = [child.process for child in self._children.values()]
        for together in (processes[1:], processes[:1]):
            running = [process for process in together if process is not None]
            for process in running:
                process.terminate()
            for process in running:
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                if process.stdin is not None:
                    process.stdin.close()

    def watch(self, stop: threading.Event) -> None:
        """Start again whatever ends by itself, until `stop` is set."""
        while not stop.wait(POLL):
            for name, child in self._children.items():
                if child.process is not None and (code := child.process.poll()) is not None:
                    quick = time.monotonic() - child.started < QUICK
                    child.failures = child.failures + 1 if quick else 0
                    log.error("process ended", process=name, code=code)
                    child.process = None
                pause = min(POLL * 2**child.failures, LONGEST_PAUSE)
                if child.process is None and time.monotonic() - child.started >= pause:
                    self._start(child)

    def _start(self, child: _Child) -> None:
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )


@contextmanager
def alone(configuration: Configuration) -> Iterator[bool]:
    """Nobody else is `up` on this data folder while the block runs; False if somebody is already."""
    broker.run_folder(configuration).mkdir(exist_ok=True)
    lock = FileLock(broker.run_folder(configuration) / "up.lock", timeout=0, mode=0o660)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    with lock:
        yield True


def end_with_parent(environment: Mapping[str, str] = os.environ) -> None:
    """In a child of `Processes`: ask this process to stop when its parent is gone (its standard input ends)."""
    if is_attached(environment):
        threading.Thread(target=_wait_for_end, daemon=True, name="parent").start()


def is_attached(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process is a child of `Processes`, which may have started it again in the middle of the work."""
    return bool(environment.get("TONGFA_ATTACHED"))


def _wait_for_end() -> None:
    while os.read(0, 64):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
