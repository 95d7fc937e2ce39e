"""Files made to do harm: they are refused, in little time and memory, and nothing of them is run or fetched."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.article import Article
from pipeline.manuscript import read
from pipeline.manuscript.draft import MOST_TOLD
from tests.unit.manuscripts import EXAMPLES, problems_of, read_or_refuse, written

SECONDS = 10
"""Of the processor: ten times what any of these takes; what grows with the square of its length takes minutes."""
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
TITLE = "<w:p><w:pPr><w:pStyle w:val='Title'/></w:pPr><w:r><w:t>武山</w:t></w:r></w:p>"


def outcome(path: Path) -> str:
    """The body, or what is wrong; in time."""
    start = time.process_time()
    result = read_or_refuse(path)
    assert time.process_time() - start < SECONDS
    if isinstance(result, Article):
        return result.body
    assert len(result.problems) <= MOST_TOLD
    return str(result)


def package(document: str | bytes, **parts: bytes) -> bytes:
    """A Word file with this word/document.xml, and other parts replaced or added."""
    content = document if isinstance(document, bytes) else document.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(EXAMPLES / "zhaopin.docx") as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == "word/document.xml" else old.read(name))
        for name, data in parts.items():
            new.writestr(f"word/{name}", data)
    return buffer.getvalue()


def document(inside: str) -> str:
    return f"<w:document {W}><w:body>{inside}</w:body></w:document>"


# Word files


def test_a_zip_bomb_is_refused_unpacked(tmp_path: Path) -> None:
    bomb = package(document(TITLE), picture=b"\0" * (101 * 1024 * 1024))
    assert len(bomb) < 300_000
    (problem,) = problems_of(written(tmp_path, "a.docx", bomb))
    assert (problem.field, "at most 100 MB" in str(problem.message)) == ("file", True)


def test_a_text_of_enormous_size_is_refused_unpacked(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.docx", package(document(TITLE + " " * 11 * 1024 * 1024))))
    assert (problem.field, "11 MB text" in str(problem.message)) == ("file", True)


def test_a_package_of_too_many_parts_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(
        written(tmp_path, "a.docx", package(document(TITLE), **{f"p{n}": b"" for n in range(5001)}))
    )
    assert problem.field == "file"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_in_a_word_file_are_refused(tmp_path: Path, encoding: str) -> None:
    declared = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    xml = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE w [<!ENTITY e0 "笑"><!ENTITY f SYSTEM "file:///etc/passwd">'
        f"{declared}]>{document('<w:p><w:r><w:t>&e9;&f;</w:t></w:r></w:p>')}"
    )
    (problem,) = problems_of(written(tmp_path, "a.docx", package(xml.encode(encoding))))
    assert "document type declaration" in str(problem.message)


@pytest.mark.parametrize(
    "xml",
    [
        "<x/>",
        f"<w:document {W}/>",
        document(""),
        document("<w:p>"),
        document("<w:tbl/>"),
        document(f"{TITLE}<w:tbl><w:tr/><w:tr><w:tc/></w:tr></w:tbl>"),
        document(f'{TITLE}<w:p><w:pPr><w:numPr><w:ilvl w:val="-1"/><w:numId w:val="x"/></w:numPr></w:pPr></w:p>'),
        document(f'{TITLE}<w:p><w:pPr><w:pStyle w:val="none"/><w:outlineLvl w:val="99"/></w:pPr></w:p>'),
        document(
            f'{TITLE}<w:p><w:r><w:rPr><w:sz w:val="x"/></w:rPr><w:fldChar/><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        ),
        document(f"{TITLE}<w:p><w:hyperlink/><w:sdt/><w:r><w:drawing/><w:pict/><w:sym/></w:r></w:p>"),
    ],
)
def test_odd_documents_are_read_or_refused(tmp_path: Path, xml: str) -> None:
    outcome(written(tmp_path, "a.docx", package(xml)))


PIECES = st.recursive(
    st.sampled_from(
        [
            "<w:r><w:t>正文。</w:t></w:r>", "<w:r><w:br/></w:r>", "<w:r><w:tab/><w:t> &lt; </w:t></w:r>", "<w:p/>",
            '<w:r><w:rPr><w:b/><w:strike w:val="0"/></w:rPr><w:t>粗</w:t></w:r>',
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>', '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
            "<w:r><w:instrText>HYPERLINK &quot;https://a.cn/&quot;</w:instrText></w:r>",
            '<w:pPr><w:jc w:val="center"/></w:pPr>',
            '<w:pPr><w:numPr><w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr></w:pPr>',
            '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>', '<w:tcPr><w:gridSpan w:val="2"/><w:vMerge/></w:tcPr>',
            '<w:trPr><w:tblHeader/></w:trPr>',
        ]
    ),
    lambda inside: st.builds(
        lambda tag, parts: f"<w:{tag}>{''.join(parts)}</w:{tag}>",
        st.sampled_from([
            "p", "p", "p", "tbl", "tr", "tc", "r", "hyperlink", "ins", "del", "moveTo", "sdt", "sdtContent",
            "smartTag", "fldSimple", "drawing",
        ]),
        st.lists(inside, max_size=4),
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=5).map("".join))
def test_any_document_is_read_or_refused(tmp_path: Path, inside: str) -> None:
    read_or_refuse(written(tmp_path, "any.docx", package(document(TITLE + inside))))


# Depth: what nests deeper than anybody writes


@pytest.mark.parametrize(
    ("opened", "closed"),
    [
        ("<div>", ""),
        ("<blockquote>", ""),
        ("<ul><li>", ""),
        ("<b><i>", ""),
        ("<table><tr><td>", "</td></tr></table>"),
        ("<a href='https://a.cn/'><p>", ""),
        ("<figure>", ""),
        ("<font><center><dl><dd>", ""),
    ],
)
@pytest.mark.parametrize("times", [20, 45, 90, 190, 20_000])
def test_deep_markup_is_read_or_refused(tmp_path: Path, opened: str, closed: str, times: int) -> None:
    page = f"<h1>武山</h1><p>正文。</p>{opened * times}深{closed * times}"
    result = outcome(written(tmp_path, "a.html", page))
    assert "深" in result or "more than 200 elements" in result
    outcome(written(tmp_path, "a.md", f"---\n标题: 武山\n---\n{opened * times}深{closed * times}"))


@pytest.mark.parametrize("tags", ["tbl tr tc", "sdt sdtContent", "p ins", "p hyperlink smartTag"])
@pytest.mark.parametrize("times", [20, 60, 120, 240])
def test_deep_documents_are_read_or_refused(tmp_path: Path, tags: str, times: int) -> None:
    opened = "".join(f"<w:{tag}>" for tag in tags.split()) * times
    closed = "".join(f"</w:{tag}>" for tag in reversed(tags.split())) * times
    inside = "<w:r><w:t>深</w:t></w:r>" if tags.startswith("p") else "<w:p><w:r><w:t>深</w:t></w:r></w:p>"
    outcome(written(tmp_path, "a.docx", package(document(f"{TITLE}{opened}{inside}{closed}"))))


@pytest.mark.parametrize(
    "text", ["> ", "- ", "1. ", "* > ", "[", "![](", "**", "*a_ ", "<div>", "<!--", "`", "&", "\\"]
)
def test_markdown_that_makes_parsers_slow(tmp_path: Path, text: str) -> None:
    outcome(written(tmp_path, "a.md", f"---\n标题: 武山\n---\n{text * 10_000}深"))


# Length: what grows with the square of its length would take minutes


LONG = {
    "links.txt": "武山\n" + "来源：a " * 20_000,
    "names.txt": "武山\n编辑：" + "a " * 50_000,
    "labels.txt": "武山\n" + "编辑：" * 30_000,
    "brackets.txt": "武山\n正文。（" + "（" * 50_000 + "记者 张三）",
    "spaces.txt": "武山\n正文。" + " " * 200_000 + "完",
    "indents.txt": "武山\n" + "　" * 200_000 + "正文。",
    "buttons.txt": "打印" * 50_000 + "\n正文。",
    "sizes.txt": "字体 " * 50_000 + "\n正文。",
    "credits.txt": "武山\n正文。\n" + "记者 张三\n" * 5_000,
    "marks.txt": "武山\n" + "\u0301" * 100_000 + "正文。",
    "ampersands.html": "<h1>武山</h1><p>" + "&" * 100_000,
    "brackets.html": "<h1>武山</h1><p>" + "<" * 100_000,
    "struck.html": "<h1>武山</h1>" + "".join(f"<s>{n}</s>" for n in range(15_000)),
    "paragraphs.html": "<h1>武山</h1>" + "<p>正" * 60_000,
    "fonts.html": "<h1>武山</h1><p>" + "".join(f"<font size={n}>" for n in range(150)) + "<p>正" * 5_000,
    "pictures.html": "<h1>武山</h1><p>正" + "".join(f"<img src={n}.png>" for n in range(5_000)),
    "links.html": "<h1>武山</h1><p>正" + "".join(f"<a href=x:{n}>甲</a>" for n in range(10_000)),
    "fields.md": "---\n" + "".join(f"x{n}: y\n" for n in range(3_000)) + "---\n正文。",
    "names.md": "---\n标题: 武山\n记者: " + "a " * 40_000 + "\n---\n正文。",
    "brackets.md": "---\n标题: " + "[" * 10_000 + "\n---\n正文。",
    "front.md": "---\n标题: 武山\n编者按: " + "按" * 200_000 + "\n---\n正文。",
}


@pytest.mark.parametrize("name", LONG)
def test_long_files_take_no_long_time(tmp_path: Path, name: str) -> None:
    outcome(written(tmp_path, name, LONG[name]))


def test_no_more_notices_are_given_than_anybody_reads(tmp_path: Path) -> None:
    page = "<h1>武山</h1><p>正文。</p>" + "".join(f"<s>{n}</s>" for n in range(2 * MOST_TOLD))
    assert len(read(written(tmp_path, "a.html", page)).notices) == MOST_TOLD


def test_too_many_paragraphs_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.html", LONG["paragraphs.html"]))
    assert (problem.field, "more than 50000 elements" in str(problem.message)) == ("body", True)
    assert "copy the text alone" in str(problem.remedy)


# YAML


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system ['touch /tmp/harm']",
        "!!python/name:os.system",
        "!!binary aGVsbG8=",
        "!!set {a, b}",
        "&a [*a]",
        "{<<: *a}",
    ],
)
def test_tags_and_anchors_make_nothing(tmp_path: Path, value: str) -> None:
    result = outcome(written(tmp_path, "a.md", f"---\n标题: {value}\n---\n正文。"))
    assert "正文" in result or "front matter" in result or "headline" in result


def test_a_billion_laughs_are_not_laughed(tmp_path: Path) -> None:
    lines = ["记者: &a0 [笑, 笑, 笑, 笑, 笑, 笑, 笑, 笑, 笑]"]
    lines += [f"编辑{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 20)]
    result = outcome(written(tmp_path, "a.md", "---\n标题: 武山\n" + "\n".join(lines) + "\n---\n正文。"))
    assert len(result) < 20_000


def test_a_list_of_aliases_is_taken_as_it_is_written(tmp_path: Path) -> None:
    article = read(written(tmp_path, "a.md", "---\n标题: &t 武山\n记者: [*t, 张三]\n---\n正文。")).article
    assert article.reporters == ("武山", "张三")
