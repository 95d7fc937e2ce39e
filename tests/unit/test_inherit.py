"""What an older version left in files: carried over once, and never over what is newer."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.newsroom import demo_file, load
from pipeline.record.inherit import inherit
from pipeline.record.store import Store
from pipeline.rollout import Pace
from tests.standins.running import ROOT

LEFT = ROOT / "tests" / "upgrade" / "data-0.1.0.tar.xz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with tarfile.open(LEFT) as archive:
        archive.extractall(tmp_path / "var", filter="data")
    (tmp_path / "newsroom.toml").write_text(demo_file().read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def carried(folder: Path, database: str) -> dict[str, dict[str, str]]:
    """Every page of the channels' notebooks afterwards."""
    configuration = load(folder / "newsroom.toml", {"TONGFA_DATA": str(folder / "var")})
    with closing(Store(database, pace=Pace(), locks=folder / "locks")) as store:
        store.migrate()
        inherit(configuration, store)
        found: dict[str, dict[str, str]] = {}
        for outlet in configuration.newsroom.outlets:
            notebook = store.notebook(outlet.id)
            notes = {page: notebook.read(page) for page in notebook.pages()}
            found[outlet.id] = {page: note.text for page, note in notes.items() if note is not None}
        return found


def test_all_that_was_remembered_is_in_the_notebooks_once(folder: Path, database: str) -> None:
    found = carried(folder, database)
    assert json.loads(found["tv"]["programme/2026-12-04"])["lock"]["by"] == "编辑乙"
    programme = json.loads(found["tv"]["programme/2026-11-27"])
    assert [one["id"] for one in programme["stories"]] == ["a1", "a2", "a3"]
    scripts = {page for page in found["tv"] if page.startswith("script/2026-11-27/")}
    assert {f"script/2026-11-27/{one['digest']}" for one in programme["stories"]} <= scripts
    assert json.loads(found["tv"]["numbers"]) == {"next": 1032}
    for account in ("wechat-fabu", "wechat-rongmei"):
        pages = found[account]
        submitted = [json.loads(text) for page, text in pages.items() if page.startswith("submission/")]
        assert len(submitted) == 4
        assert all(one["publication"] and one["claim"] for one in submitted)
        assert json.loads(pages["day/2026-11-27"])["calls"]["freepublish/submit"] == 4
        assert sum(page.startswith("upload/content/") for page in pages) == 1
    assert carried(folder, database) == found
    assert not (folder / "var" / "tv" / "numbers.json").exists()


@pytest.mark.parametrize(("there", "after"), [(5000, 5000), (1005, 1032)])
def test_message_numbers_go_on_from_the_highest(folder: Path, database: str, there: int, after: int) -> None:
    """Each of two machines counted for itself."""
    with closing(Store(database, pace=Pace(), locks=folder / "locks")) as store:
        store.migrate()
        assert store.notebook("tv").write("numbers", json.dumps({"next": there}))
        assert store.notebook("tv").write("programme/2026-12-04", '{"newer": true}')
    found = carried(folder, database)["tv"]
    assert json.loads(found["numbers"]) == {"next": after}
    assert found["programme/2026-12-04"] == '{"newer": true}'


def test_an_unanswered_submission_stays_unanswered(folder: Path, database: str) -> None:
    with closing(sqlite3.connect(folder / "var" / "wechat-fabu" / "account.db")) as ledger, ledger:
        ledger.execute("UPDATE submission SET publication = '' WHERE draft = (SELECT min(draft) FROM submission)")
        ledger.execute("INSERT INTO used_up VALUES ('2026-11-27', 'draft/add')")
        ledger.execute("INSERT INTO outcome VALUES ('deleted:2650177668/2', 0, 'yes'), ('together:x', 0, 'd')")
    found = carried(folder, database)["wechat-fabu"]
    submitted = [json.loads(text) for page, text in found.items() if page.startswith("submission/")]
    assert [one["publication"] for one in submitted].count("") == 1
    assert json.loads(found["day/2026-11-27"])["used_up"] == ["draft/add"]
    assert [page for page in found if page.startswith("deleted/")] == ["deleted/2650177668/2"]


def test_a_damaged_ledger_stops_nobody(folder: Path, database: str) -> None:
    (folder / "var" / "wechat-fabu" / "account.db").write_bytes(b"SQLite format 3\0" + b"?" * 5000)
    found = carried(folder, database)
    assert found["wechat-fabu"] == {}
    assert found["wechat-rongmei"]
