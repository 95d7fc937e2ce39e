"""Which configuration each process goes by, and what of the newsroom's file it refuses."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("worker", sa.Column("gone_by", sa.Text()))
