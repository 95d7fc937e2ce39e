"""Columns as records (栏目): opened, renamed, closed at one moment everywhere; what they add to their articles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from pipeline.article import Column, Deed
from pipeline.channel import Action
from pipeline.engine import Piece, Unfit
from pipeline.record.refusals import Impossible
from pipeline.record.submission import Changed
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import article_of
from tests.engine.bench import PACE, Bench, at_once

HOUR = timedelta(hours=1)
NOTE = "从今天起，本台开设专栏。"
COLUMN = Column(
    id="zjc",
    name="走基层",
    description="记者走进乡镇村社",
    keywords=("走基层",),
    note=NOTE,
    series="2026年走基层系列报道",
)


def opened(bench: Bench, **fields: object) -> str:
    """A column that has opened; the id of the record that opened it."""
    accepted = bench.open(COLUMN.model_copy(update=fields))
    bench.run()
    assert bench.report(accepted.rollout_id).state is RolloutState.COMPLETE
    return accepted.article_id


def column(bench: Bench, id: str = "zjc") -> Column:
    (found,) = [one for one in bench.engine.columns() if one.id == id]
    return found


def ids(bench: Bench) -> list[str]:
    return [one.id for one in bench.engine.columns()]


def in_column(bench: Bench, headline: str, name: str = "走基层", **fields: object) -> str:
    return bench.publish(headline, column=name, **fields)


def numbers(bench: Bench, *known: str) -> list[int | None]:
    return [bench.store.revision(one).article.number for one in known]


def rename(bench: Bench, known: str, name: str, address: str, **how: object) -> str:
    return bench.engine.rename_column(known, name, address, editor="记者甲", **how).article_id  # type: ignore[arg-type]


def close(bench: Bench, known: str = "走基层", line: str = "", **how: object) -> str:
    return bench.engine.close_column(known, line, editor="记者甲", **how).article_id  # type: ignore[arg-type]


def told(caught: pytest.ExceptionInfo[Any]) -> tuple[str, str]:
    """Message and remedy of the one problem."""
    ((_channel, [problem]),) = caught.value.problems.items()
    return str(problem.message), str(problem.remedy)


# -- opening ----------------------------------------------------------------------------------------------


def test_an_opening_is_invisible_before_its_moment_and_stands_from_its_instant_on(bench: Bench) -> None:
    before, moment = ids(bench), bench.clock.now() + HOUR
    accepted = bench.open(COLUMN, at=moment)
    bench.arrive()
    bench.clock.moment = moment - PACE.check
    bench.sweep()
    assert bench.report(accepted.rollout_id).state is RolloutState.READY
    bench.clock.moment = moment - timedelta(microseconds=1)
    assert ids(bench) == before
    assert not any(outlet.public for outlet in bench.outlets.values())
    [waiting] = [one for one in bench.engine.column_lines() if one.state == "waiting"]
    assert (waiting.column.id, waiting.opens_at, waiting.rollout) == ("zjc", moment, accepted.rollout_id)
    for channel in bench.outlets:
        catalogue = bench.store.catalogue(channel, bench.clock.now, bench.newsroom.columns)
        assert [one.id for one in catalogue.columns()] == before

    bench.clock.moment = moment
    assert ids(bench) == [*before, "zjc"]
    bench.sweep()
    bench.run()
    assert {at for outlet in bench.outlets.values() for at in outlet.released_at.values()} == {moment}
    assert [one.state for one in bench.engine.column_lines()] == ["open"] * 4
    record = bench.store.revision(accepted.article_id).article
    assert record.headline == "《走基层》今日开栏"
    assert record.announces is not None
    assert (record.announces.deed, record.number, record.series, record.editors_note) == (Deed.OPEN, None, "", "")


def test_a_channel_that_cannot_open_it_holds_it_everywhere(bench: Bench) -> None:
    accepted = bench.open(COLUMN)
    bench.outlets["post"].weather = lambda what: "refused" if what == "prepare" else ""
    bench.run()
    report = bench.report(accepted.rollout_id)
    assert report.state is RolloutState.HELD
    (failed,) = [one for one in report.deliveries if one.state is DeliveryState.FAILED]
    assert failed.error is not None
    assert (failed.channel, str(failed.error.message), str(failed.error.remedy)) == (
        "post",
        "the line is bad",
        "wait",
    )
    assert not any(outlet.public for outlet in bench.outlets.values())
    assert "zjc" not in ids(bench)
    with pytest.raises(Unfit) as caught:
        in_column(bench, "一")
    assert told(caught)[0] == "the column 走基层 has not opened yet"

    bench.clock.advance(HOUR)
    bench.outlets["post"].weather = lambda _: ""
    bench.engine.retry(accepted.rollout_id, editor="记者甲")
    bench.run()
    assert bench.report(accepted.rollout_id).state is RolloutState.COMPLETE
    assert column(bench).name == "走基层"
    for outlet in bench.outlets.values():
        assert set(outlet.public) == {accepted.article_id}
    assert in_column(bench, "一")


def test_the_same_opening_again_is_nothing_new_and_another_is_refused(bench: Bench) -> None:
    first = bench.open(COLUMN)
    assert bench.open(COLUMN).created is False
    with pytest.raises(Changed):
        bench.open(COLUMN.model_copy(update={"series": ""}))
    bench.run()
    again = bench.open(COLUMN)
    assert (again.created, again.rollout_id) == (False, first.rollout_id)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    "fields",
    [{"id": "zjc2", "address": "zjc2"}, {"id": "x", "name": "x"}, {"name": "新春走基层"}],
    ids=["name", "address", "id"],
)
def test_what_is_taken_is_refused(bench: Bench, fields: dict[str, str], waits: bool) -> None:
    """Name, address and id; also by a column that has still to open."""
    bench.open(COLUMN, at=bench.clock.now() + HOUR if waits else None)
    if not waits:
        bench.run()
    with pytest.raises((Unfit, Changed)) as caught:
        bench.open(COLUMN.model_copy(update=fields))
    if isinstance(caught.value, Unfit):
        assert told(caught)[0].endswith("is the column 走基层 already")
    else:
        assert caught.value.article_id == "a1"


def test_a_name_that_a_column_will_have_is_refused(bench: Bench) -> None:
    opened(bench)
    rename(bench, "武山要闻", "要闻速递", "yw", go_live_at=bench.clock.now() + HOUR)
    with pytest.raises(Unfit):
        bench.open(COLUMN.model_copy(update={"id": "ywsd", "address": "ywsd", "name": "要闻速递"}))
    with pytest.raises(Unfit):
        rename(bench, "走基层", "要闻速递", "ywsd")
    assert [one.state for one in bench.engine.column_lines()] == ["open"] * 4, "a renaming is no opening"


def test_the_text_of_an_opening_can_be_corrected(bench: Bench) -> None:
    """Its 编者按 is the new one from then on; what has been published keeps the one it has."""
    known = opened(bench)
    first = in_column(bench, "一")
    bench.run()
    bench.engine.correct(known, article_of("-", body="<p>新按语。</p>", column=""), {}, editor="记者甲")
    bench.run()
    assert bench.report(known).action is Action.CORRECT
    assert (column(bench).note, column(bench).series) == ("新按语。", COLUMN.series)
    assert bench.store.revision(known).article.headline == "《走基层》今日开栏"
    assert bench.engine.publish(article_of("一", column="走基层"), {}, editor="记者甲").created is False
    bench.engine.correct(first, article_of("一", column="走基层", body="<p>新</p>"), {}, editor="记者甲")
    assert bench.store.revision(first).article.editors_note == NOTE


def test_an_opening_can_be_withdrawn_as_long_as_it_has_no_articles(bench: Bench) -> None:
    known = opened(bench)
    articles = [in_column(bench, one) for one in ("一", "二")]
    with pytest.raises(Impossible) as caught:
        bench.withdraw(known)
    assert str(caught.value.problem.message) == "the column has 2 articles"
    assert "newsroom column close zjc" in str(caught.value.problem.remedy)
    for one in articles:
        bench.withdraw(one)
    bench.withdraw(known)
    bench.run()
    assert "zjc" not in ids(bench)
    with pytest.raises(Unfit):
        in_column(bench, "三")
    again = opened(bench)
    assert again != known
    assert "zjc" in ids(bench)


def test_articles_of_one_rollout_are_counted_each(bench: Bench) -> None:
    known = opened(bench)
    bench.together("一", "二", "三", column="走基层")
    with pytest.raises(Impossible) as caught:
        bench.withdraw(known)
    assert str(caught.value.problem.message) == "the column has 3 articles"
    [line] = [one for one in bench.engine.column_lines() if one.column.id == "zjc"]
    assert line.articles == 3


def test_an_opening_that_is_withdrawn_before_its_moment_never_was(bench: Bench) -> None:
    accepted = bench.open(COLUMN, at=bench.clock.now() + HOUR)
    bench.arrive()
    bench.withdraw(accepted.article_id)
    bench.run()
    bench.clock.advance(HOUR * 2)
    bench.sweep()
    assert bench.report(accepted.rollout_id).state is RolloutState.CANCELLED
    assert "zjc" not in ids(bench)
    assert {one.state for one in bench.engine.column_lines()} == {"open"}


# -- which column is meant --------------------------------------------------------------------------------


def test_a_column_that_waits_says_when_it_opens(bench: Bench) -> None:
    assert bench.open(COLUMN, at=bench.clock.now() + HOUR).rollout_id == "r1"
    with pytest.raises(Unfit) as caught:
        in_column(bench, "一")
    assert told(caught) == (
        "the column 走基层 has not opened yet",
        "it opens at 2026-11-24 09:00 with r1: submit the article after that; newsroom status r1",
    )


@pytest.mark.parametrize(
    ("name", "message", "remedy"),
    [
        ("走基屋", "there is no column 走基屋", "did you mean 走基层?"),
        ("乡镇动向", "there is no column 乡镇动向", "did you mean 乡镇动态?"),
        (
            "体育",
            "there is no column 体育",
            "use one of the newsroom's columns: 武山要闻, 脱贫攻坚奔小康, 乡镇动态, 走基层",
        ),
    ],
)
def test_a_misspelt_column_is_answered_with_the_nearest(bench: Bench, name: str, message: str, remedy: str) -> None:
    opened(bench)
    with pytest.raises(Unfit) as caught:
        in_column(bench, "一", name)
    assert told(caught) == (message, remedy)


def test_a_closed_column_takes_no_articles_and_is_not_proposed(bench: Bench) -> None:
    opened(bench)
    close(bench)
    bench.run()
    with pytest.raises(Unfit) as caught:
        in_column(bench, "一")
    assert told(caught)[0] == "the column 走基层 is closed"
    assert "走基层" not in told(caught)[1]
    with pytest.raises(Unfit) as caught:
        in_column(bench, "一", "走基屋")
    assert "走基层" not in told(caught)[1]


# -- the series -------------------------------------------------------------------------------------------


def test_articles_are_numbered_as_they_are_accepted(bench: Bench) -> None:
    opened(bench)
    known = [in_column(bench, one) for one in ("一", "二", "三")]
    assert numbers(bench, *known) == [1, 2, 3]
    assert bench.store.revision(known[2]).article.series == "2026年走基层系列报道之三"
    assert numbers(bench, bench.publish("别处")) == [None]
    [article] = bench.report(known[1]).articles
    assert article.series == "2026年走基层系列报道之二"


def test_several_together_are_numbered_in_their_order(bench: Bench) -> None:
    opened(bench)
    accepted = bench.together("一", "二", "三", column="走基层")
    assert numbers(bench, *accepted.article_ids) == [1, 2, 3]
    notes = [bench.store.revision(one).article.editors_note for one in accepted.article_ids]
    assert notes == [NOTE, "", ""]


def test_a_number_of_ones_own_is_kept_and_counted_from(bench: Bench) -> None:
    opened(bench)
    known = [in_column(bench, "五", number=5), in_column(bench, "六"), in_column(bench, "三", number=3, series="之三")]
    assert numbers(bench, *known) == [5, 6, 3]
    assert bench.store.revision(known[2]).article.series == "之三"


def test_a_number_that_is_taken_is_refused_by_the_article_that_has_it(bench: Bench) -> None:
    opened(bench)
    known = in_column(bench, "一")
    other = in_column(bench, "二")
    for deed in (
        lambda: in_column(bench, "又一", number=1),
        lambda: bench.engine.correct(other, article_of("二", column="zjc", number=1), {}, editor="记者甲"),
        lambda: bench.engine.publish_together(
            [Piece(article_of(one, column="zjc", number=7), {}) for one in ("七", "又七")], editor="记者甲"
        ),
    ):
        with pytest.raises(Impossible) as caught:
            deed()
        assert caught.value.problem.field == "number"
    assert len(bench.store.articles(9)) == 3, "neither of two that want the same is stored"
    assert numbers(bench, known, other) == [1, 2]


def test_a_correction_keeps_its_number(bench: Bench) -> None:
    opened(bench)
    known, other = in_column(bench, "一"), in_column(bench, "二")
    bench.run()
    bench.engine.correct(known, article_of("一", column="zjc", body="<p>新</p>"), {}, editor="记者甲")
    assert bench.store.revision(known).number == 2
    assert numbers(bench, known, other, in_column(bench, "三")) == [1, 2, 3]
    with pytest.raises(Impossible) as caught:
        bench.engine.correct(known, article_of("一", column="zjc", number=9), {}, editor="记者甲")
    assert caught.value.problem.field == "number"


def test_a_number_can_be_mended_before_anybody_has_seen_it(bench: Bench) -> None:
    opened(bench)
    known = in_column(bench, "一")
    bench.engine.correct(known, article_of("一", column="zjc", number=9), {}, editor="记者甲")
    assert numbers(bench, known, in_column(bench, "二")) == [9, 10]


def test_what_is_withdrawn_leaves_a_gap(bench: Bench) -> None:
    opened(bench)
    known = [in_column(bench, one) for one in ("一", "二")]
    bench.run()
    bench.withdraw(known[1])
    assert numbers(bench, in_column(bench, "三")) == [3]
    with pytest.raises(Impossible):
        in_column(bench, "又二", number=2)


def test_what_the_public_never_saw_gives_its_number_back(bench: Bench) -> None:
    opened(bench)
    first = in_column(bench, "一")
    bench.withdraw(first)
    second = in_column(bench, "二")
    assert numbers(bench, second) == [1]
    assert bench.store.revision(second).article.editors_note == NOTE, "it is the first that anybody sees"
    bench.run()
    assert all(set(outlet.public) == {"a1", second} for outlet in bench.outlets.values())


def test_simultaneous_submissions_get_different_numbers(bench: Bench) -> None:
    opened(bench)
    known = at_once(6, lambda n: in_column(bench, f"第{n}条"))
    assert sorted(numbers(bench, *map(str, known))) == [1, 2, 3, 4, 5, 6]  # type: ignore[type-var]
    noted = [bench.store.revision(str(one)).article.editors_note for one in known]
    assert sorted(noted) == [*[""] * 5, NOTE]


# -- the 编者按 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("note_on", "expected"), [("first", [NOTE, "", "自己的"]), ("all", [NOTE, NOTE, "自己的"])])
def test_the_first_article_carries_the_note_or_all_do(bench: Bench, note_on: str, expected: list[str]) -> None:
    opened(bench, note_on=note_on)
    known = [in_column(bench, "一"), in_column(bench, "二"), in_column(bench, "三", editors_note="自己的")]
    assert [bench.store.revision(one).article.editors_note for one in known] == expected


def test_a_correction_keeps_the_note_of_the_column_and_drops_one_of_its_own(bench: Bench) -> None:
    opened(bench)
    known = [in_column(bench, "一"), in_column(bench, "二", editors_note="自己的")]
    for _ in range(2):
        for one, headline in zip(known, ("一", "二"), strict=True):
            bench.engine.correct(one, article_of(headline, column="zjc", body="<p>新</p>"), {}, editor="记者甲")
    assert [bench.store.revision(one).article.editors_note for one in known] == [NOTE, ""]
    bench.correct(known[0], "<p>更新</p>")  # from the record itself, as the desk does it
    bench.engine.correct(known[0], article_of("一", column="zjc"), {}, editor="记者甲")
    assert bench.store.revision(known[0]).article.editors_note == NOTE


@pytest.mark.parametrize("note_on", ["first", "all"])
def test_a_file_that_is_submitted_again_is_nothing_new(bench: Bench, note_on: str) -> None:
    """Though the record has a number, a line of the series and a 编者按 that the file has not."""
    opened(bench, note_on=note_on)
    known = [in_column(bench, one) for one in ("一", "二")]
    bench.run()
    rename(bench, "走基层", "新走基层", "xzjc")
    bench.run()
    for number, headline in enumerate(("一", "二")):
        again = bench.engine.publish(article_of(headline, column="走基层"), {}, editor="记者甲")
        assert (again.article_id, again.created) == (known[number], False)
    with pytest.raises(Changed):
        in_column(bench, "一", body="<p>别的</p>")


# -- renaming and closing ---------------------------------------------------------------------------------


def test_a_column_is_renamed_and_back(bench: Bench) -> None:
    opened(bench)
    old = in_column(bench, "一")
    bench.run()
    for name, address in (("新走基层", "xzjc"), ("走基层", "zjc"), ("新走基层", "xzjc")):
        rename(bench, "zjc", name, address)
        bench.run()
        assert (column(bench).name, column(bench).address) == (name, address)
    assert (column(bench).former_names, column(bench).former_addresses) == (("走基层",), ("zjc",))
    assert bench.newsroom.with_columns(bench.engine.columns()).column("走基层").id == "zjc"
    assert numbers(bench, old, in_column(bench, "二", "走基层"), in_column(bench, "三", "新走基层")) == [1, 2, 3]
    with pytest.raises(Unfit):
        rename(bench, "zjc", "新走基层", "xzjc")
    with pytest.raises(Unfit):
        bench.open(COLUMN.model_copy(update={"id": "other", "address": "other"}))  # it still is called so, formerly


def test_a_renaming_that_is_ordered_again_is_one(bench: Bench) -> None:
    moment = bench.clock.now() + HOUR
    first = rename(bench, "武山要闻", "要闻", "yw", go_live_at=moment)
    bench.clock.advance(timedelta(minutes=1))
    assert rename(bench, "武山要闻", "要闻", "yw", go_live_at=moment) == first
    with pytest.raises(Changed):
        rename(bench, "武山要闻", "新闻", "xw", go_live_at=moment)
    bench.withdraw(first)
    assert rename(bench, "武山要闻", "新闻", "xw") != first
    bench.run()
    assert column(bench, "yaowen").name == "新闻"


def test_a_renaming_shows_from_its_instant_on(bench: Bench) -> None:
    moment = bench.clock.now() + timedelta(minutes=5)
    rename(bench, "武山要闻", "要闻", "yw", go_live_at=moment)
    bench.arrive()
    bench.clock.moment = moment - timedelta(microseconds=1)
    assert column(bench, "yaowen").name == "武山要闻"
    bench.clock.moment = moment
    assert column(bench, "yaowen").name == "要闻"


def test_what_is_ordered_ahead_does_not_undo_what_comes_before_it(bench: Bench) -> None:
    """A closing ordered for Friday, and on Wednesday the column gets another name: on Friday that is what closes."""
    opened(bench)
    friday = bench.clock.now() + HOUR * 2
    close(bench, line="再见", go_live_at=friday)
    rename(bench, "走基层", "新走基层", "xzjc", go_live_at=friday - HOUR)
    bench.arrive()
    for moment in (friday - HOUR, friday):
        for at in (moment - PACE.check, moment - PACE.arm):
            bench.clock.moment = max(at, bench.clock.moment)
            bench.sweep()
        bench.run()
    found = column(bench)
    assert (found.name, found.closed, found.former_names) == ("新走基层", "再见", ("走基层",))


def test_a_withdrawn_renaming_gives_the_old_name_back(bench: Bench) -> None:
    known = rename(bench, "武山要闻", "要闻", "yw")
    bench.run()
    bench.withdraw(known)
    bench.run()
    assert column(bench, "yaowen").name == "武山要闻"
    again = rename(bench, "武山要闻", "要闻", "yw")
    bench.run()
    assert again != known
    assert column(bench, "yaowen").name == "要闻"


def test_a_column_closes_with_a_line(bench: Bench) -> None:
    opened(bench)
    known = close(bench)
    assert column(bench).closed == ""
    bench.run()
    assert column(bench).closed.startswith("《走基层》栏目今日收官")
    assert [one.state for one in bench.engine.column_lines()] == ["open"] * 3 + ["closed"]
    assert bench.store.revision(known).article.headline == "《走基层》栏目收官"
    with pytest.raises(Unfit) as caught:
        close(bench)
    assert told(caught)[0] == "the column 走基层 is closed"


def test_a_closing_can_be_withdrawn_and_come_again(bench: Bench) -> None:
    opened(bench)
    for line in ("再见", "真的再见"):
        known = close(bench, line=line)
        bench.run()
        assert column(bench).closed == line
        bench.withdraw(known)
        bench.run()
        assert column(bench).closed == ""
        assert in_column(bench, f"{line}之后")
    close(bench, line="再见")
    bench.run()
    assert column(bench).closed == "再见"


def test_articles_of_a_closed_column_can_still_be_corrected_and_withdrawn(bench: Bench) -> None:
    opened(bench)
    known = [in_column(bench, one) for one in ("一", "二")]
    bench.run()
    close(bench)
    bench.run()
    bench.engine.correct(known[0], article_of("一", column="走基层", body="<p>新</p>"), {}, editor="记者甲")
    bench.withdraw(known[1])
    bench.run()
    for outlet in bench.outlets.values():
        assert outlet.public[known[0]][0] == 2
        assert known[1] not in outlet.public
    assert numbers(bench, known[0]) == [1]
    again = bench.engine.correct(known[0], article_of("一", column="走基层", body="<p>新</p>"), {}, editor="记者甲")
    assert not again.created


def test_no_record_of_a_column_is_counted_among_its_articles(bench: Bench) -> None:
    opened(bench)
    rename(bench, "走基层", "新走基层", "xzjc")
    bench.run()
    known = in_column(bench, "一", "新走基层")
    assert numbers(bench, known) == [1]
    assert bench.store.revision(known).article.editors_note == NOTE
    [line] = [one for one in bench.engine.column_lines() if one.column.id == "zjc"]
    assert line.articles == 1
