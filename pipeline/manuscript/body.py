"""Markup → the canonical body of an article (see `Article.body`), by way of its blocks.

`blocks` reads any HTML into a flat sequence of `Block`s, whose text is a sequence of `Run`s; readers look for
headline, credits and captions among them; `serialise` writes what is left. Everything that comes out is written
by `serialise` from a closed list of elements and attributes, whatever went in. `canonical` is both in one, and
doing it twice changes nothing.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import urlsplit

from lxml import etree
from lxml import html as lxml_html

from pipeline.article import Image
from pipeline.channel import Text
from pipeline.manuscript.captions import captioned
from pipeline.manuscript.characters import clean, one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.layout import unfold

MARKS = ("strong", "em", "sub", "sup")
"""Inline elements that may surround text, in the order in which they are nested."""
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
"""What a link may lead to."""

_MARK_OF = {"strong": "strong", "b": "strong", "em": "em", "i": "em", "cite": "em", "sub": "sub", "sup": "sup"}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STRUCK = frozenset({"del", "s", "strike"})
_CONTAINERS = frozenset({
    "address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "footer", "header", "hgroup", "html", "li", "main", "section", "summary", "tbody", "td", "tfoot", "th", "thead",
    "tr",
})  # fmt: skip
_BLOCKS = _HEADINGS | _CONTAINERS | {"p", "ul", "ol", "table", "blockquote", "figure", "pre", "hr", "caption"}
_MEDIA = frozenset({"video", "audio", "iframe", "object", "embed", "svg", "canvas", "math"})
_DROPPED = _MEDIA | {
    "script", "style", "template", "noscript", "noframes", "nav", "head", "title", "button", "select", "textarea",
    "applet",
}  # fmt: skip
_REFERENCE = re.compile(r"&#(?:x[0-9a-f]+|[0-9]+);?", re.IGNORECASE)
_DEEPEST = 200
"""Elements inside each other; libxml2 forgets text below 255."""
_MOST_ELEMENTS = 50_000
"""A long article has some hundreds."""
_MOST_SPANS = 1000
_CHINESE = re.compile("[\u2e80-\u303f\u3041-\u30ff\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\u2018-\u201d\u2026\u2014]")


@dataclass(frozen=True, slots=True)
class Run:
    """Text with one look. A line break is a run of its own with the text `\\n`."""

    text: str
    marks: frozenset[str] = frozenset()
    """Of `MARKS`."""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the source says of a paragraph beyond its text; it is not written into the body."""

    line: int | None = None
    role: str = ""
    """"title", "subtitle" or "caption" where the source has a style for it."""
    centred: bool = False
    bold: bool = False
    size: float = 0
    """Size of its letters, in points; 0 if unknown."""


UNHINTED = Hints()


@dataclass(frozen=True, slots=True)
class Block:
    """An element of the body: one of `Article.BLOCKS` (headings still at the source's level), li, tr, th or td."""

    tag: str
    runs: tuple[Run, ...] = ()
    children: tuple[Block, ...] = ()
    spans: tuple[tuple[str, str], ...] = ()
    """colspan and rowspan of a cell."""
    image: Image | None = None
    hints: Hints = field(default=UNHINTED, compare=False)

    @property
    def text(self) -> str:
        """Its own text on one line, without its children's."""
        return " ".join("".join(run.text for run in self.runs).split())


def canonical(markup: str, draft: Draft, take: Callable[[str, int | None], Image | None]) -> str:
    """Any markup as a canonical body; "" if nothing is left of it. `take` as in `blocks`."""
    return serialise(blocks(markup, draft, take))


def blocks(markup: str, draft: Draft, take: Callable[[str, int | None], Image | None]) -> list[Block]:
    """The content of any markup. `take(src, line)` gives the image for an `img`, None to leave it out.

    The source may carry the attributes data-line, -role, -centred, -bold and -size, which become `Hints`.
    """
    document = parse(markup)
    if not _within_limits(document, draft):
        return []
    for element in document.iter(*_MEDIA):
        draft.notice(
            "body",
            Text.of("an embedded <{element}> was left out", element=element.tag),
            Text.of("only text and pictures are published; link to the rest"),
            line=_line(element),
        )
    etree.strip_elements(document, *_DROPPED, with_tail=False)
    reading = _Reading(draft, take)
    unfold(document)
    content = captioned(list(reading.flow(document, _Style())), draft)
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
    return content


def parse(markup: str) -> lxml_html.HtmlElement:
    """The `body` of any markup, a fragment or a whole document. Nothing is fetched."""
    markup = re.sub(r"^(?:\s*<\?xml[^>]*>)+", "", markup)
    markup = _REFERENCE.sub(lambda found: found[0] if clean(unescape(found[0])).strip("\ufffd") else "", markup)
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    try:
        document = lxml_html.document_fromstring(markup, parser=parser)
    except etree.ParserError:  # nothing in it, or nothing but comments
        document = lxml_html.document_fromstring("<body></body>", parser=parser)
    body = document.find("body")
    return document if body is None else body


def serialise(content: Iterable[Block]) -> str:
    """The body these blocks make: a well-formed fragment. Headings become h2 and h3."""
    content = list(content)
    lowered = any(block.tag == "h1" for block in content)
    return "".join(etree.tostring(_element(_levelled(block, lowered)), encoding="unicode") for block in content)


def paragraph(text: str, hints: Hints = UNHINTED) -> Block | None:
    """A paragraph of plain text; None if there is nothing in it."""
    runs = _tidy([Run(text)])
    return Block("p", runs, hints=hints) if runs else None


def truncated(block: Block, keep: int) -> Block:
    """The block with the first `keep` characters of its text (as `"".join(run.text …)`)."""
    kept: list[Run] = []
    for run in block.runs:
        if keep <= 0:
            break
        kept.append(replace(run, text=run.text[:keep]))
        keep -= len(run.text)
    return replace(block, runs=_tidy(kept))


@dataclass(frozen=True, slots=True)
class _Style:
    """What text inherits from the elements around it."""

    marks: frozenset[str] = frozenset()
    href: str = ""
    hints: Hints = UNHINTED


_BREAK = Run("\n", frozenset({"br"}))


class _Reading:
    """One walk over the markup. Elements it does not know are their content."""

    def __init__(self, draft: Draft, take: Callable[[str, int | None], Image | None]) -> None:
        self.draft = draft
        self.take = take
        self.pictures: list[lxml_html.HtmlElement] = []
        """Every `img` met; a `Run` with the mark "img" names its place in the list."""
        self.unlinked: list[str] = []
        """Addresses to which no link may lead."""
        self.kept: list[int] = []
        """Pictures met inside a list, table or quotation, which stand behind it in the body."""

    def flow(self, parent: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        """The blocks in an element that may hold blocks; text between them makes paragraphs of its own."""
        loose: list[Run] = [Run(parent.text or "", style.marks, style.href)]
        for child in parent:
            inner = self._styled(child, style)
            if _is_block(child):
                yield from self._paragraphs("p", loose, style.hints)
                loose = []
                yield from self._block(child, inner)
            else:
                loose.extend(self._inline(child, inner))
            loose.append(Run(child.tail or "", style.marks, style.href))
        yield from self._paragraphs("p", loose, style.hints)

    def _block(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        match element.tag:
            case "hr":
                return
            case "p" if not _holds_blocks(element):
                yield from self._paragraphs("p", self._inside(element, style), style.hints)
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                runs = [replace(run, marks=run.marks - {"strong"}) for run in self._inside(element, style)]
                yield from self._paragraphs(element.tag, runs, style.hints)
            case "dt" | "caption" if not _holds_blocks(element):
                strong = replace(style, marks=style.marks | {"strong"})
                yield from self._paragraphs("p", self._inside(element, strong), style.hints)
            case "pre":
                runs = [
                    part
                    for run in self._inside(element, style)
                    for line in run.text.splitlines(keepends=True)
                    for part in (replace(run, text=line.rstrip("\n")), *([_BREAK] if line.endswith("\n") else []))
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
                yield Block("p", _tidy([Run(f"{number}. "), *item.runs]), hints=style.hints)
                yield from item.children
        elif items:
            yield Block(element.tag, children=tuple(items), hints=style.hints)
        yield from self._released(style)

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
                runs.append(_BREAK)
            else:
                runs.append(part)
        if tidy := _tidy(self._without_pictures(runs)):
            items.append(Block("li", tidy, tuple(children)))
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
            elif _is_block(child):
                yield _BREAK
                yield from self._parts(child, inner)
                yield _BREAK
            else:
                yield from self._inline(child, inner)
            yield Run(child.tail or "", style.marks, style.href)

    def _table(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        rows = [row for row in element.iter("tr") if next(row.iterancestors("table")) is element]
        cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
        nested = any(cell.find(".//table") is not None for row in cells for cell in row)
        if nested or all(len(row) <= 1 for row in cells):
            # A table for the look of a page, as old sites are built: what is in it is the text.
            for child in element:
                yield from self._block(child, self._styled(child, style))
            return
        for caption in element.iterchildren("caption"):
            yield from self._block(caption, self._styled(caption, style))
        written = []
        for row in cells:
            found = []
            for cell in row:
                runs = [
                    run
                    for part in self._parts(cell, self._styled(cell, style))
                    for run in (_flattened(part) if isinstance(part, Block) else [part])
                ]
                if cell.tag == "th":
                    runs = [replace(run, marks=run.marks - {"strong"}) for run in runs]
                found.append(Block(cell.tag, _tidy(self._without_pictures(runs)), spans=_spans(cell)))
            if found:
                written.append(Block("tr", children=tuple(found)))
        if any(cell.runs for row in written for cell in row.children):
            yield Block("table", children=tuple(written), hints=style.hints)
        yield from self._released(style)

    def _quotation(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Block]:
        inner: list[Block] = []
        outer: list[Block] = []
        for block in self.flow(element, style):
            if block.tag in _HEADINGS:
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
        captions = [child for child in element if child.tag == "figcaption"]
        for caption in captions:
            element.remove(caption)
        found = list(self.flow(element, style))
        caption_text = one_line(" ".join(caption.text_content() for caption in captions))
        for place in reversed(range(len(found))):
            image = found[place].image
            if image is not None and caption_text:
                found[place] = replace(found[place], image=image.model_copy(update={"caption": caption_text}))
                caption_text = ""
        yield from found
        if caption_text:
            yield from self._paragraphs("p", [Run(caption_text)], replace(style.hints, role="caption"))

    def _inside(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Run]:
        yield Run(element.text or "", style.marks, style.href)
        for child in element:
            yield from self._inline(child, self._styled(child, style))
            yield Run(child.tail or "", style.marks, style.href)

    def _inline(self, element: lxml_html.HtmlElement, style: _Style) -> Iterator[Run]:
        match element.tag:
            case "br":
                yield _BREAK
            case "img":
                self.pictures.append(element)
                yield Run("\ufffc", frozenset({"img"}), str(len(self.pictures) - 1))
            case "q":
                yield Run("“")
                yield from self._inside(element, style)
                yield Run("”")
            case tag if tag in _STRUCK:
                self.draft.notice(
                    "body",
                    Text.of(
                        "text that is struck through was left out: {text}", text=one_line(element.text_content())[:40]
                    ),
                    Text.of("if it should be published, take the line through it away"),
                    line=style.hints.line,
                )
            case tag if tag in _BLOCKS:
                yield _BREAK
                yield from self._inside(element, style)
                yield _BREAK
            case _:
                yield from self._inside(element, style)

    def _styled(self, element: lxml_html.HtmlElement, style: _Style) -> _Style:
        if mark := _MARK_OF.get(element.tag):
            style = replace(style, marks=style.marks | {mark})
        if element.tag == "a" and (address := one_line(element.get("href", ""))):
            if _may_be_linked(address):
                style = replace(style, href=address)
            elif not address.startswith(("#", "/", ".")):  # a web page's own
                self.unlinked.append(address)
        return replace(style, hints=_hints(element, style.hints))

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
                yield from self._picture(content, hints)
            elif tag == "p":
                for paragraph in _divided(content):
                    if tidy := _tidy(paragraph):
                        yield Block(tag, tidy, hints=hints)
            elif tidy := _tidy([Run(" ") if run == _BREAK else run for run in content]):
                yield Block(tag, tidy, hints=hints)

    def _picture(self, index: int, hints: Hints) -> Iterator[Block]:
        picture = self.pictures[index]
        image = self.take(one_line(picture.get("src", "")), _line(picture) or hints.line)
        said = {"alt": one_line(picture.get("alt", "")), "caption": one_line(picture.get("title", ""))}
        # A figure without an image stands for one that was left out: its caption is no other picture's.
        yield Block("figure", image=image and image.model_copy(update=said), hints=hints)

    def _without_pictures(self, runs: Iterable[Run]) -> Iterator[Run]:
        for run in runs:
            if run.marks == {"img"}:
                self.kept.append(int(run.href))
            else:
                yield run

    def _released(self, style: _Style) -> Iterator[Block]:
        kept, self.kept = self.kept, []
        for index in kept:
            yield from self._picture(index, style.hints)


def _within_limits(document: lxml_html.HtmlElement, draft: Draft) -> bool:
    """Whether the markup is what a person may have written; if not, it is a problem of the draft."""
    depth = count = 0
    line: int | None = None
    for event, element in etree.iterwalk(document, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        line = _line(element) or line
        if depth > _DEEPEST:
            message = Text.of("more than {limit} elements stand inside each other", limit=_DEEPEST)
        elif count > _MOST_ELEMENTS:
            message = Text.of("the text is made of more than {limit} elements", limit=_MOST_ELEMENTS)
        else:
            continue
        draft.wrong("body", message, Text.of("copy the text alone into a new document"), line=line)
        return False
    return True


def _holds_blocks(element: lxml_html.HtmlElement) -> bool:
    return any(inner.tag in _BLOCKS for inner in element.iterdescendants())


def _is_block(element: lxml_html.HtmlElement) -> bool:
    return element.tag in _BLOCKS or (element.tag not in _STRUCK and _holds_blocks(element))


def _line(element: lxml_html.HtmlElement) -> int | None:
    value = element.get("data-line", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _hints(element: lxml_html.HtmlElement, outer: Hints) -> Hints:
    if not element.keys():
        return outer
    size = element.get("data-size", "")
    return Hints(
        line=_line(element) or outer.line,
        role=element.get("data-role") or outer.role,
        centred=outer.centred or "data-centred" in element.attrib,
        bold=outer.bold or "data-bold" in element.attrib,
        size=float(size) if re.fullmatch(r"\d{1,4}(\.\d)?", size) else outer.size,
    )


def _may_be_linked(address: str) -> bool:
    try:
        return urlsplit(address).scheme.lower() in SCHEMES
    except ValueError:
        return False


def _spans(cell: lxml_html.HtmlElement) -> tuple[tuple[str, str], ...]:
    found = []
    for name in ("colspan", "rowspan"):
        value = cell.get(name, "")
        if value.isascii() and value.isdigit() and len(value) < 5 and 1 < int(value) <= _MOST_SPANS:
            found.append((name, str(int(value))))
    return tuple(found)


def _flattened(block: Block) -> Iterator[Run]:
    """A list in a table's cell, as lines."""
    for item in block.children:
        yield _BREAK
        yield from item.runs
        for child in item.children:
            yield from _flattened(child)


def _divided(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Web pages divide paragraphs by two breaks, or by one and an indent."""
    part: list[Run] = []
    broken = False
    for run in runs:
        if run == _BREAK:
            if broken:
                yield part
                part = []
            broken = True
            part.append(run)
            continue
        if broken and re.match("\\s*[\u3000\xa0]{2}", run.text):
            yield part
            part = []
        part.append(run)
        broken = broken and not run.text.strip(" \t\n")
    yield part


def _tidy(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Runs with the same look joined, cleaned and in NFC; white space collapsed over the whole paragraph and none
    at its ends, indents removed; between Chinese characters a line end of the source is no space."""
    lines: list[list[tuple[str, Run]]] = [[]]
    for run in runs:
        if run == _BREAK:
            lines.append([])
        else:
            look = replace(run, text="")
            lines[-1].extend((character, look) for character in clean(run.text))
    tidy: list[Run] = []
    for line in lines:
        found = list(_joined(_collapsed(line)))
        if found and tidy:
            tidy.append(_BREAK)
        tidy.extend(found)
    return tuple(tidy)


def _collapsed(line: list[tuple[str, Run]]) -> list[tuple[str, Run]]:
    start, end = 0, len(line)
    while start < end and line[start][0].isspace():
        start += 1
    while end > start and line[end - 1][0].isspace():
        end -= 1
    kept: list[tuple[str, Run]] = []
    for space, group in itertools.groupby(line[start:end], key=lambda pair: pair[0] in " \t\n"):
        pairs = list(group)
        if not space:
            kept.extend(pairs)
            continue
        kept.append(("\n" if any(character == "\n" for character, _ in pairs) else " ", pairs[0][1]))
    return [
        (" ", look) if character == "\n" else (character, look)
        for place, (character, look) in enumerate(kept)
        if not (character == "\n" and _CHINESE.match(kept[place - 1][0]) and _CHINESE.match(kept[place + 1][0]))
    ]


def _joined(line: list[tuple[str, Run]]) -> Iterator[Run]:
    for look, group in itertools.groupby(line, key=lambda pair: pair[1]):
        if text := clean("".join(character for character, _ in group)):
            yield replace(look, text=text)


def _levelled(block: Block, lowered: bool) -> Block:
    if block.tag in _HEADINGS:
        level = int(block.tag[1]) + lowered
        return replace(block, tag="h2" if level <= 2 else "h3")
    return block


def _element(block: Block) -> etree._Element:
    element = etree.Element(block.tag, dict(block.spans))
    if block.image is not None:
        etree.SubElement(element, "img", src=f"image:{block.image.digest}", alt=block.image.alt)
        if block.image.caption:
            etree.SubElement(element, "figcaption").text = block.image.caption
        return element
    _write(element, list(block.runs), ("a", *MARKS))
    if block.tag in ("td", "th") and not block.runs:
        element.text = ""  # written as <td></td>: HTML knows no <td/>
    parent = etree.SubElement(element, "tbody") if block.tag == "table" else element
    for child in block.children:
        parent.append(_element(child))
    return element


def _write(parent: etree._Element, runs: list[Run], marks: tuple[str, ...]) -> None:
    """Append runs to an element: neighbours that share a mark share its element."""
    if not marks:
        for run in runs:
            if run == _BREAK:
                etree.SubElement(parent, "br")
            elif len(parent):
                parent[-1].tail = (parent[-1].tail or "") + run.text
            else:
                parent.text = (parent.text or "") + run.text
        return
    mark, rest = marks[0], marks[1:]
    for value, group in itertools.groupby(runs, key=lambda run: run.href if mark == "a" else mark in run.marks):
        if value:
            _write(etree.SubElement(parent, mark, {"href": str(value)} if mark == "a" else {}), list(group), rest)
        else:
            _write(parent, list(group), rest)
