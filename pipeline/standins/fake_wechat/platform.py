"""The platform: tokens, quotas, drafts, publications, posts, mass messages, events."""

from __future__ import annotations

import hashlib
import io
import random
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image as Pillow

from pipeline.standins.fake_wechat.contents import cleaned, is_crop, parsed, text, uploaded, xml
from pipeline.standins.fake_wechat.memory import Memory
from pipeline.standins.fake_wechat.terms import BEIJING, FIRST_ID, LIMITS, SAYS, Faults, Line, Settings, Wrong, now

_OK: Line = {"errcode": 0, "errmsg": "ok"}


class Wechat:
    """The platform. Thread-safe; one lock, because it stands in for correctness and not for speed."""

    def __init__(self, folder: Path, accounts: Mapping[str, Settings], *, seed: int = 0) -> None:
        self.base = ""
        """Its own public address, set by the server."""
        self.images = ""
        """What picture addresses begin with; default `base`."""
        self.lock = threading.RLock()
        self.memory = Memory(folder / "fake-wechat.db")
        self.faults = Faults()
        self._chance = random.Random(seed)  # noqa: S311 - chance for tests
        self._to_tell: list[tuple[Settings, str]] = []
        for appid, settings in accounts.items():
            if self.memory.get("settings", appid) is None:
                self.memory.put("settings", appid, asdict(settings))

    def settings(self, appid: str) -> Settings:
        found = self.memory.get("settings", appid)
        if found is None:
            raise Wrong(40013)
        return Settings(**{**found, "ips": tuple(found["ips"])})

    def set(self, appid: str, **changes: Any) -> None:
        with self.lock:
            self.memory.put("settings", appid, {**asdict(self.settings(appid)), **changes})

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

    def _deed(self, appid: str, what: str, **more: Any) -> None:
        number = self.memory.number()
        self.memory.put("deed", f"{number:09d}", {"appid": appid, "deed": what, "at": now(), **more})

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
        url = f"{self.images or self.base}/mmbiz_{kind.lower()}/{name}/0?wx_fmt={kind.lower()}"
        if call == "media/uploadimg":
            self._deed(appid, "uploadimg", picture=name)
            return {"url": url, "errcode": 0, "errmsg": "ok"}
        media_id = f"mat-{name}"
        self.memory.put("material", media_id, {"appid": appid, "media_id": media_id, "url": url})
        self._deed(appid, "add_material", media_id=media_id)
        return {"media_id": media_id, "url": url, "item": []}

    # -- drafts --------------------------------------------------------------------------------------------

    def _article(self, appid: str, given: Any) -> Line:
        """An article checked and changed as WeChat does."""
        if not isinstance(given, dict):
            raise Wrong(47001)
        title, content, digest = (str(given.get(name) or "") for name in ("title", "content", "digest"))
        if not title or not content.strip():
            raise Wrong(44003)
        for code, bad in (
            (45003, len(title) > 32),
            (45110, len(str(given.get("author") or "")) > 16),
            (45004, len(digest) > 120),
            (45002, len(content) >= 20_000 or len(content.encode()) >= 2**20),
            (45005, len(str(given.get("content_source_url") or "").encode()) > 1024),
            (88000, bool(given.get("need_open_comment")) and not self.settings(appid).comments),
            (45166, bool(re.search(r"<(script|iframe|form)\b", content, re.IGNORECASE))),
        ):
            if bad:
                raise Wrong(code)
        for name in ("pic_crop_235_1", "pic_crop_1_1"):
            if (crop := given.get(name)) and not is_crop(str(crop)):
                raise Wrong(47001)
        if given.get("article_type", "news") == "news":
            material = self.memory.get("material", str(given.get("thumb_media_id") or ""))
            if material is None or material["appid"] != appid:
                raise Wrong(40007)
            cover = material["url"]
        else:
            cover = ""
        content = cleaned(content, f"{self.images or self.base}/mmbiz_", f"{self.base}/s/")
        return {
            "title": title,
            "author": str(given.get("author") or ""),
            "digest": digest or text(content)[:54],
            "content": content,
            "content_source_url": str(given.get("content_source_url") or ""),
            "thumb_media_id": str(given.get("thumb_media_id") or ""),
            "show_cover_pic": 0,
            "url": "",
            "thumb_url": cover,
            "need_open_comment": int(bool(given.get("need_open_comment"))),
            "only_fans_can_comment": int(bool(given.get("only_fans_can_comment"))),
            **{name: given[name] for name in ("pic_crop_235_1", "pic_crop_1_1") if given.get(name)},
        }

    def _draft(self, appid: str, media_id: Any) -> Line:
        draft = self.memory.get("draft", str(media_id))
        if draft is None or draft["appid"] != appid:
            raise Wrong(40007)
        return draft

    def draft_add(self, appid: str, value: Line) -> Line:
        articles = value.get("articles")
        if not isinstance(articles, list) or not articles:
            raise Wrong(47001)
        if len(articles) > 8:
            raise Wrong(45008)
        items = [self._article(appid, one) for one in articles]
        number = self.memory.number()
        media_id = "zUUt" + hashlib.sha256(f"{appid}{number}".encode()).hexdigest()[:40]
        for index, item in enumerate(items, 1):
            item["url"] = f"{self.base}/s?__biz=MzA&mid=1{number:08d}&idx={index}&tempkey=draft#rd"
        self._keep_draft({"appid": appid, "media_id": media_id, "news_item": items, "create_time": now()})
        self._deed(appid, "draft/add", media_id=media_id, source=items[0]["content_source_url"])
        return {"media_id": media_id, "item": []}

    def _keep_draft(self, draft: Line) -> None:
        if len(draft["news_item"]) > 1:  # only a single article has a digest
            draft["news_item"] = [{**item, "digest": ""} for item in draft["news_item"]]
        draft = {**draft, "update_time": now(), "order": self.memory.number()}
        self.memory.put("draft", draft["media_id"], draft)

    def draft_update(self, appid: str, value: Line) -> Line:
        draft = self._draft(appid, value.get("media_id"))
        index = int(value.get("index") or 0)
        if not 0 <= index < len(draft["news_item"]):
            raise Wrong(47001)
        article = {**self._article(appid, value.get("articles")), "url": draft["news_item"][index]["url"]}
        items = [article if place == index else one for place, one in enumerate(draft["news_item"])]
        self._keep_draft({**draft, "news_item": items})
        self._deed(appid, "draft/update", media_id=draft["media_id"], source=article["content_source_url"])
        return _OK

    def draft_get(self, appid: str, value: Line) -> Line:
        draft = self._draft(appid, value.get("media_id"))
        return {name: draft[name] for name in ("news_item", "create_time", "update_time")}

    def draft_delete(self, appid: str, value: Line) -> Line:
        draft = self._draft(appid, value.get("media_id"))
        self.memory.drop("draft", draft["media_id"])
        self._deed(appid, "draft/delete", media_id=draft["media_id"])
        return _OK

    def draft_batchget(self, appid: str, value: Line) -> Line:
        drafts = [one for one in self.memory.every("draft") if one["appid"] == appid]
        return self._page(drafts, value, "media_id")

    def _page(self, documents: list[Line], value: Line, name: str) -> Line:
        offset, count = int(value.get("offset") or 0), int(value.get("count") or 0)
        if not 1 <= count <= 20 or offset < 0:
            raise Wrong(47001)
        documents = sorted(documents, key=lambda one: -int(one["order"]))
        page = documents[offset : offset + count]
        without = ("content",) if value.get("no_content") else ()
        return {
            "item": [
                {
                    name: one[name],
                    "content": {
                        "news_item": [
                            {key: told for key, told in item.items() if key not in without} for item in one["news_item"]
                        ],
                        "create_time": one["create_time"],
                        "update_time": one["update_time"],
                    },
                    "update_time": one["update_time"],
                }
                for one in page
            ],
            "total_count": len(documents),
            "item_count": len(page),
        }

    # -- free publishing -----------------------------------------------------------------------------------

    def _right(self, appid: str) -> Settings:
        settings = self.settings(appid)
        if not settings.may_publish:
            raise Wrong(48001)
        return settings

    def publish_submit(self, appid: str, value: Line) -> Line:
        settings = self._right(appid)
        draft = self._draft(appid, value.get("media_id"))
        publish_id = FIRST_ID + self.memory.number()
        publication = {
            "appid": appid,
            "publish_id": publish_id,
            "media_id": draft["media_id"],
            "publish_status": 1,
            "ready": time.time() + settings.delay,
            "asks": settings.asks,
            "hold": settings.hold,
            "verdict": settings.verdict,
        }
        self.memory.put("publication", str(publish_id), publication)
        self._deed(appid, "freepublish/submit", media_id=draft["media_id"], publish_id=publish_id)
        return {"errcode": 0, "errmsg": "ok", "publish_id": publish_id, "msg_data_id": publish_id}

    def settle(self, *, held: bool = False) -> None:
        """Let happen what is due; `held`: also what waits for it."""
        with self.lock:
            now = time.time()
            for publication in self.memory.every("publication"):
                waits = publication["publish_status"] == 1
                if waits and (
                    held or (now >= publication["ready"] and not publication["asks"] and not publication["hold"])
                ):
                    self._end(publication)

    def _end(self, publication: Line) -> None:
        appid, status = publication["appid"], publication["verdict"]
        draft = self.memory.get("draft", publication["media_id"])
        if draft is None:  # deleted, or published already by another submission
            status = 3
        publication = {**publication, "publish_status": status}
        if status == 0 and draft is not None:
            number = self.memory.number()
            article_id = "IMXO" + hashlib.sha256(f"{appid}{number}".encode()).hexdigest()[:52]
            items = []
            for index, item in enumerate(draft["news_item"], 1):
                page = hashlib.sha256(f"{article_id}{index}".encode()).hexdigest()[:22]
                items.append({**item, "url": f"{self.base}/s/{page}", "is_deleted": False})
                self.memory.put("page", page, {"appid": appid, "kind": "post", "id": article_id, "index": index})
            self._post(appid, article_id, items)
            self.memory.drop("draft", draft["media_id"])
            publication["article_id"] = article_id
            self._deed(appid, "published", article_id=article_id, source=items[0]["content_source_url"])
        self.memory.put("publication", str(publication["publish_id"]), publication)
        self._tell(appid, "PUBLISHJOBFINISH", self._told(publication))

    def _post(self, appid: str, article_id: str, items: Sequence[Line]) -> None:
        post = {
            "appid": appid,
            "article_id": article_id,
            "news_item": list(items),
            "create_time": now(),
            "update_time": now(),
            "order": self.memory.number(),
        }
        self.memory.put("post", article_id, post)

    def _told(self, publication: Line) -> Line:
        status = publication["publish_status"]
        told: Line = {"publish_id": publication["publish_id"], "publish_status": status}
        post = self.memory.get("post", publication.get("article_id", ""))
        if post is not None:
            if all(item["is_deleted"] for item in post["news_item"]):
                told["publish_status"] = 5
            told["article_id"] = post["article_id"]
            items = [
                {"idx": index, "article_url": item["url"]}
                for index, item in enumerate(post["news_item"], 1)
                if not item["is_deleted"]
            ]
            told["article_detail"] = {"count": len(items), "item": items}
        told["fail_idx"] = [1] if status in (1, 2, 4) else []  # with 1 it says nothing: only 2 and 4 mean it
        return told

    def publish_get(self, appid: str, value: Line) -> Line:
        self._right(appid)
        publication = self.memory.get("publication", str(value.get("publish_id")))
        if publication is None or publication["appid"] != appid:
            raise Wrong(53502)
        if publication["publish_status"] == 1 and publication["asks"]:
            asked = {**publication, "asks": publication["asks"] - 1}
            self.memory.put("publication", str(publication["publish_id"]), asked)
        return self._told(publication)

    def _published(self, appid: str, article_id: Any) -> Line:
        post = self.memory.get("post", str(article_id))
        if post is None or post["appid"] != appid:
            raise Wrong(53600)
        return post

    def publish_delete(self, appid: str, value: Line) -> Line:
        self._right(appid)
        post = self._published(appid, value.get("article_id"))
        index = int(value.get("index") or 0)
        if not 0 <= index <= len(post["news_item"]):
            raise Wrong(53600)
        items = [
            {**item, "is_deleted": item["is_deleted"] or index in (0, place)}
            for place, item in enumerate(post["news_item"], 1)
        ]
        self.memory.put("post", post["article_id"], {**post, "news_item": items, "update_time": now()})
        self._deed(appid, "freepublish/delete", article_id=post["article_id"], index=index)
        return _OK

    def publish_article(self, appid: str, value: Line) -> Line:
        self._right(appid)
        post = self._published(appid, value.get("article_id"))
        return {name: post[name] for name in ("news_item", "create_time", "update_time")}

    def publish_batchget(self, appid: str, value: Line) -> Line:
        self._right(appid)
        posts = [
            {**one, "news_item": one["news_item"]}
            for one in self.memory.every("post")
            if one["appid"] == appid and not all(item["is_deleted"] for item in one["news_item"])
        ]
        return self._page(posts, value, "article_id")

    # -- mass messages -------------------------------------------------------------------------------------

    def mass_send(self, appid: str, value: Line) -> Line:
        chosen, key = value.get("filter"), str(value.get("clientmsgid") or "")
        if value.get("msgtype") != "mpnews" or not isinstance(chosen, dict):
            raise Wrong(40008)
        if not isinstance(chosen.get("is_to_all"), bool):
            raise Wrong(40008)
        if len(key.encode()) > 32:
            raise Wrong(45067)
        messages = [one for one in self.memory.every("message") if one["appid"] == appid]
        for one in messages:
            if key and one["key"] == key:
                raise Wrong(45065, msg_id=one["msg_id"])
        draft = self._draft(appid, (value.get("mpnews") or {}).get("media_id"))
        if len(messages) >= self.settings(appid).messages:
            raise Wrong(45028)
        msg_id = FIRST_ID + self.memory.number()
        items = []
        for index, item in enumerate(draft["news_item"], 1):
            page = hashlib.sha256(f"{msg_id}{index}".encode()).hexdigest()[:22]
            self.memory.put("page", page, {"appid": appid, "kind": "message", "id": str(msg_id), "index": index})
            items.append({**item, "url": f"{self.base}/s/{page}", "is_deleted": False})
        message = {"appid": appid, "msg_id": msg_id, "key": key, "asks": self.settings(appid).asks, "news_item": items}
        self.memory.put("message", str(msg_id), {**message, "create_time": now(), "order": self.memory.number()})
        self.memory.drop("draft", draft["media_id"])
        self._deed(appid, "mass/sendall", msg_id=msg_id, source=items[0]["content_source_url"])
        told = {"MsgID": msg_id, "Status": "send success", "TotalCount": 1, "SentCount": 1}
        self._tell(appid, "MASSSENDJOBFINISH", told)
        return {"errcode": 0, "errmsg": "send job submission success", "msg_id": msg_id, "msg_data_id": msg_id}

    def _message(self, appid: str, msg_id: Any) -> Line:
        message = self.memory.get("message", str(msg_id))
        if message is None or message["appid"] != appid:
            raise Wrong(40059)
        return message

    def mass_get(self, appid: str, value: Line) -> Line:
        message = self._message(appid, value.get("msg_id"))
        if message["asks"]:
            self.memory.put("message", str(message["msg_id"]), {**message, "asks": message["asks"] - 1})
            return {"msg_id": message["msg_id"], "msg_status": "SENDING"}
        gone = all(item["is_deleted"] for item in message["news_item"])
        return {"msg_id": message["msg_id"], "msg_status": "DELETE" if gone else "SEND_SUCCESS"}

    def mass_delete(self, appid: str, value: Line) -> Line:
        message = self._message(appid, value.get("msg_id"))
        index = int(value.get("article_idx") or 0)
        items = [
            {**item, "is_deleted": item["is_deleted"] or index in (0, place)}
            for place, item in enumerate(message["news_item"], 1)
        ]
        self.memory.put("message", str(message["msg_id"]), {**message, "news_item": items})
        self._deed(appid, "mass/delete", msg_id=message["msg_id"], index=index)
        return _OK

    # -- events --------------------------------------------------------------------------------------------

    def _tell(self, appid: str, event: str, told: Line) -> None:
        settings = self.settings(appid)
        if settings.callback:
            inner = "".join(xml(name, value) for name, value in told.items())
            if event == "PUBLISHJOBFINISH":
                inner = f"<PublishEventInfo>{inner}</PublishEventInfo>"
            head = {"ToUserName": f"gh_{appid[-12:]}", "FromUserName": "oStandIn", "CreateTime": now()}
            head |= {"MsgType": "event", "Event": event}
            written = "".join(xml(name, value) for name, value in head.items())
            self._to_tell.append((settings, f"<xml>{written}{inner}</xml>"))

    def tell(self) -> None:
        """Send the events that wait, each once: the real one tries three times and may still fail."""
        with self.lock:
            waiting, self._to_tell = self._to_tell, []
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


def _CALLS(wechat: Wechat) -> dict[str, Callable[[str, Line], Line]]:  # noqa: N802 - a table
    return {
        "draft/add": wechat.draft_add,
        "draft/update": wechat.draft_update,
        "draft/get": wechat.draft_get,
        "draft/delete": wechat.draft_delete,
        "draft/batchget": wechat.draft_batchget,
        "freepublish/submit": wechat.publish_submit,
        "freepublish/get": wechat.publish_get,
        "freepublish/delete": wechat.publish_delete,
        "freepublish/getarticle": wechat.publish_article,
        "freepublish/batchget": wechat.publish_batchget,
        "message/mass/sendall": wechat.mass_send,
        "message/mass/get": wechat.mass_get,
        "message/mass/delete": wechat.mass_delete,
    }
