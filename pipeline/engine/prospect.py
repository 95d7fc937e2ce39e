"""What a correction or a withdrawal of an article will change, channel by channel, before anybody asks for it."""

from __future__ import annotations

from pipeline.article import Outlet, Revision
from pipeline.article.value import Frozen
from pipeline.channel import Correction
from pipeline.engine.engine import Engine
from pipeline.newsroom import BadConfiguration
from pipeline.rollout import RolloutState


class There(Frozen):
    """How an article stands on a channel that it was sent to."""

    outlet: Outlet
    configured: bool
    """Whether the newsroom's file still has it."""
    corrects: Correction | None
    """None: it cannot be opened here."""
    public: bool
    address: str
    """Where the public finds it; "" if the channel has told none."""


class Prospect(Frozen):
    """An article as it stands now, everywhere."""

    revision: Revision
    channels: tuple[There, ...]
    overtaken: str
    """The rollout of it that is under way, and would be overtaken; "" if none is."""


def prospect(engine: Engine, known: str) -> Prospect:
    """How an article stands. Raises `Impossible` if there is none of this id."""
    revision = engine.store.revision(known)
    last = engine.store.report(engine.store.latest_rollout(known))
    told = {one.channel: one.receipt.url for one in last.deliveries if one.article == known and one.receipt}
    names = {outlet.id: outlet for outlet in engine.newsroom.outlets}
    channels = []
    for sent in engine.store.sent_to(known):
        entry = engine.store.catalogue(sent.id, engine.clock.now, engine.newsroom.columns).entry(known)
        channels.append(
            There(
                outlet=names.get(sent.id, sent),
                configured=sent.id in names,
                corrects=_corrects(engine, sent.id),
                public=entry is not None and entry.withdrawn_at is None,
                address=told.get(sent.id, ""),
            )
        )
    running = last.state in (RolloutState.PREPARING, RolloutState.READY, RolloutState.HELD)
    return Prospect(revision=revision, channels=tuple(channels), overtaken=last.rollout if running else "")


def _corrects(engine: Engine, channel: str) -> Correction | None:
    try:
        return engine.channel(channel).corrects
    except (BadConfiguration, KeyError):
        return None
