"""The page of an article.

Its core, two sections between marks, says what the revision says and is derived from nothing else: the head's
title, description and metadata, and the article itself. It is the channel's rendition. Around it stand the frame, and
in a third section the neighbours and related articles, which change with the catalogue and can be exchanged alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lxml import html as lxml_html
from markupsafe import Markup

from channels import byline, label
from channels.body import NOT_HTML, blocks, column_of, refuse_characters, text_and_notes
from channels.pictures import common, derivative, spread
from channels.website.frame import ICON, Frame
from pipeline.article import Article, Column, Image, Newsroom, Revision, note_meant, note_of
from pipeline.article.credit import Group
from pipeline.article.value import Frozen
from pipeline.channel import Asset

WIDTHS = (480, 960, 1440)
"""Pixels: a thumbnail or a small phone, the text's column on a plain screen, the same on a dense one."""
MOVING = 960
"""Pixels: the one size of a picture that moves."""
CELL = 10
"""Characters of a table's cell that stand in one line."""
DESCRIPTION = 120
"""Characters of a page's description."""
MADE_BY_MACHINE = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
"""schema.org's word for IPTC's (`label.MADE_BY_MACHINE`)."""

HEAD, ARTICLE, AROUND = ((f"<!--tongfa:{name}-->", f"<!--/tongfa:{name}-->") for name in ("head", "article", "around"))
"""The marks of the three sections. No text can hold them: it has no `<` of its own."""
COLUMN = ("<!--tongfa:column-->", "<!--/tongfa:column-->")
"""The marks of what a column's page says of the column itself."""


class Picture(Frozen):
    """A picture of an article in the sizes and formats that the site has of it."""

    href: str
    """Address of the folder its files stand in, with the trailing slash, as the site's own pages write it."""
    url: str
    """The same in full."""
    webp: tuple[Asset, ...]
    """Narrowest first."""
    fallback: tuple[Asset, ...]
    moving: Asset | None
    """What stands in the article in their place; lists show it standing still."""
    alt: str
    caption: str
    label: str = ""
    """What has to be said of it if a machine has made it."""
    source_type: str = ""
    """IPTC's name for what it was made by, if that is known."""

    @property
    def largest(self) -> Asset:
        return self.fallback[-1]

    @property
    def small(self) -> Asset:
        return self.fallback[0]

    def srcset(self, assets: Sequence[Asset]) -> str:
        return ", ".join(f"{self.href}{asset.name} {asset.width}w" for asset in assets)


def pictures_of(revision: Revision, frame: Frame) -> dict[str, Picture]:
    """The article's pictures by their digest, in its order."""
    folder = folder_of(revision, frame)
    spreads = [spread(image, frame.newsroom, revision.id) for image in revision.article.images]
    return {image.digest: _picture(image, folder, frame) for image in spreads}


def banner_of(revision: Revision, frame: Frame) -> Picture | None:
    """The banner above the article; None if its column has none."""
    banner = revision.article.banner
    if banner is None:
        return None
    return _picture(spread(banner, frame.newsroom, revision.id), folder_of(revision, frame), frame)


def column_banner(column: Column, frame: Frame) -> Picture | None:
    """The same above the column's own pages, whose folder has files of its own: they go with the column."""
    if column.banner is None:
        return None
    return _picture(spread(column.banner, frame.newsroom, f"column:{column.id}"), column.address, frame)


def _picture(image: Image, folder: str, frame: Frame) -> Picture:
    return Picture(
        href=frame.href(f"{folder}/"),
        url=frame.url(f"{folder}/"),
        webp=_sizes(image, "image/webp"),
        fallback=_sizes(image, common(image)),
        moving=derivative(image, MOVING, image.media_type) if image.animated else None,
        alt=image.alt,
        caption=image.caption,
        label=label.of_picture(image),
        source_type=label.source_type(image.aigc),
    )


def assets_of(shown: Revision | Column, newsroom: Newsroom) -> tuple[Asset, ...]:
    """Every file of the article's pictures, its banner's among them, or of the column's banner, each once."""
    if isinstance(shown, Revision):
        images, shown_by = shown.article.pictures, shown.id
    else:
        images, shown_by = (shown.banner,) if shown.banner else (), f"column:{shown.id}"
    assets: list[Asset] = []
    for image in (spread(image, newsroom, shown_by) for image in images):
        assets += [*_sizes(image, "image/webp"), *_sizes(image, common(image))]
        if image.animated:
            assets.append(derivative(image, MOVING, image.media_type))
    return tuple(dict.fromkeys(assets))


def folder_of(revision: Revision, frame: Frame) -> str:
    """Where the article's pictures stand: beside its page, so that they can go without touching another's."""
    return frame.newsroom.path(revision).removesuffix(".html")


def core(revision: Revision, frame: Frame) -> str:
    """What the page says of the revision: its two sections with their marks.

    Raises `Unpublishable` if the text cannot stand in HTML or names a picture or column that is not there.
    """
    refuse_characters(revision, NOT_HTML)
    article, newsroom = revision.article, frame.newsroom
    column = column_of(article, newsroom)
    pictures, banner = pictures_of(revision, frame), banner_of(revision, frame)
    # What is shared shows the article's own picture; the column's banner only where there is none.
    shared = tuple(pictures.values()) or ((banner,) if banner else ())
    values: dict[str, Any] = {
        "article": article,
        "revision": revision,
        "column": column,
        "headline": headline(article),
        "banner": banner,
        "shared": next(iter(shared), None),
        "description": article.abstract(DESCRIPTION),
    }
    head = frame.render(
        "article-head.html",
        data=_structured(revision, frame, column, shared),
        authors=[author.name for author in byline.authors(article, newsroom.name)],
        aigc=_json(label.metadata(article.aigc, revision, newsroom)) if article.aigc else "",
        **values,
    )
    written, notes = _written(article, pictures, frame)
    text = frame.render(
        "article.html",
        blocks=written,
        notes=notes,
        label=label.of_text(article),
        made=byline.printed(article, newsroom.house, Group.BYLINE, Group.PICTURES),
        passed=byline.printed(article, newsroom.house, Group.DESK, Group.REVIEW, Group.RELEASE),
        **values,
    )
    # A CR would come back from any parser as LF, or be written as a reference that HTML forbids.
    return "\n".join(_marked(section, text.replace("\r", "")) for section, text in ((HEAD, head), (ARTICLE, text)))


def page(revision: Revision, frame: Frame, core: str) -> bytes:
    """The whole page of a core; its third section is empty, until `with_around` fills it."""
    head, _, article = core.partition(f"\n{ARTICLE[0]}")
    return frame.document(
        "article-page.html",
        revision=revision,
        column=frame.column(revision.article),
        head=Markup(head),  # noqa: S704 - rendered by `core`
        content=Markup(ARTICLE[0] + article),  # noqa: S704 - rendered by `core`
        around=Markup(_marked(AROUND, "")),  # noqa: S704 - two comments
    )


def core_of(page: bytes) -> str:
    """The core that a public page carries; "" if it does not have each section exactly once."""
    text = page.decode("utf-8", "replace")
    sections = [_section(text, HEAD), _section(text, ARTICLE)]
    return "\n".join(text[section] for section in sections if section) if all(sections) else ""


def column_head(column: Column, frame: Frame) -> str:
    """What a column's page says of the column: banner, name, 编者按, and its last line once it is closed; marked."""
    text = frame.render("column-head.html", column=column, banner=column_banner(column, frame))
    return _marked(COLUMN, text.replace("\r", ""))


def tells_of(page: bytes, column: Column) -> bool:
    """Whether a public page is the column's, with its name for heading, its 编者按 and its closing line."""
    text = page.decode("utf-8", "replace")
    section = _section(text, COLUMN)
    if section is None or title_of(page) != " ".join(column.name.split()):
        return False
    shown = "".join(lxml_html.fragment_fromstring(text[section], create_parent=True).text_content().split())
    return all("".join(said.split()) in shown for said in (column.name, *column.note.splitlines(), column.closed))


def is_column_page(page: bytes) -> bool:
    """Whether it is a column's page, not a notice or another address in its place."""
    return _section(page.decode("utf-8", "replace"), COLUMN) is not None


def with_around(page: bytes, around: str) -> bytes:
    """The page with another third section; as it is if it has none."""
    text = page.decode("utf-8", "replace")
    section = _section(text, AROUND)
    if section is None:
        return page
    return (text[: section.start] + _marked(AROUND, around) + text[section.stop :]).encode()


def title_of(page: bytes) -> str:
    """The first-level heading of a public page: what a person recognises."""
    try:
        found = lxml_html.document_fromstring(page.decode("utf-8", "replace")).find(".//h1")
    except (lxml_html.etree.ParserError, ValueError):  # empty, or no page at all
        return ""
    return "" if found is None else " ".join(found.text_content().split())


def headline(article: Article) -> str:
    return " ".join(article.headline.split())


def _sizes(image: Image, media_type: str) -> tuple[Asset, ...]:
    still = image.model_copy(update={"animated": False})
    return tuple(dict.fromkeys(derivative(still, width, media_type) for width in WIDTHS))


def _marked(section: tuple[str, str], text: str) -> str:
    return f"{section[0]}\n{text.strip()}\n{section[1]}"


def _section(text: str, marks: tuple[str, str]) -> slice | None:
    """Where a section stands, marks included; None unless it is there once."""
    if text.count(marks[0]) != 1 or text.count(marks[1]) != 1:
        return None
    start, end = text.index(marks[0]), text.index(marks[1])
    return slice(start, end + len(marks[1])) if start < end else None


def _written(
    article: Article, pictures: dict[str, Picture], frame: Frame
) -> tuple[list[tuple[str, Markup]], list[Markup]]:
    """(element, HTML) of the text's blocks, with the pictures in place and headings that leave out no level; HTML of
    the notes. A mark leads to its note, and the note back to the first that points at it."""
    text, notes = text_and_notes(blocks(article))
    headings = [block for block in text if block.tag in ("h2", "h3")]
    if headings and headings[0].tag == "h3":
        for heading in headings:
            heading.tag = "h2"
    _join_notes(text, notes)
    shown = 0
    written = []
    for block in text:
        _widen_cells(block)
        places = []
        for image in block.iter("img"):
            picture = pictures[image.get("src", "").removeprefix("image:")]
            alt = _alternative(image, picture, article)
            for name in list(image.attrib):
                del image.attrib[name]
            image.set("src", f"picture:{shown}")
            # Text has no `<` of its own, so what stands for a picture here can stand for nothing else.
            values = {
                "picture": picture,
                "alt": alt,
                "first": shown == 0 and article.banner is None,
            }
            places.append((f'<img src="picture:{shown}">', frame.render("picture.html", **values).strip()))
            shown += 1
        html = _html(block)
        for place, picture_html in places:
            html = html.replace(place, picture_html)
        written.append((str(block.tag), Markup(html)))  # noqa: S704 - canonical HTML
    return written, [Markup(_html(note)) for note in notes]  # noqa: S704 - canonical HTML


def _widen_cells(block: lxml_html.HtmlElement) -> None:
    """Tell the cells that may go on in a second line: no others do, and these are wide enough to be read."""
    for cell in block.iter("td", "th"):
        if len("".join(cell.itertext()).strip()) > CELL:
            cell.set("class", "long")


def _alternative(image: lxml_html.HtmlElement, picture: Picture, article: Article) -> str:
    """What is read in the picture's place; nothing where the caption below it says the same."""
    own = image.get("alt") or picture.alt
    figure = next(image.iterancestors("figure"), None)
    caption = figure.find("figcaption") if figure is not None else None
    below = "".join(caption.itertext()) if caption is not None else ""
    if not own:
        return "" if below.strip() else f"“{headline(article)}”配图"
    return "" if " ".join(own.split()) == " ".join(below.split()) else own


def _html(block: lxml_html.HtmlElement) -> str:
    return str(lxml_html.tostring(block, encoding="unicode", with_tail=False))


def _join_notes(text: Sequence[lxml_html.HtmlElement], notes: Sequence[lxml_html.HtmlElement]) -> None:
    """Give the marks of notes addresses, and make each note's own number the way back."""
    numbered = {note_of(note): note for note in notes}
    for mark in (link for block in (*text, *notes) for link in block.iter("a")):
        if not (number := note_meant(mark)):
            continue
        mark.set("role", "doc-noteref")
        note = numbered.pop(number, None)  # only the first mark is led back to
        if note is None:
            continue
        mark.set("id", f"mark-{number}")
        before, bracket, behind = (note.text or "").partition("]")
        if bracket and before.strip():
            back = lxml_html.Element("a", {"href": f"#mark-{number}", "role": "doc-backlink"})
            back.text, back.tail, note.text = before.lstrip() + bracket, behind, None
            note.insert(0, back)


def _structured(revision: Revision, frame: Frame, column: Column, pictures: Sequence[Picture]) -> Markup:
    """The article as schema.org's `NewsArticle`, in JSON that can stand in a script element."""
    article, newsroom, site = revision.article, frame.newsroom, frame.newsroom.site
    publisher = {
        "@type": "NewsMediaOrganization",
        "name": newsroom.name,
        "url": frame.url(""),
        "logo": {"@type": "ImageObject", "url": frame.url(ICON)},
    }
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": headline(article),
        "description": article.abstract(DESCRIPTION),
        "url": newsroom.permalink(revision),
        "mainEntityOfPage": newsroom.permalink(revision),
        "datePublished": frame.iso(revision.published_at),
        "dateModified": frame.iso(revision.updated_at),
        "author": [
            {"@type": "Person" if author.is_person else "Organization", "name": author.name}
            for author in byline.authors(article, newsroom.name)
        ],
        "publisher": publisher,
        "articleSection": column.name,
        "inLanguage": newsroom.language,
        "isAccessibleForFree": True,
    }
    if article.subhead:
        data["alternativeHeadline"] = article.subhead
    if article.keywords:
        data["keywords"] = list(article.keywords)
    if pictures:
        data["image"] = [
            {"@type": "ImageObject", "url": picture.url + picture.largest.name, "width": picture.largest.width,
             "height": picture.largest.height, **({"caption": picture.caption} if picture.caption else {}),
             **({"digitalSourceType": MADE_BY_MACHINE} if picture.source_type else {})}
            for picture in pictures
        ]  # fmt: skip
    series = {"@type": "CreativeWorkSeries", "name": article.series} if article.series else None
    data["isPartOf"] = series or {"@type": "WebSite", "name": site.name, "url": frame.url("")}
    if label.source_type(article.aigc):
        data["digitalSourceType"] = MADE_BY_MACHINE
    if article.number:
        data["position"] = article.number
    if revision.corrected_at:
        correction = {"@type": "CorrectionComment", "datePublished": frame.iso(revision.corrected_at)}
        data["correction"] = {**correction, **({"text": revision.note} if revision.note else {})}
    text = _json(data)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - nothing in it ends a script element


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))
