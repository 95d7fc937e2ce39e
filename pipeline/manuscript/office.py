"""Pages that Word saved (另存为网页): numbers of lists, notes and comments, which its own markup carries."""

from __future__ import annotations

import re

from lxml import html as lxml_html

from pipeline.channel import Text
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft

_SHOWN = re.compile(r"<!\[if[^\]>]{0,80}\]>|<!\[endif\]>", re.IGNORECASE)
"""The marks around what other programs than Word show: <![if !supportLists]> … <![endif]>."""
_NOTE = re.compile(r"#_((?:ftn|edn)\d{1,4})$")
_NOTE_ID = re.compile(r"(?:ftn|edn)\d{1,4}")
_BACK = re.compile(r"#_(?:ftn|edn)ref\d{1,4}$")
_SYMBOLS = re.compile(r"wingdings|symbol|webdings", re.IGNORECASE)


def shown(markup: str) -> str:
    """The markup without the marks around what every program shows."""
    return _SHOWN.sub("", markup)


def is_word(body: lxml_html.HtmlElement) -> bool:
    """Whether Word, or WPS, saved the page: then all of it is text."""
    metas = body.getroottree().xpath("//meta[@name]")
    said = " ".join(f"{one.get('name')} {one.get('content')}" for one in metas[:50]).lower()
    return "microsoft word" in said or "word.document" in said or bool(body.xpath(".//p[starts-with(@class, 'Mso')]"))


def settle(body: lxml_html.HtmlElement, draft: Draft) -> None:
    """Turn Word's own into what others know: marks of lists as text, notes as notes; comments are told and left out."""
    for element in list(body.iter()):
        if not isinstance(element.tag, str):
            continue
        element.attrib.pop("data-note", None)  # a page's own means nothing to us
        style = re.sub(r"\s+", "", element.get("style") or "").lower()
        if "mso-list:ignore" in style:
            _mark_of_list(element)
        elif "mso-element:comment" in style or "mso-special-character:comment" in style:
            _leave_out(element, draft)
        elif element.tag == "a":
            _link(element, draft)
        elif element.tag.lower() == "v:imagedata" and element.get("src"):
            element.tag = "img"
        elif _NOTE_ID.fullmatch(element.get("id") or ""):
            element.set("data-note", element.get("id"))


def _mark_of_list(element: lxml_html.HtmlElement) -> None:
    """«1.» and seven spaces as «1. »; a letter of a symbol font as a bullet."""
    text = one_line(element.text_content().replace("\xa0", " "))
    fonts = " ".join([element.get("style") or "", *(one.get("style") or "" for one in element.iterancestors("span"))])
    symbol = len(text) == 1 and (_SYMBOLS.search(fonts) or not text.isalnum())
    for child in list(element):
        element.remove(child)
    element.text = "• " if symbol else f"{text} " if text.isascii() else text


def _link(element: lxml_html.HtmlElement, draft: Draft) -> None:
    address = element.get("href") or ""
    if "msocomanchor" in (element.get("class") or "").lower():
        _leave_out(element, draft)
    elif note := _NOTE.search(address):
        for child in list(element):
            element.remove(child)
        element.text = None
        element.tag = "sup"
        element.attrib.clear()
        element.set("data-note", note[1])
    elif _BACK.search(address):
        element.drop_tree()


def _leave_out(element: lxml_html.HtmlElement, draft: Draft) -> None:
    if element.getparent() is None:
        return
    if text := one_line(element.text_content()):
        draft.dropped(text, Text.of("it is a comment of Word's"), line=element.sourceline)
    element.drop_tree()
