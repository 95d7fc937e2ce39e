"""`newsroom rebuild` of the demo: the site, the feeds and the app are lost, and come back to the byte."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from pipeline.commands import demo
from pipeline.engine import Engine, importing
from pipeline.newsroom import demo_file, load
from pipeline.record.gate import Wake
from pipeline.record.store import Store
from tests.conftest import fresh_file
from tests.engine.bench import RUNNING
from tests.engine.simulation import ManualClock

FILES = ("website", "feeds", "app")
CHANGES = "app/api/changes.json"
"""The order in which they came, which the record does not know: begun anew where it was lost."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The demo's newsroom with those of its channels whose publications are files, some of its articles out."""
    head, *channels = demo_file().read_text(encoding="utf-8").split("[[channel]]")
    kept = [one for one in channels if re.search(rf'kind = "({"|".join(FILES)})"', one)]
    file = tmp_path / "newsroom.toml"
    file.write_text("[[channel]]".join([head, *kept]), encoding="utf-8")
    url = fresh_file(tmp_path / "data" / "newsroom.db")
    configuration = load(file, {"TONGFA_DATA": str(tmp_path / "data"), "TONGFA_DATABASE_URL": url})
    store, clock = Store(url, pace=configuration.pace, locks=tmp_path), ManualClock()
    messages: list[Wake] = []
    engine = Engine(configuration, store, send=messages.extend, clock=clock, chance=lambda: 0.0)

    def run() -> None:
        while store.reports(RUNNING):
            while messages:
                engine.run(messages.pop(0).delivery_id)
            clock.advance(timedelta(seconds=2))
            engine.sweep()

    for name in demo.OTHERS[:3]:
        demo._submit(engine, name)
    run()
    demo._open(engine)
    run()
    demo._submit(engine, demo.EXAMPLE)
    run()
    yield engine
    engine.close()


def public(engine: Engine) -> dict[str, bytes]:
    root = engine.configuration.site
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".staging" not in path.parts
    }


def differing(engine: Engine) -> list[str]:
    return [place for channel in FILES for place in importing.differing(engine, channel)]


def rebuild(engine: Engine) -> None:
    for channel in FILES:
        list(importing.rebuilt(engine, channel))


def test_what_was_lost_comes_back_to_the_byte(engine: Engine) -> None:
    """Pages from before the column was opened get its entry in their menus with the first rebuild; that is all."""
    before = public(engine)
    named = {place.partition("8000/")[2] for place in differing(engine)}
    rebuild(engine)
    standing = public(engine)
    assert len(standing) > 30
    assert {path for path in standing if before.get(path) != standing[path]} == named
    for path in named:
        more = set(standing[path].decode().splitlines()) - set(before[path].decode().splitlines())
        assert more == {'<li><a href="/tuopin/" data-entry="tuopin">脱贫攻坚奔小康</a></li>'}
    assert differing(engine) == []
    shutil.rmtree(engine.configuration.site)
    assert differing(engine)
    assert public(engine) == {}, "looking changes nothing"
    rebuild(engine)
    made = public(engine)
    assert {path for path in {*made, *standing} if made.get(path) != standing.get(path)} <= {CHANGES}
    assert differing(engine) == []
    page = next(engine.configuration.site.glob("[0-9]*/[0-9]*/a*.html"))
    page.write_bytes(page.read_bytes().replace("。".encode(), "！".encode(), 1))
    (engine.configuration.site / "feeds" / "rss.xml").unlink()
    assert {place.rpartition("/")[2] for place in differing(engine)} == {page.name, "rss.xml"}
    rebuild(engine)
    assert public(engine) == made


def test_one_that_was_broken_off_is_gone_on_with(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuild(engine)
    before = public(engine)
    monkeypatch.setattr("channels.tree.AT_ONCE", 1)
    shutil.rmtree(engine.configuration.site)
    list(islice(importing.rebuilt(engine, "website"), 2))
    rebuild(engine)
    made = public(engine)
    assert {path for path in {*made, *before} if made.get(path) != before.get(path)} <= {CHANGES}
