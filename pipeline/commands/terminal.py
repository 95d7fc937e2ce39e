"""What people see in a terminal: reports, problems, progress. Results go to standard output."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from gettext import gettext as _

from rich.cells import cell_len, set_cell_size
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text as Styled

from pipeline.article import Newsroom
from pipeline.article.reading import ManuscriptProblem
from pipeline.channel import Problem
from pipeline.commands import clocks, findings
from pipeline.commands.sheet import Look, Row
from pipeline.commands.telling import (
    ACTION,
    DELIVERY,
    FLAW,
    ROLLOUT,
    ended_as,
    tell,
    tell_problem,
    tell_what,
    tell_who,
    told_of_caches,
)
from pipeline.engine import ColumnLine
from pipeline.newsroom import Misconfigured
from pipeline.record.auditing import Audit, Confirmed
from pipeline.record.chain import Chain, Flaw
from pipeline.record.heads import Standing
from pipeline.record.report import ArticleLine, DeliveryReport, Event, Health, Overview, Report
from pipeline.record.reports import UNDER_WAY
from pipeline.record.roster import QUEUES, Worker
from pipeline.rollout import ENDED, DeliveryState, RolloutState

_GOOD = {DeliveryState.VERIFIED, DeliveryState.WITHDRAWN, DeliveryState.LIVE}
_BAD = {DeliveryState.FAILED, DeliveryState.UNKNOWN}
_LOOKS = {Look.PLAIN: "", Look.HEADLINE: "bold", Look.SOFT: "dim", Look.ASK: "yellow"}
LONG = timedelta(minutes=10)
"""Longer than anybody waits before a screen."""
USUAL = timedelta(seconds=15)
"""For so long nobody asks why something has not begun."""
REFRESH = 0.2
"""Seconds between two looks at a rollout under way."""


_WIDE = 200
"""Columns for a table that goes to a file or a program: nothing is folded."""


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """A console that takes every text as it is and folds no line: addresses and commands are there to be copied.

    Colours say nothing that the words do not say too.
    """
    made = Console(stderr=stderr, quiet=quiet, highlight=False, markup=False, emoji=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = _WIDE
    return made


def show_report(out: Console, report: Report, newsroom: Newsroom, now: datetime | None = None) -> None:
    """`now`: also what is waited for, if it has been for a while."""
    for part in _report(report, newsroom):
        out.print(part, soft_wrap=not isinstance(part, Table))
    for line in _waited_for(report, newsroom, now) if now else ():
        out.print(line)


def show_overview(out: Console, view: Overview, newsroom: Newsroom, now: datetime) -> None:
    """What waits for a person first, then what is under way, and how to see what is not shown."""
    for one in (*view.waiting, *view.under_way):
        show_report(out, one, newsroom, now)
        out.print()
    if view.more:
        out.print(_("and {count} more under way: newsroom status --all shows everything").format(count=view.more))


def show_counts(out: Console, health: Health) -> None:
    """How many rollouts and deliveries there are of each state that people ask for."""
    counts = {state: health.rollouts.get(state, 0) for state in RolloutState}
    running = {state: counts[state] for state in UNDER_WAY if counts[state]}
    if running:
        states = _(", ").join(f"{_(ROLLOUT[state])} {count}" for state, count in running.items())
        out.print(_("under way: {states}").format(states=states))
    out.print(
        _(
            "{complete} complete, {running} under way, {held} held; failed deliveries: {failed}, unknown: {unknown}"
        ).format(
            complete=counts[RolloutState.COMPLETE],
            running=sum(running.values()),
            held=counts[RolloutState.HELD],
            failed=health.deliveries.get(DeliveryState.FAILED, 0),
            unknown=health.deliveries.get(DeliveryState.UNKNOWN, 0),
        )
    )
    if health.imported:
        out.print(_("articles imported from archives: {count}").format(count=health.imported))
    if health.feedback:
        out.print(_("messages of readers that are open: {count}, see newsroom feedback").format(count=health.feedback))


def follow(
    out: Console,
    look: Callable[[], Report],
    newsroom: Newsroom,
    deadline: Callable[[Report], bool],
    pause: Callable[[], object],
) -> Report:
    """Show the rollout while it runs, until it has come to an end or `deadline` says so; the last report.

    Where the output is no terminal, only the last report is shown.
    """
    report = look()
    with Live(Group(*_report(report, newsroom)), console=out, auto_refresh=False, transient=True) as live:
        while not ended(report) and not deadline(report):
            pause()
            report = look()
            if out.is_terminal:
                live.update(Group(*_report(report, newsroom)), refresh=True)
    show_report(out, report, newsroom)
    return report


def ended(report: Report) -> bool:
    return report.state in (RolloutState.COMPLETE, RolloutState.HELD, RolloutState.CANCELLED)


def waits(report: Report, now: datetime) -> bool:
    """Whether nothing will happen for long to what has not ended, because a channel has asked for it: an editor is told
    so at once."""
    open_ = [one for one in report.deliveries if one.state not in ENDED]
    told = (one.error or (one.receipt and one.receipt.note) for one in open_)
    return bool(open_) and all(told) and all(one.due is not None and one.due - now > LONG for one in open_)


def _report(report: Report, newsroom: Newsroom) -> list[Styled | Table]:
    zone = newsroom.zone
    moment = report.release_at or report.go_live_at
    lines: list[Styled | Table] = []
    for article in report.articles:
        lines.append(Styled(article.headline, style="bold"))
        origin = _("imported from an archive: {file}").format(file=article.imported_from)
        lines += map(Styled, filter(None, (article.series, article.imported_from and origin)))
    several = len(report.articles) > 1
    head = (
        _("{rollout}  {action} {articles} together, submitted by {editor}: {state}")
        if several
        else _("{rollout}  {action} {article} (revision {revision}), submitted by {editor}: {state}")
    )
    lines += [
        Styled(
            head.format(
                rollout=report.rollout,
                action=_(ACTION[report.action]),
                article=report.article,
                articles=", ".join(article.article for article in report.articles),
                revision=report.articles[0].revision,
                editor=report.editor,
                state=_(ended_as(report.state, [one.state for one in report.deliveries])),
            )
        ),
        Styled(_("moment of release: {moment}").format(moment=_time(moment, zone, day=True))),
    ]
    if report.ready_at is not None:
        said = _("ready since {moment}; it waits for those before it (what is submitted with --urgent goes first)")
        lines.append(Styled(said.format(moment=_time(report.ready_at, zone))))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (_("channel"), _("state"), _("prepared"), _("released"), _("read back")):
        table.add_column(title, overflow="fold")
    for one in report.deliveries:
        style = "green" if one.state in _GOOD else "red" if one.state in _BAD else ""
        table.add_row(
            report.name(one, newsroom),
            Styled(_(DELIVERY[one.state]), style=style),
            *(_time(moment, zone) for moment in (one.prepared_at, one.released_at, one.verified_at)),
        )
    lines.append(table)
    if report.skew_ms is not None:
        lines.append(
            Styled(_("first to last release taken by its channel: {skew} ms").format(skew=f"{report.skew_ms:.1f}"))
        )
    for one in report.deliveries:
        lines += _remarks(one, report.name(one, newsroom), moment.astimezone(zone))
    if said := told_of_caches(report, lambda moment: f"{moment.astimezone(zone):%H:%M:%S}"):
        lines.append(Styled(said))
    states = {one.state for one in report.deliveries}
    if report.state is RolloutState.HELD or (ended(report) and DeliveryState.FAILED in states):
        lines.append(Styled(_("When that is done: newsroom retry {rollout}").format(rollout=report.rollout)))
    if DeliveryState.UNKNOWN in states:
        lines.append(
            Styled(
                _(
                    "Look at the channel yourself. If it is there: newsroom retry {rollout} --adopt; "
                    "if not: newsroom retry {rollout}"
                ).format(rollout=report.rollout)
            )
        )
    return lines


def _remarks(one: DeliveryReport, name: str, moment: datetime) -> Iterator[Styled]:
    """Where a delivery is to be seen, what is wrong with it, and what its channel says; `moment`: the release's."""
    if one.released_at and (address := _address(one)):
        yield Styled(f"{name}: {address}")
    if one.error:
        yield Styled(f"{name}: {tell_problem(one.error)}", style="red" if one.state in _BAD else "")
        if one.due:
            later = one.due.astimezone(moment.tzinfo).date() != moment.date()
            yield Styled(_("  → next try at {moment}").format(moment=_time(one.due, moment.tzinfo, day=later)))
    if one.receipt and one.receipt.note:
        yield Styled(f"{name}: {tell(one.receipt.note)}")


def _waited_for(report: Report, newsroom: Newsroom, now: datetime) -> Iterator[str]:
    """Why a rollout that is under way does not go on, where that takes longer than usual."""
    open_ = [one for one in report.deliveries if one.state not in ENDED]
    late = [one for one in open_ if one.due is not None and now - one.due > USUAL]
    if report.state is RolloutState.PREPARING and now - report.accepted_at > USUAL:
        lacking = [report.name(one, newsroom) for one in open_ if one.required and one.state is DeliveryState.PENDING]
        if lacking:
            said = _("nothing goes out before these are prepared: {channels}")
            yield said.format(channels=_(", ").join(lacking))
    for one in late:
        if not one.error:
            said = _("{channel}: due since {moment}; it goes on when a worker comes to it, see newsroom doctor")
            moment = one.due.astimezone(newsroom.zone) if one.due else now
            later = moment.date() != now.astimezone(newsroom.zone).date()
            yield said.format(channel=report.name(one, newsroom), moment=_time(one.due, newsroom.zone, day=later))


def _address(one: DeliveryReport) -> str:
    if one.receipt and one.receipt.url:
        return one.receipt.url
    return one.evidence.url if one.evidence else ""


def _time(moment: datetime | None, zone: object, *, day: bool = False) -> str:
    if moment is None:
        return "–"
    local = moment.astimezone(zone)  # type: ignore[arg-type]
    return f"{local:%Y-%m-%d %H:%M:%S}" if day else f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"


def show_workers(out: Console, known: Sequence[Worker]) -> None:
    """How many workers of all machines are there, if any are."""
    there = [one for one in known if one.is_there]
    if there:
        counts = {queue: sum(1 for one in there if one.queue == queue) for queue in QUEUES}
        hosts = ", ".join(sorted({one.host for one in there}))
        said = _("workers: {steps} for preparation, {releases} for releases, on {hosts}")
        out.print(said.format(**counts, hosts=hosts))
    for host, ahead in {one.host: one.ahead for one in there if one.is_off}.items():
        out.print(_("{what}: newsroom doctor says what to do").format(what=tell(clocks.off(host, ahead))))


def show_missing(out: Console, known: Sequence[Worker], newsroom: Newsroom) -> None:
    """The queues that nobody works on, and the workers that have not been seen lately."""
    missing = [queue for queue in QUEUES if not any(one.is_there and one.queue == queue for one in known)]
    if missing:
        said = _("No worker for {queues} is running: newsroom up, or newsroom worker, starts them; nothing is lost")
        out.print(said.format(queues=", ".join(missing)))
    for one in known:
        if not one.is_there:
            said = _("The worker for {queue} (process {process} on {host}) has not been seen since {moment}")
            told = {"queue": one.queue, "process": one.process, "host": one.host}
            out.print(said.format(**told, moment=_time(one.seen, newsroom.zone, day=True)))


def show_columns(out: Console, lines: Iterable[ColumnLine], newsroom: Newsroom) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (_("column"), _("state"), _("articles"), _("address"), _("series"), _("id")):
        table.add_column(title, overflow="fold")
    states = {"open": _("open"), "closed": _("closed"), "waiting": _("waiting")}
    for one in lines:
        state = states[one.state]
        if one.opens_at:
            moment = _time(one.opens_at, newsroom.zone, day=True)
            state = _("opens at {moment} ({rollout})").format(moment=moment, rollout=one.rollout)
        table.add_row(
            one.column.name,
            Styled(state, style="green" if one.state == "open" else ""),
            str(one.articles),
            newsroom.column_url(one.column),
            one.column.series,
            one.column.id,
        )
    out.print(table)


def show_articles(out: Console, lines: Iterable[ArticleLine], newsroom: Newsroom) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (_("article"), _("first published"), _("column"), _("revision"), _("last rollout"), _("headline")):
        table.add_column(title, overflow="fold")
    columns = {column.id: column.name for column in newsroom.columns}
    for line in lines:
        table.add_row(
            line.id,
            _time(line.published_at, newsroom.zone, day=True)[:16],
            columns.get(line.column, line.column),
            str(line.revision),
            f"{line.rollout} {_(ACTION[line.action])}: {_(ended_as(line.state, line.deliveries))}",
            line.headline,
        )
    out.print(table, soft_wrap=False)


def _problem(problem: Problem, place: str = "") -> str:
    """`place: field: what` and, on the next line, what to do; in a file with the line."""
    if isinstance(problem, ManuscriptProblem | Misconfigured) and problem.line is not None and place:
        place = f"{place}:{problem.line}"
    told = tell_problem(problem)
    return f"{place}: {told}" if place else told


def show_problems(err: Console, problems: Sequence[Problem], place: str = "", indent: str = "") -> None:
    for problem in problems:
        err.print(textwrap.indent(_problem(problem, place), indent))


def show_refused(err: Console, problems: Mapping[str, Sequence[Problem]], place: str, newsroom: Newsroom) -> None:
    """What keeps a manuscript from its channels: problems by channel, under "" those of the manuscript itself."""
    names = {outlet.id: outlet.name for outlet in newsroom.outlets}
    for channel, many in problems.items():
        where = _("{place}, for {channel}").format(place=place, channel=names[channel]) if channel else place
        show_problems(err, many, where)


def show_reading(out: Console, title: str, rows: Sequence[Row]) -> None:
    """How a manuscript was read, row by row; where the output is no terminal, each line of a row is one line."""
    out.print(Styled(title, style="bold underline"))
    width = max(cell_len(row.name) for row in rows)
    if not out.is_terminal:
        for row in rows:
            for name, line in zip((row.name, *[""] * len(row.lines)), row.lines, strict=False):
                out.print(f"{set_cell_size(name, width)}  {line}")
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for row in rows:
        table.add_row(row.name, Styled("\n".join(row.lines), style=_LOOKS[row.look]))
    out.print(table, soft_wrap=False)


def show_chain(out: Console, chain: Chain, broken: Event | None, newsroom: Newsroom) -> None:
    """Whether the event chain holds; where not, `broken` is its first broken event, if any is left."""
    since = _time(chain.since, newsroom.zone, day=True)
    if chain.broken is None and not chain.events and not chain.unsealed:
        out.print(_("✓ the event chain holds: nothing has happened yet"))
        return
    if chain.broken is None:
        said = _("✓ the event chain holds: {count} events since {since}")
        if chain.missing:
            said = _("? events follow one another: {count} since {since}")
        out.print(said.format(count=chain.events, since=since))
        out.print(_("  hash of the last event: {hash}").format(hash=chain.last))
        if chain.key:
            out.print(_("  sealed by the key with the fingerprint {key}").format(key=chain.key))
        if chain.unsealed:
            out.print(_("  newer events that are not sealed yet: {count}").format(count=chain.unsealed))
        return
    flaw = _(FLAW[chain.flaw or Flaw.CHANGED])
    out.print(_("✗ the event chain is broken at event {number}: {flaw}").format(number=chain.broken, flaw=flaw))
    if broken is not None:
        about = ", ".join(part for part in (broken.article, broken.rollout, broken.channel) if part)
        said = f"{_time(broken.at, newsroom.zone, day=True)}  {tell_who(broken.who)}  {tell_what(broken.what)}"
        out.print(f"  {said}  ({about})" if about else f"  {said}")
    out.print(_("  hash of the last event that holds: {hash}").format(hash=chain.last))


def show_heads(out: Console, standing: Iterable[Standing]) -> None:
    """The places outside that have not taken the last head of the event chain."""
    for one in standing:
        if one.problem:
            said = _(
                "heads of the event chain do not get out ([audit] {place}), the last was of event {number}: {reason}"
            )
            out.print(said.format(place=one.place, number=one.number, reason=one.problem))


def show_audit(out: Console, found: Audit, broken: Event | None, newsroom: Newsroom) -> None:
    """What came of an audit of the whole record; `broken`: see `show_chain`."""
    looked = found.looked
    show_chain(out, found.chain, broken, newsroom)
    if said := findings.of_key(found.chain):
        out.print(f"✗ {said}")
    if looked.findings:
        for one in findings.lines(looked.findings, looked.more, newsroom):
            out.print(one)
    elif looked.rows:
        said = _("✓ what stands in the record is what the events say: {rows} rows, {pictures} pictures")
        out.print(said.format(rows=looked.rows, pictures=looked.pictures))
    if looked.uncovered:
        said = _("  of these, written by an earlier version and covered in part only: {count} rows")
        out.print(said.format(count=looked.uncovered))
    if found.heads is not None:
        for one in findings.of_heads(found.heads):
            out.print(f"✗ {one}")
        if found.heads.agree and found.heads.heads:
            said = _("✓ the heads that were sent outside agree: {count}, the last is {number}")
            out.print(said.format(count=found.heads.heads, number=found.heads.agreeing))
    if found.chain.broken is not None or looked.findings:
        out.print("  → " + _("compare the database with its last backup: somebody wrote into the record"))


def show_unconfirmed(err: Console, seen: Confirmed, broken: Event | None, newsroom: Newsroom) -> None:
    """What of a report the record of events does not confirm."""
    if seen.hidden:
        err.print(_("✗ nothing of {rollout} is confirmed by the record of events").format(rollout=seen.report.rollout))
    if seen.chain.broken is not None:
        show_chain(err, seen.chain, broken, newsroom)
    if seen.findings:
        err.print(_("not confirmed by the record of events, and not shown as it stands in the record:"))
        for one in findings.lines(seen.findings, 0, newsroom):
            err.print(one)
    if said := findings.of_key(seen.chain):
        err.print(f"✗ {said}")
    err.print("  → " + _("newsroom audit verify checks the whole record"))


def show_events(out: Console, events: Iterable[Event], newsroom: Newsroom) -> None:
    names = {outlet.id: outlet.name for outlet in newsroom.outlets}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for title in (_("event"), _("when"), _("who"), _("rollout"), _("channel"), _("what"), _("hash")):
        table.add_column(title, overflow="fold")
    for one in events:
        what = tell_what(one.what)
        table.add_row(
            "–" if one.number is None else str(one.number),
            f"{_time(one.at, newsroom.zone, day=True)}.{one.at.microsecond // 1000:03d}",
            f"{tell_who(one.who)}, {one.account}" if one.account else tell_who(one.who),
            one.rollout,
            names.get(one.channel, one.channel),
            f"{what}\n{one.error}" if one.error else what,
            one.hash[:16] or _("not sealed yet"),
        )
    out.print(table, soft_wrap=False)
