"""The publication report (发布回执) as one page: what went out, when, where it was seen, and whether the record holds.

`page` makes it from values alone. It is complete in itself: no script, nothing loaded, fit to be printed, mailed and
filed. Its text is in `templates/report/` and in the catalogues. It is written as well-formed XML, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache
from gettext import gettext as _
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.article import Newsroom
from pipeline.article.reading import Line, Reading
from pipeline.channel import Action
from pipeline.commands import findings, sheet
from pipeline.commands.language import tag
from pipeline.commands.sheet import became, facts, quoted, remarks
from pipeline.commands.telling import ACTION, DELIVERY, FLAW, STANDING, ended_as, tell, told_of_caches
from pipeline.newsroom import templates
from pipeline.record.audit import Difference
from pipeline.record.auditing import Confirmed
from pipeline.record.report import AsRead, DeliveryReport, Report
from pipeline.rollout import DeliveryState, RolloutState

MILLISECOND = timedelta(milliseconds=1)
WINDOW = timedelta(seconds=5)
"""How much of what follows the first release the zoomed axis shows at most: a straggler must not flatten the others."""
NARROWEST = timedelta(milliseconds=20)
MOST_LINES = 40
"""Lines of a manuscript that the page quotes: more than a sheet of paper has."""
TICKS = 4
"""Labels on an axis at most: as many as a telephone has room for."""
STEPS = [
    *(timedelta(milliseconds=one) for one in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(timedelta(seconds=one) for one in (1, 2, 5, 10, 15, 30)),
    *(timedelta(minutes=one) for one in (1, 2, 5, 10, 15, 30)),
    *(timedelta(hours=one) for one in (1, 2, 3, 6, 12)),
    *(timedelta(days=one) for one in (1, 2, 7, 14, 30, 90, 365)),
]
DONE = frozenset({DeliveryState.VERIFIED, DeliveryState.WITHDRAWN})
BAD = frozenset({DeliveryState.FAILED, DeliveryState.UNKNOWN})


class Axis(NamedTuple):
    """A stretch of time, drawn from 0 to 100 percent."""

    start: datetime
    end: datetime
    """Later than `start`."""

    def percent(self, moment: datetime) -> float:
        """Where a moment stands; what lies outside stands at the edge."""
        return round(min(max((moment - self.start) / (self.end - self.start), 0.0), 1.0) * 100, 3)

    def shows(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end

    def step(self) -> timedelta:
        """The smallest round distance that gives no more than `TICKS` labels."""
        return next((step for step in STEPS if (self.end - self.start) / step <= TICKS), self.end - self.start)

    def ticks(self, origin: datetime) -> list[datetime]:
        """The round moments shown, counted from `origin`."""
        step = self.step()
        first = -((origin - self.start) // step)
        moments = (origin + step * number for number in range(first, first + TICKS + 3))
        return [moment for moment in moments if self.shows(moment)]


class Mark(NamedTuple):
    """One thing that happened, on a row of a drawing."""

    what: str
    """`prepared`, `released`, `visible` or `read`: the symbol's name."""
    at: datetime
    percent: float
    inside: bool
    """Whether the axis reaches that far; else it stands at the edge."""


class Row(NamedTuple):
    """One channel of a drawing."""

    name: str
    call: tuple[float, float] | None
    """From the call to the channel's answer, in percent: where the drawing shows it."""
    marks: tuple[Mark, ...]


class Drawing(NamedTuple):
    """A time line: one row a channel, the common instant across all of them."""

    axis: Axis
    instant: float
    """In percent."""
    skew: tuple[float, float] | None
    """From the first to the last release, in percent."""
    ticks: tuple[tuple[float, datetime], ...]
    rows: tuple[Row, ...]


def instant_of(report: Report) -> datetime:
    """The common instant, or, before the gate, when it was asked for."""
    return report.release_at or report.go_live_at


def happened(one: DeliveryReport) -> Iterator[tuple[str, datetime]]:
    """What is known to have happened to a delivery, by the names of the symbols."""
    times = (one.prepared_at, one.released_at, one.live_at, one.verified_at)
    for what, at in zip(("prepared", "released", "visible", "read"), times, strict=True):
        if at is not None:
            yield what, at


def whole(report: Report, names: Sequence[str], zone: tzinfo) -> Drawing:
    """Everything, from the acceptance of the rollout to the last reading."""
    moments = [at for one in report.deliveries for _what, at in happened(one)]
    start = min([report.accepted_at, instant_of(report), *moments])
    end = max([instant_of(report), *moments])
    margin = max((end - start) * 0.02, NARROWEST)
    return _drawing(report, names, Axis(start - margin, end + margin), zone)


def zoomed(report: Report, names: Sequence[str]) -> Drawing | None:
    """The instant from close by: when each call left and when its channel had taken it. None before any has."""
    taken = [one.released_at for one in report.deliveries if one.released_at]
    if not taken:
        return None
    instant, first = instant_of(report), min(taken)
    origin = first if first - instant > WINDOW else min(instant, first)
    end = max(one for one in taken if one <= first + WINDOW)
    margin = max((end - origin) * 0.06, NARROWEST / 4)
    return _drawing(report, names, Axis(origin - margin, end + margin), None)


def _drawing(report: Report, names: Sequence[str], axis: Axis, zone: tzinfo | None) -> Drawing:
    """With a zone: everything, on the clock of that zone; without: the release alone, counted from the instant."""
    instant = instant_of(report)
    origin = instant.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0) if zone else instant
    rows = []
    for name, one in zip(names, report.deliveries, strict=True):
        marks = [Mark(what, at, axis.percent(at), axis.shows(at)) for what, at in happened(one)]
        call = None
        if zone is None:
            marks = [mark for mark in marks if mark.what == "released" or (mark.what == "visible" and mark.inside)]
            if one.started_at and one.released_at:
                call = (axis.percent(one.started_at), axis.percent(one.released_at))
        rows.append(Row(name, call, tuple(marks)))
    taken = [one.released_at for one in report.deliveries if one.released_at]
    return Drawing(
        axis=axis,
        instant=axis.percent(instant),
        skew=(axis.percent(min(taken)), axis.percent(max(taken))) if len(taken) > 1 else None,
        ticks=tuple((axis.percent(tick), tick) for tick in axis.ticks(origin)),
        rows=tuple(rows),
    )


def offset(moment: datetime, instant: datetime) -> str:
    """How long after the instant, or before: milliseconds, from ten seconds seconds, from ten minutes h:mm:ss.

    >>> offset(datetime(2026, 1, 1, 8, 0, 0, 59400), datetime(2026, 1, 1, 8))
    '+59.4 ms'
    """
    apart = abs(moment - instant)
    sign = "−" if moment < instant else "+"
    if apart < timedelta(seconds=10):
        return sign + _("{number} ms").format(number=f"{apart / MILLISECOND:.1f}")
    if apart < timedelta(minutes=10):
        return sign + _("{number} s").format(number=f"{apart / timedelta(seconds=1):.1f}")
    minutes, seconds = divmod(round(apart / timedelta(seconds=1)), 60)
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


class Shown:
    """How the page shows times, in the newsroom's zone."""

    def __init__(self, newsroom: Newsroom, instant: datetime) -> None:
        self.zone = newsroom.zone
        self.instant = instant

    def full(self, moment: datetime | None) -> str:
        """Day and time to the millisecond."""
        return "–" if moment is None else f"{self._local(moment):%Y-%m-%d} {self.clock(moment)}"

    def second(self, moment: datetime) -> str:
        return f"{self._local(moment):%Y-%m-%d %H:%M:%S}"

    def clock(self, moment: datetime | None) -> str:
        """The time to the millisecond; with the day where it is not the instant's."""
        if moment is None:
            return "–"
        local = self._local(moment)
        day = "" if local.date() == self._local(self.instant).date() else f"{local:%m-%d} "
        return f"{day}{local:%H:%M:%S}.{local.microsecond // 1000:03d}"

    def tick(self, moment: datetime, step: timedelta) -> str:
        """A label as short as the axis allows."""
        local = self._local(moment)
        if step >= timedelta(days=1):
            return f"{local:%m-%d}"
        if step >= timedelta(minutes=1):
            return f"{local:%H:%M}" if step < timedelta(hours=6) else f"{local:%m-%d %H:%M}"
        if step >= timedelta(seconds=1):
            return f"{local:%H:%M:%S}"
        tenths = step >= timedelta(milliseconds=100)
        return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"[: -2 if tenths else None]

    def since(self, moment: datetime | None) -> str:
        """After the instant."""
        return "–" if moment is None else offset(moment, self.instant)

    def span(self, milliseconds: float) -> str:
        """How long something took."""
        return offset(self.instant + milliseconds * MILLISECOND, self.instant).removeprefix("+")

    def away(self, moment: datetime) -> str:
        """A label on the zoomed axis."""
        number = (moment - self.instant) / MILLISECOND
        return (
            "0" if not number else ("−" if number < 0 else "+") + _("{number} ms").format(number=f"{abs(number):.0f}")
        )

    def iso(self, moment: datetime) -> str:
        return self._local(moment).isoformat(timespec="milliseconds")

    def zone_name(self) -> str:
        """Asia/Shanghai (UTC+08:00)."""
        away = f"{self._local(self.instant):%z}"
        return f"{self.zone.key} (UTC{away[:3]}:{away[3:]})"

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)


def standing_of(report: Report) -> str:
    """How it stands at a glance: `good`, `bad` or `open`."""
    states = {one.state for one in report.deliveries}
    if report.state is RolloutState.HELD or states & BAD:
        return "bad"
    return "good" if report.state is RolloutState.COMPLETE else "open"


def linked(url: str) -> bool:
    """Whether an address is one that a reader may follow: anything else is only shown."""
    return url.startswith(("http://", "https://"))


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(templates("report")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _told(drawing: Drawing, marks: Mapping[str, str], shown: Callable[[datetime], str]) -> str:
    """A drawing in words."""
    rows = []
    for row in drawing.rows:
        said = ", ".join(f"{marks[mark.what]} {shown(mark.at)}" for mark in row.marks if mark.what in marks)
        rows.append(f"{row.name}: {said or '–'}")
    return "; ".join(rows)


def page(seen: Confirmed, newsroom: Newsroom, at: datetime, readings: Sequence[AsRead] = ()) -> str:
    """The report as an HTML page in the process's language, as the audit confirmed it at `at`.

    `readings`: how the manuscripts were read, where that was kept.
    """
    report, chain = seen.report, seen.chain
    names = [report.name(one, newsroom) for one in report.deliveries]
    columns = {column.id: column.name for column in newsroom.columns}
    instant = instant_of(report)
    gone = report.action is Action.WITHDRAW
    show = Shown(newsroom, instant)
    marks = {
        "prepared": _("prepared"),
        "released": _("taken by the channel"),
        "visible": _("gone") if gone else _("visible"),
        "read": _("read back"),
    }
    close = zoomed(report, names)
    html = _templates().get_template("report.html")
    return html.render(
        _=_,
        language=tag(),
        became=became,
        quoted=quoted,
        report=report,
        newsroom=newsroom,
        columns=columns,
        parts=list(zip(names, report.deliveries, strict=True)),
        done=sum(1 for one in report.deliveries if one.state in DONE),
        mark={
            one.id: "good" if one.state in DONE else "bad" if one.state in BAD else "open" for one in report.deliveries
        },
        lost=sum(one.table == "delivery" and one.difference is Difference.MISSING for one in seen.findings),
        overall="bad" if seen.findings else standing_of(report),
        state=ended_as(report.state, [one.state for one in report.deliveries]),
        words={"action": ACTION, "delivery": DELIVERY, "standing": STANDING, "flaw": FLAW},
        marks=marks,
        whole=whole(report, names, newsroom.zone),
        zoomed=close,
        beyond=close is not None and any(not mark.inside for row in close.rows for mark in row.marks),
        told=_told(whole(report, names, newsroom.zone), marks, show.full),
        near=_told(close, {"released": marks["released"]}, show.since) if close else "",
        instant=instant,
        instant_name=_("common instant") if report.release_at else _("moment asked for"),
        caches=told_of_caches(report, show.second),
        chain=chain,
        hidden=seen.hidden,
        account=seen.account,
        findings=[findings.told(one, newsroom) for one in seen.findings],
        key=findings.of_key(chain).partition("\n")[0],
        at=at,
        show=show,
        linked=linked,
        tell=tell,
        readings=[_read(one, one.reading, newsroom) for one in readings if one.reading is not None],
    )


class Read(NamedTuple):
    """How one manuscript was read, as the page shows it."""

    article: str
    revision: int
    file: str
    facts: list[sheet.Row]
    remarks: list[sheet.Row]
    """But for lines."""
    lines: tuple[Line, ...]
    """What was left out or guessed, up to `MOST_LINES`."""
    more: int
    """How many of those are not among them."""


def _read(one: AsRead, reading: Reading, newsroom: Newsroom) -> Read:
    lines = [line for line in reading.lines if line.guessed or not line.fields]
    return Read(
        article=one.article,
        revision=one.revision,
        file=reading.file,
        facts=facts(one.record, reading, newsroom),
        remarks=remarks(reading.model_copy(update={"lines": ()})),
        lines=tuple(lines[:MOST_LINES]),
        more=max(0, len(lines) - MOST_LINES),
    )
