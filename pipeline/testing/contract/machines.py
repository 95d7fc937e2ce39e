"""Any number of machines: each has a data folder of its own, and only the record in common."""

from __future__ import annotations

from pipeline.article import Revision
from pipeline.channel import Standing
from pipeline.testing.contract.kind import Kind, told
from pipeline.testing.rehearsal import Rehearsal
from pipeline.testing.samples import article_of, revision_of

ELSEWHERE = (
    "what a kind has to remember stands in Setting.notebook, or is asked of the outlet, or read from the catalogue: "
    "Setting.data is this machine's alone, and an object's memory this process's"
)


class Machines(Kind):
    def test_what_one_machine_prepared_another_releases(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision
    ) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        released = elsewhere.follow(elsewhere.release(prepared))
        self.live(elsewhere, released, "prepared on one machine, released on another", ELSEWHERE)
        self.live(rehearsal, released, "released on another machine, and read back on the first", ELSEWHERE)
        self.once(rehearsal, first, "prepared on one machine, released on another")

    def test_what_one_machine_was_about_to_release_another_finds(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision
    ) -> None:
        """The first machine is lost in doubt: the second asks, prepares what it does not find, and releases."""
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.catalogue.place(first, prepared.receipt)
        live = elsewhere.follow(elsewhere.resume(prepared))
        self.live(elsewhere, live, "prepared on one machine, asked for and released on another", ELSEWHERE)
        self.once(rehearsal, first, "prepared on one machine, asked for and released on another")

    def test_what_one_machine_has_just_released_another_does_not_repeat(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision
    ) -> None:
        """The first machine is lost right after its release, before anybody knows what became of it."""
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.release(prepared)
        live = elsewhere.follow(elsewhere.resume(prepared))
        did = "released on one machine, and asked for on another before it was followed"
        self.live(elsewhere, live, did, ELSEWHERE)
        self.once(rehearsal, first, did)

    def test_what_one_machine_released_another_finds(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision
    ) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        live = rehearsal.follow(rehearsal.release(prepared))  # for the other machine its answer is lost
        found = elsewhere.channel.find(prepared).standing
        assert found is Standing.LIVE, told(
            f"live on one machine, and find says {found} on another", "find says the same on every machine", ELSEWHERE
        )
        self.live(elsewhere, elsewhere.follow(elsewhere.resume(prepared)), "released on one machine, again on another")
        self.once(rehearsal, first, "released on one machine, and again on another that did not know of it")
        self.live(rehearsal, live, "released on one machine, and again on another that did not know of it", ELSEWHERE)

    def test_what_one_machine_released_another_corrects_and_withdraws(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision, second: Revision
    ) -> None:
        old = rehearsal.publish(first)
        new = elsewhere.publish(second)
        self.live(rehearsal, new, "published on one machine, corrected on another", ELSEWHERE)
        self.not_live(rehearsal, old, "published on one machine, corrected on another", ELSEWHERE)
        self.once(rehearsal, second, "published on one machine, corrected on another")
        gone = rehearsal.withdraw(second, "数据有误")
        self.withdrawn(rehearsal, gone, "corrected on one machine, withdrawn on another")
        self.withdrawn(elsewhere, gone, "withdrawn on one machine, and asked on another", ELSEWHERE)
        self.not_live(elsewhere, new, "withdrawn on another machine", ELSEWHERE)

    def test_an_instance_that_is_closed_leaves_its_work_to_the_next(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision
    ) -> None:
        """The configuration has changed: another instance goes on, and nobody is the worse for a question that still
        comes to the former one."""
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.channel.close()
        released = elsewhere.follow(elsewhere.release(prepared))
        did = "prepared by an instance that was closed then, released by the next"
        self.live(elsewhere, released, did, ELSEWHERE)
        rehearsal.channel.close()
        self.live(rehearsal, released, did, "close lets go of connections, and may be called twice")
        self.once(rehearsal, first, did)

    def test_an_older_revision_prepared_elsewhere_stays_away(
        self, rehearsal: Rehearsal, elsewhere: Rehearsal, first: Revision, second: Revision
    ) -> None:
        late = rehearsal.prepare(rehearsal.delivery(first))
        new = elsewhere.publish(second)
        rehearsal.channel.release(late)
        rehearsal.settle()
        self.live(elsewhere, new, "a late worker on another machine released an older revision", ELSEWHERE)

    def test_articles_together_on_two_machines(self, rehearsal: Rehearsal, elsewhere: Rehearsal) -> None:
        """What was prepared for several on one machine is released on another, as one publication where it is one."""
        revisions = [revision_of(article_of(f"专题之{n}"), id=f"a{n}") for n in range(1, 4)]
        prepared = rehearsal.each(rehearsal.together(revisions), rehearsal.prepare)
        did = "three articles together, prepared on one machine and released on another"
        for one in elsewhere.release_each(prepared):
            self.live(rehearsal, one, f"{did}, {one.revision.id} of them", ELSEWHERE)
            self.once(rehearsal, one.revision, did)
        left = rehearsal.withdraw(revisions[1], "数据有误")
        self.withdrawn(elsewhere, left, f"{did}, then one of them withdrawn", ELSEWHERE)
        self.once(elsewhere, revisions[2], f"{did}, then another withdrawn")
