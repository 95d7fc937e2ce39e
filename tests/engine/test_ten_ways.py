"""The newsroom's file is changed in all ways that an operator may think of, under `newsroom up`, while articles go out.

After each change nothing hangs: every rollout ends, or stands with a reason and a remedy; `newsroom status` says what
is amiss; and once the file is as it was, so is the newsroom.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from pipeline.commands import standing
from pipeline.newsroom import BadConfiguration, load
from pipeline.record import roster
from pipeline.record.store import Store
from pipeline.rereading import kept
from pipeline.rollout import ENDED, DeliveryState, RolloutState
from pipeline.testing import article_of
from pipeline.workers import tasks
from tests.engine.bench import RUNNING
from tests.engine.commands import Newsroom, Outcome, Up, make, record_of, until
from tests.standins.running import Running

PATIENCE = 60.0
APP = '\n[[channel]]\nid = "{id}"\nkind = "app"\nname = "{name}"\nroot = "site/{id}"\n'


class House:
    """A newsroom that is up, its file, and its record."""

    def __init__(self, newsroom: Newsroom, store: Store) -> None:
        self.newsroom, self.store = newsroom, store
        self.file = newsroom.folder / "newsroom.toml"
        self.whole = self.file.read_text(encoding="utf-8")
        self._stopping = threading.Event()
        self._count = 0
        self._left = {
            str(one.what) for one in standing.of_channels(store, load(self.file, newsroom.environment).newsroom)
        }

    # -- the operator -------------------------------------------------------------------------------------

    def write(self, text: str) -> None:
        """The file, in one go; back when every worker has dealt with it."""
        beside = self.file.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(self.file)
        until(lambda: self._is_dealt_with(text), "every worker has read the file", PATIENCE)

    def _is_dealt_with(self, text: str) -> bool:
        workers = [one.gone_by for one in roster.workers(self.store) if one.queue in roster.QUEUES]
        try:
            digest = load(self.file, self.newsroom.environment).digest
        except BadConfiguration:
            return all(one and one.refused for one in workers)
        refused = [one for one in workers if one and one.refused]
        return len(workers) == 2 and (
            len(refused) == 2 or (not refused and all(one and one.digest == digest for one in workers))
        )

    def refusing(self) -> list[str]:
        """What the processes refuse of the file."""
        known = [one.gone_by.refused for one in roster.workers(self.store) if one.gone_by]
        return [f"{one.field}: {one.message}" for one in known if one]

    def change(self, before: str, after: str) -> None:
        assert self.whole.count(before) == 1, before
        self.write(self.whole.replace(before, after))

    def without(self, channel: str) -> str:
        """The file without this channel."""
        parts = self.whole.split("[[channel]]")
        return "[[channel]]".join(part for part in parts if f'id = "{channel}"' not in part)

    def remarks(self) -> str:
        """What `newsroom status` says is amiss, in one text; what other tests have left public is left out."""
        done = self.newsroom.run("newsroom", "status", "--json")
        assert done.code == 0, done.err
        found = {one["channel"]: f"{one['field']}: {one['message']} → {one['remedy']}" for one in done.json["remarks"]}
        return "\n".join(f"{what}: {told}" for what, told in found.items() if what not in self._left)

    # -- editors ------------------------------------------------------------------------------------------

    def publish(self, headline: str, *words: str) -> dict[str, Any]:
        """Submit by the command, and wait for its end."""
        done = self.newsroom.submit(self.newsroom.write(headline), "--wait", "--json", *words)
        assert done.code == 0, done
        report: dict[str, Any] = done.json
        return report

    def correct(self, known: str, headline: str) -> Outcome:
        file = self.newsroom.write(headline, "更正后的正文。", name=f"{known}-更正")
        return self.newsroom.run("newsroom", "correct", known, file, "--note", "有误", "--wait", "--json")

    def withdraw(self, known: str) -> Outcome:
        return self.newsroom.run("newsroom", "withdraw", known, "--reason", "撤", "--wait", "--json")

    # -- the load -----------------------------------------------------------------------------------------

    def __enter__(self) -> House:
        self._thread = threading.Thread(target=self._submit_on)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _submit_on(self) -> None:
        """An article every now and then, each as by a command of its own."""
        while not self._stopping.wait(2):
            try:
                configuration = load(self.file, self.newsroom.environment)
            except BadConfiguration:
                found = kept(self.file, self.newsroom.folder / "var")
                assert found is not None
                configuration = found
            with closing(tasks.open_engine(configuration)) as engine:
                self._count += 1
                try:
                    engine.publish(article_of(f"一路在发{id(self)}-{self._count}"), {}, editor="记者甲")
                except BadConfiguration:
                    continue  # told at once, and nothing is stored

    def has_come_to_rest(self) -> None:
        """Nothing is under way any more; what has not come to a good end says why, and what to do."""
        until(lambda: not self.store.reports(RUNNING), "nothing hangs", PATIENCE)
        for report in (*self.store.reports([RolloutState.HELD]), *self.store.stuck()):
            bad = [one for one in report.deliveries if one.state in (DeliveryState.FAILED, DeliveryState.UNKNOWN)]
            assert bad, report
            assert all(one.error and str(one.error.message) and str(one.error.remedy) for one in bad), report
            assert {one.state for one in report.deliveries} <= {*ENDED, DeliveryState.PREPARED}, report


def states(report: dict[str, Any]) -> dict[str, str]:
    return {one["channel"]: one["state"] for one in report["deliveries"]}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("ten-ways")
    with ExitStack() as stack:
        receivers = [(one, stack.enter_context(Running("asking", folder / f"{one}.jsonl"))) for one in ("post", "club")]
        newsroom = make(folder, receivers)
        assert f"http://127.0.0.1:{newsroom.port}" in stack.enter_context(Up(newsroom)).first_line()
        yield newsroom


@pytest.fixture
def house(up: Newsroom) -> Iterator[House]:
    """Afterwards the file is as it was before, the newsroom is well, and nothing was left hanging."""
    with record_of(up.folder / "newsroom.toml", up.environment) as store:
        house = House(up, store)
        try:
            with house:
                yield house
            house.has_come_to_rest()
        finally:
            house.write(house.whole)
        assert states(house.publish(f"复原{id(house)}")) == dict.fromkeys(
            ("website", "feeds", "post", "club"), "verified"
        )
        house.has_come_to_rest()


def test_a_channel_is_added(house: House) -> None:
    house.write(house.whole + APP.format(id="app", name="新青河APP"))
    assert states(house.publish("加了渠道"))["app"] == "verified"
    assert (house.newsroom.folder / "var/site/app/api").is_dir()
    assert house.remarks() == ""
    house.write(house.whole)
    assert "app): channel: the newsroom's file has it no more, but" in house.remarks()


def test_a_channel_is_retired(house: House) -> None:
    known = house.publish("退役之前")["article"]
    house.change('id = "post"', 'id = "post"\nretired = true')
    assert set(states(house.publish("退役之后"))) == {"website", "feeds", "club"}
    refused = house.newsroom.submit(house.newsroom.write("点名"), "--channels", "post")
    assert refused.code == 2
    assert "渠道post is retired: it takes no new articles" in refused.err
    corrected = house.correct(known, "退役之前")
    assert states(corrected.json)["post"] == "verified"
    assert states(house.withdraw(known).json)["post"] == "withdrawn"
    assert house.remarks() == ""


def test_a_channel_is_removed_that_has_public_articles(house: House) -> None:
    wrong, gone = house.publish("删渠道之一")["article"], house.publish("删渠道之二")["article"]
    house.write(house.without("club"))
    assert "club" not in states(house.publish("删渠道之后"))
    told = house.remarks()
    assert "渠道club (club): channel: the newsroom's file has it no more, but" in told
    assert "retired = true" in told
    corrected, withdrawn = house.correct(wrong, "删渠道之一"), house.withdraw(gone)
    for done, good in ((corrected, "verified"), (withdrawn, "withdrawn")):
        assert done.code == 4
        assert states(done.json) == {"website": good, "feeds": good, "post": good, "club": "failed"}
    shown = house.newsroom.run("newsroom", "status").out
    assert shown.count("ended, but it failed on some channels") >= 2
    assert "has no channel club" in shown

    house.change('id = "club"', 'id = "club"\nretired = true')
    for done in (corrected, withdrawn):
        again = house.newsroom.run("newsroom", "retry", done.json["rollout"], "--wait")
        assert again.code == 0, again
    assert house.newsroom.receivers["club"].public()[wrong] == (2,)
    assert house.newsroom.receivers["club"].public()[gone] == ()
    assert house.remarks() == ""


def test_a_channel_is_given_another_name(house: House) -> None:
    house.change('name = "渠道post"', 'name = "青河邮报"')
    report = house.publish("改了名")
    assert "青河邮报" in house.newsroom.run("newsroom", "status", report["rollout"]).out
    assert house.remarks() == ""


def test_a_root_is_changed(house: House) -> None:
    house.write(house.whole + APP.format(id="mobile", name="青河手机"))
    known = house.publish("搬家之前")["article"]
    house.write(house.whole + APP.format(id="mobile", name="青河手机").replace("site/mobile", "site/moved"))
    assert states(house.publish("搬家之后"))["mobile"] == "verified"
    told = house.remarks()
    assert "it is at site/moved now;" in told
    assert "newsroom rebuild mobile" in told
    rebuilt = house.newsroom.run("newsroom", "rebuild", "mobile")
    assert rebuilt.code == 0, rebuilt
    assert [one for one in (house.newsroom.folder / "var/site/moved").rglob("*.json") if known in one.name]
    assert house.remarks() == ""
    assert states(house.correct(known, "搬家之前").json)["mobile"] == "verified"


def test_the_address_of_the_site_becomes_https(house: House) -> None:
    at = f"127.0.0.1:{house.newsroom.port}"
    house.change(f'url = "http://{at}"', f'url = "https://{at}"')
    report = house.publish("改成加密")
    page = next(one for one in report["deliveries"] if one["channel"] == "website")["receipt"]["url"]
    assert page.startswith(f"https://{at}/")
    assert f"https://{at}/" in house.newsroom.get(page.partition(f"{at}/")[2]).text
    until(lambda: "Strict-Transport-Security" in house.newsroom.get("").headers, "the server says so too")


def test_what_is_no_toml_is_refused(house: House) -> None:
    known = house.publish("写错之前")["article"]
    line = house.whole[: house.whole.index('name = "武山县融媒体中心"')].count("\n") + 1
    house.change('name = "武山县融媒体中心"', "name = 武山县融媒体中心")
    told = house.remarks()
    assert ": refused since 20" in told
    assert f"newsroom.toml:{line}: TOML: the file is not valid TOML" in told
    assert "correct the line named" in told
    assert states(house.publish("写错之后")) == dict.fromkeys(("website", "feeds", "post", "club"), "verified")
    assert house.withdraw(known).code == 0, "what must not be seen is withdrawn meanwhile"
    log = (house.newsroom.folder / "up.log").read_text(encoding="utf-8")
    assert 2 <= log.count(f"newsroom.toml:{line}") <= 3, "each process says it once"
    doctor = house.newsroom.run("newsroom", "doctor")
    assert doctor.code == 1
    assert "refused since" in doctor.out


def test_a_wrong_value_is_refused(house: House) -> None:
    line = house.whole[: house.whole.index("id_code")].count("\n") + 1
    house.change('id_code = "6205240001"', 'id_code = "62"')
    assert f"newsroom.toml:{line}: site.id_code: String should match pattern" in house.remarks()
    assert states(house.publish("错值之后"))["website"] == "verified"


def test_columns_are_changed(house: House) -> None:
    column = '[[column]]\nid = "minsheng"\nname = "民生青河"\ndescription = "民生"\nkeywords = ["民生"]\n\n'
    at = house.whole.index("[[channel]]")
    house.write(house.whole[:at] + column + house.whole[at:])
    report = house.publish("新栏目", "--column", "民生青河")
    assert set(states(report).values()) == {"verified"}
    assert "民生青河" in house.newsroom.get("minsheng/").text
    assert house.remarks() == ""
    house.write(house.whole)
    assert "column minsheng: the file has it no more, but 1 articles stand in 民生青河" in house.remarks()
    assert house.withdraw(report["article"]).code == 0
    until(lambda: not house.refusing(), "then the column may go", PATIENCE)
    assert house.remarks() == ""


def test_how_the_house_does_things_and_the_number_of_threads(house: House) -> None:
    house.change("[engine]", '[house]\npunctuation = "mend"\n\n[engine]\nworkers = 9')
    file = house.newsroom.write("半角", "他说,好的。")
    done = house.newsroom.submit(file, "--wait", "--json")
    assert "他说，好的。" in str(done.json["readings"])
    told = house.remarks()
    assert "engine.workers: changed in the file; what runs goes on with the old value" in told


@pytest.mark.parametrize("root", ["site/feeds", "site/feeds/inner", "site/link"])
def test_two_channels_over_one_root_are_refused(house: House, root: str) -> None:
    link = house.newsroom.folder / "var/site/link"
    if root == "site/link" and not link.is_symlink():
        link.symlink_to("feeds")
    second = f'\n[[channel]]\nid = "rss"\nkind = "feeds"\nname = "订阅二"\nroot = "{root}"\n'
    house.write(house.whole + second)
    told = house.remarks()
    assert "订阅 (feeds) and 订阅二 (rss) have one place" in told
    refused = house.newsroom.submit(house.newsroom.write("同根"))
    assert refused.code == 2, "nobody hands in by a file that the newsroom does not go by"
    assert "订阅 (feeds) and 订阅二 (rss) have one place" in refused.err


@pytest.mark.parametrize(
    "wrong", ["[[channel]", APP.format(id="feeds2", name="客户端").replace("site/feeds2", "site/feeds")]
)
def test_a_worker_that_is_started_again_goes_by_what_the_others_do(house: House, wrong: str) -> None:
    """A broken file, and then a worker is killed: it does not stay away because of the file."""
    house.write(house.whole + wrong)
    [victim] = [one.process for one in roster.workers(house.store) if one.queue == "steps"]
    os.kill(victim, signal.SIGKILL)
    until(
        lambda: any(
            one.queue == "steps" and one.process != victim and one.gone_by and one.gone_by.refused
            for one in roster.workers(house.store)
        ),
        "it is there again, and refuses the file too",
        PATIENCE,
    )
    known = house.store.articles(1)[0].id
    house.has_come_to_rest()
    assert house.withdraw(known).code == 0
