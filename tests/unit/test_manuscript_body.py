"""What every body promises beyond its elements: readings, notes, pictures with their captions."""

from __future__ import annotations

import pytest

from pipeline.manuscript.block import Block, Run, reference
from pipeline.manuscript.body import blocks, canonical, serialise
from pipeline.manuscript.draft import Draft
from tests.unit.manuscripts import assert_canonical, known


def body_of(markup: str) -> str:
    body = canonical(markup, Draft("a.html"), known)
    assert_canonical(body)
    return body


IMG = "<img src=a.png>"
FIGURE = f'<figure><img src="image:{"0" * 64}" alt=""/></figure>'


def figure(caption: str) -> str:
    return f'<figure><img src="image:{"0" * 64}" alt="{caption}"/><figcaption>{caption}</figcaption></figure>'


# Readings


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("<ruby>岞<rt>zuò</rt></ruby>山", "<ruby>岞<rt>zuò</rt></ruby>山"),
        ("<ruby>岞<rp>(</rp><rt>zuò</rt><rp>)</rp></ruby>", "<ruby>岞<rt>zuò</rt></ruby>"),
        ("<ruby>汉<rt>hàn</rt>字<rt>zì</rt></ruby>", "<ruby>汉<rt>hàn</rt></ruby><ruby>字<rt>zì</rt></ruby>"),
        ("<ruby><rb>汉</rb><rb>字</rb><rt>hàn</rt><rt>zì</rt></ruby>", "<ruby>汉<rt>hàn</rt></ruby><ruby>字<rt>zì</rt></ruby>"),
        ("<ruby><rb>汉<rb>字<rt>hàn<rt>zì</ruby>", "<ruby>汉<rt>hàn</rt></ruby><ruby>字<rt>zì</rt></ruby>"),
        ("<ruby>汉字<rt>hàn</rt><rt>zì</rt></ruby>", "<ruby>汉字<rt>hàn zì</rt></ruby>"),
        ("<ruby>妈<rt>mā</rt></ruby><ruby>妈<rt>mā</rt></ruby>", "<ruby>妈<rt>mā</rt></ruby><ruby>妈<rt>mā</rt></ruby>"),
        ("<b><ruby>岞<rt>zuò</rt></ruby></b>", "<strong><ruby>岞<rt>zuò</rt></ruby></strong>"),
        ("<ruby><b>岞</b><rt>zuò</rt></ruby>", "<strong><ruby>岞<rt>zuò</rt></ruby></strong>"),
        ("<ruby>岞</ruby>山", "岞山"),
        ("<ruby><rt>zuò</rt></ruby>", "zuò"),
        ("<ruby> \n岞 <rt> zuò </rt>\n</ruby>", "<ruby>岞<rt>zuò</rt></ruby>"),
        ("<a href='https://a.cn/'><ruby>岞<rt>zuò</rt></ruby></a>", '<a href="https://a.cn/"><ruby>岞<rt>zuò</rt></ruby></a>'),
        ("<ruby><ruby>岞<rt>zuò</rt></ruby><rt>山名</rt></ruby>", "<ruby>岞（zuò）<rt>山名</rt></ruby>"),
    ],
)  # fmt: skip
def test_readings(markup: str, body: str) -> None:
    assert body_of(f"<p>{markup}</p>") == f"<p>{body}</p>"


def test_text_is_told_without_readings_and_with_them() -> None:
    (block,) = blocks("<p>村民<ruby>䶮<rt>yǎn</rt></ruby>先生</p>", Draft("a.html"), known)
    assert block.runs == (Run("村民"), Run("䶮", reading="yǎn"), Run("先生"))
    assert (block.text, block.text_with_readings) == ("村民䶮先生", "村民䶮（yǎn）先生")


def test_a_reading_in_a_caption_stands_in_brackets() -> None:
    caption = "图为<ruby>岞<rt>zuò</rt></ruby>山"
    assert body_of(f"<p>一</p>{IMG}<p>{caption}</p>") == f"<p>一</p>{figure('图为岞（zuò）山')}"
    assert body_of(f"<figure>{IMG}<figcaption>{caption}</figcaption></figure>") == figure("图为岞（zuò）山")


# Notes


def ref(number: int) -> str:
    return f'<sup><a href="#note-{number}">[{number}]</a></sup>'


def note(number: int, text: str) -> str:
    return f'<p id="note-{number}">[{number}] {text}</p>'


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        # In the order of the text, whatever their names and wherever they stand.
        (
            '<p data-note="9">九</p><p>甲<sup data-note="x"></sup>乙<sup data-note="9"></sup>丙<sup data-note="x"></sup></p>'
            '<p data-note="x">爱</p>',
            f"<p>甲{ref(1)}乙{ref(2)}丙{ref(1)}</p>{note(1, '爱')}{note(2, '九')}",
        ),
        # In lists, tables, headings; between them, and in them.
        (
            '<h2>题<sup data-note="1"></sup></h2><ul><li>项<sup data-note="2"></sup><p data-note="1">一</p></li></ul>'
            '<table><tr><td>甲<sup data-note="3"></sup></td><td>乙<p data-note="2">二</p></td></tr></table><p data-note="3">三</p>',
            f"<h2>题{ref(1)}</h2><ul><li>项{ref(2)}</li></ul><table><tbody><tr><td>甲{ref(3)}</td><td>乙</td></tr></tbody>"
            f"</table>{note(1, '一')}{note(2, '二')}{note(3, '三')}",
        ),
        # Several paragraphs, lists and tables are lines.
        (
            '<p>甲<sup data-note="1"></sup></p><div data-note="1"><p>一</p><ol><li>子<li>丑</ol><table><tr><td>寅<td>卯</table></div>',
            f"<p>甲{ref(1)}</p>{note(1, '一<br/>1. 子<br/>2. 丑<br/>寅 卯')}",
        ),
        # References in notes; a note to which nobody refers; a reference that leads nowhere.
        (
            '<p>甲<sup data-note="1"></sup><sup data-note="7"></sup>。</p><p data-note="2">二<sup data-note="1"></sup></p>'
            '<p data-note="1">一<sup data-note="3"></sup></p><p data-note="3">三</p>',
            f"<p>甲{ref(1)}。</p>{note(1, '一' + ref(2))}{note(2, '三')}{note(3, '二' + ref(1))}",
        ),
        ('<p>甲。</p><p data-note="1">一</p>', f"<p>甲。</p>{note(1, '一')}"),
        ('<p>甲。</p><p><sup data-note="1"></sup></p><p data-note="1"> </p>', "<p>甲。</p>"),
        ('<ul><li><sup data-note="1"></sup><ul><li>内</li></ul></li></ul>', "<ul><li>内</li></ul>"),
        # A canonical body, and what only looks like one.
        (f"<p>甲{ref(2)}乙{ref(1)}</p>{note(1, '一')}{note(2, '二')}", f"<p>甲{ref(1)}乙{ref(2)}</p>{note(1, '二')}{note(2, '一')}"),
        ('<p>甲<a href="#note-1">见注</a></p><p id="note-1">没有号</p>', "<p>甲见注</p><p>没有号</p>"),
        (f"<p>甲{ref(1)}</p>", "<p>甲<sup>[1]</sup></p>"),
        (f"<p>甲{ref(1)}</p>{note(2, '二')}", f"<p>甲<sup>[1]</sup></p>{note(1, '二')}"),
        ('<p id="note-1">[1]</p>', "<p>[1]</p>"),
    ],
)  # fmt: skip
def test_notes(markup: str, body: str) -> None:
    assert body_of(markup) == body


def test_readers_may_make_notes_of_blocks() -> None:
    content = [
        Block("p", (Run("注乙"),), note=5), Block("p", (Run("甲"), reference(5), Run("乙"), reference(8))),
        Block("p", (Run("注丙"),), note=8), Block("p", (Run("又"),), note=5),
    ]  # fmt: skip
    body = serialise(content)
    assert_canonical(body)
    assert body == f"<p>甲{ref(1)}乙{ref(2)}</p>{note(1, '注乙<br/>又')}{note(2, '注丙')}"


def test_a_block_taken_away_leaves_its_note() -> None:
    content = blocks('<p>标题<sup data-note="1"></sup></p><p>文<sup data-note="2"></sup></p><p data-note="1">一</p><p data-note="2">二</p>', Draft("a.html"), known)  # fmt: skip
    assert [block.text for block in content] == ["标题", "文", "一", "二"]
    assert [block.note for block in content] == [0, 0, 1, 2]
    assert serialise(content[1:]) == f"<p>文{ref(1)}</p>{note(1, '二')}{note(2, '一')}"


def test_pictures_in_notes_stand_before_them() -> None:
    assert body_of(f'<p>甲<sup data-note="1"></sup></p><div data-note="1"><p>一{IMG}</p></div>') == (
        f"<p>甲{ref(1)}</p>{FIGURE}{note(1, '一')}"
    )


# Pictures and captions


@pytest.mark.parametrize(
    ("line", "caption"),
    [
        ("图为采摘现场", "图为采摘现场"), ("左图为甲，右图为乙。", "左图为甲，右图为乙。"), ("上图：甲", "上图：甲"), ("▲采摘现场", "采摘现场"),
        ("图片说明：采摘", "采摘"), ("图说 采摘", ""), ("记者看到，图为采摘", ""),
    ],
)  # fmt: skip
def test_lines_below_a_picture_that_say_they_are_captions(line: str, caption: str) -> None:
    draft = Draft("a.html")
    body = canonical(f"<p>一</p>{IMG}<p>{line}</p>", draft, known)
    assert body == "<p>一</p>" + (figure(caption) if caption else f"{FIGURE}<p>{line}</p>")
    # What is cut off stands in the reading.
    assert [one.text for one in draft.reading().lines] == ([line] if caption not in ("", line) else [])


def rows(*lines: str) -> str:
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def cells(*inside: str, span: int = 1) -> str:
    return "".join(f"<td colspan={span}>{one}</td>" for one in inside)


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        (rows(cells(IMG, IMG), cells("甲", "乙")), figure("甲") + figure("乙")),
        (rows(cells(IMG, IMG), cells("甲", "乙"), cells(IMG, ""), cells("丙", "")), figure("甲") + figure("乙") + figure("丙")),
        (rows(cells(IMG, IMG), cells("合影", span=2)), FIGURE + figure("合影")),
        (rows(cells(IMG + "<p>甲</p>", IMG + "<p>乙</p>")), figure("甲") + figure("乙")),
        (rows(cells(IMG, IMG), cells("长" * 121, "乙")), f"{FIGURE}<p>{'长' * 121}</p>{figure('乙')}"),
        (rows(cells("组图", span=2), cells(IMG, IMG)), f"<p>组图</p>{FIGURE * 2}"),
        (rows(cells(IMG, "旁边的一段话。")), f"{FIGURE}<p>旁边的一段话。</p>"),
        (f"<table><tr><td rowspan=2>{IMG}</td><td>甲</td></tr><tr><td>乙</td></tr></table>", f"{FIGURE}<p>甲</p><p>乙</p>"),
    ],
)  # fmt: skip
def test_tables_that_only_lay_pictures_out(markup: str, body: str) -> None:
    assert body_of(markup) == body


@pytest.mark.parametrize(
    "markup",
    [
        rows(cells("照片", "姓名", "村"), cells(IMG, "张三", "甲村")),
        rows(cells(IMG, "张三", "甲村"), cells(IMG, "李四", "乙村")),
        rows(cells(f"甲{IMG}", "乙")),
    ],
)
def test_tables_with_data_stay_tables(markup: str) -> None:
    body = body_of(markup)
    assert body.startswith("<table>")
    assert body.count("<figure>") == markup.count("<img")


# Hints


def test_hints_of_the_source() -> None:
    one, two, three = blocks(
        '<div data-box=""><p data-page="" data-right="" data-font="黑体" data-size="16">甲<br><br>乙</p></div><p>丙</p>',
        Draft("a.html"),
        known,
    )
    assert (one.hints.page, one.hints.right, one.hints.font, one.hints.size, one.hints.box) == (
        True,
        True,
        "黑体",
        16,
        True,
    )
    assert (two.hints.page, two.hints.box) == (False, True)
    assert (three.hints.page, three.hints.box, three.hints.font) == (False, False, "")
