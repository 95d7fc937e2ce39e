"""Whether the promises were kept: pure functions over what was commanded and what the outlets themselves remember.

    violations = judge(commands, {"post": deeds(journal_lines), …}, {"post": {"a1": (2,)}, …})

`commands` is what the newsroom accepted, in order; the journals and the public state come from the receivers
(`tests.standins.running`), never from the engine's own record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pipeline.channel import Action

Public = Mapping[str, tuple[int, ...]]
"""What the public sees on one channel: the revisions shown of every article; empty or absent: nothing."""


class Broken(StrEnum):
    """Which promise was broken."""

    LOST = "lost"
    """An accepted publication never became public on a channel, though nothing newer overtook it."""
    TWICE = "twice"
    """The same article, revision and action took effect twice on a channel."""
    HALF = "half"
    """An article's final state differs between its channels."""
    LAST_WORD = "last word"
    """What the public sees is not what was commanded last."""
    RESURRECTED = "resurrected"
    """An older revision became public after a newer one, or anything after a withdrawal."""


@dataclass(frozen=True)
class Command:
    """What the newsroom accepted; `channels` empty: all there are. Article ids are never used again."""

    article: str
    revision: int
    action: Action
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deed:
    """What had an effect on a channel, as its journal tells."""

    article: str
    revision: int
    action: str
    """`stage`, `publish`, `withdraw`; others are taken as they come."""
    at: datetime
    key: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Violation:
    """A broken promise. `channel` is empty where several are concerned."""

    broken: Broken
    channel: str
    article: str
    words: str

    def __str__(self) -> str:
        return f"{self.broken}: {self.article}{f' on {self.channel}' if self.channel else ''}: {self.words}"


def deeds(lines: Iterable[Mapping[str, Any]]) -> list[Deed]:
    """A journal's lines, in its order."""
    return [
        Deed(
            article=line["article"],
            revision=int(line["revision"]),
            action=line["action"],
            at=datetime.fromisoformat(line["at"]),
            key=line.get("key", ""),
            digest=line.get("digest", ""),
        )
        for line in lines
    ]


def judge(
    commands: Sequence[Command], journals: Mapping[str, Sequence[Deed]], public: Mapping[str, Public]
) -> list[Violation]:
    """Every broken promise; empty if all were kept. To be asked after the newsroom has come to rest.

    Raises KeyError if a command names a channel without a journal, or a journal's public state is missing.
    """
    last: dict[str, Command] = {command.article: command for command in commands}
    found: list[Violation] = []
    for channel, journal in journals.items():
        found += _twice(channel, journal)
        found += _resurrected(channel, journal)
        for command in last.values():
            if channel in (command.channels or journals):
                found += _unheard(command, channel, journal, public[channel])
    for command in last.values():
        found += _half(command, {channel: public[channel] for channel in command.channels or journals})
    return found


def _twice(channel: str, journal: Sequence[Deed]) -> Iterator[Violation]:
    # Staged anew with another text is another deed: its instant came in a later minute than it was dated by.
    counts = Counter(
        (deed.article, deed.revision, deed.action, deed.digest if deed.action == "stage" else "") for deed in journal
    )
    for (article, revision, action, _), count in counts.items():
        if count > 1:
            yield Violation(
                Broken.TWICE, channel, article, f"{action} of revision {revision} took effect {count} times"
            )


def _resurrected(channel: str, journal: Sequence[Deed]) -> Iterator[Violation]:
    newest: dict[str, int] = {}
    gone: set[str] = set()
    for deed in journal:
        if deed.action == "withdraw":
            gone.add(deed.article)
        if deed.action != "publish":
            continue
        when = f"revision {deed.revision} became public at {deed.at.isoformat()}"
        if deed.article in gone:
            yield Violation(Broken.RESURRECTED, channel, deed.article, f"{when}, after the withdrawal")
        elif deed.revision < newest.get(deed.article, 0):
            words = f"{when}, after revision {newest[deed.article]}"
            yield Violation(Broken.RESURRECTED, channel, deed.article, words)
        newest[deed.article] = max(deed.revision, newest.get(deed.article, 0))


def _unheard(command: Command, channel: str, journal: Sequence[Deed], public: Public) -> Iterator[Violation]:
    seen = public.get(command.article, ())
    withdrawn = command.action is Action.WITHDRAW
    wanted = () if withdrawn else (command.revision,)
    if seen == wanted:
        return
    happened = any(
        deed.action == "publish" and (deed.article, deed.revision) == (command.article, command.revision)
        for deed in journal
    )
    if withdrawn or happened:
        words = f"{command.action} of revision {command.revision} was commanded last, the public sees {_shown(seen)}"
        yield Violation(Broken.LAST_WORD, channel, command.article, words)
    else:
        words = f"revision {command.revision} never became public, the public sees {_shown(seen)}"
        yield Violation(Broken.LOST, channel, command.article, words)


def _half(command: Command, public: Mapping[str, Public]) -> Iterator[Violation]:
    seen = {channel: here.get(command.article, ()) for channel, here in public.items()}
    if len(set(seen.values())) > 1:
        words = "; ".join(f"{channel} shows {_shown(revisions)}" for channel, revisions in seen.items())
        yield Violation(Broken.HALF, "", command.article, words)


def _shown(revisions: Sequence[int]) -> str:
    return f"revision {' and '.join(map(str, revisions))}" if revisions else "nothing"
