"""Heads of the chain go outside: each once, not too often, and whatever refuses them holds nobody up."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_string
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from pipeline import newsroom as configuring
from pipeline.engine import heads as sending
from pipeline.newsroom import BadConfiguration, Outside
from pipeline.record import heads
from pipeline.record.heads import Heads
from pipeline.record.keys import KEY, fingerprint
from tests.conftest import fresh_file
from tests.engine.bench import Bench, at_once
from tests.engine.commands import Newsroom, Up, make, until

ALWAYS = timedelta(0)
SECRET = "a-key-of-the-newsroom-that-is-long-enough"


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Bench]:
    """A newsroom with something sealed."""
    bench = Bench(fresh_file(tmp_path / "newsroom.db"), tmp_path)
    more(bench)
    yield bench
    bench.store.close()


def more(bench: Bench) -> None:
    bench.publish(f"第{len(bench.store.articles(99))}条")
    bench.store.seal()


def send(bench: Bench, outside: Outside, **environment: str) -> int:
    return sending.send_due(outside, bench.newsroom, bench.store, environment)


@contextmanager
def served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_file_gets_a_line_for_each_head(sealed: Bench, tmp_path: Path) -> None:
    outside = Outside(file=tmp_path / "heads.txt", every=ALWAYS)
    assert send(sealed, outside) == 1
    assert send(sealed, outside) == 0, "it is there"
    more(sealed)
    assert send(sealed, outside) == 1
    lines = (tmp_path / "heads.txt").read_text(encoding="utf-8").splitlines()
    assert [one.number for one in heads.lines(lines)] == [1, 2]
    assert len(lines) == 2
    with (tmp_path / "heads.txt").open(encoding="utf-8") as file:
        found = sealed.store.audit(heads.lines(file))
    assert found.holds
    assert found.heads is not None
    assert (found.heads.heads, found.heads.agreeing) == (2, 2)


def test_a_line_that_a_power_cut_left_unfinished_spoils_no_other(sealed: Bench, tmp_path: Path) -> None:
    place = tmp_path / "heads.txt"
    place.write_text("1 abcd", encoding="utf-8")
    assert send(sealed, Outside(file=place, every=ALWAYS)) == 1
    assert place.read_text(encoding="utf-8").startswith("1 abcd\n1 ")


def test_many_workers_send_a_head_once(sealed: Bench, tmp_path: Path) -> None:
    outside = Outside(file=tmp_path / "heads.txt")
    assert sum(map(int, map(str, at_once(4, lambda _: send(sealed, outside))))) == 1
    assert len((tmp_path / "heads.txt").read_text(encoding="utf-8").splitlines()) == 1


def test_no_place_gets_more_than_it_should(sealed: Bench, tmp_path: Path) -> None:
    outside = Outside(file=tmp_path / "heads.txt", every=timedelta(hours=1))
    assert send(sealed, outside) == 1
    more(sealed)
    assert send(sealed, outside) == 0
    with sealed.store.writing() as tx:  # an hour later
        tx.execute(text("UPDATE head SET tried_at = tried_at - 3600000000"))
    assert send(sealed, outside) == 1


def test_what_cannot_be_sent_is_told_and_sent_later(sealed: Bench, tmp_path: Path) -> None:
    outside = Outside(file=tmp_path / "away" / "heads.txt", every=ALWAYS)
    assert send(sealed, outside) == 0
    [place] = Heads(sealed.store).standing()
    assert (place.number, "no such folder" in str(place.problem)) == (0, True)
    more(sealed)
    assert sealed.store.chain().unsealed == 0, "nobody waits for it"
    (tmp_path / "away").mkdir()
    assert send(sealed, outside) == 1
    assert [(one.number, one.problem) for one in Heads(sealed.store).standing()] == [(2, None)]


def test_an_address_gets_it_as_json(sealed: Bench) -> None:
    came: list[Any] = []
    codes = [503, 200]

    class Address(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((self.headers["Authorization"], json.loads(body)))
            self.send_response(codes.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Address)
    with served(server):
        outside = Outside(address=f"http://127.0.0.1:{server.server_port}/heads", every=ALWAYS)
        assert send(sealed, outside) == 0
        assert Heads(sealed.store).standing()[0].problem == "HTTP 503"
        assert send(sealed, outside, TONGFA_AUDIT_TOKEN="a-token") == 1
    (_, first), (token, told) = came
    assert first["number"] == told["number"] == 1
    assert token == "Bearer a-token"
    head = sealed.store.head()
    assert (told["hash"], told["key"]) == (head.hash, "")
    [line] = heads.lines([json.dumps(told)])
    assert line.hash == head.hash


def test_a_mailbox_gets_a_mail(sealed: Bench) -> None:
    mails: list[str] = []

    class Server(socketserver.StreamRequestHandler):
        """As much of SMTP (RFC 5321) as a mail takes."""

        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                word = line.partition(" ")[0].upper()
                if word == "DATA":
                    self.say("354 go on")
                    mails.append("".join(iter(lambda: self.rfile.readline().decode(), ".\r\n")))
                self.say("221 bye" if word == "QUIT" else "250 ok")
                if word == "QUIT":
                    return

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.TCPServer(("127.0.0.1", 0), Server)
    with served(server):
        outside = Outside(
            mailbox="archive@example.org",
            sender="newsroom@example.org",
            smtp=f"127.0.0.1:{server.server_address[1]}",
            every=ALWAYS,
        )
        assert send(sealed, outside) == 1
    [mail] = mails
    told = message_from_string(mail)
    assert (told["To"], told["From"]) == ("archive@example.org", "newsroom@example.org")
    [line] = heads.lines(mail.splitlines())
    assert line.hash == sealed.store.head().hash


def test_the_worker_sends_what_the_file_of_the_newsroom_names(tmp_path: Path) -> None:
    demo = configuring.demo_file().read_text(encoding="utf-8")
    place = tmp_path / "newsroom.toml"

    def loaded(audit: str) -> Outside:
        place.write_text(f"{demo}\n[audit]\n{audit}\n", encoding="utf-8")
        return configuring.load(place, {}).audit

    assert list(sending.places(configuring.load(configuring.demo_file(), {}).audit)) == []
    outside = loaded('file = "heads.txt"\nmailbox = "archive@example.org"\nevery = 5')
    assert (outside.file, outside.every) == (tmp_path / "heads.txt", timedelta(seconds=5))
    assert list(sending.places(outside)) == ["file", "mailbox"]
    for wrong, field in (('address = "nowhere"', "audit.address"), ('files = "x"', "audit.files")):
        with pytest.raises(BadConfiguration) as refused:
            loaded(wrong)
        assert [one.field for one in refused.value.problems] == [field]


class Sealing(Newsroom):
    """A newsroom that has a key."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, KEY: SECRET}


def test_a_newsroom_that_is_up_seals_by_its_key_and_sends_heads(tmp_path: Path) -> None:
    """The workers do, unasked; what came outside agrees with the record, which nobody without the key can check."""
    newsroom = Sealing(tmp_path, make(tmp_path).port)
    with (tmp_path / "newsroom.toml").open("a", encoding="utf-8") as file:
        file.write('\n[audit]\nfile = "heads.txt"\nevery = 0\n')
    place = tmp_path / "heads.txt"
    with Up(newsroom) as up:
        assert "http://" in up.first_line()
        assert newsroom.run("queue-submit", newsroom.write("青河县通车"), "--wait").code == 0
        until(place.exists)
    told = newsroom.run("newsroom", "audit", "verify", "--heads", place, "--json").json
    assert (told["holds"], told["key"], told["unsealed"]) == (True, fingerprint(SECRET), 0)
    [*_, last] = heads.lines(place.read_text(encoding="utf-8").splitlines())
    assert last.key == fingerprint(SECRET)
    without = newsroom.run("newsroom", "audit", "verify", **{KEY: ""})
    assert without.code == 1
    assert "not at hand" in without.err
