"""How an article becomes its document: an envelope around ninjs, or what stands in the place of a withdrawn one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from lxml import html as lxml_html

from channels import byline, label
from channels.app.documents import (
    VERSION,
    Announces,
    CreditLine,
    Envelope,
    Notice,
    Series,
    labelled,
    page_with,
    sealed,
    series_page,
)
from channels.app.ninjs import (
    AltId,
    Association,
    Body,
    Genre,
    InfoSource,
    Ninjs,
    Organisation,
    Standard,
    Subject,
    Words,
)
from channels.app.ninjs import Rendition as File
from channels.app.pictures import files_of, folder_of, picture_of
from channels.body import NOT_HTML, blocks, column_of, refuse_characters
from pipeline.article import Article, Image, Newsroom, Revision, note_meant
from pipeline.article.credit import Aigc, Group
from pipeline.channel import Entry

SUMMARY = 120
"""Characters of a summary."""


def article_envelope(revision: Revision, newsroom: Newsroom, api: str) -> Envelope:
    """The revision's document. `api`: the API's public address, with a slash at its end.

    Raises `Unpublishable` if its text cannot be shown, its column is unknown or a picture of its body is not there.
    """
    article = revision.article
    refuse_characters(revision, NOT_HTML)
    column = column_of(article, newsroom)
    body = _body(revision, newsroom, api)
    notice = None
    if revision.corrected_at is not None:
        notice = Notice(kind="corrected", at=_moment(revision.corrected_at, newsroom), text=revision.note)
    summary = Words(role="summary", content_type="text/plain", value=article.abstract(SUMMARY))
    told = [Words(role="correction", content_type="text/plain", value=revision.note)] if revision.note else []
    note = [Body(role="editorsNote", content_type="text/plain", value=article.editors_note)]
    return sealed(
        id=revision.id,
        revision=revision.number,
        columns=(column.id,),
        url=newsroom.permalink(revision),
        notice=notice,
        series=_series(article, column.id),
        announces=announced_by(article),
        banner=picture_of(article.banner, folder_of(revision.id), "../") if article.banner else None,
        aigc=labelled(article.aigc, label.of_text(article)),
        credits=_credits(article) or None,
        images=tuple(picture_of(image, folder_of(revision.id), "../") for image in article.images),
        article=Ninjs(
            **_frame(revision, newsroom, revision.updated_at),
            organisations=tuple(dict.fromkeys((_publisher(newsroom), *_contributors(article)))),
            digital_source_type=_source_type(article.aigc, label.of_text(article)),
            pub_status="usable",
            representation_type="full",
            title=article.short_headline or None,
            by=byline.by(article) or article.source or None,
            headlines=tuple(
                Words(role=role, content_type="text/plain", value=value)
                for role, value in (
                    ("main", _line(article.headline)),
                    ("kicker", article.kicker),
                    ("subhead", article.subhead),
                    ("short", article.short_headline),
                )
                if value
            ),
            descriptions=(summary, *told),
            bodies=(
                *(note if article.editors_note else ()),
                Body(
                    role="main",
                    content_type="text/html",
                    char_count=sum(map(len, article.paragraphs())),
                    value=body,
                ),
            ),
            info_sources=tuple(_sources(article)) or None,
            subjects=(
                Subject(rel="column", literal=column.id),
                *(Subject(name=keyword, rel="keyword") for keyword in article.keywords),
            ),
            associations=tuple(_association(image, revision, newsroom, api) for image in article.images) or None,
        ),
    )


def withdrawn_envelope(entry: Entry, newsroom: Newsroom) -> Envelope:
    """What stands in the place of a withdrawn article: its name, the notice, and nothing else of it."""
    if entry.withdrawn_at is None:
        raise ValueError(f"{entry.revision.id} is not withdrawn")
    revision, reason = entry.revision, NOT_HTML.sub("", entry.reason)
    told = (Words(role="withdrawal", content_type="text/plain", value=reason),) if reason else None
    column = revision.article.column
    return sealed(
        id=revision.id,
        revision=revision.number,
        columns=(column,) if column else (),
        url=newsroom.permalink(revision),
        notice=Notice(kind="withdrawn", at=_moment(entry.withdrawn_at, newsroom), text=reason),
        article=Ninjs(
            **_frame(revision, newsroom, entry.withdrawn_at),
            organisations=(_publisher(newsroom),),
            pub_status="canceled",
            representation_type="partial",
            descriptions=told,
        ),
    )


def announced_by(article: Article) -> Announces | None:
    """What the record makes of its column; None if it is an article like most."""
    if article.announces is None:
        return None
    column = article.announces.column
    return Announces(deed=article.announces.deed, column=column.id, name=column.name)


def _frame(revision: Revision, newsroom: Newsroom, changed: datetime) -> dict[str, Any]:
    """What ninjs says of a usable and of a canceled article alike."""
    return {
        "uri": newsroom.guid(revision.id),
        "standard": Standard(),
        "type": "text",
        "version": str(revision.number),
        "first_created": _moment(revision.published_at, newsroom),
        "version_created": _moment(changed, newsroom),
        "language": newsroom.language,
        "alt_ids": (AltId(role="id", value=revision.id), AltId(role="web", value=newsroom.permalink(revision))),
    }


def _publisher(newsroom: Newsroom) -> Organisation:
    return Organisation(name=newsroom.name, rel="publisher")


def _contributors(article: Article) -> Iterator[Organisation]:
    """The offices and firms that had a role, called what they did."""
    for credit in byline.credits_of(article, *Group):
        for name in credit.organisations:
            yield Organisation(name=name, rel=credit.duty)


def _sources(article: Article) -> Iterator[InfoSource]:
    """Who made it: ninjs names parties that «originated, modified, enhanced … the content» by their role, persons and
    organisations alike; its `people` are those whom an article is about."""
    if article.source:
        yield InfoSource(name=article.source, role="source")
    found = ((name, credit.duty) for credit in byline.credits_of(article, *Group) for name in credit.everybody)
    for name, duty in dict.fromkeys(found):
        yield InfoSource(name=name, role=duty)


def _credits(article: Article) -> tuple[CreditLine, ...]:
    return tuple(
        CreditLine(
            role=byline.IN_PUBLIC.get(credit.role, credit.role),
            duty=credit.duty,
            group=credit.group,
            names=credit.names,
            organisations=credit.organisations,
        )
        for credit in byline.credits_of(article, *Group)
    )


def _source_type(aigc: Aigc | None, words: str) -> Genre | None:
    """IPTC's name where it is sure, else only the words."""
    return Genre(name=words, uri=label.source_type(aigc) or None) if aigc else None


def _series(article: Article, column_id: str) -> Series | None:
    if not article.series:
        return None
    href = "../" + series_page(column_id, page_with(article.number)) if article.number else None
    return Series(name=article.series, number=article.number, href=href)


def _association(image: Image, revision: Revision, newsroom: Newsroom, api: str) -> Association:
    return Association(
        name=image.digest[:VERSION],
        rel="picture",
        uri=f"{newsroom.guid(revision.id)}:{image.digest[:VERSION]}",
        type="picture",
        digital_source_type=_source_type(image.aigc, label.of_picture(image)),
        headlines=(Words(value=image.caption),) if image.caption else None,
        descriptions=(Words(role="alt", value=image.alt),) if image.alt else None,
        renditions=tuple(
            File(
                name=name,
                href=f"{api}{folder_of(revision.id)}/{asset.name}",
                content_type=asset.media_type,
                width=asset.width,
                height=asset.height,
            )
            for name, asset in files_of(image).items()
        ),
    )


def _body(revision: Revision, newsroom: Newsroom, api: str) -> str:
    """The body with nothing relative in it but the marks of its notes, and its pictures where they stand in public."""
    large = {f"image:{image.digest}": files_of(image)["large"] for image in revision.article.images}
    shown, page = blocks(revision.article), newsroom.permalink(revision)
    for block in shown:
        for link in block.iter("a"):
            if not note_meant(link):
                link.set("href", urljoin(page, link.get("href", "")))
        for picture in block.iter("img"):
            asset = large[picture.get("src", "")]
            picture.set("src", f"{api}{folder_of(revision.id)}/{asset.name}")
            picture.set("width", str(asset.width))
            picture.set("height", str(asset.height))
    return "".join(lxml_html.tostring(block, encoding="unicode", with_tail=False) for block in shown)


def _line(text: str) -> str:
    return " ".join(text.split())


def _moment(moment: datetime, newsroom: Newsroom) -> datetime:
    """In the newsroom's zone, to the second."""
    return moment.astimezone(newsroom.zone).replace(microsecond=0)
