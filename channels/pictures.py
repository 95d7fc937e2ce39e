"""Derivatives of pictures: resized, rotated as the camera meant, without the camera's data."""

from __future__ import annotations

import base64
import io

from PIL import Image as Pillow
from PIL import ImageOps

from pipeline.article import Image
from pipeline.channel import Asset, Media, Problem, Text, Unpublishable

SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


def derivative(image: Image, width: int, media_type: str) -> Asset:
    """The asset «`image` at most `width` pixels wide, as `media_type`»; never larger than the original."""
    width = min(width, image.width)
    height = max(1, round(image.height * width / image.width))
    return Asset(
        name=f"{image.digest[:16]}-{width}.{SUFFIX[media_type]}",
        media_type=media_type,
        source=image.digest,
        width=width,
        height=height,
    )


def made(asset: Asset, media: Media) -> bytes:
    """The derivative's bytes; raises `Unpublishable` if the picture is missing or is none."""
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


def data_uri(media_type: str, data: bytes) -> str:
    """A file as an address that holds it (RFC 2397), for previews in one file."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def produce(asset: Asset, original: bytes) -> bytes:
    """The derivative's bytes. The same original and asset give the same bytes with one version of Pillow."""
    with Pillow.open(io.BytesIO(original)) as opened:
        picture = ImageOps.exif_transpose(opened)
        if asset.media_type == "image/jpeg" and picture.mode in ("RGBA", "LA", "P"):
            white = Pillow.new("RGBA", picture.size, "white")
            picture = Pillow.alpha_composite(white, picture.convert("RGBA"))
        if asset.media_type in ("image/jpeg", "image/webp"):
            picture = picture.convert("RGBA" if asset.media_type == "image/webp" and "A" in picture.mode else "RGB")
        if picture.size != (asset.width, asset.height):
            picture = picture.resize((asset.width, asset.height), Pillow.Resampling.LANCZOS)
        out = io.BytesIO()
        match asset.media_type:
            case "image/jpeg":
                picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
            case "image/webp":
                picture.save(out, "WEBP", quality=78, method=4)
            case _:
                picture.save(out, "PNG", optimize=True)
        return out.getvalue()


def holds(asset: Asset, data: bytes | None) -> bool:
    """Whether these bytes are a whole picture of the asset's kind and size."""
    try:
        with Pillow.open(io.BytesIO(data or b"")) as opened:
            opened.load()
            return (opened.get_format_mimetype(), *opened.size) == (asset.media_type, asset.width, asset.height)
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return False
