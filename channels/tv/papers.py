"""A channel's papers in their place: a story's, staged and put there; a day's, made of its programme; looked at again.

Whoever changes something has the channel's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from channels.body import NOT_HTML
from channels.files import Files
from channels.tv import documents
from channels.tv.programme import Calendar, Programme, Slot
from channels.tv.rundown import Rundowns, parsed
from channels.tv.script import Script
from pipeline.article import Newsroom, Revision, Site, addresses
from pipeline.channel import Delivery, Entry, Rendition, Text

MARK = "script.json"
"""Staged last: where it is, everything is."""
FORMS = ("docx", "txt", "rtf")
"""In which a story's script stands beside its page."""
PROMPTED = ("prompter.html", "programme.txt", "programme.rtf")
"""What has the text of a whole programme."""
DAYS_LIST = "index.html"
SHOWN = 28
"""Broadcast days on the list of days. Of older ones nothing but their pages is kept."""

Look = Callable[[str], bytes | None]
"""How a page is read: from the storage, or as people get it."""


class Papers:
    """What the channel has in `files`, but for the messages."""

    def __init__(self, files: Files, rundowns: Rundowns, calendar: Calendar, newsroom: Newsroom) -> None:
        self.files, self.rundowns, self.calendar = files, rundowns, calendar
        self.station, self.site = newsroom.name, newsroom.site
        self._listed: tuple[bytes, dict[date, Programme]] = (b"", {})
        self._day: tuple[Programme, dict[str, bytes]] | None = None
        """The programme whose papers were made last, and these: many steps show the same one."""

    def read(self, place: str) -> tuple[int, bytes] | None:
        """A page with 200, or with 410 what says that it was withdrawn; None if there is neither."""
        page = self.files.read(place)
        if page is not None:
            return 200, page
        gone = self.files.read(addresses.beside(place, "gone"))
        return None if gone is None else (410, gone)

    # -- a story's ----------------------------------------------------------------------------------------

    def stage(self, revision: Revision, rendition: Rendition, script: Script) -> None:
        """Stage all that a story has."""
        token = _token(revision)
        for name, data in _made(script, rendition, self.site).items():
            self.files.stage(token, name, data)
        self.files.stage(token, MARK, rendition.body.encode())

    def staged(self, delivery: Delivery) -> bool:
        """Whether all that its rendition has is staged."""
        return delivery.rendition is not None and (
            self.files.staged(_token(delivery.revision), MARK) == delivery.rendition.body.encode()
        )

    def unstage(self, revision: Revision) -> None:
        """Forget what was prepared of this revision and of those before it."""
        for number in range(1, revision.number + 1):
            self.files.discard(_token(revision, number))

    def show_story(self, delivery: Delivery, rendition: Rendition, script: Script) -> None:
        """Put the staged papers in place; make those that this machine does not have, or has of an older rendition."""
        made = {} if self.staged(delivery) else _made(script, rendition, self.site)
        for name in (*(f"script.{form}" for form in FORMS), "script.html"):
            path = f"{script.day}/{script.story}.{name.partition('.')[2]}"
            if made or not self.files.publish(_token(delivery.revision), name, path):
                made = made or _made(script, rendition, self.site)
                self.files.write(path, made[name])

    def make_again(self, programme: Programme) -> None:
        """Put all papers of a programme in place that are not there, or are older: the record knows its scripts."""
        for script in self.rundowns.scripts(programme):
            rendition = Rendition.of("application/json", script.canonical())
            for name, data in _made(script, rendition, self.site).items():
                path = f"{script.day}/{script.story}.{name.partition('.')[2]}"
                if name == "script.html" or not self.files.exists(path):
                    self.files.write(path, data)
        self.show(programme)

    def retire(self, slot: Slot, entry: Entry, reason: str) -> None:
        """Take a story's papers away; its page says from now on that it was withdrawn."""
        for form in FORMS:
            self.files.delete(f"{slot.day}/{slot.story}.{form}")
        headline = " ".join(entry.revision.article.headline.split())
        self.files.retire(page_path(slot), documents.gone(headline, f"{slot.day}", NOT_HTML.sub("", reason), self.site))

    # -- a day's ------------------------------------------------------------------------------------------

    def show(self, programme: Programme) -> None:
        """Write what shows the whole programme: list of days, prompter, and the rundown, which is the last."""
        if programme.dropped:
            return
        made = self._papers(programme)
        self._furnish()
        self._list(programme)
        for name, data in made.items():
            self.files.write(f"{programme.day}/{name}", data)

    def _papers(self, programme: Programme) -> dict[str, bytes]:
        """What shows the whole programme, by its name, in the order in which it is written."""
        state = programme.model_copy(update={"version": None})
        if self._day is not None and self._day[0] == state:
            return self._day[1]
        scripts = self.rundowns.scripts(programme)
        made = {
            "prompter.html": documents.prompter(programme, scripts, self.calendar, site=self.site),
            "programme.txt": documents.text(scripts),
            "programme.rtf": documents.rtf(scripts),
            "index.html": documents.rundown(programme, self.calendar, station=self.station, site=self.site),
        }
        self._day = state, made
        return made

    def unprompt(self, day: date) -> None:
        """Take away what has the text of the whole programme."""
        for name in PROMPTED:
            self.files.delete(f"{day}/{name}")

    def _furnish(self) -> None:
        """Put in place what pages load; the names bear the contents' digests."""
        for path, data in documents.assets().items():
            if not self.files.exists(path):
                self.files.write(path, data)

    def _list(self, programme: Programme) -> None:
        """Write the list of days. Where it is as this process left it, nobody has shown anything else since: then
        the other days are what they were, and need not be read."""
        left, known = self._listed
        if self.files.read(DAYS_LIST) != left:
            known = {}
        days = reversed(self.rundowns.days()[-SHOWN:])
        listed = {day: programme if day == programme.day else known.get(day) or self.rundowns.load(day) for day in days}
        page = documents.index(list(listed.values()), self.calendar, station=self.station, site=self.site)
        self.files.write(DAYS_LIST, page)
        self._listed = page, listed

    # -- looking ------------------------------------------------------------------------------------------

    def shows(self, delivery: Delivery, slot: Slot, look: Look) -> bool:
        """Whether the pages have exactly this rendition."""
        rendition = delivery.rendition
        if rendition is None or look(page_path(slot)) != documents.page(
            parsed(rendition.body), rendition.digest, self.site
        ):
            return False
        return self.lists(slot, look, rendition.digest)

    def lists(self, slot: Slot, look: Look, digest: str = "") -> bool:
        """Whether the day's rundown refers to the story's page; with `digest`, to this rendition of it."""
        return documents.link(slot.story, digest) in (look(f"{slot.day}/index.html") or b"")

    def where(self, slot: Slot) -> Text:
        """Where the day's pages stand, for whoever reads the report."""
        rundown, prompter = (self.files.where(f"{slot.day}/{name}") for name in ("index.html", "prompter.html"))
        return Text.of("running order: {rundown}  prompter: {prompter}", rundown=rundown, prompter=prompter)


def page_path(slot: Slot) -> str:
    """Where the page of a story stands."""
    return f"{slot.day}/{slot.story}.html"


def _made(script: Script, rendition: Rendition, site: Site) -> dict[str, bytes]:
    """Every document of one story, by the name under which it is staged."""
    return {
        "script.html": documents.page(script, rendition.digest, site),
        "script.docx": documents.docx(script),
        "script.txt": documents.text([script]),
        "script.rtf": documents.rtf([script]),
    }


def _token(revision: Revision, number: int = 0) -> str:
    """Where a revision is staged."""
    return f"{revision.id}.{number or revision.number}"
