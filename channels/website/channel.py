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
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import ClassVar
from urllib.parse import urlsplit

from fsspec.implementations.local import LocalFileSystem
from markupsafe import Markup
from PIL import Image as Pillow

from channels.body import NOT_HTML, column_of
from channels.files import Files
from channels.http import Http
from channels.pictures import produce
from channels.website.frame import Frame, assets
from channels.website.lists import Lists, pages_listing, placed_in
from channels.website.page import assets_of, core, core_of, folder_of, is_gone, page, title_of, with_around
from pipeline.article import Newsroom, Revision
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
    Unavailable,
    Unpublishable,
    utc_now,
)

MARK = "core.html"
"""Staged last: where it is, everything is."""
OPTIONS = {"root", "staging", "verify", "feeds"}
OWN = re.compile(r"assets|feeds|sitemaps|app|healthz|[0-9]{4}")
"""Names at the site's root that no column may have."""
READ, TOTAL = 5.0, 8.0
"""Seconds of silence, and for one file, when reading back over HTTP."""


class Website(Channel):
    kind: ClassVar[str] = "website"
    corrects: ClassVar[Correction] = Correction.IN_PLACE

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        root = str(self.options.get("root", "site"))
        remote = bool(urlsplit(root).scheme)
        self.files = Files(root if remote else str(setting.data / root))
        if staging := str(self.options.get("staging", "")):
            self.files.staging = Files(staging if urlsplit(staging).scheme else str(setting.data / staging)).root
        elif not remote:
            self.files.staging = Files(str(setting.data / self.outlet.id / "staging")).root
        self._http = Http(read=READ, total=TOTAL, limit=64 * 2**20)
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

    def prepare(self, delivery: Delivery) -> Receipt:
        if delivery.rendition is None:  # a withdrawal needs no preparation
            return self._receipt(delivery, Standing.STAGED)
        token = _token(delivery.revision)
        for asset in delivery.rendition.assets:
            self.files.stage(token, asset.name, _made(asset, delivery.media))
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
        seen = self._read(self._path(delivery))
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
        problems = [
            Problem(
                field=option,
                message=Text.of("the kind website has no option {option}", option=option),
                remedy=Text.of("use one of {options}", options=", ".join(sorted(OPTIONS))),
            )
            for option in sorted(set(self.options) - OPTIONS)
        ]
        for field, address in (("site.url", self.newsroom.site.url), ("feeds", self.frame(self.newsroom).feeds)):
            parts = urlsplit(address)
            if address and (parts.scheme not in ("http", "https") or not parts.hostname):
                problems.append(
                    Problem(
                        field=field,
                        message=Text.of("{address} is no web address", address=address),
                        remedy=Text.of("write it in full, with https:// or http:// and the host's name"),
                    )
                )
        problems += [
            Problem(
                field="column.id",
                message=Text.of("the website has a folder {name} of its own", name=column.id),
                remedy=Text.of("give the column {column} another id", column=column.name),
            )
            for column in self.newsroom.columns
            if OWN.fullmatch(column.id)
        ]
        if self.options.get("verify", "storage") not in ("storage", "http"):
            problems.append(
                Problem(
                    field="verify",
                    message=Text.of("verify is {value}", value=str(self.options["verify"])),
                    remedy=Text.of('write "storage" or "http"'),
                )
            )
        try:
            self.files.stage(".check", "writable", b"")
            self.files.discard(".check")
            self.files.write(".writable", b"")
            self.files.delete(".writable")
        except Unavailable as trouble:
            problems.append(trouble.problem)
        return problems

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
            if not self._move(
                f"{self.files.staging}/{_token(revision)}/{asset.name}", f"{self.files.root}/{path}"
            ) and (not self.files.exists(path)):
                self.files.write(path, _made(asset, media))

    def _move(self, staged: str, public: str) -> bool:
        """Rename a file, which was synced when it was staged; False if it is not there."""
        with _trouble(public):
            try:
                if isinstance(self.files.fs, LocalFileSystem):
                    os.makedirs(os.path.dirname(public), exist_ok=True)
                    os.replace(staged, public)
                else:
                    self.files.fs.mv(staged, public)
            except FileNotFoundError:
                return False
        return True

    def _drop_pictures(self, entry: Entry, frame: Frame) -> None:
        """Delete what the article no longer shows: a picture may be what was wrong."""
        shown = set() if entry.withdrawn_at else {asset.name for asset in assets_of(entry.revision.article)}
        folder = folder_of(entry.revision, frame)
        with _trouble(folder):
            self.files.fs.invalidate_cache(f"{self.files.root}/{folder}")
            there = [str(found).rpartition("/")[2] for found in self.files.fs.find(f"{self.files.root}/{folder}")]
        for name in there:
            if name not in shown:
                self.files.delete(f"{folder}/{name}")

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
        column = placed_in(entry, delivery.newsroom, delivery.catalogue)
        if column not in {one.id for one in delivery.newsroom.columns}:
            return True
        link = f'"{self.frame(delivery.newsroom).href(self._path(delivery))}"'.encode()
        return any(link in (self._read(path) or b"") for path in pages_listing(entry, column))

    def _pictures_hold(self, delivery: Delivery) -> bool:
        """Whether every file of the pictures can be read, in the format and size that the page tells."""
        frame = self.frame(delivery.newsroom)
        return all(
            _is_picture(asset, self._read(f"{folder_of(delivery.revision, frame)}/{asset.name}"))
            for asset in assets_of(delivery.revision.article)
        )

    def _read(self, path: str) -> bytes | None:
        """A public file as the public gets it, or as it lies in the storage, by the option `verify`."""
        if self.options.get("verify", "storage") != "http":
            return self.files.read(path)
        address = f"{self.newsroom.site.url}/{path}"
        answer = self._http.get(address, headers={"Cache-Control": "no-cache"}, expected=(404, 410), follow=True)
        return None if answer.status == 404 else answer.body

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


def _made(asset: Asset, media: Media) -> bytes:
    """The derivative's bytes; raises `Unpublishable` if the picture is not there or is none."""
    try:
        return produce(asset, media.read(asset.source))
    except (KeyError, OSError) as error:
        raise Unpublishable(
            Problem(
                field="images",
                message=Text.of("the picture {picture} cannot be read", picture=asset.source[:16]),
                remedy=Text.of("submit the article again with the picture as JPEG, PNG, GIF or WebP"),
            ),
            detail=repr(error),
        ) from error


def _is_picture(asset: Asset, data: bytes | None) -> bool:
    try:
        with Pillow.open(io.BytesIO(data or b"")) as opened:
            opened.load()
            return Pillow.MIME.get(opened.format or "") == asset.media_type and opened.size == (
                asset.width,
                asset.height,
            )
    except (OSError, SyntaxError, ValueError):  # none, cut off, or another file
        return False


@contextmanager
def _trouble(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            Problem(
                field="storage",
                message=Text.of("cannot use {path}: {reason}", path=path, reason=error.strerror or str(error)),
                remedy=Text.of("check that the folder exists, is writable and has space left"),
            ),
            detail=repr(error),
        ) from error
