"""What an article cannot have: taken out of a document, and told with the words in it."""

from __future__ import annotations

from lxml import etree
from lxml import html as lxml_html

from pipeline.channel import Text
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.elements import DROPPED, MEDIA, source_line
from pipeline.manuscript.images.kinds import shortened

_WORDLESS = frozenset({"script", "style"})
"""What nobody reads."""


def leave_out(document: lxml_html.HtmlElement, draft: Draft) -> None:
    """Take the elements that are left out with all that is in them (`elements.DROPPED`) out of a document."""
    inside: set[lxml_html.HtmlElement] = set()
    for element in document.iter(*DROPPED):
        around = [element, *element.iterancestors()]
        line = next(filter(None, map(source_line, around)), None)
        if element.tag in MEDIA:
            draft.notice(
                "body",
                Text.of("an embedded <{element}> was left out", element=element.tag),
                Text.of("only text and pictures are published; link to the rest"),
                line=line,
            )
        if element.tag not in _WORDLESS and inside.isdisjoint(around) and (words := shown(element)):
            draft.dropped(words, _why(element), line=line)
        inside.add(element)
    etree.strip_elements(document, *DROPPED, with_tail=False)


def tell_struck(element: lxml_html.HtmlElement, draft: Draft, line: int | None) -> None:
    """Tell what is struck through."""
    if not (text := shown(element)):
        return
    draft.dropped(text, Text.of("it is struck through"), line=line)
    draft.notice(
        "body",
        Text.of("text that is struck through was left out: {text}", text=text[:40]),
        Text.of("if it should be published, take the line through it away"),
        line=line,
    )


def shown(element: lxml_html.HtmlElement) -> str:
    """What people see of an element, on one line: its words, and its pictures by what is said of them or their names.

    >>> shown(lxml_html.fromstring("<del>茶农<img src='pictures/tea.jpg'><img alt='采茶' src='1.png'></del>"))
    '茶农 pictures/tea.jpg 采茶'
    """
    pictures = (one_line(one.get("alt", "")) or shortened(one_line(one.get("src", ""))) for one in element.iter("img"))
    words = element.xpath(".//text()[not(parent::script or parent::style)]")
    return one_line(" ".join(("".join(words), *pictures)))


def _why(element: lxml_html.HtmlElement) -> Text:
    if element.tag in MEDIA:
        return Text.of("it stands in something embedded")
    return Text.of("buttons, menus and forms are no text")
