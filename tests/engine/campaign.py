"""The kill campaign: a whole newsroom of real processes, and everything that can be done to them.

    python -m tests.engine.campaign --seconds 600 --seed 7 [--backlog 2000] [--without-find]
                                    [--database URL|postgresql] [--folder DIR]

Editors publish, also several articles at once, open columns, correct and withdraw; meanwhile workers and broker are
killed and stopped, the broker forgets everything, receivers are ended hard, lose answers and refuse. When the storm is
over the newsroom has to come to rest, and then only those are asked who do not belong to it: the receivers' journals
and the public files.

The seed gives the plan: who does what when. How the machine's own timing answers to it differs from run to run.
`--without-find` takes from the engine the question «did it happen?»: the control, which must fail.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from redis import RedisError

from pipeline.article import Article, Newsroom, Outlet
from pipeline.channel import Action
from pipeline.engine import Engine, Piece, columns
from pipeline.newsroom import Configuration, load
from pipeline.record.report import Report
from pipeline.record.waits import Held
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import article_of, newsroom_of, picture
from pipeline.workers import broker, tasks
from tests.conftest import postgresql_server
from tests.engine.judge import Command, deeds, judge
from tests.engine.public import TEXT, Observer, PublicFiles, before_the_gate
from tests.standins.running import ROOT, Running

LEASE = 6.0
PACE = {"lease": LEASE, "arm": 0.5, "lead": 0.25, "sweep": 0.3, "wake": 1.0, "backoff": 0.2, "backoff_limit": 2.0}
PACE |= {"settle": 1.0, "follow": 0.2, "attempts": 1000}
"""Seconds, but for the attempts: short, so that a minute holds many leases."""
CALL = 2.0
"""Seconds a receiver's kind waits for an answer: well under half of the lease."""
REST = 120.0
"""Seconds after the last blow within which everything must have come to its end."""
EACH = 0.5
"""The same for each article of a backlog."""
PATIENCE = 45.0
"""Seconds a worker may take to stop when it is asked to."""
WORKERS = ("steps-1", "steps-2", "releases-1", "releases-2")
BROKER = "broker"
SITE = "http://campaign.invalid"
NO_ADDRESS = {"verify": "storage"}
"""Nobody serves the site: it is read back from its files."""
COLUMNS = ("yaowen", "tuopin", "xiangzhen")
RUNNING = (RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED)
WEATHER: Mapping[str, Mapping[str, float]] = {
    "fair": {"loss": 0.02, "late": 0.01, "refuse": 0.02, "slow": 0.05},
    "usual": {"loss": 0.12, "late": 0.05, "refuse": 0.08, "slow": 0.1},
    "storm": {"loss": 0.3, "late": 0.1, "refuse": 0.25, "slow": 0.2},
    "lossy": {"loss": 0.45},
}

# -- the plan: a pure function of the seed -------------------------------------------------------------


class Order(NamedTuple):
    """What an editor does. `article` counts the plan's articles; `ahead`: seconds until it is to go out."""

    at: float
    action: Action
    article: int
    ahead: float = 0.0
    together: int = 1
    """How many articles, from `article` on, are published as one rollout."""
    opens: bool = False
    """Whether it opens a column."""


class Blow(NamedTuple):
    """What befalls the newsroom; `what` and `whom` as in `Campaign.strike`, `value` is its particular."""

    at: float
    what: str
    whom: str = ""
    value: str = ""


def orders(seed: int, seconds: float, every: float = 0.6) -> list[Order]:
    """What the editors do, in order; `every` so many seconds on average.

    A correction or withdrawal follows many an article at once, so that it overtakes what is in flight; otherwise
    nobody touches the same article twice within two seconds.
    """
    chance = random.Random(f"orders {seed}")
    planned: list[Order] = []
    touched: list[float] = []
    corrections: list[int] = []
    now = 0.0
    while now < seconds:
        free = [one for one, at in enumerate(touched) if at < now - 2 and corrections[one] < 4]
        kind = chance.random()
        if kind < 0.55 or not free:
            article = len(touched)
            ahead = 3.0 if chance.random() < 0.12 else 0.0
            together, opens = chance.choices(((1, False), (1, True), (2, False), (4, False)), (70, 10, 12, 8))[0]
            planned.append(Order(now, Action.PUBLISH, article, ahead, together, opens))
            touched += [now] * together
            corrections += [0] * together
            article += chance.randrange(together)
            if chance.random() < 0.4:
                soon = now + chance.choice([0.0, 0.1, 0.4, 0.8])
                action = Action.CORRECT if chance.random() < 0.6 else Action.WITHDRAW
                planned.append(Order(soon, action, article))
                touched[article] = soon
                corrections[article] = 1 if action is Action.CORRECT else 99
                if action is Action.CORRECT and chance.random() < 0.3:
                    planned.append(Order(soon + 0.3, Action.WITHDRAW, article))
                    corrections[article] = 99
        else:
            article = chance.choice(free)
            action = Action.CORRECT if kind < 0.83 else Action.WITHDRAW
            planned.append(Order(now, action, article, 2.0 if chance.random() < 0.1 else 0.0))
            touched[article] = now
            corrections[article] += 1 if action is Action.CORRECT else 99
        now += chance.uniform(0.1, 2 * every - 0.1)
    return sorted(planned, key=lambda order: order.at)


def blows(seed: int, seconds: float, receivers: Sequence[str]) -> list[Blow]:
    """What befalls the newsroom, in order. Whoever is stopped goes on later, at the latest when the storm is over."""
    chance = random.Random(f"blows {seed}")
    planned: list[Blow] = []
    now = 0.5
    while now < seconds:
        whom = chance.choice(WORKERS)
        match chance.choices(
            ("kill", "pause", "freeze", "broker", "hang", "forget", "restart", "weather"), (33, 13, 14, 12, 5, 5, 6, 12)
        )[0]:
            case "kill":
                planned.append(Blow(now, "kill", whom))
            case "pause":
                planned += [Blow(now, "stop", whom), Blow(now + chance.uniform(0.3, 2.5), "continue", whom)]
            case "freeze":  # until another has taken over what it was doing
                planned += [Blow(now, "stop", whom), Blow(now + LEASE * chance.uniform(1.2, 1.8), "continue", whom)]
            case "broker":
                planned.append(Blow(now, "kill", BROKER, chance.choice(["server", "keeper", "both"])))
            case "hang":
                planned += [Blow(now, "stop", BROKER), Blow(now + chance.uniform(0.5, 4), "continue", BROKER)]
            case "forget":
                planned.append(Blow(now, "forget"))
            case "restart":
                planned.append(Blow(now, "restart", chance.choice(receivers)))
            case "weather":
                planned.append(
                    Blow(now, "weather", chance.choice(receivers), chance.choice(["fair", "usual", "storm"]))
                )
        now += chance.uniform(0.4, 2.2)
    return sorted((blow._replace(at=min(blow.at, seconds)) for blow in planned), key=lambda blow: blow.at)


# -- the newsroom's processes -------------------------------------------------------------------------


class Keeper:
    """The newsroom's processes: each a child of this one, started again whenever it is gone."""

    def __init__(self, configuration: Configuration, log: Path) -> None:
        self._configuration = configuration
        self._log = log
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="keeper")

    def __enter__(self) -> Keeper:
        self._start(BROKER)  # first: where a socket's path would be too long, workers have to be told its port
        _until(lambda: _answers(self._configuration), REST, "the broker is up")
        for name in WORKERS:
            self._start(name)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._watcher.join()
        for name, child in reversed(self._children.items()):  # all together: they have what is under way to end
            if child.poll() is None:
                for process in self._pids(name):
                    _signal(process, signal.SIGCONT)
                child.terminate()
        deadline = time.monotonic() + PATIENCE
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
            assert child.stdin is not None
            child.stdin.close()

    def end(self) -> list[str]:
        """Stop everything in order; the names of those who had to be killed."""
        self.__exit__()
        late = [name for name, child in self._children.items() if child.poll() is None]
        for name in late:
            self._children[name].kill()
            self._children[name].wait()
        return late

    def send(self, name: str, number: signal.Signals, which: str = "both") -> None:
        """A signal to a worker, or to the broker: its server, the process that keeps it, or both."""
        with self._lock:
            found = self._pids(name)
            if name == BROKER and number is signal.SIGKILL:
                found = {"keeper": found[:1], "server": found[1:], "both": found[::-1]}[which]
            for process in found:
                _signal(process, number)

    def _pids(self, name: str) -> list[int]:
        child = self._children[name].pid
        if name != BROKER:
            return [child]
        listed = Path(f"/proc/{child}/task/{child}/children")
        return [child, *map(int, listed.read_text().split())] if listed.exists() else [child]

    def _start(self, name: str) -> None:
        queue = name.rpartition("-")[0]
        arguments = ["broker"] if name == BROKER else ["worker", "--queue", queue]
        command = [
            sys.executable,
            "-m",
            "pipeline",
            *arguments,
            "--config",
            str(self._configuration.path),
        ]
        environment = {**os.environ, "REMAP_SIGTERM": "SIGQUIT", "TONGFA_ATTACHED": "1", "TONGFA_LOG": "json"}
        with self._log.open("ab") as log:
            self._children[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            with self._lock:
                for name, child in self._children.items():
                    if child.poll() is not None:
                        assert child.stdin is not None
                        child.stdin.close()
                        self._start(name)


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)


def left_over(folder: Path) -> list[str]:
    """The commands of processes that still know the newsroom's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = os.readlink(process / "cwd")
            if int(process.name) != os.getpid() and f"{folder}/" in f"{command} {place}/":
                found.append(f"{process.name}: {command}")
    return found


# -- the campaign -------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What a campaign came to."""

    command: str
    seed: int
    violations: list[str] = field(default_factory=list)
    """Promises that were broken."""
    unfinished: list[str] = field(default_factory=list)
    """What had not come to its end in time: on a machine that is busy with other things it may still have done so."""
    figures: Counter[str] = field(default_factory=Counter)
    skews: list[float] = field(default_factory=list)
    rested_after: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        counted = ", ".join(f"{count} {what}" for what, count in sorted(self.figures.items()))
        skews = sorted(self.skews) or [0.0]
        skew = f"skew p50 {skews[len(skews) // 2]:.0f} ms, largest {skews[-1]:.0f} ms"
        lines = [f"seed {self.seed}: {counted}; {skew}; at rest {self.rested_after:.1f} s after the storm"]
        lines += [f"all of it took {self.seconds:.0f} s; again: {self.command}"]
        lines += [f"BROKEN {one}" for one in self.violations]
        lines += [f"NOT FINISHED {one}" for one in self.unfinished]
        return "\n".join([*lines, f"{len(self.violations)} violations, {len(self.unfinished)} not finished in time"])


class Campaign:
    """One campaign in an empty folder."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        seconds: float,
        find: bool = True,
        database: str = "",
        planned: tuple[Sequence[Order], Sequence[Blow]] | None = None,
        weather: str = "usual",
        clears: bool = True,
        backlog: int = 0,
    ) -> None:
        self.folder = folder
        self.backlog = backlog
        """Articles that wait already when the storm begins."""
        self.seconds = seconds
        self.find = find
        self.clears = clears
        """Whether the receivers are well when the storm is over."""
        self.receivers = {
            name: Running(kind, folder / f"{name}.jsonl", seed=seed + number, delay=0.3, **WEATHER[weather])
            for number, (name, kind) in enumerate((("keyed", "keyed"), ("asking", "asking")))
        }
        if planned is None:
            planned = orders(seed, seconds), blows(seed, seconds, sorted(self.receivers))
        self.orders, self.blows = planned
        self.database = database
        options = ("" if find else " --without-find") + (f" --database {database}" if database else "")
        options += f" --backlog {backlog}" if backlog else ""
        again = f"python -m tests.engine.campaign --seconds {seconds:g} --seed {seed}{options}"
        self.outcome = Outcome(again, seed)
        self.commands: list[Command] = []
        self.remembers_gate = True
        """Whether the record knows when everything was prepared; one that was restored does not."""
        self.revisions: dict[int, tuple[str, Article]] = {}
        """By the plan's number: the newsroom's id, and the article as last accepted."""

    def run(self) -> Outcome:
        """All of it: start, storm, rest, judgement."""
        started = time.monotonic()
        print(self.outcome.command, flush=True)
        with ExitStack() as stack:
            for receiver in self.receivers.values():
                stack.enter_context(receiver)
            configuration = self._configure(stack)
            engine = stack.enter_context(closing(tasks.open_engine(configuration)))
            keeper = stack.enter_context(Keeper(configuration, self.folder / "newsroom.log"))
            self._wait_for_workers(configuration)
            observer = Observer(PublicFiles(configuration))
            observer.start()
            try:
                self._fill(engine)
                self._storm(engine, keeper, configuration)
                self._come_to_rest(engine)
                _until(lambda: _answers(configuration), REST, "the broker is back")
            finally:
                observer.end()
            self._judge(engine, observer)
            self._tell(f"{name} did not stop when asked" for name in keeper.end())
        self._tell(f"still running: {one}" for one in left_over(self.folder))
        self.outcome.seconds = time.monotonic() - started
        return self.outcome

    def _tell(self, violations: Iterator[str] | Sequence[str]) -> None:
        self.outcome.violations += violations

    def _configure(self, stack: ExitStack) -> Configuration:
        """The newsroom's file: the columns of the contract suite, two built-in kinds, two receivers."""
        asking = "Asking" if self.find else "Forgetful"
        endpoints = {name: receiver.url for name, receiver in self.receivers.items()}
        outlets = [
            Outlet(id="website", kind="website", name="县政府网站", options=NO_ADDRESS),
            Outlet(id="feeds", kind="feeds", name="订阅", options=NO_ADDRESS),
            Outlet(
                id="keyed", kind="tests.standins.kinds:Keyed", name="客户端", options={"endpoint": endpoints["keyed"]}
            ),
            Outlet(
                id="asking",
                kind=f"tests.standins.kinds:{asking}",
                name="公众号",
                options={"endpoint": endpoints["asking"]},
            ),
        ]
        database = self.database
        if database == "postgresql":
            database = stack.enter_context(postgresql_server(self.folder / "postgresql")).url
        path = self.folder / "newsroom.toml"
        path.write_text(newsroom_file(newsroom_of(*outlets, url=SITE), database), encoding="utf-8")
        return load(path)

    def _wait_for_workers(self, configuration: Configuration) -> None:
        signs = tasks.signs_of_life(configuration)
        _until(lambda: len(list(signs.glob("*-*"))) >= len(WORKERS), REST, "the workers are up")

    # -- the storm ------------------------------------------------------------------------------------

    def _fill(self, engine: Engine) -> None:
        """Hand in the backlog, faster than it can be worked off."""
        first = 1 + max((one.article + one.together for one in self.orders), default=0)
        for number in range(first, first + self.backlog):
            self._insist(Order(0.0, Action.PUBLISH, number), engine)

    def _storm(self, engine: Engine, keeper: Keeper, configuration: Configuration) -> None:
        """Editors work in this thread, blows fall in another, each by its own plan."""
        begun = time.monotonic()
        trouble: list[BaseException] = []

        def rage() -> None:
            try:
                for blow in self.blows:
                    _wait_until(begun + blow.at)
                    self.strike(blow, keeper, configuration)
            except BaseException as error:
                trouble.append(error)

        raging = threading.Thread(target=rage, name="blows")
        raging.start()
        try:
            for order in self.orders:
                _wait_until(begun + order.at)
                self._insist(order, engine)
            _wait_until(begun + self.seconds)
        finally:
            raging.join()
            for name in (*WORKERS, BROKER):
                keeper.send(name, signal.SIGCONT)
        if trouble:
            raise trouble[0]
        for receiver in self.receivers.values() if self.clears else ():
            receiver.calm()

    def strike(self, blow: Blow, keeper: Keeper, configuration: Configuration) -> None:
        what, whom = (
            blow.what,
            BROKER if blow.whom == BROKER else "receiver" if blow.whom in self.receivers else "worker",
        )
        match what:
            case "kill":
                keeper.send(blow.whom, signal.SIGKILL, blow.value or "both")
            case "stop":
                keeper.send(blow.whom, signal.SIGSTOP)
            case "continue":
                keeper.send(blow.whom, signal.SIGCONT)
            case "forget":
                with suppress(RedisError, OSError), broker.client(configuration) as client:
                    client.flushall()
                whom = "everything"
            case "restart":
                self.receivers[blow.whom].kill()
                self.receivers[blow.whom].start()
            case "weather":
                self.receivers[blow.whom].faults(**WEATHER[blow.value])
        if what != "continue":
            self.outcome.figures[f"× {what} {whom}"] += 1

    def _insist(self, order: Order, engine: Engine) -> None:
        """An editor whose command meets a database that a stopped worker holds is told so, and repeats it.

        What was refused must have left nothing: `obey` sees to it that the next one is not taken for a repetition.
        """
        deadline = time.monotonic() + REST
        while True:
            try:
                self.obey(order, engine)
            except Held:
                if time.monotonic() > deadline:
                    raise
                self.outcome.figures["commands that met a held database"] += 1
            else:
                return

    def obey(self, order: Order, engine: Engine) -> None:
        """Do what the editor does; whatever goes wrong here is an error of the campaign's, not of the weather's."""
        moment = engine.clock.now() + timedelta(seconds=order.ahead) if order.ahead else None
        editor = "记者甲"
        if order.action is Action.PUBLISH:
            pieces = [Piece(*written(order.article + number)) for number in range(order.together)]
            if order.opens:
                column = columns.new(f"第{order.article}栏", pieces[0].article, address=f"lan{order.article}")
                accepted = engine.open_column(column, pieces[0], editor=editor, go_live_at=moment)
                pieces = [pieces[0]._replace(article=columns.opening(column, pieces[0].article))]
                self.outcome.figures["columns opened"] += 1
            else:
                accepted = engine.publish_together(pieces, editor=editor, go_live_at=moment)
            for number, (known, piece) in enumerate(zip(accepted.article_ids, pieces, strict=True), order.article):
                self.revisions[number] = known, piece.article
        else:
            known, article = self.revisions[order.article]
            if order.action is Action.CORRECT:
                number = int(TEXT.findall(article.body)[0][1])
                body = TEXT.sub(f"第{order.article}件第{number + 1}版", article.body)
                article = article.model_copy(update={"body": body})
                accepted = engine.correct(known, article, {}, editor=editor, note="数字有误", go_live_at=moment)
            else:
                accepted = engine.withdraw(known, editor=editor, reason="内容有误", go_live_at=moment)
            self.revisions[order.article] = known, article
        assert accepted.created
        self.commands += [Command(known, accepted.revision, order.action) for known in accepted.article_ids]
        self.outcome.figures[f"{order.action} accepted"] += 1

    def _come_to_rest(self, engine: Engine) -> None:
        ended = time.monotonic()
        rest = REST + self.backlog * EACH
        try:
            _until(lambda: not self._under_way(engine), rest, "everything has come to its end")
        except TimeoutError:
            self.outcome.unfinished += [_told(report) for report in engine.store.reports(RUNNING)]
        self.outcome.rested_after = time.monotonic() - ended

    def _under_way(self, engine: Engine) -> bool:
        return bool(engine.store.health(engine.clock.now()).rollouts.keys() & set(RUNNING))

    # -- the judgement --------------------------------------------------------------------------------

    def _judge(self, engine: Engine, observer: Observer) -> None:
        journals = {name: deeds(receiver.deeds()) for name, receiver in self.receivers.items()}
        public: dict[str, Any] = {name: receiver.public() for name, receiver in self.receivers.items()}
        journals |= observer.journals
        public |= observer.public
        last = {command.article: command for command in self.commands}
        reports = engine.store.reports(RolloutState)
        # Of what is still under way nobody can say yet that it was lost; that it came twice could be said.
        moving = {one.article for report in reports if report.state in RUNNING for one in report.articles}
        ended = [command for command in self.commands if command.article not in moving]
        self._tell([str(one) for one in judge(ended, journals, public)])
        self._tell(observer.errors)
        if not moving:  # feeds and lists are of all articles
            in_column = {known: article.column for known, article in self.revisions.values()}
            self._tell(observer.files.faults(last, in_column))
        if self.remembers_gate:
            self._tell(before_the_gate(reports, journals))
        self._tell(not_done(reports))
        if not (audit := engine.store.audit()).holds:
            self._tell([f"the record is not as its events say: {audit}"])
        self.outcome.figures["articles"] = len(last)
        self.outcome.figures["deeds"] = sum(len(journal) for journal in journals.values())
        self.outcome.figures["rollouts"] = len(reports)
        published = [report for report in reports if report.action is Action.PUBLISH]
        self.outcome.skews = [report.skew_ms for report in published if report.skew_ms is not None]


def not_done(reports: Sequence[Report]) -> Iterator[str]:
    """The last rollout of every article, once it has ended, must be complete, and seen to be so on every channel."""
    last = {one.article: report for report in reports for one in report.articles}
    for article, report in last.items():
        if report.state in RUNNING:
            continue
        done = DeliveryState.WITHDRAWN if report.action is Action.WITHDRAW else DeliveryState.VERIFIED
        states = {one.state for one in report.deliveries if one.article == article}
        if report.state is not RolloutState.COMPLETE or states != {done}:
            yield f"not done: {article}: {_told(report)}"
    for report in reports:
        if report.state not in (*RUNNING, RolloutState.COMPLETE, RolloutState.CANCELLED):
            yield f"not ended: {_told(report)}"


def _told(report: Report) -> str:
    states = ", ".join(
        f"{one.article} {one.channel} {one.state} ({one.error.message if one.error else ''})"
        for one in report.deliveries
    )
    return f"{report.rollout} {report.action} {report.article} revision {report.revision} {report.state}: {states}"


def written(number: int) -> tuple[Article, dict[str, bytes]]:
    """The first revision of the plan's article; every fourth has a picture."""
    body = f"<p>第{number}件第1版。11月24日，武山县山丹镇的架豆喜获丰收。</p>"
    images, media = [], {}
    if number % 4 == 0:
        image, data = picture(f"#{number % 4096:03x}", (320, 180), "架豆丰收")
        images, media = [image], {image.digest: data}
        body += f'<figure><img src="image:{image.digest}" alt="{image.alt}"/></figure>'
    return article_of(f"消息之{number}", body=body, images=images, column=COLUMNS[number % len(COLUMNS)]), media


def newsroom_file(newsroom: Newsroom, database: str) -> str:
    """The newsroom as its configuration file; a JSON string is a TOML string too."""

    def table(name: str, values: Mapping[str, object]) -> str:
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
        return "\n".join([name, *lines, ""])

    plain = newsroom.model_dump(mode="json", exclude_defaults=True)
    site, columns, outlets = plain.pop("site"), plain.pop("columns"), plain.pop("outlets")
    engine: dict[str, object] = {**PACE, "data": "var", "listen": "", "workers": 4, "releases": 8}
    if database:
        engine["database"] = database
    parts = [table("[newsroom]", plain), table("[site]", site), table("[engine]", engine)]
    parts += [table("[[column]]", column) for column in columns]
    for outlet in outlets:
        options = outlet.pop("options", {})
        if "endpoint" in options:
            options["total"] = CALL
        parts.append(table("[[channel]]", outlet | options))
    return "\n".join(parts)


def _answers(configuration: Configuration) -> bool:
    with suppress(RedisError, OSError), broker.client(configuration) as client:
        return bool(client.ping())
    return False


def _wait_until(moment: float) -> None:
    threading.Event().wait(max(0.0, moment - time.monotonic()))


def _until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        threading.Event().wait(0.2)


def lived(folder: Path | None, run: Callable[[Path], Outcome]) -> None:
    """A campaign in this folder, or in one that is kept if it fails; ends the program with 1 where a promise was
    broken, with 2 where something was not finished in time."""
    place = folder or Path(tempfile.mkdtemp(prefix="campaign-"))
    place.mkdir(parents=True, exist_ok=True)
    passed = threading.Event()
    if folder is None:  # at the very end, after the wheel of PostgreSQL, which looks at its lock there once more
        atexit.register(lambda: shutil.rmtree(place) if passed.is_set() else None)
    outcome = run(place)
    print(outcome)
    if outcome.violations or outcome.unfinished:
        print(f"everything is in {place}")
        sys.exit(1 if outcome.violations else 2)
    passed.set()


def main() -> None:
    parser = argparse.ArgumentParser(description="the kill campaign")
    parser.add_argument("--seconds", type=float, default=35.0)
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--without-find", action="store_true", help="the control: it must fail")
    parser.add_argument("--database", default="", help="an SQLAlchemy URL, or postgresql for an embedded server")
    parser.add_argument("--backlog", type=int, default=0, help="articles that wait already when the storm begins")
    parser.add_argument("--folder", type=Path, help="an empty folder, kept; default: a temporary one, kept on failure")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    told = {"seconds": given.seconds, "database": given.database, "backlog": given.backlog}
    lived(given.folder, lambda folder: Campaign(folder, seed=seed, find=not given.without_find, **told).run())


if __name__ == "__main__":
    main()
