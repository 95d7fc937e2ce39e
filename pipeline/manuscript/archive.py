"""An archive: a folder of manuscripts, and when each of them came out."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path

from pipeline.article.reading import Reading
from pipeline.manuscript import FORMATS, fields

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".heic", ".emf", ".wmf"})
"""What stands beside manuscripts and is read with them."""
_NAMED = re.compile(
    r"(?<![0-9])(?:((?:19|20)[0-9]{2})([01][0-9])([0-3][0-9])|((?:19|20)[0-9]{2})[-_./年]([01]?[0-9])[-_./月]([0-3]?[0-9]))"
    r"(?![0-9])"
)
"""A date in a path, such as 20150302, 2015年3月2日 or 2015/03/02."""


def manuscripts(folder: Path, passed: Counter[str]) -> Iterator[str]:
    """The paths below the folder of whatever can be read, folder by folder in the order of their names.

    What is hidden, or a word processor's lock, is no manuscript. Of other files `passed` counts the suffixes.
    """
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith((".", "~$"))):
            suffix = Path(name).suffix.lower()
            if suffix in FORMATS:
                yield (Path(root) / name).relative_to(folder).as_posix()
            elif suffix not in PICTURES:
                passed[suffix or name] += 1


def moment_of(reading: Reading, path: str, zone: tzinfo) -> datetime | None:
    """When the article came out: as the manuscript says, else as the last date in its path does; None if none does."""
    if said := fields.moment_of(reading.date, zone):
        return said
    for match in reversed([*_NAMED.finditer(path)]):
        figures = [part for part in match.groups() if part]
        if named := fields.moment_of("-".join(figures), zone):
            return named
    return None
