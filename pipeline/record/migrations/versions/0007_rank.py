"""What goes first where much is waiting."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("rollout", sa.Column("rank", sa.Integer, nullable=False, server_default="6"))
    op.execute("UPDATE rollout SET rank = CASE action WHEN 'withdraw' THEN 0 WHEN 'correct' THEN 3 ELSE 6 END")
