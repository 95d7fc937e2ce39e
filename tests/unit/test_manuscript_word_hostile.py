"""Word files made to do harm: packages that lie, and floods of everything that a document holds."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.manuscript.word.package import FileRefused, Package
from tests.unit.manuscripts import problems_of, written
from tests.unit.manuscripts.word import (
    Word,
    cell,
    choice,
    field_of,
    form,
    num,
    numbered,
    numbering,
    p,
    r,
    style,
    styled,
    t,
    table,
)
from tests.unit.test_manuscript_hostile import TITLE, document, outcome, package

_MB = 1024 * 1024


# Packages


def lying(data: bytes, *, declared: int) -> bytes:
    """A package whose text says that it has fewer bytes than it has."""
    whole = bytearray(package(data))
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        entry = opened.getinfo("word/document.xml")
    listed = whole.index(b"PK\x01\x02")
    while whole[listed + 46 : listed + 46 + len(entry.filename)] != entry.filename.encode():
        listed = whole.index(b"PK\x01\x02", listed + 4)
    for place in (entry.header_offset + 22, listed + 24):
        assert struct.unpack_from("<I", whole, place) == (len(data),)
        struct.pack_into("<I", whole, place, declared)
    return bytes(whole)


@pytest.mark.parametrize("declared", [0, 1000, 9 * _MB])
def test_a_part_that_is_longer_than_it_says_is_not_unpacked(tmp_path: Path, declared: int) -> None:
    bomb = lying(b"<a/>" + b" " * 200 * _MB, declared=declared)
    assert "damaged" in outcome(written(tmp_path, "a.docx", bomb))
    tracemalloc.start()
    try:
        with pytest.raises(FileRefused, match="damaged"):
            Package(bomb).xml("word/document.xml")
        assert tracemalloc.get_traced_memory()[1] < 25 * _MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_part_packed_in_another_way_than_word_knows_is_refused(tmp_path: Path, method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as whole:
        whole.writestr("word/document.xml", document(TITLE))
    (problem,) = problems_of(written(tmp_path, "a.docx", buffer.getvalue()))
    assert "packed in a way that Word does not know" in str(problem.message)


def test_a_package_with_tens_of_thousands_of_parts_is_refused_unlisted(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as whole:
        for number in range(21_000):
            whole.writestr(str(number), b"")
    (problem,) = problems_of(written(tmp_path, "a.docx", buffer.getvalue()))
    assert "too many parts" in str(problem.message)


# Floods


def chain(kind: str, based_on: Callable[[int], int], count: int = 10_000) -> str:
    return "".join(styled(f"s{n}", f"n{n}", f'<w:basedOn w:val="s{based_on(n)}"/>', kind) for n in range(count))


def circle(count: int) -> dict[str, str]:
    """Lists whose forms each name the style of the next list."""
    number = '<w:pPr><w:numPr><w:numId w:val="{}"/></w:numPr></w:pPr>'.format
    return {
        "styles": "".join(styled(f"l{n}", f"l{n}", number((n + 1) % count), "numbering") for n in range(count)),
        "numbering": "".join(form(n, f'<w:numStyleLink w:val="l{n}"/>') for n in range(count))
        + "".join(num(n, n) for n in range(count)),
    }


def nested(tags: str, inside: str, times: int) -> str:
    opened, closed = (f"<{tag}>" for tag in tags.split()), (f"</{tag}>" for tag in reversed(tags.split()))
    return "".join(opened) * times + inside + "".join(closed) * times


def attributes(count: int) -> str:
    return " ".join(f'a{n}="x"' for n in range(count))


BEGIN, APART, END = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))
CODE = "<w:r><w:instrText>A</w:instrText></w:r>"
FRACTIONS = nested("m:f m:num", "<m:r><m:t>深</m:t></m:r>" * 30_000, 100)
FLOODS: dict[str, Callable[[], Word]] = {
    "a chain of styles": lambda: Word(p("深", ppr=style("s9999")), styles=chain("paragraph", lambda n: n - 1)),
    "a chain of styles, backwards": lambda: Word(p("深", ppr=style("s0")), styles=chain("paragraph", lambda n: n + 1)),
    "a circle of styles": lambda: Word(p("深", ppr=style("s5")), styles=chain("paragraph", lambda n: (n + 1) % 10_000)),
    "styles based on themselves": lambda: Word(p("深", ppr=style("s5")), styles=chain("paragraph", lambda n: n)),
    "a circle of styles of letters": lambda: Word(
        p(r("深", '<w:rStyle w:val="s5"/>')), styles=chain("character", lambda n: (n + 1) % 10_000)
    ),
    "a circle of lists": lambda: Word(p("深", ppr=numbered(1)), **circle(4_000)),
    "a list for each paragraph": lambda: Word(
        "".join(p("深", ppr=numbered(n)) for n in range(1, 4_000)),
        numbering=numbering([("decimal", "%1.")], more="".join(num(n, 1) for n in range(2, 4_000))),
    ),
    "attributes of a paragraph": lambda: Word(p("深").replace("<w:p>", f"<w:p {attributes(150_000)}>")),
    "attributes of a text": lambda: Word(p(f"<w:r><w:t {attributes(150_000)}>深</w:t></w:r>")),
    "attributes of a style": lambda: Word(
        p("深", ppr=style("x")), styles=styled("x", "x", f"<w:pPr {attributes(150_000)}/>")
    ),
    "namespaces": lambda: Word(
        p("深" * 1_000).replace("<w:p>", "<w:p" + "".join(f' xmlns:n{n}="u{n}"' for n in range(50_000)) + ">")
    ),
    "runs": lambda: Word(p("<w:r><w:t>深</w:t></w:r>" * 60_000)),
    "empty runs": lambda: Word(p("<w:r/>" * 200_000, "深")),
    "fields that only begin": lambda: Word(p((BEGIN + CODE) * 30_000, "深")),
    "fields in results": lambda: Word(p((BEGIN + CODE + APART) * 12_000, r("深") * 15_000, END * 12_000)),
    "fields in codes": lambda: Word(p((BEGIN + CODE) * 12_000, r("浅") * 15_000, END * 12_000, "深")),
    "a code in pieces": lambda: Word(p(BEGIN, CODE * 50_000, END, "深")),
    "an EQ field in itself": lambda: Word(p(field_of("eq " + "\\f(" * 80_000), "深")),
    "a long EQ field": lambda: Word(p(field_of("eq " + "\\o\\ac(○,1)" * 50_000), "深")),
    "alternatives in alternatives": lambda: Word(p(r(nested("mc:AlternateContent mc:Choice", t("深") * 50_000, 100)))),
    "alternatives": lambda: Word(p(r(choice(t("深"), t("浅"))) * 10_000)),
    "fractions in fractions": lambda: Word(p(f"<m:oMath>{FRACTIONS}</m:oMath>")),
    "boxes in boxes": lambda: Word(p(r(nested("w:pict w:txbxContent w:p w:r", t("深"), 55)))),
    "tables in tables": lambda: Word(nested("w:tbl w:tr w:tc", p("深") * 8_000, 60)),
    "a cell joined downwards": lambda: Word(table(*[[cell("深", "<w:vMerge/>")]] * 9_000)),
    "wide cells": lambda: Word(table(*[[cell("深", '<w:gridSpan w:val="999999"/>')] * 3] * 3_000)),
    "deleted marks": lambda: Word(p("深", ppr="<w:rPr><w:del/></w:rPr>") * 15_000 + p("深")),
    "deletions": lambda: Word(p(f"<w:del><w:r>{t('删', 'delText')}</w:r></w:del>") * 15_000 + p("深")),
    "moves": lambda: Word(p(f"<w:moveFrom>{r('移')}</w:moveFrom>") * 15_000 + p("深")),
    "notes that refer to the next": lambda: Word(
        p("深", r('<w:footnoteReference w:id="0"/>')),
        footnotes={str(n): p("注", r(f'<w:footnoteReference w:id="{n + 1}"/>')) for n in range(3_000)},
    ),
    "symbols": lambda: Word(p("深", *(r(f'<w:sym w:font="f{n}" w:char="F0FE"/>') for n in range(15_000)))),
    "elements nobody knows": lambda: Word(p("".join(f"<x{n}/>" for n in range(80_000)), "深")),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_of_anything_in_a_word_file_take_no_long_time(tmp_path: Path, name: str) -> None:
    word = FLOODS[name]()
    word.body = p("没有别的东西的一段正文。") + word.body
    result = outcome(written(tmp_path, "a.docx", bytes(word)))
    assert "深" in result or "more than 200 elements" in result


def test_a_text_of_more_paragraphs_than_any_article_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.docx", bytes(Word("<w:p/>" * 50_001))))
    assert (problem.field, "more than 50000 paragraphs" in str(problem.message)) == ("file", True)


def test_a_long_text_takes_no_more_memory_than_some_times_its_size(tmp_path: Path) -> None:
    path = written(tmp_path, "a.docx", bytes(Word(p("正文。", "深" * 2_000_000))))
    tracemalloc.start()
    try:
        outcome(path)
        assert tracemalloc.get_traced_memory()[1] < 20 * len("深".encode()) * 2_000_000
    finally:
        tracemalloc.stop()
