"""Telling a WebSub hub that feeds have changed (https://www.w3.org/TR/websub/).

The specification leaves to hub and publisher how the hub is told; `hub.mode=publish` with `hub.url` is what
hubs take since PubSubHubbub 0.3, one topic a request.

A hub is a courtesy: subscribers poll anyway. So it is told beside the release, never in it, once and
without a second try: a slow or dead hub neither delays the release nor fails it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlencode

from channels.http import Http
from pipeline.channel import ChannelError

READ, TOTAL = 5.0, 8.0
"""Seconds of silence, and for one topic."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

log = logging.getLogger("tongfa.feeds")


class Hub:
    """One hub. Announcements made while it is being told are gathered, a topic once."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = Http(read=READ, total=TOTAL)
        self._lock = threading.Lock()
        self._pending: dict[str, None] = {}
        self._thread: threading.Thread | None = None

    def announce(self, topics: Iterable[str]) -> None:
        """Tell the hub about these addresses, later and elsewhere; returns at once and never raises."""
        with self._lock:
            self._pending.update(dict.fromkeys(topics))
            if self._thread is None or not self._thread.is_alive():
                # Not a daemon: a worker that stops right after a release still tells the hub, within the time-outs.
                self._thread = threading.Thread(target=self._tell, name="websub", daemon=False)
                with suppress(RuntimeError):  # no thread to be had, or the process is ending
                    self._thread.start()

    def wait(self, timeout: float) -> None:
        """Return when all that was announced has been told, or after `timeout` seconds."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    def _tell(self) -> None:
        while True:
            with self._lock:
                topics, self._pending = list(self._pending), {}
                if not topics:
                    self._thread = None
                    return
            try:
                for topic in topics:
                    body = urlencode({"hub.mode": "publish", "hub.url": topic}).encode()
                    self._http.call("POST", self.url, body=body, headers=FORM)
            except ChannelError as error:
                log.warning("the hub was not told of %d feeds: %s", len(topics), error)
