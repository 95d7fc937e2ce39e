"""What the first edition wrote of an address into the page itself: a comment right behind the declaration.

Trees of that time are answered as they were until what stands there is written anew. Nothing writes such a comment any
more, and no template lets a word of anybody's stand in its place: behind `<!doctype html>` and `<?xml … ?>` the root
element follows.
"""

from __future__ import annotations

import re

HEAD = 4096
"""Bytes in which it stands, if it does."""
_MARKED = (".html", ".htm", ".xml")
_MARK = re.compile(
    rb"(?:\xef\xbb\xbf)?(?i:<!doctype html>|<\?xml [^<>]{0,200}\?>)\s{0,9}<!-- tongfa:(gone|moved ([!-~]{1,2000})) -->"
)
_PATH = re.compile(rb"(?:/(?![/\\])|\.\./)[^\"<>\\]*")
"""A path of the same host; that edition wrote no other."""


def became(name: str, head: bytes) -> tuple[int, str]:
    """What the first edition says of a file: (410, ""), or (301, where it leads), or (200, "") if nothing."""
    found = _MARK.match(head) if name.endswith(_MARKED) else None
    if found is None:
        return 200, ""
    target = found.group(2)
    if target is None:
        return 410, ""
    return (301, target.decode("ascii")) if _PATH.fullmatch(target) else (200, "")
