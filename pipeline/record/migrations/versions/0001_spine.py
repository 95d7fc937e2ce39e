"""The spine: articles, revisions, images, rollouts, deliveries, placements, events."""

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, String, Text

revision = "0001"
down_revision = None

_ID = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "article",
        Column("id", _ID, primary_key=True),
        Column("key", Text, nullable=False),
        Column("published_at", BigInteger, nullable=False),
        Column("accepted_at", BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "revision",
        Column("article_id", _ID, ForeignKey("article.id"), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("digest", String(64), nullable=False),
        Column("record", Text, nullable=False),
        Column("corrected_at", BigInteger),
        Column("note", Text, nullable=False),
        Column("accepted_at", BigInteger, nullable=False),
    )
    op.create_table(
        "image",
        Column("digest", String(64), primary_key=True),
        Column("data", LargeBinary, nullable=False),
    )
    op.create_table(
        "rollout",
        Column("id", _ID, primary_key=True),
        Column("article_id", _ID, ForeignKey("article.id"), nullable=False),
        Column("revision", Integer, nullable=False),
        Column("action", String(16), nullable=False),
        Column("state", String(16), nullable=False),
        Column("go_live_at", BigInteger, nullable=False),
        Column("release_at", BigInteger),
        Column("reason", Text, nullable=False),
        Column("editor", Text, nullable=False),
        Column("accepted_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery",
        Column("id", _ID, primary_key=True),
        Column("rollout_id", _ID, ForeignKey("rollout.id"), nullable=False),
        Column("article_id", _ID, ForeignKey("article.id"), nullable=False),
        Column("revision", Integer, nullable=False),
        Column("channel", String(64), nullable=False),
        Column("kind", String(128), nullable=False),
        Column("action", String(16), nullable=False),
        Column("required", Boolean, nullable=False),
        Column("state", String(16), nullable=False),
        Column("due", BigInteger),
        Column("wake_at", BigInteger),
        Column("lease_until", BigInteger),
        Column("fence", Integer, nullable=False),
        Column("doubt", Boolean, nullable=False),
        Column("overtaken", Boolean, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("problem", Text),
        Column("failed_in", String(16)),
        Column("receipt", Text),
        Column("evidence", Text),
        Column("digest", String(64)),
        Column("prepared_at", BigInteger),
        Column("started_at", BigInteger),
        Column("released_at", BigInteger),
        Column("live_at", BigInteger),
        Column("verified_at", BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "placement",
        Column("delivery_id", _ID, ForeignKey("delivery.id"), primary_key=True),
        Column("channel", String(64), nullable=False),
        Column("article_id", _ID, ForeignKey("article.id"), nullable=False),
        Column("revision", Integer, nullable=False),
        Column("column", String(64), nullable=False),
        Column("ordinal", Integer, nullable=False),
        Column("column_ordinal", Integer, nullable=False),
        Column("instant", BigInteger, nullable=False),
        Column("withdrawn", Boolean, nullable=False),
        Column("reason", Text, nullable=False),
    )
    op.create_table(
        "counter",
        Column("channel", String(64), primary_key=True),
        Column("column", String(64), primary_key=True),
        Column("value", Integer, nullable=False),
    )
    op.create_table(
        "event",
        Column("id", _ID, primary_key=True),
        Column("at", BigInteger, nullable=False),
        Column("who", Text, nullable=False),
        Column("what", String(32), nullable=False),
        Column("article_id", BigInteger),
        Column("rollout_id", BigInteger),
        Column("delivery_id", BigInteger),
        Column("digest", String(64), nullable=False),
        Column("data", Text, nullable=False),
        Column("previous", String(64), nullable=False),
        Column("hash", String(64), nullable=False),
        sqlite_autoincrement=True,
    )
    chain = op.create_table(
        "chain",
        Column("id", Integer, primary_key=True),
        Column("hash", String(64), nullable=False),
    )
    op.create_index("ix_article_key", "article", ["key"])
    op.create_index("ix_rollout_article_id", "rollout", ["article_id"])
    op.create_index("ix_delivery_rollout_id", "delivery", ["rollout_id"])
    op.create_index("delivery_of_article", "delivery", ["article_id", "channel", "id"])
    op.create_index("delivery_due", "delivery", ["state", "due"])
    op.create_index("placement_of_article", "placement", ["channel", "article_id", "delivery_id"])
    op.create_index("placement_in_order", "placement", ["channel", "ordinal"])
    op.create_index("placement_in_column", "placement", ["channel", "column", "column_ordinal"])
    op.bulk_insert(chain, [{"id": 1, "hash": "0" * 64}])
