"""Where files lie: bytes at places of a file system that fsspec knows, each written whole or not at all.

A local file is written where nobody looks, synced and renamed; an object store's put is atomic by itself. Places are
whole paths. Every failure is `Unavailable`, with what happened and what to do.

What is prepared waits on the file system of the root, so that a release is a rename: in the folder `near`, as long as
files can be moved from it into the root; else in `.staging` in the root, which no other user may look into.
"""

from __future__ import annotations

import errno
import os
import pwd
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline import lease
from pipeline.article import served
from pipeline.channel import Problem, Text, Unavailable

ROOM = 256 * 1024
"""Bytes that must be free for what a release writes beside what is staged."""
INSIDE, UNFINISHED, PROBE = ".staging", ".unfinished", ".writable"

_TROUBLE: Mapping[int, tuple[Text, Text]] = {
    errno.EXDEV: (
        Text.of("{folder} is not on the file system of {staging}, where prepared files wait"),
        Text.of(
            "set the channel's option staging to a folder on the file system of {folder} that no server shows, or "
            "leave it out"
        ),
    ),
    errno.EROFS: (
        Text.of("the file system of {folder} is read-only"),
        Text.of("mount it so that it can be written; if it became so by itself, look at the disk first"),
    ),
    errno.ENOSPC: (
        Text.of("there is no space left in {folder}"),
        Text.of("make space on its file system or enlarge it; df -h and df -i tell what is used up"),
    ),
    errno.EDQUOT: (
        Text.of("the quota for {folder} is used up"),
        Text.of("raise the quota of the user {user}, or delete what is not needed there"),
    ),
    errno.EACCES: (
        Text.of("the user {user} may not write in {folder}"),
        Text.of("give this user the right to write in {folder} and in the folders below it"),
    ),
}
"""(what happened, what to do) by the number of the error."""
_SAME = {errno.EPERM: errno.EACCES}


class Storage:
    """A folder or an object store: what stands under `root` (a path or an fsspec URL), and what waits for it."""

    def __init__(self, root: str, *, staging: str = "", near: str = "") -> None:
        self.fs, self.root = _located(root)
        self._staging = _located(staging)[1] if staging else "" if self.is_local else f"{self.root}{INSIDE}"
        self._near = _located(near)[1] if near else ""
        self._found = ""
        self.data: Path | None = None
        """The data folder of this machine, where the files are a configured channel's."""
        self.public = False
        """Whether everybody on this machine may read what stands under the root, whatever is kept from them elsewhere:
        a server of the site has an account of its own."""
        self.waits = True
        """Whether a written file is on the disk when the call returns; else the system writes it some seconds later."""

    @property
    def is_local(self) -> bool:
        """Whether `root` is a folder of this machine."""
        return isinstance(self.fs, LocalFileSystem)

    @property
    def ground(self) -> str:
        """Names the place of `root`, whatever links lead to it; one in the data folder by its path there, which is the
        same on every machine."""
        if not self.is_local:
            return str(self.fs.unstrip_protocol(self.root)).rstrip("/")
        place = Path(os.path.realpath(self.root))
        return place.relative_to(self.data).as_posix() if self.data in (place, *place.parents) else str(place)

    @property
    def staging(self) -> str:
        """Where prepared files wait. Looked up anew by `prove`, and after any trouble: a file system may be mounted
        later."""
        if self._staging:
            return self._staging
        if not self._found:
            near = self._near and _can_move(self._near, self.root)
            self._found = self._near if near else f"{self.root}/{INSIDE}"
        return self._found

    @staging.setter
    def staging(self, folder: str) -> None:
        self._staging = folder

    def named(self, place: str) -> str:
        """A place as a person writes it."""
        return place if self.is_local else str(self.fs.unstrip_protocol(place))

    def prove(self, *paths: str) -> None:
        """Raise `Unavailable` unless a release could now put files at these paths, and in the root.

        A little file is moved to where each of them will stand, as a release does it, and removed again; `ROOM` bytes
        are written. What is not there yet is made by nobody: its place is the nearest folder there is.
        """
        self._found = ""
        if not self.is_local:
            place = f"{self.root}/{PROBE}"
            with self.trouble(self.root), suppress(FileNotFoundError):
                self.fs.pipe_file(place, b"")
                self.fs.rm_file(place)
            return
        with self._unfinished(b"\0" * ROOM, sync=False):
            pass
        for folder in dict.fromkeys(_standing(os.path.dirname(f"{self.root}/{path}")) for path in ("x", *paths)):
            with self._unfinished(b"", sync=False) as probe, self.trouble(folder):
                os.replace(probe, f"{folder}/{PROBE}")
                with suppress(FileNotFoundError):  # another one's proof may have removed it: it stood there
                    os.unlink(f"{folder}/{PROBE}")

    def read(self, place: str) -> bytes | None:
        """What stands there, or None."""
        with self.trouble(place):
            try:
                data: bytes = self.fs.cat_file(place)
                return data
            except FileNotFoundError:
                return None

    def write(self, place: str, data: bytes, *, sync: bool = True) -> None:
        """Put it there, whole. `sync`: see `waits`."""
        lease.require()
        if not self.is_local:
            with self.trouble(place):
                self.fs.pipe_file(place, data, **self._told(place))
            return
        with self._unfinished(data, sync=sync) as unfinished, self.trouble(os.path.dirname(place)):
            self._move(unfinished, place)

    def size(self, place: str) -> int | None:
        """Its length in bytes, asked of the storage each time, or None if there is none."""
        with self.trouble(place):
            self.fs.invalidate_cache(place)  # what a listing said may be another machine's past
            try:
                return int(self.fs.info(place)["size"])
            except FileNotFoundError:
                return None

    def exists(self, place: str) -> bool:
        with self.trouble(place):
            self.fs.invalidate_cache(place)
            return bool(self.fs.exists(place))

    def names(self, folder: str) -> list[str]:
        """The names of the files below a folder, sorted."""
        with self.trouble(folder):
            self.fs.invalidate_cache(folder)  # another machine may have written
            return sorted(str(found).rpartition("/")[2] for found in self.fs.find(folder))

    def remove(self, place: str) -> bool:
        """Remove a file; False if it is not there."""
        lease.require()
        with self.trouble(place), suppress(FileNotFoundError):
            self.fs.rm_file(place)
            return True
        return False

    def clear(self, folder: str) -> None:
        """Remove a folder with all that is in it, if it is there."""
        lease.require()
        with self.trouble(folder), suppress(FileNotFoundError):
            self.fs.rm(folder, recursive=True)

    def move(self, source: str, target: str) -> bool:
        """Move what waits, synced when it was written, to where it is to stand; False if it is not there.

        It is as old as this, not as its preparation: who asks whether it has changed since is told by that.
        """
        lease.require()
        with self.trouble(target):
            try:
                if self.is_local:
                    os.utime(source)
                    self._move(source, target)
                else:
                    self.fs.mv(source, target)
            except FileNotFoundError:
                return False
        return True

    def _told(self, place: str) -> Mapping[str, str]:
        """What an object store is told of a file, to tell it to everybody who asks for it; staged files are moved with
        it."""
        if "s3" not in self.fs.protocol:
            return {}
        return {"ContentType": served.content_type(place), "CacheControl": served.cache_control(place)}

    def _move(self, source: str, target: str) -> None:
        """Move a file to a folder that may have to be made. FileNotFoundError if there is no such file."""
        if self._is_open(target):
            _open_up(source, 0o444)
        try:
            os.replace(source, target)
        except FileNotFoundError:
            self._make(os.path.dirname(target))
            os.replace(source, target)

    @contextmanager
    def _unfinished(self, data: bytes, *, sync: bool = True) -> Iterator[str]:
        """A file with this content where nobody looks, removed afterwards if it is still there.

        Not beside its place: what a killed worker leaves there would stay public.
        """
        staging = self.staging
        place = f"{staging}/{UNFINISHED}/{uuid.uuid4().hex}"
        try:
            with self.trouble(staging):
                if not os.path.isdir(os.path.dirname(place)):
                    self._make(os.path.dirname(place))
                with open(place, "xb") as file:
                    file.write(data)
                    file.flush()
                    if sync and self.waits:
                        os.fsync(file.fileno())
            yield place
        finally:
            with suppress(OSError):
                os.unlink(place)

    def _make(self, folder: str) -> None:
        """Make a folder; what waits inside the root is nobody else's to see."""
        wanting = []
        while not os.path.isdir(folder):
            wanting.append(folder)
            folder = os.path.dirname(folder)
        for one in reversed(wanting):
            with suppress(FileExistsError):
                os.mkdir(one, 0o700 if one == f"{self.root}/{INSIDE}" else 0o777)
                if self._is_open(one):
                    _open_up(one, 0o555)

    def _is_open(self, place: str) -> bool:
        """Whether everybody may read what stands there, or pass through it to that."""
        if not self.public or f"{place}/".startswith((f"{self.staging}/", f"{self.root}/{INSIDE}/")):
            return False
        return f"{place}/".startswith(f"{self.root}/") or f"{self.root}/".startswith(f"{place}/")

    @contextmanager
    def trouble(self, place: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._found = ""
            raise Unavailable(self._problem(place, error), detail=repr(error)) from error
        except Exception as error:
            if self.is_local:
                raise
            # The libraries of object stores have errors of their own kinds, which are no `OSError`.
            raise Unavailable(self._problem(place, OSError(str(error))), detail=repr(error)) from error

    def _problem(self, place: str, error: OSError) -> Problem:
        number = _SAME.get(error.errno or 0, error.errno or 0)
        if self.is_local and number in _TROUBLE:
            named = {"folder": _standing(place), "staging": self.staging, "user": _user()}
            message, remedy = (text.given(**named) for text in _TROUBLE[number])
        else:
            message = Text.of("cannot use {path}: {reason}", path=place, reason=error.strerror or str(error))
            remedy = Text.of("check that the folder exists, is writable and has space left")
        return Problem(field="storage", message=message, remedy=remedy)


def _located(root: str) -> tuple[fsspec.AbstractFileSystem, str]:
    found: tuple[fsspec.AbstractFileSystem, str] = fsspec.core.url_to_fs(
        root.rstrip("/") if urlsplit(root).scheme else os.path.abspath(root)
    )
    return found


def _open_up(place: str, bits: int) -> None:
    """Let everybody read it, where they may not yet."""
    before = os.stat(place).st_mode
    if before & bits != bits:
        os.chmod(place, before | bits)


def _standing(folder: str) -> str:
    """The folder, or the nearest place above it where anything is."""
    while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder


def _can_move(source: str, target: str) -> bool:
    """Whether a rename leads from one folder to the other. Asked by a rename of nothing: of two mounts of one file
    system nothing else tells."""
    nothing = uuid.uuid4().hex
    try:
        os.rename(f"{_standing(source)}/{nothing}", f"{_standing(target)}/{nothing}")
    except OSError as error:
        return error.errno != errno.EXDEV
    return True


def _user() -> str:
    """Who this process is to the file system."""
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
