"""Nothing of a manuscript vanishes: every character of its running text is in the body or in the reading."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree, html

from pipeline.manuscript import BadManuscript, Manuscript, read
from pipeline.manuscript.draft import Draft
from pipeline.manuscript.encodings import decode
from tests.cases.score import FOLDERS, cases

CASES = [pytest.param(folder / one["file"], id=one["file"]) for folder in FOLDERS for one in cases(folder)]
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
UNREAD = frozenset({f"{W}del", f"{W}moveFrom", f"{W}instrText", f"{W}sdtPr", f"{MC}Fallback"})


def letters(text: str) -> Counter[str]:
    """How often each letter and figure stands in a text; signs and spaces are the printer's."""
    return Counter(character for character in text if character.isalnum())


def kept(manuscript: Manuscript) -> Counter[str]:
    """What stands in body and captions, and what the reading quotes."""
    body = html.fragment_fromstring(manuscript.article.body, create_parent="div")
    return letters("".join(body.itertext()) + "".join(line.text for line in manuscript.reading.lines))


def of_word(path: Path) -> str:
    """The text that Word shows of the main story and its notes: each box once, no deleted text, no field codes."""
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as package:
        named = [name for name in package.namelist() if re.fullmatch(r"word/(document|footnotes|endnotes)\.xml", name)]
        return "".join(_shown(etree.fromstring(package.read(name))) for name in named)


def _shown(element: etree._Element) -> str:
    if element.tag in UNREAD:
        return ""
    if element.tag == f"{W}r" and element.find(f"{W}rPr/{W}vanish") is not None:
        return ""
    own = (element.text or "") if etree.QName(element).localname == "t" else ""
    return own + "".join(_shown(child) for child in element if isinstance(child.tag, str))


def of_page(text: str) -> str:
    """The text between the tags of a page, without scripts and styles."""
    page = html.document_fromstring(re.sub(r"^(?:\s*<\?xml[^>]*>)+", "", text)).find("body")
    etree.strip_elements(page, "script", "style", "template", "noscript", etree.Comment, with_tail=False)
    return "".join(page.itertext())


def of_markdown(text: str) -> str:
    """The text of Markdown below its front matter, without addresses, pictures and marks."""
    text = re.sub(r"\A(---|\+\+\+)\n.*?\n\1\n", "", text, flags=re.DOTALL)
    text = re.sub(
        r"<!--.*?-->|!\[[^\]]*\]\([^)]*\)|\]\([^)]*\)|\[\^[^\]]*\]|^\s*\[[ x]\]|[-*] \[[ x]\]",
        "",
        text,
        flags=re.MULTILINE,
    )
    return re.sub(r"^\s*\d+[.)] ", "", text, flags=re.MULTILINE)


def running_text(path: Path) -> str:
    if path.suffix == ".docx":
        return of_word(path)
    text = decode(path.read_bytes(), Draft(path.name))
    match path.suffix:
        case ".md":
            return of_markdown(text)
        case ".html" | ".htm":
            return of_page(text)
    return text


@pytest.mark.parametrize("path", CASES)
def test_every_character_of_a_manuscript_is_accounted_for(path: Path) -> None:
    try:
        manuscript = read(path)
    except BadManuscript:
        pytest.skip("refused, with its reason")
    lost = letters(running_text(path)) - kept(manuscript)
    assert not lost, "".join(sorted(lost.elements()))
