"""The programme of a day: what joins it, its order, times and lock; corrections, notices, withdrawals; and that
mosromgr (BBC) makes of the written messages what our own rundown says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from mosromgr.moscollection import MosCollection

from channels.tv import Television, documents, mos
from channels.tv.programme import Calendar, Programme, Story, Terms, terms_of
from pipeline.article import Outlet
from pipeline.channel import Action, Correction, Delivery, Refused, Setting, Standing, Unpublishable
from pipeline.testing import NOON, MemoryNotebook, Rehearsal, article_of, newsroom_of, revision_of
from tests.channels.tv_newsroom import DAY, put, script_of, story, television

TODAY = date(2026, 11, 24)
"""A Tuesday."""
TOMORROW = date(2026, 11, 25)
CALENDAR = Calendar(terms=Terms(programme="武山新闻"), timezone="Asia/Shanghai")


def local(hour: int, minute: int = 0, *, day: int = 24) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=CALENDAR.zone).astimezone(UTC)


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    return Rehearsal(television(tmp_path))


def channel_of(rehearsal: Rehearsal) -> Television:
    assert isinstance(rehearsal.channel, Television)
    return rehearsal.channel


def ids(rehearsal: Rehearsal, day: date = TODAY) -> list[str]:
    return [one.id for one in channel_of(rehearsal).load(day).stories]


def merged(rehearsal: Rehearsal, day: date = TODAY) -> Any:
    """What mosromgr makes of the day's files."""
    channel = channel_of(rehearsal)
    files = sorted(Path(f"{channel.playout.files.root}/mos/{day}").glob("*.mos.xml"))
    collection = MosCollection.from_files(files, allow_incomplete=True)
    collection.merge()
    return collection


def agrees(rehearsal: Rehearsal, day: date = TODAY) -> None:
    """mosromgr, our own reader and our rundown say the same: stories, slugs, order, times, texts."""
    channel = channel_of(rehearsal)
    programme = channel.load(day)
    theirs = merged(rehearsal, day).ro
    assert theirs.ro_id == f"tv-{day}"
    assert theirs.start_time == CALENDAR.on_air(day)
    assert [(one.id, one.slug, one.duration) for one in theirs.stories] == [
        (one.id, one.slug, one.seconds) for one in programme.stories
    ]
    rows = programme.rows(CALENDAR)
    assert [one.start_time for one in theirs.stories] == [row.start for row in rows]
    assert [mos.digest_of(one.slug, one.script) for one in theirs.stories] == [one.text for one in programme.stories]
    ours = mos.merge(channel.playout.folder(day).messages())
    assert ours.order == tuple(one.id for one in programme.stories)
    assert ours.ready == (programme.lock is not None)
    page = html.document_fromstring((channel.files.read(f"{day}/index.html") or b"").decode())
    assert page.xpath("//table[@class='rundown']/tbody/tr/@id") == [one.id for one in theirs.stories]
    assert all(row.acknowledged for row in rows)


# -- a whole day, by the independent reader ---------------------------------------------------------------


def test_a_day_of_eight_stories(rehearsal: Rehearsal) -> None:
    for n in range(1, 9):
        put(rehearsal, story(n, body=f"<p>今天，第{n}个项目开工，投资{n}00万元。</p><p>“很好。”村民{n}说。</p>"))
    assert ids(rehearsal) == [f"a{n}" for n in range(1, 9)]
    agrees(rehearsal)


def test_a_correction_a_move_a_withdrawal_and_a_lock(rehearsal: Rehearsal) -> None:
    channel = channel_of(rehearsal)
    for n in range(1, 9):
        put(rehearsal, story(n))
    put(rehearsal, story(3, version=2, body="<p>种植面积应为5.3万亩。</p>"))
    agrees(rehearsal)
    put(rehearsal, story(4, version=2, body="<p>标题也改了。</p>").model_copy(update={"article": article_of("新标题")}))
    agrees(rehearsal)
    channel.move(TODAY, "a7", 1, "李四", NOON)
    channel.move(TODAY, "a1", 8, "李四", NOON)
    channel.move(TODAY, "a2", 4, "李四", NOON)
    agrees(rehearsal)
    put(rehearsal, story(9))
    rehearsal.catalogue.remove("a5", NOON + timedelta(hours=1), "数据有误")
    channel.withdraw(rehearsal.delivery(story(5), Action.WITHDRAW))
    agrees(rehearsal)
    assert ids(rehearsal) == ["a7", "a3", "a4", "a2", "a6", "a8", "a1", "a9"]
    channel.lock(TODAY, "制片人", NOON)
    agrees(rehearsal)
    with pytest.raises(Refused):
        put(rehearsal, story(10))
    agrees(rehearsal)
    channel.unlock(TODAY, "王五", NOON)
    put(rehearsal, story(10))
    agrees(rehearsal)


def test_old_days_end(rehearsal: Rehearsal) -> None:
    """A running order is deleted once the next programme is on air: reruns need it so long."""
    put(rehearsal, story(1))
    put(rehearsal, story(2, at=local(20)))
    assert not merged(rehearsal).completed
    put(rehearsal, story(3, at=local(20, day=25)))
    assert merged(rehearsal).completed
    assert not merged(rehearsal, TOMORROW).completed
    assert rehearsal.verify(rehearsal.delivery(story(1))).standing is Standing.LIVE  # it was aired


# -- which programme -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (local(0, 5), TODAY),
        (local(18), TODAY),
        (local(18, 1), TOMORROW),
        (local(23, 59), TOMORROW),
        (local(8, day=28), date(2026, 11, 30)),  # no programme at the weekend
        (local(19, day=27), date(2026, 11, 30)),
    ],
)
def test_what_comes_by_the_deadline_joins_the_days_programme(moment: datetime, day: date) -> None:
    calendar = Calendar(terms=Terms(programme="武山新闻", days=(1, 2, 3, 4, 5)), timezone="Asia/Shanghai")
    assert calendar.joins(moment) == day


def test_a_deadline_after_the_programme_is_no_deadline() -> None:
    calendar = Calendar(terms=Terms(programme="午间", air=time(12), deadline=time(18)), timezone="Asia/Shanghai")
    assert calendar.joins(local(12, 30)) == TOMORROW


def test_a_correction_before_air_replaces_and_after_air_is_a_notice() -> None:
    first = revision_of(article_of(), at=local(10))

    def corrected(moment: datetime) -> Any:
        return CALENDAR.slot(first.model_copy(update={"number": 2, "corrected_at": moment}))

    assert CALENDAR.slot(first).story == "a1"
    assert corrected(local(18, 30)) == CALENDAR.slot(first)  # after the deadline, before air: the same story
    notice = corrected(local(19, 30))
    assert (notice.day, notice.story, notice.corrects) == (TOMORROW, "a1-20261125", TODAY)
    assert corrected(local(9, day=25)) == notice  # a second correction replaces the notice
    assert corrected(local(20, day=25)).story == "a1-20261126"
    assert Television.corrects is Correction.NOTICE


def test_a_notice_follows_in_the_next_programme(rehearsal: Rehearsal) -> None:
    old = rehearsal.publish(story(1, at=local(10)))
    put(rehearsal, story(2, at=local(9, day=25)))
    corrected = story(1, version=2, at=local(10), hours=22, note="面积应为5.3万亩")
    new = put(rehearsal, corrected)
    assert script_of(new).kind == "kind_notice"
    assert ids(rehearsal) == ["a1"]
    assert sorted(ids(rehearsal, TOMORROW)) == ["a1-20261125", "a2"]
    assert rehearsal.verify(new).standing is Standing.LIVE
    assert rehearsal.verify(old).standing is not Standing.LIVE
    agrees(rehearsal)
    agrees(rehearsal, TOMORROW)
    again = put(rehearsal, corrected.model_copy(update={"number": 3, "note": "面积应为5.4万亩"}))
    assert len(ids(rehearsal, TOMORROW)) == 2
    assert rehearsal.verify(again).standing is Standing.LIVE
    gone = rehearsal.withdraw(again.revision, "全文有误")
    assert rehearsal.verify(gone).standing is Standing.WITHDRAWN
    assert ids(rehearsal) == []
    assert ids(rehearsal, TOMORROW) == ["a2"]
    assert gone.receipt is not None
    assert "on air on 2026-11-24" in str(gone.receipt.note)


def test_a_notice_of_what_never_was_aired_is_told_beforehand(rehearsal: Rehearsal) -> None:
    corrected = [story(n, version=2, at=local(10), hours=22, note="面积应为5.3万亩") for n in (1, 2)]
    put(rehearsal, story(1, at=local(10)))
    aired, missed = (rehearsal.prepare(rehearsal.delivery(one)).receipt for one in corrected)
    assert aired is not None
    assert aired.note is None
    assert missed is not None
    assert "of 2026-11-24 was aired without the story" in str(missed.note)


def test_a_withdrawal_before_air_needs_no_word(rehearsal: Rehearsal) -> None:
    put(rehearsal, story(1))
    rehearsal.catalogue.remove("a1", NOON + timedelta(hours=1), "数据有误")
    receipt = rehearsal.channel.withdraw(rehearsal.delivery(story(1), Action.WITHDRAW))
    assert receipt.standing is Standing.WITHDRAWN
    assert receipt.note is None
    assert channel_of(rehearsal).files.read(f"{DAY}/a1.html") is None
    page = (channel_of(rehearsal).files.notice(f"{DAY}/a1.html") or b"").decode()
    assert "数据有误" in page
    for form in ("docx", "txt", "rtf"):
        assert channel_of(rehearsal).files.read(f"{DAY}/a1.{form}") is None


# -- order and times -------------------------------------------------------------------------------------


def test_arrival_decides_whatever_the_order_of_releases(rehearsal: Rehearsal) -> None:
    prepared = [rehearsal.prepare(rehearsal.delivery(story(n))) for n in (1, 2, 3)]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    for delivery in reversed(prepared):
        rehearsal.channel.release(delivery)
    assert ids(rehearsal) == ["a1", "a2", "a3"]


def released_at_once(rehearsal: Rehearsal, deliveries: list[Delivery]) -> None:
    """Each by a thread of its own; all stand in the catalogue before the first begins."""
    for delivery in deliveries:
        rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    begin = threading.Barrier(len(deliveries))

    def release(delivery: Delivery) -> None:
        begin.wait()
        rehearsal.channel.release(delivery)

    threads = [threading.Thread(target=release, args=(delivery,)) for delivery in reversed(deliveries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_articles_together_stand_together_in_their_order(rehearsal: Rehearsal) -> None:
    """Also if another article comes at the same moment, and whatever its thread does."""
    put(rehearsal, story(9, at=NOON - timedelta(hours=1)))
    put(rehearsal, story(8, at=NOON + timedelta(hours=1)))
    together = [story(n, at=NOON) for n in (4, 2, 7, 1, 3)]
    released_at_once(rehearsal, [rehearsal.prepare(one) for one in rehearsal.together([*together, story(5, at=NOON)])])
    assert ids(rehearsal) == ["a9", "a4", "a2", "a7", "a1", "a3", "a5", "a8"]
    agrees(rehearsal)
    assert all(rehearsal.verify(rehearsal.delivery(one)).standing is Standing.LIVE for one in together)


@given(st.permutations(range(6)), st.permutations(range(6)))
@settings(max_examples=60, deadline=None)
def test_no_order_of_arrival_divides_what_belongs_together(ordinals: list[int], arrivals: list[int]) -> None:
    """Three of one rollout and three others of the same moment: the order is that of the ordinals."""
    stories = [
        Story(
            id=f"a{n}", article=f"a{n}", revision=1, digest="", text="", slug="", seconds=1, kind="kind_reader",
            arrived=NOON, ordinal=ordinals[n],
        )
        for n in range(6)
    ]  # fmt: skip
    programme = Programme(day=TODAY)
    for n in arrivals:
        programme = programme.put(stories[n])
    assert [one.ordinal for one in programme.stories] == sorted(ordinals)


def test_a_correction_keeps_its_place_and_id(rehearsal: Rehearsal) -> None:
    for n in (1, 2, 3):
        put(rehearsal, story(n))
    channel_of(rehearsal).move(TODAY, "a3", 1, "李四", NOON)
    put(rehearsal, story(3, version=2, body="<p>改了。</p>"))
    assert ids(rehearsal) == ["a3", "a1", "a2"]


def test_times_forward_and_back(rehearsal: Rehearsal) -> None:
    for n in (1, 2, 3):
        put(rehearsal, story(n))
    programme = channel_of(rehearsal).load(TODAY)
    rows = programme.rows(CALENDAR)
    seconds = [one.seconds for one in programme.stories]
    assert rows[0].start == CALENDAR.on_air(TODAY)
    assert rows[2].start - rows[0].start == timedelta(seconds=sum(seconds[:2]))
    assert rows[2].back == CALENDAR.over(TODAY) - timedelta(seconds=seconds[2])
    over = programme.over(CALENDAR.terms)
    assert over == sum(seconds) - 900
    assert {row.start - row.back for row in rows} == {timedelta(seconds=over)}


def test_titles_take_their_time() -> None:
    terms = Terms(programme="武山新闻", opening=20, closing=10)
    assert terms.room == 870
    assert Programme(day=TODAY).over(terms) == -870


def test_too_long_a_programme_is_said_and_too_long_a_story_refused(tmp_path: Path) -> None:
    rehearsal = Rehearsal(television(tmp_path, duration=40))
    put(rehearsal, story(1, body="<p>" + "解说：" + "种植面积扩大，" * 20 + "</p>"))
    second = rehearsal.prepare(rehearsal.delivery(story(2, body="<p>解说：" + "种植面积扩大，" * 20 + "</p>")))
    assert second.receipt is not None
    assert "too long" in str(second.receipt.note)
    with pytest.raises(Unpublishable) as trouble:
        rehearsal.delivery(story(3, body="<p>解说：" + "种植面积扩大，" * 60 + "</p>"))
    assert trouble.value.problem.field == "body"


def test_control_characters_are_refused_by_the_field(rehearsal: Rehearsal) -> None:
    with pytest.raises(Unpublishable) as trouble:
        rehearsal.delivery(revision_of(article_of("武山\x0b新闻")))
    assert trouble.value.problem.field == "headline"


def test_a_text_longer_than_a_message_is_refused(tmp_path: Path) -> None:
    rehearsal = Rehearsal(television(tmp_path, duration=20_000))
    with pytest.raises(Unpublishable) as trouble:
        rehearsal.delivery(story(1, body="<p>解说：" + "种植面积扩大，" * 7000 + "</p>"))
    assert "32768" in str(trouble.value.problem.message)


# -- the lock --------------------------------------------------------------------------------------------


def test_a_locked_programme_refuses_and_names_who_decides(tmp_path: Path) -> None:
    rehearsal = Rehearsal(television(tmp_path, producer="值班制片人 王五"))
    channel = channel_of(rehearsal)
    put(rehearsal, story(1))
    waiting = rehearsal.prepare(rehearsal.delivery(story(2)))
    channel.lock(TODAY, "李四", NOON + timedelta(hours=5))
    attempts = [
        lambda: rehearsal.prepare(rehearsal.delivery(story(3))),
        lambda: rehearsal.release(waiting),
        lambda: rehearsal.prepare(rehearsal.delivery(story(1, version=2, body="<p>改了。</p>"))),
        lambda: channel.move(TODAY, "a1", 1, "李四", NOON),
    ]
    for attempt in attempts:
        with pytest.raises(Refused) as trouble:
            attempt()
        assert trouble.value.code == "locked"
        assert "李四 since 11-24 17:00" in str(trouble.value.problem.message)
        assert "王五" in str(trouble.value.problem.remedy)
    assert ids(rehearsal) == ["a1"]
    rehearsal.catalogue.remove("a1", NOON + timedelta(hours=1), "")
    with pytest.raises(Refused):
        channel.withdraw(rehearsal.delivery(story(1), Action.WITHDRAW))
    channel.unlock(TODAY, "王五", NOON)
    assert channel.withdraw(rehearsal.delivery(story(1), Action.WITHDRAW)).standing is Standing.WITHDRAWN


def test_what_the_locked_programme_has_already_is_no_change(rehearsal: Rehearsal) -> None:
    delivery = put(rehearsal, story(1))
    channel_of(rehearsal).lock(TODAY, "李四", NOON)
    assert rehearsal.channel.release(delivery).standing is Standing.LIVE
    assert rehearsal.prepare(delivery).receipt is not None


def test_the_lock_ends_with_the_programme(rehearsal: Rehearsal) -> None:
    put(rehearsal, story(1))
    channel_of(rehearsal).lock(TODAY, "李四", NOON)
    gone = rehearsal.withdraw(story(1), "数据有误")  # the next day
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.WITHDRAWN


def test_it_is_told_beforehand_that_a_programme_is_locked(tmp_path: Path) -> None:
    rehearsal = Rehearsal(television(tmp_path, producer="值班制片人 王五"))
    channel = channel_of(rehearsal)
    assert channel.locked(local(17, 50)) == []
    channel.lock(TODAY, "李四", local(17, 40))
    (problem,) = channel.locked(local(17, 50))
    assert "2026-11-24 is locked by 李四 since 11-24 17:40" in str(problem.message)
    assert "值班制片人 王五 decides" in str(problem.remedy)
    assert channel.locked(local(18, 10)) == []  # by then stories join the next one
    channel.unlock(TODAY, "王五", local(17, 45))
    assert channel.locked(local(17, 50)) == []


def test_an_empty_programme_can_be_locked(rehearsal: Rehearsal) -> None:
    channel_of(rehearsal).lock(TODAY, "李四", NOON)
    with pytest.raises(Refused):
        put(rehearsal, story(1))
    channel_of(rehearsal).unlock(TODAY, "王五", NOON)
    put(rehearsal, story(1))
    agrees(rehearsal)


# -- a release has two parts -----------------------------------------------------------------------------


def test_a_release_says_when_it_was_taken(rehearsal: Rehearsal) -> None:
    delivery = rehearsal.prepare(rehearsal.delivery(story(1)))
    before = datetime.now(UTC)
    receipt = rehearsal.release(delivery).receipt
    assert receipt is not None
    assert receipt.at is not None
    assert before <= receipt.at <= datetime.now(UTC)


def test_what_breaks_off_before_the_pages_is_finished_by_its_repetition(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = channel_of(rehearsal)
    put(rehearsal, story(1))
    delivery = rehearsal.prepare(rehearsal.delivery(story(2)))
    with monkeypatch.context() as broken:
        broken.setattr(channel.papers, "show", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            rehearsal.release(delivery)
    assert channel.find(delivery).standing is Standing.STAGED
    said = channel.playout.folder(TODAY).messages()
    assert rehearsal.verify(rehearsal.release(delivery)).standing is Standing.LIVE
    assert channel.playout.folder(TODAY).messages() == said
    agrees(rehearsal)


def test_what_breaks_off_before_the_pages_is_shown_by_the_next(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(channel_of(rehearsal).papers, "show", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            put(rehearsal, story(1))
    put(rehearsal, story(2))
    agrees(rehearsal)


def test_a_story_withdrawn_between_the_two_parts_stays_withdrawn(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = rehearsal.prepare(rehearsal.delivery(story(1)))
    exclusive, times = rehearsal.catalogue.exclusive, iter(range(9))

    @contextmanager
    def overtaken() -> Iterator[None]:
        if next(times) == 1:  # the second time is the second part
            rehearsal.withdraw(story(1), "数据有误")
        with exclusive():
            yield

    monkeypatch.setattr(rehearsal.catalogue, "exclusive", overtaken)
    rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    assert rehearsal.channel.release(delivery).standing is not Standing.LIVE
    assert channel_of(rehearsal).files.notice(f"{DAY}/a1.html") is not None
    assert ids(rehearsal) == []
    agrees(rehearsal)


# -- state -----------------------------------------------------------------------------------------------


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    notebook = MemoryNotebook()
    first = Rehearsal(television(tmp_path, notebook))
    for n in (1, 2, 3):
        put(first, story(n))
    channel_of(first).move(TODAY, "a3", 1, "李四", NOON)
    second = Rehearsal(television(tmp_path, notebook))
    second.catalogue = first.catalogue
    put(second, story(4))
    assert ids(second) == ["a3", "a1", "a2", "a4"]
    agrees(second)


def test_a_lost_script_is_named_and_its_withdrawal_mends_it(tmp_path: Path) -> None:
    notebook = MemoryNotebook()
    first = Rehearsal(television(tmp_path, notebook))
    put(first, story(1))
    assert notebook.prune(f"script/{DAY}/", timedelta(0)) == 1
    second = Rehearsal(television(tmp_path, notebook))
    second.catalogue = first.catalogue
    with pytest.raises(Refused) as trouble:
        put(second, story(2))
    assert trouble.value.code == "lost"
    assert "withdraw a1" in str(trouble.value.problem.remedy)
    second.catalogue.remove("a1", NOON, "")
    assert second.channel.withdraw(second.delivery(story(1), Action.WITHDRAW)).standing is Standing.WITHDRAWN
    put(second, story(2))
    assert ids(second) == ["a2"]
    agrees(second)


def test_pages_changed_by_hand_are_seen(rehearsal: Rehearsal) -> None:
    delivery = put(rehearsal, story(1))
    files = channel_of(rehearsal).files
    for path in (f"{DAY}/a1.html", f"{DAY}/index.html"):
        before = files.read(path)
        assert before is not None
        files.write(path, before.replace(b"a1.html", b"a9.html").replace("架豆".encode(), "豆角".encode()))
        assert rehearsal.verify(delivery).standing is not Standing.LIVE
        files.write(path, before)
    assert rehearsal.verify(delivery).standing is Standing.LIVE


def test_files_changed_by_hand_are_seen(rehearsal: Rehearsal) -> None:
    delivery = put(rehearsal, story(1))
    channel_of(rehearsal).playout.files.write(f"mos/{DAY}/1001-roStorySend.mos.xml", b"<mos>")
    assert rehearsal.verify(delivery).standing is not Standing.LIVE


# -- who can read it --------------------------------------------------------------------------------------


def test_files_are_read_back_each_time_and_understood_once(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is new is merged into what was read before; what was changed is read as it now stands, and mended again."""
    understood: list[int] = []
    merge = mos.merge
    monkeypatch.setattr(
        mos, "merge", lambda messages, *onto: understood.append(len(messages)) or merge(messages, *onto)
    )
    first = put(rehearsal, story(1))
    assert rehearsal.verify(first).standing is Standing.LIVE
    second = put(rehearsal, story(2))
    for delivery in (first, second):
        assert rehearsal.verify(delivery).standing is Standing.LIVE
    folder = channel_of(rehearsal).playout.folder(TODAY)
    assert understood == [2, len(folder.listed()) - 2, 0]
    told = f"{folder.folder}/{folder.listed()[1]}"
    was = folder.files.read(told) or b""
    folder.files.write(told, was.replace("第1条".encode(), "第9条".encode()))
    assert rehearsal.verify(first).standing is not Standing.LIVE
    folder.files.write(told, was)
    assert rehearsal.verify(first).standing is Standing.LIVE


def test_a_days_papers_are_made_once_for_each_state_of_its_programme(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who shows the same programme again puts right what is not as it was, and makes nothing anew."""
    made: list[int] = []
    rundown = documents.rundown
    monkeypatch.setattr(
        documents, "rundown", lambda programme, *a, **k: made.append(programme.used()) or rundown(programme, *a, **k)
    )
    first = put(rehearsal, story(1))
    files = channel_of(rehearsal).files
    page = files.read(f"{DAY}/prompter.html")
    files.write(f"{DAY}/prompter.html", b"by hand")
    rehearsal.release(first)
    assert files.read(f"{DAY}/prompter.html") == page
    assert len(made) == 1
    put(rehearsal, story(2))
    channel_of(rehearsal).lock(TODAY, "值班", NOON)
    channel_of(rehearsal).lock(TODAY, "值班", NOON)
    assert len(made) == 3
    rehearsal.verify(first)
    rehearsal.channel.find(first)
    assert len(made) == 3


def test_nothing_of_a_programme_is_in_the_public_site(tmp_path: Path) -> None:
    rehearsal = Rehearsal(television(tmp_path))
    delivery = put(rehearsal, story(1))
    rehearsal.publish(story(2))
    rehearsal.withdraw(story(2), "数据有误")
    assert not (tmp_path / "site").exists()
    page = tmp_path / "tv" / "pages" / DAY / "a1.html"
    seen = rehearsal.verify(delivery)
    assert (seen.standing, seen.url) == (Standing.LIVE, str(page))
    page.write_bytes(page.read_bytes().replace("5.2万亩".encode(), "9.9万亩".encode()))
    assert rehearsal.verify(delivery).standing is not Standing.LIVE
    told = [str(one) for one in rehearsal.channel.figures()]
    assert told == [f"scripts, running order and prompter: {tmp_path}/tv/pages/index.html"]


def test_two_programmes_have_pages_of_their_own(tmp_path: Path) -> None:
    outlets = [Outlet(id=one, kind="tv", name=one) for one in ("noon", "evening")]
    for outlet in outlets:
        channel = Television(
            Setting(notebook=MemoryNotebook(), outlet=outlet, newsroom=newsroom_of(*outlets), data=tmp_path)
        )
        put(Rehearsal(channel), story(1))
    assert all((tmp_path / one.id / "pages" / DAY / "a1.html").is_file() for one in outlets)


def test_nothing_is_put_into_the_public_site(tmp_path: Path) -> None:
    """Nobody reads a programme before it is aired, whatever the configuration says."""
    chosen = television(tmp_path, root="site/tv")
    assert [problem.field for problem in chosen.check()] == ["root"]
    with pytest.raises(Refused, match="everybody could read"):
        put(Rehearsal(chosen), story(1))
    assert not (tmp_path / "site").exists() or not list((tmp_path / "site").rglob("*.html"))


def test_doctor_tells_of_scripts_that_an_earlier_version_left(tmp_path: Path) -> None:
    left = tmp_path / "site" / "tv" / "index.html"
    left.parent.mkdir(parents=True)
    left.write_text("")
    assert [str(one) for one in television(tmp_path).figures()][1:] == [
        f"scripts of earlier programmes are still public: delete the folder {tmp_path}/site/tv"
    ]


def test_reading_back_over_http_needs_an_address(tmp_path: Path) -> None:
    channel = television(tmp_path, verify="http")
    assert [problem.field for problem in channel.check()] == ["url"]
    rehearsal = Rehearsal(channel)
    assert rehearsal.verify(put(rehearsal, story(1))).standing is Standing.LIVE


# -- options ---------------------------------------------------------------------------------------------


def test_options_make_the_terms() -> None:
    terms, problems = terms_of({"air": "12:30", "days": [1, 5], "speed": 240, "programme": "午间新闻"}, "台")
    assert problems == []
    assert (terms.programme, terms.air, terms.days, terms.speed) == ("午间新闻", time(12, 30), (1, 5), 240)
    assert terms_of({}, "武山新闻")[0].programme == "武山新闻"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"air": "half past seven"}, "air"),
        ({"speed": 10}, "speed"),
        ({"duration": 0}, "duration"),
        ({"duration": 60, "opening": 30, "closing": 30}, "duration"),
        ({"lead": [100, 50]}, "lead"),
        ({"days": []}, "days"),
        ({"column_titles": -1}, "column_titles"),
        ({"answer": 0}, "answer"),
        ({"url": "tv"}, "url"),
        ({"airtime": "19:30"}, "airtime"),
    ],
)
def test_options_without_sense_are_told_and_do_no_harm(tmp_path: Path, options: dict[str, Any], field: str) -> None:
    channel = television(tmp_path, **options)
    assert [problem.field for problem in channel.check()] == [field]
    channel.render(story(1), channel.newsroom)


def test_a_sound_channel_has_no_problems(tmp_path: Path) -> None:
    assert television(tmp_path).check() == []
