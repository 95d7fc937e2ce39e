"""What readers find: what is public at this moment on the channel, by both databases alike."""

from __future__ import annotations

import tarfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.article import searching
from pipeline.record.store import Store
from pipeline.rollout import Pace
from pipeline.testing import article_of, revision_of
from tests.engine.bench import Bench

SITE = "site"


def found(bench: Bench, question: str, *, first: int = 0, limit: int = 10) -> list[str]:
    """The headlines of what a reader finds, once everything that has happened is in the index."""
    bench.store.seal()
    bench.store.index()
    words = searching.words_of(question)
    finding = bench.store.found(SITE, words, bench.clock.now(), first=first, limit=limit)
    return [one.article.headline for one in finding.revisions]


TEXTS = {
    "武山架豆喜获丰收": "<p>种植面积5.2万亩。</p>",
    "农业保险开始投保": "<p>武山县的农户可以投保，2026年止。</p>",
    "新武山ＡＰＰ上线": "<p>在应用商店搜索WuShan即可，G30沿线可用。</p>",
    "宅急送来到乡镇": "<p>一单一结。<strong>脱贫</strong>攻坚见成效。</p>"
    "<ul><li>鸳鸯镇<ul><li>𰻝𰻝面</li></ul></li></ul>",
    "表格里的岗位": "<table><tr><th>岗位</th></tr><tr><td>分拣员</td></tr></table>"
    "<blockquote><p>引一段话</p></blockquote>",
    "百分之百": "<p>100%_完成，C++与a_b。</p>",
}
QUESTIONS = {
    "武山": ["新武山ＡＰＰ上线", "武山架豆喜获丰收", "农业保险开始投保"],
    "保险": ["农业保险开始投保"],
    "险": ["农业保险开始投保"],
    "豆": ["武山架豆喜获丰收"],
    "收": ["武山架豆喜获丰收"],
    "脱贫攻坚": ["宅急送来到乡镇"],
    "贫坚": [],
    "攻脱": [],
    "武山 投保": ["农业保险开始投保"],
    "武山，投保！": ["农业保险开始投保"],
    "app": ["新武山ＡＰＰ上线"],
    "新武山App": ["新武山ＡＰＰ上线"],
    "武山app": ["新武山ＡＰＰ上线"],
    "shan": [],
    "wu": ["新武山ＡＰＰ上线"],
    "g30": ["新武山ＡＰＰ上线"],
    "２０２６年": ["农业保险开始投保"],
    "鸳鸯镇": ["宅急送来到乡镇"],
    "𰻝𰻝": ["宅急送来到乡镇"],
    "分拣员": ["表格里的岗位"],
    "引一段话": ["表格里的岗位"],
    "记者甲 百分": ["百分之百"],
    "100": ["百分之百"],
    "没有这个词": [],
}


def test_both_databases_find_the_same(bench: Bench) -> None:
    for headline, body in TEXTS.items():
        bench.publish(headline, body=body, keywords=())
        bench.run()
        bench.clock.advance(timedelta(minutes=1))

    assert {question: found(bench, question) for question in QUESTIONS} == QUESTIONS


HOSTILE = [
    '"', "'", "*", '"武山', "武山*", "武山 OR 丰收", "NEAR(武山 丰收, 2)", "headline:武山", "武山' OR 1=1 --",
    "武 & !山", "<->", "武山:*", "\\", "%", "_", "武%", "\x00武山", "{武山}", "^武山", "(((", "AND", "NOT 武山",
    ":wanted", "¶", "🌾", "\u0301", "\ud800", "武" * 5000, "a" * 5000, " ".join("武山县的架豆"), "% _ %",
]  # fmt: skip


@pytest.mark.parametrize("question", HOSTILE)
def test_no_question_is_a_language(bench: Bench, question: str) -> None:
    """Whatever it holds separates words, or is nothing; what is left of it finds no more than it says."""
    bench.publish("武山架豆喜获丰收")
    bench.run()

    words = searching.words_of(searching.asked(question))

    assert len(words) <= searching.MOST_WORDS
    assert all(one.isalnum() for one in words)
    here = searching.searched(bench.store.revision("a1").article)
    expected = bool(words) and all(any(word in text for text in here) for word in words)
    assert bool(words and found(bench, searching.asked(question))) is expected


def test_only_what_is_public_now_is_found(bench: Bench) -> None:
    article = article_of("武山要闻一则", body="<p>旧的数字三千。</p>")
    later = bench.clock.now() + timedelta(hours=1)
    known = bench.engine.publish(article, {}, editor="记者甲", go_live_at=later).article_id
    bench.arrive()
    assert found(bench, "武山") == [], "it waits for its moment"

    bench.clock.advance(timedelta(hours=1))
    bench.run()
    assert found(bench, "武山") == found(bench, "旧的数字") == ["武山要闻一则"]

    bench.correct(known, "<p>新的数字四千。</p>")
    assert found(bench, "旧的数字") == ["武山要闻一则"], "until the correction is out, the old text is what people see"
    bench.run()
    assert found(bench, "旧的数字") == []
    assert found(bench, "新的数字") == ["武山要闻一则"]

    bench.withdraw(known)
    bench.run()
    assert found(bench, "武山") == found(bench, "旧的数字") == found(bench, "新的数字") == []


def test_what_the_channel_does_not_have_is_not_found(bench: Bench) -> None:
    bench.outlets[SITE].weather = lambda what: "refused" if what == "release" else ""
    bench.publish()
    bench.run()
    assert found(bench, "武山") == []

    bench.outlets[SITE].weather = lambda what: ""
    bench.engine.retry("r1", editor="记者甲")
    bench.run()
    assert found(bench, "武山") == ["武山架豆喜获丰收"]


def test_a_headline_goes_before_a_text_and_the_newer_before_the_older(bench: Bench) -> None:
    for headline, body in (
        ("保险旧闻", "<p>一</p>"),
        ("农业新闻", "<p>保险</p>"),
        ("农业保险", "<p>二</p>"),
        ("保险要闻", "<p>农业</p>"),
    ):
        bench.publish(headline, body=body)
        bench.run()
        bench.clock.advance(timedelta(minutes=1))

    assert found(bench, "保险") == ["保险要闻", "农业保险", "保险旧闻", "农业新闻"]
    assert found(bench, "农业 保险") == ["农业保险", "保险要闻", "农业新闻"]
    assert found(bench, "保险", first=1, limit=2) == ["农业保险", "保险旧闻"]
    assert found(bench, "保险", first=9) == []
    finding = bench.store.found(SITE, ["保险"], bench.clock.now(), first=3, limit=2)
    assert (finding.total, len(finding.revisions)) == (4, 1)


def test_the_index_is_made_again_from_the_record(bench: Bench) -> None:
    for n in range(5):
        bench.publish(f"第{n}篇武山新闻")
    bench.run()
    before = found(bench, "武山")
    assert len(before) == 5
    with bench.store.writing() as tx:
        tx.execute(text("DELETE FROM searched"))
    assert found(bench, "武山") == []

    assert bench.store.index_anew() == 5
    assert found(bench, "武山") == before
    assert bench.store.index_anew() == 5


def test_an_index_of_another_rule_is_made_anew_by_whoever_looks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that of a database from before there was one: it has rule 0, and the whole chain before it."""
    bench.publish()
    bench.run()
    assert found(bench, "武山") == ["武山架豆喜获丰收"]
    monkeypatch.setattr(searching, "RULE", searching.RULE + 1)
    monkeypatch.setattr(searching.Searched, "tokens", "乙")

    assert bench.store.index(limit=2) == 1
    assert found(bench, "武山") == []
    assert found(bench, "乙") == ["武山架豆喜获丰收"]
    assert bench.store.index() == 0


def test_a_record_from_before_is_searched_without_anybody_doing_anything(tmp_path: Path) -> None:
    """Of 0.1.0, with an article that was corrected, one that was withdrawn, and one whose moment has not come."""
    with tarfile.open(Path(__file__).parents[1] / "upgrade" / "data-0.1.0.tar.xz") as left:
        left.extract("./newsroom.db", tmp_path, filter="data")
    with closing(Store(f"sqlite:///{tmp_path / 'newsroom.db'}", pace=Pace(), locks=tmp_path / "locks")) as store:
        store.migrate()
        store.seal()
        assert store.index() == 6
        finding = store.found("website", ["青河县"], datetime(2026, 11, 28, tzinfo=UTC), first=0, limit=10)
    headlines = [one.article.headline for one in finding.revisions]
    assert headlines == ["青河县清理河道十二公里", "青河县三座便民桥通车", "清河行动进校园"]


def test_a_text_of_any_length_is_kept(bench: Bench) -> None:
    """PostgreSQL keeps no more than a megabyte of tokens: what is beyond is not found, and nothing fails."""
    rare = "".join(map(chr, range(0x20000, 0x20000 + 40_000)))
    bench.publish("长文", body=f"<p>{rare}{rare[::-1]}{rare[::3]}</p>")
    bench.run()
    assert found(bench, rare[:2]) == ["长文"]
    assert found(bench, "长文") == ["长文"]


def test_where_the_words_stand_is_shown() -> None:
    body = f"<p>开头。</p><p>{'甲' * 200}新武山ＡＰＰ上线{'乙' * 200}</p>"
    revision = revision_of(article_of("ＡＰＰ来了：武山&lt;武&gt;", body=body))

    hit = searching.hit(revision, searching.words_of("武山app ＡＰＰ"))

    assert [one.text for one in hit.headline if one.sought] == ["ＡＰＰ"]
    assert [one.text for one in hit.extract if one.sought] == ["武山ＡＰＰ"]
    shown = "".join(one.text for one in hit.extract)
    assert shown.startswith("…甲")
    assert shown.endswith("乙…")
    assert len(shown) <= 3 * searching.AROUND + 2
    assert searching.hit(revision, ["来了"]).extract == (searching.Part("开头。", False),)
