"""The stand-in as a process of its own."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.standins.fake_wechat.server import DEMO, serve
from pipeline.standins.fake_wechat.terms import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description="a stand-in for WeChat's official accounts")
    parser.add_argument("--data", type=Path, required=True, help="folder of its state")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--base", default="", help="its public address, if not http://HOST:PORT")
    parser.add_argument("--account", action="append", default=[], metavar="APPID:SECRET:NAME")
    parser.add_argument("--delay", type=float, default=2.0, help="seconds until a submission is published")
    given = parser.parse_args()
    accounts = {
        appid: Settings(secret=secret, name=name or appid, delay=given.delay)
        for appid, secret, name in (f"{one}::".split(":")[:3] for one in given.account)
    }
    with suppress(KeyboardInterrupt):
        serve(
            given.host,
            given.port,
            given.data,
            accounts or {appid: replace(one, delay=given.delay) for appid, one in DEMO.items()},
            base=given.base,
            ready=lambda url: print(urlsplit(url).port, flush=True),
        )


if __name__ == "__main__":
    main()
