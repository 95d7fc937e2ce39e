"""Pictures for WeChat: made to its limits, uploaded once, remembered by what they are made from.

Rules: 上传发表内容中的图片 (uploadimg: JPEG or PNG, under 1 MB, for contents) and 新增永久素材 (add_material: covers).
"""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from channels.http import Upload
from channels.pictures import SUFFIX, produce
from channels.wechat.client import Client
from channels.wechat.content.look import Theme
from pipeline.article.pixels import on_white, shown
from pipeline.channel import Asset, Media, Problem, Text, Unavailable, Unpublishable
from pipeline.lazily import lazily

if TYPE_CHECKING:
    from PIL import Image as Pillow
    from PIL import ImageDraw
else:
    Pillow = lazily("PIL.Image")
    ImageDraw = lazily("PIL.ImageDraw")

MOST = 2**20 - 1
"""Bytes of a picture in a content."""
BUDGET = 20.0
"""Seconds after which no further upload is begun in one step; what is uploaded is remembered."""
BANNER = (1410, 600)
"""Pixels of the drawn cover: 2.35:1."""


@dataclass(frozen=True)
class Cover:
    """An account's own cover, for articles without pictures: a file, or else a drawn landscape in its colours."""

    path: Path | None
    theme: Theme

    @cached_property
    def data(self) -> bytes:
        """JPEG, at most 1440 pixels wide. The drawn one if the file cannot be used: `problem` says why."""
        return self._read[0]

    @property
    def problem(self) -> str:
        return self._read[1]

    @cached_property
    def size(self) -> tuple[int, int]:
        if self.path is None:
            return BANNER
        with Pillow.open(io.BytesIO(self.data)) as picture:
            return picture.size

    @cached_property
    def _read(self) -> tuple[bytes, str]:
        if self.path is not None:
            try:
                with Pillow.open(self.path) as opened:
                    picture = on_white(shown(opened))
                    picture.thumbnail((1440, 1440), Pillow.Resampling.LANCZOS)
                return _jpeg(picture), ""
            except OSError as error:
                return _jpeg(_landscape(self.theme)), error.strerror or str(error)
        return _jpeg(_landscape(self.theme)), ""


class Turns:
    """Locks by name, for the threads of one process. Thread-safe."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: WeakValueDictionary[str, Any] = WeakValueDictionary()

    def of(self, name: str) -> Any:
        """The lock of this name, the same as long as anybody holds it or waits for it."""
        with self._guard:
            return self._locks.setdefault(name, threading.Lock())


class Pictures:
    """Uploads the pictures of an account's articles. Thread-safe."""

    def __init__(self, client: Client, cover: Cover) -> None:
        self._client = client
        self._cover = cover
        self._turns = Turns()
        """Of several articles that show one picture only the first uploads it."""

    def upload(
        self, shown: Mapping[str, Asset], cover: Asset | None, media: Media, until: float
    ) -> tuple[Mapping[str, str], str]:
        """({placeholder: the picture's address}, media id of the cover, or of the account's own).

        Raises `Unavailable` when this step has taken long enough (`until`, of `time.monotonic`; see `BUDGET`): the next
        one goes on from there.
        """
        addresses: dict[str, str] = {}
        for place, asset in shown.items():
            _in_time(until, len(addresses), len(shown))
            addresses[place] = self._address(asset, media)
        return addresses, self._material(cover, media)

    def materials(self, shown: Mapping[str, Asset], media: Media, until: float) -> dict[str, str]:
        """{placeholder: the picture's media id in the account's library}; see `upload`."""
        found: dict[str, str] = {}
        for place, asset in shown.items():
            _in_time(until, len(found), len(shown))
            found[place] = self._material(asset, media)
        return found

    def forget(self, cover: Asset | None) -> None:
        """This cover, or the account's own, is no longer in the account's library."""
        self._client.ledger.forget_upload("cover", self._cover_name(cover))

    def _address(self, asset: Asset, media: Media) -> str:
        with self._turns.of(f"content {_name(asset)}"):
            if known := self._client.ledger.uploaded("content", _name(asset)):
                return known
            data, media_type = content_bytes(asset, media)
            # Pictures that move are taken into the library only; its addresses may stand in a content as well.
            moves = media_type == "image/gif"
            call = "material/add_material" if moves else "media/uploadimg"
            answer = self._client.upload(call, _file(data, media_type), type="image" if moves else "")
            address = _told(answer.get("url"), call)
            address = address.replace("http://mmbiz.qpic.cn/", "https://mmbiz.qpic.cn/")
            self._client.ledger.upload("content", _name(asset), address)
            return address

    def _material(self, cover: Asset | None, media: Media) -> str:
        name = self._cover_name(cover)
        with self._turns.of(f"cover {name}"):
            if known := self._client.ledger.uploaded("cover", name):
                return known
            data, media_type = (self._cover.data, "image/jpeg") if cover is None else content_bytes(cover, media)
            answer = self._client.upload("material/add_material", _file(data, media_type), type="image")
            media_id = _told(answer.get("media_id"), "material/add_material")
            self._client.ledger.upload("cover", name, media_id)
            return media_id

    def _cover_name(self, cover: Asset | None) -> str:
        return _name(cover) if cover is not None else hashlib.sha256(self._cover.data).hexdigest()


def _in_time(until: float, done: int, whole: int) -> None:
    if time.monotonic() > until:
        raise Unavailable(
            Problem(
                field="images",
                message=Text.of("{done} of {all} pictures are uploaded", done=done, all=whole),
                remedy=Text.of("the line is slow; it goes on by itself from there"),
            )
        )


def content_bytes(asset: Asset, media: Media) -> tuple[bytes, str]:
    """(bytes, media type) of an asset within WeChat's limit: a large PNG becomes a JPEG, a large JPEG a smaller one, of
    a large GIF the first picture is left.

    Raises `Unpublishable` if the picture is lost or cannot be read.
    """
    try:
        original = media.read(asset.source)
        data = produce(asset, original)
        if len(data) <= MOST:
            return data, asset.media_type
        for part in (1.0, 0.75, 0.5):
            smaller = asset.model_copy(
                update={
                    "media_type": "image/jpeg",
                    "width": max(1, round(asset.width * part)),
                    "height": max(1, round(asset.height * part)),
                    "animated": False,
                }
            )
            if len(data := produce(smaller, original)) <= MOST:
                return data, "image/jpeg"
    except (KeyError, OSError, Pillow.DecompressionBombError) as error:
        raise Unpublishable(
            Problem(
                field="images",
                message=Text.of("the picture {picture} cannot be read", picture=asset.source[:16]),
                remedy=Text.of("submit the article again with the picture as JPEG, PNG, GIF or WebP"),
            ),
            detail=repr(error),
        ) from error
    raise Unpublishable(
        Problem(
            field="images",
            message=Text.of("the picture {picture} stays larger than 1 MB", picture=asset.source[:16]),
            remedy=Text.of("make the picture smaller"),
        )
    )


def _name(asset: Asset) -> str:
    """What a picture is remembered by: what it is made from, and how. A label names the article as well."""
    label = f"/{asset.aigc.propagate_id}" if asset.aigc else ""
    return f"{asset.source}/{asset.name}{label}"


def _file(data: bytes, media_type: str) -> Upload:
    # WeChat judges a file by the ending of its name, and refuses one without.
    digest = hashlib.sha256(data).hexdigest()
    return Upload(f"{digest[:16]}.{SUFFIX[media_type]}", data, media_type)


def _told(value: object, call: str) -> str:
    if not value:
        raise Unavailable(
            Problem(
                field="images",
                message=Text.of("{call} answered without a name for the picture", call=call),
                remedy=Text.of("it is tried again by itself"),
            )
        )
    return str(value)


def _jpeg(picture: Pillow.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()


def _landscape(theme: Theme) -> Pillow.Image:
    """Terraced hills under a sun, in the theme's colours: drawn the same everywhere, without a font."""
    width, height = BANNER
    accent, sky = _rgb(theme.accent), _rgb(theme.tint)
    picture = Pillow.new("RGB", BANNER, sky)
    draw = ImageDraw.Draw(picture)
    for y in range(height):
        draw.line([(0, y), (width, y)], fill=_mixed(sky, accent, 0.28 * (1 - y / height)))
    draw.ellipse([width * 0.62, 90, width * 0.62 + 130, 220], fill=_mixed(sky, (255, 255, 255), 0.8))
    for layer, (base, swell, length, shade) in enumerate(
        [(330, 70, 900, 0.35), (400, 60, 640, 0.55), (470, 50, 780, 0.78), (540, 30, 520, 1.0)]
    ):
        for x in range(width):
            # A parabola repeated: a hill, without the rounding of a library's sine.
            at = ((x + layer * 310) % length) / length
            top = base - swell * 4 * at * (1 - at)
            draw.line([(x, int(top)), (x, height)], fill=_mixed(sky, accent, shade))
    return picture


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mixed(one: tuple[int, int, int], other: tuple[int, int, int], part: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue
