"""What WeChat calls back: the check of the address, and the end of a publication or mass message.

Rules: 服务器配置 (plain mode: `signature` is the SHA-1 of token, timestamp and nonce, sorted), 事件推送发布结果
(PUBLISHJOBFINISH), 事件推送群发结果 (MASSSENDJOBFINISH). The signature does not cover the body: what it says is a
hint.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from lxml import etree

from pipeline.channel import Heard, Problem, Refused, Text

FRESH = timedelta(hours=1)
"""How old a signed call may be: a copied one must not make us ask for ever."""
LONGEST = 64 * 1024
"""Bytes of an event; real ones have about one thousand."""

_EVENTS = {
    "PUBLISHJOBFINISH": ("publish_id", ".//publish_id", "publish:{}"),
    "MASSSENDJOBFINISH": ("msg_id", ".//MsgID", "message:{}"),
}
"""By its name, of each event: what the thing is called in a receipt, where the event names it, and how `earlier` in the
receipt of a correction or withdrawal does that waits for it."""
_REMEDY = Text.of(
    "compare the token with 服务器配置 at mp.weixin.qq.com, where the message mode must be 明文模式; "
    "the newsroom's token stands in the environment"
)


def hear(method: str, query: Mapping[str, str], body: bytes, *, token: str, now: datetime) -> Heard:
    """What a call means. Raises `Refused` unless it is signed with the account's token and fresh."""
    signature, timestamp, nonce = (query.get(name, "") for name in ("signature", "timestamp", "nonce"))
    wanted = hashlib.sha1("".join(sorted([token, timestamp, nonce])).encode(), usedforsecurity=False).hexdigest()
    if not token or not hmac.compare_digest(wanted.encode(), signature.encode()):
        raise _refused(Text.of("a call is not signed with the account's token"))
    at = int(timestamp) if timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 else 0
    if abs(now.timestamp() - at) > FRESH.total_seconds():
        raise _refused(Text.of("a call is signed, but for another time: {at}", at=timestamp[:20]))
    if method == "GET":
        return Heard(reply=query.get("echostr", ""))
    return Heard(reply="success", ids=_named(body))


def _named(body: bytes) -> dict[str, str]:
    """The names in an event; none if it is of another kind. Raises `Refused` for what is no event."""
    if len(body) > LONGEST:
        raise _refused(Text.of("a call has {size} bytes", size=len(body)))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _refused(Text.of("a call is not XML")) from None
    if root.getroottree().docinfo.doctype or root.find("Encrypt") is not None:
        raise _refused(Text.of("a call is encrypted, or not as WeChat writes them"))
    name, path, earlier = _EVENTS.get((root.findtext("Event") or "").strip(), ("", ".", ""))
    value = (root.findtext(path) or "").strip() if name else ""
    return {name: value, "earlier": earlier.format(value)} if value else {}


def _refused(message: Text) -> Refused:
    return Refused(Problem(field="callback", message=message, remedy=_REMEDY))
