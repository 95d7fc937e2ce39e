"""What the prompter reads, for prompters of other makers: plain text and RTF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from channels.tv.documents.wording import KEPT, lines, number
from channels.tv.script import Script


def text(scripts: Sequence[Script]) -> bytes:
    """What the prompter reads, as plain UTF-8: a heading a story, a blank line between parts."""
    parts = []
    for script in scripts:
        parts += [f"【{number(script.story)}】{script.slug}", *(one for pair in lines(script) for one in pair), ""]
    return "\n\n".join(part for part in parts if part).encode() + b"\n"


def rtf(scripts: Sequence[Script]) -> bytes:
    """The same as RTF, 36 point and black, for prompters that read nothing else; all characters are escaped."""
    head = r"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fnil\fcharset134 SimHei;}}\uc1\f0\fs72"
    stories = [(r"\page" if place else "") + _rtf_story(script) for place, script in enumerate(scripts)]
    return "\n".join([head, *stories, "}"]).encode("ascii")


@lru_cache(maxsize=KEPT)
def _rtf_story(script: Script) -> str:
    out = [rf"\pard{{\b {_rtf(f'【{number(script.story)}】{script.slug}')}}}\par"]
    for instruction, said in lines(script):
        out.append(rf"{{\i\fs48 {_rtf(instruction)}}}\par" + (rf" {_rtf(said)}\par" if said else ""))
    return "\n".join(out)


_RTF = re.compile(r"[^ -\[\]-z|~]")


def _rtf(text: str) -> str:
    """`\\uN?` for each UTF-16 unit, N signed (RTF 1.9)."""
    return _RTF.sub(lambda found: _rtf_character(found.group()), text)


@cache
def _rtf_character(character: str) -> str:
    if character in "\\{}":
        return "\\" + character
    units = character.encode("utf-16-be")
    values = [int.from_bytes(units[place : place + 2], "big") for place in range(0, len(units), 2)]
    return "".join(f"\\u{value - 0x10000 if value > 0x7FFF else value}?" for value in values)
