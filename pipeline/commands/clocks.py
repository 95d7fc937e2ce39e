"""What `doctor` and `status` say of clocks: which is off, by how much, and how it is put right."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

from pipeline.channel import Problem, Text
from pipeline.newsroom import Configuration
from pipeline.record.roster import OFF, Worker
from pipeline.record.store import Store

_RIGHT = Text.of(
    "let the network set it: timedatectl set-ntp true, or chrony (chronyc tracking tells how far it is off); "
    "nothing that is under way minds"
)


def off(host: str, ahead: timedelta) -> Text:
    """By how much a machine's clock is off."""
    seconds = round(abs(ahead) / timedelta(seconds=1))
    if ahead > timedelta(0):
        return Text.of("the clock of {host} is {seconds} s ahead", host=host, seconds=seconds)
    return Text.of("the clock of {host} is {seconds} s behind", host=host, seconds=seconds)


def examine(configuration: Configuration, store: Store) -> Iterator[tuple[Text, Problem | None]]:
    """The clock that all go by, and this machine's beside it: what was looked at, and what is wrong with it."""
    zone = configuration.newsroom.zone
    now = store.clock.wall().astimezone(zone)
    what = Text.of("clock: {moment} in {zone}", moment=f"{now:%Y-%m-%d %H:%M:%S}", zone=str(zone))
    ahead = store.clock.ahead()
    yield what, _problem(socket.gethostname(), ahead) if abs(ahead) > OFF else None
    here = store.clock.wall().astimezone()
    if here.utcoffset() != now.utcoffset():
        moment = f"{here:%Y-%m-%d %H:%M} {here:%Z}"
        said = Text.of("  this machine's own time zone is another, its logs say {moment}; no date is made by it")
        yield said.given(moment=moment), None
    if abs(store.clock.shift) > OFF:
        seconds = round(store.clock.shift / timedelta(seconds=1))
        said = Text.of("  it has been set by {seconds} s while the newsroom was at work, which has gone on")
        yield said.given(seconds=seconds), None


def of_worker(worker: Worker) -> Problem | None:
    """What is wrong with the clock of a worker's machine."""
    return _problem(worker.host, worker.ahead) if worker.is_off else None


def _problem(host: str, ahead: timedelta) -> Problem:
    return Problem(field="clock", message=off(host, ahead), remedy=_RIGHT)
