"""What the commands of `newsroom programme` do.

Times are the newsroom's. What the channel refuses is told as everywhere: what happened and what to do.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from gettext import gettext as _
from unicodedata import east_asian_width

import click

from channels.tv.admission import ALL, LEAST, variable
from channels.tv.channel import Television
from channels.tv.house import house
from channels.tv.programme import Programme
from pipeline.channel import Channel, ChannelError, Text, utc_now

Open = Callable[[str], Channel]
"""What the command line gives: the configured channel of a kind."""


def show(open_: Open, day: str | None) -> None:
    with _told() as channel_of:
        channel = channel_of(open_)
        chosen = _date(day) if day else channel.calendar(channel.newsroom).joins(utc_now())
        _print(channel, channel.load(chosen))


def move(open_: Open, day: str, story: str, position: int, editor: str | None) -> None:
    with _told() as channel_of:
        channel = channel_of(open_)
        try:
            changed = channel.move(_date(day), story.lower(), position, _who(editor), utc_now())
        except KeyError:
            raise click.ClickException(
                _("there is no story {story} in the programme of {day}").format(story=story, day=day)
            ) from None
        _print(channel, changed)


def lock(open_: Open, day: str, editor: str | None) -> None:
    with _told() as channel_of:
        channel = channel_of(open_)
        _print(channel, channel.lock(_date(day), _who(editor), utc_now()))


def unlock(open_: Open, day: str, editor: str | None) -> None:
    with _told() as channel_of:
        channel = channel_of(open_)
        _print(channel, channel.unlock(_date(day), _who(editor), utc_now()))


def link(open_: Open, day: str, hours: int) -> None:
    """Print an address that opens a day's papers, or those of all days, without being in the newsroom's network."""
    with _told() as channel_of:
        channel = channel_of(open_)
        what = day if day == ALL else f"{_date(day)}"
        if not channel.admission.secret:
            raise click.ClickException(
                _("no links can be signed: set {variable} to {count} random characters or more").format(
                    variable=variable(channel.outlet.id), count=LEAST
                )
            )
        signed = channel.admission.link(what, utc_now() + timedelta(hours=hours))
        page = "index.html" if what == ALL else f"{what}/index.html"
        click.echo(f"{channel.newsroom.site.url.rstrip('/')}/inside/{channel.outlet.id}/{signed}{page}")


@contextmanager
def _told() -> Iterator[Callable[[Open], Television]]:
    """The channel, and its errors as messages for a person."""

    def television(open_: Open) -> Television:
        channel = open_("tv")
        if not isinstance(channel, Television):
            raise click.ClickException(_("there is no channel of the kind tv"))
        return channel

    try:
        yield television
    except ChannelError as trouble:
        problem = trouble.problem
        raise click.ClickException(f"{_text(problem.message)}\n  → {_text(problem.remedy)}") from trouble


def _text(text: Text) -> str:
    template = _(text.template)
    return template.format_map(text.values) if text.values else template


def _who(editor: str | None) -> str:
    try:
        return editor or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def _date(day: str) -> date:
    try:
        return date.fromisoformat(day)
    except ValueError:
        raise click.UsageError(_("“{day}” is no date; write it like 2026-12-01").format(day=day)) from None


def _print(channel: Television, shown: Programme) -> None:
    """The rundown as a table for a terminal."""
    terms, calendar, words = channel.terms, channel.calendar(channel.newsroom), house()
    click.echo(f"{terms.programme}  {shown.day}  {calendar.on_air(shown.day):%H:%M}")
    if shown.dropped:
        click.echo(_("it was aired long ago: only its pages are kept"))
    if shown.lock:
        at = shown.lock.at.astimezone(calendar.zone)
        click.echo(_("locked by {by} since {at}").format(by=shown.lock.by, at=f"{at:%Y-%m-%d %H:%M}"))
    statuses = channel.rundowns.statuses(shown.day)
    for row in shown.rows(calendar):
        mark = " " if row.acknowledged else "!"
        line = [
            f"{row.position:>3}",
            _padded(row.story.id, 14),
            _padded(words.length(row.story.seconds), 14),
            f"{row.start.astimezone(calendar.zone):%H:%M:%S}",
            f"{row.back.astimezone(calendar.zone):%H:%M:%S}",
            f"{mark} {row.story.slug}{words.played(*statuses.get(row.story.id, ('', '')))}",
        ]
        click.echo("  ".join(line))
    over = shown.over(terms)
    said = (
        _("planned {planned}, used {used}, over by {over}")
        if over > 0
        else _("planned {planned}, used {used}, left {over}")
    )
    click.echo(
        said.format(planned=words.length(terms.room), used=words.length(shown.used()), over=words.length(abs(over)))
    )
    if not all(row.acknowledged for row in shown.rows(calendar)):
        click.echo(_("! the prompter has not acknowledged this story's last text"))
    if shown.stories or shown.withdrawn or shown.dropped:
        rundown, prompter = (channel.files.where(f"{shown.day}/{name}") for name in ("index.html", "prompter.html"))
        click.echo(_("running order: {rundown}  prompter: {prompter}").format(rundown=rundown, prompter=prompter))


def _padded(text: str, width: int) -> str:
    """Chinese characters are twice as wide."""
    return text + " " * (width - sum(2 if east_asian_width(one) in "WF" else 1 for one in text))
