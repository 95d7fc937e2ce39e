"""Web pages, saved or written: the text, found as a person would find it; nothing of it is run or fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import html as lxml_html

from pipeline.channel import Text
from pipeline.manuscript import declared, lazy, looks, office, page, reasons, tables
from pipeline.manuscript.body import Block, blocks
from pipeline.manuscript.characters import line_of, one_line, place_private
from pipeline.manuscript.declared import Declared
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.encodings import decode
from pipeline.manuscript.images import Pictures, beside
from pipeline.manuscript.markup import parse
from pipeline.manuscript.notes import plain
from pipeline.manuscript.recognition import harvest, harvest_around, put_headline
from pipeline.manuscript.words import Words

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_-]{3,20})""", re.IGNORECASE)
_DEEPEST = 200
"""Elements inside each other, as in `body`; libxml2 forgets text below 255."""
_MOST_CHROME = 200
"""Paragraphs of a page outside the text that are told one by one."""
_LONGEST_REST = 20_000
"""Characters of the others, which are told together."""
_BARE = frozenset({"button", "select", "textarea", "nav", "noframes", "applet", "noscript", "template"})
"""What `body.blocks` leaves out though it may hold words."""
_EMBEDDED = frozenset({"video", "audio", "iframe", "object", "embed", "svg", "canvas", "math"})
_TITLES = frozenset({
    "tit", "title", "bt", "biaoti", "headline", "article-title", "article_title", "articletitle", "news-title",
    "news_title", "newstitle", "con_title", "con-title", "content-title", "content_title", "detail-title",
    "detail_title", "art_title", "xl_title", "xxgk-title", "pages-title", "main-title", "main_title", "info-title",
    "info_title", "text_title",
})  # fmt: skip
"""Classes and ids of headlines that are no h1."""
_AROUND = {
    "kicker": frozenset(
        {"yinti", "intro-title", "intro_title", "introtitle", "pretitle", "pre-title", "shoulder-title", "jianti"}
    ),
    "subhead": frozenset({"subtitle", "sub-title", "sub_title", "subhead", "futi", "fubiaoti", "futitle", "fu-title"}),
}
"""Of the lines above and below it."""
_ACCOUNT = "js_name"
"""The id of the account's name on a WeChat page."""


def read(data: bytes, path: Path, draft: Draft) -> tuple[list[Block], dict[str, bytes]]:
    """The body's blocks and the images' bytes; fields and problems go into the draft."""
    label = _CHARSET.search(data[:4096])
    markup = office.shown(decode(data, draft, declared=label[1].decode("ascii") if label else ""))
    if not _is_sound(markup, draft):
        return [], {}
    body = parse(markup)
    if not _is_shallow(body, draft):
        return [], {}
    said = declared.declared(body.getroottree().getroot())
    rules = looks.sheet(body)
    office.settle(body, draft)
    tables.settle(body)
    main = body if office.is_word(body) else page.text_of(body, draft.words)
    _set_headline(body, main, said, draft)
    _set_lines_around(body, draft)
    load = beside(path)
    lazy.settle(main, load, draft)
    for element, why in _left_out(body, main, rules, draft.words):
        _drop(element, why, draft)
    _empty_embedded(main, draft)
    _place_private(main, draft)
    looks.dress(main, rules)
    pictures = Pictures(draft, load)
    content = blocks(lxml_html.tostring(main, encoding="unicode", with_tail=False), draft, pictures.take)
    content = harvest(content, draft)
    if not draft.text("headline") and said.title:
        put_headline(said.headline_of(said.title, draft), draft)
    if main is not body:
        _look_around(body, main, draft)
    declared.take(said, draft, (block.text for block in content))
    return content, pictures.media


def _is_sound(markup: str, draft: Draft) -> bool:
    """Whether no comment swallows the rest of the page; if not, it is a problem of the draft."""
    start = markup.rfind("<!--")
    if start < 0 or re.compile(r"-->|--!>|<!--->").search(markup, start) or markup.find("</script", start) >= 0:
        return True
    draft.wrong(
        "body",
        Text.of("what begins with <{name} does not end, and would take the rest of the text with it", name="!--"),
        Text.of("write {end} where it ends, or delete it", end="-->"),
        line=line_of(markup, start),
    )
    return False


def _is_shallow(body: lxml_html.HtmlElement, draft: Draft) -> bool:
    depths = {body: 0}
    for element in body.iterdescendants():
        depths[element] = depths[element.getparent()] + 1
        if depths[element] > _DEEPEST:
            draft.wrong(
                "body",
                Text.of("more than {limit} elements stand inside each other", limit=_DEEPEST),
                Text.of("copy the text alone into a new document"),
                line=element.sourceline,
            )
            return False
    return True


# The headline


def _set_headline(body: lxml_html.HtmlElement, main: lxml_html.HtmlElement, said: Declared, draft: Draft) -> None:
    """The headline as the page shows it, else as it declares it. What shows it is taken off the page. The title of its
    window is one if the page shows it as well: it may be the name of a site or file."""
    for heading in _headings(body, main):
        text = one_line(" ".join(block.text for block in _quietly(heading)))
        if text and not _is_name_of_site(text, said):
            _take_headline(text, heading, draft)
            return
    title = said.headline_of(said.get("headline"), draft)
    window = said.headline_of(said.title, draft)
    if title or (window and _is_shown(window, body)):
        put_headline(title or window, draft)
    _take_off(body, main, draft)


def _is_shown(title: str, body: lxml_html.HtmlElement) -> bool:
    """Whether some line of the page says nothing but this."""
    bare = "".join(title.split())
    return any("".join(block.text.split()) == bare for block in _quietly(body))


def _headings(body: lxml_html.HtmlElement, main: lxml_html.HtmlElement) -> Iterator[lxml_html.HtmlElement]:
    yield from body.xpath("//*[@id='activity-name']")
    yield from main.iter("h1")
    yield from body.iter("h1")


def _is_name_of_site(text: str, said: Declared) -> bool:
    """Whether an h1 is the site's name or logo, and the headline stands elsewhere."""
    bare, whole = "".join(text.split()), "".join(said.title.split())
    if bare == "".join(said.get("site").split()):
        return True
    return bool(whole) and whole != bare and whole.endswith(bare) and not whole.startswith(bare)


def _take_off(body: lxml_html.HtmlElement, main: lxml_html.HtmlElement, draft: Draft) -> None:
    """Where no h1 shows it: the element that is called a title and says the headline, or one where none is known."""
    known = "".join(draft.text("headline").split())
    inside = set(main.iter())
    for element in body.iter():
        if not isinstance(element.tag, str) or element in inside or element.find(".//p") is not None:
            continue
        text = one_line(element.text_content()) if _names(element) & _TITLES or element.tag in ("h2", "h3") else ""
        if text and ("".join(text.split()) == known or (not known and _names(element) & _TITLES)):
            _take_headline(text, element, draft)
            return


def _take_headline(text: str, element: lxml_html.HtmlElement, draft: Draft) -> None:
    draft.took(one_line(element.text_content()), ("headline",), reasons.TITLE_STYLE, line=element.sourceline)
    put_headline(text, draft, element.sourceline)
    page.take_out(element)


def _set_lines_around(body: lxml_html.HtmlElement, draft: Draft) -> None:
    for element in list(body.iter("p", "div", "h2", "h3", "h4", "span")):
        for field, called in _AROUND.items():
            text = one_line(element.text_content()) if _names(element) & called else ""
            if 0 < len(text) <= 80 and element.getparent() is not None:
                draft.took(text, (field,), Text.of("the page calls it so"), line=element.sourceline)
                draft.put(field, text.strip("—–- "), line=element.sourceline)
                page.take_out(element)


def _names(element: lxml_html.HtmlElement) -> set[str]:
    return {*(element.get("class") or "").lower().split()[:20], (element.get("id") or "").lower()} - {""}


# What stands around the text


def _left_out(
    body: lxml_html.HtmlElement, main: lxml_html.HtmlElement, rules: looks.Sheet, words: Words
) -> list[tuple[lxml_html.HtmlElement, Text]]:
    """What within the text's element is none of it, and why."""
    chrome = Text.of("the page has it around its text")
    found = [(element, chrome) for element in page.chrome_in(main, words)]
    if main is body:
        frames = "./header | ./footer | ./aside | .//*[@role='navigation' or @role='banner']"
        found += [(element, chrome) for element in main.xpath(frames)]
    weights = page.weigh(main)
    for element in main.iterdescendants():
        if not isinstance(element.tag, str):
            continue
        if element.tag in _BARE:
            found.append((element, Text.of("buttons, menus and forms are no text")))
        elif looks.is_hidden(element, looks.style_of(element, rules)) and weights[element] * 2 <= weights[main]:
            found.append((element, Text.of("the page does not show it")))
    return found


def _empty_embedded(main: lxml_html.HtmlElement, draft: Draft) -> None:
    """Take the words out of what `body.blocks` leaves out with a notice."""
    for element in list(main.iter(*_EMBEDDED)):
        if text := one_line(element.text_content()):
            draft.dropped(text, Text.of("it stands in something embedded"), line=element.sourceline)
        element.text = None
        for child in list(element):
            element.remove(child)


def _place_private(main: lxml_html.HtmlElement, draft: Draft) -> None:
    """Signs of the page's own font off the page; private characters that were written as references as real ones."""
    for element in list(main.iterdescendants()):
        if isinstance(element.tag, str) and _is_icon(element):
            element.text = None
    for element in main.iter():
        if isinstance(element.tag, str):
            element.text = place_private(element.text or "", draft, element.sourceline)
            element.tail = place_private(element.tail or "", draft, element.sourceline)


def _is_icon(element: lxml_html.HtmlElement) -> bool:
    text = element.text or ""
    return not len(element) and 0 < len(text) <= 2 and all("\ue000" <= character <= "\uf8ff" for character in text)


def _drop(element: lxml_html.HtmlElement, why: Text, draft: Draft) -> None:
    if element.getparent() is None:
        return
    if text := one_line(element.text_content()):
        draft.dropped(text, why, line=element.sourceline)
    page.take_out(element)


def _look_around(body: lxml_html.HtmlElement, main: lxml_html.HtmlElement, draft: Draft) -> None:
    """Source, date and persons from the rest of the page; all of its text is told, and none published."""
    account = one_line(" ".join(one.text_content() for one in body.xpath(f"//*[@id='{_ACCOUNT}']")[:1]))
    page.take_out(main)
    for element in body.iter("span", "em", "i", "font", "a", "s", "del", "strike", *_BARE, *_EMBEDDED):
        element.tail = f" {element.tail or ''}"  # style sheets move them apart
        element.tag = {**dict.fromkeys(_BARE | _EMBEDDED, "div"), "a": "a"}.get(element.tag, "span")
    around = Text.of("the page has it around its text")
    content = [(text, block) for block in _quietly(body) if (text := plain([block]))]
    for text, block in content[:_MOST_CHROME]:
        became = _found_in([block], draft)
        draft.took(text, became, reasons.CREDITS if became else around)
    if len(content) > _MOST_CHROME:
        rest = " ".join(text for text, _ in content[_MOST_CHROME:])
        draft.dropped(rest[:_LONGEST_REST], Text.of("the page has still more around its text"))
    for link in body.iter("a"):
        if link.get("id") != _ACCOUNT:
            link.text = None  # what can be clicked beside the facts is none of them
    _found_in(_quietly(body), draft)
    if account and not draft.text("source"):
        draft.took(account, ("source",), Text.of("the account that published the page"), guessed=True)
        draft.put("source", account)


def _found_in(content: list[Block], draft: Draft) -> tuple[str, ...]:
    """Take what lines around the text say of it; the fields that they filled."""
    before = (draft.text("source"), tuple(draft.credits), draft.date)
    harvest_around(content, draft)
    after = (draft.text("source"), tuple(draft.credits), draft.date)
    named = zip(("source", "credits", "date"), before, after, strict=True)
    return tuple(field for field, old, new in named if old != new)


def _quietly(element: lxml_html.HtmlElement) -> list[Block]:
    """The text in an element, for what it says: no pictures, and nothing is told of it."""
    markup = lxml_html.tostring(element, encoding="unicode", with_tail=False)
    return blocks(markup, Draft("page.html"), lambda *_: None)
