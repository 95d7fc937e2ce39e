"""What Word and WPS write beside plain paragraphs: boxes, notes, fields, symbols, numbers, changes, tables, hints."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from pipeline.manuscript import read
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.word import markup
from pipeline.manuscript.word.package import Package
from tests.unit.manuscripts import known, problems_of, written
from tests.unit.manuscripts import picture as png
from tests.unit.manuscripts.word import (
    LEAD,
    XMLNS,
    Word,
    box,
    cell,
    choice,
    drawn,
    field_of,
    form,
    level,
    num,
    numbered,
    numbering,
    p,
    picture,
    r,
    relation,
    relations,
    shape,
    style,
    styled,
    t,
    table,
    vml,
    zipped,
)


def body_of(folder: Path, body: str, **parts: object) -> str:
    """What is made of a text that stands between two ordinary paragraphs."""
    lead = f"<p>{LEAD}</p>"
    whole = Word(p(LEAD) + body + p(LEAD), **parts).text(folder)  # type: ignore[arg-type]
    assert whole.startswith(lead)
    before, _, behind = whole.removeprefix(lead).rpartition(lead)
    return f"{before}|{behind}" if behind else before


def content_of(body: str, **parts: object) -> list[Block]:
    """The blocks of a document, before a headline is looked for."""
    draft = Draft("稿件.docx")
    return blocks(markup(Package(bytes(Word(body, headline="", **parts))), draft), draft, known)  # type: ignore[arg-type]


def notices_of(folder: Path, body: str, **parts: object) -> list[str]:
    return [str(one.message) for one in Word(p(LEAD) + body, **parts).read(folder).notices]  # type: ignore[arg-type]


# Text boxes


@pytest.mark.parametrize(
    "kind",
    [
        box,
        lambda content: box(content, fallback=False),
        lambda content: r(vml(content)),
        lambda content: r(drawn(shape(content))),
        lambda content: r(choice("<kso:diagonals/>", vml(content), requires="kso")),
        lambda content: r(choice(drawn(f"<wpg:wgp>{shape(content)}</wpg:wgp>"), vml(content), requires="wpg")),
    ],
    ids=["both", "no fallback", "VML", "DrawingML", "only the fallback can be read", "group"],
)
def test_a_text_box_is_read_once_where_it_is_anchored(tmp_path: Path, kind: object) -> None:
    two = kind(p("框中第一段。") + p("框中第二段。"))  # type: ignore[operator]
    assert body_of(tmp_path, p(two, "锚在段首。")) == "<p>框中第一段。</p><p>框中第二段。</p><p>锚在段首。</p>"
    assert body_of(tmp_path, p("锚在", two, "句中。")) == "<p>锚在句中。</p><p>框中第一段。</p><p>框中第二段。</p>"
    assert body_of(tmp_path, table([cell(p(two)), cell("乙")])) == (
        "<table><tbody><tr><td>框中第一段。<br/>框中第二段。</td><td>乙</td></tr></tbody></table>"
    )


def test_a_box_in_a_box_and_a_table_in_a_box(tmp_path: Path) -> None:
    inner = box(p("里层。"))
    assert body_of(tmp_path, p(box(p("外层", inner, "。") + table([cell("甲"), cell("乙")])))) == (
        "<p>外层。</p><p>里层。</p><table><tbody><tr><td>甲</td><td>乙</td></tr></tbody></table>"
    )


def test_word_art_is_text(tmp_path: Path) -> None:
    art = r('<w:pict><v:shape><v:textpath string="喜迎丰收节"/></v:shape></w:pict>')
    assert body_of(tmp_path, p(art)) == "<p>喜迎丰收节</p>"


ONE, TWO = {"one.png": png()}, {"one.png": png(), "two.png": png(colour="blue")}


@pytest.mark.parametrize(
    "body",
    [
        p(picture("one")) + p(box(p("村民采摘架豆。"))),
        p(picture("one"), box(p("村民采摘架豆。"))),
        p(box(p("村民采摘架豆。")), picture("one")),
        p(picture("one")) + p() + p(box(p("村民采摘架豆。")), "后文另起一句。"),
        p(r(drawn(f'<wpg:wgp><pic:pic><a:blip r:embed="one"/></pic:pic>{shape(p("村民采摘架豆。"))}</wpg:wgp>'))),
        p(box(p(picture("one")) + p("村民采摘架豆。"))),
        p(picture("one"), box(p("村民") + p("采摘架豆。"))),
    ],
    ids=["below", "beside", "before", "at the next paragraph", "group", "both in a box", "two lines"],
)
def test_a_box_of_few_words_beside_a_picture_is_its_caption(tmp_path: Path, body: str) -> None:
    article = Word(p(LEAD) + body, media=ONE).read(tmp_path).article
    assert [image.caption.replace(" ", "") for image in article.images] == ["村民采摘架豆。"]
    assert article.body.count("采摘架豆。</") == 1


@pytest.mark.parametrize(
    "order",
    [
        lambda one, two, first, second: p(one, first, two, second),
        lambda one, two, first, second: p(first, one, second, two),
        lambda one, two, first, second: p(one, first) + p(two) + p(second),
    ],
)
def test_each_picture_has_the_box_beside_it(tmp_path: Path, order: object) -> None:
    body = order(picture("one"), picture("two"), box(p("晨。")), box(p("昏。")))  # type: ignore[operator]
    article = Word(p(LEAD) + body, media=TWO).read(tmp_path).article
    assert {image.digest: image.caption for image in article.images} == {
        _digest(TWO["one.png"]): "晨。", _digest(TWO["two.png"]): "昏。",
    }  # fmt: skip


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("text", ["温馨提示：请绕行。", "链接：架豆的来历。", "长" * 61])
def test_a_box_with_a_text_of_its_own_is_no_caption(tmp_path: Path, text: str) -> None:
    article = Word(p(LEAD) + p(picture("one")) + p(box(p(text))), media=ONE).read(tmp_path).article
    assert article.images[0].caption == ""
    assert article.body.endswith(f"<p>{text}</p>")


def test_of_alternatives_the_one_that_can_be_read_is_read(tmp_path: Path) -> None:
    pictured = drawn('<pic:pic><a:blip r:embed="one"/></pic:pic>')
    chart = Word(p(LEAD) + p(r(choice(drawn("<c:chart/>"), pictured, requires="cx"))), media=ONE).read(tmp_path)
    assert (len(chart.article.images), chart.notices) == (1, ())
    assert body_of(tmp_path, p("前", r(choice("<kso:nothing/>", requires="kso")), "后。")) == "<p>前后。</p>"
    block = choice(p("新。"), p("旧。"), requires="w15")
    assert body_of(tmp_path, block) == "<p>新。</p>"
    inside = choice(choice(t("内。"), t("旧。")), t("外。"))
    assert body_of(tmp_path, p(r(inside))) == "<p>内。</p>"


@pytest.mark.parametrize(
    "drawing", ["<c:chart/>", "<dgm:relIds xmlns:dgm='http://schemas.openxmlformats.org/drawingml/2006/diagram'/>"]
)
def test_charts_and_diagrams_are_told(tmp_path: Path, drawing: str) -> None:
    assert notices_of(tmp_path, p(r(drawn(drawing)))) == [
        "a chart or drawing was left out; only pictures are published"
    ]


def test_a_line_drawn_for_decoration_is_not_told(tmp_path: Path) -> None:
    assert notices_of(tmp_path, p(r(choice(drawn("<wps:wsp/>"), "<w:pict><v:line/></w:pict>")))) == []


# Readings, fields and symbols


def ruby(base: str, reading: str, look: str = "") -> str:
    return r(f"<w:ruby><w:rt>{r(reading)}</w:rt><w:rubyBase>{r(base, look)}</w:rubyBase></w:ruby>")


def test_ruby_is_kept_with_its_base(tmp_path: Path) -> None:
    body = p("村民", ruby("䶮", "yǎn"), ruby("妈", "mā"), ruby("妈", "mā"), "先生。")
    assert body_of(tmp_path, body) == (
        "<p>村民<ruby>䶮<rt>yǎn</rt></ruby><ruby>妈<rt>mā</rt></ruby><ruby>妈<rt>mā</rt></ruby>先生。</p>"
    )
    assert body_of(tmp_path, p(ruby("岞", "zuò", "<w:b/>"))) == "<p><strong><ruby>岞<rt>zuò</rt></ruby></strong></p>"
    assert body_of(tmp_path, p(ruby("岞", ""), ruby("", "zuò"))) == "<p>岞zuò</p>"


def test_ruby_in_a_caption_stands_in_brackets(tmp_path: Path) -> None:
    body = p(LEAD) + p(picture("one")) + p("图为", ruby("岞", "zuò"), "山。")
    assert Word(body, media=ONE).read(tmp_path).article.images[0].caption == "图为岞（zuò）山。"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (r"eq \o\ac(○,2)", "②"),
        (r" EQ \o\ac(○, 15) ", "⑮"),
        (r"eq\o\ac(○,3)", "③"),
        (r"eq \o\ac(○,50)", "㊿"),
        (r"eq \o\ac(○,A)", "Ⓐ"),
        (r"eq \o\ac(○,张)", "○张"),
        (r"eq \o\ac(□,1)", "□1"),
        (r'EQ \* jc2 \* "Font:宋体" \* hps10 \o\ad(\s\up 9(zuò),岞)', "<ruby>岞<rt>zuò</rt></ruby>"),
        (r"eq \o(\s\up 6(上),\s\do 2(下))", "上下"),
        (r"eq \f(1,2)", "1/2"),
        (r"eq \f(a+b,2)", "(a+b)/2"),
        (r"eq \r(3,x)", "∛x"),
        (r"eq x\s\up8(2)", "x<sup>2</sup>"),
        (r"eq \i\su(i=1,n,i)", "∑<sub>i=1</sub><sup>n</sup>i"),
        (r"eq \b\bc\[(甲\,乙)", "[甲,乙]"),
        (r"eq \a\al(甲,乙)", "甲 乙"),
        (r"eq \x(框)", "框"),
        ("SYMBOL 252 \\f \"Wingdings\" \\s 12", "✓"),
        ("QUOTE \"引文\"", "引文"),
    ],
)  # fmt: skip
def test_what_a_field_without_result_shows(tmp_path: Path, code: str, shown: str) -> None:
    assert body_of(tmp_path, p("前", field_of(code), "后。")) == f"<p>前{shown}后。</p>"


def test_the_result_of_a_field_is_text_and_its_code_is_not(tmp_path: Path) -> None:
    nested = field_of("IF 1 = 1 " + "甲", field_of("REF b", r("结")), r("果"))
    assert body_of(tmp_path, p("前", nested, "后。")) == "<p>前结果后。</p>"
    assert body_of(tmp_path, p(field_of("REF a", r("旧值")) + field_of("PAGE"))) == "<p>旧值</p>"
    assert body_of(tmp_path, p('<w:fldSimple w:instr="REF a">' + r("简") + "</w:fldSimple>")) == "<p>简</p>"
    assert body_of(tmp_path, p('<w:fldSimple w:instr="eq \\o\\ac(○,1)"/>', "号")) == "<p>①号</p>"


@pytest.mark.parametrize("missing", ["end", "separate", "begin", "code"])
def test_an_unfinished_field_hides_no_text(tmp_path: Path, missing: str) -> None:
    parts = {
        "begin": '<w:r><w:fldChar w:fldCharType="begin"/></w:r>',
        "code": "<w:r><w:instrText>TOC</w:instrText></w:r>",
        "separate": '<w:r><w:fldChar w:fldCharType="separate"/></w:r>',
        "text": r("框外。"),
        "end": '<w:r><w:fldChar w:fldCharType="end"/></w:r>',
    }
    del parts[missing]
    assert body_of(tmp_path, p(*parts.values()) + p("下一段。")) == "<p>框外。</p><p>下一段。</p>"


def test_links_of_fields_and_elements(tmp_path: Path) -> None:
    link = f'<w:hyperlink r:id="link" w:anchor="p2">{r("县网")}</w:hyperlink>'
    inner = f'<w:hyperlink w:anchor="p2">{r("本文")}</w:hyperlink>'
    field = field_of('HYPERLINK "https://b.cn/" \\o "提示"', r("域"), r("名", "<w:b/>"))
    place = field_of('HYPERLINK \\l "p2"', r("内"))
    assert body_of(tmp_path, p(link, inner, field, place), links={"link": "https://a.cn/"}) == (
        '<p><a href="https://a.cn/#p2">县网</a>本文<a href="https://b.cn/">域<strong>名</strong></a>内</p>'
    )


@pytest.mark.parametrize(
    ("symbol", "shown"),
    [
        ('w:font="Wingdings" w:char="F0FE"', "☑"),
        ('w:font="Wingdings" w:char="F0A8"', "◻"),
        ('w:font="Wingdings 2" w:char="0052"', "☑"),
        ('w:font="Wingdings 2" w:char="F0A3"', "□"),
        ('w:font="Wingdings" w:char="F08C"', "❶"),
        ('w:font="Wingdings" w:char="F0E0"', "→"),
        ('w:font="Symbol" w:char="F0B0"', "°"),
        ('w:font="Symbol" w:char="F0B3"', "≥"),
        ('w:font="Webdings" w:char="F061"', "✓"),
        ('w:font="宋体" w:char="25A1"', "□"),
    ],
)
def test_symbols_are_characters(tmp_path: Path, symbol: str, shown: str) -> None:
    assert body_of(tmp_path, p("前", r(f"<w:sym {symbol}/>"), "后。")) == f"<p>前{shown}后。</p>"


def test_text_in_a_symbol_font_is_what_it_shows(tmp_path: Path) -> None:
    fonts = '<w:rFonts w:ascii="Wingdings" w:eastAsia="宋体"/>'
    assert body_of(tmp_path, p(r("\uf0fcü已落实", fonts))) == "<p>✓✓已落实</p>"


def test_an_unknown_symbol_is_told_by_font_and_code(tmp_path: Path) -> None:
    body = p("前", r('<w:sym w:font="MT Extra" w:char="F041"/>'), "后。")
    assert notices_of(tmp_path, body) == ["a character of the font MT Extra was left out (code F041)"]


def control(inside: str, properties: str = "") -> str:
    return f"<w:sdt><w:sdtPr>{properties}</w:sdtPr><w:sdtContent>{inside}</w:sdtContent></w:sdt>"


def legacy(kind: str, data: str) -> str:
    begin = f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{data}</w:ffData></w:fldChar></w:r>'
    return f'{begin}<w:r>{t(kind, "instrText")}</w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'


def test_forms_keep_what_was_filled_in(tmp_path: Path) -> None:
    state = '<w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox>'.format
    assert body_of(tmp_path, p(control(r("☒"), state(1)), "是", control(r("☐"), state(0)), "否")) == "<p>☒是☐否</p>"
    assert body_of(tmp_path, p(control("", state(1)), control("", state(0)))) == "<p>☑☐</p>"
    assert body_of(tmp_path, p(control(r("张三"), "<w:text/>"), "村")) == "<p>张三村</p>"
    assert body_of(tmp_path, control(p("整段。"))) == "<p>整段。</p>"
    assert body_of(tmp_path, table([control(cell("甲")), cell("乙")], control("<w:tr>" + cell("丙") + "</w:tr>"))) == (
        "<table><tbody><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td></tr></tbody></table>"
    )
    boxes = "<w:checkBox><w:default w:val='{}'/></w:checkBox>".format
    checked = "<w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox>"
    body = p(*(legacy("FORMCHECKBOX", one) for one in (boxes(0), boxes(1), checked)))
    assert body_of(tmp_path, body) == "<p>☐☑☑</p>"
    choices = "<w:ddList><w:result w:val='1'/><w:listEntry w:val='甲'/><w:listEntry w:val='乙'/></w:ddList>"
    assert body_of(tmp_path, p(legacy("FORMDROPDOWN", choices), "镇")) == "<p>乙镇</p>"
    assert body_of(tmp_path, p(field_of("FORMTEXT", r("填写")))) == "<p>填写</p>"


def test_prompts_of_forms_stay_out_and_are_told(tmp_path: Path) -> None:
    body = p(control(r("单击此处输入姓名"), "<w:showingPlcHdr/>"), "到会。")
    manuscript = Word(p(LEAD) + body + control(p("选择日期"), "<w:showingPlcHdr/>")).read(tmp_path)
    assert manuscript.article.body.endswith("<p>到会。</p>")
    assert [line.text for line in manuscript.reading.dropped] == ["单击此处输入姓名", "选择日期"]


def math(inside: str) -> str:
    return f"<m:oMath>{inside}</m:oMath>"


def m(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def of(tag: str, **arguments: str) -> str:
    return f"<m:{tag}>{''.join(f'<m:{name}>{inside}</m:{name}>' for name, inside in arguments.items())}</m:{tag}>"


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (m("7.6%"), "7.6%"),
        (of("f", num=m("1"), den=m("2")), "1/2"),
        (of("f", num=m("a+b"), den=m("2")), "(a+b)/2"),
        (of("sSup", e=m("m"), sup=m("2")), "m<sup>2</sup>"),
        (of("sSub", e=m("H"), sub=m("2")) + m("O"), "H<sub>2</sub>O"),
        (of("sSubSup", e=m("x"), sub=m("i"), sup=m("2")), "x<sub>i</sub><sup>2</sup>"),
        (of("rad", e=m("2")), "√2"),
        (of("rad", deg=m("3"), e=m("a+b")), "∛(a+b)"),
        (of("nary", naryPr='<m:chr m:val="∑"/>', sub=m("1"), sup=m("n"), e=m("i")), "∑<sub>1</sub><sup>n</sup>i"),
        (of("d", dPr='<m:begChr m:val="["/><m:endChr m:val="]"/>', e=m("x")), "[x]"),
        (of("func", fName=m("sin"), e=m("x")), "sin x"),
        (of("eqArr", e=m("x=1")), "x=1"),
        ("<m:unknown>" + m("y") + "</m:unknown>", "y"),
        ("<w:del>" + m("删") + "</w:del>" + m("留"), "留"),
    ],
)  # fmt: skip
def test_formulas_are_written_in_one_line(tmp_path: Path, formula: str, shown: str) -> None:
    assert body_of(tmp_path, p("增长", math(formula), "。")) == f"<p>增长{shown}。</p>"
    assert body_of(tmp_path, p(f"<m:oMathPara>{math(formula)}</m:oMathPara>")) == f"<p>{shown}</p>"


def test_only_formulas_that_lose_their_form_are_told(tmp_path: Path) -> None:
    assert notices_of(tmp_path, p(math(m("7.6%")))) == []
    (notice,) = notices_of(tmp_path, p(math(of("f", num=m("1"), den=m("2")))))
    assert notice == "a formula was written in one line: 1/2"


# Notes


def foot(number: object) -> str:
    return r(f'<w:footnoteReference w:id="{number}"/>')


def end(number: object) -> str:
    return r(f'<w:endnoteReference w:id="{number}"/>')


MARK = "<w:r><w:footnoteRef/></w:r>"


def test_notes_of_both_kinds_stand_last_in_the_order_of_the_text(tmp_path: Path) -> None:
    separator = '" w:type="separator'
    body = body_of(
        tmp_path,
        p("增长5.1%", foot(7), "和7.3%", end(1), "，见", foot(3), "。"),
        footnotes={f"-1{separator}": p("分隔"), "3": p(MARK, " 注三。"), "7": p(MARK, " 注七。") + p("又一段。")},
        endnotes={"1": p("尾注", r("一", "<w:b/>"), "。")},
    )
    assert body == (
        '<p>增长5.1%<sup><a href="#note-1">[1]</a></sup>和7.3%<sup><a href="#note-2">[2]</a></sup>，见'
        '<sup><a href="#note-3">[3]</a></sup>。</p>|<p id="note-1">[1] 注七。<br/>又一段。</p>'
        '<p id="note-2">[2] 尾注<strong>一</strong>。</p><p id="note-3">[3] 注三。</p>'
    )


def test_a_note_without_reference_is_kept_and_a_reference_without_note_is_nothing(tmp_path: Path) -> None:
    body = body_of(tmp_path, p("甲", foot(9), "。"), footnotes={"1": p("无人提到。")})
    assert body == '<p>甲。</p>|<p id="note-1">[1] 无人提到。</p>'


def test_notes_may_refer_to_each_other(tmp_path: Path) -> None:
    notes = {"1": p("见", foot(2)), "2": p("见", foot(1), foot(2)), "3": p("<w:proofErr/>")}
    assert body_of(tmp_path, p("甲", foot(1), foot(3), "。"), footnotes=notes) == (
        '<p>甲<sup><a href="#note-1">[1]</a></sup>。</p>|<p id="note-1">[1] 见<sup><a href="#note-2">[2]</a></sup></p>'
        '<p id="note-2">[2] 见<sup><a href="#note-1">[1]</a></sup><sup><a href="#note-2">[2]</a></sup></p>'
    )


def test_a_note_whose_reference_was_deleted_is_deleted(tmp_path: Path) -> None:
    manuscript = Word(p(LEAD) + p("甲", f"<w:del>{foot(1)}</w:del>", "。"), footnotes={"1": p("删去的注。")}).read(
        tmp_path
    )
    assert manuscript.article.body.endswith("<p>甲。</p>")
    assert [line.text for line in manuscript.reading.dropped] == ["删去的注。"]


def test_notes_in_tables_headings_and_of_the_headline(tmp_path: Path) -> None:
    body = p("一节", foot(1), ppr=style("h1")) + table([cell(p("甲", foot(2))), cell("乙")])
    assert body_of(tmp_path, body, footnotes={"1": p("注甲。"), "2": p("注乙。")}) == (
        '<h2>一节<sup><a href="#note-1">[1]</a></sup></h2>'
        '<table><tbody><tr><td>甲<sup><a href="#note-2">[2]</a></sup></td><td>乙</td></tr></tbody></table>|'
        '<p id="note-1">[1] 注甲。</p><p id="note-2">[2] 注乙。</p>'
    )
    titled = Word(p("标题", foot(1), ppr=style("t")) + p(LEAD), footnotes={"1": p("题注。")}, headline="").read(
        tmp_path
    )
    assert titled.article.headline == "标题"
    assert titled.article.body == f'<p>{LEAD}</p><p id="note-1">[1] 题注。</p>'


# Changes, and what is no running text


def deleted(text: str) -> str:
    return f"<w:del><w:r>{t(text, 'delText')}</w:r></w:del>"


GONE = "<w:rPr><w:del/></w:rPr>"


def test_a_deleted_paragraph_mark_joins_two_paragraphs(tmp_path: Path) -> None:
    assert body_of(tmp_path, p("每周一巡、", ppr=GONE) + p("每月一清。")) == "<p>每周一巡、每月一清。</p>"
    assert body_of(tmp_path, p("甲", ppr=GONE) + p("乙", ppr=GONE) + p("丙。")) == "<p>甲乙丙。</p>"
    assert body_of(tmp_path, p("前。") + p(deleted("全删"), ppr=GONE) + p("后。")) == "<p>前。</p><p>后。</p>"
    assert body_of(tmp_path, p("甲。", ppr=GONE) + table([cell("一"), cell("二")])).startswith("<p>甲。</p><table>")
    assert body_of(tmp_path, p("小题", ppr=style("h1") + GONE) + p("正文。")) == "<p>小题正文。</p>"
    moved = "<w:rPr><w:moveFrom/></w:rPr>"
    assert body_of(tmp_path, p("甲", ppr=moved) + p("乙。")) == "<p>甲乙。</p>"


def test_a_large_first_letter_belongs_to_its_paragraph(tmp_path: Path) -> None:
    body = p("五", ppr='<w:framePr w:dropCap="drop" w:lines="3"/>') + p("月的水头村，藕田泛绿。")
    assert body_of(tmp_path, body) == "<p>五月的水头村，藕田泛绿。</p>"


def test_what_was_deleted_hidden_or_struck_is_told_in_its_words(tmp_path: Path) -> None:
    hidden = styled("x", "x", "<w:rPr><w:vanish/></w:rPr>", kind="character")
    body = p("前", deleted("删一"), deleted("删二"), r("隐", "<w:vanish/>"), r("藏", '<w:rStyle w:val="x"/>'), "后。")
    manuscript = Word(p(LEAD) + body + p(r("划去", "<w:dstrike/>"), "。"), styles=hidden).read(tmp_path)
    assert manuscript.article.body.endswith("<p>前后。</p><p>。</p>")
    assert [(line.text, str(line.why)) for line in manuscript.reading.dropped] == [
        ("删一删二", "deleted with tracked changes"), ("隐藏", "hidden text"), ("划去", "it is struck through"),
    ]  # fmt: skip


def test_moved_text_is_told_only_where_it_did_not_arrive(tmp_path: Path) -> None:
    arrived = p(f"<w:moveFrom>{r('搬家')}</w:moveFrom>", "甲。") + p(f"<w:moveTo>{r('搬家')}</w:moveTo>", "乙。")
    manuscript = Word(p(LEAD) + arrived).read(tmp_path)
    assert manuscript.article.body.endswith("<p>甲。</p><p>搬家乙。</p>")
    assert manuscript.reading.dropped == ()
    lost = Word(p(LEAD) + arrived + p(f"<w:moveFrom>{r('走失')}</w:moveFrom>", "丙。")).read(tmp_path)
    assert [line.text for line in lost.reading.dropped] == ["走失"]


GALLERY = '<w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj>'
TOC = style("toc")
BEGIN = (
    '<w:r><w:fldChar w:fldCharType="begin"/><w:instrText>TOC</w:instrText><w:fldChar w:fldCharType="separate"/></w:r>'
)
END = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'


@pytest.mark.parametrize(
    "contents",
    [
        control(p("目录") + p("一、甲") + p("二、乙"), GALLERY),
        p("目录", ppr=TOC) + p(field_of("TOC \\o", r("一、甲")), ppr=TOC) + p("二、乙", ppr=TOC),
        p(BEGIN, "目录") + p("一、甲") + p("二、乙", END),
    ],
    ids=["control", "style", "field"],
)
def test_a_table_of_contents_stays_out(tmp_path: Path, contents: str) -> None:
    manuscript = Word(p(LEAD) + contents + p("一、甲"), styles=styled("toc", "toc 1")).read(tmp_path)
    assert manuscript.article.body == f"<p>{LEAD}</p><p>一、甲</p>"
    assert [line.text for line in manuscript.reading.dropped] == ["目录", "一、甲", "二、乙"]


# Numbers


def listed(*levels: tuple[str, str], more: str = "") -> str:
    return numbering(levels, more=more)


@pytest.mark.parametrize(
    ("levels", "body", "shown"),
    [
        ([("chineseCountingThousand", "%1、")], [("甲", 0), ("乙", 0)], "<p>一、甲</p><p>二、乙</p>"),
        ([("chineseCounting", "第%1章"), ("chineseCounting", "第%2条")],
         [("总则", 0), ("宗旨", 1), ("附则", 0), ("施行", 1)],
         "<p>第一章　总则</p><p>第一条　宗旨</p><p>第二章　附则</p><p>第一条　施行</p>"),
        ([("decimal", "%1."), ("decimal", "%1.%2")], [("甲", 0), ("乙", 1)], "<ol><li>甲</li></ol><p>1.1 乙</p>"),
        ([("chineseCounting", "%1、"), ("decimal", "%2.")], [("甲", 0), ("子", 1), ("丑", 1), ("乙", 0), ("寅", 1)],
         "<p>一、甲</p><ol><li>子</li><li>丑</li></ol><p>二、乙</p><ol><li>寅</li></ol>"),
        ([("decimal", "（%1）")], [("甲", 0), ("乙", 0)], "<p>（1）甲</p><p>（2）乙</p>"),
        ([("ideographTraditional", "%1、")], [("子", 0), ("丑", 0)], "<p>甲、子</p><p>乙、丑</p>"),
        ([("upperRoman", "%1.")], [("甲", 0), ("乙", 0)], "<p>I.甲</p><p>II.乙</p>"),
        ([("bullet", "\uf06c"), ("bullet", "o")], [("甲", 0), ("子", 1), ("乙", 0)],
         "<ul><li>甲<ul><li>子</li></ul></li><li>乙</li></ul>"),
        ([("bullet", "注：")], [("甲", 0)], "<p>注：甲</p>"),
        ([("none", "")], [("甲", 0)], "<p>甲</p>"),
    ],
)  # fmt: skip
def test_numbers_that_carry_meaning_are_text(
    tmp_path: Path, levels: list[tuple[str, str]], body: list[tuple[str, int]], shown: str
) -> None:
    paragraphs = "".join(p(text, ppr=numbered(1, depth)) for text, depth in body)
    assert body_of(tmp_path, paragraphs, numbering=numbering(levels)) == shown


def test_a_list_in_one_piece_is_a_list_and_an_interrupted_one_keeps_its_numbers(tmp_path: Path) -> None:
    plain = listed(("decimal", "%1."))
    first, second, third = (p(text, ppr=numbered(1)) for text in "甲乙丙")
    assert body_of(tmp_path, first + second, numbering=plain) == "<ol><li>甲</li><li>乙</li></ol>"
    assert body_of(tmp_path, first + p("说明。") + second, numbering=plain) == "<p>1.甲</p><p>说明。</p><p>2.乙</p>"
    assert body_of(tmp_path, first + p(picture("one")) + second, numbering=plain, media=ONE).startswith("<p>1.甲</p>")
    empty = p("<w:proofErr/>", ppr=numbered(1))
    assert body_of(tmp_path, first + empty + third, numbering=plain) == "<p>1.甲</p><p>3.丙</p>"


def test_lists_begin_anew_where_the_document_says_so(tmp_path: Path) -> None:
    again = num(2, 1, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>')
    on = num(3, 1)
    body = "".join(p(text, ppr=numbered(number)) for text, number in (("甲", 1), ("乙", 2), ("丙", 3)))
    text = listed(("chineseCounting", "%1、"), more=again + on)
    assert body_of(tmp_path, body, numbering=text) == "<p>一、甲</p><p>一、乙</p><p>二、丙</p>"
    changed = num(2, 1, f'<w:lvlOverride w:ilvl="0">{level(0, "decimal", "%1号")}</w:lvlOverride>')
    body = p("甲", ppr=numbered(1)) + p("乙", ppr=numbered(2))
    assert body_of(tmp_path, body, numbering=listed(("chineseCounting", "%1、"), more=changed)) == (
        "<p>一、甲</p><p>2号　乙</p>"
    )


def test_levels_that_do_not_begin_anew_count_on(tmp_path: Path) -> None:
    levels = level(0, "chineseCounting", "第%1章") + level(1, "chineseCounting", "第%2条", '<w:lvlRestart w:val="0"/>')
    body = "".join(p(text, ppr=numbered(1, depth)) for text, depth in (("甲", 0), ("子", 1), ("乙", 0), ("丑", 1)))
    assert body_of(tmp_path, body, numbering=form(1, levels) + num(1, 1)) == (
        "<p>第一章　甲</p><p>第一条　子</p><p>第二章　乙</p><p>第二条　丑</p>"
    )


def test_numbers_of_styles_and_of_styles_of_lists(tmp_path: Path) -> None:
    numbers = '<w:pPr><w:numPr><w:numId w:val="{}"/></w:numPr></w:pPr>'.format
    styles = (
        styled("n1", "n1", numbers(1))
        + styled("n2", "n2", '<w:basedOn w:val="n1"/>')
        + styled("l", "l", numbers(2), kind="numbering")
    )
    levels = level(0, "chineseCounting", "%1、", '<w:pStyle w:val="n1"/>') + level(
        1, "chineseCounting", "（%2）", '<w:pStyle w:val="n2"/>'
    )
    linked = form(3, '<w:numStyleLink w:val="l"/>')
    lists = linked + form(2, levels) + num(1, 3) + num(2, 2)
    off = '<w:numPr><w:numId w:val="0"/></w:numPr>'
    body = p("甲", ppr=style("n1")) + p("子", ppr=style("n2")) + p("无", ppr=style("n1") + off)
    assert body_of(tmp_path, body, styles=styles, numbering=lists) == "<p>一、甲</p><p>（一）子</p><p>无</p>"


def test_numbered_headings_keep_their_numbers(tmp_path: Path) -> None:
    body = p("总体要求", ppr=style("h1") + numbered(1)) + p("目标", ppr=style("h2") + numbered(1, 1))
    levels = listed(("decimal", "%1."), ("decimal", "%1.%2"))
    assert body_of(tmp_path, body, numbering=levels) == "<h2>1.总体要求</h2><h3>1.1 目标</h3>"


def test_numbers_in_tables_are_text_also_where_nothing_else_stands(tmp_path: Path) -> None:
    number = p("<w:proofErr/>", ppr=numbered(1))
    body = table([cell(number), cell("甲")], [cell(number), cell("乙")])
    assert body_of(tmp_path, body, numbering=listed(("decimal", "%1"))) == (
        "<table><tbody><tr><td>1</td><td>甲</td></tr><tr><td>2</td><td>乙</td></tr></tbody></table>"
    )


# Tables


def rows_of(folder: Path, body: str, **parts: object) -> str:
    return body_of(folder, body, **parts).removeprefix("<table><tbody>").removesuffix("</tbody></table>")


SPAN = '<w:gridSpan w:val="{}"/>'.format
ACROSS, ON_ACROSS = '<w:hMerge w:val="restart"/>', "<w:hMerge/>"
DOWN, ON_DOWN = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


def test_cells_joined_in_every_way(tmp_path: Path) -> None:
    assert rows_of(
        tmp_path, table([cell("甲", ACROSS), cell("", ON_ACROSS), cell("乙")], ["".join(map(cell, "一二三"))])
    ) == ('<tr><td colspan="2">甲</td><td>乙</td></tr><tr><td>一</td><td>二</td><td>三</td></tr>')
    assert rows_of(
        tmp_path, table([cell("甲", DOWN), cell("乙", SPAN(2))], [cell("", ON_DOWN), cell("一"), cell("二")])
    ) == ('<tr><td rowspan="2">甲</td><td colspan="2">乙</td></tr><tr><td>一</td><td>二</td></tr>')
    assert rows_of(tmp_path, table([cell("甲", DOWN), cell("乙")], [cell("不见", ON_DOWN), cell("丙")])) == (
        '<tr><td rowspan="2">甲<br/>不见</td><td>乙</td></tr><tr><td>丙</td></tr>'
    )
    assert rows_of(tmp_path, table([cell("甲"), cell("乙")], [cell("孤", ON_DOWN), cell("丙", ON_ACROSS)])) == (
        '<tr><td>甲</td><td>乙</td></tr><tr><td colspan="2">孤<br/>丙</td></tr>'
    )


def test_rows_that_begin_later_and_end_earlier(tmp_path: Path) -> None:
    later = f'<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>{cell("乙")}</w:tr>'
    earlier = f'<w:tr><w:trPr><w:gridAfter w:val="1"/></w:trPr>{cell("丙")}</w:tr>'
    assert rows_of(tmp_path, table([cell("一"), cell("二")], later, earlier)) == (
        "<tr><td>一</td><td>二</td></tr><tr><td></td><td>乙</td></tr><tr><td>丙</td><td></td></tr>"
    )


def test_deleted_rows_and_cells_are_told(tmp_path: Path) -> None:
    row = f"<w:tr><w:trPr><w:del/></w:trPr>{cell('旧行')}</w:tr>"
    manuscript = Word(p(LEAD) + table([cell("甲"), cell("旧格", "<w:cellDel/>"), cell("乙")], row)).read(tmp_path)
    assert manuscript.article.body.endswith("<table><tbody><tr><td>甲</td><td>乙</td></tr></tbody></table>")
    assert [line.text for line in manuscript.reading.dropped] == ["旧格", "旧行"]


def test_a_table_in_a_table_stays_one_and_so_do_the_rows_around_it(tmp_path: Path) -> None:
    inner = table([cell("高中"), cell("8月25日")])
    outer = table([cell("甲"), cell("乙")], [cell(p("开学") + inner + p()), cell("咨询")], [cell("丙"), cell("丁")])
    assert body_of(tmp_path, outer) == (
        "<table><tbody><tr><td>甲</td><td>乙</td></tr></tbody></table><p>开学</p>"
        "<table><tbody><tr><td>高中</td><td>8月25日</td></tr></tbody></table><p>咨询</p>"
        "<table><tbody><tr><td>丙</td><td>丁</td></tr></tbody></table>"
    )


def captions_of(folder: Path, body: str) -> list[str]:
    article = Word(p(LEAD) + body + p(LEAD), media=TWO).read(folder).article
    assert "<table>" not in article.body
    assert article.body.count("<figure>") == len(article.images)
    return [image.caption for image in article.images]


def test_tables_that_lay_pictures_out_are_figures_with_captions(tmp_path: Path) -> None:
    one, two = cell(p(picture("one"))), cell(p(picture("two")))
    assert captions_of(tmp_path, table([one, two], [cell("甲镇"), cell("乙镇")])) == ["甲镇", "乙镇"]
    assert captions_of(tmp_path, table([one], [cell("甲镇")], [two], [cell("乙镇")])) == ["", ""]
    assert captions_of(tmp_path, table([one, two], [cell("左图为甲，右图为乙", SPAN(2))])) == ["左图为甲", "右图为乙"]
    both = cell(p(picture("one")) + p("甲镇"))
    assert captions_of(tmp_path, table([both, cell(p(picture("two")) + p("乙镇"))])) == ["甲镇", "乙镇"]
    assert captions_of(tmp_path, table([one, two])) == ["", ""]


def test_a_table_with_data_and_pictures_stays_a_table(tmp_path: Path) -> None:
    body = table([*map(cell, ["照片", "姓名", "村"])], [cell(p(picture("one"))), cell("张三"), cell("甲村")])
    shown = body_of(tmp_path, body, media=ONE)
    assert shown.startswith("<table><tbody><tr><td>照片</td><td>姓名</td><td>村</td></tr><tr><td></td><td>张三</td>")
    assert shown.count("<figure>") == 1


# Hints


def fonts(name: str) -> str:
    return f'<w:rFonts w:eastAsia="{name}"/>'


def test_hints_of_alignment_font_and_size(tmp_path: Path) -> None:
    title, plain, signed = content_of(
        p(r("标题", fonts("方正小标宋简体") + '<w:b/><w:sz w:val="44"/>'), ppr='<w:jc w:val="center"/>')
        + p(r("题注", fonts("楷体")), r("正文比题注长", fonts("仿宋_GB2312") + '<w:sz w:val="32"/>'))
        + p("青河县应急管理局", ppr='<w:jc w:val="right"/>')
    )
    assert (title.hints.centred, title.hints.right, title.hints.bold) == (True, False, True)
    assert (title.hints.font, title.hints.size) == ("方正小标宋简体", 22)
    assert (plain.hints.font, plain.hints.size, plain.hints.bold) == ("仿宋_GB2312", 16, False)
    assert (signed.hints.right, signed.hints.centred, signed.hints.font, signed.hints.size) == (
        True,
        False,
        "宋体",
        10.5,
    )


def test_fonts_of_styles_and_themes() -> None:
    theme = (
        '<a:theme xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:fontScheme><a:majorFont>'
        '<a:latin typeface="Calibri"/><a:ea typeface=""/><a:font script="Hans" typeface="等线 Light"/></a:majorFont>'
        "</a:fontScheme></a:theme>"
    )
    styles = styled("x", "x", '<w:rPr><w:rFonts w:eastAsiaTheme="majorEastAsia"/></w:rPr>') + styled(
        "c", "c", f"<w:rPr><w:b/>{fonts('黑体')}</w:rPr>", kind="character"
    )
    related = relations(relation("a", "styles", "styles.xml") + relation("b", "theme", "theme/theme1.xml"))
    first, second = content_of(
        p("甲乙", ppr=style("x")) + p(r("丙丁", '<w:rStyle w:val="c"/>')),
        styles=styles,
        parts={"word/theme/theme1.xml": theme, "word/_rels/document.xml.rels": related},
    )
    assert first.hints.font == "等线 Light"
    assert (second.hints.font, second.hints.bold) == ("黑体", True)


def test_bold_of_two_styles_takes_itself_back() -> None:
    bold = "<w:rPr><w:b/></w:rPr>"
    styles = styled("x", "x", bold) + styled("c", "c", bold, kind="character")
    (block,) = content_of(p("甲", r("乙", '<w:rStyle w:val="c"/>'), ppr=style("x")), styles=styles)
    assert [(run.text, "strong" in run.marks) for run in block.runs] == [("甲", True), ("乙", False)]


PAGE = '<w:r><w:br w:type="page"/></w:r>'


@pytest.mark.parametrize(
    "between",
    [
        (p("甲。") + p(PAGE), ""),
        (p("甲。", PAGE), ""),
        (p("甲。"), PAGE),
        (p("甲。", ppr="<w:sectPr/>"), ""),
        (p("甲。") + p(ppr='<w:sectPr><w:type w:val="continuous"/></w:sectPr>'), ""),
    ],
    ids=["paragraph of its own", "behind", "before", "section", "a section that begins in the middle"],
)
def test_a_page_that_begins_with_a_paragraph(between: tuple[str, str]) -> None:
    before, inside = between
    first, second, third = content_of(before + p(inside, "乙。") + p("丙。") + "<w:sectPr/>")
    assert [first.hints.page, second.hints.page, third.hints.page] == [False, True, False]


def test_pages_that_styles_demand_and_sections_that_go_on() -> None:
    forced = content_of(p("甲。") + p("乙。", ppr="<w:pageBreakBefore/>"))
    assert [block.hints.page for block in forced] == [False, True]
    on = content_of(p("甲。", ppr="<w:sectPr/>") + p("乙。") + '<w:sectPr><w:type w:val="continuous"/></w:sectPr>')
    assert [block.hints.page for block in on] == [False, False]
    tabled = content_of(p("甲。", PAGE) + table([cell("一"), cell("二")]) + p("乙。"))
    assert [block.hints.page for block in tabled] == [False, True, False]


def test_what_stands_in_a_box_is_known_to() -> None:
    boxed, own, frame = content_of(p(box(p("框中。")), "正文。") + p("图文框。", ppr='<w:framePr w:w="2000"/>'))
    assert [boxed.hints.box, own.hints.box, frame.hints.box] == [True, False, True]


def test_a_heading_of_many_words_is_text(tmp_path: Path) -> None:
    assert body_of(tmp_path, p("长" * 101, ppr=style("h1"))) == f"<p>{'长' * 101}</p>"


# The package


def test_a_file_in_the_strict_form_of_the_standard_is_read(tmp_path: Path) -> None:
    usual = "http://schemas.openxmlformats.org/"
    replaced = {
        f"{usual}wordprocessingml/2006/main": "http://purl.oclc.org/ooxml/wordprocessingml/main",
        f"{usual}officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/relationships",
        f"{usual}drawingml/2006/": "http://purl.oclc.org/ooxml/drawingml/",
    }
    parts: dict[str, str | bytes] = {}
    word = Word(p(LEAD) + p(picture("one")) + p("乙", foot(1), "。"), media=ONE, footnotes={"1": p("注。")})
    with zipfile.ZipFile(io.BytesIO(bytes(word))) as package:
        for name in package.namelist():
            data = package.read(name)
            if name.endswith((".xml", ".rels")):
                for transitional, strict in replaced.items():
                    data = data.replace(transitional.encode(), strict.encode())
            parts[name] = data
    path = written(tmp_path, "strict.docx", zipped(parts))
    assert read(path).article == word.read(tmp_path).article


def test_parts_are_found_wherever_the_package_keeps_them(tmp_path: Path) -> None:
    word = Word(p(LEAD))
    main = f"<w:document {XMLNS}><w:body>{p('别处', ppr=style('t'))}{p('正文。')}</w:body></w:document>"
    related = relations(relation("a", "officeDocument", "/other/main.xml"))
    word.parts = {"_rels/.rels": related, "other\\main.xml": main}
    assert word.text(tmp_path) == "<p>正文。</p>"


def test_a_document_without_its_main_part_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.docx", zipped({"[Content_Types].xml": "<Types/>"})))
    assert (problem.field, "word/document.xml is missing" in str(problem.message)) == ("file", True)
