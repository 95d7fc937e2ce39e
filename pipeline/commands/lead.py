"""`newsroom lead`: which article leads the home page (头条), and until when."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from gettext import gettext as _

import click

from pipeline.commands.answers import (
    DONE,
    article_of,
    as_option,
    config_option,
    json_option,
    open_engine,
    out,
    print_json,
    who,
)
from pipeline.engine import Engine

USUAL = timedelta(days=1)
"""How long an article leads if nothing is said."""


@click.command("lead")
@click.argument("article", metavar="ID")
@click.option("--until", metavar="TIME", help="the moment, in the newsroom's time; default: a day from now")
@click.option("--off", is_flag=True, help="it leads no longer")
@json_option
@as_option
@config_option
def lead(article: str, until: str | None, off: bool, as_json: bool, editor: str | None, config: str | None) -> int:
    if off and until:
        raise click.UsageError(_("--off and --until: give one of the two"))
    with closing(open_engine(config)) as engine:
        known = article_of(engine, article)
        moment = None if off else _moment(until, engine)
        channels = engine.lead(known, moment, editor=who(editor))
        if as_json:
            until = moment.isoformat() if moment else None
            print_json({"article": known, "until": until, "channels": [one.id for one in channels]})
            return DONE
        shown = f"{moment.astimezone(engine.newsroom.zone):%Y-%m-%d %H:%M}" if moment else ""
        told = _("{channel}: {article} leads until {moment}") if moment else _("{channel}: {article} leads no longer")
        for outlet in channels:
            out.print(told.format(channel=outlet.name, article=known, moment=shown))
        return DONE


def _moment(until: str | None, engine: Engine) -> datetime:
    """`--until` as an aware time. Raises UsageError for what is no time, or past."""
    now = engine.store.clock.wall()
    if until is None:
        return now + USUAL
    try:
        moment = datetime.fromisoformat(until)
    except ValueError:
        raise click.UsageError(
            _("--until: “{until}” is not a time; write it like 2026-12-01 08:00").format(until=until)
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=engine.newsroom.zone)
    if moment <= now:
        raise click.UsageError(_("--until: {until} is past").format(until=until))
    return moment
