"""What is asked before the public sees a correction or a withdrawal: which article it is, where, and what will happen.

Asked is only who sits at a terminal. Elsewhere, and with --yes, it is done at once.
"""

from __future__ import annotations

from datetime import datetime
from gettext import gettext as _
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import click

from pipeline.article import Article
from pipeline.channel import Action, Correction
from pipeline.commands import reading
from pipeline.commands.answers import DONE, How, accept, err, out, print_json
from pipeline.commands.language import N_
from pipeline.engine import Engine
from pipeline.engine.prospect import Prospect, There, prospect
from pipeline.record.submission import Accepted

dry_option = click.option(
    "--dry-run",
    "dry",
    is_flag=True,
    help="only show what would happen; without it a terminal asks first, and elsewhere it is done at once",
)


class Deed(Protocol):
    """What is asked for, as the engine does it; `dry`: only looks what would become of it."""

    def __call__(self, *, dry: bool = False) -> Accepted: ...


class Wanted(NamedTuple):
    """What an editor asks for."""

    action: Action
    article: str
    told: str
    """What the public is told: the note of a correction, the reason of a withdrawal."""
    moment: datetime | None
    text: Article | None = None
    """What a correction makes of it."""


_CORRECTED = {
    Correction.IN_PLACE: N_("the same address shows the new text"),
    Correction.REPLACES: N_("a new post takes the old one's place"),
    Correction.NOTICE: N_("a notice follows; what has been seen or heard cannot be changed"),
}
_WITHDRAWN = {
    Correction.IN_PLACE: N_("it is taken away"),
    Correction.REPLACES: N_("it is taken away"),
    Correction.NOTICE: N_("a notice follows; what has been seen or heard cannot be taken back"),
}
_UNSENT = {
    Action.CORRECT: N_("it has not gone out here; it will with the new text"),
    Action.WITHDRAW: N_("it has not gone out here, and will not"),
}
_LOST = N_("the newsroom's file has no such channel any more: somebody has to do it there by hand")
_CLOSED = N_("it cannot be opened on this machine, workers may know it: newsroom doctor")
_ASKED = {Action.CORRECT: N_("Correct it so?"), Action.WITHDRAW: N_("Withdraw it?")}


def done(deed: Deed, wanted: Wanted, engine: Engine, path: Path | None, *, how: How, yes: bool, dry: bool) -> int:
    """Show what will happen, ask, do it, and say what came of it. Raises what `deed` raises, before anybody is asked;
    Abort where the editor does not want it."""
    found = prospect(engine, wanted.article)
    created = deed(dry=True).created
    if dry and how.as_json:
        print_json({"file": str(path) if path else None, "dry_run": True, "created": created, **_told(found, wanted)})
        return DONE
    if created and not how.as_json:
        _show(found, wanted, engine)
    if dry:
        out.print(_("Nothing has been done: --dry-run.") if created else _("It would be nothing new."))
        return DONE
    if created and not (yes or how.as_json) and reading.at_terminal():
        err.print(f"? {_(_ASKED[wanted.action])}", style="bold yellow")
        if not reading.said_yes():
            err.print(_("Nothing has been done."))
            raise click.Abort
    return accept(deed(), engine, path, how=how)


def _show(found: Prospect, wanted: Wanted, engine: Engine) -> None:
    revision, headline = found.revision, found.revision.article.headline
    known = {"article": revision.id, "headline": headline, "revision": revision.number}
    out.print(_("{article} “{headline}”, revision {revision}").format(**known), style="bold")
    if wanted.text is not None and wanted.text.headline != headline:
        out.print(_("  the headline becomes “{headline}”").format(headline=wanted.text.headline))
    for one in found.channels:
        address = f" {one.address}" if one.public and one.address else ""
        out.print(f"  {one.outlet.name}: {_(_what(one, wanted.action))}{address}")
    if found.overtaken:
        out.print(_("  {rollout}, which is under way, is overtaken").format(rollout=found.overtaken))
    told = _("  the public is told: “{text}”") if wanted.told else _("  the public is not told why: --note")
    out.print(told.format(text=wanted.told))
    if wanted.moment is not None:
        local = wanted.moment.astimezone(engine.newsroom.zone)
        out.print(_("  at {moment}").format(moment=f"{local:%Y-%m-%d %H:%M:%S}"))
    out.print()


def _what(one: There, action: Action) -> str:
    """What will happen on a channel, untranslated."""
    if not one.configured:
        return _LOST
    if not one.public:
        return _UNSENT[action]
    if one.corrects is None:
        return _CLOSED
    return (_CORRECTED if action is Action.CORRECT else _WITHDRAWN)[one.corrects]


def _told(found: Prospect, wanted: Wanted) -> dict[str, Any]:
    """For programs."""
    return {
        "action": wanted.action,
        "article": found.revision.id,
        "headline": found.revision.article.headline,
        "revision": found.revision.number,
        "overtakes": found.overtaken or None,
        "go_live_at": wanted.moment,
        "told": wanted.told,
        "channels": [
            {
                "channel": one.outlet.id,
                "name": one.outlet.name,
                "public": one.public,
                "address": one.address or None,
                "corrects": one.corrects,
            }
            for one in found.channels
        ],
    }
