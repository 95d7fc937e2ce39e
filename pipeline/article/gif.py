"""GIF files as they are built (GIF89a): how many pictures, and the same file without what is not seen.

Taking the parts of the file over as they are keeps an animation as sharp, and as small, as its author made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

_IMAGE, _EXTENSION, _END = 0x2C, 0x21, 0x3B
_COMMENT, _PLAIN_TEXT, _APPLICATION = 0xFE, 0x01, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
"""Applications whose data says how often the animation runs."""
_XMP = b"XMP DataXMP"
_TRAILER = b"\1" + bytes(range(255, -1, -1)) + b"\0"
"""What stands behind an XMP packet, so that a reader that takes it for blocks comes out behind it (XMP, part 3)."""


class Part(NamedTuple):
    """A part of the file behind its head."""

    kind: int
    """`_IMAGE`, or the label of an extension."""
    name: bytes
    """Of an application."""
    start: int
    end: int


def parts(data: bytes) -> Iterator[Part]:
    """The file's images and extensions in their order, as far as they are whole. Takes time linear in the file."""
    at = _head(data)
    while at < len(data) and data[at] in (_IMAGE, _EXTENSION):
        start, kind, name = at, _IMAGE, b""
        if data[at] == _EXTENSION:
            if at + 2 >= len(data):
                return
            kind, at = data[at + 1], at + 2
            if kind == _APPLICATION:
                name = data[at + 1 : at + 12]
        else:
            if at + 10 >= len(data):
                return
            at += 10 + _palette(data[at + 9]) + 1
        while at < len(data) and data[at]:
            at += data[at] + 1
        if at >= len(data):
            return
        at += 1
        yield Part(kind, name, start, at)


def count(data: bytes) -> int:
    """How many pictures the file has, as far as they are whole."""
    return sum(part.kind == _IMAGE for part in parts(data))


def bare(data: bytes, xmp: bytes = b"") -> bytes:
    """The file with its pictures and their times, and nothing else but the packet `xmp`, if one is given."""
    kept = [b"GIF89a", data[6 : _head(data)]]
    if xmp:
        kept.append(bytes((_EXTENSION, _APPLICATION, len(_XMP))) + _XMP + xmp + _TRAILER)
    kept += [
        data[part.start : part.end]
        for part in parts(data)
        if part.kind not in (_COMMENT, _PLAIN_TEXT, _APPLICATION) or part.name in _LOOPS
    ]
    return b"".join((*kept, bytes((_END,))))


def xmp(data: bytes) -> bytes:
    """The XMP packet in the file; b"" if there is none."""
    for part in parts(data):
        if part.name == _XMP:
            content = data[part.start + 3 + len(_XMP) : part.end]
            return content.partition(_TRAILER[:3])[0]
    return b""


def _head(data: bytes) -> int:
    """Bytes of signature, size and the palette that all pictures share."""
    return 13 + _palette(data[10]) if len(data) > 12 else len(data)


def _palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
