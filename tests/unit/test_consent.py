"""Before an article is corrected or withdrawn people see which one it is, where it stands, and what will happen."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.commands import reading
from tests.unit.commands import FILE, Command

pytestmark = pytest.mark.usefixtures("alone")


@pytest.fixture
def article(submit: Command) -> Path:
    """A file of an article that has been submitted as a1, and changed since."""
    path = Path("short.md")
    path.write_text(FILE, encoding="utf-8")
    assert submit(path).code == 0
    path.write_text(FILE.replace("一段", "两段"), encoding="utf-8")
    return path


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Sit an editor at the terminal who types this."""

    def typed(text: str) -> None:
        monkeypatch.setattr(reading, "at_terminal", lambda: True)
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return typed


WITHDRAW, CORRECT = ("withdraw", "a1", "--reason", "数据有误"), ("correct", "a1", "short.md", "--note", "改一字")


def last(newsroom: Command) -> tuple[str, int]:
    report = newsroom("report", "a1", "--json").json[0]
    return report["action"], report["revision"]


@pytest.mark.parametrize(
    ("words", "after"), [(WITHDRAW, ("withdraw", 1)), (CORRECT, ("publish", 2))], ids=["withdraw", "correct"]
)
def test_at_a_terminal_it_is_asked_first(
    article: Path, newsroom: Command, answer: Callable[[str], None], words: tuple[str, ...], after: tuple[str, int]
) -> None:
    answer("\n")
    done = newsroom(*words)
    assert done.code == 130
    assert "a1 “短讯一则”, revision 1\n  县政府网站: it has not gone out here" in done.out
    assert "  r1, which is under way, is overtaken\n  the public is told: “" in done.out
    assert "Nothing has been done." in done.err
    assert last(newsroom) == ("publish", 1)

    answer("y\n")
    assert newsroom(*words).code == 0
    assert last(newsroom) == after


@pytest.mark.parametrize("more", [("--yes",), ("--json",)])
def test_who_says_so_and_programs_are_not_asked(
    article: Path, newsroom: Command, answer: Callable[[str], None], more: tuple[str, ...]
) -> None:
    answer("")
    assert newsroom(*CORRECT, *more).code == 0
    assert newsroom(*WITHDRAW, *more).code == 0
    assert last(newsroom) == ("withdraw", 2)


def test_where_nobody_can_be_asked_it_is_shown_and_done(article: Path, newsroom: Command) -> None:
    done = newsroom(*WITHDRAW)
    assert done.code == 0
    assert done.out.index("a1 “短讯一则”, revision 1") < done.out.index("accepted as a1")


def test_a_dry_run_shows_it_and_does_nothing(article: Path, newsroom: Command) -> None:
    article.write_text(FILE.replace("短讯一则", "短讯两则"), encoding="utf-8")
    done = newsroom(*CORRECT, "--at", "2099-01-01 08:00", "--dry-run")
    assert done.code == 0
    assert "  the headline becomes “短讯两则”\n" in done.out
    assert "  at 2099-01-01 08:00:00\n" in done.out
    assert done.out.endswith("Nothing has been done: --dry-run.\n")
    before = newsroom("audit", "show", "a1").out
    told = newsroom(*WITHDRAW, "--dry-run", "--json").json[0]
    assert (told["dry_run"], told["created"], told["headline"]) == (True, True, "短讯一则")
    assert {one["channel"] for one in told["channels"]} >= {"website", "feeds"}
    assert told["overtakes"] == "r1"
    assert newsroom("audit", "show", "a1").out == before
    assert last(newsroom) == ("publish", 1)


def test_a_dry_run_refuses_what_the_deed_would_refuse(article: Path, submit: Command, newsroom: Command) -> None:
    other = Path("other.md")
    other.write_text(FILE.replace("一则", "两则"), encoding="utf-8")
    assert submit(other).code == 0
    done = newsroom("correct", "a1", other, "--dry-run")
    assert (done.code, "this is “短讯两则”, a2; it is not a1" in done.err) == (2, True)
    assert newsroom(*WITHDRAW).code == 0
    assert "has been withdrawn" in newsroom(*WITHDRAW, "--dry-run").err


def test_nothing_new_is_said_without_a_question(
    article: Path, newsroom: Command, answer: Callable[[str], None]
) -> None:
    article.write_text(FILE, encoding="utf-8")
    answer("")
    done = newsroom("correct", "a1", article)
    assert (done.code, "nothing new: this is a1, revision 1" in done.out) == (0, True)
    assert "It would be nothing new." in newsroom("correct", "a1", article, "--dry-run").out
