"""What has changed on a channel of late is found without looking at everything."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_index("placement_in_time", "placement", ["channel", "instant"])
