"""What the editor wrote is what goes out: text, people, notes, readings, labels, pictures."""

from __future__ import annotations

import io
import re

import pytest
from lxml import html as lxml_html
from PIL import Image as Pillow

from pipeline.article import Article, Revision
from pipeline.article.credit import Duty
from pipeline.channel import Standing, Unpublishable
from pipeline.testing.contract.kind import Kind, told
from pipeline.testing.rehearsal import Rehearsal
from pipeline.testing.samples import LABELS, article_of, laden_of, picture, revision_of

UNRESOLVED = re.compile(r"image:[0-9a-f]{64}")
"""How the record names a picture: no address that anybody could open."""
WHOLE = "nothing of an article vanishes or changes its role unseen"


class Content(Kind):
    @pytest.fixture
    def laden(self, rehearsal: Rehearsal) -> Revision:
        image, data = picture("#5a6f2f", (640, 400), caption="架豆装车")
        rehearsal.media[image.digest] = data
        return revision_of(laden_of(image))

    def _read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """What people read, without tags and white space."""
        shown = lxml_html.fragment_fromstring(self.read(rehearsal, revision), create_parent=True)
        return "".join(shown.text_content().split())

    def test_awkward_text_goes_out_or_is_refused_by_name(self, rehearsal: Rehearsal) -> None:
        awkward = article_of(
            headline="“3+3”<冲刺>&清零 \U0001f33d 一二三四五",
            body="<p>a &lt; b &amp; c “引号” ‘单引号’ — … ]]&gt; </p><ul><li>一</li><li>二</li></ul>"
            "<table><tbody><tr><th>甲</th><td>1,024</td></tr></tbody></table>"
            '<blockquote><p>引文</p></blockquote><p><a href="https://example.org/?a=1&amp;b=2">链接</a></p>',
            column="tuopin",
        )
        revision = revision_of(awkward)
        refused = ""
        try:
            rehearsal.channel.render(revision, rehearsal.channel.newsroom)
        except Unpublishable as refusal:
            refused = refusal.problem.field
        if refused:
            assert refused in Article.model_fields, told(
                f"render refused an article because of {refused!r}",
                "Unpublishable names the field of Article that somebody has to correct",
                "put the field's name into Problem.field",
            )
        else:
            self.live(
                rehearsal,
                rehearsal.publish(revision),
                "published with quotes, < and &, an emoji, a table, a link",
                "escape what is put into documents, and compare what is read back with the same escaping",
            )

    def test_whatever_an_article_holds_goes_out(self, rehearsal: Rehearsal, laden: Revision) -> None:
        self.live(rehearsal, rehearsal.publish(laden), "published with credits, a note, a reading, labels")

    def test_everybody_is_named_and_called_what_he_is(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        for credit in laden.article.credits:
            for name in credit.everybody:
                assert name in shown, told(
                    f"published, and {credit.role} {name} is not named", WHOLE, "print credits with channels.byline"
                )
                if credit.duty in (Duty.REPORTER, Duty.CORRESPONDENT):
                    before = shown[: shown.index(name)]
                    assert max(("记者", "通讯员"), key=before.rfind) == credit.role, told(
                        f"published, and {name} is not called {credit.role}", WHOLE, "print roles with channels.byline"
                    )

    def test_text_and_notes_stand_once(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        for text in ("种植户们把豆荚装箱，连夜运往外地。", "岞山镇在青河县北部。"):
            assert shown.count(text) == 1, told(
                f"published, and {text} stands there {shown.count(text)} times",
                WHOLE,
                "show each block of the body once",
            )

    def test_a_reading_is_not_taken_for_text(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        do = "take the body from channels.body.blocks: it puts readings into brackets"
        assert "岞zuò" not in shown, told("a reading above a character (ruby) is read as text", WHOLE, do)
        assert "岞山镇" in shown.replace("（zuò）", ""), told("with a reading its character is lost", WHOLE, do)

    def test_a_label_of_ai_made_content_is_read(self, rehearsal: Rehearsal, laden: Revision) -> None:
        rehearsal.publish(laden)
        shown = self._read(rehearsal, laden)
        missing = [words for words in LABELS if words not in shown]
        assert not missing, told(
            f"published, and nobody reads {missing}",
            "what is, or may be, made by a machine is called so, in text and at pictures (GB 45438-2025)",
            "show channels.label.of_text; channels.body.blocks says it of the pictures",
        )

    @pytest.mark.parametrize("words", LABELS)
    def test_a_label_that_is_missing_is_found(self, rehearsal: Rehearsal, laden: Revision, words: str) -> None:
        delivery = rehearsal.publish(laden)
        self.strike(rehearsal, laden, words)
        assert words not in self._read(rehearsal, laden)
        self.not_live(
            rehearsal, delivery, f"somebody struck {words} out of the public copy", "compare all of it, labels included"
        )

    def test_an_article_without_a_label_says_nothing_of_machines(self, rehearsal: Rehearsal, first: Revision) -> None:
        rehearsal.publish(first)
        assert "人工智能" not in self._read(rehearsal, first), told(
            "an article without a label is called AI-made", "only what is labelled is called so", "use channels.label"
        )

    def test_pictures_are_shown(self, rehearsal: Rehearsal, first: Revision) -> None:
        rehearsal.publish(first)
        shown = self.read(rehearsal, first)
        found = UNRESOLVED.search(shown)
        assert found is None, told(
            f'the public gets src="{found and found.group()[:22]}…", which nobody can open',
            "image:DIGEST is the record's name of a picture; its bytes come from Delivery.media",
            "put the picture where the public gets it (channels.pictures makes the file) and its address in the name's "
            "place, or leave the picture out and say shows_pictures = False in the test",
        )
        if not self.shows_pictures:
            return
        addresses = [image.get("src", "") for image in lxml_html.fragment_fromstring(shown, True).iter("img")]
        assert addresses, told(
            "the article has a picture, the public copy shows none",
            WHOLE,
            "show the body's pictures; if people see none there, say shows_pictures = False in the test",
        )
        for address in addresses:
            data = self.fetch(rehearsal, address)
            assert data, told(
                f"the public copy shows a picture at {address[:120]!r}, and nothing is there",
                "whatever the public copy shows can be fetched where the public gets it",
                "upload the picture before the page that shows it; for a storage write the test's `fetch`",
            )
            with Pillow.open(io.BytesIO(data)) as opened:
                opened.verify()

    def test_pictures_of_a_correction_are_its_own(self, rehearsal: Rehearsal, first: Revision) -> None:
        """Another picture under the same text is another publication."""
        rehearsal.publish(first)
        image, data = picture("#8e1a17", (640, 400), caption="架豆丰收")
        rehearsal.media[image.digest] = data
        second = revision_of(article_of(images=[image]), 2, note="配图有误")
        new = rehearsal.delivery(second)
        if not self.shows_pictures:
            return
        found = rehearsal.channel.find(new).standing
        assert found is Standing.ABSENT, told(
            f"a correction has another picture and nothing was done for it, and find says {found}",
            "equal renditions are the same publication, and pictures are part of one",
            "give Rendition.of the assets, or let the pictures' names depend on their digests",
        )
        self.live(rehearsal, rehearsal.publish(second), "corrected with another picture")
