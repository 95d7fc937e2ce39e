"""The articles of a draft as they are sent: what is rendered, with what only an upload and the moment can tell."""

from __future__ import annotations

from typing import Any, NamedTuple

from channels.wechat.content.marker import Marker
from channels.wechat.content.rendition import fields_of, finished, finished_story, is_sent_as_story, shown_in
from channels.wechat.media import Pictures
from channels.wechat.posting.companions import rendition_of
from pipeline.channel import Asset, Delivery, Rendition


class Wanted(NamedTuple):
    """An article of a draft that is to be made."""

    delivery: Delivery
    marker: Marker
    said_beside: str
    """What is filled in of its series."""


def is_story(wanted: Wanted) -> bool:
    """Whether it is sent as a message of pictures."""
    return is_sent_as_story(rendition_of(wanted.delivery), wanted.marker)


class Articles:
    """Makes them; the pictures are uploaded as they are needed."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures

    def sent(self, wanted: Wanted, until: float) -> dict[str, Any]:
        """The article as it is sent, as a message of pictures if it is a picture story that goes alone."""
        if not is_story(wanted):
            return self.article(wanted, until)
        rendition = rendition_of(wanted.delivery)
        shown = shown_in(wanted.delivery.revision.article, rendition)
        names = self._pictures.materials(shown, wanted.delivery.media, until)
        return finished_story(rendition, wanted.marker, names)

    def article(self, wanted: Wanted, until: float) -> dict[str, Any]:
        """With the pictures' addresses and the cover's media id in their places."""
        delivery, rendition = wanted.delivery, rendition_of(wanted.delivery)
        shown = shown_in(delivery.revision.article, rendition)
        addresses, thumb = self._pictures.upload(shown, cover_of(rendition), delivery.media, until)
        return {**finished(rendition, wanted.marker, addresses, wanted.said_beside), "thumb_media_id": thumb}

    def forget(self, wanted: Wanted) -> None:
        """Its cover, or one of its pictures, is no longer in the account's library."""
        rendition = rendition_of(wanted.delivery)
        self._pictures.forget(cover_of(rendition))
        if is_story(wanted):
            for asset in shown_in(wanted.delivery.revision.article, rendition).values():
                self._pictures.forget(asset)


def cover_of(rendition: Rendition) -> Asset | None:
    """The picture that is the article's cover; None: the account's own."""
    cover = fields_of(rendition)["thumb_media_id"]
    return next((asset for asset in rendition.assets if asset.name == cover), None)
