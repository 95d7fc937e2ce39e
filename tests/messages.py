"""The Chinese catalogue: `python -m tests.messages` collects all messages, updates the .po and compiles the .mo.

It names what has no translation yet, and ends with 1 if there is any: write it into the .po and run it again.
Translated are the messages of `pipeline` and `channels` and of the report's template, the names of kinds, the names of
fields that stand before a message, what the system and pydantic give as reasons, and click's own texts, which use the
same text domain.
"""

from __future__ import annotations

import ast
import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pipeline.article import Article, Column, Newsroom, Outlet, Site
from pipeline.commands.language import CATALOGUES, DOMAIN
from pipeline.manuscript.fields import NAMES
from pipeline.newsroom import kinds

ROOT = Path(__file__).parents[1]
PO = CATALOGUES / "zh_CN" / "LC_MESSAGES" / f"{DOMAIN}.po"
MO = PO.with_suffix(".mo")

TEMPLATES = ("report",)
"""The folders of templates whose text is in the catalogue."""
FUNCTIONS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "of": None}
"""What a message is the first argument of; `of` is `Text.of`."""
NOT_FOR_PEOPLE = ("pipeline/testing/", "channels/website/rules.py")
"""Suites that speak to developers."""
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z.+-]+")
"""The first argument of `Rendition.of`."""
CLICK = ("core", "exceptions", "formatting", "parser", "types", "decorators")
REASONS = (
    *map(os.strerror, (errno.ENOENT, errno.EACCES, errno.EISDIR, errno.ENOTDIR, errno.ENOSPC, errno.EROFS)),
    *map(os.strerror, (errno.ECONNREFUSED, errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.ETIMEDOUT)),
    "Field required",
    "Extra inputs are not permitted",
    "Input should be a valid string",
    "Input should be a valid integer",
    "Input should be a valid boolean, unable to interpret input",
    "String should have at least 1 character",
    "String should match pattern '^[a-z0-9][a-z0-9-]*$'",
    "String should match pattern '^[0-9]{10}$'",
    "Tuple should have at least 1 item after validation, not 0",
)
"""What comes from elsewhere as `reason` and is worth a translation."""

Plural = tuple[str, ...]


def sources() -> Iterator[Path]:
    for package in ("pipeline", "channels"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if not path.relative_to(ROOT).as_posix().startswith(NOT_FOR_PEOPLE):
                yield path


def messages(path: Path) -> Iterator[str | Plural]:
    """The messages of one Python file."""
    for _line, found, _comments, _context in extract_from_file("python", path, keywords=FUNCTIONS):
        first = found if isinstance(found, str) else found[0]
        if first and not MEDIA_TYPE.fullmatch(first):
            yield found


def template_messages() -> Iterator[str | Plural]:
    """The messages of the templates."""
    for folder in TEMPLATES:
        for path in sorted((ROOT / "templates" / folder).glob("*.html")):
            for _line, found, _comments, _context in extract_from_file("jinja2", path, keywords={"_": None}):
                yield found


def named(path: Path) -> Iterator[str]:
    """What is translated without standing in a function: `field="…"` and `draft.wrong("…")`, and click's `help="…"`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            told = [keyword.value for keyword in node.keywords if keyword.arg in ("field", "help")]
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("wrong", "notice"):
                told += node.args[:1]
            for value in told:
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                    yield value.value


def ours() -> list[str | Plural]:
    """Every message that this project has to have in Chinese."""
    found = [message for path in sources() for message in messages(path)]
    found += [name for path in sources() for name in named(path)]
    found += [*template_messages(), *kinds()]
    found += [*Article.model_fields, *NAMES, *REASONS]
    found += [name for model in (Newsroom, Site, Column, Outlet) for name in model.model_fields]
    return found


def clicks() -> list[str | Plural]:
    """click's own texts, of the installed version."""
    folder = Path(click.__file__).parent
    return [message for name in CLICK if (path := folder / f"{name}.py").exists() for message in messages(path)]


def known() -> Catalog:
    """The catalogue as it is on the disk."""
    with PO.open("rb") as file:
        return read_po(file, locale="zh_CN", domain=DOMAIN)


def placeholders(text: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name and name.isidentifier()}


def translations(message: Message) -> list[str]:
    return [message.string or ""] if isinstance(message.string, str | None) else list(message.string)


def originals(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)


def mistaken(message: Message) -> bool:
    """Whether a translation is missing, doubtful, or has other names in braces than the original."""
    texts = translations(message)
    allowed = set().union(*map(placeholders, originals(message)))
    wrong = [text for text in texts if not placeholders(text) <= allowed]
    short = isinstance(message.id, str) and placeholders(texts[0]) != allowed
    return message.fuzzy or not all(texts) or short or bool(wrong)


def compiled(catalogue: Catalog) -> bytes:
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def update() -> list[Message]:
    """Bring the .po and the .mo up to date; the messages that still have to be translated."""
    catalogue = known()
    template = Catalog(domain=DOMAIN, creation_date=catalogue.creation_date)
    for message in [*ours(), *clicks()]:
        template.add(message)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with PO.open("wb") as file:
        write_po(file, catalogue, width=110, sort_output=True)
    MO.write_bytes(compiled(catalogue))
    return [message for message in catalogue if message.id and mistaken(message)]


def main() -> int:
    left = update()
    for message in left:
        print(originals(message)[0])
    print(f"{len(left)} messages to translate in {PO.relative_to(ROOT)}", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
