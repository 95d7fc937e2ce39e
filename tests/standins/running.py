"""A receiver as a process of its own: started, ended hard, started again on the same port and journal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from tests.standins.receiver import Kind

ROOT = Path(__file__).parents[2]


class Running:
    """`with Running("asking", tmp_path / "post.jsonl") as receiver: receiver.url …`

    `rates` are those of `tests.standins.receiver.Faults`.
    """

    def __init__(self, kind: Kind, journal: Path, *, seed: int = 0, port: int = 0, **rates: float) -> None:
        self.kind, self.journal, self.seed, self.port, self.rates = kind, journal, seed, port, rates
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return when it is ready to answer."""
        command = [sys.executable, "-m", "tests.standins.receiver", "--kind", self.kind, "--journal", str(self.journal)]
        options = {"port": self.port, "seed": self.seed, **self.rates}
        command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        port = self._process.stdout.readline()
        if not port:
            raise RuntimeError(f"the receiver did not start: {' '.join(command)}")
        self.port = int(port)

    def kill(self) -> None:
        """End it at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def faults(self, *, next: tuple[str, ...] = (), **rates: float) -> None:
        """Set these rates, and the fates of the next calls."""
        requests.put(f"{self.url}/admin/faults", json={**rates, "next": next}, timeout=10).raise_for_status()

    def calm(self) -> None:
        """No more faults."""
        self.faults(loss=0, late=0, refuse=0, slow=0)

    def tamper(self, article: str, body: str) -> None:
        """Change what the public sees."""
        requests.put(f"{self.url}/admin/public/{article}", json={"body": body}, timeout=10).raise_for_status()

    def public(self) -> dict[str, tuple[int, ...]]:
        """The revisions the public sees of every article; empty once withdrawn."""
        seen = requests.get(f"{self.url}/admin/public", timeout=10).json()
        return {article: tuple(revisions) for article, revisions in seen.items()}

    def deeds(self) -> list[dict[str, Any]]:
        """The journal's lines."""
        return [json.loads(line) for line in self.journal.read_text(encoding="utf-8").splitlines()]
