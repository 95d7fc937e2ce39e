"""Telling the app's backend, the Standard Webhooks way (https://www.standardwebhooks.com, version 1.0.0).

    POST <webhook>
    webhook-id:        the delivery's key: the same as often as it is sent, so the backend does the deed once
    webhook-timestamp: Unix time of this attempt, in seconds
    webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">; two of them while a secret is replaced

The body is thin, it names what changed and where it is read; so messages that arrive late or in the wrong order do
no harm. Any answer of 2xx acknowledges it; no other does, and then the engine tries again.

A record that opens, renames or closes a column is told of in one message too, of a type of its own instead of
`article.published`, with what the backend pushes to its readers: title, text, and the link that opens the column. Each
message about such a record, a correction or a withdrawal too, has `announces`: `newsroom.json` is to be read again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable
from datetime import datetime

from channels.app.documents import Announces, Envelope, column_link, version_href
from channels.app.rows import headline_of, summary_of
from channels.http import Http
from pipeline.article import Deed
from pipeline.channel import Action, Problem, Refused, Text, Unavailable, utc_now

READ, TOTAL = 10.0, 15.0
"""Seconds of silence and in all; the specification recommends 15 to 30, half of the engine's lease is 30."""
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret."""
PREFIX = "whsec_"
TYPES = {
    Action.PUBLISH: "article.published",
    Action.CORRECT: "article.corrected",
    Action.WITHDRAW: "article.withdrawn",
}
OF_COLUMN = {Deed.OPEN: "column.opened", Deed.RENAME: "column.renamed", Deed.CLOSE: "column.closed"}
"""In the place of `article.published`."""


class Webhook:
    """One backend. `secrets`: as in the environment, `whsec_…`; the first is in use, a second was before."""

    def __init__(self, url: str, secrets: Iterable[str], *, now: Callable[[], datetime] = utc_now) -> None:
        self.url = url
        self._keys = [key for secret in secrets if (key := key_of(secret))]
        self._http = Http(read=READ, total=TOTAL, secrets=secrets)
        self._now = now

    def warm(self) -> None:
        """See `Http.warm`."""
        self._http.warm()

    def tell(self, key: str, body: bytes) -> None:
        """Send one message, a `payload`, under its id; returns once it is acknowledged.

        Raises `Unavailable(sent=True)` for whatever else comes: the article is public by now, and only another try
        can complete the delivery. Also for a refusal, since a failed release would count as one that never was.
        """
        stamp = str(int(self._now().timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "webhook-id": key,
            "webhook-timestamp": stamp,
            "webhook-signature": " ".join(signature(one, key, stamp, body) for one in self._keys),
        }
        try:
            self._http.call("POST", self.url, body=body, headers=headers)
        except Unavailable as trouble:
            raise Unavailable(
                _unheard(trouble.problem), retry_after=trouble.retry_after, sent=True, detail=trouble.detail
            ) from trouble
        except Refused as refusal:
            raise Unavailable(_unheard(refusal.problem), sent=True, detail=refusal.detail) from refusal


def payload(action: Action, envelope: Envelope, announces: Announces | None, public: str, api: str) -> bytes:
    """The message's body: what happened, to which version, and where it is read.

    `announces`: what the article's record makes of its column, also if it is withdrawn. `public` and `api`: the
    addresses of the client and the API, with a slash at their end.
    """
    kind, data = TYPES[action], {
        "id": envelope.id,
        "uri": envelope.article.uri,
        "revision": envelope.revision,
        "pubStatus": envelope.pub_status,
        "columns": list(envelope.columns),
        "digest": envelope.digest,
        "href": version_href(envelope, api),
        "url": envelope.url,
    }  # fmt: skip
    if announces is not None:
        data["announces"] = announces.written()
        if action is Action.PUBLISH:
            kind = OF_COLUMN[announces.deed]
            data["notification"] = {
                "title": headline_of(envelope),
                "text": summary_of(envelope),
                "link": column_link(announces.column, public),
            }
    message = {"type": kind, "timestamp": envelope.changed.isoformat(), "data": data}
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def signature(key: bytes, id: str, stamp: str, body: bytes) -> str:
    """The signature of one message with one key."""
    signed = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def key_of(secret: str) -> bytes:
    """The key in a secret; empty if it is none: `whsec_` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True) if secret.startswith(PREFIX) else b""
    except (binascii.Error, ValueError):
        return b""
    return key if SHORTEST <= len(key) <= LONGEST else b""


def _unheard(problem: Problem) -> Problem:
    """The trouble, with what it means: readers have the article, the app's backend has not heard of it."""
    return Problem(
        field="webhook",
        message=problem.message,
        remedy=Text.of(
            "readers see the change already, only the app's backend has not acknowledged it; it is told again by "
            "itself; if it stays so, check the backend, the option webhook and the secret in the environment"
        ),
    )
