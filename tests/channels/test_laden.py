"""What a record holds beside its text, channel by channel: people, notes, readings, labels of AI-made content.

That every kind shows it, and finds it missing, is in the contract; here stands what is each one's own form.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pytest
from lxml import etree, html

from channels.app import App
from channels.feeds import Feeds
from channels.tv import Television, documents
from channels.tv.script import Kind, Script
from channels.website import Website
from channels.website.rules import PageKind, problems
from channels.wechat import Wechat
from pipeline.article import Article, House, Image, Outlet
from pipeline.article.credit import Aigc, Certainty, Credit, Duty
from pipeline.channel import Channel, Delivery, Setting, Standing
from pipeline.testing import (
    LABELS,
    MemoryNotebook,
    Rehearsal,
    article_of,
    laden_of,
    newsroom_of,
    picture,
    revision_of,
)
from tests.channels.test_feeds import faults
from tests.channels.test_tv_script import script_of
from tests.channels.test_wechat import RICH, content_faults, rendered

KINDS: dict[str, type[Channel]] = {
    "website": Website, "feeds": Feeds, "app": App, "tv": Television, "wechat": Wechat,
}  # fmt: skip
MARK = '<sup><a href="#note-{0}">[{0}]</a></sup>'.format
IS, MAY_BE, SUSPECTED = (Aigc(label=certainty) for certainty in Certainty)
PLAIN, SPACED = House(), House(spaced_names=True)
IMAGE, DATA = picture("#5a6f2f", caption="架豆装车")
PATHS = {"website": "2026/11/a1.html", "feeds": "rss.xml", "app": "api/articles/a1.json", "tv": "2026-11-24/a1.html"}


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[..., Rehearsal]:
    """A kind's rehearsal, with the picture of `laden_of` there."""

    def make(kind: str, *, house: House = PLAIN, **options: Any) -> Rehearsal:
        outlet = Outlet(id=kind, kind=kind, name="武山融媒", options=options)
        newsroom = newsroom_of(outlet).model_copy(update={"house": house})
        rehearsal = Rehearsal(
            KINDS[kind](Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=tmp_path))
        )
        rehearsal.media[IMAGE.digest] = DATA
        return rehearsal

    return make


def laden(**fields: Any) -> Article:
    return laden_of(IMAGE).model_copy(update=fields)


def published(rehearsal: Rehearsal, article: Article) -> str:
    """The file that the public gets."""
    rehearsal.publish(revision_of(article))
    kind = rehearsal.channel.kind
    data = rehearsal.channel.files.read(PATHS[kind])  # type: ignore[attr-defined]
    assert data is not None
    return str(data.decode())


def credit(role: str, duty: Duty, *names: str, offices: tuple[str, ...] = ()) -> Credit:
    return Credit(role=role, duty=duty, names=names, organisations=offices)


# -- the house's names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PATHS)
def test_names_are_spaced_where_people_read_them_and_nowhere_else(rehearse: Any, kind: str) -> None:
    document = published(rehearse(kind, house=SPACED), laden())
    if kind == "app":  # it is the client that prints them
        assert "张　三" not in document
        return
    assert "张　三、欧阳四" in document
    assert "冯　三" in document
    assert "岞山镇党政办" in document
    match kind:
        case "website":
            head, _, _ = document.partition("<body>")
            assert '<meta name="Author" content="张三,欧阳四,李五,岞山镇党政办">' in head
            assert "　" not in head
        case "feeds":
            (item,) = etree.fromstring(document.encode()).iter("item")
            names = [one.text for one in item.iter("{http://purl.org/dc/elements/1.1/}creator")]
            assert names == ["张三", "欧阳四", "李五", "岞山镇党政办"]


def test_the_apps_client_knows_how_the_house_prints() -> None:
    from channels.app.client import client_files  # noqa: PLC0415 - only here

    def script(house: House) -> str:
        files = client_files(newsroom_of().model_copy(update={"house": house}), "新武山APP")
        return next(data.decode() for path, data in files.items() if path.startswith("app."))

    assert "SPACED_NAMES = true" in script(SPACED)
    assert "SPACED_NAMES = false" in script(PLAIN)


# -- the website -------------------------------------------------------------------------------------------


def structured(page: Any) -> dict[str, Any]:
    (script,) = page.xpath("//script[@type='application/ld+json']")
    return dict(json.loads(script.text))


def test_people_stand_where_a_page_has_them(rehearse: Any) -> None:
    page = html.document_fromstring(published(rehearse("website"), laden()))
    above = [item.text_content() for item in page.find_class("facts")[0]][2:]
    assert above == ["记者：张三、欧阳四", "通讯员：李五、岞山镇党政办", "航拍：王六", "配音：赵七"]
    below = [item.text_content() for item in page.xpath("//footer[@class='credits']//li")]
    assert below == ["责编：钱八", "校对：孙九", "一审：周十", "二审：吴一", "三审：郑二", "签发：冯三", "总监制：陈四"]
    authors = [(author["@type"], author["name"]) for author in structured(page)["author"]]
    assert authors == [
        ("Person", "张三"), ("Person", "欧阳四"), ("Person", "李五"), ("Organization", "岞山镇党政办"),
    ]  # fmt: skip


def test_a_government_site_names_the_editor_in_its_own_word(rehearse: Any) -> None:
    assert "<li>责任编辑：张三</li>" in published(rehearse("website"), article_of(editors=("张三",)))


def test_a_mark_leads_to_its_note_and_the_note_back(rehearse: Any) -> None:
    body = (
        f"<p>甲{MARK(1)}，乙{MARK(2)}。</p><ul><li>丙{MARK(1)}</li></ul><table><tbody><tr><td>{MARK(3)}</td></tr></tbody>"
        '</table><p id="note-1">[1] 一</p><p id="note-2">[2] <a href="https://a.example/">二</a></p>'
        '<p id="note-3">[3] 三</p><p id="note-4">[4] 无人提及</p>'
    )
    page = html.document_fromstring(published(rehearse("website"), article_of(body=body)))
    marks = page.xpath("//div[@class='text']//sup/a")
    assert [(one.get("href"), one.get("id")) for one in marks] == [
        ("#note-1", "mark-1"), ("#note-2", "mark-2"), ("#note-1", None), ("#note-3", "mark-3"),
    ]  # fmt: skip
    notes = page.xpath("//section[@role='doc-endnotes']/p")
    assert [note.text_content() for note in notes] == ["[1] 一", "[2] 二", "[3] 三", "[4] 无人提及"]
    assert [note.find("a").get("href") for note in notes[:3]] == ["#mark-1", "#mark-2", "#mark-3"]
    assert notes[3].find("a") is None
    there = page.xpath("//@id")
    assert len(there) == len(set(there))
    assert {link[1:] for link in page.xpath("//article//a/@href") if link.startswith("#")} <= set(there)


@pytest.mark.parametrize("aigc", [IS, MAY_BE, SUSPECTED])
def test_programs_are_told_no_more_than_is_known(rehearse: Any, aigc: Aigc) -> None:
    page = html.document_fromstring(published(rehearse("website"), laden(aigc=aigc)))
    (said,) = page.xpath("//meta[@name='AIGC']/@content")
    assert json.loads(said)["Label"] == aigc.label
    assert json.loads(said)["ContentPropagator"] == "武山县融媒体中心"
    assert ("digitalSourceType" in structured(page)) == (aigc is IS)
    assert structured(page)["image"][0]["digitalSourceType"].startswith("https://schema.org/")  # the picture's own


def test_a_picture_made_by_a_machine_is_called_so_wherever_a_site_shows_it(rehearse: Any, tmp_path: Path) -> None:
    banner = IMAGE.model_copy(update={"aigc": SUSPECTED, "alt": "栏目"})
    rehearsal = rehearse("website")
    assert published(rehearsal, laden(banner=banner)).count("图片疑似由人工智能生成") == 1
    for listing in ("index.html", "yaowen/index.html"):
        assert (tmp_path / "site" / listing).read_text().count("图片由人工智能生成") == 1
    rehearsal.publish(revision_of(article_of(images=[IMAGE]), id="a2"))
    assert "人工智能" not in (tmp_path / "site/2026/11/a2.html").read_text().partition('<nav class="beside"')[0]


def test_a_page_with_all_of_it_is_what_the_guideline_asks_for(rehearse: Any) -> None:
    page = published(rehearse("website"), laden(banner=IMAGE.model_copy(update={"aigc": IS})))
    assert problems(page.encode(), PageKind.ARTICLE) == []


# -- the feeds ---------------------------------------------------------------------------------------------


def test_a_feeds_mark_leads_to_the_page_and_its_notes_have_no_names(rehearse: Any) -> None:
    (item,) = etree.fromstring(published(rehearse("feeds"), laden()).encode()).iter("item")
    content = html.fragment_fromstring(item.findtext("{*}encoded"), create_parent=True)
    assert content.xpath("//sup/a/@href") == ["http://127.0.0.1:8000/2026/11/a1.html#note-1"]
    assert content.xpath("//@id") == []
    assert [line.text_content() for line in content.findall("p")][-3:] == [
        "[1] 岞山镇在青河县北部。",
        "来源：青河县融媒体中心　记者：张三、欧阳四　通讯员：李五、岞山镇党政办　航拍：王六　配音：赵七",
        "责编：钱八　校对：孙九　一审：周十　二审：吴一　三审：郑二　签发：冯三　总监制：陈四",
    ]


def test_programs_find_the_label_in_every_form_of_a_feed(rehearse: Any, tmp_path: Path) -> None:
    rehearsal = rehearse("feeds")
    (rss,) = etree.fromstring(published(rehearsal, laden()).encode()).iter("item")
    scheme = "http://www.tc260.org.cn/ns/AIGC/1.0/"
    assert [(one.text, one.get("domain")) for one in rss.iter("category")][-1] == ("可能由人工智能生成", scheme)
    (atom,) = etree.parse(tmp_path / "site/feeds/atom.xml").iter("{*}entry")
    assert dict([*atom.iter("{*}category")][-1].attrib) == {
        "term": "2",
        "scheme": scheme,
        "label": "可能由人工智能生成",
    }
    (item,) = json.loads((tmp_path / "site/feeds/feed.json").read_text())["items"]
    assert (item["_aigc"]["Label"], item["_aigc"]["words"]) == ("2", "可能由人工智能生成")
    assert item["attachments"][0]["title"] == "图片由人工智能生成"
    assert "可能由人工智能生成" not in item["tags"]
    rehearsal.publish(revision_of(article_of(images=[IMAGE]), id="a2"))
    plain, _ = json.loads((tmp_path / "site/feeds/feed.json").read_text())["items"]
    assert not {"_aigc"} & plain.keys()
    assert "title" not in plain["attachments"][0]


def test_a_feed_with_all_of_it_is_valid(rehearse: Any, tmp_path: Path) -> None:
    published(rehearse("feeds"), laden(banner=IMAGE.model_copy(update={"aigc": IS})))
    there = {path.name: path.read_bytes() for path in (tmp_path / "site/feeds").glob("*.*") if path.suffix != ".opml"}
    assert {name: faults(name, data) for name, data in there.items() if name != "opml.xml"} == {
        name: [] for name in ("rss.xml", "atom.xml", "feed.json")
    }


# -- the app -----------------------------------------------------------------------------------------------


def test_the_apps_document_has_everybody_in_ninjs_terms_and_as_printed(rehearse: Any) -> None:
    envelope = json.loads(published(rehearse("app"), laden()))
    article = envelope["article"]
    assert article["by"] == "记者 张三、欧阳四　通讯员 李五、岞山镇党政办"
    roles = {one["name"]: one["role"] for one in article["infoSources"]}
    assert (roles["李五"], roles["赵七"], roles["陈四"]) == ("correspondent", "producer", "supervisor")
    assert [(one["name"], one["rel"]) for one in article["organisations"]] == [
        ("武山县融媒体中心", "publisher"), ("岞山镇党政办", "correspondent"),
    ]  # fmt: skip
    printed = [(one["role"], one["group"], *one["names"], *one["organisations"]) for one in envelope["credits"]]
    assert printed[1] == ("通讯员", "byline", "李五", "岞山镇党政办")
    assert [role for role, *_ in printed][-3:] == ["三审", "签发", "总监制"]


def test_the_apps_label_is_a_field_and_ninjs_says_what_it_can(rehearse: Any) -> None:
    envelope = json.loads(published(rehearse("app"), laden()))
    assert envelope["aigc"] == {"label": "2", "text": "可能由人工智能生成"}
    assert envelope["images"][0]["aigc"] == {"label": "1", "text": "图片由人工智能生成"}
    assert envelope["article"]["digitalSourceType"] == {"name": "可能由人工智能生成"}  # possible is not known
    (shown,) = envelope["article"]["associations"]
    assert shown["digitalSourceType"]["uri"].endswith("/trainedAlgorithmicMedia")


def test_the_apps_notes_stay_within_the_article(rehearse: Any) -> None:
    body = f'<p>甲{MARK(1)}<a href="/x">乙</a></p><p id="note-1">[1] 注</p>'
    (main,) = json.loads(published(rehearse("app"), article_of(body=body)))["article"]["bodies"]
    tree = html.fragment_fromstring(main["value"], create_parent=True)
    assert tree.xpath("//a/@href") == ["#note-1", "http://127.0.0.1:8000/x"]
    assert tree.xpath("//p/@id") == ["note-1"]
    assert main["charCount"] == 2


# -- WeChat ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("credits", "author"),
    [
        ((credit("实习记者", Duty.REPORTER, "张三"), credit("通讯员", Duty.CORRESPONDENT, "李四")), "张三"),
        ((credit("通讯员", Duty.CORRESPONDENT, "李四"), credit("作者", Duty.AUTHOR, "王五", "赵六")), "王五、赵六"),
        ((credit("通讯员", Duty.CORRESPONDENT, "李四", "王五"),), "通讯员 李四、王五"),
        ((credit("供稿", Duty.CORRESPONDENT, offices=("洛门镇党政办",)),), "供稿 洛门镇党政办"),
        ((credit("通讯员", Duty.CORRESPONDENT, *(f"姓名{n}" for n in "甲乙丙丁")),), "通讯员 姓名甲、姓名乙、姓名丙等"),
        ((credit("特约通讯员", Duty.CORRESPONDENT, "一个长得怎么也放不下的名字"),), "新华社"),
        ((credit("编辑", Duty.EDITOR, "张三"), credit("摄影", Duty.PHOTOGRAPHER, "李四")), "新华社"),
    ],
)
def test_wechats_author_is_called_what_he_is(credits: tuple[Credit, ...], author: str) -> None:
    assert rendered(revision_of(laden(credits=credits, source="新华社")))["author"] == author
    assert len(author) <= 16


def test_notes_and_links_have_one_numbering() -> None:
    body = (
        f'<p>甲{MARK(1)}<a href="https://a.example/">乙</a>丙{MARK(2)}<a href="https://b.example/">丁</a></p>'
        '<p id="note-1">[1] 注一</p><p id="note-2">[2] 见<a href="https://a.example/">戊</a>和'
        '<a href="https://c.example/">己</a></p>'
    )
    content = rendered(revision_of(article_of(body=body)))["content"]
    tree = html.fragment_fromstring(content)
    assert tree.xpath("//@id | //a") == []
    text = tree.text_content()
    assert "甲[1]乙[3]丙[2]丁[4]" in text
    assert "注释[1] 注一[2] 见戊[3]和己[5]" in text
    assert "[3] https://a.example/[4] https://b.example/[5] https://c.example/" in text
    assert list(content_faults(content)) == []


def test_without_notes_links_are_numbered_from_one() -> None:
    text = html.fragment_fromstring(rendered(revision_of(article_of(body=RICH)))["content"]).text_content()
    assert "[1] https://example.org/?a=1&b=2" in text
    assert "注释" not in text


@pytest.mark.parametrize("aigc", [IS, MAY_BE, SUSPECTED])
def test_wechat_shows_readings_labels_and_credits_as_it_can(aigc: Aigc) -> None:
    content = rendered(revision_of(laden(aigc=aigc, banner=IMAGE.model_copy(update={"aigc": aigc}))))["content"]
    assert list(content_faults(content)) == []
    lines = [line.text_content() for line in html.fragment_fromstring(content).iter("p")]
    assert "日前，青河县岞（zuò）山镇[1]的架豆喜获丰收。" in lines
    assert "架豆装车　图片由人工智能生成" in lines
    assert [line for line in lines if line.startswith(("记者", "航拍", "责编", "一审", "签发"))] == [
        "记者：张三、欧阳四　通讯员：李五、岞山镇党政办", "航拍：王六　配音：赵七", "责编：钱八　校对：孙九",
        "一审：周十　二审：吴一　三审：郑二", "签发：冯三　总监制：陈四",
    ]  # fmt: skip


# -- TV ----------------------------------------------------------------------------------------------------


def speech(*paragraphs: str, **fields: Any) -> Script:
    return script_of(article_of(body="".join(f"<p>{one}</p>" for one in paragraphs), **fields))


def test_the_anchor_sees_how_a_character_is_read_and_nobody_counts_it() -> None:
    said = "日前，青河县<ruby>岞<rt>zuò</rt></ruby>山镇的架豆喜获丰收，惠及2户。"
    with_reading, without = speech(said), speech(said.replace("<ruby>岞<rt>zuò</rt></ruby>", "岞"))
    (cue,), (bare,) = with_reading.cues, without.cues
    assert cue.text == bare.text
    assert cue.spoken == "日前，青河县岞（zuò）山镇的架豆喜获丰收，惠及两户。"
    assert cue.seconds == bare.seconds
    assert cue.readings == (("2户", "两户"), ("岞", "zuò"))
    assert bare.readings == (("2户", "两户"),)
    assert "岞（zuò）山镇" in documents.text([with_reading]).decode()


def test_a_reading_stays_with_its_clause_wherever_that_goes() -> None:
    script = script_of(
        article_of(
            body="<p>本报讯（记者 张三）这一天，<ruby>行<rt>háng</rt></ruby>长来到岞山镇，同行的还有乡亲们。"
            + "这里的架豆连年丰收，家家户户都在忙着采摘装车，一派热闹的景象，路上的车辆来来往往，十分红火。" * 2
            + "</p><ul><li>一<ruby>行<rt>xíng</rt></ruby>人走访了农户"
            "<ul><li>又看了<ruby>垴<rt>nǎo</rt></ruby>上</li></ul></li></ul>"
            "<blockquote><p>引文</p></blockquote><p>“<ruby>䶮<rt>yǎn</rt></ruby>先生家收成好。”种植户张三说。</p>",
            reporters=(),
        )
    )
    spoken = {cue.text: cue.spoken for cue in script.cues}
    lead = script.cues[0].spoken
    assert "行（háng）长来到岞山镇" in lead
    assert "同行的还有" in lead  # the same character, without a reading there
    assert spoken["一行人走访了农户。又看了垴上。"] == "一行（xíng）人走访了农户。又看了垴（nǎo）上。"
    (bite,) = script.bites
    assert (bite.text, bite.spoken) == ("䶮先生家收成好。", "䶮（yǎn）先生家收成好。")
    assert not any("（" in name.name for name in script.straps)


def test_a_reading_reaches_the_editors_own_parts() -> None:
    script = speech(
        "导语：青河县<ruby>岞<rt>zuò</rt></ruby>山镇的架豆喜获丰收。",
        "解说：<ruby>岞<rt>zuò</rt></ruby>山镇有5.2万亩。",
    )
    assert [cue.spoken for cue in script.cues] == ["青河县岞（zuò）山镇的架豆喜获丰收。", "岞（zuò）山镇有五点二万亩。"]


def test_notes_are_for_the_editor_and_nobody_reads_them() -> None:
    script = speech(f"惠及122705人{MARK(1)}。", f"又惠及2户{MARK(2)}。")
    assert "[" not in "".join(cue.text + cue.spoken for cue in script.cues)
    noted = script_of(laden())
    assert noted.notes == ("[1] 岞山镇在青河县北部。",)
    assert noted.full_text[0] == "日前，青河县岞（zuò）山镇[1]的架豆喜获丰收。"
    assert not any("北部" in cue.spoken for cue in noted.cues)
    page = html.document_fromstring(documents.page(noted, "d").decode()).text_content()
    assert "注释（不播读）" in page
    assert "[1] 岞山镇在青河县北部。" in "\n".join(
        one.text for one in docx.Document(io.BytesIO(documents.docx(noted))).paragraphs
    )


def test_everybody_has_a_place_on_the_form() -> None:
    told = {
        name.replace("　", "").replace(" ", ""): value
        for row in documents.head(script_of(laden()))
        for name, value in row
    }
    assert told["记者"] == "张三　欧阳四"
    assert told["通讯员"] == "李五　岞山镇党政办"
    assert (told["摄像"], told["配音"], told["编辑"]) == ("航拍：王六", "赵七", "责编：钱八")
    assert (told["校对"], told["总监制"]) == ("孙九", "陈四")
    assert told["审核"] == "一审：周十　二审：吴一　三审：郑二　（签字）"
    assert told["签发"] == "冯三　（签字）"


def test_a_form_without_others_looks_as_before() -> None:
    script = script_of(article_of())
    assert len(documents.head(script)) == 7
    assert not {"others", "label", "picture_labels", "notes", "marked"} & set(json.loads(script.canonical()))


def test_the_screen_is_told_what_a_machine_has_made_and_for_how_long() -> None:
    script = script_of(laden())
    (name, lines), *_ = documents.captions(script)
    assert (name, lines) == ("内容标识", ["可能由人工智能生成（全程字幕）", "图片由人工智能生成（该画面出现时字幕）"])
    assert documents.head(script)[3] == [("内容标识", "　".join(lines))]
    assert set(lines) <= set(documents.played(script))  # the device gets them too
    assert all(words in "".join(one.text for one in _cells(documents.docx(script))) for words in LABELS)


def _cells(data: bytes) -> list[Any]:
    return [cell for table in docx.Document(io.BytesIO(data)).tables for row in table.rows for cell in row.cells]


@pytest.mark.parametrize(("caption", "alt", "shown"), [
    ("架豆装车", "示意图", "图片：架豆装车（图片疑似由人工智能生成）"),
    ("", "示意图", "图片：示意图（图片疑似由人工智能生成）"),
    ("", "", "图片疑似由人工智能生成"),
])  # fmt: skip
def test_a_suggested_picture_is_marked(caption: str, alt: str, shown: str) -> None:
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    body = (
        f'<p>{"甲" * 70}。</p><p>乙乙乙乙乙。</p><figure><img src="image:{IMAGE.digest}" alt="{alt}"/>{below}</figure>'
    )
    made: Image = IMAGE.model_copy(update={"aigc": SUSPECTED})
    script = script_of(article_of(body=body).model_copy(update={"images": (made,)}))
    segment = next(cue for cue in script.cues if cue.kind is Kind.SEGMENT)
    assert segment.picture.splitlines()[0] == shown


# -- what a person has to do at WeChat: see test_wechat for the modes ----------------------------------------


def test_the_payload_says_what_has_to_be_declared_by_hand(rehearse: Any) -> None:
    rehearsal = rehearse("wechat")
    labelled = rehearsal.publish(revision_of(laden()))
    plain = rehearsal.publish(revision_of(article_of(), id="a2"))
    assert "创作来源" in _note(labelled)
    assert "创作来源" not in _note(plain)
    assert labelled.receipt is not None
    assert plain.receipt is not None
    assert labelled.receipt.standing is plain.receipt.standing is Standing.LIVE


def _note(delivery: Delivery) -> str:
    return str(delivery.receipt.note) if delivery.receipt else ""
