"""Pictures and words of a document's markup, laid out beside each other: tables of pictures, rows of pictures.

What stands beside what is lost once a text is a sequence of paragraphs. `unfold` says it in the markup: pictures of one
row share a role, and what stands below a picture in a table of pictures has the role of a caption.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from lxml import etree
from lxml import html as lxml_html

BESIDE = "beside "
"""Begins the role of pictures in one row; a number follows."""
LONGEST_CELL = 120
"""Characters below a picture; what has more is text."""

_INLINE = frozenset({"a", "b", "em", "font", "i", "picture", "span", "strong", "u"})
_MORE_THAN_WORDS = ("del", "s", "strike", "ruby", "sup")
"""What has to be read with its marks: cells that hold it are no captions."""
_MOST = 1000
"""Pictures that are looked at."""

Element: TypeAlias = lxml_html.HtmlElement


class _Cell:
    """A cell with the columns that it takes: from, up to."""

    def __init__(self, element: Element, start: int) -> None:
        span = element.get("colspan", "1")
        self.start = start
        self.end = start + (max(1, int(span)) if span.isascii() and span.isdigit() and len(span) < 4 else 1)
        self.pictures = list(element.iter("img"))
        self.text = " ".join(element.text_content().split())

    def is_below(self, other: _Cell) -> bool:
        return self.start < other.end and other.start < self.end


def unfold(document: Element) -> None:
    """Turn tables that only hold pictures and their captions into pictures with captions, and mark rows of pictures."""
    for table in reversed(list(document.iter("table"))):
        parent, rows = table.getparent(), _rows(table)
        if parent is None or not rows:
            continue
        block = lxml_html.Element("div")
        if line := table.get("data-line"):
            block.set("data-line", line)
        block.extend([*table.iterchildren("caption"), *_unfolded(rows)])
        block.tail = table.tail
        parent.replace(table, block)
    for number, paragraph in enumerate(_picture_rows(document), 1):
        paragraph.set("data-role", f"{BESIDE}{number}")


def _rows(table: Element) -> list[list[_Cell]]:
    """The rows of a table of pictures: each has pictures, or words for those next to it. Empty for other tables."""
    if table.find(".//img") is None or table.find(".//th") is not None or table.find(".//table") is not None:
        return []
    if next(table.iter(*_MORE_THAN_WORDS), None) is not None:
        return []
    rows: list[list[_Cell]] = []
    for row in table.iter("tr"):
        cells: list[_Cell] = []
        for element in row.iterchildren("td"):
            cells.append(_Cell(element, cells[-1].end if cells else 0))
        rows.append(cells)
    if all(len(cells) < 2 for cells in rows):
        return []  # a frame around text, which is read like any text
    for place, cells in enumerate(rows):
        near = any(_is_pictured(rows[one]) for one in (place - 1, place + 1) if 0 <= one < len(rows))
        for cell in cells:
            # 姓名、照片、事迹: words beside a picture are no caption.
            stray = not cell.pictures if _is_pictured(cells) else not near
            if cell.text and (stray or len(cell.text) > LONGEST_CELL):
                return []
    return rows


def _unfolded(rows: list[list[_Cell]]) -> Iterator[Element]:
    """The pictures one after the other, each followed by its caption."""
    words_first = not _is_pictured(rows[0]) and _is_pictured(rows[-1])
    words_of = {
        near: place
        for place, cells in enumerate(rows)
        for near in [place - 1 if words_first else place + 1]
        if _is_pictured(cells) and 0 <= near < len(rows) and not _is_pictured(rows[near])
    }
    for place, cells in enumerate(rows):
        if _is_pictured(cells):
            words = [cell for near, at in words_of.items() if at == place for cell in rows[near] if cell.text]
            yield from _with_words(cells, words)
        elif place not in words_of:
            yield from (_paragraph(text=cell.text) for cell in cells if cell.text)


def _with_words(cells: list[_Cell], words: list[_Cell]) -> Iterator[Element]:
    """A row of pictures, with the words in their own cells or in `words`; pictures that share some stand together.
    Words that belong to none of them are paragraphs behind them."""
    pictures: list[Element] = []
    before: _Cell | None = None
    used: set[int] = set()
    for cell in (one for one in cells if one.pictures):
        below = None if cell.text else next((one for one in words if one.is_below(cell)), None)
        used.add(id(below))
        if pictures and (below is None or below is not before):
            yield from _captioned(pictures, before)
            pictures = []
        pictures += cell.pictures
        before = cell if cell.text else below
        if cell.text:
            yield from _captioned(pictures, cell)
            pictures = []
    yield from _captioned(pictures, before)
    yield from (_paragraph(text=one.text) for one in words if id(one) not in used)


def _captioned(pictures: list[Element], words: _Cell | None) -> Iterator[Element]:
    if pictures:
        yield _paragraph(*pictures)
        if words is not None:
            yield _paragraph(text=words.text, role="caption")


def _paragraph(*pictures: Element, text: str = "", role: str = "") -> Element:
    paragraph = lxml_html.Element("p", {"data-role": role} if role else {})
    paragraph.text = text
    for picture in pictures:
        picture.tail = None
        paragraph.append(picture)
    return paragraph


def _is_pictured(cells: list[_Cell]) -> bool:
    return any(cell.pictures for cell in cells)


def _picture_rows(document: Element) -> Iterator[Element]:
    """Paragraphs, and other elements without words, in which several pictures stand beside each other."""
    found: dict[Element, list[Element]] = {}
    for _, picture in zip(range(_MOST), document.iter("img"), strict=False):
        around = next((one for one in picture.iterancestors() if one.tag not in _INLINE), None)
        if around is not None:
            found.setdefault(around, []).append(picture)
    for element, pictures in found.items():
        if len(pictures) < 2 or "data-role" in element.attrib or _has_words_before(pictures[-1], element):
            continue
        if element.tag == "p" or not element.text_content().strip():
            yield element


def _has_words_before(picture: Element, element: Element) -> bool:
    """Whether words stand in an element before the last of its pictures."""
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is picture:
            return False
        words = node.text if event == "start" else node.tail if node is not element else ""
        if words and words.strip():
            return True
    return False
