"""The `feeds` kind: RSS 2.0, Atom 1.0 and JSON Feed for the site and for every column, with archives and OPML.

    rss.xml    atom.xml    feed.json      the newest 50, in full
    rss-1.xml  atom-1.xml  feed-1.json    archive 1: ordinals 1 … 50; written when full (RFC 5005)
    rss-archive-1.xml …                   what was imported, see `channels.paging`: nothing new, so it stands in no
                                          document that people subscribe to, only where readers look for the past
    {column}/rss.xml …                    the same for each column that has articles, by the column's ordinals, under
                                          its address
    moved.map                             the columns' former addresses, see `pipeline.article.addresses`
    {former}/rss.moved.xml …              feeds without items that lead to where the column's stand
    opml.xml                              all of these feeds, for import
    media/{article}/…                     the pictures

What is corrected or withdrawn after it has left the newest comes back into them, for thirty days at least (`places`).

Options: `root` (a folder, relative to the data folder, or an fsspec URL), `url` (its public address, default the
site's + `/feeds/`), `staging` (where prepared files wait, see `channels.files`), `hub` (a WebSub hub), `verify`
("http" or "storage": where it is read back, see `channels.files`), `withdrawn_headline` (true: the notice of a
withdrawn article names it by its headline, which may be what was wrong).

Everything but the pictures is derived from the catalogue under its lock: the same content gives the same bytes,
and a release writes the same few files however many articles there are. A new article's release only moves them
into place: they are derived when it is prepared (`foreseen`), and derived anew if anything has happened since.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import ClassVar

from markupsafe import Markup

from channels import files
from channels.feeds import reading
from channels.feeds.documents import Feed, Form, alone, told_apart
from channels.feeds.hub import Hub
from channels.feeds.item import Item, article_item, assets_of, column_of, folder_of, whole_seconds
from channels.feeds.places import (
    OPML,
    PAGE,
    archive_of,
    archives_of,
    first_of_newest,
    former_addresses,
    key_of,
    names_of,
    newest,
    path_of,
    scopes_of,
)
from channels.feeds.reading import Seen, items_of, listed, read, without
from channels.feeds.stock import Stock
from channels.feeds.writing import Writing
from channels.files import Files
from channels.options import FLAG, TEXT, address_problems, option_problems
from channels.pictures import data_uri, made
from channels.templating import templates
from channels.tree import TreeChannel, token
from pipeline.article import Column, Newsroom, Revision
from pipeline.channel import (
    Action,
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

MARK = "item.json"
OPTIONS = {**files.OPTIONS, "url": TEXT, "hub": TEXT, "withdrawn_headline": FLAG}
_ITEMS = {form: partial(items_of, form) for form in Form}


class Feeds(TreeChannel):
    kind: ClassVar[str] = "feeds"
    mark: ClassVar[str] = MARK
    corrects: ClassVar[Correction] = Correction.IN_PLACE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.public = self._public(self.newsroom)
        self.files = Files.of(setting, "site/feeds", self.public)
        self.hub = Hub(str(self.options["hub"])) if self.options.get("hub") else None
        named = self.options.get("withdrawn_headline") is True
        self.stock = Stock(self.files, self.newsroom, self.public, headlines=named)
        self.writing = Writing(self.files, self.stock, self.public, self.hub.url if self.hub else "")

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
        newsroom = newsroom.after(revision)
        item = article_item(revision, newsroom, self._public(newsroom))
        body = json.dumps(_as_read(item), ensure_ascii=False, indent=1)
        return Rendition.of("application/json", body, assets_of(revision, newsroom))

    def preview(self, revision: Revision, rendition: Rendition, newsroom: Newsroom, media: Media) -> tuple[str, bytes]:
        """The item's content, with its pictures, as a reader shows it."""
        public = self._public(newsroom)
        item = article_item(revision, newsroom, public)
        shown = templates("feeds").get_template("preview.html").render(item=item, content=Markup(item.html))  # noqa: S704
        for asset in rendition.assets:
            uri = data_uri(asset.media_type, made(asset, media))
            shown = shown.replace(f"{public}{folder_of(revision.id)}/{asset.name}", uri)
        return "text/html", shown.encode()

    def places(self, delivery: Delivery) -> Sequence[str]:
        scopes = scopes_of(delivery.revision, delivery.newsroom.after(delivery.revision))
        media = f"{folder_of(delivery.revision.id)}/{MARK}"
        return [*(path_of(scope, Form.RSS) for scope in scopes), media]

    def stage(self, delivery: Delivery, rendition: Rendition) -> None:
        self.lead_what_does_not(delivery)
        here, lengths = token(delivery.revision), {}
        for asset in rendition.assets:
            data = made(asset, delivery.media)
            self.files.stage(here, asset.name, data)
            lengths[asset.name] = len(data)
        self.writing.foresee(delivery, lengths)

    def bring(self, entry: Entry, delivery: Delivery) -> datetime:
        if entry.withdrawn_at is None:
            self.stock.show_pictures(entry.revision, delivery.media)
            taken = (
                self.writing.place(entry, delivery)
                or self.writing.shown(entry, delivery)
                or self.writing.rewrite(entry, delivery)
            )
        else:
            taken = self.writing.rewrite(entry, delivery)
        self.keep(folder_of(entry.revision.id), () if entry.withdrawn_at else assets_of(entry.revision, self.newsroom))
        if entry.revision.article.announces:
            self._settle(entry, delivery)
        return taken

    def bring_all(self, deeds: Sequence[tuple[Entry, Delivery]]) -> None:
        last = deeds[-1][1]
        newsroom, media = last.newsroom, last.media
        self.lead_what_does_not(last, locked=True)
        for entry, _ in deeds:
            if entry.withdrawn_at is None:
                self.stock.show_pictures(entry.revision, media)
        self.writing.rewrite_all([entry for entry, _ in deeds], newsroom, last.catalogue, media)
        for entry, _ in deeds:
            if entry.withdrawn_at is not None or entry.revision.number > 1:
                shown = () if entry.withdrawn_at else assets_of(entry.revision, self.newsroom)
                self.keep(folder_of(entry.revision.id), shown)

    def told(self, entry: Entry, delivery: Delivery, taken: datetime) -> datetime:
        if self.hub is not None and (entry.ordinal > 0 or delivery.action is not Action.PUBLISH):
            scopes = scopes_of(delivery.revision, delivery.newsroom)
            self.hub.announce(self.public + path_of(scope, form) for scope in scopes for form in Form)
        return taken

    def find(self, delivery: Delivery) -> Receipt:
        return self.receipt(delivery, self._look(delivery)[0])

    def evidence(self, delivery: Delivery) -> Evidence:
        standing, seen = self._look(delivery)
        if (
            standing is Standing.LIVE
            and delivery.action is not Action.WITHDRAW
            and not self._pictures_hold(seen, delivery.revision)
        ):
            standing = Standing.STAGED if self.is_staged(delivery) else Standing.ABSENT
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
            *option_problems(self.setting, OPTIONS),
            *address_problems("hub", hub),
            *self.files.problems(self.setting),
        ]

    # -- where columns stood before -----------------------------------------------------------------------

    def leading(self, column: Column, delivery: Delivery) -> Mapping[str, bytes]:
        feeds = {
            archive: Feed.of(delivery.newsroom, self.public, column, archive=archive)
            for archive in (0, *archives_of(delivery.catalogue, column))
        }
        return {form.file(archive): feed.forwarding(form) for archive, feed in feeds.items() for form in Form}

    def _settle(self, entry: Entry, delivery: Delivery) -> None:
        """Where the column stood before an announcement, lead to where it stands."""
        newsroom = delivery.newsroom
        column = column_of(entry.revision.article, newsroom)
        if column in newsroom.columns and column:
            self.lead(delivery, dict.fromkeys(former_addresses(column, newsroom, entry.revision), column))
            self.files.prune(column.address, self.leading(column, delivery).keys())
        else:
            self.lead(delivery, {})

    # -- reading ------------------------------------------------------------------------------------------

    def _look(self, delivery: Delivery) -> tuple[Standing, list[Seen]]:
        """Where the delivery's revision stands by what the documents say, and what they say of the article.

        It has to be in the site's feed and in its column's, in all three forms, in the newest document or the archive
        of its ordinal, in both if it has to have come back, and wherever it is, it has to be this revision. The list of
        feeds has to say of its column what is so.
        """
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None:  # its moment has not come
            return Standing.STAGED if self.is_staged(delivery) else Standing.ABSENT, []
        newsroom = delivery.newsroom
        unsaid = names_of(delivery.revision, newsroom)
        found: list[tuple[Form, Seen | None]] = []
        told = True
        for scope in scopes_of(entry.revision, newsroom):
            returns = self._returns(entry, scope, delivery)
            for form in Form:
                first, archived = self._found(entry, scope, form, delivery, unsaid)
                found += [(form, seen) for seen in (*first, *archived)] or [(form, None)]
                told = told and bool(first or not returns)
        seen_at_all = [seen for _, seen in found if seen is not None]
        wanted = _as_rendered(delivery, entry, unsaid)
        if not wanted or any(seen is None or seen.text != wanted[form] for form, seen in found):
            wanted = self._wanted(delivery, entry, newsroom, unsaid)
        agrees = [seen is not None and seen.text == wanted.get(form) for form, seen in found]
        led = self._leads(entry, newsroom)
        if delivery.action is Action.WITHDRAW:
            still = any(seen is not None and not right for (_, seen), right in zip(found, agrees, strict=True))
            gone = Standing.WITHDRAWN if seen_at_all else Standing.ABSENT
            return Standing.LIVE if still or (seen_at_all and not (led and told)) else gone, seen_at_all
        if all(agrees) and led and told:
            return Standing.LIVE, seen_at_all
        if self.is_staged(delivery):
            return Standing.STAGED, seen_at_all
        overtaken = entry.withdrawn_at is not None and entry.revision.number >= delivery.revision.number
        return Standing.WITHDRAWN if overtaken else Standing.ABSENT, seen_at_all

    def _found(
        self, entry: Entry, column: Column | None, form: Form, delivery: Delivery, unsaid: frozenset[str]
    ) -> tuple[list[Seen], list[Seen]]:
        """The article's items in one feed and form: in the newest document, in the archive."""
        guid = self.newsroom.guid(entry.revision.id)
        ordinal = entry.column_ordinal if column else entry.ordinal
        last = delivery.catalogue.last(key_of(column))
        first = reading.found(form, self.files.seen_as(path_of(column, form), _ITEMS[form]), guid, unsaid)
        archived: list[Seen] = []
        # Looked for also if it should still be among the newest: others may have been released meanwhile.
        if not first or archive_of(ordinal) <= last // PAGE:
            archive = self.files.seen_as(path_of(column, form, archive_of(ordinal)), _ITEMS[form])
            archived = reading.found(form, archive, guid, unsaid)
        return first, archived

    def _returns(self, entry: Entry, column: Column | None, delivery: Delivery) -> bool:
        """Whether the entry, out of the newest by its ordinal, has to have come back among them."""
        ordinal = entry.column_ordinal if column else entry.ordinal
        if entry.changed_at is None or ordinal >= first_of_newest(delivery.catalogue.last(key_of(column))):
            return False
        return any(one.revision.id == entry.revision.id for one in newest(delivery.catalogue, column))

    def _wanted(self, delivery: Delivery, entry: Entry, newsroom: Newsroom, unsaid: frozenset[str]) -> dict[Form, str]:
        """What the item has to be, by form; empty if it must not be there at all."""
        if delivery.rendition is not None:
            item = article_item(delivery.revision, newsroom, self.public, order=entry.ordinal)
            return _as_read(item, unsaid)
        if entry.withdrawn_at is None:
            return {}
        return _as_read(self.stock.notice(entry, newsroom), unsaid)

    def _leads(self, entry: Entry, newsroom: Newsroom) -> bool:
        """Whether the list of feeds has the column's, under its name and address, and its former addresses lead there.

        A column whose opening was withdrawn must not be in the list.
        """
        column = column_of(entry.revision.article, newsroom)
        if column is None:
            return True
        listing = self.files.seen_as(OPML, listed)
        feed = Feed.of(newsroom, self.public, column)
        if column not in newsroom.columns:
            taken_over = any(one.address == column.address for one in newsroom.columns)
            return taken_over or feed.address(Form.RSS) not in listing
        if listing.get(feed.address(Form.RSS)) != feed.title:
            return False
        return all(
            self.leads(address, column, form.file(), (feed.forwarding(form), self.files.seen(path_of(column, form))))
            for address in former_addresses(column, newsroom, entry.revision)
            for form in Form
        )

    def _pictures_hold(self, seen: Sequence[Seen], revision: Revision) -> bool:
        """Whether every picture of the item is there, in the length that each document tells."""
        there = set()
        for asset in assets_of(revision, self.newsroom):
            path = f"{folder_of(revision.id)}/{asset.name}"
            data = self.files.seen(path)
            if data is None:
                return False
            there.add((self.public + path, len(data)))
        return all(one.lengths <= there for one in seen)

    def names(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        return {"guid": self.newsroom.guid(delivery.revision.id)}, self.public + Form.RSS.file()


def _as_rendered(delivery: Delivery, entry: Entry, unsaid: frozenset[str]) -> dict[Form, str]:
    """The item in the three forms by what was rendered, which is true as long as the columns are as they were then;
    empty for a withdrawal."""
    if delivery.rendition is None:
        return {}
    said: dict[str, str] = json.loads(delivery.rendition.body)
    updated = whole_seconds(delivery.revision.updated_at, delivery.configured)
    before, now = (f"<updated>{one.isoformat()}</updated>" for one in (updated, told_apart(updated, entry.ordinal)))
    said[Form.ATOM] = said[Form.ATOM].replace(before, now)
    return {form: without(form, said[form], unsaid) for form in Form}


def _as_read(item: Item, unsaid: frozenset[str] = frozenset()) -> dict[Form, str]:
    """The item in the three forms, as `read` gives it back."""
    return {form: read(form, alone(form, item), item.id, unsaid)[0].text for form in Form}
