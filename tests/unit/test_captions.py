"""Captions: what beside a picture says what it shows, and what is text."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.article import Image
from pipeline.article.credit import Duty
from pipeline.manuscript import read
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.captions import captioned, spoken
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.photographers import credits_in
from tests.unit.manuscripts import picture, written

TEXT = (
    "<p>4月3日，石桥镇河湾村的茶园里一片忙碌，茶农们背着竹篓穿行在茶垄之间，采摘今年的第一茬春茶，空气里满是茶香。</p>"
)
MORE = "<p>据了解，河湾村今年种植茶叶三千二百亩，预计产值一千万元，带动两百多户村民增收，人均年收入可增加八千元。</p>"


def taken(name: str, line: int | None = None) -> Image | None:
    """Any name is a picture of its own; one that begins with `lost` cannot be shown."""
    digest = name.encode().hex().ljust(64, "0")[:64]
    return None if name.startswith("lost") else Image(digest=digest, media_type="image/png", width=1, height=1, size=1)


def read_blocks(markup: str, headline: str = "春茶开采") -> tuple[list[Block], Draft]:
    draft = Draft("a.html")
    if headline:
        draft.put("headline", headline)
    return captioned(blocks(markup, draft, taken), draft), draft


def captions(markup: str, headline: str = "春茶开采") -> list[str]:
    return [block.image.caption for block in read_blocks(markup, headline)[0] if block.image is not None]


def texts(markup: str) -> list[str]:
    return [block.text for block in read_blocks(markup)[0] if block.tag != "figure"]


@pytest.mark.parametrize(
    ("line", "caption"),
    [
        ("图为茶农采摘春茶", "图为茶农采摘春茶"),
        ("图为1月8日，四门镇群众领取分红。", "图为1月8日，四门镇群众领取分红。"),
        ("上图为采茶现场。下午，茶商前来收购。", "上图为采茶现场。下午，茶商前来收购。"),
        ("图片为石桥镇茶园", "图片为石桥镇茶园"),
        ("▲采茶现场", "采茶现场"),
        ("△ 采茶现场", "采茶现场"),
        ("↑采茶现场", "采茶现场"),
        ("◆采茶现场", "采茶现场"),
        ("采茶现场▲", "采茶现场"),
        ("👆采茶现场", "采茶现场"),
        ("【图片说明】采茶现场", "采茶现场"),
        ("（图为茶农采摘春茶）", "（图为茶农采摘春茶）"),
        ("图片来源：县茶叶局", "图片来源：县茶叶局"),
        ("苏伟 摄", "苏伟 摄"),
        ("图片说明：采茶现场", "采茶现场"),
        ("图说：采茶现场", "采茶现场"),
        ("图：采茶现场", "采茶现场"),
        ("图1：采茶现场", "图1：采茶现场"),
        ("图一 采茶现场", "图一 采茶现场"),
        ("（图2）采茶现场　苏伟摄", "（图2）采茶现场 苏伟摄"),
        ("采茶现场。苏伟 摄", "采茶现场。苏伟 摄"),
        ("茶农在河湾村的茶园里采摘春茶（县茶叶局供图）", "茶农在河湾村的茶园里采摘春茶（县茶叶局供图）"),
        ("<em>茶农在采摘春茶。</em>", "茶农在采摘春茶。"),
        ("<span data-role='caption'>x</span>", ""),
    ],
)
def test_a_paragraph_below_a_picture_that_is_its_caption(line: str, caption: str) -> None:
    if not caption:  # a role belongs to a paragraph
        assert captions(f"{TEXT}<img src=a><p>{line}</p>{MORE}") == [""]
        return
    markup = f"{TEXT}<p><img src=a></p><p>{line}</p>{MORE}"
    assert captions(markup) == [caption]
    assert len(texts(markup)) == 2


@pytest.mark.parametrize("attribute", ["data-role='caption'", "data-centred"])
def test_a_paragraph_that_is_set_as_captions_are(attribute: str) -> None:
    markup = f"{TEXT}<p><img src=a></p><p {attribute}>茶农在采茶</p>{MORE}"
    assert captions(markup) == ["茶农在采茶"]
    assert len(texts(markup)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "<p>茶农在采茶。</p>",
        "<p>茶农在采茶</p>",
        "<p>图为方便群众，县政务服务中心推出延时服务。</p>",
        "<p>图的是省心，村民们把土地流转给了合作社。</p>",
        "<p>图书馆里坐满了读者。</p>",
        "<p>图1显示，全县茶叶产量连续三年增长，其中春茶占到六成以上。</p>",
        "<p>图为" + "茶农们在采摘春茶，" * 20 + "一片忙碌。</p>",
        "<p>图为茶园。今年，全镇新建茶园五百亩。产值过千万元。村民人均增收八千元。</p>",
        "<p data-centred>一、茶产业越做越大</p>",
        "<p data-centred>（二）游客越来越多</p>",
        "<p data-centred>第二章 山乡巨变</p>",
        "<p data-centred>1.茶产业</p>",
        "<p data-centred>记者：张三</p>",
        "<p data-centred>（记者 张三 通讯员 李四）</p>",
        "<p data-centred>青河融媒记者 张三</p>",
        "<p data-centred>编　辑：张三</p>",
        "<p data-centred>来源：青河县融媒体中心</p>",
        "<p data-centred>2026年4月3日</p>",
        "<p data-centred>— END —</p>",
        "<p data-centred>***</p>",
        "<p data-centred>往期推荐</p>",
        "<p data-centred>长按识别二维码关注我们</p>",
        "<p data-centred>“今年的茶叶卖得好”</p>",
        "<p data-centred>茶农说，今年的收成比去年好得多。</p>",
        "<p data-centred>茶农说：</p>",
        "<p data-centred data-bold>山乡里的茶香</p>",
        "<p data-centred><strong>山乡里的茶香</strong></p>",
        "<p data-centred>春茶开采</p>",
        "<p data-role='subtitle'>图为一座茶山</p>",
        "<h2>茶香满山</h2>",
        "<p><em>本报讯</em> 茶农在采茶</p>",
        "<p><em>茶农们背着竹篓穿行在茶垄之间。大家有说有笑。</em></p>",
        "<p>▲一是扩大面积；</p><p>▲二是提高品质；</p>",
        "<p>◆茶叶</p><p>◆油桃</p>",
        "<p>▲</p>",
        "<p>图为记者张三在采访时说：</p>",
        "<ul><li>图为茶农</li></ul>",
    ],
)
def test_a_paragraph_below_a_picture_that_is_text(line: str) -> None:
    markup = f"{TEXT}<p><img src=a></p>{line}{MORE}"
    before = [block.text for block in read_blocks(line)[0]]
    assert captions(markup) == [""]
    assert texts(markup)[1:-1] == before


def test_what_stands_further_from_a_picture_is_text() -> None:
    assert captions(f"<p><img src=a></p>{TEXT}<p>图为茶农采摘春茶</p>{MORE}") == [""]


def test_the_text_of_a_photograph_is_no_caption_though_it_ends_like_one() -> None:
    line = "5月8日，柳林镇果农在大棚里采摘油桃。冯涛 摄"
    assert captions(f"<p><img src=a></p><p>{line}</p>") == [""]
    assert texts(f"<p><img src=a></p><p>{line}</p>") == [line]


def test_a_line_below_the_first_picture_may_be_the_title() -> None:
    """A picture above the title, as photo news has it; `headline`: what a page says of itself."""
    title = "<p><img src=a></p><p data-centred data-size=22>油桃抢鲜上市</p>"
    assert captions(title + TEXT, headline="") == [""]
    assert captions("<p><img src=a></p><p data-centred>油桃抢鲜上市</p>" + TEXT, headline="") == [""]
    both = "<p><img src=a></p><p data-centred data-size=10>果农采摘油桃</p><p data-centred data-size=22>油桃上市</p>"
    assert captions(both + TEXT, headline="") == ["果农采摘油桃"]
    assert captions("<p><img src=a></p><p data-centred>果农采摘油桃</p>" + TEXT, headline="油桃上市") == [
        "果农采摘油桃"
    ]


def test_where_all_lines_are_centred_it_says_nothing() -> None:
    lines = "".join(f"<p data-centred>{line}</p>" for line in ("春风又绿山乡", "茶香飘满河湾", "人间最美四月"))
    markup = f"{lines}<p><img src=a></p><p data-centred>等你来品</p>{lines}"
    assert captions(markup) == [""]
    assert captions(markup.replace("等你来品", "▲河湾茶园")) == ["河湾茶园"]


def test_a_larger_line_is_a_heading() -> None:
    text = TEXT.replace("<p>", "<p data-size=16>")
    assert captions(f"{text}<p><img src=a></p><p data-centred data-size=18>茶香满山</p>{text}") == [""]
    assert captions(f"{text}<p><img src=a></p><p data-centred data-size=12>茶香满山</p>{text}") == ["茶香满山"]
    assert captions(f"{text}<p><img src=a></p><p data-size=12>茶农在采茶。</p>{text}") == ["茶农在采茶。"]
    assert captions(f"{text}<p><img src=a></p><p data-size=16>茶农在采茶。</p>{text}") == [""]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p><img src=a><img src=b></p><p>左图为采茶，右图为制茶</p>", ["左图为采茶", "右图为制茶"]),
        ("<p><img src=a></p><p><img src=b></p><p>右图为制茶；左图为采茶。</p>", ["左图为采茶", "右图为制茶"]),
        ("<p><img src=a></p><p><img src=b></p><p>图1：采茶　图2：制茶</p>", ["图1：采茶", "图2：制茶"]),
        ("<p><img src=a></p><p><img src=b></p><p>▲上图：采茶 下图：制茶</p>", ["上图：采茶", "下图：制茶"]),
        ("<p><img src=a><img src=b></p><p>图为采茶现场</p>", ["图为采茶现场", "图为采茶现场"]),
        ("<p><img src=a> <a href=x><img src=b></a></p><p data-centred>采茶现场</p>", ["采茶现场", "采茶现场"]),
        ("<p><img src=a></p><p><img src=b></p><p>组图：采茶现场</p>", ["组图：采茶现场", "组图：采茶现场"]),
        ("<p><img src=a></p><p><img src=b></p><p>图为制茶现场</p>", ["", "图为制茶现场"]),
        ("<p><img src=a></p><p><img src=b></p><p>▲采茶</p><p>▲制茶</p>", ["采茶", "制茶"]),
        ("<p><img src=a></p><p>▲采茶</p><p><img src=b></p><p>▲制茶</p>", ["采茶", "制茶"]),
        ("<p><img src=a></p><p><img src=b></p><p>▲采茶<br>▲制茶</p>", ["采茶", "制茶"]),
        ("<p><img src=a></p><p>左图为采茶，右图为制茶</p>", ["左图为采茶，右图为制茶"]),
    ],
)
def test_several_pictures(markup: str, expected: list[str]) -> None:
    assert captions(TEXT + markup + MORE) == expected
    assert len(texts(TEXT + markup + MORE)) == 2


def test_captions_that_stand_above_their_pictures() -> None:
    said = f"{TEXT}<p>图为采茶</p><p><img src=a></p><p>图为制茶</p><p><img src=b></p>{MORE}"
    assert captions(said) == ["图为采茶", "图为制茶"]
    assert captions(f"{TEXT}<p>▼采茶</p><p><img src=a></p>{MORE}<p>▼制茶</p><p><img src=b></p>{MORE}") == [
        "采茶",
        "制茶",
    ]
    set_apart = (
        f"{TEXT}<p data-centred>采茶</p><p><img src=a></p>{MORE}<p data-centred>制茶</p><p><img src=b></p>{MORE}"
    )
    assert captions(set_apart) == ["采茶", "制茶"]
    assert captions(f"{TEXT}<p data-centred>采茶</p><p><img src=a></p>{MORE}") == [""]
    assert captions(
        f"<p data-centred>采茶</p><p><img src=a></p>{TEXT}<p data-centred>制茶</p><p><img src=b></p>{MORE}"
    ) == [
        "",
        "",
    ]


TABLE = "<table>{}</table>"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><td><img src=a></td><td><img src=b></td></tr><tr><td>采茶</td><td>制茶</td></tr>", ["采茶", "制茶"]),
        ("<tr><td>采茶</td><td>制茶</td></tr><tr><td><img src=a></td><td><img src=b></td></tr>", ["采茶", "制茶"]),
        ("<tr><td><img src=a></td><td><img src=b></td></tr><tr><td colspan=2>采茶现场</td></tr>", ["采茶现场"] * 2),
        (
            "<tr><td><img src=a></td><td><img src=b></td></tr><tr><td colspan=2>左图为采茶，右图为制茶</td></tr>",
            ["左图为采茶", "右图为制茶"],
        ),
        ("<tr><td><img src=a><p>采茶</p></td><td><img src=b><p>制茶</p></td></tr>", ["采茶", "制茶"]),
        (
            "<tr><td><img src=a><td><img src=b><tr><td>▲甲</td><td>▲乙</td><tr><td><img src=c><tr><td>▲丙</td>",
            ["甲", "乙", "丙"],
        ),
        ("<tr><td><img src=a></td><td><img src=b></td></tr><tr><td>采茶</td><td></td></tr>", ["采茶", ""]),
    ],
)
def test_tables_of_pictures(rows: str, expected: list[str]) -> None:
    markup = TEXT + TABLE.format(rows) + MORE
    assert captions(markup) == expected
    assert len(texts(markup)) == 2


@pytest.mark.parametrize(
    "rows",
    [
        "<tr><th>姓名</th><th>照片</th></tr><tr><td>张三</td><td><img src=a></td></tr>",
        "<tr><td>张三</td><td><img src=a></td></tr><tr><td>李四</td><td><img src=b></td></tr>",
        "<tr><td><img src=a></td><td><img src=b></td></tr><tr><td>甲</td><td>乙</td></tr><tr><td>1</td><td>2</td></tr>",
        f"<tr><td><img src=a></td><td><img src=b></td></tr><tr><td>{'茶农在采茶，' * 30}</td><td>乙</td></tr>",
    ],
)
def test_tables_of_words_stay_tables(rows: str) -> None:
    content, _ = read_blocks(TEXT + TABLE.format(rows) + MORE)
    assert [block.tag for block in content][:2] == ["p", "table"]
    assert not any(captions(TEXT + TABLE.format(rows) + MORE))


@pytest.mark.parametrize(
    ("caption", "role", "names", "offices"),
    [
        ("图为茶农采摘春茶。苏伟 摄", "摄影", ("苏伟",), ()),
        ("比赛现场 苏伟摄", "摄影", ("苏伟",), ()),
        ("比赛现场（记者 冯 涛 摄）", "摄影", ("冯涛",), ()),
        ("植树现场。青河融媒记者冯涛 通讯员苏伟 摄", "摄影", ("冯涛", "苏伟"), ()),
        ("丰收场景 张三、李四 摄影", "摄影", ("张三", "李四"), ()),
        ("丰收场景。摄影：张三", "摄影", ("张三",), ()),
        ("牧场（阿依古丽·买买提 摄）", "摄影", ("阿依古丽·买买提",), ()),
        ("The square。John Smith 摄", "摄影", ("John Smith",), ()),
        ("植树现场（县林业局供图）", "供图", (), ("县林业局",)),
        ("植树现场。图片由县林业局提供", "供图", (), ("县林业局",)),
        ("文艺演出。县委宣传部 张三 摄", "摄影", ("张三",), ("县委宣传部",)),
        ("苏伟 摄", "摄影", ("苏伟",), ()),
    ],
)
def test_who_took_a_picture_is_a_credit(
    caption: str, role: str, names: tuple[str, ...], offices: tuple[str, ...]
) -> None:
    (credit,) = credits_in(caption)
    assert (credit.role, credit.duty) == (role, Duty.PHOTOGRAPHER)
    assert (credit.names, credit.organisations) == (names, offices)
    found, draft = read_blocks(f"{TEXT}<p><img src=a></p><p>▲{caption}</p>{MORE}")
    assert [block.image.caption for block in found if block.image] == [caption]
    assert draft.credits == [credit]


@pytest.mark.parametrize(
    "caption",
    [
        "图为记者在现场拍摄",
        "茶园航拍",
        "资料图",
        "图为茶园鸟瞰图",
        "比赛现场（受访者供图）",
        "网络图",
        "图：县林业局",
        "茶农采茶苏伟摄",
    ],
)
def test_nobody_is_named(caption: str) -> None:
    assert credits_in(caption) == ()


def test_a_credit_below_a_caption_belongs_to_it() -> None:
    markup = f"{TEXT}<p><img src=a></p><p>图为茶农采茶</p><p>苏伟 摄</p>{MORE}"
    assert captions(markup) == ["图为茶农采茶 苏伟 摄"]
    assert len(texts(markup)) == 2
    assert captions(f"{TEXT}<p><img src=a></p><p>图为茶农采茶</p><p>图源：县茶叶局</p>{MORE}") == [
        "图为茶农采茶 图源：县茶叶局"
    ]
    # at the article's end it is the whole article's
    assert texts(f"{TEXT}{MORE}<p><img src=a></p><p>图为茶农采茶</p><p>苏伟 摄</p>")[-1] == "苏伟 摄"


def test_the_caption_of_a_picture_that_was_left_out_goes_with_it_and_is_told() -> None:
    markup = f"{TEXT}<p><img src=a></p><p><img src=lost></p>{MORE}<p><img src=lost2></p><p>图为茶农采茶</p>{MORE}"
    content, draft = read_blocks(markup)
    assert [block.image.caption for block in content if block.image] == [""]
    assert [block.tag for block in content] == ["p", "figure", "p", "p"]
    assert [line.text for line in draft.read] == ["图为茶农采茶"]
    assert "图为茶农采茶" in str(draft.notices[0].message)


def test_the_words_for_one_of_two_pictures_stay_text_if_nobody_knows_which() -> None:
    content, _ = read_blocks(f"{TEXT}<p><img src=a></p><p><img src=lost></p><p>图为茶农采茶</p>{MORE}")
    assert [block.text for block in content if block.tag == "p"][1] == "图为茶农采茶"


def test_a_caption_that_is_said_twice_is_shown_once() -> None:
    markup = f"{TEXT}<figure><img src=a><figcaption>▲茶农采茶</figcaption></figure><p>▲茶农采茶</p>{MORE}"
    assert captions(markup) == ["茶农采茶"]
    assert len(texts(markup)) == 2


@pytest.mark.parametrize(
    "name",
    [
        "640.jpg", "640", "640?wx_fmt=jpeg", "IMG_0318", "IMG_0318.HEIC", "DSC00123", "图片 1", "图片1.png",
        "image1.png", "Picture 2", "微信图片_20260506101112", "mmexport1651234567890", "P1011234",
        "W020260506.jpg", "茶园.jpg",
        "图片", "6f1ed002ab5595859014ebf0951522d9", "c0a80101-1dd2-11b2-8080-808080808080", "https://www.example.com/a",
        "未命名", "屏幕截图 2026-05-06 101112", "点击查看大图", "图片包含 室外, 人, 草\n描述已自动生成",
    ],
)  # fmt: skip
def test_names_that_programs_give_are_no_words(name: str) -> None:
    assert spoken(name) == ""
    assert captions(f"{TEXT}<p><img src=a title='{name}' alt='{name}'></p>{MORE}") == [""]


@pytest.mark.parametrize(
    "words",
    ["茶农在采茶", "图片里的村庄", "2026年的春天", "石桥镇河湾村的茶农们正在采摘今年的第一茬春茶", "A tea garden"],
)
def test_words_that_people_write_are_kept(words: str) -> None:
    assert spoken(words) == words


def test_markdown_a_caption_in_the_same_paragraph(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    text = "# 春茶开采忙\n\n五月，茶山进入采摘高峰。\n\n![采茶](a.png)\n*图为茶农采摘春茶。苏伟 摄*\n\n产量增长两成。\n"
    article = read(written(tmp_path, "a.md", text)).article
    (image,) = article.images
    assert (image.caption, image.alt) == ("图为茶农采摘春茶。苏伟 摄", "采茶")
    assert article.photographers == ("苏伟",)
    assert "图为" not in "".join(article.paragraphs())


def test_markdown_the_name_of_a_file_is_no_caption(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    article = read(written(tmp_path, "a.md", "# 春茶\n\n采茶。\n\n![640.jpg](a.png)\n")).article
    assert (article.images[0].caption, article.images[0].alt) == ("", "")
    assert "640" not in article.body


@pytest.mark.parametrize("name", ["a.html", "a.md"])
def test_a_files_name_is_no_caption(tmp_path: Path, name: str) -> None:
    """`title="640.jpg"` is what programs write; it was once printed below the picture."""
    example = Path(__file__).parents[2] / "examples" / "jiadou.jpg"
    (tmp_path / "640.jpg").write_bytes(example.read_bytes())
    text = {
        "a.html": '<h1>架豆</h1><p>农民喜笑颜开，架豆喜获丰收。</p><p><img src="640.jpg" title="640.jpg" alt="640.jpg">'
        "</p><p>完。</p>",
        "a.md": '---\n标题: 架豆\n---\n\n农民喜笑颜开。\n\n![](640.jpg "640.jpg")\n',
    }
    (tmp_path / name).write_text(text[name], encoding="utf-8")
    (image,) = read(tmp_path / name).article.images
    assert (image.alt, image.caption) == ("", "")
