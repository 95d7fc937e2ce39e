"""The audit: whether the record is what its events say.

    chain     every sealed event is as it was written and follows the one before it          `chain.walk`
    rows      what people are told of articles is what the last event said of it             here
    pictures  their bytes are those that their digest names, and all that are needed are there
    beside    notebooks and readers' messages are as the last event said                      `beside`
    heads     the chain is the one of which heads were sent outside                          `heads`

It goes through the record by articles, some hundred at once: an article's rows and the events that speak of them have
its number. So it needs the same memory however large the record is, and one article alone is as cheap as it is small.
Of what earlier versions wrote events say less: that is counted, and held against what they do say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from pipeline.channel import Action
from pipeline.record import chain, tables, testimony
from pipeline.record.ids import article_id, rollout_id
from pipeline.record.rollouts import article_of
from pipeline.record.testimony import PROVEN, Row, Told

AT_ONCE = 200
"""Articles that are looked at together."""
MOST = 200
"""Findings that are told one by one."""
_OLD = frozenset(f"{one} accepted" for one in (*Action, "import"))

_a, _d, _e, _p, _r, _v = (
    table.c
    for table in (tables.article, tables.delivery, tables.event, tables.placement, tables.rollout, tables.revision)
)
_EVENTS = select(*(_e.number, _e.what, _e.article_id, _e.rollout_id, _e.delivery_id, _e.digest, _e.data)).order_by(
    _e.article_id, _e.number.nulls_last(), _e.id
)
_PLACED = (
    select(tables.placement, _d.rollout_id, _d.released_at, _r.release_at)
    .join(tables.delivery, _d.id == _p.delivery_id)
    .join(tables.rollout, _r.id == _d.rollout_id)
)
Within = Callable[[ColumnElement[Any]], ColumnElement[bool]]
"""Which articles: the condition on a column that has their number."""
Value = str | int | datetime | None


class Difference(StrEnum):
    """What is wrong with something that the record has, or has not."""

    CHANGED = "changed"
    """It is not what the last event said of it."""
    ADDED = "added"
    """No event speaks of it."""
    MISSING = "missing"
    """Events speak of it, and it is not there."""
    REPLACED = "replaced"
    """A picture's bytes are not those that its digest names."""


class Finding(NamedTuple):
    """One thing in the record that is not as the events say."""

    difference: Difference
    table: str
    """`article`, `revision`, `rollout`, `delivery`, `placement`, `image`; `notebook`, `feedback`."""
    key: tuple[int | str, ...]
    article: str = ""
    """Its id; "" where it is of none."""
    rollout: str = ""
    channel: str = ""
    revision: int | None = None
    field: str = ""
    """The column; "" of the whole row."""
    found: Value = None
    should: Value = None
    """What the event said: the value, of long texts their digest."""
    event: int | None = None
    """The number of the last event that speaks of it; None: none does, or it is not sealed yet."""


@dataclass
class Looked:
    """What was looked at, and what was found."""

    rows: int = 0
    uncovered: int = 0
    """Rows that a version wrote whose events do not tell all of them."""
    pictures: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0
    """Findings beyond `MOST`."""

    def add(self, findings: Iterable[Finding]) -> None:
        for one in findings:
            if len(self.findings) < MOST:
                self.findings.append(one)
            else:
                self.more += 1


@dataclass
class _Said:
    """What events have said of one row."""

    new: bool = False
    gone: bool = False
    event: int | None = None
    fields: dict[str, tuple[Any, int | None]] = field(default_factory=dict)
    """By column the value, and the number of the event that said it."""

    def hear(self, told: Told, event: int | None) -> None:
        self.event, self.gone = event, bool(told.get("gone"))
        if told.get("new"):
            self.new, self.fields = True, {}
        for name, value in told.items():
            if name not in ("table", "new", "gone"):
                self.fields[name] = (value, event)


@dataclass
class _Story:
    """What the events of some articles say of their rows."""

    said: dict[Row, _Said] = field(default_factory=dict)
    articles: set[int] = field(default_factory=set)
    """Those that an earlier version accepted."""
    rollouts: set[int] = field(default_factory=set)
    records: list[tuple[int, int, Told, int | None]] = field(default_factory=list)
    """Article and rollout of what earlier versions accepted, what is said of the revision, and by which event."""
    lost: set[str] = field(default_factory=set)
    """Pictures that were nowhere any more when their article was taken over, see `adopting`."""

    def hear(self, event: Any) -> None:
        data = chain.data_of(event)
        rows = testimony.told_by(data)
        if isinstance(lost := data.get("lost"), list):
            self.lost.update(map(str, lost))
        for told in rows:
            with suppress(KeyError, TypeError):  # somebody wrote into the record: the chain says so
                row = testimony.row_of(told, event.article_id, event.rollout_id)
                self.said.setdefault(row, _Said()).hear(told, event.number)
        if not rows:
            self._hear_old(event, data)

    def _hear_old(self, event: Any, data: Mapping[str, Any]) -> None:
        """What events of before 0013 say: digests of the record, of its reading, of receipts and evidence."""
        if event.what in _OLD and event.rollout_id is not None:
            self.articles.add(event.article_id)
            self.rollouts.add(event.rollout_id)
            told = {"record": event.digest, **({"reading": data["reading"]} if data.get("reading") else {})}
            self.records.append((event.article_id, event.rollout_id, told, event.number))
        elif event.delivery_id is not None:
            told = {name: data[name] for name in ("receipt", "evidence") if data.get(name)}
            if told:
                row = Row("delivery", (event.delivery_id,))
                self.said.setdefault(row, _Said()).hear(told, event.number)


def look(tx: Connection) -> Looked:
    """Hold every row against the events, and every picture against its digest."""
    looked = Looked()
    for within in _spans(tx):
        _look_at(tx, within, looked)
    looked.add(_astray(tx))
    _look_at_pictures(tx, looked)
    return looked


def look_at(tx: Connection, articles: Sequence[int]) -> Looked:
    """The same of some articles alone, without the bytes of their pictures."""
    looked = Looked()
    _look_at(tx, lambda column: column.in_(articles), looked)
    return looked


def _spans(tx: Connection) -> Iterator[Within]:
    """All numbers that an article could have, in pieces with so many articles at most, deleted ones included."""

    def span(low: int | None, high: int | None) -> Within:
        def within(column: ColumnElement[Any]) -> ColumnElement[bool]:
            above = column.is_not(None) if low is None else column > low
            return above if high is None else and_(above, column <= high)

        return within

    def next_of(column: ColumnElement[Any], after: int | None) -> int | None:
        known = select(column.label("of")).where(span(after, None)(column)).distinct().order_by(column).limit(AT_ONCE)
        some = known.subquery()
        last, count = tx.execute(select(func.max(some.c.of), func.count()).select_from(some)).one()
        return None if count < AT_ONCE else int(last)

    low = None
    while True:
        ends = [end for column in (_a.id, _e.article_id) if (end := next_of(column, low)) is not None]
        high = min(ends, default=None)
        yield span(low, high)
        if high is None:
            return
        low = high


def _look_at(tx: Connection, within: Within, looked: Looked) -> None:
    story = _Story()
    for event in tx.execute(_EVENTS.where(within(_e.article_id))):
        story.hear(event)
    revisions = tx.execute(select(tables.revision).where(within(_v.article_id))).mappings().all()
    rollouts = tx.execute(select(tables.rollout).where(within(_r.article_id))).mappings().all()
    deliveries = tx.execute(select(tables.delivery).where(within(_d.article_id))).mappings().all()
    first = {one["id"]: one["revision"] for one in rollouts}
    versions = {(one["article_id"], one["rollout_id"]): one["revision"] for one in deliveries}
    for article, rollout, told, number in story.records:
        version = versions.get((article, rollout), first.get(rollout))
        if version is not None:
            story.said.setdefault(Row("revision", (article, version)), _Said()).hear(told, number)
    for name, rows in (
        ("article", tx.execute(select(tables.article).where(within(_a.id))).mappings()),
        ("revision", revisions),
        ("rollout", rollouts),
        ("delivery", deliveries),
    ):
        for row in rows:
            looked.add(_held_against(story, name, row, looked))
    for row in tx.execute(_PLACED.where(within(_d.article_id))).mappings():
        if not _is_being_released(story, row):
            looked.add(_held_against(story, "placement", row, looked))
    looked.add(_missing(one, said) for one, said in story.said.items() if not said.gone)
    looked.add(_without_pictures(tx, revisions, story.lost))


def _held_against(story: _Story, table: str, row: Mapping[Any, Any], looked: Looked) -> Iterator[Finding]:
    looked.rows += 1
    key = testimony.key_of(table, row)
    said = story.said.pop(key, None)
    old = row["rollout_id"] in story.rollouts if "rollout_id" in row else _is_old(story, table, row)
    if said is None or not said.new:
        if not old:
            yield _finding(Difference.ADDED, table, key.key, row)
            return
        looked.uncovered += 1
    if said is None:
        return
    if said.gone:
        yield _finding(Difference.ADDED, table, key.key, row, event=said.event)
        return
    stands = testimony.canonical(table, row)
    for name in PROVEN[table] if said.new else said.fields:
        should, event = said.fields.get(name, (None, said.event))
        found = stands.get(name)
        if found != (None if should is False else should):
            values = {"found": _shown(table, name, found), "should": _shown(table, name, should)}
            yield _finding(Difference.CHANGED, table, key.key, row, field=name, event=event, **values)


def _is_old(story: _Story, table: str, row: Mapping[Any, Any]) -> bool:
    if table == "rollout":
        return row["id"] in story.rollouts
    return row["id" if table == "article" else "article_id"] in story.articles


def _is_being_released(story: _Story, row: Mapping[Any, Any]) -> bool:
    """Whether a place was given for a release of which nobody has recorded yet what came of it."""
    untold = Row("placement", (row["delivery_id"],)) not in story.said and row["released_at"] is None
    return untold and row["release_at"] is not None and row["instant"] == row["release_at"]


def _missing(row: Row, said: _Said) -> Finding:
    told = {name: value for name, (value, _) in said.fields.items()}
    return _finding(Difference.MISSING, row.table, row.key, told, event=said.event)


def _without_pictures(
    tx: Connection, revisions: Sequence[Mapping[Any, Any]], lost: Collection[str]
) -> Iterator[Finding]:
    """Of each revision the pictures that it shows and the record has not; but for those of which it says so."""
    needed: dict[str, Mapping[Any, Any]] = {}
    for row in revisions:
        with suppress(ValueError):  # it has been changed, which is told
            needed |= {one.digest: row for one in article_of(row["record"]).pictures}
    digests = sorted(needed.keys() - lost)
    have = set[str]()
    for at in range(0, len(digests), AT_ONCE):
        some = tables.image.c.digest.in_(digests[at : at + AT_ONCE])
        have.update(tx.scalars(select(tables.image.c.digest).where(some)))
    for digest in digests:
        if digest not in have:
            row = needed[digest]
            yield Finding(
                Difference.MISSING,
                "image",
                (digest,),
                article=article_id(row["article_id"]),
                revision=row["number"],
                should=digest,
            )


def _astray(tx: Connection) -> Iterator[Finding]:
    """Places in catalogues that are no delivery's."""
    mine = select(_d.id).where(_d.id == _p.delivery_id).exists()
    for row in tx.execute(select(tables.placement).where(~mine)).mappings():
        yield _finding(Difference.ADDED, "placement", (row["delivery_id"],), row)


def _look_at_pictures(tx: Connection, looked: Looked) -> None:
    pictures = select(tables.image).order_by(tables.image.c.digest).execution_options(yield_per=8)
    with tx.execute(pictures) as read:
        for row in read:
            looked.pictures += 1
            found = hashlib.sha256(row.data).hexdigest()
            if found != row.digest:
                looked.add([Finding(Difference.REPLACED, "image", (row.digest,), found=found, should=row.digest)])


def _finding(
    difference: Difference,
    table: str,
    key: tuple[int, ...],
    row: Mapping[Any, Any],
    *,
    event: int | None = None,
    **about: Any,
) -> Finding:
    """Of a row, by what is known of it."""
    article = key[0] if table in ("article", "revision") else row.get("article_id")
    rollout = key[0] if table == "rollout" else row.get("rollout_id")
    version = key[1] if table == "revision" else row.get("revision")
    return Finding(
        difference,
        table,
        key,
        article="" if not isinstance(article, int) else article_id(article),
        rollout="" if not isinstance(rollout, int) else rollout_id(rollout),
        channel=str(row.get("channel") or ""),
        revision=version if isinstance(version, int) else None,
        event=event,
        **about,
    )


def _shown(table: str, name: str, value: Any) -> Value:
    """A value as people know it."""
    if isinstance(value, int) and isinstance(tables.metadata.tables[table].c[name].type, tables.Instant):
        return tables.moment(value)
    return None if value is False else value
