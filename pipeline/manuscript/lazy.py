"""Pictures that a page loads later: the address of the real one, in whatever attribute it stands; what only holds its
place is never published."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lxml import html as lxml_html

from pipeline.channel import Text
from pipeline.lazily import lazily
from pipeline.manuscript.characters import one_line
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.images import PictureRefused, opened

if TYPE_CHECKING:
    from PIL import Image as Pillow
else:
    Pillow = lazily("PIL.Image")

_LATER = (
    "data-src", "data-original", "data-original-src", "data-lazy-src", "data-lazy", "data-lazyload", "data-actualsrc",
    "data-echo", "data-url", "data-img", "data-image", "data-croporisrc", "lazy-src", "lazysrc", "original", "file",
    "zoomfile",
)  # fmt: skip
"""Where the address stands that src gets later: WeChat, jQuery.lazyload, Discuz, TRS and others."""
_LAST = ("src", "oldsrc", "data-backsrc")
_PLACEHOLDER = re.compile(
    r"(?:^|[/_-])(?:blank|loading|spacer|placeholder|pixel|transparent|grey|gray|lazy(?:load)?|1x1|none|space|dot|clear)"
    r"[\w-]{0,12}\.(?:gif|png|svg|jpe?g)(?:[?#]|$)",
    re.IGNORECASE,
)
_FILE_NAME = re.compile(
    r"[\w\-.()（）% ]{0,80}\.(?:jpe?g|png|gif|webp|bmp|tiff?|svg)|[0-9A-Fa-f_-]{6,}|\d{1,8}|[A-Za-z]{1,4}\d{6,}"
    r"|(?:图片|图像|图|image|img|imag|dsc|dscf|dscn|picture|photo|pic|mmexport|wx_camera|screenshot|微信图片|输入图片说明|插图|未标题)"
    r"[-_ ]?[\d_-]*(?:\(\d\))?|",
    re.IGNORECASE,
)
_SMALLEST = 3
"""Pixels of a side; less is no picture but a place for one, or a counter."""
_MOST = 300

Load = Callable[[str], bytes]


def settle(main: lxml_html.HtmlElement, load: Load, draft: Draft) -> None:
    """Give each picture the address of what it shows; those that show nothing are taken out."""
    for picture in list(main.iter("img"))[:_MOST]:
        names = list(dict.fromkeys(_addresses(picture)))
        if not names:
            continue
        real = [name for name in names if not _holds_place(name)]
        loaded = [(name, size) for name in real if (size := _size(name, load))]
        shown = next((name for name, size in loaded if min(size) >= _SMALLEST), None)
        tiny = {name for name, size in loaded if min(size) < _SMALLEST}
        named = shown or next((name for name in real if name not in tiny), None)
        if named is None:
            _take_out(picture, draft, told=len(names) > 1)
            continue
        picture.set("src", named)


def says_nothing(text: str) -> bool:
    """Whether what a picture is called is a file's name or a word that programs put there.

    >>> says_nothing("IMG_2032.jpg"), says_nothing("图片"), says_nothing("采摘现场")
    (True, True, False)
    """
    return bool(_FILE_NAME.fullmatch(one_line(text)))


def _addresses(picture: lxml_html.HtmlElement) -> Iterator[str]:
    """All that a picture may be called, the later and larger ones first."""
    for name in _LATER:
        yield from _one(picture.get(name))
    around = next(picture.iterancestors("picture"), None)
    sources = [] if around is None else list(around.iter("source"))
    for element in (*sources, picture):
        for name in ("data-srcset", "srcset"):
            yield from _of_set(element.get(name) or "")
    following = picture.getnext()
    if following is not None and following.tag == "noscript":
        for inner in following.iter("img"):
            yield from _one(inner.get("src"))
    for name in _LAST:
        yield from _one(picture.get(name))


def _one(address: str | None) -> list[str]:
    text = one_line(address or "")
    return [text] if text and text not in ("#", "about:blank") else []


def _of_set(text: str) -> list[str]:
    """The addresses of a srcset, the widest first (HTML, 4.8.4.3)."""
    found = [part.split() for part in re.split(r",\s+|,(?=\S+\s+[\d.]+[wx])", text[:20_000]) if part.strip()]
    ranked = sorted(found, key=lambda one: -float(one[1][:-1]) if re.fullmatch(r"[\d.]{1,6}[wx]", one[-1]) else 0.0)
    return [one[0].strip(",") for one in ranked]


def _holds_place(name: str) -> bool:
    return bool(_PLACEHOLDER.search(name)) or name.lower().startswith("data:image/svg")


def _size(name: str, load: Load) -> tuple[int, int] | None:
    """Width and height in pixels; None if it cannot be had, which the reader of pictures tells."""
    try:
        with opened(load(name)) as picture:
            return picture.size
    except (PictureRefused, OSError, ValueError, Pillow.DecompressionBombError):
        return None


def _take_out(picture: lxml_html.HtmlElement, draft: Draft, *, told: bool) -> None:
    if told:
        draft.notice(
            "images",
            Text.of("a picture was left out: the page holds only the place for it"),
            Text.of("open the page, wait until the picture shows, and save it again"),
            line=picture.sourceline,
        )
    picture.drop_tree()
