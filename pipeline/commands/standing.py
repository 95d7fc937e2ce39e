"""What people have to know of a newsroom's configuration: who goes by another one, what is public beside it, and what
in it is still an example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from pipeline.article import Newsroom
from pipeline.channel import Problem, Text
from pipeline.newsroom import Configuration, Misconfigured, demo_file, load
from pipeline.record.database import Database
from pipeline.record.grounds import Ground, grounds, public_elsewhere, public_on
from pipeline.record.roster import Worker

SHOWN = 8
"""Characters of a digest that people compare."""
_ZEROS = re.compile(r"(?<!\d)0{6,}(?!\d)")
"""No number that anybody was given."""
_TELEPHONE = re.compile(r"\d[\d-]{6,}\d")


class Finding(NamedTuple):
    """One thing looked at; `problem` is None if it is well."""

    what: Text
    problem: Problem | None = None


def of_processes(workers: Sequence[Worker], configuration: Configuration) -> Iterator[Finding]:
    """Whoever does not go by the newsroom's file as it stands here."""
    there = [one for one in workers if one.is_there and one.gone_by is not None]
    told: set[tuple[str, object]] = set()
    for one in there:
        if (gone_by := one.gone_by) is None:
            continue
        if gone_by.refused and gone_by.refused_at and (one.host, str(gone_by.refused)) not in told:
            told.add((one.host, str(gone_by.refused)))
            moment = _moment(gone_by.refused_at, configuration.newsroom)
            what = Text.of(
                "configuration on {host}: refused since {moment}, the one before goes on", host=one.host, moment=moment
            )
            yield Finding(what, _refused(gone_by.refused, configuration))
        if gone_by.restart and (one.host, gone_by.restart) not in told:
            told.add((one.host, gone_by.restart))
            yield Finding(Text.of("configuration on {host}", host=one.host), _restart(gone_by.restart))
    parties: dict[str, set[str]] = {}
    for one in there:
        if one.gone_by is not None:
            parties.setdefault(one.gone_by.digest, set()).add(one.host)
    refusing = any(one.gone_by and one.gone_by.refused for one in there)
    if there and (len(parties) > 1 or ({*parties} != {configuration.digest} and not refusing)):
        yield Finding(Text.of("configuration of all machines"), _differing(parties, configuration))


def _refused(problem: Misconfigured, configuration: Configuration) -> Problem:
    at = f"{configuration.path}:{problem.line}" if problem.line else str(configuration.path)
    return Problem(field=f"{at}: {problem.field}", message=problem.message, remedy=problem.remedy)


def _restart(keys: Sequence[str]) -> Problem:
    return Problem(
        field=", ".join(keys),
        message=Text.of("changed in the file; what runs goes on with the old value"),
        remedy=Text.of("end it and start it again: newsroom up, or newsroom worker"),
    )


def _differing(parties: Mapping[str, set[str]], configuration: Configuration) -> Problem:
    shown = "; ".join(f"{', '.join(sorted(hosts))}: {digest[:SHOWN]}" for digest, hosts in sorted(parties.items()))
    return Problem(
        field="configuration",
        message=Text.of(
            "not everybody goes by the same one: {parties}; this file: {own}",
            parties=shown,
            own=configuration.digest[:SHOWN],
        ),
        remedy=Text.of(
            "give every machine the same file and the same environment; a change is taken up within seconds"
        ),
    )


def of_channels(record: Database, newsroom: Newsroom) -> Iterator[Finding]:
    """What is public where the newsroom's file has nothing any more. Raises what the record raises."""
    known = {outlet.id: outlet.name for outlet in newsroom.outlets}
    noted = grounds(record)
    for channel, count in public_elsewhere(record, known).items():
        name = noted[channel].name if channel in noted else channel
        yield Finding(Text.of("channel {name} ({channel})", name=name, channel=channel), _removed(count))
    moved = {one: ground for one, ground in noted.items() if ground.moved_to and one in known}
    for channel, count in (public_on(record, moved) if moved else {}).items():
        what = Text.of("channel {name} ({channel})", name=known[channel], channel=channel)
        yield Finding(what, _moved(channel, moved[channel], count))


def _removed(count: int) -> Problem:
    return Problem(
        field="channel",
        message=Text.of("the newsroom's file has it no more, but {count} articles are public there", count=count),
        remedy=Text.of(
            "put it back with this id, and with retired = true if it takes nothing new: else nobody can correct or "
            "withdraw them"
        ),
    )


def _moved(channel: str, ground: Ground, count: int) -> Problem:
    return Problem(
        field="root",
        message=Text.of(
            "it is at {new} now; {count} articles are still public at {old}",
            new=ground.moved_to,
            old=ground.place,
            count=count,
        ),
        remedy=Text.of(
            "newsroom rebuild {channel} makes them at the new place; what is left at the old one, delete by hand",
            channel=channel,
        ),
    )


def of_identity(configuration: Configuration) -> Iterator[Finding]:
    """Whatever the public would read of the newsroom that is an example."""
    newsroom, what = configuration.newsroom, Text.of("identity of the newsroom")
    if newsroom.demo:
        yield Finding(Text.of("identity of the newsroom: a demo"))
        return
    demo = load(demo_file(), {}).newsroom
    wrong = [
        *(
            f"site.{name}"
            for name in ("id_code", "icp", "police", "contact")
            if _is_example(getattr(newsroom.site, name), getattr(demo.site, name))
        ),
        *(["newsroom.tag_authority"] if newsroom.tag_authority == demo.tag_authority else []),
    ]
    for field in wrong:
        value = newsroom.tag_authority if field.startswith("newsroom") else getattr(newsroom.site, field[5:])
        yield Finding(what, _example(field, str(value)))
    if not wrong:
        yield Finding(what)


def _is_example(value: str, demo: str) -> bool:
    """Whether it is the demo's, has its telephone number, or a number of nothing but zeros."""
    number = _TELEPHONE.search(demo)
    return value == demo or bool(_ZEROS.search(value)) or bool(number and number[0] in value)


def _example(field: str, value: str) -> Problem:
    return Problem(
        field=field,
        message=Text.of("{value} is an example's, and the public would read it", value=value),
        remedy=Text.of("write the newsroom's own; if it is only a demo, say so: [newsroom] demo = true"),
    )


def _moment(moment: datetime, newsroom: Newsroom) -> str:
    return f"{moment.astimezone(newsroom.zone):%Y-%m-%d %H:%M:%S}"
