"""The `wechat` kind: the contract in every mode, and what is its own, against the stand-in over real HTTP."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from channels.wechat import Wechat
from channels.wechat.account import SEND_FAILED, SENDING, SENT, SENT_AND_DELETED, Account, Status
from channels.wechat.client import DAILY, Client
from channels.wechat.content.look import THEMES, Look
from channels.wechat.content.marker import Marker, name_of
from channels.wechat.content.rendition import crop, fields_of, render, said
from channels.wechat.errors import ERRORS
from channels.wechat.ledger import Ledger
from channels.wechat.media import Cover
from channels.wechat.posting.remarks import REMARKS
from channels.wechat.posting.steps import Posting
from pipeline.article import Article, Column, Outlet, Revision
from pipeline.channel import (
    Action,
    Channel,
    ChannelError,
    Delivery,
    Notebook,
    Receipt,
    Refused,
    Setting,
    Standing,
    Unavailable,
    Unpublishable,
    utc_now,
)
from pipeline.standins.fake_wechat import Server, Settings
from pipeline.testing import (
    NOON,
    ChannelContract,
    MemoryNotebook,
    Rehearsal,
    article_of,
    laden_of,
    newsroom_of,
    opening_of,
    picture,
    revision_of,
)
from tests.standins.disk import disk_full

GOLDEN = Path(__file__).parent / "golden" / "wechat"
APPID, SECRET, TOKEN = "wx0123456789abcdef", "s3cret-of-the-account", "callback-token"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server("127.0.0.1", 0, tmp_path / "fake", {APPID: Settings(secret=SECRET, name="武山融媒")}) as server:
        yield server


def setting_of(server: Server, data: Path, notebook: Notebook | None = None, **options: Any) -> Setting:
    options = {"appid": APPID, "api": server.api, "follow": 0, "settling": 0, **options}
    outlet = Outlet(id="wechat", kind="wechat", name="武山融媒", options=options)
    secrets = {"TONGFA_WECHAT_SECRET": SECRET, "TONGFA_WECHAT_TOKEN": TOKEN}
    return Setting(
        notebook=notebook or MemoryNotebook(),
        outlet=outlet,
        newsroom=newsroom_of(outlet),
        data=data,
        secrets=secrets,
    )


@pytest.fixture
def notebook() -> MemoryNotebook:
    """The account's, on every machine."""
    return MemoryNotebook()


@pytest.fixture
def setting(server: Server, tmp_path: Path, notebook: MemoryNotebook) -> Callable[..., Setting]:
    def make(**options: Any) -> Setting:
        return setting_of(server, tmp_path / "data", notebook, **options)

    return make


@pytest.fixture
def rehearsal(setting: Callable[..., Setting]) -> Iterator[Rehearsal]:
    channel = Wechat(setting())
    yield Rehearsal(channel)
    close(channel)


def close(channel: Wechat) -> None:
    if channel.client is not None:
        channel.client.close()


def state(server: Server) -> Any:
    return requests.get(f"{server.url}/admin/state", timeout=10).json()


def faults(server: Server, *next: str, **rates: float) -> None:
    requests.put(f"{server.url}/admin/faults", json={"next": next, **rates}, timeout=10).raise_for_status()


def public(server: Server) -> list[str]:
    """The markers of everything the public sees, oldest first."""
    return [
        item["content_source_url"].partition("#")[2]
        for kind in ("post", "message")
        for post in state(server)[kind]
        for item in post["news_item"]
        if not item["is_deleted"]
    ]


def revisions(server: Server) -> list[tuple[str, int]]:
    """(article, revision) of everything public."""
    markers = [Marker.of(f"#{one}") for one in public(server)]
    return sorted((one.name.partition("-")[0], one.revision) for one in markers if one is not None)


def deeds(server: Server) -> list[str]:
    return [one["deed"] for one in state(server)["deed"]]


def with_picture(rehearsal: Rehearsal, n: int = 1, **fields: Any) -> Revision:
    image, data = picture(f"#2f6f{n:02x}", caption="架豆丰收")
    rehearsal.media[image.digest] = data
    return revision_of(article_of(f"第{n}条消息", images=[image], **fields), id=f"a{n}", at=NOON)


def corrected(revision: Revision, number: int = 2) -> Revision:
    fields = revision.article.model_dump()  # not model_copy: that would keep the cached blocks of the old body
    fields["body"] = fields["body"].replace("5.2万亩", f"5.{number + 1}万亩")
    return revision_of(Article(**fields), number, id=revision.id, note="面积有误")


def engine_step(rehearsal: Rehearsal, step: str, delivery: Delivery, *, doubt: bool = False) -> Delivery:
    """What the engine does with a step: after an unknown outcome it asks first, and tries again until it knows."""
    channel = rehearsal.channel
    for _ in range(20):
        try:
            if doubt:
                found = channel.find(delivery)
                if step == "prepare" and found.standing is Standing.STAGED:
                    return dataclasses.replace(delivery, receipt=found)
                if step != "prepare" and found.standing in (Standing.ACCEPTED, Standing.LIVE):
                    return dataclasses.replace(delivery, receipt=found)
                if step == "release" and found.standing is Standing.ABSENT:
                    delivery = dataclasses.replace(delivery, receipt=channel.prepare(delivery))
            receipt = getattr(channel, step)(delivery)
            return dataclasses.replace(delivery, receipt=receipt)
        except Unavailable as trouble:
            doubt = doubt or trouble.sent
    raise AssertionError(f"{step} never succeeded")


# -- the contract in every mode --------------------------------------------------------------------------


class WechatContract(ChannelContract):
    mode = ""

    @contextmanager
    def refusing(self, rehearsal: Rehearsal, after: int) -> Iterator[None]:
        faults(self.server, *("well",) * after, *("refused",) * 200)
        yield
        faults(self.server)

    @contextmanager
    def losing(self, rehearsal: Rehearsal, after: int) -> Iterator[None]:
        """A submission whose answer is lost is soon public: `settling` is over at once in these tests."""
        self.server.wechat.set(APPID, asks=0)
        faults(self.server, *("well",) * after, "lost")
        yield
        faults(self.server)

    def close(self, channel: Channel) -> None:
        assert isinstance(channel, Wechat)
        close(channel)

    def copies(self, rehearsal: Rehearsal, revision: Revision) -> int:
        """Its posts, or how often one draft was handed in: WeChat publishes it once, and counts every call."""
        submitted = Counter(one["media_id"] for one in state(self.server)["deed"] if one["deed"].endswith("/submit"))
        return max(len(self.shown(revision)), *submitted.values(), 0)

    def shown(self, revision: Revision) -> list[dict[str, Any]]:
        """Whatever people find of the article: its posts, or in draft mode its drafts."""
        there = state(self.server)["draft" if self.mode == "draft" else "post"]
        items = [item for one in there for item in one["news_item"]]
        markers = [(Marker.of(item["content_source_url"]), item) for item in items if not item.get("is_deleted")]
        return [item for marker, item in markers if marker and marker.name.partition("-")[0] == revision.id]

    @pytest.fixture
    def channel(self, setting: Callable[..., Setting], server: Server) -> Iterator[Wechat]:
        server.wechat.set(APPID, asks=1, limits={"freepublish/delete": 100, "freepublish/get": 500})
        channel = Wechat(setting(mode=self.mode))
        yield channel
        close(channel)

    @pytest.fixture(autouse=True)
    def _server(self, server: Server) -> None:
        self.server = server

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        for kind, name in (("post", "article_id"), ("draft", "media_id")):
            for one in state(self.server)[kind]:
                content = one["news_item"][0]["content"].replace("5.2万亩", "9.9万亩")
                requests.put(f"{self.server.url}/admin/{kind}s/{one[name]}", json={"content": content}, timeout=10)

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        for kind, name in (("post", "article_id"), ("draft", "media_id")):
            for one in state(self.server)[kind]:
                content = one["news_item"][0]["content"].replace(words, "")
                requests.put(f"{self.server.url}/admin/{kind}s/{one[name]}", json={"content": content}, timeout=10)

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        found = self.shown(revision)
        own = [item for item in found if f"-{revision.number}-" in item["content_source_url"].partition("#")[2]]
        (item,) = own or found
        return f"{item['title']}\n{item['content']}"


class TestPublishing(WechatContract):
    mode = "publish"


class TestDrafting(WechatContract):
    mode = "draft"


class TestPayload(ChannelContract):
    def refusing(self, rehearsal: Rehearsal, after: int) -> AbstractContextManager[None]:
        return disk_full(after)

    def elsewhere_of(self, channel: Channel, data: Path) -> Channel:
        """What is to be sent stands in a folder that all machines share."""
        (data / "wechat").mkdir()
        for name in ("payload", "payload-staging"):
            (channel.setting.data / "wechat" / name).mkdir(parents=True, exist_ok=True)
            (data / "wechat" / name).symlink_to(channel.setting.data / "wechat" / name)
        return super().elsewhere_of(channel, data)

    def fetch(self, rehearsal: Rehearsal, address: str) -> bytes | None:
        path = rehearsal.channel.setting.data / "wechat" / "payload" / "a1" / address
        return path.read_bytes() if path.exists() else None

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting]) -> Wechat:
        return Wechat(rehearsal_setting("wechat", name="武山融媒"))

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        path = rehearsal.channel.setting.data / "wechat" / "payload" / revision.id / "draft-add.json"
        path.write_text(path.read_text().replace("5.2万亩", "9.9万亩"))

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        path = rehearsal.channel.setting.data / "wechat" / "payload" / revision.id / "draft-add.json"
        path.write_text(path.read_text().replace(words, ""))

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        path = rehearsal.channel.setting.data / "wechat" / "payload" / revision.id / "draft-add.json"
        (article,) = json.loads(path.read_text())["articles"]
        return f"{article['title']}\n{article['content']}"


# -- the client --------------------------------------------------------------------------------------------

KINDS = {
    -1: Unavailable, 40001: Unavailable, 40014: Unavailable, 42001: Unavailable,
    40013: Refused, 40125: Refused, 40243: Refused,
    40164: Refused, 61004: Refused, 89503: Refused, 89506: Refused, 89507: Refused, 45009: Unavailable,
    45011: Unavailable, 40007: Refused, 40005: Unpublishable, 40009: Unpublishable, 40137: Unpublishable,
    45001: Unpublishable, 45002: Unpublishable, 45003: Unpublishable, 45004: Unpublishable, 45110: Unpublishable,
    45166: Unpublishable, 45008: Unpublishable, 44003: Unpublishable, 45005: Refused, 40033: Refused, 47001: Refused,
    48001: Refused, 48004: Refused, 50002: Refused, 53500: Refused, 53501: Unavailable, 53502: Refused,
    53503: Refused, 53504: Refused, 53505: Refused, 48021: Refused, 53600: Refused, 45028: Refused, 45065: Refused,
    45066: Unavailable, 45067: Refused, 88000: Refused, 40008: Refused, 40059: Refused, 41005: Refused,
}  # fmt: skip
"""Every code of the table, by what it has to become."""


@pytest.fixture
def client(server: Server, notebook: MemoryNotebook) -> Iterator[Client]:
    client = Client(appid=APPID, secret=SECRET, ledger=Ledger(notebook, utc_now), api=server.api)
    yield client
    client.close()


def test_the_table_is_complete() -> None:
    assert set(KINDS) == set(ERRORS)


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_code_becomes_its_error(client: Client, server: Server, code: int) -> None:
    faults(server, f"{code}@draft/add", f"{code}@draft/add")
    with pytest.raises(ChannelError) as raised:
        client.call("draft/add", {"articles": []})
    assert type(raised.value) is KINDS[code]
    problem = raised.value.problem
    assert str(code) in str(problem.message)
    assert re.search(r"rid [0-9a-f-]{20,}", str(problem.message))
    assert "rid: " in raised.value.detail
    assert str(problem.remedy)
    if isinstance(raised.value, Unpublishable):
        assert problem.field in Article.model_fields
    if isinstance(raised.value, Refused):
        assert raised.value.code == str(code)


def test_an_unknown_code_is_refused_with_its_number(client: Client, server: Server) -> None:
    faults(server, "49999@draft/add")
    with pytest.raises(Refused, match="49999"):
        client.call("draft/add", {"articles": []})


def test_what_has_to_wait_says_how_long(client: Client, server: Server) -> None:
    faults(server, "45009@draft/add", "45011@draft/add", "-1@draft/add", "-1@draft/batchget")
    raised = []
    for call in ("draft/add", "draft/add", "draft/add", "draft/batchget"):
        with pytest.raises(Unavailable) as one:
            client.call(call, {"offset": 0, "count": 1})
        raised.append(one.value)
    tomorrow, minute, busy, asked = raised
    assert tomorrow.retry_after is not None
    assert timedelta(0) < tomorrow.retry_after <= timedelta(days=1, minutes=1)
    again = datetime.now(UTC) + tomorrow.retry_after
    beijing = again + timedelta(hours=8)
    assert (beijing.hour, beijing.minute // 2) == (0, 0)
    assert minute.retry_after == timedelta(minutes=1)
    assert (busy.sent, asked.sent) == (True, False)


def test_the_address_that_is_not_on_the_list_is_named(client: Client, server: Server) -> None:
    server.wechat.set(APPID, ips=("203.0.113.9",))
    with pytest.raises(Refused) as raised:
        client.call("draft/batchget", {"offset": 0, "count": 1})
    assert "127.0.0.1" in str(raised.value.problem.message)
    assert "IP list" in str(raised.value.problem.remedy)


def test_a_wrong_secret_is_named_as_such(server: Server, notebook: MemoryNotebook) -> None:
    ledger = Ledger(notebook, utc_now)
    for appid, secret, field in ((APPID, "wrong", "secret"), ("wx-unknown", SECRET, "appid")):
        client = Client(appid=appid, secret=secret, ledger=ledger, api=server.api)
        with pytest.raises(Refused) as raised:
            client.tokens.get()
        assert raised.value.problem.field == field
        client.close()
    faults(server, "40001@stable_token")
    client = Client(appid=APPID, secret=SECRET, ledger=ledger, api=server.api)
    with pytest.raises(Refused, match="AppSecret"):
        client.tokens.get()
    client.close()


def test_a_refused_token_is_renewed_once_and_never_forced(client: Client, server: Server) -> None:
    client.call("draft/batchget", {"offset": 0, "count": 1})
    requests.post(f"{server.url}/admin/expire", timeout=10)
    client.call("draft/batchget", {"offset": 0, "count": 1})
    assert client.ledger.today().calls == {"draft/batchget": 3, "stable_token": 2}
    faults(server, *["40001@draft/batchget"] * 5)
    with pytest.raises(Unavailable) as raised:
        client.call("draft/batchget", {"offset": 0, "count": 1})
    assert not raised.value.sent, "the engine may simply try again"
    assert client.ledger.today().calls == {"draft/batchget": 5, "stable_token": 3}


def test_chinese_goes_unescaped_and_numbers_may_be_ids(rehearsal: Rehearsal, server: Server) -> None:
    delivery = rehearsal.publish(with_picture(rehearsal))
    assert delivery.receipt is not None
    assert delivery.receipt.ids["publish_id"].isdigit()
    assert state(server)["post"][0]["news_item"][0]["title"] == "第1条消息"


def test_no_secret_is_ever_seen(
    rehearsal: Rehearsal, server: Server, caplog: pytest.LogCaptureFixture, notebook: MemoryNotebook
) -> None:
    caplog.set_level(logging.DEBUG)
    delivery = rehearsal.publish(with_picture(rehearsal))
    server.wechat.set(APPID, secret="changed")
    requests.post(f"{server.url}/admin/expire", timeout=10)
    with pytest.raises(Refused) as raised:
        rehearsal.channel.find(delivery)
    told = caplog.text + repr(raised.value) + raised.value.detail + repr(delivery) + repr(rehearsal.channel.setting)
    told += "".join(f"{page} {note.text}" for page in notebook.pages() if (note := notebook.read(page)))
    assert "submission/" in told
    tokens = [one["value"] for one in server.wechat.memory.every("token")]
    assert tokens
    assert not [secret for secret in (SECRET, TOKEN, *tokens) if secret in told]


class Said:
    """A client that answers what was recorded."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, list[dict[str, Any]]()

    def call(self, name: str, value: dict[str, Any], *, expected: Any = ()) -> Any:
        self.asked.append(value)
        answer = self.answers[name.replace("/", "_")]
        return answer.pop(0) if isinstance(answer, list) else answer


MARK = "http://127.0.0.1:8000/2026/11/a1.html#tongfa-a1-59ff8716-2-974d58520eca"
NEWS = {
    "title": "甲&amp;乙", "author": "", "digest": "", "content": "丙", "content_source_url": MARK,
    "thumb_media_id": "", "show_cover_pic": 0, "url": "http://mp.weixin.qq.com/s?__biz=MzA", "is_deleted": False,
}  # fmt: skip


def test_the_shapes_that_were_recorded() -> None:
    """Fields that the pages do not have, times inside the content only, numbers for strings and the reverse."""
    inside = {"news_item": [NEWS], "create_time": 1634976306, "update_time": 1634976318}
    listed = {"item": [{"article_id": "zjMK", "content": inside}], "total_count": 1, "item_count": 1}
    drafted = {"item": [{"media_id": "zUUt", "content": inside, "update_time": 1634886802}], "total_count": 1}
    detail = {"count": 1, "item": [{"idx": 1, "article_url": "https://mp.weixin.qq.com/s?__biz=MzA"}]}
    get = {"publish_status": 0, "article_id": "zjMK", "article_detail": detail, "fail_idx": []}
    account = Account(
        Said(  # type: ignore[arg-type]
            draft_add={"media_id": "zUUt", "item": []},
            draft_batchget=drafted,
            freepublish_batchget=listed,
            freepublish_submit={"errcode": 0, "errmsg": "ok", "publish_id": 2650177668},
            freepublish_get=[
                {"publish_id": 2650177668, **get},
                {"publish_id": "100000001", **get},
                {"publish_id": 2247483655, "publish_status": 3, "fail_idx": [1]},
                {"publish_id": "100000001", "publish_status": 1, "fail_idx": [1]},
            ],
        )
    )
    assert account.add({}) == "zUUt"
    assert account.submit("zUUt") == "2650177668"
    (draft,) = account.drafts("a1-59ff8716")
    assert draft.place("a1-59ff8716", 2) == 0
    assert draft.place("a1-59ff8716", 1) is None
    (post,) = account.posts("a1-59ff8716", datetime.fromtimestamp(1634976306, UTC))
    assert (post.article_id, post.at, post.places("a1-59ff8716")) == ("zjMK", 1634976306, [1])
    assert post.items[0].title == "甲&乙"
    found = [account.publication("1") for _ in range(4)]
    assert [one.status for one in found if one] == [0, 0, 3, 1]
    assert found[0] is not None
    assert found[0].urls == {1: "https://mp.weixin.qq.com/s?__biz=MzA"}
    with pytest.raises(ValueError, match="from 1"):
        account.delete_post("zjMK", 0)


def test_an_answer_that_is_none_of_wechats_is_asked_for_again() -> None:
    """A field that is missing, or says what no page knows of: nobody can tell from it what happened."""
    answers = [{}, {"publish_status": "done"}, {"publish_status": 99}, {"publish_status": 0, "article_detail": [1]}]
    account = Account(
        Said(  # type: ignore[arg-type]
            freepublish_get=answers,
            freepublish_getarticle={"news_item": ["?"]},
            draft_get={"news_item": 7},
            draft_batchget={"item": [{"content": {"news_item": []}}], "total_count": 1},
            freepublish_batchget={"item": [{"article_id": "z", "content": {"news_item": []}}], "total_count": "many"},
        )
    )
    since = datetime.fromtimestamp(1634976306, UTC)
    questions: list[Callable[[], object]] = [lambda: account.publication("1")] * len(answers)
    questions += [lambda: account.post("z"), lambda: account.draft("m"), lambda: account.drafts("a1-0")]
    for question in [*questions, lambda: account.posts("a1-0", since)]:
        with pytest.raises(Unavailable, match="none of WeChat's") as caught:
            question()
        assert not caught.value.sent


def test_a_message_of_which_wechat_says_something_new_may_still_come() -> None:
    said = [{"msg_status": one} for one in ("SEND_SUCCESS", "send success", "REVIEWING", "SEND_FAIL", "DELETE", "")]
    account = Account(Said(message_mass_get=said))  # type: ignore[arg-type]
    assert [account.message("1") for _ in range(6)] == [SENT, SENT, SENDING, SEND_FAILED, SENT_AND_DELETED, ""]


def test_a_list_without_its_articles_is_asked_for_with_their_contents() -> None:
    bare = {"item": [{"media_id": "zUUt", "content": {"create_time": 1}}], "total_count": 1}
    full = {"item": [{"media_id": "zUUt", "content": {"news_item": [NEWS]}}], "total_count": 1}
    client = Said(draft_batchget=[bare, full])
    assert len(Account(client).drafts("a1-59ff8716")) == 1  # type: ignore[arg-type]
    assert [one["no_content"] for one in client.asked] == [1, 0]


def test_lists_are_read_to_their_end_or_until_they_are_too_old() -> None:
    def page(first: int) -> dict[str, Any]:
        items = [
            {"article_id": f"p{n}", "content": {"news_item": [], "update_time": 10_000_000 - n * 3600}}
            for n in range(first, first + 20)
        ]
        return {"item": items, "total_count": 1000}

    client = Said(freepublish_batchget=[page(n * 20) for n in range(20)])
    Account(client).posts("a1", datetime.fromtimestamp(10_000_000, UTC))  # type: ignore[arg-type]
    assert [one["offset"] for one in client.asked] == [0, 20, 40], "two days back"
    client = Said(draft_batchget={"item": [{"media_id": "x", "content": {"news_item": []}}] * 20, "total_count": 999})
    Account(client).drafts("a1")  # type: ignore[arg-type]
    assert len(client.asked) == 10


# -- one token for all --------------------------------------------------------------------------------------


def token_calls(server: Server) -> int:
    return sum(one["value"] for one in state(server)["count"] if one["call"] == "stable_token")


def clients(server: Server, notebook: Notebook, count: int) -> list[Client]:
    """As many processes, on any machines."""
    return [Client(appid=APPID, secret=SECRET, ledger=Ledger(notebook, utc_now), api=server.api) for _ in range(count)]


def all_ask(workers: list[Client]) -> None:
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(lambda one: one.call("draft/batchget", {"offset": 0, "count": 1}), workers))


def test_every_process_asks_for_the_token_once_and_all_have_the_same(server: Server, notebook: MemoryNotebook) -> None:
    workers = clients(server, notebook, 4)
    for _ in range(3):
        all_ask(workers)
    assert token_calls(server) == 4
    assert len({one.tokens.get() for one in workers}) == 1, "nobody's was made useless by another one"
    for one in workers:
        one.close()


def test_sixteen_threads_of_one_process_ask_once(server: Server, notebook: MemoryNotebook) -> None:
    (worker,) = clients(server, notebook, 1)
    all_ask([worker] * 16)
    requests.post(f"{server.url}/admin/expire", timeout=10)
    all_ask([worker] * 16)
    assert token_calls(server) == 2
    worker.close()


# -- lost answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["lost", "cut"])
@pytest.mark.parametrize("asks", [0, 2])
@pytest.mark.parametrize("call", ["draft/add", "freepublish/submit", "freepublish/get", "media/uploadimg"])
def test_a_lost_answer_leaves_one_draft_and_one_post(
    rehearsal: Rehearsal, server: Server, call: str, asks: int, fate: str
) -> None:
    server.wechat.set(APPID, asks=asks)
    faults(server, f"{fate}@{call}")
    delivery = engine_step(rehearsal, "prepare", rehearsal.delivery(with_picture(rehearsal)))
    assert len(state(server)["draft"]) == 1
    rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    submitted = call == "freepublish/submit" and asks
    if submitted:  # WeChat is still at it and its answer was lost: nobody can tell until it is out
        with pytest.raises(Unavailable) as raised:
            rehearsal.channel.release(delivery)
        assert raised.value.sent
        requests.post(f"{server.url}/admin/settle", timeout=10)
        delivery = engine_step(rehearsal, "release", delivery, doubt=True)
    else:
        delivery = engine_step(rehearsal, "release", delivery)
    delivery = follow(rehearsal, delivery)
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    assert revisions(server) == [("a1", 1)]
    assert state(server)["draft"] == []
    assert deeds(server).count("freepublish/submit") == 1


def follow(rehearsal: Rehearsal, delivery: Delivery) -> Delivery:
    for _ in range(50):
        if delivery.receipt is not None and delivery.receipt.standing is Standing.LIVE:
            rehearsal.receipts[delivery.revision.id] = delivery.receipt
            return delivery
        try:
            delivery = dataclasses.replace(delivery, receipt=rehearsal.channel.find(delivery))
        except Unavailable:
            continue
    raise AssertionError(f"never live: {delivery.receipt}")


def test_while_a_submission_is_unanswered_nothing_is_said(setting: Callable[..., Setting], server: Server) -> None:
    channel = Wechat(setting(settling=60))
    rehearsal = Rehearsal(channel)
    server.wechat.set(APPID, hold=True)
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    rehearsal.catalogue.place(delivery.revision)
    faults(server, "lost@freepublish/submit")
    with pytest.raises(Unavailable):
        channel.release(delivery)
    for step in (channel.find, channel.release):
        with pytest.raises(Unavailable) as raised:
            step(delivery)
        assert not raised.value.sent
        assert raised.value.retry_after is not None
        assert timedelta(0) < raised.value.retry_after <= timedelta(seconds=60)
    withdrawal = rehearsal.delivery(delivery.revision, Action.WITHDRAW)
    rehearsal.catalogue.remove("a1", NOON, "")
    with pytest.raises(Unavailable):
        channel.withdraw(dataclasses.replace(withdrawal, previous=delivery.receipt))
    requests.post(f"{server.url}/admin/settle", timeout=10)
    assert channel.find(delivery).standing is Standing.LIVE
    assert deeds(server).count("freepublish/submit") == 1
    close(channel)


def test_a_refused_submission_can_be_made_again_at_once(setting: Callable[..., Setting], server: Server) -> None:
    channel = Wechat(setting(settling=60))
    rehearsal = Rehearsal(channel)
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    for fate in ("53501", "refused", "48001"):
        faults(server, f"{fate}@freepublish/submit")
        with pytest.raises(ChannelError):
            channel.release(delivery)
        assert channel.find(delivery).standing is Standing.STAGED
    assert rehearsal.verify(rehearsal.follow(rehearsal.release(delivery))).standing is Standing.LIVE
    close(channel)


@pytest.mark.parametrize("lost", ["draft/update", "draft/batchget"])
def test_a_draft_that_was_never_published_becomes_the_corrected_one(
    rehearsal: Rehearsal, server: Server, lost: str
) -> None:
    first = with_picture(rehearsal)
    staged = rehearsal.prepare(rehearsal.delivery(first))
    assert staged.receipt is not None
    rehearsal.receipts["a1"] = staged.receipt
    faults(server, f"lost@{lost}")
    second = engine_step(rehearsal, "prepare", rehearsal.delivery(corrected(first)))
    assert second.receipt is not None
    assert second.receipt.ids["media_id"] == staged.receipt.ids["media_id"]
    assert len(state(server)["draft"]) == 1
    done = rehearsal.follow(rehearsal.release(second))
    assert rehearsal.verify(done).standing is Standing.LIVE
    assert revisions(server) == [("a1", 2)]


def test_a_late_submission_of_a_changed_draft_is_the_new_revision(rehearsal: Rehearsal, server: Server) -> None:
    first = with_picture(rehearsal)
    staged = rehearsal.prepare(rehearsal.delivery(first))
    assert staged.receipt is not None
    rehearsal.receipts["a1"] = staged.receipt
    second = rehearsal.prepare(rehearsal.delivery(corrected(first)))
    rehearsal.channel.release(staged)  # a worker that was stopped for long
    rehearsal.catalogue.place(second.revision)
    done = follow(rehearsal, engine_step(rehearsal, "release", second))
    assert rehearsal.verify(done).standing is Standing.LIVE
    assert revisions(server) == [("a1", 2)]


@pytest.mark.parametrize("lost", ["freepublish/delete", "freepublish/submit", "draft/add", "freepublish/batchget", ""])
@pytest.mark.parametrize("asks", [0, 2])
def test_a_correction_is_never_twice_and_never_missing(
    rehearsal: Rehearsal, server: Server, lost: str, asks: int
) -> None:
    first = with_picture(rehearsal)
    rehearsal.publish(first)
    server.wechat.set(APPID, asks=asks if lost != "freepublish/submit" else 0)
    faults(server, *([f"lost@{lost}"] if lost else []))
    second = engine_step(rehearsal, "prepare", rehearsal.delivery(corrected(first)))
    rehearsal.catalogue.place(second.revision)
    assert revisions(server) == [("a1", 1)]
    second = engine_step(rehearsal, "release", second)
    seen: set[tuple[tuple[str, int], ...]] = set()
    for _ in range(50):
        seen.add(tuple(revisions(server)))
        if second.receipt is not None and second.receipt.standing is Standing.LIVE:
            break
        try:
            second = dataclasses.replace(second, receipt=rehearsal.channel.find(second))
        except Unavailable:
            continue
    assert () not in seen
    assert revisions(server) == [("a1", 2)]
    assert rehearsal.verify(second).standing is Standing.LIVE
    assert [one["index"] for one in state(server)["deed"] if one["deed"] == "freepublish/delete"][:1] == [1]
    assert second.receipt is not None
    assert "earlier" not in second.receipt.ids


def test_a_worker_that_dies_between_publishing_and_deleting_is_followed_by_another(
    setting: Callable[..., Setting], rehearsal: Rehearsal, server: Server
) -> None:
    first = with_picture(rehearsal)
    rehearsal.publish(first)
    second = rehearsal.prepare(rehearsal.delivery(corrected(first)))
    rehearsal.catalogue.place(second.revision)
    rehearsal.channel.release(second)
    requests.get(f"{server.url}/admin/state", timeout=10)
    assert revisions(server) == [("a1", 1), ("a1", 2)]
    other = setting()
    successor = Wechat(dataclasses.replace(other, data=other.data.parent / "another-machine"))
    assert successor.find(second).standing is Standing.LIVE
    assert revisions(server) == [("a1", 2)]
    close(successor)


def test_a_first_version_still_in_the_queue_is_deleted_when_it_comes_out(rehearsal: Rehearsal, server: Server) -> None:
    first = with_picture(rehearsal)
    server.wechat.set(APPID, hold=True)
    queued = rehearsal.release(rehearsal.prepare(rehearsal.delivery(first)))
    assert queued.receipt is not None
    assert queued.receipt.standing is Standing.ACCEPTED
    server.wechat.set(APPID, hold=False)
    second = rehearsal.release(rehearsal.prepare(rehearsal.delivery(corrected(first))))
    for _ in range(3):
        second = dataclasses.replace(second, receipt=rehearsal.channel.find(second))
        assert second.receipt is not None
        assert second.receipt.standing is Standing.ACCEPTED
    assert revisions(server) == [("a1", 2)]
    requests.post(f"{server.url}/admin/settle", timeout=10)
    assert revisions(server) == [("a1", 1), ("a1", 2)]
    done = follow(rehearsal, second)
    assert revisions(server) == [("a1", 2)]
    assert rehearsal.verify(done).standing is Standing.LIVE


def test_three_revisions_of_which_the_second_never_came_out(rehearsal: Rehearsal, server: Server) -> None:
    first = with_picture(rehearsal)
    rehearsal.publish(first)
    second = rehearsal.prepare(rehearsal.delivery(corrected(first)))
    assert second.receipt is not None
    rehearsal.receipts["a1"] = second.receipt  # superseded: the third one knows only this receipt
    third = rehearsal.publish(corrected(first, 3))
    assert revisions(server) == [("a1", 3)]
    assert rehearsal.verify(third).standing is Standing.LIVE
    assert state(server)["draft"] == []


# -- taking down -----------------------------------------------------------------------------------------------


def test_a_withdrawal_deletes_by_the_right_index(rehearsal: Rehearsal, server: Server) -> None:
    """Somebody has put our article behind another one in the console: only ours may go."""
    other, mine = with_picture(rehearsal, 1), with_picture(rehearsal, 2)
    rehearsal.prepare(rehearsal.delivery(other))
    delivery = rehearsal.prepare(rehearsal.delivery(mine))
    assert delivery.receipt is not None
    drafts = {one["media_id"]: one for one in server.wechat.memory.every("draft")}
    ours = drafts.pop(delivery.receipt.ids["media_id"])
    (theirs,) = drafts.values()
    server.wechat.memory.put("draft", ours["media_id"], {**ours, "news_item": theirs["news_item"] + ours["news_item"]})
    server.wechat.memory.drop("draft", theirs["media_id"])
    live = rehearsal.follow(rehearsal.release(delivery))
    assert live.receipt is not None
    assert live.receipt.ids["index"] == "2"
    assert rehearsal.verify(live).standing is Standing.LIVE
    gone = rehearsal.withdraw(mine, "数据有误")
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert revisions(server) == [("a1", 1)]
    assert [one["index"] for one in state(server)["deed"] if one["deed"] == "freepublish/delete"] == [2]


def test_a_draft_with_others_articles_is_not_deleted(rehearsal: Rehearsal, server: Server) -> None:
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    assert delivery.receipt is not None
    rehearsal.receipts["a1"] = delivery.receipt
    (draft,) = server.wechat.memory.every("draft")
    items = [*draft["news_item"], {**draft["news_item"][0], "content_source_url": ""}]
    server.wechat.memory.put("draft", draft["media_id"], {**draft, "news_item": items})
    with pytest.raises(Refused) as raised:
        rehearsal.withdraw(delivery.revision)
    assert "newsroom retry" in str(raised.value.problem.remedy)
    assert len(state(server)["draft"]) == 1


@pytest.mark.parametrize("lost", ["freepublish/delete", "draft/delete"])
def test_a_lost_answer_of_a_withdrawal(rehearsal: Rehearsal, server: Server, lost: str) -> None:
    revision = with_picture(rehearsal)
    if lost == "freepublish/delete":
        rehearsal.publish(revision)
    else:
        staged = rehearsal.prepare(rehearsal.delivery(revision)).receipt
        assert staged is not None
        rehearsal.receipts["a1"] = staged
    withdrawal = rehearsal.delivery(revision, Action.WITHDRAW)
    rehearsal.catalogue.remove("a1", NOON, "")
    faults(server, f"lost@{lost}")
    with pytest.raises(Unavailable) as raised:
        rehearsal.channel.withdraw(withdrawal)
    assert raised.value.sent
    assert rehearsal.channel.find(withdrawal).standing in (Standing.WITHDRAWN, Standing.ABSENT)
    assert revisions(server) == []
    assert state(server)["draft"] == []


def test_a_withdrawal_catches_what_is_in_the_queue(rehearsal: Rehearsal, server: Server) -> None:
    revision = with_picture(rehearsal)
    server.wechat.set(APPID, hold=True)
    rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
    gone = rehearsal.withdraw(revision)
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.ACCEPTED
    gone = dataclasses.replace(gone, receipt=rehearsal.channel.find(gone))
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.ACCEPTED
    requests.post(f"{server.url}/admin/settle", timeout=10)
    for _ in range(50):
        gone = dataclasses.replace(gone, receipt=rehearsal.channel.find(gone))
        if gone.receipt is not None and gone.receipt.standing is Standing.WITHDRAWN:
            break
    assert revisions(server) == []
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN


def test_another_newsrooms_article_of_the_same_id_is_left_alone(
    setting: Callable[..., Setting], rehearsal: Rehearsal, server: Server
) -> None:
    own = setting()
    newsroom = own.newsroom.model_copy(update={"tag_authority": "other.example,2026"})
    stranger = Rehearsal(Wechat(dataclasses.replace(own, newsroom=newsroom)))
    stranger.publish(with_picture(stranger))
    revision = with_picture(rehearsal)
    rehearsal.publish(revision)
    rehearsal.withdraw(revision)
    assert revisions(server) == [("a1", 1)]
    assert isinstance(stranger.channel, Wechat)
    close(stranger.channel)


@pytest.mark.parametrize(
    ("status", "standing"),
    [(2, Standing.STAGED), (3, Standing.STAGED), (4, Standing.STAGED), (5, Standing.WITHDRAWN)],
)
def test_what_wechat_refuses_is_told(rehearsal: Rehearsal, server: Server, status: int, standing: Standing) -> None:
    server.wechat.set(APPID, verdict=status)
    delivery = rehearsal.release(rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal))))
    found = rehearsal.channel.find(delivery)
    assert found.standing is standing
    assert found.note is not None
    assert Status(status)


def test_a_post_deleted_by_hand_is_not_published_again(rehearsal: Rehearsal, server: Server) -> None:
    live = rehearsal.publish(with_picture(rehearsal))
    (post,) = state(server)["post"]
    requests.put(f"{server.url}/admin/posts/{post['article_id']}", json={"is_deleted": True}, timeout=10)
    assert rehearsal.verify(live).standing is Standing.WITHDRAWN
    found = rehearsal.channel.find(live)
    assert found.standing is Standing.WITHDRAWN
    assert rehearsal.channel.release(live).standing is Standing.WITHDRAWN
    assert deeds(server).count("freepublish/submit") == 1


# -- reading back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"title": "别的标题"}, Standing.ABSENT),
        ({"content_source_url": "https://example.org/"}, Standing.ABSENT),
        ({"is_deleted": True}, Standing.WITHDRAWN),
        ({"title": "第1条消息 "}, Standing.LIVE),
    ],
)
def test_verify_compares(rehearsal: Rehearsal, server: Server, change: dict[str, Any], standing: Standing) -> None:
    live = rehearsal.publish(with_picture(rehearsal))
    (post,) = state(server)["post"]
    requests.put(f"{server.url}/admin/posts/{post['article_id']}", json=change, timeout=10)
    assert rehearsal.verify(live).standing is standing


def test_verify_bears_what_wechat_changes_and_no_more(rehearsal: Rehearsal, server: Server) -> None:
    live = rehearsal.publish(with_picture(rehearsal))
    (post,) = state(server)["post"]
    content = post["news_item"][0]["content"]
    for changed, standing in (
        (content.replace("<p ", "\n<p data-x='1' ").replace("；", "； "), Standing.LIVE),
        (content.replace("“", "&ldquo;").replace("<section", "<section data-tools='135'"), Standing.LIVE),
        (content.replace("种植户说", "种植户说&nbsp;\u200b"), Standing.LIVE),
        (content.replace("种植户说", "种植户讲"), Standing.ABSENT),
        (re.sub("<img[^>]*>", "", content), Standing.ABSENT),
        ("", Standing.ABSENT),
    ):
        requests.put(f"{server.url}/admin/posts/{post['article_id']}", json={"content": changed}, timeout=10)
        assert rehearsal.verify(live).standing is standing, changed[:80]


# -- questions and quotas --------------------------------------------------------------------------------------


class Clock:
    """Time for an adapter, which moves when it is told to."""

    def __init__(self) -> None:
        self.moment = utc_now()

    def __call__(self) -> datetime:
        return self.moment


def test_questions_become_rarer_and_the_engine_is_told_when(rehearsal: Rehearsal, server: Server) -> None:
    """Five minutes in the queue are a dozen questions: WeChat takes 100 a day for all articles together."""
    assert isinstance(rehearsal.channel, Wechat)
    steps, clock = rehearsal.channel.steps, Clock()
    assert isinstance(steps, Posting)
    steps.now, steps.follow = clock, timedelta(seconds=5)
    server.wechat.set(APPID, hold=True)
    delivery = rehearsal.release(rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal))))
    began, waits = clock.moment, list[timedelta]()
    assert delivery.receipt is not None
    assert delivery.receipt.again is None, "the first time soon"
    while clock.moment < began + timedelta(minutes=5):
        delivery = dataclasses.replace(delivery, receipt=rehearsal.channel.find(delivery))
        assert delivery.receipt is not None
        assert delivery.receipt.standing is Standing.ACCEPTED
        assert delivery.receipt.again is not None
        waits.append(delivery.receipt.again)
        clock.moment += delivery.receipt.again
    assert waits[:2] == [timedelta(seconds=5)] * 2
    assert waits == sorted(waits)
    assert waits[-1] > timedelta(minutes=1)
    assert len(waits) <= 12
    assert rehearsal.channel.ledger.today().calls["freepublish/get"] == len(waits), "each is one question"
    requests.post(f"{server.url}/admin/settle", timeout=10)
    assert rehearsal.channel.find(delivery).standing is Standing.LIVE


def test_whoever_waits_for_what_is_in_the_queue_is_asked_again_too(rehearsal: Rehearsal, server: Server) -> None:
    """A withdrawal and a correction, by the names that WeChat's own call brings."""
    server.wechat.set(APPID, hold=True)
    first = with_picture(rehearsal)
    queued = rehearsal.release(rehearsal.prepare(rehearsal.delivery(first)))
    gone = rehearsal.withdraw(first)
    assert queued.receipt is not None
    assert gone.receipt is not None
    assert gone.receipt.again is not None
    heard = rehearsal.channel.hear("POST", signed(), event(queued.receipt.ids["publish_id"]))
    assert heard.reply == "success"
    assert heard.ids.items() & queued.receipt.ids.items()
    assert heard.ids.items() & gone.receipt.ids.items(), "so that the engine looks after it at once"
    other = rehearsal.channel.hear("POST", signed(), event("1" + queued.receipt.ids["publish_id"]))
    assert not other.ids.items() & (queued.receipt.ids.items() | gone.receipt.ids.items())


def test_calls_are_counted_and_shown(rehearsal: Rehearsal) -> None:
    rehearsal.publish(with_picture(rehearsal))
    figures = [str(one) for one in rehearsal.channel.figures()]
    assert "mode publish" in figures
    assert "freepublish/submit: 1 of 100 calls today" in figures
    assert set(DAILY) >= {"freepublish/delete", "draft/add"}


def test_pictures_are_uploaded_once(rehearsal: Rehearsal, server: Server) -> None:
    image, data = picture(caption="架豆丰收")
    rehearsal.media[image.digest] = data
    for n in range(1, 4):
        rehearsal.publish(revision_of(article_of(f"第{n}条", images=[image]), id=f"a{n}"))
    assert deeds(server).count("uploadimg") == 1
    assert deeds(server).count("add_material") == 1


def test_a_cover_deleted_at_wechat_is_uploaded_again(rehearsal: Rehearsal, server: Server) -> None:
    rehearsal.publish(with_picture(rehearsal))
    (material,) = state(server)["material"]
    server.wechat.memory.drop("material", material["media_id"])
    delivery = rehearsal.delivery(revision_of(with_picture(rehearsal).article, id="a2"))
    with pytest.raises(Unavailable) as raised:
        rehearsal.channel.prepare(delivery)
    assert not raised.value.sent
    assert rehearsal.channel.prepare(delivery).standing is Standing.STAGED


def test_large_and_odd_pictures_are_made_to_fit(rehearsal: Rehearsal, server: Server) -> None:
    import io  # noqa: PLC0415
    import random  # noqa: PLC0415

    from PIL import Image as Pillow  # noqa: PLC0415

    from pipeline.article import Image  # noqa: PLC0415

    noise = Pillow.frombytes("RGB", (900, 700), random.Random(1).randbytes(900 * 700 * 3))
    images = []
    for kind, media_type in (("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif")):
        out = io.BytesIO()
        noise.save(out, kind)
        data = out.getvalue()
        image = Image(
            digest=hashlib.sha256(data).hexdigest(), media_type=media_type, width=900, height=700, size=len(data)
        )
        rehearsal.media[image.digest] = data
        images.append(image)
    live = rehearsal.publish(revision_of(article_of(images=images)))
    assert rehearsal.verify(live).standing is Standing.LIVE
    (post,) = state(server)["post"]
    tree = html.fragment_fromstring(post["news_item"][0]["content"], create_parent="div")
    for shown in tree.iter("img"):
        answer = requests.get(shown.get("src"), timeout=10)
        assert answer.ok
        assert len(answer.content) < 2**20
        assert answer.headers["Content-Type"] in ("image/jpeg", "image/png")


def test_a_lost_picture_is_refused_by_name(rehearsal: Rehearsal) -> None:
    revision = with_picture(rehearsal)
    rehearsal.media.clear()
    with pytest.raises(Unpublishable) as raised:
        rehearsal.prepare(rehearsal.delivery(revision))
    assert raised.value.problem.field == "images"


# -- the other modes ---------------------------------------------------------------------------------------------


def test_without_the_right_to_publish_the_remedy_is_the_draft(setting: Callable[..., Setting], server: Server) -> None:
    server.wechat.set(APPID, may_publish=False)
    channel = Wechat(setting())
    assert [problem.field for problem in channel.check()] == ["mode"]
    rehearsal = Rehearsal(channel)
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    with pytest.raises(Refused) as raised:
        rehearsal.release(delivery)
    assert 'mode = "draft"' in str(raised.value.problem.remedy)
    close(channel)
    drafting = Wechat(setting(mode="draft"))
    assert drafting.check() == []
    second = Rehearsal(drafting)
    second.media.update(rehearsal.media)
    live = second.publish(delivery.revision)
    assert live.receipt is not None
    assert live.receipt.note is not None
    assert "发表" in str(live.receipt.note)
    assert second.verify(live).standing is Standing.LIVE
    assert len(state(server)["draft"]) == 1
    second.publish(corrected(delivery.revision))
    assert len(state(server)["draft"]) == 1
    gone = second.withdraw(corrected(delivery.revision))
    assert second.verify(gone).standing in (Standing.WITHDRAWN, Standing.ABSENT)
    assert state(server)["draft"] == []
    close(drafting)


def test_a_draft_published_by_hand_is_not_made_again(setting: Callable[..., Setting], server: Server) -> None:
    channel = Wechat(setting(mode="draft"))
    rehearsal = Rehearsal(channel)
    live = rehearsal.publish(with_picture(rehearsal))
    assert live.receipt is not None
    server.wechat.publications.submit(APPID, {"media_id": live.receipt.ids["media_id"]})
    assert revisions(server) == [("a1", 1)]
    assert channel.find(live).standing is Standing.LIVE
    assert rehearsal.verify(live).standing is Standing.LIVE
    server.wechat.set(APPID, may_publish=False)  # an account that cannot even ask
    assert channel.find(live).standing is Standing.LIVE
    assert state(server)["draft"] == []
    close(channel)


@pytest.mark.parametrize("lost", ["", "message/mass/sendall", "draft/add"])
def test_a_mass_message_is_sent_once(setting: Callable[..., Setting], server: Server, lost: str) -> None:
    server.wechat.set(APPID, asks=1)
    channel = Wechat(setting(mode="mass"))
    rehearsal = Rehearsal(channel)
    faults(server, *([f"lost@{lost}"] if lost else []))
    delivery = engine_step(rehearsal, "prepare", rehearsal.delivery(with_picture(rehearsal)))
    rehearsal.catalogue.place(delivery.revision)
    delivery = follow(rehearsal, engine_step(rehearsal, "release", delivery))
    assert rehearsal.verify(delivery).standing is Standing.LIVE
    assert deeds(server).count("mass/sendall") == 1
    assert len(state(server)["message"]) == 1
    (message,) = state(server)["message"]
    assert len(message["key"]) == 32
    second = rehearsal.publish(corrected(delivery.revision))
    assert revisions(server) == [("a1", 2)]
    gone = rehearsal.withdraw(second.revision)
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert revisions(server) == []
    close(channel)


@pytest.mark.parametrize("mode", ["publish", "mass"])
def test_what_is_still_in_the_queue_has_not_been_withdrawn(
    setting: Callable[..., Setting], server: Server, mode: str
) -> None:
    """Asked before it is withdrawn (after a restore, or when a worker died), it says that it will come out."""
    server.wechat.set(APPID, asks=50)
    channel = Wechat(setting(mode=mode))
    rehearsal = Rehearsal(channel)
    revision = with_picture(rehearsal)
    rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
    gone = rehearsal.withdraw(revision)
    assert channel.find(dataclasses.replace(gone, receipt=None)).standing in (Standing.ACCEPTED, Standing.LIVE)
    close(channel)


def test_the_payload_says_what_would_be_sent(tmp_path: Path) -> None:
    outlet = Outlet(id="wechat", kind="wechat", name="武山融媒")
    channel = Wechat(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet), data=tmp_path))
    assert channel.mode == "payload"
    assert channel.check() == []
    rehearsal = Rehearsal(channel)
    revision = with_picture(rehearsal)
    live = rehearsal.publish(revision)
    assert live.receipt is not None
    assert live.receipt.note is not None
    folder = tmp_path / "wechat" / "payload" / "a1"
    (article,) = json.loads((folder / "draft-add.json").read_text())["articles"]
    assert article["title"] == "第1条消息"
    assert (folder / article["thumb_media_id"]).is_file()
    for page in ("preview.html", None):
        content = (folder / page).read_text() if page else article["content"]
        sources = re.findall(r'<img[^>]* src="([^"]*)"', content)
        assert sources
        assert all((folder / source).is_file() for source in sources)
    assert json.loads((folder / "state.json").read_text())["standing"] == "live"
    rehearsal.withdraw(revision, "数据有误")
    told = json.loads((folder / "state.json").read_text())
    assert (told["standing"], told["reason"]) == ("withdrawn", "数据有误")
    bare = revision_of(article_of("没有图片"), id="a2")
    rehearsal.publish(bare)
    assert (folder.parent / "a2" / "default.jpg").is_file()


# -- several articles together -----------------------------------------------------------------------------------


def topic(rehearsal: Rehearsal, count: int = 3) -> list[Delivery]:
    """The deliveries of a rollout of so many articles, each with a picture of its own and one that all show."""
    banner, data = picture("#8e1a17", (1200, 300))
    rehearsal.media[banner.digest] = data
    return rehearsal.together([with_picture(rehearsal, n, banner=banner) for n in range(1, count + 1)])


def step(rehearsal: Rehearsal, name: str, delivery: Delivery) -> Delivery:
    """The delivery with what came of one call."""
    return dataclasses.replace(delivery, receipt=getattr(rehearsal.channel, name)(delivery))


def led(leader: Delivery, several: list[Delivery]) -> list[Delivery]:
    """All with what came of the leader's step."""
    told = leader.receipt
    assert told is not None
    return [dataclasses.replace(one, receipt=told.each.get(one.revision.id, told)) for one in several]


def prepared(rehearsal: Rehearsal, several: list[Delivery]) -> list[Delivery]:
    """Prepared by the first of them, as the engine has it."""
    several = led(engine_step(rehearsal, "prepare", several[0]), several)
    for one in several:
        rehearsal.catalogue.place(one.revision, one.receipt)
    return several


def published(rehearsal: Rehearsal, several: list[Delivery]) -> list[Delivery]:
    """Released and followed to the end by the first of them."""
    leader = follow_patiently(rehearsal, engine_step_patiently(rehearsal, several[0]))
    several = led(leader, several)
    for one in several:
        assert one.receipt is not None
        rehearsal.receipts[one.revision.id] = one.receipt
        rehearsal.catalogue.place(one.revision, one.receipt)
    return several


def without(several: list[Delivery], article: str) -> list[Delivery]:
    """The others, when this one has been overtaken; the first of them leads now."""
    left = tuple(one for one in several[0].companions if one.revision.id != article)
    return [dataclasses.replace(one, companions=left) for one in several if one.revision.id != article]


def test_articles_of_a_topic_are_one_draft_and_one_post(rehearsal: Rehearsal, server: Server) -> None:
    server.wechat.set(APPID, asks=2)
    several = prepared(rehearsal, topic(rehearsal, 8))
    (draft,) = state(server)["draft"]
    assert [item["title"] for item in draft["news_item"]] == [f"第{n}条消息" for n in range(1, 9)]
    pictures = {asset.source for one in several if one.rendition for asset in one.rendition.assets}
    assert deeds(server).count("uploadimg") == len(pictures), "the banner that all show only once"
    several = published(rehearsal, several)
    assert [rehearsal.verify(one).standing for one in several] == [Standing.LIVE] * 8
    made = deeds(server)
    assert (made.count("draft/add"), made.count("freepublish/submit"), made.count("published")) == (1, 1, 1)
    for n, one in enumerate(several, 1):
        assert one.receipt is not None
        assert f"第{n}条消息" in requests.get(one.receipt.url, timeout=10).text
    calls = {one["call"]: one["value"] for one in state(server)["count"]}
    assert calls["freepublish/get"] == 3, "one asks for all"


def test_one_of_a_topic_is_withdrawn_and_one_corrected(rehearsal: Rehearsal, server: Server) -> None:
    several = published(rehearsal, prepared(rehearsal, topic(rehearsal)))
    gone = rehearsal.withdraw(several[0].revision, "数据有误")
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert revisions(server) == [("a2", 1), ("a3", 1)]
    second = rehearsal.publish(corrected(several[2].revision))
    assert revisions(server) == [("a2", 1), ("a3", 2)]
    assert [one["index"] for one in state(server)["deed"] if one["deed"] == "freepublish/delete"] == [1, 3]
    assert [rehearsal.verify(one).standing for one in (several[1], second)] == [Standing.LIVE] * 2
    assert rehearsal.verify(several[2]).standing is not Standing.LIVE


@pytest.mark.parametrize("fate", ["lost", "cut", "refused", "-1", "42001"])
@pytest.mark.parametrize(
    "call", ["draft/batchget", "draft/add", "freepublish/submit", "freepublish/get", "material/add_material"]
)
def test_whatever_answer_is_lost_a_topic_goes_out_once(
    rehearsal: Rehearsal, server: Server, call: str, fate: str
) -> None:
    faults(server, f"{fate}@{call}", f"{fate}@{call}")
    several = published(rehearsal, prepared(rehearsal, topic(rehearsal)))
    assert revisions(server) == [("a1", 1), ("a2", 1), ("a3", 1)]
    assert state(server)["draft"] == []
    assert deeds(server).count("published") == 1
    assert [rehearsal.verify(one).standing for one in several] == [Standing.LIVE] * 3


def test_while_a_topics_submission_is_unanswered_nobody_submits_again(
    setting: Callable[..., Setting], server: Server
) -> None:
    channel = Wechat(setting(settling=60))
    rehearsal = Rehearsal(channel)
    server.wechat.set(APPID, hold=True)
    several = prepared(rehearsal, topic(rehearsal))
    faults(server, "lost@freepublish/submit")
    for sent in (True, False):
        with pytest.raises(Unavailable) as raised:
            channel.release(several[0])
        assert raised.value.sent is sent
    requests.post(f"{server.url}/admin/settle", timeout=10)
    for one in several:
        assert channel.find(one).standing is Standing.LIVE
    assert deeds(server).count("freepublish/submit") == 1
    close(channel)


def test_a_topic_whose_answer_was_had_but_not_recorded_is_followed(rehearsal: Rehearsal, server: Server) -> None:
    """The worker has died in between: whoever leads now finds in the ledger what it was answered."""
    several = prepared(rehearsal, topic(rehearsal))
    done = rehearsal.channel.release(several[0])
    assert done.standing is Standing.ACCEPTED
    assert done.at is not None
    answered = datetime.now(UTC)
    for leader in (several[0], without(several, "a1")[0]):
        receipt = rehearsal.channel.release(leader)
        assert (receipt.standing, receipt.ids["publish_id"]) == (Standing.ACCEPTED, done.ids["publish_id"])
        assert receipt.at is not None
        assert receipt.at <= answered, "it was taken then"
    assert deeds(server).count("freepublish/submit") == 1


def test_a_topic_that_wechat_refused_can_be_handed_in_again(rehearsal: Rehearsal, server: Server) -> None:
    server.wechat.set(APPID, verdict=3)
    several = prepared(rehearsal, topic(rehearsal))
    refused = engine_step(rehearsal, "find", rehearsal.release(several[0]))
    assert refused.receipt is not None
    assert refused.receipt.standing is Standing.STAGED
    server.wechat.set(APPID, verdict=0)
    published(rehearsal, prepared(rehearsal, led(refused, several)))
    assert revisions(server) == [("a1", 1), ("a2", 1), ("a3", 1)]
    assert deeds(server).count("freepublish/submit") == 2


@pytest.mark.parametrize("gone", ["a1", "a2"])
def test_what_was_prepared_with_others_is_not_released(rehearsal: Rehearsal, server: Server, gone: str) -> None:
    several = prepared(rehearsal, topic(rehearsal))
    left = without(several, gone)
    assert rehearsal.channel.find(left[0]).standing is Standing.ABSENT
    with pytest.raises(Unavailable) as raised:
        rehearsal.channel.release(left[0])
    assert raised.value.sent, "so that the engine asks, and prepares again"
    assert deeds(server).count("freepublish/submit") == 0
    done = led(follow(rehearsal, engine_step(rehearsal, "release", left[0])), left)
    assert [rehearsal.verify(one).standing for one in done] == [Standing.LIVE] * 2
    assert revisions(server) == [(one.revision.id, 1) for one in left]
    (overtaken,) = [one for one in several if one.revision.id == gone]
    assert rehearsal.verify(overtaken).standing is not Standing.LIVE
    assert state(server)["draft"] == [], "the one for three is gone"


@pytest.mark.parametrize("overtaken", ["a1", "a2"])
def test_what_came_out_with_one_that_was_overtaken_is_followed_not_repeated(
    rehearsal: Rehearsal, server: Server, overtaken: str
) -> None:
    """The leader had handed in all three; whoever leads now no longer has the one: what is out stays the only one."""
    server.wechat.set(APPID, hold=True)
    several = prepared(rehearsal, topic(rehearsal))
    rehearsal.channel.release(several[0])
    now, other = without(several, overtaken)
    unknown = dataclasses.replace(now, receipt=None)
    for one in (now, unknown):
        assert rehearsal.channel.find(one).standing is Standing.ACCEPTED
    accepted = step(rehearsal, "release", now)
    assert accepted.receipt is not None
    assert accepted.receipt.standing is Standing.ACCEPTED
    (late,) = [one for one in several if one.revision.id == overtaken]
    gone = rehearsal.withdraw(late.revision)
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.ACCEPTED, "it is caught when it comes out"
    requests.post(f"{server.url}/admin/settle", timeout=10)
    gone = step(rehearsal, "find", gone)
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.WITHDRAWN
    done = led(follow(rehearsal, accepted), [now, other])
    assert [rehearsal.verify(one).standing for one in done] == [Standing.LIVE] * 2
    for one in done:
        assert one.receipt is not None
        assert f"第{one.revision.id[1:]}条消息" in requests.get(one.receipt.url, timeout=10).text
    assert revisions(server) == [(one.revision.id, 1) for one in done]
    assert deeds(server).count("freepublish/submit") == 1


@pytest.mark.parametrize("mode", ["publish", "draft", "mass"])
def test_one_of_a_topic_is_withdrawn_before_its_moment(
    setting: Callable[..., Setting], server: Server, mode: str
) -> None:
    channel = Wechat(setting(mode=mode))
    rehearsal = Rehearsal(channel)
    several = prepared(rehearsal, topic(rehearsal))
    for one in several:
        assert one.receipt is not None
        rehearsal.receipts[one.revision.id] = one.receipt
    gone = rehearsal.withdraw(several[1].revision)
    assert rehearsal.verify(gone).standing in (Standing.WITHDRAWN, Standing.ABSENT)
    left = without(several, "a2")
    done = led(follow(rehearsal, engine_step(rehearsal, "release", left[0], doubt=True)), left)
    assert [rehearsal.verify(one).standing for one in done] == [Standing.LIVE] * 2
    shown = [item["content_source_url"] for one in state(server)["draft"] for item in one["news_item"]]
    names = [Marker.of(f"#{one}") for one in public(server)] + [Marker.of(one) for one in shown]
    assert [one.name.partition("-")[0] for one in names if one] == ["a1", "a3"]
    close(channel)


@pytest.mark.parametrize("lost", ["", "draft/add", "draft/delete", "draft/batchget", "draft/get"])
def test_a_topic_among_the_drafts_loses_one(setting: Callable[..., Setting], server: Server, lost: str) -> None:
    channel = Wechat(setting(mode="draft"))
    rehearsal = Rehearsal(channel)
    several = published(rehearsal, prepared(rehearsal, topic(rehearsal)))
    rehearsal.catalogue.remove("a2", NOON, "")
    faults(server, *([f"lost@{lost}"] if lost else []))
    gone = engine_step(rehearsal, "withdraw", rehearsal.delivery(several[1].revision, Action.WITHDRAW))
    assert gone.receipt is not None
    (draft,) = state(server)["draft"]
    assert [item["title"] for item in draft["news_item"]] == ["第1条消息", "第3条消息"]
    assert all(item["pic_crop_1_1"] for item in draft["news_item"])
    assert [rehearsal.verify(one).standing is Standing.LIVE for one in several] == [True, False, True]
    close(channel)


@pytest.mark.parametrize("lost", ["", "message/mass/sendall", "draft/add", "message/mass/get"])
def test_a_topic_is_one_mass_message(setting: Callable[..., Setting], server: Server, lost: str) -> None:
    server.wechat.set(APPID, asks=1)
    channel = Wechat(setting(mode="mass"))
    rehearsal = Rehearsal(channel)
    faults(server, *([f"lost@{lost}"] if lost else []))
    several = published(rehearsal, prepared(rehearsal, topic(rehearsal)))
    assert len(state(server)["message"]) == 1
    assert deeds(server).count("mass/sendall") == 1
    assert [rehearsal.verify(one).standing for one in several] == [Standing.LIVE] * 3
    gone = rehearsal.withdraw(several[1].revision)
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert revisions(server) == [("a1", 1), ("a3", 1)]
    assert [rehearsal.verify(one).standing is Standing.LIVE for one in several] == [True, False, True]
    rehearsal.publish(corrected(several[2].revision))
    assert revisions(server) == [("a1", 1), ("a3", 2)]
    close(channel)


@pytest.mark.parametrize("overtaken", ["a1", "a2"])
def test_a_mass_message_with_a_lost_answer_is_recognised_by_who_has_fewer_companions(
    setting: Callable[..., Setting], server: Server, overtaken: str
) -> None:
    channel = Wechat(setting(mode="mass"))
    rehearsal = Rehearsal(channel)
    several = prepared(rehearsal, topic(rehearsal))
    faults(server, "lost@message/mass/sendall")
    with pytest.raises(Unavailable):
        channel.release(several[0])
    left = without(several, overtaken)
    live = step(rehearsal, "find", left[0])
    assert live.receipt is not None
    assert live.receipt.standing is Standing.LIVE
    assert deeds(server).count("mass/sendall") == 1
    for one in led(live, left):
        assert one.receipt is not None
        rehearsal.receipts[one.revision.id] = one.receipt
    rehearsal.withdraw(left[1].revision)
    assert ("a3", 1) not in revisions(server), "by its own place in the message"
    assert len(revisions(server)) == 2
    close(channel)


@pytest.mark.parametrize("mode", ["publish", "mass"])
def test_a_topic_prepared_by_the_version_before_goes_out_and_each_has_its_place(
    setting: Callable[..., Setting], server: Server, mode: str
) -> None:
    """Its receipts name only their own place, each another one."""
    channel = Wechat(setting(mode=mode))
    rehearsal = Rehearsal(channel)
    several = prepared(rehearsal, topic(rehearsal))
    old = [
        dataclasses.replace(one, receipt=one.receipt.model_copy(update={"ids": ids}))
        for n, one in enumerate(several, 1)
        if one.receipt and (ids := {**one.receipt.ids, "index": str(n), "of": "3"}) and ids.pop("articles")
    ]
    live = published(rehearsal, old)
    assert [rehearsal.verify(one).standing for one in live] == [Standing.LIVE] * 3
    rehearsal.withdraw(live[1].revision)
    assert revisions(server) == [("a1", 1), ("a3", 1)]
    close(channel)


def test_of_a_topic_each_is_told_what_is_its_own(setting: Callable[..., Setting], server: Server) -> None:
    """Made by a machine is only the second, and each has an address of its own."""
    channel = Wechat(setting())
    rehearsal = Rehearsal(channel)
    several = rehearsal.together([with_picture(rehearsal, 1), labelled(rehearsal, 2), with_picture(rehearsal, 3)])
    live = published(rehearsal, prepared(rehearsal, several))
    assert ["创作来源" in told(one) for one in live] == [False, True, False]
    assert len({one.receipt.url for one in live if one.receipt}) == 3
    assert [one.receipt.each for one in live[1:] if one.receipt] == [{}, {}]
    close(channel)


def test_a_picture_more_in_one_of_a_topic_changes_only_that(rehearsal: Rehearsal, server: Server) -> None:
    """Prepared again with the same companions: what has changed beside them is filled in, nothing is made anew."""
    first = rehearsal.publish(series_article(rehearsal, 1))
    several = rehearsal.together([series_article(rehearsal, 2), with_picture(rehearsal, 9)])
    several = prepared(rehearsal, several)
    rehearsal.withdraw(first.revision)
    again = prepared(rehearsal, several)
    assert [one.receipt.ids["media_id"] for one in again if one.receipt] == [
        one.receipt.ids["media_id"] for one in several if one.receipt
    ]
    assert (deeds(server).count("draft/add"), deeds(server).count("draft/update")) == (2, 1)
    published(rehearsal, again)
    assert "系列报道之一已撤回" in shown(server, "a2")[1]


def test_the_payload_of_a_topic_is_one_draft(tmp_path: Path) -> None:
    outlet = Outlet(id="wechat", kind="wechat", name="武山融媒")
    channel = Wechat(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet), data=tmp_path))
    rehearsal = Rehearsal(channel)
    several = published(rehearsal, prepared(rehearsal, topic(rehearsal)))
    assert [rehearsal.verify(one).standing for one in several] == [Standing.LIVE] * 3
    folder = tmp_path / "wechat" / "payload"
    (body,) = folder.glob("together-*.json")
    articles = json.loads(body.read_text())["articles"]
    assert [one["title"] for one in articles] == ["第1条消息", "第2条消息", "第3条消息"]
    for one in articles:
        sources = [one["thumb_media_id"], *re.findall(r'<img[^>]* src="([^"]*)"', one["content"])]
        assert len(sources) == 3
        assert all((folder / source).is_file() for source in sources)


# -- columns and their series --------------------------------------------------------------------------------------


def series_article(rehearsal: Rehearsal, number: int, **fields: Any) -> Revision:
    words = f"2026年乡村振兴系列报道之{'〇一二三四五六七八九'[number]}"
    article = article_of(f"乡村振兴第{number}篇", series=words, number=number, **fields)
    return revision_of(article, id=f"a{number}", at=NOON + timedelta(minutes=number))


def shown(server: Server, name: str) -> Any:
    """The content of the article of this id that the public sees, and its text."""
    for post in reversed(state(server)["post"]):
        for item in post["news_item"]:
            marker = Marker.of(item["content_source_url"])
            if marker is not None and marker.name.startswith(f"{name}-") and not item["is_deleted"]:
                tree = html.fragment_fromstring(item["content"])
                return tree, tree.text_content()
    raise AssertionError(name)


def test_a_series_leads_back_and_a_correction_also_on(rehearsal: Rehearsal, server: Server) -> None:
    first, second, third = (rehearsal.publish(series_article(rehearsal, n)) for n in (1, 2, 3))
    assert first.receipt is not None
    assert second.receipt is not None
    assert third.receipt is not None
    tree, text = shown(server, "a3")
    assert [link.get("href") for link in tree.iter("a")] == [second.receipt.url]
    assert "上一篇：乡村振兴第2篇" in text
    assert "点击“阅读原文”，查看武山要闻全部内容" in text
    assert list(shown(server, "a1")[0].iter("a")) == []
    better = rehearsal.publish(corrected(second.revision))
    tree, text = shown(server, "a2")
    assert [link.get("href") for link in tree.iter("a")] == [first.receipt.url, third.receipt.url]
    assert "下一篇：乡村振兴第3篇" in text
    written = html.tostring(tree, encoding="unicode").replace(server.url, "https://mp.weixin.qq.com")
    assert list(content_faults(written)) == []
    assert [rehearsal.verify(one).standing for one in (first, better, third)] == [Standing.LIVE] * 3


def test_a_withdrawn_one_is_named_and_stepped_over(rehearsal: Rehearsal, server: Server) -> None:
    first, second = (rehearsal.publish(series_article(rehearsal, n)) for n in (1, 2))
    rehearsal.withdraw(second.revision)
    third = rehearsal.publish(series_article(rehearsal, 3))
    assert first.receipt is not None
    tree, text = shown(server, "a3")
    assert [link.get("href") for link in tree.iter("a")] == [first.receipt.url]
    assert "2026年乡村振兴系列报道之二已撤回" in text
    rehearsal.withdraw(first.revision)
    assert rehearsal.verify(third).standing is Standing.LIVE, "what it said when it went out counts"


def test_what_was_filled_in_is_read_back_too(rehearsal: Rehearsal, server: Server) -> None:
    rehearsal.publish(series_article(rehearsal, 1))
    live = rehearsal.publish(series_article(rehearsal, 2))
    post = state(server)["post"][-1]
    content = post["news_item"][0]["content"]
    for changed, standing in (
        (content.replace("上一篇：", " 上一篇 ："), Standing.LIVE),
        (content.replace("乡村振兴第1篇", "乡村振兴第9篇"), Standing.ABSENT),
        (re.sub(r"<p[^>]*>上一篇.*?</p>", "", content), Standing.ABSENT),
        (content.replace("全部内容", "全部内容和别的"), Standing.ABSENT),
    ):
        requests.put(f"{server.url}/admin/posts/{post['article_id']}", json={"content": changed}, timeout=10)
        assert rehearsal.verify(live).standing is standing, changed[-900:]


def test_a_draft_follows_what_changes_in_its_series_before_it_goes_out(rehearsal: Rehearsal, server: Server) -> None:
    first = rehearsal.publish(series_article(rehearsal, 1))
    second = series_article(rehearsal, 2)
    rehearsal.prepare(rehearsal.delivery(second))
    rehearsal.withdraw(first.revision)
    live = rehearsal.publish(second)
    assert "系列报道之一已撤回" in shown(server, "a2")[1]
    assert rehearsal.verify(live).standing is Standing.LIVE
    assert deeds(server).count("draft/add") == 2


def test_an_opening_shows_banner_tag_and_note(rehearsal: Rehearsal, server: Server) -> None:
    banner, data = picture("#8e1a17", (1200, 300))
    rehearsal.media[banner.digest] = data
    column = Column(
        id="xczx", name="乡村振兴看武山", description="成效", keywords=("乡村振兴",), note="即日起开设栏目。",
        series="2026年乡村振兴系列报道", banner=banner,
    )  # fmt: skip
    opened = rehearsal.publish(revision_of(opening_of(column), id="a21"))
    assert rehearsal.verify(opened).standing is Standing.LIVE
    tree, text = shown(server, "a21")
    assert next(element.tag for element in tree.iter("img", "p")) == "img", "the banner stands on top"
    for words in ("#乡村振兴看武山", "编者按", "即日起开设栏目。"):
        assert words in text
    item = state(server)["post"][0]["news_item"][0]
    assert item["pic_crop_235_1"] == crop(1200, 300, 2.35), "it is the cover too"
    article = rehearsal.publish(series_article(rehearsal, 1, column="xczx", banner=banner))
    assert rehearsal.verify(article).standing is Standing.LIVE
    tree, text = shown(server, "a1")
    assert next(element.tag for element in tree.iter("img", "p")) == "img"
    assert "查看2026年乡村振兴系列报道全部内容" in text
    assert deeds(server).count("uploadimg") == 1


# -- configuration ---------------------------------------------------------------------------------------------


def test_check_tells_what_is_used_up(setting: Callable[..., Setting], server: Server) -> None:
    channel = Wechat(setting())
    assert channel.check() == []
    before = channel.ledger.today().calls
    server.wechat.set(APPID, limits={"freepublish/submit": 0})
    rehearsal = Rehearsal(channel)
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    with pytest.raises(Unavailable) as raised:
        channel.release(delivery)
    assert not raised.value.sent
    (problem,) = channel.check()
    assert problem.field == "quota"
    assert "freepublish/submit" in str(problem.message)
    assert str(problem.remedy)
    asked = channel.ledger.today().calls["freepublish/batchget"]
    assert asked == before["freepublish/batchget"], "it asks for nothing more"
    close(channel)


def test_check_counts_the_calls_made_from_here(setting: Callable[..., Setting]) -> None:
    channel = Wechat(setting(mode="mass"))
    for _ in range(DAILY["message/mass/sendall"]):
        channel.ledger.count("message/mass/sendall")
    assert [one.field for one in channel.check()] == ["quota"]
    channel.ledger.count("message/mass/sendall")
    assert channel.check() == [], "one more was taken than WeChat's page names: the account has more"
    close(channel)


def test_check_costs_nothing_that_is_counted_and_knows_what_others_used(
    setting: Callable[..., Setting], server: Server
) -> None:
    channel = Wechat(setting())
    for _ in range(3):
        assert channel.check() == []
    counted = {one["call"] for one in state(server)["count"]}
    assert counted <= {"stable_token", "openapi/quota/get"}
    server.wechat.set(APPID, limits={"freepublish/submit": 0})  # as if another program had made them
    (problem,) = channel.check()
    assert problem.field == "quota"
    close(channel)


def test_one_refusal_is_not_for_the_whole_day(rehearsal: Rehearsal, server: Server) -> None:
    channel = wechat_of(rehearsal)
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    faults(server, "45009@freepublish/submit")
    with pytest.raises(Unavailable):
        channel.release(delivery)
    assert [one.field for one in channel.check()] == ["quota"]
    assert follow(rehearsal, rehearsal.release(delivery)).receipt is not None
    assert channel.check() == []
    elsewhere = Wechat(channel.setting)
    assert elsewhere.check() == []
    close(elsewhere)


# -- where the day's calls are used up --------------------------------------------------------------------------------

QUESTIONS = ("freepublish/get", "freepublish/batchget", "freepublish/getarticle")


def wechat_of(rehearsal: Rehearsal) -> Wechat:
    assert isinstance(rehearsal.channel, Wechat)
    return rehearsal.channel


def none_left(server: Server, *calls: str) -> None:
    server.wechat.set(APPID, limits=dict.fromkeys(calls, 0))


@pytest.mark.parametrize("known", ["live", "handed in"])
@pytest.mark.parametrize(
    "used_up", [*((one,) for one in QUESTIONS), QUESTIONS[:2], QUESTIONS[1:], QUESTIONS[::2], QUESTIONS], ids=",".join
)
def test_no_used_up_question_keeps_a_withdrawn_article_public(
    rehearsal: Rehearsal, server: Server, used_up: tuple[str, ...], known: str
) -> None:
    """Also where all that is known of the article is that it was handed in, and it came out meanwhile."""
    revision = with_picture(rehearsal)
    delivery = rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
    if known == "live":
        delivery = follow(rehearsal, delivery)
    server.wechat.settle()
    assert len(public(server)) == 1
    none_left(server, *used_up)
    rehearsal.catalogue.remove(revision.id, NOON, "数据有误")
    gone = dataclasses.replace(
        rehearsal.delivery(revision, Action.WITHDRAW), previous=delivery.receipt, reason="数据有误"
    )
    asks = {"live": QUESTIONS[1:], "handed in": QUESTIONS[:2]}[known]
    if known == "handed in" and set(asks) <= set(used_up):
        with pytest.raises(Unavailable) as raised:  # nobody can say what it is called there
            rehearsal.channel.withdraw(gone)
        assert raised.value.retry_after is not None
        return
    receipt = rehearsal.channel.withdraw(gone)
    assert public(server) == []
    assert receipt.standing in (Standing.WITHDRAWN, Standing.ACCEPTED)
    if receipt.standing is Standing.ACCEPTED:
        assert "cannot be asked today" in str(receipt.note)
        blindly = {"live": QUESTIONS[1:], "handed in": QUESTIONS[1:]}[known]
        assert receipt.again is not None
        if set(blindly) <= set(used_up):  # ten deletions a day are not spent on one
            assert receipt.again > timedelta(minutes=1)
        deleted = deeds(server).count("freepublish/delete")
        none_left(server)
        receipt = rehearsal.channel.find(dataclasses.replace(gone, receipt=receipt))
        assert deeds(server).count("freepublish/delete") == deleted
    assert receipt.standing is Standing.WITHDRAWN


def test_a_withdrawal_in_doubt_is_done_and_not_waited_for(rehearsal: Rehearsal, server: Server) -> None:
    revision = with_picture(rehearsal)
    live = rehearsal.publish(revision)
    none_left(server, *QUESTIONS)
    rehearsal.catalogue.remove(revision.id, NOON, "数据有误")
    gone = dataclasses.replace(rehearsal.delivery(revision, Action.WITHDRAW), previous=live.receipt)
    assert rehearsal.channel.find(gone).standing is Standing.LIVE  # so that it is withdrawn
    rehearsal.channel.withdraw(gone)
    assert public(server) == []


def test_what_came_out_is_followed_by_the_list(rehearsal: Rehearsal, server: Server) -> None:
    delivery = rehearsal.release(rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal))))
    none_left(server, "freepublish/get")
    server.wechat.settle()
    assert rehearsal.channel.find(delivery).standing is Standing.LIVE


def test_without_deletions_a_correction_says_beforehand_what_stays(rehearsal: Rehearsal, server: Server) -> None:
    revision = with_picture(rehearsal)
    rehearsal.publish(revision)
    none_left(server, "freepublish/delete")
    second = rehearsal.release(rehearsal.prepare(rehearsal.delivery(corrected(revision))))
    receipt = rehearsal.channel.find(second)
    assert receipt.standing is Standing.ACCEPTED
    assert receipt.url
    assert "stays so until after midnight" in str(receipt.note)
    assert receipt.again is not None
    assert receipt.again > timedelta(0)
    assert revisions(server) == [("a1", 1), ("a1", 2)]
    assert any("deletions are used up" in str(one) for one in rehearsal.channel.figures())
    third = rehearsal.prepare(rehearsal.delivery(corrected(revision, 3)))
    assert third.receipt is not None
    assert "deletions are used up" in str(third.receipt.note)
    plain = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 2)))
    assert plain.receipt is not None
    assert plain.receipt.note is None
    assert rehearsal.channel.check() == [], "what is new can go out"
    none_left(server)
    assert rehearsal.channel.find(dataclasses.replace(second, receipt=receipt)).standing is Standing.LIVE
    assert revisions(server) == [("a1", 2)]


def test_without_deletions_a_withdrawal_says_when_it_is_tried_again(rehearsal: Rehearsal, server: Server) -> None:
    revision = with_picture(rehearsal)
    live = rehearsal.publish(revision)
    none_left(server, "freepublish/delete")
    rehearsal.catalogue.remove(revision.id, NOON, "数据有误")
    gone = dataclasses.replace(rehearsal.delivery(revision, Action.WITHDRAW), previous=live.receipt)
    with pytest.raises(Unavailable) as raised:
        rehearsal.channel.withdraw(gone)
    assert "freepublish/delete" in str(raised.value.problem.message)
    assert raised.value.retry_after is not None
    assert not raised.value.sent


def test_an_account_whose_secret_is_missing_says_so_and_sends_nothing(
    setting: Callable[..., Setting], server: Server
) -> None:
    channel = Wechat(dataclasses.replace(setting(), secrets={}))
    assert [problem.field for problem in channel.check()] == ["secret"]
    assert "TONGFA_WECHAT_SECRET" in str(channel.check()[0].remedy)
    rehearsal = Rehearsal(channel)
    with pytest.raises(Refused) as raised:
        rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    assert raised.value.problem.field == "secret"


def test_secrets_from_elsewhere(setting: Callable[..., Setting], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_text(f"{SECRET}\n")
    named = dataclasses.replace(setting(secret_env="OTHER"), secrets={"OTHER": SECRET})
    for one in (dataclasses.replace(setting(secret_file="secret"), secrets={}), named):
        channel = Wechat(one)
        assert channel.check() == []
        close(channel)
    assert [one.field for one in Wechat(setting(secret_file="missing")).check()] == ["secret"]


def test_check_names_what_is_wrong(setting: Callable[..., Setting], server: Server) -> None:
    wrong = Wechat(setting(mode="maybe", theme="pink", api="wechat", cover="missing.jpg", appId="x"))
    assert {one.field for one in wrong.check()} == {"mode", "theme", "api", "cover", "appId"}
    assert [one.field for one in Wechat(setting(appid="", mode="publish")).check()] == ["appid"]
    sound = Wechat(setting())
    assert sound.check() == []
    server.wechat.set(APPID, ips=("203.0.113.9",))
    requests.post(f"{server.url}/admin/expire", timeout=10)
    assert [one.field for one in sound.check()] == ["ip"]
    close(sound)


def test_an_own_cover(setting: Callable[..., Setting], server: Server, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cover.jpg").write_bytes(picture(size=(2000, 1000))[1])
    channel = Wechat(setting(cover="cover.jpg"))
    assert channel.look.cover == (1440, 720)
    rehearsal = Rehearsal(channel)
    rehearsal.publish(revision_of(article_of()))
    (post,) = state(server)["post"]
    assert post["news_item"][0]["pic_crop_1_1"] == "0.25_0_0.75_1"
    close(channel)


# -- calls from the platform --------------------------------------------------------------------------------------


def signed(token: str = TOKEN, at: int | None = None, **query: str) -> dict[str, str]:
    timestamp, nonce = str(int(time.time()) if at is None else at), "1372623149"
    joined = "".join(sorted([token, timestamp, nonce]))
    return {"signature": hashlib.sha1(joined.encode()).hexdigest(), "timestamp": timestamp, "nonce": nonce, **query}


def event(publish_id: str, name: str = "PUBLISHJOBFINISH") -> bytes:
    return (
        "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName>"
        f"<CreateTime>1700126364</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{name}]]></Event>"
        f"<PublishEventInfo><publish_id>{escape(publish_id)}</publish_id><publish_status>0</publish_status>"
        "<article_id><![CDATA[IMXOr-Xq_m]]></article_id><article_detail><count>1</count><item><idx>1</idx>"
        "<article_url><![CDATA[http://mp.weixin.qq.com/s?__biz=MzkzMT]]></article_url></item></article_detail>"
        "</PublishEventInfo></xml>"
    ).encode()


@pytest.fixture
def hearing(setting: Callable[..., Setting]) -> Iterator[Wechat]:
    channel = Wechat(setting())
    yield channel
    close(channel)


def test_the_address_is_confirmed(hearing: Wechat) -> None:
    assert hearing.hear("GET", signed(echostr="5838479218127813673"), b"").reply == "5838479218127813673"


def test_events_name_their_publication(hearing: Wechat) -> None:
    assert hearing.hear("POST", signed(), event("2247483856")).ids["publish_id"] == "2247483856"
    mass = b"<xml><Event><![CDATA[MASSSENDJOBFINISH]]></Event><MsgID>1000000003</MsgID></xml>"
    assert hearing.hear("POST", signed(), mass).ids["msg_id"] == "1000000003"
    text = b"<xml><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[hi]]></Content></xml>"
    assert hearing.hear("POST", signed(), text) == hearing.hear("POST", signed(), b"<xml/>")


@pytest.mark.parametrize(
    "query",
    [
        {},
        signed("another token"),
        signed(at=int(time.time()) - 7200),
        signed(at=int(time.time()) + 7200),
        {**signed(), "nonce": "x"},
        {**signed(), "signature": "签名"},
        signed(at=10**11),
    ],
)
def test_a_call_with_a_bad_signature_is_refused(hearing: Wechat, query: dict[str, str]) -> None:
    for method in ("GET", "POST"):
        with pytest.raises(Refused):
            hearing.hear(method, query, event("1"))


def test_without_a_token_nothing_is_heard(setting: Callable[..., Setting]) -> None:
    channel = Wechat(dataclasses.replace(setting(), secrets={"TONGFA_WECHAT_SECRET": SECRET}))
    with pytest.raises(Refused):
        channel.hear("POST", signed(""), event("1"))
    close(channel)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml",
        b'<!DOCTYPE xml [<!ENTITY a "1">]><xml><Event>PUBLISHJOBFINISH</Event><publish_id>&a;</publish_id></xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml/>',
        b"<xml><Encrypt>abc</Encrypt></xml>",
        b"<xml>" + b"x" * 70_000 + b"</xml>",
    ],
)
def test_what_is_no_event_is_refused(hearing: Wechat, body: bytes) -> None:
    with pytest.raises(Refused):
        hearing.hear("POST", signed(), body)


def test_the_standins_event_is_heard(setting: Callable[..., Setting], server: Server) -> None:
    """Signed by the one, checked by the other, over HTTP."""
    import http.server  # noqa: PLC0415

    channel, heard, arrived = Wechat(setting()), list[Any](), threading.Event()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = dict(one.split("=") for one in self.path.partition("?")[2].split("&"))
            heard.append(channel.hear("POST", query, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, format: str, *args: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook:
        thread = threading.Thread(target=hook.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.wechat.set(APPID, callback=f"http://127.0.0.1:{hook.server_port}/hooks/wechat", callback_token=TOKEN)
        rehearsal = Rehearsal(channel)
        live = rehearsal.publish(with_picture(rehearsal))
        assert arrived.wait(10)
        hook.shutdown()
        thread.join()
    assert live.receipt is not None
    assert heard[0].ids["publish_id"] == live.receipt.ids["publish_id"]
    close(channel)


# -- content -------------------------------------------------------------------------------------------------------

LOOK = Look("武山融媒")
ALLOWED = {
    "section": {"style"}, "p": {"style"}, "span": {"style"}, "strong": {"style"}, "em": {"style"}, "sub": {"style"},
    "sup": {"style"}, "br": set(), "blockquote": {"style"}, "table": {"style"}, "tbody": set(), "tr": set(),
    "td": {"style", "colspan", "rowspan"}, "th": {"style", "colspan", "rowspan"}, "a": {"style", "href"},
    "img": {"style", "src", "data-src", "data-w", "data-ratio", "alt"},
}  # fmt: skip
FORBIDDEN = re.compile(
    r"position|animation|var\(|@media|grid|font-family|!important|text-align:\s*(start|end)|line-height:\s*0|"
    r"(?<![-\w])(?:width|height):\s*\d+px|(?<![-\w])height:\s*\d|url\("
)


def content_faults(content: str) -> Iterator[str]:
    """What WeChat would strip, or a phone would show badly; nothing if it is as the rules want it."""
    for element in html.fragment_fromstring(content).iter():
        name = str(element.tag)
        if name not in ALLOWED:
            yield f"element {name}"
            continue
        yield from (f"{name} {attribute}" for attribute in set(element.attrib) - ALLOWED[name])
        if found := FORBIDDEN.search(element.get("style", "")):
            yield f"style {found.group()}"
        if name == "a" and not re.match(r"https?://([a-z0-9-]+\.)*weixin\.qq\.com(/|$)", element.get("href", "")):
            yield f"link {element.get('href')}"
        if len(list(element.iterancestors("section", "table", "tbody", "tr", "td", "p", "a", "blockquote"))) + 1 >= 10:
            yield "nesting"
        if (element.text or "").strip() and (contrast := _contrast(element)) < 4.5:
            yield f"contrast {contrast:.1f} of {element.text!r}"


def _contrast(element: Any) -> float:
    """Of an element's text to its ground (WCAG), on white where none is set."""

    def inherited(name: str, default: str) -> str:
        for one in [element, *element.iterancestors()]:
            if found := re.search(rf"(?:^|;){name}:(#[0-9a-f]{{6}})", one.get("style", "")):
                return found.group(1)
        return default

    def light(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    one, two = sorted([light(inherited("color", "#000000")), light(inherited("background-color", "#ffffff"))])
    return (two + 0.05) / (one + 0.05)


def rendered(revision: Revision, look: Look = LOOK) -> dict[str, Any]:
    return fields_of(render(revision, newsroom_of(), look))


RICH = (
    '<h2>一、标题</h2><p>文字<strong>粗<em>斜</em></strong>，<a href="https://example.org/?a=1&amp;b=2">链接</a>与'
    '<a href="https://mp.weixin.qq.com/s/abc">微信</a>，<a href="https://example.org/?a=1&amp;b=2">又一次</a>，'
    '<a href="https://example.org/b">https://example.org/b</a>，<a href="mailto:a@example.org">写信</a>，H<sub>2</sub>O'
    "<sup>[2]</sup><br/>第二行</p><h3>小标题</h3><ul><li>甲<ul><li>内一</li><li>内二</li></ul></li><li>乙</li></ul>"
    "<ol><li>一</li><li>二</li></ol><table><tbody><tr><th>甲</th><th>乙</th></tr>"
    '<tr><td colspan="2">1,024</td></tr></tbody></table><blockquote><p>引文一</p><p>引文二</p></blockquote>'
)


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_theme_obeys_the_rules(theme: str) -> None:
    image, _ = picture(caption="说明")
    article = article_of(
        body=RICH + article_of(images=[image]).body, images=[image], kicker="引题", subhead="副题", series="系列之三",
        editors_note="编者按第一段\n第二段", headline="一" * 33, short_headline="短标题",
    )  # fmt: skip
    content = rendered(revision_of(article, 2, note="更正说明"), Look("武山融媒", THEMES[theme]))["content"]
    assert list(content_faults(content)) == []
    text = html.fragment_fromstring(content).text_content()
    for words in ("编者按", "第二段", "更正说明", "引题", "副题", "系列之三", "一" * 33, "签发", "签发戊", "说明"):
        assert words in text


def test_links_become_footnotes(server: Server) -> None:
    content = rendered(revision_of(article_of(body=RICH)))["content"]
    tree = html.fragment_fromstring(content)
    assert [link.get("href") for link in tree.iter("a")] == ["https://mp.weixin.qq.com/s/abc"]
    text = tree.text_content()
    assert "链接[1]与微信，又一次[1]，https://example.org/b，写信" in text
    assert "[1] https://example.org/?a=1&b=2" in text
    assert "[2] " not in text


def test_lists_tables_and_quotes_survive() -> None:
    tree = html.fragment_fromstring(rendered(revision_of(article_of(body=RICH)))["content"])
    text = tree.text_content()
    for words in ("•甲", "–内一", "–内二", "•乙", "1.一", "2.二", "引文二"):
        assert words in text
    assert [cell.get("colspan") for cell in tree.iter("td")] == ["2"]
    assert not list(tree.iter("ul", "ol", "li", "div", "h2"))


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_no_ground_turns_light_in_the_dark(theme: str) -> None:
    """WeChat's readers make a pale ground light grey in dark mode, unless it is grey itself or lies thinly over what is
    below it (the principle of `mp-darkmode`); tests/e2e tries it with that."""
    article = article_of(body=RICH, editors_note="编者按", series="系列之三", number=3)
    content = rendered(revision_of(article, 2, note="更正"), Look("武山融媒", THEMES[theme]))["content"]
    grounds = set(re.findall(r"background-color:([^;\"]+)", content))
    assert len(grounds) >= 3
    for ground in grounds:
        if ground.startswith("rgba"):
            assert float(ground.rstrip(")").rpartition(",")[2]) < 0.1
            continue
        red, green, blue = (int(ground[place : place + 2], 16) for place in (1, 3, 5))
        assert red == green == blue or (299 * red + 587 * green + 114 * blue) / 1000 <= 190, ground


@pytest.mark.parametrize("text", ["请看https://www.example.org/a/b/c/d.html。", "编号ABCDEFGH-12345678-XYZ的"])
def test_what_is_long_may_be_broken_where_it_stands(text: str) -> None:
    article = article_of(body=f"<p>{text}<strong>又{text}</strong>再{text}</p>", editors_note=text)
    tree = html.fragment_fromstring(rendered(revision_of(article))["content"])
    broken = [one.text for one in tree.iter("span") if "break-all" in one.get("style", "")]
    assert broken == re.findall("[!-~]{16,}", text) * 4
    assert f"{text}又{text}再{text}" in tree.text_content()


def test_of_several_articles_none_has_a_digest(rehearsal: Rehearsal, server: Server) -> None:
    sent: list[Any] = []
    channel = wechat_of(rehearsal)
    assert channel.client is not None
    real = channel.client.call
    channel.client.call = lambda name, value, **more: (sent.append((name, value)), real(name, value, **more))[1]  # type: ignore[method-assign]
    together = [rehearsal.prepare(one) for one in rehearsal.together([with_picture(rehearsal, n) for n in (1, 2)])]
    alone = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal, 3)))
    assert together
    assert alone.receipt is not None
    drafts = [value["articles"] for name, value in sent if name == "draft/add"]
    assert [one["digest"] for one in drafts[0]] == ["", ""]
    assert drafts[-1][0]["digest"].startswith("11月24日")


# -- picture stories -------------------------------------------------------------------------------------------------


def story(
    rehearsal: Rehearsal, count: int = 4, text: str = "<p>架豆开秤，农户忙。</p>", n: int = 1, **fields: Any
) -> Revision:
    images = []
    for number in range(count):
        image, data = picture(f"#{number * 12:02x}{n * 60:02x}5f", caption=f"图注{number}")
        rehearsal.media[image.digest] = data
        images.append(image)
    shown = "".join(
        f'<figure><img src="image:{one.digest}" alt=""/><figcaption>{one.caption}</figcaption></figure>'
        for one in images
    )
    return revision_of(article_of("架豆开秤", body=f"{text}{shown}", images=images, **fields), id=f"a{n}", at=NOON)


def sent_as(server: Server) -> list[str]:
    return [
        item["article_type"] for one in state(server)["post"] for item in one["news_item"] if not item["is_deleted"]
    ]


def test_a_picture_story_is_a_message_of_pictures(rehearsal: Rehearsal, server: Server) -> None:
    revision = story(rehearsal, source="青河日报", kicker="引题")
    live = rehearsal.publish(revision)
    (post,) = state(server)["post"]
    (item,) = post["news_item"]
    assert item["article_type"] == "newspic"
    assert len(item["image_info"]["image_list"]) == 4
    lines = item["content"].splitlines()
    assert lines[:2] == ["引题", "架豆开秤，农户忙。"]
    assert {"图1：图注0", "图4：图注3", "来源：青河日报", "#武山要闻"} <= set(lines)
    assert rehearsal.verify(live).standing is Standing.LIVE
    page = requests.get(item["url"], timeout=10).text
    assert page.count("<img") == 4
    second = rehearsal.publish(
        revision_of(revision.article.model_copy(update={"source": "青河晚报"}), 2, id="a1", note="来源有误")
    )
    assert rehearsal.verify(second).standing is Standing.LIVE
    assert revisions(server) == [("a1", 2)]
    requests.put(f"{server.url}/admin/posts/{second.receipt.ids['article_id']}", json={"content": "别的"}, timeout=10)  # type: ignore[union-attr]
    assert rehearsal.verify(second).standing is Standing.ABSENT
    gone = rehearsal.withdraw(second.revision)
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert public(server) == []


@pytest.mark.parametrize("lost", ["draft/add", "freepublish/submit", "material/add_material", "draft/get"])
def test_a_picture_story_goes_out_once_whatever_answer_is_lost(rehearsal: Rehearsal, server: Server, lost: str) -> None:
    delivery = rehearsal.delivery(story(rehearsal))
    faults(server, f"lost@{lost}")
    delivery = engine_step(rehearsal, "prepare", delivery)
    rehearsal.catalogue.place(delivery.revision)
    delivery = follow(rehearsal, engine_step(rehearsal, "release", delivery))
    assert revisions(server) == [("a1", 1)]
    assert sent_as(server) == ["newspic"]
    assert state(server)["draft"] == []


def test_a_story_without_a_mark_is_an_article(rehearsal: Rehearsal, server: Server) -> None:
    server.wechat.set(APPID, sourced_stories=False)
    live = rehearsal.publish(story(rehearsal))
    assert sent_as(server) == ["news"]
    assert rehearsal.verify(live).standing is Standing.LIVE
    assert state(server)["draft"] == []


def test_together_with_others_a_story_is_an_article(rehearsal: Rehearsal, server: Server) -> None:
    together = rehearsal.together([story(rehearsal, n=1), with_picture(rehearsal, 2)])
    prepared = [rehearsal.prepare(one) for one in together]
    (draft,) = state(server)["draft"]
    assert [item["article_type"] for item in draft["news_item"]] == ["news", "news"]
    assert prepared


@pytest.mark.parametrize("first", ["story", "article"])
def test_what_becomes_another_kind_before_it_goes_out_leaves_no_draft(
    rehearsal: Rehearsal, server: Server, first: str
) -> None:
    kinds = {"story": story(rehearsal), "article": story(rehearsal, text=f"<p>{'长' * 400}</p>")}
    second = "article" if first == "story" else "story"
    rehearsal.prepare(rehearsal.delivery(kinds[first]))
    rehearsal.prepare(rehearsal.delivery(revision_of(kinds[second].article, 2, id="a1")))
    (draft,) = state(server)["draft"]
    assert draft["news_item"][0]["article_type"] == ("newspic" if second == "story" else "news")


@pytest.mark.parametrize(
    ("count", "text", "fields", "is_one"),
    [
        (3, "<p>短。</p>", {}, True),
        (20, "", {}, True),
        (2, "<p>短。</p>", {}, False),
        (21, "<p>短。</p>", {}, False),
        (4, f"<p>{'长' * 301}</p>", {}, False),
        (4, "<h2>题</h2><p>短。</p>", {}, False),
        (4, "<ul><li>项</li></ul>", {}, False),
        (4, '<p><a href="https://example.org/">链</a></p>', {}, False),
        (4, "<p>H<sub>2</sub>O</p>", {}, False),
        (4, "<p>短。</p>", {"series": "系列之三", "number": 3}, False),
        (4, "<p>短。</p>", {"editors_note": "按" * 990}, False),
    ],
)
def test_what_a_picture_story_is(
    rehearsal: Rehearsal, count: int, text: str, fields: dict[str, Any], is_one: bool
) -> None:
    told = rendered(story(rehearsal, count, text, **fields)).get("story")
    assert (told is not None) == is_one
    if told:
        assert len(told["pictures"]) == count


def test_a_preview_shows_its_pictures(rehearsal: Rehearsal) -> None:
    for revision in (with_picture(rehearsal), revision_of(article_of("无图"))):
        rendition = rehearsal.channel.render(revision, rehearsal.newsroom)
        _, page = rehearsal.channel.preview(revision, rendition, rehearsal.newsroom, rehearsal.media)
        shown = [one.get("src") for one in html.document_fromstring(page).iter("img")]
        assert len(shown) == 1 + len(revision.article.images)  # and the cover
        assert all(one.startswith("data:image/") for one in shown)


def test_the_standin_strips_nothing_of_it(rehearsal: Rehearsal, server: Server) -> None:
    image, data = picture(caption="说明")
    rehearsal.media[image.digest] = data
    article = article_of(body=RICH + article_of(images=[image]).body, images=[image])
    delivery = rehearsal.prepare(rehearsal.delivery(revision_of(article)))
    assert delivery.rendition is not None
    (draft,) = state(server)["draft"]
    stored, sent = draft["news_item"][0]["content"], fields_of(delivery.rendition)["content"]
    styles = re.compile('style="([^"]*)"')
    assert styles.findall(stored) == styles.findall(sent)
    assert said(stored) == said(sent)
    assert stored.count(f'src="{server.url}/mmbiz_') == 2


def test_the_title_is_the_short_headline_where_the_headline_is_too_long() -> None:
    long, fits = "题" * 33, "题" * 32
    assert rendered(revision_of(article_of(fits)))["title"] == fits
    assert rendered(revision_of(article_of(long, short_headline="短标题")))["title"] == "短标题"
    assert rendered(revision_of(article_of(fits, short_headline="短标题")))["title"] == fits
    for article, field, over in (
        (article_of(long), "headline", 1),
        (article_of(long, short_headline="短" * 40), "short_headline", 8),
    ):
        with pytest.raises(Unpublishable) as raised:
            rendered(revision_of(article))
        assert raised.value.problem.field == field
        assert str(over) in str(raised.value.problem.remedy)


@pytest.mark.parametrize(
    ("names", "source", "author"),
    [
        (("张三",), "", "张三"),
        (("张三", "李四", "王五"), "", "张三、李四、王五"),
        (tuple(f"记者姓名{n}" for n in "甲乙丙丁"), "", "记者姓名甲、记者姓名乙等"),
        (("一个长得放不下的外国通讯员的名字啊",), "新华社", "新华社"),
        ((), "武山县融媒体中心", "武山县融媒体中心"),
        ((), "来源名字也长得放不进作者这一栏里", "来源名字也长得放不进作者这一栏里"),
        ((), "来源的名字也长得放不进作者这一栏里", "武山融媒"),
    ],
)
def test_the_author_is_whoever_fits(names: tuple[str, ...], source: str, author: str) -> None:
    assert rendered(revision_of(article_of(reporters=names, source=source)))["author"] == author
    assert len(author) <= 16


def test_the_digest_ends_with_a_sentence() -> None:
    digest = rendered(revision_of(article_of(summary="这是一句话。" * 30)))["digest"]
    assert len(digest) <= 120
    assert digest.endswith("。")


def test_a_text_over_the_limit_is_refused_with_the_number() -> None:
    with pytest.raises(Unpublishable) as raised:
        rendered(revision_of(article_of(body=f"<p>{'字' * 25_000}</p>")))
    problem = raised.value.problem
    assert problem.field == "body"
    over = int(re.search(r"by (\d+)", str(problem.remedy)).group(1))  # type: ignore[union-attr]
    assert 5_000 < over < 8_000
    rendered(revision_of(article_of(body=f"<p>{'字' * (25_000 - over)}</p>")))


def test_room_is_kept_for_the_addresses_of_pictures(rehearsal: Rehearsal) -> None:
    image, data = picture()
    rehearsal.media[image.digest] = data
    empty = len(rendered(revision_of(article_of(body="<p></p>", images=[image])))["content"])
    text = f"<p>{'字' * (19_500 - empty)}</p>"
    figure = "".join(article_of(images=[image]).body.partition("<figure")[1:])
    rendered(revision_of(article_of(body=text, images=[image])))
    with pytest.raises(Unpublishable):
        rendered(revision_of(article_of(body=text + figure, images=[image])))


def test_the_marker_is_recognised_again() -> None:
    revision = revision_of(article_of(), 2, id="a12")
    address = rendered(revision)["content_source_url"]
    marker = Marker.of(address)
    assert marker is not None
    assert (marker.name, marker.revision) == (name_of(revision, newsroom_of()), 2)
    assert address.startswith(newsroom_of().permalink(revision) + "#tongfa-a12-")
    assert len(address.encode()) <= 1024
    assert Marker.of(address.replace("#", "#x")) is None
    assert Marker.of("https://example.org/#tongfa-a1") is None
    other = rendered(revision_of(article_of("另一条"), 2, id="a12"))["content_source_url"]
    assert other != address


@pytest.mark.parametrize(
    ("size", "ratio", "wanted"),
    [
        ((1600, 900), 1.0, "0.21875_0_0.78125_1"),
        ((2350, 1000), 2.35, "0_0_1_1"),
        ((1000, 1000), 2.35, "0_0.229787_1_0.655319"),
        ((3000, 1000), 2.35, "0.108333_0_0.891667_1"),
    ],
)
def test_covers_are_cropped_to_their_ratios(size: tuple[int, int], ratio: float, wanted: str) -> None:
    assert crop(*size, ratio) == wanted


def test_the_drawn_cover_is_the_same_everywhere() -> None:
    cover = Cover(None, THEMES["red"])
    assert cover.size == (1410, 600)
    assert cover.data == Cover(None, THEMES["red"]).data
    assert cover.data != Cover(None, THEMES["blue"]).data
    assert cover.problem == ""


@pytest.mark.parametrize("field", ["headline", "body", "source"])
def test_what_cannot_be_shown_is_refused_by_name(field: str) -> None:
    article = article_of().model_copy(update={field: "<p>甲\x08</p>"})
    with pytest.raises(Unpublishable) as raised:
        rendered(revision_of(article))
    assert raised.value.problem.field == field


INLINE = st.recursive(
    st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cn"]), max_size=12).map(escape),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["strong", "em", "sub", "sup"]), inner).map(
            lambda one: f"<{one[0]}>{one[1]}</{one[0]}>"
        ),
        inner.map(lambda one: f'<a href="https://example.org/">{one}</a>'),
        st.lists(inner, max_size=3).map("<br/>".join),
    ),
    max_leaves=5,
)
BLOCK = st.one_of(
    INLINE.map(lambda one: f"<p>{one}</p>"),
    INLINE.map(lambda one: f"<h2>{one}</h2>"),
    INLINE.map(lambda one: f"<blockquote><p>{one}</p></blockquote>"),
    st.tuples(INLINE, INLINE).map(lambda one: f"<ul><li>{one[0]}<ol><li>{one[1]}</li></ol></li></ul>"),
    st.lists(INLINE, min_size=1, max_size=4).map(
        lambda cells: f"<table><tbody><tr>{''.join(f'<td>{one}</td>' for one in cells)}</tr></tbody></table>"
    ),
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(blocks=st.lists(BLOCK, min_size=1, max_size=5), theme=st.sampled_from(sorted(THEMES)))
def test_any_body_obeys_the_rules_and_loses_no_text(blocks: list[str], theme: str) -> None:
    article = article_of(body="".join(blocks))
    rendition = render(revision_of(article), newsroom_of(), Look("武山融媒", THEMES[theme]))
    content = fields_of(rendition)["content"]
    assert list(content_faults(content)) == []
    shown, _ = said(content)
    for block in article.blocks:
        for text in block.itertext():
            assert said(escape(text))[0] in shown
    assert rendition == render(revision_of(article), newsroom_of(), Look("武山融媒", THEMES[theme]))


def test_rendering_takes_no_more_than_in_proportion() -> None:
    """Six times the text takes far less than thirty-six times as long; in this thread's time on the processor, the
    best of three."""
    once, six = (revision_of(article_of(body=(RICH + f"<p>一段{'字' * 60}</p>" * 5) * times)) for times in (1, 6))
    rendered(once)

    def took(revision: Revision) -> float:
        before = time.thread_time()
        rendered(revision)
        return time.thread_time() - before

    assert min(took(six) for _ in range(3)) < 12 * min(took(once) for _ in range(3))


@pytest.mark.parametrize("case", sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.article.json")))
def test_golden(case: str, agreed: Callable[[Path, str], str]) -> None:
    article = Article.model_validate_json((GOLDEN / f"{case}.article.json").read_text())
    came = rendered(revision_of(article))
    written = json.dumps(came, ensure_ascii=False, indent=1)
    assert came == json.loads(agreed(GOLDEN / f"{case}.draft.json", written))


# -- what only a person can do: 创作来源, for what a machine has made -----------------------------------------------


def labelled(rehearsal: Rehearsal, n: int = 1) -> Revision:
    image, data = picture("#5a6f2f", caption="架豆装车")
    rehearsal.media[image.digest] = data
    return revision_of(laden_of(image), id=f"a{n}", at=NOON + timedelta(minutes=n))


def told(delivery: Delivery) -> str:
    return str(delivery.receipt.note) if delivery.receipt is not None else ""


@pytest.mark.parametrize("mode", ["publish", "mass"])
def test_what_has_to_be_declared_by_hand_stands_in_every_receipt(
    setting: Callable[..., Setting], server: Server, mode: str
) -> None:
    channel = Wechat(setting(mode=mode))
    rehearsal = Rehearsal(channel)
    prepared = rehearsal.prepare(rehearsal.delivery(labelled(rehearsal)))
    accepted = rehearsal.release(prepared)
    live = rehearsal.follow(accepted)
    for delivery in (prepared, accepted, live):
        assert "创作来源" in told(delivery)
        assert "武山融媒" in told(delivery)
    gone = rehearsal.withdraw(live.revision)
    assert "创作来源" not in told(gone)
    plain = rehearsal.publish(with_picture(rehearsal, 2))
    assert told(plain) == "None"
    close(channel)


def test_who_presses_the_button_is_told_to_declare_it_first(setting: Callable[..., Setting]) -> None:
    channel = Wechat(setting(mode="draft"))
    rehearsal = Rehearsal(channel)
    live = rehearsal.publish(labelled(rehearsal))
    assert told(live).index("创作来源") < told(live).index("press 发表")
    assert "创作来源" not in told(rehearsal.publish(with_picture(rehearsal, 2)))
    close(channel)


def test_what_wechat_refused_is_told_first(rehearsal: Rehearsal, server: Server) -> None:
    server.wechat.set(APPID, verdict=int(Status.REJECTED))
    delivery = rehearsal.release(rehearsal.prepare(rehearsal.delivery(labelled(rehearsal))))
    found = rehearsal.channel.find(delivery)
    assert found.standing is Standing.STAGED
    assert found.note == REMARKS[Status.REJECTED]


# -- as the engine does ---------------------------------------------------------------------------------------------


def patiently(deed: Callable[[], Receipt]) -> tuple[Receipt | None, bool]:
    """(receipt, False), or (None, whether it may have happened) after the wait that was asked for."""
    try:
        return deed(), False
    except Unavailable as trouble:
        threading.Event().wait(min((trouble.retry_after or timedelta(seconds=0.05)).total_seconds(), 3))
        return None, trouble.sent


def engine_step_patiently(rehearsal: Rehearsal, delivery: Delivery) -> Delivery:
    doubt = False
    for _ in range(40):
        if doubt:
            found, _ = patiently(lambda: rehearsal.channel.find(delivery))
            if found is None:
                continue
            if found.standing in (Standing.ACCEPTED, Standing.LIVE):
                return dataclasses.replace(delivery, receipt=found)
        receipt, sent = patiently(lambda: rehearsal.channel.release(delivery))
        if receipt is not None:
            return dataclasses.replace(delivery, receipt=receipt)
        doubt = doubt or sent
    raise AssertionError("never released")


def follow_patiently(rehearsal: Rehearsal, delivery: Delivery) -> Delivery:
    for _ in range(400):
        if delivery.receipt is not None and delivery.receipt.standing is Standing.LIVE:
            return delivery
        threading.Event().wait(0.02)
        found, _ = patiently(partial(rehearsal.channel.find, delivery))
        delivery = dataclasses.replace(delivery, receipt=found or delivery.receipt)
    raise AssertionError(f"never live: {delivery.receipt}")
