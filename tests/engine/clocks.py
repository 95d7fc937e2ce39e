"""A newsroom whose machines have clocks that a test sets: real workers, a real broker, real outlets."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from pipeline.record.store import Store
from tests.engine.commands import Newsroom, Outcome, broker_on_a_port, has_ended, make, record_of, until
from tests.engine.machines import PATIENCE, QUEUES, Machine, run
from tests.standins.running import ROOT, Running
from tests.standins.stepping import SteppingClock

_ENGINE = """[engine]
lease = 6
settle = 1
arm = 0.5
wake = 1
workers = 3
releases = 6
"""
_CALLED = text("""
    SELECT count(*) FROM delivery d JOIN rollout r ON r.id = d.rollout_id
    WHERE d.state = 'prepared' AND d.lease_until IS NOT NULL AND r.release_at <= :now
""")
LISTS = {"column": "yaowen/*.html", "rss": "feeds/rss*.xml", "atom": "feeds/atom*.xml", "json": "feeds/feed*.json"}
"""What names every article, in one document or several."""
BREAKS = re.compile(r"</?(?:wbr|span)>")
"""By which a page says where a headline's lines may end."""


@dataclass
class Clocks:
    """The newsroom, its machines, and what clock each goes by."""

    newsroom: Newsroom
    machines: Sequence[Machine]
    clocks: Sequence[SteppingClock]
    store: Store
    headlines: list[str]

    def run(self, *words: str | Path) -> Outcome:
        """A command on the first machine."""
        return run(self.machines[0].data, self.machines[0].environment, *words, patience=PATIENCE)

    def publish(self, headline: str, *words: str) -> str:
        """Hand in an article; its rollout."""
        done = self.run("queue-submit", self.newsroom.write(headline), *words, "--json")
        assert done.code == 0, done
        self.headlines.append(headline)
        return str(done.json["rollout"])

    def slow(self, seconds: float) -> None:
        """From now on every call of an outlet takes up to so long: before its effect, or after it."""
        for receiver in self.newsroom.receivers.values():
            receiver.faults(slow=1.0 if seconds else 0.0, delay=seconds)

    def in_call(self) -> bool:
        """Whether an outlet is just being asked to bring something out."""
        now = self.store.clock.now() - timedelta(milliseconds=100)
        with self.store.reading() as tx:
            micro = (now - datetime.fromtimestamp(0, now.tzinfo)) // timedelta(microseconds=1)
            return bool(tx.scalar(_CALLED, {"now": micro}))

    def catch(self, headline: str) -> None:
        """Hand in articles until an outlet is just being asked to bring one out; some are too quick to be caught."""
        caught, number = "", 0
        while caught != "called":
            number += 1
            self.publish(f"{headline}之{number}")
            caught = until(self._where, "an outlet is called", PATIENCE)

    def _where(self) -> str:
        return "called" if self.in_call() else "over" if has_ended(self.store) else ""

    def come_to_rest(self) -> None:
        until(lambda: has_ended(self.store), "everything has come to its end", PATIENCE)

    def twice(self) -> dict[tuple[str, str], int]:
        """What outlets have brought out more than once."""
        deeds = Counter(
            (name, str(one["article"]))
            for name, receiver in self.newsroom.receivers.items()
            for one in receiver.deeds()
            if one["action"] == "publish"
        )
        return {deed: count for deed, count in deeds.items() if count > 1}

    def released(self) -> dict[str, list[datetime]]:
        """When outlets brought an article out, by their own clocks, which are right."""
        found: dict[str, list[datetime]] = {}
        for receiver in self.newsroom.receivers.values():
            for one in receiver.deeds():
                if one["action"] == "publish":
                    found.setdefault(str(one["article"]), []).append(datetime.fromisoformat(one["at"]))
        return found

    def missing(self) -> dict[str, list[str]]:
        """The headlines that a list does not have, in all of its documents: the newest, and the archives before."""
        site = self.newsroom.folder / "public"
        lists = {one: site.glob(pattern) for one, pattern in LISTS.items()}
        held = {name: BREAKS.sub("", "".join(one.read_text("utf-8") for one in of)) for name, of in lists.items()}
        return {
            name: lost for name, text in held.items() if (lost := [one for one in self.headlines if one not in text])
        }


@contextmanager
def machines_with(folder: Path, database: str, clocks: Sequence[SteppingClock], **environment: str) -> Iterator[Clocks]:
    """A newsroom with a worker set for each clock; beside SQLite they share the machine and so the data folder."""
    with ExitStack() as stack:
        broker = stack.enter_context(broker_on_a_port(folder))
        app = stack.enter_context(Running("asking", folder / "app.jsonl"))
        post = stack.enter_context(Running("keyed", folder / "post.jsonl"))
        newsroom = make(folder, [("app", app), ("post", post)])
        file = folder / "newsroom.toml"
        public = f'verify = "storage"\nroot = "{folder}/public'
        written = file.read_text(encoding="utf-8").replace('root = "site', public).replace("[engine]\n", _ENGINE)
        file.write_text(written, encoding="utf-8")
        shared = _without_language() | {
            "PYTHONPATH": str(ROOT),
            "TONGFA_CONFIG": str(file),
            "TONGFA_DATABASE_URL": database,
            "TONGFA_BROKER_URL": broker,
            "TONGFA_LISTEN": "",
            **environment,
        }
        one_machine = database.startswith("sqlite")
        machines = []
        for number, clock in enumerate(clocks):
            data = folder / ("machine" if one_machine else f"machine-{number}")
            data.mkdir(exist_ok=True)
            own = {**shared, "TONGFA_DATA": str(data), **clock.environment}
            machines.append(Machine(f"machine-{number}", data, own, folder / f"machine-{number}.log"))
        store = stack.enter_context(record_of(file, {**shared, "TONGFA_DATA": str(machines[0].data)}))
        for machine in machines:
            stack.callback(machine.end)
            for queue in QUEUES:
                machine.start(queue)
        yield Clocks(newsroom, machines, clocks, store, [])


def _without_language() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_", "TONGFA_"))}
