"""The newsroom: its site, its outlets, and the addresses that it gives what it publishes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, Self
from urllib.parse import quote
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from pipeline.article.article import Article, Revision
from pipeline.article.column import SLUG, Column, columns_after
from pipeline.article.value import Frozen


class Outlet(Frozen):
    """One configured channel, as the configuration file names it."""

    id: str = Field(pattern=SLUG)
    kind: str
    name: str
    required: bool = True
    """Whether a rollout is held if this channel cannot be prepared."""
    retired: bool = False
    """Whether it takes no new articles. What is public there can still be corrected and withdrawn; its id is for ever.
    """
    options: dict[str, Any] = Field(default_factory=dict)
    """What the kind itself reads; secrets never stand here."""


class Purge(Frozen):
    """How one cache in front of the site is told that an address has changed (`[[site.purge]]`).

    In `address` and `headers`, `{url}` stands for the address as the public has it, `{host}` and `{path}` for its
    parts, and in `headers` `{secret}` for what TONGFA_PURGE_SECRET says. With `{urls}` in the `body`, a list in JSON,
    one call tells many of them.
    """

    method: str = Field(default="PURGE", pattern=r"^[A-Z]+$")
    address: str = Field(pattern=r"^https?://[^/]+")
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        said = " ".join((self.address, *self.headers.values(), self.body))
        if not any(one in said for one in ("{url}", "{urls}", "{path}")):
            raise ValueError("address, headers or body must say what to drop: {url}, {path} or {urls}")
        return self


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
    held: timedelta | None = Field(default=None, ge=timedelta(0))
    """How long caches in front of the site hold what they have, where they have rules of their own (a CDN); None: as
    long as the answers say (`served.LIFETIME`)."""
    purge: tuple[Purge, ...] = ()
    """The caches that are told what has changed."""
    keep_contacts: int = Field(default=90, ge=1, le=3650)
    """Days for which the newsroom keeps whom to ask about what a reader told; the form says so."""

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
    punctuation: Literal["keep", "warn", "mend"] = "warn"
    """What is done about half-width punctuation between Chinese characters in manuscripts: nothing, the reading asks
    about it, or it is made full-width and the reading tells where."""


class Newsroom(Frozen):
    """The centre (融媒体中心): what every rendition may know of it."""

    name: str
    short_name: str
    demo: bool = False
    """Whether it may go by identities that are examples: numbers, telephone and tag of the demo newsroom."""
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
    def language(self) -> str:
        """The language of what it publishes as HTML, feeds and sitemaps name it (BCP 47): zh-CN for the locale zh_CN.

        What a locale may say beyond that, such as `.UTF-8`, is no part of it.
        """
        return self.locale.partition(".")[0].partition("@")[0].replace("_", "-")

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
