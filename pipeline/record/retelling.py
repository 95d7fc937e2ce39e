"""Telling anew: where a transaction has changed rows in bulk, an event of each article says how all of its rows stand.

For what is not the newsroom's daily work: a backup that was restored, articles that were taken over from elsewhere.
Whoever does that answers for it; from then on the audit holds the rows against what has been told here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select

from pipeline.record import chain, tables, testimony
from pipeline.record.testimony import Told

AT_ONCE = 200
"""Articles that are told of together."""
_OF: Sequence[tuple[Table, str]] = (
    (tables.article, "id"),
    (tables.revision, "article_id"),
    (tables.rollout, "article_id"),
    (tables.delivery, "article_id"),
    (tables.placement, "article_id"),
)


def retell(tx: Connection, articles: Sequence[int], now: datetime, who: str, what: str, **data: Any) -> None:
    """Say of these articles how every row of theirs stands, as events of `who` and `what`. Of a few statements."""
    for at in range(0, len(articles), AT_ONCE):
        some = sorted(articles[at : at + AT_ONCE])
        told: dict[int, list[Told]] = defaultdict(list)
        for table, column in _OF:
            rows = tx.execute(select(table).where(table.c[column].in_(some)).order_by(*table.primary_key)).mappings()
            for row in rows:
                told[row[column]].append(testimony.whole(table, row))
        chain.note_all(tx, [chain.content(now, who, what, article=one, rows=told[one], **data) for one in some])
