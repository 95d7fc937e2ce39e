"""The television pages in a real browser: layout, policy, accessibility, print, and the prompter's controls."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from lxml import html as lxml_html

from channels.tv import Television
from pipeline.article import Column, Outlet
from pipeline.channel import Setting
from pipeline.manuscript import read
from pipeline.testing import NOON, MemoryNotebook, Rehearsal, article_of, newsroom_of, opening_of, revision_of
from tests.channels.test_website import serving
from tests.e2e.axe import violations
from tests.e2e.test_pages_beside import checked, said_by_nu

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EXAMPLES = Path(__file__).parents[2] / "examples"
DAY = "/inside/tv/2026-11-24/"
PAGES = {
    "days": "/inside/tv/",
    "rundown": DAY,
    "script": f"{DAY}a2.html",
    "prompter": f"{DAY}prompter.html",
    "gone": f"{DAY}a9.html",
    "opening": f"{DAY}a11.html",
    "series": f"{DAY}a12.html",
}
ANSWERS = {"gone": 410}
WIDTHS = (375, 1280)
NEWS = """
全县重点项目集中开工 总投资12.6亿元｜11月24日，武山县2026年第四季度重点项目集中开工仪式在洛门镇举行，\
共开工项目18个，总投资12.6亿元。｜“我们倒排工期，确保明年6月底前建成投用。”项目负责人张三说。
县医院新门诊楼投用 日接诊量提升30%｜武山县人民医院新门诊楼24日正式投用，建筑面积1.2万㎡，\
日接诊量可达2000人次。｜“看病再也不用排长队了。”县城居民李四说。
气温骤降 我县多措并举保供暖｜受冷空气影响，24日夜间到25日我县气温下降8～10℃，最低气温-6℃。\
供热公司提前启动7×24小时值班，服务热线0938-3421234。｜“室温达到22℃，家里很暖和。”小区住户王五说。
G30连霍高速武山段完成养护｜G30连霍高速武山段50公里路面养护工程全部完工，比计划提前2天。\
｜“路面平整了，跑起来更安全。”货车司机赵六说。
中小学生田径运动会开幕｜全县第22届中小学生田径运动会开幕，来自46所学校的1300多名运动员参加12个大项的比赛。\
｜“我报了800米和4×100米接力。”学生小周说。
"""
"""headline｜text｜speech"""

COLUMN = Column(
    id="xczx",
    name="乡村振兴看武山",
    description="展示武山县乡村振兴的成效",
    keywords=("乡村振兴",),
    note="今年，全县216个村的面貌正在改变。即日起，武山县融媒体中心在网站、电视、微信公众号和客户端同步开设"
    "《乡村振兴看武山》栏目，敬请关注。",
    series="2026年乡村振兴系列报道",
)

browsed = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None or find_spec("axe_playwright_python") is None,
    reason="needs Chromium and the packages playwright and axe-playwright-python",
)


def fill(data: Path, url: str) -> Rehearsal:
    """A day of eight stories as a county's newsroom has it, one moved, one withdrawn, the day after, and a column."""
    options = {"opening": 20, "closing": 15, "url": f"{url}/inside/tv/"}
    outlet = Outlet(id="tv", kind="tv", name="武山新闻", options=options)
    channel = Television(
        Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(outlet, url=url), data=data)
    )
    rehearsal = Rehearsal(channel)
    examples = [read(EXAMPLES / name).article for name in ("jiadou.md", "wushan-sibuzhai.md", "renju.md")]
    made = [
        article_of(headline, body=f"<p>{text}</p><p>{speech}</p>")
        for headline, text, speech in (line.split("｜") for line in NEWS.strip().splitlines())
    ]
    for n, article in enumerate([*examples, *made], 1):
        filed = article.model_copy(update={"column": channel.newsroom.column(article.column).id})
        rehearsal.publish(revision_of(filed, id=f"a{n}", at=NOON + timedelta(minutes=n)))
    rehearsal.publish(revision_of(article_of("撤下的消息"), id="a9", at=NOON + timedelta(minutes=9)))
    channel.move(NOON.date(), "a2", 1, "李四", NOON)
    rehearsal.withdraw(revision_of(article_of("撤下的消息"), id="a9", at=NOON + timedelta(minutes=9)), "数据有误")
    rehearsal.publish(revision_of(article_of("明天的消息"), id="a10", at=NOON + timedelta(hours=8)))
    rehearsal.publish(revision_of(opening_of(COLUMN), id="a11", at=NOON + timedelta(minutes=11)))
    numbered = article_of(
        "洛门镇蔬菜订单签到年底",
        body="<p>洛门镇1.2万亩设施蔬菜的订单已经签到12月底，收购价比去年同期每公斤高出0.6元。</p>",
        column=COLUMN.id,
        series=COLUMN.line(1),
        number=1,
    )
    rehearsal.publish(revision_of(numbered, id="a12", at=NOON + timedelta(minutes=11)))
    return rehearsal


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("tv")
    filled: list[Rehearsal] = []
    with serving(data / "site", lambda _, path, client: filled[0].channel.inside(path, client)) as address:
        filled.append(fill(data, address))
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is there

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Visit:
    """One page opened, and what the browser complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)


Visiting = Callable[..., Visit]


@pytest.fixture
def visit(url: str, browser: Any) -> Iterator[Visiting]:
    contexts = []

    def visit(path: str, width: int = 1280, *, status: int = 200, beside: Any = None, **options: Any) -> Visit:
        context = beside.context if beside else browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        opened = Visit(context.new_page())
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning")
                and f"status of {status}" not in message.text
                and "favicon" not in str(message.location)
                and opened.complaints.append(message.text)
            ),
        )
        answer = opened.page.goto(url + path, wait_until="load")
        assert answer.status == status
        return opened

    yield visit
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def crawled(url: str) -> dict[str, requests.Response]:
    """Every page and paper that can be reached from the programme's first, by its address."""
    found: dict[str, requests.Response] = {}
    ahead = [f"{url}/inside/tv/"]
    while ahead:
        address = ahead.pop()
        if address in found:
            continue
        answer = found[address] = requests.get(address, timeout=30)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            page = lxml_html.document_fromstring(answer.content, base_url=address)
            links = (link.partition("#")[0] for *_, link, _ in page.iterlinks())
            ahead += [one for link in links if (one := urljoin(address, link)).startswith(f"{url}/inside/")]
    return found


def test_every_link_leads_somewhere(crawled: dict[str, requests.Response]) -> None:
    assert len(crawled) > 20
    assert [(address, answer.status_code) for address, answer in crawled.items() if answer.status_code != 200] == []


@checked
def test_the_nu_html_checker_finds_no_error(crawled: dict[str, requests.Response], tmp_path: Path) -> None:
    pages = []
    for number, answer in enumerate(crawled.values()):
        if answer.headers["Content-Type"].startswith("text/html"):
            pages.append(tmp_path / f"{number}.html")
            pages[-1].write_bytes(answer.content)
    assert said_by_nu(*pages) == []


@browsed
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_nothing_complains(visit: Visiting, name: str, width: int) -> None:
    opened = visit(PAGES[name], width, status=ANSWERS.get(name, 200))
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.complaints == []


@browsed
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit: Visiting, name: str) -> None:
    page = visit(PAGES[name], 375, status=ANSWERS.get(name, 200)).page

    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == []


@browsed
def test_an_editor_finds_the_way(visit: Visiting) -> None:
    page = visit("/inside/tv/").page
    page.get_by_role("link", name="2026-11-24").click()
    assert page.get_by_role("heading", level=1).inner_text() == "《武山新闻》串联单"
    assert page.locator(".rundown tbody tr[id]").count() == 10
    assert page.locator(".rundown tbody tr[id]").first.get_attribute("id") == "a2"
    page.get_by_role("link", name="武山县坚持").click()
    assert page.get_by_role("heading", level=1).inner_text() == "《武山新闻》电视新闻播出稿"
    page.get_by_role("link", name="提词").click()
    assert page.url.endswith("prompter.html#a2")
    with page.expect_download() as download:
        page.goto(page.url.partition("/inside/tv/")[0] + PAGES["script"])
        page.get_by_role("link", name="DOCX").click()
    assert download.value.suggested_filename == "a2.docx"


@browsed
def test_paper_gets_the_script_alone(visit: Visiting) -> None:
    page = visit(PAGES["script"]).page
    page.emulate_media(media="print")
    assert page.locator(".bar").is_hidden()
    assert page.locator(".cues").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.sheet')).boxShadow") == "none"


@browsed
def test_paper_gets_all_that_the_prompter_shows(visit: Visiting) -> None:
    """Should the device fail, the anchor reads from paper."""
    page = visit(PAGES["prompter"]).page
    page.emulate_media(media="print")
    assert page.locator(".controls").is_hidden()
    roll = page.locator(".roll")
    assert roll.evaluate("one => getComputedStyle(one).overflowY") == "visible"
    bottom = page.locator(".end").evaluate("one => one.getBoundingClientRect().bottom")
    assert 0 < bottom <= page.evaluate("document.documentElement.scrollHeight")
    assert roll.locator("p:not([class])").first.evaluate("one => getComputedStyle(one).color") == "rgb(0, 0, 0)"


@browsed
def test_a_columns_opening_and_its_first_story(visit: Visiting) -> None:
    page = visit(DAY).page
    assert "开栏" in page.locator("#a11").inner_text()
    page.get_by_role("link", name="《乡村振兴看武山》今日开栏").click()
    assert "从今天起，《武山新闻》推出专栏《乡村振兴看武山》。" in page.locator(".cues .lead").inner_text()
    assert "《乡村振兴看武山》栏目片头" in page.locator(".cues .titles").inner_text()
    page.goto(page.url.replace("a11", "a12"))
    titles = page.locator(".cues .titles").first
    assert "二零二六年" in titles.locator(".read").inner_text()
    assert "2026年乡村振兴系列报道之一" in page.locator(".captions").inner_text()


# -- the prompter ----------------------------------------------------------------------------------------

TOP = "document.querySelector('.roll').scrollTop"
HERE = "document.querySelector('section.here')?.id"


@browsed
def test_the_prompter_runs_and_stops_by_keyboard(visit: Visiting) -> None:
    opened = visit(PAGES["prompter"])
    page = opened.page
    before = page.evaluate(TOP)
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {TOP} > {before + 20}")
    page.keyboard.press("Space")
    assert page.locator("[data-do=run]").get_attribute("aria-pressed") == "false"
    stopped = page.evaluate(TOP)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(TOP) == stopped
    assert opened.complaints == []


@browsed
def test_speed_size_padding_and_mirror(visit: Visiting) -> None:
    page = visit(PAGES["prompter"]).page

    def value(name: str) -> int:
        return int(page.locator(f"[data-set={name}]").input_value())

    speed, size, padding = value("speed"), value("size"), value("padding")
    for key in ("ArrowUp", "+", "]", "m"):
        page.keyboard.press(key)
    assert (value("speed"), value("size"), value("padding")) == (speed + 10, size + 4, padding + 1)
    shown = "parseFloat(getComputedStyle(document.querySelector('.text')).fontSize)"
    assert page.evaluate(shown) == size + 4
    assert "matrix(-1" in page.evaluate("getComputedStyle(document.querySelector('.stage')).transform")
    page.locator("[data-set=size]").fill("120")
    assert page.evaluate(shown) == 120
    page.reload()  # what was set is kept
    assert (page.evaluate(shown), value("speed")) == (120, speed + 10)
    page.keyboard.press("m")
    assert page.evaluate("getComputedStyle(document.querySelector('.stage')).transform") == "none"


@browsed
def test_it_jumps_from_story_to_story(visit: Visiting) -> None:
    page = visit(f"{PAGES['prompter']}#a4").page
    page.wait_for_function(f"() => {HERE} === 'a4'")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {HERE} === 'a5'")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"() => {HERE} === 'a3'")
    page.keyboard.press("Home")
    page.wait_for_function(f"() => {HERE} === 'a2'")  # moved to the first place
    assert page.locator("[data-show=place]").inner_text() == "1/10"
    page.keyboard.press("h")
    assert page.locator(".controls").is_hidden()
    page.keyboard.press("h")
    assert page.locator(".controls").is_visible()


@browsed
def test_windows_keep_in_step(visit: Visiting) -> None:
    first = visit(PAGES["prompter"])
    second = visit(PAGES["prompter"], beside=first.page)
    second.page.set_viewport_size({"width": 700, "height": 500})
    second.page.wait_for_function("() => innerWidth === 700 && document.fonts.status === 'loaded'")
    first.page.bring_to_front()
    first.page.keyboard.press("End")
    first.page.keyboard.press("ArrowUp")
    for opened in (first, second):
        opened.page.wait_for_function("() => document.querySelector('[data-set=speed]').value === '100'")
    place = """() => {
      const roll = document.querySelector(".roll"), line = roll.getBoundingClientRect().top + roll.clientHeight * 0.3;
      return Math.abs([...document.querySelectorAll("section")].at(-1).getBoundingClientRect().top - line) < 3;
    }"""
    second.page.wait_for_function(place)
    assert first.complaints == second.complaints == []


@browsed
def test_pages_work_without_scripts(visit: Visiting) -> None:
    for name, path in PAGES.items():
        opened = visit(path, 375, status=ANSWERS.get(name, 200), java_script_enabled=False)
        assert opened.page.locator("main").inner_text().strip()
        assert opened.complaints == []
