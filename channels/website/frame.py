"""What all pages of the site share: masthead, menu and footer, their addresses, and the files they load."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from markupsafe import Markup

from channels.templating import TEMPLATES, templates
from channels.website.links import Group
from channels.website.phrases import broken, marked
from pipeline.article import Article, Column, Newsroom

ASSETS = ("site.css", "site.js")
"""Files of `templates/website/` that pages load; their names bear their digest, so that caches may keep them."""
ICON = "favicon.svg"
"""Named in what is published for ever, so it has one address."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of every page of one newsroom's site. Renders templates; reads and writes nothing else."""

    newsroom: Newsroom
    feeds: str = ""
    """Public address of the feeds, with the trailing slash; "" if there are none."""
    search: str = ""
    """Address of the search, which takes `q`; "" if there is none."""
    feedback: str = ""
    """Address of the form for mistakes, which takes `page`; "" if there is none."""
    groups: tuple[Group, ...] = ()
    """What else the county offers: links at the foot of every page."""

    def href(self, path: str) -> str:
        """The address of a file of the site, as its own pages write it: from the host's root."""
        return f"{urlsplit(self.newsroom.site.url).path}/{path}"

    def url(self, path: str) -> str:
        """The same in full."""
        return f"{self.newsroom.site.url}/{path}"

    @property
    def digest(self) -> str:
        """Equal exactly when a page of the same content comes out the same, with one version of the templates."""
        links = [self.feeds, self.search, self.feedback, *(group.model_dump_json() for group in self.groups)]
        content = "\0".join([self.newsroom.model_dump_json(), *links, *(_asset(name)[0] for name in ASSETS)])
        return hashlib.sha256(content.encode()).hexdigest()

    def column(self, article: Article) -> Column | None:
        """The article's column as it stands now; None if the newsroom has given it up."""
        return next((column for column in self.newsroom.columns if column.id == article.column), None)

    def asset(self, name: str) -> str:
        """The address of one of `ASSETS`."""
        return self.href(_asset(name)[0])

    def column_href(self, column: Column) -> str:
        return self.href(self.newsroom.column_url(column).removeprefix(f"{self.newsroom.site.url}/"))

    def feed(self, file: str, column: Column | None = None) -> str:
        """The address of one of the feeds' documents: the site's, or a column's."""
        return f"{self.feeds}{column.address}/{file}" if column else f"{self.feeds}{file}"

    def mistakes(self, path: str = "") -> str:
        """The address of the form for mistakes, about one of the site's pages if one is named."""
        return f"{self.feedback}?{urlencode({'page': self.href(path)})}" if path else self.feedback

    @property
    def police_code(self) -> str:
        """The digits of the 公安备案 number, by which the register is asked."""
        return "".join(re.findall("[0-9]", self.newsroom.site.police))

    def minute(self, moment: datetime) -> str:
        """`YYYY-MM-DD HH:MM` in the site's time: how the guideline has every date."""
        return f"{moment.astimezone(self.newsroom.zone):%Y-%m-%d %H:%M}"

    def day(self, moment: datetime) -> str:
        return self.minute(moment)[:10]

    def iso(self, moment: datetime) -> str:
        """ISO 8601 with the site's offset, in whole seconds."""
        return moment.astimezone(self.newsroom.zone).isoformat(timespec="seconds")

    def render(self, template: str, **values: Any) -> str:
        """A template of `templates/website/` with `frame`, `newsroom` and `site` in its reach."""
        found = templates("website").get_template(template)
        tools = {"broken": broken, "marked": marked, "scan": scan}
        return found.render(frame=self, newsroom=self.newsroom, site=self.newsroom.site, **tools, **values)

    def document(self, template: str, **values: Any) -> bytes:
        return self.render(template, **values).encode()


def compile_templates() -> None:
    """Read and compile them all, so that no release has to wait for it."""
    found = templates("website")
    for name in found.list_templates():
        if name.endswith((".html", ".xml", ".txt")):
            found.get_template(name)
    broken("")
    scan("/")


@lru_cache(256)
def scan(url: str) -> Markup:
    """The QR code of an address (扫一扫), as an `svg` element: dark on light whatever the page's colours, with the
    margin that readers need.

    Which of its eight masks it has is fixed: all can be read, and to weigh them takes four times as long.
    """
    import segno  # noqa: PLC0415 - only pages of articles have one

    code = segno.make_qr(url, error="m", boost_error=False, mask=4)
    drawn: str = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None)
    return Markup(drawn)  # noqa: S704 - drawn by segno: no text of anybody's is in it


def assets() -> Mapping[str, bytes]:
    """The files that pages load, by their path on the site."""
    return {**dict(_asset(name) for name in ASSETS), ICON: _file(ICON)}


@cache
def _asset(name: str) -> tuple[str, bytes]:
    stem, _, ending = name.partition(".")
    return f"assets/{stem}.{hashlib.sha256(_file(name)).hexdigest()[:16]}.{ending}", _file(name)


@cache
def _file(name: str) -> bytes:
    return (TEMPLATES / "website" / name).read_bytes()
