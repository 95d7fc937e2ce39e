"""Wake-ups on their way: Celery's messages, sent by kombu alone.

Commands that submit want to be done, and Celery itself takes as long to import as all the rest of a submission. What
stands in a message is its protocol 2 (https://docs.celeryq.dev/en/stable/internals/protocol.html).
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog

from pipeline.record.gate import Wake
from pipeline.record.roster import QUEUES
from pipeline.record.sweeping import Waiting
from pipeline.rollout import Rank, Step

if TYPE_CHECKING:
    from kombu import Connection
    from kombu.connection import ConnectionPool
    from kombu.pools import ProducerPool

log = structlog.get_logger("tongfa")

STEPS, RELEASES = QUEUES
"""The two queues. Releases have their own, so that a long preparation never delays an instant."""
TASK = "tongfa.run"
TRANSPORT: Mapping[str, Any] = {
    "visibility_timeout": 3600,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 10,
    # A list for each of `Rank`; the first that has something is read first.
    "priority_steps": [*Rank],
    "queue_order_strategy": "priority",
}
"""How senders and workers use Redis."""
CONNECTIONS = 10
"""Most of them that a process sends over at one time."""


class Sender:
    """Sends wake-ups, best effort: when the broker is away the sweeper sends them again later."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.away = False
        """Whether the last attempt found no broker."""

    @cached_property
    def _connection(self) -> Connection:
        from kombu import Connection  # noqa: PLC0415 - most commands send nothing

        # kombu would try for six seconds, while an editor waits and a worker's thread is held up.
        return Connection(self._url, transport_options={**TRANSPORT, "max_retries": 0})

    @cached_property
    def connections(self) -> ConnectionPool:
        """Connections to the broker, for a moment each."""
        return self._connection.Pool(CONNECTIONS)

    @cached_property
    def _producers(self) -> ProducerPool:
        from kombu.pools import ProducerPool  # noqa: PLC0415 - as above

        return ProducerPool(self.connections, limit=CONNECTIONS)

    @cached_property
    def _trouble(self) -> tuple[type[BaseException], ...]:
        from kombu.exceptions import OperationalError  # noqa: PLC0415 - as above

        return (OperationalError, OSError, *self._connection.connection_errors)

    def __call__(self, wakes: Iterable[Wake]) -> None:
        try:
            for wake in wakes:
                with self._producers.acquire(block=True) as producer:
                    producer.publish(**_message(wake))
                self.away = False
        except self._trouble as error:
            self._lost(error)

    def waiting(self) -> Waiting | None:
        """How many wake-ups wait in the queues; None if the broker is away."""
        try:
            with self.connections.acquire(block=True) as connection:
                here = connection.default_channel
                found = Waiting(*(here.queue_declare(queue=queue).message_count for queue in (STEPS, RELEASES)))
                self.away = False
                return found
        except self._trouble as error:
            self._lost(error)
            return None

    def _lost(self, error: BaseException) -> None:
        if not self.away:
            log.warning("broker away", error=str(error))
        self.away = True


def _message(wake: Wake) -> dict[str, Any]:
    """What kombu publishes, as `Celery.send_task` would have it."""
    from kombu import Exchange, Queue  # noqa: PLC0415 - as above

    queue = RELEASES if wake.step is Step.RELEASE else STEPS
    own = str(uuid.uuid4())
    arguments = (wake.delivery_id, str(wake.channel), int(wake.rank))
    headers: dict[str, Any] = {
        "lang": "py",
        "task": TASK,
        "id": own,
        "shadow": None,
        "eta": None,
        "expires": None,
        "group": None,
        "group_index": None,
        "retries": 0,
        "timelimit": [None, None],
        "root_id": own,
        "parent_id": None,
        "argsrepr": repr(arguments),
        "kwargsrepr": "{}",
        "origin": f"gen{os.getpid()}@{socket.gethostname()}",
        "ignore_result": True,
        "replaced_task_nesting": 0,
        "stamped_headers": None,
        "stamps": {},
        "step": wake.step.value,
    }
    return {
        "body": (arguments, {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}),
        "headers": headers,
        "correlation_id": own,
        "reply_to": "",
        "exchange": "",
        "routing_key": queue,
        "declare": [Queue(queue, Exchange(queue), routing_key=queue)],
        "priority": int(wake.rank),
        "serializer": "json",
        "delivery_mode": "persistent",
        "retry": False,
    }
