"""Who did what, as channels print it: roles as they stand, nobody called what he is not, the house's spaces."""

from __future__ import annotations

import pytest

from channels import byline
from channels.byline import Author, Printed
from pipeline.article import Article, House
from pipeline.article.credit import Credit, Duty, Group
from pipeline.testing import article_of, laden_of, picture

PLAIN, SPACED = House(), House(spaced_names=True)
LADEN = laden_of(picture()[0])


def signed(*credits: Credit, **fields: object) -> Article:
    return Article(headline="短讯", body="<p>。</p>", credits=credits, **fields)


def credit(role: str, duty: Duty, *names: str, offices: tuple[str, ...] = ()) -> Credit:
    return Credit(role=role, duty=duty, names=names, organisations=offices)


def test_groups_come_in_their_order_and_roles_as_they_stand() -> None:
    article = signed(
        credit("三审", Duty.REVIEWER, "郑二"),
        credit("实习记者", Duty.REPORTER, "王五"),
        credit("图", Duty.PHOTOGRAPHER, "钱七"),
        credit("一审", Duty.REVIEWER, "周十"),
        credit("供稿", Duty.CORRESPONDENT, offices=("洛门镇党政办",)),
    )
    assert [str(one) for one in byline.printed(article, PLAIN, *Group)] == [
        "实习记者：王五", "供稿：洛门镇党政办", "图：钱七", "三审：郑二", "一审：周十",
    ]  # fmt: skip
    assert byline.lines(article, PLAIN, *Group) == (
        "实习记者：王五　供稿：洛门镇党政办",
        "图：钱七",
        "三审：郑二　一审：周十",
    )
    assert byline.printed(article, PLAIN, Group.DESK) == ()
    assert byline.lines(article, PLAIN, Group.RELEASE, Group.DESK) == ()


def test_one_role_is_one_credit_and_an_empty_one_is_none() -> None:
    article = signed(
        credit("记者", Duty.REPORTER, "张三"),
        credit("编辑", Duty.EDITOR),
        credit("通讯员", Duty.CORRESPONDENT, "李四"),
        credit("记者", Duty.REPORTER, "张三", "王五"),
    )
    assert byline.printed(article, PLAIN, *Group) == (Printed("记者", "张三、王五"), Printed("通讯员", "李四"))


def test_the_editor_is_called_alike_wherever_people_read_it() -> None:
    article = signed(credit("编辑", Duty.EDITOR, "张三"), credit("责编", Duty.EDITOR, "李四"))
    printed = byline.printed(article, PLAIN, Group.DESK)
    assert [str(one) for one in printed] == ["责任编辑：张三", "责编：李四"]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("张三", "张　三"), ("\U00020bb7野", "\U00020bb7　野"), ("䶮山", "䶮　山"), ("欧阳四", "欧阳四"), ("张", "张"),
        ("Li", "Li"), ("A君", "A君"), ("买买提·阿不都", "买买提·阿不都"), ("司马相如", "司马相如"),
    ],
)  # fmt: skip
def test_only_a_name_of_two_characters_is_spaced(name: str, printed: str) -> None:
    assert byline.name_printed(name, SPACED) == printed
    assert byline.name_printed(name, PLAIN) == name


def test_a_space_within_names_is_never_taken_for_one_between() -> None:
    article = signed(
        credit("一审", Duty.REVIEWER, "张三", "李四", offices=("某办",)), credit("二审", Duty.REVIEWER, "欧阳四")
    )
    assert byline.lines(article, SPACED, Group.REVIEW) == ("一审：张　三、李　四、某办　　二审：欧阳四",)
    assert byline.side_by_side(("张　三", "李　四")) == "张　三、李　四"
    assert byline.side_by_side(("张三", "李四")) == "张三　李四"


def test_metadata_tells_persons_from_offices_and_never_names_the_desk() -> None:
    assert byline.authors(LADEN, "本中心") == (
        Author("张三", is_person=True),
        Author("欧阳四", is_person=True),
        Author("李五", is_person=True),
        Author("岞山镇党政办", is_person=False),
    )
    desk = signed(credit("编辑", Duty.EDITOR, "张三"), credit("摄影", Duty.PHOTOGRAPHER, "李四"))
    assert byline.authors(desk, "本中心") == (Author("本中心", is_person=False),)
    assert byline.authors(desk.model_copy(update={"source": "新华社"}), "本中心") == (
        Author("新华社", is_person=False),
    )


@pytest.mark.parametrize(
    ("credits", "said"),
    [
        ((credit("记者", Duty.REPORTER, "张三", "李四"),), "张三、李四"),
        ((credit("记者", Duty.REPORTER, "张三"), credit("见习记者", Duty.REPORTER, "李四")), "张三、李四"),
        ((credit("通讯员", Duty.CORRESPONDENT, "王五"),), "通讯员 王五"),
        (
            (credit("记者", Duty.REPORTER, "张三"), credit("通讯员", Duty.CORRESPONDENT, "王五", "赵六")),
            "记者 张三　通讯员 王五、赵六",
        ),
        ((credit("文", Duty.AUTHOR, "王五"),), "文 王五"),
        ((credit("编辑", Duty.EDITOR, "王五"),), ""),
    ],
)
def test_without_a_role_whoever_is_named_is_a_reporter(credits: tuple[Credit, ...], said: str) -> None:
    assert byline.by(signed(*credits)) == said


def test_lists_of_names_from_before_there_were_credits_print_the_same() -> None:
    printed = byline.printed(article_of(correspondents=("李四",)), PLAIN, *Group)
    assert [str(one) for one in printed] == [
        "记者：记者甲", "通讯员：李四", "摄影：摄影乙", "责任编辑：编辑丙", "审核：审核丁", "签发：签发戊",
    ]  # fmt: skip
