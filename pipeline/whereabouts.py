"""Where a newsroom's file is, which language it speaks, and on which line of it a value stands: what is asked before
anything else is imported."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

SEARCHED = ("newsroom.toml", "config/newsroom.toml")
LOCALE = "zh_CN"
"""Of a newsroom that names none."""
_HEADER = re.compile(r"\s*\[{1,2}\s*(?P<name>[\w.-]+)\s*\]{1,2}")
_KEY = re.compile(r"\s*\"?(?P<name>[\w-]+)\"?\s*=")


def candidates(given: str | None, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where the configuration file may be: as given, or TONGFA_CONFIG, or the usual places below the current folder."""
    named = given or environment.get("TONGFA_CONFIG")
    return [Path(named)] if named else [Path(name) for name in SEARCHED]


def locale_of(path: Path) -> str:
    """The language of the newsroom in this file; `LOCALE` where it names none, or the file cannot be read."""
    try:
        named = tomllib.loads(path.read_text(encoding="utf-8"))["newsroom"]["locale"]
    except (OSError, ValueError, LookupError, TypeError):  # whoever needs more of it says what is wrong
        return LOCALE
    return named if isinstance(named, str) else LOCALE


def line_of(text: str, place: Sequence[str | int]) -> int | None:
    """The line of a TOML file, from 1, on which a value stands, or would: its key's, else that of its table.

    `place`: the names of tables and keys, with the number, from 0, of an item in a list of tables, as in
    `("channel", 1, "kind")`. None where no such table is to be seen, because it is written inline.

    >>> line_of('[site]\\nurl = ""\\n[[channel]]\\n[[channel]]\\nkind = ""', ("channel", 1, "kind"))
    5
    """
    table, index = str(place[0]), place[1] if len(place) > 1 and isinstance(place[1], int) else 0
    inside, counted = False, -1
    keys = {str(one) for one in place[1:] if not isinstance(one, int)}
    found = None
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            counted += header["name"] == table
            inside = header["name"].split(".")[0] == table and counted == index
            if inside and (header["name"] == table or keys & {*header["name"].split(".")}):
                found = number
        elif inside and (key := _KEY.match(line)) and key["name"] in keys:
            return number
    return found
