"""What every body promises beyond its elements: readings, notes, pictures with their captions."""

from __future__ import annotations

import itertools
import re

import pytest

from pipeline.article import Image
from pipeline.manuscript.block import Block, Hints, Run, reference
from pipeline.manuscript.body import blocks, canonical, serialise
from pipeline.manuscript.draft import Draft
from tests.unit.manuscripts import assert_canonical, known


def body_of(markup: str) -> str:
    body = canonical(markup, Draft("a.html"), known)
    assert_canonical(body)
    return body


IMG = "<img src=a.png>"
FIGURE = f'<figure><img src="image:{"0" * 64}" alt=""/></figure>'


def figure(caption: str, alt: str) -> str:
    return f'<figure><img src="image:{"0" * 64}" alt="{alt}"/><figcaption>{caption}</figcaption></figure>'


# Readings


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("<ruby>岞<rt>zuò</rt></ruby>山", "<ruby>岞<rt>zuò</rt></ruby>山"),
        ("<ruby>岞<rp>(</rp><rt>zuò</rt><rp>)</rp></ruby>", "<ruby>岞<rt>zuò</rt></ruby>"),
        ("<ruby>汉<rt>hàn</rt>字<rt>zì</rt></ruby>", "<ruby>汉<rt>hàn</rt></ruby><ruby>字<rt>zì</rt></ruby>"),
        ("<ruby><rb>汉</rb><rb>字</rb><rt>hàn</rt><rt>zì</rt></ruby>",
         "<ruby>汉<rt>hàn</rt></ruby><ruby>字<rt>zì</rt></ruby>"),
        ("<ruby><rb>汉<rb>字<rt>hàn<rt>zì</ruby>", "<ruby>汉<rt>hàn</rt></ruby><ruby>字<rt>zì</rt></ruby>"),
        ("<ruby>汉字<rt>hàn</rt><rt>zì</rt></ruby>", "<ruby>汉字<rt>hàn zì</rt></ruby>"),
        ("<ruby>妈<rt>mā</rt></ruby><ruby>妈<rt>mā</rt></ruby>",
         "<ruby>妈<rt>mā</rt></ruby><ruby>妈<rt>mā</rt></ruby>"),
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
    assert body_of(f"<figure>{IMG}<figcaption>{caption}</figcaption></figure>") == figure("图为岞（zuò）山", "")


# Notes


def ref(number: int) -> str:
    return f'<sup><a href="#note-{number}">[{number}]</a></sup>'


def note(number: int, text: str) -> str:
    return f'<p id="note-{number}">[{number}] {text}</p>'


def at(name: str) -> str:
    """A reference as readers write it."""
    return f'<sup data-note="{name}"></sup>'


def said(name: str, text: str, tag: str = "p") -> str:
    """The text of a note as readers write it."""
    return f'<{tag} data-note="{name}">{text}</{tag}>'


LISTED = "<p>一</p><ol><li>子<li>丑</ol><table><tr><td>寅<td>卯</table>"
NOTES = {
    "in the order of the text, whatever their names and places": (
        f"{said('9', '九')}<p>甲{at('x')}乙{at('9')}丙{at('x')}</p>{said('x', '爱')}",
        f"<p>甲{ref(1)}乙{ref(2)}丙{ref(1)}</p>{note(1, '爱')}{note(2, '九')}",
    ),
    "in headings and lists": (
        f"<h2>题{at('1')}</h2><ul><li>项{at('2')}{said('1', '一')}</li></ul>{said('2', '二')}",
        f"<h2>题{ref(1)}</h2><ul><li>项{ref(2)}</li></ul>{note(1, '一')}{note(2, '二')}",
    ),
    "in tables": (
        f"<table><tr><td>甲{at('1')}</td><td>乙{said('1', '一')}</td></tr></table>",
        f"<table><tbody><tr><td>甲{ref(1)}</td><td>乙</td></tr></tbody></table>{note(1, '一')}",
    ),
    "paragraphs, lists and tables in a note are lines": (
        f"<p>甲{at('1')}</p>{said('1', LISTED, 'div')}",
        f"<p>甲{ref(1)}</p>{note(1, '一<br/>1. 子<br/>2. 丑<br/>寅 卯')}",
    ),
    "references in notes, and to no note": (
        f"<p>甲{at('1')}{at('7')}。</p>{said('2', '二' + at('1'))}{said('1', '一' + at('3'))}{said('3', '三')}",
        f"<p>甲{ref(1)}。</p>{note(1, '一' + ref(2))}{note(2, '三')}{note(3, '二' + ref(1))}",
    ),
    "in a reading": (
        f"<p><ruby>岞<rt>zuò{at('1')}</rt></ruby>山</p>{said('1', '一')}",
        f"<p><ruby>岞<rt>zuò</rt></ruby>{ref(1)}山</p>{note(1, '一')}",
    ),
    "a note to which nobody refers": (f"<p>甲。</p>{said('1', '一')}", f"<p>甲。</p>{note(1, '一')}"),
    "a note without text": (f"<p>甲。</p><p>{at('1')}</p>{said('1', ' ')}", "<p>甲。</p>"),
    "an item that is nothing but a reference to no note": (
        f"<ul><li>{at('1')}<ul><li>内</li></ul></li></ul>",
        "<ul><li>内</li></ul>",
    ),
    "a canonical body in another order": (
        f"<p>甲{ref(2)}乙{ref(1)}</p>{note(1, '一')}{note(2, '二')}",
        f"<p>甲{ref(1)}乙{ref(2)}</p>{note(1, '二')}{note(2, '一')}",
    ),
    "what a page calls a note": (
        '<p>甲<a href="#note-1">见注</a></p><p id="note-1">没有号</p>',
        "<p>甲见注</p><p>没有号</p>",
    ),
    "a link to no note": (f"<p>甲{ref(1)}</p>", "<p>甲<sup>[1]</sup></p>"),
    "a link to no note, and a note": (f"<p>甲{ref(1)}</p>{note(2, '二')}", f"<p>甲<sup>[1]</sup></p>{note(1, '二')}"),
    "nothing but the number": ('<p id="note-1">[1]</p>', "<p>[1]</p>"),
}


@pytest.mark.parametrize(("markup", "body"), NOTES.values(), ids=NOTES)
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
    markup = f"<p>标题{at('1')}</p><p>文{at('2')}</p>{said('1', '一')}{said('2', '二')}"
    content = blocks(markup, Draft("a.html"), known)
    assert [block.text for block in content] == ["标题", "文", "一", "二"]
    assert [block.note for block in content] == [0, 0, 1, 2]
    assert serialise(content[1:]) == f"<p>文{ref(1)}</p>{note(1, '二')}{note(2, '一')}"


def test_pictures_in_notes_stand_before_them() -> None:
    markup = f"<p>甲{at('1')}</p>{said('1', f'<p>一{IMG}</p>', 'div')}"
    assert body_of(markup) == f"<p>甲{ref(1)}</p>{FIGURE}{note(1, '一')}"


# Pictures and captions


A, B, C = (f'<figure><img src="image:{name * 64}" alt=""/>' for name in "abc")
END = "</figure>"
INNER = "<figure><img src=a><figcaption>内<img src=b></figcaption></figure>"


def named(source: str, line: int | None = None) -> Image:
    """`take` that tells pictures apart."""
    return known(source, line).model_copy(update={"digest": source * 64})


def said_of(text: str) -> str:
    return f"<figcaption>{text}</figcaption></figure>"


@pytest.mark.parametrize("behind", ["", "<ul><li>项</li></ul>", "<table><tr><td>一</td><td>二</td></tr></table>"])
@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("<figure><img src=a><figcaption>说明<img src=b></figcaption></figure>", A + said_of("说明") + B + END),
        ("<figure><figcaption><img src=b>说明</figcaption><img src=a></figure>", A + said_of("说明") + B + END),
        ("<figure><figcaption><p>说明</p><img src=b></figcaption></figure>", B + said_of("说明")),
        ("<figure><img src=a><figcaption><img src=b><img src=c></figcaption></figure>", A + END + B + END + C + END),
        (
            f"<figure>{INNER}<figcaption>外<img src=c></figcaption></figure>",
            A + said_of("内") + B + END + "<p>外</p>" + C + END,
        ),
        ("<p><ruby>岞<rt>zuò<img src=a></rt></ruby></p>", "<p><ruby>岞<rt>zuò</rt></ruby></p>" + A + END),
        ("<p><ruby><img src=a>岞<rt>zuò</rt><rt><img src=b></rt></ruby></p>",
         "<p><ruby>岞<rt>zuò</rt></ruby></p>" + A + END + B + END),
    ],
)  # fmt: skip
def test_pictures_in_captions_and_readings_stand_where_they_were(markup: str, body: str, behind: str) -> None:
    alone = canonical(behind, Draft("a.html"), named)
    assert canonical(markup + behind, Draft("a.html"), named) == body + alone


def rows(*lines: str) -> str:
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def cells(*inside: str, span: int = 1) -> str:
    return "".join(f"<td colspan={span}>{one}</td>" for one in inside)


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


def test_the_caption_of_a_table_of_pictures_is_not_lost() -> None:
    inside = f"<caption>组图{IMG}</caption>{rows(cells(IMG, IMG), cells('左', '右'))[7:-8]}"
    assert body_of(f"<table>{inside}</table>").count("<figure>") == 3
    assert body_of(f"<table>{inside}</table>").startswith("<p><strong>组图</strong></p>")


# Tables that are no tables by the standard: what stands between the cells is shown before them

PLACES = (
    "<table>{}<tr><td>一</td><td>二</td></tr></table>",
    "<table><tr>{}<td>一</td><td>二</td></tr></table>",
    "<table><tr><td>一</td>{}<td>二</td></tr></table>",
    "<table><tr><td>一</td><td>二</td>{}</tr></table>",
    "<table><tr><td>一</td><td>二</td></tr>{}</table>",
    "<table><thead>{}</thead><tr><td>一</td><td>二</td></tr></table>",
    "<table><tbody><tr><td>一</td><td>二</td></tr>{}</tbody></table>",
    "<table><tfoot>{}</tfoot><tr><td>一</td><td>二</td></tr></table>",
    "<table><colgroup>{}<col></colgroup><tr><td>一</td><td>二</td></tr></table>",
    "<table><form>{}<tr><td>一</td><td>二</td></tr></form></table>",
    "<table><tr><td>一</td><form>{}<td>二</td></form></tr></table>",
    "<table><td>一</td><td>二</td>{}</table>",
)
STRAYS = {
    "甲<b>乙</b>丙": "<p>甲<strong>乙</strong>丙</p>",
    "<p>甲</p>乙": "<p>甲</p><p>乙</p>",
    "<ul><li>甲</li></ul>": "<ul><li>甲</li></ul>",
    "<a href='https://a.cn/'>甲</a>": '<p><a href="https://a.cn/">甲</a></p>',
    f"<b>{IMG}</b>": FIGURE,
}
GRID = "<table><tbody><tr><td>一</td><td>二</td></tr></tbody></table>"


@pytest.mark.parametrize(("stray", "shown"), STRAYS.items())
@pytest.mark.parametrize("place", PLACES)
def test_what_stands_between_the_cells_of_a_table(place: str, stray: str, shown: str) -> None:
    assert body_of(f"<p>前</p>{place.format(stray)}<p>后</p>") == f"<p>前</p>{shown}{GRID}<p>后</p>"


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("<table>甲<tr>乙<td>一</td>丙</tr></table>", "<p>甲</p><p>乙</p><p>丙</p><p>一</p>"),
        (f"<table>甲{GRID[7:-8]}<td>三</table>", f"<p>甲</p>{GRID[:-16]}<tr><td>三</td></tr></tbody></table>"),
        (f"<table><tr><td>外</td>{rows(cells('一', '二'))}甲</tr></table>", f"<p>甲</p><p>外</p>{GRID}"),
        ("<table>甲</table>", "<p>甲</p>"),
        (f"<table>甲{rows(cells(IMG, IMG))[7:]}", f"<p>甲</p>{FIGURE}{FIGURE}"),
        (
            f"<p>文{at('1')}</p><table>{said('1', '一')}<tr><td>一<td>二</table>",
            f"<p>文{ref(1)}</p>{GRID}{note(1, '一')}",
        ),
        ("<table><tr><caption>名</caption><td>一<td>二</table>", f"<p><strong>名</strong></p>{GRID}"),
    ],
)
def test_other_tables_that_are_none(markup: str, body: str) -> None:
    assert body_of(markup) == body


@pytest.mark.parametrize(
    ("markup", "body"),
    [
        ("<ul>甲<li>一</li>乙<p>丙</p></ul>", "<ul><li>甲</li><li>一</li><li>乙</li><li>丙</li></ul>"),
        ("<dl>甲<dt>一</dt>乙<dd>二</dd></dl>", "<p>甲</p><p><strong>一</strong></p><p>乙</p><p>二</p>"),
    ],
)
def test_text_right_in_a_list(markup: str, body: str) -> None:
    assert body_of(markup) == body


# What is left out, and what stands where nobody looks


@pytest.mark.parametrize(
    ("markup", "told"),
    [
        ("<nav>甲</nav>", "甲"),
        ("<button>甲<b>乙</b></button>", "甲乙"),
        ("<select><option>甲</option></select>", "甲"),
        ("<noscript><p>甲</p><img src='乙.png'></noscript>", "甲 乙.png"),
        ("<textarea>甲</textarea>", "甲"),
        ("<title>甲</title>", "甲"),
        ("<video>甲<a href='a.mp4'>乙</a></video>", "甲乙"),
        ("<svg><title>甲</title><text>乙</text><style>丙</style></svg>", "甲乙"),
        ("<nav><button>甲</button></nav>", "甲"),
        ("<del>甲<img src=乙.png alt=丙></del>", "甲 丙"),
        ("<p><s><img src=乙.png></s></p>", "乙.png"),
    ],
)
def test_what_is_left_out_is_told(markup: str, told: str) -> None:
    draft = Draft("a.html")
    assert (
        canonical(f"<p data-line=7>前</p><div data-line=8>{markup}</div><p>后</p>", draft, known)
        == "<p>前</p><p>后</p>"
    )
    assert [(line.text, line.fields, line.line) for line in draft.read] == [(told, (), 8)]


@pytest.mark.parametrize(
    "markup", ["<script>甲</script>", "<style>甲</style>", "<nav> </nav>", "<del> </del>", "<!--甲-->"]
)
def test_what_nobody_reads_is_not_told(markup: str) -> None:
    draft = Draft("a.html")
    assert canonical(f"<p>前</p>{markup}", draft, known) == "<p>前</p>"
    assert (draft.read, draft.notices) == ([], [])


def test_a_picture_in_a_link_to_a_note_is_not_lost() -> None:
    assert body_of(f'<p>文<a href="#note-1">[1]{IMG}</a></p>') == f"<p>文[1]</p>{FIGURE}"


@pytest.mark.parametrize(
    "end",
    [
        "</body>甲<p>乙</p>",
        "</body></html>甲<p>乙</p>",
        "</body>\n</html>\n<br>甲<p>乙</p>\n",
        "</body><p>甲</p></html>乙",
    ],
)
def test_what_stands_behind_the_end_of_a_page(end: str) -> None:
    page = "<!DOCTYPE html><html><head><title>题</title></head><body><p>文</p>"
    assert body_of(f"{page}{end}") == "<p>文</p><p>甲</p><p>乙</p>"


# Hints


def test_hints_of_the_source() -> None:
    hints = 'data-page="" data-right="" data-font="黑体" data-size="16"'
    markup = f'<div data-box=""><p {hints}>甲<br><br>乙</p></div><p>丙</p>'
    one, two, three = blocks(markup, Draft("a.html"), known)
    assert one.hints == Hints(page=True, right=True, font="黑体", size=16, box=True)
    assert two.hints == Hints(page=False, right=True, font="黑体", size=16, box=True)
    assert three.hints == Hints()


@pytest.mark.parametrize("inner", ["<p>", "<p data-line=3>", "<p class=x>", "<blockquote><p>"])
def test_the_sizes_of_lines_are_of_one_paragraph(inner: str) -> None:
    markup = f'<p data-rows="22 16.5" data-size=22>甲<br>乙</p><div data-rows="22 16" data-size=16>{inner}丙'
    one, two = blocks(markup, Draft("a.html"), known)
    assert (one.hints.rows, one.hints.size) == ((22, 16.5), 22)
    assert (two.hints.rows, two.hints.size) == ((), 16)


@pytest.mark.parametrize("span", [1, 2])
def test_no_word_of_any_table_with_pictures_is_lost(span: int) -> None:
    words = [f"字{sign}" for sign in "一二三四五六"]
    for grid in itertools.product(("", "{}", IMG, f"{IMG}{{}}"), repeat=6):
        inside = [cell.format(word) for cell, word in zip(grid, words, strict=True)]
        markup = rows(cells(*inside[:2]), cells(*inside[2:4], span=span), cells(*inside[4:]))
        said = re.sub(' alt="[^"]*"', "", canonical(markup, Draft("a.html"), known))
        missing = [word for cell, word in zip(grid, words, strict=True) if "{}" in cell and word not in said]
        assert (missing, said.count("<figure>")) == ([], markup.count("<img")), markup
