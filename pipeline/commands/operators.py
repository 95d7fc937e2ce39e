"""For operators: run the newsroom, or a part of it, and look after it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import ExitStack, closing
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline import newsroom as configuring
from pipeline.commands import doctor, terminal
from pipeline.commands.answers import (
    BAD,
    BROKEN,
    DONE,
    config_option,
    configured,
    err,
    out,
)
from pipeline.commands.telling import tell
from pipeline.engine.reconciling import refuse_if_behind
from pipeline.newsroom import LISTEN, Configuration
from pipeline.rereading import keep
from pipeline.whereabouts import candidates
from pipeline.workers import broker, logs, processes, sending, tasks
from pipeline.workers.processes import Processes, end_with_parent, is_attached

if TYPE_CHECKING:
    from starlette.types import ASGIApp


@click.command("up")
@config_option
def up(config: str | None) -> int:
    configuration = configured(config, strict=True)
    logs.configure()
    end_with_parent()
    with processes.alone(configuration) as alone:
        if not alone:
            err.print(
                _(
                    "A newsroom is already up on {data}. Stop it first (Ctrl-C where it runs), or set another "
                    "TONGFA_DATA."
                ).format(data=configuration.data)
            )
            return BAD
        return _up(configuration)


def _up(configuration: Configuration) -> int:
    with closing(tasks.open_engine(configuration)) as engine:
        engine.channels.settle()  # what is wrong with a channel is told once, here, not by every worker
        refuse_if_behind(engine)
        keep(configuration)
        stop = _stopped()
        with Processes(configuring.environment(configuration)) as children:
            if not configuration.broker:
                children.start("broker", "broker")
                while not doctor.broker_answers(configuration) and not stop.wait(0.05):
                    pass  # where it stands is known to the others only once it is there
            for queue in (sending.STEPS, sending.RELEASES):
                children.start(queue, "worker", "--queue", queue)
            if configuration.listen:
                children.start("serve", "serve")
            threading.Thread(target=_announce, args=(configuration, stop), daemon=True, name="announce").start()
            children.watch(stop)
            out.print(_("stopping; steps under way end first …"))
    return DONE


def _announce(configuration: Configuration, stop: threading.Event) -> None:
    while not doctor.working(configuration):
        if stop.wait(0.1):
            return
    out.print(_("the newsroom is up: {url}").format(url=configuration.newsroom.site.url))
    sys.stdout.flush()


def _stopped() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


@click.command("worker")
@click.option(
    "--queue", type=click.Choice([sending.STEPS, sending.RELEASES]), help="only this queue, in this very process"
)
@config_option
def worker(queue: str | None, config: str | None) -> int:
    configuration = configured(config, strict=not is_attached())
    logs.configure()
    end_with_parent()
    if queue:
        tasks.work(configuration, queue)
        return DONE
    stop = _stopped()
    with closing(tasks.open_engine(configuration)) as engine:
        refuse_if_behind(engine)
    with Processes(configuring.environment(configuration)) as children:
        for one in (sending.STEPS, sending.RELEASES):
            children.start(one, "worker", "--queue", one)
        children.watch(stop)
    return DONE


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", help="default: as configured, else 127.0.0.1:8000")
@click.option(
    "--site",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="the folder to serve; default: the newsroom's. Needs no newsroom",
)
@click.option(
    "--access-log",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="keep a log of who asked for what; readers' addresses are personal data. Default: as configured, else none",
)
@config_option
def serve(listen: str | None, site: Path | None, access_log: Path | None, config: str | None) -> int:
    from pipeline.commands.serving import Serving  # noqa: PLC0415 - of all processes only this one is a server
    from pipeline.web.accesslog import AccessLog  # noqa: PLC0415
    from pipeline.web.site import serve as serve_site  # noqa: PLC0415
    from pipeline.web.site import site as site_of  # noqa: PLC0415

    configuration = configured(config) if site is None or _there_is_one(config) else None
    logs.configure()
    end_with_parent()
    known = listen or (configuration.listen if configuration else LISTEN)
    host, colon, port = known.rpartition(":")
    if not colon or not port.isdecimal():
        raise click.UsageError(_("--listen: write a host and a port, like 0.0.0.0:8000"))
    try:
        log_file = access_log or (configuration.access_log if configuration else None)
        log = AccessLog(log_file) if log_file else None
    except OSError as error:
        said = _("cannot write the access log {path}: {reason}. Give the right to write there, or choose another file.")
        err.print(said.format(path=error.filename, reason=_(os.strerror(error.errno or 0))))
        return BROKEN
    served: ASGIApp
    with ExitStack() as ending:
        if configuration is not None and site is None:
            serving = ending.enter_context(Serving(configuration))
            served = serving.app
        else:
            secure = configuration is not None and configuration.newsroom.site.url.startswith("https://")
            served = site_of(site or Path(), secure=secure)
        try:
            serve_site(served, host.strip("[]"), int(port), log)
        except OSError as error:
            err.print(
                _(
                    "cannot listen on {address}: {reason}. "
                    "Choose another with [engine] listen, TONGFA_LISTEN or --listen."
                ).format(address=f"{host}:{port}", reason=_(os.strerror(error.errno or 0)))
            )
            return BROKEN
    return DONE


def _there_is_one(config: str | None) -> bool:
    """Whether a newsroom is named, or found where one is looked for."""
    named = config or os.environ.get("TONGFA_CONFIG")
    return bool(named) or any(place.is_file() for place in candidates(None))


@click.command("broker")
@config_option
def broker_(config: str | None) -> int:
    logs.configure()
    end_with_parent()
    configuration = configured(config)
    if configuration.broker:  # which others may use: the embedded one would end it first, as one of its own
        err.print(
            _(
                "This newsroom has a broker of its own, by [engine] broker or TONGFA_BROKER_URL. "
                "To use the embedded one instead, take that out."
            )
        )
        return BAD
    try:
        return DONE if broker.run(configuration, _stopped()) else BROKEN
    except OSError as error:
        said = _(
            "the embedded broker cannot start: {reason}. If another program has taken its port: end that, or stop the "
            "newsroom, remove {file} and start it again, then it takes another port."
        )
        err.print(said.format(reason=error, file=broker.record(configuration)))
        return BROKEN


@click.command("doctor")
@config_option
def doctor_(config: str | None) -> int:
    logs.configure(logging.ERROR)
    configuration = configured(config)
    good = True
    for finding in doctor.examine(configuration):
        mark = "✓" if finding.problem is None else "✗"
        out.print(f"{mark} {tell(finding.what)}")
        if finding.problem is not None:
            good = False
            terminal.show_problems(out, [finding.problem], indent="  ")
    return DONE if good else BROKEN
