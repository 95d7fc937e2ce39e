"""What has changed on a channel of late is found without looking at everything.

Only what was corrected or withdrawn is in it: an index of everything by time would be taken for questions that have a
better one, and make them as slow as there are articles.
"""

from alembic import op
from sqlalchemy import text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    changed = text("withdrawn OR revision > 1")
    op.create_index(
        "placement_changed", "placement", ["channel", "instant"], sqlite_where=changed, postgresql_where=changed
    )
