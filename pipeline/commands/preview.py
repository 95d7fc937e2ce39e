"""How an article looks on every channel, written to a folder: the very renditions that would go out."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path

from pipeline.article import Article
from pipeline.channel import Media
from pipeline.engine import Engine


class Pictures:
    """`Media` over the pictures that came with a manuscript, and those that the newsroom has already."""

    def __init__(self, media: Mapping[str, bytes], kept: Media) -> None:
        self._media, self._kept = media, kept

    def read(self, digest: str) -> bytes:
        return self._media[digest] if digest in self._media else self._kept.read(digest)


def write_previews(engine: Engine, article: Article, media: Mapping[str, bytes], out: Path) -> list[tuple[str, Path]]:
    """Write one file a channel, complete in itself; returns (channel's name, file). Raises `Unfit`."""
    written, pictures = [], Pictures(media, engine.store.media())
    newsroom = engine.newsroom.with_columns(engine.columns())
    out.mkdir(parents=True, exist_ok=True)
    for draft in engine.drafts(article):
        channel = engine.channel(draft.outlet.id)
        media_type, content = channel.preview(draft.revision, draft.rendition, newsroom, pictures)
        path = out / f"{draft.outlet.id}{mimetypes.guess_extension(media_type) or '.txt'}"
        path.write_bytes(content)
        written.append((draft.outlet.name, path))
    return written
