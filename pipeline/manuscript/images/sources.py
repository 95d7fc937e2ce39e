"""Where the bytes of pictures come from: the manuscript's folder, or the text itself. Nothing is ever fetched."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, unquote_to_bytes

from pipeline.channel import Text
from pipeline.manuscript.images.kinds import shortened
from pipeline.manuscript.images.limits import LARGEST_READ, PictureRefused, too_heavy

_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):")

Load = Callable[[str], bytes]
"""Reads the bytes that a manuscript calls by this name; raises `PictureRefused`."""


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
    if size > LARGEST_READ:
        raise too_heavy(shortened(name), size)
