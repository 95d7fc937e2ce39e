"""What has changed on a channel of late is found without looking at everything."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("placement_in_time", "placement", ["channel", "instant"])
