"""The `app` kind: the contract, ninjs, lists, changes, the webhook, and the API as a server serves it."""

from __future__ import annotations

import dataclasses
import http.server
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import jsonschema
import pytest
import requests
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html
from pydantic import ValidationError
from schemathesis.config import SchemathesisConfig
from standardwebhooks import Webhook as Receiver

from channels.app import App, changes, tree
from channels.app.channel import BACKEND, KEPT, TOLD
from channels.app.documents import Envelope, Item, Listing
from channels.app.ninjs import ContactInfo, Ninjs, RightsInfo
from channels.app.pictures import assets_of_column
from channels.app.tree import OWED
from channels.app.webhook import key_of
from pipeline.article import Article, Column, Deed, Outlet, Revision
from pipeline.channel import Action, Refused, Setting, Standing, Unavailable, Unpublishable, utc_now
from pipeline.testing import (
    NOON,
    ChannelContract,
    MemoryNotebook,
    Rehearsal,
    article_of,
    newsroom_of,
    opening_of,
    picture,
    revision_of,
)
from pipeline.web.site import site
from tests.channels.public_tree import PublicTree
from tests.standins.disk import disk_full

GOLDEN = Path(__file__).parent / "golden" / "app"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
VARIABLE = "TONGFA_APP_WEBHOOK_SECRET"
BASE = "http://127.0.0.1:8000/app/api/"


class AppContract(PublicTree, ChannelContract):
    """What a client shows of the public's document, for the contract."""

    def tells_in_order(self, path: str) -> bool:
        return path.startswith("api/changes")

    def refusing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:
        return disk_full(after)

    def fetch(self, rehearsal: Rehearsal, address: str) -> bytes | None:
        channel = app_of(rehearsal)
        return channel.files.read(address.removeprefix(channel.public))

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        alter(rehearsal, f"api/articles/{revision.id}.json", words, "")

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        document = app_of(rehearsal).files.read(f"api/articles/{revision.id}.json")
        assert document is not None
        envelope = json.loads(document)
        article = envelope["article"]
        label = [envelope["aigc"]["text"]] if "aigc" in envelope else []
        credits = [f"{one['role']}：{'、'.join(one['names'] + one['organisations'])}" for one in envelope["credits"]]
        bodies = [one["value"] for one in article["bodies"] if one["contentType"] == "text/html"]
        return "\n".join([article["headlines"][0]["value"], *label, *bodies, *credits])


class TestApp(AppContract):
    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> App:
        return App(rehearsal_setting("app", name="新武山APP", root=str(tmp_path / "site" / "app")))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, f"api/articles/{revision.id}.json", "5.2万亩", "9.9万亩")


class TestAppReadBackOverHttp(AppContract):
    """The same with `verify = "http"`: what is read back comes from the real server."""

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Iterator[App]:
        with served(tmp_path / "site") as url:
            root, staging = str(tmp_path / "site" / "app"), str(tmp_path / "staging")
            options = {"root": root, "staging": staging, "url": f"{url}app/", "verify": "http"}
            yield App(rehearsal_setting("app", name="新武山APP", **options))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "api/columns/yaowen.json", "架豆", "韭菜")


class TestAppWithWebhook(AppContract):
    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], tmp_path: Path) -> Iterator[App]:
        root = str(tmp_path / "site" / "app")
        with Backend() as backend:
            options = {"root": root, "webhook": backend.url, "secrets": {VARIABLE: SECRET}}
            yield App(rehearsal_setting("app", name="新武山APP", **options))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        alter(rehearsal, "api/changes.json", '"revision":1', '"revision":7')


# -- what the tests share ------------------------------------------------------------------------------


class Backend:
    """The app's backend on loopback: checks every message the Standard Webhooks way, with their own library.

    `fates` are those of the next calls: "lost" takes the message and breaks off without an answer, a number is a
    status without effect. Otherwise it takes the message; one with an id it knows has no second effect.
    """

    def __init__(self, *fates: str | int, port: int = 0) -> None:
        self.fates = list(fates)
        self.taken: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self._stamps: list[str] = []
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None: ...

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = backend.take(body, dict(self.headers))
                if status:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.send_header("Retry-After", "7")
                    self.end_headers()
                else:
                    self.close_connection = True

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hooks/news"

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """The status to answer with; 0: none at all."""
        message = Receiver(SECRET).verify(body, headers)
        key = headers["webhook-id"]
        self.calls.append(key)
        fate = self.fates.pop(0) if self.fates else 204
        if fate == "lost" or fate == 204:
            self.taken.setdefault(key, message)
        return 0 if fate == "lost" else int(fate)

    def __enter__(self) -> Backend:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class served:  # noqa: N801 - reads as a sentence
    """The real server of the public site while the block runs; gives its address."""

    def __init__(self, root: Path) -> None:
        config = uvicorn.Config(site(root), port=0, log_config=None, lifespan="off", ws="none", server_header=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._listening = threading.Event()

    def __enter__(self) -> str:
        real = self._server.startup

        async def startup(sockets: Any = None) -> None:
            await real(sockets)
            self._listening.set()

        self._server.startup = startup  # type: ignore[method-assign]
        self._thread.start()
        assert self._listening.wait(10)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/"

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join()


def app_of(rehearsal: Rehearsal) -> App:
    assert isinstance(rehearsal.channel, App)
    return rehearsal.channel


def alter(rehearsal: Rehearsal, path: str, old: str, new: str) -> None:
    files = app_of(rehearsal).files
    before = files.read(path)
    assert before is not None
    assert old.encode() in before
    files.write(path, before.replace(old.encode(), new.encode()))


@pytest.fixture
def setting(tmp_path: Path) -> Callable[..., Setting]:
    def make(secrets: dict[str, str] | None = None, **options: Any) -> Setting:
        outlet = Outlet(id="app", kind="app", name="新武山APP", options=options)
        return Setting(
            notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet), data=tmp_path, secrets=secrets or {}
        )

    return make


@pytest.fixture
def rehearsal(setting: Callable[..., Setting]) -> Rehearsal:
    return Rehearsal(App(setting()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "site" / "app"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of releases without waiting for the disk each time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def article(n: int, *, version: int = 1, column: str = "yaowen", **fields: Any) -> Revision:
    return revision_of(
        article_of(f"第{n}条消息", column=column, **fields), version, id=f"a{n}", at=NOON + timedelta(minutes=n)
    )


def with_picture(rehearsal: Rehearsal, n: int, colour: str = "#2f6f4f", **fields: Any) -> Revision:
    image, data = picture(colour, caption="架豆丰收")
    rehearsal.media[image.digest] = data
    return article(n, images=[image], **fields)


def release_many(rehearsal: Rehearsal, numbers: range) -> None:
    """Release these without reading each back."""
    for n in numbers:
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(article(n))))


def contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def written_by(rehearsal: Rehearsal, deed: Callable[[], object]) -> list[str]:
    """The files of the public tree that a deed writes or moves to their place, and how often."""
    files, paths = app_of(rehearsal).files, list[str]()
    real, publish = files.storage.write, files.publish

    def published(token: str, staged: str, path: str) -> bool:
        there = publish(token, staged, path)
        paths.extend([path] if there else [])
        return there

    def counted(full: str, data: bytes) -> None:
        paths.append(full.removeprefix(f"{files.root}/"))
        real(full, data)

    files.storage.write, files.publish = counted, published  # type: ignore[method-assign]
    try:
        deed()
    finally:
        files.storage.write, files.publish = real, publish  # type: ignore[method-assign]
    return [path for path in paths if not path.startswith(files.storage.staging)]


def read(root: Path, href: str, base: str = "api/") -> Any:
    """The document that an address in another document leads to."""
    path = urlsplit(urljoin(f"http://x/{base}", href)).path[1:]
    return json.loads((root / path).read_bytes())


def read_bytes(root: Path, href: str, base: str) -> bytes:
    """The file that an address in a document leads to."""
    return (root / urlsplit(urljoin(f"http://x/{base}", href)).path[1:]).read_bytes()


def walk(root: Path, name: str) -> list[Item]:
    """A list read as a client does: from its newest part along `next`."""
    items, where = list[Item](), f"api/{name}.json"
    while where:
        page = Listing.model_validate_json((root / where).read_bytes())
        for item in page.items:
            address = urlsplit(urljoin(f"http://x/{where}", item.href))
            envelope = Envelope.model_validate_json((root / address.path[1:]).read_bytes())
            assert (envelope.id, envelope.revision, envelope.pub_status) == (item.id, item.revision, "usable")
            assert address.query == f"v={envelope.version}"
        items += page.items
        where = urlsplit(urljoin(f"http://x/{where}", page.next)).path[1:] if page.next else ""
    return items


class Mirror:
    """The client of the documentation: what it has, kept up to date by the changes alone."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cursor = ""
        self.has: dict[str, Envelope] = {}

    def sync(self) -> int:
        """Catch up; how many documents that took."""
        where, newest, found, documents = "api/changes.json", "", dict[str, tuple[str, str]](), 0
        met = False
        while where and not met:
            page = changes.read((self.root / where).read_bytes())
            assert page is not None
            documents += 1
            newest = newest or page.cursor
            met = self.cursor in (page.cursor, page.after) and page.cursor == self.cursor
            for change in reversed(page.changes):
                if met := met or change.cursor == self.cursor:
                    break
                address = urlsplit(urljoin(f"http://x/{where}", change.href))
                found.setdefault(change.id, (address.path[1:], address.query))
            met = met or page.after == self.cursor
            where = urlsplit(urljoin(f"http://x/{where}", page.previous)).path[1:] if page.previous else ""
        for id, (path, query) in found.items():
            envelope = Envelope.model_validate_json((self.root / path).read_bytes())
            assert query == f"v={envelope.version}"
            self.has[id] = envelope
        if not met:
            self.has = {id: envelope for id, envelope in self.has.items() if id in found}
        self.cursor = newest
        return documents

    @property
    def live(self) -> dict[str, int]:
        return {id: one.revision for id, one in self.has.items() if one.pub_status == "usable"}


def live_in(rehearsal: Rehearsal) -> dict[str, int]:
    return {entry.revision.id: entry.revision.number for entry in rehearsal.catalogue.live()}


# -- ninjs ---------------------------------------------------------------------------------------------


def test_ninjs_needs_an_absolute_uri() -> None:
    assert Ninjs(uri="tag:www.wushan.gov.cn,2020:a1").written() == {"uri": "tag:www.wushan.gov.cn,2020:a1"}
    for wrong in ({}, {"uri": "a1"}, {"uri": "http://例子/"}, {"uri": "http://a b"}, {"uri": None}):
        with pytest.raises(ValidationError):
            Ninjs.model_validate(wrong)


@pytest.mark.parametrize(
    "field", [{"pubStatus": "withdrawn"}, {"revision": 2}, {"pub_status": "usable!"}, {"urgency": 0}, {"urgency": 10},
              {"type": "article"}, {"representationType": "half"}, {"versionCreated": "2026-11-24T12:00:00"},
              {"bodies": [{"role": "main"}]}, {"headlines": [{"value": "a", "size": 3}]}, {"standard": {"draft": "1"}},
              {"associations": [{"uri": "tag:a,1:b"}]}, {"renditions": [{"width": 3}]},
              {"renditions": [{"name": "a", "width": 3.5}]}, {"subjects": [{"relevance": 101}]}],
)  # fmt: skip
def test_ninjs_refuses_what_the_standard_refuses(field: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Ninjs.model_validate_json(json.dumps({"uri": "tag:a,1:b", **field}))


@pytest.mark.parametrize("status", ["usable", "withheld", "canceled"])
def test_ninjs_takes_what_the_standard_takes(status: str) -> None:
    content = {
        "uri": "tag:a,1:b", "pubStatus": status, "urgency": 9, "firstCreated": "2026-11-24T12:00:00+08:00",
        "places": [{"name": "武山县", "geoJSON": {"type": "Point", "coordinates": [104.9, 34.7]}}],
        "standard": {"name": "ninjs", "version": "3.1", "schema": "http://www.iptc.org/x#"},
        "associations": [{"uri": "tag:a,1:c", "name": "picture", "type": "picture",
                          "renditions": [{"name": "large", "href": "http://a/b.jpg", "width": 3, "height": 4}]}],
        "plannedCoverage": [{"title": "x"}],
    }  # fmt: skip
    assert Ninjs.model_validate_json(json.dumps(content)).written() == content


def test_ninjs_one_of() -> None:
    assert ContactInfo(value="0938-0000000")
    assert RightsInfo(encoded_rights="x")
    for wrong in (ContactInfo, RightsInfo):
        with pytest.raises(ValidationError):
            wrong()
    with pytest.raises(ValidationError):
        ContactInfo.model_validate({"value": "a", "address": {}})


# -- the article's document ------------------------------------------------------------------------------


@pytest.mark.parametrize("case", sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.article.json")))
def test_golden(case: str, rehearsal: Rehearsal, agreed: Callable[[Path, str], str]) -> None:
    record = Article.model_validate_json((GOLDEN / f"{case}.article.json").read_text())
    rendition = rehearsal.channel.render(revision_of(record), rehearsal.channel.newsroom)
    came = json.loads(rendition.body)
    written = json.dumps(came, ensure_ascii=False, indent=1)
    assert came == json.loads(agreed(GOLDEN / f"{case}.envelope.json", written))


def test_what_is_rendered_stands_in_public(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1, series="系列报道之三", number=3))
    assert delivery.rendition is not None
    assert (root / "api/articles/a1.json").read_text() == delivery.rendition.body
    envelope = read(root, "articles/a1.json")
    assert envelope["series"] == {"name": "系列报道之三", "number": 3, "href": "../series/yaowen/1.json"}
    body = html.fragment_fromstring(envelope["article"]["bodies"][-1]["value"], create_parent="div")
    (image,) = body.iter("img")
    assert image.get("src").startswith(f"{BASE}media/a1/")
    assert (image.get("width"), image.get("height")) == ("1200", "675")
    for rendition, width in zip(envelope["images"][0]["renditions"], (480, 1200), strict=True):
        assert (rendition["width"], rendition["contentType"]) == (width, "image/jpeg")
        path = urlsplit(urljoin("http://x/api/articles/a1.json", rendition["href"])).path[1:]
        assert (root / path).stat().st_size > 500


def test_a_correction_says_so_and_a_withdrawal_leaves_nothing(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    corrected = article(1, version=2).model_copy(update={"note": "种植面积应为5.3万亩"})
    rehearsal.publish(corrected)
    envelope = read(root, "articles/a1.json")
    assert envelope["notice"] == {
        "kind": "corrected", "at": "2026-11-24T13:01:00+08:00", "text": "种植面积应为5.3万亩",
    }  # fmt: skip
    assert envelope["article"]["version"] == "2"
    assert not list((root / "api/media/a1").glob("*"))
    gone = rehearsal.withdraw(corrected, "数据有误")
    envelope = read(root, "articles/a1.json")
    assert envelope["article"]["pubStatus"] == "canceled"
    assert envelope["notice"] == {"kind": "withdrawn", "at": "2026-11-25T12:00:00+08:00", "text": "数据有误"}
    text = (root / "api/articles/a1.json").read_text()
    assert "消息" not in text
    assert "亩" not in text
    assert walk(root, "latest") == walk(root, "columns/yaowen") == []
    assert rehearsal.verify(gone).extract == "canceled 数据有误"


def test_a_withdrawal_takes_the_pictures_away(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(with_picture(rehearsal, 1))
    rehearsal.publish(with_picture(rehearsal, 2))  # the same picture in another article
    rehearsal.withdraw(article(1))
    assert not list((root / "api/media/a1").glob("*"))
    assert len(list((root / "api/media/a2").glob("*.jpg"))) == 2


def test_links_in_the_body_become_absolute(rehearsal: Rehearsal) -> None:
    revision = article(1, body='<p><a href="/2020/a.html">甲</a><a href="b.html">乙</a></p>')
    body = rehearsal.channel.render(revision, rehearsal.channel.newsroom).body
    assert "http://127.0.0.1:8000/2020/a.html" in body
    assert "http://127.0.0.1:8000/2026/11/b.html" in body


@pytest.mark.parametrize("field", ["headline", "body", "source", "summary", "editors_note"])
def test_what_cannot_be_shown_is_refused_by_name(rehearsal: Rehearsal, field: str) -> None:
    odd = article_of().model_copy(update={field: "<p>甲\x08</p>"})
    with pytest.raises(Unpublishable) as refused:
        rehearsal.channel.render(revision_of(odd), rehearsal.channel.newsroom)
    assert refused.value.problem.field == field


def test_an_unknown_column_and_an_unknown_picture_are_refused(rehearsal: Rehearsal) -> None:
    unknown = article(1, body=f'<figure><img src="image:{"a" * 64}" alt=""/></figure>')
    for wrong, field in ((article(1, column="gone"), "column"), (unknown, "images")):
        with pytest.raises(Unpublishable) as refused:
            rehearsal.channel.render(wrong, rehearsal.channel.newsroom)
        assert refused.value.problem.field == field
    lost = with_picture(rehearsal, 1)
    rehearsal.media.clear()
    with pytest.raises(Unpublishable) as refused:
        rehearsal.prepare(rehearsal.delivery(lost))
    assert refused.value.problem.field == "images"


# -- lists ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 19, 20, 39, 40, 41, 85])
def test_lists_are_walked_by_their_cursor(rehearsal: Rehearsal, root: Path, quick: None, count: int) -> None:
    release_many(rehearsal, range(1, count + 1))
    wanted = [f"a{n}" for n in range(count, 0, -1)]
    for name in ("latest", "columns/yaowen"):
        items = walk(root, name)
        assert [item.id for item in items] == wanted
        assert [item.ordinal for item in items] == list(range(count, 0, -1))
    assert walk(root, "columns/tuopin") == []


def test_old_pages_never_change(rehearsal: Rehearsal, root: Path, quick: None) -> None:
    release_many(rehearsal, range(1, 86))
    before = contents(root)
    old = {
        path: data for path, data in before.items() if "/latest/" in path or "/changes/" in path or "yaowen/" in path
    }
    assert len(old) == 3 + 3 + 1
    release_many(rehearsal, range(86, 131))
    assert old.items() <= contents(root).items()
    after = {path: data for path, data in contents(root).items() if data != before.get(path) and path in before}
    assert set(after) == {"api/latest.json", "api/columns/yaowen.json", "api/changes.json"}


def test_a_correction_of_old_rewrites_its_pages_alone(rehearsal: Rehearsal, root: Path, quick: None) -> None:
    release_many(rehearsal, range(1, 86))
    before = contents(root)
    rehearsal.publish(article(7, version=2))
    changed = {path for path, data in contents(root).items() if data != before[path]}
    assert changed == {
        "api/articles/a7.json", "api/latest/1.json", "api/columns/yaowen/1.json", "api/changes.json",
    }  # fmt: skip
    gone = rehearsal.withdraw(article(7, version=2))
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert [item.id for item in walk(root, "latest")] == [f"a{n}" for n in range(85, 0, -1) if n != 7]


@pytest.mark.parametrize("numbered", [False, True])
def test_the_cost_of_a_release_does_not_grow(setting: Callable[..., Setting], quick: None, numbered: bool) -> None:
    def cost(articles: int) -> tuple[list[str], int]:
        rehearsal = Rehearsal(App(setting(root=f"site{articles}/app")))
        series: Callable[[int], dict[str, Any]] = lambda n: {"series": "系列", "number": n} if numbered else {}  # noqa: E731
        for n in range(1, articles + 1):
            rehearsal.release(rehearsal.prepare(rehearsal.delivery(article(n, **series(n)))))
        first = rehearsal.prepare(rehearsal.delivery(article(articles + 1, **series(articles + 1))))
        patient = rehearsal.catalogue
        spans: list[int] = []
        real = patient.span
        patient.span = lambda first, last, column=None: (  # type: ignore[method-assign]
            spans.append(last - first) or real(first, last, column)  # type: ignore[func-returns-value]
        )
        patient.live = None  # type: ignore[assignment, method-assign] # an unbounded question would be a mistake
        paths = written_by(rehearsal, lambda: rehearsal.release(first))
        assert all(span < 2 * tree.PAGE for span in spans)
        return [re.sub(r"\d+", "N", path) for path in paths], len(spans)

    few, many = cost(30), cost(300)
    assert few == many == cost(320)  # 321 begins a page of the series
    assert len(few[0]) == 4 + 2 * numbered  # the article, two lists, the changes; the series' head and one page


def test_a_repeated_release_writes_nothing(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    assert written_by(rehearsal, lambda: rehearsal.channel.release(delivery)) == []


def test_a_rebuild_gives_the_same_bytes(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 4):
        last = rehearsal.publish(with_picture(rehearsal, n, f"#2f6f{n:02x}", column="tuopin" if n == 2 else "yaowen"))
    before = contents(root)
    shutil.rmtree(root)
    App(rehearsal.channel.setting).release(last)  # another worker, knowing nothing
    assert contents(root) == before
    assert rehearsal.verify(last).standing is Standing.LIVE


def test_a_rebuild_after_corrections_gives_the_same_but_for_the_changes(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 4):
        rehearsal.publish(article(n))
    last = rehearsal.publish(article(2, version=2))
    rehearsal.withdraw(article(1), "数据有误")
    client = Mirror(root)
    client.sync()
    before = contents(root)
    shutil.rmtree(root)
    App(rehearsal.channel.setting).release(last)
    after = contents(root)
    assert {path for path, data in after.items() if data != before.get(path)} == {"api/changes.json"}
    client.sync()
    assert client.live == live_in(rehearsal) == {"a2": 2, "a3": 1}
    again = contents(root)
    (root / "api/changes.json").unlink()
    App(rehearsal.channel.setting).release(last)
    assert contents(root) == again


def test_lists_show_an_article_only_as_its_document_is(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    rehearsal.catalogue.place(with_picture(rehearsal, 2))  # released at this instant by another worker …
    rehearsal.catalogue.place(article(1, version=2))  # … and this corrected: neither has come to its documents
    mine = rehearsal.publish(article(3))
    assert [(item.id, item.revision) for item in walk(root, "latest")] == [("a3", 1), ("a2", 1), ("a1", 2)]
    client = Mirror(root)
    client.sync()
    assert client.live == live_in(rehearsal)
    late = rehearsal.delivery(article(1, version=2))
    assert written_by(rehearsal, lambda: rehearsal.channel.release(late)) == []  # it has been done on its behalf
    assert rehearsal.verify(late).standing is rehearsal.verify(mine).standing is Standing.LIVE


def test_another_articles_spoilt_document_is_mended(rehearsal: Rehearsal, root: Path) -> None:
    first = rehearsal.publish(article(1))
    whole = (root / "api/articles/a1.json").read_bytes()
    for spoilt in (b"{", whole.replace("第1条".encode(), "第9条".encode()), b'{"id":"a1"}'):
        (root / "api/articles/a1.json").write_bytes(spoilt)
        assert rehearsal.verify(first).standing is not Standing.LIVE
        App(rehearsal.channel.setting).release(rehearsal.delivery(article(1)))
        assert (root / "api/articles/a1.json").read_bytes() == whole
        (root / "api/articles/a1.json").write_bytes(spoilt)
        other = Rehearsal(App(rehearsal.channel.setting))
        other.catalogue = rehearsal.catalogue
        other.publish(article(2))
        assert (root / "api/articles/a1.json").read_bytes() == whole


def test_another_articles_lost_picture_does_not_hold_up_this_one(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.catalogue.place(with_picture(rehearsal, 1))
    rehearsal.media.clear()
    assert rehearsal.verify(rehearsal.publish(article(2))).standing is Standing.LIVE
    assert [item.id for item in walk(root, "latest")] == ["a2"]


def test_simultaneous_releases_lose_nothing(rehearsal: Rehearsal, root: Path) -> None:
    prepared = [rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, n, f"#2f6f{n:02x}"))) for n in range(1, 9)]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision)
    threads = [threading.Thread(target=rehearsal.channel.release, args=(delivery,)) for delivery in prepared]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(walk(root, "latest")) == 8
    assert {rehearsal.verify(delivery).standing for delivery in prepared} == {Standing.LIVE}
    client = Mirror(root)
    client.sync()
    assert client.live == live_in(rehearsal)


def test_a_late_worker_does_nothing(rehearsal: Rehearsal, root: Path) -> None:
    late = rehearsal.prepare(rehearsal.delivery(article(1)))
    rehearsal.release(late)
    gone = rehearsal.withdraw(article(1))
    before = contents(root)
    assert rehearsal.channel.release(late).standing is Standing.WITHDRAWN
    assert contents(root) == before
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN


# -- changes -------------------------------------------------------------------------------------------

DEEDS = st.lists(st.sampled_from(["publish", "correct", "withdraw", "sync", "lose"]), max_size=25)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=DEEDS, chosen=st.randoms(use_true_random=False))
def test_a_client_ends_with_exactly_what_is_live(
    setting: Callable[..., Setting], tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch, deeds: list[str],
    chosen: Any,
) -> None:  # fmt: skip
    """Whatever happens between two syncs, also the loss of the sequence itself."""
    monkeypatch.setattr(changes, "PAGE", 3)
    monkeypatch.setattr(tree, "PAGE", 3)
    shutil.rmtree(tmp_path / "site", ignore_errors=True)
    rehearsal = Rehearsal(App(setting()))
    root = tmp_path / "site" / "app"
    clients = [Mirror(root), Mirror(root)]
    versions: dict[int, int] = {}
    for deed in ["publish", *deeds]:
        live = [n for n, version in versions.items() if version]
        if deed == "sync":
            clients[0].sync()
            assert clients[0].live == live_in(rehearsal)
        elif deed == "publish" or not live:
            versions[n := len(versions) + 1] = 1
            rehearsal.release(rehearsal.prepare(rehearsal.delivery(article(n))))
        else:
            n = chosen.choice(live)
            if deed == "lose":
                (root / "api/changes.json").unlink()
                rehearsal.channel.release(rehearsal.delivery(article(n, version=versions[n])))
            elif deed == "correct":
                versions[n] += 1
                rehearsal.release(rehearsal.prepare(rehearsal.delivery(article(n, version=versions[n]))))
            else:
                rehearsal.withdraw(article(n, version=versions[n]))
                versions[n] = 0
    late = Mirror(root)
    for client in (*clients, late):
        client.sync()
        assert client.live == live_in(rehearsal)
        assert client.sync() == 1  # nothing new: one question
    assert {item.id: item.revision for item in walk(root, "latest")} == live_in(rehearsal)


def test_a_sequence_that_was_set_back_is_not_taken_for_a_continuation(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    backup = (root / "api/changes.json").read_bytes()
    rehearsal.publish(article(2))
    rehearsal.publish(article(3))
    client = Mirror(root)
    client.sync()
    (root / "api/changes.json").write_bytes(backup)
    rehearsal.publish(article(1, version=2))  # the one told last before is told again
    rehearsal.publish(article(4))
    assert read(root, "changes.json")["cursor"].startswith("4-")
    client.sync()
    assert client.live["a1"] == 2
    assert client.live["a3"] == 1
    assert client.live["a4"] == 1


@pytest.mark.parametrize("figures", ["", "9" * 30, "9" * 5000, "x"])
def test_a_wrong_cursor_is_not_as_it_should_be_and_is_put_right(rehearsal: Rehearsal, root: Path, figures: str) -> None:
    delivery = rehearsal.publish(article(1))
    told = (root / "api/changes.json").read_text(encoding="utf-8")
    for field in ("cursor", "after"):
        wrong = re.sub(rf'("{field}": ?")[0-9]+', rf"\g<1>{figures}", told)
        assert wrong != told
        (root / "api/changes.json").write_text(wrong, encoding="utf-8")
        assert rehearsal.verify(delivery).standing is not Standing.LIVE
        assert rehearsal.channel.find(delivery).standing is not Standing.LIVE
        delivery = rehearsal.publish(delivery.revision)
        assert rehearsal.verify(delivery).standing is Standing.LIVE


def test_a_worker_that_dies_between_document_and_change_is_made_up_for(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal.publish(article(1))
    client = Mirror(root)
    client.sync()
    delivery = rehearsal.prepare(rehearsal.delivery(article(2)))

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(changes, "record", dies)
        with pytest.raises(KeyboardInterrupt):
            rehearsal.release(delivery)
    assert rehearsal.channel.find(delivery).standing is Standing.STAGED
    rehearsal.publish(article(3))  # another worker's release comes first and tells of both
    client.sync()
    assert client.live == {"a1": 1, "a2": 1, "a3": 1}
    before = contents(root)
    rehearsal.publish(article(2))
    assert contents(root) == before


def test_changes_are_chained(rehearsal: Rehearsal, root: Path) -> None:
    for n in range(1, 4):
        rehearsal.publish(article(n))
    document = json.loads((root / "api/changes.json").read_text())
    assert changes.read(json.dumps(document).encode()) is not None
    for change in ({"revision": 2}, {"id": "a9"}, {"pubStatus": "canceled"}, {"href": "articles/a1.json?v=0"}):
        altered = {**document, "changes": [{**document["changes"][0], **change}, *document["changes"][1:]]}
        assert changes.read(json.dumps(altered).encode()) is None
    assert changes.read(json.dumps({**document, "changes": document["changes"][1:]}).encode()) is None
    assert changes.read(b"[]") is changes.read(None) is None


# -- columns -------------------------------------------------------------------------------------------


def column_of(rehearsal: Rehearsal, **fields: Any) -> Column:
    """A column that is not configured, with everything a column can have."""
    banner, data = picture("#8e1a17", (1800, 450))
    rehearsal.media[banner.digest] = data
    values: dict[str, Any] = {
        "id": "xczx", "name": "乡村振兴看武山", "description": "乡村振兴的成效", "keywords": ("乡村振兴",),
        "note": "即日起开设《乡村振兴看武山》栏目。\n敬请关注。", "series": "2026年乡村振兴系列报道", "banner": banner,
    }  # fmt: skip
    return Column(**{**values, **fields})


def renamed(column: Column) -> Column:
    return column.model_copy(update={"name": "和美乡村", "address": "hmxc", "former_names": (column.name,),
                                     "former_addresses": (column.address,)})  # fmt: skip


def announced(column: Column, n: int, deed: Deed = Deed.OPEN, *, version: int = 1) -> Revision:
    return revision_of(opening_of(column, deed), version, id=f"a{n}", at=NOON + timedelta(minutes=n))


def in_series(column: Column, n: int, number: int, **fields: Any) -> Revision:
    fields = {"series": column.line(number % 10), "number": number, "banner": column.banner, **fields}
    return article(n, column=column.id, **fields)


def shown(root: Path, id: str = "xczx") -> Any:
    """The column as clients see it, or None."""
    return next((column for column in read(root, "newsroom.json")["columns"] if column["id"] == id), None)


def test_a_column_opens_is_renamed_closed_and_leaves(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    rehearsal.publish(article(1))
    configured = [one["id"] for one in read(root, "newsroom.json")["columns"]]
    assert shown(root) is None
    opening = rehearsal.publish(announced(column, 21))
    found = shown(root)
    assert [one["id"] for one in read(root, "newsroom.json")["columns"]] == [*configured, "xczx"]
    assert (found["name"], found["note"], found["series"]) == (column.name, column.note, column.series)
    assert "closed" not in found
    for file in found["banner"]["renditions"]:
        assert (root / "api" / file["href"]).stat().st_size > 100
    assert [item.id for item in walk(root, found["href"].removesuffix(".json"))] == ["a21"]

    renaming = rehearsal.publish(announced(renamed(column), 22, Deed.RENAME))
    note = found.pop("note")  # it calls the column by its old name
    assert shown(root) == {**found, "name": "和美乡村"}
    last = renamed(column).model_copy(update={"closed": "今日收官。"})
    closing = rehearsal.publish(announced(last, 23, Deed.CLOSE))
    assert shown(root) == {**found, "name": "和美乡村", "closed": "今日收官。"}
    assert [rehearsal.verify(one).standing for one in (opening, renaming, closing)] == [Standing.LIVE] * 3

    gone = [rehearsal.withdraw(one.revision) for one in (closing, renaming)]
    assert shown(root) == {**found, "note": note}
    gone.append(rehearsal.withdraw(opening.revision))
    assert shown(root) is None
    assert [rehearsal.verify(one).standing for one in gone] == [Standing.WITHDRAWN] * 3
    assert not list((root / "api/media/columns/xczx").glob("*"))


def test_a_record_says_what_it_announces(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    rehearsal.publish(announced(column, 21))
    envelope = read(root, "articles/a21.json")
    assert envelope["announces"] == {"deed": "open", "column": "xczx", "name": "乡村振兴看武山"}
    assert Ninjs.model_validate_json(json.dumps(envelope["article"]))
    assert read(root, "latest.json")["items"][0]["announces"] == envelope["announces"]
    rehearsal.publish(announced(renamed(column), 22, Deed.RENAME))
    assert read(root, "articles/a22.json")["announces"] == {"deed": "rename", "column": "xczx", "name": "和美乡村"}


def test_a_renaming_rewrites_no_article(rehearsal: Rehearsal, root: Path) -> None:
    """Articles name their column by its id: what was released and what would be rendered now are the same."""
    column = column_of(rehearsal)
    deliveries = [rehearsal.publish(one) for one in (announced(column, 21), in_series(column, 22, 1))]
    deliveries.append(rehearsal.withdraw(rehearsal.publish(in_series(column, 23, 2)).revision))
    digests = [one.rendition.digest for one in deliveries if one.rendition]
    before = {path: data for path, data in contents(root).items() if "articles/" in path or "series/" in path}
    assert "乡村振兴看武山" not in before["api/articles/a22.json"].decode().replace("《乡村振兴看武山》", "")
    client = Mirror(root)
    client.sync()
    has = dict(client.has)
    rehearsal.publish(announced(renamed(column), 24, Deed.RENAME))
    assert before.items() <= contents(root).items()
    client.sync()
    assert client.has == {**has, "a24": client.has["a24"]}
    anew = [rehearsal.delivery(one.revision, one.action, reason=one.reason) for one in deliveries]
    assert [one.rendition.digest for one in anew if one.rendition] == digests
    for delivery in (*deliveries, *anew):
        wanted = Standing.WITHDRAWN if delivery.action is Action.WITHDRAW else Standing.LIVE
        assert rehearsal.verify(delivery).standing is rehearsal.channel.find(delivery).standing is wanted
    App(rehearsal.channel.setting).release(anew[1])  # another worker, repeating
    assert before.items() <= contents(root).items()


def test_what_was_withdrawn_stays_so_when_its_column_leaves(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    opening = rehearsal.publish(announced(column, 21))
    gone = rehearsal.withdraw(rehearsal.publish(in_series(column, 22, 1)).revision, "数据有误")
    before = (root / "api/articles/a22.json").read_bytes()
    rehearsal.withdraw(opening.revision)
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    rehearsal.channel.withdraw(gone)
    assert (root / "api/articles/a22.json").read_bytes() == before


def test_any_release_brings_the_columns_up_to_date(rehearsal: Rehearsal, root: Path) -> None:
    """Also those opened at this instant by another worker, with the banner, whoever wrote it."""
    column = column_of(rehearsal)
    opening = rehearsal.prepare(rehearsal.delivery(announced(column, 21)))
    rehearsal.catalogue.place(opening.revision)
    rehearsal.publish(article(1))
    found = shown(root)
    assert found["name"] == column.name
    assert all((root / "api" / file["href"]).exists() for file in found["banner"]["renditions"])
    assert rehearsal.verify(rehearsal.release(opening)).standing is Standing.LIVE


def test_another_columns_lost_banner_does_not_hold_up_an_article(rehearsal: Rehearsal) -> None:
    rehearsal.catalogue.place(announced(column_of(rehearsal), 21))
    rehearsal.media.clear()
    assert rehearsal.verify(rehearsal.publish(article(1))).standing is Standing.LIVE


@pytest.mark.parametrize("deed", list(Deed))
def test_verify_of_a_record_looks_at_the_columns(rehearsal: Rehearsal, root: Path, deed: Deed) -> None:
    column = column_of(rehearsal)
    rehearsal.publish(announced(column, 20))
    column = renamed(column)
    if deed is Deed.CLOSE:
        rehearsal.publish(announced(column, 22, Deed.RENAME))
        column = column.model_copy(update={"closed": "今日收官。"})
    delivery = rehearsal.publish(announced(column, 21, deed))
    start, banner = root / "api/newsroom.json", sorted((root / "api/media/columns/xczx").iterdir())[0]
    for path in (start, banner):
        whole = path.read_bytes()
        for broken in (b"{", whole.replace("和美乡村".encode(), "美丽乡村".encode()), whole.replace(b"xczx", b"other")):
            assert rehearsal.verify(delivery).standing is Standing.LIVE
            path.write_bytes(broken[:200] if path is banner else broken)
            assert rehearsal.verify(delivery).standing is not Standing.LIVE
            path.write_bytes(whole)
    start.unlink()
    assert rehearsal.verify(delivery).standing is not Standing.LIVE
    assert rehearsal.verify(rehearsal.follow(rehearsal.release(delivery))).standing is Standing.LIVE


def test_the_columns_are_written_only_when_they_change(rehearsal: Rehearsal) -> None:
    column = column_of(rehearsal)
    rehearsal.publish(article(1))
    opening = rehearsal.prepare(rehearsal.delivery(announced(column, 21)))
    written = written_by(rehearsal, lambda: rehearsal.release(opening))
    assert [path for path in written if "newsroom" in path or "media/columns" in path] == [
        "api/media/columns/xczx/" + asset.name for asset in assets_of_column(column, rehearsal.channel.newsroom)
    ] + ["api/newsroom.json"]
    assert written.index("api/articles/a21.json") < written.index("api/newsroom.json")
    assert written.index("api/newsroom.json") < written.index("api/changes.json")  # who hears of it finds the column
    following = rehearsal.prepare(rehearsal.delivery(in_series(column, 22, 1)))
    assert "api/newsroom.json" not in written_by(rehearsal, lambda: rehearsal.release(following))
    assert written_by(rehearsal, lambda: rehearsal.channel.release(opening)) == []


# -- series --------------------------------------------------------------------------------------------


def numbers(root: Path, page: int) -> dict[int, str]:
    """What a page of the series shows: number, and the headline or the notice."""
    rows = read(root, f"series/xczx/{page}.json")["rows"]
    return {row["number"]: row.get("headline") or row["notice"]["text"] for row in rows}


def test_a_withdrawn_number_is_explained(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    rehearsal.publish(announced(column, 21))
    one, two, three = (rehearsal.publish(in_series(column, 21 + n, n)) for n in (1, 2, 3))
    gone = rehearsal.withdraw(two.revision, "数据有误")
    assert numbers(root, 1) == {1: "第22条消息", 2: "数据有误", 3: "第24条消息"}
    row = read(root, "series/xczx/1.json")["rows"][1]
    assert row["pubStatus"] == "canceled"
    assert (row["notice"]["kind"], row["notice"]["text"]) == ("withdrawn", "数据有误")
    assert "消息" not in json.dumps(row, ensure_ascii=False)
    assert read(root, row["href"], "api/series/xczx/1.json")["id"] == "a23"
    rehearsal.publish(in_series(column, 25, 4))
    assert numbers(root, 1)[4] == "第25条消息"
    standings = [rehearsal.verify(delivery).standing for delivery in (one, gone, three)]
    assert standings == [Standing.LIVE, Standing.WITHDRAWN, Standing.LIVE]


def test_a_number_has_its_place_whatever_the_order(rehearsal: Rehearsal, root: Path, quick: None) -> None:
    column = column_of(rehearsal, banner=None)
    rehearsal.publish(announced(column, 1))
    order = [21, 3, 41, 2, 1, 20, 22, 40]
    for n, number in enumerate(order, 10):
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(in_series(column, n, number))))
    assert [list(numbers(root, page)) for page in (1, 2, 3)] == [[1, 2, 3, 20], [21, 22, 40], [41]]
    assert read(root, "series/xczx.json") == {"last": 41, "perPage": 20}
    envelope = read(root, "articles/a10.json")
    assert read(root, envelope["series"]["href"], "api/articles/a10.json")["rows"][0]["id"] == "a10"
    assert shown(root)["seriesHref"] == "series/xczx.json"


@pytest.mark.parametrize("lost", ["series/xczx.json", "series/xczx/1.json", "series/xczx/2.json"])
def test_what_is_lost_of_a_series_comes_back(rehearsal: Rehearsal, root: Path, lost: str, quick: None) -> None:
    column = column_of(rehearsal, banner=None)
    rehearsal.publish(announced(column, 1))
    for n in range(1, 23):
        last = rehearsal.prepare(rehearsal.delivery(in_series(column, 10 + n, n)))
        last = rehearsal.release(last)
    rehearsal.withdraw(in_series(column, 15, 5), "数据有误")
    wanted = {path: data for path, data in contents(root).items() if "/series/" in path}
    assert len(wanted) == 3
    for spoilt in (None, b"{"):
        (root / "api" / lost).unlink() if spoilt is None else (root / "api" / lost).write_bytes(spoilt)
        touched = in_series(column, 12, 2) if lost.endswith("/1.json") else last.revision
        assert (rehearsal.verify(rehearsal.delivery(touched)).standing is Standing.LIVE) is (lost == "series/xczx.json")
        App(rehearsal.channel.setting).release(rehearsal.delivery(touched))
        assert {path: data for path, data in contents(root).items() if "/series/" in path} == wanted


def test_two_articles_of_one_number_are_both_shown(rehearsal: Rehearsal, root: Path) -> None:
    """Editors may number as they like in a column that does not count."""
    both = [rehearsal.publish(article(n, series=f"{n}年系列", number=3)) for n in (1, 2)]
    assert [row["id"] for row in read(root, "series/yaowen/1.json")["rows"]] == ["a1", "a2"]
    assert [rehearsal.verify(one).standing for one in both] == [Standing.LIVE] * 2


def test_the_banner_stands_in_the_article(rehearsal: Rehearsal, root: Path) -> None:
    column = column_of(rehearsal)
    rehearsal.publish(announced(column, 21))
    delivery = rehearsal.publish(in_series(column, 22, 1))
    envelope = read(root, "articles/a22.json")
    assert envelope["images"] == []
    files = [read_bytes(root, one["href"], "api/articles/a22.json") for one in envelope["banner"]["renditions"]]
    assert all(files)
    rehearsal.withdraw(announced(column, 21))  # the column's own copies go, this article's stay
    (root / "api/media/a22").joinpath(Path(envelope["banner"]["renditions"][0]["href"]).name).unlink()
    assert rehearsal.verify(delivery).standing is not Standing.LIVE


# -- the moment ----------------------------------------------------------------------------------------


class Stopped(BaseException):
    """A worker dies."""


def test_the_article_stands_before_anything_is_derived(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question to the catalogue, no picture made, nothing written: what was staged is moved to its place."""
    column = column_of(rehearsal)
    delivery = rehearsal.prepare(rehearsal.delivery(announced(column, 21)))
    rehearsal.media.clear()
    rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    asked: list[str] = []
    entry = rehearsal.catalogue.entry
    monkeypatch.setattr(rehearsal.catalogue, "entry", lambda id: (asked.append("entry"), entry(id))[1])
    for question in ("columns", "span", "last", "live", "neighbours"):
        monkeypatch.setattr(rehearsal.catalogue, question, None)

    def stop(*_: Any) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(app_of(rehearsal).tree, "bring_up_to_date", stop)
        patch.setattr(app_of(rehearsal).files, "write", stop)
        with pytest.raises(Stopped):
            rehearsal.channel.release(delivery)
    assert asked == ["entry"]
    assert delivery.rendition is not None
    assert (root / "api/articles/a21.json").read_text() == delivery.rendition.body
    assert len(list((root / "api/media/a21").iterdir())) == 2


def test_a_release_that_was_broken_off_is_seen_and_completed(
    rehearsal: Rehearsal, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = rehearsal.prepare(rehearsal.delivery(announced(column_of(rehearsal), 21)))

    def stop(*_: Any) -> None:
        raise Stopped

    for step in ("_show_frame", "_show_columns", "bring_up_to_date"):
        with monkeypatch.context() as patch:
            patch.setattr(app_of(rehearsal).tree, step, stop)
            with pytest.raises(Stopped):
                rehearsal.release(delivery)
        assert rehearsal.channel.find(delivery).standing is Standing.STAGED
        assert rehearsal.verify(delivery).standing is Standing.STAGED
    client = Mirror(root)
    released = rehearsal.release(delivery)
    assert rehearsal.verify(released).standing is Standing.LIVE
    client.sync()
    assert client.live == {"a21": 1}


def test_the_receipt_tells_when_readers_had_it(told: Rehearsal, backend: Backend, root: Path) -> None:
    backend.fates = [503]
    delivery = told.prepare(told.delivery(article(1)))
    before = utc_now()
    with pytest.raises(Unavailable):
        told.release(delivery)
    public = utc_now()
    released = told.release(delivery)
    assert released.receipt is not None
    assert released.receipt.at is not None
    assert before <= released.receipt.at <= public  # not when the backend acknowledged at last
    assert told.publish(article(2)).receipt is not None


# -- truth ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["articles/a1.json", "latest.json", "columns/yaowen.json", "changes.json"])
def test_verify_reads_every_document(rehearsal: Rehearsal, root: Path, path: str) -> None:
    delivery = rehearsal.publish(article(1))
    files = app_of(rehearsal).files
    whole = (root / "api" / path).read_bytes()
    for broken in (b"{", b"[]", b"{}", whole.replace(b'"revision":1', b'"revision":3')):
        assert rehearsal.verify(delivery).standing is Standing.LIVE
        files.write(f"api/{path}", broken)
        assert rehearsal.verify(delivery).standing is not Standing.LIVE
        files.write(f"api/{path}", whole)
    files.delete(f"api/{path}")
    assert rehearsal.verify(delivery).standing is not Standing.LIVE
    assert rehearsal.verify(rehearsal.follow(rehearsal.release(delivery))).standing is Standing.LIVE


def test_verify_looks_at_the_pictures(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal, 1))
    one, other = sorted((root / "api/media/a1").iterdir())
    for bad in (one.read_bytes()[:500], b"x", other.read_bytes()):
        whole = one.read_bytes()
        one.write_bytes(bad)
        assert rehearsal.verify(delivery).standing is Standing.ABSENT
        rehearsal.release(delivery)
        assert one.read_bytes() == whole
    one.unlink()
    assert rehearsal.verify(delivery).standing is Standing.ABSENT


def test_a_withdrawn_article_in_a_list_is_seen(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    listing = (root / "api/latest.json").read_bytes()
    gone = rehearsal.withdraw(article(1))
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    (root / "api/latest.json").write_bytes(listing)
    assert rehearsal.verify(gone).standing is Standing.LIVE


def test_nothing_prepared_stands_in_the_public_folder(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 1)))
    assert not (tmp_path / "site").exists()


# -- the webhook ---------------------------------------------------------------------------------------


@pytest.fixture
def backend() -> Iterator[Backend]:
    with Backend() as backend:
        yield backend


@pytest.fixture
def told(setting: Callable[..., Setting], backend: Backend) -> Rehearsal:
    return Rehearsal(App(setting(webhook=backend.url, secrets={VARIABLE: SECRET})))


def test_the_backend_hears_of_everything_once(told: Rehearsal, backend: Backend, root: Path) -> None:
    told.publish(article(1))
    live = told.publish(article(1, version=2))
    told.channel.release(live)
    gone = told.withdraw(article(1, version=2), "数据有误")
    told.channel.withdraw(gone)
    assert backend.calls == ["a1.1.app.publish", "a1.2.app.correct", "a1.2.app.withdraw"]
    kinds = [message["type"] for message in backend.taken.values()]
    assert kinds == ["article.published", "article.corrected", "article.withdrawn"]
    message = backend.taken["a1.2.app.withdraw"]
    assert message["timestamp"] == "2026-11-25T12:00:00+08:00"
    data = message["data"]
    assert (data["id"], data["revision"], data["pubStatus"]) == ("a1", 2, "canceled")
    envelope = read(root, data["href"].removeprefix(BASE))
    assert envelope["digest"] == data["digest"]


def test_another_machine_knows_what_the_backend_was_told(
    setting: Callable[..., Setting], backend: Backend, tmp_path: Path
) -> None:
    """One record, one public tree, and two data folders of which neither has what the other needs."""
    here = setting(webhook=backend.url, secrets={VARIABLE: SECRET}, root=str(tmp_path / "shared"))
    one, other = Rehearsal(App(here)), Rehearsal(App(dataclasses.replace(here, data=tmp_path / "two")))
    other.catalogue, other.media = one.catalogue, one.media
    delivery = one.prepare(one.delivery(article(1)))
    one.catalogue.place(delivery.revision)
    backend.fates = [503]
    with pytest.raises(Unavailable):
        one.channel.release(delivery)
    noted = utc_now()
    assert other.channel.find(delivery).standing is Standing.STAGED
    at = other.channel.release(delivery).at
    assert at is not None
    assert at <= noted  # when readers had it, as the first machine saw it
    assert backend.calls == [delivery.key, delivery.key]
    for machine in (one, other):
        assert machine.channel.find(delivery).standing is Standing.LIVE
        machine.channel.release(delivery)
    assert backend.calls == [delivery.key, delivery.key]


def test_what_the_first_edition_kept_of_the_backend_counts(told: Rehearsal, backend: Backend) -> None:
    delivery = told.prepare(told.delivery(article(1)))
    app_of(told).files.stage(TOLD, delivery.key, b"digest")
    told.catalogue.place(delivery.revision)
    told.channel.release(delivery)
    assert backend.calls == []
    assert told.channel.find(delivery).standing is Standing.LIVE


def test_what_is_noted_of_the_backend_is_pruned(setting: Callable[..., Setting], backend: Backend) -> None:
    now = [NOON]
    made = dataclasses.replace(
        setting(webhook=backend.url, secrets={VARIABLE: SECRET}), notebook=MemoryNotebook(lambda: now[0])
    )
    told = Rehearsal(App(made))
    told.publish(article(1))
    assert made.notebook.pages(BACKEND) == [f"{BACKEND}a1.1.app.publish"]
    now[0] += KEPT
    again = Rehearsal(App(made))
    again.publish(article(2))
    assert made.notebook.pages(BACKEND) == [f"{BACKEND}a2.1.app.publish"]


def test_the_pages_of_the_notebook_do_not_grow(rehearsal: Rehearsal) -> None:
    for n in range(1, 60):
        rehearsal.publish(article(n))
    notebook = rehearsal.channel.setting.notebook
    assert notebook.pages() == [OWED]
    note = notebook.read(OWED)
    assert note is not None
    assert json.loads(note.text) == ["a59"]


@pytest.mark.parametrize("fate", [500, 503, 429, 401, 404, 410, 302, "lost"])
@pytest.mark.parametrize("action", [Action.PUBLISH, Action.WITHDRAW])
def test_readers_do_not_wait_for_the_backend(
    told: Rehearsal, backend: Backend, root: Path, fate: str | int, action: Action
) -> None:
    """The files are live, the delivery is not complete, and the engine's next try completes it under the same id."""
    if action is Action.WITHDRAW:
        told.publish(article(1))
        told.catalogue.remove("a1", NOON + timedelta(days=1), "数据有误")
        delivery = told.delivery(article(1), Action.WITHDRAW, reason="数据有误")
        deed, unheard, heard = told.channel.withdraw, Standing.LIVE, Standing.WITHDRAWN
    else:
        delivery = told.prepare(told.delivery(article(1)))
        told.catalogue.place(delivery.revision)
        deed, unheard, heard = told.channel.release, Standing.STAGED, Standing.LIVE
    backend.fates = [fate]
    with pytest.raises(Unavailable) as trouble:
        deed(delivery)
    assert trouble.value.sent
    assert trouble.value.problem.field == "webhook"
    assert trouble.value.retry_after == (timedelta(seconds=7) if fate in (429, 500, 503) else None)
    assert SECRET not in str(trouble.value) + trouble.value.detail
    assert (read(root, "articles/a1.json")["article"]["pubStatus"] == "canceled") is (action is Action.WITHDRAW)
    assert told.channel.find(delivery).standing is unheard
    assert written_by(told, lambda: deed(delivery)) == []
    assert told.channel.find(delivery).standing is heard
    assert told.verify(delivery).standing is heard
    assert backend.calls[-2:] == [delivery.key] * 2
    assert len(backend.taken) == (2 if action is Action.WITHDRAW else 1)


def test_a_backend_that_is_away(setting: Callable[..., Setting], root: Path) -> None:
    with Backend() as gone:
        pass
    rehearsal = Rehearsal(App(setting(webhook=gone.url, secrets={VARIABLE: SECRET})))
    delivery = rehearsal.prepare(rehearsal.delivery(article(1)))
    with pytest.raises(Unavailable):
        rehearsal.release(delivery)
    assert [item.id for item in walk(root, "latest")] == ["a1"]
    with Backend(port=gone.port) as back:
        assert rehearsal.channel.release(delivery).standing is Standing.LIVE
        assert list(back.taken) == [delivery.key]


def test_a_withdrawal_of_what_never_was_there_is_not_told(told: Rehearsal, backend: Backend) -> None:
    assert told.withdraw(article(1)).receipt is not None
    assert backend.calls == []


def test_the_backend_hears_of_a_column_what_it_pushes(told: Rehearsal, backend: Backend, root: Path) -> None:
    column = column_of(told)
    told.publish(announced(column, 21))
    told.publish(announced(column, 21, version=2))
    told.publish(announced(renamed(column), 22, Deed.RENAME))
    told.publish(announced(renamed(column).model_copy(update={"closed": "今日收官。"}), 23, Deed.CLOSE))
    told.withdraw(announced(column, 21, version=2), "推迟开设")
    messages = [backend.taken[key] for key in backend.calls]
    assert backend.calls == [  # one message a delivery, under its key
        "a21.1.app.publish", "a21.2.app.correct", "a22.1.app.publish", "a23.1.app.publish", "a21.2.app.withdraw",
    ]  # fmt: skip
    kinds = [message["type"] for message in messages]
    assert kinds == ["column.opened", "article.corrected", "column.renamed", "column.closed", "article.withdrawn"]
    deeds = [message["data"]["announces"]["deed"] for message in messages]
    assert deeds == ["open", "open", "rename", "close", "open"]
    assert {message["data"]["announces"]["column"] for message in messages} == {"xczx"}
    pushed = [message["data"].get("notification") for message in messages]
    assert pushed[0] == {
        "title": "《乡村振兴看武山》今日开栏",
        "text": "即日起开设《乡村振兴看武山》栏目。 敬请关注。",
        "link": "http://127.0.0.1:8000/app/#/column/xczx",
    }
    assert [one and one["title"] for one in pushed[1:]] == [None, "栏目更名为《和美乡村》", "《和美乡村》收官", None]
    told.publish(article(1))
    assert backend.taken["a1.1.app.publish"]["data"].keys().isdisjoint({"announces", "notification"})


def test_a_secret_is_replaced_without_a_gap(setting: Callable[..., Setting], backend: Backend) -> None:
    """The backend knows only the old one yet; the message bears both signatures."""
    rehearsal = Rehearsal(App(setting(webhook=backend.url, secrets={VARIABLE: f"{OLD_SECRET} {SECRET}"})))
    rehearsal.publish(article(1))
    assert list(backend.taken) == ["a1.1.app.publish"]


def test_without_its_secret_nothing_goes_out(setting: Callable[..., Setting], tmp_path: Path) -> None:
    for secrets in ({}, {VARIABLE: "whsec_short"}, {VARIABLE: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}):
        rehearsal = Rehearsal(App(setting(webhook="https://app.example/hooks", secrets=secrets)))
        assert [problem.field for problem in rehearsal.channel.check()] == ["webhook"]
        with pytest.raises(Refused) as refused:
            rehearsal.prepare(rehearsal.delivery(article(1)))
        assert VARIABLE in str(refused.value.problem.message)
    named = App(setting(webhook="https://app.example/hooks", secret="OTHER", secrets={"OTHER": SECRET}))
    assert named.check() == []


def test_secrets() -> None:
    assert len(key_of(SECRET)) == 24
    for wrong in (
        "",
        "whsec_",
        "whsec_a",
        "whsec_" + "A" * 30 + "!",
        SECRET.removeprefix("whsec_"),
        "whsec_" + "A" * 92,
    ):
        assert key_of(wrong) == b""


def test_check(setting: Callable[..., Setting], tmp_path: Path) -> None:
    assert App(setting()).check() == []
    wrong = App(setting(webhook="app.example", verify="maybe", rooot="x", url="app/", secrets={VARIABLE: SECRET}))
    assert {problem.field for problem in wrong.check()} == {"webhook", "verify", "rooot", "url"}
    assert [problem.field for problem in App(setting(url="http://武山.example/app/")).check()] == ["url"]
    (tmp_path / "file").write_text("")
    assert [problem.field for problem in App(setting(root="file/app")).check()] == ["storage"]


# -- the API as it is served -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API of a newsroom that has published, corrected and withdrawn, behind the real server."""
    data = tmp_path_factory.mktemp("data")
    with served(data / "site") as url:
        outlet = Outlet(id="app", kind="app", name="新武山APP", options={"url": f"{url}app/"})
        rehearsal = Rehearsal(
            App(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet, url=url), data=data))
        )
        release_many(rehearsal, range(1, 45))
        rehearsal.publish(with_picture(rehearsal, 45, column="tuopin"))
        rehearsal.publish(article(2, version=2))
        rehearsal.withdraw(article(3), "数据有误")
        column = column_of(rehearsal)
        rehearsal.publish(announced(column, 46))
        for n in (1, 2):
            rehearsal.publish(in_series(column, 46 + n, n))
        rehearsal.withdraw(in_series(column, 47, 1), "数据有误")
        rehearsal.publish(announced(column.model_copy(update={"closed": "今日收官。"}), 49, Deed.CLOSE))
        yield f"{url}app/api/"


def test_served_for_any_origin_and_any_cache(api: str) -> None:
    with requests.Session() as session:
        answer = session.get(f"{api}latest.json", timeout=10, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "max-age" in answer.headers["Cache-Control"]
        again = session.get(
            f"{api}latest.json",
            timeout=10,
            headers={"If-None-Match": answer.headers["ETag"], "Accept-Encoding": "gzip"},
        )
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"
        missing = session.get(f"{api}articles/a999.json", timeout=10)
        assert (missing.status_code, missing.headers["Access-Control-Allow-Origin"]) == (404, "*")
        page = session.get(api.removesuffix("api/"), timeout=10)
        assert "Access-Control-Allow-Origin" not in page.headers
        assert page.headers["Content-Type"].startswith("text/html")
        manifest = session.get(api.removesuffix("api/") + "manifest.webmanifest", timeout=10)
        assert manifest.headers["Content-Type"].startswith("application/manifest+json")


def test_the_description_holds(api: str) -> None:
    """schemathesis makes requests from the description and holds every answer against it."""
    config = SchemathesisConfig.from_dict(
        {"generation": {"max-examples": 15, "deterministic": True, "database": "none"}}
    )
    with requests.Session() as session:
        schema = schemathesis.openapi.from_url(f"{api}openapi.json", config=config)
        seen = set()
        for found in schema.get_all_operations():
            operation = found.ok()
            seen.add(operation.path)

            @settings(max_examples=15, deadline=None, database=None, derandomize=True)
            @given(case=operation.as_strategy())
            def holds(case: schemathesis.Case) -> None:
                case.call_and_validate(session=session)

            holds()
    assert len(seen) == 10


def test_every_document_is_as_described(api: str) -> None:
    """Not only what schemathesis happens on: every document that can be reached from the start."""
    with requests.Session() as session:
        description = session.get(f"{api}openapi.json", timeout=10).json()
        assert description["openapi"] == "3.1.1"

        def holds(document: Any, model: str) -> None:
            schema = {"$ref": f"#/components/schemas/{model}", "components": description["components"]}
            jsonschema.Draft202012Validator(schema).validate(document)

        def read_as(url: str, model: str) -> Any:
            answer = session.get(url, timeout=10)
            assert answer.status_code == 200, url
            holds(answer.json(), model)
            return answer.json()

        start = read_as(f"{api}newsroom.json", "Start")
        articles, where = set(), [f"{api}{href}" for href in (start["latest"], *(c["href"] for c in start["columns"]))]
        while where:
            url = where.pop()
            listing = read_as(url, "Listing")
            articles |= {urljoin(url, item["href"]) for item in listing["items"]}
            where += [urljoin(url, listing["next"])] if "next" in listing else []
        assert len(articles) == 47
        pictures = set()
        for url in articles:
            envelope = read_as(url, "Envelope")
            assert urlsplit(url).query == f"v={envelope['digest'][:16]}"
            shown = [*envelope["images"], *([envelope["banner"]] if "banner" in envelope else [])]
            pictures |= {urljoin(url, one["href"]) for image in shown for one in image["renditions"]}
        for column in start["columns"]:
            for one in column.get("banner", {}).get("renditions", ()):
                pictures.add(f"{api}{one['href']}")
            if "seriesHref" in column:
                head = read_as(f"{api}{column['seriesHref']}", "SeriesHead")
                page = read_as(f"{api}series/{column['id']}/{head['last'] // head['perPage'] + 1}.json", "SeriesPage")
                assert [row["pubStatus"] for row in page["rows"]] == ["canceled", "usable"]
        assert len(pictures) == 2 + 3 * 2 + 2
        for url in pictures:
            answer = session.get(url, timeout=10)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
            again = session.get(url, timeout=10, headers={"If-None-Match": answer.headers["ETag"]})
            assert again.status_code == 304
        url, told = f"{api}changes.json", 0
        while url:
            document = read_as(url, "Changes")
            told += len(document["changes"])
            url = urljoin(url, document["previous"]) if "previous" in document else ""
        assert told == 52


def test_the_clients_files_agree(rehearsal: Rehearsal, root: Path) -> None:
    rehearsal.publish(article(1))
    found = contents(root)
    page, worker = found["index.html"].decode(), found["sw.js"].decode()
    manifest = json.loads(found["manifest.webmanifest"])
    assert manifest["name"] == "新武山APP"
    named = [path for path in found if "/" not in path and path not in ("sw.js", "index.html")]
    for path in named:
        assert f'"{path}"' in worker
    document = html.document_fromstring(page)
    links = [e.get("href") for e in document.iter("link")] + [e.get("src") for e in document.iter("script")]
    for link in [*links, *(icon["src"] for icon in manifest["icons"])]:
        assert link in found, link
    assert not [e for e in document.iter("script") if e.text]
    assert not list(document.iter("style"))
    assert not [e for e in document.iter() if isinstance(e.tag, str) and (e.get("style") or e.get("onclick"))]


def test_the_client_is_renewed(rehearsal: Rehearsal, root: Path) -> None:
    delivery = rehearsal.publish(article(1))
    before = contents(root)
    (root / "index.html").write_text("an older version")
    newer = App(rehearsal.channel.setting)
    newer.prepare(delivery)
    newer.release(delivery)
    assert contents(root) == before
