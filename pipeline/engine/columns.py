"""Columns (栏目): the records that open, rename and close them, and which of them an editor means.

A record is an article like any other: it says in words and in `Article.announces` what becomes of its column.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from pipeline.article import Announcement, Article, Column, Deed, Image, Newsroom
from pipeline.channel import Problem, Text
from pipeline.newsroom import templates

if TYPE_CHECKING:
    from jinja2 import Environment

DESCRIPTION = 60
"""Characters of a description that is made from the 编者按."""
UNTITLED = "-"
"""The headline of an article that stands for one without: the record gets the house's own."""


def address_of(name: str) -> str:
    """A column's address made from its name: the initials of its pinyin, as county websites have them.

    >>> address_of("脱贫攻坚奔小康"), address_of("2026 两会")
    ('tpgjbxk', '2026lh')
    """
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - its tables take half a second, and few commands need them

    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return re.sub(r"[^a-z0-9]+", "", initials.lower()) or "lanmu"


def new(
    name: str,
    note: Article,
    *,
    address: str = "",
    about: str = "",
    keywords: Sequence[str] = (),
    series: str = "",
    note_on_all: bool = False,
    banner: Image | None = None,
) -> Column:
    """A column of this name with its 编者按; what is left out is made from them."""
    place = address or address_of(name)
    return Column(
        id=place,
        name=name,
        description=about or note.abstract(DESCRIPTION),
        keywords=tuple(keywords) or (name,),
        note="\n".join(note.paragraphs()),
        note_on="all" if note_on_all else "first",
        series=series,
        banner=banner and banner.model_copy(update={"alt": banner.alt or name}),
    )


def opening(column: Column, note: Article) -> Article:
    """The record that opens the column; `note`: the 编者按 as an article, whose headline may be of one's own making."""
    return _announcing(note, Deed.OPEN, column)


def renaming(before: Column, name: str, address: str, newsroom: Newsroom, times: int) -> Article:
    """The record that gives the column another name and address; the old ones lead to it for ever.

    `times`: how often it has been renamed so far, which tells the record from another that says the same.
    """
    after = before.renamed(name, address)
    told = _said("rename.html", column=after, before=before)
    return _announcing(Article(headline=UNTITLED, body=told, source=newsroom.name), Deed.RENAME, after, str(times + 1))


def closing(column: Column, line: str, newsroom: Newsroom) -> Article:
    """The record that closes the column; `line`: its closing line, "" for the house's own."""
    after = column.model_copy(update={"closed": line or _said("closing-line.txt", column=column)})
    told = _said("close.html", column=after)
    return _announcing(Article(headline=UNTITLED, body=told, source=newsroom.name), Deed.CLOSE, after)


def rewritten(before: Article, article: Article) -> Article:
    """A correction of a record: its text anew. What it makes of the column stays, but for the 编者按 of an opening, and
    the description where that was made from it: a corrected mistake must not live on there.
    """
    if before.announces is None:
        return article
    announces = before.announces
    if announces.deed is Deed.OPEN:
        told = {"note": "\n".join(article.paragraphs())}
        if announces.column.description == before.abstract(DESCRIPTION):
            told["description"] = article.abstract(DESCRIPTION)
        announces = announces.model_copy(update={"column": announces.column.model_copy(update=told)})
    return article.model_copy(
        update={
            "headline": article.headline.strip(UNTITLED) or before.headline,
            "column": before.column,
            "banner": before.banner,
            "editors_note": "",
            "announces": announces,
            "reference": before.reference,
        }
    )


def taken(field: str, value: str, other: Column) -> Problem:
    """Why a column cannot be called so."""
    return Problem(
        field=field,
        message=Text.of("{value} is the column {column} already", value=value, column=other.name),
        remedy=Text.of("newsroom column list shows them; choose another {field}", field=field),
    )


def forgotten(before: Sequence[Column], after: Sequence[Column], articles: Mapping[str, int]) -> list[Problem]:
    """What is wrong with the newsroom's file if its columns become these: articles that stand in one need its id and
    its address for ever. `articles`: how many each has, by its id."""
    now = {column.id: column for column in after}
    problems = []
    for column in before:
        count = articles.get(column.id, 0)
        if count and column.id not in now:
            problems.append(_removed(column, count))
        elif count and column.address not in (now[column.id].address, *now[column.id].former_addresses):
            problems.append(_moved(column, count))
    return problems


def _removed(column: Column, count: int) -> Problem:
    return Problem(
        field=f"column {column.id}",
        message=Text.of(
            "the file has it no more, but {count} articles stand in {column}", count=count, column=column.name
        ),
        remedy=Text.of("put it back; if it is to take no more articles: newsroom column close"),
    )


def _moved(column: Column, count: int) -> Problem:
    return Problem(
        field=f"column {column.id}",
        message=Text.of(
            "{column} has another address, but {count} articles lead to {address}",
            column=column.name,
            count=count,
            address=column.address,
        ),
        remedy=Text.of(
            'put it back, and then: newsroom column rename; or add former_addresses = ["{address}"]',
            address=column.address,
        ),
    )


def refuse(name: str, columns: Sequence[Column], waiting: Sequence[tuple[Column, datetime, str]]) -> Problem:
    """Why no article can be submitted to a column of this name, and which one may be meant.

    `columns`: all there are; `waiting`: those that have still to open, with their moment in words and their rollout.
    """
    open_names = [column.name for column in columns if not column.closed]
    for column, moment, rollout in waiting:
        if column.is_called(name):
            return Problem(
                field="column",
                message=Text.of("the column {column} has not opened yet", column=column.name),
                remedy=Text.of(
                    "it opens at {moment} with {rollout}: submit the article after that; newsroom status {rollout}",
                    moment=f"{moment:%Y-%m-%d %H:%M}",
                    rollout=rollout,
                ),
            )
    closed = next((column for column in columns if column.closed and column.is_called(name)), None)
    message = (
        Text.of("the column {column} is closed", column=closed.name)
        if closed
        else Text.of("there is no column {column}", column=name)
    )
    near = difflib.get_close_matches(name, open_names, n=3, cutoff=0.3)
    remedy = (
        Text.of("did you mean {near}?", near=" / ".join(near))
        if near
        else Text.of("use one of the newsroom's columns: {columns}", columns=", ".join(open_names))
    )
    return Problem(field="column", message=message, remedy=remedy)


def _announcing(article: Article, deed: Deed, column: Column, which: str = "") -> Article:
    return article.model_copy(
        update={
            "headline": article.headline.strip(UNTITLED) or _said(f"{deed}-headline.txt", column=column),
            "column": column.id,
            "banner": column.banner,
            "editors_note": "",
            "keywords": article.keywords or column.keywords,
            "announces": Announcement(deed=deed, column=column),
            "reference": f"column:{column.id}:{deed}{which and f':{which}'}",
        }
    )


def _said(template: str, **values: object) -> str:
    return _words().get_template(template).render(**values).strip()


@cache
def _words() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape  # noqa: PLC0415 - rarely needed

    return Environment(
        loader=FileSystemLoader(templates("columns")),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
    )
