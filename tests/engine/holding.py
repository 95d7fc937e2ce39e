"""A process that has a channel's lock, or races for pages: `python -m tests.engine.holding DEED DATABASE LOCKS …`.

hold DATABASE LOCKS CHANNEL              take the lock, say "held", and keep it until the input ends
count DATABASE LOCKS CHANNEL TIMES       after a line of input, count a page up so often; says how often it was late
claim DATABASE LOCKS CHANNEL PAGES       after a line of input, write so many pages that must not be there; says which
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from pipeline.record.notebook import SqlNotebook
from pipeline.record.store import Store
from pipeline.rollout import Pace

ROOT = Path(__file__).parents[2]


def process(deed: str, database: str, locks: Path, *more: str) -> subprocess.Popen[str]:
    """Such a process, started."""
    command = [sys.executable, "-m", "tests.engine.holding", deed, database, str(locks), *more]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _hold(notebook: SqlNotebook) -> None:
    with notebook.exclusive():
        print("held", flush=True)
        sys.stdin.read()


def _count(notebook: SqlNotebook, times: str) -> None:
    late = 0
    for _ in range(int(times)):
        while True:
            note = notebook.read("count")
            value = int(note.text) if note else 0
            if notebook.write("count", str(value + 1), note.version if note else None):
                break
            late += 1
    print(late)


def _claim(notebook: SqlNotebook, pages: str) -> None:
    print(*[page for page in map(str, range(int(pages))) if notebook.write(page, "mine")])


def main(deed: str, database: str, locks: str, channel: str, *more: str) -> None:
    with closing(Store(database, pace=Pace(), locks=Path(locks))) as store:
        notebook = store.notebook(channel)
        if deed == "hold":
            _hold(notebook)
            return
        store.ready()
        print("ready", flush=True)
        sys.stdin.readline()
        {"count": _count, "claim": _claim}[deed](notebook, *more)


if __name__ == "__main__":
    main(*sys.argv[1:])
