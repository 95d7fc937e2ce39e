"""What has become of an address of the public tree: withdrawn (410) or called otherwise now (301).

It stands beside the files, never in one: what a manuscript says can change no answer.

    2026/11/a1.gone.html     the notice in the place of 2026/11/a1.html, which is there no more: answered with 410
    moved.map                in the tree's root, a line a folder: `xczx hmxc;`, what stood below xczx/ is below hmxc/
    xczx/index.moved.html    what says so in a moved file's place to readers of a server that has not read the line

A file that is there is what is answered, whatever stands beside it. So one write or deletion changes an answer, an
address that comes back needs nothing but its file, and a listing that a server read long ago leads nobody in circles.
A line names folders of one tree, so it leads to the same host. The lines are those of nginx's `map`, which includes
them (`config/nginx-files.conf`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Literal

LISTING = "moved.map"
"""The listing's name in the root of a tree."""
FOLDER = r"[a-z0-9][a-z0-9-]*"
"""The name of a folder that may move."""
_LINE = re.compile(rf"^\\?({FOLDER}) ({FOLDER});$", re.MULTILINE)
_WORDS = {"default", "hostnames", "include", "volatile"}
"""What a line of nginx's `map` must not begin with as it is."""
_BELOW = re.compile(r"(?:[A-Za-z0-9._-]+/)*[A-Za-z0-9._-]*")
"""What may follow a moved folder's name: nothing that means more in a header than it says."""
_BESIDE = re.compile(r"\.(?:gone|moved)(?:\.[^./]*)?\Z")


def beside(path: str, what: Literal["gone", "moved"]) -> str:
    """The file that says in the place of another one what has become of it.

    >>> beside("2026/11/a1.html", "gone")
    '2026/11/a1.gone.html'
    """
    stem, ending = posixpath.splitext(path)
    return f"{stem}.{what}{ending}"


def is_beside(path: str) -> bool:
    """Whether the path is one that `beside` gives: no address of its own."""
    return bool(_BESIDE.search(path))


def read(listing: bytes | None) -> dict[str, str]:
    """The folders that a listing tells of, by their former names; what is no line of it says nothing."""
    return dict(_LINE.findall((listing or b"").decode("utf-8", "replace")))


def written(moves: Mapping[str, str]) -> bytes:
    """The listing of these moves: equal moves are equal bytes."""
    lines = (f"{chr(92) if former in _WORDS else ''}{former} {now};\n" for former, now in sorted(moves.items()))
    return "".join(lines).encode()


def renewed(known: Mapping[str, str], moves: Mapping[str, str], standing: Collection[str]) -> dict[str, str]:
    """The moves as they are now: these, and those known before, each leading to a folder that is standing.

    None leads away from a standing folder; what led to one that has moved on leads to where that is; what leads to
    none any more is left out.
    """
    both = {**known, **moves}
    found = {}
    for former, first in both.items():
        now, passed = first, {former}
        while now not in standing and now not in passed:
            passed.add(now)
            now = both.get(now, now)
        if former not in standing and now in standing and re.fullmatch(FOLDER, former):
            found[former] = now
    return found


def leads(moves: Mapping[str, str], path: str) -> str:
    """Where a path below the tree's root has moved, relative to it (RFC 3986); "" if it has not.

    >>> leads({"xczx": "hmxc"}, "xczx/1.html")
    '../hmxc/1.html'
    """
    former, _, below = path.partition("/")
    if former not in moves or not _BELOW.fullmatch(below):
        return ""
    return f"{'../' * path.count('/')}{moves[former]}/{below}"
