"""A withdrawal reaches caches: a real nginx with the shipped file in front of the real engine, site, feeds and app.

Everything that a reader has asked for is asked for again and again while it is withdrawn, so that the cache has it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.article import served
from pipeline.engine import Engine
from pipeline.newsroom import load
from pipeline.record.gate import Wake
from pipeline.record.report import Report
from pipeline.record.store import Store
from pipeline.rollout import DeliveryState, Pace, RolloutState
from pipeline.testing import article_of, picture
from tests.engine.commands import until
from tests.unit.test_caches import front, soon
from tests.unit.test_site import Answer, Client, running

PURGES = Path("/usr/lib/nginx/modules/ngx_http_cache_purge_module.so")
HEADLINE, WORDS = "青河架豆喜获丰收", "今年收成好得出乎意料"
NEWSROOM = """
[newsroom]
name = "青河县融媒体中心"
short_name = "青河融媒"
tag_authority = "www.qinghe.gov.cn,2020"

[site]
url = "http://127.0.0.1:{port}"
name = "青河县人民政府"
domain = "www.qinghe.gov.cn"
id_code = "6205240001"
organiser = "青河县人民政府办公室"
contact = "0938-0000000"
icp = "陇ICP备00000000号"
police = "甘公网安备00000000000000号"
description = "青河县人民政府门户网站"
{purge}
[[column]]
id = "yaowen"
name = "青河要闻"
description = "重要新闻"
keywords = ["青河县"]

[[channel]]
id = "website"
kind = "website"
name = "县政府网站"
verify = "http"

[[channel]]
id = "feeds"
kind = "feeds"
name = "订阅"
verify = "http"

[[channel]]
id = "app"
kind = "app"
name = "客户端"
verify = "http"
"""
CHANNELS = ("website", "feeds", "app")


class House:
    """A newsroom of one process whose readers all come through nginx."""

    def __init__(self, file: Path, data: Path, port: int) -> None:
        pace = Pace(lead=timedelta(0), wake=timedelta(0), backoff=timedelta(milliseconds=200))
        configuration = load(file, {"TONGFA_DATA": str(data)}).model_copy(update={"pace": pace})
        configuration.data.mkdir()
        self.store = Store(configuration.database, pace=pace, locks=configuration.data / "run/locks")
        self.store.migrate()
        self.site = configuration.site
        self._wakes: list[Wake] = []
        self.engine = Engine(configuration, self.store, send=self._wakes.extend)
        self.get = Client(port)
        self._known: set[str] = set()

    def done(self, rollout: str) -> Report:
        """The rollout, once it has come to its end; readers go on reading all the while."""

        def ended() -> Report | None:
            self.work()
            self.read()
            report = self.store.report(rollout)
            return report if report.state is RolloutState.COMPLETE else None

        return until(ended)

    def work(self) -> None:
        """Whatever is due is done."""
        self.engine.sweep()
        while self._wakes:
            self.engine.run(self._wakes.pop(0).delivery_id)

    def read(self) -> Mapping[str, Answer]:
        """All that is on the site now, and all that ever was, as nginx answers it."""
        files = {
            str(path.relative_to(self.site))
            for path in self.site.rglob("*")
            if path.is_file() and ".staging" not in path.parts
        }
        self._known |= files
        paths = {path for path in self._known if ".gone." not in path and ".moved." not in path}
        paths |= {path.removesuffix("index.html") for path in paths if path.endswith("index.html")}
        for coding in ("gzip, deflate, br", "gzip"):
            for path in paths:
                self.get(f"/{path}", Accept_Encoding=coding)
        return {path: self.get(f"/{path}") for path in sorted(paths)}

    def shows(self, article: str, pictures: list[str]) -> list[str]:
        """Where readers still get anything of the article; `pictures`: how its pictures' files are called."""
        answers = self.read()
        told = [path for path, one in answers.items() if one.status == 200 and WORDS.encode() in one.body]
        named = [path for path in pictures if answers[path].status == 200]
        page = [path for path, one in answers.items() if path.endswith(f"{article}.html") and one.status == 200]
        return [*told, *named, *page]


@contextmanager
def house(folder: Path, *, purge: str = "", module: Path | None = None) -> Iterator[House]:
    with ExitStack() as stack:
        nginx = stack.enter_context(front(folder, purges=module))
        file = folder / "newsroom.toml"
        file.write_text(NEWSROOM.format(port=nginx.port, purge=purge.format(port=nginx.port)), encoding="utf-8")
        made = House(file, folder / "var", nginx.port)
        stack.callback(made.store.close)
        stack.enter_context(running(made.site, port=nginx.behind))
        soon(made.get, "/", 404)
        yield made


def published(house: House) -> tuple[str, list[str]]:
    """An article with a picture, read by everybody; its id, and the files of its pictures."""
    image, data = picture(caption="架豆")
    article = article_of(HEADLINE, images=[image], body=article_of(images=[image]).body + f"<p>{WORDS}。</p>")
    accepted = house.engine.publish(article, {image.digest: data}, editor="记者甲", channels=CHANNELS)
    report = house.done(accepted.rollout_id)
    assert {one.state for one in report.deliveries} == {DeliveryState.VERIFIED}
    assert report.cached_until is None  # nobody could have had anything of it from before
    found = [path for path in house.read() if report.article in path and path.endswith((".jpg", ".webp", ".png"))]
    assert {path.split("/")[0] for path in found} == {f"{report.accepted_at:%Y}", "feeds", "app"}
    for _ in range(2):
        house.read()
    shown = house.shows(report.article, found)
    assert {path.split("/")[0] for path in shown} >= {f"{report.accepted_at:%Y}", "feeds", "app"}
    assert {house.get(f"/{path}")["X-Cache"] for path in shown} <= {"HIT", "REVALIDATED", "EXPIRED"}
    return report.article, found


def gone(house: House, article: str, pictures: list[str]) -> None:
    """Whoever asks gets nothing of it, and is told of the page that it was withdrawn."""
    assert house.shows(article, pictures) == []
    (page,) = [path for path in house.read() if path.endswith(f"/{article}.html")]
    answer = house.get(f"/{page}")
    assert (answer.status, "撤回" in answer.body.decode()) == (410, True)


def reaches(moment: datetime) -> Callable[[], bool]:
    return lambda: datetime.now(UTC) >= moment


def test_nothing_of_it_is_served_after_the_moment_that_the_report_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "LIFETIME", timedelta(seconds=3))
    with house(tmp_path) as here:
        article, pictures = published(here)
        report = here.done(here.engine.withdraw(article, reason="与事实不符", editor="记者甲").rollout_id)
        assert {one.state for one in report.deliveries} == {DeliveryState.WITHDRAWN}
        assert report.cached_until is not None
        assert report.purged_at is None
        last = [one.released_at for one in report.deliveries if one.released_at]
        assert report.cached_until - max(last) < timedelta(seconds=10)
        until(lambda: (here.read(), reaches(report.cached_until)())[1])
        gone(here, article, pictures)


def test_readers_count_the_same_minute_as_nginx(tmp_path: Path) -> None:
    """Date is the server's own: a cache behind, or a browser, knows how old a copy is."""
    with house(tmp_path) as here:
        here.site.mkdir(parents=True, exist_ok=True)
        (here.site / "a.html").write_text("<!doctype html>")
        first = until(lambda: found if (found := here.get("/a.html")).status == 200 else None)
        waiting = threading.Event()
        until(lambda: waiting.wait(1.1) or True)
        again = here.get("/a.html")
        assert (again["X-Cache"], again["Date"]) == ("HIT", first["Date"])


PURGE = "".join(
    f'[[site.purge]]\nmethod = "GET"\naddress = "http://127.0.0.1:{{port}}/purge/{coding}{{{{path}}}}"\n'
    for coding in ("br", "gzip", "identity")
)


def test_with_a_purge_nothing_of_it_is_served_once_it_is_withdrawn(tmp_path: Path) -> None:
    if not PURGES.exists():
        pytest.skip("nginx has no module to purge its cache")
    with house(tmp_path, purge=PURGE, module=PURGES) as here:
        article, pictures = published(here)
        report = here.done(here.engine.withdraw(article, reason="与事实不符", editor="记者甲").rollout_id)
        assert {one.state for one in report.deliveries} == {DeliveryState.WITHDRAWN}
        gone(here, article, pictures)  # at once, though nginx might have kept it for a minute
        assert report.cached_until is not None
        assert report.purged_at is not None
        assert report.purged_at < report.cached_until
        assert {one.attempts for one in report.deliveries} <= {2, 3}


FAILING = PURGE.replace("/purge/gzip", "").replace('"GET"', '"PURGE"')


@pytest.mark.parametrize(("purge", "field"), [(FAILING, "site.purge"), (PURGE, "verify")])
def test_a_purge_that_fails_is_told_and_nothing_is_lost_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purge: str, field: str
) -> None:
    """Without the module there is nobody who purges: 405 is told as such; 404 may mean that nothing was there to be
    purged, so what is read back decides. The withdrawal ends once the cache has let go by itself."""
    monkeypatch.setattr(served, "LIFETIME", timedelta(seconds=6))
    with house(tmp_path, purge=purge) as here:
        article, pictures = published(here)
        known = here.engine.withdraw(article, reason="与事实不符", editor="记者甲").rollout_id
        told: set[str] = set()

        def ended() -> Report | None:
            report = here.store.report(known)
            told.update(one.error.field for one in report.deliveries if one.error)
            here.work()
            return report if report.state is RolloutState.COMPLETE else None

        report = until(ended)
        assert field in told
        assert {one.state for one in report.deliveries} == {DeliveryState.WITHDRAWN}
        assert report.purged_at is None
        assert report.cached_until is not None
        assert reaches(report.cached_until)()
        gone(here, article, pictures)
        if field == "site.purge":
            assert any("405" in str(one) for one in here.engine.channel("website").figures())
