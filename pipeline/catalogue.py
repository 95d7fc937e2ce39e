"""What stands on each channel, and the images' bytes, as adapters read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, exists, func, select

from pipeline import tables
from pipeline.article import Column, columns_after
from pipeline.channel import Entry, Receipt, Standing
from pipeline.reports import Reports, number_of, parsed, revision_of

_d, _p = tables.delivery.c, tables.placement.c
_newer = tables.placement.alias("newer")


class SqlMedia:
    """`Media` from the image table."""

    def __init__(self, store: Reports) -> None:
        self._store = store

    def read(self, digest: str) -> bytes:
        return self._store.read_image(digest)


class SqlCatalogue:
    """`Catalogue` of one channel from the placement table; one for every delivery.

    `configured`: the columns of the configuration file.
    """

    def __init__(
        self, store: Reports, channel: str, clock: Callable[[], datetime], configured: Sequence[Column]
    ) -> None:
        self._store = store
        self._channel = channel
        self._clock = clock
        self._configured = configured
        self._columns: Sequence[Column] | None = None
        self._alone = False

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._store.exclusive(self._channel):
            self._alone, self._columns = True, None
            try:
                yield
            finally:
                self._alone = False

    def columns(self) -> Sequence[Column]:
        if self._columns is None or not self._alone:
            self._columns = columns_after(self._configured, self._store.announced(self._clock()))
        return self._columns

    def _current(self, *columns: Any) -> Select[Any]:
        """The placements in force: of each article the newest whose instant has come."""
        now = self._clock()
        overruled = exists().where(
            _newer.c.channel == _p.channel,
            _newer.c.article_id == _p.article_id,
            _newer.c.delivery_id > _p.delivery_id,
            _newer.c.instant <= now,
        )
        return select(*columns).where(_p.channel == self._channel, _p.instant <= now, ~overruled)

    def _entries(self, narrowed: Callable[[Select[Any]], Select[Any]]) -> list[Entry]:
        v, a = tables.revision.c, tables.article.c
        query = self._current(
            tables.placement, v.record, v.corrected_at, v.note, a.published_at, _d.receipt
        ).select_from(
            tables.placement.join(tables.article, a.id == _p.article_id)
            .join(tables.revision, and_(v.article_id == _p.article_id, v.number == _p.revision))
            .join(tables.delivery, _d.id == _p.delivery_id)
        )
        with self._store.reading() as tx:
            return [self._entry(row) for row in tx.execute(narrowed(query))]

    def _entry(self, row: Row[Any]) -> Entry:
        return Entry(
            revision=revision_of(row.article_id, row.revision, row),
            receipt=parsed(Receipt, row.receipt) or Receipt(standing=Standing.STAGED),
            ordinal=row.ordinal,
            column_ordinal=row.column_ordinal,
            withdrawn_at=row.instant if row.withdrawn else None,
            reason=row.reason,
        )

    def entry(self, article_id: str) -> Entry | None:
        found = self._entries(lambda query: query.where(_p.article_id == number_of(article_id, "a")))
        return found[0] if found else None

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        ordinal = _p.ordinal if column is None else _p.column_ordinal

        def narrowed(query: Select[Any]) -> Select[Any]:
            query = _in(query, column).where(~_p.withdrawn).order_by(ordinal.desc())
            return (query if before is None else query.where(ordinal < before)).limit(limit)

        return self._entries(narrowed)

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        ordinal = _p.ordinal if column is None else _p.column_ordinal
        return self._entries(lambda query: _in(query, column).where(ordinal.between(first, last)).order_by(ordinal))

    def last(self, column: str | None = None) -> int:
        ordinal = _p.ordinal if column is None else _p.column_ordinal
        query = _in(self._current(ordinal), column).order_by(ordinal.desc()).limit(1)
        with self._store.reading() as tx:
            return int(tx.scalar(query) or 0)

    def count(self, column: str | None = None) -> int:
        with self._store.reading() as tx:
            return int(tx.scalar(_in(self._current(func.count()), column).where(~_p.withdrawn)) or 0)

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        here = self.entry(article_id)
        if here is None:
            return None, None
        column, ordinal = here.revision.article.column, here.column_ordinal

        def one(side: Any, order: Any) -> Entry | None:
            found = self._entries(lambda query: _in(query, column).where(~_p.withdrawn, side).order_by(order).limit(1))
            return found[0] if found else None

        return (
            one(_p.column_ordinal < ordinal, _p.column_ordinal.desc()),
            one(_p.column_ordinal > ordinal, _p.column_ordinal.asc()),
        )


def _in(query: Select[Any], column: str | None) -> Select[Any]:
    return query if column is None else query.where(_p.column == column)
