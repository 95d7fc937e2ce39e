"""The report as a page: complete in itself, true to the record, and a time line whose geometry can be relied on."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from pipeline.article import Newsroom, Outlet
from pipeline.article.reading import Decision, Doubt, Line, ManuscriptProblem, Reading
from pipeline.channel import Action, Evidence, Problem, Receipt, Standing, Text
from pipeline.commands import language, terminal
from pipeline.commands.report import MOST_LINES, TICKS, Axis, instant_of, offset, whole, zoomed
from pipeline.commands.report import page as page_of
from pipeline.record.audit import Difference, Finding
from pipeline.record.auditing import Confirmed
from pipeline.record.chain import Chain, Flaw
from pipeline.record.report import AsRead, DeliveryReport, Published, Report
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import article_of, newsroom_of

INSTANT = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
"""Half past midnight of the next day in Asia/Shanghai."""
CHECKED = INSTANT + timedelta(hours=1)
GOOD = Chain(12, INSTANT - timedelta(days=1), "ab" * 32, None, None)
HOSTILE = "</title><script>alert('1')</script> & \"<b>\" ]]>"
OUTLETS = (
    Outlet(id="website", kind="website", name="县政府网站"),
    Outlet(id="feeds", kind="feeds", name="订阅"),
    Outlet(id="fax", kind="example.fax:Fax", name="传真<机>", required=False),
)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = gettext.textdomain()
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    language.choose("en_GB")
    yield
    gettext.textdomain(before)


@pytest.fixture
def newsroom() -> Newsroom:
    return newsroom_of(*OUTLETS)


PUBLISHED = Published(
    article="a7", headline="短讯一则", revision=2, column="yaowen", series="系列报道之三", digest="ef" * 32
)


def delivery(number: int, released: float | None, **values: Any) -> DeliveryReport:
    """Released so many milliseconds after the instant, and seen 20 ms later; None: only prepared."""
    outlet = OUTLETS[number]
    taken = None if released is None else INSTANT + timedelta(milliseconds=released)
    seen = taken and taken + timedelta(milliseconds=20)
    url = f"https://example.org/{outlet.id}"
    return DeliveryReport(
        **{
            **{
                "id": number + 1,
                "article": "a7",
                "checked_at": None,
                "channel": outlet.id,
                "kind": outlet.kind,
                "required": outlet.required,
            },
            **{"action": Action.PUBLISH, "attempts": 3, "due": None, "digest": f"{number:064x}", "error": None},
            "state": DeliveryState.VERIFIED if taken else DeliveryState.PREPARED,
            "prepared_at": INSTANT - timedelta(seconds=2),
            "started_at": taken and taken - timedelta(milliseconds=5),
            **{"released_at": taken, "live_at": taken, "verified_at": seen},
            "receipt": Receipt(standing=Standing.LIVE, ids={"media_id": f"m-{number}"}, url=url) if taken else None,
            "evidence": seen
            and Evidence(url=url, at=seen, standing=Standing.LIVE, digest="cd" * 32, extract="短讯一则"),
            **values,
        }
    )


def report(*deliveries: DeliveryReport, **values: Any) -> Report:
    taken = [one.released_at for one in deliveries if one.released_at]
    skew = (max(taken) - min(taken)) / timedelta(milliseconds=1) if len(taken) > 1 else None
    return Report(
        **{
            **{"rollout": "r7", "articles": (PUBLISHED,), "start_ms": 1.5},
            **{"action": Action.PUBLISH, "state": RolloutState.COMPLETE, "editor": "编辑丁"},
            **{"reason": "", "accepted_at": INSTANT - timedelta(seconds=3), "go_live_at": INSTANT},
            **{"release_at": INSTANT, "ended_at": CHECKED, "ready_at": None, "skew_ms": skew, "deliveries": deliveries},
            **values,
        }
    )


def page(
    report: Report, newsroom: Newsroom, chain: Chain, at: datetime, readings: Sequence[AsRead] = (), **told: Any
) -> str:
    """The page of a report with the events of its articles as `chain` says."""
    return page_of(Confirmed(report, chain, **told), newsroom, at, readings)


def usual(**values: Any) -> Report:
    return report(delivery(0, 12.5), delivery(1, 30), delivery(2, 30), **values)


def text_of(made: str) -> str:
    body = html.fromstring(made).body
    for style in body.xpath("//style"):
        style.drop_tree()
    return " ".join(body.text_content().split())


# -- the page ---------------------------------------------------------------------------------------------


def test_it_tells_until_when_caches_may_hold_what_is_gone(
    newsroom: Newsroom, capsys: pytest.CaptureFixture[str]
) -> None:
    until = INSTANT + timedelta(seconds=62)
    parts = [delivery(n, n) for n in range(3)]
    for n, seconds in ((0, 62), (1, 61)):
        receipt = Receipt(standing=Standing.WITHDRAWN, cached_until=INSTANT + timedelta(seconds=seconds))
        parts[n] = parts[n].model_copy(update={"receipt": receipt})
    gone = report(*parts, action=Action.WITHDRAW)
    assert (gone.cached_until, gone.purged_at) == (until, None)
    assert gone.model_dump(mode="json")["cached_until"] is not None
    local = f"{until.astimezone(newsroom.zone):%Y-%m-%d %H:%M:%S}"
    assert f"until {local}" in text_of(page(gone, newsroom, GOOD, CHECKED))
    terminal.show_report(terminal.console(), gone, newsroom)
    assert f"until {local[11:]}" in " ".join(capsys.readouterr().out.split())
    for one in (0, 1):
        seen = parts[one].evidence
        assert seen is not None
        told = seen.model_copy(update={"purged_at": INSTANT + timedelta(seconds=one + 1)})
        assert gone.purged_at is None  # as long as one of them has not been told
        parts[one] = parts[one].model_copy(update={"evidence": told})
        gone = report(*parts, action=Action.WITHDRAW)
    assert gone.purged_at == INSTANT + timedelta(seconds=2)
    assert "query string until" in text_of(page(gone, newsroom, GOOD, CHECKED))
    assert report(*parts).cached_until is None  # of what is new nobody has anything from before


def test_it_says_what_went_out_when_and_where(newsroom: Newsroom) -> None:
    made = text_of(page(usual(), newsroom, GOOD, CHECKED))

    for told in (
        *("短讯一则", "a7, revision 2", "编辑丁", "ef" * 32, "Publication report r7", "3 / 3", "17.5 ms"),
        *("县政府网站", "订阅", "传真<机>", "example.fax:Fax", ", not required", "media_id = m-1", "cd" * 32),
        *("https://example.org/feeds", "visible to the public", "live, seen", f"{1:064x}"),
        *("holds: every event is as it was written", "ab" * 32),
    ):
        assert told in made, told


def test_times_are_the_newsrooms(newsroom: Newsroom) -> None:
    made = page(usual(), newsroom, GOOD, CHECKED)

    assert "2026-11-25 00:30:00.000" in text_of(made)
    assert "Asia/Shanghai (UTC+08:00)" in made
    assert 'datetime="2026-11-25T00:30:00.012+08:00">00:30:00.012</time>' in made
    assert "16:30:00" not in made
    assert "2026-11-25 01:30:00" in made  # when it was checked


@pytest.mark.parametrize("locale", ["en_GB.UTF-8", "zh_CN.UTF-8"])
def test_it_is_well_formed_and_loads_nothing(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    monkeypatch.setenv("LANG", locale)
    made = page(usual(articles=(PUBLISHED.model_copy(update={"headline": HOSTILE}),)), newsroom, GOOD, CHECKED)

    tree = etree.fromstring(made.encode())
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {one for many in tree.xpath("//@aria-labelledby") for one in many.split()} <= set(ids)
    assert {one[1:] for one in tree.xpath("//use/@href")} <= set(ids)
    assert not tree.xpath(
        "//script | //link | //img | //iframe | //@src | //@srcset | //@style | //@*[starts-with(name(), 'on')]"
    )
    assert "url(" not in made
    assert "@import" not in made
    assert [heading.tag for heading in tree.iter("h1", "h2", "h3")][:2] == ["h1", "h2"]
    assert tree.get("lang") == ("zh-CN" if locale.startswith("zh") else "en")
    assert all(len(row) == 5 for row in tree.xpath("//table//tr"))


def test_what_is_hostile_is_only_text(newsroom: Newsroom) -> None:
    evidence = Evidence(url="javascript:alert(2)", at=CHECKED, standing=Standing.LIVE, digest="", extract=HOSTILE)
    receipt = Receipt(standing=Standing.LIVE, ids={"<i>": HOSTILE}, url="javascript:alert(1)")
    bad = delivery(0, 1, evidence=evidence, receipt=receipt, channel=HOSTILE)

    made = page(
        report(bad, articles=(PUBLISHED.model_copy(update={"headline": HOSTILE}),), editor=HOSTILE, reason=HOSTILE),
        newsroom,
        GOOD,
        CHECKED,
    )

    tree = etree.fromstring(made.encode())
    assert not tree.xpath("//script | //b[text()=''] | //i")
    assert not tree.xpath("//a")
    assert tree.xpath("string(.//h1)") == HOSTILE
    assert "javascript:alert(1)" in text_of(made)


def test_a_held_rollout_says_why_and_what_to_do(newsroom: Newsroom) -> None:
    problem = Problem(field="ip", message=Text.of("{it} is not on the list", it="<1>"), remedy=Text.of("add it"))
    parts = (delivery(0, None, state=DeliveryState.FAILED, prepared_at=None, error=problem), delivery(1, None))
    made = page(report(*parts, state=RolloutState.HELD, release_at=None), newsroom, GOOD, CHECKED)

    assert "held: nothing has gone out" in made
    assert "ip: <1> is not on the list→ add it" in text_of(made)
    assert 'id="zoomed-title"' not in made
    assert "0 / 2" in text_of(made)


def test_a_withdrawal_says_gone(newsroom: Newsroom) -> None:
    made = page(usual(action=Action.WITHDRAW, reason="有误"), newsroom, GOOD, CHECKED)

    assert "gone" in text_of(made)
    assert "有误" in made


def test_a_broken_record_is_told(newsroom: Newsroom) -> None:
    made = text_of(page(usual(), newsroom, Chain(3, INSTANT, "ab" * 32, 3, Flaw.CHANGED), CHECKED))

    assert "broken at event 3: it was changed after it was written" in made
    assert "compare the database with its last backup" in made
    assert "holds: every event" not in made


def test_what_the_events_do_not_confirm_is_told_first(newsroom: Newsroom) -> None:
    """And a channel whose part is missing still counts as one."""
    missing = Finding(Difference.MISSING, "delivery", (4,), article="a7", rollout="r7", channel="fax", event=12)
    made = text_of(page(usual(), newsroom, GOOD, CHECKED, findings=[missing], account="editor (1001) @ news1"))

    assert made.index("Not confirmed by the record of events") < made.index("What was published")
    assert "r7, 传真<机>, a7: it is missing, and event 12 speaks of it" in made
    assert "3 / 4" in made
    assert "every channel read back" not in made
    assert "editor (1001) @ news1" in made


def test_what_could_not_be_checked_for_want_of_the_key_is_told(newsroom: Newsroom) -> None:
    made = text_of(page(usual(), newsroom, GOOD._replace(unchecked=12, missing=("ab" * 8,)), CHECKED))

    assert "Not wholly checked" in made
    assert "abababababababab" in made
    assert "短讯一则" in made
    assert "broken" not in made


def test_signs_go_with_every_colour(newsroom: Newsroom) -> None:
    parts = (delivery(0, 1), delivery(1, 2, state=DeliveryState.UNKNOWN), delivery(2, None))
    tree = etree.fromstring(page(report(*parts, state=RolloutState.RELEASED), newsroom, GOOD, CHECKED).encode())

    badges = ["".join(one.itertext()).split()[0] for one in tree.xpath("//article//span[contains(@class, 'badge')]")]
    assert badges == ["✓", "✗", "…"]
    shapes = {one.get("href") for one in tree.iter("use") if "symbol" in one.get("class", "")}
    assert shapes == {"#prepared", "#released", "#visible", "#read"}


def test_the_drawing_says_in_words_what_the_table_says(newsroom: Newsroom) -> None:
    tree = etree.fromstring(page(usual(), newsroom, GOOD, CHECKED).encode())

    described = " ".join(tree.xpath("//desc/text()"))
    for moment in tree.xpath("//table//time/text()"):
        assert moment in described
    assert "县政府网站: taken by the channel +12.5 ms" in described


# -- how the manuscripts were read -------------------------------------------------------------------------


def as_read(article: str = "a7", **values: Any) -> AsRead:
    question = Text.of("use the second line?")
    reading = Reading(
        file="稿件<1>.docx",
        date="2026-11-24",
        lines=(
            Line(text="送审稿", why=Text.of("it names a form"), line=1),
            Line(text="张三", fields=("reporters",), why=Text.of("a name alone"), guessed=True, line=9),
            Line(text="来源：某处", fields=("source",), why=Text.of("a label"), line=8),
        ),
        decisions=(Decision(field="headline", question=question, yes=True, value="短讯", by="编辑丁"),),
        warnings=(
            ManuscriptProblem(file="a", field="source", message=Text.of("no source"), remedy=Text.of("name it")),
        ),
    )
    values = {"reading": reading, "record": article_of("短讯一则", kicker="引题一行"), **values}
    return AsRead(article=article, revision=2, **values)


def test_it_says_how_the_manuscript_was_read_and_who_decided(newsroom: Newsroom) -> None:
    made = page(usual(), newsroom, GOOD, CHECKED, [as_read()])

    said = text_of(made)
    for told in (
        *(
            "How the manuscript was read",
            "稿件<1>.docx → a7, revision 2",
            "引题一行",
            "要闻",
            "记者 记者甲",
            "2026-11-24",
        ),
        *("use the second line? Yes, said 编辑丁: “短讯”", "no source → name it", "paragraphs 2"),
    ):
        assert told in said, told
    tree = etree.fromstring(made.encode())
    rows = [
        [" ".join("".join(cell.itertext()).split()) for cell in row]
        for row in tree.xpath("//table[@class='lines']//tr")
    ]
    assert rows[1:] == [
        ["1", "“送审稿”", "left out", "it names a form"],
        ["9", "“张三”", "reporters (guessed)", "a name alone"],
    ]


def test_an_article_without_a_reading_has_no_sheet(newsroom: Newsroom) -> None:
    assert "How the manuscript" not in page(usual(), newsroom, GOOD, CHECKED, [as_read(reading=None)])
    assert "How the manuscript" not in page(usual(), newsroom, GOOD, CHECKED)


@pytest.mark.parametrize("locale", ["en_GB.UTF-8", "zh_CN.UTF-8"])
def test_a_hostile_manuscript_is_only_text(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, locale: str) -> None:
    monkeypatch.setenv("LANG", locale)
    line = Line(text=HOSTILE, fields=("source",), why=Text.of("{it}", it=HOSTILE), guessed=True)
    doubt = Doubt(field="body", question=Text.of("{it}", it=HOSTILE), taken=HOSTILE, instead=HOSTILE)
    reading = Reading(file=HOSTILE, date=HOSTILE, lines=(line,) * 100, doubts=(doubt,))
    record = article_of(HOSTILE, source=HOSTILE)
    many = [as_read(one, reading=reading, record=record) for one in ("a7", "a8")]

    made = page(usual(), newsroom, GOOD, CHECKED, many)

    tree = etree.fromstring(made.encode())
    assert not tree.xpath("//script | //b[text()='']")
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert made.count('<table class="lines">') == 2
    assert len(tree.xpath("//table[@class='lines']/tbody/tr")) == 2 * MOST_LINES


# -- the geometry -----------------------------------------------------------------------------------------

moments = st.integers(-(10**9), 10**9).map(lambda number: INSTANT + timedelta(microseconds=number))
milliseconds = st.floats(0, 10**8, allow_nan=False)


@given(moments, moments, st.lists(moments, min_size=2))
def test_an_axis_is_monotone_and_never_left(one: datetime, other: datetime, many: list[datetime]) -> None:
    axis = Axis(min(one, other), max(one, other) + timedelta(microseconds=1))
    places = [axis.percent(moment) for moment in sorted(many)]

    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)
    assert (axis.percent(axis.start), axis.percent(axis.end)) == (0, 100)


@given(moments, st.integers(1, 10**14), moments)
def test_ticks_are_few_round_and_on_the_axis(start: datetime, length: int, origin: datetime) -> None:
    axis = Axis(start, start + timedelta(microseconds=length))
    ticks = axis.ticks(origin)

    assert len(ticks) <= TICKS + 1
    assert all(axis.shows(tick) and not (tick - origin) % axis.step() for tick in ticks)


@given(milliseconds, milliseconds, milliseconds)
def test_drawings_keep_the_order_of_time(first: float, second: float, third: float) -> None:
    made = report(delivery(0, first), delivery(1, second), delivery(2, third))
    names = ["a", "b", "c"]
    near = zoomed(made, names)
    assert near is not None
    for drawing in (whole(made, names, UTC), near):
        marks = [mark for row in drawing.rows for mark in row.marks]
        assert all(0 <= mark.percent <= 100 for mark in marks)
        in_time = sorted(marks, key=lambda mark: mark.at)
        assert [mark.percent for mark in in_time] == sorted(mark.percent for mark in marks)
        assert all(drawing.axis.shows(mark.at) == mark.inside for mark in marks)
        assert drawing.skew == (
            min(mark.percent for mark in marks if mark.what == "released"),
            max(mark.percent for mark in marks if mark.what == "released"),
        )
        for row in drawing.rows:
            assert row.call is None or row.call[0] <= row.call[1]


def test_equal_instants_coincide() -> None:
    made = usual()
    near = zoomed(made, ["a", "b", "c"])
    assert near is not None

    [b, c] = [{mark.what: mark.percent for mark in row.marks} for row in near.rows[1:]]
    assert b == c
    assert b["released"] == b["visible"]
    assert near.instant == near.axis.percent(instant_of(made))
    assert near.instant < near.rows[0].marks[0].percent < b["released"]


def test_a_straggler_does_not_flatten_the_others() -> None:
    near = zoomed(report(delivery(0, 10), delivery(1, 30), delivery(2, 3_600_000)), ["a", "b", "c"])
    assert near is not None

    assert near.axis.end - near.axis.start < timedelta(seconds=6)
    [late] = near.rows[2].marks
    assert (late.inside, late.percent) == (False, 100)


def test_all_late_together_are_seen_apart() -> None:
    near = zoomed(report(delivery(0, 3_600_000), delivery(1, 3_600_040)), ["a", "b"])
    assert near is not None

    first, last = (row.marks[0].percent for row in near.rows)
    assert last - first > 50
    assert near.instant == 0


@pytest.mark.parametrize(
    ("apart", "told"),
    [
        (timedelta(0), "+0.0 ms"),
        (timedelta(microseconds=-250), "−0.2 ms"),
        (timedelta(seconds=2, microseconds=48500), "+2048.5 ms"),
        (timedelta(seconds=75), "+75.0 s"),
        (timedelta(hours=30, minutes=5, seconds=7), "+30:05:07"),
    ],
)
def test_times_after_the_instant(apart: timedelta, told: str) -> None:
    assert offset(INSTANT + apart, INSTANT) == told


def test_the_colours_of_the_page_stand_in_its_own_style(newsroom: Newsroom) -> None:
    made = page(usual(), newsroom, GOOD, CHECKED)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', made)
    assert policy is not None
    assert policy[1].replace("&#39;", "'").startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "@page" in made
