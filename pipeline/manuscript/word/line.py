"""One paragraph while its text is collected: markup with the look of its letters."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from html import escape

from pipeline.manuscript.word.numbering import Label
from pipeline.manuscript.word.styles import Letters

_Around = tuple[str, str, bool, bool, bool]
"""Link, raised or lowered, italic, bold, struck: the elements around a piece of text, outermost first."""
_PLAIN: _Around = ("", "", False, False, False)


@dataclass(slots=True)
class Piece:
    """A paragraph, heading or table as markup."""

    markup: str
    """What is in it."""
    tag: str = "p"
    hints: str = ""
    """Attributes for `body.blocks`."""
    label: Label | None = None
    letters: int = 0
    """How many it has, spaces left out; 0 where it only shows pictures."""
    pictured: bool = False
    """Whether a picture is in it."""
    box: int = 0
    """The text box in which it stands; 0 for none."""

    def html(self, before: str = "") -> str:
        """`before`: text to put before its own."""
        markup = self.markup.lstrip("\u3000 ") if before else self.markup
        return f"<{self.tag}{self.hints}>{escape(before)}{markup}</{self.tag}>"


@dataclass(slots=True)
class _Box:
    """What stands in a text box, and how much of its paragraph stands before its anchor."""

    place: int
    pieces: list[Piece]


@dataclass(slots=True)
class Line:
    """The text of one paragraph, or of several whose marks were deleted."""

    spans: list[tuple[_Around, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    letters: int = 0
    bold: int = 0
    """How many of the letters are bold."""
    sizes: Counter[float] = field(default_factory=Counter)
    rows: list[Counter[float]] = field(default_factory=lambda: [Counter()])
    """The sizes of the letters between two soft returns."""
    fonts: Counter[str] = field(default_factory=Counter)
    pictures: list[int] = field(default_factory=list)
    """Places of pictures among the spans."""
    boxes: list[_Box] = field(default_factory=list)
    page: bool = False
    """Whether a page break stands before anything else in it."""
    broken: int | None = None
    """How many spans and boxes stand before its last page break."""

    def write(self, text: str, look: Letters, href: str = "", markup: str | None = None) -> None:
        """Add text with its look. `markup`: how it is written, where that is more than the text itself."""
        count = len("".join(text.split()))
        self.letters += count
        self.texts.append(text)
        if count:
            self.bold += count if look.bold else 0
            self.sizes[look.size] += count
            self.rows[-1][look.size] += count
            wide = sum(letter >= "\u2e80" for letter in text)
            if look.font and wide:
                self.fonts[look.font] += wide
        raised = look.raised if look.raised in ("sup", "sub") else ""
        around = (href, raised, bool(look.italic), bool(look.bold), bool(look.struck))
        self.spans.append((around, escape(text) if markup is None else markup))

    def mark(self, markup: str) -> None:
        """Add markup that has no look: a break, a reference to a note."""
        self.texts.append(" ")
        if markup == "<br>":
            self.rows.append(Counter())
        self.spans.append((self.spans[-1][0] if self.spans and markup == "<br>" else _PLAIN, markup))

    def picture(self, markup: str) -> None:
        self.pictures.append(len(self.spans))
        self.spans.append((_PLAIN, markup))

    def box(self, pieces: list[Piece]) -> None:
        if pieces:
            self.boxes.append(_Box(len(self.spans), pieces))

    def page_break(self) -> None:
        if not self._length:
            self.page = True
        self.broken = self._length

    @property
    def text(self) -> str:
        """Its text without looks."""
        return "".join(self.texts)

    @property
    def breaks_behind(self) -> bool:
        """Whether a new page begins behind it."""
        return self.broken is not None and self.broken == self._length

    @property
    def _length(self) -> int:
        return len(self.spans) + len(self.boxes)

    @property
    def size(self) -> float:
        """Of most of its letters, of two the larger."""
        return max(self.sizes, key=lambda size: (self.sizes[size], size), default=0)

    @property
    def row_sizes(self) -> list[float]:
        """Of each row with letters, where soft returns divide rows of different sizes; empty elsewhere."""
        found = [max(row, key=lambda size: (row[size], size)) for row in self.rows if row]
        return found if len(set(found)) > 1 else []

    @property
    def font(self) -> str:
        return max(self.fonts, key=lambda font: (self.fonts[font], font), default="")

    def parts(self) -> list[tuple[str, bool] | list[Piece]]:
        """The line's markup, with whether a picture is in it, and its boxes, in the order in which they are read.

        Boxes stand before the text if they are anchored before it, else behind it: a sentence is not torn apart. Beside
        pictures they stand where they are; one before its only picture belongs below it.
        """
        if self.letters:
            first = next((n for n, (_, markup) in enumerate(self.spans) if markup.strip("\u3000 ")), len(self.spans))
            before = [box.pieces for box in self.boxes if box.place <= first]
            behind = [box.pieces for box in self.boxes if box.place > first]
            return [*before, (_markup(self.spans), bool(self.pictures)), *behind]
        parts: list[tuple[str, bool] | list[Piece]] = []
        start = 0
        for box in self.boxes:
            parts += [(_markup(self.spans[start : box.place]), self._pictured(start, box.place)), box.pieces]
            start = box.place
        parts.append((_markup(self.spans[start:]), self._pictured(start, len(self.spans))))
        shown = [part for part in parts if isinstance(part, list) or part[1] or "data-note" in part[0]] or [parts[-1]]
        if [isinstance(part, list) for part in shown] == [True, False] * (len(shown) // 2):
            shown = [part for pair in zip(shown[1::2], shown[::2], strict=True) for part in pair]
        return shown

    def _pictured(self, start: int, end: int) -> bool:
        return any(start <= place < end for place in self.pictures)


def _markup(spans: list[tuple[_Around, str]]) -> str:
    """Spans with their elements around them, neighbours with the same look in one."""
    written = []
    for (href, raised, italic, bold, struck), group in itertools.groupby(spans, key=lambda span: span[0]):
        text = "".join(markup for _, markup in group)
        for tag, on in (("del", struck), ("strong", bold), ("em", italic), (raised, bool(raised))):
            text = f"<{tag}>{text}</{tag}>" if on else text
        written.append(f'<a href="{escape(href)}">{text}</a>' if href else text)
    return "".join(written)
