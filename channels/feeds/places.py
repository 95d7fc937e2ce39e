"""Where an article stands in the feeds: which feeds show it, in which of their documents, and where those stand.

A feed is the site's, None, or a column's.
"""

from __future__ import annotations

from channels import paging
from channels.feeds.documents import Form
from channels.feeds.item import column_of
from pipeline.article import Column, Newsroom, Revision
from pipeline.channel import Catalogue

PAGE = 50
"""Items of a document."""
OPML = "opml.xml"


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
