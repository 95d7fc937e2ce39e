"""Where each channel has brought its articles, whatever the newsroom's file says of it now: so that what is public in
another place, or on a channel that the file has no more, is not forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, exists, func, select

from pipeline.article.value import Frozen
from pipeline.record import tables
from pipeline.record.database import Database
from pipeline.record.notebook import SqlNotebook

BOOK = "the newsroom"
"""Whose notebook it stands in: no channel's, its id has a space."""
_p = tables.placement.c
_later = tables.placement.alias("later")


class Ground(Frozen):
    """Where a channel brings its articles."""

    kind: str
    name: str
    """What people call the channel."""
    place: str
    """See `Channel.ground`."""
    moved_to: str = ""
    """The place that it has been given since; what was public before still stands where it stood. "": none."""


def grounds(record: Database) -> Mapping[str, Ground]:
    """Of every channel that has been opened by a worker, by its id. Raises `Unavailable`."""
    book = SqlNotebook(record, BOOK)
    notes = {page: book.read(page) for page in book.pages()}
    return {page: Ground.model_validate_json(note.text) for page, note in notes.items() if note}


def note(record: Database, channel: str, ground: Ground) -> None:
    """From now on the channel brings its articles there. Raises `Unavailable`."""
    book = SqlNotebook(record, BOOK)
    before = book.read(channel)
    if before is None or Ground.model_validate_json(before.text) != ground:
        book.write(channel, ground.model_dump_json(), before.version if before else None, deed="channel taken up")


def public_on(record: Database, channels: Collection[str]) -> dict[str, int]:
    """How many articles are public on each of these channels, as far as the record knows; those that have none are
    left out."""
    with record.reading() as tx:
        here = select(_p.channel, func.count()).where(_p.channel.in_(channels), _is_public())
        return {row[0]: row[1] for row in tx.execute(here.group_by(_p.channel))}


def public_elsewhere(record: Database, known: Collection[str]) -> dict[str, int]:
    """`public_on` of the channels that are not among the known ones."""
    with record.reading() as tx:
        used = tx.scalars(select(tables.counter.c.channel).where(tables.counter.c.channel.not_in(known)).distinct())
        unknown = list(used)
    return public_on(record, unknown) if unknown else {}


def _is_public() -> ColumnElement[bool]:
    newer = exists().where(
        _later.c.channel == _p.channel, _later.c.article_id == _p.article_id, _later.c.delivery_id > _p.delivery_id
    )
    return ~_p.withdrawn & ~newer
