"""What readers ask and tell, over real HTTP, by a newsroom with the demo's website."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from lxml import html as lxml_html
from starlette.routing import Route

from pipeline.article.feedback import LONGEST_TEXT, Told, page_of, told
from pipeline.article.searching import PAGE
from pipeline.engine import Engine
from pipeline.engine.readers import Readers, forget
from pipeline.newsroom import demo_file, load
from pipeline.record.gate import Wake
from pipeline.record.refusals import Impossible
from pipeline.record.store import Store
from pipeline.rollout import RolloutState
from pipeline.testing import article_of
from pipeline.web.asked import LONGEST_FORM, MOST, WAITING, WITHIN, Asked, Counter, sender_of
from pipeline.web.site import SECURITY, server, site
from tests.engine.commands import until

CONFIG = Path(__file__).parents[2] / "config" / "nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WRONG = {"page": "/2026/11/a1.html", "text": "第二段把“架豆”写成了“架逗”。", "contact": "138-0000-0000"}


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def page(self) -> lxml_html.HtmlElement:
        return lxml_html.document_fromstring(self.body)

    def all(self, selector: str) -> list[lxml_html.HtmlElement]:
        """By names, classes and attributes, one inside the other: `main input`, `.found h2`, `meta[name=robots]`."""
        steps = []
        for one in selector.split():
            name, class_, attribute, value = re.fullmatch(r"(\w*)(?:\.(\w+))?(?:\[(\w+)=(\w+)\])?", one).groups()  # type: ignore[union-attr]
            step = f"//{name or '*'}"
            if class_:
                step += f"[contains(concat(' ', @class, ' '), ' {class_} ')]"
            steps.append(step + (f"[@{attribute}='{value}']" if attribute else ""))
        found: list[lxml_html.HtmlElement] = self.page.xpath("".join(steps))
        return found

    def texts(self, selector: str) -> list[str]:
        return [" ".join(one.text_content().split()) for one in self.all(selector)]


class Site:
    """The website of a newsroom, behind uvicorn on a loopback port; `now` is the counter's clock."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.now = engine, 0.0
        self.messages: list[Wake] = []
        engine.send = self.messages.extend
        asked = self.asked = Asked(lambda: Readers(engine, "website"), Counter(lambda: self.now))
        routes = [Route("/search", asked.search), Route("/feedback", asked.feedback, methods=["GET", "POST"])]
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = server(site(engine.configuration.site, routes=routes))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self.engine.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, b"", headers)

    def post(self, fields: dict[str, str] | bytes, **headers: str) -> Answer:
        body = fields if isinstance(fields, bytes) else urlencode(fields).encode()
        return self._ask("POST", "/feedback", body, {**FORM, **{n.replace("_", "-"): v for n, v in headers.items()}})

    def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request(method, path, body or None, headers)
            answer = line.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())

    def publish(self, headline: str, body: str = "<p>正文一段。</p>") -> str:
        known = self.engine.publish(article_of(headline, body=body), {}, editor="记者甲", channels=["website"])
        self.settle(known.rollout_id)
        return known.article_id

    def settle(self, rollout: str) -> None:
        while self.engine.store.report(rollout).state is not RolloutState.COMPLETE:
            while self.messages:
                self.engine.run(self.messages.pop(0).delivery_id)
            self.engine.sweep()
        self.engine.seal()
        self.engine.index()

    def found(self, question: str, page: str = "") -> list[str]:
        return self.get(f"/search?q={quote(question)}{page}").texts(".found h2")


def opened(database: str, folder: Path) -> Site:
    configuration = load(demo_file(), {"TONGFA_DATA": str(folder / "var"), "TONGFA_DATABASE_URL": database})
    store = Store(database, pace=configuration.pace, locks=folder / "locks")
    store.migrate()
    return Site(Engine(configuration, store))


@pytest.fixture
def here(database: str, tmp_path: Path) -> Iterator[Site]:
    with closing(opened(database, tmp_path)) as here:
        yield here


def test_a_reader_finds_what_is_public(here: Site) -> None:
    known = here.publish("武山县农业保险开始投保", "<p>即日起，<strong>农户</strong>可以在村委会投保。</p>")

    answer = here.get(f"/search?q={quote('农户 投保')}")

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert all(answer.headers[name] == value for name, value in SECURITY.items())
    assert answer.page.get("lang") == "zh-CN"
    assert answer.texts("title") == ["“农户 投保”的搜索结果 - 武山县人民政府"]
    assert [one.get("content") for one in answer.all("meta[name=robots]")] == ["noindex, nofollow"]
    assert answer.texts(".found h2") == ["武山县农业保险开始投保"]
    assert answer.texts(".found p mark") == ["农户", "投保"]
    assert answer.texts(".found h2 mark") == ["投保"]
    assert answer.texts(".count b") == ["1"]
    [link] = answer.all(".found h2 a")
    assert here.get(link.get("href")).status == 200
    assert [one.get("value") for one in answer.all("main input")] == ["农户 投保"]

    article = here.engine.store.revision(known).article.model_copy(update={"body": "<p>城镇职工也可以投保。</p>"})
    here.settle(here.engine.correct(known, article, {}, editor="记者甲").rollout_id)
    assert here.found("农户") == []
    assert here.found("职工") == ["武山县农业保险开始投保"]
    here.settle(here.engine.withdraw(known, reason="误", editor="记者甲").rollout_id)
    assert here.found("职工") == here.found("武山") == []


def test_page_by_page(here: Site) -> None:
    for n in range(PAGE + 2):
        here.engine.publish(article_of(f"第{n}号公告"), {}, editor="记者甲", channels=["website"])
    for n in range(PAGE + 2):
        here.settle(f"r{n + 1}")

    first, second = here.get(f"/search?q={quote('公告')}"), here.get(f"/search?q={quote('公告')}&page=2")
    seen = first.texts(".found h2") + second.texts(".found h2")

    assert sorted(seen) == sorted(f"第{n}号公告" for n in range(PAGE + 2))
    assert first.texts(".count b") == second.texts(".count b") == [str(PAGE + 2)]
    [ahead] = first.all(".pages a")
    assert here.get(ahead.get("href")).body == second.body
    assert second.all("ol.found")[0].get("start") == str(PAGE + 1)
    for beyond in ("3", "50", "999999999999", "-1", "0", "x", "１"):
        assert here.get(f"/search?q={quote('公告')}&page={quote(beyond)}").body in (first.body, second.body)


HOSTILE = [
    "", "%22", "*", "%00", "%ff%fe", "a%0d%0aSet-Cookie:x=1", "%3Cscript%3Ealert(1)%3C/script%3E", "%22%20OR%20%22",
    "%E6%AD%A6%27%3B--", "%F0%9F%8C%BE", "%ED%A0%80", "武".encode().hex(), "%E6%AD%A6" * 700, "%25", "a&q=b",
    "%E2%80%AE",
]  # fmt: skip


@pytest.mark.parametrize("question", HOSTILE)
def test_any_question_is_answered(here: Site, question: str) -> None:
    answer = here.get(f"/search?q={question}")
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.all("main script") == []
    assert len(answer.body) < 20_000


def test_a_reader_tells_what_is_wrong(here: Site) -> None:
    form = here.get("/feedback?page=/2026/11/a1.html")
    assert (form.status, form.headers["Cache-Control"]) == (200, "no-store")
    assert [one.get("value") for one in form.all("input[name=page]")] == ["/2026/11/a1.html"]
    assert "90 天后自动删除" in form.body

    answer = here.post(WRONG)

    assert answer.status == 303
    thanks = here.get(answer.headers["Location"])
    [message] = here.engine.store.told()
    assert (message.page, message.text, message.contact) == tuple(WRONG.values())
    assert thanks.texts(".text b") == [message.reference] == ["f1"]
    assert WRONG["contact"] not in thanks.body
    assert here.post(WRONG).headers["Location"] == answer.headers["Location"], "told twice, it is one message"
    assert here.engine.store.still_open() == here.engine.store.health(here.engine.clock.now()).feedback == 1
    assert here.engine.store.chain().broken is None

    here.engine.store.close_feedback("f1", editor="编辑乙", note="已更正", now=here.engine.clock.now())
    assert here.engine.store.told() == []
    [closed] = here.engine.store.told(closed=True)
    assert (closed.closed_by, closed.note) == ("编辑乙", "已更正")
    for unknown in ("f1", "f2", "a1", "f99999999999999999", ""):
        with pytest.raises(Impossible):
            here.engine.store.close_feedback(unknown, editor="编辑乙", note="", now=here.engine.clock.now())


def test_whom_to_ask_is_forgotten_when_its_time_is_over(here: Site) -> None:
    here.post(WRONG)
    assert forget(here.engine) == 0
    site_ = here.engine.newsroom.site.model_copy(update={"keep_contacts": 0})
    here.engine.newsroom = here.engine.newsroom.model_copy(update={"site": site_})

    assert (forget(here.engine), forget(here.engine)) == (1, 0)

    [message] = here.engine.store.told()
    assert (message.text, message.contact) == (WRONG["text"], "")
    with here.engine.store.reading() as tx:
        left = tx.exec_driver_sql("SELECT data FROM event").scalars().all()
    assert not any("138" in data for data in left), "no event has it either"


BAD = {
    "short": {"text": " \n "},
    "long": {"text": "错" * (LONGEST_TEXT + 1)},
    "contact": {"contact": "1" * 101},
    "robot": {"website": "https://spam.example/"},
}


@pytest.mark.parametrize("trouble", BAD)
def test_what_cannot_be_taken_is_shown_again(here: Site, trouble: str) -> None:
    """Nothing that was typed is lost, and the message tells what to do."""
    fields = {**WRONG, **BAD[trouble]}

    answer = here.post(fields)

    assert answer.status == 422
    assert answer.all("p[role=alert]")
    assert answer.all("textarea")[0].text_content().strip() == fields["text"].strip()
    assert here.engine.store.told() == []


def test_html_and_headers_stay_text(here: Site) -> None:
    text_ = '</textarea><script>alert(1)</script>\r\nSet-Cookie: a=b\r\n\r\n"><img src=x onerror=alert(1)>\u202e\x00'
    fields = {**WRONG, "text": text_, "page": '/"><script>x</script>', "contact": "a\r\nBcc: b@example.org"}

    shown = here.post({**fields, "website": "x"})
    taken = here.post(fields)

    assert shown.all("main script") == shown.all("main img") == []
    assert taken.status == 303
    assert re.fullmatch(r"/feedback\?received=f1", taken.headers["Location"])
    assert "Set-Cookie" not in taken.headers
    [message] = here.engine.store.told()
    assert message.contact == "a Bcc: b@example.org"
    assert "\u202e" not in message.text
    assert "\x00" not in message.text
    assert message.text.startswith("</textarea><script>")
    for crafted in ("f1%0d%0aSet-Cookie:%20a=b", "%3Cb%3E", "f0", "f" + "9" * 30):
        answer = here.get(f"/feedback?received={crafted}")
        assert answer.status == 200
        assert answer.texts("h1") == ["网站找错"]


def test_what_is_no_form_is_refused(here: Site) -> None:
    assert here.post(b"x" * (LONGEST_FORM + 1)).status == 413
    assert here.post(WRONG, Content_Type="multipart/form-data; boundary=x").status == 415
    assert here.post(WRONG, Sec_Fetch_Site="cross-site").status == 403
    assert here.post("text=武".encode()).status == 400
    assert here.post(b"&".join(b"a=%d" % n for n in range(50))).status == 400
    assert here.post(b"").status == 422
    assert here.engine.store.told() == []


def test_one_address_may_tell_so_much_at_a_time(here: Site) -> None:
    for n in range(MOST):
        assert here.post({"text": f"第{n}处有错"}).status == 303
    refused = here.post({**WRONG, "text": "还有一处有错"})
    assert refused.status == 429
    assert int(refused.headers["Retry-After"]) == WITHIN
    assert "还有一处有错" in refused.body
    assert here.post({"text": "别处来的"}, X_Forwarded_For="203.0.113.9, 198.51.100.7").status == 303
    here.now += WITHIN
    assert here.post({**WRONG, "text": "还有一处有错"}).status == 303


def test_everybody_together_may_tell_so_much(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.record.feedback.MOST", 3)
    for n in range(3):
        assert here.post({"text": f"第{n}处有错"}).status == 303
    assert here.post({"text": "第四处有错"}).status == 429


def test_a_record_that_is_away_loses_no_text(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    def away(*_: object, **__: object) -> None:
        raise OperationalError("", {}, Exception("away"))

    for name in ("tell", "found", "announced"):
        monkeypatch.setattr(here.engine.store, name, away)

    answer = here.post(WRONG)

    assert answer.status == 503
    assert WRONG["text"] in answer.all("textarea")[0].text_content()
    assert here.get("/search?q=x").status == 503
    assert here.get("/healthz").status == 200


def test_more_than_can_be_answered_is_told_to_come_again(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks too much at once keeps nobody from the files."""
    go_on, found = threading.Event(), here.engine.store.found

    def slowly(*given: Any, **named: Any) -> Any:
        go_on.wait(60)
        return found(*given, **named)

    monkeypatch.setattr(here.engine.store, "found", slowly)
    with ThreadPoolExecutor(WAITING) as readers:
        asking = [readers.submit(here.get, "/search?q=a") for _ in range(WAITING)]
        until(lambda: here.asked.waiting == WAITING, "readers")
        refused = here.get("/search?q=a")
        assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
        assert here.get("/healthz").status == 200
        go_on.set()
        assert {one.result().status for one in asking} == {200}


def answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def front(here: Site, tmp_path: Path) -> Iterator[int]:
    """The port of a real nginx with the shipped file, in front of the site."""
    if NGINX is None:
        pytest.skip("there is no nginx on this machine")
    with closing(socket.create_server(("127.0.0.1", 0))) as one:
        port = one.getsockname()[1]
    shipped = CONFIG.read_text()
    for pattern, instead in (
        ("/var/cache/nginx", str(tmp_path / "cache")),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("http://serve:8000", here.url),
    ):
        shipped = shipped.replace(pattern, instead)
    temporary = "".join(
        f"{one}_temp_path {tmp_path}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}"
    (tmp_path / "nginx.conf").write_text(f"{main}\nhttp {{ access_log off; {temporary}\n{shipped}}}\n")
    process = subprocess.Popen([NGINX, "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "errors")])
    try:
        until(lambda: answers(port), "nginx")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=10)


def test_behind_the_shipped_nginx(here: Site, front: int) -> None:
    """It keeps no answer, names the reader itself whatever he claims, and takes no huge form."""
    here.publish("武山要闻一则")
    here.port = front

    answer = here.get(f"/search?q={quote('要闻')}")
    assert (answer.status, answer.texts(".found h2")) == (200, ["武山要闻一则"])
    assert answer.headers["X-Cache"] is None
    for n in range(MOST):
        assert here.post({"text": f"第{n}处有错"}, X_Forwarded_For=f"203.0.113.{n}").status == 303
    assert here.post({"text": "还有一处有错"}, X_Forwarded_For="203.0.113.99").status == 429
    assert here.post(b"text=" + b"x" * 40_000).status == 413


@pytest.mark.parametrize(
    ("client", "forwarded", "sender"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("8.8.8.8", "1.1.1.1", "8.8.8.8"),
        ("127.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.2", "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("::1", "2001:db8:1:2:3::4", str(int("20010db800010002", 16))),
        ("testclient", None, "testclient"),
    ],
)
def test_whose_message_it_is(client: str, forwarded: str | None, sender: str) -> None:
    """Only the newsroom's own proxy is believed; of IPv6 a network counts as one."""
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    assert sender_of({"client": (client, 1), "headers": headers}) == sender


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/2026/11/a1.html", "/2026/11/a1.html"),
        ("http://127.0.0.1:8000/yaowen/", "/yaowen/"),
        ("/tuopin/?a=武山", "/tuopin/?a=武山"),
        ("https://elsewhere.example/x", ""),
        ("//elsewhere.example/x", ""),
        ("/\\elsewhere.example", ""),
        ("javascript:alert(1)", ""),
        ("/a\r\nb", ""),
        ("/a b", ""),
        ("/" + "x" * 300, ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_only_a_page_of_the_site_is_named(address: str, path: str) -> None:
    assert page_of(address, "http://127.0.0.1:8000") == path


def test_a_message_keeps_its_lines() -> None:
    message = told({"text": "  一\r\n\r\n\r\n\r\n二\t三\x07 ", "contact": " a \n b "}, "")
    assert message == Told(text="一\n\n二 三", contact="a b")
