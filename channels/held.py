"""A catalogue whose answers are remembered, for a deed on many articles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from pipeline.article import Column
from pipeline.channel import Catalogue, Delivery, Entry

BESIDE = 200
"""Ordinals that are read before and behind those asked for."""


class Held:
    """A `Catalogue` that is asked once for what many want to know: while its lock is held nothing else is true."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._last: dict[str | None, int] = {}
        self._imported: dict[str | None, int] = {}
        self._entries: dict[str, Entry] = {}
        self._read: dict[str | None, tuple[int, int, list[int], list[Entry]]] = {}
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
        if known is None or first < known[0] or last > known[1]:
            widened = first - BESIDE, last + BESIDE
            found = [*self._catalogue.span(*widened, column)]
            ordinals = [one.column_ordinal if column else one.ordinal for one in found]
            known = self._read[column] = (*widened, ordinals, found)
        _, _, ordinals, found = known
        return found[bisect_left(ordinals, first) : bisect_right(ordinals, last)]

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
