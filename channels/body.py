"""An article's body as a channel shows it: what is refused first, and copies of its blocks that may be changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from itertools import chain

from lxml import html as lxml_html
from pydantic import BaseModel

from channels import label
from pipeline.article import Article, Column, Newsroom, Revision, note_of
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
    for name, value in chain(revision.article, [("note", revision.note)]):
        field = "column" if name == "announces" else name
        for text in _texts(value):
            if found := forbidden.search(text):
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


def _texts(value: object) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseModel):
        yield from chain.from_iterable(_texts(part) for _, part in value)
    elif isinstance(value, tuple):
        yield from chain.from_iterable(map(_texts, value))


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
    """Copies of the body's blocks as every channel has to show them; raises `Unpublishable` if they show a picture that
    the article does not have.

    How a character is read stands in brackets for whoever cannot write it above (`<rp>`); a picture made by a machine
    is called so in its caption.
    """
    copies = [copy.deepcopy(block) for block in article.blocks if isinstance(block.tag, str)]
    said = {f"image:{image.digest}": label.of_picture(image) for image in article.images}
    for block in copies:
        for picture in list(block.iter("img")):
            if (source := picture.get("src", "")) not in said:
                raise Unpublishable(
                    Problem(
                        field="images",
                        message=Text.of("the body shows a picture the article does not have: {source}", source=source),
                        remedy=Text.of("add the picture to the manuscript or take it out of the body"),
                    )
                )
            if said[source]:
                _say_below(picture, said[source])
        for reading in list(block.iter("rt")):
            _bracket(reading)
    return copies


def _say_below(picture: lxml_html.HtmlElement, words: str) -> None:
    """Put the words behind what the picture's caption says, or where there is none, below the picture."""
    small = lxml_html.Element("small")
    small.text = words
    parent = picture.getparent()
    if parent is None or parent.tag != "figure":
        picture.addnext(small)
        return
    caption = parent.find("figcaption")
    if caption is None:
        caption = lxml_html.Element("figcaption")
        parent.append(caption)
    if caption.text_content().strip():
        small.text = f"　{words}"
    caption.append(small)


def _bracket(reading: lxml_html.HtmlElement) -> None:
    """Put the brackets around a reading that only programs without ruby show."""
    before, behind = lxml_html.Element("rp"), lxml_html.Element("rp")
    before.text, behind.text = "（", "）"
    behind.tail, reading.tail = reading.tail, None
    reading.addprevious(before)
    reading.addnext(behind)


def text_and_notes(
    content: list[lxml_html.HtmlElement],
) -> tuple[list[lxml_html.HtmlElement], list[lxml_html.HtmlElement]]:
    """The blocks of the text, and those that are notes (脚注)."""
    return [block for block in content if not note_of(block)], [block for block in content if note_of(block)]
