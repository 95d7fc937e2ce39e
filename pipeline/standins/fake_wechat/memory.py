"""Documents and pictures on the disk: what was answered is never forgotten."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from pipeline.standins.fake_wechat.terms import Line


class Memory:
    """Documents by kind and id, in a SQLite file and in memory."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._file.execute("PRAGMA synchronous = OFF")  # killed is not the same as without power
        self._file.execute("CREATE TABLE IF NOT EXISTS doc (kind TEXT, id TEXT, value TEXT, PRIMARY KEY (kind, id))")
        self._file.execute("CREATE TABLE IF NOT EXISTS picture (id TEXT PRIMARY KEY, type TEXT, data BLOB)")
        self._documents: dict[str, dict[str, Line]] = {}
        for kind, name, value in self._file.execute("SELECT kind, id, value FROM doc ORDER BY rowid"):
            self._documents.setdefault(kind, {})[name] = json.loads(value)

    def close(self) -> None:
        self._file.close()

    def get(self, kind: str, name: str) -> Line | None:
        return self._documents.get(kind, {}).get(name)

    def every(self, kind: str) -> list[Line]:
        return list(self._documents.get(kind, {}).values())

    def names(self, kind: str) -> list[str]:
        return list(self._documents.get(kind, {}))

    def put(self, kind: str, name: str, value: Line) -> None:
        self._documents.setdefault(kind, {})[name] = value
        self._file.execute(
            "INSERT INTO doc VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (kind, name, json.dumps(value, ensure_ascii=False)),
        )

    def drop(self, kind: str, name: str) -> None:
        self._documents.get(kind, {}).pop(name, None)
        self._file.execute("DELETE FROM doc WHERE kind = ? AND id = ?", (kind, name))

    def number(self) -> int:
        """The next number, never given twice."""
        last = (self.get("number", "") or {"value": 0})["value"] + 1
        self.put("number", "", {"value": last})
        return int(last)

    def picture(self, name: str) -> tuple[str, bytes] | None:
        row = self._file.execute("SELECT type, data FROM picture WHERE id = ?", (name,)).fetchone()
        return (str(row[0]), bytes(row[1])) if row else None

    def keep_picture(self, name: str, media_type: str, data: bytes) -> None:
        self._file.execute("INSERT OR REPLACE INTO picture VALUES (?, ?, ?)", (name, media_type, data))
