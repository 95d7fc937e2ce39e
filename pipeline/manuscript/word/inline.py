"""What stands in a paragraph: text with its look, fields, symbols, ruby, formulas, pictures and boxes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from html import escape, unescape

from pipeline.channel import Text
from pipeline.manuscript.characters import clean, one_line
from pipeline.manuscript.word import controls, drawings, formulas
from pipeline.manuscript.word.fields import Fields
from pipeline.manuscript.word.line import Line, Piece
from pipeline.manuscript.word.names import Element, M, R, W, child, name, properties, text_of
from pipeline.manuscript.word.numbering import Numbering
from pipeline.manuscript.word.package import Relations, picture_name
from pipeline.manuscript.word.styles import Letters, Styles
from pipeline.manuscript.word.symbols import symbol, translated
from pipeline.manuscript.word.told import Gone, Told

SKIPPED = frozenset({
    "pPr", "rPr", "tblPr", "tblPrEx", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr", "sdtEndPr", "smartTagPr",
    "customXmlPr", "rubyPr", "fldData", "ffData", "instrText", "delInstrText", "delText",
})  # fmt: skip
"""What holds no running text. Elements that are not known are their content."""
_SPACES = {"tab": " ", "ptab": " ", "noBreakHyphen": "-"}
_TAG = re.compile("<[^>]*>")


@dataclass(frozen=True, slots=True)
class Source:
    """What the parts of one document share."""

    styles: Styles
    numbering: Numbering
    told: Told


class Inline:
    """Reads the contents of paragraphs into `Line`s."""

    def __init__(
        self,
        source: Source,
        relations: Relations,
        note: Callable[[Element, bool], str],
        flow: Callable[[Element], list[Piece]],
    ) -> None:
        """`note`: markup of a reference to a foot- or endnote, told whether the reference was deleted.
        `flow`: the paragraphs in a text box."""
        self._styles = source.styles
        self._told = source.told
        self._relations = relations
        self._note = note
        self._flow = flow
        self._fields = Fields()
        self._boxes = 0

    def read(self, parent: Iterable[Element], line: Line, look: Letters, href: str = "") -> None:
        """Add what stands in an element to a line. `look`: how the paragraph's style makes its letters look; `href`:
        where the link leads in which it stands."""
        for element in parent:
            match name(element):
                case "r":
                    self._run(element, line, look, href)
                case "hyperlink":
                    self.read(element, line, look, self._address(element) or href)
                case "ins":
                    self._told.tracked()
                    self.read(element, line, look, href)
                case "moveTo":
                    self._told.arrived(text_of(element))
                    self.read(element, line, look, href)
                case "del" | "moveFrom" as how:
                    self.gone(element, how)
                case "fldSimple":
                    self._fields.simple(element)
                    self.read(element, line, look, href)
                    self._markup(self._fields.ended(), line, look)
                case "sdt":
                    self._control(element, line, look, href)
                case "m:oMath" | "m:oMathPara" if not self._fields.in_code:
                    self._formula(element, line, look)
                case called if called not in SKIPPED:
                    self._piece(element, called, line, look, href)

    def gone(self, element: Element, how: str) -> None:
        """A tracked deletion, or the place from which something was moved."""
        self._told.drop(text_of(element), Gone.DELETED if how == "del" else Gone.MOVED)
        for reference in element.iter(f"{W}footnoteReference", f"{W}endnoteReference"):
            if how == "del":
                self._note(reference, True)

    def next_box(self) -> int:
        """A number for one more text box."""
        self._boxes += 1
        return self._boxes

    def _run(self, element: Element, line: Line, paragraph: Letters, href: str) -> None:
        look = self._styles.run(paragraph, properties(child(element, "rPr")))
        for part in element:
            called = name(part)
            if called == "fldChar":
                self._markup(self._fields.character(part), line, look)
            elif called == "instrText":
                self._fields.add_code(part.text or "")
            elif called not in SKIPPED:
                self._piece(part, called, line, look, href)

    def _piece(self, element: Element, called: str, line: Line, look: Letters, href: str) -> None:
        if self._fields.in_code:
            self._in_code(element, look)
            return
        match called:
            case "t":
                self._text(translated(element.text or "", look.latin), line, look, href)
            case "tab" | "ptab" | "noBreakHyphen":
                self._text(_SPACES[called], line, look, href)
            case "br" | "cr":
                _break(line, element.get(f"{W}type", "textWrapping"))
            case "sym":
                self._symbol(element, line, look, href)
            case "ruby":
                self._ruby(element, line, look, href)
            case "drawing" | "pict" | "object":
                self._drawing(element, line, look)
            case "footnoteReference" | "endnoteReference":
                line.mark(self._note(element, False))
            case "commentReference":
                self._told.left_out(Text.of("comments were left out"))
            case _:
                self.read(element, line, look, href)

    def _in_code(self, element: Element, look: Letters) -> None:
        if look.hidden:
            self._told.drop(text_of(element), Gone.HIDDEN)
            return
        for text in element.iter(f"{W}t", f"{M}t"):
            self._fields.add_text(text.text or "", struck=bool(look.struck))

    def _text(self, text: str, line: Line, look: Letters, href: str = "", markup: str | None = None) -> None:
        """Text with its look, unless it is out of sight. `markup` as of `Line.write`."""
        text = clean(text)
        if not text:
            return
        if self._fields.in_contents or look.hidden:
            self._told.drop(text, Gone.CONTENTS if self._fields.in_contents else Gone.HIDDEN)
            return
        line.write(text, look, href or self._fields.href, markup)
        self._fields.show()

    def _markup(self, markup: str, line: Line, look: Letters) -> None:
        self._text(_plain(markup), line, look, markup=markup)

    def _address(self, link: Element) -> str:
        """Where a link leads; "" for a place in the document."""
        address = self._relations.addresses.get(link.get(f"{R}id", ""), "")
        anchor = link.get(f"{W}anchor", "")
        return clean(f"{address}#{anchor}" if address and anchor and "#" not in address else address)

    def _control(self, element: Element, line: Line, look: Letters, href: str) -> None:
        """A content control; a check box that shows nothing is shown by its state."""
        if controls.is_prompt(element):
            self._told.drop(text_of(element), Gone.PROMPT)
            return
        before = len(line.spans)
        self.read(element, line, look, href)
        if len(line.spans) == before and (box := controls.check_box(element)):
            self._text(box, line, look, href)

    def _formula(self, element: Element, line: Line, look: Letters) -> None:
        markup = formulas.line(element)
        self._markup(markup, line, look)
        if not formulas.is_plain(element):
            text = one_line(_plain(markup))[:60]
            self._told.left_out(Text.of("a formula was written in one line: {text}", text=text))

    def _symbol(self, element: Element, line: Line, look: Letters, href: str) -> None:
        font, code = element.get(f"{W}font", ""), element.get(f"{W}char", "")
        if shown := symbol(font, code):
            self._text(shown, line, look, href)
        else:
            self._told.left_out(
                Text.of("a character of the font {font} was left out (code {code})", font=font[:40], code=code[:10])
            )

    def _ruby(self, element: Element, line: Line, look: Letters, href: str) -> None:
        base, reading = Line(), Line()
        for part in element:
            match name(part):
                case "rubyBase":
                    self.read(part, base, look, href)
                case "rt":
                    self.read(part, reading, look, href)
        text, spoken = one_line(base.text), one_line(reading.text)
        shape = replace(look, bold=bool(base.bold), size=base.size or look.size, font=base.font or look.font)
        if text and spoken:
            markup = f"<ruby>{escape(text)}<rt>{escape(spoken)}</rt></ruby>"
            line.write(text, shape, href or self._fields.href, markup)
        elif text or spoken:
            line.write(text or spoken, shape, href or self._fields.href)
        for box in (*base.boxes, *reading.boxes):
            line.box(box.pieces)

    def _drawing(self, element: Element, line: Line, look: Letters) -> None:
        if look.hidden or self._fields.in_contents:
            self._told.drop(text_of(element), Gone.HIDDEN if look.hidden else Gone.CONTENTS)
            return
        for kind, part, alt in drawings.parts(element):
            if kind == "box":
                line.box(self._box(part))
            elif kind == "figure":
                self._told.left_out(Text.of("a chart or drawing was left out; only pictures are published"))
            elif (shown := picture_name(self._relations, part)) is not None:
                line.picture(f'<img src="{escape(clean(shown))}" alt="{escape(alt)}">')
        self._fields.show()

    def _box(self, content: Element) -> list[Piece]:
        """What stands in a text box; fields around it do not reach into it."""
        number, outer, self._fields = self.next_box(), self._fields, Fields()
        if name(content) == "v:textpath":  # WordArt
            text = one_line(content.get("string", ""))
            pieces = [Piece(escape(text), letters=len(text))] if text else []
        else:
            pieces = self._flow(content)
        self._fields = outer
        for piece in pieces:
            piece.box = piece.box or number
            piece.hints += ' data-box=""'
        return pieces


def _plain(markup: str) -> str:
    return unescape(_TAG.sub("", markup))


def _break(line: Line, kind: str) -> None:
    if kind == "textWrapping":
        line.mark("<br>")
    elif kind == "page":
        line.page_break()
