"""The commands: `queue-submit` for editors, `newsroom` for everything else. What they do is in `pipeline.commands`.

Nothing that they need is imported here: `newsroom --help` has to come at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from gettext import gettext as _
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, NoReturn

import click

from pipeline import whereabouts
from pipeline.commands import language
from pipeline.commands.later import Later, translate

if TYPE_CHECKING:
    from pipeline.channel import Channel

COMMANDS = "tongfa.commands"
"""The entry-point group of commands that kinds bring along."""
DONE, BAD, INTERRUPTED = 0, 2, 130

PATIENT = 50_000
"""Objects after which Python looks for garbage: most of what a command makes are modules, which are none, and looking
through them again and again, as it does from 700 on, takes a tenth of its time."""

QUEUE_SUBMIT = Later(
    "queue-submit",
    "pipeline.commands.editors:queue_submit",
    help="Submit articles (.md .docx .html .txt): each goes out on every channel at one moment.",
)


def main_queue_submit() -> None:
    _run(QUEUE_SUBMIT)


def main_newsroom() -> None:
    _run(newsroom)


def _run(command: click.Command) -> NoReturn:
    """Settle the language, run the command, and turn whatever a person can mend into words and an exit code."""
    gc.set_threshold(PATIENT)
    found = (place for place in whereabouts.candidates(_named(sys.argv)) if place.is_file())
    language.choose(next(map(whereabouts.locale_of, found), whereabouts.LOCALE))
    translate(command)
    try:
        code = command.main(prog_name=command.name, standalone_mode=False) or DONE
    except click.ClickException as error:
        error.show()
        code = BAD
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:
        from pipeline.commands import trouble  # noqa: PLC0415 - knows every room, and is needed where something failed

        code = trouble.told(error)
    sys.exit(code)


def _named(arguments: Sequence[str]) -> str | None:
    """What `--config` names: looked for by hand, because the language has to be known before click reads the rest."""
    for option, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, value = option.partition("=")
        if name == "--config":
            return value if equals else following
    return None


class _Newsroom(click.Group):
    """Its own commands, and those that kinds bring along, loaded when they are named or listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group=COMMANDS))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if own := super().get_command(ctx, cmd_name):
            return own
        for point in entry_points(group=COMMANDS, name=cmd_name):
            found: click.Command = point.load()
            translate(found)
            return found
        return None


def _opened(kind: str, config: str | None = None) -> Channel:
    """The newsroom's channel of this kind, for the kind's own commands."""
    from pipeline.commands.answers import open_engine  # noqa: PLC0415 - only those commands need the engine

    engine = open_engine(config)
    for outlet in sorted(engine.newsroom.outlets, key=lambda one: one.retired):
        if outlet.kind == kind:
            return engine.channel(outlet.id)
    raise click.UsageError(_("this newsroom has no channel of the kind {kind}").format(kind=kind))


@click.group("newsroom", cls=_Newsroom, help="Run and watch the newsroom (融媒体中心).")
@click.pass_context
def newsroom(context: click.Context) -> None:
    context.obj = _opened


for one in (
    Later(
        "read",
        "pipeline.commands.reading:read_",
        help="How manuscripts are read (.md .docx .html .txt): the 读稿单. Nothing is stored or sent.",
    ),
    Later(
        "import",
        "pipeline.commands.importing:import_",
        help="Import an archive: a folder of manuscripts, with their dates.",
    ),
    Later(
        "rebuild",
        "pipeline.commands.importing:rebuild",
        help="Make public files anew from the record, the same bytes.",
    ),
    Later(
        "backup",
        "pipeline.commands.backup:backup",
        help="Put record and configuration into one file, while everything runs.",
    ),
    Later(
        "restore",
        "pipeline.commands.backup:restore",
        help="Put a backup in the place of the record; and let it learn what is public and newer.",
    ),
    Later(
        "correct",
        "pipeline.commands.editors:correct",
        help="Correct an article everywhere: the file becomes its next revision.",
    ),
    Later(
        "withdraw",
        "pipeline.commands.editors:withdraw",
        help="Withdraw an article everywhere.",
    ),
    Later(
        "retry",
        "pipeline.commands.editors:retry",
        help="Try again what failed, was held, or is unknown.",
    ),
    Later(
        "report",
        "pipeline.commands.outcome:report",
        help="What became of a rollout (r1) or of an article's last one (a1).",
    ),
    Later(
        "status",
        "pipeline.commands.outcome:status",
        help="Where things stand: everything under way, held or failed; or one rollout.",
    ),
    Later(
        "list",
        "pipeline.commands.outcome:list_",
        help="The newest articles.",
    ),
    Later(
        "preview",
        "pipeline.commands.editors:preview",
        help="How a manuscript, or an article (a1), looks on every channel.",
    ),
    Later(
        "audit",
        "pipeline.commands.audit:audit",
        help="The record of events: whether it holds, what it says, and its key.",
    ),
    Later(
        "column",
        "pipeline.commands.column:column",
        help="Columns (栏目): open, rename or close one on every channel at once.",
    ),
    Later(
        "lead",
        "pipeline.commands.lead:lead",
        help="Let an article lead the home page (头条) for a time.",
    ),
    Later(
        "feedback",
        "pipeline.commands.feedback:feedback",
        help="What readers tell (网站找错), the newest first; and what became of it.",
    ),
    Later(
        "up",
        "pipeline.commands.operators:up",
        help="Run everything on this machine: broker, workers, web server. Ctrl-C stops it.",
    ),
    Later(
        "worker",
        "pipeline.commands.operators:worker",
        help="Run workers in the foreground: of both queues, or of one.",
    ),
    Later(
        "serve",
        "pipeline.commands.operators:serve",
        help="Serve the public site in the foreground.",
    ),
    Later(
        "broker",
        "pipeline.commands.operators:broker_",
        help="Run the embedded broker in the foreground.",
        hidden=True,
    ),
    Later(
        "doctor",
        "pipeline.commands.operators:doctor_",
        help="Check configuration, database, broker, workers and every channel.",
    ),
    Later(
        "init",
        "pipeline.commands.newcomers:init",
        help="Make a new newsroom in a folder: its file, with comments, and an example article.",
    ),
    Later(
        "demo",
        "pipeline.commands.newcomers:demo_",
        help="Show it all once: start a newsroom in a folder, publish the example, print the report, stop.",
    ),
    Later(
        "fake-wechat",
        "pipeline.standins.fake_wechat.__main__:fake_wechat",
        help="A stand-in for WeChat's official accounts, for demos and tests.",
    ),
    Later(
        "fake-prompter",
        "pipeline.standins.fake_prompter:fake_prompter",
        help="Run a stand-in for the station's prompter: a MOS device with a screen.",
    ),
):
    newsroom.add_command(one)
