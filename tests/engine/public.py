"""What the public sees of a newsroom in its files: every page, every feed, looked at again and again.

An article's body says which revision it is (`TEXT`), so that a page or an item of a feed tells for itself.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

from lxml import etree

from channels.feeds.documents import ATOM, Form
from channels.storage import INSIDE
from pipeline.article import Newsroom, addresses, ids
from pipeline.channel import Action
from pipeline.newsroom import Configuration
from pipeline.record.report import Report
from tests.engine.judge import Command, Deed

TEXT = re.compile(r"第(\d+)件第(\d+)版")
"""What every body says of itself: the article's number in the plan and the revision."""
COARSE = timedelta(milliseconds=20)
"""How far a file's time may be behind the clock."""


class Seen(NamedTuple):
    """One article in a public file: the revision its text names; None: a notice stands in its place."""

    article: str
    revision: int | None


class Page(HTMLParser):
    """The links of a page."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


class PublicFiles:
    """The public folder, read as the public reads it."""

    def __init__(self, configuration: Configuration) -> None:
        self.newsroom: Newsroom = configuration.newsroom
        self.root = configuration.site
        self.guid = self.newsroom.guid("")

    def pages(self) -> Iterator[Path]:
        """The articles' own pages, and the notices in the place of those that are there no more."""
        live = {path for path in self.root.glob("[0-9]*/[0-9]*/a*.html") if re.match(ids.ARTICLE, path.stem)}
        notices = self.root.glob("[0-9]*/[0-9]*/a*.gone.html")
        return iter([*live, *(path for path in notices if path.with_name(path.name.replace(".gone", "")) not in live)])

    def page(self, path: Path) -> Seen:
        content = path.read_bytes()
        if path.name.endswith(".gone.html"):
            return Seen(path.name.partition(".")[0], None)
        found = {int(revision) for _, revision in TEXT.findall(content.decode())}
        assert len(found) == 1, f"{path} shows revisions {found}"
        return Seen(path.stem, found.pop())

    def feed_files(self, form: Form, column: str = "") -> list[Path]:
        suffix = "json" if form is Form.JSON else "xml"
        folder = self.root / "feeds" / column
        return [*folder.glob(f"{form}.{suffix}"), *folder.glob(f"{form}-[0-9]*.{suffix}")]

    def items(self, form: Form, content: bytes) -> list[Seen]:
        """The items of one document, in its order."""
        if form is Form.JSON:
            pairs = [(one["id"], one["content_html"]) for one in json.loads(content)["items"]]
        else:
            item, guid = {Form.RSS: ("item", "guid"), Form.ATOM: (f"{{{ATOM}}}entry", f"{{{ATOM}}}id")}[form]
            pairs = [(str(one.findtext(guid)), "".join(one.itertext())) for one in etree.fromstring(content).iter(item)]
        seen = []
        for guid, text in pairs:
            revisions = {int(revision) for _, revision in TEXT.findall(text)}
            assert len(revisions) < 2, f"{guid} shows revisions {revisions}"
            seen.append(Seen(guid.removeprefix(self.guid), revisions.pop() if revisions else None))
        return seen

    def faults(self, last: Mapping[str, Command], columns: Mapping[str, str]) -> Iterator[str]:
        """What is wrong with everything around the pages: all feeds, the lists, what should not be there at all.

        `columns`: every article's.
        """
        for form in Form:
            for folder in ("", *(column.id for column in self.newsroom.columns)):
                here = {one: command for one, command in last.items() if folder in ("", columns[one])}
                yield from self._feed_faults(form, folder, here)
        yield from self._list_faults(last)
        for path in self.root.rglob("*"):
            inside = next((one for one in path.parents if one.name == INSIDE), None)
            hidden = inside is not None and inside.stat().st_mode & 0o777 == 0o700
            there = str(path.relative_to(self.root))
            if path.is_file() and not hidden and ("staging" in there or path.name.startswith(".")):
                yield f"{there} lies in the public folder"

    def _feed_faults(self, form: Form, folder: str, last: Mapping[str, Command]) -> Iterator[str]:
        shown: dict[str, set[int | None]] = {}
        for path in self.feed_files(form, folder):
            items = self.items(form, path.read_bytes())
            for known, count in Counter(item.article for item in items).items():
                if count > 1:
                    yield f"{path.relative_to(self.root)} has {known} {count} times"
            for item in items:
                shown.setdefault(item.article, set()).add(item.revision)
        for known, revisions in shown.items():
            if known not in last:
                yield f"{form} of {folder} shows {known}, which is of another column"
                continue
            command = last[known]
            wanted = None if command.action is Action.WITHDRAW else command.revision
            if revisions != {wanted}:
                yield f"{form} of {folder or 'the site'} shows {known} as {revisions}, should be {wanted}"
        live = {one for one, command in last.items() if command.action is not Action.WITHDRAW}
        if missing := live - shown.keys():
            yield f"{form} of {folder or 'the site'} has not {sorted(missing)}"

    def _list_faults(self, last: Mapping[str, Command]) -> Iterator[str]:
        """Every link on every page that stays on the site leads to a file; no list links to a withdrawn article."""
        own = urlsplit(self.newsroom.site.url)
        gone = {one for one, command in last.items() if command.action is Action.WITHDRAW}
        listed: set[str] = set()
        for path in sorted(self.root.rglob("*.html")):
            here = path.relative_to(self.root).as_posix()
            article = bool(re.fullmatch(r"\d+/\d+/a[0-9a-z]+", here.removesuffix(".html")))
            for link in Page(path.read_text(encoding="utf-8")).links:
                target = urlsplit(urljoin(f"{self.newsroom.site.url}/{here}", link))
                if target.netloc != own.netloc or target.scheme != own.scheme or link.startswith("#"):
                    continue
                place = unquote(target.path).lstrip("/")
                if place in ("search", "feedback"):  # the server's own
                    continue
                there = self.root / (f"{place}index.html" if place.endswith("/") or not place else place)
                told = (there.with_name(addresses.beside(there.name, what)) for what in ("gone", "moved"))
                if not there.is_file() and not (there.name == "index.html" and any(one.is_file() for one in told)):
                    yield f"{here} links to {target.path}, which is not there"
                elif there.stem in gone and there.stem != path.stem:
                    yield f"{here} links to {there.stem}, which is withdrawn"
                elif not article:
                    listed.add(there.stem)
        live = {one for one, command in last.items() if command.action is not Action.WITHDRAW}
        if missing := live - listed:
            yield f"no list has {sorted(missing)}"


class Observer(threading.Thread):
    """Somebody of the public who looks at the files again and again: what was seen first, and when it was written."""

    def __init__(self, files: PublicFiles) -> None:
        super().__init__(name="observer")
        self.files = files
        self.journals: dict[str, list[Deed]] = {"website": [], "feeds": []}
        self.public: dict[str, dict[str, tuple[int, ...]]] = {"website": {}, "feeds": {}}
        self.errors: list[str] = []
        self._ended = threading.Event()
        self._looked: dict[Path, int] = {}
        self._shown: dict[Path, dict[str, tuple[int, ...]]] = {}

    def run(self) -> None:
        while not self._ended.wait(0.1):
            self.look()

    def end(self) -> None:
        """Stop looking, after a last look."""
        self._ended.set()
        self.join()
        self._looked.clear()
        self.look()

    def look(self) -> None:
        for path in self.files.pages():
            self._see("website", path, lambda path, _: [self.files.page(path)])
        for path in self.files.feed_files(Form.RSS):
            self._see("feeds", path, lambda _, content: self.files.items(Form.RSS, content))

    def _see(self, channel: str, path: Path, read: Callable[[Path, bytes], list[Seen]]) -> None:
        try:
            written = path.stat().st_ctime_ns  # when it was put in its place, not when it was written
            if self._looked.get(path) == written:
                return
            seen = read(path, path.read_bytes())
        except FileNotFoundError:
            return
        except Exception as error:
            self.errors.append(f"{path}: {error!r}")
            return
        self._looked[path] = written
        at = datetime.fromtimestamp(written / 1e9, UTC)
        public, journal, shown = self.public[channel], self.journals[channel], self._shown.setdefault(path, {})
        for article, revision in seen:
            now = () if revision is None else (revision,)
            before = public.get(article)
            # What a document still shows is no news: of several that show an article one is written after the other.
            if shown.get(article) == now or now == before:
                shown[article] = now
                continue
            shown[article] = now
            public[article] = now
            if revision is not None:
                journal.append(Deed(article, revision, "publish", at))
            else:  # the notice of what was never seen is there too, where it was public only for a moment
                journal.append(Deed(article, before[0] if before else 0, "withdraw", at))


def before_the_gate(reports: Sequence[Report], journals: Mapping[str, Sequence[Deed]]) -> Iterator[str]:
    """Revisions that became public somewhere before the common instant, or before all channels had been prepared."""
    staged: dict[tuple[str, int], dict[str, datetime]] = {}
    first: dict[tuple[str, int], tuple[datetime, str]] = {}
    for channel, journal in journals.items():
        for deed in journal:
            about = (deed.article, deed.revision)
            if deed.action == "stage":
                staged.setdefault(about, {}).setdefault(channel, deed.at)
            elif deed.action == "publish":
                first[about] = min(first.get(about, (deed.at, channel)), (deed.at, channel))
    for report in reports:
        if report.action is Action.WITHDRAW:
            continue
        # What has been overtaken is left out of its rollout; whatever else is in it goes through the gate together.
        gone_out = {one.article for one in report.deliveries if one.released_at is not None}
        for published in report.articles:
            about = (published.article, published.revision)
            if about not in first:
                continue
            at, channel = first[about]
            if report.release_at is None or at < report.release_at - COARSE:
                yield (
                    f"early: {published.article} revision {published.revision} was public on {channel} at "
                    f"{at.isoformat()}, the common instant is {report.release_at and report.release_at.isoformat()}"
                )
            parts = [one for one in report.deliveries if one.article == published.article or one.article in gone_out]
            prepared = {(one.article, one.channel): one.prepared_at for one in parts if one.required}
            prepared |= {(published.article, other): moment for other, moment in staged.get(about, {}).items()}
            for (article, other), moment in prepared.items():
                if moment is None or moment > at:
                    yield (
                        f"half: {published.article} revision {published.revision} was public on {channel} at "
                        f"{at.isoformat()}, but {article} prepared on {other} "
                        f"{'never' if moment is None else f'at {moment.isoformat()}'}"
                    )
