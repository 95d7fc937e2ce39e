"""`mode = "mass"`: 群发, a message to the followers. The rules stand in `posting`."""

from __future__ import annotations

import hashlib

from channels.wechat.account import SEND_FAILED, SENDING, SENT, SENT_AND_DELETED, Status
from channels.wechat.content.rendition import fields_of
from channels.wechat.ledger import Submission
from channels.wechat.posting.companions import holds, own_marker, together
from channels.wechat.posting.handing import Handing
from channels.wechat.posting.remarks import DELETED, REMARKS, draft_lost
from channels.wechat.posting.traces import known_ids, message_trace, settled
from pipeline.channel import Action, Delivery, Evidence, Receipt, Standing, utc_now

_MESSAGES = {
    SENT_AND_DELETED: (Standing.WITHDRAWN, DELETED),
    SEND_FAILED: (Standing.STAGED, REMARKS[Status.FAILED]),
}


class Sending(Handing):
    """`mode = "mass"`: 群发, a message to the followers. WeChat takes a key for it and sends once for each."""

    def _hand_in(self, delivery: Delivery, ids: dict[str, str], known: Submission | None) -> Receipt:
        media_id = ids["media_id"]
        msg_id = self.account.send(media_id, ids.get("key") or _key(delivery), self.tag)
        at = self.now()
        if not msg_id:
            raise draft_lost(self.name)
        self.ledger.submitted(media_id, known.claim if known is not None else "", msg_id)
        return Receipt(standing=Standing.ACCEPTED, ids={**ids, "msg_id": msg_id}, at=at)

    def verify(self, delivery: Delivery) -> Evidence:
        """What WeChat says of the message; its text cannot be read back by program."""
        if delivery.action is Action.WITHDRAW:
            return self._seen_gone(delivery)
        found = self.find(delivery)
        title = str(fields_of(delivery.rendition)["title"]) if delivery.rendition is not None else ""
        digest = hashlib.sha256(f"{found.ids.get('msg_id', '')} {found.standing}".encode()).hexdigest()
        return Evidence(url=found.url, at=utc_now(), standing=found.standing, digest=digest, extract=title)

    def _found(self, delivery: Delivery) -> Receipt:
        ids = known_ids(delivery)
        submission = self.ledger.submission(ids["media_id"]) if "media_id" in ids else None
        msg_id, draft = ids.get("msg_id") or (submission.publication if submission else ""), None
        if not msg_id:
            draft = self.account.draft(ids["media_id"]) if "media_id" in ids else self._own_draft(delivery, ids)
            if draft is None and "key" in ids:
                # A draft that is gone can no longer be sent: under its key WeChat only tells whether it has been.
                msg_id = self.account.send(ids["media_id"], ids["key"], self.tag)
        if msg_id:
            ids["msg_id"] = msg_id
            if self.ledger.is_deleted(message_trace(ids, delivery.revision.id)):
                return Receipt(standing=Standing.WITHDRAWN, ids=ids, note=DELETED)
            status = self.account.message(msg_id)
            if status == SENT:
                return self._sent(delivery, ids)
            if status in _MESSAGES:
                standing, note = _MESSAGES[status]
                return Receipt(standing=standing, ids=ids, note=note)
            if status:
                return self._under_way(delivery, ids)
        if draft is None or not holds(draft, own_marker(delivery)):
            return Receipt(standing=Standing.ABSENT, ids=ids)
        return Receipt(standing=Standing.STAGED, ids={**ids, **self._names(delivery, draft.media_id)})

    def _sent(self, delivery: Delivery, ids: dict[str, str]) -> Receipt:
        traces = self.traces.of(delivery)
        waiting = self._cleared(delivery, traces, ids)
        return waiting or Receipt(standing=Standing.LIVE, ids=settled(ids))

    _publication = "msg_id"

    def _names(self, delivery: Delivery, media_id: str) -> dict[str, str]:
        return {**super()._names(delivery, media_id), "key": _key(delivery)}

    def _may_come(self, publication: str) -> bool:
        return self.account.message(publication) in (SENT, SENDING)


def _key(delivery: Delivery) -> str:
    """32 characters for `clientmsgid`. The date keeps a newsroom that begins anew, with old ids, from old keys."""
    revision, told = delivery.revision, [delivery.key]
    for one in [each.revision for each in delivery.companions] if together(delivery) else [revision]:
        told += [delivery.configured.guid(one.id), one.published_at.isoformat()]
    if name := together(delivery):  # the same for all of them
        told[0] = name
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]
