"""Headings told by their look, as a rule on blocks."""

from __future__ import annotations

import pytest

from pipeline.manuscript.block import Block, Hints, Run
from pipeline.manuscript.headings import headed

TEXT = Hints(font="仿宋_GB2312", size=16)
HEI = Hints(font="黑体", size=16)
KAI = Hints(font="楷体_GB2312", size=16, bold=True)
BOLD = Hints(font="仿宋_GB2312", size=16, bold=True)
LARGE = Hints(font="仿宋_GB2312", size=18)
LONG = "近年来，青河县持续推进农村人居环境整治，群众的获得感不断增强，村庄面貌焕然一新。"


def block(text: str, hints: Hints = TEXT, *, strong: bool = False) -> Block:
    return Block("p", (Run(text, frozenset({"strong"}) if strong else frozenset()),), hints=hints)


def tags(*content: Block) -> list[str]:
    before = [one.text for one in content]
    made = headed(content)
    assert [one.text for one in made] == before
    assert all("strong" not in run.marks for one in made if one.tag != "p" for run in one.runs)
    return [one.tag for one in made]


def test_numbered_headings_in_the_fonts_of_official_papers() -> None:
    content = {
        LONG: (TEXT, "p"),
        "一、抓污水，让河道清起来": (HEI, "h2"),
        "（一）建成管网百余公里": (KAI, "h3"),
        "1.铺设主管网八十公里。": (TEXT, "p"),
        "（二）建成污水处理站九座": (KAI, "h3"),
        "（1）柳林镇三座。": (TEXT, "p"),
        "二、抓保洁，让村庄净起来": (HEI, "h2"),
        "每个村配备两名保洁员。": (TEXT, "p"),
    }
    assert tags(*(block(text, hints) for text, (hints, _) in content.items())) == [tag for _, tag in content.values()]


@pytest.mark.parametrize(
    "hints", [HEI, KAI, BOLD, LARGE, Hints(font="SimHei", size=16), Hints(font="方正小标宋简体", size=16)]
)
@pytest.mark.parametrize(
    "text", ["一、总体要求", "十二、保障措施", "第一章 总则", "第二部分 工作重点", "一、为什么要打疫苗？"]
)
def test_a_numbered_line_that_stands_out_is_a_heading(text: str, hints: Hints) -> None:
    assert tags(block(LONG), block(text, hints), block(LONG)) == ["p", "h2", "p"]


@pytest.mark.parametrize(
    ("text", "hints"),
    [
        ("一、抓污水，让河道清起来。", HEI),
        ("一、时间：", HEI),
        ("一、总体要求", TEXT),
        ("一、" + "长" * 60, HEI),
        ("一、总体要求", Hints(font="黑体", size=16, right=True)),
        ("一、总体要求", Hints(font="黑体", size=16, role="caption")),
        ("一、总体要求", Hints(font="黑体", size=16, box=True)),
        ("一、总体要求", Hints(font="宋体", size=16)),
        ("一、总体要求", Hints(font="仿宋_GB2312", size=16.5)),
    ],
)
def test_sentences_and_lines_like_the_text_are_text(text: str, hints: Hints) -> None:
    assert tags(block(LONG), block(text, hints), block(LONG)) == ["p", "p", "p"]


def test_where_everything_is_bold_nothing_is_a_heading() -> None:
    assert tags(block(LONG, BOLD), block("一、总体要求", BOLD), block(LONG, BOLD)) == ["p", "p", "p"]


def test_only_second_numbers_are_of_the_first_level() -> None:
    assert tags(block(LONG), block("（一）建成管网", KAI), block(LONG)) == ["p", "h2", "p"]


def test_headings_that_have_elements_already_say_the_level() -> None:
    styled = Block("h3", (Run("一、已有样式"),))
    assert tags(block(LONG), styled, block(LONG), block("二、没有样式", HEI), block(LONG)) == [
        "p",
        "h3",
        "p",
        "h3",
        "p",
    ]


def test_lines_without_number_are_headings_if_there_are_several_with_text_below() -> None:
    one, two = block("从荒滩到花海", BOLD), block("从空心村到网红村", BOLD)
    assert tags(block(LONG), one, block(LONG), two, block(LONG)) == ["p", "h2", "p", "h2", "p"]
    assert tags(block(LONG), one, block(LONG)) == ["p", "p", "p"]
    assert tags(one, block(LONG), two, block(LONG)) == ["p"] * 4
    assert tags(block(LONG), one, two, block(LONG)) == ["p"] * 4
    assert tags(block(LONG), one, block(LONG), two) == ["p"] * 4


def test_lines_without_number_below_numbered_ones_are_one_level_deeper() -> None:
    one, two = block("从荒滩到花海", BOLD), block("从空心村到网红村", BOLD)
    content = [block(LONG), block("一、变化", HEI), one, block(LONG), two, block(LONG)]
    assert tags(*content) == ["p", "h2", "h3", "p", "h3", "p"]


@pytest.mark.parametrize(
    "lines",
    [
        ("记者 张三", "通讯员 李四"), ("（记者 张三）", "（李四 摄）"), ("责编：张三", "审核：李四"),
        ("【解说】", "【同期声】"), ("2026年5月1日", "2026年5月2日"),
        ("▲采摘现场", "▲分拣现场"), ("张三 摄", "李四 供图"),
        ("——张三", "——李四"),
    ],
)  # fmt: skip
def test_credits_captions_and_marks_are_no_headings(lines: tuple[str, str]) -> None:
    one, two = (block(line, BOLD) for line in lines)
    assert tags(block(LONG), one, block(LONG), two, block(LONG)) == ["p"] * 5


def test_web_pages_say_it_with_strong() -> None:
    unknown = Hints()
    content = [block(LONG, unknown), block("一、总体要求", unknown, strong=True), block(LONG, unknown)]
    assert tags(*content) == ["p", "h2", "p"]


def test_what_is_no_paragraph_stays_as_it_is() -> None:
    table = Block("table", children=(Block("tr", children=(Block("td", (Run("一、甲"),)),)),))
    note = Block("p", (Run("一、注"),), hints=HEI, note=1)
    lines = Block("p", (Run("一、甲"), Run("\n", frozenset({"br"})), Run("乙")), hints=HEI)
    assert headed([block(LONG), table, note, lines]) == [block(LONG), table, note, lines]
    assert headed([]) == []
