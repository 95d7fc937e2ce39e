"""One programme on several machines: each has a data folder of its own, the notebook and the pages are common.

Whatever one of them has done stands on the other; what one has begun the other finishes; nothing is said twice.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from mosromgr.moscollection import MosCollection
from sqlalchemy import select

from channels.tv import Television, mos
from channels.tv.rundown import RESERVED, Rundowns
from pipeline.channel import Action, Delivery, Notebook, Refused, Standing, Unavailable
from pipeline.record import tables
from pipeline.record.store import Store
from pipeline.rollout import Pace
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.testing import NOON, MemoryNotebook, Rehearsal
from tests.channels.tv_newsroom import DAY, put, story, television

TODAY = date.fromisoformat(DAY)
QUICK = 0.3
"""Seconds that a device may take to answer in these tests."""

PAGES = ("index.html", "prompter.html", "programme.txt", "programme.rtf")
"""A day's pages, beside those of its stories."""

Machine = Callable[..., Rehearsal]


class Killed(BaseException):
    """The process is no more."""


@pytest.fixture
def prompter() -> Iterator[Prompter]:
    with Prompter() as standing:
        yield standing


@pytest.fixture(params=["files", "prompter"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """Gives one machine more; all have one record, one root, and one device or folder of messages."""
    options: dict[str, Any] = {"root": str(tmp_path / "shared")}
    if request.param == "prompter":
        options |= {"mos": f"127.0.0.1:{request.getfixturevalue('prompter').port}", "answer": QUICK}
    return machines(tmp_path, MemoryNotebook(), **options)


def machines(folder: Path, notebook: Notebook, **options: Any) -> Machine:
    first: list[Rehearsal] = []

    def another(**more: Any) -> Rehearsal:
        data = folder / f"machine{len(first)}"
        rehearsal = Rehearsal(television(data, notebook, **{**options, **more}))
        if first:
            rehearsal.catalogue, rehearsal.receipts = first[0].catalogue, first[0].receipts
        first.append(rehearsal)
        return rehearsal

    return another


def channel_of(rehearsal: Rehearsal) -> Television:
    assert isinstance(rehearsal.channel, Television)
    return rehearsal.channel


def ids(rehearsal: Rehearsal, day: date = TODAY) -> list[str]:
    return [one.id for one in channel_of(rehearsal).load(day).stories]


def listed(rehearsal: Rehearsal) -> list[str]:
    """The stories that the rundown's page lists."""
    page = (channel_of(rehearsal).files.read(f"{DAY}/index.html") or b"").decode()
    return [part.split('"')[0] for part in page.split('<tr id="')[1:]]


def standings(rehearsal: Rehearsal, *deliveries: Delivery) -> set[Standing]:
    return {rehearsal.verify(one).standing for one in deliveries}


# -- one channel -----------------------------------------------------------------------------------------


def test_one_rundown(machine: Machine) -> None:
    one, other = machine(), machine()
    first, second = put(one, story(1)), put(other, story(2))
    for rehearsal in (one, other):
        assert ids(rehearsal) == ["a1", "a2"]
        assert listed(rehearsal) == ["a1", "a2"]
        assert standings(rehearsal, first, second) == {Standing.LIVE}
        assert {rehearsal.channel.find(delivery).standing for delivery in (first, second)} == {Standing.LIVE}


def test_what_one_released_the_other_corrects_and_withdraws(machine: Machine) -> None:
    one, other = machine(), machine()
    old, second = put(one, story(1)), put(other, story(2))
    new = put(other, story(1, version=2, body="<p>种植面积应为5.3万亩。</p>"))
    assert standings(one, new, second) == {Standing.LIVE}
    assert Standing.LIVE not in standings(one, old)
    gone = one.withdraw(story(2), "数据有误")
    assert standings(other, gone) == {Standing.WITHDRAWN}
    assert Standing.LIVE not in standings(other, second)
    assert ids(other) == listed(other) == ["a1"]


def test_one_lock(machine: Machine) -> None:
    one, other = machine(), machine()
    put(one, story(1))
    waiting = other.prepare(other.delivery(story(2)))
    channel_of(one).lock(TODAY, "李四", NOON)
    attempts: list[Callable[[], object]] = [
        lambda: other.release(waiting),
        lambda: other.prepare(other.delivery(story(3))),
        lambda: channel_of(other).move(TODAY, "a1", 1, "赵六", NOON),
    ]
    for attempt in attempts:
        with pytest.raises(Refused, match="李四"):
            attempt()
    assert channel_of(other).locked(story(2).published_at) != []
    channel_of(other).unlock(TODAY, "王五", NOON)
    assert channel_of(one).locked(story(2).published_at) == []
    assert standings(one, other.release(waiting)) == {Standing.LIVE}


def test_an_order_that_one_has_changed_the_other_keeps(machine: Machine) -> None:
    one, other = machine(), machine()
    for n in (1, 2, 3):
        put(one, story(n))
    channel_of(other).move(TODAY, "a3", 1, "李四", NOON)
    put(one, story(4))
    assert ids(other) == listed(other) == ["a3", "a1", "a2", "a4"]


def test_the_list_of_days_has_what_either_has_changed(machine: Machine) -> None:
    one, other = machine(), machine()
    tomorrow = TODAY + timedelta(days=1)
    put(one, story(1))
    put(other, story(2, at=NOON + timedelta(hours=8)))
    for n, rehearsal in enumerate((one, one, other, one), 3):
        put(rehearsal, story(n))
    channel_of(other).lock(tomorrow, "李四", NOON)
    put(one, story(7))
    rows = (channel_of(one).files.read("index.html") or b"").decode().split("<tr>")[-2:]
    counts = [row.split("<td>")[2].split("<")[0] for row in rows]
    assert counts == ["1", "6"]
    assert ["已锁定" in row for row in rows] == [True, False]


def test_a_machine_that_was_never_there_before_needs_nothing_of_the_others(machine: Machine) -> None:
    """Neither their scripts nor what they have prepared."""
    first = machine()
    put(first, story(1))
    prepared = first.prepare(first.delivery(story(2)))
    new = machine()
    assert new.channel.find(prepared).standing in (Standing.STAGED, Standing.ABSENT)  # as the staging is shared or not
    assert standings(new, new.release(prepared)) == {Standing.LIVE}
    page = (channel_of(new).files.read(f"{DAY}/prompter.html") or b"").decode()
    assert page.index("第1条") < page.index("第2条")


def test_the_messages_of_all_are_one_running_order(tmp_path: Path) -> None:
    """By the independent reader, without a device; their numbers are one row."""
    machine = machines(tmp_path, MemoryNotebook(), root=str(tmp_path / "shared"))
    both = machine(), machine()
    for n in range(1, 7):
        put(both[n % 2], story(n))
    files = sorted((tmp_path / "shared" / "mos" / DAY).glob("*.mos.xml"))
    collection = MosCollection.from_files(files, allow_incomplete=True)
    collection.merge()
    assert [one.id for one in collection.ro.stories] == [f"a{n}" for n in range(1, 7)]
    numbers = [int(file.name.split("-")[0]) for file in files]
    assert len(set(numbers)) == len(numbers)
    assert not list(tmp_path.glob("machine*/**/mos"))


# -- message numbers -------------------------------------------------------------------------------------


def numbers_said(prompter: Prompter) -> list[int]:
    return [int(line.split()[0]) for line in prompter.prompter.log]


def released_at_once(both: Sequence[Rehearsal], which: Iterable[int]) -> list[Delivery]:
    """These stories, by turns on one machine and the other, each by a thread of its own."""
    prepared = [both[n % 2].prepare(both[n % 2].delivery(story(n))) for n in which]
    for delivery in prepared:
        both[0].catalogue.place(delivery.revision, delivery.receipt)
    begin = threading.Barrier(len(prepared))

    def release(n: int, delivery: Delivery) -> None:
        begin.wait()
        both[n % 2].channel.release(delivery)

    threads = [threading.Thread(target=release, args=(n, one)) for n, one in enumerate(prepared)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return prepared


def test_no_number_is_given_twice(machine: Machine, prompter: Prompter) -> None:
    """Two machines with four threads each, all at once."""
    both = machine(mos=f"127.0.0.1:{prompter.port}"), machine(mos=f"127.0.0.1:{prompter.port}")
    prepared = released_at_once(both, range(1, 9))
    numbers = numbers_said(prompter)
    assert numbers == sorted(set(numbers))
    assert len(numbers) >= 2 * len(prepared)
    assert ids(both[0]) == listed(both[1]) == [f"a{n}" for n in range(1, 9)]
    assert standings(both[1], *prepared) == {Standing.LIVE}


def test_numbers_that_a_process_has_left_are_used_unless_another_took_some() -> None:
    notebook = MemoryNotebook()
    one, other = Rundowns(notebook), Rundowns(notebook)
    assert [next(one.numbers()) for _ in range(2)] == [mos.FIRST, mos.FIRST + 1]
    assert next(other.numbers()) == mos.FIRST + RESERVED
    assert next(one.numbers()) == mos.FIRST + 2 * RESERVED, "numbers grow, whoever speaks"
    taken = one.numbers()
    assert [next(taken) for _ in range(RESERVED)][-1] == mos.FIRST + 3 * RESERVED, "the next lot follows by itself"


# -- what one has begun ----------------------------------------------------------------------------------


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("answered", [False, True])
def test_a_release_that_broke_off_is_finished_by_the_other(
    tmp_path: Path, prompter: Prompter, monkeypatch: pytest.MonkeyPatch, place: int, answered: bool
) -> None:
    """Killed before or after the device did the message of this place: INSERT or text, of the second or third story."""
    machine = machines(
        tmp_path, MemoryNotebook(), root=str(tmp_path / "shared"), mos=f"127.0.0.1:{prompter.port}", answer=QUICK
    )
    one, other = machine(), machine()
    put(one, story(1))
    prepared = [one.prepare(one.delivery(story(n))) for n in (2, 3)]
    say, times = mos.Talk.say, iter(range(99))

    def killed(self: mos.Talk, number: int, message: mos.Message) -> mos.Ack:
        now = next(times) == place
        if now and not answered:
            raise Killed
        ack = say(self, number, message)
        if now:
            raise Killed
        return ack

    with monkeypatch.context() as mortal:
        mortal.setattr(mos.Talk, "say", killed)
        with pytest.raises(Killed):
            list(map(one.release, prepared))
    for delivery in prepared:
        found = other.channel.find(delivery)
        if found.standing is not Standing.LIVE:
            assert found.standing in (Standing.STAGED, Standing.ABSENT)  # as the staging is shared or not
            other.release(other.prepare(delivery))
    orders = prompter.prompter.state()["orders"][f"tv-{DAY}"]["stories"]
    assert [one["id"] for one in orders] == ["a1", "a2", "a3"]
    assert all(one["body"] for one in orders)
    assert standings(other, *prepared) == standings(one, *prepared) == {Standing.LIVE}
    assert listed(other) == ["a1", "a2", "a3"]


def broken_off(channel: Television, path: str, monkeypatch: pytest.MonkeyPatch) -> AbstractContextManager[Any]:
    """The process dies when it is about to write this file."""
    write = channel.files.write

    def mortal(where: str, data: bytes) -> None:
        if where == path:
            raise Killed
        write(where, data)

    monkeypatch.setattr(channel.files, "write", mortal)
    return pytest.raises(Killed)


@pytest.mark.parametrize("name", PAGES)
def test_pages_that_broke_off_are_finished_by_the_other(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A correction of a text changes the same line of the rundown: it says for itself which text the pages have."""
    one, other = machine(), machine()
    put(one, story(1))
    new = one.prepare(one.delivery(story(1, version=2, body="<p>种植面积应为5.3万亩。</p>")))
    with broken_off(channel_of(one), f"{DAY}/{name}", monkeypatch):
        one.release(new)
    assert other.channel.find(new).standing is not Standing.LIVE
    assert Standing.LIVE not in standings(other, new)
    again = other.release(other.prepare(new))
    assert standings(other, again) == {Standing.LIVE}
    assert "五点三万亩" in (channel_of(other).files.read(f"{DAY}/programme.txt") or b"").decode()


@pytest.mark.parametrize("path", [f"{DAY}/a2.gone.html", *(f"{DAY}/{name}" for name in PAGES), "index.html"])
def test_a_withdrawal_that_broke_off_is_finished_by_the_other(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """As long as any page of the day has its text, it is not withdrawn, whatever the device says."""
    one, other = machine(), machine()
    put(one, story(1))
    put(one, story(2, body="<p>撤下的正是这一句话。</p>"))
    gone = other.delivery(story(2), Action.WITHDRAW)
    with broken_off(channel_of(one), path, monkeypatch):
        one.withdraw(story(2), "数据有误")
    assert other.channel.find(gone).standing is Standing.LIVE
    assert standings(other, gone) == {Standing.LIVE}
    gone = other.withdraw(story(2), "数据有误")
    assert other.channel.find(gone).standing is Standing.WITHDRAWN
    assert standings(other, gone) == {Standing.WITHDRAWN}
    assert ids(other) == listed(other) == ["a1"]
    for name in PAGES:
        assert "撤下的正是这一句话" not in (channel_of(other).files.read(f"{DAY}/{name}") or b"").decode()


def test_what_was_prepared_before_is_not_shown_for_what_is_released(machine: Machine) -> None:
    """A held rollout that is tried again has another date: another machine has prepared that."""
    one, other = machine(), machine()
    held, again = story(1), story(1, at=NOON + timedelta(days=1))
    one.prepare(one.delivery(held))
    prepared = other.prepare(other.delivery(again))
    assert standings(other, one.release(prepared)) == {Standing.LIVE}


def test_what_a_machine_has_prepared_says_nothing_of_what_another_has_released(machine: Machine) -> None:
    one, other = machine(), machine()
    prepared = one.prepare(one.delivery(story(1)))
    released = other.release(prepared)
    assert one.channel.find(released).standing is Standing.LIVE


# -- two at once -----------------------------------------------------------------------------------------


def test_who_comes_too_late_overwrites_nothing(tmp_path: Path) -> None:
    """The lock was lost with the database: what the other has written meanwhile stands."""
    notebook = MemoryNotebook()
    one, other = Rundowns(notebook), Rundowns(notebook)
    one.save(one.load(TODAY))
    stale = other.load(TODAY)
    one.save(one.load(TODAY).model_copy(update={"withdrawn": ()}))
    for late in (stale, stale.model_copy(update={"version": None})):
        with pytest.raises(Unavailable) as trouble:
            other.save(late)
        assert trouble.value.sent, "it has to be asked what became of the deed"


def test_of_two_that_begin_a_day_none_is_lost(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is about to write, the other has written: as after a lock that was lost."""
    one, other = machine(), machine()
    prepared = [one.prepare(one.delivery(story(n))) for n in (1, 2)]
    save, between = Rundowns.save, iter([lambda: other.release(prepared[1])])

    def late(self: Rundowns, *arguments: Any, **more: Any) -> Any:
        if self is channel_of(one).rundowns:
            monkeypatch.setattr(one.catalogue, "_lock", threading.Lock)
            for deed in between:
                deed()
        return save(self, *arguments, **more)

    monkeypatch.setattr(Rundowns, "save", late)
    with pytest.raises(Unavailable):
        one.release(prepared[0])
    assert ids(one) == ["a2"]
    one.release(prepared[0])
    assert ids(other) == listed(other) == ["a1", "a2"]
    assert standings(other, *prepared) == {Standing.LIVE}


def test_after_two_have_spoken_at_once_all_is_said_again(
    tmp_path: Path, prompter: Prompter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was started again in the middle of a conversation: the lock was lost, and another spoke too."""
    machine = machines(
        tmp_path, MemoryNotebook(), root=str(tmp_path / "shared"), mos=f"127.0.0.1:{prompter.port}", answer=QUICK
    )
    one, other = machine(), machine()
    put(one, story(1))
    prepared = one.prepare(one.delivery(story(2)))
    say, between = mos.Talk.say, iter([lambda: other.withdraw(story(2), "数据有误")])

    def crossed(self: mos.Talk, number: int, message: mos.Message) -> mos.Ack:
        for deed in between:
            monkeypatch.setattr(one.catalogue, "_lock", threading.Lock)
            assert standings(other, deed()) == {Standing.WITHDRAWN}
        return say(self, number, message)

    def held() -> list[str]:
        return [each["id"] for each in prompter.prompter.state()["orders"][f"tv-{DAY}"]["stories"]]

    monkeypatch.setattr(mos.Talk, "say", crossed)
    with pytest.raises(Unavailable) as trouble:
        one.release(prepared)
    assert trouble.value.sent
    assert held() == ["a1", "a2"], "what was said last was out of date"
    gone = other.delivery(story(2), Action.WITHDRAW)
    assert other.channel.find(gone).standing is Standing.LIVE
    assert standings(other, put(other, story(3))) == {Standing.LIVE}
    assert held() == ids(one) == ["a1", "a3"]
    assert standings(one, gone) == {Standing.WITHDRAWN}


# -- files that are gone -----------------------------------------------------------------------------------


def test_a_folder_of_messages_that_was_lost_is_written_again(tmp_path: Path) -> None:
    """As after a restored backup, which has the record and not the folder."""
    notebook = MemoryNotebook()
    machine = machines(tmp_path, notebook)
    old, new = machine(), machine()
    first = put(old, story(1))
    assert Standing.LIVE not in standings(new, first)
    second = put(new, story(2))
    assert standings(new, new.release(first), second) == {Standing.LIVE}
    folder = channel_of(new).playout.folder(TODAY)
    assert [name.split("-", 1)[1] for name in folder.listed()][:3] == [
        "roCreate.mos.xml",
        "roStorySend.mos.xml",
        "roStorySend.mos.xml",
    ]
    assert mos.merge(folder.messages()).order == ("a1", "a2")


# -- what nobody needs any more --------------------------------------------------------------------------

LONG_AGO, THEN = NOON - timedelta(days=40), TODAY - timedelta(days=40)


@pytest.fixture
def aged(machine: Machine) -> tuple[Rehearsal, Delivery]:
    """A channel with many days, and a story of the first, whose running order is dropped by now."""
    rehearsal = machine()
    first = put(rehearsal, story(1, at=LONG_AGO))
    put(rehearsal, story(2, at=LONG_AGO))
    for n in range(40):
        put(rehearsal, story(n + 3, at=LONG_AGO + timedelta(days=n + 1)))
    return rehearsal, first


def test_old_days_are_dropped_and_recent_ones_kept(aged: tuple[Rehearsal, Delivery]) -> None:
    channel = channel_of(aged[0])
    days = channel.rundowns.days()
    assert days == [TODAY - timedelta(days=n) for n in range(28, -1, -1)]
    notebook = channel.setting.notebook
    scripts = {page.split("/")[1] for page in notebook.pages("script/")}
    assert scripts == {f"{day}" for day in days}
    assert len(notebook.pages()) == 2 * len(days) + 2  # the numbers, and the last day that was dropped
    index = (channel.files.read("index.html") or b"").decode()
    assert index.count("/index.html") == 28
    assert channel.files.exists(f"{THEN}/index.html"), "pages are kept"


def test_dropping_that_broke_off_is_finished_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = MemoryNotebook()
    rundowns, other = Rundowns(notebook), Rundowns(notebook)
    days = [TODAY - timedelta(days=n) for n in (5, 4, 3, 2, 1)]
    for day in days:
        rundowns.save(rundowns.load(day))
    for times in range(4):
        with monkeypatch.context() as mortal:
            mortal.setattr(notebook, "prune", lambda *_: (_ for _ in ()).throw(Killed))
            with pytest.raises(Killed):
                rundowns.drop(TODAY, but=2)
        known = [day for day in days if not other.load(day).dropped]
        assert known == days, f"{times}: what stands there is not forgotten"
    rundowns.drop(TODAY, but=2)
    assert other.days() == days[-2:]
    assert [other.load(day).dropped for day in (days[0], days[2], days[3], TODAY)] == [True, True, False, False]
    rundowns.drop(TODAY - timedelta(days=3), but=2)  # an old deed, done again late
    assert other.days() == days[-2:]


def test_days_that_are_not_over_are_no_reason_to_drop_any(machine: Machine) -> None:
    rehearsal = machine()
    put(rehearsal, story(1))
    for n in range(2, 60):
        channel_of(rehearsal).lock(TODAY + timedelta(days=n), "李四", NOON)
    put(rehearsal, story(2, at=NOON + timedelta(hours=8)))  # tomorrow's first
    put(rehearsal, story(3, at=NOON + timedelta(minutes=1)))
    assert ids(rehearsal) == ["a1", "a3"]
    assert ids(rehearsal, TODAY + timedelta(days=1)) == ["a2"]


def test_a_story_of_a_day_that_was_dropped_is_withdrawn(machine: Machine, aged: tuple[Rehearsal, Delivery]) -> None:
    _, first = aged
    other = machine()
    files, day = channel_of(other).files, THEN
    text = "架豆".encode()
    assert text in (files.read(f"{day}/a1.html") or b"")
    gone = other.withdraw(first.revision, "数据有误")
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.WITHDRAWN
    assert "on air on" in str(gone.receipt.note)
    assert standings(other, gone) == {Standing.WITHDRAWN}
    assert other.channel.find(gone).standing is Standing.WITHDRAWN
    assert "数据有误" in (files.read(f"{day}/a1.gone.html") or b"").decode()
    for name in ("a1.docx", "a1.txt", "a1.rtf", "prompter.html", "programme.txt", "programme.rtf"):
        assert files.read(f"{day}/{name}") is None, name
    assert text in (files.read(f"{day}/a2.html") or b""), "the other story of that day is left alone"
    assert standings(other, other.withdraw(first.revision)) == {Standing.WITHDRAWN}, "it can be repeated"
    never = other.withdraw(story(99, at=LONG_AGO), "")
    assert never.receipt is not None
    assert never.receipt.standing is Standing.ABSENT


def test_a_story_of_a_day_that_was_dropped_is_corrected_by_a_notice(aged: tuple[Rehearsal, Delivery]) -> None:
    rehearsal, first = aged
    corrected = first.revision.model_copy(
        update={"number": 2, "corrected_at": NOON + timedelta(hours=3), "note": "面积应为5.3万亩"}
    )
    prepared = rehearsal.prepare(rehearsal.delivery(corrected))
    assert prepared.receipt is not None
    assert prepared.receipt.note is None, "it was aired"
    assert standings(rehearsal, rehearsal.release(prepared)) == {Standing.LIVE}
    assert ids(rehearsal)[-1] == f"a1-{TODAY:%Y%m%d}"
    missed = story(98, version=2, at=LONG_AGO).model_copy(update={"corrected_at": NOON + timedelta(hours=3)})
    told = rehearsal.prepare(rehearsal.delivery(missed)).receipt
    assert told is not None
    assert "was aired without the story" in str(told.note)
    gone = rehearsal.withdraw(corrected, "全文有误")
    assert standings(rehearsal, gone) == {Standing.WITHDRAWN}
    assert f"a1-{TODAY:%Y%m%d}" not in ids(rehearsal)


def test_nothing_new_joins_a_day_that_was_dropped(aged: tuple[Rehearsal, Delivery]) -> None:
    rehearsal, first = aged
    channel, late = channel_of(rehearsal), rehearsal.delivery(story(97, at=LONG_AGO))
    day = THEN
    before = channel.files.read(f"{day}/index.html")
    rehearsal.catalogue.place(late.revision)
    attempts: list[Callable[[], object]] = [
        lambda: channel.prepare(late),
        lambda: channel.release(late),
        lambda: channel.lock(day, "李四", NOON),
        lambda: channel.unlock(day, "李四", NOON),
        lambda: channel.move(day, "a1", 1, "李四", NOON),
    ]
    for attempt in attempts:
        with pytest.raises(Refused) as trouble:
            attempt()
        assert trouble.value.code == "dropped"
        assert "aired long ago" in str(trouble.value.problem.message)
    assert channel.files.read(f"{day}/index.html") == before
    assert standings(rehearsal, first) == {Standing.LIVE}, "what was aired is still read"


# -- in the record ---------------------------------------------------------------------------------------


def test_it_is_so_in_a_real_record(database: str, tmp_path: Path, prompter: Prompter) -> None:
    """On SQLite and PostgreSQL, with a store for each machine; what people decided are events with their names."""
    address, root = f"127.0.0.1:{prompter.port}", str(tmp_path / "shared")
    with closing(Store(database, pace=Pace(), locks=tmp_path / "locks")) as store:
        store.migrate()
        with closing(Store(database, pace=Pace(), locks=tmp_path / "locks")) as second:
            one, other = (
                Rehearsal(television(tmp_path / f"m{n}", each.notebook("tv"), root=root, mos=address))
                for n, each in enumerate((store, second))
            )
            other.catalogue = one.catalogue
            prepared = [put(one, story(1)), put(other, story(2)), put(one, story(3))]
            channel_of(other).move(TODAY, "a3", 1, "张三", NOON)
            channel_of(one).lock(TODAY, "李四", NOON)
            channel_of(other).lock(TODAY, "赵六", NOON)  # it is locked already: nothing happens
            with pytest.raises(Refused):
                put(other, story(4))
            channel_of(other).unlock(TODAY, "王五", NOON)
            prepared += [put(other, story(4)), *released_at_once((one, other), range(5, 11))]
            gone = one.withdraw(story(2), "数据有误")
            for rehearsal in (one, other):
                assert ids(rehearsal) == listed(rehearsal) == ["a3", "a1", *(f"a{n}" for n in range(4, 11))]
                assert standings(rehearsal, *(one for one in prepared if one.revision.id != "a2")) == {Standing.LIVE}
                assert standings(rehearsal, gone) == {Standing.WITHDRAWN}
        with store.reading() as tx:
            events = tx.execute(select(tables.event).order_by(tables.event.c.id)).all()
        people = [(event.who, event.what, json.loads(event.data)["page"]) for event in events if event.who != "engine"]
        assert people == [
            ("张三", "story moved", f"programme/{DAY}"),
            ("李四", "programme locked", f"programme/{DAY}"),
            ("王五", "programme unlocked", f"programme/{DAY}"),
        ]
        assert store.broken_event() is None
    numbers = numbers_said(prompter)
    assert numbers == sorted(set(numbers))
    for n in range(2):
        assert {path.name for path in (tmp_path / f"m{n}").glob("tv/*")} <= {"staging", "staging.unfinished"}


def test_a_device_that_refuses_is_told_in_the_events(tmp_path: Path, prompter: Prompter) -> None:
    notebook = MemoryNotebook()
    rehearsal = Rehearsal(television(tmp_path, notebook, mos=f"127.0.0.1:{prompter.port}", answer=QUICK))
    for n in (1, 2):
        put(rehearsal, story(n))
    prompter.prompter.fail([], "nack")
    before = len(notebook.deeds)
    with pytest.raises(Refused):
        channel_of(rehearsal).move(TODAY, "a2", 1, "李四", NOON)
    told = [(by, deed) for by, deed, page in notebook.deeds[before:] if page.startswith("programme/")]
    assert told[0] == ("李四", "story moved")
    assert told[-1] == ("engine", "refused by the prompter")
    assert ("李四", "story moved") not in told[1:]
    assert ids(rehearsal) == ["a1", "a2"]
    with pytest.raises(Refused):
        channel_of(rehearsal).lock(TODAY, "李四", NOON)
    lock = channel_of(rehearsal).load(TODAY).lock
    assert lock is not None
    assert lock.by == "李四", "a lock stands whatever the device says"


def test_a_withdrawal_that_is_overtaken_does_nothing(machine: Machine) -> None:
    """The article has been published since."""
    one, other = machine(), machine()
    live = put(one, story(1))
    late = other.channel.withdraw(other.delivery(story(1), Action.WITHDRAW))
    assert late.standing is Standing.LIVE
    assert standings(one, live) == {Standing.LIVE}
