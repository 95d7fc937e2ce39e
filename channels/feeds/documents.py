"""The documents of a feed, written from items; `reading` reads them back.

RSS 2.0 (https://www.rssboard.org/rss-specification), Atom 1.0 (RFC 4287), JSON Feed 1.1
(https://jsonfeed.org/version/1.1), archives (RFC 5005, section 4), OPML 2.0.

A document is a frame with items in it. feedgen writes both, but an item only once: as long as nothing in it changes,
the same bytes stand in every document that shows it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from functools import cache, lru_cache
from html import escape
from types import MappingProxyType
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from channels import label
from channels.body import NOT_XML
from channels.feeds.item import Item
from channels.paging import named
from channels.templating import templates
from pipeline.article import Column, Newsroom
from pipeline.article.value import Frozen

ATOM = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
MEDIA = "http://search.yahoo.com/mrss/"
GENERATOR = "Tongfa"
PIECES_KEPT = 2048
"""Serialised items kept in memory, each in one form: about 10 KB a piece."""


class Form(StrEnum):
    """The three forms of every feed; the value begins their files' names."""

    RSS = "rss"
    ATOM = "atom"
    JSON = "feed"

    @property
    def media_type(self) -> str:
        return {"rss": "application/rss+xml", "atom": "application/atom+xml", "feed": "application/feed+json"}[self]

    def file(self, archive: int = 0) -> str:
        """`rss.xml` for the newest items, `rss-3.xml` for the third archive, see `channels.paging`."""
        return f"{self}{f'-{named(archive)}' if archive else ''}.{'json' if self is Form.JSON else 'xml'}"


class Feed(Frozen):
    """One document's content, whatever its form."""

    id: str
    title: str
    description: str
    language: str
    home: str
    """The page for people."""
    folder: str
    """Address of the folder its documents stand in, with the trailing slash."""
    author: str
    hub: str = ""
    archive: int = 0
    """Which archive this is; 0: the newest items, what people subscribe to."""
    before: int = 0
    """The archive that precedes it; 0: none."""
    items: tuple[Item, ...] = ()
    """Newest first."""

    @classmethod
    def of(
        cls,
        newsroom: Newsroom,
        public: str,
        column: Column | None = None,
        *,
        hub: str = "",
        archive: int = 0,
        before: int = 0,
        items: Sequence[Item] = (),
    ) -> Feed:
        """The site's feed, or a column's. `public`: address of the feeds' root, with the trailing slash."""
        given = {"column": column, "newsroom": newsroom, "archive": archive}
        return cls(
            id=newsroom.guid(f"feeds/{column.id}" if column else "feeds"),
            title=_said("feed-title.txt", **given),
            description=_said("feed-description.txt", **given),
            language=newsroom.language,
            home=newsroom.column_url(column) if column else f"{newsroom.site.url}/",
            folder=f"{public}{column.address}/" if column else public,
            author=newsroom.name,
            hub=hub,
            archive=archive,
            before=before,
            items=tuple(items),
        )

    def address(self, form: Form, archive: int = 0) -> str:
        return self.folder + form.file(archive)

    @property
    def updated(self) -> datetime:
        """The newest change among its items: never the time of writing, so that equal content is equal bytes."""
        return max((item.updated for item in self.items), default=datetime.fromtimestamp(0, UTC))

    @property
    def is_oldest(self) -> bool:
        """Whether this is the archive that no other precedes."""
        return bool(self.archive and self.items) and not self.before

    def links(self, form: Form) -> list[tuple[str, str]]:
        """(relation, address) of self, hub and the neighbours in the history.

        An archive names what came before it, never what comes after: so nothing in it ever changes. The oldest is
        marked complete instead, and what is complete names no other document (RFC 5005, as W3C's validator reads it).
        """
        links = [("self", self.address(form, self.archive))]
        if self.hub and not self.archive:
            links.append(("hub", self.hub))
        if self.archive and not self.is_oldest:
            links.append(("current", self.address(form)))
        if self.before:
            links.append(("prev-archive", self.address(form, self.before)))
        return links

    def document(self, form: Form) -> bytes:
        if form is Form.JSON:
            return _json(self)
        head, tail = _opened(self, form)
        return b"".join([head, *(piece(form, item) for item in self.items), tail])

    def forwarding(self, form: Form) -> bytes:
        """What says where this document stood before that it stands here: no items, and this one's address.

        Valid in itself, so that a reader whose server has not read of the move shows where the feed has gone.
        """
        address = self.address(form, self.archive)
        said = _said("feed-moved.txt", title=self.title, address=address)
        feed = self.model_copy(update={"items": (), "before": 0, "hub": "", "description": said})
        left = {"expired": True, "_moved": {"feed_url": address}}
        return _json(feed, left) if form is Form.JSON else feed.document(form)


def told_apart(updated: datetime, order: int) -> datetime:
    """Of what was updated at one moment the order is told by milliseconds: Atom wants no two alike."""
    return updated + timedelta(milliseconds=order % 1000)


def alone(form: Form, item: Item) -> bytes:
    """A document of this form with nothing but the item in it, in no feed of anybody's."""
    if form is Form.JSON:
        return _json(_ANY.model_copy(update={"items": (item,)}))
    head, tail = _around(form)
    return b"".join([head, piece(form, item), tail])


def _said(template: str, **given: object) -> str:
    """A line of text, without what XML has no way to say."""
    return NOT_XML.sub("", " ".join(templates("feeds").get_template(template).render(**given).split()))


def opml(newsroom: Newsroom, feeds: Sequence[Feed]) -> bytes:
    """What a reader imports to subscribe to all of them: each once, as RSS, which every reader takes."""
    text = templates("feeds").get_template("opml.xml").render(newsroom=newsroom, feeds=feeds, Form=Form)
    return text.encode()


# -- RSS and Atom: feedgen, filled for each by itself, since one entry cannot be right for both --------


class _History(BaseExtension):  # type: ignore[misc]
    """What feedgen does not write at the feed's level."""

    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        return {"fh": HISTORY} if self.feed.archive else {}

    def extend_atom(self, feed: Any) -> Any:
        if self.feed.archive:
            etree.SubElement(feed, f"{{{HISTORY}}}archive")
        if self.feed.is_oldest:
            etree.SubElement(feed, f"{{{HISTORY}}}complete")
        return feed

    def extend_rss(self, rss: Any) -> Any:
        channel = rss[0]
        etree.SubElement(channel, "lastBuildDate").text = format_datetime(self.feed.updated)
        for relation, address in self.feed.links(Form.RSS)[1:]:
            etree.SubElement(channel, f"{{{ATOM}}}link", rel=relation, href=address)
        self.extend_atom(channel)
        return rss


class _Particulars(BaseEntryExtension):  # type: ignore[misc]
    """What feedgen does not write well in an item.

    RSS's date: feedgen changes the process's locale meanwhile, which is not for a process with threads.
    Atom's links: feedgen loses their relation, type and length.
    """

    item: Item

    def extend_rss(self, entry: Any) -> Any:
        etree.SubElement(entry, "pubDate").text = format_datetime(self.item.published)
        if self.item.updated != self.item.published:
            etree.SubElement(entry, f"{{{ATOM}}}updated").text = self.item.updated.isoformat()
        return entry

    def extend_atom(self, entry: Any) -> Any:
        etree.SubElement(entry, "link", rel="alternate", type="text/html", href=self.item.url)
        for picture in self.item.pictures:
            length = str(picture.length)
            etree.SubElement(entry, "link", rel="enclosure", type=picture.media_type, length=length, href=picture.url)
        return entry


def _generator(feed: Feed) -> Any:
    generator = FeedGenerator()
    generator.register_extension("history", _History, _Particulars)
    generator.history.feed = feed
    generator.id(feed.id)
    generator.title(feed.title)
    generator.language(feed.language)
    generator.generator(GENERATOR)
    return generator


def _rss(feed: Feed, *items: Item) -> bytes:
    generator = _generator(feed)
    generator.load_extension("dc", atom=False)
    generator.load_extension("media", atom=False)
    generator._FeedGenerator__rss_lastBuildDate = None  # else the time of writing; `_History` writes the right one
    generator.docs("https://www.rssboard.org/rss-specification")
    generator.description(feed.description)
    generator.link(href=feed.address(Form.RSS, feed.archive), rel="self", type=Form.RSS.media_type)
    generator.link(href=feed.home)  # feedgen takes the last for <link>
    for item in items:
        entry = generator.add_entry(order="append")
        entry.history.item = item
        entry.guid(item.id, permalink=False)
        entry.title(item.title)
        entry.link(href=item.url)
        entry.description(escape(item.summary, quote=False))  # to readers it is HTML
        entry.content(item.html, type="CDATA")
        entry.dc.dc_creator(list(item.authors))
        entry.category(_categories(item))
        if item.pictures:  # one enclosure at most: readers and validators expect no more
            first = item.pictures[0]
            entry.enclosure(first.url, str(first.length), first.media_type)
        for picture in item.pictures:
            entry.media.content(
                url=picture.url,
                fileSize=str(picture.length),
                type=picture.media_type,
                medium="image",
                width=str(picture.width),
                height=str(picture.height),
                group=None,
            )
    document: bytes = generator.rss_str(pretty=True)
    return document


def _atom(feed: Feed, *items: Item) -> bytes:
    generator = _generator(feed)
    generator.subtitle(feed.description)
    generator.updated(feed.updated)
    generator.author(name=feed.author)
    for relation, address in feed.links(Form.ATOM):
        own = {"type": Form.ATOM.media_type} if relation == "self" else {}
        generator.link(href=address, rel=relation, **own)
    generator.link(href=feed.home, rel="alternate", type="text/html")
    for item in items:
        entry = generator.add_entry(order="append")
        entry.history.item = item
        entry.id(item.id)
        entry.title(item.title)
        entry.published(item.published)
        entry.updated(told_apart(item.updated, item.order))
        entry.author([{"name": name} for name in item.authors])
        entry.summary(item.summary)
        entry.content(item.html, type="html")
        entry.category(_categories(item))
    document: bytes = generator.atom_str(pretty=True)
    return document


def _categories(item: Item) -> list[dict[str, str]]:
    """Its tags, and that a machine has made it: a category of the standard's own scheme, which readers show as a tag
    and programs find by the scheme."""
    tags = [{"term": tag} for tag in item.tags]
    if item.label is None:
        return tags
    return [*tags, {"term": dict(item.label.fields)["Label"], "scheme": label.SCHEME, "label": item.label.words}]


_ANY = Feed(id="tag:any", title="-", description="-", language="zh", home="http://-/", folder="http://-/", author="-")
"""The frame that an item is written in, to be taken out of it: nothing of it is left in the item."""


def _opened(feed: Feed, form: Form) -> tuple[bytes, bytes]:
    """What stands before and behind the items of an RSS or Atom document."""
    frame, end = (_rss(feed), b"  </channel>") if form is Form.RSS else (_atom(feed), b"</feed>")
    head, _, tail = frame.rpartition(end)
    return head, end + tail


@cache
def _around(form: Form) -> tuple[bytes, bytes]:
    return _opened(_ANY, form)


@lru_cache(maxsize=PIECES_KEPT)
def piece(form: Form, item: Item) -> bytes:
    """The item's bytes as they stand in a document of this form, with line ends and indents."""
    if form is Form.JSON:
        return b"  " + _dumped(_json_item(item)).replace("\n", "\n  ").encode()
    document, name = (_rss(_ANY, item), b"item") if form is Form.RSS else (_atom(_ANY, item), b"entry")
    start, end = document.index(b"<%b>" % name), document.rindex(b"</%b>\n" % name)
    return document[document.rindex(b"\n", 0, start) + 1 : end] + b"</%b>\n" % name


# -- JSON Feed ----------------------------------------------------------------------------------------


def _json(feed: Feed, more: Mapping[str, Any] = MappingProxyType({})) -> bytes:
    content: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        **more,
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.address(Form.JSON, feed.archive),
        "description": feed.description,
        "language": feed.language,
        "authors": [{"name": feed.author}],
    }
    if feed.before:
        content["next_url"] = feed.address(Form.JSON, feed.before)
    if feed.hub and not feed.archive:
        content["hubs"] = [{"type": "WebSub", "url": feed.hub}]
    content["items"] = []
    frame = _dumped(content).encode()
    if not feed.items:
        return frame + b"\n"
    head, _, tail = frame.rpartition(b"]")
    return b"".join([head, b"\n", b",\n".join(piece(Form.JSON, item) for item in feed.items), b"\n ]", tail, b"\n"])


def _dumped(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1)


def _json_item(item: Item) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        "content_html": item.html,
        "summary": item.summary,
        "date_published": item.published.isoformat(),
    }
    if item.updated != item.published:
        content["date_modified"] = item.updated.isoformat()
    content["authors"] = [{"name": name} for name in item.authors]
    content["tags"] = list(item.tags)
    if item.label:
        content["_aigc"] = {"about": label.SCHEME, "words": item.label.words, **dict(item.label.fields)}
    if item.banner:
        content["banner_image"] = item.banner
    if item.pictures:
        content["image"] = item.pictures[0].url
        content["attachments"] = [
            {
                "url": picture.url,
                "mime_type": picture.media_type,
                **({"title": picture.label} if picture.label else {}),
                "size_in_bytes": picture.length,
            }
            for picture in item.pictures
        ]
    return content
