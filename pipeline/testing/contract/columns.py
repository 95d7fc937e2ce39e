"""Columns, whose openings are records like any other, and several articles at once."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from pipeline.article import Article, Column, Deed
from pipeline.channel import Delivery, Standing
from pipeline.testing.contract.kind import Kind, told
from pipeline.testing.rehearsal import Rehearsal, with_receipt
from pipeline.testing.samples import NOON, article_of, opening_of, picture, revision_of

LIKE_ANY = "what opens, renames or closes a column (Article.announces) is published like any article"


class Columns(Kind):
    @pytest.fixture
    def column(self, rehearsal: Rehearsal) -> Column:
        """A column that is not configured, with banner, 编者按 and a series."""
        banner, data = picture("#8e1a17", (1200, 300))
        rehearsal.media[banner.digest] = data
        return Column(
            id="xczx",
            name="乡村振兴看武山",
            description="展示武山县乡村振兴的成效",
            keywords=("乡村振兴", "武山县"),
            note="即日起，武山县融媒体中心开设《乡村振兴看武山》栏目，敬请关注。",
            series="2026年乡村振兴系列报道",
            banner=banner.model_copy(update={"alt": "乡村振兴看武山"}),
        )

    @pytest.fixture
    def opened(self, rehearsal: Rehearsal, column: Column) -> Delivery:
        return rehearsal.publish(revision_of(opening_of(column), id="a21"))

    def in_series(self, column: Column, number: int) -> Article:
        """An article of the column as the engine completes it."""
        return article_of(
            f"乡村振兴第{number}篇",
            column=column.id,
            series=column.line(number),
            number=number,
            banner=column.banner,
            editors_note=column.note if number == 1 else "",
        )

    def test_an_opening_goes_out_like_an_article(self, rehearsal: Rehearsal, opened: Delivery, column: Column) -> None:
        self.live(rehearsal, opened, f"a column's opening was published ({LIKE_ANY})")
        assert rehearsal.newsroom.column(column.name) == column

    def test_a_prepared_opening_is_invisible(self, rehearsal: Rehearsal, column: Column) -> None:
        delivery = rehearsal.prepare(rehearsal.delivery(revision_of(opening_of(column), id="a21")))
        found = rehearsal.channel.find(delivery).standing
        assert found is rehearsal.staged, told(
            f"an opening was prepared, and find says {found}, not {rehearsal.staged}", LIKE_ANY, "treat it like one"
        )
        self.not_live(rehearsal, delivery, "an opening was only prepared", "prepare must bring nothing out")

    def test_an_opening_can_be_corrected_and_withdrawn(
        self, rehearsal: Rehearsal, opened: Delivery, column: Column
    ) -> None:
        better = column.model_copy(update={"note": "即日起，开设《乡村振兴看武山》栏目。"})
        corrected = rehearsal.publish(revision_of(opening_of(better), 2, id="a21", note="文字有误"))
        self.live(rehearsal, corrected, "an opening was corrected")
        self.not_live(rehearsal, opened, "an opening was corrected", "compare with this delivery's rendition")
        gone = rehearsal.withdraw(corrected.revision, "栏目推迟开设")
        self.withdrawn(rehearsal, gone, "an opening was withdrawn")

    def test_articles_of_an_opened_column(self, rehearsal: Rehearsal, opened: Delivery, column: Column) -> None:
        series = [
            rehearsal.publish(revision_of(self.in_series(column, n), id=f"a{21 + n}", at=NOON + timedelta(minutes=n)))
            for n in range(1, 4)
        ]
        for one in [opened, *series]:
            self.live(
                rehearsal, one, f"a column was opened and three articles of it published, {one.revision.id} of them"
            )
        rehearsal.withdraw(series[1].revision, "数据有误")
        kept = [rehearsal.verify(one).standing is Standing.LIVE for one in [opened, *series]]
        assert kept == [True, True, False, True], told(
            f"of an opening and three articles of a series the second article was withdrawn, and live are now {kept}",
            "whatever a withdrawal changes in its neighbours, they stay published",
            "let verify allow for what the catalogue says of the neighbours, or leave them as they are",
        )

    def test_a_column_is_renamed_and_closed(self, rehearsal: Rehearsal, opened: Delivery, column: Column) -> None:
        rehearsal.publish(revision_of(self.in_series(column, 1), id="a22"))
        renamed = column.model_copy(
            update={
                "name": "和美乡村",
                "address": "hmxc",
                "former_names": (column.name,),
                "former_addresses": (column.address,),
            }
        )
        announced = rehearsal.publish(revision_of(opening_of(renamed, Deed.RENAME), id="a23"))
        self.live(rehearsal, announced, f"a column was renamed ({LIKE_ANY})")
        assert rehearsal.newsroom.column(column.name).name == "和美乡村"
        closed = renamed.model_copy(update={"closed": "《和美乡村》栏目今日收官，感谢关注。"})
        announced = rehearsal.publish(revision_of(opening_of(closed, Deed.CLOSE), id="a24"))
        self.live(rehearsal, announced, "a column was renamed and closed")
        self.live(rehearsal, opened, "a column was renamed and closed, and its opening read back")

    # -- several articles at once -------------------------------------------------------------------------

    @pytest.fixture
    def three(self, rehearsal: Rehearsal) -> list[Delivery]:
        """Three articles of one rollout, prepared."""
        revisions = [revision_of(article_of(f"专题之{n}"), id=f"a{n}") for n in range(1, 4)]
        return rehearsal.each(rehearsal.together(revisions), rehearsal.prepare)

    def test_articles_together(self, rehearsal: Rehearsal, three: list[Delivery]) -> None:
        found = [rehearsal.channel.find(one).standing for one in three]
        assert found == [rehearsal.staged] * 3, told(
            f"three articles of one rollout are prepared, and find says {found}",
            "each has its own delivery and its own answer, also where they are one publication",
            "find each by its own id",
        )
        for one in three:
            self.not_live(rehearsal, one, "three articles were only prepared", "prepare must bring nothing out")
        live = rehearsal.release_each(three)
        for one in live:
            self.live(rehearsal, one, f"three articles were published together, {one.revision.id} of them")
        rehearsal.withdraw(live[1].revision, "数据有误")
        kept = [rehearsal.verify(one).standing is Standing.LIVE for one in live]
        assert kept == [True, False, True], told(
            f"of three articles published together the second was withdrawn, and live are now {kept}",
            "each article is corrected and withdrawn alone",
            "take away only what belongs to the delivery's own article",
        )

    def test_one_of_several_is_overtaken_before_its_moment(self, rehearsal: Rehearsal, three: list[Delivery]) -> None:
        """What was prepared for three does not bring the overtaken one out: asked, the channel says so or leaves it."""
        companions = tuple(one for one in three[0].companions if one.revision.id != "a2")
        left = [dataclasses.replace(one, companions=companions) for one in (three[0], three[2])]

        def known(one: Delivery) -> Delivery:
            found = rehearsal.channel.find(one)
            return rehearsal.prepare(one) if found.standing is Standing.ABSENT else with_receipt(one, found)

        live = rehearsal.release_each(rehearsal.each(left, known))
        did = "one of three was overtaken before the moment"
        for one in live:
            self.live(rehearsal, one, f"{did}, and {one.revision.id} released")
        self.not_live(rehearsal, three[1], f"{did}, and read back", "put into the publication only Delivery.companions")
