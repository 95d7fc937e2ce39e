"""The stand-in over HTTP, in a thread or in the foreground."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pipeline.standins.fake_wechat.pages import Answer, Pages, as_json
from pipeline.standins.fake_wechat.platform import Wechat
from pipeline.standins.fake_wechat.terms import Settings


class _Handler(BaseHTTPRequestHandler):
    """One connection; the platform is set by `Server`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    wechat: Wechat
    pages: Pages

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if parts.path.startswith("/admin/"):
            self._reply(self.pages.administer(self.command, parts.path, json.loads(raw or b"{}")))
        elif not parts.path.startswith("/cgi-bin/"):
            self._reply(self.pages.page(parts.path, query))
        else:
            self._call(parts.path.removeprefix("/cgi-bin/").strip("/"), query, raw)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815

    def _call(self, call: str, query: Mapping[str, str], raw: bytes) -> None:
        fate, seconds = self.wechat.fate(call)
        if fate == "refused":
            self._reply(Answer(503, b"busy"), retry_after="0")
            return
        fault = fate if re.fullmatch(r"-?\d+", fate) else ""
        content = self.wechat.answer(
            call, query, raw, self.headers.get("Content-Type", ""), str(self.client_address[0]), fault
        )
        time.sleep(seconds)
        if fate == "lost":
            self.close_connection = True
        else:
            self._reply(as_json(content), cut=fate == "cut")

    def _reply(self, answer: Answer, *, cut: bool = False, retry_after: str = "") -> None:
        self.send_response_only(answer.status)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if cut else answer.body)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The stand-in on a port; also `with Server(…) as server: server.url`, served by a thread of its own."""

    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        accounts: Mapping[str, Settings] | None = None,
        *,
        base: str = "",
        seed: int = 0,
    ) -> None:
        self.wechat = Wechat(folder, DEMO if accounts is None else accounts, seed=seed)
        super().__init__((host, port), type("Here", (_Handler,), {"wechat": self.wechat, "pages": Pages(self.wechat)}))
        self.url = f"http://{host}:{self.server_port}"
        self.wechat.accounts.base = base.rstrip("/") or self.url
        self._stop = threading.Event()
        self._running: list[threading.Thread] = []

    @property
    def api(self) -> str:
        return f"{self.url}/cgi-bin/"

    def events(self) -> Iterator[None]:
        """Each step lets happen what is due and tells of it."""
        while not self._stop.wait(0.05):
            self.wechat.settle()
            self.wechat.tell()
            yield

    def _tick(self) -> None:
        for _ in self.events():
            pass

    def __enter__(self) -> Self:
        self._running = [
            threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}),
            threading.Thread(target=self._tick),
        ]
        for thread in self._running:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self._stop.set()
        self.shutdown()
        for thread in self._running:
            thread.join()
        self.server_close()
        self.wechat.memory.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away (or was killed) is nothing to tell; a mistake in here is."""
        if not isinstance(sys.exception(), ConnectionError | sqlite3.ProgrammingError):
            super().handle_error(request, client_address)


DEMO: Mapping[str, Settings] = {
    "wx00000000000fabu": Settings(secret="demo-fabu", name="武山发布", delay=2.0),  # noqa: S106
    "wx0000000000rongm": Settings(secret="demo-rongmei", name="武山融媒", delay=2.0),  # noqa: S106
}
"""The demo newsroom's two accounts."""


def serve(
    host: str,
    port: int,
    folder: Path,
    accounts: Mapping[str, Settings] | None = None,
    *,
    base: str = "",
    ready: Callable[[str], None] = lambda _: None,
    stop: threading.Event | None = None,
) -> None:
    """Serve until `stop` is set, or for ever. `ready` is told the address. OSError if the port is taken."""
    with Server(host, port, folder, accounts, base=base) as server:
        ready(server.url)
        (stop or threading.Event()).wait()
