"""The campaign of a restored backup: a copy under load, a storm, an older record over newer trees, a storm again.

    python -m tests.engine.restoring --seconds 60 --seed 7 --backlog 100 [--database postgresql] [--folder DIR]

Editors hand in a backlog, and `newsroom backup` is run while it is being worked off and workers are killed. The storm
goes on; once the newsroom has come to rest it is stopped, the copy is put back, and the record learns what is public.
Then comes another storm, in which articles of before are corrected and withdrawn as well. Asked are only those who do
not belong to the newsroom: the receivers' journals, and whoever looked at the public files all the time. Nothing may
have happened twice, nothing gone back, nothing that was accepted before the copy – or was public when it was put back –
be lost.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

from pipeline.channel import Action
from pipeline.engine import Engine
from pipeline.newsroom import Configuration
from pipeline.rollout import RolloutState
from pipeline.workers import tasks
from tests.engine.campaign import (
    REST,
    RUNNING,
    Campaign,
    Keeper,
    Order,
    Outcome,
    _answers,
    _until,
    blows,
    left_over,
    lived,
    orders,
)
from tests.engine.judge import Command
from tests.engine.public import Observer, PublicFiles
from tests.standins.running import ROOT

AGAIN = 12
"""Articles of before that are corrected or withdrawn after the restoration."""


class Restoring(Campaign):
    """One campaign in an empty folder; `seconds` of storm before the restoration, and as many after it."""

    def __init__(self, folder: Path, *, seed: int, seconds: float, backlog: int, database: str = "") -> None:
        super().__init__(folder, seed=seed, seconds=seconds, backlog=backlog, database=database)
        self.seed = seed
        again = (
            f"--seconds {seconds:g} --seed {seed} --backlog {backlog}{f' --database {database}' if database else ''}"
        )
        self.outcome = Outcome(f"python -m tests.engine.restoring {again}", seed)
        self.file = folder / "copy.backup"
        self.copied: list[Command] = []
        """What had been accepted before the copy."""
        self.remembers_gate = False

    def run(self) -> Outcome:
        started = time.monotonic()
        print(self.outcome.command, flush=True)
        with ExitStack() as stack:
            for receiver in self.receivers.values():
                stack.enter_context(receiver)
            configuration = self._configure(stack)
            observer = Observer(PublicFiles(configuration))
            observer.start()
            try:
                self._before(configuration)
                self._set_back(configuration)
                self._after(configuration, observer)
            finally:
                observer.end()
        self._tell(f"still running: {one}" for one in left_over(self.folder))
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    def _before(self, configuration: Configuration) -> None:
        with ExitStack() as stack:
            engine = stack.enter_context(closing(tasks.open_engine(configuration)))
            self._fill(engine)
            keeper = stack.enter_context(Keeper(configuration, self.folder / "log"))
            self._wait_for_workers(configuration)
            copying = threading.Thread(target=self._copy, args=(configuration, engine), name="copying")
            copying.start()
            self._storm(engine, keeper, configuration)
            copying.join()
            self._come_to_rest(engine)
            self._tell(f"{name} did not stop when asked" for name in keeper.end())

    def _copy(self, configuration: Configuration, engine: Engine) -> None:
        _until(lambda: self.commands, REST, "something has been accepted")
        known = len(self.commands)
        self.outcome.figures["rollouts under way at the copy"] = sum(
            count for state, count in engine.store.health(engine.clock.now()).rollouts.items() if state in RUNNING
        )
        begun = time.monotonic()
        self._newsroom(configuration, "backup", self.file)
        self.outcome.figures["ms of the copy"] = round(1000 * (time.monotonic() - begun))
        self.copied = self.commands[:known]

    def _set_back(self, configuration: Configuration) -> None:
        self._newsroom(configuration, "restore", self.file, "--yes", "--reconcile", "--keep", "all")

    def _newsroom(self, configuration: Configuration, *words: str | Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, words), "--config", str(configuration.path)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        with (self.folder / "commands.log").open("a") as log:
            log.write(f"{words[0]}: {done.returncode}\n{done.stdout}{done.stderr}\n")
        if done.returncode:
            raise RuntimeError(f"newsroom {words[0]}: {done.returncode}: {done.stdout}{done.stderr}")

    def _after(self, configuration: Configuration, observer: Observer) -> None:
        with closing(tasks.open_engine(configuration)) as engine, Keeper(configuration, self.folder / "log") as keeper:
            self._wait_for_workers(configuration)
            self._plan_again()
            self._storm(engine, keeper, configuration)
            self._come_to_rest(engine)
            _until(lambda: _answers(configuration), REST, "the broker is back")
            observer.end()
            known = {one.article for report in engine.store.reports(RolloutState) for one in report.articles}
            self._tell(f"the record has lost {one}" for one in {one.article for one in self.copied} - known)
            self._judge(engine, observer)
            self._tell(f"{name} did not stop when asked" for name in keeper.end())

    def _plan_again(self) -> None:
        """Other articles than before, and some of those."""
        chance = random.Random(f"again {self.seed}")
        first = 1 + max(self.revisions)
        planned = [one._replace(article=one.article + first) for one in orders(self.seed + 1, self.seconds)]
        last = {command.article: command.action for command in self.commands}
        live = [number for number, (known, _) in self.revisions.items() if last[known] is not Action.WITHDRAW]
        for number in chance.sample(live, min(AGAIN, len(live))):
            action = chance.choice([Action.CORRECT, Action.WITHDRAW])
            planned.append(Order(chance.uniform(0, self.seconds), action, number))
        self.orders = sorted(planned, key=lambda one: one.at)
        self.blows = blows(self.seed + 1, self.seconds, sorted(self.receivers))


def main() -> None:
    parser = argparse.ArgumentParser(description="the campaign of a restored backup")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--backlog", type=int, default=100, help="articles that are under way at the copy")
    parser.add_argument("--database", default="", help="an SQLAlchemy URL, or postgresql for an embedded server")
    parser.add_argument("--folder", type=Path, help="an empty folder, kept; default: a temporary one, kept on failure")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    told = {"seconds": given.seconds, "database": given.database, "backlog": given.backlog}
    lived(given.folder, lambda folder: Restoring(folder, seed=seed, **told).run())


if __name__ == "__main__":
    main()
