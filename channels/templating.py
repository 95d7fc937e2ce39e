"""The Jinja2 environment of a channel: its folder of `templates/`, escaping on, unknown names an error.

Templates are compiled once and kept where Python keeps its compiled modules, on the same conditions: nothing is kept
where that folder cannot be written, or nobody wants such files.
"""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket

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
        bytecode_cache=None if sys.dont_write_bytecode else _Compiled(os.path.dirname(cache_from_source(__file__))),
    )


class _Compiled(FileSystemBytecodeCache):
    """What cannot be kept, or was half written when the machine went down, is compiled again."""

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            super().load_bytecode(bucket)
        except (OSError, EOFError, pickle.UnpicklingError):
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)
