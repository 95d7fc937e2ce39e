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
    """The pieces with a box of few words right behind a picture as its caption, in one paragraph; likewise the words
    right behind the pictures that stand in the box itself."""
    shown: list[Piece] = []
    pictured = False
    """Whether the last thing shown is a picture."""
    for box, group in itertools.groupby(pieces, key=lambda piece: piece.box or -id(piece)):
        whole = list(group)
        found = [piece for piece in whole if _shows(piece)]
        pictures = list(itertools.takewhile(_is_picture, found))
        words = found[len(pictures) :]
        if box > 0 and (pictures or pictured) and _is_caption(words):
            markup = "<br>".join(piece.markup for piece in words)
            hints = f'{words[0].hints} data-role="caption"'
            whole = [*pictures, replace(words[0], markup=markup, hints=hints, label=None)]
        pictured = _is_picture(found[-1]) if found else pictured
        shown.extend(whole)
    return shown


def _shows(piece: Piece) -> bool:
    return bool(piece.letters) or piece.pictured or piece.tag != "p" or "data-note" in piece.markup


def _is_picture(piece: Piece) -> bool:
    return piece.pictured and not piece.letters


def _is_caption(words: list[Piece]) -> bool:
    return (
        0 < len(words) <= _MOST_LINES
        and sum(piece.letters for piece in words) <= _LONGEST
        and all(piece.tag == "p" and not piece.pictured for piece in words)
        and not _NO_CAPTION.match(_TAG.sub("", words[0].markup).strip())
    )
