"""Half-width punctuation between Chinese characters: asked about, made full-width, or left, as the house wants it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import House
from pipeline.manuscript import Manuscript, read
from pipeline.manuscript.punctuation import mended

MANUSCRIPT = """---
标题: 架豆丰收,农户增收
记者: 张三
编者按: 今年雨水好,长势好。
---

**武山县**,四门镇(含周边)今年种了12,345亩架豆,亩产8,000斤;上午8:30开秤.

网址https://www.example.org/路径,名录 见官网,或写信给a,b@example.org。

| 乡镇 | 说明 |
|---|---|
| 洛门,四门 | 甲:乙 |

- 第一,种好
  - 第二, 卖好
"""


@pytest.fixture
def manuscript(tmp_path: Path) -> Path:
    path = tmp_path / "稿.md"
    path.write_text(MANUSCRIPT, encoding="utf-8")
    return path


def warned(found: Manuscript) -> list[str]:
    return [str(one.message) for one in found.reading.warnings if "half-width" in str(one.message)]


def test_the_reading_asks_and_changes_nothing(manuscript: Path) -> None:
    found = read(manuscript)
    (warning,) = warned(found)
    assert "架豆丰收,农户增收" in warning
    assert "架豆丰收,农户增收" in found.article.headline
    assert "<strong>武山县</strong>,四门镇(含周边)" in found.article.body
    assert read(manuscript, house=House(punctuation="keep")).article == found.article
    assert warned(read(manuscript, house=House(punctuation="keep"))) == []


def test_it_is_mended_everywhere_but_in_figures_times_and_addresses(manuscript: Path) -> None:
    found = read(manuscript, house=House(punctuation="mend"))
    article, body = found.article, found.article.body
    assert article.headline == "架豆丰收，农户增收"
    assert article.editors_note == "今年雨水好，长势好。"
    assert "<strong>武山县</strong>，四门镇（含周边）今年种了12,345亩架豆，亩产8,000斤；上午8:30开秤." in body
    assert "https://www.example.org/路径,名录 见官网，或写信给a,b@example.org。" in body
    assert "洛门，四门" in body
    assert "甲：乙" in body
    assert "第二，卖好" in body
    (told,) = [one for one in found.reading.notices if "made full-width" in str(one.message)]
    assert "架豆丰收,农户增收" in str(told.message)
    assert warned(found) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("他说:“好!”,又说", "他说：“好！”，又说"),
        ("《通知》,请阅", "《通知》，请阅"),
        ("(一)全面推进", "（一）全面推进"),
        ("增长(12%)左右", "增长(12%)左右"),
        ("函数f(甲,乙)的值", "函数f(甲，乙)的值"),
        ("甲(乙", "甲(乙"),
        ("上午8:30,在县城", "上午8:30,在县城"),
        ("用`甲,乙`分开", "用`甲,乙`分开"),
        ("COVID,疫情", "COVID,疫情"),
        ("真的吗?是的", "真的吗？是的"),
        ("四门镇(含周边),今年", "四门镇（含周边），今年"),
        ("𠮷,田", "𠮷，田"),
        ("阿里.买买提", "阿里.买买提"),
    ],
)
def test_only_between_chinese_characters(text: str, wanted: str) -> None:
    assert mended(text) == wanted


@given(st.text("中文,，;:?!()（）“”12ab:/. @`\n"))
def test_mending_touches_nothing_else(text: str) -> None:
    full = str.maketrans(",;:?!()", "，；：？！（）")
    assert mended(text).replace(" ", "").translate(full) == text.replace(" ", "").translate(full)
    assert re.findall("[0-9a-z]+[,:.][0-9a-z]+", mended(text)) == re.findall("[0-9a-z]+[,:.][0-9a-z]+", text)
