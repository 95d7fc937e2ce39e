"""What the tests of `pipeline.manuscript` share, and beside it the files they read."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from lxml import etree
from PIL import Image as Pillow

from pipeline.article import BLOCKS, Article, Image
from pipeline.manuscript import BadManuscript, ManuscriptProblem, read
from pipeline.manuscript.body import MARKS, canonical
from pipeline.manuscript.draft import Draft

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"

_TO_NOTE = re.compile("#note-([1-9][0-9]*)")
_LINK = re.compile("(?:https?|mailto|tel):", re.IGNORECASE)
_INSIDE = {
    "ul": {"li"}, "ol": {"li"}, "li": {"ul", "ol"}, "table": {"tbody"}, "tbody": {"tr"}, "tr": {"td", "th"},
    "blockquote": {"p", "ul", "ol"}, "figure": {"img", "figcaption"}, "ruby": {"rt"}, "rt": set(),
}  # fmt: skip
"""Which elements stand in which; text and inline elements stand in the others, and in li."""


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """A manuscript of this name and content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def article_of(folder: Path, name: str, content: str | bytes) -> Article:
    return read(written(folder, name, content)).article


def problems_of(path: Path) -> list[ManuscriptProblem]:
    """What is wrong with a manuscript that must be refused; every problem names file, field, cause and remedy."""
    with pytest.raises(BadManuscript) as caught:
        read(path)
    bad = caught.value
    assert bad.path == path
    assert bad.problems
    for problem in bad.problems:
        assert problem.file == path.name
        assert problem.field
        assert str(problem.message)
        assert str(problem.remedy)
        assert str(problem) in str(bad)
    return list(bad.problems)


def read_or_refuse(path: Path) -> Article | BadManuscript:
    """Reading raises `BadManuscript` or nothing, and what is accepted is canonical."""
    try:
        article = read(path).article
    except BadManuscript as bad:
        return bad
    assert_canonical(article.body)
    return article


def picture(kind: str = "PNG", size: tuple[int, int] = (4, 3), colour: str = "red") -> bytes:
    """The bytes of a picture."""
    buffer = io.BytesIO()
    Pillow.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


def known(source: str, line: int | None = None) -> Image:
    """`take` for markup whose pictures do not matter: any name is a picture."""
    return Image(digest="0" * 64, media_type="image/png", width=1, height=1, size=1)


def assert_canonical(body: str) -> None:
    """The body is made as `Article` promises, and reading it again as HTML gives the same body."""
    root = etree.fromstring(f"<body>{body}</body>")
    assert not root.text
    for block in root:
        assert block.tag in BLOCKS
        assert not block.tail
        _assert_inside(block)
    _assert_notes(root)
    digests = dict(re.findall('src="image:([0-9a-f]{64})"()', body))

    def take(source: str, line: int | None) -> Image:
        digest = source.removeprefix("image:")
        assert digest in digests
        return known(source).model_copy(update={"digest": digest})

    assert canonical(body, Draft("again.html"), take) == body


def _assert_notes(root: etree._Element) -> None:
    """The notes are the last paragraphs, numbered from 1, first those to which the text refers, in that order."""
    notes = [block.get("id") for block in root if block.get("id")]
    assert notes == [f"note-{number}" for number in range(1, len(notes) + 1)]
    assert notes == [block.get("id") for block in list(root)[len(root) - len(notes) :]]
    for note in root[len(root) - len(notes) :]:
        number = note.get("id").removeprefix("note-")
        assert note.tag == "p"
        assert note.text.startswith(f"[{number}] ")
        assert len(note) or note.text != f"[{number}] "
    links = [link for block in root if not block.get("id") for link in block.iter("a")]
    referred = list(dict.fromkeys(link.get("href")[1:] for link in links if link.get("href").startswith("#")))
    assert referred == notes[: len(referred)]
    assert {link.get("href")[1:] for link in root.iter("a") if link.get("href").startswith("#")} <= set(notes)


def _assert_inside(element: etree._Element) -> None:
    allowed = _INSIDE.get(element.tag, set())
    if element.tag not in _INSIDE or element.tag == "li":
        allowed = allowed | {*MARKS, "a", "br", "ruby"}
    elif element.tag not in ("ruby", "rt"):
        assert not (element.text or "").strip()
    expected = {"a": {"href"}, "img": {"src", "alt"}}.get(element.tag, set())
    spans = {"colspan", "rowspan"} if element.tag in ("td", "th") else {"id"} if element.tag == "p" else set()
    assert expected <= set(element.attrib) <= expected | spans
    if element.tag == "a" and (noted := _TO_NOTE.fullmatch(element.get("href", ""))):
        assert (element.getparent().tag, element.text) == ("sup", f"[{noted[1]}]")
    elif element.tag == "a":
        assert _LINK.match(element.get("href", ""))
    if element.tag == "ruby":
        assert element.text
        assert len(element) == 1
    assert element.tag in ("br", "img", "td", "th") or element.text or len(element), "an empty element"
    for child in element:
        assert child.tag in allowed, f"<{child.tag}> in <{element.tag}>"
        _assert_inside(child)
