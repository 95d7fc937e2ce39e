"""A running process and the newsroom's file: it is read again when it has changed, and refused as a whole where it is
wrong.

What stands under `[engine]` says how a process was started, and waits for its next start; all else is taken up at once.
The configuration that is gone by is kept in the data folder too, for whoever starts, or has to work, while the file is
wrong.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from pydantic import AwareDatetime, ValidationError

from pipeline.article.value import Frozen
from pipeline.channel import utc_now
from pipeline.newsroom import BadConfiguration, Configuration, Misconfigured, load, text_of

log = structlog.get_logger("tongfa")

AGAIN = timedelta(seconds=20)
"""After which a file that was refused is looked at once more, though it has not changed."""
STARTED_WITH = frozenset(Configuration.model_fields) - {"newsroom", "path", "sources", "text"}
"""What a process goes by from its start to its end."""


class GoneBy(Frozen):
    """Which configuration a process goes by, and what of the newsroom's file it does not."""

    digest: str
    """See `Configuration.digest`."""
    since: AwareDatetime
    refused: Misconfigured | None = None
    """What is wrong with the file as it stands now; None: nothing."""
    refused_at: AwareDatetime | None = None
    restart: tuple[str, ...] = ()
    """What stands otherwise in the file and needs a restart: `engine.workers`."""


class Rereading:
    """The newsroom's file as a running process sees it. Used by one thread, which comes by every now and then.

    `take_up`: go by this configuration from now on; raises `BadConfiguration` if that cannot be, and whatever else is
    in the way for now.
    """

    def __init__(
        self,
        configuration: Configuration,
        take_up: Callable[[Configuration], None],
        *,
        environment: Mapping[str, str] = os.environ,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.configuration = configuration
        self.gone_by = GoneBy(digest=configuration.digest, since=now())
        self._take_up, self._environment, self._now = take_up, environment, now
        self._done_with = self._before = configuration.text
        self._read_at = self.gone_by.since

    def look(self) -> bool:
        """Whether anything of `gone_by` has changed. A file is read once it is the same at two looks: until then
        somebody may be writing it."""
        text = text_of(self.configuration.sources)
        before, self._before = self._before, text
        if text != before or (text == self._done_with and not self._may_be_right_by_now()):
            return False
        was, self._read_at = self.gone_by, self._now()
        try:
            wanted = load(self.configuration.path, self._environment)
            self._follow(wanted)
            self._done_with = wanted.text if wanted.sources == self.configuration.sources else text
        except BadConfiguration as error:
            self._done_with = text
            self._refuse(error)
        return self.gone_by != was

    def _may_be_right_by_now(self) -> bool:
        """Whether what was refused has waited: it may have been for what is public, or on another machine's account."""
        return self.gone_by.refused is not None and abs(self._now() - self._read_at) >= AGAIN

    def _follow(self, wanted: Configuration) -> None:
        """Go by it, but for what needs a restart."""
        own = self.configuration
        following = wanted.model_copy(update={name: getattr(own, name) for name in STARTED_WITH})
        restart = _restart(own, wanted)
        if following.newsroom != own.newsroom:
            self._take_up(following)
            log.info("configuration taken up", path=str(own.path), digest=following.digest[:12])
        if restart and restart != self.gone_by.restart:
            log.warning("configuration needs a restart", path=str(own.path), of=list(restart))
        since = self.gone_by.since if following.digest == own.digest else self._now()
        self.configuration = following
        self.gone_by = GoneBy(digest=following.digest, since=since, restart=restart)

    def _refuse(self, error: BadConfiguration) -> None:
        problem = error.problems[0]
        line = problem.line if isinstance(problem, Misconfigured) else None
        told = Misconfigured(field=problem.field, message=problem.message, remedy=problem.remedy, line=line)
        if told != self.gone_by.refused:
            place = f"{error.path}:{line}" if line else str(error.path)
            log.error("configuration refused", place=place, field=problem.field, problem=str(problem.message))
        at = self.gone_by.refused_at or self._now()
        self.gone_by = self.gone_by.model_copy(update={"refused": told, "refused_at": at})


def _restart(own: Configuration, wanted: Configuration) -> tuple[str, ...]:
    """The keys of the file that say something else than what this process was started with."""
    changed = [name for name in STARTED_WITH - {"pace"} if getattr(own, name) != getattr(wanted, name)]
    paces = [name for name in type(own.pace).model_fields if getattr(own.pace, name) != getattr(wanted.pace, name)]
    return tuple(sorted(f"engine.{name}" for name in [*changed, *paces]))


def keep(configuration: Configuration) -> None:
    """Keep what is gone by, for `kept`."""
    place = _place(configuration.data)
    written = place.with_name(f"{place.name}.{os.getpid()}")
    with suppress(OSError):  # the file itself is right: nobody needs this one now
        place.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(configuration.model_dump_json(), encoding="utf-8")
        written.replace(place)


def kept(path: Path, data: Path) -> Configuration | None:
    """What the processes of this data folder last went by, if it was read from this file."""
    with suppress(OSError, ValidationError):
        found = Configuration.model_validate_json(_place(data).read_text(encoding="utf-8"))
        if found.path == path:
            return found
    return None


def _place(data: Path) -> Path:
    return data / "run" / "configuration.json"
