"""A text read aloud: by the house's rules in their order, what is left by wetext; and how many syllables it has."""

from __future__ import annotations

import re
from functools import lru_cache

from channels.tv.spoken.general import general
from channels.tv.spoken.rules import RULES
from channels.tv.spoken.tables import CIRCLED, ROMAN

WIDE, NARROW = "０１２３４５６７８９．％＋／", "0123456789.%+/"
_NARROWED = str.maketrans(WIDE, NARROW)

ADDRESS = re.compile(
    r"(https?://[\x21-\x7e]+|www\.[\x21-\x7e]+|[\w.+-]{1,64}@[\w-]+\.[\w.-]+"
    r"|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.(?:com|cn|net|org)(?![\w])(?:/[\x21-\x7e]*)?)",
    re.ASCII,
)
"""What nobody reads aloud stays as it is."""
KEPT = 4096
"""Texts whose reading is remembered: the sentences of two days' programmes."""
READABLE = re.compile(rf"[\d{ROMAN}{CIRCLED}≥≤±≈]|I[IVX]?")
FOREIGN = re.compile(r"[^\D0-9]")
"""A figure of another script."""
LEFT = re.compile(r"[-+]?\d[\d.,:/%℃°A-Za-z²³·]{0,30}")


@lru_cache(maxsize=KEPT)
def spoken(text: str) -> str:
    """The text as it is read aloud. Pure: the same text always reads the same, and a story is written before each step.

    >>> spoken("7×24小时，2∶1，国办发〔2017〕47号，PM2.5")
    '七乘二十四小时，二比一，国办发〔二零一七〕四十七号，PM二点五'
    """
    if not READABLE.search(text):
        return text
    parts = ADDRESS.split(text)
    parts[::2] = map(_said, parts[::2])
    return "".join(parts)


def _said(text: str) -> str:
    """A text without addresses."""
    said = FOREIGN.sub(lambda found: str(int(found.group())), text.translate(_NARROWED))
    for rule in RULES:
        said = rule.pattern.sub(rule.read, said)
    return LEFT.sub(lambda found: general(found.group()), said) if re.search(r"\d", said) else said


# -- how long it takes ------------------------------------------------------------------------------------

WORD = re.compile(r"[A-Za-z]+")
VOWELS = re.compile(r"[aeiouy]+", re.IGNORECASE)
LETTER_BY_LETTER = 5
"""Capitals up to this many are an abbreviation."""
SYLLABLE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f0-9]")


def syllables(said: str) -> int:
    """How many syllables a spoken form has: one a character, an abbreviation one a letter, a Roman word by its vowels.

    >>> syllables("五G网络"), syllables("WTO"), syllables("Hello，大家好")
    (4, 3, 5)
    """
    found = len(SYLLABLE.findall(said))
    for word in WORD.findall(said):
        short = word.isupper() and len(word) <= LETTER_BY_LETTER
        found += len(word) if short else max(1, len(VOWELS.findall(word)))
    return found
