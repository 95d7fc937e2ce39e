"""`newsroom feedback`: what readers have told through the site's form (网站找错), and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from gettext import gettext as _

import click

from pipeline.article import Newsroom
from pipeline.commands.answers import DONE, config_option, json_option, open_engine, out, print_json, who
from pipeline.record.feedback import Message


@click.group("feedback", invoke_without_command=True)
@click.option("--all", "whole", is_flag=True, help="also what has been closed")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="how many")
@json_option
@config_option
@click.pass_context
def feedback(context: click.Context, whole: bool, limit: int, as_json: bool, config: str | None) -> int:
    if context.invoked_subcommand is not None:
        return DONE
    with closing(open_engine(config)) as engine:
        messages = engine.store.told(closed=whole, limit=limit)
        if as_json:
            print_json([one.model_dump(mode="json") for one in messages])
        else:
            _show(messages, engine.newsroom)
        return DONE


@feedback.command("close", help="Say what became of a message: it is not listed any more.")
@click.argument("reference", metavar="ID")
@click.option("--note", required=True, metavar="TEXT", help="what was done about it")
@click.option("--as", "editor", metavar="NAME", help="who closes it; default: your login name")
@config_option
def close(reference: str, note: str, editor: str | None, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        engine.store.close_feedback(reference, editor=who(editor), note=note, now=engine.clock.now())
        out.print(
            _("{reference} is closed; still open: {count}").format(reference=reference, count=engine.store.still_open())
        )
        return DONE


def _show(messages: Sequence[Message], newsroom: Newsroom) -> None:
    """Each with its address in full, so that it can be opened; what readers wrote is shown as it is, line by line."""
    if not messages:
        out.print(_("no message of a reader is open"))
    for one in messages:
        moment = f"{one.at.astimezone(newsroom.zone):%Y-%m-%d %H:%M}"
        out.print(
            f"{one.reference}  {moment}  {newsroom.site.url + one.page if one.page else ''}".rstrip(), style="bold"
        )
        for line in one.text.splitlines():
            out.print(f"    {line}")
        if one.contact:
            out.print("    " + _("contact: {contact}").format(contact=one.contact))
        if one.closed_at:
            closed = f"{one.closed_at.astimezone(newsroom.zone):%Y-%m-%d %H:%M}"
            said = _("closed {moment} by {editor}: {note}")
            out.print("    " + said.format(moment=closed, editor=one.closed_by, note=one.note))
