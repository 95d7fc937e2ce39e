"""The `website` kind: the county government's website as static files, complete and ready to be served.

    2026/11/a1.html            the article's page; once it is withdrawn, the notice that is answered with 410
    2026/11/a1/…               its pictures
    index.html, {column}/…     and the other lists: see `lists`
    404.html  robots.txt  favicon.svg  assets/…

Options: `root` (a folder, relative to the data folder, or an fsspec URL; default "site"), `staging` (where prepared
files wait; default a folder of the data folder, or `root` + ".staging" for a URL), `verify` ("storage", or "http" to
read back from the public address), `feeds` (the feeds' public address; default that of the newsroom's channel of
kind `feeds`; "" for none).

A release writes the same few files however many articles there are, all under the catalogue's lock: what the article
needs, then its page, then what links to it. What it has staged is cleared last, so that a release broken off in the
middle is seen by `find` and repeated.
"""

from __future__ import annotations

import hashlib
import re
from functools import partial
from mimetypes import guess_type
from typing import ClassVar

from markupsafe import Markup

from channels import files
from channels.body import NOT_HTML, column_of
from channels.files import Files
from channels.options import address_problems, unknown_options
from channels.pictures import data_uri, holds, made
from channels.website.frame import Frame, assets
from channels.website.lists import Lists, pages_listing
from channels.website.page import assets_of, core, core_of, folder_of, is_gone, page, title_of, with_around
from pipeline.article import Newsroom, Revision
from pipeline.channel import (
    GONE,
    Action,
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
    utc_now,
)

MARK = "core.html"
"""Staged last: where it is, everything is."""
OPTIONS = {*files.OPTIONS, "feeds"}
OWN = re.compile(r"assets|feeds|sitemaps|app|tv|hooks|healthz|[0-9]{4}")
"""Names at the site's root that no column may have."""


class Website(Channel):
    kind: ClassVar[str] = "website"
    corrects: ClassVar[Correction] = Correction.IN_PLACE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.files = Files.of(setting, "site", f"{setting.newsroom.site.url}/")
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
        return Rendition.of("text/html", core(revision, self.frame(newsroom)), assets_of(revision.article))

    def preview(self, revision: Revision, rendition: Rendition, media: Media) -> tuple[str, bytes]:
        """The whole page with its style and pictures inside it."""
        frame = self.frame(self.newsroom)
        folder = frame.href(folder_of(revision, frame))
        inside = {frame.href(path): data_uri(guess_type(path)[0] or "", data) for path, data in assets().items()}
        inside |= {
            f"{folder}/{asset.name}": data_uri(asset.media_type, made(asset, media)) for asset in rendition.assets
        }
        shown = page(revision, frame, rendition.body, "").decode()
        for href, uri in inside.items():
            shown = shown.replace(href, uri)
        return "text/html", shown.encode()

    def prepare(self, delivery: Delivery) -> Receipt:
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return self._receipt(delivery, Standing.STAGED)
        token = _token(delivery.revision)
        for asset in delivery.rendition.assets:
            self.files.stage(token, asset.name, made(asset, delivery.media))
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
            self._furnish(frame, lists)
            self._show_pictures(entry.revision, frame, delivery.media)
            path = frame.newsroom.path(entry.revision)
            self.files.write(path, page(entry.revision, frame, delivery.rendition.body, lists.around(entry)))
            self._rewrite(lists, frame)
            if entry.revision.number > 1:
                self._drop_pictures(entry, frame)
            self._unstage(entry.revision)
        return self._receipt(delivery, Standing.LIVE)

    def withdraw(self, delivery: Delivery) -> Receipt:
        with delivery.catalogue.exclusive():
            self._unstage(delivery.revision)
            entry = delivery.catalogue.entry(delivery.revision.id)
            if entry is None or entry.withdrawn_at is None:
                return self.find(delivery)
            frame = self.frame(delivery.newsroom)
            lists = Lists(frame, delivery.catalogue, entry, self.files.exists)
            self._furnish(frame, lists)
            self._rewrite(lists, frame)
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
            whole = self._is_listed(delivery) and self._pictures_hold(delivery)
            standing = Standing.LIVE if whole else Standing.ABSENT
        return Evidence(
            url=delivery.newsroom.permalink(delivery.revision),
            at=utc_now(),
            standing=standing,
            digest=hashlib.sha256(core_of(seen).encode() or seen).hexdigest() if seen else "",
            extract=title_of(seen) if seen else "",
        )

    def check(self) -> list[Problem]:
        own = [
            Problem(
                field="column.id",
                message=Text.of("the website has a folder {name} of its own", name=column.id),
                remedy=Text.of("give the column {column} another id", column=column.name),
            )
            for column in self.newsroom.columns
            if OWN.fullmatch(column.id)
        ]
        return [
            *unknown_options(self.setting, OPTIONS),
            *address_problems("feeds", self.frame(self.newsroom).feeds),
            *own,
            *self.files.problems(self.setting),
        ]

    # -- writing: only while the catalogue's lock is held -------------------------------------------------

    def _furnish(self, frame: Frame, lists: Lists) -> None:
        """Put in place what every page loads or links to, if it is missing; once a process, also if it changed."""
        standing = {path: partial(bytes, data) for path, data in assets().items()}
        standing |= {path: partial(frame.document, path) for path in ("404.html", "robots.txt")}
        changed = self._furnished != frame.newsroom
        for path, content in standing.items():
            if changed or not self.files.exists(path):
                self.files.write(path, content())
        for path, data in lists.opening():
            self.files.write(path, data)
        self._furnished = frame.newsroom

    def _rewrite(self, lists: Lists, frame: Frame) -> None:
        """Derive from the catalogue whatever names the article: other articles' pages, then the lists."""
        for other in lists.touched():
            path = frame.newsroom.path(other.revision)
            if before := self.files.read(path):
                self.files.write(path, with_around(before, lists.around(other)))
        for path, data in lists.files():
            self.files.write(path, data)

    def _show_pictures(self, revision: Revision, frame: Frame, media: Media) -> None:
        """Put the staged pictures in place; make those that were lost, if they do not stand there already."""
        for asset in assets_of(revision.article):
            path = f"{folder_of(revision, frame)}/{asset.name}"
            if not self.files.publish(_token(revision), asset.name, path) and not self.files.exists(path):
                self.files.write(path, made(asset, media))

    def _drop_pictures(self, entry: Entry, frame: Frame) -> None:
        """Delete what the article no longer shows: a picture may be what was wrong."""
        shown = () if entry.withdrawn_at else assets_of(entry.revision.article)
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

    def _is_listed(self, delivery: Delivery) -> bool:
        """Whether one of the column's pages links to the article; True if the newsroom gave the column up."""
        entry = delivery.catalogue.entry(delivery.revision.id)
        if entry is None:
            return False
        column = entry.revision.article.column
        if column not in {one.id for one in delivery.newsroom.columns}:
            return True
        link = f'"{self.frame(delivery.newsroom).href(self._path(delivery))}"'.encode()
        return any(link in (self.files.seen(path) or b"") for path in pages_listing(entry, column))

    def _pictures_hold(self, delivery: Delivery) -> bool:
        """Whether every file of the pictures can be read, in the format and size that the page tells."""
        frame = self.frame(delivery.newsroom)
        return all(
            holds(asset, self.files.seen(f"{folder_of(delivery.revision, frame)}/{asset.name}"))
            for asset in assets_of(delivery.revision.article)
        )

    def _path(self, delivery: Delivery) -> str:
        return delivery.newsroom.path(delivery.revision)

    def _receipt(self, delivery: Delivery, standing: Standing) -> Receipt:
        return Receipt(
            standing=standing,
            ids={"path": self._path(delivery)},
            url=delivery.newsroom.permalink(delivery.revision),
        )


def _notice(entry: Entry, frame: Frame) -> bytes:
    """What stands in the place of a withdrawn article."""
    try:
        column = column_of(entry.revision.article, frame.newsroom)
    except Unpublishable:  # the newsroom gave it up
        column = None
    return frame.document(
        "gone.html",
        gone=Markup(GONE.decode()),  # noqa: S704 - a comment
        column=column,
        withdrawn_at=entry.withdrawn_at,
        reason=NOT_HTML.sub("", entry.reason),
    )


def _token(revision: Revision, number: int = 0) -> str:
    """Where a revision is staged."""
    return f"{revision.id}.{number or revision.number}"
