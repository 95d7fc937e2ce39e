"""Channel kinds for `tests.standins.receiver`: one that takes a key, one that can only be asked.

A configuration names them by module and class: `kind = "tests.standins.kinds:Asking"`, with
`endpoint = "http://127.0.0.1:PORT"`.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import html

from channels import byline, label
from channels.body import blocks
from channels.http import Http
from pipeline.article import Newsroom, Revision
from pipeline.article.credit import Group
from pipeline.channel import (
    Action,
    Channel,
    ChannelError,
    Correction,
    Delivery,
    Evidence,
    Problem,
    Receipt,
    Recovery,
    Refused,
    Rendition,
    Setting,
    Standing,
    Text,
    utc_now,
)

MEDIA_TYPE = "application/json"


class Posted(Channel):
    """What both kinds have in common: the rendition, and how standing and public copy are read.

    Options: `endpoint`, the receiver's address; `total`, the longest call in seconds (default 10).
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.endpoint = str(self.options.get("endpoint", ""))
        self.http = Http(self.endpoint, read=5, total=float(self.options.get("total", 10)))

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        article = revision.article
        body = {
            "revision": revision.number,
            "headline": article.headline,
            "label": label.of_text(article),
            "byline": [newsroom.name, *byline.lines(article, newsroom.house, *Group)],
            "body": "".join(html.tostring(_without_pictures(block), encoding="unicode") for block in blocks(article)),
            "published": revision.published_at.isoformat(),
            "updated": revision.updated_at.isoformat(),
            "note": revision.note,
        }
        return Rendition.of(MEDIA_TYPE, json.dumps(body, ensure_ascii=False))

    def prepare(self, delivery: Delivery) -> Receipt:
        rendition = _rendition(delivery)
        content = {
            "article": delivery.revision.id,
            "revision": delivery.revision.number,
            "digest": rendition.digest,
            "marker": delivery.newsroom.guid(delivery.revision.id),
            "headline": delivery.revision.article.headline,
            "body": rendition.body,
            **self._also(delivery),
        }
        answer = self.http.post("/drafts", content, headers=self._headers(delivery, "prepare")).json()
        return Receipt(standing=Standing.STAGED, ids={"draft": answer["draft"]})

    def release(self, delivery: Delivery) -> Receipt:
        if delivery.is_late:
            return self.find(delivery)
        content = {"draft": _draft(delivery.receipt), **self._also(delivery)}
        answer = self.http.post("/publications", content, headers=self._headers(delivery, "release")).json()
        return self._live(answer["draft"], delivery)

    def find(self, delivery: Delivery) -> Receipt:
        there = self._ask(delivery)
        if delivery.action is Action.WITHDRAW:
            gone = Standing.WITHDRAWN if there["withdrawn"] else Standing.ABSENT
            return Receipt(standing=Standing.LIVE if there["posts"] else gone)
        digest = _rendition(delivery).digest
        for post in there["posts"]:
            if post["digest"] == digest:
                return self._live(post["draft"], delivery)
        for draft in reversed(there["drafts"]):
            if draft["digest"] == digest:
                return Receipt(standing=Standing.STAGED, ids={"draft": draft["draft"]})
        return Receipt(standing=Standing.WITHDRAWN if there["withdrawn"] else Standing.ABSENT)

    def withdraw(self, delivery: Delivery) -> Receipt:
        if delivery.is_late:
            return self.find(delivery)
        answer = self.http.call(
            "DELETE",
            f"/publications/{delivery.revision.id}",
            params={"revision": str(delivery.revision.number)},
            headers=self._headers(delivery, "withdraw"),
        ).json()
        return Receipt(standing=Standing.WITHDRAWN if answer["withdrawn"] else Standing.ABSENT)

    def verify(self, delivery: Delivery) -> Evidence:
        path = f"/public/{delivery.revision.id}"
        answer = self.http.get(path, expected=(404, 410))
        url, at = self.endpoint + path, utc_now()
        if answer.status != 200:
            gone = Standing.WITHDRAWN if answer.status == 410 else Standing.ABSENT
            return Evidence(url=url, at=at, standing=gone, digest="", extract=delivery.reason)
        posts = answer.json()["posts"]
        digests = [Rendition.of(MEDIA_TYPE, post["body"]).digest for post in posts]
        if delivery.action is Action.WITHDRAW:
            standing = Standing.LIVE
        else:
            standing = Standing.LIVE if digests == [_rendition(delivery).digest] else Standing.ABSENT
        return Evidence(url=url, at=at, standing=standing, digest=digests[-1], extract=posts[-1]["headline"])

    def check(self) -> list[Problem]:
        if not self.endpoint:
            message = Text.of("{channel} has no endpoint", channel=self.outlet.id)
            return [Problem(field="endpoint", message=message, remedy=Text.of("name the receiver's address"))]
        try:
            self.http.get("/public/none", expected=(404,))
        except ChannelError as error:
            return [error.problem]
        return []

    def _live(self, draft: str, delivery: Delivery) -> Receipt:
        url = f"{self.endpoint}/public/{delivery.revision.id}"
        return Receipt(standing=Standing.LIVE, ids={"draft": draft}, url=url)

    @abstractmethod
    def _ask(self, delivery: Delivery) -> Any:
        """What the receiver has of the article."""

    def _headers(self, delivery: Delivery, step: str) -> Mapping[str, str]:
        return {}

    def _also(self, delivery: Delivery) -> Mapping[str, str]:
        return {}


class Keyed(Posted):
    """Takes the delivery's key: whatever is unknown is simply done again under the same key."""

    kind = "keyed"
    corrects = Correction.IN_PLACE
    recovers = Recovery.KEY

    def _ask(self, delivery: Delivery) -> Any:
        return self.http.get(f"/articles/{delivery.revision.id}").json()

    def _headers(self, delivery: Delivery, step: str) -> Mapping[str, str]:
        """The key of one step: a header takes ASCII, and a receiver may limit its length."""
        content = delivery.rendition.digest if delivery.rendition else ""  # a held rollout goes out with a new date
        return {"Idempotency-Key": hashlib.sha256(f"{delivery.key}/{step}/{content}".encode()).hexdigest()}


class Asking(Posted):
    """Takes no key and does every deed again; tells by the article's marker what it has."""

    kind = "asking"
    corrects = Correction.REPLACES
    recovers = Recovery.ASK

    def _ask(self, delivery: Delivery) -> Any:
        return self.http.get("/articles", params={"marker": delivery.newsroom.guid(delivery.revision.id)}).json()

    def _also(self, delivery: Delivery) -> Mapping[str, str]:
        """A correction says which earlier post, or staged draft, it takes the place of."""
        return {"replaces": delivery.previous.ids.get("draft", "")} if delivery.previous else {}


class Broken(Keyed):
    """`Keyed`, by a maker who has not tested it. Option `breaks`: a file that names the methods that fail, as they do
    where somebody did not think of an answer."""

    kind = "broken"

    def _answer(self, method: str) -> str:
        try:
            breaking = Path(str(self.options["breaks"])).read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return ""
        return {one: "" for one in ("render", "prepare", "release", "verify", "withdraw") if one not in breaking}[
            method
        ]

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        self._answer("render")
        return super().render(revision, newsroom)

    def prepare(self, delivery: Delivery) -> Receipt:
        self._answer("prepare")
        return super().prepare(delivery)

    def release(self, delivery: Delivery) -> Receipt:
        self._answer("release")
        return super().release(delivery)

    def withdraw(self, delivery: Delivery) -> Receipt:
        self._answer("withdraw")
        return super().withdraw(delivery)

    def verify(self, delivery: Delivery) -> Evidence:
        self._answer("verify")
        return super().verify(delivery)


class Forgetful(Asking):
    """`Asking` as if it could not be asked: the control of the campaign, which must fail by duplicates."""

    recovers = Recovery.KEY


def _without_pictures(block: html.HtmlElement) -> html.HtmlElement:
    """The receiver has no place for files: captions stay, and what they say of their pictures."""
    for picture in list(block.iter("img")):
        picture.drop_tree()
    return block


def _rendition(delivery: Delivery) -> Rendition:
    assert delivery.rendition is not None
    return delivery.rendition


def _draft(receipt: Receipt | None) -> str:
    if receipt is None or "draft" not in receipt.ids:
        raise Refused(
            Problem(
                field="release",
                message=Text.of("there is no draft to release"),
                remedy=Text.of("prepare the delivery first"),
            )
        )
    return receipt.ids["draft"]
