"""The public site's server: the website, its feeds and the app's files, from one folder.

`site` is the application; `serve` runs it in the foreground, with connections as `connection` has them. It stands
alone in a small newsroom and behind nginx or a CDN in a large one, so it says everything that a cache has to know.

Starlette's `StaticFiles` finds the files (no way out of the folder, also not through links) and judges conditional
requests, its `FileResponse` sends byte ranges. Added here: types, content codings, what may be cached how long (all
three in `representation`), 410 for withdrawn pages, 301 for what has another address (both as
`pipeline.article.addresses` says), and the security headers.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.article import addresses
from pipeline.channel import Heard, Refused
from pipeline.web import answers, first_edition
from pipeline.web.accesslog import AccessLog, Logging
from pipeline.web.answers import Answers, Keeping, shows
from pipeline.web.connection import IDLE, MOST_CONNECTIONS, Connection, ConnectionServer, room_for_connections
from pipeline.web.inside import Inside, Papers
from pipeline.web.representation import File, in_full, led, streamed

Hear = Callable[[str, str, Mapping[str, str], bytes], Heard]
"""(channel, method, query, body) → what the channel made of it; see `pipeline.engine.Engine.hear`."""

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SECURE = ("Strict-Transport-Security", "max-age=31536000")
"""Of a site whose address is https, whoever in front of this server has the certificate."""
SHARED = "/app/api/"
"""What any site and any app's web view may read."""

WHAT: tuple[Literal["gone"], Literal["moved"]] = ("gone", "moved")
"""What may stand beside a file's name, see `addresses.beside`."""

LONGEST_CALL = 64 * 1024
"""Bytes of a platform's call that are read."""
IN_MEMORY = 2 * 2**20
"""Bytes up to which a file is read in one go: whoever replaces it meanwhile cannot mix two versions in an answer."""
OVERLOADED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE}
"""Errors that say nothing of whether there is such a file."""
ONE_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-\d+)", re.IGNORECASE)


def site(
    root: Path,
    hear: Hear | None = None,
    inside: Inside | None = None,
    routes: Sequence[BaseRoute] = (),
    *,
    secure: bool = False,
) -> Starlette:
    """The application that serves the files under `root`, which need not exist yet.

    `hear` takes what platforms call at `/hooks/{channel}`; without it nothing is heard. `inside` gives what only the
    newsroom may read at `/inside/{channel}/…`; without it there is nothing. `routes`: what else is answered by a
    program, before the files are looked at; these answers get the security headers too, and say themselves how long
    caches may keep them. `secure`: readers come by https, and browsers are told to come by nothing else.
    """
    app = Starlette(
        routes=[
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/hooks/{channel}", _Hooks(hear), methods=["GET", "POST"]),
            Route("/inside/{channel}/{path:path}", Papers(inside), methods=["GET", "HEAD"]),
            *routes,
            Mount("/", _Site(root)),
        ],
        middleware=[Middleware(_Hardened, secure=secure)],
        exception_handlers={HTTPException: _plainly},
    )
    app.router.redirect_slashes = False  # a path that no route takes, such as one with a line end, is just not there
    return app


class Turning:
    """An application whose place another takes while it is served. What is under way is answered by the former one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.answers: Answers | None = None

    def turn(self, app: ASGIApp) -> None:
        """From now on answer by this one. For any thread."""
        self._app = app
        if self.answers is not None:
            self.answers.forget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def server(app: ASGIApp, log: AccessLog | None = None, connections: int = MOST_CONNECTIONS) -> ConnectionServer:
    """A server of the application, as `serve` runs it: give its `run` the sockets to listen on.

    `log`: what gets a line for each answer. `connections`: at most so many.

    uvicorn rather than granian: it runs in this one process. granian's workers are children of its main process; when
    that is killed they live on and keep the port, so that the next start fails.
    """
    kept = Answers(answers.ROOM)
    if isinstance(app, Turning):
        app.answers = kept
    app = Keeping(app, kept)
    return ConnectionServer(
        uvicorn.Config(
            Logging(app, log) if log else app,
            http=type("Connection", (Connection,), {"answers": kept, "access": log, "most": connections}),
            access_log=False,
            log_config=None,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=int(IDLE),
            timeout_graceful_shutdown=5,
        )
    )


def serve(app: ASGIApp, host: str, port: int, log: AccessLog | None = None) -> None:
    """Serve a `site` until SIGINT or SIGTERM; requests under way get five seconds to end. For `log` see `server`.

    OSError if the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    # asyncio sets this only on sockets made for TCP by number; without it every answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    running = server(app, log, room_for_connections())
    stops = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    # uvicorn raises the signal again once it has stopped; by then it has been obeyed.
    before = {stop: signal.signal(stop, lambda *_: None) for stop in stops}
    try:
        running.run(sockets=[listener])
    finally:
        listener.close()
        for stop, handler in before.items():
            signal.signal(stop, handler)


class _Hooks:
    """Calls from platforms: what they say is only a hint, so a call that fails costs nothing but time."""

    def __init__(self, hear: Hear | None) -> None:
        self._hear = hear

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        response.headers["Cache-Control"] = "no-store"
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if self._hear is None:
            return PlainTextResponse("404 Not Found\n", 404)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LONGEST_CALL:
                return PlainTextResponse("413 Content Too Large\n", 413)
        channel, query = request.path_params["channel"], dict(request.query_params)
        try:
            heard = await anyio.to_thread.run_sync(self._hear, channel, request.method, query, body)
        except KeyError:
            return PlainTextResponse("404 Not Found\n", 404)
        except Refused:
            return PlainTextResponse("403 Forbidden\n", 403)
        return Response(heard.reply, media_type=heard.media_type)


async def _healthz(_request: Request) -> Response:
    """200 as long as this process serves, whatever stands on the site."""
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})


async def _plainly(_request: Request, error: Exception) -> Response:
    """The answer where no page of the site's own is at hand."""
    if not isinstance(error, HTTPException):
        raise error
    headers = {**(error.headers or {}), "Cache-Control": "no-cache"}
    if error.status_code == 405:
        headers["Allow"] = "GET, HEAD"
    return PlainTextResponse(f"{error.status_code} {error.detail}\n", error.status_code, headers)


class _Hardened:
    """Sets the security headers on every answer, and lets other origins read what is shared."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = {**SECURITY, **dict([SECURE] if secure else [])}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if str(scope["path"]).startswith(SHARED):
                    headers["Access-Control-Allow-Origin"] = "*"
                    headers["Access-Control-Expose-Headers"] = "ETag"
            await send(message)

        await self._app(scope, receive, hardened)


class _Site(StaticFiles):
    """Answers GET and HEAD with the files under a folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(directory=root, html=True, check_dir=False)
        self.config_checked = True  # a folder that is not there yet is an empty site, not an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "range" in Headers(scope=scope) and not _one_range(scope):
            # RFC 9110, 14.2: a range that is not understood, or not of a GET, is ignored; `FileResponse` refuses it.
            headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
            scope = {**scope, "headers": headers}
        await super().__call__(scope, receive, send)

    def get_path(self, scope: Scope) -> str:
        """The path below the folder; "" where no file can be meant: nothing hidden, nothing above, nothing odd."""
        path = str(scope["path"]).removeprefix("/")
        parts = path.removesuffix("/").split("/") if path else []
        if addresses.is_beside(path):
            return ""
        if any(not part or part.startswith(".") or "\\" in part or not part.isprintable() for part in parts):
            return ""
        return path or "./"

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        return await anyio.to_thread.run_sync(self._answer, path, scope)

    def _answer(self, path: str, scope: Scope) -> Response:
        place = f"{path}index.html" if path.endswith("/") else path
        file = self._open(place) if path else None
        if file is not None and path != "404.html":
            return self._found(file, scope)
        if (instead := self._instead(path, place, scope)) is not None:
            return instead
        missing = self._open("404.html")
        if missing is None:
            raise HTTPException(404)
        return in_full(missing, scope, 404)

    def _instead(self, path: str, place: str, scope: Scope) -> Response | None:
        """What is answered where no file is: the folder of that name, or what has become of the file. None: nothing."""
        if not path or path == "404.html":
            return None
        index = f"{path}/index.html"
        if not path.endswith("/") and any(map(self._open, (index, *(addresses.beside(index, what) for what in WHAT)))):
            return led(None, quote(f"/{path}/"), scope)
        gone, moved = (self._open(addresses.beside(place, what)) for what in WHAT)
        if gone is not None:
            return in_full(gone, scope, 410)
        if target := self._moved_to(path):
            return led(moved, target, scope)
        return self._found(moved, scope) if moved is not None else None

    def _moved_to(self, path: str) -> str:
        """Where the path has moved, as the listing of the tree that it belongs to has it; "" if it has not."""
        folder, below = "", path.removeprefix("./")
        while below:
            listing = self._open(f"{folder}{addresses.LISTING}")
            if listing is not None and (target := addresses.leads(addresses.read(listing.data), below)):
                return target
            name, _, below = below.partition("/")
            folder = f"{folder}{name}/"
            if not self._is_folder(folder):
                return ""
        return ""

    def _is_folder(self, path: str) -> bool:
        try:
            _, found = self.lookup_path(path)
        except (OSError, ValueError):  # name too long, no such name
            return False
        return found is not None and stat.S_ISDIR(found.st_mode)

    def _found(self, file: File, scope: Scope) -> Response:
        """The file, what is asked for of it, or the word that it has not changed."""
        status, target = file.became
        if status != 200:
            return led(file, target, scope) if target else in_full(file, scope, status)
        request = Headers(scope=scope)
        shows(scope, file)
        response = streamed(file, 200) if "range" in request else in_full(file, scope, 200)
        if self.is_not_modified(response.headers, request):
            return NotModifiedResponse(response.headers)
        return response

    def _open(self, path: str) -> File | None:
        """The file of this path, read if it is short; None if there is none that may be shown."""
        try:
            full, found = self.lookup_path(path)
            if found is None or not stat.S_ISREG(found.st_mode):
                return None
            with open(full, "rb") as opened:
                now = os.fstat(opened.fileno())
                data = opened.read(IN_MEMORY if now.st_size <= IN_MEMORY else first_edition.HEAD)
        except (OSError, ValueError) as error:  # unreadable, name too long, no such name
            if getattr(error, "errno", None) in OVERLOADED:
                raise HTTPException(503, headers={"Retry-After": "5"}) from error
            return None
        became = first_edition.became(full, data[: first_edition.HEAD])
        whole = data if len(data) == now.st_size else None
        return File(full, now.st_ino, now.st_mtime_ns, now.st_size, now, whole, became)


def _one_range(scope: Scope) -> bool:
    """Whether one well-formed byte range of a GET is asked for. Several at once nobody needs of us."""
    asked = ONE_RANGE.fullmatch(Headers(scope=scope).get("range", "").replace(" ", ""))
    if scope["method"] != "GET" or asked is None:
        return False
    first, last = asked.groups()
    return not (first and last) or int(first) <= int(last)
