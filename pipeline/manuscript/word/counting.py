"""Numbers as Word writes them before paragraphs (`ST_NumberFormat`) and in circles."""

from __future__ import annotations

from collections.abc import Callable

_DIGITS = "〇一二三四五六七八九"
_LEGAL = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "十", "百", "千")
_LEGAL_UNITS = ("", "拾", "佰", "仟")
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_LETTERS = 26
_MOST_LETTERS = 780
"""Word repeats letters: 27 is AA, 780 thirty Zs."""


def counted(number: int, form: str) -> str:
    """A number in a form of Word's, in digits where the form is unknown or has no such number.

    >>> counted(21, "chineseCounting"), counted(105, "chineseCountingThousand"), counted(3, "decimalZero")
    ('二十一', '一百零五', '03')
    """
    return _FORMS.get(form, str)(number) or str(number)


def circled(text: str) -> str:
    """What a circle around a character makes of it; "" if no character shows that.

    >>> circled("2"), circled("36"), circled("A"), circled("一"), circled("秘"), circled("张")
    ('②', '㊱', 'Ⓐ', '㊀', '㊙', '')
    """
    if len(text) == 1 and text in _CIRCLED_WORDS:
        return chr(0x3280 + _CIRCLED_WORDS.index(text))
    if len(text) == 1 and "A" <= text <= "Z":
        return chr(0x24B6 + ord(text) - ord("A"))
    if len(text) == 1 and "a" <= text <= "z":
        return chr(0x24D0 + ord(text) - ord("a"))
    return _circle(int(text)) if text.isascii() and text.isdigit() and len(text) < 3 else ""


_CIRCLED_WORDS = "一二三四五六七八九十月火水木金土日株有社名特财祝劳秘男女适优印注项休写正上中下左右医宗学监企资协夜"
"""U+3280 to U+32B0, in the characters of today."""


def _circle(number: int) -> str:
    for first, last, code in ((0, 0, 0x24EA), (1, 20, 0x2460), (21, 35, 0x3251), (36, 50, 0x32B1)):
        if first <= number <= last:
            return chr(code + number - first)
    return ""


def _range(code: int, last: int) -> Callable[[int], str]:
    return lambda number: chr(code + number - 1) if 1 <= number <= last else ""


def _chinese(number: int, digits: str, units: tuple[str, ...]) -> str:
    if not 0 < number < 10_000:
        return digits[0] if number == 0 else ""
    written = ""
    for unit in reversed(range(len(units))):
        digit = number // 10**unit % 10
        if digit:
            written += digits[digit] + units[unit]
        elif written and number % 10**unit and not written.endswith("零"):
            written += "零"
    return written


def _counting(number: int) -> str:
    written = _chinese(number, _DIGITS, _UNITS)
    return written.removeprefix("一") if written.startswith("一十") else written


def _letters(number: int, first: str) -> str:
    if not 0 < number <= _MOST_LETTERS:
        return ""
    repeats, place = divmod(number - 1, _LETTERS)
    return chr(ord(first) + place) * (repeats + 1)


def _roman(number: int) -> str:
    if not 0 < number < 4000:
        return ""
    written = ""
    for worth, sign in _ROMAN:
        times, number = divmod(number, worth)
        written += sign * times
    return written


def _of(row: str) -> Callable[[int], str]:
    return lambda number: row[(number - 1) % len(row)] if number > 0 else ""


def _full_width(number: int) -> str:
    return "".join(chr(ord("０") + int(digit)) for digit in str(number))


def _digital(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))


_FORMS: dict[str, Callable[[int], str]] = {
    **dict.fromkeys(
        ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting",
         "taiwaneseCountingThousand", "koreanCounting"),
        _counting,
    ),
    **dict.fromkeys(
        ("chineseLegalSimplified", "ideographLegalTraditional", "japaneseLegal"),
        lambda number: _chinese(number, _LEGAL, _LEGAL_UNITS),
    ),
    **dict.fromkeys(("ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"), _digital),
    "ideographTraditional": _of(_STEMS),
    "ideographZodiac": _of(_BRANCHES),
    "ideographEnclosedCircle": _range(0x3280, 10),
    "lowerLetter": lambda number: _letters(number, "a"),
    "upperLetter": lambda number: _letters(number, "A"),
    "lowerRoman": lambda number: _roman(number).lower(),
    "upperRoman": _roman,
    "decimalZero": lambda number: f"{number:02}",
    **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), _full_width),
    **dict.fromkeys(("decimalEnclosedCircle", "decimalEnclosedCircleChinese"), _circle),
    "decimalEnclosedParen": _range(0x2474, 20),
    "decimalEnclosedFullstop": _range(0x2488, 20),
    "numberInDash": lambda number: f"- {number} -",
}  # fmt: skip
