"""The notebook: what adapters have to remember, as pages in the record. Every change is compared, set, and an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.channel import Note, Unavailable
from pipeline.record import chain, tables, waits
from pipeline.record.database import Database
from pipeline.record.testimony import digest_of
from pipeline.record.upserts import ByDialect

_n = tables.notebook.c
_LAST = "\U0010ffff"
"""No character comes after it."""

# Built once: building a statement takes longer than the database does to answer it.

_HERE = (_n.channel == bindparam("on"), _n.page == bindparam("of"))
_BELOW = (_n.channel == bindparam("on"), _n.page >= bindparam("first"), _n.page < bindparam("last"))
_READ = select(_n.text, _n.version, _n.at).where(*_HERE)
_DROP = delete(tables.notebook).where(*_HERE, _n.version == bindparam("over"))
_PRUNE = delete(tables.notebook).where(*_BELOW, _n.at <= bindparam("before", type_=tables.Instant()))
_PAGES = select(_n.page).where(*_BELOW).order_by(_n.page)
_PUT = ByDialect(
    lambda insert: (
        insert(tables.notebook).on_conflict_do_nothing(index_elements=["channel", "page"]).returning(_n.version)
    )
)


class SqlNotebook:
    """`Notebook` of one channel in the record. Thread-safe."""

    def __init__(self, record: Database, channel: str) -> None:
        self._record = record
        self._channel = channel

    def read(self, page: str) -> Note | None:
        with self._reading() as tx:
            row = tx.execute(_READ, {"on": self._channel, "of": page}).one_or_none()
            if row is None:
                return None
            age = max(self._record.clock.now() - row.at, timedelta(0))
            return Note(text=row.text, version=row.version, age=age)

    def write(self, page: str, text: str, over: int | None = None, *, by: str = "", deed: str = "") -> bool:
        with self._writing() as tx:
            if over is not None and not self._removed(tx, page, over):
                return False
            row = {"channel": self._channel, "page": page, "text": text, "at": self._record.clock.now()}
            version = tx.scalar(_PUT[tx.dialect.name], row)
            if version is None:
                return False
            self._note(tx, by, deed or "note", digest_of(text), page=page, version=version)
            return True

    def drop(self, page: str, over: int) -> bool:
        with self._writing() as tx:
            if not self._removed(tx, page, over):
                return False
            self._note(tx, "", "note dropped", page=page, version=over)
            return True

    def pages(self, prefix: str = "") -> Sequence[str]:
        with self._reading() as tx:
            return list(tx.scalars(_PAGES, {"on": self._channel, **_span(prefix)}))

    def prune(self, prefix: str, unwritten: timedelta) -> int:
        with self._writing() as tx:
            before = self._record.clock.now() - unwritten
            count = tx.execute(_PRUNE, {"on": self._channel, "before": before, **_span(prefix)}).rowcount
            if count:
                self._note(tx, "", "notes dropped", prefix=prefix, count=count)
            return count

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._record.exclusive(self._channel):
            yield

    def _removed(self, tx: Connection, page: str, over: int) -> bool:
        return tx.execute(_DROP, {"on": self._channel, "of": page, "over": over}).rowcount == 1

    def _note(self, tx: Connection, by: str, deed: str, digest: str = "", **about: Any) -> None:
        now = self._record.clock.now()
        chain.note(tx, now, by or "engine", deed, digest=digest, channel=self._channel, **about)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _answering(), self._record.reading() as tx:
            yield tx

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _answering(), self._record.writing() as tx:
            yield tx


def _span(prefix: str) -> dict[str, str]:
    """From the first name that begins so to the last."""
    return {"first": prefix, "last": prefix + _LAST}


@contextmanager
def _answering() -> Iterator[None]:
    """What goes wrong with the database is `Unavailable`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise Unavailable(waits.trouble(error), sent=True, detail=repr(error)) from error
