"""What of a picture is seen: upright, in sRGB, eight bits a channel. Nothing else of its file comes along.

    with Pillow.open(file) as opened:
        picture = shown(opened, (960, 640))

Screens take a picture without a profile for sRGB, so colours are converted, never only relabelled: a telephone's
Display P3 or a camera's Adobe RGB would look dull without its profile.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from pipeline.lazily import lazily

if TYPE_CHECKING:
    from PIL import ExifTags, ImageChops, ImageCms, ImageOps
    from PIL import Image as Pillow
else:
    ExifTags = lazily("PIL.ExifTags")
    ImageChops = lazily("PIL.ImageChops")
    ImageCms = lazily("PIL.ImageCms")
    ImageOps = lazily("PIL.ImageOps")
    Pillow = lazily("PIL.Image")

_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK", "LAB": "Lab"}
"""Which profiles fit a picture's mode: the name of their colour space (ICC.1, 7.2.6)."""
_D50 = (0.9642, 1.0, 0.8249)
_ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
"""XYZ of its red, green and blue under D50 (Adobe RGB (1998), annex)."""
_ADOBE_GAMMA = 563 / 256


def shown(opened: Pillow.Image, size: tuple[int, int] | None = None) -> Pillow.Image:
    """The picture, as large as it is or in `size`: mode L, RGB, or RGBA where it has transparent parts.

    Of several pictures in a file it is the one that is open. Raises what Pillow raises for broken bytes.
    """
    profile = _profile(opened)
    picture = _plain(_upright(opened))
    if size and picture.size != size:
        picture = picture.resize(size, Pillow.Resampling.LANCZOS)
    picture = _in_srgb(picture, profile)
    picture.info = {}  # what Pillow would write again: comments, profiles, texts
    return picture


def on_white(picture: Pillow.Image) -> Pillow.Image:
    """The same without transparency: mode L or RGB."""
    if picture.mode != "RGBA":
        return picture
    return Pillow.alpha_composite(Pillow.new("RGBA", picture.size, "white"), picture).convert("RGB")


def turned(opened: Pillow.Image) -> bool:
    """Whether width and height change places when it is shown."""
    try:
        return opened.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    except Exception:  # Exif is what a camera, or anybody, wrote: Pillow stumbles as it may
        return False


def matrix_profile(colorants: Sequence[tuple[float, float, float]], gamma: float, name: str = "RGB") -> bytes:
    """An ICC profile (version 2, display) of an RGB space: XYZ of red, green and blue under D50, and its exponent."""

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    words = name.encode("ascii") + b"\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    named = b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(12 + 67)
    parts = [(b"desc", named + bytes(-len(named) % 4)), (b"cprt", b"text\0\0\0\0\0\0\0\0"), (b"wtpt", xyz(_D50))]
    parts += [(key, xyz(values)) for key, values in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants, strict=True)]
    parts += [(key, curve) for key in (b"rTRC", b"gTRC", b"bTRC")]
    table, content, at = struct.pack(">I", len(parts)), b"", 128 + 4 + 12 * len(parts)
    for key, value in parts:
        table += key + struct.pack(">II", at + len(content), len(value))
        content += value
    length = at + len(content)
    head = struct.pack(">I4sI4s4s4s", length, b"", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H4s4sIIIQI", 2020, 1, 1, 0, 0, 0, b"acsp", b"", 0, 0, 0, 0, 0)
    head += b"".join(struct.pack(">i", round(value * 65536)) for value in _D50)
    return head.ljust(128, b"\0") + table + content


def _upright(opened: Pillow.Image) -> Pillow.Image:
    opened.load()
    if opened.mode == "CMYK" and opened.format == "JPEG" and "adobe" not in opened.info:
        # Adobe's programs write CMYK upside down and say so; Pillow takes every JPEG for theirs.
        upright = ImageChops.invert(opened)
        upright.info = opened.info
        opened = upright
    try:
        return ImageOps.exif_transpose(opened)
    except Exception:  # as in `turned`
        return opened.copy()


def _plain(picture: Pillow.Image) -> Pillow.Image:
    """Eight bits a channel: L, RGB, RGBA, CMYK or LAB."""
    mode = picture.mode
    if mode.startswith(("I", "F")):
        return _scaled(picture)
    if mode in ("LA", "La", "PA", "RGBa") or (mode != "RGBA" and "transparency" in picture.info):
        return picture.convert("RGBA")
    if mode in ("L", "RGB", "RGBA", "CMYK", "LAB"):
        return picture
    return picture.convert("L" if mode == "1" else "RGB")


def _scaled(picture: Pillow.Image) -> Pillow.Image:
    """Grey in more than eight bits; the largest value of its kind becomes white."""
    wide = picture.mode.startswith("I;16")
    grey = (picture.convert("I") if wide else picture).convert("F")
    highest = max(cast(tuple[float, float], grey.getextrema()))
    kinds = (65535.0,) if wide else (255.0, 65535.0) if picture.mode == "I" else (1.0, 255.0, 65535.0)
    white = next((top for top in kinds if highest <= top), highest)
    return grey.point(lambda value: value * (255.0 / white) + 0.5).convert("L")


def _profile(opened: Pillow.Image) -> bytes:
    """The profile in the file, or the one that a camera only names; b"" for none."""
    profile = opened.info.get("icc_profile")
    if profile:
        return bytes(profile)
    if opened.mode != "RGB":
        return b""
    try:
        exif = opened.getexif()
        said = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
        index = exif.get_ifd(ExifTags.IFD.Interop).get(1)
    except Exception:  # as in `turned`
        return b""
    # DCF 2.0: a camera says so of Adobe RGB («R03»); 2 is what some write instead.
    is_adobe = said == 2 or (said == 0xFFFF and str(index).startswith("R03"))
    return matrix_profile(_ADOBE_RGB, _ADOBE_GAMMA, "Adobe RGB (1998)") if is_adobe else b""


def _in_srgb(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    if picture.mode == "RGBA":
        *colours, alpha = picture.split()
        flat = _in_srgb(Pillow.merge("RGB", colours), profile)
        return Pillow.merge("RGBA", (*flat.convert("RGB").split(), alpha))
    if profile and (source := _fitting(profile, picture.mode)) is not None:
        try:
            return (
                ImageCms.profileToProfile(
                    picture,
                    source,
                    ImageCms.createProfile("sRGB"),
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                or picture
            )
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a profile that cannot be used says nothing: the values are taken as they are
    if picture.mode == "LAB":
        return _in_srgb_from_lab(picture)
    return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")


def _in_srgb_from_lab(picture: Pillow.Image) -> Pillow.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB") or picture


def _fitting(profile: bytes, mode: str) -> ImageCms.ImageCmsProfile | None:
    """The profile if it is one for pictures of this mode and not sRGB's own."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = str(source.profile.xcolor_space).strip()
        name = (source.profile.profile_description or "").strip()
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    fits = space == _SPACES.get(mode) and not name.lower().startswith("srgb")
    return source if fits else None
