"""Importing an archive: many articles at once, dated as they are, where the public finds them and nobody is told.

A batch is accepted in one transaction, brought before the public by the channels' `rebuild`, read back, and recorded in
another transaction: an import that is killed is seen to have taken over what it did not finish. Only channels that
`rebuilds` take part.

What "seen" means here: of each article its own files are read back from where the public gets them, and so is each
list that has to show it; a list or feed that shows many of the batch is read once for all of them, after the last was
written. Nothing has waited for the disk: a machine that loses its power in the next half minute may lose public files
that the record says it has seen, and `newsroom rebuild` makes them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from pipeline import faults
from pipeline.article import Article, Newsroom, Outlet, Place, Revision
from pipeline.channel import (
    Action,
    Catalogue,
    ChannelError,
    Delivery,
    Evidence,
    Memo,
    Problem,
    Receipt,
    Rendition,
    Text,
)
from pipeline.engine import columns
from pipeline.engine.channels import refuse_retired
from pipeline.engine.engine import Engine, Piece, Unfit
from pipeline.record.ids import article_id
from pipeline.record.importing import Came, Old, Part

BATCH = 250
"""Articles of a transaction, and of one turn of each channel."""


class Dated(NamedTuple):
    """An article of an archive, as `filed` has it."""

    piece: Piece
    published_at: datetime
    file: str
    """The manuscript's path below the folder that is imported."""


@dataclass
class Result:
    """What became of a batch."""

    imported: int = 0
    known: int = 0
    """The newsroom had them, or has them twice in the batch's own archive."""
    unseen: int = 0
    """Imported, and not read back as they should be: the newsroom's workers look again."""
    refused: dict[str, Mapping[str, Sequence[Problem]]] = field(default_factory=dict)
    """By file: problems by channel, those of the article itself under ""."""


class Import:
    """One import into a newsroom; nobody else imports meanwhile (`Store.exclusive`). `chosen`: the channels' ids.

    Raises `Unfit` if one of them cannot take part.
    """

    def __init__(self, engine: Engine, editor: str, chosen: Sequence[str] = ()) -> None:
        self._engine, self._store, self._editor = engine, engine.store, editor
        able = {
            outlet.id: engine.channel(outlet.id).rebuilds for outlet in engine.newsroom.outlets if not outlet.retired
        }
        wanted = chosen or [one for one, can in able.items() if can]
        if retired := {one: [refuse_retired(self._outlet(one))] for one in wanted if one not in able}:
            raise Unfit(retired)
        if unable := {one: [_unable(self._outlet(one))] for one in wanted if not able[one]}:
            raise Unfit(unable)
        self.outlets = [self._outlet(one) for one in able if one in wanted]
        self.newsroom = engine.newsroom.with_columns(engine.columns())
        self._catalogues = {
            outlet.id: engine.store.catalogue(outlet.id, engine.clock.now, engine.newsroom.columns)
            for outlet in self.outlets
        }

    def _outlet(self, channel: str) -> Outlet:
        return next(outlet for outlet in self._engine.newsroom.outlets if outlet.id == channel)

    def finished(self) -> Iterator[Result]:
        """Finish what an earlier import accepted and did not come to finish, batch by batch."""
        while parts := self._store.unfinished(BATCH):
            renditions = {(one.channel, one.revision.id): self._rendered(one.channel, one.revision) for one in parts}
            came = self._seen(parts, renditions)
            unseen = self._store.finish(came, self._engine.clock.now())
            yield Result(imported=len({one.revision.id for one in parts}), unseen=unseen)

    def imported(self, batch: Sequence[Dated], *, dry: bool = False) -> Result:
        """Import one batch, the newest article first; `dry`: only look what would become of it."""
        result = Result()
        have = self._store.keys_known([one.piece.article.key for one in batch])
        new = [one for one in batch if one.piece.article.key not in have]
        result.known = len(batch) - len(new)
        numbers = range(1, len(new) + 1) if dry else self._store.reserve(len(new)) if new else []
        olds: list[Old] = []
        renditions: dict[tuple[str, str], Rendition] = {}
        by_id: dict[str, Dated] = {}
        for one, number in zip(new, numbers, strict=True):
            id = article_id(number)
            revision = Revision(id=id, number=1, article=one.piece.article, published_at=one.published_at)
            made, problems = self._drafted(revision)
            if problems:
                result.refused[one.file] = problems
                continue
            renditions |= {(channel, id): rendition for channel, rendition in made.items()}
            by_id[id] = one
            olds.append(
                Old(
                    number=number,
                    revision=revision,
                    column=self.newsroom.column(one.piece.article.column),
                    file=one.file,
                    media=one.piece.media,
                    reading=one.piece.reading,
                    digests={channel: rendition.digest for channel, rendition in made.items()},
                )
            )
        if dry or not olds:
            result.imported = len(olds)
            return result
        taken = self._store.take_over(olds, self.outlets, editor=self._editor, now=self._engine.clock.now())
        result.known += len(taken.known)
        for id, other in taken.counted_twice.items():
            result.refused[by_id[id].file] = {"": [_counted(by_id[id].piece.article.number, other)]}
        result.unseen = self._store.finish(self._seen(taken.parts, renditions), self._engine.clock.now())
        result.imported = len({one.rollout_id for one in taken.parts})
        return result

    def _drafted(self, revision: Revision) -> tuple[dict[str, Rendition], dict[str, list[Problem]]]:
        made, problems = {}, {}
        for outlet in self.outlets:
            try:
                made[outlet.id] = self._rendered(outlet.id, revision)
            except (ChannelError, faults.NotRendered) as error:
                problems[outlet.id] = [faults.unfit(self._engine.channel(outlet.id), error)]
        return made, problems

    def _rendered(self, channel: str, revision: Revision) -> Rendition:
        return faults.rendered(self._engine.channel(channel), revision, self.newsroom)

    def _seen(self, parts: Sequence[Part], renditions: Mapping[tuple[str, str], Rendition]) -> list[Came]:
        """The parts made public, channel by channel, and read back."""
        came, memos = [], self._store.memos(parts)
        for channel in dict.fromkeys(one.channel for one in parts):
            mine = [one for one in parts if one.channel == channel]
            deliveries = [
                _delivery(
                    self._engine,
                    self._catalogues[channel],
                    channel,
                    one.revision,
                    rendition=renditions[channel, one.revision.id],
                    memo=memos.get(one.delivery_id),
                )
                for one in mine
            ]
            began = self._engine.clock.now()
            receipts = dict(self._engine.channel(channel).rebuild(deliveries))
            ended = self._engine.clock.now()
            seen: dict[str, Evidence] = dict(self._engine.channel(channel).verify_all(deliveries))
            for part in mine:
                id = part.revision.id
                digest = renditions[channel, id].digest
                came.append(Came(part, receipts[id], seen[id], digest, began, ended))
        return came


def filed(article: Article, newsroom: Newsroom) -> Article:
    """The article in its column, which may be closed: it is of a time when it was not. Raises `Unfit`."""
    try:
        column = newsroom.column(article.column)
    except KeyError:
        open_columns = [one.model_copy(update={"closed": ""}) for one in newsroom.columns]
        raise Unfit({"": [columns.refuse(article.column, open_columns, [])]}) from None
    # No number is given: those of a series are by the order in which articles are accepted.
    return article.model_copy(update={"column": column.id}).completed(column, Place.unknown())


def rebuilt(engine: Engine, channel_id: str) -> Iterator[tuple[str, Receipt]]:
    """Make all public files of a channel anew from the record, batch by batch; see `Channel.rebuild`."""
    yield from engine.channel(channel_id).rebuild(_standing(engine, channel_id))
    engine.channels.has_come(channel_id)


def differing(engine: Engine, channel_id: str) -> Iterator[str]:
    """Where `rebuilt` would change something; see `Channel.differing`."""
    return engine.channel(channel_id).differing(_standing(engine, channel_id))


def _standing(engine: Engine, channel_id: str) -> Iterator[Delivery]:
    """The deliveries that put every article of a channel where it is now."""
    channel = engine.channel(channel_id)
    catalogue = engine.store.catalogue(channel_id, engine.clock.now, engine.newsroom.columns)
    newsroom = engine.newsroom.with_columns(engine.columns())
    for revision, action, reason, memo in engine.store.standing(channel_id):
        rendition = None if action is Action.WITHDRAW else channel.render(revision, newsroom)
        yield _delivery(engine, catalogue, channel_id, revision, action, rendition=rendition, reason=reason, memo=memo)


def _delivery(
    engine: Engine,
    catalogue: Catalogue,
    channel: str,
    revision: Revision,
    action: Action = Action.PUBLISH,
    *,
    rendition: Rendition | None,
    reason: str = "",
    memo: Memo | None = None,
) -> Delivery:
    """What a channel is given to put an article where the catalogue has it."""
    return Delivery(
        key=Delivery.key_of(revision, channel, action),
        action=action,
        revision=revision,
        configured=engine.newsroom,
        rendition=rendition,
        reason=reason,
        memo=memo,
        catalogue=catalogue,
        media=engine.store.media(),
    )


def _unable(outlet: Outlet) -> Problem:
    return Problem(
        field="--channels",
        message=Text.of(
            "{channel} cannot take an archive: each article would go out there as news", channel=outlet.name
        ),
        remedy=Text.of("leave it out; without --channels an archive goes to all channels that can take one"),
    )


def _counted(number: int | None, other: str) -> Problem:
    return Problem(
        field="number",
        message=Text.of("number {number} of the series is {article} already", number=number or "—", article=other),
        remedy=Text.of("correct the number, or leave it out: an imported article is given none"),
    )
