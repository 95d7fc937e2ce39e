"""Derivatives of pictures: resized, upright, in sRGB, with nothing of their files but the label of AI-made content."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.article import Image, Newsroom, aigc, gif
from pipeline.article.credit import Aigc
from pipeline.article.pixels import on_white, shown
from pipeline.channel import Asset, Media, Problem, Text, Unpublishable
from pipeline.lazily import lazily

if TYPE_CHECKING:
    from PIL import Image as Pillow
    from PIL import ImageSequence, PngImagePlugin
else:
    Pillow = lazily("PIL.Image")
    ImageSequence = lazily("PIL.ImageSequence")
    PngImagePlugin = lazily("PIL.PngImagePlugin")

SUFFIX = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
_COMMON = {"image/png": "image/png", "image/gif": "image/png"}


def common(image: Image) -> str:
    """The media type in which every program shows the picture, standing still: JPEG, and PNG for drawings."""
    return _COMMON.get(image.media_type, "image/jpeg")


def moving(image: Image) -> str:
    """The same where an animated picture is to move: what it came as."""
    return image.media_type if image.animated else common(image)


def spread(image: Image, newsroom: Newsroom, shown_by: str) -> Image:
    """The picture as the newsroom spreads it: if it is labelled as AI-made, with the newsroom's part in the label.

    `shown_by`: the id of the article, or `column:` and the column's. Its GUID numbers what is spread: unique, the same
    each time, and everybody finds the publication by it (内容传播编号, GB 45438-2025).
    """
    if image.aigc is None:
        return image
    return image.model_copy(update={"aigc": aigc.spread(image.aigc, newsroom.name, newsroom.guid(shown_by))})


def derivative(image: Image, width: int, media_type: str) -> Asset:
    """The asset «`image` at most `width` pixels wide, as `media_type`»; never larger than the original.

    An animated picture moves only as what it is, a GIF or a WebP. The label of `image` goes with it; the name depends
    on its maker's part alone, so that a newsroom that is renamed finds its files.
    """
    width = min(width, image.width)
    height = max(1, round(image.height * width / image.width))
    moves = image.animated and media_type == image.media_type
    name = f"{image.digest[:16]}-{width}{'-moving' if moves else ''}{_tag(image.aigc)}.{SUFFIX[media_type]}"
    return Asset(
        name=name,
        media_type=media_type,
        source=image.digest,
        width=width,
        height=height,
        animated=moves,
        aigc=image.aigc,
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
    label = aigc.packet(asset.aigc) if asset.aigc else b""
    with Pillow.open(io.BytesIO(original)) as opened:
        if asset.animated:
            return _animation(asset, opened, original, label)
        return written(shown(opened, (asset.width, asset.height)), asset.media_type, label)


def written(picture: Pillow.Image, media_type: str, xmp: bytes = b"") -> bytes:
    """The file of a picture as `pixels.shown` gives it, for screens; with the packet `xmp` and no other metadata."""
    out = io.BytesIO()
    match media_type:
        case "image/jpeg":
            on_white(picture).save(out, "JPEG", quality=82, optimize=True, progressive=True, xmp=xmp)
        case "image/webp":
            colour = picture.convert("RGB") if picture.mode == "L" else picture
            colour.save(out, "WEBP", quality=78, method=4, xmp=xmp)
        case _:
            texts = PngImagePlugin.PngInfo()
            if xmp:
                texts.add_itxt("XML:com.adobe.xmp", xmp.decode())
            picture.save(out, "PNG", optimize=True, pnginfo=texts)
    return out.getvalue()


def holds(asset: Asset, data: bytes | None) -> bool:
    """Whether these bytes are a whole picture of the asset's kind and size, labelled as it has to be."""
    try:
        with Pillow.open(io.BytesIO(data or b"")) as opened:
            opened.load()
            form = (opened.get_format_mimetype(), *opened.size)
            moves = getattr(opened, "n_frames", 1) > 1
            return (
                form == (asset.media_type, asset.width, asset.height)
                and moves >= asset.animated
                and _maker(aigc.read(data or b"", opened) if asset.aigc else None) == _maker(asset.aigc)
            )
    except (OSError, SyntaxError, ValueError, Pillow.DecompressionBombError):
        return False


def _animation(asset: Asset, opened: Pillow.Image, original: bytes, label: bytes) -> bytes:
    """The file with all its pictures. A GIF that needs no other size is taken over part by part."""
    size, is_gif = (asset.width, asset.height), asset.media_type == "image/gif"
    if is_gif and opened.size == size:
        return gif.bare(original, label)
    loop = {"loop": opened.info["loop"]} if "loop" in opened.info else {}
    times: list[int] = []

    def frames() -> Iterator[Pillow.Image]:
        for frame in ImageSequence.Iterator(opened):
            picture = shown(frame, size).convert("RGBA")
            times.append(int(frame.info.get("duration", 100)))
            yield picture

    first, *others = frames()
    out = io.BytesIO()
    if is_gif:
        first.save(out, "GIF", save_all=True, append_images=others, duration=times, disposal=2, **loop)
        return gif.bare(out.getvalue(), label)
    first.save(
        out, "WEBP", save_all=True, append_images=others, duration=times, quality=78, method=2, xmp=label, **loop
    )
    return out.getvalue()


def _maker(label: Aigc | None) -> tuple[str, str, str] | None:
    """What of a label is its maker's."""
    return (label.label, label.producer, label.produce_id) if label else None


def _tag(label: Aigc | None) -> str:
    maker = _maker(label)
    return f"-{hashlib.sha256(repr(tuple(map(str, maker))).encode()).hexdigest()[:8]}" if maker else ""
