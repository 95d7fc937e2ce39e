"""Files of a channel: staged and atomic writes over fsspec, in a folder or an object store, and reading them back.

Readers see a file whole, old or new, never half: a local file is written where nobody looks, synced and
renamed; an object store's put is atomic by itself.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from channels.http import Http
from channels.options import address_problems, choice_problems
from pipeline.channel import Problem, Setting, Text, Unavailable

OPTIONS = {"root", "staging", "verify"}
"""What `Files.of` reads: `root`, a folder (relative to the data folder) or an fsspec URL; `staging`, where prepared
files wait (default: a folder of the data folder, or `root` + ".staging" for a URL); `verify`, "storage" or "http"."""
READ, TOTAL, LIMIT = 5.0, 8.0, 64 * 2**20
"""Seconds of silence, seconds and bytes for one file, when reading back over HTTP."""


class Files:
    """A tree of public files under `root` (a path or an fsspec URL) with a staging tree beside it.

    Paths are relative, with `/`. Every failure of the storage is `Unavailable`. `address` is where the public gets
    the tree, with a trailing slash ("": nowhere); with `over_http`, `seen` asks there.
    """

    def __init__(self, root: str, *, staging: str = "", address: str = "", over_http: bool = False) -> None:
        self.fs, self.root = _located(root)
        self.staging = _located(staging)[1] if staging else f"{self.root}.staging"
        self.address = address
        self._http = Http(read=READ, total=TOTAL, limit=LIMIT) if over_http else None

    @classmethod
    def of(cls, setting: Setting, root: str, address: str) -> Self:
        """The files of a configured channel; `root` is where they stand if the options name no other place."""
        options = setting.outlet.options
        root, staging = str(options.get("root", root)), str(options.get("staging", ""))
        if not staging and not urlsplit(root).scheme:
            # Beside a root in the website's public folder, staged files would be public.
            staging = f"{setting.outlet.id}/staging"
        return cls(
            _placed(root, setting.data),
            staging=_placed(staging, setting.data) if staging else "",
            address=address,
            over_http=options.get("verify") == "http" and bool(address),
        )

    @property
    def is_local(self) -> bool:
        """Whether `root` is a folder of this machine."""
        return isinstance(self.fs, LocalFileSystem)

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
            self.write(".writable", b"")
            self.delete(".writable")
        except Unavailable as trouble:
            found.append(trouble.problem)
        return found

    def seen(self, path: str) -> bytes | None:
        """A public file as the public gets it, or as it lies in the storage; None if there is none.

        What is answered with 410 is a file like any other: the notice in a withdrawn article's place.
        """
        if self._http is None:
            return self.read(path)
        fresh = {"Cache-Control": "no-cache"}
        answer = self._http.get(self.address + path, headers=fresh, expected=(404, 410), follow=True)
        return None if answer.status == 404 else answer.body

    def read(self, path: str) -> bytes | None:
        """The public file's bytes, or None if there is none."""
        return self._read(f"{self.root}/{path}")

    def exists(self, path: str) -> bool:
        with self._trouble(path):
            return bool(self.fs.exists(f"{self.root}/{path}"))

    def write(self, path: str, data: bytes) -> None:
        """Put a public file in place, atomically. The same bytes again leave the file (and its time) alone."""
        if self.read(path) != data:
            self._write(f"{self.root}/{path}", data)

    def delete(self, path: str) -> None:
        """Remove a public file; one that is not there counts as removed."""
        with self._trouble(path), suppress(FileNotFoundError):
            self.fs.rm_file(f"{self.root}/{path}")

    def stage(self, token: str, path: str, data: bytes) -> None:
        """Keep a file invisible under `token` until `publish`."""
        self._write(f"{self.staging}/{token}/{path}", data)

    def staged(self, token: str, path: str) -> bytes | None:
        return self._read(f"{self.staging}/{token}/{path}")

    def publish(self, token: str, staged: str, path: str) -> bool:
        """Move a staged file, synced when it was staged, to its public place; False if it is not staged.

        It is as old as its release, not as its preparation: who asks whether it has changed since is told by that.
        """
        source, target = f"{self.staging}/{token}/{staged}", f"{self.root}/{path}"
        with self._trouble(path):
            try:
                if self.is_local:
                    os.utime(source)
                    os.makedirs(os.path.dirname(target), exist_ok=True)
                    os.replace(source, target)
                else:
                    self.fs.mv(source, target)
            except FileNotFoundError:
                return False
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
        with self._trouble(token), suppress(FileNotFoundError):
            self.fs.rm(f"{self.staging}/{token}", recursive=True)

    def _read(self, full: str) -> bytes | None:
        with self._trouble(full):
            try:
                data: bytes = self.fs.cat_file(full)
                return data
            except FileNotFoundError:
                return None

    def _write(self, full: str, data: bytes) -> None:
        with self._trouble(full):
            if not self.is_local:
                self.fs.pipe_file(full, data)
                return
            os.makedirs(os.path.dirname(full), exist_ok=True)
            # Not beside its place: what a killed worker leaves there would stay public.
            unfinished = f"{self.staging}.unfinished/{uuid.uuid4().hex}"
            os.makedirs(os.path.dirname(unfinished), exist_ok=True)
            try:
                with open(unfinished, "xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(unfinished, full)
            except OSError:
                if os.path.exists(unfinished):
                    os.unlink(unfinished)
                raise

    @contextmanager
    def _trouble(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise Unavailable(
                Problem(
                    field="storage",
                    message=Text.of("cannot use {path}: {reason}", path=path, reason=error.strerror or str(error)),
                    remedy=Text.of("check that the folder exists, is writable and has space left"),
                ),
                detail=repr(error),
            ) from error


def _located(root: str) -> tuple[fsspec.AbstractFileSystem, str]:
    found: tuple[fsspec.AbstractFileSystem, str] = fsspec.core.url_to_fs(
        root.rstrip("/") if urlsplit(root).scheme else os.path.abspath(root)
    )
    return found


def _placed(root: str, data: Path) -> str:
    return root if urlsplit(root).scheme else str(data / root)
