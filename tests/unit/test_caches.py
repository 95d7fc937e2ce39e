"""Caches between the site and its readers: what is withdrawn is gone from them a moment later, pictures as well."""

from __future__ import annotations

import http.client
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from pipeline.article import served
from tests.unit.test_site import Client, running

CONFIG = Path(__file__).parents[2] / "config" / "nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
PAGE, PICTURE = "2026/11/a1.html", "2026/11/a1/d53c1613c45b9e36-1200.webp"
NAMES = [
    *("2026/11/a1.html", "2026/11/a1/d53c1613c45b9e36-1200.webp", "tuopin/0123456789abcdef-1600.jpg"),
    *("app/api/media/a1/large-d53c1613c45b9e36.jpg", "feeds/media/a1/d53c1613c45b9e36.png", "a-0123456789abcdef.gif"),
    *("app/api/articles/a1.json", "feeds/rss.xml", "feeds/atom-3.xml", "feeds/feed.json", "sitemap.xml", "index.html"),
    *("papers/d53c1613c45b9e36.pdf", "film-d53c1613c45b9e36.mp4", "d53c1613c45b9e36.docx", "0123456789abcdef.svg"),
    *("voice-d53c1613c45b9e36.mp3", "d53c1613c45b9e36.bin", "d53c1613c45b9e36.avif", "d53c1613c45b9e36.txt"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in NAMES:
        path = tmp_path / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"<!doctype html>" * 100)
    return tmp_path / "site"


def withdraw(root: Path) -> None:
    (root / PAGE).with_name("a1.gone.html").write_bytes(b"<!doctype html>")
    (root / PAGE).unlink()
    (root / PICTURE).unlink()


def test_whatever_may_be_withdrawn_is_asked_for_again_within_a_minute(root: Path) -> None:
    with running(root) as get:
        for name in NAMES:
            answer = get(f"/{name}")
            told = dict(part.strip().partition("=")[::2] for part in answer["Cache-Control"].split(","))
            assert answer.status == 200
            assert int(told["max-age"]) <= 60, name
            assert not told.keys() & {"immutable", "stale-while-revalidate", "stale-if-error", "s-maxage"}, name
            assert not answer["Expires"]
            again = get(f"/{name}", If_None_Match=answer["ETag"])
            assert (again.status, again.body, again["Cache-Control"]) == (304, b"", answer["Cache-Control"])
        tags = {name: get(f"/{name}")["ETag"] for name in (PAGE, PICTURE)}
        withdraw(root)
        assert get(f"/{PAGE}", If_None_Match=tags[PAGE]).status == 410
        assert get(f"/{PICTURE}", If_None_Match=tags[PICTURE]).status == 404
        for path in (PAGE, PICTURE):
            assert get(f"/{path}")["Cache-Control"] == "no-cache"


def test_the_shipped_nginx_gives_nothing_a_life_of_its_own() -> None:
    rules = [line.strip() for line in CONFIG.read_text().splitlines() if line.strip() and line.strip()[0] != "#"]
    said = {rule.rstrip(";").partition(" ")[0]: rule.rstrip(";").partition(" ")[2] for rule in rules}
    assert not said.keys() & {
        "proxy_cache_valid",
        "expires",
        "proxy_cache_bypass",
        "open_file_cache",
    }
    assert [rule for rule in rules if rule.startswith("proxy_ignore_headers")] == ["proxy_ignore_headers Vary;"]
    assert said["proxy_cache_use_stale"] == "off"
    assert said["proxy_cache_background_update"] == "off"
    assert said["proxy_cache_revalidate"] == "on"


class Front(NamedTuple):
    """A real nginx with the shipped file."""

    port: int
    behind: int
    """Where it looks for the server."""


@contextmanager
def front(folder: Path, *, purges: Path | None = None) -> Iterator[Front]:
    """The shipped file in a real nginx while the block runs; `purges`: with this module, and its lines."""
    if NGINX is None:
        pytest.skip("there is no nginx on this machine")
    with closing(socket.create_server(("127.0.0.1", 0))) as one, closing(socket.create_server(("127.0.0.1", 0))) as two:
        port, behind = one.getsockname()[1], two.getsockname()[1]
    shipped = CONFIG.read_text()
    if purges:
        lines = shipped[shipped.index("    # location ~ ^/purge") :]
        shipped = shipped.replace(lines, re.sub(r"(?m)^    # ", "    ", lines))
    for pattern, here in (
        (r"/var/cache/nginx", str(folder / "cache")),
        (r"listen 80;", f"listen 127.0.0.1:{port};"),
        (r"http://serve:8000", f"http://127.0.0.1:{behind}"),
    ):
        shipped, count = re.subn(pattern, here, shipped)
        assert count, pattern
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"{f'load_module {purges};' if purges else ''}\n"
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n"
        f"http {{ access_log off;\n{temporary}{shipped}}}\n"
    )
    (folder / "nginx.conf").write_text(whole)
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")])
    try:
        yield Front(port, behind)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Front]:
    with front(tmp_path) as found:
        yield found


def soon(get: Client, path: str, status: int) -> str:
    """Ask until the answer has this status; what the cache says of it."""
    pause, last = threading.Event(), 0
    for _ in range(1200):
        try:
            answer = get(path)
        except (ConnectionError, http.client.HTTPException):
            answer = None
        if answer is not None and answer.status == status:
            return answer["X-Cache"]
        last = answer.status if answer else 0
        pause.wait(0.025)
    raise AssertionError(f"{path} is still answered with {last}")


def test_what_is_withdrawn_leaves_a_real_nginx(nginx: Front, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "LIFETIME", timedelta(seconds=1))
    port, behind = nginx
    get = Client(port)
    paths = (f"/{PAGE}", f"/{PICTURE}")
    with running(root, port=behind):
        for path in paths:
            soon(get, path, 200)
            assert get(path)["X-Cache"] in ("HIT", "REVALIDATED")
        withdraw(root)
        for path, status in zip(paths, (410, 404), strict=True):
            soon(get, path, status)
            assert get(path)["X-Cache"] != "HIT"
        for path in ("/index.html", "/feeds/rss.xml"):
            soon(get, path, 200)
    for path in (*paths, "/index.html", "/feeds/rss.xml"):
        soon(get, path, 502)  # the server is away: nothing is shown that may have been withdrawn meanwhile
