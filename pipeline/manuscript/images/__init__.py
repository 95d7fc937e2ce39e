"""Pictures of a manuscript: found, checked, converted where channels cannot take them, kept by digest.

    sources   where a picture's bytes come from; nothing is ever fetched from the network
    kinds     what a file is, by its first bytes
    intake    bytes → the record of a picture and the bytes that are kept
    drawings  EMF and WMF → pixels, where LibreOffice is installed
    limits    what is too much, and how a picture is refused or left out

A picture that cannot be found is refused, with the manuscript: somebody has to say what was meant. One that is there
and cannot be shown is left out, with a notice, and the article goes on without it.
"""

from __future__ import annotations

from pipeline.article import Image
from pipeline.channel import Text
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.images.drawings import Drawings
from pipeline.manuscript.images.intake import Taken, opened, take
from pipeline.manuscript.images.kinds import shortened
from pipeline.manuscript.images.limits import (
    LARGEST_KEPT,
    LARGEST_READ,
    MOST_MOTION,
    MOST_PICTURES,
    MOST_PIXELS,
    SMALLER,
    LeftOut,
    PictureRefused,
)
from pipeline.manuscript.images.sources import Load, beside

__all__ = [
    "LARGEST_KEPT",
    "LARGEST_READ",
    "MOST_PICTURES",
    "LeftOut",
    "Load",
    "PictureRefused",
    "Pictures",
    "Taken",
    "beside",
    "opened",
    "take",
]


class Pictures:
    """The pictures of one manuscript. A refused one is a problem of the draft, so that all are reported."""

    def __init__(self, draft: Draft, load: Load) -> None:
        self.draft = draft
        self.load = load
        self.media: dict[str, bytes] = {}
        self.seen: dict[str, Image | None] = {}
        self.drawings = Drawings()
        self.motion = MOST_MOTION
        """Pixels of animations that may still be looked through."""
        self.pixels = MOST_PIXELS
        """The same of all pictures."""

    def take(self, name: str, line: int | None = None) -> Image | None:
        """The image of this name, its bytes kept in `media`; None if it was refused or left out."""
        if name not in self.seen:
            self.seen[name] = self._taken(name, line)
        return self.seen[name]

    def _taken(self, name: str, line: int | None) -> Image | None:
        number = len(self.seen) + 1
        try:
            if number > MOST_PICTURES:
                raise PictureRefused(
                    Text.of("the text has more than {limit} pictures", limit=MOST_PICTURES),
                    Text.of("divide it into several articles"),
                )
            data = self.load(name)
            if self.pixels <= 0:
                raise LeftOut(
                    Text.of(
                        "picture {number} ({name}) was left out: all pictures together have more than {limit} million "
                        "pixels",
                        limit=MOST_PIXELS // 1_000_000,
                    ),
                    SMALLER,
                    shortened(name),
                )
            taken = take(data, name, drawings=self.drawings, motion=self.motion)
        except LeftOut as left:
            self.draft.notice("images", left.message.given(number=number), left.remedy, line=line)
            return None
        except PictureRefused as refused:
            self.draft.wrong("images", refused.message, refused.remedy, line=line)
            return None
        for message, remedy in taken.told:
            self.draft.notice("images", message, remedy, line=line)
        self.motion -= taken.motion
        self.pixels -= taken.image.width * taken.image.height
        self.media[taken.image.digest] = taken.data
        return taken.image
