"""Whatever shows more than one article: neighbours, column pages, home page, subscriptions, sitemaps.

All of it is derived from the catalogue, and from which articles' pages are there: nothing links to a page that is not.
The cost does not depend on how many articles there are.

    {address}/index.html   a column: the newest: the page being filled and the last full one, 20 to 39 articles
    {address}/1.html …     ordinals 1 … 20 of the column and so on, numbered from the oldest: a full page is final. The
                           page being filled has its address too, so that the one before can link to it for ever;
                           until it is full it shows what the index shows
    {address}/archive-1.html …  what was imported from an archive: it stands before page 1, see `channels.paging`
    index.html             the lead, the newest, and the newest of every column
    columns.html           the columns, open and closed; its menu is the one that scripts of older pages show
    map.html               the site map, for people
    subscribe.html         the feeds, for people
    sitemap.xml            index of sitemaps/site.xml, which has the home page and the columns, of sitemaps/1.xml …:
                           ordinals 1 … 100 and so on, and of sitemaps/archive-1.xml …
    sitemap-news.xml       the two days before the newest article, as news readers' sitemaps have it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from markupsafe import Markup

from channels.paging import after, before, named, ordinals, page_of, pages
from channels.website.frame import Frame
from channels.website.item import Gap, Item, gap_of, item_of
from channels.website.page import column_banner, column_head
from pipeline.article import Column
from pipeline.channel import Catalogue, Entry

PAGE = 20
"""Articles of a column page."""
RELATED, AMONG = 4, 20
"""How many related articles are shown, chosen among how many that came right before it in the column.

Only earlier ones, so that a new article changes no older page but its neighbour's.
"""
LATEST, OF_COLUMN = 10, 6
"""Lines of the home page: the newest of all, and of each column."""
LEADS = 6
"""The home page leads with the newest article, or with one of the newest that has a picture."""
CHUNK = 100
"""Ordinals of a sitemap."""
NEWS, NEWS_AGE = 30, timedelta(days=2)
"""What a news sitemap holds at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """What stands beside an article in its series, and which numbers between them have been withdrawn."""

    before: Entry | None = None
    after: Entry | None = None
    gone_before: Sequence[Gap] = ()
    gone_after: Sequence[Gap] = ()


@dataclass(slots=True)
class Known:
    """What one deed knows of the site, under the catalogue's lock. `stands` tells whether a file is there."""

    stands: Callable[[str], bool]
    coming: set[str] = field(default_factory=set)
    """Files that are written in this deed, before anything that readers know links to them."""
    shown: set[str] = field(default_factory=set)
    """Articles whose pages are there."""
    items: dict[str, Item] = field(default_factory=dict)

    def there(self, path: str) -> bool:
        return path in self.coming or self.stands(path)


class Lists:
    """The lists as they are with one article released, corrected or withdrawn: all of those that may mention it.

    One instance an article and a deed, under the catalogue's lock; those of one deed share what they know. It asks the
    catalogue for nothing before it has to.
    """

    def __init__(self, frame: Frame, catalogue: Catalogue, entry: Entry, known: Known) -> None:
        self._frame, self._catalogue, self._entry, self._known = frame, catalogue, entry, known
        self._there = known.there
        self._column = entry.revision.article.column

    @cached_property
    def _last(self) -> int:
        """The column's highest ordinal."""
        return self._catalogue.last(self._column)

    @cached_property
    def _imported(self) -> int:
        """How many of its ordinals are below zero."""
        return self._catalogue.imported(self._column)

    @cached_property
    def _window(self) -> tuple[int, int]:
        """Of which ordinals of the column `_near` is: those around the article, and the newest where they join."""
        here, newest = self._entry.column_ordinal, _first_of_newest(self._last)
        first, end = here - 2 * AMONG, min(self._last, here + AMONG)
        return (min(first, newest), self._last) if newest <= end + 1 else (first, end)

    @cached_property
    def _near(self) -> Sequence[Entry]:
        return self._catalogue.span(*self._window, self._column)

    @cached_property
    def _newest(self) -> Sequence[Entry]:
        """What the column's index shows: in the common case all of it is near."""
        newest = _first_of_newest(self._last)
        if self._window[0] <= newest and self._window[1] >= self._last:
            return [one for one in self._near if one.column_ordinal >= newest]
        return self._catalogue.span(newest, self._last, self._column)

    def announced(self) -> set[str]:
        """Every address that an announcement gave the column, also if it was corrected since. Reads all of the column's
        articles, as an announcement has all of its pages written."""
        found = set[str]()
        for one in self._catalogue.span(-self._imported, self._last, self._column):
            if announced := one.revision.article.announces:
                found |= {announced.column.address, *announced.column.former_addresses}
                found |= {*one.receipt.ids.get("column", "").split(), *one.receipt.ids.get("left", "").split()}
        return found

    # -- neighbours ---------------------------------------------------------------------------------------

    def touched(self) -> list[Entry]:
        """The live articles whose pages may name this one: its neighbours, and those it may be related to."""
        here = self._entry.column_ordinal
        after = [one for one in self._near if here < one.column_ordinal <= here + AMONG and one.withdrawn_at is None]
        series = self._of_series(self._entry)
        near = (*self._beside(self._entry), series.before, series.after, *after)
        found = {one.revision.id: one for one in near if one is not None}
        return [one for one in found.values() if self._is_shown(one)]

    def around(self, entry: Entry) -> str:
        """What stands below an article: its neighbours in the column, and related earlier ones.

        An article of a series has those of its series beside it, by their numbers, and is told which were withdrawn.
        """
        series = self._of_series(entry)
        earlier, later = self._beside(entry)
        if here := entry.revision.article.number:
            earlier = series.before or (earlier if _number(earlier, 0) < here else None)
            later = series.after or (later if _number(later, here + 1) > here else None)
        return self._frame.render(
            "around.html",
            earlier=self._one(earlier),
            later=self._one(later),
            gone_before=series.gone_before,
            gone_after=series.gone_after,
            **self._more(entry, earlier),
        )

    def _beside(self, entry: Entry) -> tuple[Entry | None, Entry | None]:
        live = [one for one in self._near if one.withdrawn_at is None and one.revision.id != entry.revision.id]
        earlier = [one for one in live if one.column_ordinal < entry.column_ordinal]
        later = [one for one in live if one.column_ordinal > entry.column_ordinal]
        if (later or self._window[1] >= self._last) and (earlier or self._window[0] <= -self._imported):
            return earlier[-1] if earlier else None, later[0] if later else None
        return self._catalogue.neighbours(entry.revision.id)

    def _of_series(self, entry: Entry) -> _Series:
        here = entry.revision.article.number
        if here is None:
            return _Series()
        numbered = sorted((one for one in self._near if _number(one, here) != here), key=lambda one: _number(one, 0))
        live = [one for one in numbered if one.withdrawn_at is None]
        before = next((one for one in reversed(live) if _number(one, 0) < here), None)
        after = next((one for one in live if _number(one, 0) > here), None)
        gone = [gap for gap in map(gap_of, numbered) if gap is not None]
        return _Series(
            before=before,
            after=after,
            gone_before=[gap for gap in gone if _number(before, 0) < gap.number < here],
            gone_after=[gap for gap in gone if here < gap.number and (after is None or gap.number < _number(after, 0))],
        )

    def _more(self, entry: Entry, beside: Entry | None) -> dict[str, Any]:
        """What else there is to read in the column: those with the most keywords in common, then the newest. `akin`:
        whether they have any, beyond those that the column gives to everything; if not, they are just its newest.

        The one right before is shown already.
        """
        here, article = entry.column_ordinal, entry.revision.article
        column = self._frame.column(article)
        keywords = set(article.keywords).difference(column.keywords if column else ())
        among = [
            (len(keywords.intersection(one.revision.article.keywords)), one)
            for one in reversed(self._near)
            if here - AMONG <= one.column_ordinal < here
            and one.withdrawn_at is None
            and (beside is None or one.revision.id != beside.revision.id)
            and self._is_shown(one)
        ]
        akin = any(common for common, _ in among)
        shown = [one for common, one in sorted(among, key=lambda one: -one[0]) if common or not akin]
        return {"akin": akin, "more": self._listed(shown[:RELATED])}

    # -- lists --------------------------------------------------------------------------------------------

    def opening(self, anew: str = "") -> Iterator[tuple[str, bytes]]:
        """(path, content) of the pages that every page links to, as far as they are not there yet; `anew`: id of a
        column that has to be written even if something stands in its place."""
        for column in self._frame.newsroom.columns:
            path = f"{column.address}/index.html"
            if column.id == anew or not self._there(path):
                if column.id == self._column:
                    newest, last = self._newest, self._last
                else:
                    last = self._catalogue.last(column.id)
                    newest = self._catalogue.span(_first_of_newest(last), last, column.id)
                yield path, self._index(column, newest, last)
        if not self._there("index.html"):
            yield "index.html", self._home([], [])
        for path in ("columns.html", "map.html"):
            if not self._there(path):
                yield path, self._frame.document(path)
        if self._frame.feeds and not self._there("subscribe.html"):
            yield "subscribe.html", self._frame.document("subscribe.html", columns=[])

    def files(self, *others: Lists) -> Iterator[tuple[str, bytes]]:
        """(path, content) of every list that shows the article, or one of those of the same deed, in the order in which
        they are to be written."""
        together = (*others, self)
        for one in {lists._column: lists for lists in together}.values():
            column = self._frame.column(one._entry.revision.article)
            if column is not None:
                mine = (lists for lists in together if lists._column == column.id)
                yield from one._column_pages(column, set().union(*(lists._due(column) for lists in mine)))
        columns = [(one, self._newest_of(one)) for one in self._frame.newsroom.open_columns]
        filled = [(one, items) for one, items in columns if items]
        newest = self._catalogue.live(limit=NEWS)
        yield "index.html", self._home(newest, filled)
        if self._frame.feeds:
            yield "subscribe.html", self._frame.document("subscribe.html", columns=[one for one, _ in filled])
        own = {_chunk(lists._entry.ordinal) for lists in together}
        yield from self._sitemaps(newest, own, [one for one, _ in filled])

    def _due(self, column: Column) -> set[int]:
        """The column's pages that have to be written, beside the one that is being filled; all of them if the column
        itself is announced anew."""
        full, own = self._last // PAGE, _page_of(self._entry)
        if self._entry.revision.article.announces:
            return {*pages(self._last, self._imported, PAGE)}
        due = set[int]()
        if own <= full:
            # Its neighbours link to a page as soon as it is there; in the normal course they do so already.
            beside = (one for one in (before(own), after(own)) if one <= full)
            due = {own, *(one for one in beside if self._there(numbered(column, one)))}
        if full and not self._there(numbered(column, full)):
            due.add(full)  # filled by a release of this very instant, whose worker has not written it yet
        return due

    def _column_pages(self, column: Column, due: set[int]) -> Iterator[tuple[str, bytes]]:
        """The page that is being filled, those that are `due`, and the index: pages before whatever links to them."""
        filling = self._last // PAGE + 1
        index = self._index(column, self._newest, self._last)
        yield numbered(column, filling), index
        self._known.coming.update(numbered(column, number) for number in due)
        for number in sorted(due):
            yield numbered(column, number), self._full_page(column, number)
        if due:  # it may link to one of them now
            index = self._index(column, self._newest, self._last)
            yield numbered(column, filling), index
        yield f"{column.address}/index.html", index

    def _index(self, column: Column, newest: Sequence[Entry], last: int) -> bytes:
        earlier = self._page_there(column, before(before(last // PAGE + 1)))
        return self._column_page(column, newest, number=0, path=f"{column.address}/", earlier=earlier)

    def _full_page(self, column: Column, number: int) -> bytes:
        first, last = ordinals(number, PAGE)
        near = self._window[0] <= first and last <= self._window[1]
        span = self._near if near else self._catalogue.span(first, last, column.id)
        return self._column_page(
            column,
            [one for one in span if first <= one.column_ordinal <= last],
            number=number,
            path=numbered(column, number),
            earlier=self._page_there(column, before(number)),
            later=self._page_there(column, after(number)),
        )

    def _column_page(self, column: Column, entries: Sequence[Entry], *, later: str = "", **values: Any) -> bytes:
        rows = [row for one in reversed(entries) if (row := self._one(one) or gap_of(one)) is not None]
        return self._frame.document(
            "column.html",
            column=column,
            head=Markup(column_head(column, self._frame)),  # noqa: S704 - rendered from its template
            banner=column_banner(column, self._frame),
            rows=rows,
            items=[row for row in rows if isinstance(row, Item)],
            later=later,
            **values,
        )

    def _page_there(self, column: Column, number: int) -> str:
        """The path of the column's page if it is there, else ""."""
        path = numbered(column, number)
        return path if self._there(path) else ""

    def _newest_of(self, column: Column) -> list[Item]:
        if column.id == self._column:
            live = [one for one in reversed(self._newest) if one.withdrawn_at is None]
            if len(live) >= OF_COLUMN or len(self._newest) == self._last:
                return self._listed(live)[:OF_COLUMN]
        return self._listed(self._catalogue.live(column.id, limit=OF_COLUMN))

    def _home(self, newest: Sequence[Entry], columns: list[tuple[Column, list[Item]]]) -> bytes:
        items = self._listed(newest)[: LATEST + 1]
        pictured = (item for item in items[:LEADS] if item.picture or item.banner)
        lead = next(pictured, items[0] if items else None)
        latest = [item for item in items if item is not lead][:LATEST]
        closed = [column for column in self._frame.newsroom.columns if column.closed]
        return self._frame.document("home.html", lead=lead, latest=latest, columns=columns, closed=closed)

    def _sitemaps(
        self, newest: Sequence[Entry], own: set[int], filled: Sequence[Column]
    ) -> Iterator[tuple[str, bytes]]:
        """`own`: the sitemaps that have to be written in any case; `filled`: the columns that have articles."""
        frame = self._frame
        since = newest[0].revision.published_at - NEWS_AGE if newest else None
        news = [one for one in newest if one.ordinal > 0 and (since is None or one.revision.published_at >= since)]
        yield "sitemap-news.xml", frame.document("sitemap-news.xml", items=self._listed(news))
        filling, imported = _chunk(self._catalogue.last()), self._catalogue.imported()
        for chunk in sorted({*own, filling} - {0}):
            span = self._catalogue.span(*ordinals(chunk, CHUNK))
            shown = [
                (frame.newsroom.permalink(one.revision), frame.iso(one.revision.updated_at))
                for one in span
                if one.withdrawn_at is None and self._is_shown(one)
            ]
            # A sitemap without any page would be invalid.
            shown = shown or [(frame.url(""), "")]
            yield f"sitemaps/{named(chunk)}.xml", frame.document("sitemap.xml", pages=shown)
        columns = [*filled, *(one for one in frame.newsroom.columns if one.closed)]
        standing = ["", "columns.html", "map.html", *(["subscribe.html"] if frame.feeds else [])]
        places = [*map(frame.url, standing), *map(frame.newsroom.column_url, columns)]
        yield "sitemaps/site.xml", frame.document("sitemap.xml", pages=[(place, "") for place in places])
        chunks = [*(one for one in pages(0, imported, CHUNK)), *range(1, filling + 1)]
        paths = ["sitemaps/site.xml", *(f"sitemaps/{named(chunk)}.xml" for chunk in chunks)]
        yield "sitemap.xml", frame.document("sitemap-index.xml", paths=paths)

    # -- articles in lists --------------------------------------------------------------------------------

    def _listed(self, entries: Iterable[Entry]) -> list[Item]:
        """The live ones whose pages are there."""
        return [item for entry in entries if (item := self._one(entry)) is not None]

    def _one(self, entry: Entry | None) -> Item | None:
        if entry is None or entry.withdrawn_at is not None or not self._is_shown(entry):
            return None
        items = self._known.items
        return items.get(entry.revision.id) or items.setdefault(entry.revision.id, item_of(entry, self._frame))

    def _is_shown(self, entry: Entry) -> bool:
        """Whether its page is there: that of an article released this very instant may come in a moment."""
        shown = self._known.shown
        if entry.revision.id not in shown and self._there(self._frame.newsroom.path(entry.revision)):
            shown.add(entry.revision.id)
        return entry.revision.id in shown


def pages_at(catalogue: Catalogue, column: str) -> list[tuple[str, str]]:
    """(name, address below the column's own) of every page that a column has; the index is the first."""
    last = catalogue.last(column)
    numbers = [*pages(last, catalogue.imported(column), PAGE), last // PAGE + 1]
    return [("index.html", ""), *((f"{named(number)}.html",) * 2 for number in numbers)]


def pages_listing(entry: Entry, column: Column) -> tuple[str, str]:
    """The column's pages of which at least one shows the entry."""
    return f"{column.address}/index.html", numbered(column, _page_of(entry))


def numbered(column: Column, number: int) -> str:
    return f"{column.address}/{named(number)}.html"


def _number(entry: Entry | None, default: int) -> int:
    return (entry.revision.article.number if entry else None) or default


def _first_of_newest(last: int) -> int:
    """The oldest ordinal that a column's index shows."""
    return ordinals(before(last // PAGE + 1), PAGE)[0]


def _page_of(entry: Entry) -> int:
    return page_of(entry.column_ordinal, PAGE)


def _chunk(ordinal: int) -> int:
    return page_of(ordinal, CHUNK)
