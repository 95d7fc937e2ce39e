"""The stand-in as a process of its own: `newsroom fake-wechat`, or this module."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click

from pipeline.standins.fake_wechat.server import DEMO, serve
from pipeline.standins.fake_wechat.terms import Settings


@click.command("fake-wechat")
@click.option("--data", type=click.Path(path_type=Path), required=True, metavar="DIR", help="where it keeps its state")
@click.option("--host", default="127.0.0.1", show_default=True, help="the address it listens on")
@click.option("--port", type=int, default=0, help="its port; 0: one that is free, printed when it is ready")
@click.option("--base", default="", metavar="URL", help="its public address, if that is another one")
@click.option(
    "--account",
    multiple=True,
    metavar="APPID:SECRET:NAME",
    envvar="FAKE_WECHAT_ACCOUNTS",
    show_envvar=True,
    help="an account, in the environment several with spaces between: there no list of processes shows their secrets; "
    "default: the demo's two",
)
@click.option("--delay", type=float, default=2.0, show_default=True, help="seconds until a submission is published")
def fake_wechat(data: Path, host: str, port: int, base: str, account: tuple[str, ...], delay: float) -> None:
    accounts = {
        appid: Settings(secret=secret, name=name or appid, delay=delay)
        for appid, secret, name in (f"{one}::".split(":")[:3] for one in account)
    }
    with suppress(KeyboardInterrupt):
        serve(
            host,
            port,
            data,
            accounts or {appid: replace(one, delay=delay) for appid, one in DEMO.items()},
            base=base,
            ready=lambda url: click.echo(str(urlsplit(url).port)),
        )


if __name__ == "__main__":
    fake_wechat()
