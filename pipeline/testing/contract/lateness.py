"""The last word wins: whoever comes late changes nothing."""

from __future__ import annotations

from pipeline.article import Revision
from pipeline.channel import Action
from pipeline.testing.contract.kind import GONE, TAKEN, Kind, told
from pipeline.testing.rehearsal import Rehearsal

LATE = "if the delivery is_late, do nothing and answer as find does"
ASK_FIRST = "ask `delivery.is_late` first, while you hold the channel's lock (Setting.exclusive), and then call find"


class Lateness(Kind):
    def test_a_late_release_of_an_older_revision_brings_nothing_back(
        self, rehearsal: Rehearsal, first: Revision, second: Revision
    ) -> None:
        late = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.follow(rehearsal.release(late))
        new = rehearsal.publish(second)
        before = self.read(rehearsal, second)
        answer = rehearsal.channel.release(late).standing
        rehearsal.settle()
        assert self.read(rehearsal, second) == before, told(
            "corrected, then a late worker released the older revision, and the public reads something else",
            LATE,
            ASK_FIRST,
        )
        self.live(rehearsal, new, "corrected, then a late worker released the older revision", ASK_FIRST)
        assert answer not in TAKEN, told(
            f"a late release of an older revision answered {answer}",
            f"{LATE}: the older revision is not live",
            ASK_FIRST,
        )

    def test_a_late_release_brings_nothing_back_after_a_withdrawal(self, rehearsal: Rehearsal, first: Revision) -> None:
        late = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.follow(rehearsal.release(late))
        gone = rehearsal.withdraw(first, "数据有误")
        answer = rehearsal.channel.release(late).standing
        rehearsal.settle()
        self.not_live(rehearsal, late, "withdrawn, then a late worker released it again", ASK_FIRST)
        self.withdrawn(rehearsal, gone, "withdrawn, then a late worker released it again")
        assert answer not in TAKEN, told(f"a late release after a withdrawal answered {answer}", LATE, ASK_FIRST)

    def test_a_late_withdrawal_takes_nothing_away(self, rehearsal: Rehearsal, first: Revision) -> None:
        """One that was overtaken: the record says that the article stands."""
        live = rehearsal.publish(first)
        before = self.read(rehearsal, first)
        late = rehearsal.delivery(first, Action.WITHDRAW, reason="数据有误")
        answer = rehearsal.channel.withdraw(late).standing
        rehearsal.settle()
        self.live(rehearsal, live, "the article stands, and a late worker withdrew it", ASK_FIRST)
        assert self.read(rehearsal, first) == before, told(
            "the article stands, a late worker withdrew it, and the public reads something else", LATE, ASK_FIRST
        )
        found = rehearsal.channel.find(late).standing
        assert answer is found, told(f"a late withdrawal answered {answer}, and find says {found}", LATE, ASK_FIRST)
        assert found not in GONE, told(
            f"a late withdrawal changed nothing, and find says {found} of it",
            "for a withdrawal find says LIVE as long as any revision is public, STAGED if only drafts are left",
            "ask the outlet what there is of the article, whatever the delivery wants",
        )
