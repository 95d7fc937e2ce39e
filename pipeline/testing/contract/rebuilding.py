"""Many at once: what a kind that `rebuilds` makes again from the record, and takes over from an archive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import pairwise

from pipeline.article import Revision
from pipeline.channel import Action, Delivery, Standing
from pipeline.testing.contract.kind import Kind, told
from pipeline.testing.rehearsal import Rehearsal
from pipeline.testing.samples import NOON, article_of, picture, revision_of

MANY = 57
"""More than two pages of any list."""


class Rebuilding(Kind):
    def tells_in_order(self, path: str) -> bool:  # noqa: ARG002
        """Whether a file of `everything` tells what happened, one after the other: the catalogue knows only how things
        stand, so of what was corrected or withdrawn it is begun anew."""
        return False

    def everything(self, rehearsal: Rehearsal) -> Mapping[str, bytes]:
        """For a kind that `rebuilds`: all that the public gets, by path."""
        raise NotImplementedError("the kind rebuilds: tell the contract what all of its public files are")

    def lose(self, rehearsal: Rehearsal) -> None:
        """For a kind that `rebuilds`: delete all of it."""
        raise NotImplementedError("the kind rebuilds: tell the contract how all of its public files get lost")

    def test_all_that_was_lost_is_made_again_to_the_byte(self, rehearsal: Rehearsal) -> None:
        if not rehearsal.channel.rebuilds:
            return
        revisions = _archive(rehearsal, MANY)
        for revision in revisions:
            rehearsal.publish(revision)
        rehearsal.withdraw(revisions[20], "与事实不符")
        rehearsal.withdraw(revisions[-1], "重复")
        self._lost_and_made_again(rehearsal, revisions, but=self.tells_in_order)

    def test_what_somebody_has_changed_is_named_and_left_alone(self, rehearsal: Rehearsal) -> None:
        if not rehearsal.channel.rebuilds:
            return
        revisions = _archive(rehearsal, 3)
        revisions.append(revision_of(article_of(), id="a9"))
        for revision in revisions:
            rehearsal.publish(revision)
        assert not list(rehearsal.channel.differing(_deliveries(rehearsal, revisions)))
        self.tamper(rehearsal, revisions[-1])
        before = dict(self.everything(rehearsal))
        assert list(rehearsal.channel.differing(_deliveries(rehearsal, revisions))), told(
            "the public copy was changed, and nothing is said to differ",
            "differing names whatever rebuild would change",
            "compare what is there with what would be written",
        )
        assert dict(self.everything(rehearsal)) == before

    def test_what_is_imported_is_the_same_bytes_in_batches_as_one_by_one(self, rehearsal: Rehearsal) -> None:
        if not rehearsal.channel.rebuilds:
            return
        revisions = _archive(rehearsal, MANY)
        for revision in revisions[:3]:
            rehearsal.publish(revision)
        for revision in revisions[3:]:
            rehearsal.catalogue.place(revision, imported=True)
            rehearsal.publish(revision)
        self._lost_and_made_again(rehearsal, revisions)

    def test_what_is_imported_makes_way_for_no_news(self, rehearsal: Rehearsal) -> None:
        """An archive, then news, then another archive: as if the archives had been there before all news."""
        if not rehearsal.channel.rebuilds:
            return
        revisions = _archive(rehearsal, MANY)
        first, news, second = revisions[:23], revisions[23:47], revisions[47:]
        for batch, imported in ((first, True), (news, False), (second, True)):
            for revision in batch:
                rehearsal.catalogue.place(revision, imported=imported)
            made = dict(rehearsal.channel.rebuild(_deliveries(rehearsal, batch)))
            assert {one.standing for one in made.values()} == {Standing.LIVE}
        self._is_seen(rehearsal, revisions)
        ordinals = [entry.ordinal for entry in rehearsal.catalogue.live()]
        assert all(newer > older for newer, older in pairwise(ordinals))
        assert {rehearsal.catalogue.entries([one.id])[one.id].ordinal > 0 for one in news} == {True}
        self._lost_and_made_again(rehearsal, revisions)

    def test_one_that_was_imported_is_corrected_and_withdrawn_like_any(self, rehearsal: Rehearsal) -> None:
        if not rehearsal.channel.rebuilds:
            return
        revisions = _archive(rehearsal, 5)
        for revision in revisions:
            rehearsal.catalogue.place(revision, imported=True)
        list(rehearsal.channel.rebuild(_deliveries(rehearsal, revisions)))
        corrected = revision_of(
            revisions[2].article.model_copy(update={"headline": "更正过的旧稿"}),
            id=revisions[2].id,
            number=2,
            at=revisions[2].published_at,
        )
        assert rehearsal.verify(rehearsal.publish(corrected)).standing is Standing.LIVE
        gone = rehearsal.withdraw(revisions[1], "与事实不符")
        assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
        self._is_seen(rehearsal, [revisions[0], corrected, *revisions[3:]])

    def test_a_rebuild_brings_back_nothing_that_was_corrected_or_withdrawn(self, rehearsal: Rehearsal) -> None:
        if not rehearsal.channel.rebuilds:
            return
        revisions = _archive(rehearsal, 4)
        late = _deliveries(rehearsal, revisions)
        for revision in revisions:
            rehearsal.publish(revision)
        corrected = revision_of(
            article_of("更正过的旧稿", column=revisions[0].article.column),
            id=revisions[0].id,
            number=2,
            at=revisions[0].published_at,
        )
        rehearsal.publish(corrected)
        rehearsal.withdraw(revisions[1], "与事实不符")
        before = dict(self.everything(rehearsal))
        list(rehearsal.channel.rebuild(late))
        assert dict(self.everything(rehearsal)) == before, told(
            "an older revision was rebuilt over what had come after it",
            "rebuild leaves to what is newer whatever the catalogue knows something newer of",
            "look at the catalogue's entry, under the channel's lock, before anything is written",
        )

    def _lost_and_made_again(
        self, rehearsal: Rehearsal, revisions: list[Revision], but: Callable[[str], bool] = lambda _: False
    ) -> None:
        before = dict(self.everything(rehearsal))
        self.lose(rehearsal)
        assert not self.everything(rehearsal)
        list(rehearsal.channel.rebuild(_deliveries(rehearsal, revisions)))
        after = dict(self.everything(rehearsal))
        paths = (path for path in before.keys() | after.keys() if not but(path))
        differing = sorted(path for path in paths if before.get(path) != after.get(path))
        assert not differing, told(
            f"made again, these files are not as they were: {differing[:10]}",
            "rebuild gives the same bytes as the ordinary way",
            "derive both from the catalogue alone",
        )

    def _is_seen(self, rehearsal: Rehearsal, revisions: list[Revision]) -> None:
        seen = dict(rehearsal.channel.verify_all(_deliveries(rehearsal, revisions)))
        each = {one.revision.id: rehearsal.verify(one) for one in _deliveries(rehearsal, revisions)}
        assert {id: one.standing for id, one in seen.items()} == dict.fromkeys(each, Standing.LIVE)
        told_alike = {id: (one.url, one.digest, one.extract, one.standing) for id, one in each.items()}
        assert {id: (one.url, one.digest, one.extract, one.standing) for id, one in seen.items()} == told_alike


def _archive(rehearsal: Rehearsal, count: int) -> list[Revision]:
    """Articles of two columns, some with a picture, from the newest to the oldest."""
    columns = [column.id for column in rehearsal.channel.newsroom.columns][:2]
    revisions = []
    for n in range(1, count + 1):
        article = article_of(f"第{n}篇", column=columns[n % len(columns)], keywords=("旧闻", f"词{n % 3}"))
        if n % 7 == 0:
            image, data = picture("#5a6f2f", (640, 400), caption=f"配图{n}")
            rehearsal.media[image.digest] = data
            article = article_of(f"第{n}篇", column=article.column, images=(image,))
        revisions.append(revision_of(article, id=f"a{n}", at=NOON - timedelta(days=n)))
    return revisions


def _deliveries(rehearsal: Rehearsal, revisions: list[Revision]) -> list[Delivery]:
    """As the record has the articles now."""
    made = []
    for revision in revisions:
        entry = rehearsal.catalogue.entry(revision.id)
        gone = entry is not None and entry.withdrawn_at is not None
        reason = entry.reason if entry else ""
        made.append(rehearsal.delivery(revision, Action.WITHDRAW if gone else None, reason=reason))
    return made
