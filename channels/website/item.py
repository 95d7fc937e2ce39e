"""What a list shows of an article, or of a number of a series whose article was withdrawn."""

from __future__ import annotations

from markupsafe import Markup

from channels.body import NOT_HTML
from channels.website.frame import Frame
from channels.website.page import Picture, banner_of, headline, pictures_of
from channels.website.phrases import broken
from pipeline.article.value import Frozen
from pipeline.channel import Entry

SUMMARY = 90
"""Characters of what a list says of an article."""


class Item(Frozen):
    """An article in a list."""

    href: str
    url: str
    headline: str
    summary: str
    column: str
    day: str
    minute: str
    iso: str
    corrected: bool
    picture: Picture | None
    """The article's own."""
    banner: Picture | None
    series: str
    number: int | None
    withdrawn: bool = False

    @property
    def broken(self) -> Markup:
        """The headline with the places where it may go on in a new line."""
        return broken(self.headline)


class Gap(Frozen):
    """A number of a series whose article has been withdrawn: told of, never closed."""

    series: str
    number: int
    reason: str
    withdrawn: bool = True


def item_of(entry: Entry, frame: Frame) -> Item:
    """The article as lists show it."""
    revision, newsroom = entry.revision, frame.newsroom
    column = frame.column(revision.article)
    return Item(
        href=frame.href(newsroom.path(revision)),
        url=newsroom.permalink(revision),
        headline=headline(revision.article),
        summary=revision.article.abstract(SUMMARY),
        column=column.name if column else "",
        day=frame.day(revision.published_at),
        minute=frame.minute(revision.published_at),
        iso=frame.iso(revision.published_at),
        corrected=revision.corrected_at is not None,
        picture=next(iter(pictures_of(revision, frame).values()), None),
        banner=banner_of(revision, frame),
        series=revision.article.series,
        number=revision.article.number,
    )


def gap_of(entry: Entry) -> Gap | None:
    """What is told of a number whose article has been withdrawn."""
    article = entry.revision.article
    if entry.withdrawn_at is None or article.number is None:
        return None
    return Gap(series=article.series, number=article.number, reason=NOT_HTML.sub("", entry.reason))
