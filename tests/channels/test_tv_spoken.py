"""How figures are read aloud: each rule of the house by itself, and that nothing else changes."""

from __future__ import annotations

import re
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.tv.spoken import RULES, model, spoken, syllables
from channels.tv.spoken.numerals import cardinal, count, one_by_one
from pipeline.manuscript import read
from tests.channels.tv_newsroom import EXAMPLES

READINGS = {
    "thousands": "1,234,567.89元=一百二十三万四千五百六十七点八九元 2,000多人=两千多人",
    "identity number": (
        "身份证号620502199001011234=身份证号六二零五零二幺九九零零幺零幺幺二三四 "
        "62050219900101123X=六二零五零二幺九九零零幺零幺幺二三X "
        "620502199001011234张三=六二零五零二幺九九零零幺零幺幺二三四张三"
    ),
    "telephone": (
        "0938-3421234=零九三八三四二幺二三四 （0938）3421234=零九三八三四二幺二三四 "
        "400-810-1234=四零零八幺零幺二三四 0938—3421234=零九三八三四二幺二三四"
    ),
    "mobile": "13993812345=幺三九九三八幺二三四五 13993812345张主任=幺三九九三八幺二三四五张主任",
    "telephone by its word": "电话：3421234=电话：三四二幺二三四",
    "telephones in a row": "拨打12345、110、96110=拨打幺二三四五、幺幺零、九六幺幺零",
    "public services": (
        "119消防日=幺幺九消防日 拨打120急救电话=拨打幺二零急救电话 12369环保热线=幺二三六九环保热线 "
        "“12345”政务服务便民热线=“幺二三四五”政务服务便民热线"
    ),
    "numbered things": "邮编741300=邮编七四幺三零零 QQ群：123456789=QQ群：幺二三四五六七八九",
    "club of states": (
        "G20峰会=G二十峰会 G20杭州峰会=G二十杭州峰会 二十国集团（G20）=二十国集团（G二十） 出席G20。=出席G二十。 "
        "G20财长和央行行长会议=G二十财长和央行行长会议 B20峰会=B二十峰会 G77集团=G七十七集团"
    ),
    "name of values": (
        "COVID-19=COVID十九 COVID-199=COVID一百九十九 Covid19=Covid十九 PM10=PM十 PM100=PM一百 PM1.0=PM一点零 "
        "PM10.5=PM十点五 PM2.5、PM10=PM二点五、PM十 XPM10=XPM一零 H10N3=H十N三"
    ),
    "document number": "国办发〔2017〕47号=国办发〔二零一七〕四十七号 武政发[2020]3号=武政发[二零二零]三号",
    "date": "2020/1/10=二零二零年一月十日 2020-01-10=二零二零年一月十日 1949.10.1=一九四九年十月一日",
    "feast": "3.8国际妇女节=三八国际妇女节 10.1黄金周=十一黄金周",
    "day of an event": "5·12汶川地震=五幺二汶川地震 “7·20”=“七二零” 9·18=九一八 12·4=十二四 “3·15”=“三幺五” 7·1=七一",
    "years from to": (
        "2013-2019年=二零一三到二零一九年 2019～2020学年=二零一九到二零二零学年 2023年—2025年=二零二三年到二零二五年"
    ),
    "decade": "1980年代=一九八零年代 20世纪80年代=二十世纪八十年代",
    "generation": "80后=八零后 80、90后=八零、九零后 00后=零零后",
    "history": "1500年历史=一千五百年历史 树龄1200年古柏=树龄一千二百年古柏",
    "year": "2019年=二零一九年 2000年=二零零零年 5000年=五千年",
    "year of a class": "2019届=二零一九届 2022级=二零二二级",
    "from time to time": "08:30-17:30=八点三十分到十七点三十分",
    "ratio by its word": "比分3:20=比分三比二十 比例为2:10=比例为二比十",
    "clock": "8:30=八点三十分 0:00=零点 3:05=三点零五分 16:18:42=十六点十八分四十二秒 2:00=两点",
    "ratio": "2∶1=二比一 2:1=二比一 1:10000=一比一万",
    "share": (
        "0.95%=百分之零点九五 50%~60%=百分之五十到百分之六十 5-10%=百分之五到百分之十 100%=百分之百 5‰=千分之五 "
        "增长-3.2%=增长百分之负三点二 +3.2%=百分之正三点二"
    ),
    "temperature": "-5℃=零下五摄氏度 -12℃～3℃=零下十二摄氏度到三摄氏度 -5~3℃=零下五到三摄氏度 零下5℃=零下五摄氏度",
    "price of each": "2.5元/斤=每斤二点五元 2万元/亩=每亩两万元 30公里/小时=每小时三十公里",
    "money": "¥12.5=十二点五元 $100=一百美元 ￥2万=两万元",
    "degrees and minutes": "北纬34°43′=北纬三十四度四十三分",
    "unit": (
        "120km/h=每小时一百二十公里 30kg=三十公斤 100㎡=一百平方米 3.6万kW=三点六万千瓦 110kV=一百一十千伏 5m³=五立方米"
    ),
    "road": (
        "310国道=三幺零国道 G20青银高速=G二零青银高速 G2012定武高速=G二零幺二定武高速 "
        "G20国家高速公路=G二零国家高速公路 参加G20（青银高速）建设=参加G二零（青银高速）建设 G20沿线=G二零沿线 "
        "沿G15、G18行驶=沿G幺五、G幺八行驶 "
        "G0511德都高速=G零五幺幺德都高速 G15W3甬莞高速=G幺五W三甬莞高速 G7京新高速=G七京新高速 "
        "S10凤合高速=S幺零凤合高速 D11次=D幺幺次 G2012次=G二零幺二次 D2145次=D二幺四五次 G30=G三零 G30高速=G三零高速"
    ),
    "room": "502室=五零二室 2号楼3单元1201室=二号楼三单元幺二零幺室",
    "aircraft": (
        "歼-10=歼十 歼10C=歼十C 歼-16=歼十六 歼-100=歼一百 歼-20=歼二零 歼-20战机首次亮相=歼二零战机首次亮相 "
        "武直-10=武直十 运20首飞=运二零首飞 运20吨煤=运二十吨煤 全歼20人=全歼二十人 一直20天=一直二十天 轰-6K=轰六K "
        "空警-500=空警五百 空警-2000=空警两千 苏-35=苏三五 米-171=米幺七幺 F-16=F十六 波音737=波音七三七 "
        "新舟60=新舟六零 新舟700=新舟七百 AG600=AG六百"
    ),
    "stake": "K12+300=K十二加三百",
    "plus": "“3+3”=“三加三” 1+X=一加X",
    "model": ("S218线=S二幺八线 N95=N九五 PM2.5=PM二点五 V2.0=V二点零 A4=A四 H7N9=H七N九 CO2=CO二 C919=C九幺九"),
    "times": "7×24小时=七乘二十四小时 7天×24小时=七天乘二十四小时",
    "more than": "50+=五十多",
    "ten thousand and more": "10万+=十万加",
    "range": "20-30元=二十到三十元 3—5天=三到五天 2～3小时=两到三小时 1-11月=一到十一月 30万—50万元=三十万到五十万元",
    "fraction": "1/3=三分之一 2/3以上=三分之二以上",
    "about": "2、3个=两三个 5、6岁=五六岁",
    "sign": "≥60分=大于等于六十分",
    "negative": "为-2=为负二",
    "hyphened name": "神舟-19=神舟十九",
    "numbered with #": "2#楼=二号楼",
    "serial number": "62220212345678=六二二二零二幺二三四五六七八 12345678元=一千二百三十四万五千六百七十八元",
    "plain number": (
        "26341户122705人=两万六千三百四十一户十二万二千七百零五人 7646.8元=七千六百四十六点八元 "
        "5.2万亩=五点二万亩 10.91万人(次)=十点九一万人(次) 40多批次=四十多批次 2次=两次 2个=两个 2户=两户 "
        "第2次=第二次 22个=二十二个 2万=两万 2号=二号 2楼=二楼 2两=二两 2年级=二年级 2年=两年 2月2日=二月二日 "
        "2日游=两日游 007=零零七 08年=零八年 2.0版=二点零版"
    ),
    "roman numeral": "Ⅱ级=二级 Ⅳ期=四期",
}
"""By rule: printed=read, divided by blanks."""
CASES = [
    pytest.param(name, *pair.split("=", 1), id=f"{name}: {pair.split('=')[0]}")
    for name, pairs in READINGS.items()
    for pair in pairs.split()
]


@pytest.mark.parametrize(("rule", "printed", "read_"), CASES)
def test_reading(rule: str, printed: str, read_: str) -> None:
    assert spoken(printed) == read_


def test_every_rule_has_its_readings() -> None:
    assert [rule.name for rule in RULES] == list(dict.fromkeys(READINGS))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_needed(rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, one of its readings comes out otherwise."""
    pairs = [pair.split("=", 1) for pair in READINGS[rule.name].split()]  # type: ignore[attr-defined]
    monkeypatch.setattr("channels.tv.spoken.aloud.RULES", tuple(one for one in RULES if one is not rule))
    assert any(spoken(printed) != read_ for printed, read_ in pairs)


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


def test_reading_takes_no_more_than_in_proportion() -> None:
    """Four times the text takes far less than sixteen times as long; in this thread's time on the processor, the best
    of three."""
    paragraphs = [*read(EXAMPLES / "wushan-sibuzhai.md").article.paragraphs()]
    once, four = "\n".join(paragraphs), "\n".join(paragraphs * 4)
    spoken(once)

    def took(text: str) -> float:
        before = time.thread_time()
        spoken(text)
        return time.thread_time() - before

    assert min(took(four) for _ in range(3)) < 8 * min(took(once) for _ in range(3))


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
