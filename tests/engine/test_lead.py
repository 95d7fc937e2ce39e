"""Which article leads (头条): an editor says so afterwards, on every channel that has a place for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from pipeline.channel import Entry
from pipeline.record.refusals import Impossible
from tests.engine.bench import Bench


def test_an_article_leads_where_there_is_a_lead_and_it_is_public(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[Any] = []

    def pin(entry: Entry, until: datetime | None, catalogue: object, *, by: str, at: datetime) -> None:
        said.append((entry.revision.id, until, by, at))

    monkeypatch.setattr(bench.outlets["site"], "pins", True)
    monkeypatch.setattr(bench.outlets["site"], "pin", pin)
    known = bench.publish()
    until = bench.clock.now() + timedelta(days=1)
    with pytest.raises(Impossible, match="not public"):
        bench.engine.lead(known, until, editor="编辑丙")
    bench.run()
    assert [one.id for one in bench.engine.lead(known, until, editor="编辑丙")] == ["site"]
    bench.engine.lead(known, None, editor="编辑丙")
    now = bench.clock.now()
    assert said == [(known, until, "编辑丙", now), (known, None, "编辑丙", now)]
    bench.withdraw(known)
    bench.run()
    with pytest.raises(Impossible):
        bench.engine.lead(known, until, editor="编辑丙")
    with pytest.raises(Impossible, match="no article"):
        bench.engine.lead("a99", until, editor="编辑丙")
