"""What readers ask the site for and tell it: `/search` and `/feedback`, pages made by a program.

They work without scripts and cookies. Nothing that is sent gets into a header or a path; the pages are templates that
escape whatever they show. Nobody keeps an answer. Few are made at a time: who comes then is told to come again, and
files are served meanwhile.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from pipeline.article.feedback import REFERENCE, Form, Trouble
from pipeline.engine.readers import Away, Readers, TooMany

log = structlog.get_logger("tongfa")

LONGEST_FORM = 32 * 1024
"""Bytes of a form that are read: its text in the longest coding, and the rest."""
PATIENCE = 10.0
"""Seconds for the whole of it to come."""
AT_ONCE, WAITING = 2, 16
"""Pages that are made at a time, and requests that wait for it."""
MOST, WITHIN = 5, 600.0
"""Messages of one address, and seconds: somebody who finds six faults at once can wait for the sixth."""
REMEMBERED = 10_000
"""Addresses whose messages are counted."""
HEADERS = {"Cache-Control": "no-store"}
STATUS: dict[Trouble, int] = {"often": 429, "away": 503}
"""Of what is wrong with a message; 422 of whatever its sender can mend."""


class Counter:
    """How often each address came lately; of more than `REMEMBERED` those that were longest silent are forgotten."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._came: OrderedDict[str, deque[float]] = OrderedDict()

    def may(self, address: str) -> bool:
        """Whether the address may come once more; if so, it has."""
        now = self._now()
        came = self._came.setdefault(address, deque())
        self._came.move_to_end(address)
        while came and came[0] <= now - WITHIN:
            came.popleft()
        if len(self._came) > REMEMBERED:
            self._came.popitem(last=False)
        if len(came) >= MOST:
            return False
        came.append(now)
        return True


class Asked:
    """Answers the two addresses; `readers` is opened when somebody first asks."""

    def __init__(self, readers: Callable[[], Readers], counter: Counter | None = None) -> None:
        self._readers = readers
        self._counter = counter or Counter()
        self._threads: anyio.CapacityLimiter | None = None
        self.waiting = 0
        """Requests that are answered now, or wait for it."""

    async def search(self, request: Request) -> Response:
        """`?q=…&page=…`: whatever they say, there is an answer."""
        question, page = request.query_params.get("q", ""), _number(request.query_params.get("page", ""))
        return await self._worked(lambda: _html(self._readers().search(question, page)))

    async def feedback(self, request: Request) -> Response:
        """GET shows the form, or what has been taken; POST takes it."""
        if request.method == "POST":
            fields = await _fields(request)
            if isinstance(fields, int):
                return _plain(fields)
            return await self._worked(lambda: self._taken(fields, sender_of(request.scope), request.url.path))
        received, page = request.query_params.get("received", ""), request.query_params.get("page", "")
        reference = received if REFERENCE.fullmatch(received) else ""

        def shown() -> Response:
            readers = self._readers()
            return _html(readers.form(Form(told=readers.about(page), reference=reference)))

        return await self._worked(shown)

    def _taken(self, fields: dict[str, str], sender: str, path: str) -> Response:
        readers = self._readers()
        told = readers.read(fields)
        trouble: Trouble = "robot" if fields.get("website", "").strip() else told.trouble
        if not trouble and not self._counter.may(sender):
            trouble = "often"
        if not trouble:
            try:
                return RedirectResponse(f"{path}?received={readers.tell(told)}", 303, HEADERS)
            except TooMany:
                trouble = "often"
            except Away:
                trouble = "away"
        return _html(readers.form(Form(told=told, trouble=trouble)), STATUS.get(trouble, 422))

    async def _worked(self, made: Callable[[], Response]) -> Response:
        """What is made in one of the few threads for it; 503 where too many wait, or the record is away."""
        if self.waiting >= WAITING:
            return _plain(503)
        if self._threads is None:
            self._threads = anyio.CapacityLimiter(AT_ONCE)
        self.waiting += 1
        try:
            return await anyio.to_thread.run_sync(made, limiter=self._threads)
        except Away as error:
            log.warning("a page could not be made", error=str(error))
            return _plain(503)
        finally:
            self.waiting -= 1


def routes(readers: Callable[[], Readers], search: str, feedback: str) -> list[Route]:
    """The routes of the addresses that are configured; "" for none."""
    asked = Asked(readers)
    made = []
    if search:
        made.append(Route(search, asked.search, methods=["GET"]))
    if feedback:
        made.append(Route(feedback, asked.feedback, methods=["GET", "POST"]))
    return made


def sender_of(scope: Scope) -> str:
    """Whose message it is, to count them: the other end of the line, or whom the newsroom's own proxy names as its own;
    of IPv6 the network, because a household has as many addresses as it likes."""
    client = str(scope["client"][0]) if scope["client"] else ""
    try:
        address = ip_address(client)
        if not address.is_global:
            named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
            address = ip_address(",".join(named).rpartition(",")[2].strip()) if named else address
    except ValueError:
        return client
    return str(int(address) >> 64) if isinstance(address, IPv6Address) and not address.ipv4_mapped else str(address)


async def _fields(request: Request) -> dict[str, str] | int:
    """The fields of a form, or the status that says why there are none."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return 415
    body = b""
    try:
        with anyio.fail_after(PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > LONGEST_FORM:
                    return 413
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="replace"))
    except TimeoutError:
        return 408
    except (ValueError, ClientDisconnect):
        return 400


def _number(text: str) -> int:
    """A page's number; 1 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 1


def _html(page: bytes | None, status: int = 200) -> Response:
    if page is None:
        return _plain(404)
    again = {"Retry-After": str(int(WITHIN))} if status in STATUS.values() else {}
    return HTMLResponse(page, status, {**HEADERS, **again})


def _plain(status: int) -> Response:
    again = {"Retry-After": "5"} if status == 503 else {}
    return PlainTextResponse(f"{status} {HTTPStatus(status).phrase}\n", status, {**HEADERS, **again})
