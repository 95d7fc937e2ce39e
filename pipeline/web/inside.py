"""What the newsroom alone may read over the web, `/inside/{channel}/…`: a television programme before it is aired.

Nothing of it lies in the public folder. Who asks is told to the channel, and the channel decides (`Channel.inside`);
what it does not give is not there. Nobody keeps an answer, and no search engine is welcome.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from ipaddress import ip_address

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from pipeline.channel import ChannelError

Inside = Callable[[str, str, str], tuple[int, bytes] | None]
"""(channel, path, client) → status and content; see `pipeline.engine.Engine.inside`."""

HEADERS = {
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Referrer-Policy": "no-referrer",
}
"""A signed link must not be told to other sites: it stands in the address."""
PROXIES = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""Headers by which a proxy says that it asks for somebody else."""
TYPES = {
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".js": "text/javascript; charset=utf-8",
    ".rtf": "application/rtf",
}


class Papers:
    """Answers GET and HEAD below `/inside/{channel}/`; without `inside` there is nothing."""

    def __init__(self, inside: Inside | None) -> None:
        self._inside = inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope))
        for name, value in HEADERS.items():
            response.headers[name] = value
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        channel, path = request.path_params["channel"], request.path_params["path"]
        if not path or path.endswith("/"):
            path += "index.html"
        if self._inside is None:
            return _absent()
        try:
            found = await anyio.to_thread.run_sync(self._inside, channel, path, client_of(request.scope))
        except ChannelError:
            return PlainTextResponse("503 Service Unavailable\n", 503, headers={"Retry-After": "10"})
        if found is None:
            return _absent()
        status, content = found
        return Response(b"" if request.method == "HEAD" else content, status, media_type=_type(path))


def client_of(scope: Scope) -> str:
    """The address of who asks; "" where somebody else may be asking through a proxy, or through a page that a browser
    has been led to believe to be of this server (DNS rebinding): then only a signed link opens anything.

    A proxy says for whom it asks, speaks HTTP/1.0, or uses the site's name; whoever is in the newsroom asks for an
    address, or for localhost.
    """
    headers = Headers(scope=scope)
    if scope["http_version"] == "1.0" or any(name in headers for name in PROXIES) or not scope["client"]:
        return ""
    host = headers.get("host", "")
    name = host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    try:
        ip_address(name)
    except ValueError:
        return str(scope["client"][0]) if name == "localhost" else ""
    return str(scope["client"][0])


def _type(path: str) -> str:
    ending = path[path.rfind(".") :]
    kind = TYPES.get(ending) or mimetypes.types_map.get(ending, "application/octet-stream")
    return f"{kind}; charset=utf-8" if kind.startswith("text/") and "charset" not in kind else kind


def _absent() -> Response:
    return PlainTextResponse("404 Not Found\n", 404)
