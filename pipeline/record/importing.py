"""Importing: articles of an archive, many in one transaction, dated as they are, and what came of them in another.

    take_over   articles, rollouts, deliveries, their places in the catalogues: accepted, nothing public yet
    finish      what was read back of each: the rollouts are complete

What is taken over and not finished belongs to the import for `GRACE`; after that the newsroom's workers see to it as to
any delivery of which nobody knows what became of it. Corrections and withdrawals overtake it at any moment, as ever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, bindparam, exists, func, insert, select, text, update

from pipeline.article import Column, Outlet, Revision
from pipeline.article.reading import Reading
from pipeline.channel import Action, Evidence, Memo, Receipt, Standing
from pipeline.record import chain, locks, rows, tables, testimony
from pipeline.record.columns import taken_numbers
from pipeline.record.ids import drawn
from pipeline.record.memos import memos
from pipeline.record.reports import Reports
from pipeline.record.rollouts import revision_of
from pipeline.record.upserts import ByDialect
from pipeline.rollout import ENDED, DeliveryState, RolloutState

Key = TypeVar("Key", int, str)
GRACE = timedelta(minutes=10)
"""More than a batch takes. Whatever an import that was killed has left is public by then, also if nobody repeats it."""
IMPORTED = "-"
"""Begins the names of the counters of ordinals below zero; no column's id begins so."""
_AT_ONCE = 500
"""Values of one condition: SQLite takes some thousand."""

_a, _d, _p, _r, _v = (
    table.c for table in (tables.article, tables.delivery, tables.placement, tables.rollout, tables.revision)
)
_COUNT = ByDialect(lambda insert: insert(tables.counter))
_OURS = (_d.state == DeliveryState.PREPARED, _d.fence == 0, _d.overtaken.is_(False))
"""Deliveries that no worker has been at, and that nothing has overtaken."""


@dataclass(frozen=True, kw_only=True)
class Old:
    """An article of an archive, completed by its column, under the id that it will have."""

    number: int
    revision: Revision
    column: Column
    file: str
    """The manuscript's path below the folder that is imported."""
    media: Mapping[str, bytes]
    reading: Reading | None
    digests: Mapping[str, str]
    """Of its renditions, by the channels' ids."""


class Part(NamedTuple):
    """A delivery of an imported article, taken over and not finished."""

    delivery_id: int
    rollout_id: int
    channel: str
    number: int
    """The article's."""
    revision: Revision


class Came(NamedTuple):
    """What came of a part."""

    part: Part
    receipt: Receipt
    evidence: Evidence
    digest: str
    started_at: datetime
    ended_at: datetime


class TakenOver(NamedTuple):
    """What became of a batch: what is taken over, and the ids of those that are not, because the newsroom has an
    article of their key, or their number in the series is another's."""

    parts: Sequence[Part]
    known: Collection[str]
    counted_twice: Mapping[str, str]
    """By id, the article that has the number."""


class Stands(NamedTuple):
    """How an article came to stand as it does on a channel: its revision, what was done last, why it was withdrawn, if
    it was, and what the tree is to remember of that."""

    revision: Revision
    action: Action
    reason: str
    memo: Memo | None


class Importing(Reports):
    """What a folder of manuscripts becomes."""

    def reserve(self, articles: int) -> list[int]:
        """So many numbers for articles, rising, given to nobody else; `ids.article_id` says what each is called."""
        with self.writing() as tx:
            return drawn(tx, tables.article, articles, self.numbered)

    def keys_known(self, keys: Collection[str]) -> set[str]:
        """Those of the keys under which the newsroom has, or had, an article."""
        with self.reading() as tx:
            return _keys_known(tx, keys)

    def take_over(self, batch: Sequence[Old], outlets: Sequence[Outlet], *, editor: str, now: datetime) -> TakenOver:
        """Accept a batch for these channels, the newest article first: all of it is committed, or nothing is."""
        with self.writing() as tx:
            locks.many(tx, [f"key:{one.revision.article.key}" for one in batch])
            locks.names(tx, (), {f"column:{one.column.id}" for one in batch})
            there = _keys_known(tx, [one.revision.article.key for one in batch])
            known = {one.revision.id for one in batch if one.revision.article.key in there}
            twice = taken_numbers(tx, [(one.revision, one.column) for one in batch if one.revision.id not in known])
            left = [one for one in batch if one.revision.id not in known and one.revision.id not in twice]
            parts = self._insert(tx, left, outlets, editor, now) if left else []
            return TakenOver(parts, known, twice)

    def _insert(
        self, tx: Connection, batch: Sequence[Old], outlets: Sequence[Outlet], editor: str, now: datetime
    ) -> list[Part]:
        """Every row of the batch, and of each article the event that tells of all of its rows."""
        articles = [
            rows.article(
                one.number,
                one.revision.article,
                published_at=one.revision.published_at,
                accepted_at=now,
                imported_from=one.file,
            )
            for one in batch
        ]
        revisions = [
            rows.revision(one.number, one.revision.number, one.revision.article, accepted_at=now, reading=one.reading)
            for one in batch
        ]
        tx.execute(insert(tables.article), articles)
        tx.execute(insert(tables.revision), revisions)
        rows.keep(tx, {digest: data for one in batch for digest, data in one.media.items()})
        rollouts = [
            _rollout(number, one, editor, now)
            for one, number in zip(batch, drawn(tx, tables.rollout, len(batch), self.numbered), strict=True)
        ]
        tx.execute(insert(tables.rollout), rollouts)
        ids = iter(_reserved(tx, "delivery", len(batch) * len(outlets)))
        parts = [
            [Part(next(ids), rollout["id"], outlet.id, one.number, one.revision) for outlet in outlets]
            for one, rollout in zip(batch, rollouts, strict=True)
        ]
        deliveries = [
            [_delivery(part, one, outlet, now) for part, outlet in zip(some, outlets, strict=True)]
            for some, one in zip(parts, batch, strict=True)
        ]
        placed = {row["delivery_id"]: row for row in _placed(tx, [part for some in parts for part in some])}
        events = [
            chain.content(
                now,
                editor,
                "import accepted",
                article=one.number,
                rollout=rollout["id"],
                digest=revision["digest"],
                reading=one.reading.digest if one.reading else "",
                imported=one.file,
                rows=[
                    testimony.new(tables.article, article),
                    testimony.new(tables.revision, revision),
                    testimony.new(tables.rollout, rollout),
                    *(testimony.new(tables.delivery, row) for row in some),
                    *(testimony.new(tables.placement, placed[row["id"]]) for row in some),
                ],
            )
            for one, article, revision, rollout, some in zip(
                batch, articles, revisions, rollouts, deliveries, strict=True
            )
        ]
        tx.execute(insert(tables.delivery), [row for some in deliveries for row in some])
        chain.note_all(tx, events)
        tx.execute(insert(tables.placement), list(placed.values()))
        return [part for some in parts for part in some]

    def unfinished(self, articles: int) -> list[Part]:
        """Of so many articles at most what an earlier import took over and did not finish, in the order of that."""
        mine = (
            select(_d.rollout_id)
            .join(tables.article, _a.id == _d.article_id)
            .where(*_OURS, _a.imported_from.is_not(None))
            .distinct()
            .order_by(_d.rollout_id)
            .limit(articles)
        )
        query = (
            select(
                *(_d.id, _d.rollout_id, _d.channel, _d.article_id, _d.revision),
                *(_v.record, _v.corrected_at, _v.note, _a.published_at),
            )
            .join(tables.article, _a.id == _d.article_id)
            .join(tables.revision, (_v.article_id == _d.article_id) & (_v.number == _d.revision))
            .where(*_OURS, _d.rollout_id.in_(mine))
            .order_by(_d.id)
        )
        with self.reading() as tx:
            rows = tx.execute(query).all()
        return [
            Part(row.id, row.rollout_id, row.channel, row.article_id, revision_of(row.article_id, row.revision, row))
            for row in rows
        ]

    def finish(self, came: Sequence[Came], now: datetime) -> int:
        """Record what came of parts; how many were not seen as they should be.

        Those are left to the workers, to be read back again. What has been overtaken meanwhile, or taken up by a
        worker, is left as it is.
        """
        rollouts = sorted({one.part.rollout_id for one in came})
        with self.writing() as tx:
            ours = set[int]()
            for some in _some(rollouts):
                locks.rollouts(tx, _r.id.in_(some))
                ours.update(tx.scalars(select(_d.id).where(_d.rollout_id.in_(some), *_OURS)))
            mine = [one for one in came if one.part.delivery_id in ours]
            if not mine:
                return 0
            values = [_outcome(one, now, self.pace.wake) for one in mine]
            tx.execute(_FINISHED, values)
            tx.execute(
                insert(tables.event),
                [
                    chain.content(
                        now,
                        "engine",
                        f"import {row['to']}",
                        article=one.part.number,
                        rollout=one.part.rollout_id,
                        delivery=one.part.delivery_id,
                        digest=one.digest,
                        channel=one.part.channel,
                        rows=[testimony.changed(tables.delivery, one.part.delivery_id, _told(row))],
                    )
                    for one, row in zip(mine, values, strict=True)
                ],
            )
            self._complete(tx, rollouts, now)
            return sum(row["to"] is not DeliveryState.VERIFIED for row in values)

    def _complete(self, tx: Connection, rollouts: Sequence[int], now: datetime) -> None:
        under_way = exists().where(_d.rollout_id == _r.id, _d.state.not_in(ENDED)).correlate(tables.rollout)
        for some in _some(rollouts):
            ended = {"state": RolloutState.COMPLETE, "ended_at": now}
            done = tx.execute(
                update(tables.rollout)
                .where(_r.id.in_(some), _r.state == RolloutState.RELEASED, ~under_way)
                .values(**ended)
                .returning(_r.id, _r.article_id)
            ).all()
            about = [
                {
                    "article": row.article_id,
                    "rollout": row.id,
                    "rows": [testimony.changed(tables.rollout, row.id, ended)],
                }
                for row in done
            ]
            chain.note_all(tx, [chain.content(now, "engine", "rollout complete", **one) for one in about])

    def memos(self, parts: Sequence[Part]) -> dict[int, Memo]:
        """By delivery: what a public tree is to remember with it."""
        with self.reading() as tx:
            return {
                id: memo for some in _some([one.delivery_id for one in parts]) for id, memo in memos(tx, some).items()
            }

    def standing(self, channel: str, limit: int = _AT_ONCE) -> Iterator[Stands]:
        """Every article that the channel has or had, in the order in which they came to stand as they do."""
        newer = tables.placement.alias("newer")
        overruled = exists().where(
            newer.c.channel == _p.channel,
            newer.c.article_id == _p.article_id,
            newer.c.delivery_id > _p.delivery_id,
            newer.c.instant <= bindparam("now", type_=tables.Instant()),
        )
        query = (
            select(
                *(_p.delivery_id, _p.article_id, _p.revision, _p.withdrawn, _p.reason),
                *(_v.record, _v.corrected_at, _v.note, _a.published_at),
            )
            .join(tables.article, _a.id == _p.article_id)
            .join(tables.revision, (_v.article_id == _p.article_id) & (_v.number == _p.revision))
            .where(_p.channel == channel, _p.delivery_id > bindparam("after"), ~overruled)
            .where(_p.instant <= bindparam("now", type_=tables.Instant()))
            .order_by(_p.delivery_id)
            .limit(limit)
        )
        after = 0
        while True:
            now = self.clock.now()
            with self.reading() as tx:
                rows = tx.execute(query, {"after": after, "now": now}).all()
                told = memos(tx, [row.delivery_id for row in rows])
            for row in rows:
                action = Action.WITHDRAW if row.withdrawn else Action.PUBLISH if row.revision == 1 else Action.CORRECT
                revision = revision_of(row.article_id, row.revision, row)
                yield Stands(revision, action, row.reason, told.get(row.delivery_id))
            if len(rows) < limit:
                return
            after = rows[-1].delivery_id


_BECAME = {
    "state": "to",
    "due": "again",
    "wake_at": "woken",
    "receipt": "its_receipt",
    "evidence": "its_evidence",
    "digest": "its_digest",
    "started_at": "begun",
    "released_at": "ended",
    "live_at": "ended",
    "verified_at": "seen",
}
"""The columns of a finished delivery, and the values of `_outcome` for them."""
_FINISHED = (
    update(tables.delivery)
    .where(_d.id == bindparam("of"))
    .values({name: bindparam(value, type_=_d[name].type) for name, value in _BECAME.items()})
)


def _outcome(came: Came, now: datetime, wake: timedelta) -> dict[str, Any]:
    right = came.evidence.standing is Standing.LIVE
    return {
        "of": came.part.delivery_id,
        "to": DeliveryState.VERIFIED if right else DeliveryState.LIVE,
        "again": None if right else now,
        "woken": None if right else now + wake,
        "its_receipt": came.receipt.model_dump_json(),
        "its_evidence": came.evidence.model_dump_json(),
        "its_digest": came.digest,
        "begun": came.started_at,
        "ended": came.ended_at,
        "seen": came.evidence.at if right else None,
    }


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    """An outcome by the columns."""
    return {name: row[value] for name, value in _BECAME.items()}


def _rollout(number: int, old: Old, editor: str, now: datetime) -> rows.New:
    return rows.rollout(
        number,
        old.number,
        old.revision.number,
        Action.PUBLISH,
        RolloutState.RELEASED,
        go_live_at=now,
        release_at=now,
        accepted_at=now,
        editor=editor,
    )


def _delivery(part: Part, old: Old, outlet: Outlet, now: datetime) -> rows.New:
    """Not in doubt: whoever takes it up does all of it again, for a page may stand that no list shows yet."""
    prepared = rows.delivery(
        part.rollout_id,
        old.number,
        old.revision.number,
        outlet.id,
        outlet.kind,
        Action.PUBLISH,
        DeliveryState.PREPARED,
        due=now + GRACE,
        wake_at=now + GRACE,
        required=outlet.required,
    )
    return {
        **prepared,
        "id": part.delivery_id,
        "digest": old.digests.get(outlet.id),
        "prepared_at": now,
        "checked_at": now,
    }


def _placed(tx: Connection, parts: Sequence[Part]) -> list[rows.New]:
    """Places before all that the channels have: each part's ordinals are the next ones below zero, and it is there
    since it came out, so that nobody who looks for what has changed of late finds all of an archive."""
    wanted = Counter[tuple[str, str]]()
    for part in parts:
        wanted.update([(part.channel, ""), (part.channel, part.revision.article.column)])
    adding = _COUNT[tx.dialect.name].values(
        [{"channel": on, "column": IMPORTED + within, "value": n} for (on, within), n in sorted(wanted.items())]
    )
    counted = tx.execute(
        adding.on_conflict_do_update(
            index_elements=["channel", "column"], set_={"value": tables.counter.c.value + adding.excluded.value}
        ).returning(tables.counter.c.channel, tables.counter.c.column, tables.counter.c.value)
    )
    next_of: dict[tuple[str, str], Callable[[], int]] = {}
    for on, name, value in counted:
        within = name.removeprefix(IMPORTED)
        next_of[on, within] = count(-(value - wanted[on, within]) - 1, -1).__next__
    return [
        rows.placement(
            part.delivery_id,
            part.channel,
            part.number,
            part.revision.number,
            part.revision.article.column,
            (next_of[part.channel, ""](), next_of[part.channel, part.revision.article.column]()),
            part.revision.published_at,
        )
        for part in parts
    ]


def _keys_known(tx: Connection, keys: Collection[str]) -> set[str]:
    return {key for some in _some([*keys]) for key in tx.scalars(select(_a.key).where(_a.key.in_(some)))}


def _reserved(tx: Connection, table: str, ids: int) -> list[int]:
    """So many ids of a table, rising, that nobody else gets; whoever does not use one leaves a gap."""
    if tx.dialect.name == "sqlite":
        raising = text("UPDATE sqlite_sequence SET seq = seq + :ids WHERE name = :name")
        if not tx.execute(raising, {"ids": ids, "name": table}).rowcount:
            tx.execute(
                text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :ids)"), {"name": table, "ids": ids}
            )
        last = tx.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table}) or 0
        return [*range(last - ids + 1, last + 1)]
    each = select(func.nextval(func.pg_get_serial_sequence(table, "id"))).select_from(func.generate_series(1, ids))
    return sorted(tx.scalars(each))


def _some(values: Sequence[Key]) -> Iterator[Sequence[Key]]:
    for at in range(0, len(values), _AT_ONCE):
        yield values[at : at + _AT_ONCE]
