"""The public site's server: the website, its feeds and the app's files, from one folder.

`site` is the application; `serve` runs it in the foreground. It stands alone in a small newsroom and behind nginx or a
CDN in a large one, so it says everything that a cache has to know.

Starlette's `StaticFiles` finds the files (no way out of the folder, also not through links) and judges conditional
requests, its `FileResponse` sends byte ranges. Added here: types, content codings, what may be cached how long, 410 for
withdrawn pages, 301 for what has another address (both as `pipeline.article.addresses` says), and the security headers.
"""

from __future__ import annotations

import gzip
import mimetypes
import os
import re
import signal
import socket
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import anyio.to_thread
import brotli  # type: ignore[import-untyped]
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.article import addresses
from pipeline.channel import Heard, Refused
from pipeline.web import first_edition

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

TYPES = {
    ".css": "text/css",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".opml": "text/x-opml",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
}
NAMED = [
    (re.compile(r"rss(-\d+)?\.xml"), "application/rss+xml"),
    (re.compile(r"atom(-\d+)?\.xml"), "application/atom+xml"),
    (re.compile(r"feed(-\d+)?\.json"), "application/feed+json"),
    (re.compile(r"opml\.xml"), "text/x-opml"),
]
"""Files whose name says more than its ending."""

HASHED = re.compile(r"(?:^|[._-])((?=(?:[0-9]*[a-f]){2})[0-9a-f]{8,}|[0-9a-f]{16,})[._-]")
"""A digest in a file's name: 8 hexadecimal digits with two letters among them, which no date and no id has, or 16."""
SHARED = "/app/api/"
"""What any site and any app's web view may read."""
CONTENT = "public, max-age=60, must-revalidate"
"""What may hold an article, its picture or its place in a list: so long a withdrawn one may still be shown by caches,
and not even then beyond where they cannot ask. Asking costs a 304."""
OWN = {"text/css", "text/javascript", "font/woff2"}
"""What no article is ever made of: the project's own files, which nobody withdraws."""
ASSET, LASTING = "public, max-age=3600", "public, max-age=31536000, immutable"
"""Those of them, and those whose names hold a digest."""

WHAT: tuple[Literal["gone"], Literal["moved"]] = ("gone", "moved")
"""What may stand beside a file's name, see `addresses.beside`."""

LONGEST_CALL = 64 * 1024
"""Bytes of a platform's call that are read."""

CODINGS = ("br", "gzip")
"""The content codings, the best first."""
WORTH_CODING = 256
"""Bytes from which coding saves more than its headers cost."""
IN_MEMORY = 2 * 2**20
"""Bytes up to which a file is read in one go: whoever replaces it meanwhile cannot mix two versions in an answer."""
ONE_RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-\d+)", re.IGNORECASE)


def site(root: Path, hear: Hear | None = None) -> Starlette:
    """The application that serves the files under `root`, which need not exist yet.

    `hear` takes what platforms call at `/hooks/{channel}`; without it nothing is heard.
    """
    app = Starlette(
        routes=[
            Route("/healthz", _healthz, methods=["GET"]),
            Route("/hooks/{channel}", _Hooks(hear), methods=["GET", "POST"]),
            Mount("/", _Site(root)),
        ],
        middleware=[Middleware(_Hardened)],
        exception_handlers={HTTPException: _plainly},
    )
    app.router.redirect_slashes = False  # a path that no route takes, such as one with a line end, is just not there
    return app


def serve(root: Path, host: str, port: int, hear: Hear | None = None) -> None:
    """Serve `root` until SIGINT or SIGTERM; requests under way get five seconds to end. `hear`: see `site`.

    OSError if the port is taken.

    uvicorn rather than granian: it runs in this one process. granian's workers are children of its main process; when
    that is killed they live on and keep the port, so that the next start fails.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=1024)
    # asyncio sets this only on sockets made for TCP by number; without it every answer waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = uvicorn.Server(
        uvicorn.Config(
            site(root, hear),
            access_log=False,
            log_config=None,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    stops = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    # uvicorn raises the signal again once it has stopped; by then it has been obeyed.
    before = {stop: signal.signal(stop, lambda *_: None) for stop in stops}
    try:
        server.run(sockets=[listener])
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

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                if str(scope["path"]).startswith(SHARED):
                    headers["Access-Control-Allow-Origin"] = "*"
                    headers["Access-Control-Expose-Headers"] = "ETag"
            await send(message)

        await self._app(scope, receive, hardened)


@dataclass(frozen=True)
class _File:
    """A file as it was at one moment."""

    path: str
    inode: int
    modified: int
    """Nanoseconds."""
    size: int
    stat: os.stat_result = field(compare=False, repr=False)
    data: bytes | None = field(compare=False, repr=False)
    """All of it; None if it is long."""
    became: tuple[int, str] = field(compare=False)
    """See `first_edition.became`."""

    @property
    def etag(self) -> str:
        """What changes whenever the file is replaced or written, without the quotes."""
        return f"{self.modified:x}-{self.size:x}-{self.inode:x}"

    @property
    def media_type(self) -> str:
        name = os.path.basename(self.path)
        for pattern, media_type in NAMED:
            if pattern.fullmatch(name):
                return media_type
        ending = os.path.splitext(name)[1].lower()
        kind, packed = mimetypes.guess_type(name)
        return TYPES.get(ending) or (not packed and kind) or "application/octet-stream"

    @property
    def textual(self) -> bool:
        kind = self.media_type
        return kind.startswith("text/") or kind.endswith(("+xml", "+json", "/xml", "/json"))

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8" if self.textual else self.media_type

    @property
    def cache_control(self) -> str:
        if self.media_type not in OWN:
            return CONTENT
        return LASTING if HASHED.search(os.path.basename(self.path)) else ASSET


class _Site(StaticFiles):
    """Answers GET and HEAD with the files under a folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(directory=root, html=True, check_dir=False)
        self.config_checked = True  # a folder that is not there yet is an empty site, not an error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _one_range(scope):
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
        return _whole(missing, scope, 404)

    def _instead(self, path: str, place: str, scope: Scope) -> Response | None:
        """What is answered where no file is: the folder of that name, or what has become of the file. None: nothing."""
        if not path or path == "404.html":
            return None
        index = f"{path}/index.html"
        if not path.endswith("/") and any(map(self._open, (index, *(addresses.beside(index, what) for what in WHAT)))):
            return _led(None, quote(f"/{path}/"), scope)
        gone, moved = (self._open(addresses.beside(place, what)) for what in WHAT)
        if gone is not None:
            return _whole(gone, scope, 410)
        if target := self._moved_to(path):
            return _led(moved, target, scope)
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

    def _found(self, file: _File, scope: Scope) -> Response:
        """The file, what is asked for of it, or the word that it has not changed."""
        status, target = file.became
        if status != 200:
            return _led(file, target, scope) if target else _whole(file, scope, status)
        request = Headers(scope=scope)
        response = _stream(file, 200) if "range" in request else _whole(file, scope, 200)
        if self.is_not_modified(response.headers, request):
            return NotModifiedResponse(response.headers)
        return response

    def _open(self, path: str) -> _File | None:
        """The file of this path, read if it is short; None if there is none that may be shown."""
        try:
            full, found = self.lookup_path(path)
            if found is None or not stat.S_ISREG(found.st_mode):
                return None
            with open(full, "rb") as opened:
                now = os.fstat(opened.fileno())
                data = opened.read(IN_MEMORY if now.st_size <= IN_MEMORY else first_edition.HEAD)
        except (OSError, ValueError):  # unreadable, name too long, no such name
            return None
        became = first_edition.became(full, data[: first_edition.HEAD])
        whole = data if len(data) == now.st_size else None
        return _File(full, now.st_ino, now.st_mtime_ns, now.st_size, now, whole, became)


def _led(page: _File | None, target: str, scope: Scope) -> Response:
    """The word that something has another address; `page`: what says so to people."""
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    response = _whole(page, scope, 301) if page is not None else Response(status_code=301)
    response.headers["Location"] = target + query
    response.headers["Cache-Control"] = CONTENT  # it may be called so again
    return response


def _whole(file: _File, scope: Scope, status: int) -> Response:
    """All of the file, in the best content coding the client takes."""
    if file.data is None:
        return _stream(file, status)
    headers = _headers(file, status)
    data = file.data
    if file.textual and file.size >= WORTH_CODING:
        headers["Vary"] = "Accept-Encoding"
        coding = _coding(Headers(scope=scope).get("accept-encoding", ""))
        if coding:
            data = _coded(file, coding)
            headers["Content-Encoding"] = coding
            del headers["Accept-Ranges"]
            if "ETag" in headers:  # another coding is another representation: it has a tag of its own
                headers["ETag"] = f'"{file.etag}-{coding}"'
    headers["Content-Length"] = str(len(data))
    return Response(b"" if scope["method"] == "HEAD" else data, status, headers)


def _stream(file: _File, status: int) -> Response:
    """The file uncoded, or a range of it."""
    return FileResponse(file.path, status, _headers(file, status), file.content_type, stat_result=file.stat)


def _headers(file: _File, status: int) -> dict[str, str]:
    headers = {"Content-Type": file.content_type}
    if status != 200:  # neither is to be kept: the page may come, the notice may change
        return {**headers, "Accept-Ranges": "none", "Cache-Control": "no-cache"}
    return {
        **headers,
        "Accept-Ranges": "bytes",
        "Cache-Control": file.cache_control,
        "ETag": f'"{file.etag}"',
        "Last-Modified": formatdate(file.modified / 10**9, usegmt=True),
    }


@lru_cache(maxsize=256)
def _coded(file: _File, coding: str) -> bytes:
    """The file's content coded: once for every version of a file."""
    data = file.data or b""
    return brotli.compress(data, quality=6) if coding == "br" else gzip.compress(data, 6, mtime=0)


def _coding(accepted: str) -> str:
    """The content coding a client likes best (RFC 9110, 12.5.3); "" for none."""
    weights = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.partition(";")
        weight = parameter.strip().removeprefix("q=") if parameter else "1"
        weights[name.strip()] = float(weight) if re.fullmatch(r"[01](\.\d{0,3})?", weight) else 0.0
    best = max(CODINGS, key=lambda coding: weights.get(coding, weights.get("*", 0.0)))
    likes = weights.get(best, weights.get("*", 0.0))
    return best if likes > 0 and likes >= weights.get("identity", 0.0) else ""


def _one_range(scope: Scope) -> bool:
    """Whether one well-formed byte range of a GET is asked for. Several at once nobody needs of us."""
    asked = ONE_RANGE.fullmatch(Headers(scope=scope).get("range", "").replace(" ", ""))
    if scope["method"] != "GET" or asked is None:
        return False
    first, last = asked.groups()
    return not (first and last) or int(first) <= int(last)
