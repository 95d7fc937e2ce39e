"""MOS: what is said, how it is understood, and the client against a device on a real socket."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from mosromgr.mostypes import MosFile

from channels.tv import Television, mos
from channels.tv.mos import Bodies, Body, Device, Item, Listed, Message, Names, Order, Sending, Stream, View
from pipeline.article import Column
from pipeline.channel import Refused, Standing, Unavailable
from pipeline.standins.fake_prompter import Standing as Prompter
from pipeline.testing import NOON, MemoryNotebook, Rehearsal, opening_of, revision_of
from tests.channels.tv_newsroom import DAY, put, story, television

NAMES = Names()
START = datetime(2026, 11, 24, 11, 30, tzinfo=UTC)
QUICK = 0.3
"""Seconds that a device may take to answer in these tests."""


def body(name: str, text: str = "五点二万亩", slug: str = "") -> Body:
    return Body(
        id=name,
        slug=slug or f"第{name}条",
        seconds=30,
        paragraphs=(("【导语】", f"{name}：{text}"), ("", "完")),
        items=(Item(id="1", slug="字幕"),),
    )


Wanted = tuple[Order, Bodies]


def order(*stories: Body, ready: bool = False) -> Wanted:
    """A running order and where its texts come from."""
    listed = tuple(Listed(id=one.id, slug=one.slug, seconds=one.seconds, text=one.digest) for one in stories)
    wanted = Order(id="tv-1", slug="武山新闻 2026-11-24", start=START, seconds=900, stories=listed, ready=ready)
    return wanted, {one.id: one for one in stories}.__getitem__


def said(wanted: Wanted, view: View = View()) -> tuple[View, list[Message]]:  # noqa: B008 - frozen
    messages = mos.plan(*wanted, view)
    for number, message in enumerate(messages, 1000):
        view = mos.acknowledged(view, message, number)
    return view, messages


def names(messages: list[Message]) -> list[str]:
    return [message.label for message in messages]


def whole(messages: list[Message], first: int = 1000) -> list[str]:
    return [NAMES.envelope(number, message.xml) for number, message in enumerate(messages, first)]


# -- what is said ----------------------------------------------------------------------------------------


def test_the_first_story_creates_the_running_order() -> None:
    view, messages = said(order(body("a1")))
    assert names(messages) == ["roCreate", "roStorySend"]
    assert view.order == ("a1",)
    assert mos.plan(*order(body("a1")), view) == []


def test_an_empty_programme_says_nothing() -> None:
    assert mos.plan(*order(), View()) == []


def test_later_stories_are_inserted_where_they_belong() -> None:
    view, _ = said(order(body("a1"), body("a3")))
    view, messages = said(order(body("a1"), body("a2"), body("a3"), body("a4")), view)
    assert names(messages) == ["roElementAction-INSERT"] * 2 + ["roStorySend"] * 2
    assert [message.before for message in messages[:2]] == ["a3", ""]
    assert view.order == ("a1", "a2", "a3", "a4")


def test_a_corrected_text_is_sent_again() -> None:
    view, _ = said(order(body("a1"), body("a2")))
    view, messages = said(order(body("a1", "五点三万亩"), body("a2")), view)
    assert names(messages) == ["roStorySend"]
    assert view.texts["a1"] == body("a1", "五点三万亩").digest


def test_a_corrected_headline_replaces_the_story() -> None:
    view, _ = said(order(body("a1")))
    _, messages = said(order(body("a1", slug="新标题")), view)
    assert names(messages) == ["roElementAction-REPLACE", "roStorySend"]


def test_a_withdrawn_story_is_deleted() -> None:
    view, _ = said(order(body("a1"), body("a2")))
    view, messages = said(order(body("a2")), view)
    assert names(messages) == ["roElementAction-DELETE"]
    assert view.order == ("a2",)


def test_a_lock_means_ready_to_air() -> None:
    view, _ = said(order(body("a1")))
    view, messages = said(order(body("a1"), ready=True), view)
    assert "<roAir>READY</roAir>" in messages[0].xml
    _, messages = said(order(body("a1")), view)
    assert "<roAir>NOT READY</roAir>" in messages[0].xml


def test_after_a_doubt_all_of_it_goes_out_again() -> None:
    view, _ = said(order(body("a1")))
    doubt = view.model_copy(update={"sending": Sending(number=7, name="roElementAction", digest="?")})
    _, messages = said(order(body("a1"), body("a2"), ready=True), doubt)
    assert names(messages) == ["roReplace", "roStorySend", "roStorySend", "roReadyToAir"]


def test_what_is_safe_and_still_first_is_only_repeated() -> None:
    view, _ = said(order(body("a1")))
    wanted = order(body("a1", "新"))
    (message,) = mos.plan(*wanted, view)
    doubt = view.model_copy(update={"sending": Sending.of(7, [message])})
    assert mos.plan(*wanted, doubt) == [message]
    # … but if something else is wanted meanwhile, nobody knows which of the two texts the device holds.
    assert names(mos.plan(*order(body("a1")), doubt)) == ["roReplace", "roStorySend"]


def test_an_ended_day_is_left_alone() -> None:
    view, _ = said(order(body("a1")))
    view = mos.acknowledged(view, mos.end("tv-1"), 1)
    assert mos.plan(*order(), view) == []


LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)


@given(LISTS, LISTS, st.sets(st.sampled_from("abcdefgh")))
@settings(max_examples=150, deadline=None)
def test_from_any_order_to_any_other(before: list[str], after: list[str], changed: set[str]) -> None:
    """Acknowledged views, our own reader and mosromgr all come to the order wanted, with its texts."""
    view, first = said(order(*map(body, before)))
    wanted = order(*(body(one, "改" if one in changed else "五点二万亩") for one in after))
    view, more = said(wanted, view)
    if not first and not more:
        return
    assert view.order == tuple(after)
    assert {one: view.texts[one] for one in after} == {one.id: one.text for one in wanted[0].stories}
    merged = mos.merge(whole([*first, *more]))
    assert merged.order == tuple(after)
    assert [merged.digest(one) for one in after] == [one.text for one in wanted[0].stories]
    theirs, *others = [MosFile.from_string(text) for text in whole([*first, *more])]
    for other in others:
        theirs += other
    assert [one.id for one in theirs.stories] == after
    assert [one.script for one in theirs.stories] == [[text for _, text in wanted[1](one).paragraphs] for one in after]
    assert [one.duration for one in theirs.stories] == [30.0] * len(after)


def test_moves_are_few() -> None:
    view, _ = said(order(*map(body, "abcde")))
    _, up = said(order(*map(body, "eabcd")), view)
    assert names(up) == ["roElementAction-MOVE"]


def test_long_names_are_cut_to_the_standards_length() -> None:
    _, messages = said(order(body("a1", slug="长" * 200)))
    for message in messages:
        for slug in re.findall("<storySlug>([^<]*)</storySlug>", message.xml):
            assert len(slug) == 128
    merged = mos.merge(whole(messages))
    assert merged.digest("a1") == body("a1", slug="长" * 200).digest


def test_signs_of_markup_are_text() -> None:
    wanted = order(body("a1", '<b>&amp;"]]>'))
    _, messages = said(wanted)
    assert mos.merge(whole(messages)).digest("a1") == wanted[0].stories[0].text


# -- what is understood ----------------------------------------------------------------------------------


def test_messages_come_in_any_pieces() -> None:
    one, two = NAMES.envelope(1, "<heartbeat/>"), NAMES.envelope(2, "<roAck><roID>𠮷</roID></roAck>")
    data = f"\ufeff{one}\r\n<?xml version='1.0'?>{two}".encode("utf-16-be")
    for size in (1, 2, 3, 7, len(data)):
        stream, found = Stream(), []
        for place in range(0, len(data), size):
            found += stream.feed(data[place : place + size])
        assert found == [one, two]


def fed(data: bytes, size: int) -> list[str]:
    """What comes out of a stream that gets the data in pieces of this size."""
    stream = Stream()
    return [one for place in range(0, len(data), size) for one in stream.feed(data[place : place + size])]


@pytest.mark.parametrize("text", ["x" * 2 * 2**20, "𠮷" * 2**20], ids=["two bytes", "four bytes"])
@pytest.mark.parametrize("end", ["", "</mos>", "</mos><mos></mos>"], ids=["without end", "whole", "before another"])
@pytest.mark.parametrize("size", [2**16, 2**24], ids=["in pieces", "at once"])
def test_a_message_longer_than_any_may_be_is_refused(text: str, end: str, size: int) -> None:
    with pytest.raises(ValueError, match="a message of more than 4194304 bytes"):
        fed(f"<mos>{text}{end}".encode("utf-16-be"), size)


def test_a_message_as_long_as_may_be_is_taken() -> None:
    longest = f"<mos>{'x' * (2 * 2**20 - 11)}</mos>"
    assert Stream().feed(f"{longest}{longest}".encode("utf-16-be")) == [longest, longest]


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE mos [<!ENTITY x "y">]><mos><mosID>&x;</mosID></mos>',
        '<!DOCTYPE mos [<!ENTITY x SYSTEM "file:///etc/passwd">]><mos>&x;</mos>',
        "<mos>&undefined;</mos>",
        "<other/>",
        "<mos>",
        "",
    ],
)
def test_entities_and_nonsense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"MOS|XML"):
        mos.parse(text)


def test_requests_are_answered() -> None:
    orders = [order(body("a1"), body("a2"))[0]]

    def answer(request: str) -> str:
        found = mos.answer_to(mos.parse(NAMES.envelope(1, request)), lambda: orders, NAMES)
        assert found is not None
        return found

    assert "<heartbeat>" in answer("<heartbeat><time/></heartbeat>")
    machine = answer("<reqMachInfo/>")
    assert "<mosRev>2.8.5</mosRev>" in machine
    assert '<mosProfile number="2">YES</mosProfile>' in machine
    listed = mos.parse(f"<mos>{answer('<roReq><roID>tv-1</roID></roReq>')}</mos>")
    assert [one.findtext("storyID") for one in listed.iterfind("roList/story")] == ["a1", "a2"]
    assert "Unknown" in answer("<roReq><roID>tv-9</roID></roReq>")
    everything = mos.parse(f"<mos>{answer('<roReqAll/>')}</mos>")
    assert [one.findtext("roID") for one in everything.iterfind("roListAll/ro")] == ["tv-1"]
    assert mos.answer_to(mos.parse(NAMES.envelope(1, "<roElementStat/>")), list, NAMES) is None


@pytest.mark.parametrize("name", ["TONGFA", "青河县融媒体中心"])
def test_the_newsroom_says_what_it_is_under_the_name_that_it_goes_by(
    tmp_path: Path, prompter: Prompter, name: str
) -> None:
    """In what it answers as in what it says, with the version that is installed."""
    rehearsal = Rehearsal(television(tmp_path, mos=f"127.0.0.1:{prompter.port}", ncs_id=name))
    put(rehearsal, story(1))
    fates(prompter, "ask")
    put(rehearsal, story(2))
    answers = [mos.parse(text[text.find("<mos>") :]) for text in prompter.prompter.answers]
    assert {answer.findtext("ncsID") for answer in answers} == {name}
    (machine,) = [found for answer in answers if (found := answer.find("listMachInfo")) is not None]
    assert (machine.findtext("ID"), machine.findtext("swRev")) == (name, version("tongfa"))


# -- the client against a device --------------------------------------------------------------------------


@pytest.fixture
def prompter() -> Iterator[Prompter]:
    with Prompter() as standing:
        yield standing


@pytest.fixture
def rehearsal(tmp_path: Path, prompter: Prompter) -> Rehearsal:
    return Rehearsal(television(tmp_path, mos=f"127.0.0.1:{prompter.port}", answer=QUICK))


def fates(prompter: Prompter, *next: str, always: str = "") -> None:
    prompter.prompter.fail(list(next), always)


def held(prompter: Prompter) -> list[dict[str, Any]]:
    """The stories that the device holds of the day."""
    orders = prompter.prompter.state()["orders"]
    return list(orders[f"tv-{DAY}"]["stories"]) if orders else []


def said_to(prompter: Prompter) -> list[str]:
    return [re.sub(r"^\d+ ", "", line) for line in prompter.prompter.log]


def test_a_day_reaches_the_device(rehearsal: Rehearsal, prompter: Prompter) -> None:
    for n in (1, 2, 3):
        put(rehearsal, story(n))
    assert [one["id"] for one in held(prompter)] == ["a1", "a2", "a3"]
    kinds = [kind for kind, _ in held(prompter)[0]["body"]]
    assert {"p", "pi", "item"} == set(kinds)
    assert "五点二万亩" in "".join(text for kind, text in held(prompter)[0]["body"] if kind == "p")


def test_numbers_grow_over_restarts(tmp_path: Path, prompter: Prompter) -> None:
    notebook = MemoryNotebook()
    for n in (1, 2, 3):
        channel = Rehearsal(television(tmp_path, notebook, mos=f"127.0.0.1:{prompter.port}"))
        put(channel, story(n))
    numbers = [int(line.split()[0]) for line in prompter.prompter.log]
    assert numbers == sorted(set(numbers))
    assert numbers[0] >= 1000


def test_a_device_that_is_away_costs_no_doubt(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    away = Rehearsal(television(tmp_path, mos=f"127.0.0.1:{port}", answer=QUICK))
    with pytest.raises(Unavailable) as trouble:
        put(away, story(1))
    assert not trouble.value.sent
    assert away.channel.find(away.delivery(story(1))).standing is Standing.STAGED


def test_a_device_without_heartbeat_costs_no_doubt(rehearsal: Rehearsal, prompter: Prompter) -> None:
    fates(prompter, always="away")
    with pytest.raises(Unavailable) as trouble:
        put(rehearsal, story(1))
    assert not trouble.value.sent
    assert prompter.prompter.log == []


@pytest.mark.parametrize("fate", ["silent", "deaf", "drop", "cut"])
@pytest.mark.parametrize("place", [0, 1])
def test_an_unknown_outcome_is_settled_by_saying_all_again(
    rehearsal: Rehearsal, prompter: Prompter, fate: str, place: int
) -> None:
    """Whatever happened to the second story's INSERT or text, the device ends with both stories, each once."""
    put(rehearsal, story(1))
    fates(prompter, *["well"] * place, fate)
    delivery = rehearsal.prepare(rehearsal.delivery(story(2)))
    with pytest.raises(Unavailable) as trouble:
        rehearsal.release(delivery)
    assert trouble.value.sent
    assert rehearsal.channel.find(delivery).standing is Standing.STAGED
    again = rehearsal.release(delivery)
    assert rehearsal.verify(again).standing is Standing.LIVE
    assert [one["id"] for one in held(prompter)] == ["a1", "a2"]
    assert all(one["body"] for one in held(prompter))


def test_an_unanswered_message_keeps_its_number(rehearsal: Rehearsal, prompter: Prompter) -> None:
    fates(prompter, "silent", "well", "silent")
    delivery = rehearsal.prepare(rehearsal.delivery(story(1)))
    for _ in range(2):
        with pytest.raises(Unavailable):
            rehearsal.release(delivery)
    rehearsal.release(delivery)
    lines = [line.split()[:2] for line in prompter.prompter.log]
    assert [name for _, name in lines] == ["roCreate", "roCreate", "roStorySend", "roStorySend"]
    assert lines[0] == lines[1]
    assert lines[2] == lines[3]
    assert rehearsal.verify(delivery).standing is Standing.LIVE


@pytest.mark.parametrize("place", range(5))
def test_a_process_that_dies_between_two_messages_leaves_work_that_is_found(
    tmp_path: Path, prompter: Prompter, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Killed when the device had done the message of this place: another process says what is missing, or all."""
    address, notebook = f"127.0.0.1:{prompter.port}", MemoryNotebook()
    first = Rehearsal(television(tmp_path, notebook, mos=address))
    prepared = [first.prepare(first.delivery(story(n))) for n in (1, 2, 3)]
    say, times = mos.Talk.say, iter(range(99))

    def killed(self: mos.Talk, number: int, message: Message) -> mos.Ack:
        ack = say(self, number, message)
        if next(times) == place:
            raise KeyboardInterrupt
        return ack

    with monkeypatch.context() as mortal:
        mortal.setattr(mos.Talk, "say", killed)
        with pytest.raises(KeyboardInterrupt):
            list(map(first.release, prepared))
    again = Rehearsal(television(tmp_path, notebook, mos=address))
    again.catalogue = first.catalogue
    for delivery in prepared:
        if again.channel.find(delivery).standing is not Standing.LIVE:
            again.release(delivery)
    assert [one["id"] for one in held(prompter)] == ["a1", "a2", "a3"]
    assert all(one["body"] for one in held(prompter))
    assert {again.verify(delivery).standing for delivery in prepared} == {Standing.LIVE}


def test_numbers_grow_whoever_speaks(tmp_path: Path, prompter: Prompter) -> None:
    """Workers and the command line are processes of their own, and speak in turn."""
    address, notebook = f"127.0.0.1:{prompter.port}", MemoryNotebook()
    speakers = [Rehearsal(television(tmp_path, notebook, mos=address)) for _ in range(2)]
    for n in range(1, 7):
        put(speakers[n % 2], story(n))
    numbers = [int(line.split()[0]) for line in prompter.prompter.log]
    assert numbers == sorted(set(numbers))


def test_an_opening_reaches_the_device_with_its_titles(rehearsal: Rehearsal, prompter: Prompter) -> None:
    column = Column(id="xczx", name="乡村振兴看武山", description="成效", keywords=("乡村",), note="今天开栏。")
    rehearsal.publish(revision_of(opening_of(column), id="a1"))
    rehearsal.publish(story(2, column="xczx", series="2026年乡村振兴系列报道之一", number=1))
    opening, numbered = (one["body"] for one in held(prompter))
    assert opening[0] == ["pi", "【《乡村振兴看武山》栏目片头】"]
    assert opening[1] == ["pi", "【导语】"]
    assert opening[2] == ["p", "从今天起，《武山新闻》推出专栏《乡村振兴看武山》。今天开栏。"]
    assert opening[3:5] == [["item", "《乡村振兴看武山》栏目片头　6 秒"], ["item", "《乡村振兴看武山》"]]
    assert numbered[1] == ["p", "二零二六年乡村振兴系列报道之一。"]
    assert ["item", "2026年乡村振兴系列报道之一"] in numbered


def test_articles_together_reach_the_device_in_their_order(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(9, at=NOON))
    put(rehearsal, story(8, at=NOON + timedelta(hours=1)))
    prepared = [rehearsal.prepare(one) for one in rehearsal.together([story(n, at=NOON) for n in (3, 1, 2)])]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    for delivery in reversed(prepared):
        rehearsal.channel.release(delivery)
    assert [one["id"] for one in held(prompter)] == ["a9", "a3", "a1", "a2", "a8"]


def test_a_refusal_is_refused_with_its_reason(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    fates(prompter, always="nack")
    with pytest.raises(Refused) as trouble:
        put(rehearsal, story(2))
    assert trouble.value.code == "NACK"
    assert "refused by the operator" in str(trouble.value.problem.message)
    fates(prompter)
    put(rehearsal, story(3))  # the refused story is not smuggled in by the next
    assert [one["id"] for one in held(prompter)] == ["a1", "a3"]
    put(rehearsal, story(2))
    assert [one["id"] for one in held(prompter)] == ["a1", "a2", "a3"]


@pytest.mark.parametrize("reason", ["text too long for the template", "模板不存在"])
def test_a_story_whose_text_is_refused_leaves_the_order(rehearsal: Rehearsal, prompter: Prompter, reason: str) -> None:
    """It was in the order already; the others keep their texts, and the reason is the device's own."""
    put(rehearsal, story(1))
    put(rehearsal, story(3))
    text = [story["body"] for story in held(prompter)]
    fates(prompter, "well", f"nack roStorySend {reason}", "well", "well", f"nack roStorySend {reason}")
    with pytest.raises(Refused) as trouble:
        put(rehearsal, story(2))
    assert (trouble.value.code, trouble.value.detail) == ("NACK", reason)
    assert trouble.value.problem.message.values["reason"] == reason
    fates(prompter)
    channel = rehearsal.channel
    assert isinstance(channel, Television)
    assert [one["id"] for one in held(prompter)] == ["a1", "a3"]
    assert [story["body"] for story in held(prompter)] == text
    assert all(row.acknowledged for row in channel.load(NOON.date()).rows(channel.calendar(channel.newsroom)))


def test_what_is_not_taken_back_now_is_taken_back_by_the_next_deed(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    fates(prompter, "well", *["nack"] * 8, "cut")
    with pytest.raises(Refused):
        put(rehearsal, story(2))
    fates(prompter)
    put(rehearsal, story(3))
    assert [one["id"] for one in held(prompter)] == ["a1", "a3"]
    assert all(story["body"] for story in held(prompter))


# -- the connection that stands -----------------------------------------------------------------------------


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does; the test's own limit ends a wait in vain."""
    while not holds():
        threading.Event().wait(0.01)


def beating(tmp_path: Path, prompter: Prompter, beat: float) -> Rehearsal:
    channel = television(tmp_path, mos=f"127.0.0.1:{prompter.port}", answer=QUICK)
    assert channel.playout.device is not None
    channel.playout.device.beat = beat
    return Rehearsal(channel)


def test_the_connection_stands_with_heartbeats(tmp_path: Path, prompter: Prompter) -> None:
    rehearsal = beating(tmp_path, prompter, 0.02)
    put(rehearsal, story(1))
    before = prompter.prompter.heartbeats
    until(lambda: prompter.prompter.heartbeats > before + 3)
    for n in (2, 3):
        put(rehearsal, story(n))
    state = prompter.prompter.state()
    assert (state["hangups"], len(prompter.prompter.connections)) == (0, 1)
    assert [one["id"] for one in held(prompter)] == ["a1", "a2", "a3"]


def test_a_channel_that_is_closed_hangs_up_and_the_next_deed_would_call_again(
    tmp_path: Path, prompter: Prompter
) -> None:
    rehearsal = beating(tmp_path, prompter, 0.02)
    put(rehearsal, story(1))
    rehearsal.channel.close()
    until(lambda: not prompter.prompter.connections)
    put(rehearsal, story(2))
    assert [one["id"] for one in held(prompter)] == ["a1", "a2"]


def test_heartbeats_between_deeds_use_no_numbers_up(tmp_path: Path, prompter: Prompter) -> None:
    rehearsal = beating(tmp_path, prompter, 0.01)
    put(rehearsal, story(1))
    before = prompter.prompter.heartbeats
    until(lambda: prompter.prompter.heartbeats > before + 20)
    put(rehearsal, story(2))
    numbers = [int(line.split()[0]) for line in prompter.prompter.log]
    assert numbers[-1] - numbers[0] < 20


def test_a_device_that_was_switched_off_between_two_deeds_costs_no_doubt(tmp_path: Path) -> None:
    with Prompter() as first:
        rehearsal = beating(tmp_path, first, 5)
        put(rehearsal, story(1))
        port = first.port
    with Prompter(port=port) as second:
        put(rehearsal, story(2))
        assert [one["id"] for one in held(second)] == ["a1", "a2"]


def test_the_device_may_ask_between_two_deeds(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    (newsroom,) = prompter.prompter.connections
    newsroom.tell("<reqMachInfo/>")
    newsroom.tell("nonsense <")
    newsroom.tell(f"<roReq><roID>tv-{DAY}</roID></roReq>")
    put(rehearsal, story(2))  # it is answered at the latest in the next deed
    assert [one["id"] for one in held(prompter)] == ["a1", "a2"]


# -- what was played ----------------------------------------------------------------------------------------


def test_what_the_device_says_was_played_comes_back(rehearsal: Rehearsal, prompter: Prompter) -> None:
    channel = rehearsal.channel
    assert isinstance(channel, Television)
    delivery = put(rehearsal, story(1))
    put(rehearsal, story(2))
    prompter.prompter.tell(f"tv-{DAY}", "a1", "PLAY")
    until(lambda: "a1" in channel.rundowns.statuses(NOON.date()))
    assert "播出中" in rehearsal.verify(delivery).extract
    prompter.prompter.tell(f"tv-{DAY}", "a1", "STOP")
    prompter.prompter.tell("tv-2026-13-45", "a1", "STOP")
    prompter.prompter.tell("somebody-else", "a1", "STOP")
    until(lambda: channel.rundowns.statuses(NOON.date())["a1"][0] == "STOP")
    seen = rehearsal.verify(delivery)
    assert seen.standing is Standing.LIVE
    assert "已播 20" in seen.extract
    assert "已播" not in rehearsal.verify(rehearsal.delivery(story(2))).extract
    until(lambda: len(prompter.prompter.answers) == 4)
    assert all("<roStatus>OK</roStatus>" in answer for answer in prompter.prompter.answers)


@pytest.mark.parametrize(
    ("xml", "told"),
    [
        (
            '<roElementStat element="STORY"><roID>r</roID><storyID>a1</storyID><status>Play</status></roElementStat>',
            ("r", "a1", "PLAY", ""),
        ),
        (
            "<roStoryStat><roID>r</roID><storyID>a1</storyID><status>STOP</status><time>t</time></roStoryStat>",
            ("r", "a1", "STOP", "t"),
        ),
        ('<roElementStat element="RO"><roID>r</roID><status>PLAY</status></roElementStat>', None),
        ("<roStoryStat><roID>r</roID></roStoryStat>", None),
        ("<heartbeat/>", None),
    ],
)
def test_statuses(xml: str, told: tuple[str, ...] | None) -> None:
    found = mos.status_of(mos.parse(NAMES.envelope(1, xml)))
    assert (found and (found.order, found.story, found.status, found.time)) == told


def test_a_device_that_forgot_everything_gets_everything(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    put(rehearsal, story(2))
    prompter.prompter.orders.clear()
    put(rehearsal, story(3))
    assert said_to(prompter)[4:] == ["roElementAction INSERT well", "roReplace well", *["roStorySend well"] * 3]
    assert [one["id"] for one in held(prompter)] == ["a1", "a2", "a3"]


def test_a_device_that_replaces_only_what_it_knows(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    prompter.prompter.orders.clear()
    fates(prompter, "nack", "nack")  # the INSERT, then the roReplace
    put(rehearsal, story(2))
    assert [line.split()[0] for line in said_to(prompter)[2:]] == [
        "roElementAction",
        "roReplace",
        "roCreate",
        "roStorySend",
        "roStorySend",
    ]
    assert [one["id"] for one in held(prompter)] == ["a1", "a2"]


def test_a_withdrawal_after_a_doubt_leaves_nothing(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    fates(prompter, "silent")
    delivery = rehearsal.prepare(rehearsal.delivery(story(2)))
    with pytest.raises(Unavailable):
        rehearsal.release(delivery)
    assert [one["id"] for one in held(prompter)] == ["a1", "a2"]  # it had happened
    gone = rehearsal.withdraw(story(2))
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.WITHDRAWN
    assert [one["id"] for one in held(prompter)] == ["a1"]


def test_a_doubtful_withdrawal_is_not_done(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    fates(prompter, "deaf")
    with pytest.raises(Unavailable) as trouble:
        rehearsal.withdraw(story(1))
    assert trouble.value.sent
    gone = rehearsal.delivery(story(1), rehearsal.delivery(story(1)).action.WITHDRAW)
    assert rehearsal.channel.find(gone).standing is Standing.LIVE
    assert rehearsal.channel.withdraw(gone).standing is Standing.WITHDRAWN
    assert held(prompter) == []


def test_one_storys_doubt_is_not_anothers(rehearsal: Rehearsal, prompter: Prompter) -> None:
    first = put(rehearsal, story(1))
    fates(prompter, "well", "silent")
    with pytest.raises(Unavailable):
        put(rehearsal, story(2))
    assert rehearsal.verify(first).standing is Standing.LIVE


def test_the_device_may_ask_while_it_is_told(rehearsal: Rehearsal, prompter: Prompter) -> None:
    put(rehearsal, story(1))
    fates(prompter, "ask")
    put(rehearsal, story(2))
    answers = [mos.parse(text[text.find("<mos>") :]) for text in prompter.prompter.answers]
    assert [answer[-1].tag for answer in answers] == ["heartbeat", "listMachInfo", "roListAll", "roList"]
    assert [one.findtext("storyID") for one in answers[-1].iterfind("roList/story")] == ["a1", "a2"]


def test_many_threads_and_one_device(tmp_path: Path, prompter: Prompter) -> None:
    rehearsal = Rehearsal(television(tmp_path, mos=f"127.0.0.1:{prompter.port}"))
    prepared = [rehearsal.prepare(rehearsal.delivery(story(n))) for n in range(1, 9)]
    for delivery in prepared:
        rehearsal.catalogue.place(delivery.revision, delivery.receipt)
    threads = [threading.Thread(target=rehearsal.channel.release, args=(one,)) for one in reversed(prepared)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one["id"] for one in held(prompter)] == [f"a{n}" for n in range(1, 9)]
    assert {rehearsal.verify(delivery).standing for delivery in prepared} == {Standing.LIVE}


class Script:
    """A device that answers with given texts, one for each message it gets."""

    def __init__(self, *answers: str) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._answers = answers
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with self._server, self._server.accept()[0] as connection:
            stream = Stream()
            for answer in self._answers:
                while not stream.feed(connection.recv(65536)):
                    pass
                connection.sendall(answer.encode("utf-16-be"))

    def __enter__(self) -> Script:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()


BEAT = "<mos><messageID>1</messageID><heartbeat><time/></heartbeat></mos>"


def talk(script: Script, act: Callable[[mos.Talk], Any]) -> Any:
    device = Device("127.0.0.1", script.port, NAMES, answer=QUICK)
    with (
        script,
        device.connected(iter(range(1, 99)).__next__, lambda request: mos.answer_to(request, list, NAMES)) as line,
    ):
        return act(line)


def ask(line: mos.Talk) -> mos.Ack:
    return line.say(2, mos.end("tv-1"))


def test_stale_and_foreign_answers_are_passed_over() -> None:
    answers = (
        "<mos><messageID>1</messageID><roAck><roStatus>NACK</roStatus></roAck></mos>"
        "<mos><messageID>9</messageID><mosListAll/></mos> <mos>&broken;</mos>"
        "<mos><messageID>2</messageID><roAck><roID>tv-1</roID><roStatus> ok\n</roStatus></roAck></mos>"
    )
    assert talk(Script(BEAT, answers), ask) == mos.Ack(ok=True)


def test_other_ways_to_say_no() -> None:
    answer = "<mos><mosAck><status>NACK</status><statusDescription>not\n supported</statusDescription></mosAck></mos>"
    assert talk(Script(BEAT, answer), ask) == mos.Ack(ok=False, reason="not supported")


def test_garbage_is_no_answer() -> None:
    with pytest.raises(Unavailable) as trouble:
        talk(Script(BEAT, "HTTP/1.1 400 Bad Request"), ask)
    assert trouble.value.sent


class Chatty:
    """A device's end of a connection that says something every tenth of a second by its own clock, for ever."""

    def __init__(self, *says: str) -> None:
        self.now, self.heard = 0.0, 0
        self._says = [one.encode("utf-16-be") for one in says]

    def clock(self) -> float:
        return self.now

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def sendall(self, data: bytes) -> None:
        self.now += 0.1

    def recv(self, most: int) -> bytes:
        self.now += 0.1
        self.heard += 1
        assert self.heard < 10_000, "it would be listened to for ever"
        return self._says[min(self.heard, len(self._says)) - 1]


STALE = "<mos><messageID>7</messageID><roAck><roStatus>OK</roStatus></roAck></mos>"


@pytest.mark.parametrize(
    "says",
    [
        STALE,
        STALE * 100,
        "<mos><messageID>3</messageID><heartbeat/></mos>",
        "<mos><messageID>3</messageID><reqMachInfo/></mos>" * 100,
        f"<mos><messageID>{'9' * 5000}</messageID><roReqAll/></mos>",
        "<mos>&broken;</mos>",
        " ",
    ],
    ids=["stale answers", "many at once", "heartbeats", "many questions", "a long number", "broken", "drop by drop"],
)
def test_a_device_that_never_stops_talking_has_no_more_time_than_a_silent_one(says: str) -> None:
    device = Chatty(says)
    line = mos.Talk(device, Device("prompter", 1, NAMES), iter(range(99)).__next__,  # type: ignore[arg-type]
                    lambda request: mos.answer_to(request, list, NAMES), clock=device.clock)  # fmt: skip
    with pytest.raises(Unavailable) as trouble:
        line.say(2, mos.end("tv-1"))
    assert trouble.value.sent
    assert device.now <= mos.ANSWER + 0.5


def test_a_deed_ends_in_its_time_however_many_messages_it_has() -> None:
    """Each is answered in time, and slowly."""
    waits = [" "] * 40
    says = [one for n in range(99) for one in (*waits, STALE.replace("7", f"{n}"))]
    device = Chatty(*says)
    line = mos.Talk(device, Device("prompter", 1, NAMES), iter(range(99)).__next__, lambda _: None, clock=device.clock)  # type: ignore[arg-type]
    answered = (line.say(number, mos.end("tv-1")).ok for number in range(99))
    assert [next(answered) for _ in range(4)] == [True] * 4
    with pytest.raises(Unavailable):
        next(answered)
    assert device.now <= mos.DEED + 0.5


def test_a_device_that_does_not_read_has_not_answered() -> None:
    class Deaf(Chatty):
        def sendall(self, data: bytes) -> None:
            raise TimeoutError

    line = mos.Talk(Deaf(), Device("prompter", 1, NAMES), iter(range(99)).__next__, lambda _: None)  # type: ignore[arg-type]
    with pytest.raises(Unavailable) as trouble:
        line.say(2, mos.end("tv-1"))
    assert "did not answer in time" in str(trouble.value.problem.message)


def test_check_names_a_device_that_is_away(tmp_path: Path, prompter: Prompter) -> None:
    assert television(tmp_path, mos=f"127.0.0.1:{prompter.port}").check() == []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (problem,) = television(tmp_path, mos=f"127.0.0.1:{port}").check()
    assert problem.field == "mos"
    (problem,) = television(tmp_path, mos="127.0.0.1:many").check()
    assert "address" in str(problem.message)


def test_the_stand_in_as_a_program(tmp_path: Path) -> None:
    """Started as people do, killed, started again empty on the same port."""
    command = [sys.executable, "-m", "pipeline.standins.fake_prompter", "--http", "0", "--port"]

    def start(port: str) -> tuple[subprocess.Popen[str], str, str]:
        process = subprocess.Popen([*command, port], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        port, url = process.stdout.readline().split()
        return process, port, url

    process, port, url = start("0")
    try:
        rehearsal = Rehearsal(television(tmp_path, mos=f"127.0.0.1:{port}"))
        put(rehearsal, story(1))
        assert "五点二万亩" in requests.get(url, timeout=5).text
        assert list(requests.get(f"{url}state", timeout=5).json()["orders"]) == [f"tv-{DAY}"]
        requests.put(f"{url}faults", json={"next": ["nack"]}, timeout=5).raise_for_status()
        process.kill()
        process.communicate()
        delivery = rehearsal.prepare(rehearsal.delivery(story(2)))
        with pytest.raises(Unavailable):
            rehearsal.release(delivery)
        process, _, url = start(port)
        rehearsal.release(delivery)
        stories = requests.get(f"{url}state", timeout=5).json()["orders"][f"tv-{DAY}"]["stories"]
        assert [one["id"] for one in stories] == ["a1", "a2"]
    finally:
        process.terminate()
        process.communicate()
