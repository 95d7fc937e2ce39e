"""How a public file is served: its media type, and how long caches may keep it. One rule for all who tell it.

`newsroom serve` answers by it (`pipeline.web`), object stores are given it with each file (`channels.files`), reports
say by it until when caches may still hold what was there before; `config/nginx-files.conf` says the same in nginx's
words, and a test compares the two, address by address. `config/nginx.conf` keeps to what the answers say.

*A lifetime is a promise about withdrawals*: whatever a cache may answer by itself, no withdrawal reaches. Asking again
is cheap: every answer has an ETag, and a 304 has no body.
"""

from __future__ import annotations

import math
import mimetypes
import posixpath
import re
from datetime import UTC, datetime, timedelta

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
LIFETIME = timedelta(seconds=60)
"""How long caches may keep what can hold an article, its picture or its place in a list: so long a withdrawn one may
still be shown by them, and not even then beyond where they cannot ask."""
MARGIN = timedelta(seconds=2)
"""What a cache may be late by: answers that are under way at the moment of a change, and whole seconds rounded up."""
OWN = {"text/css", "text/javascript", "font/woff2"}
"""What no article is ever made of: the project's own files, which nobody withdraws."""
ASSET, LASTING = "public, max-age=3600", "public, max-age=31536000, immutable"
"""Those of them, and those whose names hold a digest."""


def media_type(path: str) -> str:
    """The media type of a file, by its name alone."""
    name = posixpath.basename(path)
    for pattern, named in NAMED:
        if pattern.fullmatch(name):
            return named
    kind, packed = mimetypes.guess_type(name)
    return TYPES.get(posixpath.splitext(name)[1].lower()) or (not packed and kind) or "application/octet-stream"


def is_textual(kind: str) -> bool:
    return kind.startswith("text/") or kind.endswith(("+xml", "+json", "/xml", "/json"))


def content_type(path: str) -> str:
    """The media type with its charset: every text is UTF-8."""
    kind = media_type(path)
    return f"{kind}; charset=utf-8" if is_textual(kind) else kind


def content() -> str:
    """Cache-Control of whatever may be withdrawn."""
    return f"public, max-age={LIFETIME // timedelta(seconds=1)}, must-revalidate"


def cache_control(path: str) -> str:
    """Cache-Control of a file that is there, by its name."""
    if media_type(path) not in OWN:
        return content()
    return LASTING if HASHED.search(posixpath.basename(path)) else ASSET


def kept_until(changed: datetime, holds: timedelta | None = None) -> datetime:
    """Until when caches may still hold what was public before a change: a whole second.

    `holds`: how long they keep it if they do not go by `cache_control`. It does not grow with the caches between:
    each tells the next one how old its copy is (Age), or passes on when the server gave it (Date).
    """
    until = changed + (LIFETIME if holds is None else holds) + MARGIN
    return datetime.fromtimestamp(math.ceil(until.timestamp()), UTC)
