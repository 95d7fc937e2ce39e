"""The language of this process: gettext catalogues, and who decides. What is told in it is in `telling`.

The environment decides (LANGUAGE, LC_ALL, LC_MESSAGES, LANG); where it names no language, the newsroom does.
Light to import: `newsroom --help` needs no more.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import MutableMapping
from pathlib import Path

DOMAIN = "tongfa"
CATALOGUES = Path(__file__).parent / "locale"
_NO_LANGUAGE = ("", "C", "POSIX")


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for «translated later»
    return message


def choose(newsroom_locale: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """Settle the language of this process, click's own messages included."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    named = next((environment[name] for name in names if environment.get(name)), "")
    if named.partition(".")[0] in _NO_LANGUAGE:
        environment["LANGUAGE"] = newsroom_locale
    gettext.bindtextdomain(DOMAIN, CATALOGUES)
    gettext.textdomain(DOMAIN)


def tag() -> str:
    """The process's language as HTML names it: zh-CN, or en where there is no catalogue."""
    found = gettext.translation(DOMAIN, CATALOGUES, fallback=True).info()
    return found.get("language", "en").replace("_", "-")
