"""Columns that are opened, series, rollouts of several articles, the check shortly before a moment."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("article", sa.Column("column", sa.String(64), nullable=False, server_default=""))
    op.add_column("article", sa.Column("number", sa.Integer))
    op.add_column("article", sa.Column("announces", sa.String(64)))
    op.create_index("article_in_column", "article", ["column", "number"])
    op.create_index("article_announcing", "article", ["announces"])
    op.add_column("delivery", sa.Column("bundled", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("delivery", sa.Column("checked_at", sa.BigInteger))
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """What the records of the articles already say."""
    article = sa.table("article", sa.column("id"), sa.column("column"), sa.column("number"))
    record = sa.table("revision", sa.column("article_id"), sa.column("record"), sa.column("number"))
    for row in connection.execute(sa.select(record.c.article_id, record.c.record).order_by(record.c.number)).all():
        told = json.loads(row.record)
        here = article.c.id == row.article_id
        values = {"column": told.get("column", ""), "number": told.get("number")}
        connection.execute(sa.update(article).where(here).values(**values))
    delivery = sa.table("delivery", sa.column("checked_at"), sa.column("prepared_at"))
    connection.execute(sa.update(delivery).values(checked_at=delivery.c.prepared_at))
