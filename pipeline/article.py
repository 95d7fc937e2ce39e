"""What is published: the article record, its revisions, the newsroom and its columns.

Frozen values without I/O. Everything else in the project is written in these words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from lxml import etree
from lxml import html as lxml_html
from pydantic import AwareDatetime, Field, field_validator, model_validator

from pipeline.credit import PEOPLE, ROLES, Aigc, Credit, Duty, joined, names_of
from pipeline.summary import shortened
from pipeline.value import Frozen

_SLUG = r"^[a-z0-9][a-z0-9-]*$"

BLOCKS = ("p", "h2", "h3", "ul", "ol", "table", "blockquote", "figure")
"""The elements that may stand at the top of an article's body."""
_PARTS = ("p", "h2", "h3", "li", "tr")
"""What is a paragraph of its own in the text; of a list in a list, each item."""
_APART = ("rp", "ul", "ol", etree.Comment)
"""What stands in an element and is no part of its text."""
_NOTE = re.compile(r"#?note-([1-9][0-9]*)")


class Image(Frozen):
    """A picture of an article. The record names it; its bytes are kept once per `digest`."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the file's bytes, hexadecimal. In the body: `<img src="image:DIGEST">`."""
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    size: int = Field(gt=0)
    """Length of the file in bytes."""
    animated: bool = False
    """Whether it is a GIF or WebP of several pictures, shown one after the other."""
    alt: str = ""
    caption: str = ""
    aigc: Aigc | None = None
    """Set where the picture is, or may be, made by a machine: as its file says, or the editor."""


class Column(Frozen):
    """A named series of articles (栏目), configured or opened on every channel at once."""

    id: str = Field(pattern=_SLUG)
    """Permanent: what articles and feeds know it by."""
    name: str = Field(min_length=1)
    description: str
    keywords: tuple[str, ...] = Field(min_length=1)
    type: str = "工作动态"
    """ColumnType of 《政府网站发展指引》."""
    note: str = ""
    """编者按 of the column, plain text; paragraphs separated by a newline."""
    note_on: Literal["first", "all"] = "first"
    """Which of its articles carry the 编者按."""
    series: str = ""
    """系列: what its articles are numbered in, such as 2019年脱贫攻坚奔小康系列报道; empty: they are not."""
    banner: Image | None = None
    """Stands above each of its articles."""
    address: str = Field(default="", pattern=rf"^$|{_SLUG}")
    """Its part of public addresses: lower-case letters, digits, hyphens; default the id."""
    former_addresses: tuple[str, ...] = ()
    """Where it stood before it was renamed: they lead to its address for ever."""
    former_names: tuple[str, ...] = ()
    closed: str = ""
    """The closing line; empty as long as the column takes articles."""

    @model_validator(mode="before")
    @classmethod
    def _addressed(cls, values: Any) -> Any:
        return (
            {**values, "address": values["id"]}
            if isinstance(values, dict) and not values.get("address") and "id" in values
            else values
        )

    @property
    def counts(self) -> bool:
        """Whether what it adds to an article depends on those before it."""
        return bool(self.series or self.note)

    def line(self, number: int) -> str:
        """What an article of this number in the series says of itself, such as 2019年脱贫攻坚奔小康系列报道之三."""
        return f"{self.series}之{numeral(number)}"

    def renamed(self, name: str, address: str) -> Column:
        """The column under another name and address; those that it had stay known."""
        return self.model_copy(
            update={
                "name": name,
                "address": address,
                "former_names": _and(self.former_names, self.name, name),
                "former_addresses": _and(self.former_addresses, self.address, address),
            }
        )

    def is_called(self, name: str) -> bool:
        """Whether an editor may mean it by this: its id, its name or address, or one that it had."""
        return name in (self.id, self.name, self.address, *self.former_names, *self.former_addresses)


def _and(former: tuple[str, ...], last: str, now: str) -> tuple[str, ...]:
    """The former ones with the last, without what is in use (again)."""
    return tuple(one for one in dict.fromkeys((*former, last)) if one != now)


class Place(Frozen):
    """Where in its column an article comes to stand: what was there before it."""

    number: int | None
    """Its number in the series; None if it is not counted."""
    first: bool
    """Whether it is the column's first."""

    @classmethod
    def unknown(cls) -> Place:
        """Where nobody has to know."""
        return cls(number=None, first=False)


class Deed(StrEnum):
    """What a record does to its column."""

    OPEN = "open"
    RENAME = "rename"
    CLOSE = "close"


class Announcement(Frozen):
    """What a record makes of its column, beside the text that tells people of it (开栏、更名、收官).

    The record is published like any article; from its moment on the column is as it says.
    """

    deed: Deed
    column: Column

    def of(self, before: Column) -> Column:
        """What it makes of the column, whatever else has become of that since it was written."""
        match self.deed:
            case Deed.OPEN:
                return self.column
            case Deed.RENAME:
                return before.renamed(self.column.name, self.column.address)
            case Deed.CLOSE:
                return before.model_copy(update={"closed": self.column.closed})


class Article(Frozen):
    """The record an editor submits (稿件).

    `body` is a canonical, well-formed fragment of HTML: a sequence of `BLOCKS` with the inline
    elements strong, em, a[href], br, sub, sup, ruby (text with one `<rt>` behind it); pictures stand as
    `<figure><img src="image:DIGEST" alt="…"/><figcaption>…</figcaption></figure>`. Notes (脚注) are its last
    paragraphs, `<p id="note-1">[1] …</p>`; the text points at them with `<sup><a href="#note-1">[1]</a></sup>`.
    `pipeline.manuscript` makes it; nothing else may.
    """

    headline: str = Field(min_length=1)
    """标题."""
    kicker: str = ""
    """引题, the line above the headline."""
    subhead: str = ""
    """副题, the line below it."""
    short_headline: str = ""
    """短标题, used where a channel limits the length of a title."""
    body: str = Field(min_length=1)
    images: tuple[Image, ...] = ()
    source: str = ""
    """来源."""
    credits: tuple[Credit, ...] = ()
    """署名, in the order of the manuscript. `reporters=…` and the other lists of `PEOPLE` are taken as well."""
    aigc: Aigc | None = None
    """Set where the text is, or may be, made by a machine."""
    editors_note: str = ""
    """编者按, plain text; paragraphs separated by a newline."""
    note_of_column: bool = False
    """Whether that 编者按 was given by its column when it was accepted, because the manuscript has none."""
    keywords: tuple[str, ...] = ()
    """关键词."""
    summary: str = ""
    """摘要."""
    column: str = ""
    """栏目: a column's name in a manuscript, its id once accepted; empty: the newsroom's first column."""
    series: str = ""
    """系列, such as 2019年脱贫攻坚奔小康系列报道之三."""
    number: int | None = Field(default=None, gt=0)
    """The article's number in its series; filled in when it is accepted, if its column counts them."""
    banner: Image | None = None
    """The column's banner, shown above the article; not among `images`. Filled in when the article is accepted."""
    announces: Announcement | None = None
    """Set in the record that opens, renames or closes its column."""
    reference: str = ""
    """编号: the newsroom's own name of the article; two files with one reference are one article."""

    @model_validator(mode="before")
    @classmethod
    def _credited(cls, values: Any) -> Any:
        """Records from before there were credits, and whoever knows only lists of names, give those."""
        if not isinstance(values, dict) or not values.keys() & PEOPLE.keys():
            return values
        listed = tuple(
            Credit(role=ROLES[duty], duty=duty, names=tuple(values[name]))
            for name, duty in PEOPLE.items()
            if values.get(name)
        )
        others = {name: value for name, value in values.items() if name not in PEOPLE}
        return {**others, "credits": joined((*others.get("credits", ()), *listed))}

    @property
    def reporters(self) -> tuple[str, ...]:
        """记者."""
        return names_of(self.credits, Duty.REPORTER)

    @property
    def correspondents(self) -> tuple[str, ...]:
        """通讯员."""
        return names_of(self.credits, Duty.CORRESPONDENT)

    @property
    def authors(self) -> tuple[str, ...]:
        """作者、撰稿."""
        return names_of(self.credits, Duty.AUTHOR)

    @property
    def photographers(self) -> tuple[str, ...]:
        """摄影."""
        return names_of(self.credits, Duty.PHOTOGRAPHER)

    @property
    def editors(self) -> tuple[str, ...]:
        """编辑、责编."""
        return names_of(self.credits, Duty.EDITOR)

    @property
    def proofreaders(self) -> tuple[str, ...]:
        """校对."""
        return names_of(self.credits, Duty.PROOFREADER)

    @property
    def reviewers(self) -> tuple[str, ...]:
        """审核、一审、二审、三审."""
        return names_of(self.credits, Duty.REVIEWER)

    @property
    def approvers(self) -> tuple[str, ...]:
        """签发."""
        return names_of(self.credits, Duty.APPROVER)

    def completed(self, column: Column, place: Place, before: Article | None = None) -> Article:
        """The article with what its column adds to it: banner, number and line of the series, 编者按.

        What the manuscript says goes first. `before`: the record it corrects, which keeps what the column gave to it.
        """
        if self.announces:
            return self
        number = self.number or (before.number if before else place.number if column.series else None)
        own = "" if self.note_of_column else self.editors_note
        if before:
            given = before.editors_note if before.note_of_column else ""
        else:
            given = column.note if place.first or column.note_on == "all" else ""
        return self.model_copy(
            update={
                "number": number,
                "series": self.series or (column.line(number) if column.series and number else ""),
                "editors_note": own or given,
                "note_of_column": bool(given) and not own,
                "banner": before.banner if before else column.banner,
            }
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the whole record: equal exactly when the content is equal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @property
    def key(self) -> str:
        """What makes two submissions the same article: its reference, else column and headline."""
        return self.reference or self.titled_key

    @property
    def titled_key(self) -> str:
        """What it is known by where it has no reference."""
        return f"{self.column}/{' '.join(self.headline.split())}"

    @property
    def blocks(self) -> tuple[lxml_html.HtmlElement, ...]:
        """The body's top-level elements, parsed. Callers copy before they change one."""
        return _parsed(self.body)

    def parts(self, *, tables: bool = True) -> Iterator[lxml_html.HtmlElement]:
        """The elements of the text that are a paragraph each, headings, list items and table rows among them; captions
        and notes left out."""
        for block in self.blocks:
            if block.tag != "figure" and (tables or block.tag != "table") and not note_of(block):
                yield from block.iter(*_PARTS)

    def paragraphs(self, *, tables: bool = True, marked: bool = False) -> Iterator[str]:
        """Their text, without what `text_of` leaves out of a sentence; `marked` as there."""
        yield from filter(None, (text_of(part, marked=marked) for part in self.parts(tables=tables)))

    @property
    def notes(self) -> tuple[str, ...]:
        """脚注, as they are printed below the text: «[1] …»."""
        return tuple(text_of(block, marked=True) for block in self.blocks if note_of(block))

    def abstract(self, limit: int) -> str:
        """The editor's own summary, else the body's opening, else the headline, in at most `limit` characters.

        By whole sentences (see `pipeline.summary`): without headings, tables, captions and notes.
        """
        sentences = (part for part in self.parts(tables=False) if part.tag in ("p", "li"))
        own = iter([self.summary]) if self.summary else filter(None, map(text_of, sentences))
        return shortened(own, limit) or shortened([self.headline], limit)

    @property
    def pictures(self) -> tuple[Image, ...]:
        """Every picture it shows: its column's banner, if it has one, then `images`; each once.

        One file can stand here twice, as banner and in the text, with a label of AI-made content in one place only.
        """
        return tuple(dict.fromkeys((*([self.banner] if self.banner else []), *self.images)))

    def image(self, digest: str) -> Image:
        """The picture with this digest; KeyError if the article has none."""
        for image in self.pictures:
            if image.digest == digest:
                return image
        raise KeyError(digest)


def note_of(block: lxml_html.HtmlElement) -> int:
    """The number of the note (脚注) that a block of a body is; 0 if it is text."""
    found = _NOTE.fullmatch(block.get("id") or "") if block.tag == "p" else None
    return int(found[1]) if found else 0


def note_meant(link: lxml_html.HtmlElement) -> int:
    """The number of the note that a link of a body points at; 0 for any other link."""
    found = _NOTE.fullmatch(link.get("href") or "") if link.tag == "a" else None
    return int(found[1]) if found else 0


def text_of(element: lxml_html.HtmlElement, *, marked: bool = False) -> str:
    """The text of a body's element, on one line; an item's without the lists in it, which have items of their own.

    No part of a sentence are how a character is read and the marks that point at notes: they are left out. `marked`:
    they stand in it, as 岞（zuò） and [1].

    >>> text_of(lxml_html.fromstring("<p><ruby>岞<rt>zuò</rt></ruby>山<sup><a href='#note-1'>[1]</a></sup>。</p>"))
    '岞山。'
    """
    return " ".join("".join(_pieces(element, marked)).split())


def _pieces(element: lxml_html.HtmlElement, marked: bool) -> Iterator[str]:
    yield element.text or ""
    for inside in element:
        if inside.tag == "br":
            yield " "
        elif inside.tag == "rt":
            yield f"（{inside.text_content().strip()}）" if marked else ""
        elif (
            isinstance(inside.tag, str) and inside.tag not in ("rp", "ul", "ol") and (marked or not note_meant(inside))
        ):
            yield from _pieces(inside, marked)
        yield inside.tail or ""


def numeral(number: int) -> str:
    """A number as series and lists count in Chinese: 十二; in digits from a hundred on.

    >>> numeral(3), numeral(10), numeral(21), numeral(100)
    ('三', '十', '二十一', '100')
    """
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    numerals = "〇一二三四五六七八九"
    return ("" if tens == 0 else "十" if tens == 1 else numerals[tens] + "十") + (numerals[ones] if ones else "")


@lru_cache(maxsize=64)
def _parsed(body: str) -> tuple[lxml_html.HtmlElement, ...]:
    return tuple(lxml_html.fragments_fromstring(body, no_leading_text=True))


class Revision(Frozen):
    """An immutable version of an article, with what publication adds to it."""

    id: str = Field(pattern=r"^a[0-9]+$")
    """The article's id: permanent, short enough to type, part of every address and GUID."""
    number: int = Field(gt=0)
    """1 for the first publication, then one more for each correction."""
    article: Article
    published_at: AwareDatetime
    """The moment of first publication: never moves (国办秘函〔2019〕19号 counts back-dating as a violation)."""
    corrected_at: AwareDatetime | None = None
    """The moment of this correction; None in the first revision."""
    note: str = ""
    """What the correction says of itself, or the public reason of a withdrawal."""

    @property
    def updated_at(self) -> AwareDatetime:
        return self.corrected_at or self.published_at

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Outlet(Frozen):
    """One configured channel, as the configuration file names it."""

    id: str = Field(pattern=_SLUG)
    kind: str
    name: str
    required: bool = True
    """Whether a rollout is held if this channel cannot be prepared."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the kind itself reads; secrets never stand here."""


class Site(Frozen):
    """The public identity of the website (《政府网站发展指引》, annex)."""

    url: str
    """The public address of `/`, without a trailing slash."""
    name: str
    """SiteName."""
    domain: str
    """SiteDomain."""
    id_code: str = Field(pattern=r"^[0-9]{10}$")
    """SiteIDCode 网站标识码, ten digits."""
    organiser: str
    """主办单位."""
    contact: str
    icp: str
    """ICP number."""
    police: str
    """公安备案 number."""
    report_url: str = "https://zfwzgl.www.gov.cn/exposure/jiucuo.html"
    """Address of 政府网站找错."""
    description: str

    @field_validator("url")
    @classmethod
    def _no_slash(cls, value: str) -> str:
        return value.rstrip("/")


class House(Frozen):
    """How the house does things (`[house]` in the newsroom's file)."""

    people: tuple[str, ...] = ()
    """Who may be named in its credits; empty: there is no list, and nobody is looked for in it."""
    spaced_names: bool = False
    """Whether a name of two characters is printed as wide as one of three: 张　三. Only where people read it."""


class Newsroom(Frozen):
    """The centre (融媒体中心): what every rendition may know of it."""

    name: str
    short_name: str
    locale: str = "zh_CN"
    timezone: str = "Asia/Shanghai"
    tag_authority: str
    """`authority,date` of the newsroom's tag: URIs (RFC 4151); never changed once in use."""
    site: Site
    columns: tuple[Column, ...] = Field(min_length=1)
    outlets: tuple[Outlet, ...] = Field(min_length=1)
    house: House = House()

    @model_validator(mode="after")
    def _unique(self) -> Newsroom:
        for what in ("columns", "outlets"):
            ids = [item.id for item in getattr(self, what)]
            if twice := {one for one in ids if ids.count(one) > 1}:
                raise ValueError(f"{what}: id used twice: {', '.join(sorted(twice))}")
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def open_columns(self) -> tuple[Column, ...]:
        """Those that take articles: what menus show."""
        return tuple(column for column in self.columns if not column.closed)

    def column(self, name_or_id: str) -> Column:
        """The column that is called so ("" is the first); KeyError if there is none.

        What is its id or name goes before what is another's former one.
        """
        if not name_or_id:
            return self.columns[0]
        for column in self.columns:
            if name_or_id in (column.id, column.name):
                return column
        for column in self.columns:
            if column.is_called(name_or_id):
                return column
        raise KeyError(name_or_id)

    def column_of(self, article: Article) -> Column:
        """The article's column, in an announcement as it makes it; KeyError if there is none."""
        return article.announces.column if article.announces else self.column(article.column)

    def with_columns(self, columns: Sequence[Column]) -> Self:
        """The newsroom with these columns in the place of its own."""
        return self if tuple(columns) == self.columns else self.model_copy(update={"columns": tuple(columns)})

    def after(self, revision: Revision) -> Self:
        """The newsroom as it is once the revision is public: with the column as it makes it, if it announces one."""
        announced = revision.article.announces
        return self.with_columns(columns_after(self.columns, [announced])) if announced else self

    # The public addresses: one place, because feeds, WeChat and the app all point at the website.

    def guid(self, article_id: str) -> str:
        """The article's permanent, opaque name in every feed (RFC 4151)."""
        return f"tag:{self.tag_authority}:{article_id}"

    def path(self, revision: Revision) -> str:
        """Where the article's page stands on the website, from its root, without a leading slash."""
        day = revision.published_at.astimezone(self.zone)
        return f"{day:%Y/%m}/{revision.id}.html"

    def permalink(self, revision: Revision) -> str:
        return f"{self.site.url}/{self.path(revision)}"

    def column_url(self, column: Column) -> str:
        """The column's newest page."""
        return f"{self.site.url}/{quote(column.address)}/"


def columns_after(configured: Iterable[Column], announcements: Iterable[Announcement]) -> tuple[Column, ...]:
    """The configured columns and those opened, each as its announcements made it, in the order of their moments.

    What was not opened is left out.
    """
    columns = {column.id: column for column in configured}
    for one in announcements:
        if one.deed is Deed.OPEN or one.column.id in columns:
            columns[one.column.id] = one.of(columns.get(one.column.id, one.column))
    return tuple(columns.values())
