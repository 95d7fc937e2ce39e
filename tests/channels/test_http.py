"""`channels.http` against real sockets on loopback that refuse, reset, hang, drip, truncate and say no."""

from __future__ import annotations

import gc
import gzip
import logging
import socket
import struct
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import pytest

from channels.http import Http, Upload
from pipeline.channel import ChannelError, Refused, Unavailable

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
SECRET = "s3cr+t/值"


class Request(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: int


Reply = tuple[int, Mapping[str, str], bytes]


class Site:
    """An HTTP server whose answers a test chooses; `requests` is what reached it."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.reply: Callable[[Request], Reply] = lambda request: (200, {}, b"{}")
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, dict(self.headers), body, self.client_address[1])
        self.site.requests.append(request)
        status, headers, content = self.site.reply(request)
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    here = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Handler,), {"site": here}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_port}"
    yield here
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def raw(script: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request's head and then does as `script` says with the connection."""

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                received = b""
                while b"\r\n\r\n" not in received:
                    received += connection.recv(65536)
                script(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.fixture
def line() -> Iterator[Http]:
    with Http(secrets=[SECRET], connect=1, read=0.3, total=1, limit=100_000, now=lambda: NOW) as http:
        yield http


def says(error: ChannelError, *words: str) -> None:
    """The problem names these words and has a remedy."""
    for word in words:
        assert word in str(error.problem.message)
    assert str(error.problem.remedy)
    assert error.detail


# -- what never reached the channel -----------------------------------------------------------------------


def test_a_refused_connection_was_not_sent(line: Http) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(Unavailable) as caught:
            line.post(f"http://{host}/articles?access_token=x", {})
    assert not caught.value.sent
    says(caught.value, f"{host}/articles", "refused")


def test_an_unknown_name_was_not_sent(line: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable) as caught:
        line.post("http://nowhere.invalid/articles", {})
    assert not caught.value.sent
    says(caught.value, "nowhere.invalid/articles", "unknown")


def test_a_connection_not_made_in_time_was_not_sent() -> None:
    with socket.socket() as full, Http(connect=0.2, read=5) as line:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # they fill the queue, the next SYN is dropped
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(full.getsockname())
            with pytest.raises(Unavailable) as caught:
                line.post(f"http://127.0.0.1:{full.getsockname()[1]}/articles", {})
        finally:
            for one in waiting:
                one.close()
    assert not caught.value.sent
    says(caught.value, "/articles", "0.2 seconds")


def test_a_failed_handshake_was_not_sent(line: Http, site: Site) -> None:
    with pytest.raises(Unavailable) as caught:
        line.post(site.url.replace("http:", "https:") + "/articles", {})
    assert not caught.value.sent
    says(caught.value, "/articles", "secure")
    assert "certificate" in str(caught.value.problem.remedy)


@pytest.mark.parametrize("address", ["", "articles", "ftp://127.0.0.1/", "http://", "http://[::1/x", "http://a:b/"])
def test_an_address_that_is_none_is_refused(line: Http, address: str) -> None:
    with pytest.raises(Refused) as caught:
        line.get(address)
    assert caught.value.code == "address"
    says(caught.value)


# -- what may have happened -------------------------------------------------------------------------------


def hang(connection: socket.socket) -> None:
    with suppress(OSError):
        while connection.recv(65536):  # until the client gives up
            pass


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def close(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def short(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def short_chunks(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{")


def half_a_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")


def no_end_of_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")


def no_http(connection: socket.socket) -> None:
    connection.sendall(b"220 mail ready\r\n\r\n")


def too_long(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(1_000_000))
        connection.recv(65536)  # closed with anything unread, the connection would be reset under the reader


def bomb(connection: socket.socket) -> None:
    packed = gzip.compress(bytes(10_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with suppress(OSError):
        connection.sendall(head.encode() + packed)


def drip_head(connection: socket.socket) -> None:
    """One header every 50 ms for ever: each within the read time-out, without end until the client gives up."""
    _drip(connection, b"HTTP/1.1 200 OK\r\n", b"X-Drip: 1\r\n")


def drip_body(connection: socket.socket) -> None:
    _drip(connection, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x")


def _drip(connection: socket.socket, first: bytes, drop: bytes) -> None:
    pause = threading.Event()
    with suppress(OSError):
        connection.sendall(first)
        while True:
            connection.sendall(drop)
            pause.wait(0.05)


@pytest.mark.parametrize(
    ("script", "word"),
    [
        (hang, "in time"),
        (reset, "broke off"),
        (close, "broke off"),
        (short, "broke off"),
        (short_chunks, "broke off"),
        (half_a_head, "broke off"),
        (no_end_of_head, "broke off"),
        (no_http, "broke off"),
        (too_long, "longer than 100000 bytes"),
        (bomb, "longer than 100000 bytes"),
        (drip_head, "in time"),
        (drip_body, "in time"),
    ],
)
def test_a_lost_answer_leaves_the_outcome_unknown(
    line: Http, script: Callable[[socket.socket], None], word: str
) -> None:
    with raw(script) as url, pytest.raises(Unavailable) as caught:
        line.post(f"{url}/articles", {"a": 1})
    assert caught.value.sent
    assert caught.value.retry_after is None
    says(caught.value, url.removeprefix("http://"), word)


def test_a_lost_answer_to_a_question_changes_nothing(line: Http) -> None:
    with raw(reset) as url, pytest.raises(Unavailable) as caught:
        line.get(f"{url}/articles")
    assert not caught.value.sent
    with raw(reset) as url, pytest.raises(Unavailable) as caught:
        line.post(f"{url}/articles", {}, safe=True)
    assert not caught.value.sent


def test_a_server_that_does_not_read_cannot_hold_an_upload(line: Http) -> None:
    body = bytes(30_000_000)
    done, gave_way = threading.Event(), threading.Event()

    def read_nothing(connection: socket.socket) -> None:
        if not done.wait(60):
            gave_way.set()

    with raw(read_nothing) as url:
        with pytest.raises(Unavailable) as caught:
            line.upload(f"{url}/media", {"media": Upload("a.jpg", body, "image/jpeg")})
        done.set()
    assert caught.value.sent
    assert not gave_way.is_set(), "it was the server that ended it"


def test_nothing_is_repeated(line: Http, site: Site) -> None:
    site.reply = lambda request: (503, {"Retry-After": "0"}, b"")
    with pytest.raises(Unavailable):
        line.post(site.url, {})
    site.reply = lambda request: (200, {"Content-Length": "10", "Connection": "close"}, b"{")
    with pytest.raises(Unavailable):
        line.get(site.url)
    assert len(site.requests) == 2


# -- statuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, timedelta(seconds=7)),
        ({"Retry-After": "0"}, timedelta(0)),
        ({"Retry-After": "9" * 30}, timedelta(days=1)),
        ({"Retry-After": "Tue, 24 Nov 2026 04:01:30 GMT"}, timedelta(seconds=90)),
        ({"Retry-After": "Tue, 24 Nov 2026 04:01:30 -0000"}, timedelta(seconds=90)),
        ({"Retry-After": "Tue, 24 Nov 2026 03:00:00 GMT"}, timedelta(0)),
        # The server's clock is an hour ahead: its date is meant by its own clock.
        (
            {"Retry-After": "Tue, 24 Nov 2026 05:00:10 GMT", "Date": "Tue, 24 Nov 2026 05:00:00 GMT"},
            timedelta(seconds=10),
        ),
    ],
)
def test_retry_after(line: Http, site: Site, status: int, headers: dict[str, str], wait: timedelta) -> None:
    site.reply = lambda request: (status, headers, b"")
    with pytest.raises(Unavailable) as caught:
        line.post(f"{site.url}/articles", {})
    assert caught.value.retry_after == wait
    assert not caught.value.sent
    says(caught.value, "/articles", str(status))


@pytest.mark.parametrize(
    ("status", "headers", "sent"),
    [
        (429, {}, False),
        (429, {"Retry-After": "soon"}, False),
        (429, {"Retry-After": "Tue, 24 Nov 99999999999999999999 04:01:30 GMT"}, False),
        (429, {"Retry-After": "Tue, 24 Nov 2026 04:01:30 +99999999999999999"}, False),
        (408, {}, False),
        (425, {}, False),
        (503, {}, True),
        (503, {"Retry-After": "-1"}, True),
        (500, {}, True),
        (502, {}, True),
        (504, {"Retry-After": "3"}, True),
    ],
)
def test_trouble_that_may_pass(line: Http, site: Site, status: int, headers: dict[str, str], sent: bool) -> None:
    site.reply = lambda request: (status, headers, "内部错误".encode())
    with pytest.raises(Unavailable) as caught:
        line.post(f"{site.url}/articles", {})
    assert caught.value.sent is sent
    assert "内部错误" in caught.value.detail
    says(caught.value, "/articles", str(status))
    with pytest.raises(Unavailable) as caught:
        line.get(f"{site.url}/articles")
    assert not caught.value.sent


@pytest.mark.parametrize("status", [400, 404, 409, 410, 413, 422, 451])
def test_a_no_is_final(line: Http, site: Site, status: int) -> None:
    site.reply = lambda request: (status, {}, b"no")
    with pytest.raises(Refused) as caught:
        line.post(f"{site.url}/articles", {})
    assert caught.value.code == str(status)
    says(caught.value, "/articles", str(status))


@pytest.mark.parametrize("status", [401, 403])
def test_bad_credentials(line: Http, site: Site, status: int) -> None:
    site.reply = lambda request: (status, {}, b"")
    with pytest.raises(Refused) as caught:
        line.get(f"{site.url}/articles")
    assert caught.value.code == str(status)
    assert caught.value.problem.field == "credentials"
    assert "secret" in str(caught.value.problem.remedy)


def test_an_expected_status_is_an_answer(line: Http, site: Site) -> None:
    site.reply = lambda request: (404, {}, b"")
    assert line.get(site.url, expected=(404,)).status == 404
    assert line.get(site.url, expected=(404,), follow=True).status == 404


# -- redirects --------------------------------------------------------------------------------------------


def test_a_redirect_is_not_followed(line: Http, site: Site) -> None:
    site.reply = lambda request: (302, {"Location": f"{site.url}/new?token=abcdef"}, b"")
    with pytest.raises(Refused) as caught:
        line.post(f"{site.url}/old", {})
    assert len(site.requests) == 1
    says(caught.value, "/old", "/new")
    assert "abcdef" not in str(caught.value) + caught.value.detail


def test_a_public_page_may_redirect(line: Http, site: Site) -> None:
    def reply(request: Request) -> Reply:
        return (301, {"Location": "/new"}, b"") if request.path.startswith("/old") else (200, {}, "新".encode())

    site.reply = reply
    assert line.get(f"{site.url}/old", params={"a": "1"}, follow=True).text == "新"
    assert [request.path for request in site.requests] == ["/old?a=1", "/new"]


def test_a_redirect_takes_no_header_to_another_host(line: Http, site: Site) -> None:
    def reply(request: Request) -> Reply:
        other = site.url.replace("127.0.0.1", "localhost")
        return (302, {"Location": f"{other}/new"}, b"") if request.path == "/old" else (200, {}, b"")

    site.reply = reply
    line.get(f"{site.url}/old", headers={"Authorization": "Bearer abc"}, follow=True)
    assert [request.headers.get("Authorization") for request in site.requests] == ["Bearer abc", None]


def test_a_circle_of_redirects_ends(line: Http, site: Site) -> None:
    site.reply = lambda request: (302, {"Location": "/again"}, b"")
    with pytest.raises(Refused):
        line.get(site.url, follow=True)
    assert len(site.requests) == 6


# -- contents ---------------------------------------------------------------------------------------------


def test_json_goes_out_unescaped(site: Site) -> None:
    site.reply = lambda request: (200, {"Content-Type": "text/plain; charset=latin-1"}, '{"标题":"好"}'.encode())
    with Http(f"{site.url}/api/") as line:
        answer = line.post("/articles", {"title": "架豆丰收", "n": 1}, params={"access_token": "t/1"})
    assert answer.json() == {"标题": "好"}
    (request,) = site.requests
    assert request.body == '{"title":"架豆丰收","n":1}'.encode()
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.path == "/api/articles?access_token=t%2F1"


@pytest.mark.parametrize("body", [b"<html>502</html>", b"", b"\xff\xfe", b'{"a":', b"[" * 100_000])
def test_an_answer_that_is_no_json(line: Http, site: Site, body: bytes) -> None:
    site.reply = lambda request: (200, {}, body)
    with pytest.raises(Unavailable) as caught:
        line.post(f"{site.url}/articles", {}).json()
    assert caught.value.sent
    says(caught.value, "/articles", "JSON")
    with pytest.raises(Unavailable) as caught:
        line.get(f"{site.url}/articles").json()
    assert not caught.value.sent


def test_upload(line: Http, site: Site) -> None:
    data = bytes(range(256)) * 10
    line.upload(f"{site.url}/media", {"media": Upload("架豆.jpg", data, "image/jpeg")}, {"title": "丰收"})
    (request,) = site.requests
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    parts = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message_from_bytes(head + request.body).walk()
        if not part.is_multipart()
    }
    assert parts == {"title": "丰收".encode(), "media": data}
    assert 'filename="架豆.jpg"'.encode() in request.body


def test_connections_are_used_again(line: Http, site: Site) -> None:
    line.connect = line.read = line.total = 20.0  # many at once on a busy machine
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda n: line.get(f"{site.url}/{n}"), range(160)))
    assert len({request.peer for request in site.requests}) <= 16
    before = len(site.requests)
    for _ in range(5):
        line.post(site.url, {})
    assert len({request.peer for request in site.requests[before:]}) == 1


def test_cookies_are_not_kept(line: Http, site: Site) -> None:
    site.reply = lambda request: (200, {"Set-Cookie": "session=1"}, b"")
    line.get(site.url)
    line.get(site.url)
    assert "Cookie" not in site.requests[-1].headers


# -- secrets ----------------------------------------------------------------------------------------------


def told(error: ChannelError) -> str:
    """Everything a person or a log could see of an error."""
    shown = "".join(traceback.format_exception(error))
    assert error.__cause__ is None
    assert error.__context__ is None
    return "\n".join([shown, str(error), repr(error), error.problem.model_dump_json(), error.detail])


SECRETS = [SECRET, "s3cr%2Bt%2F", "fresh-token", "other-token", "plain-password"]


@pytest.mark.parametrize("outcome", ["refused", "hang", "reset", "busy", "echo", "good"])
def test_no_secret_is_ever_told(line: Http, site: Site, outcome: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    line.hide("fresh-token")
    echo = f'{SECRET} {{"access_token": "other-token"}} Authorization: Bearer fresh-token'.encode()
    site.reply = lambda request: ({"busy": 503, "echo": 400, "good": 200}[outcome], {}, echo)

    def call(url: str) -> None:
        line.post(
            f"{url}/bot/{SECRET}/articles?secret=plain-password",
            {},
            params={"access_token": "fresh-token", "appsecret": SECRET, "token": "other-token"},
            headers={"Authorization": "Bearer fresh-token", "X-Key": "fresh-token"},
        )

    caught: pytest.ExceptionInfo[ChannelError] | None = None
    match outcome:
        case "refused":
            with pytest.raises(Unavailable) as caught:
                call("http://127.0.0.1:1")
        case "hang" | "reset":
            with raw({"hang": hang, "reset": reset}[outcome]) as url, pytest.raises(Unavailable) as caught:
                call(url)
        case "good":
            call(site.url)
        case _:
            with pytest.raises(ChannelError) as caught:
                call(site.url)
    seen = caplog.text + (told(caught.value) if caught else "")
    assert "127.0.0.1" in seen
    for secret in SECRETS:
        assert secret not in seen


def test_a_secret_in_a_header_that_cannot_be_sent(line: Http) -> None:
    password = "-".join(["plain", "password"])
    line.hide(password)
    with pytest.raises(Refused) as caught:
        line.get("http://127.0.0.1:1/", headers={"Authorization": f"Bearer {password}\n"})
    assert password not in told(caught.value)


def test_a_broken_head_does_not_put_the_address_into_the_log(line: Http, caplog: pytest.LogCaptureFixture) -> None:
    gc.collect()  # an Http of an earlier test hides its secrets, such as a single letter, for as long as it is there

    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nbroken head\r\nContent-Length: 0\r\n\r\n")

    with raw(script) as url, suppress(Unavailable):
        line.get(f"{url}/articles", params={"q": "plain-password"})
    assert "Failed to parse headers" in caplog.text
    assert "plain-password" not in caplog.text
