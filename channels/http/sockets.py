"""Connections that end with their call.

A whole call has to stay within `total`, although the socket's own time-out starts anew with every byte: a server that
drips its headers could hold a worker for hours. And whether anything was sent is known best where it is sent.
"""

from __future__ import annotations

import http.client
import io
import socket
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from channels.http.call import Call, current

FAILURES = (requests.RequestException, HTTPError, OSError, ValueError)
"""What a call ends with where no answer comes."""


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


def session(threads: int) -> requests.Session:
    """A session over such connections that so many threads share. It retries nothing and remembers nothing."""
    made = requests.Session()
    made.auth = _as_it_is
    # One jar for all threads: without a policy one call's cookies would go out with another's.
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    adapter = _Adapter(pool_connections=threads, pool_maxsize=threads, max_retries=Retry(0, read=False))
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of ~/.netrc in the place of the channel's own."""
    return request


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
