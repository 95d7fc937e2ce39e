"""Ids that are given out once and for ever, and in which a typing error is found."""

from __future__ import annotations

import string
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.article import ids
from pipeline.record import tables
from pipeline.record.ids import BITS, article_id, at_random, counted, drawn, is_id, number_of, seeded
from pipeline.record.refusals import Impossible
from pipeline.record.reports import Reports
from tests.engine.bench import Bench
from tests.unit.commands import FILE, Command

KINDS = st.sampled_from(["a", "r"])
DRAWN = st.integers(0, ids.CODES - 1).filter(ids.is_fair)
FAIR = [code for code in range(1_000_000, 1_000_500) if ids.is_fair(code)]
TYPED = sorted({*string.printable.strip(), *"ａ０七 "})


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids as a newsroom has them."""
    monkeypatch.setattr(Reports, "numbered", staticmethod(at_random))


@given(kind=KINDS, code=DRAWN)
def test_every_single_wrong_character_is_found(kind: ids.Kind, code: int) -> None:
    known = ids.spelled(kind, code)
    assert ids.code_of(known, kind) == code
    wrong = {known[:at] + one + known[at + 1 :] for at in range(len(known)) for one in TYPED} - {known}
    wrong |= {known[:at] + known[at + 1 :] for at in range(len(known))}
    wrong |= {known[:at] + one + known[at:] for at in range(len(known) + 1) for one in TYPED}
    assert [one for one in wrong if is_id(one)] == []


@given(kind=KINDS, code=DRAWN)
def test_every_exchange_of_neighbours_is_found(kind: ids.Kind, code: int) -> None:
    known = ids.spelled(kind, code)
    exchanged = {known[:at] + two + one + known[at + 2 :] for at, (one, two) in enumerate(pairwise(known))} - {known}
    assert [one for one in exchanged if is_id(one)] == []
    assert all(known in set(ids.slips(one)) for one in exchanged)


@given(kind=KINDS, number=st.integers(0, ids.CODES - 1))
def test_ids_of_before_stay_what_they_are(kind: ids.Kind, number: int) -> None:
    assert ids.code_of(f"{kind}{number}", kind) == number
    assert ids.code_of(f"{kind}0{number}", kind) is None, "each has one spelling"


@given(ordinal=st.integers(1, 2**37), code=DRAWN)
def test_the_number_of_a_row_has_its_order_and_its_id(ordinal: int, code: int) -> None:
    number = at_random(ordinal, lambda _: code)
    assert number < 2**63
    assert article_id(number) == ids.spelled("a", code)
    assert at_random(ordinal + 1, lambda _: 11 * 33) > number > counted(2**25 - 1)


def test_what_has_been_drawn_is_drawn_again(database: str, tmp_path: Path) -> None:
    """Chance gives a code twice; and one that looks like an old id is not given out."""
    codes = iter([7, FAIR[0], FAIR[0], FAIR[1], FAIR[2]])

    def numbered(ordinal: int) -> int:
        return at_random(ordinal, lambda _: next(codes))

    bench = Bench(database, tmp_path)
    bench.store.numbered = numbered
    with bench.store.writing() as tx:
        first = drawn(tx, tables.article, 2, numbered)
    assert [one >> BITS for one in first] == [1, 2]
    assert {article_id(one) for one in first} == {ids.spelled("a", code) for code in FAIR[1:3]}
    bench.store.close()


def test_the_database_knows_a_code_once(real: None, database: str, tmp_path: Path) -> None:
    bench = Bench(database, tmp_path)
    known = bench.publish()
    with bench.store.reading() as tx:
        taken = number_of(tx, known, "a") % ids.CODES
    later = iter([taken, taken, *FAIR])
    bench.store.numbered = lambda ordinal: at_random(ordinal, lambda _: next(later))
    other = bench.publish("另一篇")
    assert other == ids.spelled("a", FAIR[0])
    bench.store.close()


def test_old_ids_and_new_ones_live_together(database: str, tmp_path: Path) -> None:
    """A record from before goes on: what it has keeps its names and comes before what is new."""
    bench = Bench(database, tmp_path)
    old = [bench.publish(f"旧稿{n}") for n in range(3)]
    bench.run()
    assert old == ["a1", "a2", "a3"]
    bench.store.numbered = seeded("test")
    new = [bench.publish(f"新稿{n}") for n in range(3)]
    bench.run()
    assert [one.id for one in bench.store.articles(10)] == [*reversed(new), *reversed(old)]
    assert all(ids.is_spelled(one) for one in new)
    bench.correct("a2", "<p>改</p>")
    rollout = bench.withdraw("a3")
    bench.run()
    assert ids.is_spelled(rollout)
    assert bench.store.latest_rollout("a3") == rollout
    assert bench.report("a2").articles[0].revision == 2
    outlet = bench.outlets["site"]
    assert set(outlet.public) == {"a1", "a2", *new}
    catalogue = bench.store.catalogue("site", bench.clock.now)
    assert [one.revision.id for one in catalogue.live()] == [*reversed(new), "a2", "a1"]
    assert set(catalogue.entries([*old, *new])) == {*old, *new}
    assert bench.store.broken_event() is None
    bench.store.close()


def test_a_restored_record_gives_no_id_a_second_time(real: None, tmp_path: Path) -> None:
    """What was measured: `a7` was given out again after an older backup had been restored."""
    lost = [rows(tmp_path / name) for name in ("first", "second")]
    assert not set(lost[0]) & set(lost[1])


def rows(folder: Path) -> list[str]:
    """The ids that a new record gives to twenty articles."""
    folder.mkdir()
    bench = Bench(f"sqlite:///{folder / 'newsroom.db'}", folder)
    made = [bench.publish(f"第{n}条") for n in range(20)]
    bench.store.close()
    return made


# -- what people are told ---------------------------------------------------------------------------------


@pytest.fixture
def bench(real: None, database: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(database, tmp_path)
    yield bench
    bench.store.close()


def refusal(bench: Bench, known: str) -> tuple[str, str]:
    with pytest.raises(Impossible) as refused:
        bench.store.revision(known)
    return str(refused.value.problem.message), str(refused.value.problem.remedy)


def test_a_slip_is_named_and_the_one_that_was_meant(bench: Bench) -> None:
    known, _other = bench.publish(), bench.publish("另一篇")
    for typed in (known[:3] + "0" + known[4:], known.upper(), known[:-1], known[:2] + known[3] + known[2] + known[4:]):
        if typed != known:
            message, remedy = refusal(bench, typed)
            assert message.startswith(f"{typed} is ")
            assert remedy == f"did you mean {known}?"


def test_what_is_not_sure_is_not_guessed(bench: Bench) -> None:
    assert refusal(bench, "hello")[1].startswith("newsroom list")
    first, second = (ids.spelled("a", code) for code in FAIR[:2])
    codes = iter(FAIR)
    bench.store.numbered = lambda ordinal: at_random(ordinal, lambda _: next(codes))
    with bench.store.writing() as tx:
        numbers = drawn(tx, tables.article, 2, bench.store.numbered)
        common = {"column": "yaowen", "published_at": bench.clock.now(), "accepted_at": bench.clock.now()}
        tx.execute(tables.article.insert(), [{"id": one, "key": str(one), **common} for one in numbers])
    between = next(one for one in _wrong(first) if {first, second} <= set(ids.slips(one)))
    assert refusal(bench, between)[1].startswith("newsroom list")


def _wrong(known: str) -> Iterator[str]:
    for at in range(1, len(known)):
        for one in ids.ALPHABET:
            if not is_id(told := known[:at] + one + known[at + 1 :]):
                yield told


def test_an_id_that_nothing_has_is_told_so(bench: Bench) -> None:
    bench.publish()
    assert refusal(bench, ids.spelled("a", 3_333_333))[0].startswith("there is no article")
    assert refusal(bench, "a1")[0] == "there is no article a1"


# -- in a newsroom ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("alone")
def test_every_command_takes_them(real: None, submit: Command, newsroom: Command) -> None:
    path = Path("short.md")
    path.write_text(FILE, encoding="utf-8")
    [told] = submit(path, "--json").json
    article, rollout = told["article"], told["rollout"]
    assert (len(article), article[0], len(rollout), rollout[0]) == (7, "a", 7, "r")
    path.write_text(FILE.replace("一段", "两段"), encoding="utf-8")
    for words in (
        *(("report", known) for known in (article, rollout)),
        *(("status", known) for known in (article, rollout)),
        *(("audit", "show", known) for known in (article, rollout)),
        *(("preview", known) for known in (article, rollout)),
        ("correct", article, path),
        ("withdraw", rollout, "--reason", "有误"),
    ):
        done = newsroom(*words)
        assert done.code in (0, 5), (words, done)
        assert article in done.out or rollout in done.out or words[0] == "preview"
    assert article in newsroom("list").out

    typed = article[:-1] + ("0" if article[-1] != "0" else "1")
    done = newsroom("withdraw", typed, "--reason", "有误")
    assert done.code == 2
    assert f"{typed} is mistyped" in done.err
    assert f"did you mean {article}?" in done.err
