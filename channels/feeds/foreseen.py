"""The documents as they will be: derived ahead, so that a release only has to put them in place.

They are true as long as nothing else has been released: the release looks whether the article got the place that was
foreseen, and whether the documents it is to replace are still those that stood there when they were derived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pipeline.article import Column, Revision, columns_after
from pipeline.article.value import Frozen
from pipeline.channel import Catalogue, Entry, Receipt, Standing

MANIFEST = "foreseen.json"
"""Staged after the documents that it names."""
STAGED = "documents"
"""The folder of the documents among the staged files."""


class Shown(Protocol):
    """What documents are derived from, see `Catalogue`."""

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]: ...

    def changed(self, since: datetime, before: int, limit: int, column: str | None = None) -> Sequence[Entry]: ...

    def last(self, column: str | None = None) -> int: ...

    def imported(self, column: str | None = None) -> int: ...

    def columns(self) -> Sequence[Column]: ...


class Foreseen:
    """The catalogue as it will be once this revision is released, if nothing else is before."""

    def __init__(self, catalogue: Catalogue, revision: Revision) -> None:
        column, known = revision.article.column, catalogue.entry(revision.id)
        self._catalogue = catalogue
        self.entry = Entry(
            revision=revision,
            receipt=known.receipt if known else Receipt(standing=Standing.STAGED),
            ordinal=known.ordinal if known else catalogue.last() + 1,
            column_ordinal=known.column_ordinal if known else catalogue.last(column) + 1,
        )

    def _ordinal(self, column: str | None) -> int:
        """The entry's among these; 0: it is not one of them."""
        if column is None:
            return self.entry.ordinal
        return self.entry.column_ordinal if column == self.entry.revision.article.column else 0

    def span(self, first: int, last: int, column: str | None = None) -> Sequence[Entry]:
        others = self._catalogue.span(first, last, column)
        own = self._ordinal(column)
        if not first <= own <= last:
            return others
        # It is the newest, or stands in the place of an earlier revision.
        if all(one.revision.id != self.entry.revision.id for one in others):
            return [*others, self.entry]
        return [self.entry if one.revision.id == self.entry.revision.id else one for one in others]

    def changed(self, since: datetime, before: int, limit: int, column: str | None = None) -> Sequence[Entry]:
        """The entry itself is not among them: it is the newest, or all is derived anew in its release."""
        return self._catalogue.changed(since, before, limit, column)

    def last(self, column: str | None = None) -> int:
        return max(self._catalogue.last(column), self._ordinal(column))

    def imported(self, column: str | None = None) -> int:
        return self._catalogue.imported(column)

    def columns(self) -> Sequence[Column]:
        announced = self.entry.revision.article.announces
        return columns_after(self._catalogue.columns(), [announced] if announced else [])


class Prepared(Frozen):
    """What was derived ahead, and when it is true."""

    revision: str
    """Digest of the revision."""
    ordinal: int
    last: int
    """The highest ordinal there is, once the revision is released."""
    stood: dict[str, str]
    """What stood there, by path: the first document of each feed, which is replaced before its others."""
    documents: tuple[str, ...]
    """Their paths, in the order of release; the last is the list of feeds."""


def told(document: bytes | None) -> str:
    """What tells a document from another; "" if there is none."""
    return "" if document is None else hashlib.sha256(document).hexdigest()
