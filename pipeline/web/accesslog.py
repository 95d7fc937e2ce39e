"""Who asked for what, in the combined log format that every tool for logs of web servers reads.

Off unless asked for. Addresses of readers are personal data (个人信息保护法): who keeps them needs a reason, keeps
them safe and deletes them in time; the 网络安全法 asks for logs of six months at least. Of what only the
newsroom may read, and of platforms' calls, the address is cut: a signed link opens what it names.
"""

from __future__ import annotations

import logging.handlers
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CUT = re.compile(rb"(/(?:inside|hooks)/[^/?]*)[/?].*", re.DOTALL)
_ODD = re.compile(rb"[^ !#-\[\]-~]")
"""What is written as \\xHH, so that nothing a client sends looks like a line of ours, or moves a terminal."""


class AccessLog:
    """A file of lines; when another program has moved it away (logrotate), the next line begins it anew."""

    def __init__(self, path: Path) -> None:
        """OSError if it cannot be written."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = logging.handlers.WatchedFileHandler(path, encoding="ascii")

    def note(
        self,
        client: tuple[str, int] | None,
        method: str,
        target: bytes,
        version: str,
        headers: Iterable[tuple[bytes, bytes]],
        status: int,
        size: int,
    ) -> None:
        """One answer; `size`: bytes of its body."""
        told = {name: value for name, value in headers if name in (b"referer", b"user-agent")}
        moment = datetime.now(UTC).astimezone()
        asked = _plain(_CUT.sub(rb"\1/...", target))
        whence, whose = (_plain(told.get(name, b"-")) for name in (b"referer", b"user-agent"))
        line = (
            f"{client[0] if client else '-'} - - [{moment:%d/%b/%Y:%H:%M:%S %z}] "
            f'"{method} {asked} HTTP/{version}" {status} {size} "{whence}" "{whose}"'
        )
        self._handler.emit(logging.LogRecord("access", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        self._handler.close()


class Logging:
    """The application, with a line for each of its answers."""

    def __init__(self, app: ASGIApp, log: AccessLog) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, size = 500, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body" and scope["method"] != "HEAD":
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
            version = scope["http_version"]
            self._log.note(scope["client"], scope["method"], target, version, scope["headers"], status, size)


def _plain(said: bytes) -> str:
    return _ODD.sub(lambda odd: b"\\x%02X" % odd[0][0], said).decode("ascii")
