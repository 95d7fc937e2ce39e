"""Several machines at one newsroom: nothing is lost, nothing is there twice, and each sees what the others did."""

from __future__ import annotations

import random
import re
from collections import Counter
from contextlib import closing
from pathlib import Path

import fsspec
import pytest

from pipeline.article import Article
from pipeline.engine import Engine, Piece
from pipeline.newsroom import load
from pipeline.testing import article_of
from pipeline.workers import tasks
from tests.conftest import LONG, fresh_database
from tests.engine.machines import ACCOUNTS, QUEUES, Machines, several, told
from tests.standins.store import object_store

ROLLOUTS, FEW = (60, 15) if LONG else (30, 12)
SAYS = re.compile(r"第(\d+)条第(\d+)版")
"""What every body says of itself."""


class Editor:
    """Somebody who publishes, corrects and withdraws, and remembers what the last word on each article was."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine = engine
        self.chance = random.Random(seed)
        self.rollouts = 0
        self.ids: list[str] = []
        self.versions: dict[str, int] = {}
        """The revision that stands; 0: it has been withdrawn."""
        self.corrected: set[str] = set()

    def article(self, number: int, version: int = 1) -> Article:
        return article_of(f"青河消息之{number:03}", body=f"<p>这是第{number}条第{version}版，青河县的事。</p>")

    def publish(self, together: int = 1) -> None:
        first = len(self.ids)
        pieces = [Piece(self.article(first + one), {}) for one in range(together)]
        accepted = self.engine.publish_together(pieces, editor="记者甲")
        self.ids += accepted.article_ids
        self.versions |= dict.fromkeys(accepted.article_ids, 1)
        self.rollouts += 1

    def correct(self, known: str) -> None:
        self.versions[known] += 1
        self.corrected.add(known)
        article = self.article(self.ids.index(known), self.versions[known])
        self.engine.correct(known, article, {}, editor="编辑乙", note="数字有误")
        self.rollouts += 1

    def withdraw(self, known: str) -> None:
        self.versions[known] = 0
        self.engine.withdraw(known, editor="编辑乙", reason="内容有误")
        self.rollouts += 1

    def standing(self) -> list[str]:
        return [known for known in self.ids if self.versions[known]]

    def headline(self, known: str) -> str:
        return self.article(self.ids.index(known)).headline

    def act(self) -> None:
        """Whatever comes to mind."""
        standing = self.standing()
        match self.chance.choices(("one", "several", "correct", "withdraw"), (50, 12, 25, 13))[0]:
            case "correct" if standing:
                self.correct(self.chance.choice(standing))
            case "withdraw" if len(standing) > 4:
                self.withdraw(self.chance.choice(standing))
            case "several":
                self.publish(self.chance.choice((2, 3, 4)))
            case _:
                self.publish()


def lived_through(machines: Machines, seed: int, rollouts: int) -> tuple[Editor, str]:
    """So many rollouts while answers are lost, workers are killed, the programme is rearranged; then all comes to rest.

    The editor, and the day of the programme.
    """
    configuration = load(machines.folder / "newsroom.toml", machines[0].environment)
    with closing(tasks.open_engine(configuration)) as engine:
        editor = Editor(engine, seed)
        for _ in range(3):
            editor.publish()
        machines.come_to_rest(engine.store)
        report = told(machines[0].run("newsroom", "report", editor.ids[0], "--json"))
        [tv] = [one for one in report["deliveries"] if one["channel"] == "tv"]
        day = str(tv["receipt"]["ids"]["programme"])
        moved = 0
        while (step := editor.rollouts) < rollouts:
            if step % 4 == 0:  # the answer to what is handed in next is lost
                machines.wechat.admin("PUT", "faults", next=["lost@freepublish/submit"], loss=0.03)
            if step % 9 == 0:
                machines.prompter.prompter.next += ["cut", "silent"]
            if step % 7 == 0:
                machines[step].kill(QUEUES[step % 2])
            if step % 5 == 0:
                move = ("newsroom", "programme", "move", day, editor.standing()[0], "1", "--as", "编辑乙")
                moved += machines[step].run(*move).code == 0
            editor.act()
        machines.wechat.admin("PUT", "faults", next=[], loss=0.0)
        machines.prompter.prompter.next.clear()
        machines.come_to_rest(engine.store)
        assert moved, "nothing was ever moved"
        for known, version in editor.versions.items():
            report = engine.store.report(engine.store.latest_rollout(known))
            states = {f"{one.state}" for one in report.deliveries if one.article == known}
            assert states == ({"verified"} if version else {"withdrawn"}), report
        assert engine.store.broken_event() is None
    return editor, day


@pytest.mark.long
@pytest.mark.timeout(900)
def test_three_machines_are_one_newsroom(postgresql: str, tmp_path: Path) -> None:
    with several(tmp_path, fresh_database(postgresql)) as machines:
        editor, day = lived_through(machines, 12, ROLLOUTS)
        nothing_is_twice(machines, editor)
        one_rundown(machines, editor, day)
        one_quota(machines)
        public_files(machines, editor)
        told_of_all(machines)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_three_machines_on_an_object_store(postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """moto's server speaks S3's protocol; a store of its maker's has not been part of any test."""
    with object_store("public") as keys:
        for name, value in keys.items():
            monkeypatch.setenv(name, value)
        fsspec.config.set_conf_env(fsspec.config.conf)
        with several(tmp_path, fresh_database(postgresql), public="s3://public/site") as machines:
            editor, day = lived_through(machines, 13, FEW)
            nothing_is_twice(machines, editor)
            one_rundown(machines, editor, day)
            public_files(machines, editor)


def nothing_is_twice(machines: Machines, editor: Editor) -> None:
    assert {draft: count for draft, count in machines.submissions().items() if count > 1} == {}
    for appid in ACCOUNTS.values():
        shown = machines.posts(appid)
        for known, version in editor.versions.items():
            versions = [int(SAYS.findall(text)[0][1]) for text in shown.get(editor.headline(known), [])]
            assert versions == ([version] if version else []), (appid, known)
    assert machines.numbers_given_twice() == {}


def one_rundown(machines: Machines, editor: Editor, day: str) -> None:
    """The device and every machine have the same stories, each once; nothing that was withdrawn."""
    slugs = Counter(machines.stories())
    standing = Counter(editor.headline(known) for known in editor.standing())
    notices = {slug for slug in slugs if slug not in standing}
    assert {slug: count for slug, count in slugs.items() if slug in standing} == dict(standing)
    assert not notices & {editor.headline(known) for known in editor.ids}
    shown = [machines[number].run("newsroom", "programme", "show", day).out for number in range(3)]
    assert len(set(shown)) == 1
    assert machines[1].run("newsroom", "programme", "lock", day, "--as", "编辑乙").code == 0
    refused = machines[2].run("newsroom", "programme", "move", day, editor.standing()[-1], "1", "--as", "编辑乙")
    assert refused.code != 0
    assert "编辑乙" in refused.err
    assert machines[0].run("newsroom", "programme", "unlock", day, "--as", "编辑乙").code == 0


def one_quota(machines: Machines) -> None:
    """Every machine says the same of an account's calls, and no fewer than the platform has counted submissions."""
    own = ("stable_token", "freepublish/batchget")  # doctor asks for these itself, and counts what it asks
    told_by = [
        sorted(
            line.strip()
            for line in machines[number].run("newsroom", "doctor").out.splitlines()
            if "calls" in line and not any(call in line for call in own)
        )
        for number in range(3)
    ]
    assert told_by[0] == told_by[1] == told_by[2]
    assert told_by[0]


def public_files(machines: Machines, editor: Editor) -> None:
    """Every page and the feed say the last word, whichever machine wrote them."""
    pages = machines.files("20*/*/*.html")
    for number, known in enumerate(editor.ids):
        own = {path.rpartition("/")[2]: text for path, text in pages.items() if f"/{known}." in path}
        version = editor.versions[known]
        # What was withdrawn before it ever stood there needs no notice.
        assert set(own) == {f"{known}.html"} if version else set(own) <= {f"{known}.gone.html"}, known
        said = {int(which) for text in own.values() for one, which in SAYS.findall(text) if int(one) == number}
        assert said == ({version} if version else set()), known
    [feed] = machines.files("feeds/rss.xml").values()
    latest = editor.standing()[-1]
    assert f"第{editor.ids.index(latest)}条第{editor.versions[latest]}版" in feed


def told_of_all(machines: Machines) -> None:
    """Whoever asks on one machine is told of the workers of all."""
    said = machines[1].run("newsroom", "status").out
    assert f"workers: {len(machines.machines)} for preparation, {len(machines.machines)} for releases" in said
