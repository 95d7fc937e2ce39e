"""How long anybody waits for the database, who is named then, and what a restart of the database costs: nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from pipeline.channel import Unavailable
from pipeline.record import waits
from pipeline.record.database import channel_lock
from pipeline.record.store import Store
from tests.conftest import fresh_database, postgresql_server
from tests.engine.bench import PACE, Bench
from tests.engine.simulation import ManualClock

SHORT = timedelta(milliseconds=50)
LINUX = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who has locked a file")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for more than a moment."""
    for name in ("LOCK", "TURN", "BUSY"):
        monkeypatch.setattr(waits, name, SHORT)


@contextmanager
def another_process(program: str, *arguments: object) -> Iterator[int]:
    """A process that has done what the program says and waits; its id."""
    command = [
        sys.executable,
        "-c",
        f"import sys\n{program}\nprint(flush=True)\nsys.stdin.read()",
        *map(str, arguments),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


WRITES = """
import sqlite3
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
"""
LOCKS = """
import filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
"""


def settings(connection: Connection) -> dict[str, int]:
    """This session's times in milliseconds, as the server has them."""
    rows = connection.execute(text("SELECT name, setting FROM pg_settings WHERE name LIKE '%timeout'"))
    return {name: int(setting) for name, setting in rows}


# -- limits -----------------------------------------------------------------------------------------------


def test_every_connection_to_postgresql_has_its_limits(postgresql: str, tmp_path: Path) -> None:
    with closing(Store(fresh_database(postgresql), pace=PACE, locks=tmp_path)) as store:
        store.migrate()
        with store.reading() as tx:
            here = settings(tx)
            assert tx.scalar(text("SHOW application_name")).endswith(str(os.getpid()))  # type: ignore[union-attr]
        assert here["lock_timeout"] == 8000
        assert here["statement_timeout"] == 10000
        assert here["idle_in_transaction_session_timeout"] == 5000
        with store.reading(long=True) as tx:
            assert settings(tx)["statement_timeout"] == 600_000
        with store.exclusive("site"), store.reading() as tx:
            assert settings(tx) == here, "what a channel's lock needs ends with it"


def test_who_waits_for_a_stopped_process_outlasts_it() -> None:
    """The order of the limits is the rule: undone, then given up, then the statement, then the connection."""
    assert waits.IDLE < waits.LOCK < waits.STATEMENT < waits.TCP
    assert waits.TURN + waits.BUSY < waits.LOCK


def test_what_the_address_says_has_precedence() -> None:
    url = make_url("postgresql+psycopg://db/tongfa?connect_timeout=1&options=-c%20lock_timeout%3D7&application_name=x")
    ours = waits.arguments(url)
    assert not {"connect_timeout", "application_name"} & ours.keys()
    assert ours["tcp_user_timeout"] == 15000
    options = str(ours["options"])
    assert options.index("lock_timeout=8000") < options.index("lock_timeout=7"), "the server takes the last"


# -- who holds it -----------------------------------------------------------------------------------------


@LINUX
@pytest.mark.parametrize("stopped", [False, True])
def test_who_writes_into_the_sqlite_file_is_named(tmp_path: Path, impatient: None, stopped: bool) -> None:
    database = tmp_path / "newsroom.db"
    with closing(Store(f"sqlite:///{database}", pace=PACE, locks=tmp_path)) as store:
        store.migrate()
        with another_process(WRITES, database) as process:
            if stopped:
                os.kill(process, signal.SIGSTOP)
            with pytest.raises(waits.Held) as caught, store.writing():
                pass
            assert store.articles(1) == [], "who only reads does not wait"
    problem = caught.value.problem
    assert f"a process holds the database: {process} {sys.executable}" in str(problem.message)
    assert (f"kill -CONT {process}" in str(problem.remedy)) is stopped
    assert f"kill {'-9 ' if stopped else ''}{process}" in str(problem.remedy)


@LINUX
def test_who_reads_the_sqlite_file_is_not_named(tmp_path: Path) -> None:
    database = tmp_path / "newsroom.db"
    reads = (
        WRITES.replace("BEGIN IMMEDIATE", "BEGIN").rstrip() + "\nconnection.execute('SELECT * FROM event').fetchall()"
    )
    with closing(Store(f"sqlite:///{database}", pace=PACE, locks=tmp_path)) as store:
        store.migrate()
        with another_process(reads, database):
            assert waits.holder_of(Path(f"{database}-shm")) is None
            with store.writing() as tx:
                assert tx.scalar(text("SELECT count(*) FROM event")) == 0


@LINUX
def test_who_migrates_is_waited_for_and_named(tmp_path: Path, impatient: None) -> None:
    place = tmp_path / "migrate.lock"
    with closing(Store(f"sqlite:///{tmp_path / 'newsroom.db'}", pace=PACE, locks=tmp_path)) as store:
        with another_process(LOCKS, place) as process, pytest.raises(waits.Held) as caught:
            store.migrate()
        store.migrate()
        with another_process(LOCKS, place):
            store.migrate()  # nothing is to be done: nobody is waited for
    assert f": {process} " in str(caught.value.problem.message)


def test_where_nobody_tells_who_it_is_the_way_to_find_out_is_told(tmp_path: Path) -> None:
    problem = waits.held_file(tmp_path / "newsroom.db").problem
    assert str(problem.message) == "another process has held the database for too long"
    assert f"fuser -v {tmp_path / 'newsroom.db'}" in str(problem.remedy)


def test_somebody_elses_transaction_in_postgresql_is_named(postgresql: str, tmp_path: Path, impatient: None) -> None:
    url = fresh_database(postgresql)
    bench = Bench(url, tmp_path)
    known = bench.publish()
    other = create_engine(url, connect_args={"application_name": "psql"})
    with other.begin() as tx:
        session = tx.scalar(text("SELECT pg_backend_pid()"))
        tx.execute(text("LOCK TABLE delivery"))
        tx.execute(text("UPDATE rollout SET reason = reason"))
        with pytest.raises(waits.Held) as caught:
            bench.withdraw(known)
    problem = caught.value.problem
    assert str(problem.message) == f"a process holds the database: psql ({session})"
    assert str(problem.remedy).endswith(f"SELECT pg_terminate_backend({session})")
    bench.withdraw(known)
    other.dispose()
    bench.store.close()


def test_a_process_of_this_newsroom_in_postgresql_is_named_by_its_own_id(
    postgresql: str, tmp_path: Path, impatient: None
) -> None:
    """Its host and process stand in its connection's name: elsewhere one has to go there to look."""
    url = fresh_database(postgresql)
    bench = Bench(url, tmp_path)
    mine = waits.arguments(make_url(url))["application_name"]
    for name, told in ((str(mine), f"kill {os.getpid()}"), ("tongfa elsewhere 4711", "process 4711 on elsewhere")):
        other = create_engine(url, connect_args={"application_name": name})
        with other.begin() as tx:
            tx.execute(text("LOCK TABLE event"))
            tx.execute(text("SELECT txid_current()"))
            with pytest.raises(waits.Held) as caught:
                bench.publish()
        assert told in str(caught.value.problem.remedy)
        other.dispose()
    bench.store.close()


@LINUX
def test_who_has_a_channels_lock_is_named(bench: Bench, postgresql: str) -> None:
    if bench.store.sqlite:
        program, place = LOCKS, str(bench.store._lock_file("channel-site"))
    else:
        program = "import psycopg\nc = psycopg.connect(sys.argv[1])\nc.execute('SELECT pg_advisory_lock(%s)', [LOCK])"
        program = program.replace("LOCK", str(channel_lock("site")))
        place = bench.store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        place += f"&application_name=tongfa%20elsewhere%20{os.getpid()}"
    with another_process(program, place) as process, pytest.raises(Unavailable) as caught:
        _enter(bench.store, "site")
    told = str(process) if bench.store.sqlite else f"{os.getpid()} (elsewhere)"
    assert str(caught.value.problem.message).startswith(f"a process holds the lock of site: {told}")


def _enter(store: Store, channel: str) -> None:
    with store.exclusive(channel, patience=SHORT):
        pass


# -- a database that is started again ---------------------------------------------------------------------


def test_connections_survive_a_restart_of_the_database(tmp_path: Path) -> None:
    with postgresql_server(tmp_path) as server:
        bench = Bench(fresh_database(server.url), tmp_path)
        known = bench.publish()
        with bench.store.reading(), bench.store.reading():  # two connections wait in the pool
            pass
        server.restart()
        assert bench.report(known).article == known
        bench.run()
        bench.withdraw(known)
        bench.run()
        assert bench.store.broken_event() is None
        bench.store.close()


def test_an_outcome_is_recorded_when_the_database_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgresql_server(tmp_path) as server:
        bench = Bench(fresh_database(server.url), tmp_path)
        known = bench.publish()
        claim = bench.store.claim(1, bench.clock.now())
        assert claim is not None
        attempt = bench.engine.steps.attempt(claim)
        server.stop()
        waited: list[datetime] = []

        def wait(clock: ManualClock, moment: datetime) -> None:
            waited.append(moment)
            clock.moment = max(clock.moment, moment)
            server.start()

        monkeypatch.setattr(ManualClock, "wait_until", wait)
        assert bench.engine.steps.finish(claim, attempt) is not None
        assert len(waited) == 1
        assert bench.report(known).deliveries[0].prepared_at is not None
        bench.store.close()


def test_an_outcome_waits_no_longer_than_its_claim_holds(tmp_path: Path) -> None:
    with postgresql_server(tmp_path) as server:
        bench = Bench(fresh_database(server.url), tmp_path)
        bench.publish()
        claim = bench.store.claim(1, bench.clock.now())
        assert claim is not None
        attempt = bench.engine.steps.attempt(claim)
        server.stop()
        with pytest.raises(SQLAlchemyError):
            bench.engine.steps.finish(claim, attempt)
        assert bench.clock.now() < claim.lease_until
        bench.store.close()


def test_a_lock_that_was_lost_with_the_database_is_told(tmp_path: Path) -> None:
    with postgresql_server(tmp_path) as server:
        bench = Bench(fresh_database(server.url), tmp_path)
        with pytest.raises(Unavailable) as caught, bench.store.exclusive("site"):
            server.restart()
        assert caught.value.sent, "whatever was done without the lock is looked at again"
        with bench.store.exclusive("site"):
            pass
        bench.store.close()


def test_threads_that_wait_for_a_channel_take_no_connections(postgresql: str, tmp_path: Path) -> None:
    """Otherwise more of them than there are connections would leave none to the one that has the lock."""
    store = Store(fresh_database(postgresql), pace=PACE, locks=tmp_path)
    store.migrate()
    inside, done = threading.Event(), []

    def enter() -> None:
        with store.exclusive("site"):
            inside.set()
            done.append(store.ready())

    with store.exclusive("site"):
        threads = [threading.Thread(target=enter) for _ in range(60)]
        for thread in threads:
            thread.start()
        assert store.engine.pool.checkedout() <= 1  # type: ignore[attr-defined]
        assert not inside.is_set()
    for thread in threads:
        thread.join()
    assert done == [True] * 60
    store.close()


# -- what is said -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "remedy"),
    [
        (lambda folder: folder / "gone" / "newsroom.db", "look whether its folder is there"),
        (lambda folder: _written(folder / "newsroom.db", b"no database" * 1000), "put the last backup in its place"),
    ],
)
def test_the_remedy_is_that_of_the_cause(tmp_path: Path, made: object, remedy: str) -> None:
    store = Store(f"sqlite:///{made(tmp_path)}", pace=PACE, locks=tmp_path)  # type: ignore[operator]
    with closing(store), pytest.raises(DBAPIError) as caught:
        store.migrate()
    assert remedy in str(waits.trouble(caught.value).remedy)


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_server_that_is_away_is_to_be_started(tmp_path: Path) -> None:
    store = Store("postgresql+psycopg://127.0.0.1:1/tongfa", pace=PACE, locks=tmp_path)
    with closing(store), pytest.raises(DBAPIError) as caught:
        store.migrate()
    problem = waits.trouble(caught.value)
    assert "127.0.0.1" in str(problem.message)
    assert str(problem.remedy) == "start it, or correct its address (TONGFA_DATABASE_URL)"


def test_what_takes_too_long_is_told_apart_from_what_is_held(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "STATEMENT", SHORT)
    with closing(Store(fresh_database(postgresql), pace=PACE, locks=tmp_path)) as store:
        with pytest.raises(DBAPIError) as caught, store.reading() as tx:
            tx.execute(text("SELECT pg_sleep(60)"))
        assert "pg_stat_activity" in str(waits.trouble(caught.value).remedy)
        with store.reading(long=True) as tx:
            assert tx.scalar(text("SELECT pg_sleep(0.1) IS NOT NULL"))


def test_sqlite_names_its_errors_by_number() -> None:
    """`waits` relies on it; the wheel's module does too."""
    assert sqlite3.SQLITE_BUSY == 5
    assert sqlite3.SQLITE_LOCKED == 6
