"""An outlet with an honest memory and a bad line: what the engine's promises are held against.

    python -m tests.standins.receiver --journal FILE --kind keyed|asking [--port P] [--seed N]
        [--loss 0.1] [--refuse 0.1] [--slow 0.1 --delay 0.3]

It prints its port when it is ready. Every deed that had an effect is one line of the journal, written before
the answer; started again on the same journal it goes on where it was. Two kinds:

    keyed    takes `Idempotency-Key`: the same key again gives the same answer and no second effect;
             one address an article, a correction takes its place
    asking   takes no key: every POST has its effect again, a second publication is a second line of the journal;
             a GET by marker tells what there is (like WeChat's content_source_url); a publication takes down
             only what it says it `replaces`

    POST   /drafts                      stage, invisible: {article, revision, digest, marker, headline, body, replaces}
    POST   /publications                release: {draft, replaces}
    DELETE /publications/{article}      withdraw, staged or public (?revision=N, for the journal)
    GET    /articles/{article}          where it stands; `asking`: GET /articles?marker=…
    GET    /public/{article}            what the public sees: 200, 404, or 410 once withdrawn
    GET    /admin/public                the same of all articles, without faults: {article: [revision, …]}
    GET, PUT /admin/faults              the rates, and `next`: fates of the next calls
                                        (well, lost, cut, late, refused, denied, slow)
    PUT    /admin/public/{article}      change the public copy behind everybody's back: {body}
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

Kind = Literal["keyed", "asking"]
Line = dict[str, Any]
"""One line of the journal."""


class Reply(NamedTuple):
    status: int
    content: Mapping[str, Any]


class Fate(NamedTuple):
    """What the line does to one call; delays in seconds."""

    weather: str
    before: float = 0.0
    after: float = 0.0
    retry_after: str = ""


@dataclass(frozen=True)
class Faults:
    """How often a call goes wrong, each a probability; `delay` is the longest slow answer in seconds."""

    loss: float = 0.0
    """The effect without its answer."""
    late: float = 0.0
    """The line breaks off, and only then comes the effect, by as much later as an answer may be slow."""
    refuse: float = 0.0
    """503 before any effect."""
    slow: float = 0.0
    delay: float = 0.3
    next: tuple[str, ...] = ()
    """The fates of the next calls, before chance decides again."""


@dataclass
class State:
    """What the receiver knows: nothing but the sum of its journal's lines."""

    drafts: dict[str, Line] = field(default_factory=dict)
    """By draft: the line that staged it."""
    markers: dict[str, str] = field(default_factory=dict)
    """By marker: the article."""
    posts: dict[str, dict[str, Line]] = field(default_factory=dict)
    """By article, then by draft: the line that published it."""
    withdrawn: set[str] = field(default_factory=set)
    answered: dict[str, tuple[str, Reply]] = field(default_factory=dict)
    """By key: the fingerprint of the request and the answer."""
    lines: int = 0

    def apply(self, line: Line) -> None:
        self.lines += 1
        if line["key"]:
            self.answered[line["key"]] = (line["request"], Reply(200, line["answer"]))
        article = line["article"]
        match line["action"]:
            case "stage":
                self.drafts[line["draft"]] = line
                self.markers[line["marker"]] = article
            case "publish":
                here = self.posts.setdefault(article, {})
                for draft in line["takes_down"]:
                    here.pop(draft, None)
                here[line["draft"]] = line
                self.withdrawn.discard(article)
            case "withdraw" | "discard":
                if self.posts.pop(article, None):
                    self.withdrawn.add(article)
                self.drafts = {name: draft for name, draft in self.drafts.items() if draft["article"] != article}


class Journal:
    """The deeds, one JSON object a line, on the disk before anybody is told."""

    def __init__(self, path: Path) -> None:
        path.touch()
        whole, _, torn = path.read_bytes().rpartition(b"\n")
        if torn:  # killed while writing: that deed never was
            os.truncate(path, len(whole) + 1 if whole else 0)
        self.before: list[Line] = [json.loads(line) for line in whole.splitlines()]
        self._file = path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, line: Line) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


class Receiver:
    """The outlet itself; `answer` is called by many threads."""

    def __init__(self, kind: Kind, journal: Journal, seed: int, faults: Faults) -> None:
        self.kind = kind
        self.faults = faults
        self._journal = journal
        self._lock = threading.Lock()
        self._state = State()
        self._tampered: dict[str, str] = {}
        for line in journal.before:
            self._state.apply(line)
        self._chance = random.Random(seed * 1_000_003 + self._state.lines)

    def fate(self) -> Fate:
        """What will happen to the next call."""
        with self._lock:
            faults, chance = self.faults, self._chance
            if faults.next:
                weather = faults.next[0]
                self.faults = replace(faults, next=faults.next[1:])
            else:
                rates = [("refused", faults.refuse), ("lost", faults.loss / 2), ("cut", faults.loss / 2)]
                rates.append(("late", faults.late))
                drawn = chance.random()
                weather = "well"
                for name, rate in rates:
                    if 0 <= drawn < rate:
                        weather = name
                    drawn -= rate
                if weather == "well" and chance.random() < faults.slow:
                    weather = "slow"
            delay = chance.uniform(0, faults.delay) if weather in ("slow", "late") else 0.0
            before = delay if weather == "late" or chance.random() < 0.5 else 0.0
            return Fate(weather, before, delay - before, chance.choice(["", "0", "1"]) if weather == "refused" else "")

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Line, key: str) -> Reply:
        match method, path.strip("/").split("/"):
            case "GET", ["admin", "public"]:
                return Reply(200, self._everything())
            case "GET", ["admin", "faults"]:
                return Reply(200, asdict(self.faults))
            case "PUT", ["admin", "faults"]:
                with self._lock:
                    self.faults = replace(self.faults, **{**body, "next": tuple(body.get("next", ()))})
                return Reply(200, {})
            case "PUT", ["admin", "public", article]:
                self._tampered[article] = body["body"]
                return Reply(200, {})
            case "GET", ["articles", article] if self.kind == "keyed":
                return self._standing(article)
            case "GET", ["articles"] if self.kind == "asking":
                return self._standing(self._state.markers.get(query.get("marker", ""), ""))
            case "GET", ["public", article]:
                return self._public(article)
            case "POST", ["drafts"]:
                return self._deed("stage", body, key)
            case "POST", ["publications"]:
                return self._deed("publish", body, key)
            case "DELETE", ["publications", article]:
                return self._deed("withdraw", {"article": article, "revision": int(query.get("revision", "0"))}, key)
        return Reply(404, {"error": f"{method} {path} is not served here"})

    def _everything(self) -> dict[str, list[int]]:
        with self._lock:
            articles = self._state.posts.keys() | self._state.withdrawn
            return {one: [post["revision"] for post in self._posts(one)] for one in sorted(articles)}

    def _posts(self, article: str) -> list[Line]:
        return list(self._state.posts.get(article, {}).values())

    def _standing(self, article: str) -> Reply:
        """Everything there is of an article, newest last."""
        with self._lock:
            drafts = [draft for draft in self._state.drafts.values() if draft["article"] == article]
            posts = self._posts(article)
            gone = article in self._state.withdrawn
        return Reply(
            200,
            {
                "drafts": [{name: draft[name] for name in ("draft", "revision", "digest")} for draft in drafts],
                "posts": [{name: post[name] for name in ("draft", "revision", "digest")} for post in posts],
                "withdrawn": gone,
            },
        )

    def _public(self, article: str) -> Reply:
        with self._lock:
            posts = self._posts(article)
            gone = article in self._state.withdrawn
        if not posts:
            return Reply(410 if gone else 404, {"article": article})
        shown = [{name: post[name] for name in ("revision", "headline", "body")} for post in posts]
        if article in self._tampered:
            shown = [{**post, "body": self._tampered[article]} for post in shown]
        return Reply(200, {"article": article, "posts": shown})

    def _deed(self, action: str, body: Line, key: str) -> Reply:
        if self.kind == "asking":
            key = ""
        elif not key:
            return Reply(400, {"error": "the header Idempotency-Key is missing"})
        request = hashlib.sha256(json.dumps([action, body], sort_keys=True).encode()).hexdigest()
        with self._lock:
            if key in self._state.answered:
                known, reply = self._state.answered[key]
                return reply if known == request else Reply(422, {"error": "this key belongs to another request"})
            decided = {"stage": self._stage, "publish": self._publish, "withdraw": self._withdraw}[action](body)
            if isinstance(decided, Reply):
                return decided
            line = {
                "at": datetime.now(UTC).isoformat(timespec="microseconds"),
                "action": action,
                "key": key,
                "request": request,
                **decided,
            }
            if line["action"] != "nothing" or key:
                self._journal.append(line)
                self._state.apply(line)
            return Reply(200, line["answer"])

    def _stage(self, body: Line) -> Line | Reply:
        if missing := {"article", "revision", "digest", "marker", "headline", "body"} - body.keys():
            return Reply(400, {"error": f"missing: {', '.join(sorted(missing))}"})
        draft = f"d{self._state.lines + 1}"
        return {**body, "draft": draft, "answer": {"draft": draft}}

    def _publish(self, body: Line) -> Line | Reply:
        staged = self._state.drafts.get(body.get("draft", ""))
        if staged is None:
            return Reply(404, {"error": f"there is no draft {body.get('draft')}"})
        article, draft = staged["article"], staged["draft"]
        if self.kind == "keyed":
            takes_down = set(self._state.posts.get(article, {}))
        else:
            takes_down = self._replaced(staged.get("replaces", "")) | self._replaced(body.get("replaces", ""))
        return {
            **{name: staged[name] for name in ("article", "revision", "digest", "headline", "body")},
            "draft": draft,
            "takes_down": sorted(takes_down - {draft}),
            "answer": {"draft": draft, "path": f"/public/{article}"},
        }

    def _replaced(self, draft: str) -> set[str]:
        """A draft and whatever it would have replaced: the one before may never have been public."""
        found: set[str] = set()
        while draft and draft not in found:
            found.add(draft)
            draft = self._state.drafts.get(draft, {}).get("replaces", "")
        return found

    def _withdraw(self, body: Line) -> Line:
        article = body["article"]
        public = article in self._state.posts
        staged = any(draft["article"] == article for draft in self._state.drafts.values())
        return {
            **body,
            "action": "withdraw" if public else "discard" if staged else "nothing",
            "answer": {"withdrawn": public or article in self._state.withdrawn},
        }


class Handler(BaseHTTPRequestHandler):
    """One connection; the receiver is set by `serve`."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    receiver: Receiver

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        fate = Fate("well") if parts.path.startswith("/admin/") else self.receiver.fate()
        if fate.weather == "late":  # as behind a gateway that gave up
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_WR)
        time.sleep(fate.before)
        if fate.weather == "refused":
            self._reply(Reply(503, {"error": "busy"}), {"Retry-After": fate.retry_after} if fate.retry_after else {})
            return
        if fate.weather == "denied":
            self._reply(Reply(403, {"error": "this account may not publish"}), {})
            return
        body, key = json.loads(raw or b"{}"), self.headers.get("Idempotency-Key", "")
        reply = self.receiver.answer(self.command, parts.path, query, body, key)
        time.sleep(fate.after)
        if fate.weather in ("lost", "late"):
            self.close_connection = True
        else:
            self._reply(reply, {}, cut=fate.weather == "cut")

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _reply(self, reply: Reply, headers: Mapping[str, str], *, cut: bool = False) -> None:
        content = json.dumps(reply.content, ensure_ascii=False).encode()
        self.send_response_only(reply.status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away (or was killed) is nothing to tell; a mistake in here is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(receiver: Receiver, port: int) -> None:
    """Answer on loopback until the process is ended; prints the port once it is ready."""
    with Server(("127.0.0.1", port), type("Here", (Handler,), {"receiver": receiver})) as server:
        print(server.server_port, flush=True)
        server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="an outlet with an honest memory and a bad line")
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--kind", choices=["keyed", "asking"], required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("loss", "late", "refuse", "slow"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.3)
    given = parser.parse_args()
    faults = Faults(given.loss, given.late, given.refuse, given.slow, given.delay)
    with Journal(given.journal) as journal:
        serve(Receiver(given.kind, journal, given.seed, faults), given.port)


if __name__ == "__main__":
    main()
