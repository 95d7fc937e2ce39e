"""Which article leads the home page (头条), and until when: what its manuscript says, or an editor says afterwards.

It stands in the channel's notebook, and is compared with the record's own time, the moment of the latest thing that is
in it: so the home page is the same whenever it is made anew. What leads until a moment gives way to the first thing
that is published after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import AwareDatetime

from pipeline.article import Newsroom, Revision
from pipeline.article.value import Frozen
from pipeline.channel import Notebook

PAGE = "lead"
"""The notebook's page."""
PINNED, UNPINNED = "lead pinned", "lead unpinned"
"""The words of its events."""
MOST = 50
"""Decisions that are remembered; those long past make room."""


class Decision(Frozen):
    """What was last said of one article."""

    article: str
    revision: int
    """The article's newest one when it was said."""
    until: AwareDatetime | None
    """None: it does not lead."""
    at: AwareDatetime
    by: str
    """The editor; "" for the manuscript."""


class Leads(Frozen):
    """All that was said, the latest first."""

    decisions: tuple[Decision, ...] = ()

    def of(self, article_id: str) -> Decision | None:
        return next((one for one in self.decisions if one.article == article_id), None)

    def standing(self, shown: Sequence[Revision]) -> Iterator[str]:
        """Ids of the articles that may lead, the one last said first. `shown`: the newest articles of the site."""
        now = max([*(one.updated_at for one in shown), *(one.at for one in self.decisions)], default=None)
        for one in self.decisions:
            if one.until is not None and now is not None and now < one.until:
                yield one.article

    def after(self, decision: Decision) -> Leads:
        others = (one for one in self.decisions if one.article != decision.article)
        return Leads(decisions=(decision, *others)[:MOST])


def read(notebook: Notebook) -> Leads:
    note = notebook.read(PAGE)
    return Leads.model_validate_json(note.text) if note else Leads()


def say(notebook: Notebook, decision: Decision) -> None:
    """Note what was decided, in the place of whatever was said of the article before."""
    while True:
        note = notebook.read(PAGE)
        before = Leads.model_validate_json(note.text) if note else Leads()
        if notebook.write(
            PAGE,
            before.after(decision).model_dump_json(),
            over=note.version if note else None,
            by=decision.by,
            deed=PINNED if decision.until else UNPINNED,
        ):
            return


def said(revision: Revision, newsroom: Newsroom, leads: Leads) -> Decision | None:
    """What the manuscript of a revision says that has not been heard yet; None if it says nothing new.

    An editor's word on an earlier revision holds, unless the new manuscript has one of its own.
    """
    before, lead = leads.of(revision.id), revision.article.lead
    if before is not None and (before.revision >= revision.number or (before.by and not lead)):
        return None
    if before is None and not lead:
        return None
    until = datetime.strptime(lead, "%Y-%m-%d %H:%M").replace(tzinfo=newsroom.zone) if lead else None
    return Decision(article=revision.id, revision=revision.number, until=until, at=revision.updated_at, by="")
