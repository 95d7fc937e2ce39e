"""An article's body as a channel shows it: what is refused first, and copies of its blocks that may be changed."""

from __future__ import annotations

import copy
import re

from lxml import html as lxml_html

from pipeline.article import Article, Column, Image, Newsroom, Revision
from pipeline.channel import Problem, Text, Unpublishable

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) has no way to say, not even escaped."""
NOT_HTML = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(1, 17))
    + "]"
)
"""Controls, surrogates and noncharacters: parse errors of HTML (section 13.2.3.5), and more than XML refuses."""


def refuse_characters(revision: Revision, forbidden: re.Pattern[str]) -> None:
    """Raise `Unpublishable`, by the field, if any text of the revision holds a forbidden character."""
    announces = revision.article.announces
    column = [("column", value) for _, value in announces.column] if announces else []
    for field, value in (*revision.article, ("note", revision.note), *column):
        for part in value if isinstance(value, tuple) else (value,):
            for text in (part.alt, part.caption) if isinstance(part, Image) else (part,):
                if isinstance(text, str) and (found := forbidden.search(text)):
                    raise Unpublishable(
                        Problem(
                            field=field,
                            message=Text.of(
                                "{field} has the control character U+{code} at place {place}, which cannot be shown",
                                field=field,
                                code=f"{ord(found.group()):04X}",
                                place=found.start() + 1,
                            ),
                            remedy=Text.of("delete the character from {field}", field=field),
                        )
                    )


def column_of(article: Article, newsroom: Newsroom) -> Column:
    """The article's column, in an announcement as it makes it; raises `Unpublishable` if the newsroom has none such."""
    try:
        return newsroom.column_of(article)
    except KeyError:
        raise Unpublishable(
            Problem(
                field="column",
                message=Text.of("there is no column {column}", column=article.column),
                remedy=Text.of(
                    "use one of the newsroom's columns: {columns}",
                    columns=", ".join(column.name for column in newsroom.columns),
                ),
            )
        ) from None


def blocks(article: Article) -> list[lxml_html.HtmlElement]:
    """Copies of the body's blocks; raises `Unpublishable` if they show a picture that the article does not have."""
    copies = [copy.deepcopy(block) for block in article.blocks if isinstance(block.tag, str)]
    known = {f"image:{image.digest}" for image in article.images}
    for source in (shown.get("src", "") for block in copies for shown in block.iter("img")):
        if source not in known:
            raise Unpublishable(
                Problem(
                    field="images",
                    message=Text.of("the body shows a picture the article does not have: {source}", source=source),
                    remedy=Text.of("add the picture to the manuscript or take it out of the body"),
                )
            )
    return copies
