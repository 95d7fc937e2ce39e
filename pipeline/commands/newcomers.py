"""For who is new here: make a newsroom, and show it all once."""

from __future__ import annotations

import logging
import shutil
import time
from gettext import gettext as _
from pathlib import Path

import click

from pipeline import newsroom as configuring
from pipeline.commands import demo
from pipeline.commands.answers import BAD, BROKEN, DONE, code_of, config_option, err, out
from pipeline.workers import logs


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def init(folder: Path) -> int:
    target = folder / "newsroom.toml"
    if target.exists():
        err.print(_("{path} exists already; nothing was changed").format(path=target))
        return BAD
    folder.mkdir(parents=True, exist_ok=True)
    text = configuring.demo_file().read_text(encoding="utf-8")
    own = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("demo = true"))
    target.write_text(own.replace('data = "../var"', 'data = "var"'), encoding="utf-8")
    shutil.copytree(configuring.examples(), folder / "examples", dirs_exist_ok=True)
    out.print(
        _("made {path}. Change its values, then: newsroom doctor --config {path}; newsroom up --config {path}").format(
            path=target
        )
    )
    return DONE


@click.command("demo")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    metavar="DIR",
    help="where to leave the pages: a new or empty folder; what the demo itself left there before goes first",
)
@config_option
def demo_(data: Path, config: str | None) -> int:
    logs.configure(logging.ERROR)
    started = time.monotonic()
    try:
        shown = demo.run(configuring.locate(config) if config else configuring.demo_file(), data.absolute(), out)
    except demo.NotOurs as error:
        err.print(
            _(
                "{folder} is not empty, and the demo did not make it: nothing was changed. "
                "Name a new or empty folder with --data, or delete it yourself if nobody needs it."
            ).format(folder=error.folder)
        )
        return BAD
    if shown is None:
        return BROKEN
    out.print(_("That took {seconds} seconds.").format(seconds=round(time.monotonic() - started)))
    return code_of(shown)
