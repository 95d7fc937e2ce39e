"""Word files, made here with python-docx as Word and as WPS make them."""

from __future__ import annotations

import io
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph

from pipeline.article import Article
from pipeline.manuscript import Manuscript, read
from tests.unit.manuscripts import EXAMPLES, assert_canonical, picture, problems_of, written

NAMESPACES = nsdecls("w", "r")


def manuscript_of(folder: Path, document: Document) -> Manuscript:
    path = folder / "稿件.docx"
    document.save(str(path))
    manuscript = read(path)
    assert_canonical(manuscript.article.body)
    return manuscript


def article_of(folder: Path, document: Document) -> Article:
    return manuscript_of(folder, document).article


def word(*paragraphs: str, title: str = "武山架豆上市") -> Document:
    """As Word makes it: the title has the style Title."""
    document = docx.Document()
    document.add_paragraph(title, style="Title")
    for text in paragraphs:
        document.add_paragraph(text)
    return document


def centred(document: Document, text: str, *, size: float = 0, bold: bool = False) -> Paragraph:
    """As WPS users make a title: a paragraph in the middle, in large letters."""
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(text)
    run.bold = bold or None
    run.font.size = Pt(size) if size else None
    return paragraph


def append(paragraph: Paragraph, xml: str) -> None:
    """Add to a paragraph what python-docx cannot write."""
    tag, _, rest = xml.partition(">")
    slash = "/" if tag.endswith("/") else ""
    paragraph._p.append(parse_xml(f"{tag.rstrip('/')} {NAMESPACES}{slash}>{rest}"))


# Title, 引题 and 副题


def test_the_title_by_its_style(tmp_path: Path) -> None:
    document = word("来源：武山县融媒体中心", "正文。")
    assert article_of(tmp_path, document).headline == "武山架豆上市"
    assert article_of(tmp_path, document).body == "<p>正文。</p>"


@pytest.mark.parametrize("style", ["标题", "大标题", "文章标题"])
def test_the_title_by_a_style_with_a_chinese_name(tmp_path: Path, style: str) -> None:
    document = docx.Document()
    document.styles.add_style(style, 1)
    document.add_paragraph("武山架豆上市", style=style)
    document.add_paragraph("正文。")
    article = article_of(tmp_path, document)
    assert (article.headline, article.body) == ("武山架豆上市", "<p>正文。</p>")


def test_the_title_by_the_first_heading(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("武山架豆上市", 1)
    document.add_paragraph("正文。")
    document.add_heading("小标题", 2)
    document.add_paragraph("正文。")
    article = article_of(tmp_path, document)
    assert article.headline == "武山架豆上市"
    assert article.body == "<p>正文。</p><h2>小标题</h2><p>正文。</p>"


def test_the_title_by_the_style_subtitle_too(tmp_path: Path) -> None:
    document = word()
    document.add_paragraph("小豆荚连着大市场", style="Subtitle")
    document.add_paragraph("正文。")
    article = article_of(tmp_path, document)
    assert (article.headline, article.subhead) == ("武山架豆上市", "小豆荚连着大市场")


def test_the_title_by_being_centred(tmp_path: Path) -> None:
    document = docx.Document()
    centred(document, "武山架豆上市")
    document.add_paragraph("正文。")
    article = article_of(tmp_path, document)
    assert (article.headline, article.body) == ("武山架豆上市", "<p>正文。</p>")


def test_the_title_by_being_bold(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph().add_run("武山架豆上市").bold = True
    document.add_paragraph("正文。")
    article = article_of(tmp_path, document)
    assert (article.headline, article.body) == ("武山架豆上市", "<p>正文。</p>")


def test_the_title_by_being_the_first_line(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("")
    document.add_paragraph("武山架豆上市")
    document.add_paragraph("正文。")
    assert article_of(tmp_path, document).headline == "武山架豆上市"


def test_a_document_without_title_is_refused(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("第一句就是正文。")
    document.save(str(tmp_path / "a.docx"))
    (problem,) = problems_of(tmp_path / "a.docx")
    assert problem.field == "headline"
    assert "style “Title”" in str(problem.remedy)


def test_kicker_title_and_subhead_by_their_size(tmp_path: Path) -> None:
    document = docx.Document()
    centred(document, "乡镇动态", size=16)
    centred(document, "武山架豆", size=22, bold=True)
    centred(document, "鲜嫩上市", size=22, bold=True)
    centred(document, "——小豆荚连着大市场", size=16)
    centred(document, "记者 张三 李四")
    document.add_paragraph("　　正文。")
    article = article_of(tmp_path, document)
    assert (article.kicker, article.headline, article.subhead) == ("乡镇动态", "武山架豆 鲜嫩上市", "小豆荚连着大市场")
    assert article.reporters == ("张三", "李四")
    assert article.body == "<p>正文。</p>"


def test_column_series_note_and_mark_around_the_title(tmp_path: Path) -> None:
    document = word(
        "2019年脱贫攻坚奔小康系列报道之三", "编者按：按语。", "正文。", title="【脱贫攻坚奔小康】武山架豆上市（图）"
    )
    article = article_of(tmp_path, document)
    assert (article.headline, article.column) == ("武山架豆上市", "脱贫攻坚奔小康")
    assert (article.series, article.number) == ("2019年脱贫攻坚奔小康系列报道之三", 3)
    assert article.editors_note == "按语。"


def test_credits(tmp_path: Path) -> None:
    document = word(
        "来源：武山县融媒体中心　　时间：2020年1月10日",
        "正文。",
        "（记者 张三 摄影报道）",
        "编　辑：李四",
        "审核：王五　签发：赵六",
    )
    article = article_of(tmp_path, document)
    assert article.source == "武山县融媒体中心"
    assert article.reporters == article.photographers == ("张三",)
    assert (article.editors, article.reviewers, article.approvers) == (("李四",), ("王五",), ("赵六",))
    assert article.body == "<p>正文。</p>"


# Text


def test_the_look_of_letters(tmp_path: Path) -> None:
    document = word()
    paragraph = document.add_paragraph("　　一")
    paragraph.add_run("二").bold = True
    paragraph.add_run("三").bold = True
    paragraph.add_run("四").italic = True
    paragraph.add_run("m")
    paragraph.add_run("2").font.superscript = True
    paragraph.add_run("H")
    paragraph.add_run("2").font.subscript = True
    paragraph.add_run("五").add_break(WD_BREAK.LINE)
    paragraph.add_run("六").add_break(WD_BREAK.PAGE)
    paragraph.add_run("七\t八")
    assert article_of(tmp_path, document).body == (
        "<p>一<strong>二三</strong><em>四</em>m<sup>2</sup>H<sub>2</sub>五<br/>六七 八</p>"
    )


def test_headings_below_the_title(tmp_path: Path) -> None:
    document = word("正文。")
    document.add_heading("一级", 1)
    document.add_heading("二级", 2)
    document.add_paragraph("正文。")
    assert article_of(tmp_path, document).body == "<p>正文。</p><h2>一级</h2><h3>二级</h3><p>正文。</p>"


def test_lists(tmp_path: Path) -> None:
    document = word("正文。")
    for text, style in [("点", "List Bullet"), ("点内", "List Bullet 2"), ("点", "List Bullet"), ("数", "List Number")]:
        document.add_paragraph(text, style=style)
    body = article_of(tmp_path, document).body
    assert body.startswith("<p>正文。</p><ul><li>点</li>")
    assert body.endswith("<ol><li>数</li></ol>")
    assert body.count("<li>") == 4


def numbered(document: Document, form: str, label: str) -> str:
    """Add a numbering of this form to the document; its id."""
    root = document.part.numbering_part.element
    root.insert(0, parse_xml(
        f'<w:abstractNum {NAMESPACES} w:abstractNumId="77"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        f'<w:numFmt w:val="{form}"/><w:lvlText w:val="{label}"/></w:lvl></w:abstractNum>'
    ))  # fmt: skip
    root.append(parse_xml(f'<w:num {NAMESPACES} w:numId="77"><w:abstractNumId w:val="77"/></w:num>'))
    return "77"


@pytest.mark.parametrize(
    ("form", "label", "body"),
    [
        ("decimal", "%1.", "<ol><li>甲</li><li>乙</li></ol>"),
        ("bullet", "●", "<ul><li>甲</li><li>乙</li></ul>"),
        ("chineseCounting", "%1、", "<p>一、甲</p><p>二、乙</p>"),
        ("chineseCounting", "（%1）", "<p>（一）甲</p><p>（二）乙</p>"),
        ("decimal", "第%1条　", "<p>第1条　甲</p><p>第2条　乙</p>"),
        ("decimalEnclosedCircle", "%1", "<p>①甲</p><p>②乙</p>"),
    ],
)
def test_numbers_that_word_prints_are_not_lost(tmp_path: Path, form: str, label: str, body: str) -> None:
    document = word("正文。")
    number = numbered(document, form, label)
    for text in ("甲", "乙"):
        properties = document.add_paragraph(text)._p.get_or_add_pPr()
        properties.append(parse_xml(f'<w:numPr {NAMESPACES}><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr>'))
    assert article_of(tmp_path, document).body == f"<p>正文。</p>{body}"


def test_tables_with_joined_cells(tmp_path: Path) -> None:
    document = word("正文。")
    table = document.add_table(3, 3)
    table.cell(0, 0).text = "单位"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "人数"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "甲"
    table.cell(1, 1).text = "1"
    table.cell(1, 1).add_paragraph("（新增）")
    table.cell(2, 2).text = "2"
    assert article_of(tmp_path, document).body == (
        '<p>正文。</p><table><tbody><tr><td>单位</td><td colspan="2">人数</td></tr>'
        '<tr><td rowspan="2">甲</td><td>1<br/>（新增）</td><td></td></tr><tr><td></td><td>2</td></tr></tbody></table>'
    )


def test_the_first_row_of_a_table_may_be_its_head(tmp_path: Path) -> None:
    assert "<tr><th>招聘单位</th><th>岗位</th>" in read(EXAMPLES / "zhaopin.docx").article.body


def test_links(tmp_path: Path) -> None:
    document = word()
    paragraph = document.add_paragraph("见")
    for address, text in [
        ("https://www.wushan.gov.cn/?a=1&b=2", "县网"),
        ("javascript:alert(1)", "坏"),
        ("file:///c:/x", "文"),
    ]:
        relation = document.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        append(paragraph, f'<w:hyperlink r:id="{relation}"><w:r><w:t>{text}</w:t></w:r></w:hyperlink>')
    append(paragraph, '<w:hyperlink w:anchor="here"><w:r><w:t>内</w:t></w:r></w:hyperlink>')
    for piece in (
        '<w:fldChar w:fldCharType="begin"/>',
        '<w:instrText> HYPERLINK "https://a.cn/" </w:instrText>',
        '<w:fldChar w:fldCharType="separate"/>',
        "<w:t>域</w:t>",
        '<w:fldChar w:fldCharType="end"/>',
        "<w:t>。</w:t>",
    ):
        append(paragraph, f"<w:r>{piece}</w:r>")
    assert article_of(tmp_path, document).body == (
        '<p>见<a href="https://www.wushan.gov.cn/?a=1&amp;b=2">县网</a>坏文内<a href="https://a.cn/">域</a>。</p>'
    )


# What is not the final text


def test_tracked_changes_are_as_if_accepted_with_a_notice(tmp_path: Path) -> None:
    document = word()
    paragraph = document.add_paragraph("前")
    append(paragraph, '<w:ins w:author="主任"><w:r><w:t>增</w:t></w:r></w:ins>')
    append(paragraph, '<w:del w:author="主任"><w:r><w:delText>删</w:delText></w:r></w:del>')
    append(paragraph, '<w:moveFrom w:author="主任"><w:r><w:t>移</w:t></w:r></w:moveFrom>')
    append(paragraph, '<w:moveTo w:author="主任"><w:r><w:t>来</w:t></w:r></w:moveTo>')
    paragraph.add_run("后。")
    manuscript = manuscript_of(tmp_path, document)
    assert manuscript.article.body == "<p>前增来后。</p>"
    assert any("tracked changes" in str(notice.message) for notice in manuscript.notices)


def test_comments_hidden_text_headers_and_footers_do_not_leak(tmp_path: Path) -> None:
    document = word()
    paragraph = document.add_paragraph("正文")
    document.add_comment(paragraph.runs[0], text="批注秘密", author="主任秘密")
    hidden = paragraph.add_run("隐藏秘密")
    hidden.font.hidden = True
    paragraph.add_run("划去秘密").font.strike = True
    append(paragraph, "<w:r><w:instrText>域秘密</w:instrText></w:r>")
    document.sections[0].header.paragraphs[0].text = "页眉秘密"
    document.sections[0].footer.paragraphs[0].text = "页脚秘密"
    document.core_properties.author = "作者秘密"
    document.core_properties.comments = "属性秘密"
    paragraph.add_run("。")
    manuscript = manuscript_of(tmp_path, document)
    assert "秘密" not in manuscript.article.model_dump_json()
    assert manuscript.article.body == "<p>正文。</p>"
    assert any("comments were left out" in str(notice.message) for notice in manuscript.notices)
    assert {(line.text, str(line.why)) for line in manuscript.reading.dropped} == {
        ("隐藏秘密", "hidden text"),
        ("划去秘密", "it is struck through"),
    }


# Pictures


def pictured(document: Document, data: bytes) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run().add_picture(io.BytesIO(data))
    return paragraph


@pytest.mark.parametrize(
    ("text", "style", "caption"),
    [
        ("采摘现场", "Caption", "采摘现场"),
        ("图为采摘现场。张三 摄", None, "图为采摘现场。张三 摄"),
        ("图：采摘现场", None, "采摘现场"),
        ("连日来，架豆上市。", None, ""),
    ],
)
def test_a_picture_and_its_caption(tmp_path: Path, text: str, style: str | None, caption: str) -> None:
    document = word("正文。")
    pictured(document, picture())
    document.add_paragraph(text, style=style)
    manuscript = manuscript_of(tmp_path, document)
    (image,) = manuscript.article.images
    assert (image.caption, image.width, image.height, image.media_type) == (caption, 4, 3, "image/png")
    assert manuscript.media == {image.digest: picture()}
    assert ("<figcaption>" in manuscript.article.body) == bool(caption)


def test_a_centred_line_below_a_picture_is_its_caption(tmp_path: Path) -> None:
    document = docx.Document()
    centred(document, "武山架豆上市", size=22, bold=True)
    document.add_paragraph("正文。")
    pictured(document, picture())
    centred(document, "采摘现场 张三 摄")
    article = article_of(tmp_path, document)
    assert article.body == (
        f'<p>正文。</p><figure><img src="image:{article.images[0].digest}" alt="采摘现场 张三 摄"/>'
        "<figcaption>采摘现场 张三 摄</figcaption></figure>"
    )


def test_a_picture_on_top_of_the_document_does_not_hide_the_title(tmp_path: Path) -> None:
    document = docx.Document()
    centred(document, "武山架豆上市", size=22, bold=True)
    pictured(document, picture())
    document.add_paragraph("正文。")
    article = article_of(tmp_path, document)
    assert article.headline == "武山架豆上市"
    assert article.body.startswith("<figure>")


def test_alternative_text_is_kept_unless_word_made_it_up(tmp_path: Path) -> None:
    for said, kept in [("豆架之间的农民", "豆架之间的农民"), ("图片 1", ""), ("C:\\图\\a.jpg", "")]:
        document = word("正文。")
        paragraph = pictured(document, picture())
        paragraph._p.find(f".//{qn('wp:docPr')}").set("descr", said)
        assert article_of(tmp_path, document).images[0].alt == kept


def test_a_picture_that_cannot_be_shown_is_left_out_by_its_name(tmp_path: Path) -> None:
    document = word("正文。")
    pictured(document, picture("BMP")[:60])
    document.save(str(tmp_path / "a.docx"))
    manuscript = read(tmp_path / "a.docx")
    (notice,) = manuscript.notices
    assert notice.field == "images"
    assert "word/media/image1.bmp" in str(notice.message)
    assert "BMP" in str(notice.message)
    assert manuscript.article.images == ()


def test_a_picture_that_is_only_linked_is_refused_and_not_fetched(tmp_path: Path) -> None:
    document = word("正文。")
    paragraph = pictured(document, picture())
    relation = document.part.relate_to("https://a.cn/x.png", RELATIONSHIP_TYPE.IMAGE, is_external=True)
    blip = paragraph._p.find(f".//{qn('a:blip')}")
    del blip.attrib[qn("r:embed")]
    blip.set(qn("r:link"), relation)
    document.save(str(tmp_path / "a.docx"))
    (problem,) = problems_of(tmp_path / "a.docx")
    assert "https://a.cn/x.png is only linked" in str(problem.message)
    assert "insert the picture itself" in str(problem.remedy)


# Files that are no Word documents


@pytest.mark.parametrize(
    ("data", "said", "remedy"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "locked with a password",
            "take the password away",
        ),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + b"\xec\xa5\xc1\0" + bytes(7) + b"\x13" + bytes(500),
            "locked with a password",
            "take the password away",
        ),
        (b"%PDF-1.7", "damaged or no Word document: PDF", "save it again"),
        (b"\0\1\2", "damaged or no Word document", "save it again"),
        (b"PK\x03\x04" + bytes(100), "damaged or no Word document", "save it again"),
    ],
)
def test_what_is_no_word_document_is_refused(tmp_path: Path, data: bytes, said: str, remedy: str) -> None:
    (problem,) = problems_of(written(tmp_path, "a.docx", data))
    assert problem.field == "file"
    assert said in str(problem.message)
    assert remedy in str(problem.remedy)


def test_a_document_cut_off_in_the_middle_is_refused(tmp_path: Path) -> None:
    whole = (EXAMPLES / "zhaopin.docx").read_bytes()
    for part in (3, 2):
        (problem,) = problems_of(written(tmp_path, "a.docx", whole[: len(whole) // part]))
        assert problem.field == "file"
