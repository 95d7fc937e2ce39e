"""For operators: run the newsroom, or a part of it, and look after it."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from contextlib import closing
from functools import cache
from gettext import gettext as _
from pathlib import Path
from typing import TYPE_CHECKING

import click
from filelock import FileLock, Timeout

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
from pipeline.engine import Engine
from pipeline.newsroom import Configuration
from pipeline.workers import broker, logs, sending, tasks
from pipeline.workers.processes import Processes, end_with_parent

if TYPE_CHECKING:
    from pipeline.web.inside import Inside
    from pipeline.web.site import Hear


@click.command("up")
@config_option
def up(config: str | None) -> int:
    configuration = configured(config)
    logs.configure()
    end_with_parent()
    broker.run_folder(configuration).mkdir(exist_ok=True)
    lock = FileLock(broker.run_folder(configuration) / "up.lock", timeout=0, mode=0o660)
    try:
        lock.acquire()
    except Timeout:
        err.print(
            _(
                "A newsroom is already up on {data}. Stop it first (Ctrl-C where it runs), or set another TONGFA_DATA."
            ).format(data=configuration.data)
        )
        return BAD
    with lock, closing(tasks.open_engine(configuration)) as engine:
        for outlet in configuration.newsroom.outlets:
            engine.channel(outlet.id)  # a channel that cannot be opened is told once, here, not by every worker
        stop = _stopped()
        with Processes(configuring.environment(configuration)) as processes:
            if not configuration.broker:
                processes.start("broker", "broker")
                while not doctor.broker_answers(configuration) and not stop.wait(0.05):
                    pass  # where it stands is known to the others only once it is there
            for queue in (sending.STEPS, sending.RELEASES):
                processes.start(queue, "worker", "--queue", queue)
            if configuration.listen:
                processes.start("serve", "serve")
            threading.Thread(target=_announce, args=(configuration, stop), daemon=True, name="announce").start()
            processes.watch(stop)
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
    configuration = configured(config)
    logs.configure()
    end_with_parent()
    if queue:
        tasks.work(configuration, queue)
        return DONE
    stop = _stopped()
    with Processes(configuring.environment(configuration)) as processes:
        for one in (sending.STEPS, sending.RELEASES):
            processes.start(one, "worker", "--queue", one)
        processes.watch(stop)
    return DONE


@click.command("serve")
@click.option("--listen", metavar="HOST:PORT", help="default: as configured")
@click.option(
    "--site", type=click.Path(path_type=Path), metavar="DIR", help="the folder to serve; default: the newsroom's"
)
@config_option
def serve(listen: str | None, site: Path | None, config: str | None) -> int:
    from pipeline.web.site import serve as serve_site  # noqa: PLC0415 - of all processes only this one is a server

    configuration = configured(config)
    logs.configure()
    end_with_parent()
    host, colon, port = (listen or configuration.listen).rpartition(":")
    if not colon or not port.isdecimal():
        raise click.UsageError(_("--listen: write a host and a port, like 0.0.0.0:8000"))
    try:
        hear, inside = (None, None) if site else _knowing(configuration)
        serve_site(site or configuration.site, host.strip("[]"), int(port), hear, inside)
    except OSError as error:
        err.print(
            _(
                "cannot listen on {address}: {reason}. Choose another with [engine] listen, TONGFA_LISTEN or --listen."
            ).format(address=f"{host}:{port}", reason=_(os.strerror(error.errno or 0)))
        )
        return BROKEN
    return DONE


def _knowing(configuration: Configuration) -> tuple[Hear, Inside]:
    """What platforms call and what the newsroom reads, given to an engine that is opened when first asked: a site alone
    needs no database."""

    @cache
    def engine() -> Engine:
        return tasks.open_engine(configuration)

    return (
        lambda channel, method, query, body: engine().hear(channel, method, query, body),
        lambda channel, path, client: engine().inside(channel, path, client),
    )


@click.command("broker")
@config_option
def broker_(config: str | None) -> int:
    logs.configure()
    end_with_parent()
    return DONE if broker.run(configured(config), _stopped()) else BROKEN


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
