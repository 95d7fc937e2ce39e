"""Characters of symbol fonts as Unicode: what `w:sym` and text in such a font shows.

Sources: the tables that came with Unicode 7 for Wingdings 1 to 3 and Webdings (L2/12-368), and Adobe's for Symbol.
Where Unicode has both a rare picture and the common sign of it, the common sign stands here: fonts of telephones and
of print know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.manuscript.characters import clean


def _rows(table: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """(code, character) of rows of neighbouring codes; a space is a code without character."""
    for first, row in table.items():
        yield from ((first + place, sign) for place, sign in enumerate(row) if sign != " ")


_WINGDINGS = dict(_rows({
    0x22: "✂✁", 0x28: "☎✆✉", 0x36: "⌛", 0x3F: "✍✍✌", 0x45: "☜☞☝☟✋☺", 0x4C: "☹", 0x4E: "☠⚑", 0x51: "✈☼", 0x54: "❄",
    0x56: "✞", 0x58: "✠✡☪☯ॐ☸♈♉♊♋♌♍♎♏♐♑♒♓&", 0x6C: "●❍■□□❑❒⬧⧫◆❖⬥⌧", 0x7A: "⌘❀✿❝❞",
    0x80: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x9E: "·•▪○", 0xA4: "◉◎", 0xA7: "▪◻",
    0xAA: "✦★✶✴✹✵", 0xB1: "⌖⟡⌑", 0xB5: "✪✰", 0xD5: "⌫⌦", 0xD8: "➢",
    0xDC: "➲", 0xDF: "←→↑↓↖↗↙↘", 0xE8: "➔", 0xEF: "⇦⇨⇧⇩⬄⇳", 0xF9: "▭▫✗✓☒☑",
}))  # fmt: skip
_WINGDINGS_2 = dict(_rows({
    0x4F: "✗✓☒☑☒☒", 0x57: "⊘⊘", 0x69: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿", 0x95: "·••●○○◉◎⊙", 0xA0: "▪■■□", 0xA8: "▣",
    0xAE: "◆◇", 0xB1: "◈", 0xF8: "※",
}))  # fmt: skip
_WINGDINGS_3 = dict(_rows({0x21: "←→↑↓↖↗↙↘", 0x70: "▲▼△▽◀▶◁▷◣◢◤◥◀▶▲"}))
_WEBDINGS = dict(_rows({
    0x33: "◀▶▲▼", 0x37: "⏪⏩⏮⏭", 0x3B: "⏸■●", 0x61: "✓", 0x63: "□", 0x67: "■", 0x6E: "●", 0x72: "✗❓",
}))  # fmt: skip
_SYMBOL = dict(_rows({
    0x21: "!∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_ αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈®©™∑",
    0xF1: "〉∫",
}))  # fmt: skip
FONTS: Mapping[str, Mapping[int, str]] = {
    "wingdings": _WINGDINGS,
    "wingdings 2": _WINGDINGS_2,
    "wingdings 3": _WINGDINGS_3,
    "webdings": _WEBDINGS,
    "symbol": _SYMBOL,
}
"""The characters of each symbol font by their codes, by the font's name in small letters."""
_PRIVATE = range(0xE000, 0xF900)


def symbol(font: str, code: str) -> str:
    """The character that a font shows for a code (hexadecimal, as in `w:sym`); "" if it is not known.

    >>> symbol("Wingdings", "F0FE"), symbol("Wingdings 2", "0052"), symbol("宋体", "25A1"), symbol("MT Extra", "F031")
    ('☑', '☑', '□', '')
    """
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    table = FONTS.get(font.strip().lower())
    if table is not None:
        return table.get(number & 0xFF, "") if number <= 0xFF or number >> 8 == 0xF0 else ""
    return clean(chr(number)) if 0x20 < number < 0x110000 and number not in _PRIVATE else ""


def translated(text: str, font: str) -> str:
    """Text as a font shows it: in a symbol font letters are signs. What is not known stays.

    >>> translated("\\uf0fc已落实", "Wingdings"), translated("ü", "Wingdings"), translated("ü", "Arial")
    ('✓已落实', '✓', 'ü')
    """
    table = FONTS.get(font.strip().lower()) if font else None
    if table is None:
        return text
    return "".join(
        table.get(ord(sign) & 0xFF, sign) if ord(sign) <= 0xFF or ord(sign) >> 8 == 0xF0 else sign for sign in text
    )
