"""What a file is, by its first bytes; its name says what somebody once called it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

from pipeline.manuscript.images.limits import LARGEST_KEPT

MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
"""Pillow's names of what is kept as it came. Telephones write MPO: a JPEG with a second picture behind it."""
OPENED = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF")
"""Pillow's names of what is read; the last four are kept as JPEG or PNG. An MPO is opened as a JPEG."""


class Kind(NamedTuple):
    """`name` as people know it; `is_drawing`: lines and words of Windows' printing, no pixels."""

    name: str
    is_read: bool = True
    is_drawing: bool = False


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _matches(pattern: bytes) -> Callable[[bytes], bool]:
    compiled = re.compile(pattern, re.DOTALL | re.IGNORECASE)
    return lambda head: compiled.match(head) is not None


_KINDS: tuple[tuple[Kind, Callable[[bytes], bool]], ...] = (
    (Kind("JPEG"), _starts(b"\xff\xd8\xff")),
    (Kind("PNG"), _starts(b"\x89PNG\r\n\x1a\n")),
    (Kind("GIF"), _starts(b"GIF87a", b"GIF89a")),
    (Kind("WebP"), _matches(rb"RIFF.{4}WEBP")),
    (Kind("BMP"), _matches(rb"BM.{4}\0\0\0\0")),
    (Kind("RAW", is_read=False), _matches(rb"II\*\0.{4}CR|II(?:RO|U\0)|FUJIFILMCCD-RAW|.{4}ftypcrx ")),
    (Kind("TIFF"), _starts(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (Kind("AVIF"), _matches(rb".{4}ftyp(?:avif|avis|(?:mif1|msf1).{0,60}avi[fs])")),
    (Kind("HEIC"), _matches(rb".{4}ftyp(?:he[iv][a-z]|mif[12]|msf1)")),
    (Kind("EMF", is_drawing=True), _matches(rb"\x01\0\0\0.{36} EMF")),
    (Kind("WMF", is_drawing=True), _matches(rb"\xd7\xcd\xc6\x9a|[\x01\x02]\0\x09\0\0[\x01\x03]")),
    (Kind("SVG", is_read=False), _matches(rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>|\s)*<svg\b")),
    (Kind("HTML", is_read=False), _matches(rb"\s*(?:<!--.*?-->|\s)*<(?:!DOCTYPE html|html|head)\b")),
    (Kind("PDF", is_read=False), _starts(b"%PDF")),
    (Kind("PSD", is_read=False), _starts(b"8BPS")),
    (Kind("EPS", is_read=False), _starts(b"%!PS", b"\xc5\xd0\xd3\xc6")),
    (Kind("ICO", is_read=False), _starts(b"\0\0\1\0", b"\0\0\2\0")),
    (Kind("JPEG 2000", is_read=False), _starts(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    (Kind("JPEG XL", is_read=False), _starts(b"\xff\x0a", b"\0\0\0\x0cJXL ")),
    (Kind("CorelDRAW", is_read=False), _matches(rb"RIFF.{4}CDR")),
    (Kind("MP4", is_read=False), _matches(rb".{4}ftyp")),
    (Kind("ZIP", is_read=False), _starts(b"PK\3\4")),
    (Kind("OLE", is_read=False), _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
)
UNKNOWN = Kind("", is_read=False)


def kind_of(data: bytes) -> Kind:
    """What the file is.

    >>> kind_of(b"\\0\\0\\0\\x18ftypheic").name
    'HEIC'
    """
    head = data[:1024]
    return next((kind for kind, fits in _KINDS if fits(head)), UNKNOWN)


def unpacked(data: bytes) -> bytes:
    """What is in an EMZ or WMZ, an EMF or WMF packed by gzip; other files as they are."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        content = zlib.decompressobj(wbits=31).decompress(data, LARGEST_KEPT)
    except zlib.error:
        return data
    return content if kind_of(content).is_drawing else data


def shortened(name: str) -> str:
    """A picture's name as messages show it."""
    name = name.partition(",")[0] if name[:5].lower() == "data:" else name
    return name if len(name) <= 80 else name[:77] + "…"
