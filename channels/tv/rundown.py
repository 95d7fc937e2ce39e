"""What the channel remembers, as pages of its notebook: one and the same on every machine.

    programme/2026-11-24            a day's running order: stories, lock, what the device acknowledged (`Programme`)
    script/2026-11-24/{digest}      the script of a story that it has or had, by the digest of its rendition
    status/2026-11-24               what the device says was played: by story, its last status and the time
    numbers                         the next message number that nobody has reserved
    dropped                         the last day whose pages were dropped, because nobody needs them any more

Who changes something has the channel's lock. Each page is written over the version that was read all the same: a lock
can be lost together with the database, and then one of two must not overwrite the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from channels.tv import mos
from channels.tv.programme import Programme, Story
from channels.tv.script import Script
from pipeline.channel import Notebook, Problem, Refused, Rendition, Text, Unavailable

PROGRAMME, SCRIPT, STATUS, NUMBERS, DROPPED = "programme/", "script/", "status/", "numbers", "dropped"
"""The pages' names, or how they begin."""
TRIES = 5
"""How often a page is read again that others write as well."""
RESERVED = 32
"""Message numbers that a process reserves at a time."""
ABOVE, LEAP = 900_000_000, 100_000
"""Where numbers go on, and how many are passed over, where nobody knows which have been used. As names of files they
come after all that began with 1000; the protocol ends at 2³¹."""
CACHED = 128
"""Scripts and running orders that are kept as they were read, by their content."""


class Rundowns:
    """The running orders of one channel. Raises `Unavailable` as the notebook does, and `Overtaken` where somebody else
    was quicker: then nothing was written."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._reserved = range(0)
        """Message numbers reserved for this process."""
        self._read_once = lru_cache(maxsize=CACHED)(self._script)

    def days(self) -> list[date]:
        """The broadcast days that have a running order, oldest first."""
        return [date.fromisoformat(page.removeprefix(PROGRAMME)) for page in self._notebook.pages(PROGRAMME)]

    def load(self, day: date) -> Programme:
        """The running order of a day; an empty one if nothing has come for it yet, or if it was dropped."""
        note = self._notebook.read(f"{PROGRAMME}{day}")
        if note is None:
            return Programme(day=day, dropped=day <= self._dropped()[0])
        return _programme(note.text).model_copy(update={"version": note.version})

    def save(self, programme: Programme, *, by: str = "", deed: str = "") -> Programme:
        """Write it in the place of what was loaded. `by` and `deed`: who decided it, and in a word what it was."""
        page, text = f"{PROGRAMME}{programme.day}", programme.model_dump_json()
        if not self._notebook.write(page, text, programme.version, by=by, deed=deed):
            raise _overtaken()
        note = self._notebook.read(page)
        if note is None or note.text != text:
            raise _overtaken()
        return programme.model_copy(update={"version": note.version})

    # -- scripts --------------------------------------------------------------------------------------

    def keep(self, day: date, rendition: Rendition) -> None:
        """Keep the script of a story of that day, for whoever tells or shows the whole programme."""
        page = f"{SCRIPT}{day}/{rendition.digest}"
        if self._notebook.read(page) is None:
            self._notebook.write(page, rendition.body)  # or another has just written the same

    def script(self, day: date, story: Story) -> Script:
        """The script of a story of the programme; raises `Refused` if the record has lost it."""
        try:
            return self._read_once(day, story.digest)
        except KeyError as error:
            raise Refused(
                Problem(
                    field="programme",
                    message=Text.of("the script of {story} of {day} is lost", story=story.id, day=f"{day}"),
                    remedy=Text.of(
                        "withdraw {article}, or restore the database from its backup", article=story.article
                    ),
                ),
                code="lost",
            ) from error

    def scripts(self, programme: Programme) -> list[Script]:
        """The scripts of all its stories, in order; raises `Refused` as `script` does."""
        return [self.script(programme.day, story) for story in programme.stories]

    def _script(self, day: date, digest: str) -> Script:
        note = self._notebook.read(f"{SCRIPT}{day}/{digest}")
        if note is None:
            raise KeyError(digest)
        return parsed(note.text)

    # -- what was played ------------------------------------------------------------------------------

    def note_status(self, day: date, told: mos.Status) -> None:
        """Write down what the device tells of a story. Several processes may hear of it: the same is written once."""
        page = f"{STATUS}{day}"
        for _ in range(TRIES):
            note = self._notebook.read(page)
            known: dict[str, list[str]] = json.loads(note.text) if note else {}
            after = {**known, told.story: [told.status, told.time]}
            if after == known or self._notebook.write(page, json.dumps(after), note.version if note else None):
                return
        raise _overtaken()

    def statuses(self, day: date) -> dict[str, tuple[str, str]]:
        """By story: the last status that the device told, and the time as it wrote it."""
        note = self._notebook.read(f"{STATUS}{day}")
        return {story: (status, at) for story, (status, at) in (json.loads(note.text) if note else {}).items()}

    # -- message numbers ------------------------------------------------------------------------------

    def numbers(self) -> Iterator[int]:
        """The numbers of the next messages, each reserved before it is used.

        Many are reserved together, and the rest of them used in the next deed unless another process has reserved some
        since: numbers grow, whoever speaks, and what is lost with a process are numbers only.
        """
        if self._reserved.stop != self._next_number()[0]:
            self._reserved = range(0)
        while True:
            if not self._reserved:
                self._reserved = self._reserve()
            number, self._reserved = self._reserved[0], self._reserved[1:]
            yield number

    def leap(self) -> None:
        """Use no number again that may have been used since the copy of a record that was restored."""
        first, version = self._next_number()
        if not self._notebook.write(NUMBERS, json.dumps({"next": max(first, ABOVE) + LEAP}), version):
            raise _overtaken()

    def _reserve(self) -> range:
        first, version = self._next_number()
        if not self._notebook.write(NUMBERS, json.dumps({"next": first + RESERVED}), version):
            raise _overtaken()
        return range(first, first + RESERVED)

    def _next_number(self) -> tuple[int, int | None]:
        note = self._notebook.read(NUMBERS)
        return (int(json.loads(note.text)["next"]), note.version) if note else (mos.FIRST, None)

    # -- what nobody needs any more -------------------------------------------------------------------

    def drop(self, before: date, but: int) -> None:
        """Drop what belongs to the days before this one, but not the latest so many of them that have a programme."""
        kept = [day for day in self.days() if day < before][-but:]
        if len(kept) < but:
            return
        pages = [*self._notebook.pages(PROGRAMME), *self._notebook.pages(SCRIPT)]
        old = sorted({day for page in pages if (day := date.fromisoformat(page.split("/")[1])) < kept[0]})
        if not old:
            return
        last, version = self._dropped()
        if last < old[-1] and not self._notebook.write(DROPPED, f"{old[-1]}", version):
            raise _overtaken()
        for day in old:
            for prefix in (f"{SCRIPT}{day}/", f"{PROGRAMME}{day}", f"{STATUS}{day}"):
                self._notebook.prune(prefix, timedelta(0))

    def _dropped(self) -> tuple[date, int | None]:
        note = self._notebook.read(DROPPED)
        return (date.fromisoformat(note.text), note.version) if note else (date.min, None)


class Overtaken(Unavailable):
    """Somebody else has written in the meantime: the lock was lost."""


def _overtaken() -> Overtaken:
    return Overtaken(
        Problem(
            field="programme",
            message=Text.of("the programme is being changed by somebody else"),
            remedy=Text.of("a worker tries again by itself; a command has to be repeated"),
        ),
        sent=True,
    )


@lru_cache(maxsize=CACHED)
def parsed(body: str) -> Script:
    """A rendition's body as a script."""
    return Script.model_validate_json(body)


@lru_cache(maxsize=CACHED)
def _programme(text: str) -> Programme:
    return Programme.model_validate_json(text)
