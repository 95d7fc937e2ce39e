"""Columns as values: what they add to an article, what announcements make of them, and which one is meant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import Announcement, Article, Column, Deed, Place, columns_after, numeral
from pipeline.engine import columns
from pipeline.testing import article_of, newsroom_of, picture

BANNER = picture()[0]
COLUMN = Column(
    id="zjc", name="走基层", description="走基层", keywords=("走基层",), note="按语", series="走基层系列", banner=BANNER
)
FIRST, LATER = Place(number=1, first=True), Place(number=12, first=False)
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


def column_of(**fields: Any) -> Column:
    return COLUMN.model_copy(update=fields)


def made(deed: Deed, column: Column) -> Announcement:
    return Announcement(deed=deed, column=column)


# -- an article in its column -----------------------------------------------------------------------------


def test_a_column_completes_its_first_article() -> None:
    found = article_of(column="zjc").completed(COLUMN, FIRST)
    assert (found.number, found.series, found.editors_note, found.note_of_column, found.banner) == (
        1,
        "走基层系列之一",
        "按语",
        True,
        BANNER,
    )


def test_a_later_one_carries_the_note_only_if_all_do() -> None:
    assert article_of().completed(COLUMN, LATER).series == "走基层系列之十二"
    assert article_of().completed(COLUMN, LATER).editors_note == ""
    assert article_of().completed(column_of(note_on="all"), LATER).editors_note == "按语"


def test_what_the_manuscript_says_goes_first() -> None:
    found = article_of(number=7, series="特别报道", editors_note="自己的").completed(COLUMN, FIRST)
    assert (found.number, found.series, found.editors_note, found.note_of_column) == (7, "特别报道", "自己的", False)
    assert article_of(number=7).completed(COLUMN, FIRST).series == "走基层系列之七"


def test_a_column_without_a_series_counts_nothing() -> None:
    bare = column_of(series="", note="", banner=None)
    assert article_of().completed(bare, FIRST) == article_of()
    assert article_of(number=3).completed(bare, FIRST).number == 3


def test_a_record_of_the_column_is_left_as_it_is() -> None:
    record = columns.opening(COLUMN, article_of("-"))
    assert record.completed(COLUMN, FIRST) == record


ARTICLES = st.builds(
    lambda number, note: article_of(number=number, editors_note=note),
    st.one_of(st.none(), st.integers(1, 99)),
    st.sampled_from(["", "按语", "自己的"]),
)
COLUMNS = st.builds(
    column_of,
    note=st.sampled_from(["", "按语", "新按语"]),
    note_on=st.sampled_from(["first", "all"]),
    series=st.sampled_from(["", "走基层系列"]),
    banner=st.sampled_from([None, BANNER]),
)


@given(article=ARTICLES, column=COLUMNS, now=COLUMNS, place=st.sampled_from([FIRST, LATER]))
def test_the_same_manuscript_completes_to_the_same_record(
    article: Article, column: Column, now: Column, place: Place
) -> None:
    """Whatever has become of the column since; and what is complete stays as it is."""
    record = article.completed(column, place)
    assert article.completed(column, place, record) == record
    assert record.completed(column, place, record) == record
    if now.series == column.series:
        assert article.completed(now, Place(number=None, first=False), record) == record


@given(column=COLUMNS, place=st.sampled_from([FIRST, LATER]))
def test_a_correction_keeps_what_the_column_gave_and_loses_what_was_its_own(column: Column, place: Place) -> None:
    record = article_of(editors_note="自己的").completed(column, place)
    assert article_of(body="<p>新</p>").completed(column, place, record).editors_note == ""
    record = article_of().completed(column, place)
    again = article_of(body="<p>新</p>").completed(column, place, record)
    assert again == record.model_copy(update={"body": "<p>新</p>"})


@pytest.mark.parametrize(
    ("number", "said"),
    [
        *enumerate(["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"], 1),
        (20, "二十"),
        (21, "二十一"),
        (90, "九十"),
        (99, "九十九"),
        (100, "100"),
        (0, "0"),
    ],
)
def test_numerals(number: int, said: str) -> None:
    assert numeral(number) == said


def test_numerals_tell_numbers_apart() -> None:
    assert len({numeral(one) for one in range(1, 200)}) == 199


# -- what announcements make of columns -------------------------------------------------------------------

CONFIGURED = newsroom_of().columns


def test_columns_stand_in_the_order_of_their_opening() -> None:
    other = column_of(id="other", name="其他", address="other")
    found = columns_after(CONFIGURED, [made(Deed.OPEN, COLUMN), made(Deed.OPEN, other)])
    assert [one.id for one in found] == [*(one.id for one in CONFIGURED), "zjc", "other"]
    assert columns_after(CONFIGURED, []) == CONFIGURED


def test_what_was_not_opened_is_neither_renamed_nor_closed() -> None:
    """Its opening has been withdrawn."""
    assert columns_after(CONFIGURED, [made(Deed.RENAME, COLUMN), made(Deed.CLOSE, COLUMN)]) == CONFIGURED


def test_a_configured_column_is_renamed_and_closed_in_its_place() -> None:
    first = CONFIGURED[0]
    found = columns_after(
        CONFIGURED,
        [
            made(Deed.RENAME, first.model_copy(update={"name": "要闻", "address": "yw"})),
            made(Deed.CLOSE, first.model_copy(update={"closed": "再见"})),
        ],
    )
    assert found[1:] == CONFIGURED[1:]
    assert (found[0].name, found[0].closed, found[0].former_names) == ("要闻", "再见", ("武山要闻",))


RENAMING = made(Deed.RENAME, column_of(name="新", address="x"))
CLOSING = made(Deed.CLOSE, column_of(closed="。"))


@pytest.mark.parametrize("deeds", [[RENAMING, CLOSING], [CLOSING, RENAMING]])
def test_each_changes_only_what_it_is_about(deeds: list[Announcement]) -> None:
    """Both were written when the column was as it opened: neither undoes the other, whichever comes first."""
    [found] = columns_after([], [made(Deed.OPEN, COLUMN), *deeds])
    assert (found.name, found.address, found.closed) == ("新", "x", "。")
    assert (found.former_names, found.former_addresses) == (("走基层",), ("zjc",))


def test_a_name_in_use_again_is_no_former_one() -> None:
    there = COLUMN.renamed("新走基层", "xzjc")
    back = there.renamed("走基层", "zjc")
    assert (back.former_names, back.former_addresses) == (("新走基层",), ("xzjc",))
    assert back.is_called("xzjc")
    assert COLUMN.renamed("走基层", "jc").former_names == ()


def test_a_correction_of_a_record_says_the_same_of_its_column() -> None:
    closing = columns.closing(COLUMN, "再见", newsroom_of())
    found = columns.rewritten(closing, article_of("-", body="<p>另一句</p>", column="别的"))
    assert (found.announces, found.headline, found.key) == (closing.announces, closing.headline, closing.key)
    opening = columns.opening(COLUMN, article_of("-"))
    found = columns.rewritten(opening, article_of("开栏了", body="<p>一</p><p>二</p>"))
    assert found.announces is not None
    assert (found.headline, found.announces.column) == ("开栏了", column_of(note="一\n二"))
    assert columns.rewritten(article_of(), article_of("二")) == article_of("二")


def test_a_description_made_from_the_editors_note_is_corrected_with_it() -> None:
    note, corrected = article_of("-", body="<p>共三万亩。</p>"), article_of("-", body="<p>共五万亩。</p>")
    for about, said in (("", "共五万亩。"), ("自己写的", "自己写的")):
        opening = columns.opening(columns.new("架豆", note, about=about), note)
        found = columns.rewritten(opening, corrected).announces
        assert found is not None
        assert (found.column.note, found.column.description) == ("共五万亩。", said)


# -- addresses and names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("脱贫攻坚奔小康", "tpgjbxk"),
        ("2026 两会", "2026lh"),
        ("在路上·Live", "zlslive"),
        ("“十五五”规划", "swwgh"),
        ("ＡＢＣ", "lanmu"),
        ("——", "lanmu"),
        ("", "lanmu"),
    ],
)
def test_an_address_is_made_from_a_name(name: str, address: str) -> None:
    assert columns.address_of(name) == address


@given(name=st.text(max_size=30))
def test_whatever_the_name_the_address_can_stand_in_one(name: str) -> None:
    Column(id=columns.address_of(name), name="名", description="", keywords=("词",))


def test_a_name_is_refused_with_what_may_be_meant() -> None:
    there = [*CONFIGURED, column_of(closed="再见")]
    waiting = [(column_of(id="new", name="新栏目", address="new"), NOON, "r7")]
    said = {
        name: str(columns.refuse(name, there, waiting).message)
        for name in ("新栏目", "new", "走基层", "zjc", "无此栏目")
    }
    assert said == {
        "新栏目": "the column 新栏目 has not opened yet",
        "new": "the column 新栏目 has not opened yet",
        "走基层": "the column 走基层 is closed",
        "zjc": "the column 走基层 is closed",
        "无此栏目": "there is no column 无此栏目",
    }
    assert "2026-11-24 04:00 with r7" in str(columns.refuse("新栏目", there, waiting).remedy)
    assert str(columns.refuse("武山要问", there, waiting).remedy) == "did you mean 武山要闻?"
    assert columns.refuse("武山要问", there, waiting).field == "column"
