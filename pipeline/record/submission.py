"""What an editor hands in, and what the record answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pipeline.article import Article, Column, Outlet
from pipeline.article.reading import Reading
from pipeline.record.gate import Wake


@dataclass(frozen=True, kw_only=True)
class Submission:
    """An article with everything that its acceptance needs."""

    article: Article
    media: Mapping[str, bytes]
    outlets: Sequence[Outlet]
    column: Column | None = None
    """The article's column, which completes it; None: it is taken as it is."""
    bundling: Collection[str] = field(default=())
    """The ids of the channels that put the articles of one rollout into one publication."""
    reading: Reading | None = None
    """How the article's manuscript was read; None where there was none."""
    keys: Collection[str] = field(default=())
    """The keys under which its file may have been accepted before; none: its article's own."""


class Accepted(NamedTuple):
    """What became of a submission. `created` is False when the newsroom already has exactly this."""

    article_ids: tuple[str, ...]
    revision: int
    rollout_id: str
    created: bool
    wakes: Sequence[Wake]

    @property
    def article_id(self) -> str:
        """The id of its (first) article."""
        return self.article_ids[0]


class Changed(Exception):
    """The newsroom has this article with another content: a correction must be asked for."""

    def __init__(self, article_id: str) -> None:
        super().__init__(article_id)
        self.article_id = article_id
