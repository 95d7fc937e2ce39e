"""The running text of one part – the document, or its notes – as markup with hints for `body.blocks`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from pipeline.channel import Text
from pipeline.manuscript.characters import clean
from pipeline.manuscript.word import boxes, controls, sections, tables
from pipeline.manuscript.word.inline import SKIPPED, Inline, Source
from pipeline.manuscript.word.line import Line, Piece
from pipeline.manuscript.word.lists import listed
from pipeline.manuscript.word.names import NOTHING, Element, Properties, W, child, name, properties, switched, text_of
from pipeline.manuscript.word.package import Relations
from pipeline.manuscript.word.styles import Look
from pipeline.manuscript.word.told import Gone

_LONGEST_HEADING = 100
"""Characters; what is longer is a paragraph, whatever its style says."""
_MARKS_GONE = ("del", "moveFrom")


@dataclass(slots=True)
class _Flow:
    """The paragraphs and tables of one place: the text, a cell, a box, a note."""

    pieces: list[Piece] = field(default_factory=list)
    carried: tuple[Line, Look] | None = None
    """A paragraph whose mark is gone: it goes on in the next one."""


class Story:
    """One walk over a part."""

    def __init__(self, source: Source, relations: Relations, note: Callable[[Element, bool], str]) -> None:
        """`note` as of `Inline`."""
        self._styles = source.styles
        self._numbering = source.numbering
        self._told = source.told
        self._inline = Inline(source, relations, note, self._flow)
        self._page = False
        """Whether a new page begins here."""

    def markup(self, parent: Element) -> str:
        """The text of a body, a note or the like."""
        return "".join(listed(self._flow(parent)))

    def _flow(self, parent: Element) -> list[Piece]:
        flow = _Flow()
        self._blocks(parent, flow)
        self._released(flow)
        return boxes.captioned(flow.pieces)

    def _blocks(self, parent: Element, flow: _Flow) -> None:
        """Paragraphs and tables in their order."""
        for element in parent:
            match name(element):
                case "p":
                    self._paragraph(element, flow)
                case "tbl":
                    self._released(flow)
                    flow.pieces.extend(self._tables(element))
                case "sdt" if controls.is_contents(element):
                    self._dropped(element, Gone.CONTENTS)
                case "sdt" if controls.is_prompt(element):
                    self._dropped(element, Gone.PROMPT)
                case "del" | "moveFrom" as how:
                    self._inline.gone(element, how)
                case "altChunk":
                    self._told.left_out(Text.of("a document inserted in the document was left out"))
                case "r" | "hyperlink" | "m:oMath" | "m:oMathPara":  # where there should be a paragraph
                    line, look = Line(), self._styles.paragraph(NOTHING)
                    self._inline.read([element], line, look.letters)
                    self._written(line, look, flow)
                case called if called not in SKIPPED:
                    self._blocks(element, flow)

    def _dropped(self, element: Element, why: Gone) -> None:
        self._told.drop(text_of(element), why)
        self._told.paragraph()

    def _released(self, flow: _Flow) -> None:
        """Nothing follows in which a paragraph without mark could go on."""
        if flow.carried is not None:
            carried, flow.carried = flow.carried, None
            self._written(*carried, flow)

    def _tables(self, element: Element) -> list[Piece]:
        hints = ' data-page=""' if self._page else ""
        self._page = False
        found = tables.tables(element, self._cell, self._told)
        return [Piece(rows, "table", "" if place else hints) for place, rows in enumerate(found)]

    def _cell(self, cell: Element) -> str:
        return "".join(listed(self._flow(cell), in_cell=True))

    def _paragraph(self, element: Element, flow: _Flow) -> None:
        said = properties(child(element, "pPr"))
        look = self._styles.paragraph(said)
        line = flow.carried[0] if flow.carried is not None else Line()
        flow.carried = None
        self._page |= look.page
        if look.contents:
            self._told.drop(text_of(element), Gone.CONTENTS)
        else:
            self._inline.read(element, line, look.letters)
        self._told.paragraph()
        if _goes_on(said):
            flow.carried = line, look
        else:
            self._written(line, look, flow, box="framePr" in said)
        self._page |= sections.begins_page(said)

    def _written(self, line: Line, look: Look, flow: _Flow, *, box: bool = False) -> None:
        """Put a paragraph, and the boxes in it, into the flow."""
        label = self._numbering.label(look.numbering, look.style) if look.numbering is not None else None
        self._page |= line.page
        for part in line.parts():
            if isinstance(part, list):
                flow.pieces.extend(part)
                continue
            markup, pictured = part
            if not markup and label is None:
                continue
            piece = Piece(markup, _tag(line, look), _hints(line, look), label, line.letters, pictured)
            if box:
                piece.box = self._inline.next_box()
                piece.hints += ' data-box=""'
            if self._page and (line.letters or pictured):
                piece.hints += ' data-page=""'
                self._page = False
            flow.pieces.append(piece)
            label = None
        self._page |= line.breaks_behind


def _goes_on(said: Properties) -> bool:
    """Whether a paragraph goes on in the next one: its mark is deleted or hidden, or it is a large first letter."""
    mark = properties(said.get("rPr"))
    frame = said.get("framePr")
    drop = frame.get(f"{W}dropCap", "none") != "none" if frame is not None else False
    return drop or bool(switched(mark, "vanish")) or any(gone in mark for gone in _MARKS_GONE)


def _tag(line: Line, look: Look) -> str:
    if look.level is None or look.role or not 0 < line.letters <= _LONGEST_HEADING:
        return "p"
    return f"h{min(look.level + 1, 6)}"


def _hints(line: Line, look: Look) -> str:
    """Attributes that `body.blocks` reads as `Hints`."""
    said = {
        "size": f"{line.size or look.letters.size:g}",
        "font": clean(line.font or look.letters.font),
        "role": look.role,
        "rows": " ".join(f"{size or look.letters.size:g}" for size in line.row_sizes),
    }
    hints = [f' data-{what}="{escape(how)}"' for what, how in said.items() if how and how != "0"]
    aligned = {"center": ' data-centred=""', "right": ' data-right=""'}.get(look.align, "")
    return "".join([*hints, aligned, ' data-bold=""' if line.letters and line.bold == line.letters else ""])
