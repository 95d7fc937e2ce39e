"""A channel's line to its outlet."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from channels.http.answer import Answer, Upload
from channels.http.call import Call, current
from channels.http.masking import QUERY, Secrets
from channels.http.trouble import TooLong, failed, refused
from pipeline import lease
from pipeline.channel import ChannelError, Problem, utc_now

if TYPE_CHECKING:
    import requests  # with urllib3 among the longest imports of all: loaded by the first call, or by `warm`

log = logging.getLogger("tongfa.http")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that ask and change nothing (RFC 9110, 9.2.1)."""

MOST_REDIRECTS = 5
EXCERPT = 300
"""Characters of an error's body that go into the log."""


class Http:
    """A channel's line to its outlet. Thread-safe; `close` it when the channel is done.

    `base` is put before addresses that begin with `/`. `secrets` are values that must never be seen in a
    message or a log; `hide` adds later ones (a fresh access token). Times in seconds: `connect` for one
    connection, `read` for each silence of the server, `total` for a whole call, to the last byte of the answer
    (a slow name server can still exceed it). `limit`: longest answer taken, in bytes after decompression.
    Keep the `total`s of one step under half of the engine's lease; with it ends every call that changes something.
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
        self._secrets = Secrets(secrets)
        self._threads = threads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def _session(self) -> requests.Session:
        from channels.http.sockets import session  # noqa: PLC0415 - see above

        return session(self._threads)

    def warm(self) -> None:
        """Load what calls need, which takes long: for `Channel.warm`, so that no release waits for it."""
        _ = self._session

    def close(self) -> None:
        """Close the idle connections."""
        if "_session" in self.__dict__:
            self._session.close()

    def hide(self, *secrets: str) -> None:
        """Mask these values from now on, also percent-encoded."""
        self._secrets.hide(*secrets)

    def redact(self, text: str) -> str:
        """The text with every hidden value masked, and whatever stands where secrets usually stand."""
        return self._secrets.redact(text)

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
        call = Call(self.read, self.total)
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
            Call(self.read, self.total),
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
            Call(self.read, self.total),
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
        self, call: Call, method: str, url: str, *, safe: bool, expected: Collection[int], **content: Any
    ) -> Answer:
        from channels.http.sockets import FAILURES  # noqa: PLC0415 - see above

        place = self._place(url)
        began = time.monotonic()
        if not safe:
            lease.require()
            call.deadline = min(call.deadline, began + lease.left())
        trouble: ChannelError | None = None
        token = current.set(call)
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
        except FAILURES as error:
            trouble = failed(
                error,
                place,
                detail=self.redact(QUERY.sub("?…", repr(error))),
                connect=self.connect,
                limit=self.limit,
                effect=not safe,
                left=call.sent,
            )
        finally:
            current.reset(token)
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
                raise TooLong(f"the answer is longer than {self.limit} bytes")
        return bytes(body)

    def _place(self, url: str) -> str:
        """Host and path: what an address may show of itself."""
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return self.redact(QUERY.sub("", url))
        return self.redact(f"{parts.hostname or ''}{port}{parts.path or '/'}")

    def _judged(self, answer: Answer, expected: Collection[int]) -> Answer:
        """The answer, if its status is one; else the error it means."""
        if 200 <= answer.status < 300 or answer.status in expected:
            return answer
        target = self._place(answer.headers.get("Location", ""))
        detail = self.redact(f"{answer.status} from {answer.place}: {answer.text[:EXCERPT]}")
        raise refused(answer, target=target, detail=detail, now=self._now)


def _origin(url: str) -> str:
    """Scheme, host and port, also of an address that is none."""
    return "/".join(re.split(r"[/?#]", url, maxsplit=3)[:3])
