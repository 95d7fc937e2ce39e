"""Whether a page is what 《政府网站发展指引》(国办发〔2017〕47号) and the inspection (国办秘函〔2019〕19号) ask for.

    problems(page, PageKind.ARTICLE)     # [] if it is

No public checker covers the guideline's meta tags. A `Problem.field` is the tag or element concerned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from lxml import html as lxml_html

from pipeline.channel import Problem, Text

SITE = ("SiteName", "SiteDomain", "SiteIDCode")
COLUMN = ("ColumnName", "ColumnDescription", "ColumnKeywords", "ColumnType")
ARTICLE = ("ArticleTitle", "PubDate", "ContentSource")


class PageKind(Enum):
    """What a page is to the guideline; the value is the tags it must have."""

    PLAIN = SITE
    """A page of neither articles nor lists, such as the one for wrong addresses."""
    COLUMN = (*SITE, *COLUMN)
    """A column's page, or the index of the site."""
    ARTICLE = (*SITE, *COLUMN, *ARTICLE)


TYPES = frozenset({
    "首页", "概况信息", "机构职能", "负责人信息", "工作动态", "政策文件", "信息公开指南", "信息公开目录",
    "信息公开年报", "依申请公开", "数据发布", "数据开放", "政策解读", "回应关切", "办事服务", "咨询投诉",
    "征集调查", "在线访谈",
})  # fmt: skip
"""The values of ColumnType that the guideline names."""


def problems(page: bytes, kind: PageKind) -> list[Problem]:
    """What is wrong with a page of this kind; empty if nothing is."""
    try:
        document = lxml_html.document_fromstring(page.decode("utf-8"))
    except (UnicodeDecodeError, lxml_html.etree.ParserError):
        return [_problem("html", "the page is no HTML in UTF-8", "write the page anew")]
    return [*_tags(document, kind), *_values(document), *_structure(page, document, kind), *_policy(document)]


def _problem(field: str, message: str, remedy: str, **values: str) -> Problem:
    return Problem(field=field, message=Text.of(message, **values), remedy=Text.of(remedy, **values))


def _contents(document: Any, name: str) -> list[str]:
    """The contents of the meta elements of this name, which is compared in any case, as HTML does."""
    return [
        (meta.get("content") or "").strip()
        for meta in document.iter("meta")
        if (meta.get("name") or "").lower() == name.lower()
    ]


def _tags(document: Any, kind: PageKind) -> Iterator[Problem]:
    for name in kind.value:
        if not _contents(document, name):
            yield _problem(name, "the tag {tag} is missing", "write {tag}, which the guideline requires", tag=name)
    for meta in document.iter("meta"):
        name = meta.get("name") or meta.get("property") or ""
        if name and not (meta.get("content") or "").strip():
            yield _problem(name, "the tag {tag} is empty", "give {tag} a content, or leave it out", tag=name)
    for name in sorted({meta.get("name") for meta in document.iter("meta") if meta.get("name")}):
        if len(_contents(document, name)) > 1:
            yield _problem(name, "the tag {tag} is there more than once", "keep one {tag}", tag=name)


def _is_minute(value: str) -> bool:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", value):
        return False
    try:
        datetime.strptime(value, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - only whether there is such a minute
    except ValueError:
        return False
    return True


def _is_address(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


_RULES: dict[str, tuple[Callable[[str], bool], str]] = {
    "SiteDomain": (
        lambda value: bool(re.fullmatch(r"(?i)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", value)),
        "write the host's name alone, such as www.wushan.gov.cn",
    ),
    "SiteIDCode": (lambda value: bool(re.fullmatch("[0-9]{10}", value)), "write its ten digits"),
    "ColumnType": (lambda value: value in TYPES, "use one of the guideline's values"),
    "PubDate": (_is_minute, "write it as YYYY-MM-DD HH:MM, with 24 hours"),
    "Image": (_is_address, "write the address in full"),
    "Url": (_is_address, "write the address in full"),
}


def _values(document: Any) -> Iterator[Problem]:
    for name, (holds, remedy) in _RULES.items():
        for value in _contents(document, name):
            if value and not holds(value):
                yield _problem(name, "{tag} is {value}", remedy, tag=name, value=value)


def _structure(page: bytes, document: Any, kind: PageKind) -> Iterator[Problem]:
    """Header, content and footer; one heading, which the tags repeat; the way here; what the footer has to say."""
    if not re.match(rb"\s*<!doctype html>", page, re.IGNORECASE):
        yield _problem("doctype", "the page does not begin with its doctype", "begin with <!doctype html>")
    if not re.search(rb"<meta\s+charset=.?utf-8", page[:1024], re.IGNORECASE):
        yield _problem("charset", "the first kilobyte does not name the encoding", 'write <meta charset="utf-8">')
    if not document.get("lang"):
        yield _problem("lang", "the page does not name its language", 'write lang="zh-CN"')
    if not (document.findtext(".//title") or "").strip():
        yield _problem("title", "the page has no title", "give it one")
    for name in ("main", "h1"):
        if len(list(document.iter(name))) != 1:
            yield _problem(name, "the page needs exactly one {tag}", "write one {tag}", tag=name)
    for name in ("header", "footer"):
        if document.find(f"body/{name}") is None:
            yield _problem(name, "the page has no {tag} of its own", "keep the layout's {tag}", tag=name)
    first = next((element for element in document.iter("a")), None)
    if first is None or not str(first.get("href")).startswith("#"):
        yield _problem("skip", "the first link does not lead to the content", "begin the page with the skip link")
    yield from _footer(document)
    for image in document.iter("img"):
        if image.get("alt") is None or not image.get("width") or not image.get("height"):
            yield _problem("img", "a picture has no alt, width or height", "write all three")
    if kind is PageKind.ARTICLE:
        yield from _article(document)


def _footer(document: Any) -> Iterator[Problem]:
    text = " ".join(footer.text_content() for footer in document.findall("body/footer"))
    for code in _contents(document, "SiteIDCode"):
        if code and code not in text:
            yield _problem("footer", "the footer does not show the site's code", "show {code} there", code=code)


def _article(document: Any) -> Iterator[Problem]:
    heading = " ".join(" ".join(one.text_content() for one in document.iter("h1")).split())
    for title in _contents(document, "ArticleTitle"):
        if " ".join(title.split()) != heading:
            yield _problem("ArticleTitle", "ArticleTitle is not the heading", "write the heading in both places")
    times = [" ".join(time.text_content().split()) for time in document.findall(".//article//time")]
    for date in _contents(document, "PubDate"):
        if date not in times:
            yield _problem("PubDate", "the article does not show its date", "show {date} below the heading", date=date)
    if len(document.xpath("//body/nav//li[a]")) < 2:
        yield _problem("breadcrumb", "the page does not tell where one is", "show the way from the first page")
    for address in _contents(document, "Url"):
        if [link.get("href") for link in document.iter("link") if link.get("rel") == "canonical"] != [address]:
            yield _problem("Url", "Url is not the canonical address", "write one address in both places")


def _policy(document: Any) -> Iterator[Problem]:
    """What the server's Content-Security-Policy forbids would simply not work."""
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        inline = element.tag == "script" and not element.get("src") and element.get("type") != "application/ld+json"
        if inline or element.tag == "style" or element.get("style") is not None:
            yield _problem("csp", "<{tag}> holds script or style", "move it to the site's files", tag=element.tag)
        if any(name.startswith("on") for name in element.attrib):
            yield _problem("csp", "<{tag}> has a handler", "move it to the site's script", tag=element.tag)
