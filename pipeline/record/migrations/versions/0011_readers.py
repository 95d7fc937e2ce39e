"""What readers seek, and what they tell.

`searched` is empty, and is filled from the chain by whoever looks first, the newest rule at hand. Its tokens stand in a
table that Alembic does not see: of FTS5 on SQLite, without the text itself and without places, and of tsvectors without
places on PostgreSQL. Which texts have a token is all that is asked of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "searched",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("article_id", number, sa.ForeignKey("article.id"), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("headline", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
    )
    op.create_index("searched_revision", "searched", ["article_id", "revision"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE searched_tokens USING fts5(tokens, content = '', detail = none, tokenize = 'ascii')"
        )
    else:
        op.execute("CREATE TABLE searched_tokens (id bigint PRIMARY KEY, tokens tsvector NOT NULL)")
        op.execute("CREATE INDEX searched_token ON searched_tokens USING gin (tokens)")
    state = op.create_table(
        "search_state",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("rule", sa.Integer, nullable=False),
        sa.Column("event", sa.BigInteger, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "rule": 0, "event": 0, "last": 0}])
    op.create_table(
        "feedback",
        sa.Column("id", number, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("closed_by", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("feedback_digest", "feedback", ["digest"])
    waiting, reachable = sa.text("closed_at IS NULL"), sa.text("contact <> ''")
    op.create_index("feedback_open", "feedback", ["id"], postgresql_where=waiting, sqlite_where=waiting)
    op.create_index("feedback_contact", "feedback", ["at"], postgresql_where=reachable, sqlite_where=reachable)
