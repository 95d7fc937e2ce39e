"""Is the newsroom well? Every check an operator would make by hand, with what to do where one fails."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import redis
from sqlalchemy.exc import SQLAlchemyError

from pipeline import faults
from pipeline.article import Outlet
from pipeline.channel import ChannelError, Problem, Text
from pipeline.commands import clocks, standing
from pipeline.commands.standing import Finding
from pipeline.commands.telling import tell
from pipeline.engine import Engine, heads
from pipeline.engine.channels import Channels
from pipeline.engine.reconciling import refuse_if_behind
from pipeline.newsroom import BadConfiguration, Configuration, load, open_channel
from pipeline.record import roster, waits
from pipeline.record.chain import Chain
from pipeline.record.clock import SINCE_START
from pipeline.record.database import SAFE_SQLITE, Database, sqlite_module
from pipeline.record.heads import Heads, Standing
from pipeline.record.keys import BEFORE, KEY, SHORTEST, Keys
from pipeline.record.refusals import Impossible
from pipeline.record.roster import Worker
from pipeline.record.store import Store
from pipeline.workers import broker, sending, tasks

FRESH = 10.0
"""Seconds after which a worker that has not shown itself counts as dead."""
LATE = timedelta(minutes=1)
"""How long a due delivery may wait before an operator should look."""
NAMED = 5
"""Rollouts that are named at most."""
SPACE = 1024**3
"""Bytes that should be free in the data folder."""


_NONE = Problem(
    field="workers",
    message=Text.of("none is running"),
    remedy=Text.of("newsroom up, or newsroom worker, starts them"),
)


def examine(configuration: Configuration) -> Iterator[Finding]:
    """Look at everything, in the order in which one thing needs the other."""
    yield from _file(configuration)
    yield from standing.of_identity(configuration)
    yield _space(configuration)
    yield from _database(configuration)
    yield _broker(configuration)
    yield from _all_workers(configuration)
    yield from priority(configuration)
    if configuration.listen:
        yield _server(configuration)
    with closing(tasks.store_of(configuration)) as store:
        yield from _grounds(configuration, store)
        yield from _public(configuration, store)
        for outlet in configuration.newsroom.outlets:
            yield from _channel(configuration, outlet, store)


def _file(configuration: Configuration) -> Iterator[Finding]:
    """The newsroom's file as it stands, which may be another than what is gone by."""
    what = Text.of("configuration {path}", path=str(configuration.path))
    try:
        load(configuration.path)
    except BadConfiguration as error:
        yield from (Finding(what, problem) for problem in error.problems)
    else:
        yield Finding(what)


def _public(configuration: Configuration, store: Store) -> Iterator[Finding]:
    """Whether the record knows what the public sees."""
    what = Text.of("record and public files")
    try:
        refuse_if_behind(Engine(configuration, store))
    except Impossible as error:
        yield Finding(what, error.problem)
    except SQLAlchemyError:  # told already
        return
    else:
        yield Finding(what)


def _grounds(configuration: Configuration, store: Store) -> Iterator[Finding]:
    """Whether each channel has a place of its own."""
    here = Channels(configuration, store)
    try:
        here.grounds(but=here.outlets)
    except BadConfiguration as error:
        yield from (Finding(Text.of("places of the channels"), problem) for problem in error.problems)


def _channel(configuration: Configuration, outlet: Outlet, store: Store) -> Iterator[Finding]:
    what = Text.of("channel {name} ({channel})", name=outlet.name, channel=outlet.id)
    try:
        channel = open_channel(configuration, outlet, store.notebook(outlet.id))
        problems, figures = channel.check(), channel.figures()
    except BadConfiguration as error:
        yield from (Finding(what, problem) for problem in error.problems)
        return
    except ChannelError as error:  # what it has to remember cannot be read
        yield Finding(what, error.problem)
        return
    except Exception as error:
        yield Finding(what, faults.fault(outlet, error))
        return
    yield from [Finding(what, problem) for problem in problems] or [Finding(what)]
    for figure in figures:
        yield Finding(Text.of("  {figure}", figure=tell(figure)))


def broker_answers(configuration: Configuration) -> bool:
    return _broker(configuration).problem is None


def working(configuration: Configuration) -> bool:
    """Whether broker, workers and web server of this machine all answer."""
    findings = [_broker(configuration), *(_worker(configuration, queue) for queue in (sending.STEPS, sending.RELEASES))]
    if configuration.listen:
        findings.append(_server(configuration))
    return all(finding.problem is None for finding in findings)


def _space(configuration: Configuration) -> Finding:
    configuration.data.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(configuration.data).free
    what = Text.of("data folder {path}: {free} GB free", path=str(configuration.data), free=round(free / 1024**3, 1))
    if not os.access(configuration.data, os.W_OK):
        message, remedy = Text.of("it cannot be written"), Text.of("give this user the right to write there")
        return Finding(what, Problem(field="[engine] data", message=message, remedy=remedy))
    if free < SPACE:
        message, remedy = Text.of("the disk is nearly full"), Text.of("free some space before something is held")
        return Finding(what, Problem(field="[engine] data", message=message, remedy=remedy))
    return Finding(what)


def _database(configuration: Configuration) -> Iterator[Finding]:
    store = tasks.store_of(configuration)
    try:
        store.migrate()
        health, chain = store.health(store.clock.now()), store.chain()
        outside = list(_outside(configuration, store))
        stranded = store.stranded([outlet.id for outlet in configuration.newsroom.outlets])
        beside = [*standing.of_channels(store, configuration.newsroom)]
        yield Finding(Text.of("database: {version}", version=store.version()))
        yield from (Finding(*found) for found in clocks.examine(configuration, store))
    except (SQLAlchemyError, OSError) as error:
        yield Finding(Text.of("database"), waits.trouble(error))
        return
    except ChannelError as error:
        yield Finding(Text.of("database"), error.problem)
        return
    finally:
        store.close()
    if store.sqlite and sqlite_module().sqlite_version_info < SAFE_SQLITE:
        safe = ".".join(map(str, SAFE_SQLITE))
        message = Text.of("this SQLite can damage the database in rare cases; {safe} cannot", safe=safe)
        remedy = Text.of("install the package pysqlite3, or a newer Python")
        yield Finding(Text.of("SQLite"), Problem(field=waits.DATABASE, message=message, remedy=remedy))
    yield from _chain(chain)
    yield from outside
    what = Text.of("deliveries due")
    if health.oldest_overdue is None or store.clock.now() - health.oldest_overdue < LATE:
        yield Finding(what)
    else:
        since = round((store.clock.now() - health.oldest_overdue) / timedelta(minutes=1))
        message = Text.of("the oldest has waited for {minutes} minutes", minutes=since)
        remedy = Text.of("are the workers running? newsroom up, or newsroom worker, starts them")
        yield Finding(what, Problem(field="deliveries", message=message, remedy=remedy))
    if health.feedback:
        yield Finding(
            Text.of("messages of readers that are open: {count}, see newsroom feedback", count=health.feedback)
        )
    yield from (_stranded(channel, rollouts, configuration) for channel, rollouts in stranded.items())
    yield from beside


def _chain(chain: Chain) -> Iterator[Finding]:
    """Whether the events are as they were written, and whether their key is at hand."""
    what = Text.of("event chain")
    problem = None
    if chain.broken is not None:
        message = Text.of("event {number} was changed after it was written", number=chain.broken)
        remedy = Text.of("compare the database with its last backup: somebody wrote into the record")
        problem = Problem(field="event", message=message, remedy=remedy)
    elif chain.unkeyed:
        message = Text.of("it is sealed without a key, though {name} is set", name=KEY)
        remedy = Text.of("take the key into use: newsroom audit key; if it has been in use: newsroom audit verify")
        problem = Problem(field=KEY, message=message, remedy=remedy)
    elif chain.missing:
        message = Text.of("a key that seals it is not at hand, fingerprint {keys}", keys=", ".join(chain.missing))
        remedy = Text.of("set {name} to the key in use, and {before} to those before it", name=KEY, before=BEFORE)
        problem = Problem(field=KEY, message=message, remedy=remedy)
    elif Keys().weak:
        message = Text.of("the key needs at least {count} characters and no spaces", count=SHORTEST)
        remedy = Text.of("choose a long random one, and take it into use: newsroom audit key")
        problem = Problem(field=KEY, message=message, remedy=remedy)
    yield Finding(what, problem)


def _outside(configuration: Configuration, store: Store) -> Iterator[Finding]:
    """Whether the places outside have the heads of the chain."""
    wanted = [*heads.places(configuration.audit)]
    if not wanted:
        return
    known = {one.place: one for one in Heads(store).standing()}
    head = store.head()
    for place in wanted:
        one = known.get(place, Standing(place, 0, None, None))
        what = Text.of(
            "heads of the event chain, [audit] {place}: up to event {number}", place=place, number=one.number
        )
        problem = None
        if one.problem or heads.behind(one, head, configuration.audit.every, store.clock.now()):
            message = Text.of("the newest is not there: {reason}", reason=one.problem or "–")
            remedy = Text.of("see [audit] in the newsroom's file; workers send them, once a minute at most")
            problem = Problem(field=f"[audit] {place}", message=message, remedy=remedy)
        yield Finding(what, problem)


def _stranded(channel: str, rollouts: Sequence[str], configuration: Configuration) -> Finding:
    message = Text.of(
        "{path} has no such channel, but something is still to be done there: {rollouts}",
        rollouts=", ".join([*rollouts[:NAMED], *(["…"] if len(rollouts) > NAMED else [])]),
        path=str(configuration.path),
    )
    remedy = Text.of(
        "put the channel back with this id, with retired = true if it takes nothing new; then newsroom retry ID for "
        "what has failed"
    )
    return Finding(
        Text.of("channel {channel} of the record", channel=channel),
        Problem(field="channel", message=message, remedy=remedy),
    )


def _broker(configuration: Configuration) -> Finding:
    try:
        with broker.client(configuration) as client:
            version = client.info("server")
            waiting = sum(client.llen(queue) for queue in (sending.STEPS, sending.RELEASES))
    except (redis.RedisError, OSError) as error:
        remedy = Text.of("newsroom up starts the embedded one; another's address stands in TONGFA_BROKER_URL")
        message = Text.of("it does not answer: {reason}", reason=str(error))
        return Finding(Text.of("broker"), Problem(field="[engine] broker", message=message, remedy=remedy))
    name = version.get("server_name") or "redis"
    number = version.get(f"{name}_version") or version.get("redis_version") or "?"
    return Finding(Text.of("broker: {name} {number}, {waiting} messages", name=name, number=number, waiting=waiting))


def _workers(configuration: Configuration, queue: str) -> list[int]:
    """The processes that work on a queue on this machine."""
    signs = tasks.signs_of_life(configuration).glob(f"{queue}-*")
    return [int(path.name.rpartition("-")[2]) for path in signs if _is_fresh(path)]


def _is_fresh(sign: Path) -> bool:
    try:
        return 0 <= time.clock_gettime(SINCE_START) - sign.stat().st_mtime < FRESH
    except OSError:  # it has just signed off
        return False


def priority(configuration: Configuration) -> Iterator[Finding]:
    """Where the newsroom's file asks for it: whether the releases come first on this machine's processors."""
    workers = _workers(configuration, sending.RELEASES)
    if not workers or not configuration.real_time:
        return
    if all(tasks.comes_first(one) for one in workers):
        yield Finding(Text.of("  releases have this machine's processors first (real-time priority)"))
        return
    problem = Problem(
        field="[engine] real_time",
        message=Text.of("the system does not let the releases come first"),
        remedy=Text.of(
            "allow it (ulimit -r 1, LimitRTPRIO=1 of systemd, ulimits: rtprio of Docker) and restart the workers, "
            "or take the line out"
        ),
    )
    yield Finding(Text.of("  releases share the processors with all others"), problem)


def _worker(configuration: Configuration, queue: str) -> Finding:
    count = len(_workers(configuration, queue))
    what = Text.of("workers for {queue} on this machine: {count}", queue=queue, count=count)
    return Finding(what, None if count else _NONE)


def _all_workers(configuration: Configuration) -> Iterator[Finding]:
    """Those of every machine, as the record knows them; where it cannot be read, those of this one."""
    database = Database(configuration.database, pace=configuration.pace, locks=broker.run_folder(configuration))
    try:
        known = roster.workers(database)
    except SQLAlchemyError:  # told already
        yield from (_worker(configuration, queue) for queue in (sending.STEPS, sending.RELEASES))
        return
    finally:
        database.close()
    for queue in (sending.STEPS, sending.RELEASES):
        there = [one for one in known if one.queue == queue and one.is_there]
        what = Text.of("workers for {queue}: {count}", queue=queue, count=len(there))
        yield Finding(what, None if there else _NONE)
        for one in there:
            what = Text.of("  process {process} on {host}, version {version}, data folder {data}", **_told(one))
            yield Finding(what, clocks.of_worker(one))
    for one in known:
        if not one.is_there:
            yield _silent(one, configuration)
    yield from standing.of_processes(known, configuration)
    versions = sorted({one.version for one in known if one.is_there})
    if len(versions) > 1:
        message = Text.of("they are of several versions: {versions}", versions=", ".join(versions))
        remedy = Text.of("stop those of the older one, and start them again with the newer")
        yield Finding(Text.of("workers"), Problem(field="workers", message=message, remedy=remedy))


def _told(worker: Worker) -> dict[str, str | int]:
    return {"process": worker.process, "host": worker.host, "version": worker.version, "data": worker.data}


def _silent(worker: Worker, configuration: Configuration) -> Finding:
    seen = worker.seen.astimezone(configuration.newsroom.zone)
    what = Text.of("worker for {queue}: process {process} on {host}", queue=worker.queue, **_told(worker))
    message = Text.of("it has not been seen since {moment}", moment=f"{seen:%H:%M:%S}")
    remedy = Text.of(
        "if it has been stopped, let it go on: kill -CONT {process}; if it is gone for good, it is forgotten by itself",
        process=worker.process,
    )
    return Finding(what, Problem(field="workers", message=message, remedy=remedy))


def _server(configuration: Configuration) -> Finding:
    host, _, port = configuration.listen.rpartition(":")
    what = Text.of("web server on {address}", address=configuration.listen)
    try:
        with closing(HTTPConnection(host.strip("[]"), int(port), timeout=2)) as connection:
            connection.request("GET", "/healthz")
            ours = connection.getresponse().read() == b"ok\n"
    except (OSError, HTTPException) as error:
        message = Text.of("it does not answer: {reason}", reason=getattr(error, "strerror", None) or str(error))
        remedy = Text.of("newsroom up, or newsroom serve, starts it")
        return Finding(what, Problem(field="[engine] listen", message=message, remedy=remedy))
    if not ours:
        message = Text.of("another program answers there")
        remedy = Text.of("end that program, or choose another address with [engine] listen or TONGFA_LISTEN")
        return Finding(what, Problem(field="[engine] listen", message=message, remedy=remedy))
    return Finding(what)
