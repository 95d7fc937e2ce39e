"""The text of an article as HTML that WeChat keeps, with placeholders for what is known only when it is sent."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from lxml import html as lxml_html
from markupsafe import Markup

from channels import byline, label
from channels.body import blocks, column_of, text_and_notes
from channels.pictures import common, derivative
from channels.templating import templates
from channels.wechat.content.look import Look, serialised, styled
from pipeline.article import Article, Deed, Image, Newsroom, Revision, note_meant, note_of
from pipeline.article.credit import Group
from pipeline.channel import Asset

WIDTH = 1080
"""Pixels: a phone's screen."""
SMALL = 480
"""Pixels below which a picture is not stretched over the text's width."""

FEW = 4
"""Columns that stand beside each other on a phone; a table of more is as wide as it needs, and is moved sideways."""
LEVELS = (("item", "•"), ("inner", "–"), ("inmost", "·"))
"""Looks and marks of a list's items, of those of a list in it, and of whatever is deeper."""
BRIEF = 12
"""Characters of a cell that is read in a narrow column."""

SERIES = "<!--tongfa:series-->"
"""Where the lines of `series` are filled in; only in an article that has a number in its series."""
ROOM = 1500
"""Characters kept for those lines."""
_OWN = re.compile(r"(?:[a-z0-9-]+\.)*weixin\.qq\.com", re.IGNORECASE)


def placeholder(image: Image) -> str:
    """What stands for a picture's address until it is uploaded; a preview writes its file by this name."""
    return f"{image.digest[:16]}{mimetypes.guess_extension(image.media_type) or ''}"


def asset_of(image: Image) -> Asset:
    """WeChat takes JPEG and PNG in a content, photographs are JPEG; and it shows the GIFs of the account's library."""
    moves = image.animated and image.media_type == "image/gif"
    return derivative(image, WIDTH, image.media_type if moves else common(image))


def html_of(revision: Revision, newsroom: Newsroom, look: Look, title: str) -> str:
    """The whole content, its styles in its elements."""
    article, words = revision.article, templates("wechat")
    body = _Body(article)
    written, notes = body.written()
    page = words.get_template("article.html").render(
        article=article,
        revision=revision,
        newsroom=newsroom,
        account=look.account,
        column=column_of(article, newsroom),
        title=title,
        headline=" ".join(article.headline.split()),
        corrected=(
            f"{revision.corrected_at.astimezone(newsroom.zone):%Y-%m-%d %H:%M}" if revision.corrected_at else ""
        ),
        blocks=written,
        notes=notes,
        links=body.numbered,
        label=label.of_text(article),
        banner_label=label.of_picture(article.banner) if article.banner else "",
        credits=byline.lines(article, newsroom.house, *Group),
        banner=Markup(serialised(_image(article.banner, look.account))) if article.banner else "",  # noqa: S704
        opens=article.announces is not None and article.announces.deed is Deed.OPEN and not article.editors_note,
        series=Markup(SERIES),  # noqa: S704 - a mark
    )
    return styled(page, look)


def _image(image: Image, otherwise: str = "") -> lxml_html.HtmlElement:
    """A picture with the placeholder of its address."""
    asset = asset_of(image)
    picture = _element("img", "wide" if asset.width >= SMALL else "small")
    picture.set("src", placeholder(image))
    picture.set("data-src", placeholder(image))
    picture.set("data-w", str(asset.width))
    picture.set("data-ratio", f"{asset.height / asset.width:.4f}")
    picture.set("alt", image.alt or image.caption or otherwise)
    return picture


@dataclass(slots=True)
class _Body:
    """The article's blocks in WeChat's elements, with classes that the style sheet names; gathers the links."""

    article: Article
    links: list[str] = field(default_factory=list)
    """Addresses of the footnotes that stand for links, in order."""
    last_note: int = 0
    """The highest number of the article's own notes, after which the links are numbered."""

    def written(self) -> tuple[list[Markup], list[Markup]]:
        """The text's elements and the notes'."""
        text, notes = text_and_notes(blocks(self.article))
        self.last_note = max(map(note_of, notes), default=0)
        written = [[serialised(element) for block in part for element in self._block(block)] for part in (text, notes)]
        shown, below = ([Markup(one) for one in part] for part in written)  # noqa: S704 - serialised here
        return shown, below

    @property
    def numbered(self) -> list[tuple[int, str]]:
        """The links' footnotes: (number, address)."""
        return list(enumerate(self.links, self.last_note + 1))

    def _block(self, block: lxml_html.HtmlElement) -> Iterator[lxml_html.HtmlElement]:
        match block.tag:
            case "p":
                yield self._line("p", block)
            case "h2" | "h3":
                yield self._line("p", block, block.tag)
            case "ul" | "ol":
                section = _element("section", "list")
                section.extend(self._items(block, 0))
                yield section
            case "table":
                scroll = _element("section", "scroll")
                scroll.append(self._table(block))
                yield scroll
            case "blockquote":
                quote = _element("blockquote", "quote")
                for number, inside in enumerate(block.iter("p", "li", "h2", "h3") if len(block) else [block]):
                    quote.append(self._line("p", inside, "next" if number else ""))
                yield quote
            case "figure":
                yield from self._figure(block)
            case _:
                yield self._line("p", block)

    def _line(self, tag: str, source: lxml_html.HtmlElement, name: str = "") -> lxml_html.HtmlElement:
        line = _element(tag, name)
        _write(line, self._runs(source))
        return line

    def _items(self, of: lxml_html.HtmlElement, depth: int) -> Iterator[lxml_html.HtmlElement]:
        """A list as lines with a mark of our own: WeChat loses native marks, and lists in lists."""
        for number, item in enumerate(of.iterchildren("li"), 1):
            name, bullet = LEVELS[min(depth, len(LEVELS) - 1)]
            line = _element("p", name)
            mark = _element("span", "bullet")
            mark.text = f"{number}." if of.tag == "ol" else bullet
            line.append(mark)
            _write(line, self._runs(item))
            yield line
            for inner in item.iterchildren("ul", "ol"):
                yield from self._items(inner, depth + 1)

    def _table(self, source: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
        columns = max((len(row) for row in source.iter("tr")), default=0)
        table, body = _element("table", "table many" if columns > FEW else "table"), _element("tbody")
        table.append(body)
        for row in source.iter("tr"):
            line = _element("tr")
            body.append(line)
            for cell in row.iterchildren("td", "th"):
                told = " told" if len(cell.text_content()) > BRIEF else ""
                written = self._line(cell.tag, cell, f"{cell.tag}{told}")
                for span in ("colspan", "rowspan"):
                    if span in cell.attrib:
                        written.set(span, cell.get(span, ""))
                line.append(written)
        return table

    def _figure(self, figure: lxml_html.HtmlElement) -> Iterator[lxml_html.HtmlElement]:
        for shown in figure.iter("img"):
            section, picture = (
                _element("section", "picture"),
                _image(self.article.image(shown.get("src", "").removeprefix("image:"))),
            )
            if shown.get("alt"):
                picture.set("alt", shown.get("alt", ""))
            section.append(picture)
            for caption in figure.iterchildren("figcaption"):
                if "".join(caption.itertext()).strip():
                    section.append(self._line("p", caption, "caption"))
            yield section

    def _runs(self, source: lxml_html.HtmlElement) -> list[_Run]:
        return list(self._walk(source, frozenset(), ""))

    def _walk(self, element: lxml_html.HtmlElement, marks: frozenset[str], href: str) -> Iterator[_Run]:
        """The text of an element, flat: however marks stand in each other, each run becomes one element."""
        if element.text:
            yield _Run(element.text, marks, href)
        for inside in element:
            if inside.tag == "br":
                yield _Run("\n", marks, "")
            elif note_meant(inside):
                yield _Run(inside.text_content(), frozenset({"ref"}), "")
            elif inside.tag == "a":
                yield from self._link(inside, marks)
            elif inside.tag in ("strong", "em", "sub", "sup"):
                yield from self._walk(inside, marks | {inside.tag}, href)
            elif isinstance(inside.tag, str) and inside.tag not in ("ul", "ol", "img"):
                yield from self._walk(inside, marks, href)
            if inside.tail:
                yield _Run(inside.tail, marks, href)

    def _link(self, link: lxml_html.HtmlElement, marks: frozenset[str]) -> Iterator[_Run]:
        """A link within WeChat stays one; of another the text stays, with a footnote unless it is the address."""
        address = link.get("href", "").strip()
        try:
            parts = urlsplit(address)
            host = parts.hostname or ""
        except ValueError:
            parts, host = urlsplit(""), ""
        if parts.scheme in ("http", "https") and _OWN.fullmatch(host):
            yield from self._walk(link, marks, address)
            return
        yield from self._walk(link, marks, "")
        shown = link.text_content().strip()
        if parts.scheme in ("http", "https") and shown.rstrip("/") not in (
            address.rstrip("/"),
            address.partition("://")[2].rstrip("/"),
        ):
            if address not in self.links:
                self.links.append(address)
            number = self.last_note + self.links.index(address) + 1
            yield _Run(f"[{number}]", frozenset({"ref"}), "")


class _Run(NamedTuple):
    """A piece of text with one look; a line end is a run of its own."""

    text: str
    marks: frozenset[str]
    href: str


def _write(parent: lxml_html.HtmlElement, runs: Sequence[_Run]) -> None:
    """Append runs to a line, each in at most one element for its marks and one for its link."""
    for run in runs:
        if run.text == "\n":
            parent.append(_element("br"))
            continue
        inner = parent
        if run.href:
            inner = _element("a", "link")
            inner.set("href", run.href)
            parent.append(inner)
        if run.marks:
            marked = _element(next(tag for tag in ("ref", "sup", "sub", "strong", "em") if tag in run.marks))
            if marked.tag == "ref":
                marked.tag = "sup"
                marked.set("class", "ref")
            elif also := run.marks & {"strong", "em"} - {marked.tag}:
                marked.set("class", " ".join(sorted(also)))
            marked.text = run.text
            inner.append(marked)
        elif inner is not parent:
            inner.text = run.text
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + run.text
        else:
            parent.text = (parent.text or "") + run.text


def _element(tag: str, name: str = "") -> lxml_html.HtmlElement:
    return lxml_html.Element(tag, {"class": name} if name else {})
