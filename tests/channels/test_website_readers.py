"""What readers of the website meet: headlines, tables, the lead, what is related, the site map, links."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html

from channels.website import Website, leading
from channels.website.phrases import broken, marked, words
from channels.website.rules import PageKind, problems
from pipeline.article import Column, Deed, Outlet, Revision
from pipeline.article.searching import Part
from pipeline.channel import Setting
from pipeline.testing import NOON, MemoryNotebook, Rehearsal, article_of, newsroom_of, opening_of, picture, revision_of
from tests.channels.test_website import texts

LINKS = [{"name": "政务公开", "links": [{"name": "公开指南", "url": "https://www.qinghe.gov.cn/zfxxgk/"}]}]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Rehearsal]:
    def opened(**options: Any) -> Rehearsal:
        outlets = (
            Outlet(id="website", kind="website", name="县政府网站", options=options),
            Outlet(id="feeds", kind="feeds", name="订阅"),
        )
        return Rehearsal(
            Website(
                Setting(notebook=MemoryNotebook(), outlet=outlets[0], newsroom=newsroom_of(*outlets), data=tmp_path)
            )
        )

    return opened


def article(n: int, version: int = 1, **fields: Any) -> Revision:
    made = article_of(fields.pop("headline", f"第{n}条消息"), **fields)
    return revision_of(made, version, id=f"a{n}", at=NOON + timedelta(minutes=n))


def publish(rehearsal: Rehearsal, *revisions: Revision) -> None:
    for revision in revisions:
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))


def page_of(root: Path, path: str) -> Any:
    return html.document_fromstring((root / path).read_bytes().decode())


# -- headlines and tables --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("扎实推进“四个不摘”", ["扎实", "推进", "“四个", "不摘”"]),
        ("2026年第3站：共5.2万亩", ["2026年", "第3站：", "共", "5.2万亩"]),
        ("《乡村振兴看武山》今日开栏", ["《乡村振兴看武山》", "今日", "开栏"]),
        ("GDP and WTO", ["GDP and WTO"]),
    ],
)
def test_a_headline_is_broken_between_words_only(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_headline_goes_to_a_new_line_at_its_space() -> None:
    """保险阀 was once broken in the middle, though there is a space two characters before it."""
    shown = broken("冬季取暖用气安全提示 保险阀要装好")
    parts = html.fragment_fromstring(shown, create_parent=True)
    assert [part.text_content() for part in parts.iter("span")] == ["冬季取暖用气安全提示", "保险阀要装好"]
    assert parts.text_content() == "冬季取暖用气安全提示 保险阀要装好"
    assert "<span>" not in broken("图解 政府工作报告")
    assert broken("A<b>&") == "A&lt;b&gt;&amp;"


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ("武山[架豆]鲜嫩上市 小豆荚", "武山<wbr><mark>架豆</mark><wbr>鲜嫩<wbr>上市 小<wbr>豆荚"),
        ("坚持“四个[不摘]”", "坚持<wbr>“四个<wbr><mark>不摘</mark>”"),
        ("[冬季取暖]", "<mark>冬季<wbr>取暖</mark>"),
        ("A<b>[&]", "A&lt;b&gt;<mark>&amp;</mark>"),
        ("", ""),
    ],
)
def test_what_was_found_of_a_headline_is_broken_between_words_too(parts: str, shown: str) -> None:
    found = [Part(one.strip("[]"), one.startswith("[")) for one in re.split(r"(\[.*?\])", parts) if one]
    assert marked(found) == shown


def test_long_cells_of_a_table_are_told(opened: Callable[..., Rehearsal], root: Path) -> None:
    note = "受前期低温影响，部分地块播种推迟"
    body = f"<table><tbody><tr><th>面积（亩）</th><td>52,000</td><td>{note}</td></tr></tbody></table>"
    publish(opened(), article(1, body=body, images=[]))
    document = page_of(root, "2026/11/a1.html")
    assert document.xpath("//*[@class='long']/text()") == [note]
    assert document.xpath("//div[@class='scroll'][@tabindex='0']/table")


def test_a_caption_is_not_read_twice(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened()
    (said, one), (other, two) = picture("#2f6f4f", caption="架豆丰收"), picture("#802020", caption="采摘现场")
    other = other.model_copy(update={"alt": "两名农民在采摘架豆"})
    rehearsal.media.update({said.digest: one, other.digest: two})
    publish(rehearsal, article(1, images=[said, other]))
    found = page_of(root, "2026/11/a1.html").xpath("//article//img/@alt")
    assert found == ["", "两名农民在采摘架豆"]


# -- what is related ---------------------------------------------------------------------------------------


def test_what_has_nothing_in_common_is_not_called_related(opened: Callable[..., Rehearsal], root: Path) -> None:
    """Under a notice about insurance there once stood a training for farmers, as related to it."""
    publish(
        opened(),
        article(1, keywords=("培训", "武山县")),
        article(2, keywords=("医保", "武山县")),
        article(3, keywords=("培训", "武山县")),
        article(4, keywords=("道路", "武山县")),
        article(5, keywords=("医保", "武山县")),
        article(6, keywords=("社保", "武山县")),
    )

    def below(path: str) -> tuple[str, list[str]]:
        document = page_of(root, path)
        return document.xpath("string(//h2[@id='related'])"), texts(document, "//section[@class='related']//a")

    assert below("2026/11/a5.html") == ("相关稿件", ["第2条消息"])
    assert below("2026/11/a6.html")[0] == "同栏目稿件"


# -- the home page -----------------------------------------------------------------------------------------


def lead_of(root: Path) -> str:
    return str(page_of(root, "index.html").xpath("string(//section[@class='lead']//h2)"))


def until(minutes: int) -> str:
    return f"{(NOON + timedelta(minutes=minutes)).astimezone(newsroom_of().zone):%Y-%m-%d %H:%M}"


def test_notices_about_columns_are_no_news(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened()
    column = Column(id="xczx", name="乡村振兴", description="进展", keywords=("乡村",))
    publish(rehearsal, revision_of(opening_of(column), id="a1", at=NOON))
    assert lead_of(root) == "《乡村振兴》今日开栏"  # there is nothing else
    publish(rehearsal, article(2), article(3))
    renamed = opening_of(column.renamed("振兴", "zx"), Deed.RENAME)
    publish(rehearsal, revision_of(renamed, id="a4", at=NOON + timedelta(hours=1)))
    document = page_of(root, "index.html")
    assert lead_of(root) == "第3条消息"
    assert texts(document, "//section[@class='latest']//a") == ["第2条消息"]


def test_a_manuscript_makes_its_article_lead_until_then(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened()
    publish(rehearsal, article(1, lead=until(10)), article(2), article(3))
    assert lead_of(root) == "第1条消息"
    assert "第1条消息" not in texts(page_of(root, "index.html"), "//section[@class='latest']//a")
    publish(rehearsal, article(11))
    assert lead_of(root) == "第11条消息"


def test_an_editor_pins_and_unpins(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened()
    publish(rehearsal, article(1), article(2, lead=until(600)), article(3))

    def pin(id: str, until: datetime | None, minutes: int) -> None:
        entry = rehearsal.catalogue.entry(id)
        assert entry is not None
        rehearsal.channel.pin(entry, until, rehearsal.catalogue, by="编辑丙", at=NOON + timedelta(minutes=minutes))

    assert lead_of(root) == "第2条消息"
    pin("a1", NOON + timedelta(hours=5), 4)
    assert lead_of(root) == "第1条消息"
    publish(rehearsal, article(5))
    assert lead_of(root) == "第1条消息"
    pin("a1", None, 6)
    assert lead_of(root) == "第2条消息"
    pin("a2", None, 7)
    assert lead_of(root) == "第5条消息"
    publish(rehearsal, article(2, 2, lead=""))  # what the editor said holds
    assert lead_of(root) == "第5条消息"
    assert [one.article for one in leading.read(rehearsal.channel.setting.notebook).decisions] == ["a2", "a1"]


def test_a_correction_without_the_line_leads_no_longer(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened()
    publish(rehearsal, article(1, lead=until(6000)), article(2))
    publish(rehearsal, article(1, 2))
    assert lead_of(root) == "第2条消息"


def test_a_withdrawn_article_leads_nothing(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened()
    publish(rehearsal, article(1, lead=until(6000)), article(2))
    rehearsal.withdraw(article(1, lead=until(6000)))
    assert lead_of(root) == "第2条消息"


# -- beside the articles -----------------------------------------------------------------------------------


def test_people_get_a_site_map_and_machines_theirs(opened: Callable[..., Rehearsal], root: Path) -> None:
    publish(opened(links=LINKS), article(1))
    document = page_of(root, "map.html")
    base = "http://127.0.0.1:8000"
    hrefs = document.xpath("//main//a/@href")
    assert {"/", "/yaowen/", "/tuopin/", "/subscribe.html", "/sitemap.xml", LINKS[0]["links"][0]["url"]} <= {*hrefs}
    assert "/map.html" in page_of(root, "index.html").xpath("//footer//a[text()='网站地图']/@href")
    places = etree.parse(root / "sitemaps/site.xml").xpath("//*[local-name()='loc']/text()")
    assert {f"{base}/", f"{base}/yaowen/", f"{base}/columns.html", f"{base}/map.html"} <= {*places}
    index = etree.parse(root / "sitemap.xml").xpath("//*[local-name()='loc']/text()")
    assert f"{base}/sitemaps/site.xml" in index


@pytest.mark.parametrize("path", ["columns.html", "subscribe.html", "map.html", "index.html", "yaowen/index.html"])
def test_every_page_of_lists_has_the_tags_of_columns(opened: Callable[..., Rehearsal], root: Path, path: str) -> None:
    publish(opened(links=LINKS, search="/search", feedback="/feedback"), article(1))
    assert problems((root / path).read_bytes(), PageKind.COLUMN) == []


def test_search_and_feedback_are_offered_where_they_are(opened: Callable[..., Rehearsal], root: Path) -> None:
    publish(opened(search="/search", feedback="/feedback", links=LINKS), article(1))
    document = page_of(root, "2026/11/a1.html")
    assert document.xpath("//header//form[@role='search'][@action='/search']//input/@name") == ["q"]
    assert document.xpath("//main//a[contains(., '网站找错')]/@href") == ["/feedback?page=%2F2026%2F11%2Fa1.html"]
    assert "/feedback" in document.xpath("//footer//a/@href")
    assert document.xpath("//footer//nav[@aria-label='政务公开']//a/text()") == ["公开指南"]
    assert problems((root / "2026/11/a1.html").read_bytes(), PageKind.ARTICLE) == []


def test_nothing_is_offered_that_is_not_there(opened: Callable[..., Rehearsal], root: Path) -> None:
    publish(opened(), article(1))
    page = (root / "2026/11/a1.html").read_text()
    assert "/search" not in page
    assert "/feedback" not in page


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("search", "search"),
        ("feedback", "javascript:x()"),
        ("search", "//elsewhere.example"),
        ("links", [{"name": "政务公开"}]),
        ("links", [{"name": "政务公开", "links": [{"name": "甲", "url": "ftp://x"}]}]),
    ],
)
def test_wrong_addresses_are_told_and_lead_nowhere(
    opened: Callable[..., Rehearsal], root: Path, option: str, value: Any
) -> None:
    rehearsal = opened(**{option: value})
    assert [problem.field for problem in rehearsal.channel.check()] == [option]
    publish(rehearsal, article(1))
    assert "javascript:" not in (root / "index.html").read_text()


def test_the_page_has_a_code_to_scan(opened: Callable[..., Rehearsal], root: Path) -> None:
    publish(opened(), article(1))
    (code,) = page_of(root, "2026/11/a1.html").xpath("//*[@class='scan']/*[local-name()='svg']")
    assert code.get("viewbox") or code.get("viewBox")
    assert not code.xpath(".//@style")


def test_a_rebuild_has_the_same_lead(opened: Callable[..., Rehearsal], root: Path) -> None:
    rehearsal = opened(search="/search", links=LINKS)
    revisions = [article(1, lead=until(60)), article(2), article(3, lead=until(2))]
    publish(rehearsal, *revisions)
    entry = rehearsal.catalogue.entry("a2")
    assert entry is not None
    rehearsal.channel.pin(
        entry, NOON + timedelta(hours=3), rehearsal.catalogue, by="编辑丙", at=NOON + timedelta(hours=2)
    )
    before = (root / "index.html").read_bytes()
    assert lead_of(root) == "第2条消息"
    deliveries = [rehearsal.delivery(one) for one in revisions]
    assert list(rehearsal.channel.differing(deliveries)) == []
    (root / "index.html").write_bytes(b"")
    list(rehearsal.channel.rebuild(deliveries))
    assert (root / "index.html").read_bytes() == before
