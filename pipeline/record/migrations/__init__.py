"""The schema's history (Alembic). `upgrade` brings a database to the present.

Alembic is imported when a migration is due, which is once in the life of a database and never in that of a command.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_HERE = Path(__file__).parent
_TABLE = "alembic_version"


def newest() -> str:
    """The last revision: each file of `versions` bears its revision's number, `0006_notebook.py`."""
    return max(path.name.partition("_")[0] for path in (_HERE / "versions").glob("[0-9]*_*.py"))


def is_present(connection: Connection) -> bool:
    """Whether the database lacks no migration."""
    if not inspect(connection).has_table(_TABLE):
        return False
    return connection.scalars(text(f"SELECT version_num FROM {_TABLE}")).all() == [newest()]  # noqa: S608 - our own name


def upgrade(connection: Connection, to: str = "head") -> None:
    """Apply every migration that the database lacks, or those up to one, within the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
