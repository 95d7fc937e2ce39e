"""What other documents show of an article or a column: its row in a list, in its series, in `newsroom.json`.

An article's row is taken from its document, never from the article: so both say the same.
"""

from __future__ import annotations

from channels.app.documents import (
    NEWEST,
    ColumnEntry,
    Envelope,
    Item,
    Picture,
    PictureFile,
    SeriesRow,
    Start,
    series_head,
    version_href,
)
from channels.app.pictures import folder_of_column, picture_of
from pipeline.article import Column, Newsroom


def item_of(envelope: Envelope, ordinal: int, up: str) -> Item:
    """The article's row in a list; `up` leads from the list to the API's root."""
    article = envelope.article
    if article.first_created is None:
        raise ValueError(f"{envelope.id} has no date")
    sources = {one.role: one.name or "" for one in article.info_sources or ()}
    image = envelope.images[0] if envelope.images else None
    return Item(
        id=envelope.id,
        ordinal=ordinal,
        revision=envelope.revision,
        columns=envelope.columns,
        headline=headline_of(envelope),
        summary=summary_of(envelope),
        source=sources.get("source", ""),
        published=article.first_created,
        corrected=envelope.notice.at if envelope.notice else None,
        series=envelope.series and envelope.series.model_copy(update={"href": _from(envelope.series.href, up)}),
        announces=envelope.announces,
        image=image and image.model_copy(update={"renditions": _moved(image, up)}),
        href=version_href(envelope, up),
    )


def series_row(envelope: Envelope, number: int) -> SeriesRow:
    """The article's row on its page of the series."""
    usable = envelope.pub_status == "usable"
    return SeriesRow(
        number=number,
        id=envelope.id,
        pub_status=envelope.pub_status,
        series=envelope.series.name if usable and envelope.series else None,
        headline=headline_of(envelope) if usable else None,
        notice=None if usable else envelope.notice,
        href=version_href(envelope, "../../"),
    )


def headline_of(envelope: Envelope) -> str:
    """The article's headline; empty if it is withdrawn."""
    return next((one.value for one in envelope.article.headlines or () if one.role == "main"), "")


def summary_of(envelope: Envelope) -> str:
    """The article's summary; empty if it is withdrawn."""
    return next((one.value for one in envelope.article.descriptions or () if one.role == "summary"), "")


def column_entry(column: Column) -> ColumnEntry:
    """The column as `newsroom.json` has it."""
    return ColumnEntry(
        id=column.id,
        name=column.name,
        description=column.description,
        note=column.note or None,
        banner=picture_of(column.banner, folder_of_column(column.id), "") if column.banner else None,
        series=column.series or None,
        closed=column.closed or None,
        href=f"columns/{column.id}.json",
        series_href=series_head(column.id) if column.series else None,
    )


def start(newsroom: Newsroom, name: str, api: str) -> Start:
    return Start(
        name=name,
        newsroom=newsroom.name,
        language=newsroom.language,
        api=api,
        columns=tuple(map(column_entry, newsroom.columns)),
        latest=NEWEST,
        changes="changes.json",
        openapi="openapi.json",
    )


def _moved(image: Picture, up: str) -> tuple[PictureFile, ...]:
    """The picture's files as seen from a document elsewhere."""
    return tuple(one.model_copy(update={"href": _from(one.href, up)}) for one in image.renditions)


def _from(href: str | None, up: str) -> str | None:
    """An article's relative address as seen from a document elsewhere."""
    return href and up + href.removeprefix("../")
