"""Manuscripts: what every format promises. What is one format's own stands in test_manuscript_<format>.py.

A golden case is two files in tests/unit/manuscripts or an example: the manuscript and, beside the tests, the fields
it gives as <name>.json. A new case is a file and its JSON.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.manuscript import FORMATS, BadManuscript, read
from pipeline.manuscript.body import canonical
from pipeline.manuscript.draft import Draft
from tests.unit.manuscripts import (
    EXAMPLES,
    HERE,
    article_of,
    assert_canonical,
    known,
    problems_of,
    read_or_refuse,
    written,
)

GOLDEN = [
    HERE / "town.md",
    HERE / "department.html",
    HERE / "wushan-sibuzhai.source.txt",
    EXAMPLES / "jiadou.md",
    EXAMPLES / "renju.md",
    EXAMPLES / "chanxiao.md",
    EXAMPLES / "qiushou.md",
    EXAMPLES / "zhaopin.docx",
    EXAMPLES / "wushan-sibuzhai.md",
]
FORMS = [EXAMPLES / f"wushan-sibuzhai.{suffix}" for suffix in ("md", "docx", "html", "txt")]

quick = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_it_gives_the_record_that_was_agreed(path: Path, agreed: Callable[[Path, str], str]) -> None:
    article = read(path).article
    came = article.model_dump(mode="json", exclude_defaults=True)
    written = json.dumps(came, ensure_ascii=False, indent=1)
    assert came == json.loads(agreed(HERE / f"{path.name}.json", written))
    assert_canonical(article.body)


def test_the_four_forms_of_an_article_give_the_same_record() -> None:
    articles = [read(path).article for path in FORMS]
    assert len({article.digest for article in articles}) == 1
    article = articles[0]
    assert article.headline == "武山县坚持“四个不摘” 为稳定脱贫加上“保险阀”"
    assert article.column == "脱贫攻坚奔小康"
    assert (article.series, article.number) == ("2019年脱贫攻坚奔小康系列报道之三", 3)
    assert article.source == "武山县融媒体中心"
    assert article.editors == ("马文洁",)
    assert article.keywords == ("脱贫攻坚", "四个不摘", "武山县")
    assert article.editors_note.startswith("2019年以来,武山县坚持以习近平新时代中国特色社会主义思想为指导")
    paragraphs = list(article.paragraphs())
    assert len(paragraphs) == 7
    assert paragraphs[0].startswith("2019年,武山县认真学习贯彻")
    assert paragraphs[-1].endswith("有效降低了返贫风险。")


def test_the_page_as_it_was_published_differs_only_in_the_keywords_it_never_had() -> None:
    page = read(HERE / "wushan-sibuzhai.source.txt")
    assert page.article.model_copy(update={"keywords": ("脱贫攻坚", "四个不摘", "武山县")}) == read(FORMS[0]).article
    (notice,) = page.notices
    assert "摄影相关图片" in str(notice.message)


@pytest.mark.parametrize("path", [*GOLDEN, *FORMS], ids=lambda path: path.name)
def test_reading_twice_gives_the_same(path: Path, tmp_path: Path) -> None:
    first, second = read(path), read(path)
    assert first.article.digest == second.article.digest
    assert first.notices == second.notices
    assert set(first.media) == {image.digest for image in first.article.images}
    assert dict(first.media) == dict(second.media)


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    path = tmp_path / "稿件.TXT"
    shutil.copy(FORMS[3], path)
    assert read(path).article == read(FORMS[0]).article


@pytest.mark.parametrize(
    ("name", "said", "remedy"),
    [
        ("稿件.doc", "no Word document", "save it again as “Word document (.docx)”"),
        ("稿件.wps", "no Word document", "save it again as “Word document (.docx)”"),
        ("稿件.pdf", "“.pdf”", ".md .markdown .docx .doc .wps .rtf .odt .html .htm .txt"),
        ("稿件", "“”", ".md .markdown .docx .doc .wps .rtf .odt .html .htm .txt"),
    ],
)
def test_other_files_are_refused_with_what_to_hand_in(tmp_path: Path, name: str, said: str, remedy: str) -> None:
    (problem,) = problems_of(written(tmp_path, name, "正文。"))
    assert problem.field == "file"
    assert said in str(problem.message)
    assert remedy in str(problem.remedy)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    for name in ("missing.md", "folder.md"):
        (problem,) = problems_of(tmp_path / name)
        assert problem.field == "file"
        assert "cannot be read" in str(problem.message)


@pytest.mark.parametrize(("name", "limit"), [("book.txt", 2), ("book.md", 20), ("book.html", 20), ("book.docx", 100)])
def test_a_file_too_large_is_refused_unread(tmp_path: Path, name: str, limit: int) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(limit * 1024 * 1024 + 1)
    (problem,) = problems_of(path)
    assert str(problem.message) == f"the file has more than {limit} MB"


@pytest.mark.parametrize("suffix", list(FORMATS))
def test_an_empty_file_is_refused(tmp_path: Path, suffix: str) -> None:
    assert problems_of(written(tmp_path, f"empty{suffix}", b""))


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_a_name_that_is_no_text_is_no_accident(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"\udcff{suffix}"
    with pytest.raises(BadManuscript) as caught:
        read(path)
    assert caught.value.problems[0].file == suffix


def test_a_headline_alone_is_no_article(tmp_path: Path) -> None:
    for name, content in {
        "a.md": "---\n标题: 武山架豆上市\n---\n",
        "a.txt": "武山架豆上市\n编辑：张三\n",
        "a.html": "<h1>武山架豆上市</h1>",
    }.items():
        (problem,) = problems_of(written(tmp_path, name, content))
        assert problem.field == "body"


CONTROLS = "\x00\x01\x07\x08\x0e\x1b\x1f\x7f\x80\x9f\u200b\u202e\ufeff\ufdd0\ufffe\uffff\U0001fffe\U0010ffff"


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_control_characters_and_noncharacters_never_reach_the_record(tmp_path: Path, suffix: str) -> None:
    dirty = {
        ".md": f"---\n标题: 武{CONTROLS}山\n记者: 张{CONTROLS}三\n---\n正{CONTROLS}文。",
        ".html": f"<h1>武{CONTROLS}山</h1><p>记者：张{CONTROLS}三</p><p>正{CONTROLS}文&#xFFFE;&#0;&#7;。</p>",
        ".txt": f"武{CONTROLS}山\n记者：张{CONTROLS}三\n正{CONTROLS}文。",
    }[suffix]
    manuscript = read(written(tmp_path, f"a{suffix}", dirty))
    assert manuscript.article.headline == "武山"
    assert manuscript.article.reporters == ("张三",)
    assert manuscript.article.body == "<p>正文。</p>"
    assert any("control characters were removed" in str(notice.message) for notice in manuscript.notices)


def test_emoji_and_rare_characters_stay(tmp_path: Path) -> None:
    assert article_of(tmp_path, "a.txt", "武山👨‍👩‍👧架豆\n𠮷野家与𬱖，é与é。").body == "<p>𠮷野家与𬱖，é与é。</p>"


@pytest.mark.parametrize(
    "encoded",
    [
        "武山架豆上市\r\n正文“甲”—乙。".encode("gbk"),
        "武山架豆上市\n正文“甲”—乙。".encode("gb18030"),
        "武山架豆上市\r正文“甲”—乙。".encode("utf-8-sig"),
        "武山架豆上市\u2028正文“甲”—乙。".encode(),
        "武山架豆上市\n正文“甲”—乙。".encode("utf-16"),
    ],
)
def test_files_in_the_encodings_of_the_country(tmp_path: Path, encoded: bytes) -> None:
    article = article_of(tmp_path, "a.txt", encoded)
    assert (article.headline, article.body) == ("武山架豆上市", "<p>正文“甲”—乙。</p>")


def test_characters_beyond_gbk_are_read_as_gb18030(tmp_path: Path) -> None:
    assert article_of(tmp_path, "a.txt", "武山架豆上市\n𠮷。".encode("gb18030")).body == "<p>𠮷。</p>"


@pytest.mark.parametrize("suffix", [".md", ".html", ".txt"])
def test_bytes_that_are_no_text_are_refused_with_their_line(tmp_path: Path, suffix: str) -> None:
    damaged = "武山架豆上市\n正文".encode() + b"\xff\xff" + "正文。".encode()
    (problem,) = problems_of(written(tmp_path, f"a{suffix}", damaged))
    assert (problem.field, problem.line) == ("text", 2)
    assert "save it as UTF-8" in str(problem.remedy)


def test_what_an_earlier_program_could_not_read_is_pointed_at(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.txt", "武山架豆上市\n正\ufffd文。"))
    (notice,) = manuscript.notices
    assert "could not read" in str(notice.message)


# Properties

LETTERS = "武山县架豆。，：:图为▲ \n\t　\xa0\u200b\u0301\ufffe\x00\x85\u2028éA1.-—（）<>&\"'*_[]|#"
WORDS = st.text(st.sampled_from(LETTERS), max_size=12)
TAGS = [
    "p", "div", "span", "b", "strong", "i", "em", "cite", "sub", "sup", "a", "br", "img", "q", "del", "s", "h1",
    "h2", "h3", "h6", "ul", "ol", "li", "dl", "dt", "dd", "table", "tbody", "tr", "td", "th", "caption",
    "blockquote", "figure", "figcaption", "pre", "hr", "section", "center", "font", "o:p", "script", "style",
    "nav", "iframe", "svg", "math", "select", "textarea", "form", "noscript", "template", "xmp", "title", "head",
    "body", "html", "details", "summary", "ruby", "ruby", "rb", "rt", "rp", "sup",
]  # fmt: skip
ATTRIBUTES = [
    "", ' align="center"', ' style="text-align:center"', ' href="https://a.cn/?a=1&b=2"', ' href="javascript:alert(1)"',
    ' href=" JaVa\tScript:x"', ' href="//x"', ' href="http://["', ' src="a.png" alt="图 &quot;1&quot;" title="说明"',
    ' start="3"', ' colspan="2"', ' rowspan="99999"', ' class="caption"', ' onclick="x()"', ' data-line="7"',
    ' data-role="caption"', ' data-note="1"', ' data-note="2"', ' id="note-1"', ' href="#note-1"', ' href="#note-2"',
]  # fmt: skip
PIECES = WORDS | st.sampled_from(
    [
        "<!--x-->", "<!--", "<![CDATA[x]]>", "<!DOCTYPE html>", "&amp;", "&#0;", "&#xFFFE;", "&#xd800;",
        "&nbsp;&nbsp;", "<br>", "</p>", "</div>", "</td>", "<?xml version='1.0' encoding='gbk'?>",
        "&lt;script&gt;", '<sup data-note="1"></sup>', '<sup data-note="2"></sup>', '<p data-note="1">注</p>',
        '<sup><a href="#note-1">[1]</a></sup>', '<p id="note-1">[1] 注</p>', '<p id="note-2">[2] </p>', "[1] ",
        "<ruby>岞<rt>zuò</rt>山<rt>shān</rt></ruby>", "<ruby><rb>岞<rb>山<rt>zuò<rt>shān</ruby>",
    ]
)  # fmt: skip


def _element(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda tag, attribute, inside, closed: f"<{tag}{attribute}>{''.join(inside)}{closed and f'</{tag}>'}",
        st.sampled_from(TAGS),
        st.sampled_from(ATTRIBUTES),
        st.lists(children, max_size=4),
        st.sampled_from([True, True, True, ""]),
    )


MARKUP = st.lists(st.recursive(PIECES, _element, max_leaves=20), max_size=4).map("".join)
LINES = st.lists(
    WORDS
    | st.sampled_from(
        [
            "编辑：马文洁", "（记者 张三 摄影报道）", "来源:武山", "【编者按】：", "\n", "\n", "\n\n", "【栏目】",
            "相关链接", "之三", "系列报道", "记者", "通讯员", "关键词：", "2020-01-10", "时间：", "标题：", "序号：",
            "序号：3", "首页>>",
        ]
    ),
    max_size=12,
).map("".join)  # fmt: skip
FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "标题", "title", "引题", "栏目", "系列", "序号", "来源", "记者", "摄影", "编辑", "关键词", "编者按",
                "时间", "id", "foo", "?",
            ]
        ),
        st.sampled_from([": ", "：", ":", ""]),
        WORDS
        | st.sampled_from(
            [
                "[a, b]", "- a", "&a x", "*a", "!!python/object:x", "|", "{a: b}", "!!binary x", '"x', "'", "%",
                "@", "`", ">\n  x\n  y", "[[a]]", "~", "null", "3", "三",
            ]
        ),
    ),
    max_size=6,
).map(lambda fields: "".join(f"{key}{colon}{value}\n" for key, colon, value in fields))  # fmt: skip


@quick
@given(MARKUP)
def test_any_markup_becomes_a_canonical_body(markup: str) -> None:
    assert_canonical(canonical(markup, Draft("any.html"), known))


@quick
@given(suffix=st.sampled_from([*FORMATS, ".doc", ""]), data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path: Path, suffix: str, data: bytes) -> None:
    read_or_refuse(written(tmp_path, f"any{suffix}", data))


@quick
@given(MARKUP)
def test_any_page_is_read_or_refused(tmp_path: Path, markup: str) -> None:
    read_or_refuse(written(tmp_path, "any.html", markup))


@quick
@given(LINES)
def test_any_text_is_read_or_refused(tmp_path: Path, lines: str) -> None:
    read_or_refuse(written(tmp_path, "any.txt", lines))


@quick
@given(fields=FIELDS, fence=st.sampled_from(["---\n", "...\n", ""]), body=MARKUP | WORDS)
def test_any_markdown_is_read_or_refused(tmp_path: Path, fields: str, fence: str, body: str) -> None:
    read_or_refuse(written(tmp_path, "any.md", f"---\n{fields}{fence}\n{body}"))


FRONT = st.fixed_dictionaries(
    {"标题": st.sampled_from(["武山：架豆", '"引"', "# 号", "- 短", "2020", "null 与 ~", "'单'"])},
    optional={
        "来源": st.sampled_from(["武山", "甲: 乙"]),
        "记者": st.lists(st.sampled_from(["张三", "李四", "John Smith"]), unique=True, min_size=1),
        "序号": st.integers(1, 999),
    },
)


@quick
@given(FRONT)
def test_fields_written_as_yaml_are_read_back(tmp_path: Path, front: dict[str, object]) -> None:
    lines = "\n".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in front.items())
    path = written(tmp_path, "a.md", f"---\n{lines}\n---\n正文。")
    first, second = read(path).article, read(path).article
    assert first.digest == second.digest
    assert first.headline == front["标题"]
    assert first.source == front.get("来源", "")
    assert list(first.reporters) == front.get("记者", [])
    assert first.number == front.get("序号")
