"""The adapters of the newsroom's channels, as its workers have them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import structlog

from pipeline import faults
from pipeline.article import Outlet
from pipeline.channel import Channel, Correction, Problem, Text
from pipeline.newsroom import BadConfiguration, Configuration, open_channel
from pipeline.record.grounds import Ground, grounds, note, public_on
from pipeline.record.store import Store

log = structlog.get_logger("tongfa")


class Channels:
    """The channels of one configuration, each opened at first use. Thread-safe."""

    def __init__(
        self, configuration: Configuration, store: Store, given: Mapping[str, Channel] = MappingProxyType({})
    ) -> None:
        self._configuration = configuration
        self._store = store
        self._open = dict(given)
        self._opening = threading.Lock()
        self._using = 0
        self._left = False
        self.refused: Problem | None = None
        """What is wrong with the newsroom's file as it stands now: these are its channels as they were before."""

    @property
    def outlets(self) -> Sequence[Outlet]:
        return self._configuration.newsroom.outlets

    def warm(self) -> None:
        """Have each channel load what its articles need; one that cannot be opened says so when it is needed."""
        for outlet in self.outlets:
            try:
                self[outlet.id].warm()
            except Exception:
                log.exception("not warmed", channel=outlet.id)

    def __getitem__(self, channel_id: str) -> Channel:
        """The adapter of a configured channel, opened at first use. KeyError if none is configured so."""
        with self._opening:
            if channel_id not in self._open:
                self._open[channel_id] = open_channel(
                    self._configuration, self._outlet(channel_id), self._store.notebook(channel_id)
                )
            return self._open[channel_id]

    def __contains__(self, channel_id: object) -> bool:
        """Whether a channel is configured so."""
        return channel_id in self._open or any(outlet.id == channel_id for outlet in self.outlets)

    def _outlet(self, channel_id: str) -> Outlet:
        for outlet in self.outlets:
            if outlet.id == channel_id:
                return outlet
        raise KeyError(channel_id)

    # -- from one configuration to the next ---------------------------------------------------------------

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Some step is at work with these channels: none of them is closed meanwhile."""
        with self._opening:
            self._using += 1
        try:
            yield
        finally:
            with self._opening:
                self._using -= 1
                ended = self._left and not self._using
            if ended:
                self._close()

    def leave(self) -> None:
        """Nobody begins anything with them any more: they are closed once what is under way has ended."""
        with self._opening:
            self._left = True
            ended = not self._using
        if ended:
            self._close()

    def _close(self) -> None:
        for channel in self._open.values():
            try:
                channel.close()
            except Exception:
                log.exception("not closed", channel=channel.outlet.id)

    def settle(self, but: Sequence[Outlet] = ()) -> None:
        """Open all channels, see that each has a ground of its own, and let the record know it. `but`: those that may
        fail to open: a worker goes on without a channel that another machine has.

        Raises `BadConfiguration`, and what the record raises.
        """
        here = self.grounds(but)
        known = grounds(self._store)
        public = public_on(self._store, known) if any(known.get(one) != now for one, now in here.items()) else {}
        gone = {one: was for one, was in known.items() if one in public and one not in self}
        changed = {one: (known[one], now) for one, now in here.items() if one in public and known.get(one) != now}
        problems = [
            *(_inherited(one, now, old) for one, now in here.items() for old in gone.items() if _is_same(now, old[1])),
            *(_of_another_kind(one, was, now) for one, (was, now) in changed.items() if was.kind != now.kind),
        ]
        if problems:
            raise BadConfiguration(self._configuration.path, tuple(problems))
        for one, now in here.items():
            was = changed[one][0] if one in changed and self[one].corrects is not Correction.NOTICE else now
            moved = was.place != now.place
            note(self._store, one, now.model_copy(update={"place": was.place, "moved_to": now.place}) if moved else now)

    def has_come(self, channel_id: str) -> None:
        """All that is public on the channel stands where the configuration has it."""
        note(self._store, channel_id, self._ground(self._outlet(channel_id)))

    def grounds(self, but: Sequence[Outlet] = ()) -> dict[str, Ground]:
        """Where each channel brings its articles; see `settle`. Raises `BadConfiguration` where two have one ground, or
        two of a kind one within the other's."""
        here: dict[str, Ground] = {}
        for outlet in self.outlets:
            try:
                here[outlet.id] = self._ground(outlet)
            except BadConfiguration as error:
                if outlet not in but:
                    raise
                log.warning("channel cannot be opened", channel=outlet.id, problem=str(error.problems[0].message))
        placed = [(one, its) for one, its in here.items() if its.place]
        pairs = [(one, other) for number, one in enumerate(placed) for other in placed[number + 1 :]]
        if clashes := tuple(_clash(*one, *other) for one, other in pairs if _meet(one[1], other[1])):
            raise BadConfiguration(self._configuration.path, clashes)
        return here

    def _ground(self, outlet: Outlet) -> Ground:
        channel = self[outlet.id]
        try:
            return Ground(kind=outlet.kind, name=outlet.name, place=channel.ground)
        except Exception as error:
            raise BadConfiguration(self._configuration.path, (faults.fault(outlet, error, type(channel)),)) from error


def _meet(one: Ground, other: Ground) -> bool:
    if one.place == other.place:
        return True
    above, below = sorted((one.place, other.place), key=len)
    return one.kind == other.kind and below.startswith(f"{above.rstrip('/')}/")


def _is_same(one: Ground, other: Ground) -> bool:
    return bool(one.place) and one.place == other.place


def _clash(first: str, its: Ground, second: str, other: Ground) -> Problem:
    return Problem(
        field=f"channel {second}",
        message=Text.of(
            "{first} ({channel}) and {second} ({other}) have one place, {place}: each would spoil what the other does",
            first=its.name,
            channel=first,
            second=other.name,
            other=second,
            place=max(its.place, other.place, key=len),
        ),
        remedy=Text.of("give each channel a folder, address or account of its own, none within the other's"),
    )


def _inherited(channel: str, ground: Ground, old: tuple[str, Ground]) -> Problem:
    return Problem(
        field=f"channel {channel}",
        message=Text.of(
            "{place} is the place of the channel {old} ({name}), of which something is public there",
            place=ground.place,
            old=old[0],
            name=old[1].name,
        ),
        remedy=Text.of(
            "a channel's id is for ever: call it {old} again; or put {old} back with retired = true, "
            "and give {channel} a place of its own",
            old=old[0],
            channel=channel,
        ),
    )


def _of_another_kind(channel: str, was: Ground, now: Ground) -> Problem:
    return Problem(
        field=f"channel {channel}",
        message=Text.of(
            "{channel} is of the kind {kind}, but what is public there is of the kind {was}",
            channel=channel,
            kind=now.kind,
            was=was.kind,
        ),
        remedy=Text.of(
            "put the kind back, with retired = true if it takes nothing new, and give the new channel an id of its own"
        ),
    )


NOWHERE = Problem(
    field="channel",
    message=Text.of("every channel of the newsroom is retired: there is none that takes new articles"),
    remedy=Text.of("add a channel to the newsroom's file, or take retired = true from one"),
)


def refuse_retired(outlet: Outlet) -> Problem:
    """Why nothing new goes out on a retired channel."""
    return Problem(
        field="--channels",
        message=Text.of("{channel} is retired: it takes no new articles", channel=outlet.name),
        remedy=Text.of("leave it out; what is public there can be corrected and withdrawn as ever"),
    )
