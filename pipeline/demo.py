"""`make demo`: a whole newsroom for a minute, with the example article on every channel."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from gettext import gettext as _
from pathlib import Path

from rich.console import Console

from pipeline import newsroom, tasks, terminal
from pipeline.manuscript import read
from pipeline.reports import Report

EXAMPLE = "wushan-sibuzhai.md"
OTHERS = ("jiadou.md", "renju.md", "zhaopin.docx")
"""Published first, so that the site has something to list."""
PORT = 8000
LIMIT = timedelta(seconds=120)


def run(config: Path, data: Path, out: Console) -> Report | None:
    """Empty `data`, run a newsroom in it, publish the examples, show the report; None if it did not start."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    address = f"127.0.0.1:{_free_port()}"
    environment = {
        **os.environ,
        "TONGFA_CONFIG": str(config),
        "TONGFA_DATA": str(data),
        "TONGFA_LISTEN": address,
        "TONGFA_SITE_URL": f"http://{address}",
        "TONGFA_ATTACHED": "1",
        "TONGFA_LOG": "json",
        "PYTHONUNBUFFERED": "1",
    }
    log = data / "newsroom.log"
    with log.open("wb") as errors:
        up = subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "up"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            if up.stdout is None or not up.stdout.readline():
                out.print(_("The newsroom did not start; {log} says why.").format(log=log))
                return None
            return _publish(config, environment, out)
        finally:
            up.communicate()  # its standard input ends, so it stops


def _publish(config: Path, environment: dict[str, str], out: Console) -> Report:
    configuration = newsroom.load(config, environment)
    engine = tasks.open_engine(configuration)
    deadline = datetime.now(UTC) + LIMIT
    pause = threading.Event()

    def published(name: str) -> Report:
        manuscript = read(newsroom.examples() / name)
        accepted = engine.publish(manuscript.article, manuscript.media, editor=_("demo"))
        report = engine.store.report(accepted.rollout_id)
        while not terminal.ended(report) and datetime.now(UTC) < deadline:
            pause.wait(0.05)
            report = engine.store.report(accepted.rollout_id)
        return report

    try:
        for name in OTHERS:
            published(name)
        report = published(EXAMPLE)
        terminal.show_report(out, report, configuration.newsroom)
        out.print()
        out.print(_("The pages and feeds are files in {folder}").format(folder=_near(configuration.site)))
        out.print(_("See them in a browser at {url} with:").format(url=configuration.newsroom.site.url))
        command = _near(Path(sys.argv[0]).absolute().with_name("newsroom"))
        out.print(
            f"  {command} serve --site {_near(configuration.site)} --listen {configuration.listen}", soft_wrap=True
        )
        return report
    finally:
        engine.close()


def _near(path: Path) -> str:
    """The path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _free_port() -> int:
    for port in (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")
