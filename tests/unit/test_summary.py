"""Summaries: whole sentences, in the order of the text, nothing twice, nothing cut inside quotations or brackets."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.article import Article
from pipeline.article.summary import _PAIRS, shortened

LONG = "武山县认真学习贯彻关于扶贫工作的重要论述，坚持问题导向，去污点排风险，有效巩固提升了脱贫攻坚质量。"
NEXT = "贫困群众收入大幅增长。"
CLOSERS = "".join(_PAIRS.values()) + '"'


def body_of(markup: str, **fields: str) -> Article:
    return Article(headline="标题", body=markup, **fields)


def balanced(text: str) -> bool:
    """Whether every bracket is closed by its own, straight quotation marks by the next."""
    waiting: list[str] = []
    for character in text:
        if waiting and character == waiting[-1]:
            waiting.pop()
        elif character == '"':
            waiting.append(character)
        elif character in _PAIRS:
            waiting.append(_PAIRS[character])
        elif character in CLOSERS:
            return False
    return not waiting


def squeezed(text: str) -> str:
    return "".join(text.split())


# -- for every text -------------------------------------------------------------------------------------

words = st.sampled_from(
    (
        *'武山县脱贫攻坚村民，，；、：。。！？ .,;!?…—“”《》（）「」‘’()"\n',
        "12.5万",
        "2019年",
        "No. 5",
        "GDP",
        "䶮\ufe00",
        "/?b=1",
    )
)
texts = st.lists(words, max_size=60).map("".join)
quoted: st.SearchStrategy[str] = st.recursive(
    st.lists(st.sampled_from([*"武山县脱贫攻坚，。！；：、", "12.5万"]), max_size=12).map("".join),
    lambda inner: st.tuples(st.sampled_from([*_PAIRS.items(), ('"', '"')]), inner, inner).map(
        lambda made: f"{made[0][0]}{made[1]}{made[0][1]}{made[2]}"
    ),
    max_leaves=8,
)
"""Texts whose brackets belong to each other."""
limits = st.integers(0, 80)


@given(st.lists(texts, max_size=6), limits)
@example(["“" * 50 + "）" * 50], 40)
@example(["a" * 100], 20)
def test_it_is_the_beginning_of_the_text_and_no_longer_than_asked(paragraphs: list[str], limit: int) -> None:
    told = shortened(paragraphs, limit)

    assert len(told) <= limit
    whole = squeezed("".join(paragraphs))
    kept, cut, closers = told.rpartition("…")
    if whole.startswith(squeezed(told)):
        return
    assert cut
    assert whole.startswith(squeezed(kept))
    assert set(closers) <= set(CLOSERS)


@given(st.lists(quoted, max_size=5), limits)
@example(["“", "甲。”"], 5)
def test_what_is_balanced_stays_balanced(paragraphs: list[str], limit: int) -> None:
    if balanced("".join(paragraphs).replace(" ", "")):
        assert balanced(shortened(paragraphs, limit))


@given(st.lists(quoted.filter(bool), min_size=1, max_size=5), limits)
def test_it_ends_with_a_sentence_or_says_that_it_does_not(paragraphs: list[str], limit: int) -> None:
    told = shortened(paragraphs, limit)

    places, length = {0}, 0
    for paragraph in map(squeezed, paragraphs):
        length += len(paragraph)
        places.add(length)
    ends = told.rstrip(CLOSERS)[-1:]
    assert len(squeezed(told)) in places or (ends and ends in "。！？…") or told[-1:] in "。！？"


@given(st.lists(texts, max_size=6), st.integers(1, 79))
def test_a_longer_limit_never_gives_fewer_whole_sentences(paragraphs: list[str], limit: int) -> None:
    shorter, longer = (shortened(paragraphs, one) for one in (limit, limit + 1))

    if "…" not in shorter:
        assert longer.startswith(shorter)


# -- what an editor expects ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paragraphs", "limit", "told"),
    [
        ([LONG + NEXT], 59, LONG),
        ([LONG, NEXT], 60, LONG + NEXT),
        ([LONG], 30, "武山县认真学习贯彻关于扶贫工作的重要论述，坚持问题导向…"),
        (["本报讯。" + LONG], 20, "本报讯。"),
        # quotations and titles are one piece
        (["他说：“今年收成好。明年还要种。”大家都笑了。"], 20, "他说：“今年收成好。明年还要种。”"),
        (["他说：“今年收成好。明年还要种。”大家都笑了。"], 12, "他说：“今年收成好。…”"),
        (
            ["“今年收成好。”种植户甲说，他家种了四个大棚。下一步扩种。"],
            24,
            "“今年收成好。”种植户甲说，他家种了四个大棚。",
        ),
        (["“今年收成好。”种植户甲说，他家种了四个大棚。"], 20, "“今年收成好。”种植户甲说…"),
        (["村口的标语“加油！”随处可见，人人干劲十足。散会。"], 22, "村口的标语“加油！”随处可见，人人干劲十足。"),
        (
            ["制定《关于巩固、拓展、提升的若干意见》和工作要点，逐项落实。"],
            25,
            "制定《关于巩固、拓展、提升的若干意见》和工作要点…",
        ),
        (["制定《关于巩固、拓展、提升的若干意见》和工作要点，逐项落实。"], 16, "制定《关于巩固、拓展…》"),
        (["会议指出（详见《青河报》。）要抓落实。散会。"], 20, "会议指出（详见《青河报》。）要抓落实。"),
        # a bracket that is never closed stops nothing
        (["他说：“今年收成好。明年还要种。大家都笑了。"], 12, "他说：“今年收成好。"),
        (["编号1）已完成。编号2）未完成。"], 9, "编号1）已完成。"),
        # a quotation may go over paragraphs
        (["他说：“一是种苗。", "二是技术。”", "会议结束。"], 16, "他说：“一是种苗。二是技术。”"),
        # numbers and words stay whole
        (["全县完成种植架豆面积合计达到122705.5亩并全部通过验收"], 18, "全县完成种植架豆面积合计达到…"),
        (["播种面积5.2万亩。产量增长。"], 10, "播种面积5.2万亩。"),
        (["Farmers gathered in Wushan county today to see"], 20, "Farmers gathered in…"),
        (
            ["Beans sell well at 5.2 yuan. Dr. J. Smith came. All left."],
            48,
            "Beans sell well at 5.2 yuan. Dr. J. Smith came.",
        ),
        (["见http://a.cn/?id=1&b=2页面。完。"], 25, "见http://a.cn/?id=1&b=2页面。"),
        # paragraphs without a full stop
        (["种苗统一", "标准统一", "订单在前"], 9, "种苗统一 标准统一"),
        (
            ["要求有三：", "不足二十厘米的不采；", "带露水的不装箱。", "另行通知。"],
            24,
            "要求有三：不足二十厘米的不采；带露水的不装箱。",
        ),
        (["要求有三：", "不足二十厘米的不采；", "带露水的不装箱。"], 20, "要求有三：不足二十厘米的不采…"),
        (["One.", "Two."], 9, "One. Two."),
        ([], 9, ""),
        (["甲" * 9], 1, "…"),
        (["甲" * 9], 0, ""),
    ],
)
def test_where_it_ends(paragraphs: list[str], limit: int, told: str) -> None:
    assert shortened(paragraphs, limit) == told


def test_a_body_is_read_without_what_makes_no_sentences() -> None:
    article = body_of(
        '<h2>统一种苗</h2><p>合作社统一供苗<sup><a href="#note-1">[1]</a></sup>，全村受益。<br/>'
        "村民<ruby>䶮<rt>yǎn</rt></ruby>先生说好。</p>"
        '<figure><img src="image:x" alt="a"/><figcaption>图注。</figcaption></figure>'
        "<table><tbody><tr><td>单元格。</td></tr></tbody></table>"
        "<h3>订单在前</h3><ul><li>先签订单：<ol><li>蔬菜<ul><li>架豆；</li></ul></li><li>药材。</li></ol></li></ul>"
        '<blockquote><p>“收成好。”</p><ul><li>他说。</li></ul></blockquote><p id="note-1">[1] 见公报。</p>'
    )

    assert article.abstract(200) == (
        "合作社统一供苗，全村受益。 村民䶮先生说好。先签订单：蔬菜 架豆；药材。“收成好。”他说。"
    )


def test_a_list_in_a_list_is_told_once() -> None:
    article = body_of("<ul><li>一<ul><li>二<ol><li>三</li></ol></li></ul></li><li>四</li></ul>")

    assert list(article.paragraphs()) == ["一", "二", "三", "四"]
    assert article.abstract(20) == "一 二 三 四"


def test_the_editors_own_summary_goes_first_and_is_cut_like_any_text() -> None:
    article = body_of(f"<p>{LONG}</p>", summary="摘要一句。摘要又一句，写得长了些。")

    assert article.abstract(40) == "摘要一句。摘要又一句，写得长了些。"
    assert article.abstract(12) == "摘要一句。"
    assert article.abstract(4) == "摘要一…"


def test_an_article_without_sentences_is_told_by_its_headline() -> None:
    article = body_of('<h2>小标题</h2><figure><img src="image:x" alt=""/></figure>')

    assert article.abstract(9) == "标题"


@pytest.mark.parametrize("mark", ["“", "《", '"', "（"])
def test_what_is_opened_and_never_closed_is_looked_for_once(mark: str) -> None:
    """In the whole of a book; what was added to it would be copied for every paragraph."""
    book = [f"{mark}起首。", *["一段普通的正文，讲“某事”。"] * 50_000]

    assert shortened(book, 30) == f"{mark}起首。一段普通的正文，讲“某事”。"
