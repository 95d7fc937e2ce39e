"""Articles of WeChat on a telephone, in a real browser: by day, and by night as WeChat's own `mp-darkmode` makes it.

For the night: `npm install mp-darkmode` in the folder of the project, or its `darkmode.min.js` named by MP_DARKMODE.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from channels.wechat import Wechat
from channels.wechat.content.look import THEMES
from pipeline.article import Outlet
from pipeline.channel import Setting
from pipeline.testing import MemoryMedia, MemoryNotebook, article_of, newsroom_of, picture, revision_of
from tests.channels.test_wechat import RICH
from tests.e2e.test_website_pages import browsed, browser

__all__ = ["browser"]

ROOT = Path(__file__).parents[2]
DARKMODE = Path(os.environ.get("MP_DARKMODE", ROOT / "node_modules" / "mp-darkmode" / "dist" / "darkmode.min.js"))
PHONE = {"width": 375, "height": 812}
ADDRESS = "https://www.example.org/zhengwu/baoming/2026/11/26/index.html?from=wechat&id=123456789"
HEADS = ("乡镇", "种植面积（亩）", "产量（吨）", "产值（万元）", "合作社（个）", "农户（户）", "同比增长")
FIGURES = ("城关镇", "12,345.67", "8,901.23", "23,456.78", "128", "10,234", "+12.34%")


def table(*rows: tuple[str, ...]) -> str:
    cells = [
        "".join(f"<{'td' if n else 'th'}>{one}</{'td' if n else 'th'}>" for one in row) for n, row in enumerate(rows)
    ]
    return f"<table><tbody>{''.join(f'<tr>{one}</tr>' for one in cells)}</tbody></table>"


@pytest.fixture
def phone(browser: Any, tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Opens the preview of a rich article in a theme."""
    pages = []

    def opened(theme: str) -> Any:
        image, data = picture(caption="架豆丰收")
        escaped = ADDRESS.replace("&", "&amp;")
        article = article_of(
            body=f"{RICH}{table(HEADS, FIGURES, FIGURES)}{table(('指标', '今年'), ('面积', '12,345.67亩'))}"
            f"<p>报名请看：{escaped}，请于十一月底前完成。</p>{article_of(images=[image]).body}",
            images=[image], kicker="引题", subhead="副题", number=3, series="系列之三",
            editors_note=f"编者按第一段，介绍乡村振兴的工作。\n第二段，见{ADDRESS}。",
        )  # fmt: skip
        outlet = Outlet(id="wechat", kind="wechat", name="武山融媒", options={"theme": theme})
        newsroom = newsroom_of(outlet)
        channel = Wechat(Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom, data=tmp_path))
        revision = revision_of(article, 2, note="更正说明")
        _, shown = channel.preview(
            revision, channel.render(revision, newsroom), newsroom, MemoryMedia({image.digest: data})
        )
        (tmp_path / "preview.html").write_bytes(shown)
        pages.append(page := browser.new_page(viewport=PHONE))
        page.goto((tmp_path / "preview.html").as_uri())
        return page

    yield opened
    for page in pages:
        page.close()


@browsed
def test_nothing_is_broken_stretched_or_lost_on_a_telephone(phone: Callable[[str], Any]) -> None:
    page = phone("red")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate("[...document.images].every(one => one.complete && one.naturalWidth > 1)")
    lines = page.evaluate(
        """() => [...document.querySelectorAll('td')]
        .filter(one => /^[-+0-9.,%亩]+$/.test(one.textContent)).map(one => {
            const range = document.createRange(); range.selectNodeContents(one);
            return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size })"""
    )
    assert set(lines) == {1}
    wide, narrow = (page.locator("table").nth(place).locator("..") for place in (1, 2))
    scrolls = "one => one.scrollWidth > one.clientWidth + 1"
    assert wide.evaluate(scrolls)
    assert not narrow.evaluate(scrolls)
    gaps = page.evaluate(
        """() => { const found = [];
        for (const line of document.querySelectorAll('main section p')) {
            if (line.querySelector('[style*="inline-block"]')) continue;
            const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT); let before = null;
            while (walker.nextNode()) for (let n = 0; n < walker.currentNode.data.length; n++) {
                const range = document.createRange();
                range.setStart(walker.currentNode, n); range.setEnd(walker.currentNode, n + 1);
                const box = range.getBoundingClientRect();
                if (!box.width) continue;
                if (before && Math.abs(before.top - box.top) < 2)
                    found.push([box.left - before.right, line.textContent]);
                before = box } }
        return found.filter(([gap]) => gap > 8) }"""
    )
    assert gaps == []


@browsed
@pytest.mark.skipif(
    not DARKMODE.is_file(), reason="needs WeChat's mp-darkmode: npm install mp-darkmode, or MP_DARKMODE"
)
@pytest.mark.parametrize("theme", sorted(THEMES))
def test_by_night_grounds_are_dark_and_words_can_be_read(phone: Callable[[str], Any], theme: str) -> None:
    page = phone(theme)
    page.add_style_tag(content="main { background: #191919 !important; color: #a3a3a3 }")
    page.add_script_tag(path=str(DARKMODE))
    page.evaluate(
        "Darkmode.run(document.querySelectorAll('main > section, main > section *'),"
        " {mode: 'dark', needJudgeFirstPage: false})"
    )
    found = page.evaluate(
        """() => { const parts = colour => colour.match(/[0-9.]+/g).map(Number);
        const ground = one => { let under = [25, 25, 25]; const above = [];
            for (let at = one; at; at = at.parentElement) above.unshift(parts(getComputedStyle(at).backgroundColor));
            for (const [r, g, b, a = 1] of above.slice(above.length && 3))
                under = under.map((value, n) => value * (1 - a) + [r, g, b][n] * a);
            return under };
        const light = colour => { const [r, g, b] = colour.map(one => { one /= 255;
            return one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4 });
            return 0.2126 * r + 0.7152 * g + 0.0722 * b };
        const said = [];
        for (const one of document.querySelectorAll('main > section *')) {
            if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
            const under = ground(one), over = parts(getComputedStyle(one).color).slice(0, 3);
            const [low, high] = [light(under), light(over)].sort((a, b) => a - b);
            const contrast = (high + 0.05) / (low + 0.05);
            said.push({text: one.textContent.slice(0, 12), contrast, under: Math.max(...under)}) }
        return said }"""
    )
    assert len(found) > 40
    assert [one for one in found if one["contrast"] < 3.5] == []
    assert [one for one in found if one["under"] > 190] == []
