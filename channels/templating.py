"""The Jinja2 environment of a channel: its folder of `templates/`, escaping on, unknown names an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_INSTALLED = Path(__file__).parent / "_templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).parent.parent / "templates"
"""In an installed wheel the templates lie inside this package, in a checkout at the top level."""


@cache
def templates(kind: str) -> Environment:
    """The environment that loads from `templates/<kind>/`."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES / kind),
        auto_reload=False,  # else each rendering asks the disk whether its templates have changed
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
