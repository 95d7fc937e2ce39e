"""Any markup as a tree of elements, and whether a person may have written it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape

from lxml import etree
from lxml import html as lxml_html

from pipeline.channel import Text
from pipeline.manuscript.characters import clean
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.elements import source_line

_REFERENCE = re.compile(r"&#(?:x[0-9a-f]+|[0-9]+);?", re.IGNORECASE)
_LONG_TAG = re.compile(r"<[A-Za-z](?:[^<>\"']++|\"[^\"]*\"|'[^']*')*+")
_ATTRIBUTE = re.compile(r"\s+[^\s=>]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
_MOST_ATTRIBUTES = 500
"""Of one element; libxml2 compares each with all others."""
_DEEPEST = 200
"""Elements inside each other; libxml2 forgets text below 255."""
_MOST_ELEMENTS = 50_000
"""A long article has some hundreds."""


def parse(markup: str) -> lxml_html.HtmlElement:
    """The `body` of any markup, a fragment or a whole document. Nothing is fetched."""
    markup = re.sub(r"^(?:\s*<\?xml[^>]*>)+", "", markup)
    markup = _LONG_TAG.sub(lambda found: _with_few_attributes(found[0]), markup)
    markup = _REFERENCE.sub(lambda found: found[0] if clean(unescape(found[0])).strip("\ufffd") else "", markup)
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    try:
        document = lxml_html.document_fromstring(markup, parser=parser)
    except etree.ParserError:  # nothing in it, or nothing but comments
        document = lxml_html.document_fromstring("<body></body>", parser=parser)
    body = document.find("body")
    return document if body is None else _whole(body, document)


def _whole(body: lxml_html.HtmlElement, document: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
    """A body with what stands behind its end tag, or behind the document's, as its end: browsers show it there
    (HTML, 13.2.6.4.19 and 13.2.6.4.22)."""
    behind, body.tail = body.tail, None
    _append(body, behind, body.itersiblings())
    for around in list(document.itersiblings("html")):
        _append(body, around.text, around)
    return body


def _append(body: lxml_html.HtmlElement, text: str | None, elements: Iterable[lxml_html.HtmlElement]) -> None:
    if len(body):
        body[-1].tail = (body[-1].tail or "") + (text or "")
    else:
        body.text = (body.text or "") + (text or "")
    body.extend(list(elements))


def _with_few_attributes(tag: str) -> str:
    """The beginning of a tag without the attributes that nobody writes."""
    if len(tag) <= 2 * _MOST_ATTRIBUTES:
        return tag
    for number, attribute in enumerate(_ATTRIBUTE.finditer(tag), 1):
        if number == _MOST_ATTRIBUTES:
            return tag[: attribute.end()]
    return tag


def within_limits(document: lxml_html.HtmlElement, draft: Draft) -> bool:
    """Whether the markup is what a person may have written; if not, it is a problem of the draft."""
    depth = count = 0
    line: int | None = None
    for event, element in etree.iterwalk(document, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        line = source_line(element) or line
        if depth > _DEEPEST:
            message = Text.of("more than {limit} elements stand inside each other", limit=_DEEPEST)
        elif count > _MOST_ELEMENTS:
            message = Text.of("the text is made of more than {limit} elements", limit=_MOST_ELEMENTS)
        else:
            continue
        draft.wrong("body", message, Text.of("copy the text alone into a new document"), line=line)
        return False
    return True
