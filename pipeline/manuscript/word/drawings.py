"""What a drawing holds that a text can show: pictures and the words in its boxes, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.manuscript.characters import one_line
from pipeline.manuscript.word.names import Element, name

_AUTOMATIC_ALT = re.compile(
    r"(?:图片|图像|文本框|矩形|Picture|Image|IMG|Text Box)[\s_-]*\d*|\w{20,}"
    r"|.*\.(?:jpe?g|png|gif|webp|bmp|tiff?|emf|wmf)",
    re.IGNORECASE,
)
"""What programs write that nobody said of the picture."""
_PICTURES = frozenset({"a:blip", "v:imagedata"})
_BOXES = frozenset({"txbxContent", "v:textpath"})
_FIGURES = frozenset({"c:chart", "dgm:relIds"})
_DESCRIBED = {"wp:docPr": "descr", "pic:cNvPr": "descr", "v:shape": "alt", "v:rect": "alt"}


def parts(drawing: Element) -> Iterator[tuple[str, Element, str]]:
    """("picture", its `a:blip` or `v:imagedata`, what was said of it), ("box", its content, "") or ("figure", a chart
    or diagram, ""). What is in a box is not looked at."""
    alt = ""
    waiting = [iter((drawing,))]
    while waiting:
        element = next(waiting[-1], None)
        if element is None:
            waiting.pop()
            continue
        called = name(element)
        if called in _DESCRIBED and (said := one_line(element.get(_DESCRIBED[called], ""))):
            alt = "" if _AUTOMATIC_ALT.fullmatch(said) else said
        if called in _PICTURES:
            yield "picture", element, alt
        elif called in _FIGURES:
            yield "figure", element, ""
        elif called in _BOXES:
            yield "box", element, ""
        if called != "txbxContent":
            waiting.append(iter(element))
