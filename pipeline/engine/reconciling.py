"""A record and the public trees: whether it knows what they show, and how it learns what it does not.

A tree remembers the last deed that it has shown, and with it where the record stood (`channel.Memory`). A record that
does not know of that deed is older than what is public – a backup, or a copy of its file that somebody put back – or
another newsroom's. Nobody works with it before it has been told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from pydantic import AwareDatetime

from pipeline.article.value import Frozen
from pipeline.channel import Channel, ChannelError, Memory, Problem, Text, Unavailable
from pipeline.engine.engine import Engine
from pipeline.newsroom import BadConfiguration
from pipeline.record import restoring
from pipeline.record.adopting import Deed, News
from pipeline.record.ids import rollout_id
from pipeline.record.memos import Told, here, knows
from pipeline.record.refusals import Impossible

log = structlog.get_logger("tongfa")


class Newer(Frozen):
    """An article of which the public sees something that the record does not know."""

    article: str
    headline: str
    what: str
    """`published`, `corrected`, `withdrawn`."""
    rollout: str
    at: AwareDatetime
    channels: tuple[str, ...]
    """Those that remember it."""
    unanswering: tuple[str, ...]
    """The others that it was sent to: they are asked, and say what they can tell."""


@dataclass
class Reconciled:
    """What became of it."""

    newer: Sequence[Newer] = ()
    taken_over: int = 0
    """Rollouts that the record knows now, or knows to have gone further."""
    in_doubt: int = 0
    lost: dict[str, list[str]] = field(default_factory=dict)
    """By article: pictures that nobody remembers."""


def refuse_if_behind(engine: Engine) -> None:
    """Raise `Impossible` if the public trees show what this record does not know, with the ways out."""
    names = [channel.outlet.name for channel, _ in _behind(engine)]
    if not names:
        return
    message = Text.of(
        "the record is older than what the public sees of {channels}, or another newsroom's", channels="、".join(names)
    )
    remedy = Text.of(
        "restore a newer backup: newsroom restore FILE; or let the record learn what it does not know: "
        "newsroom restore --reconcile, which lists it and asks (--dry-run only lists)"
    )
    raise Impossible(Problem(field="record", message=message, remedy=remedy))


def _behind(engine: Engine) -> Iterator[tuple[Channel, Memory]]:
    """The channels that have shown what the record does not know."""
    for channel, memory in _remembering(engine):
        with suppress(Unavailable):  # nobody can be asked now: its releases will say so themselves
            memo = memory.last()
            if memo is None:
                continue
            try:
                told = Told.of(memo)
            except ValueError:
                yield channel, memory
                continue
            with engine.store.reading() as tx:
                known = knows(tx, told)
            if not known:
                yield channel, memory


def _remembering(engine: Engine) -> Iterator[tuple[Channel, Memory]]:
    for outlet in engine.newsroom.outlets:
        try:
            channel = engine.channel(outlet.id)
        except BadConfiguration as error:  # whoever works with it says so
            log.warning("channel cannot be opened", channel=outlet.id, problem=str(error))
            continue
        if channel.memory is not None:
            yield channel, channel.memory


def news(engine: Engine) -> list[News]:
    """What the trees remember and the record does not know. Raises `Unavailable` for a tree that cannot be read."""
    deeds = []
    for channel, memory in _remembering(engine):
        for kept in memory.all():
            with suppress(ValueError):  # another program's words
                deeds.append(Deed(channel.outlet.id, kept.entry, Told.of(kept.memo)))
    return engine.store.news(deeds)


def newer(found: Sequence[News]) -> list[Newer]:
    """What people have to decide about: all but what was under way at the copy."""
    of: dict[tuple[int, int], list[News]] = {}
    for one in found:
        if one.what != "under way":
            of.setdefault((one.deed.told.rollout, one.deed.told.article), []).append(one)
    return [_newer(several) for several in of.values()]


def _newer(several: Sequence[News]) -> Newer:
    deed, channels = several[0].deed, tuple(one.deed.channel for one in several)
    return Newer(
        article=deed.entry.revision.id,
        headline=deed.entry.revision.article.headline,
        what=several[0].what,
        rollout=rollout_id(deed.told.rollout),
        at=deed.told.release_at,
        channels=channels,
        unanswering=tuple(channel for channel, _, _ in deed.told.sent if channel not in channels),
    )


def reconcile(
    engine: Engine, found: Sequence[News], withdrawn: Collection[str] = (), *, reason: str = "", who: str
) -> Reconciled:
    """Let the record learn all of it, and withdraw these articles everywhere. No worker works meanwhile.

    A record that somebody put back by hand is put in doubt first, as a restored one is.
    """
    now = engine.clock.now()
    made = Reconciled(newer=newer(found), taken_over=len({one.deed.told.rollout for one in found}))
    if any(True for _ in _behind(engine)):
        made.in_doubt = set_back(engine, who=who, now=now)
    memories = [memory for _, memory in _remembering(engine)]
    made.lost = engine.store.adopt(found, lambda digest: _picture(memories, digest), who=who, now=now) if found else {}
    for article in withdrawn:
        engine.withdraw(article, reason=reason, editor=who)
    stamp(engine)
    return made


def set_back(engine: Engine, *, who: str, now: datetime) -> int:
    """Whatever is under way in this record is in doubt, and so is what notebooks say; how many deliveries."""
    with engine.store.writing() as tx:
        restoring.note(tx, who, now, found="older than what is public")
        count = restoring.doubt(tx, now)
    forget(engine)
    return count


def forget(engine: Engine) -> None:
    """Tell every channel that its notebook may be older than its outlet."""
    for outlet in engine.newsroom.outlets:
        try:
            engine.channel(outlet.id).restored()
        except (BadConfiguration, ChannelError) as error:  # its next deed meets the same, and says so
            log.warning("not told of the restoration", channel=outlet.id, problem=str(error))


def stamp(engine: Engine) -> None:
    """The trees are as the record knows, from now on: only its own next deeds are newer."""
    engine.seal()
    for _, memory in _remembering(engine):
        memo = memory.last()
        if memo is not None:
            with engine.store.reading() as tx:
                memory.stamp(here(tx, Told.of(memo)))


def _picture(memories: Sequence[Memory], digest: str) -> bytes | None:
    return next((data for memory in memories if (data := memory.picture(digest)) is not None), None)
