"""The simplest outlet there is, over real HTTP: a PUT shows a page, a DELETE takes it away, a GET reads it.

    with Shelf(token="…") as shelf:
        requests.put(f"{shelf.url}/a1", data=b"…", headers={"Authorization": "Bearer …"})

It has no drafts, no keys and no memory of what was deleted. `lag`: how long, by its own clock, a GET still shows what
was there before; `wait` moves that clock.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Shelf:
    def __init__(self, token: str = "", lag: timedelta = timedelta(0)) -> None:
        self.token, self.lag = token, lag
        self.deeds: list[tuple[str, str]] = []
        """(method, path) of every call with an effect."""
        self._pages: dict[str, list[tuple[timedelta, bytes | None]]] = {}
        self._clock = timedelta(0)
        self._left: int | None = None
        self._until_lost = -1
        self._lock = threading.Lock()
        shelf = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, content = shelf.answer(self.command, self.path, body, self.headers.get("Authorization", ""))
                if shelf.loses():
                    self.close_connection = True
                    return
                self.send_response_only(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_DELETE = _serve  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, method: str, path: str, body: bytes, authorization: str) -> tuple[int, bytes]:
        """Status and content."""
        with self._lock:
            if self._left is not None:
                self._left -= 1
                if self._left < 0:
                    return 503, b"the shelf is being painted"
            if self.token and authorization != f"Bearer {self.token}":
                return 401, b"who are you?"
            if path == "/":
                return 200, b"a shelf"
            if method == "GET":
                page = self._page(path)
                return (404, b"nothing here") if page is None else (200, page)
            self.deeds.append((method, path))
            there = self._pages.get(path, [])[-1:]
            if method == "DELETE" and (not there or there[0][1] is None):
                return 404, b"nothing here"
            self._pages.setdefault(path, []).append((self._clock, body if method == "PUT" else None))
            return 200, b""

    def _page(self, path: str) -> bytes | None:
        """The page as a GET shows it now."""
        seen = [page for at, page in self._pages.get(path, []) if at + self.lag <= self._clock]
        return seen[-1] if seen else None

    def page(self, path: str) -> str:
        """What the public reads there now; "" if nothing is."""
        with self._lock:
            return (self._page(path) or b"").decode()

    def change(self, path: str, old: str, new: str) -> None:
        """Change a page behind everybody's back."""
        with self._lock:
            before = self._page(path) or b""
            assert old.encode() in before, f"{old} does not stand at {path}"
            self._pages[path] = [(timedelta(0), before.replace(old.encode(), new.encode()))]

    def wait(self, time: timedelta) -> None:
        """Let so much time pass."""
        with self._lock:
            self._clock += time

    def loses(self) -> bool:
        """Whether the answer of this call is lost."""
        with self._lock:
            self._until_lost -= 1
            return self._until_lost == -1

    @contextmanager
    def losing(self, after: int) -> Iterator[None]:
        """Answer so many calls, and lose the answer of the next one, while the block runs."""
        with self._lock:
            self._until_lost = after
        try:
            yield
        finally:
            with self._lock:
                self._until_lost = -1

    @contextmanager
    def refusing(self, after: int) -> Iterator[None]:
        """Take so many calls more, and refuse all that follow, while the block runs."""
        with self._lock:
            self._left = after
        try:
            yield
        finally:
            with self._lock:
                self._left = None
