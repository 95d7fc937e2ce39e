"""The items at hand: each made once as long as nothing in it changes, and the public pictures that they tell of."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from channels.feeds.item import Item, article_item, assets_of, column_of, folder_of, notice_item
from channels.files import Files
from channels.pictures import made
from channels.tree import token
from pipeline.article import Newsroom, Revision
from pipeline.channel import Entry, Media, Unpublishable

ITEMS_KEPT = 1024
"""What is kept in memory at most."""


class Stock:
    """The items of one channel. `newsroom`: as configured; `public`: address of the feeds' root; `headlines`: whether a
    withdrawn article is named by its headline."""

    def __init__(self, files: Files, newsroom: Newsroom, public: str, *, headlines: bool = False) -> None:
        self.files = files
        self.newsroom = newsroom
        self.public = public
        self.headlines = headlines
        self._items: dict[object, Item] = {}
        self._lengths: dict[str, dict[str, int]] = {}

    def with_pictures(self, entry: Entry, newsroom: Newsroom, media: Media) -> Item:
        """The entry's item, its pictures put where they are not yet.

        Also those of an article that another worker releases at this instant: it may not have come to it.
        """
        if entry.withdrawn_at is not None:
            return self.item(entry, newsroom, {})
        lengths = self.lengths_of(entry.revision)
        if self.lacks(entry.revision, lengths):
            with suppress(Unpublishable):  # another article's picture is lost: no reason to hold up this one
                self.show_pictures(entry.revision, media)
            lengths = self.lengths_of(entry.revision)
        return self.item(entry, newsroom, lengths)

    def item(self, entry: Entry, newsroom: Newsroom, lengths: dict[str, int]) -> Item:
        """The entry's item, made once as long as nothing in it changes."""
        column = column_of(entry.revision.article, newsroom)
        key = (entry.revision, entry.withdrawn_at, entry.reason, entry.ordinal, column, *lengths.items())
        item = self._items.get(key)
        if item is None:
            if len(self._items) >= ITEMS_KEPT:
                self._items.clear()
            withdrawn = entry.withdrawn_at is not None
            item = self._items[key] = (
                self.notice(entry, newsroom)
                if withdrawn
                else article_item(entry.revision, newsroom, self.public, lengths, order=entry.ordinal)
            )
        return item

    def notice(self, entry: Entry, newsroom: Newsroom) -> Item:
        """What stands in the place of a withdrawn entry."""
        return notice_item(entry, newsroom, headline=self.headlines)

    def show_pictures(self, revision: Revision, media: Media) -> None:
        """Put the revision's pictures where they are not.

        A picture that stands already is left alone, so that documents naming its length remain true.
        """
        here = token(revision)
        self._lengths.pop(revision.digest, None)
        for asset in assets_of(revision, self.newsroom):
            path = f"{folder_of(revision.id)}/{asset.name}"
            if not self.files.exists(path) and not self.files.publish(here, asset.name, path):
                self.files.write(path, made(asset, media))

    def lengths_of(self, revision: Revision) -> dict[str, int]:
        """The lengths in bytes, by name, of those of the revision's pictures that are there.

        A folder is asked each time: a picture that was dropped may have returned under its name with other bytes, put
        there by a worker of another version, or by a rebuild. An object store, where each question is a request, is
        asked once for each revision, and again when that is released again.
        """
        known = self._lengths.get(revision.digest)
        if known is not None:
            return known
        folder, assets = folder_of(revision.id), assets_of(revision, self.newsroom)
        found = {asset.name: self.files.size(f"{folder}/{asset.name}") for asset in assets}
        there = {name: length for name, length in found.items() if length is not None}
        if not self.files.is_local and len(there) == len(found):
            if len(self._lengths) >= ITEMS_KEPT:
                self._lengths.clear()
            self._lengths[revision.digest] = there
        return there

    def lacks(self, revision: Revision, lengths: Mapping[str, int]) -> bool:
        """Whether one of the revision's pictures is not among these."""
        return any(asset.name not in lengths for asset in assets_of(revision, self.newsroom))
