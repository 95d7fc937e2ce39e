"""Who of this machine may look into the data folder: its owner and one group; what is public, everybody.

It is used by accounts that work together: the one that runs the newsroom, and those of the editors who hand in. With a
`group` all of them can write there; without one only the owner can, and the owner's own group may read. Others may pass
through the folder, so that a web server reaches the public trees in it (`channels.files` opens those), and find nothing
else that they could read.
"""

from __future__ import annotations

import grp
import os
import stat
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from pipeline.channel import Problem, Text
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.workers import broker

ALONE, TOGETHER = 0o027, 0o007
"""What nobody else, and what nobody outside the group, may do with a new file."""
OTHERS, GROUP, INHERITED, PASSING = 0o007, 0o070, 0o2000, 0o001


def guard(configuration: Configuration) -> None:
    """See to it that this process leaves nothing in the data folder that others may read, and make the folder so.

    What an earlier version left open is closed by who owns it. Raises `BadConfiguration` for a group that there is not,
    or to which the owner may not give the folder.
    """
    os.umask(TOGETHER if configuration.group else ALONE)
    group = _group(configuration)
    data = configuration.data
    data.mkdir(parents=True, exist_ok=True)
    if os.stat(data).st_uid != os.geteuid():
        return
    _give(configuration, data, group)
    _change(data, on=PASSING | (GROUP | INHERITED if group is not None else 0), off=OTHERS & ~PASSING)
    run = broker.run_folder(configuration)
    shared = {*_database(configuration), run, *(run.rglob("*") if group is not None else ())}
    public = _public(configuration)
    for place in {*(one for one in data.iterdir() if one.name not in public), *shared}:
        with suppress(FileNotFoundError):
            if place.is_symlink() or place.stat().st_uid != os.geteuid():
                continue
            mode = place.stat().st_mode
            if group is None or not (place in shared or stat.S_ISDIR(mode)):
                _change(place, off=OTHERS)
            else:
                _give(configuration, place, group)
                _change(place, on=mode >> 3 & GROUP | (INHERITED if stat.S_ISDIR(mode) else 0), off=OTHERS)


def admit(configuration: Configuration) -> None:
    """`guard`, for who works with the record. Raises `BadConfiguration` for an account that may not write it, too."""
    guard(configuration)
    if configuration.data.stat().st_uid == os.geteuid():
        return
    for place in _database(configuration)[:1]:
        if os.access(place, os.R_OK | os.W_OK):
            return
        message = Text.of("this account may not use the data folder {path}", path=str(configuration.data))
        remedy = (
            Text.of("put it into the group (usermod -aG {group} ACCOUNT) and log in again", group=configuration.group)
            if configuration.group
            else Text.of("name a group of accounts in newsroom.toml, [engine] group, and start the newsroom again")
        )
        problem = Problem(field="engine.data", message=message, remedy=remedy)
        raise BadConfiguration(configuration.path, (problem,))


def _database(configuration: Configuration) -> list[Path]:
    """The files of the database, of which the first is made: SQLite would let no group write into it."""
    url = make_url(configuration.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        return []
    place = Path(url.database)
    if not place.parent.is_dir():
        return []
    with suppress(OSError):  # it is there; or who opens it is told what is in the way
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o660))
    return [place, place.with_name(f"{place.name}-wal"), place.with_name(f"{place.name}-shm")]


def _group(configuration: Configuration) -> int | None:
    if not configuration.group:
        return None
    try:
        return grp.getgrnam(configuration.group).gr_gid
    except KeyError:
        message = Text.of("this machine has no group {group}", group=configuration.group)
        remedy = Text.of("make it (groupadd {group}) and put the accounts into it", group=configuration.group)
        problem = Problem(field="engine.group", message=message, remedy=remedy)
        raise BadConfiguration(configuration.path, (problem,)) from None


def _give(configuration: Configuration, place: Path, group: int | None) -> None:
    """Let it be the group's."""
    if group is None or place.stat().st_gid == group:
        return
    try:
        os.chown(place, -1, group)
    except PermissionError:
        message = Text.of("this account is not in the group {group}", group=configuration.group)
        remedy = Text.of(
            "put it into the group (usermod -aG {group} ACCOUNT) and log in again", group=configuration.group
        )
        problem = Problem(field="engine.group", message=message, remedy=remedy)
        raise BadConfiguration(configuration.path, (problem,)) from None


def _public(configuration: Configuration) -> set[str]:
    """The names in the data folder that are, or have in them, the public trees."""
    roots = [str(outlet.options["root"]) for outlet in configuration.newsroom.outlets if "root" in outlet.options]
    named = {Path(os.path.abspath(configuration.data / root)) for root in roots if "://" not in root}
    inside = (one.relative_to(configuration.data) for one in named if one.is_relative_to(configuration.data))
    return {configuration.site.name, *(one.parts[0] for one in inside if one.parts)}


def _change(place: Path, *, on: int = 0, off: int) -> None:
    before = place.stat().st_mode & 0o7777
    if (after := before & ~off | on) != before:
        place.chmod(after)
