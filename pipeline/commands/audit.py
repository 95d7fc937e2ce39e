"""For auditors: whether the record is what its events say, what they say, and which key seals them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from gettext import gettext as _
from pathlib import Path
from typing import Any

import click

from pipeline.commands import findings, terminal
from pipeline.commands.answers import (
    BAD,
    BROKEN,
    DONE,
    as_option,
    config_option,
    err,
    json_option,
    open_engine,
    out,
    print_json,
    who,
)
from pipeline.record import heads
from pipeline.record.auditing import Audit
from pipeline.record.heads import Sent
from pipeline.record.keys import KEY, SHORTEST
from pipeline.record.report import Event


@click.group("audit")
def audit() -> None:
    pass


@audit.command(help="Check the whole record: that events are as they were written, and all rows as events say.")
@click.option(
    "--heads",
    "files",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    metavar="FILE",
    help="also against heads that were sent outside: the file of [audit], a mailbox, a log; may be given again",
)
@json_option
@config_option
def verify(files: tuple[Path, ...], as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine, ExitStack() as opened:
        found = engine.store.audit(_heads(files, opened) if files else None)
        broken = None if found.chain.broken is None else engine.store.event(found.chain.broken)
        if as_json:
            print_json(audit_told(found, broken))
        else:
            terminal.show_audit(out if found.holds else err, found, broken, engine.newsroom)
        if found.heads is not None and not found.heads.heads:
            return BAD
        return DONE if found.holds else BROKEN


def _heads(files: tuple[Path, ...], opened: ExitStack) -> Iterator[Sent]:
    for path in files:
        yield from heads.lines(opened.enter_context(path.open(encoding="utf-8", errors="replace")))


def audit_told(found: Audit, broken: Event | None) -> dict[str, Any]:
    """An audit for programs. `holds`: whether nothing at all is wrong; `events`, `since`, `last`, `unsealed`: the
    chain; `broken`, `flaw`, `event`: where it breaks; `key`: fingerprint of the key beside the head, `missing_keys`
    those not at hand, `unchecked` how many events they seal; `rows`, `pictures`: what was looked at, `uncovered` rows
    of earlier versions; `findings`: see `findings.told_as_json`, `more` beyond those; `heads`: null without --heads."""
    chain, looked = found.chain, found.looked
    return {
        "holds": found.holds,
        "events": chain.events,
        "unsealed": chain.unsealed,
        "since": chain.since and chain.since.isoformat(),
        "last": chain.last,
        "flaw": chain.flaw,
        "broken": chain.broken,
        "event": broken and broken.model_dump(mode="json"),
        "key": chain.key,
        "unkeyed": chain.unkeyed,
        "missing_keys": chain.missing,
        "unchecked": chain.unchecked,
        "rows": looked.rows,
        "uncovered": looked.uncovered,
        "pictures": looked.pictures,
        "findings": [findings.told_as_json(one) for one in looked.findings],
        "more": looked.more,
        "heads": None if found.heads is None else _compared(found),
    }


def _compared(found: Audit) -> dict[str, Any] | None:
    compared = found.heads
    return compared and {
        **compared._asdict(),
        "other": compared.other and compared.other._asdict(),
        "beyond": compared.beyond and compared.beyond._asdict(),
    }


@audit.command(help="What happened in a rollout (r1), to an article (a1), or beside those on a channel (tv), in order.")
@click.argument("id_", metavar="ID")
@json_option
@config_option
def show(id_: str, as_json: bool, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        events = engine.store.events(id_)
        if as_json:
            print_json([one.model_dump(mode="json") for one in events])
        else:
            terminal.show_events(out, events, engine.newsroom)
        return DONE


@audit.command(help="Take the key in TONGFA_AUDIT_KEY into use: from here on it seals. Also to change it.")
@as_option
@config_option
def key(editor: str | None, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        keys, before = engine.store.keys, engine.store.head()
        if not keys.current:
            raise click.UsageError(_("set {name} to the key first: a long random text").format(name=KEY))
        if keys.weak:
            raise click.UsageError(
                _("{name} needs at least {count} characters and no spaces; openssl rand -hex 32 makes one").format(
                    name=KEY, count=SHORTEST
                )
            )
        if before.key == keys.current:
            out.print(_("nothing new: the chain is sealed by this key, fingerprint {key}").format(key=before.key))
            return DONE
        head = engine.store.take_key(who(editor))
        said = _("from event {number} on the chain is sealed by the key with the fingerprint {key}")
        out.print(said.format(number=head.number, key=head.key))
        out.print(
            "  → "
            + _(
                "restart every worker with it; keep the former key, if there was one: what it sealed is checked with it"
            )
        )
        return DONE
