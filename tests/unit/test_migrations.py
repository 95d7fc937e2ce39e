"""A database made by an earlier version, brought to the present with what is in it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from pipeline.article import Article
from pipeline.article.reading import Reading
from pipeline.record import migrations, tables
from pipeline.record.store import Store
from pipeline.record.submission import Submission
from pipeline.rollout import DeliveryState, Pace, RolloutState, Step
from pipeline.testing import NOON, article_of, newsroom_of

OUTLETS = newsroom_of().outlets
SINCE = ("number", "banner", "announces", "note_of_column")
"""Fields that a record has only since then."""


def test_the_newest_migration_is_told_from_its_files_name() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")

    assert migrations.newest() == ScriptDirectory.from_config(config).get_current_head()


def upgraded(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def old_record(article: Article) -> str:
    return json.dumps({name: value for name, value in article.model_dump(mode="json").items() if name not in SINCE})


def micro(seconds: int = 0) -> int:
    return int(NOON.timestamp() + seconds) * 1_000_000


@pytest.fixture
def store(empty_database: str, tmp_path: Path) -> Iterator[Store]:
    """Migrated from 0001, with an article that is public and was corrected, and one whose rollout is prepared."""
    engine = create_engine(empty_database)
    corrected = article_of("二", summary="更正")
    with engine.begin() as tx:
        upgraded(tx, "0001")

        def put(table: str, **values: Any) -> None:
            names = ", ".join(f'"{name}"' for name in values)
            given = ", ".join(f":{name}" for name in values)
            tx.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({given})'), values)

        for number, key in ((1, "yaowen/二"), (2, "yaowen/一")):
            put("article", id=number, key=key, published_at=micro(), accepted_at=micro())
        for number, version, article in ((1, 1, article_of("二")), (1, 2, corrected), (2, 1, article_of("一"))):
            fields = {"corrected_at": None, "note": "", "accepted_at": micro()}
            record = old_record(article)
            put("revision", article_id=number, number=version, digest=f"{number:064}", record=record, **fields)
        common = {"action": "publish", "go_live_at": micro(), "reason": "", "editor": "记者甲", "accepted_at": micro()}
        for number, version, state in ((1, 2, "complete"), (2, 1, "preparing")):
            put("rollout", id=number, article_id=number, revision=version, state=state, **common)
        common = {"action": "publish", "required": True, "fence": 1, "doubt": False, "overtaken": False}
        common |= {"attempts": 0, "tries": 1}
        website = {**common, "channel": "website", "kind": "website", "prepared_at": micro(1)}
        feeds = {**common, "channel": "feeds", "kind": "feeds", "due": micro()}
        put("delivery", id=1, rollout_id=1, article_id=1, revision=2, state="verified", **website)
        put("delivery", id=2, rollout_id=2, article_id=2, revision=1, state="prepared", **website)
        put("delivery", id=3, rollout_id=2, article_id=2, revision=1, state="pending", **feeds)
        if not empty_database.startswith("sqlite"):
            for table in ("article", "rollout", "delivery"):
                tx.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 9)"))
    engine.dispose()
    store = Store(empty_database, pace=Pace(), locks=tmp_path / "locks")
    store.migrate()
    with closing(store):
        yield store


def submission(article: Article) -> Submission:
    column = newsroom_of().column(article.column)
    return Submission(article=article, media={}, outlets=OUTLETS, column=column)


def test_what_was_there_is_told_as_before(store: Store) -> None:
    report = store.report("r1")
    assert (report.state, report.headline, report.revision) == (RolloutState.COMPLETE, "二", 2)
    assert [one.headline for one in store.articles(9)] == ["一", "二"]
    assert store.column_counts() == {"yaowen": 2}
    assert store.announced(NOON) == []
    assert store.waiting_columns(NOON) == []


def test_an_article_from_before_is_known_when_it_is_submitted_again(store: Store) -> None:
    """Its record has fewer fields than one has now: that is no other content."""
    again = store.publish([submission(article_of("一"))], editor="记者甲", go_live_at=NOON, now=NOON)
    assert (again.article_ids, again.created) == (("a2",), False)
    known = store.correct(
        "a1", submission(article_of("二", summary="更正")), note="", editor="记者甲", go_live_at=NOON, now=NOON
    )
    assert (known.revision, known.created) == (2, False)


def test_what_was_prepared_goes_on_to_its_gate(store: Store) -> None:
    """It was prepared before anybody spoke of checks: the gate asks for none."""
    [prepared, pending] = store.report("r2").deliveries
    assert prepared.checked_at == prepared.prepared_at == NOON + timedelta(seconds=1)
    assert (pending.state, pending.checked_at) == (DeliveryState.PENDING, None)
    claim = store.claim(pending.id, NOON)
    assert claim is not None
    assert (claim.step, claim.companions) == (Step.PREPARE, ())


def test_a_column_counts_the_articles_that_were_there(store: Store) -> None:
    filled, empty = (newsroom_of().column(name).model_copy(update={"note": "编者按"}) for name in ("yaowen", "tuopin"))
    assert store.place(filled).first is False
    assert store.place(empty).first is True


def test_revisions_from_before_have_no_reading(store: Store) -> None:
    """How a manuscript was read is kept since 0003."""
    assert [(one.article, one.revision, one.reading) for one in store.readings("r1")] == [("a1", 2, None)]
    assert [one.reading for one in store.events("a1")] == []
    reading = Reading(file="二.md")
    made = dataclasses.replace(submission(article_of("二", summary="再更正")), reading=reading)

    again = store.correct("a1", made, note="", editor="记者甲", go_live_at=NOON, now=NOON)

    assert [(one.revision, one.reading) for one in store.readings(again.rollout_id)] == [(3, reading)]
    assert [one.reading for one in store.readings("r1")] == [None]


def old_hash(content: dict[str, Any]) -> str:
    """As events were chained when each was written under the lock of the chain's head."""
    told = json.dumps({**content, "at": NOON.isoformat()}, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def test_a_chain_from_before_holds_as_it_was_and_goes_on(empty_database: str, tmp_path: Path) -> None:
    engine, before, hashes = create_engine(empty_database), "0" * 64, []
    with engine.begin() as tx:
        upgraded(tx, "0002")
        for number, who in ((1, "记者甲"), (2, "engine"), (5, "engine")):  # some transactions did not come to their end
            content = {"who": who, "what": "retry", "article_id": None, "rollout_id": None, "delivery_id": None}
            content |= {"digest": "", "data": json.dumps({"reason": "误"}, ensure_ascii=False), "previous": before}
            before = old_hash(content)
            hashes.append(before)
            names = ["id", "at", "hash", *content]
            values = {**content, "id": number, "at": micro(), "hash": before}
            given = ", ".join(f":{name}" for name in names)
            tx.execute(text(f"INSERT INTO event ({', '.join(names)}) VALUES ({given})"), values)
        tx.execute(text("UPDATE chain SET hash = :hash"), {"hash": before})
        if not empty_database.startswith("sqlite"):
            tx.execute(text("SELECT setval(pg_get_serial_sequence('event', 'id'), 9)"))
    engine.dispose()
    with closing(Store(empty_database, pace=Pace(), locks=tmp_path / "locks")) as store:
        store.migrate()
        assert (store.chain().events, store.chain().last, store.chain().broken) == (3, before, None)
        assert [store.event(number).hash for number in (1, 2, 5)] == hashes  # type: ignore[union-attr]
        store.publish([submission(article_of("一"))], editor="记者甲", go_live_at=NOON, now=NOON)
        chain = store.chain()
        assert (chain.events, chain.broken, chain.unsealed) == (4, None, 0)
        newest = store.event(6)
        assert newest is not None, "numbers go on from the last, whatever ids are given out"
        assert newest.id == (6 if store.sqlite else 10)
        with store.writing() as tx:
            tx.execute(text("UPDATE event SET who = '记者乙' WHERE id = 1"))
        assert store.broken_event() == 1


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_the_tables_are_those_that_the_code_knows(store: Store) -> None:
    with store.reading() as tx:
        differences = compare_metadata(MigrationContext.configure(tx), tables.metadata)
    others = ("alembic_version", "searched_tokens")  # Alembic's own, and what stands in 0011 for each database
    assert [one for one in differences if not any(name in str(one) for name in others)] == []
