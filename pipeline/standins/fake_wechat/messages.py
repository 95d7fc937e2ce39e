"""Mass messages: message/mass/…."""

from __future__ import annotations

import hashlib
from typing import Any

from pipeline.standins.fake_wechat.accounts import OK, Accounts
from pipeline.standins.fake_wechat.drafts import Drafts
from pipeline.standins.fake_wechat.events import Events
from pipeline.standins.fake_wechat.terms import FIRST_ID, Line, Wrong, now


class Messages:
    """The calls message/mass/…."""

    def __init__(self, accounts: Accounts, drafts: Drafts, events: Events) -> None:
        self.accounts = accounts
        self.memory = accounts.memory
        self.drafts = drafts
        self.events = events

    def send(self, appid: str, value: Line) -> Line:
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
        draft = self.drafts.of(appid, (value.get("mpnews") or {}).get("media_id"))
        if len(messages) >= self.accounts.settings(appid).messages:
            raise Wrong(45028)
        msg_id = FIRST_ID + self.memory.number()
        items = []
        for index, item in enumerate(draft["news_item"], 1):
            page = hashlib.sha256(f"{msg_id}{index}".encode()).hexdigest()[:22]
            self.memory.put("page", page, {"appid": appid, "kind": "message", "id": str(msg_id), "index": index})
            items.append({**item, "url": f"{self.accounts.base}/s/{page}", "is_deleted": False})
        message = {
            "appid": appid,
            "msg_id": msg_id,
            "key": key,
            "asks": self.accounts.settings(appid).asks,
            "news_item": items,
        }
        self.memory.put("message", str(msg_id), {**message, "create_time": now(), "order": self.memory.number()})
        self.memory.drop("draft", draft["media_id"])
        self.accounts.deed(appid, "mass/sendall", msg_id=msg_id, source=items[0]["content_source_url"])
        told = {"MsgID": msg_id, "Status": "send success", "TotalCount": 1, "SentCount": 1}
        self.events.tell(appid, "MASSSENDJOBFINISH", told)
        return {"errcode": 0, "errmsg": "send job submission success", "msg_id": msg_id, "msg_data_id": msg_id}

    def get(self, appid: str, value: Line) -> Line:
        message = self._message(appid, value.get("msg_id"))
        if message["asks"]:
            self.memory.put("message", str(message["msg_id"]), {**message, "asks": message["asks"] - 1})
            return {"msg_id": message["msg_id"], "msg_status": "SENDING"}
        gone = all(item["is_deleted"] for item in message["news_item"])
        return {"msg_id": message["msg_id"], "msg_status": "DELETE" if gone else "SEND_SUCCESS"}

    def delete(self, appid: str, value: Line) -> Line:
        message = self._message(appid, value.get("msg_id"))
        index = int(value.get("article_idx") or 0)
        items = [
            {**item, "is_deleted": item["is_deleted"] or index in (0, place)}
            for place, item in enumerate(message["news_item"], 1)
        ]
        self.memory.put("message", str(message["msg_id"]), {**message, "news_item": items})
        self.accounts.deed(appid, "mass/delete", msg_id=message["msg_id"], index=index)
        return OK

    def _message(self, appid: str, msg_id: Any) -> Line:
        message = self.memory.get("message", str(msg_id))
        if message is None or message["appid"] != appid:
            raise Wrong(40059)
        return message
