"""An article as an item of a feed: complete, with absolute addresses, the same bytes every time."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urljoin

from lxml import html as lxml_html
from markupsafe import Markup
from pydantic import AwareDatetime

from channels import byline, label
from channels.body import NOT_XML, blocks, refuse_characters
from channels.pictures import derivative, moving, spread
from channels.templating import templates
from pipeline.article import Article, Column, Newsroom, Revision, note_of
from pipeline.article.credit import Group
from pipeline.article.value import Frozen
from pipeline.channel import Asset, Entry

WIDTH = 1200
"""Pixels: what a reader's column can show on a dense screen."""
SUMMARY = 120
"""Characters of an item's summary."""


class Picture(Frozen):
    """A picture of an item, as a reader finds it."""

    url: str
    media_type: str
    width: int
    height: int
    length: int = 0
    """Bytes; 0: not known."""
    label: str = ""
    """What has to be said of it if a machine has made it."""


class Label(Frozen):
    """That a machine has made the text, or may have."""

    words: str
    """What people read."""
    fields: tuple[tuple[str, str], ...]
    """What programs read: the standard's names and their values (`label.metadata`)."""


class Item(Frozen):
    """One item, in the terms that RSS, Atom and JSON Feed share."""

    id: str
    """The article's GUID."""
    url: str
    title: str
    html: str
    summary: str
    """Plain text."""
    published: AwareDatetime
    updated: AwareDatetime
    order: int = 0
    """Tells apart what was updated at one moment: its ordinal on the channel."""
    authors: tuple[str, ...]
    tags: tuple[str, ...]
    label: Label | None = None
    banner: str = ""
    """Address of the picture above the content; it is among `pictures` only if the article has none of its own."""
    pictures: tuple[Picture, ...] = ()
    """What is enclosed."""


def column_of(article: Article, newsroom: Newsroom) -> Column | None:
    """The article's column as it stands; if the newsroom has none of that id (yet, or any more), as the article
    announces it, if it does."""
    try:
        return newsroom.column(article.column)
    except KeyError:
        return article.announces.column if article.announces else None


def assets_of(revision: Revision, newsroom: Newsroom) -> tuple[Asset, ...]:
    """The derivatives an item shows, each once: the banner, then the others in the article's order."""
    spreads = (spread(image, newsroom, revision.id) for image in revision.article.pictures)
    return tuple(dict.fromkeys(derivative(image, WIDTH, moving(image)) for image in spreads))


def folder_of(article_id: str) -> str:
    """Where the article's pictures stand: its own folder, so that they can go without touching another's."""
    return f"media/{article_id}"


def article_item(
    revision: Revision, newsroom: Newsroom, public: str, lengths: dict[str, int] | None = None, *, order: int = 0
) -> Item:
    """The revision as an item. `public`: address of the feeds' root; `lengths`: bytes of the pictures by asset name.

    Raises `Unpublishable` if its text cannot stand in XML or names a picture or column that is not there.
    """
    article = revision.article
    refuse_characters(revision, NOT_XML)
    pictures = {
        asset.source: Picture(
            url=f"{public}{folder_of(revision.id)}/{asset.name}",
            media_type=asset.media_type,
            width=asset.width,
            height=asset.height,
            length=(lengths or {}).get(asset.name, 0),
            label=label.of_picture(article.image(asset.source)),
        )
        for asset in assets_of(revision, newsroom)
    }
    page = newsroom.permalink(revision)
    words = templates("feeds")
    column = column_of(article, newsroom)
    banner = pictures[article.banner.digest] if article.banner else None
    own = tuple(pictures[digest] for digest in dict.fromkeys(image.digest for image in article.images))
    made = byline.in_line(byline.printed(article, newsroom.house, Group.BYLINE, Group.PICTURES))
    passed = byline.in_line(byline.printed(article, newsroom.house, Group.DESK, Group.REVIEW, Group.RELEASE))
    content = words.get_template("item.html").render(
        article=article,
        column=column,
        label=label.of_text(article),
        banner=banner,
        corrected=_people_time(revision.corrected_at, newsroom) if revision.corrected_at else "",
        note=revision.note,
        editors_note=[line for line in article.editors_note.splitlines() if line.strip()],
        blocks=[Markup(block) for block in _blocks(article, pictures, page)],  # noqa: S704 - canonical HTML
        credits=[
            stripped
            for line in words.get_template("credits.txt").render(article=article, made=made, passed=passed).splitlines()
            if (stripped := line.strip())
        ],
    )
    return Item(
        id=newsroom.guid(revision.id),
        url=page,
        title=" ".join(article.headline.split()),
        html=_one_way_to_write_it(content),
        summary=article.abstract(SUMMARY),
        published=whole_seconds(revision.published_at, newsroom),
        updated=whole_seconds(revision.updated_at, newsroom),
        order=order,
        authors=tuple(author.name for author in byline.authors(article, newsroom.name)),
        tags=tuple(dict.fromkeys([*([column.name] if column else []), *article.keywords])),
        label=_label(revision, newsroom),
        banner=banner.url if banner else "",
        pictures=own or ((banner,) if banner else ()),
    )


def notice_item(entry: Entry, newsroom: Newsroom, *, headline: bool = False) -> Item:
    """What stands in the place of a withdrawn article: the same GUID and date, the 撤稿 notice as title and content.

    `headline`: the notice names the article by it. It may be what was wrong, so the article is else named by its
    column and day. A notice of its own format (RFC 6721) would be ignored by readers and refused by validators.
    """
    if entry.withdrawn_at is None:
        raise ValueError(f"{entry.revision.id} is not withdrawn")
    revision, words = entry.revision, templates("feeds")
    column = column_of(revision.article, newsroom)
    said = {"withdrawn": _people_time(entry.withdrawn_at, newsroom), "reason": NOT_XML.sub("", entry.reason)}
    named = {"headline": NOT_XML.sub("", " ".join(revision.article.headline.split())) if headline else ""}
    named |= {
        "column": column.name if column else "",
        "day": f"{revision.published_at.astimezone(newsroom.zone):%Y-%m-%d}",
    }
    return Item(
        id=newsroom.guid(revision.id),
        url=newsroom.permalink(revision),
        title=words.get_template("notice-title.txt").render(**named).strip(),
        html=_one_way_to_write_it(
            words.get_template("notice.html").render(article=revision.article, newsroom=newsroom, **said)
        ),
        summary=words.get_template("notice-summary.txt").render(**said).strip(),
        published=whole_seconds(revision.published_at, newsroom),
        updated=whole_seconds(entry.withdrawn_at, newsroom),
        order=entry.ordinal,
        authors=(newsroom.name,),
        tags=(column.name,) if column else (),
    )


def _label(revision: Revision, newsroom: Newsroom) -> Label | None:
    aigc = revision.article.aigc
    if aigc is None:
        return None
    fields = label.metadata(aigc, revision, newsroom)
    return Label(words=label.of_text(revision.article), fields=tuple(fields.items()))


def _blocks(article: Article, pictures: dict[str, Picture], page: str) -> list[str]:
    """The body's blocks with nothing relative in them: a mark leads to the note on the article's page.

    The notes have no names of their own, for many articles stand on a reader's page.
    """
    written = []
    for block in blocks(article):
        if note_of(block):
            del block.attrib["id"]
        for link in block.iter("a"):
            link.set("href", urljoin(page, link.get("href", "")))
        for shown in block.iter("img"):
            picture = pictures[shown.get("src", "").removeprefix("image:")]
            shown.set("src", picture.url)
            shown.set("width", str(picture.width))
            shown.set("height", str(picture.height))
        written.append(lxml_html.tostring(block, encoding="unicode", with_tail=False))
    return written


def _one_way_to_write_it(content: str) -> str:
    """HTML whose line ends survive XML, and that can stand in CDATA: `]]>` is written otherwise, in the same sense."""
    return content.replace("\r", "").replace("]]>", "]]&gt;").strip()


def _people_time(moment: datetime, newsroom: Newsroom) -> str:
    return f"{moment.astimezone(newsroom.zone):%Y-%m-%d %H:%M}"


def whole_seconds(moment: datetime, newsroom: Newsroom) -> datetime:
    """RSS has no fractions; the three forms say the same moment."""
    return moment.astimezone(newsroom.zone).replace(microsecond=0)
