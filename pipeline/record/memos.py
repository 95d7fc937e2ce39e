"""What the record gives public trees to remember with a deed (`channel.Memo`), and what it learns from that.

A memo holds where the record stood: its last event, and the head of the chain. A record that has not come so far, or
whose chain is another there, does not know of the deed. And it holds what makes the deed a rollout again: with the
entry beside which it is kept, an older record can take over what it does not know (`adopting`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import AwareDatetime
from sqlalchemy import Connection, bindparam, case, func, select

from pipeline.article.value import Frozen
from pipeline.channel import Action, Memo
from pipeline.record import tables

_a, _c, _d, _e, _r = (
    table.c for table in (tables.article, tables.chain, tables.delivery, tables.event, tables.rollout)
)
_sent = tables.delivery.alias("sent")


class Told(Frozen):
    """The words of a memo: the rollout of a deed, and what the record was at that moment."""

    article: int
    """The article's number; the rollout's."""
    rollout: int
    action: Action
    editor: str
    reason: str
    rank: int
    accepted_at: AwareDatetime
    go_live_at: AwareDatetime
    release_at: AwareDatetime
    sent: tuple[tuple[str, str, bool], ...]
    """The channels that the article goes to in it, with their kinds, and whether it is one publication with others."""
    event: int
    """The number of the last event's row."""
    sealed: int
    """The number of the last sealed event, 0 if there is none; its hash."""
    hash: str

    @classmethod
    def of(cls, memo: Memo) -> Told:
        """Raises ValueError for words that are not the record's."""
        return cls.model_validate_json(memo.text)

    @property
    def memo(self) -> Memo:
        return Memo(position=self.event, text=self.model_dump_json())


_LAST_EVENT = select(func.coalesce(func.max(_e.id), 0)).scalar_subquery()
_BUNDLED = case((_sent.c.bundled, "\nbundled"), else_="\n")
_OF = (
    select(
        *(_d.id, _d.article_id, _d.rollout_id, _r.action, _r.editor, _r.reason, _r.rank),
        *(_r.accepted_at, _r.go_live_at, _r.release_at),
        select(func.aggregate_strings(_sent.c.channel + "\n" + _sent.c.kind + _BUNDLED, "\t"))
        .where(_sent.c.rollout_id == _d.rollout_id, _sent.c.article_id == _d.article_id)
        .scalar_subquery()
        .label("sent"),
        _LAST_EVENT.label("event"),
        select(_c.number).scalar_subquery().label("sealed"),
        select(_c.hash).scalar_subquery().label("hash"),
    )
    .join(tables.rollout, _r.id == _d.rollout_id)
    .where(_d.id.in_(bindparam("these", expanding=True)))
)
_HASH = select(_e.hash).where(_e.number == bindparam("sealed"))


def memos(tx: Connection, deliveries: Sequence[int]) -> dict[int, Memo]:
    """What is to be remembered with the deeds of these deliveries, by their numbers, if their moment is known."""
    found = {}
    for row in tx.execute(_OF, {"these": deliveries}).mappings():
        if row["release_at"] is not None:
            parts = (one.split("\n") for one in sorted(row["sent"].split("\t")))
            sent = tuple((channel, kind, bool(bundled)) for channel, kind, bundled in parts)
            told = {**row, "article": row["article_id"], "rollout": row["rollout_id"], "sent": sent}
            found[row["id"]] = Told.model_validate({name: told[name] for name in Told.model_fields}).memo
    return found


def knows(tx: Connection, told: Told) -> bool:
    """Whether this record is the one that gave the memo, and has come at least as far."""
    if (tx.scalar(select(func.max(_e.id))) or 0) < told.event:
        return False
    return not told.sealed or tx.scalar(_HASH, {"sealed": told.sealed}) == told.hash


def here(tx: Connection, told: Told) -> Memo:
    """A memo that says where this record is, whatever it once said otherwise."""
    head = tx.execute(select(_c.number, _c.hash)).one()
    event = tx.scalar(select(func.max(_e.id))) or 0
    return told.model_copy(update={"event": event, "sealed": head.number, "hash": head.hash}).memo
