"""The `website` kind: the county government's website as static files, complete and ready to be served.

    2026/11/a1.html            the article's page
    2026/11/a1.gone.html       once it is withdrawn, the notice in its place (see `pipeline.article.addresses`)
    2026/11/a1/…               its pictures
    index.html, {address}/…    and the other lists, a column's pages at its address: see `lists`
    moved.map                  the columns' former addresses
    404.html  robots.txt  favicon.svg  assets/…

Options: `root` (a folder, relative to the data folder, or an fsspec URL; default "site"), `staging` (where prepared
files wait), `verify` ("http" or "storage": where it is read back; both see `channels.files`), `feeds` (the feeds'
public address; default that of the newsroom's channel of kind `feeds`; "" for none), `search`, `feedback` and `links`
(where pages lead beside the articles, see `links`).

`prepare` stages the whole page, ready to be moved to its place: then the article stands in public (`Receipt.at`). A
release writes the same few files however many articles there are, all under the catalogue's lock: what the article
needs, then its page, then what links to it.

A column's opening, renaming or closing writes all of the column's pages, with what it says of the column. Where the
column stood before leads to where it stands (301); where it no longer stands at all, that is said (410).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from mimetypes import guess_type
from typing import Any, ClassVar

from channels import files
from channels.body import NOT_HTML
from channels.files import Files
from channels.options import TEXT, address_problems, option_problems
from channels.pictures import data_uri, holds, made
from channels.tree import TreeChannel, token
from channels.website import leading
from channels.website.frame import Frame, assets, compile_templates
from channels.website.links import ADDRESS, GROUPS, groups_of
from channels.website.lists import Known, Lists, pages_at, pages_listing
from channels.website.page import (
    assets_of,
    core,
    core_of,
    folder_of,
    is_column_page,
    page,
    tells_of,
    title_of,
    with_around,
)
from pipeline.article import Column, Newsroom, Revision
from pipeline.article.addresses import beside
from pipeline.article.feedback import Form
from pipeline.article.searching import Found
from pipeline.channel import (
    Action,
    Asset,
    Catalogue,
    Correction,
    Delivery,
    Entry,
    Evidence,
    Media,
    Problem,
    Receipt,
    Rendition,
    Setting,
    Standing,
    Text,
    Unpublishable,
    utc_now,
)

MARK = "core.html"
BANNER = "column"
"""Where the banner of a column's own pages is staged."""
OF_NEWSROOM = {one: one for one in ("columns.html", "map.html", "404.html", "robots.txt")} | {
    "sitemaps/site.xml": "sitemap-site.xml"
}
"""Files that depend on the newsroom alone, and their templates."""
OPTIONS = {**files.OPTIONS, "feeds": TEXT, "search": ADDRESS, "feedback": ADDRESS, "links": GROUPS}
OWN = re.compile(r"assets|feeds|sitemaps|app|tv|hooks|healthz|inside|search|feedback|[0-9]{4}")
"""Names at the site's root that no column may have for its address."""


class Website(TreeChannel):
    kind: ClassVar[str] = "website"
    mark: ClassVar[str] = MARK
    corrects: ClassVar[Correction] = Correction.IN_PLACE
    pins: ClassVar[bool] = True
    keeps_pictures: ClassVar[bool] = True

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.files = Files.of(setting, "site", f"{setting.newsroom.site.url}/")
        self._furnished: Newsroom | None = None
        """The newsroom whose standing files this process has written."""

    def warm(self) -> None:
        compile_templates()

    def frame(self, newsroom: Newsroom) -> Frame:
        """What all pages share. The feeds' address comes from the options, else from the newsroom's feeds."""
        outlet = next((one for one in newsroom.outlets if one.kind == "feeds" and not one.retired), None)
        default = str(outlet.options.get("url") or f"{newsroom.site.url}/feeds/") if outlet else ""
        feeds = str(self.options.get("feeds", default))
        return Frame(
            newsroom=newsroom,
            feeds=f"{feeds.rstrip('/')}/" if feeds else "",
            search=ADDRESS.of(self.options, "search", ""),
            feedback=ADDRESS.of(self.options, "feedback", ""),
            groups=groups_of(self.options),
        )

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        """The core of the article's page, and its pictures' files."""
        if revision.article.announces:
            _refuse_column(revision.article.announces.column, newsroom)
        return Rendition.of("text/html", core(revision, self.frame(newsroom)), assets_of(revision, newsroom))

    def preview(self, revision: Revision, rendition: Rendition, newsroom: Newsroom, media: Media) -> tuple[str, bytes]:
        """The whole page with its style and pictures inside it."""
        frame = self.frame(newsroom.after(revision))
        folder = frame.href(folder_of(revision, frame))
        inside = {frame.href(path): data_uri(guess_type(path)[0] or "", data) for path, data in assets().items()}
        inside |= {
            f"{folder}/{asset.name}": data_uri(asset.media_type, made(asset, media)) for asset in rendition.assets
        }
        shown = page(revision, frame, rendition.body).decode()
        for href, uri in inside.items():
            shown = shown.replace(href, uri)
        return "text/html", shown.encode()

    def places(self, delivery: Delivery) -> Sequence[str]:
        column = self.frame(delivery.newsroom.after(delivery.revision)).column(delivery.revision.article)
        return [self._path(delivery), *([f"{column.address}/index.html"] if column else [])]

    def stage(self, delivery: Delivery, rendition: Rendition) -> None:
        self.lead_what_does_not(delivery)
        revision, here = delivery.revision, token(delivery.revision)
        frame = self.frame(delivery.newsroom.after(revision))
        announced = revision.article.announces
        banner = assets_of(announced.column, frame.newsroom) if announced else ()
        for asset in dict.fromkeys((*rendition.assets, *banner)):
            data = made(asset, delivery.media)
            if asset in rendition.assets:
                self.files.stage(here, asset.name, data)
            if asset in banner:
                self.files.stage(here, f"{BANNER}/{asset.name}", data)
        self.files.stage(here, _staged_page(frame, rendition), page(revision, frame, rendition.body))

    def bring(self, entry: Entry, delivery: Delivery) -> datetime:
        frame = self.frame(delivery.newsroom)
        lists = Lists(frame, delivery.catalogue, entry, Known(self.files.exists, leads=self._leads(entry)))
        folder, assets = folder_of(entry.revision, frame), assets_of(entry.revision, frame.newsroom)
        self._furnish(frame, lists, delivery)
        if delivery.rendition is not None:
            self._show_pictures(delivery, folder, assets)
            self._show_page(frame, delivery, delivery.rendition)
        taken = utc_now()
        self._rewrite(lists, frame, delivery, entry)
        if entry.withdrawn_at is not None:
            self.keep(folder, ())
            # Last, so that `find` says WITHDRAWN only when all of it is done.
            self.files.retire(frame.newsroom.path(entry.revision), _notice(entry, frame))
            return utc_now()
        if entry.revision.number > 1:
            self.keep(folder, assets)
        return taken

    def bring_all(self, deeds: Sequence[tuple[Entry, Delivery]]) -> None:
        last = deeds[-1][1]
        self.lead_what_does_not(last, locked=True)
        frame, known = self.frame(last.newsroom), Known(self.files.exists, leads=leading.read(self.setting.notebook))
        lists = {entry.revision.id: Lists(frame, last.catalogue, entry, known) for entry, _ in deeds}
        self._furnish(frame, lists[last.revision.id], last)
        paths = {entry.revision.id: frame.newsroom.path(entry.revision) for entry, _ in deeds}
        known.coming.update(paths[entry.revision.id] for entry, _ in deeds if entry.withdrawn_at is None)
        for entry, delivery in deeds:
            if entry.withdrawn_at is None and delivery.rendition is not None:
                folder, assets = folder_of(entry.revision, frame), assets_of(entry.revision, frame.newsroom)
                self._show_pictures(delivery, folder, assets)
                bare = page(entry.revision, frame, delivery.rendition.body)
                around = lists[entry.revision.id].around(entry)
                self.files.write(paths[entry.revision.id], with_around(bare, around))
        touched = {one.revision.id: one for own in lists.values() for one in own.touched()}
        for id, other in touched.items():
            if id not in lists and (before := self.files.read(path := frame.newsroom.path(other.revision))):
                self.files.write(path, with_around(before, Lists(frame, last.catalogue, other, known).around(other)))
        for column in filter(None, dict.fromkeys(frame.column(entry.revision.article) for entry, _ in deeds)):
            self._show_pictures(last, column.address, assets_of(column, frame.newsroom), BANNER)
        self._show_lists(frame, lists[last.revision.id].files(*lists.values()))
        for entry, _ in deeds:
            if entry.withdrawn_at is not None or entry.revision.number > 1:
                shown = () if entry.withdrawn_at else assets_of(entry.revision, frame.newsroom)
                self.keep(folder_of(entry.revision, frame), shown)
            if entry.withdrawn_at is not None:
                self.files.retire(paths[entry.revision.id], _notice(entry, frame))

    def pin(self, entry: Entry, until: datetime | None, catalogue: Catalogue, *, by: str, at: datetime) -> None:
        id, number = entry.revision.id, entry.revision.number
        with catalogue.exclusive():
            frame = self.frame(self.newsroom.with_columns(catalogue.columns()))
            decision = leading.Decision(article=id, revision=number, until=until, at=at, by=by)
            leading.say(self.setting.notebook, decision)
            known = Known(self.files.exists, leads=leading.read(self.setting.notebook))
            self.files.write(*Lists(frame, catalogue, entry, known).home())

    def _leads(self, entry: Entry) -> leading.Leads:
        """What is to lead, with what this article's manuscript says of it."""
        leads = leading.read(self.setting.notebook)
        if entry.withdrawn_at is None and (decision := leading.said(entry.revision, self.newsroom, leads)):
            leading.say(self.setting.notebook, decision)
            return leads.after(decision)
        return leads

    def find(self, delivery: Delivery) -> Receipt:
        path = self._path(delivery)
        seen = self.files.read(path)
        gone = seen is None and self.files.exists(beside(path, "gone"))
        return self.receipt(delivery, self._standing(delivery, seen, gone=gone, staged=self.is_staged(delivery)))

    def evidence(self, delivery: Delivery) -> Evidence:
        path = self._path(delivery)
        seen = self.files.seen(path)
        notice = self.files.notice(path) if seen is None else None
        standing = self._standing(delivery, seen, gone=notice is not None, staged=self.is_staged(delivery))
        if delivery.action is not Action.WITHDRAW and self._shows(delivery, seen):
            # Also if it has been staged once more: what counts here is what the public sees.
            frame = self.frame(delivery.newsroom)
            whole = (
                self._is_listed(delivery, frame)
                and self._hold(folder_of(delivery.revision, frame), assets_of(delivery.revision, frame.newsroom))
                and (not delivery.revision.article.announces or self._column_holds(delivery, frame))
            )
            standing = Standing.LIVE if whole else Standing.ABSENT
        shown = seen if notice is None else notice
        return Evidence(
            url=delivery.configured.permalink(delivery.revision),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(core_of(shown).encode() or shown).hexdigest() if shown else "",
            extract=title_of(shown) if shown else "",
        )

    def asked(self, page: Found | Form, newsroom: Newsroom) -> bytes | None:
        """What was found, or the form (网站找错), at the addresses of the options `search` and `feedback`."""
        frame = self.frame(newsroom)
        there, template = (
            (frame.search, "search.html") if isinstance(page, Found) else (frame.feedback, "feedback.html")
        )
        return frame.document(template, page=page) if there else None

    def check(self) -> list[Problem]:
        columns = self.newsroom.columns
        own = [
            trouble.model_copy(update={"field": "column.address"})
            for column in columns
            if (trouble := _address_trouble(column, columns))
        ]
        return [
            *option_problems(self.setting, OPTIONS),
            *address_problems("feeds", self.frame(self.newsroom).feeds),
            *own,
            *self.files.problems(self.setting),
        ]

    # -- writing: only while the catalogue's lock is held -------------------------------------------------

    def _furnish(self, frame: Frame, lists: Lists, delivery: Delivery) -> None:
        """Put in place what every page loads or links to, if it is missing, and the column's page before whatever
        announces the column."""
        for path, data in assets().items():
            if self._furnished is None or not self.files.exists(path):
                self.files.write(path, data)
        columns = {f"{column.address}/index.html": column for column in frame.newsroom.columns}
        own = frame.column(delivery.revision.article) if delivery.revision.article.announces else None
        if own and is_column_page(self.files.read(f"{own.address}/index.html") or b""):
            own = None
        for path, data in lists.opening(anew=own.id if own else ""):
            if path in columns:
                self._show_pictures(delivery, columns[path].address, assets_of(columns[path], frame.newsroom), BANNER)
            self.files.write(path, data)

    def _show_page(self, frame: Frame, delivery: Delivery, rendition: Rendition) -> None:
        """Move the staged page to its place, without what stands below the article; nothing if it is there already."""
        path, here = frame.newsroom.path(delivery.revision), token(delivery.revision)
        name = _staged_page(frame, rendition)
        bare = self.files.staged(here, name) or page(delivery.revision, frame, rendition.body)
        before = self.files.read(path)
        if before is not None and with_around(before, "") == bare:
            return
        if not self.files.publish(here, name, path):  # the menu has changed since it was prepared, or it is lost
            self.files.write(path, bare)

    def _rewrite(self, lists: Lists, frame: Frame, delivery: Delivery, entry: Entry) -> None:
        """Derive from the catalogue whatever names the article: what stands below articles, the lists, the menu."""
        own = () if entry.withdrawn_at else (entry,)
        for other in (*own, *lists.touched()):
            path = frame.newsroom.path(other.revision)
            if before := self.files.read(path):
                self.files.write(path, with_around(before, lists.around(other)))
        if column := frame.column(entry.revision.article):
            self._show_pictures(delivery, column.address, assets_of(column, frame.newsroom), BANNER)
        self._show_lists(frame, lists.files())
        if announced := entry.revision.article.announces:
            self._settle(lists, frame, delivery, entry, announced.column)

    def _show_lists(self, frame: Frame, lists: Iterable[tuple[str, bytes]]) -> None:
        for path, data in lists:
            self.files.write(path, data)
        for path, template in OF_NEWSROOM.items():
            if self._furnished != frame.newsroom or not self.files.exists(path):
                self.files.write(path, frame.document(template))
        self._furnished = frame.newsroom

    def leading(self, column: Column, delivery: Delivery) -> Mapping[str, bytes]:
        frame = self.frame(delivery.newsroom)
        return {name: _elsewhere(column, below, frame) for name, below in pages_at(delivery.catalogue, column.id)}

    def is_free(self, address: str, newsroom: Newsroom) -> bool:
        return super().is_free(address, newsroom) and not OWN.fullmatch(address)

    def _settle(self, lists: Lists, frame: Frame, delivery: Delivery, entry: Entry, said: Column) -> None:
        """Where the column stood before an announcement, lead to where it stands; where it is no more, say so."""
        column = frame.column(entry.revision.article)
        had = {said.address, *said.former_addresses, *_left(delivery), *lists.announced()}
        had |= {*column.former_addresses} if column else set()
        free = sorted(address for address in had if self.is_free(address, frame.newsroom))
        names = [name for name, _ in pages_at(delivery.catalogue, said.id)]
        if column:
            self.lead(delivery, dict.fromkeys(free, column))
            self.files.prune(column.address, {*names, *(one.name for one in assets_of(column, frame.newsroom))})
        elif entry.withdrawn_at:  # else the newsroom has given it up: its pages stay
            for address in free:
                for name in names:
                    if not self.files.exists(f"{address}/{beside(name, 'gone')}"):
                        self.files.retire(f"{address}/{name}", _column_notice(said, entry, frame))
                self.files.prune(address, {beside(name, "gone") for name in names})
            self.lead(delivery, {})

    def _show_pictures(self, delivery: Delivery, folder: str, shown: Sequence[Asset], staged: str = "") -> None:
        """Put staged pictures in place; make those that were lost, if they do not stand there already."""
        for asset in shown:
            path = f"{folder}/{asset.name}"
            if not self.files.publish(token(delivery.revision), f"{staged}/{asset.name}".lstrip("/"), path) and (
                not self.files.exists(path)
            ):
                self.files.write(path, made(asset, delivery.media))

    # -- reading ------------------------------------------------------------------------------------------

    def _standing(self, delivery: Delivery, seen: bytes | None, *, gone: bool, staged: bool) -> Standing:
        """Where the delivery stands by its page, what is said in its place, and what is staged of it."""
        if delivery.action is Action.WITHDRAW:
            return Standing.LIVE if seen is not None else Standing.WITHDRAWN if gone else Standing.ABSENT
        if staged:  # also if the page is there already: the release was broken off
            return Standing.STAGED
        if self._shows(delivery, seen):
            return Standing.LIVE
        return Standing.WITHDRAWN if gone else Standing.ABSENT

    def _shows(self, delivery: Delivery, seen: bytes | None) -> bool:
        """Whether a page carries exactly this rendition."""
        return seen is not None and delivery.rendition is not None and core_of(seen) == delivery.rendition.body

    def _is_listed(self, delivery: Delivery, frame: Frame) -> bool:
        """Whether one of the column's pages links to the article; True if the newsroom gave the column up."""
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None:
            return False
        column = frame.column(entry.revision.article)
        if column is None:
            return True
        link = f'"{frame.href(self._path(delivery))}"'.encode()
        return any(link in (self.files.seen(path) or b"") for path in pages_listing(entry, column))

    def _hold(self, folder: str, shown: Sequence[Asset]) -> bool:
        """Whether every file of these pictures can be read, in the format and size that the page tells."""
        return all(holds(asset, self.files.seen(f"{folder}/{asset.name}")) for asset in shown)

    def _column_holds(self, delivery: Delivery, frame: Frame) -> bool:
        """Whether the announced column's page says what the last of its announcements says, is in the menu's page, and
        is reached from where it stood before; True if an earlier announcement was withdrawn and took it away."""
        column = frame.column(delivery.revision.article)
        if column is None:
            return True
        page = self.files.seen(f"{column.address}/index.html") or b""
        link = f'href="{frame.column_href(column)}"'.encode()
        return (
            tells_of(page, column)
            and self._hold(column.address, assets_of(column, frame.newsroom))
            and link in (self.files.seen("columns.html") or b"")
            and all(
                self.leads(address, column, "index.html", (page, _elsewhere(column, "", frame)))
                for address in column.former_addresses
                if self.is_free(address, frame.newsroom)
            )
        )

    def _path(self, delivery: Delivery) -> str:
        return delivery.configured.path(delivery.revision)

    def names(self, delivery: Delivery) -> tuple[dict[str, str], str]:
        announced = delivery.revision.article.announces
        ids = {"path": self._path(delivery)}
        if announced:
            left = " ".join(_left(delivery))
            ids |= {"column": announced.column.address, **({"left": left} if left else {})}
        return ids, delivery.configured.permalink(delivery.revision)


def _left(delivery: Delivery) -> list[str]:
    """The addresses that earlier revisions of an announcement gave the column: a correction may give another."""
    announced, ids = delivery.revision.article.announces, delivery.previous.ids if delivery.previous else {}
    had = {*ids.get("left", "").split(), *ids.get("column", "").split()}
    return sorted(had - {announced.column.address if announced else ""})


def _refuse_column(column: Column, newsroom: Newsroom) -> None:
    """Raise `Unpublishable` if the site cannot have such a column."""
    if trouble := _address_trouble(column, newsroom.columns):
        raise Unpublishable(trouble)


def _address_trouble(column: Column, columns: Sequence[Column]) -> Problem | None:
    """What is wrong with a column's address among those of all columns."""
    if OWN.fullmatch(column.address):
        return Problem(
            field="column",
            message=Text.of("the website has a folder {name} of its own", name=column.address),
            remedy=Text.of("give the column {column} another address", column=column.name),
        )
    for other in columns:
        if other.id != column.id and column.address in (other.address, *other.former_addresses):
            return Problem(
                field="column",
                message=Text.of(
                    "the address {name} leads to the column {column}", name=column.address, column=other.name
                ),
                remedy=Text.of("give the column {column} another address", column=column.name),
            )
    return None


def _elsewhere(column: Column, below: str, frame: Frame) -> bytes:
    """What stands in a former place of one of the column's pages."""
    href = f"{frame.column_href(column)}{below}"
    return frame.document("moved.html", column=column, href=href, url=f"{frame.newsroom.column_url(column)}{below}")


def _column_notice(column: Column, entry: Entry, frame: Frame) -> bytes:
    """What stands in the place of a column whose opening was withdrawn."""
    return _gone("column-gone.html", entry, frame, name=column.name)


def _notice(entry: Entry, frame: Frame) -> bytes:
    """What stands in the place of a withdrawn article."""
    return _gone("gone.html", entry, frame, column=frame.column(entry.revision.article))


def _gone(template: str, entry: Entry, frame: Frame, **values: Any) -> bytes:
    return frame.document(
        template,
        withdrawn_at=entry.withdrawn_at,
        reason=NOT_HTML.sub("", entry.reason),
        **values,
    )


def _staged_page(frame: Frame, rendition: Rendition) -> str:
    """The name of a staged page: with another menu, or another rendition, it is another."""
    return f"page-{hashlib.sha256(f'{frame.digest}{rendition.digest}'.encode()).hexdigest()[:16]}.html"
