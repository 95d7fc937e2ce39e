"""Handing in a draft to be published: what the two modes that do so share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from channels.wechat.ledger import Submission
from channels.wechat.posting.steps import Posting
from channels.wechat.posting.traces import known_ids, media_id_in
from pipeline.channel import Delivery, Receipt, Standing


class Handing(Posting):
    """A mode in which a program hands in what has been prepared."""

    def release(self, delivery: Delivery) -> Receipt:
        """Hand in the draft, unless that has been done, or must not be done any more."""
        if delivery.is_late:
            return self.find(delivery)
        ids = known_ids(delivery)
        known = self.ledger.submission(media_id_in(ids))
        if known is None:
            self._own_issue(delivery, ids)
        elif (done := self._handed_in(known, ids)) is not None:
            return done
        return self._hand_in(delivery, ids, known)

    @abstractmethod
    def _hand_in(self, delivery: Delivery, ids: dict[str, str], known: Submission | None) -> Receipt:
        """Hand in the draft that `ids` name; `known`: an earlier try, whose answer did not come or was a refusal."""

    def _handed_in(self, known: Submission, ids: Mapping[str, str]) -> Receipt | None:
        """ACCEPTED, if an earlier try has handed in the draft; None if this one has to look for itself."""
        name = self._publication
        if not known.publication or ids.get(name) == known.publication:
            return None
        at = self.now() - known.age
        return Receipt(standing=Standing.ACCEPTED, ids={**ids, name: known.publication}, at=at)
