"""A backup's file: a compressed tar, written and read as a stream, whose members are proven by their digests.

    tongfa.json        first: what it is (`Head`)
    …                  what was packed, in that order
    digests.json       last: length and SHA-256 of every member, and one over all of them

Digests tell of what was damaged or cut off, not of who changed it: whoever can write the file can write them, too.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from pydantic import AwareDatetime, ValidationError

from pipeline.article.value import Frozen
from pipeline.channel import Problem, Text
from pipeline.record.refusals import Impossible

FORMAT = 1
"""Of these files. What a higher one holds this program does not know."""
HEAD, DIGESTS = "tongfa.json", "digests.json"
_PIECE = 1 << 20
"""Bytes that are read at once."""


class Head(Frozen):
    """What a backup says of itself."""

    format: int
    program: str
    """The version of the program that made it."""
    migration: str
    """The last migration of its tables."""
    newsroom: str
    taken_at: AwareDatetime
    last_event: int
    """The number of the last event's row in it."""
    counts: dict[str, int]
    """How many articles, pictures and so on are in it."""
    sequences: dict[str, int]
    """By table: the last number that it has given out."""


class Packed(NamedTuple):
    """What became of packing or looking through a file."""

    head: Head
    digest: str
    """SHA-256 over the list of its members' digests: the whole's own."""
    size: int
    """Bytes of the file."""


class Packing:
    """A backup that is being written. `add` in any number of calls; see `packing`."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self._listed: list[tuple[str, int, str]] = []

    def add(self, name: str, data: bytes) -> None:
        self._put(name, data)
        self._listed.append((name, len(data), hashlib.sha256(data).hexdigest()))

    def seal(self) -> str:
        """Write the digests; that of the whole."""
        whole = _whole(self._listed)
        self._put(DIGESTS, json.dumps({"whole": whole, "members": self._listed}, indent=0).encode())
        return whole

    def _put(self, name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = len(data), 0o600, int(datetime.now(UTC).timestamp())
        self._archive.addfile(member, io.BytesIO(data))


@contextmanager
def packing(place: Path, *, mode: int = 0o600) -> Iterator[Packing]:
    """Write a file beside its place, and put it there once it is whole and on the disk. Raises OSError."""
    beside = place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
            with (
                gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0, filename="") as packed,
                tarfile.open(fileobj=packed, mode="w|") as archive,
            ):
                yield Packing(archive)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, mode)
        os.replace(beside, place)
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        error.filename = error.filename or str(place)
        raise
    finally:
        with suppress(OSError):
            os.unlink(beside)


def checked(place: Path, newest_migration: str) -> Packed:
    """Read the whole file and compare every member with its digest. Raises `Impossible` for one that is broken, newer
    than this program, or no backup, and OSError for one that cannot be read."""
    listed: list[tuple[str, int, str]] = []
    head: Head | None = None
    told: dict[str, object] = {}
    with _damage(place):
        for name, file in _members(place):
            if head is None:
                head = _head(place, name, file.read(_PIECE), newest_migration, listed)
            elif name == DIGESTS:
                told = _told(place, file.read())
            else:
                listed.append((name, *_digested(file)))
    if head is None:
        raise _no_backup(place)
    expected = told.get("members")
    if not isinstance(expected, list):
        raise _short(place)
    for one, other in zip(listed, expected, strict=False):
        if list(one) != other:
            raise _changed(place, one[0])
    if len(listed) != len(expected) or _whole(listed) != told.get("whole"):
        raise _short(place)
    return Packed(head, _whole(listed), place.stat().st_size)


def members(place: Path) -> Iterator[tuple[str, bytes]]:
    """What was packed, in that order. The file has been `checked`."""
    for name, file in _members(place):
        if name not in (HEAD, DIGESTS):
            yield name, file.read()


def _members(place: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(place, mode="r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None:
                raise _changed(place, member.name)
            yield member.name, file


def _digested(file: IO[bytes]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


@contextmanager
def _damage(place: Path) -> Iterator[None]:
    """Tell what tar and gzip stumble over."""
    try:
        yield
    except (tarfile.ReadError, EOFError, zlib.error) as error:
        if "not a gzip file" in str(error) or "empty file" in str(error):
            raise _no_backup(place) from error
        raise _broken(Text.of("{path} is damaged: {reason}", path=str(place), reason=str(error))) from error


def _head(place: Path, name: str, data: bytes, newest_migration: str, listed: list[tuple[str, int, str]]) -> Head:
    if name != HEAD:
        raise _no_backup(place)
    try:
        told = json.loads(data)
        newer = int(told["format"]) > FORMAT or str(told["migration"]) > newest_migration
        program = str(told["program"])
    except (ValueError, KeyError, TypeError) as error:
        raise _changed(place, HEAD) from error
    if newer:
        message = Text.of(
            "{path} was made by a newer version of this program, {version}", path=str(place), version=program
        )
        remedy = Text.of("install version {version} or later, and restore it with that", version=program)
        raise Impossible(Problem(field="FILE", message=message, remedy=remedy))
    try:
        head = Head.model_validate_json(data)
    except ValidationError as error:
        raise _changed(place, HEAD) from error
    listed.append((HEAD, len(data), hashlib.sha256(data).hexdigest()))
    return head


def _told(place: Path, data: bytes) -> dict[str, object]:
    try:
        told: dict[str, object] = json.loads(data)
    except ValueError as error:
        raise _short(place) from error
    return told


def _whole(listed: list[tuple[str, int, str]]) -> str:
    return hashlib.sha256("".join(f"{digest} {size} {name}\n" for name, size, digest in listed).encode()).hexdigest()


def _broken(message: Text) -> Impossible:
    remedy = Text.of("nothing was changed; take another copy of it, or an older backup")
    return Impossible(Problem(field="FILE", message=message, remedy=remedy))


def _short(place: Path) -> Impossible:
    return _broken(Text.of("{path} is damaged: its end is wanting", path=str(place)))


def _changed(place: Path, member: str) -> Impossible:
    return _broken(Text.of("{path} is damaged: {member} is not what was packed", path=str(place), member=member))


def _no_backup(place: Path) -> Impossible:
    return Impossible(
        Problem(
            field="FILE",
            message=Text.of("{path} is no backup of a newsroom", path=str(place)),
            remedy=Text.of("name a file that newsroom backup has made"),
        )
    )
