"""One access token for each account, kept in memory by every process.

WeChat's `stable_token` gives the same token to everybody who asks, with the seconds left (获取稳定版接口调用凭据,
developers.weixin.qq.com/doc/subscription/api/base/api_getstableaccesstoken.html), half a million times a day. So
processes and machines need not share it. A refresh is never forced: that would make everybody else's token useless.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

MARGIN = timedelta(minutes=5)
"""A token is renewed this long before its end, or a tenth of its life if that is less."""


class Token(NamedTuple):
    """An access token and the moment from which it is no longer used, in seconds since the epoch."""

    value: str
    until: float


class Fetch(Protocol):
    """Asks WeChat for the token: (its value, seconds it is still good for)."""

    def __call__(self) -> tuple[str, float]: ...


class Tokens:
    """The token of one account. Thread-safe. `hide` is told every token, to keep it out of logs."""

    def __init__(self, fetch: Fetch, *, hide: Callable[[str], None], now: Callable[[], datetime]) -> None:
        self._fetch, self._hide, self._now = fetch, hide, now
        self._lock = threading.Lock()
        self._held: Token | None = None

    def get(self) -> str:
        """A token that is good by all that is known. Raises what asking WeChat raises."""
        return self._renewed("")

    def renew(self, refused: str) -> str:
        """Another token than the one WeChat has just refused, if it has another one."""
        return self._renewed(refused)

    def _renewed(self, refused: str) -> str:
        token = self._held
        if token is not None and self._good(token, refused):
            return token.value
        with self._lock:  # one thread goes on, the others find what it brings
            token = self._held
            if token is None or not self._good(token, refused):
                self._held = token = self._fetched()
            return token.value

    def _good(self, token: Token, refused: str) -> bool:
        return token.value != refused and self._now().timestamp() < token.until

    def _fetched(self) -> Token:
        value, seconds = self._fetch()
        self._hide(value)
        margin = min(MARGIN.total_seconds(), seconds / 10)
        return Token(value, self._now().timestamp() + seconds - margin)
