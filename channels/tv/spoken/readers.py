"""How the rules' finds are read: each of these gets what a rule's pattern found, by the names of its groups."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

from channels.tv.spoken import general as language
from channels.tv.spoken import tables
from channels.tv.spoken.numerals import DIGITS, cardinal, count, one_by_one
from channels.tv.spoken.tables import COLON, HYPHEN, NUMBER, UNITS

Match = re.Match[str]


def _after(match: Match) -> str:
    return match.string[match.end() : match.end() + 3]


def digits(match: Match) -> str:
    return one_by_one(match.group(), yao=True)


def phone(match: Match) -> str:
    """Its figures one by one, 转 as it stands."""
    plus = "加" if match.group().startswith("+") else ""
    return plus + one_by_one(re.sub(r"[^\d转]", "", match.group()), yao=True)


def serial(match: Match) -> str:
    return match["what"] + one_by_one(re.sub("[ -]", "", match["figures"]), yao=True)


def issue(match: Match) -> str:
    return one_by_one(match.group(), yao=True)


def year(match: Match) -> str:
    return one_by_one(match.group())


def event_year(match: Match) -> str:
    return one_by_one(match[1])


def years(match: Match) -> str:
    first, year, last = match.group(1, 2, 3)
    return f"{one_by_one(first)}{year or ''}到{one_by_one(last)}"


def date(match: Match) -> str:
    year, month, day = match["year"], match["month"], match.groupdict().get("day")
    return f"{one_by_one(year)}年{cardinal(month)}月" + (f"{cardinal(day)}日" if day else "")


def month_and_day(match: Match) -> str:
    return f"{cardinal(match['month'])}月{cardinal(match['day'])}日"


def event(match: Match) -> str:
    month, day = match.group(1, 2)
    known = tables.SAID.get(f"{month}·{day}")
    return known or one_by_one(month, yao=len(month) > 1) + one_by_one(day, yao=len(day) > 1)


def generations(match: Match) -> str:
    return "、".join(one_by_one(one) for one in re.findall(r"\d\d", match.group()))


def clock(match: Match) -> str:
    hour, minute, second, half = match.group("hour", "minute", "second", "half")
    said = ("两" if hour.lstrip("0") == "2" else cardinal(hour)) + "点"
    if minute != "00" or second:
        said += (DIGITS[0] if minute < "10" and minute != "00" else "") + cardinal(minute) + "分"
    if second:
        said += (DIGITS[0] if second < "10" and second != "00" else "") + cardinal(second) + "秒"
    return {"a": "上午", "p": "下午"}.get((half or "").lower(), "") + said


def score(match: Match) -> str:
    return "比".join(cardinal(part) for part in re.findall(r"\d+", match.group()))


def ratio(match: Match) -> str:
    return "比".join(cardinal(part) for part in re.split(COLON, match.group()))


def share(match: Match) -> str:
    """One or two numbers with % or ‰."""
    of = {"%": "百分之", "‰": "千分之"}[match.group("of")]

    def one(sign: str | None, figures: str) -> str:
        words = {"-": "负", "−": "负", "+": "正"}.get(sign or "", "")
        return words + of + ("百" if of == "百分之" and figures == "100" else cardinal(figures))

    last = one(match.group("sign"), match.group("last"))
    if not match.group("first"):
        return last
    return f"{one(match.group('first_sign'), match.group('first'))}到{last}"


def degrees(match: Match) -> str:
    """One or two temperatures; a minus is 零下."""

    def one(sign: str | None, figures: str) -> str:
        return ("零下" if sign else "") + cardinal(figures)

    last = one(match["sign"], match["last"]) + (match["degrees"] or "摄氏度")
    if not match["first"]:
        return last
    unit, to = "摄氏度" if match["unit"] else "", match["to"]
    return f"{one(match['first_sign'], match['first'])}{unit}{to if to == '至' else '到'}{last}"


def value(match: Match) -> str:
    return cardinal(match.group())


def unit(match: Match) -> str:
    """35kV → 三十五千伏, 28μg/m³ → 每立方米二十八微克."""
    figures, scale, unit, each = match.group("figures", "scale", "unit", "each")
    measure = UNITS.get(unit) or unit
    per = f"每{tables.PER_UNIT.get(each) or UNITS.get(each) or each}" if each else ""
    return f"{per}{count(figures, scale or measure)}{scale or ''}{measure}"


def angle(match: Match) -> str:
    return cardinal(match[1]) + UNITS[match[2]]


def ten_thousands(match: Match) -> str:
    return count(match[1], "万") + "万" + ("加" if match[2] else "")


def money(match: Match) -> str:
    """US$1.6亿 → 一点六亿美元, HKD300万元 → 三百万港元, $5-10 → 五到十美元."""
    name = tables.COINS[match["coin"]]
    parts = [match.group("first", "first_scale")] if match["first"] else []
    said = [
        count(figures, scale or name) + (scale or "") for figures, scale in [*parts, match.group("figures", "scale")]
    ]
    return "到".join(said) + name


def fraction(match: Match) -> str:
    return f"{cardinal(match[2])}分之{cardinal(match[1])}"


def range_of(match: Match) -> str:
    first, scale, measure, last = match.group("first", "scale", "measure", "last")
    after = _after(match)
    return count(first, scale or measure or after) + (scale or "") + (measure or "") + "到" + count(last, after)


def about(match: Match) -> str:
    """2、3个 → 两三个; only for neighbours."""
    first, last = match.group(1, 2)
    if int(last) - int(first) != 1:
        return match.group()
    return count(first, _after(match)) + DIGITS[int(last)]


def stake(match: Match) -> str:
    return f"K{cardinal(match[1])}加{cardinal(match[2])}"


def model(match: Match) -> str:
    """A name of letters and figures: letters stay, a hyphen goes, figures are said one by one, 1 as 幺 in long ones."""
    letters, figures, decimals = match.group(1, 2, 3)
    return letters + one_by_one(figures, yao=len(figures) > 2) + one_by_one(decimals).replace(".", "点")


def standard(match: Match) -> str:
    """GB/T 37668-2019 → GB/T 三七六六八杠二零一九."""
    signs = {".": "点", "-": "杠", "—": "杠", ":": "杠", "：": "杠"}
    return re.sub(r"\d+|[-.—:：]", lambda found: signs.get(found[0]) or one_by_one(found[0]), match.group())


def plate(match: Match) -> str:
    return one_by_one(re.sub("[·•]", "", match.group()), yao=True)


def hyphened(match: Match) -> str:
    """神舟-19 is no negative number."""
    return match.group(1) + cardinal(match.group(2))


def aircraft(match: Match) -> str:
    """歼-10 is 歼十 and 歼-16 歼十六, but 歼-20 歼二零; 波音737 is 波音七三七, but 空警-500 空警五百."""
    kind, figures = match.group("kind", "figures")
    by_value = figures.endswith("00") or int(figures) < 20
    return kind + (cardinal(figures) if by_value else one_by_one(figures, yao=len(figures) > 2))


def by_value(match: Match) -> str:
    """Letters stay, a hyphen goes, each number is said as its value."""
    return re.sub(rf"{HYPHEN}?({NUMBER})", lambda found: cardinal(found[1]), match.group())


def grouped(match: Match) -> str:
    return re.sub("[,，]", "", match.group())


def number(match: Match) -> str:
    ordinal, figures, scale = match.group("ordinal", "figures", "scale")
    after = scale or _after(match)
    return (ordinal or "") + count(figures, after, ordinal=bool(ordinal)) + (scale or "")


def item(match: Match) -> str:
    """①清理沟渠 → 一、清理沟渠; in the middle of a sentence it is only a number."""
    number = cardinal(f"{unicodedata.numeric(match['sign']):.0f}")
    return number + ("、" if match["head"] is not None else "")


def roman(match: Match) -> str:
    return cardinal(str(tables.ROMAN.index(match.group()) + 1))


def one_to_another(match: Match) -> str:
    return f"{match[1]} to {match[2]}"


def numbered(match: Match) -> str:
    return cardinal(match[1]) + "、"


def as_in(table: Mapping[str, str]) -> Callable[[Match], str]:
    return lambda match: table[match.group().strip()]


def general(match: Match) -> str:
    return language.general(match.group())


def constant(said: str) -> Callable[[Match], str]:
    return lambda _: said
