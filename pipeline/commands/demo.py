"""`make demo`: a whole newsroom for a minute: a column opens on every channel, and the example article is its third.

What cannot be had everywhere, WeChat and a prompter, are stand-ins that speak their protocols (`pipeline.standins`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from gettext import gettext as _
from pathlib import Path

import requests
from rich.console import Console

from pipeline import newsroom
from pipeline.commands import terminal
from pipeline.commands.report import page as report_page
from pipeline.engine import Engine, Piece
from pipeline.engine.columns import UNTITLED
from pipeline.engine.columns import new as new_column
from pipeline.manuscript import read
from pipeline.manuscript.images import take
from pipeline.record.ids import seeded
from pipeline.record.report import Report
from pipeline.standins.fake_wechat import DEMO
from pipeline.workers import tasks

COLUMN, NOTE, BANNER = "脱贫攻坚奔小康", "tuopin.md", "tuopin.jpg"
ABOUT, KEYWORDS = "展示武山县脱贫攻坚工作取得的成效", ("脱贫攻坚", "全面小康", "武山县")
ADDRESS, SERIES = "tuopin", "2019年脱贫攻坚奔小康系列报道"
SERIAL = ("tuopin-1.md", "tuopin-2.md")
"""The series' first two, published together."""
EXAMPLE = "wushan-sibuzhai.md"
"""The third, as it was published."""
OTHERS = ("jiadou.md", "renju.md", "zhaopin.docx", "qiushou.md", "chanxiao.md")
"""Published first, so that the site has something to list."""
SITE, WECHAT = 8000, 8001
"""Ports, where they are free."""
ACCOUNTS = dict(zip(("WECHAT_FABU", "WECHAT_RONGMEI"), DEMO, strict=True))
"""The demo newsroom's accounts, as the environment names them, and their appids at the stand-in."""
LIMIT = timedelta(seconds=120)


MARK = ".tongfa-demo"
"""The file by which the demo knows a folder that it has made."""


class NotOurs(Exception):
    """The folder holds something that the demo did not put there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.folder = folder


class NotUp(Exception):
    """The newsroom did not start; the file `log` says why."""

    def __init__(self, log: Path) -> None:
        super().__init__(str(log))
        self.log = log


@contextmanager
def running(config: Path, data: Path, **more: str) -> Iterator[dict[str, str]]:
    """A newsroom that is up in `data`, with stand-ins for what cannot be had; yields its environment.

    What an earlier demo left in `data` goes first. `more` is added to the environment. Raises `NotOurs`, `NotUp`.
    """
    _make_room(data)
    address = f"127.0.0.1:{_free_port(SITE)}"
    environment = {
        **os.environ,
        "TONGFA_CONFIG": str(config),
        "TONGFA_DATA": str(data),
        "TONGFA_LISTEN": address,
        "TONGFA_SITE_URL": f"http://{address}",
        "TONGFA_LOG": "json",
        "PYTHONUNBUFFERED": "1",
        **more,
    }
    log = data / "newsroom.log"
    with (
        log.open("wb") as errors,
        _wechat(data / "fake-wechat", environment, errors.fileno()) as wechat,
        _prompter(environment, errors.fileno()) as prompter,
    ):
        environment = {**environment, **wechat, **prompter}
        up = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "up"],
            env={**environment, "TONGFA_ATTACHED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        try:
            if up.stdout is None or not up.stdout.readline():
                raise NotUp(log)
            yield environment
        finally:
            up.communicate()  # its standard input ends, so it stops


def run(config: Path, data: Path, out: Console) -> Report | None:
    """Run a newsroom in `data`, open a column, publish the examples, show the reports; None if it did not start."""
    try:
        with running(config, data) as environment:
            report = _publish(config, environment, data / "report.html", out)
    except NotUp as error:
        out.print(_("The newsroom did not start; {log} says why.").format(log=error.log))
        return None
    command = _near(Path(sys.argv[0]).absolute().with_name("newsroom"))
    site, listen = environment["TONGFA_SITE_URL"], environment["TONGFA_LISTEN"]
    out.print(_("The pages and feeds are files in {folder}").format(folder=_near(data / "site")))
    out.print(_("See them in a browser at {url} with:").format(url=site))
    there = f"TONGFA_DATA={_near(data)} TONGFA_SITE_URL={site}"
    out.print(f"  {there} {command} serve --config {_near(config)} --listen {listen}", soft_wrap=True)
    port = environment["TONGFA_WECHAT_API"].split(":")[-1].partition("/")[0]
    out.print(_("and the accounts' posts at {url} with:").format(url=f"http://127.0.0.1:{port}"))
    out.print(f"  {command} fake-wechat --data {_near(data / 'fake-wechat')} --port {port}", soft_wrap=True)
    return report


def _make_room(data: Path) -> None:
    """Leave nothing but the mark. Raises `NotOurs`, and changes nothing, if no demo has made what is there."""
    mark = data / MARK
    if data.exists() and (not data.is_dir() or (any(data.iterdir()) and not mark.is_file())):
        raise NotOurs(data)
    data.mkdir(parents=True, exist_ok=True)
    if not mark.exists():
        mark.write_text("newsroom demo made this folder, and empties it when it runs again.\n", encoding="utf-8")
    for found in data.iterdir():
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        elif found != mark:
            found.unlink()


@contextmanager
def _stand_in(environment: Mapping[str, str], errors: int, *command: str) -> Iterator[str]:
    """A stand-in while it is needed; yields what it says when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    try:
        yield process.stdout.readline().strip() if process.stdout else ""
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def _wechat(data: Path, environment: Mapping[str, str], errors: int) -> Iterator[dict[str, str]]:
    """The stand-in for WeChat; yields what the environment says of it and its accounts."""
    command = ("fake-wechat", "--data", str(data), "--port", str(_free_port(WECHAT)))
    with _stand_in(environment, errors, *command) as port:
        found = {"TONGFA_WECHAT_API": f"http://127.0.0.1:{port}/cgi-bin/"}
        for name, appid in ACCOUNTS.items():
            token = secrets.token_hex(16)
            found |= {
                f"TONGFA_{name}_APPID": appid,
                f"TONGFA_{name}_SECRET": DEMO[appid].secret,
                f"TONGFA_{name}_TOKEN": token,
            }
            hook = f"{environment['TONGFA_SITE_URL']}/hooks/{name.lower().replace('_', '-')}"
            told = {"callback": hook, "callback_token": token}
            requests.put(f"http://127.0.0.1:{port}/admin/settings/{appid}", json=told, timeout=10).raise_for_status()
        yield found


@contextmanager
def _prompter(environment: Mapping[str, str], errors: int) -> Iterator[dict[str, str]]:
    """The stand-in for the station's prompter; yields what the environment says of it."""
    with _stand_in(environment, errors, "fake-prompter", "--port", "0", "--http", "0") as ready:
        yield {"TONGFA_TV_MOS": f"127.0.0.1:{ready.partition(' ')[0]}"}


def _publish(config: Path, environment: Mapping[str, str], page: Path, out: Console) -> Report:
    configuration = newsroom.load(config, environment)
    with closing(tasks.open_engine(configuration)) as engine:
        engine.store.numbered = seeded("demo")
        opened = _ended(engine, _open(engine))
        terminal.show_report(out, opened, configuration.newsroom)
        out.print()
        for one in [_submit(engine, name) for name in OTHERS]:
            _ended(engine, one)
        _ended(engine, _submit(engine, *SERIAL))
        report = _ended(engine, _submit(engine, EXAMPLE))
        terminal.show_report(out, report, configuration.newsroom)
        out.print()
        now = configuration.newsroom.with_columns(engine.columns())
        readings = engine.store.readings(report.rollout)
        engine.store.seal_if_may()
        made = report_page(engine.store.confirmed(report.rollout), now, engine.store.clock.wall(), readings)
        page.write_text(made, encoding="utf-8")
    out.print(_("The report (发布回执) of {rollout} is {page}").format(rollout=report.rollout, page=_near(page)))
    return max(opened, report, key=lambda one: any(part.error for part in one.deliveries))


def _open(engine: Engine) -> str:
    """Open the column; the rollout that does it."""
    note = read(newsroom.examples() / NOTE, untitled=UNTITLED, house=engine.newsroom.house)
    banner = take((newsroom.examples() / BANNER).read_bytes(), BANNER)
    column = new_column(
        COLUMN, note.article, address=ADDRESS, about=ABOUT, keywords=KEYWORDS, series=SERIES, banner=banner.image
    )
    piece = Piece(note.article, {banner.image.digest: banner.data}, note.reading)
    return engine.open_column(column, piece, editor=_("demo")).rollout_id


def _submit(engine: Engine, *names: str) -> str:
    """Submit these examples as one rollout."""
    manuscripts = [read(newsroom.examples() / name, house=engine.newsroom.house) for name in names]
    pieces = [Piece(one.article, one.media, one.reading) for one in manuscripts]
    return engine.publish_together(pieces, editor=_("demo")).rollout_id


def _ended(engine: Engine, rollout: str) -> Report:
    """The report once the rollout has ended, or the demo's patience has."""
    deadline, pause = time.monotonic() + LIMIT / timedelta(seconds=1), threading.Event()
    report = engine.store.report(rollout)
    while not terminal.ended(report) and time.monotonic() < deadline:
        pause.wait(0.05)
        report = engine.store.report(rollout)
    return report


def _near(path: Path) -> str:
    """The path as one would type it here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _free_port(wanted: int) -> int:
    """This port if it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")
