"""The keys by which the event chain is sealed, as this process has them. None of them is ever in the record.

`TONGFA_AUDIT_KEY` is the one in use; `TONGFA_AUDIT_KEY_BEFORE` has those before it, with spaces between them, so that
what they sealed can be checked. The record has a key's fingerprint: enough to see that another one is meant, and no
help to whoever wants to seal.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

KEY, BEFORE = "TONGFA_AUDIT_KEY", "TONGFA_AUDIT_KEY_BEFORE"
SHORTEST = 16
"""Characters of a key: fewer are guessed from its fingerprint."""
FINGERPRINT = 16
"""Hexadecimal digits of a fingerprint."""


class Keys:
    """What is at hand, by fingerprint; "" is the fingerprint of no key, which everybody has."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._current = environment.get(KEY, "").strip()
        self._before = environment.get(BEFORE, "").split()

    @property
    def current(self) -> str:
        """The fingerprint of the key in use, "" if there is none."""
        return fingerprint(self._current)

    @property
    def weak(self) -> bool:
        """Whether the key in use is too short to keep anybody out, or has spaces, which part one key from the next."""
        return bool(self._current) and (len(self._current) < SHORTEST or len(self._current.split()) > 1)

    def __contains__(self, known: object) -> bool:
        return known in self._secrets

    def hash(self, known: str, content: bytes) -> str:
        """The seal on a content, by the key of this fingerprint: HMAC-SHA-256, or SHA-256 where it is none."""
        secret = self._secrets[known]
        return hmac.digest(secret, content, "sha256").hex() if secret else hashlib.sha256(content).hexdigest()

    @cached_property
    def _secrets(self) -> Mapping[str, Any]:
        return {fingerprint(one): one.encode() for one in ("", *self._before, self._current)}


def fingerprint(key: str) -> str:
    """By which a key is known without being known; "" of none."""
    told = hmac.digest(key.encode(), b"tongfa: fingerprint of an audit key", "sha256").hex()
    return told[:FINGERPRINT] if key else ""
