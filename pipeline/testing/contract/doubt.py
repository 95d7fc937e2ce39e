"""Nothing twice, nothing lost: lost answers, repeated steps, deeds that are seen only later."""

from __future__ import annotations

import dataclasses

from pipeline.article import Revision
from pipeline.channel import Delivery, Standing
from pipeline.testing.contract.kind import TAKEN, Kind, told
from pipeline.testing.rehearsal import Rehearsal, with_receipt

ASKED = (
    "after an unknown outcome find tells whether it happened, for each revision; within visibility_lag it may not know"
)


class Doubt(Kind):
    def test_release_can_be_repeated(self, rehearsal: Rehearsal, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        once = rehearsal.follow(rehearsal.release(prepared))
        again = rehearsal.follow(rehearsal.release(prepared))
        assert once.receipt is not None
        assert again.receipt is not None
        assert (again.receipt.url, again.receipt.ids) == (once.receipt.url, once.receipt.ids), told(
            "released twice, and the two receipts name different things",
            "release is safe to repeat: it is one publication",
            "look for what is there (find) before anything is made, or let the outlet's key do so",
        )
        self.once(rehearsal, first, "released twice")
        self.live(rehearsal, again, "released twice")

    def test_find_after_lost_answer_of_prepare(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.delivery(first)
        rehearsal.channel.prepare(delivery)  # its answer is lost: `delivery` has no receipt
        found = rehearsal.channel.find(delivery)
        assert found.standing is rehearsal.staged, told(
            f"the answer of prepare was lost, and find says {found.standing}, not {rehearsal.staged}",
            ASKED,
            "find what was prepared without a receipt, by the article's id and the revision",
        )
        if found.standing is Standing.ABSENT:
            found = rehearsal.channel.prepare(delivery)
        released = rehearsal.release(with_receipt(delivery, found))
        self.live(rehearsal, rehearsal.follow(released), "found prepared, then released")

    def test_find_after_lost_answer_of_release(self, rehearsal: Rehearsal, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.release(prepared)  # its answer is lost: `prepared` has the old receipt
        found = rehearsal.channel.find(prepared).standing
        assert found in TAKEN, told(
            f"the answer of release was lost, and find says {found}",
            ASKED,
            "ask the outlet; if it shows a deed only some time later, declare that as visibility_lag",
        )
        self.live(rehearsal, rehearsal.follow(prepared), "released, the answer lost, then followed")
        self.once(rehearsal, first, "the answer of release was lost")

    def test_find_is_right_when_the_lag_is_over(self, rehearsal: Rehearsal, first: Revision) -> None:
        """Within `visibility_lag` find may say that a deed did not happen; nothing else, and not longer."""
        channel, lag = rehearsal.channel, rehearsal.channel.visibility_lag
        do = "ask where a deed is seen at once, or declare as visibility_lag how long it takes"
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.catalogue.place(first, prepared.receipt)
        channel.release(prepared)
        self._found(
            rehearsal, prepared, "released", (*TAKEN, *((rehearsal.staged, Standing.ABSENT) if lag else ())), do
        )
        rehearsal.settle()
        live = rehearsal.follow(prepared)
        self._found(rehearsal, prepared, f"released, {lag} later", TAKEN, do)
        self.live(rehearsal, live, f"released, {lag} later", do)
        gone = rehearsal.withdrawal(first, "数据有误")
        channel.withdraw(gone)
        early = (Standing.WITHDRAWN, *((Standing.LIVE,) if lag else ()))
        self._found(rehearsal, gone, "withdrawn", early, f"{do}; what was public and no longer is is WITHDRAWN")
        rehearsal.settle()
        gone = dataclasses.replace(gone, receipt=channel.find(gone))
        self.withdrawn(rehearsal, gone, f"withdrawn, {lag} later")

    def _found(
        self, rehearsal: Rehearsal, delivery: Delivery, did: str, allowed: tuple[Standing, ...], do: str
    ) -> None:
        found = rehearsal.channel.find(delivery).standing
        lag = rehearsal.channel.visibility_lag
        assert found in allowed, told(f"{did}, and find says {found} with a visibility_lag of {lag}", ASKED, do)
