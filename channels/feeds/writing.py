"""The documents of the feeds, derived from the catalogue: ahead of a release, or in it.

Only `foresee` is called without the catalogue's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from itertools import chain, islice

from channels import paging
from channels.feeds.documents import Feed, Form, opml, piece
from channels.feeds.foreseen import MANIFEST, STAGED, Foreseen, Prepared, Shown, told
from channels.feeds.item import Item
from channels.feeds.places import OPML, PAGE, archive_of, key_of, newest, path_of, scopes_of
from channels.feeds.stock import Stock
from channels.files import Files
from channels.tree import token
from pipeline.article import Column, Deed, Newsroom
from pipeline.channel import Delivery, Entry, Media, utc_now

TOGETHER = 6
"""Documents written side by side: the newest of the site and of a column."""


class _Overtaken(Exception):
    """Another article has been released while documents were derived ahead: nothing of them would be true."""


def _of(items: Mapping[str, Item], entry: Entry) -> Item:
    """The entry's item, if the catalogue has known it all the time."""
    if (item := items.get(entry.revision.id)) is None:
        raise _Overtaken
    return item


class Writing:
    """Writes the documents of one channel's feeds. `public`: address of their root; `hub`: a WebSub hub's, or ""."""

    def __init__(self, files: Files, stock: Stock, public: str, hub: str) -> None:
        self.files = files
        self.stock = stock
        self.public = public
        self.hub = hub

    # -- ahead of the release -----------------------------------------------------------------------------

    def foresee(self, delivery: Delivery, lengths: dict[str, int]) -> None:
        """Stage the documents as they will be; `lengths`: bytes of the revision's own pictures.

        Nothing is staged where more has to be done than to replace the newest documents, or cannot be told yet.
        """
        revision, here = delivery.revision, token(delivery.revision)
        announced = revision.article.announces
        if announced and (announced.deed is Deed.RENAME or revision.number > 1):
            return
        newsroom = delivery.newsroom.after(revision)
        # Read before the catalogue: whatever is released from here on makes them differ, or was known to it.
        scopes = scopes_of(revision, newsroom)
        stood = {path: told(self.files.read(path)) for path in (path_of(scope, Form.RSS) for scope in scopes)}
        ahead = Foreseen(delivery.catalogue, revision)
        newsroom = newsroom.with_columns(ahead.columns())
        if scopes != scopes_of(revision, newsroom):
            return
        items: dict[str, Item] = {}
        documents: list[tuple[str, bytes]] = []
        for scope in scopes:
            last = ahead.last(key_of(scope))
            archives = self._archives(ahead.entry, scope, last, partial(ahead.imported, key_of(scope)))
            # One that this very article fills holds what the newest documents hold: it is true as long as they are.
            filled = [last // PAGE] if last == (ahead.entry.column_ordinal if scope else ahead.entry.ordinal) else []
            if archives and (last % PAGE or archives != filled):
                return
            for one in newest(ahead, scope):
                if one.revision.id not in items:
                    known = self.stock.lengths_of(one.revision)
                    if one.revision.id == revision.id:
                        known = {**lengths, **known}
                    elif self.stock.lacks(one.revision, known):
                        return
                    items[one.revision.id] = self.stock.item(one, newsroom, known)
            for archive in (*archives, 0):
                try:
                    feed = self._feed(scope, newsroom, ahead, partial(_of, items), last=last, archive=archive)
                except _Overtaken:
                    return
                documents += [(path_of(scope, form, archive), feed.document(form)) for form in Form]
        documents.append((OPML, self._list(newsroom, ahead)))
        for path, document in documents:
            self.files.stage(here, f"{STAGED}/{path}", document)
        prepared = Prepared(
            revision=revision.digest,
            ordinal=ahead.entry.ordinal,
            last=ahead.last(),
            stood=stood,
            documents=tuple(path for path, _ in documents),
        )
        self.files.stage(here, MANIFEST, prepared.model_dump_json().encode())

    def place(self, entry: Entry, delivery: Delivery) -> datetime | None:
        """Put the documents in place that were derived ahead; when they stood there, None if they are not true."""
        here = token(entry.revision)
        manifest = self.files.staged(here, MANIFEST)
        if manifest is None:
            return None
        prepared = Prepared.model_validate_json(manifest)
        if (
            (prepared.revision, prepared.ordinal) != (entry.revision.digest, entry.ordinal)
            or prepared.last != delivery.catalogue.last()
            or any(told(self.files.read(path)) != before for path, before in prepared.stood.items())
        ):
            return None
        *documents, feeds = prepared.documents
        if not all(self._put(here, path) for path in documents):
            return None
        taken = utc_now()
        if (document := self.files.staged(here, f"{STAGED}/{feeds}")) is not None:
            self.files.write(feeds, document)
        return taken

    def shown(self, entry: Entry, delivery: Delivery) -> datetime | None:
        """Now, if another worker, whose article came at this very instant, has shown this one with it; else None.

        Asked only while the documents for it are staged: a release that is repeated derives everything anew.
        """
        if entry.revision.article.announces or self.files.staged(token(entry.revision), MANIFEST) is None:
            return None
        newsroom = delivery.newsroom
        item = self.stock.with_pictures(entry, newsroom, delivery.media)
        stands = (
            piece(form, item) in (self.files.read(path_of(scope, form)) or b"")
            for scope in scopes_of(entry.revision, newsroom)
            for form in Form
        )
        return utc_now() if all(stands) else None

    def _put(self, here: str, path: str) -> bool:
        """Move a staged document to its place; False if it is not staged."""
        return self.files.publish(here, f"{STAGED}/{path}", path)

    # -- from the catalogue as it is ----------------------------------------------------------------------

    def rewrite(self, entry: Entry, delivery: Delivery) -> datetime:
        """Derive from the catalogue every document that shows the entry, and the list of feeds.

        Archives that are not there come first: no document ever points to one that is not there. Those that are come
        last: whoever finds the change in them finds it everywhere. Returns when the entry's item stood in the newest
        documents; of what happens to a column, in the site's.
        """
        newsroom, catalogue, here = delivery.newsroom, delivery.catalogue, token(entry.revision)
        derived = partial(self._derived, [entry], newsroom=newsroom, shown=catalogue, media=delivery.media)
        scopes = scopes_of(entry.revision, newsroom)
        if entry.revision.article.announces:
            self._write(here, derived(None))
            taken = utc_now()
            self._write(here, chain.from_iterable(derived(scope) for scope in scopes if scope))
        else:
            self._write(here, chain.from_iterable(derived(scope) for scope in scopes))
            taken = utc_now()
        self.files.write(OPML, self._list(newsroom, catalogue))
        return taken

    def rewrite_all(self, entries: Sequence[Entry], newsroom: Newsroom, shown: Shown, media: Media) -> None:
        """The same for many entries, none of which announces anything: each document once."""
        scopes: dict[Column | None, list[Entry]] = {None: [*entries]}
        for entry in entries:
            for scope in scopes_of(entry.revision, newsroom)[1:]:
                scopes.setdefault(scope, []).append(entry)
        for scope, mine in scopes.items():
            for path, document in self._derived(mine, scope, newsroom=newsroom, shown=shown, media=media):
                self.files.write(path, document)
        self.files.write(OPML, self._list(newsroom, shown))

    def _derived(
        self, entries: Sequence[Entry], scope: Column | None, *, newsroom: Newsroom, shown: Shown, media: Media
    ) -> Iterator[tuple[str, bytes]]:
        """(path, content) of the feed's documents that show one of the entries, in the order of writing."""
        last, imported = shown.last(key_of(scope)), partial(shown.imported, key_of(scope))
        item = partial(self.stock.with_pictures, newsroom=newsroom, media=media)
        due = set[int]().union(*(self._archives(one, scope, last, imported) for one in entries))
        there = {one for one in due if self.files.exists(path_of(scope, Form.JSON, one))}
        for archive in sorted({0, *due}, key=lambda one: (one in there, not one, one)):
            feed = self._feed(scope, newsroom, shown, item, last=last, archive=archive)
            for form in Form:  # JSON last: where it is, the others are
                yield path_of(scope, form, archive), feed.document(form)

    def _write(self, here: str, documents: Iterable[tuple[str, bytes]]) -> None:
        """Put these documents in their places, in their order; equal bytes leave the file (and its time) alone.

        Several are synced side by side, since each sync of a busy disk waits for all that was written before it.
        """
        changed = ((path, document) for path, document in documents if self.files.read(path) != document)
        with ThreadPoolExecutor(TOGETHER, thread_name_prefix="feeds") as pool:
            while some := list(islice(changed, TOGETHER)):
                list(pool.map(lambda one: self.files.stage(here, f"{STAGED}/{one[0]}", one[1]), some))
                for path, document in some:
                    if not self._put(here, path):
                        self.files.write(path, document)

    def _archives(self, entry: Entry, column: Column | None, last: int, imported: Callable[[], int]) -> list[int]:
        """The archives that have to be written before the newest document. `imported`: asked only where it counts."""
        full = last // PAGE
        if column and entry.revision.article.announces:  # it may have changed what stands in all of them
            return paging.pages(last, imported(), PAGE)
        own = archive_of(entry.column_ordinal if column else entry.ordinal)
        due = {own} if own <= full else set[int]()
        if own < 0 and (later := paging.after(own)) <= full:
            due.add(later)  # it leads to this one
        if full and not self.files.exists(path_of(column, Form.JSON, full)):
            due.add(full)  # filled by a release of this very instant, whose worker has not written it yet
        return sorted(due)

    def _feed(
        self,
        column: Column | None,
        newsroom: Newsroom,
        shown: Shown,
        item: Callable[[Entry], Item],
        *,
        last: int,
        archive: int = 0,
    ) -> Feed:
        """An archive, or the newest items. `last`: the highest ordinal of the feed."""
        entries = (
            shown.span(*paging.ordinals(archive, PAGE), key_of(column))[::-1] if archive else newest(shown, column)
        )
        before = paging.before(archive or last // PAGE + 1)
        if before < 0 and not paging.exists(before, last, shown.imported(key_of(column)), PAGE):
            before = 0
        return Feed.of(
            newsroom,
            self.public,
            column,
            hub=self.hub,
            archive=archive,
            before=before,
            items=[item(one) for one in entries],
        )

    def _list(self, newsroom: Newsroom, shown: Shown) -> bytes:
        columns = [one for one in newsroom.columns if shown.last(one.id) or shown.imported(one.id)]
        return opml(newsroom, [Feed.of(newsroom, self.public, column) for column in (None, *columns)])
