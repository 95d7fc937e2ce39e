"""The documents of the app's API: what they are made of, and where they stand.

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
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from channels.app.ninjs import Ninjs, Part, PubStatus
from pipeline.article import Deed, ids
from pipeline.article.credit import Aigc, Certainty, Duty, Group

NEWEST = "latest.json"
"""The list of all columns together."""
VERSION = 16
"""Hexadecimal digits of a digest that tell versions apart."""
NUMBERS = 20
"""Numbers of a series on a page."""

Id = Annotated[str, Field(pattern=ids.ARTICLE)]
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
    """Permanent and rising with each publication: what lists are sorted by. Below zero if it was imported."""
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


def sealed(**fields: Any) -> Envelope:
    """The envelope with its digest."""
    draft = Envelope(digest="0" * 64, **fields)
    return draft.model_copy(update={"digest": _digest(draft)})


def labelled(aigc: Aigc | None, words: str) -> Label | None:
    """What is said of it if a machine has made it; `words`: see `channels.label`."""
    return Label(label=aigc.label, text=words) if aigc else None


def article_path(article_id: str) -> str:
    return f"articles/{article_id}.json"


def series_page(column_id: str, page: int) -> str:
    return f"series/{column_id}/{page}.json"


def series_head(column_id: str) -> str:
    return f"series/{column_id}.json"


def page_with(number: int) -> int:
    """The page of a series that has this number."""
    return (number - 1) // NUMBERS + 1


def version_href(envelope: Envelope, up: str) -> str:
    """The address of exactly this version of the article's document."""
    return f"{up}{article_path(envelope.id)}?v={envelope.version}"


def article_link(article_id: str, public: str) -> str:
    """What opens the article in the web client; `public` is the client's address, with a slash at its end."""
    return f"{public}#/article/{article_id}"


def column_link(column_id: str, public: str) -> str:
    """What opens the column in the web client."""
    return f"{public}#/column/{column_id}"


def _digest(envelope: Envelope) -> str:
    content = envelope.written()
    del content["digest"]
    return hashlib.sha256(_compact(content).encode()).hexdigest()


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
