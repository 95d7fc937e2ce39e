"""The mark by which drafts and posts of ours are recognised again."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from typing import NamedTuple

from pipeline.article import Newsroom, Revision

_MARKER = re.compile(
    r"#tongfa-(?P<name>a[0-9a-z]+-[0-9a-f]{8})-(?P<revision>\d+)-(?P<digest>[0-9a-f]{12})"
    r"(?:-s(?P<filled>[0-9a-f]{8}))?(?:-t(?P<together>[0-9a-f]{8}))?$"
)


class Marker(NamedTuple):
    """The end of an article's 阅读原文 address, by which its drafts and posts are recognised again."""

    name: str
    """The article's own on every account and in every newsroom."""
    revision: int
    digest: str
    """Of the fields, shortened."""
    filled: str = ""
    """Digest of what was filled in at `SERIES`, shortened; "" for nothing."""
    together: str = ""
    """Names the articles that it was put into one draft with (`posting`); "" for one that is alone."""

    @classmethod
    def of(cls, address: str) -> Marker | None:
        """The marker in an address; None if it has none: not an article of ours."""
        if (found := _MARKER.search(unescape(address))) is None:
            return None
        more = (found["filled"] or "", found["together"] or "")
        return cls(found["name"], int(found["revision"]), found["digest"], *more)

    def __str__(self) -> str:
        more = (f"-s{self.filled}" if self.filled else "") + (f"-t{self.together}" if self.together else "")
        return f"#tongfa-{self.name}-{self.revision}-{self.digest}{more}"


def name_of(revision: Revision, newsroom: Newsroom) -> str:
    """The article's name in markers: its id, and a digest of its GUID, for two newsrooms may share an account."""
    return f"{revision.id}-{hashlib.sha256(newsroom.guid(revision.id).encode()).hexdigest()[:8]}"


def digest_of(words: str) -> str:
    """Eight characters that stand for these words in a marker; "" for none."""
    return hashlib.sha256(words.encode()).hexdigest()[:8] if words else ""
