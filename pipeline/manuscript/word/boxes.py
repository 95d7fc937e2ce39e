"""Text boxes: which of them say what the picture before them shows."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from pipeline.manuscript.word.line import Piece

_MOST_LINES = 2
_LONGEST = 60
"""Letters of a box that is a caption by nothing but its place."""
_NO_CAPTION = re.compile(
    "(?:温馨)?提[示醒]|(?:小)?贴士|链接|相关|导[读语]|编者|记者|服务|咨询|公告|通知|声明|附|注[:：]"
)
"""How a box begins that is text of its own, wherever it stands."""
_TAG = re.compile("<[^>]*>")


def captioned(pieces: list[Piece]) -> list[Piece]:
    """The pieces with a box of few words right behind a picture as its caption, in one paragraph."""
    shown: list[Piece] = []
    before: Piece | None = None
    for box, group in itertools.groupby(pieces, key=lambda piece: piece.box or -id(piece)):
        found = list(group)
        words = [piece for piece in found if piece.letters]
        if box > 0 and before is not None and before.pictured and not before.letters and _is_caption(words):
            markup = "<br>".join(piece.markup for piece in words)
            hints = f'{words[0].hints} data-role="caption"'
            found = [replace(words[0], markup=markup, hints=hints, label=None)]
        before = next((piece for piece in reversed(found) if piece.letters or piece.pictured), before)
        shown.extend(found)
    return shown


def _is_caption(words: list[Piece]) -> bool:
    return (
        0 < len(words) <= _MOST_LINES
        and sum(piece.letters for piece in words) <= _LONGEST
        and all(piece.tag == "p" and not piece.pictured for piece in words)
        and not _NO_CAPTION.match(_TAG.sub("", words[0].markup).strip())
    )
