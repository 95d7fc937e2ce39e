"""A catalogue whose answers are remembered, for a deed on many articles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from pipeline.article import Column
from pipeline.channel import Catalogue, Delivery, Entry

BESIDE = 50
"""Ordinals that are read before and behind those asked for."""


@dataclass(slots=True)
class _Stretch:
    """The entries that have ordinals `first` … `last`, with these, oldest first."""

    first: int
    last: int
    ordinals: list[int]
    entries: list[Entry]

    def behind(self, last: int, entries: Sequence[Entry], column: str | None) -> None:
        self.last, self.entries = last, [*self.entries, *entries]
        self._count(column)

    def ahead(self, first: int, entries: Sequence[Entry], column: str | None) -> None:
        self.first, self.entries = first, [*entries, *self.entries]
        self._count(column)

    def _count(self, column: str | None) -> None:
        self.ordinals = [one.column_ordinal if column else one.ordinal for one in self.entries]


class Held:
    """A `Catalogue` that is asked once for what many want to know: while its lock is held nothing else is true."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._last: dict[str | None, int] = {}
        self._imported: dict[str | None, int] = {}
        self._entries: dict[str, Entry] = {}
        self._read: dict[str | None, _Stretch] = {}
        self._columns: Sequence[Column] | None = None

    def exclusive(self) -> AbstractContextManager[None]:
        return self._catalogue.exclusive()

    def read(self, deliveries: Sequence[Delivery]) -> None:
        """Ask for the entries of all of them at once."""
        self._entries |= self.entries([one.revision.id for one in deliveries])

    def entry(self, article_id: str) -> Entry | None:
        return self._entries.get(article_id) or self._catalogue.entry(article_id)

    def entries(self, article_ids: Sequence[str]) -> Mapping[str, Entry]:
        return self._catalogue.entries(article_ids)

    def live(self, column: str | None = None, limit: int | None = None, before: int | None = None) -> Sequence[Entry]:
        return self._catalogue.live(column, limit, before)

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        known = self._read.get(column)
        if known is None or last < known.first - 1 or first > known.last + 1:
            known = self._read[column] = _Stretch(first, first - 1, [], [])
        if last > known.last:
            known.behind(last + BESIDE, self._catalogue.span(known.last + 1, last + BESIDE, column), column)
        if first < known.first:
            known.ahead(first - BESIDE, self._catalogue.span(first - BESIDE, known.first - 1, column), column)
        return known.entries[bisect_left(known.ordinals, first) : bisect_right(known.ordinals, last)]

    def changed(self, since: datetime, before: int, limit: int, column: str | None = None) -> Sequence[Entry]:
        return self._catalogue.changed(since, before, limit, column)

    def last(self, column: str | None = None) -> int:
        if column not in self._last:
            self._last[column] = self._catalogue.last(column)
        return self._last[column]

    def imported(self, column: str | None = None) -> int:
        if column not in self._imported:
            self._imported[column] = self._catalogue.imported(column)
        return self._imported[column]

    def neighbours(self, article_id: str) -> tuple[Entry | None, Entry | None]:
        return self._catalogue.neighbours(article_id)

    def columns(self) -> Sequence[Column]:
        if self._columns is None:
            self._columns = self._catalogue.columns()
        return self._columns
