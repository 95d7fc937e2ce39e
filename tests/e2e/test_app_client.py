"""The app's web client in a real Chromium, reading what the channel writes through the site's own server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from channels.app import App
from pipeline.article import Column, Deed, Outlet, Revision
from pipeline.article.credit import Aigc, Certainty
from pipeline.channel import Setting
from pipeline.testing import (
    LABELS,
    NOON,
    MemoryNotebook,
    Rehearsal,
    article_of,
    laden_of,
    newsroom_of,
    picture,
    revision_of,
)
from tests.channels.test_app import announced, column_of, in_series, renamed, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: the client is not tested")


@dataclass
class World:
    """A newsroom's app as readers meet it."""

    url: str
    root: Path
    rehearsal: Rehearsal
    errors: list[str] = field(default_factory=list)

    def revision(
        self, n: int, *, version: int = 1, note: str = "", area: str = "5.2万亩", shown: bool = True
    ) -> Revision:
        image, data = picture(f"#2f6f{n % 250:02x}", caption="架豆丰收")
        self.rehearsal.media[image.digest] = data
        made = article_of(f"第{n}条消息", images=[image] if shown else [], column="tuopin" if n % 2 else "yaowen")
        made = made.model_copy(update={"body": made.body.replace("5.2万亩", area)})
        return revision_of(made, version, id=f"a{n}", at=NOON + timedelta(minutes=n), note=note)

    def publish(self, revision: Revision) -> None:
        self.rehearsal.release(self.rehearsal.prepare(self.rehearsal.delivery(revision)))

    def open(self, context: BrowserContext, fragment: str = "") -> Page:
        """The client's page, ready, its errors watched."""
        page = context.new_page()
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(f"{self.url}app/{fragment}")
        ready(page)
        return page

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and "ERR_INTERNET_DISCONNECTED" not in text:  # which only a test brings about
            self.errors.append(text)


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]")


def sync(page: Page) -> None:
    """Press refresh, and return when it is done."""
    page.click("#refresh")
    page.wait_for_selector("#refresh:not(.busy)")


def headlines(page: Page) -> list[str]:
    return page.locator(".row .headline").all_text_contents()


def kept(page: Page, pictures: int) -> None:
    """Return when the worker is in charge and so many pictures are kept."""
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.wait_for_function(f"() => caches.open('pictures').then(c => c.keys()).then(k => k.length >= {pictures})")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 375, "height": 812}, locale="zh-CN", timezone_id="Asia/Shanghai", has_touch=True
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with served(tmp_path / "site") as url:
        outlet = Outlet(id="app", kind="app", name="新武山APP", options={"url": f"{url}app/"})
        channel = App(
            Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet, url=url), data=tmp_path)
        )
        world = World(url, tmp_path / "site" / "app", Rehearsal(channel))
        for n in range(1, 4):
            world.publish(world.revision(n))
        yield world
        assert world.errors == []


def test_a_correction_and_a_withdrawal_appear_with_the_next_sync(world: World, context: BrowserContext) -> None:
    page = world.open(context)
    assert page.title() == "新武山APP"
    assert headlines(page) == ["第3条消息", "第2条消息", "第1条消息"]
    expect(page.locator("#tabs a")).to_have_text(["最新", "武山要闻", "脱贫攻坚奔小康", "乡镇动态"])
    page.click("text=第2条消息")
    expect(page.locator("article h1")).to_have_text("第2条消息")
    expect(page.locator("article .body")).to_contain_text("种植面积5.2万亩")
    page.wait_for_function("() => document.querySelector('article img').naturalWidth === 1200")
    assert page.locator(".notice").count() == 0

    world.publish(world.revision(2, version=2, area="5.3万亩", note="种植面积应为5.3万亩"))
    sync(page)
    expect(page.locator(".notice .said")).to_have_text("种植面积应为5.3万亩")
    expect(page.locator("article .body")).to_contain_text("种植面积5.3万亩")
    page.click("#back")
    expect(page.locator(".row:has-text('第2条消息') .mark")).to_have_text("更正")
    assert page.locator(".mark").count() == 1

    page.click("text=第2条消息")
    kept(page, 3)
    world.rehearsal.withdraw(world.revision(2, version=2), "数据有误")
    sync(page)
    expect(page.locator("article h1")).to_have_text("稿件已撤回")
    expect(page.locator(".reason")).to_have_text("撤回原因：数据有误")
    pictures = page.evaluate("() => caches.open('pictures').then(c => c.keys()).then(all => all.map(r => r.url))")
    assert pictures
    assert not [url for url in pictures if "/media/a2/" in url]
    page.click("#back")
    page.wait_for_selector(".rows")
    assert headlines(page) == ["第3条消息", "第1条消息"]


def test_it_works_without_a_network_for_what_it_has_loaded(world: World, context: BrowserContext) -> None:
    page = world.open(context)
    page.click("text=第3条消息")
    page.wait_for_selector("article .body")
    kept(page, 4)
    page.click("#back")
    page.wait_for_selector(".rows")
    context.set_offline(True)
    shutil.rmtree(world.root)  # what could still get through would find nothing
    expect(page.locator("#offline")).to_be_visible()
    page.reload()
    ready(page)
    expect(page.locator("#offline")).to_be_visible()
    assert headlines(page) == ["第3条消息", "第2条消息", "第1条消息"]
    page.wait_for_function("() => document.querySelector('.lead img').naturalWidth === 1200")
    page.click("text=第3条消息")
    expect(page.locator("article .body")).to_contain_text("种植面积5.2万亩")
    page.wait_for_function("() => document.querySelector('article img').naturalWidth === 1200")
    page.click("#back")
    page.click("text=第1条消息")
    expect(page.locator("article h1")).to_have_text("这一页还没有保存")
    page.click("#back")
    page.wait_for_selector(".rows")

    App(world.rehearsal.channel.setting).release(world.rehearsal.delivery(world.revision(3)))
    world.publish(world.revision(4))
    context.set_offline(False)
    # Not every browser tells a page that the network is back: then it is noticed at the next try.
    expect(page.locator(".headline").first).to_have_text("第4条消息", timeout=15_000)
    expect(page.locator("#offline")).to_be_hidden()


def test_it_is_installable(world: World, context: BrowserContext) -> None:
    page = world.open(context)
    page.wait_for_function("() => navigator.serviceWorker.controller")
    devtools = context.new_cdp_session(page)
    manifest = devtools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"] == f"{world.url}app/manifest.webmanifest"
    found = devtools.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [error["errorId"] for error in found if error["errorId"] != "in-incognito"] == []


@pytest.fixture
def column(world: World) -> Column:
    return column_of(world.rehearsal)


def test_a_column_opens_in_a_client_that_is_open(world: World, context: BrowserContext, column: Column) -> None:
    page = world.open(context)
    world.publish(announced(column, 21))
    sync(page)
    expect(page.locator("#toast")).to_have_text("有新栏目开栏")
    expect(page.locator("#tabs a").last).to_have_text("乡村振兴看武山")
    page.click("#tabs >> text=乡村振兴看武山")
    expect(page.locator(".intro h1")).to_have_text("乡村振兴看武山")
    expect(page.locator(".intro .note p")).to_have_text(column.note.split("\n"))
    page.wait_for_function("() => document.querySelector('.intro .banner').naturalWidth === 1200")
    page.wait_for_function(
        "() => caches.open('pictures').then(c => c.keys()).then(k => k.some(r => r.url.includes('/columns/xczx/')))"
    )
    page.click("text=《乡村振兴看武山》今日开栏")
    expect(page.locator("article .banner")).to_have_attribute("alt", "配图")
    page.click("text=进入栏目")
    expect(page.locator("#tabs [aria-current]")).to_have_text("乡村振兴看武山")

    world.publish(announced(renamed(column), 22, Deed.RENAME))
    sync(page)
    expect(page.locator(".intro h1")).to_have_text("和美乡村")
    world.publish(announced(renamed(column).model_copy(update={"closed": "今日收官。"}), 23, Deed.CLOSE))
    sync(page)
    expect(page.locator(".closed")).to_have_text("本栏目已收官今日收官。")
    page.click("#tabs >> text=最新")
    expect(page.locator("#tabs a")).to_have_text(["最新", "武山要闻", "脱贫攻坚奔小康", "乡镇动态"])
    page.click("text=《和美乡村》收官")
    page.click(".facts .column")  # its articles can still be read
    page.wait_for_selector(".intro")
    assert headlines(page) == ["《和美乡村》收官", "栏目更名为《和美乡村》", "《乡村振兴看武山》今日开栏"]

    for n, deed in ((23, Deed.CLOSE), (22, Deed.RENAME), (21, Deed.OPEN)):
        world.rehearsal.withdraw(announced(column, n, deed))
    sync(page)
    expect(page.locator("article h1")).to_have_text("没有这个栏目")
    pictures = page.evaluate("() => caches.open('pictures').then(c => c.keys()).then(all => all.map(r => r.url))")
    assert not [url for url in pictures if "/columns/xczx/" in url or "/a21/" in url]


def test_an_article_leads_through_its_series(world: World, context: BrowserContext, column: Column) -> None:
    world.publish(announced(column, 21))
    series = [in_series(column, 21 + n, n, editors_note=column.note if n == 1 else "") for n in range(1, 23)]
    for one in series:
        world.publish(one)
    world.publish(in_series(column, 50, 1, series="2025年系列报道之一"))  # another series of the column
    for n in (2, 20, 21):
        world.rehearsal.withdraw(series[n - 1], "数据有误" if n == 2 else "")
    page = world.open(context, "#/article/a22")
    expect(page.locator("article .series")).to_have_text("2026年乡村振兴系列报道之一")
    expect(page.locator("article .notes p")).to_have_text(column.note.split("\n"))
    assert page.locator("article > :first-child").get_attribute("class") == "banner"
    expect(page.locator(".around > *")).to_have_text(["系列第2篇已撤回，撤回原因：数据有误", "下一篇第24条消息"])
    page.click(".around a")
    expect(page.locator("article h1")).to_have_text("第24条消息")
    expect(page.locator(".around > *")).to_have_text(
        ["上一篇第22条消息", "系列第2篇已撤回，撤回原因：数据有误", "下一篇第25条消息"]
    )
    page = world.open(context, "#/article/a43")  # number 22: what comes before it stands on the page before
    expect(page.locator(".around > *")).to_have_text(["上一篇第40条消息", "系列第20篇已撤回", "系列第21篇已撤回"])
    kept(page, 1)
    context.set_offline(True)
    page.reload()
    ready(page)
    expect(page.locator(".around a")).to_have_text("上一篇第40条消息")


def laden(world: World, n: int = 9) -> Revision:
    """An article with all that a record can hold, under a banner made by a machine."""
    image, data = picture("#5a6f2f", caption="架豆装车")
    world.rehearsal.media[image.digest] = data
    banner = image.model_copy(update={"alt": "栏目", "aigc": Aigc(label=Certainty.SUSPECTED)})
    return revision_of(laden_of(image, banner=banner), id=f"a{n}", at=NOON + timedelta(minutes=n))


def test_an_article_is_shown_with_all_that_its_record_holds(world: World, context: BrowserContext) -> None:
    world.publish(laden(world))
    page = world.open(context)
    expect(page.locator(".row:has-text('岞山镇') .aigc")).to_have_text("图片由人工智能生成")
    page.click("text=岞山镇架豆喜获丰收")
    expect(page.locator(".body > :first-child")).to_have_text("可能由人工智能生成")
    expect(page.locator("article > .banner + .aigc")).to_have_text("图片疑似由人工智能生成")
    expect(page.locator("figcaption")).to_have_text("架豆装车　图片由人工智能生成")
    expect(page.locator(".body ruby rt")).to_have_text("zuò")
    assert page.locator(".credits span").all_text_contents() == [
        "记者：张三、欧阳四", "通讯员：李五、岞山镇党政办", "航拍：王六", "配音：赵七", "责编：钱八", "校对：孙九",
        "一审：周十", "二审：吴一", "三审：郑二", "签发：冯三", "总监制：陈四",
    ]  # fmt: skip
    page.click("sup a")
    assert page.evaluate("() => document.activeElement.id") == "note-1"
    page.click("#note-1 a")
    assert page.evaluate("() => document.activeElement.textContent") == "[1]"
    assert page.evaluate("() => document.activeElement.closest('sup') !== null")
    assert page.url.endswith("#/article/a9")


def test_a_document_from_before_there_were_credits_names_its_people(world: World, context: BrowserContext) -> None:
    file = world.root / "api/articles/a1.json"
    envelope = json.loads(file.read_text())
    del envelope["credits"]
    file.write_text(json.dumps(envelope))
    page = world.open(context, "#/article/a1")
    assert page.locator(".credits span").all_text_contents() == [
        "记者：记者甲", "摄影：摄影乙", "责任编辑：编辑丙", "审核：审核丁", "签发：签发戊",
    ]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_label_can_be_read_in_every_look(world: World, browser: Browser, scheme: str) -> None:
    world.publish(laden(world))
    context = browser.new_context(viewport={"width": 375, "height": 812}, color_scheme=scheme)
    page = world.open(context, "#/article/a9")
    page.wait_for_selector("article .body")
    for large in (False, True):
        if large:
            page.click("#size")
        for words in (*LABELS, "图片疑似由人工智能生成"):
            expect(page.locator("article").get_by_text(words)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()


def test_lists_are_walked_and_gaps_are_closed(
    world: World, context: BrowserContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    for n in range(4, 51):
        world.publish(world.revision(n, shown=False))
    page = world.open(context)

    def walk() -> list[str]:
        while page.locator(".more button").count():
            before = page.locator(".row").count()
            page.click(".more button")
            page.wait_for_function(f"() => document.querySelectorAll('.row').length > {before}")
        return headlines(page)

    assert len(headlines(page)) == 30
    assert walk() == [f"第{n}条消息" for n in range(50, 0, -1)]
    for n in range(51, 111):
        world.publish(world.revision(n, shown=False))
    world.rehearsal.withdraw(world.revision(5))
    sync(page)
    wanted = [f"第{n}条消息" for n in range(110, 0, -1) if n != 5]
    assert walk() == wanted
    page.click("text=脱贫攻坚奔小康")
    expect(page.locator("#tabs [aria-current]")).to_have_text("脱贫攻坚奔小康")
    page.wait_for_selector("text=第109条消息")
    assert walk() == [f"第{n}条消息" for n in range(109, 0, -2) if n != 5]
    page.click("text=乡镇动态")
    expect(page.locator("main")).to_contain_text("本栏目暂无稿件")


def test_after_the_loss_of_the_sequence_it_starts_over(world: World, context: BrowserContext) -> None:
    page = world.open(context)
    (world.root / "api/changes.json").unlink()
    world.publish(world.revision(2, version=2, note="更正"))
    world.rehearsal.withdraw(world.revision(3))
    sync(page)
    assert headlines(page) == ["第2条消息", "第1条消息"]
    expect(page.locator(".mark")).to_have_count(1)


def test_what_is_no_part_of_an_article_is_not_shown(world: World, context: BrowserContext) -> None:
    file = world.root / "api/articles/a1.json"
    harm = (
        "<img src='x' onerror='alert(1)'><script>alert(2)</script><a href='javascript:alert(3)'>甲</a><iframe></iframe>"
    )
    file.write_text(file.read_text().replace("<p>11月", f"{harm}<p onclick='alert(4)'>11月"))
    page = world.open(context, "#/article/a1")
    page.wait_for_selector("article .body")
    attributes: list[str] = page.locator(".body").evaluate(
        "body => [...body.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.name + a.value))"
    )
    assert not [one for one in attributes if one.startswith("on") or "script" in one]
    assert page.locator(".body :is(script, iframe)").count() == 0
    assert page.locator(".body img").count() == 1
    assert all("Content Security Policy" in error for error in world.errors)  # the server forbids it a second time
    world.errors.clear()


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_nothing_overflows_and_everything_can_be_touched(
    world: World, browser: Browser, width: int, tmp_path: Path
) -> None:
    wide = "".join(f"<th>很长的表头第{n}列</th>" for n in range(12))
    long = world.revision(9)
    long = long.model_copy(update={"article": long.article.model_copy(update={
        "headline": "https://www.example.org/" + "a" * 90,
        "body": long.article.body + f"<table><tbody><tr>{wide}</tr></tbody></table><p>{'W' * 200}</p>",
    })})  # fmt: skip
    column = column_of(world.rehearsal)
    world.publish(announced(column, 21))
    for n in (1, 2):
        world.publish(in_series(column, 21 + n, n))
    world.publish(long)
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme="dark")
    page = world.open(context)

    def fits() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") == width
        small: list[str] = page.evaluate(
            "[...document.querySelectorAll('button, header a, nav a, .row, .ways a')]"
            ".filter(e => e.offsetParent && (e.offsetHeight < 44 || e.offsetWidth < 44)).map(e => e.outerHTML)"
        )
        assert small == []

    fits()
    page.click("#size")
    assert page.locator("#size").get_attribute("aria-pressed") == "true"
    fits()
    page.click(".row >> nth=0")
    page.wait_for_selector("article .body")
    fits()
    page.reload()
    ready(page)
    assert page.locator("#size").get_attribute("aria-pressed") == "true"
    fits()
    for fragment, there in (
        ("column/xczx", ".intro .banner"),
        ("article/a21", ".into a"),
        ("article/a23", ".around a"),
    ):
        page.goto(f"{world.url}app/#/{fragment}")
        page.wait_for_selector(there)
        fits()
    context.close()


def test_by_keyboard_alone(world: World, context: BrowserContext) -> None:
    page = world.open(context)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".row").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("article h1")).to_have_text("第3条消息")
    expect(page.locator("main")).to_be_focused()
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("h1").count() == 1
    names: Callable[[str], list[str]] = lambda selector: page.locator(selector).evaluate_all(  # noqa: E731
        "all => all.map(e => e.getAttribute('aria-label') || e.textContent.trim())"
    )
    assert all(names("button"))
