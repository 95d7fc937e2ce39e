"""Connections that end with their call.

A whole call has to stay within `total`, although the socket's own time-out starts anew with every byte: a server that
drips its headers could hold a worker for hours. And whether anything was sent is known best where it is sent.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from contextvars import ContextVar
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


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


class _Incoming(io.RawIOBase):
    """A socket's stream that never waits beyond the call's end."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase, call: Call) -> None:
        self._sock, self._stream, self._call = sock, stream, call
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(min(self._call.read, self._call.left()))
        count: int | None = self._stream.readinto(buffer)
        self.ended = count == 0
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self._incoming = _Incoming(sock, self.fp.detach(), current.get())
        self.fp = io.BufferedReader(self._incoming)

    def begin(self) -> None:
        super().begin()
        if self._incoming.ended:  # http.client takes a head that is cut short for a whole one, and its body for empty
            raise http.client.IncompleteRead(b"")


class _Connection(HTTPConnection):
    response_class = _Response

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        call = current.get()
        self.sock.settimeout(call.left())
        call.sent = True
        super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """The transport of `requests` over such connections."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
