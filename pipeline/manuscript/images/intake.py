"""Bytes → the record of a picture and the bytes that are kept.

What channels take (JPEG, PNG, GIF, WebP) is kept as it came, other kinds as JPEG, or as PNG where they are drawn or
have transparent parts. Everything that a derivative will need is tried here: what is accepted can be published.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PIL import UnidentifiedImageError

from pipeline.article import Image, aigc, gif, pixels
from pipeline.article.credit import Aigc
from pipeline.channel import Text
from pipeline.lazily import lazily
from pipeline.manuscript.images.drawings import Drawings
from pipeline.manuscript.images.kinds import MEDIA_TYPES, OPENED, kind_of, shortened, unpacked
from pipeline.manuscript.images.limits import (
    LARGEST_AREA,
    LARGEST_KEPT,
    LARGEST_READ,
    MOST_MOTION,
    LeftOut,
    damaged,
    too_heavy,
    too_many_pixels,
    unreadable,
)

if TYPE_CHECKING:
    import pillow_heif
    from PIL import Image as Pillow
    from PIL import ImageSequence
else:
    pillow_heif = lazily("pillow_heif")
    Pillow = lazily("PIL.Image")
    ImageSequence = lazily("PIL.ImageSequence")

DRAWN = 1024
"""Colours; a picture with no more is a drawing."""
_REDUCED, _NEW_SUBFILE = 1, 254
"""TIFF 6.0: a small copy of another picture in the file, which is how cameras' raw files begin."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A picture as it is kept."""

    image: Image
    data: bytes = field(repr=False)
    told: tuple[tuple[Text, Text], ...] = ()
    """(message, remedy): what an editor should know of it."""
    motion: int = 0
    """Pixels of all its frames, if it is animated."""


def take(data: bytes, name: str, *, drawings: Drawings | None = None, motion: int = MOST_MOTION) -> Taken:
    """The picture in a file, in the size at which it is shown. Raises `LeftOut`.

    `motion`: pixels that all frames of an animation may have together; one that has more stands still.
    """
    name = shortened(name)
    if len(data) > LARGEST_READ:
        raise too_heavy(name, len(data))
    data = unpacked(data)
    kind = kind_of(data)
    if kind.is_drawing:
        picture = (drawings or Drawings()).pixels(data, kind.name, name)
        told = (
            Text.of("{name} is an {kind} drawing and was converted into a picture", name=name, kind=kind.name),
            Text.of("compare it with the document"),
        )
        return _kept(picture, None, (told,))
    if not kind.is_read:
        raise unreadable(name, kind.name)
    try:
        with opened(data, OPENED) as picture:
            return _taken(picture, data, name, motion)
    except LeftOut:
        raise
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise too_many_pixels(name) from error
    except UnidentifiedImageError as error:
        raise damaged(name, kind.name, "nothing in it can be read") from error
    except Exception as error:  # decoders raise whatever broken bytes make them stumble over
        raise damaged(name, kind.name, str(error) or type(error).__name__) from error


def opened(data: bytes, formats: Collection[str] | None = None) -> Pillow.Image:
    """The picture in these bytes, HEIF as well, as Pillow opens it: its head is read. Raises what Pillow raises."""
    pillow_heif.register_heif_opener()
    return Pillow.open(io.BytesIO(data), formats=formats if formats is None else [*formats])


def _taken(opened: Pillow.Image, data: bytes, name: str, motion: int) -> Taken:
    width, height = opened.size
    if width * height > LARGEST_AREA:
        raise too_many_pixels(name)
    if int(getattr(opened, "tag_v2", {}).get(_NEW_SUBFILE, 0)) & _REDUCED:
        raise unreadable(name, "RAW")
    opened.load()  # the only check that finds a JPEG cut off in the middle
    label = aigc.read(data, opened)
    form = opened.format or ""
    if form not in MEDIA_TYPES:
        return _kept(pixels.shown(opened), label, _first_of(opened, name))
    if len(data) > LARGEST_KEPT:
        told = (
            Text.of("{name} has {size} MB and is kept smaller", name=name, size=round(len(data) / 1024 / 1024, 1)),
            Text.of("nothing to do: every channel gets it in the size that it needs"),
        )
        return _kept(pixels.shown(opened), label, (told,))
    if pixels.turned(opened):
        width, height = height, width
    moves, why_not = _motion(opened, data, motion)
    image = Image.model_validate(
        {
            "digest": hashlib.sha256(data).hexdigest(),
            "media_type": MEDIA_TYPES[form],
            "width": width,
            "height": height,
            "size": len(data),
            "animated": moves > 0,
            "aigc": label,
        }
    )
    still = Text.of("{name} moves, and is shown standing still: {reason}", name=name, reason=why_not)
    remedy = Text.of("if the motion matters, make it shorter or smaller and save it as GIF")
    return Taken(image, data, ((still, remedy),) if why_not else (), moves)


def _motion(opened: Pillow.Image, data: bytes, limit: int) -> tuple[int, str]:
    """(pixels of all frames, ""), or (0, why it cannot move); (0, "") for a picture that is one."""
    frames = gif.count(data) if opened.format == "GIF" else int(getattr(opened, "n_frames", 1))
    area = opened.width * opened.height
    if frames < 2 or opened.format not in ("GIF", "WEBP", "PNG"):
        return 0, ""
    if opened.format == "PNG":
        return 0, "animated PNG"
    if frames * area > limit:
        return 0, f"{frames} × {opened.width} × {opened.height}"
    found = 1
    try:
        for frame in itertools.islice(ImageSequence.Iterator(opened), 1, None):
            frame.load()
            found += 1
            if found > frames or frame.width * frame.height != area:
                break
    except Exception as error:  # as in `take`
        return 0, str(error) or type(error).__name__
    return (frames * area, "") if found == frames else (0, f"{found} ≠ {frames}")


def _first_of(opened: Pillow.Image, name: str) -> tuple[tuple[Text, Text], ...]:
    """What is said of a TIFF of several pages."""
    if opened.format != "TIFF":
        return ()
    try:
        opened.seek(1)
    except Exception:  # there is no second page, or none that can be read
        return ()
    message = Text.of("{name} has several pages, of which the first is shown", name=name)
    return ((message, Text.of("save the other pages as pictures of their own")),)


def _kept(picture: Pillow.Image, label: Aigc | None, told: tuple[tuple[Text, Text], ...]) -> Taken:
    """A picture of `pixels.shown` in the form in which it is kept."""
    drawn = picture.mode == "RGBA" or picture.getcolors(DRAWN) is not None
    data, media_type = (_png(picture), "image/png") if drawn else (b"", "")
    if not data or len(data) > LARGEST_KEPT:
        picture, media_type = pixels.on_white(picture), "image/jpeg"
        data = _jpeg(picture, 92)
        while len(data) > LARGEST_KEPT:
            picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))
            data = _jpeg(picture, 85)
    return Taken(
        Image.model_validate(
            {
                "digest": hashlib.sha256(data).hexdigest(),
                "media_type": media_type,
                "width": picture.width,
                "height": picture.height,
                "size": len(data),
                "aigc": label,
            }
        ),
        data,
        told,
    )


def _png(picture: Pillow.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _jpeg(picture: Pillow.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, subsampling=0 if quality > 90 else 2)
    return out.getvalue()
