"""A file of the site as an answer (RFC 9110's «representation»): its type, its coding, how long caches may keep it."""

from __future__ import annotations

import gzip
import mimetypes
import os
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache

import brotli  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Scope

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
CONTENT = "public, max-age=60, must-revalidate"
"""What may hold an article, its picture or its place in a list: so long a withdrawn one may still be shown by caches,
and not even then beyond where they cannot ask. Asking costs a 304."""
OWN = {"text/css", "text/javascript", "font/woff2"}
"""What no article is ever made of: the project's own files, which nobody withdraws."""
ASSET, LASTING = "public, max-age=3600", "public, max-age=31536000, immutable"
"""Those of them, and those whose names hold a digest."""

CODINGS = ("br", "gzip")
"""The content codings, the best first."""
WORTH_CODING = 256
"""Bytes from which coding saves more than its headers cost."""


@dataclass(frozen=True)
class File:
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


def led(page: File | None, target: str, scope: Scope) -> Response:
    """The word that something has another address; `page`: what says so to people."""
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    response = in_full(page, scope, 301) if page is not None else Response(status_code=301)
    response.headers["Location"] = target + query
    response.headers["Cache-Control"] = CONTENT  # it may be called so again
    return response


def in_full(file: File, scope: Scope, status: int) -> Response:
    """All of the file, in the best content coding the client takes."""
    if file.data is None:
        return streamed(file, status)
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


def streamed(file: File, status: int) -> Response:
    """The file uncoded, or a range of it."""
    return FileResponse(file.path, status, _headers(file, status), file.content_type, stat_result=file.stat)


def _headers(file: File, status: int) -> dict[str, str]:
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
def _coded(file: File, coding: str) -> bytes:
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
