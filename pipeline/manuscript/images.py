"""Pictures of a manuscript: found, checked, kept by digest. Nothing is ever fetched from the network."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow

from pipeline.article import Image
from pipeline.channel import Text
from pipeline.manuscript.draft import Draft

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes: the largest that WeChat's permanent material takes, and no channel is the better for more."""
LARGEST_AREA = 50_000_000
"""Pixels."""
MOST_PICTURES = 100
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
"""Pillow's names of what is accepted."""

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):")
_TURNED = (5, 6, 7, 8)
"""EXIF orientations in which width and height change places."""

Load = Callable[[str], bytes]
"""Reads the bytes that a manuscript calls by this name; raises `PictureRefused`."""


class PictureRefused(Exception):
    """A picture cannot be taken; why, and what to do."""

    def __init__(self, message: Text, remedy: Text) -> None:
        super().__init__(str(message))
        self.message = message
        self.remedy = remedy


class Pictures:
    """The pictures of one manuscript. A refused one is a problem of the draft, so that all are reported."""

    def __init__(self, draft: Draft, load: Load) -> None:
        self.draft = draft
        self.load = load
        self.media: dict[str, bytes] = {}
        self.seen: dict[str, Image | None] = {}

    def take(self, name: str, line: int | None = None) -> Image | None:
        """The image of this name, its bytes kept in `media`; None if it was refused."""
        if name not in self.seen:
            self.seen[name] = self._taken(name, line)
        return self.seen[name]

    def _taken(self, name: str, line: int | None) -> Image | None:
        try:
            if len(self.seen) >= MOST_PICTURES:
                raise PictureRefused(
                    Text.of("the text has more than {limit} pictures", limit=MOST_PICTURES),
                    Text.of("divide it into several articles"),
                )
            data = self.load(name)
            image = inspect(data, name)
        except PictureRefused as refused:
            self.draft.wrong("images", refused.message, refused.remedy, line=line)
            return None
        self.media[image.digest] = data
        return image


def inspect(data: bytes, name: str) -> Image:
    """The record of a picture, with the size at which it is shown. Raises `PictureRefused`."""
    shown = name if len(name) <= 80 else name[:77] + "…"
    _weigh(len(data), shown)
    try:
        with Pillow.open(io.BytesIO(data), formats=tuple(MEDIA_TYPES)) as opened:
            # Telephones write MPO: a JPEG with a second picture behind it.
            media_type = MEDIA_TYPES.get(opened.format or "", "image/jpeg")
            width, height = opened.size
            if width * height <= LARGEST_AREA:
                if opened.getexif().get(ExifTags.Base.Orientation) in _TURNED:
                    width, height = height, width
                opened.load()  # the only check that finds a JPEG cut off in the middle
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise _too_many_pixels(shown) from error
    except UnidentifiedImageError as error:
        raise PictureRefused(
            Text.of("{name} is not a PNG, JPEG, GIF or WebP picture", name=shown),
            Text.of("open it in a picture program and save it as PNG or JPEG"),
        ) from error
    except Exception as error:  # Pillow's decoders raise whatever broken bytes make them stumble over
        raise PictureRefused(
            Text.of("{name} is damaged: {reason}", name=shown, reason=str(error) or type(error).__name__),
            Text.of("replace it by an undamaged copy"),
        ) from error
    if width * height > LARGEST_AREA:
        raise _too_many_pixels(shown)
    return Image.model_validate(
        {
            "digest": hashlib.sha256(data).hexdigest(),
            "media_type": media_type,
            "width": width,
            "height": height,
            "size": len(data),
        }
    )


def beside(manuscript: Path) -> Load:
    """Loads pictures named by `data:` URIs or by paths in the manuscript's folder or below it."""
    folder = manuscript.parent

    def load(name: str) -> bytes:
        scheme = _SCHEME.match(name)
        if scheme and scheme[1].lower() == "data":
            return _embedded(name)
        if name.startswith("//") or (scheme and scheme[1].lower() in ("http", "https", "ftp")):
            raise PictureRefused(
                Text.of("the picture {name} is on another server, and nothing is fetched from there", name=name[:200]),
                Text.of("save the picture beside the manuscript and name that file"),
            )
        if scheme:
            raise PictureRefused(
                Text.of("{name} is not the path of a picture", name=name[:200]),
                Text.of("put the picture beside the manuscript and name it without “{scheme}:”", scheme=scheme[1]),
            )
        # As written first: a file name may hold a percent sign of its own.
        return _file(folder, [name, unquote(name), unquote(re.split("[?#]", name)[0])])

    return load


def _file(folder: Path, names: list[str]) -> bytes:
    try:
        root = folder.resolve()
        for name in names:
            path = (root / name.replace("\\", "/")).resolve()
            if not path.is_relative_to(root):
                raise PictureRefused(
                    Text.of("{name} is outside the manuscript's folder", name=name[:200]),
                    Text.of("copy the picture into the manuscript's folder or a folder below it"),
                )
            if path.is_file():
                _weigh(path.stat().st_size, name)
                return path.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise PictureRefused(
            Text.of("{name} cannot be read: {reason}", name=names[0][:200], reason=reason),
            Text.of("check the picture's name and that it may be read"),
        ) from error
    raise PictureRefused(
        Text.of("there is no picture {name}", name=names[-1][:200]),
        Text.of("put the picture there, or correct its name (capital letters count)"),
    )


def _embedded(uri: str) -> bytes:
    head, comma, content = uri.partition(",")
    try:
        if not comma:
            raise ValueError("no comma")
        _weigh(len(content) * 3 // 4, head)
        return base64.b64decode(unquote(content)) if head.lower().endswith(";base64") else unquote_to_bytes(content)
    except (ValueError, binascii.Error) as error:
        raise PictureRefused(
            Text.of("a picture in the text (data:) is damaged"),
            Text.of("save the picture as a file beside the manuscript and name that file"),
        ) from error


def _weigh(size: int, name: str) -> None:
    if size > LARGEST_FILE:
        raise PictureRefused(
            Text.of(
                "{name} has {size} MB, at most {limit} MB are taken",
                name=name[:200],
                size=round(size / 1024 / 1024, 1),
                limit=LARGEST_FILE // 1024 // 1024,
            ),
            Text.of("save it smaller: 1920 pixels wide is enough for every channel"),
        )


def _too_many_pixels(name: str) -> PictureRefused:
    return PictureRefused(
        Text.of("{name} has more than {limit} million pixels", name=name, limit=LARGEST_AREA // 1_000_000),
        Text.of("save it smaller: 1920 pixels wide is enough for every channel"),
    )
