"""The adapters of the newsroom's channels, as its workers have them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from types import MappingProxyType

from pipeline.article import Outlet
from pipeline.channel import Channel
from pipeline.newsroom import Configuration, open_channel
from pipeline.record.store import Store


class Channels:
    """The newsroom's channels, each opened at first use. Thread-safe."""

    def __init__(
        self, configuration: Configuration, store: Store, given: Mapping[str, Channel] = MappingProxyType({})
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._open = dict(given)
        self._opening = threading.Lock()

    def __getitem__(self, channel_id: str) -> Channel:
        """The adapter of a configured channel, opened at first use. KeyError if none is configured so."""
        with self._opening:
            if channel_id not in self._open:
                self._open[channel_id] = open_channel(
                    self._configuration, self._outlet(channel_id), self._store.notebook(channel_id)
                )
            return self._open[channel_id]

    def __contains__(self, channel_id: object) -> bool:
        """Whether a channel is configured so."""
        return channel_id in self._open or any(
            outlet.id == channel_id for outlet in self._configuration.newsroom.outlets
        )

    def _outlet(self, channel_id: str) -> Outlet:
        for outlet in self._configuration.newsroom.outlets:
            if outlet.id == channel_id:
                return outlet
        raise KeyError(channel_id)
