"""The notebook's promises, in memory and in the record, on SQLite and PostgreSQL: of all who write over one version one
does, nothing written is lost, everybody sees the same, and the channel's lock outlives nobody."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from pipeline.channel import Note, Notebook, Unavailable
from pipeline.record import tables
from pipeline.record.store import Store
from pipeline.rollout import Pace
from pipeline.testing import NOON, MemoryNotebook
from tests.conftest import fresh_database
from tests.engine.bench import at_once
from tests.engine.holding import process

HOUR = timedelta(hours=1)


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    with closing(Store(database, pace=Pace(), locks=tmp_path / "locks")) as store:
        store.migrate()
        yield store


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgresql"])
def pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Gives an empty notebook each time it is called."""
    if request.param == "memory":
        yield MemoryNotebook
        return
    folder = tmp_path_factory.mktemp("notebook")
    server = request.param == "postgresql"
    url = fresh_database(request.getfixturevalue("postgresql")) if server else f"sqlite:///{folder / 'n.db'}"
    with closing(Store(url, pace=Pace(), locks=folder)) as store:
        store.migrate()
        channels = iter(range(10**6))
        yield lambda: store.notebook(f"c{next(channels)}")


@pytest.fixture
def notebook(pages: Any) -> Notebook:
    found: Notebook = pages()
    return found


def written(notebook: Notebook, page: str) -> Note:
    note = notebook.read(page)
    assert note is not None
    return note


def events(store: Store) -> list[Any]:
    with store.reading() as tx:
        return list(tx.execute(select(tables.event).order_by(tables.event.c.id)).all())


# -- compare and set -------------------------------------------------------------------------------------


def test_a_page_is_what_was_written_last(notebook: Notebook) -> None:
    assert notebook.read("p") is None
    assert notebook.write("p", "一")
    first = written(notebook, "p")
    assert (first.text, first.age >= timedelta(0)) == ("一", True)
    assert notebook.write("p", "", over=first.version)
    assert written(notebook, "p").text == ""


def test_what_stands_there_is_not_overwritten_unseen(notebook: Notebook) -> None:
    notebook.write("p", "一")
    first = written(notebook, "p").version
    assert not notebook.write("p", "二"), "it is there already"
    assert notebook.write("p", "二", over=first)
    assert not notebook.write("p", "三", over=first), "somebody was quicker"
    assert not notebook.write("q", "三", over=first), "there is nothing to write over"
    assert not notebook.drop("p", first)
    assert (written(notebook, "p").text, notebook.pages()) == ("二", ["p"])


def test_a_dropped_page_comes_back_as_another(notebook: Notebook) -> None:
    """Who still knows the old one does not overwrite the new one."""
    notebook.write("p", "一")
    old = written(notebook, "p").version
    assert notebook.drop("p", old)
    assert notebook.read("p") is None
    assert not notebook.drop("p", old)
    notebook.write("p", "一")
    assert written(notebook, "p").version != old
    assert not notebook.write("p", "二", over=old)


def test_names_are_found_by_how_they_begin(notebook: Notebook) -> None:
    names = ["a/1", "a/10", "a/2", "A/1", "a", "ab", "a%", "a_", "第1页", "第1页/附"]
    for name in names:
        assert notebook.write(name, "")
    for prefix in ("", "a", "a/", "A", "a%", "a_", "第", "第1页/", "b"):
        assert notebook.pages(prefix) == sorted(name for name in names if name.startswith(prefix)), prefix


def test_channels_do_not_see_each_others_pages(store: Store) -> None:
    one, other = store.notebook("tv"), store.notebook("app")
    assert one.write("p", "一")
    assert other.read("p") is None
    assert other.write("p", "二")
    assert not other.drop("p", written(one, "p").version)
    assert other.prune("", timedelta(0)) == 1
    assert written(one, "p").text == "一"


def test_what_was_not_written_for_long_is_pruned(store: Store) -> None:
    notebook = store.notebook("tv")
    for page in ("old/1", "old/2", "kept"):
        notebook.write(page, "")
    aged = (tables.notebook.c.page != "old/2") & (tables.notebook.c.channel == "tv")
    with store.writing() as tx:
        for page, at in tx.execute(select(tables.notebook.c.page, tables.notebook.c.at).where(aged)).all():
            here = tables.notebook.c.page == page
            tx.execute(tables.notebook.update().where(here).values(at=at - 2 * HOUR))
    assert written(notebook, "old/1").age >= 2 * HOUR
    assert notebook.prune("old/", HOUR) == 1
    assert notebook.prune("old/", HOUR) == 0
    assert notebook.pages() == ["kept", "old/2"]


def test_what_was_not_written_for_long_is_pruned_in_memory_too() -> None:
    now = [NOON]
    notebook = MemoryNotebook(lambda: now[0])
    notebook.write("old/1", "")
    now[0] += HOUR
    notebook.write("old/2", "")
    assert written(notebook, "old/1").age == HOUR
    assert notebook.prune("old/", HOUR) == 1
    assert notebook.pages() == ["old/2"]


PAGES = st.sampled_from(["a", "a/1", "b"])
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PAGES, st.sampled_from(["", "x", "长文" * 999]), st.integers(-1, 40)),
        st.tuples(st.just("drop"), PAGES, st.just(""), st.integers(0, 40)),
        st.tuples(st.just("prune"), st.sampled_from(["a", "a/", "c"]), st.just(""), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(deeds=DEEDS)
def test_a_notebook_is_a_dictionary_that_compares_and_sets(pages: Any, deeds: list[tuple[str, str, str, int]]) -> None:
    """Whatever is done in whatever order, with versions that are right, stale, or another page's."""
    notebook: Notebook = pages()
    model: dict[str, tuple[str, int]] = {}
    seen: list[int] = []
    for deed, page, content, which in deeds:
        version = None if which < 0 or not seen else seen[which % len(seen)]
        standing = model[page][1] if page in model else None
        if deed == "write":
            right = standing == version
            assert notebook.write(page, content, over=version) is right
            if right:
                note = written(notebook, page)
                assert note.version not in seen, "a version never comes back"
                seen.append(note.version)
                model[page] = (content, note.version)
        elif deed == "drop" and version is not None:
            assert notebook.drop(page, version) is (standing == version)
            if standing == version:
                del model[page]
        elif deed == "prune":
            gone = [one for one in model if one.startswith(page)]
            assert notebook.prune(page, timedelta(0)) == len(gone)
            for one in gone:
                del model[one]
        assert notebook.pages() == sorted(model)
        for one in ("a", "a/1", "b"):
            found = notebook.read(one)
            assert (found and (found.text, found.version)) == model.get(one)


# -- several at once -------------------------------------------------------------------------------------


def test_of_several_threads_one_writes(notebook: Notebook) -> None:
    for turn in range(5):
        assert at_once(6, lambda n, turn=turn: notebook.write(f"p{turn}", str(n))).count(True) == 1
        over = written(notebook, f"p{turn}").version
        assert at_once(6, lambda n, turn=turn, over=over: notebook.write(f"p{turn}", "", over)).count(True) == 1


def raced(store: Store, locks: Path, deed: str, more: str) -> list[str]:
    """What two processes said that began at the same time."""
    url = store.engine.url.render_as_string(hide_password=False)
    with ExitStack() as stack:
        both = [stack.enter_context(process(deed, url, locks, "tv", more)) for _ in range(2)]
        for one in both:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
        for one in both:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        return [one.communicate(timeout=60)[0].strip() for one in both]


def test_no_count_of_two_processes_is_lost(store: Store, tmp_path: Path) -> None:
    raced(store, tmp_path / "locks", "count", "60")
    assert written(store.notebook("tv"), "count").text == "120"
    assert len(events(store)) == 120
    assert store.broken_event() is None


def test_each_page_is_claimed_by_one_process(store: Store, tmp_path: Path) -> None:
    one, other = (set(said.split()) for said in raced(store, tmp_path / "locks", "claim", "60"))
    assert one.isdisjoint(other)
    assert one | other == {str(n) for n in range(60)}


# -- events ----------------------------------------------------------------------------------------------


def test_every_change_is_an_event_and_a_small_one(store: Store) -> None:
    notebook, long = store.notebook("tv"), "串联单" * 100_000
    assert notebook.write("programme/2026-11-24", long)
    first = written(notebook, "programme/2026-11-24").version
    assert notebook.write("programme/2026-11-24", "改", over=first, by="李四", deed="programme locked")
    assert not notebook.write("programme/2026-11-24", "无", over=first), "what did not happen is no event"
    assert not notebook.drop("programme/2026-11-24", first)
    second = written(notebook, "programme/2026-11-24").version
    assert notebook.drop("programme/2026-11-24", second)
    assert notebook.write("question/1", "")
    assert notebook.prune("question/", timedelta(0)) == 1
    assert notebook.prune("question/", timedelta(0)) == 0
    found = events(store)
    assert [(one.who, one.what) for one in found] == [
        ("engine", "note"),
        ("李四", "programme locked"),
        ("engine", "note dropped"),
        ("engine", "note"),
        ("engine", "notes dropped"),
    ]
    assert found[0].digest == hashlib.sha256(long.encode()).hexdigest()
    assert json.loads(found[0].data) == {"channel": "tv", "page": "programme/2026-11-24", "version": first}
    assert json.loads(found[4].data) == {"channel": "tv", "prefix": "question/", "count": 1}
    assert max(len(one.data) for one in found) < 200
    assert store.broken_event() is None


# -- the channel's lock ----------------------------------------------------------------------------------


def holder(store: Store, locks: Path, channel: str = "tv") -> subprocess.Popen[str]:
    """Another process that has the channel's lock."""
    found = process("hold", store.engine.url.render_as_string(hide_password=False), locks, channel)
    assert found.stdout is not None
    assert found.stdout.readline() == "held\n"
    return found


def test_whoever_is_killed_leaves_no_lock_behind(store: Store, tmp_path: Path) -> None:
    with holder(store, tmp_path / "locks") as other:
        with store.notebook("app").exclusive():  # another channel's
            pass
        with pytest.raises(Unavailable) as refused, store.exclusive("tv", timedelta(milliseconds=200)):
            raise AssertionError("two have it")
        assert "tv" in str(refused.value.problem.message)
        assert refused.value.problem.remedy.template
        assert not refused.value.sent
        os.kill(other.pid, signal.SIGKILL)
        with store.notebook("tv").exclusive():
            assert store.notebook("tv").write("p", "")


def test_whoever_is_stopped_keeps_it(store: Store, tmp_path: Path) -> None:
    """It would go on where it was, over what others have done meanwhile."""
    with holder(store, tmp_path / "locks") as other:
        os.kill(other.pid, signal.SIGSTOP)
        try:
            with pytest.raises(Unavailable), store.exclusive("tv", timedelta(milliseconds=200)):
                raise AssertionError("two have it")
        finally:
            os.kill(other.pid, signal.SIGCONT)
        assert other.stdin is not None
        other.stdin.close()
        with store.notebook("tv").exclusive():
            pass


def test_an_adapters_lock_is_the_catalogues(store: Store) -> None:
    catalogue = store.catalogue("tv", lambda: pytest.fail("no time is asked for"))
    with catalogue.exclusive(), pytest.raises(Unavailable):
        at_once(1, lambda _: store.exclusive("tv", timedelta(milliseconds=50)).__enter__())


def test_no_transaction_is_open_while_it_is_held(postgresql: str, tmp_path: Path) -> None:
    url = fresh_database(postgresql)
    watching = create_engine(url)
    with closing(Store(url, pace=Pace(), locks=tmp_path)) as store:
        store.migrate()
        with store.notebook("tv").exclusive(), watching.connect() as other:
            open_ = other.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
                )
            )
            locks = other.scalar(text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"))
        assert (open_, locks) == (0, 1)
    watching.dispose()


def test_a_lock_that_was_lost_with_its_connection_is_told(postgresql: str, tmp_path: Path) -> None:
    url = fresh_database(postgresql)
    other = create_engine(url, isolation_level="AUTOCOMMIT")
    with closing(Store(url, pace=Pace(), locks=tmp_path)) as store:
        store.migrate()
        with pytest.raises(Unavailable) as lost, store.notebook("tv").exclusive(), other.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        assert lost.value.sent, "what was done under it may have met somebody else's"
        with store.notebook("tv").exclusive():
            pass
    other.dispose()


def test_a_lock_in_memory_is_not_taken_inside_itself() -> None:
    notebook = MemoryNotebook()
    with notebook.exclusive(), pytest.raises(AssertionError, match="inside itself"), notebook.exclusive():
        raise AssertionError("twice")
    entered = threading.Event()
    with notebook.exclusive():
        thread = threading.Thread(target=lambda: notebook.exclusive().__enter__() or entered.set())
        thread.start()
        assert not entered.is_set()
    thread.join()
    assert entered.is_set()


# -- a database that is away ------------------------------------------------------------------------------


def test_a_record_that_is_away_is_unavailable_and_leaves_a_doubt(tmp_path: Path) -> None:
    """An adapter may be in the middle of a deed: the engine asks before it repeats one."""
    with closing(Store(f"sqlite:///{tmp_path / 'no' / 'n.db'}", pace=Pace(), locks=tmp_path)) as store:
        notebook = store.notebook("tv")
        for deed in (
            lambda: notebook.read("p"),
            lambda: notebook.write("p", ""),
            lambda: notebook.drop("p", 1),
            notebook.pages,
            lambda: notebook.prune("", HOUR),
        ):
            with pytest.raises(Unavailable) as trouble:
                deed()
            assert trouble.value.sent
            assert trouble.value.problem.field == "[engine] database"
