"""What every command shares: its options, its exit codes, and how it tells what became of it.

Exit codes: 0 done · 1 something is wrong with the installation · 2 bad usage or bad manuscript · 3 held ·
4 failed on some channel · 5 not finished in time.
"""

from __future__ import annotations

import dataclasses
import getpass
import json
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import wraps
from gettext import gettext as _
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from pipeline import newsroom as configuring
from pipeline.channel import Problem
from pipeline.commands import sheet, terminal
from pipeline.commands.telling import tell
from pipeline.engine import Engine, Unfit
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.record.report import AsRead, Report
from pipeline.record.submission import Accepted
from pipeline.rereading import kept
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.workers import folder, logs, tasks

if TYPE_CHECKING:
    from pipeline.manuscript import BadManuscript  # whoever reads none need not import what reads them

DONE, BROKEN, BAD, HELD, FAILED, LATE = range(6)
_FAILED = (DeliveryState.FAILED, DeliveryState.UNKNOWN)

out = terminal.console()
err = terminal.console(stderr=True)

config_option = click.option(
    "--config", metavar="FILE", help="the newsroom's file; default TONGFA_CONFIG, newsroom.toml, config/newsroom.toml"
)
as_option = click.option("--as", "editor", metavar="NAME", help="who submits it; default: your login name")
at_option = click.option(
    "--at",
    metavar='"YYYY-MM-DD HH:MM"',
    help="go out at this moment, in the newsroom's time; default: as soon as every channel is ready",
)
wait_option = click.option("--wait", is_flag=True, help="stay until it has come to an end on every channel")
patience_option = click.option(
    "--timeout",
    type=float,
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="how long --wait waits beyond the moment of release",
)
json_option = click.option("--json", "as_json", is_flag=True, help="print JSON for programs instead of text for people")


@dataclasses.dataclass(frozen=True)
class How:
    """The options that every command has which starts a rollout."""

    at: str | None
    wait: bool
    timeout: float
    as_json: bool
    editor: str | None
    config: str | None


def starts_a_rollout(command: Callable[..., int]) -> Callable[..., int]:
    """Give the command those options, as one `How` before its own arguments."""

    @wraps(command)
    def told(
        at: str | None,
        wait: bool,
        timeout: float,
        as_json: bool,
        editor: str | None,
        config: str | None,
        **own: Any,
    ) -> int:
        return command(How(at, wait, timeout, as_json, editor, config), **own)

    for option in (config_option, as_option, json_option, patience_option, wait_option, at_option):
        told = option(told)
    return told


def configured(config: str | None, *, strict: bool = False) -> Configuration:
    """The newsroom of this command, which leaves nothing open to others, see `pipeline.workers.folder`.

    Where the file is wrong, as its workers still go by it, and that is told; `strict`: not so. Raises
    `BadConfiguration`.
    """
    path = configuring.locate(config)
    try:
        found = configuring.load(path)
    except BadConfiguration as error:
        standing = None if strict else kept(path, configuring.data_of(path))
        if standing is None:
            raise
        terminal.show_problems(err, error.problems, str(path))
        err.print(_("The newsroom goes by this file as it was before; the new one is refused as a whole."))
        found = standing
    folder.guard(found)
    return found


def open_engine(config: str | None) -> Engine:
    logs.configure(logging.ERROR)
    return tasks.open_engine(configured(config))


def moment_of(at: str | None, engine: Engine) -> datetime | None:
    """`--at` as an aware time. Raises UsageError for what is no time, or past."""
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise click.UsageError(_("--at: “{at}” is not a time; write it like 2026-12-01 08:00").format(at=at)) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=engine.newsroom.zone)
    if moment < engine.store.clock.wall() - timedelta(minutes=1):
        raise click.UsageError(_("--at: {at} is past; leave --at out to publish now").format(at=at))
    return moment


def problems_of(error: BadManuscript | Unfit) -> Mapping[str, Sequence[Problem]]:
    """By channel; under "" those of the manuscript itself."""
    return error.problems if isinstance(error, Unfit) else {"": error.problems}


def problems_told(problems: Mapping[str, Sequence[Problem]]) -> list[dict[str, Any]]:
    """Problems by channel, for programs."""
    return [
        {
            "channel": channel or None,
            "field": one.field,
            "line": getattr(one, "line", None),
            "message": tell(one.message),
            "remedy": tell(one.remedy),
        }
        for channel, many in problems.items()
        for one in many
    ]


def refuse(
    path: Path | None,
    problems: Mapping[str, Sequence[Problem]],
    engine: Engine,
    *,
    as_json: bool,
    read: Mapping[str, Any] = MappingProxyType({}),
) -> int:
    """Say what is wrong with a manuscript. `read`: how it was read, for programs."""
    if as_json:
        print_json({"file": str(path) if path else None, "problems": problems_told(problems), **read})
    else:
        terminal.show_refused(err, problems, str(path) if path else "", engine.newsroom)
    return BAD


def accept(accepted: Accepted, engine: Engine, path: Path | None, *, how: How) -> int:
    """Say what was accepted, follow it if asked to, and give the exit code."""
    if not how.as_json:
        said = (
            _("accepted as {article}, revision {revision}, rollout {rollout}")
            if accepted.created and len(accepted.article_ids) == 1
            else _("accepted together as {article}, rollout {rollout}")
            if accepted.created
            else _("nothing new: this is {article}, revision {revision}, rollout {rollout}")
        )
        place = f"{path}: " if path else ""
        out.print(
            place
            + said.format(
                article=", ".join(accepted.article_ids), revision=accepted.revision, rollout=accepted.rollout_id
            )
        )
        if getattr(engine.send, "away", False):
            err.print(_("The broker is away. The submission is safe and goes out when the newsroom is up again."))
    report = engine.store.report(accepted.rollout_id)
    if how.wait:
        report = follow(engine, report, how.timeout, quiet=how.as_json)
    elif not how.as_json:
        if report.go_live_at > engine.store.clock.wall():
            local = report.go_live_at.astimezone(engine.newsroom.zone)
            out.print(_("it goes out at {moment}").format(moment=f"{local:%Y-%m-%d %H:%M:%S}"))
        out.print(_("follow it with: newsroom status {rollout}").format(rollout=report.rollout))
    if how.as_json:
        made = {"file": str(path) if path else None, "created": accepted.created}
        print_json({**made, **report_told(report, engine.store.readings(report.rollout))})
    return code_of(report) if how.wait else DONE


def follow(engine: Engine, report: Report, timeout: float, *, quiet: bool) -> Report:
    """Show the rollout until it has come to an end, or `timeout` seconds after its moment; the last report."""
    clock = engine.store.clock
    patience = max(clock.steady(report.go_live_at), clock.now()) + timedelta(seconds=timeout)
    pause = threading.Event()
    try:
        report = terminal.follow(
            terminal.console(quiet=quiet),
            lambda: engine.store.report(report.rollout),
            engine.newsroom,
            deadline=lambda one: clock.now() >= patience or terminal.waits(one, clock.wall()),
            pause=lambda: pause.wait(terminal.REFRESH),
        )
    except KeyboardInterrupt:
        err.print(_("It goes on without you: newsroom status {rollout}").format(rollout=report.rollout))
        raise
    if not terminal.ended(report):
        err.print(_("Not finished yet. It goes on by itself: newsroom status {rollout}").format(rollout=report.rollout))
    return report


def report_told(report: Report, readings: Sequence[AsRead]) -> dict[str, Any]:
    """A report with how its manuscripts were read, for programs."""
    read = [
        {
            "article": one.article,
            "revision": one.revision,
            "record": one.record.model_dump(mode="json"),
            "reading": sheet.told(one.reading),
        }
        for one in readings
    ]
    return {**report.model_dump(mode="json"), "readings": read}


def code_of(report: Report) -> int:
    if report.state is RolloutState.HELD:
        return HELD
    if any(one.state in _FAILED for one in report.deliveries):
        return FAILED
    return DONE if terminal.ended(report) else LATE


def who(editor: str | None) -> str:
    try:
        return editor or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def rollout_of(engine: Engine, known: str) -> str:
    """The rollout that an article's id (its last one) or a rollout's id means."""
    return engine.store.latest_rollout(known) if known.startswith("a") else known


def article_of(engine: Engine, known: str) -> str:
    """The article that its own id, or the id of one of its rollouts, means."""
    return engine.store.report(known).article if known.startswith("r") else known
