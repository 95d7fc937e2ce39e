"""The rows that come to be when something is accepted, imported or taken over, and the pictures that come with it.

What a new row holds is said here alone; whoever makes it says what is particular about it, and keeps the dictionary for
its event (`testimony.new`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from pipeline.article import Article
from pipeline.article.reading import Reading
from pipeline.channel import Action
from pipeline.record import tables
from pipeline.record.upserts import ByDialect
from pipeline.rollout import DeliveryState, Rank, RolloutState

_KEEP = ByDialect(lambda insert: insert(tables.image).on_conflict_do_nothing())

New = dict[str, Any]
"""A row by its columns."""


def article(
    number: int, record: Article, *, published_at: datetime, accepted_at: datetime, imported_from: str | None = None
) -> New:
    return {
        "id": number,
        "key": record.key,
        "column": record.column,
        "number": record.number,
        "announces": record.column if record.announces else None,
        "published_at": published_at,
        "accepted_at": accepted_at,
        "imported_from": imported_from,
    }


def revision(
    number: int,
    version: int,
    record: Article,
    *,
    accepted_at: datetime,
    corrected_at: datetime | None = None,
    note: str = "",
    reading: Reading | None = None,
) -> New:
    return {
        "article_id": number,
        "number": version,
        "digest": record.digest,
        "record": record.model_dump_json(),
        "corrected_at": corrected_at,
        "note": note,
        "accepted_at": accepted_at,
        "reading": reading and reading.model_dump_json(),
    }


def rollout(
    number: int,
    article: int,
    version: int,
    action: Action,
    state: RolloutState,
    *,
    go_live_at: datetime,
    accepted_at: datetime,
    editor: str,
    release_at: datetime | None = None,
    reason: str = "",
    rank: int = Rank.USUAL,
) -> New:
    """`article`: that of which the rollout is told; `version`: its revision."""
    return {
        "id": number,
        "article_id": article,
        "revision": version,
        "action": action,
        "state": state,
        "go_live_at": go_live_at,
        "release_at": release_at,
        "reason": reason,
        "editor": editor,
        "rank": rank,
        "accepted_at": accepted_at,
    }


def delivery(
    rollout: int,
    article: int,
    version: int,
    channel: str,
    kind: str,
    action: Action,
    state: DeliveryState,
    *,
    due: datetime | None,
    wake_at: datetime | None = None,
    required: bool = False,
    bundled: bool = False,
    doubt: bool = False,
) -> New:
    """One that nobody has been at."""
    return {
        "rollout_id": rollout,
        "article_id": article,
        "revision": version,
        "channel": channel,
        "kind": kind,
        "action": action,
        "required": required,
        "bundled": bundled,
        "state": state,
        "due": due,
        "wake_at": wake_at,
        "fence": 0,
        "doubt": doubt,
        "overtaken": False,
        "attempts": 0,
        "tries": 0,
    }


def placement(
    delivery: int,
    channel: str,
    article: int,
    version: int,
    column: str,
    ordinals: tuple[int, int],
    instant: datetime | None,
    *,
    dated: datetime | None = None,
    withdrawn: bool = False,
    reason: str = "",
) -> New:
    """`ordinals`: on the channel, and within the column. The reason is a withdrawal's."""
    ordinal, column_ordinal = ordinals
    return {
        "delivery_id": delivery,
        "channel": channel,
        "article_id": article,
        "revision": version,
        "column": column,
        "ordinal": ordinal,
        "column_ordinal": column_ordinal,
        "instant": instant,
        "dated": dated,
        "withdrawn": withdrawn,
        "reason": reason if withdrawn else "",
    }


def keep(tx: Connection, media: Mapping[str, bytes]) -> None:
    """Keep these pictures, by their digests; in order, so that two who keep the same do not wait for each other."""
    if not media:
        return
    have = set(tx.scalars(select(tables.image.c.digest).where(tables.image.c.digest.in_(media))))
    for digest in sorted(media.keys() - have):
        tx.execute(_KEEP[tx.dialect.name], {"digest": digest, "data": media[digest]})
