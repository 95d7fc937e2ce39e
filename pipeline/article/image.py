"""A picture, as a record names it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.article.credit import Aigc
from pipeline.article.value import Frozen


class Image(Frozen):
    """A picture of an article. The record names it; its bytes are kept once per `digest`."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of the file's bytes, hexadecimal. In the body: `<img src="image:DIGEST">`."""
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    size: int = Field(gt=0)
    """Length of the file in bytes."""
    animated: bool = False
    """Whether it is a GIF or WebP of several pictures, shown one after the other."""
    alt: str = ""
    caption: str = ""
    aigc: Aigc | None = None
    """Set where the picture is, or may be, made by a machine: as its file says, or the editor."""
