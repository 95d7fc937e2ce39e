"""What stands on each channel, and the images' bytes, as adapters read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
    text,
    type_coerce,
)

from pipeline.article import Column, columns_after
from pipeline.channel import Entry, Receipt, Standing
from pipeline.record import tables
from pipeline.record.ids import article_id, code_of
from pipeline.record.reports import Reports
from pipeline.record.rollouts import parsed, revision_of

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

    def _rows(self, query: Select[Any], **given: object) -> Sequence[Row[Any]]:
        with self._store.reading() as tx:
            return tx.execute(query, {"on": self._channel, "now": self._clock(), **given}).all()

    def _entry(self, row: Row[Any]) -> Entry:
        return Entry(
            revision=revision_of(row.article_id, row.revision, row),
            receipt=parsed(Receipt, row.receipt) or Receipt(standing=Standing.STAGED),
            ordinal=row.ordinal,
            column_ordinal=row.column_ordinal,
            withdrawn_at=(row.dated or row.instant) if row.withdrawn else None,
            reason=row.reason,
        )

    def _entries(self, query: Select[Any], **given: object) -> list[Entry]:
        return [self._entry(row) for row in self._rows(query, **given)]

    def entry(self, article_id: str) -> Entry | None:
        found = self._entries(_ENTRY, article=code_of(article_id, "a"))
        return found[0] if found else None

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        query = _live(column is not None, before is not None)
        return self._entries(query, column=column, before=before, limit=_ALL if limit is None else limit)

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        return self._entries(_span(column is not None), column=column, first=first, last=last)

    def changed(self, since: datetime, before: int, limit: int, column: str | None = None) -> Sequence[Entry]:
        return self._entries(_changed(column is not None), column=column, since=since, before=before, limit=limit)

    def last(self, column: str | None = None) -> int:
        return next((max(0, int(row[0])) for row in self._rows(_last(column is not None), column=column)), 0)

    def imported(self, column: str | None = None) -> int:
        return next((max(0, -int(row[0])) for row in self._rows(_first(column is not None), column=column)), 0)

    def entries(self, article_ids: Sequence[str]) -> dict[str, Entry]:
        codes = [code_of(one, "a") for one in article_ids]
        found: dict[str, Entry] = {}
        for at in range(0, len(codes), _AT_ONCE):
            rows = self._rows(_ENTRIES, articles=codes[at : at + _AT_ONCE])
            found |= {article_id(row.article_id): self._entry(row) for row in rows}
        return found

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        here = self.entry(article_id)
        if here is None:
            return None, None
        around = {"column": here.revision.article.column, "here": here.column_ordinal}
        before, after = (self._entries(_beside(later=later), **around) for later in (False, True))
        return (before[0] if before else None), (after[0] if after else None)


# The questions, each built once: building one takes longer than the database does to answer it.

_ALL = 2**31 - 1
_AT_ONCE = 500
"""Articles asked for in one statement: SQLite takes some thousand values."""


def in_force(article: ColumnElement[int]) -> ScalarSelect[int]:
    """The delivery by which an article stands on a channel as it does: the newest whose instant has come."""
    p, now = _newer.c, bindparam("now", type_=tables.Instant())
    mine = (p.channel == bindparam("on"), p.article_id == article, p.instant <= now)
    return select(func.max(p.delivery_id)).where(*mine).scalar_subquery()


def _current(*columns: Any) -> Select[Any]:
    """The placements in force on a channel: of each article the newest whose instant has come."""
    now = bindparam("now", type_=tables.Instant())
    overruled = exists().where(
        _newer.c.channel == _p.channel,
        _newer.c.article_id == _p.article_id,
        _newer.c.delivery_id > _p.delivery_id,
        _newer.c.instant <= now,
    )
    return select(*columns).where(_p.channel == bindparam("on"), _p.instant <= now, ~overruled)


def _whole() -> Select[Any]:
    """With what an entry is made of."""
    v, a = tables.revision.c, tables.article.c
    return _current(tables.placement, v.record, v.corrected_at, v.note, a.published_at, _d.receipt).select_from(
        tables.placement.join(tables.article, a.id == _p.article_id)
        .join(tables.revision, and_(v.article_id == _p.article_id, v.number == _p.revision))
        .join(tables.delivery, _d.id == _p.delivery_id)
    )


def _in(query: Select[Any], in_column: bool) -> tuple[Select[Any], Any]:
    """The query for one column or for all, and the ordinal that counts there."""
    return (query.where(_p.column == bindparam("column")), _p.column_ordinal) if in_column else (query, _p.ordinal)


_A = tables.article.alias("named").c.id
_CODE = tables.code(_A)
_ENTRY = _whole().where(_p.article_id == select(_A).where(bindparam("article") == _CODE).scalar_subquery())
_ENTRIES = _whole().where(_p.article_id.in_(select(_A).where(_CODE.in_(bindparam("articles", expanding=True)))))


@cache
def _live(in_column: bool, before: bool) -> Select[Any]:
    query, ordinal = _in(_whole().where(~_p.withdrawn), in_column)
    query = query.where(ordinal < bindparam("before")) if before else query
    return query.order_by(ordinal.desc()).limit(bindparam("limit", type_=Integer))


@cache
def _span(in_column: bool) -> Select[Any]:
    query, ordinal = _in(_whole(), in_column)
    return query.where(ordinal.between(bindparam("first"), bindparam("last"))).order_by(ordinal)


@cache
def _changed(in_column: bool) -> Select[Any]:
    query, ordinal = _in(_whole(), in_column)
    changed = case((_p.withdrawn, func.coalesce(_p.dated, _p.instant)), else_=tables.revision.c.corrected_at)
    since = bindparam("since", type_=tables.Instant())
    # Nothing was corrected after its instant. An index holds what was changed, by the very words of its condition.
    before = type_coerce(since, BigInteger) - func.abs(tables.SHIFT)
    query = query.where(text("(placement.withdrawn OR placement.revision > 1)"), _p.instant >= before)
    query = query.where(changed >= since, ordinal < bindparam("before"))
    return query.order_by(changed.desc(), ordinal.desc()).limit(bindparam("limit", type_=Integer))


@cache
def _last(in_column: bool) -> Select[Any]:
    query, ordinal = _in(_current(_p.column_ordinal if in_column else _p.ordinal), in_column)
    return query.order_by(ordinal.desc()).limit(1)


@cache
def _first(in_column: bool) -> Select[Any]:
    query, ordinal = _in(_current(_p.column_ordinal if in_column else _p.ordinal), in_column)
    return query.order_by(ordinal).limit(1)


@cache
def _beside(*, later: bool) -> Select[Any]:
    query, ordinal = _in(_whole().where(~_p.withdrawn), True)
    side = ordinal > bindparam("here") if later else ordinal < bindparam("here")
    return query.where(side).order_by(ordinal.asc() if later else ordinal.desc()).limit(1)
