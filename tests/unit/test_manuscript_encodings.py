"""Encodings by evidence: read rightly, or refused with what the bytes look like; nothing is published as nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.manuscript import read
from pipeline.manuscript.characters import MISSING, REAL, clean
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.encodings import NoText, decode, decoded
from pipeline.manuscript.plausibility import plausibility
from tests.unit.manuscripts import article_of, problems_of, written

SIMPLE = "青河县举办茶艺交流会\n五月九日，茶艺交流会在文化广场举行，三十余位茶人品尝了春茶。\n"
TRADITIONAL = "青河縣舉辦茶藝交流會\n五月九日，茶藝交流會在文化廣場舉行，三十餘位茶人品嘗了春茶。\n"
LATIN = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256)}


def as_latin(data: bytes) -> str:
    """How a program that takes every file for Windows-1252 shows these bytes."""
    return "".join(LATIN[byte] for byte in data)


def told(data: bytes, declared: str = "") -> tuple[str, Draft]:
    draft = Draft("稿件.txt")
    return decode(data, draft, declared=declared), draft


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "gb2312", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"],
)
@pytest.mark.parametrize("text", [SIMPLE, "武山架豆\n正文“甲”—乙。\n", "停水通知\r\n今日停水。", "武山"])
def test_what_the_country_writes_is_read(text: str, encoding: str) -> None:
    if "—" in text and encoding == "gb2312":
        pytest.skip("a dash that this set does not have")
    if text == "武山" and encoding in ("utf-16-le", "utf-16-be"):
        pytest.skip("four bytes that are ASCII as well")
    assert told(text.encode(encoding))[0] == clean(text)


def test_big_endian_with_its_mark() -> None:
    assert told(b"\xfe\xff" + SIMPLE.encode("utf-16-be"))[0] == SIMPLE


@pytest.mark.parametrize("codec", ["big5", "cp950", "big5hkscs"])
def test_big5_is_recognised_and_told(codec: str) -> None:
    text, draft = told(TRADITIONAL.encode(codec))
    assert text == TRADITIONAL
    (notice,) = draft.notices
    assert "Big5" in str(notice.message)


def test_characters_of_hong_kong() -> None:
    assert told((TRADITIONAL + "啲嘢").encode("big5hkscs"))[0] == TRADITIONAL + "啲嘢"


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("gb2312", "gbk", SIMPLE),
        ("big5", "gbk", SIMPLE),
        ("gb2312", "big5", TRADITIONAL),
        ("utf-8", "gb18030", SIMPLE),
        ("gbk", "utf-8", SIMPLE),
        ("iso-8859-1", "gbk", SIMPLE),
        ("big5", "big5", "武山縣"),
        ("gbk", "gbk", "鸡鸭鹅"),
    ],
)
def test_a_declaration_may_lie_or_tip_the_balance(declared: str, encoding: str, text: str) -> None:
    assert told(text.encode(encoding), declared)[0] == text


def test_a_line_of_rare_names_is_read() -> None:
    names = "翟鑫淼、龚煜、窦靖雯、阚泽楠、郗玥彤"
    assert told(names.encode("gbk"))[0] == names


@pytest.mark.parametrize(
    "text", ["La reunión del año, razón", "Café déjà vu", "བོད་ཡིག་གི་ཡི་གེ", "ئۇيغۇرچە", "Привет", "한국어"]
)
def test_other_languages_in_utf8_stay_what_they_are(text: str) -> None:
    assert told(text.encode())[0] == text


REFUSED = [
    pytest.param("これはテストです。町の春まつり。".encode("shift_jis"), "no text in", None, id="Shift JIS"),
    pytest.param("Café déjà vu à l'été".encode("cp1252"), "Windows-1252", 1, id="Windows-1252"),
    pytest.param(SIMPLE.encode("gbk") + b"\xff\xff" + SIMPLE.encode("gbk"), "GB18030 text with damaged", 3, id="GBK"),
    pytest.param(SIMPLE.encode("gbk")[:-2], "GB18030 text with damaged", 2, id="GBK, cut off"),
    pytest.param(SIMPLE.encode() + b"\xff" + SIMPLE.encode(), "UTF-8 text with damaged", 3, id="UTF-8"),
    pytest.param(SIMPLE.encode("utf-16")[:-1], "UTF-16 text with damaged", 2, id="UTF-16, cut off"),
    pytest.param(SIMPLE.encode("utf-16-le")[:-3], "UTF-16 text with damaged", 2, id="UTF-16 without its mark, cut off"),
    pytest.param(bytes(range(256)) * 3, "no text in", None, id="bytes"),
    pytest.param(b"\0" * 100, "no text in", None, id="nothing"),
    pytest.param(b"PK\x03\x04" + bytes(100), "kind ZIP", None, id="a Word file"),
    pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "Word 97", None, id="an old Word file"),
    pytest.param(b"{\\rtf1\\ansi", "kind RTF", None, id="RTF"),
    pytest.param(b"%PDF-1.7\n", "kind PDF", None, id="PDF"),
    pytest.param(b"\x89PNG\r\n\x1a\n", "kind PNG", None, id="a picture"),
    pytest.param(
        SIMPLE.encode().decode("gbk", "replace").replace("\ufffd", "?").encode(), "read as GBK", None, id="UTF-8 as GBK"
    ),
    pytest.param("武山县架豆".encode().decode("gbk", "replace").encode(), "read as GBK", None, id="a few of it"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said", "line"), REFUSED)
@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_what_makes_no_sense_is_refused_with_what_it_looks_like(
    tmp_path: Path, data: bytes, said: str, line: int | None, suffix: str
) -> None:
    (problem,) = problems_of(written(tmp_path, f"a{suffix}", data))
    assert problem.field == "text"
    assert said in str(problem.message)
    assert line is None or problem.line == line


@pytest.mark.parametrize(
    "text",
    [
        as_latin(SIMPLE.encode()),
        SIMPLE.encode().decode("latin-1"),
        "好的一行。\n" + as_latin("第二行错了。".encode()) + "\n第三行。\n",
        as_latin(SIMPLE.encode("gbk")),
        as_latin(TRADITIONAL.encode("big5")),
    ],
)
def test_what_was_encoded_twice_is_read_once_and_told(text: str) -> None:
    once, draft = told(text.encode())
    assert once in (SIMPLE, TRADITIONAL, "好的一行。\n第二行错了。\n第三行。\n")
    (notice,) = draft.notices
    assert "encod" in str(notice.message)


@pytest.mark.parametrize("sign", ["\ufffd", "锟斤拷"])
def test_what_an_earlier_program_lost_is_pointed_at(sign: str) -> None:
    text, draft = told(f"武山架豆\n正{sign}文。".encode())
    assert sign in text
    (notice,) = draft.notices
    assert notice.line == 2


# Private characters


BYTES = [
    (b"\xfe\x50", "⺁"), (b"\xfe\x51", "𠂇"), (b"\xfe\x59", "龴"), (b"\xfe\x61", "龵"), (b"\xfe\x66", "龶"),
    (b"\xfe\x67", "龷"), (b"\xfe\x6c", "𡗗"), (b"\xfe\x6d", "龸"), (b"\xfe\x76", "𢦏"), (b"\xfe\x7e", "龹"),
    (b"\xfe\x80", "䜣"), (b"\xfe\x90", "龺"), (b"\xfe\x91", "𤇾"), (b"\xfe\x9f", "䶮"), (b"\xfe\xa0", "龻"),
    (b"\xa6\xd9", "︐"), (b"\xa6\xda", "︒"), (b"\xa6\xdf", "︖"), (b"\xa6\xec", "︗"), (b"\xa6\xf3", "︙"),
    (b"\xa8\xbc", "ḿ"), (b"\xa8\xbf", "ǹ"), (b"\xa9\x89", "〾"), (b"\xa9\x95", "⿻"), (b"\xa2\xe3", "€"),
    (b"\x82\x35\x90\x37", "龴"), (b"\x81\x35\xf4\x37", "ḿ"), (b"\x95\x32\x90\x31", "𠂇"), (b"\xa3\xa0", "\u3000"),
    (b"\x98\x36\xfe\x34", "𫖯"), (b"\x82\x34\xf4\x32", "鿏"),
]  # fmt: skip
"""GB 18030's bytes and what they have to be, whichever edition of the standard a codec follows."""


@pytest.mark.parametrize(("data", "character"), [pair for pair in BYTES if pair[1] not in "𫖯鿏"])
def test_bytes_that_editions_of_the_standard_read_differently(data: bytes, character: str) -> None:
    around = "青河县水岸村村民在村口说，".encode("gb18030")
    text, draft = told(around + data + around)
    assert text == clean(f"青河县水岸村村民在村口说，{character}青河县水岸村村民在村口说，")
    assert not draft.notices


def test_four_bytes_for_characters_beyond_gbk() -> None:
    text = "刘𫖯在县城，𠮷野在村里，刘䶮在家。"
    assert told(text.encode("gb18030"))[0] == text


def test_the_table_of_private_characters() -> None:
    assert len(REAL) == 107
    assert all("\ue000" <= private <= "\uf8ff" for private in REAL)
    assert not any("\ue000" <= real <= "\uf8ff" for real in REAL.values())
    assert {REAL[chr(code)] for code in range(0xE815, 0xE865)} >= set("䶮㑇㘎㧐㭎䁖䲟䴙龴龻𤇾")
    for code in range(0xE815, 0xE865):  # FE50–FE7E, FE80–FEA0 in their order
        trail = 0x50 + code - 0xE815 + (code >= 0xE844)
        read_by_codec = bytes([0xFE, trail]).decode("gb18030")
        assert read_by_codec in (chr(code), REAL[chr(code)])


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_a_name_in_private_characters_gets_its_real_one(tmp_path: Path, suffix: str) -> None:
    page = {
        ".txt": "丰收\n蒜农刘{}忙着挖蒜，秧苗长势喜人。\n",
        ".md": "# 丰收\n\n蒜农刘{}忙着挖蒜，秧苗长势喜人。\n",
        ".html": "<h1>丰收</h1><p>蒜农刘{}忙着挖蒜，秧苗长势喜人。</p>",
    }[suffix]
    manuscript = read(written(tmp_path, f"a{suffix}", page.format("\ue863")))
    assert "刘䶮忙着" in manuscript.article.body
    (notice,) = manuscript.notices
    assert "U+E863" in str(notice.message)
    assert "䶮" in str(notice.message)


@pytest.mark.parametrize("written_as", ["\ue000", "&#xE000;", "&#57344;"])
@pytest.mark.parametrize("suffix", [".md", ".html"])
def test_other_private_characters_are_named_and_never_published(tmp_path: Path, suffix: str, written_as: str) -> None:
    page = {".md": "# 丰收\n\n蒜农刘{}忙着挖蒜。\n", ".html": "<h1>丰收</h1>\n\n<p>蒜农刘{}忙着挖蒜。</p>"}[suffix]
    manuscript = read(written(tmp_path, f"a{suffix}", page.format(written_as)))
    assert f"刘{MISSING}忙着" in manuscript.article.body
    (notice,) = manuscript.notices
    assert "U+E000" in str(notice.message)


def test_a_private_character_is_told_with_its_line() -> None:
    text, draft = told("丰收\n\n蒜农刘\ue000忙着。\U000f0001".encode())
    assert text == f"丰收\n\n蒜农刘{MISSING}忙着。{MISSING}"
    assert [(notice.line, str(notice.message)[:40]) for notice in draft.notices] == [
        (3, "the private character U+E000 cannot be s"),
        (3, "the private character U+F0001 cannot be "),
    ]


def test_list_marks_of_symbol_fonts_become_bullets() -> None:
    assert told("要点：\n\uf06c 第一\n\uf0b7 第二\n\uf0fe 已办".encode())[0] == "要点：\n• 第一\n• 第二\n☑ 已办"


# Properties

COMMON = st.text(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多",
    min_size=2,
)


@settings(max_examples=200, deadline=None)
@given(text=COMMON, encoding=st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-8-sig"]))
def test_common_text_is_read_back_in_any_encoding(text: str, encoding: str) -> None:
    assert decoded(text.encode(encoding)).text == text


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["", "gbk", "big5", "utf-8", "rot13", "utf-7"]))
def test_any_bytes_are_plausible_or_refused(data: bytes, declared: str) -> None:
    try:
        found = decoded(data, declared)
    except NoText:
        text, draft = told(data, declared)
        assert (text, len(draft.problems)) == ("", 1)
    else:
        assert found.encoding.startswith("utf") or found.plausibility >= 0


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_valid_utf8_is_never_refused_for_what_it_says(text: str) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    _, draft = told("青河县举办茶艺交流会，三十人参加。".encode() + data)
    assert not draft.problems


def test_plausibility_grows_with_no_length() -> None:
    assert plausibility(SIMPLE) == plausibility(SIMPLE * 1000)


def test_the_text_of_a_page_in_an_old_encoding(tmp_path: Path) -> None:
    page = '<meta charset="utf-8"><h1>武山县</h1><p>架豆上市了。</p>'
    assert article_of(tmp_path, "a.html", page.encode("gbk")).headline == "武山县"
