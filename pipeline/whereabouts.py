"""Where a newsroom's file is, and which language it speaks: what is asked before anything else is imported."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

SEARCHED = ("newsroom.toml", "config/newsroom.toml")
LOCALE = "zh_CN"
"""Of a newsroom that names none."""


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
