"""For editors: what became of what they submitted, and what the record says of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from pipeline.channel import Action
from pipeline.commands import standing, terminal
from pipeline.commands.answers import (
    BROKEN,
    DONE,
    code_of,
    config_option,
    err,
    json_option,
    open_engine,
    out,
    print_json,
    problems_told,
    report_told,
    rollout_of,
)
from pipeline.commands.sheet import sheet
from pipeline.commands.standing import Finding
from pipeline.commands.telling import tell
from pipeline.engine import Engine
from pipeline.record import roster
from pipeline.record.report import AsRead, Overview, Report
from pipeline.record.reports import UNDER_WAY
from pipeline.record.roster import Worker
from pipeline.rollout import DeliveryState, RolloutState

NEWEST = 20
"""Rollouts under way that `status` shows."""


@click.command("report")
@click.argument("id_", metavar="ID")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="write it as one page (发布回执), to be printed or handed on",
)
@json_option
@config_option
def report(id_: str, page: Path | None, as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        found = engine.store.report(rollout_of(engine, id_))
        # A withdrawal takes down what an earlier rollout published: its reading stands in that one's report.
        readings = () if found.action is Action.WITHDRAW else engine.store.readings(found.rollout)
        if page:
            from pipeline.commands.report import page as report_page  # noqa: PLC0415 - templates, for this one option

            chain = engine.store.chain()
            page.parent.mkdir(parents=True, exist_ok=True)
            newsroom = engine.newsroom.with_columns(engine.columns())
            page.write_text(report_page(found, newsroom, chain, engine.clock.now(), readings), encoding="utf-8")
            if as_json:
                print_json(report_told(found, readings))
            else:
                out.print(_("the report of {rollout} is in {path}").format(rollout=found.rollout, path=page))
            if chain.broken is not None:
                terminal.show_chain(err, chain, engine.store.event(chain.broken), engine.newsroom)
            return code_of(found) or (DONE if chain.broken is None else BROKEN)
        if as_json:
            print_json(report_told(found, readings))
        else:
            _show(found, engine)
            _show_readings(readings, engine)
        return code_of(found)


def _show_readings(readings: Sequence[AsRead], engine: Engine) -> None:
    newsroom = engine.newsroom.with_columns(engine.columns())
    for one in readings:
        if one.reading is not None:
            out.print()
            title = _("{article}, revision {revision}, as {file} was read").format(
                article=one.article, revision=one.revision, file=one.reading.file
            )
            terminal.show_reading(out, title, sheet(one.record, one.reading, newsroom))


def _show(found: Report, engine: Engine) -> None:
    """The report, and who is missing where it waits for workers."""
    terminal.show_report(out, found, engine.newsroom, engine.clock.now())
    if not terminal.ended(found):
        terminal.show_missing(out, roster.workers(engine.store), engine.newsroom)


@click.command("status")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--all", "whole", is_flag=True, help="everything that is under way, not only the newest")
@json_option
@config_option
def status(id_: str | None, whole: bool, as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        if id_:
            found = engine.store.report(rollout_of(engine, id_))
            if as_json:
                print_json(found.model_dump(mode="json"))
            else:
                _show(found, engine)
            return DONE
        view = engine.store.overview(engine.clock.now(), None if whole else NEWEST)
        known = roster.workers(engine.store)
        remarks = [*standing.of_processes(known, engine.configuration)]
        remarks += standing.of_channels(engine.store, engine.newsroom)
        if as_json:
            print_json(overview_told(view, known, remarks))
            return DONE
        terminal.show_overview(out, view, engine.newsroom, engine.clock.now())
        terminal.show_workers(out, known)
        for one in remarks:
            out.print(f"✗ {tell(one.what)}")
            terminal.show_problems(out, [one.problem] if one.problem else [], indent="  ")
        if any(view.health.rollouts.get(state) for state in UNDER_WAY):
            terminal.show_missing(out, known, engine.newsroom)
        terminal.show_counts(out, view.health)
        return DONE


def overview_told(view: Overview, workers: Sequence[Worker], remarks: Sequence[Finding] = ()) -> dict[str, Any]:
    """Where things stand, for programs: every report as `newsroom report --json` has it, without the readings.

    `waiting`: what waits for a person, oldest first; `under_way`: the others, newest first; `more`: how many more are
    under way; `rollouts`, `deliveries`: how many of each state; `imported`: articles from archives; `feedback`:
    messages of readers that are open; `oldest_overdue`: since when the oldest delivery that is due waits, null if none
    does; `workers`: who works on which queue, with `there`: whether it has been seen lately, and `gone_by`: which
    configuration it goes by; `remarks`: what is amiss with the configuration, as `problems_told` has it.
    """
    amiss = [(tell(one.what), one.problem) for one in remarks if one.problem]
    return {
        "waiting": [one.model_dump(mode="json") for one in view.waiting],
        "under_way": [one.model_dump(mode="json") for one in view.under_way],
        "more": view.more,
        "rollouts": {state: view.health.rollouts.get(state, 0) for state in RolloutState},
        "deliveries": {state: view.health.deliveries.get(state, 0) for state in DeliveryState},
        "imported": view.health.imported,
        "feedback": view.health.feedback,
        "oldest_overdue": view.health.oldest_overdue and view.health.oldest_overdue.isoformat(),
        "remarks": [one for what, problem in amiss for one in problems_told({what: [problem]})],
        "workers": [{**one.model_dump(mode="json", exclude={"silent"}), "there": one.is_there} for one in workers],
    }


@click.command("list")
@click.option("--limit", type=int, default=20, show_default=True, help="how many")
@click.option("--imported", is_flag=True, help="those that were imported from an archive, instead of the others")
@config_option
def list_(limit: int, imported: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        newsroom = engine.newsroom.with_columns(engine.columns())
        terminal.show_articles(out, engine.store.articles(limit, imported=imported), newsroom)
        return DONE


@click.group("audit")
def audit() -> None:
    pass


@audit.command(help="Check every event of the record: none may be changed, missing or added.")
@json_option
@config_option
def verify(as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        chain = engine.store.chain()
        broken = None if chain.broken is None else engine.store.event(chain.broken)
        if as_json:
            print_json(
                {
                    "holds": chain.broken is None,
                    "events": chain.events,
                    "unsealed": chain.unsealed,
                    "since": chain.since and chain.since.isoformat(),
                    "last": chain.last,
                    "flaw": chain.flaw,
                    "broken": chain.broken,
                    "event": broken and broken.model_dump(mode="json"),
                }
            )
        else:
            terminal.show_chain(out if chain.broken is None else err, chain, broken, engine.newsroom)
        return DONE if chain.broken is None else BROKEN


@audit.command(help="What happened in a rollout (r1), to an article (a1), or beside those on a channel (tv), in order.")
@click.argument("id_", metavar="ID")
@json_option
@config_option
def show(id_: str, as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        events = engine.store.events(id_)
        if as_json:
            print_json([one.model_dump(mode="json") for one in events])
        else:
            terminal.show_events(out, events, engine.newsroom)
        return DONE
