"""Newsrooms to give commands in, and an engine on the bench."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.bench import Bench
from tests.engine.commands import Newsroom, Up, make
from tests.standins.running import Running


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    """A newsroom with website and feeds that nobody has started."""
    return make(tmp_path)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    """A newsroom that is up for all tests of a module, with two receivers: `post` takes a key, `app` is asked."""
    folder = tmp_path_factory.mktemp("newsroom")
    with ExitStack() as stack:
        post = stack.enter_context(Running("keyed", folder / "post.jsonl"))
        app = stack.enter_context(Running("asking", folder / "app.jsonl"))
        newsroom = make(folder, [("post", post), ("app", app)])
        up = stack.enter_context(Up(newsroom))
        assert f"http://127.0.0.1:{newsroom.port}" in up.first_line()
        newsroom.pid = up.pid
        yield newsroom


@pytest.fixture
def bench(database: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(database, tmp_path)
    yield bench
    bench.store.close()
