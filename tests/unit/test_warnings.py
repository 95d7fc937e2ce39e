"""What a careful news editor would ask about an article: the right question with its remedy, and none without cause."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.article import Article, House, Image
from pipeline.article.credit import Credit, Duty
from pipeline.article.reading import Line, Reading
from pipeline.channel import Text
from pipeline.manuscript import read
from pipeline.manuscript.warnings import is_no_headline, warnings_of
from pipeline.manuscript.words import Forms, Words, shipped

TODAY = date(2026, 11, 24)
REPORTER = Credit(role="记者", duty=Duty.REPORTER, names=("张三",))
BODY = "<p>架豆喜获丰收，村民喜笑颜开。</p><p>下一步，合作社还要扩种。</p>"
GOOD: dict[str, Any] = {
    "headline": "青河县架豆喜获丰收",
    "body": BODY,
    "source": "青河县融媒体中心",
    "credits": (REPORTER,),
}


def asked(
    *, people: tuple[str, ...] = (), today: date | None = TODAY, reading: Reading | None = None, **fields: Any
) -> list[str]:
    """The questions about a good article with these fields."""
    found = warnings_of(
        Article(**{**GOOD, **fields}), reading or Reading(file="a.md"), house=House(people=people), today=today
    )
    assert all(str(one.remedy) for one in found)
    return [f"{one.field}: {one.message}" for one in found]


def picture(digest: str, caption: str = "") -> Image:
    return Image(digest=digest * 64, media_type="image/png", width=1, height=1, size=1, caption=caption)


def test_nothing_is_asked_about_a_good_article() -> None:
    assert asked() == []
    assert asked(reading=Reading(file="a.md", date="2026-11-20 08:30")) == []


# -- headlines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headline",
    [
        *(
            "送审稿",
            "《送审稿》",
            "新闻稿件审签单",
            "青河县融媒体中心稿件三审表（2026年7月）",
            "稿件送审登记表",
            "来稿登记单",
        ),
        *("2026年第35期", "第三十五期", "总第120期", "2026年11月24日", "2026.11.24", "青融媒发〔2026〕12号", "1024"),
        *("标题", "无标题", "新闻稿", "IMG_2031", "新建 Microsoft Word 文档 (2)", "发稿笺"),
        *("架豆喜获丰收（送审稿）", "【初稿】架豆喜获丰收", "架豆喜获丰收(修改稿)"),
    ],
)
def test_a_headline_may_be_the_name_of_a_form(headline: str) -> None:
    assert is_no_headline(headline, shipped())
    assert asked(headline=headline)[0].startswith(f"headline: “{headline}” looks like the name of a form")


@pytest.mark.parametrize(
    "headline",
    [
        *(
            "青河县架豆喜获丰收",
            "12345政务热线开通",
            "3月12日植树节 全县齐动手",
            "三月三",
            "第一书记的一天",
            "2026年春节联欢",
        ),
        *(
            "青河县召开稿件审核工作会议",
            "一张审批表串起八个部门：青河县深化“放管服”改革纪实",
            "5.2万亩架豆上市",
            "（图）架豆丰收",
        ),
    ],
)
def test_a_headline_may_speak_of_numbers_and_forms(headline: str) -> None:
    assert asked(headline=headline) == []


def test_the_newsroom_may_have_names_of_its_own_for_forms() -> None:
    own = shipped().with_those_of(Words(forms=Forms(names=(".{0,8}阅办笺条",))))
    assert not is_no_headline("青河融媒阅办笺条", shipped())
    assert is_no_headline("青河融媒阅办笺条", own)


def test_a_headline_may_be_too_long_or_a_line_of_the_text() -> None:
    assert asked(headline="长" * 41) == ["headline: the headline has 41 characters"]
    assert asked(headline="长" * 41, short_headline="短") == asked(headline="长" * 40) == []
    assert asked(headline="架豆喜获丰收。") == ["headline: the headline ends with “。”: it may be a line of the text"]
    assert asked(headline="架豆丰收了！") == asked(headline="丰收了吗？") == []


# -- who and whence --------------------------------------------------------------------------------------


def test_a_source_and_somebody_who_wrote_it_are_missed() -> None:
    assert asked(source="") == ["source: the manuscript names no source: the newsroom's own name is shown"]
    nobody = ["reporters: nobody is named as reporter, correspondent or author"]
    assert asked(credits=()) == nobody
    assert asked(credits=(Credit(role="编辑", duty=Duty.EDITOR, names=("张三",)),)) == nobody
    assert asked(credits=(Credit(role="记者", duty=Duty.REPORTER),)) == nobody
    for duty in (Duty.REPORTER, Duty.CORRESPONDENT, Duty.AUTHOR):
        assert asked(credits=(Credit(role="供稿", duty=duty, organisations=("洛门镇党政办",)),)) == []


def test_a_name_in_no_list_is_asked_about_with_the_nearest() -> None:
    credits = (
        Credit(role="记者", duty=Duty.REPORTER, names=("王小明", "李 四")),
        Credit(role="通讯员", duty=Duty.CORRESPONDENT, names=("外人",)),
        Credit(role="三审", duty=Duty.REVIEWER, names=("王小朋", "王小朋")),
    )
    known = ("王小明", "李四", "赵六")

    assert asked(credits=credits) == []
    assert asked(credits=credits, people=known) == ["credits: 王小朋 is not in the newsroom's list of people"]
    [found] = warnings_of(
        Article(**{**GOOD, "credits": credits}), Reading(file="a.md"), house=House(people=known), today=TODAY
    )
    assert str(found.remedy) == "did you mean 王小明?"
    many = (Credit(role="记者", duty=Duty.REPORTER, names=tuple(f"记者{name}" for name in "甲乙丙丁戊己庚")),)
    assert asked(credits=many, people=known)[-1] == "credits: 2 more names are not in the newsroom's list of people"
    assert len(asked(credits=many, people=known)) == 6


# -- text and pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        *(
            "编辑：李四 校对：王五",
            "记者 张三",
            "（记者 张三 通讯员 李四）",
            "责任编辑／王五",
            "文/图 张三",
            "一审：李四",
        ),
        *("大家都说好。（记者 张三 通讯员 李四）", "明年还要扩种。（本报记者张三）", "来源：青河融媒", "监制：赵六"),
    ],
)
def test_credits_that_stayed_in_the_text_are_asked_about(line: str) -> None:
    [found] = asked(body=f"{BODY}<p>{line}</p>")
    assert found == f"body: “{line}” stands in the text and looks like credits"
    assert len(asked(body=f'{BODY}<p>{line}</p><p>下载APP</p><p id="note-1">[1] 注。</p>')) == 1


@pytest.mark.parametrize(
    "line",
    [
        *(
            "记者在现场看到，大家都很高兴。",
            "编辑部里，灯火通明。",
            "审核结果：合格。",
            "活动时间：7月1日。",
            "图为丰收现场。",
        ),
        *(
            "“记者同志，收成好着呢。”他说。",
            "他是一名通讯员，也是一名作者。",
            "会后，编辑 张三说，这样的稿件越多越好。",
        ),
    ],
)
def test_text_that_speaks_of_reporters_is_text(line: str) -> None:
    assert asked(body=f"{BODY}<p>{line}</p>") == []


def test_a_text_of_one_paragraph_is_asked_about() -> None:
    one = ["body: the text is one paragraph of 5 characters"]
    assert asked(body="<p>架豆丰收。</p>") == one
    assert asked(body='<p>架豆丰收。</p><figure><img src="image:0" alt=""/></figure><p id="note-1">[1] 注。</p>') == one
    assert asked(body="<p>架豆丰收。</p><ul><li>甲</li></ul>") == []


def test_pictures_without_captions_are_numbered() -> None:
    images = (picture("0"), picture("1", "图为架豆"), picture("2"))
    assert asked(images=images) == ["images: pictures without a caption: 1、3 of 3"]
    assert asked(images=images[1:2]) == []
    assert asked(images=tuple(picture(f"{n:x}") for n in range(9)))[0].endswith("1、2、3、4、5… of 9")


# -- dates -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "question"),
    [
        ("2020/1/10 16:18:42", "2020/1/10 16:18:42: 2510 days ago"),
        ("2027年2月1日", "2027年2月1日: in 69 days"),
        ("2026-10-25", ""),
        ("2026-10-24", "2026-10-24: 31 days ago"),
        ("2026年13月40日", ""),
        ("11月24日", ""),
        ("", ""),
    ],
)
def test_a_date_far_from_today_is_asked_about(written: str, question: str) -> None:
    reading = Reading(file="a.md", date=written)
    assert asked(reading=reading) == ([f"date: the manuscript is dated {question}"] if question else [])
    assert asked(reading=reading, today=None) == []


# -- where it is called --------------------------------------------------------------------------------------


def test_a_question_names_the_line_of_what_it_asks_about() -> None:
    reading = Reading(
        file="稿件.docx",
        lines=(
            Line(text="送审稿", fields=("headline",), why=Text.of("the first line"), line=2),
            Line(text="又", fields=("headline",), why=Text.of("given twice"), line=9),
        ),
    )
    [found] = warnings_of(Article(**{**GOOD, "headline": "送审稿"}), reading, house=House(), today=TODAY)
    assert (found.file, found.line) == ("稿件.docx", 2)


def test_every_manuscript_is_asked_about_but_for_what_needs_no_headline(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\n标题: 送审稿\n---\n\n正文。\n", encoding="utf-8")

    fields = [one.field for one in read(path).reading.warnings]
    assert fields == ["headline", "source", "reporters", "body"]
    path.write_text("按语一段。\n", encoding="utf-8")
    assert read(path, untitled="-").reading.warnings == ()
