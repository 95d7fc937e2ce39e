"""Searching what is public: the index is derived from the record, and what is found is what stands on the channel now.

What is kept of a revision depends on nothing but the revision, which never changes. Whether it is public is not kept:
the question itself asks the channel's catalogue. So an article that is not out yet, was withdrawn or has been corrected
since is not found by a text that nobody sees, however far the index has come.

The index follows the event chain: what has been sealed since the last time names the articles that have something new.
It lags behind by about a second, holds up nobody who publishes, and is made again from the first event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    column,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)

from pipeline.article import Revision, searching
from pipeline.record import tables
from pipeline.record.catalogue import in_force
from pipeline.record.reports import Reports
from pipeline.record.rollouts import article_of, revision_of

BATCH = 200
"""Events that are followed, or revisions added, in one transaction."""

_a, _d, _e, _p, _s, _v = (
    table.c
    for table in (tables.article, tables.delivery, tables.event, tables.placement, tables.searched, tables.revision)
)
_state = tables.search_state.c
_STATE = select(_state.rule, _state.event, _state.last)
_TAKEN_STATE = _STATE.with_for_update(skip_locked=True)
_HEAD = select(tables.chain.c.number)
_EVENTS = (
    select(_e.number, _e.article_id)
    .where(_e.number > bindparam("after"))
    .order_by(_e.number)
    .limit(bindparam("limit", type_=Integer))
)
_NEW = (
    select(_v.article_id, _v.number, _v.record)
    .where(
        _v.article_id.in_(bindparam("of", expanding=True)),
        ~exists().where(_s.article_id == _v.article_id, _s.revision == _v.number),
    )
    .order_by(_v.article_id, _v.number)
)


class _Wording(NamedTuple):
    """What is otherwise on each database."""

    keep: str
    empty: str
    having: str
    word: str
    begun: str
    joined: str


_WORDINGS = {
    "sqlite": _Wording(
        keep="INSERT INTO searched_tokens (rowid, tokens) VALUES (:id, :tokens)",
        empty="INSERT INTO searched_tokens (searched_tokens) VALUES ('delete-all')",
        having="SELECT rowid AS id FROM searched_tokens WHERE searched_tokens MATCH :wanted",
        word='"{}"',
        begun='"{}" *',
        joined=" AND ",
    ),
    "postgresql": _Wording(
        keep="INSERT INTO searched_tokens (id, tokens) VALUES (:id, array_to_tsvector(string_to_array(:tokens, ' ')))",
        empty="DELETE FROM searched_tokens",
        having="SELECT id FROM searched_tokens WHERE tokens @@ CAST(:wanted AS tsquery)",
        word="'{}'",
        begun="'{}':*",
        joined=" & ",
    ),
}


class Finding(NamedTuple):
    """What was found: how much of it there is, and of one page the revisions, the best first."""

    total: int
    revisions: Sequence[Revision]


class Searching(Reports):
    """What readers seek."""

    def index(self, limit: int = BATCH) -> int:
        """Add what has happened since the last time to what is searched; how many revisions were added. Any number of
        processes may try at once."""
        added = 0
        while True:
            with self.reading() as tx:
                state, head = tx.execute(_STATE).one(), tx.scalar(_HEAD)
            if (state.rule, state.event) == (searching.RULE, head):
                return added
            with self.writing() as tx:
                more = _follow(tx, limit)
            if more is None:
                return added
            added += more

    def index_anew(self) -> int:
        """Forget the index and make it again; how many revisions there are."""
        with self.writing() as tx:
            tx.execute(_STATE.with_for_update()).one()
            _empty(tx)
        return self.index()

    def found(self, channel: str, words: Sequence[str], now: datetime, *, first: int, limit: int) -> Finding:
        """What is public on a channel and has all of the words: where more of them stand in the headline first, then
        the newer; `limit` of them from the place `first` on, from 0. `words`: as `searching.words_of` has them."""
        wording = _WORDINGS[self.engine.dialect.name]
        wanted = wording.joined.join(
            (wording.word if one.whole else wording.begun).format(one.text) for one in searching.tokens_of(words)
        )
        query = _question(words, wording, first, limit)
        with self.reading() as tx:
            rows = tx.execute(query, {"wanted": wanted, "on": channel, "now": now}).all()
        total = rows[0].total if rows else 0
        return Finding(total, [revision_of(row.article_id, row.revision, row) for row in rows])


def _question(words: Sequence[str], wording: _Wording, first: int, limit: int) -> Select[Any]:
    """The candidates by their tokens, those of them that have each word and stand on the channel, and their records."""
    # Each once, and before the rest: SQLite would rather ask for the tokens again for every article of the channel.
    having = select(text(wording.having).columns(column("id", Integer)).subquery().c.id)
    in_headline = [_s.headline.contains(word, autoescape=True) for word in words]
    has_all = [
        or_(there, _s.text.contains(word, autoescape=True))
        for word, there in zip(words, in_headline, strict=True)
        if not searching.is_exact(word)
    ]
    weight = sum((case((there, 1), else_=0) for there in in_headline[1:]), case((in_headline[0], 1), else_=0))
    candidates = (
        select(_s.article_id, _s.revision, weight.label("weight"))
        .where(_s.id.in_(having), *has_all)
        .cte("candidates")
        .prefix_with("MATERIALIZED")
    )
    best = ("weight", "published_at", "article_id")
    matches = (
        select(candidates, _a.published_at, func.count().over().label("total"))
        .select_from(candidates)
        .join(tables.placement, _p.delivery_id == in_force(candidates.c.article_id))
        .join(tables.article, _a.id == _p.article_id)
        .join(tables.delivery, _d.id == _p.delivery_id)
        # It stands there from its instant on, and once the channel has said so.
        .where(_p.revision == candidates.c.revision, ~_p.withdrawn, _d.live_at.is_not(None))
    )
    order = [matches.selected_columns[name].desc() for name in best]
    page = matches.order_by(*order).offset(first).limit(limit).subquery()
    return (
        select(page, _v.record, _v.corrected_at, _v.note)
        .join(tables.revision, and_(_v.article_id == page.c.article_id, _v.number == page.c.revision))
        .order_by(*(page.c[name].desc() for name in best))
    )


def _follow(tx: Connection, limit: int) -> int | None:
    """Go on along the chain; how many revisions were added. None: somebody else is at it."""
    state = tx.execute(_TAKEN_STATE).one_or_none()
    if state is None:
        return None
    after, last = state.event, state.last
    if state.rule != searching.RULE:
        _empty(tx)
        after = last = 0
    events = tx.execute(_EVENTS, {"after": after, "limit": limit}).all()
    changed = sorted({one.article_id for one in events if one.article_id is not None})
    rows, tokens = [], []
    for row in tx.execute(_NEW, {"of": changed}) if changed else ():
        made = searching.searched(article_of(row.record))
        last += 1
        rows.append({"id": last, "article_id": row.article_id, "revision": row.number, **made._asdict()})
        tokens.append({"id": last, "tokens": made.tokens})
    if rows:
        tx.execute(insert(tables.searched), rows)
        tx.execute(text(_WORDINGS[tx.dialect.name].keep), tokens)
    upto = events[-1].number if events else tx.scalar(_HEAD)
    tx.execute(update(tables.search_state).values(rule=searching.RULE, event=upto, last=last))
    return len(rows)


def _empty(tx: Connection) -> None:
    tx.execute(text(_WORDINGS[tx.dialect.name].empty))
    tx.execute(delete(tables.searched))
    tx.execute(update(tables.search_state).values(rule=0, event=0, last=0))
