"""An article as one plain page of HTML with all that the editor wrote: for outlets that have no form of their own.

plain.rendition(revision, newsroom)             # in `render`
plain.page(rendition, delivery.media)           # what is published: the pictures are inside it
plain.headline(answer.body)                     # in `verify`: the headline as published
"""

from __future__ import annotations

from lxml import html as lxml_html
from markupsafe import Markup

from channels import byline, label, pictures
from channels.body import NOT_HTML, blocks, refuse_characters
from channels.templating import templates
from pipeline.article import Newsroom, Revision
from pipeline.article.credit import Group
from pipeline.channel import Media, Rendition

WIDTH = 960
"""Pixels of its pictures at most."""


def rendition(revision: Revision, newsroom: Newsroom) -> Rendition:
    """The page, its pictures still named as in the record. Raises `Unpublishable`."""
    refuse_characters(revision, NOT_HTML)
    article = revision.article
    lines = (label.of_text(article), *byline.lines(article, newsroom.house, *Group), article.series)
    text = (
        templates("plain")
        .get_template("page.html")
        .render(
            article=article,
            lines=list(filter(None, lines)),
            note=article.editors_note.splitlines(),
            blocks=[Markup(lxml_html.tostring(block, encoding="unicode")) for block in blocks(article)],  # noqa: S704
        )
    )
    shown = (pictures.spread(image, newsroom, revision.id) for image in article.images)
    return Rendition.of(
        "text/html", text, [pictures.derivative(image, WIDTH, pictures.common(image)) for image in shown]
    )


def page(rendition: Rendition, media: Media) -> bytes:
    """The page as the public gets it. Raises `Unpublishable` if a picture is missing or is none."""
    text = rendition.body
    for asset in rendition.assets:
        text = text.replace(f"image:{asset.source}", pictures.data_uri(asset.media_type, pictures.made(asset, media)))
    return text.encode()


def headline(page: bytes) -> str:
    """The headline of a page as somebody gave it; "" if it is no page of ours."""
    text = page.decode(errors="replace")
    return lxml_html.fragment_fromstring(text, create_parent=True).findtext(".//h1") or ""
