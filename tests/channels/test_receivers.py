"""The receivers with a bad line and the kinds that talk to them: the contract, and what recovery is worth."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.article import Revision
from pipeline.channel import Action, Channel, Delivery, Receipt, Recovery, Refused, Setting, Standing, Unavailable
from pipeline.rollout import Step, adopted
from pipeline.testing import ChannelContract, Rehearsal, article_of, revision_of
from tests.engine.commands import until
from tests.standins.kinds import Asking, Forgetful, Keyed, Posted
from tests.standins.receiver import Faults, Journal, Kind, Receiver
from tests.standins.running import Running

TRIES = 60


class ReceiverContract(ChannelContract):
    """The contract over a real receiver without faults, and what follows from its kind."""

    adapter: type[Posted]
    receiver_kind: Kind
    shows_pictures = False

    @pytest.fixture
    def receiver(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
        with Running(self.receiver_kind, tmp_path_factory.mktemp("outlet") / "journal.jsonl", seed=7) as running:
            yield running

    @pytest.fixture
    def channel(self, rehearsal_setting: Callable[..., Setting], receiver: Running) -> Iterator[Channel]:
        channel = self.adapter(rehearsal_setting(self.adapter.kind, endpoint=receiver.url))
        yield channel
        channel.http.close()

    def running(self, rehearsal: Rehearsal) -> Running:
        assert isinstance(rehearsal.channel, Posted)
        return Running(self.receiver_kind, Path(), port=int(rehearsal.channel.endpoint.rpartition(":")[2]))

    def posted(self, rehearsal: Rehearsal, revision: Revision) -> str:
        """The body that the public gets."""
        assert isinstance(rehearsal.channel, Posted)
        return str(rehearsal.channel.http.get(f"/public/{revision.id}").json()["posts"][-1]["body"])

    def tamper(self, rehearsal: Rehearsal, revision: Revision) -> None:
        self.running(rehearsal).tamper(revision.id, "something else")

    def strike(self, rehearsal: Rehearsal, revision: Revision, words: str) -> None:
        self.running(rehearsal).tamper(revision.id, self.posted(rehearsal, revision).replace(words, ""))

    def read(self, rehearsal: Rehearsal, revision: Revision) -> str:
        body = json.loads(self.posted(rehearsal, revision))
        return "\n".join([body["headline"], *body["byline"], body["label"], body["body"]])

    @contextmanager
    def refusing(self, rehearsal: Rehearsal, after: int) -> Iterator[None]:
        running = self.running(rehearsal)
        running.faults(next=("well",) * after + ("refused",) * 100)
        yield
        running.faults(next=())

    @contextmanager
    def losing(self, rehearsal: Rehearsal, after: int) -> Iterator[None]:
        running = self.running(rehearsal)
        running.faults(next=("well",) * after + ("lost",))
        yield
        running.faults(next=())

    def copies(self, rehearsal: Rehearsal, revision: Revision) -> int:
        return len(self.running(rehearsal).public()[revision.id])

    def test_the_journal_tells_every_deed(
        self, rehearsal: Rehearsal, receiver: Running, first: Revision, second: Revision
    ) -> None:
        rehearsal.publish(first)
        rehearsal.publish(second)
        assert receiver.public() == {"a1": (2,)}
        rehearsal.withdraw(second)
        assert [(deed["action"], deed["revision"]) for deed in receiver.deeds()] == [
            ("stage", 1),
            ("publish", 1),
            ("stage", 2),
            ("publish", 2),
            ("withdraw", 2),
        ]
        assert all(deed["article"] == "a1" and deed["at"] for deed in receiver.deeds())
        assert receiver.public() == {"a1": ()}

    def test_it_survives_its_own_end(self, rehearsal: Rehearsal, receiver: Running, first: Revision) -> None:
        live = rehearsal.publish(first)
        other = revision_of(article_of("第二条"), id="a2")
        staged = rehearsal.prepare(rehearsal.delivery(other))
        receiver.kill()
        with receiver.journal.open("a") as torn:
            torn.write('{"action": "publ')
        with pytest.raises(Unavailable) as caught:
            rehearsal.channel.find(live)
        assert not caught.value.sent
        receiver.start()
        assert rehearsal.verify(live).standing is Standing.LIVE
        assert rehearsal.verify(rehearsal.release(staged)).standing is Standing.LIVE
        assert [deed["article"] for deed in receiver.deeds()] == ["a1", "a1", "a2", "a2"]
        assert rehearsal.withdraw(other).receipt == Receipt(standing=Standing.WITHDRAWN)

    def test_a_refusal_has_no_effect(self, rehearsal: Rehearsal, receiver: Running, first: Revision) -> None:
        receiver.faults(next=("refused",))
        with pytest.raises(Unavailable):
            rehearsal.prepare(rehearsal.delivery(first))
        assert receiver.deeds() == []

    @pytest.mark.parametrize("fate", ["lost", "cut"])
    def test_a_lost_answer_is_one_deed(
        self, rehearsal: Rehearsal, receiver: Running, first: Revision, fate: str
    ) -> None:
        receiver.faults(next=(fate,))
        with pytest.raises(Unavailable) as caught:
            rehearsal.prepare(rehearsal.delivery(first))
        assert caught.value.sent
        assert len(receiver.deeds()) == 1

    def test_a_deed_may_come_after_its_line_broke_off(
        self, rehearsal: Rehearsal, receiver: Running, first: Revision
    ) -> None:
        receiver.faults(next=("late",))
        with pytest.raises(Unavailable) as caught:
            rehearsal.prepare(rehearsal.delivery(first))
        assert caught.value.sent
        until(receiver.deeds, "the deed that comes late")
        assert [deed["action"] for deed in receiver.deeds()] == ["stage"]

    def test_a_bad_line_makes_no_deed_twice(
        self, rehearsal: Rehearsal, receiver: Running, first: Revision, second: Revision
    ) -> None:
        receiver.faults(loss=0.45, refuse=0.15, slow=0.1, delay=0.02)
        live_through(rehearsal, first, second)
        receiver.calm()
        deeds = counted(receiver)
        assert set(deeds.values()) == {1}
        assert {(action, revision) for action, _, revision in deeds} >= {
            ("publish", 1),
            ("publish", 2),
            ("withdraw", 2),
        }
        assert set(receiver.public().values()) == {()}

    def test_a_missing_endpoint_is_a_problem(self, rehearsal_setting: Callable[..., Setting]) -> None:
        (problem,) = self.adapter(rehearsal_setting(self.adapter.kind)).check()
        assert problem.field == "endpoint"

    def test_a_dead_receiver_is_a_problem(self, channel: Channel, receiver: Running) -> None:
        assert channel.check() == []
        receiver.kill()
        assert len(channel.check()) == 1


class TestKeyed(ReceiverContract):
    adapter = Keyed
    receiver_kind = "keyed"

    def test_a_key_has_one_effect(self, rehearsal: Rehearsal, receiver: Running, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.prepare(rehearsal.delivery(first)))
        rehearsal.release(prepared)
        rehearsal.release(prepared)
        assert [deed["action"] for deed in receiver.deeds()] == ["stage", "publish"]

    def test_a_key_with_another_content_is_refused(self, rehearsal: Rehearsal, first: Revision) -> None:
        channel = rehearsal.channel
        assert isinstance(channel, Keyed)
        delivery = rehearsal.prepare(rehearsal.delivery(first))
        content = dict.fromkeys(("article", "revision", "digest", "marker", "headline", "body"), "")
        with pytest.raises(Refused) as caught:
            channel.http.post("/drafts", content, headers=channel._headers(delivery, "prepare"))
        assert caught.value.code == "422"

    def test_a_new_date_is_another_key(self, rehearsal: Rehearsal, first: Revision) -> None:
        """A held rollout that is tried again: the same deed with another content."""
        rehearsal.prepare(rehearsal.delivery(first))
        later = first.model_copy(update={"published_at": first.published_at + timedelta(hours=1)})
        assert rehearsal.verify(rehearsal.publish(later)).standing is Standing.LIVE

    def test_the_key_is_required(self, rehearsal: Rehearsal) -> None:
        assert isinstance(rehearsal.channel, Keyed)
        with pytest.raises(Refused) as caught:
            rehearsal.channel.http.post("/publications", {"draft": "d1"})
        assert caught.value.code == "400"

    def test_an_old_key_brings_nothing_back(self, rehearsal: Rehearsal, receiver: Running, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.delivery(first))
        rehearsal.release(prepared)
        rehearsal.withdraw(first)
        assert isinstance(rehearsal.channel, Keyed)
        rehearsal.catalogue.place(first)  # as if the worker had looked before the withdrawal
        rehearsal.channel.release(prepared)
        assert receiver.public() == {"a1": ()}


class TestAsking(ReceiverContract):
    adapter = Asking
    receiver_kind = "asking"

    def test_every_post_has_its_effect(self, rehearsal: Rehearsal, receiver: Running, first: Revision) -> None:
        prepared = rehearsal.prepare(rehearsal.prepare(rehearsal.delivery(first)))
        rehearsal.release(prepared)
        rehearsal.release(prepared)
        assert [deed["action"] for deed in receiver.deeds()] == ["stage", "stage", "publish", "publish"]

    def test_a_correction_without_the_earlier_receipt_leaves_the_old_post(
        self, rehearsal: Rehearsal, receiver: Running, first: Revision, second: Revision
    ) -> None:
        rehearsal.publish(first)
        rehearsal.receipts.clear()
        new = rehearsal.publish(second)
        assert receiver.public() == {"a1": (1, 2)}
        assert rehearsal.verify(new).standing is not Standing.LIVE

    def test_a_correction_replaces_also_what_a_skipped_one_would_have(
        self, rehearsal: Rehearsal, receiver: Running, first: Revision, second: Revision
    ) -> None:
        rehearsal.publish(first)
        skipped = rehearsal.prepare(rehearsal.delivery(second))
        assert skipped.receipt is not None
        rehearsal.receipts["a1"] = skipped.receipt  # staged, then overtaken
        third = second.model_copy(update={"number": 3})
        assert rehearsal.verify(rehearsal.publish(third)).standing is Standing.LIVE
        assert receiver.public() == {"a1": (3,)}

    def test_without_asking_there_are_duplicates(
        self, receiver: Running, rehearsal_setting: Callable[..., Setting], first: Revision, second: Revision
    ) -> None:
        channel = Forgetful(rehearsal_setting("forgetful", endpoint=receiver.url))
        receiver.faults(loss=0.45, refuse=0.15, slow=0.1, delay=0.02)
        live_through(Rehearsal(channel), first, second)
        channel.http.close()
        deeds = counted(receiver)
        assert max(count for (action, _, _), count in deeds.items() if action == "publish") > 1


def counted(receiver: Running) -> Counter[tuple[str, str, int]]:
    return Counter((deed["action"], deed["article"], deed["revision"]) for deed in receiver.deeds())


def live_through(rehearsal: Rehearsal, first: Revision, second: Revision) -> None:
    """Publish, correct and withdraw eight articles over a bad line."""
    for n in range(1, 9):
        one, two = (revision.model_copy(update={"id": f"a{n}"}) for revision in (first, second))
        for revision in (one, two):
            delivery = rehearsal.delivery(revision)
            staged = insist(rehearsal.channel, Step.PREPARE, delivery, rehearsal.channel.prepare)
            delivery = with_receipt(delivery, staged)
            rehearsal.catalogue.place(revision, staged)
            rehearsal.receipts[revision.id] = insist(
                rehearsal.channel, Step.RELEASE, delivery, rehearsal.channel.release
            )
        rehearsal.catalogue.remove(two.id, two.updated_at, "")
        gone = rehearsal.delivery(two, Action.WITHDRAW)
        insist(rehearsal.channel, Step.RELEASE, gone, rehearsal.channel.withdraw)


def with_receipt(delivery: Delivery, receipt: Receipt) -> Delivery:
    return dataclasses.replace(delivery, receipt=receipt)


def insist(channel: Channel, step: Step, delivery: Delivery, deed: Callable[[Delivery], Receipt]) -> Receipt:
    """What the engine does with one step: after an unknown outcome ask (where that is the way), else do it again."""
    doubt = False
    for _ in range(TRIES):
        try:
            if doubt and channel.recovers is Recovery.ASK:
                found = channel.find(delivery)
                if adopted(step, delivery.action, found.standing):
                    return found
            return deed(delivery)
        except Unavailable as trouble:
            doubt = doubt or trouble.sent
    raise AssertionError(f"{step} not done after {TRIES} tries")


def test_the_same_seed_has_the_same_weather(tmp_path: Path) -> None:
    def weather(name: str, seed: int) -> list[str]:
        with Journal(tmp_path / name) as journal:
            receiver = Receiver("asking", journal, seed, Faults(loss=0.2, late=0.1, refuse=0.2, slow=0.2))
            return [json.dumps(receiver.fate()) for _ in range(200)]

    assert weather("one", 1) == weather("two", 1)
    assert weather("one", 1) != weather("three", 2)
    drawn = Counter(json.loads(one)[0] for one in weather("one", 1))
    assert set(drawn) == {"well", "lost", "cut", "late", "refused", "slow"}


def test_recovery_is_declared() -> None:
    assert (Keyed.recovers, Asking.recovers) == (Recovery.KEY, Recovery.ASK)
