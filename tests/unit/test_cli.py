"""What the commands say and store, without workers: run in this process, each in an empty folder.

`tests.engine.test_newsroom` runs them as processes on a newsroom that is up.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline import newsroom as configuring
from pipeline.article import Newsroom, Outlet, Revision
from pipeline.channel import Problem, Rendition, Text, Unpublishable
from pipeline.commands import answers, demo, doctor, terminal
from pipeline.commands.doctor import Finding
from pipeline.commands.report import page as report_page
from pipeline.record import waits
from pipeline.record.auditing import Confirmed
from pipeline.record.chain import Chain
from pipeline.record.database import sqlite_module
from pipeline.record.report import Report
from pipeline.rollout import DeliveryState, RolloutState
from pipeline.testing import NOON, newsroom_of
from pipeline.workers import tasks
from tests.standins.kinds import Keyed
from tests.unit.commands import FILE, Command

pytestmark = pytest.mark.usefixtures("alone")

PUBLIC = Outlet(id="website", kind="website", name="县政府网站")


class Strict(Keyed):
    """A channel for which every headline is too long."""

    def render(self, revision: Revision, newsroom: Newsroom) -> Rendition:
        message, remedy = Text.of("too long"), Text.of("make it shorter")
        raise Unpublishable(Problem(field="headline", message=message, remedy=remedy))


class Pairs(Keyed):
    """A channel that puts up to two articles into one publication."""

    together = 2


class Silent(BaseHTTPRequestHandler):
    """Another program's web server: it knows no path."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def article(submit: Command) -> Path:
    """A file of an article that has been submitted as a1."""
    path = Path("short.md")
    path.write_text(FILE, encoding="utf-8")
    assert submit(path).code == 0
    return path


@pytest.fixture
def httpd() -> Iterator[str]:
    """The address of another program."""
    with HTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def changed(article: Path) -> Path:
    """The article's file with another content."""
    article.write_text(FILE.replace("一段", "两段"), encoding="utf-8")
    return article


def ended(state: RolloutState, *deliveries: DeliveryState) -> Report:
    parts = [
        {
            **dict.fromkeys(("prepared_at", "started_at", "released_at", "live_at", "verified_at", "due")),
            **{"article": "a7", "checked_at": None},
            **{"id": number, "channel": "website", "kind": "website", "action": "publish", "required": True},
            **{"attempts": 3, "digest": "", "receipt": None, "evidence": None, "error": None, "state": delivery},
        }
        for number, delivery in enumerate(deliveries)
    ]
    return Report.model_validate(
        {
            **{"rollout": "r7", "action": "publish", "start_ms": None},
            "articles": [
                {
                    **{"article": "a7", "headline": "短讯", "revision": 1},
                    **{"column": "xinwen", "series": "", "digest": "0" * 64},
                }
            ],
            **{"state": state, "editor": "编辑丁", "reason": "", "accepted_at": "2026-11-24T00:00:00Z"},
            **{
                "go_live_at": "2026-11-24T00:00:00Z",
                "release_at": None,
                "ready_at": None,
                "ended_at": None,
                "skew_ms": None,
            },
            "deliveries": parts,
        }
    )


# -- submitting -------------------------------------------------------------------------------------------


def test_a_bad_manuscript_is_told_with_file_line_field_and_remedy(submit: Command) -> None:
    Path("bad.md").write_text("---\n标题: 一\n编缉: 谁\n时间: 昨天\n---\n\n正文。\n", encoding="utf-8")

    done = submit("bad.md")

    assert done.code == 2
    assert "bad.md:3: 编缉: no field is called “编缉”\n  → did you mean “编辑”?\n" in done.err
    assert "bad.md:4: date: “昨天” is not a date\n  → write it like 2020-01-10" in done.err
    [told] = submit("bad.md", "--json").json
    assert told["file"] == "bad.md"
    assert [(one["field"], one["line"]) for one in told["problems"]] == [("编缉", 3), ("date", 4)]


def test_one_bad_file_and_none_is_stored(submit: Command, newsroom: Command) -> None:
    Path("good.md").write_text(FILE, encoding="utf-8")

    done = submit("good.md", "gone.md")

    assert done.code == 2
    assert "gone.md: file: the file cannot be read: No such file or directory\n  → check its name" in done.err
    assert "Nothing has been submitted" in done.err
    assert "短讯一则" not in newsroom("list").out
    told = submit("good.md", "gone.md", "--json")
    assert [(one["file"], len(one["problems"])) for one in told.json] == [("good.md", 0), ("gone.md", 1)]


def test_a_wrong_column_suggests_the_nearest(submit: Command) -> None:
    Path("short.md").write_text(FILE, encoding="utf-8")

    done = submit("short.md", "--column", "武山新闻")

    assert done.code == 2
    assert done.err == "short.md: column: there is no column 武山新闻\n  → did you mean 武山要闻?\n"
    assert submit("short.md", "--column", "武山要闻").code == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--channels", "website,weibo"], "--channels: there is no channel weibo; the channels are website, feeds"),
        (["--at", "tomorrow"], "--at: “tomorrow” is not a time; write it like 2026-12-01 08:00"),
        (["--at", "2019-12-01 08:00"], "--at: 2019-12-01 08:00 is past; leave --at out to publish now"),
        (["--timeout", "soon"], "'soon' is not a valid float"),
        (["--nope"], "No such option '--nope'"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_stored(
    submit: Command, newsroom: Command, options: list[str], told: str
) -> None:
    Path("short.md").write_text(FILE, encoding="utf-8")

    done = submit("short.md", *options)

    assert done.code == 2
    assert told in done.err
    assert done.err.startswith("Usage: queue-submit ")
    assert "短讯一则" not in newsroom("list").out


def test_check_says_what_would_be_refused_and_submits_nothing(submit: Command, newsroom: Command) -> None:
    Path("good.md").write_text(FILE, encoding="utf-8")
    Path("bad.md").write_text(FILE.replace("标题", "栏目"), encoding="utf-8")

    good = submit("good.md", "--check")
    assert (good.code, good.said) == (0, "good.md: “短讯一则” can go out on every channel.\n")
    assert good.out.startswith("good.md\nheadline  短讯一则\n")
    both = submit("good.md", "bad.md", "--check")
    assert both.code == 2
    assert both.out == good.out
    assert "bad.md: headline: the article has no headline" in both.err
    assert "Nothing has been submitted" not in both.err
    [told] = submit("good.md", "--check", "--json").json
    assert (told["file"], told["problems"]) == ("good.md", [])
    assert (told["article"]["headline"], told["reading"]["file"]) == ("短讯一则", "good.md")
    assert "短讯一则" not in newsroom("list").out


def test_what_a_channel_cannot_take_is_told_with_the_channels_name(
    submit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(configuring.examples(), "examples")
    with Path("newsroom.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[channel]]\nid = "strict"\nkind = "tests.unit.test_cli:Strict"\nname = "严格"\n')
        file.write('endpoint = "http://127.0.0.1:9"\n')

    done = submit("examples/jiadou.md")

    assert done.code == 2
    assert done.err == "examples/jiadou.md, for 严格: headline: too long\n  → make it shorter\n"
    [told] = submit("examples/jiadou.md", "--json").json
    assert told["problems"][0]["channel"] == "strict"
    assert submit("examples/jiadou.md", "--channels", "website,feeds").code == 0


def test_without_a_broker_a_submission_is_accepted_and_says_so(submit: Command, newsroom: Command) -> None:
    Path("short.md").write_text(FILE, encoding="utf-8")

    done = submit("short.md", "--as", "编辑丁")

    assert done.code == 0
    assert done.said.startswith("short.md: accepted as a1, revision 1, rollout r1\n")
    assert "The broker is away. The submission is safe" in done.err
    assert newsroom("report", "r1", "--json").json[0]["editor"] == "编辑丁"
    assert newsroom("report", "r1").code == 5
    [again] = submit("short.md", "--json").json
    assert (again["created"], again["rollout"]) == (False, "r1")


def test_a_changed_file_needs_a_word(submit: Command, newsroom: Command, article: Path) -> None:
    article.write_text(FILE.replace("一段", "两段"), encoding="utf-8")

    done = submit(article)
    assert done.code == 2
    assert "short.md: the newsroom has this article as a1, with another content\n" in done.err
    assert "newsroom correct a1 short.md" in done.err
    [told] = submit(article, "--json").json
    assert "newsroom correct a1 short.md" in told["problems"][0]["remedy"]

    assert newsroom("correct", "a1", article).said.startswith("short.md: accepted as a1, revision 2, rollout r2\n")
    assert submit(article).said.startswith("short.md: nothing new: this is a1, revision 2, rollout r2\n")


def test_a_correction_with_another_articles_file_names_that(submit: Command, newsroom: Command, article: Path) -> None:
    other = article.with_name("other.md")
    other.write_text(FILE.replace("短讯一则", "另一篇"), encoding="utf-8")
    assert submit(article).code == submit(other).code == 0

    done = newsroom("correct", "a2", article)
    assert done.code == 2
    assert "this is “短讯一则”, a1; it is not a2" in done.err
    assert "newsroom correct a1 FILE" in done.err
    assert "short.md: nothing new: this is a1, revision 1" in newsroom("correct", "a1", article).out


def test_a_correction_that_cannot_go_out_is_told_like_a_submission(
    submit: Command, newsroom: Command, article: Path
) -> None:
    article.write_text(FILE.replace("记者: 记者甲", "栏目: 无此栏目"), encoding="utf-8")

    assert "there is no column 无此栏目" in newsroom("correct", "a1", article).err
    done = newsroom("correct", "a1", article, "--json")
    assert (done.code, done.json[0]["problems"][0]["field"]) == (2, "column")


def test_the_id_of_a_rollout_means_its_article(submit: Command, newsroom: Command, article: Path) -> None:
    Path("other.md").write_text(FILE.replace("一则", "两则"), encoding="utf-8")
    assert submit("other.md").code == 0  # a2, r2
    assert newsroom("correct", "a1", article).code == 0
    article.write_text(FILE.replace("一段", "两段"), encoding="utf-8")
    assert newsroom("correct", "a1", article).code == 0  # r3

    [gone] = newsroom("withdraw", "r3", "--reason", "有误", "--json").json

    assert (gone["article"], gone["action"]) == ("a1", "withdraw")
    assert newsroom("withdraw", "r9", "--reason", "有误").code == 2


def test_who_submits_without_a_name(submit: Command, newsroom: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nameless)
    Path("short.md").write_text(FILE, encoding="utf-8")

    assert submit("short.md", "--json").json[0]["editor"].isdigit()


# -- several together -----------------------------------------------------------------------------------


@pytest.fixture
def three(submit: Command) -> list[Path]:
    """The files of three articles."""
    files = [Path(f"{number}.md") for number in (1, 2, 3)]
    for number, path in enumerate(files, 1):
        path.write_text(FILE.replace("一则", f"{number}则"), encoding="utf-8")
    return files


def test_files_together_are_one_rollout(submit: Command, newsroom: Command, three: list[Path]) -> None:
    done = submit(*three, "--together")

    assert (done.code, done.said.splitlines()[0]) == (0, "accepted together as a1, a2, a3, rollout r1")
    assert done.out.splitlines()[-1] == "follow it with: newsroom status r1"
    [report] = newsroom("report", "a3", "--json").json
    headlines = [one["headline"] for one in report["articles"]]
    assert (report["rollout"], headlines) == ("r1", ["短讯1则", "短讯2则", "短讯3则"])
    [again] = submit(*three, "--together", "--json").json
    assert (again["created"], again["rollout"], again["file"]) == (False, "r1", None)
    assert submit(three[0]).said.startswith("1.md: nothing new: this is a1, revision 1, rollout r1\n")


def test_together_is_all_or_nothing(submit: Command, newsroom: Command, three: list[Path]) -> None:
    Path("bad.md").write_text(FILE.replace("记者: 记者甲", "栏目: 无此栏目"), encoding="utf-8")
    assert submit(*three, "bad.md", "--together").code == 2
    assert submit(three[0]).code == 0

    done = submit(*three, "--together")

    assert done.code == 2
    assert "“短讯1则” is a1 already\n" in done.err
    assert "what goes out together is submitted together, and only once" in done.err
    three[0].write_text(three[0].read_text(encoding="utf-8").replace("一段", "两段"), encoding="utf-8")
    done = submit(*three, "--together")
    assert done.code == 2
    assert "the newsroom has this article as a1, with another content" in done.err
    done = submit(three[1], shutil.copy(three[1], "copy.md"), "--together")
    assert done.code == 2
    assert "“短讯2则” is in it twice" in done.err
    assert [one for one in ("短讯2则", "短讯3则") if one in newsroom("list").out] == []


def test_more_than_a_channel_takes_at_once_is_refused(submit: Command, newsroom: Command, three: list[Path]) -> None:
    with Path("newsroom.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[channel]]\nid = "pairs"\nkind = "tests.unit.test_cli:Pairs"\nname = "双条"\n')
        file.write('endpoint = "http://127.0.0.1:9"\n')

    done = submit(*three, "--together")

    assert done.code == 2
    assert "双条" in done.err
    assert "takes 2 articles at once\n  → leave out 1, or submit them in several rollouts\n" in done.err
    [told] = submit(*three, "--together", "--json").json
    assert (told["file"], [one["channel"] for one in told["problems"]]) == (None, ["pairs"])
    assert submit(*three[:2], "--together").code == 0
    assert submit(*three[2:], "--together").said.startswith("3.md: accepted as a3, revision 1, rollout r2\n")


# -- columns --------------------------------------------------------------------------------------------


@pytest.fixture
def note(submit: Command) -> Path:
    """The file of a column's 编者按, in a newsroom with one channel."""
    file = Path("newsroom.toml")
    before, *_ = file.read_text(encoding="utf-8").partition("[[channel]]")
    channel = '[[channel]]\nid = "keyed"\nkind = "tests.standins.kinds:Keyed"\nname = "外站"\n'
    file.write_text(f'{before}{channel}endpoint = "http://127.0.0.1:9"\n', encoding="utf-8")
    path = Path("note.md")
    path.write_text("从今天起，本台开设专栏。\n", encoding="utf-8")
    return path


def test_a_column_is_opened(newsroom: Command, note: Path) -> None:
    words = ("column", "open", "走基层", "--note", note, "--series", "走基层系列报道")
    done = newsroom(*words)

    assert done.code == 0
    assert done.said.splitlines() == ["accepted as a1, revision 1, rollout r1", "follow it with: newsroom status r1"]
    [report] = newsroom("report", "r1", "--json").json
    assert (report["articles"][0]["headline"], report["articles"][0]["column"]) == ("《走基层》今日开栏", "zjc")
    [line] = [one for one in newsroom("column", "list", "--json").json[0] if one["column"]["id"] == "zjc"]
    assert (line["state"], line["rollout"], line["articles"]) == ("waiting", "r1", 0)
    assert (line["column"]["note"], line["column"]["series"]) == ("从今天起，本台开设专栏。", "走基层系列报道")
    assert "opens at " in newsroom("column", "list").out
    [again] = newsroom(*words, "--json").json
    assert (again["created"], again["rollout"], again["article"]) == (False, "r1", "a1")


def test_an_opening_for_later_says_when(newsroom: Command, note: Path) -> None:
    done = newsroom("column", "open", "走基层", "--note", note, "--at", "2099-01-01 08:00", "--address", "zou")

    assert done.said.splitlines()[1] == "it goes out at 2099-01-01 08:00:00"
    [line] = [one for one in newsroom("column", "list", "--json").json[0] if one["column"]["id"] == "zou"]
    assert line["opens_at"] == "2099-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["open", "武山要闻", "--note", "note.md"], "武山要闻 is the column 武山要闻 already"),
        (["open", "另栏", "--note", "note.md", "--address", "xiangzhen"], "xiangzhen is the column 乡镇动态 already"),
        (["open", "另栏", "--note", "note.md", "--address", "另"], "--address: “另” cannot stand in an address"),
        (["open", "另栏", "--note", "gone.md"], "gone.md: "),
        (["open", "另栏", "--note", "note.md", "--banner", "note.md"], "note.md: --banner: "),
        (["open", "另栏", "--note", "note.md", "--at", "soon"], "--at: “soon” is not a time"),
        (["open", "另栏"], "Missing option '--note'"),
        (["rename", "无此栏目", "新名"], "there is no column 无此栏目"),
        (["rename", "武山要闻", "乡镇动态"], "乡镇动态 is the column 乡镇动态 already"),
        (["close", "武山要问"], "there is no column 武山要问\n  → did you mean 武山要闻?"),
    ],
)
def test_what_cannot_be_made_of_a_column_is_told(newsroom: Command, note: Path, words: list[str], told: str) -> None:
    done = newsroom("column", *words)

    assert done.code == 2
    assert told in done.err
    assert newsroom("report", "r1").code == 2, "nothing has been stored"


@pytest.mark.parametrize(
    "words", [["open", "武山要闻", "--note", "note.md"], ["rename", "武山要闻", "乡镇动态"], ["close", "无此栏目"]]
)
def test_what_cannot_be_made_of_a_column_is_told_to_programs(newsroom: Command, note: Path, words: list[str]) -> None:
    done = newsroom("column", *words, "--json")

    assert (done.code, done.err) == (2, "")
    [told] = done.json
    assert (told["file"], told["problems"][0]["channel"]) == (None, None)
    assert told["problems"][0]["message"]
    assert told["problems"][0]["remedy"]


def test_another_note_for_the_same_opening_needs_a_word(newsroom: Command, note: Path) -> None:
    assert newsroom("column", "open", "走基层", "--note", note).code == 0
    note.write_text("另一段按语。\n", encoding="utf-8")

    done = newsroom("column", "open", "走基层", "--note", note)

    assert done.code == 2
    assert "a1 does this already, with another content\n" in done.err
    assert "→ to change its text: newsroom correct a1 FILE; for something else: newsroom withdraw a1" in done.err


@pytest.mark.parametrize(
    ("words", "headline"),
    [
        (["rename", "武山要闻", "要闻速递"], "栏目更名：《武山要闻》今起为《要闻速递》"),
        (["close", "yaowen"], "《武山要闻》栏目收官"),
        (["close", "武山要闻", "--line", "再见"], "《武山要闻》栏目收官"),
    ],
)
def test_a_column_is_renamed_and_closed(newsroom: Command, note: Path, words: list[str], headline: str) -> None:
    done = newsroom("column", *words)

    assert (done.code, done.out.splitlines()[0]) == (0, "accepted as a1, revision 1, rollout r1")
    [again] = newsroom("column", *words, "--json").json
    assert (again["created"], again["rollout"]) == (False, "r1")
    assert again["articles"][0]["headline"] == headline


def test_columns_are_listed(newsroom: Command, article: Path) -> None:
    lines = newsroom("column", "list", "--json").json[0]
    assert [(one["column"]["id"], one["state"], one["articles"]) for one in lines] == [
        ("yaowen", "open", 1),
        ("xiangzhen", "open", 0),
    ]
    table = newsroom("column", "list").out.splitlines()
    assert len(table) == 3
    assert all(part in table[1] for part in ("武山要闻", "open", "yaowen"))


# -- looking --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "r9"], "there is no rollout r9"),
        (["report", "x"], "x is not an id"),
        (["status", "a9"], "there is no article a9"),
        (["withdraw", "a9", "--reason", "r"], "there is no article a9"),
        (["withdraw", "a1"], "Missing option '--reason'"),
        (["retry", "r1"], "nothing of r1 has failed"),
        (["preview", "a9"], "there is no article a9"),
        (["frob"], "No such command 'frob'"),
    ],
)
def test_what_does_not_exist_is_bad_usage(newsroom: Command, article: Path, words: list[str], told: str) -> None:
    done = newsroom(*words)

    assert done.code == 2
    assert told in done.err


@pytest.mark.parametrize(
    ("report", "code"),
    [
        (ended(RolloutState.COMPLETE, DeliveryState.VERIFIED), 0),
        (ended(RolloutState.COMPLETE, DeliveryState.WITHDRAWN), 0),
        (ended(RolloutState.CANCELLED, DeliveryState.SUPERSEDED), 0),
        (ended(RolloutState.HELD, DeliveryState.FAILED), 3),
        (ended(RolloutState.COMPLETE, DeliveryState.VERIFIED, DeliveryState.FAILED), 4),
        (ended(RolloutState.COMPLETE, DeliveryState.UNKNOWN), 4),
        (ended(RolloutState.READY, DeliveryState.PREPARED), 5),
        (ended(RolloutState.RELEASED, DeliveryState.VERIFIED, DeliveryState.LIVE), 5),
    ],
)
def test_the_exit_code_says_how_it_ended(report: Report, code: int) -> None:
    assert answers.code_of(report) == code


@pytest.mark.parametrize(
    ("states", "heading"),
    [
        ((DeliveryState.VERIFIED,), "complete"),
        ((DeliveryState.WITHDRAWN, DeliveryState.SUPERSEDED), "complete"),
        ((DeliveryState.FAILED,), "failed on every channel"),
        ((DeliveryState.FAILED, DeliveryState.FAILED, DeliveryState.SUPERSEDED), "failed on every channel"),
        ((DeliveryState.VERIFIED, DeliveryState.FAILED), "ended, but it failed on some channels"),
        ((DeliveryState.UNKNOWN, DeliveryState.FAILED), "ended, but it failed on some channels"),
        ((DeliveryState.VERIFIED, DeliveryState.UNKNOWN), "ended, but for channels that need a decision"),
    ],
)
def test_only_what_went_well_is_headed_complete(
    states: tuple[DeliveryState, ...], heading: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ended(RolloutState.COMPLETE, *states)
    terminal.show_report(terminal.console(), report, newsroom_of(PUBLIC))
    assert f": {heading}\n" in capsys.readouterr().out
    page = report_page(Confirmed(report, Chain(0, None, "", None, None)), newsroom_of(PUBLIC), NOON)
    assert f": {heading}</span>" in page


def test_nobody_waits_for_what_a_channel_has_put_off(capsys: pytest.CaptureFixture[str]) -> None:
    now = datetime(2026, 11, 24, 2, tzinfo=UTC)
    problem = Problem(field="wechat", message=Text.of("used up"), remedy=Text.of("wait"))
    [one] = ended(RolloutState.RELEASED, DeliveryState.PREPARED).deliveries
    later = {"due": now + timedelta(hours=14), "error": problem}
    for update, put_off in (
        (later, True),
        ({**later, "due": now + timedelta(seconds=5)}, False),
        ({**later, "error": None}, False),
        ({**later, "due": None}, False),
        ({**later, "state": DeliveryState.FAILED}, False),
    ):
        report = ended(RolloutState.RELEASED, DeliveryState.PREPARED).model_copy(
            update={"deliveries": (one.model_copy(update=update),)}
        )
        assert terminal.waits(report, now) == put_off
        if put_off:
            looked = terminal.follow(
                terminal.console(), lambda: report, newsroom_of(PUBLIC),  # noqa: B023
                deadline=lambda found: terminal.waits(found, now), pause=lambda: pytest.fail("it waits"),
            )  # fmt: skip
            assert looked is report
            assert "2026-11-25 00:00:00" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (ended(RolloutState.HELD, DeliveryState.FAILED), "When that is done: newsroom retry r7\n"),
        (
            ended(RolloutState.COMPLETE, DeliveryState.UNKNOWN),
            "If it is there: newsroom retry r7 --adopt; if not: newsroom retry r7\n",
        ),
        (ended(RolloutState.PREPARING, DeliveryState.PENDING), "  → next try at 08:00:05.000\n"),
    ],
)
def test_a_report_says_what_to_do(report: Report, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    problem = Problem(field="http", message=Text.of("it is [busy]"), remedy=Text.of("wait"))
    again = datetime(2026, 11, 24, 0, 0, 5, tzinfo=UTC) if report.state is RolloutState.PREPARING else None
    [delivery] = report.deliveries
    delivery = delivery.model_copy(update={"error": problem, "due": again})

    terminal.show_report(terminal.console(), report.model_copy(update={"deliveries": (delivery,)}), newsroom_of(PUBLIC))

    said = capsys.readouterr().out
    assert "县政府网站: http: it is [busy]\n  → wait\n" in said
    assert said.endswith(told)


def test_list_and_status(newsroom: Command, article: Path) -> None:
    line = newsroom("list").out.splitlines()[1]
    assert line.split()[0] == "a1"
    assert line.rstrip().endswith("短讯一则")
    status = newsroom("status").out
    assert "r1  publish a1 (revision 1)" in status
    assert status.splitlines()[-1] == "0 complete, 1 under way, 0 held; failed deliveries: 0, unknown: 0"


def test_status_shows_the_newest_and_how_many_more(submit: Command, newsroom: Command) -> None:
    files = [Path(f"{number}.md") for number in range(1, 23)]
    for path in files:
        path.write_text(FILE.replace("短讯一则", f"第{path.stem}则短讯"), encoding="utf-8")
    assert submit(*files).code == 0

    said = newsroom("status").out
    shown = [line.split()[0] for line in said.splitlines() if " submitted by " in line]
    assert shown == [f"r{number}" for number in range(22, 2, -1)]
    assert "and 2 more under way: newsroom status --all shows everything\n" in said
    assert said.endswith(
        "under way: preparing 22\n0 complete, 22 under way, 0 held; failed deliveries: 0, unknown: 0\n"
    )
    whole = newsroom("status", "--all").out
    assert len([line for line in whole.splitlines() if " submitted by " in line]) == 22
    assert "more under way" not in whole


def test_status_for_programs(newsroom: Command, article: Path) -> None:
    [told] = newsroom("status", "--json").json
    [one] = told["under_way"]

    assert one == newsroom("status", "r1", "--json").json[0]
    assert (one["rollout"], one["state"], one["articles"][0]["headline"]) == ("r1", "preparing", "短讯一则")
    assert {delivery["state"] for delivery in one["deliveries"]} == {"pending"}
    assert (told["waiting"], told["more"], told["workers"]) == ([], 0, [])
    assert told["rollouts"] == {**dict.fromkeys(RolloutState, 0), "preparing": 1}
    assert told["deliveries"] == {**dict.fromkeys(DeliveryState, 0), "pending": len(one["deliveries"])}
    assert datetime.fromisoformat(told["oldest_overdue"]).tzinfo is not None


def test_a_report_as_a_page(newsroom: Command, article: Path) -> None:
    done = newsroom("report", "a1", "--html", "reports/a1.html")

    assert (done.code, done.out) == (5, "the report of r1 is in reports/a1.html\n")
    made = Path("reports/a1.html").read_text(encoding="utf-8")
    assert made.startswith("<!DOCTYPE html>")
    assert "短讯一则" in made
    assert "holds: every event is as it was written" in made
    both = newsroom("report", "r1", "--html", "r1.html", "--json")
    assert both.json[0]["rollout"] == "r1"
    assert len(both.json[0]["articles"][0]["digest"]) == 64
    assert Path("r1.html").is_file()
    assert "How the manuscript was read" in made
    assert newsroom("report", "r9", "--html", "r9.html").code == 2
    assert not Path("r9.html").exists()


def test_the_record_holds(newsroom: Command, article: Path) -> None:
    done = newsroom("audit", "verify")

    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(
        r"✓ the event chain holds: 1 events since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n"
        r"  hash of the last event: [0-9a-f]{64}\n"
        r"✓ what stands in the record is what the events say: 9 rows, 0 pictures\n",
        done.out,
    )
    [told] = newsroom("audit", "verify", "--json").json
    assert (told["holds"], told["events"], told["broken"], told["event"]) == (True, 1, None, None)
    assert told["unsealed"] == 0
    assert told["last"] in done.out


def test_what_cannot_be_sealed_now_is_told(newsroom: Command, article: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else has the database: the record is checked all the same, and what that does not cover is named."""
    assert newsroom("audit", "verify").code == 0
    assert newsroom("correct", "a1", changed(article)).code == 0
    monkeypatch.setattr(waits, "TURN", timedelta(0))
    monkeypatch.setattr(waits, "BUSY", timedelta(0))
    with closing(sqlite_module().connect("var/newsroom.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = newsroom("audit", "verify")
        page = newsroom("report", "a1", "--html", "a1.html")

    assert done.code == 0
    assert "✓ the event chain holds: 1 events" in done.out
    assert "  newer events that are not sealed yet: 2\n" in done.out
    assert page.out == "the report of r2 is in a1.html\n"
    assert "<dt>events not sealed yet</dt><dd>2</dd>" in Path("a1.html").read_text(encoding="utf-8").replace("\n", "")
    assert "not sealed yet" not in newsroom("audit", "verify").out


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE event SET who = 'x' WHERE id = 3", "event 3: it was changed after it was written\n"),
        ("DELETE FROM event WHERE id = 2", "event 3: what was written before it was removed or replaced\n"),
        ("DELETE FROM event WHERE id = 3", "event 2: what was written after it was removed\n"),
        ("UPDATE event SET data = 'no JSON' WHERE id = 3", "event 3: it was changed after it was written\n"),
        ("DELETE FROM event", "event 0: what was written after it was removed\n"),
    ],
)
def test_a_broken_record_is_told_by_its_first_event(
    newsroom: Command, article: Path, statement: str, told: str
) -> None:
    assert newsroom("correct", "a1", changed(article), "--as", "编辑丁").code == 0
    configuration = configuring.load(Path("newsroom.toml").absolute(), {})
    with closing(tasks.open_engine(configuration)) as engine:
        engine.seal()
        with engine.store.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    done = newsroom("audit", "verify")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"✗ the event chain is broken at {told}")
    assert done.err.endswith("  → compare the database with its last backup: somebody wrote into the record\n")
    if "event 3" in told:
        assert "publish: submission accepted  (a1, r2)\n" in done.err
    [json_told] = newsroom("audit", "verify", "--json").json
    assert not json_told["holds"]
    assert f"event {json_told['broken']}:" in told
    page = newsroom("report", "a1", "--html", "a1.html")
    assert page.code == 5
    assert "broken at event" in page.err
    assert "broken at event" in Path("a1.html").read_text(encoding="utf-8")


def test_the_events_of_a_channel_tell_who_locked_a_programme(newsroom: Command, article: Path) -> None:
    day = "2026-12-04"
    assert newsroom("programme", "lock", day, "--as", "编辑乙").code == 0
    assert newsroom("programme", "unlock", day, "--as", "编辑丙").code == 0

    [told] = newsroom("audit", "show", "tv", "--json").json

    assert [(one["who"], one["what"]) for one in told[-2:]] == [
        ("编辑乙", "programme locked"),
        ("编辑丙", "programme unlocked"),
    ]
    assert all(one["channel"] == "tv" for one in told)
    nothing = newsroom("audit", "show", "radio")
    assert nothing.code == 2
    assert "radio is not an id" in nothing.err


def test_the_events_of_an_article_and_of_a_rollout(newsroom: Command, article: Path) -> None:
    assert newsroom("correct", "a1", changed(article), "--as", "engineer").code == 0

    fresh = newsroom("audit", "show", "a1").out.splitlines()[1:]
    assert [line.split()[0] for line in fresh] == ["–"] * 3, "no worker has sealed them yet"
    assert all(line.rstrip().endswith("not sealed yet") for line in fresh)
    assert newsroom("audit", "verify").code == 0

    of_article, of_rollout = newsroom("audit", "show", "a1"), newsroom("audit", "show", "r2")

    assert [line.split()[0] for line in of_article.out.splitlines()] == ["event", "1", "2", "3"]
    [line] = of_rollout.out.splitlines()[1:]
    assert "engineer" in line
    assert "publish: submission accepted" in line
    [events] = newsroom("audit", "show", "r2", "--json").json
    assert [(one["what"], one["article"], one["who"]) for one in events] == [("publish accepted", "a1", "engineer")]
    assert line.rstrip().endswith(events[0]["hash"][:16])
    for unknown in ("a9", "r9", "x"):
        assert newsroom("audit", "show", unknown).code == 2


def test_preview_writes_one_complete_file_a_channel(newsroom: Command, submit: Command) -> None:
    shutil.copytree(configuring.examples(), "examples")

    done = newsroom("preview", "examples/jiadou.md", "--out", "look")
    assert done.code == 0, done.err
    assert "县政府网站: look/website.html\n" in done.out
    written = {path.name: path.read_bytes() for path in Path("look").iterdir()}
    assert "武山架豆鲜嫩上市" in written["website.html"].decode()
    assert b'src="data:image/' in written["website.html"]

    assert submit("examples/jiadou.md").code == 0
    assert newsroom("preview", "a1", "--out", "again").code == 0
    assert {path.name for path in Path("again").iterdir()} == written.keys()
    Path("bad.md").write_text("---\n---\n", encoding="utf-8")
    assert newsroom("preview", "bad.md").code == 2


# -- operating ------------------------------------------------------------------------------------------


def test_init_makes_a_newsroom_that_can_be_used_as_it_is(newsroom: Command) -> None:
    done = newsroom("init", "county")
    assert done.code == 0
    assert "newsroom up --config county/newsroom.toml" in done.out
    assert "# The demo newsroom" in Path("county/newsroom.toml").read_text(encoding="utf-8")
    assert configuring.load(Path("county/newsroom.toml").absolute(), {}).data == Path("county/var").resolve()
    assert Path("county/examples/wushan-sibuzhai.md").exists()

    Path("county/newsroom.toml").write_text("mine", encoding="utf-8")
    again = newsroom("init", "county")
    assert again.code == 2
    assert "county/newsroom.toml exists already; nothing was changed" in again.err
    assert Path("county/newsroom.toml").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("given", [["--config", "gone.toml"], ["--config=gone.toml"]])
def test_a_configuration_that_is_not_there(newsroom: Command, given: list[str]) -> None:
    done = newsroom("list", *given)

    assert done.code == 2
    assert done.err.startswith("--config: there is no newsroom at gone.toml\n  → make one with: newsroom init DIR")


def test_a_configuration_that_is_wrong_is_told_by_its_keys(newsroom: Command) -> None:
    text = configuring.demo_file().read_text(encoding="utf-8")
    Path("newsroom.toml").write_text(text.replace('id_code = "6205240001"', 'id_code = "62"'), encoding="utf-8")

    done = newsroom("list")

    assert done.code == 2
    line = text[: text.index("id_code")].count("\n") + 1
    assert f"{Path('newsroom.toml').absolute()}:{line}: site.id_code: " in done.err


def test_a_kind_that_nobody_installed_is_told_by_name(submit: Command, newsroom: Command, article: Path) -> None:
    with Path("newsroom.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[channel]]\nid = "weibo"\nkind = "weibo"\nname = "微博"\n')

    done = submit(article)

    assert done.code == 2
    assert "channel weibo: there is no kind of channel called weibo\n  → the kinds are app, feeds, " in done.err
    assert newsroom("up")[::2] == (2, done.err)


def test_a_database_that_cannot_be_used_is_a_broken_installation(submit: Command, newsroom: Command) -> None:
    Path("short.md").write_text(FILE, encoding="utf-8")
    text = Path("newsroom.toml").read_text(encoding="utf-8")
    Path("newsroom.toml").write_text(
        text.replace("[engine]", '[engine]\ndatabase = "sqlite:////dev/null/newsroom.db"'), encoding="utf-8"
    )

    done = submit("short.md")

    assert done.code == 1
    assert "[engine] database: the database cannot be used: unable to open database file\n  → look" in done.err
    assert "✗ database" in newsroom("doctor").out


def test_a_data_folder_that_cannot_be_made_is_a_broken_installation(
    newsroom: Command, submit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGFA_DATA", "/dev/null/data")

    done = newsroom("list")

    assert done.code == 1
    assert done.err == "/dev/null/data: Not a directory. What is wrong with the installation: newsroom doctor\n"


@pytest.mark.parametrize("inside", ["newsroom.db", ".gitignore", "site/index.html", "empty/"])
def test_demo_empties_no_folder_that_it_did_not_make(newsroom: Command, inside: str) -> None:
    folder = Path("mine")
    folder.mkdir()
    if inside.endswith("/"):
        (folder / inside).mkdir()
    else:
        (folder / inside).parent.mkdir(exist_ok=True)
        (folder / inside).write_text("what nobody may lose", encoding="utf-8")
    before = sorted(folder.rglob("*"))
    done = newsroom("demo", "--data", folder)
    assert done.code == 2
    assert f"{folder.absolute()} is not empty, and the demo did not make it: nothing was changed." in done.err
    assert "--data" in done.err
    assert sorted(folder.rglob("*")) == before
    Path("file").write_text("a file", encoding="utf-8")
    assert newsroom("demo", "--data", "file").code == 2
    assert Path("file").read_text(encoding="utf-8") == "a file"


def test_demo_empties_what_it_has_made(newsroom: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_off(*_: object) -> None:
        raise demo.NotUp(Path("log"))

    monkeypatch.setattr(demo, "_wechat", breaks_off)
    beside = Path("beside.txt")
    beside.write_text("not the demo's", encoding="utf-8")
    Path("empty").mkdir()
    for folder in (Path("new/folder"), Path("empty")):
        assert newsroom("demo", "--data", folder).code == 1
        (folder / "site").mkdir()
        (folder / "site" / "index.html").write_text("of an earlier run", encoding="utf-8")
        (folder / "link").symlink_to(beside.absolute())
        (folder / "folder").symlink_to(Path().absolute(), target_is_directory=True)
        assert newsroom("demo", "--data", folder).code == 1
        assert sorted(one.name for one in folder.iterdir()) == [demo.MARK, "newsroom.log"]
    assert beside.read_text(encoding="utf-8") == "not the demo's"


def test_doctor_tells_an_operator_what_to_start(newsroom: Command, article: Path) -> None:
    done = newsroom("doctor")

    assert done.code == 1
    lines = done.out.splitlines()
    for good in ("database: SQLite ", "event chain", "deliveries due", "channel 县政府网站 (website)"):
        assert any(line.startswith(f"✓ {good}") for line in lines)
    at = lines.index("✗ workers for steps: 0")
    assert lines[at + 1 : at + 3] == [
        "  workers: none is running",
        "    → newsroom up, or newsroom worker, starts them",
    ]


def test_a_channel_that_is_no_longer_in_the_file_is_told_of_everywhere(newsroom: Command, article: Path) -> None:
    file = Path("newsroom.toml")
    whole = file.read_text(encoding="utf-8")
    parts = whole.split("[[channel]]")
    file.write_text("[[channel]]".join(part for part in parts if 'id = "tv"' not in part), encoding="utf-8")
    again = "put the channel back with this id, with retired = true if it takes nothing new"
    doctor_says = [
        "✗ channel tv of the record",
        f"  channel: {file.absolute()} has no such channel, but something is still to be done there: r1",
        f"    → {again}; then newsroom retry ID for what has failed",
    ]
    lines = newsroom("doctor").out.splitlines()
    assert lines[lines.index(doctor_says[0]) :][:3] == doctor_says

    with closing(tasks.open_engine(configuring.load(file.absolute(), {}))) as engine:
        tv = next(one.id for one in engine.store.report("r1").deliveries if one.channel == "tv")
        for minutes in range(10):
            now = datetime.now(UTC) + timedelta(minutes=minutes)
            if claim := engine.store.claim(tv, now):
                engine.steps.finish(claim, engine.steps.attempt(claim))
    told = [
        f"tv: channel: the newsroom's file {file.absolute()} has no channel tv",
        f"  → {again}, then run: newsroom retry r1",
    ]
    for command in (("status",), ("status", "r1"), ("report", "a1")):
        done = newsroom(*command)
        assert "held: nothing has gone out" in done.out
        lines = done.out.splitlines()
        assert lines[lines.index(told[0]) :][:2] == told
    assert newsroom("report", "a1", "--html", "report.html").code == 3
    assert "has no channel tv" in Path("report.html").read_text(encoding="utf-8")
    assert doctor_says[0] in newsroom("doctor").out.splitlines()

    file.write_text(whole, encoding="utf-8")
    assert newsroom("retry", "r1").code == 0
    assert "has no channel tv" not in newsroom("status", "r1").out
    assert doctor_says[0] not in newsroom("doctor").out.splitlines()


def test_doctor_finds_what_was_changed_behind_its_back(article: Path) -> None:
    configuration = configuring.load(Path("newsroom.toml").absolute(), {})
    with closing(tasks.open_engine(configuration)) as engine:
        engine.seal()
        with engine.store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE event SET who = 'somebody else' WHERE id = 1")

    [finding] = [one for one in doctor.examine(configuration) if str(one.what) == "event chain"]

    assert finding.problem is not None
    assert str(finding.problem.message) == "event 1 was changed after it was written"


def test_doctor_is_not_deceived_by_another_program_on_the_port(article: Path, httpd: str) -> None:
    configuration = configuring.load(Path("newsroom.toml").absolute(), {"TONGFA_LISTEN": httpd})

    problem = next(one.problem for one in doctor.examine(configuration) if "web server" in str(one.what))

    assert problem is not None
    assert str(problem.message) == "another program answers there"


def test_findings_are_told_one_by_one(newsroom: Command, submit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(field="disk", message=Text.of("it is [full]"), remedy=Text.of("free some space"))
    monkeypatch.setattr(doctor, "examine", lambda _: iter([Finding(Text.of("one")), Finding(Text.of("two"), problem)]))

    done = newsroom("doctor")

    assert (done.code, done.out) == (1, "✓ one\n✗ two\n  disk: it is [full]\n    → free some space\n")
