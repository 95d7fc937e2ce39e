"""What people see in a terminal: reports, problems, progress. Results go to standard output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _
from typing import IO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text as Styled

from pipeline.article import Newsroom
from pipeline.channel import Action, Problem
from pipeline.engine import Unfit
from pipeline.language import tell, tell_problem
from pipeline.manuscript import ManuscriptProblem
from pipeline.reports import ArticleLine, DeliveryReport, Report
from pipeline.rollout import DeliveryState, RolloutState


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for «translated later»
    return message


ROLLOUT = {
    RolloutState.PREPARING: N_("preparing"),
    RolloutState.READY: N_("ready, waiting for the moment"),
    RolloutState.RELEASED: N_("being released"),
    RolloutState.COMPLETE: N_("complete"),
    RolloutState.HELD: N_("held: nothing has gone out"),
    RolloutState.CANCELLED: N_("cancelled"),
}
DELIVERY = {
    DeliveryState.PENDING: N_("preparing"),
    DeliveryState.PREPARED: N_("prepared"),
    DeliveryState.RELEASED: N_("accepted by the channel"),
    DeliveryState.LIVE: N_("live"),
    DeliveryState.VERIFIED: N_("live, seen"),
    DeliveryState.WITHDRAWN: N_("withdrawn, seen gone"),
    DeliveryState.FAILED: N_("failed"),
    DeliveryState.SUPERSEDED: N_("overtaken"),
    DeliveryState.UNKNOWN: N_("unknown: please decide"),
}
ACTION = {Action.PUBLISH: N_("publish"), Action.CORRECT: N_("correct"), Action.WITHDRAW: N_("withdraw")}
_GOOD = {DeliveryState.VERIFIED, DeliveryState.WITHDRAWN, DeliveryState.LIVE}
_BAD = {DeliveryState.FAILED, DeliveryState.UNKNOWN}
REFRESH = 0.2
"""Seconds between two looks at a rollout under way."""


def console(file: IO[str] | None = None, *, stderr: bool = False) -> Console:
    """A console without colours of meaning: the words say it too."""
    return Console(file=file, stderr=stderr, highlight=False, soft_wrap=False)


def show_report(out: Console, report: Report, newsroom: Newsroom) -> None:
    out.print(_report(report, newsroom))


def follow(
    out: Console,
    look: Callable[[], Report],
    newsroom: Newsroom,
    deadline: Callable[[], bool],
    pause: Callable[[], object],
) -> Report:
    """Show the rollout while it runs, until it has come to an end or `deadline` says so; the last report.

    Where the output is no terminal, only the last report is shown.
    """
    report = look()
    with Live(_report(report, newsroom), console=out, auto_refresh=False, transient=True) as live:
        while not ended(report) and not deadline():
            pause()
            report = look()
            if out.is_terminal:
                live.update(_report(report, newsroom), refresh=True)
    show_report(out, report, newsroom)
    return report


def ended(report: Report) -> bool:
    return report.state in (RolloutState.COMPLETE, RolloutState.HELD, RolloutState.CANCELLED)


def _report(report: Report, newsroom: Newsroom) -> RenderableType:
    zone = newsroom.zone
    names = {outlet.id: outlet.name for outlet in newsroom.outlets}
    head = _("{rollout}  {action} {article} (revision {revision}), submitted by {editor}: {state}").format(
        rollout=report.rollout,
        action=_(ACTION[report.action]),
        article=report.article,
        revision=report.revision,
        editor=report.editor,
        state=_(ROLLOUT[report.state]),
    )
    moment = report.release_at or report.go_live_at
    lines: list[RenderableType] = [
        Styled(report.headline, style="bold"),
        Styled(head),
        Styled(_("moment of release: {moment}").format(moment=_time(moment, zone, day=True))),
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (_("channel"), _("state"), _("prepared"), _("released"), _("read back"), _("address")):
        table.add_column(title, overflow="fold")
    for one in report.deliveries:
        style = "green" if one.state in _GOOD else "red" if one.state in _BAD else ""
        table.add_row(
            names.get(one.channel, one.channel),
            Styled(_(DELIVERY[one.state]), style=style),
            *(_time(moment, zone) for moment in (one.prepared_at, one.released_at, one.verified_at)),
            _address(one),
        )
    lines.append(table)
    if report.skew_ms is not None:
        lines.append(
            Styled(_("first to last release taken by its channel: {skew} ms").format(skew=f"{report.skew_ms:.1f}"))
        )
    for one in report.deliveries:
        name = names.get(one.channel, one.channel)
        if one.error:
            lines.append(Styled(f"{name}: {tell_problem(one.error)}", style="red" if one.state in _BAD else ""))
        if one.receipt and one.receipt.note:
            lines.append(Styled(f"{name}: {tell(one.receipt.note)}"))
    if report.state is RolloutState.HELD:
        lines.append(Styled(_("When that is done: newsroom retry {rollout}").format(rollout=report.rollout)))
    return Group(*lines)


def _address(one: DeliveryReport) -> str:
    if one.receipt and one.receipt.url:
        return one.receipt.url
    return one.evidence.url if one.evidence else ""


def _time(moment: datetime | None, zone: object, *, day: bool = False) -> str:
    if moment is None:
        return "–"
    local = moment.astimezone(zone)  # type: ignore[arg-type]
    return f"{local:%Y-%m-%d %H:%M:%S}" if day else f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def show_articles(out: Console, lines: Iterable[ArticleLine], newsroom: Newsroom) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (_("article"), _("headline"), _("column"), _("first published"), _("revision"), _("last rollout")):
        table.add_column(title, overflow="fold")
    columns = {column.id: column.name for column in newsroom.columns}
    for line in lines:
        table.add_row(
            line.id,
            line.headline,
            columns.get(line.column, line.column),
            _time(line.published_at, newsroom.zone, day=True)[:16],
            str(line.revision),
            f"{line.rollout} {_(ACTION[line.action])}: {_(ROLLOUT[line.state])}",
        )
    out.print(table)


def problem_lines(problem: Problem, place: str = "") -> str:
    """`place: field: what` and, on the next line, what to do."""
    if isinstance(problem, ManuscriptProblem):
        place = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    told = tell_problem(problem)
    return f"{place}: {told}" if place else told


def show_problems(err: Console, problems: Sequence[Problem], place: str = "", style: str = "") -> None:
    for problem in problems:
        err.print(Styled(problem_lines(problem, place), style=style))


def show_unfit(err: Console, unfit: Unfit, place: str, newsroom: Newsroom) -> None:
    """What keeps an article from its channels."""
    names = {outlet.id: outlet.name for outlet in newsroom.outlets}
    for channel, problems in unfit.problems.items():
        where = _("{place}, for {channel}").format(place=place, channel=names[channel]) if channel else place
        show_problems(err, problems, where)


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in whole seconds."""
    return "–" if moment is None else f"{max(0, int((now - moment) / timedelta(seconds=1)))} s"
