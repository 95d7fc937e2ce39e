"""`newsroom column`: open, rename or close a column on every channel at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from gettext import gettext as _
from pathlib import Path

import click

from pipeline.article import Image
from pipeline.channel import Problem, Text
from pipeline.commands import terminal
from pipeline.commands.answers import (
    DONE,
    How,
    accept,
    config_option,
    json_option,
    moment_of,
    open_engine,
    out,
    print_json,
    problems_of,
    refuse,
    starts_a_rollout,
    who,
)
from pipeline.commands.reading import Asking, Desk, reads_manuscripts, words_of
from pipeline.engine import Engine, Piece, Unfit
from pipeline.engine.columns import UNTITLED, address_of
from pipeline.engine.columns import new as new_column
from pipeline.manuscript import BadManuscript
from pipeline.manuscript.images import PictureRefused, take
from pipeline.record.submission import Changed


@click.group("column")
def column() -> None:
    pass


@column.command("open", help="Open a column on every channel at one moment, with its 编者按.")
@click.argument("name", metavar="NAME")
@click.option(
    "--note",
    "note",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="the 编者按, as a manuscript (.md .docx .html .txt); its headline, if it has one, heads the opening post",
)
@click.option(
    "--banner",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="IMAGE",
    help="a picture that stands above the column's articles",
)
@click.option("--series", default="", metavar="TEXT", help="number its articles in this series: TEXT之一, TEXT之二 …")
@click.option("--note-on-all", is_flag=True, help="every article carries the 编者按; default: only the first")
@click.option("--about", default="", metavar="TEXT", help="one sentence of what it is about; default: from the 编者按")
@click.option("--keywords", default="", metavar="A,B", help="default: its name")
@click.option(
    "--address", default="", metavar="WORD", help="its part of web addresses; default: the initials of its pinyin"
)
@starts_a_rollout
@reads_manuscripts
def open_(
    how: How,
    asking: Asking,
    name: str,
    note: Path,
    banner: Path | None,
    series: str,
    note_on_all: bool,
    about: str,
    keywords: str,
    address: str,
) -> int:
    with closing(open_engine(how.config)) as engine:
        place, moment = _address(address), moment_of(how.at, engine)
        try:
            editor, now = who(how.editor), engine.store.clock.wall()
            words = words_of(how.config)
            desk = Desk(asking, engine.newsroom, editor, now, how.as_json, untitled=UNTITLED, column=name, words=words)
            manuscript = desk.take(note)
            image, media = _banner(banner)
        except BadManuscript as error:
            return refuse(note, problems_of(error), engine, as_json=how.as_json)
        except PictureRefused as error:
            problem = Problem(field="--banner", message=error.message, remedy=error.remedy)
            return refuse(banner, {"": [problem]}, engine, as_json=how.as_json)
        opened = new_column(
            name,
            manuscript.article,
            address=place,
            about=about,
            keywords=[one.strip() for one in keywords.replace("，", ",").split(",") if one.strip()],
            series=series,
            note_on_all=note_on_all,
            banner=image,
        )
        try:
            accepted = engine.open_column(
                opened,
                Piece(manuscript.article, {**manuscript.media, **media}, manuscript.reading),
                editor=editor,
                go_live_at=moment,
            )
        except (Unfit, Changed) as error:
            return _refuse_column(error, note, engine, as_json=how.as_json)
        return accept(accepted, engine, None, how=how)


def _address(word: str) -> str:
    if word and not re.fullmatch("[a-z0-9][a-z0-9-]*", word):
        raise click.UsageError(
            _("--address: “{word}” cannot stand in an address; use a-z, 0-9 and hyphens").format(word=word)
        )
    return word


def _banner(path: Path | None) -> tuple[Image | None, Mapping[str, bytes]]:
    """The banner's picture and its bytes. Raises `PictureRefused`, OSError."""
    if path is None:
        return None, {}
    taken = take(path.read_bytes(), path.name)
    return taken.image, {taken.image.digest: taken.data}


def _refuse_column(error: Unfit | Changed, path: Path | None, engine: Engine, *, as_json: bool) -> int:
    if isinstance(error, Unfit):
        return refuse(None if "" in error.problems else path, error.problems, engine, as_json=as_json)
    problem = Problem(
        field="",
        message=Text.of("{article} does this already, with another content", article=error.article_id),
        remedy=Text.of(
            "to change its text: newsroom correct {article} FILE; for something else: newsroom withdraw {article}",
            article=error.article_id,
        ),
    )
    return refuse(path, {"": [problem]}, engine, as_json=as_json)


@column.command("close", help="Close a column everywhere: a closing line is published, and it takes no new articles.")
@click.argument("name", metavar="NAME")
@click.option("--line", default="", metavar="TEXT", help="the closing line; default: the house's own")
@starts_a_rollout
def close(
    how: How,
    name: str,
    line: str,
) -> int:
    with closing(open_engine(how.config)) as engine:
        try:
            accepted = engine.close_column(name, line, editor=who(how.editor), go_live_at=moment_of(how.at, engine))
        except (Unfit, Changed) as error:
            return _refuse_column(error, None, engine, as_json=how.as_json)
        return accept(accepted, engine, None, how=how)


@column.command("rename", help="Give a column another name everywhere; its old addresses lead to the new one.")
@click.argument("name", metavar="NAME")
@click.argument("new", metavar="NEW_NAME")
@click.option(
    "--address", default="", metavar="WORD", help="its part of web addresses; default: the initials of the new name"
)
@starts_a_rollout
def rename(
    how: How,
    name: str,
    new: str,
    address: str,
) -> int:
    with closing(open_engine(how.config)) as engine:
        try:
            accepted = engine.rename_column(
                name,
                new,
                _address(address) or address_of(new),
                editor=who(how.editor),
                go_live_at=moment_of(how.at, engine),
            )
        except (Unfit, Changed) as error:
            return _refuse_column(error, None, engine, as_json=how.as_json)
        return accept(accepted, engine, None, how=how)


@column.command("list", help="All columns: open, closed, and those that have still to open.")
@json_option
@config_option
def columns(as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        lines = engine.column_lines()
        if as_json:
            print_json([one.model_dump(mode="json") for one in lines])
        else:
            terminal.show_columns(out, lines, engine.newsroom)
        return DONE
