"""The documents of the app's API and how an article becomes one.

An article's document is an envelope around ninjs: what only the app knows (revision, digest, column, notices, the
pictures' files) stands in the envelope, for ninjs refuses names that are not its own. A withdrawn article keeps its
document: `pubStatus` says canceled, and nothing of its content is left.

Addresses between documents are relative to the document they stand in (RFC 3986), so the tree can be moved; inside
ninjs they are absolute. `?v=` names the version: a cache can never give an older one for it.

An article's document names its column by the id alone, for a column's name may change: who shows it takes it from
`newsroom.json`. So a renaming rewrites no article and makes none differ from what it was released as.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urljoin

from lxml import html as lxml_html
from pydantic import AwareDatetime, Field

from channels import byline, label
from channels.app.ninjs import (
    AltId,
    Association,
    Body,
    Genre,
    InfoSource,
    Ninjs,
    Organisation,
    Part,
    PubStatus,
    Standard,
    Subject,
    Words,
)
from channels.app.ninjs import Rendition as File
from channels.body import NOT_HTML, blocks, column_of, refuse_characters
from channels.pictures import common, derivative, moving, spread
from pipeline.article import Article, Column, Deed, Image, Newsroom, Revision, note_meant
from pipeline.article.credit import Aigc, Certainty, Duty, Group
from pipeline.channel import Asset, Entry

WIDTHS = {"thumbnail": 480, "large": 1200}
"""Pixels, by the rendition's name: a list's row and the article, both on a dense screen."""
SUMMARY = 120
"""Characters of a summary."""
NEWEST = "latest.json"
"""The list of all columns together."""
VERSION = 16
"""Hexadecimal digits of a digest that tell versions apart."""
NUMBERS = 20
"""Numbers of a series on a page."""

Id = Annotated[str, Field(pattern=r"^a[0-9]+$")]
ColumnId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Href = Annotated[str, Field(min_length=1)]
"""Relative to the document it stands in."""
Cursor = Annotated[str, Field(pattern=r"^[0-9]+-[0-9a-f]+$")]
"""A place in the sequence of changes: opaque to clients, who only compare and keep it."""


class PictureFile(Part):
    """A file of a picture; pixels."""

    name: Literal["thumbnail", "large"]
    href: Href
    content_type: str
    width: int
    height: int


class Label(Part):
    """That a machine has made it, or may have: to be shown wherever it is."""

    label: Certainty
    """`Label` of GB 45438-2025: 1 it has, 2 it may have, 3 it is suspected."""
    text: str
    """The words to be shown."""


class Picture(Part):
    """A picture of the article, in several sizes."""

    alt: str
    caption: str
    aigc: Label | None = None
    """Where the body shows the picture, its caption says so already."""
    renditions: tuple[PictureFile, ...]


class Notice(Part):
    """What readers have to be told: that the article was corrected, or withdrawn, and why."""

    kind: Literal["corrected", "withdrawn"]
    at: AwareDatetime
    text: str


class CreditLine(Part):
    """Who had a role, as it is printed; ninjs has the same people by what they did (`infoSources`)."""

    role: str
    duty: Duty
    group: Group
    """What is printed together, in this order: byline, pictures, desk, review, release."""
    names: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()


class Series(Part):
    """The article's place in a series."""

    name: str
    """As it is printed, number and all."""
    number: int | None = None
    href: Href | None = None
    """The page of the series that has its number (`SeriesPage`)."""


class Announces(Part):
    """What the record makes of its column."""

    deed: Deed
    column: ColumnId
    name: str
    """What the column is called from here on."""


class Envelope(Part):
    """An article as the app gets it."""

    id: Id
    revision: int
    digest: Digest
    """SHA-256 of the envelope without it: equal exactly when the content is equal."""
    columns: tuple[ColumnId, ...]
    url: str
    """The article's page on the website."""
    notice: Notice | None = None
    series: Series | None = None
    announces: Announces | None = None
    """Only in a record that opens, renames or closes its column."""
    banner: Picture | None = None
    """The column's banner, to stand above the article; not among `images`."""
    aigc: Label | None = None
    """To be shown at the beginning of the text."""
    credits: tuple[CreditLine, ...] | None = None
    """In the order in which they are printed."""
    images: tuple[Picture, ...] = ()
    article: Ninjs

    @property
    def pub_status(self) -> PubStatus:
        return self.article.pub_status or "usable"

    @property
    def changed(self) -> datetime:
        """When this version came about."""
        if self.article.version_created is None:
            raise ValueError(f"{self.id} has no date")
        return self.article.version_created

    @property
    def whole(self) -> bool:
        """Whether the digest is the content's: nobody has touched it."""
        return self.digest == _digest(self)

    @property
    def version(self) -> str:
        return self.digest[:VERSION]


class Item(Part):
    """An article in a list."""

    id: Id
    ordinal: int
    """Permanent and rising with each publication: what lists are sorted by."""
    revision: int
    columns: tuple[ColumnId, ...]
    headline: str
    summary: str
    source: str
    published: AwareDatetime
    corrected: AwareDatetime | None = None
    series: Series | None = None
    announces: Announces | None = None
    image: Picture | None = None
    href: Href


class Listing(Part):
    """A list, or an older page of it: newest first. `next` is the page of the articles before these."""

    items: tuple[Item, ...]
    next: Href | None = None


class Change(Part):
    """One change: this version of this article stands from here on."""

    cursor: Cursor
    """Where a client is that has applied this change and all before it."""
    id: Id
    revision: int
    pub_status: PubStatus
    columns: tuple[ColumnId, ...]
    at: AwareDatetime
    href: Href


class Changes(Part):
    """The newest changes, or an older page of them: oldest first. `previous` is the page before these."""

    cursor: Cursor
    """After the last change of this document."""
    after: Cursor
    """Before its first."""
    changes: tuple[Change, ...]
    previous: Href | None = None


class SeriesRow(Part):
    """A number of a series: the article that has it, or what there is to say of one that was withdrawn."""

    number: int
    id: Id
    pub_status: PubStatus
    series: str | None = None
    """As it is printed in the article: a column may have had several series. None once it is withdrawn, or if it is in
    none."""
    headline: str | None = None
    """None once it is withdrawn."""
    notice: Notice | None = None
    """When it was withdrawn, and why."""
    href: Href


class SeriesPage(Part):
    """A stretch of a column's series, by number. Numbers are given once: a withdrawn one stays, with its notice."""

    rows: tuple[SeriesRow, ...]


class SeriesHead(Part):
    """How far a column's series has come: number n stands on page (n - 1) // per_page + 1."""

    last: int
    per_page: int


class ColumnEntry(Part):
    """A column as it stands now. Its id is for ever, all else may change."""

    id: ColumnId
    name: str
    description: str
    note: str | None = None
    """编者按, plain text; paragraphs separated by a newline."""
    banner: Picture | None = None
    series: str | None = None
    """What its articles are numbered in."""
    closed: str | None = None
    """The closing line: it takes no more articles, and those it has can still be read."""
    href: Href
    series_href: Href | None = None


class Start(Part):
    """Where a client begins."""

    name: str
    newsroom: str
    language: str
    api: str
    """The API's public address, which absolute addresses in ninjs begin with."""
    columns: tuple[ColumnEntry, ...]
    """In the menu's order, closed ones included."""
    latest: Href
    changes: Href
    openapi: Href


def written(document: Part) -> bytes:
    """A document's bytes: compact, UTF-8, the same every time; lists are written even if they are empty."""
    return (_compact(document.written()) + "\n").encode()


def article_path(article_id: str) -> str:
    return f"articles/{article_id}.json"


def folder_of(article_id: str) -> str:
    """Where the article's pictures stand: its own folder, so that they can go without touching another's."""
    return f"media/{article_id}"


def folder_of_column(column_id: str) -> str:
    """Where the column's banner stands."""
    return f"media/columns/{column_id}"


def assets_of(revision: Revision, newsroom: Newsroom) -> tuple[Asset, ...]:
    """The files of the article's pictures and of its banner, each once."""
    spreads = (spread(image, newsroom, revision.id) for image in revision.article.pictures)
    return tuple(dict.fromkeys(asset for image in spreads for asset in _files(image).values()))


def assets_of_column(column: Column, newsroom: Newsroom) -> tuple[Asset, ...]:
    """The files of the column's banner."""
    return tuple(_files(spread(column.banner, newsroom, f"column:{column.id}")).values()) if column.banner else ()


def series_page(column_id: str, page: int) -> str:
    return f"series/{column_id}/{page}.json"


def series_head(column_id: str) -> str:
    return f"series/{column_id}.json"


def page_with(number: int) -> int:
    """The page of a series that has this number."""
    return (number - 1) // NUMBERS + 1


def article_envelope(revision: Revision, newsroom: Newsroom, api: str) -> Envelope:
    """The revision's document. `api`: the API's public address, with a slash at its end.

    Raises `Unpublishable` if its text cannot be shown, its column is unknown or a picture of its body is not there.
    """
    article = revision.article
    refuse_characters(revision, NOT_HTML)
    column = column_of(article, newsroom)
    body = _body(revision, newsroom, api)
    notice = None
    if revision.corrected_at is not None:
        notice = Notice(kind="corrected", at=_moment(revision.corrected_at, newsroom), text=revision.note)
    summary = Words(role="summary", content_type="text/plain", value=article.abstract(SUMMARY))
    told = [Words(role="correction", content_type="text/plain", value=revision.note)] if revision.note else []
    note = [Body(role="editorsNote", content_type="text/plain", value=article.editors_note)]
    return _sealed(
        id=revision.id,
        revision=revision.number,
        columns=(column.id,),
        url=newsroom.permalink(revision),
        notice=notice,
        series=_series(article, column.id),
        announces=announced_by(article),
        banner=_picture(article.banner, folder_of(revision.id), "../") if article.banner else None,
        aigc=_label(article.aigc, label.of_text(article)),
        credits=_credits(article) or None,
        images=tuple(_picture(image, folder_of(revision.id), "../") for image in article.images),
        article=Ninjs(
            **_frame(revision, newsroom, revision.updated_at),
            organisations=tuple(dict.fromkeys((_publisher(newsroom), *_contributors(article)))),
            digital_source_type=_source_type(article.aigc, label.of_text(article)),
            pub_status="usable",
            representation_type="full",
            title=article.short_headline or None,
            by=byline.by(article) or article.source or None,
            headlines=tuple(
                Words(role=role, content_type="text/plain", value=value)
                for role, value in (
                    ("main", _line(article.headline)),
                    ("kicker", article.kicker),
                    ("subhead", article.subhead),
                    ("short", article.short_headline),
                )
                if value
            ),
            descriptions=(summary, *told),
            bodies=(
                *(note if article.editors_note else ()),
                Body(
                    role="main",
                    content_type="text/html",
                    char_count=sum(map(len, article.paragraphs())),
                    value=body,
                ),
            ),
            info_sources=tuple(_sources(article)) or None,
            subjects=(
                Subject(rel="column", literal=column.id),
                *(Subject(name=keyword, rel="keyword") for keyword in article.keywords),
            ),
            associations=tuple(_association(image, revision, newsroom, api) for image in article.images) or None,
        ),
    )


def withdrawn_envelope(entry: Entry, newsroom: Newsroom) -> Envelope:
    """What stands in the place of a withdrawn article: its name, the notice, and nothing else of it."""
    if entry.withdrawn_at is None:
        raise ValueError(f"{entry.revision.id} is not withdrawn")
    revision, reason = entry.revision, NOT_HTML.sub("", entry.reason)
    told = (Words(role="withdrawal", content_type="text/plain", value=reason),) if reason else None
    column = revision.article.column
    return _sealed(
        id=revision.id,
        revision=revision.number,
        columns=(column,) if column else (),
        url=newsroom.permalink(revision),
        notice=Notice(kind="withdrawn", at=_moment(entry.withdrawn_at, newsroom), text=reason),
        article=Ninjs(
            **_frame(revision, newsroom, entry.withdrawn_at),
            organisations=(_publisher(newsroom),),
            pub_status="canceled",
            representation_type="partial",
            descriptions=told,
        ),
    )


def item_of(envelope: Envelope, ordinal: int, up: str) -> Item:
    """The article's row in a list; `up` leads from the list to the API's root."""
    article = envelope.article
    if article.first_created is None:
        raise ValueError(f"{envelope.id} has no date")
    sources = {one.role: one.name or "" for one in article.info_sources or ()}
    image = envelope.images[0] if envelope.images else None
    return Item(
        id=envelope.id,
        ordinal=ordinal,
        revision=envelope.revision,
        columns=envelope.columns,
        headline=headline_of(envelope),
        summary=summary_of(envelope),
        source=sources.get("source", ""),
        published=article.first_created,
        corrected=envelope.notice.at if envelope.notice else None,
        series=envelope.series and envelope.series.model_copy(update={"href": _from(envelope.series.href, up)}),
        announces=envelope.announces,
        image=image and image.model_copy(update={"renditions": _moved(image, up)}),
        href=version_href(envelope, up),
    )


def version_href(envelope: Envelope, up: str) -> str:
    """The address of exactly this version of the article's document."""
    return f"{up}{article_path(envelope.id)}?v={envelope.version}"


def series_row(envelope: Envelope, number: int) -> SeriesRow:
    """The article's row on its page of the series."""
    usable = envelope.pub_status == "usable"
    return SeriesRow(
        number=number,
        id=envelope.id,
        pub_status=envelope.pub_status,
        series=envelope.series.name if usable and envelope.series else None,
        headline=headline_of(envelope) if usable else None,
        notice=None if usable else envelope.notice,
        href=version_href(envelope, "../../"),
    )


def announced_by(article: Article) -> Announces | None:
    """What the record makes of its column; None if it is an article like most."""
    if article.announces is None:
        return None
    column = article.announces.column
    return Announces(deed=article.announces.deed, column=column.id, name=column.name)


def article_link(article_id: str, public: str) -> str:
    """What opens the article in the web client; `public` is the client's address, with a slash at its end."""
    return f"{public}#/article/{article_id}"


def column_link(column_id: str, public: str) -> str:
    """What opens the column in the web client."""
    return f"{public}#/column/{column_id}"


def headline_of(envelope: Envelope) -> str:
    """The article's headline; empty if it is withdrawn."""
    return next((one.value for one in envelope.article.headlines or () if one.role == "main"), "")


def summary_of(envelope: Envelope) -> str:
    """The article's summary; empty if it is withdrawn."""
    return next((one.value for one in envelope.article.descriptions or () if one.role == "summary"), "")


def column_entry(column: Column) -> ColumnEntry:
    """The column as `newsroom.json` has it."""
    return ColumnEntry(
        id=column.id,
        name=column.name,
        description=column.description,
        note=column.note or None,
        banner=_picture(column.banner, folder_of_column(column.id), "") if column.banner else None,
        series=column.series or None,
        closed=column.closed or None,
        href=f"columns/{column.id}.json",
        series_href=series_head(column.id) if column.series else None,
    )


def start(newsroom: Newsroom, name: str, api: str) -> Start:
    return Start(
        name=name,
        newsroom=newsroom.name,
        language=_language(newsroom),
        api=api,
        columns=tuple(map(column_entry, newsroom.columns)),
        latest=NEWEST,
        changes="changes.json",
        openapi="openapi.json",
    )


def _sealed(**fields: Any) -> Envelope:
    """The envelope with its digest."""
    draft = Envelope(digest="0" * 64, **fields)
    return draft.model_copy(update={"digest": _digest(draft)})


def _digest(envelope: Envelope) -> str:
    content = envelope.written()
    del content["digest"]
    return hashlib.sha256(_compact(content).encode()).hexdigest()


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _frame(revision: Revision, newsroom: Newsroom, changed: datetime) -> dict[str, Any]:
    """What ninjs says of a usable and of a canceled article alike."""
    return {
        "uri": newsroom.guid(revision.id),
        "standard": Standard(),
        "type": "text",
        "version": str(revision.number),
        "first_created": _moment(revision.published_at, newsroom),
        "version_created": _moment(changed, newsroom),
        "language": _language(newsroom),
        "alt_ids": (AltId(role="id", value=revision.id), AltId(role="web", value=newsroom.permalink(revision))),
    }


def _publisher(newsroom: Newsroom) -> Organisation:
    return Organisation(name=newsroom.name, rel="publisher")


def _contributors(article: Article) -> Iterator[Organisation]:
    """The offices and firms that had a role, called what they did."""
    for credit in byline.credits_of(article, *Group):
        for name in credit.organisations:
            yield Organisation(name=name, rel=credit.duty)


def _sources(article: Article) -> Iterator[InfoSource]:
    """Who made it: ninjs names parties that «originated, modified, enhanced … the content» by their role, persons and
    organisations alike; its `people` are those whom an article is about."""
    if article.source:
        yield InfoSource(name=article.source, role="source")
    found = ((name, credit.duty) for credit in byline.credits_of(article, *Group) for name in credit.everybody)
    for name, duty in dict.fromkeys(found):
        yield InfoSource(name=name, role=duty)


def _credits(article: Article) -> tuple[CreditLine, ...]:
    return tuple(
        CreditLine(
            role=credit.role,
            duty=credit.duty,
            group=credit.group,
            names=credit.names,
            organisations=credit.organisations,
        )
        for credit in byline.credits_of(article, *Group)
    )


def _label(aigc: Aigc | None, words: str) -> Label | None:
    return Label(label=aigc.label, text=words) if aigc else None


def _source_type(aigc: Aigc | None, words: str) -> Genre | None:
    """IPTC's name where it is sure, else only the words."""
    return Genre(name=words, uri=label.source_type(aigc) or None) if aigc else None


def _files(image: Image) -> dict[str, Asset]:
    """By the rendition's name. A list's row stands still."""
    forms = {"thumbnail": derivative(image.model_copy(update={"animated": False}), WIDTHS["thumbnail"], common(image))}
    return {**forms, "large": derivative(image, WIDTHS["large"], moving(image))}


def _series(article: Article, column_id: str) -> Series | None:
    if not article.series:
        return None
    href = "../" + series_page(column_id, page_with(article.number)) if article.number else None
    return Series(name=article.series, number=article.number, href=href)


def _picture(image: Image, folder: str, up: str) -> Picture:
    return Picture(
        alt=image.alt,
        caption=image.caption,
        aigc=_label(image.aigc, label.of_picture(image)),
        renditions=tuple(
            PictureFile.model_validate(
                {
                    "name": name,
                    "href": f"{up}{folder}/{asset.name}",
                    "content_type": asset.media_type,
                    "width": asset.width,
                    "height": asset.height,
                }
            )
            for name, asset in _files(image).items()
        ),
    )


def _moved(image: Picture, up: str) -> tuple[PictureFile, ...]:
    """The picture's files as seen from a document elsewhere."""
    return tuple(one.model_copy(update={"href": _from(one.href, up)}) for one in image.renditions)


def _from(href: str | None, up: str) -> str | None:
    """An article's relative address as seen from a document elsewhere."""
    return href and up + href.removeprefix("../")


def _association(image: Image, revision: Revision, newsroom: Newsroom, api: str) -> Association:
    return Association(
        name=image.digest[:VERSION],
        rel="picture",
        uri=f"{newsroom.guid(revision.id)}:{image.digest[:VERSION]}",
        type="picture",
        digital_source_type=_source_type(image.aigc, label.of_picture(image)),
        headlines=(Words(value=image.caption),) if image.caption else None,
        descriptions=(Words(role="alt", value=image.alt),) if image.alt else None,
        renditions=tuple(
            File(
                name=name,
                href=f"{api}{folder_of(revision.id)}/{asset.name}",
                content_type=asset.media_type,
                width=asset.width,
                height=asset.height,
            )
            for name, asset in _files(image).items()
        ),
    )


def _body(revision: Revision, newsroom: Newsroom, api: str) -> str:
    """The body with nothing relative in it but the marks of its notes, and its pictures where they stand in public."""
    large = {f"image:{image.digest}": _files(image)["large"] for image in revision.article.images}
    shown, page = blocks(revision.article), newsroom.permalink(revision)
    for block in shown:
        for link in block.iter("a"):
            if not note_meant(link):
                link.set("href", urljoin(page, link.get("href", "")))
        for picture in block.iter("img"):
            asset = large[picture.get("src", "")]
            picture.set("src", f"{api}{folder_of(revision.id)}/{asset.name}")
            picture.set("width", str(asset.width))
            picture.set("height", str(asset.height))
    return "".join(lxml_html.tostring(block, encoding="unicode", with_tail=False) for block in shown)


def _line(text: str) -> str:
    return " ".join(text.split())


def _language(newsroom: Newsroom) -> str:
    """BCP 47."""
    return newsroom.locale.replace("_", "-")


def _moment(moment: datetime, newsroom: Newsroom) -> datetime:
    """In the newsroom's zone, to the second."""
    return moment.astimezone(newsroom.zone).replace(microsecond=0)
