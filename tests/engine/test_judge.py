"""The judge itself, on journals written by hand: each broken promise is seen, and a clean record passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from pipeline.channel import Action
from tests.engine.judge import Broken, Command, Deed, Public, Violation, deeds, judge
from tests.engine.public import Observer, PublicFiles, Seen

START = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
CHANNELS = ("post", "app")

PUBLISHED = Command("a1", 1, Action.PUBLISH)
CORRECTED = Command("a1", 2, Action.CORRECT)
WITHDRAWN = Command("a1", 2, Action.WITHDRAW)


def journal(*told: str) -> list[Deed]:
    """`"publish a1 2"`, one after the other, a second apart."""
    return [
        Deed(article, int(revision), action, START + timedelta(seconds=n))
        for n, (action, article, revision) in enumerate(line.split() for line in told)
    ]


CLEAN = journal("stage a1 1", "publish a1 1", "stage a1 2", "publish a1 2", "withdraw a1 2")


def verdict(commands: list[Command], post: list[Deed], public: Public) -> list[tuple[Broken, str]]:
    """With `app` as it should be: everything done once, in order."""
    clean = CLEAN[: {1: 2, 2: 4, 3: 5}[len(commands)]]
    wanted: Public = {} if commands[-1].action is Action.WITHDRAW else {"a1": (commands[-1].revision,)}
    found = judge(commands, {"post": post, "app": clean}, {"post": public, "app": wanted})
    assert all(one.words and one.article == "a1" for one in found)
    return [(one.broken, one.channel) for one in found]


@pytest.mark.parametrize(
    ("commands", "post", "public"),
    [
        ([PUBLISHED], CLEAN[:2], {"a1": (1,)}),
        ([PUBLISHED, CORRECTED], CLEAN[:4], {"a1": (2,)}),
        # The first revision was overtaken before it was public: nothing is lost.
        ([PUBLISHED, CORRECTED], journal("stage a1 1", "stage a1 2", "publish a1 2"), {"a1": (2,)}),
        ([PUBLISHED, CORRECTED, WITHDRAWN], CLEAN, {"a1": ()}),
        ([PUBLISHED, CORRECTED, WITHDRAWN], CLEAN, {}),
        # Withdrawn before anything was public.
        ([PUBLISHED, CORRECTED, WITHDRAWN], journal("stage a1 1", "discard a1 2"), {}),
        ([PUBLISHED, CORRECTED, WITHDRAWN], [], {}),
    ],
)
def test_a_clean_record_passes(commands: list[Command], post: list[Deed], public: Public) -> None:
    assert verdict(commands, post, public) == []


def test_lost() -> None:
    found = verdict([PUBLISHED], journal("stage a1 1"), {})
    assert found == [(Broken.LOST, "post"), (Broken.HALF, "")]


def test_a_lost_correction() -> None:
    found = verdict([PUBLISHED, CORRECTED], CLEAN[:2], {"a1": (1,)})
    assert found == [(Broken.LOST, "post"), (Broken.HALF, "")]


def test_lost_everywhere_is_not_half() -> None:
    found = judge([PUBLISHED], {"post": [], "app": []}, {"post": {}, "app": {}})
    assert [one.broken for one in found] == [Broken.LOST, Broken.LOST]


@pytest.mark.parametrize("again", ["publish a1 2", "stage a1 2"])
def test_twice(again: str) -> None:
    post = [*CLEAN[:4], *journal(again)]
    assert verdict([PUBLISHED, CORRECTED], post, {"a1": (2,)}) == [(Broken.TWICE, "post")]


def test_a_withdrawal_twice() -> None:
    post = [*CLEAN, *journal("withdraw a1 2")]
    assert verdict([PUBLISHED, CORRECTED, WITHDRAWN], post, {}) == [(Broken.TWICE, "post")]


def test_once_on_each_channel_is_not_twice() -> None:
    seen: Public = {"a1": (1,)}
    assert judge([PUBLISHED], {"post": CLEAN[:2], "app": CLEAN[:2]}, {"post": seen, "app": seen}) == []


def test_half() -> None:
    found = verdict([PUBLISHED, CORRECTED], CLEAN[:4], {"a1": (1,)})
    assert found == [(Broken.LAST_WORD, "post"), (Broken.HALF, "")]


def test_two_posts_of_one_article() -> None:
    found = verdict([PUBLISHED, CORRECTED], CLEAN[:4], {"a1": (1, 2)})
    assert found == [(Broken.LAST_WORD, "post"), (Broken.HALF, "")]


def test_the_last_word_was_a_withdrawal() -> None:
    found = verdict([PUBLISHED, CORRECTED, WITHDRAWN], CLEAN[:4], {"a1": (2,)})
    assert found == [(Broken.LAST_WORD, "post"), (Broken.HALF, "")]


def test_resurrected_after_a_correction() -> None:
    post = journal("stage a1 1", "stage a1 2", "publish a1 2", "publish a1 1")
    found = verdict([PUBLISHED, CORRECTED], post, {"a1": (1,)})
    assert found == [(Broken.RESURRECTED, "post"), (Broken.LAST_WORD, "post"), (Broken.HALF, "")]


def test_resurrected_for_a_moment() -> None:
    """The last word stands in the end, but the public has seen the older one in between."""
    post = journal("publish a1 2", "publish a1 1", "publish a1 2")
    found = verdict([PUBLISHED, CORRECTED], post, {"a1": (2,)})
    assert found == [(Broken.TWICE, "post"), (Broken.RESURRECTED, "post")]


def test_resurrected_after_a_withdrawal() -> None:
    post = journal("publish a1 1", "withdraw a1 2", "publish a1 2")
    found = verdict([PUBLISHED, CORRECTED, WITHDRAWN], post, {"a1": (2,)})
    assert found == [(Broken.RESURRECTED, "post"), (Broken.LAST_WORD, "post"), (Broken.HALF, "")]


def test_an_article_sent_to_one_channel_only() -> None:
    command = Command("a1", 1, Action.PUBLISH, channels=("post",))
    assert judge([command], {"post": CLEAN[:2], "app": []}, {"post": {"a1": (1,)}, "app": {}}) == []
    (lost,) = judge([command], {"post": [], "app": []}, {"post": {}, "app": {}})
    assert (lost.broken, lost.channel) == (Broken.LOST, "post")


def test_articles_are_judged_apart() -> None:
    commands = [PUBLISHED, Command("a2", 1, Action.PUBLISH), CORRECTED]
    post = journal("publish a1 1", "publish a2 1", "publish a1 2")
    seen: Public = {"a1": (2,), "a2": (1,)}
    assert judge(commands, {"post": post, "app": post}, {"post": seen, "app": seen}) == []
    (lost, half) = judge(commands, {"post": post, "app": post}, {"post": seen, "app": {"a1": (2,)}})
    assert (lost.broken, lost.channel, lost.article) == (Broken.LAST_WORD, "app", "a2")
    assert (half.broken, half.article) == (Broken.HALF, "a2")


def test_a_channel_nobody_watched_is_an_error() -> None:
    with pytest.raises(KeyError):
        judge([Command("a1", 1, Action.PUBLISH, channels=("radio",))], {"post": []}, {"post": {}})


def test_a_violation_speaks() -> None:
    (lost,) = judge([PUBLISHED], {"post": []}, {"post": {}})
    assert str(lost) == "lost: a1 on post: revision 1 never became public, the public sees nothing"
    half = Violation(Broken.HALF, "", "a1", "post shows revision 1; app shows nothing")
    assert str(half) == "half: a1: post shows revision 1; app shows nothing"


def test_journal_lines() -> None:
    line = {"at": "2026-11-24T04:00:00+00:00", "action": "publish", "article": "a1", "revision": 1, "digest": "d"}
    assert deeds([line]) == [Deed("a1", 1, "publish", START, digest="d")]


def test_of_two_documents_that_show_an_article_one_is_written_after_the_other(tmp_path: Path) -> None:
    """The archive shows the correction, the newest document is changed by another article, then by the correction."""
    observer = Observer(cast("PublicFiles", None))
    archive, newest = tmp_path / "rss-1.xml", tmp_path / "rss.xml"

    def looked(path: Path, **revisions: int) -> None:
        path.write_bytes(b"")
        observer._looked.clear()
        observer._see("feeds", path, lambda *_: [Seen(article, revision) for article, revision in revisions.items()])

    for path, a1, a2 in ((archive, 1, 0), (newest, 1, 0), (archive, 2, 0), (newest, 1, 1), (newest, 2, 1)):
        looked(path, a1=a1, **({"a2": a2} if a2 else {}))
    assert [(one.article, one.revision) for one in observer.journals["feeds"]] == [("a1", 1), ("a1", 2), ("a2", 1)]
    looked(newest, a1=1)
    assert observer.journals["feeds"][-1].revision == 1, "what goes back is seen"
