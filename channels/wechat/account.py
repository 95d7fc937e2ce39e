"""What stands on one official account: its drafts, publications, posts and mass messages, as frozen values.

Pages at developers.weixin.qq.com/doc/subscription/api: draftbox 草稿管理, freepublish 发布能力, message/mass 群发.
Answers differ from those pages in details (numbers where they say strings, fields that are missing); both are taken.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from html import unescape
from typing import Any, NamedTuple

from channels.wechat.client import Client, understood
from channels.wechat.content.marker import Marker
from channels.wechat.errors import GONE, trouble
from pipeline.channel import utc_now

PAGE = 20
"""Items a list gives at most."""
MOST_PAGES = 10
"""Pages looked at: the newest stand first, and what is asked about is new."""
SLACK = timedelta(days=2)
"""How far clocks may differ before a post is taken for older than its article, which would then go out once more."""
WRITTEN = frozenset(
    {
        "article_type", "title", "author", "digest", "content", "content_source_url", "thumb_media_id",
        "need_open_comment", "only_fans_can_comment", "pic_crop_235_1", "pic_crop_1_1", "image_info",
    }
)  # fmt: skip
"""The fields of an article that draft/add takes; draft/get tells more."""
ESCAPED = frozenset({"title", "author", "digest", "content_source_url"})
"""Those that draft/get tells with `&amp;`."""
NOT_ALLOWED = 48001
NO_SUCH_RIGHT = 76022
UNTOLD = frozenset({NO_SUCH_RIGHT, NOT_ALLOWED, 40066, 76003, 76021})
"""What quota/get answers where it has nothing to say of a call, or is none of the account's own."""
SENT_BEFORE = 45065
SENT, SENDING, SEND_FAILED, SENT_AND_DELETED = "SEND_SUCCESS", "SENDING", "SEND_FAIL", "DELETE"
"""`msg_status` of message/mass/get."""


class Status(IntEnum):
    """`publish_status` of freepublish/get."""

    PUBLISHED = 0
    UNDER_WAY = 1
    NOT_ORIGINAL = 2
    FAILED = 3
    REJECTED = 4
    DELETED = 5
    BANNED = 6


class Item(NamedTuple):
    """One article of a draft or post."""

    marker: Marker | None
    """None: not one of ours."""
    title: str
    content: str
    url: str
    deleted: bool
    pictures: int = 0
    """Of a message of pictures, how many it has; 0: it is an article."""

    def is_of(self, name: str) -> bool:
        return self.marker is not None and self.marker.name == name and not self.deleted


class Draft(NamedTuple):
    """A draft: one to eight articles."""

    media_id: str
    items: tuple[Item, ...]

    def place(self, name: str, revision: int | None = None) -> int | None:
        """Index, from 0, of the article of this name (and revision); None if it is not in it."""
        return next(iter(_places(self.items, name, revision)), None)


class Post(NamedTuple):
    """Something published: one to eight articles."""

    article_id: str
    items: tuple[Item, ...]
    at: int
    """Seconds since the epoch; 0: not told."""

    def places(self, name: str, revision: int | None = None) -> list[int]:
        """Indexes, from 1, of the articles of this name (and revision) that have not been deleted."""
        return [place + 1 for place in _places(self.items, name, revision)]

    def item(self, index: int) -> Item | None:
        """The article at an index from 1."""
        return self.items[index - 1] if 0 < index <= len(self.items) else None


class Publication(NamedTuple):
    """What became of a draft that was handed in."""

    status: Status
    article_id: str
    urls: Mapping[int, str]
    """Public addresses by index, from 1."""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Publication:
        """From an answer of freepublish/get."""
        items = (answer.get("article_detail") or {}).get("item") or []
        return cls(
            Status(int(answer["publish_status"])),
            str(answer.get("article_id") or ""),
            {int(one["idx"]): str(one.get("article_url") or "") for one in items},
        )


class Account:
    """The account. Thread-safe; every method is one call, lists are up to `MOST_PAGES`."""

    def __init__(self, client: Client) -> None:
        self.client = client

    # -- drafts --------------------------------------------------------------------------------------------

    def add(self, articles: Sequence[Mapping[str, Any]]) -> str:
        """Make a draft of one to eight articles; its media id. "" if a cover is not there (any more)."""
        answer = self.client.call("draft/add", {"articles": list(articles)}, expected=GONE)
        return str(answer.get("media_id") or "")

    def copy(self, media_id: str, places: Collection[int]) -> str:
        """Make a draft of some articles (indexes from 0) of another one, as they are: nothing can be taken out of one.

        Its media id; "" if the draft or a cover is not there (any more).
        """
        answer = self.client.call("draft/get", {"media_id": media_id}, expected=GONE)
        items = [item for place, item in enumerate(answer.get("news_item") or []) if place in places]
        kept = [
            {name: unescape(value) if name in ESCAPED else value for name, value in item.items() if name in WRITTEN}
            for item in items
        ]
        return self.add(kept) if kept else ""

    def update(self, media_id: str, index: int, article: Mapping[str, Any]) -> bool:
        """Replace one article of a draft (index from 0). False if the draft or the cover is not there (any more)."""
        value = {"media_id": media_id, "index": index, "articles": article}
        return not self.client.call("draft/update", value, expected=GONE).get("errcode")

    def draft(self, media_id: str) -> Draft | None:
        answer = self.client.call("draft/get", {"media_id": media_id}, expected=GONE)
        with understood("draft/get"):
            return None if answer.get("errcode") else Draft(media_id, _items(answer))

    def drafts(self, name: str) -> list[Draft]:
        """The drafts that hold the article of this name, newest first."""
        with understood("draft/batchget"):
            found = (Draft(str(one["media_id"]), _items(one["content"])) for one in self._list("draft/batchget"))
            return [draft for draft in found if draft.place(name) is not None]

    def delete_draft(self, media_id: str) -> None:
        """Delete a draft with all its articles; one that is not there counts as deleted."""
        self.client.call("draft/delete", {"media_id": media_id}, expected=GONE)

    # -- free publishing -----------------------------------------------------------------------------------

    def submit(self, media_id: str) -> str:
        """Hand a draft in for publication; the publish id. "" if there is no such draft (any more)."""
        answer = self.client.call("freepublish/submit", {"media_id": media_id}, expected=GONE)
        return str(answer.get("publish_id") or "")

    def publication(self, publish_id: str) -> Publication | None:
        """What became of it; None if WeChat knows nothing of it."""
        answer = self.client.call("freepublish/get", {"publish_id": publish_id}, expected=GONE)
        with understood("freepublish/get"):
            return None if answer.get("errcode") else Publication.of(answer)

    def post(self, article_id: str) -> Post | None:
        answer = self.client.call("freepublish/getarticle", {"article_id": article_id}, expected=GONE)
        with understood("freepublish/getarticle"):
            return None if answer.get("errcode") else _post(article_id, answer)

    def posts(self, name: str, since: datetime) -> list[Post]:
        """Free-published posts that show the article of this name, oldest first. `since`: it cannot be older.

        Empty for an account without the publishing right: it cannot have any.
        """
        bound = (since - SLACK).timestamp()
        with understood("freepublish/batchget"):
            found = (_post(str(one["article_id"]), one["content"]) for one in self._list("freepublish/batchget", bound))
            return sorted((post for post in found if post.places(name)), key=lambda post: (post.at, post.article_id))

    def delete_post(self, article_id: str, index: int) -> None:
        """Delete one article of a post. `index` from 1: WeChat would take 0 to mean all of them."""
        if index < 1:
            raise ValueError(f"index {index}: articles are counted from 1")
        self.client.call("freepublish/delete", {"article_id": article_id, "index": index}, expected=GONE)

    # -- mass messages -------------------------------------------------------------------------------------

    def send(self, media_id: str, key: str, tag: int | None) -> str:
        """Send a draft to all followers, or those with a tag; its message id. "" if there is no such draft.

        `key`: at most 32 bytes; WeChat sends once for each, and answers again with the same message id.
        """
        value = {
            "filter": {"is_to_all": tag is None, **({} if tag is None else {"tag_id": tag})},
            "mpnews": {"media_id": media_id},
            "msgtype": "mpnews",
            "send_ignore_reprint": 0,
            "clientmsgid": key,
        }
        answer = self.client.call("message/mass/sendall", value, expected={*GONE, SENT_BEFORE})
        return str(answer.get("msg_id") or "")

    def message(self, msg_id: str) -> str:
        """`msg_status` of a mass message; "" if there is none of this id.

        Whatever else WeChat says of it than its pages do, it may still come out: it counts as being sent.
        """
        answer = self.client.call("message/mass/get", {"msg_id": msg_id}, expected=GONE)
        status = str(answer.get("msg_status") or "").upper().replace(" ", "_")
        return status if status in ("", SENT, SEND_FAILED, SENT_AND_DELETED) else SENDING

    def delete_message(self, msg_id: str, index: int) -> None:
        """Delete one article of a mass message. `index` from 1: WeChat would take 0 to mean all of them."""
        if index < 1:
            raise ValueError(f"index {index}: articles are counted from 1")
        value = {"msg_id": int(msg_id), "article_idx": index}
        self.client.call("message/mass/delete", value, expected=GONE)

    # -- the account itself ---------------------------------------------------------------------------------

    def left(self, call: str) -> int | None:
        """How many calls of this name are left today, whoever made the others; None if WeChat does not say.

        Raises `Refused` if the account has no right to make them. Costs nothing that is counted (查询API调用额度).
        """
        answer = self.client.call("openapi/quota/get", {"cgi_path": f"/cgi-bin/{call}"}, expected=UNTOLD)
        if answer.get("errcode") == NO_SUCH_RIGHT:
            raise trouble(call, NOT_ALLOWED, str(answer.get("errmsg", "")), utc_now())
        with understood("openapi/quota/get"):
            remain = (answer.get("quota") or {}).get("remain")
            return None if remain is None else int(remain)

    # -- lists ---------------------------------------------------------------------------------------------

    def _list(self, call: str, since: float = 0.0) -> Iterator[dict[str, Any]]:
        """The items of a list, newest first, as far back as `since` (seconds) and `MOST_PAGES`."""
        for page in range(MOST_PAGES):
            value = {"offset": page * PAGE, "count": PAGE, "no_content": 1}
            answer = self.client.call(call, value, expected={NOT_ALLOWED} if since else ())
            items = answer.get("item") or []
            if any("news_item" not in (one.get("content") or {}) for one in items):
                # What is left out with `no_content` is told in two ways; without news_item there is no marker.
                items = self.client.call(call, {**value, "no_content": 0}).get("item") or []
            yield from items
            seen = page * PAGE + len(items)
            if not items or seen >= int(answer.get("total_count") or 0) or 0 < _time(items[-1]) < since:
                return


def _items(content: Mapping[str, Any]) -> tuple[Item, ...]:
    return tuple(
        Item(
            marker=Marker.of(str(one.get("content_source_url") or "")),
            title=unescape(str(one.get("title") or "")),
            content=str(one.get("content") or ""),
            url=str(one.get("url") or ""),
            deleted=bool(one.get("is_deleted")),
            pictures=len((one.get("image_info") or {}).get("image_list") or ())
            if one.get("article_type") == "newspic"
            else 0,
        )
        for one in content.get("news_item") or []
    )


def _post(article_id: str, content: Mapping[str, Any]) -> Post:
    return Post(article_id, _items(content), int(content.get("create_time") or content.get("update_time") or 0))


def _time(item: Mapping[str, Any]) -> int:
    content = item.get("content") or {}
    return int(item.get("update_time") or content.get("update_time") or content.get("create_time") or 0)


def _places(items: Iterable[Item], name: str, revision: int | None) -> Iterator[int]:
    for place, item in enumerate(items):
        if item.is_of(name) and (revision is None or (item.marker is not None and item.marker.revision == revision)):
            yield place
