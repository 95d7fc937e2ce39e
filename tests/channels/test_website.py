"""The `website` kind: the contract, the guideline's rules, lists, corrections and withdrawals, cost, simultaneity."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import http.client
import json
import os
import random
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from channels.body import NOT_HTML
from channels.feeds import Feeds
from channels.storage import UNFINISHED
from channels.website import Website
from channels.website.channel import MARK
from channels.website.frame import Frame
from channels.website.lists import PAGE, RELATED
from channels.website.page import core, core_of, with_around
from channels.website.rules import PageKind, problems
from pipeline.article import Announcement, Article, Column, Deed, Outlet, Revision, addresses
from pipeline.channel import Action, Delivery, Setting, Standing, Unavailable, Unpublishable
from pipeline.manuscript import read
from pipeline.testing import (
    NOON,
    ChannelContract,
    MemoryNotebook,
    Rehearsal,
    article_of,
    newsroom_of,
    opening_of,
    picture,
    revision_of,
)
from pipeline.web.inside import Inside
from pipeline.web.site import site
from tests.channels.public_tree import PublicTree
from tests.standins.disk import disk_full

GOLDEN = Path(__file__).parent / "golden" / "website"
EXAMPLES = Path(__file__).parents[2] / "examples"
COLUMNS = ("yaowen", "tuopin", "xiangzhen")
MAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "n": "http://www.google.com/schemas/sitemap-news/0.9"}


class WebsiteContract(PublicTree, ChannelContract):
    """What people read on an article's page, for the contract."""

    def refusing(self, rehearsal: Rehearsal, after: int) -> contextlib.AbstractContextManager[None]:
        return disk_full(after)

    def fetch(self, rehearsal: Rehearsal, address: str) -> bytes | None:
        return website_of(rehearsal).files.read(path_of(address, rehearsal.newsroom.site.url))

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        alter(rehearsal, rehearsal.channel.newsroom.path(revision), words, "")

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        page = website_of(rehearsal).files.read(rehearsal.channel.newsroom.path(revision))
        assert page is not None
        (paper,) = html.fromstring(page).xpath("//article")
        return html.tostring(paper, encoding="unicode")


class TestWebsite(WebsiteContract):
    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Website:
        return Website(rehearsal_setting("website", name="县政府网站", root=str(tmp_path / "site")))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, rehearsal.channel.newsroom.path(revision), "5.2万亩", "9.9万亩")


class TestWebsiteReadBackOverHttp(WebsiteContract):
    """The same with `verify = "http"`, served as the public is served."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Iterator[Website]:
        with serving(tmp_path / "site") as url:
            root, staging = str(tmp_path / "site"), str(tmp_path / "staging")
            setting = rehearsal_setting("website", root=root, staging=staging, verify="http")
            yield Website(dataclasses.replace(setting, newsroom=newsroom_of(setting.outlet, url=url)))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, rehearsal.channel.newsroom.path(revision), "武山架豆", "天水架豆")


# -- what the tests share ------------------------------------------------------------------------------


@contextlib.contextmanager
def serving(root: Path, inside: Inside | None = None) -> Iterator[str]:
    """The project's own public server on loopback while the block runs; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = site(root, inside=inside)
    server = uvicorn.Server(uvicorn.Config(app, access_log=False, log_config=None, lifespan="off", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def website_of(rehearsal: Rehearsal) -> Website:
    assert isinstance(rehearsal.channel, Website)
    return rehearsal.channel


def frame_of(rehearsal: Rehearsal) -> Frame:
    return website_of(rehearsal).frame(rehearsal.channel.newsroom)


def alter(rehearsal: Rehearsal, path: str, old: str, new: str) -> None:
    files = website_of(rehearsal).files
    before = files.read(path)
    assert before is not None
    assert old.encode() in before
    files.write(path, before.replace(old.encode(), new.encode(), 1))


@pytest.fixture
def setting(tmp_path: Path) -> Callable[..., Setting]:
    def make(**options: Any) -> Setting:
        outlets = (
            Outlet(id="website", kind="website", name="县政府网站", options={"root": "site", **options}),
            Outlet(id="feeds", kind="feeds", name="订阅"),
        )
        return Setting(notebook=MemoryNotebook(), outlet=outlets[0], newsroom=newsroom_of(*outlets), data=tmp_path)

    return make


@pytest.fixture
def rehearsal(setting: Callable[..., Setting]) -> Rehearsal:
    return Rehearsal(Website(setting()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "site"


def article(n: int, version: int = 1, *, column: str = "yaowen", note: str = "", **fields: Any) -> Revision:
    content = article_of(fields.pop("headline", f"第{n}条消息"), column=column, **fields)
    return revision_of(content, version, id=f"a{n}", at=NOON + timedelta(minutes=n), note=note)


def with_picture(rehearsal: Rehearsal, n: int, version: int = 1, *, colour: str = "", **fields: Any) -> Revision:
    image, data = picture(colour or f"#2f6f{n:02x}", (600, 400), caption="架豆丰收")
    rehearsal.media[image.digest] = data
    return article(n, version, images=[image], **fields)


def publish(rehearsal: Rehearsal, *revisions: Revision) -> None:
    for revision in revisions:
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def headlines(page: bytes) -> list[str]:
    return texts(html.document_fromstring(page.decode()), "//ol[@class='cards']//h2/a")


def texts(document: Any, path: str) -> list[str]:
    """What readers read of these elements, however their lines may be broken."""
    return [one.text_content() for one in document.xpath(path)]


def kind_of(path: str, page: bytes) -> PageKind:
    if path in ("404.html", "columns.html", "subscribe.html") or addresses.is_beside(path):
        return PageKind.PLAIN
    return PageKind.ARTICLE if re.match(r"\d{4}/", path) else PageKind.COLUMN


def links(path: str, document: bytes, base: str) -> set[str]:
    """The addresses that a file of the site links to or loads, in full, without the fragment."""
    found: set[str] = set()
    if path.endswith(".html"):
        for element in html.document_fromstring(document.decode()).iter():
            if element.get("rel") == "canonical" or element.tag == "meta":
                continue
            found |= {element.get(name) for name in ("href", "src") if element.get(name)}
            found |= {part.split()[0] for part in (element.get("srcset") or "").split(",") if part}
    elif path.endswith(".xml"):
        found = {loc.text for loc in etree.fromstring(document).iter("{*}loc")}
    return {urljoin(f"{base}/{path}", link).partition("#")[0] for link in found}


def path_of(address: str, base: str) -> str:
    """The file that an address of the site means."""
    path = unquote(urlsplit(address.removeprefix(base)).path).removeprefix("/")
    return f"{path}index.html" if not path or path.endswith("/") else path


def is_told_of(root: Path, target: str) -> bool:
    """Whether a column's page that is not there has moved, or is told to be no more."""
    if re.match(r"\d{4}/", target):
        return False
    led = addresses.leads(moves(root), target) if (root / addresses.LISTING).exists() else ""
    place = os.path.normpath(f"{os.path.dirname(target)}/{led}")
    moved = bool(led) and (root / addresses.beside(target, "moved")).is_file() and (root / place).is_file()
    return moved or (root / addresses.beside(target, "gone")).is_file()


def dead_links(root: Path, base: str) -> set[tuple[str, str]]:
    """(page, link) of all that leads nowhere, found from the first page and the files for machines on."""
    seen, todo, dead = set[str](), ["index.html", "404.html", "robots.txt", "sitemap.xml", "sitemap-news.xml"], set()
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        seen.add(path)
        for link in links(path, (root / path).read_bytes(), base):
            if not link.startswith(f"{base}/"):
                continue
            target = path_of(link, base)
            if (root / target).is_file():
                todo.append(target)
            elif not is_told_of(root, target):
                dead.add((path, link))
    unreached = {path for path in tree(root) if re.fullmatch(r"\d{4}/\d\d/a\d+\.html", path)} - seen
    return dead | {(path, "no link leads here") for path in unreached}


def notice_of(root: Path, path: str) -> bytes:
    """What is told in the place of a file that is there no more."""
    assert not (root / path).exists()
    return (root / addresses.beside(path, "gone")).read_bytes()


def moves(root: Path) -> dict[str, str]:
    return addresses.read((root / addresses.LISTING).read_bytes())


def varied(rehearsal: Rehearsal, count: int = 26) -> list[Revision]:
    """A site with pictures in several columns, a correction and a withdrawal; the revisions as published."""
    revisions = [
        (with_picture if n % 5 == 0 else lambda _, n, **fields: article(n, **fields))(
            rehearsal, n, column=COLUMNS[0 if n < 22 else n % 2], keywords=("武山县", f"词{n % 4}")
        )
        for n in range(1, count + 1)
    ]
    publish(rehearsal, *revisions)
    publish(rehearsal, article(3, 2, note="数字有误"))
    rehearsal.withdraw(revisions[6], "数据有误")
    return revisions


# -- the guideline -------------------------------------------------------------------------------------


def test_every_page_obeys_the_guideline(rehearsal: Rehearsal, root: Path) -> None:
    varied(rehearsal)
    pages = {path: page for path, page in tree(root).items() if path.endswith(".html")}
    assert {"index.html", "404.html", "subscribe.html", "yaowen/1.html", "xiangzhen/index.html"} <= set(pages)
    assert {path: found for path, page in pages.items() if (found := problems(page, kind_of(path, page)))} == {}


@pytest.mark.parametrize(
    "example", ["jiadou.md", "renju.md", "chanxiao.md", "qiushou.md", "wushan-sibuzhai.md", "zhaopin.docx"]
)
def test_the_examples_obey_the_guideline(rehearsal: Rehearsal, root: Path, example: str) -> None:
    manuscript = read(EXAMPLES / example)
    rehearsal.media.update(manuscript.media)
    newsroom = rehearsal.channel.newsroom
    column = newsroom.column(manuscript.article.column).id
    revision = revision_of(manuscript.article.model_copy(update={"column": column}))
    delivery = rehearsal.publish(revision)
    page = (root / newsroom.path(revision)).read_bytes()
    assert problems(page, PageKind.ARTICLE) == []
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    (css,) = (root / "assets").glob("*.css")
    assert len(gzip.compress(page, 6)) + len(gzip.compress(css.read_bytes(), 6)) <= 20_000


def test_a_page_with_everything_is_small(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in range(1, 8)))
    publish(rehearsal, with_picture(rehearsal, 8, 1, kicker="引题", subhead="副题", editors_note="按"))
    page, (css,) = (root / "2026/11/a8.html").read_bytes(), (root / "assets").glob("*.css")
    assert len(gzip.compress(page, 6)) + len(gzip.compress(css.read_bytes(), 6)) <= 20_000


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('<meta name="SiteName" content="武山县人民政府">', "", "SiteName"),
        ('name="SiteDomain" content="www.wushan.gov.cn"', 'name="SiteDomain" content="http://wushan"', "SiteDomain"),
        ('content="6205240001"', 'content="620524001"', "SiteIDCode"),
        ('content="6205240001"', 'content="6205240009"', "footer"),
        ('name="ColumnName"', 'name="Column"', "ColumnName"),
        ('name="ColumnDescription" content="重要新闻"', 'name="ColumnDescription" content=" "', "ColumnDescription"),
        ('name="ColumnKeywords"', 'name="x"', "ColumnKeywords"),
        ('name="ColumnType" content="工作动态"', 'name="ColumnType" content="新闻"', "ColumnType"),
        ('name="ArticleTitle" content="第1条消息"', 'name="ArticleTitle" content="别的"', "ArticleTitle"),
        ('name="PubDate" content="2026-11-24 12:01"', 'name="PubDate" content="2026-11-24"', "PubDate"),
        ('name="PubDate" content="2026-11-24 12:01"', 'name="PubDate" content="2026-11-24 24:01"', "PubDate"),
        ('name="PubDate" content="2026-11-24 12:01"', 'name="PubDate" content="2026-11-23 12:01"', "PubDate"),
        ('name="PubDate" content="2026-11-24 12:01"', 'name="PubDate" content="2026/11/24 12:01"', "PubDate"),
        ('name="ContentSource" content="武山县融媒体中心"', 'name="ContentSource" content=""', "ContentSource"),
        ('<meta name="Author"', '<meta name="Author" content="甲"><meta name="author"', "Author"),
        ('name="Image" content="http://127.0.0.1:8000', 'name="Image" content="', "Image"),
        ('rel="canonical" href="http', 'rel="canonical" href="https', "Url"),
        ("<!doctype html>", "", "doctype"),
        ('<meta charset="utf-8">', "", "charset"),
        ('lang="zh-CN"', "", "lang"),
        ("<title>第1条消息 - 武山要闻 - 武山县人民政府</title>", "<title> </title>", "title"),
        ("<main id", "<h1>再来</h1><main id", "h1"),
        ('<footer class="foot">', '<div class="foot">', "footer"),
        ('<a class="skip" href="#content">跳到正文</a>', "", "skip"),
        (' alt=""', "", "img"),
        ('class="where wide"', 'class="where wide"><ol></ol></nav><nav hidden', ""),
        ("<article ", '<article style="color:red" ', "csp"),
        ("<article ", '<article onclick="x()" ', "csp"),
        ("</article>", "<script>x()</script></article>", "csp"),
        ("<ol>\n<li>", "<ul>\n<p>", "breadcrumb"),
    ],
)
def test_the_checker_refuses_bad_pages(rehearsal: Rehearsal, root: Path, old: str, new: str, field: str) -> None:
    publish(rehearsal, with_picture(rehearsal, 1))
    page = (root / "2026/11/a1.html").read_text()
    assert old in page
    if field == "breadcrumb":
        bad = re.sub(r'<nav class="where.*?</nav>', "", page, flags=re.DOTALL)
    else:
        bad = page.replace(old, new, 1)
    found = [problem.field for problem in problems(bad.encode(), PageKind.ARTICLE)]
    assert (field in found) if field else not found


def test_the_checker_refuses_what_is_no_page() -> None:
    assert [problem.field for problem in problems(b"\xff", PageKind.PLAIN)] == ["html"]
    assert [problem.field for problem in problems(b"", PageKind.PLAIN)] == ["html"]


def test_no_page_has_an_empty_tag_even_if_the_article_has_little(rehearsal: Rehearsal, root: Path) -> None:
    bare = Article(headline="短讯", body="<p>。</p>", column="yaowen")
    publish(rehearsal, revision_of(bare))
    page = (root / "2026/11/a1.html").read_text()
    assert problems(page.encode(), PageKind.ARTICLE) == []
    assert '<meta name="ContentSource" content="武山县融媒体中心">' in page
    assert "记者：" not in page


# -- an article's page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.article.json")))
def test_golden(case: str, rehearsal: Rehearsal, agreed: Callable[[Path, str], str]) -> None:
    record = Article.model_validate_json((GOLDEN / f"{case}.article.json").read_text())
    rendition = rehearsal.channel.render(revision_of(record), rehearsal.channel.newsroom)
    assert rendition.body == agreed(GOLDEN / f"{case}.html", rendition.body)


def test_structured_data_says_what_the_page_says(rehearsal: Rehearsal, root: Path) -> None:
    revision = with_picture(
        rehearsal, 1, 2, headline="</script><b>&", series="系列报道之三", number=3, note="面积应为5.3万亩"
    )
    publish(rehearsal, with_picture(rehearsal, 1), revision)
    document = html.document_fromstring((root / "2026/11/a1.html").read_text())
    (script,) = document.xpath("//script[@type='application/ld+json']")
    data = json.loads(script.text)
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == "</script><b>&" == document.find(".//h1").text_content()
    assert (data["datePublished"], data["dateModified"]) == ("2026-11-24T12:01:00+08:00", "2026-11-24T13:01:00+08:00")
    assert data["isPartOf"]["name"] == "系列报道之三"
    assert data["correction"]["text"] == "面积应为5.3万亩"
    (image,) = data["image"]
    assert (image["width"], image["height"]) == (600, 400)
    assert (root / path_of(image["url"], rehearsal.channel.newsroom.site.url)).is_file()


def test_pictures_come_in_sizes_and_formats(rehearsal: Rehearsal, root: Path) -> None:
    (one, data), (two, more) = picture("#2f6f4f", (1600, 900), "甲"), picture("#802020", (300, 400))
    rehearsal.media.update({one.digest: data, two.digest: more})
    two = two.model_copy(update={"alt": "", "caption": ""})
    publish(rehearsal, article(1, images=[one, two]))
    document = html.document_fromstring((root / "2026/11/a1.html").read_text())
    first, second = document.xpath("//article//img")
    assert (first.get("width"), first.get("height"), first.get("alt")) == ("1440", "810", "")
    assert (first.get("fetchpriority"), first.get("loading")) == ("high", None)
    assert (second.get("fetchpriority"), second.get("loading")) == (None, "lazy")
    assert second.get("alt") == "“第1条消息”配图"
    assert [part.split()[1] for part in first.get("srcset").split(", ")] == ["480w", "960w", "1440w"]
    names = {path.name.partition("-")[2] for path in (root / "2026/11/a1").iterdir()}
    assert names == {f"{width}.{form}" for width in (300, 480, 960, 1440) for form in ("jpg", "webp")}


def test_headings_leave_out_no_level(rehearsal: Rehearsal) -> None:
    body = core(article(1, body="<h3>一</h3><p>甲</p><h3>二</h3><p>乙</p>"), frame_of(rehearsal))
    assert "<h2>一</h2>" in body
    assert "<h3" not in body


@pytest.mark.parametrize("field", ["headline", "body", "source", "summary", "editors_note", "keywords"])
@pytest.mark.parametrize("character", ["\x08", "\x85", "\ufffe", "\U0001ffff"])
def test_what_html_cannot_say_is_refused_by_name(rehearsal: Rehearsal, field: str, character: str) -> None:
    value: Any = (f"甲{character}",) if field == "keywords" else f"<p>甲{character}</p>"
    revision = article(1)
    revision = revision.model_copy(update={"article": revision.article.model_copy(update={field: value})})
    with pytest.raises(Unpublishable) as refused:
        rehearsal.channel.render(revision, rehearsal.channel.newsroom)
    assert refused.value.problem.field == field


def test_an_unknown_column_or_picture_is_refused_by_name(rehearsal: Rehearsal) -> None:
    for bad, field in [
        (article(1, column="gone"), "column"),
        (article(1, body=f'<figure><img src="image:{"0" * 64}" alt=""/></figure>'), "images"),
    ]:
        with pytest.raises(Unpublishable) as refused:
            rehearsal.channel.render(bad, rehearsal.channel.newsroom)
        assert refused.value.problem.field == field


WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cn"]), min_size=1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headline=WORDS.filter(str.strip), text=WORDS, note=WORDS)
def test_any_text_stays_what_it_is(rehearsal: Rehearsal, headline: str, text: str, note: str) -> None:
    block = html.Element("p")
    block.text = text
    body = html.tostring(block, encoding="unicode")
    revision = revision_of(article_of(headline, body=body, kicker=note, source=note), 2, note=note)
    rendition = core(revision, frame_of(rehearsal))
    document = html.document_fromstring(f"<!doctype html>{rendition}")
    assert NOT_HTML.search(rendition) is None
    assert document.find(".//h1").text_content() == " ".join(headline.split())
    assert document.xpath("//div[@class='text']")[0].text_content().strip("\n") == text.strip("\n")
    assert core_of(b"<html>" + rendition.encode() + b"</html>") == rendition


# -- corrections and withdrawals -----------------------------------------------------------------------


def test_a_correction_keeps_address_and_date_and_says_so(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, article(1), article(2), article(3))
    before = tree(root)
    publish(rehearsal, article(2, 2, headline="改过的标题", note="面积应为5.3万亩"))
    page = (root / "2026/11/a2.html").read_text()
    assert '<meta name="PubDate" content="2026-11-24 12:02">' in page
    assert "更正" in page
    assert "2026-11-24 13:02" in page
    assert "面积应为5.3万亩" in page
    for path in ("index.html", "yaowen/index.html", "2026/11/a1.html", "2026/11/a3.html", "sitemap-news.xml"):
        assert "改过的标题" in (root / path).read_text().replace("<wbr>", ""), path
    assert "第2条消息" not in "".join(page.decode() for path, page in tree(root).items() if path.endswith("ml"))
    assert set(tree(root)) == set(before)


def test_a_correction_takes_away_the_picture_it_drops(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, with_picture(rehearsal, 1), with_picture(rehearsal, 2, colour="#2f6f01"))
    publish(rehearsal, article(1, 2))
    assert not list((root / "2026/11/a1").glob("*"))
    assert list((root / "2026/11/a2").glob("*.webp"))
    assert rehearsal.verify(rehearsal.publish(with_picture(rehearsal, 1, 3))).standing is Standing.LIVE


def test_a_withdrawal_leaves_the_notice_alone(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(with_picture(rehearsal, n, headline=f"消息{n}号") for n in range(1, 5)))
    gone = rehearsal.withdraw(with_picture(rehearsal, 2), "数据<有误>")
    notice = notice_of(root, "2026/11/a2.html")
    assert "数据&lt;有误&gt;" in notice.decode()
    assert "2026-11-25 12:00" in notice.decode()
    assert not list((root / "2026/11/a2").glob("*"))
    for path, page in tree(root).items():
        if path.endswith(("html", "xml")):
            assert "消息2号".encode() not in page.replace(b"<wbr>", b""), path
            assert b"a2.html" not in page, path
    assert "消息1号" in (root / "2026/11/a3.html").read_text().replace("<wbr>", "")
    evidence = rehearsal.verify(gone)
    assert (evidence.standing, evidence.extract) == (Standing.WITHDRAWN, "稿件已撤回")
    late = dataclasses.replace(rehearsal.delivery(article(2)), action=Action.PUBLISH)
    assert rehearsal.channel.release(late).standing is Standing.WITHDRAWN
    assert notice_of(root, "2026/11/a2.html") == notice


def test_a_withdrawal_without_reason_says_none(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, article(1))
    rehearsal.withdraw(article(1))
    assert "撤回原因" not in notice_of(root, "2026/11/a1.html").decode()
    assert dead_links(root, rehearsal.channel.newsroom.site.url) == {
        (path, link) for path, link in dead_links(root, rehearsal.channel.newsroom.site.url) if "/feeds/" in link
    }


# -- lists ---------------------------------------------------------------------------------------------


def test_column_pages_are_numbered_from_the_oldest_and_final(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in range(1, 41)))
    full = {path: page for path, page in tree(root).items() if path in ("yaowen/1.html", "yaowen/2.html")}
    publish(rehearsal, *(article(n) for n in range(41, 66)))
    now = tree(root)
    assert full.items() <= now.items()
    assert headlines(now["yaowen/1.html"]) == [f"第{n}条消息" for n in range(20, 0, -1)]
    assert headlines(now["yaowen/3.html"]) == [f"第{n}条消息" for n in range(60, 40, -1)]
    assert headlines(now["yaowen/index.html"]) == [f"第{n}条消息" for n in range(65, 40, -1)]
    assert now["yaowen/4.html"] == now["yaowen/index.html"]
    assert "yaowen/5.html" not in now


def test_every_article_is_reached_by_turning_pages(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in range(1, 66)))
    base, seen, path = "http://127.0.0.1:8000", list[str](), "yaowen/index.html"
    while path:
        page = (root / path).read_bytes()
        seen += headlines(page)
        found = html.document_fromstring(page.decode()).xpath("//a[@rel='next']/@href")
        path = path_of(base + found[0], base) if found else ""
    assert seen == [f"第{n}条消息" for n in range(65, 0, -1)]
    back = html.document_fromstring((root / "yaowen/1.html").read_text()).xpath("//a[@rel='prev']/@href")
    assert back == ["/yaowen/2.html"]


def test_a_correction_on_a_full_page_rewrites_that_page(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in range(1, 91)))
    before = tree(root)
    publish(rehearsal, article(7, 2, headline="改过"))
    changed = {path for path, page in tree(root).items() if page != before[path]}
    assert {"yaowen/1.html", "2026/11/a7.html", "2026/11/a6.html", "2026/11/a8.html", "sitemaps/1.xml"} <= changed
    assert not {"yaowen/2.html", "yaowen/index.html", "index.html", "sitemap.xml"} & changed


def test_a_page_filled_by_another_worker_is_written(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in range(1, 20)))
    rehearsal.catalogue.place(article(20))  # released at this instant by another worker, not written yet
    publish(rehearsal, article(21))
    assert headlines((root / "yaowen/1.html").read_bytes()) == [f"第{n}条消息" for n in range(19, 0, -1)]


def test_neighbours_and_related(rehearsal: Rehearsal, root: Path) -> None:
    publish(
        rehearsal,
        article(1, keywords=("架豆",)),
        article(2, keywords=("道路",)),
        article(3, column="tuopin", keywords=("架豆",)),
        article(4, keywords=("人社",)),
        article(5, keywords=("架豆", "武山县")),
        article(6),
    )
    document = html.document_fromstring((root / "2026/11/a5.html").read_text())
    assert texts(document, "//nav[@class='beside']//a") == ["第4条消息", "第6条消息"]
    assert texts(document, "//section[@class='related']//a") == ["第1条消息"]
    assert "第3条消息" not in document.text_content()
    publish(rehearsal, *(article(n) for n in range(7, 20)))
    document = html.document_fromstring((root / "2026/11/a19.html").read_text())
    assert len(document.xpath("//section[@class='related']//a")) == RELATED


def test_far_neighbours_are_found(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in (1, 2)))
    for n in range(3, 50):
        rehearsal.catalogue.place(article(n))
        rehearsal.catalogue.remove(f"a{n}", NOON, "")
    publish(rehearsal, article(50))
    rehearsal.withdraw(article(2))
    last = html.document_fromstring((root / "2026/11/a50.html").read_text())
    first = html.document_fromstring((root / "2026/11/a1.html").read_text())
    assert texts(last, "//nav[@class='beside']//a") == ["第1条消息"]
    assert texts(first, "//nav[@class='beside']//a") == ["第50条消息"]


def test_the_home_page_leads_with_a_picture(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, article(1), with_picture(rehearsal, 2), article(3, column="tuopin"), article(4))
    document = html.document_fromstring((root / "index.html").read_text())
    assert document.xpath("string(//section[@class='lead']//h2)") == "第2条消息"
    assert texts(document, "//section[@class='latest']//a") == ["第4条消息", "第3条消息", "第1条消息"]
    assert document.xpath("//div[@class='columns']//h2/a/text()") == ["武山要闻", "脱贫攻坚奔小康"]


def test_every_link_leads_somewhere(rehearsal: Rehearsal, root: Path) -> None:
    """Also those to the feeds, which another kind writes."""
    newsroom = rehearsal.channel.newsroom
    feeds = Rehearsal(
        Feeds(Setting(notebook=MemoryNotebook(), outlet=newsroom.outlets[1], newsroom=newsroom, data=root.parent))
    )
    for revision in varied(rehearsal, 45):
        feeds.media.update(rehearsal.media)
        publish(feeds, revision)
    assert dead_links(root, newsroom.site.url) == set()
    addresses = links("subscribe.html", (root / "subscribe.html").read_bytes(), newsroom.site.url)
    assert f"{newsroom.site.url}/feeds/tuopin/atom.xml" in addresses
    assert f"{newsroom.site.url}/feeds/xiangzhen/rss.xml" not in addresses


def test_without_feeds_none_are_offered(setting: Callable[..., Setting], root: Path) -> None:
    rehearsal = Rehearsal(Website(setting(feeds="")))
    publish(rehearsal, article(1))
    assert not (root / "subscribe.html").exists()
    assert b"subscribe" not in (root / "index.html").read_bytes()
    assert dead_links(root, rehearsal.channel.newsroom.site.url) == set()


def test_sitemaps(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 102):
        rehearsal.catalogue.place(article(n))
    publish(rehearsal, *(article(n) for n in (1, 50, 101)))
    publish(rehearsal, article(50, 2))
    index = etree.parse(root / "sitemap.xml")
    base = rehearsal.channel.newsroom.site.url
    assert index.getroot().tag == f"{{{MAP['s']}}}sitemapindex"
    assert index.xpath("//s:loc/text()", namespaces=MAP) == [f"{base}/sitemaps/{n}.xml" for n in ("site", 1, 2)]
    chunk = etree.parse(root / "sitemaps/1.xml")
    assert chunk.getroot().tag == f"{{{MAP['s']}}}urlset"
    assert chunk.xpath("//s:loc/text()", namespaces=MAP) == [f"{base}/2026/11/a{n}.html" for n in (1, 50)]
    assert chunk.xpath("//s:lastmod/text()", namespaces=MAP)[1] == "2026-11-24T13:50:00+08:00"
    news = etree.parse(root / "sitemap-news.xml")
    assert news.xpath("//n:title/text()", namespaces=MAP) == ["第101条消息"]
    assert news.xpath("//n:language/text()", namespaces=MAP) == ["zh-cn"]
    robots = (root / "robots.txt").read_text()
    assert re.findall(r"^Sitemap: (.+)$", robots, re.M) == [f"{base}/sitemap.xml", f"{base}/sitemap-news.xml"]


def test_a_sitemap_is_never_empty(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, article(1))
    rehearsal.withdraw(article(1))
    (only,) = etree.parse(root / "sitemaps/1.xml").xpath("//s:loc/text()", namespaces=MAP)
    assert only == "http://127.0.0.1:8000/"


def test_a_site_below_a_path(setting: Callable[..., Setting], root: Path) -> None:
    made, origin = setting(), "https://www.wushan.gov.cn"
    newsroom = newsroom_of(*made.newsroom.outlets, url=f"{origin}/xinwen")
    rehearsal = Rehearsal(Website(dataclasses.replace(made, newsroom=newsroom)))
    publish(rehearsal, with_picture(rehearsal, 1), article(2))
    for path, page in tree(root).items():
        if path.endswith(".html"):
            internal = {link for link in links(path, page, newsroom.site.url) if link.startswith(origin)}
            assert {link for link in internal if not link.startswith(f"{origin}/xinwen/")} == set(), path
    assert {link for _, link in dead_links(root, newsroom.site.url) if "/feeds/" not in link} == set()


# -- columns -------------------------------------------------------------------------------------------


@pytest.fixture
def column(rehearsal: Rehearsal) -> Column:
    return column_of(rehearsal)


def column_of(rehearsal: Rehearsal, **fields: Any) -> Column:
    """A column that is not configured, whose banner the rehearsal has."""
    banner, data = picture("#8e1a17", (1200, 300), "乡村振兴看武山")
    rehearsal.media[banner.digest] = data
    values: dict[str, Any] = {
        "id": "xczx",
        "name": "乡村振兴看武山",
        "description": "展示武山县乡村振兴的成效",
        "keywords": ("乡村振兴",),
        "note": "即日起开设本栏目。\n敬请关注。",
        "series": "2026年乡村振兴系列报道",
        "banner": banner,
    }
    return Column(**{**values, **fields})


def renamed(column: Column, address: str, name: str = "和美乡村") -> Column:
    former = (*column.former_addresses, column.address)
    change = {"name": name, "address": address, "former_names": (column.name,), "former_addresses": former}
    return column.model_copy(update=change)


def told(n: int, column: Column, deed: Deed = Deed.OPEN, version: int = 1) -> Revision:
    record = opening_of(column, deed)
    return revision_of(
        record, version, id=f"a{n}", at=NOON + timedelta(minutes=n), note="文字有误" if version > 1 else ""
    )


def of_series(n: int, column: Column, number: int, **fields: Any) -> Revision:
    values = {
        "series": column.line(number),
        "number": number,
        "banner": column.banner,
        "headline": f"第{number}篇",
    }
    return article(n, column=column.id, **{**values, **fields})


def menu(page: bytes) -> list[str]:
    return [link.text_content() for link in html.document_fromstring(page.decode()).xpath("//nav[@class='menu']//a")]


def beside(root: Path, path: str) -> list[str]:
    """What the article's page says of those before and after it, line by line."""
    document = html.document_fromstring((root / path).read_text())
    return [line.text_content() for line in document.xpath("//nav[@class='beside']/p")]


def own_dead_links(rehearsal: Rehearsal, root: Path) -> set[tuple[str, str]]:
    dead = dead_links(root, rehearsal.channel.newsroom.site.url)
    return {(path, link) for path, link in dead if "/feeds/" not in link}


def test_an_opening_makes_the_columns_page_and_the_menus_entry(
    rehearsal: Rehearsal, root: Path, column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(rehearsal, article(1))
    old, before = (root / "2026/11/a1.html").read_bytes(), tree(root)
    prepared = rehearsal.prepare(rehearsal.delivery(told(2, column)))
    assert tree(root) == before
    missing = watched(rehearsal, root, monkeypatch)
    rehearsal.release(prepared)
    assert missing == set()
    page = html.document_fromstring((root / "xczx/index.html").read_text())
    assert page.find(".//h1").text_content() == column.name
    assert [line.text_content() for line in page.xpath("//section[@class='note']/p")] == [
        "编者按：即日起开设本栏目。",
        "敬请关注。",
    ]
    (banner,) = page.xpath("//header[@class='column-head']//img")
    assert banner.get("alt") == "乡村振兴看武山"
    assert headlines((root / "xczx/index.html").read_bytes()) == ["《乡村振兴看武山》今日开栏"]
    for path in ("index.html", "xczx/index.html", "2026/11/a2.html", "columns.html", "404.html"):
        assert column.name in menu((root / path).read_bytes()), path
    assert (root / "2026/11/a1.html").read_bytes() == old
    pages = {path: page for path, page in tree(root).items() if path.endswith(".html")}
    assert {path: found for path, page in pages.items() if (found := problems(page, kind_of(path, page)))} == {}
    assert own_dead_links(rehearsal, root) == set()


def test_an_opening_withdrawn_takes_its_column_away(rehearsal: Rehearsal, root: Path, column: Column) -> None:
    publish(rehearsal, article(1), told(2, column), article(3))
    other = renamed(column, "hmxc")
    publish(rehearsal, told(4, other, Deed.RENAME), of_series(5, other, 1))
    gone = rehearsal.withdraw(told(2, column), "栏目<推迟>")
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    for path in ("xczx/index.html", "xczx/1.html", "hmxc/index.html", "hmxc/1.html"):
        page = notice_of(root, path)
        assert "栏目&lt;推迟&gt;" in page.decode()
        assert problems(page, PageKind.PLAIN) == []
    assert not [*(root / "xczx").glob("*.webp"), *(root / "hmxc").glob("*.webp")]
    for path in ("index.html", "columns.html", "404.html"):
        assert "hmxc" not in (root / path).read_text(), path
    publish(rehearsal, article(6))
    again = rehearsal.publish(told(7, column))
    assert rehearsal.verify(again).standing is Standing.LIVE
    assert "《乡村振兴看武山》今日开栏" in headlines((root / "xczx/index.html").read_bytes())
    assert own_dead_links(rehearsal, root) == set()


def test_a_renamed_column_is_reached_from_where_it_stood(
    rehearsal: Rehearsal, root: Path, column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(rehearsal, told(1, column), *(of_series(n, column, n - 1) for n in range(2, 10)))
    publish(rehearsal, *(article(n, column="xczx") for n in range(10, 46)))
    missing = watched(rehearsal, root, monkeypatch)
    first, second = renamed(column, "hmxc"), renamed(renamed(column, "hmxc"), "xincun", "新村")
    rename = rehearsal.publish(told(46, first, Deed.RENAME))
    assert rehearsal.verify(rename).standing is Standing.LIVE
    rehearsal.publish(told(47, second, Deed.RENAME))
    # Pages at the new address may link to each other before they are there: nothing leads to them yet.
    assert missing <= {(f"{address}/1.html", f"{address}/2.html") for address in ("hmxc", "xincun")}
    assert rehearsal.verify(rename).standing is Standing.LIVE
    with serving(root) as url:
        for former in ("xczx", "hmxc"):
            for page in ("", "1.html", "2.html", "3.html"):
                with contextlib.closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)) as connection:
                    connection.request("GET", f"/{former}/{page}")
                    answer = connection.getresponse()
                    assert (answer.status, answer.headers["Location"]) == (301, f"../xincun/{page}")
                    assert problems(answer.read(), PageKind.PLAIN) == []
    assert len(headlines((root / "xincun/1.html").read_bytes())) == PAGE
    assert html.document_fromstring((root / "xincun/2.html").read_text()).xpath(
        "//a[@rel='prev' or @rel='next']/@href"
    ) == ["/xincun/3.html", "/xincun/1.html"]
    assert menu((root / "index.html").read_bytes()).count("新村") == 1
    assert not list((root / "xczx").glob("*.webp"))
    assert own_dead_links(rehearsal, root) == set()


def test_a_renaming_corrected_or_taken_back(rehearsal: Rehearsal, root: Path, column: Column) -> None:
    publish(rehearsal, told(1, column), told(2, renamed(column, "hemei"), Deed.RENAME))
    right = renamed(column, "hmxc")
    corrected = rehearsal.publish(told(2, right, Deed.RENAME, 2))
    assert rehearsal.verify(corrected).standing is Standing.LIVE
    assert moves(root) == {"hemei": "hmxc", "xczx": "hmxc"}
    rehearsal.withdraw(told(2, right, Deed.RENAME, 2), "暂不更名")
    assert moves(root) == {"hemei": "xczx", "hmxc": "xczx"}
    assert headlines((root / "xczx/index.html").read_bytes()) == ["《乡村振兴看武山》今日开栏"]
    back = renamed(right, "xczx", column.name)
    assert rehearsal.verify(rehearsal.publish(told(3, right, Deed.RENAME))).standing is Standing.LIVE
    assert rehearsal.verify(rehearsal.publish(told(4, back, Deed.RENAME))).standing is Standing.LIVE
    assert moves(root) == {"hemei": "xczx", "hmxc": "xczx"}


def test_a_closed_column_stays_readable(rehearsal: Rehearsal, root: Path, column: Column) -> None:
    closed = column.model_copy(update={"closed": "栏目今日收官，感谢关注。"})
    publish(rehearsal, told(1, column), of_series(2, column, 1), told(3, closed, Deed.CLOSE), article(4))
    page = (root / "xczx/index.html").read_bytes()
    assert "栏目今日收官，感谢关注。" in page.decode()
    assert headlines(page) == ["《乡村振兴看武山》收官", "第1篇", "《乡村振兴看武山》今日开栏"]
    assert column.name not in menu(page)
    home = html.document_fromstring((root / "index.html").read_text())
    assert home.xpath("//section[@class='closed-columns']//a/@href") == ["/xczx/"]
    assert column.name not in home.xpath("//div[@class='columns']//h2/a/text()")
    assert own_dead_links(rehearsal, root) == set()


def test_articles_of_a_series(rehearsal: Rehearsal, root: Path, column: Column) -> None:
    publish(rehearsal, told(1, column))
    publish(rehearsal, *(of_series(n, column, number) for n, number in ((2, 1), (3, 3), (4, 2), (5, 4), (6, 5))))
    assert beside(root, "2026/11/a2.html") == ["上一篇：《乡村振兴看武山》今日开栏", "下一篇（之二）：第2篇"]
    assert beside(root, "2026/11/a3.html") == ["上一篇（之二）：第2篇", "下一篇（之四）：第4篇"]
    document = html.document_fromstring((root / "2026/11/a3.html").read_text())
    assert document.xpath("//p[@class='series']/text()") == ["2026年乡村振兴系列报道之三"]
    (banner,) = document.xpath("//article/picture//img")
    assert (banner.get("alt"), banner.get("width"), banner.get("height")) == ("乡村振兴看武山", "1200", "300")
    (shared,) = document.xpath("//meta[@property='og:image']/@content")
    assert (root / path_of(shared, rehearsal.channel.newsroom.site.url)).is_file()
    rehearsal.withdraw(of_series(4, column, 2), "数据有误")
    rehearsal.withdraw(of_series(6, column, 5))
    assert beside(root, "2026/11/a3.html") == [
        "上一篇（之一）：第1篇",
        "2026年乡村振兴系列报道之二已撤回（数据有误）",
        "下一篇（之四）：第4篇",
    ]
    assert beside(root, "2026/11/a5.html") == ["上一篇（之三）：第3篇", "2026年乡村振兴系列报道之五已撤回"]
    rows = html.document_fromstring((root / "xczx/index.html").read_text()).xpath("//ol[@class='cards']/li")
    told_of = [" ".join(row.xpath("string(.//h2 | .)").split())[:9] for row in rows if row.get("class") == "gap"]
    assert told_of == ["之五：已撤回", "之二：已撤回（数据"]
    assert html.document_fromstring((root / "xczx/index.html").read_text()).xpath("//p[@class='nth']/text()") == [
        "之四",
        "之三",
        "之一",
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rebuild_with_columns_does_not_depend_on_the_order(
    setting: Callable[..., Setting], tmp_path: Path, seed: int
) -> None:
    trees = []
    for order in (0, seed):
        rehearsal = Rehearsal(Website(setting(root=f"site{order}")))
        column = column_of(rehearsal)
        other = renamed(column, "hmxc")
        revisions = [
            article(1),
            told(2, column),
            *(of_series(2 + number, column, number) for number in range(1, 8)),
            *(article(n, column="xczx") for n in range(10, 26)),
            told(26, other, Deed.RENAME),
            of_series(27, other, 8),
            told(28, other.model_copy(update={"closed": "收官。"}), Deed.CLOSE),
            article(29),
        ]
        for revision in revisions:
            rehearsal.catalogue.place(revision)
        rehearsal.catalogue.remove("a4", NOON, "数据有误")
        for revision in random.Random(order).sample(revisions, len(revisions)) if order else revisions:
            if revision.id == "a4":
                rehearsal.channel.withdraw(rehearsal.delivery(revision, Action.WITHDRAW, reason="数据有误"))
            else:
                rehearsal.channel.release(rehearsal.delivery(revision))
        trees.append(tree(tmp_path / f"site{order}"))
    assert trees[0].keys() == trees[1].keys()
    assert [path for path in trees[0] if trees[0][path] != trees[1][path]] == []


def test_an_articles_own_picture_goes_before_the_banner(rehearsal: Rehearsal, root: Path, column: Column) -> None:
    image, data = picture("#2f6f4f", (600, 400), caption="架豆丰收")
    rehearsal.media[image.digest] = data
    publish(rehearsal, told(1, column), of_series(2, column, 1, images=[image]))
    document = html.document_fromstring((root / "2026/11/a2.html").read_text())
    (shared,) = document.xpath("//meta[@property='og:image']/@content")
    assert image.digest[:16] in shared
    assert [img.get("fetchpriority") for img in document.xpath("//article//img")] == ["high", None]
    home = html.document_fromstring((root / "index.html").read_text())
    assert image.digest[:16] in home.xpath("//section[@class='lead']//img/@src")[0]


def test_a_preview_shows_the_banner_also_of_a_column_that_is_not_configured(
    rehearsal: Rehearsal, column: Column
) -> None:
    rehearsal.catalogue.place(told(1, column))
    for revision in (told(1, column), of_series(2, column, 1)):
        rendition = rehearsal.channel.render(revision, rehearsal.newsroom)
        media_type, content = rehearsal.channel.preview(revision, rendition, rehearsal.newsroom, rehearsal.media)
        assert media_type == "text/html"
        (banner,) = html.document_fromstring(content.decode()).xpath("//article/picture//img/@src")
        assert banner.startswith("data:image/jpeg")


@pytest.mark.parametrize("address", ["feeds", "assets", "tv", "2026", "yaowen"])
def test_an_address_of_the_sites_own_is_refused(rehearsal: Rehearsal, column: Column, address: str) -> None:
    bad = told(1, column.model_copy(update={"address": address}))
    with pytest.raises(Unpublishable) as refused:
        rehearsal.channel.render(bad, rehearsal.channel.newsroom)
    assert refused.value.problem.field == "column"


def test_what_html_cannot_say_of_a_column_is_refused(rehearsal: Rehearsal, column: Column) -> None:
    announced = Announcement(deed=Deed.OPEN, column=column.model_copy(update={"note": "按\x08"}))
    with pytest.raises(Unpublishable) as refused:
        rehearsal.channel.render(article(1, column="xczx", announces=announced), rehearsal.channel.newsroom)
    assert refused.value.problem.field == "column"


def test_verify_of_an_opening_looks_at_the_columns_page(rehearsal: Rehearsal, root: Path, column: Column) -> None:
    publish(rehearsal, told(1, column))
    delivery = rehearsal.publish(told(2, renamed(column, "hmxc"), Deed.RENAME))
    for path, old, new in [
        ("hmxc/index.html", "<h1>", "<h1>别的"),
        ("hmxc/index.html", "敬请关注", ""),
        ("hmxc/index.html", "<!--tongfa:column-->", ""),
        ("moved.map", "xczx hmxc", "xczx yaowen"),
        ("columns.html", "/hmxc/", "/xczx/"),
    ]:
        sound = (root / path).read_text()
        assert old in sound
        (root / path).write_text(sound.replace(old, new))
        assert rehearsal.verify(delivery).standing is Standing.ABSENT, (path, old)
        (root / path).write_text(sound)
        assert rehearsal.verify(delivery).standing is Standing.LIVE
    banner = next((root / "hmxc").glob("*.webp"))
    banner.unlink()
    assert rehearsal.verify(delivery).standing is Standing.ABSENT


@pytest.mark.parametrize("last", range(1, 45, 3))
@pytest.mark.parametrize("deed", [Deed.OPEN, Deed.RENAME, Deed.CLOSE])
def test_an_announcement_broken_off_anywhere_is_seen_and_repeated(
    setting: Callable[..., Setting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Deed, last: int
) -> None:
    whole, broken = Rehearsal(Website(setting(root="whole"))), Rehearsal(Website(setting()))
    for rehearsal in (whole, broken):
        column = column_of(rehearsal)
        publish(rehearsal, article(1))
        if deed is not Deed.OPEN:
            publish(rehearsal, told(2, column), of_series(3, column, 1))
        changed = {
            Deed.OPEN: column,
            Deed.RENAME: renamed(column, "hmxc"),
            Deed.CLOSE: column.model_copy(update={"closed": "收官。"}),
        }
        new = told(4, changed[deed], deed)
        if rehearsal is whole:
            publish(rehearsal, new)
        else:
            break_off(rehearsal, rehearsal.prepare(rehearsal.delivery(new)), last, monkeypatch)
    assert tree(tmp_path / "site") == tree(tmp_path / "whole")


# -- the same bytes, cost ------------------------------------------------------------------------------


def test_a_rebuild_in_any_order_gives_the_same_bytes(rehearsal: Rehearsal, root: Path) -> None:
    revisions = varied(rehearsal, 32)
    before = tree(root)
    times = {name: (root / name).stat().st_mtime_ns for name in before}
    publish(rehearsal, revisions[9])
    assert {name: (root / name).stat().st_mtime_ns for name in before if name.endswith("ml")} == {
        name: time for name, time in times.items() if name.endswith("ml")
    }
    shutil.rmtree(root)
    worker = Website(rehearsal.channel.setting)  # another one, knowing nothing
    rehearsal.channel = worker
    order = random.Random(7).sample(revisions, len(revisions))
    for revision in order:
        entry = rehearsal.catalogue.entry(revision.id)
        assert entry is not None
        if entry.withdrawn_at:
            worker.withdraw(rehearsal.delivery(entry.revision, Action.WITHDRAW, reason=entry.reason))
        else:
            worker.release(rehearsal.delivery(entry.revision))
        assert {link for _, link in dead_links(root, worker.newsroom.site.url) if ".html" in link} == set()
    after = tree(root)
    assert after.keys() == before.keys()
    assert [name for name in before if after[name] != before[name]] == []


def test_the_cost_of_a_release_does_not_grow(setting: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch) -> None:
    def cost(articles: int) -> dict[str, int]:
        rehearsal = Rehearsal(Website(setting(root=f"site{articles}")))
        for n in range(1, articles + 1):
            rehearsal.catalogue.place(article(n))
        publish(rehearsal, *(article(n) for n in range(articles - 44, articles + 1)))
        publish(rehearsal, article(articles + 1))
        files, catalogue = website_of(rehearsal).files, rehearsal.catalogue
        prepared = rehearsal.prepare(rehearsal.delivery(article(articles + 2)))
        rehearsal.catalogue.place(article(articles + 2))
        calls: dict[str, int] = {}
        entries: list[int] = []

        def counted(name: str, of: Any) -> None:
            real = getattr(of, name)

            def call(*given: Any, **named: Any) -> Any:
                calls[name] = calls.get(name, 0) + 1
                answer = real(*given, **named)
                if name in ("live", "span"):
                    entries.append(len(answer))
                return answer

            patch.setattr(of, name, call)

        with monkeypatch.context() as patch:
            for name in ("read", "write", "exists", "staged"):
                counted(name, files)
            for name in ("entry", "live", "span", "last", "neighbours"):
                counted(name, catalogue)
            rehearsal.channel.release(prepared)
        return {**calls, "entries": sum(entries)}

    few, many = cost(45), cost(345)
    assert few == many
    assert few["write"] <= 12
    assert few["entries"] <= 300


def test_little_stands_before_the_article_does(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is staged whole: nothing is rendered, and the catalogue is asked twice, before it is moved."""
    publish(rehearsal, *(article(n) for n in range(1, 31)))
    delivery = rehearsal.prepare(rehearsal.delivery(article(31)))
    rehearsal.catalogue.place(article(31))
    done = list[str]()

    def noted(name: str, of: Any) -> None:
        real = getattr(of, name)
        monkeypatch.setattr(of, name, lambda *given, **named: (done.append(name), real(*given, **named))[1])

    for name in ("entry", "columns", "live", "span", "last", "neighbours"):
        noted(name, rehearsal.catalogue)
    for name in ("write", "publish"):
        noted(name, website_of(rehearsal).files)
    monkeypatch.setattr(Frame, "render", lambda *_, **__: pytest.fail("rendered") if "publish" not in done else "")
    with contextlib.suppress(Exception):  # what comes after the page is of no interest here
        rehearsal.channel.release(delivery)
    assert done[: done.index("publish")] == ["entry", "columns"]
    assert core_of((root / "2026/11/a31.html").read_bytes()) == (delivery.rendition and delivery.rendition.body)


def test_the_receipt_tells_when_the_page_stood(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(rehearsal, article(1))
    moments = iter([NOON, NOON + timedelta(seconds=1)])
    stood = list[bool]()

    def now() -> datetime:
        stood.append((root / "2026/11/a2.html").is_file())
        return next(moments)

    delivery = rehearsal.prepare(rehearsal.delivery(article(2)))
    monkeypatch.setattr("channels.website.channel.utc_now", now)
    rehearsal.catalogue.place(article(2))
    assert rehearsal.channel.release(delivery).at == NOON
    assert stood == [True]


def test_a_page_prepared_with_another_menu_comes_out_with_the_new_one(
    rehearsal: Rehearsal, root: Path, column: Column
) -> None:
    prepared = rehearsal.prepare(rehearsal.delivery(article(1)))
    publish(rehearsal, told(2, column))
    rehearsal.release(prepared)
    assert column.name in menu((root / "2026/11/a1.html").read_bytes())


def test_a_release_writes_only_what_changes(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, *(article(n) for n in range(1, 31)))
    before = tree(root)
    publish(rehearsal, article(31, column="tuopin"))
    changed = {path for path, page in tree(root).items() if page != before.get(path)}
    assert changed == {
        "2026/11/a31.html",
        "index.html",
        "sitemap-news.xml",
        "sitemaps/1.xml",
        "subscribe.html",
        "tuopin/1.html",
        "tuopin/index.html",
    }


def watched(rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """(page, link) of all that leads nowhere at the moment when the page comes to stand in public; filled later."""
    files, base = website_of(rehearsal).files, rehearsal.channel.newsroom.site.url
    write, publish, missing = files.write, files.publish, set[tuple[str, str]]()

    def judge(path: str) -> None:
        for link in links(path, (root / path).read_bytes(), base):
            target = path_of(link, base)
            # The sitemap's page comes with the first lists, the feeds are another channel's.
            if link.startswith(f"{base}/") and not target.startswith(("feeds/", "sitemap")):
                missing.update({(path, target)} if not (root / target).is_file() else ())

    def written(path: str, data: bytes) -> None:
        write(path, data)
        judge(path)

    def moved(token: str, staged: str, path: str) -> bool:
        done = publish(token, staged, path)
        if done and path.endswith(".html"):
            judge(path)
        return done

    monkeypatch.setattr(files, "write", written)
    monkeypatch.setattr(files, "publish", moved)
    return missing


# -- simultaneous releases, broken ones, truth -------------------------------------------------------------


def test_readers_never_see_a_list_that_links_to_a_missing_page(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(rehearsal, article(99, column="tuopin"))  # what every page links to is there from the first one on
    missing = watched(rehearsal, root, monkeypatch)
    prepared = [rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, n))) for n in range(1, 26)]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision)  # one instant for all of them
    for delivery in random.Random(11).sample(prepared, len(prepared)):
        rehearsal.channel.release(delivery)
    rehearsal.withdraw(article(20))
    assert missing == set()
    assert len(headlines((root / "yaowen/1.html").read_bytes())) == PAGE - 1


def test_simultaneous_releases_lose_nothing(rehearsal: Rehearsal, root: Path) -> None:
    prepared = [rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, n))) for n in range(1, 13)]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision)
    threads = [threading.Thread(target=rehearsal.channel.release, args=(delivery,)) for delivery in prepared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(headlines((root / "yaowen/index.html").read_bytes())) == 12
    assert len(etree.parse(root / "sitemaps/1.xml").xpath("//s:loc", namespaces=MAP)) == 12
    assert {rehearsal.verify(delivery).standing for delivery in prepared} == {Standing.LIVE}
    assert {link for _, link in dead_links(root, rehearsal.channel.newsroom.site.url) if "/feeds/" not in link} == set()


def break_off(rehearsal: Rehearsal, prepared: Delivery, last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a release die when it puts its `last` file in place, then ask, as the engine does, and repeat it."""
    files, deeds = website_of(rehearsal).files, list[str]()

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def deed(*given: Any) -> Any:
            deeds.append(str(given))
            if len(deeds) == last:
                raise RuntimeError("the worker dies here")
            return real(*given)

        return deed

    with monkeypatch.context() as patch:
        for name in ("write", "publish"):
            patch.setattr(files, name, dying(getattr(files, name)))
        with contextlib.suppress(RuntimeError):
            rehearsal.release(prepared)
    if len(deeds) >= last:
        assert rehearsal.channel.find(prepared).standing is Standing.STAGED
    rehearsal.follow(rehearsal.release(prepared))


@pytest.mark.parametrize("last", range(1, 18))
def test_a_release_broken_off_anywhere_is_seen_and_repeated(
    setting: Callable[..., Setting], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    whole = Rehearsal(Website(setting(root="whole")))
    broken = Rehearsal(Website(setting()))
    for rehearsal in (whole, broken):
        publish(rehearsal, article(1), with_picture(rehearsal, 2, headline="旧标题"))
    new = with_picture(broken, 2, 2, headline="新标题")
    publish(whole, with_picture(whole, 2, 2, headline="新标题"))
    break_off(broken, broken.prepare(broken.delivery(new)), last, monkeypatch)
    assert tree(tmp_path / "site") == tree(tmp_path / "whole")


def test_verify_tells_of_every_change(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    page = root / "2026/11/a1.html"
    sound = page.read_bytes()
    for old, new in [
        ("<title>第1条", "<title>第9条"),
        ("2026-11-24 12:01", "2026-11-23 12:01"),
        ('"headline":"第1条', '"headline":"第9条'),
        ("责任编辑：编辑丙", ""),
        ("<!--tongfa:article-->", ""),
        ("</body>", "<!--tongfa:article--><!--/tongfa:article--></body>"),
    ]:
        assert old in sound.decode()
        page.write_bytes(sound.decode().replace(old, new).encode())
        assert rehearsal.verify(delivery).standing is not Standing.LIVE, old
    page.write_bytes(b"")
    assert rehearsal.verify(delivery).standing is Standing.ABSENT
    page.write_bytes(sound)
    assert rehearsal.verify(delivery).standing is Standing.LIVE


def test_verify_looks_at_lists_and_pictures(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    for path in [*(root / "2026/11/a1").iterdir(), root / "yaowen/index.html"]:
        sound = path.read_bytes()
        for bad in (sound[: len(sound) // 2], b""):
            path.write_bytes(bad)
            if path.name == "index.html":
                (root / "yaowen/1.html").unlink(missing_ok=True)
            assert rehearsal.verify(delivery).standing is Standing.ABSENT, (path, len(bad))
        path.write_bytes(sound)
        assert rehearsal.verify(delivery).standing is Standing.LIVE


def test_nothing_prepared_stands_in_the_public_folder(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 1)))
    assert not (tmp_path / "site").exists()
    assert (tmp_path / "website" / "staging" / "a1.1" / MARK).is_file()


def test_nothing_stays_staged(rehearsal: Rehearsal, tmp_path: Path) -> None:
    varied(rehearsal, 8)
    assert {path.name for path in (tmp_path / "website" / "staging").glob("*")} == {UNFINISHED}
    assert not list((tmp_path / "website" / "staging" / UNFINISHED).glob("*"))


def test_a_lost_picture_fails_only_its_own_article(rehearsal: Rehearsal) -> None:
    lost = with_picture(rehearsal, 1)
    rehearsal.media.clear()
    with pytest.raises(Unpublishable) as refused:
        rehearsal.prepare(rehearsal.delivery(lost))
    assert refused.value.problem.field == "images"
    rehearsal.catalogue.place(lost)
    assert rehearsal.verify(rehearsal.publish(article(2))).standing is Standing.LIVE


def test_an_article_in_a_column_given_up(setting: Callable[..., Setting], root: Path) -> None:
    """The newsroom drops a column: its articles stay, and can be withdrawn."""
    made = setting()
    rehearsal = Rehearsal(Website(made))
    publish(rehearsal, article(1, column="tuopin"), article(2))
    kept = tuple(column for column in made.newsroom.columns if column.id != "tuopin")
    newsroom = made.newsroom.model_copy(update={"columns": kept})
    rehearsal.channel = Website(dataclasses.replace(made, newsroom=newsroom))
    publish(rehearsal, article(3))
    gone = rehearsal.withdraw(article(1, column="tuopin"), "栏目已撤销")
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert problems(notice_of(root, "2026/11/a1.html"), PageKind.PLAIN) == []


def test_a_standing_file_that_is_lost_or_changed_comes_back(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, article(1))
    before = tree(root)
    for name in ("404.html", "robots.txt", "favicon.svg", *(path for path in before if path.startswith("assets/"))):
        (root / name).unlink()
    publish(rehearsal, article(1))
    assert tree(root) == before
    (root / "robots.txt").write_text("old")
    publish(Rehearsal(Website(rehearsal.channel.setting)), article(1))
    assert (root / "robots.txt").read_bytes() == before["robots.txt"]


def test_the_third_section_is_exchanged_alone(rehearsal: Rehearsal, root: Path) -> None:
    publish(rehearsal, article(1))
    page = (root / "2026/11/a1.html").read_bytes()
    other = with_around(page, "<p>别的</p>")
    assert core_of(other) == core_of(page)
    assert other != page
    assert with_around(b"no marks", "x") == b"no marks"


# -- configuration -------------------------------------------------------------------------------------


def test_check(setting: Callable[..., Setting], tmp_path: Path) -> None:
    assert Website(setting()).check() == []
    wrong = Website(setting(feeds="feeds/", verify="maybe", rooot="x"))
    assert {problem.field for problem in wrong.check()} == {"feeds", "verify", "rooot"}
    (tmp_path / "file").write_text("")
    assert [problem.field for problem in Website(setting(root="file/site")).check()] == ["storage"]
    made = setting()
    column = Column(id="feeds", name="订阅", description="订阅", keywords=("订阅",))
    taken = made.newsroom.model_copy(update={"columns": (*made.newsroom.columns, column)})
    assert [problem.field for problem in Website(dataclasses.replace(made, newsroom=taken)).check()] == [
        "column.address"
    ]


def test_the_storage_in_trouble_is_unavailable(rehearsal: Rehearsal, root: Path) -> None:
    prepared = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 1)))
    root.mkdir()
    (root / "2026").write_text("a file where a folder should be")
    with pytest.raises(Unavailable):
        rehearsal.release(prepared)


def test_an_object_store(setting: Callable[..., Setting]) -> None:
    rehearsal = Rehearsal(Website(setting(root="memory://website-test/site")))
    website_of(rehearsal).files.storage.fs.store.clear()
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    publish(rehearsal, article(1, 2))
    gone = rehearsal.withdraw(article(1, 2))
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert [path for path in website_of(rehearsal).files.storage.fs.store if ".jpg" in path or "staging" in path] == []
