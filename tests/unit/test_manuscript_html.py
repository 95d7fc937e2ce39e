"""Web pages, as county and department sites make them."""

from __future__ import annotations

import base64
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from pipeline.article.credit import Certainty
from pipeline.manuscript import BadManuscript, looks, read
from pipeline.manuscript.body import blocks
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.markup import parse
from pipeline.manuscript.reasons import TITLE_STYLE
from tests.unit.manuscripts import article_of, assert_canonical, picture, problems_of, written

PAGE = "<html><head><title>{title}</title></head><body>{body}</body></html>"


def body_of(folder: Path, markup: str) -> str:
    body = article_of(folder, "a.html", f"<h1>武山</h1>{markup}").body
    assert_canonical(body)
    return body


@pytest.mark.parametrize(
    ("markup", "headline"),
    [
        (PAGE.format(title="别的", body="<h1>武山架豆上市</h1><p>正文。</p>"), "武山架豆上市"),
        (PAGE.format(title="武山架豆上市_天水在线", body="<p>正文。</p>"), "武山架豆上市"),
        (PAGE.format(title="武山架豆上市 - 武山县人民政府", body="<p>正文。</p>"), "武山架豆上市"),
        (
            PAGE.format(title="", body="<h1><span>武山</span>\n架豆<br>上市<img src=x></h1><p>正文。</p>"),
            "武山架豆 上市",
        ),
        ("<p>武山架豆上市</p><p>正文。</p>", "武山架豆上市"),
        (PAGE.format(title="", body="<h1>【武山要闻】武山架豆上市（图）</h1><p>正文。</p>"), "武山架豆上市"),
    ],
)
def test_the_headline_is_found(tmp_path: Path, markup: str, headline: str) -> None:
    article = article_of(tmp_path, "a.html", markup)
    assert article.headline == headline
    assert article.body == "<p>正文。</p>"


@pytest.mark.parametrize(
    "main",
    [
        "<article>{}</article>",
        "<main>{}</main>",
        '<div id="zoom">{}</div>',
        '<div id="UCAP-CONTENT">{}</div>',
        '<div class="view TRS_UEDITOR TRS_Editor">{}</div>',
        '<form id="aspnetForm"><table><tr><td><div id="zoom">{}</div></td></tr></table></form>',
    ],
)
def test_the_text_is_where_sites_put_it(tmp_path: Path, main: str) -> None:
    markup = PAGE.format(
        title="武山架豆上市",
        body="<div>导航</div><div><h1>武山架豆上市</h1><p><span>来源：武山发布</span><span>作者：张三</span></p></div>"
        + main.format("<p>正文。</p><p>编辑：李四</p>")
        + "<div>版权所有</div>",
    )
    article = article_of(tmp_path, "a.html", markup)
    assert article.headline == "武山架豆上市"
    assert article.body == "<p>正文。</p>"
    assert (article.source, article.authors, article.editors) == ("武山发布", ("张三",), ("李四",))


def test_what_the_text_says_outranks_what_stands_around_it(tmp_path: Path) -> None:
    markup = '<h1>武山</h1><p>来源：天水日报</p><div id="zoom"><p>来源：武山发布</p><p>正文。</p></div>'
    assert article_of(tmp_path, "a.html", markup).source == "武山发布"


def test_a_page_that_is_one_form_is_read(tmp_path: Path) -> None:
    markup = '<form action="x.aspx"><input value="搜索"><button>搜</button><div><p>正文。</p></div></form>'
    assert body_of(tmp_path, markup) == "<p>正文。</p>"


def test_navigation_header_and_footer_of_the_page_are_dropped(tmp_path: Path) -> None:
    markup = PAGE.format(
        title="武山",
        body="<header>站名</header><nav><a href='/'>首页</a></nav><div role='navigation'>菜单</div><p>正文。</p>"
        "<aside>热门</aside><footer>版权</footer>",
    )
    assert article_of(tmp_path, "a.html", markup).body == "<p>正文。</p>"


MARKUP = [
    ("<div><div><p>一</p><div>二<div>三</div>四</div></div></div>", "<p>一</p><p>二</p><p>三</p><p>四</p>"),
    ("一<br><br>二", "<p>一</p><p>二</p>"),
    ("　　一<br/>　　二<br>三", "<p>一</p><p>二<br/>三</p>"),
    ("&nbsp;&nbsp;&nbsp;&nbsp;一&nbsp;&nbsp;二", "<p>一\xa0\xa0二</p>"),
    ("<p>一<script>二</script><style>三</style>四</p>", "<p>一四</p>"),
    ("<p>一<!-- 二 --><!--[if IE]>三<![endif]--></p>", "<p>一</p>"),
    ("<p><font color=red><u>一</u></font><span>二</span><o:p>三</o:p></p>", "<p>一二三</p>"),
    ("<p><b>一</b><strong>二</strong><i><b>三</b></i></p>", "<p><strong>一二<em>三</em></strong></p>"),
    ("<h2><b>小</b>标题</h2><h4>小小</h4>", "<h2>小标题</h2><h3>小小</h3>"),
    ("<p>一<del>二</del>三</p>", "<p>一三</p>"),
    ("<p>H<sub>2</sub>O <q>引</q></p>", "<p>H<sub>2</sub>O “引”</p>"),
    ("<a href='https://a.cn/'><b>一</b>二</a>", '<p><a href="https://a.cn/"><strong>一</strong>二</a></p>'),
    ("<a href='https://a.cn/'>一<p>二</p></a>", '<p><a href="https://a.cn/">一</a></p><p><a href="https://a.cn/">二</a></p>'),
    ("<a href='/xw/1.html'>一</a><a name=x>二</a>", "<p>一二</p>"),
    ("<ul><li>一</li><li></li><li>二<ol><li>三</li></ol></li></ul>",
     "<ul><li>一</li><li>二<ol><li>三</li></ol></li></ul>"),
    ("<ul><li>一</li><ul><li>二</li></ul></ul>", "<ul><li>一</li><li>二</li></ul>"),
    ("<ol start=5><li>一</li><li>二</li></ol>", "<p>5. 一</p><p>6. 二</p>"),
    ("<dl><dt>名</dt><dd>义</dd></dl>", "<p><strong>名</strong></p><p>义</p>"),
    ("<pre>一\n二</pre>", "<p>一<br/>二</p>"),
    ("<blockquote>一<h2>二</h2></blockquote>", "<blockquote><p>一</p><p><strong>二</strong></p></blockquote>"),
    (
        "<table><thead><tr><th>村<th>亩</thead><tr><td colspan=2 bgcolor=red>一<td></table>",
        '<table><tbody><tr><th>村</th><th>亩</th></tr><tr><td colspan="2">一</td><td></td></tr></tbody></table>',
    ),
    ("<table><tr><td>一</td></tr><tr><td><p>二</p><p>三</p></td></tr></table>", "<p>一</p><p>二</p><p>三</p>"),
    (
        "<table><tr><td>左</td><td><table><tr><td>一</td><td>二</td></tr></table></td></tr></table>",
        "<p>左</p><table><tbody><tr><td>一</td><td>二</td></tr></tbody></table>",
    ),
    ("<table><tr><td rowspan=99999>一</td><td>二</td></tr></table>",
     "<table><tbody><tr><td>一</td><td>二</td></tr></tbody></table>"),
]  # fmt: skip


@pytest.mark.parametrize(("markup", "body"), MARKUP, ids=[markup for markup, _ in MARKUP])
def test_what_markup_becomes(tmp_path: Path, markup: str, body: str) -> None:
    assert body_of(tmp_path, f"<p>始。</p>{markup}<p>终。</p>") == f"<p>始。</p>{body}<p>终。</p>"


@pytest.mark.parametrize(
    "markup",
    [
        "<p onclick='x()' style='color:red'>一</p>",
        "<p><a href='javascript:alert(1)'>一</a></p>",
        "<p><a href=' JaVa&#9;ScRiPt:alert(1)'>一</a></p>",
        "<p><a href='&#106;avascript:alert(1)'>一</a></p>",
        "<p><a href='vbscript:x'>一</a></p>",
        "<p><a href='data:text/html,x'>一</a></p>",
        "<p>一<svg><script>alert(1)</script></svg></p>",
        "<p>一<math><mtext><script>alert(1)</script></mtext></math></p>",
        "<p>一<object data='x'>二</object><embed src='x'><applet>三</applet></p>",
        "<p>一<noscript><img src=x></noscript><template><p>二</p></template></p>",
        "<p>一<textarea><img src=x></textarea><select><option>二</select></p>",
        "<base href='https://evil.example/'><p>一</p>",
    ],
)
def test_nothing_that_acts_survives(tmp_path: Path, markup: str) -> None:
    assert body_of(tmp_path, markup) == "<p>一</p>"


def test_video_and_frames_are_left_out_with_a_notice(tmp_path: Path) -> None:
    path = written(tmp_path, "a.html", '<h1>武山</h1>\n<p>一</p>\n<iframe src="https://a.cn/"></iframe><video></video>')
    notices = [str(notice) for notice in read(path).notices]
    assert [notice.split(" was left out")[0] for notice in notices] == [
        "a.html:3: body: an embedded <iframe>",
        "a.html:3: body: an embedded <video>",
    ]


def test_struck_text_is_left_out_with_a_notice(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.html", "<h1>武山</h1><p>一<s>二</s></p>"))
    assert manuscript.article.body == "<p>一</p>"
    assert "二" in str(manuscript.notices[0].message)


def test_pages_that_declare_an_old_encoding(tmp_path: Path) -> None:
    page = '<meta http-equiv="Content-Type" content="text/html; charset={}"><h1>武山縣</h1><p>正文。</p>'
    for declared, encoding in (("gb2312", "gbk"), ("GBK", "gbk"), ("big5", "big5"), ("utf-8", "gbk"), ("gbk", "utf-8")):
        article = article_of(tmp_path, "a.html", page.format(declared).encode(encoding))
        assert (article.headline, article.body) == ("武山縣", "<p>正文。</p>"), declared


@pytest.mark.parametrize("declared", ["unicode_escape", "utf-7", "punycode", "rot13", "base64", "no-such-thing"])
def test_a_mad_declaration_is_ignored(tmp_path: Path, declared: str) -> None:
    page = f'<meta charset="{declared}"><h1>武山</h1><p>\\x41+AGE-正文。</p>'
    assert article_of(tmp_path, "a.html", page.encode("gbk")).body == "<p>\\x41+AGE-正文。</p>"


def test_an_xhtml_page_with_entities_of_its_own(tmp_path: Path) -> None:
    page = (
        '<?xml version="1.0" encoding="gb2312"?>\n<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml"><body><h1>武山</h1><p>一&x;</p></body></html>'
    )
    body = article_of(tmp_path, "a.html", page.encode("gbk")).body
    assert "root:" not in body
    assert "一" in body


# Pictures


def test_a_picture_beside_the_file_and_its_caption(tmp_path: Path) -> None:
    (tmp_path / "图片 1.png").write_bytes(picture())
    for source in ("图片 1.png", "./图片%201.png", "图片%201.png?v=2", "%E5%9B%BE%E7%89%87%201.png"):
        markup = (
            f'<h1>武山</h1><p>一</p><p align="center"><img src="{source}" alt="架豆"></p><p align="center">采摘现场</p>'
        )
        article = article_of(tmp_path, "a.html", markup)
        (image,) = article.images
        assert (image.alt, image.caption, image.width, image.height) == ("架豆", "采摘现场", 4, 3)
        assert article.body == (
            f'<p>一</p><figure><img src="image:{image.digest}" alt="架豆"/><figcaption>采摘现场</figcaption></figure>'
        )
        assert_canonical(article.body)


@pytest.mark.parametrize(
    ("markup", "caption"),
    [
        ("<figure>{}<figcaption>采摘<b>现场</b></figcaption></figure>", "采摘现场"),
        ("<p>{}</p><p>图为采摘现场。</p>", "图为采摘现场。"),
        ("<p>{}</p><p>▲采摘现场</p>", "采摘现场"),
        ("<p>{}<br>▲采摘现场</p>", "采摘现场"),
        ('<div>{}</div><div class="pic_caption">采摘现场</div>', "采摘现场"),
        ("<center>{}<br>采摘现场</center>", "采摘现场"),
        ("<p>{}</p><p>采摘现场在山丹镇。</p>", ""),
    ],
)
def test_captions(tmp_path: Path, markup: str, caption: str) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    article = article_of(tmp_path, "a.html", f"<h1>武山</h1><p>一</p>{markup.format('<img src=a.png>')}")
    assert article.images[0].caption == caption
    assert_canonical(article.body)


def test_a_picture_in_the_page_itself(tmp_path: Path) -> None:
    data = base64.b64encode(picture("JPEG")).decode()
    manuscript = read(written(tmp_path, "a.html", f'<h1>武山</h1><p>一<img src="data:image/jpeg;base64,{data}">二</p>'))
    (image,) = manuscript.article.images
    assert image.media_type == "image/jpeg"
    assert manuscript.media[image.digest] == picture("JPEG")
    assert manuscript.article.body == f'<p>一</p><figure><img src="image:{image.digest}" alt=""/></figure><p>二</p>'


def test_pictures_inside_lists_tables_and_quotations_stand_behind_them(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    img = "<img src=a.png>"
    markup = (
        f"<ul><li>一{img}</li></ul><table><tr><td>一{img}</td><td>二</td></tr></table><blockquote>引{img}</blockquote>"
    )
    body = body_of(tmp_path, markup)
    tags = [tag for tag in ("ul", "table", "blockquote") if f"</{tag}><figure>" in body]
    assert tags == ["ul", "table", "blockquote"]


REMOTE = ["http://a.cn/x.png", "https://a.cn/x.png", "//a.cn/x.png", "HTTP://a.cn/x.png", "ftp://a.cn/x.png"]


@pytest.mark.parametrize("source", REMOTE)
def test_a_picture_on_another_server_is_refused_with_what_to_do(tmp_path: Path, source: str) -> None:
    (problem,) = problems_of(written(tmp_path, "a.html", f'<h1>武山</h1>\n<p>一</p>\n<img src="{source}">'))
    assert (problem.field, problem.line) == ("images", 3)
    assert source in str(problem.message)
    assert "save the picture beside the manuscript" in str(problem.remedy)


# Whole pages

TEXT = (
    "<p>　　5月6日，青河县开展国土绿化行动，栽植苗木三十万株，干部群众参加。</p>"
    "<p>　　县林业局负责人表示，成活率将定期核查。</p>"
)
BODY = (
    "<p>5月6日，青河县开展国土绿化行动，栽植苗木三十万株，干部群众参加。</p>"
    "<p>县林业局负责人表示，成活率将定期核查。</p>"
)
TOP = "<div class='{}'><a href='/'>首页</a><a href='/zw'>政务公开</a></div>"
FOOT = "<div class='{}'><p>主办单位：青河县人民政府办公室</p><p>京ICP备00000000号</p></div>"
RELATED = "<div class='{}'><h3>相关链接</h3><ul><li><a href='/a'>青河县召开林长制会议</a></li></ul></div>"
FACTS = "<div class='{}'>发布时间：2026-05-06 10:05　来源：县林业局　作者：何静　浏览量：<span>87</span></div>"


def page(title: str, *parts: str, head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{''.join(parts)}</body></html>"


PAGES = {
    "containers without a name": page(
        "青河绿化忙-青河县人民政府",
        TOP.format("a1"),
        f"<div class=a2><div class=a3>青河绿化忙</div>{FACTS.format('a4')}<div class=a5>{TEXT}</div></div>",
        RELATED.format("a6"), FOOT.format("a7"),
    ),
    "a table's cell": page(
        "青河县林业局",
        "<table><tr><td><a href=/>首页</a> | <a href=/n>要闻</a></td></tr></table><table><tr><td><b>最新</b><br>"
        "<a href=1>召开会议</a><br><a href=2>又一条</a></td><td>"
        "<div align=center><font size=5><b>青河绿化忙</b></font></div>"
        f"{FACTS.format('x')}<hr>{TEXT}</td></tr></table><table><tr><td>青河县林业局 版权所有</td></tr></table>",
    ),
    "TRS": page(
        "青河绿化忙_部门动态_青河县人民政府",
        TOP.format("top"), f"<div class=xl><h2 class=tit>青河绿化忙</h2>{FACTS.format('info')}",
        f"<div class=TRS_Editor>{TEXT}</div></div>", RELATED.format("rel"), FOOT.format("foot"),
    ),
    "UCAP": page(
        "青河绿化忙", TOP.format("top"), "<h1>青河绿化忙</h1>", FACTS.format("i"), f"<div id=UCAP-CONTENT>{TEXT}</div>",
        FOOT.format("f"),
    ),
    "an article within main": page(
        "青河绿化忙 - 青河新闻网",
        f"<header><nav><a href=/>首页</a></nav></header><main><article><h1>青河绿化忙</h1>{FACTS.format('meta')}",
        f"<div class=article-content>{TEXT}</div></article><aside>{RELATED.format('r')}</aside></main>",
        "<footer>页脚</footer>",
    ),
    "the site's name as h1": page(
        "青河绿化忙-青河县人民政府",
        "<h1 class=logo>青河县人民政府</h1><h2 class=title>青河绿化忙</h2>", FACTS.format("i"),
        f"<div id=zoom>{TEXT}</div>",
    ),
    "the headline in a declaration alone": page(
        "部门动态", FACTS.format("i"), f"<div id=zoom>{TEXT}</div>", head="<meta name=ArticleTitle content=青河绿化忙>",
    ),
    "two parts of one text": page(
        "青河绿化忙", "<h1>青河绿化忙</h1>", FACTS.format("i"),
        f"<div class=con><div class=TRS_Editor>{TEXT[: TEXT.index('</p>') + 4]}</div>"
        f"<div class=TRS_Editor>{TEXT[TEXT.index('</p>') + 4 :]}</div></div>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAGES)
def test_the_text_is_found_and_what_stands_around_it_is_told(tmp_path: Path, name: str) -> None:
    manuscript = read(written(tmp_path, "a.html", PAGES[name]))
    article = manuscript.article
    assert article.headline == "青河绿化忙"
    assert article.body == BODY
    assert (article.source, article.authors) == ("县林业局", ("何静",))
    assert manuscript.reading.date.startswith("2026-05-06")
    shown = lxml_html.fromstring(PAGES[name]).find("body").text_content()
    told = "".join(line.text for line in manuscript.reading.lines)
    for words in ("首页", "召开林长制会议", "主办单位", "版权所有", "页脚"):
        assert (words in told) == (words in shown)


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("<h3 class=yinti>春来早</h3><h1>青河绿化忙</h1>", "kicker", "春来早"),
        ("<h1>青河绿化忙</h1><div class=subtitle>——三十万株苗木下地</div>", "subhead", "三十万株苗木下地"),
    ],
)
def test_lines_above_and_below_the_headline_by_their_names(tmp_path: Path, body: str, field: str, value: str) -> None:
    article = article_of(tmp_path, "a.html", page("青河绿化忙", body, f"<div id=zoom>{TEXT}</div>"))
    assert (article.headline, getattr(article, field), article.body) == ("青河绿化忙", value, BODY)


DECLARED = """<meta name="SiteName" content="青河县人民政府"><meta name="ColumnName" content="部门动态">
<meta name="ArticleTitle" content="青河绿化忙"><meta name="PubDate" content="2026-05-06 10:05">
<meta name="ContentSource" content="县林业局"><meta name="Author" content="何静">
<meta name="Keywords" content="绿化,林业"><meta name="Description" content="三十万株苗木下地，成活率要核查。">
<meta name="AIGC" content='{"Label":"2","ProduceID":"a1"}'>"""


def test_what_a_page_declares_fills_what_it_does_not_show(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.html", page("x", f"<div id=zoom>{TEXT}</div>", head=DECLARED)))
    article = manuscript.article
    assert (article.headline, article.source, article.authors) == ("青河绿化忙", "县林业局", ("何静",))
    assert (article.keywords, article.summary) == (("绿化", "林业"), "三十万株苗木下地，成活率要核查。")
    assert article.column == ""
    assert article.aigc is not None
    assert (article.aigc.label, article.aigc.produce_id) == (Certainty.MAY_BE, "a1")
    assert manuscript.reading.date == "2026-05-06 10:05"
    assert "部门动态" in [line.text for line in manuscript.reading.dropped]


def test_what_the_text_says_outranks_declarations(tmp_path: Path) -> None:
    text = f"<h1>青河绿化忙</h1><p>来源：青河融媒</p>{TEXT}<p>记者：马会兰</p>"
    article = article_of(tmp_path, "a.html", page("x", text, head=DECLARED))
    assert (article.source, article.reporters, article.authors) == ("青河融媒", ("马会兰",), ())


@pytest.mark.parametrize("author", ["admin", "青河县人民政府", "网站管理员", "user@example.com", "马会兰"])
def test_a_declared_author_is_a_person_or_none(tmp_path: Path, author: str) -> None:
    article = article_of(tmp_path, "a.html", page("武山", TEXT, head=f"<meta name=author content='{author}'>"))
    assert article.authors == (("马会兰",) if author == "马会兰" else ())


@pytest.mark.parametrize(
    "description",
    [
        "5月6日，青河县开展国土绿化行动，栽植苗木三十万株。",
        "5月6日，青河县开展国土绿化行…",
        "青河绿化忙",
        "青河县人民政府门户网站。",
    ],
)
def test_a_description_that_a_machine_made_is_no_summary(tmp_path: Path, description: str) -> None:
    head = f"<meta name=SiteName content=青河县人民政府><meta name=description content='{description}'>"
    manuscript = read(written(tmp_path, "a.html", page("x", f"<h1>青河绿化忙</h1>{TEXT}", head=head)))
    assert manuscript.article.summary == ""
    assert description in [line.text for line in manuscript.reading.dropped]


LINKED = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "headline": "青河绿化忙",
    "datePublished": "2026-05-06",
    "author": [{"@type": "Person", "name": "何静"}, {"name": "马会兰"}],
    "description": "苗木下地，成活率要核查。",
}


@pytest.mark.parametrize(
    "written_as", [json.dumps(LINKED), json.dumps([{"@type": "WebPage"}, LINKED]), json.dumps({"@graph": [LINKED]})]
)
def test_json_ld(tmp_path: Path, written_as: str) -> None:
    head = f"<script type='application/ld+json'>{written_as}</script>"
    manuscript = read(written(tmp_path, "a.html", page("x", f"<article>{TEXT}</article>", head=head)))
    assert manuscript.article.headline == "青河绿化忙"
    assert manuscript.article.authors == ("何静", "马会兰")
    assert manuscript.article.summary == "苗木下地，成活率要核查。"
    assert manuscript.reading.date == "2026-05-06"


@pytest.mark.parametrize("broken", ["{", "[" * 100_000, "null", '{"@type": 3}', '{"@graph": {"@graph": []}}', '"x"'])
def test_broken_json_ld_is_no_evidence(tmp_path: Path, broken: str) -> None:
    head = f"<script type='application/ld+json'>{broken}</script>"
    assert article_of(tmp_path, "a.html", page("武山", TEXT, head=head)).body == BODY


@pytest.mark.parametrize(
    ("title", "headline"),
    [
        ("青河绿化忙-青河县人民政府", "青河绿化忙"),
        ("青河绿化忙_部门动态_青河县人民政府门户网站", "青河绿化忙"),
        ("青河绿化忙|青河融媒", "青河绿化忙"),
        ("“北上-南下”两条路-青河日报", "“北上-南下”两条路"),
        ("2025-2026年冬灌结束", "2025-2026年冬灌结束"),
    ],
)
def test_the_site_behind_a_windows_title(tmp_path: Path, title: str, headline: str) -> None:
    assert article_of(tmp_path, "a.html", page(title, TEXT)).headline == headline


@pytest.mark.parametrize("title", ["文档1", "新建 Microsoft Word 文档", "无标题文档", "Untitled", "笔记0506", "送审稿"])
def test_a_name_of_a_file_is_no_headline(tmp_path: Path, title: str) -> None:
    text = f"<p align=center><b><span style='font-size:22pt'>青河绿化忙</span></b></p>{TEXT}"
    assert article_of(tmp_path, "a.html", page(title, text)).headline == "青河绿化忙"


# What is not shown


HIDDEN = [
    "<p style='display:none'>藏</p>", "<p style='DISPLAY : none !important'>藏</p>", "<p hidden>藏</p>",
    "<span aria-hidden=true>藏</span>", "<p style='visibility:hidden'>藏</p>", "<p style='font-size:0px'>藏</p>",
    "<p class=no>藏</p>", "<div id=gone><p>藏</p></div>",
]  # fmt: skip
SHEET = "<style>/* .x{} */ .no{display:none} #gone , b.c{display:none}@media print{p{display:none}}</style>"


@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_a_page_hides_is_left_out_and_told(tmp_path: Path, hidden: str) -> None:
    manuscript = read(written(tmp_path, "a.html", f"{SHEET}<h1>青河绿化忙</h1><div id=zoom>{TEXT}{hidden}</div>"))
    assert manuscript.article.body == BODY
    assert "藏" in [line.text for line in manuscript.reading.dropped]


@pytest.mark.parametrize("style", ["visibility: hidden; opacity: 0;", "display:none"])
def test_a_text_that_waits_for_a_script_is_the_text(tmp_path: Path, style: str) -> None:
    markup = f"<h1>青河绿化忙</h1><div id=js_content style='{style}'><section style='{style}'>{TEXT}</section></div>"
    assert article_of(tmp_path, "a.html", markup).body == BODY


def test_signs_of_the_pages_own_font_vanish(tmp_path: Path) -> None:
    markup = f"<h1>青河绿化忙</h1><div id=zoom><p><i class=iconfont>&#xe601;</i></p>{TEXT}</div>"
    manuscript = read(written(tmp_path, "a.html", markup))
    assert manuscript.article.body == BODY
    assert not manuscript.notices


def test_buttons_and_links_to_other_articles_within_the_text(tmp_path: Path) -> None:
    extra = (
        "<p>【<a href='#'>发表评论</a>】【<a href='javascript:print()'>打印此文</a>】</p>"
        "<p>相关阅读：<a href='/9'>为什么能留住人？</a></p><div class=share>分享到：微信</div>"
    )
    manuscript = read(written(tmp_path, "a.html", f"<h1>青河绿化忙</h1><div id=zoom>{TEXT}{extra}<p>（完）</p></div>"))
    told = "".join(line.text for line in manuscript.reading.lines)
    for words in ("发表评论", "为什么能留住人？", "分享到"):
        assert words not in manuscript.article.body
        assert words in told


@pytest.mark.parametrize(
    "kept",
    [
        "<p>附件：<a href='./P020.pdf'>名单.pdf</a> <a href='./b.doc'>申请表.doc</a></p>",
        "<p><a href='#'>一</a>段话。</p>",
    ],
)
def test_attachments_and_linked_words_stay(tmp_path: Path, kept: str) -> None:
    article = article_of(tmp_path, "a.html", f"<h1>青河绿化忙</h1><div id=zoom>{TEXT}{kept}<p>结束，谢谢。</p></div>")
    assert lxml_html.fromstring(kept).text_content() in lxml_html.fromstring(article.body).text_content()


def test_a_comment_without_an_end_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(written(tmp_path, "a.html", f"<h1>武山</h1>\n{TEXT}\n<!-- 忘了\n<p>余下的话。</p>"))
    assert (problem.field, problem.line) == ("body", 3)


# How it looks


def hints_of(markup: str) -> list[tuple[str, object]]:
    body = parse(markup)
    looks.dress(body, looks.sheet(body))
    marked = etree.tostring(body, encoding="unicode", method="html")
    return [(block.text, block.hints) for block in blocks(marked, Draft("a.html"), lambda *_: None)]


LOOKS = [
    ("<p align=center>甲</p>", {"centred": True}),
    ("<center>甲</center>", {"centred": True}),
    ("<div style='text-align: center'><p>甲</p></div>", {"centred": True}),
    ("<div style='text-align: center'><p style='text-align:left'>甲</p></div>", {"centred": False}),
    ("<p style='text-align:right'>甲</p>", {"right": True}),
    ("<p style='TEXT-ALIGN: Right'>甲</p>", {"right": True}),
    ("<p><b>甲乙</b></p>", {"bold": True}),
    ("<p><b>甲</b>乙丙丁</p>", {"bold": False}),
    ("<p style='font-weight:700'>甲</p>", {"bold": True}),
    ("<p><b><span style='font-weight:normal'>甲</span></b></p>", {"bold": False}),
    ("<p><span style='font-size:22.0pt'>甲乙</span><span style='font-size:9pt'>丙</span></p>", {"size": 22.0}),
    ("<p style='font-size:20px'>甲</p>", {"size": 15.0}),
    ("<p><font size=5>甲</font></p>", {"size": 18.0}),
    ("<p style='font-size:larger'>甲</p>", {"size": 0}),
    ("<p><span style=\"font-family:'黑体',SimHei\">甲</span></p>", {"font": "黑体"}),
    ("<p><font face=仿宋>甲</font></p>", {"font": "仿宋"}),
    ("<style>p.t{text-align:center;font-size:22pt}</style><p class='x t'>甲</p>", {"centred": True, "size": 22.0}),
    ("<style>@media print{.t{text-align:center}}</style><p class=t>甲</p>", {"centred": False}),
    ("<p class=MsoTitle>甲</p>", {"role": "title"}),
    ("<p class=MsoSubtitle>甲</p>", {"role": "subtitle"}),
    ("<p class=MsoCaption>甲</p>", {"role": "caption"}),
    ("<p data-size=99 data-role=title data-centred=1>甲</p>", {"size": 0, "role": "", "centred": False}),
]


@pytest.mark.parametrize(("markup", "expected"), LOOKS, ids=[markup for markup, _ in LOOKS])
def test_looks_become_hints(markup: str, expected: dict[str, object]) -> None:
    ((_, hints),) = hints_of(f"<body>{markup}</body>")
    assert {name: getattr(hints, name) for name in expected} == expected


# WeChat

WECHAT = """<html><head><meta property="og:title" content="青河绿化忙"><meta name="author" content="何静">
<title></title></head>
<body><div id="js_article"><h1 class="rich_media_title" id="activity-name">青河绿化忙</h1>
<div id="meta_content"><span class="rich_media_meta rich_media_meta_text">何静</span><a id="js_name">青河发布</a>
<em id="publish_time">2026年5月6日 18:20</em></div>
<div class="rich_media_content" id="js_content" style="visibility: hidden; opacity: 0;"><section><section><p>
<span leaf="">5月6日，青河县开展国土绿化行动，</span><span leaf="">栽植苗木三十万株。</span></p></section></section>
{}</div><div id="js_tags">阅读 1024</div><div>赞 12 在看 3</div></div></body></html>"""


def test_a_page_of_wechats(tmp_path: Path) -> None:
    manuscript = read(written(tmp_path, "a.html", WECHAT.format("<mp-common-profile></mp-common-profile>")))
    article = manuscript.article
    assert (article.headline, article.source, article.authors) == ("青河绿化忙", "青河发布", ("何静",))
    assert article.body == "<p>5月6日，青河县开展国土绿化行动，栽植苗木三十万株。</p>"
    assert {line.text for line in manuscript.reading.guesses} >= {"青河发布"}
    told = "".join(line.text for line in manuscript.reading.lines)
    assert all(words in told for words in ("阅读 1024", "赞 12 在看 3", "2026年5月6日"))


# Pictures that come later

PIXEL = "data:image/gif;base64,R0lGODdhAQABAIEAAP///wAAAAAAAAAAACwAAAAAAQABAAAIBAABBAQAOw=="
LATE = [
    f"<img data-src=a.png src='{PIXEL}'>",
    "<img data-original=a.png src=loading.gif>",
    "<img data-lazy-src=a.png src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E\">",
    "<img src=a.png oldsrc=W020.jpg>",
    "<img src=pixel.png srcset='small.png 100w, a.png 800w'>",
    f"<img src='{PIXEL}'><noscript><img src=a.png></noscript>",
    "<picture><source srcset='a.png 2x'><img src=blank.gif></picture>",
    "<img data-src=https://mmbiz.example/640 src=a.png>",
    "<img lazy-src=a.png>",
    "<img src=a.png data-src=''>",
]


@pytest.mark.parametrize("markup", LATE)
def test_the_real_picture_is_taken_wherever_its_address_stands(tmp_path: Path, markup: str) -> None:
    (tmp_path / "a.png").write_bytes(picture(size=(40, 30)))
    (tmp_path / "small.png").write_bytes(picture(size=(4, 3)))
    (tmp_path / "pixel.png").write_bytes(picture(size=(1, 1)))
    article = article_of(tmp_path, "a.html", f"<h1>青河绿化忙</h1><div id=zoom>{TEXT}<p>{markup}</p></div>")
    assert [(image.width, image.height) for image in article.images] == [(40, 30)]


@pytest.mark.parametrize(
    ("markup", "told"),
    [
        (f"<img src='{PIXEL}'>", False),
        ("<img src=pixel.png>", False),
        (f"<img src='{PIXEL}' data-src=loading.gif>", True),
        ("<img src=images/blank.gif>", False),
    ],
)
def test_what_only_holds_a_place_is_never_published(tmp_path: Path, markup: str, told: bool) -> None:
    (tmp_path / "pixel.png").write_bytes(picture(size=(1, 1)))
    manuscript = read(written(tmp_path, "a.html", f"<h1>青河绿化忙</h1><div id=zoom>{TEXT}<p>{markup}</p></div>"))
    assert manuscript.article.images == ()
    assert any("the place for it" in str(one) for one in manuscript.notices) == told


def test_a_late_picture_on_another_server_is_named(tmp_path: Path) -> None:
    markup = f"<h1>武山</h1>{TEXT}<img data-src='https://mmbiz.example/640' src='{PIXEL}'>"
    (problem,) = problems_of(written(tmp_path, "a.html", markup))
    assert "https://mmbiz.example/640" in str(problem.message)


@pytest.mark.parametrize("name", ["640.jpg", "P020260418.jpg", "图片", "image", "W020260506", "IMG_2031.JPG", ""])
def test_names_of_files_are_no_words_about_a_picture(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    markup = f"<h1>武山</h1>{TEXT}<p><img src=a.png alt='{name}' title='{name}'></p>{TEXT}"
    (image,) = article_of(tmp_path, "a.html", markup).images
    assert (image.alt, image.caption) == ("", "")


# Pages that Word saved

WORD = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office">
<head><meta http-equiv=Content-Type content="text/html; charset=gb2312">
<meta name=Generator content="Microsoft Word 15{}">
<title>文档1</title><!--[if gte mso 9]><xml><o:Author>admin</o:Author></xml><![endif]-->
<style><!-- p.MsoTitle {{text-align:center;font-size:22.0pt}} --></style></head><body lang=ZH-CN>
<div class=WordSection1>
<p class=MsoTitle><span>青河绿化忙<o:p></o:p></span></p>
<p class=MsoNormal>5月6日，绿化开始<a style='mso-footnote-id:ftn1' href="#_ftn1" name="_ftnref1"><span
class=MsoFootnoteReference><![if !supportFootnotes]>[1]<![endif]></span></a>。<span class=MsoCommentReference><a
class=msocomanchor href="#_msocom_1">[张1]</a></span></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>1.<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp; </span></span><![endif]>看标签</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><![if !supportLists]><span style='font-family:Wingdings'><span
style='mso-list:Ignore'>l<span>&nbsp; </span></span></span><![endif]>打热线</p>
<p class=MsoNormal><!--[if gte vml 1]><v:shape><v:imagedata src="none.png"/></v:shape><![endif]--><![if !vml]><img
src="a.png" v:shapes="图片 1"><![endif]></p></div><div class=WordSection2><p class=MsoNormal>第二节的话。</p></div>
<div style='mso-element:footnote-list'><hr><div style='mso-element:footnote' id=ftn1><p class=MsoFootnoteText><a
href="#_ftnref1" name="_ftn1">[1]</a> 注的文字。</p></div></div>
<div style='mso-element:comment-list'><div style='mso-element:comment' id="_com_1"><p>请核对</p></div></div>
</body></html>"""


@pytest.mark.parametrize("filtered", ["", " (filtered)"])
def test_a_page_that_word_saved(tmp_path: Path, filtered: str) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    manuscript = read(written(tmp_path, "a.htm", WORD.format(filtered).encode("gbk")))
    article = manuscript.article
    assert article.headline == "青河绿化忙"
    assert '绿化开始<sup><a href="#note-1">[1]</a></sup>。' in article.body
    assert "<p>1. 看标签</p><p>• 打热线</p>" in article.body
    assert "<p>第二节的话。</p>" in article.body
    assert article.body.endswith('<p id="note-1">[1] 注的文字。</p>')
    assert len(article.images) == 1
    assert not article.authors
    assert {"[张1]", "请核对"} <= {line.text for line in manuscript.reading.dropped}
    assert any(line.why == TITLE_STYLE for line in manuscript.reading.lines)


@pytest.mark.parametrize("mark", ["<en-todo checked=true></en-todo>", ""])
def test_a_note_that_evernote_exported(tmp_path: Path, mark: str) -> None:
    head = "<meta name='exporter-version' content='Evernote Mac 7'/><meta name=author content='user@example.com'/>"
    lines = ("青河绿化忙", "<br/>", f"{mark}5月6日，绿化开始，群众参加。", "成活率要核查。", "记者：何静")
    body = "".join(f"<div>{line}</div>" for line in lines)
    article = article_of(tmp_path, "a.html", page("笔记0506", body, head=head))
    assert (article.headline, article.reporters) == ("青河绿化忙", ("何静",))
    assert article.body == "<p>5月6日，绿化开始，群众参加。</p><p>成活率要核查。</p>"


# Every character

NAMES = ["", " class=share", " id=zoom", " class=content", " class='footer x'", " style='display:none'", " hidden",
         " align=center", " class=MsoNormal", " style='font-size:22pt;font-weight:bold'", " class=title",
         " href=/x", " data-note=1"]  # fmt: skip
WORDS = st.text("青河县今年举办绿化，。“”：a1 　\n", max_size=12) | st.sampled_from(
    ["来源：县林业局", "记者：何静", "首页", "打印", "相关链接", "版权所有", "5月6日，青河县开展绿化行动，群众参加。"]
)
ELEMENTS = ["p", "div", "span", "b", "a", "h1", "h2", "td", "tr", "table", "ul", "li", "section", "article", "nav",
            "button", "textarea", "noscript", "header", "footer", "font", "center", "blockquote", "figure",
            "figcaption", "s"]  # fmt: skip
MARKUP_TREE = st.lists(
    st.recursive(
        WORDS,
        lambda inside: st.builds(
            lambda tag, name, parts: f"<{tag}{name}>{''.join(parts)}</{tag}>",
            st.sampled_from(ELEMENTS),
            st.sampled_from(NAMES),
            st.lists(inside, max_size=4),
        ),
        max_leaves=14,
    ),
    max_size=5,
).map("".join)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(MARKUP_TREE)
def test_every_character_of_a_page_is_in_the_article_or_told(tmp_path: Path, markup: str) -> None:
    whole = f"<html><head><title>题目</title></head><body>{markup}</body></html>"
    try:
        manuscript = read(written(tmp_path, "a.html", whole))
    except BadManuscript:
        return
    shown = parse(whole)
    body = lxml_html.fragment_fromstring(manuscript.article.body, create_parent="div")
    kept = Counter("".join(body.itertext()) + "".join(line.text for line in manuscript.reading.lines))
    written_as = Counter(character for character in shown.text_content() if "\u4e00" <= character <= "\u9fff")
    assert not written_as - kept
