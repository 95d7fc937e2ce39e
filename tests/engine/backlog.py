"""A backlog put into the record, as quickly as thousands of rollouts can be had."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select, update

from pipeline.record import tables
from pipeline.record.store import Store
from pipeline.rollout import RolloutState


def copies(store: Store, numbers: range, state: RolloutState = RolloutState.PREPARING) -> None:
    """Articles like the first, each with a rollout in this state."""
    with store.writing() as tx:
        first_of = {
            "id": tx.scalar(select(func.min(tables.article.c.id))),
            "rollout_id": tx.scalar(select(func.min(tables.rollout.c.id))),
        }
        first_of["article_id"] = first_of["id"]
        for name in ("article", "revision", "rollout", "delivery"):
            table = tables.metadata.tables[name]
            own = "article_id" if name == "revision" else "rollout_id" if name == "delivery" else "id"
            of = first_of["rollout_id" if name == "rollout" else own]
            first = [dict(row) for row in tx.execute(select(table).where(table.c[own] == of)).mappings()]
            tx.execute(insert(table), [_like(name, row, number) for number in numbers for row in first])
        rollout = tables.rollout
        tx.execute(update(rollout).where(rollout.c.id.between(numbers[0], numbers[-1])).values(state=state))


def _like(table: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    theirs = {"id": number, "key": f"key-{number}"} if table == "article" else {}
    if table == "rollout":
        theirs = {"id": number}
    if table == "delivery":
        theirs = {"id": 100 * number + row["id"], "rollout_id": number}
    return {**row, "article_id": number, **theirs} if "article_id" in row else {**row, **theirs}
