"""Files of a channel: staged and atomic writes over fsspec, in a folder or an object store.

Readers see a file whole, old or new, never half: a local file is written beside its place, synced and
renamed; an object store's put is atomic by itself.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.channel import Problem, Text, Unavailable


class Files:
    """A tree of public files under `root` (a path or an fsspec URL) with a staging tree beside it.

    Paths are relative, with `/`. Every failure of the storage is `Unavailable`.
    """

    def __init__(self, root: str) -> None:
        self.fs, self.root = fsspec.core.url_to_fs(root.rstrip("/") if urlsplit(root).scheme else os.path.abspath(root))
        self.staging = f"{self.root}.staging"

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
            if not isinstance(self.fs, LocalFileSystem):
                self.fs.pipe_file(full, data)
                return
            folder, name = os.path.split(full)
            os.makedirs(folder, exist_ok=True)
            beside = os.path.join(folder, f".{name}.{uuid.uuid4().hex}")
            try:
                with open(beside, "xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(beside, full)
            except OSError:
                if os.path.exists(beside):
                    os.unlink(beside)
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
