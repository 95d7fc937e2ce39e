"""Manuscripts in Markdown: front matter in both languages, its slips, and what Markdown becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.manuscript import read
from pipeline.manuscript.draft import MOST_TOLD
from tests.unit.manuscripts import article_of, assert_canonical, problems_of, written


def body_of(folder: Path, text: str) -> str:
    body = article_of(folder, "a.md", f"---\n标题: 武山\n---\n{text}").body
    assert_canonical(body)
    return body


def test_the_fields_have_chinese_and_english_names(tmp_path: Path) -> None:
    chinese = """---
标题: 武山架豆上市
引题: 引
副标题: 副
短标题: 短
栏目: 武山要闻
系列: 走基层
序号: 十二
编号: demo-1
来源: 武山县融媒体中心
记者: 张三、李四
摄影: 王五
编辑: 赵六
审核: 钱七
签发: 孙八
关键词: 架豆、产业
编者按: 按
摘要: 摘
时间: 2020/1/10 16:18:42
---
正文。
"""
    english = """---
Title: 武山架豆上市
kicker: 引
SUBTITLE: 副
Short-Headline: 短
column: 武山要闻
series: 走基层
number: 12
id: demo-1
source: 武山县融媒体中心
authors: [张三, 李四]
photographer: 王五
editor: 赵六
reviewers: [钱七]
approver: 孙八
tags: [架豆, 产业]
note: 按
summary: 摘
date: 2020-01-10T16:18:42+08:00
---

正文。
"""
    first, second = article_of(tmp_path, "zh.md", chinese), article_of(tmp_path, "en.md", english)
    assert first == second
    unfilled = {name for name, value in first if not value}
    assert unfilled == {"images", "banner", "announces", "note_of_column"}, "what no editor writes into a manuscript"


@pytest.mark.parametrize(
    ("written_as", "names"),
    [
        ("张三", ("张三",)),
        ("张 三、李四", ("张三", "李四")),
        ("张三 李四 王五", ("张三", "李四", "王五")),
        ("张三/李四；王五", ("张三", "李四", "王五")),
        ("[张三, 李四]", ("张三", "李四")),
        ("\n  - 张三\n  - 李四", ("张三", "李四")),
        ("张三、张三", ("张三",)),
        ("John Smith, 张三", ("John Smith", "张三")),
        ("阿依古丽·买买提", ("阿依古丽·买买提",)),
        ("", ()),
        ("~", ()),
        ("[]", ()),
    ],
)
def test_persons_in_a_list_or_in_one_line(tmp_path: Path, written_as: str, names: tuple[str, ...]) -> None:
    article = article_of(tmp_path, "a.md", f"---\n标题: 武山\n记者: {written_as}\n---\n正文。")
    assert article.reporters == names


@pytest.mark.parametrize("value", ["2020", "no", "0755", "1e3", "2020-01-10", "true", "1_000", "12:30:45"])
def test_a_value_stays_the_text_that_was_written(tmp_path: Path, value: str) -> None:
    assert article_of(tmp_path, "a.md", f"---\n标题: {value}\n---\n正文。").headline == value


def test_the_number_comes_from_the_series_unless_it_is_given(tmp_path: Path) -> None:
    front = "标题: 武山\n系列: 走基层（十二）\n"
    assert article_of(tmp_path, "a.md", f"---\n{front}---\n正文。").number == 12
    assert article_of(tmp_path, "a.md", f"---\n{front}序号: 3\n---\n正文。").number == 3


def test_a_note_keeps_its_paragraphs(tmp_path: Path) -> None:
    literal = article_of(tmp_path, "a.md", "---\n标题: 武山\n编者按: |\n  一。\n\n  二。\n---\n正文。")
    assert literal.editors_note == "一。\n二。"


def test_without_front_matter_the_first_heading_is_the_headline(tmp_path: Path) -> None:
    article = article_of(tmp_path, "a.md", "# 武山架豆上市\n\n正文。\n\n## 小标题\n\n正文。")
    assert article.headline == "武山架豆上市"
    assert article.body == "<p>正文。</p><h2>小标题</h2><p>正文。</p>"


def test_a_heading_that_repeats_the_headline_is_dropped(tmp_path: Path) -> None:
    assert body_of(tmp_path, "# 武山\n\n正文。") == "<p>正文。</p>"
    assert body_of(tmp_path, "# 另一个\n\n正文。") == "<h2>另一个</h2><p>正文。</p>"


FRONT = [
    pytest.param("标提: 武山", 2, "标提", "did you mean “标题”?", id="a misspelt field"),
    pytest.param("标题: 武山\nsuorce: x", 3, "suorce", "did you mean “source”?", id="a misspelt English field"),
    pytest.param("标题: 武山\n天气: 晴", 3, "天气", "known are: 标题、引题", id="an unknown field"),
    pytest.param("标题：武山", 2, "headline", "half-width colon and a space", id="a full-width colon"),
    pytest.param("标题:武山", 2, "headline", "half-width colon and a space", id="no space"),
    pytest.param("标题: 武山: 架豆", 2, "front matter", "quotation marks", id="a colon in a value"),
    pytest.param('来源: x\n标题: "武山\n记者: 张三', 3, "front matter", "quotation marks", id="an open quotation"),
    pytest.param("标题: 武山\n\t来源: x", 3, "front matter", "one a line", id="a tab"),
    pytest.param("标题: 武山\n记者: [张三, 李四", 3, "front matter", "one a line", id="an open bracket"),
    pytest.param("标题: 武山\n标题: 架豆", 3, "headline", "keep one of the two", id="a field twice"),
    pytest.param("标题: 武山\ntitle: 架豆", 3, "headline", "keep one of the two", id="a field twice in two languages"),
    pytest.param("标题: 武山\n序号: 零", 3, "number", "序号: 3", id="no number"),
    pytest.param("标题: 武山\n序号: -1", 3, "number", "序号: 3", id="a negative number"),
    pytest.param("标题: 武山\n时间: 明天", 3, "date", "2020-01-10 16:18", id="no date"),
    pytest.param("标题: 武山\n时间: 2020-02-30", 3, "date", "2020-01-10 16:18", id="no day of the calendar"),
    pytest.param("标题: [武山, 架豆]", 2, "headline", "write one value behind “标题: ”", id="a list of titles"),
    pytest.param("标题: 武山\n记者: {甲: 张三}", 3, "reporters", "write one value", id="fields in a field"),
    pytest.param("- 武山", 2, "front matter", "one a line", id="a list, not fields"),
    pytest.param("标题: *武山", 2, "front matter", "quotation marks", id="an undefined alias"),
    pytest.param("标题: ", 2, "headline", "write “标题: …”", id="an empty headline"),
]


@pytest.mark.parametrize(("front", "line", "field", "remedy"), FRONT)
def test_a_slip_in_the_fields_is_told_with_line_and_remedy(
    tmp_path: Path, front: str, line: int, field: str, remedy: str
) -> None:
    path = written(tmp_path, "稿件.md", f"---\n{front}\n---\n正文。")
    problem = problems_of(path)[0]
    assert (problem.file, problem.line, problem.field) == ("稿件.md", line, field)
    assert remedy in str(problem.remedy)
    assert str(problem).startswith(f"稿件.md:{line}: {field}: ")


def test_everything_wrong_is_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "---\n天气: 晴\n序号: 零\n时间: 明天\n---\n\n![](没有.png)\n")
    assert [(problem.line, problem.field) for problem in problems_of(path)] == [
        (2, "天气"),
        (3, "number"),
        (4, "date"),
        (7, "images"),
        (None, "headline"),
        (None, "body"),
    ]


def test_front_matter_must_end(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.md", "\n---\n标题: 武山\n\n正文。"))
    assert (problem.line, problem.field) == (2, "front matter")
    assert "write a line ---" in str(problem.remedy)


def test_lines_are_counted_from_the_top_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "---\n标题: 武山\n---\n\n第一段。\n\n第二段\n![](没有.png)\n")
    (problem,) = problems_of(path)
    assert (problem.line, problem.field) == (8, "images")


def test_no_more_is_told_than_anybody_reads(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "---\n" + "".join(f"x{n}: y\n" for n in range(1000)) + "---\n正文。")
    assert len(problems_of(path)) == MOST_TOLD


BODIES = [
    ("一\n二", "<p>一二</p>"),
    ("one\ntwo", "<p>one two</p>"),
    ("一  \n二", "<p>一<br/>二</p>"),
    ("    缩进的一段。", "<p>缩进的一段。</p>"),
    ("　　缩进的一段。", "<p>缩进的一段。</p>"),
    ("一段。\n---\n二段。", "<p>一段。</p><p>二段。</p>"),
    ("**粗**与*斜*", "<p><strong>粗</strong>与<em>斜</em></p>"),
    ("`code`", "<p>code</p>"),
    ("x<sup>2</sup>", "<p>x<sup>2</sup></p>"),
    ("[县网](https://www.wushan.gov.cn/?a=1&b=2)", '<p><a href="https://www.wushan.gov.cn/?a=1&amp;b=2">县网</a></p>'),
    ("<https://a.cn/>", '<p><a href="https://a.cn/">https://a.cn/</a></p>'),
    ("[写信](mailto:a@example.com)", '<p><a href="mailto:a@example.com">写信</a></p>'),
    ("### 三级", "<h3>三级</h3>"),
    ("##### 五级", "<h3>五级</h3>"),
    ("- 一\n- 二", "<ul><li>一</li><li>二</li></ul>"),
    ("1. 一\n   - 内\n2. 二", "<ol><li>一<ul><li>内</li></ul></li><li>二</li></ol>"),
    ("2019. 年份不丢", "<p>2019. 年份不丢</p>"),
    ("> 引文", "<blockquote><p>引文</p></blockquote>"),
    (
        "|a|b|\n|-|-|\n|1|**2**|",
        "<table><tbody><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><strong>2</strong></td></tr></tbody></table>",
    ),
    ("A & B < C", "<p>A &amp; B &lt; C</p>"),
    ("```\n一\n二\n```", "<p>一<br/>二</p>"),
]


@pytest.mark.parametrize(("text", "body"), BODIES, ids=[text for text, _ in BODIES])
def test_what_markdown_becomes(tmp_path: Path, text: str, body: str) -> None:
    assert body_of(tmp_path, text) == body


def test_markup_in_the_text_is_cleaned(tmp_path: Path) -> None:
    body = body_of(
        tmp_path,
        '<div onclick="x()" style="color:red">块<script>alert(1)</script></div>\n\n'
        '<p class="x">段<iframe src="https://a.cn"></iframe></p>\n\n<a href="javascript:alert(1)">点</a>\n',
    )
    assert body == "<p>块</p><p>段</p><p>点</p>"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "www.a.cn"])
def test_a_link_that_cannot_be_one_loses_its_address_with_a_notice(tmp_path: Path, address: str) -> None:
    manuscript = read(written(tmp_path, "a.md", f"---\n标题: 武山\n---\n[点]({address})"))
    assert manuscript.article.body == "<p>点</p>"
    (notice,) = manuscript.notices
    assert address in str(notice.message)
    assert "https://" in str(notice.remedy)


def test_bold_that_did_not_work_is_noticed(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.md", "---\n标题: 武山\n---\n第一段。\n\n他说**“好。”**然后走了。"))
    (notice,) = manuscript.notices
    assert "**" in str(notice.message)
    assert "a.md:6" in str(notice)
