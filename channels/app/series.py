"""The numbers of a column's series, for «previous» and «next» in an article and to explain a number that is missing.

    series/{column}.json       how far the series has come
    series/{column}/{n}.json   numbers 20n-19 … 20n: each with its article, or the notice of one that was withdrawn

A number is the article's for ever, so its row has one place, whatever the order of release: a release adds to one page,
however long the series is. The catalogue cannot be asked by number; what it determines is therefore kept in the
documents themselves, and if one of them is lost, they are made anew from the whole column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import ValidationError

from channels.app.changes import AT_ONCE, envelope_in
from channels.app.documents import (
    NUMBERS,
    Envelope,
    SeriesHead,
    SeriesPage,
    SeriesRow,
    article_path,
    page_with,
    series_head,
    series_page,
    written,
)
from channels.app.rows import series_row
from channels.files import Files
from pipeline.channel import Catalogue


def record(files: Files, root: str, catalogue: Catalogue, column: str, standing: Mapping[int, Envelope]) -> None:
    """Show how these articles of the column, by their numbers, now stand.

    Their documents are in place. Only while the catalogue's lock is held. `root` is the API's folder.
    """
    head = _head(files.read(root + series_head(column)))
    rows = [series_row(envelope, number) for number, envelope in standing.items()]
    pages = {
        page: read(files.read(root + series_page(column, page))) for page in {page_with(row.number) for row in rows}
    }
    if head is None or any(found is None and (page - 1) * NUMBERS < head.last for page, found in pages.items()):
        rows = [*_all(files, root, catalogue, column), *rows]
        pages = {page_with(row.number): None for row in rows}
    for page, found in pages.items():
        known = {row.id: row for row in found.rows} if found else {}
        known |= {row.id: row for row in rows if page_with(row.number) == page}
        shown = tuple(sorted(known.values(), key=lambda row: (row.number, len(row.id), row.id)))
        files.write(root + series_page(column, page), written(SeriesPage(rows=shown)))
    last = max([head.last if head else 0, *(row.number for row in rows)])
    files.write(root + series_head(column), written(SeriesHead(last=last, per_page=NUMBERS)))


def read(data: bytes | None) -> SeriesPage | None:
    """The page, if it is one."""
    try:
        return SeriesPage.model_validate_json(data or b"")
    except ValidationError:
        return None


def rows_of(article_id: str, data: bytes | None) -> Iterable[SeriesRow]:
    """The article's rows on a page."""
    page = read(data)
    return [row for row in page.rows if row.id == article_id] if page else []


def _head(data: bytes | None) -> SeriesHead | None:
    try:
        return SeriesHead.model_validate_json(data or b"")
    except ValidationError:
        return None


def _all(files: Files, root: str, catalogue: Catalogue, column: str) -> Iterator[SeriesRow]:
    """Every number of the column whose document is there."""
    last = catalogue.last(column)
    for first in range(-catalogue.imported(column), last + 1, AT_ONCE):
        for entry in catalogue.span(first, min(first + AT_ONCE - 1, last), column):
            number = entry.revision.article.number
            if number and (envelope := envelope_in(files.read(root + article_path(entry.revision.id)))):
                yield series_row(envelope, number)
