"""The tables. Times are whole microseconds since 1970 UTC, so that both databases compare them alike.

They are the record's time (`record.clock`), but for those that the public reads: `article.published_at`,
`revision.corrected_at`, `placement.dated`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    literal_column,
    select,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as microseconds since 1970 UTC. A naive one is refused at the border."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:  # noqa: ARG002
        if value is None:
            return None
        return microseconds(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return None if value is None else moment(value)


def microseconds(moment: datetime) -> int:
    """A moment as the tables have it. Raises ValueError for one without zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    """The moment that the tables have so."""
    return _EPOCH + timedelta(microseconds=microseconds)


# AUTOINCREMENT: an id is never given twice, even after its row is gone.
_ID = BigInteger().with_variant(Integer, "sqlite")


def code(number: Any) -> Any:
    """What an article's or a rollout's id stands for, by the words of an index: the lowest 25 bits of its number."""
    return number.op("&")(literal_column("33554431"))


metadata = MetaData()

article = Table(
    "article",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("key", Text, nullable=False, index=True),
    Column("column", String(64), nullable=False),
    Column("number", Integer),
    Column("announces", String(64)),
    Column("published_at", Instant, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("imported_from", Text),
    Index("article_in_column", "column", "number"),
    Index("article_announcing", "announces"),
    sqlite_autoincrement=True,
)
"""`column`, `number`: as in the record. `announces`: the column that the record opens, renames or closes.
`imported_from`: of what was imported from an archive, the manuscript's path in it."""

Index("article_code", code(article.c.id), unique=True)

revision = Table(
    "revision",
    metadata,
    Column("article_id", _ID, ForeignKey("article.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("record", Text, nullable=False),
    Column("corrected_at", Instant),
    Column("note", Text, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("reading", Text),
)
"""`reading`: how its manuscript was read, as JSON; none where there was no manuscript, or from before 0003."""

image = Table(
    "image",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

rollout = Table(
    "rollout",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("article_id", _ID, ForeignKey("article.id"), nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("go_live_at", Instant, nullable=False),
    Column("release_at", Instant),
    Column("reason", Text, nullable=False),
    Column("editor", Text, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("at_gate", Instant),
    Index("rollout_at_gate", "id"),  # of those that wait: as `delivery_leased` below
    sqlite_autoincrement=True,
)
"""Its articles are those of its deliveries, in the order of their ids; `article_id` is the first. `at_gate`: since when
it has been ready and waits before the gate for those that go out (`gate.Crowd`)."""
Index("rollout_code", code(rollout.c.id), unique=True)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("rollout_id", _ID, ForeignKey("rollout.id"), nullable=False, index=True),
    Column("article_id", _ID, ForeignKey("article.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("kind", String(128), nullable=False),
    Column("action", String(16), nullable=False),
    Column("required", Boolean, nullable=False),
    Column("bundled", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("due", Instant),
    Column("wake_at", Instant),
    Column("lease_until", Instant),
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
    Column("prepared_at", Instant),
    Column("checked_at", Instant),
    Column("started_at", Instant),
    Column("released_at", Instant),
    Column("live_at", Instant),
    Column("verified_at", Instant),
    Index("delivery_of_article", "article_id", "channel", "id"),
    Index("delivery_due", "state", "due"),
    sqlite_autoincrement=True,
)

# This and `event_unsealed` hold only some rows. Which, stands in the migration that made them: to name a dialect here
# is to load it, half as large as the rest of SQLAlchemy, in every process and whatever its database is.
Index("delivery_leased", delivery.c.lease_until)

placement = Table(
    "placement",
    metadata,
    Column("delivery_id", _ID, ForeignKey("delivery.id"), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("article_id", _ID, ForeignKey("article.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("column", String(64), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("column_ordinal", Integer, nullable=False),
    Column("instant", Instant, nullable=False),
    Column("dated", Instant),
    Column("withdrawn", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Index("placement_of_article", "channel", "article_id", "delivery_id"),
    Index("placement_in_order", "channel", "ordinal"),
    Index("placement_in_column", "channel", "column", "column_ordinal"),
)
"""`dated`: what the wall clock showed at the instant, where that is another time than the record's (`record.clock`)."""

Index("placement_changed", placement.c.channel, placement.c.instant)  # as above: of what was corrected or withdrawn

counter = Table(
    "counter",
    metadata,
    Column("channel", String(64), primary_key=True),
    Column("column", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)

notebook = Table(
    "notebook",
    metadata,
    Column("version", _ID, primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("page", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("notebook_page", "channel", "page", unique=True),
    sqlite_autoincrement=True,
)
"""Each write of a page is a new row in the place of the old one, so that a version never comes back. Names are compared
by their characters, whatever language the database speaks."""

event = Table(
    "event",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(32), nullable=False),
    Column("article_id", BigInteger),
    Column("rollout_id", BigInteger),
    Column("delivery_id", BigInteger),
    Column("digest", String(64), nullable=False),
    Column("data", Text, nullable=False),
    Column("number", BigInteger),
    Column("previous", String(64)),
    Column("hash", String(64)),
    Index("event_number", "number", unique=True),
    Index("event_of_article", "article_id"),
    sqlite_autoincrement=True,
)
"""`number`, `previous`, `hash`: its place in the chain, None until it is sealed."""
Index("event_unsealed", event.c.id)
Index("event_of_key", event.c.number)  # as above: where another key was taken into use

chain = Table(
    "chain",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("key", String(16), nullable=False),
)
"""One row: hash and number of the last sealed event, and the fingerprint of the key that sealed it, "" of none. Whoever
seals has it locked; nobody else needs it."""

head = Table(
    "head",
    metadata,
    Column("place", String(16), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("sent_at", Instant),
    Column("tried_at", Instant),
    Column("problem", Text),
)
"""Where heads of the chain are kept outside (`file`, `address`, `mailbox`): the last that was sent there, and what kept
the last try from it, if anything did."""

worker = Table(
    "worker",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("process", Integer, primary_key=True, autoincrement=False),
    Column("queue", String(64), primary_key=True),
    Column("data", Text, nullable=False),
    Column("version", String(64), nullable=False),
    Column("started", Instant, nullable=False),
    Column("seen", Instant, nullable=False),
    Column("ahead", BigInteger, nullable=False, server_default="0"),
    Column("gone_by", Text),
)
"""Who works on a queue, and when each was last seen. `ahead`: by how many microseconds its machine's clock is;
`gone_by`: which configuration it goes by, as JSON."""

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("boot", String(64), nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("shift", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)
"""One row, in microseconds: see `record.clock`. `boot`: beside SQLite, of which start of the machine `offset` is;
`seen`: the record's time at which a worker was there last."""
SHIFT = select(clock.c.shift).scalar_subquery()
"""By how many microseconds the wall clock is ahead of the record's."""

searched = Table(
    "searched",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("article_id", _ID, ForeignKey("article.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("headline", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("searched_revision", "article_id", "revision", unique=True),
)
"""What is searched of each revision, folded. Its tokens stand in `searched_tokens`, which is otherwise on each database
(see 0011): a table of FTS5 on SQLite, of tsvectors on PostgreSQL, both by the same id."""

search_state = Table(
    "search_state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", Integer, nullable=False),
    Column("event", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
)
"""One row: by which rule `searched` was made, from the chain up to which event, and the last id given. Whoever adds to
it has it locked."""

feedback = Table(
    "feedback",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("page", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("closed_at", Instant),
    Column("closed_by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Index("feedback_digest", "digest"),
    sqlite_autoincrement=True,
)
"""What readers have told through the site's form. `contact`: "" once its time is over. `digest`: of page and text, by
which the same told twice is known. Who sent it is kept nowhere else."""
Index("feedback_open", feedback.c.id)  # as above: of what is not closed
Index("feedback_contact", feedback.c.at)  # as above: of what still has a contact
