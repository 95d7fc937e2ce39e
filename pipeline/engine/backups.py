"""A newsroom's backup: its record and its configuration in one file, taken while everything runs.

Public files are not in it: the record makes them again (`newsroom rebuild`). Secrets are not in it either: they stand
in the environment, and a password in the address of database or broker is blotted out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pipeline import newsroom
from pipeline.newsroom import Configuration
from pipeline.record import backup, copying, migrations
from pipeline.record.backup import Head, Packed
from pipeline.record.store import Store

CONFIGURATION = "configuration/"
"""Begins the names of the configuration's files."""
_PASSWORD = re.compile(r"(://[^:/@\s\"']*:)[^@/\s\"']+@")
MODE, TOGETHER = 0o600, 0o640
"""Who may read a backup: its owner; with a group of accounts, these too."""


class Placed(NamedTuple):
    """What became of the configuration's files."""

    made: tuple[Path, ...]
    beside: tuple[Path, ...]
    """Where one is there already and says something else: the backup's stands beside it."""


def write(configuration: Configuration, store: Store, place: Path, now: datetime) -> Packed:
    """Take the backup. Raises OSError where there is no room."""
    store.seal_if_may()
    with (
        store.snapshot() as tx,
        backup.packing(place, mode=TOGETHER if configuration.group else MODE) as pack,
    ):
        head = Head(
            format=backup.FORMAT,
            program=version("tongfa"),
            migration=copying.migration(tx),
            newsroom=configuration.newsroom.name,
            taken_at=now,
            last_event=copying.last_event(tx),
            counts=copying.counts(tx),
            sequences=copying.sequences(tx),
        )
        pack.add(backup.HEAD, head.model_dump_json().encode())
        for name, data in _files(configuration.path).items():
            pack.add(f"{CONFIGURATION}{name}", data)
        for name, data in copying.members(tx):
            pack.add(name, data)
        digest = pack.seal()
    return Packed(head, digest, place.stat().st_size)


def checked(place: Path) -> Packed:
    """See `backup.checked`."""
    return backup.checked(place, migrations.newest())


def configured(place: Path) -> Mapping[str, bytes]:
    """The configuration's files in a backup, by their names; the newsroom's own is the first."""
    found = {}
    for name, data in backup.members(place):
        if not name.startswith(CONFIGURATION):
            break
        told = PurePosixPath(name.removeprefix(CONFIGURATION))
        if not told.is_absolute() and ".." not in told.parts:
            found[str(told)] = data
    return found


def put(files: Mapping[str, bytes], path: Path, now: datetime) -> Placed:
    """Put the configuration's files where they are wanting; what says something else stays, and has them beside it.

    `path`: where the newsroom's own is, or is to be.
    """
    made, beside = [], []
    for number, (name, data) in enumerate(files.items()):
        target = path if number == 0 else path.parent / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            target.chmod(0o640)
            made.append(target)
        elif _blotted(target.read_bytes()) != data:
            other = target.with_name(f"{target.name}.of_backup_{now:%Y%m%d_%H%M%S}")
            other.write_bytes(data)
            other.chmod(0o640)
            beside.append(other)
    return Placed(tuple(made), tuple(beside))


def _files(path: Path) -> dict[str, bytes]:
    return dict(_read(path))


def _read(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in newsroom.files(path):
        if file.is_relative_to(path.parent):
            yield str(PurePosixPath(file.relative_to(path.parent))), _blotted(file.read_bytes())


def _blotted(data: bytes) -> bytes:
    """Without passwords in addresses."""
    return _PASSWORD.sub(r"\1***@", data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
