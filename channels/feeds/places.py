"""Where an article stands in the feeds: which feeds show it, in which of their documents, and where those stand.

A feed is the site's, None, or a column's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from channels import paging
from channels.feeds.documents import Form
from channels.feeds.foreseen import Shown
from channels.feeds.item import column_of
from pipeline.article import Column, Newsroom, Revision
from pipeline.channel import Catalogue, Entry

PAGE = 50
"""Items of a document."""
RETURN = timedelta(days=30)
"""How long what was changed after it had left the newest items stands in the first document again, at least."""
MOST_RETURNED = PAGE
"""So many at most, those that were changed last: a document has two pages of items, whatever happens."""
OPML = "opml.xml"
_BEGINNING = datetime.fromtimestamp(0, UTC)


def scopes_of(revision: Revision, newsroom: Newsroom) -> list[Column | None]:
    """The feeds the entry stands in: the site's, None, and its column's (unless the newsroom gave that up)."""
    column = column_of(revision.article, newsroom)
    return [None] if column is None else [None, column]


def key_of(column: Column | None) -> str | None:
    """The column's name in the catalogue."""
    return column.id if column else None


def archive_of(ordinal: int) -> int:
    """The archive that an ordinal belongs to, once it is full; below zero it is there from its first ordinal on."""
    return paging.page_of(ordinal, PAGE)


def archives_of(catalogue: Catalogue, column: Column | None) -> list[int]:
    """Every archive that the feed has, the oldest first."""
    return paging.pages(catalogue.last(key_of(column)), catalogue.imported(key_of(column)), PAGE)


def newest(shown: Shown, column: Column | None) -> list[Entry]:
    """What a feed's first document shows: the newest page, newest first, then what has come back, latest change first.

    Clients do not read archives again (RFC 5005, section 4), so what is corrected or withdrawn there comes back. The
    time is counted up to the newest of all these moments, not to this one: a document is the same whenever it is made.
    """
    last = shown.last(key_of(column))
    first = first_of_newest(last)
    page = shown.span(first, last, key_of(column))
    return [*reversed(page), *_returned(shown, column, first, page)]


def first_of_newest(last: int) -> int:
    """The lowest ordinal of the newest page. What was imported is news to nobody: it stands in archives alone."""
    return max(1, last - PAGE + 1)


def _returned(shown: Shown, column: Column | None, first: int, page: Sequence[Entry]) -> list[Entry]:
    """What comes back of what stands before ordinal `first`, that of the page."""
    moments = (entry.changed_at or entry.revision.published_at for entry in page)
    end = max(moments, default=_BEGINNING + RETURN)
    found = [
        (changed, entry)
        for entry in shown.changed(end - RETURN, first, MOST_RETURNED, key_of(column))
        if (changed := entry.changed_at) is not None
    ]
    end = max([end, *(changed for changed, _ in found)])
    return [entry for changed, entry in found if changed >= end - RETURN]


def path_of(column: Column | None, form: Form, archive: int = 0) -> str:
    return f"{column.address}/{form.file(archive)}" if column else form.file(archive)


def names_of(revision: Revision, newsroom: Newsroom) -> frozenset[str]:
    """What the article's column is or was called: an archive keeps the name that its items had."""
    column, announced = column_of(revision.article, newsroom), revision.article.announces
    known = [*([column] if column else []), *([announced.column] if announced else [])]
    return frozenset(name for one in known for name in (one.name, *one.former_names))


def former_addresses(column: Column, newsroom: Newsroom, revision: Revision) -> list[str]:
    """The addresses that lead to the column: those it had, also by an announcement that has been withdrawn."""
    announced = revision.article.announces
    had = [*column.former_addresses]
    if announced:
        had += [announced.column.address, *announced.column.former_addresses]
    taken = {column.address, *(one.address for one in newsroom.columns)}
    return [address for address in dict.fromkeys(had) if address not in taken]
