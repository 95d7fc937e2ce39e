"""The script as a two-column form on A4, for Word, WPS and LibreOffice (DOCX).

What all forms have in common – styles, fonts, settings, paper – stands prepared in `templates/tv/form.docx`, which
`tests/form.py` makes with python-docx. Of a script itself only the parts in `PARTS` are written, by the templates in
`templates/tv/form/`.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from functools import cache

from jinja2 import Environment
from markupsafe import Markup, escape

from channels.templating import TEMPLATES, templates
from channels.tv.documents.wording import captions, head, label, number
from channels.tv.house import house
from channels.tv.script import Cue, Script, Titles

FORM = TEMPLATES / "tv" / "form.docx"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every part of a DOCX: the first that a ZIP can name."""
PARTS = {
    "docProps/core.xml": "form/core.xml",
    "word/document.xml": "form/document.xml",
    "word/footer1.xml": "form/footer.xml",
    "word/header1.xml": "form/header.xml",
}
"""What each form has of its own, and the templates that write it."""

Row = tuple[str, str, Cue | Titles | None]
"""A row of the form: what is seen, what the row is called, what is heard; nothing where only something is shown."""


def docx(script: Script) -> bytes:
    """The two-column form on A4, as Word, WPS and LibreOffice open it. The same script gives the same bytes.

    ValueError where it has a character that no XML can hold.
    """
    words, (prepared, section) = house().words, _prepared()
    title = words["notice"] if script.kind == "kind_notice" else words["script"]
    values = {
        "script": script,
        "section": section,
        "words": words,
        "title": words["form"].format(programme=script.programme, script=title),
        "head": head(script),
        "rows": list(_rows(script)),
        "captions": captions(script),
        "pages": _pages(words["page"]),
        "length": house().length,
        "number": number,
    }
    out = io.BytesIO(prepared)
    with zipfile.ZipFile(out, "a") as package:
        for name, template in PARTS.items():
            _put(package, name, _written(_templates().get_template(template).render(**values)))
    return out.getvalue()


def _rows(script: Script) -> Iterator[Row]:
    if script.opening:
        yield script.opening, house().words["titles"], script.titles
    for cue in script.cues:
        yield cue.picture, label(cue), cue
    if script.ending:
        yield script.ending, "", None


def _pages(form: str) -> list[tuple[str, str]]:
    """The line at the foot of a page: (text, the field of Word's after it or "")."""
    before, _, rest = form.partition("{page}")
    between, _, after = rest.partition("{pages}")
    return [(before, "PAGE"), (between, "NUMPAGES"), (after, "")]


# -- what Word wants to be told ---------------------------------------------------------------------------

_BROKEN = re.compile("([\t\r\n])")
_BREAKS = {"\t": "<w:tab/>", "\r": "<w:br/>", "\n": "<w:br/>"}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def run(text: str, look: Markup) -> Markup:
    """A text that looks like this: all blanks kept, tabs and new lines as elements of their own."""
    parts = _BROKEN.split(text) if text else ()
    inside = "".join(_BREAKS.get(part) or f'<w:t xml:space="preserve">{escape(part)}</w:t>' for part in parts if part)
    return Markup(f"<w:r>{look}{inside}</w:r>")  # noqa: S704 - escaped above


def _written(part: str) -> bytes:
    """A rendered part without its template's lines: a text's own have become elements."""
    if found := _NOT_XML.search(part):
        raise ValueError(f"XML has no character {found.group()!r}")
    return re.sub(r"\n *", "", part).encode()


def _put(package: zipfile.ZipFile, name: str, content: bytes) -> None:
    part = zipfile.ZipInfo(name, EPOCH)
    part.compress_type = zipfile.ZIP_DEFLATED
    part.external_attr = 0o600 << 16
    part.create_system = 3
    package.writestr(part, content)


@cache
def _templates() -> Environment:
    found = templates("tv")
    found.globals["run"] = run
    return found


@cache
def _prepared() -> tuple[bytes, Markup]:
    """The prepared form without what a script writes itself, and its section: paper, margins, header and footer."""
    out = io.BytesIO()
    with zipfile.ZipFile(FORM) as form, zipfile.ZipFile(out, "w") as package:
        for name in form.namelist():
            if name not in PARTS:
                _put(package, name, form.read(name))
        (section,) = re.findall("<w:sectPr.*</w:sectPr>", form.read("word/document.xml").decode())
    return out.getvalue(), Markup(section)  # noqa: S704 - our own file
