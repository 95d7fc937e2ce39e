"""The record has a clock of its own (`pipeline.record.clock`); of a worker it is known how far its machine's is off.

What has been recorded so far was dated by the machines' clocks: the record's goes on from there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    clock = op.create_table(
        "clock",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("boot", sa.String(64), nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("shift", sa.BigInteger, nullable=False),
        sa.Column("seen", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(clock, [{"id": 1, "boot": "", "offset": 0, "shift": 0, "seen": 0}])
    op.add_column("worker", sa.Column("ahead", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("placement", sa.Column("dated", sa.BigInteger))
