"""A wall clock that a test sets while processes go by it: of a worker's machine, or of a database's server.

It stands before the C library's (`stepping.c`, built with the compiler of this machine), so that every program goes by
it, whatever it is written in. What nobody can set, the time since the start, stays as it is.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")
_COMPILER = shutil.which("cc") or shutil.which("gcc")
needs_compiler = pytest.mark.skipif(
    _COMPILER is None or not sys.platform.startswith("linux"), reason="needs a C compiler, on Linux"
)


class SteppingClock:
    """One machine's clock, right at first. `folder`: where it keeps its file and its library."""

    def __init__(self, folder: Path, name: str = "clock") -> None:
        self._file = folder / name
        self._library = folder / "stepping.so"
        self.off = timedelta(0)
        """By how much it is ahead of the true time."""
        self.step(timedelta(0))
        if not self._library.exists():
            build = [_COMPILER or "cc", "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE)]
            subprocess.run(build, check=True)

    @property
    def environment(self) -> dict[str, str]:
        """For the processes that go by it."""
        return {"LD_PRELOAD": str(self._library), "STEPPING_CLOCK": str(self._file)}

    def step(self, by: timedelta) -> None:
        """Somebody sets it."""
        self.off += by
        with self._file.open("r+b" if self._file.exists() else "wb") as file:  # the same file: others have it mapped
            file.write(struct.pack("=q", self.off // timedelta(microseconds=1) * 1000))
