"""Files that LibreOffice turns into Word files, and files whose suffix lies."""

from __future__ import annotations

import http.server
import io
import os
import stat
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.manuscript import read
from pipeline.manuscript.word import office
from pipeline.manuscript.word.kinds import Kind, recognised
from pipeline.manuscript.word.package import FileRefused
from tests.unit.manuscripts import assert_canonical, problems_of, written
from tests.unit.manuscripts.word import LEAD, Word, cell, p, r, style, table

needs_office = pytest.mark.skipif(office.program() is None, reason="LibreOffice (soffice) is not installed")

HEADLINE = "青河县新桥通车"
RTF = rb"{\rtf1\ansi\ansicpg936{\b %s}\par %s\par}" % tuple(
    "".join(f"\\'{byte:02x}" for byte in text.encode("gbk")).encode() for text in (HEADLINE, "正文。")
)
PAGE = f"<html xmlns:o='urn:schemas-microsoft-com:office:office'><body><h1>{HEADLINE}</h1><p>正文。</p></body></html>"
WORD_2003 = (
    '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Word.Document"?>'
    '<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"><w:body>'
    f"<w:p><w:r><w:rPr><w:b/></w:rPr><w:t>{HEADLINE}</w:t></w:r></w:p><w:p><w:r><w:t>正文。</w:t></w:r></w:p>"
    "</w:body></w:wordDocument>"
)
DOCX = bytes(Word(p("正文。"), headline=HEADLINE))
_SPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office", "text": "text", "draw": "drawing", "style": "style", "svg": "svg-compatible",
        "fo": "xsl-fo-compatible",
    }.items()
)  # fmt: skip
BOLD = '<style:style style:name="b" style:family="text"><style:text-properties fo:font-weight="bold"/></style:style>'
MANIFEST = (
    '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" m:version="1.2">'
    '<m:file-entry m:full-path="/" m:media-type="application/vnd.oasis.opendocument.text"/>'
    '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>'
)


def odt(body: str) -> bytes:
    """A text as LibreOffice writes it: the headline in bold, and this."""
    content = (
        f'<office:document-content {_SPACES} xmlns:xlink="http://www.w3.org/1999/xlink" office:version="1.2">'
        f"<office:automatic-styles>{BOLD}</office:automatic-styles><office:body><office:text>"
        f'<text:p><text:span text:style-name="b">{HEADLINE}</text:span></text:p>{body}'
        "</office:text></office:body></office:document-content>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", MANIFEST)
    return buffer.getvalue()


ODT = odt("<text:p>正文。</text:p>")


# What a file is


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (DOCX, Kind.DOCX),
        (ODT, Kind.ODT),
        (RTF, Kind.RTF),
        (b"\r\n" + RTF, Kind.RTF),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000), Kind.DOC),
        (PAGE.encode(), Kind.PAGE),
        (PAGE.encode("gb18030"), Kind.PAGE),
        (PAGE.encode("utf-16"), Kind.PAGE),
        (b"<!DOCTYPE html>\n<!-- saved --><HTML>", Kind.PAGE),
        (b'<?xml version="1.0"?><html>', Kind.PAGE),
        (WORD_2003.encode(), Kind.WORD_2003),
    ],
)
def test_a_file_is_known_by_its_content(data: bytes, kind: Kind) -> None:
    assert recognised(data) is kind


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"\x89PNG", "正文。".encode(), b"<xml>", b"<!--" * 1000, b"<?xml" * 1000]
)
def test_what_is_none_of_them_is_refused(data: bytes) -> None:
    with pytest.raises(FileRefused, match="no Word document"):
        recognised(data)


@pytest.mark.parametrize("suffix", [".docx", ".doc", ".wps", ".rtf", ".odt"])
def test_the_suffix_may_lie(tmp_path: Path, suffix: str) -> None:
    for name, data in {"word": DOCX, "page": PAGE.encode()}.items():
        article = read(written(tmp_path, f"{name}{suffix}", data)).article
        assert (article.headline, article.body) == (HEADLINE, "<p>正文。</p>")


@pytest.mark.parametrize(
    ("suffix", "data"), [(".doc", RTF), (".rtf", RTF), (".odt", ODT), (".wps", ODT), (".docx", ODT)]
)
def test_without_libreoffice_it_is_said_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, data: bytes
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (problem,) = problems_of(written(tmp_path, f"a{suffix}", data))
    assert problem.field == "file"
    assert "read by LibreOffice, which is not installed here" in str(problem.message)
    assert "save it as “Word document (.docx)”" in str(problem.remedy)


# What LibreOffice reads


@needs_office
@pytest.mark.parametrize(
    ("suffix", "data"), [(".rtf", RTF), (".odt", ODT), (".doc", WORD_2003.encode())], ids=["RTF", "ODT", "Word 2003"]
)
def test_other_kinds_are_read(tmp_path: Path, suffix: str, data: bytes) -> None:
    manuscript = read(written(tmp_path, f"a{suffix}", data))
    assert (manuscript.article.headline, manuscript.article.body) == (HEADLINE, "<p>正文。</p>")
    assert any("read by LibreOffice" in str(notice.message) for notice in manuscript.notices)


@needs_office
@pytest.mark.parametrize(("suffix", "kind"), [(".doc", "doc:MS Word 97"), (".odt", "odt:writer8")])
def test_what_a_document_holds_comes_through(tmp_path: Path, suffix: str, kind: str) -> None:
    ruby = r(f"<w:ruby><w:rt>{r('zuò')}</w:rt><w:rubyBase>{r('岞')}</w:rubyBase></w:ruby>")
    word = Word(
        p(LEAD)
        + p("小题", ppr=style("h1"))
        + p("位于", ruby, "山", r('<w:footnoteReference w:id="2"/>'), "。")
        + table([cell("甲", '<w:gridSpan w:val="2"/>')], [cell("乙"), cell("丙")])
        + p("面积", r("m"), r("2", '<w:vertAlign w:val="superscript"/>'), r("粗", "<w:b/>"), "。"),
        footnotes={"2": p("脚注。")},
    )
    expected = word.read(tmp_path).article
    place = tmp_path / "office"
    (place / "profile" / "user").mkdir(parents=True)
    source = written(tmp_path, "source.docx", bytes(word))
    assert office.run(str(office.program()), place, source, kind, seconds=office.SECONDS)
    article = read(place / "out" / f"source{suffix}").article
    assert_canonical(article.body)
    assert (article.headline, article.body) == (expected.headline, expected.body)


@needs_office
def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(5000)
    (problem,) = problems_of(written(tmp_path, "a.doc", data))
    assert "LibreOffice cannot read the file" in str(problem.message)
    assert "save it as “Word document (.docx)”" in str(problem.remedy)


# What must not happen


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server's address, and the paths that somebody asked it for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_OPTIONS = do_PROPFIND = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()
        thread.join()


FRAME = '<text:p><draw:frame svg:width="3cm" svg:height="3cm" text:anchor-type="as-char">{}</draw:frame></text:p>'
LINKED = 'xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad" xlink:href="{}"'


@needs_office
def test_nothing_is_fetched_and_no_other_file_is_read(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    address, paths = asked
    secret = written(tmp_path, "secret.txt", "县长的秘密")
    sections = "".join(
        f'<text:section text:name="s{number}"><text:section-source {LINKED.format(target)}/></text:section>'
        for number, target in enumerate((f"{address}/section.odt", secret.as_uri()))
    )
    frames = "".join(
        FRAME.format(f"<draw:{kind} {LINKED.format(f'{address}/{kind}')}/>")
        for kind in ("image", "object", "floating-frame")
    )
    word = office.as_docx(odt(f"<text:p>正文。</text:p>{frames}{sections}"), ".odt")
    assert paths == []
    with zipfile.ZipFile(io.BytesIO(word)) as package:
        assert "正文".encode() in package.read("word/document.xml")
        assert not any("秘密".encode() in package.read(name) for name in package.namelist())


def an_office(folder: Path, script: str) -> None:
    """A program called soffice that does this."""
    program = folder / "soffice"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


def test_a_program_that_does_not_end_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    an_office(tmp_path, f"sleep 600 > {held} &\nwait")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    reader = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(FileRefused, match="did not get through the file"):
            office.as_docx(RTF, ".rtf", seconds=1)
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""  # nobody holds the other end
    finally:
        os.close(reader)


def test_a_program_that_writes_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    an_office(tmp_path, "exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileRefused, match="LibreOffice cannot read the file"):
        office.as_docx(RTF, ".rtf")


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = tmp_path / "places"
    places.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(places))
    an_office(tmp_path, f'touch "$HOME/left" "$TMPDIR/left"; pwd > {tmp_path}/place')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(FileRefused):
        office.as_docx(RTF, ".rtf")
    assert Path((tmp_path / "place").read_text().strip()).parent == places
    assert list(places.iterdir()) == []
