"""Characters: what never belongs in a text that goes out, and private ones that stand for real ones."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pipeline.channel import Text
from pipeline.manuscript.draft import Draft

_STRIPPED = re.compile(
    "["
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls (the line separators among them are kept as newlines)
    "\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible
    "\ud800-\udfff\ufdd0-\ufdef"  # lone surrogates, noncharacters
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
    "|(?<![\U0001f000-\U0001faff\u2600-\u27bf\ufe0f])\u200d"  # a joiner joins emoji, nothing else
)
_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")

MISSING = "〓"
"""Stands for a character that cannot be set, as in print (U+3013)."""


def _pairs(first: int, characters: str) -> dict[str, str]:
    return {chr(first + place): character for place, character in enumerate(characters)}


REAL = {
    # GB 18030 FE50–FEA0: the 80 characters and parts that GBK had and Unicode not; until 2005 and 2022 at E815–E864.
    **_pairs(
        0xE815,
        "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻",
    ),
    # A6D9–A6DF, A6EC, A6ED and A6F3: punctuation of vertical lines.
    **_pairs(0xE78D, "︐︒︑︓︔︕︖︗︘︙"),
    # A8BC and A8BF (letters of Pinyin), A989–A995 (description of characters), A2E3 (the euro), A3A0 (a space).
    **_pairs(0xE7C7, "ḿǹ"),
    **_pairs(0xE7E7, "〾⿰⿱⿲⿳⿴⿵⿶⿷⿸⿹⿺⿻"),
    "\ue76c": "€",
    "\ue5e5": "\u3000",
}
"""Private-use characters of Unicode that GBK and the editions of GB 18030 gave to characters which have a place of
their own today, and that place. 䶮 of a person's name stood at U+E863. Sources: GB 18030-2000, 2005 and 2022, tables
of double-byte characters and the annex on changed mappings; WHATWG Encoding Standard, issue 27 and index gb18030."""

_BULLETS = dict.fromkeys(
    map(chr, (0xF06C, 0xF06D, 0xF06E, 0xF071, 0xF075, 0xF076, 0xF077, 0xF09F, 0xF0A7, 0xF0A8, 0xF0B7, 0xF0D8, 0xF0E0)),
    "•",
) | {"\uf0fc": "✓", "\uf0fe": "☑", "\uf0a3": "☐", "\uf06f": "☐"}
"""List marks of Wingdings and Symbol as they arrive when text is copied out of Word (F000 and the font's code)."""


def clean(text: str) -> str:
    """`text` in NFC with newlines as `\\n`, without control characters, noncharacters, lone surrogates, zero-width
    characters and direction marks; private-use characters are the real ones they stood for, or `MISSING`.
    Punctuation is the author's and stays. Cleaning twice changes nothing."""
    text = _STRIPPED.sub("", _NEWLINES.sub("\n", text))
    return unicodedata.normalize("NFC", _PRIVATE.sub(lambda found: _real(found[0]), text))


def one_line(text: str) -> str:
    """Cleaned and on one line: every run of white space is one space, none at the ends."""
    return " ".join(clean(text).split())


def lines_of(text: str) -> str:
    """Cleaned; each line trimmed, empty ones dropped: how plain text of several paragraphs is kept."""
    return "\n".join(line for line in (" ".join(line.split()) for line in clean(text).split("\n")) if line)


def line_of(text: str, position: int) -> int:
    """The line, from 1, in which this character stands."""
    return len(_NEWLINES.sub("\n", text[:position]).split("\n"))


@dataclass(frozen=True, slots=True)
class Invisible:
    number: int
    line: int


def invisible(text: str) -> Invisible | None:
    """How many characters `clean` removes, and the line of the first; None if there are none."""
    first = _STRIPPED.search(text)
    return Invisible(len(_STRIPPED.findall(text)), line_of(text, first.start())) if first else None


def place_private(text: str, draft: Draft, line: int | None = None) -> str:
    """The text with its private-use characters replaced as `clean` does, each kind told once: nobody but the program
    that wrote them can show them. `line`: where the text stands, if it is no whole file."""
    first: dict[str, int] = {}
    for found in _PRIVATE.finditer(text):
        first.setdefault(found[0], found.start())
    for character, position in first.items():
        place = line or line_of(text, position)
        real = _real(character)
        around = one_line(text[max(position - 8, 0) : position + 9])
        if real == MISSING:
            draft.notice(
                "text",
                Text.of(
                    "the private character {code} cannot be shown and stands as 〓: {text}",
                    code=f"U+{ord(character):04X}",
                    text=around,
                ),
                Text.of("type the character anew at that place, from the current font or as a picture"),
                line=place,
            )
        elif real.strip():
            draft.notice(
                "text",
                Text.of(
                    "the private character {code} was read as {character}: {text}",
                    code=f"U+{ord(character):04X}",
                    character=real,
                    text=around,
                ),
                Text.of("nothing to do, unless the word looks wrong"),
                line=place,
            )
    return _PRIVATE.sub(lambda found: _real(found[0]), text) if first else text


def _real(character: str) -> str:
    return REAL.get(character) or _BULLETS.get(character) or MISSING
