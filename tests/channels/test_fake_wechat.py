"""The stand-in for WeChat, held against what is known of the real one: no code of the channel is used here."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image as Pillow

from pipeline.standins.fake_wechat import Server, Settings

APPID, SECRET = "wxstandin", "top-secret"
ROOT = Path(__file__).parents[2]


class Line:
    """A client as simple as can be."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.token = self.ask_token()["access_token"]

    def ask_token(self, **more: Any) -> Any:
        value = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **more}
        return requests.post(f"{self.server.api}stable_token", json=value, timeout=10).json()

    def raw(self, call: str, body: bytes) -> requests.Response:
        return requests.post(f"{self.server.api}{call}?access_token={self.token}", data=body, timeout=10)

    def call(self, call: str, **value: Any) -> Any:
        return self.raw(call, json.dumps(value, ensure_ascii=False).encode()).json()

    def upload(self, call: str, name: str | None, data: bytes, type: str = "image") -> Any:
        url = f"{self.server.api}{call}?access_token={self.token}&type={type}"
        files = {"media": (name, data, "image/jpeg")} if name else {"media": (None, data)}
        return requests.post(url, files=files, timeout=10).json()

    def article(self, **fields: Any) -> dict[str, Any]:
        if not hasattr(self, "thumb"):
            self.thumb = self.upload("material/add_material", "a.jpg", image())["media_id"]
        return {"title": "标题", "content": "<p>内容</p>", "thumb_media_id": self.thumb, **fields}

    def draft(self, **fields: Any) -> str:
        return str(self.call("draft/add", articles=[self.article(**fields)])["media_id"])

    def publish(self, **fields: Any) -> Any:
        publish_id = self.call("freepublish/submit", media_id=self.draft(**fields))["publish_id"]
        return self.call("freepublish/get", publish_id=publish_id)

    def admin(self, method: str, path: str, **value: Any) -> Any:
        return requests.request(method, f"{self.server.url}/admin/{path}", json=value, timeout=10).json()


def image(kind: str = "JPEG", size: tuple[int, int] = (20, 20)) -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", size, "green").save(out, kind)
    return out.getvalue()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server("127.0.0.1", 0, tmp_path, {APPID: Settings(secret=SECRET, name="武山发布")}) as server:
        yield server


@pytest.fixture
def line(server: Server) -> Line:
    return Line(server)


# -- tokens ----------------------------------------------------------------------------------------------------


def test_the_stable_token_stays_until_it_ends_or_is_forced(line: Line) -> None:
    again = line.ask_token()
    assert again["access_token"] == line.token
    assert 7000 < again["expires_in"] <= 7200
    assert line.ask_token(force_refresh=True)["access_token"] != line.token
    assert line.call("draft/batchget", offset=0, count=1)["errcode"] == 40001
    line.token = line.ask_token()["access_token"]
    line.admin("POST", "expire")
    assert line.call("draft/batchget", offset=0, count=1)["errcode"] == 42001
    line.token = ""
    assert line.call("draft/batchget", offset=0, count=1)["errcode"] == 41001


@pytest.mark.parametrize(("more", "code"), [({"appid": "wx0"}, 40013), ({"secret": "no"}, 40125)])
def test_who_may_have_a_token(line: Line, more: dict[str, str], code: int) -> None:
    answer = line.ask_token(**more)
    assert answer["errcode"] == code
    assert re.search(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", answer["errmsg"])


def test_the_ip_list(line: Line) -> None:
    line.admin("PUT", f"settings/{APPID}", ips=["203.0.113.9"])
    answer = line.ask_token()
    assert answer["errcode"] == 40164
    assert "invalid ip 127.0.0.1" in answer["errmsg"]


# -- drafts ------------------------------------------------------------------------------------------------------


def test_the_life_of_a_draft(line: Line) -> None:
    added = line.call("draft/add", articles=[line.article(content_source_url="https://example.org/#m")])
    assert "errcode" not in added
    media_id = added["media_id"]
    (item,) = line.call("draft/get", media_id=media_id)["news_item"]
    assert (item["title"], item["content_source_url"]) == ("标题", "https://example.org/#m")
    assert item["digest"] == "内容"
    assert item["thumb_url"]
    assert line.call("draft/update", media_id=media_id, index=0, articles=[line.article()])["errcode"] == 47001
    assert line.call("draft/update", media_id=media_id, index=0, articles=line.article(title="新"))["errcode"] == 0
    listed = line.call("draft/batchget", offset=0, count=20, no_content=1)
    assert (listed["total_count"], listed["item_count"]) == (1, 1)
    assert "content" not in listed["item"][0]["content"]["news_item"][0]
    assert listed["item"][0]["content"]["news_item"][0]["title"] == "新"
    assert line.call("draft/delete", media_id=media_id)["errcode"] == 0
    assert line.call("draft/get", media_id=media_id)["errcode"] == 40007


def test_the_newest_drafts_stand_first(line: Line) -> None:
    names = [line.draft(title=f"第{n}条") for n in range(25)]
    first = line.call("draft/batchget", offset=0, count=20)
    rest = line.call("draft/batchget", offset=20, count=20)
    assert [one["media_id"] for one in first["item"] + rest["item"]] == names[::-1]
    assert line.call("draft/batchget", offset=0, count=21)["errcode"] == 47001


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": "题" * 33}, 45003),
        ({"author": "者" * 17}, 45110),
        ({"digest": "摘" * 121}, 45004),
        ({"content": "文" * 20_000}, 45002),
        ({"content": "  "}, 44003),
        ({"title": ""}, 44003),
        ({"content": "<p>a</p><script>alert(1)</script>"}, 45166),
        ({"content_source_url": "https://example.org/" + "x" * 1024}, 45005),
        ({"need_open_comment": 1}, 88000),
        ({"thumb_media_id": "unknown"}, 40007),
        ({"pic_crop_1_1": "0_0_1"}, 47001),
        ({"pic_crop_1_1": "0_0_0.12345678_1"}, 47001),
    ],
)
def test_the_limits_of_an_article(line: Line, fields: dict[str, Any], code: int) -> None:
    assert line.call("draft/add", articles=[line.article(**fields)])["errcode"] == code


def pictures(line: Line, count: int) -> dict[str, Any]:
    """The fields of a message of pictures."""
    media_id = line.article()["thumb_media_id"]
    listed = [{"image_media_id": media_id}] * count
    return {"article_type": "newspic", "content": "图注", "image_info": {"image_list": listed}}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"image_info": {"image_list": []}}, 47001),
        ({"image_info": {"image_list": ["x"]}}, 47001),
        ({"image_info": None}, 47001),
        ({"image_info": {"image_list": [{"image_media_id": "unknown"}]}}, 40007),
        ({"content": "<p>图注</p>"}, 45166),
        ({"content": "注" * 1001}, 45002),
        ({"content": " "}, 44003),
        ({"title": "题" * 33}, 45003),
        ({"article_type": "video"}, 47001),
    ],
)
def test_the_limits_of_a_message_of_pictures(line: Line, fields: dict[str, Any], code: int) -> None:
    assert line.call("draft/add", articles=[line.article(**{**pictures(line, 3), **fields})])["errcode"] == code


def test_a_message_of_pictures_is_alone_and_has_twenty_at_most(line: Line) -> None:
    added = line.call("draft/add", articles=[line.article(**pictures(line, 20), content_source_url="https://e.org/#m")])
    (item,) = line.call("draft/get", media_id=added["media_id"])["news_item"]
    assert (item["article_type"], item["content"], len(item["image_info"]["image_list"])) == ("newspic", "图注", 20)
    assert item["content_source_url"] == "https://e.org/#m"
    assert line.call("draft/add", articles=[line.article(**pictures(line, 21))])["errcode"] == 45008
    several = [line.article(**pictures(line, 3)), line.article()]
    assert line.call("draft/add", articles=several)["errcode"] == 47001


def test_what_is_left_of_a_call_is_told_and_costs_nothing(line: Line) -> None:
    def left(call: str) -> Any:
        return line.call("openapi/quota/get", cgi_path=f"/cgi-bin/{call}")

    line.draft()
    assert left("draft/add")["quota"] == {"daily_limit": 1000, "used": 1, "remain": 999}
    assert left("draft/add")["quota"]["used"] == 1
    assert left("no/such")["errcode"] == 76021
    line.admin("PUT", f"settings/{APPID}", may_publish=False)
    assert left("freepublish/submit")["errcode"] == 76022


def test_the_limits_are_taken_to_the_last_character(line: Line) -> None:
    fits = {"title": "题" * 32, "author": "者" * 16, "digest": "摘" * 120, "content": "文" * 19_999}
    assert line.call("draft/add", articles=[line.article(**fits, pic_crop_235_1="0_0.1_1_0.853901")])["media_id"]
    assert line.call("draft/add", articles=[line.article()] * 9)["errcode"] == 45008
    assert line.call("draft/add", articles=[])["errcode"] == 47001
    assert line.raw("draft/add", b"{").json()["errcode"] == 47001


def test_escapes_are_stored_as_they_come(line: Line) -> None:
    body = json.dumps({"articles": [line.article()]}).encode()
    assert b"\\u6807" in body
    media_id = line.raw("draft/add", body).json()["media_id"]
    assert line.call("draft/get", media_id=media_id)["news_item"][0]["title"] == "\\u6807\\u9898"


def test_what_is_stripped_from_a_content(line: Line) -> None:
    own = line.upload("media/uploadimg", "a.jpg", image())["url"]
    media_id = line.draft(
        content=f'<style>p{{}}</style><section id="a" class="b" onclick="c()" style="color:#333"><p>甲</p>'
        f'<img src="{own}"><img src="https://example.org/a.jpg"><a href="https://example.org/">外</a>'
        '<a href="https://mp.weixin.qq.com/s/a">内</a></section>'
    )
    content = line.call("draft/get", media_id=media_id)["news_item"][0]["content"]
    assert "style>" not in content
    assert '<section style="color:#333">' in content
    assert content.count("src=") == 2
    assert f'data-src="{own}"' in content
    assert "example.org" not in content
    assert 'href="https://mp.weixin.qq.com/s/a"' in content


# -- pictures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "type", "name", "data", "code"),
    [
        ("media/uploadimg", "", "a.gif", image("GIF"), 40005),
        ("media/uploadimg", "", "a.jpg", b"no picture", 40005),
        ("media/uploadimg", "", "a.jpg", image("JPEG") + b"\0" * 2**20, 40009),
        ("media/uploadimg", "", None, image(), 41005),
        ("material/add_material", "thumb", "a.png", image("PNG"), 45001),
        ("material/add_material", "thumb", "a.jpg", image() + b"\0" * 65_536, 45001),
        ("material/add_material", "image", "a.webp", image("WEBP"), 40005),
        ("material/add_material", "voice", "a.jpg", image(), 40005),
    ],
)
def test_pictures_are_checked(line: Line, call: str, type: str, name: str | None, data: bytes, code: int) -> None:
    assert line.upload(call, name, data, type)["errcode"] == code


def test_pictures_can_be_seen(line: Line) -> None:
    url = line.upload("media/uploadimg", "a.png", image("PNG"))["url"]
    answer = requests.get(url, timeout=10)
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content == image("PNG")


# -- publishing ------------------------------------------------------------------------------------------------------


def test_a_draft_is_published(line: Line) -> None:
    media_id = line.draft()
    answer = line.raw("freepublish/submit", json.dumps({"media_id": media_id}).encode())
    assert re.search(r'"publish_id": \d{10}', answer.text)
    told = line.call("freepublish/get", publish_id=str(answer.json()["publish_id"]))
    assert (told["publish_status"], told["fail_idx"]) == (0, [])
    (item,) = told["article_detail"]["item"]
    assert item["idx"] == 1
    page = requests.get(item["article_url"], timeout=10)
    assert page.ok
    assert "标题" in page.text
    assert line.call("draft/get", media_id=media_id)["errcode"] == 40007
    article = line.call("freepublish/getarticle", article_id=told["article_id"])
    assert article["news_item"][0]["is_deleted"] is False
    assert line.call("freepublish/batchget", offset=0, count=1)["total_count"] == 1


def test_answers_are_escaped_as_wechat_does(line: Line) -> None:
    publish_id = line.publish()["publish_id"]
    answer = line.raw("freepublish/get", json.dumps({"publish_id": publish_id}).encode())
    assert "http:\\/\\/127.0.0.1" in answer.text


def test_publishing_takes_its_time(line: Line) -> None:
    line.admin("PUT", f"settings/{APPID}", asks=2)
    publish_id = line.call("freepublish/submit", media_id=line.draft())["publish_id"]
    states = [line.call("freepublish/get", publish_id=publish_id)["publish_status"] for _ in range(3)]
    assert states == [1, 1, 0]
    line.admin("PUT", f"settings/{APPID}", asks=0, hold=True)
    publish_id = line.call("freepublish/submit", media_id=line.draft())["publish_id"]
    assert line.call("freepublish/get", publish_id=publish_id)["publish_status"] == 1
    line.admin("POST", "settle")
    assert line.call("freepublish/get", publish_id=publish_id)["publish_status"] == 0


@pytest.mark.parametrize("verdict", [2, 3, 4])
def test_a_refused_draft_stays_one(line: Line, verdict: int) -> None:
    line.admin("PUT", f"settings/{APPID}", verdict=verdict)
    media_id = line.draft()
    publish_id = line.call("freepublish/submit", media_id=media_id)["publish_id"]
    told = line.call("freepublish/get", publish_id=publish_id)
    assert (told["publish_status"], told["fail_idx"]) == (verdict, [1] if verdict in (2, 4) else [])
    assert line.call("draft/get", media_id=media_id)["news_item"]


def test_without_the_right_nothing_is_published(line: Line) -> None:
    line.admin("PUT", f"settings/{APPID}", may_publish=False)
    media_id = line.draft()
    assert line.call("freepublish/submit", media_id=media_id)["errcode"] == 48001
    assert line.call("freepublish/batchget", offset=0, count=1)["errcode"] == 48001


def test_several_articles_of_a_draft_have_an_address_each(line: Line) -> None:
    articles = [line.article(title=f"第{n}条", digest="摘要") for n in (1, 2, 3)]
    media_id = line.call("draft/add", articles=articles)["media_id"]
    items = line.call("draft/get", media_id=media_id)["news_item"]
    assert [(item["title"], item["digest"]) for item in items] == [("第1条", ""), ("第2条", ""), ("第3条", "")]
    assert line.call("draft/update", media_id=media_id, index=1, articles=line.article(title="换"))["errcode"] == 0
    publish_id = line.call("freepublish/submit", media_id=media_id)["publish_id"]
    detail = line.call("freepublish/get", publish_id=publish_id)["article_detail"]
    assert (detail["count"], [item["idx"] for item in detail["item"]]) == (3, [1, 2, 3])
    pages = [requests.get(item["article_url"], timeout=10).text for item in detail["item"]]
    assert [title in page for title, page in zip(("第1条", "换", "第3条"), pages, strict=True)] == [True] * 3
    assert line.call("draft/add", articles=articles * 3)["errcode"] == 45008


def test_a_post_may_link_to_another_one(line: Line) -> None:
    url = line.publish()["article_detail"]["item"][0]["article_url"]
    media_id = line.draft(content=f'<p><a href="{url}">上一篇</a></p>')
    assert f'href="{url}"' in line.call("draft/get", media_id=media_id)["news_item"][0]["content"]


def test_deleting_without_an_index_deletes_all(line: Line) -> None:
    def post() -> Any:
        media_id = line.call("draft/add", articles=[line.article(title=f"第{n}条") for n in (1, 2)])["media_id"]
        publish_id = line.call("freepublish/submit", media_id=media_id)["publish_id"]
        return line.call("freepublish/get", publish_id=publish_id)

    def gone(article_id: str) -> list[bool]:
        items = line.call("freepublish/getarticle", article_id=article_id)["news_item"]
        return [item["is_deleted"] for item in items]

    one, two = post(), post()
    assert line.call("freepublish/delete", article_id=one["article_id"], index=2)["errcode"] == 0
    assert gone(one["article_id"]) == [False, True]
    assert line.call("freepublish/delete", article_id=two["article_id"])["errcode"] == 0
    assert gone(two["article_id"]) == [True, True]
    assert line.call("freepublish/get", publish_id=two["publish_id"])["publish_status"] == 5
    assert line.call("freepublish/batchget", offset=0, count=20)["total_count"] == 1
    page = requests.get(two["article_detail"]["item"][0]["article_url"], timeout=10)
    assert page.status_code == 410
    assert "已被发布者删除" in page.text
    assert line.call("freepublish/delete", article_id="unknown", index=1)["errcode"] == 53600
    assert line.call("freepublish/get", publish_id=1)["errcode"] == 53502


# -- mass messages ----------------------------------------------------------------------------------------------------


def test_a_mass_message_goes_once_for_each_key(line: Line) -> None:
    def send(media_id: str, key: str, everybody: Any = True) -> Any:
        chosen = {"is_to_all": everybody}
        message = {"filter": chosen, "mpnews": {"media_id": media_id}, "msgtype": "mpnews", "clientmsgid": key}
        return line.call("message/mass/sendall", **message)

    media_id = line.draft()
    assert send(media_id, "k", "true")["errcode"] == 40008
    assert send(media_id, "k" * 33)["errcode"] == 45067
    sent = send(media_id, "k")
    assert sent["errcode"] == 0
    again = send(media_id, "k")
    assert (again["errcode"], again["msg_id"]) == (45065, sent["msg_id"])
    assert send(media_id, "other")["errcode"] == 40007
    assert line.call("message/mass/get", msg_id=str(sent["msg_id"]))["msg_status"] == "SEND_SUCCESS"
    assert line.call("message/mass/delete", msg_id=sent["msg_id"], article_idx=1)["errcode"] == 0
    assert line.call("message/mass/get", msg_id=sent["msg_id"])["msg_status"] == "DELETE"
    assert line.call("message/mass/get", msg_id=1)["errcode"] == 40059
    line.admin("PUT", f"settings/{APPID}", messages=1)
    assert send(line.draft(), "next")["errcode"] == 45028


# -- what goes wrong --------------------------------------------------------------------------------------


def test_quotas(line: Line) -> None:
    line.admin("PUT", f"settings/{APPID}", limits={"draft/batchget": 2})
    codes = [line.call("draft/batchget", offset=0, count=1).get("errcode") for _ in range(3)]
    assert codes == [None, None, 45009]


def test_fates_of_the_next_calls(line: Line) -> None:
    line.article()
    line.admin("PUT", "faults", next=["40007@draft/get", "lost@draft/add", "cut", "refused", "slow"], delay=0.01)
    with pytest.raises(requests.exceptions.RequestException):
        line.draft()
    with pytest.raises((requests.exceptions.RequestException, ValueError)):
        line.draft()
    refused = line.raw("draft/batchget", b"{}")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "0")
    assert line.call("draft/batchget", offset=0, count=20)["total_count"] == 2  # both had their effect
    assert line.call("draft/get", media_id="any")["errcode"] == 40007
    line.admin("PUT", "faults", refuse=1.0)
    assert line.raw("draft/batchget", b"{}").status_code == 503


def test_any_code_on_demand(line: Line) -> None:
    for code in (-1, 40164, 45011, 48004, 53503, 61004, 89503):
        line.admin("PUT", "faults", next=[f"{code}@draft/add"])
        assert line.call("draft/add", articles=[line.article()])["errcode"] == code
    assert line.admin("GET", "state")["draft"] == []


# -- events, pages, survival ------------------------------------------------------------------------------


def test_events_are_signed(line: Line, serve_hook: Callable[[], tuple[str, list[tuple[str, bytes]], Any]]) -> None:
    url, heard, arrived = serve_hook()
    line.admin("PUT", f"settings/{APPID}", callback=url, callback_token="tok")
    told = line.publish(title="一")
    assert arrived.wait(10)
    path, body = heard[0]
    query = dict(one.split("=") for one in path.partition("?")[2].split("&"))
    wanted = hashlib.sha1("".join(sorted(["tok", query["timestamp"], query["nonce"]])).encode()).hexdigest()
    assert query["signature"] == wanted
    text = body.decode()
    assert "<Event><![CDATA[PUBLISHJOBFINISH]]></Event><PublishEventInfo>" in text
    assert f"<publish_id>{told['publish_id']}</publish_id><publish_status>0</publish_status>" in text
    assert "<count>1</count><item><idx>1</idx><article_url>" in text


@pytest.fixture
def serve_hook() -> Iterator[Callable[[], tuple[str, list[tuple[str, bytes]], Any]]]:
    import http.server  # noqa: PLC0415
    import threading  # noqa: PLC0415

    heard: list[tuple[str, bytes]] = []
    arrived = threading.Event()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            arrived.set()

        def log_message(self, format: str, *args: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield lambda: (f"http://127.0.0.1:{server.server_port}/hook", heard, arrived)
        server.shutdown()
        thread.join()


def test_people_can_click_through(line: Line) -> None:
    url = line.publish(content='<p style="color:#333333;background-color:#f6f6f6">内容</p>')["article_detail"]["item"][
        0
    ]
    home = requests.get(line.server.url, timeout=10).text
    assert f'href="/mp/{APPID}"' in home
    assert "武山发布" in home
    listed = requests.get(f"{line.server.url}/mp/{APPID}", timeout=10).text
    assert url["article_url"] in listed
    light = requests.get(url["article_url"], timeout=10).text
    dark = requests.get(url["article_url"] + "?dark", timeout=10).text
    assert "color:#333333" in light
    assert "color:#333333" not in dark
    assert 'class="dark"' in dark
    assert requests.get(f"{line.server.url}/s/unknown", timeout=10).status_code == 404


def test_content_cannot_break_out_of_its_page(line: Line) -> None:
    page = line.publish(title="<b>&", author="<i>")["article_detail"]["item"][0]["article_url"]
    text = requests.get(page, timeout=10).text
    assert "&lt;b&gt;&amp;" in text
    assert "<i>" not in text.replace("<i>发", "")


class Process:
    """The stand-in as its users start it."""

    def __init__(self, data: Path, port: int = 0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pipeline.standins.fake_wechat", "--data", str(data), "--port", str(port),
             "--delay", "0"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "FAKE_WECHAT_ACCOUNTS": f"{APPID}:{SECRET}:武山发布"},
        )  # fmt: skip
        assert self._process.stdout is not None
        assert SECRET not in subprocess.run(["ps", "-ww", "-o", "args", "-p", str(self._process.pid)],
                                            capture_output=True, check=True, text=True).stdout  # fmt: skip
        self.server_port = int(self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.api = f"{self.url}/cgi-bin/"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_it_survives_being_killed(tmp_path: Path) -> None:
    first = Process(tmp_path)
    try:
        line = Line(first)  # type: ignore[arg-type]
        told, waiting = line.publish(), line.draft(title="二")
    finally:
        first.kill()
    second = Process(tmp_path, first.server_port)
    try:
        assert line.call("freepublish/getarticle", article_id=told["article_id"])["news_item"][0]["title"] == "标题"
        assert line.call("draft/get", media_id=waiting)["news_item"][0]["title"] == "二"
        assert requests.get(told["article_detail"]["item"][0]["article_url"], timeout=10).ok
    finally:
        second.kill()
