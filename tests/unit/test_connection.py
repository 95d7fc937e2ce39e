"""Connections of the site's server: patience, limits, the forms of a request, and answers that are given again."""

from __future__ import annotations

import errno
import http.client
import os
import re
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipeline.web import connection, site
from pipeline.web.accesslog import AccessLog
from pipeline.web.site import SECURE
from tests.engine.commands import until
from tests.unit.test_caches import soon
from tests.unit.test_site import Client, running

PAGE = b"<!doctype html>" + b"<p>\xe6\x9e\xb6\xe8\xb1\x86</p>" * 100
PICTURE = bytes(range(256)) * 400


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    (root / "2026").mkdir(parents=True)
    (root / "index.html").write_bytes(PAGE)
    (root / "2026/a1.html").write_bytes(PAGE)
    (root / "2026/p.webp").write_bytes(PICTURE)
    return root


@contextmanager
def connected(port: int, said: bytes = b"") -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as client:
        client.sendall(said)
        yield client


def rest(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    got = b""
    try:
        while more := client.recv(1 << 16):
            got += more
    except ConnectionError:
        pass
    return got


def answered(port: int, said: bytes) -> bytes:
    """What is answered to these requests, the last of which ends the connection."""
    head, _, _ = said.rpartition(b"\r\n\r\n")
    with connected(port, (head or said) + b"\r\nConnection: close\r\n\r\n") as client:
        return rest(client)


# -- patience -------------------------------------------------------------------------------------------------


def test_nobody_keeps_the_server_waiting(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD", "BODY", "IDLE"):
        monkeypatch.setattr(connection, name, 0.01)

    async def take(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    with running(root, routes=[Route("/take", take, methods=["POST"])]) as get, ExitStack() as stack:
        waiting = {
            said: stack.enter_context(connected(get.port, said))
            for said in (
                b"",
                b"G",
                b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow",
                b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2026/",
                b"POST /take HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf",
            )
        }
        told = {said: rest(client) for said, client in waiting.items()}
        statuses = [re.findall(rb"HTTP/1.1 (\d+) ", got) for got in told.values()]
        assert statuses == [[], [b"408"], [b"408"], [b"200", b"408"], [b"408"]]
        assert get("/").status == 200


def test_who_takes_nothing_is_let_go(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STALLED", 0.01)
    (root / "film.mp4").write_bytes(b"\0" * 40 * 2**20)
    here = running(root)
    with here as get, connected(get.port, b"GET /film.mp4 HTTP/1.1\r\nHost: a\r\n\r\n") as client:
        assert client.recv(12) == b"HTTP/1.1 200"
        until(lambda: not here.connections)


def test_a_server_that_was_stopped_blames_nobody(root: Path) -> None:
    here = running(root)
    with here as get, connected(get.port, b"GET / HTTP/1.1\r\nHost: a\r\n") as client:
        until(lambda: here.connections)
        get("/")
        here.stopped_for(10 * connection.HEAD)
        get("/")
        until(lambda: here.has_looked)
        client.sendall(b"Connection: close\r\n\r\n")
        assert rest(client).endswith(PAGE)


def test_a_head_has_an_end(root: Path) -> None:
    with running(root) as get:
        long = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * (connection.LONGEST_HEAD + 1)
        assert re.match(rb"HTTP/1.1 4(00|31) ", answered(get.port, long))
        with connected(get.port, long) as client:
            assert rest(client).startswith(b"HTTP/1.1 431 ")
        assert get("/").status == 200


# -- limits ---------------------------------------------------------------------------------------------------


def test_half_sent_requests_keep_nobody_out(root: Path) -> None:
    with running(root, connections=10) as get, ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(connected(get.port, b"GET / HTTP/1.1\r\nHost: a\r\nX-Half: "))
            assert get("/healthz").status == 200
        assert get("/2026/a1.html").body == PAGE


def test_who_is_being_answered_keeps_his_place(root: Path) -> None:
    """Where all are at work a new one is told so; none of them is cut off."""
    begun, may_end = threading.Semaphore(0), threading.Event()

    def slow(_request: Request) -> Response:
        begun.release()
        may_end.wait(20)
        return PlainTextResponse("done")

    with running(root, connections=3, routes=[Route("/slow", slow)]) as get, ExitStack() as stack:
        asked = b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        busy = [stack.enter_context(connected(get.port, asked)) for _ in range(3)]
        assert all(begun.acquire(timeout=20) for _ in busy)
        answer = get("/healthz")
        assert (answer.status, answer["Retry-After"]) == (503, "5")
        may_end.set()
        assert [rest(client)[-4:] for client in busy] == [b"done"] * 3
        assert until(lambda: get("/healthz").status == 200)


FEW = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))
sys.argv = ["newsroom", "serve", "--site", sys.argv[1], "--listen", "127.0.0.1:" + sys.argv[2]]
from pipeline.commands.main import main_newsroom
main_newsroom()
"""


def test_few_file_handles_and_300_half_sent_requests(root: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 512 <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    with free_port() as port, process(["-c", FEW, str(root), str(port)], root), ExitStack() as stack:
        get = Client(port)
        soon(get, "/healthz", 200)
        for _ in range(300):
            stack.enter_context(connected(port, b"GET / HTTP/1.1\r\nHost: a\r\nX-Half: "))
        assert get("/healthz").status == 200
        assert get("/2026/a1.html").body == PAGE


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO])
def test_trouble_is_no_word_that_nothing_is_there(root: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def troubled(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with running(root) as get:
        monkeypatch.setattr(site, "open", troubled, raising=False)
        answer = get("/2026/a1.html")
        assert (answer.status, answer["Retry-After"], answer["Cache-Control"]) == (503, "5", "no-cache")
        monkeypatch.undo()
        assert get("/2026/a1.html").status == 200


# -- forms of a request ---------------------------------------------------------------------------------------


def test_absolute_form(root: Path) -> None:
    def host(request: Request) -> Response:
        return PlainTextResponse(f"{request.headers['host']} {request.url.query}")

    with running(root, routes=[Route("/host", host)]) as get:
        for target in (b"http://www.qinghe.gov.cn/2026/a1.html", b"HTTPS://www.qinghe.gov.cn:8443/2026/a1.html?a=1"):
            for _ in range(2):
                got = answered(get.port, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert (got[:15], got.endswith(PAGE)) == (b"HTTP/1.1 200 OK", True)
        got = answered(get.port, b"GET http://www.qinghe.gov.cn:81/host?q=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert got.endswith(b"\r\n\r\nwww.qinghe.gov.cn:81 q=1")
        got = answered(get.port, b"GET http://www.qinghe.gov.cn HTTP/1.1\r\nHost: a\r\n\r\n")
        assert got.endswith(PAGE)
        for target in (b"ftp://a/", b"http:///a", b"a", b"a:80", b"*"):
            got = answered(get.port, b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 400 "), target


def test_https_is_said_where_the_site_has_it(root: Path) -> None:
    name, value = SECURE
    with running(root, secure=True) as get:
        for path in ("/", "/none", "/healthz", "/2026/p.webp"):
            assert get(path)[name] == value
    with running(root) as get:
        assert get("/")[name] == ""


# -- kept answers ---------------------------------------------------------------------------------------------


def facts(answer: http.client.HTTPResponse | object) -> tuple[object, ...]:
    headers = sorted((name.lower(), value) for name, value in answer.headers.items() if name.lower() != "date")  # type: ignore[union-attr]
    return (answer.status, headers, answer.body)  # type: ignore[union-attr]


def test_an_answer_that_is_kept_is_the_same_answer(root: Path) -> None:
    with running(root) as get:
        for path in ("/", "/2026/a1.html", "/2026/p.webp", "/2026/a1.html?from=timeline"):
            for codings in ("", "gzip", "br, gzip", "gzip;q=0"):
                asked = {"Accept_Encoding": codings} if codings else {}
                first = facts(get(path, **asked))
                assert [facts(get(path, **asked)) for _ in range(2)] == [first] * 2
        tag = get("/")["ETag"]
        assert get("/", If_None_Match=tag).status == 304
        assert get("/", Range="bytes=0-3").body == PAGE[:4]
        assert (get("/", "HEAD").body, get("/", "POST", Content_Length="0").status) == (b"", 405)


def test_what_is_kept_is_never_older_than_its_file(root: Path) -> None:
    page, gone = root / "2026/a1.html", root / "2026/a1.gone.html"
    with running(root) as get:
        for text in (b"<p>first</p>", b"<p>other</p>", PAGE):
            new = root / "new"
            new.write_bytes(text)
            new.replace(page)
            assert [get("/2026/a1.html").body for _ in range(3)] == [text] * 3
        gone.write_bytes(b"<p>gone</p>")
        page.unlink()
        assert [get("/2026/a1.html").status for _ in range(2)] == [410, 410]
        page.write_bytes(PAGE)
        assert get("/2026/a1.html").body == PAGE
        (root / "2026/p.webp").unlink()
        assert get("/2026/p.webp").status == 404


def test_what_is_kept_makes_room(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.web.answers.ROOM", 3 * len(PICTURE))
    here = running(root)
    with here as get:
        for n in range(12):
            assert get(f"/2026/p.webp?{n}").body == PICTURE
            assert get(f"/2026/p.webp?{n}").body == PICTURE
        assert get("/2026/a1.html").body == PAGE


@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_requests_on_one_connection_are_answered_in_their_order(root: Path, version: bytes) -> None:
    asked = [b"/", b"/none", b"/2026/p.webp", b"/", b"/healthz", b"/2026/a1.html", b"/2026/p.webp"]
    with running(root) as get:
        for path in asked:
            get(path.decode())
        said = b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in asked)
        got = answered(get.port, said.replace(b"HTTP/1.1", b"HTTP/" + version, 1) if version == b"1.0" else said)
        found = re.findall(rb"HTTP/1\.1 (\d+) ", got)
        if version == b"1.1":
            assert found == [b"200", b"404", b"200", b"200", b"200", b"200", b"200"]
        else:
            assert found[0] == b"200"
            assert b"connection: close" in got.partition(b"\r\n\r\n")[0]
        kept = b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
        got = answered(get.port, kept + b"GET / HTTP/1.0\r\n\r\n")
        assert (got.count(b"HTTP/1.1 200 OK"), got.count(b"connection: keep-alive")) == (2, 1)


# -- the access log -------------------------------------------------------------------------------------------

COMBINED = re.compile(
    r'(\S+) - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"'
)


def test_the_access_log_is_one_that_every_tool_reads(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "log" / "access.log"
    log = AccessLog(file)
    with running(root, log=log) as get:
        for path in ("/", "/", "/none?a=1", "/inside/tv/script.html?sig=secret", "/hooks/wechat?signature=secret"):
            get(path, Referer="https://a.cn/", User_Agent='Mozilla "5.0" \\ é')
        get("/", "HEAD")
        get("/", Range="bytes=0-9")
    lines = file.read_text().splitlines()
    found = [COMBINED.fullmatch(one) for one in lines]
    assert all(found), lines
    told = [one.groups() for one in found if one]
    assert {one[0] for one in told} == {"127.0.0.1"}
    assert [(asked, status) for _, asked, status, *_ in told] == [
        ("GET / HTTP/1.1", "200"),
        ("GET / HTTP/1.1", "200"),
        ("GET /none?a=1 HTTP/1.1", "404"),
        ("GET /inside/tv/... HTTP/1.1", "404"),
        ("GET /hooks/wechat/... HTTP/1.1", "404"),
        ("HEAD / HTTP/1.1", "200"),
        ("GET / HTTP/1.1", "206"),
    ]
    assert [one[3] for one in told][:2] == [str(len(PAGE))] * 2
    assert (told[-2][3], told[-1][3]) == ("0", "10")
    assert (told[0][4], told[0][5]) == ("https://a.cn/", r"Mozilla \x225.0\x22 \x5C \xE9")
    file.rename(file.with_suffix(".1"))
    with running(root, log=log) as get:
        get("/")
    log.close()
    assert len(file.read_text().splitlines()) == 1


# -- the command ----------------------------------------------------------------------------------------------


@contextmanager
def free_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    yield port


@contextmanager
def process(words: list[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TONGFA_")}
    started = subprocess.Popen([sys.executable, *words], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.terminate()
        _, errors = started.communicate(timeout=20)
        assert errors == ""


def test_a_folder_is_served_without_a_newsroom(root: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with free_port() as port:
        words = ["-m", "pipeline", "serve", "--site", str(root), "--listen", f"127.0.0.1:{port}"]
        with process([*words, "--access-log", str(log)], tmp_path):
            get = Client(port)
            soon(get, "/healthz", 200)
            assert get("/2026/a1.html").body == PAGE
            assert get("/inside/tv/").status == get("/hooks/tv").status == 404
    assert "GET /2026/a1.html" in log.read_text()
