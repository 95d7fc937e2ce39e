"""The `feeds` kind: the contract, the rules of RSS, Atom and JSON Feed, archives, retractions, hub."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import http.server
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import feedparser
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree, html

from channels.feeds import Feeds
from channels.feeds.documents import ATOM, HISTORY, MEDIA, Feed, Form
from channels.feeds.item import article_item
from channels.feeds.reading import read
from channels.files import Files
from pipeline.article import Article, Column, Deed, Outlet, Revision, addresses
from pipeline.article.addresses import beside
from pipeline.channel import Action, Delivery, Setting, Standing, Unpublishable, utc_now
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
from tests.channels.public_tree import PublicTree
from tests.standins.disk import disk_full

GOLDEN = Path(__file__).parent / "golden" / "feeds"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
BASE = "http://127.0.0.1:8000/feeds/"


class FeedsContract(PublicTree, ChannelContract):
    """What the public's item is, for the contract."""

    def refusing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:
        return disk_full(after)

    def fetch(self, rehearsal: Rehearsal, address: str) -> bytes | None:
        channel = feeds_of(rehearsal)
        return channel.files.read(address.removeprefix(channel.public))

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        alter(rehearsal, "rss.xml", words, "")

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        document = feeds_of(rehearsal).files.read("rss.xml")
        assert document is not None
        (item,) = etree.fromstring(document).iter("item")
        return f"{item.findtext('title')}\n{item.findtext(CONTENT)}"


class TestFeeds(FeedsContract):
    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Feeds:
        return Feeds(rehearsal_setting("feeds", name="订阅", root=str(tmp_path / "site" / "feeds")))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "atom.xml")


class TestFeedsReadBackOverHttp(FeedsContract):
    """The same with `verify = "http"`: what is read back comes from the public address."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Iterator[Feeds]:
        root = tmp_path / "site" / "feeds"
        root.mkdir(parents=True)
        with serving(functools.partial(Quiet, directory=str(root))) as url:
            staging = str(tmp_path / "staging")
            yield Feeds(rehearsal_setting("feeds", root=str(root), staging=staging, url=url, verify="http"))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "yaowen/feed.json")


# -- what the tests share ------------------------------------------------------------------------------


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...


class serving:  # noqa: N801 - reads as a sentence
    """A real HTTP server on loopback while the block runs; gives its address."""

    def __init__(self, handler: Callable[..., http.server.BaseHTTPRequestHandler]) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def alter(rehearsal: Rehearsal, path: str, old: str = "5.2万亩", new: str = "9.9万亩") -> None:
    files = feeds_of(rehearsal).files
    before = files.read(path)
    assert before is not None
    assert old.encode() in before
    files.write(path, before.replace(old.encode(), new.encode()))


def feeds_of(rehearsal: Rehearsal) -> Feeds:
    assert isinstance(rehearsal.channel, Feeds)
    return rehearsal.channel


@pytest.fixture
def setting(tmp_path: Path) -> Callable[..., Setting]:
    def make(**options: Any) -> Setting:
        outlet = Outlet(id="feeds", kind="feeds", name="订阅", options={"root": "site/feeds", **options})
        return Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet), data=tmp_path)

    return make


@pytest.fixture
def rehearsal(setting: Callable[..., Setting]) -> Rehearsal:
    return Rehearsal(Feeds(setting()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "site" / "feeds"


def article(n: int, *, version: int = 1, column: str = "yaowen", **fields: Any) -> Revision:
    return revision_of(
        article_of(f"第{n}条消息", column=column, **fields), version, id=f"a{n}", at=NOON + timedelta(minutes=n)
    )


def with_picture(rehearsal: Rehearsal, n: int, colour: str = "#2f6f4f", **fields: Any) -> Revision:
    image, data = picture(colour, caption="架豆丰收")
    rehearsal.media[image.digest] = data
    return article(n, images=[image], **fields)


def publish_many(rehearsal: Rehearsal, numbers: range) -> None:
    """Release these without reading each back."""
    for n in numbers:
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(article(n))))


def documents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix in (".xml", ".json")
    }


def ids(name: str, document: bytes) -> list[str]:
    if name.endswith(".json"):
        return [item["id"] for item in json.loads(document)["items"]]
    return [entry.id for entry in feedparser.parse(document).entries]


# -- the rules, as far as they are decidable here --------------------------------------------------------
# The W3C validator has no package; these are its rules for what we write: RFC 4287, RFC 5005, the RSS 2.0
# specification with the RSS Advisory Board's profile, JSON Feed 1.1.

RFC822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
                    r"\d\d:\d\d:\d\d [+-]\d{4}")  # fmt: skip
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def absolute(address: str | None) -> bool:
    parts = urlsplit(address or "")
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def faults(name: str, document: bytes) -> list[str]:
    """What is wrong with a document; empty if nothing is."""
    found = json_faults(json.loads(document)) if name.endswith(".json") else xml_faults(name, document)
    return [f"{name}: {one}" for one in found]


def xml_faults(name: str, document: bytes) -> Iterator[str]:
    if feedparser.parse(document).bozo:
        yield "feedparser: bozo"
    root = etree.fromstring(document)
    self_links = [link.get("href") for link in root.iter(f"{{{ATOM}}}link") if link.get("rel") == "self"]
    if len(self_links) != 1 or not str(self_links[0]).endswith("/" + name):
        yield f"self: {self_links}"
    if ("-" in name) != (root.find(f".//{{{HISTORY}}}archive") is not None):
        yield "fh:archive stands in archives and only there"
    links = [link.get("rel") for link in root.iter(f"{{{ATOM}}}link") if link.get("rel") not in ("self", "alternate")]
    if root.find(f".//{{{HISTORY}}}complete") is not None:
        if "-" not in name or {"current", "prev-archive", "next-archive"} & set(links):
            yield "what is complete is an archive, and names no other document"
    elif "-" in name and "current" not in links:
        yield "an archive without its current feed"
    elif "-" in name and "prev-archive" not in links and [*root.iter("item", f"{{{ATOM}}}entry")]:
        yield "an archive that nothing precedes is complete"
    yield from (rss_faults if root.tag == "rss" else atom_faults)(root)


def rss_faults(root: Any) -> Iterator[str]:
    (channel,) = root
    for required in ("title", "link", "description", "language", "lastBuildDate"):
        if len(channel.findall(required)) != 1 or not channel.findtext(required):
            yield f"channel: {required}"
    if not RFC822.fullmatch(channel.findtext("lastBuildDate")):
        yield "lastBuildDate"
    guids = [item.findtext("guid") for item in channel.iter("item")]
    if len(guids) != len(set(guids)):
        yield "guid used twice"
    for item in channel.iter("item"):
        for once in ("title", "link", "description", "guid", "pubDate", CONTENT):
            if len(item.findall(once)) != 1 or not item.findtext(once).strip():
                yield f"item: {once}"
        if re.search("<[^<]*>", item.findtext("description")):
            yield "description: markup"
        if list(item).index(item.find("description")) > list(item).index(item.find(CONTENT)):
            yield "content:encoded before description"
        if item.find("guid").get("isPermaLink") != "false" or not item.findtext("guid").startswith("tag:"):
            yield "guid"
        if not RFC822.fullmatch(item.findtext("pubDate")):
            yield "pubDate"
        if parsedate_to_datetime(item.findtext("pubDate")).strftime("%a") != item.findtext("pubDate")[:3]:
            yield "the weekday is not the date's"
        if not absolute(item.findtext("link")):
            yield "link"
        if item.find("author") is not None or item.find(CREATOR) is None:
            yield "names stand in dc:creator; author takes an e-mail address"
        if len(item.findall("enclosure")) > 1:
            yield "more than one enclosure"
        for carrier, length in [*((e, "length") for e in item.iter("enclosure")),
                                *((e, "fileSize") for e in item.iter(f"{{{MEDIA}}}content"))]:  # fmt: skip
            if not absolute(carrier.get("url")) or int(carrier.get(length)) <= 0 or "/" not in carrier.get("type"):
                yield f"{carrier.tag} {dict(carrier.attrib)}"
        yield from html_faults(item.findtext(CONTENT))


def atom_faults(feed: Any) -> Iterator[str]:
    if feed.tag != f"{{{ATOM}}}feed":
        yield f"root {feed.tag}"
    for parent in [feed, *feed.iter(f"{{{ATOM}}}entry")]:
        for once in ("id", "title", "updated"):
            if len(parent.findall(f"{{{ATOM}}}{once}")) != 1 or not parent.findtext(f"{{{ATOM}}}{once}"):
                yield f"{parent.tag}: {once}"
        for date in ("updated", "published"):
            if (value := parent.findtext(f"{{{ATOM}}}{date}")) and not RFC3339.fullmatch(value):
                yield f"{date} {value}"
        if not parent.findtext(f"{{{ATOM}}}author/{{{ATOM}}}name"):
            yield f"{parent.tag}: author"
        alternates = [link for link in parent.findall(f"{{{ATOM}}}link") if link.get("rel") == "alternate"]
        if len(alternates) != 1:
            yield f"{parent.tag}: {len(alternates)} alternate links"
        for link in parent.findall(f"{{{ATOM}}}link"):
            if not absolute(link.get("href")):
                yield f"link {link.get('href')}"
            if link.get("rel") == "enclosure" and int(link.get("length")) <= 0:
                yield "enclosure without length"
    moments = [entry.findtext(f"{{{ATOM}}}updated") for entry in feed.iter(f"{{{ATOM}}}entry")]
    if len(moments) != len(set(moments)):
        yield "two entries of one moment"
    names = [entry.findtext(f"{{{ATOM}}}id") for entry in feed.iter(f"{{{ATOM}}}entry")]
    if len(names) != len(set(names)):
        yield "id used twice"
    for entry in feed.iter(f"{{{ATOM}}}entry"):
        content = entry.find(f"{{{ATOM}}}content")
        if content.get("type") != "html" or len(content):
            yield "content"
        if entry.findtext(f"{{{ATOM}}}published") > entry.findtext(f"{{{ATOM}}}updated"):
            yield "updated before it was published"
        yield from html_faults(content.text)


def json_faults(feed: Mapping[str, Any]) -> Iterator[str]:
    if feed["version"] != "https://jsonfeed.org/version/1.1" or not feed["title"]:
        yield "version or title"
    for address in ("home_page_url", "feed_url", *(["next_url"] if "next_url" in feed else [])):
        if not absolute(feed[address]):
            yield address
    if feed.get("next_url") == feed["feed_url"]:
        yield "next_url is itself"
    if len({item["id"] for item in feed["items"]}) != len(feed["items"]):
        yield "id used twice"
    for holder in [feed, *feed["items"]]:
        yield from (
            f"{name} is no object" for name in holder if name.startswith("_") and not isinstance(holder[name], dict)
        )
    for item in feed["items"]:
        if not isinstance(item["id"], str) or not item["title"] or not absolute(item["url"]):
            yield f"item {item['id']}"
        for date in ("date_published", "date_modified"):
            if date in item and not RFC3339.fullmatch(item[date]):
                yield f"{date} {item[date]}"
        for attachment in item.get("attachments", ()):
            if not absolute(attachment["url"]) or attachment["size_in_bytes"] <= 0 or not attachment["mime_type"]:
                yield f"attachment {attachment}"
        yield from html_faults(item["content_html"])


def html_faults(content: str) -> Iterator[str]:
    for element in html.fragment_fromstring(content, create_parent="div").iter():
        if element.tag in ("script", "style", "iframe", "object", "embed", "form"):
            yield f"unsafe: {element.tag}"
        for attribute in ("href", "src"):
            value = element.get(attribute)
            if value is not None and not absolute(value) and urlsplit(value).scheme not in ("mailto", "tel"):
                yield f"relative: {value}"
        if element.tag == "img" and element.get("alt") is None:
            yield "img without alt"


def test_the_rules_refuse_bad_feeds(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    sound = documents(root)
    assert [fault for name, document in sound.items() if name != "opml.xml" for fault in faults(name, document)] == []
    for name, old, new in [
        ("rss.xml", b"+0800", b"CST"),
        ("rss.xml", b'rel="self"', b'rel="other"'),
        ("rss.xml", b'isPermaLink="false"', b'isPermaLink="true"'),
        ("rss.xml", b'src="http://127.0.0.1:8000', b'src="'),
        ("rss.xml", b"<pubDate>Tue", b"<pubDate>Wed"),
        ("rss.xml", b"dc:creator", b"author"),
        ("atom.xml", b"<published>2026", b"<published>2027"),
        ("atom.xml", b"+08:00</updated>", b"</updated>"),
        ("atom.xml", b"<name>", b"<email>"),
        ("feed.json", b'"size_in_bytes": ', b'"size_in_bytes": -'),
        ("feed.json", b"version/1.1", b"version/9"),
    ]:
        bad = sound[name].replace(old, new)
        assert bad != sound[name], (name, old)
        bad = bad.replace(b"</name>", b"</email>") if new == b"<email>" else bad
        assert faults(name, bad), (name, old)


# -- content -------------------------------------------------------------------------------------------


def test_every_document_obeys_the_rules(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 8):
        rehearsal.publish(with_picture(rehearsal, n, f"#2f6f{n:02x}", column="tuopin" if n % 2 else "yaowen"))
    corrected = article(2, version=2)
    rehearsal.publish(corrected)
    rehearsal.withdraw(article(3, column="tuopin"), "数据有误")
    found = documents(root)
    assert set(found) == {
        "opml.xml",
        *(f"{folder}{form.file()}" for folder in ("", "tuopin/", "yaowen/") for form in Form),
    }
    assert [fault for name, doc in found.items() if name != "opml.xml" for fault in faults(Path(name).name, doc)] == []


def test_the_three_forms_say_the_same(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 6):
        rehearsal.publish(with_picture(rehearsal, n, f"#2f6f{n:02x}"))
    rehearsal.publish(article(2, version=2, source="甘肃日报"))
    rehearsal.withdraw(article(4), "数据有误")
    rss, atom = (feedparser.parse((root / name).read_bytes()) for name in ("rss.xml", "atom.xml"))
    feed = json.loads((root / "feed.json").read_bytes())
    assert [entry.id for entry in rss.entries] == [f"tag:www.wushan.gov.cn,2020:a{n}" for n in (5, 4, 3, 2, 1)]
    for one, two, three in zip(rss.entries, atom.entries, feed["items"], strict=True):
        assert one.id == two.id == three["id"]
        assert one.title == two.title == three["title"]
        assert one.link == two.link == three["url"]
        assert one.content[0].value == two.content[0].value
        assert one.summary == two.summary == three["summary"]
        assert one.published_parsed == two.published_parsed
        assert dict(one).get("updated_parsed", two.published_parsed) == two.updated_parsed
        assert [tag.term for tag in one.tags] == [tag.term for tag in two.tags] == three["tags"]
        assert [author.name for author in two.authors] == [author["name"] for author in three["authors"]]
        assert [e.href for e in one.enclosures] == [e.href for e in two.enclosures]
        told = [(e["url"], str(e["size_in_bytes"])) for e in three.get("attachments", [])]
        assert [(e.href, e.length) for e in two.enclosures] == told


def test_pictures_are_absolute_and_their_lengths_true(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    (entry,) = feedparser.parse((root / "rss.xml").read_bytes()).entries
    (enclosure,) = entry.enclosures
    (content,) = entry.media_content
    path = root / enclosure.href.removeprefix(BASE)
    assert path.is_relative_to(root / "media" / "a1")
    assert int(enclosure.length) == int(content["filesize"]) == path.stat().st_size
    (item,) = json.loads((root / "feed.json").read_bytes())["items"]
    assert f'<img src="{enclosure.href}" alt="架豆丰收" width="1200" height="675">' in item["content_html"]
    assert (content["width"], content["height"]) == ("1200", "675")


def test_a_correction_keeps_its_date_and_says_so(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    rehearsal.publish(revision_of(article_of("第1条消息"), 2, id="a1", at=NOON, note="面积应为5.3万亩"))
    item = etree.fromstring((root / "rss.xml").read_bytes()).find(".//item")
    assert item.findtext("pubDate") == "Tue, 24 Nov 2026 12:00:00 +0800"
    assert item.findtext(f"{{{ATOM}}}updated") == "2026-11-24T13:00:00+08:00"
    assert item.findtext(CONTENT).startswith("<p><strong>更正</strong>（2026-11-24 13:00）：面积应为5.3万亩</p>")
    (one,) = json.loads((root / "feed.json").read_bytes())["items"]
    assert (one["date_published"], one["date_modified"]) == ("2026-11-24T12:00:00+08:00", "2026-11-24T13:00:00+08:00")


def test_a_retraction_is_the_same_item_with_the_notice(rehearsal: Rehearsal, root: Path) -> None:
    revision = with_picture(rehearsal, 1)
    rehearsal.publish(revision)
    rehearsal.publish(article(2))
    gone = rehearsal.withdraw(revision, "数据<有误>")
    entry = feedparser.parse((root / "atom.xml").read_bytes()).entries[1]
    assert entry.id == "tag:www.wushan.gov.cn,2020:a1"
    assert entry.title.startswith("撤稿")
    assert "数据&lt;有误&gt;" in entry.content[0].value
    assert "架豆" not in entry.content[0].value
    assert entry.published == "2026-11-24T12:01:00+08:00"
    assert entry.updated == "2026-11-25T12:00:00.001000+08:00"
    assert not list((root / "media" / "a1").glob("*"))
    evidence = rehearsal.verify(gone)
    assert (evidence.standing, evidence.extract) == (Standing.WITHDRAWN, entry.title)
    late = dataclasses.replace(rehearsal.delivery(revision), action=Action.PUBLISH)
    assert rehearsal.channel.release(late).standing is Standing.WITHDRAWN


def test_a_correction_takes_away_the_picture_it_drops(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    rehearsal.publish(with_picture(rehearsal, 2))  # the same picture in another article
    rehearsal.publish(article(1, version=2))
    assert not list((root / "media" / "a1").glob("*"))
    assert list((root / "media" / "a2").glob("*.jpg"))
    rehearsal.publish(with_picture(rehearsal, 1, version=3))
    assert list((root / "media" / "a1").glob("*.jpg"))


def test_links_in_the_body_become_absolute(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1, body='<p><a href="/2020/a.html">甲</a><a href="b.html">乙</a></p>'))
    text = (root / "feed.json").read_text()
    assert "http://127.0.0.1:8000/2020/a.html" in text
    assert "http://127.0.0.1:8000/2026/11/b.html" in text


@pytest.mark.parametrize("field", ["headline", "body", "source", "summary", "editors_note"])
def test_what_xml_cannot_say_is_refused_by_name(rehearsal: Rehearsal, field: str) -> None:
    with pytest.raises(Unpublishable) as refused:
        rehearsal.channel.render(article(1, **{}).model_copy(
            update={"article": article_of().model_copy(update={field: "<p>甲\x08\ufffe</p>"})}
        ), rehearsal.channel.newsroom)  # fmt: skip
    assert refused.value.problem.field == field
    assert "U+0008" in str(refused.value.problem.message)


WORDS = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), min_size=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headline=WORDS.filter(str.strip), body=WORDS, note=WORDS, name=WORDS.filter(str.strip))
def test_any_text_stays_what_it_is(headline: str, body: str, note: str, name: str) -> None:
    newsroom = newsroom_of()
    block = html.Element("p")
    block.text = body
    text = html.tostring(block, encoding="unicode")
    revision = revision_of(article_of(headline, body=text, reporters=(name,)), 2, note=note)
    item = article_item(revision, newsroom, BASE)
    feed = Feed.of(newsroom, BASE, items=[item])
    rss, atom = etree.fromstring(feed.document(Form.RSS)), etree.fromstring(feed.document(Form.ATOM))
    (one,) = json.loads(feed.document(Form.JSON))["items"]
    title = " ".join(headline.split())
    assert (
        rss.findtext(".//item/title") == atom.findtext(f".//{{{ATOM}}}entry/{{{ATOM}}}title") == one["title"] == title
    )
    content = atom.findtext(f".//{{{ATOM}}}content")
    assert rss.findtext(f".//{CONTENT}") == content == one["content_html"]
    assert rss.findtext(f".//{CREATOR}") == name


@pytest.mark.parametrize("case", sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.article.json")))
def test_golden(case: str, rehearsal: Rehearsal, agreed: Callable[[Path, str], str]) -> None:
    record = Article.model_validate_json((GOLDEN / f"{case}.article.json").read_text())
    rendition = rehearsal.channel.render(revision_of(record), rehearsal.channel.newsroom)
    came = json.loads(rendition.body)
    written = json.dumps(came, ensure_ascii=False, indent=1)
    assert came == json.loads(agreed(GOLDEN / f"{case}.item.json", written))


# -- the same bytes, archives, cost ------------------------------------------------------------------------


def test_a_rebuild_gives_the_same_bytes(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 4):
        last = rehearsal.publish(with_picture(rehearsal, n))
    before = documents(root)
    times = {name: (root / name).stat().st_mtime_ns for name in before}
    rehearsal.channel.release(last)
    assert {name: (root / name).stat().st_mtime_ns for name in before} == times
    shutil.rmtree(root)
    Feeds(rehearsal.channel.setting).release(last)  # another worker, knowing nothing
    assert documents(root) == before
    assert rehearsal.verify(last).standing is Standing.LIVE


def test_archives_never_change(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 51))
    archives = {name: doc for name, doc in documents(root).items() if "-1." in name}
    assert len(archives) == 6
    publish_many(rehearsal, range(51, 121))
    found = documents(root)
    assert archives.items() <= found.items()
    assert not [name for name in found if "-3." in name]
    for name, document in found.items():
        if name != "opml.xml":
            assert faults(Path(name).name, document) == []
            assert len(ids(name, document)) == 50
    guids = {n: rehearsal.channel.newsroom.guid(f"a{n}") for n in range(1, 121)}
    assert ids("rss.xml", found["rss.xml"]) == [guids[n] for n in range(120, 70, -1)]
    assert ids("rss-2.xml", found["rss-2.xml"]) == [guids[n] for n in range(100, 50, -1)]
    assert ids("feed-1.json", found["feed-1.json"]) == [guids[n] for n in range(50, 0, -1)]


def test_the_history_can_be_walked(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 121))
    seen: set[str] = set()
    address: str | None = f"{BASE}rss.xml"
    while address:
        document = (root / address.removeprefix(BASE)).read_bytes()
        seen |= set(ids("rss.xml", document))
        links = {link.get("rel"): link.get("href") for link in etree.fromstring(document).iter(f"{{{ATOM}}}link")}
        address = links.get("prev-archive")
    assert len(seen) == 120
    newest = json.loads((root / "feed.json").read_bytes())
    assert newest["next_url"] == f"{BASE}feed-2.json"
    assert "next_url" not in json.loads((root / "feed-1.json").read_bytes())


def test_a_correction_in_an_archive_rewrites_that_one_and_the_newest(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 121))
    before = documents(root)
    new = rehearsal.publish(article(7, version=2))
    changed = {name for name, document in documents(root).items() if document != before.get(name)}
    assert changed == {f"{folder}{form.file(n)}" for folder in ("", "yaowen/") for form in Form for n in (0, 1)}
    assert rehearsal.verify(new).standing is Standing.LIVE
    gone = rehearsal.withdraw(article(7, version=2))
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert "撤稿" in (root / "rss-1.xml").read_text()


DAY = timedelta(days=1)


def corrected(n: int, at: datetime, version: int = 2) -> Revision:
    return article(n, version=version).model_copy(update={"corrected_at": at, "note": f"第{n}条的更正"})


def numbers(root: Path, path: str) -> list[int]:
    """The articles of a document, in its order."""
    return [int(one.rpartition(":a")[2]) for one in ids(path, (root / path).read_bytes())]


@pytest.mark.parametrize("deed", ["correction", "withdrawal"])
def test_what_changes_in_an_archive_comes_back_to_subscribers(rehearsal: Rehearsal, root: Path, deed: str) -> None:
    publish_many(rehearsal, range(1, 121))
    later = NOON + DAY
    if deed == "correction":
        done = rehearsal.publish(corrected(7, later))
    else:
        done = rehearsal.withdraw(article(7), "数据有误", at=later)
    wanted = Standing.LIVE if deed == "correction" else Standing.WITHDRAWN
    assert rehearsal.verify(done).standing is wanted
    for folder in ("", "yaowen/"):
        for form in Form:
            path = f"{folder}{form.file()}"
            document = (root / path).read_bytes()
            assert numbers(root, path) == [*range(120, 70, -1), 7]
            assert ("第7条的更正" if deed == "correction" else "数据有误") in document.decode()
            assert faults(form.file(), document) == []
            rehearsal.channel.release(done) if deed == "correction" else rehearsal.channel.withdraw(done)
            assert (root / path).read_bytes() == document
            lost = document.replace(b":a7<", b":a999<").replace(b':a7"', b':a999"')
            feeds_of(rehearsal).files.write(path, lost)
            assert rehearsal.verify(done).standing is not wanted, path
            assert rehearsal.channel.find(done).standing is not wanted, path
            feeds_of(rehearsal).files.write(path, document)


def test_what_came_back_stays_for_thirty_days_of_news(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 121))
    rehearsal.publish(corrected(7, NOON + DAY))
    rehearsal.withdraw(article(9), at=NOON + 3 * DAY)

    def published(n: int, after: timedelta) -> None:
        revision = article(n).model_copy(update={"published_at": NOON + after})
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))

    published(121, 31 * DAY)
    assert numbers(root, "atom.xml")[50:] == [9, 7]
    published(122, 31 * DAY + timedelta(seconds=1))
    assert numbers(root, "atom.xml")[50:] == [9]
    published(123, 34 * DAY)
    assert numbers(root, "atom.xml") == [*range(123, 73, -1)]


def test_what_was_imported_comes_back_when_it_is_corrected(rehearsal: Rehearsal, root: Path) -> None:
    """Also where nothing has been released yet, so that there is no newest page."""
    for n in range(1, 4):
        rehearsal.catalogue.place(article(n), imported=True)
    done = rehearsal.publish(corrected(2, NOON + DAY))
    assert numbers(root, "rss.xml") == [2]
    assert rehearsal.verify(done).standing is Standing.LIVE
    rehearsal.publish(article(9))
    assert numbers(root, "atom.xml") == [9, 2]
    assert rehearsal.verify(done).standing is Standing.LIVE


def test_many_corrections_do_not_make_a_document_grow(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 151))
    for n in range(1, 61):
        rehearsal.catalogue.place(corrected(n, NOON + DAY + timedelta(minutes=n)))
    done = rehearsal.publish(corrected(61, NOON + 2 * DAY))
    assert numbers(root, "rss.xml") == [*range(150, 100, -1), *range(61, 11, -1)]
    assert rehearsal.verify(done).standing is Standing.LIVE


def test_what_comes_back_is_the_same_in_a_rebuild(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 121))
    rehearsal.publish(corrected(7, NOON + DAY))
    rehearsal.withdraw(article(9), at=NOON + 2 * DAY)
    rehearsal.publish(article(121))
    found = documents(root)
    shutil.rmtree(root)
    for entry in rehearsal.catalogue.span(1, 200):
        again = rehearsal.delivery(entry.revision, Action.WITHDRAW if entry.withdrawn_at else None)
        rebuilt = Feeds(rehearsal.channel.setting)
        (rebuilt.withdraw if entry.withdrawn_at else rebuilt.release)(again)
    assert documents(root) == found


def test_a_change_broken_off_between_two_documents_is_seen(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_many(rehearsal, range(1, 121))
    delivery = rehearsal.prepare(rehearsal.delivery(corrected(7, NOON + DAY)))
    written: list[str] = []

    def broken_off(self: Files, here: str, staged: str, path: str) -> bool:
        if len(written) >= 3:
            raise KeyboardInterrupt
        written.append(path)
        return real(self, here, staged, path)

    real = Files.publish
    with monkeypatch.context() as patch:
        patch.setattr(Files, "publish", broken_off)
        with pytest.raises(KeyboardInterrupt):
            rehearsal.release(delivery)
    assert written
    assert rehearsal.channel.find(delivery).standing is Standing.STAGED
    assert rehearsal.verify(rehearsal.release(delivery)).standing is Standing.LIVE


def test_the_oldest_archive_is_marked_complete(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 121))
    for name in ("rss", "atom"):
        marks = [f"{{{HISTORY}}}complete" in {one.tag for one in etree.parse(root / f"{name}{n}.xml").iter()}
                 for n in ("-1", "-2", "")]  # fmt: skip
        assert marks == [True, False, False]


def test_articles_of_one_instant_are_told_apart(rehearsal: Rehearsal, root: Path) -> None:
    for n in (1, 2, 3):
        revision = article(n).model_copy(update={"published_at": NOON})
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
    entries = feedparser.parse((root / "atom.xml").read_bytes()).entries
    assert len({one.updated for one in entries}) == 3
    assert len({one.updated_parsed for one in entries}) == 1
    assert [one.updated for one in entries] == sorted((one.updated for one in entries), reverse=True)


@pytest.mark.parametrize("text", ["1<2，3>2", "AT&amp;T", "<b>粗</b>", "a &lt; b & c"])
def test_a_description_is_text_to_whoever_shows_it_as_html(rehearsal: Rehearsal, root: Path, text: str) -> None:
    rehearsal.publish(article(1, summary=text))
    description = etree.fromstring((root / "rss.xml").read_bytes()).findtext(".//item/description")
    assert html.fragment_fromstring(description, create_parent="div").text_content() == text
    atom = etree.fromstring((root / "atom.xml").read_bytes())
    assert atom.findtext(f".//{{{ATOM}}}entry/{{{ATOM}}}summary") == text
    assert json.loads((root / "feed.json").read_bytes())["items"][0]["summary"] == text


@pytest.mark.parametrize("named", [False, True])
def test_a_notice_names_the_headline_only_if_asked_to(setting: Callable[..., Setting], root: Path, named: bool) -> None:
    rehearsal = Rehearsal(Feeds(setting(withdrawn_headline=named)))
    publish_many(rehearsal, range(1, 56))
    gone = [rehearsal.withdraw(article(n), "内容失实") for n in (2, 54)]
    for path, document in documents(root).items():
        if path != "opml.xml":
            assert [f"第{n}条消息" in document.decode() for n in (2, 54) if n in numbers(root, path)] in (
                [named],
                [named] * 2,
            )
    assert [rehearsal.verify(one).standing for one in gone] == [Standing.WITHDRAWN] * 2
    title = feedparser.parse((root / "rss.xml").read_bytes()).entries[1].title
    assert title == ("撤稿：第54条消息" if named else "撤稿：“武山要闻”2026-11-24发布的一篇稿件")
    assert feeds_of(rehearsal).check() == []
    assert [one.field for one in Feeds(setting(withdrawn_headline="yes")).check()] == ["withdrawn_headline"]


def test_an_object_store_is_asked_for_a_pictures_length_once(
    setting: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = Rehearsal(Feeds(setting(root="memory://feeds-asked", url=BASE)))
    for n in range(1, 6):
        rehearsal.publish(with_picture(rehearsal, n, f"#2f6f{n:02x}"))
    asked: list[str] = []
    real = Files.size

    def size(self: Files, path: str) -> int | None:
        asked.append(path)
        return real(self, path)

    monkeypatch.setattr(Files, "size", size)
    done = rehearsal.publish(with_picture(rehearsal, 6, "#2f6faa"))
    assert {path.split("/")[1] for path in asked} == {"a5", "a6"}  # what was there before has been asked about
    assert rehearsal.verify(done).standing is Standing.LIVE
    path = next(one for one in asked if one.startswith("media/a6/"))
    files = feeds_of(rehearsal).files
    files.write(path, (files.read(path) or b"") + b"of another version")
    assert rehearsal.verify(done).standing is Standing.ABSENT
    assert rehearsal.verify(rehearsal.release(done)).standing is Standing.LIVE


def test_an_archive_filled_by_another_worker_is_written(rehearsal: Rehearsal, root: Path) -> None:
    publish_many(rehearsal, range(1, 50))
    rehearsal.catalogue.place(article(50))  # released at this instant by another worker, not written yet
    publish_many(rehearsal, range(51, 52))
    assert len(ids("atom-1.xml", (root / "atom-1.xml").read_bytes())) == 50


def test_the_cost_of_a_release_does_not_grow(setting: Callable[..., Setting], monkeypatch: pytest.MonkeyPatch) -> None:
    def written(articles: int) -> tuple[int, int]:
        rehearsal = Rehearsal(Feeds(setting(root=f"site{articles}")))
        for n in range(1, articles + 1):
            rehearsal.catalogue.place(article(n))
        publish_many(rehearsal, range(articles + 1, articles + 2))
        files, catalogue = feeds_of(rehearsal).files, rehearsal.catalogue
        writes: list[Any] = []
        reads: list[Any] = []

        def counted(name: str, of: Any, calls: list[Any]) -> None:
            real = getattr(of, name)

            def call(*given: Any) -> Any:
                calls.append(given)
                return real(*given)

            patch.setattr(of, name, call)

        prepared = rehearsal.prepare(rehearsal.delivery(article(articles + 2)))
        with monkeypatch.context() as patch:
            counted("write", files.storage, writes)
            counted("read", files.storage, reads)
            counted("span", catalogue, reads)
            patch.setattr(catalogue, "live", None)  # an unbounded question would be a mistake
            rehearsal.release(prepared)
        return len(writes), len(reads)

    assert written(60) == written(1060)


def test_sizes(rehearsal: Rehearsal, root: Path) -> None:
    """50 articles of 2000 characters: 300 KB of UTF-8 text alone; on the wire at most 250 KB."""
    characters = [chr(0x4E00 + (i * i * 7919 + i * 31) % 3000) for i in range(50 * 2000)]
    for n in range(50):
        text = "".join(characters[n * 2000 : n * 2000 + 2000])
        body = "".join(f"<p>{text[i : i + 200]}</p>" for i in range(0, 2000, 200))
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(article(n + 1, body=body))))
    for name in ("rss.xml", "atom.xml", "feed.json"):
        document = (root / name).read_bytes()
        assert len(document) <= 1.25 * 50 * 2000 * 3, name
        assert len(gzip.compress(document, 6)) <= 250_000, name


# -- simultaneous releases, truth ---------------------------------------------------------------------------


def test_pictures_of_an_article_released_this_instant_are_there(rehearsal: Rehearsal, root: Path) -> None:
    other = with_picture(rehearsal, 2, "#123456")
    mine = rehearsal.prepare(rehearsal.delivery(article(1)))
    rehearsal.prepare(rehearsal.delivery(other))
    rehearsal.catalogue.place(article(1))
    rehearsal.catalogue.place(other)  # its worker has not come to it yet
    rehearsal.channel.release(mine)
    first = feedparser.parse((root / "rss.xml").read_bytes()).entries[0]
    assert first.title == "第2条消息"
    (enclosure,) = first.enclosures
    assert (root / enclosure.href.removeprefix(BASE)).stat().st_size == int(enclosure.length)


@pytest.mark.parametrize("release", ["prepared", "repeated"])
def test_a_picture_that_returns_with_other_bytes_is_told_of_as_it_is(
    rehearsal: Rehearsal, root: Path, release: str
) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    other = rehearsal.publish(with_picture(rehearsal, 2, "#123456"))
    (path,) = (root / "media" / "a1").iterdir()
    before = path.read_bytes()
    rehearsal.publish(article(1, version=2))
    assert not path.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(before + b"of another worker's version")
    back = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 1, version=3)))
    if release == "repeated":
        back = rehearsal.release(back)
    assert rehearsal.verify(rehearsal.release(back)).standing is Standing.LIVE
    assert rehearsal.verify(other).standing is Standing.LIVE


def test_a_picture_put_anew_by_another_version_is_told_of_as_it_is(rehearsal: Rehearsal, root: Path) -> None:
    first = rehearsal.publish(with_picture(rehearsal, 1))
    (path,) = (root / "media" / "a1").iterdir()
    path.write_bytes(path.read_bytes() + b"of another version")
    assert rehearsal.verify(first).standing is Standing.ABSENT
    rehearsal.publish(article(2))
    assert rehearsal.verify(first).standing is Standing.LIVE


def test_one_picture_that_stands_and_one_that_does_not(rehearsal: Rehearsal, root: Path) -> None:
    images = [picture(colour) for colour in ("#2f6f4f", "#123456")]
    rehearsal.media.update({image.digest: data for image, data in images})
    rehearsal.publish(article(1, images=[images[0][0]]))
    (path,) = (root / "media" / "a1").iterdir()
    path.write_bytes(path.read_bytes() + b"of another version")
    both = article(1, version=2, images=[image for image, _ in images])
    assert rehearsal.verify(rehearsal.publish(both)).standing is Standing.LIVE


def test_another_articles_lost_picture_does_not_hold_up_this_one(rehearsal: Rehearsal) -> None:
    lost = with_picture(rehearsal, 1)
    rehearsal.catalogue.place(lost)
    rehearsal.media.clear()
    assert rehearsal.verify(rehearsal.publish(article(2))).standing is Standing.LIVE


def test_simultaneous_releases_lose_nothing(rehearsal: Rehearsal, root: Path) -> None:
    prepared = [rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, n, f"#2f6f{n:02x}"))) for n in range(1, 9)]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision)
    threads = [threading.Thread(target=rehearsal.channel.release, args=(delivery,)) for delivery in prepared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids("atom.xml", (root / "atom.xml").read_bytes())) == 8
    assert {rehearsal.verify(delivery).standing for delivery in prepared} == {Standing.LIVE}


@pytest.mark.parametrize("path", [f"{folder}{form.file()}" for folder in ("", "yaowen/") for form in Form])
def test_verify_reads_every_document(rehearsal: Rehearsal, path: str) -> None:
    delivery = rehearsal.publish(article(1))
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    alter(rehearsal, path)
    assert rehearsal.verify(delivery).standing is not Standing.LIVE
    feeds_of(rehearsal).files.write(path, b"<rss><channel>")
    assert rehearsal.verify(delivery).standing is not Standing.LIVE
    feeds_of(rehearsal).files.delete(path)
    assert rehearsal.verify(delivery).standing is not Standing.LIVE


LENGTHS = ("", "viel", "-1", "1.5", "1e400", "12_000", "٣", " 1", "9" * 30, "9" * 5000)
"""What is no length of a file."""


@pytest.mark.parametrize("length", [*LENGTHS, "0", "1"])
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("rss.xml", r'(<enclosure [^>]*length=")[^"]*'),
        ("rss.xml", r'(<media:content [^>]*fileSize=")[^"]*'),
        ("yaowen/atom.xml", r'(<link rel="enclosure" [^>]*length=")[^"]*'),
        ("feed.json", r'("size_in_bytes": ?)\d+'),
    ],
)
def test_a_wrong_length_is_not_as_it_should_be(rehearsal: Rehearsal, path: str, told: str, length: str) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    files = feeds_of(rehearsal).files
    sound = (files.read(path) or b"").decode()
    said = f'"{length}"' if path.endswith("json") and not re.fullmatch("[0-9.e]+", length) else length
    wrong = re.sub(told, rf"\g<1>{said}", sound)
    assert wrong != sound
    files.write(path, wrong.encode())
    assert rehearsal.verify(delivery).standing is Standing.ABSENT
    if length in LENGTHS:
        assert rehearsal.channel.find(delivery).standing is Standing.ABSENT
        (seen,) = read(Form(Path(path).stem), wrong.encode(), "tag:www.wushan.gov.cn,2020:a1")
        assert seen.title == "第1条消息"
        withdrawn = rehearsal.withdraw(delivery.revision)
        files.write(path, wrong.encode())
        assert rehearsal.channel.find(withdrawn).standing is Standing.LIVE


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("rss.xml", "<item>", '<item xmlns:x="relative">'),
        ("rss.xml", "</item>", "<x url=''/><x length=''/></item>"),
        ("atom.xml", "</entry>", "<enclosure length='1'/></entry>"),
        ("feed.json", '"title": "第1条消息"', '"title": "第1条消息\\ud800"'),
        ("feed.json", '"title": "第1条消息"', '"title": ["第1条消息"]'),
        ("feed.json", '"attachments": [', '"attachments": [1, {}, {"url": []}, '),
        ("feed.json", '"items": [', '"items": [0, [], {}, {"id": []}, '),
        ("feed.json", '"items": [', '"nested": ' + "[" * 20_000 + "]" * 20_000 + ', "items": ['),
        ("feed.json", '"tags": [', '"tags": [{}, '),
    ],
)
def test_whatever_stands_in_a_feed_nothing_but_an_answer_comes_of_it(
    rehearsal: Rehearsal, path: str, old: str, new: str
) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    alter(rehearsal, path, old, new)
    rehearsal.channel.find(delivery)
    seen = rehearsal.verify(delivery)
    assert (seen.standing is Standing.LIVE) == (new.startswith('"items": [0'))


def test_an_entity_in_a_feed_is_not_as_it_should_be(rehearsal: Rehearsal) -> None:
    delivery = rehearsal.publish(article(1))
    alter(rehearsal, "rss.xml", "<rss", '<!DOCTYPE rss [<!ENTITY x "y">]><rss')
    alter(rehearsal, "rss.xml", "</item>", "&x;</item>")
    assert rehearsal.verify(delivery).standing is Standing.ABSENT


def test_verify_looks_at_the_pictures(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    (path,) = (root / "media" / "a1").iterdir()
    path.write_bytes(path.read_bytes() + b"x")
    assert rehearsal.verify(delivery).standing is Standing.ABSENT
    path.unlink()
    assert rehearsal.verify(delivery).standing is Standing.ABSENT


def test_nothing_prepared_stands_in_the_public_folder(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 1)))
    assert not (tmp_path / "site").exists()


def test_opml_lists_the_feeds_that_have_articles(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1, column="tuopin"))
    outlines = etree.fromstring((root / "opml.xml").read_bytes()).findall(".//outline[@xmlUrl]")
    assert [outline.get("xmlUrl") for outline in outlines] == [f"{BASE}rss.xml", f"{BASE}tuopin/rss.xml"]
    every = etree.fromstring((root / "opml.xml").read_bytes()).iter("outline")
    assert {(outline.get("type"), outline.get("version"), outline.get("language")) for outline in every} == {
        ("rss", "RSS2", "zh-CN")
    }
    assert not (root / "yaowen").exists()


# -- columns: opened, renamed, closed --------------------------------------------------------------------


def column_of(rehearsal: Rehearsal) -> Column:
    banner, data = picture("#8e1a17", (1200, 300))
    rehearsal.media[banner.digest] = data
    return Column(
        id="xczx",
        name="乡村振兴看武山",
        description="展示武山县乡村振兴的成效",
        keywords=("乡村振兴", "武山县"),
        note="今日开栏。",
        series="2026年乡村振兴系列报道",
        banner=banner.model_copy(update={"alt": "乡村振兴"}),
    )


def renamed(column: Column, name: str, address: str) -> Column:
    known = {"former_names": (*column.former_names, column.name)}
    return column.model_copy(
        update={"name": name, "address": address, "former_addresses": (*column.former_addresses, column.address)}
        | known
    )


def in_column(column: Column, n: int, **fields: Any) -> Revision:
    return article(n, column=column.id, series=f"{column.series}之{n}", number=n, banner=column.banner, **fields)


def announce(rehearsal: Rehearsal, column: Column, n: int, deed: Deed = Deed.OPEN) -> Delivery:
    return rehearsal.publish(revision_of(opening_of(column, deed), id=f"a{n}", at=NOON + timedelta(minutes=n)))


def outlines(root: Path) -> dict[str, str]:
    """The names of the listed feeds, by address."""
    found = etree.fromstring((root / "opml.xml").read_bytes()).iter("outline")
    return {one.get("xmlUrl"): one.get("text") for one in found if one.get("xmlUrl")}


def test_an_opened_column_is_listed_at_once(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal).model_copy(update={"address": "xiangcun"})
    announce(rehearsal, column, 1)
    assert outlines(root)[f"{BASE}xiangcun/rss.xml"].startswith(column.name)
    for form in Form:
        document = (root / "xiangcun" / form.file()).read_bytes()
        assert ids(form.file(), document) == [rehearsal.newsroom.guid("a1")]
        assert faults(form.file(), document) == []
    assert not (root / "xczx").exists()


def test_a_withdrawn_opening_leaves_the_list(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    opened = announce(rehearsal, column_of(rehearsal), 2)
    before = outlines(root)
    gone = rehearsal.withdraw(opened.revision, "栏目推迟开设")
    assert set(before) - set(outlines(root)) == {f"{BASE}xczx/rss.xml"}
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert "撤稿" in (root / "xczx" / "rss.xml").read_text()
    rehearsal.publish(article(3))
    assert f"{BASE}xczx/rss.xml" not in outlines(root)
    listing = (root / "opml.xml").read_bytes()
    feeds_of(rehearsal).files.write("opml.xml", listing.replace(b"yaowen/", b"xczx/"))
    assert rehearsal.verify(gone).standing is Standing.LIVE  # the public is still led to it


def test_a_renamed_column_keeps_its_names_in_readers(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    for n in range(2, 53):
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(in_column(column, n))))
    before = documents(root)
    second = renamed(column, "和美乡村", "he--mei")
    told = announce(rehearsal, second, 53, Deed.RENAME)
    assert rehearsal.verify(told).standing is Standing.LIVE
    found = documents(root)
    for archive in (0, 1):
        for form in Form:
            name = form.file(archive)
            old, new = before[f"xczx/{name}"], found[f"he--mei/{name}"]
            assert set(ids(name, old)) - {rehearsal.newsroom.guid(f"a{n}") for n in (1, 2, 3)} <= set(ids(name, new))
            assert faults(name, new) == []
            assert b"xczx/" not in new
            assert own_id(form, old) == own_id(form, new)
            assert f"xczx/{name}" not in found
            left = found[f"xczx/{beside(name, 'moved')}"]
            address = f"{BASE}he--mei/{name}"
            assert faults(name, left) == []
            assert ids(name, left) == []
            assert address in left.decode()
            if form is Form.JSON:
                assert json.loads(left)["_moved"] == {"feed_url": address}
    assert outlines(root)[f"{BASE}he--mei/rss.xml"].startswith("和美乡村")
    assert f"{BASE}xczx/rss.xml" not in outlines(root)
    assert moves(root) == {"xczx": "he--mei"}
    announce(rehearsal, renamed(second, "乡村", "xiangcun"), 54, Deed.RENAME)
    for address in ("xczx", "he--mei"):
        for form in Form:
            left = (root / address / beside(form.file(), "moved")).read_bytes()
            assert f"{BASE}xiangcun/{form.file()}" in left.decode()
    assert moves(root) == {"xczx": "xiangcun", "he--mei": "xiangcun"}
    announce(rehearsal, renamed(renamed(second, "乡村", "xiangcun"), column.name, "xczx"), 55, Deed.RENAME)
    assert ids("rss.xml", (root / "xczx" / "rss.xml").read_bytes())[0] == rehearsal.newsroom.guid("a55")
    assert moves(root) == {"xiangcun": "xczx", "he--mei": "xczx"}
    assert not [path for path in documents(root) if path.startswith("xczx/") and addresses.is_beside(path)]
    assert rehearsal.verify(told).standing is Standing.LIVE


def own_id(form: Form, document: bytes) -> str | None:
    """Atom alone names the feed itself."""
    return etree.fromstring(document).findtext(f"{{{ATOM}}}id") if form is Form.ATOM else None


def moves(root: Path) -> dict[str, str]:
    return addresses.read((root / addresses.LISTING).read_bytes())


def test_a_withdrawn_renaming_leads_back(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    before = outlines(root)
    told = announce(rehearsal, renamed(column, "和美乡村", "hmxc"), 2, Deed.RENAME)
    gone = rehearsal.withdraw(told.revision, "名称有误")
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert outlines(root) == before
    for form in Form:
        assert moves(root) == {"hmxc": "xczx"}
        left = (root / "hmxc" / beside(form.file(), "moved")).read_bytes()
        assert f"{BASE}xczx/{form.file()}" in left.decode()
        assert rehearsal.newsroom.guid("a1") in ids(form.file(), (root / "xczx" / form.file()).read_bytes())


def test_a_former_address_that_another_column_took_is_that_columns(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    announce(rehearsal, renamed(column, "和美乡村", "hmxc"), 2, Deed.RENAME)
    heir = Column(id="new", name="新栏目", description="新", keywords=("新",), address="xczx")
    announce(rehearsal, heir, 3)
    rehearsal.publish(in_column(column, 4))
    assert ids("rss.xml", (root / "xczx" / "rss.xml").read_bytes()) == [rehearsal.newsroom.guid("a3")]


def test_a_rebuild_of_a_renamed_column_gives_the_same_bytes(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    rehearsal.publish(in_column(column, 2))
    told = announce(rehearsal, renamed(column, "和美乡村", "hmxc"), 3, Deed.RENAME)
    before = documents(root)
    times = {name: (root / name).stat().st_mtime_ns for name in before}
    rehearsal.channel.release(told)
    assert {name: (root / name).stat().st_mtime_ns for name in before} == times
    shutil.rmtree(root)
    Feeds(rehearsal.channel.setting).release(told)
    assert documents(root) == before


def test_a_closed_columns_feed_stays_and_says_so(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    for n in range(2, 51):
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(in_column(column, n))))
    before = documents(root)
    announce(rehearsal, column.model_copy(update={"closed": "《乡村振兴看武山》今日收官。"}), 51, Deed.CLOSE)
    assert f"{BASE}xczx/rss.xml" in outlines(root)
    for name in ("rss.xml", "atom.xml", "feed.json"):
        feed = (root / "xczx" / name).read_text()
        assert "展示武山县乡村振兴的成效 《乡村振兴看武山》今日收官。" in feed
    after = documents(root)
    assert [name for name in before if "-1." in name and before[name] != after[name]] == []


@pytest.mark.parametrize("path", ["opml.xml", "moved.map", *(f"xczx/{form.file()}" for form in Form)])
def test_a_renaming_is_verified_with_the_list_and_the_old_addresses(rehearsal: Rehearsal, path: str) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    told = announce(rehearsal, renamed(column, "和美乡村", "hmxc"), 2, Deed.RENAME)
    assert rehearsal.verify(told).standing is Standing.LIVE
    if path.startswith("xczx/"):  # an older document has come back: it would be answered before any listing is asked
        feeds_of(rehearsal).files.write(path, (Path(feeds_of(rehearsal).files.root) / "rss.xml").read_bytes())
    else:
        alter(rehearsal, path, "hmxc", "other")
    assert rehearsal.verify(told).standing is not Standing.LIVE
    assert rehearsal.channel.find(told).standing is not Standing.LIVE  # so that the release is repeated
    rehearsal.channel.release(told)
    assert rehearsal.verify(told).standing is Standing.LIVE


def test_the_banner_is_enclosed_only_where_nothing_else_is(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    announce(rehearsal, column, 1)
    image, data = picture(caption="架豆丰收")
    rehearsal.media[image.digest] = data
    told = rehearsal.publish(in_column(column, 2, images=[image]))
    own, bare = feedparser.parse((root / "xczx" / "rss.xml").read_bytes()).entries
    assert column.banner is not None
    names = [Path(one.enclosures[0].href).name[:16] for one in (own, bare)]
    assert names == [image.digest[:16], column.banner.digest[:16]]
    for one in (own, bare):
        shown = next(html.fragment_fromstring(one.content[0].value, create_parent="div").iter("img"))
        assert (Path(shown.get("src")).name[:16], shown.get("alt")) == (column.banner.digest[:16], "乡村振兴")
        assert (root / shown.get("src").removeprefix(BASE)).is_file()
    assert "系列：2026年乡村振兴系列报道之2" in own.content[0].value
    (root / "media" / "a2" / Path(bare.enclosures[0].href).name).unlink()
    assert rehearsal.verify(told).standing is Standing.ABSENT
    rehearsal.withdraw(told.revision)
    notice = feedparser.parse((root / "xczx" / "rss.xml").read_bytes()).entries[0]
    assert "2026年乡村振兴系列报道之2" in notice.content[0].value  # the gap in the numbers is explained


# -- derived ahead -------------------------------------------------------------------------------------------


def test_what_is_released_meanwhile_is_no_fault(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are derived ahead without the channel's lock: another release may come in between."""
    publish_many(rehearsal, range(1, 4))
    writing, other = feeds_of(rehearsal).writing, [article(4)]
    derive = writing._feed

    def derived(*args: Any, **named: Any) -> Any:
        if other:
            rehearsal.publish(other.pop())
        return derive(*args, **named)

    monkeypatch.setattr(writing, "_feed", derived)
    prepared = rehearsal.prepare(rehearsal.delivery(article(5)))
    monkeypatch.undo()
    assert not other
    rehearsal.release(prepared)
    assert rehearsal.verify(prepared).standing is Standing.LIVE


def test_what_is_foreseen_is_what_would_be_derived(setting: Callable[..., Setting], tmp_path: Path) -> None:
    """The same releases with and without what was derived ahead, to the byte."""

    def released(root: str, *, foreseen: bool) -> dict[str, bytes]:
        rehearsal = Rehearsal(Feeds(setting(root=root, url=BASE, staging=f"{root}-staging")))
        column = column_of(rehearsal)

        def publish(revision: Revision) -> None:
            delivery = rehearsal.prepare(rehearsal.delivery(revision))
            if not foreseen:
                feeds_of(rehearsal).files.discard(f"{revision.id}.{revision.number}/foreseen.json")
            rehearsal.release(delivery)

        publish(revision_of(opening_of(column), id="a1"))
        for n in range(2, 56):
            publish(with_picture(rehearsal, n) if n % 2 else in_column(column, n))
        publish(with_picture(rehearsal, 53, "#123456", version=2))
        publish(article(3, version=2))
        publish(revision_of(opening_of(renamed(column, "和美乡村", "hmxc"), Deed.RENAME), id="a56"))
        publish(in_column(column, 57))
        return documents(tmp_path / root)

    assert released("one", foreseen=True) == released("two", foreseen=False)


def test_a_release_only_moves_what_was_derived(rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 2)))
    rehearsal.channel = Feeds(rehearsal.channel.setting)  # another process
    before = utc_now()
    with monkeypatch.context() as patch:
        for question in ("span", "columns", "live"):
            patch.setattr(rehearsal.catalogue, question, None)
        delivery = rehearsal.release(delivery)
    assert delivery.receipt is not None
    assert delivery.receipt.at is not None
    assert before <= delivery.receipt.at <= utc_now()
    assert rehearsal.verify(delivery).standing is Standing.LIVE


def test_what_was_derived_long_ago_is_as_new_as_its_release(rehearsal: Rehearsal, root: Path, tmp_path: Path) -> None:
    delivery = rehearsal.prepare(rehearsal.delivery(article(1)))
    for path in (tmp_path / "feeds" / "staging").rglob("*"):
        os.utime(path, (0, 0))
    rehearsal.release(delivery)
    for name in documents(root):
        if name != "opml.xml":
            assert (root / name).stat().st_mtime > 0, name  # a reader asks by this whether there is anything new


def between(rehearsal: Rehearsal, what: str) -> None:
    column = column_of(rehearsal)
    match what:
        case "another article":
            rehearsal.publish(article(10))
        case "an article elsewhere":
            rehearsal.publish(article(10, column="tuopin"))
        case "a correction":
            rehearsal.publish(article(1, version=2))
        case "a withdrawal":
            rehearsal.withdraw(article(1), "数据有误")
        case "an opening":
            announce(rehearsal, column, 10)
        case "a renaming":
            yaowen = rehearsal.newsroom.column("yaowen")
            announce(rehearsal, renamed(yaowen, "要闻", "news"), 10, Deed.RENAME)
        case "another, not written yet":
            rehearsal.catalogue.place(article(10))
        case "a correction, not written yet":
            rehearsal.catalogue.place(article(1, version=2))
        case "a loss":
            shutil.rmtree(feeds_of(rehearsal).files.root)


@pytest.mark.parametrize(
    "what",
    [
        "another article",
        "an article elsewhere",
        "a correction",
        "a withdrawal",
        "an opening",
        "a renaming",
        "another, not written yet",
        "a correction, not written yet",
        "a loss",
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_what_happens_after_the_preparation_is_not_lost(
    rehearsal: Rehearsal, root: Path, what: str, version: int
) -> None:
    rehearsal.publish(article(1))
    if version == 2:
        rehearsal.publish(article(2))
    delivery = rehearsal.prepare(rehearsal.delivery(article(2, version=version)))
    between(rehearsal, what)
    delivery = rehearsal.release(delivery)
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    if what.endswith("not written yet"):
        late = article(1, version=2) if what.startswith("a correction") else article(10)
        late_one = rehearsal.delivery(late)
        assert rehearsal.verify(rehearsal.release(late_one)).standing is Standing.LIVE
        assert rehearsal.verify(delivery).standing is Standing.LIVE
    found = documents(root)
    shutil.rmtree(root)
    entries = list(rehearsal.catalogue.span(1, 99))
    for entry in entries:
        again = rehearsal.delivery(entry.revision, Action.WITHDRAW if entry.withdrawn_at else None)
        rebuilt = Feeds(rehearsal.channel.setting)
        (rebuilt.withdraw if entry.withdrawn_at else rebuilt.release)(again)
    assert documents(root) == found


def test_a_renaming_during_the_preparation_is_not_lost(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal.publish(article(1))
    files = feeds_of(rehearsal).files
    real = files.read

    def read(path: str) -> bytes | None:
        monkeypatch.undo()
        announce(rehearsal, renamed(rehearsal.newsroom.column("yaowen"), "要闻", "news"), 10, Deed.RENAME)
        return real(path)

    delivery = rehearsal.delivery(article(2))
    monkeypatch.setattr(files, "read", read)
    delivery = rehearsal.release(rehearsal.prepare(delivery))
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    assert moves(root) == {"yaowen": "news"}
    assert rehearsal.newsroom.guid("a2") in ids("rss.xml", (root / "news" / "rss.xml").read_bytes())


def test_of_articles_of_one_instant_the_first_writes_for_all(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal.publish(article(1))
    together = [rehearsal.prepare(one) for one in rehearsal.together([article(n) for n in (2, 3, 4)])]
    for one in together:
        rehearsal.catalogue.place(one.revision)
    rehearsal.release(together[1])
    with monkeypatch.context() as patch:
        patch.setattr(rehearsal.catalogue, "span", None)
        rehearsal.release(together[0])
        rehearsal.release(together[2])
    assert [rehearsal.verify(one).standing for one in together] == [Standing.LIVE] * 3


# -- hub and configuration ----------------------------------------------------------------------------------


class HubStandIn(Quiet):
    told: list[dict[str, list[str]]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.told.append(parse_qs(body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.mark.parametrize("status", [204, 500])
def test_the_hub_is_advertised_and_told(setting: Callable[..., Setting], root: Path, status: int) -> None:
    told: list[dict[str, list[str]]] = []
    with serving(type("Here", (HubStandIn,), {"told": told, "status": status})) as url:
        channel = Feeds(setting(hub=url))
        rehearsal = Rehearsal(channel)
        delivery = rehearsal.publish(article(1))
        assert channel.hub is not None
        channel.hub.wait(10)
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    topics = [one["hub.url"][0] for one in told]
    assert all(one["hub.mode"] == ["publish"] for one in told)
    if status == 204:
        assert topics == [f"{BASE}{folder}{form.file()}" for folder in ("", "yaowen/") for form in Form]
    else:
        assert len(topics) == 1
    for name in ("rss.xml", "atom.xml"):
        links = etree.fromstring((root / name).read_bytes()).iter(f"{{{ATOM}}}link")
        assert [link.get("href") for link in links if link.get("rel") == "hub"] == [url]
    assert json.loads((root / "feed.json").read_bytes())["hubs"] == [{"type": "WebSub", "url": url}]


def test_a_dead_hub_fails_nothing(setting: Callable[..., Setting]) -> None:
    with serving(Quiet) as dead:
        pass
    channel = Feeds(setting(hub=dead))
    rehearsal = Rehearsal(channel)
    assert rehearsal.verify(rehearsal.publish(article(1))).standing is Standing.LIVE
    assert channel.hub is not None
    channel.hub.wait(10)


def test_without_a_hub_none_is_advertised(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    assert b"hub" not in (root / "rss.xml").read_bytes() + (root / "atom.xml").read_bytes()


def test_check(setting: Callable[..., Setting], tmp_path: Path) -> None:
    assert Feeds(setting()).check() == []
    wrong = Feeds(setting(hub="hub.example.org", verify="maybe", rooot="x", url="feeds/"))
    assert {problem.field for problem in wrong.check()} == {"hub", "verify", "rooot", "url"}
    (tmp_path / "file").write_text("")
    assert [problem.field for problem in Feeds(setting(root="file/feeds")).check()] == ["storage"]


def test_an_unknown_column_is_refused(rehearsal: Rehearsal) -> None:
    with pytest.raises(Unpublishable) as refused:
        rehearsal.channel.render(article(1, column="gone"), rehearsal.channel.newsroom)
    assert refused.value.problem.field == "column"
