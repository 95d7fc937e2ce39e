"""The platform: tokens, quotas, pictures, and which part answers a call."""

from __future__ import annotations

import hashlib
import io
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from pipeline.standins.fake_wechat.accounts import Accounts
from pipeline.standins.fake_wechat.contents import parsed, uploaded
from pipeline.standins.fake_wechat.drafts import Drafts
from pipeline.standins.fake_wechat.events import Events
from pipeline.standins.fake_wechat.messages import Messages
from pipeline.standins.fake_wechat.publications import Publications
from pipeline.standins.fake_wechat.terms import BEIJING, LIMITS, SAYS, Faults, Line, Settings, Wrong


class Wechat:
    """The platform. Thread-safe; one lock, because it stands in for correctness and not for speed."""

    def __init__(self, folder: Path, accounts: Mapping[str, Settings], *, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self._chance = random.Random(seed)  # noqa: S311 - chance for tests
        self.accounts = Accounts(folder, accounts)
        self.memory = self.accounts.memory
        self.events = Events(self.accounts, self._chance)
        self.drafts = Drafts(self.accounts)
        self.publications = Publications(self.accounts, self.drafts, self.events)
        self.messages = Messages(self.accounts, self.drafts, self.events)

    def settings(self, appid: str) -> Settings:
        return self.accounts.settings(appid)

    def set(self, appid: str, **changes: Any) -> None:
        with self.lock:
            self.accounts.set(appid, **changes)

    def settle(self, *, held: bool = False) -> None:
        """Let happen what is due; `held`: also what waits for it."""
        with self.lock:
            self.publications.settle(held=held)

    def tell(self) -> None:
        """Send the events that wait."""
        with self.lock:
            waiting = self.events.taken()
        self.events.send(waiting)

    # -- faults --------------------------------------------------------------------------------------------

    def fate(self, call: str) -> tuple[str, float]:
        """What will happen to a call, and how many seconds its answer takes."""
        with self.lock:
            for place, one in enumerate(self.faults.next):
                name, _, where = one.partition("@")
                if where in ("", call):
                    rest = self.faults.next[:place] + self.faults.next[place + 1 :]
                    self.faults = replace(self.faults, next=rest)
                    return name, self.faults.delay if name == "slow" else 0.0
            drawn, faults = self._chance.random(), self.faults
            for name, rate in (("refused", faults.refuse), ("lost", faults.loss / 2), ("cut", faults.loss / 2)):
                if drawn < rate:
                    return name, 0.0
                drawn -= rate
            slow = drawn < faults.slow
            return ("slow", self._chance.uniform(0, faults.delay)) if slow else ("well", 0.0)

    # -- calls ---------------------------------------------------------------------------------------------

    def answer(self, call: str, query: Mapping[str, str], raw: bytes, media_type: str, ip: str, fault: str) -> Line:
        """One call of the API; `fault`: an error code it is answered with instead."""
        with self.lock:
            self.settle()
            try:
                if call == "stable_token":
                    if fault:
                        raise Wrong(int(fault))
                    return self._stable_token(parsed(raw), ip)
                appid = self._caller(query.get("access_token", ""))
                self._count(appid, call)
                if fault:
                    raise Wrong(int(fault))
                if call in ("media/uploadimg", "material/add_material"):
                    return self._upload(appid, call, query.get("type", ""), raw, media_type)
                handler: Callable[[str, Line], Line] | None = _CALLS(self).get(call)
                if handler is None:
                    return {"errcode": 40066, "errmsg": "invalid url"}
                return handler(appid, parsed(raw))
            except Wrong as wrong:
                number = self.memory.number()
                text = SAYS.get(wrong.code, "error").format(ip=ip)
                hint = "" if wrong.code in (40001, 42001, 45009, 48001) else f" hint: [{number:06x}]"
                rid = f"rid: {int(time.time()):08x}-{number:08x}-{wrong.code & 0xFFFFFFFF:08x}"
                return {"errcode": wrong.code, "errmsg": f"{text}{hint} {rid}", **wrong.more}

    def _stable_token(self, value: Line, ip: str) -> Line:
        appid = str(value.get("appid", ""))
        settings = self.settings(appid)
        if value.get("secret") != settings.secret:
            raise Wrong(40125)
        if settings.ips and ip not in settings.ips:
            raise Wrong(40164)
        self._count(appid, "stable_token")
        now = time.time()
        current = self.memory.get("token", appid)
        if current is None or current["until"] <= now or value.get("force_refresh"):
            name = hashlib.sha256(f"{appid}{self.memory.number()}".encode()).hexdigest()
            current = {"appid": appid, "value": f"77_{name}", "until": now + settings.token_seconds}
            self.memory.put("token", appid, current)
            self.memory.put("spent", current["value"], {"appid": appid})
        return {"access_token": current["value"], "expires_in": max(1, round(current["until"] - now))}

    def _caller(self, token: str) -> str:
        if not token:
            raise Wrong(41001)
        known = self.memory.get("spent", token)
        if known is None:
            raise Wrong(40001)
        current = self.memory.get("token", known["appid"])
        if current is None or current["value"] != token:
            raise Wrong(40001)
        if current["until"] <= time.time():
            raise Wrong(42001)
        return str(known["appid"])

    def _count(self, appid: str, call: str) -> None:
        day = f"{datetime.now(BEIJING):%Y-%m-%d}"
        key = f"{day} {appid} {call}"
        count = (self.memory.get("count", key) or {"value": 0})["value"] + 1
        self.memory.put("count", key, {"appid": appid, "call": call, "value": count})
        limit = self.settings(appid).limits.get(call, LIMITS.get(call))
        if limit is not None and count > limit:
            raise Wrong(45009)

    def quota(self, appid: str, value: Line) -> Line:
        """What is left of a call today (查询API调用额度): asking counts nowhere."""
        call, settings = str(value.get("cgi_path") or "").removeprefix("/cgi-bin/"), self.settings(appid)
        if call not in LIMITS:
            raise Wrong(76021)
        if call.startswith("freepublish/") and not settings.may_publish:
            raise Wrong(76022)
        key = f"{datetime.now(BEIJING):%Y-%m-%d} {appid} {call}"
        used, limit = (self.memory.get("count", key) or {"value": 0})["value"], settings.limits.get(call, LIMITS[call])
        told = {"daily_limit": limit, "used": min(used, limit), "remain": max(0, limit - used)}
        return {"errcode": 0, "errmsg": "ok", "quota": told}

    # -- pictures ------------------------------------------------------------------------------------------

    def _upload(self, appid: str, call: str, type_: str, raw: bytes, media_type: str) -> Line:
        data = uploaded(raw, media_type)
        try:
            with Pillow.open(io.BytesIO(data)) as picture:
                kind = str(picture.format)
        except OSError:
            raise Wrong(40005) from None
        if call == "media/uploadimg":
            if kind not in ("JPEG", "PNG"):
                raise Wrong(40005)
            if len(data) >= 2**20:
                raise Wrong(40009)
        elif type_ not in ("image", "thumb") or kind not in ("JPEG", "PNG", "GIF", "BMP"):
            raise Wrong(40005)
        elif len(data) > (64 * 1024 if type_ == "thumb" else 10 * 2**20) or (type_ == "thumb" and kind != "JPEG"):
            raise Wrong(45001)
        number = self.memory.number()
        name = hashlib.sha256(f"{number}".encode() + data).hexdigest()[:40]
        self.memory.keep_picture(name, f"image/{kind.lower()}", data)
        url = f"{self.accounts.base}/mmbiz_{kind.lower()}/{name}/0?wx_fmt={kind.lower()}"
        if call == "media/uploadimg":
            self.accounts.deed(appid, "uploadimg", picture=name)
            return {"url": url, "errcode": 0, "errmsg": "ok"}
        media_id = f"mat-{name}"
        self.memory.put("material", media_id, {"appid": appid, "media_id": media_id, "url": url})
        self.accounts.deed(appid, "add_material", media_id=media_id)
        return {"media_id": media_id, "url": url, "item": []}


def _CALLS(wechat: Wechat) -> dict[str, Callable[[str, Line], Line]]:  # noqa: N802 - a table
    return {
        "draft/add": wechat.drafts.add,
        "draft/update": wechat.drafts.update,
        "draft/get": wechat.drafts.get,
        "draft/delete": wechat.drafts.delete,
        "draft/batchget": wechat.drafts.batchget,
        "freepublish/submit": wechat.publications.submit,
        "freepublish/get": wechat.publications.get,
        "freepublish/delete": wechat.publications.delete,
        "freepublish/getarticle": wechat.publications.article,
        "freepublish/batchget": wechat.publications.batchget,
        "message/mass/sendall": wechat.messages.send,
        "message/mass/get": wechat.messages.get,
        "message/mass/delete": wechat.messages.delete,
        "openapi/quota/get": wechat.quota,
    }
