"""An article read back: what WeChat shows of it, compared with what was to go out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from channels.wechat.account import Item
from channels.wechat.content.marker import name_of
from channels.wechat.content.rendition import fields_of, said, said_plainly, shows
from pipeline.channel import Delivery, Evidence, Standing, utc_now


def seen(delivery: Delivery, item: Item | None, url: str, otherwise: Standing) -> Evidence:
    """Evidence from one article as WeChat shows it, compared with the rendition."""
    if item is None:
        return Evidence(url=url, at=utc_now(), standing=otherwise, digest="", extract="")
    text, pictures = (said_plainly(item.content), item.pictures) if item.pictures else said(item.content)
    right = False
    if delivery.rendition is not None:
        fields = fields_of(delivery.rendition)
        right = (
            item.marker is not None
            and (item.marker.name, item.marker.revision)
            == (name_of(delivery.revision, delivery.configured), delivery.revision.number)
            and "".join(item.title.split()) == "".join(str(fields["title"]).split())
            and (
                (text, pictures) == _told(fields.get("story"))
                if item.pictures
                else shows(item.content, fields["content"], item.marker.filled)
            )
        )
    standing = Standing.WITHDRAWN if item.deleted else Standing.LIVE if right else otherwise
    digest = hashlib.sha256(f"{item.title}\0{pictures}\0{text}".encode()).hexdigest()
    return Evidence(url=url, at=utc_now(), standing=standing, digest=digest, extract=item.title)


def _told(story: Mapping[str, Any] | None) -> tuple[str, int]:
    """What a message of pictures says, and how many it shows."""
    return (said_plainly(story["content"]), len(story["pictures"])) if story else ("", 0)
