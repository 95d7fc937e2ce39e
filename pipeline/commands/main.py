"""The commands: `queue-submit` for editors, `newsroom` for everything else. What they do is in `pipeline.commands`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from gettext import gettext as _
from importlib.metadata import entry_points
from typing import NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from pipeline import newsroom as configuring
from pipeline.channel import Channel
from pipeline.commands import column, editors, language, operators, terminal
from pipeline.commands.answers import (
    BAD,
    BROKEN,
    DONE,
    err,
    open_engine,
)
from pipeline.newsroom import BadConfiguration
from pipeline.record import waits
from pipeline.record.refusals import Impossible

COMMANDS = "tongfa.commands"
"""The entry-point group of commands that kinds and stand-ins add."""


def main_queue_submit() -> None:
    _run(editors.queue_submit)


def main_newsroom() -> None:
    _run(newsroom)


def _run(command: click.Command) -> NoReturn:
    """Settle the language, run the command, and turn whatever a person can mend into words and an exit code."""
    try:
        locale = configuring.load(configuring.locate(_named(sys.argv))).newsroom.locale
    except BadConfiguration:
        locale = "zh_CN"
    language.choose(locale)
    _translate(command)
    try:
        code = command.main(prog_name=command.name, standalone_mode=False) or DONE
    except BadConfiguration as error:
        terminal.show_problems(err, error.problems, str(error.path) if error.path.exists() else "")
        code = BAD
    except SQLAlchemyError as error:
        terminal.show_problems(err, [waits.trouble(error)])
        code = BROKEN
    except OSError as error:
        what = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
        err.print(_("{what}. What is wrong with the installation: newsroom doctor").format(what=what))
        code = BROKEN
    except Impossible as error:
        terminal.show_problems(err, [error.problem])
        code = BAD
    except click.ClickException as error:
        error.show()
        code = BAD
    except (click.Abort, KeyboardInterrupt):
        code = 130
    sys.exit(code)


def _named(arguments: Sequence[str]) -> str | None:
    """What `--config` names: looked for by hand, because the language has to be known before click reads the rest."""
    for option, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = option.partition("=")
        if name == "--config":
            return value if equals else following
    return None


def _translate(command: click.Command) -> None:
    """click takes its texts when the module is read, before the language is known."""
    if command.help:
        command.help = command.short_help = _(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _translate(one)


class _Newsroom(click.Group):
    """Its own commands, and those that kinds and stand-ins bring along, loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=COMMANDS))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if own := super().get_command(ctx, cmd_name):
            return own
        for point in entry_points(group=COMMANDS, name=cmd_name):
            found: click.Command = point.load()
            _translate(found)
            return found
        return None


def _opened(kind: str, config: str | None = None) -> Channel:
    """The newsroom's channel of this kind, for the kind's own commands."""
    engine = open_engine(config)
    for outlet in engine.newsroom.outlets:
        if outlet.kind == kind:
            return engine.channel(outlet.id)
    raise click.UsageError(_("this newsroom has no channel of the kind {kind}").format(kind=kind))


@click.group("newsroom", cls=_Newsroom, help="Run and watch the newsroom (融媒体中心).")
@click.pass_context
def newsroom(context: click.Context) -> None:
    context.obj = _opened


for one in (*editors.COMMANDS, column.column, *operators.COMMANDS):
    newsroom.add_command(one)
