"""The `feeds` kind: RSS 2.0, Atom 1.0 and JSON Feed for the site and for every column, with archives and OPML.

    rss.xml    atom.xml    feed.json      the newest 50, in full
    rss-1.xml  atom-1.xml  feed-1.json    archive 1: ordinals 1 … 50; written when full (RFC 5005)
    {column}/rss.xml …                    the same for each column that has articles, by the column's ordinals
    opml.xml                              all of these feeds, for import
    media/{article}/…                     the pictures

Options: `root` (a folder, relative to the data folder, or an fsspec URL), `url` (its public address, default the
site's + `/feeds/`), `staging` (where prepared files wait, needed only if the default is public too), `hub` (a
WebSub hub), `verify` ("storage", or "http" to read back from the public address).

Everything but the pictures is derived from the catalogue under its lock: the same content gives the same bytes,
and a release writes the same few files however many articles there are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import ClassVar

from markupsafe import Markup

from channels import files
from channels.feeds.documents import Feed, Form, Seen, opml, read
from channels.feeds.hub import Hub
from channels.feeds.item import Item, article_item, assets_of, column_of, folder_of, notice_item
from channels.files import Files
from channels.options import address_problems, unknown_options
from channels.pictures import data_uri, made
from channels.templating import templates
from pipeline.article import Column, Newsroom, Revision
from pipeline.channel import (
    Action,
    Channel,
    Correction,
    Delivery,
    Entry,
    Evidence,
    Media,
    Problem,
    Receipt,
    Rendition,
    Setting,
    Standing,
    Text,
    Unpublishable,
    utc_now,
)

PAGE = 50
"""Items of a document."""
MARK = "item.json"
"""Staged last: where it is, everything is."""
OPTIONS = {*files.OPTIONS, "url", "hub"}
LENGTHS_KEPT = 4096


class Feeds(Channel):
    kind: ClassVar[str] = "feeds"
    corrects: ClassVar[Correction] = Correction.IN_PLACE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.public = self._public(self.newsroom)
        self.files = Files.of(setting, "site/feeds", self.public)
        self.hub = Hub(str(self.options["hub"])) if self.options.get("hub") else None
        self._lengths: dict[str, int] = {}

    def _public(self, newsroom: Newsroom) -> str:
        return str(self.options.get("url") or f"{newsroom.site.url}/feeds/").rstrip("/") + "/"

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        """The article's item in the three forms, as found in the documents (the pictures' lengths still 0)."""
        if column_of(revision.article, newsroom) is None:
            raise Unpublishable(
                Problem(
                    field="column",
                    message=Text.of("there is no column {column}", column=revision.article.column),
                    remedy=Text.of(
                        "use one of the newsroom's columns: {columns}",
                        columns=", ".join(column.name for column in newsroom.columns),
                    ),
                )
            )
        item = article_item(revision, newsroom, self._public(newsroom))
        body = json.dumps(_as_read(item, newsroom, self._public(newsroom)), ensure_ascii=False, indent=1)
        return Rendition.of("application/json", body, assets_of(revision.article))

    def preview(self, revision: Revision, rendition: Rendition, media: Media) -> tuple[str, bytes]:
        """The item's content, with its pictures, as a reader shows it."""
        public = self._public(self.newsroom)
        item = article_item(revision, self.newsroom, public)
        shown = templates("feeds").get_template("preview.html").render(item=item, content=Markup(item.html))  # noqa: S704
        for asset in rendition.assets:
            uri = data_uri(asset.media_type, made(asset, media))
            shown = shown.replace(f"{public}{folder_of(revision.id)}/{asset.name}", uri)
        return "text/html", shown.encode()

    def prepare(self, delivery: Delivery) -> Receipt:
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return self._receipt(delivery, Standing.STAGED)
        token = _token(delivery.revision)
        for asset in delivery.rendition.assets:
            self.files.stage(token, asset.name, made(asset, delivery.media))
        self.files.stage(token, MARK, delivery.rendition.body.encode())
        return self._receipt(delivery, Standing.STAGED)

    def release(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is None or entry.withdrawn_at is not None or entry.revision.number != delivery.revision.number:
                return self.find(delivery)
            self._show_pictures(entry.revision, delivery.media, look=True)
            self._rewrite(entry, delivery)
            self._drop_pictures(entry)
            self._unstage(delivery.revision)
        self._announce(delivery)
        return self._receipt(delivery, Standing.LIVE)

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            self._unstage(delivery.revision)
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is None or entry.withdrawn_at is None:
                return self.find(delivery)
            self._rewrite(entry, delivery)
            self._drop_pictures(entry)
        self._announce(delivery)
        return self._receipt(delivery, Standing.WITHDRAWN)

    def find(self, delivery: Delivery) -> Receipt:
        return self._receipt(delivery, self._look(delivery)[0])

    def verify(self, delivery: Delivery) -> Evidence:
        standing, seen = self._look(delivery)
        if standing is Standing.LIVE and delivery.action is not Action.WITHDRAW and not self._pictures_hold(seen):
            standing = Standing.STAGED if self._staged(delivery) else Standing.ABSENT
        content = "\0".join(one.text for one in seen)
        return Evidence(
            url=self.public + Form.RSS.file(),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(content.encode()).hexdigest() if seen else "",
            extract=seen[0].title if seen else "",
        )

    def check(self) -> list[Problem]:
        hub = self.hub.url if self.hub else ""
        return [
            *unknown_options(self.setting, OPTIONS),
            *address_problems("hub", hub),
            *self.files.problems(self.setting),
        ]

    # -- writing: only while the catalogue's lock is held -------------------------------------------------

    def _rewrite(self, entry: Entry, delivery: Delivery) -> None:
        """Derive from the catalogue every document that shows the entry, and the list of feeds.

        Archives come first: no document ever points to one that is not there.
        """
        newsroom, catalogue, items = delivery.newsroom, delivery.catalogue, dict[str, Item]()

        def item(other: Entry) -> Item:
            if other.revision.id not in items:
                items[other.revision.id] = self._item(other, newsroom, delivery.media)
            return items[other.revision.id]

        for column in self._scopes(entry, newsroom):
            key = entry.revision.article.column if column else None
            last = catalogue.last(key)
            full = last // PAGE
            own = _archive(entry.column_ordinal if column else entry.ordinal)
            archives = {own} if own <= full else set[int]()
            if full and not self.files.exists(_path(column, Form.JSON, full)):
                archives.add(full)  # filled by a release of this very instant, whose worker has not written it yet
            for archive in sorted(archives):
                span = catalogue.span((archive - 1) * PAGE + 1, archive * PAGE, key)
                self._write(newsroom, column, [item(one) for one in span], archive=archive, before=archive - 1)
            span = catalogue.span(last - PAGE + 1, last, key)
            self._write(newsroom, column, [item(one) for one in span], before=full)
        columns = [column for column in newsroom.columns if catalogue.last(column.id)]
        feeds = [Feed.of(newsroom, self.public, column) for column in (None, *columns)]
        self.files.write("opml.xml", opml(newsroom, feeds))

    def _write(
        self, newsroom: Newsroom, column: Column | None, items: Sequence[Item], *, archive: int = 0, before: int
    ) -> None:
        """One feed in its three forms; `items` oldest first. JSON last: where it is, the others are."""
        hub = self.hub.url if self.hub else ""
        feed = Feed.of(newsroom, self.public, column, hub=hub, archive=archive, before=before, items=items[::-1])
        for form in Form:
            self.files.write(_path(column, form, archive), feed.document(form))

    def _scopes(self, entry: Entry, newsroom: Newsroom) -> list[Column | None]:
        """The feeds the entry stands in: its column's (unless the newsroom gave the column up) and the site's, None."""
        column = column_of(entry.revision.article, newsroom)
        return [None] if column is None else [column, None]

    def _item(self, entry: Entry, newsroom: Newsroom, media: Media) -> Item:
        if entry.withdrawn_at is not None:
            return notice_item(entry, newsroom)
        try:
            lengths = self._show_pictures(entry.revision, media)
        except Unpublishable:  # another article's picture is lost: no reason to hold up this one
            lengths = {}
        return article_item(entry.revision, newsroom, self.public, lengths)

    def _show_pictures(self, revision: Revision, media: Media, *, look: bool = False) -> dict[str, int]:
        """Put the revision's pictures where they are not yet; their lengths in bytes.

        Also those of an article that another worker releases at this instant: it may not have come to it.
        A picture that stands already is left alone, so that documents naming its length remain true.
        `look`: do not rely on having seen it before, another worker may have dropped it since.
        """
        lengths = {}
        for asset in assets_of(revision.article):
            path = f"{folder_of(revision.id)}/{asset.name}"
            if look or path not in self._lengths:
                data = self.files.read(path)
                if data is None:
                    data = self.files.staged(_token(revision), asset.name) or made(asset, media)
                    self.files.write(path, data)
                if len(self._lengths) >= LENGTHS_KEPT:
                    self._lengths.clear()
                self._lengths[path] = len(data)
                lengths[asset.name] = len(data)
            else:
                lengths[asset.name] = self._lengths[path]
        return lengths

    def _drop_pictures(self, entry: Entry) -> None:
        """Delete what the article no longer shows: a picture may be what was wrong."""
        shown = () if entry.withdrawn_at else assets_of(entry.revision.article)
        self.files.prune(folder_of(entry.revision.id), {asset.name for asset in shown})

    def _unstage(self, revision: Revision) -> None:
        """Forget what was prepared of this revision and of those before it."""
        for number in range(1, revision.number + 1):
            self.files.discard(_token(revision, number))

    def _announce(self, delivery: Delivery) -> None:
        """Tell the hub, after the lock is free and the documents are there."""
        if self.hub is not None:
            column = column_of(delivery.revision.article, delivery.newsroom)
            scopes = [None] if column is None else [None, column]
            self.hub.announce(self.public + _path(scope, form) for scope in scopes for form in Form)

    # -- reading ------------------------------------------------------------------------------------------

    def _look(self, delivery: Delivery) -> tuple[Standing, list[Seen]]:
        """Where the delivery's revision stands by what the documents say, and what they say of the article.

        It has to be in the site's feed and in its column's, in all three forms, in the newest document or
        the archive of its ordinal, and wherever it is, it has to be this revision.
        """
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None:  # its moment has not come
            return Standing.STAGED if self._staged(delivery) else Standing.ABSENT, []
        found: list[tuple[Form, Seen | None]] = []
        for column in self._scopes(entry, delivery.newsroom):
            for form in Form:
                found += [(form, seen) for seen in self._found(entry, column, form, delivery)] or [(form, None)]
        seen_at_all = [seen for _, seen in found if seen is not None]
        wanted = self._wanted(delivery, entry)
        agrees = [seen is not None and seen.text == wanted.get(form) for form, seen in found]
        if delivery.action is Action.WITHDRAW:
            still = any(seen is not None and not right for (_, seen), right in zip(found, agrees, strict=True))
            gone = Standing.WITHDRAWN if seen_at_all else Standing.ABSENT
            return Standing.LIVE if still else gone, seen_at_all
        if all(agrees):
            return Standing.LIVE, seen_at_all
        if self._staged(delivery):
            return Standing.STAGED, seen_at_all
        overtaken = entry.withdrawn_at is not None and entry.revision.number >= delivery.revision.number
        return Standing.WITHDRAWN if overtaken else Standing.ABSENT, seen_at_all

    def _found(self, entry: Entry, column: Column | None, form: Form, delivery: Delivery) -> list[Seen]:
        """The article's items in one feed and form: in the newest document, the archive, or both."""
        guid = delivery.newsroom.guid(entry.revision.id)
        ordinal = entry.column_ordinal if column else entry.ordinal
        last = delivery.catalogue.last(entry.revision.article.column if column else None)
        found: list[Seen] = []
        if ordinal > last - PAGE and (newest := self.files.seen(_path(column, form))) is not None:
            found += read(form, newest, guid)
        # Looked for also if it should still be among the newest: others may have been released meanwhile.
        if (not found or _archive(ordinal) <= last // PAGE) and (
            archive := self.files.seen(_path(column, form, _archive(ordinal)))
        ) is not None:
            found += read(form, archive, guid)
        return found

    def _wanted(self, delivery: Delivery, entry: Entry) -> dict[Form, str]:
        """What the item has to be, by form; empty if it must not be there at all."""
        if delivery.rendition is not None:
            body = json.loads(delivery.rendition.body)
            return {form: body[form] for form in Form}
        if entry.withdrawn_at is None:
            return {}
        return _as_read(notice_item(entry, delivery.newsroom), delivery.newsroom, self.public)

    def _staged(self, delivery: Delivery) -> bool:
        return delivery.rendition is not None and (
            self.files.staged(_token(delivery.revision), MARK) == delivery.rendition.body.encode()
        )

    def _pictures_hold(self, seen: Sequence[Seen]) -> bool:
        """Whether every picture named is there, in the length told."""
        told = {(url, length) for one in seen for url, length in one.lengths.items()}
        return all(
            url.startswith(self.public)
            and (data := self.files.seen(url.removeprefix(self.public))) is not None
            and len(data) == length
            for url, length in told
        )

    def _receipt(self, delivery: Delivery, standing: Standing) -> Receipt:
        return Receipt(
            standing=standing,
            ids={"guid": delivery.newsroom.guid(delivery.revision.id)},
            url=self.public + Form.RSS.file(),
        )


def _as_read(item: Item, newsroom: Newsroom, public: str) -> dict[Form, str]:
    """The item in the three forms, as `read` gives it back."""
    feed = Feed.of(newsroom, public, items=[item])
    return {form: read(form, feed.document(form), item.id)[0].text for form in Form}


def _archive(ordinal: int) -> int:
    """The archive that an ordinal belongs to, once it is full."""
    return (ordinal - 1) // PAGE + 1


def _path(column: Column | None, form: Form, archive: int = 0) -> str:
    return f"{column.id}/{form.file(archive)}" if column else form.file(archive)


def _token(revision: Revision, number: int = 0) -> str:
    """Where a revision is staged."""
    return f"{revision.id}.{number or revision.number}"
