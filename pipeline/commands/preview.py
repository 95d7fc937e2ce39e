"""How an article looks on every channel, written to a folder: the very renditions that would go out."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.article import Article
from pipeline.channel import Media, Text
from pipeline.engine import Engine


class Pictures:
    """`Media` over the pictures that came with a manuscript, and those that the newsroom has already."""

    def __init__(self, media: Mapping[str, bytes], kept: Media) -> None:
        self._media, self._kept = media, kept

    def read(self, digest: str) -> bytes:
        return self._media[digest] if digest in self._media else self._kept.read(digest)


class Written(NamedTuple):
    """A channel's preview."""

    name: str
    path: Path
    remarks: Sequence[Text]
    """What an editor should look at in it."""


def write_previews(engine: Engine, article: Article, media: Mapping[str, bytes], out: Path) -> list[Written]:
    """Write one file a channel, complete in itself. Raises `Unfit`."""
    written: list[Written] = []
    pictures = Pictures(media, engine.store.media())
    newsroom = engine.newsroom.with_columns(engine.columns())
    out.mkdir(parents=True, exist_ok=True)
    for draft in engine.drafts(article):
        channel = engine.channel(draft.outlet.id)
        media_type, content = channel.preview(draft.revision, draft.rendition, newsroom, pictures)
        path = out / f"{draft.outlet.id}{mimetypes.guess_extension(media_type) or '.txt'}"
        path.write_bytes(content)
        written.append(Written(draft.outlet.name, path, channel.remarks(draft.rendition)))
    return written
