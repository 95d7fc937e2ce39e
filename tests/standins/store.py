"""An object store beside the test: moto's server, which speaks S3's protocol."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from moto.server import ThreadedMotoServer


@contextmanager
def object_store(bucket: str) -> Iterator[dict[str, str]]:
    """A store with this bucket; what the environment says of it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        requests.put(f"http://{host}:{port}/{bucket}", timeout=20).raise_for_status()
        names = {"ENDPOINT_URL": f"http://{host}:{port}", "KEY": "k", "SECRET": "s"}
        yield {f"FSSPEC_S3_{name}": value for name, value in names.items()}
    finally:
        server.stop()
