"""What `newsroom serve` answers, by the newsroom's file as it stands: what platforms call, what the newsroom reads,
what readers ask, and the public files."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

import structlog
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from pipeline.article import Outlet
from pipeline.channel import Heard
from pipeline.engine import Engine
from pipeline.engine.readers import Readers
from pipeline.newsroom import Configuration
from pipeline.record.roster import Presence
from pipeline.rereading import Rereading
from pipeline.web.asked import routes
from pipeline.web.site import Turning, site
from pipeline.workers import tasks

log = structlog.get_logger("tongfa")

SERVE = "serve"
"""What the server is called among those who sign in to the record."""


class Serving:
    """The application of one newsroom, `app`; its file is read again as long as the `with` lasts.

    The engine is opened when it is first asked, or the file has changed: a site alone needs no database. From then on
    the record knows of it.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._opened: Engine | None = None
        self._presence: Presence | None = None
        self._turning = threading.Lock()
        self._stopping = threading.Event()
        self.app = Turning(self._made(configuration))
        self._rereading = Rereading(configuration, self._take_up)
        self._thread = threading.Thread(target=self._follow, daemon=True, name="configuration")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stopping.wait(self._configuration.pace.sweep / timedelta(seconds=1)):
            try:
                self._rereading.look()
                self._show()
            except Exception:  # the record is away for a moment
                log.exception("configuration")
        if self._presence is not None:
            self._presence.end()

    def _show(self) -> None:
        engine = self._opened
        if engine is not None:
            engine.channels.refused = self._rereading.gone_by.refused
            self._presence = self._presence or Presence(engine.store, SERVE, engine.configuration.data)
            self._presence.show(self._rereading.gone_by)

    def _take_up(self, wanted: Configuration) -> None:
        """Whether it can be gone by only the record knows, so it is opened now."""
        self._engine().take_up(wanted, warm=False)
        with self._turning:
            self._configuration = wanted
        self.app.turn(self._made(wanted))

    def _engine(self) -> Engine:
        with self._turning:
            if self._opened is None:
                self._opened = tasks.open_engine(self._configuration)
            return self._opened

    def _made(self, configuration: Configuration) -> Starlette:
        secure = configuration.newsroom.site.url.startswith("https://")
        return site(configuration.site, self._hear, self._inside, self._asked(configuration), secure=secure)

    def _hear(self, channel: str, method: str, query: Mapping[str, str], body: bytes) -> Heard:
        return self._engine().hear(channel, method, query, body)

    def _inside(self, channel: str, path: str, client: str) -> tuple[int, bytes] | None:
        return self._engine().inside(channel, path, client)

    def _asked(self, configuration: Configuration) -> Sequence[BaseRoute]:
        """What is asked of a program: of the first website that has addresses for it."""
        addresses = {
            outlet.id: [path if path.startswith("/") else "" for path in _addresses(outlet)]
            for outlet in configuration.newsroom.outlets
            if outlet.kind == "website"
        }
        channel = next((channel for channel, some in addresses.items() if any(some)), None)
        if channel is None:
            return ()
        return routes(lambda: Readers(self._engine(), channel), *addresses[channel])


def _addresses(outlet: Outlet) -> list[str]:
    """Where readers search and tell; elsewhere than on this site somebody else answers."""
    return [str(outlet.options.get(option, "")) for option in ("search", "feedback")]
