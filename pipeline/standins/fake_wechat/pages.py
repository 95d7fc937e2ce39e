"""What people see of the stand-in, and how tests and demos steer it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.newsroom import templates
from pipeline.standins.fake_wechat.contents import darkened
from pipeline.standins.fake_wechat.platform import Wechat
from pipeline.standins.fake_wechat.terms import BEIJING, Line

_PAGES = Environment(loader=FileSystemLoader(templates("fake_wechat")), autoescape=True, undefined=StrictUndefined)


class Answer(NamedTuple):
    status: int
    body: bytes
    media_type: str = "application/json; encoding=utf-8"


class Pages:
    """Pages, pictures and administration of a platform."""

    def __init__(self, wechat: Wechat) -> None:
        self.wechat = wechat

    def page(self, path: str, query: Mapping[str, str]) -> Answer:
        """What people see."""
        with self.wechat.lock:
            self.wechat.settle()
            parts = path.strip("/").split("/")
            if parts[0].startswith("mmbiz_") and len(parts) >= 2 and (picture := self.wechat.memory.picture(parts[1])):
                return Answer(200, picture[1], picture[0])
            if parts == [""]:
                accounts = [(one, self.wechat.settings(one)) for one in self.wechat.memory.names("settings")]
                return as_page("accounts.html", accounts=accounts)
            if parts[0] == "mp" and len(parts) == 2 and self.wechat.memory.get("settings", parts[1]):
                return as_page("account.html", account=self.wechat.settings(parts[1]), entries=self._shown(parts[1]))
            if parts[0] == "s" and len(parts) == 2 and (page := self.wechat.memory.get("page", parts[1])):
                return self._article_page(page, dark="dark" in query)
        return as_page("gone.html", 404, text="链接不存在")

    def _shown(self, appid: str) -> list[Line]:
        """The articles on an account's page, newest first."""
        documents = sorted(
            (one for kind in ("post", "message") for one in self.wechat.memory.every(kind) if one["appid"] == appid),
            key=lambda one: -one["order"],
        )
        return [
            {**item, "at": datetime.fromtimestamp(one["create_time"], BEIJING)}
            for one in documents
            for item in one["news_item"]
            if not item["is_deleted"]
        ]

    def _article_page(self, page: Line, *, dark: bool) -> Answer:
        document = self.wechat.memory.get(page["kind"], page["id"])
        item = document["news_item"][page["index"] - 1] if document is not None else None
        if document is None or item is None or item["is_deleted"]:
            return as_page("gone.html", 410, text="该内容已被发布者删除")
        content = self._told(item)
        content = darkened(content) if dark else content
        return as_page(
            "article.html",
            item=item,
            content=Markup(content),  # noqa: S704 - cleaned when it was taken
            account=self.wechat.settings(page["appid"]),
            appid=page["appid"],
            dark=dark,
            at=datetime.fromtimestamp(document["create_time"], BEIJING),
        )

    def _told(self, item: Line) -> str:
        """An article's content; of a message of pictures its pictures and its text."""
        if item.get("article_type") != "newspic":
            return str(item["content"])
        materials = (
            self.wechat.memory.get("material", one["image_media_id"]) for one in item["image_info"]["image_list"]
        )
        shown = [f'<p><img src="{one["url"]}" alt="" style="width:100%"></p>' for one in materials if one]
        return "".join([*shown, *(f"<p>{escape(line)}</p>" for line in item["content"].splitlines())])

    def administer(self, method: str, path: str, value: Line) -> Answer:
        told: Any = {}
        with self.wechat.lock:
            match method, path.strip("/").split("/"):
                case "GET", ["admin", "faults"]:
                    told = asdict(self.wechat.faults)
                case "PUT", ["admin", "faults"]:
                    self.wechat.faults = replace(self.wechat.faults, **{**value, "next": tuple(value.get("next", ()))})
                case "GET", ["admin", "settings", appid]:
                    told = asdict(self.wechat.settings(appid))
                case "PUT", ["admin", "settings", appid]:
                    self.wechat.set(appid, **value)
                case "POST", ["admin", "settle"]:
                    self.wechat.settle(held=True)
                case "POST", ["admin", "expire"]:
                    for token in self.wechat.memory.every("token"):
                        self.wechat.memory.put("token", token["appid"], {**token, "until": 0})
                case "GET", ["admin", "state"]:
                    self.wechat.settle()
                    kinds = ("draft", "publication", "post", "message", "material", "deed", "count")
                    told = {kind: self.wechat.memory.every(kind) for kind in kinds}
                case "PUT", ["admin", ("drafts" | "posts") as kind, name] if self.wechat.memory.get(kind[:-1], name):
                    self._tamper(kind[:-1], name, value)
                case _:
                    return Answer(404, b"{}")
        return as_json(told)

    def _tamper(self, kind: str, name: str, value: Line) -> None:
        document = self.wechat.memory.get(kind, name) or {}
        index = int(value.pop("index", 1))
        items = [{**item, **value} if place == index else item for place, item in enumerate(document["news_item"], 1)]
        self.wechat.memory.put(kind, name, {**document, "news_item": items})


def as_json(value: Any) -> Answer:
    return Answer(200, json.dumps(value, ensure_ascii=False).replace("/", "\\/").encode())


def as_page(template: str, status: int = 200, **values: Any) -> Answer:
    return Answer(status, _PAGES.get_template(template).render(**values).encode(), "text/html; charset=utf-8")
