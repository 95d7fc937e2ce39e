"""For editors: what became of what they submitted, and what the record says of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
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
from pipeline.commands.findings import told_as_json
from pipeline.commands.sheet import sheet
from pipeline.commands.standing import Finding
from pipeline.commands.telling import tell
from pipeline.engine import Engine
from pipeline.record import heads, roster
from pipeline.record.auditing import Confirmed
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
        if page:
            engine.store.seal_if_may()
        seen = engine.store.confirmed(rollout_of(engine, id_))
        found, readings = seen.report, _readings(engine, seen)
        if page:
            _write(page, engine, seen, readings)
        if as_json:
            print_json({**report_told(found, readings), **confirmed_told(seen)})
        elif page:
            out.print(_("the report of {rollout} is in {path}").format(rollout=found.rollout, path=page))
        elif not seen.hidden:
            _show(found, engine)
            if seen.account:
                out.print(_("submitted under the account {account}").format(account=seen.account))
            _show_readings(readings, engine)
        if not seen.holds or seen.chain.missing:
            broken = None if seen.chain.broken is None else engine.store.event(seen.chain.broken)
            terminal.show_unconfirmed(err, seen, broken, engine.newsroom)
        return code_of(found) or (DONE if seen.holds else BROKEN)


def _readings(engine: Engine, seen: Confirmed) -> Sequence[AsRead]:
    """How the manuscripts were read, of what is confirmed. A withdrawal takes down what an earlier rollout published:
    its reading stands in that one's report."""
    if seen.report.action is Action.WITHDRAW or seen.hidden:
        return ()
    return [one for one in engine.store.readings(seen.report.rollout) if one.article not in seen.doubted]


def _write(page: Path, engine: Engine, seen: Confirmed, readings: Sequence[AsRead]) -> None:
    from pipeline.commands.report import page as report_page  # noqa: PLC0415 - templates, for this one option

    page.parent.mkdir(parents=True, exist_ok=True)
    newsroom = engine.newsroom.with_columns(engine.columns())
    page.write_text(report_page(seen, newsroom, engine.store.clock.wall(), readings), encoding="utf-8")


def confirmed_told(seen: Confirmed) -> dict[str, Any]:
    """What the audit says of a report, for programs: `account`, under which it was submitted; `confirmed`, whether all
    of it is what events say; `unconfirmed`, what in the record is not, see `findings.told_as_json`; `hidden`, whether
    nothing of it is; `broken`, the number of the first event of its articles that is not what was written."""
    return {
        "account": seen.account,
        "confirmed": seen.holds,
        "hidden": seen.hidden,
        "broken": seen.chain.broken,
        "unconfirmed": [told_as_json(one) for one in seen.findings],
    }


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
            outside = [one._asdict() for one in heads.Heads(engine.store).standing()]
            print_json({**overview_told(view, known, remarks), "heads": outside})
            return DONE
        terminal.show_overview(out, view, engine.newsroom, engine.clock.now())
        terminal.show_workers(out, known)
        for one in remarks:
            out.print(f"✗ {tell(one.what)}")
            terminal.show_problems(out, [one.problem] if one.problem else [], indent="  ")
        if any(view.health.rollouts.get(state) for state in UNDER_WAY):
            terminal.show_missing(out, known, engine.newsroom)
        terminal.show_counts(out, view.health)
        terminal.show_heads(out, heads.Heads(engine.store).standing())
        return DONE


def overview_told(view: Overview, workers: Sequence[Worker], remarks: Sequence[Finding] = ()) -> dict[str, Any]:
    """Where things stand, for programs: every report as `newsroom report --json` has it, without the readings.

    `waiting`: what waits for a person, oldest first; `under_way`: the others, newest first; `more`: how many more are
    under way; `rollouts`, `deliveries`: how many of each state; `imported`: articles from archives; `feedback`:
    messages of readers that are open; `oldest_overdue`: since when the oldest delivery that is due waits, null if none
    does; `workers`: who works on which queue, with `there`: whether it has been seen lately, `ahead`: by how many
    seconds its machine's clock is, and `gone_by`: which configuration it goes by; `remarks`: what is amiss with the
    configuration, as `problems_told` has it. The command adds `heads`: how far each place outside has the heads of the
    event chain.
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
        "workers": [
            {
                **one.model_dump(mode="json", exclude={"silent", "ahead"}),
                "there": one.is_there,
                "ahead": one.ahead / timedelta(seconds=1),
            }
            for one in workers
        ],
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
