"""What an account has to remember: pages of its channel's notebook, one and the same on every machine.

    submission/{media id}       {"claim": "9f3c…", "publication": "2650177668"}: a draft that is handed in, and by whose
                                claim; the publication is "" until WeChat's answer has come
    deleted/{message id}/{n}    an article of a mass message was deleted; without /n the first one
    upload/{purpose}/{picture}  what WeChat called the picture when it was uploaded: an address, or a media id
    day/2026-11-24              {"calls": {"draft/add": 3}, "used_up": ["freepublish/submit"]}: the day in Beijing

While the notebook cannot be used, whatever has to be known or claimed before a deed raises `Unavailable`, and the deed
is not done. What is only noted afterwards fails nothing: an answer also stands in the delivery's receipt, a picture is
uploaded once more, and the day's calls are kept until they can be written.
"""

from __future__ import annotations

import json
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from channels.wechat.errors import BEIJING
from pipeline.channel import Note, Notebook, Unavailable

log = logging.getLogger("tongfa.wechat")

KEPT: Mapping[str, timedelta] = {
    "submission/": timedelta(days=30),
    "deleted/": timedelta(days=30),
    "upload/": timedelta(days=180),
    "day/": timedelta(days=7),
}
"""For how long pages are kept that nobody writes any more."""
TRIES = 20
"""How often the day's page is written anew because another machine was quicker; then the calls wait for the next time.
"""


class Submission(NamedTuple):
    """A draft handed in for publication."""

    publication: str
    """What WeChat answered: publish_id or msg_id; "" if no answer came (yet)."""
    claim: str
    """Names the claim by which it was handed in."""
    age: timedelta
    """How long ago that, or the answer, was noted; by the record's own clock."""
    version: int


class Day(NamedTuple):
    """What is known of one day's calls, by their names."""

    calls: Counter[str]
    used_up: frozenset[str]
    """The calls of which WeChat has said last that the day's are used up, whoever made them."""
    answered: frozenset[str] = frozenset()
    """Those that it has answered since: what it said before of these was not to last. Not kept."""

    @classmethod
    def of(cls, note: Note | None) -> Day:
        told: dict[str, Any] = json.loads(note.text) if note is not None else {}
        return cls(Counter(told.get("calls") or {}), frozenset(told.get("used_up") or ()))

    def and_(self, other: Day) -> Day:
        """This, and then the other."""
        return Day(
            self.calls + other.calls,
            (self.used_up - other.answered) | other.used_up,
            (self.answered - other.used_up) | other.answered,
        )

    def told(self) -> str:
        """As a page that `of` takes."""
        return json.dumps({"calls": dict(sorted(self.calls.items())), "used_up": sorted(self.used_up)})


NOTHING = Day(Counter(), frozenset())


class Ledger:
    """The memory of one account. Thread-safe; those of all machines that share the notebook are one."""

    def __init__(self, notebook: Notebook, now: Callable[[], datetime]) -> None:
        self._notebook = notebook
        self._now = now
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._unwritten: dict[str, Day] = {}
        """By the day's page: what this process has counted and not written yet."""
        self._pruned = ""

    # -- pictures ----------------------------------------------------------------------------------------

    def uploaded(self, purpose: str, picture: str) -> str:
        """What WeChat called this picture when it was uploaded for `purpose`; "" if it never was.

        `picture` names its content, such as by a digest.
        """
        note = self._notebook.read(_upload(purpose, picture))
        return note.text if note is not None else ""

    def upload(self, purpose: str, picture: str, answer: str) -> None:
        with _best_effort("a picture"):
            self._put(_upload(purpose, picture), answer)

    def forget_upload(self, purpose: str, picture: str) -> None:
        """WeChat no longer knows it: somebody deleted it in the material library."""
        page = _upload(purpose, picture)
        if (note := self._notebook.read(page)) is not None:
            self._notebook.drop(page, note.version)

    # -- the day's calls -----------------------------------------------------------------------------------

    def count(self, call: str) -> None:
        """One more call of this name today, in Beijing. In memory: `write_calls` brings it to the others."""
        self._add(Day(Counter({call: 1}), frozenset()))

    def use_up(self, call: str) -> None:
        """WeChat has said that the day's calls of this name are used up, whoever made them."""
        self._add(Day(Counter(), frozenset({call})))

    def answer(self, call: str) -> None:
        """WeChat has answered a call of this name: its day's calls are not used up, whatever it said before."""
        self._add(Day(Counter(), frozenset(), frozenset({call})))

    def is_used_up(self, call: str, limit: int) -> bool:
        """Whether the next call of this name will be refused: WeChat has said so last, or there have been just as many
        as its page names. Of more it has evidently taken more."""
        counts, said, _ = self.today()
        return call in said or counts[call] == limit

    def today(self) -> Day:
        """Today's calls on all machines. What others are just counting is in it as soon as their step has ended."""
        page = self._page_of_today()
        with self._guard:
            own = self._unwritten.get(page, NOTHING)
        return Day.of(self._notebook.read(page)).and_(own)

    def write_calls(self) -> None:
        """Add what has been counted to the day's page: at the end of a step, so that a step is one event at most.

        Fails nothing: what cannot be written is kept for the next time. Of several threads one writes for all.
        """
        while self._unwritten and self._writing.acquire(blocking=False):
            with self._guard:
                pages = list(self._unwritten)
            try:
                written = all(self._write_day(page) for page in pages)
            finally:
                self._writing.release()
            if not written:
                return

    def _write_day(self, page: str) -> bool:
        """Whether what has been counted for a day now stands in its page."""
        with self._guard:
            mine = self._unwritten.pop(page, NOTHING)
        try:
            for _ in range(TRIES):
                note = self._notebook.read(page)
                told = Day.of(note).and_(mine).told()
                if self._notebook.write(page, told, _version(note), deed="calls counted"):
                    return True
            log.info("the day's calls are written later: others are quicker")
        except Unavailable as error:
            log.warning("the day's calls are written later: %s", error)
        with self._guard:
            self._unwritten[page] = mine.and_(self._unwritten.get(page, NOTHING))
        return False

    def _add(self, what: Day) -> None:
        page = self._page_of_today()
        with self._guard:
            self._unwritten[page] = self._unwritten.get(page, NOTHING).and_(what)

    def _page_of_today(self) -> str:
        return f"day/{self._now().astimezone(BEIJING):%Y-%m-%d}"

    # -- submissions ---------------------------------------------------------------------------------------

    def claim(self, draft: str, known: Submission | None) -> str:
        """Note, before it is done, that this draft is handed in: the claim's name for exactly one, over all machines.

        `known`: what `submission` said before; if that is no longer so, another one was quicker, and it is "".
        """
        name = uuid.uuid4().hex
        told = _submitted(name, "")
        over = known.version if known is not None else None
        return name if self._notebook.write(_submission(draft), told, over, deed="draft claimed") else ""

    def submitted(self, draft: str, claim: str, publication: str) -> None:
        """Keep WeChat's answer."""
        with _best_effort("a publication"):
            self._put(_submission(draft), _submitted(claim, publication))

    def not_submitted(self, draft: str, claim: str) -> None:
        """Give the claim back, unless somebody has taken it over: WeChat refused, nothing was handed in."""
        with _best_effort("a refusal"):
            known = self.submission(draft)
            if known is not None and known.claim == claim:
                self._notebook.drop(_submission(draft), known.version)

    def submission(self, draft: str) -> Submission | None:
        note = self._notebook.read(_submission(draft))
        if note is None:
            return None
        told = json.loads(note.text)
        return Submission(str(told.get("publication") or ""), str(told.get("claim") or ""), note.age, note.version)

    # -- mass messages --------------------------------------------------------------------------------------

    def deleted(self, article: str) -> None:
        """Keep that an article of a mass message was deleted, for WeChat does not say it of one among several."""
        self._put(f"deleted/{article}", "")

    def is_deleted(self, article: str) -> bool:
        return self._notebook.read(f"deleted/{article}") is not None

    # -- pages ---------------------------------------------------------------------------------------------

    def prune(self) -> None:
        """Forget what is too old to matter; once a day and process."""
        today = self._page_of_today()
        if self._pruned != today:
            self._pruned = today
            with _best_effort("old pages"):
                for prefix, age in KEPT.items():
                    self._notebook.prune(prefix, age)

    def _put(self, page: str, text: str) -> None:
        """Let a page say this, whatever stands there; the last one is right."""
        note = self._notebook.read(page)
        while (note is None or note.text != text) and not self._notebook.write(page, text, _version(note)):
            note = self._notebook.read(page)


def _version(note: Note | None) -> int | None:
    return note.version if note is not None else None


def _upload(purpose: str, picture: str) -> str:
    return f"upload/{purpose}/{picture}"


def _submission(draft: str) -> str:
    return f"submission/{draft}"


def _submitted(claim: str, publication: str) -> str:
    return json.dumps({"claim": claim, "publication": publication})


@contextmanager
def _best_effort(what: str) -> Iterator[None]:
    """For what fails nothing if it is not noted."""
    try:
        yield
    except Unavailable as error:
        log.warning("%s could not be noted: %s", what, error)
