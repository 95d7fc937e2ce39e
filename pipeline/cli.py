"""The commands: `queue-submit` for editors, `newsroom` for everything else.

Exit codes: 0 done · 1 something is wrong with the installation · 2 bad usage or bad manuscript · 3 held ·
4 failed on some channel · 5 not finished in time.
"""

from __future__ import annotations

import dataclasses
import getpass
import json
import logging
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache, wraps
from gettext import gettext as _
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NoReturn

import click
from filelock import FileLock, Timeout
from sqlalchemy.exc import SQLAlchemyError

from pipeline import broker, demo, doctor, language, logs, tasks, terminal
from pipeline import newsroom as configuring
from pipeline.article import Image
from pipeline.channel import Channel, Problem, Text
from pipeline.columns import UNTITLED, address_of
from pipeline.columns import new as new_column
from pipeline.engine import Engine, Piece, Unfit
from pipeline.language import tell
from pipeline.manuscript import BadManuscript, Manuscript, read
from pipeline.manuscript.images import PictureRefused, inspect
from pipeline.newsroom import BadConfiguration, Configuration
from pipeline.preview import write_previews
from pipeline.processes import Processes, end_with_parent
from pipeline.reports import Impossible, Report
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.store import Accepted, Changed
from pipeline.web.report import page as report_page
from pipeline.web.site import Hear
from pipeline.web.site import serve as serve_site

COMMANDS = "tongfa.commands"
"""The entry-point group of commands that kinds and stand-ins add."""

DONE, BROKEN, BAD, HELD, FAILED, LATE = range(6)
_FAILED = (DeliveryState.FAILED, DeliveryState.UNKNOWN)

_out = terminal.console()
_err = terminal.console(stderr=True)

_config = click.option(
    "--config", metavar="FILE", help="the newsroom's file; default TONGFA_CONFIG, newsroom.toml, config/newsroom.toml"
)
_as = click.option("--as", "editor", metavar="NAME", help="who submits it; default: your login name")
_at = click.option(
    "--at",
    metavar='"YYYY-MM-DD HH:MM"',
    help="go out at this moment, in the newsroom's time; default: as soon as every channel is ready",
)
_wait = click.option("--wait", is_flag=True, help="stay until it has come to an end on every channel")
_patience = click.option(
    "--timeout",
    type=float,
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="how long --wait waits beyond the moment of release",
)
_json = click.option("--json", "as_json", is_flag=True, help="print JSON for programs instead of text for people")


@dataclasses.dataclass(frozen=True)
class How:
    """The options that every command has which starts a rollout."""

    at: str | None
    wait: bool
    timeout: float
    as_json: bool
    editor: str | None
    config: str | None


def _starts_a_rollout(command: Callable[..., int]) -> Callable[..., int]:
    """Give the command those options, as one `How` before its own arguments."""

    @wraps(command)
    def told(
        at: str | None,
        wait: bool,
        timeout: float,
        as_json: bool,
        editor: str | None,
        config: str | None,
        **own: Any,
    ) -> int:
        return command(How(at, wait, timeout, as_json, editor, config), **own)

    for option in (_config, _as, _json, _patience, _wait, _at):
        told = option(told)
    return told


def main_queue_submit() -> None:
    _run(queue_submit)


def main_newsroom() -> None:
    _run(newsroom)


def _run(command: click.Command) -> NoReturn:
    """Settle the language, run the command, and turn whatever a person can mend into words and an exit code."""
    try:
        locale = configuring.load(configuring.locate(_named(sys.argv))).newsroom.locale
    except BadConfiguration:
        locale = "zh_CN"
    language.choose(locale)
    _translate(command)
    try:
        code = command.main(prog_name=command.name, standalone_mode=False) or DONE
    except BadConfiguration as error:
        terminal.show_problems(_err, error.problems, str(error.path) if error.path.exists() else "")
        code = BAD
    except SQLAlchemyError as error:
        terminal.show_problems(_err, [doctor.silent_database(error)])
        code = BROKEN
    except OSError as error:
        what = ": ".join(str(part) for part in (error.filename, error.strerror or error) if part)
        _err.print(_("{what}. What is wrong with the installation: newsroom doctor").format(what=what))
        code = BROKEN
    except Impossible as error:
        terminal.show_problems(_err, [error.problem])
        code = BAD
    except click.ClickException as error:
        error.show()
        code = BAD
    except (click.Abort, KeyboardInterrupt):
        code = 130
    sys.exit(code)


def _named(arguments: Sequence[str]) -> str | None:
    """What `--config` names: looked for by hand, because the language has to be known before click reads the rest."""
    for option, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = option.partition("=")
        if name == "--config":
            return value if equals else following
    return None


def _translate(command: click.Command) -> None:
    """click takes its texts when the module is read, before the language is known."""
    if command.help:
        command.help = command.short_help = _(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            parameter.help = _(parameter.help)
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _translate(one)


def _configured(config: str | None) -> Configuration:
    return configuring.load(configuring.locate(config))


def _engine(config: str | None) -> Engine:
    logs.configure(logging.ERROR)
    return tasks.open_engine(_configured(config))


def _moment(at: str | None, engine: Engine) -> datetime | None:
    """`--at` as an aware time. Raises UsageError for what is no time, or past."""
    if at is None:
        return None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise click.UsageError(_("--at: “{at}” is not a time; write it like 2026-12-01 08:00").format(at=at)) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=engine.newsroom.zone)
    if moment < engine.clock.now() - timedelta(minutes=1):
        raise click.UsageError(_("--at: {at} is past; leave --at out to publish now").format(at=at))
    return moment


# -- editors ------------------------------------------------------------------------------------------


@click.command(
    "queue-submit", help="Submit articles (.md .docx .html .txt): each goes out on every channel at one moment."
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--column", metavar="NAME", help="the column (栏目), instead of the manuscript's own")
@click.option("--channels", metavar="A,B", help="only these channels, by id")
@click.option(
    "--together", is_flag=True, help="all files as one rollout (专题): they go out at one moment, or none does"
)
@click.option("--check", is_flag=True, help="only say what each channel would refuse; nothing is submitted")
@_starts_a_rollout
def queue_submit(
    how: How,
    files: tuple[Path, ...],
    column: str | None,
    channels: str | None,
    together: bool,
    check: bool,
) -> int:
    with closing(_engine(how.config)) as engine:
        chosen = _chosen(channels, engine)
        moment = _moment(how.at, engine)
        manuscripts, refused = _manuscripts(files, column, engine, chosen)
        for path, manuscript in manuscripts.items():
            if not how.as_json:
                terminal.show_problems(_err, manuscript.notices, str(path))
            if check or (refused and how.as_json):
                _fit(path, manuscript, as_json=how.as_json)
        for path, problems in refused.items():
            _refuse(path, problems, engine, as_json=how.as_json)
        if refused and not check and len(files) > 1 and not how.as_json:
            _err.print(_("Nothing has been submitted: correct the files named above and submit all of them again."))
        if refused or check:
            return BAD if refused else DONE
        code = DONE
        groups = [[*manuscripts.items()]] if together else [[one] for one in manuscripts.items()]
        for group in groups:
            file = group[0][0] if len(group) == 1 else None
            try:
                accepted = engine.publish_together(
                    [Piece(manuscript.article, manuscript.media) for _path, manuscript in group],
                    editor=_who(how.editor),
                    channels=chosen,
                    go_live_at=moment,
                )
            except Changed as change:
                problem = _changed(change.article_id, file or Path("FILE"))
                code = max(code, _refuse(file, {"": [problem]}, engine, as_json=how.as_json))
            except Unfit as error:
                code = max(code, _refuse(file, error.problems, engine, as_json=how.as_json))
            else:
                code = max(code, _accepted(accepted, engine, file, how=how))
        return code


def _chosen(channels: str | None, engine: Engine) -> list[str]:
    wanted = [one.strip() for one in (channels or "").split(",") if one.strip()]
    known = [outlet.id for outlet in engine.newsroom.outlets]
    if unknown := [one for one in wanted if one not in known]:
        raise click.UsageError(
            _("--channels: there is no channel {unknown}; the channels are {known}").format(
                unknown=", ".join(unknown), known=", ".join(known)
            )
        )
    return wanted


def _manuscripts(
    files: Sequence[Path], column: str | None, engine: Engine, channels: Sequence[str]
) -> tuple[dict[Path, Manuscript], dict[Path, Mapping[str, Sequence[Problem]]]]:
    """The files as manuscripts that are fit for their channels, and what is wrong with those that are not."""
    fit: dict[Path, Manuscript] = {}
    refused: dict[Path, Mapping[str, Sequence[Problem]]] = {}
    for path in files:
        try:
            manuscript = read(path)
            if column:
                article = manuscript.article.model_copy(update={"column": column})
                manuscript = dataclasses.replace(manuscript, article=article)
            engine.drafts(manuscript.article, channels)
            fit[path] = manuscript
        except (BadManuscript, Unfit) as error:
            refused[path] = _problems(error)
    return fit, refused


def _problems(error: BadManuscript | Unfit) -> Mapping[str, Sequence[Problem]]:
    """By channel; under "" those of the manuscript itself."""
    return error.problems if isinstance(error, Unfit) else {"": error.problems}


def _refuse(path: Path | None, problems: Mapping[str, Sequence[Problem]], engine: Engine, *, as_json: bool) -> int:
    """Say what is wrong with a manuscript."""
    if as_json:
        told = [
            {
                "channel": channel or None,
                "field": one.field,
                "line": getattr(one, "line", None),
                "message": tell(one.message),
                "remedy": tell(one.remedy),
            }
            for channel, many in problems.items()
            for one in many
        ]
        _print_json({"file": str(path) if path else None, "problems": told})
    else:
        terminal.show_refused(_err, problems, str(path) if path else "", engine.newsroom)
    return BAD


def _fit(path: Path, manuscript: Manuscript, *, as_json: bool) -> None:
    if as_json:
        _print_json({"file": str(path), "problems": []})
    else:
        headline = manuscript.article.headline
        _out.print(_("{path}: “{headline}” can go out on every channel.").format(path=path, headline=headline))


def _changed(article: str, path: Path) -> Problem:
    return Problem(
        field="",
        message=Text.of("the newsroom has this article as {article}, with another content", article=article),
        remedy=Text.of(
            "a correction: newsroom correct {article} {path}; another article: give it another headline or 编号",
            article=article,
            path=str(path),
        ),
    )


def _accepted(accepted: Accepted, engine: Engine, path: Path | None, *, how: How) -> int:
    """Say what was accepted, follow it if asked to, and give the exit code."""
    if not how.as_json:
        said = (
            _("accepted as {article}, revision {revision}, rollout {rollout}")
            if accepted.created and len(accepted.article_ids) == 1
            else _("accepted together as {article}, rollout {rollout}")
            if accepted.created
            else _("nothing new: this is {article}, revision {revision}, rollout {rollout}")
        )
        place = f"{path}: " if path else ""
        _out.print(
            place
            + said.format(
                article=", ".join(accepted.article_ids), revision=accepted.revision, rollout=accepted.rollout_id
            )
        )
        if getattr(engine.send, "away", False):
            _err.print(_("The broker is away. The submission is safe and goes out when the newsroom is up again."))
    report = engine.store.report(accepted.rollout_id)
    if how.wait:
        report = _follow(engine, report, how.timeout, quiet=how.as_json)
    elif not how.as_json:
        if report.go_live_at > engine.clock.now():
            local = report.go_live_at.astimezone(engine.newsroom.zone)
            _out.print(_("it goes out at {moment}").format(moment=f"{local:%Y-%m-%d %H:%M:%S}"))
        _out.print(_("follow it with: newsroom status {rollout}").format(rollout=report.rollout))
    if how.as_json:
        _print_json(
            {"file": str(path) if path else None, "created": accepted.created, **report.model_dump(mode="json")}
        )
    return _code(report) if how.wait else DONE


def _follow(engine: Engine, report: Report, timeout: float, *, quiet: bool) -> Report:
    """Show the rollout until it has come to an end, or `timeout` seconds after its moment; the last report."""
    patience = max(report.go_live_at, engine.clock.now()) + timedelta(seconds=timeout)
    pause = threading.Event()
    try:
        report = terminal.follow(
            terminal.console(quiet=quiet),
            lambda: engine.store.report(report.rollout),
            engine.newsroom,
            deadline=lambda: engine.clock.now() >= patience,
            pause=lambda: pause.wait(terminal.REFRESH),
        )
    except KeyboardInterrupt:
        _err.print(_("It goes on without you: newsroom status {rollout}").format(rollout=report.rollout))
        raise
    if not terminal.ended(report):
        _err.print(
            _("Not finished yet. It goes on by itself: newsroom status {rollout}").format(rollout=report.rollout)
        )
    return report


def _code(report: Report) -> int:
    if report.state is RolloutState.HELD:
        return HELD
    if any(one.state in _FAILED for one in report.deliveries):
        return FAILED
    return DONE if terminal.ended(report) else LATE


def _who(editor: str | None) -> str:
    try:
        return editor or getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


# -- newsroom -----------------------------------------------------------------------------------------


class _Newsroom(click.Group):
    """Its own commands, and those that kinds and stand-ins bring along, loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=COMMANDS))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if own := super().get_command(ctx, cmd_name):
            return own
        for point in entry_points(group=COMMANDS, name=cmd_name):
            found: click.Command = point.load()
            _translate(found)
            return found
        return None


def _opened(kind: str, config: str | None = None) -> Channel:
    """The newsroom's channel of this kind, for the kind's own commands."""
    configuration = _configured(config)
    for outlet in configuration.newsroom.outlets:
        if outlet.kind == kind:
            return configuring.open_channel(configuration, outlet, redis=broker.plain_address(configuration))
    raise click.UsageError(_("this newsroom has no channel of the kind {kind}").format(kind=kind))


@click.group("newsroom", cls=_Newsroom, help="Run and watch the newsroom (融媒体中心).")
@click.pass_context
def newsroom(context: click.Context) -> None:
    context.obj = _opened


@newsroom.command(help="Correct an article everywhere: the file becomes its next revision.")
@click.argument("article", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--note", default="", metavar="TEXT", help="what the public is told of the correction")
@_starts_a_rollout
def correct(
    how: How,
    article: str,
    file: Path,
    note: str,
) -> int:
    with closing(_engine(how.config)) as engine:
        try:
            manuscript = read(file)
            accepted = engine.correct(
                _article(engine, article),
                manuscript.article,
                manuscript.media,
                editor=_who(how.editor),
                note=note,
                go_live_at=_moment(how.at, engine),
            )
        except (BadManuscript, Unfit) as error:
            return _refuse(file, _problems(error), engine, as_json=how.as_json)
        return _accepted(accepted, engine, file, how=how)


@newsroom.command(help="Withdraw an article everywhere.")
@click.argument("article", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="what the public is told")
@_starts_a_rollout
def withdraw(
    how: How,
    article: str,
    reason: str,
) -> int:
    with closing(_engine(how.config)) as engine:
        known, moment = _article(engine, article), _moment(how.at, engine)
        accepted = engine.withdraw(known, reason=reason, editor=_who(how.editor), go_live_at=moment)
        return _accepted(accepted, engine, None, how=how)


@newsroom.command(help="Try again what failed, was held, or is unknown.")
@click.argument("rollout", metavar="ID")
@click.option("--adopt", is_flag=True, help="an unknown delivery has happened: you have seen it yourself")
@_wait
@_patience
@_as
@_config
def retry(rollout: str, adopt: bool, wait: bool, timeout: float, editor: str | None, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        number = _rollout(engine, rollout)
        engine.retry(number, editor=_who(editor), adopt=adopt)
        if not wait:
            _out.print(_("follow it with: newsroom status {rollout}").format(rollout=number))
            return DONE
        return _code(_follow(engine, engine.store.report(number), timeout, quiet=False))


def _rollout(engine: Engine, known: str) -> str:
    """The rollout that an article's id (its last one) or a rollout's id means."""
    return engine.store.latest_rollout(known) if known.startswith("a") else known


def _article(engine: Engine, known: str) -> str:
    """The article that its own id, or the id of one of its rollouts, means."""
    return engine.store.report(known).article if known.startswith("r") else known


@newsroom.command(help="What became of a rollout (r1) or of an article's last one (a1).")
@click.argument("id_", metavar="ID")
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="write it as one page (发布回执), to be printed or handed on",
)
@_json
@_config
def report(id_: str, page: Path | None, as_json: bool, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        found = engine.store.report(_rollout(engine, id_))
        if page:
            chain = engine.store.chain()
            page.parent.mkdir(parents=True, exist_ok=True)
            newsroom = engine.newsroom.with_columns(engine.columns())
            page.write_text(report_page(found, newsroom, chain, engine.clock.now()), encoding="utf-8")
            if as_json:
                _print_json(found.model_dump(mode="json"))
            else:
                _out.print(_("the report of {rollout} is in {path}").format(rollout=found.rollout, path=page))
            if chain.broken is not None:
                terminal.show_chain(_err, chain, engine.store.event(chain.broken), engine.newsroom)
            return _code(found) or (DONE if chain.broken is None else BROKEN)
        if as_json:
            _print_json(found.model_dump(mode="json"))
        else:
            terminal.show_report(_out, found, engine.newsroom)
        return _code(found)


@newsroom.command(help="Where things stand: everything under way, held or failed; or one rollout.")
@click.argument("id_", metavar="[ID]", required=False)
@_config
def status(id_: str | None, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        if id_:
            terminal.show_report(_out, engine.store.report(_rollout(engine, id_)), engine.newsroom)
            return DONE
        shown = engine.store.reports(
            [state for state in RolloutState if state not in (RolloutState.COMPLETE, RolloutState.CANCELLED)]
        )
        for one in [*shown, *(one for one in engine.store.stuck() if one not in shown)]:
            terminal.show_report(_out, one, engine.newsroom)
            _out.print()
        health = engine.store.health(engine.clock.now())
        _out.print(
            _(
                "{complete} complete, {running} under way, {held} held; failed deliveries: {failed}, unknown: {unknown}"
            ).format(
                complete=health.rollouts.get(RolloutState.COMPLETE, 0),
                running=sum(1 for one in shown if one.state is not RolloutState.HELD),
                held=health.rollouts.get(RolloutState.HELD, 0),
                failed=health.deliveries.get(DeliveryState.FAILED, 0),
                unknown=health.deliveries.get(DeliveryState.UNKNOWN, 0),
            )
        )
        return DONE


@newsroom.command("list", help="The newest articles.")
@click.option("--limit", type=int, default=20, show_default=True, help="how many")
@_config
def list_(limit: int, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        newsroom = engine.newsroom.with_columns(engine.columns())
        terminal.show_articles(_out, engine.store.articles(limit), newsroom)
        return DONE


@newsroom.command(help="How a manuscript, or an article (a1), looks on every channel.")
@click.argument("source", metavar="FILE|ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("preview"),
    show_default=True,
    metavar="DIR",
    help="where to write it",
)
@_config
def preview(source: str, out: Path, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        path = Path(source)
        try:
            if path.exists():
                manuscript = read(path)
                written = write_previews(engine, manuscript.article, manuscript.media, out)
            else:
                revision = engine.store.revision(_article(engine, source))
                written = write_previews(engine, revision.article, {}, out)
        except (BadManuscript, Unfit) as error:
            return _refuse(path, _problems(error), engine, as_json=False)
        for name, place in written:
            _out.print(f"{name}: {place}")
        return DONE


# -- columns ------------------------------------------------------------------------------------------


@newsroom.group("column", help="Columns (栏目): open, rename or close one on every channel at once.")
def column() -> None:
    pass


@column.command("open", help="Open a column on every channel at one moment, with its 编者按.")
@click.argument("name", metavar="NAME")
@click.option(
    "--note",
    "note",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="the 编者按, as a manuscript (.md .docx .html .txt); its headline, if it has one, heads the opening post",
)
@click.option(
    "--banner",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="IMAGE",
    help="a picture that stands above the column's articles",
)
@click.option("--series", default="", metavar="TEXT", help="number its articles in this series: TEXT之一, TEXT之二 …")
@click.option("--note-on-all", is_flag=True, help="every article carries the 编者按; default: only the first")
@click.option("--about", default="", metavar="TEXT", help="one sentence of what it is about; default: from the 编者按")
@click.option("--keywords", default="", metavar="A,B", help="default: its name")
@click.option(
    "--address", default="", metavar="WORD", help="its part of web addresses; default: the initials of its pinyin"
)
@_starts_a_rollout
def open_(
    how: How,
    name: str,
    note: Path,
    banner: Path | None,
    series: str,
    note_on_all: bool,
    about: str,
    keywords: str,
    address: str,
) -> int:
    with closing(_engine(how.config)) as engine:
        try:
            manuscript = read(note, untitled=UNTITLED)
            image, media = _banner(banner)
        except BadManuscript as error:
            return _refuse(note, _problems(error), engine, as_json=how.as_json)
        except PictureRefused as error:
            problem = Problem(field="--banner", message=error.message, remedy=error.remedy)
            return _refuse(banner, {"": [problem]}, engine, as_json=how.as_json)
        opened = new_column(
            name,
            manuscript.article,
            address=_address(address),
            about=about,
            keywords=[one.strip() for one in keywords.replace("，", ",").split(",") if one.strip()],
            series=series,
            note_on_all=note_on_all,
            banner=image,
        )
        try:
            accepted = engine.open_column(
                opened,
                Piece(manuscript.article, {**manuscript.media, **media}),
                editor=_who(how.editor),
                go_live_at=_moment(how.at, engine),
            )
        except (Unfit, Changed) as error:
            return _refuse_column(error, note, engine, as_json=how.as_json)
        return _accepted(accepted, engine, None, how=how)


def _address(word: str) -> str:
    if word and not re.fullmatch("[a-z0-9][a-z0-9-]*", word):
        raise click.UsageError(
            _("--address: “{word}” cannot stand in an address; use a-z, 0-9 and hyphens").format(word=word)
        )
    return word


def _banner(path: Path | None) -> tuple[Image | None, Mapping[str, bytes]]:
    """The banner's picture and its bytes. Raises `PictureRefused`, OSError."""
    if path is None:
        return None, {}
    data = path.read_bytes()
    image = inspect(data, path.name)
    return image, {image.digest: data}


def _refuse_column(error: Unfit | Changed, path: Path | None, engine: Engine, *, as_json: bool) -> int:
    if isinstance(error, Unfit):
        return _refuse(None if "" in error.problems else path, error.problems, engine, as_json=as_json)
    problem = Problem(
        field="",
        message=Text.of("{article} does this already, with another content", article=error.article_id),
        remedy=Text.of("to change its text: newsroom correct {article} FILE", article=error.article_id),
    )
    return _refuse(path, {"": [problem]}, engine, as_json=as_json)


@column.command("close", help="Close a column everywhere: a closing line is published, and it takes no new articles.")
@click.argument("name", metavar="NAME")
@click.option("--line", default="", metavar="TEXT", help="the closing line; default: the house's own")
@_starts_a_rollout
def close(
    how: How,
    name: str,
    line: str,
) -> int:
    with closing(_engine(how.config)) as engine:
        try:
            accepted = engine.close_column(name, line, editor=_who(how.editor), go_live_at=_moment(how.at, engine))
        except (Unfit, Changed) as error:
            return _refuse_column(error, None, engine, as_json=how.as_json)
        return _accepted(accepted, engine, None, how=how)


@column.command("rename", help="Give a column another name everywhere; its old addresses lead to the new one.")
@click.argument("name", metavar="NAME")
@click.argument("new", metavar="NEW_NAME")
@click.option(
    "--address", default="", metavar="WORD", help="its part of web addresses; default: the initials of the new name"
)
@_starts_a_rollout
def rename(
    how: How,
    name: str,
    new: str,
    address: str,
) -> int:
    with closing(_engine(how.config)) as engine:
        try:
            accepted = engine.rename_column(
                name,
                new,
                _address(address) or address_of(new),
                editor=_who(how.editor),
                go_live_at=_moment(how.at, engine),
            )
        except (Unfit, Changed) as error:
            return _refuse_column(error, None, engine, as_json=how.as_json)
        return _accepted(accepted, engine, None, how=how)


@column.command("list", help="All columns: open, closed, and those that have still to open.")
@_json
@_config
def columns(as_json: bool, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        lines = engine.column_lines()
        if as_json:
            _print_json([one.model_dump(mode="json") for one in lines])
        else:
            terminal.show_columns(_out, lines, engine.newsroom)
        return DONE


@newsroom.group("audit", help="The record of events: whether it holds, and what it says.")
def audit() -> None:
    pass


@audit.command(help="Check every event of the record: none may be changed, missing or added.")
@_json
@_config
def verify(as_json: bool, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        chain = engine.store.chain()
        broken = None if chain.broken is None else engine.store.event(chain.broken)
        if as_json:
            _print_json(
                {
                    "holds": chain.broken is None,
                    "events": chain.events,
                    "since": chain.since and chain.since.isoformat(),
                    "last": chain.last,
                    "flaw": chain.flaw,
                    "broken": chain.broken,
                    "event": broken and broken.model_dump(mode="json"),
                }
            )
        else:
            terminal.show_chain(_out if chain.broken is None else _err, chain, broken, engine.newsroom)
        return DONE if chain.broken is None else BROKEN


@audit.command(help="What happened in a rollout (r1), or to an article (a1), in order.")
@click.argument("id_", metavar="ID")
@_json
@_config
def show(id_: str, as_json: bool, config: str | None) -> int:
    with closing(_engine(config)) as engine:
        events = engine.store.events(id_)
        if as_json:
            _print_json([one.model_dump(mode="json") for one in events])
        else:
            terminal.show_events(_out, events, engine.newsroom)
        return DONE


# -- operators ----------------------------------------------------------------------------------------


@newsroom.command(help="Run everything on this machine: broker, workers, web server. Ctrl-C stops it.")
@_config
def up(config: str | None) -> int:
    configuration = _configured(config)
    logs.configure()
    end_with_parent()
    configuration.data.mkdir(parents=True, exist_ok=True)
    broker.run_folder(configuration).mkdir(exist_ok=True)
    lock = FileLock(broker.run_folder(configuration) / "up.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        _err.print(
            _(
                "A newsroom is already up on {data}. Stop it first (Ctrl-C where it runs), or set another TONGFA_DATA."
            ).format(data=configuration.data)
        )
        return BAD
    with lock, closing(tasks.open_engine(configuration)) as engine:
        for outlet in configuration.newsroom.outlets:
            engine.channel(outlet.id)  # a channel that cannot be opened is told once, here, not by every worker
        stop = _stopped()
        with Processes(configuring.environment(configuration)) as processes:
            if not configuration.broker:
                processes.start("broker", "broker")
                while not doctor.broker_answers(configuration) and not stop.wait(0.05):
                    pass  # where it stands is known to the others only once it is there
            for queue in (tasks.STEPS, tasks.RELEASES):
                processes.start(queue, "worker", "--queue", queue)
            if configuration.listen:
                processes.start("serve", "serve")
            threading.Thread(target=_announce, args=(configuration, stop), daemon=True, name="announce").start()
            processes.watch(stop)
            _out.print(_("stopping; steps under way end first …"))
    return DONE


def _announce(configuration: Configuration, stop: threading.Event) -> None:
    while not doctor.working(configuration):
        if stop.wait(0.1):
            return
    _out.print(_("the newsroom is up: {url}").format(url=configuration.newsroom.site.url))
    sys.stdout.flush()


def _stopped() -> threading.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


@newsroom.command(help="Run workers in the foreground: of both queues, or of one.")
@click.option("--queue", type=click.Choice([tasks.STEPS, tasks.RELEASES]), help="only this queue, in this very process")
@_config
def worker(queue: str | None, config: str | None) -> int:
    configuration = _configured(config)
    logs.configure()
    end_with_parent()
    if queue:
        tasks.work(configuration, queue)
        return DONE
    stop = _stopped()
    with Processes(configuring.environment(configuration)) as processes:
        for one in (tasks.STEPS, tasks.RELEASES):
            processes.start(one, "worker", "--queue", one)
        processes.watch(stop)
    return DONE


@newsroom.command(help="Serve the public site in the foreground.")
@click.option("--listen", metavar="HOST:PORT", help="default: as configured")
@click.option(
    "--site", type=click.Path(path_type=Path), metavar="DIR", help="the folder to serve; default: the newsroom's"
)
@_config
def serve(listen: str | None, site: Path | None, config: str | None) -> int:
    configuration = _configured(config)
    logs.configure()
    end_with_parent()
    host, colon, port = (listen or configuration.listen).rpartition(":")
    if not colon or not port.isdecimal():
        raise click.UsageError(_("--listen: write a host and a port, like 0.0.0.0:8000"))
    try:
        serve_site(site or configuration.site, host.strip("[]"), int(port), None if site else _hearing(configuration))
    except OSError as error:
        _err.print(
            _(
                "cannot listen on {address}: {reason}. Choose another with [engine] listen, TONGFA_LISTEN or --listen."
            ).format(address=f"{host}:{port}", reason=_(os.strerror(error.errno or 0)))
        )
        return BROKEN
    return DONE


def _hearing(configuration: Configuration) -> Hear:
    """What platforms call, given to an engine that is opened with the first call: a site alone needs no database."""

    @cache
    def engine() -> Engine:
        return tasks.open_engine(configuration)

    return lambda channel, method, query, body: engine().hear(channel, method, query, body)


@newsroom.command("broker", hidden=True, help="Run the embedded broker in the foreground.")
@_config
def broker_(config: str | None) -> int:
    logs.configure()
    end_with_parent()
    return DONE if broker.run(_configured(config), _stopped()) else BROKEN


@newsroom.command("doctor", help="Check configuration, database, broker, workers and every channel.")
@_config
def doctor_(config: str | None) -> int:
    logs.configure(logging.ERROR)
    configuration = _configured(config)
    good = True
    for finding in doctor.examine(configuration):
        mark = "✓" if finding.problem is None else "✗"
        _out.print(f"{mark} {tell(finding.what)}")
        if finding.problem is not None:
            good = False
            terminal.show_problems(_out, [finding.problem], indent="  ")
    return DONE if good else BROKEN


@newsroom.command("init", help="Make a new newsroom in a folder: its file, with comments, and an example article.")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def init(folder: Path) -> int:
    target = folder / "newsroom.toml"
    if target.exists():
        _err.print(_("{path} exists already; nothing was changed").format(path=target))
        return BAD
    folder.mkdir(parents=True, exist_ok=True)
    text = configuring.demo_file().read_text(encoding="utf-8")
    target.write_text(text.replace('data = "../var"', 'data = "var"'), encoding="utf-8")
    shutil.copytree(configuring.examples(), folder / "examples", dirs_exist_ok=True)
    _out.print(
        _("made {path}. Change its values, then: newsroom doctor --config {path}; newsroom up --config {path}").format(
            path=target
        )
    )
    return DONE


@newsroom.command(
    "demo", help="Show it all once: start a newsroom in a folder, publish the example, print the report, stop."
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    metavar="DIR",
    help="where to leave the pages; emptied first",
)
@_config
def demo_(data: Path, config: str | None) -> int:
    logs.configure(logging.ERROR)
    started = time.monotonic()
    shown = demo.run(configuring.locate(config) if config else configuring.demo_file(), data.absolute(), _out)
    if shown is None:
        return BROKEN
    _out.print(_("That took {seconds} seconds.").format(seconds=round(time.monotonic() - started)))
    return _code(shown)


if __name__ == "__main__":
    main_newsroom()
