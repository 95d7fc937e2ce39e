"""A command whose module is imported when it is run, and not when it is listed."""

from __future__ import annotations

import gc
from gettext import gettext as _
from importlib import import_module
from typing import Any

import click


class Later(click.Command):
    """Stands for the command at `place` (`module:attribute`) and has its help; whoever runs it runs that one.

    The lazy loading of click's documentation, with the help known beforehand: a group lists what it does not load.
    """

    def __init__(self, name: str, place: str, *, help: str, hidden: bool = False) -> None:
        super().__init__(name, help=help, short_help=help, hidden=hidden)
        self.place = place

    def loaded(self) -> click.Command:
        """The command itself, in the process's language."""
        module, _colon, attribute = self.place.partition(":")
        gc.disable()
        try:
            found: click.Command = getattr(import_module(module), attribute)
        finally:
            gc.freeze()  # modules are no garbage: nobody has to look through them
            gc.enable()
        found.help = found.short_help = self.help
        translate(found)
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        return self.loaded().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return ctx.command.invoke(ctx)


def translate(command: click.Command) -> None:
    """click takes its texts when the module is read, before the language is known."""
    if command.help:
        command.help = command.short_help = _(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            translate(one)
