"""Celery: one task that carries a delivery's id, and the loop that wakes what was forgotten.

The settings and their reasons come from the issue threads of celery and kombu and from measurements;
Celery with Redis may lose or double a message, and nothing here minds. Celery itself is imported by who works: its
messages are written without it (`sending`).
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from pipeline.channel import go_by
from pipeline.engine import Engine
from pipeline.engine.readers import forget
from pipeline.engine.reconciling import refuse_if_behind
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.record import waits
from pipeline.record.clock import SINCE_START
from pipeline.record.inherit import inherit
from pipeline.record.roster import Presence
from pipeline.record.store import Store
from pipeline.rereading import Rereading, keep, kept
from pipeline.rollout import Rank
from pipeline.workers import broker, folder
from pipeline.workers.processes import is_attached
from pipeline.workers.sending import RELEASES, STEPS, TASK, TRANSPORT, Sender
from pipeline.workers.shares import Shares, pool_of, share_of

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger("tongfa")

SLACK = Path("/proc/self/timerslack_ns")
"""Linux: by how many nanoseconds its kernel may prolong the waits of a thread, and of those that it starts. By default
as long as a whole turn."""
SEAL = timedelta(seconds=1)
"""Between two times that a worker of `STEPS` seals what has happened."""
FORGET = timedelta(hours=1)
"""Between two times that it deletes whom to ask from messages of readers whose time is over."""
STEP_ASIDE = 10
"""By how much the workers of `STEPS` lower their priority for the processor."""


def celery_app(url: str) -> Celery:
    """The Celery application on this broker."""
    from celery import Celery  # noqa: PLC0415 - see above

    app = Celery("tongfa", broker=url)
    app.conf.update(
        task_acks_late=False,
        task_ignore_result=True,
        task_default_queue=STEPS,
        worker_prefetch_multiplier=1,  # without worker_disable_prefetch, which refills a full pool once a second
        worker_send_task_events=False,
        worker_soft_shutdown_timeout=28,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=dict(TRANSPORT),
        task_serializer="json",
        accept_content=["json"],
    )
    return app


def store_of(configuration: Configuration) -> Store:
    """The newsroom's record, which nobody has looked at yet."""
    return Store(configuration.database, pace=configuration.pace, locks=broker.run_folder(configuration) / "locks")


def open_engine(configuration: Configuration) -> Engine:
    """The engine of this process, on the configured database and broker."""
    folder.admit(configuration)
    store = store_of(configuration)
    store.migrate()
    inherit(configuration, store)
    go_by(store.clock.wall)
    sender = Sender(broker.address(configuration))
    return Engine(configuration, store, send=sender, waiting=sender.waiting)


def signs_of_life(configuration: Configuration) -> Path:
    """The folder where each worker on this machine keeps a file `QUEUE-PID`, touched with every look of
    its sweeper: dated by the time since the machine's start, for its clock may be set at any moment."""
    return broker.run_folder(configuration) / "workers"


def work(configuration: Configuration, queue: str) -> None:
    """Run a worker on `queue` until SIGTERM or SIGINT. Its loop sweeps and shows that it is alive."""
    from celery.exceptions import SecurityWarning  # noqa: PLC0415 - see above
    from celery.signals import worker_ready, worker_shutting_down  # noqa: PLC0415

    if queue == RELEASES:
        _be_on_time(configuration)
    else:
        os.nice(STEP_ASIDE)  # an instant is never late because something else is being prepared
    engine = _started(configuration)
    refuse_if_behind(engine)
    configuration = engine.configuration
    app = celery_app(broker.address(configuration))
    sign_of_life = signs_of_life(configuration) / f"{queue}-{os.getpid()}"

    threads = configuration.releases if queue == RELEASES else configuration.workers
    channels = len(engine.newsroom.outlets)
    shares = Shares(engine.run, most=share_of(threads, channels))
    pool = pool_of(threads, channels)

    def take_up(wanted: Configuration) -> None:
        engine.take_up(wanted)
        keep(wanted)
        now = len(wanted.newsroom.outlets)
        shares.most = max(1, min(share_of(threads, now), pool // now))

    rereading = Rereading(configuration, take_up)

    @app.task(name=TASK)
    def run(delivery_id: int, channel: str = "", rank: int = Rank.USUAL) -> None:
        shares.run(delivery_id, channel, rank)

    engine.warm()
    gc.freeze()  # what is loaded by now stays: looking through it for garbage would hold up an instant
    stopping = threading.Event()

    @worker_ready.connect(weak=False)
    def ready(**_: Any) -> None:
        told = (engine, queue, shares, sign_of_life, stopping, rereading)
        threading.Thread(target=_sweep, args=told, daemon=True, name="sweeper").start()
        threading.Thread(target=follow, args=(rereading, engine, stopping), daemon=True, name="configuration").start()
        if queue == STEPS:  # never beside what waits for an instant
            threading.Thread(target=_seal, args=(engine, stopping), daemon=True, name="sealer").start()
            threading.Thread(target=_send_heads, args=(engine, stopping), daemon=True, name="heads").start()

    @worker_shutting_down.connect(weak=False)
    def stop(**_: Any) -> None:
        stopping.set()
        shares.end()

    warnings.simplefilter("ignore", SecurityWarning)  # as root in a container: nothing but JSON is accepted anyway
    app.worker_main(
        [
            *("--quiet", "worker"),
            *(
                "--pool",
                "threads",
                "--concurrency",
                str(pool),
                "--queues",
                queue,
            ),
            *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
        ]
    )


def _started(configuration: Configuration) -> Engine:
    """An engine whose channels have all been looked at. Where they cannot go together, and others of this newsroom are
    at work, by what these go by. Raises `BadConfiguration`."""
    engine = open_engine(configuration)
    try:
        engine.channels.settle(but=engine.newsroom.outlets)
    except BadConfiguration:
        engine.close()
        before = kept(configuration.path, configuration.data) if is_attached() else None
        if before is None or before == configuration:
            raise
        return _started(before)
    keep(configuration)
    return engine


def comes_first(process: int) -> bool:
    """Whether a process of this machine has the processors before all others, see `Configuration.real_time`."""
    with suppress(AttributeError, OSError):
        return os.sched_getscheduler(process) == os.SCHED_RR
    return False


def _be_on_time(configuration: Configuration) -> None:
    """Let this process's threads, which wait for one instant, all begin at it."""
    # Chance decides which of those that wait for the interpreter comes next: many short turns are fair, a few are not.
    sys.setswitchinterval(configuration.turn / timedelta(seconds=1))
    with suppress(OSError):  # not on Linux, or not allowed
        SLACK.write_text("1")
    if configuration.real_time:
        # Without this a thread that wakes waits some milliseconds for whatever has the processor, of whatever priority.
        with suppress(AttributeError, OSError):  # `newsroom doctor` says so
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def _seal(engine: Engine, stopping: threading.Event) -> None:
    """Chain what has happened, once a second, and let readers find it; any number of workers may do so, one of them
    does. Now and then, forget whom to ask about what readers told."""
    forgotten = 0.0
    while not stopping.wait(SEAL / timedelta(seconds=1)):
        try:
            engine.seal()
            engine.index()
            if time.monotonic() >= forgotten:
                forget(engine)
                forgotten = time.monotonic() + FORGET / timedelta(seconds=1)
        except SQLAlchemyError as error:  # the database is away, or held: what happened waits to be sealed
            log.warning("not sealed", error=str(waits.trouble(error).message))


def _send_heads(engine: Engine, stopping: threading.Event) -> None:
    """Send the chain's head outside, if the newsroom's file says so; beside the sealer, which waits for nobody."""
    while not stopping.wait(SEAL / timedelta(seconds=1)):
        _look(engine.send_heads)


def follow(rereading: Rereading, engine: Engine, stopping: threading.Event) -> None:
    """Look again and again whether the newsroom's file has changed, and let the engine go by it."""

    def look() -> None:
        rereading.look()
        engine.channels.refused = rereading.gone_by.refused

    while not stopping.wait(engine.store.pace.sweep / timedelta(seconds=1)):
        _look(look)


def _sweep(
    engine: Engine, queue: str, shares: Shares, sign_of_life: Path, stopping: threading.Event, rereading: Rereading
) -> None:
    sign_of_life.parent.mkdir(parents=True, exist_ok=True)
    presence = Presence(engine.store, queue, engine.configuration.data)

    def show() -> None:
        presence.show(rereading.gone_by)

    _look(show)  # first: who counts as alive on this machine is seen by all others
    while not stopping.wait(engine.store.pace.sweep / timedelta(seconds=1)):
        sign(sign_of_life)
        _look(engine.store.clock.watch)
        _look(show)
        _look(lambda: engine.have_heard(shares.waiting()))
        _look(engine.sweep)
    _look(presence.end)
    with suppress(FileNotFoundError):
        sign_of_life.unlink()


def sign(sign_of_life: Path) -> None:
    """Show by this file that its worker is alive."""
    sign_of_life.touch()
    os.utime(sign_of_life, (running := time.clock_gettime(SINCE_START), running))


def _look(deed: Callable[[], object]) -> None:
    """Do it; a database that is away for a moment must not end the loop."""
    try:
        deed()
    except Exception:
        log.exception(threading.current_thread().name)
