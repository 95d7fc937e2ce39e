"""The pictures of the app's documents: their files, where those stand, and what is said of them."""

from __future__ import annotations

from channels import label
from channels.app.documents import Picture, PictureFile, labelled
from channels.pictures import common, derivative, moving, spread
from pipeline.article import Column, Image, Newsroom, Revision
from pipeline.channel import Asset

WIDTHS = {"thumbnail": 480, "large": 1200}
"""Pixels, by the rendition's name: a list's row and the article, both on a dense screen."""


def folder_of(article_id: str) -> str:
    """Where the article's pictures stand: its own folder, so that they can go without touching another's."""
    return f"media/{article_id}"


def folder_of_column(column_id: str) -> str:
    """Where the column's banner stands."""
    return f"media/columns/{column_id}"


def assets_of(revision: Revision, newsroom: Newsroom) -> tuple[Asset, ...]:
    """The files of the article's pictures and of its banner, each once."""
    spreads = (spread(image, newsroom, revision.id) for image in revision.article.pictures)
    return tuple(dict.fromkeys(asset for image in spreads for asset in files_of(image).values()))


def assets_of_column(column: Column, newsroom: Newsroom) -> tuple[Asset, ...]:
    """The files of the column's banner."""
    return tuple(files_of(spread(column.banner, newsroom, f"column:{column.id}")).values()) if column.banner else ()


def files_of(image: Image) -> dict[str, Asset]:
    """By the rendition's name. A list's row stands still."""
    forms = {"thumbnail": derivative(image.model_copy(update={"animated": False}), WIDTHS["thumbnail"], common(image))}
    return {**forms, "large": derivative(image, WIDTHS["large"], moving(image))}


def picture_of(image: Image, folder: str, up: str) -> Picture:
    """The image as documents have it; `folder`: where its files stand, `up`: from the document to the API's root."""
    return Picture(
        alt=image.alt,
        caption=image.caption,
        aigc=labelled(image.aigc, label.of_picture(image)),
        renditions=tuple(
            PictureFile.model_validate(
                {
                    "name": name,
                    "href": f"{up}{folder}/{asset.name}",
                    "content_type": asset.media_type,
                    "width": asset.width,
                    "height": asset.height,
                }
            )
            for name, asset in files_of(image).items()
        ),
    )
