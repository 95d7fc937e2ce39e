"""Secrets that no message and no log may show."""

from __future__ import annotations

import logging
import re
import threading
import weakref
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_NAMED = re.compile(
    r"""(?i)\b((?:access_|refresh_|id_)?token|(?:app|client_)?secret|password|passwd|api_?key|sign(?:ature)?)"""
    r"""(["']?\s*[=:]\s*["']?)[^&\s"',;}\])]+"""
)
_HEADER = re.compile(r"""(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[=:]\s*["']?)[^\r\n"']+""")
QUERY = re.compile(r"\?[^\s\"']*")
_MASK = "***"


class Secrets:
    """The values that one line hides. Thread-safe."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._masked: tuple[str, ...] = ()
        self._masking = threading.Lock()
        self.hide(*secrets)
        _on_urllib3.watched.add(self)

    def hide(self, *secrets: str) -> None:
        """Mask these values from now on, also percent-encoded."""
        forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        with self._masking:
            # Longest first: a secret may be a part of another one.
            self._masked = tuple(sorted({*self._masked, *forms}, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """The text with every hidden value masked, and whatever stands where secrets usually stand."""
        for secret in self._masked:
            text = text.replace(secret, _MASK)
        return _HEADER.sub(rf"\1\2{_MASK}", _NAMED.sub(rf"\1\2{_MASK}", text))


class _Redaction(logging.Filter):
    """urllib3 logs whole addresses: this takes away their query and whatever any `Secrets` hide."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: weakref.WeakSet[Secrets] = weakref.WeakSet()

    def filter(self, record: logging.LogRecord) -> bool:
        text = QUERY.sub("?…", record.getMessage())
        for one in tuple(self.watched):
            text = one.redact(text)
        record.msg, record.args = text, None
        return True


_on_urllib3 = _Redaction()
for _name in ("connection", "connectionpool", "poolmanager", "response", "util.retry"):
    logging.getLogger(f"urllib3.{_name}").addFilter(_on_urllib3)
