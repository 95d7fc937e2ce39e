"""The drafts of the accounts: draft/…."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from pipeline.standins.fake_wechat.accounts import OK, Accounts
from pipeline.standins.fake_wechat.contents import cleaned, is_crop, text
from pipeline.standins.fake_wechat.terms import Line, Wrong, now


class Drafts:
    """The calls draft/…, and what stands in a draft."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.memory = accounts.memory

    def add(self, appid: str, value: Line) -> Line:
        articles = value.get("articles")
        if not isinstance(articles, list) or not articles:
            raise Wrong(47001)
        if len(articles) > 8:
            raise Wrong(45008)
        if len(articles) > 1 and any(
            isinstance(one, dict) and one.get("article_type") == "newspic" for one in articles
        ):
            raise Wrong(47001)
        items = [self._article(appid, one) for one in articles]
        number = self.memory.number()
        media_id = "zUUt" + hashlib.sha256(f"{appid}{number}".encode()).hexdigest()[:40]
        for index, item in enumerate(items, 1):
            item["url"] = f"{self.accounts.base}/s?__biz=MzA&mid=1{number:08d}&idx={index}&tempkey=draft#rd"
        self._keep({"appid": appid, "media_id": media_id, "news_item": items, "create_time": now()})
        self.accounts.deed(appid, "draft/add", media_id=media_id, source=items[0]["content_source_url"])
        return {"media_id": media_id, "item": []}

    def update(self, appid: str, value: Line) -> Line:
        draft = self.of(appid, value.get("media_id"))
        index = int(value.get("index") or 0)
        if not 0 <= index < len(draft["news_item"]):
            raise Wrong(47001)
        article = {**self._article(appid, value.get("articles")), "url": draft["news_item"][index]["url"]}
        items = [article if place == index else one for place, one in enumerate(draft["news_item"])]
        self._keep({**draft, "news_item": items})
        self.accounts.deed(appid, "draft/update", media_id=draft["media_id"], source=article["content_source_url"])
        return OK

    def get(self, appid: str, value: Line) -> Line:
        draft = self.of(appid, value.get("media_id"))
        return {name: draft[name] for name in ("news_item", "create_time", "update_time")}

    def delete(self, appid: str, value: Line) -> Line:
        draft = self.of(appid, value.get("media_id"))
        self.memory.drop("draft", draft["media_id"])
        self.accounts.deed(appid, "draft/delete", media_id=draft["media_id"])
        return OK

    def batchget(self, appid: str, value: Line) -> Line:
        drafts = [one for one in self.memory.every("draft") if one["appid"] == appid]
        return listed(drafts, value, "media_id")

    def of(self, appid: str, media_id: Any) -> Line:
        """The draft of this account."""
        draft = self.memory.get("draft", str(media_id))
        if draft is None or draft["appid"] != appid:
            raise Wrong(40007)
        return draft

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
            (88000, bool(given.get("need_open_comment")) and not self.accounts.settings(appid).comments),
            (45166, bool(re.search(r"<(script|iframe|form)\b", content, re.IGNORECASE))),
        ):
            if bad:
                raise Wrong(code)
        for name in ("pic_crop_235_1", "pic_crop_1_1"):
            if (crop := given.get(name)) and not is_crop(str(crop)):
                raise Wrong(47001)
        if given.get("article_type", "news") == "news":
            pictures: Line = {}
            cover = self._material(appid, given.get("thumb_media_id"))["url"]
            content = cleaned(content, f"{self.accounts.base}/mmbiz_", f"{self.accounts.base}/s/")
        elif given.get("article_type") == "newspic":
            pictures = {"image_info": self._image_info(appid, given, content)}
            cover = self._material(appid, pictures["image_info"]["image_list"][0]["image_media_id"])["url"]
        else:
            raise Wrong(47001)
        return {
            "article_type": given.get("article_type", "news"),
            **pictures,
            "title": title,
            "author": str(given.get("author") or ""),
            "digest": digest or text(content)[:54],
            "content": content,
            "content_source_url": ""
            if pictures and not self.accounts.settings(appid).sourced_stories
            else str(given.get("content_source_url") or ""),
            "thumb_media_id": str(given.get("thumb_media_id") or ""),
            "show_cover_pic": 0,
            "url": "",
            "thumb_url": cover,
            "need_open_comment": int(bool(given.get("need_open_comment"))),
            "only_fans_can_comment": int(bool(given.get("only_fans_can_comment"))),
            **{name: given[name] for name in ("pic_crop_235_1", "pic_crop_1_1") if given.get(name)},
        }

    def _material(self, appid: str, media_id: Any) -> Line:
        material = self.memory.get("material", str(media_id or ""))
        if material is None or material["appid"] != appid:
            raise Wrong(40007)
        return material

    def _image_info(self, appid: str, given: Line, content: str) -> Line:
        """The pictures of a message of pictures: one to twenty of the library; its text is plain and short."""
        listed = (given.get("image_info") or {}).get("image_list")
        if not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
            raise Wrong(47001)
        if len(listed) > 20:
            raise Wrong(45008)
        if len(content) > 1000:
            raise Wrong(45002)
        if re.search(r"<[a-zA-Z/]", content):
            raise Wrong(45166)
        return {
            "image_list": [
                {"image_media_id": self._material(appid, one.get("image_media_id"))["media_id"]} for one in listed
            ]
        }

    def _keep(self, draft: Line) -> None:
        if len(draft["news_item"]) > 1:  # only a single article has a digest
            draft["news_item"] = [{**item, "digest": ""} for item in draft["news_item"]]
        draft = {**draft, "update_time": now(), "order": self.memory.number()}
        self.memory.put("draft", draft["media_id"], draft)


def listed(documents: list[Line], value: Line, name: str) -> Line:
    """A list as WeChat gives it, newest first; `name`: what an item is called by."""
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
