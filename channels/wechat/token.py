"""One access token for each account, shared by all workers and processes through Redis.

WeChat's `stable_token` gives the same token to everybody who asks, with the seconds left (获取稳定版接口调用凭据,
developers.weixin.qq.com/doc/subscription/api/base/api_getstableaccesstoken.html). So nothing breaks when two ask at
once, Redis is away or has lost everything; sharing only saves calls. A refresh is never forced: that would make the
token of everybody else useless.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger("tongfa.wechat")

MARGIN = timedelta(minutes=5)
"""A token is renewed this long before its end, or a tenth of its life if that is less."""
ABSENCE = timedelta(seconds=10)
"""How long Redis is left alone after it did not answer."""
HOLD = 30.0
"""Seconds after which a lock frees itself: its holder has died."""
PATIENCE = 15.0
"""Seconds to wait for another process that is fetching the token; then it is fetched here as well."""


class Token(NamedTuple):
    """An access token and the moment from which it is no longer used, in seconds since the epoch."""

    value: str
    until: float


class Fetch(Protocol):
    """Asks WeChat for the token: (its value, seconds it is still good for)."""

    def __call__(self) -> tuple[str, float]: ...


class Tokens:
    """The token of one account. Thread-safe.

    `name` is the account's, the same in all processes; `hide` is told every token, to keep it out of logs.
    """

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        *,
        url: str = "",
        hide: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self.key = f"tongfa:wechat:{hashlib.sha256(name.encode()).hexdigest()[:20]}"
        self._fetch, self._hide, self._now = fetch, hide, now
        self._lock = threading.Lock()
        self._held: Token | None = None
        self._away_until = 0.0
        self._redis = _client(url) if url else None

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
        with self._lock:  # one thread of a process goes on, the others find what it brings
            token = self._held
            if token is None or not self._good(token, refused):
                token = self._shared(refused)
                self._hide(token.value)
                self._held = token
            return token.value

    def _good(self, token: Token, refused: str) -> bool:
        return token.value != refused and self._now().timestamp() < token.until

    def _shared(self, refused: str) -> Token:
        """The token that another process has fetched, or a fresh one, fetched by one process at a time."""
        if self._redis is None or self._now().timestamp() < self._away_until:
            return self._fetched()
        try:
            if (known := self._read(self._redis, refused)) is not None:
                return known
            lock = self._redis.lock(f"{self.key}:lock", timeout=HOLD, blocking_timeout=PATIENCE, sleep=0.05)
            held = lock.acquire()
        except (redis.RedisError, OSError, ValueError) as error:
            self._absent(error)
            return self._fetched()
        try:
            with suppress(redis.RedisError, OSError, ValueError):
                if (known := self._read(self._redis, refused)) is not None:
                    return known
            token = self._fetched()
            self._write(self._redis, token)
            return token
        finally:
            if held:
                with suppress(redis.RedisError, OSError):  # it frees itself
                    lock.release()

    def _fetched(self) -> Token:
        value, seconds = self._fetch()
        margin = min(MARGIN.total_seconds(), seconds / 10)
        return Token(value, self._now().timestamp() + seconds - margin)

    def _read(self, client: redis.Redis, refused: str) -> Token | None:
        raw = client.get(self.key)
        if not isinstance(raw, bytes):
            return None
        value, until = json.loads(raw)
        token = Token(str(value), float(until))
        return token if self._good(token, refused) else None

    def _write(self, client: redis.Redis, token: Token) -> None:
        left = token.until - self._now().timestamp()
        if left > 0:
            try:
                client.set(self.key, json.dumps(token), px=max(1, int(left * 1000)))
            except (redis.RedisError, OSError) as error:
                self._absent(error)

    def _absent(self, error: Exception) -> None:
        self._away_until = (self._now() + ABSENCE).timestamp()
        log.info("Redis is away, the token is kept in this process: %s", type(error).__name__)


def _client(url: str) -> redis.Redis | None:
    """A client that gives up soon: without Redis it only costs a call more. None for an address of another kind."""
    try:
        return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    except ValueError:
        return None
