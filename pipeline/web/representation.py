"""A file of the site as an answer (RFC 9110's «representation»): its coding, and what is told of it.

Its type and how long caches may keep it: `pipeline.article.served`.
"""

from __future__ import annotations

import gzip
import os
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache

import brotli  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Scope

from pipeline.article import served

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
    def textual(self) -> bool:
        return served.is_textual(served.media_type(self.path))


def led(page: File | None, target: str, scope: Scope) -> Response:
    """The word that something has another address; `page`: what says so to people."""
    query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
    response = in_full(page, scope, 301) if page is not None else Response(status_code=301)
    response.headers["Location"] = target + query
    response.headers["Cache-Control"] = served.content()  # it may be called so again
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
    return FileResponse(
        file.path, status, _headers(file, status), served.content_type(file.path), stat_result=file.stat
    )


def _headers(file: File, status: int) -> dict[str, str]:
    headers = {"Content-Type": served.content_type(file.path)}
    if status != 200:  # neither is to be kept: the page may come, the notice may change
        return {**headers, "Accept-Ranges": "none", "Cache-Control": "no-cache"}
    return {
        **headers,
        "Accept-Ranges": "bytes",
        "Cache-Control": served.cache_control(file.path),
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
