"""The reading as editors meet it: shown, asked about, refused or taken, and kept with the revision that it made."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from rich.cells import cell_len
from rich.console import Console

from pipeline import manuscript, newsroom
from pipeline.article import Article, Image
from pipeline.article.credit import Aigc, Certainty, Credit, Duty
from pipeline.article.reading import Decision, Doubt, Line, ManuscriptProblem, Reading
from pipeline.channel import Text
from pipeline.commands import main, terminal
from pipeline.commands import reading as desk
from pipeline.commands.sheet import Row, facts, remarks, sheet, told
from pipeline.record.refusals import Impossible
from pipeline.record.store import Store
from pipeline.record.submission import Submission
from pipeline.rollout import Pace
from pipeline.testing import NOON, article_of, newsroom_of
from tests import pictures
from tests.standins import doubting
from tests.unit.commands import FILE, Command, runs

ROOT = Path(__file__).parents[2]
Answer = Callable[[str], None]


@pytest.fixture
def draft(submit: Command, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file whose headline is in doubt, in the demo newsroom."""
    monkeypatch.setattr(manuscript, "FORMATS", doubting.formats())
    path = Path("bean.draft")
    path.write_text(doubting.TEXT, encoding="utf-8")
    return path


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Sit an editor at the terminal who types this."""

    def typed(text: str) -> None:
        monkeypatch.setattr(desk, "at_terminal", lambda: True)
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return typed


def row(rows: list[Row], name: str) -> tuple[str, ...]:
    [found] = [one.lines for one in rows if one.name == name]
    return found


# -- nobody can be asked ----------------------------------------------------------------------------------


def test_what_was_read_is_shown_before_it_is_submitted(draft: Path, submit: Command) -> None:
    done = submit(draft)

    assert done.code == 0
    sheet_, _, said = done.out.partition("\n\n")
    assert sheet_.splitlines()[:2] == ["bean.draft", "headline  送审稿"]
    assert said.startswith("bean.draft: accepted as a1")
    for told_ in ("→ editors", "丁某", "2026年11月24日", "“下载APP”", "架豆喜获丰收"):
        assert told_ in sheet_
    assert "looks like the name of a form" in sheet_


def test_doubts_are_told_on_standard_error_and_the_reading_holds(
    draft: Path, submit: Command, newsroom: Command
) -> None:
    done = submit(draft)

    assert (
        "bean.draft:1: headline: “送审稿” looks like a form: use the second line as the headline?\n"
        "  → write a line “标题: …” with “送审稿” or “架豆喜获丰收”; "
        "or answer at a terminal; or take “送审稿” with --yes\n"
    ) in done.err
    assert newsroom("list").out.splitlines()[1].rstrip().endswith("送审稿")


def test_yes_takes_what_was_read_without_a_word_on_standard_error(draft: Path, submit: Command) -> None:
    done = submit(draft, "--yes", "--check")

    assert (done.code, done.err) == (0, "")
    assert "in doubt  line 1: “送审稿” looks like a form" in done.out


def test_strict_refuses_what_is_in_doubt_with_its_remedy(draft: Path, submit: Command, newsroom: Command) -> None:
    Path("good.md").write_text(FILE, encoding="utf-8")

    done = submit("good.md", draft, "--strict")

    assert done.code == 2
    assert "use the second line as the headline?\n  → write a line “标题: …” with “送审稿” or" in done.err
    assert "Nothing has been submitted" in done.err
    assert "headline  送审稿" in done.out
    assert "短讯一则" not in newsroom("list").out
    good, bad = submit("good.md", draft, "--strict", "--json").json
    assert (good["problems"], bad["problems"][0]["field"], bad["problems"][0]["line"]) == ([], "headline", 1)
    assert bad["reading"]["doubts"][0]["instead"] == "架豆喜获丰收"
    assert newsroom("read", draft, "--strict").code == 2
    assert submit("good.md", "--strict").code == 0


def test_yes_and_strict_contradict_each_other(draft: Path, submit: Command, newsroom: Command) -> None:
    for command in (submit, lambda *words: newsroom("read", *words)):
        done = command(draft, "--yes", "--strict")
        assert done.code == 2
        assert "give one of them" in done.err


def test_programs_get_all_of_it_and_are_not_asked(draft: Path, submit: Command, answer: Answer) -> None:
    answer("")

    [checked] = submit(draft, "--check", "--json").json
    [accepted] = submit(draft, "--json").json

    assert checked["reading"]["lines"] == [
        {"text": "编辑 丁某", "fields": ["editors"], "why": "a role and a name", "guessed": True, "line": 5},
        {"text": "下载APP", "fields": [], "why": "a button of a page", "guessed": False, "line": 6},
    ]
    assert checked["reading"]["doubts"][0]["question"].startswith("“送审稿” looks like a form")
    assert checked["article"]["credits"][0]["names"] == ["丁某"]
    [read] = accepted["readings"]
    assert (read["article"], read["revision"], read["record"]["headline"]) == ("a1", 1, "送审稿")
    assert read["reading"] == checked["reading"]


# -- an editor at a terminal --------------------------------------------------------------------------------


def test_a_doubt_is_asked_and_the_file_read_again(
    draft: Path, submit: Command, newsroom: Command, answer: Answer
) -> None:
    answer("y\n")

    done = submit(draft, "--as", "编辑丁")

    assert done.code == 0, done.err
    assert "? line 1: “送审稿” looks like a form: use the second line as the headline?\n" in done.err
    assert "  now: “送审稿”\n  if yes: “架豆喜获丰收”\n" in done.err
    assert re.findall(r"^headline +(.*)$", done.out, re.MULTILINE) == ["送审稿", "架豆喜获丰收"]
    assert "Yes, said 编辑丁: “架豆喜获丰收”" in done.out
    report = newsroom("report", "a1")
    assert report.out.startswith("架豆喜获丰收\n")
    assert "a1, revision 1, as bean.draft was read\nheadline  架豆喜获丰收\n" in report.out
    assert "“送审稿”" in report.out
    assert "Yes, said 编辑丁: “架豆喜获丰收”" in report.out
    [read] = newsroom("report", "a1", "--json").json[0]["readings"]
    assert read["reading"]["decisions"][0]["by"] == "编辑丁"


@pytest.mark.parametrize(
    ("typed", "headline", "asked"),
    [
        ("\n", "送审稿", 1),
        ("n\n", "送审稿", 1),
        ("否\n", "送审稿", 1),
        ("what\n是\n", "架豆喜获丰收", 2),
        ("Ｙ\n", "架豆喜获丰收", 1),
    ],
)
def test_enter_keeps_what_was_read(
    draft: Path, submit: Command, newsroom: Command, answer: Answer, typed: str, headline: str, asked: int
) -> None:
    answer(typed)

    done = submit(draft)

    assert done.code == 0
    assert done.err.count("[y/N]") == asked
    [read] = newsroom("report", "a1", "--json").json[0]["readings"]
    assert (read["record"]["headline"], len(read["reading"]["decisions"])) == (headline, 1)
    shown = newsroom("report", "a1").out
    assert "in doubt" not in shown
    assert "decided" in shown


def test_doubts_are_asked_one_after_the_other(draft: Path, newsroom: Command, answer: Answer) -> None:
    draft.write_text(f"{doubting.TEXT}栏目？乡镇动态\n===\n", encoding="utf-8")
    answer("y\ny\nn\n")

    done = newsroom("read", draft)

    assert (done.code, done.err.count("[y/N]")) == (0, 3)
    assert re.findall(r"^column +(.*)$", done.out, re.MULTILINE)[-1] == "乡镇动态"
    last = done.out.rpartition("bean.draft\n")[2]
    assert (last.count("Yes, said"), last.count("No, said")) == (2, 0), "what does not change it is not shown again"


def test_a_column_that_the_editor_names_is_in_no_doubt(draft: Path, submit: Command) -> None:
    draft.write_text(f"架豆喜获丰收\n{doubting.TEXT}栏目？乡镇动态\n", encoding="utf-8")

    done = submit(draft, draft, "--check", "--column", "武山要闻", "--strict")

    assert done.code == 2
    assert done.err.count("  → ") == 1
    assert "is this the column?" not in done.err


def test_a_doubt_that_only_another_file_can_settle_stops_everything(
    draft: Path, submit: Command, newsroom: Command, answer: Answer
) -> None:
    draft.write_text(f"{doubting.TEXT}===\n", encoding="utf-8")
    second = Path("second.draft")
    second.write_text(doubting.TEXT.replace("送审稿", "送审稿二"), encoding="utf-8")
    answer("n\ny\n")

    done = submit(draft, second)

    assert done.code == 2
    assert "body: are these two articles?\n  → if so, change the file and hand it in again" in done.err
    assert done.err.count("[y/N]") == 2, "the second file is not asked about any more"
    assert "Nothing has been submitted" in done.err
    assert "送审稿" not in newsroom("list").out


def test_nobody_is_asked_for_answers_that_would_be_lost(draft: Path, submit: Command, answer: Answer) -> None:
    answer("")

    done = submit(draft, "gone.md")

    assert done.code == 2
    assert "[y/N]" not in done.err


def test_an_editor_may_leave(draft: Path, submit: Command, newsroom: Command, answer: Answer) -> None:
    answer("")  # the end of what is typed, as Ctrl-D

    assert submit(draft).code == 130
    assert "送审稿" not in newsroom("list").out


def test_a_correction_asks_too_and_keeps_its_own_reading(
    draft: Path, submit: Command, newsroom: Command, answer: Answer
) -> None:
    assert submit(draft, "--yes", "--as", "编辑丁").code == 0
    draft.write_text(doubting.TEXT.replace("药材", "中药材"), encoding="utf-8")
    answer("y\ny\n")  # the headline; and whether it is to be corrected so

    done = newsroom("correct", "a1", draft, "--as", "编辑戊")

    assert done.code == 0, done.err
    assert "accepted as a1, revision 2" in done.out
    first, second = (newsroom("report", known, "--json").json[0]["readings"][0] for known in ("r1", "r2"))
    assert (first["revision"], first["record"]["headline"], first["reading"]["decisions"]) == (1, "送审稿", [])
    assert (second["revision"], second["record"]["headline"]) == (2, "架豆喜获丰收")
    assert second["reading"]["decisions"][0]["by"] == "编辑戊"
    assert newsroom("correct", "a1", draft, "--strict").code == 2


def test_a_withdrawal_is_not_told_how_the_manuscript_was_read(draft: Path, submit: Command, newsroom: Command) -> None:
    assert submit(draft, "--yes").code == 0
    assert newsroom("withdraw", "a1", "--reason", "有误").code == 0

    assert "was read" not in newsroom("report", "a1").out
    assert newsroom("report", "a1", "--json").json[0]["readings"] == []
    assert "bean.draft was read" in newsroom("report", "r1").out


def test_a_preview_shows_and_asks(draft: Path, newsroom: Command, answer: Answer) -> None:
    answer("y\n")

    done = newsroom("preview", draft, "--out", "look")

    assert done.code == 0, done.err
    assert "架豆喜获丰收" in Path("look/website.html").read_text(encoding="utf-8")


def test_the_note_of_a_column_is_shown(draft: Path, newsroom: Command) -> None:
    done = newsroom("column", "open", "走基层", "--note", draft, "--yes", "--json")

    assert done.json[0]["readings"][0]["reading"]["file"] == "bean.draft"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_on_a_real_terminal(draft: Path) -> None:
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "60", "PYTHONPATH": str(ROOT), "LANG": "en_US.UTF-8"}
    command = [sys.executable, "-m", "tests.standins.doubting", "read", str(draft)]
    running = subprocess.Popen(command, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    with open(ours, "r+b", buffering=0) as screen, suppress(OSError):  # EIO: nobody has the other side any more
        while some := screen.read(4096):
            seen += some
            if seen.count(b"[y/N]") > seen.count(b"\x00"):
                screen.write(b"y\r")
                seen += b"\x00"
    assert running.wait(60) == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode()).replace("\x00", "")
    assert text.count("headline") >= 2
    rows = text.replace("\r", "").rpartition("bean.draft")[2].splitlines()
    assert len(rows) > 9
    assert all(cell_len(line) <= 60 for line in rows)
    assert "架豆喜获丰收" in text.rpartition("bean.draft")[2]


# -- newsroom read ------------------------------------------------------------------------------------------


def test_a_manuscript_can_be_read_without_a_newsroom(newsroom: Command) -> None:
    Path("short.md").write_text(FILE, encoding="utf-8")
    Path("bad.md").write_text("---\n编缉: 谁\n---\n\n正文。\n", encoding="utf-8")

    done = newsroom("read", "short.md", "bad.md", "short.md")

    assert done.code == 2
    assert done.out.count("short.md\nheadline  短讯一则\ncolumn    – (the newsroom's first)\n") == 2
    assert "bad.md:2: 编缉: no field is called" in done.err
    assert not Path("var").exists()
    assert newsroom("read", "short.md", "--config", "gone.toml").code == 2


def test_every_line_is_shown_when_asked_for(draft: Path, newsroom: Command) -> None:
    draft.write_text(doubting.TEXT + "下载APP\n" * 9, encoding="utf-8")

    short, long = newsroom("read", draft), newsroom("read", draft, "-v")

    assert "“下载APP” and 6 more lines (-v shows them)" in short.out
    assert long.out.count("“下载APP” – a button of a page") == 10
    assert len(short.out.splitlines()) < 16


def test_the_people_of_the_newsroom_are_known(submit: Command) -> None:
    text = Path("newsroom.toml").read_text(encoding="utf-8")
    text = text.replace("[house]", '[house]\npeople = "people.txt"', 1)
    Path("newsroom.toml").write_text(text, encoding="utf-8")
    Path("people.txt").write_text("\ufeff# 编辑部\n记者乙\n记 者 甲\t1997\n", encoding="utf-8")
    Path("short.md").write_text(FILE, encoding="utf-8")
    Path("other.md").write_text(FILE.replace("记者甲", "记者丙"), encoding="utf-8")

    assert "list of people" not in submit("short.md", "--check").out
    assert "记者丙 is not in the newsroom's list of people → did you mean 记" in submit("other.md", "--check").out


# -- the sheet ------------------------------------------------------------------------------------------------

IMAGE = Image(digest="0" * 64, media_type="image/png", width=800, height=600, size=1)
RICH = Article(
    headline="标题",
    kicker="引题",
    subhead="副题",
    body="<p>一段。</p><h2>小标题</h2><ul><li>项</li></ul><blockquote><p>引。</p></blockquote>"
    '<table><tbody><tr><td>格</td><td>格</td></tr></tbody></table><p id="note-1">[1] 注。</p>',
    images=(IMAGE, IMAGE.model_copy(update={"digest": "1" * 64, "caption": "图为架豆", "aigc": Aigc(label="2")})),
    aigc=Aigc(label=Certainty.IS, producer="某模型"),
    source="青河县融媒体中心",
    credits=(
        Credit(role="实习记者", duty=Duty.REPORTER, names=("张三", "李四")),
        Credit(role="供稿", duty=Duty.CORRESPONDENT, organisations=("洛门镇党政办",)),
    ),
    summary="摘要",
)
PROBLEM = ManuscriptProblem(file="a.md", line=7, field="body", message=Text.of("odd"), remedy=Text.of("mend it"))


def test_the_facts_say_what_the_article_became() -> None:
    rows = facts(RICH, Reading(file="a.md", date="2026-11-24"), newsroom_of())

    assert row(rows, "credits") == ("实习记者 张三、李四; 供稿 洛门镇党政办",)
    assert row(rows, "text") == ("paragraphs 2, headings 1, lists 1, tables 1, notes 1, characters 11",)
    assert row(rows, "pictures") == ("1. 800×600 no caption", "2. 800×600 “图为架豆”")
    assert row(rows, "AI label") == ("text: made by a machine (某模型)", "picture 2: may be made by a machine")
    assert row(rows, "besides") == ("summary “摘要”",)
    assert [one.name for one in rows][:6] == ["headline", "kicker", "subhead", "column", "source", "date"]


def test_what_is_missing_is_seen_to_be_missing() -> None:
    rows = facts(Article(headline="标题", body="<p>一段。</p>"), Reading(file="a.md"))

    assert [row(rows, name) for name in ("source", "credits", "AI label")] == [("–",), ("–",), ("none declared",)]
    assert "kicker" not in [one.name for one in rows]


def test_the_remarks_say_how_it_was_read() -> None:
    question = Text.of("is it?")
    doubt = Doubt(field="headline", question=question, taken="甲", instead="乙", line=2)
    other = Doubt(field="body", question=question, taken="丙", instead="")
    answered = Decision(field="headline", question=question, yes=False, value="甲", by="编辑丁")
    reading = Reading(
        file="a.md",
        lines=(
            Line(text="删去\n的行" + "长" * 90, why=Text.of("noise"), line=3),
            Line(text="来源 某处", fields=("source",), why=Text.of("a label"), line=4),
            Line(text="张三", fields=("reporters", "photographers"), why=Text.of("a name"), guessed=True),
        ),
        doubts=(doubt, other),
        notices=(PROBLEM,),
        warnings=(PROBLEM,),
        decisions=(answered,),
    )

    rows, whole = remarks(reading), remarks(reading, whole=True)

    assert row(rows, "left out") == ("“删去 的行" + "长" * 18 + "…”",)
    assert row(whole, "left out") == ("line 3: “删去 的行" + "长" * 90 + "” – noise",)
    assert row(whole, "recognised") == ("line 4: “来源 某处” → source (a label)",)
    assert row(rows, "guessed") == ("“张三” → reporters, photographers (a name)",)
    assert row(rows, "decided") == ("is it? No, said 编辑丁: still “甲”",)
    assert row(rows, "in doubt") == ("is it? If so, the file has to be changed.",)
    assert row(rows, "noticed") == row(rows, "to check") == ("line 7: odd → mend it",)
    assert told(reading)["notices"] == [
        {"field": "body", "message": "odd", "remedy": "mend it", "file": "a.md", "line": 7}
    ]


@pytest.mark.parametrize(
    ("answer", "doubt", "settled"),
    [
        ({"yes": True, "value": "乙"}, {}, True),
        ({"yes": False, "value": "甲"}, {}, True),
        ({"yes": True, "value": "乙"}, {"question": Text.of("and this?"), "taken": "乙", "instead": "甲"}, True),
        ({"yes": False, "value": "甲"}, {"question": Text.of("and this?")}, False),
        ({"yes": True, "value": "乙"}, {"field": "kicker"}, False),
    ],
)
def test_nobody_is_asked_twice(answer: dict[str, object], doubt: dict[str, object], settled: bool) -> None:
    asked = {"field": "headline", "question": Text.of("is it?"), "taken": "甲", "instead": "乙", **doubt}
    decision = Decision.model_validate({"field": "headline", "question": Text.of("is it?"), "by": "丁", **answer})
    reading = Reading(file="a.md", doubts=(Doubt.model_validate(asked),), decisions=(decision,))

    assert reading.undecided == (() if settled else reading.doubts)


def shown(rows: list[Row], width: int, *, is_terminal: bool) -> str:
    file = io.StringIO()
    out = Console(
        file=file, width=width, force_terminal=is_terminal, color_system=None, soft_wrap=True, highlight=False
    )
    terminal.show_reading(out, "稿件.docx", rows)
    return file.getvalue()


@given(st.lists(st.text("武山县架豆ab ，。“”", min_size=1, max_size=60), min_size=1, max_size=9), st.integers(30, 120))
def test_no_line_is_wider_than_the_terminal(texts: list[str], width: int) -> None:
    rows = [Row("标题", (texts[0],)), Row("to check", tuple(texts))]

    assert all(cell_len(line) <= width for line in shown(rows, width, is_terminal=True).splitlines())


def test_a_pipe_gets_one_line_for_each_and_no_colours() -> None:
    rows = sheet(RICH, Reading(file="a.md", warnings=(PROBLEM,)))

    lines = shown(rows, 80, is_terminal=False).splitlines()

    assert len(lines) == 1 + sum(len(one.lines) for one in rows)
    assert "\x1b" not in "".join(lines)
    values = [line.index(text) for line in lines for text in ("引题", "mend it", "2. 800") if text in line]
    assert len(values) == 3
    mixed = shown([Row("标题", ("甲",)), Row("AI label", ("乙",))], 80, is_terminal=False).splitlines()
    assert [cell_len(line[: line.index(one)]) for line, one in zip(mixed[1:], "甲乙", strict=True)] == [10, 10]


def test_the_picture_for_the_documents_is_what_the_command_prints(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], alone: None
) -> None:
    command = runs(main.newsroom, monkeypatch, capfd)
    path = Path("short.md")
    path.write_text(FILE, encoding="utf-8")

    page = pictures.printed("short.md")

    rows = command("read", "short.md", "--config", newsroom.demo_file()).out.splitlines()
    text = html.fromstring(page).text_content()
    assert all("".join(one.split()) in "".join(text.split()) for one in rows)
    assert "http" not in page


# -- the record ------------------------------------------------------------------------------------------------


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    store = Store(database, pace=Pace(), locks=tmp_path / "locks")
    store.migrate()
    with closing(store):
        yield store


def submission(headline: str, reading: Reading | None, **fields: str) -> Submission:
    return Submission(article=article_of(headline, **fields), media={}, outlets=newsroom_of().outlets, reading=reading)


def test_readings_are_kept_with_their_revisions(store: Store) -> None:
    first, third = Reading(file="一.md", lines=(Line(text="甲", why=Text.of("{a}", a=1)),)), Reading(file="三.md")
    made = [submission("一", first), submission("二", None), submission("三", third)]
    times = {"editor": "丁", "go_live_at": NOON, "now": NOON}

    together = store.publish(made, **times)
    again = Reading(file="一改.md", warnings=(PROBLEM,))
    corrected = store.correct("a1", submission("一", again, summary="改"), note="", **times)
    gone = store.withdraw("a1", reason="有误", **times)

    assert [(one.article, one.revision, one.reading) for one in store.readings(together.rollout_id)] == [
        ("a1", 1, first),
        ("a2", 1, None),
        ("a3", 1, third),
    ]
    [read] = store.readings(corrected.rollout_id)
    assert (read.revision, read.record.summary, read.reading) == (2, "改", again)
    assert [one.revision for one in store.readings(gone.rollout_id)] == [2]
    accepted = {one.rollout: one.reading for one in store.events("a1") if one.what.endswith("accepted")}
    assert accepted == {"r1": first.digest, "r2": again.digest, "r3": ""}
    assert [one.reading for one in store.events("a2") if one.what.endswith("accepted")] == [""]
    with pytest.raises(Impossible):
        store.readings("r9")


def test_the_list_of_people_is_told_where_it_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "newsroom.toml"
    text = newsroom.demo_file().read_text(encoding="utf-8")
    path.write_text(text.replace("[house]", '[house]\npeople = ["张三", "李 四"]', 1), encoding="utf-8")
    assert newsroom.load(path, {}).newsroom.house.people == ("张三", "李 四")

    for table, field in (('people = "gone.txt"', "house.people"), ("people = 3", "house.people"), ("x = 1", "house.x")):
        path.write_text(text.replace("[house]", f"[house]\n{table}", 1), encoding="utf-8")
        with pytest.raises(newsroom.BadConfiguration) as refused:
            newsroom.load(path, {})
        assert [one.field for one in refused.value.problems] == [field]
