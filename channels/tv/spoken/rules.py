"""The house's rules: what each finds in a text, and how that is read. The words they look for are in `tables`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from channels.tv.spoken import readers, tables
from channels.tv.spoken.numerals import COUNTED, any_of
from channels.tv.spoken.tables import AMOUNT, COLON, HYPHEN, MEASURED, NUMBER, UNIT

Match = re.Match[str]

SCALE = r"(?:万亿|[万亿千百])"
DASH = r"(?:——|--|[-–—―－~～〜])"
NOT_INSIDE = r"(?<![\d.A-Za-z])"
"""A number's true beginning: not in the middle of another, nor of a model's name."""
WHOLE = r"(?!\d|\.\d)"
"""A number's true end."""
MONTH, DAY = r"(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])"


def behind(words: str, *, then: str = "") -> str:
    """A pattern for the place after any of these words; `then`: characters one of which may stand between."""
    places = [f"(?<={word}{more})" for word in words.split() for more in ("", *([f"[{then}]"] if then else []))]
    return f"(?:{'|'.join(places)})"


# -- the rules --------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """One rule of the house: what it is for, where it applies, how it is read."""

    name: str
    pattern: re.Pattern[str]
    read: Callable[[Match], str]


def _rule(name: str, pattern: str, read: Callable[[Match], str]) -> Rule:
    return Rule(name, re.compile(pattern), read)


SIGNED = r"(?<![\d.%‰℃])[-−－]"
_CLUB = rf"(?:G\d{{1,2}}|[BCLSTWY]20){WHOLE}"
_STANDARD = r"(?:GBZ?|DB\d{2}|ISO|IEC)(?:/[TZ])?\s?\d{3,6}(?:\.\d{1,2})?(?:[-—:：](?:19|20)\d\d)?"
_DATED = r"[A-Z]{1,5}(?:/[A-Z]{1,5})?\s?\d{1,6}(?:\.\d{1,2})?[-—](?:19|20)\d\d"

NAMES = (
    _rule("thousands", r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", readers.grouped),
    _rule("identity number", r"(?<!\d)\d{17}[\dXx](?!\d)", readers.digits),
    _rule(
        "telephone",
        rf"(?<![\d+])(?:[(（]0\d{{2,3}}[)）]\s?\d{{7,8}}|0\d{{2,3}}(?:{HYPHEN}|\s)\d{{7,8}}(?:-\d{{1,4}})?"
        rf"|[48]00{HYPHEN}?\d{{3}}{HYPHEN}?\d{{4}}|0\d{{9,11}}"
        rf"|(?:\+?86[- ]?)?1[3-9]\d(?:[- ]\d{{4}}[- ]|\d{{4}})\d{{4}})"
        r"(?:转\d{1,5})?(?!\d)",
        readers.phone,
    ),
    _rule("telephone by its word", behind("电话 热线 手机 传真 拨打", then=":： ") + r"\d{7,8}(?!\d)", readers.digits),
    _rule(
        "telephones in a row",
        rf"{behind('拨打 热线 电话 :', then=':：“')}[“\"]?(?:{tables.SERVICES})[”\"]?"
        rf"(?:[、，,和或及][“\"]?(?:{tables.SERVICES})[”\"]?)+(?![\d.])",
        readers.digits,
    ),
    _rule(
        "public services",
        rf"(?<!\d)(?=\d){behind(tables.CALLING, then='“:：')}(?:{tables.SERVICES})(?![\d.]|{AMOUNT})"
        rf"|(?:^|(?<=[“\"]))(?:{tables.EMERGENCIES})(?=[”\"]|$)"
        rf"|(?<!\d)(?:{tables.SERVICES})(?![\d.]|{AMOUNT})(?=[”\"]?\w{{0,6}}?(?:{tables.CALLED}))",
        readers.digits,
    ),
    _rule(
        "serial number",
        rf"(?P<what>(?:{tables.SERIALS})(?:分别)?[是为]?[:：]?[“\"]?)(?P<figures>\d(?:[ -]?\d){{1,30}})"
        rf"(?!\d|{tables.MANY})",
        readers.serial,
    ),
    _rule("number of an issue", r"(?<=第)20\d{5}(?=期)", readers.issue),
    _rule("car", rf"[{tables.PROVINCES}][A-Z][·•]?(?=[A-Z\d]*\d)[A-Z\d]{{5,6}}(?![A-Za-z\d])", readers.plate),
    _rule("standard", rf"(?<![A-Za-z\d/])(?:{_STANDARD}|{_DATED})(?![\d])", readers.standard),
    _rule(
        "club of states",
        rf"(?<![A-Za-z\d.]){_CLUB}(?={tables.IN_A_CLUB})"
        rf"|{behind('国集团 出席 参加 举办 主办 承办 加入', then='（(“')}{_CLUB}(?!{tables.ON_A_ROAD})",
        readers.by_value,
    ),
    _rule(
        "name of values",  # PM10 tells micrometres, COVID-19 a year, H10N3 kinds of proteins
        rf"(?<![A-Za-z\d])(?:(?:PM|COP|(?i:COVID|TOP)){HYPHEN}?{NUMBER}|H\d{{1,2}}N\d{{1,2}}){WHOLE}",
        readers.by_value,
    ),
    _rule("one to another", r"(?<![A-Za-z\d])([BCDFGMOPS])2([BCDFGMOPS])(?![A-Za-z\d])", readers.one_to_another),
    _rule("roman numeral", rf"[{tables.ROMAN}](?={any_of('级 类 期 型 度 号 、 部 段')})", readers.roman),
    _rule("roman letters", rf"(?<![A-Za-z])(?:{'|'.join(tables.ROMANS)})(?=[级类期型])", readers.as_in(tables.ROMANS)),
    _rule(
        "item", rf"(?P<head>(?:^|(?<=[。；;：:！？\s]))(?=.[^号类级型线]))?(?P<sign>[{tables.CIRCLED}])", readers.item
    ),
    _rule("numbered item", r"(?:^|(?<=[。；;：:\s]))(\d{1,2})[.．](?=[\u4e00-\u9fff])", readers.numbered),
)
"""What is called by a number."""

DATES = (
    _rule(
        "from one to another",
        rf"(?<=\d){DASH}(?=\d{{1,2}}{COLON}[0-5]\d)|(?<=\d\.\d\d){DASH}(?=(?:19|20)\d\d\.)"
        r"|(?<=[年月日号时点分元米亩吨度人户次℃%‰mgtLhsW])(?:[—–～~〜]{1,2})(?=\d)",
        readers.constant("到"),
    ),
    _rule(
        "document number",
        rf"(?<=[〔\[（(【])(?:19|20)\d\d(?=[〕\]）)】](?:第?\d{{1,9}}号|[{tables.PROVINCES}最][\d民刑行执]))",
        readers.year,
    ),
    _rule(
        "date", rf"(?<![\d.])(?P<year>(?:19|20)\d\d)([-/.·])(?P<month>{MONTH})\2(?P<day>{DAY})(?!\d|\.\d)", readers.date
    ),
    _rule(
        "year and month",
        rf"(?<![\d.])(?P<year>(?:19|20)\d\d)[-/.](?P<month>0[1-9]|1[0-2]|[1-9](?=生|出生|参加|入党|任|至|起))"
        rf"(?!\d|[.·/-]\d|{AMOUNT}|[年学赛号届A-Za-z]|{any_of('美元 港元 欧元 英镑 日元')})",
        readers.date,
    ),
    _rule(
        "date in one",
        rf"(?<![\d.])(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d|\.\d|{AMOUNT})",
        readers.date,
    ),
    _rule("date as others write it", r"(?<![\d./-])(?:\d\d[-/.]){1,2}(?:19|20)\d\d(?![\d./-])", readers.general),
    _rule(
        "month and day",
        r"(?<![\d.])(?:(?<=日期：)|(?<=日期:)|(?=0))(?P<month>0[1-9]|1[0-2])[-/.](?P<day>0[1-9]|[12]\d|3[01])(?![\d./-])",
        readers.month_and_day,
    ),
    _rule(
        "day of an event",
        rf"(?<![\d.])(1[0-2]|[1-9])(?:[·•‧・]|\.(?=\d\d?[”\"’]?(?:{tables.FESTIVAL})))(3[01]|[12]\d|[1-9])(?![\d.])",
        readers.event,
    ),
    _rule(
        "years from to",
        rf"(?<![\d.])((?:19|20)\d\d)(年)?(?:{DASH}|到)((?:19|20)\d\d(?=年|学年|赛季|[^\w]|$)|\d\d(?=学年|赛季|年度))",
        readers.years,
    ),
    _rule("decade", r"(?<!\d)(?:1[89]|20)\d0(?=年代)", readers.year),
    _rule("generation", r"(?<!\d)\d[05](?:[、/]\d[05]){0,9}(?=后(?![来面续]))", readers.generations),
    _rule("history", r"(?<![\d.])\d{4}(?=年(?:的?历史|古|树龄))", readers.value),
    _rule("year of our era", r"(?<=公元)\d{1,4}(?=年)|(?<=公元前)\d{1,4}(?=年)", readers.year),
    _rule("year", r"(?<![\d.])(?:1\d{3}|20\d\d)(?=年(?!代))", readers.year),
    _rule("short year", rf"(?<![\d.])\d\d(?=年(?:\d{{1,2}}月|{tables.YEARLY}))|(?<=[从自])\d\d(?=年起)", readers.year),
    _rule("year of a class", rf"(?<![\d.])(?:19|20)\d\d(?={any_of('届 级 款 版 学年 年度 赛季')})", readers.year),
    _rule(
        "year of an event",
        rf"(?<![\d.])((?:19[5-9]\d|20(?!00)[0-4]\d))(?=(?!(?![村镇乡县省市校院])(?:{AMOUNT}))[\u4e00-\u9fff]{{0,8}}?(?:{tables.EVENTS}))",
        readers.event_year,
    ),
)
"""What is called by a day or a year."""

AMOUNTS = (
    _rule(
        "score",
        rf"(?<![\d.:：∶/-])\d{{1,3}}(?:{COLON}|[-–—])\d{{1,3}}(?=[”\"]?(?:{tables.PLAYED}))"
        r"|(?<![\d./])(?P<even>\d{1,2})/(?P=even)(?![\d./])"
        rf"|(?<=[国队方])\d{{1,2}}[-–—]\d{{1,2}}(?=[，。；！]|$)"
        rf"|{behind('比分 比例 比值 比分为 比例为 比值为 客场 主场 以')}"
        rf"\d{{1,3}}(?:{COLON}|[-–])\d{{1,3}}(?![\d.:：∶]|{AMOUNT})",
        readers.score,
    ),
    _rule(
        "clock",
        rf"(?<![\d.:：∶])(?P<hour>2[0-4]|[01]?\d){COLON}(?P<minute>[0-5]\d)(?:{COLON}(?P<second>[0-5]\d))?"
        r"(?:\s?(?P<half>[apAP])\.?[mM](?:\.|(?![A-Za-z])))?(?![\d.:：∶%]|的?比)",
        readers.clock,
    ),
    _rule("ratio", rf"(?<![\d.]){NUMBER}(?:{COLON}{NUMBER})+(?![\d])", readers.ratio),
    _rule(
        "share",
        rf"(?:(?P<first_sign>(?<![\d%‰])[-−+])?(?<![\d.])(?P<first>{NUMBER})[%‰]?{DASH})?"
        rf"(?P<sign>(?<![\d%‰])[-−+])?(?<![\d.])(?P<last>{NUMBER})(?P<of>[%‰])",
        readers.share,
    ),
    _rule(
        "temperature",
        rf"(?:(?P<first_sign>{SIGNED})?(?<![\d.])(?P<first>{NUMBER})(?P<unit>℃|°C)?"
        rf"(?P<to>——|[-–—―－~～〜]|(?<=C)/|(?<=℃)/|至|到))?"
        rf"(?P<sign>{SIGNED})?(?<![\d.])(?P<last>{NUMBER})\s?(?:℃|°C|(?(sign)(?P<degrees>度)|(?!)))",
        readers.degrees,
    ),
    _rule(
        "times",
        r"(?<=[\dA-Za-z²³\u4e00-\u9fff])\s?[×✕✖]\s?(?=[\dA-Z])|(?<=\d)\s?[*xX]\s?(?=\d)",
        readers.constant("乘"),
    ),
    _rule(
        "money",
        rf"(?<![A-Za-z])(?P<coin>{tables.COIN})\s?(?:(?P<first>{NUMBER})(?P<first_scale>{SCALE})?{DASH})?"
        rf"(?P<figures>{NUMBER})(?P<scale>{SCALE})?元?",
        readers.money,
    ),
    _rule("degrees and minutes", rf"(?<![\d.])({NUMBER})([°′″])(?=[\d.NSEW，,、。；;）)]|[^\W\d_]|$)", readers.angle),
    _rule(
        "ten thousands",
        rf"{NOT_INSIDE}({NUMBER})(?:w(?!灯|路灯|电|LED)|W(?=\+|{COUNTED.pattern}))(\+)?(?![A-Za-z])",
        readers.ten_thousands,
    ),
    _rule(
        "unit",
        rf"{NOT_INSIDE}(?P<figures>{NUMBER})\s?(?P<scale>{SCALE})?(?P<unit>{UNIT})(?:/(?P<each>{UNIT}|{tables.PER}|[da]))?"
        r"(?![A-Za-z0-9²³])",
        readers.unit,
    ),
    _rule(
        "price of each",
        rf"{NOT_INSIDE}(?P<figures>{NUMBER})(?P<scale>{SCALE})?(?P<unit>{tables.MEASURE})/(?P<each>{tables.PER}|{UNIT})"
        r"(?![A-Za-z0-9²³])",
        readers.unit,
    ),
    _rule(
        "road",
        r"(?<![\d.])\d{3}(?=[”\"]?(?:国道|省道|县道|乡道))"
        rf"|(?<![A-Za-z\d.])(?:G\d{{2,4}}|[SXYCZ]\d{{2,4}}(?={tables.ON_A_ROAD})|[CDGKSTYZ]\d{{2,4}}(?=次)){WHOLE}",
        readers.digits,
    ),
    _rule(
        "room",
        rf"{NOT_INSIDE}\d{{3,4}}(?=室|房间|病房|教室|办公室)|(?<=[栋幢])\d{{3,4}}(?![\d.]|{AMOUNT})",
        readers.digits,
    ),
    _rule("height", rf"(?<=\d米)\d\d(?![\d.]|{AMOUNT})", readers.year),
    _rule("bus", rf"{NOT_INSIDE}\d{{3}}(?=路(?:公交|车))", readers.digits),
    _rule("aircraft", rf"(?P<kind>{tables.AIRCRAFT}){HYPHEN}?(?P<figures>\d{{1,4}}){WHOLE}", readers.aircraft),
    _rule("stake", r"K(\d{1,9})\+(\d{1,3})", readers.stake),
    _rule("plus", r"(?<=[\dA-Za-z])\s?\+\s?(?=[\dA-Za-z])", readers.constant("加")),
    _rule("model", r"(?<![A-Za-z])([A-Za-z]{1,30})-?(\d{1,30})((?:\.\d{1,9}){0,3})(?!\d)", readers.model),
    _rule("more than", r"(?<=\d)\+(?=[^\dA-Za-z]|$)", readers.constant("多")),
    _rule("ten thousand and more", r"(?<=[万亿])\+(?=[^\dA-Za-z]|$)", readers.constant("加")),
    _rule(
        "range",
        rf"{NOT_INSIDE}(?P<first>{NUMBER})(?P<scale>{SCALE})?(?P<measure>{MEASURED})?"
        rf"{DASH}(?P<last>{NUMBER})(?![\d.])",
        readers.range_of,
    ),
    _rule(
        "negative",
        rf"(?:^|(?<=[（(：:，,、\s{tables.MEANT_NEGATIVE}]))[-−](?=\d|百分之)"
        rf"|(?<=[\u4e00-\u9fff])[-−](?={NUMBER}(?:{any_of('[%‰℃万亿] 元 米 户 吨 度 公里 个百分点')}))",
        readers.constant("负"),
    ),
    _rule("working hours", rf"{NOT_INSIDE}996(?!\d|\.\d|{AMOUNT})", readers.digits),
    _rule("fraction", r"(?<![\d./])(\d{1,3})\s?/\s?(\d{1,4})(?![\d./])", readers.fraction),
    _rule("about", rf"(?<![\d.、])(\d)、(\d)(?={tables.APPROXIMATE})", readers.about),
    _rule("sign", r"(?:[≥≤±≈]|[<>]=)(?=\s?\d)|(?<=[\d])\s?=\s?(?=\d)", readers.as_in(tables.SIGNS)),
    _rule("hyphened name", r"([\u4e00-\u9fff])-(\d{1,3})(?!\d)", readers.hyphened),
    _rule("numbered with #", r"(?<=\d)[#＃]", readers.constant("号")),
    _rule(
        "plain number",
        rf"(?P<ordinal>第)?(?<![\d.])(?P<figures>{NUMBER})(?P<scale>{SCALE})?(?![\d.]*[\d/$])",
        readers.number,
    ),
)
"""What is counted and measured."""

RULES = (*NAMES, *DATES, *AMOUNTS)
"""The house's rules, in the order in which they are tried."""
