"""A disk that is full: for kinds whose outlet is a storage."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def disk_full(after: int) -> Iterator[None]:
    """While the block runs, so many files more come into their places, and none after them."""
    left = after
    replace = os.replace

    def full(source: Any, target: Any, **options: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(target))
        replace(source, target, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", full)
        yield
