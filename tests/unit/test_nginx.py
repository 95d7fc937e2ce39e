"""The shipped nginx that serves the folder itself, against the project's own server, address by address."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urljoin

import pytest

from pipeline.web.site import SECURITY
from tests.engine.commands import until
from tests.unit.test_caches import NGINX, soon
from tests.unit.test_site import Client, running
from tests.unit.test_site import root as tree  # noqa: F401 - a fixture

CONFIG = Path(__file__).parents[2] / "config" / "nginx-files.conf"
SHIPPED = "/srv/tongfa/site"
FIRST_EDITION = {"/2026/11/a2.html", "/former/", "/former/index.html", "/former", "/former/rss.xml", "/former/atom.xml"}
"""What only the project's own server answers as the first edition meant it."""
LINKS = {"/out.html", "/outside", "/outside/index.html"}
"""Links that lead out of the folder."""
ASKED = [
    *(
        "/",
        "/yaowen",
        "/yaowen/",
        "/yaowen?page=2",
        "/none.html",
        "/none/",
        "/404.html",
        "/2026/",
        "/2026/11",
        "/empty",
    ),
    *("/2026/11/a4.html", "/2026/11/a5.html", "/2026/11/a4.gone.html", "/closed", "/closed/", "/closed/index.html"),
    *("/xczx", "/xczx/", "/xczx/?a=1&b=2", "/xczx/index.html", "/xczx/3.html", "/xczx/a/b.webp", "/default/", "/back/"),
    *("/back/2.html", "/unread", "/unread/", "/unread/index.html", "/xczx/index.moved.html", "/feeds/xczx"),
    *(
        "/feeds/xczx/rss.xml",
        "/feeds/xczx/feed.json",
        "/feeds/none/rss.xml",
        "/feeds/xczx/rss.moved.xml",
        "/栏目",
        "/栏目/",
    ),
    *("/xczx/%0d%0aSet-Cookie:a", "/xczx/%2f%2fa.cn", "/xczx//a.cn", "//a.cn", "/.hidden.html", "/.git/config"),
    *("/media/.staging/a1.html", "/index.html/", "/app/api/none.json", "/xczx/é", "/xczx/a:b@c", "/a.gone.b/c.html"),
]


@pytest.fixture(scope="module")
def root(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """The site of `test_site`, with a listing as the project writes it."""
    root = tmp_path_factory.mktemp("served") / "site"
    shutil.copytree(tree, root, symlinks=True)
    (root / "inside.html").unlink()
    (root / "inside.html").symlink_to(root / "index.html")
    (root / "moved.map").write_text("back yaowen;\n\\default yaowen;\nxczx yaowen;\n")
    return root


class Nginx:
    """A real nginx with the shipped file, its folder and port replaced."""

    def __init__(self, root: Path, folder: Path) -> None:
        if NGINX is None:
            pytest.skip("there is no nginx on this machine")
        with closing(socket.create_server(("127.0.0.1", 0))) as found:
            self.port = found.getsockname()[1]
        shipped, count = re.subn(re.escape(SHIPPED), str(root), CONFIG.read_text())
        assert count >= 3
        shipped, count = re.subn(r"listen 80;", f"listen 127.0.0.1:{self.port};", shipped)
        assert count == 1
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
        (folder / "nginx.conf").write_text(
            f"user root;\ndaemon off; pid {folder}/pid; error_log {folder}/errors;\nworker_processes 1;\nevents {{}}\n"
            f"http {{ access_log off; sendfile on; tcp_nopush on;\n{temporary}{shipped}}}\n"
        )
        self._process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")])

    @property
    def process(self) -> int:
        return self._process.pid

    def reload(self) -> None:
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=10)


@pytest.fixture(scope="module")
def nginx(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    running_one = Nginx(root, tmp_path_factory.mktemp("nginx"))
    try:
        get = Client(running_one.port)
        soon(get, "/", 200)
        yield get
    finally:
        running_one.stop()


@pytest.fixture(scope="module")
def own(root: Path) -> Iterator[Client]:
    with running(root) as get:
        yield get


def files(root: Path) -> list[str]:
    return [f"/{quote(str(path.relative_to(root)))}" for path in sorted(root.rglob("*")) if path.is_file()]


def test_the_answers_are_the_same_address_by_address(root: Path, nginx: Client, own: Client) -> None:
    asked = [quote(path, safe="/%?&=:@") for path in ASKED]
    differing = {}
    for path in {*asked, *files(root)} - FIRST_EDITION - LINKS:
        for method in ("GET", "HEAD"):
            one, other = nginx(path, method), own(path, method)
            facts = [
                (
                    answer.status,
                    urljoin(path, answer["Location"]) if answer["Location"] else "",
                    answer["Content-Type"] if answer.status in (200, 410) else "",
                    answer["Cache-Control"],
                    answer["Access-Control-Allow-Origin"],
                    answer.body if answer.status in (200, 410) else b"",
                    {name: answer[name] for name in SECURITY},
                )
                for answer in (one, other)
            ]
            if facts[0] != facts[1]:
                differing[method, path] = [
                    (a, b)
                    for a, b in zip(*facts, strict=True)
                    if a != b and not (isinstance(a, bytes) and len(a) > 500)
                ] or "body"
    assert not differing, differing


def test_a_withdrawal_needs_no_reload(root: Path, nginx: Client) -> None:
    page, picture = root / "2027" / "a9.html", root / "2027" / "a9" / "p.webp"
    picture.parent.mkdir(parents=True)
    page.write_text("<p>新</p>")
    picture.write_bytes(b"RIFF")
    for path in ("/2027/a9.html", "/2027/a9/p.webp"):
        assert (nginx(path).status, nginx(path)["Cache-Control"]) == (200, "public, max-age=60, must-revalidate")
    tag = nginx("/2027/a9.html")["ETag"]
    page.with_name("a9.gone.html").write_text("<p>已撤回</p>")
    page.unlink()
    picture.unlink()
    for asked in ({}, {"If-None-Match": tag}, {"Range": "bytes=0-2"}):
        assert nginx("/2027/a9.html", **asked).status == 410
    assert (nginx("/2027/a9/p.webp").status, nginx("/2027/a9/p.webp")["Cache-Control"]) == (404, "no-cache")


def test_a_move_is_followed_after_a_reload_and_told_before(root: Path, tmp_path: Path) -> None:
    served = tmp_path / "site"
    (served / "new").mkdir(parents=True)
    (served / "old").mkdir()
    (served / "old" / "index.moved.html").write_text("<p>已更名</p>")
    (served / "new" / "index.html").write_text("<p>新</p>")
    running_one = Nginx(served, tmp_path)
    try:
        get = Client(running_one.port)
        soon(get, "/new/", 200)
        assert get("/old/").body == "<p>已更名</p>".encode()
        (served / "moved.map").write_text("old new;\n")
        running_one.reload()
        led = until(lambda: get("/old/")["Location"])  # the worker from before the reload may still take a call
        assert led == "/new/"
        # It is called so again, and nginx has not been told: no reader goes in circles.
        (served / "old" / "index.html").write_text("<p>旧</p>")
        (served / "new" / "index.moved.html").write_text("<p>又更名</p>")
        (served / "new" / "index.html").unlink()
        (served / "moved.map").write_text("new old;\n")
        assert (get("/old/").status, get("/new/").status, get("/new/").body) == (200, 200, "<p>又更名</p>".encode())
    finally:
        running_one.stop()
