"""The `website` kind: the county government's website as static files, complete and ready to be served.

    2026/11/a1.html            the article's page; once it is withdrawn, the notice that is answered with 410
    2026/11/a1/…               its pictures
    index.html, {address}/…    and the other lists, a column's pages at its address: see `lists`
    404.html  robots.txt  favicon.svg  assets/…

Options: `root` (a folder, relative to the data folder, or an fsspec URL; default "site"), `staging` (where prepared
files wait; default a folder of the data folder, or `root` + ".staging" for a URL), `verify` ("storage", or "http" to
read back from the public address), `feeds` (the feeds' public address; default that of the newsroom's channel of
kind `feeds`; "" for none).

`prepare` stages the whole page, ready to be moved to its place: then the article stands in public (`Receipt.at`). A
release writes the same few files however many articles there are, all under the catalogue's lock: what the article
needs, then its page, then what links to it. What it has staged is cleared last, so that a release broken off in the
middle is seen by `find` and repeated.

A column's opening, renaming or closing writes all of the column's pages, with what it says of the column. Where the
column stood before leads to where it stands; where it no longer stands at all, that is said (410).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from mimetypes import guess_type
from typing import Any, ClassVar

from markupsafe import Markup

from channels import files
from channels.body import NOT_HTML
from channels.files import Files
from channels.options import address_problems, unknown_options
from channels.pictures import data_uri, holds, made
from channels.website.frame import Frame, assets, compile_templates
from channels.website.lists import Lists, pages_listing
from channels.website.page import (
    assets_of,
    core,
    core_of,
    folder_of,
    is_column_page,
    is_gone,
    page,
    tells_of,
    title_of,
    with_around,
)
from pipeline.article import Column, Newsroom, Revision
from pipeline.channel import (
    GONE,
    Action,
    Asset,
    Channel,
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
    mark_of,
    moved,
    utc_now,
)

MARK = "core.html"
"""Staged last: where it is, everything is."""
BANNER = "column"
"""Where the banner of a column's own pages is staged."""
OPTIONS = {*files.OPTIONS, "feeds"}
OWN = re.compile(r"assets|feeds|sitemaps|app|tv|hooks|healthz|[0-9]{4}")
"""Names at the site's root that no column may have for its address."""
ADDRESS = re.compile(r"[a-z0-9][a-z0-9-]*")


class Website(Channel):
    kind: ClassVar[str] = "website"
    corrects: ClassVar[Correction] = Correction.IN_PLACE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.files = Files.of(setting, "site", f"{setting.newsroom.site.url}/")
        compile_templates()
        self._furnished: Newsroom | None = None
        """The newsroom whose standing files this process has written."""

    def frame(self, newsroom: Newsroom) -> Frame:
        """What all pages share. The feeds' address comes from the options, else from the newsroom's feeds."""
        outlet = next((one for one in newsroom.outlets if one.kind == "feeds"), None)
        default = str(outlet.options.get("url") or f"{newsroom.site.url}/feeds/") if outlet else ""
        feeds = str(self.options.get("feeds", default))
        return Frame(newsroom=newsroom, feeds=f"{feeds.rstrip('/')}/" if feeds else "")

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

    def prepare(self, delivery: Delivery) -> Receipt:
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return self._receipt(delivery, Standing.STAGED)
        revision, token = delivery.revision, _token(delivery.revision)
        frame = self.frame(delivery.newsroom.after(revision))
        announced = revision.article.announces
        banner = assets_of(announced.column, frame.newsroom) if announced else ()
        for asset in dict.fromkeys((*delivery.rendition.assets, *banner)):
            data = made(asset, delivery.media)
            if asset in delivery.rendition.assets:
                self.files.stage(token, asset.name, data)
            if asset in banner:
                self.files.stage(token, f"{BANNER}/{asset.name}", data)
        self.files.stage(token, _staged_page(frame, delivery.rendition), page(revision, frame, delivery.rendition.body))
        self.files.stage(token, MARK, delivery.rendition.body.encode())
        return self._receipt(delivery, Standing.STAGED)

    def release(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            entry = delivery.catalogue.entry(delivery.revision.id)
            if (
                delivery.rendition is None
                or entry is None
                or entry.withdrawn_at is not None
                or entry.revision.number != delivery.revision.number
            ):
                return self.find(delivery)
            frame = self.frame(delivery.newsroom)
            lists = Lists(frame, delivery.catalogue, entry, self.files.exists)
            self._furnish(frame, lists, delivery)
            self._show_pictures(delivery, folder_of(entry.revision, frame), assets_of(entry.revision, frame.newsroom))
            self._show_page(frame, delivery, delivery.rendition)
            taken = utc_now()
            self._rewrite(lists, frame, delivery, entry)
            if entry.revision.number > 1:
                self._drop_pictures(entry, frame)
            self._unstage(entry.revision)
        return self._receipt(delivery, Standing.LIVE).model_copy(update={"at": taken})

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            self._unstage(delivery.revision)
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is None or entry.withdrawn_at is None:
                return self.find(delivery)
            frame = self.frame(delivery.newsroom)
            lists = Lists(frame, delivery.catalogue, entry, self.files.exists)
            self._furnish(frame, lists, delivery)
            self._rewrite(lists, frame, delivery, entry)
            self._drop_pictures(entry, frame)
            # Last, so that `find` says WITHDRAWN only when all of it is done.
            self.files.write(frame.newsroom.path(entry.revision), _notice(entry, frame))
        return self._receipt(delivery, Standing.WITHDRAWN)

    def find(self, delivery: Delivery) -> Receipt:
        seen = self.files.read(self._path(delivery))
        return self._receipt(delivery, self._standing(delivery, seen, staged=self._staged(delivery)))

    def verify(self, delivery: Delivery) -> Evidence:
        seen = self.files.seen(self._path(delivery))
        standing = self._standing(delivery, seen, staged=self._staged(delivery))
        if delivery.action is not Action.WITHDRAW and self._shows(delivery, seen):
            # Also if it has been staged once more: what counts here is what the public sees.
            frame = self.frame(delivery.newsroom)
            whole = (
                self._is_listed(delivery, frame)
                and self._hold(folder_of(delivery.revision, frame), assets_of(delivery.revision, frame.newsroom))
                and (not delivery.revision.article.announces or self._column_holds(delivery, frame))
            )
            standing = Standing.LIVE if whole else Standing.ABSENT
        return Evidence(
            url=delivery.configured.permalink(delivery.revision),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(core_of(seen).encode() or seen).hexdigest() if seen else "",
            extract=title_of(seen) if seen else "",
        )

    def check(self) -> list[Problem]:
        columns = self.newsroom.columns
        own = [
            trouble.model_copy(update={"field": "column.address"})
            for column in columns
            if (trouble := _address_trouble(column, columns))
        ]
        return [
            *unknown_options(self.setting, OPTIONS),
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
        path, token = frame.newsroom.path(delivery.revision), _token(delivery.revision)
        name = _staged_page(frame, rendition)
        bare = self.files.staged(token, name) or page(delivery.revision, frame, rendition.body)
        before = self.files.read(path)
        if before is not None and with_around(before, "") == bare:
            return
        if not self.files.publish(token, name, path):  # the menu has changed since it was prepared, or it is lost
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
        for path, data in lists.files():
            self.files.write(path, data)
        for path in ("columns.html", "404.html", "robots.txt"):
            if self._furnished != frame.newsroom or not self.files.exists(path):
                self.files.write(path, frame.document(path))
        self._furnished = frame.newsroom
        if entry.revision.article.announces:
            self._settle(lists, frame, delivery, entry, entry.revision.article.announces.column)

    def _settle(self, lists: Lists, frame: Frame, delivery: Delivery, entry: Entry, said: Column) -> None:
        """Where the column stood before an announcement, lead to where it stands; where it is no more, say so."""
        column = frame.column(entry.revision.article)
        addresses = {said.address, *said.former_addresses}
        if delivery.previous:  # a correction may give another address than the one before
            addresses.add(delivery.previous.ids.get("column", ""))
        addresses |= {*column.former_addresses} if column else lists.announced()
        for address in _free(addresses, frame.newsroom):
            pages = lists.pages_at(address)
            for path, below in pages:
                if column:
                    self.files.write(path, _elsewhere(column, below, frame))
                elif entry.withdrawn_at and not is_gone(self.files.read(path) or b""):
                    self.files.write(path, _column_notice(said, entry, frame))
            self.files.prune(address, {path.rpartition("/")[2] for path, _ in pages})
        if column:
            names = {path.rpartition("/")[2] for path, _ in lists.pages_at(column.address)}
            self.files.prune(column.address, names | {asset.name for asset in assets_of(column, frame.newsroom)})

    def _show_pictures(self, delivery: Delivery, folder: str, shown: Sequence[Asset], staged: str = "") -> None:
        """Put staged pictures in place; make those that were lost, if they do not stand there already."""
        for asset in shown:
            path = f"{folder}/{asset.name}"
            if not self.files.publish(_token(delivery.revision), f"{staged}/{asset.name}".lstrip("/"), path) and (
                not self.files.exists(path)
            ):
                self.files.write(path, made(asset, delivery.media))

    def _drop_pictures(self, entry: Entry, frame: Frame) -> None:
        """Delete what the article no longer shows: a picture may be what was wrong."""
        shown = () if entry.withdrawn_at else assets_of(entry.revision, frame.newsroom)
        self.files.prune(folder_of(entry.revision, frame), {asset.name for asset in shown})

    def _unstage(self, revision: Revision) -> None:
        """Forget what was prepared of this revision and of those before it."""
        for number in range(1, revision.number + 1):
            self.files.discard(_token(revision, number))

    # -- reading ------------------------------------------------------------------------------------------

    def _standing(self, delivery: Delivery, seen: bytes | None, *, staged: bool) -> Standing:
        """Where the delivery stands by its page, and by what is staged of it."""
        gone = seen is not None and is_gone(seen)
        if delivery.action is Action.WITHDRAW:
            return Standing.WITHDRAWN if gone else Standing.ABSENT if seen is None else Standing.LIVE
        if staged:  # also if the page is there already: the release was broken off
            return Standing.STAGED
        if self._shows(delivery, seen):
            return Standing.LIVE
        return Standing.WITHDRAWN if gone else Standing.ABSENT

    def _shows(self, delivery: Delivery, seen: bytes | None) -> bool:
        """Whether a page carries exactly this rendition."""
        return (
            seen is not None
            and delivery.rendition is not None
            and not is_gone(seen)
            and core_of(seen) == delivery.rendition.body
        )

    def _staged(self, delivery: Delivery) -> bool:
        return delivery.rendition is not None and (
            self.files.staged(_token(delivery.revision), MARK) == delivery.rendition.body.encode()
        )

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
                there == page or mark_of(there) == moved(frame.column_href(column))
                for address in _free(column.former_addresses, frame.newsroom)
                for there in [self.files.seen(f"{address}/index.html") or b""]
            )
        )

    def _path(self, delivery: Delivery) -> str:
        return delivery.configured.path(delivery.revision)

    def _receipt(self, delivery: Delivery, standing: Standing) -> Receipt:
        announced = delivery.revision.article.announces
        return Receipt(
            standing=standing,
            ids={"path": self._path(delivery), **({"column": announced.column.address} if announced else {})},
            url=delivery.configured.permalink(delivery.revision),
        )


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


def _free(addresses: Iterable[str], newsroom: Newsroom) -> list[str]:
    """Those of former addresses where no column stands now."""
    taken = {column.address for column in newsroom.columns}
    return sorted(one for one in {*addresses} - taken if ADDRESS.fullmatch(one) and not OWN.fullmatch(one))


def _elsewhere(column: Column, below: str, frame: Frame) -> bytes:
    """What stands in a former place of one of the column's pages."""
    href = f"{frame.column_href(column)}{below}"
    mark = Markup(moved(href).decode())  # noqa: S704 - a comment
    return frame.document(
        "moved.html", mark=mark, column=column, href=href, url=f"{frame.newsroom.column_url(column)}{below}"
    )


def _column_notice(column: Column, entry: Entry, frame: Frame) -> bytes:
    """What stands in the place of a column whose opening was withdrawn."""
    return _gone("column-gone.html", entry, frame, name=column.name)


def _notice(entry: Entry, frame: Frame) -> bytes:
    """What stands in the place of a withdrawn article."""
    return _gone("gone.html", entry, frame, column=frame.column(entry.revision.article))


def _gone(template: str, entry: Entry, frame: Frame, **values: Any) -> bytes:
    return frame.document(
        template,
        mark=Markup(GONE.decode()),  # noqa: S704 - a comment
        withdrawn_at=entry.withdrawn_at,
        reason=NOT_HTML.sub("", entry.reason),
        **values,
    )


def _token(revision: Revision, number: int = 0) -> str:
    """Where a revision is staged."""
    return f"{revision.id}.{number or revision.number}"


def _staged_page(frame: Frame, rendition: Rendition) -> str:
    """The name of a staged page: with another menu, or another rendition, it is another."""
    return f"page-{hashlib.sha256(f'{frame.digest}{rendition.digest}'.encode()).hexdigest()[:16]}.html"
