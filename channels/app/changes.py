"""The sequence of changes, by which a client that was away catches up.

    changes.json       the newest 40 … 79 changes, oldest first; `previous` leads to the page before them
    changes/{n}.json   changes 40n-39 … 40n: written once, when twice as many would stand in the newest document

A client keeps the cursor of the last change it has applied. To sync, it reads `changes.json` and follows `previous`
until it meets its cursor (or comes to the beginning: then whatever it has and does not find there is gone), takes the
newest change of every article after it, and reads those articles. What a change speaks of is in place before the change
is: the article's document, its pictures and the lists.

A cursor is a number and a digest of the change and of all before it. So a sequence that was lost and began anew, or was
set back by a backup, is not taken for a continuation: the old cursor is not found, and the client starts over.

These are the only documents that the catalogue does not determine: it knows how articles stand, not the order in which
they came to. If the sequence is lost, it is begun anew with the documents that are there, in the order of publication;
where nothing was corrected or withdrawn, that gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from channels.app.documents import Change, Changes, Envelope, article_path, version_href, written
from channels.files import Files
from pipeline.channel import Catalogue

PAGE = 40
"""Changes of a page."""
NEWEST = "changes.json"
BEGINNING = "0-0"
"""The cursor before the first change."""
AT_ONCE = 500
"""Entries asked of the catalogue at once."""
DIGITS = 16


def path_of(page: int) -> str:
    return f"changes/{page}.json"


def read(data: bytes | None) -> Changes | None:
    """The document, if it is one and whole: every cursor follows from the one before."""
    try:
        document = Changes.model_validate_json(data or b"")
        cursor = document.after
        for change in document.changes:
            if change.cursor != _next(cursor, change):
                return None
            cursor = change.cursor
    except ValueError:  # no such document, or a number in it of thousands of figures
        return None
    return document if cursor == document.cursor else None


def tells(newest: Changes, envelope: Envelope) -> bool:
    """Whether the article is told of as this version, or may be on an older page."""
    said = [change for change in newest.changes if change.id == envelope.id]
    return said[-1].href == version_href(envelope, "") if said else newest.previous is not None


def record(
    files: Files, root: str, catalogue: Catalogue, envelopes: Iterable[Envelope], own: Iterable[Envelope]
) -> None:
    """Add how these articles now stand, and of `own` those not told of, unless that is the last that was said of them.

    Their documents and the lists are in place. Only while the catalogue's lock is held. `root` is the API's folder.
    """
    newest, own = read(files.read(root + NEWEST)), [*own]
    if newest is None:
        together = {one.id for one in own} if len(own) > 1 else set()
        standing = (one for one in _standing(files, root, catalogue) if one.id not in together)
        envelopes = [*standing, *envelopes]
        newest = Changes(cursor=BEGINNING, after=BEGINNING, changes=())
    envelopes = [*envelopes, *(one for one in own if not tells(newest, one))]
    last = {change.id: change for change in newest.changes}
    for envelope in envelopes:
        change = _change(envelope, newest.cursor)
        if (said := last.get(envelope.id)) and said.href == change.href:
            continue
        last[envelope.id] = change
        newest = _grown(files, root, newest, change)
    files.write(root + NEWEST, written(newest))


def _grown(files: Files, root: str, newest: Changes, change: Change) -> Changes:
    """The newest document with one change more; its older half becomes a page if it has two pages' worth."""
    changes = (*newest.changes, change)
    if len(changes) < 2 * PAGE:
        return newest.model_copy(update={"cursor": change.cursor, "changes": changes})
    old, rest = changes[:PAGE], changes[PAGE:]
    page = _number(old[-1].cursor) // PAGE
    inside = tuple(one.model_copy(update={"href": f"../{one.href}"}) for one in old)
    previous = f"{page - 1}.json" if page > 1 else None
    files.write(
        root + path_of(page),
        written(Changes(cursor=old[-1].cursor, after=newest.after, changes=inside, previous=previous)),
    )
    return Changes(cursor=change.cursor, after=old[-1].cursor, changes=rest, previous=path_of(page))


def _change(envelope: Envelope, after: str) -> Change:
    change = Change(
        cursor=BEGINNING,
        id=envelope.id,
        revision=envelope.revision,
        pub_status=envelope.pub_status,
        columns=envelope.columns,
        at=envelope.changed,
        href=version_href(envelope, ""),
    )
    return change.model_copy(update={"cursor": _next(after, change)})


def _next(cursor: str, change: Change) -> str:
    """The cursor after a change that follows `cursor`."""
    said = "\n".join(
        [cursor, change.id, str(change.revision), change.pub_status, *change.columns, change.at.isoformat(),
         change.href.removeprefix("../")]
    )  # fmt: skip
    return f"{_number(cursor) + 1}-{hashlib.sha256(said.encode()).hexdigest()[:DIGITS]}"


def _number(cursor: str) -> int:
    return int(cursor.partition("-")[0])


def _standing(files: Files, root: str, catalogue: Catalogue) -> Iterator[Envelope]:
    """Every document that is there, in the order of publication."""
    last = catalogue.last()
    for first in range(-catalogue.imported(), last + 1, AT_ONCE):
        for entry in catalogue.span(first, min(first + AT_ONCE - 1, last)):
            if envelope := envelope_in(files.read(root + article_path(entry.revision.id))):
                yield envelope


def envelope_in(data: bytes | None) -> Envelope | None:
    """The article's document; None if it is none, or not as it was written."""
    try:
        envelope = Envelope.model_validate_json(data or b"")
        return envelope if envelope.whole else None
    except ValueError:
        return None
