"""A Celery worker with the newsroom's own settings whose task only counts: what `make bench` compares with."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.newsroom import load
from pipeline.workers import broker, tasks


def main() -> None:
    configuration = load(Path(sys.argv[1]), os.environ)
    client = broker.client(configuration)
    app = tasks.celery_app(broker.address(configuration))

    @app.task(name="bench.noop")
    def noop() -> None:
        client.incr("bench.done")

    app.worker_main(
        [
            *("--quiet", "worker", "--pool", "threads", "--concurrency", str(configuration.workers)),
            *(
                "--queues",
                "bench",
                "--without-gossip",
                "--without-mingle",
                "--without-heartbeat",
                "--loglevel",
                "ERROR",
            ),
        ]
    )


if __name__ == "__main__":
    main()
