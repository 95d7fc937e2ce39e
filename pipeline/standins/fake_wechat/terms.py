"""What a stand-in account is, what may go wrong, and WeChat's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

Line = dict[str, Any]

BEIJING = timezone(timedelta(hours=8))
LIMITS = {
    "draft/add": 1000, "draft/update": 1000, "draft/get": 500, "draft/delete": 1000, "draft/batchget": 1000,
    "freepublish/submit": 100, "freepublish/get": 100, "freepublish/delete": 10, "freepublish/getarticle": 100,
    "freepublish/batchget": 100, "message/mass/sendall": 100, "media/uploadimg": 1000,
}  # fmt: skip
"""Calls a day."""
SAYS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40005: "invalid file type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40059: "invalid msg id",
    40125: "invalid appsecret",
    40164: "invalid ip {ip} ipv6 ::ffff:{ip}, not in whitelist",
    41001: "access_token missing",
    41005: "media data missing",
    42001: "access_token expired",
    44003: "empty news data",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45005: "url size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45028: "has no masssend quota",
    45065: "clientmsgid exist",
    45067: "clientmsgid size out of limit",
    45110: "author size out of limit",
    47001: "data format error",
    48001: "api unauthorized",
    53502: "invalid publish_id",
    53600: "invalid article_id",
    61004: "access clientip is not registered requestIP: {ip}",
    76021: "cgi_path not found, please check",
    76022: "could not use this cgi_path, no permission",
    88000: "without comment privilege",
}
FIRST_ID = 2247483650
"""Publish and message ids are numbers, larger than 31 bits hold."""


@dataclass(frozen=True)
class Settings:
    """How an account behaves."""

    secret: str = "secret"  # noqa: S105 - of a stand-in
    name: str = ""
    token_seconds: float = 7200
    delay: float = 0.0
    """Seconds from a submission to its publication."""
    asks: int = 0
    """For so many questions afterwards a submission is still under way, whatever the time."""
    hold: bool = False
    """Nothing is published until `/admin/settle`."""
    verdict: int = 0
    """publish_status that publications end with; not 0: WeChat refuses."""
    may_publish: bool = True
    comments: bool = False
    sourced_stories: bool = True
    """Whether a message of pictures keeps its `content_source_url`: WeChat's pages do not say."""
    ips: tuple[str, ...] = ()
    """The IP list; empty: every address may call."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Calls a day that differ from `LIMITS`."""
    messages: int = 100
    """Mass messages a day."""
    callback: str = ""
    """Where events are sent."""
    callback_token: str = ""


@dataclass(frozen=True)
class Faults:
    """How often a call goes wrong, each a probability; `delay` is the longest slow answer in seconds."""

    loss: float = 0.0
    refuse: float = 0.0
    slow: float = 0.0
    delay: float = 0.3
    next: tuple[str, ...] = ()


class Wrong(Exception):
    """An answer with an error code."""

    def __init__(self, code: int, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


def now() -> int:
    """Seconds since the epoch."""
    return int(datetime.now(UTC).timestamp())
