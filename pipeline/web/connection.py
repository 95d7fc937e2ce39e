"""Connections of the site's server: how long they may wait, how many there are, and what is answered without ado.

uvicorn's protocol does the work, on httptools' parser. Added here:

- **Time-outs** for a request's head and for its body, for a reader who takes nothing, and for a connection that says
  nothing. They are looked after once a second, for all together.
- **A limit of connections** that follows from the system's limit of open files. At the limit a new connection takes the
  place of the one that has kept the server waiting longest; where none does, it is told 503. So half-sent requests,
  however many, keep nobody out.
- **A limit of the head's length**, which httptools has not.
- **Absolute-form** (`GET http://host/path HTTP/1.1`, RFC 9112, 3.2.2): its host counts, not that of the header Host.
- **Kept answers** (`answers`), which need neither a task nor the application.
"""

from __future__ import annotations

import asyncio
import resource
from typing import ClassVar, Literal

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pipeline.web.accesslog import AccessLog
from pipeline.web.answers import Answers, Kept, question_of

HEAD, BODY, IDLE, STALLED = 10.0, 30.0, 30.0, 60.0
"""Seconds for a request's head, for its body, between two requests, and without a byte taken of an answer."""
LONGEST_HEAD = 32 * 1024
"""Bytes of a request's head."""
MOST_CONNECTIONS, FEWEST_CONNECTIONS = 8192, 8
SPARE = 48
"""Open files beside those of connections: the listener, the record, the log, libraries."""
WHOLE = 64 * 1024
"""Bytes up to which head and body are sent in one piece."""


class Connection(HttpToolsProtocol):
    """One connection."""

    answers: ClassVar[Answers]
    access: ClassVar[AccessLog | None] = None
    most: ClassVar[int] = MOST_CONNECTIONS
    """Connections at most."""

    _part: Literal["", "head", "body"] = ""
    """Of a request, what is being read."""
    _since = 0.0
    """Since when the client has kept the server waiting; 0: it does not."""
    _head = 0
    """Bytes read of a head, with what came before and behind it in one piece."""
    _answered = False
    """Whether the request being read has its answer already."""
    _unread = (0, 0.0)
    """Bytes that the client has yet to take, and since when it was that many."""

    # -- what uvicorn calls ---------------------------------------------------------------------------------

    def connection_made(self, transport: object) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait("")
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        self._head = len(data) + (self._head if self._part == "head" else 0)
        super().data_received(data)
        if self._part == "head" and self._head > LONGEST_HEAD:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._wait("head")

    def on_headers_complete(self) -> None:
        self._wait("body")
        if self._head > LONGEST_HEAD and sum(len(name) + len(value) for name, value in self.headers) > LONGEST_HEAD:
            raise ValueError("the head is too long")  # answered with 400
        if not self.url.startswith(b"/"):
            self._take_absolute()
        if (kept := self._kept()) is not None:
            self._give(kept)
            return
        self.scope["target"] = self.url  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._part = ""
        if self._answered:
            self._answered = False
        else:
            super().on_message_complete()
            if not self.cycle.response_complete:
                self._since = 0.0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline:
            self._wait(self._part)

    # -- waiting --------------------------------------------------------------------------------------------

    def _wait(self, part: Literal["", "head", "body"]) -> None:
        self._part, self._since = part, self.loop.time()

    def look(self, now: float, late: float = 0) -> None:
        """End the connection if its client has had time enough. Called about once a second; `late`: seconds for which
        this process was stopped meanwhile, which are no fault of the client's."""
        if late:
            self._since += late if self._since else 0
            self._unread = (self._unread[0], self._unread[1] + late)
        patience = {"": IDLE, "head": HEAD, "body": BODY}[self._part]
        if self._keeps_waiting and now - self._since > patience:
            if self._part:
                self._refuse(b"408 Request Timeout")
            else:
                self.transport.close()
        unread = self.transport.get_write_buffer_size()
        if not unread or unread != self._unread[0]:
            self._unread = (unread, now)
        elif now - self._unread[1] > STALLED:
            self.transport.abort()

    @property
    def _keeps_waiting(self) -> bool:
        """Whether it is the client's turn, and he has taken all that was answered."""
        waits = self._since and not self.transport.is_closing()
        return bool(waits) and not self.transport.get_write_buffer_size()

    def _make_room(self) -> None:
        """One connection too many: the one whose client has kept the server waiting longest goes."""
        waiting = [
            one for one in self.connections if isinstance(one, Connection) and one._keeps_waiting and one is not self
        ]
        oldest = min(waiting, key=lambda one: one._since, default=None)
        if oldest is None:
            self._refuse(b"503 Service Unavailable\r\nretry-after: 5")
        else:
            self.connections.discard(oldest)
            oldest.transport.close()

    def _refuse(self, status: bytes) -> None:
        self.transport.write(b"HTTP/1.1 %b\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % status)
        self.transport.close()

    # -- asking ---------------------------------------------------------------------------------------------

    def _take_absolute(self) -> None:
        """Make an address in absolute form one in the usual form, with its host in the header; httptools' error for
        what is no address of HTTP."""
        parsed = httptools.parse_url(self.url)
        if (parsed.schema or b"").lower() not in (b"http", b"https") or not parsed.host:
            raise httptools.HttpParserInvalidURLError("no address of HTTP")
        host = parsed.host if parsed.port is None else b"%b:%d" % (parsed.host, parsed.port)
        self.headers[:] = [(b"host", host), *((name, value) for name, value in self.headers if name != b"host")]
        self.url = (parsed.path or b"/") + (b"?" + parsed.query if parsed.query is not None else b"")

    def _kept(self) -> Kept | None:
        """The kept answer to the request, where it can be given now."""
        if self.parser.get_method() != b"GET" or self.flow.write_paused or self.pipeline:
            return None
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        question = question_of("GET", self.url, self.headers)
        return None if question is None else self.answers.find(question)

    def _give(self, kept: Kept) -> None:
        self._answered = True
        self.server_state.total_requests += 1
        stays, version = self.parser.should_keep_alive(), self.parser.get_http_version()
        own = b"".join(b"%b: %b\r\n" % pair for pair in self.server_state.default_headers)
        if not stays:
            own += b"connection: close\r\n"
        elif version == "1.0":
            own += b"connection: keep-alive\r\n"
        head = b"HTTP/1.1 200 OK\r\n%b%b\r\n" % (own, kept.head)
        if len(kept.body) <= WHOLE:
            self.transport.write(head + kept.body)
        else:
            self.transport.write(head)
            self.transport.write(kept.body)
        if self.access is not None:
            self.access.note(self.client, "GET", self.url, version, self.headers, 200, len(kept.body))
        if not stays:
            self.transport.close()


class ConnectionServer(uvicorn.Server):
    """uvicorn's server, which looks after its connections."""

    _looked = 0.0

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # ten times a second it is called
            now = asyncio.get_running_loop().time()
            late = max(now - self._looked - 2, 0) if self._looked else 0
            self._looked = now
            for one in list(self.server_state.connections):
                if isinstance(one, Connection):
                    one.look(now, late)
        return await super().on_tick(counter)


def room_for_connections() -> int:
    """How many connections the system's limit of open files allows, raised as far as this process may raise it: each
    may need a file of its own beside it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS + SPARE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, (soft - SPARE) // 2))
