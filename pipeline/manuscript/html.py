"""Web pages: the main text, found as a person would find it; nothing of it is run or fetched."""

from __future__ import annotations

import re
from pathlib import Path

from lxml import html as lxml_html

from pipeline.manuscript.body import Block, blocks, parse
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.encodings import decode
from pipeline.manuscript.images import Pictures, beside
from pipeline.manuscript.recognition import harvest, harvest_around, put_headline

_BIG5 = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*big5""", re.IGNORECASE)
"""The only declaration that says more than the bytes do: UTF-8 is tried first, GB18030 reads GB2312 and GBK."""
_MAIN = ("//article", "//main", "//*[@id='zoom' or @id='UCAP-CONTENT' or contains(@class, 'TRS_Editor')]")
"""Where the text is: what HTML says, then what county and department sites call it."""
_SITE_NAME = re.compile(r"\s*(?:_+|\||｜|\s[-–—]\s|--+).*$")
_CENTRED = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    """The body's blocks and the images' bytes; fields and problems go into the draft."""
    markup = decode(data, draft, declared="big5hkscs" if _BIG5.search(data[:4096]) else "")
    body = parse(markup)
    title = one_line(" ".join(body.getroottree().xpath("//head/title//text()")))
    main = next((found[0] for found in map(body.xpath, _MAIN) if len(found)), body)
    _place(main)
    heading = next((found[0] for found in (main.xpath(".//h1"), body.xpath("//h1")) if found), None)
    if heading is not None and (text := " ".join(block.text for block in _quietly(heading, path))):
        put_headline(text, draft, heading.sourceline)
        heading.drop_tree()
    elif title:
        put_headline(_SITE_NAME.sub("", title) or title, draft)
    if main is body:
        for frame in main.xpath("./header | ./footer | ./aside | .//*[@role='navigation' or @role='banner']"):
            frame.drop_tree()
    pictures = Pictures(draft, beside(path))
    content = blocks(lxml_html.tostring(main, encoding="unicode", with_tail=False), draft, pictures.take)
    content = harvest(content, draft)
    if main is not body:
        main.drop_tree()
        for element in body.iter("span", "em", "i", "font"):
            element.tail = f" {element.tail or ''}"  # style sheets move them apart
        harvest_around(_quietly(body, path), draft)
    return content, pictures.media


def _quietly(element: lxml_html.HtmlElement, path: Path) -> list[Block]:
    """The text in an element, for what it says: no pictures, and nothing is told of it."""
    return blocks(lxml_html.tostring(element, encoding="unicode", with_tail=False), Draft(path.name), lambda *_: None)


def _place(main: lxml_html.HtmlElement) -> None:
    """Say in attributes what the later steps cannot see: lines of the source, what is centred, what is a caption."""
    for element in main.iter():
        if not isinstance(element.tag, str):
            continue
        for name in [name for name in list(element.attrib) if name.startswith("data-")]:
            del element.attrib[name]
        if element.sourceline:
            element.set("data-line", str(element.sourceline))
        centred = element.get("align", "").lower() == "center" or _CENTRED.search(element.get("style", ""))
        if element.tag == "center" or centred:
            element.set("data-centred", "")
        if "caption" in element.get("class", "").lower():
            element.set("data-role", "caption")
