"""The accounts, and what everything on the platform shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.standins.fake_wechat.memory import Memory
from pipeline.standins.fake_wechat.terms import Line, Settings, Wrong, now

OK: Line = {"errcode": 0, "errmsg": "ok"}
"""The answer to a call that has nothing else to say."""


class Accounts:
    """The accounts with their settings and deeds, and the platform's memory."""

    def __init__(self, folder: Path, accounts: Mapping[str, Settings]) -> None:
        self.base = ""
        """Its own public address, set by the server."""
        self.memory = Memory(folder / "fake-wechat.db")
        for appid, settings in accounts.items():
            if self.memory.get("settings", appid) is None:
                self.memory.put("settings", appid, asdict(settings))

    def settings(self, appid: str) -> Settings:
        found = self.memory.get("settings", appid)
        if found is None:
            raise Wrong(40013)
        return Settings(**{**found, "ips": tuple(found["ips"])})

    def set(self, appid: str, **changes: Any) -> None:
        self.memory.put("settings", appid, {**asdict(self.settings(appid)), **changes})

    def deed(self, appid: str, what: str, **more: Any) -> None:
        """Keep that an account has done something."""
        number = self.memory.number()
        self.memory.put("deed", f"{number:09d}", {"appid": appid, "deed": what, "at": now(), **more})
