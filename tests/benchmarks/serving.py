"""`newsroom serve` beside an nginx that serves the same folder with the shipped file, asked in turn by the same client.

    python -m tests.benchmarks.serving

What counts is how many answers a server gives for a second of a processor: the client, which is slower than either, and
whatever else the machine does have no part in that. nginx has one worker, as `serve` is one process. Without an nginx
there are no lines.
"""

from __future__ import annotations

import os
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.benchmarks.processes import TICK
from tests.benchmarks.table import Goal, Line, show
from tests.unit.test_caches import NGINX, soon
from tests.unit.test_nginx import Nginx
from tests.unit.test_site import Client

CONNECTIONS = 16
SECONDS = 1.0
"""Of one round."""
PAGE = Path(__file__).parents[1] / "channels" / "golden" / "website" / "full.html"
PICTURE = 90 * 1024
"""Bytes, as many as a picture of a page has that is 1,440 pixels wide."""
GOAL = Goal(0.5, at_least=True)
ASKED = [
    ("an article's page", "2026/11/a1.html", ""),
    ("the same as browsers take it (br, gzip)", "2026/11/a1.html", "gzip, deflate, br"),
    ("a picture of 90 KB", "2026/11/a1/d53c1613c45b9e36-1440.webp", ""),
]
"""What is asked for, where, and in which codings."""


def answers(port: int, path: str, codings: str) -> int:
    """How many answers so many clients that keep their connections get in one round."""
    question = f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    asked = (question + (f"Accept-Encoding: {codings}\r\n" if codings else "") + "\r\n").encode()
    count = 0
    with closing(selectors.EpollSelector()) as ready:
        left = {}

        def connect() -> socket.socket:
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.register(client, selectors.EVENT_READ)
            return client

        with connect() as one:
            whole = _length(one, asked)
            ready.unregister(one)
        for client in [connect() for _ in range(CONNECTIONS)]:
            left[client] = whole
            client.sendall(asked)
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            for key, _events in ready.select(1):
                client: socket.socket = key.fileobj  # type: ignore[no-redef]
                got = len(client.recv(1 << 20))
                left[client] -= got
                if not got:  # nginx ends a connection after a thousand answers
                    ready.unregister(client)
                    client.close()
                    del left[client]
                    client = connect()
                elif left[client] > 0:
                    continue
                else:
                    count += 1
                left[client] = whole
                client.sendall(asked)
        for client in left:
            client.close()
    return count


def _length(client: socket.socket, asked: bytes) -> int:
    """Bytes of an answer: every other is as long, or the measurement stops."""
    client.sendall(asked)
    got = b""
    while b"\r\n\r\n" not in got:
        got += client.recv(1 << 20)
    head, _, body = got.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    if b"transfer-encoding: chunked" in head.lower():  # nginx codes while it sends
        while not got.endswith(b"0\r\n\r\n"):
            got += client.recv(1 << 20)
        return len(got)
    [told] = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(told):
        body += client.recv(1 << 20)
    return len(head) + 4 + int(told)


def used(process: int) -> float:
    """Seconds that a process and its children have had of a processor."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICK + sum(used(int(one)) for one in children)


@contextmanager
def serving(root: Path) -> Iterator[tuple[int, int]]:
    """`newsroom serve` on this folder while the block runs: its process and its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    words = ["-m", "pipeline", "serve", "--site", str(root), "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen([sys.executable, *words], cwd=root, env={**os.environ, "TONGFA_CONFIG": ""})
    try:
        soon(Client(port), "/healthz", 200)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(timeout=15)


def lines(folder: Path, rounds: int = 5) -> Iterator[Line]:
    if NGINX is None:
        return
    root = folder / "site"
    for _what, path, _codings in ASKED:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(PAGE.read_bytes() if path.endswith(".html") else os.urandom(PICTURE))
    nginx = Nginx(root, folder)
    try:
        with serving(root) as (process, port):
            soon(Client(nginx.port), f"/{ASKED[0][1]}", 200)
            for what, path, codings in ASKED:
                ours, theirs = [], []
                for _ in range(rounds):
                    theirs.append(_rate(nginx.process, nginx.port, path, codings))
                    ours.append(_rate(process, port, path, codings))
                own, other = statistics.median(ours), statistics.median(theirs)
                said = (f"answers for a second of a processor: {what}", f"serve {own:,.0f}", f"nginx {other:,.0f}")
                yield Line(*said, own / other, GOAL)
    finally:
        nginx.stop()


def _rate(process: int, port: int, path: str, codings: str) -> float:
    before = used(process)
    count = answers(port, path, codings)
    return count / max(used(process) - before, 1 / TICK)


if __name__ == "__main__":
    show(lines)
