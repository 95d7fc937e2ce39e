"""What every channel shows of a body: readings in brackets, pictures called what they are; what none can show."""

from __future__ import annotations

import pytest
from lxml import html

from channels import label
from channels.body import NOT_HTML, NOT_XML, blocks, refuse_characters, text_and_notes
from pipeline.article import Article, Image
from pipeline.article.credit import Aigc, Certainty, Credit, Duty
from pipeline.channel import Unpublishable
from pipeline.testing import article_of, laden_of, newsroom_of, picture, revision_of

IMAGE = picture()[0]
TO_ONE = '<sup><a href="#note-1">[1]</a></sup>'


def written(body: str, *images: Image) -> list[str]:
    shown = blocks(article_of().model_copy(update={"body": body, "images": images}))
    return [html.tostring(block, encoding="unicode", with_tail=False) for block in shown]


def figure(caption: str = "") -> str:
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure><img src="image:{IMAGE.digest}" alt=""/>{below}</figure>'


def made(certainty: Certainty) -> Image:
    return IMAGE.model_copy(update={"aigc": Aigc(label=certainty)})


def test_a_reading_stands_in_brackets_for_whoever_shows_no_ruby() -> None:
    (shown,) = written("<p>在<ruby>岞<rt>zuò</rt></ruby>山<em><ruby>䶮<rt>yǎn</rt></ruby>先生</em>家</p>")
    assert "<ruby>岞<rp>（</rp><rt>zuò</rt><rp>）</rp></ruby>山" in shown
    assert html.fromstring(shown).text_content() == "在岞（zuò）山䶮（yǎn）先生家"


@pytest.mark.parametrize(
    ("certainty", "words"),
    [
        (Certainty.IS, "图片由人工智能生成"),
        (Certainty.MAY_BE, "图片可能由人工智能生成"),
        (Certainty.SUSPECTED, "图片疑似由人工智能生成"),
    ],
)
def test_a_picture_made_by_a_machine_is_called_so_in_its_caption(certainty: Certainty, words: str) -> None:
    bare, captioned, marked = written(figure() + figure("架豆") + figure("架<strong>豆</strong>"), made(certainty))
    assert f"<figcaption><small>{words}</small></figcaption>" in bare
    assert f"<figcaption>架豆<small>　{words}</small></figcaption>" in captioned
    assert f"</strong><small>　{words}</small></figcaption>" in marked
    assert "<small>" not in written(figure("架豆"), IMAGE)[0]


def test_blocks_are_copies() -> None:
    article = laden_of(IMAGE)
    before = [html.tostring(block) for block in article.blocks]
    blocks(article)
    assert [html.tostring(block) for block in article.blocks] == before


def test_notes_are_told_from_text() -> None:
    article = article_of(body=f'<p id="note-x">甲{TO_ONE}</p><p id="note-1">[1] 注</p><p id="note-2">[2] 又</p>')
    text, notes = text_and_notes(blocks(article))
    assert [block.get("id") for block in text] == ["note-x"]
    assert [block.get("id") for block in notes] == ["note-1", "note-2"]
    assert article.notes == ("[1] 注", "[2] 又")


def test_running_text_has_neither_notes_nor_their_marks_nor_readings() -> None:
    article = Article(
        headline="短讯",
        body=f"<h2>一{TO_ONE}</h2><p>村民<ruby>䶮<rt>yǎn</rt></ruby>先生{TO_ONE}，见<a href='https://a.example/'>公报</a>。</p>"
        f"<ul><li>甲<ul><li>乙{TO_ONE}</li></ul></li></ul><table><tbody><tr><td>丙{TO_ONE}</td></tr></tbody></table>"
        "<blockquote><p>丁</p></blockquote><p id='note-1'>[1] 注<ruby>䶮<rt>yǎn</rt></ruby></p>",
    )
    assert list(article.paragraphs()) == ["一", "村民䶮先生，见公报。", "甲", "乙", "丙", "丁"]
    assert list(article.paragraphs(tables=False)) == ["一", "村民䶮先生，见公报。", "甲", "乙", "丁"]
    assert list(article.paragraphs(marked=True))[:2] == ["一[1]", "村民䶮（yǎn）先生[1]，见公报。"]
    assert article.notes == ("[1] 注䶮（yǎn）",)
    assert article.abstract(100) == "村民䶮先生，见公报。甲 乙 丁"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"credits": (Credit(role="记者\x07", duty=Duty.REPORTER, names=("张三",)),)}, "credits"),
        ({"credits": (Credit(role="记者", duty=Duty.REPORTER, names=("张三", "李\x00四")),)}, "credits"),
        ({"credits": (Credit(role="供稿", duty=Duty.CORRESPONDENT, organisations=("某\x1f办",)),)}, "credits"),
        ({"aigc": Aigc(label=Certainty.IS, producer="某\x0b模型")}, "aigc"),
        ({"images": (IMAGE.model_copy(update={"caption": "架\x0c豆"}),)}, "images"),
        ({"keywords": ("架\x02豆",)}, "keywords"),
    ],
)
def test_a_character_that_cannot_be_shown_is_refused_wherever_it_stands(fields: dict[str, object], field: str) -> None:
    revision = revision_of(article_of().model_copy(update=fields))
    for forbidden in (NOT_XML, NOT_HTML):
        with pytest.raises(Unpublishable) as raised:
            refuse_characters(revision, forbidden)
        assert raised.value.problem.field == field


# -- the label ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("certainty", "words"),
    [
        (Certainty.IS, "人工智能生成"),
        (Certainty.MAY_BE, "可能由人工智能生成"),
        (Certainty.SUSPECTED, "疑似由人工智能生成"),
    ],
)
def test_the_words_say_no_more_than_is_known(certainty: Certainty, words: str) -> None:
    aigc = Aigc(label=certainty)
    assert label.of_text(article_of(aigc=aigc)) == words
    assert bool(label.source_type(aigc)) == (certainty is Certainty.IS)


def test_an_article_is_labelled_for_its_text_a_picture_or_its_banner() -> None:
    one = made(Certainty.IS)
    assert not label.is_labelled(article_of(images=[IMAGE]))
    assert label.is_labelled(article_of(aigc=Aigc(label=Certainty.SUSPECTED)))
    assert label.is_labelled(article_of(images=[one]))
    assert label.of_pictures(article_of(images=[one], banner=one)) == ("图片由人工智能生成",)


def test_what_others_said_of_a_text_is_kept_and_our_part_is_added_once() -> None:
    newsroom, revision = newsroom_of(), revision_of(article_of())
    theirs = Aigc(
        label=Certainty.IS, producer="某模型", produce_id="p-1", reserved1="r1", propagator="甲网", propagate_id="a1",
        reserved2="r2",
    )  # fmt: skip
    said = label.metadata(theirs, revision, newsroom)
    assert said == {
        "Label": "1",
        "ContentProducer": "某模型",
        "ProduceID": "p-1",
        "ReservedCode1": "r1",
        "ContentPropagator": "甲网;武山县融媒体中心",
        "PropagateID": "a1;tag:www.wushan.gov.cn,2020:a1",
        "ReservedCode2": "r2",
    }
    again = theirs.model_copy(update={"propagator": said["ContentPropagator"], "propagate_id": said["PropagateID"]})
    assert label.metadata(again, revision, newsroom) == said


def test_cells_side_by_side_are_not_one_figure() -> None:
    row = "<tr><th>岗位</th><td>30</td><td>3200—4000</td></tr>"
    article = article_of("招聘", body=f"<table>{row}</table><p>一段。</p>")
    assert list(article.paragraphs()) == ["岗位 30 3200—4000", "一段。"]
