"""The files of an article's pictures: made from the originals, and looked at when they are read back."""

from __future__ import annotations

import io

from PIL import Image as Pillow

from channels.pictures import produce
from pipeline.channel import Asset, Media, Problem, Text, Unpublishable


def made(asset: Asset, media: Media) -> bytes:
    """The file's bytes; raises `Unpublishable` if the original is not there or is no picture."""
    try:
        return produce(asset, media.read(asset.source))
    except (KeyError, OSError) as error:
        raise Unpublishable(
            Problem(
                field="images",
                message=Text.of("the picture {picture} cannot be read", picture=asset.source[:16]),
                remedy=Text.of("submit the article again with the picture as JPEG, PNG, GIF or WebP"),
            ),
            detail=repr(error),
        ) from error


def holds(asset: Asset, data: bytes | None) -> bool:
    """Whether these bytes are a whole picture of the asset's kind and size."""
    try:
        with Pillow.open(io.BytesIO(data or b"")) as opened:
            opened.load()
            return (opened.get_format_mimetype(), *opened.size) == (asset.media_type, asset.width, asset.height)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return False
