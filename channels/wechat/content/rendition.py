"""A revision as a rendition, what stands in it, and what is made of it when it is sent."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from lxml import html as lxml_html
from markupsafe import Markup

from channels import byline
from channels.body import NOT_HTML, refuse_characters
from channels.pictures import derivative, spread
from channels.templating import templates
from channels.wechat.content.look import Look
from channels.wechat.content.marker import Marker, digest_of, name_of
from channels.wechat.content.story import is_story
from channels.wechat.content.story import text_of as story_text
from channels.wechat.content.text import ROOM, SERIES, asset_of, html_of, placeholder
from pipeline.article import Article, Image, Newsroom, Revision
from pipeline.article.credit import Credit, Group
from pipeline.channel import Asset, Problem, Rendition, Text, Unpublishable

TITLE, AUTHOR, DIGEST = 32, 16, 120
"""Characters."""
CONTENT, CONTENT_BYTES = 20_000, 2**20
"""Characters and bytes that the content has to stay under, tags counted."""
SOURCE_URL = 1024
"""Bytes of the address behind 阅读原文."""
ADDRESS = 180
"""Characters that a picture's address at WeChat is reckoned with; those seen have about 140."""
COVER_WIDTH = 1440
"""Pixels: the cover in the list of a large phone."""
DEFAULT_COVER = "default"
"""Stands for the account's own cover in an article without pictures."""

START, END = "<!--tongfa:content-->", "<!--/tongfa:content-->"
"""The marks of the content. No text can hold them: it has no `<` of its own."""
_CUT = "\ufdd0"
"""A noncharacter, which no text of ours holds."""
_INVISIBLE = re.compile("[\\s\u00a0\u200b-\u200f\u2028-\u202e\u2060\u3000\ufe0e\ufe0f\ufeff]+")


def render(revision: Revision, newsroom: Newsroom, look: Look) -> Rendition:
    """The article. Raises `Unpublishable` by the field that is over a limit or cannot be shown."""
    refuse_characters(revision, NOT_HTML)
    article = revision.article
    spreads = [spread(image, newsroom, revision.id) for image in article.pictures]
    assets = {image.digest: asset_of(image) for image in spreads}
    title = _title(article)
    content = html_of(revision, newsroom, look, title)
    cover, size = _cover(article, spreads, look)
    fields: dict[str, Any] = {
        "article_type": "news",
        "title": title,
        "author": _author(article, newsroom, look),
        "digest": article.abstract(DIGEST),
        "content_source_url": "",
        "thumb_media_id": cover.name if cover else DEFAULT_COVER,
        "need_open_comment": int(look.comments),
        "only_fans_can_comment": 0,
        "pic_crop_235_1": crop(*size, 2.35),
        "pic_crop_1_1": crop(*size, 1.0),
    }
    if is_story(article) and (words := story_text(revision, newsroom, look, title)):
        fields["story"] = {"content": words, "pictures": [placeholder(image) for image in article.images]}
    digest = hashlib.sha256(json.dumps([fields, content], ensure_ascii=False).encode()).hexdigest()[:12]
    fields["content_source_url"] = newsroom.permalink(revision) + str(
        Marker(name_of(revision, newsroom), revision.number, digest)
    )
    _limits(fields, content)
    data = json.dumps(fields, ensure_ascii=False, indent=1)
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    body = (
        templates("wechat")
        .get_template("preview.html")
        .render(
            fields=fields,
            data=Markup(data),  # noqa: S704 - nothing in it ends a script element
            content=Markup(f"{START}{content}{END}"),  # noqa: S704 - written by `html_of`
            account=look.account,
            story=fields.get("story"),
            cover=file_of(fields["thumb_media_id"]),
        )
    )
    pictures = list(dict.fromkeys([*assets.values(), *([cover] if cover else [])]))
    return Rendition.of("text/html", body, pictures)


def fields_of(rendition: Rendition) -> dict[str, Any]:
    """The article's fields, content included, with the placeholders in it and in `thumb_media_id`."""
    head, _, rest = rendition.body.partition(START)
    data = head.partition('<script type="application/json" id="draft">')[2].partition("</script>")[0]
    fields: dict[str, Any] = json.loads(data)
    return {**fields, "content": rest.partition(END)[0]}


def file_of(cover: str) -> str:
    """The name of the file of a cover that the fields name."""
    return f"{DEFAULT_COVER}.jpg" if cover == DEFAULT_COVER else cover


def marker_of(rendition: Rendition) -> Marker:
    marker = Marker.of(fields_of(rendition)["content_source_url"])
    if marker is None:
        raise ValueError("a rendition of another kind")
    return marker


def shown_in(article: Article, rendition: Rendition) -> dict[str, Asset]:
    """The pictures that a rendition's content shows, by the placeholders of their addresses."""
    content, assets = fields_of(rendition)["content"], {asset.name: asset for asset in rendition.assets}
    pictures = {placeholder(image): assets[asset_of(image).name] for image in article.pictures}
    return {place: asset for place, asset in pictures.items() if f'"{place}"' in content}


def with_addresses(content: str, addresses: Mapping[str, str]) -> str:
    """The content with these addresses in the places of their placeholders."""
    for place, address in addresses.items():
        content = content.replace(f'src="{place}"', f'src="{escape(address)}"')  # data-src as well
    return content


def finished(rendition: Rendition, marker: Marker, addresses: Mapping[str, str], lines: str) -> dict[str, Any]:
    """The article's fields as they are sent: with the pictures' addresses, the `lines` of its series, and a marker that
    says so. Of several articles none has a digest (新建草稿). Raises `Unpublishable` if the content is too long now.
    """
    fields = fields_of(rendition)
    content = with_addresses(fields["content"].replace(SERIES, lines), addresses)
    if wrong := too_long(content):
        raise wrong
    fields.pop("story", None)
    address = fields["content_source_url"].partition("#")[0]
    digest = "" if marker.together else fields["digest"]
    return {**fields, "digest": digest, "content": content, "content_source_url": f"{address}{marker}"}


def finished_story(rendition: Rendition, marker: Marker, names: Mapping[str, str]) -> dict[str, Any]:
    """The same of a picture story: its plain text, and the media ids of its pictures by their placeholders."""
    fields = fields_of(rendition)
    story = fields["story"]
    kept = ("title", "author", "need_open_comment", "only_fans_can_comment")
    return {
        "article_type": "newspic",
        **{name: fields[name] for name in kept},
        "content": story["content"],
        "content_source_url": fields["content_source_url"].partition("#")[0] + str(marker),
        "image_info": {"image_list": [{"image_media_id": names[place]} for place in story["pictures"]]},
    }


def is_sent_as_story(rendition: Rendition, marker: Marker) -> bool:
    """Whether the article is a message of pictures: it is a picture story, and alone in its draft."""
    return "story" in fields_of(rendition) and not marker.together


def said_plainly(text: str) -> str:
    """What a plain text says, without white space."""
    return _INVISIBLE.sub("", text)


def too_long(content: str) -> Unpublishable | None:
    """What is wrong with the length of a finished content."""
    if len(content) >= CONTENT:
        return Unpublishable.over("body", CONTENT - 1, len(content))
    if (size := len(content.encode())) >= CONTENT_BYTES:
        message = Text.of("the text has {size} bytes, WeChat takes {limit}", size=size, limit=CONTENT_BYTES - 1)
        return Unpublishable(Problem(field="body", message=message, remedy=Text.of("shorten body")))
    return None


def said(content: str) -> tuple[str, int]:
    """What a content says, without white space, and how many pictures it shows: what WeChat leaves as it is."""
    if not content.strip():
        return "", 0
    tree = lxml_html.fragment_fromstring(content, create_parent="div")
    return _INVISIBLE.sub("", tree.text_content()), sum(1 for _ in tree.iter("img"))


def shows(content: str, wanted: str, filled: str) -> bool:
    """Whether a content says what that of a rendition does, and at `SERIES` something with the digest `filled`."""
    (text, pictures), (words, images) = said(content), said(wanted.replace(SERIES, _CUT))
    before, _, after = words.partition(_CUT)
    between = text[len(before) : len(text) - len(after)]
    return (text, pictures) == (before + between + after, images) and digest_of(between) == filled


def crop(width: int, height: int, ratio: float) -> str:
    """The largest part of a cover with this ratio, as `X1_Y1_X2_Y2`, each 0 … 1: the middle, rather its upper half."""
    across, down = min(1.0, height * ratio / width), min(1.0, width / ratio / height)
    left, top = (1 - across) / 2, (1 - down) * 0.4
    return "_".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in (left, top, left + across, top + down))


def _limits(fields: Mapping[str, Any], content: str) -> None:
    reckoned = with_addresses(
        content.replace(SERIES, "x" * ROOM),
        {name: name.ljust(ADDRESS, "x") for name in re.findall(r'data-src="([^"]*)"', content)},
    )
    if wrong := too_long(reckoned):
        raise wrong
    if (size := len(fields["content_source_url"].encode())) > SOURCE_URL:
        message = Text.of("the article's address has {size} bytes, WeChat takes {limit}", size=size, limit=SOURCE_URL)
        raise Unpublishable(Problem(field="site", message=message, remedy=Text.of("shorten [site] url")))


def _title(article: Article) -> str:
    """The headline if it fits, else the 短标题."""
    headline, short = " ".join(article.headline.split()), " ".join(article.short_headline.split())
    if len(headline) <= TITLE:
        return headline
    if not short:
        wrong = Unpublishable.over("headline", TITLE, len(headline))
        remedy = Text.of(
            "shorten headline by {over} characters, or give a short headline (短标题)", over=len(headline) - TITLE
        )
        raise Unpublishable(wrong.problem.model_copy(update={"remedy": remedy}))
    if len(short) > TITLE:
        raise Unpublishable.over("short_headline", TITLE, len(short))
    return short


def _author(article: Article, newsroom: Newsroom, look: Look) -> str:
    """All reporters if they fit; else the first that do, with 等 for the others. Without reporters the authors; without
    those the correspondents, called what they are; else the source; else the account.

    The credits at the end of the article always name everybody.
    """
    written = byline.credits_of(article, Group.BYLINE)
    by_duty = [[credit for credit in written if credit.duty is duty] for duty in byline.WRITERS]
    first = next((credits for credits in by_duty if credits), [])
    for candidate in (*_fitting(first), article.source, look.account, newsroom.short_name):
        if 0 < len(candidate) <= AUTHOR:
            return candidate
    return ""


def _fitting(credits: Sequence[Credit]) -> Iterator[str]:
    """Those who had a duty, all of them, then ever fewer."""
    words = templates("wechat").get_template("author.txt")
    names = list(dict.fromkeys(name for credit in credits for name in credit.everybody))
    for count in range(len(names), 0, -1):
        yield words.render(
            names=names[:count], more=count < len(names), role=credits[0].role, duty=credits[0].duty
        ).strip()


def _cover(article: Article, pictures: Sequence[Image], look: Look) -> tuple[Asset | None, tuple[int, int]]:
    """The article's first picture, or its column's banner, or the account's own (None), and its size."""
    own = next((image.digest for image in article.images), "")
    first = next((image for image in pictures if image.digest == own), next(iter(pictures), None))
    if first is None:
        return None, look.cover
    asset = derivative(first, COVER_WIDTH, "image/jpeg")
    return asset, (asset.width, asset.height)
