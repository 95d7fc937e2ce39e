"""For editors: submit, correct, withdraw, try again, and see beforehand how it looks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from gettext import gettext as _
from pathlib import Path

import click

from pipeline.channel import Action, Problem, Text
from pipeline.commands.answers import (
    BAD,
    DONE,
    How,
    accept,
    article_of,
    as_option,
    code_of,
    config_option,
    err,
    follow,
    moment_of,
    open_engine,
    out,
    patience_option,
    print_json,
    problems_of,
    refuse,
    rollout_of,
    starts_a_rollout,
    wait_option,
    who,
)
from pipeline.commands.consent import Wanted, done, dry_option
from pipeline.commands.preview import write_previews
from pipeline.commands.reading import Asking, Desk, as_read, reads_manuscripts, words_of
from pipeline.commands.telling import tell
from pipeline.engine import Engine, Piece, Unfit
from pipeline.manuscript import BadManuscript, Manuscript
from pipeline.record.submission import Changed


@click.command("queue-submit")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--column", metavar="NAME", help="the column (栏目), instead of the manuscript's own")
@click.option("--channels", metavar="A,B", help="only these channels, by id")
@click.option(
    "--together", is_flag=True, help="all files as one rollout (专题): they go out at one moment, or none does"
)
@click.option("--check", is_flag=True, help="only say what was read and what each channel would refuse")
@click.option("--urgent", is_flag=True, help="before all that waits; also for what has been submitted already")
@starts_a_rollout
@reads_manuscripts
def queue_submit(
    how: How,
    asking: Asking,
    files: tuple[Path, ...],
    column: str | None,
    channels: str | None,
    together: bool,
    check: bool,
    urgent: bool,
) -> int:
    with closing(open_engine(how.config)) as engine:
        chosen = chosen_channels(channels, engine)
        moment = moment_of(how.at, engine)
        read, refused = _manuscripts(files, engine, chosen, _desk(asking, engine, how, column or ""))
        manuscripts = {path: manuscript for path, manuscript in read.items() if path not in refused}
        if check or (refused and how.as_json):
            for path, manuscript in manuscripts.items():
                _fit(path, manuscript, as_json=how.as_json)
        for path in (path for path in dict.fromkeys(files) if path in refused):
            known = as_read(read[path]) if path in read else {}
            refuse(path, refused[path], engine, as_json=how.as_json, read=known)
        if refused and not check and len(files) > 1 and not how.as_json:
            err.print(_("Nothing has been submitted: correct the files named above and submit all of them again."))
        if refused or check:
            return BAD if refused else DONE
        code = DONE
        groups = [[*manuscripts.items()]] if together else [[one] for one in manuscripts.items()]
        for group in groups:
            file = group[0][0] if len(group) == 1 else None
            try:
                accepted = engine.publish_together(
                    [Piece(one.article, one.media, one.reading) for _path, one in group],
                    editor=who(how.editor),
                    channels=chosen,
                    go_live_at=moment,
                    urgent=urgent,
                )
            except Changed as change:
                problem = _changed(change.article_id, file or Path("FILE"))
                code = max(code, refuse(file, {"": [problem]}, engine, as_json=how.as_json))
            except Unfit as error:
                code = max(code, refuse(file, error.problems, engine, as_json=how.as_json))
            else:
                code = max(code, accept(accepted, engine, file, how=how))
        return code


def chosen_channels(channels: str | None, engine: Engine) -> list[str]:
    wanted = [one.strip() for one in (channels or "").split(",") if one.strip()]
    known = [outlet.id for outlet in engine.newsroom.outlets]
    if unknown := [one for one in wanted if one not in known]:
        raise click.UsageError(
            _("--channels: there is no channel {unknown}; the channels are {known}").format(
                unknown=", ".join(unknown), known=", ".join(known)
            )
        )
    return wanted


def _desk(asking: Asking, engine: Engine, how: How, column: str = "") -> Desk:
    newsroom = engine.newsroom.with_columns(engine.columns())
    now, words = engine.store.clock.wall(), words_of(how.config)
    return Desk(asking, newsroom, who(how.editor), now, how.as_json, column=column, words=words)


def _manuscripts(
    files: Sequence[Path], engine: Engine, channels: Sequence[str], desk: Desk
) -> tuple[dict[Path, Manuscript], dict[Path, Mapping[str, Sequence[Problem]]]]:
    """The files that can be read, shown and settled, and what keeps any of the files from its channels."""
    manuscripts: dict[Path, Manuscript] = {}
    refused: dict[Path, Mapping[str, Sequence[Problem]]] = {}
    for path in files:
        try:
            manuscripts[path] = desk.read(path)
        except BadManuscript as error:
            refused[path] = problems_of(error)
    for path, manuscript in manuscripts.items():
        desk.show(path, manuscript)
        try:
            # Where one file is refused none is submitted: nobody is asked for answers that would be lost.
            asked = dataclasses.replace(desk, alone=desk.alone or bool(refused))
            manuscripts[path] = asked.settled(path, manuscript)
            engine.drafts(manuscripts[path].article, channels)
        except (BadManuscript, Unfit) as error:
            refused[path] = problems_of(error)
    return manuscripts, refused


def _fit(path: Path, manuscript: Manuscript, *, as_json: bool) -> None:
    if as_json:
        print_json({"file": str(path), "problems": [], **as_read(manuscript)})
    else:
        headline = manuscript.article.headline
        out.print(_("{path}: “{headline}” can go out on every channel.").format(path=path, headline=headline))


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


@click.command("correct")
@click.argument("article", metavar="ID")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--note", default="", metavar="TEXT", help="what the public is told of the correction")
@dry_option
@starts_a_rollout
@reads_manuscripts
def correct(
    how: How,
    asking: Asking,
    article: str,
    file: Path,
    note: str,
    dry: bool,
) -> int:
    with closing(open_engine(how.config)) as engine:
        known, moment = article_of(engine, article), moment_of(how.at, engine)
        try:
            manuscript = _desk(asking, engine, how).take(file)
            deed = partial(
                engine.correct,
                known,
                manuscript.article,
                manuscript.media,
                editor=who(how.editor),
                note=note,
                go_live_at=moment,
                reading=manuscript.reading,
            )
            wanted = Wanted(Action.CORRECT, known, note, moment, manuscript.article)
            return done(deed, wanted, engine, file, how=how, yes=asking.yes, dry=dry)
        except (BadManuscript, Unfit) as error:
            return refuse(file, problems_of(error), engine, as_json=how.as_json)


@click.command("withdraw")
@click.argument("article", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="what the public is told")
@click.option("--yes", is_flag=True, help="do it without asking, at a terminal, too")
@dry_option
@starts_a_rollout
def withdraw(
    how: How,
    article: str,
    reason: str,
    yes: bool,
    dry: bool,
) -> int:
    with closing(open_engine(how.config)) as engine:
        known, moment = article_of(engine, article), moment_of(how.at, engine)
        deed = partial(engine.withdraw, known, reason=reason, editor=who(how.editor), go_live_at=moment)
        wanted = Wanted(Action.WITHDRAW, known, reason, moment)
        return done(deed, wanted, engine, None, how=how, yes=yes, dry=dry)


@click.command("retry")
@click.argument("rollout", metavar="ID")
@click.option("--adopt", is_flag=True, help="an unknown delivery has happened: you have seen it yourself")
@wait_option
@patience_option
@as_option
@config_option
def retry(rollout: str, adopt: bool, wait: bool, timeout: float, editor: str | None, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        number = rollout_of(engine, rollout)
        engine.retry(number, editor=who(editor), adopt=adopt)
        if not wait:
            out.print(_("follow it with: newsroom status {rollout}").format(rollout=number))
            return DONE
        return code_of(follow(engine, engine.store.report(number), timeout, quiet=False))


@click.command("preview")
@click.argument("source", metavar="FILE|ID")
@reads_manuscripts
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("preview"),
    show_default=True,
    metavar="DIR",
    help="where to write it",
)
@as_option
@config_option
def preview(asking: Asking, source: str, folder: Path, editor: str | None, config: str | None) -> int:
    with closing(open_engine(config)) as engine:
        path = Path(source)
        try:
            if path.exists():
                newsroom = engine.newsroom.with_columns(engine.columns())
                desk = Desk(
                    asking, newsroom, who(editor), engine.store.clock.wall(), as_json=False, words=words_of(config)
                )
                manuscript = desk.take(path)
                written = write_previews(engine, manuscript.article, manuscript.media, folder)
            else:
                revision = engine.store.revision(article_of(engine, source))
                written = write_previews(engine, revision.article, {}, folder)
        except (BadManuscript, Unfit) as error:
            return refuse(path, problems_of(error), engine, as_json=False)
        for one in written:
            out.print(f"{one.name}: {one.path}")
            for remark in one.remarks:
                out.print(f"  ! {tell(remark)}")
        return DONE
