"""Events are sealed after they have been committed: until then they have neither number nor hash.

What is there keeps its hashes; its numbers are the ids, by which it was chained. And sweepers, who look several times a
second for deliveries whose worker died, find the few that are in flight without reading all.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("event", table_kwargs={"sqlite_autoincrement": True}) as event:
        event.add_column(sa.Column("number", sa.BigInteger))
        event.alter_column("previous", existing_type=sa.String(64), nullable=True)
        event.alter_column("hash", existing_type=sa.String(64), nullable=True)
    op.execute('UPDATE event SET "number" = id')
    op.create_index("event_number", "event", ["number"], unique=True)
    waiting = sa.text("number IS NULL")
    op.create_index("event_unsealed", "event", ["id"], postgresql_where=waiting, sqlite_where=waiting)
    op.add_column("chain", sa.Column("number", sa.BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE chain SET number = (SELECT coalesce(max(id), 0) FROM event)")
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index("delivery_leased", "delivery", ["lease_until"], postgresql_where=leased, sqlite_where=leased)
