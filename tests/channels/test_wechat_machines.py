"""One account on several machines: each has a data folder of its own, and all have the same notebook.

Nothing is handed in twice whatever answer is lost, the day's calls are those of all, and what one has uploaded the
others know. In memory, and as processes on real databases.
"""

from __future__ import annotations

import dataclasses
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from channels.wechat import Wechat
from channels.wechat.client import DAILY
from channels.wechat.ledger import KEPT, Ledger, Submission
from pipeline.article import Outlet
from pipeline.channel import Delivery, Notebook, Problem, Standing, Text, Unavailable, utc_now
from pipeline.engine import Engine, Piece
from pipeline.newsroom import Configuration
from pipeline.record.gate import Wake
from pipeline.record.report import DeliveryReport, Report
from pipeline.record.store import Store
from pipeline.rollout import DeliveryState, Pace, RolloutState
from pipeline.standins.fake_wechat import Server, Settings
from pipeline.testing import NOON, MemoryCatalogue, MemoryNotebook, Rehearsal, article_of, newsroom_of
from tests.channels.test_wechat import (
    APPID,
    SECRET,
    close,
    deeds,
    engine_step,
    engine_step_patiently,
    faults,
    follow,
    follow_patiently,
    led,
    patiently,
    revisions,
    setting_of,
    state,
    topic,
    with_picture,
)
from tests.engine.simulation import ManualClock

MANY = {"freepublish/get": 10_000, "freepublish/batchget": 10_000, "freepublish/getarticle": 10_000}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server("127.0.0.1", 0, tmp_path / "fake", {APPID: Settings(secret=SECRET, name="武山融媒")}) as server:
        yield server


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    with closing(opened(database, tmp_path)) as store:
        store.migrate()
        yield store


def opened(database: str, folder: Path) -> Store:
    return Store(database, pace=Pace(), locks=folder / "locks")


Machines = Callable[..., Sequence[Rehearsal]]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def notebook(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Notebook]:
    if request.param == "memory":
        yield MemoryNotebook()
        return
    url = request.getfixturevalue("fresh")(request.param)
    with closing(opened(url, tmp_path)) as store:
        store.migrate()
        yield store.notebook("wechat")


@pytest.fixture
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """URL of an empty database of this kind."""
    from tests.conftest import fresh_database  # noqa: PLC0415 - only where a server is wanted

    def url(kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / 'newsroom.db'}"
        return fresh_database(request.getfixturevalue("postgresql"))

    return url


@pytest.fixture
def machines(server: Server, tmp_path: Path, notebook: Notebook) -> Iterator[Machines]:
    """(count, options) -> the channel on as many machines, with one catalogue."""
    made: list[Wechat] = []

    def make(count: int = 2, **options: Any) -> Sequence[Rehearsal]:
        found = []
        for n in range(count):
            made.append(Wechat(setting_of(server, tmp_path / f"machine-{n}", notebook, **options)))
            found.append(Rehearsal(made[-1]))
            found[-1].catalogue, found[-1].media = found[0].catalogue, found[0].media
            found[-1].receipts = found[0].receipts
        return found

    yield make
    for one in made:
        close(one)


def step(rehearsal: Rehearsal, name: str, delivery: Delivery) -> Delivery:
    return dataclasses.replace(delivery, receipt=getattr(rehearsal.channel, name)(delivery))


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(deeds)) as pool:
        return [one.result() for one in [pool.submit(deed) for deed in deeds]]


def refusing(notebook: Notebook, *names: str) -> Callable[[], None]:
    """Let these methods of a notebook raise `Unavailable`, as while the record is away; gives what mends it."""

    def away(*_: Any, **__: Any) -> Any:
        raise Unavailable(Problem(field="record", message=Text.of("away"), remedy=Text.of("wait")), sent=True)

    for name in names:
        setattr(notebook, name, away)
    return lambda: [delattr(notebook, name) for name in names] and None


# -- nothing twice -----------------------------------------------------------------------------------------------


def test_what_one_machine_handed_in_without_an_answer_no_other_hands_in(machines: Machines, server: Server) -> None:
    server.wechat.set(APPID, hold=True)
    one, other = machines(settling=60)
    delivery = one.prepare(one.delivery(with_picture(one)))
    one.catalogue.place(delivery.revision, delivery.receipt)
    faults(server, "lost@freepublish/submit")
    with pytest.raises(Unavailable) as lost:
        one.channel.release(delivery)
    assert lost.value.sent
    for name in ("find", "release"):
        with pytest.raises(Unavailable) as waiting:
            step(other, name, delivery)
        assert waiting.value.retry_after is not None
        assert timedelta(0) < waiting.value.retry_after <= timedelta(seconds=60)
    requests.post(f"{server.url}/admin/settle", timeout=10)
    live = step(other, "find", delivery)
    assert other.verify(live).standing is Standing.LIVE
    assert step(one, "release", delivery).receipt == live.receipt
    assert deeds(server).count("freepublish/submit") == 1
    assert revisions(server) == [("a1", 1)]


@pytest.mark.parametrize("machine", [0, 1])
def test_where_wechat_took_longer_than_it_was_waited_for_the_article_is_live(
    machines: Machines, server: Server, machine: int
) -> None:
    """Handed in a second time, that fails, because the first has brought it out: it is public and nobody need act."""
    server.wechat.set(APPID, hold=True)
    both = one, other = machines(settling=0)
    delivery = one.prepare(one.delivery(with_picture(one)))
    one.catalogue.place(delivery.revision, delivery.receipt)
    faults(server, "lost@freepublish/submit")
    with pytest.raises(Unavailable):
        one.channel.release(delivery)
    assert step(other, "find", delivery).receipt == delivery.receipt
    accepted = step(other, "release", delivery)
    assert accepted.receipt is not None
    assert accepted.receipt.standing is Standing.ACCEPTED
    requests.post(f"{server.url}/admin/settle", timeout=10)
    done = follow(both[machine], accepted)
    assert both[machine].verify(done).standing is Standing.LIVE
    assert revisions(server) == [("a1", 1)]
    assert deeds(server).count("published") == 1


@pytest.mark.parametrize("lost", ["", "draft/add", "freepublish/submit", "freepublish/get"])
def test_four_that_go_out_together_over_two_machines_are_one_draft_and_one_submission(
    machines: Machines, server: Server, lost: str
) -> None:
    server.wechat.set(APPID, delay=0.2, limits=MANY)
    one, other = machines(settling=2)
    several = topic(one, 4)
    faults(server, *([f"lost@{lost}"] if lost else []))
    leader = engine_step(one, "prepare", several[0])
    assert engine_step(other, "prepare", several[0]).receipt == leader.receipt, "the other finds what the one has made"
    for delivery in several:
        one.catalogue.place(delivery.revision, leader.receipt)
    accepted, _ = patiently(lambda: one.channel.release(leader))
    assert (accepted is None) == (lost == "freepublish/submit")
    done = led(follow_patiently(other, engine_step_patiently(other, leader)), several)
    assert [one.verify(each).standing for each in done] == [Standing.LIVE] * 4
    made = deeds(server)
    assert (made.count("draft/add"), made.count("freepublish/submit"), made.count("published")) == (1, 1, 1)
    assert revisions(server) == [(f"a{n}", 1) for n in range(1, 5)]


def test_a_withdrawal_on_one_machine_catches_what_another_has_in_the_queue(machines: Machines, server: Server) -> None:
    server.wechat.set(APPID, hold=True)
    one, other = machines()
    queued = one.release(one.prepare(one.delivery(with_picture(one))))
    gone = other.withdraw(queued.revision)
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.ACCEPTED
    requests.post(f"{server.url}/admin/settle", timeout=10)
    gone = step(other, "find", gone)
    assert gone.receipt is not None
    assert gone.receipt.standing is Standing.WITHDRAWN
    assert one.verify(gone).standing is Standing.WITHDRAWN
    assert revisions(server) == []


# -- one memory --------------------------------------------------------------------------------------------------


def test_of_all_who_claim_a_draft_one_has_it(notebook: Notebook) -> None:
    machines = [Ledger(notebook, utc_now) for _ in range(4)]
    for turn in range(5):
        known: Submission | None = None
        for _ in range(3):
            claims = at_once([partial(one.claim, f"d{turn}", known) for one in machines * 2])
            (won,) = filter(None, claims)
            known = machines[0].submission(f"d{turn}")
            assert known is not None
            assert (known.claim, known.publication) == (won, "")


def test_a_claim_that_was_taken_over_is_not_given_back(notebook: Notebook) -> None:
    one, other = Ledger(notebook, utc_now), Ledger(notebook, utc_now)
    first = one.claim("d", None)
    second = other.claim("d", other.submission("d"))
    one.not_submitted("d", first)
    known = one.submission("d")
    assert known is not None
    assert known.claim == second
    other.not_submitted("d", second)
    assert one.submission("d") is None


def test_no_call_of_any_machine_is_forgotten(notebook: Notebook) -> None:
    machines = [Ledger(notebook, utc_now) for _ in range(4)]

    def work(ledger: Ledger) -> None:
        for _ in range(10):
            ledger.count("draft/add")
            ledger.count("freepublish/get")
            ledger.write_calls()

    at_once([partial(work, one) for one in machines * 2])
    machines[0].use_up("freepublish/get")
    machines[0].write_calls()
    for one in machines:
        assert one.today().calls == {"draft/add": 80, "freepublish/get": 80}
        assert one.today().used_up == {"freepublish/get"}
    assert len(notebook.pages("day/")) == 1


def test_machines_share_one_quota(machines: Machines, server: Server) -> None:
    one, other = machines()
    for n, where in enumerate((one, other, one), 1):
        where.publish(with_picture(where, n))
    for where in (one, other):
        assert isinstance(where.channel, Wechat)
        counted = {line["call"]: line["value"] for line in state(server)["count"]}
        assert where.channel.ledger.today().calls == counted
        assert "freepublish/submit: 3 of 100 calls today" in [str(each) for each in where.channel.figures()]
        assert where.channel.check() == []
    assert isinstance(one.channel, Wechat)
    for _ in range(DAILY["freepublish/submit"] - 3):
        one.channel.ledger.count("freepublish/submit")
    one.channel.ledger.write_calls()
    (problem,) = other.channel.check()
    assert problem.field == "quota"
    assert "100" in str(problem.message)


def test_what_wechat_says_is_used_up_all_machines_know(machines: Machines, server: Server) -> None:
    one, other = machines()
    server.wechat.set(APPID, limits={"draft/add": 0})
    with pytest.raises(Unavailable):
        one.prepare(one.delivery(with_picture(one)))
    assert [problem.field for problem in other.channel.check()] == ["quota"]


def test_a_step_is_one_event_of_its_calls_at_most(server: Server, tmp_path: Path) -> None:
    notebook = MemoryNotebook()
    channel = Wechat(setting_of(server, tmp_path, notebook))
    rehearsal = Rehearsal(channel)
    delivery = rehearsal.prepare(rehearsal.delivery(with_picture(rehearsal)))
    assert [deed for _, deed, page in notebook.deeds if page.startswith("day/")] == ["calls counted"]
    rehearsal.verify(rehearsal.follow(rehearsal.release(delivery)))
    assert len([page for _, _, page in notebook.deeds if page.startswith("day/")]) == 4
    close(channel)


def test_pictures_uploaded_on_one_machine_are_known_on_all(machines: Machines, server: Server) -> None:
    one, other = machines()
    first = with_picture(one)
    one.publish(first)
    (material,) = state(server)["material"]
    again = with_picture(one).model_copy(update={"id": "a2"})
    other.publish(again)
    assert (deeds(server).count("uploadimg"), deeds(server).count("add_material")) == (1, 1)
    server.wechat.memory.drop("material", material["media_id"])  # by hand, in the library
    third = other.delivery(with_picture(one).model_copy(update={"id": "a3"}))
    with pytest.raises(Unavailable):
        other.channel.prepare(third)
    assert one.channel.prepare(third).standing is Standing.STAGED


# -- the record is away ------------------------------------------------------------------------------------------


def test_what_cannot_be_claimed_is_not_handed_in(machines: Machines, notebook: Notebook, server: Server) -> None:
    (one,) = machines(1)
    delivery = one.prepare(one.delivery(with_picture(one)))
    one.catalogue.place(delivery.revision, delivery.receipt)
    mend = refusing(notebook, "write")
    with pytest.raises(Unavailable):
        one.channel.release(delivery)
    assert deeds(server).count("freepublish/submit") == 0
    mend()
    done = follow(one, engine_step(one, "release", delivery, doubt=True))
    assert one.verify(done).standing is Standing.LIVE
    assert deeds(server).count("freepublish/submit") == 1


def test_an_answer_that_cannot_be_noted_stands_in_the_receipt(
    machines: Machines, notebook: Notebook, server: Server
) -> None:
    server.wechat.set(APPID, hold=True)
    one, other = machines(settling=60)
    delivery = one.prepare(one.delivery(with_picture(one)))
    one.catalogue.place(delivery.revision, delivery.receipt)
    write = notebook.write

    def once(*given: Any, **named: Any) -> bool:
        done = write(*given, **named)
        refusing(notebook, "write")
        return done

    notebook.write = once  # type: ignore[method-assign]
    accepted = step(one, "release", delivery)
    del notebook.write
    assert accepted.receipt is not None
    assert accepted.receipt.standing is Standing.ACCEPTED
    with pytest.raises(Unavailable):
        other.channel.release(delivery)
    requests.post(f"{server.url}/admin/settle", timeout=10)
    assert other.verify(follow(other, accepted)).standing is Standing.LIVE
    assert deeds(server).count("freepublish/submit") == 1


def test_calls_that_cannot_be_written_fail_nothing_and_are_counted_later(
    machines: Machines, notebook: Notebook, server: Server
) -> None:
    one, other = machines()
    assert isinstance(one.channel, Wechat)
    assert isinstance(other.channel, Wechat)
    live = one.publish(with_picture(one))
    mend = refusing(notebook, "write")
    for _ in range(3):
        assert one.verify(live).standing is Standing.LIVE
    assert one.channel.ledger.today().calls["freepublish/getarticle"] == 3, "what is not written counts here"
    assert other.channel.ledger.today().calls["freepublish/getarticle"] == 0
    mend()
    one.verify(live)
    assert other.channel.ledger.today().calls["freepublish/getarticle"] == 4


def test_pages_that_nobody_needs_any_more_are_pruned_once_a_day() -> None:
    now = [NOON]
    notebook = MemoryNotebook(lambda: now[0])
    ledger = Ledger(notebook, lambda: now[0])
    ledger.claim("d", None)
    ledger.deleted("2650177668/2")
    ledger.upload("content", "x", "https://mmbiz.qpic.cn/x")
    ledger.count("draft/add")
    ledger.write_calls()
    assert [page.partition("/")[0] + "/" for page in notebook.pages()] == sorted(KEPT)
    for age in sorted(set(KEPT.values())):
        now[0] = NOON + age - timedelta(seconds=1)
        ledger.prune()
        assert {page.partition("/")[0] + "/" for page in notebook.pages()} == {one for one in KEPT if KEPT[one] >= age}
        now[0] = NOON + age + timedelta(days=1)
        ledger.prune()
        assert {page.partition("/")[0] + "/" for page in notebook.pages()} == {one for one in KEPT if KEPT[one] > age}


# -- through the engine ------------------------------------------------------------------------------------------


class Site:
    """Two machines of one newsroom whose only channel is the account; messages wait until somebody runs them."""

    def __init__(self, database: str, server: Server, folder: Path) -> None:
        self.clock, self.messages = ManualClock(), list[Wake]()
        self.engines: list[Engine] = []
        outlet = Outlet(id="wechat", kind="wechat", name="武山融媒")
        for n in range(2):
            store = opened(database, folder)
            store.migrate()
            setting = setting_of(server, folder / f"machine-{n}", store.notebook("wechat"))
            configuration = Configuration(
                path=folder / "newsroom.toml",
                newsroom=newsroom_of(outlet),
                pace=Pace(),
                data=setting.data,
                database=database,
                broker="",
                workers=1,
                releases=1,
                listen="",
            )
            self.engines.append(
                Engine(
                    configuration,
                    store,
                    send=self.messages.extend,
                    clock=self.clock,
                    chance=lambda: 0.0,
                    channels={"wechat": Wechat(setting)},
                )
            )

    def run(self, machine: int, until: Callable[[DeliveryReport], bool]) -> DeliveryReport:
        """Let one machine work until the article's delivery is as wanted."""
        engine = self.engines[machine]
        for _ in range(60):
            while self.messages and not until(self.part()):
                engine.run(self.messages.pop(0).delivery_id)
            if until(self.part()):
                return self.part()
            self.clock.advance(timedelta(seconds=2))
            engine.sweep()
        raise AssertionError(self.part())

    def run_all(self, rollout: str) -> Report:
        """Both machines work at once, whoever gets a message, until the rollout is at its end."""
        for _ in range(60):
            while self.messages:
                taken, self.messages[:] = list(self.messages), []
                at_once([partial(self.engines[n % 2].run, one.delivery_id) for n, one in enumerate(taken)])
            report = self.engines[0].store.report(rollout)
            if report.state is RolloutState.COMPLETE:
                return report
            self.clock.advance(timedelta(seconds=2))
            self.engines[1].sweep()
        raise AssertionError(report)

    def part(self) -> DeliveryReport:
        (found,) = self.engines[0].store.report("r1").deliveries
        return found

    def close(self) -> None:
        for one in self.engines:
            channel = one.channel("wechat")
            assert isinstance(channel, Wechat)
            close(channel)
            one.close()


@pytest.fixture
def site(database: str, server: Server, tmp_path: Path) -> Iterator[Site]:
    with closing(Site(database, server, tmp_path)) as site:
        yield site


def test_an_article_whose_answer_was_lost_comes_to_its_end_on_another_machine(site: Site, server: Server) -> None:
    server.wechat.set(APPID, hold=True)
    faults(server, "lost@freepublish/submit")
    site.engines[0].publish(article_of(), {}, editor="记者甲")
    site.run(0, lambda part: part.error is not None)
    assert deeds(server).count("freepublish/submit") == 1
    site.run(1, lambda part: part.state is DeliveryState.RELEASED)
    requests.post(f"{server.url}/admin/settle", timeout=10)
    part = site.run(1, lambda part: part.state in (DeliveryState.VERIFIED, DeliveryState.FAILED))
    assert part.state is DeliveryState.VERIFIED, part
    assert revisions(server) == [("a1", 1)]


def test_one_that_failed_although_it_is_public_is_resolved_by_a_retry(site: Site, server: Server) -> None:
    server.wechat.set(APPID, hold=True)
    faults(server, "lost@freepublish/submit")
    site.engines[0].publish(article_of(), {}, editor="记者甲")
    site.run(0, lambda part: part.error is not None)
    site.run(1, lambda part: part.state is DeliveryState.RELEASED)
    requests.post(f"{server.url}/admin/settle", timeout=10)
    faults(server, "48004@freepublish/batchget")  # and the list, where it could be seen, is refused just now
    site.run(1, lambda part: part.state is DeliveryState.FAILED)
    assert revisions(server) == [("a1", 1)]
    site.engines[0].retry("r1", editor="记者甲")
    assert site.run(0, lambda part: part.state in (DeliveryState.VERIFIED, DeliveryState.FAILED)).state == "verified"
    assert site.engines[0].store.report("r1").state is RolloutState.COMPLETE
    assert deeds(server).count("published") == 1


@pytest.mark.parametrize("lost", ["", "draft/add", "freepublish/submit", "freepublish/get", "draft/batchget"])
@pytest.mark.parametrize("gone", ["", "a1", "a3"])
def test_articles_of_one_rollout_are_one_publication_of_both_machines(
    site: Site, server: Server, lost: str, gone: str
) -> None:
    """Whatever answer is lost, whichever machine gets the message, and whoever is withdrawn before their moment."""
    server.wechat.set(APPID, limits=MANY)
    faults(server, *([f"lost@{lost}"] if lost else []))
    moment = site.clock.now() + timedelta(hours=1)
    pieces = [Piece(article_of(f"专题之{n}"), {}) for n in range(1, 5)]
    accepted = site.engines[0].publish_together(pieces, editor="记者甲", go_live_at=moment)
    while site.messages:
        site.engines[1].run(site.messages.pop(0).delivery_id)
    if gone:
        site.engines[1].withdraw(gone, reason="撤", editor="记者甲")
    site.clock.advance(timedelta(minutes=51))
    for _ in range(20):
        site.engines[0].sweep()
        at_once([partial(site.engines[n % 2].run, one.delivery_id) for n, one in enumerate(site.messages)] or [int])
        site.messages.clear()
        site.clock.advance(timedelta(seconds=2))
    site.clock.advance(timedelta(minutes=10))
    report = site.run_all(accepted.rollout_id)
    left = [known for known in accepted.article_ids if known != gone]
    assert {one.article: one.state for one in report.deliveries} == dict.fromkeys(left, "verified") | (
        {gone: "superseded"} if gone else {}
    )
    assert len({one.receipt.url for one in report.deliveries if one.receipt and one.article != gone}) == len(left)
    assert revisions(server) == [(known, 1) for known in left]
    made = deeds(server)
    assert made.count("freepublish/submit") == made.count("published") == 1
    again = gone and lost != "draft/batchget"  # then nothing had been made with it
    assert made.count("draft/add") == (2 if again else 1)
    assert state(server)["draft"] == []
    assert site.engines[0].store.broken_event() is None


# -- processes ---------------------------------------------------------------------------------------------------


@contextmanager
def machine(database: str, api: str, folder: Path, number: int) -> Iterator[Rehearsal]:
    """The channel in a process, with a data folder of its own."""

    class Address:
        def __init__(self) -> None:
            self.api = api

    with closing(opened(database, folder)) as store:
        setting = setting_of(Address(), folder / f"machine-{number}", store.notebook("wechat"), settling=2)  # type: ignore[arg-type]
        channel = Wechat(setting)
        rehearsal = Rehearsal(channel)
        rehearsal.catalogue = MemoryCatalogue(channel.newsroom.columns, setting.exclusive)
        yield rehearsal
        close(channel)


def sixteen(database: str, api: str, folder: Path, number: int, done: Any) -> None:
    """One process with sixteen deliveries at once."""
    with machine(database, api, folder, number) as rehearsal:

        def deliver(n: int) -> str:
            delivery = engine_step(rehearsal, "prepare", rehearsal.delivery(with_picture(rehearsal, n)))
            rehearsal.catalogue.place(delivery.revision, delivery.receipt)
            delivery = follow_patiently(rehearsal, engine_step_patiently(rehearsal, delivery))
            return str(rehearsal.verify(delivery).standing)

        with ThreadPoolExecutor(16) as pool:
            done.put(list(pool.map(deliver, range(number * 16 + 1, number * 16 + 17))))


def raced(work: Callable[..., None], database: str, server: Server, folder: Path) -> list[str]:
    """What two processes said of their deliveries."""
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    workers = [context.Process(target=work, args=(database, server.api, folder, number, done)) for number in range(2)]
    for one in workers:
        one.start()
    standings = [standing for _ in workers for standing in done.get(timeout=100)]
    for one in workers:
        one.join()
    done.close()
    done.join_thread()
    return standings


def test_two_processes_with_sixteen_deliveries_each(
    server: Server, store: Store, database: str, tmp_path: Path
) -> None:
    """Tokens end in between, answers are lost after the effect: one draft and one publication each."""
    server.wechat.set(APPID, token_seconds=2, delay=0.2, limits=MANY)
    faults(server, *["lost@draft/add"] * 3, *["lost@freepublish/submit"] * 3, "lost@media/uploadimg")
    assert raced(sixteen, database, server, tmp_path) == ["live"] * 32
    assert revisions(server) == sorted((f"a{n}", 1) for n in range(1, 33))
    assert state(server)["draft"] == []
    assert deeds(server).count("freepublish/submit") == 32
    assert deeds(server).count("draft/add") == 32
    counted = {line["call"]: line["value"] for line in state(server)["count"]}
    calls = Ledger(store.notebook("wechat"), utc_now).today().calls
    assert {call: calls[call] for call in counted if calls[call] < counted[call]} == {}, "none of either is forgotten"
    assert store.seal() >= 0
    assert store.broken_event() is None
