"""Whatever shows more than one article: neighbours, column pages, home page, subscriptions, sitemaps.

All of it is derived from the catalogue, and from which articles' pages are there: nothing links to a page that is not.
The cost does not depend on how many articles there are.

    {column}/index.html    the newest: the page being filled and the last full one, 20 to 39 articles
    {column}/1.html …      ordinals 1 … 20 of the column and so on, numbered from the oldest: a full page is final. The
                           page being filled has its address too, so that the one before can link to it for ever;
                           until it is full it shows what the index shows
    index.html             the lead, the newest, and the newest of every column
    subscribe.html         the feeds, for people
    sitemap.xml            index of sitemaps/1.xml …: ordinals 1 … 100 and so on
    sitemap-news.xml       the two days before the newest article, as news readers' sitemaps have it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta

from channels.website.frame import Frame
from channels.website.page import Picture, headline, pictures_of
from pipeline.article import Column, Frozen
from pipeline.channel import Catalogue, Entry

PAGE = 20
"""Articles of a column page."""
SUMMARY = 90
"""Characters of what a list says of an article."""
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


class Item(Frozen):
    """An article in a list."""

    href: str
    url: str
    headline: str
    summary: str
    column: str
    day: str
    minute: str
    iso: str
    corrected: bool
    picture: Picture | None


class Lists:
    """The lists as they are with one article released, corrected or withdrawn: all of those that may mention it.

    `there` tells whether a file of the site is there. One instance a deed, under the catalogue's lock.
    """

    def __init__(self, frame: Frame, catalogue: Catalogue, entry: Entry, there: Callable[[str], bool]) -> None:
        self._frame, self._catalogue, self._entry, self._there = frame, catalogue, entry, there
        self._items: dict[str, Item] = {}
        self._shown: set[str] = set()
        self._column = entry.revision.article.column
        here, self._last = entry.column_ordinal, catalogue.last(self._column)
        newest = _first_of_newest(self._last)
        self._first, self._end = max(1, here - 2 * AMONG), min(self._last, here + AMONG)
        if joined := newest <= self._end + 1:  # one question for both: the common case
            self._first, self._end = min(self._first, newest), self._last
        self._near = catalogue.span(self._first, self._end, self._column)
        self._newest = [one for one in self._near if one.column_ordinal >= newest] if joined else None

    # -- neighbours ---------------------------------------------------------------------------------------

    def touched(self) -> list[Entry]:
        """The live articles whose pages may name this one: its neighbours, and those it may be related to."""
        here = self._entry.column_ordinal
        after = [one for one in self._near if here < one.column_ordinal <= here + AMONG and one.withdrawn_at is None]
        found = {one.revision.id: one for one in (*self._beside(self._entry), *after) if one is not None}
        return [one for one in found.values() if self._is_shown(one)]

    def around(self, entry: Entry) -> str:
        """What stands below an article: its neighbours in the column, and related earlier ones."""
        earlier, later = self._beside(entry)
        return self._frame.render(
            "around.html",
            earlier=self._one(earlier),
            later=self._one(later),
            related=self._listed(self._related(entry, earlier)),
        )

    def _beside(self, entry: Entry) -> tuple[Entry | None, Entry | None]:
        live = [one for one in self._near if one.withdrawn_at is None and one.revision.id != entry.revision.id]
        earlier = [one for one in live if one.column_ordinal < entry.column_ordinal]
        later = [one for one in live if one.column_ordinal > entry.column_ordinal]
        if (earlier or self._first == 1) and (later or self._end == self._last):
            return earlier[-1] if earlier else None, later[0] if later else None
        return self._catalogue.neighbours(entry.revision.id)

    def _related(self, entry: Entry, beside: Entry | None) -> list[Entry]:
        """Those with the most keywords in common, then the newest; the one right before is shown already."""
        here, keywords = entry.column_ordinal, set(entry.revision.article.keywords)
        among = [
            one
            for one in reversed(self._near)
            if here - AMONG <= one.column_ordinal < here
            and one.withdrawn_at is None
            and (beside is None or one.revision.id != beside.revision.id)
            and self._is_shown(one)
        ]
        return sorted(among, key=lambda one: -len(keywords.intersection(one.revision.article.keywords)))[:RELATED]

    # -- lists --------------------------------------------------------------------------------------------

    def opening(self) -> Iterator[tuple[str, bytes]]:
        """(path, content) of the pages that every page links to, as far as they are not there yet."""
        columns = [column for column in self._frame.newsroom.columns if not self._there(f"{column.id}/index.html")]
        for column in columns:
            last = self._catalogue.last(column.id)
            newest = self._catalogue.span(_first_of_newest(last), last, column.id) if last else []
            yield f"{column.id}/index.html", self._index(column, newest, last)
        if not self._there("index.html"):
            yield "index.html", self._home([], [])
        if self._frame.feeds and not self._there("subscribe.html"):
            yield "subscribe.html", self._frame.document("subscribe.html", columns=[])

    def files(self) -> Iterator[tuple[str, bytes]]:
        """(path, content) of every list that shows the article, in the order in which they are to be written."""
        newsroom = self._frame.newsroom
        column = next((one for one in newsroom.columns if one.id == self._column), None)
        if column is not None:
            yield from self._column_pages(column)
        columns = [(one, self._newest_of(one)) for one in newsroom.columns]
        filled = [(one, items) for one, items in columns if items]
        newest = self._catalogue.live(limit=NEWS)
        yield "index.html", self._home(newest, filled)
        if self._frame.feeds:
            yield "subscribe.html", self._frame.document("subscribe.html", columns=[one for one, _ in filled])
        yield from self._sitemaps(newest)

    def _column_pages(self, column: Column) -> Iterator[tuple[str, bytes]]:
        """Pages before whatever links to them."""
        full, own = self._last // PAGE, _page_of(self._entry)
        if self._newest is None:
            self._newest = list(self._catalogue.span(_first_of_newest(self._last), self._last, column.id))
        index = self._index(column, self._newest, self._last)
        yield _numbered(column, full + 1), index
        pages = set[int]()
        if own <= full:
            # Its neighbours link to a page as soon as it is there; in the normal course they do so already.
            beside = (one for one in (own - 1, own + 1) if 0 < one <= full)
            pages = {own, *(one for one in beside if self._there(_numbered(column, one)))}
        if full and not self._there(_numbered(column, full)):
            pages.add(full)  # filled by a release of this very instant, whose worker has not written it yet
        for number in sorted(pages):
            yield _numbered(column, number), self._full_page(column, number)
        if pages:  # it may link to one of them now
            index = self._index(column, self._newest, self._last)
            yield _numbered(column, full + 1), index
        yield f"{column.id}/index.html", index

    def _index(self, column: Column, newest: Sequence[Entry], last: int) -> bytes:
        return self._frame.document(
            "column.html",
            column=column,
            items=self._listed(reversed(newest)),
            number=0,
            path=f"{column.id}/",
            earlier=self._page_there(column, last // PAGE - 1),
            later="",
        )

    def _full_page(self, column: Column, number: int) -> bytes:
        first, last = (number - 1) * PAGE + 1, number * PAGE
        near = self._first <= first and last <= self._end
        span = self._near if near else self._catalogue.span(first, last, column.id)
        return self._frame.document(
            "column.html",
            column=column,
            items=self._listed(one for one in reversed(span) if first <= one.column_ordinal <= last),
            number=number,
            path=_numbered(column, number),
            earlier=self._page_there(column, number - 1),
            later=self._page_there(column, number + 1),
        )

    def _page_there(self, column: Column, number: int) -> str:
        """The path of the column's page if it is there, else ""."""
        path = _numbered(column, number)
        return path if number > 0 and self._there(path) else ""

    def _newest_of(self, column: Column) -> list[Item]:
        if column.id == self._column and self._newest is not None:
            live = [one for one in reversed(self._newest) if one.withdrawn_at is None]
            if len(live) >= OF_COLUMN or len(self._newest) == self._last:
                return self._listed(live)[:OF_COLUMN]
        return self._listed(self._catalogue.live(column.id, limit=OF_COLUMN))

    def _home(self, newest: Sequence[Entry], columns: list[tuple[Column, list[Item]]]) -> bytes:
        items = self._listed(newest)[: LATEST + 1]
        lead = next((item for item in items[:LEADS] if item.picture), items[0] if items else None)
        latest = [item for item in items if item is not lead][:LATEST]
        return self._frame.document("home.html", lead=lead, latest=latest, columns=columns)

    def _sitemaps(self, newest: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
        frame = self._frame
        since = newest[0].revision.published_at - NEWS_AGE if newest else None
        news = [one for one in newest if since is None or one.revision.published_at >= since]
        yield "sitemap-news.xml", frame.document("sitemap-news.xml", items=self._listed(news))
        chunks = _chunk(self._catalogue.last())
        for chunk in sorted({_chunk(self._entry.ordinal), chunks}):
            span = self._catalogue.span((chunk - 1) * CHUNK + 1, chunk * CHUNK)
            pages = [
                (frame.newsroom.permalink(one.revision), frame.iso(one.revision.updated_at))
                for one in span
                if one.withdrawn_at is None and self._is_shown(one)
            ]
            # A sitemap without any page would be invalid.
            pages = pages or [(frame.url(""), "")]
            yield f"sitemaps/{chunk}.xml", frame.document("sitemap.xml", pages=pages)
        paths = [f"sitemaps/{chunk}.xml" for chunk in range(1, chunks + 1)]
        yield "sitemap.xml", frame.document("sitemap-index.xml", paths=paths)

    # -- articles in lists --------------------------------------------------------------------------------

    def _listed(self, entries: Iterable[Entry]) -> list[Item]:
        """The live ones whose pages are there."""
        return [item for entry in entries if (item := self._one(entry)) is not None]

    def _one(self, entry: Entry | None) -> Item | None:
        if entry is None or entry.withdrawn_at is not None or not self._is_shown(entry):
            return None
        known = self._items.get(entry.revision.id)
        return known or self._items.setdefault(entry.revision.id, _item(entry, self._frame))

    def _is_shown(self, entry: Entry) -> bool:
        """Whether its page is there: that of an article released this very instant may come in a moment."""
        if entry.revision.id not in self._shown and self._there(self._frame.newsroom.path(entry.revision)):
            self._shown.add(entry.revision.id)
        return entry.revision.id in self._shown


def pages_listing(entry: Entry, column: str) -> tuple[str, str]:
    """The column's pages of which at least one shows the entry."""
    return f"{column}/index.html", f"{column}/{_page_of(entry)}.html"


def _item(entry: Entry, frame: Frame) -> Item:
    revision, newsroom = entry.revision, frame.newsroom
    try:
        column = newsroom.column(revision.article.column).name
    except KeyError:  # the newsroom gave it up
        column = ""
    return Item(
        href=frame.href(newsroom.path(revision)),
        url=newsroom.permalink(revision),
        headline=headline(revision.article),
        summary=revision.article.abstract(SUMMARY),
        column=column,
        day=frame.day(revision.published_at),
        minute=frame.minute(revision.published_at),
        iso=frame.iso(revision.published_at),
        corrected=revision.corrected_at is not None,
        picture=next(iter(pictures_of(revision, frame).values()), None),
    )


def _first_of_newest(last: int) -> int:
    """The oldest ordinal that a column's index shows."""
    return max(0, last // PAGE - 1) * PAGE + 1


def _page_of(entry: Entry) -> int:
    return (entry.column_ordinal - 1) // PAGE + 1


def _numbered(column: Column, number: int) -> str:
    return f"{column.id}/{number}.html"


def _chunk(ordinal: int) -> int:
    return (ordinal - 1) // CHUNK + 1
