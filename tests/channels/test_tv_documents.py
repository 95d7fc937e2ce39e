"""What people hold in their hands: the DOCX form, the prompter's texts, the pages."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest
from lxml import html

from channels.tv import documents
from channels.tv.documents import word
from channels.tv.script import Script
from pipeline.article import Column
from pipeline.manuscript import read
from pipeline.testing import Rehearsal, article_of, opening_of, revision_of
from tests import form
from tests.channels.tv_newsroom import DAY, EXAMPLES, put, script_of, story, television


@pytest.fixture
def rehearsal(tmp_path: Path) -> Rehearsal:
    return Rehearsal(television(tmp_path))


@pytest.fixture
def script(rehearsal: Rehearsal) -> Script:
    article = read(EXAMPLES / "wushan-sibuzhai.md").article.model_copy(update={"column": "tuopin"})
    return script_of(rehearsal.delivery(revision_of(article)))


def paragraphs(cell: object) -> list[str]:
    return [one.text for one in cell.paragraphs]  # type: ignore[attr-defined]


@pytest.fixture
def opening(rehearsal: Rehearsal) -> Script:
    """A column's opening: titles over which nothing is said, and the presenter."""
    column = Column(id="xczx", name="乡村振兴看武山", description="成效", keywords=("乡村",), note="今天开栏。")
    return script_of(rehearsal.delivery(revision_of(opening_of(column))))


# -- DOCX ------------------------------------------------------------------------------------------------


def test_the_form_opens_again_with_the_right_cells(script: Script) -> None:
    document = docx.Document(io.BytesIO(documents.docx(script)))
    assert [one.text for one in document.paragraphs[:2]] == ["武山县融媒体中心", "《武山新闻》电视新闻播出稿"]
    head, cues = document.tables
    told = {row.cells[0].text.replace("　", ""): row.cells[1].text for row in head.rows}
    told |= {
        row.cells[2].text.replace("　", "").replace(" ", ""): row.cells[3].text
        for row in head.rows
        if len(set(row.cells)) > 2
    }
    assert told["播出日期"] == "2026-11-24　星期二"
    assert told["播出时段"] == "19:30　《武山新闻》"
    assert told["稿号"] == "A1"
    assert told["标题"] == script.headline
    assert told["编辑"] == "马文洁"
    assert told["审核"] == told["签发"] == "（签字）"
    assert told["总时长"].startswith("1 分 23 秒（目标 1 分 30 秒")
    assert told["需编辑处理"].startswith("分点：")
    header, opening, *rows, ending = cues.rows
    assert [cell.text for cell in header.cells] == ["画　面", "解　说"]
    assert "片头" in opening.cells[0].text
    assert script.titles is not None
    assert paragraphs(opening.cells[1])[:2] == [f"【片头】　{script.titles.seconds} 秒", script.titles.text]
    assert "片尾" in ending.cells[0].text
    for row, cue in zip(rows, script.cues, strict=True):
        assert row.cells[0].text == cue.picture
        label, text, *read_as = paragraphs(row.cells[1])
        assert label == f"【{documents.label(cue)}】　{cue.seconds} 秒"
        assert text == cue.text
        assert bool(read_as) == bool(cue.readings)
    assert [one.text for one in document.paragraphs][-len(script.full_text) :] == list(script.full_text)


def test_the_form_is_a4_and_its_head_repeats(script: Script) -> None:
    document = docx.Document(io.BytesIO(documents.docx(script)))
    section = document.sections[0]
    assert (round(section.page_width.cm, 1), round(section.page_height.cm, 1)) == (21.0, 29.7)
    assert document.tables[1].rows[0]._tr.xpath("./w:trPr/w:tblHeader")
    assert all(row._tr.xpath("./w:trPr/w:cantSplit") for row in document.tables[1].rows[1:])
    footer = section.footer.paragraphs[0]._p.xpath(".//w:instrText")
    assert [one.text for one in footer] == ["PAGE", "NUMPAGES"]


def test_the_same_script_gives_the_same_bytes(script: Script) -> None:
    one = documents.docx(script)
    assert documents.docx(Script.model_validate_json(script.canonical())) == one
    with zipfile.ZipFile(io.BytesIO(one)) as package:
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert package.namelist()[0] == "[Content_Types].xml"


@pytest.mark.parametrize("headline", ["“3+3”<冲刺>&清零 \U0001f33d", "普通标题"])
def test_awkward_text_stands_in_every_document(rehearsal: Rehearsal, headline: str) -> None:
    script = script_of(rehearsal.delivery(revision_of(article_of(headline))))
    document = docx.Document(io.BytesIO(documents.docx(script)))
    assert headline in [row.cells[1].text for row in document.tables[0].rows]
    assert html.document_fromstring(documents.page(script, "0").decode()).xpath(f"//td[text()='{headline}']")
    assert headline.encode() in documents.text([script])


def parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def test_the_prepared_form_is_what_python_docx_makes() -> None:
    """`make form` after a change of tests/form.py, or of python-docx."""
    assert parts(word.FORM.read_bytes()) == parts(form.made())


def test_a_script_changes_only_its_own_parts_of_the_form(script: Script) -> None:
    prepared, written = parts(word.FORM.read_bytes()), parts(documents.docx(script))
    assert set(written) == set(prepared)
    assert {name for name in written if written[name] != prepared[name]} == set(word.PARTS)


def test_all_styles_of_a_form_are_in_it(script: Script) -> None:
    written = parts(documents.docx(script))
    known = set(re.findall(rb'w:styleId="(\w+)"', written["word/styles.xml"]))
    used = {style for part in written.values() for style in re.findall(rb'Style w:val="(\w+)"', part)}
    used |= {
        style for part in written.values() for style in re.findall(rb'<w:(?:basedOn|next|link) w:val="(\w+)"', part)
    }
    assert {b"TableGrid", b"Header", b"Footer"} <= used <= known


@pytest.mark.parametrize(
    "text", ["两行\n第二行", "a\tb", " 前后有空格 ", "两  个空格", "\u2028", "𠮷", "\n\n", "&lt;w:t&gt;]]>", ""]
)
def test_a_text_is_read_back_as_it_was(script: Script, text: str) -> None:
    changed = script.model_copy(update={"headline": text, "notes": (text, "末"), "column": text, "series": ""})
    document = docx.Document(io.BytesIO(documents.docx(changed)))
    assert [one.text for one in document.paragraphs][-2:] == [text, "末"]
    assert text in [row.cells[1].text for row in document.tables[0].rows]
    assert document.core_properties.title == " ".join(text.split())


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ufffe", "\ud800"])
def test_what_no_document_can_hold_is_refused(script: Script, character: str) -> None:
    with pytest.raises(ValueError, match="XML has no character"):
        documents.docx(script.model_copy(update={"headline": f"a{character}"}))


def test_a_form_is_written_without_python_docx(script: Script, tmp_path: Path) -> None:
    """It belongs to the tests; who installs Tongfa does not get it."""
    (tmp_path / "script.json").write_text(script.canonical(), encoding="utf-8")
    program = (
        "import sys; sys.modules['docx'] = None\n"
        "from channels.tv import documents; from channels.tv.script import Script\n"
        "script = Script.model_validate_json(open(sys.argv[1], encoding='utf-8').read())\n"
        "sys.stdout.buffer.write(documents.docx(script))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "script.json")], check=True, capture_output=True
    )
    assert made.stdout == documents.docx(script)


def test_the_details_tell_whose_it_is_and_when(script: Script) -> None:
    told = docx.Document(io.BytesIO(documents.docx(script))).core_properties
    assert (told.title, told.author, told.last_modified_by) == (script.headline, script.station, script.station)
    assert told.created == told.modified == datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.skipif(shutil.which("soffice") is None, reason="needs LibreOffice")
def test_libreoffice_opens_the_form(script: Script, tmp_path: Path) -> None:
    path = tmp_path / "a1.docx"
    path.write_bytes(documents.docx(script))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "txt:Text", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    text = (tmp_path / "a1.txt").read_text(encoding="utf-8-sig")
    assert script.cues[0].text in text


# -- the prompter ----------------------------------------------------------------------------------------


def test_the_prompters_text_is_the_spoken_form(script: Script) -> None:
    text = documents.text([script]).decode()
    heading, titles, series, instruction, first, *_ = text.split("\n\n")
    assert heading == f"【A1】{script.slug}"
    assert (titles, series) == ("【《脱贫攻坚奔小康》栏目片头】", "二零一九年脱贫攻坚奔小康系列报道之三。")
    assert instruction == "【导语】"
    assert first == script.cues[0].spoken
    assert not re.search(r"\d", text.removeprefix(heading))


def test_silent_titles_are_told_to_the_presenter(opening: Script) -> None:
    assert documents.text([opening]).decode().split("\n\n")[1:3] == ["【《乡村振兴看武山》栏目片头】", "【导语】"]
    assert documents.rtf([opening]).decode().count(r"\par") == 5  # heading, titles, instruction, text; \pard
    page = html.document_fromstring(documents.page(opening, "0").decode())
    (row,) = page.xpath("//table[@class='cues']//tr[@class='titles']")
    assert " ".join(row.text_content().split()) == "《乡村振兴看武山》栏目片头 【片头】 6 秒"
    assert ("总 时 长", f"{opening.seconds} 秒") in [field for fields in documents.head(opening) for field in fields]
    form = docx.Document(io.BytesIO(documents.docx(opening))).tables[1].rows[1]
    assert paragraphs(form.cells[1]) == ["【片头】　6 秒"]


def test_a_columns_bug_is_a_caption(script: Script, opening: Script) -> None:
    assert documents.captions(script)[0] == ("角　　标", ["《脱贫攻坚奔小康》", "2019年脱贫攻坚奔小康系列报道之三"])
    assert documents.captions(opening)[0] == ("角　　标", ["《乡村振兴看武山》"])
    assert documents.played(opening)[0] == "《乡村振兴看武山》栏目片头　6 秒"


def test_rtf_says_the_same(script: Script) -> None:
    """Read as the format's specification says: escapes are UTF-16 units, signed."""
    data = documents.rtf([script, script]).decode("ascii")
    assert data.startswith("{\\rtf1\\ansi")
    assert data.count("{") - data.count("\\{") == data.count("}") - data.count("\\}")
    units = re.sub(r"\\u(-?\d+)\?", lambda found: chr(int(found[1]) & 0xFFFF), data)
    for cue in script.cues:
        assert units.count(cue.spoken) == 2
    assert data.count("\\page") == 1


def test_rtf_escapes_its_own_signs_and_rare_characters(rehearsal: Rehearsal) -> None:
    script = script_of(rehearsal.delivery(revision_of(article_of("a{b}\\c 𠮷"))))
    assert r"a\{b\}\\c \u-10174?\u-8265?" in documents.rtf([script]).decode()


# -- pages -----------------------------------------------------------------------------------------------


def test_the_pages_need_nothing_inline(rehearsal: Rehearsal) -> None:
    """The server's policy is `default-src 'self'`: no inline script or style, everything from the site itself."""
    put(rehearsal, story(1))
    put(rehearsal, story(2))
    rehearsal.withdraw(story(2), "数据有误")
    files = rehearsal.channel.files  # type: ignore[attr-defined]
    for path in ("index.html", f"{DAY}/index.html", f"{DAY}/a1.html", f"{DAY}/a2.gone.html", f"{DAY}/prompter.html"):
        page = html.document_fromstring(files.read(path).decode())
        assert not page.xpath("//style | //script[not(@src)] | //*[@style] | //@onclick"), path
        for address in page.xpath("//@href | //@src"):
            assert "://" not in address, address
            if not address.startswith("#"):
                target = (Path(files.root) / path).parent / address.partition("#")[0]
                assert target.exists() or (target / "index.html").exists(), (path, address)
        assert page.xpath("//meta[@name='robots']/@content") == ["noindex, nofollow"]
    assert files.read(f"{DAY}/a2.html") is None
    assert files.notice(f"{DAY}/a2.html") is not None


def test_the_script_page_shows_the_script(script: Script) -> None:
    page = html.document_fromstring(documents.page(script, "f00d").decode())
    assert page.xpath("//meta[@name='tongfa-digest']/@content") == ["f00d"]
    assert script.titles is not None
    heard = [script.titles, *script.cues]
    assert page.xpath("//p[@class='said']/text()") == [one.text for one in heard]
    said = ["".join(one.itertext()) for one in page.xpath("//dl[@class='read']/dd")]
    assert said == [f"{printed}{read_as}" for one in heard for printed, read_as in one.readings]


def test_the_preview_is_complete_in_itself(rehearsal: Rehearsal) -> None:
    delivery = rehearsal.delivery(story(1))
    assert delivery.rendition is not None
    media_type, content = rehearsal.channel.preview(
        delivery.revision, delivery.rendition, rehearsal.newsroom, rehearsal.media
    )
    assert media_type == "text/html"
    assert not html.document_fromstring(content.decode()).xpath("//link | //script")


def test_the_rundown_shows_times_lock_and_withdrawals(rehearsal: Rehearsal) -> None:
    for n in (1, 2, 3):
        put(rehearsal, story(n))
    rehearsal.withdraw(story(3), "")
    rehearsal.channel.lock(story(1).published_at.date(), "值班制片人", story(1).published_at)  # type: ignore[attr-defined]
    page = rehearsal.channel.files.read(f"{DAY}/index.html").decode()  # type: ignore[attr-defined]
    text = " ".join(html.document_fromstring(page).text_content().split())
    assert "已锁定 值班制片人 11-24 12:01" in text
    assert "计划15 分 00 秒" in text
    assert "条数2" in text
    assert "撤下的稿件 A3 武山县第3条消息" in text
    assert text.count("就绪") == 2
