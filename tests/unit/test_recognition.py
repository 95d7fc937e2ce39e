"""What the parts of a manuscript are: credits, names, forms, heads and tails, and what the reading says of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.article.credit import Certainty, Duty
from pipeline.manuscript import names, read, words
from pipeline.manuscript.credits import alone, closing, said
from pipeline.manuscript.line import is_below, is_form, is_noise
from pipeline.manuscript.roles import duty_of
from tests.unit.manuscripts import written

WORDS = words.shipped()


def credits_of(line: str) -> list[tuple[str, tuple[str, ...]]] | None:
    told = said(line)
    return None if told is None else [(one.role, one.everybody) for one in told.credits]


@pytest.mark.parametrize(
    ("line", "credits"),
    [
        ("□记者 冯涛 通讯员 钱 立 报道", [("记者", ("冯涛",)), ("通讯员", ("钱立",))]),
        ("记 者 | 赵 文  唐小雨", [("记者", ("赵文", "唐小雨"))]),
        ("视 觉丨苏　伟", [("视觉", ("苏伟",))]),
        (
            "本报全媒体记者　赵　文　实习记者　唐小雨　文/图",
            [
                ("全媒体记者", ("赵文",)),
                ("实习记者", ("唐小雨",)),
                ("摄影", ("赵文", "唐小雨")),
            ],
        ),
        ("记者 尹秋月 薛 冬 文 闫 平 图", [("记者", ("尹秋月", "薛冬")), ("图", ("闫平",))]),
        ("记者 李 文 通讯员 王 图", [("记者", ("李文",)), ("通讯员", ("王图",))]),
        ("青河融媒讯（记者 赵文 通讯员 罗 华）", [("记者", ("赵文",)), ("通讯员", ("罗华",))]),
        ("（记者　马会兰　编辑　周　平）", [("记者", ("马会兰",)), ("编辑", ("周平",))]),
        ("编辑、校对：张三", [("编辑", ("张三",)), ("校对", ("张三",))]),
        ("文字：张三 摄影/视频：李四", [("文字", ("张三",)), ("摄影", ("李四",)), ("视频", ("李四",))]),
        ("图片由县气象局提供", [("图片", ("县气象局",))]),
        ("苏伟摄", [("摄影", ("苏伟",))]),
        ("县气象局供图", [("供图", ("县气象局",))]),
        ("一审一校：张三 二审二校：李四", [("一审一校", ("张三",)), ("二审二校", ("李四",))]),
        (
            "记者 阿依努尔·吐尔逊 欧阳明月 通讯员 才让卓玛",
            [
                ("记者", ("阿依努尔·吐尔逊", "欧阳明月")),
                ("通讯员", ("才让卓玛",)),
            ],
        ),
        ("□ 孟小曼", [("作者", ("孟小曼",))]),
    ],
)
def test_credits_in_the_shapes_that_people_give_them(line: str, credits: list[tuple[str, tuple[str, ...]]]) -> None:
    assert credits_of(line) == credits


@pytest.mark.parametrize(
    "line",
    [
        "记者：没有",
        "记者从县里获悉，编辑部已经搬家",
        "记者站 编辑部 通讯社",
        "记者 走进 石桥镇",
        "审核：同意",
        "主办：县委宣传部",
        "编辑部的故事",
        "记者节，我们在路上",
        "文化惠民 图书下乡",
        "摄影比赛开始报名",
    ],
)
def test_what_begins_like_credits_and_goes_on_as_text(line: str) -> None:
    assert said(line) is None


def test_a_contributing_office_is_the_source_and_a_person_is_the_author() -> None:
    office, person = said("供稿：青河县公交公司"), said("供稿：何静")
    assert office is not None
    assert office.fields == (("source", "青河县公交公司"),)
    assert person is not None
    assert person.credits[0].duty is Duty.AUTHOR
    both = said("作者：洛门镇党政办 何静")
    assert both is not None
    assert (both.credits[0].names, both.credits[0].organisations) == (("何静",), ("洛门镇党政办",))


@pytest.mark.parametrize(
    ("role", "duty"),
    [
        ("特约通讯员", Duty.CORRESPONDENT),
        ("实习记者", Duty.REPORTER),
        ("责　编", Duty.EDITOR),
        ("美术编辑", Duty.EDITOR),
        ("总监制", Duty.SUPERVISOR),
        ("责任校对", Duty.PROOFREADER),
        ("终审", Duty.REVIEWER),
        ("签发人", Duty.APPROVER),
        ("青河县融媒体中心记者", Duty.REPORTER),
        ("配音", Duty.PRODUCER),
        ("单位", None),
        ("记者站", None),
        ("", None),
    ],
)
def test_the_duty_behind_a_role(role: str, duty: Duty | None) -> None:
    assert duty_of(role) is duty


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("赵　文　唐小雨　苏 伟", ("赵文", "唐小雨", "苏伟")),
        ("欧 阳 锋", ("欧阳锋",)),
        ("张 三 李 四", ("张三", "李四")),
        ("John Smith、阿依古丽· 买买提（实习）", ("John Smith", "阿依古丽·买买提")),
        ("张三 张三", ("张三",)),
    ],
)
def test_names_in_one_string(text: str, found: tuple[str, ...]) -> None:
    assert names.split(text) == found


@pytest.mark.parametrize(
    ("text", "is_office"),
    [
        ("洛门镇党政办", True),
        ("县气象局", True),
        ("青河发布", True),
        ("团县委", True),
        ("张三", False),
        ("王中心", False),
        ("何局", False),
    ],
)
def test_offices_are_told_from_persons(text: str, is_office: bool) -> None:
    assert names.is_organisation(text, WORDS) is is_office


@pytest.mark.parametrize(
    "text",
    [
        "送审稿",
        "（征求意见稿）",
        "稿件审签单（青河融媒）",
        "第12期（总第345期）",
        "2026年第35期",
        "内部资料 注意保存",
        "第三稿",
        "V2.1",
        "急　稿",
        "拟发：县政府网、“青河融媒”公众号",
    ],
)
def test_the_names_and_numbers_of_forms(text: str) -> None:
    assert is_form(text, WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "送审稿件管理办法发布",
        "三审三校制度落地",
        "青河县公布权责清单",
        "第三届桑葚节开幕",
        "春茶开采忙",
        "一张表办成一件事",
        "内部挖潜见成效",
    ],
)
def test_headlines_that_speak_of_forms_are_none(text: str) -> None:
    assert not is_form(text, WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "点击上方“青河发布”关注我们↑↑↑",
        "— THE END —",
        "点赞 在看 分享",
        "长按识别二维码关注我们",
        "下载APP",
        "分享到：",
        "请输入验证码",
        "扫一扫在手机打开当前页",
        "【字体：大 中 小】",
        "喜欢就点个在看吧",
        "阅读原文",
        "原标题：岗位送到家门口",
        "免责声明：本文仅代表作者个人观点，与本网无关。",
    ],
)
def test_what_pages_and_apps_put_around_an_article(text: str) -> None:
    assert is_noise(text, WORDS) or said(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "村民为好政策点赞",
        "扫码乘车 手机支付更方便",
        "免责声明不是“免责金牌”",
        "下载APP办事 群众少跑腿",
        "关注留守儿童 我们在行动",
        "一家人的阅读时光",
        "大中小学思政课一体化",
        "举报电话：3300000",
        "打印店里的青春",
    ],
)
def test_headlines_and_lines_that_only_look_like_noise(text: str) -> None:
    assert not is_noise(text, WORDS)
    assert not is_below(text, WORDS)


def test_credits_that_close_a_paragraph() -> None:
    for text, start in [
        ("产品热销。（记者 张三）", 5),
        ("产品热销。 冯　涛　摄", 5),
        ("产品热销。（唐小雨　冯涛）", 5),
    ]:
        found = closing(text, WORDS)
        assert found is not None, text
        assert (found[0], bool(found[1].credits)) == (start, True), text
    for text in ("正文。（完）", "他说：“好。”（据新华社）", "（记者 张三）", "正文（见图）"):
        assert closing(text, WORDS) is None, text
    assert alone("请看，图", WORDS) is None


def test_every_line_that_is_no_text_stands_in_the_reading_with_its_reason(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "送审稿\n武山架豆上市\n记者 张三\n正文一。\n正文二。\n编辑：李四\n下载APP\n")
    reading = read(path).reading
    assert [(line.text, line.fields, line.line) for line in reading.lines] == [
        ("记者 张三", ("credits",), 3),
        ("送审稿", (), 1),
        ("武山架豆上市", ("headline",), 2),
        ("编辑：李四", ("credits",), 6),
        ("下载APP", (), 7),
    ]
    assert [line.text for line in reading.dropped] == ["送审稿", "下载APP"]
    assert all(str(line.why) for line in reading.lines)


def test_a_second_line_without_a_look_is_a_doubt_and_the_answer_holds(tmp_path: Path) -> None:
    path = written(tmp_path, "a.txt", "乡村振兴进行时\n武山架豆卖到了省城\n记者 张三\n正文一。\n正文二。\n")
    manuscript = read(path)
    (doubt,) = manuscript.reading.doubts
    assert (doubt.field, doubt.taken, doubt.instead) == (
        "headline",
        "乡村振兴进行时 武山架豆卖到了省城",
        "武山架豆卖到了省城",
    )
    decided = read(path, decided={"headline": doubt.instead})
    assert (decided.article.headline, decided.article.kicker) == ("武山架豆卖到了省城", "乡村振兴进行时")
    assert decided.reading.doubts == ()


def test_two_articles_in_one_file_are_a_doubt_and_their_credits_are_not_mixed(tmp_path: Path) -> None:
    path = written(tmp_path, "a.md", "# 第一篇\n\n正文一。\n\n（记者 张三）\n\n# 第二篇\n\n记者 李四\n\n正文二。\n")
    manuscript = read(path)
    assert (manuscript.article.headline, manuscript.article.reporters) == ("第一篇", ("张三",))
    (doubt,) = manuscript.reading.doubts
    assert "第二篇" in str(doubt.question)
    assert doubt.instead == ""
    assert "李四" in "".join(line.text for line in manuscript.reading.dropped)


def test_a_newsroom_adds_words_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "reading.toml").write_text(
        '[roles]\nreporter = ["跑口"]\n[forms]\nnames = ["青河内参"]\n[noise]\nlines = ["青河人都在看.{0,10}"]\n',
        encoding="utf-8",
    )
    own = words.beside(tmp_path / "newsroom.toml")
    path = written(tmp_path, "a.txt", "青河内参\n武山架豆上市\n跑口：张三\n正文一。\n正文二。\n青河人都在看↓\n")
    manuscript = read(path, words=own)
    assert (manuscript.article.headline, manuscript.article.reporters) == ("武山架豆上市", ("张三",))
    assert manuscript.article.body == "<p>正文一。</p><p>正文二。</p>"
    assert words.beside(tmp_path / "elsewhere" / "newsroom.toml") is words.shipped()


def test_a_newsroom_adds_letterheads_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "reading.toml").write_text('[forms]\nletterheads = ["政务[专速]递"]\n', encoding="utf-8")
    own = words.beside(tmp_path / "newsroom.toml")
    letter = "政务专递\n关于做好春耕备耕工作的通知\n青政发〔2026〕12号\n\n现将有关事项通知如下。\n请认真落实。\n"
    path = written(tmp_path, "a.txt", letter)
    assert read(path, words=own).article.headline == "关于做好春耕备耕工作的通知"
    dropped = [line.text for line in read(path, words=own).reading.dropped]
    assert dropped == ["青政发〔2026〕12号", "政务专递"]
    elsewhere = written(tmp_path, "b.txt", "政务专递\n本县新办十件事\n\n现将有关事项通知如下。\n请认真落实。\n")
    assert "政务专递" not in [line.text for line in read(elsewhere, words=own).reading.dropped]


@pytest.mark.parametrize(
    "text", ["[roles\n", '[roles]\nboss = ["头儿"]\n', '[noise]\nlines = ["("]\n', '[forms]\nname = ["x"]\n']
)
def test_a_file_of_words_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "reading.toml").write_text(text, encoding="utf-8")
    with pytest.raises(words.BadWords, match=r"reading\.toml"):
        words.beside(tmp_path / "newsroom.toml")


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("AIGC：是", Certainty.IS),
        ("AIGC: 可能", Certainty.MAY_BE),
        ("人工智能生成合成内容标识：疑似", Certainty.SUSPECTED),
        ("（AI标识：否）", None),
    ],
)
def test_what_a_machine_made_is_said_on_a_line_of_its_own(tmp_path: Path, line: str, label: Certainty | None) -> None:
    for text in (f"武山架豆上市\n{line}\n正文一。\n正文二。", f"武山架豆上市\n正文一。\n正文二。\n编辑：李四\n{line}"):
        article = read(written(tmp_path, "a.txt", text)).article
        assert (article.aigc and article.aigc.label) == label
        assert article.body == "<p>正文一。</p><p>正文二。</p>"
    kept = read(written(tmp_path, "b.txt", "武山架豆上市\n正文一。\nAIGC：大家怎么看？\n正文二。")).article
    assert kept.aigc is None
    assert "大家怎么看" in kept.body


@pytest.mark.parametrize(
    ("lines", "headline", "subhead"),
    [
        ("山村来了新农人\n荒地变成聚宝盆", "山村来了新农人 荒地变成聚宝盆", ""),
        ("守水人的二十年\n青河县水文站职工罗华的故事", "守水人的二十年", "青河县水文站职工罗华的故事"),
        ("守水人的二十年\n——记青河县水文站罗华", "守水人的二十年", "记青河县水文站罗华"),
    ],
)
def test_two_lines_above_the_credits(tmp_path: Path, lines: str, headline: str, subhead: str) -> None:
    article = read(written(tmp_path, "a.txt", f"{lines}\n记者 张三\n正文一。\n正文二。\n")).article
    assert (article.headline, article.subhead) == (headline, subhead)
    assert article.body == "<p>正文一。</p><p>正文二。</p>"
