"""The text of an article's body: its paragraphs, notes and numbers as a reader has them before him."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from lxml import html as lxml_html

_NOTE = re.compile(r"#?note-([1-9][0-9]*)")


def note_of(block: lxml_html.HtmlElement) -> int:
    """The number of the note (脚注) that a block of a body is; 0 if it is text."""
    found = _NOTE.fullmatch(block.get("id") or "") if block.tag == "p" else None
    return int(found[1]) if found else 0


def note_meant(link: lxml_html.HtmlElement) -> int:
    """The number of the note that a link of a body points at; 0 for any other link."""
    found = _NOTE.fullmatch(link.get("href") or "") if link.tag == "a" else None
    return int(found[1]) if found else 0


def text_of(element: lxml_html.HtmlElement, *, marked: bool = False) -> str:
    """The text of a body's element, on one line; an item's without the lists in it, which have items of their own.

    No part of a sentence are how a character is read and the marks that point at notes: they are left out. `marked`:
    they stand in it, as 岞（zuò） and [1].

    >>> text_of(lxml_html.fromstring("<p><ruby>岞<rt>zuò</rt></ruby>山<sup><a href='#note-1'>[1]</a></sup>。</p>"))
    '岞山。'
    >>> text_of(lxml_html.fragment_fromstring("<tr><td>分拣员</td><td>30</td><td>3200</td></tr>"))
    '分拣员 30 3200'
    """
    return " ".join("".join(_pieces(element, marked)).split())


def _pieces(element: lxml_html.HtmlElement, marked: bool) -> Iterator[str]:
    yield element.text or ""
    for inside in element:
        if inside.tag == "br":
            yield " "
        elif inside.tag == "rt":
            yield f"（{inside.text_content().strip()}）" if marked else ""
        elif (
            isinstance(inside.tag, str) and inside.tag not in ("rp", "ul", "ol") and (marked or not note_meant(inside))
        ):
            yield from _pieces(inside, marked)
            if inside.tag in ("td", "th"):  # two figures side by side are not one
                yield " "
        yield inside.tail or ""


def numeral(number: int) -> str:
    """A number as series and lists count in Chinese: 十二; in digits from a hundred on.

    >>> numeral(3), numeral(10), numeral(21), numeral(100)
    ('三', '十', '二十一', '100')
    """
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    numerals = "〇一二三四五六七八九"
    return ("" if tens == 0 else "十" if tens == 1 else numerals[tens] + "十") + (numerals[ones] if ones else "")


@lru_cache(maxsize=64)
def parsed(body: str) -> tuple[lxml_html.HtmlElement, ...]:
    return tuple(lxml_html.fragments_fromstring(body, no_leading_text=True))
