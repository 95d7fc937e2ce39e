"""A MOS device (prompter) that keeps running orders as a real one would, and on demand refuses, is silent or hangs up.

    newsroom fake-prompter --port 10541 --http 8541
    python -m pipeline.standins.fake_prompter --port 0 --http 0

It prints `PORT ADDRESS` when it is ready: the MOS port (MOS 2.8.5, upper port) and the address of its screen. Its
memory is the process's: started again, it has forgotten everything, like a device that was switched off.

    GET  /            the current story, large; ?n=3 the third
    GET  /state       everything it holds, as JSON: {"orders": {...}, "log": [...], "answers": [...]}
    PUT  /faults      {"next": ["nack", "silent"], "always": ""}: the fates of the next messages, and of all others
    PUT  /status      {"order": "tv-2026-11-24", "story": "a1", "status": "STOP"}: tells newsrooms that are connected

Fates: `well`; `nack` (refused, nothing happens; `nack NAME REASON`: only messages of this name, for this reason);
`silent` (it happens, no answer); `deaf` (nothing happens, no answer);
`drop` (nothing happens, the connection ends); `cut` (it happens, the connection ends); `ask` (first it asks the
newsroom for everything); `away` (even a heartbeat gets no answer). A message repeated with its number gets the answer
it got before and has no second effect. Its state tells how often a newsroom has hung up, and how many heartbeats came.
"""

from __future__ import annotations

import codecs
import contextlib
import html
import json
import logging
import signal
import socket
import socketserver
import threading
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import click
from lxml import etree

log = logging.getLogger("tongfa.fake_prompter")
LONGEST = 4 * 2**20
"""Bytes of one message."""
CHANGES = ("roCreate", "roReplace", "roDelete", "roElementAction", "roStorySend", "roReadyToAir", "roMetadataReplace")
QUESTIONS = (
    "<heartbeat><time>{now}</time></heartbeat>",
    "<reqMachInfo/>",
    "<roReqAll/>",
    "<roReq><roID>{order}</roID></roReq>",
)


class Refusal(Exception):
    """Why the device says no; the text is its roStatus."""


@dataclass
class Story:
    slug: str = ""
    duration: str = ""
    body: list[list[str]] = field(default_factory=list)
    """[kind, text]: kind is `p`, `pi` or `item`."""


@dataclass
class Order:
    slug: str = ""
    start: str = ""
    ready: bool = False
    stories: dict[str, Story] = field(default_factory=dict)
    """By id, in the order of the programme."""


class Prompter:
    """The device's memory. Called by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.orders: dict[str, Order] = {}
        self.log: list[str] = []
        """`NUMBER name operation fate` of every change that arrived."""
        self.answers: list[str] = []
        """What the newsroom answered to the device's own questions."""
        self.heartbeats, self.hangups = 0, 0
        self.connections: list[Conversation] = []
        """The newsrooms that are connected."""
        self.next: list[str] = []
        self.always = ""
        self._answered: dict[int, str] = {}

    def fate(self, name: str) -> str:
        """What will happen to a message."""
        with self._lock:
            if name == "heartbeat":
                self.heartbeats += 1
                return "away" if "away" in (self.always, *self.next[:1]) else "well"
            return self.next.pop(0) if self.next else self.always or "well"

    def take(self, number: int, said: Any, fate: str) -> str:
        """Do what a message says, once a number; the roStatus to answer with."""
        with self._lock:
            operation = said.get("operation") or ""
            self.log.append(" ".join(filter(None, [str(number), said.tag, operation, fate])))
            if fate in ("deaf", "drop", "away"):
                return ""
            if fate.startswith("nack"):
                _, name, reason = [*fate.split(" ", 2), "", ""][:3]
                if not name or name == said.tag:
                    return reason or "refused by the operator"
            if number not in self._answered:
                try:
                    self._do(said)
                    self._answered[number] = "OK"
                except Refusal as refusal:
                    return str(refusal)
            return self._answered[number]

    def _do(self, said: Any) -> None:
        name, known = _text(said, "roID"), self.orders
        match said.tag:
            case "roCreate" if name in known:
                raise Refusal("running order already exists")
            case "roCreate" | "roReplace":
                stories = {_text(one, "storyID"): _story(one) for one in said.iterfind("story")}
                known[name] = Order(_text(said, "roSlug"), _text(said, "roEdStart"), stories=stories)
            case _ if name not in known:
                raise Refusal("unknown running order")
            case "roDelete":
                del known[name]
            case "roReadyToAir":
                known[name].ready = _text(said, "roAir") == "READY"
            case "roMetadataReplace":
                known[name].slug = _text(said, "roSlug")
            case "roStorySend":
                story = _text(said, "storyID")
                if story not in known[name].stories:
                    raise Refusal(f"unknown story {story}")
                known[name].stories[story] = _story(said)
            case "roElementAction":
                known[name].stories = _acted(known[name].stories, said)

    def state(self) -> dict[str, Any]:
        with self._lock:
            orders = {
                name: {
                    "slug": order.slug,
                    "start": order.start,
                    "ready": order.ready,
                    "stories": [
                        {"id": one, "slug": story.slug, "duration": story.duration, "body": story.body}
                        for one, story in order.stories.items()
                    ],
                }
                for name, order in self.orders.items()
            }
            told = {"heartbeats": self.heartbeats, "hangups": self.hangups}
            return {"orders": orders, "log": list(self.log), "answers": list(self.answers), **told}

    def came(self, newsroom: Conversation) -> None:
        with self._lock:
            self.connections.append(newsroom)

    def left(self, newsroom: Conversation) -> None:
        with self._lock:
            self.connections.remove(newsroom)
            self.hangups += 1

    def tell(self, order: str, story: str, status: str) -> None:
        """Tell every newsroom that is connected what has become of a story."""
        with self._lock:
            connected = list(self.connections)
        names = {"roID": order, "storyID": story, "status": status, "time": _now()}
        inside = "".join(f"<{name}>{html.escape(value)}</{name}>" for name, value in names.items())
        for newsroom in connected:
            newsroom.tell(f'<roElementStat element="STORY">{inside}</roElementStat>')

    def fail(self, next: list[str], always: str) -> None:
        with self._lock:
            self.next, self.always = list(next), always

    def answered(self, answer: str) -> None:
        with self._lock:
            self.answers.append(answer)


def _text(element: Any, path: str) -> str:
    found: str = element.findtext(path) or ""
    return found.strip()


def _story(element: Any) -> Story:
    body: list[list[str]] = []
    for part in element.iterfind("storyBody/*"):
        if part.tag == "storyItem":
            body.append(["item", _text(part, "itemSlug")])
        elif part.tag == "p":
            instruction = _text(part, "pi")
            body.append(["pi", instruction] if instruction else ["p", part.text or ""])
    return Story(_text(element, "storySlug"), _text(element, "mosExternalMetadata/mosPayload/StoryDuration"), body)


def _acted(stories: dict[str, Story], said: Any) -> dict[str, Story]:
    """The stories after one roElementAction on stories."""
    operation, target = said.get("operation"), _text(said, "element_target/storyID")
    given = {_text(one, "storyID"): _story(one) for one in said.iterfind("element_source/story")}
    named = list(given) or [(one.text or "").strip() for one in said.iterfind("element_source/storyID")]
    if target and target not in stories:
        raise Refusal(f"unknown story {target}")
    if operation in ("MOVE", "DELETE", "SWAP") and (missing := [one for one in named if one not in stories]):
        raise Refusal(f"unknown story {missing[0]}")
    if operation == "INSERT" and (twice := [one for one in named if one in stories]):
        raise Refusal(f"story {twice[0]} already exists")
    order = list(stories)
    match operation:
        case "DELETE":
            order = [one for one in order if one not in named]
        case "REPLACE":
            place = order.index(target)
            order = [*order[:place], *named, *order[place + 1 :]]
        case "INSERT" | "MOVE":
            order = [one for one in order if one not in named]
            place = order.index(target) if target else len(order)
            order = [*order[:place], *named, *order[place:]]
        case "SWAP":
            one, other = named
            swapped = {one: other, other: one}
            order = [swapped.get(name, name) for name in order]
        case _:
            raise Refusal(f"unknown operation {operation}")
    return {one: given.get(one) or stories[one] for one in order}


class Conversation(socketserver.BaseRequestHandler):
    """One connection of a newsroom."""

    prompter: ClassVar[Prompter]

    def setup(self) -> None:
        self.ids = ("PROMPTER", "NCS")
        self.told = 0
        self.prompter.came(self)

    def finish(self) -> None:
        self.prompter.left(self)

    def tell(self, xml: str) -> None:
        """Say something of one's own accord."""
        self.told += 1
        self._say(self.told, xml)

    def handle(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-16-be")(errors="replace")
        text = ""
        while len(text) * 2 <= LONGEST:
            data = self.request.recv(65536)
            if not data:
                return
            text += decoder.decode(data)
            while (end := text.find("</mos>")) >= 0:
                whole, text = text[: end + 6], text[end + 6 :]
                if not self._answer(whole[max(0, whole.find("<mos>")) :]):
                    return

    def _answer(self, text: str) -> bool:
        """Answer one message; False if the connection ends."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring(text.encode(), parser)
            said, number = root[-1], int(_text(root, "messageID"))
        except (etree.XMLSyntaxError, ValueError, IndexError) as error:
            log.warning("not understood: %s", error)
            return True
        self.ids = (_text(root, "mosID"), _text(root, "ncsID"))
        fate = self.prompter.fate(said.tag)
        if said.tag in CHANGES:
            return self._change(number, said, fate)
        if said.tag == "heartbeat" and fate == "well":
            self._say(number, f"<heartbeat><time>{_now()}</time></heartbeat>")
        elif said.tag == "roAck":
            self.prompter.answered(text)
        elif said.tag == "reqMachInfo":
            self._say(number, "<listMachInfo><manufacturer>Tongfa</manufacturer><model>stand-in</model></listMachInfo>")
        return True

    def _change(self, number: int, said: Any, fate: str) -> bool:
        """Do, or do not do, what a message about running orders says, and answer or not."""
        order = _text(said, "roID")
        if fate == "ask" and not self._ask(order):
            return False
        status = self.prompter.take(number, said, fate)
        if fate in ("drop", "cut"):
            return False
        if fate not in ("silent", "deaf", "away"):
            ack = etree.Element("roAck")
            for name, value in (("roID", order), ("roStatus", status)):
                etree.SubElement(ack, name).text = value
            self._say(number, etree.tostring(ack, encoding="unicode"))
        return True

    def _ask(self, order: str) -> bool:
        """Ask the newsroom everything a device may ask, one answer at a time."""
        decoder = codecs.getincrementaldecoder("utf-16-be")(errors="replace")
        for place, question in enumerate(QUESTIONS):
            self._say(1 + place, question.format(now=_now(), order=html.escape(order)))
            answer = ""
            while "</mos>" not in answer:
                data = self.request.recv(65536)
                if not data:
                    return False
                answer += decoder.decode(data)
            self.prompter.answered(answer)
        return True

    def _say(self, number: int, xml: str) -> None:
        head = "".join(
            f"<{name}>{html.escape(value)}</{name}>" for name, value in zip(("mosID", "ncsID"), self.ids, strict=True)
        )
        self.request.sendall(f"<mos>{head}<messageID>{number}</messageID>{xml}</mos>".encode("utf-16-be"))


class Screen(BaseHTTPRequestHandler):
    """The device's screen and its switches."""

    protocol_version = "HTTP/1.1"
    prompter: ClassVar[Prompter]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        state = self.prompter.state()
        if parts.path == "/state":
            self._reply(200, json.dumps(state, ensure_ascii=False).encode(), "application/json")
        elif parts.path == "/":
            asked = parse_qs(parts.query).get("n", ["1"])[0]
            self._reply(200, _screen(state, int(asked) if asked.isdecimal() else 1), "text/html; charset=utf-8")
        else:
            self._reply(404, b"", "text/plain")

    def do_PUT(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if urlsplit(self.path).path == "/status":
            self.prompter.tell(given.get("order", ""), given.get("story", ""), given.get("status", ""))
        else:
            self.prompter.fail(given.get("next", []), given.get("always", ""))
        self._reply(200, b"{}", "application/json")

    def _reply(self, status: int, content: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None: ...


STYLE = """
body { margin: 0; min-height: 100vh; background: #000; color: #fff; font: 700 clamp(28px, 6vw, 88px)/1.5 sans-serif; }
header, nav { display: flex; flex-wrap: wrap; gap: .5em 1em; padding: .5em 1em; background: #1c1c1c; }
header, nav { font: 18px/1.6 sans-serif; }
a { color: #ffb4ab; min-width: 44px; min-height: 44px; display: inline-flex; align-items: center; }
a { text-decoration: none; }
a[aria-current] { color: #ffd54f; text-decoration: underline; }
main { padding: .5em 6vw; } p { margin: 0 0 .4em; } i { display: block; color: #8ad7ff; font: 400 .45em sans-serif; }
b { display: inline-block; margin-right: .5em; padding: 0 .3em; background: #333; font: 400 .3em sans-serif; }
"""


def _screen(state: dict[str, Any], n: int) -> bytes:
    """The latest running order; its n-th story in large type."""
    tags = {"p": "p", "pi": "i", "item": "b"}
    name = max(state["orders"], default="")
    order = state["orders"].get(name, {"slug": "", "start": "", "ready": False, "stories": []})
    stories = order["stories"]
    n = min(max(n, 1), max(len(stories), 1))
    links = "".join(
        f'<a href="/?n={place}"{" aria-current=true" if place == n else ""}>{place} {html.escape(story["slug"])}</a>'
        for place, story in enumerate(stories, 1)
    )
    shown = stories[n - 1]["body"] if stories else []
    text = "".join(f"<{tags[kind]}>{html.escape(said)}</{tags[kind]}>" for kind, said in shown)
    sign = "●" if order["ready"] else "○"
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(order['slug'])}</title><style>{STYLE}</style></head>"
        f"<body><header><span>{sign} {html.escape(order['slug'])}</span><span>{html.escape(order['start'])}</span>"
        f'</header><nav><a href="/?n={n - 1}">◀</a><a href="/?n={n + 1}">▶</a>{links}</nav>'
        f"<main>{text}</main></body></html>"
    ).encode()


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[socketserver.BaseRequestHandler]) -> None:
        super().__init__(address, handler)
        self.open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections, as a device does that is switched off."""
        for request in list(self.open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A newsroom that hangs up is nothing to tell."""


class Standing:
    """The device in this process: `with Standing(port=0, http=0) as prompter: prompter.port …`."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, http: int = 0) -> None:
        self.prompter = Prompter()
        self._mos = _Server((host, port), type("Here", (Conversation,), {"prompter": self.prompter}))
        self._http = ThreadingHTTPServer((host, http), type("There", (Screen,), {"prompter": self.prompter}))
        self.host, self.port = host, int(self._mos.server_address[1])
        self.url = f"http://{host}:{self._http.server_port}/"
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            for server in (self._mos, self._http)
        ]

    def __enter__(self) -> Standing:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._mos, self._http):
            server.shutdown()
            server.server_close()
        self._mos.hang_up()
        for thread in self._threads:
            thread.join()


@click.command("fake-prompter")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="HOST", help="the address to listen on")
@click.option("--port", default=10541, show_default=True, metavar="PORT", help="the MOS port (0: any free one)")
@click.option(
    "--http", default=8541, show_default=True, metavar="PORT", help="the port of its screen (0: any free one)"
)
def fake_prompter(host: str, port: int, http: int) -> None:
    over = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: over.set())
    with Standing(host=host, port=port, http=http) as standing:
        click.echo(f"{standing.port} {standing.url}")
        over.wait()


if __name__ == "__main__":
    fake_prompter()
