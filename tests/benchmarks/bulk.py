"""A bulk import, until standard input ends: what `make bench` puts a newsroom under load with."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import closing

from pipeline.newsroom import load, locate
from pipeline.rollout import RolloutState
from pipeline.testing import article_of
from pipeline.workers import logs, tasks

UNDER_WAY = 6
"""Rollouts at most at a time: more only wait for each other."""


def main() -> None:
    logs.configure(logging.ERROR)
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
    with closing(tasks.open_engine(load(locate(None), os.environ))) as engine:
        under_way = [RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]
        number = 0
        print("importing", flush=True)
        while not stop.wait(0.02):
            if len(engine.store.reports(under_way)) < UNDER_WAY:
                number += 1
                engine.publish(
                    article_of(f"导入的第{number}篇旧稿"), {}, editor="bulk", channels=["website", "feeds", "app"]
                )


if __name__ == "__main__":
    main()
