"""Files of a channel: staged and atomic writes over fsspec, in a folder or an object store, and reading them back.

Readers see a file whole, old or new, never half: a local file is written where nobody looks, synced and
renamed; an object store's put is atomic by itself.

What is prepared waits on the file system of the public root, so that a release is a rename: in the data folder, for a
root in it; in `.staging` in the root, which no other user may look into and no server of a site shows, for a root that
stands elsewhere, or is mounted there. `prove` finds before a release what would be in its way.
"""

from __future__ import annotations

import errno
import os
import pwd
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from channels.http import Http
from channels.options import ANYTHING, TEXT, address_problems, choice_problems
from pipeline.article import addresses, served
from pipeline.channel import Problem, Setting, Text, Unavailable

OPTIONS = {"root": TEXT, "staging": TEXT, "verify": ANYTHING}
"""What `Files.of` reads: `root`, a folder (relative to the data folder) or an fsspec URL; `staging`, where prepared
files wait (default: see above, or `root` + ".staging" for a URL); `verify`, where they are read back: "http", from
their public address, or "storage" (the default where that address leads to this machine alone)."""
Thing = TypeVar("Thing")
READ, TOTAL, LIMIT = 5.0, 8.0, 64 * 2**20
"""Seconds of silence, seconds and bytes for one file, when reading back over HTTP."""
ROOM = 256 * 1024
"""Bytes that must be free for what a release writes beside what is staged."""
SITE = "site/"
"""The public folder in the data folder."""
INSIDE, UNFINISHED, PROBE = ".staging", ".unfinished", ".writable"
BESIDE = "record"
"""The folder in `INSIDE` of what is remembered with the tree itself, wherever prepared files wait."""
_changed: ContextVar[list[str] | None] = ContextVar("changed", default=None)
"""Public paths that this thread has changed, where somebody wants to know."""

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


class Files:
    """A tree of public files under `root` (a path or an fsspec URL) with a staging tree beside it.

    Paths are relative, with `/`. Every failure of the storage is `Unavailable`. `address` is where the public gets
    the tree, with a trailing slash ("": nowhere); with `over_http`, `seen` and `notice` ask there. `near`: a folder
    that is taken for `staging` as long as files can be moved from it into the root.
    """

    def __init__(
        self, root: str, *, staging: str = "", near: str = "", address: str = "", over_http: bool = False
    ) -> None:
        self.fs, self.root = _located(root)
        self._staging = _located(staging)[1] if staging else "" if self.is_local else f"{self.root}{INSIDE}"
        self._near = _located(near)[1] if near else ""
        self._data: Path | None = None
        """The data folder of this machine, where the files are a configured channel's."""
        self.public = False
        """Whether everybody on this machine may read what stands under the root, whatever is kept from them elsewhere:
        a server of the site has an account of its own."""
        self._found = ""
        self.address = address
        self.waits = True
        """Whether a written file is on the disk when the call returns; else the system writes it some seconds later."""
        self.differing: list[str] | None = None
        """None: what is written and deleted is. Else nothing is, and the paths of what would change are kept here."""
        self._memory: dict[object, Any] | None = None
        self._http = Http(read=READ, total=TOTAL, limit=LIMIT) if over_http else None

    @classmethod
    def of(cls, setting: Setting, root: str, address: str, *, public: bool = True) -> Self:
        """The files of a configured channel; `root` is where they stand if the options name no other place.

        `public`: whether the address is for everybody, so that it can be asked without more.
        """
        options = setting.outlet.options
        root, staging = str(options.get("root", root)), str(options.get("staging", ""))
        in_data = not urlsplit(root).scheme and Path(os.path.abspath(setting.data / root)).is_relative_to(
            os.path.abspath(setting.data)
        )
        files = cls(
            _placed(root, setting.data),
            staging=_placed(staging, setting.data) if staging else "",
            near=str(setting.data / setting.outlet.id / "staging") if in_data else "",
            address=address,
            over_http=bool(address) and options.get("verify", _by_default(address, public=public)) == "http",
        )
        files._data = Path(os.path.realpath(setting.data))
        files.public = "root" in options or f"{root}/".startswith(SITE)
        return files

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
        return place.relative_to(self._data).as_posix() if self._data in (place, *place.parents) else str(place)

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

    @property
    def is_asked(self) -> bool:
        """Whether `seen` asks as the public does, caches included."""
        return self._http is not None

    @contextmanager
    def noting(self) -> Iterator[list[str]]:
        """The list of what this thread changes in public while the block runs."""
        changed: list[str] = []
        token = _changed.set(changed)
        try:
            yield changed
        finally:
            _changed.reset(token)

    def where(self, path: str) -> str:
        """Where a person reads a file: its address, or if nobody serves the tree its place in the storage."""
        if self.address:
            return self.address + path
        place = f"{self.root}/{path}"
        return place if self.is_local else str(self.fs.unstrip_protocol(place))

    def problems(self, setting: Setting) -> list[Problem]:
        """What is wrong with the options, the address and the storage, for `Channel.check`."""
        found = address_problems("url", self.address)
        found += choice_problems("verify", setting.outlet.options.get("verify", "storage"), ("storage", "http"))
        try:
            self.stage(".check", "writable", b"")
            self.discard(".check")
            self.prove()
        except Unavailable as trouble:
            found.append(trouble.problem)
        return found

    def prove(self, *paths: str) -> None:
        """Raise `Unavailable` unless a release could now put files at these paths, and in the root.

        A little file is moved to where each of them will stand, as a release does it, and removed again; `ROOM` bytes
        are written. What is not there yet is made by nobody: its place is the nearest folder there is.
        """
        self._found = ""
        if not self.is_local:
            place = f"{self.root}/{PROBE}"
            with self._trouble(self.root), suppress(FileNotFoundError):
                self.fs.pipe_file(place, b"")
                self.fs.rm_file(place)
            return
        with self._unfinished(b"\0" * ROOM, sync=False):
            pass
        for folder in dict.fromkeys(_standing(os.path.dirname(f"{self.root}/{path}")) for path in ("x", *paths)):
            with self._unfinished(b"", sync=False) as probe, self._trouble(folder):
                os.replace(probe, f"{folder}/{PROBE}")
                with suppress(FileNotFoundError):  # another one's proof may have removed it: it stood there
                    os.unlink(f"{folder}/{PROBE}")

    def seen(self, path: str) -> bytes | None:
        """A public file as the public gets it, or as it lies in the storage; None if there is none (any more)."""
        return self._once(path, lambda: self._seen(path))

    def seen_as(self, path: str, what: Callable[[bytes | None], Thing]) -> Thing:
        """What a pure function makes of `seen`."""
        return self._once((path, what), lambda: what(self.seen(path)))

    def _once(self, name: object, made: Callable[[], Thing]) -> Thing:
        if self._memory is None:
            return made()
        if name not in self._memory:
            self._memory[name] = made()
        found: Thing = self._memory[name]
        return found

    def _seen(self, path: str) -> bytes | None:
        if self._http is None:
            return self.read(path)
        return self._asked(self._http, path).get(200)

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """While the block runs, `seen` gets each file once, and `seen_as` asks once what it is. Nobody else uses this
        object meanwhile, and nobody changes what `seen_as` gives."""
        self._memory = {}
        try:
            yield
        finally:
            self._memory = None

    def notice(self, path: str) -> bytes | None:
        """What the public is told in the place of a file that was withdrawn; None if it is told nothing, or the file is
        there."""
        if self._http is None:
            return None if self.exists(path) else self.read(addresses.beside(path, "gone"))
        return self._asked(self._http, path).get(410)

    def _asked(self, http: Http, path: str) -> dict[int, bytes]:
        """What the public is answered, by the answer's status: 200, 404 or 410."""
        fresh = {"Cache-Control": "no-cache"}
        answer = http.get(self.address + path, headers=fresh, expected=(404, 410), follow=True)
        return {answer.status if answer.status in (404, 410) else 200: answer.body}

    def read(self, path: str) -> bytes | None:
        """The public file's bytes, or None if there is none."""
        return self._read(f"{self.root}/{path}")

    def size(self, path: str) -> int | None:
        """The public file's length in bytes, asked of the storage each time, or None if there is none."""
        full = f"{self.root}/{path}"
        with self._trouble(full):
            self.fs.invalidate_cache(full)  # what a listing said may be another machine's past
            try:
                return int(self.fs.info(full)["size"])
            except FileNotFoundError:
                return None

    def exists(self, path: str) -> bool:
        full = f"{self.root}/{path}"
        with self._trouble(path):
            self.fs.invalidate_cache(full)
            return bool(self.fs.exists(full))

    def write(self, path: str, data: bytes) -> None:
        """Put a public file in place, atomically. The same bytes again leave the file (and its time) alone."""
        if self.read(path) == data:
            return
        if self.differing is not None:
            self.differing.append(path)
        else:
            self._write(f"{self.root}/{path}", data)
            _note(path)

    def delete(self, path: str) -> None:
        """Remove a public file; one that is not there counts as removed."""
        if self.differing is not None:
            self.differing += [path] if self.exists(path) else []
            return
        with self._trouble(path), suppress(FileNotFoundError):
            self.fs.rm_file(f"{self.root}/{path}")
            _note(path)

    def retire(self, path: str, notice: bytes) -> None:
        """Withdraw a public file: its address is answered with this notice from now on, see
        `pipeline.article.addresses`."""
        self.write(addresses.beside(path, "gone"), notice)
        self.delete(path)

    # -- beside the files: what nobody reads but the newsroom ---------------------------------------------

    def remember(self, name: str, data: bytes) -> None:
        """Keep something of the newsroom's own with the tree, where no server shows it; nobody waits for the disk."""
        if self.differing is None:
            self._write(f"{self._beside}/{name}", data, sync=False)

    def remembered(self, name: str) -> bytes | None:
        """What was kept under this name."""
        return self._read(f"{self._beside}/{name}")

    def is_remembered(self, name: str) -> bool:
        """Whether something is kept under this name."""
        with self._trouble(name):
            return bool(self.fs.exists(f"{self._beside}/{name}"))

    def all_remembered(self, folder: str) -> list[str]:
        """The names below this one under which something is kept."""
        with self._trouble(folder):
            self.fs.invalidate_cache(f"{self._beside}/{folder}")
            found = self.fs.find(f"{self._beside}/{folder}")
        return sorted(str(one).rpartition("/")[2] for one in found)

    @property
    def _beside(self) -> str:
        return f"{self.root}/{INSIDE}/{BESIDE}" if self.is_local else f"{self.root}{INSIDE}/{BESIDE}"

    # -- staging ------------------------------------------------------------------------------------------

    def stage(self, token: str, path: str, data: bytes) -> None:
        """Keep a file invisible under `token` until `publish`."""
        if self.differing is None:
            self._write(f"{self.staging}/{token}/{path}", data)

    def staged(self, token: str, path: str) -> bytes | None:
        return self._read(f"{self.staging}/{token}/{path}")

    def publish(self, token: str, staged: str, path: str) -> bool:
        """Move a staged file, synced when it was staged, to its public place; False if it is not staged.

        It is as old as its release, not as its preparation: who asks whether it has changed since is told by that.
        """
        if self.differing is not None:
            return False
        source, target = f"{self.staging}/{token}/{staged}", f"{self.root}/{path}"
        with self._trouble(target):
            try:
                if self.is_local:
                    os.utime(source)
                    self._replace(source, target)
                else:
                    self.fs.mv(source, target)
            except FileNotFoundError:
                return False
        _note(path)
        return True

    def prune(self, folder: str, keep: Collection[str]) -> None:
        """Delete every public file of a folder whose name is not among `keep`."""
        with self._trouble(folder):
            self.fs.invalidate_cache(f"{self.root}/{folder}")
            there = [str(found).rpartition("/")[2] for found in self.fs.find(f"{self.root}/{folder}")]
        for name in there:
            if name not in keep:
                self.delete(f"{folder}/{name}")

    def discard(self, token: str) -> None:
        """Forget everything staged under `token`."""
        if self.differing is not None:
            return
        with self._trouble(token), suppress(FileNotFoundError):
            self.fs.rm(f"{self.staging}/{token}", recursive=True)

    def _read(self, full: str) -> bytes | None:
        with self._trouble(full):
            try:
                data: bytes = self.fs.cat_file(full)
                return data
            except FileNotFoundError:
                return None

    def _write(self, full: str, data: bytes, *, sync: bool = True) -> None:
        if not self.is_local:
            with self._trouble(full):
                self.fs.pipe_file(full, data, **self._told(full))
            return
        with self._unfinished(data, sync=sync) as unfinished, self._trouble(os.path.dirname(full)):
            self._replace(unfinished, full)

    def _told(self, full: str) -> Mapping[str, str]:
        """What an object store is told of a file, to tell it to everybody who asks for it; staged files are moved with
        it."""
        if "s3" not in self.fs.protocol:
            return {}
        return {"ContentType": served.content_type(full), "CacheControl": served.cache_control(full)}

    def _replace(self, source: str, target: str) -> None:
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
            with self._trouble(staging):
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
    def _trouble(self, place: str) -> Iterator[None]:
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


def _note(path: str) -> None:
    if (changed := _changed.get()) is not None:
        changed.append(path)


def _by_default(address: str, *, public: bool) -> str:
    """Where what stands at an address is read back, if nobody says it."""
    host = urlsplit(address).hostname or ""
    try:
        alone = (ip := ip_address(host)).is_loopback or ip.is_unspecified
    except ValueError:
        alone = not host or host == "localhost" or host.endswith(".localhost")
    return "http" if public and not alone else "storage"


def _located(root: str) -> tuple[fsspec.AbstractFileSystem, str]:
    found: tuple[fsspec.AbstractFileSystem, str] = fsspec.core.url_to_fs(
        root.rstrip("/") if urlsplit(root).scheme else os.path.abspath(root)
    )
    return found


def _placed(root: str, data: Path) -> str:
    return root if urlsplit(root).scheme else str(data / root)


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
