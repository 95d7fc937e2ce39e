"""The house's rules: tables of units and names, what a rule finds in a text, and how that is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from channels.tv.spoken.numerals import COUNTED, DIGITS, any_of, cardinal, count, one_by_one

Match = re.Match[str]

NUMBER = r"\d+(?:\.\d+)?"
SCALE = r"(?:万亿|[万亿千百])"
DASH = r"(?:[-–—―－~～〜－]{1,2})"
NOT_INSIDE = r"(?<![\d.A-Za-z])"
"""A number's true beginning: not in the middle of another, nor of a model's name."""


def behind(words: str, *, then: str = "") -> str:
    """A pattern for the place after any of these words; `then`: characters one of which may stand between."""
    places = [f"(?<={word}{more})" for word in words.split() for more in ("", *([f"[{then}]"] if then else []))]
    return f"(?:{'|'.join(places)})"


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split())


UNITS = _pairs(
    "km/h=公里每小时 m/s=米每秒 mg/L=毫克每升 mg/kg=毫克每千克 μg/m³=微克每立方米 µg/m³=微克每立方米 "
    "ug/m3=微克每立方米 kW·h=千瓦时 kWh=千瓦时 km²=平方公里 km2=平方公里 hm²=公顷 m²=平方米 m2=平方米 ㎡=平方米 "
    "m³=立方米 m3=立方米 km=公里 cm=厘米 mm=毫米 kg=公斤 mg=毫克 mL=毫升 ml=毫升 MW=兆瓦 GW=吉瓦 kW=千瓦 KW=千瓦 "
    "kV=千伏 KV=千伏 kVA=千伏安 Hz=赫兹 dB=分贝 GB=吉字节 MB=兆字节 TB=太字节 Mbps=兆 min=分钟 ℃=摄氏度 °C=摄氏度 "
    "m=米 g=克 t=吨 L=升 h=小时 s=秒 °=度 ′=分 ″=秒"
)
"""Units written in letters, as they are said; read only right after a number."""
UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
PRICED = any_of("元 公斤 千克 斤 吨 公里 米 升 方 株 人 次 立方米")
PER = any_of(
    "亩 公顷 斤 公斤 千克 吨 人 户 年 月 天 日 周 次 小时 分钟 秒 平方米 立方米 平方公里 公里 米 升 "
    "只 头 羽 株 棵 辆 台 套 件 箱 袋 盒 个 名 班 村 万人 千瓦时"
)
"""元/亩: what comes after the stroke."""
APPROXIMATE = any_of("个 名 人 天 年 次 户 家 岁 块 斤 亩 里 公里 米 万 千 百 十 分钟 小时 位 头 只")
"""What two neighbouring figures are an estimate of: 2、3个."""
MEASURED = rf"[年月日天个元亩米斤吨人户岁级度]|{any_of('公里 公斤 小时 分钟')}"
"""What may stand after the first figure of a range."""

SAID = _pairs("9·18=九一八 12·9=一二九 12·4=十二四 10·1=十一 12·13=十二一三")
"""Days of events that custom reads in a way of its own."""
HYPHEN = "[-‐‑–—－]"
WHOLE = r"(?!\d|\.\d)"
"""A number's true end."""
ROADS = any_of("高速 公路 国道 省道 县道 乡道 线 段 路 收费站 服务区 互通 枢纽 出口 入口 匝道 隧道 大桥")
CLUBS = any_of("峰会 集团 成员 领导人 首脑 财长 外长 部长 央行 主席国 轮值 公报 经济体 框架 国家(?!级?高速|公路)")
"""What is said of a club of states and never of a road: G20 is both (GB/T 917 numbers the roads)."""
ON_A_ROAD = rf"[（(“]?(?:(?!{CLUBS})[\u4e00-\u9fff]){{0,8}}?(?:{ROADS})"
IN_A_CLUB = rf"[）)”]?(?:(?!{ROADS})[\u4e00-\u9fff]){{0,8}}?(?:{CLUBS})"
CLUB = rf"(?:G\d{{1,2}}|[BCLSTWY]20){WHOLE}"
"""A club of states by its number, or one of the circles of G20."""
CARRIED = "空水客货搬转营起发托海陆调清押装启载航储承外拉抢禁购垂笔一简正率耿挺"
"""What makes another word of 运 or 直: 空运20吨, 一直20天."""
AIRCRAFT = "|".join(
    (
        rf"[歼轰](?={HYPHEN}|\d+(?![\d架个名人余多]))",
        rf"(?<![{CARRIED}])[运直](?={HYPHEN}|\d+(?!\d|{COUNTED.pattern}|[多余月日号%‰℃万亿]))",
        rf"(?<!江)苏(?={HYPHEN})",
        rf"(?<![^，。、：；“（(和与及的架])米(?={HYPHEN})",
        rf"(?<![A-Za-z\d])[FJY](?={HYPHEN})",
        any_of("空警 运油 波音 空客 新舟 AG"),
    )
)
"""Types of aircraft, by what stands before their figures."""
SERVICES = r"1(?:10|19|20|22)|12\d{3}|9[56]\d{3}|100\d{2}|114"
"""Telephone numbers of public services."""
CALLED = any_of("消防 热线 电话 平台 报警 急救 指挥中心 接警 服务台 客服 专线 短号")
SERIALS = "邮编 编码 账号 编号 QQ QQ群 代码 证号 单号"
"""What a number that is read figure by figure belongs to."""
SIGNS = {"≥": "大于等于", "≤": "小于等于", "±": "正负", "≈": "约等于"}
ROMAN = "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ"
FESTIVAL = rf"(?=[”\"’]?(?:{any_of('国际 三八 妇女 劳动 青年 儿童 建党 建军 国庆 假期 小长假 黄金周 节')}))"
MEANT_NEGATIVE = "为是达至到约在低温"
"""A minus after one of these is a minus; after another character it is the hyphen of a name: 神舟-19."""


def _after(match: Match) -> str:
    return match.string[match.end() : match.end() + 3]


# -- the readers: each gets what its rule's pattern found -------------------------------------------------


def _phone(match: Match) -> str:
    return one_by_one(re.sub(r"[^\d]", "", match.group()), yao=True)


def _digits(match: Match) -> str:
    return one_by_one(match.group(), yao=True)


def _year(match: Match) -> str:
    return one_by_one(match.group())


def _date(match: Match) -> str:
    year, _, month, day = match.group(1, 2, 3, 4)
    return f"{one_by_one(year)}年{cardinal(month)}月{cardinal(day)}日"


def _event(match: Match) -> str:
    month, day = match.group(1, 2)
    known = SAID.get(f"{month}·{day}")
    return known or one_by_one(month, yao=len(month) > 1) + one_by_one(day, yao=len(day) > 1)


def _clock(match: Match) -> str:
    hour, minute, second = match.group(1, 2, 3)
    said = ("两" if hour.lstrip("0") == "2" else cardinal(hour)) + "点"
    if minute != "00" or second:
        said += (DIGITS[0] if minute < "10" and minute != "00" else "") + cardinal(minute) + "分"
    if second:
        said += (DIGITS[0] if second < "10" and second != "00" else "") + cardinal(second) + "秒"
    return said


def _share(match: Match) -> str:
    """One or two numbers with % or ‰."""
    of = {"%": "百分之", "‰": "千分之"}[match.group("of")]

    def one(sign: str | None, figures: str) -> str:
        words = {"-": "负", "−": "负", "+": "正"}.get(sign or "", "")
        return of + words + ("百" if of == "百分之" and figures == "100" else cardinal(figures))

    last = one(match.group("sign"), match.group("last"))
    if not match.group("first"):
        return last
    return f"{one(match.group('first_sign'), match.group('first'))}到{last}"


def _feast(match: Match) -> str:
    return "十一" if match[1] == "10.1" else one_by_one(match[1].replace(".", ""))


def _value(match: Match) -> str:
    return cardinal(match.group())


def _angle(match: Match) -> str:
    return cardinal(match[1]) + UNITS[match[2]]


def _stake(match: Match) -> str:
    return f"K{cardinal(match[1])}加{cardinal(match[2])}"


def _degrees(match: Match) -> str:
    """One or two temperatures; a minus is 零下."""

    def one(sign: str | None, figures: str) -> str:
        return ("零下" if sign else "") + cardinal(figures)

    last = one(match.group("sign"), match.group("last")) + "摄氏度"
    if not match.group("first"):
        return last
    unit = "摄氏度" if match.group("unit") else ""
    return f"{one(match.group('first_sign'), match.group('first'))}{unit}到{last}"


def _each(match: Match) -> str:
    """5000元/亩 → 每亩五千元."""
    figures, measure, per = match.group("figures", "measure", "per")
    return f"每{per}{count(figures, measure)}{measure}"


def _unit(match: Match) -> str:
    figures, scale, unit = match.group(1, 2, 3)
    if unit in ("km/h", "m/s"):
        measure, per = {"km/h": ("公里", "小时"), "m/s": ("米", "秒")}[unit]
        return f"每{per}{cardinal(figures)}{scale or ''}{measure}"
    said = UNITS[unit]
    return count(figures, scale or said) + (scale or "") + said


def _range(match: Match) -> str:
    first, scale, measure, last = match.group("first", "scale", "measure", "last")
    after = match.string[match.end() : match.end() + 3]
    return count(first, scale or measure or after) + (scale or "") + (measure or "") + "到" + count(last, after)


def _years(match: Match) -> str:
    first, year, last = match.group(1, 2, 3)
    return f"{one_by_one(first)}{year or ''}到{one_by_one(last)}"


def _ratio(match: Match) -> str:
    return "比".join(cardinal(part) for part in re.split("[:：∶]", match.group()))


def _times(match: Match) -> str:
    return match.group(1) + "乘"


def _money(match: Match) -> str:
    sign, figures, scale = match.group(1, 2, 3)
    name = {"$": "美元", "€": "欧元", "£": "英镑"}.get(sign, "元")
    return count(figures, scale or name) + (scale or "") + name


def _fraction(match: Match) -> str:
    over, under = match.group(1, 2)
    return f"{cardinal(under)}分之{cardinal(over)}"


def _about(match: Match) -> str:
    """2、3个 → 两三个; only for neighbours."""
    first, last = match.group(1, 2)
    if int(last) - int(first) != 1:
        return match.group()
    return count(first, _after(match)) + DIGITS[int(last)]


def _model(match: Match) -> str:
    """A name of letters and figures: letters stay, a hyphen goes, figures are said one by one, 1 as 幺 in long ones."""
    letters, figures, decimals = match.group(1, 2, 3)
    return letters + one_by_one(figures, yao=len(figures) > 2) + ("点" + one_by_one(decimals) if decimals else "")


def _hyphened(match: Match) -> str:
    """神舟-19 is no negative number."""
    return match.group(1) + cardinal(match.group(2))


def _aircraft(match: Match) -> str:
    """歼-10 is 歼十 and 歼-16 歼十六, but 歼-20 歼二零; 波音737 is 波音七三七, but 空警-500 空警五百."""
    kind, figures = match.group("kind", "figures")
    by_value = figures.endswith("00") or int(figures) < 20
    return kind + (cardinal(figures) if by_value else one_by_one(figures, yao=len(figures) > 2))


def _by_value(match: Match) -> str:
    """Letters stay, a hyphen goes, each number is said as its value."""
    return re.sub(rf"{HYPHEN}?({NUMBER})", lambda found: cardinal(found[1]), match.group())


def _negative(match: Match) -> str:
    return match.group(1) + "负"


def _grouped(match: Match) -> str:
    return re.sub("[,，]", "", match.group())


def _plain(match: Match) -> str:
    ordinal, figures, scale = match.group("ordinal", "figures", "scale")
    after = scale or _after(match)
    return (ordinal or "") + count(figures, after, ordinal=bool(ordinal)) + (scale or "")


def _roman(match: Match) -> str:
    return cardinal(str(ROMAN.index(match.group()) + 1))


def _sign(match: Match) -> str:
    return SIGNS[match.group()]


def _constant(said: str) -> Callable[[Match], str]:
    return lambda _: said


# -- the rules --------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """One rule of the house: what it is for, where it applies, how it is read."""

    name: str
    pattern: re.Pattern[str]
    read: Callable[[Match], str]


def _rule(name: str, pattern: str, read: Callable[[Match], str]) -> Rule:
    return Rule(name, re.compile(pattern), read)


RULES = (
    _rule("thousands", r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", _grouped),
    _rule("identity number", r"(?<!\d)\d{17}[\dXx](?!\d)", _digits),
    _rule(
        "telephone",
        r"(?<!\d)(?:[(（]0\d{2,3}[)）]\d{7,8}|0\d{2,3}[-–—－ ]\d{7,8}(?:-\d{1,4})?"
        r"|[48]00[-–—－ ]?\d{3}[-–—－ ]?\d{4}|0\d{9,11})(?!\d)",
        _phone,
    ),
    _rule("mobile", r"(?<!\d)1[3-9]\d{9}(?!\d)", _digits),
    _rule("telephone by its word", behind("电话 热线 手机 传真 拨打", then=":：") + r"\d{7,8}(?!\d)", _digits),
    _rule(
        "telephones in a row",
        rf"{behind('拨打 热线 电话 :', then=':：“')}[“\"]?(?:{SERVICES})[”\"]?"
        rf"(?:[、，,和或及][“\"]?(?:{SERVICES})[”\"]?)+(?![\d.])",
        _digits,
    ),
    _rule(
        "public services",
        rf"(?<!\d){behind('拨打 热线 电话 致电', then='“:：')}(?:{SERVICES})(?![\d.])"
        rf"|(?<!\d)(?:{SERVICES})(?=[”\"]?(?:\w{{0,6}}?(?:{CALLED})))",
        _digits,
    ),
    _rule("numbered things", behind(SERIALS, then=":：") + r"\d{4,}", _digits),
    _rule(
        "club of states",
        rf"(?<![A-Za-z\d.]){CLUB}(?={IN_A_CLUB})"
        rf"|{behind('国集团 出席 参加 举办 主办 承办 加入', then='（(“')}{CLUB}(?!{ON_A_ROAD})",
        _by_value,
    ),
    _rule(
        "name of values",  # PM10 tells micrometres, COVID-19 a year, H10N3 kinds of proteins
        rf"(?<![A-Za-z\d])(?:(?:PM|(?i:COVID)){HYPHEN}?{NUMBER}|H\d{{1,2}}N\d{{1,2}}){WHOLE}",
        _by_value,
    ),
    _rule("document number", r"(?<=[〔\[（(【])(?:19|20)\d\d(?=[〕\]）)】]第?\d+号)", _year),
    _rule("date", r"(?<![\d.])((?:19|20)\d\d)([-/.])(1[0-2]|0?[1-9])\2(3[01]|[12]\d|0?[1-9])(?![\d.])", _date),
    _rule("feast", rf"(?<![\d.])(3\.8|5\.1|5\.4|6\.1|7\.1|8\.1|10\.1){FESTIVAL}", _feast),
    _rule("day of an event", r"(?<![\d.])(1[0-2]|[1-9])[·•‧・](3[01]|[12]\d|[1-9])(?![\d.])", _event),
    _rule("years from to", rf"(?<![\d.])((?:19|20)\d\d)(年)?{DASH}((?:19|20)\d\d)(?=年|学年|赛季|[^\w]|$)", _years),
    _rule("decade", r"(?<!\d)(?:1[89]|20)\d0(?=年代)", _year),
    _rule("generation", r"(?<!\d)\d[05](?=(?:、\d[05])*后(?![来面续]))", _year),
    _rule("history", r"(?<![\d.])\d{4}(?=年(?:的?历史|古|树龄))", _value),
    _rule("year", r"(?<![\d.])(?:1\d{3}|20\d\d)(?=年(?!代))", _year),
    _rule("year of a class", rf"(?<![\d.])(?:19|20)\d\d(?={any_of('届 级 款 版 学年 年度 赛季')})", _year),
    _rule("from time to time", rf"(?<=\d){DASH}(?=\d{{1,2}}[:：∶][0-5]\d)", _constant("到")),
    _rule("ratio by its word", behind("比分 比例 比值 比分为 比例为 比值为") + r"\d+[:：∶]\d+", _ratio),
    _rule("clock", r"(?<![\d.:：∶])(2[0-4]|[01]?\d)[:：∶]([0-5]\d)(?:[:：∶]([0-5]\d))?(?![\d.:：∶%]|的?比)", _clock),
    _rule("ratio", rf"(?<![\d.]){NUMBER}(?:[:：∶]{NUMBER})+(?![\d])", _ratio),
    _rule(
        "share",
        rf"(?:(?P<first_sign>(?<![\d%‰])[-−+])?(?<![\d.])(?P<first>{NUMBER})[%‰]?{DASH})?"
        rf"(?P<sign>(?<![\d%‰])[-−+])?(?<![\d.])(?P<last>{NUMBER})(?P<of>[%‰])",
        _share,
    ),
    _rule(
        "temperature",
        rf"(?:(?P<first_sign>(?<![\d℃])[-−－])?(?<![\d.])(?P<first>{NUMBER})(?P<unit>℃|°C)?"
        rf"(?:{DASH}|(?<=C)/|(?<=℃)/|至|到))?"
        rf"(?P<sign>(?<![\d℃])[-−－])?(?<![\d.])(?P<last>{NUMBER})(?:℃|°C)",
        _degrees,
    ),
    _rule(
        "price of each",
        rf"{NOT_INSIDE}(?P<figures>{NUMBER})(?P<measure>[万亿]?(?:{PRICED}))/(?P<per>{PER})",
        _each,
    ),
    _rule("money", rf"([$€£¥￥])\s?({NUMBER})({SCALE})?", _money),
    _rule("degrees and minutes", rf"(?<![\d.])({NUMBER})([°′″])(?=[\d.NSEW，,、。；;）)]|[^\W\d_]|$)", _angle),
    _rule("unit", rf"{NOT_INSIDE}({NUMBER})\s?({SCALE})?({UNIT})(?![A-Za-z0-9])", _unit),
    _rule(
        "road",
        r"(?<![\d.])\d{3}(?=[”\"]?(?:国道|省道|县道|乡道))"
        rf"|(?<![A-Za-z\d.])(?:G\d{{2,4}}|[SXYCZ]\d{{2,4}}(?={ON_A_ROAD})|[CDGKSTYZ]\d{{2,4}}(?=次)){WHOLE}",
        _digits,
    ),
    _rule("room", rf"{NOT_INSIDE}\d{{3,4}}(?=室|房间|病房|教室|办公室)", _digits),
    _rule("aircraft", rf"(?P<kind>{AIRCRAFT}){HYPHEN}?(?P<figures>\d{{1,4}}){WHOLE}", _aircraft),
    _rule("stake", r"K(\d+)\+(\d{1,3})", _stake),
    _rule("plus", r"(?<=[\dA-Za-z])\s?\+\s?(?=[\dA-Za-z])", _constant("加")),
    _rule("model", r"(?<![A-Za-z])([A-Za-z]+)-?(\d+)(?:\.(\d+))?(?![A-Za-z]*[-]?\d*\.?\d*@)", _model),
    _rule("times", r"(\d[天年月次]?|[A-Za-z])\s?[×✕✖*xX]\s?(?=\d|[A-Z])", _times),
    _rule("more than", r"(?<=\d)\+(?=[^\dA-Za-z]|$)", _constant("多")),
    _rule("ten thousand and more", r"(?<=[万亿])\+(?=[^\dA-Za-z]|$)", _constant("加")),
    _rule(
        "range",
        rf"{NOT_INSIDE}(?P<first>{NUMBER})(?P<scale>{SCALE})?(?P<measure>{MEASURED})?"
        rf"{DASH}(?P<last>{NUMBER})(?![\d.])",
        _range,
    ),
    _rule("fraction", r"(?<![\d./])(\d{1,3})/(\d{1,4})(?![\d./])", _fraction),
    _rule("about", rf"(?<![\d.、])(\d)、(\d)(?={APPROXIMATE})", _about),
    _rule("sign", r"[≥≤±≈](?=\s?\d)", _sign),
    _rule("negative", rf"(^|[（(：:，,、]|[{MEANT_NEGATIVE}])[-−](?=\d)", _negative),
    _rule("hyphened name", r"([\u4e00-\u9fff])-(\d{1,3})(?!\d)", _hyphened),
    _rule("numbered with #", r"(?<=\d)[#＃]", _constant("号")),
    _rule("serial number", rf"(?<![\d.])\d{{8,}}(?![\d.]|[万亿]|{COUNTED.pattern})", _digits),
    _rule(
        "plain number",
        rf"(?P<ordinal>第)?(?<![\d.])(?P<figures>{NUMBER})(?P<scale>{SCALE})?(?![\d.]*[\d/$])",
        _plain,
    ),
    _rule("roman numeral", rf"[{ROMAN}](?={any_of('级 类 期 型 度 号 、 部 段')})", _roman),
)
"""The house's rules, in the order in which they are tried."""
