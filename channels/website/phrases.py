"""Where a headline may be broken over two lines: between words, and first of all at its own spaces.

Browsers break Chinese between any two characters (保/险阀). The words are jieba's; a page says `word-break: keep-all`,
and lines break where this allows it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from markupsafe import Markup, escape

from pipeline.article.searching import Part

SHORT = 5
"""Characters: what a space parts from the rest of a headline stays beside it where it is shorter."""
_WORD_BREAK = Markup("<wbr>")
_OPENING, _CLOSING = (
    frozenset("“‘「『《〈（【〔［(["),
    frozenset("”’」』》〉）】〕］)]，。、；：！？…—～·,.;:!?%％‰℃°-/"),
)
_TITLE = re.compile(r"(《[^《》]{1,12}》)")
"""What is called so is read in one go."""
_LEANING = frozenset("的地得了着过们等")
"""Words that lean on the one before."""


def words(text: str) -> list[str]:
    """The text's words, punctuation with the word that it may not be parted from.

    >>> words("“四个不摘”的2026年：安全过冬")
    ['“四个', '不摘”的', '2026年：', '安全', '过冬']
    """
    import rjieba  # noqa: PLC0415 - its dictionary takes a tenth of a second, and only renderings need it

    found: list[str] = []
    for word in (
        word for piece in _TITLE.split(text) for word in ([piece] if _TITLE.match(piece) else rjieba.cut(piece))
    ):
        if found and not _may_end(found[-1], word):
            found[-1] += word
        else:
            found.append(word)
    return found


@lru_cache(4096)
def broken(text: str) -> Markup:
    """The headline in HTML, with a `<wbr>` between words, and its parts between spaces as elements `span`.

    >>> broken("安全提示")
    Markup('安全<wbr>提示')
    """
    parts = [_WORD_BREAK.join(escape(word) for word in words(part)) for part in _parts(text)]
    if len(parts) == 1:
        return parts[0]
    return Markup(" ").join(Markup("<span>{}</span>").format(part) for part in parts)


def marked(parts: Sequence[Part]) -> Markup:
    """What was found of a headline in HTML: its words as in `broken`, what was sought in elements `mark`.

    >>> marked([Part("清", False), Part("沟渠", True), Part(" 栽新绿", False)])
    Markup('清<wbr><mark>沟渠</mark> 栽<wbr>新绿')
    """
    ends, at = set[int](), 0
    for word in words("".join(part.text for part in parts)):
        at += len(word)
        ends.add(at)
    made, at = Markup(), 0
    for part in parts:
        inside = [one for one in range(at + 1, at + len(part.text)) if one in ends]
        pieces = [part.text[a - at : b - at] for a, b in pairwise([at, *inside, at + len(part.text)])]
        text = _WORD_BREAK.join(escape(piece) for piece in pieces)
        made += _WORD_BREAK if at in ends else Markup()
        made += Markup("<mark>{}</mark>").format(text) if part.sought else text
        at += len(part.text)
    return made


def _parts(text: str) -> list[str]:
    """What spaces part, short pieces with the piece beside them."""
    parts: list[str] = []
    for piece in text.split():
        if parts and (len(piece) < SHORT or len(parts[-1]) < SHORT):
            parts[-1] += f" {piece}"
        else:
            parts.append(piece)
    return parts or [text]


def _may_end(before: str, after: str) -> bool:
    """Whether a line may end between two words of `rjieba`'s."""
    if before[-1].isspace() or after[0].isspace() or before[-1] in _OPENING or before == "第" or after[0] in _CLOSING:
        return False
    if after in _LEANING or (before[-1].isdigit() and (len(after) == 1 or after[0] in "万亿")):
        return False
    return _is_wide(before[-1]) or _is_wide(after[0])


def _is_wide(character: str) -> bool:
    """Whether it is Chinese, or punctuation of Chinese."""
    return unicodedata.east_asian_width(character) in "WFA"
