"""How figures are read aloud: each rule of the house by itself, and that nothing else changes."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.tv.spoken import RULES, model, spoken, syllables
from channels.tv.spoken.numerals import cardinal, count, one_by_one
from channels.tv.spoken.rules import Rule
from pipeline.manuscript import read
from tests.channels.tv_newsroom import EXAMPLES

CASES = Path(__file__).parent / "cases" / "spoken"


def _rows(name: str) -> list[list[str]]:
    """The lines of a table of cases, by their columns."""
    lines = (CASES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


READINGS = [(rule, printed, said) for rule, printed, said in _rows("rules")]


@pytest.mark.parametrize(("rule", "printed", "said"), READINGS)
def test_reading(rule: str, printed: str, said: str) -> None:
    assert spoken(printed) == said


def test_every_rule_has_its_readings() -> None:
    assert [rule.name for rule in RULES] == list(dict.fromkeys(rule for rule, _, _ in READINGS))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_needed(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, one of its readings comes out otherwise."""
    monkeypatch.setattr("channels.tv.spoken.aloud.RULES", tuple(one for one in RULES if one is not rule))
    assert any(spoken.__wrapped__(printed) != said for name, printed, said in READINGS if name == rule.name)


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Nd", "No", "Nl", "Cs"])))
def test_text_without_figures_and_signs_is_unchanged(text: str) -> None:
    text = re.sub("[≥≤±≈]", "", text)
    assert spoken(text) == text


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["武山县", "架豆喜获丰收", "，", "。", "WTO", "“好”", "26341户", "2次", "0.95%", "2019年"]),
        max_size=8,
    )
)
def test_everything_but_figures_stays(parts: list[str]) -> None:
    kept = [part for part in parts if not re.search(r"\d", part)]
    said = spoken("；".join(parts))
    place = 0
    for part in kept:
        place = said.index(part, place) + len(part)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**12 - 1))
def test_plain_numbers_are_read_as_wetext_reads_them(value: int) -> None:
    figures = f"{value}"
    expected = model().normalize(f"{figures}元").removesuffix("元")
    assert count(figures, "元") == expected


@settings(deadline=None)
@given(st.decimals(min_value=0, max_value=10**6, places=2))
def test_decimals_too(value: object) -> None:
    assert cardinal(f"{value}") == model().normalize(f"{value}吨").removesuffix("吨")


@pytest.mark.parametrize(
    "text",
    ["见https://www.wushan.gov.cn/2019/1.html。", "wushan2019@163.com", "WTO、GDP、App", "二〇一九年", "A股", ""],
)
def test_addresses_and_letters_are_left_alone(text: str) -> None:
    assert spoken(text) == text


def test_what_the_house_does_not_know_goes_to_wetext() -> None:
    """A number between strokes is neither date nor fraction: the general rules decide, and no figure is left."""
    assert not re.search(r"\d", spoken("24/7/365 3/4/5"))


def test_a_whole_article() -> None:
    for path in EXAMPLES.glob("*.md"):
        said = "".join(spoken(paragraph) for paragraph in read(path).article.paragraphs())
        assert not re.search(r"\d", said), path


def test_threads_read_alike() -> None:
    texts = list(read(EXAMPLES / "wushan-sibuzhai.md").article.paragraphs()) + [f"{n}/7/{n}" for n in range(40)]
    expected = [spoken(text) for text in texts]
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append([spoken(text) for text in texts])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


def _took(text: str) -> float:
    """Seconds of this thread on the processor, the best of three."""
    times = []
    for place in range(3):
        before = time.thread_time()
        spoken.__wrapped__(f"{text}{'。' * place}")
        times.append(time.thread_time() - before)
    return min(times)


def test_reading_takes_no_more_than_in_proportion() -> None:
    """Four times the text takes far less than sixteen times as long."""
    paragraphs = [*read(EXAMPLES / "wushan-sibuzhai.md").article.paragraphs()]
    spoken("\n".join(paragraphs))
    assert _took("\n".join(paragraphs * 4)) < 8 * _took("\n".join(paragraphs))


def _heard(text: str) -> str:
    """Without blanks, which make no sound."""
    return "".join(text.split())


def test_the_county_s_sentences() -> None:
    """Of what a county's news has, at least 97 of 100 are read right. Several readings are divided by |."""
    cases = [(written, [_heard(one) for one in readings.split("|")]) for written, readings, _ in _rows("county")]
    wrong = [(written, spoken(written)) for written, readings in cases if _heard(spoken(written)) not in readings]
    assert len(wrong) <= 0.03 * len(cases), wrong


@pytest.mark.parametrize("name", ["nemo", "wetext"])
def test_never_fewer_right_than_wetext_alone(name: str) -> None:
    """On the public test sets, whose conventions are partly others than a station's: they read the 1 of an area code
    一 and -23°C 负二十三摄氏度, put capitals in the place of small letters, and take punctuation and 儿 away."""
    cases = [(written, _heard(said)) for written, said, _ in _rows(name)]
    alone = {written for written, said in cases if _heard(model().normalize(written)) == said}
    ours = {written for written, said in cases if _heard(spoken(written)) == said}
    assert len(ours) >= len(alone), sorted(alone - ours)


def test_syllables() -> None:
    assert syllables("百分之零点九五") == 7
    assert syllables("五G网络，WTO") == 7
    assert syllables("") == syllables("，。“”") == 0
    assert syllables("COVID十九") == 7
    assert syllables("Hello") == 2


@settings(deadline=None)
@given(st.text(max_size=20), st.text(max_size=20))
def test_syllables_add_up(one: str, other: str) -> None:
    assert syllables(f"{one}，{other}") == syllables(one) + syllables(other)


FIGURES = st.one_of(
    st.text("0123456789", min_size=1, max_size=60),
    st.text("０１２３４５６７８９", min_size=1, max_size=60),
    st.text("٠١٢٣٤٥٦٧٨٩०१२𝟏𝟐", min_size=1, max_size=30),
    st.lists(st.text("0123456789", min_size=3, max_size=3), min_size=1, max_size=20).map(
        lambda many: "1," + ",".join(many)
    ),
    st.tuples(st.text("0123456789", min_size=1, max_size=60), st.text("0123456789", min_size=1, max_size=60)).map(
        ".".join
    ),
)
AROUND = st.sampled_from(
    [
        *(
            "人",
            "户",
            "万亩",
            "亿元",
            "万亿",
            "%",
            "‰",
            "℃",
            "°C",
            "元/亩",
            "km",
            "km/h",
            "公斤",
            "kg",
            "m²",
            "年",
            "月",
            "号",
        ),
        *(
            "级",
            "平方米",
            "年代",
            "国道",
            "室",
            "度",
            "°",
            "′",
            "后",
            "多人",
            "、3个",
            "-5人",
            "—8亿元",
            "~9%",
            "至10℃",
            "/3",
        ),
        *(
            "/100",
            "×3",
            ":1",
            "：30",
            "+",
            "#",
            "·3",
            "第",
            "约",
            "$",
            "￥",
            "电话：",
            "热线",
            "拨打",
            "-",
            "−",
            "≥",
            "±",
            "K",
        ),
        *(
            "〔",
            "零下",
            "比分",
            "编号：",
            "歼-",
            "3、",
            "2-",
            "5—",
            "0.",
            "A",
            "G",
            "DH",
            "v",
            "www.",
            "@",
            "²",
            "③",
            "Ⅳ",
            "80、",
            "甘A",
            "编号",
            "GB/T ",
            "$",
            "w",
            "2026青",
        ),
        *("Ⅻ级", "年的历史", "，。", "\u200b", " ", "."),
    ]
)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.one_of(FIGURES, AROUND, st.text(max_size=3)), max_size=6).map("".join))
def test_no_text_is_too_much_for_it(text: str) -> None:
    said = spoken(text)
    assert spoken(text) == said
    assert syllables(said) >= 0


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(FIGURES.map(lambda one: one[:9]), AROUND), min_size=1, max_size=3).map("".join))
def test_no_text_takes_more_than_in_proportion(unit: str) -> None:
    """However often it is repeated."""
    times = max(1, 1000 // len(unit))
    assert _took(f"{unit * 4 * times}一") < 10 * _took(f"{unit * times}二") + 0.02


@pytest.mark.parametrize(
    ("before", "after", "then"),
    [("", "人", "人"), ("", "万亩", "万亩"), ("", "km", "公里"), ("", "平方米", "平方米"), ("$", "", "美元")],
)
@pytest.mark.parametrize("length", [one for one in range(1, 61) if one != 18])  # which is somebody's identity number
def test_a_number_of_any_length_before_a_unit(length: int, before: str, after: str, then: str) -> None:
    """Its value in words, as long as there are words for it; then its figures."""
    figures = ("3456789" * 9)[:length]
    said = spoken(f"共{before}{figures}{after}。").removeprefix("共").removesuffix(f"{then}。")
    if length > 20:
        assert said == one_by_one(figures)
    else:
        assert said == cardinal(figures)
        assert said != one_by_one(figures) or length == 1


@pytest.mark.parametrize("length", [1, 4, 5, 20, 21, 22, 40, 60])
def test_long_numbers_in_other_places(length: int) -> None:
    figures = ("3456789" * 9)[:length]
    words = cardinal(figures)
    full = figures.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert spoken(f"{figures}%") == spoken(f"{full}％") == f"百分之{words}"
    assert spoken(f"{figures}.5℃") == f"{words}点五摄氏度"
    assert spoken(f"3.{figures}公里") == f"三点{one_by_one(figures)}公里"
    assert spoken(f"{figures}-{figures}元") == f"{words}到{words}元"
    assert spoken(f"{figures}~{figures}%") == f"百分之{words}到百分之{words}"
    assert spoken(f"{figures}元/亩") == f"每亩{words}元"
    assert spoken(f"{figures},{figures[:3].ljust(3, '0')}人").endswith("人")


def test_figures_of_other_scripts_are_figures() -> None:
    assert spoken("１２户，٣户，𝟒户") == "十二户，三户，四户"


def test_figures_one_by_one() -> None:
    assert one_by_one("2019") == "二零一九"
    assert one_by_one("110", yao=True) == "幺幺零"
