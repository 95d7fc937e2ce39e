"""Files of a channel: staged and atomic writes, in a folder or an object store, and reading them back.

Readers see a file whole, old or new, never half (`storage`). What is prepared waits in the data folder, for a root in
it; in `.staging` in the root, which no server of a site shows, for a root that stands elsewhere, or is mounted there.
`prove` finds before a release what would be in its way.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from channels.http import Http
from channels.options import ANYTHING, TEXT, address_problems, choice_problems
from channels.storage import INSIDE, Storage
from pipeline.article import addresses
from pipeline.channel import Problem, Setting, Unavailable

OPTIONS = {"root": TEXT, "staging": TEXT, "verify": ANYTHING}
"""What `Files.of` reads: `root`, a folder (relative to the data folder) or an fsspec URL; `staging`, where prepared
files wait (default: see above, or `root` + ".staging" for a URL); `verify`, where they are read back: "http", from
their public address, or "storage" (the default where that address leads to this machine alone)."""
Thing = TypeVar("Thing")
READ, TOTAL, LIMIT = 5.0, 8.0, 64 * 2**20
"""Seconds of silence, seconds and bytes for one file, when reading back over HTTP."""
SITE = "site/"
"""The public folder in the data folder."""
BESIDE = "record"
"""The folder in `INSIDE` of what is remembered with the tree itself, wherever prepared files wait."""
_changed: ContextVar[list[str] | None] = ContextVar("changed", default=None)
"""Public paths that this thread has changed, where somebody wants to know."""


class Files:
    """A tree of public files under the root of `storage`, with a staging tree beside it.

    Paths are relative, with `/`. Every failure of the storage is `Unavailable`. `address` is where the public gets
    the tree, with a trailing slash ("": nowhere); with `over_http`, `seen` and `notice` ask there. `staging`, `near`:
    see `Storage`.
    """

    def __init__(
        self, root: str, *, staging: str = "", near: str = "", address: str = "", over_http: bool = False
    ) -> None:
        self.storage = Storage(root, staging=staging, near=near)
        self.root, self.is_local = self.storage.root, self.storage.is_local
        self.address = address
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
        files.storage.data = Path(os.path.realpath(setting.data))
        files.storage.public = "root" in options or f"{root}/".startswith(SITE)
        return files

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
        return self.address + path if self.address else self.storage.named(f"{self.root}/{path}")

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
        """Raise `Unavailable` unless a release could now put files at these paths, and in the root."""
        self.storage.prove(*paths)

    # -- what the public gets -----------------------------------------------------------------------------

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

    # -- public files -------------------------------------------------------------------------------------

    def read(self, path: str) -> bytes | None:
        """The public file's bytes, or None if there is none."""
        return self.storage.read(f"{self.root}/{path}")

    def size(self, path: str) -> int | None:
        """The public file's length in bytes, asked of the storage each time, or None if there is none."""
        return self.storage.size(f"{self.root}/{path}")

    def exists(self, path: str) -> bool:
        return self.storage.exists(f"{self.root}/{path}")

    def names(self, folder: str) -> list[str]:
        """The names of the public files below a folder, sorted."""
        return self.storage.names(f"{self.root}/{folder}")

    def write(self, path: str, data: bytes) -> None:
        """Put a public file in place, atomically. The same bytes again leave the file (and its time) alone."""
        if self.read(path) == data:
            return
        if self.differing is not None:
            self.differing.append(path)
        else:
            self.storage.write(f"{self.root}/{path}", data)
            _note(path)

    def delete(self, path: str) -> None:
        """Remove a public file; one that is not there counts as removed."""
        if self.differing is not None:
            self.differing += [path] if self.exists(path) else []
        elif self.storage.remove(f"{self.root}/{path}"):
            _note(path)

    def retire(self, path: str, notice: bytes) -> None:
        """Withdraw a public file: its address is answered with this notice from now on, see
        `pipeline.article.addresses`."""
        self.write(addresses.beside(path, "gone"), notice)
        self.delete(path)

    def prune(self, folder: str, keep: Collection[str]) -> None:
        """Delete every public file of a folder whose name is not among `keep`."""
        for name in self.names(folder):
            if name not in keep:
                self.delete(f"{folder}/{name}")

    # -- beside the files: what nobody reads but the newsroom ---------------------------------------------

    def remember(self, name: str, data: bytes) -> None:
        """Keep something of the newsroom's own with the tree, where no server shows it; nobody waits for the disk."""
        if self.differing is None:
            self.storage.write(f"{self._beside}/{name}", data, sync=False)

    def remembered(self, name: str) -> bytes | None:
        """What was kept under this name."""
        return self.storage.read(f"{self._beside}/{name}")

    def is_remembered(self, name: str) -> bool:
        """Whether something is kept under this name."""
        return self.storage.exists(f"{self._beside}/{name}")

    def all_remembered(self, folder: str) -> list[str]:
        """The names below this one under which something is kept."""
        return self.storage.names(f"{self._beside}/{folder}")

    @property
    def _beside(self) -> str:
        return f"{self.root}/{INSIDE}/{BESIDE}" if self.is_local else f"{self.root}{INSIDE}/{BESIDE}"

    # -- staging ------------------------------------------------------------------------------------------

    def stage(self, token: str, path: str, data: bytes) -> None:
        """Keep a file invisible under `token` until `publish`."""
        if self.differing is None:
            self.storage.write(f"{self.storage.staging}/{token}/{path}", data)

    def staged(self, token: str, path: str) -> bytes | None:
        return self.storage.read(f"{self.storage.staging}/{token}/{path}")

    def publish(self, token: str, staged: str, path: str) -> bool:
        """Move a staged file to its public place, as new as this moment; False if it is not staged."""
        if self.differing is not None:
            return False
        moved = self.storage.move(f"{self.storage.staging}/{token}/{staged}", f"{self.root}/{path}")
        if moved:
            _note(path)
        return moved

    def discard(self, token: str) -> None:
        """Forget everything staged under `token`."""
        if self.differing is None:
            self.storage.clear(f"{self.storage.staging}/{token}")


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


def _placed(root: str, data: Path) -> str:
    return root if urlsplit(root).scheme else str(data / root)
