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
    """The items of one channel. `newsroom`: as configured; `public`: address of the feeds' root."""

    def __init__(self, files: Files, newsroom: Newsroom, public: str) -> None:
        self.files = files
        self.newsroom = newsroom
        self.public = public
        self._items: dict[object, Item] = {}

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
        key = (entry.revision, entry.withdrawn_at, entry.reason, column, *lengths.items())
        item = self._items.get(key)
        if item is None:
            if len(self._items) >= ITEMS_KEPT:
                self._items.clear()
            withdrawn = entry.withdrawn_at is not None
            item = self._items[key] = (
                notice_item(entry, newsroom)
                if withdrawn
                else article_item(entry.revision, newsroom, self.public, lengths)
            )
        return item

    def show_pictures(self, revision: Revision, media: Media) -> None:
        """Put the revision's pictures where they are not.

        A picture that stands already is left alone, so that documents naming its length remain true.
        """
        here = token(revision)
        for asset in assets_of(revision, self.newsroom):
            path = f"{folder_of(revision.id)}/{asset.name}"
            if not self.files.exists(path) and not self.files.publish(here, asset.name, path):
                self.files.write(path, made(asset, media))

    def lengths_of(self, revision: Revision) -> dict[str, int]:
        """The lengths in bytes, by name, of those of the revision's pictures that are there.

        Asked of the storage each time: a picture that was dropped may have returned under its name with other bytes,
        put there by a worker of another version, or by a rebuild.
        """
        folder = folder_of(revision.id)
        found = {asset.name: self.files.size(f"{folder}/{asset.name}") for asset in assets_of(revision, self.newsroom)}
        return {name: length for name, length in found.items() if length is not None}

    def lacks(self, revision: Revision, lengths: Mapping[str, int]) -> bool:
        """Whether one of the revision's pictures is not among these."""
        return any(asset.name not in lengths for asset in assets_of(revision, self.newsroom))
