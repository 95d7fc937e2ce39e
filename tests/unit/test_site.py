"""The public site's server, over a real socket; its handling of paths, by properties."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

import brotli  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.web.accesslog import AccessLog
from pipeline.web.connection import MOST_CONNECTIONS
from pipeline.web.site import IN_MEMORY, SECURITY, serve, server, site

GONE = b"<!-- tongfa:gone -->"


def moved(url: str) -> bytes:
    """What the first edition wrote into a page that had moved."""
    return b"<!-- tongfa:moved " + quote(url, safe=":/").encode() + b" -->"


PAGE = "<!DOCTYPE html>\n<title>武山</title>\n" + "<p>架豆喜获丰收</p>\n" * 100
NOTICE, ELSE = "<p>本稿已撤回</p>" * 50, "<p>栏目已更名</p>" * 50
MOVED_PAGE = f"<!DOCTYPE html>\n{moved('/yaowen/').decode()}\n<p>栏目已更名</p>" + "\n<p>武山</p>" * 100
GONE_PAGE = f"<!DOCTYPE html>\n{GONE.decode()}\n<p>本稿已撤回</p>" + "\n<p>武山</p>" * 100
RIGHT_XML = b"<?xml version='1.0' encoding='UTF-8'?>\n"
MARK = moved("/yaowen/")
SAID: dict[str, bytes] = {
    "whole.json": MARK,
    "value.json": b'{"version": "1.1", "moved": "%b"}' % MARK,
    "string.json": b'"%b"' % MARK,
    "declared.json": b"<!doctype html>" + MARK,
    "photo.jpg": b"\xff\xd8\xff\xfe\x00\x30" + MARK + b"\xff\xd9" * 200,
    "declared.jpg": b"<!doctype html>" + MARK,
    "chart.png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\x30tEXtComment\0" + MARK,
    "drawing.svg": b"<?xml version='1.0'?>" + MARK + b"<svg/>",
    "notes.txt": b"<!doctype html>" + MARK,
    "bare.html": MARK + PAGE.encode(),
    "bare.xml": MARK + b"<rss/>",
    "title.html": b"<!doctype html><title>" + MARK + b"</title>",
    "script.html": b'<!doctype html><script type="application/ld+json">{"headline": "%b"}</script>' % MARK,
    "comment.html": b"<!doctype html><!-- a word of the editor's -->" + MARK,
    "attribute.html": b"<!doctype html><meta name='Description' content='" + MARK + b"'>",
    "cdata.xml": RIGHT_XML + b"<rss><description><![CDATA[" + MARK + b"]]></description></rss>",
    "comment.xml": RIGHT_XML + b"<rss><description>" + MARK + b"</description></rss>",
    "attribute.xml": RIGHT_XML + b"<opml title='" + MARK + b"'/>",
    "instruction.xml": RIGHT_XML + b"<?about " + MARK + b"?><rss/>",
}
"""What a manuscript, or a picture's comment, might bring into a file: none of it is the project's own mark."""
ELSEWHERE = [
    b"https://a.cn/",
    b"https://evil.example/",
    b"http://www.wushan.gov.cn/",
    b"//a.cn/",
    b"http:/a.cn",
    b"http://[a",
    b"javascript:alert(1)",
    b"http://www.wushan.gov.cn.a.cn/",
    b"http://www.wushan.gov.cn@a.cn/",
    b"http://www.wushan.gov.cn:8080/",
    b"http://wushan.gov.cn/",
    b"yaowen/",
    b"/\\a.cn/",
    b"/\xe6\xad\xa6/",
]
"""Addresses that are not the site's, or none at all."""
CONTENT = "public, max-age=60, must-revalidate"
"""What any cache is told of whatever may be withdrawn."""
VIDEO = bytes(range(256)) * (IN_MEMORY // 256 + 10)
SECRET = "what nobody may see"


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass
class Client:
    """Requests exactly as written, each on a connection of its own."""

    port: int

    def __call__(self, path: str, method: str = "GET", **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site, with secrets beside it and links to them in it."""
    around = tmp_path_factory.mktemp("around")
    (around / "secret.html").write_text(SECRET)
    (around / "secrets").mkdir()
    (around / "secrets" / "index.html").write_text(SECRET)
    root = around / "site"
    files: dict[str, str | bytes] = {
        "index.html": PAGE,
        "404.html": "<title>没有这一页</title>" + "<p>您访问的页面不存在</p>" * 50,
        "2026/11/a1.html": PAGE,
        "2026/11/a2.html": GONE_PAGE,
        "2026/11/a3.html": PAGE + GONE.decode(),
        "2026/11/a4.gone.html": NOTICE,
        "2026/11/a5.html": PAGE,  # it has come back: whatever stands beside it says nothing
        "2026/11/a5.gone.html": NOTICE,
        "moved.map": "back yaowen;\n\\default yaowen;\nxczx yaowen;\n\nout https://a.cn/;\n../x yaowen;\n"
        "odd ../yaowen;\nout2 //a.cn;\nout3 yaowen; include /etc/passwd;\nout4 yaowen;return 301 https://a.cn/;\n",
        "xczx/index.moved.html": ELSE,
        "back/index.html": PAGE,
        "default/index.moved.html": ELSE,
        "unread/index.moved.html": ELSE,
        "closed/index.gone.html": NOTICE,
        "feeds/moved.map": "xczx tuopin;\n",
        "feeds/xczx/rss.moved.xml": "<rss/>" * 100,
        "feeds/tuopin/rss.xml": "<rss/>" * 100,
        "yaowen/index.html": PAGE,
        "former/index.html": MOVED_PAGE,
        "former/late.html": PAGE + moved("/yaowen/").decode(),
        "former/rss.xml": "<?xml version='1.0'?>" + moved("../yaowen/rss.xml").decode() + "<rss/>" * 100,
        "former/atom.xml": b"\xef\xbb\xbf" + RIGHT_XML + moved("/新.xml") + b"<feed/>" * 100,
        **{f"said/{name}": content for name, content in SAID.items()},
        **{
            f"elsewhere/{n}.html": b"<!doctype html>" + MARK.replace(b"/yaowen/", url) + PAGE.encode()
            for n, url in enumerate(ELSEWHERE)
        },
        "empty/note.txt": "短",
        "栏目/index.html": PAGE,
        "assets/site.3f2a9c1b.css": "body { color: #222 }\n" * 50,
        "assets/site-20200110.css": "body { color: #222 }\n" * 50,
        "media/d53c1613c45b9e36-1200.webp": b"RIFF....WEBP" * 100,
        "media/banner-20200110.jpg": b"\xff\xd8" * 400,
        "feeds/rss.xml": "<rss/>" * 100,
        "feeds/rss-2.xml": "<rss/>" * 100,
        "feeds/atom.xml": "<feed/>" * 100,
        "feeds/feed.json": "{}" * 200,
        "feeds/opml.xml": "<opml/>" * 100,
        "sitemap.xml": "<urlset/>" * 100,
        "robots.txt": "User-agent: *\n" * 30,
        "app/articles.json": "{}" * 200,
        "app/api/latest.json": "{}" * 200,
        "icon.svg": "<svg/>" * 100,
        "packed.html.gz": gzip.compress(PAGE.encode()),
        "video.mp4": VIDEO,
        ".hidden.html": SECRET,
        ".git/config": SECRET,
        "media/.staging/a1.html": SECRET,
        "zero.txt": b"",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (root / "out.html").symlink_to(around / "secret.html")
    (root / "outside").symlink_to(around / "secrets")
    (root / "inside.html").symlink_to(root / "index.html")
    return root


@pytest.fixture(scope="module")
def get(root: Path) -> Iterator[Client]:
    with running(root) as client:
        yield client


class running:  # noqa: N801 - reads as a sentence
    """The site behind its server on a loopback port while the block runs."""

    def __init__(
        self,
        root: Path,
        *,
        port: int = 0,
        routes: Sequence[BaseRoute] = (),
        log: AccessLog | None = None,
        connections: int = MOST_CONNECTIONS,
        **how: bool,
    ) -> None:
        self._listener = socket.create_server(("127.0.0.1", port))
        self._stopped = 0.0
        self._server = server(site(root, routes=routes, **how), log, connections)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._server.server_state.connections)

    def stopped_for(self, seconds: float) -> None:
        """As if the process had stood still for so long, since it last looked after its connections."""
        for one in list(self._server.server_state.connections):
            one._since -= seconds  # type: ignore[union-attr]
        self._server._looked -= seconds
        self._stopped = self._server._looked

    @property
    def has_looked(self) -> bool:
        """Whether it has looked after its connections since it was stopped."""
        return self._server._looked > self._stopped

    def __enter__(self) -> Client:
        self._thread.start()
        return Client(self._listener.getsockname()[1])

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()


# -- what is served ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content_type", "cache"),
    [
        ("/", "text/html; charset=utf-8", CONTENT),
        ("/2026/11/a1.html", "text/html; charset=utf-8", CONTENT),
        ("/inside.html", "text/html; charset=utf-8", CONTENT),
        ("/feeds/rss.xml", "application/rss+xml; charset=utf-8", CONTENT),
        ("/feeds/rss-2.xml", "application/rss+xml; charset=utf-8", CONTENT),
        ("/feeds/atom.xml", "application/atom+xml; charset=utf-8", CONTENT),
        ("/feeds/feed.json", "application/feed+json; charset=utf-8", CONTENT),
        ("/feeds/opml.xml", "text/x-opml; charset=utf-8", CONTENT),
        ("/sitemap.xml", "application/xml; charset=utf-8", CONTENT),
        ("/robots.txt", "text/plain; charset=utf-8", CONTENT),
        ("/app/articles.json", "application/json; charset=utf-8", CONTENT),
        ("/assets/site.3f2a9c1b.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/assets/site-20200110.css", "text/css; charset=utf-8", "public, max-age=3600"),
        ("/media/d53c1613c45b9e36-1200.webp", "image/webp", CONTENT),
        ("/media/banner-20200110.jpg", "image/jpeg", CONTENT),
        ("/icon.svg", "image/svg+xml; charset=utf-8", CONTENT),
        ("/packed.html.gz", "application/octet-stream", CONTENT),
        ("/video.mp4", "video/mp4", CONTENT),
    ],
)
def test_types_and_caching(get: Client, root: Path, path: str, content_type: str, cache: str) -> None:
    answer = get(path)
    assert answer.status == 200
    assert (answer["Content-Type"], answer["Cache-Control"]) == (content_type, cache)
    file = root / (path[1:] or "index.html")
    assert answer.body == file.read_bytes()
    assert answer["ETag"].startswith('"')
    assert answer["Last-Modified"].endswith("GMT")
    head = get(path, "HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Last-Modified", "Cache-Control"):
        assert head[name] == answer[name]


def test_every_answer_is_hardened(get: Client) -> None:
    for answer in (get("/"), get("/none"), get("/2026/11/a2.html"), get("/yaowen"), get("/", "POST"), get("/healthz"),
                   get("/video.mp4", Range="bytes=999999999-"), get("/", If_None_Match="*")):  # fmt: skip
        assert {name: answer[name] for name in SECURITY} == SECURITY
        assert not answer["Server"] or answer["Server"] == "uvicorn"
    assert "default-src 'self'" in get("/")["Content-Security-Policy"]


def test_the_apps_api_is_open_to_other_origins(get: Client) -> None:
    tag = get("/app/api/latest.json")["ETag"]
    for answer, status in (
        (get("/app/api/latest.json"), 200),
        (get("/app/api/latest.json", "HEAD"), 200),
        (get("/app/api/latest.json", If_None_Match=tag), 304),
        (get("/app/api/none.json"), 404),
    ):
        assert answer.status == status
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert answer["Access-Control-Expose-Headers"] == "ETag"
    for path in ("/", "/app/articles.json", "/feeds/feed.json", "/healthz", "/app/apis"):
        assert not get(path)["Access-Control-Allow-Origin"]


def test_folders(get: Client) -> None:
    moved = get("/yaowen?page=2")
    assert (moved.status, moved["Location"]) == (301, "/yaowen/?page=2")
    assert get("/yaowen/").status == 200
    assert get(quote("/栏目"))["Location"] == quote("/栏目/")
    assert get(quote("/栏目/")).status == 200
    for path in ("/empty", "/empty/", "/2026/", "/index.html/", "/robots.txt/"):
        assert get(path).status == 404


def test_missing_pages_show_the_sites_own_page(get: Client) -> None:
    for path in ("/none.html", "/404.html"):
        answer = get(path, Accept_Encoding="gzip", Range="bytes=0-3")
        assert answer.status == 404
        assert "没有这一页" in gzip.decompress(answer.body).decode()
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert answer["Cache-Control"] == "no-cache"
        assert not answer["ETag"]
    assert get("/none.html", "HEAD").body == b""


def test_without_a_page_of_its_own_and_without_a_folder(tmp_path: Path) -> None:
    with running(tmp_path / "later") as get:
        answer = get("/")
        assert (answer.status, answer["Content-Type"]) == (404, "text/plain; charset=utf-8")
        assert get("/healthz").status == 200


def test_a_withdrawn_page_is_gone_whatever_is_asked(get: Client, root: Path) -> None:
    modified = get("/2026/11/a1.html")["Last-Modified"]
    for method in ("GET", "HEAD"):
        for asked in (
            {},
            {"If-None-Match": "*"},
            {"If-Modified-Since": modified},
            {"Range": "bytes=0-9"},
            {"Accept-Encoding": "br"},
        ):
            answer = get("/2026/11/a2.html", method, **asked)
            assert answer.status == 410
            assert answer["Cache-Control"] == "no-cache"
            assert not answer["ETag"]
            assert int(answer["Content-Length"]) > 0
            assert bool(answer.body) is (method == "GET")
    assert get("/2026/11/a2.html").body == GONE_PAGE.encode()
    assert brotli.decompress(get("/2026/11/a2.html", Accept_Encoding="br").body) == GONE_PAGE.encode()
    assert get("/2026/11/a3.html").status == 200  # the mark counts only at the beginning


def test_what_is_told_in_a_files_place(get: Client, root: Path) -> None:
    for method in ("GET", "HEAD"):
        for asked in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}):
            answer = get("/2026/11/a4.html", method, **asked)
            assert (answer.status, answer["Cache-Control"], answer["ETag"]) == (410, "no-cache", "")
            assert answer["Content-Type"] == "text/html; charset=utf-8"
            assert answer.body == (NOTICE.encode() if method == "GET" else b"")
    assert get("/2026/11/a5.html").status == 200
    assert (get("/closed")["Location"], get("/closed/").status) == ("/closed/", 410)
    for path in ("/2026/11/a4.gone.html", "/xczx/index.moved.html", "/feeds/xczx/rss.moved.xml", "/2026/11/a4.gone"):
        assert get(path).status == 404, path


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/xczx", "/xczx/"),
        ("/xczx/", "../yaowen/"),
        ("/xczx/?page=2", "../yaowen/?page=2"),
        ("/xczx/index.html", "../yaowen/index.html"),
        ("/xczx/3.html", "../yaowen/3.html"),
        ("/xczx/a/b.webp", "../../yaowen/a/b.webp"),
        ("/default/", "../yaowen/"),
        ("/feeds/xczx/rss.xml", "../tuopin/rss.xml"),
        ("/feeds/xczx/feed.json", "../tuopin/feed.json"),
    ],
)
def test_a_moved_folder_leads_to_where_it_is(get: Client, path: str, location: str) -> None:
    for method in ("GET", "HEAD"):
        answer = get(path, method)
        assert (answer.status, answer["Location"], answer["Cache-Control"]) == (301, location, CONTENT)
    assert get("/xczx/").body == ELSE.encode()


@pytest.mark.parametrize(
    "path",
    [
        *("/out/", "/out2/", "/out3/", "/out4/", "/odd/", "/x/", "/tuopin/", "/feeds/none/rss.xml", "/none/xczx/"),
        *("/xczx/%0d%0aSet-Cookie:a", "/xczx/%2f%2fa.cn", "/xczx//a.cn", "/xczx/..%2f..", "/xczx/é", "/xczx/a:b@c"),
    ],
)
def test_nothing_else_leads_anywhere(get: Client, path: str) -> None:
    answer = get(quote(path, safe="/%:@"))
    assert (answer.status, answer["Location"]) == (404, "")


def test_what_a_server_has_not_read_of_is_told_by_a_page(get: Client) -> None:
    answer = get("/unread/")
    assert (answer.status, answer.body, answer["Cache-Control"]) == (200, ELSE.encode(), CONTENT)
    assert (get("/back/").status, get("/back/2.html")["Location"]) == (200, "../yaowen/2.html")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/former/", "/yaowen/"),
        ("/former/index.html", "/yaowen/"),
        ("/former/rss.xml", "../yaowen/rss.xml"),
        ("/former/atom.xml", "/%E6%96%B0.xml"),
    ],
)
def test_what_the_first_edition_moved_says_where_to(get: Client, path: str, location: str) -> None:
    for method in ("GET", "HEAD"):
        for asked in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}, {"Accept-Encoding": "br"}):
            answer = get(path, method, **asked)
            assert (answer.status, answer["Location"]) == (301, location)
            assert answer["Cache-Control"] == CONTENT  # it may be called so again
            assert not answer["ETag"]
            assert bool(answer.body) is (method == "GET")


def test_a_page_of_the_former_address_says_it_itself(get: Client) -> None:
    assert get("/former/").body == MOVED_PAGE.encode()


@pytest.mark.parametrize("name", [*SAID, "../former/late.html"])
def test_what_a_manuscript_says_moves_nothing(get: Client, root: Path, name: str) -> None:
    path = os.path.normpath(f"/said/{name}")
    answer = get(path)
    assert (answer.status, answer["Location"]) == (200, "")
    assert answer.body == (root / path[1:]).read_bytes()


@pytest.mark.parametrize("number", range(len(ELSEWHERE)))
def test_nobody_is_sent_to_another_host(get: Client, number: int) -> None:
    answer = get(f"/elsewhere/{number}.html")
    assert (answer.status, answer["Location"]) == (200, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods(get: Client, method: str) -> None:
    for path in ("/", "/none", "/healthz", "/2026/11/a2.html"):
        answer = get(path, method, Content_Length="0")
        assert answer.status == 405
        assert {one.strip() for one in answer["Allow"].split(",")} == {"GET", "HEAD"}


def test_a_program_may_answer_beside_the_files(root: Path) -> None:
    def search(request: Request) -> Response:
        return PlainTextResponse(f"{request.query_params['q']}\n")

    with running(root, routes=[Route("/search", search)]) as get:
        answer = get("/search?q=a%20b")
        assert (answer.status, answer.body) == (200, b"a b\n")
        for name, value in SECURITY.items():
            assert answer[name] == value
        assert (get("/search", "POST", Content_Length="0").status, get("/search/x").status) == (405, 404)
        assert get("/").body == PAGE.encode()


def test_healthz(get: Client) -> None:
    assert get("/healthz").status == get("/healthz", "HEAD").status == 200
    assert get("/healthz")["Cache-Control"] == "no-store"


# -- conditional requests, ranges, codings -------------------------------------------------------------------


def test_conditional_requests(get: Client, root: Path) -> None:
    page = get("/yaowen/")
    etag, modified = page["ETag"], page["Last-Modified"]
    for same in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        answer = get("/yaowen/", If_None_Match=same)
        assert (answer.status, answer.body) == (304, b"")
        assert (answer["ETag"], answer["Cache-Control"], answer["Vary"]) == (
            etag, CONTENT, "Accept-Encoding",
        )  # fmt: skip
    assert get("/yaowen/", "HEAD", If_None_Match=etag).status == 304
    assert get("/yaowen/", If_Modified_Since=modified).status == 304
    assert get("/yaowen/", If_Modified_Since="Mon, 01 Jan 2001 00:00:00 GMT").status == 200
    assert get("/yaowen/", If_Modified_Since="yesterday").status == 200
    # RFC 9110, 13.2.2: with If-None-Match, If-Modified-Since is ignored
    assert get("/yaowen/", If_None_Match='"old"', If_Modified_Since=modified).status == 200
    assert get("/yaowen/", If_None_Match=etag, If_Modified_Since="Mon, 01 Jan 2001 00:00:00 GMT").status == 304


def test_a_new_version_has_a_new_tag(get: Client, root: Path) -> None:
    path = root / "changing.html"
    path.write_text(PAGE)
    times = path.stat()
    before = get("/changing.html", Accept_Encoding="br")
    other = root / "changing.new"
    other.write_text(PAGE.replace("架豆", "韭菜"))  # the same length, and the same time
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)
    after = get("/changing.html", Accept_Encoding="br", If_None_Match=before["ETag"])
    assert after.status == 200
    assert "韭菜" in brotli.decompress(after.body).decode()


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-99", 0, 99), ("bytes=100-", 100, None), ("bytes=-100", -100, None), ("bytes=5-999999999", 5, None),
     ("BYTES=0-0", 0, 0)],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/2026/11/a1.html", "/video.mp4"])
def test_ranges(get: Client, root: Path, path: str, asked: str, first: int, last: int | None) -> None:
    whole = (root / path[1:]).read_bytes()
    answer = get(path, Range=asked, Accept_Encoding="br")
    wanted = whole[first:] if last is None else whole[first : last + 1]
    start = first % len(whole)
    assert (answer.status, answer.body) == (206, wanted)
    assert answer["Content-Range"] == f"bytes {start}-{start + len(wanted) - 1}/{len(whole)}"
    assert not answer["Content-Encoding"]
    assert answer["ETag"] == get(path)["ETag"]


def test_ranges_that_cannot_be(get: Client) -> None:
    size = len(VIDEO)
    for asked in (f"bytes={size}-", "bytes=-0"):
        answer = get("/video.mp4", Range=asked)
        assert (answer.status, answer["Content-Range"]) == (416, f"bytes */{size}")
    for asked in ("bytes=9-5", "bytes=", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "nonsense"):
        assert (get("/video.mp4", Range=asked).status, len(get("/video.mp4", Range=asked).body)) == (200, size)
    assert get("/video.mp4", "HEAD", Range="bytes=0-1").status == 200
    assert get("/zero.txt", Range="bytes=0-1").status == 416
    assert get("/zero.txt").status == 200


def test_ranges_only_of_the_version_one_has(get: Client) -> None:
    page = get("/video.mp4")
    for tag in (page["ETag"], page["Last-Modified"]):
        assert get("/video.mp4", Range="bytes=0-1", If_Range=tag).status == 206
    for tag in ('"old"', f"W/{page['ETag']}", "Mon, 01 Jan 2001 00:00:00 GMT"):
        assert get("/video.mp4", Range="bytes=0-1", If_Range=tag).status == 200
    coded = get("/2026/11/a1.html", Accept_Encoding="br")["ETag"]
    assert get("/2026/11/a1.html", Range="bytes=0-1", If_Range=coded, Accept_Encoding="br").status == 200
    assert get("/video.mp4", Range="bytes=0-1", If_None_Match=page["ETag"]).status == 304


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("br, gzip", "br"), ("gzip, deflate", "gzip"), ("gzip;q=1.0, br;q=0.5", "gzip"), ("br;q=0, gzip", "gzip"),
     ("*", "br"), ("*;q=0", ""), ("", ""), ("identity", ""), ("identity, br;q=0.5", ""), ("deflate", ""),
     ("BR", "br"), ("br;q=nonsense", ""), ("gzip;q=0.001", "gzip"), ("br; q=1", "br")],
)  # fmt: skip
def test_codings(get: Client, accepted: str, coding: str) -> None:
    plain, answer = get("/yaowen/"), get("/yaowen/", Accept_Encoding=accepted)
    assert answer["Content-Encoding"] == coding
    assert plain["Vary"] == answer["Vary"] == "Accept-Encoding"
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert unpack(answer.body) == plain.body == PAGE.encode()
    assert (answer["ETag"] == plain["ETag"]) is (coding == "")
    assert int(answer["Content-Length"]) == len(answer.body)
    assert get("/yaowen/", "HEAD", Accept_Encoding=accepted)["Content-Length"] == answer["Content-Length"]
    again = get("/yaowen/", Accept_Encoding=accepted, If_None_Match=answer["ETag"])
    assert (again.status, again["ETag"]) == (304, answer["ETag"])


def test_what_is_not_worth_coding(get: Client) -> None:
    for path in ("/media/banner-20200110.jpg", "/empty/note.txt", "/video.mp4"):
        assert not get(path, Accept_Encoding="br")["Content-Encoding"]


def test_coded_once_for_a_version(get: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    coded: list[int] = []
    compress = brotli.compress

    def counted(data: bytes, quality: int) -> bytes:
        coded.append(len(data))
        result: bytes = compress(data, quality=quality)
        return result

    monkeypatch.setattr(brotli, "compress", counted)
    for _ in range(3):
        get("/sitemap.xml", Accept_Encoding="br")
    assert len(coded) == 1


# -- paths ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/.hidden.html", "/.git/config", "/media/.staging/a1.html", "/out.html", "/outside/", "/outside",
     "/outside/index.html",
     "/../secret.html", "/%2e%2e/secret.html", "/%252e%252e/secret.html", "/..%2fsecret.html", "/..%5csecret.html",
     "/yaowen/../../secret.html", "/yaowen/%2e%2e/%2e%2e/secret.html", "//secret.html", "/./index.html", "/%00",
     "/index.html%00.txt", "/%ff", "/" + "a" * 5000, "/" + "a/" * 3000, "//", "//example.org", "//example.org/%2e%2e",
     "/%2fetc/passwd", "//etc/passwd", "/\\..\\secret.html"],
)  # fmt: skip
def test_no_way_out(get: Client, path: str) -> None:
    answer = get(path)
    assert answer.status == 404
    assert SECRET.encode() not in answer.body


def ask(root: Path, path: str) -> tuple[int, dict[str, str], bytes]:
    """The application's answer to a path as a server hands it over: decoded once."""
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": path,
        "raw_path": b"",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"example.org")],
    }
    asyncio.run(site(root)(scope, receive, send))
    start, *rest = sent
    headers = {name.decode(): value.decode() for name, value in start["headers"]}  # type: ignore[attr-defined]
    body = b"".join(message["body"] for message in rest)  # type: ignore[misc]
    return int(start["status"]), headers, body  # type: ignore[call-overload]


NAMES = [
    "..",
    ".",
    "%2e%2e",
    "%2E.",
    "..%2f",
    "\\",
    "..\\",
    "~",
    "...",
    "yaowen",
    "2026",
    "11",
    "a1.html",
    "index.html",
    "secret.html",
    "site",
    "secrets",
    "outside",
    "out.html",
    ".git",
    "config",
    "栏目",
    "media",
    "C:",
    "example.org",
    "//",
]
PIECES = st.one_of(st.sampled_from([*NAMES, "", "\0", " "]), st.text(max_size=8))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(PIECES, max_size=7), slash=st.booleans(), decode=st.booleans())
@example(pieces=["\n"], slash=True, decode=False)
def test_no_path_shows_what_is_not_the_sites(root: Path, pieces: list[str], slash: bool, decode: bool) -> None:
    path = "/" + "/".join(pieces) + ("/" if slash else "")
    status, headers, body = ask(root, unquote(path) if decode else path)
    assert status in (200, 301, 404, 410)
    assert SECRET.encode() not in body
    assert "root:" not in body.decode(errors="replace")
    if status == 301:
        assert headers["location"].startswith("/")
        assert not headers["location"].startswith("//")


# -- as a process --------------------------------------------------------------------------------------------


def quickest(count: int, port: int) -> tuple[float, float]:
    """Seconds that a request takes at best: on a connection that is no longer new, and on a new one, made for it.

    With Nagle's algorithm at work it waits 40 ms for an acknowledgement on the first, and on the second it does not.
    """
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def took(connection: http.client.HTTPConnection) -> float:
        began = time.monotonic()
        connection.request("GET", "/")
        assert connection.getresponse().read()
        return time.monotonic() - began

    for _ in range(2 * count):
        took(kept)
    old, new = [], []
    for _ in range(count):
        old.append(took(kept))
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as fresh:
            new.append(took(fresh))
    kept.close()
    return min(old), min(new)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_stops_when_it_is_told(root: Path, stop: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = (
        "import sys; from pathlib import Path; from pipeline.web.site import serve, site; "
        "serve(site(Path(sys.argv[1])), '127.0.0.1', int(sys.argv[2])); print('stopped')"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(root), str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        waiting = threading.Event()
        for _ in range(400):
            try:
                answer = Client(port)("/healthz")
                break
            except ConnectionError:
                assert child.poll() is None, child.communicate()
                waiting.wait(0.025)
        assert answer.status == 200
        assert not answer["Server"]
        old, new = quickest(20, port)
        assert old < 5 * new
        child.send_signal(stop)
        output, errors = child.communicate(timeout=15)
    finally:
        child.kill()
        child.wait()
    assert (child.returncode, output, errors) == (0, "stopped\n", "")


def test_serve_says_that_the_port_is_taken(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(site(root), "127.0.0.1", taken.getsockname()[1])
