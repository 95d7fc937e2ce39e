"""For editors: what became of what they submitted, and what the record says of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from gettext import gettext as _
from pathlib import Path

import click

from pipeline.channel import Action
from pipeline.commands import terminal
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
    report_told,
    rollout_of,
)
from pipeline.commands.report import page as report_page
from pipeline.commands.sheet import sheet
from pipeline.engine import Engine
from pipeline.record import roster
from pipeline.record.report import AsRead, Report
from pipeline.rollout import DeliveryState, RolloutState


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
    terminal.show_report(out, found, engine.newsroom)
    if not terminal.ended(found):
        terminal.show_missing(out, roster.workers(engine.store), engine.newsroom)


@click.command("status")
@click.argument("id_", metavar="[ID]", required=False)
@config_option
def status(id_: str | None, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        if id_:
            _show(engine.store.report(rollout_of(engine, id_)), engine)
            return DONE
        shown = engine.store.reports(
            [state for state in RolloutState if state not in (RolloutState.COMPLETE, RolloutState.CANCELLED)]
        )
        for one in [*shown, *(one for one in engine.store.stuck() if one not in shown)]:
            terminal.show_report(out, one, engine.newsroom)
            out.print()
        running = sum(1 for one in shown if one.state is not RolloutState.HELD)
        known = roster.workers(engine.store)
        terminal.show_workers(out, known)
        if running:
            terminal.show_missing(out, known, engine.newsroom)
        health = engine.store.health(engine.clock.now())
        out.print(
            _(
                "{complete} complete, {running} under way, {held} held; failed deliveries: {failed}, unknown: {unknown}"
            ).format(
                complete=health.rollouts.get(RolloutState.COMPLETE, 0),
                running=running,
                held=health.rollouts.get(RolloutState.HELD, 0),
                failed=health.deliveries.get(DeliveryState.FAILED, 0),
                unknown=health.deliveries.get(DeliveryState.UNKNOWN, 0),
            )
        )
        return DONE


@click.command("list")
@click.option("--limit", type=int, default=20, show_default=True, help="how many")
@config_option
def list_(limit: int, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        newsroom = engine.newsroom.with_columns(engine.columns())
        terminal.show_articles(out, engine.store.articles(limit), newsroom)
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
