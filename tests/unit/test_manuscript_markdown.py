"""Manuscripts in Markdown: front matter in both languages, its slips, and what Markdown becomes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from pipeline.article.credit import Aigc, Certainty
from pipeline.manuscript import BadManuscript, read
from pipeline.manuscript.dialect import rendered
from pipeline.manuscript.draft import MOST_TOLD, Draft
from tests.unit.manuscripts import article_of, assert_canonical, picture, problems_of, written


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
reporters: [张三, 李四]
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
    assert unfilled == {"images", "banner", "announces", "note_of_column", "aigc", "lead"}, (
        "what no editor writes into a manuscript"
    )


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
    ("Lesson 1:\nhello, world!", "<p>Lesson 1: hello, world!</p>"),
    ("一  \n二", "<p>一<br/>二</p>"),
    ("    缩进的一段。", "<p>缩进的一段。</p>"),
    ("　　缩进的一段。", "<p>缩进的一段。</p>"),
    ("一段。\n---\n二段。", "<p>一段。</p><p>二段。</p>"),
    ("**粗**与*斜*", "<p><strong>粗</strong>与<em>斜</em></p>"),
    ("键入`code`。", "<p>键入code。</p>"),
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
    manuscript = read(written(tmp_path, "a.md", "---\n标题: 武山\n---\n第一段。\n\n他说**好，然后走了。"))
    (notice,) = manuscript.notices
    assert "**" in str(notice.message)
    assert "a.md:6" in str(notice)


# Lines


LONG = (
    "今年以来，青河县坚持以产业发展为抓手，积极引导群众发展特色种植，全县栽植柑橘两万亩，产值达到一点二亿元，"
    "带动三千余户群众增收。"
)


def wrapped(text: str, width: int) -> str:
    """The text broken at a width as editors do it: no mark that closes stands at the beginning of a line."""
    lines, line = [], ""
    for character in text:
        if len(line) >= width and character not in "，。、；：！？”":
            lines.append(line)
            line = ""
        line += character
    return "\n".join([*lines, line])


LINES = [
    pytest.param("一\n二", ["一", "二"], id="short lines"),
    pytest.param("第一段。\n第二段。", ["第一段。", "第二段。"], id="sentences"),
    pytest.param("第一段\n　　第二段", ["第一段", "第二段"], id="an indent"),
    pytest.param("第一段，\n    第二段。", ["第一段，", "第二段。"], id="four spaces"),
    pytest.param("第一段，\n\u00a0\u00a0第二段。", ["第一段，", "第二段。"], id="two hard spaces"),
    pytest.param("他说：“好。”\n说完就走了。", ["他说：“好。”", "说完就走了。"], id="a quotation"),
    pytest.param(
        "提示如下：\n一、看标签；\n二、打热线。", ["提示如下：", "一、看标签；", "二、打热线。"], id="numbers"
    ),
    pytest.param("春眠不觉晓，\n处处闻啼鸟。", ["春眠不觉晓，", "处处闻啼鸟。"], id="verse"),
    pytest.param(f"{LONG}\n{LONG[:-1]}\n{LONG}", [LONG, LONG[:-1], LONG], id="paragraphs, one without its full stop"),
    pytest.param(wrapped(LONG, 20), [LONG], id="broken at twenty"),
    pytest.param(wrapped(LONG, 38), [LONG], id="broken at thirty-eight"),
    pytest.param(f"{wrapped(LONG, 20)}\n\n{wrapped(LONG, 20)}", [LONG, LONG], id="broken, an empty line between"),
    pytest.param(f"{wrapped(LONG, 20)}\n　　{wrapped(LONG, 20)}", [LONG, LONG], id="broken, an indent between"),
    pytest.param(
        "5月1日 上午 开幕式在文化广场举行\n5月1日 下午 农产品展销在东关举行\n5月2日 上午 文艺汇演在剧院举行",
        ["5月1日 上午 开幕式在文化广场举行", "5月1日 下午 农产品展销在东关举行", "5月2日 上午 文艺汇演在剧院举行"],
        id="a programme, whose lines are equally long",
    ),
    pytest.param("> 引文。\n正文。", ["引文。", "正文。"], id="a quotation that does not go on"),
    pytest.param("- 一项\n正文一段。", ["一项", "正文一段。"], id="a list that does not go on"),
    pytest.param("- 一项很长的\n  接着说", ["一项很长的接着说"], id="a list that goes on"),
    pytest.param("第一段。  \n第二段。", ["第一段。", "第二段。"], id="two spaces behind a sentence"),
    pytest.param("<center>图</center>\n正文一。\n正文二。", ["图", "正文一。", "正文二。"], id="below markup"),
    pytest.param("<div>\n正文一。\n正文二。\n</div>", ["正文一。", "正文二。"], id="within markup"),
    pytest.param("~~~~~~~~\n正文一。", ["正文一。"], id="an ornament"),
]


@pytest.mark.parametrize(("text", "paragraphs"), LINES)
def test_lines_that_are_paragraphs_and_lines_that_were_broken(tmp_path: Path, text: str, paragraphs: list[str]) -> None:
    article = article_of(tmp_path, "a.md", f"---\n标题: 武山\n---\n{text}")
    assert [one.replace("\n", "") for one in article.paragraphs()] == paragraphs
    assert_canonical(article.body)


@pytest.mark.parametrize(("text", "paragraphs"), [one for one in LINES if one.id and "broken" in one.id])
def test_broken_lines_of_plain_text_are_joined_too(tmp_path: Path, text: str, paragraphs: list[str]) -> None:
    article = article_of(tmp_path, "a.txt", f"武山架豆上市\n\n{text}")
    assert list(article.paragraphs()) == paragraphs


def test_a_problem_below_a_single_line_end_names_its_own_line(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "---\n标题: 武山\n---\n第一段。\n第二段。\n![](没有.png)\n")
    (problem,) = problems_of(path)
    assert (problem.line, problem.field) == (6, "images")


# Emphasis


EMPHASIS = [
    ("把**“四好农村路”**作为", "<p>把<strong>“四好农村路”</strong>作为</p>"),
    ("**今年计划，**已完成", "<p><strong>今年计划，</strong>已完成</p>"),
    ("他说**“好。”**然后走了。", "<p>他说<strong>“好。”</strong>然后走了。</p>"),
    ("建成**（一期）**工程", "<p>建成<strong>（一期）</strong>工程</p>"),
    ("**“四好”**2024年建成", "<p><strong>“四好”</strong>2024年建成</p>"),
    ("增长**12%**，高于", "<p>增长<strong>12%</strong>，高于</p>"),
    ("共**120**人", "<p>共<strong>120</strong>人</p>"),
    ("这里 ** 加粗 ** 了", "<p>这里 <strong>加粗 </strong>了</p>"),
    ("**第一段。\n第二段。**", "<p><strong>第一段。</strong></p><p><strong>第二段。</strong></p>"),
    ("是*《青河》*和***重点***。", "<p>是<em>《青河》</em>和<strong><em>重点</em></strong>。</p>"),
    ("县长**李某**说", "<p>县长<strong>李某</strong>说</p>"),
    ("张**、李**、王某等", "<p>张**、李**、王某等</p>"),
    ("获奖者张*军、李*明。", "<p>获奖者张*军、李*明。</p>"),
    ("电话138****1234、139****5678。", "<p>电话138****1234、139****5678。</p>"),
    ("编号6205**********1234，6205**********5678", "<p>编号6205**********1234，6205**********5678</p>"),
    ("2*3*4等于24", "<p>2*3*4等于24</p>"),
    ("姓名____电话____", "<p>姓名____电话____</p>"),
    ("文件名 a_b_c 不变", "<p>文件名 a_b_c 不变</p>"),
    (r"转义\*\*不变\*\*", "<p>转义**不变**</p>"),
    ("代码`**x**`不变", "<p>代码**x**不变</p>"),
]


@pytest.mark.parametrize(("text", "body"), EMPHASIS, ids=[text for text, _ in EMPHASIS])
def test_emphasis_beside_chinese_marks_and_asterisks_that_are_none(tmp_path: Path, text: str, body: str) -> None:
    assert body_of(tmp_path, text) == body


def test_asterisks_that_hide_a_name_are_no_forgotten_emphasis(tmp_path: Path) -> None:
    assert not read(written(tmp_path, "a.md", "---\n标题: 武山\n---\n获奖者：张**、李**。")).notices


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    before=st.text("把在的，。：（“青河", max_size=3),
    inside=st.text("今年计划四好农村路“”《》，。！2024%", min_size=1, max_size=8).filter(
        lambda text: text[0] not in "，。！%” 》" and text[-1] not in "“《"
    ),
    after=st.text("作为已，。）2024年x", max_size=3),
)
def test_both_marks_there_are_never_left_in_the_text(before: str, inside: str, after: str) -> None:
    assume(not (inside[-1].isdigit() and after[:1].isdigit()))  # a number of which a part is hidden
    html = rendered([f"甲{before}**{inside}**{after}"], 0, Draft("a.md"))
    assert "*" not in html
    assert inside in html.replace("<strong>", "").replace("</strong>", "")


# What Markdown has besides


def test_footnotes_become_notes(tmp_path: Path) -> None:
    html = rendered(["甲[^1]乙[^注]丙^[随文。]丁[^1]。", "", "[^注]: 第二。", "[^1]: 第**一**。"], 0, Draft("a.md"))
    assert html.count('<sup data-note="1"></sup>') == 2
    assert '<sup data-note="注"></sup>' in html
    assert '<sup data-note="^2"></sup>' in html
    assert '<div data-note="1" data-line="4"><p data-line="4">第<strong>一</strong>。</p>\n</div>' in html
    assert '<p data-note="^2">随文。</p>' in html
    body = body_of(tmp_path, "甲[^1]乙^[随文。]。\n\n[^1]: 第一。")
    assert "甲<sup>" in body
    assert "[1] 第一。" in body
    assert "[2] 随文。" in body


def test_a_note_that_nothing_points_to_and_a_mark_without_a_note_are_told(tmp_path: Path) -> None:
    text = "---\n标题: 武山\n---\n甲[^9]乙。\n\n[^1]: 没有人提到。"
    manuscript = read(written(tmp_path, "a.md", text))
    assert "[^9]" in manuscript.article.body
    assert "没有人提到" in manuscript.article.body
    assert [("[^9]" in str(one), "[^1]" in str(one)) for one in manuscript.notices] == [(True, False), (False, True)]


REST = [
    ("- [x] 完工\n- [ ] 待建", "<ul><li>☑ 完工</li><li>☐ 待建</li></ul>"),
    ("说明：\n|村|亩|\n|-|-|\n|甲|1|\n完了。",
     "<p>说明：</p><table><tbody><tr><th>村</th><th>亩</th></tr><tr><td>甲</td><td>1</td></tr></tbody></table><p>完了。</p>"),
    ("|a|b|\n|-|-|\n|1|2|3|",
     "<table><tbody><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td><td>3</td></tr></tbody></table>"),
    ("1. 加强领导。\n\n说明。\n\n2. 落实责任。", "<p>1. 加强领导。</p><p>说明。</p><p>2. 落实责任。</p>"),
    ("1. 一\n3. 三", "<p>1. 一</p><p>3. 三</p>"),
    ("3) 三\n4) 四", "<p>3) 三</p><p>4) 四</p>"),
    ("[县网][1]和[注]。\n\n[1]: https://a.cn/", '<p><a href="https://a.cn/">县网</a>和[注]。</p>'),
    ("[注]: 数据来自县统计局。", "<p>[注]: 数据来自县统计局。</p>"),
    ("请按<Enter>键，<张三>除外", "<p>请按&lt;Enter&gt;键，&lt;张三&gt;除外</p>"),
    ("前<style>后", "<p>前&lt;style&gt;后</p>"),
    ("#小标题\n\n文。", "<h2>小标题</h2><p>文。</p>"),
    ("＃＃ 小标题\n\n文。", "<h2>小标题</h2><p>文。</p>"),
    ("#青河夜市#开了。", "<p>#青河夜市#开了。</p>"),
    ("地址：东关\\\n乙", "<p>地址：东关<br/>乙</p>"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "body"), REST, ids=[text for text, _ in REST])
def test_tasks_tables_numbers_references_and_tags(tmp_path: Path, text: str, body: str) -> None:
    assert body_of(tmp_path, f"始，终。\n\n{text}") == f"<p>始，终。</p>{body}"


def dropped(folder: Path, text: str) -> list[str]:
    return [line.text for line in read(written(folder, "a.md", text)).reading.dropped]


def test_what_markdown_never_shows_is_told(tmp_path: Path) -> None:
    text = (
        '---\n标题: 武山\n---\n<!-- 此处待核 -->\n\n甲<!--记得改-->乙[丙](https://a.cn/ "悬停")丁~~旧的~~。\n\n'
        "<!--more-->\n\n"
        "[没用]: https://b.cn/\n\n```新闻\n正文。\n```\n"
    )
    assert set(dropped(tmp_path, text)) == {"[没用]: https://b.cn/", "此处待核", "记得改", "悬停", "新闻", "旧的"}


@pytest.mark.parametrize(
    "text", ["正文。\n\n<!-- 没有结束\n\n还有正文。", "正文。\n\n<style>\n\n还有正文。", "<script>\n正文。"]
)
def test_what_would_swallow_the_rest_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    (problem, *_) = problems_of(written(tmp_path, "a.md", f"---\n标题: 武山\n---\n{text}"))
    assert problem.field == "body"
    assert "does not end" in str(problem.message)
    assert problem.line == 4 + text.count("\n", 0, text.index("<"))


def test_lists_too_deep_to_be_read_are_refused(tmp_path: Path) -> None:
    text = "".join(f"{'  ' * depth}- 第{depth}层\n" for depth in range(60))
    problems = problems_of(written(tmp_path, "a.md", f"---\n标题: 武山\n---\n{text}"))
    assert "inside each other" in str(problems[0].message)


@pytest.mark.parametrize(
    ("below", "caption"),
    [
        ("*图为采茶。苏伟 摄*", "图为采茶。苏伟 摄"),
        ("\n*采茶现场*", "采茶现场"),
        ("采茶现场", "采茶现场"),
        ("　　5月6日，采茶开始。", "采茶"),
        ("\n采茶现场在山上。", "采茶"),
    ],
)
def test_the_line_below_a_picture(tmp_path: Path, below: str, caption: str) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    article = article_of(tmp_path, "a.md", f"# 武山\n\n正文一段。\n\n![采茶](a.png)\n{below}\n\n正文又一段。")
    assert article.images[0].caption.rstrip("。").removeprefix("图为") in (caption, "采茶。苏伟 摄")


@pytest.mark.parametrize("alt", ["IMG_2032", "640.jpg", "图片", "image-20240501", "微信图片_20240501"])
def test_the_name_of_a_file_is_no_caption(tmp_path: Path, alt: str) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    article = article_of(tmp_path, "a.md", f"# 武山\n\n正文一段。\n\n![{alt}](a.png)\n\n正文又一段。")
    assert article.images[0].caption == ""


# Front matter as newsrooms and generators write it


def test_every_role_keeps_its_name_and_place(tmp_path: Path) -> None:
    front = (
        "标题: 武山\n记者: 赵文\n实习记者: 苏　伟\n通讯员: 钱立、洛门镇党政办\n作者: 何静\n摄影: 冯涛\n"
        "责编: 周平\n校对: 唐小雨\n"
        "一审: 吴海\n二审: 郑国强\n三审: 韩立军\n签发: 马会兰\n监制: 罗华\n制图: 孙晓燕\n"
    )
    article = article_of(tmp_path, "a.md", f"---\n{front}---\n正文。")
    assert [(credit.role, credit.duty.value) for credit in article.credits] == [
        ("记者", "reporter"),
        ("实习记者", "reporter"),
        ("通讯员", "correspondent"),
        ("作者", "author"),
        ("摄影", "photographer"),
        ("责编", "editor"),
        ("校对", "proofreader"),
        ("一审", "reviewer"),
        ("二审", "reviewer"),
        ("三审", "reviewer"),
        ("签发", "approver"),
        ("监制", "supervisor"),
        ("制图", "producer"),
    ]
    assert article.reporters == ("赵文", "苏伟")
    assert article.correspondents == ("钱立",)
    assert article.credits[2].organisations == ("洛门镇党政办",)
    assert article.reviewers == ("吴海", "郑国强", "韩立军")


@pytest.mark.parametrize(
    ("line", "source", "authors"),
    [("供稿: 县农业农村局", "县农业农村局", ()), ("供稿: 张三", "", ("张三",)), ("来源: 青河发布", "青河发布", ())],
)
def test_who_handed_it_in_is_an_office_or_a_person(
    tmp_path: Path, line: str, source: str, authors: tuple[str, ...]
) -> None:
    article = article_of(tmp_path, "a.md", f"---\n标题: 武山\n{line}\n---\n正文。")
    assert (article.source, article.authors) == (source, authors)


AIGC = [
    ("AIGC: 是", Aigc(label=Certainty.IS)),
    ("aigc: 可能", Aigc(label=Certainty.MAY_BE)),
    ("AI生成: 疑似", Aigc(label=Certainty.SUSPECTED)),
    ("AIGC: 否", None),
    ("AIGC: true", Aigc(label=Certainty.IS)),
    (
        ("AIGC:\n  Label: '1'\n  ContentProducer: '001'\n  ProduceID: a1\n  ReservedCode1: x\n"
         "  ContentPropagator: p\n  PropagateID: b\n  ReservedCode2: y"),
        Aigc(label=Certainty.IS, producer="001", produce_id="a1", reserved1="x", propagator="p", propagate_id="b",
             reserved2="y"),
    ),
    ("""AIGC: '{"Label":"2","ProduceID":"a1"}'""", Aigc(label=Certainty.MAY_BE, produce_id="a1")),
    ("""AIGC: '{"AIGC":{"Label":"1"}}'""", Aigc(label=Certainty.IS)),
]  # fmt: skip


@pytest.mark.parametrize(("front", "aigc"), AIGC, ids=[front for front, _ in AIGC])
def test_the_label_of_ai_made_content(tmp_path: Path, front: str, aigc: Aigc | None) -> None:
    assert article_of(tmp_path, "a.md", f"---\n标题: 武山\n{front}\n---\n正文。").aigc == aigc


@pytest.mark.parametrize(
    "front",
    [
        "AIGC: 也许吧",
        "AIGC: [是]",
        "AIGC:\n  Lable: '1'",
        "AIGC: '{\"Label\": {}}'",
        "AIGC: '{'",
        "AIGC:\n  ProduceID: a",
    ],
)
def test_a_label_that_is_none_is_refused_with_its_line(tmp_path: Path, front: str) -> None:
    (problem,) = problems_of(written(tmp_path, "a.md", f"---\n标题: 武山\n{front}\n---\n正文。"))
    assert (problem.field, problem.line) == ("aigc", 3)
    assert "是, 可能 or 否" in str(problem.remedy)


HUGO = """---
title: "青河夜市升级迎客"
date: 2026-05-10T20:30:00+08:00
lastmod: 2026-05-11
draft: true
author: 马会兰
categories: ["要闻"]
tags: ["夜经济", "青河"]
description: 夜市升级，灯火通明。
cover:
  image: a.jpg
  alt: 夜市
slug: night
weight: 3
---

傍晚六点，夜市开了。
"""
TOML = """+++
title = "青河夜市升级迎客"
date = 2026-05-10T20:30:00+08:00
lastmod = 2026-05-11
draft = true
author = "马会兰"
categories = ["要闻"]
tags = ["夜经济", "青河"]
description = "夜市升级，灯火通明。"
slug = "night"
weight = 3

[cover]
image = "a.jpg"
alt = "夜市"
+++

傍晚六点，夜市开了。
"""


@pytest.mark.parametrize(
    "text", [HUGO, TOML, HUGO.removeprefix("---\n")], ids=["YAML", "TOML", "without the first ---"]
)
def test_what_site_generators_write(tmp_path: Path, text: str) -> None:
    manuscript = read(written(tmp_path, "a.md", text))
    article, reading = manuscript.article, manuscript.reading
    assert article.headline == "青河夜市升级迎客"
    assert article.authors == ("马会兰",)
    assert article.keywords == ("夜经济", "青河")
    assert article.summary == "夜市升级，灯火通明。"
    assert article.body == "<p>傍晚六点，夜市开了。</p>"
    assert reading.date.startswith("2026-05-10")
    told = " ".join(line.text for line in reading.dropped)
    assert all(word in told for word in ("lastmod", "要闻", "night", "weight", "a.jpg"))
    assert any("draft" in str(warning.message) for warning in reading.warnings)
    (notice,) = manuscript.notices
    assert "cover" in str(notice.message)


def test_of_two_summaries_the_editors_goes_first(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.md", "---\nexcerpt: 机器的。\n标题: 武山\n摘要: 编辑的。\n---\n正文。"))
    assert manuscript.article.summary == "编辑的。"
    assert [line.text for line in manuscript.reading.dropped] == ["excerpt: 机器的。"]


@pytest.mark.parametrize(
    ("front", "line"), [('title = "武山', 2), ('title = "武山"\nauthor = 张三', 3), ('title = "武山"\ntitle = "又"', 3)]
)
def test_a_slip_in_toml_is_told_with_its_line(tmp_path: Path, front: str, line: int) -> None:
    (problem, *_) = problems_of(written(tmp_path, "a.md", f"+++\n{front}\n+++\n正文。"))
    assert (problem.field, problem.line) == ("front matter", line)


def test_a_slip_in_a_role_is_told_as_in_any_field(tmp_path: Path) -> None:
    (problem, *_) = problems_of(written(tmp_path, "a.md", "---\n标题: 武山\n通讯员：张三\n---\n正文。"))
    assert (problem.line, "half-width colon" in str(problem.remedy)) == (3, True)


def test_a_paragraph_with_a_colon_is_no_front_matter(tmp_path: Path) -> None:
    article = article_of(tmp_path, "a.md", "# 武山\n\n时间: 明天上午，地点在广场。\n\n---\n\n正文。")
    assert "时间: 明天上午，地点在广场。" in article.body


# Every character


PIECES = st.lists(
    st.text("青河县今年，。“”（）a1 *_~`#-[]!^:|>\n　<&\\", max_size=10)
    | st.sampled_from(
        ["**重点**", "\n\n", "\n- 项", "\n1. 一", "\n> 引", "[^1]", "\n\n[^1]: 注文。", "|a|b|\n|-|-|\n|1|2|3|",
         "~~旧~~", "[字](https://a.cn/)", "<b>粗</b>", "<!--注-->", "`码`", "\n```\n块\n```\n", "<Enter>",
         "\n    缩进", "- [x] 办"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PIECES)
def test_every_character_of_markdown_is_in_the_article_or_told(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "a.md", f"---\n标题: 题\n---\n开头一段话。\n\n{text}")
    try:
        manuscript = read(path)
    except BadManuscript:
        return
    body = lxml_html.fragment_fromstring(manuscript.article.body, create_parent="div")
    told = "".join(line.text for line in manuscript.reading.lines)
    kept = Counter("".join(body.itertext()) + told + "".join(image.caption for image in manuscript.article.images))
    written_as = Counter(character for character in text if "\u4e00" <= character <= "\u9fff")
    assert not written_as - kept


@pytest.mark.parametrize(
    ("line", "until"),
    [
        ("头条: 2026-11-28 12:00", "2026-11-28 12:00"),
        ("头条: 至2026年11月28日12时30分", "2026-11-28 12:30"),
        ("头条: 到 2026-11-28 12:00 止", "2026-11-28 12:00"),
        ("lead: until 2026-11-28", "2026-11-28 23:59"),
        ("头条:", ""),
    ],
)
def test_the_front_matter_says_until_when_an_article_leads(tmp_path: Path, line: str, until: str) -> None:
    assert article_of(tmp_path, "a.md", f"---\n标题: 题\n{line}\n---\n\n正文。\n").lead == until


@pytest.mark.parametrize("line", ["头条: 是", "lead: tomorrow", "头条: 2026-13-01"])
def test_a_lead_without_a_moment_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.md").write_text(f"---\n标题: 题\n{line}\n---\n\n正文。\n", encoding="utf-8")
    with pytest.raises(BadManuscript) as bad:
        read(tmp_path / "a.md")
    assert [(problem.field, problem.line) for problem in bad.value.problems] == [("lead", 3)]


@pytest.mark.parametrize(
    ("written_so", "shown", "dropped"),
    [
        ("正文^[注<!--旁-->文]。", "注文", ["旁"]),
        ("正文^[见\\今年\n附件]。", "见\\今年", []),
        ("正文^[用<新>字]。", "用<新>字", []),
        ("<!--旁-->前<!甲乙，后", "前<!甲乙，后", ["旁"]),
        ("前<!甲乙>后", "前<!甲乙>后", []),
        ("<!--旁-->前<a”后", "前<a”后", ["旁"]),
        ("<!--旁-->前<!DOCTYPE 后", "前<!DOCTYPE 后", ["旁"]),
        ("<!--旁-->前<?后", "前<?后", ["旁"]),
        ("<!--旁-->前<a `[中<~后>", "前<a `[中<~后>", ["旁"]),
    ],
)
def test_notes_in_brackets_and_odd_declarations_are_read_like_any_text(
    tmp_path: Path, written_so: str, shown: str, dropped: list[str]
) -> None:
    manuscript = read(written(tmp_path, "a.md", f"---\n标题: 题\n---\n开头一段话。\n\n{written_so}"))
    body = lxml_html.fragment_fromstring(manuscript.article.body, create_parent="div")
    assert shown in "".join(body.itertext())
    assert [line.text for line in manuscript.reading.lines if line.text] == dropped
