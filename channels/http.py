"""HTTP for channels, in one place: time-outs, bounds, no retries, and every failure as one of the contract's errors.

    http = Http("https://api.example.org/v1", secrets=[token])
    answer = http.post("/articles", {"title": "架豆丰收"}, headers={"Authorization": f"Bearer {token}"})
    answer.json()["id"]

Made once per channel and shared by its threads. Waiting and trying again belong to the engine.

    what happens                                          becomes
    name unknown, connection refused or timed out         Unavailable(sent=False)
    408, 425, 429, and 503 with Retry-After               Unavailable(retry_after, sent=False)
    any other 5xx                                         Unavailable(sent=True)
    no answer in time, broken off, cut short, too long    Unavailable(sent=True)
    401, 403                                              Refused(code), about credentials
    3xx and any other 4xx                                 Refused(code)

`sent=True` is said only of calls with an effect: a question (GET, HEAD, or `safe=True`) has none, so it is
simply asked again. An adapter that has done another deed earlier in the same step has to judge that itself.
"""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import logging
import re
import socket
import threading
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidHeader, InvalidSchema, InvalidURL, MissingSchema
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError
from urllib3.util.retry import Retry

from pipeline.channel import ChannelError, Problem, Refused, Text, Unavailable, utc_now

log = logging.getLogger("tongfa.http")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask and change nothing (RFC 9110, 9.2.1)."""

NOT_NOW = frozenset({408, 425, 429})
"""Answers that say the request was not acted upon and may be repeated (RFC 9110, RFC 8470, RFC 6585)."""

LONGEST_WAIT = timedelta(days=1)
"""What an absurd Retry-After is cut to."""

MOST_REDIRECTS = 5
EXCERPT = 300
"""Characters of an error's body that go into the log."""

_NAMED = re.compile(
    r"""(?i)\b((?:access_|refresh_|id_)?token|(?:app|client_)?secret|password|passwd|api_?key|sign(?:ature)?)"""
    r"""(["']?\s*[=:]\s*["']?)[^&\s"',;}\])]+"""
)
_HEADER = re.compile(r"""(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[=:]\s*["']?)[^\r\n"']+""")
_QUERY = re.compile(r"\?[^\s\"']*")
_MASK = "***"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A complete answer with a status that was expected."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By name, in any case."""
    body: bytes = field(repr=False)
    place: str
    """Host and path it came from, secrets masked."""
    effect: bool
    """Whether the call may have changed something."""

    @property
    def text(self) -> str:
        """The body as UTF-8, whatever the header says; what is not UTF-8 becomes U+FFFD."""
        return self.body.decode("utf-8-sig", "replace")

    @property
    def digest(self) -> str:
        """SHA-256 of the body, for evidence."""
        return hashlib.sha256(self.body).hexdigest()

    def json(self) -> Any:
        """The body parsed as JSON in UTF-8. Raises `Unavailable`: a gateway's error page says nothing of the deed."""
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except ValueError as error:
            raise Unavailable(
                Problem(
                    field="http",
                    message=Text.of("{place} answered with something that is not JSON", place=self.place),
                    remedy=Text.of("check the address in the channel's configuration"),
                ),
                sent=self.effect,
                detail=f"{self.status} {self.headers.get('Content-Type', '')}, {len(self.body)} bytes: {error}",
            ) from error


class Upload(NamedTuple):
    """A file in a multipart form."""

    name: str
    data: bytes
    media_type: str


class Http:
    """A channel's line to its outlet. Thread-safe; `close` it when the channel is done.

    `base` is put before addresses that begin with `/`. `secrets` are values that must never be seen in a
    message or a log; `hide` adds later ones (a fresh access token). Times in seconds: `connect` for one
    connection, `read` for each silence of the server, `total` for a whole call, to the last byte of the answer
    (a slow name server can still exceed it). `limit`: longest answer taken, in bytes after decompression.
    Keep the `total`s of one step under half of the engine's lease.
    """

    def __init__(
        self,
        base: str = "",
        *,
        secrets: Iterable[str] = (),
        connect: float = 3.05,
        read: float = 10.0,
        total: float = 20.0,
        limit: int = 8 * 1024 * 1024,
        threads: int = 16,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.base = base.rstrip("/")
        self.connect, self.read, self.total = connect, read, total
        self.limit = limit
        self._now = now
        self._masked: tuple[str, ...] = ()
        self._masking = threading.Lock()
        self.hide(*secrets)
        self._session = requests.Session()
        self._session.auth = _as_it_is
        # One jar for all threads: without a policy one call's cookies would go out with another's.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = _Adapter(pool_connections=threads, pool_maxsize=threads, max_retries=Retry(0, read=False))
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        _on_urllib3.watched.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()

    def hide(self, *secrets: str) -> None:
        """Mask these values from now on, also percent-encoded."""
        forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        with self._masking:
            # Longest first: a secret may be a part of another one.
            self._masked = tuple(sorted({*self._masked, *forms}, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text with every hidden value masked, and whatever stands where secrets usually stand."""
        for secret in self._masked:
            text = text.replace(secret, _MASK)
        return _HEADER.sub(rf"\1\2{_MASK}", _NAMED.sub(rf"\1\2{_MASK}", text))

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
        follow: bool = False,
    ) -> Answer:
        """Ask. `expected`: statuses besides 2xx that are an answer and no error, such as 404.

        `follow`: go where redirects lead, at most five; `headers` then go only to the first host.
        """
        call = _Call(self.read, self.total)
        url = self._address(url)
        origin = _origin(url)
        moved = {*range(300, 400), *expected}
        for _ in range(MOST_REDIRECTS if follow else 0):
            own = headers if _origin(url) == origin else None
            answer = self._once(call, "GET", url, safe=True, expected=moved, params=params, headers=own)
            target = answer.headers.get("Location", "")
            if answer.status not in (301, 302, 303, 307, 308) or not target:
                return self._judged(answer, expected)
            url, params = urljoin(url, target), None
        own = headers if _origin(url) == origin else None
        return self._once(call, "GET", url, safe=True, expected=expected, params=params, headers=own)

    def post(
        self,
        url: str,
        value: Any,
        *,
        method: str = "POST",
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """Send a value as JSON in UTF-8, Chinese unescaped: WeChat stores escapes as they come.

        `safe=True`: this POST is only a question.
        """
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        return self.call(method, url, body=body, params=params, headers=headers, safe=safe, expected=expected)

    def upload(
        self,
        url: str,
        files: Mapping[str, Upload],
        fields: Mapping[str, str] | None = None,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """Send files, by the name of their form field, as multipart/form-data, with other fields."""
        return self._once(
            _Call(self.read, self.total),
            "POST",
            self._address(url),
            safe=False,
            expected=expected,
            params=params,
            headers=headers,
            data=fields,
            files=[(name, tuple(file)) for name, file in files.items()],
        )

    def call(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        safe: bool | None = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """One request with any method and body; redirects are not followed."""
        return self._once(
            _Call(self.read, self.total),
            method,
            self._address(url),
            safe=method in SAFE if safe is None else safe,
            expected=expected,
            params=params,
            headers=headers,
            data=body,
        )

    def problems(self, url: str, *, headers: Mapping[str, str] | None = None) -> list[Problem]:
        """What keeps a question from being answered, for `Channel.check`; empty if nothing does."""
        try:
            self.get(url, headers=headers)
        except ChannelError as error:
            return [error.problem]
        return []

    def _address(self, url: str) -> str:
        return self.base + url if url.startswith("/") else url

    def _once(
        self, call: _Call, method: str, url: str, *, safe: bool, expected: Collection[int], **content: Any
    ) -> Answer:
        place = self._place(url)
        began = time.monotonic()
        trouble: ChannelError | None = None
        token = _current.set(call)
        try:
            with self._session.request(
                method, url, timeout=(self.connect, self.read), allow_redirects=False, stream=True, **content
            ) as response:
                answer = Answer(
                    status=response.status_code,
                    headers=response.headers,
                    body=self._body(response),
                    place=place,
                    effect=not safe,
                )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            trouble = self._trouble(error, place, effect=not safe, left=call.sent)
        finally:
            _current.reset(token)
        if trouble is not None:
            # Raised out here, so that no traceback can show the library's error with the whole address in it.
            log.info("%s %s failed after %.3f s: %s", method, place, time.monotonic() - began, trouble.detail)
            raise trouble
        log.debug("%s %s: %d after %.3f s", method, place, answer.status, time.monotonic() - began)
        return self._judged(answer, expected)

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > self.limit:
                raise _TooLong(f"the answer is longer than {self.limit} bytes")
        return bytes(body)

    def _place(self, url: str) -> str:
        """Host and path: what an address may show of itself."""
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return self.redact(_QUERY.sub("", url))
        return self.redact(f"{parts.hostname or ''}{port}{parts.path or '/'}")

    def _trouble(self, error: Exception, place: str, *, effect: bool, left: bool) -> ChannelError:
        """What a failed call means; `left`: at least a part of the request has left this machine."""
        host = place.partition("/")[0]
        detail = self.redact(_QUERY.sub("?…", repr(error)))
        causes = _causes(error)
        check = Text.of("check that the server is running, the address in the channel's configuration and the network")
        slow = Text.of("if it stays so, ask the operator of {host}", host=host)
        match error:
            case InvalidURL() | MissingSchema() | InvalidSchema() | InvalidHeader():
                return Refused(
                    Problem(
                        field="http",
                        message=Text.of("{place} is no address that can be called", place=place),
                        remedy=Text.of("correct the address in the channel's configuration; it begins with https://"),
                    ),
                    code="address",
                    detail=detail,
                )
            case _TooLong():
                message = Text.of("the answer of {place} is longer than {limit} bytes", place=place, limit=self.limit)
                remedy = slow
            case requests.exceptions.SSLError():
                message = Text.of("the secure connection to {place} failed", place=place)
                remedy = Text.of("check the certificate of {host} and this machine's clock", host=host)
            case requests.exceptions.ConnectTimeout():
                message = Text.of("{place}: no connection within {seconds} seconds", place=place, seconds=self.connect)
                remedy = check
            case _ if any(isinstance(cause, NameResolutionError) for cause in causes):
                message = Text.of("{place}: the name {host} is unknown", place=place, host=host)
                remedy = Text.of("check the address in the channel's configuration and this machine's name server")
            case _ if any(isinstance(cause, TimeoutError | requests.exceptions.Timeout) for cause in causes):
                message = Text.of("{place} did not answer in time", place=place)
                remedy = slow
            case _ if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
                message = Text.of("{place}: the connection was refused", place=place)
                remedy = check
            case _ if not left:
                message = Text.of("{place} cannot be reached", place=place)
                remedy = check
            case requests.exceptions.ConnectionError() | requests.exceptions.ChunkedEncodingError():
                message = Text.of("the connection to {place} broke off", place=place)
                remedy = slow
            case _:
                message = Text.of("the call of {place} failed", place=place)
                remedy = check
        return Unavailable(Problem(field="http", message=message, remedy=remedy), sent=effect and left, detail=detail)

    def _judged(self, answer: Answer, expected: Collection[int]) -> Answer:
        """The answer, if its status is one; else the error it means."""
        status, place = answer.status, answer.place
        if 200 <= status < 300 or status in expected:
            return answer
        detail = self.redact(f"{status} from {place}: {answer.text[:EXCERPT]}")
        retry_after = self._retry_after(answer.headers)
        if status in NOT_NOW or (status == 503 and retry_after is not None):
            raise Unavailable(
                Problem(
                    field="http",
                    message=Text.of("{place} is busy (status {status})", place=place, status=status),
                    remedy=Text.of("the channel itself says when it may be tried again"),
                ),
                retry_after=retry_after,
                detail=detail,
            )
        if status >= 500:
            raise Unavailable(
                Problem(
                    field="http",
                    message=Text.of("{place} failed with status {status}", place=place, status=status),
                    remedy=Text.of("if it stays so, ask the channel's operator"),
                ),
                retry_after=retry_after,
                sent=answer.effect,
                detail=detail,
            )
        if status in (401, 403):
            problem = Problem(
                field="credentials",
                message=Text.of("{place} refused the credentials (status {status})", place=place, status=status),
                remedy=Text.of("check the channel's secret in the environment, its rights and its end date"),
            )
        elif status < 400:
            target = self._place(answer.headers.get("Location", ""))
            problem = Problem(
                field="http",
                message=Text.of(
                    "{place} has moved to {target} (status {status})", place=place, target=target, status=status
                ),
                remedy=Text.of("put the new address into the channel's configuration"),
            )
        else:
            problem = Problem(
                field="http",
                message=Text.of("{place} refused the request with status {status}", place=place, status=status),
                remedy=Text.of("the log shows the channel's answer; check the channel's configuration and address"),
            )
        raise Refused(problem, code=str(status), detail=detail)

    def _retry_after(self, headers: Mapping[str, str]) -> timedelta | None:
        """Retry-After in seconds or as a date, which counts by the server's own clock; None if absent or senseless."""
        value = headers.get("Retry-After", "").strip()
        if value.isascii() and value.isdigit():
            return timedelta(seconds=min(int(value[:9]), LONGEST_WAIT.total_seconds()))
        moment = _date(value)
        if moment is None:
            return None
        wait = moment - (_date(headers.get("Date", "")) or self._now())
        return min(max(wait, timedelta(0)), LONGEST_WAIT)


class _TooLong(ValueError):
    """An answer over the limit."""


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keeps requests from putting a password of ~/.netrc in the place of the channel's own."""
    return request


def _origin(url: str) -> str:
    """Scheme, host and port, also of an address that is none."""
    return "/".join(re.split(r"[/?#]", url, maxsplit=3)[:3])


def _date(value: str) -> datetime | None:
    """An HTTP date, aware; None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _causes(error: BaseException) -> list[BaseException]:
    """The error with everything wrapped in it: requests and urllib3 nest theirs in arguments and `reason`."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and one not in found:
            found.append(one)
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return found


# A whole call has to stay within `total`, although the socket's own time-out starts anew with every byte: a server
# that drips its headers could hold a worker for hours. And whether anything was sent is known best where it is sent.


class _Call:
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


_current: ContextVar[_Call] = ContextVar("call")


class _Incoming(io.RawIOBase):
    """A socket's stream that never waits beyond the call's end."""

    def __init__(self, sock: socket.socket, stream: io.RawIOBase, call: _Call) -> None:
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
        self._incoming = _Incoming(sock, self.fp.detach(), _current.get())
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
        call = _current.get()
        self.sock.settimeout(call.left())
        call.sent = True
        super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager


class _Redaction(logging.Filter):
    """urllib3 logs whole addresses: this takes away their query and whatever any `Http` hides."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: weakref.WeakSet[Http] = weakref.WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        text = _QUERY.sub("?…", record.getMessage())
        for one in tuple(self.watched):
            text = one.redact(text)
        record.msg, record.args = text, None
        return True


_on_urllib3 = _Redaction()
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_on_urllib3)
