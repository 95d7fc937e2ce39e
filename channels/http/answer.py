"""A complete answer, and a file that is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pipeline.channel import Problem, Text, Unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A complete answer with a status that was expected."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By name, in any case."""
    body: bytes = field(repr=False)
    place: str
    """Host and path it came from, secrets masked."""
    effect: bool
    """Whether the call may have changed something."""

    @property
    def text(self) -> str:
        """The body as UTF-8, whatever the header says; what is not UTF-8 becomes U+FFFD."""
        return self.body.decode("utf-8-sig", "replace")

    @property
    def digest(self) -> str:
        """SHA-256 of the body, for evidence."""
        return hashlib.sha256(self.body).hexdigest()

    def json(self) -> Any:
        """The body parsed as JSON in UTF-8. Raises `Unavailable`: a gateway's error page says nothing of the deed."""
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            raise Unavailable(
                Problem(
                    field="http",
                    message=Text.of("{place} answered with something that is not JSON", place=self.place),
                    remedy=Text.of("check the address in the channel's configuration"),
                ),
                sent=self.effect,
                detail=f"{self.status} {self.headers.get('Content-Type', '')}, {len(self.body)} bytes: {error}",
            ) from error


class Upload(NamedTuple):
    """A file in a multipart form."""

    name: str
    data: bytes
    media_type: str
