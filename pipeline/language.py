"""Messages in the reader's language: gettext catalogues, and how a `Text` is told.

The environment decides (LANGUAGE, LC_ALL, LC_MESSAGES, LANG); where it names no language, the newsroom does.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import MutableMapping
from pathlib import Path

from pipeline.channel import Problem, Text

DOMAIN = "tongfa"
CATALOGUES = Path(__file__).parent / "locale"
_TRANSLATED = ("field", "reason")
_NO_LANGUAGE = ("", "C", "POSIX")


def choose(newsroom_locale: str, environment: MutableMapping[str, str] = os.environ) -> None:
    """Settle the language of this process, click's own messages included."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    named = next((environment[name] for name in names if environment.get(name)), "")
    if named.partition(".")[0] in _NO_LANGUAGE:
        environment["LANGUAGE"] = newsroom_locale
    gettext.bindtextdomain(DOMAIN, CATALOGUES)
    gettext.textdomain(DOMAIN)


def tell(text: Text) -> str:
    """The message in the process's language.

    A value called `field` is the name of a field and translated too; so is a `reason` that the system or a library
    gives, where the catalogue knows it.

    >>> tell(Text.of("{field} is too long by {over}", field="headline", over=3))
    'headline is too long by 3'
    """
    values = {
        name: gettext.gettext(value) if name in _TRANSLATED and isinstance(value, str) and value else value
        for name, value in text.values.items()
    }
    template = gettext.gettext(text.template)
    return template.format_map(values) if values else template


def tell_problem(problem: Problem) -> str:
    """Where, what, and what to do, in one line."""
    field = gettext.gettext(problem.field) if problem.field else ""
    place = f"{field}: " if field else ""
    return f"{place}{tell(problem.message)}\n  → {tell(problem.remedy)}"
