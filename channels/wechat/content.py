"""A revision as an article of WeChat: title, author, digest, and HTML with inline styles only.

    rendition = render(revision, newsroom, look)
    fields_of(rendition)["title"]

The words stand in `templates/wechat/article.html`, the look in `article.css`, which is inlined: WeChat drops style
sheets, classes and ids. Rules of length: 新建草稿 (developers.weixin.qq.com/doc/subscription/api/draftbox/
draftmanage/api_draft_add.html). Nothing is ever cut but the digest, which is an abstract, after a sentence.

The rendition is the page an editor previews. Between two marks stands the content as it will be sent, with placeholders
for what only an upload can tell, the pictures' addresses, and a mark where the articles before and after it in its
series are named (`series`). The other fields stand in its head, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import css_inline
from lxml import html as lxml_html
from markupsafe import Markup

from channels import byline, label
from channels.body import NOT_HTML, blocks, column_of, refuse_characters, text_and_notes
from channels.pictures import common, derivative, spread
from channels.templating import templates
from pipeline.article import Article, Deed, Image, Newsroom, Revision, note_meant, note_of
from pipeline.article.credit import Credit, Group
from pipeline.channel import Asset, Problem, Rendition, Text, Unpublishable

TITLE, AUTHOR, DIGEST = 32, 16, 120
"""Characters."""
CONTENT, CONTENT_BYTES = 20_000, 2**20
"""Characters and bytes that the content has to stay under, tags counted."""
SOURCE_URL = 1024
"""Bytes of the address behind 阅读原文."""
ADDRESS = 180
"""Characters that a picture's address at WeChat is reckoned with; those seen have about 140."""

WIDTH, COVER_WIDTH = 1080, 1440
"""Pixels: a phone's screen, and the cover in the list of a large one."""
SMALL = 480
"""Pixels below which a picture is not stretched over the text's width."""
DEFAULT_COVER = "default"
"""Stands for the account's own cover in an article without pictures."""

START, END = "<!--tongfa:content-->", "<!--/tongfa:content-->"
"""The marks of the content. No text can hold them: it has no `<` of its own."""

SERIES = "<!--tongfa:series-->"
"""Where the lines of `series` are filled in; only in an article that has a number in its series."""
ROOM = 1500
"""Characters kept for those lines."""

_MARKER = re.compile(
    r"#tongfa-(?P<name>a\d+-[0-9a-f]{8})-(?P<revision>\d+)-(?P<digest>[0-9a-f]{12})"
    r"(?:-s(?P<filled>[0-9a-f]{8}))?(?:-t(?P<together>[0-9a-f]{8}))?$"
)
_CUT = "\ufdd0"
"""A noncharacter, which no text of ours holds."""
_OWN = re.compile(r"(?:[a-z0-9-]+\.)*weixin\.qq\.com", re.IGNORECASE)
_INVISIBLE = re.compile("[\\s\u00a0\u200b-\u200f\u2028-\u202e\u2060\u3000\ufe0e\ufe0f\ufeff]+")


class Theme(NamedTuple):
    """The colours of an account, as `#rrggbb`."""

    accent: str
    """Banner, headings, marks."""
    on_accent: str
    """Small text on it; large text is white."""
    tint: str
    """Ground of boxes."""
    ink: str
    """Text on that ground."""


THEMES: Mapping[str, Theme] = MappingProxyType(
    {
        "red": Theme("#b3261e", "#ffe3df", "#fcf3f1", "#5c413d"),
        "green": Theme("#2c6e49", "#dcf2e4", "#f0f7f2", "#35503f"),
        "blue": Theme("#1f5fa6", "#deecfb", "#eff5fb", "#34495f"),
        "amber": Theme("#8f5a0a", "#fdeccd", "#fbf6ec", "#584622"),
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """What of an account's options shows in its articles."""

    account: str
    """The account's name."""
    theme: Theme = THEMES["red"]
    comments: bool = False
    cover: tuple[int, int] = (1410, 600)
    """Width and height of the account's own cover."""


class Marker(NamedTuple):
    """The end of an article's 阅读原文 address, by which its drafts and posts are recognised again."""

    name: str
    """The article's own on every account and in every newsroom."""
    revision: int
    digest: str
    """Of the fields, shortened."""
    filled: str = ""
    """Digest of what was filled in at `SERIES`, shortened; "" for nothing."""
    together: str = ""
    """Names the articles that it was put into one draft with (`posting.together`); "" for one that is alone."""

    @classmethod
    def of(cls, address: str) -> Marker | None:
        """The marker in an address; None if it has none: not an article of ours."""
        if (found := _MARKER.search(unescape(address))) is None:
            return None
        more = (found["filled"] or "", found["together"] or "")
        return cls(found["name"], int(found["revision"]), found["digest"], *more)

    def __str__(self) -> str:
        more = (f"-s{self.filled}" if self.filled else "") + (f"-t{self.together}" if self.together else "")
        return f"#tongfa-{self.name}-{self.revision}-{self.digest}{more}"


def name_of(revision: Revision, newsroom: Newsroom) -> str:
    """The article's name in markers: its id, and a digest of its GUID, for two newsrooms may share an account."""
    return f"{revision.id}-{hashlib.sha256(newsroom.guid(revision.id).encode()).hexdigest()[:8]}"


def render(revision: Revision, newsroom: Newsroom, look: Look) -> Rendition:
    """The article. Raises `Unpublishable` by the field that is over a limit or cannot be shown."""
    refuse_characters(revision, NOT_HTML)
    article = revision.article
    spreads = [spread(image, newsroom, revision.id) for image in article.pictures]
    assets = {image.digest: _picture(image) for image in spreads}
    title = _title(article)
    content = _content(revision, newsroom, look, title)
    cover, size = _cover(article, spreads, look)
    fields: dict[str, Any] = {
        "article_type": "news",
        "title": title,
        "author": _author(article, newsroom, look),
        "digest": article.abstract(DIGEST),
        "content_source_url": "",
        "thumb_media_id": cover.name if cover else DEFAULT_COVER,
        "need_open_comment": int(look.comments),
        "only_fans_can_comment": 0,
        "pic_crop_235_1": crop(*size, 2.35),
        "pic_crop_1_1": crop(*size, 1.0),
    }
    digest = hashlib.sha256(json.dumps([fields, content], ensure_ascii=False).encode()).hexdigest()[:12]
    fields["content_source_url"] = newsroom.permalink(revision) + str(
        Marker(name_of(revision, newsroom), revision.number, digest)
    )
    _limits(fields, content)
    data = json.dumps(fields, ensure_ascii=False, indent=1)
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    body = (
        templates("wechat")
        .get_template("preview.html")
        .render(
            fields=fields,
            data=Markup(data),  # noqa: S704 - nothing in it ends a script element
            content=Markup(f"{START}{content}{END}"),  # noqa: S704 - written by `_content`
            account=look.account,
            cover=fields["thumb_media_id"],
        )
    )
    pictures = list(dict.fromkeys([*assets.values(), *([cover] if cover else [])]))
    return Rendition.of("text/html", body, pictures)


def fields_of(rendition: Rendition) -> dict[str, Any]:
    """The article's fields, content included, with the placeholders in it and in `thumb_media_id`."""
    head, _, rest = rendition.body.partition(START)
    data = head.partition('<script type="application/json" id="draft">')[2].partition("</script>")[0]
    fields: dict[str, Any] = json.loads(data)
    return {**fields, "content": rest.partition(END)[0]}


def marker_of(rendition: Rendition) -> Marker:
    marker = Marker.of(fields_of(rendition)["content_source_url"])
    if marker is None:
        raise ValueError("a rendition of another kind")
    return marker


def shown_in(article: Article, rendition: Rendition) -> dict[str, Asset]:
    """The pictures that a rendition's content shows, by the placeholders of their addresses."""
    content, assets = fields_of(rendition)["content"], {asset.name: asset for asset in rendition.assets}
    pictures = {placeholder(image): assets[_picture(image).name] for image in article.pictures}
    return {place: asset for place, asset in pictures.items() if f'"{place}"' in content}


def placeholder(image: Image) -> str:
    """What stands for a picture's address until it is uploaded; a preview writes its file by this name."""
    return f"{image.digest[:16]}{mimetypes.guess_extension(image.media_type) or ''}"


def with_addresses(content: str, addresses: Mapping[str, str]) -> str:
    """The content with these addresses in the places of their placeholders."""
    for place, address in addresses.items():
        content = content.replace(f'src="{place}"', f'src="{escape(address)}"')  # data-src as well
    return content


def finished(rendition: Rendition, marker: Marker, addresses: Mapping[str, str], lines: str) -> dict[str, Any]:
    """The article's fields as they are sent: with the pictures' addresses, the `lines` of its series, and a marker that
    says so. Raises `Unpublishable` if the content has become too long."""
    fields = fields_of(rendition)
    content = with_addresses(fields["content"].replace(SERIES, lines), addresses)
    if wrong := too_long(content):
        raise wrong
    address = fields["content_source_url"].partition("#")[0]
    return {**fields, "content": content, "content_source_url": f"{address}{marker}"}


def too_long(content: str) -> Unpublishable | None:
    """What is wrong with the length of a finished content."""
    if len(content) >= CONTENT:
        return Unpublishable.over("body", CONTENT - 1, len(content))
    if (size := len(content.encode())) >= CONTENT_BYTES:
        message = Text.of("the text has {size} bytes, WeChat takes {limit}", size=size, limit=CONTENT_BYTES - 1)
        return Unpublishable(Problem(field="body", message=message, remedy=Text.of("shorten body")))
    return None


def said(content: str) -> tuple[str, int]:
    """What a content says, without white space, and how many pictures it shows: what WeChat leaves as it is."""
    if not content.strip():
        return "", 0
    tree = lxml_html.fragment_fromstring(content, create_parent="div")
    return _INVISIBLE.sub("", tree.text_content()), sum(1 for _ in tree.iter("img"))


def shows(content: str, wanted: str, filled: str) -> bool:
    """Whether a content says what that of a rendition does, and at `SERIES` something with the digest `filled`."""
    (text, pictures), (words, images) = said(content), said(wanted.replace(SERIES, _CUT))
    before, _, after = words.partition(_CUT)
    between = text[len(before) : len(text) - len(after)]
    return (text, pictures) == (before + between + after, images) and digest_of(between) == filled


def digest_of(words: str) -> str:
    """Eight characters that stand for these words in a marker; "" for none."""
    return hashlib.sha256(words.encode()).hexdigest()[:8] if words else ""


def crop(width: int, height: int, ratio: float) -> str:
    """The largest part of a cover with this ratio, as `X1_Y1_X2_Y2`, each 0 … 1: the middle, rather its upper half."""
    across, down = min(1.0, height * ratio / width), min(1.0, width / ratio / height)
    left, top = (1 - across) / 2, (1 - down) * 0.4
    return "_".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in (left, top, left + across, top + down))


def _limits(fields: Mapping[str, Any], content: str) -> None:
    reckoned = with_addresses(
        content.replace(SERIES, "x" * ROOM),
        {name: name.ljust(ADDRESS, "x") for name in re.findall(r'data-src="([^"]*)"', content)},
    )
    if wrong := too_long(reckoned):
        raise wrong
    if (size := len(fields["content_source_url"].encode())) > SOURCE_URL:
        message = Text.of("the article's address has {size} bytes, WeChat takes {limit}", size=size, limit=SOURCE_URL)
        raise Unpublishable(Problem(field="site", message=message, remedy=Text.of("shorten [site] url")))


def _title(article: Article) -> str:
    """The headline if it fits, else the 短标题."""
    headline, short = " ".join(article.headline.split()), " ".join(article.short_headline.split())
    if len(headline) <= TITLE:
        return headline
    if not short:
        wrong = Unpublishable.over("headline", TITLE, len(headline))
        remedy = Text.of(
            "shorten headline by {over} characters, or give a short headline (短标题)", over=len(headline) - TITLE
        )
        raise Unpublishable(wrong.problem.model_copy(update={"remedy": remedy}))
    if len(short) > TITLE:
        raise Unpublishable.over("short_headline", TITLE, len(short))
    return short


def _author(article: Article, newsroom: Newsroom, look: Look) -> str:
    """All reporters if they fit; else the first that do, with 等 for the others. Without reporters the authors; without
    those the correspondents, called what they are; else the source; else the account.

    The credits at the end of the article always name everybody.
    """
    written = byline.credits_of(article, Group.BYLINE)
    by_duty = [[credit for credit in written if credit.duty is duty] for duty in byline.WRITERS]
    first = next((credits for credits in by_duty if credits), [])
    for candidate in (*_fitting(first), article.source, look.account, newsroom.short_name):
        if 0 < len(candidate) <= AUTHOR:
            return candidate
    return ""


def _fitting(credits: Sequence[Credit]) -> Iterator[str]:
    """Those who had a duty, all of them, then ever fewer."""
    words = templates("wechat").get_template("author.txt")
    names = list(dict.fromkeys(name for credit in credits for name in credit.everybody))
    for count in range(len(names), 0, -1):
        yield words.render(
            names=names[:count], more=count < len(names), role=credits[0].role, duty=credits[0].duty
        ).strip()


def _picture(image: Image) -> Asset:
    """WeChat takes JPEG and PNG in a content, photographs are JPEG; and it shows the GIFs of the account's library."""
    moves = image.animated and image.media_type == "image/gif"
    return derivative(image, WIDTH, image.media_type if moves else common(image))


def _cover(article: Article, pictures: Sequence[Image], look: Look) -> tuple[Asset | None, tuple[int, int]]:
    """The article's first picture, or its column's banner, or the account's own (None), and its size."""
    own = next((image.digest for image in article.images), "")
    first = next((image for image in pictures if image.digest == own), next(iter(pictures), None))
    if first is None:
        return None, look.cover
    asset = derivative(first, COVER_WIDTH, "image/jpeg")
    return asset, (asset.width, asset.height)


# -- HTML ----------------------------------------------------------------------------------------------


def _content(revision: Revision, newsroom: Newsroom, look: Look, title: str) -> str:
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
        banner=Markup(_string(_image(article.banner, look.account))) if article.banner else "",  # noqa: S704
        opens=article.announces is not None and article.announces.deed is Deed.OPEN and not article.editors_note,
        series=Markup(SERIES),  # noqa: S704 - a mark
    )
    return styled(page, look)


def styled(page: str, look: Look) -> str:
    """A fragment with one element at its top, its classes turned into styles."""
    sheet = templates("wechat").get_template("article.css").render(theme=look.theme)
    # A CR would come back from any parser as LF, or be written as a reference.
    inlined = css_inline.inline_fragment(page.replace("\r", "").strip(), sheet)
    tree = lxml_html.fragment_fromstring(inlined)
    for element in tree.iter():
        if not isinstance(element.tag, str):  # a mark
            element.tail = (element.tail or "").strip() or None
            continue
        element.attrib.pop("class", None)
        if "style" in element.attrib:
            element.set("style", _compact(element.get("style", "")))
        if element.tag in ("section", "table", "tbody", "tr"):
            for inside in element:
                inside.tail = (inside.tail or "").strip() or None
            element.text = (element.text or "").strip() or None
    return _string(tree)


def _string(element: lxml_html.HtmlElement) -> str:
    return str(lxml_html.tostring(element, encoding="unicode", with_tail=False))


def _image(image: Image, otherwise: str = "") -> lxml_html.HtmlElement:
    """A picture with the placeholder of its address."""
    asset = _picture(image)
    picture = _element("img", "wide" if asset.width >= SMALL else "small")
    picture.set("src", placeholder(image))
    picture.set("data-src", placeholder(image))
    picture.set("data-w", str(asset.width))
    picture.set("data-ratio", f"{asset.height / asset.width:.4f}")
    picture.set("alt", image.alt or image.caption or otherwise)
    return picture


def _compact(style: str) -> str:
    """A style without the white space that counts against the limit."""
    return ";".join(re.sub(r":\s+", ":", part.strip()) for part in style.split(";") if part.strip())


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
        written = [[_string(element) for block in part for element in self._block(block)] for part in (text, notes)]
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
            line = _element("p", "inner" if depth else "item")
            mark = _element("span", "bullet")
            mark.text = f"{number}." if of.tag == "ol" else "–" if depth else "•"
            line.append(mark)
            _write(line, self._runs(item))
            yield line
            for inner in item.iterchildren("ul", "ol"):
                yield from self._items(inner, depth + 1)

    def _table(self, source: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
        table, body = _element("table", "table"), _element("tbody")
        table.append(body)
        for row in source.iter("tr"):
            line = _element("tr")
            body.append(line)
            for cell in row.iterchildren("td", "th"):
                written = self._line(cell.tag, cell, cell.tag)
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
