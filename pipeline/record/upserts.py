"""Statements that are written otherwise for each database: `INSERT … ON CONFLICT`, built at first use.

SQLAlchemy's dialects are large, and a process needs that of its own database only.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


class ByDialect(dict[str, Any]):
    """A statement by the dialect's name; `made` builds it of that dialect's `insert`."""

    def __init__(self, made: Callable[[Any], Any]) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, dialect: str) -> Any:
        self[dialect] = self._made(import_module(f"sqlalchemy.dialects.{dialect}").insert)
        return self[dialect]
