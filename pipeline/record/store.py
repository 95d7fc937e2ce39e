"""The record: every transaction on the tables, on SQLite and PostgreSQL alike.

A transaction applies the rules of `rollout` and notes an event; it locks its rollout (`locks`), and none of them waits
for a channel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cached_property

from pipeline.article import Column
from pipeline.record.accepting import Accepting
from pipeline.record.adopting import Adopting
from pipeline.record.auditing import Auditing
from pipeline.record.catalogue import SqlCatalogue, SqlMedia
from pipeline.record.claiming import Claiming
from pipeline.record.deciding import Deciding
from pipeline.record.feedback import Feedback
from pipeline.record.importing import Importing
from pipeline.record.notebook import SqlNotebook
from pipeline.record.restoring import restored_through
from pipeline.record.searching import Searching
from pipeline.record.sweeping import Sweeping


class Store(Accepting, Adopting, Auditing, Claiming, Deciding, Feedback, Importing, Searching, Sweeping):
    """The record and every change to it. Thread-safe; open one per process."""

    def restored_through(self) -> int:
        """See `restoring.restored_through`; asked once, since no record is restored while anybody works with it."""
        return self._restored_through

    @cached_property
    def _restored_through(self) -> int:
        with self.reading(long=True) as tx:
            return restored_through(tx)

    def media(self) -> SqlMedia:
        return SqlMedia(self)

    def catalogue(self, channel: str, clock: Callable[[], datetime], configured: Sequence[Column] = ()) -> SqlCatalogue:
        return SqlCatalogue(self, channel, clock, configured)

    def notebook(self, channel: str) -> SqlNotebook:
        return SqlNotebook(self, channel)
