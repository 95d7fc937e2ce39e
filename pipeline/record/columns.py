"""Where an article stands in its column: what the column adds to it, its number, and when a column may not go."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from pipeline.article import Article, Column, Deed, Place, Revision
from pipeline.channel import Action, Problem, Text
from pipeline.record import tables
from pipeline.record.ids import article_id
from pipeline.record.refusals import Impossible
from pipeline.record.submission import Submission
from pipeline.rollout import RolloutState

_d, _r, _p = tables.delivery.c, tables.rollout.c, tables.placement.c


def completed(tx: Connection, submission: Submission, before: tuple[int, Article] | None = None) -> Article:
    """The article with what its column adds. `before`: the number and record of the article it corrects."""
    article, column = submission.article, submission.column
    if column is None or article.announces:
        return article
    place = Place.unknown() if before else place_in(tx, column)
    article = article.completed(column, place, before[1] if before else None)
    if column.series and article.number:
        a = tables.article.c
        taken = tx.scalar(
            select(a.id).where(
                a.column == column.id,
                a.number == article.number,
                a.id != (before[0] if before else 0),
                ~_never_seen(a.id),
            )
        )
        if taken is not None:
            raise Impossible(
                Problem(
                    field="number",
                    message=Text.of(
                        "number {number} of the series is {article} already",
                        number=article.number,
                        article=article_id(taken),
                    ),
                    remedy=Text.of("leave the number out: the next one is given by itself"),
                )
            )
    return article


def taken_numbers(tx: Connection, revisions: Iterable[tuple[Revision, Column]]) -> dict[str, str]:
    """Of many articles those whose number in their column's series is another's, by id: that article's id."""
    a, found = tables.article.c, dict[str, str]()
    mine: dict[tuple[str, int], str] = {}
    for revision, column in revisions:
        number = revision.article.number
        if not column.series or number is None:
            continue
        query = select(a.id).where(a.column == column.id, a.number == number, ~_never_seen(a.id)).limit(1)
        there = tx.scalar(query)
        other = mine.setdefault((column.id, number), revision.id) if there is None else article_id(there)
        if other != revision.id:
            found[revision.id] = other
    return found


def place_in(tx: Connection, column: Column) -> Place:
    if not column.counts:  # it may have tens of thousands of articles
        return Place.unknown()
    a = tables.article.c
    counted = and_(a.column == column.id, a.announces.is_(None), ~_never_seen(a.id))
    last, first = tx.execute(select(func.max(a.number), func.count() == 0).where(counted)).one()
    return Place(number=(last or 0) + 1, first=bool(first))


def refuse_if_filled(tx: Connection, article: Article) -> None:
    """A column is not taken away under its articles."""
    if article.announces is None or article.announces.deed is not Deed.OPEN:
        return
    a = tables.article.c
    others = and_(a.column == article.column, a.announces.is_(None))
    newest = (
        select(func.max(_d.rollout_id).label("rollout"))
        .join(tables.article, a.id == _d.article_id)
        .where(others)
        .group_by(_d.article_id)
        .subquery()
    )
    live = (
        select(func.count())
        .select_from(newest.join(tables.rollout, _r.id == newest.c.rollout))
        .where(_r.action != Action.WITHDRAW, _r.state != RolloutState.CANCELLED)
    )
    if count := tx.scalar(live):
        raise Impossible(
            Problem(
                field="ID",
                message=Text.of("the column has {count} articles", count=count),
                remedy=Text.of(
                    "close it: newsroom column close {column}; or withdraw its articles first",
                    column=article.column,
                ),
            )
        )


def column_of(submission: Submission) -> list[str]:
    """The name of its column's lock: whoever takes a column away has it alone."""
    return [] if submission.column is None else [f"column:{submission.column.id}"]


def counted(submission: Submission) -> bool:
    """Whether its column gives it something that depends on those before it, so that they come one after another."""
    return submission.column is not None and submission.column.counts and submission.article.announces is None


def _never_seen(article: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether an article was withdrawn before it stood on any channel: then its number is free again."""
    withdrawn = exists().where(_d.article_id == article, _d.action == Action.WITHDRAW)
    return and_(withdrawn, ~exists().where(_p.article_id == article))
