"""How an article looks on every channel, written to a folder: the very renditions that would go out."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path

from pipeline.article import Article
from pipeline.engine import Engine


def write_previews(engine: Engine, article: Article, media: Mapping[str, bytes], out: Path) -> list[tuple[str, Path]]:
    """Write one file a channel, and the article's pictures; returns (channel's name, file). Raises `Unfit`."""
    written = []
    out.mkdir(parents=True, exist_ok=True)
    for draft in engine.drafts(article):
        suffix = mimetypes.guess_extension(draft.rendition.media_type) or ".txt"
        path = out / f"{draft.outlet.id}{suffix}"
        path.write_text(draft.rendition.body, encoding="utf-8")
        written.append((draft.outlet.name, path))
    for image in article.images:
        (out / f"{image.digest[:16]}{mimetypes.guess_extension(image.media_type)}").write_bytes(media[image.digest])
    return written
