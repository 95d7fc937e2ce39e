"""The app's public tree: articles, pictures, lists, the sequence of changes and the client's own files.

    index.html …                 the client (`client`)
    api/newsroom.json            where a client begins: the columns as they stand now, and addresses
    api/latest.json              the newest 20 … 39 ordinals of all columns; `next` leads to the page before them
    api/latest/{n}.json          ordinals 20n-19 … 20n, counted from the oldest: it stays as it is when others follow
    api/latest/archive-1.json …  what was imported from an archive: it stands before page 1, see `channels.paging`
    api/columns/{id}.json …      the same of one column
    api/articles/{id}.json       an article, or what is left of it once withdrawn
    api/series/{column}.json …   the numbers of a column's series (`series`)
    api/changes.json …           what has changed since (`changes`)
    api/media/{article}/…        the pictures; api/media/columns/{id}/…, a column's banner
    api/openapi.json             all of this, described

While the catalogue's lock is held, `show` puts the article there, in a few renames of what was staged: that is the
moment that counts. `bring_up_to_date` then derives all else from the catalogue. The order of the writes is the promise
to readers: pictures, articles, lists, series, columns, changes, and only then are pictures taken away. A list shows an
article only in the version that its document has; where another worker has not come to a document yet, it is written on
its behalf.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from pydantic import ValidationError

from channels import paging
from channels.app import changes, series
from channels.app.changes import envelope_in
from channels.app.client import client_files
from channels.app.documents import (
    Envelope,
    Item,
    Listing,
    Start,
    article_path,
    page_with,
    series_page,
    version_href,
    written,
)
from channels.app.envelope import article_envelope, withdrawn_envelope
from channels.app.openapi import description
from channels.app.pictures import assets_of, assets_of_column, folder_of, folder_of_column
from channels.app.rows import column_entry, item_of, series_row, start
from channels.files import Files
from channels.pictures import holds, made
from channels.tree import token
from pipeline.article import Column, Newsroom
from pipeline.channel import (
    Asset,
    Catalogue,
    Delivery,
    Entry,
    Media,
    Notebook,
    Problem,
    Rendition,
    Text,
    Unavailable,
    Unpublishable,
)

PAGE = 20
"""Articles of a page."""
API = "api/"
START = "newsroom.json"
CLIENT = "index.html"
MARK = "article.json"
"""The staged document: where it is, everything is."""
OWED = "owed"
"""The notebook's page of those articles whose changes were told last, or still have to be: a worker may die between
the two writes."""
KEPT = 256
"""Documents kept in memory."""


class Span(NamedTuple):
    """What a list or one of its pages is made of."""

    path: str
    entries: tuple[Entry, ...]
    """Oldest first, withdrawn ones included."""
    next: str | None


class Tree:
    """Thread-safe; one per channel. `public`: the address of the tree's root, with a slash at its end."""

    def __init__(self, files: Files, public: str, name: str, notebook: Notebook) -> None:
        self.files, self.public, self.name, self.notebook = files, public, name, notebook
        self.api = public + API
        self._seen: OrderedDict[tuple[str, int, bool], Envelope] = OrderedDict()
        self._frame: dict[str, bytes] = {}
        self._frame_shown = False

    def wanted(self, entry: Entry, newsroom: Newsroom) -> Envelope:
        """The document the entry has to have. Raises `Unpublishable`."""
        if entry.withdrawn_at is not None:
            return withdrawn_envelope(entry, newsroom)
        return article_envelope(entry.revision, newsroom, self.api)

    def frame(self, newsroom: Newsroom) -> dict[str, bytes]:
        """What depends only on the configuration and on this program, by path: the client and the API's description.

        Made once, and in good time: it takes a third of a second, which a release does not have. Not in it are the
        columns, which may change.
        """
        if not self._frame:
            files = client_files(newsroom, self.name)
            self._frame = {**files, f"{API}openapi.json": description(newsroom, self.name, self.api)}
        return self._frame

    def frame_anew(self, newsroom: Newsroom) -> None:
        """The next deed looks again whether all of it is there: it may be what was lost."""
        self.frame(newsroom)
        self._frame_shown = False

    # -- writing: only while the catalogue's lock is held -------------------------------------------------

    def stage(self, delivery: Delivery, rendition: Rendition) -> None:
        """Make the pictures that a release will need, and keep them where nobody looks."""
        here, announced = token(delivery.revision), delivery.revision.article.announces
        for asset in rendition.assets:
            self.files.stage(here, asset.name, made(asset, delivery.media))
        for asset in assets_of_column(announced.column, delivery.configured) if announced else ():
            self.files.stage(here, f"column/{asset.name}", made(asset, delivery.media))

    def document(self, entry: Entry, delivery: Delivery) -> bytes:
        """What the document of the delivery's own entry has to be, to the byte."""
        if entry.withdrawn_at is None and delivery.rendition is not None:
            return delivery.rendition.body.encode()
        return written(self.wanted(entry, delivery.configured))

    def show(self, entry: Entry, delivery: Delivery) -> bool:
        """Put the article, or what is left of it, before the public; whether that changed its document.

        Only while the catalogue's lock is held, and quick: what `stage` made is moved to its place.
        """
        here, path = token(entry.revision), API + article_path(entry.revision.id)
        wanted = self.document(entry, delivery)
        if entry.withdrawn_at is None:
            for asset in assets_of(entry.revision, delivery.configured):
                place = f"{API}{folder_of(entry.revision.id)}/{asset.name}"
                if not self.files.publish(here, asset.name, place):
                    self._show_file(asset, place, delivery.media)
        if self.files.staged(here, MARK) == wanted and self.files.publish(here, MARK, path):
            return True
        if self.files.read(path) == wanted:
            return False
        self.files.write(path, wanted)
        return True

    def bring_up_to_date(
        self, deeds: Sequence[tuple[Entry, Delivery]], changed: Collection[str], catalogue: Catalogue
    ) -> None:
        """Derive from the catalogue everything else that shows these entries. What is right already is left alone.

        `changed`: of which articles `show` said so. Each list is written once, however many of them it shows.
        """
        delivery = deeds[-1][1]
        newsroom, media = delivery.newsroom, delivery.media
        own = {entry.revision.id: entry for entry, _ in deeds}
        standing = {entry.revision.id: Envelope.model_validate_json(self.document(entry, one)) for entry, one in deeds}
        begin = written(start(newsroom, self.name, self.api))
        begun = self.files.read(API + START) == begin
        spans = list(self._spans([*own.values()], () if begun else newsroom.columns, catalogue))
        beside = {one.revision.id: one for span in spans for one in span.entries if one.revision.id not in own}
        late = [(entry, standing[id]) for id, entry in own.items() if id in changed]
        for one in sorted(beside.values(), key=lambda one: one.ordinal):
            if found := self._found(one):
                standing[found.id] = found
            elif made_now := self._on_behalf(one, newsroom, media):
                late.append((one, made_now))
                standing[made_now.id] = made_now
        telling = self._owing([envelope.id for _, envelope in late])
        for _, envelope in late:
            if envelope.id not in own:
                self.files.write(API + article_path(envelope.id), written(envelope))
        for span in spans:
            self.files.write(API + span.path, written(_listing(span, standing)))
        numbered: dict[str, dict[int, Envelope]] = {}
        for one, envelope in (*late, *((entry, standing[id]) for id, entry in own.items() if id not in changed)):
            if number := one.revision.article.number:
                numbered.setdefault(one.revision.article.column, {})[number] = envelope
        for column, numbers in numbered.items():
            series.record(self.files, API, catalogue, column, numbers)
        self._show_columns(deeds[-1][0], delivery, newsroom, None if begun else begin)
        self._show_frame(newsroom)
        said = (standing.get(id) or envelope_in(self.files.read(API + article_path(id))) for id in telling)
        changes.record(
            self.files, API, catalogue, [one for one in said if one is not None], [standing[one] for one in own]
        )
        if len(telling) > 1:
            self._told_all()

    def _spans(self, entries: Sequence[Entry], columns: Sequence[Column], catalogue: Catalogue) -> Iterator[Span]:
        """The lists and pages that show the entries, and those of `columns` that are not there. Pages come first."""
        scopes: dict[str, tuple[str | None, set[int]]] = {"latest": (None, {one.ordinal for one in entries})}
        for one in entries:
            column = one.revision.article.column
            scopes.setdefault(f"columns/{column}", (column, set()))[1].add(one.column_ordinal)
        for other in columns:  # the start's links have to lead on
            if not self.files.exists(f"{API}columns/{other.id}.json"):
                scopes.setdefault(f"columns/{other.id}", (other.id, set()))
        for folder, (key, own) in scopes.items():
            last = catalogue.last(key)
            imported = catalogue.imported(key) if last < 2 * PAGE or min(own, default=1) <= PAGE else 0

            def before(page: int, last: int = last, imported: int = imported) -> int:
                """The page before this one; 0: there is none."""
                found = paging.before(page)
                return found if paging.exists(found, last, imported, PAGE) else 0

            newest = paging.before(last // PAGE + 1)  # the list shows it, and the page that is being filled
            linked = before(newest)
            pages = {page_of(one) for one in own}
            pages |= {paging.after(one) for one in pages if one < 0}  # it leads to this one
            pages = {one for one in pages if linked and one <= linked}
            if linked and not self.files.exists(f"{API}{folder}/{paging.named(linked)}.json"):
                pages.add(linked)
            for page in sorted(pages):
                shown = catalogue.span(*paging.ordinals(page, PAGE), key)
                older = f"{paging.named(before(page))}.json" if before(page) else None
                yield Span(f"{folder}/{paging.named(page)}.json", tuple(shown), older)
            shown = catalogue.span(paging.ordinals(newest, PAGE)[0], last, key)
            older = f"{folder.rpartition('/')[2]}/{paging.named(linked)}.json" if linked else None
            yield Span(f"{folder}.json", tuple(shown), older)

    def _found(self, entry: Entry) -> Envelope | None:
        """Another article's document, if it is there and as the catalogue has it."""
        key = (entry.revision.id, entry.revision.number, entry.withdrawn_at is not None)
        if key not in self._seen:
            found = envelope_in(self.files.read(API + article_path(entry.revision.id)))
            if found is None or (found.id, found.revision, found.pub_status == "canceled") != key:
                return None
            self._seen[key] = found
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
        return self._seen.get(key)

    def _on_behalf(self, entry: Entry, newsroom: Newsroom, media: Media) -> Envelope | None:
        """The document of an article whose worker has not come to it, its pictures shown; None if it cannot be."""
        try:
            envelope = self.wanted(entry, newsroom)
            self._show_pictures(entry, newsroom, media)
        except Unpublishable:  # another article's trouble: no reason to hold up this one
            return None
        return envelope

    def _show_pictures(self, entry: Entry, newsroom: Newsroom, media: Media) -> None:
        """Put the pictures of another worker's article in place."""
        if entry.withdrawn_at is None:
            for asset in assets_of(entry.revision, newsroom):
                self._show_file(asset, f"{API}{folder_of(entry.revision.id)}/{asset.name}", media)

    def _show_file(self, asset: Asset, place: str, media: Media) -> None:
        """Put a picture in place; one that stands there whole is left alone."""
        if not holds(asset, self.files.read(place)):
            self.files.write(place, made(asset, media))

    def _show_columns(self, entry: Entry, delivery: Delivery, newsroom: Newsroom, begin: bytes | None) -> None:
        """The columns' banners, then the start, `begin`, if it is another one; what the announced column no longer
        shows goes."""
        announced = entry.revision.article.announces
        own = announced.column.id if announced else ""
        for column in newsroom.columns if begin else ():
            for asset in assets_of_column(column, newsroom):
                place = f"{API}{folder_of_column(column.id)}/{asset.name}"
                if column.id == own and self.files.publish(token(entry.revision), f"column/{asset.name}", place):
                    continue
                with suppress(Unpublishable):  # a banner that cannot be made is no reason to hold up an article
                    if column.id == own or not self.files.exists(place):
                        self._show_file(asset, place, delivery.media)
        if begin:
            self.files.write(API + START, begin)
        if announced:
            columns = (column for column in newsroom.columns if column.id == own)
            shown = {asset.name for column in columns for asset in assets_of_column(column, newsroom)}
            self.files.prune(API + folder_of_column(own), shown)

    def _show_frame(self, newsroom: Newsroom) -> None:
        """The client and the API's description, once in this process's life: if it has made them, or if there are
        none. A process that has prepared nothing leaves those that are there to one that has."""
        if not self._frame_shown and (self._frame or not self.files.exists(CLIENT)):
            for path, data in self.frame(newsroom).items():
                self.files.write(path, data)
            self._frame_shown = True

    def _owing(self, late: Sequence[str]) -> list[str]:
        """The articles whose changes have to be told: these, noted now, and those that an earlier worker noted and has
        not come to tell."""
        note = self.notebook.read(OWED)
        noted = [str(id) for id in json.loads(note.text)] if note else []
        newest = changes.read(self.files.read(API + changes.NEWEST))
        told = {change.id: change.href for change in newest.changes} if newest else {}
        left = [id for id in noted if id not in late and not self._is_told(id, told)]
        owed = [*left, *late]
        if (
            late
            and owed != noted
            and not self.notebook.write(OWED, json.dumps(owed), over=note.version if note else None)
        ):
            raise Unavailable(
                Problem(
                    field="notebook",
                    message=Text.of("another worker writes the changes of {channel}", channel=self.name),
                    remedy=Text.of("nothing has to be done: it is tried again by itself"),
                ),
                sent=True,
            )
        return owed

    def _told_all(self) -> None:
        """Nothing is owed any more: of many, the newest changes alone do not tell that."""
        note = self.notebook.read(OWED)
        if note is not None:
            self.notebook.write(OWED, "[]", over=note.version)

    def _is_told(self, id: str, told: Mapping[str, str]) -> bool:
        """Whether the newest changes, by article, tell of its document as it is."""
        there = envelope_in(self.files.read(API + article_path(id)))
        return there is None or told.get(id) == version_href(there, "")

    # -- reading -------------------------------------------------------------------------------------------

    def shows(self, entry: Entry, seen: Envelope) -> bool:
        """Whether lists and changes agree with this document of the entry."""
        for rows in self._rows(entry):
            if seen.pub_status != "usable":
                if rows:
                    return False
            elif not rows or any(row != item_of(seen, entry.ordinal, up_from(path)) for path, row in rows):
                return False
        article = entry.revision.article
        if article.number:
            row = series_row(seen, article.number)
            page = self.files.seen(API + series_page(article.column, page_with(row.number)))
            if list(series.rows_of(seen.id, page)) != [row]:
                return False
        newest = self.files.seen_as(API + changes.NEWEST, changes.read)
        return newest is not None and changes.tells(newest, seen)

    def shows_column(self, id: str, newsroom: Newsroom) -> bool:
        """Whether clients see the column as it stands now, with its banner, or no such column if there is none."""
        try:
            begin = Start.model_validate_json(self.files.seen(API + START) or b"")
        except ValidationError:
            return False
        wanted = [column for column in newsroom.columns if column.id == id]
        if [column for column in begin.columns if column.id == id] != [column_entry(column) for column in wanted]:
            return False
        folder = API + folder_of_column(id)
        assets = [asset for column in wanted for asset in assets_of_column(column, newsroom)]
        return all(holds(asset, self.files.seen(f"{folder}/{asset.name}")) for asset in assets)

    def lists(self, entry: Entry) -> bool:
        """Whether any list still shows the article."""
        return any(self._rows(entry))

    def _rows(self, entry: Entry) -> Iterator[list[tuple[str, Item]]]:
        """The article's rows in the list of all columns, then in its column's: in the newest part, a page, or both."""
        column = entry.revision.article.column
        for folder, ordinal in (("latest", entry.ordinal), (f"columns/{column}", entry.column_ordinal)):
            paths = (f"{folder}.json", f"{folder}/{paging.named(page_of(ordinal))}.json")
            rows = ((path, self.files.seen_as(API + path, _items).get(entry.revision.id, ())) for path in paths)
            yield [(path, row) for path, mine in rows for row in mine]


def _items(data: bytes | None) -> Mapping[str, Sequence[Item]]:
    """A list's rows by the articles' ids; none if it is no list."""
    items: dict[str, list[Item]] = {}
    with suppress(ValidationError):
        for item in Listing.model_validate_json(data or b"").items:
            items.setdefault(item.id, []).append(item)
    return items


def page_of(ordinal: int) -> int:
    """The page that an ordinal belongs to, once lists have grown beyond it."""
    return paging.page_of(ordinal, PAGE)


def up_from(path: str) -> str:
    """What leads from a document to the API's root."""
    return "../" * path.count("/")


def _listing(span: Span, standing: dict[str, Envelope]) -> Listing:
    up = up_from(span.path)
    return Listing(
        items=tuple(
            item_of(standing[entry.revision.id], entry.ordinal, up)
            for entry in reversed(span.entries)
            if entry.withdrawn_at is None and entry.revision.id in standing
        ),
        next=span.next,
    )
