"""The script: goldens, an editor's own parts, notices; and that it never invents."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.tv.programme import Calendar, Terms
from channels.tv.script import Cue, Kind, Script, write
from channels.tv.script.choosing import choose_lead
from channels.tv.script.form import seconds_of
from channels.tv.script.pronunciation import readings
from channels.tv.script.reading import Unit, blocks_of, sentences
from channels.tv.script.writing import Writer, _digest
from channels.tv.spoken import spoken, syllables
from pipeline.article import Article, Column, Deed, Revision
from pipeline.manuscript import read
from pipeline.testing import NOON, article_of, newsroom_of, opening_of, picture, revision_of
from tests.channels.tv_newsroom import EXAMPLES

GOLDEN = Path(__file__).parent / "golden" / "tv"
MANUSCRIPTS = sorted(path for path in EXAMPLES.glob("*") if path.suffix in (".md", ".docx", ".html", ".txt"))
TERMS = Terms(programme="武山新闻")
COLUMN = Column(
    id="xczx",
    name="乡村振兴看武山",
    description="展示武山县乡村振兴的成效",
    keywords=("乡村振兴",),
    note="全县216个村的面貌正在改变。\n即日起，开设《乡村振兴看武山》栏目",
    series="2026年乡村振兴系列报道",
)
NEWSROOM = newsroom_of().with_columns((*newsroom_of().columns, COLUMN))


def script_of(article: Article, terms: Terms = TERMS, *, revision: Revision | None = None) -> Script:
    one = revision or revision_of(article)
    return write(one, NEWSROOM, terms, Calendar(terms=terms, timezone="Asia/Shanghai").slot(one))


def manuscript(path: Path) -> Article:
    article = read(path).article
    return article.model_copy(update={"column": NEWSROOM.column(article.column).id})


def body(*paragraphs: str) -> str:
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def texts(script: Script) -> list[tuple[Kind, str]]:
    return [(cue.kind, cue.text) for cue in script.cues]


@pytest.mark.parametrize("case", sorted(path.name.split(".")[0] for path in GOLDEN.glob("*.article.json")))
def test_golden(case: str, agreed: Callable[[Path, str], str]) -> None:
    record = Article.model_validate_json((GOLDEN / f"{case}.article.json").read_text())
    came = script_of(record).canonical()
    assert came == agreed(GOLDEN / f"{case}.script.json", came)


# -- never invents ---------------------------------------------------------------------------------------


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def said_whole(script: Script, article: Article) -> None:
    """The script is made of whole sentences of the article, but for datelines, one after the other."""

    def bare(text: str) -> str:
        return plain(text).strip("“”。")

    blocks = blocks_of(article)
    written = {bare(one) for block in blocks for one in sentences(block.text)}
    written |= {bare(unit.text) for block in blocks for unit in block.units}
    written |= {one[one.index("今天") :] for one in written if "记者" in one and "今天" in one}  # without its dateline
    for cue in script.cues:
        rest = bare(cue.text)
        while rest:
            found = max((one for one in written if one and rest.startswith(one)), key=len, default="")
            assert found, rest
            rest = rest.removeprefix(found).lstrip("“”。")


def traceable(script: Script, article: Article) -> None:
    """Everything between two stops of the script stands in the article, and so does everybody's name."""
    whole = plain("".join(article.paragraphs()))
    if not script.own:
        said_whole(script, article)
    for cue in script.cues:
        for part in re.split("[。！？!?…”]+", cue.text):
            assert plain(part) in whole, part
        assert cue.speaker in whole
        assert cue.post in whole
    for strap in script.straps:
        assert plain(strap.name) in whole
    for clause in script.figures:
        assert plain(clause) in whole
    for line in script.title_bar:
        assert plain(line) in plain(article.headline + article.short_headline)


@pytest.mark.parametrize("target", [30, 90, 300])
@pytest.mark.parametrize("path", MANUSCRIPTS, ids=lambda path: path.name)
def test_every_sentence_is_the_articles(path: Path, target: int) -> None:
    article = manuscript(path)
    script = script_of(article, TERMS.model_copy(update={"story": target}))
    traceable(script, article)
    whole = plain("".join(article.paragraphs()))
    for sentence in (one for cue in script.cues for one in sentences(cue.text)):
        assert plain(sentence) in whole or plain(sentence).removesuffix("。") in whole
    assert script.full_text == tuple(article.paragraphs())


SENTENCES = st.sampled_from(
    [
        "全县26341户贫困人口持续稳定脱贫，贫困人口发生率降至0.95%。",
        "“收成好。”种植户甲说，今年种了4个大棚。",
        "村民乙说：“路宽了，院净了。”",
        "一是压责任、强推进，持续攻坚不松劲。",
        "下一步，还将添置一座预冷库。",
        "（记者 甲）本报讯 今天！",
        "无标点的一段",
        "“没有说完",
        "……",
        "图：示意",
        "导语：给电视的导语。",
        "解说：给电视的解说。",
        "同期声（县农业农村局局长 张三）：“今年收成好。”",
        "很长的一句" * 40 + "。",
        "很长的一句，" * 40 + "完了。",
        "全部为所有队员购买了保险30份。",
        "该镇还新建了3座水厂。",
        "一是抓产业、促增收。",
        "详情请登录www.qinghe.example。",
        "各村产量如下：",
        "青河县应急管理局",
        "5月9日，村民丙在村口说。",
    ]
)


@pytest.mark.parametrize("times", [1, 4])
def test_a_long_paragraph_is_written_in_proportion(times: int) -> None:
    """A paragraph of 40,000 characters without a stop is a story like another."""
    script = script_of(article_of(body=body("全县26341户、" * 2500 * times + "脱贫。" + "“" * 3000)))
    assert script.cues


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(SENTENCES, min_size=1, max_size=4).map("".join), min_size=1, max_size=6), st.integers(10, 200))
def test_whatever_the_article_nothing_is_invented(paragraphs: list[str], target: int) -> None:
    article = article_of(body=body(*paragraphs))
    script = script_of(article, TERMS.model_copy(update={"story": target}))
    assert script.cues
    if script.cues[0].text != article.headline:  # an article of pictures alone is read by its headline
        traceable(script, article)
    if not script.own:
        assert not any("www." in cue.text for cue in script.cues)


# -- lead, segments, bites -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [path for path in MANUSCRIPTS if path.suffix == ".md"], ids=lambda path: path.name)
def test_a_lead_has_its_length(path: Path) -> None:
    script = script_of(manuscript(path))
    assert script.lead is not None
    assert len(script.lead.text) <= 110 or "editor_long" in (script.needs or ())
    assert len(script.lead.text) >= 40 or "editor_pictures" in (script.needs or ())


def test_a_lead_is_never_the_headline_again() -> None:
    article = article_of(
        "武山架豆喜获丰收", body=body("武山架豆，喜获丰收！今天开始采摘。" + "种植面积五万亩，" * 9 + "都在山丹镇。")
    )
    lead = script_of(article).lead
    assert lead is not None
    assert "喜获丰收" not in lead.text


def test_a_sentence_too_long_is_not_cut_but_shown_to_an_editor() -> None:
    long = "武山县认真学习贯彻，" * 20 + "成效显著。"
    lead = choose_lead(_units(long), "标题", (60, 110))
    assert lead.text == long
    assert "editor_long" in lead.needs


def test_a_short_sentence_is_said_before_one_that_is_too_long() -> None:
    lead = choose_lead(_units("武山县认真学习贯彻，" * 20 + "成效显著。今年建成大棚300座。"), "标题", (60, 110))
    assert (lead.text, lead.needs) == ("今年建成大棚300座。", ())


@pytest.mark.parametrize(
    ("headline", "text", "lead"),
    [
        (
            "青河县建成水厂三座",
            "今年以来，青河县认真学习贯彻上级会议精神，全面落实决策部署。全县建成水厂三座，8000人喝上放心水。",
            "全县建成水厂三座，8000人喝上放心水。",
        ),
        (
            "青河县新增公交线路",
            "青河县坚持以人民为中心的思想为指导，聚焦“急难愁盼”。5月12日起，青河县新增公交线路3条。",
            "5月12日起，青河县新增公交线路3条。",
        ),
        ("护路员的一天", "清晨，护路员张三已经走了一个来回。像他这样的岗位，全县有3426个。", None),
    ],
)
def test_the_result_comes_first(headline: str, text: str, lead: str | None) -> None:
    """Policy comes later; but a sentence that leans on another is not said without it."""
    assert choose_lead(_units(text), headline, (20, 110)).text == (lead or text)


def _units(text: str) -> list[Unit]:
    return [Unit(sentence) for sentence in sentences(text)]


def test_a_dateline_is_not_read() -> None:
    article = article_of(body=body("本报讯（记者 甲）" + "今天召开调度会，" * 10 + "安排工作。"))
    lead = script_of(article).lead
    assert lead is not None
    assert lead.text.startswith("今天召开")


def test_the_sample() -> None:
    """The result first; of each point a fact, never its slogan alone; 全部为所有… refers to another sentence."""
    script = script_of(manuscript(EXAMPLES / "wushan-sibuzhai.md"))
    assert script.lead is not None
    assert script.lead.text.startswith("全县26341户122705人贫困人口持续稳定脱贫")
    assert all(segment.seconds > 3 for segment in script.segments)
    assert all(re.search(r"\d", segment.text) for segment in script.segments)
    assert "全部为所有" not in "".join(cue.text for cue in script.cues)
    assert 75 <= script.seconds <= 95
    assert script.series.endswith("之三")
    assert "之三" in script.opening


def test_points_have_their_numbers_if_all_are_said() -> None:
    points = [f"{n}是抓产业、促增收，持续用力。建成大棚{place}00座。" for place, n in enumerate("一二三四", 1)]
    article = article_of(body=body("全县新增大棚1000座。", *points))
    assert [cue.text for cue in script_of(article).segments] == points
    few = script_of(article, TERMS.model_copy(update={"story": 15}))
    assert not any(re.search("[一二三四]是", cue.text) for cue in few.segments)
    assert few.segments[0].text.startswith("建成大棚100座。")


def test_a_slogan_is_no_point() -> None:
    article = article_of(
        body=body("全县新增大棚1000座。", "一是抓产业、促增收。建成大棚100座。", "二是强监测、防风险。")
    )
    script = script_of(article)
    assert [cue.text for cue in script.segments] == ["一是抓产业、促增收。建成大棚100座。"]
    assert script.needs == ("editor_points",)


LEANING = [
    "其中，大棚300座。",
    "该镇还新修了2条路。",
    "他种了4个大棚。",
    "此外，新修道路20公里。",
    "全部为村民免费安装了路灯30盏。",
]


@pytest.mark.parametrize("leaning", LEANING)
@pytest.mark.parametrize("target", range(6, 40, 3))
def test_what_leans_on_a_sentence_is_said_right_after_it(leaning: str, target: int) -> None:
    before = "青河镇种植户张三介绍起全镇的设施农业建设情况和今年以来的新打算，头头是道。"
    article = article_of(body=body("全县新增大棚1000座。", "各乡镇干劲十足。" + before + leaning, "明年再建500座。"))
    said = "".join(cue.text for cue in script_of(article, TERMS.model_copy(update={"story": target})).cues)
    assert leaning not in said or before + leaning in said


@pytest.mark.parametrize(
    "unheard",
    [
        "详情请登录www.qinghe.example查询3次。",
        "报名网址为https://bm.qinghe.example/a.html。",
        "来稿请发qhnews365@qinghe.example。",
        "请登录qinghe.gov.cn报名。",
        "全县春播过八成，见下表。",
        "扫描下方二维码报名。",
        "各村产量如下：",
    ],
)
def test_what_nobody_can_hear_is_left_to_an_editor(unheard: str) -> None:
    script = script_of(article_of(body=body("青河县今天启动全民阅读月活动，3000人参加。", unheard, "活动有六大板块。")))
    assert unheard not in "".join(cue.text for cue in script.cues)
    assert script.needs == ("editor_left_out",)
    assert any(unheard in paragraph for paragraph in script.full_text)


def test_a_nested_list_is_read_once() -> None:
    inner = "<ul><li>柳林镇三座</li><li>石桥镇六座</li></ul>"
    listed = f"<p>青河县今年建成：</p><ol><li>水厂九座：{inner}</li><li>泵站两座</li></ol>"
    (cue,) = script_of(article_of(body=listed)).cues
    assert cue.text == "青河县今年建成：水厂九座：柳林镇三座。石桥镇六座。泵站两座。"


def test_an_item_is_never_said_without_the_line_that_announces_it() -> None:
    """Ten of what goes where, is what the line above says."""
    inner = "<ul><li>十辆跑西安方向；</li><li>十辆跑兰州方向。</li></ul>"
    listed = f"<ul><li>新增冷藏车二十辆：{inner}</li><li>预冷库免费开放到春节。</li></ul>"
    script = script_of(article_of(body=body("青河县今年卖出架豆十五万吨，比去年增长两成。") + listed))
    said = "".join(text for _, text in texts(script))
    assert said.endswith("新增冷藏车二十辆：十辆跑西安方向；十辆跑兰州方向。预冷库免费开放到春节。")


def test_a_story_told_in_pictures_needs_an_editor() -> None:
    shown = [picture(f"#2f6f{n}f", caption=f"第{n}幅")[0] for n in range(4)]
    told = {
        len(images): script_of(article_of(images=images, body=body("深秋，到处是颜色。"))) for images in (shown, [])
    }
    assert {count: "editor_pictures" in (script.needs or ()) for count, script in told.items()} == {4: True, 0: False}


def test_lines_of_a_letter_are_not_read() -> None:
    order = "要落实二十四小时值班制度，备好物资30吨。"
    paragraphs = [
        "各镇人民政府：",
        order,
        "附件：1.清单",
        "青河县应急管理局",
        "2026年5月11日",
    ]
    script = script_of(article_of("关于做好汛期安全防范工作的通知", body=body(*paragraphs)))
    assert "".join(cue.text for cue in script.cues) == order
    assert "editor_document" in (script.needs or ())


def test_questions_and_answers_are_left_to_an_editor() -> None:
    paragraphs = ["问：为什么回到石桥镇？", "答：家里的柑橘好。", "记者：第一年就赚钱了吗？", "村民：没有。"]
    script = script_of(article_of("返乡青年话创业", body=body(*paragraphs)))
    assert texts(script) == [(Kind.LEAD, "返乡青年话创业")]
    assert script.needs == ("editor_dialogue",)


def test_an_editors_own_words_stand_even_with_an_address() -> None:
    script = script_of(article_of(body=body("导语：详情请登录www.qinghe.example。")))
    assert script.lead is not None
    assert script.lead.text == "详情请登录www.qinghe.example。"
    assert script.needs == ("editor_address",)


@pytest.mark.parametrize(
    ("headline", "bars"),
    [
        ("青河县推进“四好 农村路”建设", ("青河县推进“四好 农村路”建设",)),
        ("张三：“路宽了，日子好了，大伙儿的笑脸也多了”", ("张三", "“路宽了，日子好了，大伙儿的笑脸也多了”")),
        ("青河县开展《你点，我检》进市场活动，受到群众欢迎", ("青河县开展《你点，我检》进市场活动，受到群众欢迎",)),
        ("柳林镇：一根藤上 结出致富瓜", ("柳林镇：一根藤上", "结出致富瓜")),
    ],
)
def test_no_line_of_the_title_bar_begins_inside_a_quotation(headline: str, bars: tuple[str, ...]) -> None:
    script = script_of(article_of(headline, short_headline=""))
    for line in script.title_bar:
        assert line.count("“") == line.count("”")
    assert script.title_bar == bars or len(bars[-1]) > 15


def test_more_time_takes_more() -> None:
    article = manuscript(EXAMPLES / "wushan-sibuzhai.md")
    times = [
        script_of(article, TERMS.model_copy(update={"story": target})).seconds for target in (60, 90, 120, 300, 900)
    ]
    assert times == sorted(times)
    assert times[-1] > 450


def test_what_was_read_of_an_article_serves_twice() -> None:
    """Whoever chooses from its blocks leaves them as they are: the last sentence, too, which looks ahead."""
    article = article_of(body=body("全县种了5.2万亩药材。收成很好。", "下一步，全县将扩大种植面积。"))
    blocks = blocks_of(article)
    before = [list(block.units) for block in blocks]
    once, again = (_digest(blocks, article, TERMS, Writer(TERMS.speed, {}), lead=False) for _ in range(2))
    assert [cue.kind for cue in once] == [Kind.SEGMENT, Kind.SEGMENT]
    assert again == once
    assert [list(block.units) for block in blocks] == before


def test_quoted_persons_speak() -> None:
    script = script_of(manuscript(EXAMPLES / "renju.md"))
    assert [(cue.post, cue.speaker, cue.text) for cue in script.bites] == [
        ("村民", "甲", "每天半小时,门前屋后都干净。"),
        ("村干部", "乙", "路宽了,院净了,大伙儿的笑脸也多了。"),
    ]
    assert [(strap.name, strap.post) for strap in script.straps] == [("甲", "村民"), ("乙", "村干部")]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("“收成真好啊。”种植户甲说。", ("种植户", "甲", "收成真好啊。")),
        ("县农业农村局局长张三说：“今年面积扩大到5万亩。”", ("县农业农村局局长", "张三", "今年面积扩大到5万亩。")),
        ("村民李四告诉记者，“日子越过越好”。", ("村民", "李四", "日子越过越好")),
        ("“党的政策‘好’，我们要‘加油干’！”王五表示。", ("", "王五", "党的政策‘好’，我们要‘加油干’！")),
    ],
)
def test_speakers_and_posts(sentence: str, expected: tuple[str, str, str]) -> None:
    filler = "全县各乡镇迅速行动，" * 8 + "成效明显。"
    (bite,) = script_of(article_of(body=body(filler, sentence))).bites
    assert (bite.post, bite.speaker, bite.text) == expected


@pytest.mark.parametrize(
    "sentence", ["要做到“四个不摘”。", "他说的“早晨半小时”又开始了。", "“回头看”工作扎实推进，说到底是作风问题。"]
)
def test_what_is_no_speech_stays_in_the_text(sentence: str) -> None:
    script = script_of(article_of(body=body("全县各乡镇迅速行动，" * 8 + "成效明显。", sentence)))
    assert script.bites == ()
    assert sentence in script.segments[-1].text


def test_pictures_of_the_article_are_suggested() -> None:
    script = script_of(manuscript(EXAMPLES / "jiadou.md"))
    assert "图片：示意图:连片的菜田与远山" in "".join(cue.picture for cue in script.cues)
    assert script.cues[0].picture.startswith("主播")


# -- an editor's own parts -------------------------------------------------------------------------------

OWN = body(
    "导语：武山架豆今天开秤，收购价每斤2.5元。",
    "画面：收购点全景，过秤特写",
    "解说：清晨六点，收购点前排起了长队。",
    "同期声（山丹镇种植户 张三）：“今年能卖5万元。”",
    "解说：合作社当天结账。",
    "字幕：架豆开秤 每斤两块五",
    "编后：好价钱来自好品质。",
    "这一段只给报纸。",
)


def test_the_editors_parts_stand_as_they_are() -> None:
    script = script_of(article_of(body=OWN))
    assert script.own
    assert texts(script) == [
        (Kind.LEAD, "武山架豆今天开秤，收购价每斤2.5元。"),
        (Kind.SEGMENT, "清晨六点，收购点前排起了长队。"),
        (Kind.BITE, "今年能卖5万元。"),
        (Kind.SEGMENT, "合作社当天结账。"),
        (Kind.CLOSING, "好价钱来自好品质。"),
    ]
    assert script.cues[1].picture == "收购点全景，过秤特写"
    assert (script.bites[0].post, script.bites[0].speaker) == ("山丹镇种植户", "张三")
    assert script.title_bar == ("架豆开秤", "每斤两块五")
    assert "这一段只给报纸。" in script.full_text


def test_headings_open_the_editors_parts_too() -> None:
    parts = "<p>报纸的开头。</p><h2>导语</h2><p>电视的导语。</p><h2>解说</h2><p>第一段。</p><p>第二段。</p>"
    parts += "<h2>其他</h2><p>不播。</p>"
    assert texts(script_of(article_of(body=parts))) == [
        (Kind.LEAD, "电视的导语。"),
        (Kind.SEGMENT, "第一段。"),
        (Kind.SEGMENT, "第二段。"),
    ]


def test_only_the_lead_is_the_editors() -> None:
    script = script_of(article_of(body=body("导语：给电视的导语。", "今天召开会议。", "安排部署工作。")))
    assert texts(script) == [
        (Kind.LEAD, "给电视的导语。"),
        (Kind.SEGMENT, "今天召开会议。"),
        (Kind.SEGMENT, "安排部署工作。"),
    ]


def test_a_lead_is_found_where_the_editor_gave_none() -> None:
    script = script_of(article_of(body=body("今天开会。", "解说：给电视的解说。")))
    assert texts(script) == [(Kind.LEAD, "今天开会。"), (Kind.SEGMENT, "给电视的解说。")]


# -- notices ---------------------------------------------------------------------------------------------


def test_a_notice_says_what_was_wrong_and_what_is_right() -> None:
    late = revision_of(article_of(), 2, note="种植面积应为5.3万亩。")
    late = late.model_copy(update={"corrected_at": NOON + timedelta(days=1)})
    script = script_of(late.article, revision=late)
    assert script.kind == "kind_notice"
    assert script.day == "2026-11-25"
    (cue,) = script.cues
    assert cue.text == (
        "更正：本台11月24日《武山新闻》播出的《武山架豆喜获丰收》一稿有误，种植面积应为5.3万亩。特此更正。"
    )
    assert "五点三万亩" in cue.spoken


def test_a_notice_without_a_note_tells_the_lead() -> None:
    late = revision_of(article_of(), 2).model_copy(update={"corrected_at": NOON + timedelta(days=1)})
    (cue,) = script_of(late.article, revision=late).cues
    assert "正确的内容是：11月24日，武山县山丹镇的架豆喜获丰收，种植面积5.2万亩。特此更正。" in cue.text


# -- columns ---------------------------------------------------------------------------------------------


def announced(deed: Deed, column: Column = COLUMN, **fields: str) -> Script:
    return script_of(opening_of(column, deed, **{"body": body(*column.note.split("\n")), **fields}))


def test_an_opening_is_read_whole_after_the_houses_words() -> None:
    script = announced(Deed.OPEN)
    assert (script.kind, script.column) == ("kind_opening", "乡村振兴看武山")
    (cue,) = script.cues
    assert cue.text.startswith("从今天起，《武山新闻》推出专栏《乡村振兴看武山》。全县216个村")
    assert cue.text.endswith("即日起，开设《乡村振兴看武山》栏目。")
    assert "两百一十六个村" in cue.spoken
    assert (script.opening, script.ending) == ("《乡村振兴看武山》栏目片头", "")
    assert script.titles is not None
    assert (script.titles.text, script.titles.seconds) == ("", TERMS.column_titles)
    assert script.seconds == TERMS.column_titles + cue.seconds


def test_a_note_is_read_whole_however_long() -> None:
    paragraphs = [f"第{n}段，" + "全县各乡镇迅速行动，" * 9 + "成效明显。" for n in range(8)]
    (cue,) = announced(Deed.OPEN, body=body(*paragraphs)).cues
    assert cue.text.endswith("".join(paragraphs))


def test_renaming_and_closing_are_short_announcements() -> None:
    renamed = COLUMN.model_copy(update={"name": "和美乡村", "former_names": (COLUMN.name,)})
    script = announced(Deed.RENAME, renamed, body=body("《乡村振兴看武山》栏目今日更名为《和美乡村》。"))
    assert (script.kind, script.opening) == ("kind_renaming", "《和美乡村》栏目片头")
    assert texts(script) == [(Kind.LEAD, "《乡村振兴看武山》栏目今日更名为《和美乡村》。")]
    script = announced(Deed.CLOSE, body=body("《乡村振兴看武山》栏目今日收官，感谢关注"))
    assert script.kind == "kind_ending"
    assert texts(script) == [(Kind.LEAD, "《乡村振兴看武山》栏目今日收官，感谢关注。")]


def test_an_editor_writes_an_opening_for_television() -> None:
    script = announced(Deed.OPEN, body=body("这一段只给报纸。", "导语：今天新栏目和您见面。", "解说：镜头对准乡村。"))
    assert script.own
    assert script.kind == "kind_opening"
    assert texts(script) == [(Kind.LEAD, "今天新栏目和您见面。"), (Kind.SEGMENT, "镜头对准乡村。")]


def test_an_opening_corrected_after_air_is_a_notice() -> None:
    late = revision_of(opening_of(COLUMN), 2, note="开设的日期应为11月25日")
    late = late.model_copy(update={"corrected_at": NOON + timedelta(days=1)})
    script = script_of(late.article, revision=late)
    assert (script.kind, script.opening, script.titles) == ("kind_notice", "", None)


def test_a_story_in_a_series_says_its_number_over_the_titles() -> None:
    article = article_of(column="xczx", series=COLUMN.line(3), number=3)
    script = script_of(article)
    assert script.titles is not None
    assert script.titles.spoken == "二零二六年乡村振兴系列报道之三。"
    assert script.titles.seconds == max(TERMS.column_titles, seconds_of(script.titles.spoken, TERMS.speed))
    assert script.opening.splitlines() == ["《乡村振兴看武山》栏目片头", "2026年乡村振兴系列报道之三"]
    longer = script_of(article, TERMS.model_copy(update={"column_titles": 30}))
    assert longer.seconds - script.seconds == 30 - script.titles.seconds
    assert longer.cues == script.cues


def test_a_number_without_a_series_is_said_in_the_houses_words() -> None:
    script = script_of(article_of(number=3))
    assert script.titles is not None
    assert script.titles.spoken == "系列报道之三。"


def test_a_columns_banner_gives_it_titles_and_nothing_else_does() -> None:
    banner, _ = picture(size=(1200, 300))
    script = script_of(article_of(banner=banner))
    assert (script.opening, script.ending) == ("《武山要闻》栏目片头", "")
    assert script.titles is not None
    assert not script.titles.text
    plain_story = script_of(article_of())
    assert (plain_story.opening, plain_story.titles) == ("", None)
    assert "titles" not in json.loads(plain_story.canonical())


def test_titles_count_in_the_storys_time() -> None:
    article = manuscript(EXAMPLES / "wushan-sibuzhai.md")
    script = script_of(article, TERMS.model_copy(update={"column_titles": 30}))
    assert abs(script.seconds - 90) <= 5


# -- times, captions, readings ---------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.text(alphabet="武山县架豆喜获丰收，。26341户", min_size=1, max_size=80), min_size=1, max_size=9))
def test_times_add_up(paragraphs: list[str]) -> None:
    script = script_of(article_of(body=body(*paragraphs)))
    assert script.seconds == sum(cue.seconds for cue in script.cues)
    assert all(cue.seconds == seconds_of(cue.spoken, 260) for cue in script.cues)


def test_time_is_counted_on_what_is_said() -> None:
    assert seconds_of(spoken("26341户122705人"), 260) > seconds_of("户人", 260)
    assert seconds_of("武" * 260, 260) == 60
    assert seconds_of("武", 260) == 1
    assert seconds_of("", 260) == 0
    slow, fast = (script_of(article_of(), TERMS.model_copy(update={"speed": speed})) for speed in (185, 300))
    assert slow.seconds > fast.seconds


@pytest.mark.parametrize(
    ("headline", "short", "lines"),
    [
        ("武山架豆鲜嫩上市 小豆荚连着大市场", "", ("武山架豆鲜嫩上市", "小豆荚连着大市场")),
        ("清沟渠 整院落 栽新绿", "", ("清沟渠 整院落 栽新绿",)),
        ("武山县召开全县脱贫攻坚工作推进会议暨表彰大会", "武山推进脱贫攻坚", ("武山推进脱贫攻坚",)),
        ("武山县召开脱贫攻坚推进会：压实责任补短板", "", ("武山县召开脱贫攻坚推进会", "压实责任补短板")),
        ("武山县召开全县脱贫攻坚工作推进会议暨表彰大会", "", ("武山县召开全县脱贫攻坚工作推进会议暨表彰大会",)),
    ],
)
def test_title_bars(headline: str, short: str, lines: tuple[str, ...]) -> None:
    script = script_of(article_of(headline, short_headline=short))
    assert script.title_bar == lines
    assert bool(script.wide_bars) == any(len(line) > 15 for line in lines)


def test_readings_stand_beside_the_figures() -> None:
    text = "全县26341户122705人稳定脱贫，发生率降至0.95%，8:30开会"
    assert readings(text, spoken(text)) == (
        ("26341户122705人", "两万六千三百四十一户十二万二千七百零五人"),
        ("0.95%", "百分之零点九五"),
        ("8:30开", "八点三十分开"),
    )
    assert readings("没有数字", "没有数字") == ()
    text = "24日夜间到25日我县气温下降8～10℃"
    assert readings(text, spoken(text)) == (
        ("24日", "二十四日"),
        ("25日", "二十五日"),
        ("8～10℃", "八到十摄氏度"),
    )


@settings(deadline=None)
@given(st.text(alphabet="武山，。、25%:年户-次人", max_size=30))
def test_readings_never_fail(text: str) -> None:
    for printed, said in readings(text, spoken(text)):
        assert printed != said


def test_sentences_are_the_paragraph() -> None:
    for path in MANUSCRIPTS:
        for paragraph in read(path).article.paragraphs():
            assert plain("".join(sentences(paragraph))) == plain(paragraph)


def test_the_canonical_form_is_the_script() -> None:
    script = script_of(manuscript(EXAMPLES / "wushan-sibuzhai.md"))
    assert Script.model_validate_json(script.canonical()) == script
    assert json.loads(script.canonical())["day"] == date(2026, 11, 24).isoformat()
    assert all(isinstance(cue, Cue) and syllables(cue.spoken) for cue in script.cues)
