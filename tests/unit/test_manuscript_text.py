"""Plain text, and the lines that carry a manuscript's fields: credits, series, 编者按, what a web page adds."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.article import Article
from pipeline.article.credit import PEOPLE, Duty
from pipeline.manuscript import read
from pipeline.manuscript.credits import said
from tests.unit.manuscripts import article_of, assert_canonical, problems_of, written

TEXT = "武山架豆上市\n{}\n　　正文一。\n　　正文二。\n"


def fields_of(article: Article) -> dict[str, object]:
    """What is not empty: persons by their duty, and the other fields but headline and body."""
    others = article.model_dump(exclude_defaults=True, exclude={"headline", "body", "credits"})
    return others | {name: people for name in PEOPLE if (people := getattr(article, name))}


CREDITS = [
    ("（记者 张三 摄影报道）", {"reporters": ("张三",), "photographers": ("张三",)}),
    (
        "(记者 张三 通讯员 李四 文/图)",
        {"reporters": ("张三",), "correspondents": ("李四",), "photographers": ("张三", "李四")},
    ),
    ("（本报记者 张三）", {"reporters": ("张三",)}),
    ("（记者张三 李四）", {"reporters": ("张三", "李四")}),
    (
        "（武山县融媒体中心记者 张三 李四 摄影报道）",
        {"reporters": ("张三", "李四"), "photographers": ("张三", "李四")},
    ),
    ("（武山县融媒体中心 记者 张三）", {"reporters": ("张三",)}),
    ("记者 张三 摄影 李四", {"reporters": ("张三",), "photographers": ("李四",)}),
    ("文图：张三", {"authors": ("张三",), "photographers": ("张三",)}),
    ("文/张三 图/李四", {"authors": ("张三",), "photographers": ("李四",)}),
    ("文：张三　图：李四", {"authors": ("张三",), "photographers": ("李四",)}),
    ("来源：武山县融媒体中心", {"source": "武山县融媒体中心"}),
    ("（来源：武山县融媒体中心）", {"source": "武山县融媒体中心"}),
    ("来　源：武山县融媒体中心", {"source": "武山县融媒体中心"}),
    ("供稿：县农业农村局", {"source": "县农业农村局"}),
    (
        "来源：新华网    责任编辑：张三   审核：李四  签发：王五",
        {"source": "新华网", "editors": ("张三",), "reviewers": ("李四",), "approvers": ("王五",)},
    ),
    ("编辑：张三 | 审核：李四", {"editors": ("张三",), "reviewers": ("李四",)}),
    ("编　辑：张三", {"editors": ("张三",)}),
    ("责编/张三 审核/李四", {"editors": ("张三",), "reviewers": ("李四",)}),
    ("一审：张三 二审：李四 三审：王五", {"reviewers": ("张三", "李四", "王五")}),
    ("(天水在线编辑:马文洁)", {"editors": ("马文洁",)}),
    ("【责任编辑：张三】", {"editors": ("张三",)}),
    ("关键词：脱贫攻坚 四个不摘", {"keywords": ("脱贫攻坚", "四个不摘")}),
    ("2020-01-10 16:18:42  来源：天水日报　作者：张三", {"source": "天水日报", "authors": ("张三",)}),
    (
        "发布时间：2020-01-10 16:18 来源：武山发布 浏览次数：123次 【字体：大 中 小】 [打印本页] [关闭窗口]",
        {"source": "武山发布"},
    ),
]


@pytest.mark.parametrize(("line", "fields"), CREDITS, ids=[line for line, _ in CREDITS])
@pytest.mark.parametrize("place", ["above", "below"])
def test_a_line_of_credits_above_or_below_the_text(
    tmp_path: Path, line: str, fields: dict[str, object], place: str
) -> None:
    text = TEXT.format(line) if place == "above" else f"{TEXT.format('')}{line}\n"
    article = article_of(tmp_path, "a.txt", text)
    assert article.headline == "武山架豆上市"
    assert fields_of(article) == fields
    assert article.body == "<p>正文一。</p><p>正文二。</p>"


NO_CREDITS = [
    "记者在现场看到，架豆长势喜人。",
    "记者：请问今年收成如何？",
    "记者：请介绍一下今年的情况",
    "来源：这是一段很长的话，说的是水的来源，从山里流出来，一直流到村口，灌溉了上千亩的良田和果园",
    "图片来源：国家统计局",
    "活动时间：2020年1月10日",
    "编辑部：昨天开会。",
    "据新华社报道",
    "张三和李四",
]


@pytest.mark.parametrize("line", NO_CREDITS)
def test_what_only_looks_like_credits_stays_in_the_text(tmp_path: Path, line: str) -> None:
    assert said(line) is None
    article = article_of(tmp_path, "a.txt", f"武山架豆上市\n正文一。\n{line}\n")
    assert article.body == f"<p>正文一。</p><p>{line}</p>"
    assert fields_of(article) == {}


def test_credits_in_the_middle_of_the_text_stay_there(tmp_path: Path) -> None:
    article = article_of(tmp_path, "a.txt", "武山架豆上市\n正文一。\n编辑：张三\n正文二。")
    assert article.body == "<p>正文一。</p><p>编辑：张三</p><p>正文二。</p>"
    assert article.editors == ()


def test_credits_that_close_the_last_paragraph_are_taken_off_it(tmp_path: Path) -> None:
    article = article_of(tmp_path, "a.txt", "武山架豆上市\n正文一。\n正文（略）二。（记者 张三 摄影报道）")
    assert article.body == "<p>正文一。</p><p>正文（略）二。</p>"
    assert article.reporters == article.photographers == ("张三",)


def test_the_reporter_in_the_opening_is_noted_and_stays(tmp_path: Path) -> None:
    text = "武山架豆上市\n本报讯（记者 张三）连日来，架豆上市。"
    article = article_of(tmp_path, "a.txt", text)
    assert article.reporters == ("张三",)
    assert article.body == "<p>本报讯（记者 张三）连日来，架豆上市。</p>"


def test_the_date_under_a_notice_is_text_and_the_date_under_its_credits_is_not(tmp_path: Path) -> None:
    notice = article_of(tmp_path, "a.txt", "停水通知\n今日停水。\n武山县供水公司\n2020年1月10日\n编辑：张三")
    assert notice.body == "<p>今日停水。</p><p>武山县供水公司</p><p>2020年1月10日</p>"
    assert notice.editors == ("张三",)
    page = article_of(tmp_path, "a.txt", "停水通知\n2020年1月10日\n今日停水。\n编辑：张三\n2020-01-10")
    assert page.body == "<p>今日停水。</p>"


def test_roles_are_kept_as_they_are_printed_in_their_order(tmp_path: Path) -> None:
    line = "监制：张三 责编：李四 实习记者：王五 制图：县气象局"
    article = article_of(tmp_path, "a.txt", TEXT.format(line))
    assert [(one.role, one.duty, one.everybody) for one in article.credits] == [
        ("监制", Duty.SUPERVISOR, ("张三",)),
        ("责编", Duty.EDITOR, ("李四",)),
        ("实习记者", Duty.REPORTER, ("王五",)),
        ("制图", Duty.PRODUCER, ("县气象局",)),
    ]
    assert article.credits[-1].organisations == ("县气象局",)


def test_of_two_sources_the_first_holds_with_a_notice(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.txt", TEXT.format("来源：武山发布") + "来源：天水日报"))
    assert manuscript.article.source == "武山发布"
    (notice,) = manuscript.notices
    assert "武山发布 and 天水日报" in str(notice.message)


def test_the_labelled_form(tmp_path: Path) -> None:
    article = article_of(
        tmp_path,
        "a.txt",
        "标题：武山架豆上市：又是丰年\n引题：乡镇动态\n副题：小豆荚\n栏目：武山要闻\n系列：走基层（三）\n摘要：一句话。\n"
        "编者按：按语。\n\n正文。",
    )
    assert article.headline == "武山架豆上市：又是丰年"
    assert fields_of(article) == {
        "kicker": "乡镇动态",
        "subhead": "小豆荚",
        "column": "武山要闻",
        "series": "走基层（三）",
        "number": 3,
        "summary": "一句话。",
        "editors_note": "按语。",
    }


@pytest.mark.parametrize(
    "note", ["【编者按】：按语。", "【编者按】按语。", "编者按：按语。", "编者按 按语。", "编者按\n按语。"]
)
def test_an_editors_note_in_its_usual_forms(tmp_path: Path, note: str) -> None:
    article = article_of(tmp_path, "a.txt", TEXT.format(note))
    assert article.editors_note == "按语。"
    assert article.body == "<p>正文一。</p><p>正文二。</p>"


@pytest.mark.parametrize(
    ("line", "number"),
    [("2019年脱贫攻坚奔小康系列报道之三 :", 3), ("走基层系列报道（十二）", 12), ("新春走基层系列之二十一", 21)],
)
def test_a_series_and_its_number(tmp_path: Path, line: str, number: int) -> None:
    article = article_of(tmp_path, "a.txt", TEXT.format(line))
    assert (article.series, article.number) == (line.rstrip(" :"), number)


@pytest.mark.parametrize(
    "title", ["【武山要闻】架豆上市", "【武山要闻】架豆上市(图)", "【 武山要闻 】 架豆上市（组图）"]
)
def test_a_column_before_the_title_and_a_mark_behind_it(tmp_path: Path, title: str) -> None:
    article = article_of(tmp_path, "a.txt", f"{title}\n正文。")
    assert (article.column, article.headline) == ("武山要闻", "架豆上市")


@pytest.mark.parametrize("crumb", ["首页>>新闻中心>>正文", "您所在的位置:首页>>正文", "当前位置：首页 > 新闻 > 正文"])
def test_a_breadcrumb_is_dropped(tmp_path: Path, crumb: str) -> None:
    article = article_of(tmp_path, "a.txt", f"{crumb}\n武山架豆上市\n正文。")
    assert (article.headline, article.body) == ("武山架豆上市", "<p>正文。</p>")


@pytest.mark.parametrize("heading", ["相关新闻", "【相关链接】", "延伸阅读：", "上一篇：架豆丰收", "摄影相关图片"])
def test_related_links_are_dropped_with_a_notice(tmp_path: Path, heading: str) -> None:
    path = written(tmp_path, "a.txt", f"武山架豆上市\n正文。\n{heading}\n别的新闻\n又一条\n责任编辑：张三\n")
    manuscript = read(path)
    assert manuscript.article.body == "<p>正文。</p>"
    assert manuscript.article.editors == ("张三",)
    (notice,) = manuscript.notices
    assert heading.strip("：") in str(notice.message)
    assert str(notice).startswith("a.txt:3: ")


def test_a_title_repeated_above_the_text_is_dropped(tmp_path: Path) -> None:
    article = article_of(tmp_path, "a.txt", "武山架豆  上市\n来源：武山发布\n\n武山架豆 上市\n正文。")
    assert (article.headline, article.body) == ("武山架豆 上市", "<p>正文。</p>")


def test_every_line_is_a_paragraph_and_markup_is_text(tmp_path: Path) -> None:
    article = article_of(tmp_path, "a.txt", "武山架豆上市\n\n　　一 & <b>二</b>。\n\n\n\t三 \n")
    assert article.body == "<p>一 &amp; &lt;b&gt;二&lt;/b&gt;。</p><p>三</p>"
    assert_canonical(article.body)


def test_a_first_line_too_long_for_a_title(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.txt", "武山" * 60 + "\n正文。"))
    assert problem.field == "headline"
    assert "first line" in str(problem.remedy)
