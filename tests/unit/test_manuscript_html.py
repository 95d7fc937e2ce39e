"""Web pages, as county and department sites make them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pipeline.manuscript import read
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
    assert (article.source, article.reporters, article.editors) == ("武山发布", ("张三",), ("李四",))


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
        ("<p>{}</p><p>图：采摘现场</p>", "采摘现场"),
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
