"""Where on a web page the text stands: in the container that its system is known to write, or where the sentences
are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from lxml import html as lxml_html

from pipeline.manuscript.characters import one_line
from pipeline.manuscript.line import Kind, kind_of
from pipeline.manuscript.words import Words

_SURE_IDS = frozenset({
    "js_content", "zoom", "ucap-content", "ucapcontent", "vsb_content", "vsb_content_2", "vsb_content_4",
    "fontzoom", "ozoom", "artibody", "rwb_zw", "endtext", "articlecontent", "article_content", "content_area",
})  # fmt: skip
_SURE_CLASSES = frozenset({
    "trs_editor", "trs_ueditor", "trs_editor_view", "rich_media_content", "v_news_content", "wp_articlecontent",
    "rm_txt_con", "j-fontcontent", "gsj_htmlcon_bot", "custom_unionstyle", "xxgk-content", "ueditor_con",
    "note-view-editor", "bulb-editor", "peso",
})  # fmt: skip
_SURE_TAGS = frozenset({"en-note", "founder-content"})
"""What content systems call the text alone: WeChat, TRS, 博达, Sina, People's Daily, Founder, Evernote, Youdao."""
_LIKELY = frozenset({
    "article-content", "article_content", "articlecontent", "article-body", "article_body", "articlebody",
    "article-con", "article_con", "articlecon", "article-text", "article-detail", "article-main", "artical-content",
    "entry-content", "post-content", "post_content", "post-body", "post_body", "news-content", "news_content",
    "newscontent", "news-text", "news_text", "newstext", "news-detail", "news_detail", "con_text", "content-text",
    "content_text", "contenttext", "detail-content", "detail_content", "detailcontent", "info-content",
    "info_content", "pages_content", "main-content", "main_content", "text_content", "text-content", "txt_con",
    "left_zw", "cnt_bd", "p-detail", "detail", "content", "main-aticle", "view-content", "markdown-body",
    "note-content", "zw", "zhengwen", "neirong",
})  # fmt: skip
_LIKELY_TAGS = frozenset({"article", "main"})

_SENTENCE = re.compile("[。！？；，、“”!?]")
_SILENT = frozenset({
    "a", "script", "style", "template", "noscript", "nav", "button", "select", "option", "textarea", "head",
    "title", "label", "svg", "iframe",
})  # fmt: skip
_BOXES = frozenset({
    "div", "section", "article", "main", "form", "center", "table", "tbody", "tr", "td", "font", "span", "fieldset",
})  # fmt: skip
INLINE = frozenset(
    {"a", "span", "font", "em", "i", "b", "strong", "img", "label", "sup", "sub", "u", "small", "button"}
)
_CHROME = frozenset({
    "share", "bdsharebuttonbox", "bdshare", "jiathis_style", "bshare-custom", "social-share", "share-box",
    "sharebox", "qrcode", "qr-code", "ewm", "erweima", "print", "toolbar", "page-tools", "crumb", "crumbs",
    "breadcrumb", "breadcrumbs", "bread", "position", "weizhi", "dqwz", "menu", "footer", "foot", "copyright",
    "related", "relative", "xgwz", "xgxw", "xglj", "relnews", "related-news", "recommend", "recommends", "comment",
    "comments", "pager", "pagination", "prenext", "pre-next", "prev-next", "sidebar", "side-bar", "side", "hot",
    "hotnews", "ad", "ads", "advert", "js_tags", "js_pc_qr_code", "reward_area", "reward_qrcode_area", "tags",
})  # fmt: skip
"""Classes and ids of what stands beside the text on a page."""
_CHROME_TAGS = frozenset({"nav", "header", "footer", "aside", "script", "style", "noscript", "hr", "br", "form"})


def text_of(body: lxml_html.HtmlElement, words: Words) -> lxml_html.HtmlElement:
    """The element that holds the text: the smallest that loses none of it; `body` itself where nothing tells."""
    weights = weigh(body)
    for elements, least, inner in (
        (_named(body, _SURE_IDS, _SURE_CLASSES, _SURE_TAGS), 2, 9),
        (_named(body, _LIKELY, _LIKELY, _LIKELY_TAGS, itemprop="articlebody"), 5, 6),
    ):
        held = [one for one in elements if weights[one] or one.find(".//img") is not None]
        found = _whole(_outermost(held), weights) if held else None
        if found is None or found is body or weights[found] * 10 < least * weights[body]:
            continue
        for one in held:  # in the order of the document, so from the outside to the inside
            if weights[one] * 10 >= inner * weights[found] and found in set(one.iterancestors()):
                found = one
        return found
    return _narrowed(body, weights, words)


def chrome_in(main: lxml_html.HtmlElement, words: Words) -> list[lxml_html.HtmlElement]:
    """Elements within the text's that are no text: by their name, if they hold next to nothing of it; buttons; and
    links to other articles behind words such as 相关阅读."""
    weights = weigh(main)
    found: list[lxml_html.HtmlElement] = []
    for element in main.iterdescendants():
        if not isinstance(element.tag, str):
            continue
        named = bool(_names(element) & _CHROME) and weights[element] * 10 <= weights[main]
        if named or (element.tag in ("p", "div", "li") and _only_leads_on(element, words)):
            found.append(element)
    return _outermost(found)


def _only_leads_on(element: lxml_html.HtmlElement, words: Words) -> bool:
    links = element.findall(".//a")
    if not 0 < len(links) <= 30:
        return False
    whole = one_line(element.text_content())
    linked = sum(len(one_line(link.text_content())) for link in links)
    if len(whole) > 200 or linked * 2 < len(whole) or element.find(".//img") is not None:
        return False
    before = re.sub(r"[\s:：>》•·【】\[\]\u3000]+", "", whole.split(one_line(links[0].text_content()) or "\0", 1)[0])
    if before and words.below.fullmatch(before):
        return True
    idle = len(links) > 1 and all(
        not (link.get("href") or "#").strip().lower().rstrip("/").strip("#") for link in links if not _acts(link)
    )
    return idle and not re.sub(r"[\W_]+", "", "".join(_texts_outside(element)))


def _acts(link: lxml_html.HtmlElement) -> bool:
    return (link.get("href") or "").strip().lower().startswith("javascript:")


def _texts_outside(element: lxml_html.HtmlElement) -> list[str]:
    """The text of an element that stands in none of its links."""
    found: list[str] = []
    stack = [element]
    while stack:
        one = stack.pop()
        if one.tag != "a":
            found.append(one.text or "")
            stack.extend(one)
        if one is not element:
            found.append(one.tail or "")
    return found


def take_out(element: lxml_html.HtmlElement) -> None:
    """Take an element and all in it off the page; what stood before and behind a block stays apart."""
    if element.getparent() is None:
        return
    if element.tag in INLINE:
        element.drop_tree()
        return
    tail = element.tail
    element.clear()
    element.tag, element.tail = "hr", tail


def weigh(body: lxml_html.HtmlElement) -> dict[lxml_html.HtmlElement, int]:
    """For each element how many characters of sentences stand in it, those in links and buttons left out."""
    weights: dict[lxml_html.HtmlElement, int] = {}
    for element in reversed(list(body.iter())):
        silent = not isinstance(element.tag, str) or element.tag in _SILENT
        inner = 0 if silent else _count(element.text) + sum(weights[child] + _count(child.tail) for child in element)
        weights[element] = inner
    return weights


def _count(text: str | None) -> int:
    return len(text.strip()) if text and _SENTENCE.search(text) else 0


def _names(element: lxml_html.HtmlElement) -> set[str]:
    return {*(element.get("class") or "").lower().split()[:20], (element.get("id") or "").lower()} - {""}


def _named(
    body: lxml_html.HtmlElement,
    ids: Collection[str],
    classes: Collection[str],
    tags: Collection[str],
    itemprop: str = "",
) -> list[lxml_html.HtmlElement]:
    found = []
    for element in body.iter():
        if not isinstance(element.tag, str) or element is body:
            continue
        if (
            element.tag in tags
            or (element.get("id") or "").lower() in ids
            or any(name in classes for name in (element.get("class") or "").lower().split()[:20])
            or (itemprop and (element.get("itemprop") or "").lower() == itemprop)
        ):
            found.append(element)
    return found


def _outermost(elements: Sequence[lxml_html.HtmlElement]) -> list[lxml_html.HtmlElement]:
    """Of elements in the order of the document those that stand in no other one."""
    kept: set[lxml_html.HtmlElement] = set()
    return [one for one in elements if not any(outer in kept for outer in one.iterancestors()) and not kept.add(one)]  # type: ignore[func-returns-value]


def _whole(
    elements: Sequence[lxml_html.HtmlElement], weights: Mapping[lxml_html.HtmlElement, int]
) -> lxml_html.HtmlElement | None:
    """The one that holds nearly all of what they hold, or else what stands around those that hold some."""
    best = max(elements, key=weights.__getitem__)
    total = sum(weights[one] for one in elements)
    if weights[best] * 10 >= total * 9:
        return best
    heavy = [one for one in elements if weights[one] * 10 >= total]
    shared = [*best.iterancestors()]
    for one in heavy:
        around = set(one.iterancestors())
        shared = [element for element in shared if element in around]
    return shared[0] if shared and shared[0].tag != "html" else None


def _narrowed(
    element: lxml_html.HtmlElement, weights: Mapping[lxml_html.HtmlElement, int], words: Words
) -> lxml_html.HtmlElement:
    """The innermost box that holds nearly all sentences, as long as nothing beside it may belong to the text."""
    while True:
        inner = max(element, key=lambda child: weights[child], default=None)
        if (
            inner is None
            or not weights[inner]
            or inner.tag not in _BOXES
            or weights[inner] * 10 < weights[element] * 9
            or _is_loose(element)
            or any(child is not inner and _may_belong(child, words) for child in element)
        ):
            return element
        element = inner


def _is_loose(element: lxml_html.HtmlElement) -> bool:
    """Whether text stands right in it, between its elements."""
    return bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)


def _may_belong(element: lxml_html.HtmlElement, words: Words) -> bool:
    """Whether what stands beside the text may be a part of it: words that are neither links nor a page's own."""
    if not isinstance(element.tag, str) or element.tag in _CHROME_TAGS or _names(element) & _CHROME:
        return False
    text = one_line(element.text_content())
    linked = sum(len(one_line(link.text_content())) for link in element.iter("a"))
    if not text:
        return element.tag == "img" or element.find(".//img") is not None
    if linked * 2 >= len(text) or any(part in text for part in words.noise.footer):
        return False
    return kind_of(text, words)[0] not in (Kind.NOISE, Kind.CRUMB)
