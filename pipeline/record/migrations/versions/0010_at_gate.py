"""Rollouts may wait before the gate until those before them have gone out.

Who waits is found without looking at everybody: few do, except under a backlog.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("rollout", sa.Column("at_gate", sa.BigInteger))
    waits = sa.text("at_gate IS NOT NULL")
    op.create_index("rollout_at_gate", "rollout", ["id"], sqlite_where=waits, postgresql_where=waits)
