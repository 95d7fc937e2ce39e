"""What caches between the site and its readers may still hold, and how those that can be told are told to drop it.

That they let go by themselves within `served.LIFETIME` is the promise; to tell them (`[[site.purge]]`) makes it sooner.
So nobody who cannot be told is waited for longer than that, and nothing is lost if the list of what to tell is: it is
written into the notebook once the files have changed, and told when the delivery is read back, which is repeated until
it is done.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import islice
from urllib.parse import quote, urlsplit

from channels.http import Http
from pipeline.article import addresses, served
from pipeline.article.newsroom import Purge
from pipeline.channel import ChannelError, Delivery, Problem, Setting, Text, Unavailable, utc_now

SECRET = "TONGFA_PURGE_SECRET"  # noqa: S105 - its name
"""The environment's variable for what `{secret}` stands for in the headers of a purge."""
NOTHING_THERE = (404, 410, 412)
"""How caches say that they held no such address."""
READ, TOTAL, PATIENCE = 3.0, 5.0, 15.0
"""Seconds of silence, for one call, and until the rest of a long list is left to the next try."""
AT_ONCE = 30
"""Addresses that one call names at most: the limit of the smallest plans of content delivery networks."""
PAGES, TOLD, KEPT = "caches/", "told", timedelta(days=7)
"""Pages of the notebook, one a delivery: the paths to be told, or when they have been; and how long one is kept."""
PROBE = "purge-probe"
"""A path at which nothing ever stands."""


class Caches:
    """The caches in front of one tree of public files; `address` is where the public gets it, with a slash at its end
    ("": nowhere)."""

    def __init__(self, setting: Setting, address: str) -> None:
        self._address = address
        self._notebook = setting.notebook
        self._zone = setting.newsroom.zone
        self._held = setting.newsroom.site.held
        self._purges = setting.newsroom.site.purge if address else ()
        self._secret = setting.secrets.get(SECRET, "")
        self._http = Http(read=READ, total=TOTAL, limit=64 * 1024, secrets=[self._secret] if self._secret else [])
        self._pruned: date | None = None

    def until(self, changed: datetime) -> datetime | None:
        """Until when caches may still hold what was there before; None: the public gets nothing of this tree."""
        return served.kept_until(changed, self._held) if self._address else None

    def note(self, delivery: Delivery, paths: Iterable[str]) -> None:
        """Remember what has changed, to be told when the delivery is read back. While the channel's lock is held."""
        changed = dict.fromkeys(path for path in paths if not addresses.is_beside(path))
        if self._purges and changed:
            self._write(delivery, "\n".join(dict.fromkeys((*self._pending(delivery), *changed))))

    def purge(self, delivery: Delivery) -> datetime | None:
        """Tell the caches what of this delivery they have not been told; when that was done, None if nothing is told.

        Raises `Unavailable` while it cannot be told and they may still hold it.
        """
        note = self._notebook.read(PAGES + delivery.key) if self._purges else None
        if note is None:
            return None
        until = delivery.receipt.cached_until if delivery.receipt else None
        if until is None or (note.text.startswith(TOLD) and utc_now() >= until):
            return None  # they have let go of it by themselves, whatever they made of what they were told
        if note.text.startswith(TOLD):
            return datetime.fromisoformat(note.text.partition(" ")[2])
        left, began = self._pending(delivery), time.monotonic()
        try:
            while left:
                now, left = left[:AT_ONCE], left[AT_ONCE:]
                for one in self._purges:
                    self._tell(one, now)
                if left and time.monotonic() - began > PATIENCE:
                    self._write(delivery, "\n".join(left))
                    raise Unavailable(_more(len(left)), retry_after=timedelta(0))
        except ChannelError as trouble:
            if utc_now() >= until:
                return None
            if isinstance(trouble, Unavailable):
                raise
            raise Unavailable(
                _refused(trouble.problem, until.astimezone(self._zone)), detail=trouble.detail
            ) from trouble
        told_at = utc_now()
        self._write(delivery, f"{TOLD} {told_at.isoformat()}")
        if self._pruned != told_at.date():
            self._pruned = told_at.date()
            self._notebook.prune(PAGES, KEPT)
        return told_at

    def said(self) -> Iterator[Text]:
        """Whether each cache takes what it is told, for `newsroom doctor`."""
        for one in self._purges:
            place = urlsplit(one.address).netloc
            try:
                self._tell(one, [PROBE])
                yield Text.of("the cache {place} is told what has changed", place=place)
            except ChannelError as trouble:
                yield Text.of("the cache {place} cannot be told what has changed:", place=place)
                yield trouble.problem.message

    def _pending(self, delivery: Delivery) -> list[str]:
        note = self._notebook.read(PAGES + delivery.key)
        return [] if note is None or note.text.startswith(TOLD) else note.text.split("\n")

    def _write(self, delivery: Delivery, text: str) -> None:
        page = PAGES + delivery.key
        before = self._notebook.read(page)
        self._notebook.write(page, text, over=before.version if before else None)

    def _tell(self, one: Purge, paths: Sequence[str]) -> None:
        urls = iter(dict.fromkeys(url for path in paths for url in self._urls(path)))
        while batch := list(islice(urls, AT_ONCE if "{urls}" in one.body else 1)):
            parts = urlsplit(batch[0])
            said = {"{url}": batch[0], "{host}": parts.netloc, "{path}": parts.path, "{secret}": self._secret}
            headers = {name: _filled(value, said) for name, value in one.headers.items()}
            body = one.body.replace("{urls}", json.dumps(batch)).replace("{url}", batch[0])
            if body:
                headers.setdefault("Content-Type", "application/json")
            self._http.call(
                one.method,
                _filled(one.address, {**said, "{secret}": ""}),
                body=body.encode() or None,
                headers=headers,
                safe=True,
                expected=NOTHING_THERE,
            )

    def _urls(self, path: str) -> Iterator[str]:
        """The addresses of a file: a folder's index has two."""
        yield self._address + quote(path)
        folder, _, name = path.rpartition("/")
        if name == "index.html":
            yield self._address + (f"{quote(folder)}/" if folder else "")


def _filled(text: str, said: dict[str, str]) -> str:
    for mark, value in said.items():
        text = text.replace(mark, value)
    return text


def _more(count: int) -> Problem:
    return Problem(
        field="site.purge",
        message=Text.of("{count} more addresses are still to be told to the caches", count=count),
        remedy=Text.of("nothing: it goes on by itself"),
    )


def _refused(problem: Problem, until: datetime) -> Problem:
    return Problem(
        field="site.purge",
        message=problem.message,
        remedy=Text.of(
            "check [[site.purge]] and {variable}; until {moment} the cache may show what was there before",
            variable=SECRET,
            moment=f"{until:%H:%M:%S}",
        ),
    )
