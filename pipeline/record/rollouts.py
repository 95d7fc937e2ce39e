"""The reports of any number of rollouts, in three statements a batch: for people, so with what the wall clock shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, bindparam, select

from pipeline.article import Article, Revision
from pipeline.article.value import Frozen
from pipeline.channel import Evidence, Problem, Receipt
from pipeline.record import tables
from pipeline.record.ids import article_id, rollout_id
from pipeline.record.report import DeliveryReport, Published, Report

Value = TypeVar("Value", bound=Frozen)
BATCH = 500
"""Rollouts that are read at once: SQLite takes some thousand values in one statement."""

_a, _d, _r, _v = tables.article.c, tables.delivery.c, tables.rollout.c, tables.revision.c
# Built once: building one takes longer than the database does to answer it.
_HEADS = select(tables.rollout, tables.SHIFT.label("shift")).where(_r.id.in_(bindparam("these", expanding=True)))
_DELIVERIES = (
    select(tables.delivery).where(_d.rollout_id.in_(bindparam("these", expanding=True))).order_by(_d.rollout_id, _d.id)
)
_IN_THEM = select(_d.article_id, _d.revision).where(_d.rollout_id.in_(bindparam("these", expanding=True))).distinct()
_STEPS = ("prepared_at", "checked_at", "started_at", "released_at", "live_at", "verified_at")
_PARTS = _IN_THEM.subquery()
_REVISIONS = (
    select(_v.article_id, _v.number, _v.record, _v.corrected_at, _v.note, _a.published_at, _a.imported_from)
    .join(_PARTS, and_(_PARTS.c.article_id == _v.article_id, _PARTS.c.revision == _v.number))
    .join(tables.article, _a.id == _v.article_id)
)


def reports_of(tx: Connection, numbers: Iterable[int]) -> Iterator[Report]:
    """The reports of these rollouts, in this order; those that there are not are left out."""
    left = iter(numbers)
    while batch := list(islice(left, BATCH)):
        these = {"these": batch}
        heads = {row.id: row for row in tx.execute(_HEADS, these)}
        deliveries: dict[int, list[Row[Any]]] = defaultdict(list)
        for row in tx.execute(_DELIVERIES, these):
            deliveries[row.rollout_id].append(row)
        revisions = {
            (row.article_id, row.number): (revision_of(row.article_id, row.number, row), row.imported_from or "")
            for row in tx.execute(_REVISIONS, these)
        }
        for number in batch:
            if number in heads:
                rows = deliveries[number]
                parts = dict.fromkeys((row.article_id, row.revision) for row in rows)
                yield _report(heads[number], rows, [revisions[part] for part in parts])


def _report(head: Row[Any], rows: Sequence[Row[Any]], revisions: Iterable[tuple[Revision, str]]) -> Report:
    shift = timedelta(microseconds=head.shift)
    return Report(
        rollout=rollout_id(head.id),
        articles=tuple(
            Published(
                article=one.id,
                headline=one.article.headline,
                revision=one.number,
                column=one.article.column,
                series=one.article.series,
                digest=one.article.digest,
                imported_from=imported_from,
            )
            for one, imported_from in revisions
        ),
        action=head.action,
        state=head.state,
        editor=head.editor,
        reason=head.reason,
        **_dated(head, shift, "accepted_at", "go_live_at", "release_at", "ended_at"),
        ready_at=head.at_gate and head.at_gate + shift,
        start_ms=spread(row.started_at for row in rows),
        skew_ms=spread(row.released_at for row in rows),
        deliveries=tuple(_delivery(row, shift) for row in rows),
    )


def _delivery(row: Row[Any], shift: timedelta) -> DeliveryReport:
    return DeliveryReport(
        id=row.id,
        article=article_id(row.article_id),
        channel=row.channel,
        kind=row.kind,
        action=row.action,
        required=row.required,
        state=row.state,
        attempts=row.tries,
        **_dated(row, shift, *_STEPS, "due"),
        digest=row.digest or "",
        receipt=parsed(Receipt, row.receipt),
        evidence=parsed(Evidence, row.evidence),
        error=parsed(Problem, row.problem),
    )


def _dated(row: Row[Any], shift: timedelta, *names: str) -> dict[str, Any]:
    """These moments of a row, by the wall clock."""
    return {name: moment and moment + shift for name in names for moment in [getattr(row, name)]}


def spread(moments: Iterable[datetime | None]) -> float | None:
    """Milliseconds from the first to the last of what is known; None of fewer than two."""
    known = [one for one in moments if one is not None]
    return (max(known) - min(known)) / timedelta(milliseconds=1) if len(known) > 1 else None


@lru_cache(maxsize=512)
def article_of(record: str) -> Article:
    """The article of a revision's record. Kept, because lists read the same ones again and again."""
    return Article.model_validate_json(record)


def revision_of(number: int, version: int, row: Any) -> Revision:
    return Revision(
        id=article_id(number),
        number=version,
        article=article_of(row.record),
        published_at=row.published_at,
        corrected_at=row.corrected_at,
        note=row.note,
    )


def parsed(model: type[Value], stored: str | None) -> Value | None:
    return None if stored is None else model.model_validate_json(stored)
