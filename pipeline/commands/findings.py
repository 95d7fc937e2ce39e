"""What an audit finds, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from gettext import gettext as _
from typing import Any

from pipeline.article import Newsroom
from pipeline.commands.language import N_
from pipeline.record.audit import Difference, Finding
from pipeline.record.chain import Chain
from pipeline.record.heads import Compared
from pipeline.record.testimony import TEXTS

SHOWN = 16
"""Digits of a digest that people are shown."""
_COLUMNS = {
    "key": N_("what it is known by"),
    "column": N_("column"),
    "number": N_("number in the series"),
    "announces": N_("the column that it announces"),
    "published_at": N_("the public date"),
    "accepted_at": N_("the time of acceptance"),
    "imported_from": N_("where it was imported from"),
    "digest": N_("digest"),
    "record": N_("headline and text"),
    "corrected_at": N_("the date of the correction"),
    "note": N_("the note on the correction"),
    "reading": N_("how the manuscript was read"),
    "revision": N_("the revision"),
    "article_id": N_("article"),
    "rollout_id": N_("rollout"),
    "action": N_("action"),
    "state": N_("state"),
    "go_live_at": N_("moment asked for"),
    "release_at": N_("the moment of release"),
    "reason": N_("the reason told to the public"),
    "editor": N_("the name of who submitted it"),
    "ended_at": N_("the time of its end"),
    "channel": N_("channel"),
    "kind": N_("kind"),
    "required": N_("whether it is required"),
    "bundled": N_("whether it goes out together with others"),
    "overtaken": N_("whether it has been overtaken"),
    "problem": N_("the problem"),
    "failed_in": N_("the step that failed"),
    "receipt": N_("the channel's receipt"),
    "evidence": N_("the evidence"),
    "prepared_at": N_("the time of preparation"),
    "checked_at": N_("the time of the last check"),
    "started_at": N_("when the release began"),
    "released_at": N_("when the channel had taken it"),
    "live_at": N_("when it was visible"),
    "verified_at": N_("when it was read back"),
    "ordinal": N_("its place in the lists"),
    "column_ordinal": N_("its place in the column's lists"),
    "instant": N_("the moment of release"),
    "withdrawn": N_("whether it is withdrawn"),
    "text": N_("the text"),
    "closed_by": N_("the name of who closed it"),
    "feedback.digest": N_("page and text"),
    "feedback.note": N_("the note on it"),
}


def told(finding: Finding, newsroom: Newsroom) -> tuple[str, str]:
    """What is wrong, and what stands there instead of what, if that can be said."""
    where, event = _where(finding, newsroom), finding.event
    match finding.difference:
        case Difference.REPLACED:
            return _("{where}: its bytes are others").format(where=where), ""
        case Difference.ADDED:
            return _("{where}: no event speaks of it; somebody added it").format(where=where), ""
        case Difference.MISSING if finding.table == "image":
            return _("{where}: a picture of {article} is missing").format(where=where, article=finding.article), ""
        case Difference.MISSING:
            said = _("{where}: it is missing, and event {event} speaks of it")
            return said.format(where=where, event=_("not sealed yet") if event is None else event), ""
    what = _(_COLUMNS.get(f"{finding.table}.{finding.field}") or _COLUMNS.get(finding.field, finding.field))
    said = (
        _("{where}: {what} is not what the events say")
        if event is None
        else _("{where}: {what} is not what event {event} says")
    )
    values = {name: _value(finding.field, getattr(finding, name), newsroom) for name in ("found", "should")}
    return (
        said.format(where=where, what=what, event=event),
        _("there is: {found}; there should be: {should}").format(**values),
    )


def told_as_json(finding: Finding) -> dict[str, Any]:
    """A finding for programs: `difference` (changed, added, missing, replaced), `table`, `key`, where, `field`, `found`
    and `should` (of long texts their digests), `event`."""
    return finding._asdict()


def _where(one: Finding, newsroom: Newsroom) -> str:
    if one.table == "image":
        return _("picture {digest}").format(digest=f"{str(one.key[0])[:SHOWN]}…")
    if one.table == "feedback":
        return _("message {reference} of a reader").format(reference=one.key[0])
    channel = next((outlet.name for outlet in newsroom.outlets if outlet.id == one.channel), one.channel)
    if one.table == "notebook":
        return _("{channel}, page {page} of its notebook").format(channel=channel, page=one.key[1])
    rollout = one.rollout if one.table != "article" else ""
    parts = [rollout, channel, one.article if one.table != "rollout" else ""]
    if one.table == "revision":
        parts = [_("{article}, revision {revision}").format(article=one.article, revision=one.revision)]
    said = ", ".join(part for part in parts if part)
    return _("{where}, place in the lists").format(where=said) if one.table == "placement" else said


def _value(field: str, value: Any, newsroom: Newsroom) -> str:
    if value is None:
        return "–"
    if value is True:
        return _("yes")
    if isinstance(value, datetime):
        local = value.astimezone(newsroom.zone)
        return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond:06d}"
    if field in TEXTS or field in ("digest", "text"):
        return _("digest {digest}").format(digest=f"{str(value)[:SHOWN]}…")
    return f"“{value}”"


def of_key(chain: Chain) -> str:
    """What is wrong with the key that seals, and the remedy on a line of its own; "" if nothing is."""
    if chain.unkeyed:
        return _(
            "the chain is sealed without a key, though TONGFA_AUDIT_KEY is set here\n"
            "  → if the key is new, take it into use: newsroom audit key; if it was in use before, somebody has made "
            "the chain anew: compare it with heads sent outside and with a backup"
        )
    if not chain.missing:
        return ""
    return _(
        "{count} events are sealed by a key that is not at hand, fingerprint {keys}: whether they are what was written "
        "cannot be said\n"
        "  → set TONGFA_AUDIT_KEY to the key in use, and TONGFA_AUDIT_KEY_BEFORE to those before it"
    ).format(count=chain.unchecked, keys=", ".join(chain.missing))


def of_heads(compared: Compared) -> Iterator[str]:
    """What is wrong with the chain as heads say that were sent outside; one line of each fault."""
    if not compared.heads:
        yield _("there is no head in it: each is one line with number, hash, time and key")
        return
    if one := compared.other:
        yield _(
            "head {number}, sent outside at {moment}, is not in the chain: what it covers was changed, or a backup "
            "older than it was restored and events came after that; the last head that agrees: {agreeing}"
        ).format(number=one.number, moment=one.at, agreeing=compared.agreeing or "–")
    if one := compared.beyond:
        yield _(
            "the chain ends with event {end}, but head {number} was sent outside at {moment}: what came after is "
            "missing, as when an older backup has been restored; the last head that agrees: {agreeing}"
        ).format(end=compared.end, number=one.number, moment=one.at, agreeing=compared.agreeing or "–")


def lines(findings: Iterable[Finding], more: int, newsroom: Newsroom) -> Iterator[str]:
    """All findings, each in one line or two."""
    for one in findings:
        what, detail = told(one, newsroom)
        yield f"✗ {what}"
        if detail:
            yield f"  {detail}"
    if more:
        yield _("and {count} more").format(count=more)
