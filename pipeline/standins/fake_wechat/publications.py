"""Free publishing, and the posts that come of it: freepublish/…."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from pipeline.standins.fake_wechat.accounts import OK, Accounts
from pipeline.standins.fake_wechat.drafts import Drafts, listed
from pipeline.standins.fake_wechat.events import Events
from pipeline.standins.fake_wechat.terms import FIRST_ID, Line, Settings, Wrong, now


class Publications:
    """The calls freepublish/…, and what becomes of a submission."""

    def __init__(self, accounts: Accounts, drafts: Drafts, events: Events) -> None:
        self.accounts = accounts
        self.memory = accounts.memory
        self.drafts = drafts
        self.events = events

    def submit(self, appid: str, value: Line) -> Line:
        settings = self._right(appid)
        draft = self.drafts.of(appid, value.get("media_id"))
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
        self.accounts.deed(appid, "freepublish/submit", media_id=draft["media_id"], publish_id=publish_id)
        return {"errcode": 0, "errmsg": "ok", "publish_id": publish_id, "msg_data_id": publish_id}

    def get(self, appid: str, value: Line) -> Line:
        self._right(appid)
        publication = self.memory.get("publication", str(value.get("publish_id")))
        if publication is None or publication["appid"] != appid:
            raise Wrong(53502)
        if publication["publish_status"] == 1 and publication["asks"]:
            asked = {**publication, "asks": publication["asks"] - 1}
            self.memory.put("publication", str(publication["publish_id"]), asked)
        return self._told(publication)

    def delete(self, appid: str, value: Line) -> Line:
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
        self.accounts.deed(appid, "freepublish/delete", article_id=post["article_id"], index=index)
        return OK

    def article(self, appid: str, value: Line) -> Line:
        self._right(appid)
        post = self._published(appid, value.get("article_id"))
        return {name: post[name] for name in ("news_item", "create_time", "update_time")}

    def batchget(self, appid: str, value: Line) -> Line:
        self._right(appid)
        posts = [
            {**one, "news_item": one["news_item"]}
            for one in self.memory.every("post")
            if one["appid"] == appid and not all(item["is_deleted"] for item in one["news_item"])
        ]
        return listed(posts, value, "article_id")

    def settle(self, *, held: bool = False) -> None:
        """Let happen what is due; `held`: also what waits for it."""
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
                items.append({**item, "url": f"{self.accounts.base}/s/{page}", "is_deleted": False})
                self.memory.put("page", page, {"appid": appid, "kind": "post", "id": article_id, "index": index})
            self._post(appid, article_id, items)
            self.memory.drop("draft", draft["media_id"])
            publication["article_id"] = article_id
            self.accounts.deed(appid, "published", article_id=article_id, source=items[0]["content_source_url"])
        self.memory.put("publication", str(publication["publish_id"]), publication)
        self.events.tell(appid, "PUBLISHJOBFINISH", self._told(publication))

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

    def _published(self, appid: str, article_id: Any) -> Line:
        post = self.memory.get("post", str(article_id))
        if post is None or post["appid"] != appid:
            raise Wrong(53600)
        return post

    def _right(self, appid: str) -> Settings:
        settings = self.accounts.settings(appid)
        if not settings.may_publish:
            raise Wrong(48001)
        return settings
