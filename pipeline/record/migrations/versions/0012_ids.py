"""Ids that are never given out twice: a drawn number in the lowest 25 bits of a row's own, and no two rows with one.

Rows from before keep theirs, which have nothing above these bits. See `pipeline.record.ids`.
"""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for table in ("article", "rollout"):
        op.execute(f"CREATE UNIQUE INDEX {table}_code ON {table} ((id & 33554431))")
