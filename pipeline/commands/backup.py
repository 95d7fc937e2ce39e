"""`newsroom backup` and `newsroom restore`: one file, and what it is put in the place of."""

from __future__ import annotations

import errno
import logging
from collections.abc import Collection, Sequence
from contextlib import closing
from datetime import UTC, datetime
from gettext import gettext as _
from pathlib import Path
from urllib.parse import urlsplit

import click

from pipeline.commands import reading
from pipeline.commands.answers import (
    BAD,
    BROKEN,
    DONE,
    as_option,
    config_option,
    configured,
    err,
    json_option,
    open_engine,
    out,
    print_json,
    who,
)
from pipeline.commands.language import N_
from pipeline.engine import Engine, backups, reconciling
from pipeline.engine.reconciling import Newer
from pipeline.newsroom import Configuration
from pipeline.record import restoring
from pipeline.record.backup import Packed
from pipeline.whereabouts import candidates
from pipeline.workers import folder, logs, processes, tasks

_WHAT = {
    "published": N_("published, and unknown to the record"),
    "corrected": N_("corrected later than the record knows"),
    "withdrawn": N_("withdrawn later than the record knows"),
}
_FULL = (errno.ENOSPC, errno.EDQUOT)
ALL = "all"


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--replace", is_flag=True, help="take the place of a file that is there, once the new one is whole")
@json_option
@config_option
def backup(file: Path, replace: bool, as_json: bool, config: str | None) -> int:
    place = file.absolute()
    with closing(open_engine(config)) as engine:
        if why_not := _why_not(place, engine.configuration, replace=replace):
            raise click.UsageError(why_not)
        try:
            packed = backups.write(engine.configuration, engine.store, place, datetime.now(UTC))
        except OSError as error:
            if error.errno not in _FULL:
                raise
            said = _("There is no room for the backup in {folder}, and nothing of it was left there.")
            err.print(said.format(folder=place.parent))
            err.print(_("Make room there (df -h tells what is free), or name a file on another disk."))
            return BROKEN
    if as_json:
        print_json({"file": str(place), "size": packed.size, "digest": packed.digest, **packed.head.model_dump()})
        return DONE
    out.print(_("{path}: {size}, digest {digest}").format(path=place, size=_size(packed.size), digest=packed.digest))
    _show(packed)
    return DONE


def _why_not(place: Path, configuration: Configuration, *, replace: bool) -> str:
    """What keeps a backup from being put there, "" if nothing does."""
    if not place.parent.is_dir():
        return _("there is no folder {folder}").format(folder=place.parent)
    if place.exists() and not replace:
        return _("{path} is there already; name another file, or say --replace").format(path=place)
    here = place.resolve()
    if any(here.is_relative_to(root) for root in _roots(configuration)):
        return _("{path} would be public: it holds what has not come out yet. Name another folder").format(path=place)
    return ""


def _roots(configuration: Configuration) -> list[Path]:
    """The folders of this machine that everybody reads."""
    named = [str(outlet.options["root"]) for outlet in configuration.newsroom.outlets if "root" in outlet.options]
    local = [configuration.data / root for root in named if not urlsplit(root).scheme]
    return [one.resolve() for one in (configuration.site, *local)]


def _show(packed: Packed) -> None:
    head = packed.head
    local = f"{head.taken_at.astimezone():%Y-%m-%d %H:%M:%S}"
    said = _("{newsroom}, {moment}, version {version}: {articles} articles, {rollouts} rollouts, {pictures} pictures")
    out.print(said.format(newsroom=head.newsroom, moment=local, version=head.program, **head.counts))


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count = round(count / 1000)
    return f"{count} GB"


@click.command("restore")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="[FILE]")
@click.option(
    "--reconcile",
    is_flag=True,
    help="let the record learn what the public sees and it does not know; asks what is to be kept or withdrawn",
)
@click.option("--keep", multiple=True, metavar="WHAT", help="keep it public: a channel, an article, or all")
@click.option("--withdraw", multiple=True, metavar="WHAT", help="withdraw it everywhere: a channel, an article, or all")
@click.option("--reason", default="", metavar="TEXT", help="why it is withdrawn; the public reads it")
@click.option("--dry-run", "dry", is_flag=True, help="check the file, or list what is newer, and change nothing")
@click.option("--yes", is_flag=True, help="do not ask whether the record is to be replaced")
@as_option
@config_option
def restore(
    file: Path | None,
    reconcile: bool,
    keep: Sequence[str],
    withdraw: Sequence[str],
    reason: str,
    dry: bool,
    yes: bool,
    editor: str | None,
    config: str | None,
) -> int:
    logs.configure(logging.ERROR)
    if file is None and not reconcile:
        raise click.UsageError(_("name a backup's file, or say --reconcile"))
    if withdraw and not reason:
        raise click.UsageError(_("--withdraw needs --reason: the public reads it"))
    packed = None
    if file is not None:
        packed = backups.checked(file)
        out.print(_("{path} is whole: digest {digest}").format(path=file, digest=packed.digest))
        _show(packed)
        if dry and not reconcile:
            out.print(_("Nothing has been done: --dry-run."))
            return DONE
        if not dry:
            _put_configuration(file, config)
    configuration = configured(config)
    with processes.alone(configuration) as alone:
        if not alone:
            err.print(
                _("A newsroom is up on {data}. Stop it (Ctrl-C where it runs), and repeat the command.").format(
                    data=configuration.data
                )
            )
            return BAD
        if file is not None and packed is not None and not dry:
            if not yes and reading.at_terminal() and not _wanted(configuration):
                raise click.Abort
            _put_record(configuration, file, packed, who(editor))
        with closing(tasks.open_engine(configuration)) as engine:
            restoring.refuse_if_used(engine.store)
            chosen = _Chosen(keep, withdraw, reason)
            return _reconciled(engine, chosen, who(editor), wanted=reconcile, restored=file is not None, dry=dry)


def _put_configuration(file: Path, config: str | None) -> None:
    found = next((one for one in candidates(config) if one.is_file()), candidates(config)[0])
    placed = backups.put(backups.configured(file), found.absolute(), datetime.now(UTC))
    for one in placed.made:
        out.print(_("made {path}").format(path=one))
    for one in placed.beside:
        out.print(_("the configuration of the backup is another one: it stands in {path}").format(path=one))


def _wanted(configuration: Configuration) -> bool:
    said = _("Put it in the place of the record of {newsroom}? The record that is there is kept beside it.")
    err.print(f"? {said.format(newsroom=configuration.newsroom.name)}", style="bold yellow")
    if reading.said_yes():
        return True
    err.print(_("Nothing has been done."))
    return False


def _put_record(configuration: Configuration, file: Path, packed: Packed, editor: str) -> None:
    folder.admit(configuration)
    with closing(tasks.store_of(configuration)) as store:
        restoring.refuse_if_used(store)
        now = datetime.now(UTC)
        aside = restoring.restore(store, file, packed.head, digest=packed.digest, who=editor, now=now)
    with closing(tasks.open_engine(configuration)) as engine:
        reconciling.forget(engine)
    out.print(_("the record is that of the backup; whatever was under way is asked about before it is repeated"))
    if aside:
        out.print(_("the record that was there is kept: {place}").format(place=aside))


class _Chosen:
    """What the operator says of what is newer, by article, channel or all."""

    def __init__(self, keep: Collection[str], withdraw: Collection[str], reason: str) -> None:
        self._keep, self._withdraw, self.reason = keep, withdraw, reason

    def of(self, one: Newer) -> str:
        """`keep`, `withdraw`, or "" where nothing is said: what names it most narrowly counts."""
        if one.what == "withdrawn":
            return "keep"
        for names in ({one.article}, set(one.channels), {ALL}):
            if names & {*self._withdraw}:
                return "withdraw"
            if names & {*self._keep}:
                return "keep"
        return ""

    def ask(self, undecided: Sequence[Newer]) -> list[str]:
        """What is said of each at the terminal."""
        answers = []
        for one in undecided:
            err.print(f"? {one.article} “{one.headline}”", style="bold yellow")
            asked = _("keep it public (k), or withdraw it everywhere (w)?")
            answers.append(
                "withdraw" if click.prompt(asked, type=click.Choice(["k", "w"]), err=True) == "w" else "keep"
            )
        if "withdraw" in answers and not self.reason:
            self.reason = click.prompt(_("why is it withdrawn? The public reads it"), err=True)
        return answers


def _reconciled(engine: Engine, chosen: _Chosen, editor: str, *, wanted: bool, restored: bool, dry: bool) -> int:
    found = reconciling.news(engine)
    newer = reconciling.newer(found)
    if newer:
        _list(newer, engine)
    if dry:
        out.print(_("Nothing has been done: --dry-run."))
        return DONE
    if newer and not wanted:
        err.print(_("The public sees what the record does not know: no worker starts before one of these is done."))
        err.print(_("  newsroom restore FILE, with a newer backup"))
        err.print(_("  newsroom restore --reconcile, with --keep or --withdraw and a channel, an article or all"))
        return BROKEN
    decided = {one.article: chosen.of(one) for one in newer}
    if undecided := [one for one in newer if not decided[one.article]]:
        if not reading.at_terminal():
            err.print(_("Say of each what is to become of it: --keep or --withdraw, a channel, an article or all."))
            return BAD
        answers = chosen.ask(undecided)
        decided |= {one.article: answer for one, answer in zip(undecided, answers, strict=True)}
    withdrawn = [article for article, answer in decided.items() if answer == "withdraw"]
    made = reconciling.reconcile(engine, found, withdrawn, reason=chosen.reason, who=editor)
    said = _("taken over: {count} rollouts; withdrawn: {withdrawn}; the record knows what the public sees")
    out.print(said.format(count=made.taken_over, withdrawn=len(withdrawn)))
    for article, pictures in made.lost.items():
        said = _("{article}: {count} of its pictures are nowhere any more: hand them in again with newsroom correct")
        err.print(said.format(article=article, count=len(pictures)))
    if restored:
        out.print(_("public files that are wanting: newsroom rebuild; then: newsroom up"))
    return DONE


def _list(newer: Sequence[Newer], engine: Engine) -> None:
    """What is public and newer, channel by channel."""
    names = {outlet.id: outlet.name for outlet in engine.newsroom.outlets}
    channels = dict.fromkeys(channel for one in newer for channel in one.channels)
    for channel in channels:
        out.print(f"{names.get(channel, channel)} ({channel})", style="bold")
        for one in newer:
            if channel in one.channels:
                moment = f"{one.at.astimezone(engine.newsroom.zone):%Y-%m-%d %H:%M:%S}"
                out.print(f"  {one.article}  {moment}  {_(_WHAT[one.what])}: {one.headline}", soft_wrap=True)
    others = dict.fromkeys(channel for one in newer for channel in one.unanswering)
    if others:
        told = ", ".join(names.get(channel, channel) for channel in others)
        out.print(_("{channels}: asked about each of them once the newsroom is up").format(channels=told))
