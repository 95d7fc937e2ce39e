"""What the platform tells an account's own server."""

from __future__ import annotations

import hashlib
import random
import urllib.request
from collections.abc import Sequence
from contextlib import suppress

from pipeline.standins.fake_wechat.accounts import Accounts
from pipeline.standins.fake_wechat.contents import xml
from pipeline.standins.fake_wechat.terms import Line, Settings, now


class Events:
    """The events that wait to be told, each once: the real one tries three times and may still fail."""

    def __init__(self, accounts: Accounts, chance: random.Random) -> None:
        self.accounts = accounts
        self._chance = chance
        self._waiting: list[tuple[Settings, str]] = []

    def tell(self, appid: str, event: str, told: Line) -> None:
        """Let an event wait for `send`, if the account wants to hear of any."""
        settings = self.accounts.settings(appid)
        if settings.callback:
            inner = "".join(xml(name, value) for name, value in told.items())
            if event == "PUBLISHJOBFINISH":
                inner = f"<PublishEventInfo>{inner}</PublishEventInfo>"
            head = {"ToUserName": f"gh_{appid[-12:]}", "FromUserName": "oStandIn", "CreateTime": now()}
            head |= {"MsgType": "event", "Event": event}
            written = "".join(xml(name, value) for name, value in head.items())
            self._waiting.append((settings, f"<xml>{written}{inner}</xml>"))

    def taken(self) -> list[tuple[Settings, str]]:
        """Those that wait; they are the caller's to `send` now."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def send(self, waiting: Sequence[tuple[Settings, str]]) -> None:
        """Send them, each to its account's address."""
        for settings, body in waiting:
            timestamp, nonce = str(now()), f"{self._chance.randrange(10**9)}"
            parts = sorted([settings.callback_token, timestamp, nonce])
            signature = hashlib.sha1("".join(parts).encode(), usedforsecurity=False).hexdigest()
            joint = "&" if "?" in settings.callback else "?"
            url = f"{settings.callback}{joint}signature={signature}&timestamp={timestamp}&nonce={nonce}"
            request = urllib.request.Request(  # noqa: S310 - the address is the operator's own
                url, body.encode(), {"Content-Type": "text/xml"}
            )
            with suppress(OSError), urllib.request.urlopen(request, timeout=5):  # noqa: S310
                pass
