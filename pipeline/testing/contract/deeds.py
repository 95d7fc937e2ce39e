"""The plain life of an article on a channel: prepared, released, read back, corrected, withdrawn."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from pipeline.article import Revision
from pipeline.channel import Channel, Correction, Problem, Recovery, Standing
from pipeline.testing.contract.kind import GONE, Kind, corrected, told, tree
from pipeline.testing.rehearsal import Rehearsal
from pipeline.testing.samples import NOON, article_of, revision_of

LONG_AFTER = timedelta(days=3)
"""After it a publication has been seen or heard, on every kind of channel."""


class Deeds(Kind):
    def test_the_class_says_what_the_kind_is(self, channel: Channel) -> None:
        kind = type(channel)
        wrong = {
            name: value
            for name, value, right in (
                ("kind", kind.kind, re.fullmatch(r"[a-z0-9][a-z0-9_-]*", kind.kind)),
                ("corrects", kind.corrects, isinstance(kind.corrects, Correction)),
                ("recovers", kind.recovers, isinstance(kind.recovers, Recovery)),
                ("together", kind.together, kind.together is None or kind.together > 1),
                ("visibility_lag", kind.visibility_lag, kind.visibility_lag >= timedelta(0)),
            )
            if not right
        }
        assert not wrong, told(
            f"{kind.__name__} declares {wrong}",
            "the class says what the kind can do; the engine acts on it",
            "see the attributes of pipeline.channel.Channel",
        )

    def test_render_is_pure_and_deterministic(self, channel: Channel, first: Revision, tmp_path: Path) -> None:
        before = tree(tmp_path)
        one, two = channel.render(first, channel.newsroom), channel.render(first, channel.newsroom)
        pure = "render is pure: the same revision and newsroom give the same rendition, and nothing happens"
        assert one == two, told(
            "render gave two different renditions of one revision",
            pure,
            "leave out the time, chance, the order of sets",
        )
        assert tree(tmp_path) == before, told(
            "render wrote into the data folder", pure, "make files in prepare, from the rendition and Delivery.media"
        )

    def test_render_tells_revisions_apart(self, channel: Channel, first: Revision, second: Revision) -> None:
        newsroom = channel.newsroom
        assert channel.render(first, newsroom).digest != channel.render(second, newsroom).digest, told(
            "render gave a revision and its correction one digest",
            "equal digests are the same publication",
            "make the rendition with Rendition.of, of everything that the public gets",
        )

    def test_a_preview_shows_the_article(self, rehearsal: Rehearsal, first: Revision) -> None:
        rendition = rehearsal.channel.render(first, rehearsal.channel.newsroom)
        media_type, content = rehearsal.channel.preview(first, rendition, rehearsal.newsroom, rehearsal.media)
        assert "/" in media_type, told(
            f"preview gave the media type {media_type!r}", "a media type and one file", "such as text/html"
        )
        assert content, told("preview gave an empty file", "what the public will see", "leave preview out, or fill it")

    def test_nothing_is_there_before(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.delivery(first)
        for who, standing in (
            ("find", rehearsal.channel.find(delivery).standing),
            ("verify", rehearsal.verify(delivery).standing),
        ):
            assert standing is Standing.ABSENT, told(
                f"before anything was done, {who} says {standing}",
                "ABSENT: the channel knows nothing of it",
                f"let {who} ask the outlet, and not repeat what is expected",
            )

    def test_prepared_is_invisible(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.prepare(rehearsal.delivery(first))
        assert delivery.receipt is not None
        assert delivery.receipt.standing is Standing.STAGED, told(
            f"prepare answered {delivery.receipt.standing}", "prepare answers STAGED", "say STAGED in its receipt"
        )
        found = rehearsal.channel.find(delivery).standing
        assert found is rehearsal.staged, told(
            f"prepared, and find says {found} though the class says stages = {rehearsal.channel.stages}",
            "what is prepared is STAGED; a kind that cannot hold anything back has stages = False and says ABSENT",
            "find what prepare has put there, or say stages = False and leave prepare out",
        )
        self.not_live(rehearsal, delivery, "only prepared", "prepare must bring nothing before the public")

    def test_prepare_can_be_repeated(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.prepare(rehearsal.prepare(rehearsal.delivery(first)))
        self.live(rehearsal, rehearsal.follow(rehearsal.release(delivery)), "prepared twice, then released")

    def test_released_is_live_and_verified(self, rehearsal: Rehearsal, first: Revision) -> None:
        evidence = self.live(rehearsal, rehearsal.publish(first), "published")
        for name in ("url", "digest", "extract"):
            assert getattr(evidence, name), told(
                f"verify says live and gives no {name}",
                "evidence of what is public has the address where it was read, the digest of what was read and a line "
                "that a person recognises",
                f"fill Evidence.{name} from what was read back",
            )
        assert "\n" not in evidence.extract, told(
            "the evidence's extract has several lines", "one line that a person recognises", "take the headline"
        )
        assert first.article.headline in evidence.extract, told(
            f"the evidence's extract is {evidence.extract!r}",
            "a line a person recognises: the headline as published",
            "take the headline out of the copy that was read back",
        )

    def test_evidence_tells_revisions_apart(self, rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
        one = self.live(rehearsal, rehearsal.publish(first), "published")
        two = self.live(rehearsal, rehearsal.publish(second), "corrected")
        assert one.digest != two.digest, told(
            "verify gave the same digest for a revision and for its correction",
            "Evidence.digest is of what was read",
            "digest the public copy, text included",
        )

    def test_correction(self, rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
        old = rehearsal.publish(first)
        new = rehearsal.delivery(second)
        older = (
            "an older revision that is still public does not count",
            "compare what is public with this delivery's rendition, not only its address or id",
        )
        found = rehearsal.channel.find(new).standing
        assert found is Standing.ABSENT, told(
            f"the first revision is public, nothing was done for the second, and find says {found} of it", *older
        )
        new = rehearsal.prepare(new)
        self.live(rehearsal, old, "a correction was only prepared", "prepare must change nothing that is public")
        new = rehearsal.follow(rehearsal.release(new))
        self.live(rehearsal, new, "corrected")
        self.not_live(rehearsal, old, "corrected, and asked of the revision before", older[1])

    def test_a_correction_goes_as_the_class_says(self, rehearsal: Rehearsal, first: Revision) -> None:
        old = rehearsal.publish(first)
        second = corrected(first, LONG_AFTER)
        new = rehearsal.publish(second)
        assert old.receipt is not None
        assert new.receipt is not None
        match rehearsal.channel.corrects:
            case Correction.IN_PLACE:
                assert new.receipt.url == old.receipt.url, told(
                    f"corrects = IN_PLACE, and the correction's address is {new.receipt.url}, not {old.receipt.url}",
                    "IN_PLACE: the same address shows the new revision",
                    "write to the article's own address, or say REPLACES",
                )
            case Correction.REPLACES:
                copies = self.copies(rehearsal, second)
                assert copies == 1, told(
                    f"corrects = REPLACES, and after a correction the public finds the article {copies} times",
                    "REPLACES: a new post takes the place of the old one",
                    "take the older post down (Delivery.previous names it) once the new one is public",
                )
            case Correction.NOTICE:
                shown = self.noticed(rehearsal, second)
                assert second.note in shown, told(
                    f"corrects = NOTICE, and after the correction the public reads no {second.note!r}",
                    "NOTICE: what has been seen or heard cannot be changed, so a notice follows that names the "
                    "correction (Revision.note)",
                    "publish the notice in release where revision.number > 1, or say corrects = IN_PLACE or REPLACES",
                )

    def test_a_notice_tells_of_a_withdrawal(self, rehearsal: Rehearsal, first: Revision) -> None:
        if rehearsal.channel.corrects is not Correction.NOTICE:
            return
        rehearsal.publish(first)
        rehearsal.withdraw(first, "数据有误", at=first.published_at + LONG_AFTER)
        assert "数据有误" in self.noticed(rehearsal, first), told(
            "corrects = NOTICE, and after a withdrawal the public reads nothing of its reason 数据有误",
            "NOTICE: what has been seen or heard cannot be taken back, so a notice says that it is withdrawn, and why "
            "(Delivery.reason)",
            "put a notice in its place in withdraw instead of only deleting, or say corrects = IN_PLACE or REPLACES",
        )

    def test_withdraw_after_correct(self, rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
        rehearsal.publish(first)
        live = rehearsal.publish(second)
        gone = rehearsal.withdraw(second, "数据有误")
        self.withdrawn(rehearsal, gone, "corrected, then withdrawn")
        self.not_live(rehearsal, live, "withdrawn, and asked of the publication", "read what the public gets now")

    def test_withdraw_can_be_repeated(self, rehearsal: Rehearsal, first: Revision) -> None:
        rehearsal.publish(first)
        rehearsal.withdraw(first)
        self.withdrawn(rehearsal, rehearsal.withdraw(first), "withdrawn twice")

    def test_withdraw_of_what_never_was_there(self, rehearsal: Rehearsal, first: Revision) -> None:
        gone = rehearsal.withdraw(first)
        assert gone.receipt is not None
        assert gone.receipt.standing in GONE, told(
            f"withdrawn although it never was there, and withdraw answered {gone.receipt.standing}",
            "WITHDRAWN, or ABSENT if it never was there",
            "what is not there counts as removed",
        )

    def test_withdraw_of_what_was_only_staged(self, rehearsal: Rehearsal, first: Revision) -> None:
        staged = rehearsal.prepare(rehearsal.delivery(first))
        assert staged.receipt is not None
        rehearsal.receipts[first.id] = staged.receipt
        gone = rehearsal.withdraw(first)
        for who, standing in (
            ("find", rehearsal.channel.find(gone).standing),
            ("verify", rehearsal.verify(gone).standing),
        ):
            assert standing in GONE, told(
                f"prepared, then withdrawn, and {who} says {standing}",
                "withdraw takes the article off the channel, staged or live",
                "delete what prepare has put there",
            )

    def test_verify_tells_the_truth(self, rehearsal: Rehearsal, first: Revision) -> None:
        delivery = rehearsal.publish(first)
        self.tamper(rehearsal, first)
        self.not_live(
            rehearsal,
            delivery,
            "somebody changed the public copy",
            "compare all of the copy that was read back with what release has put there",
        )

    def test_many_articles_keep_apart(self, rehearsal: Rehearsal) -> None:
        published = [
            rehearsal.publish(revision_of(article_of(f"第{n}条消息"), id=f"a{n}", at=NOON + timedelta(minutes=n)))
            for n in range(1, 6)
        ]
        rehearsal.withdraw(published[2].revision)
        live = [rehearsal.verify(delivery).standing is Standing.LIVE for delivery in published]
        assert live == [True, True, False, True, True], told(
            f"of five articles the third was withdrawn, and live are now {live}",
            "each article has its own place on the channel",
            "name what belongs to an article by Revision.id",
        )

    def test_check_answers_with_problems(self, channel: Channel) -> None:
        problems = channel.check()
        assert all(isinstance(problem, Problem) for problem in problems), told(
            f"check answered {problems}", "a list of Problem, empty if nothing is wrong", "make each a Problem"
        )
