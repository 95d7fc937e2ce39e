"""`newsroom programme`: the running order of a day, for the editor on duty.

What the commands do is in `duty`, which is imported when one of them is run: `newsroom --help` only lists them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from channels.tv.duty import Open

_day = click.argument("day", metavar="DATE")
_as = click.option("--as", "editor", metavar="NAME", help="who decides it; default: your login name")


@click.group("programme", help="Show and arrange the running order of a TV news programme.")
def programme() -> None: ...


@programme.command(help="Show the running order of a day, with its times; without DATE that of the next programme.")
@click.argument("day", metavar="[DATE]", required=False)
@click.pass_obj
def show(open_: Open, day: str | None) -> None:
    from channels.tv import duty  # noqa: PLC0415 - see above

    duty.show(open_, day)


@programme.command(help="Put a story at another position (1 is the first).")
@_day
@click.argument("story", metavar="STORY")
@click.argument("position", type=click.IntRange(min=1), metavar="POSITION")
@_as
@click.pass_obj
def move(open_: Open, day: str, story: str, position: int, editor: str | None) -> None:
    from channels.tv import duty  # noqa: PLC0415 - see above

    duty.move(open_, day, story, position, editor)


@programme.command(
    help="Lock a programme: from now on it refuses every change, and the prompter knows that it is ready."
)
@_day
@_as
@click.pass_obj
def lock(open_: Open, day: str, editor: str | None) -> None:
    from channels.tv import duty  # noqa: PLC0415 - see above

    duty.lock(open_, day, editor)


@programme.command(help="Unlock a programme: it takes changes again.")
@_day
@_as
@click.pass_obj
def unlock(open_: Open, day: str, editor: str | None) -> None:
    from channels.tv import duty  # noqa: PLC0415 - see above

    duty.unlock(open_, day, editor)


@programme.command(
    help="Print an address that opens the papers of a day (all: of all days) to whoever has it, for some hours."
)
@_day
@click.option("--hours", type=click.IntRange(1, 24 * 31), default=12, show_default=True, metavar="HOURS")
@click.pass_obj
def link(open_: Open, day: str, hours: int) -> None:
    from channels.tv import duty  # noqa: PLC0415 - see above

    duty.link(open_, day, hours)
