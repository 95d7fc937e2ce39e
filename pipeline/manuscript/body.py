"""Markup → the canonical body of an article (see `Article.body`), by way of its blocks.

`blocks` reads any HTML into a flat sequence of `Block`s, whose text is a sequence of `Run`s; readers look for
headline, credits and captions among them; `serialise` writes what is left. Everything that comes out is written
by `serialise` from a closed list of elements and attributes, whatever went in. `canonical` is both in one, and
doing it twice changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from lxml import html as lxml_html

from pipeline.article import Image
from pipeline.channel import Text
from pipeline.manuscript import ruby, tables
from pipeline.manuscript.block import (
    BREAK,
    HEADINGS,
    MARKS,
    UNHINTED,
    Block,
    Hints,
    Run,
    divided,
    paragraph,
    reference,
    tidy,
    truncated,
)
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.elements import (
    BLOCKS,
    MARK_OF,
    STRUCK,
    hints_of,
    holds_blocks,
    is_block,
    may_be_linked,
    spans_of,
)
from pipeline.manuscript.figures import Figures
from pipeline.manuscript.layout import unfold
from pipeline.manuscript.markup import parse, within_limits
from pipeline.manuscript.notes import BEGINNING, UNNAMED, Note, lines, notes_of, numbered
from pipeline.manuscript.omissions import leave_out, tell_struck
from pipeline.manuscript.serialise import serialise

__all__ = [
    "MARKS", "Block", "Hints", "Run", "blocks", "canonical", "paragraph", "reference", "serialise", "truncated",
]  # fmt: skip


def canonical(markup: str, draft: Draft, take: Callable[[str, int | None], Image | None]) -> str:
    """Any markup as a canonical body; "" if nothing is left of it. `take` as in `blocks`."""
    return serialise(blocks(markup, draft, take))


def blocks(markup: str, draft: Draft, take: Callable[[str, int | None], Image | None]) -> list[Block]:
    """The content of any markup. `take(src, line)` gives the image for an `img`, None to leave it out.

    The source may carry the attributes data-line, -role, -centred, -right, -bold, -size, -rows, -font, -page and -box,
    which become `Hints`. They hold for all that is in the element, but for two: -page is of its first block, and -rows,
    the sizes in points of the lines of one paragraph ("22 16"), of the element that has it. The source may also carry
    `<sup data-note="k"></sup>` where the text refers to a note whose text stands anywhere as `<p data-note="k">…</p>`
    (or a div with paragraphs and lists). The notes come last, numbered by `notes.numbered`.
    """
    document = parse(markup)
    if not within_limits(document, draft):
        return []
    leave_out(document, draft)
    tables.settle(document)
    notes = notes_of(document)
    reading = _Reading(draft, take)
    unfold(document)
    content = list(reading.flow(document, _Style()))
    for note in notes:
        content.extend(reading.note(note))
    if reading.unlinked:
        draft.notice(
            "body",
            Text.of(
                "{count} links were taken off their words, the first to {address}",
                count=len(reading.unlinked),
                address=reading.unlinked[0][:200],
            ),
            Text.of("a link needs the whole address, such as https://www.example.com/page"),
        )
    return numbered(content)


@dataclass(frozen=True, slots=True)
class _Style:
    """What text inherits from the elements around it."""

    marks: frozenset[str] = frozenset()
    href: str = ""
    hints: Hints = UNHINTED


class _Reading:
    """One walk over the markup. Elements it does not know are their content."""

    def __init__(self, draft: Draft, take: Callable[[str, int | None], Image | None]) -> None:
        self.draft = draft
        self.figures = Figures(take)
        self.unlinked: list[str] = []
        """Addresses to which no link may lead."""
        self.notes: dict[str, int] = {}
        """A number for each note met, by the source's name of it."""

    def flow(self, parent: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        """The blocks in an element that may hold blocks; text between them makes paragraphs of its own."""
        loose: list[Run] = [Run(parent.text or "", style.marks, style.href)]
        for child in parent:
            inner = self._styled(child, style)
            if is_block(child):
                yield from self._paragraphs("p", loose, style.hints)
                loose = []
                yield from self._block(child, inner)
            else:
                loose.extend(self._inline(child, inner))
            loose.append(Run(child.tail or "", style.marks, style.href))
        yield from self._paragraphs("p", loose, style.hints)

    def note(self, note: Note) -> Iterator[Block]:
        """The text of a note; pictures in it stand before it."""
        written: list[Run] = []
        for block in self._block(note.element, self._styled(note.element, _Style())):
            if block.image is not None:
                yield block
            written.extend(run for line in lines(block) for run in (BREAK, *line))
        runs = tidy(written)
        begun = BEGINNING.match(runs[0].text) if runs and note.begun else None
        text = tidy([replace(runs[0], text=runs[0].text[begun.end() :]), *runs[1:]]) if begun else runs
        if runs:
            hints = hints_of(note.element, UNHINTED)
            yield Block("p", text, hints=hints, note=self._number(note.key)) if text else Block("p", runs, hints=hints)

    def _number(self, key: str) -> int:
        return self.notes.setdefault(key, len(self.notes) + 1)

    def _block(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        begins = "data-page" in element.attrib
        for block in self._content(element, style):
            yield replace(block, hints=replace(block.hints, page=True)) if begins else block
            begins = False

    def _content(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        match element.tag:
            case "hr":
                return
            case "p" if not holds_blocks(element):
                yield from self._paragraphs("p", self._inside(element, style), style.hints)
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                runs = [replace(run, marks=run.marks - {"strong"}) for run in self._inside(element, style)]
                yield from self._paragraphs(element.tag, runs, style.hints)
            case "dt" | "caption" if not holds_blocks(element):
                strong = replace(style, marks=style.marks | {"strong"})
                yield from self._paragraphs("p", self._inside(element, strong), style.hints)
            case "pre":
                runs = [
                    part
                    for run in self._inside(element, style)
                    for line in run.text.splitlines(keepends=True)
                    for part in (replace(run, text=line.rstrip("\n")), *([BREAK] if line.endswith("\n") else []))
                ]
                yield from self._paragraphs("p", runs, style.hints)
            case "ul" | "ol":
                yield from self._list(element, style)
            case "table":
                yield from self._table(element, style)
            case "blockquote":
                yield from self._quotation(element, style)
            case "figure":
                yield from self._figure(element, style)
            case _:
                yield from self.flow(element, style)

    def _list(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        start = element.get("start", "1")
        items = self._items(element, style)
        if element.tag == "ol" and start != "1" and start.isascii() and start.isdigit() and len(start) < 10:
            # A list that starts elsewhere: «2019. …» at the start of a line is a year, and a number must not be lost.
            for number, item in enumerate(items, int(start)):
                yield Block("p", tidy([Run(f"{number}. "), *item.runs]), hints=style.hints)
                yield from item.children
        elif items:
            yield Block(element.tag, children=tuple(items), hints=style.hints)
        yield from self.figures.released(style.hints)

    def _items(self, element: lxml_html.HtmlElement, style: _Style) -> list[Block]:
        items: list[Block] = []
        self._add_item(items, [Run(element.text or "", style.marks, style.href)])
        for child in element:
            inner = self._styled(child, style)
            if child.tag in ("ul", "ol"):
                items.extend(self._items(child, inner))
            else:
                self._add_item(items, self._parts(child, inner))
            self._add_item(items, [Run(child.tail or "", style.marks, style.href)])
        return items

    def _add_item(self, items: list[Block], parts: Iterable[Run | Block]) -> None:
        runs: list[Run] = []
        children: list[Block] = []
        for part in parts:
            if isinstance(part, Block):
                children.append(part)
                runs.append(BREAK)
            else:
                runs.append(part)
        if written := tidy(self.figures.without(runs)):
            items.append(Block("li", written, tuple(children)))
        else:
            items.extend(item for block in children for item in block.children)

    def _parts(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Run | Block]:
        """Runs of a list item, its paragraphs divided by breaks, and the lists in it."""
        yield Run(element.text or "", style.marks, style.href)
        for child in element:
            inner = self._styled(child, style)
            if child.tag in ("ul", "ol"):
                if items := self._items(child, inner):
                    yield Block(child.tag, children=tuple(items))
            elif is_block(child):
                yield BREAK
                yield from self._parts(child, inner)
                yield BREAK
            else:
                yield from self._inline(child, inner)
            yield Run(child.tail or "", style.marks, style.href)

    def _table(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        rows = [row for row in element.iter("tr") if next(row.iterancestors("table")) is element]
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        if element.find(".//table") is not None or all(len(row) <= 1 for row in cells):
            # A table for the look of a page, as old sites are built: what is in it is the text.
            yield from self.flow(element, style)
            return
        for caption in element.iterchildren("caption"):
            yield from self._block(caption, self._styled(caption, style))
        grid = [[self._cell(cell, self._styled(cell, style)) for cell in row] for row in cells]
        written = [Block("tr", children=tuple(row)) for row in grid if row]
        if any(cell.runs for row in written for cell in row.children):
            yield Block("table", children=tuple(written), hints=style.hints)
        yield from self.figures.released(style.hints)

    def _cell(self, cell: lxml_html.HtmlElement, style: _Style) -> Block:
        parts = self._parts(cell, style)
        runs = [run for part in parts for run in (_flattened(part) if isinstance(part, Block) else [part])]
        if cell.tag == "th":
            runs = [run if run.note else replace(run, marks=run.marks - {"strong"}) for run in runs]
        return Block(cell.tag, tidy(self.figures.without(runs)), spans=spans_of(cell))

    def _quotation(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        inner: list[Block] = []
        outer: list[Block] = []
        for block in self.flow(element, style):
            if block.tag in HEADINGS:
                inner.append(Block("p", tuple(replace(run, marks=run.marks | {"strong"}) for run in block.runs)))
            elif block.tag == "blockquote":
                inner.extend(block.children)
            elif block.tag in ("p", "ul", "ol"):
                inner.append(block)
            else:
                outer.append(block)
        if inner:
            yield Block("blockquote", children=tuple(inner), hints=style.hints)
        yield from outer

    def _figure(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        """Its pictures with its caption; pictures within the caption follow, unless there are no others."""
        captions = [child for child in element if child.tag == "figcaption"]
        for caption in captions:
            caption.drop_tree()  # remove() would take the text behind it as well
        is_group = element.find(".//figcaption") is not None
        found = list(self.flow(element, style))
        said = [run for one in captions for run in (*self._inside(one, _Style()), Run(" "))]
        caption_text = Block("figcaption", tidy(self.figures.without(said))).text_with_readings
        within = list(self.figures.released(style.hints))
        if not any(block.tag == "figure" for block in found):
            found, within = [*found, *within], []
        for place in reversed(range(len(found))):
            image = found[place].image
            if image is not None and caption_text and not is_group:
                found[place] = replace(found[place], image=image.model_copy(update={"caption": caption_text}))
                caption_text = ""
        yield from found
        if caption_text:  # of pictures that were left out, or of figures that have captions of their own
            role = style.hints.role if is_group else "caption"
            yield from self._paragraphs("p", [Run(caption_text)], replace(style.hints, role=role))
        yield from within

    def _inside(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Run]:
        yield Run(element.text or "", style.marks, style.href)
        for child in element:
            yield from self._inline(child, self._styled(child, style))
            yield Run(child.tail or "", style.marks, style.href)

    def _inline(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Run]:
        match element.tag:
            case "br":
                yield BREAK
            case "ruby":
                yield from ruby.read(element, lambda part: self._part(part, style))
            case "sup" if "data-note" in element.attrib:
                yield reference(self._number(element.get("data-note", "")), UNNAMED)
            case "a" if noted := re.fullmatch(r"#note-(\d{1,5})", element.get("href", "")):
                text = one_line(element.text_content())
                # What else leads there is a page's own link, which no article can have.
                is_reference = re.fullmatch(r"\[\d{1,5}\]", text) and element.find(".//img") is None
                yield from [reference(self._number(noted[1]), text)] if is_reference else self._inside(element, style)
            case "img":
                yield self.figures.mark(element)
            case "q":
                yield Run("“")
                yield from self._inside(element, style)
                yield Run("”")
            case tag if tag in STRUCK:
                tell_struck(element, self.draft, style.hints.line)
            case tag if tag in BLOCKS:
                yield BREAK
                yield from self._inside(element, style)
                yield BREAK
            case _:
                yield from self._inside(element, style)

    def _part(self, part: str | lxml_html.HtmlElement, style: _Style) -> Iterable[Run]:
        if isinstance(part, str):
            return [Run(part, style.marks, style.href)]
        return self._inline(part, self._styled(part, style))

    def _styled(self, element: lxml_html.HtmlElement, style: _Style) -> _Style:
        if mark := MARK_OF.get(element.tag):
            style = replace(style, marks=style.marks | {mark})
        if element.tag == "a" and (address := one_line(element.get("href", ""))):
            if may_be_linked(address):
                style = replace(style, href=address)
            elif not address.startswith(("#", "/", ".")):  # a web page's own
                self.unlinked.append(address)
        return replace(style, hints=hints_of(element, style.hints))

    def _paragraphs(self, tag: str, runs: Iterable[Run], hints: Hints) -> Iterator[Block]:
        """Paragraphs from runs: divided at pictures, at empty lines and where a line is indented."""
        part: list[Run] = []
        parts: list[list[Run] | int] = [part]
        for run in runs:
            if run.marks == {"img"}:
                part = []
                parts += [int(run.href), part]
            else:
                part.append(run)
        for content in parts:
            if isinstance(content, int):
                yield from self.figures.block(content, hints)
            elif tag == "p":
                for piece in divided(content):
                    if runs := tidy(piece):
                        yield Block(tag, runs, hints=hints)
            elif runs := tidy([Run(" ") if run == BREAK else run for run in content]):
                yield Block(tag, runs, hints=hints)


def _flattened(block: Block) -> Iterator[Run]:
    """A list in a table's cell, as lines."""
    for item in block.children:
        yield BREAK
        yield from item.runs
        for child in item.children:
            yield from _flattened(child)
